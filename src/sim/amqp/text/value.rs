//! Field tables and their values as text: `{x-message-ttl=1000, a="s", n=5L, d={k="v"}, l=[1, "two"], t=true, v=void}`.
//!
//! | written | type |
//! |---|---|
//! | `5` | `I`, 32 bits: what clients send for a small number |
//! | `5L` | `l`, 64 bits |
//! | `1.5` | `d`, a double |
//! | `"text"`, or a bare word when reading | `S` |
//! | `true` `false` `void` | `t`, `V` |
//! | `{k=1}` `[1, 2]` | `F`, `A` |
//! | `b(5)` `B(5)` `s(5)` `u(5)` `i(5)` | the other integers, by their letters on the wire |
//! | `f(1.5)` `d(0x7ff8000000000000)` | a single; a float of these bits |
//! | `D(1.25)` `T(1700000000)` `x("bytes")` | decimal, timestamp, byte array |

use alloc::{boxed::Box, format, string::String, vec::Vec};
use core::fmt::Write;

use super::TextError;
use super::cursor::Cursor;
use crate::amqp::value::{Table, Value};
use crate::bytes::Bytes;
use crate::float;

/// Tables and arrays within each other. Deeper ones are nobody's wish, and reading them would use up the stack.
const DEPTH_MAX: u32 = 32;

/// Reads a table in braces.
pub(super) fn parse_table(cursor: &mut Cursor<'_>) -> Result<Table, TextError> {
    let table = table(cursor, 1)?;
    if cursor.is_done() || cursor.next_is(char::is_whitespace) {
        return Ok(table);
    }
    Err(cursor.error(format!("expected a space after the table{}", cursor.found())))
}

/// Writes a table in braces.
pub(super) fn print_table(line: &mut String, table: &Table) {
    line.push('{');
    for (index, (name, value)) in table.0.iter().enumerate() {
        line.push_str(if index == 0 { "" } else { ", " });
        print_text(line, name, is_word);
        line.push('=');
        print_value(line, value);
    }
    line.push('}');
}

/// Writes bytes as a bare word where every character allows it, else in quotes.
pub(super) fn print_text(line: &mut String, bytes: &Bytes, bare: impl Fn(char) -> bool) {
    match core::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && text.chars().all(bare) => line.push_str(text),
        _ => print_quoted(line, bytes),
    }
}

fn print_quoted(line: &mut String, bytes: &Bytes) {
    line.push('"');
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' | '\\' => line.extend(['\\', c]),
                '\n' => line.push_str("\\n"),
                '\r' => line.push_str("\\r"),
                '\t' => line.push_str("\\t"),
                _ if c.is_control() => print_escaped(line, c.encode_utf8(&mut [0; 4]).as_bytes()),
                _ => line.push(c),
            }
        }
        print_escaped(line, chunk.invalid());
    }
    line.push('"');
}

fn print_escaped(line: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(line, "\\x{byte:02x}"); // Writing to a String cannot fail, here and below.
    }
}

pub(super) fn print_value(line: &mut String, value: &Value) {
    let _ = match value {
        Value::Bool(on) => write!(line, "{on}"),
        Value::I8(n) => write!(line, "b({n})"),
        Value::U8(n) => write!(line, "B({n})"),
        Value::I16(n) => write!(line, "s({n})"),
        Value::U16(n) => write!(line, "u({n})"),
        Value::I32(n) => write!(line, "{n}"),
        Value::U32(n) => write!(line, "i({n})"),
        Value::I64(n) => write!(line, "{n}L"),
        Value::F32(bits) if f32::from_bits(*bits).is_finite() => {
            write!(line, "f({})", float::text_f32(f32::from_bits(*bits)))
        }
        Value::F32(bits) => write!(line, "f({bits:#x})"),
        Value::F64(bits) if f64::from_bits(*bits).is_finite() => {
            write!(line, "{}", float::text_f64(f64::from_bits(*bits)))
        }
        Value::F64(bits) => write!(line, "d({bits:#x})"),
        Value::Decimal { scale: 0, value } => write!(line, "D({value})"),
        Value::Decimal { scale, value } => {
            let scale = usize::from(*scale);
            let digits = format!("{value:0width$}", width = scale + 1);
            let (whole, part) = digits.split_at(digits.len() - scale);
            write!(line, "D({whole}.{part})")
        }
        Value::Timestamp(seconds) => write!(line, "T({seconds})"),
        Value::Void => write!(line, "void"),
        Value::LongStr(text) => {
            print_quoted(line, text);
            Ok(())
        }
        Value::ByteArray(bytes) => {
            line.push_str("x(");
            print_quoted(line, bytes);
            line.push(')');
            Ok(())
        }
        Value::Table(table) => {
            print_table(line, table);
            Ok(())
        }
        Value::Array(values) => {
            line.push('[');
            for (index, value) in values.iter().enumerate() {
                line.push_str(if index == 0 { "" } else { ", " });
                print_value(line, value);
            }
            line.push(']');
            Ok(())
        }
    };
}

