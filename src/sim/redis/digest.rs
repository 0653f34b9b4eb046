//! Digests in hexadecimal: SHA-1 names a script, SHA-256 stands for a password, and DEBUG DIGEST makes one of all that is kept.

use super::kind::stream::Id;
use super::value::Value;
use crate::bytes::Bytes;
use alloc::{format, string::String};
use sha2::{Digest, Sha256};

/// SHA-1 (FIPS 180-4) in 40 hexadecimal digits.
pub fn sha1(text: &[u8]) -> String {
    hex(&sha1::Sha1::digest(text))
}

/// SHA-256 (FIPS 180-4) in 64 hexadecimal digits.
pub fn sha256(text: &[u8]) -> String {
    hex(&Sha256::digest(text))
}

fn hex(digest: &[u8]) -> String {
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of DEBUG DIGEST and DEBUG DIGEST-VALUE: to the byte what Redis makes of the same data (its debug.c).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Content([u8; 20]);

impl Content {
    /// Adds what stands in no order.
    pub fn add(&mut self, bytes: &[u8]) {
        for (mine, other) in self.0.iter_mut().zip(sha1::Sha1::digest(bytes)) {
            *mine ^= other;
        }
    }

    /// Adds what comes after all that was added before.
    pub fn mix(&mut self, bytes: &[u8]) {
        self.add(bytes);
        self.0 = sha1::Sha1::digest(self.0).into();
    }

    /// Adds a digest as what stands in no order.
    pub fn add_digest(&mut self, other: Content) {
        self.add(&other.0);
    }

    /// Adds a value, and whether it ends.
    pub fn mix_value(&mut self, value: &Value, ends: bool) {
        self.mix(&type_number(value).to_be_bytes());
        let all = |parts: &[&[u8]]| {
            let mut one = Content::default();
            parts.iter().for_each(|part| one.mix(part));
            one
        };
        match value {
            Value::String(text) => self.mix(&text.bytes()),
            Value::List(list) => list.iter().for_each(|element| self.mix(element)),
            Value::Set(set) => set.iter().for_each(|member| self.add(&member)),
            Value::Hash(hash) => hash.iter().for_each(|(field, value)| self.add_digest(all(&[field, value]))),
            Value::Zset(zset) => {
                zset.iter().for_each(|(score, member)| self.add_digest(all(&[member, score.to_text().as_bytes()])));
            }
            Value::Stream(stream) => {
                for (id, fields) in stream.range(Id::default(), Id { ms: u64::MAX, seq: u64::MAX }) {
                    self.mix(format!("{}.{}", id.ms, id.seq).as_bytes());
                    fields.iter().flat_map(|(name, value)| [name, value]).for_each(|text: &Bytes| self.mix(text));
                }
            }
        }
        if ends {
            self.add(b"!!expire!!");
        }
    }

    /// In 40 hexadecimal digits.
    pub fn hex(self) -> String {
        hex(&self.0)
    }
}

/// The number that Redis knows a type by.
fn type_number(value: &Value) -> u32 {
    match value {
        Value::String(_) => 0,
        Value::List(_) => 1,
        Value::Set(_) => 2,
        Value::Zset(_) => 3,
        Value::Hash(_) => 4,
        Value::Stream(_) => 6,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn as_the_standard_says() {
        assert_eq!(super::sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(super::sha1(b""), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
        let long = super::sha1(b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
        assert_eq!(long, "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
    }
}
