//! A dictionary of the store: found by hash, kept in an order that does not depend on the target.
//!
//! Redis's own hash tables give their entries in an order that depends on a random seed. Here the order is that of insertion, except that
//! the last entry takes the place of one that is removed. So SCAN walks from the end to the start: whatever leaves or comes meanwhile,
//! an entry that stays is seen, because it can only ever move towards the start.

use crate::bytes::Bytes;
use crate::hash::QuickHasher;
use crate::prng::Prng;
use core::hash::{BuildHasherDefault, Hash, Hasher};
use indexmap::IndexMap;

/// Entries by name.
#[derive(Clone, Debug)]
pub struct Dict<V>(IndexMap<Bytes, V, BuildHasherDefault<QuickHasher>>);

impl<V> Default for Dict<V> {
    fn default() -> Self {
        Dict(IndexMap::default())
    }
}

impl<V: PartialEq> PartialEq for Dict<V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<V: Eq> Eq for Dict<V> {}

impl<V: Hash> Hash for Dict<V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        self.iter().for_each(|entry| entry.hash(state));
    }
}

impl<V> Dict<V> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value under a name.
    pub fn get(&self, name: &[u8]) -> Option<&V> {
        self.0.get(name)
    }

    /// The value under a name, to be changed.
    pub fn get_mut(&mut self, name: &[u8]) -> Option<&mut V> {
        self.0.get_mut(name)
    }

    /// Whether the name is there.
    pub fn contains(&self, name: &[u8]) -> bool {
        self.0.contains_key(name)
    }

    /// Gives a name its value, and returns the one that it had.
    pub fn insert(&mut self, name: Bytes, value: V) -> Option<V> {
        self.0.insert(name, value)
    }

    /// Takes a name out; the last entry takes its place.
    pub fn remove(&mut self, name: &[u8]) -> Option<V> {
        self.0.swap_remove(name)
    }

    /// Takes a name out; all that stand behind it move up.
    pub fn remove_in_order(&mut self, name: &[u8]) -> Option<V> {
        self.0.shift_remove(name)
    }

    /// The place of a name.
    pub fn place(&self, name: &[u8]) -> Option<usize> {
        self.0.get_index_of(name)
    }

    /// The value at a place, to be changed.
    pub fn nth_mut(&mut self, place: usize) -> Option<&mut V> {
        self.0.get_index_mut(place).map(|(_, value)| value)
    }

    /// The entry at a place, from 0.
    pub fn nth(&self, place: usize) -> Option<(&Bytes, &V)> {
        self.0.get_index(place)
    }

    /// All entries in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Bytes, &V)> + ExactSizeIterator {
        self.0.iter()
    }

    /// The names in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Bytes> + ExactSizeIterator {
        self.0.keys()
    }

    /// Any entry, each with the same chance.
    pub fn random(&self, prng: &mut Prng) -> Option<(&Bytes, &V)> {
        if self.is_empty() { None } else { self.nth(prng.below(self.len() as u64) as usize) }
    }

    /// Up to `count` entries from `cursor` on, and the cursor for what follows: 0 when nothing does. A walk begins with 0.
    pub fn scan(&self, cursor: u64, count: u64) -> (u64, impl Iterator<Item = (&Bytes, &V)>) {
        let len = self.len() as u64;
        // A cursor is how many entries, from the start, are still to be seen.
        let end = if cursor == 0 { len } else { cursor.min(len) };
        let start = end.saturating_sub(count);
        (start, (start as usize..end as usize).rev().filter_map(|place| self.nth(place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{collections::BTreeSet, format, vec::Vec};

    #[test]
    fn a_scan_sees_every_entry_that_stays() {
        let mut dict = Dict::default();
        for n in 0..300 {
            dict.insert(Bytes::from(format!("key:{n}")), n);
        }
        let (mut seen, mut cursor, mut round) = (BTreeSet::new(), 0, 0);
        loop {
            let (next, entries) = dict.scan(cursor, 7);
            seen.extend(entries.map(|(name, _)| name.clone()).collect::<Vec<_>>());
            // In the middle of it, some leave and others come.
            dict.remove(format!("key:{}", 200 + round).as_bytes());
            dict.remove(format!("key:{}", 290 - round).as_bytes());
            dict.insert(Bytes::from(format!("new:{round}")), 0);
            round += 1;
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        assert!((0..200).all(|n| seen.contains(&Bytes::from(format!("key:{n}")))));
    }
}
