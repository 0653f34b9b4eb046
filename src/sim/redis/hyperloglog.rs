//! The group `hyperloglog`: strings that estimate how many different elements were seen.

mod registers;

use self::registers::{
    REGISTERS, cache, cached, check, decode, empty, estimate, forget, is_dense, merge, pattern, raise, to_dense,
};
use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::reply::Reply;
use crate::bytes::Bytes;
use alloc::vec::Vec;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Hyperloglog, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("pfadd", -2, pfadd)
        .flags("write denyoom fast")
        .keys("1 RW insert")
        .takes("2.8.9", "key [element [element ...]]")
        .says("Lets a HyperLogLog see elements", "让 HyperLogLog 记录元素"),
    row("pfcount", -2, pfcount)
        .flags("readonly")
        .keys("1:-1 RW access")
        .takes("2.8.9", "key [key ...]")
        .says("Estimates how many different elements were seen", "估计不同元素的个数"),
    row("pfmerge", -2, pfmerge)
        .flags("write denyoom")
        .keys("1 RW access insert; 2:-1 RO access")
        .takes("2.8.9", "destkey sourcekey [sourcekey ...]")
        .says("Makes one HyperLogLog of several", "把多个 HyperLogLog 合并成一个"),
    row("pfdebug", 3, pfdebug)
        .flags("write denyoom admin")
        .keys("2 RW access")
        .takes("2.8.9", "subcommand key")
        .says("Shows the inside of a HyperLogLog", "查看 HyperLogLog 的内部"),
    row("pfselftest", 1, pfselftest)
        .flags("admin")
        .takes("2.8.9", "")
        .says("Tests the HyperLogLog itself", "HyperLogLog 自检"),
];

/// What is in bytes that are a `HyperLogLog`: whether it is dense, the count it keeps, its registers.
pub(super) fn inside(bytes: &[u8]) -> Option<(bool, Option<u64>, Vec<u8>)> {
    check(bytes).ok()?;
    let mut registers = [0; REGISTERS];
    merge(&mut registers, bytes).ok()?;
    Some((is_dense(bytes), cached(bytes), registers.to_vec()))
}

/// The estimate of as many registers as there are.
pub(super) fn count(registers: &[u8]) -> u64 {
    registers.try_into().map_or(0, estimate)
}

/// The bytes under a key, if they are a `HyperLogLog`.
fn read(call: &mut Call<'_, '_>, key: &Bytes) -> Result<Option<Vec<u8>>, Error> {
    let Some(text) = call.string(key)? else { return Ok(None) };
    let bytes = text.bytes();
    check(&bytes)?;
    Ok(Some(bytes.into_owned()))
}

/// Puts changed bytes in the place of those that were there.
fn write(call: &mut Call<'_, '_>, key: &Bytes, bytes: &[u8], how: &'static str) -> Result<(), Error> {
    let edit = &mut |old: &mut Vec<u8>| {
        old.clear();
        old.extend_from_slice(bytes);
        true
    };
    call.edit(key, bytes.len() as u64, how, edit).map(drop)
}

fn pfadd(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, elements) = (call.arg(1), &call.args[2..]);
    let sparse_max = call.store.config.hll_sparse_max_bytes;
    let old = read(call, key)?;
    let mut changed = old.is_none();
    let mut bytes = old.unwrap_or_else(empty);
    for element in elements {
        let (index, value) = pattern(element);
        match raise(&mut bytes, index, value, sparse_max) {
            Ok(lower) => changed |= lower,
            Err(error) => {
                // What was raised until then stays so, and nobody is told.
                call.edit(key, bytes.len() as u64, "pfadd", &mut |old: &mut Vec<u8>| {
                    core::mem::swap(old, &mut bytes);
                    false
                })?;
                return Err(error);
            }
        }
    }
    if changed {
        forget(&mut bytes);
        write(call, key, &bytes, "pfadd")?;
    }
    Ok(Reply::from(changed))
}

fn pfcount(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let keys = &call.args[1..];
    let mut registers = [0; REGISTERS];
    if let [key] = keys {
        let Some(mut bytes) = read(call, key)? else { return Ok(Reply::Integer(0)) };
        if let Some(count) = cached(&bytes) {
            return Ok(Reply::Integer(count as i64));
        }
        merge(&mut registers, &bytes)?;
        let count = estimate(&registers);
        // The count is kept beside the registers, and that counts as a change of the key, but nobody is told.
        cache(&mut bytes, count);
        write(call, key, &bytes, "pfcount")?;
        return Ok(Reply::Integer(count as i64));
    }
    for key in keys {
        if let Some(bytes) = read(call, key)? {
            merge(&mut registers, &bytes)?;
        }
    }
    Ok(Reply::Integer(estimate(&registers) as i64))
}

fn pfmerge(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, keys) = (call.arg(1), &call.args[1..]);
    let sparse_max = call.store.config.hll_sparse_max_bytes;
    let (mut registers, mut dense) = ([0; REGISTERS], false);
    for key in keys {
        if let Some(bytes) = read(call, key)? {
            dense |= is_dense(&bytes);
            merge(&mut registers, &bytes)?;
        }
    }
    let mut bytes = read(call, key)?.unwrap_or_else(empty);
    if dense {
        to_dense(&mut bytes)?;
    }
    for (index, value) in registers.iter().enumerate().filter(|(_, value)| **value > 0) {
        raise(&mut bytes, index, *value, sparse_max)?;
    }
    forget(&mut bytes);
    write(call, key, &bytes, "pfadd")?;
    Ok(Reply::OK)
}

fn pfdebug(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (subcommand, key) = (call.arg(1), call.arg(2));
    let mut bytes = read(call, key)?.ok_or(error::HLL_NO_KEY)?;
    let is = |word: &str| subcommand.eq_ignore_ascii_case(word.as_bytes());
    let was_dense = is_dense(&bytes);
    if is("getreg") || is("todense") {
        let mut registers = [0; REGISTERS];
        merge(&mut registers, &bytes)?;
        if !was_dense {
            to_dense(&mut bytes)?;
            write(call, key, &bytes, "pfdebug")?;
        }
        let shown = |register: &u8| Reply::Integer(i64::from(*register));
        return Ok(if is("getreg") {
            Reply::Array(registers.iter().map(shown).collect())
        } else {
            Reply::from(!was_dense)
        });
    }
    match () {
        () if is("decode") && was_dense => Err(error::HLL_NOT_SPARSE),
        () if is("decode") => Ok(Reply::text(&decode(&bytes))),
        () if is("encoding") => Ok(Reply::status(if was_dense { "dense" } else { "sparse" })),
        () => Err(error::unknown_pfdebug(subcommand)),
    }
}

/// Both forms and their estimates are tried with many elements, as Redis tries its own.
fn pfselftest(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (mut sparse, mut dense) = (empty(), empty());
    to_dense(&mut dense)?;
    for number in 1..=2_000_u32 {
        let (index, value) = pattern(&number.to_le_bytes());
        let changed = (raise(&mut sparse, index, value, u64::MAX)?, raise(&mut dense, index, value, 0)?);
        let (mut first, mut second) = ([0; REGISTERS], [0; REGISTERS]);
        if number % 500 == 0 {
            merge(&mut first, &sparse)?;
            merge(&mut second, &dense)?;
            let off = estimate(&first).abs_diff(u64::from(number));
            if first != second || off > u64::from(number) / 20 {
                return Err(error::CORRUPT_HLL);
            }
        }
        if changed.0 != changed.1 {
            return Err(error::CORRUPT_HLL);
        }
    }
    Ok(Reply::OK)
}
