//! The group `generic`: what works on keys of any type. How long keys live is in `expire.rs`.

use super::call::{Call, Life};
use super::command::{Command, Run};
use super::error::{self, Error};
use super::glob;
use super::group::Group;
use super::introspect::{bare_container, help};
use super::number::cursor;
use super::reply::Reply;
use super::scan_options::{ScanOptions, found};
use super::value::{Str, Value};
use crate::bytes::Bytes;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Generic, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("del", -2, del)
        .flags("write")
        .keys("1:-1 RM delete")
        .tips("request_policy:multi_shard response_policy:agg_sum")
        .takes("1.0.0", "key [key ...]")
        .says("Removes keys", "删除键"),
    row("unlink", -2, unlink)
        .flags("write fast")
        .keys("1:-1 RM delete")
        .tips("request_policy:multi_shard response_policy:agg_sum")
        .takes("4.0.0", "key [key ...]")
        .says("Removes keys; a real server frees their memory in the background", "删除键，真实服务器会在后台释放内存"),
    row("exists", -2, exists)
        .flags("readonly fast")
        .keys("1:-1 RO")
        .tips("request_policy:multi_shard response_policy:agg_sum")
        .takes("1.0.0", "key [key ...]")
        .says("Counts how many of these keys are there", "统计给出的键里有多少个存在"),
    row("touch", -2, touch)
        .flags("readonly fast")
        .keys("1:-1 RO")
        .tips("request_policy:multi_shard response_policy:agg_sum")
        .takes("3.2.1", "key [key ...]")
        .says("Marks keys as just used and counts those that are there", "把键标记为刚被使用，返回存在的个数"),
    row("type", 2, type_of)
        .flags("readonly fast")
        .keys("1 RO")
        .takes("1.0.0", "key")
        .says("Tells which type a key holds", "返回键的类型"),
    row("keys", 2, keys)
        .flags("readonly")
        .categories("dangerous")
        .tips("request_policy:all_shards nondeterministic_output_order")
        .takes("1.0.0", "pattern")
        .says("Lists every key that matches a pattern", "列出所有匹配模式的键"),
    row("scan", -2, scan)
        .flags("readonly")
        .tips("nondeterministic_output request_policy:special")
        .takes("2.8.0", "cursor [MATCH pattern] [COUNT count] [TYPE type@6.0.0]")
        .says("Walks through the keys, a few with each call", "分批遍历所有键"),
    row("randomkey", 1, randomkey)
        .flags("readonly")
        .tips("request_policy:all_shards nondeterministic_output")
        .takes("1.0.0", "")
        .says("Returns any one of the keys", "随机返回一个键"),
    row("rename", 3, rename)
        .flags("write")
        .keys("1 RW access delete;2 OW update")
        .takes("1.0.0", "key newkey")
        .says("Gives a key another name, in the place of a key that has it", "重命名键，覆盖已有的同名键"),
    row("renamenx", 3, renamenx)
        .flags("write fast")
        .keys("1 RW access delete;2 OW insert")
        .takes("1.0.0", "key newkey")
        .says("Gives a key another name only if no key has it", "仅当新名字未被使用时重命名"),
    row("copy", -3, copy)
        .flags("write denyoom")
        .keys("1 RO access;2 OW update")
        .takes("6.2.0", "source destination [DB destination-db] [REPLACE]")
        .says("Copies a key with its value and its life", "复制键的值和过期时间"),
    row("move", 3, move_key)
        .flags("write fast")
        .keys("1 RW access update")
        .takes("1.0.0", "key db")
        .says("Moves a key into another database", "把键移到另一个数据库"),
    row("object", -2, bare_container)
        .container()
        .takes("2.2.3", "")
        .says("Looks at how a key is kept", "查看键的内部存储方式"),
    row("object|encoding", 3, object_encoding)
        .flags("readonly")
        .keys("2 RO")
        .tips("nondeterministic_output")
        .takes("2.2.3", "key")
        .says("Tells how a value is kept in memory", "返回值在内存里的编码"),
    row("object|freq", 3, object_freq)
        .flags("readonly")
        .keys("2 RO")
        .tips("nondeterministic_output")
        .takes("4.0.0", "key")
        .says("Tells how often a key was used, under a policy that counts it", "返回键的访问频率（需要 LFU 策略）"),
    row("object|help", 2, help).flags("loading stale").takes("6.2.0", "").says("Lists the subcommands", "列出子命令"),
    row("object|idletime", 3, object_idletime)
        .flags("readonly")
        .keys("2 RO")
        .tips("nondeterministic_output")
        .takes("2.2.3", "key")
        .says("Tells for how many seconds a key was not used", "返回键未被使用的秒数"),
    row("object|refcount", 3, object_refcount)
        .flags("readonly")
        .keys("2 RO")
        .tips("nondeterministic_output")
        .takes("2.2.3", "key")
        .says("Tells how many times a value is referred to", "返回值的引用计数"),
];

fn unlink(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    for key in &call.args[1..] {
        let counts = call.entry(key).is_some_and(|entry| entry.value.is_laborious());
        call.store.stats_mut().lazyfreed += u64::from(counts);
    }
    remove(call)
}

fn del(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if call.store.config.is_on("lazyfree-lazy-user-del") { unlink(call) } else { remove(call) }
}

fn remove(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let deleted = call.args[1..].iter().filter(|key| call.delete(key, "del")).count();
    Ok(Reply::Integer(deleted as i64))
}

fn exists(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(call.args[1..].iter().filter(|key| call.exists(key)).count() as i64))
}

fn touch(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(call.args[1..].iter().filter(|key| call.value(key).is_some()).count() as i64))
}

