//! Floating-point numbers as sorted sets keep them, as C reads and prints them.
//!
//! Small whole numbers and short decimals, which most scores are, take a quick way; the rest is counted exactly, in 128 bits or with
//! whole numbers of any length.

use crate::float::nearest_f64;
use crate::longdouble::{LongDouble, Natural};
use alloc::{format, string::String, string::ToString, vec::Vec};
use core::cmp::Ordering;
use core::hash::{Hash, Hasher};

/// A 64-bit float that is never NaN, ordered as a number, so that it can be kept in the world.
#[derive(Clone, Copy, Debug, Default)]
pub struct Double(pub f64);

impl PartialEq for Double {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Double {}

impl PartialOrd for Double {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Double {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.partial_cmp(&other.0).expect("a score is never NaN: every command refuses it")
    }
}

impl Hash for Double {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // Zero has two forms that are equal.
        (self.0 + 0.0).to_bits().hash(state);
    }
}

/// Ten to the power of 0 to 22, the ones that a double holds exactly.
const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];
/// Digits beyond which none can change which double is the nearest: the longest number halfway between two has 767.
const DIGITS_MAX: usize = 800;
/// The bound on what is printed digit by digit of a whole number: two to the power of 53.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// How much of a packed score Redis looks at.
const PACKED_SCORE_MAX: usize = 127;

impl Double {
    /// Reads all of a text as Redis reads scores (`string2d`): as C's `strtod` does, but no leading space, no NaN, nothing beyond the
    /// range.
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.first().is_none_or(|byte| is_space(*byte)) {
            return None;
        }
        let read = Read::from(text);
        (read.used == text.len() && !read.out_of_range && !read.number.is_nan()).then_some(Double(read.number))
    }

    /// Reads the bound of a range (`zslParseRange`): as C's `strtod` does up to the end of the C string, where an empty text is zero
    /// and what is out of range is infinite.
    pub fn parse_bound(text: &[u8]) -> Option<Self> {
        let read = Read::from(text);
        let is_end = text.get(read.used).is_none_or(|byte| *byte == 0);
        (is_end && !read.number.is_nan()).then_some(Double(read.number))
    }

    /// Reads what SORT sorts by: as [`Double::parse_bound`], but what is out of range is refused, and so is what is so small that
    /// digits of it are lost, for which C sets `ERANGE` too (in hexadecimal they seldom are).
    pub fn parse_c(text: &[u8]) -> Option<Self> {
        let read = Read::from(text);
        let is_end = text.get(read.used).is_none_or(|byte| *byte == 0);
        let loses = read.number.is_subnormal() && !text.iter().any(|byte| byte.eq_ignore_ascii_case(&b'x'));
        (is_end && !read.out_of_range && !loses && !read.number.is_nan()).then_some(Double(read.number))
    }

    /// Reads a score that nobody checked when it was packed: the number at the start of the text, zero if there is none.
    pub fn parse_start(text: &[u8]) -> Option<Self> {
        let read = Read::from(&text[..text.len().min(PACKED_SCORE_MAX)]);
        (!read.number.is_nan()).then_some(Double(read.number))
    }

    /// Reads the number that a text begins with (`sscanf` with `%lg`).
    pub fn parse_first(text: &[u8]) -> Option<Self> {
        let read = Read::from(text);
        (read.used > 0).then_some(Double(read.number))
    }

    /// The number as Redis replies it (`%.17g` of C).
    pub fn to_text(self) -> String {
        let (sign, number) =
            (if self.0.is_sign_negative() { "-" } else { "" }, f64::from_bits(self.0.to_bits() & !SIGN));
        if number < EXACT_MAX && number == number as u64 as f64 {
            return format!("{sign}{}", number as u64);
        }
        if number.is_infinite() {
            return format!("{sign}inf");
        }
        let (digits, exponent) = digits_of(number);
        let digits = digits.to_string();
        let kept = digits.trim_end_matches('0');
        if (0..17).contains(&exponent) {
            let whole = exponent as usize + 1;
            return match kept.get(whole..) {
                Some(behind) if !behind.is_empty() => format!("{sign}{}.{behind}", &digits[..whole]),
                _ => format!("{sign}{}", &digits[..whole]),
            };
        }
        if (-4..0).contains(&exponent) {
            return format!("{sign}0.{}{kept}", &"000"[..(-1 - exponent) as usize]);
        }
        let (first, rest) = kept.split_at(1);
        let dot = if rest.is_empty() { "" } else { "." };
        let exponent_sign = if exponent < 0 { '-' } else { '+' };
        format!("{sign}{first}{dot}{rest}e{exponent_sign}{:02}", exponent.unsigned_abs())
    }

    /// The whole number that a packed collection keeps instead (`double2ll` of Redis), if it is one and not too large.
    pub fn as_packed_integer(self) -> Option<i64> {
        let bound = (i64::MAX / 2) as f64;
        let whole = self.0 as i64;
        ((-bound..=bound).contains(&self.0) && whole as f64 == self.0).then_some(whole)
    }

    /// The number with six digits behind the point (`%f` of C).
    pub fn to_six_places(self) -> String {
        let (sign, number) =
            (if self.0.is_sign_negative() { "-" } else { "" }, f64::from_bits(self.0.to_bits() & !SIGN));
        if number.is_infinite() {
            return format!("{sign}inf");
        }
        let (mantissa, exponent) = parts(number);
        if exponent >= 0 {
            return format!(
                "{sign}{}.000000",
                Natural::from(u128::from(mantissa)).shifted(exponent as usize).to_text()
            );
        }
        let scaled = shifted(u128::from(mantissa) * 1_000_000, exponent.unsigned_abs());
        let digits = format!("{:0>7}", Natural::from(scaled).to_text());
        let (whole, places) = digits.split_at(digits.len() - 6);
        format!("{sign}{whole}.{places}")
    }
}

