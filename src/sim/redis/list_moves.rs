//! The group `list`: what moves elements between lists, takes them from the first of several, or waits for them.

use super::blocking::timeout;
use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::kind::{List, Side};
use super::list::{take, take_one};
use super::number::at_least;
use super::reply::Reply;
use crate::bytes::Bytes;
use alloc::{string::ToString, vec, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::List, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("lmove", 5, lmove)
        .flags("write denyoom")
        .keys("1 RW access delete;2 RW insert")
        .takes("6.2.0", "source destination {wherefrom:LEFT|RIGHT} {whereto:LEFT|RIGHT}")
        .says(
            "Takes an element from an end of one list and adds it at an end of another",
            "从一个列表的一端取出元素，加到另一个列表的一端",
        ),
    row("rpoplpush", 3, rpoplpush)
        .flags("write denyoom")
        .keys("1 RW access delete;2 RW insert")
        .takes("1.2.0", "source destination")
        .says(
            "Takes an element from the tail of one list and adds it at the head of another",
            "从一个列表尾部取出元素，加到另一个列表头部",
        ),
    row("lmpop", -4, lmpop)
        .flags("write movablekeys")
        .keys("1# RW access delete")
        .takes("7.0.0", "numkeys key [key ...] {where:LEFT|RIGHT} [COUNT count]")
        .says("Takes elements from the first of several lists that is there", "从多个列表中第一个存在的列表取出元素"),
    row("blpop", -3, blpop)
        .flags("write noscript blocking")
        .keys("1:-2 RW access delete")
        .takes("2.0.0", "key [key ...] timeout")
        .says(
            "Takes an element from the head of the first list that has one, and waits for it if none has",
            "从第一个非空列表的头部取出元素，没有时等待",
        ),
    row("brpop", -3, brpop)
        .flags("write noscript blocking")
        .keys("1:-2 RW access delete")
        .takes("2.0.0", "key [key ...] timeout")
        .says(
            "Takes an element from the tail of the first list that has one, and waits for it if none has",
            "从第一个非空列表的尾部取出元素，没有时等待",
        ),
    row("blmove", 6, blmove)
        .flags("write denyoom noscript blocking")
        .keys("1 RW access delete;2 RW insert")
        .takes("6.2.0", "source destination {wherefrom:LEFT|RIGHT} {whereto:LEFT|RIGHT} timeout")
        .says("LMOVE that waits until there is an element to move", "会等待元素出现的 LMOVE"),
    row("brpoplpush", 4, brpoplpush)
        .flags("write denyoom noscript blocking")
        .keys("1 RW access delete;2 RW insert")
        .takes("2.2.0", "source destination timeout")
        .says("RPOPLPUSH that waits until there is an element to move", "会等待元素出现的 RPOPLPUSH"),
    row("blmpop", -5, blmpop)
        .flags("write blocking movablekeys")
        .keys("2# RW access delete")
        .takes("7.0.0", "timeout numkeys key [key ...] {where:LEFT|RIGHT} [COUNT count]")
        .says("LMPOP that waits until one of the lists has an element", "会等待元素出现的 LMPOP"),
];

fn lmove(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (from, to) = (side(call, 3)?, side(call, 4)?);
    Ok(move_element(call, from, to)?.unwrap_or(Reply::Nil))
}

fn rpoplpush(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(move_element(call, Side::Right, Side::Left)?.unwrap_or(Reply::Nil))
}

fn lmpop(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let wanted = Wanted::read(call, 1)?;
    Ok(pop_first(call, &wanted)?.unwrap_or(Reply::NilArray))
}

fn blpop(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    pop_or_wait(call, Side::Left)
}

fn brpop(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    pop_or_wait(call, Side::Right)
}

fn blmove(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (from, to) = (side(call, 3)?, side(call, 4)?);
    move_or_wait(call, from, to)
}

fn brpoplpush(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    move_or_wait(call, Side::Right, Side::Left)
}

fn blmpop(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let deadline_ms = timeout(call, 1)?;
    let wanted = Wanted::read(call, 2)?;
    match pop_first(call, &wanted)? {
        Some(reply) => Ok(reply),
        None => Ok(call.block(wanted.keys.to_vec(), deadline_ms, Reply::NilArray)),
    }
}

/// The argument at `place` as an end of a list.
fn side(call: &Call<'_, '_>, place: usize) -> Result<Side, Error> {
    if call.is_word(place, "left") {
        Ok(Side::Left)
    } else if call.is_word(place, "right") {
        Ok(Side::Right)
    } else {
        Err(error::SYNTAX)
    }
}

