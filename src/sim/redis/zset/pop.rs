//! What takes the first or the last members out: ZPOPMIN, ZPOPMAX, ZMPOP, and the ones that wait for a member.

use super::super::blocking::timeout;
use super::super::call::Call;
use super::super::error::{self, Error};
use super::super::kind::{Kind, Scored, Zset};
use super::super::number;
use super::super::reply::Reply;
use super::{is_resp3, with_scores};
use crate::bytes::Bytes;
use alloc::{string::ToString, vec, vec::Vec};

/// Which end members are taken from.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Min,
    Max,
}

/// Takes up to `count` members out of a set that has some; `None` if the key is not there.
fn pop(call: &mut Call<'_, '_>, key: &Bytes, from: From, count: u64) -> Result<Option<Vec<Scored>>, Error> {
    let taken = call.change(key, |zset: &mut Zset, _| {
        let len = zset.len();
        let count = usize::try_from(count).unwrap_or(len).min(len);
        match from {
            From::Min => zset.drain(0, count),
            From::Max => {
                let mut taken = zset.drain(len - count, len);
                taken.reverse();
                taken
            }
        }
    })?;
    if taken.as_ref().is_some_and(|taken| !taken.is_empty()) {
        call.changed(key, if from == From::Min { "zpopmin" } else { "zpopmax" });
    }
    Ok(taken)
}

fn pop_some(call: &mut Call<'_, '_>, from: From) -> Result<Reply, Error> {
    if call.args.len() > 3 {
        return Err(error::SYNTAX);
    }
    let count = match call.args.get(2) {
        Some(count) => Some(number::at_least(count, 0, error::NOT_POSITIVE)?),
        None => None,
    };
    let nested = count.is_some() && is_resp3(call);
    let taken = pop(call, call.arg(1), from, count.unwrap_or(1))?.unwrap_or_default();
    Ok(Reply::Array(with_scores(taken.iter(), nested)))
}

pub(super) fn zpopmin(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    pop_some(call, From::Min)
}

pub(super) fn zpopmax(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    pop_some(call, From::Max)
}

/// Takes members out of the first of these keys that is there, and answers with its name before them; nothing if none is there.
fn pop_first(call: &mut Call<'_, '_>, keys: &[Bytes], from: From, count: Option<u64>) -> Result<Option<Reply>, Error> {
    for key in keys {
        // Each key has a line of its own: one that was not touched does not answer.
        if call.woken_by.is_some_and(|touched| touched != key) {
            continue;
        }
        if let Some(taken) = pop(call, key, from, count.unwrap_or(1))? {
            let name: &[u8] = if from == From::Min { b"ZPOPMIN" } else { b"ZPOPMAX" };
            match count {
                Some(_) => call.replicates(&[&[name, key, taken.len().to_string().as_bytes()]]),
                None => call.replicates(&[&[name, key]]),
            }
            let name = Reply::Bulk(key.clone());
            return Ok(Some(Reply::Array(match count {
                Some(_) => vec![name, Reply::Array(with_scores(taken.iter(), true))],
                None => [vec![name], with_scores(taken.iter(), false)].concat(),
            })));
        }
    }
    Ok(None)
}

fn wait_and_pop(call: &mut Call<'_, '_>, from: From) -> Result<Reply, Error> {
    let last = call.args.len() - 1;
    let deadline_ms = timeout(call, last)?;
    let keys = &call.args[1..last];
    match pop_first(call, keys, from, None)? {
        Some(reply) => Ok(reply),
        None => Ok(call.block(keys.to_vec(), deadline_ms, Reply::NilArray)),
    }
}

pub(super) fn bzpopmin(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    wait_and_pop(call, From::Min)
}

pub(super) fn bzpopmax(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    wait_and_pop(call, From::Max)
}

/// The keys, the end and the count that ZMPOP names; the number of keys is at `place`.
fn multiple<'a>(call: &Call<'a, '_>, place: usize) -> Result<(&'a [Bytes], From, u64), Error> {
    let args = call.args;
    let count = number::at_least(&args[place], 1, error::KEY_COUNT)?;
    let end = usize::try_from(count).ok().and_then(|count| count.checked_add(place + 1));
    let end = end.filter(|end| *end < args.len()).ok_or(error::SYNTAX)?;
    let from = match () {
        () if call.is_word(end, "min") => From::Min,
        () if call.is_word(end, "max") => From::Max,
        () => return Err(error::SYNTAX),
    };
    let keys = &args[place + 1..end];
    let (mut taken, mut at) = (None, end + 1);
    while at < args.len() {
        if taken.is_some() || !call.is_word(at, "count") || at + 1 == args.len() {
            return Err(error::SYNTAX);
        }
        taken = Some(number::at_least(&args[at + 1], 1, error::POP_COUNT)?);
        at += 2;
    }
    Ok((keys, from, taken.unwrap_or(1)))
}

pub(super) fn zmpop(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (keys, from, count) = multiple(call, 1)?;
    Ok(pop_first(call, keys, from, Some(count))?.unwrap_or(Reply::NilArray))
}

pub(super) fn bzmpop(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (keys, from, count) = multiple(call, 2)?;
    let deadline_ms = timeout(call, 1)?;
    match pop_first(call, keys, from, Some(count))? {
        Some(reply) => Ok(reply),
        None => Ok(call.block(keys.to_vec(), deadline_ms, Reply::NilArray)),
    }
}
