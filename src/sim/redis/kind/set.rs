//! Sets.

use super::super::config::Config;
use super::super::dict::Dict;
use super::super::value::{Encoding, Value};
use super::{Kind, in_value};
use alloc::rc::Rc;

/// Set: members by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, core::hash::Hash)]
pub struct Set {
    table: Dict<()>,
    bytes: u64,
}

impl Kind for Set {
    in_value!(Set);
    fn empty(_: &Config) -> Value {
        Value::Set(Rc::default())
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
