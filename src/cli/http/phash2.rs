//! Erlang's `phash2` of a table of arguments: RabbitMQ tells bindings of the same ends and key apart by it.
//!
//! The mixing is Bob Jenkins' (`lookup2`), which stirs three words; Erlang gives each kind of term a constant of its own.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use warren_sim::amqp::erlang::type_name;
use warren_sim::amqp::value::{Table, Value};

/// The golden ratio, with which all begins.
const GOLDEN: u32 = 0x9e37_79b9;

/// The constant of a kind of term.
const fn of_kind(number: u32) -> u32 {
    GOLDEN.wrapping_mul(number)
}

/// The hash of arguments as it stands in the name of a binding.
pub fn args_hash(arguments: &Table) -> String {
    let mut hash = Hash(0);
    hash.table(arguments);
    URL_SAFE_NO_PAD.encode(hash.0.to_be_bytes())
}

struct Hash(u32);

impl Hash {
    fn words(&mut self, one: u32, other: u32, kind: u32) {
        self.0 = mix(kind.wrapping_add(one), kind.wrapping_add(other), self.0).2;
    }

    fn atom(&mut self, name: &str) {
        let value = name.bytes().fold(0_u32, |hash, byte| {
            let hash = (hash << 4).wrapping_add(u32::from(byte));
            let high = hash & 0xf000_0000;
            hash ^ high ^ (high >> 24)
        });
        if self.0 == 0 { self.0 = value } else { self.words(value, 0, of_kind(3)) }
    }

    fn binary(&mut self, bytes: &[u8]) {
        let start = of_kind(13).wrapping_add(self.0);
        self.0 = if bytes.is_empty() { start } else { block(bytes, start) };
    }

    fn integer(&mut self, value: i128) {
        if (-(1 << 27)..1 << 27).contains(&value) {
            // What is negative is stirred twice, first without its sign.
            if value < 0 {
                self.words(value.unsigned_abs() as u32, 0, GOLDEN);
            }
            return self.words(value as u32, 0, GOLDEN);
        }
        let size = value.unsigned_abs() as u64;
        self.words(size as u32, (size >> 32) as u32, of_kind(if value < 0 { 10 } else { 11 }));
    }

    fn tuple(&mut self, arity: u32) {
        self.words(arity, 0, of_kind(9));
    }

    fn end_of_list(&mut self) {
        if self.0 == 0 { self.0 = 3_468_870_702 } else { self.words(2, 0, of_kind(2)) }
    }

    /// A list of names, types and values, in the order of the names.
    fn table(&mut self, table: &Table) {
        let mut fields: Vec<_> = table.0.iter().collect();
        fields.sort_by(|one, other| one.0.cmp(&other.0));
        for (name, value) in fields {
            self.tuple(3);
            self.binary(name);
            self.value(value);
        }
        self.end_of_list();
    }

    /// The name of the type, and the value.
    fn value(&mut self, value: &Value) {
        self.atom(type_name(value));
        match value {
            Value::Bool(on) => self.atom(if *on { "true" } else { "false" }),
            Value::I8(value) => self.integer((*value).into()),
            Value::U8(value) => self.integer((*value).into()),
            Value::I16(value) => self.integer((*value).into()),
            Value::U16(value) => self.integer((*value).into()),
            Value::I32(value) => self.integer((*value).into()),
            Value::U32(value) => self.integer((*value).into()),
            Value::I64(value) => self.integer((*value).into()),
            Value::Timestamp(value) => self.integer((*value).into()),
            Value::F32(bits) => self.float(f64::from(f32::from_bits(*bits))),
            Value::F64(bits) => self.float(f64::from_bits(*bits)),
            Value::Decimal { scale, value } => {
                self.tuple(2);
                self.integer((*scale).into());
                self.integer((*value).into());
            }
            Value::LongStr(bytes) | Value::ByteArray(bytes) => self.binary(bytes),
            Value::Array(items) => {
                for item in items {
                    self.tuple(2);
                    self.value(item);
                }
                self.end_of_list();
            }
            Value::Table(table) => self.table(table),
            Value::Void => self.atom("undefined"),
        }
    }

