//! `long double` as an x86-64 Redis has it: 64 bits of mantissa, in software, so that INCRBYFLOAT prints the same digits everywhere.
//!
//! Three things are wanted and no more: read as `strtold`, add with round-to-nearest-even, print as `"%.17Lf"` without the zeros at its
//! end. Each is done exactly, with whole numbers of any length where 128 bits do not reach. The same numbers read and print the
//! shorter floats of [`float`](crate::float).

use alloc::{string::String, string::ToString, vec, vec::Vec};
use core::cmp::Ordering;

/// A number: `mantissa` times two to the power of `exponent`. The top bit of the mantissa is set unless the number is zero or too
/// small for that; infinity has the exponent [`INFINITE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LongDouble {
    negative: bool,
    mantissa: u64,
    exponent: i32,
}

/// The exponent of infinity.
const INFINITE: i32 = i32::MAX;
/// The exponent of the smallest number above zero.
const MIN_EXPONENT: i32 = -16_445;
/// The exponent of the largest number.
const MAX_EXPONENT: i32 = 16_320;
/// The longest text that Redis reads as a number (`MAX_LONG_DOUBLE_CHARS`), in bytes with the closing zero.
const MAX_CHARS: usize = 5 * 1024;

impl LongDouble {
    /// Nothing.
    pub const ZERO: LongDouble = LongDouble { negative: false, mantissa: 0, exponent: MIN_EXPONENT };

    /// Reads all of `text` as `strtold` would, decimal or hexadecimal. `None` if it does not read to its end, starts with a space, is no
    /// number, or leaves the range (`string2ld` of Redis).
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() >= MAX_CHARS {
            return None;
        }
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        if digits.eq_ignore_ascii_case(b"inf") || digits.eq_ignore_ascii_case(b"infinity") {
            return Some(LongDouble { negative, mantissa: 0, exponent: INFINITE });
        }
        let number = match digits {
            [b'0', b'x' | b'X', rest @ ..] => Scanned::read(rest, 16)?,
            _ => Scanned::read(digits, 10)?,
        };
        number.rounded(negative, Rounding::Even)
    }

    /// Reads a decimal number without a sign for a float that is shorter: with [`Rounding::Odd`] the rounding to its own length
    /// is as if it were the only one. The number is its mantissa times two to the power of the second value.
    pub fn parse_for_shorter(digits: &[u8]) -> Option<(u64, i32)> {
        let number = Scanned::read(digits, 10)?.rounded(false, Rounding::Odd)?;
        Some((number.mantissa, number.exponent))
    }

    /// As [`LongDouble::parse_for_shorter`], of digits in base 10 or 16 and the exponent behind them, of ten or of two. `None` if it is
    /// too large.
    pub fn of_digits_for_shorter(digits: Vec<u8>, base: u32, exponent: i64) -> Option<(u64, i32)> {
        let number = Scanned { digits, base, exponent }.rounded(false, Rounding::Odd)?;
        Some((number.mantissa, number.exponent))
    }

    /// The same number as a shorter float holds it.
    pub fn of_f64(number: f64) -> Self {
        let bits = number.to_bits();
        let (field, stored) = ((bits >> 52 & 0x7FF) as i32, bits & ((1 << 52) - 1));
        let negative = bits >> 63 == 1;
        match field {
            0 if stored == 0 => LongDouble { negative, ..LongDouble::ZERO },
            0 => LongDouble { negative, mantissa: stored, exponent: -1074 },
            0x7FF => LongDouble { negative, mantissa: 0, exponent: INFINITE },
            _ => LongDouble { negative, mantissa: (stored | 1 << 52) << 11, exponent: field - 1075 - 11 },
        }
    }

    /// The sum, rounded once; `None` if it is infinite or no number.
    pub fn add(&self, other: &LongDouble) -> Option<LongDouble> {
        if self.exponent == INFINITE || other.exponent == INFINITE {
            return None;
        }
        let (large, small) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        if large.mantissa == 0 || small.mantissa == 0 {
            return Some(if large.mantissa == 0 { *small } else { *large });
        }
        // 62 bits to the right of the mantissas keep all that rounding can depend on; what falls off below them is only remembered.
        let distance = (large.exponent - small.exponent) as u32;
        let left = u128::from(large.mantissa) << 62;
        let whole = u128::from(small.mantissa) << 62;
        let right = whole.checked_shr(distance).unwrap_or(0);
        let lost = right.checked_shl(distance).unwrap_or(0) != whole;
        let exponent = large.exponent - 62;
        if large.negative == small.negative {
            return round(large.negative, left + right, exponent, lost, Rounding::Even);
        }
        if left >= right {
            round(large.negative, left - right - u128::from(lost), exponent, lost, Rounding::Even)
        } else {
            round(small.negative, right - left, exponent, lost, Rounding::Even)
        }
    }

    /// Whether it is a number, not infinity.
    pub fn is_finite(&self) -> bool {
        self.exponent != INFINITE
    }

    /// A thousand times the number, rounded up to a whole one; `None` if that leaves 64 bits.
    pub fn thousandfold(&self) -> Option<i64> {
        if self.exponent == INFINITE {
            return None;
        }
        let product = round(false, u128::from(self.mantissa) * 1000, self.exponent, false, Rounding::Even)?;
        let mantissa = u128::from(product.mantissa);
        let shift = product.exponent.unsigned_abs();
        let whole = if product.exponent >= 0 {
            // A number with a bit beyond the 64th does not fit, so a mantissa of 64 bits may be moved by so many.
            if mantissa != 0 && shift > 64 {
                return None;
            }
            mantissa << shift
        } else if shift >= 64 {
            u128::from(mantissa != 0 && !self.negative)
        } else {
            let up = !self.negative && mantissa & ((1 << shift) - 1) != 0;
            (mantissa >> shift) + u128::from(up)
        };
        let whole = i64::try_from(whole).ok()?;
        Some(if self.negative { -whole } else { whole })
    }

    /// The text that Redis stores and replies (`ld2string` in its mode for humans): 17 digits after the point, then no zeros at the end.
    pub fn to_text(self) -> String {
        let mut text = if self.exponent >= 0 {
            Natural::from(u128::from(self.mantissa)).shifted(self.exponent as usize).to_text()
        } else {
            let shift = self.exponent.unsigned_abs();
            let scaled = u128::from(self.mantissa) * 10_u128.pow(17);
            // Beyond 127 places the number is less than half of the last digit printed.
            let rounded = if shift < 128 { shift_right(scaled, shift, false, Rounding::Even) } else { 0 };
            let digits = Natural::from(rounded).to_text();
            let digits = ["0".repeat(18_usize.saturating_sub(digits.len())), digits].concat();
            let (whole, fraction) = digits.split_at(digits.len() - 17);
            let all = [whole, ".", fraction].concat();
            all.trim_end_matches('0').trim_end_matches('.').into()
        };
        if self.negative && text != "0" {
            text.insert(0, '-');
        }
        text
    }
}

