//! The group `hash`.

use super::call::Call;
use super::command::{Command, Run};
use super::config::Config;
use super::error::{self, Error};
use super::group::Group;
use super::kind::{Hash, Kind};
use super::number::{parse_integer, signed_count};
use super::reply::{Reply, Resp};
use super::sample::places;
use super::scan_options::scan_collection;
use crate::bytes::Bytes;
use crate::longdouble::LongDouble;
use alloc::{string::ToString, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Hash, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("hset", -4, hset)
        .flags("write denyoom fast")
        .keys("1 RW update")
        .takes("2.0.0", "key {field_value:field value} [field value ...]")
        .says("Gives fields of a hash their values", "设置哈希中的字段"),
    row("hsetnx", 4, hsetnx)
        .flags("write denyoom fast")
        .keys("1 RW insert")
        .takes("2.0.0", "key field value")
        .says("Gives a field of a hash a value only if the field is not there yet", "仅当字段不存在时设置它的值"),
    row("hmset", -4, hmset)
        .flags("write denyoom fast")
        .keys("1 RW update")
        .takes("2.0.0", "key {field_value:field value} [field value ...]")
        .says("HSET that answers OK, as it was before HSET took several fields", "返回 OK 的 HSET，旧命令"),
    row("hget", 3, hget)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("2.0.0", "key field")
        .says("Reads a field of a hash", "读取哈希的一个字段"),
    row("hmget", -3, hmget)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("2.0.0", "key field [field ...]")
        .says("Reads several fields of a hash", "读取哈希的多个字段"),
    row("hgetall", 2, hgetall)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output_order")
        .takes("2.0.0", "key")
        .says("Reads all fields of a hash with their values", "读取哈希的所有字段和值"),
    row("hdel", -3, hdel)
        .flags("write fast")
        .keys("1 RW delete")
        .takes("2.0.0", "key field [field ...]")
        .says("Removes fields of a hash", "删除哈希的字段"),
    row("hlen", 2, hlen)
        .flags("readonly fast")
        .keys("1 RO")
        .takes("2.0.0", "key")
        .says("Tells how many fields a hash has", "返回哈希的字段个数"),
    row("hexists", 3, hexists)
        .flags("readonly fast")
        .keys("1 RO")
        .takes("2.0.0", "key field")
        .says("Tells whether a hash has a field", "判断哈希中是否有某个字段"),
    row("hkeys", 2, hkeys)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output_order")
        .takes("2.0.0", "key")
        .says("Lists the fields of a hash", "列出哈希的所有字段"),
    row("hvals", 2, hvals)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output_order")
        .takes("2.0.0", "key")
        .says("Lists the values of a hash", "列出哈希的所有值"),
    row("hstrlen", 3, hstrlen)
        .flags("readonly fast")
        .keys("1 RO")
        .takes("3.2.0", "key field")
        .says("Tells how many bytes the value of a field has", "返回字段值的字节数"),
    row("hincrby", 4, hincrby)
        .flags("write denyoom fast")
        .keys("1 RW access update")
        .takes("2.0.0", "key field increment")
        .says("Adds to the whole number in a field", "给字段里的整数加上一个数"),
    row("hincrbyfloat", 4, hincrbyfloat)
        .flags("write denyoom fast")
        .keys("1 RW access update")
        .takes("2.6.0", "key field increment%d")
        .says("Adds to the decimal number in a field", "给字段里的小数加上一个数"),
    row("hrandfield", -2, hrandfield)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output")
        .takes("6.2.0", "key [{options:count [WITHVALUES]}]")
        .says("Reads random fields of a hash", "随机读取哈希的字段"),
    row("hscan", -3, hscan)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output")
        .takes("2.8.0", "key cursor [MATCH pattern] [COUNT count]")
        .says("Walks over the fields of a hash, some at a time", "分批遍历哈希的字段"),
];

fn hset(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(set_fields(call)? as i64))
}

fn hsetnx(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, field, value) = (call.arg(1), call.arg(2), call.arg(3));
    if call.read::<Hash>(key)?.is_some_and(|hash| hash.get(field).is_some()) {
        return Ok(Reply::from(false));
    }
    call.change_or_make(key, |hash: &mut Hash, config| hash.set(field, value, config))?;
    call.changed(key, "hset");
    Ok(Reply::from(true))
}

fn hmset(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    set_fields(call)?;
    Ok(Reply::OK)
}

fn hget(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let field = call.arg(2);
    Ok(Reply::from(call.read::<Hash>(call.arg(1))?.and_then(|hash| hash.get(field)).cloned()))
}

fn hmget(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let fields = &call.args[2..];
    let hash = call.read::<Hash>(call.arg(1))?;
    let value = |field: &Bytes| Reply::from(hash.and_then(|hash| hash.get(field)).cloned());
    Ok(Reply::Array(fields.iter().map(value).collect()))
}

fn hgetall(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let pair = |(field, value): (&Bytes, &Bytes)| (Reply::Bulk(field.clone()), Reply::Bulk(value.clone()));
    let hash = call.read::<Hash>(call.arg(1))?;
    Ok(Reply::Map(hash.map_or_else(Vec::new, |hash| hash.iter().map(pair).collect())))
}

