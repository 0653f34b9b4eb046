//! The group `string`.

use super::call::{Call, Life};
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::lcs::lcs;
use super::number::integer;
use super::reply::Reply;
use super::set_options::{Options, Unit, expiry};
use super::value::{Str, Value};
use crate::bytes::Bytes;
use crate::longdouble::LongDouble;
use alloc::{string::ToString, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::String, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("set", -3, set)
        .flags("write denyoom")
        .keys("1 RW access update variable_flags")
        .takes(
            "1.0.0",
            "key value [{condition:NX|XX}@2.6.12] [GET@6.2.0] [{expiration:EX seconds@2.6.12|PX milliseconds@2.6.12|EXAT \
                unix-time-seconds@6.2.0|PXAT unix-time-milliseconds@6.2.0|KEEPTTL@6.0.0}]",
        )
        .says("Gives a key a string, whatever it held before", "把键设为一个字符串，不管它原来存着什么"),
    row("setnx", 3, setnx)
        .flags("write denyoom fast")
        .keys("1 OW insert")
        .takes("1.0.0", "key value")
        .says("Gives a key a string only if the key is not there yet", "仅当键不存在时设置它的字符串"),
    row("setex", 4, setex)
        .flags("write denyoom")
        .keys("1 OW update")
        .takes("2.0.0", "key seconds value")
        .says("Gives a key a string and a life in seconds", "设置字符串，并以秒为单位设置过期时间"),
    row("psetex", 4, psetex)
        .flags("write denyoom")
        .keys("1 OW update")
        .takes("2.6.0", "key milliseconds value")
        .says("Gives a key a string and a life in milliseconds", "设置字符串，并以毫秒为单位设置过期时间"),
    row("mset", -3, mset)
        .flags("write denyoom")
        .keys("1:-1/2 OW update")
        .tips("request_policy:multi_shard response_policy:all_succeeded")
        .takes("1.0.1", "{key_value:key value} [key value ...]")
        .says("Gives several keys their strings at once", "一次设置多个键的字符串"),
    row("msetnx", -3, msetnx)
        .flags("write denyoom")
        .keys("1:-1/2 OW insert")
        .tips("request_policy:multi_shard response_policy:agg_min")
        .takes("1.0.1", "{key_value:key value} [key value ...]")
        .says("Gives several keys their strings, but only if none of them is there yet", "仅当所有键都不存在时，一次设置它们"),
    row("get", 2, get)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("1.0.0", "key")
        .says("Reads the string of a key", "读取键的字符串"),
    row("mget", -2, mget)
        .flags("readonly fast")
        .keys("1:-1 RO access")
        .tips("request_policy:multi_shard")
        .takes("1.0.0", "key [key ...]")
        .says("Reads the strings of several keys", "一次读取多个键的字符串"),
    row("getset", 3, getset)
        .flags("write denyoom fast")
        .keys("1 RW access update")
        .takes("1.0.0", "key value")
        .says("Gives a key a new string and returns the old one", "设置新字符串并返回旧字符串"),
    row("getdel", 2, getdel)
        .flags("write fast")
        .keys("1 RW access delete")
        .takes("6.2.0", "key")
        .says("Reads the string of a key and removes the key", "读取键的字符串，然后删除该键"),
    row("getex", -2, getex)
        .flags("write fast")
        .keys("1 RW access update")
        .takes("6.2.0", "key [{expiration:EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST}]")
        .says("Reads the string of a key and may change how long the key lives", "读取字符串，并可修改键的过期时间"),
    row("getrange", 4, getrange)
        .flags("readonly")
        .keys("1 RO access")
        .takes("2.4.0", "key start end")
        .says("Reads a part of a string, both ends included", "读取字符串的一段，包含两端"),
    row("substr", 4, getrange)
        .flags("readonly")
        .keys("1 RO access")
        .takes("1.0.0", "key start end")
        .says("The old name of GETRANGE", "GETRANGE 的旧名"),
    row("setrange", 4, setrange)
        .flags("write denyoom")
        .keys("1 RW update")
        .takes("2.2.0", "key offset value")
        .says("Overwrites a part of a string, with zero bytes before it where it was shorter", "覆盖字符串的一段，不足处用零字节补齐"),
    row("strlen", 2, strlen)
        .flags("readonly fast")
        .keys("1 RO")
        .takes("2.2.0", "key")
        .says("Tells how many bytes a string has", "返回字符串的字节数"),
    row("append", 3, append)
        .flags("write denyoom fast")
        .keys("1 RW insert")
        .takes("2.0.0", "key value")
        .says("Adds bytes at the end of a string", "在字符串末尾追加"),
    row("incr", 2, incr)
        .flags("write denyoom fast")
        .keys("1 RW access update")
        .takes("1.0.0", "key")
        .says("Adds one to the number in a key", "把键里的整数加一"),
    row("incrby", 3, incrby)
        .flags("write denyoom fast")
        .keys("1 RW access update")
        .takes("1.0.0", "key increment")
        .says("Adds to the number in a key", "给键里的整数加上一个数"),
    row("incrbyfloat", 3, incrbyfloat)
        .flags("write denyoom fast")
        .keys("1 RW access update")
        .takes("2.6.0", "key increment%d")
        .says("Adds to the decimal number in a key", "给键里的小数加上一个数"),
    row("decr", 2, decr)
        .flags("write denyoom fast")
        .keys("1 RW access update")
        .takes("1.0.0", "key")
        .says("Takes one from the number in a key", "把键里的整数减一"),
    row("decrby", 3, decrby)
        .flags("write denyoom fast")
        .keys("1 RW access update")
        .takes("1.0.0", "key decrement")
        .says("Takes from the number in a key", "从键里的整数减去一个数"),
    row("lcs", -3, lcs)
        .flags("readonly")
        .keys("1+1 RO access")
        .takes("7.0.0", "key1 key2#0 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]")
        .says("Finds the longest series of bytes that two strings have in common, gaps allowed", "求两个字符串的最长公共子序列"),
];

