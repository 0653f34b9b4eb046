//! Shared, immutable byte strings: names, routing keys, bodies, keys and values.
//!
//! AMQP names and Redis keys are bytes, not text, and the same name is held in many places at once (a queue, its
//! bindings, every event about it), so a clone only counts a reference.

use alloc::{borrow::Cow, rc::Rc, string::String, vec::Vec};
use core::{borrow::Borrow, fmt, ops::Deref};

/// The digits of base64url (RFC 4648 section 5): in names that the broker makes up, and in links.
pub const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// An immutable byte string that is cheap to clone.
///
/// Names are made and cloned in some hundred places, so what does it is not inlined: the page would be larger by kilobytes.
#[derive(PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(Rc<[u8]>);

impl Bytes {
    /// The text of these bytes, with U+FFFD in the place of what is not UTF-8.
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The bytes themselves.
    pub fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

impl Clone for Bytes {
    #[inline(never)]
    fn clone(&self) -> Self {
        Bytes(self.0.clone())
    }
}

impl Default for Bytes {
    #[inline(never)]
    fn default() -> Self {
        Bytes(Rc::from(&[][..]))
    }
}

impl Deref for Bytes {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Borrow<[u8]> for Bytes {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Bytes {
    fn from(text: &str) -> Self {
        Bytes::from(text.as_bytes())
    }
}

impl From<String> for Bytes {
    fn from(text: String) -> Self {
        Bytes::from(text.into_bytes())
    }
}

impl From<&[u8]> for Bytes {
    #[inline(never)]
    fn from(bytes: &[u8]) -> Self {
        Bytes(Rc::from(bytes))
    }
}

impl From<Vec<u8>> for Bytes {
    #[inline(never)]
    fn from(bytes: Vec<u8>) -> Self {
        Bytes(Rc::from(bytes))
    }
}

impl PartialEq<str> for Bytes {
    #[inline(never)]
    fn eq(&self, other: &str) -> bool {
        *self.0 == *other.as_bytes()
    }
}

impl PartialEq<&str> for Bytes {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text())
    }
}
