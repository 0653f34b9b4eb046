//! A place in a line, moved on by what is read there.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::TextError;
use crate::bytes::Bytes;

/// A line and how far it has been read.
pub(super) struct Cursor<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(line: &'a str) -> Cursor<'a> {
        Cursor { line, at: 0 }
    }

    /// The bytes read so far.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn is_done(&self) -> bool {
        self.at == self.line.len()
    }

    fn rest(&self) -> &'a str {
        &self.line[self.at..]
    }

    /// A fault at the present place.
    pub(super) fn error(&self, message: impl Into<String>) -> TextError {
        self.error_at(self.at, message)
    }

    /// A fault at a place that was passed.
    pub(super) fn error_at(&self, at: usize, message: impl Into<String>) -> TextError {
        TextError { column: u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1), message: message.into() }
    }

    pub(super) fn skip_spaces(&mut self) {
        self.at = self.line.len() - self.rest().trim_start().len();
    }

    pub(super) fn next_is(&self, wanted: impl Fn(char) -> bool) -> bool {
        self.rest().chars().next().is_some_and(wanted)
    }

    /// Passes `wanted` if it comes next.
    pub(super) fn eat(&mut self, wanted: char) -> bool {
        let found = self.next_is(|c| c == wanted);
        if found {
            self.at += wanted.len_utf8();
        }
        found
    }

    /// Passes `wanted`, or says what was expected.
    pub(super) fn expect(&mut self, wanted: char, why: &str) -> Result<(), TextError> {
        if self.eat(wanted) { Ok(()) } else { Err(self.error(format!("expected '{wanted}' {why}{}", self.found()))) }
    }

    /// `, found 'x'`, for the end of a message.
    pub(super) fn found(&self) -> String {
        self.rest().chars().next().map_or(", but the line ends".to_string(), |c| format!(", found '{c}'"))
    }

    /// The longest run of such characters; it may be empty.
    pub(super) fn word(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let word = &rest[..rest.find(|c| !wanted(c)).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }

    /// The word that [`Cursor::word`] would read, if it is not empty.
    pub(super) fn peek_word(&self, wanted: impl Fn(char) -> bool) -> Option<&'a str> {
        let rest = self.rest();
        let word = &rest[..rest.find(|c| !wanted(c)).unwrap_or(rest.len())];
        (!word.is_empty()).then_some(word)
    }

    /// A whole number from `low` to `high`, up to the next space.
    pub(super) fn number(&mut self, low: u64, high: u64) -> Result<u64, TextError> {
        let start = self.at;
        let word = self.word(|c| !c.is_whitespace());
        match word.parse() {
            // Rust would also read "+5"; the text form has one way to write a number.
            Ok(number) if (low..=high).contains(&number) && !word.starts_with('+') => Ok(number),
            _ => Err(self.error_at(start, format!("'{word}' is not a whole number from {low} to {high}"))),
        }
    }

    /// Text, bare or in quotes. Bare text goes on as long as `bare` allows and may be empty (`queue=` is the empty name).
    pub(super) fn text(&mut self, name: &str, bare: impl Fn(char) -> bool) -> Result<Bytes, TextError> {
        if self.next_is(|c| c == '"') {
            let text = self.quoted()?;
            if self.is_done() || self.next_is(|c| c.is_whitespace()) {
                return Ok(text);
            }
            return Err(self.error(format!("expected a space after the text of '{name}'{}", self.found())));
        }
        let word = self.word(bare);
        if self.is_done() || self.next_is(char::is_whitespace) {
            return Ok(Bytes::from(word));
        }
        Err(self.error(format!("text with a quote or a backslash needs quotes around it: {name}=\"...\"")))
    }

    /// Text between double quotes.
    pub(super) fn quoted(&mut self) -> Result<Bytes, TextError> {
        let start = self.at;
        self.expect('"', "")?;
        let mut bytes = Vec::new();
        loop {
            let Some(c) = self.rest().chars().next() else {
                return Err(self.error_at(start, "this quote is never closed"));
            };
            self.at += c.len_utf8();
            match c {
                '"' => return Ok(Bytes::from(bytes)),
                '\\' => bytes.push(self.escape()?),
                _ => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
    }

    /// What follows a backslash.
    fn escape(&mut self) -> Result<u8, TextError> {
        let start = self.at - 1;
        let rest = self.rest();
        let simple = match rest.as_bytes().first() {
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'"') => b'"',
            Some(b'\\') => b'\\',
            Some(b'x') => {
                let digits = rest.get(1..3).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
                let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
                self.at += 3;
                return byte.ok_or_else(|| self.error_at(start, "\\x needs two hexadecimal digits, such as \\xE6"));
            }
            _ => return Err(self.error_at(start, "a backslash goes before one of \" \\ n r t xNN")),
        };
        self.at += 1;
        Ok(simple)
    }
}
