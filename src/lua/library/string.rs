//! `string`, without patterns and formats.

use super::{Entry, Library, MAX_SLOTS};
use crate::{
    value::{Error, Value},
    vm::{Args, Host, MAX_STRING, Vm},
};
use alloc::vec::Vec;

/// The library, with what the files of patterns and formats have.
pub const LIBRARY: Library = Library {
    name: "string",
    room: 15,
    entries: &[
        ("byte", Entry::Native(byte)),
        ("char", Entry::Native(char)),
        ("dump", Entry::Native(dump)),
        ("find", Entry::Native(super::pattern::find)),
        ("format", Entry::Native(super::format::format)),
        ("gfind", Entry::Native(gfind)),
        ("gmatch", Entry::Native(super::pattern::gmatch)),
        ("gsub", Entry::Native(super::replace::gsub)),
        ("len", Entry::Native(len)),
        ("lower", Entry::Native(lower)),
        ("match", Entry::Native(super::pattern::match_)),
        ("rep", Entry::Native(rep)),
        ("reverse", Entry::Native(reverse)),
        ("sub", Entry::Native(sub)),
        ("upper", Entry::Native(upper)),
    ],
};

/// What bytecode begins with. Nothing follows, for nobody can load it.
const HEADER: &[u8] = b"\x1bLuaQ\x00\x01\x04\x08\x04\x08\x00";

/// A place counted from the start or, if negative, from the end.
pub fn place_in(place: i64, length: usize) -> i64 {
    let length = length as i64;
    if place >= 0 {
        place
    } else if place.unsigned_abs() > length as u64 {
        0
    } else {
        length + place + 1
    }
}

pub fn len(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let length = vm.check_str(args, 1)?.len();
    vm.push(Value::Num(length as f64));
    Ok(1)
}

pub fn sub(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let text = vm.check_str(args, 1)?;
    let start = place_in(vm.check_integer(args, 2)?, text.len()).max(1);
    let end = place_in(vm.opt_integer(args, 3, -1)?, text.len()).min(text.len() as i64);
    let part = if start <= end { text[start as usize - 1..end as usize].to_vec() } else { Vec::new() };
    let part = vm.heap.text(part);
    vm.push(part);
    Ok(1)
}

fn mapped(vm: &mut Vm, args: Args, map: fn(Vec<u8>) -> Vec<u8>) -> Result<usize, Error> {
    let text = vm.check_str(args, 1)?;
    let text = vm.heap.text(map(text.to_vec()));
    vm.push(text);
    Ok(1)
}

pub fn lower(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    mapped(vm, args, |text| text.to_ascii_lowercase())
}

pub fn upper(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    mapped(vm, args, |text| text.to_ascii_uppercase())
}

pub fn reverse(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    mapped(vm, args, |text| text.into_iter().rev().collect())
}

pub fn rep(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let text = vm.check_str(args, 1)?;
    let count = vm.check_integer(args, 2)?.max(0) as usize;
    let length = text.len().checked_mul(count).filter(|length| *length <= MAX_STRING);
    let length = length.filter(|length| *length <= vm.memory_limit).ok_or_else(|| Error::text("not enough memory"))?;
    vm.charge(host, length / 64)?;
    let text = vm.heap.text(text.repeat(if length == 0 { 0 } else { count }));
    vm.push(text);
    vm.memory_check()?;
    Ok(1)
}

pub fn byte(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let text = vm.check_str(args, 1)?;
    let first = vm.opt_integer(args, 2, 1)?;
    let start = place_in(first, text.len());
    let end = place_in(vm.opt_integer(args, 3, start)?, text.len()).min(text.len() as i64);
    let start = start.max(1);
    if start > end {
        return Ok(0);
    }
    if end - start >= (MAX_SLOTS - args.count.min(MAX_SLOTS)) as i64 {
        return Err(vm.error("stack overflow (string slice too long)"));
    }
    for byte in &text[start as usize - 1..end as usize] {
        vm.push(Value::Num(f64::from(*byte)));
    }
    Ok((end - start + 1) as usize)
}

pub fn char(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let mut bytes = Vec::with_capacity(args.count);
    for place in 1..=args.count {
        let code = vm.check_integer(args, place)?;
        bytes.push(u8::try_from(code).map_err(|_| vm.bad_argument(place, "invalid value"))?);
    }
    let text = vm.heap.text(bytes);
    vm.push(text);
    Ok(1)
}

pub fn dump(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    match vm.check_function(args, 1)? {
        Value::Closure(_) => {
            vm.push(Value::str(HEADER));
            Ok(1)
        }
        _ => Err(vm.error("unable to dump given function")),
    }
}

pub fn gfind(vm: &mut Vm, _: &mut dyn Host, _: Args) -> Result<usize, Error> {
    Err(vm.error("'string.gfind' was renamed to 'string.gmatch'"))
}
