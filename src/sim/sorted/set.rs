//! A set is a map without values.

use super::{Iter, SortedMap};
use core::borrow::Borrow;
use core::fmt;

/// A set whose members stand in their order.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SortedSet<K> {
    map: SortedMap<K, ()>,
}

impl<K> Default for SortedSet<K> {
    fn default() -> Self {
        SortedSet::new()
    }
}

impl<K> SortedSet<K> {
    /// A set with nothing in it.
    pub const fn new() -> Self {
        SortedSet { map: SortedMap::new() }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is no member.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// Takes everything out.
    pub fn clear(&mut self) {
        self.map.clear();
    }

    /// The members, smallest first.
    pub fn iter(&self) -> Members<'_, K> {
        Members(self.map.iter())
    }

    /// The smallest member.
    pub fn first(&self) -> Option<&K> {
        self.iter().next()
    }

    /// The largest member.
    pub fn last(&self) -> Option<&K> {
        self.iter().next_back()
    }

    /// Takes out the smallest member.
    pub fn pop_first(&mut self) -> Option<K> {
        self.map.pop_first().map(|(key, ())| key)
    }

    /// Keeps the members of which `keep` says yes.
    pub fn retain(&mut self, mut keep: impl FnMut(&K) -> bool) {
        self.map.retain(|key, ()| keep(key));
    }
}

impl<K: Ord> SortedSet<K> {
    /// Whether it is a member.
    pub fn contains<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.map.contains_key(key)
    }

    /// Makes it a member; true if it was none.
    pub fn insert(&mut self, key: K) -> bool {
        self.map.insert(key, ()).is_none()
    }

    /// The members within the bounds, smallest first.
    pub fn range(&self, bounds: impl core::ops::RangeBounds<K>) -> Members<'_, K> {
        Members(self.map.range(bounds))
    }

    /// Takes a member out; true if it was one.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.map.remove(key).is_some()
    }
}

impl<K: Ord> Extend<K> for SortedSet<K> {
    fn extend<T: IntoIterator<Item = K>>(&mut self, members: T) {
        for key in members {
            self.insert(key);
        }
    }
}

impl<K: Ord> FromIterator<K> for SortedSet<K> {
    fn from_iter<T: IntoIterator<Item = K>>(members: T) -> Self {
        let mut set = SortedSet::new();
        set.extend(members);
        set
    }
}

impl<K: Ord, const N: usize> From<[K; N]> for SortedSet<K> {
    fn from(members: [K; N]) -> Self {
        members.into_iter().collect()
    }
}

impl<K> IntoIterator for SortedSet<K> {
    type Item = K;
    type IntoIter = core::iter::Map<<SortedMap<K, ()> as IntoIterator>::IntoIter, fn((K, ())) -> K>;
    fn into_iter(self) -> Self::IntoIter {
        self.map.into_iter().map(|(key, ())| key)
    }
}

impl<'a, K> IntoIterator for &'a SortedSet<K> {
    type Item = &'a K;
    type IntoIter = Members<'a, K>;
    fn into_iter(self) -> Members<'a, K> {
        self.iter()
    }
}

impl<K: fmt::Debug> fmt::Debug for SortedSet<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
    }
}

/// The members of a [`SortedSet`], from both ends.
pub struct Members<'a, K>(Iter<'a, K, ()>);

impl<K> Clone for Members<'_, K> {
    fn clone(&self) -> Self {
        Members(self.0.clone())
    }
}

impl<'a, K> Iterator for Members<'a, K> {
    type Item = &'a K;
    fn next(&mut self) -> Option<&'a K> {
        self.0.next().map(|(key, ())| key)
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<K> ExactSizeIterator for Members<'_, K> {}

impl<K> DoubleEndedIterator for Members<'_, K> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.0.next_back().map(|(key, ())| key)
    }
}
