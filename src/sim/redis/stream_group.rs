//! Consumer groups: XGROUP, XACK, XPENDING, XCLAIM and XAUTOCLAIM.

use super::call::Call;
use super::error::{self, Error};
use super::kind::stream::{Group, Id, Pending, Stream, UNKNOWN_READ};
use super::reply::Reply;
use super::stream::{entry_reply, id_reply, replicate_claims, replicate_last};
use super::stream_args::{any_id, end_id, start_id, strict_id};
use crate::bytes::Bytes;
use alloc::{string::ToString, vec, vec::Vec};

/// The options of XGROUP CREATE and SETID.
struct GroupOptions {
    make: bool,
    entries_read: i64,
}

impl GroupOptions {
    fn read(call: &Call<'_, '_>, creates: bool) -> Result<Self, Error> {
        let mut read = GroupOptions { make: false, entries_read: UNKNOWN_READ };
        let mut place = 5;
        while place < call.args.len() {
            if creates && call.is_word(place, "mkstream") {
                read.make = true;
            } else if call.is_word(place, "entriesread") && place + 1 < call.args.len() {
                place += 1;
                read.entries_read = call.integer(place)?;
                if read.entries_read < UNKNOWN_READ {
                    return Err(error::GROUP_READ);
                }
            } else {
                return Err(error::subcommand_or_arity(&call.args[0], &call.args[1]));
            }
            place += 1;
        }
        Ok(read)
    }
}

pub fn xgroup_create(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let options = GroupOptions::read(call, true)?;
    let (key, name) = (call.arg(2), call.arg(3));
    let last = call.read::<Stream>(key)?.map(|stream| stream.last_id);
    if last.is_none() && !options.make {
        return Err(error::GROUP_KEY);
    }
    // Options may stand more than once, but not more often than this.
    if call.args.len() > 8 {
        return Err(error::subcommand_or_arity(&call.args[0], &call.args[1]));
    }
    let id = if **call.arg(4) == b"$"[..] { last.unwrap_or(Id::MIN) } else { strict_id(call.arg(4))? };
    let group = Group::new(id, options.entries_read);
    let free = call.change_or_make::<Stream, _>(key, |stream, _| stream.add_group(name.clone(), group))?;
    if last.is_none() {
        call.touch(key);
    }
    if !free {
        return Err(error::GROUP_EXISTS);
    }
    call.noted(key, "xgroup-create", true);
    Ok(Reply::OK)
}

/// The stream of an XGROUP subcommand, which must be there; with `needs_group`, the group too.
fn stream_of<'c>(call: &'c mut Call<'_, '_>, needs_group: bool) -> Result<&'c Stream, Error> {
    let (key, name) = (call.arg(2), call.arg(3));
    let stream = call.read::<Stream>(key)?.ok_or(error::GROUP_KEY)?;
    if needs_group && stream.group(name).is_none() { Err(error::no_group(key, name)) } else { Ok(stream) }
}

pub fn xgroup_setid(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let options = GroupOptions::read(call, false)?;
    let last = stream_of(call, true)?.last_id;
    if !matches!(call.args.len(), 5 | 7) {
        return Err(error::subcommand_or_arity(&call.args[0], &call.args[1]));
    }
    let id = if **call.arg(4) == b"$"[..] { last } else { any_id(call.arg(4), 0)? };
    let (key, name) = (call.arg(2), call.arg(3));
    call.change::<Stream, _>(key, |stream, _| {
        if let Some(group) = stream.group_mut(name) {
            group.last_id = id;
            group.entries_read = options.entries_read;
        }
    })?;
    call.noted(key, "xgroup-setid", true);
    Ok(Reply::OK)
}

pub fn xgroup_destroy(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, name) = (call.arg(2), call.arg(3));
    if stream_of(call, false)?.group(name).is_none() {
        return Ok(Reply::from(false));
    }
    call.change::<Stream, _>(key, |stream, _| stream.remove_group(name))?;
    call.noted(key, "xgroup-destroy", true);
    // Who waits in this group is told that it is gone.
    call.store.waiting.note(call.db, key);
    Ok(Reply::from(true))
}

