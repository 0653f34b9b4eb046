//! How much of everything the broker holds, and why that much.

/// Channels of one connection: what RabbitMQ offers in `connection.tune`.
pub const CHANNEL_MAX: u16 = 2047;
/// Bytes of one body: RabbitMQ's default `max_message_size`.
pub const BODY_MAX: u64 = 134_217_728;
/// Connections at once. A page shows a few dozen; `warren server` may meet a load test.
pub const CONNECTIONS_MAX: usize = 10_000;
/// Queues of one virtual host.
pub const QUEUES_MAX: usize = 100_000;
/// Exchanges of one virtual host.
pub const EXCHANGES_MAX: usize = 100_000;
/// Bindings of one exchange. Routing is to stay quick at 100,000; ten times that is still some hundred megabytes.
pub const BINDINGS_MAX: u64 = 1_000_000;
/// Copies in all queues together, ready and unacked: about a gigabyte of bookkeeping.
pub const COPIES_MAX: u64 = 2_000_000;
/// Body bytes in all queues together, each copy counted. A page has 4 GB of address space at most.
pub const BYTES_MAX: u64 = 1 << 30;
/// What a broker holds at most; `warren server` may be told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Copies in all queues together.
    pub copies: u64,
    /// Body bytes in all queues together.
    pub bytes: u64,
}

impl core::hash::Hash for Limits {
    /// Nothing: what a world may hold at most is no part of what it is, and every world of the page has the same.
    fn hash<H: core::hash::Hasher>(&self, _: &mut H) {}
}

impl Default for Limits {
    fn default() -> Self {
        Limits { copies: COPIES_MAX, bytes: BYTES_MAX }
    }
}

/// Bindings that did not match are told in a routing event up to this many; a list beyond it helps nobody.
pub const DECISIONS_SHOWN: usize = 200;
/// Decisions told in a routing event at most, those that matched included: a fanout to 100,000 queues is told as a number.
pub const MATCHES_SHOWN: usize = 1_000;
/// Consumers of one channel.
pub const CONSUMERS_MAX: usize = 10_000;
/// The longest time to live in ms that RabbitMQ accepts: ten years.
pub const EXPIRY_MAX_MS: i64 = 315_360_000_000;
/// Virtual hosts.
pub const VHOSTS_MAX: usize = 1_000;
/// Bytes of a definitions file. A broker with 100,000 bindings exports some 20 MB.
pub const DEFINITIONS_MAX: usize = 64 << 20;
