//! The group `bitmap`: strings seen as rows of bits, the highest bit of the first byte being bit 0.

use super::bitfield::{bitfield, bitfield_ro};
use super::call::{Call, Life};
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::number::parse_integer;
use super::reply::Reply;
use super::string::{clamp_range, is_reversed};
use super::value::Str;
use alloc::vec;
use alloc::vec::Vec;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Bitmap, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("setbit", 4, setbit)
        .flags("write denyoom")
        .keys("1 RW access update")
        .takes("2.2.0", "key offset value%i")
        .says("Sets or clears one bit and returns what it was", "设置或清除一个位，返回它原来的值"),
    row("getbit", 3, getbit)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("2.2.0", "key offset")
        .says("Reads one bit", "读取一个位"),
    row("bitcount", -2, bitcount)
        .flags("readonly")
        .keys("1 RO access")
        .takes("2.6.0", "key [{index:start end [{index_unit:BYTE|BIT}@7.0.0]}]")
        .says("Counts the bits that are set", "统计值为 1 的位数"),
    row("bitpos", -3, bitpos)
        .flags("readonly")
        .keys("1 RO access")
        .takes("2.8.7", "key bit [{index:start [{end_index:end [{index_unit:BYTE|BIT}@7.0.0]}]}]")
        .says("Finds the first bit that is set, or the first that is clear", "查找第一个为 1 或为 0 的位"),
    row("bitop", -4, bitop)
        .flags("write denyoom")
        .keys("2 OW update;3:-1 RO access")
        .takes("2.6.0", "operation destkey key [key ...]")
        .says("Combines strings bit by bit (AND, OR, XOR, NOT) into another key", "按位运算（AND、OR、XOR、NOT），结果存入另一个键"),
    row("bitfield", -2, bitfield)
        .flags("write denyoom")
        .keys("1 RW access update variable_flags")
        .takes(
            "3.2.0",
            "key [{operation:GET {encoding_offset:encoding offset}|{write:[OVERFLOW {wrap_sat_fail:WRAP|SAT|FAIL}] \
                {write_operation:SET {encoding_offset_value:encoding offset value%i}|INCRBY {encoding_offset_increment:encoding offset \
                increment}}}} [GET encoding offset|[OVERFLOW WRAP|SAT|FAIL] SET encoding offset value|INCRBY encoding offset increment \
                ...]]",
        )
        .says("Reads and changes integers of any width inside a string", "读写字符串里任意位宽的整数"),
    row("bitfield_ro", -2, bitfield_ro)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("6.0.0", "key [GET {encoding_offset:encoding offset} [GET encoding offset ...]]")
        .says("Reads integers of any width inside a string", "读取字符串里任意位宽的整数"),
];

fn setbit(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let offset = bit_offset(call, call.arg(2))?;
    let value = parse_integer(call.arg(3)).filter(|bit| matches!(bit, 0 | 1)).ok_or(error::BIT_VALUE)? as u8;
    let (byte, mask) = ((offset >> 3) as usize, 0x80 >> (offset & 7));
    let mut old = 0;
    call.edit(call.arg(1), byte as u64 + 1, "setbit", &mut |bytes| {
        let grows = bytes.len() <= byte;
        bytes.resize(bytes.len().max(byte + 1), 0);
        old = u8::from(bytes[byte] & mask != 0);
        bytes[byte] = (bytes[byte] & !mask) | (mask * value);
        grows || old != value
    })?;
    Ok(Reply::Integer(i64::from(old)))
}

fn getbit(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let offset = bit_offset(call, call.arg(2))?;
    let text = call.string(call.arg(1))?;
    let bytes = text.as_ref().map(Str::bytes).unwrap_or_default();
    let byte = bytes.get((offset >> 3) as usize).copied().unwrap_or(0);
    Ok(Reply::from(byte & (0x80 >> (offset & 7)) != 0))
}

fn bitcount(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let Some(text) = call.string(call.arg(1))? else { return Ok(Reply::Integer(0)) };
    let bytes = text.bytes();
    if !matches!(call.args.len(), 2 | 4 | 5) {
        return Err(error::SYNTAX);
    }
    let range = if call.args.len() == 2 {
        bits_of(0, -1, false, bytes.len())
    } else {
        let (start, end) = (call.integer(2)?, call.integer(3)?);
        // Redis sees that this is empty before it looks at the unit.
        if is_reversed(start, end) {
            return Ok(Reply::Integer(0));
        }
        bits_of(start, end, counts_bits(call, 4)?, bytes.len())
    };
    let Some((first, last)) = range else { return Ok(Reply::Integer(0)) };
    let whole: u32 = bytes[first >> 3..=last >> 3].iter().map(|byte| byte.count_ones()).sum();
    let before = bytes[first >> 3] & !(0xff >> (first & 7));
    let after = u16::from(bytes[last >> 3]) & (0x7f >> (last & 7));
    Ok(Reply::Integer(i64::from(whole - before.count_ones() - after.count_ones())))
}

