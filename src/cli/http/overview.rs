//! The node as RabbitMQ's management shows it.

use serde_json::{Map, Value, json};
use std::path::Path;
use warren_sim::bytes::Bytes;

use super::access::is_in_sight;
use super::answer::Answer;
use super::route::Call;
use super::show::{self, NODE, counted};
use crate::amqp::login::VERSION;

/// The Erlang that Debian's RabbitMQ 3.10 runs on: tools read a number here.
const ERLANG: &str = "25.2.3";
/// All are on from the start, as in a RabbitMQ that is installed anew.
const FEATURE_FLAGS: [(&str, &str, &str, &str); 9] = [
    ("classic_mirrored_queue_version", "Support setting version for classic mirrored queues", "", "rabbit"),
    ("drop_unroutable_metric", "Count unroutable publishes to be dropped in stats", "", "rabbitmq_management_agent"),
    ("empty_basic_get_metric", "Count AMQP `basic.get` on empty queues in stats", "", "rabbitmq_management_agent"),
    (
        "implicit_default_bindings",
        "Default bindings are now implicit, instead of being stored in the database",
        "",
        "rabbit",
    ),
    ("maintenance_mode_status", "Maintenance mode status", "", "rabbit"),
    ("quorum_queue", "Support queues of type `quorum`", "https://www.rabbitmq.com/quorum-queues.html", "rabbit"),
    ("stream_queue", "Support queues of type `stream`", "https://www.rabbitmq.com/stream.html", "rabbit"),
    ("user_limits", "Configure connection and channel limits for a user", "", "rabbit"),
    ("virtual_host_metadata", "Virtual host metadata (description, tags, etc)", "", "rabbit"),
];
/// What RabbitMQ tells of its memory; here all of it is one.
const MEMORY: [&str; 23] = [
    "connection_readers",
    "connection_writers",
    "connection_channels",
    "connection_other",
    "queue_procs",
    "queue_slave_procs",
    "quorum_queue_procs",
    "quorum_queue_dlx_procs",
    "stream_queue_procs",
    "stream_queue_replica_reader_procs",
    "stream_queue_coordinator_procs",
    "plugins",
    "other_proc",
    "metrics",
    "mgmt_db",
    "mnesia",
    "quorum_ets",
    "other_ets",
    "binary",
    "msg_index",
    "code",
    "atom",
    "other_system",
];

/// `GET`.
pub fn get(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let flags = || {
        FEATURE_FLAGS.iter().map(|(name, desc, doc_url, by)| {
        json!({
            "name": name, "desc": desc, "doc_url": doc_url, "state": "enabled", "stability": "stable", "provided_by": by,
        })
    })
    };
    match words {
        ["nodes", NODE, "memory"] => Ok(Answer::json(json!({"memory": parts_of_memory()}))),
        ["nodes", NODE, "memory", "relative"] => {
            let all = memory_parts().map(|name| (name.to_string(), if name == "other_proc" { 100 } else { 0 }.into()));
            let parts: Map<String, Value> = [("total".to_string(), 100.into())].into_iter().chain(all).collect();
            Ok(Answer::json(json!({"memory": parts})))
        }
        ["feature-flags"] => Ok(Answer::json(show::listed(call, flags().collect()))),
        ["auth", "attempts", NODE] => Ok(Answer::json(call.node.attempts.shown())),
        ["auth", "attempts", NODE, "source"] => Ok(Answer::json(json!([]))),
        _ => Err(Answer::not_found()),
    }
}

fn memory_parts() -> impl Iterator<Item = &'static str> {
    MEMORY.into_iter().chain(["allocated_unused", "reserved_unallocated"])
}

fn parts_of_memory() -> Map<String, Value> {
    let mut parts: Map<String, Value> = memory_parts().map(|name| (name.to_string(), 0.into())).collect();
    let used = memory_used();
    parts["other_proc"] = used.into();
    parts.insert("strategy".to_string(), "rss".into());
    parts.insert("total".to_string(), json!({"erlang": used, "rss": used, "allocated": used}));
    parts
}

/// `PUT` and `DELETE`.
pub fn change(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    match words {
        ["feature-flags", name, "enable"] => match FEATURE_FLAGS.iter().any(|flag| flag.0 == *name) {
            true => Ok(Answer::done()),
            false => Err(Answer::bad_request("unsupported")),
        },
        ["auth", "attempts", NODE, ..] => {
            call.node.attempts.forget();
            Ok(Answer::done())
        }
        ["vhosts", vhost, "start", NODE] if call.has_vhost(vhost) => Ok(Answer::done()),
        ["vhosts", vhost, "start", NODE] => {
            let reason = format!("Request to node {NODE} failed with {{no_such_vhost,<<\"{vhost}\">>}}");
            Err(Answer::bad_request(reason))
        }
        ["vhosts", vhost, "start", node] if call.has_vhost(vhost) => {
            Err(Answer::bad_request(format!("Request to node {node} failed with nodedown")))
        }
        _ => Err(Answer::not_found()),
    }
}

