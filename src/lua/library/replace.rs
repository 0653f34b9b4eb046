//! `gsub`.

use super::pattern::{Matcher, most_steps, push_captures};
use crate::{
    str::Str,
    value::{Error, Value},
    vm::{Args, Host, MAX_STRING, Vm},
};
use alloc::{format, vec::Vec};

pub fn gsub(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let (text, pattern) = (vm.check_str(args, 1)?, vm.check_str(args, 2)?);
    let replacement = vm.arg(args, 3);
    if !matches!(replacement, Value::Num(_) | Value::Str(_) | Value::Table(_)) && !replacement.is_function() {
        return Err(vm.bad_argument(3, "string/function/table expected"));
    }
    let most = vm.opt_integer(args, 4, text.len() as i64 + 1)?;
    let is_anchored = pattern.first() == Some(&b'^');
    let mut matcher = Matcher::new(&text, &pattern, most_steps());
    let (mut place, mut count, mut out) = (0, 0, Vec::new());
    while count < most {
        let found = matcher.fresh(vm, host, place, usize::from(is_anchored))?;
        if let Some(end) = found {
            count += 1;
            replace(vm, host, &matcher, &replacement, place, end, &mut out)?;
            if out.len() > MAX_STRING || out.len() > 2 * vm.memory_limit {
                return Err(Error::text("not enough memory"));
            }
        }
        match found {
            Some(end) if end > place => place = end,
            _ if place < text.len() => {
                out.push(text[place]);
                place += 1;
            }
            _ => {
                place = text.len() + 1;
                break;
            }
        }
        if is_anchored {
            break;
        }
    }
    out.extend_from_slice(text.get(place..).unwrap_or(&[]));
    let out = vm.heap.text(out);
    vm.push(out);
    vm.push(Value::Num(count as f64));
    Ok(2)
}

fn replace(
    vm: &mut Vm,
    host: &mut dyn Host,
    matcher: &Matcher<'_>,
    replacement: &Value,
    start: usize,
    end: usize,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let value = match replacement {
        Value::Table(_) => {
            let key = matcher.capture(0, start, end).map_err(|text| vm.error(text))?;
            vm.index(host, replacement.clone(), key)?
        }
        function if function.is_function() => {
            let first = vm.top();
            let count = push_captures(vm, matcher, start, end, true)?;
            let captures = vm.cut_to(first);
            debug_assert_eq!(captures.len(), count, "what was pushed is taken back");
            let above = vm.free_place();
            vm.call_value(host, function.clone(), &captures, above)?
        }
        text => return expand(vm, matcher, &vm.to_str(text).unwrap_or_else(|| Str::from("")), start, end, out),
    };
    match vm.to_str(&value) {
        Some(text) => out.extend_from_slice(&text),
        None if !value.truthy() => out.extend_from_slice(&matcher.text[start..end]),
        None => return Err(vm.error(&format!("invalid replacement value (a {})", value.type_name()))),
    }
    Ok(())
}

/// A replacement in which `%1` stands for a capture.
fn expand(
    vm: &Vm,
    matcher: &Matcher<'_>,
    text: &[u8],
    start: usize,
    end: usize,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let mut bytes = text.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        match bytes.next() {
            Some(b'0') => out.extend_from_slice(&matcher.text[start..end]),
            Some(digit @ b'1'..=b'9') => {
                let value = matcher.capture(usize::from(digit - b'1'), start, end).map_err(|text| vm.error(text))?;
                if let Some(text) = vm.to_str(&value) {
                    out.extend_from_slice(&text);
                }
            }
            Some(other) => out.push(other),
            None => out.push(0),
        }
    }
    Ok(())
}