/// How a number finds its place among those that fit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rounding {
    /// The nearest; of two equally near ones the even one.
    Even,
    /// Cut off, but the last bit is set when anything was lost, so that a later rounding knows of it.
    Odd,
}

/// `value` without its last `shift` bits (less than 128), rounded. `lost` says that something stood behind them.
fn shift_right(value: u128, shift: u32, lost: bool, to: Rounding) -> u128 {
    if shift == 0 {
        return value;
    }
    if to == Rounding::Odd {
        return (value >> shift) | u128::from(lost || value & ((1 << shift) - 1) != 0);
    }
    let (kept, cut, half) = (value >> shift, value & ((1 << shift) - 1), 1 << (shift - 1));
    match cut.cmp(&half) {
        Ordering::Less => kept,
        Ordering::Equal if !lost && kept.is_multiple_of(2) => kept,
        Ordering::Equal | Ordering::Greater => kept + 1,
    }
}

/// The number nearest to `value` times two to the power of `exponent`; `None` beyond the largest. `lost` says that the true value
/// is a little larger than `value`.
fn round(negative: bool, value: u128, exponent: i32, lost: bool, to: Rounding) -> Option<LongDouble> {
    if value == 0 {
        return Some(LongDouble { negative: false, ..LongDouble::ZERO });
    }
    let bits = 128 - value.leading_zeros() as i32;
    let target = (exponent + bits - 64).max(MIN_EXPONENT);
    let shift = target - exponent;
    let mut mantissa = match shift {
        // Far below the smallest number: nothing, or the half that rounds to nothing.
        128.. => 0,
        1..=127 => shift_right(value, shift as u32, lost, to),
        ..=0 => value << shift.unsigned_abs(),
    };
    let mut exponent = target;
    if mantissa >> 64 != 0 {
        mantissa >>= 1;
        exponent += 1;
    }
    (exponent <= MAX_EXPONENT).then_some(LongDouble { negative, mantissa: mantissa as u64, exponent })
}

/// The digits of a text: a whole number, and the power of ten or two that it is multiplied with.
struct Scanned {
    digits: Vec<u8>,
    base: u32,
    exponent: i64,
}

