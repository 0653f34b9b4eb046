//! The console: what redis-cli does with a line, and how it prints a reply on a terminal.
//!
//! [`parse_line`] needs no store: it is what is typed, as redis-cli reads it. [`format_reply`] is what `redis-cli --no-raw` prints.
//! [`Console`] puts both around a store for one tab of the page.

use super::Language;
use super::help::{general_help, help};
use super::reply::Reply;
use super::store::{ClientId, Cx, Store};
use crate::bytes::Bytes;
use alloc::{format, string::String, vec::Vec};

/// One tab: a client of the store and what redis-cli remembers beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Console {
    client: ClientId,
    db: u8,
    hints: bool,
    /// The language of `help`.
    pub language: Language,
}

/// What a line led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsoleOutput {
    /// What redis-cli prints, without colours; what is not UTF-8 shows as U+FFFD.
    pub text: String,
    /// What happens beside that.
    pub effect: ConsoleEffect,
}

/// What a line does beside printing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConsoleEffect {
    /// Nothing.
    #[default]
    None,
    /// The screen is cleared.
    Clear,
    /// redis-cli ends.
    Quit,
}

/// What redis-cli reads in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Nothing was typed.
    Empty,
    /// It answers by itself, with this text.
    Text(&'static str),
    /// `help` or `?` with these words behind it.
    Help(Vec<Vec<u8>>),
    /// `:set hints` (`true`) or `:set nohints`.
    Hints(bool),
    /// `clear`
    Clear,
    /// `quit` or `exit`
    Quit,
    /// A command for the store, to be sent so many times.
    Command(Vec<Bytes>, u32),
}

/// How often one line may repeat a command (redis-cli knows no bound, but a page must stay alive).
pub const MAX_REPEAT: u32 = 10_000;

impl Console {
    /// A console for a client that is, or will be, connected.
    pub fn new(client: ClientId, language: Language) -> Self {
        Console { client, db: 0, hints: true, language }
    }

    /// Whose commands it sends.
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// What stands before the next line: `127.0.0.1:6379> `, or with the database if it is not the first: `127.0.0.1:6379[3]> `.
    pub fn prompt(&self) -> String {
        if self.db == 0 { "127.0.0.1:6379> ".into() } else { format!("127.0.0.1:6379[{}]> ", self.db) }
    }

    /// The rest of the syntax of the command that is being typed, to be shown in grey behind it.
    pub fn hint(&self, line: &str) -> Option<String> {
        if self.hints { super::help::hint(line.as_bytes()) } else { None }
    }

    /// Reads a line, runs what it says and prints the answer. A client that is not connected, or no longer, connects anew.
    pub fn run_line(&mut self, store: &mut Store, line: &str, cx: &mut Cx<'_>) -> ConsoleOutput {
        let text = match parse_line(line.as_bytes()) {
            Line::Empty => String::new(),
            Line::Text(text) => text.into(),
            Line::Help(words) if words.is_empty() => general_help(),
            Line::Help(words) => help(&words, self.language),
            Line::Hints(hints) => {
                self.hints = hints;
                String::new()
            }
            Line::Clear => return ConsoleOutput { text: String::new(), effect: ConsoleEffect::Clear },
            Line::Quit => return ConsoleOutput { text: String::new(), effect: ConsoleEffect::Quit },
            Line::Command(args, times) => (0..times).map(|_| self.send(store, &args, cx)).collect(),
        };
        ConsoleOutput { text, effect: ConsoleEffect::None }
    }

