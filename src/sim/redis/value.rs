//! What a key can hold.

use super::kind::{Hash, Kind, List, Set, Stream, Zset};
use super::number::parse_integer;
use crate::bytes::Bytes;
use alloc::{borrow::Cow, rc::Rc, string::ToString, vec::Vec};

/// The value of a key, of one of Redis's types. Each type is a variant here, a file in `kind/` and a file of commands.
#[derive(Clone, Debug, PartialEq, Eq, core::hash::Hash)]
pub enum Value {
    /// A string of bytes.
    String(Str),
    /// A list.
    List(Rc<List>),
    /// A set.
    Set(Rc<Set>),
    /// A hash.
    Hash(Rc<Hash>),
    /// A sorted set.
    Zset(Rc<Zset>),
    /// A stream.
    Stream(Rc<Stream>),
}

/// A string in one of the three encodings that OBJECT ENCODING tells apart.
#[derive(Clone, Debug, PartialEq, Eq, core::hash::Hash)]
pub enum Str {
    /// `int`: a number, kept as such.
    Int(i64),
    /// `int` as well, made by COPY: Redis then has an object of its own for it, which OBJECT REFCOUNT tells.
    CopiedInt(i64),
    /// `embstr`: at most 44 bytes that nobody has changed in place.
    Embedded(Bytes),
    /// `raw`: longer, or changed in place.
    Raw(Rc<Vec<u8>>),
}

/// How a value is kept, by the name that OBJECT ENCODING gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, core::hash::Hash)]
pub enum Encoding {
    /// A 64-bit integer.
    Int,
    /// A short string.
    Embstr,
    /// Any other string.
    Raw,
    /// A list of packed nodes.
    Quicklist,
    /// A short collection, packed in one piece of memory.
    Listpack,
    /// A sorted array of integers.
    Intset,
    /// A hash table.
    Hashtable,
    /// A skip list with a hash table.
    Skiplist,
    /// A radix tree of packed nodes.
    Stream,
}

impl Encoding {
    /// The name as OBJECT ENCODING prints it.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Int => "int",
            Encoding::Embstr => "embstr",
            Encoding::Raw => "raw",
            Encoding::Quicklist => "quicklist",
            Encoding::Listpack => "listpack",
            Encoding::Intset => "intset",
            Encoding::Hashtable => "hashtable",
            Encoding::Skiplist => "skiplist",
            Encoding::Stream => "stream",
        }
    }
}

/// A real server frees values of more pieces than this in the background.
const LAZY_PIECES: u64 = 64;

impl Value {
    /// Whether a real server would free it in the background (`lazyfreeGetFreeEffort` of Redis).
    pub fn is_laborious(&self) -> bool {
        let pieces = match self {
            Value::String(_) => 1,
            // A node of a list holds about as much as this.
            Value::List(_) => self.size() / 8192,
            Value::Set(_) | Value::Hash(_) | Value::Zset(_) => match self.encoding() {
                Encoding::Hashtable | Encoding::Skiplist => self.count(),
                _ => 1,
            },
            Value::Stream(stream) => {
                let groups = stream.groups();
                let own = groups.first_key_value().map_or(0, |(_, group)| 1 + group.pending().len() as u64);
                stream.nodes().count() as u64 + groups.len() as u64 * own
            }
        };
        pieces > LAZY_PIECES
    }