pub fn xgroup_createconsumer(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    stream_of(call, true)?;
    let (key, name, now_ms) = (call.arg(2), call.arg(3), call.cx.now_ms);
    let consumer = call.arg(4);
    let made = call.change::<Stream, _>(key, |stream, _| {
        stream.group_mut(name).is_some_and(|group| group.add_consumer(consumer, now_ms))
    })?;
    let made = made == Some(true);
    if made {
        call.noted(key, "xgroup-createconsumer", true);
    }
    Ok(Reply::from(made))
}

pub fn xgroup_delconsumer(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    stream_of(call, true)?;
    let (key, name, consumer) = (call.arg(2), call.arg(3), call.arg(4));
    let pending = call.change::<Stream, _>(key, |stream, _| {
        stream.group_mut(name).and_then(|group| group.remove_consumer(consumer))
    })?;
    let pending = pending.flatten();
    if pending.is_some() {
        call.noted(key, "xgroup-delconsumer", true);
    }
    Ok(Reply::Integer(pending.unwrap_or(0) as i64))
}

pub fn xack(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, name) = (call.arg(1), call.arg(2));
    if call.read::<Stream>(key)?.is_none_or(|stream| stream.group(name).is_none()) {
        return Ok(Reply::Integer(0));
    }
    let ids = call.args[3..].iter().map(|id| strict_id(id)).collect::<Result<Vec<_>, _>>()?;
    let done = call.change::<Stream, _>(key, |stream, _| {
        let Some(group) = stream.group_mut(name) else { return 0 };
        ids.iter().filter(|id| group.acknowledge(**id)).count()
    })?;
    let done = done.unwrap_or(0);
    if done > 0 {
        call.noted(key, "xack", false);
    }
    Ok(Reply::Integer(done as i64))
}

pub fn xpending(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let count = call.args.len();
    if count != 3 && !(6..=9).contains(&count) {
        return Err(error::SYNTAX);
    }
    let (key, name, now_ms) = (call.arg(1), call.arg(2), call.cx.now_ms);
    let mut range = None;
    if count > 3 {
        let (mut min_idle, mut place) = (0, 3);
        if call.is_word(3, "idle") {
            min_idle = call.integer(4)?;
            place = 5;
            if count < 8 {
                return Err(error::SYNTAX);
            }
        }
        let most = call.integer(place + 2)?.max(0);
        let (from, to) = (start_id(call.arg(place))?, end_id(call.arg(place + 1))?);
        range = Some((min_idle, from, to, most, call.args.get(place + 3)));
    }
    let stream = call.read::<Stream>(key)?;
    let group = stream.and_then(|stream| stream.group(name)).ok_or_else(|| error::no_key_or_group(key, name))?;
    let Some((min_idle, from, to, most, consumer)) = range else { return Ok(pending_summary(group)) };
    let consumer = match consumer.map(|name| group.consumers().get(name)) {
        Some(None) => return Ok(Reply::Array(Vec::new())),
        Some(found) => found,
        None => None,
    };
    let idle = |pending: &Pending| now_ms.saturating_sub(pending.delivered_ms) as i64;
    let ids = group.pending_ids(consumer, from, to).into_iter();
    let found = ids.filter_map(|id| group.pending().get(&id).map(|pending| (id, pending)));
    let found = found.filter(|(_, pending)| min_idle == 0 || idle(pending) >= min_idle).take(most as usize);
    let row = |(id, pending): (Id, &Pending)| {
        Reply::Array(vec![
            id_reply(id),
            Reply::Bulk(pending.consumer.clone()),
            Reply::Integer(idle(pending)),
            Reply::Integer(pending.times as i64),
        ])
    };
    Ok(Reply::Array(found.map(row).collect()))
}

