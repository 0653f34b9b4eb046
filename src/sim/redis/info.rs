//! INFO, and what else looks into the server: SLOWLOG, LATENCY, MEMORY, MONITOR, LOLWUT, ROLE.

use super::call::Call;
use super::command::{Command, Run};
use super::config::Config;
use super::error::{self, Error};
use super::group::Group;
use super::introspect::{bare_container, help};
use super::latency;
use super::memory;
use super::monitor::monitor;
use super::replication::role;
use super::reply::Reply;
use super::store::{DATABASES, EPOCH_MS, Store};
use super::table::commands;
use crate::bytes::Bytes;
use alloc::{format, string::String, vec, vec::Vec};

/// The version of Redis that the store speaks as.
pub const VERSION: &str = "7.0.15";

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Server, name, arity, run)
}

const fn admin(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Server, name, arity, run).flags("admin noscript loading stale")
}

const ALL_NODES: &str = "nondeterministic_output request_policy:all_nodes response_policy:special";
const ALL_SHARDS: &str = "nondeterministic_output request_policy:all_shards response_policy:special";

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("info", -1, info)
        .flags("loading stale")
        .categories("dangerous")
        .tips(ALL_SHARDS)
        .takes("1.0.0", "[section [section ...]]")
        .says("Tells about the server, its memory, clients and counters", "返回服务器、内存、客户端和各种计数"),
    row("lastsave", 1, lastsave)
        .flags("loading stale fast")
        .categories("admin dangerous")
        .tips("nondeterministic_output")
        .takes("1.0.0", "")
        .says("Tells when data was last saved: here, when the server started", "返回上次保存的时间，这里是启动时间"),
    row("lolwut", -1, lolwut)
        .flags("readonly fast")
        .takes("5.0.0", "[VERSION version]")
        .says("Shows the version, and here no picture", "显示版本，这里没有图画"),
    admin("monitor", 1, monitor)
        .takes("1.0.0", "")
        .says("Shows every command that the server runs", "实时显示服务器执行的每条命令"),
    row("role", 1, role)
        .flags("noscript loading stale fast")
        .categories("admin dangerous")
        .takes("2.8.12", "")
        .says("Tells the part that the server plays in replication", "返回服务器在复制中的角色"),
    row("slowlog", -2, bare_container)
        .container()
        .takes("2.2.12", "")
        .says("Looks at calls that took long", "查看慢日志"),
    row("slowlog|help", 2, help).flags("loading stale").takes("6.2.0", "").says("Lists the subcommands", "列出子命令"),
    row("slowlog|get", -2, slowlog_get)
        .flags("admin loading stale")
        .tips("request_policy:all_nodes nondeterministic_output")
        .takes("2.2.12", "[count]")
        .says("Lists calls that took long, the latest first", "列出耗时较长的调用，最近的在前"),
    row("slowlog|len", 2, slowlog_len)
        .flags("admin loading stale")
        .tips("request_policy:all_nodes response_policy:agg_sum nondeterministic_output")
        .takes("2.2.12", "")
        .says("Counts the calls that are kept", "返回慢日志的条数"),
    row("slowlog|reset", 2, slowlog_reset)
        .flags("admin loading stale")
        .tips("request_policy:all_nodes response_policy:all_succeeded")
        .takes("2.2.12", "")
        .says("Forgets the calls that are kept", "清空慢日志"),
    row("latency", -2, bare_container).container().takes("2.8.13", "").says("Looks at what took long", "查看延迟"),
    row("latency|help", 2, help).flags("loading stale").takes("2.8.13", "").says("Lists the subcommands", "列出子命令"),
    admin("latency|doctor", 2, latency::doctor)
        .tips(ALL_NODES)
        .takes("2.8.13", "")
        .says("Says in words what took long", "用文字说明延迟情况"),
    admin("latency|graph", 3, latency::graph)
        .tips(ALL_NODES)
        .takes("2.8.13", "event")
        .says("Draws the samples of an event", "画出某个事件的延迟"),
    admin("latency|histogram", -2, latency::histogram)
        .tips(ALL_NODES)
        .takes("7.0.0", "[command [command ...]]")
        .says("Counts how many calls took how long", "返回命令耗时的分布"),
    admin("latency|history", 3, latency::history)
        .tips(ALL_NODES)
        .takes("2.8.13", "event")
        .says("Lists the samples of an event", "列出某个事件的延迟样本"),
    admin("latency|latest", 2, latency::latest)
        .tips(ALL_NODES)
        .takes("2.8.13", "")
        .says("Tells the latest sample of each event", "返回每个事件最近的延迟"),
    admin("latency|reset", -2, latency::reset)
        .tips("request_policy:all_nodes response_policy:all_succeeded")
        .takes("2.8.13", "[event [event ...]]")
        .says("Forgets samples", "清除延迟样本"),
    row("memory", -2, bare_container).container().takes("4.0.0", "").says("Looks at the memory in use", "查看内存使用"),
    row("memory|help", 2, help).flags("loading stale").takes("4.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("memory|doctor", 2, memory::doctor)
        .tips(ALL_SHARDS)
        .takes("4.0.0", "")
        .says("Says in words how the memory is", "用文字说明内存情况"),
    row("memory|malloc-stats", 2, memory::malloc_stats)
        .tips(ALL_SHARDS)
        .takes("4.0.0", "")
        .says("Shows the counters of the memory allocator", "显示内存分配器的统计"),
    row("memory|purge", 2, memory::purge)
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .takes("4.0.0", "")
        .says("Asks the memory allocator to give memory back", "请求内存分配器归还内存"),
    row("memory|stats", 2, memory::stats)
        .tips(ALL_SHARDS)
        .takes("4.0.0", "")
        .says("Tells where the memory goes", "返回内存的去向"),
    row("memory|usage", -3, memory::usage)
        .flags("readonly")
        .keys("2 RO")
        .takes("4.0.0", "key [SAMPLES count]")
        .says("Estimates what a key and its value cost", "估算一个键占用的内存"),
];

