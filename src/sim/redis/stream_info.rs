//! XINFO: what there is to know of a stream, its groups and their consumers.

use super::call::Call;
use super::error::{self, Error};
use super::kind::Kind;
use super::kind::stream::{Consumer, Group, Id, Stream, UNKNOWN_READ};
use super::reply::Reply;
use super::stream::{entry_reply, id_reply};
use crate::bytes::Bytes;
use alloc::{vec, vec::Vec};

fn pair(name: &str, value: Reply) -> (Reply, Reply) {
    (Reply::text(name), value)
}

fn number(count: usize) -> Reply {
    Reply::Integer(count as i64)
}

fn unless_unknown(count: Option<i64>) -> Reply {
    count.map_or(Reply::Nil, Reply::Integer)
}

pub fn xinfo_stream(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let refusal = || error::subcommand_or_arity(&call.args[0], &call.args[1]);
    // The key is looked for before the options are read.
    let options = match call.args.len() {
        3 => Ok(None),
        4 if call.is_word(3, "full") => Ok(Some(10)),
        6 if call.is_word(3, "full") && call.is_word(4, "count") => {
            call.integer(5).map(|count| Some(u64::try_from(count).unwrap_or(10)))
        }
        _ => Err(refusal()),
    };
    let stream = call.read::<Stream>(call.arg(2))?.ok_or(error::NO_SUCH_KEY)?;
    let mut pairs = vec![
        pair("length", number(stream.len())),
        pair("radix-tree-keys", number(stream.nodes().count())),
        pair("radix-tree-nodes", Reply::Integer(stream.tree_nodes() as i64)),
        pair("last-generated-id", id_reply(stream.last_id)),
        pair("max-deleted-entry-id", id_reply(stream.max_deleted_id)),
        pair("entries-added", Reply::Integer(stream.entries_added as i64)),
        pair("recorded-first-entry-id", id_reply(stream.first_id)),
    ];
    let mut all = stream.range(Id::MIN, Id::MAX).map(|(id, fields)| entry_reply(id, fields));
    match options? {
        None => {
            pairs.push(pair("groups", number(stream.groups().len())));
            let last = stream.range(Id::MIN, Id::MAX).next_back().map(|(id, fields)| entry_reply(id, fields));
            pairs.push(pair("first-entry", all.next().unwrap_or(Reply::Nil)));
            pairs.push(pair("last-entry", last.unwrap_or(Reply::Nil)));
        }
        Some(count) => {
            let most = if count == 0 { usize::MAX } else { usize::try_from(count).unwrap_or(usize::MAX) };
            pairs.push(pair("entries", Reply::Array(all.take(most).collect())));
            let groups = stream.groups().iter().map(|(name, group)| full_group(stream, name, group, most));
            pairs.push(pair("groups", Reply::Array(groups.collect())));
        }
    }
    Ok(Reply::Map(pairs))
}

fn full_group(stream: &Stream, name: &Bytes, group: &Group, most: usize) -> Reply {
    let pending = group.pending().iter().take(most).map(|(id, pending)| {
        let (delivered, times) = (pending.delivered_ms as i64, pending.times as i64);
        let parts = [id_reply(*id), Reply::Bulk(pending.consumer.clone())];
        Reply::Array(parts.into_iter().chain([Reply::Integer(delivered), Reply::Integer(times)]).collect())
    });
    let consumers = group.consumers().iter().map(|(name, consumer)| full_consumer(group, name, consumer, most));
    Reply::Map(vec![
        pair("name", Reply::Bulk(name.clone())),
        pair("last-delivered-id", id_reply(group.last_id)),
        pair("entries-read", unless_unknown(Some(group.entries_read).filter(|read| *read != UNKNOWN_READ))),
        pair("lag", unless_unknown(stream.lag(group))),
        pair("pel-count", number(group.pending().len())),
        pair("pending", Reply::Array(pending.collect())),
        pair("consumers", Reply::Array(consumers.collect())),
    ])
}

fn full_consumer(group: &Group, name: &Bytes, consumer: &Consumer, most: usize) -> Reply {
    let pending = consumer.pending.iter().take(most).filter_map(|id| {
        let pending = group.pending().get(id)?;
        let (delivered, times) = (pending.delivered_ms as i64, pending.times as i64);
        Some(Reply::Array(vec![id_reply(*id), Reply::Integer(delivered), Reply::Integer(times)]))
    });
    Reply::Map(vec![
        pair("name", Reply::Bulk(name.clone())),
        pair("seen-time", Reply::Integer(consumer.seen_ms as i64)),
        pair("pel-count", number(consumer.pending.len())),
        pair("pending", Reply::Array(pending.collect())),
    ])
}

pub fn xinfo_groups(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let stream = call.read::<Stream>(call.arg(2))?.ok_or(error::NO_SUCH_KEY)?;
    let row = |(name, group): (&Bytes, &Group)| {
        Reply::Map(vec![
            pair("name", Reply::Bulk(name.clone())),
            pair("consumers", number(group.consumers().len())),
            pair("pending", number(group.pending().len())),
            pair("last-delivered-id", id_reply(group.last_id)),
            pair("entries-read", unless_unknown(Some(group.entries_read).filter(|read| *read != UNKNOWN_READ))),
            pair("lag", unless_unknown(stream.lag(group))),
        ])
    };
    Ok(Reply::Array(stream.groups().iter().map(row).collect()))
}

pub fn xinfo_consumers(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, name, now_ms) = (call.arg(2), call.arg(3), call.cx.now_ms);
    let stream = call.read::<Stream>(key)?.ok_or(error::NO_SUCH_KEY)?;
    let group = stream.group(name).ok_or_else(|| error::no_group(key, name))?;
    let row = |(name, consumer): (&Bytes, &Consumer)| {
        Reply::Map(vec![
            pair("name", Reply::Bulk(name.clone())),
            pair("pending", number(consumer.pending.len())),
            pair("idle", Reply::Integer(now_ms.saturating_sub(consumer.seen_ms) as i64)),
        ])
    };
    Ok(Reply::Array(group.consumers().iter().map(row).collect::<Vec<_>>()))
}
