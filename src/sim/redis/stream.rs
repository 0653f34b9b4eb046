//! The group `stream`: the rows of all its commands, and those that work on entries. Reading is in `stream_read.rs`, groups are in
//! `stream_group.rs`, XINFO is in `stream_info.rs`, ids and bounds are in `stream_args.rs`.

use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::introspect::{bare_container, help};
use super::kind::stream::{Bound, Fields, Id, NewId, Refusal, Stream};
use super::reply::Reply;
use super::stream_args::{Options, Trim, end_id, start_id, strict_id};
use super::stream_group::{
    xack, xautoclaim, xclaim, xgroup_create, xgroup_createconsumer, xgroup_delconsumer, xgroup_destroy, xgroup_setid,
    xpending,
};
use super::stream_info::{xinfo_consumers, xinfo_groups, xinfo_stream};
use super::stream_read::{xread, xreadgroup};
use crate::bytes::Bytes;
use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Stream, name, arity, run)
}

/// The rows, in alphabetical order.
pub const COMMANDS: &[Command] = &[
    row("xack", -4, xack)
        .flags("write fast")
        .keys("1 RW update")
        .takes("5.0.0", "key group id [id ...]")
        .says("Acknowledges entries for a group", "代表消费者组确认消息"),
    row("xadd", -5, xadd)
        .flags("write denyoom fast")
        .keys("1 RW update")
        .tips("nondeterministic_output")
        .takes(
            "5.0.0",
            "key [NOMKSTREAM@6.2.0] [{trim:{strategy:MAXLEN|MINID@6.2.0} [{operator:{equal:=}|{approximately:~}}] threshold [LIMIT \
                count@6.2.0]}] {id_or_auto:{auto_id:*}|id} {field_value:field value} [field value ...]",
        )
        .says("Adds an entry to the end of a stream", "在流的末尾添加一条消息"),
    row("xautoclaim", -6, xautoclaim)
        .flags("write fast")
        .keys("1 RW delete")
        .tips("nondeterministic_output")
        .takes("6.2.0", "key group consumer min-idle-time start%s [COUNT count] [JUSTID]")
        .says("Hands entries that wait too long to another consumer", "把等待过久的消息转给另一个消费者"),
    row("xclaim", -6, xclaim)
        .flags("write fast")
        .keys("1 RW update")
        .tips("nondeterministic_output")
        .takes(
            "5.0.0",
            "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]",
        )
        .says("Hands pending entries to another consumer", "把待确认的消息转给另一个消费者"),
    row("xdel", -3, xdel)
        .flags("write fast")
        .keys("1 RW delete")
        .takes("5.0.0", "key id [id ...]")
        .says("Takes entries out of a stream", "从流中删除消息"),
    row("xgroup", -2, bare_container)
        .container()
        .takes("5.0.0", "")
        .says("Makes and changes consumer groups", "创建和修改消费者组"),
    row("xgroup|create", -5, xgroup_create)
        .flags("write denyoom")
        .keys("2 RW insert")
        .takes("5.0.0", "key groupname {id:id|{new_id:$}} [MKSTREAM] [ENTRIESREAD entries_read]")
        .says("Makes a consumer group", "创建消费者组"),
    row("xgroup|createconsumer", 5, xgroup_createconsumer)
        .flags("write denyoom")
        .keys("2 RW insert")
        .takes("6.2.0", "key groupname consumername")
        .says("Makes a consumer of a group", "在组中创建消费者"),
    row("xgroup|delconsumer", 5, xgroup_delconsumer)
        .flags("write")
        .keys("2 RW delete")
        .takes("5.0.0", "key groupname consumername")
        .says("Takes a consumer out of a group", "从组中删除消费者"),
    row("xgroup|destroy", 4, xgroup_destroy)
        .flags("write")
        .keys("2 RW delete")
        .takes("5.0.0", "key groupname")
        .says("Takes a consumer group away", "删除消费者组"),
    row("xgroup|help", 2, help)
        .flags("loading stale")
        .categories("stream")
        .takes("5.0.0", "")
        .says("Lists the subcommands", "列出子命令"),
    row("xgroup|setid", -5, xgroup_setid)
        .flags("write")
        .keys("2 RW update")
        .takes("5.0.0", "key groupname {id:id|{new_id:$}} [ENTRIESREAD entries_read]")
        .says("Sets how far a group has read", "设置消费者组的读取位置"),
    row("xinfo", -2, bare_container)
        .container()
        .takes("5.0.0", "")
        .says("Tells about streams and their groups", "查看流和消费者组"),
    row("xinfo|consumers", 4, xinfo_consumers)
        .flags("readonly")
        .keys("2 RO access")
        .tips("nondeterministic_output")
        .takes("5.0.0", "key groupname")
        .says("Lists the consumers of a group", "列出组中的消费者"),
    row("xinfo|groups", 3, xinfo_groups)
        .flags("readonly")
        .keys("2 RO access")
        .takes("5.0.0", "key")
        .says("Lists the groups of a stream", "列出流的消费者组"),
    row("xinfo|help", 2, help)
        .flags("loading stale")
        .categories("stream")
        .takes("5.0.0", "")
        .says("Lists the subcommands", "列出子命令"),
    row("xinfo|stream", -3, xinfo_stream)
        .flags("readonly")
        .keys("2 RO access")
        .takes("5.0.0", "key [FULL {full:[COUNT count]}]")
        .says("Tells about a stream", "返回流的信息"),
    row("xlen", 2, xlen)
        .flags("readonly fast")
        .keys("1 RO")
        .takes("5.0.0", "key")
        .says("Counts the entries of a stream", "返回流的消息数"),
    row("xpending", -3, xpending)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output")
        .takes("5.0.0", "key group [{filters:[IDLE min-idle-time%i@6.2.0] start%s end%s count [consumer]}]")
        .says("Lists what was delivered and not acknowledged", "列出已投递但未确认的消息"),
    row("xrange", -4, xrange)
        .flags("readonly")
        .keys("1 RO access")
        .takes("5.0.0", "key start%s end%s [COUNT count]")
        .says("Reads the entries between two ids", "读取两个编号之间的消息"),
    row("xread", -4, xread)
        .flags("readonly blocking movablekeys")
        .keys("STREAMS@1:-1%2 RO access")
        .takes("5.0.0", "[COUNT count] [BLOCK milliseconds] STREAMS {streams:key [key ...] id [id ...]}")
        .says("Reads what comes behind given ids, and may wait for it", "读取各流中指定编号之后的消息，可等待"),
    row("xreadgroup", -7, xreadgroup)
        .flags("write blocking movablekeys")
        .keys("STREAMS@4:-1%2 RO access")
        .takes(
            "5.0.0",
            "GROUP {group_consumer:group consumer} [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS {streams:key [key ...] id [id ...]}",
        )
        .says("Reads as a consumer of a group what nobody in it has read", "以组内消费者身份读取新消息"),
    row("xrevrange", -4, xrevrange)
        .flags("readonly")
        .keys("1 RO access")
        .takes("5.0.0", "key end%s start%s [COUNT count]")
        .says("Reads the entries between two ids, the last one first", "倒序读取两个编号之间的消息"),
    row("xsetid", -3, xsetid)
        .flags("write denyoom fast")
        .keys("1 RW update")
        .takes("5.0.0", "key last-id [ENTRIESADDED entries_added@7.0.0] [MAXDELETEDID max_deleted_entry_id@7.0.0]")
        .says("Sets the last id of a stream", "设置流的最后编号"),
    row("xtrim", -4, xtrim)
        .flags("write")
        .keys("1 RW delete")
        .tips("nondeterministic_output")
        .takes("5.0.0", "key {trim:{strategy:MAXLEN|MINID@6.2.0} [{operator:{equal:=}|{approximately:~}}] threshold [LIMIT count@6.2.0]}")
        .says("Takes old entries out of a stream", "裁剪流中的旧消息"),
];

