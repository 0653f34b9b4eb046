//! The 16,384 registers of a `HyperLogLog` as Redis keeps them in a string, to the byte: six bits each (dense), or runs (sparse).

use crate::redis::error::{self, Error};
use alloc::{format, string::String, vec, vec::Vec};

/// How many registers there are.
pub const REGISTERS: usize = 1 << 14;
/// Bytes before the registers: `HYLL`, the encoding, three unused ones, and the last count.
const HEADER: usize = 16;
const DENSE_SIZE: usize = HEADER + REGISTERS * 6 / 8;
const DENSE: u8 = 0;
const SPARSE: u8 = 1;
/// The largest register that a run can hold.
const SPARSE_MAX: u8 = 32;

/// `MurmurHash64A` of Austin Appleby, which is in the public domain.
pub fn murmur(bytes: &[u8]) -> u64 {
    const M: u64 = 0xC6A4_A793_5BD1_E995;
    let mut hash = 0xADC8_3B19 ^ (bytes.len() as u64).wrapping_mul(M);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        let mut k = u64::from_le_bytes(*word).wrapping_mul(M);
        k = (k ^ (k >> 47)).wrapping_mul(M);
        hash = (hash ^ k).wrapping_mul(M);
    }
    if !rest.is_empty() {
        let word = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        hash = (hash ^ word).wrapping_mul(M);
    }
    hash = (hash ^ (hash >> 47)).wrapping_mul(M);
    hash ^ (hash >> 47)
}

/// The register of an element, and the place of the first bit that is set in the rest of its hash.
pub fn pattern(element: &[u8]) -> (usize, u8) {
    let hash = murmur(element);
    let rest = (hash >> 14) | 1 << 50;
    (hash as usize & (REGISTERS - 1), rest.trailing_zeros() as u8 + 1)
}

/// One run of the sparse form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    /// Up to 64 registers that are zero, in one byte.
    Zero(usize),
    /// Up to all registers that are zero, in two bytes.
    Zeros(usize),
    /// Up to four registers of one value.
    Value(u8, usize),
}

impl Run {
    /// The run at a place, and how many bytes it takes.
    fn at(bytes: &[u8], place: usize) -> Option<(Run, usize)> {
        let first = *bytes.get(place)?;
        let low = usize::from(first & 0x3F);
        Some(match first >> 6 {
            0 => (Run::Zero(low + 1), 1),
            1 => (Run::Zeros((low << 8 | usize::from(*bytes.get(place + 1)?)) + 1), 2),
            _ => (Run::Value((first >> 2 & 0x1F) + 1, usize::from(first & 3) + 1), 1),
        })
    }

    fn length(self) -> usize {
        match self {
            Run::Zero(length) | Run::Zeros(length) | Run::Value(_, length) => length,
        }
    }

    fn value(self) -> u8 {
        match self {
            Run::Zero(_) | Run::Zeros(_) => 0,
            Run::Value(value, _) => value,
        }
    }

    /// Writes so many registers of a value, none if there are none.
    fn write(value: u8, length: usize, out: &mut Vec<u8>) {
        match (value, length) {
            (_, 0) => {}
            (0, 1..=64) => out.push(length as u8 - 1),
            (0, _) => out.extend([0x40 | ((length - 1) >> 8) as u8, (length - 1) as u8]),
            (value, _) => out.push(0x80 | (value - 1) << 2 | (length - 1) as u8),
        }
    }
}

/// The bytes of one in which nothing was seen.
pub fn empty() -> Vec<u8> {
    let mut bytes = header(SPARSE);
    Run::write(0, REGISTERS, &mut bytes);
    bytes
}

fn header(encoding: u8) -> Vec<u8> {
    let mut bytes = b"HYLL".to_vec();
    bytes.resize(HEADER, 0);
    bytes[4] = encoding;
    bytes
}

/// Whether bytes are a `HyperLogLog` at all (`isHLLObjectOrReply` of Redis); its runs may still be corrupted.
pub fn check(bytes: &[u8]) -> Result<(), Error> {
    let fits = bytes.len() >= HEADER && bytes.starts_with(b"HYLL") && bytes[4] <= SPARSE;
    if fits && (bytes[4] == SPARSE || bytes.len() == DENSE_SIZE) { Ok(()) } else { Err(error::NOT_HLL) }
}

