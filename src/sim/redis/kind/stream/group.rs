//! Consumer groups: how far a group has read, and what each of its consumers has not acknowledged.

use super::{Id, Stream};
use crate::bytes::Bytes;
use crate::sorted::{SortedMap, SortedSet};
use alloc::vec::Vec;

/// How many entries a group has read, when nobody can tell.
pub const UNKNOWN_READ: i64 = -1;

/// A consumer group.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Group {
    /// The last id that was delivered.
    pub last_id: Id,
    /// How many entries were read up to it; [`UNKNOWN_READ`] if nobody can tell.
    pub entries_read: i64,
    pending: SortedMap<Id, Pending>,
    consumers: SortedMap<Bytes, Consumer>,
}

/// An entry that was delivered and not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pending {
    /// To whom.
    pub consumer: Bytes,
    /// When it was delivered last, in Unix ms.
    pub delivered_ms: u64,
    /// How often it was delivered.
    pub times: u64,
}

/// A consumer of a group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Consumer {
    /// When it was heard of last, in Unix ms.
    pub seen_ms: u64,
    /// What it has not acknowledged.
    pub pending: SortedSet<Id>,
}

impl Group {
    /// A group that begins behind an id.
    pub fn new(last_id: Id, entries_read: i64) -> Self {
        Group { last_id, entries_read, pending: SortedMap::new(), consumers: SortedMap::new() }
    }

    /// What was delivered and not acknowledged, by id.
    pub fn pending(&self) -> &SortedMap<Id, Pending> {
        &self.pending
    }

    /// The consumers by their names.
    pub fn consumers(&self) -> &SortedMap<Bytes, Consumer> {
        &self.consumers
    }

    /// Notes that a consumer was heard of, and makes it if it is new; whether it is.
    pub fn meet(&mut self, name: &Bytes, now_ms: u64) -> bool {
        let new = !self.consumers.contains_key(name);
        self.consumers.get_or_insert_with(name.clone(), Consumer::default).seen_ms = now_ms;
        new
    }

    /// Makes a consumer; whether its name was free.
    pub fn add_consumer(&mut self, name: &Bytes, now_ms: u64) -> bool {
        !self.consumers.contains_key(name) && self.meet(name, now_ms)
    }

    /// Takes a consumer away with all that it has not acknowledged, and returns how much that was; `None` if it was not there.
    pub fn remove_consumer(&mut self, name: &[u8]) -> Option<u64> {
        let consumer = self.consumers.remove(name)?;
        for id in consumer.pending.iter() {
            self.pending.remove(id);
        }
        Some(consumer.pending.len() as u64)
    }

    /// Notes that an entry was delivered to a consumer that is there, whoever had it before.
    pub fn assign(&mut self, id: Id, pending: Pending) {
        let name = pending.consumer.clone();
        if let Some(before) = self.pending.insert(id, pending)
            && before.consumer != name
            && let Some(consumer) = self.consumers.get_mut(&before.consumer)
        {
            consumer.pending.remove(&id);
        }
        self.consumers.get_or_insert_with(name, Consumer::default).pending.insert(id);
    }

    /// What is noted of an entry that was not acknowledged, to be changed.
    pub fn pending_mut(&mut self, id: Id) -> Option<&mut Pending> {
        self.pending.get_mut(&id)
    }

    /// An entry is acknowledged; whether it was pending.
    pub fn acknowledge(&mut self, id: Id) -> bool {
        let Some(pending) = self.pending.remove(&id) else { return false };
        if let Some(consumer) = self.consumers.get_mut(&pending.consumer) {
            consumer.pending.remove(&id);
        }
        true
    }

    /// The ids pending for one consumer, or for all, from one id to another.
    pub fn pending_ids(&self, consumer: Option<&Consumer>, from: Id, to: Id) -> Vec<Id> {
        if from > to {
            return Vec::new();
        }
        match consumer {
            None => self.pending.range(from..=to).map(|(id, _)| *id).collect(),
            Some(consumer) => consumer.pending.iter().filter(|id| (from..=to).contains(*id)).copied().collect(),
        }
    }

    /// Sees to it that what is kept twice agrees.
    pub fn check(&self) {
        let of_consumers: usize = self.consumers.values().map(|consumer| consumer.pending.len()).sum();
        assert!(of_consumers == self.pending.len(), "what is pending for a group is pending for one consumer");
        for (id, pending) in &self.pending {
            let consumer = self.consumers.get(&pending.consumer);
            assert!(consumer.is_some_and(|consumer| consumer.pending.contains(id)), "and for the one that has it");
        }
    }
}

impl Stream {
    /// Whether an entry at or behind an id may have been taken away from between others.
    fn has_gaps_from(&self, id: Id) -> bool {
        let gap = self.max_deleted_id;
        self.len > 0 && gap != Id::MIN && self.first_id <= gap && id <= gap
    }

    /// How many entries were ever added up to an id, where that can be told.
    pub fn count_up_to(&self, id: Id) -> Option<u64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        if (self.len == 0 && id <= self.last_id) || id == self.last_id {
            return Some(self.entries_added);
        }
        let whole = self.max_deleted_id == Id::MIN || self.max_deleted_id < self.first_id;
        if id > self.last_id || !whole || id > self.first_id {
            return None;
        }
        // `entries_added` may have been set to less than there are.
        Some(self.entries_added.wrapping_sub(self.len).wrapping_add(u64::from(id == self.first_id)))
    }

    /// How many entries a group has not read yet, where that can be told.
    pub fn lag(&self, group: &Group) -> Option<i64> {
        if self.entries_added == 0 {
            return Some(0);
        }
        let read = if group.entries_read != UNKNOWN_READ && !self.has_gaps_from(group.last_id) {
            Some(group.entries_read)
        } else {
            self.count_up_to(group.last_id).map(|count| count as i64)
        };
        read.filter(|read| *read != UNKNOWN_READ).map(|read| (self.entries_added as i64).wrapping_sub(read))
    }

    /// How many entries a group that has read so many will have read with this one, which comes next.
    pub fn read_after(&self, read: i64, id: Id) -> i64 {
        if read != UNKNOWN_READ && !self.has_gaps_from(id) {
            read.wrapping_add(1)
        } else if self.entries_added > 0 {
            self.count_up_to(id).map_or(UNKNOWN_READ, |count| count as i64)
        } else {
            read
        }
    }

    /// Sees to it that what is kept twice agrees.
    pub fn check_stream(&self) {
        let live: u64 = self.nodes.values().map(|node| node.live()).sum();
        assert!(live == self.len, "a stream counts its entries");
        self.groups.values().for_each(Group::check);
    }
}