fn type_of(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::status(call.entry(call.arg(1)).map_or("none", |entry| entry.value.type_name())))
}

fn keys(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (pattern, now_ms) = (call.arg(1), call.cx.now_ms);
    let alive = call.store.database(call.db).iter().filter(|(_, entry)| !entry.is_over(now_ms));
    let found = alive.filter(|(key, _)| glob::matches(pattern, key, false)).map(|(key, _)| Reply::Bulk(key.clone()));
    Ok(Reply::Array(found.collect()))
}

fn scan(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let from = cursor(call.arg(1))?;
    let options = ScanOptions::read(call, 2, true)?;
    let (next, mut keys) = call.store.database_mut(call.db).scan(from, options.count);
    keys.retain(|key| {
        options.matches(key)
            && call.entry(key).is_some_and(|entry| {
                options.type_name.is_none_or(|name| name.eq_ignore_ascii_case(entry.value.type_name().as_bytes()))
            })
    });
    Ok(found(next, keys.into_iter().map(Reply::Bulk).collect()))
}

fn randomkey(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    // Each key whose time has passed is removed when it is met, so this ends.
    while let Some(key) = call.store.database(call.db).random(call.cx.prng) {
        if call.exists(&key) {
            return Ok(Reply::Bulk(key));
        }
    }
    Ok(Reply::Nil)
}

fn rename(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    rename_unless(call, false)?;
    Ok(Reply::OK)
}

fn renamenx(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    rename_unless(call, true).map(Reply::from)
}

fn copy(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (mut db, mut replace, mut place) = (call.db, false, 3);
    while place < call.args.len() {
        if call.is_word(place, "replace") {
            replace = true;
        } else if call.is_word(place, "db") && place + 1 < call.args.len() {
            db = call.db_index(place + 1)?;
            place += 1;
        } else {
            return Err(error::SYNTAX);
        }
        place += 1;
    }
    let (from, to) = (call.arg(1), call.arg(2));
    if db == call.db && from == to {
        return Err(error::SAME_OBJECT);
    }
    let Some(value) = call.value(from) else { return Ok(Reply::from(false)) };
    if call.look_in(db, to) && !replace {
        return Ok(Reply::from(false));
    }
    let life = life_of(call, from);
    let value = match value {
        Value::String(Str::Int(number)) => Value::String(Str::CopiedInt(number)),
        Value::String(_) | Value::List(_) | Value::Set(_) | Value::Hash(_) | Value::Zset(_) | Value::Stream(_) => value,
    };
    call.put_in(db, to, value, life, "copy_to");
    Ok(Reply::from(true))
}

fn move_key(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, db) = (call.arg(1), call.db_index(2)?);
    if db == call.db {
        return Err(error::SAME_OBJECT);
    }
    let Some(value) = call.value(key) else { return Ok(Reply::from(false)) };
    if call.look_in(db, key) {
        return Ok(Reply::from(false));
    }
    let life = life_of(call, key);
    call.tell_new(db, key);
    call.delete(key, "move_from");
    call.put_in(db, key, value, life, "move_to");
    Ok(Reply::from(true))
}

fn object_encoding(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(call.entry(call.arg(2)).map_or(Reply::Nil, |entry| Reply::text(entry.value.encoding().name())))
}

fn object_freq(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (now_ms, (_, decay), counts) =
        (call.cx.now_ms, call.store.config.lfu, call.store.config.maxmemory_policy.is_lfu());
    let Some(entry) = call.entry(call.arg(2)) else { return Ok(Reply::Nil) };
    if counts { Ok(Reply::Integer(i64::from(entry.frequency_at(now_ms, decay)))) } else { Err(error::NO_LFU) }
}

fn object_idletime(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let now_ms = call.cx.now_ms;
    // Redis's clock for this ticks in whole seconds.
    let idle = |accessed_ms: u64| Reply::Integer((now_ms / 1000).saturating_sub(accessed_ms / 1000) as i64);
    let counts_uses = call.store.config.maxmemory_policy.is_lfu();
    match call.entry(call.arg(2)) {
        Some(_) if counts_uses => Err(error::NO_LRU),
        entry => Ok(entry.map_or(Reply::Nil, |entry| idle(entry.accessed_ms))),
    }
}

fn object_refcount(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let count = |value: &Value| match value {
        // Redis shares one object for each of these numbers, and says so with the largest count.
        Value::String(Str::Int(0..=9999)) => i64::from(i32::MAX),
        Value::String(_) | Value::List(_) | Value::Set(_) | Value::Hash(_) | Value::Zset(_) | Value::Stream(_) => 1,
    };
    Ok(call.entry(call.arg(2)).map_or(Reply::Nil, |entry| Reply::Integer(count(&entry.value))))
}

/// How long a key that is there has to live.
fn life_of(call: &mut Call<'_, '_>, key: &Bytes) -> Life {
    call.entry(key).and_then(|entry| entry.expires_at_ms).map_or(Life::Endless, Life::Until)
}

/// RENAME and RENAMENX; whether the key has its new name.
fn rename_unless(call: &mut Call<'_, '_>, taken: bool) -> Result<bool, Error> {
    let (from, to) = (call.arg(1), call.arg(2));
    let value = call.value(from).ok_or(error::NO_SUCH_KEY)?;
    if from == to {
        return Ok(!taken);
    }
    if call.look_in(call.db, to) && taken {
        return Ok(false);
    }
    let life = life_of(call, from);
    call.tell_new(call.db, to);
    call.delete(from, "rename_from");
    call.put(to, value, life, "rename_to");
    Ok(true)
}
