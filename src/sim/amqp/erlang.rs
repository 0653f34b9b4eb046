//! Values as RabbitMQ's Erlang names and prints them in its texts.

use alloc::{string::String, vec::Vec};
use core::fmt::Write;

use super::value::Value;
use crate::float::text_f64;

/// The name that RabbitMQ (and its Erlang) gives to the type of a value.
pub fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::I8(_) => "byte",
        Value::U8(_) => "unsignedbyte",
        Value::I16(_) => "short",
        Value::U16(_) => "unsignedshort",
        Value::I32(_) => "signedint",
        Value::U32(_) => "unsignedint",
        Value::I64(_) => "long",
        Value::F32(_) => "float",
        Value::F64(_) => "double",
        Value::Decimal { .. } => "decimal",
        Value::LongStr(_) => "longstr",
        Value::Array(_) => "array",
        Value::Timestamp(_) => "timestamp",
        Value::Table(_) => "table",
        Value::Void => "void",
        Value::ByteArray(_) => "binary",
    }
}

/// A value as Erlang prints it inside a text: strings as they are, the rest as a term.
pub fn shown(value: &Value) -> Vec<u8> {
    match value {
        Value::LongStr(bytes) | Value::ByteArray(bytes) => bytes.to_vec(),
        Value::Bool(_)
        | Value::I8(_)
        | Value::U8(_)
        | Value::I16(_)
        | Value::U16(_)
        | Value::I32(_)
        | Value::U32(_)
        | Value::I64(_)
        | Value::F32(_)
        | Value::F64(_)
        | Value::Decimal { .. }
        | Value::Array(_)
        | Value::Timestamp(_)
        | Value::Table(_)
        | Value::Void => term(value).into_bytes(),
    }
}

/// A value as an Erlang term.
pub fn term(value: &Value) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail, so the results below are of no interest.
    let _ = match value {
        Value::Bool(b) => write!(text, "{b}"),
        Value::I8(n) => write!(text, "{n}"),
        Value::U8(n) => write!(text, "{n}"),
        Value::I16(n) => write!(text, "{n}"),
        Value::U16(n) => write!(text, "{n}"),
        Value::I32(n) => write!(text, "{n}"),
        Value::U32(n) => write!(text, "{n}"),
        Value::I64(n) => write!(text, "{n}"),
        Value::Timestamp(n) => write!(text, "{n}"),
        Value::F32(bits) => write!(text, "{}", text_f64(f64::from(f32::from_bits(*bits)))),
        Value::F64(bits) => write!(text, "{}", text_f64(f64::from_bits(*bits))),
        Value::Decimal { scale, value } => write!(text, "{{{scale},{value}}}"),
        Value::LongStr(bytes) | Value::ByteArray(bytes) => write!(text, "<<\"{bytes}\">>"),
        Value::Array(values) => {
            let items: Vec<String> =
                values.iter().map(|value| ["{", type_name(value), ",", &term(value), "}"].concat()).collect();
            write!(text, "[{}]", items.join(","))
        }
        Value::Table(table) => {
            let items: Vec<String> = (table.0.iter())
                .map(|(key, value)| ["{<<\"", &key.text(), "\">>,", type_name(value), ",", &term(value), "}"].concat())
                .collect();
            write!(text, "[{}]", items.join(","))
        }
        Value::Void => write!(text, "undefined"),
    };
    text
}
