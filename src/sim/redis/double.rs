//! Floating-point numbers as sorted sets keep and print them.

use alloc::string::String;
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

impl Double {
    /// The number as Redis replies it (`%.17g` of C).
    pub fn to_text(self) -> String {
        use alloc::format;
        let number = self.0;
        if number.is_infinite() {
            return if number > 0.0 { "inf".into() } else { "-inf".into() };
        }
        let scientific = format!("{number:.16e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let trim = |text: &str| -> String {
            if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text.into() }
        };
        if (-4..17).contains(&exponent) {
            trim(&format!("{number:.*}", (16 - exponent) as usize))
        } else {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{}e{sign}{:02}", trim(digits), exponent.unsigned_abs())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