/// The sections by name, and whether INFO shows them when nothing is asked for.
const SECTIONS: &[(&str, bool)] = &[
    ("Server", true),
    ("Clients", true),
    ("Memory", true),
    ("Persistence", true),
    ("Stats", true),
    ("Replication", true),
    ("CPU", true),
    ("Modules", true),
    ("Commandstats", false),
    ("Errorstats", true),
    ("Latencystats", false),
    ("Cluster", true),
    ("Keyspace", true),
];

fn info(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let asked: Vec<Vec<u8>> = call.args[1..].iter().map(|arg| arg.to_ascii_lowercase()).collect();
    let is = |word: &str| asked.iter().any(|arg| arg == word.as_bytes());
    let (all, usual) = (is("all") || is("everything"), asked.is_empty() || is("default"));
    let mut text = String::new();
    for (name, is_usual) in SECTIONS {
        if all || (usual && *is_usual) || is(&name.to_ascii_lowercase()) {
            if !text.is_empty() {
                text += "\r\n";
            }
            text += &format!("# {name}\r\n{}", section(call, name));
        }
    }
    Ok(Reply::Verbatim("txt", Bytes::from(text)))
}

fn section(call: &Call<'_, '_>, name: &str) -> String {
    let store = &*call.store;
    match name {
        "Server" => server(call),
        "Clients" => clients(store),
        "Memory" => memory::section(store),
        "Persistence" => persistence(store),
        "Stats" => counters(store),
        "Replication" => store.replication_section(call.cx.now_ms),
        "CPU" => "used_cpu_sys:0.000000\r\nused_cpu_user:0.000000\r\nused_cpu_sys_children:0.000000\r\nused_cpu_user_children:0.000000\r\n".into(),
        "Commandstats" => command_stats(store),
        "Errorstats" => store.stats.errors.iter().map(|(code, count)| format!("errorstat_{}:count={count}\r\n", code.text())).collect(),
        "Latencystats" => latency::section(store),
        "Cluster" => "cluster_enabled:0\r\n".into(),
        "Keyspace" => keyspace(call),
        _ => String::new(),
    }
}