fn hdel(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, fields) = (call.arg(1), &call.args[2..]);
    let remove = |hash: &mut Hash, _: &Config| fields.iter().filter(|field| hash.remove(field)).count();
    let removed = call.change(key, remove)?.unwrap_or(0);
    if removed > 0 {
        call.changed(key, "hdel");
    }
    Ok(Reply::Integer(removed as i64))
}

fn hlen(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(call.read::<Hash>(call.arg(1))?.map_or(0, Kind::len) as i64))
}

fn hexists(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let field = call.arg(2);
    Ok(Reply::from(call.read::<Hash>(call.arg(1))?.is_some_and(|hash| hash.get(field).is_some())))
}

fn hkeys(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    list(call, |(field, _)| field)
}

fn hvals(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    list(call, |(_, value)| value)
}

fn hstrlen(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let field = call.arg(2);
    let value = call.read::<Hash>(call.arg(1))?.and_then(|hash| hash.get(field));
    Ok(Reply::Integer(value.map_or(0, |value| value.len() as i64)))
}

fn hincrby(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, field, amount) = (call.arg(1), call.arg(2), call.integer(3)?);
    let old = match call.read::<Hash>(key)?.and_then(|hash| hash.get(field)) {
        Some(text) => parse_integer(text).ok_or(error::HASH_NOT_INTEGER)?,
        None => 0,
    };
    let sum = old.checked_add(amount).ok_or(error::INCREMENT_OVERFLOW)?;
    let text = Bytes::from(sum.to_string());
    call.change_or_make(key, |hash: &mut Hash, config| hash.set(field, &text, config))?;
    call.changed(key, "hincrby");
    Ok(Reply::Integer(sum))
}

fn hincrbyfloat(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, field) = (call.arg(1), call.arg(2));
    let amount = LongDouble::parse(call.arg(3)).ok_or(error::NOT_FLOAT)?;
    if !amount.is_finite() {
        return Err(error::INFINITE_AMOUNT);
    }
    let old = match call.read::<Hash>(key)?.and_then(|hash| hash.get(field)) {
        Some(text) => LongDouble::parse(text).ok_or(error::HASH_NOT_FLOAT)?,
        None => LongDouble::ZERO,
    };
    let text = Bytes::from(old.add(&amount).ok_or(error::NAN_OR_INFINITY)?.to_text());
    call.change_or_make(key, |hash: &mut Hash, config| hash.set(field, &text, config))?;
    call.changed(key, "hincrbyfloat");
    call.replicates_with(&[(0, b"HSET"), (3, &text)]);
    Ok(Reply::Bulk(text))
}

fn hrandfield(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let count = call.args.get(2).map(|count| signed_count(count)).transpose()?;
    let with_values = match call.args.len() {
        2 | 3 => false,
        4 if call.is_word(3, "withvalues") => true,
        _ => return Err(error::SYNTAX),
    };
    if with_values && count.is_some_and(|count| count.unsigned_abs() > (i64::MAX / 2).unsigned_abs()) {
        return Err(error::OUT_OF_RANGE);
    }
    let key = call.arg(1);
    let len = call.read::<Hash>(key)?.map_or(0, Kind::len);
    let places = places(call, len, count.unwrap_or(1))?;
    // Pairs are arrays of their own in RESP3 and stand one after the other in RESP2.
    let nested = call.state().resp == Resp::V3;
    let Some(hash) = call.read::<Hash>(key)? else {
        return Ok(if count.is_some() { Reply::Array(Vec::new()) } else { Reply::Nil });
    };
    let mut fields = places.into_iter().filter_map(|place| hash.nth(place));
    Ok(match count {
        None => Reply::from(fields.next().map(|(field, _)| field.clone())),
        Some(_) if !with_values => Reply::Array(fields.map(|(field, _)| Reply::Bulk(field.clone())).collect()),
        Some(_) if nested => {
            Reply::Array(fields.map(|(field, value)| Reply::Array(both(field, value).into())).collect())
        }
        Some(_) => Reply::Array(fields.flat_map(|(field, value)| both(field, value)).collect()),
    })
}

fn hscan(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    scan_collection(call, Hash::scan)
}

fn both(field: &Bytes, value: &Bytes) -> [Reply; 2] {
    [Reply::Bulk(field.clone()), Reply::Bulk(value.clone())]
}

/// HSET and HMSET; how many fields are new.
fn set_fields(call: &mut Call<'_, '_>) -> Result<usize, Error> {
    if !call.args.len().is_multiple_of(2) {
        return Err(error::arity(call.command.name));
    }
    let (key, pairs) = (call.arg(1), &call.args[2..]);
    let new = call.change_or_make(key, |hash: &mut Hash, config: &Config| {
        hash.widen_for(pairs, config);
        pairs.chunks_exact(2).filter(|pair| hash.set(&pair[0], &pair[1], config)).count()
    })?;
    call.changed(key, "hset");
    Ok(new)
}

/// HKEYS and HVALS.
fn list(call: &mut Call<'_, '_>, part: for<'b> fn((&'b Bytes, &'b Bytes)) -> &'b Bytes) -> Result<Reply, Error> {
    let hash = call.read::<Hash>(call.arg(1))?;
    Ok(Reply::Array(
        hash.map_or_else(Vec::new, |hash| hash.iter().map(|pair| Reply::Bulk(part(pair).clone())).collect()),
    ))
}
