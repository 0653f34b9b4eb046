//! Parameters that change what the store does.

use super::notify::Classes;

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
    /// `notify-keyspace-events`
    pub notify_keyspace_events: Classes,
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
            notify_keyspace_events: Classes::default(),
        }
    }
}
