//! Unions, intersections and differences of sorted sets and sets.

use super::super::call::Call;
use super::super::dict::Dict;
use super::super::double::Double;
use super::super::error::{self, Error};
use super::super::kind::Scored;
use super::super::number;
use super::super::reply::Reply;
use super::super::value::Value;
use super::range::store;
use super::{is_resp3, score_or, with_scores};
use crate::bytes::Bytes;
use alloc::vec::Vec;

/// What is made of the inputs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Union,
    Inter,
    Diff,
}

/// What becomes of the scores of one member.
#[derive(Clone, Copy)]
enum Aggregate {
    Sum,
    Min,
    Max,
}

impl Aggregate {
    fn of(self, a: f64, b: f64) -> f64 {
        match self {
            // The sum of the two infinities is no number: zero, as for Redis.
            Aggregate::Sum => number_or_zero(a + b),
            Aggregate::Min => {
                if b < a {
                    b
                } else {
                    a
                }
            }
            Aggregate::Max => {
                if b > a {
                    b
                } else {
                    a
                }
            }
        }
    }
}

fn number_or_zero(number: f64) -> f64 {
    if number.is_nan() { 0.0 } else { number }
}

/// One of the inputs, with its weight; a key that is not there is an empty one.
struct Input {
    value: Option<Value>,
    weight: f64,
}

impl Input {
    fn len(&self) -> usize {
        self.value.as_ref().map_or(0, |value| value.count() as usize)
    }

    /// Its members in their order, those of a set with the score 1.
    fn entries(&self) -> Vec<Scored> {
        match &self.value {
            Some(Value::Zset(zset)) => zset.iter().cloned().collect(),
            Some(Value::Set(set)) => set.iter().map(|member| (Double(1.0), member)).collect(),
            _ => Vec::new(),
        }
    }

    fn score(&self, member: &[u8]) -> Option<f64> {
        match &self.value {
            Some(Value::Zset(zset)) => zset.score(member).map(|score| score.0),
            Some(Value::Set(set)) => set.contains(member).then_some(1.0),
            _ => None,
        }
    }

    fn weighted(&self, score: f64) -> f64 {
        number_or_zero(self.weight * score)
    }
}

/// What the arguments say.
struct Request {
    operation: Operation,
    inputs: Vec<Input>,
    aggregate: Aggregate,
    with_scores: bool,
    limit: u64,
}

/// What a command does with the outcome.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Reply,
    Store,
    Count,
}

impl Request {
    /// Reads them; the number of keys is at `place`.
    fn read(call: &mut Call<'_, '_>, place: usize, operation: Operation, to: Use) -> Result<Self, Error> {
        let count = call.integer(place)?;
        if count < 1 {
            return Err(error::no_input_keys(call.command.name));
        }
        let end = usize::try_from(count).ok().and_then(|count| count.checked_add(place + 1));
        let end = end.filter(|end| *end <= call.args.len()).ok_or(error::SYNTAX)?;
        let mut inputs = Vec::with_capacity(end - place - 1);
        for key in &call.args[place + 1..end] {
            let value = call.value(key);
            if value.as_ref().is_some_and(|value| !matches!(value, Value::Zset(_) | Value::Set(_))) {
                return Err(error::WRONG_TYPE);
            }
            inputs.push(Input { value, weight: 1.0 });
        }
        let mut request = Request { operation, inputs, aggregate: Aggregate::Sum, with_scores: false, limit: 0 };
        request.read_options(call, end, to)?;
        Ok(request)
    }

