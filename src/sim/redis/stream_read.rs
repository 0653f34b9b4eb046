//! XREAD and XREADGROUP: reading streams from given ids on, alone or as a consumer of a group, and waiting for what comes.

use super::call::Call;
use super::error::{self, Error};
use super::kind::stream::{Id, Pending, Stream};
use super::reply::{Reply, Resp};
use super::stream::{entry_reply, id_reply, replicate_claims, replicate_last};
use super::stream_args::strict_id;
use crate::bytes::Bytes;
use alloc::{vec, vec::Vec};

/// How many entries a client gets at most that waited without saying how many it wants.
const COUNT_AFTER_WAIT: u64 = 1000;

/// What was asked for.
struct Asked {
    /// The most entries of each stream; 0 for all.
    count: u64,
    /// For how long to wait, in ms; 0 is for ever.
    block_ms: Option<u64>,
    /// Group and consumer.
    reader: Option<(Bytes, Bytes)>,
    noack: bool,
    /// The place of the first key, and how many there are.
    keys: usize,
    streams: usize,
}

/// From where a stream is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// Behind an id.
    Behind(Id),
    /// `>`: what nobody in the group has read.
    New,
}

pub fn xread(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    read(call, false)
}

pub fn xreadgroup(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    read(call, true)
}

fn read(call: &mut Call<'_, '_>, grouped: bool) -> Result<Reply, Error> {
    let asked = Asked::parse(call, grouped)?;
    if let Some(key) = call.woken_by {
        return after_wait(call, &asked, key);
    }
    let mut starts = Vec::with_capacity(asked.streams);
    for place in asked.keys..asked.keys + asked.streams {
        starts.push(start(call, &asked, place)?);
    }
    let mut found = Vec::new();
    if grouped {
        call.replicates(&[]);
    }
    for (place, from) in (asked.keys..).zip(&starts) {
        let key = call.arg(place);
        let entries = match &asked.reader {
            Some(reader) => as_consumer(call, &asked, key, reader, *from)?,
            None => alone(call, key, *from, asked.count)?,
        };
        if let Some(entries) = entries {
            found.push((Reply::Bulk(key.clone()), entries));
        }
    }
    if !found.is_empty() {
        return Ok(by_stream(call, found));
    }
    let Some(block_ms) = asked.block_ms else { return Ok(Reply::NilArray) };
    // `$` is where the stream ends now, not when it is looked at again.
    let mut args = call.args.to_vec();
    for (place, from) in (asked.keys + asked.streams..).zip(&starts) {
        if let From::Behind(id) = from {
            args[place] = Bytes::from(id.text());
        }
    }
    let keys = call.args[asked.keys..asked.keys + asked.streams].to_vec();
    // A moment beyond all time never comes.
    let end = call.cx.now_ms.checked_add(block_ms).filter(|end| i64::try_from(*end).is_ok());
    let deadline_ms = end.filter(|_| block_ms > 0);
    Ok(call.block_as(args, keys, deadline_ms, Reply::NilArray))
}

impl Asked {
    fn parse(call: &Call<'_, '_>, grouped: bool) -> Result<Self, Error> {
        let mut asked = Asked { count: 0, block_ms: None, reader: None, noack: false, keys: 0, streams: 0 };
        let mut place = 1;
        while place < call.args.len() {
            let more = call.args.len() - place - 1;
            if call.is_word(place, "block") && more > 0 {
                place += 1;
                asked.block_ms = Some(block_time(call, place)?);
            } else if call.is_word(place, "count") && more > 0 {
                place += 1;
                asked.count = u64::try_from(call.integer(place)?).unwrap_or(0);
            } else if call.is_word(place, "streams") && more > 0 {
                if !more.is_multiple_of(2) {
                    return Err(error::UNBALANCED_STREAMS);
                }
                (asked.keys, asked.streams) = (place + 1, more / 2);
                break;
            } else if call.is_word(place, "group") && more >= 2 {
                if !grouped {
                    return Err(error::READ_GROUP);
                }
                asked.reader = Some((call.arg(place + 1).clone(), call.arg(place + 2).clone()));
                place += 2;
            } else if call.is_word(place, "noack") {
                if !grouped {
                    return Err(error::READ_NOACK);
                }
                asked.noack = true;
            } else {
                return Err(error::SYNTAX);
            }
            place += 1;
        }
        if asked.keys == 0 {
            Err(error::SYNTAX)
        } else if grouped && asked.reader.is_none() {
            Err(error::READGROUP_GROUP)
        } else {
            Ok(asked)
        }
    }
}