fn set(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let options = Options::read(call, 3, true)?;
    let life = match options.expiry {
        Some((unit, place)) => Life::Until(expiry(call, unit, place)?),
        None if options.keep => Life::Kept,
        None => Life::Endless,
    };
    let (key, value) = (call.arg(1), call.arg(2));
    let old = if options.get { call.string(key)?.map(|text| text.to_bytes()) } else { None };
    let allowed = match options.only_if {
        Some(there) => call.look_in(call.db, key) == there,
        None => true,
    };
    if allowed {
        write(call, key, value, life);
        match life {
            Life::Until(last) => replicates_end(call, key, value, last),
            Life::Kept | Life::Endless if options.get => {
                // The old value is nobody else's business.
                let words = call.args.iter().enumerate();
                let words: Vec<&[u8]> =
                    words.filter(|(at, _)| *at < 3 || !call.is_word(*at, "get")).map(|(_, word)| &**word).collect();
                call.replicates(&[&words]);
            }
            Life::Kept | Life::Endless => {}
        }
    }
    Ok(if options.get {
        Reply::from(old)
    } else if allowed {
        Reply::OK
    } else {
        Reply::Nil
    })
}

fn setnx(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let free = !call.look_in(call.db, call.arg(1));
    if free {
        write(call, call.arg(1), call.arg(2), Life::Endless);
    }
    Ok(Reply::from(free))
}

fn setex(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    set_with_life(call, Unit::Seconds)
}

fn psetex(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    set_with_life(call, Unit::Milliseconds)
}

fn mset(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    write_all(call, false)?;
    Ok(Reply::OK)
}

fn msetnx(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    write_all(call, true).map(Reply::from)
}

fn get(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::from(call.string(call.arg(1))?.map(|text| text.to_bytes())))
}