/// An id as a reply.
pub fn id_reply(id: Id) -> Reply {
    Reply::text(&id.text())
}

/// An entry as a reply: its id and its fields.
pub fn entry_reply(id: Id, fields: &Fields) -> Reply {
    let flat = fields.iter().flat_map(|(name, value)| [Reply::Bulk(name.clone()), Reply::Bulk(value.clone())]);
    Reply::Array(vec![id_reply(id), Reply::Array(flat.collect())])
}

fn xadd(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let options = Options::read(call, true)?;
    let fields = call.args.get(options.place + 1..).unwrap_or_default();
    if fields.len() < 2 || !fields.len().is_multiple_of(2) {
        return Err(error::arity(call.command.name));
    }
    if options.id == NewId::Whole(Id::MIN) {
        return Err(error::STREAM_ID_ZERO);
    }
    let (key, now_ms) = (call.arg(1), call.cx.now_ms);
    let id = match call.read::<Stream>(key)? {
        None if options.no_make => return Ok(Reply::Nil),
        Some(stream) if stream.last_id == Id::MAX => return Err(error::STREAM_EXHAUSTED),
        Some(stream) => stream.new_id(options.id, now_ms),
        None => Stream::default().new_id(options.id, now_ms),
    };
    let id = id.map_err(|refusal| match refusal {
        Refusal::TooSmall => error::STREAM_ID_SMALL,
        Refusal::NoNumberLeft => error::STREAM_TOO_LARGE,
    })?;
    let pairs: Fields = fields.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
    call.change_or_make::<Stream, _>(key, |stream, config| stream.append(id, pairs, config))?;
    call.changed(key, "xadd");
    if let Some(trim) = options.trim {
        trim_stream(call, key, trim)?;
    }
    replicate_exactly(call, key, &options, Some(id));
    Ok(id_reply(id))
}