    fn float(&mut self, value: f64) {
        // Both zeros are one.
        let bits = if value == 0.0 { 0 } else { value.to_bits() };
        self.words((bits >> 32) as u32, bits as u32, of_kind(12));
    }
}

fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    for [one, two, three] in [[13, 8, 13], [12, 16, 5], [3, 10, 15]] {
        a = a.wrapping_sub(b).wrapping_sub(c) ^ (c >> one);
        b = b.wrapping_sub(c).wrapping_sub(a) ^ (a << two);
        c = c.wrapping_sub(a).wrapping_sub(b) ^ (b >> three);
    }
    (a, b, c)
}

/// Stirs bytes, twelve at a time.
fn block(bytes: &[u8], start: u32) -> u32 {
    let (mut a, mut b, mut c) = (GOLDEN, GOLDEN, start);
    let word = |part: &[u8]| part.iter().rev().fold(0_u32, |word, byte| word << 8 | u32::from(*byte));
    let mut parts = bytes.chunks_exact(12);
    for part in &mut parts {
        (a, b, c) =
            mix(a.wrapping_add(word(&part[..4])), b.wrapping_add(word(&part[4..8])), c.wrapping_add(word(&part[8..])));
    }
    let rest = parts.remainder();
    let upto = |from: usize, to: usize| rest.get(from..to.min(rest.len())).map_or(0, word);
    // The lowest byte of the last word is for the length.
    c = c.wrapping_add(bytes.len() as u32).wrapping_add(upto(8, 11) << 8);
    mix(a.wrapping_add(upto(0, 4)), b.wrapping_add(upto(4, 8)), c).2
}

#[cfg(test)]
mod tests {
    use super::*;
    use warren_sim::bytes::Bytes;

    fn hash(fields: &[(&str, Value)]) -> String {
        let mut table = Table::default();
        fields.iter().for_each(|(name, value)| table.set(name, value.clone()));
        args_hash(&table)
    }

    #[test]
    fn erlang_gives_the_same() {
        // rabbit_mgmt_format:args_hash/1 of RabbitMQ 3.10.8 on Erlang/OTP 25.
        let text = |text: &str| Value::LongStr(Bytes::from(text));
        assert_eq!(hash(&[("k", text("v"))]), "8IXMRA");
        assert_eq!(hash(&[("z", Value::Bool(true)), ("x-match", text("all"))]), "VZlq9A");
        assert_eq!(hash(&[("n", Value::I32(-5))]), "4Do_cw");
        assert_eq!(hash(&[("n", Value::I64(1 << 40))]), "TJjKpw");
        assert_eq!(hash(&[("n", Value::I64(-(1 << 40)))]), "HW3FZA");
        assert_eq!(hash(&[("n", Value::I64(1 << 27))]), "5hvMAw");
        assert_eq!(hash(&[("n", Value::I64(-(1 << 27)))]), "GT7UVw");
        assert_eq!(hash(&[("n", Value::I64(-(1 << 27) - 1))]), "RNC_3Q");
        assert_eq!(hash(&[("n", Value::F64(1.5_f64.to_bits()))]), "i6OcSg");
        assert_eq!(hash(&[("n", Value::F64(0))]), "mQkNaA");
        assert_eq!(hash(&[("e", text(""))]), "xDY5TA");
        let array = Value::Array(vec![Value::I64(1), text("a long enough text for blocks")]);
        assert_eq!(hash(&[("a", array)]), "r48djg");
        let mut inner = Table::default();
        inner.set("b", Value::Void);
        assert_eq!(hash(&[("t", Value::Table(Box::new(inner)))]), "MM8rsA");
    }
}
