//! A dictionary of the store: found by hash, kept in an order that does not depend on the target.
//!
//! Redis's own hash tables give their entries in an order that depends on a random seed. Here the order is that of insertion, except that
//! the last entry takes the place of one that is removed. SCAN walks from the end to the start: whatever leaves or comes meanwhile,
//! an entry that stays is seen, because it can only ever move towards the start. So that it is not seen again where it moved to, places
//! are noted from the first part of a walk on ([`Walk`]); who never scans pays nothing.

use crate::bytes::Bytes;
use crate::hash::QuickHasher;
use crate::prng::Prng;
use alloc::{boxed::Box, vec::Vec};
use core::hash::{BuildHasherDefault, Hash, Hasher};
use indexmap::IndexMap;

/// Entries by name.
#[derive(Clone, Debug)]
pub struct Dict<V> {
    map: IndexMap<Bytes, V, BuildHasherDefault<QuickHasher>>,
    walk: Option<Box<Walk>>,
}

/// Where entries stand for those who scan. Each has a number that stays: its place when numbers were first given, later ones count on.
/// Numbers are given up when there are far more of them than entries, which is as if a hash table of Redis were resized: every entry
/// then stands at its number or before it, so none is missed, but some may be seen again.
#[derive(Clone, Debug)]
struct Walk {
    /// The number of the entry at each place.
    numbers: Vec<u32>,
    /// The place of the entry with each number, or [`GONE`].
    places: Vec<u32>,
}

const GONE: u32 = u32::MAX;
/// So many numbers for each entry, and some more, are kept.
const NUMBERS_FOR_ONE: usize = 4;
const NUMBERS_MORE: usize = 4096;
/// So many places may be looked at for each entry that is wanted, as in Redis.
const LOOKS_FOR_ONE: u64 = 10;

impl<V> Default for Dict<V> {
    fn default() -> Self {
        Dict { map: IndexMap::default(), walk: None }
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
        if let Some(walk) = &self.walk {
            walk.numbers.hash(state);
        }
    }
}

impl<V> Dict<V> {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// The value under a name.
    pub fn get(&self, name: &[u8]) -> Option<&V> {
        self.map.get(name)
    }

    /// The value under a name, to be changed.
    pub fn get_mut(&mut self, name: &[u8]) -> Option<&mut V> {
        self.map.get_mut(name)
    }

    /// Whether the name is there.
    pub fn contains(&self, name: &[u8]) -> bool {
        self.map.contains_key(name)
    }

    /// Gives a name its value, and returns the one that it had.
    pub fn insert(&mut self, name: Bytes, value: V) -> Option<V> {
        let (place, old) = self.map.insert_full(name, value);
        if old.is_none()
            && let Some(walk) = &mut self.walk
        {
            walk.numbers.push(walk.places.len() as u32);
            walk.places.push(place as u32);
            if walk.places.len() > NUMBERS_FOR_ONE * self.map.len() + NUMBERS_MORE {
                self.walk = None;
            }
        }
        old
    }

    /// Takes a name out; the last entry takes its place.
    pub fn remove(&mut self, name: &[u8]) -> Option<V> {
        let (place, _, value) = self.map.swap_remove_full(name)?;
        if let Some(walk) = &mut self.walk {
            let number = walk.numbers.swap_remove(place);
            walk.places[number as usize] = GONE;
            if let Some(moved) = walk.numbers.get(place) {
                walk.places[*moved as usize] = place as u32;
            }
        }
        Some(value)
    }

    /// Takes a name out; all that stand behind it move up.
    pub fn remove_in_order(&mut self, name: &[u8]) -> Option<V> {
        self.walk = None;
        self.map.shift_remove(name)
    }

    /// The place of a name.
    pub fn place(&self, name: &[u8]) -> Option<usize> {
        self.map.get_index_of(name)
    }

    /// The value at a place, to be changed.
    pub fn nth_mut(&mut self, place: usize) -> Option<&mut V> {
        self.map.get_index_mut(place).map(|(_, value)| value)
    }

    /// The entry at a place, from 0.
    pub fn nth(&self, place: usize) -> Option<(&Bytes, &V)> {
        self.map.get_index(place)
    }

    /// All entries in their order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Bytes, &V)> + ExactSizeIterator {
        self.map.iter()
    }

    /// The names in their order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &Bytes> + ExactSizeIterator {
        self.map.keys()
    }

    /// Any entry, each with the same chance.
    pub fn random(&self, prng: &mut Prng) -> Option<(&Bytes, &V)> {
        if self.is_empty() { None } else { self.nth(prng.below(self.len() as u64) as usize) }
    }

    /// Up to `count` entries from `cursor` on, and the cursor for what follows: 0 when nothing does. A walk begins with 0.
    pub fn scan(&mut self, cursor: u64, count: u64) -> (u64, Vec<(&Bytes, &V)>) {
        let numbers = self.walk.as_ref().map_or(self.len(), |walk| walk.places.len()) as u64;
        // A cursor is how many numbers, from the first, are still to be looked at.
        let mut left = if cursor == 0 { numbers } else { cursor.min(numbers) };
        let last = left.saturating_sub(count.saturating_mul(LOOKS_FOR_ONE));
        let mut places = Vec::new();
        while left > last && (places.len() as u64) < count {
            left -= 1;
            let place = self.walk.as_ref().map_or(left as u32, |walk| walk.places[left as usize]);
            if place != GONE {
                places.push(place as usize);
            }
        }
        if left > 0 && self.walk.is_none() {
            let numbers: Vec<u32> = (0..self.len() as u32).collect();
            self.walk = Some(Box::new(Walk { places: numbers.clone(), numbers }));
        }
        (left, places.into_iter().filter_map(|place| self.nth(place)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{collections::BTreeSet, format};

    #[test]
    fn a_scan_sees_every_entry_that_stays_once() {
        let mut dict = Dict::default();
        for n in 0..300 {
            dict.insert(Bytes::from(format!("key:{n}")), n);
        }
        let (mut seen, mut cursor, mut round) = (BTreeSet::new(), 0, 0);
        loop {
            let (next, entries) = dict.scan(cursor, 7);
            for (name, _) in entries {
                assert!(seen.insert(name.clone()), "{name:?} was seen before");
            }
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

    #[test]
    fn numbers_are_given_up_and_nothing_is_missed() {
        let mut dict = Dict::default();
        for n in 0..100 {
            dict.insert(Bytes::from(format!("key:{n}")), n);
        }
        let (mut seen, mut cursor, mut given_up) = (BTreeSet::new(), 0, false);
        loop {
            let (next, entries) = dict.scan(cursor, 7);
            seen.extend(entries.iter().map(|(name, _)| (*name).clone()));
            for n in 0..900 {
                dict.insert(Bytes::from(format!("new:{n}")), 0);
                dict.remove(format!("new:{}", n / 2).as_bytes());
                dict.remove(format!("new:{n}").as_bytes());
            }
            given_up |= dict.walk.is_none();
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        assert!(given_up && (0..100).all(|n| seen.contains(&Bytes::from(format!("key:{n}")))));
    }
}
