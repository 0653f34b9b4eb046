//! The order of a sorted set: by score, then by member, found by content and by rank.
//!
//! A list of short sorted lists. A look-up is two binary searches, a change moves at most one short list, and a rank adds up the
//! lengths of the lists before it: with a million members some thousand numbers that lie side by side.

use super::super::double::Double;
use crate::bytes::Bytes;
use alloc::{vec, vec::Vec};
use core::cmp::Ordering;

/// Entries of one short list; a list that grows beyond it is cut in two.
const CHUNK_MAX: usize = 256;

/// A member with its score.
pub type Scored = (Double, Bytes);

/// Scored members, smallest first.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// No list is empty, and every entry of a list comes before those of the next one.
    chunks: Vec<Vec<Scored>>,
    len: usize,
}

/// Where an entry stands: which list, and which place in it.
type Place = (usize, usize);

fn compare(entry: &Scored, score: Double, member: &[u8]) -> Ordering {
    entry.0.cmp(&score).then_with(|| entry.1.as_slice().cmp(member))
}

impl Order {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// The place of the first entry that is not before this one.
    fn place(&self, score: Double, member: &[u8]) -> Place {
        let is_before = |entry: &Scored| compare(entry, score, member) == Ordering::Less;
        self.boundary(&is_before)
    }

    /// The place of the first entry of which `is_before` says no; it must say yes of all before it.
    fn boundary(&self, is_before: &dyn Fn(&Scored) -> bool) -> Place {
        let chunk = self.chunks.partition_point(|chunk| chunk.last().is_some_and(is_before));
        let at = self.chunks.get(chunk).map_or(0, |chunk| chunk.partition_point(is_before));
        (chunk, at)
    }

    fn rank_of(&self, (chunk, at): Place) -> usize {
        self.chunks[..chunk].iter().map(Vec::len).sum::<usize>() + at
    }

    /// How many entries there are for which `is_before` says yes; they must be the first ones.
    pub fn count_before(&self, is_before: &dyn Fn(&Scored) -> bool) -> usize {
        self.rank_of(self.boundary(is_before))
    }

    /// How many entries come before this one.
    pub fn rank(&self, score: Double, member: &[u8]) -> usize {
        self.rank_of(self.place(score, member))
    }

    /// Puts in an entry that is not there yet.
    pub fn insert(&mut self, score: Double, member: Bytes) {
        self.len += 1;
        let (mut chunk, mut at) = self.place(score, &member);
        if chunk == self.chunks.len() {
            // It comes last: a full list stays full, for what comes in order often goes on so.
            if self.chunks.last().is_none_or(|last| last.len() >= CHUNK_MAX) {
                self.chunks.push(Vec::new());
            }
            chunk = self.chunks.len() - 1;
            at = self.chunks[chunk].len();
        } else if self.chunks[chunk].len() >= CHUNK_MAX {
            let half = CHUNK_MAX / 2;
            let rest = self.chunks[chunk].split_off(half);
            self.chunks.insert(chunk + 1, rest);
            if at > half {
                (chunk, at) = (chunk + 1, at - half);
            }
        }
        self.chunks[chunk].insert(at, (score, member));
    }

    /// Takes out an entry that is there.
    pub fn remove(&mut self, score: Double, member: &[u8]) {
        let (chunk, at) = self.place(score, member);
        self.chunks[chunk].remove(at);
        self.len -= 1;
        self.tidy(chunk);
    }

    /// Gives a member that is there another score; often it keeps its place.
    pub fn rescore(&mut self, old: Double, new: Double, member: &Bytes) {
        let (chunk, at) = self.place(old, member);
        let list = &mut self.chunks[chunk];
        let is_inner = at > 0 && at + 1 < list.len();
        if is_inner
            && compare(&list[at - 1], new, member) == Ordering::Less
            && compare(&list[at + 1], new, member) == Ordering::Greater
        {
            list[at].0 = new;
            return;
        }
        let (_, member) = list.remove(at);
        self.len -= 1;
        self.tidy(chunk);
        self.insert(new, member);
    }

    /// After a removal from a list: an empty one goes, and two short ones become one.
    fn tidy(&mut self, chunk: usize) {
        if self.chunks[chunk].is_empty() {
            self.chunks.remove(chunk);
        } else if self.chunks.get(chunk + 1).is_some_and(|next| next.len() + self.chunks[chunk].len() <= CHUNK_MAX / 2)
        {
            let next = self.chunks.remove(chunk + 1);
            self.chunks[chunk].extend(next);
        }
    }