    /// The type's name as TYPE prints it.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::String(_) => "string",
            Value::List(_) => "list",
            Value::Set(_) => "set",
            Value::Hash(_) => "hash",
            Value::Zset(_) => "zset",
            Value::Stream(_) => "stream",
        }
    }

    /// How it is kept.
    pub fn encoding(&self) -> Encoding {
        match self {
            Value::String(Str::Int(_) | Str::CopiedInt(_)) => Encoding::Int,
            Value::String(Str::Embedded(_)) => Encoding::Embstr,
            Value::String(Str::Raw(_)) => Encoding::Raw,
            Value::List(list) => list.encoding(),
            Value::Set(set) => set.encoding(),
            Value::Hash(hash) => hash.encoding(),
            Value::Zset(zset) => zset.encoding(),
            Value::Stream(stream) => stream.encoding(),
        }
    }

    /// Bytes of content, as the store counts its memory.
    pub fn size(&self) -> u64 {
        match self {
            Value::String(text) => text.len() as u64,
            Value::List(list) => list.size(),
            Value::Set(set) => set.size(),
            Value::Hash(hash) => hash.size(),
            Value::Zset(zset) => zset.size(),
            Value::Stream(stream) => stream.size(),
        }
    }

    /// How many elements a collection has; the bytes of a string.
    pub fn count(&self) -> u64 {
        match self {
            Value::String(text) => text.len() as u64,
            Value::List(list) => list.len() as u64,
            Value::Set(set) => set.len() as u64,
            Value::Hash(hash) => hash.len() as u64,
            Value::Zset(zset) => zset.len() as u64,
            Value::Stream(stream) => stream.len() as u64,
        }
    }

    /// Sees to it that no key keeps an empty collection.
    ///
    /// # Panics
    /// When one does: that is a mistake of ours.
    pub fn check(&self, key: &Bytes) {
        let may_be_empty = matches!(self, Value::String(_) | Value::Stream(_));
        if let Value::Stream(stream) = self {
            stream.check_stream();
        }
        assert!(may_be_empty || self.count() > 0, "{key:?} holds an empty {}", self.type_name());
        match self {
            Value::String(_) => {}
            Value::List(list) => list.check(),
            Value::Set(set) => set.check(),
            Value::Hash(hash) => hash.check(),
            Value::Zset(zset) => zset.check(),
            Value::Stream(stream) => stream.check(),
        }
    }
}

/// The longest string that Redis keeps as `embstr`.
const EMBEDDED_MAX: usize = 44;

impl Str {
    /// What `tryObjectEncoding` of Redis makes of an argument: a number if it reads as one.
    pub fn encode(bytes: &Bytes) -> Self {
        // No 64-bit number has more than 20 characters.
        match if bytes.len() <= 20 { parse_integer(bytes) } else { None } {
            Some(number) => Str::Int(number),
            None => Str::plain(bytes),
        }
    }

    /// A string that is kept as text even if it reads as a number.
    pub fn plain(bytes: &Bytes) -> Self {
        if bytes.len() <= EMBEDDED_MAX { Str::Embedded(bytes.clone()) } else { Str::raw(bytes.to_vec()) }
    }

    /// A string that was built or changed in place.
    pub fn raw(bytes: Vec<u8>) -> Self {
        Str::Raw(Rc::new(bytes))
    }

    /// The bytes to be changed in place; it is `raw` from now on.
    pub fn raw_mut(&mut self) -> &mut Vec<u8> {
        if !matches!(self, Str::Raw(_)) {
            *self = Str::raw(self.bytes().into_owned());
        }
        match self {
            Str::Raw(bytes) => Rc::make_mut(bytes),
            Str::Int(_) | Str::CopiedInt(_) | Str::Embedded(_) => unreachable!("it was just made raw"),
        }
    }

    /// The bytes, written out if they are kept as a number.
    pub fn bytes(&self) -> Cow<'_, [u8]> {
        match self {
            Str::Int(number) | Str::CopiedInt(number) => Cow::Owned(number.to_string().into_bytes()),
            Str::Embedded(bytes) => Cow::Borrowed(bytes),
            Str::Raw(bytes) => Cow::Borrowed(bytes),
        }
    }

    /// The bytes as a shared string.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Str::Int(number) | Str::CopiedInt(number) => Bytes::from(number.to_string()),
            Str::Embedded(bytes) => bytes.clone(),
            Str::Raw(bytes) => Bytes::from(bytes.as_slice()),
        }
    }

    /// How many bytes [`Str::bytes`] has.
    pub fn len(&self) -> usize {
        match self {
            Str::Int(number) | Str::CopiedInt(number) => {
                let digits = 1 + number.unsigned_abs().checked_ilog10().unwrap_or(0) as usize;
                digits + usize::from(*number < 0)
            }
            Str::Embedded(bytes) => bytes.len(),
            Str::Raw(bytes) => bytes.len(),
        }
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_without_writing_out() {
        for number in [0, 7, 10, 99, 100, -1, -10, i64::MAX, i64::MIN, i64::MIN + 1] {
            assert_eq!(Str::Int(number).len(), number.to_string().len(), "{number}");
        }
    }

    #[test]
    fn encodings() {
        let of = |text: &str| Value::String(Str::encode(&Bytes::from(text))).encoding().name();
        assert_eq!((of("12"), of("012"), of(&"x".repeat(44)), of(&"x".repeat(45))), ("int", "embstr", "embstr", "raw"));
    }
}