fn pending_summary(group: &Group) -> Reply {
    let ids = || group.pending().keys();
    let (Some(first), Some(last)) = (ids().next(), ids().next_back()) else {
        return Reply::Array(vec![Reply::Integer(0), Reply::Nil, Reply::Nil, Reply::NilArray]);
    };
    let busy = group.consumers().iter().filter(|(_, consumer)| !consumer.pending.is_empty());
    let count = |count: usize| Reply::text(&count.to_string());
    let pairs = busy.map(|(name, own)| Reply::Array(vec![Reply::Bulk(name.clone()), count(own.pending.len())]));
    let pairs = Reply::Array(pairs.collect());
    Reply::Array(vec![Reply::Integer(group.pending().len() as i64), id_reply(*first), id_reply(*last), pairs])
}

/// What XCLAIM and XAUTOCLAIM do with an entry.
struct Claim {
    min_idle_ms: i64,
    delivered_ms: u64,
    times: Option<u64>,
    force: bool,
    just_id: bool,
}

/// What became of an entry that was to be claimed.
enum Claimed {
    /// It is the consumer's now.
    Yes(Reply),
    /// It is not pending, or not for long enough.
    No,
    /// It is no longer in the stream, and so no longer pending; whether it was.
    Gone(bool),
}

impl Claim {
    fn try_claim(&self, stream: &mut Stream, names: (&Bytes, &Bytes), id: Id, now_ms: u64, made: &mut bool) -> Claimed {
        let fields = stream.entry(id).cloned();
        let Some(group) = stream.group_mut(names.0) else { return Claimed::No };
        let Some(fields) = fields else { return Claimed::Gone(group.acknowledge(id)) };
        let times = match group.pending().get(&id) {
            None if !self.force => return Claimed::No,
            None => 1,
            Some(pending) => {
                let idle = now_ms.saturating_sub(pending.delivered_ms) as i64;
                if self.min_idle_ms > 0 && idle < self.min_idle_ms {
                    return Claimed::No;
                }
                pending.times
            }
        };
        *made |= group.meet(names.1, now_ms);
        let times = self.times.unwrap_or(if self.just_id { times } else { times.wrapping_add(1) });
        group.assign(id, Pending { consumer: names.1.clone(), delivered_ms: self.delivered_ms, times });
        Claimed::Yes(if self.just_id { id_reply(id) } else { entry_reply(id, &fields) })
    }
}

pub fn xclaim(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, name, consumer, now_ms) = (call.arg(1), call.arg(2), call.arg(3), call.cx.now_ms);
    if call.read::<Stream>(key)?.is_none_or(|stream| stream.group(name).is_none()) {
        return Err(error::no_key_or_group(key, name));
    }
    let argument =
        |place: usize, what: &str| call.integer(place).map_err(|_| error::claim_argument(what, call.command.name));
    let min_idle_ms = argument(4, "min-idle-time")?.max(0);
    let ids: Vec<Id> = call.args[5..].iter().map_while(|id| strict_id(id).ok()).collect();
    let mut claim = Claim { min_idle_ms, delivered_ms: now_ms, times: None, force: false, just_id: false };
    let (mut delivered, mut last_id, mut place) = (-1_i64, Id::MIN, 5 + ids.len());
    while place < call.args.len() {
        let more = place + 1 < call.args.len();
        if call.is_word(place, "force") {
            claim.force = true;
        } else if call.is_word(place, "justid") {
            claim.just_id = true;
        } else if call.is_word(place, "idle") && more {
            place += 1;
            delivered = (now_ms as i64).wrapping_sub(argument(place, "IDLE")?);
        } else if call.is_word(place, "time") && more {
            place += 1;
            delivered = argument(place, "TIME")?;
        } else if call.is_word(place, "retrycount") && more {
            place += 1;
            claim.times = u64::try_from(argument(place, "RETRYCOUNT")?).ok();
        } else if call.is_word(place, "lastid") && more {
            place += 1;
            last_id = strict_id(call.arg(place))?;
        } else {
            return Err(error::claim_option(call.arg(place)));
        }
        place += 1;
    }
    // A moment that is yet to come is no reason to refuse: clocks differ.
    claim.delivered_ms = u64::try_from(delivered).ok().filter(|ms| *ms <= now_ms).unwrap_or(now_ms);
    let (mut made, mut replies, mut changes, mut told) = (false, Vec::new(), false, Vec::new());
    call.change::<Stream, _>(key, |stream, _| {
        if let Some(group) = stream.group_mut(name).filter(|group| last_id > group.last_id) {
            group.last_id = last_id;
            changes = true;
        }
        for id in ids {
            match claim.try_claim(stream, (name, consumer), id, now_ms, &mut made) {
                Claimed::Yes(reply) => {
                    replies.push(reply);
                    told.push(id);
                }
                Claimed::Gone(was) => {
                    changes |= was;
                    told.extend(was.then_some(id));
                }
                Claimed::No => {}
            }
        }
    })?;
    tell_claim(call, key, made, changes || !replies.is_empty(), "xclaim");
    replicate_claims(call, key, name, &told);
    if changes && told.is_empty() {
        replicate_last(call, key, name);
    }
    Ok(Reply::Array(replies))
}