    /// Takes out the entries with ranks from `from` to before `to`.
    pub fn drain(&mut self, from: usize, to: usize) -> Vec<Scored> {
        let mut taken = Vec::with_capacity(to - from);
        let (first, mut at) = self.at(from);
        let mut chunk = first;
        while taken.len() < to - from {
            let list = &mut self.chunks[chunk];
            let end = list.len().min(at + (to - from - taken.len()));
            taken.extend(list.drain(at..end));
            (chunk, at) = (chunk + 1, 0);
        }
        self.len -= taken.len();
        self.chunks.retain(|chunk| !chunk.is_empty());
        if first < self.chunks.len() {
            self.tidy(first);
        }
        taken
    }

    /// The place of a rank; behind the last entry if there are not so many.
    fn at(&self, rank: usize) -> Place {
        let mut left = rank;
        for (number, chunk) in self.chunks.iter().enumerate() {
            if left < chunk.len() {
                return (number, left);
            }
            left -= chunk.len();
        }
        (self.chunks.len(), 0)
    }

    /// The entries with ranks from `from` to before `to`, which is at most the length.
    pub fn range(&self, from: usize, to: usize) -> Range<'_> {
        let left = to.saturating_sub(from);
        let (front, back) = if left == 0 { ((0, 0), (0, 0)) } else { (self.at(from), self.at(to - 1)) };
        Range { chunks: &self.chunks, front, back, left }
    }
}

impl FromIterator<Scored> for Order {
    /// Of entries that may come in any order, each member once.
    fn from_iter<T: IntoIterator<Item = Scored>>(entries: T) -> Self {
        let mut all: Vec<Scored> = entries.into_iter().collect();
        crate::sorted::sort_by(&mut all, |a, b| compare(a, b.0, &b.1));
        let len = all.len();
        let mut chunks = vec![];
        let mut rest = all.into_iter().peekable();
        while rest.peek().is_some() {
            chunks.push(rest.by_ref().take(CHUNK_MAX).collect());
        }
        Order { chunks, len }
    }
}

/// Entries next to each other, from both ends.
#[derive(Clone)]
pub struct Range<'a> {
    chunks: &'a [Vec<Scored>],
    front: Place,
    back: Place,
    left: usize,
}

impl<'a> Iterator for Range<'a> {
    type Item = &'a Scored;
    fn next(&mut self) -> Option<&'a Scored> {
        self.left = self.left.checked_sub(1)?;
        let (chunk, at) = self.front;
        self.front = if at + 1 < self.chunks[chunk].len() { (chunk, at + 1) } else { (chunk + 1, 0) };
        Some(&self.chunks[chunk][at])
    }
    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Range<'_> {}

impl<'a> DoubleEndedIterator for Range<'a> {
    fn next_back(&mut self) -> Option<&'a Scored> {
        self.left = self.left.checked_sub(1)?;
        let (chunk, at) = self.back;
        if self.left > 0 {
            self.back = if at > 0 { (chunk, at - 1) } else { (chunk - 1, self.chunks[chunk - 1].len() - 1) };
        }
        Some(&self.chunks[chunk][at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prng::Prng;
    use alloc::collections::BTreeSet;
    use alloc::format;

    #[test]
    fn behaves_as_a_sorted_set_of_the_standard_library() {
        let mut random = Prng::new(3);
        let (mut order, mut model) = (Order::default(), BTreeSet::new());
        let drawn = |random: &mut Prng| (random.below(500), Bytes::from(format!("{}", random.below(40))));
        for act in 0..20_000 {
            let (number, member) = drawn(&mut random);
            let score = Double(number as f64);
            match random.below(if act % 6_000 < 4_000 { 3 } else { 6 }) {
                0 | 1 => {
                    if model.insert((score, member.clone())) {
                        order.insert(score, member);
                    }
                }
                2 => {
                    let new = Double((number + random.below(3)) as f64);
                    if !model.contains(&(new, member.clone())) && model.remove(&(score, member.clone())) {
                        model.insert((new, member.clone()));
                        order.rescore(score, new, &member);
                    }
                }
                3 | 4 => {
                    if model.remove(&(score, member.clone())) {
                        order.remove(score, &member);
                    }
                }
                _ => {
                    let from = random.below(order.len() as u64 + 1) as usize;
                    let to = (from + random.below(20) as usize).min(order.len());
                    for entry in order.drain(from, to) {
                        assert!(model.remove(&entry));
                    }
                }
            }
            assert_eq!(order.len(), model.len());
            if act % 500 == 0 {
                assert!(
                    order.range(0, order.len()).eq(&model) && order.range(0, order.len()).rev().eq(model.iter().rev())
                );
                for (rank, (score, member)) in model.iter().enumerate().step_by(37) {
                    assert_eq!(order.rank(*score, member), rank);
                    assert_eq!(order.range(rank, rank + 1).next_back(), Some(&(*score, member.clone())));
                    assert_eq!(
                        order.count_before(&|entry| entry.0 < *score),
                        model.iter().filter(|e| e.0 < *score).count()
                    );
                }
                let collected: Order = model.iter().rev().cloned().collect();
                assert!(collected.range(0, collected.len()).eq(&model));
            }
        }
    }
}
