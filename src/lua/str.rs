//! Strings: bytes that are shared, with the hash that decides where a table keeps them.

use alloc::{boxed::Box, rc::Rc, string::String, vec::Vec};
use core::{cell::Cell, fmt, ops::Deref};

/// An immutable string of bytes that is cheap to clone.
#[derive(Clone)]
pub struct Str(Rc<Inner>);

struct Inner {
    hash: u32,
    /// The collection that last counted it.
    seen: Cell<u32>,
    bytes: Box<[u8]>,
}

impl Str {
    /// The hash by which Lua 5.1 finds it (`luaS_newlstr`): a function of the bytes alone, so the order of `pairs` is Redis's own.
    pub fn hash(&self) -> u32 {
        self.0.hash
    }

    /// Whether this collection has not counted it yet; it has now.
    pub(crate) fn first_seen_in(&self, collection: u32) -> bool {
        self.0.seen.replace(collection) != collection
    }

    /// The text, with U+FFFD in the place of what is not UTF-8.
    pub fn text(&self) -> alloc::borrow::Cow<'_, str> {
        String::from_utf8_lossy(&self.0.bytes)
    }
}

/// `luaS_newlstr`: at most 32 of the bytes count.
fn hash(bytes: &[u8]) -> u32 {
    let step = (bytes.len() >> 5) + 1;
    let (mut hash, mut place) = (bytes.len() as u32, bytes.len());
    while place >= step {
        hash ^= (hash << 5).wrapping_add(hash >> 2).wrapping_add(u32::from(bytes[place - 1]));
        place -= step;
    }
    hash
}

impl Deref for Str {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl PartialEq for Str {
    fn eq(&self, other: &Str) -> bool {
        Rc::ptr_eq(&self.0, &other.0) || (self.0.hash == other.0.hash && self.0.bytes == other.0.bytes)
    }
}

impl Eq for Str {}

impl From<&[u8]> for Str {
    #[inline(never)]
    fn from(bytes: &[u8]) -> Str {
        Str(Rc::new(Inner { hash: hash(bytes), seen: Cell::new(0), bytes: bytes.into() }))
    }
}

impl From<&str> for Str {
    fn from(text: &str) -> Str {
        Str::from(text.as_bytes())
    }
}

impl From<Vec<u8>> for Str {
    #[inline(never)]
    fn from(bytes: Vec<u8>) -> Str {
        Str(Rc::new(Inner { hash: hash(&bytes), seen: Cell::new(0), bytes: bytes.into_boxed_slice() }))
    }
}

impl From<String> for Str {
    fn from(text: String) -> Str {
        Str::from(text.into_bytes())
    }
}

impl fmt::Debug for Str {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text())
    }
}