fn mget(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    // A key of another type reads as nothing here.
    let args = call.args;
    let one = |key| Reply::from(call.string(key).ok().flatten().map(|text| text.to_bytes()));
    Ok(Reply::Array(args[1..].iter().map(one).collect()))
}

fn getset(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let reply = get(call)?;
    write(call, call.arg(1), call.arg(2), Life::Endless);
    call.replicates_with(&[(0, b"SET")]);
    Ok(reply)
}

fn getdel(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let reply = get(call)?;
    if call.delete(call.arg(1), "del") {
        call.replicates(&[&[b"DEL", call.arg(1)]]);
    }
    Ok(reply)
}

fn getex(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let options = Options::read(call, 2, false)?;
    let key = call.arg(1);
    let Some(text) = call.string(key)? else { return Ok(Reply::Nil) };
    if let Some((unit, place)) = options.expiry {
        let last = expiry(call, unit, place)?;
        if unit.is_absolute() && last <= call.cx.now_ms {
            call.delete(key, "del");
            call.replicates(&[&[b"DEL", key]]);
        } else {
            call.set_life(key, Some(last), "expire");
            call.replicates(&[&[b"PEXPIREAT", key, last.to_string().as_bytes()]]);
        }
    } else if options.keep && call.entry(key).is_some_and(|entry| entry.expires_at_ms.is_some()) {
        call.set_life(key, None, "persist");
        call.replicates(&[&[b"PERSIST", key]]);
    }
    Ok(Reply::Bulk(text.to_bytes()))
}

fn getrange(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (start, end) = (call.integer(2)?, call.integer(3)?);
    let text = call.string(call.arg(1))?;
    let bytes = text.as_ref().map(Str::bytes).unwrap_or_default();
    if is_reversed(start, end) {
        return Ok(Reply::Bulk(Bytes::default()));
    }
    Ok(Reply::Bulk(match clamp_range(start, end, bytes.len()) {
        Some((first, last)) => Bytes::from(&bytes[first..=last]),
        None => Bytes::default(),
    }))
}

fn setrange(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let offset = u64::try_from(call.integer(2)?).map_err(|_| error::OFFSET_RANGE)?;
    let (key, value) = (call.arg(1), call.arg(3));
    let old_len = call.string(key)?.map_or(0, |text| text.len() as u64);
    if value.is_empty() {
        return Ok(Reply::Integer(old_len as i64));
    }
    let end = checked_length(call, offset, value.len())?;
    let len = call.edit(key, end, "setrange", &mut |bytes| {
        // The bound on a string's length, checked above, fits a usize of 32 bits.
        let (start, end) = (offset as usize, end as usize);
        bytes.resize(bytes.len().max(end), 0);
        bytes[start..end].copy_from_slice(value);
        true
    })?;
    Ok(Reply::Integer(len as i64))
}

fn strlen(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(call.string(call.arg(1))?.map_or(0, |text| text.len() as i64)))
}

fn append(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, value) = (call.arg(1), call.arg(2));
    let Some(text) = call.string(key)? else {
        call.put(key, Str::encode(value), Life::Endless, "append");
        return Ok(Reply::Integer(value.len() as i64));
    };
    let end = checked_length(call, text.len() as u64, value.len())?;
    drop(text);
    let len = call.edit(key, end, "append", &mut |bytes| {
        bytes.extend_from_slice(value);
        true
    })?;
    Ok(Reply::Integer(len as i64))
}

fn incr(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    add(call, 1)
}

fn incrby(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let amount = call.integer(2)?;
    add(call, amount)
}

