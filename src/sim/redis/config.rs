//! Parameters that change what the store does.

use super::notify::Classes;
use super::number::parse_integer;
use super::params::{BufferLimit, buffer_limits, find};
use crate::bytes::Bytes;
use crate::sorted::SortedMap;

/// The parameters in force, named as in redis.conf.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// `hash-max-listpack-entries`
    pub hash_max_listpack_entries: u64,
    /// `hash-max-listpack-value`, in bytes
    pub hash_max_listpack_value: u64,
    /// `set-max-intset-entries`
    pub set_max_intset_entries: u64,
    /// `zset-max-listpack-entries`
    pub zset_max_listpack_entries: u64,
    /// `zset-max-listpack-value`, in bytes
    pub zset_max_listpack_value: u64,
    /// `list-max-listpack-size`: elements if positive, a class of bytes if negative
    pub list_max_listpack_size: i64,
    /// `stream-node-max-bytes`
    pub stream_node_max_bytes: u64,
    /// `stream-node-max-entries`
    pub stream_node_max_entries: u64,
    /// `hll-sparse-max-bytes`
    pub hll_sparse_max_bytes: u64,
    /// `notify-keyspace-events`
    pub notify_keyspace_events: Classes,
    /// `maxmemory-policy`
    pub maxmemory_policy: Policy,
    /// `slowlog-log-slower-than`, in microseconds; negative for never
    pub slowlog_log_slower_than: i64,
    /// `slowlog-max-len`
    pub slowlog_max_len: u64,
    /// `latency-monitor-threshold`, in milliseconds; 0 for never
    pub latency_monitor_threshold: u64,
    /// `latency-tracking`
    pub latency_tracking: bool,
    /// `maxclients`
    pub maxclients: u64,
    /// `timeout`, in seconds; 0 for none
    pub timeout: u64,
    /// `tcp-keepalive`, in seconds; 0 for none
    pub tcp_keepalive: u64,
    /// `min-replicas-to-write`
    pub min_replicas_to_write: u64,
    /// `tracking-table-max-keys`; 0 for no bound
    pub tracking_table_max_keys: u64,
    /// `lfu-log-factor` and `lfu-decay-time`, in minutes
    pub lfu: (u64, u64),
    /// `client-query-buffer-limit`, in bytes
    pub client_query_buffer_limit: u64,
    /// `client-output-buffer-limit` of normal clients, of replicas and of subscribers
    pub client_output_buffer_limit: [BufferLimit; 3],
    /// `list-compress-depth` and all others that were set, as CONFIG GET shows them.
    values: SortedMap<&'static str, Bytes>,
}

/// `maxmemory-policy`: what goes when the memory is full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Which keys may go: all, or only those with an end; `None` for none.
    pub only_volatile: Option<bool>,
    /// Which of them goes first.
    pub first: First,
}

/// Which key goes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum First {
    /// The one that was not used for longest.
    #[default]
    Lru,
    /// The one that is used least.
    Lfu,
    /// Any.
    Random,
    /// The one that expires first.
    Ttl,
}

impl Policy {
    fn parse(name: &[u8]) -> Self {
        let (scope, first) = name.split_at(name.iter().position(|byte| *byte == b'-').unwrap_or(name.len()));
        let only_volatile = match scope {
            b"allkeys" => Some(false),
            b"volatile" => Some(true),
            _ => None,
        };
        let first = match first {
            b"-lfu" => First::Lfu,
            b"-random" => First::Random,
            b"-ttl" => First::Ttl,
            _ => First::Lru,
        };
        Policy { only_volatile, first }
    }

    /// Whether how often keys are used is counted.
    pub fn is_lfu(self) -> bool {
        self.only_volatile.is_some() && self.first == First::Lfu
    }
}

