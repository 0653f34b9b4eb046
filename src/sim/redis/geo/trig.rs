//! Sine, cosine, arc sine and square root, rounded once: each is counted with twice the digits of a double.
//!
//! C's own are off by little more than half of the last digit, so these give nearly always the same double, on every target.

use core::f64::consts::{FRAC_PI_2, FRAC_PI_4};

/// A sum of two doubles, the second of which is behind the digits of the first.
#[derive(Clone, Copy)]
struct Twofold(f64, f64);

/// Half of pi to 106 bits: the double, and what it lacks.
const HALF_PI: Twofold = Twofold(FRAC_PI_2, 6.123_233_995_736_766e-17);

fn sum(a: f64, b: f64) -> Twofold {
    let whole = a + b;
    let part = whole - a;
    Twofold(whole, (a - (whole - part)) + (b - part))
}

fn product(a: f64, b: f64) -> Twofold {
    let halves = |number: f64| {
        let wide = number * 134_217_729.0;
        let high = wide - (wide - number);
        (high, number - high)
    };
    let ((a1, a2), (b1, b2)) = (halves(a), halves(b));
    let whole = a * b;
    Twofold(whole, ((a1 * b1 - whole) + a1 * b2 + a2 * b1) + a2 * b2)
}

impl Twofold {
    fn plus(self, other: Twofold) -> Twofold {
        let (high, low) = (sum(self.0, other.0), sum(self.1, other.1));
        let step = sum(high.0, high.1 + low.0);
        sum(step.0, step.1 + low.1)
    }

    fn minus(self, other: Twofold) -> Twofold {
        self.plus(Twofold(-other.0, -other.1))
    }

    fn times(self, other: Twofold) -> Twofold {
        let whole = product(self.0, other.0);
        sum(whole.0, whole.1 + (self.0 * other.1 + self.1 * other.0))
    }

    fn over(self, other: Twofold) -> Twofold {
        let first = self.0 / other.0;
        let rest = self.minus(other.times(Twofold(first, 0.0)));
        let second = rest.0 / other.0;
        let rest = rest.minus(other.times(Twofold(second, 0.0)));
        let whole = sum(first, second);
        whole.plus(Twofold(rest.0 / other.0, 0.0))
    }
}

/// Sine and cosine of an angle of at most a quarter of pi and a little, by their series.
fn series(angle: Twofold) -> (Twofold, Twofold) {
    let square = angle.times(angle);
    let (mut sine, mut cosine) = (angle, Twofold(1.0, 0.0));
    let (mut odd, mut even) = (angle, Twofold(1.0, 0.0));
    let mut n = 1.0;
    while n < 30.0 {
        even = even.times(square).over(Twofold(-n * (n + 1.0), 0.0));
        odd = odd.times(square).over(Twofold(-(n + 1.0) * (n + 2.0), 0.0));
        cosine = cosine.plus(even);
        sine = sine.plus(odd);
        n += 2.0;
    }
    (sine, cosine)
}

/// Sine and cosine of any angle of moderate size.
fn both(angle: f64) -> (Twofold, Twofold) {
    let quarter = (angle / FRAC_PI_2 + if angle < 0.0 { -0.5 } else { 0.5 }) as i64;
    let turned = HALF_PI.times(Twofold(quarter as f64, 0.0));
    let (sine, cosine) = series(Twofold(angle, 0.0).minus(turned));
    let negative = |number: Twofold| Twofold(-number.0, -number.1);
    match quarter.rem_euclid(4) {
        0 => (sine, cosine),
        1 => (cosine, negative(sine)),
        2 => (negative(sine), negative(cosine)),
        _ => (negative(cosine), sine),
    }
}

/// The sine of an angle in radians.
pub fn sin(angle: f64) -> f64 {
    // So small an angle is its own sine, and keeps the sign of its zero.
    if angle.abs() < 1e-9 { angle } else { both(angle).0.0 }
}

/// The cosine of an angle in radians.
pub fn cos(angle: f64) -> f64 {
    both(angle).1.0
}

fn root(number: Twofold) -> Twofold {
    if number.0 <= 0.0 {
        return Twofold(0.0, 0.0);
    }
    // Half the exponent is near enough to begin with.
    let mut guess = f64::from_bits((number.0.to_bits() >> 1) + (0x1FF8 << 48));
    for _ in 0..5 {
        guess = 0.5 * (guess + number.0 / guess);
    }
    let rest = number.minus(product(guess, guess));
    sum(guess, rest.0 / (2.0 * guess))
}

/// The square root; zero of what is below zero.
pub fn sqrt(number: f64) -> f64 {
    if number.is_infinite() { number } else { root(Twofold(number, 0.0)).0 }
}

/// The arc sine of a number from 0 to 1, in radians; beyond 1 it is no number.
pub fn asin(number: f64) -> f64 {
    if !(0.0..=1.0).contains(&number) {
        return f64::NAN;
    }
    if number < 1e-9 {
        return number;
    }
    if number <= 0.7 {
        return small_asin(Twofold(number, 0.0)).0;
    }
    // Near 1 the curve is too steep, so the other half of the triangle is looked at.
    let half = Twofold(1.0, 0.0).minus(Twofold(number, 0.0)).times(Twofold(0.5, 0.0));
    let angle = small_asin(root(half));
    HALF_PI.minus(angle.plus(angle)).0
}

/// By Newton's steps, each of which doubles the digits: at first with few of them.
fn small_asin(number: Twofold) -> Twofold {
    let mut angle = number.0;
    for _ in 0..4 {
        let (sine, cosine) = rough(angle);
        angle = (angle - (sine - number.0) / cosine).clamp(0.0, FRAC_PI_4 * 1.1);
    }
    let (sine, cosine) = series(Twofold(angle, 0.0));
    Twofold(angle, 0.0).minus(sine.minus(number).over(cosine))
}

fn rough(angle: f64) -> (f64, f64) {
    let square = angle * angle;
    let (mut sine, mut cosine, mut odd, mut even, mut n) = (angle, 1.0, angle, 1.0, 1.0);
    while n < 18.0 {
        even *= -square / (n * (n + 1.0));
        odd *= -square / ((n + 1.0) * (n + 2.0));
        cosine += even;
        sine += odd;
        n += 2.0;
    }
    (sine, cosine)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prng::Prng;

    /// The most that two results may lie apart, in units of the last digit: the standard library's own are not always the nearest.
    fn near(ours: f64, theirs: f64) -> bool {
        ours.to_bits().abs_diff(theirs.to_bits()) <= 1
    }

    #[test]
    fn as_the_standard_library_counts() {
        let mut random = Prng::new(1);
        let (mut other, count) = (0, 20_000);
        for _ in 0..count {
            let part = random.next_u64() as f64 / u64::MAX as f64;
            let angle = (part - 0.5) * 6.3;
            for (ours, theirs) in [
                (sin(angle), angle.sin()),
                (cos(angle), angle.cos()),
                (asin(part), part.asin()),
                (asin(part * 1e-4), (part * 1e-4).asin()),
                (sqrt(part), part.sqrt()),
            ] {
                assert!(near(ours, theirs), "{ours:?} and {theirs:?}");
                other += u32::from(ours.to_bits() != theirs.to_bits());
            }
            assert_eq!(sqrt(part * 1e6), (part * 1e6).sqrt());
        }
        assert!(other < count / 10, "{other} of {count} differ");
        assert_eq!((sin(0.0), cos(0.0), asin(0.0), asin(1.0), sqrt(0.0)), (0.0, 1.0, 0.0, FRAC_PI_2, 0.0));
    }
}
