//! Field tables and the values they hold (AMQP 0-9-1 section 4.2.5, with RabbitMQ's type letters from its "AMQP 0-9-1 errata").

use alloc::{boxed::Box, vec::Vec};

use crate::bytes::Bytes;

/// One value of a field table or array. The letter is its type on the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// `t`: a boolean.
    Bool(bool),
    /// `b`: signed, 8 bits.
    I8(i8),
    /// `B`: unsigned, 8 bits.
    U8(u8),
    /// `s`: signed, 16 bits.
    I16(i16),
    /// `u`: unsigned, 16 bits.
    U16(u16),
    /// `I`: signed, 32 bits.
    I32(i32),
    /// `i`: unsigned, 32 bits.
    U32(u32),
    /// `l`: signed, 64 bits.
    I64(i64),
    /// `f`: the bits of an IEEE 754 single.
    F32(u32),
    /// `d`: the bits of an IEEE 754 double.
    F64(u64),
    /// `D`: a decimal number `value / 10^scale`.
    Decimal {
        /// Digits after the point.
        scale: u8,
        /// The digits.
        value: u32,
    },
    /// `S`: a long string, any bytes.
    LongStr(Bytes),
    /// `A`: an array.
    Array(Vec<Value>),
    /// `T`: seconds since 1970.
    Timestamp(u64),
    /// `F`: a nested table.
    Table(Box<Table>),
    /// `V`: no value.
    Void,
    /// `x`: a byte array.
    ByteArray(Bytes),
}

/// A field table. Order is kept, as it is seen by whoever receives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Table(pub Vec<(Bytes, Value)>);

impl Table {
    /// The value of the first field called `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// Adds or replaces the field called `name`.
    pub fn set(&mut self, name: &str, value: Value) {
        match self.0.iter_mut().find(|(key, _)| *key == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((Bytes::from(name), value)),
        }
    }

    /// Whether there is no field.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Value {
    /// The number held by any of the integer types.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::I8(n) => Some(i64::from(*n)),
            Value::U8(n) => Some(i64::from(*n)),
            Value::I16(n) => Some(i64::from(*n)),
            Value::U16(n) => Some(i64::from(*n)),
            Value::I32(n) => Some(i64::from(*n)),
            Value::U32(n) => Some(i64::from(*n)),
            Value::I64(n) => Some(*n),
            Value::Bool(_)
            | Value::F32(_)
            | Value::F64(_)
            | Value::Decimal { .. }
            | Value::LongStr(_)
            | Value::Array(_)
            | Value::Timestamp(_)
            | Value::Table(_)
            | Value::Void
            | Value::ByteArray(_) => None,
        }
    }

    /// The bytes of a long string.
    pub fn as_long_str(&self) -> Option<&Bytes> {
        if let Value::LongStr(bytes) = self { Some(bytes) } else { None }
    }
}

impl Value {
    /// Whether two values are the same to RabbitMQ: numbers compare across their types (Erlang's `==`), what is inside
    /// tables and arrays with its type.
    pub fn equals(&self, other: &Value) -> bool {
        match (self.number(), other.number()) {
            (Some(a), Some(b)) => return a == b,
            (Some(_), None) | (None, Some(_)) => return false,
            (None, None) => {}
        }
        match (self, other) {
            (Value::LongStr(a) | Value::ByteArray(a), Value::LongStr(b) | Value::ByteArray(b)) => a == b,
            (a, b) => a == b,
        }
    }

    /// Whether two arguments of a declaration are the same to RabbitMQ: an integer is no float, however equal they are
    /// (`rabbit_misc:type_class`).
    pub fn is_equivalent(&self, other: &Value) -> bool {
        let is_float = |value: &Value| matches!(value, Value::F32(_) | Value::F64(_));
        is_float(self) == is_float(other) && self.equals(other)
    }

    /// The number in any of the types that Erlang holds as a number.
    fn number(&self) -> Option<Number> {
        let float = |value: f64| {
            // A float that is a whole number equals the integer; the range keeps the conversion exact.
            if value as i64 as f64 == value && value.abs() < 9e15 {
                Number::Int(value as i64 as i128)
            } else {
                Number::Float(value.to_bits())
            }
        };
        match self {
            Value::F32(bits) => Some(float(f64::from(f32::from_bits(*bits)))),
            Value::F64(bits) => Some(float(f64::from_bits(*bits))),
            Value::Timestamp(n) => Some(Number::Int(i128::from(*n))),
            Value::I8(_)
            | Value::U8(_)
            | Value::I16(_)
            | Value::U16(_)
            | Value::I32(_)
            | Value::U32(_)
            | Value::I64(_)
            | Value::Bool(_)
            | Value::Decimal { .. }
            | Value::LongStr(_)
            | Value::Array(_)
            | Value::Table(_)
            | Value::Void
            | Value::ByteArray(_) => self.as_int().map(|n| Number::Int(i128::from(n))),
        }
    }
}

/// A number, exact.
#[derive(PartialEq)]
enum Number {
    Int(i128),
    Float(u64),
}
