//! JSON (RFC 8259), as much as definitions need: a strict reader that knows where each value stands, and a writer.

use alloc::{format, string::String, vec::Vec};
use core::fmt::Write;

use crate::amqp::value::{Table, Value};
use crate::bytes::Bytes;
use crate::float;

/// Arrays and objects within each other; deeper ones would use up the stack, and no definition needs them.
const DEPTH_MAX: u32 = 32;

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Json {
    /// The offset in bytes.
    pub at: usize,
    /// The value itself.
    pub kind: Kind,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number without point and exponent.
    Int(i64),
    /// The bits of any other number.
    Float(u64),
    /// A string.
    Text(Bytes),
    /// An array.
    Array(Vec<Json>),
    /// An object; no name stands in it twice.
    Object(Vec<(Bytes, Json)>),
}

/// What is wrong and at which offset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    /// The offset in bytes.
    pub at: usize,
    /// What is wrong.
    pub message: String,
}

impl Json {
    /// Reads one value; nothing but white space may follow it.
    ///
    /// # Errors
    /// The first thing that is no JSON, a name that stands twice in an object, or more depth than is read.
    pub fn parse(text: &str) -> Result<Json, JsonError> {
        let mut reader = Reader { text: text.as_bytes(), at: 0 };
        let value = reader.value(0)?;
        reader.skip_spaces();
        if reader.at < reader.text.len() {
            return reader.fail("expected the end");
        }
        Ok(value)
    }

    /// The field of an object.
    pub fn get(&self, name: &str) -> Option<&Json> {
        match &self.kind {
            Kind::Object(fields) => fields.iter().find(|(key, _)| *key == name).map(|(_, value)| value),
            Kind::Null | Kind::Bool(_) | Kind::Int(_) | Kind::Float(_) | Kind::Text(_) | Kind::Array(_) => None,
        }
    }

    /// What it is, for messages.
    pub fn what(&self) -> &'static str {
        match self.kind {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Int(_) | Kind::Float(_) => "a number",
            Kind::Text(_) => "a string",
            Kind::Array(_) => "an array",
            Kind::Object(_) => "an object",
        }
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn fail<T>(&self, message: &str) -> Result<T, JsonError> {
        let rest = core::str::from_utf8(&self.text[self.at.min(self.text.len())..]).unwrap_or("");
        let found = rest.chars().next().map_or_else(|| String::from("the end"), |c| format!("{c:?}"));
        Err(JsonError { at: self.at, message: format!("{message}, found {found}") })
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip_spaces();
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn value(&mut self, depth: u32) -> Result<Json, JsonError> {
        self.skip_spaces();
        let at = self.at;
        if depth >= DEPTH_MAX {
            return Err(JsonError { at, message: format!("arrays and objects go at most {DEPTH_MAX} deep") });
        }
        let kind = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Kind::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            _ => match [("null", Kind::Null), ("true", Kind::Bool(true)), ("false", Kind::Bool(false))]
                .into_iter()
                .find(|(word, _)| self.text[at..].starts_with(word.as_bytes()))
            {
                Some((word, kind)) => {
                    self.at += word.len();
                    kind
                }
                None => return self.fail("expected a value"),
            },
        };
        Ok(Json { at, kind })
    }

    fn array(&mut self, depth: u32) -> Result<Kind, JsonError> {
        let mut values = Vec::new();
        self.at += 1;
        if self.eat(b']') {
            return Ok(Kind::Array(values));
        }
        loop {
            values.push(self.value(depth + 1)?);
            if self.eat(b']') {
                return Ok(Kind::Array(values));
            }
            if !self.eat(b',') {
                return self.fail("expected ',' or ']'");
            }
        }
    }

    fn object(&mut self, depth: u32) -> Result<Kind, JsonError> {
        let mut fields: Vec<(Bytes, Json)> = Vec::new();
        self.at += 1;
        if self.eat(b'}') {
            return Ok(Kind::Object(fields));
        }
        loop {
            self.skip_spaces();
            let at = self.at;
            if self.peek() != Some(b'"') {
                return self.fail("expected a name in quotes");
            }
            let name = self.string()?;
            if fields.iter().any(|(other, _)| *other == name) {
                return Err(JsonError { at, message: format!("'{name}' stands twice in this object") });
            }
            if !self.eat(b':') {
                return self.fail("expected ':'");
            }
            let value = self.value(depth + 1)?;
            fields.push((name, value));
            if self.eat(b'}') {
                return Ok(Kind::Object(fields));
            }
            if !self.eat(b',') {
                return self.fail("expected ',' or '}'");
            }
        }
    }