/// Whether they are six bits each.
pub fn is_dense(bytes: &[u8]) -> bool {
    bytes[4] == DENSE
}

/// The last count, if it still holds.
pub fn cached(bytes: &[u8]) -> Option<u64> {
    let count = bytes[8..HEADER].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
    (count >> 63 == 0).then_some(count)
}

/// Notes a count.
pub fn cache(bytes: &mut [u8], count: u64) {
    bytes[8..HEADER].copy_from_slice(&count.to_le_bytes());
}

/// Notes that the last count does not hold any more.
pub fn forget(bytes: &mut [u8]) {
    bytes[HEADER - 1] |= 0x80;
}

/// Raises registers to those of another one; an error if its runs are corrupted.
pub fn merge(into: &mut [u8; REGISTERS], bytes: &[u8]) -> Result<(), Error> {
    if is_dense(bytes) {
        for (place, register) in into.iter_mut().enumerate() {
            *register = dense(bytes, place).max(*register);
        }
        return Ok(());
    }
    let (mut place, mut index) = (HEADER, 0);
    while place < bytes.len() {
        let (run, size) = Run::at(bytes, place).ok_or(error::CORRUPT_HLL)?;
        let registers = into.get_mut(index..index + run.length()).ok_or(error::CORRUPT_HLL)?;
        registers.iter_mut().for_each(|register| *register = run.value().max(*register));
        index += run.length();
        place += size;
    }
    if index == REGISTERS { Ok(()) } else { Err(error::CORRUPT_HLL) }
}

fn dense(bytes: &[u8], index: usize) -> u8 {
    let (byte, bit) = (HEADER + index * 6 / 8, index * 6 % 8);
    let high = bytes.get(byte + 1).copied().unwrap_or(0);
    ((u16::from(bytes[byte]) | u16::from(high) << 8) >> bit) as u8 & 0x3F
}

fn set_dense(bytes: &mut [u8], index: usize, value: u8) {
    let (byte, bit) = (HEADER + index * 6 / 8, index * 6 % 8);
    let (mask, value) = (0x3F_u16 << bit, u16::from(value) << bit);
    bytes[byte] = bytes[byte] & !(mask as u8) | value as u8;
    if let Some(high) = bytes.get_mut(byte + 1) {
        *high = *high & !((mask >> 8) as u8) | (value >> 8) as u8;
    }
}

/// Changes runs into six bits each.
pub fn to_dense(bytes: &mut Vec<u8>) -> Result<(), Error> {
    if is_dense(bytes) {
        return Ok(());
    }
    let mut registers = [0; REGISTERS];
    merge(&mut registers, bytes)?;
    let mut whole = bytes[..HEADER].to_vec();
    whole[4] = DENSE;
    whole.resize(DENSE_SIZE, 0);
    for (index, register) in registers.iter().enumerate().filter(|(_, register)| **register > 0) {
        set_dense(&mut whole, index, *register);
    }
    *bytes = whole;
    Ok(())
}

/// Raises one register; whether it was lower. Runs become six bits each where they would grow beyond `sparse_max` bytes.
pub fn raise(bytes: &mut Vec<u8>, index: usize, value: u8, sparse_max: u64) -> Result<bool, Error> {
    if is_dense(bytes) {
        let lower = dense(bytes, index) < value;
        if lower {
            set_dense(bytes, index, value);
        }
        return Ok(lower);
    }
    if value > SPARSE_MAX {
        return promote(bytes, index, value);
    }
    // Step 1: the run of the register, and the one before it.
    let (mut place, mut first, mut previous) = (HEADER, 0, None);
    let (run, size) = loop {
        let (run, size) = Run::at(bytes, place).ok_or(error::CORRUPT_HLL)?;
        if index < first + run.length() {
            break (run, size);
        }
        previous = Some(place);
        first += run.length();
        place += size;
    };
    if run.value() >= value {
        return Ok(false);
    }
    // Step 2: it is cut in up to three.
    let mut cut = Vec::with_capacity(5);
    Run::write(run.value(), index - first, &mut cut);
    Run::write(value, 1, &mut cut);
    Run::write(run.value(), first + run.length() - 1 - index, &mut cut);
    if cut.len() > size && (bytes.len() + cut.len() - size) as u64 > sparse_max {
        return promote(bytes, index, value);
    }
    bytes.splice(place..place + size, cut);
    // Step 3: neighbours of one value become one, a few runs from the one before on.
    join(bytes, previous.unwrap_or(HEADER));
    forget(bytes);
    Ok(true)
}

