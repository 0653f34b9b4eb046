//! The group `sorted-set`. Larger families have files of their own: adding, ranges, popping, combining, chance.

mod add;
mod combine;
mod pop;
mod random;
mod range;

use super::call::Call;
use super::command::{Command, Run};
use super::double::Double;
use super::error::{self, Error};
use super::group::Group;
use super::kind::{Scored, Zset};
use super::reply::{Reply, Resp};
use alloc::vec::Vec;

pub(super) use add::{Options, add_all};
pub(super) use range::{Scores, store};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::SortedSet, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("zadd", -4, add::zadd)
        .flags("write denyoom fast")
        .keys("1 RW update")
        .takes("1.2.0", "key [{condition:NX|XX}@3.0.2] [{comparison:GT|LT}@6.2.0] [{change:CH}@3.0.2] [{increment:INCR}@3.0.2] \
            {score_member:score member} [score member ...]")
        .says("Adds members to a sorted set, or gives them new scores", "向有序集合添加成员，或更新它们的分数"),
    row("zincrby", 4, add::zincrby)
        .flags("write denyoom fast")
        .keys("1 RW access update")
        .takes("1.2.0", "key increment member")
        .says("Adds to the score of a member", "给成员的分数加上一个数"),
    row("zrem", -3, zrem)
        .flags("write fast")
        .keys("1 RW delete")
        .takes("1.2.0", "key member [member ...]")
        .says("Takes members out of a sorted set", "从有序集合移除成员"),
    row("zcard", 2, zcard)
        .flags("readonly fast")
        .keys("1 RO")
        .takes("1.2.0", "key")
        .says("Counts the members of a sorted set", "返回有序集合的成员个数"),
    row("zscore", 3, zscore)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("1.2.0", "key member")
        .says("Reads the score of a member", "读取成员的分数"),
    row("zmscore", -3, zmscore)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("6.2.0", "key member [member ...]")
        .says("Reads the scores of several members", "一次读取多个成员的分数"),
    row("zrank", 3, zrank)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("2.0.0", "key member")
        .says("Tells how many members come before this one", "返回成员按分数从小到大的排名"),
    row("zrevrank", 3, zrevrank)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("2.0.0", "key member")
        .says("Tells how many members come behind this one", "返回成员按分数从大到小的排名"),
    row("zcount", 4, range::zcount)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("2.0.0", "key min%d max%d")
        .says("Counts the members whose scores lie in a range", "统计分数在某个区间内的成员"),
    row("zlexcount", 4, range::zlexcount)
        .flags("readonly fast")
        .keys("1 RO access")
        .takes("2.8.9", "key min max")
        .says(
            "Counts the members that lie between two others, all scores being the same",
            "分数都相同时，统计字典序区间内的成员",
        ),
    row("zrange", -4, range::zrange)
        .flags("readonly")
        .keys("1 RO access")
        .takes("1.2.0", "key start%s stop%s [{sortby:BYSCORE|BYLEX}@6.2.0] [REV@6.2.0] [LIMIT {offset_count:offset count}@6.2.0] [WITHSCORES]")
        .says("Reads the members in a range of ranks, scores or members", "按排名、分数或字典序读取一段成员"),
    row("zrangestore", -5, range::zrangestore)
        .flags("write denyoom")
        .keys("1 OW update; 2 RO access")
        .takes("6.2.0", "dst src min max [{sortby:BYSCORE|BYLEX}] [REV] [LIMIT {offset_count:offset count}]")
        .says("Keeps a range of one sorted set under another key", "把一段成员存到另一个键"),
    row("zrevrange", -4, range::zrevrange)
        .flags("readonly")
        .keys("1 RO access")
        .takes("1.2.0", "key start stop [WITHSCORES]")
        .says("Reads a range of members from the largest score down", "按分数从大到小读取一段成员"),
    row("zrangebyscore", -4, range::zrangebyscore)
        .flags("readonly")
        .keys("1 RO access")
        .takes("1.0.5", "key min%d max%d [WITHSCORES@2.0.0] [LIMIT {offset_count:offset count}]")
        .says("Reads the members whose scores lie in a range", "读取分数在某个区间内的成员"),
    row("zrevrangebyscore", -4, range::zrevrangebyscore)
        .flags("readonly")
        .keys("1 RO access")
        .takes("2.2.0", "key max%d min%d [WITHSCORES] [LIMIT {offset_count:offset count}]")
        .says("Reads the members whose scores lie in a range, the largest first", "从大到小读取分数在某个区间内的成员"),
    row("zrangebylex", -4, range::zrangebylex)
        .flags("readonly")
        .keys("1 RO access")
        .takes("2.8.9", "key min max [LIMIT {offset_count:offset count}]")
        .says(
            "Reads the members between two others, all scores being the same",
            "分数都相同时，读取字典序区间内的成员",
        ),
    row("zrevrangebylex", -4, range::zrevrangebylex)
        .flags("readonly")
        .keys("1 RO access")
        .takes("2.8.9", "key max min [LIMIT {offset_count:offset count}]")
        .says(
            "Reads the members between two others from the last on, all scores being the same",
            "分数都相同时，倒序读取字典序区间内的成员",
        ),
    row("zremrangebyrank", 4, range::zremrangebyrank)
        .flags("write")
        .keys("1 RW delete")
        .takes("2.0.0", "key start stop")
        .says("Takes out the members in a range of ranks", "移除排名在某个区间内的成员"),
    row("zremrangebyscore", 4, range::zremrangebyscore)
        .flags("write")
        .keys("1 RW delete")
        .takes("1.2.0", "key min%d max%d")
        .says("Takes out the members whose scores lie in a range", "移除分数在某个区间内的成员"),
    row("zremrangebylex", 4, range::zremrangebylex)
        .flags("write")
        .keys("1 RW delete")
        .takes("2.8.9", "key min max")
        .says(
            "Takes out the members between two others, all scores being the same",
            "分数都相同时，移除字典序区间内的成员",
        ),
    row("zpopmin", -2, pop::zpopmin)
        .flags("write fast")
        .keys("1 RW access delete")
        .takes("5.0.0", "key [count]")
        .says("Takes out the members with the smallest scores", "取出并移除分数最小的成员"),
    row("zpopmax", -2, pop::zpopmax)
        .flags("write fast")
        .keys("1 RW access delete")
        .takes("5.0.0", "key [count]")
        .says("Takes out the members with the largest scores", "取出并移除分数最大的成员"),
    row("bzpopmin", -3, pop::bzpopmin)
        .flags("write noscript blocking fast")
        .keys("1:-2 RW access delete")
        .takes("5.0.0", "key [key ...] timeout")
        .says(
            "Takes out the member with the smallest score, and waits for one if there is none",
            "取出分数最小的成员，没有则等待",
        ),
    row("bzpopmax", -3, pop::bzpopmax)
        .flags("write noscript blocking fast")
        .keys("1:-2 RW access delete")
        .takes("5.0.0", "key [key ...] timeout")
        .says(
            "Takes out the member with the largest score, and waits for one if there is none",
            "取出分数最大的成员，没有则等待",
        ),
    row("zmpop", -4, pop::zmpop)
        .flags("write movablekeys")
        .keys("1# RW access delete")
        .takes("7.0.0", "numkeys key [key ...] {where:MIN|MAX} [COUNT count]")
        .says(
            "Takes members out of the first of several sorted sets that has any",
            "从多个有序集合中第一个非空的取出成员",
        ),
    row("bzmpop", -5, pop::bzmpop)
        .flags("write blocking movablekeys")
        .keys("2# RW access delete")
        .takes("7.0.0", "timeout numkeys key [key ...] {where:MIN|MAX} [COUNT count]")
        .says(
            "Takes members out of the first of several sorted sets that has any, and waits if none has",
            "从第一个非空的有序集合取出成员，都为空则等待",
        ),
    row("zrandmember", -2, random::zrandmember)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output")
        .takes("6.2.0", "key [{options:count [WITHSCORES]}]")
        .says("Reads members at random", "随机读取成员"),
    row("zunion", -3, combine::zunion)
        .flags("readonly movablekeys")
        .keys("1# RO access")
        .takes("6.2.0", "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE {aggregate:SUM|MIN|MAX}] [WITHSCORES]")
        .says("Unites sorted sets", "求有序集合的并集"),
    row("zinter", -3, combine::zinter)
        .flags("readonly movablekeys")
        .keys("1# RO access")
        .takes("6.2.0", "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE {aggregate:SUM|MIN|MAX}] [WITHSCORES]")
        .says("Reads the members that all of the sorted sets have", "求有序集合的交集"),
    row("zdiff", -3, combine::zdiff)
        .flags("readonly movablekeys")
        .keys("1# RO access")
        .takes("6.2.0", "numkeys key [key ...] [WITHSCORES]")
        .says("Reads the members of the first sorted set that no other one has", "求第一个有序集合与其余的差集"),
    row("zunionstore", -4, combine::zunionstore)
        .flags("write denyoom movablekeys")
        .keys("1 OW update; 2# RO access")
        .takes("2.0.0", "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE {aggregate:SUM|MIN|MAX}]")
        .says("Unites sorted sets and keeps the result", "求并集并存储结果"),
    row("zinterstore", -4, combine::zinterstore)
        .flags("write denyoom movablekeys")
        .keys("1 OW update; 2# RO access")
        .takes("2.0.0", "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE {aggregate:SUM|MIN|MAX}]")
        .says("Keeps the members that all of the sorted sets have", "求交集并存储结果"),
    row("zdiffstore", -4, combine::zdiffstore)
        .flags("write denyoom movablekeys")
        .keys("1 OW update; 2# RO access")
        .takes("6.2.0", "destination numkeys key [key ...]")
        .says("Keeps the members of the first sorted set that no other one has", "求差集并存储结果"),
    row("zintercard", -3, combine::zintercard)
        .flags("readonly movablekeys")
        .keys("1# RO access")
        .takes("7.0.0", "numkeys key [key ...] [LIMIT limit]")
        .says("Counts the members that all of the sorted sets have", "统计交集的成员个数"),
    row("zscan", -3, random::zscan)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output")
        .takes("2.8.0", "key cursor [MATCH pattern] [COUNT count]")
        .says("Walks through the members of a sorted set, a few with each call", "分批遍历有序集合的成员"),
];

