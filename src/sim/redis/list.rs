//! The group `list`: what reads and writes one list. What moves elements between lists, or waits for them, is in `list_moves.rs`.

use super::call::Call;
use super::command::{Command, Run};
use super::config::Config;
use super::error::{self, Error};
use super::group::Group;
use super::kind::{Kind, List, Side};
use super::number::at_least;
use super::reply::Reply;
use crate::bytes::Bytes;
use alloc::vec::Vec;
use core::ops::Range;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::List, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("lpush", -3, lpush)
        .flags("write denyoom fast")
        .keys("1 RW insert")
        .takes("1.0.0", "key element [element ...]")
        .says("Adds elements at the head of a list, one after the other", "把元素依次加到列表头部"),
    row("rpush", -3, rpush)
        .flags("write denyoom fast")
        .keys("1 RW insert")
        .takes("1.0.0", "key element [element ...]")
        .says("Adds elements at the tail of a list", "把元素加到列表尾部"),
    row("lpushx", -3, lpushx)
        .flags("write denyoom fast")
        .keys("1 RW insert")
        .takes("2.2.0", "key element [element ...]")
        .says("Adds elements at the head of a list that is already there", "仅当列表存在时，把元素加到头部"),
    row("rpushx", -3, rpushx)
        .flags("write denyoom fast")
        .keys("1 RW insert")
        .takes("2.2.0", "key element [element ...]")
        .says("Adds elements at the tail of a list that is already there", "仅当列表存在时，把元素加到尾部"),
    row("lpop", -2, lpop)
        .flags("write fast")
        .keys("1 RW access delete")
        .takes("1.0.0", "key [count@6.2.0]")
        .says("Takes elements from the head of a list", "从列表头部取出元素"),
    row("rpop", -2, rpop)
        .flags("write fast")
        .keys("1 RW access delete")
        .takes("1.0.0", "key [count@6.2.0]")
        .says("Takes elements from the tail of a list", "从列表尾部取出元素"),
    row("llen", 2, llen)
        .flags("readonly fast")
        .keys("1 RO")
        .takes("1.0.0", "key")
        .says("Tells how many elements a list has", "返回列表的元素个数"),
    row("lrange", 4, lrange)
        .flags("readonly")
        .keys("1 RO access")
        .takes("1.0.0", "key start stop")
        .says("Reads the elements between two places, both included", "读取两个位置之间的元素，包含两端"),
    row("lindex", 3, lindex)
        .flags("readonly")
        .keys("1 RO access")
        .takes("1.0.0", "key index")
        .says("Reads the element at a place", "读取某个位置的元素"),
    row("lset", 4, lset)
        .flags("write denyoom")
        .keys("1 RW update")
        .takes("1.0.0", "key index element")
        .says("Replaces the element at a place", "替换某个位置的元素"),
    row("linsert", 5, linsert)
        .flags("write denyoom")
        .keys("1 RW insert")
        .takes("2.2.0", "key {where:BEFORE|AFTER} pivot element")
        .says("Adds an element beside the first one that equals the pivot", "在第一个等于基准的元素前或后插入元素"),
    row("lrem", 4, lrem)
        .flags("write")
        .keys("1 RW delete")
        .takes("1.0.0", "key count element")
        .says("Removes elements that equal the given one", "删除与给定值相等的元素"),
    row("ltrim", 4, ltrim)
        .flags("write")
        .keys("1 RW delete")
        .takes("1.0.0", "key start stop")
        .says("Keeps only the elements between two places", "只保留两个位置之间的元素"),
    row("lpos", -3, lpos)
        .flags("readonly")
        .keys("1 RO access")
        .takes("6.0.6", "key element [RANK rank] [COUNT num-matches] [MAXLEN len]")
        .says("Finds the places at which an element stands", "查找元素所在的位置"),
];

fn lpush(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    push(call, Side::Left, false)
}

fn rpush(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    push(call, Side::Right, false)
}

fn lpushx(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    push(call, Side::Left, true)
}

fn rpushx(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    push(call, Side::Right, true)
}

