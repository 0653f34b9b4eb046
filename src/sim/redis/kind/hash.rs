//! Hashes.

use super::super::config::Config;
use super::super::dict::Dict;
use super::super::value::{Encoding, Value};
use super::{ELEMENT_OVERHEAD, Kind, Part, in_value};
use crate::bytes::Bytes;
use alloc::rc::Rc;

/// Fields, each with its value. A short hash is a `listpack`, in which fields keep the order in which they came; when it grows beyond
/// what the configuration allows it becomes a `hashtable`, never back.
#[derive(Clone, Debug, Default, PartialEq, Eq, core::hash::Hash)]
pub struct Hash {
    fields: Dict<Bytes>,
    /// Whether it is a `hashtable`.
    wide: bool,
    bytes: u64,
}

fn cost(field: &[u8], value: &[u8]) -> u64 {
    ELEMENT_OVERHEAD + field.len() as u64 + value.len() as u64
}

impl Kind for Hash {
    in_value!(Hash);
    fn empty(_: &Config) -> Value {
        Value::Hash(Rc::default())
    }
    fn len(&self) -> usize {
        self.fields.len()
    }
    fn encoding(&self) -> Encoding {
        if self.wide { Encoding::Hashtable } else { Encoding::Listpack }
    }
    fn size(&self) -> u64 {
        self.bytes
    }
    fn check(&self) {
        let bytes: u64 = self.iter().map(|(field, value)| cost(field, value)).sum();
        assert!(self.bytes == bytes, "a hash's bytes are counted as it changes");
    }
}

impl Hash {
    /// The value of a field.
    pub fn get(&self, field: &[u8]) -> Option<&Bytes> {
        self.fields.get(field)
    }

    /// The fields with their values, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Bytes, &Bytes)> {
        self.fields.iter()
    }

    /// The field at a place, and its value.
    pub fn nth(&self, place: usize) -> Option<(&Bytes, &Bytes)> {
        self.fields.nth(place)
    }

    /// Becomes a `hashtable` if one of these is longer than a `listpack` takes. Redis looks at all that a command brings before it writes any.
    pub fn widen_for(&mut self, fields_and_values: &[Bytes], config: &Config) {
        self.wide |= fields_and_values.iter().any(|text| text.len() as u64 > config.hash_max_listpack_value);
    }

    /// Gives a field its value; whether the field is new.
    pub fn set(&mut self, field: &Bytes, value: &Bytes, config: &Config) -> bool {
        let max = config.hash_max_listpack_value;
        self.wide |= field.len() as u64 > max || value.len() as u64 > max;
        self.bytes += cost(field, value);
        let old = self.fields.insert(field.clone(), value.clone());
        if let Some(old) = &old {
            self.bytes -= cost(field, old);
        }
        self.wide |= self.fields.len() as u64 > config.hash_max_listpack_entries;
        old.is_none()
    }

    /// Takes a field out; whether it was there.
    pub fn remove(&mut self, field: &[u8]) -> bool {
        // In a listpack what follows moves up; in a table there is no order to keep.
        let value = if self.wide { self.fields.remove(field) } else { self.fields.remove_in_order(field) };
        self.bytes -= value.as_ref().map_or(0, |value| cost(field, value));
        value.is_some()
    }

    /// About `count` fields from `cursor` on, and the cursor for what follows: 0 when nothing does. A `listpack` is given at once.
    pub fn scan(&mut self, cursor: u64, count: u64) -> Part {
        let (next, fields) = if self.wide { self.fields.scan(cursor, count) } else { (0, self.iter().collect()) };
        (next, fields.into_iter().map(|(field, value)| (field.clone(), Some(value.clone()))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{format, string::String};

    fn fields(hash: &Hash) -> String {
        hash.check();
        hash.iter().map(|(field, value)| format!("{field}={value} ")).collect()
    }

    #[test]
    fn a_listpack_keeps_the_order() {
        let (mut hash, config) = (Hash::default(), Config::default());
        for (field, value) in [("a", "1"), ("b", "2"), ("c", "3"), ("a", "4")] {
            hash.set(&Bytes::from(field), &Bytes::from(value), &config);
        }
        assert_eq!(fields(&hash), "a=4 b=2 c=3 ");
        assert!(hash.remove(b"a") && !hash.remove(b"a"));
        assert_eq!((fields(&hash).as_str(), hash.encoding()), ("b=2 c=3 ", Encoding::Listpack));
        hash.set(&Bytes::from("d"), &Bytes::from("x".repeat(65)), &config);
        hash.remove(b"d");
        assert_eq!(hash.encoding(), Encoding::Hashtable, "never back");
    }
}