fn promote(bytes: &mut Vec<u8>, index: usize, value: u8) -> Result<bool, Error> {
    to_dense(bytes)?;
    let lower = dense(bytes, index) < value;
    set_dense(bytes, index, value);
    Ok(lower)
}

fn join(bytes: &mut Vec<u8>, mut place: usize) {
    let mut left = 5;
    while let Some((run, size)) = Run::at(bytes, place).filter(|_| left > 0) {
        left -= 1;
        if let Run::Value(value, length) = run
            && let Some((Run::Value(next, more), _)) = Run::at(bytes, place + 1)
            && next == value
            && length + more <= 4
        {
            bytes[place + 1] = 0x80 | (value - 1) << 2 | (length + more - 1) as u8;
            bytes.remove(place);
            continue;
        }
        place += size;
    }
}

/// The runs as PFDEBUG DECODE shows them.
pub fn decode(bytes: &[u8]) -> String {
    let (mut place, mut shown) = (HEADER, Vec::new());
    while let Some((run, size)) = Run::at(bytes, place) {
        shown.push(match run {
            Run::Zero(length) => format!("z:{length}"),
            Run::Zeros(length) => format!("Z:{length}"),
            Run::Value(value, length) => format!("v:{value},{length}"),
        });
        place += size;
    }
    shown.join(" ")
}

/// How many different elements were seen, as their registers tell it (Ertl, "New cardinality estimation algorithms for
/// `HyperLogLog` sketches", 2017).
pub fn estimate(registers: &[u8; REGISTERS]) -> u64 {
    const ALPHA: f64 = 0.721_347_520_444_481_7;
    let mut histogram = vec![0_u32; 64];
    registers.iter().for_each(|register| histogram[usize::from(*register & 63)] += 1);
    let m = REGISTERS as f64;
    let mut z = m * tau((m - f64::from(histogram[51])) / m);
    for count in histogram[1..=50].iter().rev() {
        z = (z + f64::from(*count)) * 0.5;
    }
    z += m * sigma(f64::from(histogram[0]) / m);
    let whole = ALPHA * m * m / z;
    // Half is rounded up, as `llroundl` does.
    let floor = whole as u64;
    floor + u64::from(whole - floor as f64 >= 0.5)
}

fn sigma(mut x: f64) -> f64 {
    if x == 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z == before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x == 0.0 || x == 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = crate::redis::geo::sqrt(x);
        let before = z;
        y *= 0.5;
        z -= (1.0 - x) * (1.0 - x) * y;
        if z == before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_hold_the_same_registers() {
        let (mut sparse, mut dense) = (empty(), empty());
        to_dense(&mut dense).expect("it is whole");
        let mut expected = [0; REGISTERS];
        for number in 0..3_000 {
            let (index, value) = pattern(format!("element:{number}").as_bytes());
            let lower = expected[index] < value;
            expected[index] = value.max(expected[index]);
            assert_eq!(raise(&mut sparse, index, value, 1_000_000), Ok(lower));
            assert_eq!(raise(&mut dense, index, value, 0), Ok(lower));
        }
        for bytes in [&sparse, &dense] {
            let mut registers = [0; REGISTERS];
            merge(&mut registers, bytes).expect("it is whole");
            assert!(registers == expected);
        }
        assert!(!is_dense(&sparse) && is_dense(&dense));
        assert!((2_900..3_100).contains(&estimate(&expected)), "{}", estimate(&expected));
        to_dense(&mut sparse).expect("it is whole");
        assert!(sparse[HEADER..] == dense[HEADER..]);
    }
}
