//! How long keys live: the part of the group `generic` that sets, reads and ends it.

use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::reply::Reply;
use alloc::string::ToString;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Generic, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("ttl", 2, ttl)
        .flags("readonly fast")
        .keys("1 RO access")
        .tips("nondeterministic_output")
        .takes("1.0.0", "key")
        .says("Tells how many seconds a key has to live", "返回键剩余的生存秒数"),
    row("pttl", 2, pttl)
        .flags("readonly fast")
        .keys("1 RO access")
        .tips("nondeterministic_output")
        .takes("2.6.0", "key")
        .says("Tells how many milliseconds a key has to live", "返回键剩余的生存毫秒数"),
    row("expiretime", 2, expiretime)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("7.0.0", "key")
        .says("Tells at which second since 1970 a key expires", "返回键过期时刻的 Unix 时间（秒）"),
    row("pexpiretime", 2, pexpiretime)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("7.0.0", "key")
        .says("Tells at which millisecond since 1970 a key expires", "返回键过期时刻的 Unix 时间（毫秒）"),
    row("expire", -3, expire)
        .flags("write fast")
        .keys("1 RW update")
        .takes("1.0.0", "key seconds [{condition:NX|XX|GT|LT}@7.0.0]")
        .says("Lets a key expire after so many seconds", "设置键在若干秒后过期"),
    row("pexpire", -3, pexpire)
        .flags("write fast")
        .keys("1 RW update")
        .takes("2.6.0", "key milliseconds [{condition:NX|XX|GT|LT}@7.0.0]")
        .says("Lets a key expire after so many milliseconds", "设置键在若干毫秒后过期"),
    row("expireat", -3, expireat)
        .flags("write fast")
        .keys("1 RW update")
        .takes("1.2.0", "key unix-time-seconds [{condition:NX|XX|GT|LT}@7.0.0]")
        .says("Lets a key expire at a second since 1970", "设置键在某个 Unix 时间（秒）过期"),
    row("pexpireat", -3, pexpireat)
        .flags("write fast")
        .keys("1 RW update")
        .takes("2.6.0", "key unix-time-milliseconds [{condition:NX|XX|GT|LT}@7.0.0]")
        .says("Lets a key expire at a millisecond since 1970", "设置键在某个 Unix 时间（毫秒）过期"),
    row("persist", 2, persist)
        .flags("write fast")
        .keys("1 RW update")
        .takes("2.2.0", "key")
        .says("Takes the end off a key's life", "移除键的过期时间"),
];

fn ttl(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    left(call, 1000, true)
}

fn pttl(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    left(call, 1, true)
}

fn expiretime(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    left(call, 1000, false)
}

fn pexpiretime(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    left(call, 1, false)
}

fn expire(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    set_end(call, 1000, true)
}

fn pexpire(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    set_end(call, 1, true)
}

fn expireat(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    set_end(call, 1000, false)
}

fn pexpireat(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    set_end(call, 1, false)
}

fn persist(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let key = call.arg(1);
    call.look_in(call.db, key);
    let ends = call.entry(key).is_some_and(|entry| entry.expires_at_ms.is_some());
    if ends {
        call.set_life(key, None, "persist");
    }
    Ok(Reply::from(ends))
}

/// A key's end, in units of so many milliseconds, rounded: from now on, or since 1970. -2 for no key, -1 for no end.
fn left(call: &mut Call<'_, '_>, unit_ms: u64, from_now: bool) -> Result<Reply, Error> {
    let base = if from_now { call.cx.now_ms } else { 0 };
    Ok(Reply::Integer(match call.entry(call.arg(1)).map(|entry| entry.expires_at_ms) {
        None => -2,
        Some(None) => -1,
        Some(Some(last)) => ((last.saturating_sub(base) + unit_ms / 2) / unit_ms) as i64,
    }))
}

/// EXPIRE and its family (`expireGenericCommand` of Redis). A moment that has passed removes the key at once.
fn set_end(call: &mut Call<'_, '_>, unit_ms: i64, from_now: bool) -> Result<Reply, Error> {
    let condition = Condition::read(call)?;
    let amount = call.integer(2)?;
    let base = if from_now { call.cx.now_ms } else { 0 };
    let end = amount.checked_mul(unit_ms).and_then(|ms| ms.checked_add_unsigned(base));
    let end = end.ok_or_else(|| error::expire_time(call.command.name))?;
    let (key, now_ms) = (call.arg(1), call.cx.now_ms);
    call.look_in(call.db, key);
    let Some(entry) = call.entry(key) else { return Ok(Reply::from(false)) };
    if !condition.allows(entry.expires_at_ms, end) {
        return Ok(Reply::from(false));
    }
    match u64::try_from(end) {
        Ok(last) if last > now_ms => {
            call.set_life(key, Some(last), "expire");
            let moment = last.to_string();
            call.replicates_with(&[(0, b"PEXPIREAT"), (2, moment.as_bytes())]);
        }
        Ok(_) | Err(_) => {
            call.delete(key, "del");
            call.replicates(&[&[
                if call.store.config.is_on("lazyfree-lazy-expire") { b"UNLINK" } else { b"DEL" },
                key,
            ]]);
        }
    }
    Ok(Reply::from(true))
}

/// The options of EXPIRE: each asks something of the end that the key had before.
#[derive(Default)]
struct Condition {
    nx: bool,
    xx: bool,
    gt: bool,
    lt: bool,
}

impl Condition {
    fn read(call: &Call<'_, '_>) -> Result<Self, Error> {
        let mut read = Condition::default();
        for place in 3..call.args.len() {
            if call.is_word(place, "nx") {
                read.nx = true;
            } else if call.is_word(place, "xx") {
                read.xx = true;
            } else if call.is_word(place, "gt") {
                read.gt = true;
            } else if call.is_word(place, "lt") {
                read.lt = true;
            } else {
                return Err(error::unsupported_option(call.arg(place)));
            }
        }
        if read.nx && (read.xx || read.gt || read.lt) {
            Err(error::EXPIRE_NX)
        } else if read.gt && read.lt {
            Err(error::EXPIRE_GT_LT)
        } else {
            Ok(read)
        }
    }

    /// Whether the end may change. A key without one counts as living longest.
    fn allows(&self, before: Option<u64>, end: i64) -> bool {
        let later = before.is_some_and(|last| i128::from(end) > i128::from(last));
        let sooner = before.is_none_or(|last| i128::from(end) < i128::from(last));
        (!self.nx || before.is_none()) && (!self.xx || before.is_some()) && (!self.gt || later) && (!self.lt || sooner)
    }
}