fn incrbyfloat(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let key = call.arg(1);
    let read = |text: &[u8]| LongDouble::parse(text).ok_or(error::NOT_FLOAT);
    let old = match call.string(key)? {
        Some(text) => read(&text.bytes())?,
        None => LongDouble::ZERO,
    };
    let sum = old.add(&read(call.arg(2))?);
    let text = sum.ok_or(error::NAN_OR_INFINITY)?.to_text();
    let bytes = Bytes::from(text);
    // Redis keeps the sum as text even when it is a whole number.
    call.put(key, Str::plain(&bytes), Life::Kept, "incrbyfloat");
    call.replicates(&[&[b"SET", key, &bytes, b"KEEPTTL"]]);
    Ok(Reply::Bulk(bytes))
}

fn decr(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    add(call, -1)
}

fn decrby(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let amount = call.integer(2)?.checked_neg().ok_or(error::DECREMENT_OVERFLOW)?;
    add(call, amount)
}

/// Gives a key a string, and tells of it as Redis does: `set`, then `expire` if it got a life.
fn write(call: &mut Call<'_, '_>, key: &Bytes, value: &Bytes, life: Life) {
    call.put(key, Str::encode(value), life, "set");
    if let Life::Until(last) = life {
        call.tell_life(key, Some(last), "expire");
    }
}

/// Replicas are told when a key ends, whatever the command said.
fn replicates_end(call: &mut Call<'_, '_>, key: &[u8], value: &[u8], last: u64) {
    let moment = last.to_string();
    call.replicates(&[&[b"SET", key, value, b"PXAT", moment.as_bytes()]]);
}

fn set_with_life(call: &mut Call<'_, '_>, unit: Unit) -> Result<Reply, Error> {
    let last = expiry(call, unit, 2)?;
    write(call, call.arg(1), call.arg(3), Life::Until(last));
    replicates_end(call, call.arg(1), call.arg(3), last);
    Ok(Reply::OK)
}

/// MSET and MSETNX; whether anything was written.
fn write_all(call: &mut Call<'_, '_>, only_if_all_free: bool) -> Result<bool, Error> {
    if call.args.len().is_multiple_of(2) {
        return Err(error::arity(call.command.name));
    }
    let pairs = || call.args[1..].chunks_exact(2);
    if only_if_all_free
        && pairs().map(|pair| &pair[0]).collect::<Vec<_>>().into_iter().any(|key| call.look_in(call.db, key))
    {
        return Ok(false);
    }
    for pair in call.args[1..].chunks_exact(2) {
        write(call, &pair[0], &pair[1], Life::Endless);
    }
    Ok(true)
}

fn add(call: &mut Call<'_, '_>, amount: i64) -> Result<Reply, Error> {
    let key = call.arg(1);
    let old = match call.string(key)? {
        Some(Str::Int(number) | Str::CopiedInt(number)) => number,
        Some(text) => integer(&text.bytes())?,
        None => 0,
    };
    let sum = old.checked_add(amount).ok_or(error::INCREMENT_OVERFLOW)?;
    call.put(key, Value::String(Str::Int(sum)), Life::Kept, "incrby");
    Ok(Reply::Integer(sum))
}

/// The length that a string will have when `more` bytes stand at `offset`, if that is allowed (`checkStringLength` of Redis).
fn checked_length(call: &Call<'_, '_>, offset: u64, more: usize) -> Result<u64, Error> {
    offset.checked_add(more as u64).filter(|end| *end <= call.store.limits().max_bulk).ok_or(error::TOO_LONG)
}

/// Whether a range ends before it starts, both ends counted from the back. Some commands find it empty before its ends are clamped.
pub fn is_reversed(start: i64, end: i64) -> bool {
    start < 0 && end < 0 && start > end
}

/// The first and last place of a range whose negative ends count from the back; `None` if it is empty.
pub fn clamp_range(start: i64, end: i64, len: usize) -> Option<(usize, usize)> {
    let len = len as i64;
    let from_front = |place: i64| if place < 0 { (len.saturating_add(place)).max(0) } else { place };
    let (start, end) = (from_front(start), from_front(end).min(len - 1));
    (len > 0 && start <= end).then_some((start as usize, end as usize))
}
