//! ZRANDMEMBER and ZSCAN.

use super::super::call::Call;
use super::super::double::Double;
use super::super::error::{self, Error};
use super::super::glob;
use super::super::kind::{Kind, Scored, Zset};
use super::super::number;
use super::super::reply::Reply;
use super::{is_resp3, with_scores};
use crate::bytes::Bytes;
use crate::prng::Prng;
use alloc::{string::String, string::ToString, vec, vec::Vec};

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
    let from = number::cursor(call.arg(2))?;
    let args = call.args;
    let Some(zset) = call.read::<Zset>(call.arg(1))? else { return Ok(page(0, Vec::new())) };
    let (mut count, mut pattern) = (10, None);
    for option in args[3..].chunks(2) {
        let [word, value] = option else { return Err(error::SYNTAX) };
        if word.eq_ignore_ascii_case(b"count") {
            count = u64::try_from(number::integer(value)?).ok().filter(|count| *count > 0).ok_or(error::SYNTAX)?;
        } else if word.eq_ignore_ascii_case(b"match") {
            pattern = Some(value);
        } else {
            return Err(error::SYNTAX);
        }
    }
    let mut items = Vec::new();
    let mut show = |member: &Bytes, score: String| {
        if pattern.is_none_or(|pattern| glob::matches(pattern, member, false)) {
            items.extend([Reply::Bulk(member.clone()), Reply::text(&score)]);
        }
    };
    let next = if zset.is_packed() {
        zset.iter().for_each(|(score, member)| show(member, packed_text(*score)));
        0
    } else {
        let (next, entries) = zset.scan(from, count);
        entries.for_each(|(member, score)| show(member, score.to_text()));
        next
    };
    Ok(page(next, items))
}

/// What a SCAN command answers: where to go on, and what was found.
fn page(next: u64, items: Vec<Reply>) -> Reply {
    Reply::Array(vec![Reply::text(&next.to_string()), Reply::Array(items)])
}

/// A score as a packed set keeps it: a whole number to its last digit, as long as half of 64 bits hold it.
pub(in super::super) fn packed_text(score: Double) -> String {
    match score.as_packed_integer() {
        Some(whole) => whole.to_string(),
        None => score.to_text(),
    }
}