/// `GET /api/overview`.
pub fn overview(call: &Call<'_>) -> Value {
    let node = call.node;
    let is_stopped = call.is_asked("disable_stats");
    let mut shown = json!({
        "management_version": VERSION, "rates_mode": "basic",
        "sample_retention_policies": {"global": [600, 3600, 28800, 86400], "basic": [600, 3600], "detailed": [600]},
        "exchange_types": exchange_types(), "product_version": VERSION, "product_name": "RabbitMQ", "rabbitmq_version": VERSION,
        "cluster_name": node.settings.cluster_name(), "erlang_version": ERLANG,
        "erlang_full_version": format!("Erlang/OTP 25, whose part Warren {} plays", env!("CARGO_PKG_VERSION")),
        "release_series_support_status": "supported", "disable_stats": is_stopped,
        "enable_queue_totals": call.is_asked("enable_queue_totals"),
    });
    let is_seen = |vhost: &Bytes| call.is_monitor() || is_in_sight(call, &json!({"vhost": vhost.text()}));
    let (ready, unacked, queues, exchanges, connections, channels, consumers) = node.read(|broker| {
        let queues = || broker.queues().filter(|queue| is_seen(&queue.resource.vhost));
        let connections = || broker.connections().filter(|one| call.is_monitor() || Some(&one.user) == call.user);
        (
            queues().map(|queue| queue.ready.len()).sum::<usize>(),
            queues().map(|queue| queue.unacked.len()).sum::<usize>(),
            queues().count(),
            broker.exchanges().filter(|exchange| is_seen(&exchange.resource.vhost)).count(),
            connections().count(),
            connections().map(|connection| connection.channels.len()).sum::<usize>(),
            queues().map(|queue| queue.consumers.len()).sum::<usize>(),
        )
    });
    if is_stopped {
        shown["node"] = NODE.into();
        shown["object_totals"] = json!({"queues": queues, "exchanges": exchanges, "connections": connections});
        return shown;
    }
    let mut stats = match call.is_monitor() {
        true => counted(node.counts().of_traffic()),
        false => stats_in_sight(call, is_seen),
    };
    if !stats.is_empty() || queues > 0 {
        stats.extend(counted(vec![("disk_reads", 0), ("disk_writes", 0)]));
    }
    shown["message_stats"] = stats.into();
    shown["churn_rates"] = node.ledger(|ledger| counted(churn(ledger))).into();
    let totals = vec![("messages", ready + unacked), ("messages_ready", ready), ("messages_unacknowledged", unacked)];
    shown["queue_totals"] = counted(totals.into_iter().map(|(name, count)| (name, count as u64)).collect()).into();
    shown["object_totals"] =
        json!({"channels": channels, "connections": connections, "exchanges": exchanges, "queues": queues});
    shown["statistics_db_event_queue"] = 0.into();
    if call.is_monitor() {
        shown["object_totals"]["consumers"] = consumers.into();
        shown["node"] = NODE.into();
        shown["listeners"] = listeners(call);
        let mut context = context(call);
        context["node"] = NODE.into();
        context["ssl_opts"] = json!([]);
        shown["contexts"] = json!([context]);
    }
    shown
}

/// What is told of this very door.
fn context(call: &Call<'_>) -> Value {
    json!({
        "description": "RabbitMQ Management", "path": "/", "cowboy_opts": "[{sendfile,false}]",
        "port": call.http.port().to_string(),
    })
}

/// What happened in the virtual hosts that are seen.
fn stats_in_sight(call: &Call<'_>, is_seen: impl Fn(&Bytes) -> bool) -> Map<String, Value> {
    let mut sums = std::collections::BTreeMap::new();
    let vhosts: Vec<Bytes> = call.node.read(|broker| broker.vhosts().map(|(name, _)| name.clone()).collect());
    for vhost in vhosts.iter().filter(|vhost| is_seen(vhost)) {
        for (name, count) in call.node.ledger(|ledger| ledger.vhost(vhost)).of_traffic() {
            *sums.entry(name).or_default() += count;
        }
    }
    counted(sums.into_iter().collect())
}

fn churn(ledger: &crate::amqp::counts::Ledger) -> crate::amqp::counts::Named {
    let churn = ledger.churn;
    vec![
        ("channel_closed", churn.channels.0),
        ("channel_created", churn.channels.1),
        ("connection_closed", churn.connections.0),
        ("connection_created", churn.connections.1),
        ("queue_created", churn.queues.1),
        ("queue_declared", churn.queue_declared),
        ("queue_deleted", churn.queues.0),
    ]
}

fn listeners(call: &Call<'_>) -> Value {
    let amqp = json!({"backlog": 128, "nodelay": true, "linger": [true, 0], "exit_on_close": false});
    let http = json!({"cowboy_opts": {"sendfile": false}, "port": call.http.port()});
    let one = |protocol: &str, address: std::net::SocketAddr, options: Value| {
        json!({
            "node": NODE, "protocol": protocol, "ip_address": address.ip().to_string(), "port": address.port(),
            "socket_opts": options,
        })
    };
    json!([one("amqp", call.amqp, amqp), one("http", call.http, http)])
}

