//! Ranges of a sorted set: by rank, by score and by member. What they give, count, store and remove.

use super::super::call::{Call, Life};
use super::super::double::Double;
use super::super::error::{self, Error};
use super::super::kind::{Kind, Scored, Zset};
use super::super::reply::Reply;
use super::super::value::Value;
use super::{is_resp3, with_scores};
use crate::bytes::Bytes;
use alloc::{rc::Rc, vec::Vec};

/// A range of scores.
#[derive(Clone, Copy)]
pub(in super::super) struct Scores {
    pub min: Double,
    /// Whether the lower end itself is left out.
    pub min_open: bool,
    pub max: Double,
    pub max_open: bool,
}

impl Scores {
    fn read(min: &[u8], max: &[u8]) -> Result<Self, Error> {
        let bound = |text: &[u8]| {
            let (text, open) = text.strip_prefix(b"(").map_or((text, false), |text| (text, true));
            Double::parse_bound(text).map(|bound| (bound, open)).ok_or(error::MIN_MAX_FLOAT)
        };
        let ((min, min_open), (max, max_open)) = (bound(min)?, bound(max)?);
        Ok(Scores { min, min_open, max, max_open })
    }

    fn is_empty(&self) -> bool {
        self.min > self.max || (self.min == self.max && (self.min_open || self.max_open))
    }

    /// The ranks of the members in it, from the first to behind the last.
    pub fn ranks(&self, zset: &Zset) -> (usize, usize) {
        if self.is_empty() {
            return (0, 0);
        }
        let below = |(score, _): &Scored| *score < self.min || (self.min_open && *score == self.min);
        let not_above = |(score, _): &Scored| *score < self.max || (!self.max_open && *score == self.max);
        let from = zset.count_before(&below);
        (from, zset.count_before(&not_above).max(from))
    }
}

/// An end of a range of members.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End<'a> {
    /// `-`
    Lowest,
    /// `+`
    Highest,
    /// `[member` or `(member`: whether the member itself is left out.
    At(&'a [u8], bool),
}

impl<'a> End<'a> {
    fn read(text: &'a [u8]) -> Result<Self, Error> {
        // A C string ends at its first zero byte.
        match text {
            [b'+'] | [b'+', 0, ..] => Ok(End::Highest),
            [b'-'] | [b'-', 0, ..] => Ok(End::Lowest),
            [b'(', member @ ..] => Ok(End::At(member, true)),
            [b'[', member @ ..] => Ok(End::At(member, false)),
            _ => Err(error::MIN_MAX_STRING),
        }
    }
}

/// A range of members, which makes sense where all scores are the same.
#[derive(Clone, Copy)]
struct Members<'a> {
    min: End<'a>,
    max: End<'a>,
}

impl Members<'_> {
    fn reaches_min(&self, (_, member): &Scored) -> bool {
        match self.min {
            End::Lowest => true,
            End::Highest => false,
            End::At(min, open) => member.as_slice() > min || (!open && member.as_slice() == min),
        }
    }

    fn is_within_max(&self, (_, member): &Scored) -> bool {
        match self.max {
            End::Lowest => false,
            End::Highest => true,
            End::At(max, open) => member.as_slice() < max || (!open && member.as_slice() == max),
        }
    }

    /// Whether no member of the set can be in it, by its ends alone (`zslIsInLexRange` of Redis).
    fn misses(&self, zset: &Zset) -> bool {
        let reversed = match (self.min, self.max) {
            (End::At(min, min_open), End::At(max, max_open)) => min > max || (min == max && (min_open || max_open)),
            (End::Lowest, max) => max == End::Lowest,
            (End::Highest, _) | (End::At(..), End::Lowest) => true,
            (End::At(..), End::Highest) => false,
        };
        let last = zset.len().checked_sub(1).and_then(|rank| zset.nth(rank));
        reversed
            || !last.is_some_and(|last| self.reaches_min(last))
            || !zset.nth(0).is_some_and(|first| self.is_within_max(first))
    }

    /// The ranks of the members in it. A packed set is walked through: where scores differ, the first member out of range ends it.
    fn ranks(&self, zset: &Zset) -> (usize, usize) {
        if self.misses(zset) {
            return (0, 0);
        }
        if zset.is_packed() {
            let from = zset.iter().position(|entry| self.reaches_min(entry)).unwrap_or(zset.len());
            let length = zset.range(from, zset.len()).take_while(|entry| self.is_within_max(entry)).count();
            return (from, from + length);
        }
        let from = zset.count_before(&|entry| !self.reaches_min(entry));
        (from, zset.count_before(&|entry| self.is_within_max(entry)).max(from))
    }

    /// The members in it, each way from where the first one stands. Where scores differ, what an offset passes over need not be in range.
    fn walk<'z>(&self, zset: &'z Zset, reverse: bool, offset: usize, limit: usize) -> Vec<&'z Scored> {
        let begins = |entry: &&Scored| if reverse { self.is_within_max(entry) } else { self.reaches_min(entry) };
        let goes_on = |entry: &&Scored| if reverse { self.reaches_min(entry) } else { self.is_within_max(entry) };
        let mut all: Vec<&Scored> = if self.misses(zset) { Vec::new() } else { zset.iter().collect() };
        if reverse {
            all.reverse();
        }
        let first = all.iter().position(begins).filter(|first| goes_on(&all[*first]));
        let from = first.map_or(all.len(), |first| first.saturating_add(offset).min(all.len()));
        all[from..].iter().copied().take_while(goes_on).take(limit).collect()
    }
}

