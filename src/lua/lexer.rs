//! A text in tokens.

use crate::{
    number::{self, ReadFloat},
    op::chunk_id,
    str::Str,
    value::Error,
};
use alloc::{format, string::String, vec::Vec};

/// A token.
#[derive(Clone, Debug, PartialEq)]
pub enum Token {
    /// The end of the text.
    End,
    /// A reserved word or a mark.
    Word(&'static str),
    /// A name.
    Name(Str),
    /// A string.
    Text(Str),
    /// A number.
    Number(f64),
    /// A byte that stands for nothing.
    Other(u8),
}

const RESERVED: [&str; 21] = [
    "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or",
    "repeat", "return", "then", "true", "until", "while",
];

/// Marks, the longer ones first.
const MARKS: [&str; 25] = [
    "...", "..", "==", ">=", "<=", "~=", "+", "-", "*", "/", "%", "^", "#", "<", ">", "=", "(", ")", "{", "}", "]",
    ";", ":", ",", ".",
];

/// Reads tokens one by one, and one ahead where the grammar asks for it.
pub struct Lexer<'t> {
    text: &'t [u8],
    place: usize,
    /// The line that is being read.
    pub line: u32,
    /// The line of the last token that was taken.
    pub last_line: u32,
    /// The token at hand.
    pub token: Token,
    ahead: Option<(Token, u32, Vec<u8>)>,
    /// The bytes of the token at hand, as a message shows them.
    shown: Vec<u8>,
    name: Vec<u8>,
    read_float: ReadFloat,
}

impl<'t> Lexer<'t> {
    /// A reader of this text; `source` names it in messages.
    pub fn new(text: &'t [u8], source: &[u8], read_float: ReadFloat) -> Result<Lexer<'t>, Error> {
        let mut lexer = Lexer {
            text,
            place: 0,
            line: 1,
            last_line: 1,
            token: Token::End,
            ahead: None,
            shown: Vec::new(),
            name: chunk_id(source),
            read_float,
        };
        if text.first() == Some(&b'#') {
            lexer.place = text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len());
        }
        lexer.advance()?;
        lexer.last_line = 1;
        Ok(lexer)
    }

    /// Takes the token at hand and reads the next.
    pub fn advance(&mut self) -> Result<(), Error> {
        self.last_line = self.line;
        match self.ahead.take() {
            Some((token, line, shown)) => (self.token, self.line, self.shown) = (token, line, shown),
            None => (self.token, self.shown) = self.read()?,
        }
        Ok(())
    }

    /// The token after the one at hand.
    pub fn peek(&mut self) -> Result<&Token, Error> {
        if self.ahead.is_none() {
            let line = self.line;
            let (token, shown) = self.read()?;
            self.ahead = Some((token, core::mem::replace(&mut self.line, line), shown));
        }
        Ok(self.ahead.as_ref().map_or(&Token::End, |(token, ..)| token))
    }

    /// Whether the token at hand is this word or mark.
    pub fn is(&self, word: &str) -> bool {
        matches!(&self.token, Token::Word(other) if *other == word)
    }

    /// An error at the token at hand.
    pub fn error(&self, message: &str) -> Error {
        let near: &[u8] = if self.token == Token::End { b"<eof>" } else { &self.shown };
        self.error_near(message, near)
    }

    /// An error at the line that is being read, without what stands there.
    pub fn error_here(&self, message: &str) -> Error {
        Error::bytes([&self.name, format!(":{}: {message}", self.line).as_bytes()].concat())
    }

    fn error_near(&self, message: &str, near: &[u8]) -> Error {
        let start = format!(":{}: {message} near '", self.line);
        // C's strings end at a zero.
        let near = near.split(|byte| *byte == 0).next().unwrap_or(near);
        Error::bytes([&self.name, start.as_bytes(), near, b"'"].concat())
    }

