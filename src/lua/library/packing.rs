//! `struct`: values as the bytes of a structure in C, and back.

use super::{Entry, Library, MAX_SLOTS};
use crate::{
    value::{Error, Value},
    vm::{Args, Host, Vm, to_integer},
};
use alloc::{format, string::String, vec::Vec};

/// The library.
pub const LIBRARY: Library = Library {
    name: "struct",
    room: 3,
    entries: &[("pack", Entry::Native(pack)), ("unpack", Entry::Native(unpack)), ("size", Entry::Native(size))],
};

/// The most bytes of a whole number.
const MAX_INTEGER: usize = 32;
/// What `!` without a number aligns to.
const MAX_ALIGN: i32 = 8;
/// Reads a format, letter by letter.
struct Format<'f> {
    text: &'f [u8],
    at: usize,
    big: bool,
    align: usize,
}

/// A letter, with the bytes that it takes and those before it that align it.
struct Item {
    letter: u8,
    size: usize,
    padding: usize,
}

impl<'f> Format<'f> {
    /// C's strings end with a zero.
    fn new(text: &'f [u8]) -> Self {
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        Format { text: &text[..end], at: 0, big: false, align: 1 }
    }

    /// The digits that stand next, or what is taken if there are none.
    fn number(&mut self, vm: &Vm, otherwise: i32) -> Result<i32, Error> {
        let mut number = None;
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at) {
            let more = number.unwrap_or(0_i32).checked_mul(10).and_then(|all| all.checked_add(i32::from(digit - b'0')));
            number = Some(more.ok_or_else(|| vm.error("integral size overflow"))?);
            self.at += 1;
        }
        Ok(number.unwrap_or(otherwise))
    }

    /// The next letter, for a place so many bytes behind the start.
    fn next(&mut self, vm: &Vm, place: usize) -> Result<Option<Item>, Error> {
        let Some(letter) = self.text.get(self.at).copied() else { return Ok(None) };
        self.at += 1;
        let size = match letter {
            b'B' | b'b' | b'x' => 1,
            b'H' | b'h' => 2,
            b'L' | b'l' | b'T' | b'd' => 8,
            b'f' => 4,
            b'c' => self.number(vm, 1)? as usize,
            b'i' | b'I' => {
                let size = self.number(vm, 4)? as usize;
                if size > MAX_INTEGER {
                    let text = format!("integral size {size} is larger than limit of {MAX_INTEGER}");
                    return Err(vm.error(&text));
                }
                size
            }
            _ => 0,
        };
        let padding = if size == 0 || letter == b'c' {
            0
        } else {
            let size = size.min(self.align);
            (size - (place & (size - 1))) & (size - 1)
        };
        Ok(Some(Item { letter, size, padding }))
    }

    /// A letter that stands for no value.
    fn control(&mut self, vm: &Vm, letter: u8) -> Result<(), Error> {
        match letter {
            b' ' => {}
            b'>' => self.big = true,
            b'<' => self.big = false,
            b'!' => {
                let align = self.number(vm, MAX_ALIGN)?;
                if align <= 0 || align & (align - 1) != 0 {
                    return Err(vm.error(&format!("alignment {align} is not a power of 2")));
                }
                self.align = align as usize;
            }
            other => {
                let shown = String::from_utf8_lossy(&[other]).into_owned();
                return Err(vm.bad_argument(1, &format!("invalid format option '{shown}'")));
            }
        }
        Ok(())
    }

    fn ordered(&self, mut bytes: Vec<u8>) -> Vec<u8> {
        if self.big {
            bytes.reverse();
        }
        bytes
    }
}

/// What a cast to an unsigned integer of 64 bits makes of a double on Redis's machines.
fn to_unsigned(number: f64) -> u64 {
    if number < 9_223_372_036_854_775_808.0 {
        to_integer(number) as u64
    } else {
        (to_integer(number - 9_223_372_036_854_775_808.0) as u64) ^ (1 << 63)
    }
}

/// Whether there is a value for the next letter: Redis's library finds a mark of its own behind the last one.
fn given(vm: &Vm, args: Args, place: usize, wanted: &str) -> Result<(), Error> {
    if place > args.count { Err(vm.bad_argument(place, &format!("{wanted} expected, got nil"))) } else { Ok(()) }
}