impl Scanned {
    fn read(text: &[u8], base: u32) -> Option<Self> {
        let (mark, bits) = if base == 16 { (b'p', 4) } else { (b'e', 1) };
        let (mut digits, mut exponent, mut point, mut any) = (Vec::new(), 0_i64, false, false);
        let mut rest = text;
        while let [byte, after @ ..] = rest {
            if *byte == b'.' && !point {
                point = true;
            } else if let Some(digit) = char::from(*byte).to_digit(base) {
                any = true;
                digits.push(digit as u8);
                exponent -= if point { bits } else { 0 };
            } else {
                break;
            }
            rest = after;
        }
        if !any {
            return None;
        }
        if let [byte, after @ ..] = rest {
            exponent += if byte.eq_ignore_ascii_case(&mark) { written_exponent(after)? } else { return None };
        }
        let leading = digits.iter().take_while(|digit| **digit == 0).count();
        digits.drain(..leading);
        while digits.pop_if(|digit| *digit == 0).is_some() {
            exponent += bits;
        }
        Some(Scanned { digits, base, exponent })
    }

    /// The number; `None` if it is too large, or too small to be told from zero (`ERANGE`) and not to be rounded again.
    fn rounded(&self, negative: bool, to: Rounding) -> Option<LongDouble> {
        if self.digits.is_empty() {
            return Some(LongDouble { negative, ..LongDouble::ZERO });
        }
        let size = self.digits.len() as i64 + self.exponent / if self.base == 16 { 4 } else { 1 };
        let zero = (to == Rounding::Odd).then_some(LongDouble { negative, ..LongDouble::ZERO });
        if !(-6000..6000).contains(&size) {
            return zero.filter(|_| size < 0);
        }
        let number = Natural::from_digits(&self.digits, self.base);
        let exponent = self.exponent as i32;
        let found = if self.base == 16 {
            number.rounded(negative, exponent, to)
        } else if exponent >= 0 {
            number.times_power_of_ten(exponent as u32).rounded(negative, 0, to)
        } else {
            let divisor = Natural::from(1).times_power_of_ten(exponent.unsigned_abs());
            // The quotient gets 66 or 67 bits: 64 for the mantissa, and enough behind them to round.
            let shift = 66 + divisor.bits() as i32 - number.bits() as i32;
            let (mut top, mut bottom) = (number, divisor);
            if shift >= 0 {
                top = top.shifted(shift as usize)
            } else {
                bottom = bottom.shifted(shift.unsigned_abs() as usize)
            }
            let (quotient, rest) = top.divided(bottom);
            round(negative, quotient, -shift, rest, to)
        };
        found.map(|number| if number.mantissa == 0 { zero } else { Some(number) })?
    }
}

/// What follows `e` or `p`: a sign and digits. Beyond any use it stays at a bound.
fn written_exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let size = digits.iter().fold(0_i64, |sum, digit| (sum * 10 + i64::from(digit - b'0')).min(1_000_000));
    Some(if negative { -size } else { size })
}

/// A whole number of any length, its words from the lowest up, the highest not zero.
#[derive(Clone)]
pub struct Natural(Vec<u32>);

impl From<u128> for Natural {
    fn from(value: u128) -> Self {
        Natural((0..4).map(|word| (value >> (32 * word)) as u32).collect()).trimmed()
    }
}

impl Natural {
    fn trimmed(mut self) -> Self {
        while self.0.pop_if(|word| *word == 0).is_some() {}
        self
    }

    fn from_digits(digits: &[u8], base: u32) -> Self {
        let mut number = Natural(Vec::new());
        for digit in digits {
            number.multiply_add(base, u32::from(*digit));
        }
        number
    }

    /// Multiplies, then adds.
    pub fn multiply_add(&mut self, factor: u32, summand: u32) {
        let mut carry = u64::from(summand);
        for word in &mut self.0 {
            carry += u64::from(*word) * u64::from(factor);
            *word = carry as u32;
            carry >>= 32;
        }
        if carry != 0 {
            self.0.push(carry as u32);
        }
    }

    fn times_power_of_ten(mut self, power: u32) -> Self {
        for _ in 0..power / 9 {
            self.multiply_add(1_000_000_000, 0);
        }
        self.multiply_add(10_u32.pow(power % 9), 0);
        self
    }

    fn bits(&self) -> usize {
        self.0.last().map_or(0, |top| self.0.len() * 32 - top.leading_zeros() as usize)
    }

    /// The number times two to the power of `bits`.
    pub fn shifted(&self, bits: usize) -> Self {
        let mut words = vec![0; bits / 32];
        let mut carry = 0_u64;
        for word in &self.0 {
            carry |= u64::from(*word) << (bits % 32);
            words.push(carry as u32);
            carry >>= 32;
        }
        words.push(carry as u32);
        Natural(words).trimmed()
    }

