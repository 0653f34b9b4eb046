//! The group `set`: what reads and writes one set, and SMOVE. What several sets make together is in `set_algebra.rs`.

use super::call::Call;
use super::command::{Command, Run};
use super::config::Config;
use super::error::{self, Error};
use super::group::Group;
use super::kind::{Kind, Set};
use super::number::{at_least, signed_count};
use super::reply::Reply;
use super::sample::places;
use super::scan_options::scan_collection;
use crate::bytes::Bytes;
use alloc::vec::Vec;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Set, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("sadd", -3, sadd)
        .flags("write denyoom fast")
        .keys("1 RW insert")
        .takes("1.0.0", "key member [member ...]")
        .says("Adds members to a set", "向集合添加成员"),
    row("srem", -3, srem)
        .flags("write fast")
        .keys("1 RW delete")
        .takes("1.0.0", "key member [member ...]")
        .says("Takes members out of a set", "从集合删除成员"),
    row("smembers", 2, smembers)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output_order")
        .takes("1.0.0", "key")
        .says("Lists all members of a set", "列出集合的所有成员"),
    row("sismember", 3, sismember)
        .flags("readonly fast")
        .keys("1 RO")
        .takes("1.0.0", "key member")
        .says("Tells whether something is a member of a set", "判断某个值是否是集合的成员"),
    row("smismember", -3, smismember)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("6.2.0", "key member [member ...]")
        .says("Tells of several things whether each is a member of a set", "逐一判断多个值是否是集合的成员"),
    row("scard", 2, scard)
        .flags("readonly fast")
        .keys("1 RO")
        .takes("1.0.0", "key")
        .says("Tells how many members a set has", "返回集合的成员个数"),
    row("spop", -2, spop)
        .flags("write fast")
        .keys("1 RW access delete")
        .tips("nondeterministic_output")
        .takes("1.0.0", "key [count@3.2.0]")
        .says("Takes random members out of a set", "随机取出集合的成员"),
    row("srandmember", -2, srandmember)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output")
        .takes("1.0.0", "key [count@2.6.0]")
        .says("Reads random members of a set", "随机读取集合的成员"),
    row("smove", 4, smove)
        .flags("write fast")
        .keys("1 RW access delete;2 RW insert")
        .takes("1.0.0", "source destination member")
        .says("Takes a member out of one set and adds it to another", "把成员从一个集合移到另一个集合"),
    row("sscan", -3, sscan)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output")
        .takes("2.8.0", "key cursor [MATCH pattern] [COUNT count]")
        .says("Walks over the members of a set, some at a time", "分批遍历集合的成员"),
];

/// Where SPOP takes this many times what it leaves, Redis puts what is left into a new set, which may be an `intset` again
/// (`SPOP_MOVE_STRATEGY_MUL`).
const FEW: usize = 5;

fn sadd(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, members) = (call.arg(1), &call.args[2..]);
    let added = call.change_or_make(key, |set: &mut Set, config: &Config| {
        members.iter().filter(|member| set.add(member, config)).count()
    })?;
    if added > 0 {
        call.changed(key, "sadd");
    }
    Ok(Reply::Integer(added as i64))
}

fn srem(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, members) = (call.arg(1), &call.args[2..]);
    let remove = |set: &mut Set, _: &Config| members.iter().filter(|member| set.remove(member)).count();
    let removed = call.change(key, remove)?.unwrap_or(0);
    if removed > 0 {
        call.changed(key, "srem");
    }
    Ok(Reply::Integer(removed as i64))
}

fn smembers(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let set = call.read::<Set>(call.arg(1))?;
    Ok(Reply::Set(set.map_or_else(Vec::new, |set| set.iter().map(Reply::Bulk).collect())))
}

fn sismember(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let member = call.arg(2);
    Ok(Reply::from(call.read::<Set>(call.arg(1))?.is_some_and(|set| set.contains(member))))
}

fn smismember(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let members = &call.args[2..];
    let set = call.read::<Set>(call.arg(1))?;
    let is_member = |member: &Bytes| Reply::from(set.is_some_and(|set| set.contains(member)));
    Ok(Reply::Array(members.iter().map(is_member).collect()))
}

fn scard(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(call.read::<Set>(call.arg(1))?.map_or(0, Kind::len) as i64))
}

fn spop(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let count = match call.args.len() {
        2 => None,
        3 => Some(at_least(call.arg(2), 0, error::NOT_POSITIVE)?),
        _ => return Err(error::SYNTAX),
    };
    let key = call.arg(1);
    let nothing = if count.is_some() { Reply::Set(Vec::new()) } else { Reply::Nil };
    if call.read::<Set>(key)?.is_none() || count == Some(0) {
        return Ok(nothing);
    }
    // The generator is taken along and put back, because the set is lent out as well.
    let mut prng = call.cx.prng.clone();
    let taken = call.change(key, |set: &mut Set, config| {
        let wanted = count.unwrap_or(1).min(set.len() as u64);
        let taken: Vec<_> = (0..wanted).filter_map(|_| set.take_any(&mut prng)).collect();
        if count.is_some() && set.len().saturating_mul(FEW) <= taken.len() {
            let left = core::mem::take(set);
            for member in left.iter() {
                set.add(&member, config);
            }
        }
        taken
    })?;
    *call.cx.prng = prng;
    call.changed(key, "spop");
    let taken = taken.unwrap_or_default();
    if call.store.database(call.db).get(key).is_none() && count.is_some() {
        call.replicates(&[&[b"DEL", key]]);
    } else {
        let words: Vec<&[u8]> = [&b"SREM"[..], key].into_iter().chain(taken.iter().map(|member| &**member)).collect();
        call.replicates(&[&words]);
    }
    let mut taken = taken.into_iter().map(Reply::Bulk);
    Ok(if count.is_some() { Reply::Set(taken.collect()) } else { taken.next().unwrap_or(Reply::Nil) })
}

fn srandmember(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let count = match call.args.len() {
        2 => None,
        3 => Some(signed_count(call.arg(2))?),
        _ => return Err(error::SYNTAX),
    };
    let key = call.arg(1);
    let len = call.read::<Set>(key)?.map_or(0, Kind::len);
    let places = places(call, len, count.unwrap_or(1))?;
    let Some(set) = call.read::<Set>(key)? else {
        return Ok(if count.is_some() { Reply::Array(Vec::new()) } else { Reply::Nil });
    };
    let mut members = places.into_iter().filter_map(|place| set.nth(place)).map(Reply::Bulk);
    Ok(if count.is_some() { Reply::Array(members.collect()) } else { members.next().unwrap_or(Reply::Nil) })
}

fn smove(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (source, target, member) = (call.arg(1), call.arg(2), call.arg(3));
    // The target is looked at, which counts as an access, whatever the source is; that it is no set matters only later.
    call.look(target);
    let Some(set) = call.read::<Set>(source)? else { return Ok(Reply::from(false)) };
    let is_there = set.contains(member);
    call.read::<Set>(target)?;
    if source == target || !is_there {
        return Ok(Reply::from(is_there));
    }
    call.change(source, |set: &mut Set, _| set.remove(member))?;
    call.changed(source, "srem");
    if call.change_or_make(target, |set: &mut Set, config| set.add(member, config))? {
        call.changed(target, "sadd");
    }
    Ok(Reply::from(true))
}

fn sscan(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    scan_collection(call, Set::scan)
}
