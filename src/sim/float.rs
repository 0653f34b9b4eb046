//! Floats as text and back: the same digits that Rust's own `parse` and `{:?}` give, without their tables of powers of ten.
//!
//! A float is rarely read or written here, and those tables are ten kilobytes that no compression makes smaller. So this counts
//! with whole numbers of any length, which are there for Redis anyway.

use crate::longdouble::{LongDouble, Natural};
use alloc::{format, string::String, vec::Vec};

/// How many digits always suffice to tell a double from its neighbours.
const DIGITS_MAX: usize = 17;

/// One of the two kinds of IEEE 754 floats: how its bits are laid out.
#[derive(Clone, Copy)]
struct Kind {
    /// Bits of the mantissa, with the one that is not stored.
    mantissa: u32,
    /// The exponent of two of the smallest number's only bit.
    lowest: i32,
    /// The exponent field of infinity.
    infinite: u64,
}

const SINGLE: Kind = Kind { mantissa: 24, lowest: -149, infinite: 0xFF };
const DOUBLE: Kind = Kind { mantissa: 53, lowest: -1074, infinite: 0x7FF };

/// Reads a decimal number such as `-1.5e3`; `None` for anything else and for what is too large.
pub fn parse_f64(text: &str) -> Option<f64> {
    parse(text, DOUBLE).map(f64::from_bits)
}

/// Reads a decimal number as a single; `None` for anything else and for what is too large.
pub fn parse_f32(text: &str) -> Option<f32> {
    parse(text, SINGLE).map(|bits| f32::from_bits(bits as u32))
}

/// The fewest digits that [`parse_f64`] reads as this number, as `{:?}` prints them.
pub fn text_f64(number: f64) -> String {
    text(number.to_bits(), DOUBLE)
}

/// The fewest digits that [`parse_f32`] reads as this number, as `{:?}` prints them.
pub fn text_f32(number: f32) -> String {
    text(u64::from(number.to_bits()), SINGLE)
}

impl Kind {
    /// The bit that says "below zero".
    fn sign(self) -> u64 {
        (self.infinite + 1) << (self.mantissa - 1)
    }
}

fn parse(text: &str, kind: Kind) -> Option<u64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = LongDouble::parse_for_shorter(digits.as_bytes())?;
    let sign = if text.starts_with('-') { kind.sign() } else { 0 };
    nearest(mantissa, exponent, kind).map(|bits| sign | bits)
}

/// The number nearest to `mantissa` times two to the power of `exponent`, whose lowest bit says whether anything was cut off below it;
/// `None` if it is too large.
pub fn nearest_f64(mantissa: u64, exponent: i32) -> Option<f64> {
    nearest(mantissa, exponent, DOUBLE).map(f64::from_bits)
}

fn nearest(mantissa: u64, exponent: i32, kind: Kind) -> Option<u64> {
    if mantissa == 0 {
        return Some(0);
    }
    // As many bits as the kind has, but none below its lowest.
    let target = (exponent + 64 - kind.mantissa as i32).max(kind.lowest);
    let shift = (target - exponent) as u32;
    let wide = u128::from(mantissa);
    let half = 1_u128.checked_shl(shift - 1).unwrap_or(0);
    let (kept, cut) = (wide.checked_shr(shift).unwrap_or(0), wide & half.wrapping_mul(2).wrapping_sub(1));
    let kept = kept as u64 + u64::from(half != 0 && (cut > half || cut == half && kept % 2 == 1));
    if (target - kind.lowest) as u64 >= kind.infinite {
        return None;
    }
    // A number that has lost its top bit has the field 0; a carry out of the mantissa runs into the field, as it should.
    let bits = (((target - kind.lowest) as u64) << (kind.mantissa - 1)) + kept;
    (bits >> (kind.mantissa - 1) < kind.infinite).then_some(bits)
}

fn text(bits: u64, kind: Kind) -> String {
    let (sign, bits) = (if bits & kind.sign() == 0 { "" } else { "-" }, bits & !kind.sign());
    if bits >= kind.infinite << (kind.mantissa - 1) {
        let is_infinite = bits == kind.infinite << (kind.mantissa - 1);
        return if is_infinite { format!("{sign}inf") } else { "NaN".into() };
    }
    if bits == 0 {
        return format!("{sign}0.0");
    }
    let (digits, point) = shortest(bits, kind);
    let whole = point.max(0) as usize;
    // Beyond these bounds `{:?}` writes an exponent.
    if (-3..=16).contains(&point) {
        let zeros = "0".repeat(whole.saturating_sub(digits.len()));
        let before = &digits[..whole.min(digits.len())];
        let before = if before.is_empty() { "0" } else { before };
        let behind =
            ["0".repeat(point.min(0).unsigned_abs() as usize).as_str(), digits.get(whole..).unwrap_or("")].concat();
        return format!("{sign}{before}{zeros}.{}", if behind.is_empty() { "0" } else { &behind });
    }
    let (first, rest) = digits.split_at(1);
    let dot = if rest.is_empty() { "" } else { "." };
    format!("{sign}{first}{dot}{rest}e{}", point - 1)
}

