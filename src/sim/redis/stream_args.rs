//! What the commands of streams read from their arguments: ids, ranges of ids, bounds.

use super::call::Call;
use super::config::Config;
use super::error::{self, Error};
use super::kind::stream::{Bound, Id, NewId};
use super::number::parse_integer;

/// The longest text of an id.
const MAX_ID: usize = 127;

/// An unsigned number as Redis reads it (`string2ull`): strictly as a signed one, else as C's `strtoull` does.
fn unsigned(text: &[u8]) -> Option<u64> {
    if let Some(number) = parse_integer(text) {
        return u64::try_from(number).ok();
    }
    let trimmed = &text[text.iter().take_while(|byte| matches!(byte, b' ' | 9..=13)).count()..];
    let (negative, digits) = match trimmed {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let digit = |sum: u64, byte: &u8| sum.checked_mul(10)?.checked_add(u64::from(byte - b'0'));
    let number = digits.iter().try_fold(0, digit)?;
    Some(if negative { number.wrapping_neg() } else { number })
}

/// What an id's text says.
enum Parsed {
    Whole(Id),
    /// `5-*`
    Within(u64),
}

/// Reads an id; `missing` is the number within the millisecond of one that has none. `strict` refuses `-` and `+`, `star` allows `5-*`.
fn parse(text: &[u8], missing: u64, strict: bool, star: bool) -> Option<Parsed> {
    if text.len() > MAX_ID {
        return None;
    }
    // A zero byte ends a C string.
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    match text {
        b"-" if !strict => return Some(Parsed::Whole(Id::MIN)),
        b"+" if !strict => return Some(Parsed::Whole(Id::MAX)),
        b"-" | b"+" => return None,
        _ => {}
    }
    let Some(dash) = text.iter().position(|byte| *byte == b'-') else {
        return Some(Parsed::Whole(Id { ms: unsigned(text)?, seq: missing }));
    };
    let ms = unsigned(&text[..dash])?;
    match &text[dash + 1..] {
        b"*" if star => Some(Parsed::Within(ms)),
        seq => Some(Parsed::Whole(Id { ms, seq: unsigned(seq)? })),
    }
}

/// An id that must be one: `5-1`, or `5` for `5-0`.
pub fn strict_id(text: &[u8]) -> Result<Id, Error> {
    match parse(text, 0, true, false) {
        Some(Parsed::Whole(id)) => Ok(id),
        Some(Parsed::Within(_)) | None => Err(error::STREAM_ID),
    }
}

/// An id, or `-` and `+` for the smallest and the largest.
pub fn any_id(text: &[u8], missing: u64) -> Result<Id, Error> {
    match parse(text, missing, false, false) {
        Some(Parsed::Whole(id)) => Ok(id),
        Some(Parsed::Within(_)) | None => Err(error::STREAM_ID),
    }
}

/// The start of a range; `(` before it leaves the id itself out.
pub fn start_id(text: &[u8]) -> Result<Id, Error> {
    match text {
        [b'(', id @ ..] if !id.is_empty() => strict_id(id)?.next().ok_or(error::STREAM_START),
        _ => any_id(text, 0),
    }
}

/// The end of a range.
pub fn end_id(text: &[u8]) -> Result<Id, Error> {
    match text {
        [b'(', id @ ..] if !id.is_empty() => match parse(id, u64::MAX, true, false) {
            Some(Parsed::Whole(id)) => id.previous().ok_or(error::STREAM_END),
            Some(Parsed::Within(_)) | None => Err(error::STREAM_ID),
        },
        _ => any_id(text, u64::MAX),
    }
}

/// How XADD and XTRIM trim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trim {
    /// To what.
    pub bound: Bound,
    /// Whether whole nodes are enough.
    pub approximate: bool,
    /// The most entries that may go; 0 for any number.
    pub limit: u64,
    /// The place of the bound among the arguments.
    pub place: usize,
}

