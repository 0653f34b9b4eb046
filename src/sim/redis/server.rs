//! The group `server`, but for COMMAND, which is in `introspect.rs`.

use super::call::{Call, db_index};
use super::command::{Command, Run};
use super::error::{self, Error};
use super::event::Event;
use super::group::Group;
use super::number::small_integer;
use super::reply::Reply;
use super::store::DATABASES;
use alloc::{string::ToString, vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Server, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("dbsize", 1, dbsize)
        .flags("readonly fast")
        .categories("keyspace")
        .tips("request_policy:all_shards response_policy:agg_sum")
        .takes("1.0.0", "")
        .says("Counts the keys of the selected database", "返回当前数据库的键数"),
    row("flushall", -1, flushall)
        .flags("write")
        .categories("keyspace dangerous")
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .takes("1.0.0", "[{async:ASYNC@4.0.0|SYNC@6.2.0}]")
        .says("Empties all databases", "清空所有数据库"),
    row("flushdb", -1, flushdb)
        .flags("write")
        .categories("keyspace dangerous")
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .takes("1.0.0", "[{async:ASYNC@4.0.0|SYNC@6.2.0}]")
        .says("Empties the selected database", "清空当前数据库"),
    row("swapdb", 3, swapdb)
        .flags("write fast")
        .categories("keyspace dangerous")
        .takes("4.0.0", "index1 index2")
        .says("Lets two databases change places", "交换两个数据库"),
    row("time", 1, time)
        .flags("loading stale fast")
        .tips("nondeterministic_output")
        .takes("2.6.0", "")
        .says("Tells the server's time: seconds since 1970, and microseconds", "返回服务器时间：Unix 秒数和微秒数"),
];

fn dbsize(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(call.store.database(call.db).len() as i64))
}

fn flushall(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    read_mode(call, 0..DATABASES)?;
    call.store.invalidate_all(call.cx);
    (0..DATABASES).for_each(|db| flush(call, db));
    // Redis saves then, if it is to save at all; it does not count that as a save.
    if !call.store.config.value("save").is_empty() {
        (call.store.dirty, call.store.host.saved.0) = (0, call.cx.now_ms);
    }
    call.replicates_anyway();
    Ok(Reply::OK)
}

fn flushdb(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    read_mode(call, call.db..call.db + 1)?;
    call.store.invalidate_all(call.cx);
    flush(call, call.db);
    call.replicates_anyway();
    Ok(Reply::OK)
}

fn swapdb(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let first = small_integer(call.arg(1)).map_err(|_| error::FIRST_DB_INDEX)?;
    let second = small_integer(call.arg(2)).map_err(|_| error::SECOND_DB_INDEX)?;
    let (first, second) = (db_index(first)?, db_index(second)?);
    let [one, other] = call.store.swap_databases(first, second);
    for (db, before, after) in [(first, &one, &other), (second, &other, &one)] {
        call.store.spoil_watches_of(db, before, Some(after), call.cx.now_ms);
        call.store.waiting.note_all(db);
    }
    call.store.dirty += 1;
    call.cx.tell(|| Event::Swapped { first, second });
    Ok(Reply::OK)
}

fn time(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let micros = call.cx.now_ms * 1000 + call.store.script_micros();
    let text = |number: u64| Reply::text(&number.to_string());
    Ok(Reply::Array(vec![text(micros / 1_000_000), text(micros % 1_000_000)]))
}

/// ASYNC or SYNC, which only tell a real server whether to wait.
fn read_mode(call: &mut Call<'_, '_>, databases: core::ops::Range<u8>) -> Result<(), Error> {
    let lazily =
        call.is_word(1, "async") || call.args.len() == 1 && call.store.config.is_on("lazyfree-lazy-user-flush");
    if lazily {
        let keys: u64 = databases.map(|db| call.store.database(db).len()).sum();
        call.store.stats_mut().lazyfreed += keys;
    }
    let known = call.args.len() == 1 || (call.args.len() == 2 && (call.is_word(1, "sync") || call.is_word(1, "async")));
    if known { Ok(()) } else { Err(error::SYNTAX) }
}

fn flush(call: &mut Call<'_, '_>, db: u8) {
    let before = call.store.flush(db);
    let keys = before.len();
    call.store.dirty += keys;
    if keys > 0 {
        call.store.spoil_watches_of(db, &before, None, call.cx.now_ms);
        call.store.waiting.note_all(db);
        call.cx.tell(|| Event::Flushed { db, keys });
    }
}
