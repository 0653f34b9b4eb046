//! `bit`: operations on 32 bits, with signed results.

use super::{Entry, Library};
use crate::{
    value::{Error, Value},
    vm::{Args, Host, Vm},
};
use alloc::format;

/// The library.
pub const LIBRARY: Library = Library {
    name: "bit",
    room: 12,
    entries: &[
        ("tobit", Entry::Native(tobit)),
        ("bnot", Entry::Native(bnot)),
        ("band", Entry::Native(band)),
        ("bor", Entry::Native(bor)),
        ("bxor", Entry::Native(bxor)),
        ("lshift", Entry::Native(lshift)),
        ("rshift", Entry::Native(rshift)),
        ("arshift", Entry::Native(arshift)),
        ("rol", Entry::Native(rol)),
        ("ror", Entry::Native(ror)),
        ("bswap", Entry::Native(bswap)),
        ("tohex", Entry::Native(tohex)),
    ],
};

/// The 32 bits of a number, as Lua BitOp takes them: what is no whole number is rounded to the nearest.
fn bits(vm: &Vm, args: Args, place: usize) -> Result<u32, Error> {
    let number = vm.check_number(args, place)?;
    // Adding this moves the whole part to the lowest bits of the mantissa.
    Ok((number + 6_755_399_441_055_744.0).to_bits() as u32)
}

fn give(vm: &mut Vm, bits: u32) -> Result<usize, Error> {
    vm.push(Value::Num(f64::from(bits as i32)));
    Ok(1)
}

fn fold(vm: &mut Vm, args: Args, operation: fn(u32, u32) -> u32) -> Result<usize, Error> {
    let mut all = bits(vm, args, 1)?;
    for place in 2..=args.count {
        all = operation(all, bits(vm, args, place)?);
    }
    give(vm, all)
}

fn shift(vm: &mut Vm, args: Args, operation: fn(u32, u32) -> u32) -> Result<usize, Error> {
    let (number, by) = (bits(vm, args, 1)?, bits(vm, args, 2)? & 31);
    give(vm, operation(number, by))
}

pub fn tobit(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let number = bits(vm, args, 1)?;
    give(vm, number)
}

pub fn bnot(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let number = bits(vm, args, 1)?;
    give(vm, !number)
}

pub fn bswap(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let number = bits(vm, args, 1)?;
    give(vm, number.swap_bytes())
}

pub fn band(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    fold(vm, args, |all, next| all & next)
}

pub fn bor(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    fold(vm, args, |all, next| all | next)
}

pub fn bxor(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    fold(vm, args, |all, next| all ^ next)
}

pub fn lshift(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    shift(vm, args, |number, by| number << by)
}

pub fn rshift(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    shift(vm, args, |number, by| number >> by)
}

pub fn arshift(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    shift(vm, args, |number, by| ((number as i32) >> by) as u32)
}

pub fn rol(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    shift(vm, args, u32::rotate_left)
}

pub fn ror(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    shift(vm, args, u32::rotate_right)
}

pub fn tohex(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let number = bits(vm, args, 1)?;
    let digits = if args.count < 2 { 8 } else { bits(vm, args, 2)? as i32 };
    let count = (digits.unsigned_abs() as usize).min(8);
    let text = if digits < 0 { format!("{number:08X}") } else { format!("{number:08x}") };
    vm.push(Value::str(&text[8 - count..]));
    Ok(1)
}