fn lpop(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    pop(call, Side::Left)
}

fn rpop(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    pop(call, Side::Right)
}

fn llen(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(call.read::<List>(call.arg(1))?.map_or(0, Kind::len) as i64))
}

fn lrange(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (start, stop) = (call.integer(2)?, call.integer(3)?);
    let Some(list) = call.read::<List>(call.arg(1))? else { return Ok(Reply::Array(Vec::new())) };
    let places = between(start, stop, list.len());
    Ok(Reply::Array(list.range(places).cloned().map(Reply::Bulk).collect()))
}

fn lindex(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, index) = (call.arg(1), call.arg(2));
    // An index that is no number is told only if there is a list.
    let Some(list) = call.read::<List>(key)? else { return Ok(Reply::Nil) };
    let index = super::number::integer(index)?;
    Ok(Reply::from(list.place(index).and_then(|place| list.get(place)).cloned()))
}

fn lset(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, element) = (call.arg(1), call.arg(3));
    if call.read::<List>(key)?.is_none() {
        return Err(error::NO_SUCH_KEY);
    }
    let index = call.integer(2)?;
    let place = call.read::<List>(key)?.and_then(|list| list.place(index)).ok_or(error::INDEX_RANGE)?;
    call.change(key, |list: &mut List, _| list.set(place, element.clone()))?;
    call.changed(key, "lset");
    Ok(Reply::OK)
}

fn linsert(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, pivot, element) = (call.arg(1), call.arg(3), call.arg(4));
    let after = call.is_word(2, "after");
    if !after && !call.is_word(2, "before") {
        return Err(error::SYNTAX);
    }
    let Some(list) = call.read::<List>(key)? else { return Ok(Reply::Integer(0)) };
    let Some(place) = list.iter().position(|other| other == pivot) else { return Ok(Reply::Integer(-1)) };
    let len = call.change(key, |list: &mut List, _| {
        list.insert(place + usize::from(after), element.clone());
        list.len()
    })?;
    call.changed(key, "linsert");
    Ok(Reply::Integer(len.map_or(0, |len| len as i64)))
}

fn lrem(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, count, element) = (call.arg(1), call.integer(2)?, call.arg(3));
    let side = if count < 0 { Side::Right } else { Side::Left };
    let most = if count == 0 { u64::MAX } else { count.unsigned_abs() };
    // A list in which there is nothing to remove is not copied.
    if !call.read::<List>(key)?.is_some_and(|list| list.iter().any(|other| other == element)) {
        return Ok(Reply::Integer(0));
    }
    let removed = call.change(key, |list: &mut List, _| list.remove(side, most, element))?;
    call.changed(key, "lrem");
    Ok(Reply::Integer(removed.map_or(0, u64::cast_signed)))
}

fn ltrim(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, start, stop) = (call.arg(1), call.integer(2)?, call.integer(3)?);
    let trim = |list: &mut List, _: &Config| {
        list.keep(between(start, stop, list.len()));
    };
    if call.change(key, trim)?.is_some() {
        call.changed(key, "ltrim");
    }
    Ok(Reply::OK)
}

/// The places from `start` to `stop`, both included and counted from the tail if negative. A stop before the head leaves nothing.
fn between(start: i64, stop: i64, len: usize) -> Range<usize> {
    let len = len as i64;
    let from_head = |place: i64| if place < 0 { len.saturating_add(place) } else { place };
    let (start, end) = (from_head(start).max(0), from_head(stop).saturating_add(1).min(len));
    if start < end { start as usize..end as usize } else { 0..0 }
}

/// What LPOS was asked for.
struct Search {
    rank: i64,
    count: Option<u64>,
    most: u64,
}

