//! Streams.

use super::super::config::Config;
use super::super::dict::Dict;
use super::super::value::{Encoding, Value};
use super::{Kind, in_value};
use alloc::rc::Rc;

/// Stream: members by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, core::hash::Hash)]
pub struct Stream {
    table: Dict<()>,
    bytes: u64,
}

impl Kind for Stream {
    in_value!(Stream);
    fn empty(_: &Config) -> Value {
        Value::Stream(Rc::default())
    }
    fn len(&self) -> usize {
        self.table.len()
    }
    fn encoding(&self) -> Encoding {
        Encoding::Stream
    }
    fn size(&self) -> u64 {
        self.bytes
    }
}
