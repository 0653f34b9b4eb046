//! MEMORY, and the section of INFO about it. All numbers come from the store's own count, which is the same on every target.

use super::call::Call;
use super::double::Double;
use super::error::{self, Error};
use super::number::parse_integer;
use super::reply::Reply;
use super::store::Store;
use crate::bytes::Bytes;
use alloc::{format, string::String, vec};

/// What an empty server takes: about as much as Redis.
const STARTUP: u64 = 870_000;
/// What each connection takes.
const CLIENT: u64 = 1_800;

impl Store {
    /// Bytes in use, with what the server itself takes.
    pub(super) fn memory_in_use(&self) -> u64 {
        STARTUP + self.clients().count() as u64 * CLIENT + self.used_bytes()
    }

    /// Whether more is in use than `maxmemory` allows. A single byte is less than the server itself takes.
    pub(super) fn is_full(&self) -> bool {
        let most = self.limits().max_memory;
        most > 0 && self.used_bytes().max(2) > most
    }
}

/// `3.86M`
fn human(bytes: u64) -> String {
    let units = [("G", 30), ("M", 20), ("K", 10)];
    for (unit, shift) in units {
        if bytes >= 1 << shift {
            let hundredths = (u128::from(bytes) * 100) >> shift;
            return format!("{}.{:02}{unit}", hundredths / 100, hundredths % 100);
        }
    }
    format!("{bytes}B")
}

/// The section of INFO.
pub fn section(store: &Store) -> String {
    let used = store.memory_in_use();
    let peak = used.max(store.stats.peak);
    let (data, most) = (store.used_bytes(), store.limits().max_memory);
    let overhead = used - data;
    let percent = |part: u64| {
        let hundredths = part * 10_000 / peak.max(1);
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    };
    let ([scripts, eval], [libraries, functions, code]) = store.scripting.counts();
    let texts = eval + code;
    let (clients, policy) = (store.clients().count() as u64 * CLIENT, store.config.policy_name());
    format!(
        "used_memory:{used}\r\nused_memory_human:{}\r\nused_memory_rss:{used}\r\nused_memory_rss_human:{}\r\nused_memory_peak:{peak}\r\n\
         used_memory_peak_human:{}\r\nused_memory_peak_perc:{}\r\nused_memory_overhead:{overhead}\r\nused_memory_startup:{STARTUP}\r\n\
         used_memory_dataset:{data}\r\nused_memory_dataset_perc:{}\r\nallocator_allocated:{used}\r\nallocator_active:{used}\r\n\
         allocator_resident:{used}\r\ntotal_system_memory:0\r\ntotal_system_memory_human:0B\r\nused_memory_lua:0\r\n\
         used_memory_vm_eval:0\r\nused_memory_lua_human:0B\r\nused_memory_scripts_eval:{eval}\r\nnumber_of_cached_scripts:{scripts}\r\n\
         number_of_functions:{functions}\r\nnumber_of_libraries:{libraries}\r\nused_memory_vm_functions:0\r\nused_memory_vm_total:0\r\n\
         used_memory_vm_total_human:0B\r\nused_memory_functions:{code}\r\nused_memory_scripts:{texts}\r\nused_memory_scripts_human:{}\r\n\
         maxmemory:{most}\r\nmaxmemory_human:{}\r\nmaxmemory_policy:{policy}\r\nallocator_frag_ratio:1.00\r\nallocator_frag_bytes:0\r\n\
         allocator_rss_ratio:1.00\r\nallocator_rss_bytes:0\r\nrss_overhead_ratio:1.00\r\nrss_overhead_bytes:0\r\n\
         mem_fragmentation_ratio:1.00\r\nmem_fragmentation_bytes:0\r\nmem_not_counted_for_evict:0\r\nmem_replication_backlog:0\r\n\
         mem_total_replication_buffers:0\r\nmem_clients_slaves:0\r\nmem_clients_normal:{clients}\r\nmem_cluster_links:0\r\n\
         mem_aof_buffer:0\r\nmem_allocator:jemalloc-5.3.0\r\nactive_defrag_running:0\r\nlazyfree_pending_objects:0\r\nlazyfreed_objects:{}\r\n",
        human(used),
        human(used),
        human(peak),
        percent(used),
        percent(data),
        human(texts),
        human(most),
        store.stats.lazyfreed,
    )
}