    fn string(&mut self) -> Result<Bytes, JsonError> {
        let mut bytes = Vec::new();
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Bytes::from(bytes));
                }
                Some(b'\\') => {
                    let c = self.escape()?;
                    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                Some(byte) if byte >= b' ' => {
                    bytes.push(byte);
                    self.at += 1;
                }
                _ => return self.fail("expected the closing quote"),
            }
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let plain = match self.text.get(self.at + 1) {
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
            Some(b'u') => {
                let high = self.hex_after(2)?;
                self.at += 6;
                let is_pair = (0xd800..0xdc00).contains(&high) && self.text[self.at..].starts_with(b"\\u");
                if !is_pair {
                    return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                let low = self.hex_after(2)?;
                if !(0xdc00..0xe000).contains(&low) {
                    return Ok(char::REPLACEMENT_CHARACTER);
                }
                self.at += 6;
                let code = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            _ => return self.fail("there is no such escape"),
        };
        self.at += 2;
        Ok(plain)
    }

    fn hex_after(&self, skip: usize) -> Result<u32, JsonError> {
        let digits = self.text.get(self.at + skip..self.at + skip + 4).unwrap_or_default();
        let digits = core::str::from_utf8(digits).ok().filter(|d| d.len() == 4 && !d.starts_with('+'));
        match digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()) {
            Some(code) => Ok(code),
            None => self.fail("expected four hexadecimal digits behind \\u"),
        }
    }

    fn number(&mut self) -> Result<Kind, JsonError> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let first = self.at;
        self.digits()?;
        if self.text[first] == b'0' && self.at > first + 1 {
            self.at = first;
            return self.fail("a number has no leading zero");
        }
        let mut is_whole = true;
        if self.peek() == Some(b'.') {
            is_whole = false;
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            is_whole = false;
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        let word = core::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
        let kind = match is_whole {
            true => word.parse().ok().map(Kind::Int),
            false => float::parse_f64(word).map(|number| Kind::Float(number.to_bits())),
        };
        kind.ok_or_else(|| JsonError { at: start, message: format!("{word} does not fit 64 bits") })
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { self.fail("expected a digit") } else { Ok(()) }
    }
}

/// Line and column, both from 1, of an offset; the column counts characters.
pub fn place(text: &str, at: usize) -> (u32, u32) {
    let before = &text.as_bytes()[..at.min(text.len())];
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    // Bytes of the form 10xxxxxx go on with a character that has been counted.
    let column = before[start..].iter().filter(|byte| **byte & 0xc0 != 0x80).count() + 1;
    (line as u32, column as u32)
}

/// Writes a string in quotes. Bytes that are no UTF-8 become U+FFFD: JSON has no way to say them.
pub fn write_text(out: &mut String, text: &[u8]) {
    out.push('"');
    for c in String::from_utf8_lossy(text).chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if c < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(c)); // Writing to a String cannot fail, here and below.
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// Writes a field table as an object.
pub fn write_table(out: &mut String, table: &Table) {
    out.push('{');
    for (index, (name, value)) in table.0.iter().enumerate() {
        out.push_str(if index == 0 { "" } else { "," });
        write_text(out, name);
        out.push(':');
        write_value(out, value);
    }
    out.push('}');
}

fn write_value(out: &mut String, value: &Value) {
    let float = |out: &mut String, number: f64| {
        if number.is_finite() { out.push_str(&float::text_f64(number)) } else { out.push_str("null") }
    };
    match value {
        Value::Bool(on) => out.push_str(if *on { "true" } else { "false" }),
        Value::F32(bits) => float(out, f64::from(f32::from_bits(*bits))),
        Value::F64(bits) => float(out, f64::from_bits(*bits)),
        Value::Decimal { scale, value } => {
            let scale = usize::from(*scale);
            let digits = format!("{value:0width$}", width = scale + 1);
            let (whole, part) = digits.split_at(digits.len() - scale);
            let _ = write!(out, "{whole}.{}", if part.is_empty() { "0" } else { part });
        }
        Value::LongStr(text) | Value::ByteArray(text) => write_text(out, text),
        Value::Array(values) => {
            out.push('[');
            for (index, value) in values.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write_value(out, value);
            }
            out.push(']');
        }
        Value::Table(table) => write_table(out, table),
        Value::Timestamp(seconds) => drop(write!(out, "{seconds}")),
        Value::Void => out.push_str("null"),
        Value::I8(_) | Value::U8(_) | Value::I16(_) | Value::U16(_) | Value::I32(_) | Value::U32(_) | Value::I64(_) => {
            let _ = write!(out, "{}", value.as_int().unwrap_or_default());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_json_has_is_read() {
        let json =
            Json::parse(" {\"a\": [1, -2.5e1, true, null, \"x\\u00e9\\ud83d\\ude00\\n\"], \"b\":{}}\n").expect("JSON");
        let Some(Json { kind: Kind::Array(items), .. }) = json.get("a") else { panic!("{json:?}") };
        assert_eq!(items[0].kind, Kind::Int(1));
        assert_eq!(items[1].kind, Kind::Float((-25f64).to_bits()));
        assert_eq!(items[4].kind, Kind::Text(Bytes::from("xé😀\n")));
        assert_eq!(items[2].at, 19);
    }

    #[test]
    fn what_is_no_json_is_told_with_its_place() {
        for (text, at, message) in [
            ("", 0, "expected a value, found the end"),
            ("{\"a\":1,}", 7, "expected a name in quotes, found '}'"),
            ("[1 2]", 3, "expected ',' or ']', found '2'"),
            ("{\"a\":1,\"a\":2}", 7, "'a' stands twice in this object"),
            ("01", 0, "a number has no leading zero, found '0'"),
            ("\"\\x\"", 1, "there is no such escape, found '\\\\'"),
            ("99999999999999999999", 0, "99999999999999999999 does not fit 64 bits"),
            ("1 1", 2, "expected the end, found '1'"),
            ("\"\\u+123\"", 1, "expected four hexadecimal digits behind \\u, found '\\\\'"),
        ] {
            assert_eq!(Json::parse(text), Err(JsonError { at, message: message.into() }), "{text}");
        }
        assert!(Json::parse(&"[".repeat(100_000)).is_err_and(|error| error.message.contains("32 deep")));
    }

    #[test]
    fn places_count_characters() {
        assert_eq!(place("é\nüb", 5), (2, 2));
        assert_eq!(place("", 5), (1, 1));
    }
}
