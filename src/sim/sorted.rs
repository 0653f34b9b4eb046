//! Sorted maps and sets, and sorting, in little code.
//!
//! The standard `BTreeMap` and `sort` are quick, but each type they are used with costs some kilobytes of WebAssembly, and the
//! page is downloaded before anything is seen. Here a map is a list of short sorted lists: a look-up is two binary searches,
//! and an insertion moves at most one short list, so both stay quick with a hundred thousand entries. The methods have the
//! names and the meaning that they have in `BTreeMap`, and equal contents give the hash that a `BTreeMap` gives.

mod set;
mod sort;

pub use set::{Members, SortedSet};
pub use sort::{sort_by, sort_by_key};

use alloc::{vec, vec::Vec};
use core::borrow::Borrow;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::{Bound, Index, RangeBounds};
use core::slice;

/// Entries of one short list; a list that grows beyond it is cut in two.
const CHUNK_MAX: usize = 128;

/// A map whose entries stand in the order of their keys.
#[derive(Clone)]
pub struct SortedMap<K, V> {
    /// No list is empty, and every key of a list is smaller than the keys of the next one.
    chunks: Vec<Vec<(K, V)>>,
    /// Entries of all lists together.
    len: usize,
}

impl<K, V> Default for SortedMap<K, V> {
    fn default() -> Self {
        SortedMap::new()
    }
}

/// A binary search, the same code for all types: where `compare` finds what is sought, or where that would be put.
fn search(len: usize, compare: &dyn Fn(usize) -> Ordering) -> Result<usize, usize> {
    let (mut from, mut to) = (0, len);
    while from < to {
        let middle = from + (to - from) / 2;
        match compare(middle) {
            Ordering::Less => from = middle + 1,
            Ordering::Equal => return Ok(middle),
            Ordering::Greater => to = middle,
        }
    }
    Err(from)
}

/// Where an entry stands: which list, and which place in it.
type Place = (usize, usize);

impl<K, V> SortedMap<K, V> {
    /// A map with nothing in it.
    pub const fn new() -> Self {
        SortedMap { chunks: Vec::new(), len: 0 }
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        *self = SortedMap::new();
    }

    /// The entries, smallest key first.
    pub fn iter(&self) -> Iter<'_, K, V> {
        Iter { front: [].iter(), chunks: self.chunks.iter(), back: [].iter() }
    }

    /// The entries, smallest key first, with values that can be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.chunks.iter_mut().flatten().map(|(key, value)| (&*key, value))
    }

    /// The keys, smallest first.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + Clone {
        self.iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + Clone {
        self.iter().map(|(_, value)| value)
    }

    /// The values in the order of their keys, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.chunks.iter_mut().flatten().map(|(_, value)| value)
    }

    /// The keys, smallest first; the values are dropped.
    pub fn into_keys(self) -> impl Iterator<Item = K> {
        self.into_iter().map(|(key, _)| key)
    }

    /// The values in the order of their keys; the keys are dropped.
    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.into_iter().map(|(_, value)| value)
    }

    /// The entry with the smallest key.
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.iter().next()
    }

    /// The entry with the largest key.
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.iter().next_back()
    }

    /// Takes out the entry with the smallest key.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.is_empty()).then(|| self.take((0, 0)))
    }

    /// Keeps the entries of which `keep` says yes.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        for chunk in &mut self.chunks {
            chunk.retain_mut(|(key, value)| keep(key, value));
        }
        self.chunks.retain(|chunk| !chunk.is_empty());
        self.len = self.chunks.iter().map(Vec::len).sum();
    }

    fn take(&mut self, (chunk, at): Place) -> (K, V) {
        let entry = self.chunks[chunk].remove(at);
        self.len -= 1;
        if self.chunks[chunk].is_empty() {
            self.chunks.remove(chunk);
        }
        entry
    }
}