    fn read_options(&mut self, call: &Call<'_, '_>, mut at: usize, to: Use) -> Result<(), Error> {
        let weighs = self.operation != Operation::Diff && to != Use::Count;
        while at < call.args.len() {
            let left = call.args.len() - at;
            if weighs && left > self.inputs.len() && call.is_word(at, "weights") {
                for input in &mut self.inputs {
                    at += 1;
                    input.weight = score_or(call.arg(at), error::WEIGHT)?.0;
                }
            } else if weighs && left >= 2 && call.is_word(at, "aggregate") {
                at += 1;
                self.aggregate = match () {
                    () if call.is_word(at, "sum") => Aggregate::Sum,
                    () if call.is_word(at, "min") => Aggregate::Min,
                    () if call.is_word(at, "max") => Aggregate::Max,
                    () => return Err(error::SYNTAX),
                };
            } else if to == Use::Reply && call.is_word(at, "withscores") {
                self.with_scores = true;
            } else if to == Use::Count && left >= 2 && call.is_word(at, "limit") {
                at += 1;
                self.limit = number::at_least(call.arg(at), 0, error::LIMIT_NEGATIVE)?;
            } else {
                return Err(error::SYNTAX);
            }
            at += 1;
        }
        Ok(())
    }

    /// The outcome, in no order.
    fn combined(mut self) -> Vec<Scored> {
        if self.operation == Operation::Diff {
            let (first, others) = self.inputs.split_first().expect("there is at least one input");
            let is_left = |(_, member): &Scored| others.iter().all(|other| other.score(member).is_none());
            return first.entries().into_iter().filter(is_left).collect();
        }
        // From the smallest on: so sums are made in this order.
        crate::sorted::sort_by_key(&mut self.inputs, Input::len);
        if self.operation == Operation::Union { self.union() } else { self.intersection() }
    }

    fn union(&self) -> Vec<Scored> {
        let mut scores: Dict<Double> = Dict::default();
        for input in &self.inputs {
            for (Double(score), member) in input.entries() {
                let score = input.weighted(score);
                match scores.get_mut(&member) {
                    Some(slot) => slot.0 = self.aggregate.of(slot.0, score),
                    None => drop(scores.insert(member, Double(score))),
                }
            }
        }
        scores.iter().map(|(member, score)| (*score, member.clone())).collect()
    }

    fn intersection(&self) -> Vec<Scored> {
        let (first, others) = self.inputs.split_first().expect("there is at least one input");
        let mut found = Vec::new();
        for (Double(score), member) in first.entries() {
            let mut sum = Some(first.weighted(score));
            for other in others {
                // Here a weight is not looked at for NaN; the aggregate is.
                let next = other.score(&member).map(|score| other.weight * score);
                sum = sum.zip(next).map(|(sum, next)| self.aggregate.of(sum, next));
            }
            if let Some(score) = sum {
                found.push((Double(score), member));
            }
            if self.limit > 0 && found.len() as u64 >= self.limit {
                break;
            }
        }
        found
    }
}

fn reply(call: &mut Call<'_, '_>, operation: Operation) -> Result<Reply, Error> {
    let request = Request::read(call, 1, operation, Use::Reply)?;
    let (scores, nested) = (request.with_scores, is_resp3(call));
    let mut found = request.combined();
    crate::sorted::sort_by(&mut found, Ord::cmp);
    let plain = |found: Vec<Scored>| found.into_iter().map(|(_, member)| Reply::Bulk(member)).collect();
    Ok(Reply::Array(if scores { with_scores(found.iter(), nested) } else { plain(found) }))
}

pub(super) fn zunion(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    reply(call, Operation::Union)
}

pub(super) fn zinter(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    reply(call, Operation::Inter)
}

pub(super) fn zdiff(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    reply(call, Operation::Diff)
}

pub(super) fn zintercard(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let request = Request::read(call, 1, Operation::Inter, Use::Count)?;
    Ok(Reply::Integer(request.combined().len() as i64))
}

fn keep(call: &mut Call<'_, '_>, operation: Operation, how: &'static str) -> Result<Reply, Error> {
    let found = Request::read(call, 2, operation, Use::Store)?.combined();
    let key: &Bytes = call.arg(1);
    Ok(store(call, key, found, how))
}

pub(super) fn zunionstore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    keep(call, Operation::Union, "zunionstore")
}

pub(super) fn zinterstore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    keep(call, Operation::Inter, "zinterstore")
}

pub(super) fn zdiffstore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    keep(call, Operation::Diff, "zdiffstore")
}
