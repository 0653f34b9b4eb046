//! Numbers as text and text as numbers.

use alloc::{format, string::String};

/// Reads a decimal number of digits, point and exponent; what it cannot do exactly is left to the second function.
pub type ReadFloat = fn(&str) -> Option<f64>;

/// Ten to the powers that a double holds exactly.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The number as `tostring` writes it: `%.14g`.
pub fn to_text(number: f64) -> String {
    if number.abs() < 1e14 && number == (number as i64) as f64 && (number != 0.0 || number.is_sign_positive()) {
        return format!("{}", number as i64);
    }
    general(number, 14, false)
}

/// `inf` and `nan` as C prints them.
pub fn not_finite(number: f64) -> Option<&'static str> {
    match (number.is_nan(), number.is_infinite(), number.is_sign_negative()) {
        // The NaN of a division is negative on the machines that Redis runs on.
        (true, _, true) => Some("-nan"),
        (true, _, false) => Some("nan"),
        (_, true, true) => Some("-inf"),
        (_, true, false) => Some("inf"),
        _ => None,
    }
}

/// `%.{precision}g` of C; `alternate` keeps zeros at the end.
pub fn general(number: f64, precision: usize, alternate: bool) -> String {
    if let Some(text) = not_finite(number) {
        return text.into();
    }
    let precision = precision.max(1);
    let scientific = format!("{number:.*e}", precision - 1);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') && !alternate {
        true => String::from(text.trim_end_matches('0').trim_end_matches('.')),
        false => String::from(text),
    };
    if exponent < -4 || exponent >= precision as i32 {
        return format!("{}e{}{:02}", trim(mantissa), if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs());
    }
    trim(&format!("{number:.*}", (precision as i32 - 1 - exponent) as usize))
}

/// `%.{precision}e` of C.
pub fn scientific(number: f64, precision: usize) -> String {
    if let Some(text) = not_finite(number) {
        return text.into();
    }
    let text = format!("{number:.precision$e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs())
}

/// Whether C's `isspace` says yes.
pub fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | 9..=13)
}

/// Reads all of a text as a number, as `tonumber` does: spaces around it, `0x` and hexadecimal digits, `inf` and `nan` of C.
pub fn parse(text: &[u8], slow: ReadFloat) -> Option<f64> {
    let start = text.iter().position(|byte| !is_space(*byte))?;
    let end = text.iter().rposition(|byte| !is_space(*byte))? + 1;
    let text = &text[start..end];
    let (negative, digits) = match text.first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let number = match digits.get(..2) {
        Some(b"0x" | b"0X") => hexadecimal(&digits[2..])?,
        _ if digits.eq_ignore_ascii_case(b"inf") || digits.eq_ignore_ascii_case(b"infinity") => f64::INFINITY,
        _ if digits.eq_ignore_ascii_case(b"nan") => f64::NAN,
        _ => decimal(digits, slow)?,
    };
    Some(if negative { -number } else { number })
}

/// Hexadecimal digits with a point and a binary exponent, as `strtod` of C reads them.
fn hexadecimal(digits: &[u8]) -> Option<f64> {
    let (mut number, mut place, mut scale, mut seen, mut point) = (0.0_f64, 0, 0_i32, false, false);
    while let Some(byte) = digits.get(place) {
        match (*byte as char).to_digit(16) {
            Some(digit) => {
                number = number * 16.0 + f64::from(digit);
                scale -= if point { 4 } else { 0 };
                seen = true;
            }
            None if *byte == b'.' && !point => point = true,
            None => break,
        }
        place += 1;
    }
    if let Some(b'p' | b'P') = digits.get(place) {
        let exponent = core::str::from_utf8(&digits[place + 1..]).ok()?;
        scale = scale.saturating_add(exponent.parse::<i32>().ok()?);
        place = digits.len();
    }
    (seen && place == digits.len()).then(|| libm::ldexp(number, scale))
}

fn decimal(digits: &[u8], slow: ReadFloat) -> Option<f64> {
    let (mut mantissa, mut count, mut scale, mut place, mut point) = (0_u64, 0, 0_i32, 0, false);
    while let Some(byte) = digits.get(place) {
        match byte {
            b'0'..=b'9' => {
                count += 1;
                if count <= 18 {
                    mantissa = mantissa * 10 + u64::from(byte - b'0');
                    scale -= i32::from(point);
                }
            }
            b'.' if !point => point = true,
            _ => break,
        }
        place += 1;
    }
    if count == 0 {
        return None;
    }
    if let Some(b'e' | b'E') = digits.get(place) {
        let text = core::str::from_utf8(&digits[place + 1..]).ok()?;
        let (negative, text) = match text.strip_prefix('-') {
            Some(text) => (true, text),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let exponent: i32 = text.parse().unwrap_or(1_000_000);
        scale += if negative { -exponent } else { exponent };
        place = digits.len();
    }
    if place != digits.len() {
        return None;
    }
    // A mantissa that a double holds, times or by a power of ten that a double holds: one rounding, hence exact.
    if count <= 18 && mantissa < 1 << 53 && scale.unsigned_abs() <= 22 {
        let power = POWERS[scale.unsigned_abs() as usize];
        return Some(if scale < 0 { mantissa as f64 / power } else { mantissa as f64 * power });
    }
    if mantissa == 0 && count <= 18 {
        return Some(0.0);
    }
    let text = core::str::from_utf8(digits).ok()?;
    let tidy = if text.starts_with('.') { format!("0{text}") } else { text.replace(".e", ".0e").replace(".E", ".0e") };
    Some(slow(tidy.trim_end_matches('.')).unwrap_or(if scale < 0 { 0.0 } else { f64::INFINITY }))
}