fn zrem(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, members) = (call.arg(1), &call.args[2..]);
    let removed = call.change(key, |zset: &mut Zset, _| {
        members.iter().filter(|member| zset.remove(member).is_some()).count() as i64
    })?;
    if removed.is_some_and(|removed| removed > 0) {
        call.changed(key, "zrem");
    }
    Ok(Reply::Integer(removed.unwrap_or(0)))
}

fn zcard(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    use super::kind::Kind;
    Ok(Reply::Integer(call.read::<Zset>(call.arg(1))?.map_or(0, Kind::len) as i64))
}

fn zscore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (key, member) = (call.arg(1), call.arg(2));
    let score = call.read::<Zset>(key)?.and_then(|zset| zset.score(member));
    Ok(score.map_or(Reply::Nil, Reply::Double))
}

fn zmscore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let members = &call.args[2..];
    let zset = call.read::<Zset>(call.arg(1))?;
    let score = |member| zset.and_then(|zset| zset.score(member)).map_or(Reply::Nil, Reply::Double);
    Ok(Reply::Array(members.iter().map(|member| score(member)).collect()))
}

fn zrank(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    rank(call, false)
}

fn zrevrank(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    rank(call, true)
}

fn rank(call: &mut Call<'_, '_>, from_end: bool) -> Result<Reply, Error> {
    use super::kind::Kind;
    let member = call.arg(2);
    let Some(zset) = call.read::<Zset>(call.arg(1))? else { return Ok(Reply::Nil) };
    let rank = zset.rank(member).map(|rank| if from_end { zset.len() - 1 - rank } else { rank });
    Ok(rank.map_or(Reply::Nil, |rank| Reply::Integer(rank as i64)))
}

/// An argument as a score.
fn score(text: &[u8]) -> Result<Double, Error> {
    score_or(text, error::NOT_FLOAT)
}

/// An argument as a score, or this refusal.
pub(super) fn score_or(text: &[u8], refusal: Error) -> Result<Double, Error> {
    Double::parse(text).ok_or(refusal)
}

/// Whether the client speaks RESP3, in which members and scores come as pairs.
pub(super) fn is_resp3(call: &Call<'_, '_>) -> bool {
    call.store.resp(call.client) == Resp::V3
}

/// Members and their scores as a reply, as pairs or one after the other.
fn with_scores<'a>(entries: impl Iterator<Item = &'a Scored>, nested: bool) -> Vec<Reply> {
    let mut items = Vec::new();
    for (score, member) in entries {
        let pair = [Reply::Bulk(member.clone()), Reply::Double(*score)];
        if nested { items.push(Reply::Array(pair.into())) } else { items.extend(pair) }
    }
    items
}