/// What a range is made of.
#[derive(Clone, Copy)]
enum Span<'a> {
    Ranks(i64, i64),
    Scores(Scores),
    Members(Members<'a>),
}

/// By what a command ranges; `Any` is what its options say.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Any,
    Rank,
    Score,
    Lex,
}

impl<'a> Span<'a> {
    fn read(by: By, call: &Call<'a, '_>, min: usize, max: usize) -> Result<Self, Error> {
        Ok(match by {
            By::Any | By::Rank => Span::Ranks(call.integer(min)?, call.integer(max)?),
            By::Score => Span::Scores(Scores::read(call.arg(min), call.arg(max))?),
            By::Lex => Span::Members(Members { min: End::read(call.arg(min))?, max: End::read(call.arg(max))? }),
        })
    }

    /// The ranks of the members in it, from the first to behind the last.
    fn ranks(&self, zset: &Zset) -> (usize, usize) {
        match self {
            Span::Ranks(start, end) => ranks(*start, *end, zset.len()),
            Span::Scores(scores) => scores.ranks(zset),
            Span::Members(members) => members.ranks(zset),
        }
    }
}

/// The ranks of a range whose negative ends count from the back.
fn ranks(start: i64, end: i64, len: usize) -> (usize, usize) {
    let len = len as i64;
    let from_front = |place: i64| if place < 0 { len.saturating_add(place) } else { place };
    let (start, end) = (from_front(start).max(0), from_front(end).min(len - 1));
    if start > end { (0, 0) } else { (start as usize, end as usize + 1) }
}

/// What the arguments of ZRANGE and its relatives say.
struct Query<'a> {
    span: Span<'a>,
    reverse: bool,
    with_scores: bool,
    offset: i64,
    limit: i64,
}

impl<'a> Query<'a> {
    /// Reads them; the key is at `place`. `by` and `reverse` are what the command's name says already.
    fn read(call: &Call<'a, '_>, place: usize, mut by: By, reverse: Option<bool>, stores: bool) -> Result<Self, Error> {
        let (mut backwards, mut with_scores, mut offset, mut limit) = (reverse.unwrap_or(false), false, 0, -1);
        let named = by != By::Any;
        let mut at = place + 3;
        while at < call.args.len() {
            if !stores && call.is_word(at, "withscores") {
                with_scores = true;
            } else if call.is_word(at, "limit") && at + 2 < call.args.len() {
                (offset, limit) = (call.integer(at + 1)?, call.integer(at + 2)?);
                at += 2;
            } else if reverse.is_none() && !backwards && call.is_word(at, "rev") {
                backwards = true;
            } else if !named && by == By::Any && call.is_word(at, "bylex") {
                by = By::Lex;
            } else if !named && by == By::Any && call.is_word(at, "byscore") {
                by = By::Score;
            } else {
                return Err(error::SYNTAX);
            }
            at += 1;
        }
        let by_rank = matches!(by, By::Any | By::Rank);
        if limit != -1 && by_rank {
            return Err(error::LIMIT_BY_RANK);
        }
        if with_scores && by == By::Lex {
            return Err(error::WITHSCORES_BYLEX);
        }
        let (min, max) = if backwards && !by_rank { (place + 2, place + 1) } else { (place + 1, place + 2) };
        let span = Span::read(by, call, min, max)?;
        Ok(Query { span, reverse: backwards, with_scores, offset, limit })
    }