    /// Its 128 highest bits as a number with that exponent, rounded.
    fn rounded(&self, negative: bool, exponent: i32, to: Rounding) -> Option<LongDouble> {
        let below = self.bits().saturating_sub(128);
        let words = self.0.get(below / 32..).unwrap_or_default();
        let high = words.iter().take(4).rev().fold(0_u128, |sum, word| (sum << 32) | u128::from(*word));
        let mut top = high >> (below % 32);
        if let Some(word) = words.get(4).filter(|_| !below.is_multiple_of(32)) {
            top |= u128::from(*word) << (128 - below % 32);
        }
        let lost = Natural(self.0[..below / 32].to_vec()).trimmed().bits() > 0
            || words.first().is_some_and(|word| word & ((1 << (below % 32)) - 1) != 0);
        round(negative, top, exponent + below as i32, lost, to)
    }

    /// The quotient, which must fit 68 bits, and whether anything remains.
    fn divided(self, divisor: Natural) -> (u128, bool) {
        let mut rest = self;
        let mut part = divisor.shifted(67);
        let mut quotient = 0;
        for _ in 0..68 {
            quotient <<= 1;
            if rest.compare(&part) != Ordering::Less {
                rest.subtract(&part);
                quotient |= 1;
            }
            part.halve();
        }
        (quotient, rest.bits() > 0)
    }

    fn compare(&self, other: &Natural) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev()))
    }

    fn subtract(&mut self, other: &Natural) {
        let mut borrow = false;
        for (place, word) in self.0.iter_mut().enumerate() {
            let (less, first) = word.overflowing_sub(other.0.get(place).copied().unwrap_or(0));
            let (less, second) = less.overflowing_sub(u32::from(borrow));
            (*word, borrow) = (less, first || second);
        }
        while self.0.pop_if(|word| *word == 0).is_some() {}
    }

    fn halve(&mut self) {
        let mut carry = 0;
        for word in self.0.iter_mut().rev() {
            let low = *word << 31;
            *word = (*word >> 1) | carry;
            carry = low;
        }
        self.0.pop_if(|word| *word == 0);
    }

    /// Its decimal digits.
    pub fn to_text(&self) -> String {
        let mut words = self.0.clone();
        let mut groups = Vec::new();
        while !words.is_empty() {
            let mut rest = 0_u64;
            for word in words.iter_mut().rev() {
                rest = (rest << 32) | u64::from(*word);
                *word = (rest / 1_000_000_000) as u32;
                rest %= 1_000_000_000;
            }
            words.pop_if(|word| *word == 0);
            groups.push(rest);
        }
        let Some(first) = groups.pop() else { return "0".into() };
        let mut text = first.to_string();
        for group in groups.iter().rev() {
            let digits = group.to_string();
            text.push_str(&"0".repeat(9 - digits.len()));
            text.push_str(&digits);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(a: &str, b: &str) -> Option<String> {
        Some(LongDouble::parse(a.as_bytes())?.add(&LongDouble::parse(b.as_bytes())?)?.to_text())
    }

    #[test]
    fn sums_as_the_real_server_prints_them() {
        let is = |a, b, expect: &str| assert_eq!(sum(a, b).as_deref(), Some(expect), "{a} + {b}");
        is("10.50", "0.1", "10.6");
        is("5.0e3", "2.0e2", "5200");
        is("0x10", "1", "17");
        is("3", "1.1", "4.1");
        is("0", "-1e-30", "0");
        is("1e18", "0.5", "1000000000000000000.5");
        is("1e20", "0.5", "100000000000000000000");
    }

    #[test]
    fn a_thousandfold_rounded_up() {
        let of = |text: &str| LongDouble::parse(text.as_bytes()).expect("a number").thousandfold();
        assert_eq!(
            (of("0.001"), of("0.0001"), of("1.5"), of("0"), of("1e-3000")),
            (Some(1), Some(1), Some(1500), Some(0), Some(1))
        );
        assert_eq!((of("-0.0001"), of("-1"), of("-1e-3000")), (Some(0), Some(-1000), Some(0)));
        assert_eq!(
            (of("9223372036854775"), of("9223372036854776"), of("inf"), of("1e300")),
            (Some(9_223_372_036_854_775_000), None, None, None)
        );
    }

    #[test]
    fn refusals() {
        for text in
            ["", " 1", "1 ", "1e", "e5", ".", "0x", "0xg", "nan", "1e5000", "1e-5000", "--1", "1.2.3", "infinit"]
        {
            assert_eq!(LongDouble::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!(sum("inf", "1"), None);
        assert!(LongDouble::parse(b"0e-99999999").is_some());
    }
}