impl Default for Config {
    fn default() -> Self {
        Config {
            hash_max_listpack_entries: 512,
            hash_max_listpack_value: 64,
            set_max_intset_entries: 512,
            zset_max_listpack_entries: 128,
            zset_max_listpack_value: 64,
            list_max_listpack_size: -2,
            stream_node_max_bytes: 4096,
            stream_node_max_entries: 100,
            hll_sparse_max_bytes: 3000,
            notify_keyspace_events: Classes::default(),
            maxmemory_policy: Policy::default(),
            slowlog_log_slower_than: 10_000,
            slowlog_max_len: 128,
            latency_monitor_threshold: 0,
            latency_tracking: true,
            maxclients: 10_000,
            timeout: 0,
            tcp_keepalive: 300,
            min_replicas_to_write: 0,
            tracking_table_max_keys: 1_000_000,
            lfu: (10, 1),
            client_query_buffer_limit: 1 << 30,
            client_output_buffer_limit: [(0, 0, 0), (256 << 20, 64 << 20, 60), (32 << 20, 8 << 20, 60)],
            values: SortedMap::new(),
        }
    }
}

impl Config {
    /// The value of a parameter, as CONFIG GET shows it; empty for one that does not exist.
    pub fn value(&self, name: &str) -> Bytes {
        let default = || find(name.as_bytes()).map_or(Bytes::default(), |(param, _)| Bytes::from(param.default));
        self.values.get(name).cloned().unwrap_or_else(default)
    }

    /// Whether a parameter is `yes`.
    pub fn is_on(&self, name: &str) -> bool {
        *self.value(name) == b"yes"[..]
    }

    /// A parameter that is a number.
    pub fn number(&self, name: &str) -> i64 {
        parse_integer(&self.value(name)).unwrap_or(0)
    }

    /// Sets a parameter to a value that [`super::params::Param::read`] gave.
    pub fn set(&mut self, name: &'static str, value: Bytes) {
        let number = parse_integer(&value).unwrap_or(0);
        let natural = number as u64;
        let mut kept = value.clone();
        match name {
            "hash-max-listpack-entries" => self.hash_max_listpack_entries = natural,
            "hash-max-listpack-value" => self.hash_max_listpack_value = natural,
            "set-max-intset-entries" => self.set_max_intset_entries = natural,
            "zset-max-listpack-entries" => self.zset_max_listpack_entries = natural,
            "zset-max-listpack-value" => self.zset_max_listpack_value = natural,
            "list-max-listpack-size" => self.list_max_listpack_size = number,
            "stream-node-max-bytes" => self.stream_node_max_bytes = natural,
            "stream-node-max-entries" => self.stream_node_max_entries = natural,
            "hll-sparse-max-bytes" => self.hll_sparse_max_bytes = natural,
            "notify-keyspace-events" => self.notify_keyspace_events = Classes::parse(&value).unwrap_or_default(),
            "maxmemory-policy" => self.maxmemory_policy = Policy::parse(&value),
            "slowlog-log-slower-than" => self.slowlog_log_slower_than = number,
            "slowlog-max-len" => self.slowlog_max_len = natural,
            "latency-monitor-threshold" => self.latency_monitor_threshold = natural,
            "latency-tracking" => self.latency_tracking = value == "yes",
            "maxclients" => self.maxclients = natural,
            "timeout" => self.timeout = natural,
            "tcp-keepalive" => self.tcp_keepalive = natural,
            "min-replicas-to-write" => self.min_replicas_to_write = natural,
            "tracking-table-max-keys" => self.tracking_table_max_keys = natural,
            "lfu-log-factor" => self.lfu.0 = natural,
            "lfu-decay-time" => self.lfu.1 = natural,
            "client-query-buffer-limit" => self.client_query_buffer_limit = natural,
            "client-output-buffer-limit" => kept = self.set_buffer_limits(&value),
            // It is kept, and does nothing here.
            _ => {}
        }
        self.values.insert(name, kept);
    }

    /// The classes that are named change; what CONFIG GET shows from then on.
    fn set_buffer_limits(&mut self, value: &[u8]) -> Bytes {
        let words: alloc::vec::Vec<&[u8]> = value.split(|byte| *byte == b' ').collect();
        for (class, limit) in buffer_limits(&words).unwrap_or_default() {
            self.client_output_buffer_limit[class] = limit;
        }
        let [normal, replica, pubsub] = self.client_output_buffer_limit;
        let show = |name, (hard, soft, seconds): BufferLimit| alloc::format!("{name} {hard} {soft} {seconds}");
        Bytes::from([show("normal", normal), show("slave", replica), show("pubsub", pubsub)].join(" "))
    }
}