/// The characters of a bare word within a table.
fn is_word(c: char) -> bool {
    // Of all scripts, without the tables that tell their letters apart.
    c.is_ascii_alphanumeric()
        || !c.is_ascii() && !c.is_whitespace() && !c.is_control()
        || matches!(c, '-' | '_' | '.' | ':' | '/' | '*' | '#' | '<' | '>' | '+')
}

fn table(cursor: &mut Cursor<'_>, depth: u32) -> Result<Table, TextError> {
    cursor.expect('{', "before a table")?;
    let mut fields = Vec::new();
    items(cursor, '}', |cursor| {
        let name = if cursor.next_is(|c| c == '"') { cursor.quoted()? } else { Bytes::from(cursor.word(is_word)) };
        cursor.skip_spaces();
        cursor.expect('=', "after a field's name")?;
        cursor.skip_spaces();
        fields.push((name, value(cursor, depth)?));
        Ok(())
    })?;
    Ok(Table(fields))
}

/// What stands between commas, up to `end`.
fn items(
    cursor: &mut Cursor<'_>,
    end: char,
    mut item: impl FnMut(&mut Cursor<'_>) -> Result<(), TextError>,
) -> Result<(), TextError> {
    cursor.skip_spaces();
    if cursor.eat(end) {
        return Ok(());
    }
    loop {
        cursor.skip_spaces();
        item(cursor)?;
        cursor.skip_spaces();
        if cursor.eat(end) {
            return Ok(());
        }
        if !cursor.eat(',') {
            return Err(cursor.error(format!("expected ',' or '{end}'{}", cursor.found())));
        }
    }
}

fn value(cursor: &mut Cursor<'_>, depth: u32) -> Result<Value, TextError> {
    if depth > DEPTH_MAX {
        return Err(cursor.error(format!("tables and arrays go at most {DEPTH_MAX} deep")));
    }
    if cursor.next_is(|c| c == '{') {
        return Ok(Value::Table(Box::new(table(cursor, depth + 1)?)));
    }
    if cursor.next_is(|c| c == '"') {
        return Ok(Value::LongStr(cursor.quoted()?));
    }
    if cursor.eat('[') {
        let mut values = Vec::new();
        items(cursor, ']', |cursor| {
            values.push(value(cursor, depth + 1)?);
            Ok(())
        })?;
        return Ok(Value::Array(values));
    }
    let start = cursor.at();
    let word = cursor.word(is_word);
    if cursor.eat('(') {
        return in_brackets(cursor, start, word);
    }
    let number = word.strip_prefix('-').unwrap_or(word).starts_with(|c: char| c.is_ascii_digit());
    match word {
        "" => Err(cursor.error(format!("expected a value{}", cursor.found()))),
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        "void" => Ok(Value::Void),
        _ if !number => Ok(Value::LongStr(Bytes::from(word))),
        _ => plain_number(word).ok_or_else(|| {
            let message = format!("'{word}' is neither a number of 32 bits, nor of 64 (5L), nor a double (1.5)");
            cursor.error_at(start, message)
        }),
    }
}

fn plain_number(word: &str) -> Option<Value> {
    if let Some(digits) = word.strip_suffix('L') {
        return digits.parse().ok().map(Value::I64);
    }
    if word.contains(['.', 'e']) {
        return float::parse_f64(word).map(|number| Value::F64(number.to_bits()));
    }
    word.parse().ok().map(Value::I32)
}

/// `b(5)`: the letter is `word`, the bracket is open.
fn in_brackets(cursor: &mut Cursor<'_>, start: usize, word: &str) -> Result<Value, TextError> {
    let bytes = word == "x";
    let content = if bytes { cursor.quoted()? } else { Bytes::from(cursor.word(is_word)) };
    cursor.expect(')', "at the end of the value")?;
    let text = content.text();
    let value = match word {
        "b" => text.parse().ok().map(Value::I8),
        "B" => text.parse().ok().map(Value::U8),
        "s" => text.parse().ok().map(Value::I16),
        "u" => text.parse().ok().map(Value::U16),
        "i" => text.parse().ok().map(Value::U32),
        "T" => text.parse().ok().map(Value::Timestamp),
        "f" => match text.strip_prefix("0x") {
            Some(digits) => u32::from_str_radix(digits, 16).ok().map(Value::F32),
            None => float::parse_f32(&text).map(|number| Value::F32(number.to_bits())),
        },
        "d" => match text.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok().map(Value::F64),
            None => float::parse_f64(&text).map(|number| Value::F64(number.to_bits())),
        },
        "D" => decimal(&text),
        "x" => Some(Value::ByteArray(content.clone())),
        _ => return Err(cursor.error_at(start, format!("there is no type '{word}': they are b B s u i f d D T x"))),
    };
    value.ok_or_else(|| cursor.error_at(start, format!("'{text}' does not fit the type {word}")))
}

/// `12.50` is the digits 1250 with two after the point.
fn decimal(text: &str) -> Option<Value> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{part}");
    let all_digits = !whole.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let scale = u8::try_from(part.len()).ok()?;
    all_digits.then(|| digits.parse().ok().map(|value| Value::Decimal { scale, value })).flatten()
}