    /// The members asked for, in the order asked for.
    fn picked<'z>(&self, zset: &'z Zset) -> Vec<&'z Scored> {
        let (Ok(offset), limit) = (usize::try_from(self.offset), usize::try_from(self.limit).unwrap_or(usize::MAX))
        else {
            // Redis counts a negative offset down for ever, and so passes over everything.
            return match self.span {
                Span::Ranks(..) => self.in_ranks(zset, 0, usize::MAX),
                Span::Scores(_) | Span::Members(_) => Vec::new(),
            };
        };
        match self.span {
            Span::Ranks(..) => self.in_ranks(zset, 0, usize::MAX),
            Span::Members(members) if zset.is_packed() => members.walk(zset, self.reverse, offset, limit),
            Span::Scores(_) | Span::Members(_) => self.in_ranks(zset, offset, limit),
        }
    }

    fn in_ranks<'z>(&self, zset: &'z Zset, offset: usize, limit: usize) -> Vec<&'z Scored> {
        let (mut from, mut to) = match (self.span, self.reverse) {
            // Here ranks count from the end.
            (Span::Ranks(start, end), true) => {
                let (from, to) = ranks(start, end, zset.len());
                (zset.len() - to, zset.len() - from)
            }
            (span, _) => span.ranks(zset),
        };
        if self.reverse {
            to = to.saturating_sub(offset).max(from);
            from = from.max(to.saturating_sub(limit));
            zset.range(from, to).rev().collect()
        } else {
            from = from.saturating_add(offset).min(to);
            to = to.min(from.saturating_add(limit));
            zset.range(from, to).collect()
        }
    }
}

fn range(call: &mut Call<'_, '_>, by: By, reverse: Option<bool>) -> Result<Reply, Error> {
    let query = Query::read(call, 1, by, reverse, false)?;
    let nested = query.with_scores && is_resp3(call);
    let Some(zset) = call.read::<Zset>(call.arg(1))? else { return Ok(Reply::Array(Vec::new())) };
    let picked = query.picked(zset);
    Ok(Reply::Array(if query.with_scores {
        with_scores(picked.into_iter(), nested)
    } else {
        picked.into_iter().map(|(_, member)| Reply::Bulk(member.clone())).collect()
    }))
}

pub(super) fn zrange(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    range(call, By::Any, None)
}

pub(super) fn zrevrange(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    range(call, By::Rank, Some(true))
}

pub(super) fn zrangebyscore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    range(call, By::Score, Some(false))
}

pub(super) fn zrevrangebyscore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    range(call, By::Score, Some(true))
}

pub(super) fn zrangebylex(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    range(call, By::Lex, Some(false))
}

pub(super) fn zrevrangebylex(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    range(call, By::Lex, Some(true))
}

pub(super) fn zrangestore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let query = Query::read(call, 2, By::Any, None, true)?;
    let found = call.read::<Zset>(call.arg(2))?;
    let entries = found.map_or_else(Vec::new, |zset| query.picked(zset).into_iter().cloned().collect());
    Ok(store(call, call.arg(1), entries, "zrangestore"))
}

/// Gives a key these members, or nothing if there are none; the reply is how many they are.
pub(in super::super) fn store(call: &mut Call<'_, '_>, key: &Bytes, entries: Vec<Scored>, how: &'static str) -> Reply {
    let count = entries.len() as i64;
    if entries.is_empty() {
        call.delete(key, "del");
    } else {
        let zset = Zset::of(entries, &call.store.config);
        call.put(key, Value::Zset(Rc::new(zset)), Life::Endless, how);
    }
    Reply::Integer(count)
}

fn count(call: &mut Call<'_, '_>, by: By) -> Result<Reply, Error> {
    let span = Span::read(by, call, 2, 3)?;
    let (from, to) = call.read::<Zset>(call.arg(1))?.map_or((0, 0), |zset| span.ranks(zset));
    Ok(Reply::Integer((to - from) as i64))
}

pub(super) fn zcount(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    count(call, By::Score)
}

pub(super) fn zlexcount(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    count(call, By::Lex)
}

fn remove(call: &mut Call<'_, '_>, by: By, how: &'static str) -> Result<Reply, Error> {
    let span = Span::read(by, call, 2, 3)?;
    let key = call.arg(1);
    let removed = call.change(key, |zset: &mut Zset, _| {
        let (from, to) = span.ranks(zset);
        zset.drain(from, to).len() as i64
    })?;
    if removed.is_some_and(|removed| removed > 0) {
        call.changed(key, how);
    }
    Ok(Reply::Integer(removed.unwrap_or(0)))
}

pub(super) fn zremrangebyrank(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    remove(call, By::Rank, "zremrangebyrank")
}

pub(super) fn zremrangebyscore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    remove(call, By::Score, "zremrangebyscore")
}

pub(super) fn zremrangebylex(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    remove(call, By::Lex, "zremrangebylex")
}
