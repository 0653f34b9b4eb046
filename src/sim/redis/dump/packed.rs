//! What Redis packs into one piece of memory: listpacks, which it writes, and ziplists, zipmaps and integer sets, which it still reads.
//!
//! Reading trusts nothing: every length is checked against the bytes that are there, and what does not add up is refused.

use crate::bytes::Bytes;
use alloc::{string::ToString, vec::Vec};

/// One piece of a packed collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// A whole number.
    Integer(i64),
    /// Any other bytes.
    Text(Bytes),
}

impl Piece {
    /// The piece as bytes.
    pub fn to_bytes(&self) -> Bytes {
        match self {
            Piece::Integer(number) => Bytes::from(number.to_string()),
            Piece::Text(text) => text.clone(),
        }
    }

    /// The piece as a whole number, if it is one.
    pub fn integer(&self) -> Option<i64> {
        match self {
            Piece::Integer(number) => Some(*number),
            Piece::Text(_) => None,
        }
    }
}

/// A listpack that is being written.
pub struct Listpack {
    bytes: Vec<u8>,
    count: usize,
}

/// Bytes before the first piece: how many bytes there are in all, and how many pieces.
const LISTPACK_HEADER: usize = 6;
const END: u8 = 0xFF;

impl Listpack {
    pub fn new() -> Self {
        Listpack { bytes: alloc::vec![0; LISTPACK_HEADER], count: 0 }
    }

    /// Bytes so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no piece yet.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub fn integer(&mut self, number: i64) {
        let start = self.bytes.len();
        let low = |count: usize| number.to_le_bytes()[..count].to_vec();
        let encoded = match number {
            0..=127 => alloc::vec![number as u8],
            -4096..=4095 => alloc::vec![0xC0 | (number >> 8) as u8 & 0x1F, number as u8],
            -32_768..=32_767 => [alloc::vec![0xF1], low(2)].concat(),
            -8_388_608..=8_388_607 => [alloc::vec![0xF2], low(3)].concat(),
            -2_147_483_648..=2_147_483_647 => [alloc::vec![0xF3], low(4)].concat(),
            _ => [alloc::vec![0xF4], low(8)].concat(),
        };
        self.bytes.extend(encoded);
        self.end_piece(start);
    }

    /// Adds bytes; as a number if they read as one.
    pub fn text(&mut self, text: &[u8]) {
        if text.len() <= 20
            && let Some(number) = super::super::number::parse_integer(text)
        {
            return self.integer(number);
        }
        let start = self.bytes.len();
        match text.len() {
            len @ 0..64 => self.bytes.push(0x80 | len as u8),
            len @ 64..4096 => self.bytes.extend([0xE0 | (len >> 8) as u8, len as u8]),
            len => {
                self.bytes.push(0xF0);
                self.bytes.extend((len as u32).to_le_bytes());
            }
        }
        self.bytes.extend_from_slice(text);
        self.end_piece(start);
    }

    fn end_piece(&mut self, start: usize) {
        self.count += 1;
        let length = self.bytes.len() - start;
        self.bytes.extend(length_behind(length));
    }

    pub fn finish(mut self) -> Vec<u8> {
        self.bytes.push(END);
        let total = self.bytes.len() as u32;
        self.bytes[..4].copy_from_slice(&total.to_le_bytes());
        // Beyond 16 bits the number of pieces is not told.
        let count = u16::try_from(self.count).unwrap_or(u16::MAX);
        self.bytes[4..LISTPACK_HEADER].copy_from_slice(&count.to_le_bytes());
        self.bytes
    }
}

/// The length of a piece as it stands behind it, to be read from its end on: seven bits a byte.
fn length_behind(length: usize) -> Vec<u8> {
    let count = match length {
        0..=127 => 1,
        128..=16_382 => 2,
        16_383..=2_097_150 => 3,
        2_097_151..=268_435_454 => 4,
        _ => 5,
    };
    let part = |place: usize| (length >> (7 * (count - 1 - place))) as u8 & 127 | if place > 0 { 128 } else { 0 };
    (0..count).map(part).collect()
}

/// The length that stands at the end of these bytes, read as Redis reads it: from the last one on, for as long as a byte says that there is
/// one before it.
fn length_before(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    for (place, byte) in bytes.iter().rev().take(5).enumerate() {
        length |= usize::from(byte & 127) << (7 * place);
        if byte & 128 == 0 {
            return Some(length);
        }
    }
    None
}

/// The next bytes of a text, so many; the text begins behind them then.
fn take<'b>(rest: &mut &'b [u8], count: usize) -> Option<&'b [u8]> {
    let (taken, behind) = rest.split_at_checked(count)?;
    *rest = behind;
    Some(taken)
}

/// A number of up to eight bytes with its sign, the lowest first.
fn signed(bytes: &[u8]) -> i64 {
    let raw = bytes.iter().rev().fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte));
    let unused = 64 - 8 * bytes.len() as u32;
    raw << unused >> unused
}

fn unsigned(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}

fn text(rest: &mut &[u8], length: usize) -> Option<Piece> {
    take(rest, length).map(|bytes| Piece::Text(Bytes::from(bytes)))
}

fn number(rest: &mut &[u8], length: usize) -> Option<Piece> {
    take(rest, length).map(|bytes| Piece::Integer(signed(bytes)))
}

