//! Values that few worlds hold: the code to copy, hash and drop them comes with them, by a table of functions, so that the page need not
//! have it in its first file (see `src/xtask/split.rs`).

use alloc::boxed::Box;
use core::{
    fmt,
    hash::{Hash, Hasher},
    ops::{Deref, DerefMut},
};

use crate::hash::stable_hash;

/// What is done with such a value where nothing is known of it.
trait Kept<T> {
    fn value(&self) -> &T;
    fn value_mut(&mut self) -> &mut T;
    fn into_value(self: Box<Self>) -> T;
    fn copied(&self) -> Box<dyn Kept<T>>;
    fn hashed(&self) -> u64;
    fn equals(&self, other: &T) -> bool;
}

impl<T: Clone + Hash + PartialEq + 'static> Kept<T> for T {
    fn value(&self) -> &T {
        self
    }
    fn value_mut(&mut self) -> &mut T {
        self
    }
    fn into_value(self: Box<Self>) -> T {
        *self
    }
    fn copied(&self) -> Box<dyn Kept<T>> {
        Box::new(self.clone())
    }
    fn hashed(&self) -> u64 {
        stable_hash(self)
    }
    fn equals(&self, other: &T) -> bool {
        self == other
    }
}

/// A value that is kept apart from the code of those that hold it.
pub struct Apart<T: 'static>(Box<dyn Kept<T>>);

impl<T: Clone + Hash + PartialEq + 'static> Apart<T> {
    /// Puts a value apart.
    pub fn new(value: T) -> Self {
        Apart(Box::new(value))
    }
}

impl<T> Apart<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        self.0.into_value()
    }
}

impl<T> Deref for Apart<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.0.value()
    }
}

impl<T> DerefMut for Apart<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.value_mut()
    }
}

impl<T> Clone for Apart<T> {
    fn clone(&self) -> Self {
        Apart(self.0.copied())
    }
}

impl<T> Hash for Apart<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hashed().hash(state);
    }
}

impl<T> PartialEq for Apart<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.equals(other)
    }
}

impl<T> Eq for Apart<T> {}

impl<T> fmt::Debug for Apart<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Apart")
    }
}
