//! BITFIELD and BITFIELD_RO: integers of any width inside a string.

use super::bitmap::bounded_offset;
use super::call::Call;
use super::error::{self, Error};
use super::number::parse_integer;
use super::reply::Reply;
use alloc::vec::Vec;

/// Runs BITFIELD.
pub fn bitfield(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    run(call, false)
}

/// Runs BITFIELD_RO.
pub fn bitfield_ro(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    run(call, true)
}

fn run(call: &mut Call<'_, '_>, read_only: bool) -> Result<Reply, Error> {
    let steps = read_steps(call)?;
    let key = call.arg(1);
    let end_of = |step: &Step| (step.offset + u64::from(step.width.bits) - 1) / 8 + 1;
    let written = steps.iter().filter(|step| step.action != Action::Get).map(end_of).max();
    if read_only && written.is_some() {
        return Err(error::BITFIELD_READ_ONLY);
    }
    let Some(end) = written else {
        let text = call.string(key)?;
        let mut bytes = text.as_ref().map(|text| text.bytes().into_owned()).unwrap_or_default();
        return Ok(Reply::Array(steps.iter().map(|step| step.run(&mut bytes, &mut false)).collect()));
    };
    let mut replies = Vec::new();
    call.edit(key, end, "setbit", &mut |bytes| {
        // The string grows even if no step goes through: Redis makes room before it starts.
        let mut changed = (bytes.len() as u64) < end;
        bytes.resize(bytes.len().max(end as usize), 0);
        replies.extend(steps.iter().map(|step| step.run(bytes, &mut changed)));
        changed
    })?;
    Ok(Reply::Array(replies))
}

/// What a step does when a number does not fit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overflow {
    Wrap,
    Saturate,
    Fail,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Action {
    Get,
    Set(i64),
    IncrBy(i64),
}

/// `i8`, `u63`: how a field is read.
#[derive(Clone, Copy)]
struct Width {
    signed: bool,
    bits: u32,
}

struct Step {
    action: Action,
    width: Width,
    offset: u64,
    overflow: Overflow,
}

fn read_steps(call: &Call<'_, '_>) -> Result<Vec<Step>, Error> {
    let mut steps = Vec::new();
    let mut overflow = Overflow::Wrap;
    let mut place = 2;
    while place < call.args.len() {
        let left = call.args.len() - place - 1;
        let is = |word| call.is_word(place, word);
        let writes = is("set") || is("incrby");
        if is("overflow") && left >= 1 {
            overflow = read_overflow(call, place + 1)?;
            place += 2;
        } else if (is("get") && left >= 2) || (writes && left >= 3) {
            let width = Width::read(call.arg(place + 1))?;
            let offset = read_offset(call, place + 2, width)?;
            let action = match () {
                () if is("get") => Action::Get,
                () if is("set") => Action::Set(call.integer(place + 3)?),
                () => Action::IncrBy(call.integer(place + 3)?),
            };
            steps.push(Step { action, width, offset, overflow });
            place += if writes { 4 } else { 3 };
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(steps)
}

fn read_overflow(call: &Call<'_, '_>, place: usize) -> Result<Overflow, Error> {
    let kinds = [("wrap", Overflow::Wrap), ("sat", Overflow::Saturate), ("fail", Overflow::Fail)];
    kinds.iter().find(|(word, _)| call.is_word(place, word)).map(|(_, kind)| *kind).ok_or(error::BITFIELD_OVERFLOW)
}

/// An offset in bits, or with `#` before it in fields.
fn read_offset(call: &Call<'_, '_>, place: usize, width: Width) -> Result<u64, Error> {
    let text = call.arg(place);
    let (digits, factor) = match &**text {
        [b'#', rest @ ..] => (rest, i64::from(width.bits)),
        all => (all, 1),
    };
    bounded_offset(call, parse_integer(digits).ok_or(error::BIT_OFFSET)?.wrapping_mul(factor))
}

impl Width {
    fn read(text: &[u8]) -> Result<Self, Error> {
        let (sign, digits) = text.split_first().ok_or(error::BITFIELD_TYPE)?;
        let (signed, most) = match sign {
            b'i' => (true, 64),
            b'u' => (false, 63),
            _ => return Err(error::BITFIELD_TYPE),
        };
        let bits = parse_integer(digits).filter(|bits| (1..=most).contains(bits)).ok_or(error::BITFIELD_TYPE)?;
        Ok(Width { signed, bits: bits as u32 })
    }

    /// The smallest and the largest number that fits.
    fn range(self) -> (i128, i128) {
        let half = 1_i128 << (self.bits - 1);
        if self.signed { (-half, half - 1) } else { (0, 2 * half - 1) }
    }

    /// The number that the lowest bits of `number` mean.
    fn wrapped(self, number: i128) -> i128 {
        let (least, _) = self.range();
        (number - least).rem_euclid(1 << self.bits) + least
    }
}

impl Step {
    fn run(&self, bytes: &mut [u8], changed: &mut bool) -> Reply {
        let old = self.width.wrapped(read_bits(bytes, self.offset, self.width.bits));
        let (target, increments) = match self.action {
            Action::Get => return Reply::Integer(old as i64),
            // A negative number stands for its 64 bits where the field has no sign.
            Action::Set(value) if self.width.signed => (i128::from(value), false),
            Action::Set(value) => (i128::from(value as u64), false),
            Action::IncrBy(amount) => (old + i128::from(amount), true),
        };
        let (least, most) = self.width.range();
        let new = match self.overflow {
            Overflow::Wrap => self.width.wrapped(target),
            // Redis measures the room above the value in 64 bits (`checkSignedBitfieldOverflow` in bitops.c): for a SET that is so far below
            // that this room does not fit, it saturates at the other end.
            Overflow::Saturate if !increments && self.width.bits < 64 && most - target > i128::from(i64::MAX) => most,
            Overflow::Saturate => target.clamp(least, most),
            Overflow::Fail if (least..=most).contains(&target) => target,
            Overflow::Fail => return Reply::Nil,
        };
        *changed |= old != new;
        write_bits(bytes, self.offset, self.width.bits, new);
        Reply::Integer(if increments { new } else { old } as i64)
    }
}

/// The bits from `offset` on as a number; what is beyond the string reads as zeros.
fn read_bits(bytes: &[u8], offset: u64, bits: u32) -> i128 {
    let bit = |place: u64| bytes.get((place >> 3) as usize).map_or(0, |byte| i128::from(byte >> (7 - (place & 7)) & 1));
    (offset..offset + u64::from(bits)).fold(0, |number, place| (number << 1) | bit(place))
}

fn write_bits(bytes: &mut [u8], offset: u64, bits: u32, number: i128) {
    for i in 0..u64::from(bits) {
        let place = offset + i;
        let mask = 0x80 >> (place & 7);
        let byte = &mut bytes[(place >> 3) as usize];
        let set = number >> (u64::from(bits) - 1 - i) & 1 == 1;
        *byte = if set { *byte | mask } else { *byte & !mask };
    }
}
