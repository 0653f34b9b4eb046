//! Sorted sets.

use super::super::config::Config;
use super::super::dict::Dict;
use super::super::double::Double;
use super::super::value::{Encoding, Value};
use super::{Kind, in_value};
use alloc::rc::Rc;

/// Sorted set: members by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, core::hash::Hash)]
pub struct Zset {
    table: Dict<Double>,
    bytes: u64,
}

impl Kind for Zset {
    in_value!(Zset);
    fn empty(_: &Config) -> Value {
        Value::Zset(Rc::default())
    }
    fn len(&self) -> usize {
        self.table.len()
    }
    fn encoding(&self) -> Encoding {
        Encoding::Skiplist
    }
    fn size(&self) -> u64 {
        self.bytes
    }
}
