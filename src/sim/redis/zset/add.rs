//! ZADD and ZINCRBY.

use super::super::call::Call;
use super::super::double::Double;
use super::super::error::{self, Error};
use super::super::kind::Zset;
use super::super::reply::Reply;
use super::score;

/// The options of ZADD.
#[derive(Clone, Copy, Default)]
pub(in super::super) struct Options {
    /// Only new members.
    pub nx: bool,
    /// Only members that are there.
    pub xx: bool,
    /// Only larger scores.
    gt: bool,
    /// Only smaller scores.
    lt: bool,
    /// The reply counts changed members, too.
    pub ch: bool,
    /// The score is added to the old one.
    incr: bool,
}

impl Options {
    /// Reads options from `place` on; returns them and the place behind them.
    fn read(call: &Call<'_, '_>, mut place: usize) -> (Self, usize) {
        let mut options = Options::default();
        loop {
            let option = match () {
                () if call.is_word(place, "nx") => &mut options.nx,
                () if call.is_word(place, "xx") => &mut options.xx,
                () if call.is_word(place, "gt") => &mut options.gt,
                () if call.is_word(place, "lt") => &mut options.lt,
                () if call.is_word(place, "ch") => &mut options.ch,
                () if call.is_word(place, "incr") => &mut options.incr,
                () => return (options, place),
            };
            *option = true;
            place += 1;
        }
    }

    /// The score that a member gets, if it may have one; NaN is refused.
    fn new_score(self, old: Option<Double>, given: f64) -> Result<Option<Double>, Error> {
        let Some(Double(old)) = old else { return Ok(if self.xx { None } else { Some(Double(given)) }) };
        if self.nx {
            return Ok(None);
        }
        let new = if self.incr { old + given } else { given };
        if new.is_nan() {
            return Err(error::SCORE_NAN);
        }
        let refused = (self.lt && new >= old) || (self.gt && new <= old);
        Ok(if refused { None } else { Some(Double(new)) })
    }
}

pub(super) fn zadd(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (options, place) = Options::read(call, 2);
    let count = call.args.len() - place;
    if count == 0 || !count.is_multiple_of(2) {
        return Err(error::SYNTAX);
    }
    if options.nx && options.xx {
        return Err(error::ZADD_XX_NX);
    }
    if (options.nx && (options.gt || options.lt)) || (options.gt && options.lt) {
        return Err(error::ZADD_GT_LT_NX);
    }
    if options.incr && count > 2 {
        return Err(error::ZADD_INCR_PAIRS);
    }
    add(call, options, place)
}

pub(super) fn zincrby(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    add(call, Options { incr: true, ..Options::default() }, 2)
}

fn add(call: &mut Call<'_, '_>, options: Options, place: usize) -> Result<Reply, Error> {
    let args = call.args;
    let mut scores = alloc::vec::Vec::with_capacity((args.len() - place) / 2);
    for pair in args[place..].chunks_exact(2) {
        scores.push(score(&pair[0])?);
    }
    let members = args[place..].iter().skip(1).step_by(2);
    add_all(call, options, scores.into_iter().zip(members))
}

/// Adds members, once all scores are known to be numbers.
pub(in super::super) fn add_all<'a>(
    call: &mut Call<'a, '_>,
    options: Options,
    pairs: impl Iterator<Item = (Double, &'a crate::bytes::Bytes)>,
) -> Result<Reply, Error> {
    let key = call.arg(1);
    if options.xx && call.read::<Zset>(key)?.is_none() {
        return Ok(if options.incr { Reply::Nil } else { Reply::Integer(0) });
    }
    let (added, updated, last) = call.change_or_make(key, |zset: &mut Zset, config| {
        let (mut added, mut updated, mut last) = (0, 0, None);
        for (Double(given), member) in pairs {
            let old = zset.score(member);
            last = options.new_score(old, given)?;
            let Some(new) = last else { continue };
            if old != Some(new) {
                zset.insert(member, new, config);
                added += i64::from(old.is_none());
                updated += i64::from(old.is_some());
            }
        }
        Ok::<_, Error>((added, updated, last))
    })??;
    if added + updated > 0 {
        call.changed(key, if options.incr { "zincr" } else { "zadd" });
    }
    Ok(if options.incr {
        last.map_or(Reply::Nil, Reply::Double)
    } else {
        Reply::Integer(if options.ch { added + updated } else { added })
    })
}
