//! Lists.

use super::super::config::Config;
use super::super::value::{Encoding, Value};
use super::{ELEMENT_OVERHEAD, Kind, in_value};
use crate::bytes::Bytes;
use alloc::{collections::VecDeque, rc::Rc, vec::Vec};
use core::ops::Range;

/// A list of elements, quick at both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct List {
    elements: VecDeque<Bytes>,
    bytes: u64,
}

/// One of the two ends of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The head.
    Left,
    /// The tail.
    Right,
}

impl Side {
    /// What an element added there is told as.
    pub fn pushed(self) -> &'static str {
        match self {
            Side::Left => "lpush",
            Side::Right => "rpush",
        }
    }

    /// The command that takes an element from there.
    pub fn pop(self) -> &'static [u8] {
        match self {
            Side::Left => b"LPOP",
            Side::Right => b"RPOP",
        }
    }

    /// What an element taken from there is told as.
    pub fn popped(self) -> &'static str {
        match self {
            Side::Left => "lpop",
            Side::Right => "rpop",
        }
    }
}

impl Kind for List {
    in_value!(List);
    fn empty(_: &Config) -> Value {
        Value::List(Rc::default())
    }
    fn len(&self) -> usize {
        self.elements.len()
    }
    fn encoding(&self) -> Encoding {
        Encoding::Quicklist
    }
    fn size(&self) -> u64 {
        self.bytes
    }
    fn check(&self) {
        assert!(self.bytes == self.elements.iter().map(cost).sum::<u64>(), "a list's bytes are counted as it changes");
    }
}

fn cost(element: &Bytes) -> u64 {
    ELEMENT_OVERHEAD + element.len() as u64
}

impl List {
    /// The elements, head first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Bytes> + ExactSizeIterator {
        self.elements.iter()
    }

    /// The elements at these places, which must be there.
    pub fn range(&self, places: Range<usize>) -> impl DoubleEndedIterator<Item = &Bytes> + ExactSizeIterator {
        self.elements.range(places)
    }

    /// The place that an index means, counted from the tail if negative; `None` beyond the ends.
    pub fn place(&self, index: i64) -> Option<usize> {
        let len = self.elements.len() as i64;
        let place = if index < 0 { len.saturating_add(index) } else { index };
        (0..len).contains(&place).then_some(place as usize)
    }

    /// The element at a place.
    pub fn get(&self, place: usize) -> Option<&Bytes> {
        self.elements.get(place)
    }

    /// Adds an element at an end.
    pub fn push(&mut self, side: Side, element: Bytes) {
        self.bytes += cost(&element);
        match side {
            Side::Left => self.elements.push_front(element),
            Side::Right => self.elements.push_back(element),
        }
    }

    /// Takes the element at an end.
    pub fn pop(&mut self, side: Side) -> Option<Bytes> {
        let element = match side {
            Side::Left => self.elements.pop_front(),
            Side::Right => self.elements.pop_back(),
        }?;
        self.bytes -= cost(&element);
        Some(element)
    }

    /// Puts another element at a place that is there.
    pub fn set(&mut self, place: usize, element: Bytes) {
        self.bytes = self.bytes + cost(&element) - cost(&self.elements[place]);
        self.elements[place] = element;
    }

    /// Adds an element before the one at `place`, or at the tail.
    pub fn insert(&mut self, place: usize, element: Bytes) {
        self.bytes += cost(&element);
        self.elements.insert(place, element);
    }

    /// Removes up to `most` elements that equal this one, beginning at an end; how many there were.
    pub fn remove(&mut self, side: Side, most: u64, element: &[u8]) -> u64 {
        let same = |(place, other): (usize, &Bytes)| (**other == *element).then_some(place);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        let all = self.elements.iter().enumerate();
        let mut places: Vec<usize> = match side {
            Side::Left => all.filter_map(same).take(most).collect(),
            Side::Right => all.rev().filter_map(same).take(most).collect(),
        };
        places.sort_unstable();
        let (mut place, mut going) = (0, places.iter().copied().peekable());
        self.elements.retain(|_| {
            let goes = going.next_if_eq(&place).is_some();
            place += 1;
            !goes
        });
        self.bytes -= places.len() as u64 * (ELEMENT_OVERHEAD + element.len() as u64);
        places.len() as u64
    }

    /// Keeps only the elements at these places, which must be there.
    pub fn keep(&mut self, places: Range<usize>) {
        let gone: u64 = self.elements.range(..places.start).chain(self.elements.range(places.end..)).map(cost).sum();
        self.bytes -= gone;
        self.elements.truncate(places.end);
        self.elements.drain(..places.start);
    }
}