fn lpos(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, element) = (call.arg(1), call.arg(2));
    let search = search(call)?;
    let list = call.read::<List>(key)?;
    let Some(list) = list else {
        return Ok(if search.count.is_some() { Reply::Array(Vec::new()) } else { Reply::Nil });
    };
    let found = list.iter().enumerate().map(|(place, other)| (place, other == element));
    // The lowest number has no opposite: Redis then takes the first match, from the tail.
    let skip = search.rank.checked_abs().map_or(0, |rank| rank as usize - 1);
    let examined = if search.most == 0 { usize::MAX } else { search.most as usize };
    let wanted = match search.count {
        None => 1,
        Some(0) => usize::MAX,
        Some(count) => count as usize,
    };
    let matching = |(place, same): (usize, bool)| same.then_some(Reply::Integer(place as i64));
    let places: Vec<Reply> = if search.rank > 0 {
        found.take(examined).filter_map(matching).skip(skip).take(wanted).collect()
    } else {
        found.rev().take(examined).filter_map(matching).skip(skip).take(wanted).collect()
    };
    Ok(match search.count {
        Some(_) => Reply::Array(places),
        None => places.into_iter().next().unwrap_or(Reply::Nil),
    })
}

fn search(call: &Call<'_, '_>) -> Result<Search, Error> {
    let mut search = Search { rank: 1, count: None, most: 0 };
    for place in (3..call.args.len()).step_by(2) {
        if place + 1 == call.args.len() {
            return Err(error::SYNTAX);
        }
        let value = call.arg(place + 1);
        if call.is_word(place, "rank") {
            search.rank = call.integer(place + 1)?;
            if search.rank == 0 {
                return Err(error::LPOS_RANK);
            }
        } else if call.is_word(place, "count") {
            search.count = Some(at_least(value, 0, error::LPOS_COUNT)?);
        } else if call.is_word(place, "maxlen") {
            search.most = at_least(value, 0, error::LPOS_MAXLEN)?;
        } else {
            return Err(error::SYNTAX);
        }
    }
    Ok(search)
}

/// LPUSH and its three siblings.
fn push(call: &mut Call<'_, '_>, side: Side, only_if_there: bool) -> Result<Reply, Error> {
    let (key, elements) = (call.arg(1), &call.args[2..]);
    let add = |list: &mut List, _: &Config| {
        elements.iter().for_each(|element| list.push(side, element.clone()));
        list.len()
    };
    let len = if only_if_there { call.change(key, add)? } else { Some(call.change_or_make(key, add)?) };
    let Some(len) = len else { return Ok(Reply::Integer(0)) };
    call.changed(key, side.pushed());
    Ok(Reply::Integer(len as i64))
}

/// LPOP and RPOP.
fn pop(call: &mut Call<'_, '_>, side: Side) -> Result<Reply, Error> {
    let key = call.arg(1);
    match call.args.len() {
        2 => {
            let element = take_one(call, key, side)?;
            Ok(Reply::from(element))
        }
        3 => {
            let count = at_least(call.arg(2), 0, error::NOT_POSITIVE)?;
            let taken = take(call, key, side, count)?;
            Ok(taken.map_or(Reply::NilArray, |taken| Reply::Array(taken.into_iter().map(Reply::Bulk).collect())))
        }
        _ => Err(error::arity(call.command.name)),
    }
}

/// Takes the element at an end of a list, and tells of it; `None` if there is no list.
pub fn take_one(call: &mut Call<'_, '_>, key: &Bytes, side: Side) -> Result<Option<Bytes>, Error> {
    let element = call.change(key, |list: &mut List, _| list.pop(side))?.flatten();
    if element.is_some() {
        call.changed(key, side.popped());
    }
    Ok(element)
}

/// Takes up to `count` elements from an end of a list, and tells of it; `None` if there is no list.
pub fn take(call: &mut Call<'_, '_>, key: &Bytes, side: Side, count: u64) -> Result<Option<Vec<Bytes>>, Error> {
    if count == 0 {
        return Ok(call.read::<List>(key)?.map(|_| Vec::new()));
    }
    let taken = call.change(key, |list: &mut List, _| {
        let count = count.min(list.len() as u64);
        (0..count).filter_map(|_| list.pop(side)).collect::<Vec<_>>()
    })?;
    if taken.is_some() {
        call.changed(key, side.popped());
    }
    Ok(taken)
}
