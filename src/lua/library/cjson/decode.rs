//! `cjson.decode`.

use super::{MAX_SLOTS, Settings, exactly_one, settings};
use crate::{
    number::{self, ReadFloat},
    table::Table,
    value::{Error, Value},
    vm::{Args, Host, Vm},
};
use alloc::{format, vec::Vec};

/// What stands next in the text.
enum Token {
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    Colon,
    Comma,
    End,
    Null,
    Bool(bool),
    Number(f64),
    String(Vec<u8>),
    Wrong(&'static str),
}

impl Token {
    /// What messages call it.
    fn name(&self) -> &'static str {
        match self {
            Token::ObjectBegin => "T_OBJ_BEGIN",
            Token::ObjectEnd => "T_OBJ_END",
            Token::ArrayBegin => "T_ARR_BEGIN",
            Token::ArrayEnd => "T_ARR_END",
            Token::Colon => "T_COLON",
            Token::Comma => "T_COMMA",
            Token::End => "T_END",
            Token::Null => "T_NULL",
            Token::Bool(_) => "T_BOOLEAN",
            Token::Number(_) => "T_NUMBER",
            Token::String(_) => "T_STRING",
            Token::Wrong(why) => why,
        }
    }
}

/// A container that is being read.
enum Open {
    Array { table: u32, next: usize },
    Object { table: u32, key: Value },
}

struct Decoder<'t> {
    text: &'t [u8],
    at: usize,
    /// Where the last token stands.
    token_at: usize,
    settings: Settings,
    read_float: ReadFloat,
    open: Vec<Open>,
    /// How much of its stack Redis's Lua would use here.
    slots: usize,
}

pub fn decode(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    exactly_one(vm, args)?;
    let text = vm.check_str(args, 1)?;
    if text.len() >= 2 && (text[0] == 0 || text[1] == 0) {
        return Err(vm.error("JSON parser does not support UTF-16 or UTF-32"));
    }
    let (settings, read_float) = (settings(vm), vm.read_float);
    let mut decoder = Decoder { text: &text, at: 0, token_at: 0, settings, read_float, open: Vec::new(), slots: 1 };
    let value = decoder.document(vm, host)?;
    vm.push(value);
    Ok(1)
}