/// The bit that says "below zero".
const SIGN: u64 = 1 << 63;

/// A number that is not negative, as a whole number times a power of two.
fn parts(number: f64) -> (u64, i32) {
    let bits = number.to_bits();
    let (field, stored) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    if field == 0 { (stored, -1074) } else { (stored | 1 << 52, field - 1075) }
}

/// A number without its last bits, rounded to the nearest, of two to the even one.
fn shifted(number: u128, bits: u32) -> u128 {
    let Some(kept) = number.checked_shr(bits).filter(|_| bits > 0) else { return if bits == 0 { number } else { 0 } };
    let (cut, half) = (number & ((1 << bits) - 1), 1 << (bits - 1));
    kept + u128::from(cut > half || cut == half && kept % 2 == 1)
}

/// The 17 digits of a number above zero, rounded, as a whole number, and the power of ten of the first.
fn digits_of(number: f64) -> (u64, i32) {
    let (mantissa, exponent) = parts(number);
    let top = exponent + 63 - mantissa.leading_zeros() as i32;
    // Never too large, and at most one too small: the logarithm of two in a hundred thousandths.
    let mut ten = (top * 30_103).div_euclid(100_000);
    loop {
        let power = 16 - ten;
        let Some(scaled) = scaled(mantissa, exponent, power) else { return digits_of_any(mantissa, exponent) };
        if scaled < 100_000_000_000_000_000 {
            return (scaled, ten);
        }
        ten += 1;
    }
}

/// The number times a power of ten, rounded, if 128 bits hold what that takes.
fn scaled(mantissa: u64, exponent: i32, power: i32) -> Option<u64> {
    if !(0..=32).contains(&power) {
        return None;
    }
    let product = u128::from(mantissa) * 5_u128.pow(power as u32);
    let two = exponent + power;
    Some(if two >= 0 { product << two } else { shifted(product, two.unsigned_abs()) } as u64)
}

/// As [`digits_of`], for a number of any size.
fn digits_of_any(mantissa: u64, exponent: i32) -> (u64, i32) {
    let mut exact = Natural::from(u128::from(mantissa));
    // Halving n times is multiplying by five n times and moving the point n places.
    for _ in exponent..0 {
        exact.multiply_add(5, 0);
    }
    let all = exact.shifted(exponent.max(0) as usize).to_text();
    let ten = all.len() as i32 - 1 + exponent.min(0);
    let (kept, rest) = all.as_bytes().split_at(all.len().min(17));
    let kept = (0..17).fold(0_u64, |sum, place| sum * 10 + u64::from(kept.get(place).map_or(0, |digit| digit - b'0')));
    let is_above = match rest.split_first() {
        Some((b'5', behind)) => kept % 2 == 1 || behind.iter().any(|digit| *digit != b'0'),
        Some((first, _)) => *first > b'5',
        None => false,
    };
    match kept + u64::from(is_above) {
        100_000_000_000_000_000 => (10_000_000_000_000_000, ten + 1),
        digits => (digits, ten),
    }
}

/// What C's `isspace` takes for space.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// What C's `strtod` finds at the start of a text.
struct Read {
    number: f64,
    /// How many bytes it took; none if there is no number.
    used: usize,
    /// Whether it sets `ERANGE`, and the result is infinite or zero.
    out_of_range: bool,
}

