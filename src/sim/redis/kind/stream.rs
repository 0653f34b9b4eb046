//! Streams: entries in the order of their ids, packed in nodes, and the groups that consume them.
//!
//! Redis keeps a radix tree of packed nodes; a node is closed when it has so many entries or bytes (`stream-node-max-entries`,
//! `stream-node-max-bytes`). `XTRIM ~` takes away whole nodes only, so the nodes here are closed where Redis closes them.

mod group;
mod node;

pub use group::{Consumer, Group, Pending, UNKNOWN_READ};
pub use node::{Node, Slot};

use super::super::config::Config;
use super::super::value::{Encoding, Value};
use super::{ELEMENT_OVERHEAD, Kind, in_value};
use crate::bytes::Bytes;
use crate::sorted::SortedMap;
use alloc::{format, rc::Rc, string::String, vec::Vec};

/// The id of an entry: milliseconds and a number within them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Milliseconds since 1970, by convention.
    pub ms: u64,
    /// The number within the millisecond.
    pub seq: u64,
}

impl Id {
    /// The smallest.
    pub const MIN: Id = Id { ms: 0, seq: 0 };
    /// The largest.
    pub const MAX: Id = Id { ms: u64::MAX, seq: u64::MAX };

    /// The next one; none behind the largest.
    pub fn next(self) -> Option<Id> {
        match (self.ms, self.seq) {
            (u64::MAX, u64::MAX) => None,
            (ms, u64::MAX) => Some(Id { ms: ms + 1, seq: 0 }),
            (ms, seq) => Some(Id { ms, seq: seq + 1 }),
        }
    }

    /// The one before; none before the smallest.
    pub fn previous(self) -> Option<Id> {
        match (self.ms, self.seq) {
            (0, 0) => None,
            (ms, 0) => Some(Id { ms: ms - 1, seq: u64::MAX }),
            (ms, seq) => Some(Id { ms, seq: seq - 1 }),
        }
    }

    /// As clients see it.
    pub fn text(self) -> String {
        format!("{}-{}", self.ms, self.seq)
    }
}

/// The id of an entry to be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewId {
    /// `*`: made of the clock.
    Auto,
    /// `5-*`: the next one within a millisecond.
    Within(u64),
    /// A whole id.
    Whole(Id),
}

/// Why an entry cannot be added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Its id is not above the last one.
    TooSmall,
    /// There is no number left within its millisecond.
    NoNumberLeft,
}

/// How a stream is trimmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// To so many entries.
    Length(u64),
    /// To entries that are not below an id.
    From(Id),
}

/// The fields of an entry with their values, in the order in which they were given.
pub type Fields = Vec<(Bytes, Bytes)>;

/// A stream.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Stream {
    /// The nodes by the id of the first entry that each was made for.
    nodes: SortedMap<Id, Rc<Node>>,
    len: u64,
    bytes: u64,
    /// The largest id that was ever given, or set by XSETID.
    pub last_id: Id,
    /// The id of the first entry; 0-0 if there is none.
    pub first_id: Id,
    /// The largest id that XDEL took away.
    pub max_deleted_id: Id,
    /// How many entries were ever added.
    pub entries_added: u64,
    groups: SortedMap<Bytes, Group>,
}

impl Kind for Stream {
    in_value!(Stream);
    fn empty(_: &Config) -> Value {
        Value::Stream(Rc::default())
    }
    fn len(&self) -> usize {
        self.len as usize
    }
    fn encoding(&self) -> Encoding {
        Encoding::Stream
    }
    fn size(&self) -> u64 {
        self.bytes
    }
}

fn cost(fields: &[(Bytes, Bytes)]) -> u64 {
    ELEMENT_OVERHEAD + fields.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum::<u64>()
}

