//! Sorted sets.

use super::super::config::Config;
use super::super::dict::Dict;
use super::super::double::Double;
use super::super::value::{Encoding, Value};
use super::order::{Order, Range, Scored};
use super::{ELEMENT_OVERHEAD, Kind, Part, in_value};
use crate::bytes::Bytes;
use alloc::rc::Rc;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::hash::{Hash, Hasher};

/// Sorted set: members by name, and in order of their scores.
#[derive(Clone, Debug)]
pub struct Zset {
    table: Dict<Double>,
    order: Order,
    /// Whether it is small enough to be packed; once it is not, it stays so.
    packed: bool,
    bytes: u64,
}

/// What a member costs: its score and what every element does.
fn cost(member: &[u8]) -> u64 {
    ELEMENT_OVERHEAD + 8 + member.len() as u64
}

/// A score as it is kept: packed, it is an integer if it can be, which knows one zero only.
fn kept(score: Double, packed: bool) -> Double {
    if packed { Double(score.0 + 0.0) } else { score }
}

/// A score as a packed set keeps it: a whole number to its last digit, as long as half of 64 bits hold it.
fn packed_text(score: Double) -> String {
    match score.as_packed_integer() {
        Some(whole) => whole.to_string(),
        None => score.to_text(),
    }
}

impl Kind for Zset {
    in_value!(Zset);
    fn empty(config: &Config) -> Value {
        Value::Zset(Rc::new(Zset::new(config)))
    }
    fn len(&self) -> usize {
        self.table.len()
    }
    fn encoding(&self) -> Encoding {
        if self.packed { Encoding::Listpack } else { Encoding::Skiplist }
    }
    fn size(&self) -> u64 {
        self.bytes
    }
    fn check(&self) {
        assert!(self.order.len() == self.table.len(), "every member stands in the order once");
        let bytes: u64 = self.table.keys().map(|member| cost(member)).sum();
        assert!(bytes == self.bytes, "memory is counted as it is used");
        let mut last: Option<&Scored> = None;
        for entry in self.iter() {
            assert!(last.is_none_or(|last| last < entry), "the order is one");
            assert!(self.score(&entry.1) == Some(entry.0), "a member has one score");
            last = Some(entry);
        }
    }
}

impl PartialEq for Zset {
    fn eq(&self, other: &Self) -> bool {
        self.packed == other.packed && self.table == other.table
    }
}

impl Eq for Zset {}

impl Hash for Zset {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The order follows from the scores.
        self.packed.hash(state);
        self.table.hash(state);
    }
}

impl Zset {
    /// One with nothing in it.
    pub fn new(config: &Config) -> Self {
        let packed = config.zset_max_listpack_entries > 0;
        Zset { table: Dict::default(), order: Order::default(), packed, bytes: 0 }
    }

    /// One with these members, each of which comes once, packed if it can be.
    pub fn of(entries: Vec<Scored>, config: &Config) -> Self {
        let packed = entries.len() as u64 <= config.zset_max_listpack_entries
            && entries.iter().all(|(_, member)| member.len() as u64 <= config.zset_max_listpack_value);
        let bytes = entries.iter().map(|(_, member)| cost(member)).sum();
        let mut table = Dict::default();
        let mut entries = entries;
        for (score, member) in &mut entries {
            *score = kept(*score, packed);
            table.insert(member.clone(), *score);
        }
        Zset { table, order: entries.into_iter().collect(), packed, bytes }
    }

    /// Whether it is small enough to be packed, and always was.
    pub fn is_packed(&self) -> bool {
        self.packed
    }

    /// Is packed no longer, whatever its size.
    pub fn unpack(&mut self) {
        self.packed = false;
    }

    /// A member's score.
    pub fn score(&self, member: &[u8]) -> Option<Double> {
        self.table.get(member).copied()
    }

    /// Gives a member its score, and returns the one that it had.
    pub fn insert(&mut self, member: &Bytes, score: Double, config: &Config) -> Option<Double> {
        if let Some(slot) = self.table.get_mut(member) {
            let (old, score) = (*slot, kept(score, self.packed));
            if old != score {
                *slot = score;
                self.order.rescore(old, score, member);
            }
            return Some(old);
        }
        self.packed &= (self.table.len() as u64) < config.zset_max_listpack_entries
            && member.len() as u64 <= config.zset_max_listpack_value;
        let score = kept(score, self.packed);
        self.table.insert(member.clone(), score);
        self.order.insert(score, member.clone());
        self.bytes += cost(member);
        None
    }

    /// Takes a member out, and returns its score.
    pub fn remove(&mut self, member: &[u8]) -> Option<Double> {
        let score = self.table.remove(member)?;
        self.order.remove(score, member);
        self.bytes -= cost(member);
        Some(score)
    }

    /// Takes out the members with ranks from `from` to before `to`, in their order.
    pub fn drain(&mut self, from: usize, to: usize) -> Vec<Scored> {
        let taken = self.order.drain(from, to);
        for (_, member) in &taken {
            self.table.remove(member);
            self.bytes -= cost(member);
        }
        taken
    }

    /// How many members come before this one.
    pub fn rank(&self, member: &[u8]) -> Option<usize> {
        let score = self.score(member)?;
        Some(self.order.rank(score, member))
    }

    /// How many members there are for which `is_before` says yes; they must be the first ones.
    pub fn count_before(&self, is_before: &dyn Fn(&Scored) -> bool) -> usize {
        self.order.count_before(is_before)
    }

    /// The members with ranks from `from` to before `to`, which is at most the length.
    pub fn range(&self, from: usize, to: usize) -> Range<'_> {
        self.order.range(from, to)
    }

    /// All members in their order.
    pub fn iter(&self) -> Range<'_> {
        self.order.range(0, self.order.len())
    }

    /// The member at a rank.
    pub fn nth(&self, rank: usize) -> Option<&Scored> {
        if rank < self.order.len() { self.order.range(rank, rank + 1).next() } else { None }
    }

    /// About `count` members from `cursor` on, and the cursor for what follows: 0 when nothing does. A `listpack` is given at once.
    pub fn scan(&mut self, cursor: u64, count: u64) -> Part {
        let text = |member: &Bytes, score: String| (member.clone(), Some(Bytes::from(score)));
        if self.packed {
            return (0, self.iter().map(|(score, member)| text(member, packed_text(*score))).collect());
        }
        let (next, members) = self.table.scan(cursor, count);
        (next, members.into_iter().map(|(member, score)| text(member, score.to_text())).collect())
    }
}