fn block_time(call: &Call<'_, '_>, place: usize) -> Result<u64, Error> {
    let ms = call.integer(place).map_err(|_| error::BLOCK_NOT_INTEGER)?;
    u64::try_from(ms).map_err(|_| error::BLOCK_NEGATIVE)
}

/// From where the stream at `place` is to be read.
fn start(call: &mut Call<'_, '_>, asked: &Asked, place: usize) -> Result<From, Error> {
    let (key, from) = (call.arg(place), call.arg(place + asked.streams));
    let stream = call.read::<Stream>(key)?;
    if let Some((group, _)) = &asked.reader
        && stream.is_none_or(|stream| stream.group(group).is_none())
    {
        return Err(error::no_group_to_read(key, group));
    }
    match (&from[..], &asked.reader) {
        (b"$", Some(_)) => Err(error::READGROUP_LAST),
        (b"$", None) => Ok(From::Behind(stream.map_or(Id::MIN, |stream| stream.last_id))),
        (b">", Some(_)) => Ok(From::New),
        (b">", None) => Err(error::READ_NEW),
        // The largest id is how Redis keeps `>`, so it means the same.
        (id, reader) => match strict_id(id)? {
            Id::MAX if reader.is_some() => Ok(From::New),
            id => Ok(From::Behind(id)),
        },
    }
}

fn most(count: u64) -> usize {
    if count == 0 { usize::MAX } else { usize::try_from(count).unwrap_or(usize::MAX) }
}

/// The entries behind an id; `None` if the stream is not there or ends before.
fn alone(call: &mut Call<'_, '_>, key: &Bytes, from: From, count: u64) -> Result<Option<Reply>, Error> {
    let Some(stream) = call.read::<Stream>(key)? else { return Ok(None) };
    let From::Behind(id) = from else { return Ok(None) };
    use super::kind::Kind;
    if stream.is_empty() || stream.last_entry_id() <= id {
        return Ok(None);
    }
    let first = id.next().unwrap_or(Id::MAX);
    let entries = stream.range(first, Id::MAX).take(most(count)).map(|(id, fields)| entry_reply(id, fields));
    Ok(Some(Reply::Array(entries.collect())))
}

/// The entries that a consumer gets: new ones, or those that it has not acknowledged. `None` if there is nothing new.
fn as_consumer(
    call: &mut Call<'_, '_>,
    asked: &Asked,
    key: &Bytes,
    reader: &(Bytes, Bytes),
    from: From,
) -> Result<Option<Reply>, Error> {
    use super::kind::Kind;
    let now_ms = call.cx.now_ms;
    let (group, consumer) = reader;
    let Some(stream) = call.read::<Stream>(key)? else { return Ok(None) };
    let Some(own) = stream.group(group) else { return Ok(None) };
    let last = own.last_id;
    if from == From::New && (stream.is_empty() || stream.last_entry_id() <= last) {
        return Ok(None);
    }
    let meet = |stream: &mut Stream| stream.group_mut(group).is_some_and(|group| group.meet(consumer, now_ms));
    if call.change::<Stream, _>(key, |stream, _| meet(stream))? == Some(true) {
        tell_consumer(call, asked, key, reader);
    }
    let entries = match from {
        From::New => deliver(call, asked, key, reader, last)?,
        From::Behind(id) => {
            let first = id.next().unwrap_or(Id::MAX);
            let again = |stream: &mut Stream| history(stream, reader, first, asked.count, now_ms);
            call.change::<Stream, _>(key, |stream, _| again(stream))?.unwrap_or_default()
        }
    };
    Ok(Some(Reply::Array(entries)))
}

/// Tells that a consumer came to be; replicas hear of it from what it is given, unless that is noted nowhere.
fn tell_consumer(call: &mut Call<'_, '_>, asked: &Asked, key: &Bytes, (group, consumer): &(Bytes, Bytes)) {
    call.noted(key, "xgroup-createconsumer", true);
    if asked.noack {
        call.replicates(&[&[b"XGROUP", b"CREATECONSUMER", key, group, consumer]]);
    }
}

