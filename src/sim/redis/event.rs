//! What a person can see the store do.

use super::store::ClientId;
use super::value::Value;
use crate::bytes::Bytes;
use alloc::vec::Vec;

/// Something that happened in the store, in the past tense.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A client's command was run or refused. What it changed comes before it, in order.
    Called {
        /// Who called.
        client: ClientId,
        /// The database it had selected before the command.
        db: u8,
        /// The command's name and arguments.
        args: Vec<Bytes>,
        /// The keys among the arguments.
        keys: Vec<Bytes>,
        /// What kind of answer it got.
        reply: ReplyKind,
    },
    /// A key's value or life changed. `how` is the name that Redis's keyspace notifications give it (`set`, `incrby`, `expire`,
    /// `del`, `expired`, `rename_from` ...).
    KeyChanged {
        /// Which of the 16 databases.
        db: u8,
        /// The key.
        key: Bytes,
        /// The notification's name.
        how: &'static str,
        /// What was there before; `None` if nothing, or if only the life changed.
        old: Option<Glimpse>,
        /// What is there now; `None` if nothing, or if only the life changed.
        new: Option<Glimpse>,
        /// When the key will expire, in milliseconds of the virtual clock.
        expires_at_ms: Option<u64>,
    },
    /// A whole database was emptied.
    Flushed {
        /// Which of the 16 databases.
        db: u8,
        /// How many keys were in it.
        keys: u64,
    },
    /// Two databases changed places.
    Swapped {
        /// The one.
        first: u8,
        /// The other.
        second: u8,
    },
}

impl Event {
    /// The name of its kind, for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::Called { .. } => "Called",
            Event::KeyChanged { .. } => "KeyChanged",
            Event::Flushed { .. } => "Flushed",
            Event::Swapped { .. } => "Swapped",
        }
    }
}

/// The kind of a reply, without its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReplyKind {
    /// A short word of success.
    Status,
    /// A refusal.
    Error,
    /// A number.
    Integer,
    /// Bytes.
    Bulk,
    /// Nothing.
    Nil,
    /// Several replies.
    Array,
}

/// The beginning of a value: enough to show, little enough to keep with every event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Glimpse {
    /// The type's name as TYPE prints it.
    pub type_name: &'static str,
    /// The first bytes of a string, at most [`Glimpse::LIMIT`].
    pub bytes: Bytes,
    /// How many bytes the whole string has, or how many elements the collection.
    pub len: u64,
}

impl Glimpse {
    /// The most bytes that an event keeps of a value.
    pub const LIMIT: usize = 256;

    /// The beginning of `value`.
    pub fn of(value: &Value) -> Self {
        let (type_name, len) = (value.type_name(), value.count());
        let bytes = match value {
            Value::String(text) => {
                let bytes = text.bytes();
                Bytes::from(&bytes[..bytes.len().min(Self::LIMIT)])
            }
            Value::List(_) | Value::Set(_) | Value::Hash(_) | Value::Zset(_) | Value::Stream(_) => Bytes::default(),
        };
        Glimpse { type_name, bytes, len }
    }
}
