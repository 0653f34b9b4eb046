//! LZF, the compression of Redis's strings (Marc Lehmann's `LibLZF`): literal stretches, and copies of what came before.

use alloc::{vec, vec::Vec};

/// The farthest back that a copy can reach.
const OFFSET_MAX: usize = 1 << 13;
/// The longest copy and the longest literal stretch.
const COPY_MAX: usize = (1 << 8) + (1 << 3);
const LITERAL_MAX: usize = 1 << 5;
/// Places that are remembered.
const TABLE: usize = 1 << 12;
/// The most bytes that one byte can stand for: a copy takes three, and gives [`COPY_MAX`].
const GROWTH_MAX: usize = COPY_MAX / 3 + 1;

/// Bytes with copies in the place of what repeats; `None` if that does not save some bytes.
pub fn compress(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut out, mut seen, mut literals, mut at) = (Vec::new(), vec![usize::MAX; TABLE], 0, 0);
    while at + 2 < bytes.len() {
        let three = u32::from(bytes[at]) << 16 | u32::from(bytes[at + 1]) << 8 | u32::from(bytes[at + 2]);
        let slot = &mut seen[(three.wrapping_mul(2_654_435_761) >> 20) as usize % TABLE];
        let before = core::mem::replace(slot, at);
        let is_copy = before < at && at - before <= OFFSET_MAX && bytes[before..before + 3] == bytes[at..at + 3];
        if !is_copy {
            at += 1;
            continue;
        }
        literal(&bytes[literals..at], &mut out);
        let most = (bytes.len() - at).min(COPY_MAX);
        let length = (3..most).find(|length| bytes[before + length] != bytes[at + length]).unwrap_or(most);
        let (offset, code) = (at - before - 1, length - 2);
        if code < 7 {
            out.push((code << 5 | offset >> 8) as u8);
        } else {
            out.extend([(7 << 5 | offset >> 8) as u8, (code - 7) as u8]);
        }
        out.push(offset as u8);
        at += length;
        literals = at;
    }
    literal(&bytes[literals..], &mut out);
    (out.len() + 4 < bytes.len()).then_some(out)
}

fn literal(bytes: &[u8], out: &mut Vec<u8>) {
    for stretch in bytes.chunks(LITERAL_MAX) {
        out.push(stretch.len() as u8 - 1);
        out.extend_from_slice(stretch);
    }
}

/// What was compressed, if it is whole and has this length.
pub fn decompress(bytes: &[u8], length: u64) -> Option<Vec<u8>> {
    // As with Redis, nothing is made of whatever it is if nothing is to come out.
    if length == 0 {
        return Some(Vec::new());
    }
    // A short lie must not cost memory.
    let length = usize::try_from(length).ok().filter(|length| *length <= bytes.len().saturating_mul(GROWTH_MAX))?;
    let (mut out, mut rest) = (Vec::with_capacity(length), bytes.iter());
    while let Some(control) = rest.next() {
        let control = usize::from(*control);
        if control < LITERAL_MAX {
            out.extend_from_slice(rest.as_slice().get(..=control)?);
            rest = rest.as_slice()[control + 1..].iter();
        } else {
            let mut count = control >> 5;
            if count == 7 {
                count += usize::from(*rest.next()?);
            }
            let back = ((control & 31) << 8 | usize::from(*rest.next()?)) + 1;
            let start = out.len().checked_sub(back)?;
            (start..start + count + 2).for_each(|place| out.push(out[place]));
        }
        if out.len() > length {
            return None;
        }
    }
    (out.len() == length).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prng::Prng;

    #[test]
    fn what_is_compressed_comes_back() {
        let mut random = Prng::new(7);
        for len in [0, 1, 2, 3, 30, 500, 40_000] {
            for kinds in [1, 2, 30, 256] {
                let bytes: Vec<u8> = (0..len).map(|_| random.below(kinds) as u8).collect();
                if let Some(compressed) = compress(&bytes) {
                    assert!(decompress(&compressed, bytes.len() as u64).as_ref() == Some(&bytes));
                    assert_eq!(decompress(&compressed, bytes.len() as u64 - 1), None);
                    assert_eq!(decompress(&compressed[..compressed.len() - 1], bytes.len() as u64), None);
                }
            }
        }
        assert_eq!(decompress(&[0x20, 9], 3), None, "a copy of what is not there");
        assert_eq!(decompress(&[0, 1], u64::MAX), None);
    }
}