    fn send(&mut self, store: &mut Store, args: &[Bytes], cx: &mut Cx<'_>) -> String {
        if !store.is_open(self.client) {
            store.client_open(self.client);
            // redis-cli selects again what was selected before the connection was lost.
            if self.db != 0 {
                store.call(self.client, &[Bytes::from("SELECT"), Bytes::from(format!("{}", self.db))], cx);
            }
        }
        let resp = store.resp(self.client);
        let reply = store.call(self.client, args, cx);
        self.note(store.selected_db(self.client));
        let resp = if store.is_open(self.client) { store.resp(self.client) } else { resp };
        let text: Vec<u8> = reply.over_the_wire(resp).iter().flat_map(format_push).collect();
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Takes over what the store says of the client's database, for the prompt; `None`, for a client that is gone, changes nothing.
    pub fn note(&mut self, selected_db: Option<u8>) {
        self.db = selected_db.unwrap_or(self.db);
    }
}

/// Reads a line as redis-cli does in its prompt.
pub fn parse_line(line: &[u8]) -> Line {
    let Some(args) = split_args(line) else { return Line::Text("Invalid argument(s)\n") };
    let Some(first) = args.first() else { return Line::Empty };
    let is = |word: &str| first.eq_ignore_ascii_case(word.as_bytes());
    let (args, times) = match repeat_count(first).filter(|_| args.len() > 1) {
        Some(Ok(times)) => (&args[1..], times),
        Some(Err(text)) => return Line::Text(text),
        None if is("quit") || is("exit") => return Line::Quit,
        None if first.starts_with(b":") => return preference(&args),
        None if is("restart") => return Line::Text("Use 'restart' only in Lua debugging mode."),
        None if is("clear") && args.len() == 1 => return Line::Clear,
        None => (&args[..], 1),
    };
    if args[0].eq_ignore_ascii_case(b"help") || *args[0] == b"?"[..] {
        return Line::Help(args[1..].to_vec());
    }
    Line::Command(args.iter().map(|arg| Bytes::from(arg.as_slice())).collect(), times)
}

/// A number before a command, as C's `strtol` reads it to its end.
fn repeat_count(word: &[u8]) -> Option<Result<u32, &'static str>> {
    let trimmed = word.trim_ascii_start();
    let digits = trimmed.strip_prefix(b"-").or_else(|| trimmed.strip_prefix(b"+")).unwrap_or(trimmed);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = digits.iter().try_fold(0_i64, |sum, digit| sum.checked_mul(10)?.checked_add(i64::from(digit - b'0')));
    Some(match size {
        Some(times @ 1..) if !trimmed.starts_with(b"-") => {
            Ok(u32::try_from(times).unwrap_or(MAX_REPEAT).min(MAX_REPEAT))
        }
        _ => Err("Invalid redis-cli repeat command option value.\n"),
    })
}

fn preference(args: &[Vec<u8>]) -> Line {
    match args {
        [set, word] if set.eq_ignore_ascii_case(b":set") && word.eq_ignore_ascii_case(b"hints") => Line::Hints(true),
        [set, word] if set.eq_ignore_ascii_case(b":set") && word.eq_ignore_ascii_case(b"nohints") => Line::Hints(false),
        [set, ..] if set.eq_ignore_ascii_case(b":set") => Line::Text("unknown redis-cli preference\n"),
        _ => Line::Text("unknown redis-cli internal command\n"),
    }
}

/// Splits a line into arguments as `sdssplitargs` of Redis: quotes of two kinds, escapes in the double ones. `None` if a quote is not
/// closed, or something follows a closing one without a space.
pub fn split_args(line: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut args = Vec::new();
    let mut rest = line;
    loop {
        rest = skip_spaces(rest);
        let (arg, after) = match rest {
            // A zero byte ends a C string.
            [] | [0, ..] => return Some(args),
            _ => take_arg(rest)?,
        };
        args.push(arg);
        rest = after;
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn skip_spaces(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|byte| is_space(**byte)).count()..]
}

fn take_arg(mut rest: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut arg = Vec::new();
    loop {
        match rest {
            [] | [0 | b' ' | b'\n' | b'\r' | b'\t', ..] => return Some((arg, rest)),
            [b'"', after @ ..] => {
                let after = take_double_quoted(after, &mut arg)?;
                return ends_here(after).then_some((arg, after));
            }
            [b'\'', after @ ..] => {
                let after = take_single_quoted(after, &mut arg)?;
                return ends_here(after).then_some((arg, after));
            }
            [byte, after @ ..] => {
                arg.push(*byte);
                rest = after;
            }
        }
    }
}