/// Whether there is a list to take from. When a client was woken, a key of another type leaves it waiting.
fn is_list(call: &mut Call<'_, '_>, key: &Bytes) -> Result<bool, Error> {
    let woken = call.woken_by.is_some();
    match call.read::<List>(key) {
        Err(_) if woken => Ok(false),
        list => list.map(|list| list.is_some()),
    }
}

/// The keys that may answer now: those asked for, or the one that woke the client.
fn candidates<'a>(call: &Call<'a, '_>, keys: &'a [Bytes]) -> &'a [Bytes] {
    call.woken_by.map_or(keys, core::slice::from_ref)
}

/// LMOVE; `None` if there is nothing to move.
fn move_element(call: &mut Call<'_, '_>, from: Side, to: Side) -> Result<Option<Reply>, Error> {
    let (source, target) = (call.arg(1), call.arg(2));
    if !is_list(call, source)? {
        return Ok(None);
    }
    call.read::<List>(target)?;
    let element = call.change(source, |list: &mut List, _| list.pop(from))?.flatten();
    let Some(element) = element else { return Ok(None) };
    // The target is told of first, and a list of one that is moved onto itself never goes away.
    call.change_or_make(target, |list: &mut List, _| list.push(to, element.clone()))?;
    call.changed(target, to.pushed());
    call.changed(source, from.popped());
    match call.command.name {
        "blmove" => call.replicates(&[&[b"LMOVE", source, target, call.arg(3), call.arg(4)]]),
        "brpoplpush" => call.replicates(&[&[b"RPOPLPUSH", source, target]]),
        _ => {}
    }
    Ok(Some(Reply::Bulk(element)))
}

fn move_or_wait(call: &mut Call<'_, '_>, from: Side, to: Side) -> Result<Reply, Error> {
    let deadline_ms = timeout(call, call.args.len() - 1)?;
    if let Some(reply) = move_element(call, from, to)? {
        return Ok(reply);
    }
    // In a transaction nothing is a null bulk; at the end of a wait it is a null array.
    if call.woken_by.is_none() && call.store.waiting.held > 0 {
        return Ok(Reply::Nil);
    }
    Ok(call.block(vec![call.arg(1).clone()], deadline_ms, Reply::NilArray))
}

fn pop_or_wait(call: &mut Call<'_, '_>, side: Side) -> Result<Reply, Error> {
    let last = call.args.len() - 1;
    let deadline_ms = timeout(call, last)?;
    let keys = &call.args[1..last];
    for key in candidates(call, keys) {
        if is_list(call, key)?
            && let Some(element) = take_one(call, key, side)?
        {
            call.replicates(&[&[side.pop(), key]]);
            return Ok(Reply::Array(vec![Reply::Bulk(key.clone()), Reply::Bulk(element)]));
        }
    }
    Ok(call.block(keys.to_vec(), deadline_ms, Reply::NilArray))
}

/// What LMPOP is to take, and where from.
struct Wanted<'a> {
    keys: &'a [Bytes],
    side: Side,
    count: u64,
}

impl<'a> Wanted<'a> {
    /// Reads `numkeys key [key ...] LEFT|RIGHT [COUNT count]`.
    fn read(call: &Call<'a, '_>, place: usize) -> Result<Self, Error> {
        let key_count = at_least(call.arg(place), 1, error::KEY_COUNT)?;
        // The side stands behind the keys.
        let room = (call.args.len() - place - 1) as u64;
        if key_count >= room {
            return Err(error::SYNTAX);
        }
        let end = place + 1 + key_count as usize;
        let side = side(call, end)?;
        let mut count = None;
        for place in (end + 1..call.args.len()).step_by(2) {
            if count.is_some() || !call.is_word(place, "count") || place + 1 == call.args.len() {
                return Err(error::SYNTAX);
            }
            count = Some(at_least(call.arg(place + 1), 1, error::POP_COUNT)?);
        }
        let count = count.unwrap_or(1);
        Ok(Wanted { keys: &call.args[place + 1..end], side, count })
    }
}

/// Takes from the first list that is there; `None` if none is.
fn pop_first(call: &mut Call<'_, '_>, wanted: &Wanted<'_>) -> Result<Option<Reply>, Error> {
    let keys = match call.woken_by {
        Some(key) => core::slice::from_ref(key),
        None => wanted.keys,
    };
    for key in keys {
        if is_list(call, key)?
            && let Some(taken) = take(call, key, wanted.side, wanted.count)?
        {
            call.replicates(&[&[wanted.side.pop(), key, taken.len().to_string().as_bytes()]]);
            let taken: Vec<Reply> = taken.into_iter().map(Reply::Bulk).collect();
            return Ok(Some(Reply::Array(vec![Reply::Bulk(key.clone()), Reply::Array(taken)])));
        }
    }
    Ok(None)
}
