//! A line that is typed: what redis-cli reads in it.

use crate::bytes::Bytes;
use alloc::vec::Vec;

/// What redis-cli reads in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// Nothing was typed.
    Empty,
    /// It answers by itself, with this text.
    Text(&'static str),
    /// It answers by itself that it does not know this.
    Unknown(&'static str, Vec<u8>),
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
        None if is("restart") => return Line::Text("Use 'restart' only in Lua debugging mode.\n"),
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
        [set, word, ..] if set.eq_ignore_ascii_case(b":set") && word.eq_ignore_ascii_case(b"hints") => {
            Line::Hints(true)
        }
        [set, word, ..] if set.eq_ignore_ascii_case(b":set") && word.eq_ignore_ascii_case(b"nohints") => {
            Line::Hints(false)
        }
        [set, word, ..] if set.eq_ignore_ascii_case(b":set") => Line::Unknown("preference", word.clone()),
        _ => Line::Unknown("internal command", args[0].clone()),
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