    fn at(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.place + ahead).copied()
    }

    fn line_end(&mut self) {
        let first = self.at(0);
        self.place += 1;
        if matches!((first, self.at(0)), (Some(b'\n'), Some(b'\r')) | (Some(b'\r'), Some(b'\n'))) {
            self.place += 1;
        }
        self.line += 1;
    }

    fn read(&mut self) -> Result<(Token, Vec<u8>), Error> {
        loop {
            let Some(byte) = self.at(0) else { return Ok((Token::End, Vec::new())) };
            match byte {
                b'\n' | b'\r' => self.line_end(),
                b' ' | b'\t' | 11 | 12 => self.place += 1,
                b'-' if self.at(1) == Some(b'-') => self.comment()?,
                b'"' | b'\'' => return self.string(byte),
                b'[' => {
                    let start = self.place;
                    return match self.long_level() {
                        Some(level) => {
                            let text = self.long(level, "unfinished long string")?;
                            Ok((Token::Text(Str::from(text)), self.text[start..self.place].to_vec()))
                        }
                        None if self.at(1) == Some(b'=') => {
                            Err(self.error_near("invalid long string delimiter", &self.text[start..=start + 1]))
                        }
                        None => {
                            self.place += 1;
                            Ok((Token::Word("["), b"[".to_vec()))
                        }
                    };
                }
                b'0'..=b'9' => return self.number(),
                b'.' if self.at(1).is_some_and(|next| next.is_ascii_digit()) => return self.number(),
                b'a'..=b'z' | b'A'..=b'Z' | b'_' => return Ok(self.word()),
                _ => return Ok(self.mark(byte)),
            }
        }
    }

    fn mark(&mut self, byte: u8) -> (Token, Vec<u8>) {
        if let Some(mark) = MARKS.iter().find(|mark| self.text[self.place..].starts_with(mark.as_bytes())) {
            self.place += mark.len();
            return (Token::Word(mark), mark.as_bytes().to_vec());
        }
        self.place += 1;
        let shown = if byte.is_ascii_control() { format!("char({byte})").into_bytes() } else { [byte].to_vec() };
        (Token::Other(byte), shown)
    }

    fn word(&mut self) -> (Token, Vec<u8>) {
        let rest = &self.text[self.place..];
        let end = rest.iter().position(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').unwrap_or(rest.len());
        let word = &rest[..end];
        self.place += end;
        let reserved = RESERVED.iter().find(|reserved| reserved.as_bytes() == word);
        (reserved.map_or_else(|| Token::Name(Str::from(word)), |reserved| Token::Word(reserved)), word.to_vec())
    }

    fn number(&mut self) -> Result<(Token, Vec<u8>), Error> {
        let start = self.place;
        while self.at(0).is_some_and(|byte| byte.is_ascii_digit() || byte == b'.') {
            self.place += 1;
        }
        if matches!(self.at(0), Some(b'e' | b'E')) {
            self.place += 1;
            if matches!(self.at(0), Some(b'+' | b'-')) {
                self.place += 1;
            }
        }
        while self.at(0).is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            self.place += 1;
        }
        let shown = self.text[start..self.place].to_vec();
        match number::parse(&shown, self.read_float) {
            Some(number) => Ok((Token::Number(number), shown)),
            None => Err(self.error_near("malformed number", &shown)),
        }
    }

    fn comment(&mut self) -> Result<(), Error> {
        self.place += 2;
        if self.at(0) == Some(b'[')
            && let Some(level) = self.long_level()
        {
            return self.long(level, "unfinished long comment").map(|_| ());
        }
        while self.at(0).is_some_and(|byte| !matches!(byte, b'\n' | b'\r')) {
            self.place += 1;
        }
        Ok(())
    }

    /// The `=` between two brackets that open a long string.
    fn long_level(&self) -> Option<usize> {
        let level = self.text[self.place + 1..].iter().take_while(|byte| **byte == b'=').count();
        (self.at(level + 1) == Some(b'[')).then_some(level)
    }

    fn long(&mut self, level: usize, unfinished: &str) -> Result<Vec<u8>, Error> {
        self.place += level + 2;
        if matches!(self.at(0), Some(b'\n' | b'\r')) {
            self.line_end();
        }
        let end = [&b"]"[..], &b"=".repeat(level), b"]"].concat();
        let mut out = Vec::new();
        loop {
            match self.at(0) {
                None => return Err(self.error_near(unfinished, b"<eof>")),
                Some(b'\n' | b'\r') => {
                    self.line_end();
                    out.push(b'\n');
                }
                Some(b']') if self.text[self.place..].starts_with(&end) => {
                    self.place += end.len();
                    return Ok(out);
                }
                Some(b'[') if level == 0 && self.at(1) == Some(b'[') => {
                    return Err(self.error_near("nesting of [[...]] is deprecated", b"["));
                }
                Some(byte) => {
                    self.place += 1;
                    out.push(byte);
                }
            }
        }
    }

    fn string(&mut self, quote: u8) -> Result<(Token, Vec<u8>), Error> {
        self.place += 1;
        let mut out = Vec::new();
        let shown = |out: &[u8]| [&[quote], out].concat();
        loop {
            match self.at(0) {
                None => return Err(self.error_near("unfinished string", b"<eof>")),
                Some(b'\n' | b'\r') => return Err(self.error_near("unfinished string", &shown(&out))),
                Some(b'\\') => {
                    self.place += 1;
                    self.escape(quote, &mut out)?;
                }
                Some(byte) if byte == quote => {
                    self.place += 1;
                    let shown = [&shown(&out)[..], &[quote]].concat();
                    return Ok((Token::Text(Str::from(out)), shown));
                }
                Some(byte) => {
                    self.place += 1;
                    out.push(byte);
                }
            }
        }
    }

    fn escape(&mut self, quote: u8, out: &mut Vec<u8>) -> Result<(), Error> {
        let Some(byte) = self.at(0) else { return Ok(()) };
        let plain = match byte {
            b'a' => 7,
            b'b' => 8,
            b'f' => 12,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'v' => 11,
            b'\n' | b'\r' => {
                out.push(b'\n');
                self.line_end();
                return Ok(());
            }
            b'0'..=b'9' => {
                let mut code = 0_u32;
                let mut count = 0;
                while count < 3 && self.at(0).is_some_and(|byte| byte.is_ascii_digit()) {
                    code = code * 10 + u32::from(self.text[self.place] - b'0');
                    self.place += 1;
                    count += 1;
                }
                if code > 255 {
                    let near = [&[quote], &out[..]].concat();
                    return Err(self.error_near("escape sequence too large", &near));
                }
                out.push(code as u8);
                return Ok(());
            }
            other => other,
        };
        self.place += 1;
        out.push(plain);
        Ok(())
    }

    /// A word as messages name it.
    pub fn quoted(word: &str) -> String {
        format!("'{word}'")
    }
}