/// The options of XADD and XTRIM.
#[derive(Debug)]
pub struct Options {
    /// Whether a stream that is not there stays so.
    pub no_make: bool,
    /// How to trim.
    pub trim: Option<Trim>,
    /// The id of the entry; XTRIM has none.
    pub id: NewId,
    /// The place of the id.
    pub place: usize,
}

impl Options {
    /// Reads them from the third argument on: XADD's end at the id.
    pub fn read(call: &Call<'_, '_>, adds: bool) -> Result<Self, Error> {
        let (mut bound, mut approximate, mut limit, mut bound_place) = (None, false, None, 0);
        let mut read = Options { no_make: false, trim: None, id: NewId::Auto, place: call.args.len() };
        let mut place = 2;
        while place < call.args.len() {
            let more = call.args.len() - 1 - place;
            let by_id = call.is_word(place, "minid");
            if adds && **call.arg(place) == b"*"[..] {
                read.place = place;
                break;
            } else if (by_id || call.is_word(place, "maxlen")) && more > 0 {
                if bound.is_some() {
                    return Err(error::TRIM_TWICE);
                }
                let sign = &call.arg(place + 1)[..];
                let signed = more >= 2 && (sign == b"~" || sign == b"=");
                approximate = signed && sign == b"~";
                place += 1 + usize::from(signed);
                bound_place = place;
                bound = Some(if by_id {
                    Bound::From(strict_id(call.arg(place))?)
                } else {
                    Bound::Length(u64::try_from(call.integer(place)?).map_err(|_| error::TRIM_MAXLEN)?)
                });
            } else if call.is_word(place, "limit") && more > 0 {
                place += 1;
                limit = Some(u64::try_from(call.integer(place)?).map_err(|_| error::TRIM_LIMIT)?);
            } else if adds && call.is_word(place, "nomkstream") {
                read.no_make = true;
            } else if adds {
                read.id = match parse(call.arg(place), 0, true, true) {
                    Some(Parsed::Whole(id)) => NewId::Whole(id),
                    Some(Parsed::Within(ms)) => NewId::Within(ms),
                    None => return Err(error::STREAM_ID),
                };
                read.place = place;
                break;
            } else {
                return Err(error::SYNTAX);
            }
            place += 1;
        }
        let bound = bound.map(|bound| (bound, bound_place));
        read.trim = trim_of(bound, approximate, limit, adds, &call.store.config)?;
        Ok(read)
    }
}

fn trim_of(
    bound: Option<(Bound, usize)>,
    approximate: bool,
    limit: Option<u64>,
    adds: bool,
    config: &Config,
) -> Result<Option<Trim>, Error> {
    if bound.is_none() && limit.is_some_and(|limit| limit > 0) {
        return Err(error::TRIM_LIMIT_ALONE);
    }
    if bound.is_none() && !adds {
        return Err(error::TRIM_NOTHING);
    }
    let limit = match limit {
        Some(_) if !approximate => return Err(error::TRIM_LIMIT_EXACT),
        Some(limit) => limit,
        // So much work is enough for one command.
        None if approximate => match config.stream_node_max_entries.saturating_mul(100) {
            0 => 10_000,
            entries => entries.min(1_000_000),
        },
        None => 0,
    };
    Ok(bound.map(|(bound, place)| Trim { bound, approximate, limit, place }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids() {
        let id = |text: &str| strict_id(text.as_bytes()).ok().map(|id| (id.ms, id.seq));
        assert_eq!(id("5"), Some((5, 0)));
        assert_eq!(id("5-7"), Some((5, 7)));
        assert_eq!(id("+5- 07"), Some((5, 7)));
        assert_eq!(id("18446744073709551615-18446744073709551615"), Some((u64::MAX, u64::MAX)));
        assert_eq!(id("5--03"), Some((5, 3_u64.wrapping_neg())));
        for broken in ["", "-", "+", "5-", "-5", "5-*", "5-1-1", "18446744073709551616", "5--3", "a", "5-x"] {
            assert_eq!(id(broken), None, "{broken}");
        }
    }
}