/// Whether an argument may end before `rest`: behind a closing quote comes a space or nothing.
fn ends_here(rest: &[u8]) -> bool {
    rest.first().is_none_or(|byte| *byte == 0 || is_space(*byte))
}

fn take_double_quoted<'l>(mut rest: &'l [u8], arg: &mut Vec<u8>) -> Option<&'l [u8]> {
    loop {
        match rest {
            [] | [0, ..] => return None,
            [b'"', after @ ..] => return Some(after),
            [b'\\', b'x', high, low, after @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit = |byte: u8| char::from(byte).to_digit(16).unwrap_or(0) as u8;
                arg.push(digit(*high) * 16 + digit(*low));
                rest = after;
            }
            [b'\\', 0, ..] => return None,
            [b'\\', escaped, after @ ..] => {
                arg.push(match escaped {
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'b' => 0x08,
                    b'a' => 0x07,
                    other => *other,
                });
                rest = after;
            }
            [byte, after @ ..] => {
                arg.push(*byte);
                rest = after;
            }
        }
    }
}

fn take_single_quoted<'l>(mut rest: &'l [u8], arg: &mut Vec<u8>) -> Option<&'l [u8]> {
    loop {
        match rest {
            [] | [0, ..] => return None,
            [b'\\', b'\'', after @ ..] => {
                arg.push(b'\'');
                rest = after;
            }
            [b'\'', after @ ..] => return Some(after),
            [byte, after @ ..] => {
                arg.push(*byte);
                rest = after;
            }
        }
    }
}

/// What `redis-cli --no-raw` prints for a reply, line end included (`cliFormatReplyTTY`). Errors print as they came, so these are bytes.
/// The reply is one that came over the wire: what RESP2 does not have must have been lowered for a client that speaks it.
pub fn format_reply(reply: &Reply) -> Vec<u8> {
    let mut out = Vec::new();
    format_into(reply, 0, &mut out);
    out
}

/// What redis-cli prints for a message that nobody waited for: those of client side caching have a form of their own.
pub fn format_push(reply: &Reply) -> Vec<u8> {
    let Reply::Push(parts) = reply else { return format_reply(reply) };
    let keys = match &parts[..] {
        [Reply::Bulk(word), Reply::Array(keys)] if **word == b"invalidate"[..] => keys,
        _ => return format_reply(reply),
    };
    let mut out = b"-> invalidate: ".to_vec();
    for (place, key) in keys.iter().enumerate() {
        if place > 0 {
            out.extend_from_slice(b", ");
        }
        if let Reply::Bulk(key) = key {
            out.extend_from_slice(&[b"'", &key[..], b"'"].concat());
        }
    }
    out.push(b'\n');
    out
}

fn format_into(reply: &Reply, indent: usize, out: &mut Vec<u8>) {
    match reply {
        Reply::Status(word) => out.extend_from_slice(word),
        Reply::Error(error) => {
            out.extend_from_slice(b"(error) ");
            out.extend_from_slice(&error.0);
        }
        Reply::Integer(number) => out.extend_from_slice(format!("(integer) {number}").as_bytes()),
        Reply::Bulk(bytes) => quote_into(bytes, out),
        Reply::Verbatim(_, bytes) => out.extend_from_slice(bytes),
        Reply::Nil | Reply::NilArray => out.extend_from_slice(b"(nil)"),
        Reply::Double(number) => out.extend_from_slice(format!("(double) {}", number.to_text()).as_bytes()),
        Reply::Bool(yes) => out.extend_from_slice(if *yes { b"(true)" } else { b"(false)" }),
        // redis-cli 7.0 gives up at such a number.
        Reply::BigNumber(_) => out.extend_from_slice(b"Unknown reply type: 13"),
        Reply::None => return,
        Reply::Array(items) => return list_into(items, (b')', b"(empty array)"), indent, out),
        Reply::Set(items) => return list_into(items, (b'~', b"(empty set)"), indent, out),
        Reply::Push(items) => return list_into(items, (b')', b"(empty push)"), indent, out),
        Reply::Map(pairs) if pairs.is_empty() => out.extend_from_slice(b"(empty hash)"),
        Reply::Map(pairs) => {
            let width = format!("{}", pairs.len()).len();
            for (place, (key, value)) in pairs.iter().enumerate() {
                number_into((place, width, b'#'), indent, out);
                format_into(key, indent + width + 2, out);
                out.pop();
                out.extend_from_slice(b" => ");
                format_into(value, indent + width + 2, out);
            }
            return;
        }
        Reply::Attribute(_, reply) => return format_into(reply, indent, out),
        Reply::Many(replies) => return replies.iter().for_each(|reply| format_into(reply, indent, out)),
    }
    out.push(b'\n');
}