impl<K: Ord, V> SortedMap<K, V> {
    /// Where the key stands, or where it would be put.
    fn find<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        // The last list that begins at or before the key; a key before all of them belongs to the first.
        let chunk = match search(self.chunks.len(), &|at| self.chunks[at][0].0.borrow().cmp(key)) {
            Ok(chunk) => return Ok((chunk, 0)),
            Err(after) => after.saturating_sub(1),
        };
        let Some(entries) = self.chunks.get(chunk) else { return Err((0, 0)) };
        match search(entries.len(), &|at| entries[at].0.borrow().cmp(key)) {
            Ok(at) => Ok((chunk, at)),
            Err(at) => Err((chunk, at)),
        }
    }

    fn put(&mut self, (chunk, at): Place, key: K, value: V) -> Place {
        self.len += 1;
        if self.chunks.is_empty() {
            self.chunks.push(vec![(key, value)]);
            return (0, 0);
        }
        self.chunks[chunk].insert(at, (key, value));
        if self.chunks[chunk].len() <= CHUNK_MAX {
            return (chunk, at);
        }
        // Whoever appends fills each list: it is cut where the new entry stands if that is the end.
        let cut = if at == CHUNK_MAX { at } else { CHUNK_MAX / 2 };
        let second = self.chunks[chunk].split_off(cut);
        self.chunks.insert(chunk + 1, second);
        if at < cut { (chunk, at) } else { (chunk + 1, at - cut) }
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|(chunk, at)| &self.chunks[chunk][at].1)
    }

    /// The value of a key, to be changed.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|(chunk, at)| &mut self.chunks[chunk][at].1)
    }

    /// Whether there is such a key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.find(key).is_ok()
    }

    /// Gives a key its value, and returns the one that it had.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.find(&key) {
            Ok((chunk, at)) => Some(core::mem::replace(&mut self.chunks[chunk][at].1, value)),
            Err(place) => {
                self.put(place, key, value);
                None
            }
        }
    }

    /// Takes a key out, and returns its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.find(key).ok().map(|place| self.take(place).1)
    }

    /// The value of a key, which is made first if the key is new.
    pub fn get_or_insert_with(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        let (chunk, at) = match self.find(&key) {
            Ok(place) => place,
            Err(place) => self.put(place, key, make()),
        };
        &mut self.chunks[chunk][at].1
    }

    /// The entries whose keys lie within the bounds, smallest key first.
    pub fn range<Q: Ord + ?Sized>(&self, bounds: impl RangeBounds<Q>) -> Iter<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let (first, from) = match bounds.start_bound() {
            Bound::Included(key) => self.after(key, false),
            Bound::Excluded(key) => self.after(key, true),
            Bound::Unbounded => (0, 0),
        };
        let (last, to) = match bounds.end_bound() {
            Bound::Included(key) => self.after(key, true),
            Bound::Excluded(key) => self.after(key, false),
            Bound::Unbounded => (self.chunks.len(), 0),
        };
        let part = |chunk: usize| self.chunks.get(chunk).map_or(&[][..], Vec::as_slice);
        if first == last {
            return Iter { front: part(first)[from..to].iter(), chunks: [].iter(), back: [].iter() };
        }
        Iter {
            front: part(first)[from..].iter(),
            chunks: self.chunks[first + 1..last].iter(),
            back: part(last)[..to].iter(),
        }
    }

    /// The place of the first entry that is not before the key; `beyond` the key, if the key itself is to be left out.
    fn after<Q: Ord + ?Sized>(&self, key: &Q, beyond: bool) -> Place
    where
        K: Borrow<Q>,
    {
        match self.find(key) {
            Ok((chunk, at)) => (chunk, at + usize::from(beyond)),
            Err(place) => place,
        }
    }
}

impl<K: Ord, V, Q: Ord + ?Sized> Index<&Q> for SortedMap<K, V>
where
    K: Borrow<Q>,
{
    type Output = V;
    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the caller knows that the key is there, as with every index")
    }
}

impl<K: Ord, V> Extend<(K, V)> for SortedMap<K, V> {
    fn extend<T: IntoIterator<Item = (K, V)>>(&mut self, entries: T) {
        for (key, value) in entries {
            self.insert(key, value);
        }
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for SortedMap<K, V> {
    fn from_iter<T: IntoIterator<Item = (K, V)>>(entries: T) -> Self {
        let mut map = SortedMap::new();
        map.extend(entries);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for SortedMap<K, V> {
    fn from(entries: [(K, V); N]) -> Self {
        entries.into_iter().collect()
    }
}

impl<K, V> IntoIterator for SortedMap<K, V> {
    type Item = (K, V);
    type IntoIter = core::iter::Flatten<vec::IntoIter<Vec<(K, V)>>>;
    fn into_iter(self) -> Self::IntoIter {
        self.chunks.into_iter().flatten()
    }
}

impl<'a, K, V> IntoIterator for &'a SortedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Iter<'a, K, V>;
    fn into_iter(self) -> Iter<'a, K, V> {
        self.iter()
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for SortedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        // Not list by list: equal maps may be cut at different places.
        self.len() == other.len() && self.iter().zip(other).all(|(a, b)| a == b)
    }
}

impl<K: Eq, V: Eq> Eq for SortedMap<K, V> {}

impl<K: Hash, V: Hash> Hash for SortedMap<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        for entry in self {
            entry.hash(state);
        }
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for SortedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// The entries of a [`SortedMap`] or of a part of it, from both ends.
pub struct Iter<'a, K, V> {
    front: slice::Iter<'a, (K, V)>,
    chunks: slice::Iter<'a, Vec<(K, V)>>,
    back: slice::Iter<'a, (K, V)>,
}

impl<K, V> Clone for Iter<'_, K, V> {
    fn clone(&self) -> Self {
        Iter { front: self.front.clone(), chunks: self.chunks.clone(), back: self.back.clone() }
    }
}

