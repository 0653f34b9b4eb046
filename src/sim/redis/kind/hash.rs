//! Hashes.

use super::super::config::Config;
use super::super::dict::Dict;
use super::super::value::{Encoding, Value};
use super::{Kind, in_value};
use crate::bytes::Bytes;
use alloc::rc::Rc;

/// Hash: members by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, core::hash::Hash)]
pub struct Hash {
    table: Dict<Bytes>,
    bytes: u64,
}

impl Kind for Hash {
    in_value!(Hash);
    fn empty(_: &Config) -> Value {
        Value::Hash(Rc::default())
    }
    fn len(&self) -> usize {
        self.table.len()
    }
    fn encoding(&self) -> Encoding {
        Encoding::Hashtable
    }
    fn size(&self) -> u64 {
        self.bytes
    }
}