fn xtrim(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let options = Options::read(call, false)?;
    let key = call.arg(1);
    let Some(trim) = options.trim else { return Err(error::TRIM_NOTHING) };
    let deleted = trim_stream(call, key, trim)?;
    if deleted > 0 {
        replicate_exactly(call, key, &options, None);
    }
    Ok(Reply::Integer(deleted as i64))
}

/// Replicas are told the id that an entry got, and where trimming ended rather than about where.
fn replicate_exactly(call: &mut Call<'_, '_>, key: &Bytes, options: &Options, id: Option<Id>) {
    use super::kind::Kind;
    let entry = call.store.database(call.db).get(key);
    let Some(stream) = entry.and_then(|entry| Stream::of(&entry.value)) else { return };
    let mut changed: Vec<(usize, String)> = Vec::new();
    if let Some(trim) = options.trim.filter(|trim| trim.approximate) {
        let end = match trim.bound {
            Bound::Length(_) => format!("{}", stream.len()),
            Bound::From(_) => stream.range(Id::MIN, Id::MAX).next().map_or(Id::MIN, |(first, _)| first).text(),
        };
        changed.extend([(trim.place - 1, "=".to_string()), (trim.place, end)]);
    }
    changed.extend(id.map(|id| (options.place, id.text())));
    let changed: Vec<(usize, &[u8])> = changed.iter().map(|(place, word)| (*place, word.as_bytes())).collect();
    call.replicates_with(&changed);
}

/// Tells replicas who has which entries of a group now; one that is pending no more is acknowledged.
pub fn replicate_claims(call: &mut Call<'_, '_>, key: &Bytes, name: &Bytes, ids: &[Id]) {
    use super::kind::Kind;
    call.replicates(&[]);
    if !call.store.replication.is_on() {
        return;
    }
    for id in ids {
        let entry = call.store.database(call.db).get(key);
        let group = entry.and_then(|entry| Stream::of(&entry.value)).and_then(|stream| stream.group(name));
        let Some(group) = group else { return };
        let (id, last) = (id.text(), group.last_id.text());
        let Some(pending) = group.pending().get(&strict_id(id.as_bytes()).unwrap_or(Id::MIN)).cloned() else {
            call.replicates(&[&[b"XACK", key, name, id.as_bytes()]]);
            continue;
        };
        let (at, times) = (format!("{}", pending.delivered_ms), format!("{}", pending.times));
        let moment: [&[u8]; 4] = [b"TIME", at.as_bytes(), b"RETRYCOUNT", times.as_bytes()];
        let head: [&[u8]; 6] = [b"XCLAIM", key, name, &pending.consumer, b"0", id.as_bytes()];
        let tail: [&[u8]; 4] = [b"FORCE", b"JUSTID", b"LASTID", last.as_bytes()];
        call.replicates(&[&[&head[..], &moment, &tail].concat()]);
    }
}

