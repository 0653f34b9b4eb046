//! Integers as Redis reads them.

use super::error::{self, Error};

/// `string2ll` of Redis: decimal, no sign but `-`, no leading zero, no space, within 64 bits.
pub fn parse_integer(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    match digits {
        [b'0'] if !negative => return Some(0),
        [b'1'..=b'9', ..] => {}
        _ => return None,
    }
    let mut magnitude: u64 = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        magnitude = magnitude.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    if negative { 0_i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() }
}

/// A number such as `0.25` in millionths; further digits are passed over.
pub fn millionths(text: &[u8]) -> Option<u64> {
    let (whole, part) = match text.iter().position(|byte| *byte == b'.') {
        Some(dot) => (&text[..dot], &text[dot + 1..]),
        None => (text, &[][..]),
    };
    if whole.is_empty() && part.is_empty() {
        return None;
    }
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let mut sum: u64 = 0;
    for byte in whole {
        sum = sum.checked_mul(10)?.checked_add(digit(byte)?)?;
    }
    sum = sum.checked_mul(1_000_000)?;
    let mut unit = 100_000;
    for byte in part {
        sum = sum.checked_add(digit(byte)? * unit)?;
        unit /= 10;
    }
    Some(sum)
}

/// A 64-bit integer argument.
pub fn integer(text: &[u8]) -> Result<i64, Error> {
    parse_integer(text).ok_or(error::NOT_INTEGER)
}

/// An argument that Redis reads into a C `int`.
pub fn small_integer(text: &[u8]) -> Result<i32, Error> {
    i32::try_from(integer(text)?).map_err(|_| error::INT_RANGE)
}

/// An integer from `low` up, or this refusal.
pub fn at_least(text: &[u8], low: i64, refusal: Error) -> Result<u64, Error> {
    parse_integer(text).filter(|number| *number >= low).map(i64::cast_unsigned).ok_or(refusal)
}

/// A count that may be negative but whose magnitude must fit 64 bits, as in SRANDMEMBER.
pub fn signed_count(text: &[u8]) -> Result<i64, Error> {
    let number = integer(text)?;
    if number == i64::MIN { Err(error::LONG_RANGE) } else { Ok(number) }
}

/// A SCAN cursor, read as C's `strtoul` does: signs are allowed, an empty text is zero, leading space is not.
pub fn cursor(text: &[u8]) -> Result<u64, Error> {
    // C sees what stands before the first zero byte.
    let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() {
        return if text.is_empty() { Ok(0) } else { Err(error::INVALID_CURSOR) };
    }
    let mut number: u64 = 0;
    for digit in digits {
        let next = digit.is_ascii_digit().then(|| number.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
        number = next.flatten().ok_or(error::INVALID_CURSOR)?;
    }
    Ok(if negative { number.wrapping_neg() } else { number })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_as_string2ll() {
        let read = |text: &str| parse_integer(text.as_bytes());
        assert_eq!(read("9223372036854775807"), Some(i64::MAX));
        assert_eq!(read("-9223372036854775808"), Some(i64::MIN));
        for refused in
            ["", "-", "-0", "+1", "01", " 1", "1 ", "1.0", "9223372036854775808", "-9223372036854775809", "1e3"]
        {
            assert_eq!(read(refused), None, "{refused:?}");
        }
    }
}
