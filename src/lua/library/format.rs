//! `string.format`.

use crate::{
    number,
    value::{Error, Value},
    vm::{Args, Host, Vm, to_integer},
};
use alloc::{format, string::String, vec::Vec};

/// What stands between `%` and the letter.
#[derive(Default)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

pub fn format(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let pattern = vm.check_str(args, 1)?;
    let mut out = Vec::new();
    let (mut place, mut argument) = (0, 1);
    while let Some(byte) = pattern.get(place).copied() {
        place += 1;
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        if pattern.get(place) == Some(&b'%') {
            place += 1;
            out.push(b'%');
            continue;
        }
        let (spec, letter, end) = read_spec(vm, &pattern, place)?;
        place = end;
        argument += 1;
        one(vm, host, args, argument, &spec, letter, &mut out)?;
        if out.len() > 2 * vm.memory_limit {
            return Err(Error::text("not enough memory"));
        }
    }
    let text = vm.heap.text(out);
    vm.push(text);
    Ok(1)
}

fn read_spec(vm: &Vm, pattern: &[u8], mut place: usize) -> Result<(Spec, u8, usize), Error> {
    let mut spec = Spec::default();
    let start = place;
    while let Some(flag @ (b'-' | b'+' | b' ' | b'#' | b'0')) = pattern.get(place) {
        match flag {
            b'-' => spec.left = true,
            b'+' => spec.plus = true,
            b' ' => spec.space = true,
            b'#' => spec.alternate = true,
            _ => spec.zero = true,
        }
        place += 1;
    }
    if place - start >= 6 {
        return Err(vm.error("invalid format (repeated flags)"));
    }
    let digits = |place: &mut usize| {
        let mut number = 0;
        for _ in 0..2 {
            if let Some(digit @ b'0'..=b'9') = pattern.get(*place) {
                number = number * 10 + usize::from(digit - b'0');
                *place += 1;
            }
        }
        number
    };
    spec.width = digits(&mut place);
    if pattern.get(place) == Some(&b'.') {
        place += 1;
        spec.precision = Some(digits(&mut place));
    }
    if pattern.get(place).is_some_and(u8::is_ascii_digit) {
        return Err(vm.error("invalid format (width or precision too long)"));
    }
    // C's strings end with a zero.
    Ok((spec, pattern.get(place).copied().unwrap_or(0), place + 1))
}

fn one(
    vm: &mut Vm,
    host: &mut dyn Host,
    args: Args,
    place: usize,
    spec: &Spec,
    letter: u8,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    if place > args.count {
        return Err(vm.bad_argument(place, "no value"));
    }
    let precision = spec.precision.unwrap_or(6);
    match letter {
        b'c' => {
            let byte = vm.check_integer(args, place)? as u8;
            pad(out, spec, &[byte]);
        }
        b'd' | b'i' => {
            let number = to_integer(vm.check_number(args, place)?);
            let digits = at_least(format!("{}", number.unsigned_abs()), spec.precision);
            number_into(out, spec, number < 0, &digits, spec.precision.is_none());
        }
        b'u' | b'o' | b'x' | b'X' => {
            let number = to_unsigned(vm.check_number(args, place)?);
            let digits = match letter {
                b'u' => format!("{number}"),
                b'o' => format!("{number:o}"),
                b'x' => format!("{number:x}"),
                _ => format!("{number:X}"),
            };
            let mut digits = at_least(digits, spec.precision);
            if spec.alternate && number != 0 && letter != b'u' {
                digits = format!(
                    "{}{digits}",
                    match letter {
                        b'o' => "0",
                        b'x' => "0x",
                        _ => "0X",
                    }
                );
            }
            let plain = Spec { plus: false, space: false, ..*spec };
            number_into(out, &plain, false, &digits, spec.precision.is_none());
        }
        b'e' | b'E' | b'f' | b'g' | b'G' => {
            let number = vm.check_number(args, place)?;
            let positive = number.abs();
            let text = match letter.to_ascii_lowercase() {
                b'e' => number::scientific(positive, precision),
                b'f' => number::not_finite(positive).map_or_else(|| format!("{positive:.precision$}"), String::from),
                _ => number::general(positive, precision, spec.alternate),
            };
            let text = if letter.is_ascii_uppercase() { text.to_ascii_uppercase() } else { text };
            number_into(out, spec, number.is_sign_negative(), &text, number.is_finite());
        }
        b'q' => quote(out, &vm.check_str(args, place)?),
        b's' => {
            vm.check_any(args, place)?;
            let value = vm.arg(args, place);
            let text = match value {
                Value::Str(text) => text,
                _ => vm.check_str(args, place)?,
            };
            let _ = &host;
            let kept = spec.precision.map_or(text.len(), |most| most.min(text.len()));
            pad(out, spec, &text[..kept]);
        }
        other => {
            let shown = String::from(char::from(other));
            let shown = if other == 0 { String::new() } else { shown };
            return Err(vm.error(&format!("invalid option '%{shown}' to 'format'")));
        }
    }
    Ok(())
}

/// What C makes of a double that is cast to an unsigned integer.
fn to_unsigned(number: f64) -> u64 {
    if number < 0.0 { to_integer(number) as u64 } else { number as u64 }
}

fn at_least(digits: String, precision: Option<usize>) -> String {
    match precision {
        Some(0) if digits == "0" => String::new(),
        Some(precision) => format!("{}{digits}", "0".repeat(precision.saturating_sub(digits.len()))),
        None => digits,
    }
}

fn number_into(out: &mut Vec<u8>, spec: &Spec, negative: bool, digits: &str, may_fill: bool) {
    let sign = match (negative, spec.plus, spec.space) {
        (true, ..) => "-",
        (_, true, _) => "+",
        (_, _, true) => " ",
        _ => "",
    };
    let length = sign.len() + digits.len();
    if spec.zero && !spec.left && may_fill && length < spec.width {
        let (prefix, rest) = match digits.get(..2) {
            Some("0x" | "0X") if spec.alternate => digits.split_at(2),
            _ => ("", digits),
        };
        let zeros = "0".repeat(spec.width - length);
        [sign, prefix, &zeros, rest].iter().for_each(|part| out.extend_from_slice(part.as_bytes()));
        return;
    }
    pad(out, spec, [sign, digits].concat().as_bytes());
}

fn pad(out: &mut Vec<u8>, spec: &Spec, text: &[u8]) {
    let spaces = b" ".repeat(spec.width.saturating_sub(text.len()));
    if spec.left {
        out.extend_from_slice(text);
        out.extend_from_slice(&spaces);
    } else {
        out.extend_from_slice(&spaces);
        out.extend_from_slice(text);
    }
}

fn quote(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    for byte in text {
        match byte {
            b'"' | b'\\' | b'\n' => out.extend_from_slice(&[b'\\', *byte]),
            b'\r' => out.extend_from_slice(b"\\r"),
            0 => out.extend_from_slice(b"\\000"),
            other => out.push(*other),
        }
    }
    out.push(b'"');
}
