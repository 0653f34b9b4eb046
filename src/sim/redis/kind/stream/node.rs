//! The nodes of a stream: entries packed together, as many as fit.

use super::super::super::config::Config;
use super::super::super::number::parse_integer;
use super::{Fields, Id};
use crate::bytes::Bytes;
use alloc::vec::Vec;

/// An entry, or what is left of one that was taken away.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// Its id.
    pub id: Id,
    /// Whether it was taken away: then it has no fields any more, but still its place.
    pub deleted: bool,
    /// Its fields.
    pub fields: Fields,
}

/// Entries that Redis keeps in one listpack.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Node {
    slots: Vec<Slot>,
    live: u64,
    /// The names of the first entry's fields: an entry with the same ones need not repeat them.
    names: Vec<Bytes>,
    master: Id,
    /// Bytes of the listpack without the two counters at its start.
    packed: u64,
}

/// The longest listpack of a stream, in bytes.
const LISTPACK_MAX: u64 = 1 << 30;
/// A listpack's head and end.
const LISTPACK_FRAME: u64 = 7;

/// The bytes that a number takes in a listpack, with those that say how many they are.
fn packed_integer(number: i64) -> u64 {
    match number {
        0..=127 => 2,
        -4096..=4095 => 3,
        -32_768..=32_767 => 4,
        -8_388_608..=8_388_607 => 5,
        -2_147_483_648..=2_147_483_647 => 6,
        _ => 10,
    }
}

/// The bytes that a string takes in a listpack: less if it reads as a number.
fn packed_text(text: &[u8]) -> u64 {
    if text.len() <= 20
        && let Some(number) = parse_integer(text)
    {
        return packed_integer(number);
    }
    let len = text.len() as u64;
    let body = len
        + match len {
            0..=63 => 1,
            64..=4095 => 2,
            _ => 5,
        };
    body + match body {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    }
}

impl Node {
    /// A node with its first entry.
    pub fn new(id: Id, fields: Fields) -> Self {
        let names: Vec<Bytes> = fields.iter().map(|(name, _)| name.clone()).collect();
        let head = packed_integer(names.len() as i64) + names.iter().map(|name| packed_text(name)).sum::<u64>();
        let packed = LISTPACK_FRAME + head + packed_integer(0);
        let mut node = Node { slots: Vec::new(), live: 0, names, master: id, packed };
        node.push(id, fields);
        node
    }

    /// A node without an entry yet, made for a first entry with these fields, for one that is read back.
    pub fn with_names(id: Id, fields: Fields) -> Self {
        let mut node = Node::new(id, fields);
        (node.slots, node.live) = (Vec::new(), 0);
        node
    }

    /// The names of the fields of the entry that the node was made for.
    pub fn names(&self) -> &[Bytes] {
        &self.names
    }

    /// Adds an entry behind the last one.
    pub fn push(&mut self, id: Id, fields: Fields) {
        let count = fields.len() as i64;
        let same = fields.iter().map(|(name, _)| name).eq(self.names.iter());
        let differences = [id.ms.wrapping_sub(self.master.ms) as i64, id.seq.wrapping_sub(self.master.seq) as i64];
        // The flags, the id, the values, and how many pieces these are.
        self.packed += packed_integer(0) + differences.iter().map(|number| packed_integer(*number)).sum::<u64>();
        self.packed += fields.iter().map(|(_, value)| packed_text(value)).sum::<u64>();
        self.packed += if same {
            packed_integer(count + 3)
        } else {
            let names = fields.iter().map(|(name, _)| packed_text(name)).sum::<u64>();
            names + packed_integer(count) + packed_integer(count * 2 + 4)
        };
        self.slots.push(Slot { id, deleted: false, fields });
        self.live += 1;
    }

    /// Adds the place of an entry that was taken away, for a node that is read back.
    pub fn push_deleted(&mut self, id: Id, fields: Fields) {
        self.push(id, fields);
        self.delete(id);
    }

    /// Whether an entry of so many bytes has to go into a new node.
    pub fn is_full(&self, more: u64, config: &Config) -> bool {
        let most = match config.stream_node_max_bytes {
            0 => LISTPACK_MAX,
            bytes => bytes.min(LISTPACK_MAX),
        };
        let counters = packed_integer(self.live as i64) + packed_integer((self.slots.len() as u64 - self.live) as i64);
        let entries = config.stream_node_max_entries;
        self.packed + counters + more >= most || (entries > 0 && self.slots.len() as u64 >= entries)
    }

    fn place(&self, id: Id) -> Option<usize> {
        let place = self.slots.binary_search_by(|slot| slot.id.cmp(&id)).ok()?;
        (!self.slots[place].deleted).then_some(place)
    }

    /// Whether an entry is there.
    pub fn has(&self, id: Id) -> bool {
        self.place(id).is_some()
    }

    /// Takes an entry away and returns what it held.
    pub fn delete(&mut self, id: Id) -> Option<Fields> {
        let place = self.place(id)?;
        let slot = &mut self.slots[place];
        slot.deleted = true;
        self.live -= 1;
        Some(core::mem::take(&mut slot.fields))
    }

    /// How many entries are there.
    pub fn live(&self) -> u64 {
        self.live
    }

    /// The entries and what is left of those taken away.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// The id of the last entry, even if it was taken away.
    pub fn last_id(&self) -> Id {
        self.slots.last().map_or(self.master, |slot| slot.id)
    }
}
