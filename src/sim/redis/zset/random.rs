//! ZRANDMEMBER and ZSCAN.

use super::super::call::Call;
use super::super::error::{self, Error};
use super::super::kind::{Kind, Scored, Zset};
use super::super::number;
use super::super::reply::Reply;
use super::super::scan_options::scan_collection;
use super::{is_resp3, with_scores};
use crate::prng::Prng;
use alloc::vec::Vec;

/// The most members, repeated ones counted, that one reply may hold: Redis itself would try to send any number.
const MAX_REPEATED: u64 = 16 * 1024 * 1024;

pub(super) fn zrandmember(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let Some(count) = call.args.get(2) else {
        let len = call.read::<Zset>(call.arg(1))?.map_or(0, Kind::len);
        if len == 0 {
            return Ok(Reply::Nil);
        }
        let rank = call.cx.prng.below(len as u64) as usize;
        let member = call.read::<Zset>(call.arg(1))?.and_then(|zset| zset.nth(rank)).map(|(_, member)| member.clone());
        return Ok(Reply::from(member));
    };
    let count = number::signed_count(count)?;
    if call.args.len() > 4 || (call.args.len() == 4 && !call.is_word(3, "withscores")) {
        return Err(error::SYNTAX);
    }
    let scores = call.args.len() == 4;
    if scores && count.unsigned_abs() > i64::MAX as u64 / 2 {
        return Err(error::OUT_OF_RANGE);
    }
    let nested = is_resp3(call);
    // The generator is lent to the draw while the set is looked at.
    let mut prng = call.cx.prng.clone();
    let Some(zset) = call.read::<Zset>(call.arg(1))? else { return Ok(Reply::Array(Vec::new())) };
    let drawn: Vec<&Scored> =
        ranks(count, zset.len() as u64, &mut prng)?.into_iter().filter_map(|rank| zset.nth(rank as usize)).collect();
    let reply = if scores {
        with_scores(drawn.into_iter(), nested)
    } else {
        drawn.into_iter().map(|(_, member)| Reply::Bulk(member.clone())).collect()
    };
    *call.cx.prng = prng;
    Ok(Reply::Array(reply))
}

/// Which of `len` elements are drawn: each at most once for a positive count, and in any number for a negative one.
fn ranks(count: i64, len: u64, prng: &mut Prng) -> Result<Vec<u64>, Error> {
    let wanted = count.unsigned_abs();
    if count < 0 {
        if wanted > MAX_REPEATED {
            return Err(error::OUT_OF_MEMORY);
        }
        return Ok((0..wanted).map(|_| prng.below(len)).collect());
    }
    if wanted >= len {
        // All of them: then Redis walks from the end.
        return Ok((0..len).rev().collect());
    }
    // The first places of a shuffle; an element that was drawn changes places with the one that stands there.
    let mut all: Vec<u64> = (0..len).collect();
    for place in 0..wanted {
        let other = place + prng.below(len - place);
        all.swap(place as usize, other as usize);
    }
    all.truncate(wanted as usize);
    Ok(all)
}

pub(super) fn zscan(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    scan_collection(call, Zset::scan)
}