/// MEMORY DOCTOR.
pub fn doctor(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let used = human(call.store.memory_in_use());
    Ok(Reply::Verbatim(
        "txt",
        Bytes::from(format!("Nothing to report: {used} in use, counted the same way everywhere.\n")),
    ))
}

/// MEMORY MALLOC-STATS. INFO names jemalloc, whose report begins and ends so; there is one figure to put in it.
pub fn malloc_stats(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let used = call.store.memory_in_use();
    let ends = ("___ Begin jemalloc statistics ___\n", "--- End jemalloc statistics ---\n");
    Ok(Reply::Verbatim("txt", Bytes::from(format!("{}Allocated: {used}\n{}", ends.0, ends.1))))
}

/// MEMORY PURGE.
pub fn purge(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::OK)
}

/// MEMORY STATS.
pub fn stats(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let store = &*call.store;
    let (used, data) = (store.memory_in_use(), store.used_bytes());
    let keys: u64 = (0..super::store::DATABASES).map(|db| store.database(db).len()).sum();
    let number = |name: &str, value: u64| (Reply::text(name), Reply::Integer(value as i64));
    let mut pairs = vec![
        number("peak.allocated", used.max(store.stats.peak)),
        number("total.allocated", used),
        number("startup.allocated", STARTUP),
        number("replication.backlog", 0),
        number("clients.slaves", 0),
        number("clients.normal", store.clients().count() as u64 * CLIENT),
        number("cluster.links", 0),
        number("aof.buffer", 0),
        number("lua.caches", 0),
        number("functions.caches", 0),
    ];
    for db in 0..super::store::DATABASES {
        let database = store.database(db);
        if database.len() > 0 {
            let inner = vec![
                number("overhead.hashtable.main", database.len() * 56),
                number("overhead.hashtable.expires", database.expiring() * 40),
                number("overhead.hashtable.slot-to-keys", 0),
            ];
            pairs.push((Reply::text(&format!("db.{db}")), Reply::Map(inner)));
        }
    }
    pairs.extend([
        number("overhead.total", used - data),
        number("keys.count", keys),
        number("keys.bytes-per-key", data.checked_div(keys).unwrap_or(0)),
        number("dataset.bytes", data),
    ]);
    // There is no allocator with memory of its own: what is in use is what there is.
    let ratio = |name: &str, value: f64| (Reply::text(name), Reply::Double(Double(value)));
    let (grown, peak) = ((used - STARTUP).max(1), used.max(store.stats.peak));
    pairs.extend([
        ratio("dataset.percentage", data as f64 * 100.0 / grown as f64),
        ratio("peak.percentage", used as f64 * 100.0 / peak as f64),
        number("allocator.allocated", used),
        number("allocator.active", used),
        number("allocator.resident", used),
    ]);
    for [first, second] in [
        ["allocator-fragmentation.ratio", "allocator-fragmentation.bytes"],
        ["allocator-rss.ratio", "allocator-rss.bytes"],
        ["rss-overhead.ratio", "rss-overhead.bytes"],
        ["fragmentation", "fragmentation.bytes"],
    ] {
        pairs.extend([ratio(first, 1.0), number(second, 0)]);
    }
    Ok(Reply::Map(pairs))
}

/// MEMORY USAGE.
pub fn usage(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let mut place = 3;
    while place < call.args.len() {
        if !call.is_word(place, "samples") || place + 1 == call.args.len() {
            return Err(error::SYNTAX);
        }
        parse_integer(call.arg(place + 1))
            .ok_or(error::NOT_INTEGER)
            .and_then(|samples| if samples < 0 { Err(error::SYNTAX) } else { Ok(samples) })?;
        place += 2;
    }
    let key = call.arg(2);
    Ok(call.entry(key).map_or(Reply::Nil, |entry| Reply::Integer((56 + key.len() as u64 + entry.value.size()) as i64)))
}