fn tell_claim(call: &mut Call<'_, '_>, key: &Bytes, made: bool, changes: bool, how: &'static str) {
    if made {
        call.noted(key, "xgroup-createconsumer", true);
    }
    if changes {
        call.noted(key, how, false);
    }
}

/// For each entry that XAUTOCLAIM may hand over, it looks at most at so many.
const ATTEMPTS: u64 = 10;
/// The largest COUNT of XAUTOCLAIM.
const MAX_COUNT: i64 = i64::MAX / 16;

pub fn xautoclaim(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, name, consumer, now_ms) = (call.arg(1), call.arg(2), call.arg(3), call.cx.now_ms);
    let min_idle_ms = call.integer(4).map_err(|_| error::claim_argument("min-idle-time", call.command.name))?.max(0);
    let start = start_id(call.arg(5))?;
    let (mut count, mut place) = (100, 6);
    let mut claim = Claim { min_idle_ms, delivered_ms: now_ms, times: None, force: false, just_id: false };
    while place < call.args.len() {
        if call.is_word(place, "count") && place + 1 < call.args.len() {
            place += 1;
            let given = call.integer(place).ok().filter(|count| (1..=MAX_COUNT).contains(count));
            count = given.ok_or(error::CLAIM_COUNT)? as u64;
        } else if call.is_word(place, "justid") {
            claim.just_id = true;
        } else {
            return Err(error::SYNTAX);
        }
        place += 1;
    }
    let stream = call.read::<Stream>(key)?;
    let group = stream.and_then(|stream| stream.group(name)).ok_or_else(|| error::no_key_or_group(key, name))?;
    let attempts = usize::try_from(count.saturating_mul(ATTEMPTS)).unwrap_or(usize::MAX);
    let mut ids = group.pending_ids(None, start, Id::MAX).into_iter();
    let (mut made, mut replies, mut gone, mut tried, mut told) = (false, Vec::new(), Vec::new(), 0, Vec::new());
    call.change::<Stream, _>(key, |stream, _| {
        while tried < attempts && count > 0 {
            let Some(id) = ids.next() else { return };
            tried += 1;
            match claim.try_claim(stream, (name, consumer), id, now_ms, &mut made) {
                Claimed::Yes(reply) => replies.push(reply),
                Claimed::Gone(_) => gone.push(id_reply(id)),
                Claimed::No => continue,
            }
            told.push(id);
            count -= 1;
        }
    })?;
    tell_claim(call, key, made, !gone.is_empty() || !replies.is_empty(), "xautoclaim");
    replicate_claims(call, key, name, &told);
    let next = ids.next().unwrap_or(Id::MIN);
    Ok(Reply::Array(vec![id_reply(next), Reply::Array(replies), Reply::Array(gone)]))
}