/// The elements of a list, each with its number; `looks` is the sign behind the number and what stands for no element.
fn list_into(items: &[Reply], looks: (u8, &[u8]), indent: usize, out: &mut Vec<u8>) {
    if items.is_empty() {
        out.extend_from_slice(looks.1);
        out.push(b'\n');
    }
    let width = format!("{}", items.len()).len();
    for (place, item) in items.iter().enumerate() {
        number_into((place, width, looks.0), indent, out);
        format_into(item, indent + width + 2, out);
    }
}

fn number_into((place, width, sign): (usize, usize, u8), indent: usize, out: &mut Vec<u8>) {
    // The first number stands where the caller has already come to.
    let before = if place == 0 { 0 } else { indent };
    let sign = char::from(sign);
    out.extend_from_slice(format!("{:before$}{:>width$}{sign} ", "", place + 1).as_bytes());
}

/// Bytes in double quotes, all but printable ASCII escaped (`sdscatrepr` of Redis).
pub fn quote_into(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x07 => out.extend_from_slice(b"\\a"),
            0x08 => out.extend_from_slice(b"\\b"),
            b' '..=b'~' => out.push(*byte),
            _ => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn split(line: &str) -> Option<Vec<Vec<u8>>> {
        split_args(line.as_bytes())
    }

    #[test]
    fn lines_are_split_as_redis_does() {
        let words = |line: &str| split(line).expect("a line that splits").concat();
        assert_eq!(split(r#"set "a b" 'c\'d'"#), Some(vec![b"set".to_vec(), b"a b".to_vec(), b"c'd".to_vec()]));
        assert_eq!(words(r#""\xe6\xAD\n\r\t\b\a\q\xzz""#), b"\xe6\xad\n\r\t\x08\x07qxzz");
        assert_eq!(split(r#"a"b""#), Some(vec![b"ab".to_vec()]));
        for broken in [r#""a"#, "'a", r#""a"b"#, "'a'b", r#""a\"#] {
            assert_eq!(split(broken), None, "{broken}");
        }
        assert_eq!(split("  \t "), Some(vec![]));
    }

    #[test]
    fn lines() {
        let command =
            |words: &[&str], times| Line::Command(words.iter().map(|word| Bytes::from(*word)).collect(), times);
        assert_eq!(parse_line(b"3 INCR n"), command(&["INCR", "n"], 3));
        assert_eq!(parse_line(b"3"), command(&["3"], 1));
        assert_eq!(parse_line(b"0 INCR n"), Line::Text("Invalid redis-cli repeat command option value.\n"));
        assert_eq!(parse_line(b"QUIT"), Line::Quit);
        assert_eq!(parse_line(b":set nohints"), Line::Hints(false));
        assert_eq!(parse_line(b"clear"), Line::Clear);
        assert_eq!(parse_line(b"clear x"), command(&["clear", "x"], 1));
        assert_eq!(parse_line(b"? @string"), Line::Help(vec![b"@string".to_vec()]));
    }
}