impl From<&[u8]> for Read {
    fn from(text: &[u8]) -> Self {
        let nothing = Read { number: 0.0, used: 0, out_of_range: false };
        let mut at = text.iter().take_while(|byte| is_space(**byte)).count();
        let negative = text.get(at) == Some(&b'-');
        at += usize::from(matches!(text.get(at), Some(b'-' | b'+')));
        let (rest, signed) = (&text[at..], |number: f64| if negative { -number } else { number });
        let starts = |word: &[u8]| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if starts(b"inf") {
            let used = at + if starts(b"infinity") { 8 } else { 3 };
            return Read { number: signed(f64::INFINITY), used, ..nothing };
        }
        if starts(b"nan") {
            return Read { number: f64::NAN, used: at + nan_length(rest), ..nothing };
        }
        let hexadecimal = if starts(b"0x") { digits(&rest[2..], 16) } else { None };
        let found = match hexadecimal {
            Some((found, used)) => Some((found, used + 2)),
            None => digits(rest, 10),
        };
        let Some((found, used)) = found else { return nothing };
        let (number, out_of_range) = match found {
            Found::Number(number) => (number, false),
            Found::TooLarge => (f64::INFINITY, true),
            Found::TooSmall => (0.0, true),
        };
        Read { number: signed(number), used: at + used, out_of_range }
    }
}

/// How long the NaN at the start of a text is: it may name its bits in brackets.
fn nan_length(text: &[u8]) -> usize {
    let Some(b'(') = text.get(3) else { return 3 };
    let inner = text[4..].iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
    if text.get(4 + inner) == Some(&b')') { 5 + inner } else { 3 }
}

/// What digits stand for.
enum Found {
    Number(f64),
    TooLarge,
    TooSmall,
}

/// The number without a sign at the start of a text, and how many bytes it took; `None` if there is no digit.
fn digits(text: &[u8], base: u32) -> Option<(Found, usize)> {
    let (mark, bits) = if base == 16 { (b'p', 4) } else { (b'e', 1) };
    let (mut mantissa, mut count, mut exponent, mut point, mut any) = (0_u64, 0_usize, 0_i64, false, false);
    let mut used = 0;
    while let Some(byte) = text.get(used) {
        if *byte == b'.' && !point {
            point = true;
        } else if let Some(digit) = char::from(*byte).to_digit(base) {
            any = true;
            exponent -= if point { bits } else { 0 };
            count += usize::from(count > 0 || digit > 0);
            if count <= 15 {
                mantissa = mantissa * u64::from(base) + u64::from(digit);
            }
        } else {
            break;
        }
        used += 1;
    }
    if !any {
        return None;
    }
    let end = used;
    if let Some((written, length)) = written_exponent(&text[end..], mark) {
        exponent = exponent.saturating_add(written);
        used += length;
    }
    if count <= 15 && base == 10 && exponent.unsigned_abs() <= 22 {
        let (whole, power) = (mantissa as f64, POWERS_OF_TEN[exponent.unsigned_abs() as usize]);
        return Some((Found::Number(if exponent < 0 { whole / power } else { whole * power }), used));
    }
    Some((if count == 0 { Found::Number(0.0) } else { exact(&text[..end], base, exponent) }, used))
}

