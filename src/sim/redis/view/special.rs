//! Values that stand for something else: places in a sorted set, a `HyperLogLog` in a string.

use super::super::geo::degrees;
use super::super::hyperloglog::{count, inside};
use super::super::kind::{Scored, Zset};
use crate::bytes::Bytes;
use alloc::vec::Vec;

/// A member that is a place.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceRow {
    /// The member.
    pub member: Bytes,
    /// Degrees east.
    pub longitude: f64,
    /// Degrees north.
    pub latitude: f64,
}

/// Below this, the first eight of the 52 bits are zero: the place would lie in the empty ocean before Antarctica, and is rather a
/// small number or a time in milliseconds.
const LEAST: f64 = (1_u64 << 44) as f64;
/// Scores of places have 52 bits.
const MOST: f64 = (1_u64 << 52) as f64;

/// The members as places, at most so many, if all of these can be places: whole numbers of 52 bits that are not too small.
pub fn places(zset: &Zset, most: usize) -> Option<Vec<PlaceRow>> {
    let place = |(score, member): &Scored| {
        let score = score.0;
        let fits = (LEAST..MOST).contains(&score) && score as u64 as f64 == score;
        let (longitude, latitude) = degrees(score);
        fits.then(|| PlaceRow { member: member.clone(), longitude, latitude })
    };
    zset.iter().take(most).map(place).collect()
}

/// What a `HyperLogLog` says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HyperLogLog {
    /// Whether it is dense, six bits a register; otherwise sparse, in runs.
    pub dense: bool,
    /// The estimate, as PFCOUNT would give it.
    pub estimate: u64,
    /// Whether that is the count that is kept in its header.
    pub cached: bool,
    /// How many of its 16,384 registers are not zero.
    pub registers: u64,
    /// The largest register.
    pub largest: u8,
}

/// Reads a string as a `HyperLogLog`, if it is one.
pub fn hyperloglog(bytes: &[u8]) -> Option<HyperLogLog> {
    let (dense, cached, registers) = inside(bytes)?;
    Some(HyperLogLog {
        dense,
        estimate: cached.unwrap_or_else(|| count(&registers)),
        cached: cached.is_some(),
        registers: registers.iter().filter(|register| **register > 0).count() as u64,
        largest: registers.iter().copied().max().unwrap_or(0),
    })
}
