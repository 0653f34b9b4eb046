//! Chance: places drawn from a collection, for SRANDMEMBER, HRANDFIELD and ZRANDMEMBER.

use super::call::Call;
use super::error::{self, Error};
use crate::prng::Prng;
use crate::sorted::SortedSet;
use alloc::vec::Vec;

/// The most places drawn at once with repetition, so that one small command cannot ask for more than a machine holds.
const MOST: u64 = 10_000_000;
/// What an element of a reply costs at least, in bytes.
const REPLY_COST: u64 = 32;

/// As [`sample`], with the world's generator, unless so many would not fit.
pub fn places(call: &mut Call<'_, '_>, len: usize, count: i64) -> Result<Vec<usize>, Error> {
    if count < 0 && len > 0 {
        let count = count.unsigned_abs();
        if count > MOST {
            return Err(error::OUT_OF_RANGE);
        }
        call.room_for(count * REPLY_COST)?;
    }
    Ok(sample(call.cx.prng, len, count))
}

/// Places below `len` for a count as those commands take it: so many different ones if positive, all if there are not so many; as many
/// as its magnitude, the same one perhaps several times, if negative.
fn sample(prng: &mut Prng, len: usize, count: i64) -> Vec<usize> {
    if len == 0 || count == 0 {
        return Vec::new();
    }
    let any = |prng: &mut Prng, bound: usize| prng.below(bound as u64) as usize;
    if count < 0 {
        return (0..count.unsigned_abs()).map(|_| any(prng, len)).collect();
    }
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count >= len {
        return (0..len).collect();
    }
    // Floyd's way: each of the last `count` places draws one from all up to itself, and stands in when that one is taken already.
    let (mut taken, mut places) = (SortedSet::new(), Vec::new());
    for last in len - count..len {
        let drawn = any(prng, last + 1) as u64;
        let place = if taken.contains(&drawn) { last as u64 } else { drawn };
        taken.insert(place);
        places.push(place as usize);
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_of_both_kinds() {
        let mut prng = Prng::new(3);
        for len in 1..20 {
            for count in 0..25_i64 {
                let mut places = sample(&mut prng, len, count);
                assert!(places.iter().all(|place| *place < len));
                places.sort_unstable();
                places.dedup();
                assert_eq!(places.len(), len.min(count as usize));
                assert_eq!(sample(&mut prng, len, -count).len(), count as usize);
            }
        }
        let seen: SortedSet<usize> = (0..200).flat_map(|_| sample(&mut prng, 9, 3)).collect();
        assert_eq!(seen.len(), 9, "every place has its chance");
    }
}