fn server(call: &Call<'_, '_>) -> String {
    let (host, now_ms) = (call.store.host, call.cx.now_ms);
    let up_s = now_ms.saturating_sub(host.started_ms) / 1000;
    let hz = call.store.config.number("hz");
    format!(
        "redis_version:{VERSION}\r\nredis_git_sha1:00000000\r\nredis_git_dirty:0\r\nredis_build_id:0\r\nredis_mode:standalone\r\n\
         os:Warren\r\narch_bits:64\r\nmonotonic_clock:virtual\r\nmultiplexing_api:epoll\r\natomicvar_api:none\r\ngcc_version:0.0.0\r\n\
         process_id:{}\r\nprocess_supervised:no\r\nrun_id:{:040x}\r\ntcp_port:{}\r\nserver_time_usec:{}\r\nuptime_in_seconds:{up_s}\r\n\
         uptime_in_days:{}\r\nhz:{hz}\r\nconfigured_hz:{hz}\r\nlru_clock:{}\r\nexecutable:warren\r\nconfig_file:{}\r\nio_threads_active:0\r\n",
        host.pid,
        host.started_ms ^ u64::from(host.pid) << 40,
        host.port,
        now_ms * 1000,
        up_s / 86_400,
        (now_ms / 1000) & 0xff_ffff,
        host.config_file,
    )
}

fn clients(store: &Store) -> String {
    let (mut count, mut blocked) = (0, 0);
    let [.., tracking] = store.tracking_counts();
    for (_, client) in store.clients() {
        count += 1;
        blocked += u64::from(client.blocked.is_some() || client.postponed.is_some());
    }
    let most = store.config.maxclients;
    format!(
        "connected_clients:{count}\r\ncluster_connections:0\r\nmaxclients:{most}\r\nclient_recent_max_input_buffer:0\r\n\
         client_recent_max_output_buffer:0\r\nblocked_clients:{blocked}\r\ntracking_clients:{tracking}\r\nclients_in_timeout_table:0\r\n"
    )
}

fn persistence(store: &Store) -> String {
    let (dirty, saved_s, saves) = (store.dirty, saved_s(store), store.host.saved.1);
    format!(
        "loading:0\r\nasync_loading:0\r\ncurrent_cow_peak:0\r\ncurrent_cow_size:0\r\ncurrent_cow_size_age:0\r\ncurrent_fork_perc:0.00\r\n\
         current_save_keys_processed:0\r\ncurrent_save_keys_total:0\r\nrdb_changes_since_last_save:{dirty}\r\nrdb_bgsave_in_progress:0\r\n\
         rdb_last_save_time:{saved_s}\r\nrdb_last_bgsave_status:ok\r\nrdb_last_bgsave_time_sec:-1\r\nrdb_current_bgsave_time_sec:-1\r\n\
         rdb_saves:{saves}\r\nrdb_last_cow_size:0\r\nrdb_last_load_keys_expired:0\r\nrdb_last_load_keys_loaded:0\r\naof_enabled:0\r\n\
         aof_rewrite_in_progress:0\r\naof_rewrite_scheduled:0\r\naof_last_rewrite_time_sec:-1\r\naof_current_rewrite_time_sec:-1\r\n\
         aof_last_bgrewrite_status:ok\r\naof_rewrites:0\r\naof_rewrites_consecutive_failures:0\r\naof_last_write_status:ok\r\n\
         aof_last_cow_size:0\r\nmodule_fork_in_progress:0\r\nmodule_fork_last_cow_size:0\r\n"
    )
}