/// `e` or `p` with a sign and digits behind it, if they are there; beyond any use the value stays at a bound.
fn written_exponent(text: &[u8], mark: u8) -> Option<(i64, usize)> {
    let [first, rest @ ..] = text else { return None };
    if !first.eq_ignore_ascii_case(&mark) {
        return None;
    }
    let sign = usize::from(matches!(rest.first(), Some(b'-' | b'+')));
    let length = rest[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let bound = |sum: i64, digit: &u8| (sum * 10 + i64::from(digit - b'0')).min(1_000_000_000_000);
    let size = rest[sign..sign + length].iter().fold(0, bound);
    let value = if rest.first() == Some(&b'-') { -size } else { size };
    (length > 0).then_some((value, 1 + sign + length))
}

/// The nearest double to digits, not all of which are zero.
fn exact(text: &[u8], base: u32, mut exponent: i64) -> Found {
    let all = text.iter().filter_map(|byte| char::from(*byte).to_digit(base)).skip_while(|digit| *digit == 0);
    let (mut digits, mut cut) = (Vec::new(), false);
    for digit in all {
        if digits.len() < DIGITS_MAX {
            digits.push(digit as u8);
        } else {
            exponent += if base == 16 { 4 } else { 1 };
            cut |= digit > 0;
        }
    }
    if cut {
        // What was cut off can only matter as more than nothing.
        digits.push(1);
        exponent -= if base == 16 { 4 } else { 1 };
    }
    match LongDouble::of_digits_for_shorter(digits, base, exponent) {
        None => Found::TooLarge,
        Some((mantissa, two)) => match nearest_f64(mantissa, two) {
            None => Found::TooLarge,
            Some(0.0) => Found::TooSmall,
            Some(number) => Found::Number(number),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prng::Prng;

    /// What Rust's own printing makes of the number in C's form.
    fn expected(number: f64) -> String {
        let scientific = format!("{number:.16e}");
        let (digits, exponent) = scientific.split_once('e').expect("an exponent");
        let exponent: i32 = exponent.parse().expect("a number");
        let trim = |text: &str| -> String {
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text.into() }
        };
        if (-4..17).contains(&exponent) {
            return trim(&format!("{number:.*}", (16 - exponent) as usize));
        }
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trim(digits), exponent.unsigned_abs())
    }

    #[test]
    fn as_c_prints_17_digits() {
        let text = |number| Double(number).to_text();
        assert_eq!((text(3.0), text(0.1), text(-1.5)), ("3".into(), "0.10000000000000001".into(), "-1.5".into()));
        assert_eq!(
            (text(1e17), text(1e16), text(1e-5)),
            ("1e+17".into(), "10000000000000000".into(), "1.0000000000000001e-05".into())
        );
        assert_eq!((text(f64::INFINITY), text(0.0), text(-0.0)), ("inf".into(), "0".into(), "-0".into()));
    }

    #[test]
    fn prints_and_reads_as_rust_does() {
        let mut random = Prng::new(1);
        let agrees = |number: f64| {
            let text = Double(number).to_text();
            assert_eq!(text, expected(number), "{:#x}", number.to_bits());
            let read = Double::parse(text.as_bytes()).map(|double| double.0.to_bits());
            assert_eq!(read, Some(number.to_bits()), "{text}");
        };
        for _ in 0..20_000 {
            let bits = random.next_u64();
            if f64::from_bits(bits).is_finite() {
                agrees(f64::from_bits(bits));
            }
            agrees(random.below(100_000_000) as f64 / 10_f64.powi(random.below(12) as i32));
            agrees(-(random.next_u64() as f64) / 10_f64.powi(random.below(60) as i32 - 20));
            let six = random.below(1 << 40) as f64 / 1e7;
            assert_eq!(Double(six).to_six_places(), format!("{six:.6}"));
        }
        for field in 0..0x7FF_u64 {
            agrees(f64::from_bits(field << 52));
            agrees(f64::from_bits((field << 52) + 1));
        }
        for number in [0.5, -0.000_000_5, 0.000_001_5, 1e-10, 0.0, 12_345.678_95, 1e300, -1e15] {
            assert_eq!(Double(number).to_six_places(), format!("{number:.6}"));
        }
    }

    #[test]
    fn reads_as_strtod() {
        let reads = |text: &str| Double::parse(text.as_bytes()).map(|double| double.0);
        assert_eq!((reads("0x1.8p1"), reads("-0X.8"), reads("0x1p-1074")), (Some(3.0), Some(-0.5), Some(5e-324)));
        assert_eq!(
            (reads("+Infinity"), reads("-inf"), reads("1E3")),
            (Some(f64::INFINITY), Some(-f64::INFINITY), Some(1e3))
        );
        let long = format!("9007199254740993{}1e-900", "0".repeat(899));
        assert_eq!(reads(&long), Some(9_007_199_254_740_994.0), "the last digit decides");
        assert_eq!(reads(&long.replace("1e", "0e")), Some(9_007_199_254_740_992.0));
        for refused in [
            "",
            " 1",
            "1 ",
            "nan",
            "nan(1)",
            "1e",
            "0x",
            "0x1p",
            ".",
            "e5",
            "1e400",
            "1e-400",
            "0x1p-1076",
            "--1",
            "in",
        ] {
            assert_eq!(reads(refused), None, "{refused:?}");
        }
        let bound = |text: &[u8]| Double::parse_bound(text).map(|double| double.0);
        assert_eq!((bound(b""), bound(b" 5"), bound(b"5\0x")), (Some(0.0), Some(5.0), Some(5.0)));
        assert_eq!((bound(b"-1e999"), bound(b"5 "), bound(b"nan")), (Some(-f64::INFINITY), None, None));
    }
}