impl<'a, K, V> Iterator for Iter<'a, K, V> {
    type Item = (&'a K, &'a V);
    fn next(&mut self) -> Option<Self::Item> {
        if self.front.as_slice().is_empty() {
            match self.chunks.next() {
                Some(chunk) => self.front = chunk.iter(),
                None => core::mem::swap(&mut self.front, &mut self.back),
            }
        }
        self.front.next().map(|(key, value)| (key, value))
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = self.front.len() + self.chunks.as_slice().iter().map(Vec::len).sum::<usize>() + self.back.len();
        (len, Some(len))
    }
}

impl<K, V> ExactSizeIterator for Iter<'_, K, V> {}

impl<K, V> DoubleEndedIterator for Iter<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        if self.back.as_slice().is_empty() {
            match self.chunks.next_back() {
                Some(chunk) => self.back = chunk.iter(),
                None => core::mem::swap(&mut self.front, &mut self.back),
            }
        }
        self.back.next_back().map(|(key, value)| (key, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{hash::stable_hash, prng::Prng};
    use alloc::collections::BTreeMap;

    /// Both maps after the same random acts, of which some thousand cut and empty lists.
    fn pair(seed: u64, acts: u32, keys: u64) -> (SortedMap<u64, u64>, BTreeMap<u64, u64>) {
        let (mut random, mut sorted, mut model) = (Prng::new(seed), SortedMap::new(), BTreeMap::new());
        for act in 0..acts {
            let key = random.below(keys);
            match random.below(8) {
                0..5 => assert_eq!(sorted.insert(key, u64::from(act)), model.insert(key, u64::from(act))),
                5 | 6 => assert_eq!(sorted.remove(&key), model.remove(&key)),
                _ => assert_eq!(sorted.pop_first(), model.pop_first()),
            }
        }
        (sorted, model)
    }

    #[test]
    fn behaves_as_the_standard_map() {
        for (seed, acts, keys) in [(1, 20, 10), (2, 4_000, 300), (3, 30_000, 5_000)] {
            let (mut sorted, mut model) = pair(seed, acts, keys);
            assert_eq!(sorted.len(), model.len());
            assert!(sorted.iter().eq(&model) && sorted.iter().rev().eq(model.iter().rev()));
            assert!(sorted.clone().into_iter().eq(model.clone()));
            assert_eq!(stable_hash(&sorted), stable_hash(&model));
            for from in (0..keys).step_by(7) {
                let to = from + keys / 3;
                assert!(sorted.range(from..).eq(model.range(from..)), "from {from}");
                assert!(sorted.range(..=to).rev().eq(model.range(..=to).rev()), "up to {to}");
                assert!(sorted.range(from..to).eq(model.range(from..to)), "from {from} to {to}");
                assert_eq!(sorted.get(&from), model.get(&from));
            }
            sorted.retain(|key, _| key % 3 == 0);
            model.retain(|key, _| key % 3 == 0);
            assert!(sorted.iter().eq(&model) && sorted.len() == model.len());
        }
    }

    #[test]
    fn equal_contents_are_equal_however_they_came() {
        let (cut_often, _) = pair(4, 20_000, 3_000);
        let appended: SortedMap<u64, u64> = cut_often.iter().map(|(key, value)| (*key, *value)).collect();
        assert_ne!(cut_often.chunks.len(), appended.chunks.len(), "the lists are cut at other places");
        assert_eq!(cut_often, appended);
        assert_eq!(stable_hash(&cut_often), stable_hash(&appended));
    }
}