impl Stream {
    /// The id that an entry would get that is added now.
    pub fn new_id(&self, wanted: NewId, now_ms: u64) -> Result<Id, Refusal> {
        let id = match wanted {
            NewId::Whole(id) => id,
            NewId::Within(ms) if ms == self.last_id.ms => {
                Id { ms, seq: self.last_id.seq.checked_add(1).ok_or(Refusal::NoNumberLeft)? }
            }
            NewId::Within(ms) => Id { ms, seq: 0 },
            NewId::Auto if now_ms > self.last_id.ms => Id { ms: now_ms, seq: 0 },
            NewId::Auto => self.last_id.next().ok_or(Refusal::TooSmall)?,
        };
        if id <= self.last_id { Err(Refusal::TooSmall) } else { Ok(id) }
    }

    /// Adds an entry whose id is above the last one.
    pub fn append(&mut self, id: Id, fields: Fields, config: &Config) {
        self.bytes += cost(&fields);
        let text: u64 = fields.iter().map(|(name, value)| (name.len() + value.len()) as u64).sum();
        let last =
            self.nodes.last_key_value().filter(|(_, node)| !node.is_full(text, config)).map(|(master, _)| *master);
        match last.and_then(|master| self.nodes.get_mut(&master)) {
            Some(node) => Rc::make_mut(node).push(id, fields),
            None => {
                self.nodes.insert(id, Rc::new(Node::new(id, fields)));
            }
        }
        self.len += 1;
        self.entries_added += 1;
        self.last_id = id;
        if self.len == 1 {
            self.first_id = id;
        }
    }

    /// The entries from one id to another, both included, in order.
    pub fn range(&self, from: Id, to: Id) -> impl DoubleEndedIterator<Item = (Id, &Fields)> {
        // Entries below the first node's id that may still be within: those of the node before.
        let start = self.nodes.range(..=from).next_back().map_or(from, |(master, _)| *master);
        let nodes = (start <= to).then(|| self.nodes.range(start..=to));
        let within = move |slot: &&Slot| slot.id >= from && slot.id <= to && !slot.deleted;
        nodes
            .into_iter()
            .flatten()
            .flat_map(move |(_, node)| node.slots().iter().filter(within).map(|slot| (slot.id, &slot.fields)))
    }

    /// The entry of an id.
    pub fn entry(&self, id: Id) -> Option<&Fields> {
        self.range(id, id).next().map(|(_, fields)| fields)
    }

    /// The id of the last entry that is there; 0-0 if there is none.
    pub fn last_entry_id(&self) -> Id {
        self.range(Id::MIN, Id::MAX).next_back().map_or(Id::MIN, |(id, _)| id)
    }

    /// Takes entries away by their ids, and returns how many were there.
    pub fn delete(&mut self, ids: &[Id]) -> u64 {
        let mut deleted = 0;
        for id in ids {
            let Some(master) = self.nodes.range(..=*id).next_back().map(|(master, _)| *master) else { continue };
            let Some(node) = self.nodes.get_mut(&master) else { continue };
            if !node.has(*id) {
                continue;
            }
            let node = Rc::make_mut(node);
            self.bytes -= node.delete(*id).map_or(0, |fields| cost(&fields));
            if node.live() == 0 {
                self.nodes.remove(&master);
            }
            self.len -= 1;
            self.max_deleted_id = self.max_deleted_id.max(*id);
            deleted += 1;
        }
        if deleted > 0 {
            self.find_first();
        }
        deleted
    }

    fn find_first(&mut self) {
        let first = self.range(Id::MIN, Id::MAX).next().map(|(id, _)| id);
        self.first_id = first.unwrap_or(Id::MIN);
    }

