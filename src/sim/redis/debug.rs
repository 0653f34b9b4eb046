//! DEBUG, of the group `server`: what test harnesses ask of a server.

use super::call::Call;
use super::command::{Command, Run};
use super::digest::Content;
use super::error::{self, Error};
use super::group::Group;
use super::keyspace::{Entry, FREQUENCY_AT_FIRST};
use super::number::millionths;
use super::reply::{Reply, Resp};
use super::store::{DATABASES, REPLY_PEAK_MS};
use super::value::{Encoding, Value};
use crate::bytes::Bytes;
use alloc::{format, string::String, vec, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Server, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[row("debug", -2, debug)
    .flags("admin noscript loading stale")
    .takes("1.0.0", "")
    .says("What tests ask of a server", "供测试使用的调试命令")];

/// The longest DEBUG SLEEP, in microseconds: an hour.
const SLEEP_MAX: u64 = 3_600_000_000;
/// The most keys that DEBUG POPULATE makes.
const POPULATE_MAX: i64 = 10_000_000;
/// What a server without files, replicas and a memory allocator of its own has nothing to do for.
const NOTHING_TO_DO: &[&str] = &[
    "loadaof",
    "change-repl-id",
    "pause-cron",
    "quicklist-packed-threshold",
    "replicate",
    "set-disable-deny-scripts",
    "drop-cluster-packet-filter",
    "log",
];

fn debug(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let word = String::from_utf8_lossy(&call.arg(1).to_ascii_lowercase()).into_owned();
    match (word.as_str(), call.args.len()) {
        ("help", 2) => Ok(help()),
        ("sleep", 3) => sleep(call),
        ("set-active-expire", 3) => {
            call.store.active_expire = call.integer(2)? != 0;
            Ok(Reply::OK)
        }
        ("set-disable-deny-scripts", 3) => {
            call.store.scripting.allows_all = call.integer(2)? != 0;
            Ok(Reply::OK)
        }
        ("object", 3) => object(call),
        ("reload", _) => reload(call),
        ("replybuffer", 4) if call.is_word(2, "peak-reset-time") => reply_buffer(call),
        ("replybuffer", 4) if call.is_word(2, "resizing") => Ok(Reply::OK),
        ("populate", 3..=5) => populate(call),
        ("digest", 2) => Ok(Reply::Status(whole_digest(call).hex().into_bytes().into())),
        ("digest-value", _) => {
            let keys = &call.args[2..];
            Ok(Reply::Array(
                keys.iter().map(|key| Reply::Status(digest(call, call.db, key).hex().into_bytes().into())).collect(),
            ))
        }
        ("protocol", 3) => protocol(call),
        ("error", 3) => Err(Error(call.arg(2).to_vec().into())),
        ("structsize", 2) => {
            Ok(Reply::status("bits:64 robj:16 dictentry:24 sdshdr5:1 sdshdr8:3 sdshdr16:5 sdshdr32:9 sdshdr64:17 "))
        }
        ("sdslen", 3) => {
            let key = call.arg(2);
            let value = &call.entry(key).ok_or(error::NO_SUCH_KEY)?.value;
            let len = match value {
                Value::String(text) if value.encoding() != Encoding::Int => text.len(),
                _ => return Err(Error(b"ERR Not an sds encoded string."[..].into())),
            };
            let key_len = key.len();
            let text = format!(
                "key_sds_len:{key_len}, key_sds_avail:0, key_zmalloc: {}, val_sds_len:{len}, val_sds_avail:0, val_zmalloc: {}",
                key_len + 3,
                len + 3
            );
            Ok(Reply::Status(text.into_bytes().into()))
        }
        ("htstats", 3) => {
            let number = u8::try_from(call.integer(2)?).ok().filter(|db| *db < DATABASES);
            let db = number.ok_or(Error(b"ERR Out of range database"[..].into()))?;
            let database = call.store.database(db);
            let text =
                format!("[Dictionary HT]\n{}[Expires HT]\n{}", table(database.len()), table(database.expiring()));
            Ok(Reply::Verbatim("txt", Bytes::from(text)))
        }
        ("htstats-key" | "listpack", 3) | ("quicklist", 3 | 4) => looked_into(call, &word),
        ("client-eviction", 2) => Err(Error(b"ERR maxmemory-clients is disabled."[..].into())),
        ("mallctl" | "mallctl-str", 3 | 4) => Err(Error(b"ERR No such file or directory"[..].into())),
        ("config-rewrite-force-all", 2) if call.store.host.rewrite.is_none() => {
            Err(Error(b"ERR CONFIG-REWRITE-FORCE-ALL failed: Bad address"[..].into()))
        }
        (word, _) if NOTHING_TO_DO.contains(&word) => Ok(Reply::OK),
        _ => Err(error::unknown_debug(call.arg(1))),
    }
}

/// What is printed of how a key's value is kept, if it is kept so.
fn looked_into(call: &mut Call<'_, '_>, word: &str) -> Result<Reply, Error> {
    let value = &call.entry(call.arg(2)).ok_or(error::NO_SUCH_KEY)?.value;
    let encoding = value.encoding();
    let (fits, what, refusal) = match word {
        "listpack" => (encoding == Encoding::Listpack, "Listpack", "a listpack encoded object."),
        "quicklist" => (encoding == Encoding::Quicklist, "Quicklist", "a quicklist encoded object."),
        _ => {
            let fits = matches!(encoding, Encoding::Hashtable | Encoding::Skiplist);
            let refusal = b"ERR The value stored at the specified key is not represented using an hash table";
            return if fits {
                Ok(Reply::Verbatim("txt", Bytes::from(table(value.count()))))
            } else {
                Err(Error(refusal[..].into()))
            };
        }
    };
    if fits {
        Ok(Reply::Status(format!("{what} structure printed on stdout").into_bytes().into()))
    } else {
        Err(Error(format!("ERR Not {refusal}").into_bytes().into()))
    }
}

/// A hash table of so many elements as DEBUG HTSTATS tells of it, if none of them met in a slot.
fn table(elements: u64) -> String {
    let start = "Hash table 0 stats (main hash table):\n";
    if elements == 0 {
        return format!("{start}No stats available for empty dictionaries\n");
    }
    let size = elements.next_power_of_two().max(4);
    let share = |part: u64| {
        let hundredths = part * 10_000 / size;
        format!("{part} ({}.{:02}%)\n", hundredths / 100, hundredths % 100)
    };
    let free = if size > elements { format!("   0: {}", share(size - elements)) } else { String::new() };
    format!(
        "{start} table size: {size}\n number of elements: {elements}\n different slots: {elements}\n max chain length: 1\n \
         avg chain length (counted): 1.00\n avg chain length (computed): 1.00\n Chain length distribution:\n{free}   1: {}",
        share(elements)
    )
}

fn help() -> Reply {
    let lines = [
        "DEBUG <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
        "DIGEST",
        "    A number over everything that is stored.",
        "DIGEST-VALUE <key> [<key> ...]",
        "    A number over the value of each key.",
        "ERROR <string>",
        "    Answers with this error.",
        "OBJECT <key>",
        "    How a value is kept.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Makes keys, each holding its own number.",
        "PROTOCOL <type>",
        "    Answers with a reply of this type.",
        "RELOAD [option ...]",
        "    Writes every value as RDB has it, and reads it again; with NOSAVE, reads the file that is there.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Whether keys expire before somebody looks.",
        "SLEEP <seconds>",
        "    Serves nobody for so long.",
    ];
    Reply::Array(lines.iter().map(|line| Reply::status(line)).collect())
}

fn sleep(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let micros = millionths(call.arg(2)).unwrap_or(0).min(SLEEP_MAX);
    let start = (call.store.host.micros)();
    (call.store.host.sleep)(micros);
    // Whoever is served after this is served later; a transaction's own clock stands still.
    call.store.slept_ms += ((call.store.host.micros)() - start) / 1000;
    Ok(Reply::OK)
}

/// After how many milliseconds the buffers for answers shrink to what they lately held.
fn reply_buffer(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.store.reply_peak_ms = match call.arg(3).to_ascii_lowercase().as_slice() {
        b"never" => None,
        b"reset" => Some(REPLY_PEAK_MS),
        _ => Some(call.integer(3)?.unsigned_abs()),
    };
    Ok(Reply::OK)
}

/// Every value goes through the bytes of RDB and back, as by a restart; what has ended is not read again. With NOSAVE, the file of an
/// earlier save is read instead; where there is none, as no save here writes one, what the store holds stands for it.
fn reload(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let now_ms = call.cx.now_ms;
    let (mut saves, mut flushes, mut merges) = (true, true, false);
    for word in &call.args[2..] {
        match &word.to_ascii_lowercase()[..] {
            b"merge" => merges = true,
            b"noflush" => flushes = false,
            b"nosave" => saves = false,
            _ => return Err(error::RELOAD_OPTION),
        }
    }
    if !saves && let Some(bytes) = saved_file(call) {
        return load_file(call, &bytes, flushes, merges);
    }
    // What was written and is still there meets itself.
    let has_keys = (0..DATABASES).any(|db| call.store.database(db).len() > 0);
    if !flushes && !merges && (has_keys || !call.store.scripting.libraries.is_empty()) {
        return Err(error::RELOAD);
    }
    for db in 0..DATABASES {
        let before = call.store.flush(db);
        for (key, entry) in before.iter().filter(|(_, entry)| !entry.is_over(now_ms)) {
            let value = super::dump::again(&entry.value, &call.store.config).ok_or(error::RELOAD)?;
            let fresh = Entry { value, accessed_ms: now_ms, frequency: FREQUENCY_AT_FIRST, ..entry.clone() };
            call.store.database_mut(db).insert(key, fresh);
        }
    }
    Ok(Reply::OK)
}

/// The RDB file that CONFIG names, if there is one and the server can read files.
fn saved_file(call: &Call<'_, '_>) -> Option<Vec<u8>> {
    let config = &call.store.config;
    let path = format!("{}/{}", config.value("dir").text(), config.value("dbfilename").text());
    (call.store.host.read_file)(&path)
}

/// Reads an RDB file: `flushes` what was there goes first, `merges` a key may be there.
fn load_file(call: &mut Call<'_, '_>, bytes: &[u8], flushes: bool, merges: bool) -> Result<Reply, Error> {
    let now_ms = call.cx.now_ms;
    if flushes {
        (0..DATABASES).for_each(|db| drop(call.store.flush(db)));
        call.store.scripting.libraries.clear();
    }
    let file = super::dump::file::read(bytes, &call.store.config).ok_or(error::RELOAD)?;
    for code in &file.libraries {
        super::scripting::add(call, code, merges).map_err(|_| error::RELOAD)?;
    }
    for (db, key, value, expires_at_ms) in file.values {
        let entry = Entry { value, expires_at_ms, accessed_ms: now_ms, frequency: FREQUENCY_AT_FIRST };
        if entry.is_over(now_ms) {
            continue;
        }
        if !merges && call.store.database(db).get(&key).is_some() {
            return Err(error::RELOAD);
        }
        call.store.database_mut(db).insert(&key, entry);
    }
    Ok(Reply::OK)
}

fn object(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let now_ms = call.cx.now_ms;
    // It is looked at as it is, even if its time has passed.
    let database = call.store.database(call.db);
    let entry = database.place(call.arg(2)).map(|place| database.at(place)).ok_or(error::NO_SUCH_KEY)?;
    let idle_s = now_ms.saturating_sub(entry.accessed_ms) / 1000;
    let clock = (entry.accessed_ms / 1000) & 0xff_ffff;
    let (encoding, size) = (entry.value.encoding().name(), entry.value.size());
    let mut text = format!(
        "Value at:0x7f0000000000 refcount:1 encoding:{encoding} serializedlength:{size} lru:{clock} lru_seconds_idle:{idle_s}"
    );
    if let Value::List(_) = entry.value {
        let count = entry.value.count();
        text += &format!(
            " ql_nodes:1 ql_avg_node:{count}.00 ql_listpack_max:-2 ql_compressed:0 ql_uncompressed_size:{size}"
        );
    }
    Ok(Reply::Status(text.into_bytes().into()))
}

fn populate(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let count = call.integer(2)?.clamp(0, POPULATE_MAX);
    let prefix = call.args.get(3).cloned().unwrap_or_else(|| Bytes::from("key"));
    let size = if call.args.len() == 5 { Some(call.integer(4)?.clamp(0, 1 << 29) as usize) } else { None };
    for n in 0..count {
        let key = Bytes::from([&prefix[..], format!(":{n}").as_bytes()].concat());
        if call.exists(&key) {
            continue;
        }
        let mut value = format!("value:{n}").into_bytes();
        if let Some(size) = size {
            value.resize(size, 0);
        }
        let value = super::value::Str::plain(&Bytes::from(value));
        call.put(&key, value, super::call::Life::Endless, "set");
    }
    Ok(Reply::OK)
}

fn protocol(call: &Call<'_, '_>) -> Result<Reply, Error> {
    let number = |n: i64| Reply::Integer(n);
    let kind = String::from_utf8_lossy(&call.arg(2).to_ascii_lowercase()).into_owned();
    Ok(match kind.as_str() {
        "string" => Reply::text("Hello World"),
        "integer" => number(12345),
        "double" => Reply::Double(super::double::Double(3141.0 / 1000.0)),
        "null" => Reply::Nil,
        "array" => Reply::Array((0..3).map(number).collect()),
        "set" => Reply::Set((0..3).map(number).collect()),
        "map" => Reply::Map((0..3).map(|n| (number(n), Reply::Bool(n == 1))).collect()),
        "attrib" => Reply::Attribute(
            vec![(Reply::text("key-popularity"), Reply::Array(vec![Reply::text("key:123"), number(90)]))],
            alloc::boxed::Box::new(Reply::text("Some real reply following the attribute")),
        ),
        "push" if call.store.resp(call.client) == Resp::V2 => {
            return Err(Error(b"ERR RESP2 is not supported by this command".to_vec().into()));
        }
        // A push is no answer; who waits for one gets it behind.
        "push" => Reply::Many(vec![
            Reply::Push(vec![Reply::text("server-cpu-usage"), number(42)]),
            Reply::text("Some real reply following the push reply"),
        ]),
        "true" => Reply::Bool(true),
        "false" => Reply::Bool(false),
        "verbatim" => Reply::Verbatim("txt", Bytes::from("This is a verbatim\nstring")),
        "bignum" => Reply::BigNumber(Bytes::from("1234567999999999999999999999999999999")),
        _ => {
            return Err(Error(
                b"ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|\
                  set|map|attrib|push|verbatim|true|false"
                    .to_vec()
                    .into(),
            ));
        }
    })
}

fn digest(call: &mut Call<'_, '_>, db: u8, key: &Bytes) -> Content {
    let mut digest = Content::default();
    if let Some(entry) = call.entry_in(db, key) {
        digest.mix_value(&entry.value, entry.expires_at_ms.is_some());
    }
    digest
}

/// The digest of all keys of all databases that hold any.
fn whole_digest(call: &mut Call<'_, '_>) -> Content {
    let mut whole = Content::default();
    for db in 0..DATABASES {
        let mut keys = call.store.database(db).iter().peekable();
        if keys.peek().is_some() {
            whole.mix(&u32::from(db).to_be_bytes());
        }
        for (key, entry) in keys {
            let mut digest = Content::default();
            digest.mix(key);
            digest.mix_value(&entry.value, entry.expires_at_ms.is_some());
            whole.add_digest(digest);
        }
    }
    whole
}
