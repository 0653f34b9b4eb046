//! Groups, consumers and what they have not acknowledged.

use super::super::Value;
use super::super::kind::stream::{Group, Id, Stream};
use super::Store;
use crate::bytes::Bytes;
use alloc::vec::Vec;

/// The most groups, and of each the most consumers and pending entries, that are shown.
pub const MOST_ROWS: usize = 32;

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRow {
    /// Its name.
    pub name: Bytes,
    /// The id it has read up to.
    pub last_id: Bytes,
    /// How many entries it has not been handed yet; `None` where Redis cannot tell either.
    pub lag: Option<i64>,
    /// Its consumers.
    pub consumers: Vec<ConsumerRow>,
    /// The first entries that were delivered and not acknowledged.
    pub pending: Vec<PendingRow>,
    /// How many there are.
    pub pending_count: u64,
    /// Entries whose acknowledgement was the last thing that happened to them.
    pub acknowledged: Vec<Bytes>,
    /// Whether the group is new, or has read on.
    pub changed: bool,
}

/// A consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRow {
    /// Its name.
    pub name: Bytes,
    /// How long nothing was heard of it, in virtual ms.
    pub idle_ms: u64,
    /// How many entries it has not acknowledged.
    pub pending: u64,
    /// Whether it is new.
    pub changed: bool,
}

/// An entry that was delivered and not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingRow {
    /// Its id.
    pub id: Bytes,
    /// Whom it was delivered to.
    pub consumer: Bytes,
    /// How long ago, in virtual ms.
    pub idle_ms: u64,
    /// How often it was delivered.
    pub times: u64,
    /// Whether that was the last command's doing.
    pub changed: bool,
}

/// The groups of a stream, marked where they differ from those before, if there is a before.
pub fn groups(stream: &Stream, before: Option<&Stream>, now_ms: u64) -> Vec<GroupRow> {
    let row = |(name, group): (&Bytes, &Group)| {
        let old = before.and_then(|before| before.group(name));
        let differs = |differs: &dyn Fn(&Group) -> bool| before.is_some() && old.is_none_or(differs);
        let consumers = group.consumers().iter().take(MOST_ROWS).map(|(name, consumer)| ConsumerRow {
            name: name.clone(),
            idle_ms: now_ms.saturating_sub(consumer.seen_ms),
            pending: consumer.pending.len() as u64,
            changed: differs(&|old| old.consumers().get(name).is_none()),
        });
        let pending = group.pending().iter().take(MOST_ROWS).map(|(id, pending)| PendingRow {
            id: Bytes::from(id.text()),
            consumer: pending.consumer.clone(),
            idle_ms: now_ms.saturating_sub(pending.delivered_ms),
            times: pending.times,
            changed: differs(&|old| old.pending().get(id) != Some(pending)),
        });
        let gone = old.iter().flat_map(|old| old.pending().keys()).filter(|id| !group.pending().contains_key(*id));
        GroupRow {
            name: name.clone(),
            last_id: Bytes::from(group.last_id.text()),
            lag: stream.lag(group),
            consumers: consumers.collect(),
            pending: pending.collect(),
            pending_count: group.pending().len() as u64,
            acknowledged: gone.take(MOST_ROWS).map(|id: &Id| Bytes::from(id.text())).collect(),
            changed: differs(&|old| old.last_id != group.last_id),
        }
    };
    stream.groups().iter().take(MOST_ROWS).map(row).collect()
}

/// The stream under a key, if there is one.
pub fn stream<'s>(store: &'s Store, db: u8, key: &Bytes) -> Option<&'s Stream> {
    match &store.database(db).get(key)?.value {
        Value::Stream(stream) => Some(stream),
        Value::String(_) | Value::List(_) | Value::Set(_) | Value::Hash(_) | Value::Zset(_) => None,
    }
}