/// Delivers what comes behind `last`, and notes it as pending.
fn deliver(
    call: &mut Call<'_, '_>,
    asked: &Asked,
    key: &Bytes,
    (group, consumer): &(Bytes, Bytes),
    last: Id,
) -> Result<Vec<Reply>, Error> {
    let now_ms = call.cx.now_ms;
    let noack = asked.noack;
    let first = last.next().unwrap_or(Id::MAX);
    let mut ids = Vec::new();
    let entries = call.change::<Stream, _>(key, |stream, _| {
        let Some(own) = stream.group(group) else { return Vec::new() };
        let (mut read, mut entries) = (own.entries_read, Vec::new());
        for (id, fields) in stream.range(first, Id::MAX).take(most(asked.count)) {
            read = stream.read_after(read, id);
            ids.push(id);
            entries.push(entry_reply(id, fields));
        }
        let Some(own) = stream.group_mut(group) else { return entries };
        own.entries_read = read;
        own.last_id = ids.last().copied().unwrap_or(own.last_id);
        for id in ids.iter().copied().filter(|_| !noack) {
            own.assign(id, Pending { consumer: consumer.clone(), delivered_ms: now_ms, times: 1 });
        }
        entries
    })?;
    call.noted(key, "xreadgroup", false);
    if noack {
        replicate_last(call, key, group);
    } else {
        replicate_claims(call, key, group, &ids);
    }
    Ok(entries.unwrap_or_default())
}

/// What a consumer has not acknowledged, from an id on. What is no longer in the stream has no fields.
fn history(stream: &mut Stream, (group, consumer): &(Bytes, Bytes), first: Id, count: u64, now_ms: u64) -> Vec<Reply> {
    let Some(own) = stream.group(group) else { return Vec::new() };
    let ids = own.pending_ids(own.consumers().get(consumer), first, Id::MAX);
    let mut entries = Vec::new();
    for id in ids.into_iter().take(most(count)) {
        let Some(fields) = stream.entry(id).cloned() else {
            entries.push(Reply::Array(vec![id_reply(id), Reply::NilArray]));
            continue;
        };
        if let Some(pending) = stream.group_mut(group).and_then(|group| group.pending_mut(id)) {
            pending.delivered_ms = now_ms;
            pending.times += 1;
        }
        entries.push(entry_reply(id, &fields));
    }
    entries
}

/// Streams with their entries: pairs in RESP2, a map in RESP3.
fn by_stream(call: &mut Call<'_, '_>, found: Vec<(Reply, Reply)>) -> Reply {
    match call.state().resp {
        Resp::V3 => Reply::Map(found),
        Resp::V2 => Reply::Array(found.into_iter().map(|(key, entries)| Reply::Array(vec![key, entries])).collect()),
    }
}

/// Answers a client that waited, if the stream that was touched has something for it.
fn after_wait(call: &mut Call<'_, '_>, asked: &Asked, key: &Bytes) -> Result<Reply, Error> {
    let keys = &call.args[asked.keys..asked.keys + asked.streams];
    // A key that is named twice is waited for from the first of its ids.
    let Some(place) = keys.iter().position(|own| own == key).map(|place| asked.keys + place) else {
        return Ok(Reply::None);
    };
    let from = call.arg(place + asked.streams);
    let stream = match call.read::<Stream>(key) {
        Ok(Some(stream)) => stream,
        Ok(None) | Err(_) if asked.reader.is_some() => return Err(error::STREAM_GONE),
        Ok(None) | Err(_) => return Ok(Reply::None),
    };
    let behind = match &asked.reader {
        Some((group, _)) => stream.group(group).ok_or(error::GROUP_GONE)?.last_id,
        None => strict_id(from)?,
    };
    if stream.last_id <= behind {
        return Ok(Reply::None);
    }
    let count = if asked.count == 0 { COUNT_AFTER_WAIT } else { asked.count };
    let entries = match &asked.reader {
        None => {
            let first = behind.next().unwrap_or(Id::MAX);
            let entries = stream.range(first, Id::MAX).take(most(count));
            entries.map(|(id, fields)| entry_reply(id, fields)).collect()
        }
        Some(reader) => {
            let (group, now_ms) = (&reader.0, call.cx.now_ms);
            let made = call.change::<Stream, _>(key, |stream, _| {
                stream.group_mut(group).is_some_and(|group| group.meet(&reader.1, now_ms))
            })?;
            if made == Some(true) {
                tell_consumer(call, asked, key, reader);
            }
            let again = Asked { count, block_ms: None, reader: None, noack: asked.noack, keys: 0, streams: 0 };
            deliver(call, &again, key, reader, behind)?
        }
    };
    Ok(by_stream(call, vec![(Reply::Bulk(key.clone()), Reply::Array(entries))]))
}