/// The pieces of a listpack; `None` if it is not whole.
pub fn read_listpack(bytes: &[u8]) -> Option<Vec<Piece>> {
    let mut rest = bytes;
    let header = take(&mut rest, LISTPACK_HEADER)?;
    if unsigned(&header[..4]) != bytes.len() {
        return None;
    }
    let mut pieces = Vec::new();
    while rest != [END] {
        let before = rest.len();
        let first = take(&mut rest, 1)?[0];
        let piece = match first {
            0..=0x7F => Piece::Integer(i64::from(first)),
            0x80..=0xBF => text(&mut rest, usize::from(first & 0x3F))?,
            0xC0..=0xDF => {
                let wide = i64::from(first & 0x1F) << 8 | i64::from(take(&mut rest, 1)?[0]);
                Piece::Integer(wide << 51 >> 51)
            }
            0xE0..=0xEF => {
                let length = usize::from(first & 0x0F) << 8 | usize::from(take(&mut rest, 1)?[0]);
                text(&mut rest, length)?
            }
            0xF0 => {
                let length = unsigned(take(&mut rest, 4)?);
                text(&mut rest, length)?
            }
            0xF1 => number(&mut rest, 2)?,
            0xF2 => number(&mut rest, 3)?,
            0xF3 => number(&mut rest, 4)?,
            0xF4 => number(&mut rest, 8)?,
            _ => return None,
        };
        let length = before - rest.len();
        take(&mut rest, length_behind(length).len())?;
        if length_before(&bytes[..bytes.len() - rest.len()]) != Some(length) {
            return None;
        }
        pieces.push(piece);
    }
    let told = unsigned(&header[4..]);
    (told == usize::from(u16::MAX) || told == pieces.len()).then_some(pieces)
}

/// The pieces of a ziplist, what listpacks were before Redis 7; `None` if it is not whole.
pub fn read_ziplist(bytes: &[u8]) -> Option<Vec<Piece>> {
    let mut rest = bytes;
    let header = take(&mut rest, 10)?;
    if unsigned(&header[..4]) != bytes.len() {
        return None;
    }
    let (mut pieces, mut previous, mut last) = (Vec::new(), 0, 10);
    while rest != [END] {
        let start = bytes.len() - rest.len();
        let length_before = match take(&mut rest, 1)?[0] {
            END => return None,
            0xFE => unsigned(take(&mut rest, 4)?),
            short => usize::from(short),
        };
        if length_before != previous {
            return None;
        }
        let first = take(&mut rest, 1)?[0];
        let piece = match first {
            0..=0x3F => text(&mut rest, usize::from(first))?,
            0x40..=0x7F => {
                let length = usize::from(first & 0x3F) << 8 | usize::from(take(&mut rest, 1)?[0]);
                text(&mut rest, length)?
            }
            0x80 => {
                let length = take(&mut rest, 4)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
                text(&mut rest, length)?
            }
            0xC0 => number(&mut rest, 2)?,
            0xD0 => number(&mut rest, 4)?,
            0xE0 => number(&mut rest, 8)?,
            0xF0 => number(&mut rest, 3)?,
            0xFE => number(&mut rest, 1)?,
            0xF1..=0xFD => Piece::Integer(i64::from(first & 0x0F) - 1),
            _ => return None,
        };
        (last, previous) = (start, bytes.len() - rest.len() - start);
        pieces.push(piece);
    }
    let told = unsigned(&header[8..]);
    let tail = unsigned(&header[4..8]);
    (tail == last && (told == usize::from(u16::MAX) || told == pieces.len())).then_some(pieces)
}

/// The fields and values of a zipmap, what short hashes were before Redis 2.6; `None` if it is not whole.
pub fn read_zipmap(bytes: &[u8]) -> Option<Vec<Piece>> {
    let (mut rest, mut pieces) = (bytes.get(1..)?, Vec::new());
    while rest != [END] {
        let mut length = || match take(&mut rest, 1)?[0] {
            END => None,
            0xFE => take(&mut rest, 4).map(unsigned),
            short => Some(usize::from(short)),
        };
        let name = length()?;
        pieces.push(text(&mut rest, name)?);
        let value = match take(&mut rest, 1)?[0] {
            END => return None,
            0xFE => unsigned(take(&mut rest, 4)?),
            short => usize::from(short),
        };
        let free = usize::from(take(&mut rest, 1)?[0]);
        pieces.push(text(&mut rest, value)?);
        take(&mut rest, free)?;
    }
    Some(pieces)
}

/// A set of integers in order, packed with as few bytes as the largest takes.
pub fn write_intset(numbers: &[i64]) -> Vec<u8> {
    let fits = |low: i64, high: i64| numbers.iter().all(|number| (low..=high).contains(number));
    let width = match () {
        () if fits(i64::from(i16::MIN), i64::from(i16::MAX)) => 2,
        () if fits(i64::from(i32::MIN), i64::from(i32::MAX)) => 4,
        () => 8,
    };
    let mut bytes = [(width as u32).to_le_bytes(), (numbers.len() as u32).to_le_bytes()].concat();
    numbers.iter().for_each(|number| bytes.extend_from_slice(&number.to_le_bytes()[..width]));
    bytes
}

/// The numbers of a packed set; `None` if it is not whole or not in order.
pub fn read_intset(bytes: &[u8]) -> Option<Vec<i64>> {
    let mut rest = bytes;
    let (width, count) = (unsigned(take(&mut rest, 4)?), unsigned(take(&mut rest, 4)?));
    if ![2, 4, 8].contains(&width) || count.checked_mul(width)? != rest.len() || count == 0 {
        return None;
    }
    let numbers: Vec<i64> = rest.chunks_exact(width).map(signed).collect();
    numbers.is_sorted_by(|a, b| a < b).then_some(numbers)
}