fn pack(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let text = vm.check_str(args, 1)?;
    let mut format = Format::new(&text);
    let (mut out, mut place): (Vec<u8>, usize) = (Vec::new(), 1);
    while let Some(Item { letter, mut size, padding }) = format.next(vm, out.len())? {
        vm.charge(host, 1)?;
        out.resize(out.len() + padding, 0);
        match letter {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                place += 1;
                given(vm, args, place, "number")?;
                let number = to_unsigned(vm.check_number(args, place)?);
                let mut bytes = number.to_le_bytes().to_vec();
                bytes.resize(size, 0);
                out.extend(format.ordered(bytes));
            }
            b'x' => out.push(0),
            b'f' => {
                place += 1;
                given(vm, args, place, "number")?;
                let number = vm.check_number(args, place)? as f32;
                out.extend(format.ordered(number.to_le_bytes().to_vec()));
            }
            b'd' => {
                place += 1;
                given(vm, args, place, "number")?;
                let number = vm.check_number(args, place)?;
                out.extend(format.ordered(number.to_le_bytes().to_vec()));
            }
            b'c' | b's' => {
                place += 1;
                given(vm, args, place, "string")?;
                let text = vm.check_str(args, place)?;
                size = if size == 0 { text.len() } else { size };
                if text.len() < size {
                    return Err(vm.bad_argument(place + 1, "string too short"));
                }
                out.extend_from_slice(&text[..size]);
                if letter == b's' {
                    out.push(0);
                }
            }
            other => format.control(vm, other)?,
        }
        if out.len() > vm.memory_limit {
            return Err(Error::text("not enough memory"));
        }
    }
    let packed = vm.heap.text(out);
    vm.push(packed);
    vm.memory_check()?;
    Ok(1)
}

/// A whole number of these bytes, the lowest first; only the last 64 bits count.
fn integer(bytes: &[u8], signed: bool) -> f64 {
    let number = bytes.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    if !signed {
        return number as f64;
    }
    let mask = u64::MAX.wrapping_shl((bytes.len() as u32).wrapping_mul(8).wrapping_sub(1));
    (if number & mask == 0 { number } else { number | mask }) as i64 as f64
}

fn unpack(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let text = vm.check_str(args, 1)?;
    let data = vm.check_str(args, 2)?;
    let first = vm.opt_integer(args, 3, 1)?;
    if first == 0 {
        return Err(vm.bad_argument(3, "offset must be 1 or greater"));
    }
    let mut at = usize::try_from((first as u64).wrapping_sub(1)).unwrap_or(usize::MAX);
    let mut format = Format::new(&text);
    let mut values = Vec::new();
    while let Some(Item { letter, mut size, padding }) = format.next(vm, at)? {
        vm.charge(host, 1)?;
        at = at.wrapping_add(padding);
        let is_there = |size: usize| size <= data.len() && at <= data.len() - size;
        let too_short = |vm: &Vm| vm.bad_argument(2, "data string too short");
        if !is_there(size) {
            return Err(too_short(vm));
        }
        if args.count + values.len() + 2 > MAX_SLOTS {
            return Err(vm.error("stack overflow (too many results)"));
        }
        match letter {
            b'b' | b'B' | b'h' | b'H' | b'l' | b'L' | b'T' | b'i' | b'I' => {
                let bytes = format.ordered(data[at..at + size].to_vec());
                values.push(Value::Num(integer(&bytes, letter.is_ascii_lowercase())));
            }
            b'x' => {}
            b'f' => {
                let bits = integer(&format.ordered(data[at..at + 4].to_vec()), false) as u32;
                values.push(Value::Num(f64::from(f32::from_bits(bits))));
            }
            b'd' => {
                let bytes = format.ordered(data[at..at + 8].to_vec());
                let bits = bytes.iter().rev().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
                values.push(Value::Num(f64::from_bits(bits)));
            }
            b'c' => {
                if size == 0 {
                    let number = values.pop().and_then(|value| vm.to_number(&value));
                    let number = number.ok_or_else(|| vm.error("format 'c0' needs a previous size"))?;
                    size = usize::try_from(to_unsigned(number)).unwrap_or(usize::MAX);
                    if !is_there(size) {
                        return Err(too_short(vm));
                    }
                }
                let part = data[at..at + size].to_vec();
                values.push(vm.heap.text(part));
            }
            b's' => {
                let end = data[at..].iter().position(|byte| *byte == 0);
                let end = end.ok_or_else(|| vm.error("unfinished string in data"))?;
                let part = data[at..at + end].to_vec();
                values.push(vm.heap.text(part));
                size = end + 1;
            }
            other => format.control(vm, other)?,
        }
        at += size;
        vm.memory_check()?;
    }
    values.push(Value::Num(at as f64 + 1.0));
    let count = values.len();
    values.into_iter().for_each(|value| vm.push(value));
    Ok(count)
}

fn size(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let text = vm.check_str(args, 1)?;
    let mut format = Format::new(&text);
    let mut total = 0_usize;
    while let Some(Item { letter, size, padding }) = format.next(vm, total)? {
        vm.charge(host, 1)?;
        total = total.wrapping_add(padding);
        if letter == b's' {
            return Err(vm.bad_argument(1, "option 's' has no fixed size"));
        }
        if letter == b'c' && size == 0 {
            return Err(vm.bad_argument(1, "option 'c0' has no fixed size"));
        }
        if !letter.is_ascii_alphanumeric() {
            format.control(vm, letter)?;
        }
        total = total.wrapping_add(size);
    }
    vm.push(Value::Num(total as f64));
    Ok(1)
}
