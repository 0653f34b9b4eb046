//! The parameters of CONFIG by name: their kinds, bounds and defaults, as Redis 7.0 has them.

use super::number::{millionths, parse_integer};
use super::params_table::PARAMS;
use crate::bytes::Bytes;
use alloc::{format, string::String, string::ToString, vec::Vec};

/// What values a parameter takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `yes` or `no`.
    Bool,
    /// One of these words.
    Word(&'static [&'static str]),
    /// Some of these words.
    Bits(&'static [&'static str]),
    /// A number between two bounds.
    Number(i64, i64, Unit),
    /// A number without a sign between two bounds; a negative one counts as huge.
    Natural(u64, u64, Unit),
    /// Any text.
    Text,
    /// What only the parameter itself understands.
    Special,
}

/// How a number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// `64`
    Plain,
    /// `64`, `64kb`, `1G`
    Memory,
    /// The same, or `5%`
    MemoryOrPercent,
    /// `0755`
    Octal,
}

/// A parameter.
#[derive(Clone, Copy, Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// An older name; empty for none.
    pub alias: &'static str,
    /// Its values.
    pub kind: Kind,
    /// The value it has at first.
    pub default: &'static str,
    /// Why it cannot be set.
    pub fixed: Option<&'static str>,
    /// Whether CONFIG GET shows it only by its full name.
    pub is_hidden: bool,
}

/// A parameter; the methods below add what most do not have.
pub(super) const fn param(name: &'static str, kind: Kind, default: &'static str) -> Param {
    Param { name, alias: "", kind, default, fixed: None, is_hidden: false }
}

impl Param {
    pub(super) const fn alias(mut self, alias: &'static str) -> Self {
        self.alias = alias;
        self
    }
    pub(super) const fn immutable(mut self) -> Self {
        self.fixed = Some("can't set immutable config");
        self
    }
    pub(super) const fn protected(mut self) -> Self {
        self.fixed = Some("can't set protected config");
        self
    }
    pub(super) const fn hidden(mut self) -> Self {
        self.is_hidden = true;
        self
    }

    /// A value as the parameter keeps it, or why it is none.
    pub fn read(&self, text: &[u8]) -> Result<Bytes, String> {
        let word = |words: &'static [&'static str], text: &[u8]| {
            words
                .iter()
                .find(|word| text.eq_ignore_ascii_case(word.as_bytes()))
                .copied()
                .ok_or_else(|| format!("argument(s) must be one of the following: {}", words.join(", ")))
        };
        match self.kind {
            Kind::Bool if text.eq_ignore_ascii_case(b"yes") => Ok(Bytes::from("yes")),
            Kind::Bool if text.eq_ignore_ascii_case(b"no") => Ok(Bytes::from("no")),
            Kind::Bool => Err("argument must be 'yes' or 'no'".to_string()),
            // Two names of one value: the first is shown.
            Kind::Word(words) if self.name == "oom-score-adj" && text.eq_ignore_ascii_case(b"relative") => {
                word(words, b"yes").map(Bytes::from)
            }
            Kind::Word(words) => word(words, text).map(Bytes::from),
            Kind::Bits(words) => {
                let asked: Vec<_> =
                    text.split(|byte| *byte == b' ').map(|text| word(words, text)).collect::<Result<_, _>>()?;
                let bits: Vec<_> = words[1..].iter().copied().filter(|word| asked.contains(word)).collect();
                if bits.contains(&"save") && bits.contains(&"nosave") {
                    return Err("shutdown options SAVE and NOSAVE can't be used simultaneously".to_string());
                }
                Ok(if bits.is_empty() { Bytes::from(words[0]) } else { Bytes::from(bits.join(" ")) })
            }
            Kind::Number(low, high, unit) => {
                let number = number(text, unit)? as i64;
                if unit == Unit::MemoryOrPercent && number < 0 {
                    let most = -low;
                    let fits = number >= low;
                    return if fits {
                        Ok(Bytes::from(format!("{}%", -number)))
                    } else {
                        Err(format!("percentage argument must be less or equal to {most}"))
                    };
                }
                if number < low || number > high {
                    return Err(format!("argument must be between {low} and {high} inclusive"));
                }
                Ok(Bytes::from(number.to_string()))
            }
            Kind::Natural(low, high, unit) => {
                let number = number(text, unit)?;
                if number < low || number > high {
                    return Err(if unit == Unit::Octal {
                        format!("argument must be between {low:o} and {high:o} inclusive")
                    } else {
                        format!("argument must be between {low} and {high} inclusive")
                    });
                }
                Ok(Bytes::from(if unit == Unit::Octal { format!("{number:o}") } else { number.to_string() }))
            }
            Kind::Text => Ok(Bytes::from(text)),
            Kind::Special => special(self.name, text),
        }
    }
}