    /// Takes away what is beyond a bound, in whole nodes only if that is wanted (`approximate`), and not more than `limit` entries if
    /// that is not 0. Returns how many it took away.
    pub fn trim(&mut self, bound: Bound, approximate: bool, limit: u64) -> u64 {
        let mut deleted = 0;
        while let Some((master, node)) = self.nodes.first_key_value() {
            let (master, live) = (*master, node.live());
            if matches!(bound, Bound::Length(most) if self.len <= most) || (limit > 0 && deleted + live > limit) {
                break;
            }
            let whole = match bound {
                Bound::Length(most) => self.len - live >= most,
                Bound::From(id) => node.last_id() < id,
            };
            if whole {
                self.bytes -=
                    node.slots().iter().filter(|slot| !slot.deleted).map(|slot| cost(&slot.fields)).sum::<u64>();
                self.len -= live;
                deleted += live;
                self.nodes.remove(&master);
                continue;
            }
            if approximate {
                break;
            }
            let within = node.slots().iter().filter(|slot| !slot.deleted).map(|slot| slot.id);
            let gone: Vec<Id> = match bound {
                Bound::Length(most) => within.take((self.len - most) as usize).collect(),
                Bound::From(id) => within.take_while(|own| *own < id).collect(),
            };
            if let Some(node) = self.nodes.get_mut(&master) {
                let node = Rc::make_mut(node);
                self.bytes -= gone.iter().filter_map(|id| node.delete(*id)).map(|fields| cost(&fields)).sum::<u64>();
            }
            self.len -= gone.len() as u64;
            deleted += gone.len() as u64;
            break;
        }
        if deleted > 0 {
            self.find_first();
        }
        deleted
    }

    /// The nodes.
    pub fn nodes(&self) -> impl DoubleEndedIterator<Item = (Id, &Node)> {
        self.nodes.iter().map(|(master, node)| (*master, &**node))
    }

    /// How many nodes Redis's radix tree of these nodes has: `radix-tree-nodes` of XINFO.
    pub fn tree_nodes(&self) -> u64 {
        let keys: Vec<[u8; 16]> = self
            .nodes
            .keys()
            .map(|id| {
                let mut key = [0; 16];
                key[..8].copy_from_slice(&id.ms.to_be_bytes());
                key[8..].copy_from_slice(&id.seq.to_be_bytes());
                key
            })
            .collect();
        if keys.is_empty() { 1 } else { tree_nodes(&keys, 0) }
    }

    /// A node that is already whole, for a stream that is read back.
    pub fn restore_node(&mut self, master: Id, node: Node) {
        self.len += node.live();
        self.bytes += node.slots().iter().filter(|slot| !slot.deleted).map(|slot| cost(&slot.fields)).sum::<u64>();
        self.nodes.insert(master, Rc::new(node));
    }

    /// The groups by their names.
    pub fn groups(&self) -> &SortedMap<Bytes, Group> {
        &self.groups
    }

    /// A group.
    pub fn group(&self, name: &[u8]) -> Option<&Group> {
        self.groups.get(name)
    }

    /// A group, to be changed.
    pub fn group_mut(&mut self, name: &[u8]) -> Option<&mut Group> {
        self.groups.get_mut(name)
    }

    /// Adds a group; whether its name was free.
    pub fn add_group(&mut self, name: Bytes, group: Group) -> bool {
        let free = !self.groups.contains_key(&name);
        if free {
            self.groups.insert(name, group);
        }
        free
    }

    /// Takes a group away; whether it was there.
    pub fn remove_group(&mut self, name: &[u8]) -> bool {
        self.groups.remove(name).is_some()
    }
}

/// The nodes of a radix tree of these keys below their first `depth` bytes: a leaf for each key, a node for each fork, and one for each
/// stretch without forks.
fn tree_nodes(keys: &[[u8; 16]], depth: usize) -> u64 {
    let (first, last) = (keys[0], keys[keys.len() - 1]);
    if keys.len() == 1 {
        return 1 + u64::from(depth < first.len());
    }
    let fork = (depth..first.len()).find(|place| first[*place] != last[*place]).unwrap_or(first.len() - 1);
    let branches = keys.chunk_by(|one, other| one[fork] == other[fork]);
    u64::from(fork > depth) + 1 + branches.map(|branch| tree_nodes(branch, fork + 1)).sum::<u64>()
}
