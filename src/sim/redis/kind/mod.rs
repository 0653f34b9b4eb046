//! The collections that a key can hold, one file per type: their data, their encodings and what they cost. Commands are beside this folder.
//!
//! A collection is shared behind `Rc` with every checkpoint of the world and copied only when one of the two changes it. Equal
//! histories give equal order on every target.

mod hash;
mod list;
mod order;
mod set;
pub mod stream;
mod zset;

pub use hash::Hash;
pub use list::{List, Side};
pub use order::Scored;
pub use set::Set;
pub use stream::Stream;
pub use zset::Zset;

use super::config::Config;
use super::value::{Encoding, Value};
use crate::bytes::Bytes;
use alloc::vec::Vec;

/// What element or pair costs beside its bytes, as the store counts memory.
pub const ELEMENT_OVERHEAD: u64 = 16;

/// A type of collection.
pub trait Kind: Clone {
    /// The collection in a value, if it is of this type.
    fn of(value: &Value) -> Option<&Self>;
    /// The same to be changed; it is copied first if a checkpoint shares it.
    fn of_mut(value: &mut Value) -> Option<&mut Self>;
    /// A value with an empty collection, which no key may keep.
    fn empty(config: &Config) -> Value;
    /// How many elements it has.
    fn len(&self) -> usize;
    /// How it is kept.
    fn encoding(&self) -> Encoding;
    /// Bytes of content, as the store counts its memory.
    fn size(&self) -> u64;
    /// Sees to it that what is kept twice agrees.
    ///
    /// # Panics
    /// When it does not: that is a mistake of ours.
    fn check(&self) {}
    /// Whether it has no element.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A part of a collection as SSCAN, HSCAN and ZSCAN give it: the cursor for what follows, 0 if nothing does, and each element with what
/// belongs to it.
pub type Part = (u64, Vec<(Bytes, Option<Bytes>)>);

/// Implements the part of [`Kind`] that is the same for all: which variant of [`Value`] it is.
macro_rules! in_value {
    ($variant:ident) => {
        fn of(value: &Value) -> Option<&Self> {
            if let Value::$variant(this) = value { Some(this) } else { None }
        }
        fn of_mut(value: &mut Value) -> Option<&mut Self> {
            if let Value::$variant(this) = value { Some(alloc::rc::Rc::make_mut(this)) } else { None }
        }
    };
}
use in_value;