fn exchange_types() -> Value {
    let of = |name: &str| {
        let description = format!("AMQP {name} exchange, as per the AMQP specification");
        json!({"name": name, "description": description, "enabled": true})
    };
    ["direct", "fanout", "headers", "topic"].map(of).into_iter().collect()
}

/// The only node. What Warren has nothing like of stands at zero.
pub fn node(call: &Call<'_>) -> Value {
    let node = call.node;
    let mechanism = |name: &str, description: &str| json!({"name": name, "description": description, "enabled": true});
    let sockets = node.read(|broker| broker.connections().count()) as u64;
    let (limit, descriptors) =
        (memory_limit(), rlimit::getrlimit(rlimit::Resource::NOFILE).map_or(0, |(soft, _)| soft));
    let application =
        |name: &str, description: &str| json!({"name": name, "description": description, "version": VERSION});
    let mut shown = json!({
        "partitions": [], "os_pid": std::process::id().to_string(), "fd_total": descriptors, "sockets_total": descriptors,
        "mem_limit": limit, "mem_alarm": node.alarms.is_on(crate::amqp::alarms::Source::Memory), "disk_free_limit": 50_000_000,
        "disk_free_alarm": node.alarms.is_on(crate::amqp::alarms::Source::Disk), "proc_total": 1_048_576, "rates_mode": "basic",
        "uptime": node.uptime_ms(), "run_queue": 1,
        "processors": std::thread::available_parallelism().map_or(1, std::num::NonZero::get), "exchange_types": exchange_types(),
        "auth_mechanisms": [
            mechanism("PLAIN", "SASL PLAIN authentication mechanism"), mechanism("AMQPLAIN", "QPid AMQPLAIN mechanism"),
        ],
        "applications": [
            application("rabbit", "RabbitMQ"), application("rabbitmq_management", "RabbitMQ Management Console"),
            application("rabbitmq_management_agent", "RabbitMQ Management Agent"),
        ],
        "contexts": [context(call)],
        "log_files": ["<stdout>"], "db_dir": "", "config_files": [], "net_ticktime": 60,
        "enabled_plugins": ["rabbitmq_management"], "mem_calculation_strategy": "rss",
        "ra_open_file_metrics": {"ra_log_wal": 0, "ra_log_segment_writer": 0}, "name": NODE, "type": "disc", "running": true,
    });
    let files = Path::new("/proc/self/fd").read_dir().map_or(0, |entries| entries.count() as u64);
    // Nothing is on a disk: what messages may take is what there is of memory.
    let mut figures = vec![
        ("mem_used", memory_used()),
        ("fd_used", files),
        ("sockets_used", sockets),
        ("proc_used", sockets + 1),
        ("disk_free", memory("MemAvailable:")),
    ];
    figures.extend(IDLE.map(|name| (name, 0)));
    figures.extend(node.ledger(churn));
    for (name, value) in counted(figures) {
        shown[name] = value;
    }
    shown["cluster_links"] = json!([]);
    let gone = ["connection", "channel", "consumer", "exchange", "queue", "vhost", "node_node", "channel_consumer"];
    let name =
        |one: &str| format!("{one}_{}", if one == "connection" || one == "channel" { "closed" } else { "deleted" });
    let waiting: Map<String, Value> = gone.iter().map(|one| (name(one), 0.into())).collect();
    shown["metrics_gc_queue_length"] = waiting.into();
    if call.is_asked("memory") {
        shown["memory"] = parts_of_memory().into();
    }
    shown
}

/// What RabbitMQ counts of its machine and its disk.
const IDLE: [&str; 20] = [
    "gc_num",
    "gc_bytes_reclaimed",
    "context_switches",
    "io_read_count",
    "io_read_bytes",
    "io_read_avg_time",
    "io_write_count",
    "io_write_bytes",
    "io_write_avg_time",
    "io_sync_count",
    "io_sync_avg_time",
    "io_seek_count",
    "io_seek_avg_time",
    "io_reopen_count",
    "mnesia_ram_tx_count",
    "mnesia_disk_tx_count",
    "msg_store_read_count",
    "msg_store_write_count",
    "queue_index_write_count",
    "queue_index_read_count",
];

/// RabbitMQ's share of the machine's memory.
fn memory_limit() -> u64 {
    memory("MemTotal:") * 2 / 5
}

/// A line of what the kernel tells of memory, in bytes.
fn memory(name: &str) -> u64 {
    kernel_bytes("/proc/meminfo", name)
}

/// What this process holds.
fn memory_used() -> u64 {
    kernel_bytes("/proc/self/status", "VmRSS:")
}

/// A figure that the kernel tells in KiB in a line of a file, in bytes; 0 where it tells nothing.
fn kernel_bytes(file: &str, name: &str) -> u64 {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}