fn bitpos(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let wanted = match call.integer(2)? {
        0 => false,
        1 => true,
        _ => return Err(error::BITPOS_BIT),
    };
    // A key that is not there is an endless row of zeros.
    let Some(text) = call.string(call.arg(1))? else { return Ok(Reply::Integer(if wanted { -1 } else { 0 })) };
    let bytes = text.bytes();
    let end_given = call.args.len() >= 5;
    if call.args.len() > 6 {
        return Err(error::SYNTAX);
    }
    let start = if call.args.len() > 3 { call.integer(3)? } else { 0 };
    let by_bit = counts_bits(call, 5)?;
    let end = if end_given { call.integer(4)? } else { -1 };
    let Some((first, last)) = bits_of(start, end, by_bit, bytes.len()) else { return Ok(Reply::Integer(-1)) };
    let place = first_bit(&bytes, first, last, wanted);
    Ok(Reply::Integer(match place {
        Some(place) => place as i64,
        // Without an end, the zeros behind the string count as well.
        None if !wanted && !end_given => last as i64 + 1,
        None => -1,
    }))
}

fn bitop(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let operation = OPERATIONS.iter().find(|(name, _)| call.is_word(1, name)).ok_or(error::SYNTAX)?.1;
    let sources = &call.args[3..];
    if operation == Operation::Not && sources.len() != 1 {
        return Err(error::BITOP_NOT);
    }
    let mut texts = Vec::new();
    for key in sources {
        texts.push(call.string(key)?);
    }
    let inputs: Vec<_> = texts.iter().map(|text| text.as_ref().map(Str::bytes).unwrap_or_default()).collect();
    let len = inputs.iter().map(|input| input.len()).max().unwrap_or(0);
    let target = call.arg(2);
    if len == 0 {
        call.delete(target, "del");
        return Ok(Reply::Integer(0));
    }
    call.room_for(len as u64)?;
    let mut out = vec![0; len];
    for (place, byte) in out.iter_mut().enumerate() {
        let mut column = inputs.iter().map(|input| input.get(place).copied().unwrap_or(0));
        let first = column.next().unwrap_or(0);
        *byte = match operation {
            Operation::And => column.fold(first, |a, b| a & b),
            Operation::Or => column.fold(first, |a, b| a | b),
            Operation::Xor => column.fold(first, |a, b| a ^ b),
            Operation::Not => !first,
        };
    }
    call.put(target, Str::raw(out), Life::Endless, "set");
    Ok(Reply::Integer(len as i64))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    And,
    Or,
    Xor,
    Not,
}

const OPERATIONS: &[(&str, Operation)] =
    &[("and", Operation::And), ("or", Operation::Or), ("xor", Operation::Xor), ("not", Operation::Not)];

/// A bit offset: not negative, and within the longest string.
fn bit_offset(call: &Call<'_, '_>, text: &[u8]) -> Result<u64, Error> {
    bounded_offset(call, parse_integer(text).ok_or(error::BIT_OFFSET)?)
}

/// The same, of a number already read.
pub fn bounded_offset(call: &Call<'_, '_>, offset: i64) -> Result<u64, Error> {
    let offset = u64::try_from(offset).map_err(|_| error::BIT_OFFSET)?;
    if offset >> 3 < call.store.limits().max_bulk { Ok(offset) } else { Err(error::BIT_OFFSET) }
}

/// Whether a range counts bits: the word at `place` says BIT or BYTE; no word is BYTE.
fn counts_bits(call: &Call<'_, '_>, place: usize) -> Result<bool, Error> {
    if call.args.len() <= place || call.is_word(place, "byte") {
        Ok(false)
    } else if call.is_word(place, "bit") {
        Ok(true)
    } else {
        Err(error::SYNTAX)
    }
}

/// The first and last bit of a range over a string of `len` bytes; `None` if it is empty.
fn bits_of(start: i64, end: i64, by_bit: bool, len: usize) -> Option<(usize, usize)> {
    if by_bit {
        clamp_range(start, end, len * 8)
    } else {
        clamp_range(start, end, len).map(|(first, last)| (first * 8, last * 8 + 7))
    }
}

/// The first bit from `first` to `last` that is as wanted. Bytes that hold none are passed over whole.
fn first_bit(bytes: &[u8], first: usize, last: usize, wanted: bool) -> Option<usize> {
    let without = if wanted { 0 } else { 0xff };
    let mut bit = first;
    while bit <= last {
        let byte = bytes[bit >> 3];
        if bit & 7 == 0 && byte == without {
            bit += 8;
        } else if (byte & (0x80 >> (bit & 7)) != 0) == wanted {
            return Some(bit);
        } else {
            bit += 1;
        }
    }
    None
}