impl Decoder<'_> {
    fn document(&mut self, vm: &mut Vm, host: &mut dyn Host) -> Result<Value, Error> {
        let mut token = self.token();
        loop {
            vm.charge(host, 1)?;
            vm.memory_check()?;
            let mut value = match token {
                Token::ObjectBegin => {
                    let table = self.enter(vm, 3)?;
                    match self.token() {
                        Token::ObjectEnd => Value::Table(table),
                        key => {
                            let key = self.key(vm, key)?;
                            self.slots += 2;
                            self.open.push(Open::Object { table, key });
                            token = self.token();
                            continue;
                        }
                    }
                }
                Token::ArrayBegin => {
                    let table = self.enter(vm, 2)?;
                    match self.token() {
                        Token::ArrayEnd => Value::Table(table),
                        first => {
                            self.slots += 1;
                            self.open.push(Open::Array { table, next: 1 });
                            token = first;
                            continue;
                        }
                    }
                }
                Token::String(bytes) => vm.heap.text(bytes),
                Token::Number(number) => Value::Num(number),
                Token::Bool(yes) => Value::Bool(yes),
                Token::Null => Value::Light(0),
                other => return Err(self.unexpected(vm, "value", &other)),
            };
            // The value has its place; whatever ends with it is a value in turn.
            loop {
                match self.open.last_mut() {
                    None => {
                        return match self.token() {
                            Token::End => Ok(value),
                            other => Err(self.unexpected(vm, "the end", &other)),
                        };
                    }
                    Some(Open::Array { table, next }) => {
                        let table = *table;
                        vm.heap.set(table, Value::Num(*next as f64), value).map_err(Error::text)?;
                        *next += 1;
                        match self.token() {
                            Token::ArrayEnd => {
                                self.open.pop();
                                self.slots -= 1;
                                value = Value::Table(table);
                            }
                            Token::Comma => break,
                            other => return Err(self.unexpected(vm, "comma or array end", &other)),
                        }
                    }
                    Some(Open::Object { table, key }) => {
                        let (table, key) = (*table, core::mem::take(key));
                        vm.heap.set(table, key, value).map_err(Error::text)?;
                        match self.token() {
                            Token::ObjectEnd => {
                                self.open.pop();
                                self.slots -= 2;
                                value = Value::Table(table);
                            }
                            Token::Comma => {
                                let token = self.token();
                                let next = self.key(vm, token)?;
                                if let Some(Open::Object { key, .. }) = self.open.last_mut() {
                                    *key = next;
                                }
                                break;
                            }
                            other => return Err(self.unexpected(vm, "comma or object end", &other)),
                        }
                    }
                }
            }
            token = self.token();
        }
    }

    /// A key that this token is, with the colon behind it.
    fn key(&mut self, vm: &mut Vm, token: Token) -> Result<Value, Error> {
        let Token::String(bytes) = token else { return Err(self.unexpected(vm, "object key string", &token)) };
        let key = vm.heap.text(bytes);
        match self.token() {
            Token::Colon => Ok(key),
            other => Err(self.unexpected(vm, "colon", &other)),
        }
    }

    fn enter(&self, vm: &mut Vm, room: usize) -> Result<u32, Error> {
        let depth = self.open.len() + 1;
        if depth as i64 > i64::from(self.settings.decode_max_depth) || self.slots + room > MAX_SLOTS {
            let text = format!("Found too many nested data structures ({depth}) at character {}", self.at);
            return Err(vm.error(&text));
        }
        Ok(vm.heap.new_table(Table::default()))
    }

    fn unexpected(&self, vm: &Vm, wanted: &str, token: &Token) -> Error {
        vm.error(&format!("Expected {wanted} but found {} at character {}", token.name(), self.token_at + 1))
    }

    /// The byte so far ahead; 0 at the end, as C has it.
    fn ahead(&self, by: usize) -> u8 {
        self.text.get(self.at + by).copied().unwrap_or(0)
    }

    fn token(&mut self) -> Token {
        while matches!(self.ahead(0), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
        self.token_at = self.at;
        let single = match self.ahead(0) {
            b'{' => Token::ObjectBegin,
            b'}' => Token::ObjectEnd,
            b'[' => Token::ArrayBegin,
            b']' => Token::ArrayEnd,
            b',' => Token::Comma,
            b':' => Token::Colon,
            0 => return Token::End,
            b'"' => return self.string(),
            b'-' | b'0'..=b'9' if self.settings.decode_invalid_numbers == 0 && self.is_invalid_number() => {
                return Token::Wrong("invalid number");
            }
            b'-' | b'0'..=b'9' => return self.number(),
            b'f' | b'i' | b'I' | b'n' | b'N' | b't' | b'+' => return self.word(),
            _ => return Token::Wrong("invalid token"),
        };
        self.at += 1;
        single
    }

    fn word(&mut self) -> Token {
        let rest = &self.text[self.at..];
        for (word, token) in [("true", Token::Bool(true)), ("false", Token::Bool(false)), ("null", Token::Null)] {
            if rest.starts_with(word.as_bytes()) {
                self.at += word.len();
                return token;
            }
        }
        if self.settings.decode_invalid_numbers != 0 && self.is_invalid_number() {
            return self.number();
        }
        Token::Wrong("invalid token")
    }

    /// Whether C reads a number here that JSON does not have.
    fn is_invalid_number(&self) -> bool {
        let sign = usize::from(self.ahead(0) == b'-');
        match self.ahead(sign) {
            b'+' if sign == 0 => true,
            b'0' => matches!(self.ahead(sign + 1), b'x' | b'X' | b'0'..=b'9'),
            first if first <= b'9' => false,
            _ => {
                let word = [0, 1, 2].map(|place| self.ahead(sign + place).to_ascii_lowercase());
                &word == b"inf" || &word == b"nan"
            }
        }
    }

    fn number(&mut self) -> Token {
        let rest = &self.text[self.at..];
        let length = number_length(rest);
        match number::parse(&rest[..length], self.read_float) {
            Some(number) if length > 0 => {
                self.at += length;
                Token::Number(number)
            }
            _ => Token::Wrong("invalid number"),
        }
    }

    fn string(&mut self) -> Token {
        self.at += 1;
        let mut bytes = Vec::new();
        loop {
            let byte = self.ahead(0);
            match byte {
                b'"' => break,
                0 => return self.wrong("unexpected end of string"),
                b'\\' => {
                    let meant = match self.ahead(1) {
                        byte @ (b'"' | b'\\' | b'/') => byte,
                        b'b' => 8,
                        b't' => b'\t',
                        b'n' => b'\n',
                        b'f' => 12,
                        b'r' => b'\r',
                        b'u' => match self.unicode() {
                            Some((code, length)) => {
                                push_utf8(&mut bytes, code);
                                self.at += length;
                                continue;
                            }
                            None => return self.wrong("invalid unicode escape code"),
                        },
                        _ => return self.wrong("invalid escape code"),
                    };
                    bytes.push(meant);
                    self.at += 2;
                }
                _ => {
                    bytes.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        Token::String(bytes)
    }

    /// What went wrong here inside a token.
    fn wrong(&mut self, why: &'static str) -> Token {
        self.token_at = self.at;
        Token::Wrong(why)
    }

    /// The code of `\uXXXX`, or of two of them that are a pair of surrogates, and how many bytes that took.
    fn unicode(&self) -> Option<(u32, usize)> {
        let code = self.hex(2)?;
        if code & 0xF800 != 0xD800 {
            return Some((code, 6));
        }
        if code & 0x400 != 0 || self.ahead(6) != b'\\' || self.ahead(7) != b'u' {
            return None;
        }
        let low = self.hex(8).filter(|low| low & 0xFC00 == 0xDC00)?;
        Some((((code & 0x3FF) << 10 | low & 0x3FF) + 0x1_0000, 12))
    }

    fn hex(&self, by: usize) -> Option<u32> {
        (by..by + 4).try_fold(0, |code, place| Some(code << 4 | (self.ahead(place) as char).to_digit(16)?))
    }
}

/// UTF-8 of a code, that of half a pair included.
fn push_utf8(bytes: &mut Vec<u8>, code: u32) {
    let tail = |shift: u32| 0x80 | (code >> shift & 0x3F) as u8;
    match code {
        0..=0x7F => bytes.push(code as u8),
        0x80..=0x7FF => bytes.extend_from_slice(&[0xC0 | (code >> 6) as u8, tail(0)]),
        0x800..=0xFFFF => bytes.extend_from_slice(&[0xE0 | (code >> 12) as u8, tail(6), tail(0)]),
        _ => bytes.extend_from_slice(&[0xF0 | (code >> 18) as u8, tail(12), tail(6), tail(0)]),
    }
}

/// How many bytes `strtod` of C reads as a number.
fn number_length(text: &[u8]) -> usize {
    let sign = usize::from(matches!(text.first(), Some(b'-' | b'+')));
    let rest = &text[sign..];
    let starts = |word: &[u8]| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if starts(b"infinity") {
        return sign + 8;
    }
    if starts(b"inf") || starts(b"nan") {
        return sign + 3;
    }
    let is_hex = starts(b"0x");
    let is_digit = |byte: &u8| if is_hex { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() };
    let digits = |from: usize| rest.iter().skip(from).take_while(|byte| is_digit(byte)).count();
    let start = if is_hex { 2 } else { 0 };
    let whole = digits(start);
    let mut end = start + whole;
    let mut part = 0;
    if rest.get(end) == Some(&b'.') {
        part = digits(end + 1);
        if whole + part > 0 {
            end += 1 + part;
        }
    }
    if whole + part == 0 {
        // Of `0x` with nothing behind it the zero is a number.
        return if is_hex { sign + 1 } else { 0 };
    }
    let mark = if is_hex { b'p' } else { b'e' };
    if rest.get(end).is_some_and(|byte| byte.to_ascii_lowercase() == mark) {
        let signed = usize::from(matches!(rest.get(end + 1), Some(b'-' | b'+')));
        let exponent = rest.iter().skip(end + 1 + signed).take_while(|byte| byte.is_ascii_digit()).count();
        if exponent > 0 {
            end += 1 + signed + exponent;
        }
    }
    sign + end
}