fn counters(store: &Store) -> String {
    let stats = &store.stats;
    let [read, written, reads, writes] = stats.net;
    let (channels, patterns, shards) = store.topic_counts();
    let [keys, items, prefixes, _] = store.tracking_counts();
    format!(
        "total_connections_received:{}\r\ntotal_commands_processed:{}\r\ninstantaneous_ops_per_sec:0\r\ntotal_net_input_bytes:{read}\r\n\
         total_net_output_bytes:{written}\r\ntotal_net_repl_input_bytes:0\r\ntotal_net_repl_output_bytes:0\r\n\
         instantaneous_input_kbps:0.00\r\ninstantaneous_output_kbps:0.00\r\ninstantaneous_input_repl_kbps:0.00\r\n\
         instantaneous_output_repl_kbps:0.00\r\nrejected_connections:{}\r\nsync_full:0\r\nsync_partial_ok:0\r\nsync_partial_err:0\r\n\
         expired_keys:{}\r\nexpired_stale_perc:0.00\r\nexpired_time_cap_reached_count:0\r\nexpire_cycle_cpu_milliseconds:0\r\n\
         evicted_keys:{}\r\nevicted_clients:0\r\ntotal_eviction_exceeded_time:0\r\ncurrent_eviction_exceeded_time:0\r\n\
         keyspace_hits:{}\r\nkeyspace_misses:{}\r\npubsub_channels:{channels}\r\npubsub_patterns:{patterns}\r\n\
         pubsubshard_channels:{shards}\r\nlatest_fork_usec:0\r\ntotal_forks:0\r\nmigrate_cached_sockets:0\r\n\
         slave_expires_tracked_keys:0\r\nactive_defrag_hits:0\r\nactive_defrag_misses:0\r\nactive_defrag_key_hits:0\r\n\
         active_defrag_key_misses:0\r\ntotal_active_defrag_time:0\r\ncurrent_active_defrag_time:0\r\ntracking_total_keys:{keys}\r\n\
         tracking_total_items:{items}\r\ntracking_total_prefixes:{prefixes}\r\nunexpected_error_replies:0\r\ntotal_error_replies:{}\r\n\
         dump_payload_sanitizations:0\r\ntotal_reads_processed:{reads}\r\ntotal_writes_processed:{writes}\r\n\
         io_threaded_reads_processed:0\r\nio_threaded_writes_processed:0\r\nreply_buffer_shrinks:0\r\nreply_buffer_expands:0\r\n",
        stats.connections,
        stats.calls,
        stats.rejected,
        stats.expired,
        stats.evicted,
        stats.hits,
        stats.misses,
        stats.error_replies,
    )
}

fn command_stats(store: &Store) -> String {
    let mut text = String::new();
    for (command, stat) in commands().iter().zip(&store.stats.commands) {
        if stat.calls + stat.rejected + stat.failed > 0 {
            let per_call = (stat.micros * 100).checked_div(stat.calls).unwrap_or(0);
            text += &format!(
                "cmdstat_{}:calls={},usec={},usec_per_call={}.{:02},rejected_calls={},failed_calls={}\r\n",
                command.name,
                stat.calls,
                stat.micros,
                per_call / 100,
                per_call % 100,
                stat.rejected,
                stat.failed
            );
        }
    }
    text
}

fn keyspace(call: &Call<'_, '_>) -> String {
    let mut text = String::new();
    for db in 0..DATABASES {
        let database = call.store.database(db);
        let (keys, expires) = (database.len(), database.expiring());
        if keys > 0 {
            text +=
                &format!("db{db}:keys={keys},expires={expires},avg_ttl={}\r\n", database.mean_life_ms(call.cx.now_ms));
        }
    }
    text
}

/// When the server last saved, or started, in Unix seconds.
fn saved_s(store: &Store) -> u64 {
    store.host.started_ms.max(EPOCH_MS / 2).max(store.host.saved.0) / 1000
}

fn lastsave(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(saved_s(call.store) as i64))
}

fn lolwut(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if call.args.len() >= 3 && call.is_word(1, "version") {
        call.integer(2)?;
    }
    Ok(Reply::Verbatim("txt", Bytes::from(format!("Redis ver. {VERSION}\n"))))
}

/// How many calls SLOWLOG GET shows when no number is given.
const SLOW_SHOWN: i64 = 10;

fn slowlog_get(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let count = match call.args.len() {
        2 => SLOW_SHOWN,
        3 => super::number::parse_integer(call.arg(2)).filter(|count| *count >= -1).ok_or(error::SLOWLOG_COUNT)?,
        _ => return Err(error::arity(call.command.name)),
    };
    let most = usize::try_from(count).unwrap_or(usize::MAX);
    let entry = |slow: &super::stats::SlowCall| {
        Reply::Array(vec![
            Reply::Integer(slow.id as i64),
            Reply::Integer(slow.at_s as i64),
            Reply::Integer(slow.micros as i64),
            Reply::Array(slow.args.iter().cloned().map(Reply::Bulk).collect()),
            Reply::Bulk(slow.address.clone()),
            Reply::Bulk(slow.name.clone()),
        ])
    };
    Ok(Reply::Array(call.store.stats.slow.iter().rev().take(most).map(entry).collect()))
}

fn slowlog_len(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(call.store.stats.slow.len() as i64))
}

fn slowlog_reset(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.store.stats_mut().slow.clear();
    Ok(Reply::OK)
}

impl Config {
    /// The value of `maxmemory-policy`, for INFO.
    pub(super) fn policy_name(&self) -> String {
        self.value("maxmemory-policy").text().into_owned()
    }
}