/// The fewest digits that read as this number, of those the nearest, and where the point stands: the number is `0.digits` times
/// ten to the power of the second value.
fn shortest(bits: u64, kind: Kind) -> (String, i32) {
    let field = (bits >> (kind.mantissa - 1)) as i32;
    let stored = bits & ((1 << (kind.mantissa - 1)) - 1);
    let mantissa = if field == 0 { stored } else { stored | 1 << (kind.mantissa - 1) };
    let exponent = kind.lowest + (field - 1).max(0);
    let mut exact = Natural::from(u128::from(mantissa));
    // Halving n times is multiplying by five n times and moving the point n places.
    for _ in exponent..0 {
        exact.multiply_add(5, 0);
    }
    let all = exact.shifted(exponent.max(0) as usize).to_text();
    let point = all.len() as i32 + exponent.min(0);
    for length in 1..all.len().min(DIGITS_MAX) {
        let (below, rest) = all.split_at(length);
        let above = next(below);
        let half = ["5".as_bytes(), "0".repeat(rest.len() - 1).as_bytes()].concat();
        let is_below_nearer = rest.as_bytes() < half.as_slice();
        let candidates = if is_below_nearer { [below, &above] } else { [&above, below] };
        for candidate in candidates {
            let power = point + (candidate.len() - length) as i32;
            if parse(&format!(".{candidate}e{power}"), kind) == Some(bits) {
                return (candidate.trim_end_matches('0').into(), power);
            }
        }
    }
    let enough = if all.len() > DIGITS_MAX { rounded(&all) } else { all };
    let power = point;
    (enough.trim_end_matches('0').into(), power)
}

/// The first digits of a longer number, rounded; at that length no carry can reach the first digit, or fewer would have done.
fn rounded(all: &str) -> String {
    let (below, rest) = all.split_at(DIGITS_MAX);
    if rest.as_bytes()[0] < b'5' { below.into() } else { next(below) }
}

/// The whole number after this one, in decimal digits.
fn next(digits: &str) -> String {
    let kept = digits.trim_end_matches('9');
    let zeros = "0".repeat(digits.len() - kept.len());
    let mut bytes: Vec<u8> = if kept.is_empty() { Vec::from(*b"0") } else { kept.into() };
    if let Some(last) = bytes.last_mut() {
        *last += 1;
    }
    bytes.iter().map(|digit| char::from(*digit)).chain(zeros.chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prng::Prng;

    fn agrees(number: f64, single: f32) {
        assert_eq!(text_f64(number), format!("{number:?}"), "{:#x}", number.to_bits());
        assert_eq!(text_f32(single), format!("{single:?}"), "{:#x}", single.to_bits());
        if number.is_finite() {
            assert_eq!(parse_f64(&format!("{number:?}")).map(f64::to_bits), Some(number.to_bits()), "{number:?}");
        }
        if single.is_finite() {
            assert_eq!(parse_f32(&format!("{single:?}")).map(f32::to_bits), Some(single.to_bits()), "{single:?}");
        }
    }

    #[test]
    fn prints_and_reads_as_rust_does() {
        let mut random = Prng::new(1);
        for _ in 0..3_000 {
            let bits = random.next_u64();
            agrees(f64::from_bits(bits), f32::from_bits(bits as u32));
            let short = random.below(100_000) as f64 / 10_f64.powi(random.below(12) as i32);
            agrees(short, short as f32);
        }
        // Powers of two are nearer to the number below than to the one above.
        for field in 0..0x800_u64 {
            agrees(f64::from_bits(field << 52), f32::from_bits((field as u32 & 0xFF) << 23));
            agrees(-f64::from_bits((field << 52) + 1), f32::from_bits(((field as u32 & 0xFF) << 23) + 1));
        }
    }

    #[test]
    fn reads_what_rust_reads() {
        let numbers = [
            "1.5",
            "-0.0",
            "+2.5",
            ".5",
            "5.",
            "1e5",
            "1E-5",
            "0.1e+1",
            "1.",
            "00.10",
            "1e-7000",
            "1e7000",
            "1e999",
            "2.5e-324",
            "2.4703282292062327e-324",
            "1.7976931348623159e308",
            "1.7976931348623157e308",
            "9007199254740993.0",
            "9007199254740992.99999999999999999999999999999999999999",
            "16777217.0",
            "3.4028235677973366e38",
        ];
        let garbage = ["", ".", "e5", "1e", "1.5.5", "--1", "1 ", " 1", "0x10", "1_0", "1,5"];
        for text in numbers.iter().chain(&garbage) {
            let double = text.parse::<f64>().ok().filter(|number| number.is_finite());
            assert_eq!(parse_f64(text).map(f64::to_bits), double.map(f64::to_bits), "{text:?}");
            let single = text.parse::<f32>().ok().filter(|number| number.is_finite());
            assert_eq!(parse_f32(text).map(f32::to_bits), single.map(f32::to_bits), "{text:?}");
        }
    }
}
