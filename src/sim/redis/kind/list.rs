//! Lists.

use super::super::config::Config;
use super::super::value::{Encoding, Value};
use super::{ELEMENT_OVERHEAD, Kind, in_value};
use crate::bytes::Bytes;
use alloc::{collections::VecDeque, rc::Rc};

/// A list of elements, quick at both ends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct List {
    elements: VecDeque<Bytes>,
    bytes: u64,
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
}

fn cost(element: &Bytes) -> u64 {
    ELEMENT_OVERHEAD + element.len() as u64
}

impl List {
    /// The elements, head first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Bytes> + ExactSizeIterator {
        self.elements.iter()
    }

    /// Adds an element at the head (`true`) or the tail.
    pub fn push(&mut self, at_head: bool, element: Bytes) {
        self.bytes += cost(&element);
        if at_head { self.elements.push_front(element) } else { self.elements.push_back(element) }
    }

    /// Takes the element at the head (`true`) or the tail.
    pub fn pop(&mut self, at_head: bool) -> Option<Bytes> {
        let element = if at_head { self.elements.pop_front() } else { self.elements.pop_back() }?;
        self.bytes -= cost(&element);
        Some(element)
    }
}