/// Tells replicas how far a group has read.
pub fn replicate_last(call: &mut Call<'_, '_>, key: &Bytes, name: &Bytes) {
    use super::kind::Kind;
    let entry = call.store.database(call.db).get(key);
    let group = entry.and_then(|entry| Stream::of(&entry.value)).and_then(|stream| stream.group(name));
    let Some(group) = group else { return };
    let (last, read) = (group.last_id.text(), format!("{}", group.entries_read));
    call.replicates(&[&[b"XGROUP", b"SETID", key, name, last.as_bytes(), b"ENTRIESREAD", read.as_bytes()]]);
}

fn trim_stream(call: &mut Call<'_, '_>, key: &Bytes, trim: Trim) -> Result<u64, Error> {
    let deleted =
        call.change::<Stream, _>(key, |stream, _| stream.trim(trim.bound, trim.approximate, trim.limit))?.unwrap_or(0);
    if deleted > 0 {
        call.changed(key, "xtrim");
    }
    Ok(deleted)
}

fn xlen(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    use super::kind::Kind;
    Ok(Reply::Integer(call.read::<Stream>(call.arg(1))?.map_or(0, |stream| stream.len() as i64)))
}

fn xrange(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    range(call, false)
}

fn xrevrange(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    range(call, true)
}

fn range(call: &mut Call<'_, '_>, backwards: bool) -> Result<Reply, Error> {
    let (from, to) = if backwards { (3, 2) } else { (2, 3) };
    let (from, to) = (start_id(call.arg(from))?, end_id(call.arg(to))?);
    let (mut count, mut place) = (-1, 4);
    while place < call.args.len() {
        if !call.is_word(place, "count") || place + 1 >= call.args.len() {
            return Err(error::SYNTAX);
        }
        count = call.integer(place + 1)?.max(0);
        place += 2;
    }
    let Some(stream) = call.read::<Stream>(call.arg(1))? else { return Ok(Reply::Array(Vec::new())) };
    let entries = stream.range(from, to).map(|(id, fields)| entry_reply(id, fields));
    let most = match count {
        0 => return Ok(Reply::NilArray),
        -1 => usize::MAX,
        count => count as usize,
    };
    Ok(Reply::Array(if backwards { entries.rev().take(most).collect() } else { entries.take(most).collect() }))
}

fn xdel(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let key = call.arg(1);
    if call.read::<Stream>(key)?.is_none() {
        return Ok(Reply::Integer(0));
    }
    let ids = call.args[2..].iter().map(|id| strict_id(id)).collect::<Result<Vec<_>, _>>()?;
    let deleted = call.change::<Stream, _>(key, |stream, _| stream.delete(&ids))?.unwrap_or(0);
    if deleted > 0 {
        call.changed(key, "xdel");
    }
    Ok(Reply::Integer(deleted as i64))
}

fn xsetid(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    use super::kind::Kind;
    let id = strict_id(call.arg(2))?;
    let (mut added, mut deleted, mut place) = (None, Id::MIN, 3);
    while place < call.args.len() {
        let more = place + 1 < call.args.len();
        if call.is_word(place, "entriesadded") && more {
            added = Some(u64::try_from(call.integer(place + 1)?).map_err(|_| error::SETID_ADDED)?);
        } else if call.is_word(place, "maxdeletedid") && more {
            deleted = strict_id(call.arg(place + 1))?;
            if id < deleted {
                return Err(error::SETID_DELETED);
            }
        } else {
            return Err(error::SYNTAX);
        }
        place += 2;
    }
    let key = call.arg(1);
    let stream = call.read::<Stream>(key)?.ok_or(error::NO_SUCH_KEY)?;
    if !stream.is_empty() {
        if id < stream.last_entry_id() {
            return Err(error::SETID_SMALL);
        }
        if added.is_some_and(|added| added < stream.len() as u64) {
            return Err(error::SETID_LENGTH);
        }
    }
    call.change::<Stream, _>(key, |stream, _| {
        stream.last_id = id;
        stream.entries_added = added.unwrap_or(stream.entries_added);
        if deleted != Id::MIN {
            stream.max_deleted_id = deleted;
        }
    })?;
    call.noted(key, "xsetid", true);
    Ok(Reply::OK)
}
