//! What panels show of the store: plain data, nothing decided.
//!
//! [`keys`] lists a database; [`change`] says what became of a key between two moments; what a value may stand for is in `special`, the
//! groups of a stream in `stream`.

mod changes;
mod special;
mod stream;

pub use changes::{Change, Difference, MOST_TOLD, change};
pub use special::{HyperLogLog, PlaceRow};
pub use stream::{ConsumerRow, GroupRow, MOST_ROWS, PendingRow};

use super::Value;
use super::keyspace::Entry;
use super::kind::Scored;
use super::kind::stream::{Fields, Id, Stream};
use super::store::{ClientId, Store};
use crate::bytes::Bytes;
use alloc::{borrow::Cow, vec::Vec};

/// A key as a list of keys shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRow {
    /// The key.
    pub key: Bytes,
    /// The type's name as TYPE prints it.
    pub type_name: &'static str,
    /// The encoding's name as OBJECT ENCODING prints it.
    pub encoding: &'static str,
    /// How long it has to live, in virtual milliseconds; `None` if it stays.
    pub ttl_ms: Option<u64>,
    /// Bytes of content.
    pub size: u64,
    /// The first bytes of a string.
    pub bytes: Bytes,
    /// The first elements of a collection.
    pub elements: Vec<Element>,
    /// How many elements it has; the bytes of a string.
    pub count: u64,
    /// A string's bits that are 1, in all of it.
    pub ones: u64,
    /// The members of a sorted set as places, if they can be.
    pub places: Option<Vec<PlaceRow>>,
    /// What a string says of itself that is a `HyperLogLog`.
    pub hyperloglog: Option<HyperLogLog>,
}

/// An element of a collection: a list's has nothing beside it, a set's neither; a hash has its value, a sorted set its score, a stream
/// its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// The element, member, field or id.
    pub name: Bytes,
    /// What stands beside it; empty for lists and sets.
    pub value: Bytes,
}

/// The first elements of a collection, at most `most`, in its own order.
fn elements(value: &Value, most: usize) -> Vec<Element> {
    let alone = |name: Bytes| Element { name, value: Bytes::default() };
    match value {
        Value::String(_) => Vec::new(),
        Value::List(list) => list.iter().take(most).cloned().map(alone).collect(),
        Value::Set(set) => set.iter().take(most).map(alone).collect(),
        Value::Hash(hash) => {
            let pair = |(name, value): (&Bytes, &Bytes)| Element { name: name.clone(), value: value.clone() };
            hash.iter().take(most).map(pair).collect()
        }
        Value::Zset(zset) => {
            let scored =
                |(score, member): &Scored| Element { name: member.clone(), value: Bytes::from(score.to_text()) };
            zset.iter().take(most).map(scored).collect()
        }
        Value::Stream(stream) => {
            let entry =
                |(id, fields): (Id, &Fields)| Element { name: Bytes::from(id.text()), value: fields_text(fields) };
            stream.range(Id::MIN, Id::MAX).take(most).map(entry).collect()
        }
    }
}

/// The fields of a stream's entry in a line.
fn fields_text(fields: &Fields) -> Bytes {
    let pairs: Vec<Vec<u8>> = fields.iter().map(|(name, value)| [&name[..], b"=", &value[..]].concat()).collect();
    Bytes::from(pairs.join(&b' '))
}

/// The groups of the stream under a key, marked where they differ from those at a moment before.
pub fn groups(store: &Store, before: Option<&Store>, db: u8, key: &Bytes, now_ms: u64) -> Vec<GroupRow> {
    let none = Stream::default();
    // Where there was no stream before, all of it is new.
    let old = before.map(|before| stream::stream(before, db, key).unwrap_or(&none));
    stream::stream(store, db, key).map(|stream| stream::groups(stream, old, now_ms)).unwrap_or_default()
}

/// How many keys a database has that can be seen at `now_ms`.
pub fn key_count(store: &Store, db: u8, now_ms: u64) -> u64 {
    store.database(db).iter().filter(|(_, entry)| !entry.is_over(now_ms)).count() as u64
}

/// The most elements of a collection that a row carries.
const MOST_ELEMENTS: usize = 64;

/// The keys of a database that can be seen at `now_ms`, in alphabetical order: at most `most_keys`, each with at most `most_bytes` of
/// its value.
pub fn keys(store: &Store, db: u8, now_ms: u64, most_keys: usize, most_bytes: usize) -> Vec<KeyRow> {
    // Put in order one by one, so that no more than what is shown is ever moved about.
    let mut alive: Vec<(&Bytes, &Entry)> = Vec::new();
    for found in store.database(db).iter().filter(|(_, entry)| !entry.is_over(now_ms)) {
        let (Ok(place) | Err(place)) = alive.binary_search_by(|(key, _)| (*key).cmp(found.0));
        if place < most_keys {
            alive.insert(place, found);
            alive.truncate(most_keys);
        }
    }
    let row = |(key, entry): (&Bytes, &Entry)| {
        let bytes = match &entry.value {
            Value::String(text) => text.bytes(),
            Value::List(_) | Value::Set(_) | Value::Hash(_) | Value::Zset(_) | Value::Stream(_) => Cow::default(),
        };
        KeyRow {
            key: key.clone(),
            type_name: entry.value.type_name(),
            encoding: entry.value.encoding().name(),
            ttl_ms: entry.expires_at_ms.map(|last| last.saturating_sub(now_ms)),
            size: entry.value.size(),
            bytes: Bytes::from(&bytes[..bytes.len().min(most_bytes)]),
            elements: elements(&entry.value, MOST_ELEMENTS),
            count: entry.value.count(),
            ones: bytes.iter().map(|byte| u64::from(byte.count_ones())).sum(),
            hyperloglog: special::hyperloglog(&bytes),
            places: match &entry.value {
                Value::Zset(zset) => special::places(zset, MOST_ELEMENTS),
                Value::String(_) | Value::List(_) | Value::Set(_) | Value::Hash(_) | Value::Stream(_) => None,
            },
        }
    };
    alive.into_iter().map(row).collect()
}

/// A connected client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientRow {
    /// Its number.
    pub id: ClientId,
    /// The database it has selected.
    pub db: u8,
    /// The name it gave itself; empty for none.
    pub name: Bytes,
}

/// Every connected client.
pub fn clients(store: &Store) -> Vec<ClientRow> {
    store.clients().map(|(id, client)| ClientRow { id, db: client.db, name: client.name.clone() }).collect()
}
