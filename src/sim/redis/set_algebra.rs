//! The group `set`: intersections, unions and differences.

use super::call::{Call, Life};
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::kind::{Kind, Set};
use super::number::at_least;
use super::reply::Reply;
use super::value::Value;
use crate::bytes::Bytes;
use alloc::rc::Rc;
use alloc::vec::Vec;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Set, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("sinter", -2, sinter)
        .flags("readonly")
        .keys("1:-1 RO access")
        .tips("nondeterministic_output_order")
        .takes("1.0.0", "key [key ...]")
        .says("Lists what all of several sets have", "求多个集合的交集"),
    row("sinterstore", -3, sinterstore)
        .flags("write denyoom")
        .keys("1 RW update;2:-1 RO access")
        .takes("1.0.0", "destination key [key ...]")
        .says("Keeps under a key what all of several sets have", "求多个集合的交集并存入一个键"),
    row("sintercard", -3, sintercard)
        .flags("readonly movablekeys")
        .keys("1# RO access")
        .takes("7.0.0", "numkeys key [key ...] [LIMIT limit]")
        .says("Counts what all of several sets have", "求多个集合交集的成员个数"),
    row("sunion", -2, sunion)
        .flags("readonly")
        .keys("1:-1 RO access")
        .tips("nondeterministic_output_order")
        .takes("1.0.0", "key [key ...]")
        .says("Lists what any of several sets has", "求多个集合的并集"),
    row("sunionstore", -3, sunionstore)
        .flags("write denyoom")
        .keys("1 OW update;2:-1 RO access")
        .takes("1.0.0", "destination key [key ...]")
        .says("Keeps under a key what any of several sets has", "求多个集合的并集并存入一个键"),
    row("sdiff", -2, sdiff)
        .flags("readonly")
        .keys("1:-1 RO access")
        .tips("nondeterministic_output_order")
        .takes("1.0.0", "key [key ...]")
        .says("Lists what the first of several sets has and no other", "求第一个集合与其余集合的差集"),
    row("sdiffstore", -3, sdiffstore)
        .flags("write denyoom")
        .keys("1 OW update;2:-1 RO access")
        .takes("1.0.0", "destination key [key ...]")
        .says(
            "Keeps under a key what the first of several sets has and no other",
            "求第一个集合与其余集合的差集并存入一个键",
        ),
];

fn sinter(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let common = intersection(&sets(call, 1)?, u64::MAX);
    Ok(Reply::Set(common.into_iter().map(Reply::Bulk).collect()))
}

fn sinterstore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let common = intersection(&sets(call, 2)?, u64::MAX);
    store(call, common, "sinterstore")
}

fn sintercard(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let count = at_least(call.arg(1), 1, error::KEY_COUNT)?;
    if count > (call.args.len() - 2) as u64 {
        return Err(error::TOO_MANY_KEYS);
    }
    let end = 2 + count as usize;
    let mut limit = 0;
    for place in (end..call.args.len()).step_by(2) {
        if !call.is_word(place, "limit") || place + 1 == call.args.len() {
            return Err(error::SYNTAX);
        }
        limit = at_least(call.arg(place + 1), 0, error::LIMIT_NEGATIVE)?;
    }
    let sets = sets_of(call, &call.args[2..end])?;
    let common = intersection(&sets, if limit == 0 { u64::MAX } else { limit });
    Ok(Reply::Integer(common.len() as i64))
}

fn sunion(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let sets = sets(call, 1)?;
    let union = collect(call, sets.iter().flatten().flat_map(|set| set.iter()));
    Ok(Reply::Set(union.iter().map(Reply::Bulk).collect()))
}

fn sunionstore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let sets = sets(call, 2)?;
    let union = sets.iter().flatten().flat_map(|set| set.iter());
    store(call, union, "sunionstore")
}

fn sdiff(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let sets = sets(call, 1)?;
    let rest = collect(call, difference(&sets));
    Ok(Reply::Set(rest.iter().map(Reply::Bulk).collect()))
}

fn sdiffstore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let sets = sets(call, 2)?;
    store(call, difference(&sets), "sdiffstore")
}

/// The sets under the keys from the argument at `place` on; nothing for a key that is not there.
fn sets(call: &mut Call<'_, '_>, place: usize) -> Result<Vec<Option<Rc<Set>>>, Error> {
    sets_of(call, &call.args[place..])
}

fn sets_of(call: &mut Call<'_, '_>, keys: &[Bytes]) -> Result<Vec<Option<Rc<Set>>>, Error> {
    let shared = |key| match call.look(key) {
        None => Ok(None),
        Some(Value::Set(set)) => Ok(Some(set.clone())),
        Some(_) => Err(error::WRONG_TYPE),
    };
    keys.iter().map(shared).collect()
}

/// Up to `most` members that all sets have, in the order of the smallest.
fn intersection(sets: &[Option<Rc<Set>>], most: u64) -> Vec<Bytes> {
    // A key that is not there is a set without members.
    let Some(mut sets) = sets.iter().map(Option::as_ref).collect::<Option<Vec<_>>>() else { return Vec::new() };
    sets.sort_by_key(|set| set.len());
    let Some((smallest, others)) = sets.split_first() else { return Vec::new() };
    let common = smallest.iter().filter(|member| others.iter().all(|set| set.contains(member)));
    common.take(usize::try_from(most).unwrap_or(usize::MAX)).collect()
}

/// What the first set has and no other.
fn difference(sets: &[Option<Rc<Set>>]) -> impl Iterator<Item = Bytes> {
    let (first, others) = sets.split_first().map_or((None, sets), |(first, others)| (first.as_ref(), others));
    let alone = |member: &Bytes| !others.iter().flatten().any(|set| set.contains(member));
    first.into_iter().flat_map(|set| set.iter()).filter(alone)
}

/// A set of these members.
fn collect(call: &Call<'_, '_>, members: impl IntoIterator<Item = Bytes>) -> Set {
    let mut set = Set::default();
    for member in members {
        set.add(&member, &call.store.config);
    }
    set
}

/// Keeps the members under the key that is the first argument, which goes away if there are none.
fn store(call: &mut Call<'_, '_>, members: impl IntoIterator<Item = Bytes>, how: &'static str) -> Result<Reply, Error> {
    let key = call.arg(1);
    let set = collect(call, members);
    let len = set.len();
    if len == 0 {
        call.delete(key, "del");
    } else {
        call.put(key, Value::Set(Rc::new(set)), Life::Endless, how);
    }
    Ok(Reply::Integer(len as i64))
}