/// A number as its unit wants it; a negative one wraps, as in C.
fn number(text: &[u8], unit: Unit) -> Result<u64, String> {
    let plain = |text: &[u8]| parse_integer(text).map(|number| number as u64);
    let (read, wrong) = match unit {
        Unit::Plain => (plain(text), "argument couldn't be parsed into an integer"),
        Unit::Memory => (memory(text), "argument must be a memory value"),
        Unit::MemoryOrPercent => {
            let percent = || text.strip_suffix(b"%").and_then(parse_integer).filter(|percent| *percent >= 0);
            let read = memory(text).or_else(|| percent().map(|percent| -percent as u64));
            (read, "argument must be a memory or percent value")
        }
        Unit::Octal => {
            let digits = core::str::from_utf8(text).ok().and_then(|text| i64::from_str_radix(text, 8).ok());
            (digits.map(|number| number as u64), "argument couldn't be parsed as an octal number")
        }
    };
    read.ok_or_else(|| wrong.to_string())
}

/// `100`, `64kb`, `1G` (`memtoull` of Redis).
pub fn memory(text: &[u8]) -> Option<u64> {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let unit = match text[digits..].to_ascii_lowercase().as_slice() {
        b"" | b"b" => 1,
        b"k" => 1000,
        b"kb" => 1 << 10,
        b"m" => 1_000_000,
        b"mb" => 1 << 20,
        b"g" => 1_000_000_000,
        b"gb" => 1 << 30,
        _ => return None,
    };
    if digits == 0 {
        return if text.is_empty() { Some(0) } else { None };
    }
    let number: u64 = core::str::from_utf8(&text[..digits]).ok()?.parse().ok()?;
    Some(number.wrapping_mul(unit))
}

/// Values that have a language of their own.
fn special(name: &str, text: &[u8]) -> Result<Bytes, String> {
    let words: Vec<&[u8]> = text.split(|byte| *byte == b' ').collect();
    let integers = |words: &[&[u8]]| words.iter().map(|word| parse_integer(word)).collect::<Option<Vec<i64>>>();
    match name {
        "save" => {
            if text.is_empty() {
                return Ok(Bytes::default());
            }
            let fits = |numbers: &Vec<i64>| {
                numbers.len().is_multiple_of(2) && numbers.chunks(2).all(|pair| pair[0] >= 1 && pair[1] >= 0)
            };
            integers(&words).filter(fits).ok_or("Invalid save parameters")?;
        }
        "oom-score-adj-values" => {
            if words.len() != 3 {
                return Err("wrong number of arguments".to_string());
            }
            let fits = |numbers: &Vec<i64>| numbers.iter().all(|number| (-2000..=2000).contains(number));
            let wrong = "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
            integers(&words).filter(fits).ok_or(wrong)?;
        }
        "latency-tracking-info-percentiles" => {
            if text.is_empty() {
                return Ok(Bytes::default());
            }
            let mut kept = Vec::new();
            for word in &words {
                let digits = word.strip_prefix(b"-").unwrap_or(word);
                let number = millionths(digits).ok_or("Invalid latency-tracking-info-percentiles parameters")?;
                if number > 100_000_000 || digits.len() < word.len() && number > 0 {
                    return Err(
                        "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]".to_string()
                    );
                }
                let shown = format!("{}.{:06}", number / 1_000_000, number % 1_000_000);
                kept.push(shown.trim_end_matches('0').trim_end_matches('.').to_string());
            }
            return Ok(Bytes::from(kept.join(" ")));
        }
        "notify-keyspace-events" => {
            let classes = super::notify::Classes::parse(text);
            let classes = classes.ok_or("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")?;
            return Ok(Bytes::from(classes.text()));
        }
        "client-output-buffer-limit" => buffer_limits(&words).map(drop)?,
        _ => {}
    }
    Ok(Bytes::from(text))
}

/// Bounds of a class of clients on what waits to be sent to them: hard, soft, and for how many seconds soft.
pub type BufferLimit = (u64, u64, u64);

/// `normal 0 0 0 pubsub 32mb 8mb 60`: each class that is named, as (class, bounds): 0 normal, 1 replica, 2 pubsub.
pub fn buffer_limits(words: &[&[u8]]) -> Result<Vec<(usize, BufferLimit)>, &'static str> {
    if !words.len().is_multiple_of(4) {
        return Err("Wrong number of arguments in buffer limit configuration.");
    }
    let mut limits = Vec::new();
    for four in words.chunks(4) {
        let class = match four[0].to_ascii_lowercase().as_slice() {
            b"normal" => 0,
            b"slave" | b"replica" => 1,
            b"pubsub" => 2,
            _ => return Err("Invalid client class specified in buffer limit configuration."),
        };
        let seconds = parse_integer(four[3]).filter(|seconds| *seconds >= 0);
        let (Some(hard), Some(soft), Some(seconds)) = (memory(four[1]), memory(four[2]), seconds) else {
            return Err("Error in hard, soft or soft_seconds setting in buffer limit configuration.");
        };
        limits.push((class, (hard, soft, seconds as u64)));
    }
    Ok(limits)
}

/// The parameter of this name or older name, in whatever case; and whether it was the older.
pub fn find(name: &[u8]) -> Option<(&'static Param, bool)> {
    let is = |own: &str| !own.is_empty() && name.eq_ignore_ascii_case(own.as_bytes());
    PARAMS
        .iter()
        .find_map(|param| if is(param.name) { Some((param, false)) } else { is(param.alias).then_some((param, true)) })
}
