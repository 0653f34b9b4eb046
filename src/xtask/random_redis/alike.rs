//! Whether two replies are the same where chance, a clock or the order of a hash table decide.

use super::CLOCK_SLACK;
use warren_sim::bytes::Bytes;
use warren_sim::redis::transcript::{Engine, Rule};
use warren_sim::redis::{ClientId, Reply};

const ME: ClientId = ClientId(1);

fn ask(engine: &mut Engine, words: &[&[u8]]) -> Reply {
    let args: Vec<Bytes> = words.iter().map(|word| Bytes::from(*word)).collect();
    engine.reply(ME, &args)
}

fn leaves(reply: &Reply) -> Vec<Bytes> {
    match reply {
        Reply::Array(items) => items.iter().flat_map(leaves).collect(),
        Reply::Bulk(bytes) => vec![bytes.clone()],
        _ => Vec::new(),
    }
}

/// Makes the engine take the members that Redis took by chance. What it answers is what Redis answered if that was possible: as many
/// as there should be, all of them members. None if the command has nothing to do with chance.
pub fn follow(engine: &mut Engine, args: &[Bytes], real: &Reply) -> Option<Reply> {
    if let (true, Reply::Bulk(bytes)) = (args[0].eq_ignore_ascii_case(b"dump"), real) {
        return Some(restored(engine, &args[1], bytes, real));
    }
    let taken = leaves(real);
    if !args[0].eq_ignore_ascii_case(b"spop") || taken.is_empty() {
        return None;
    }
    let Reply::Integer(size) = ask(engine, &[b"SCARD", &args[1]]) else { return Some(Reply::Nil) };
    let wanted = args.get(2).map_or(1, |count| count.text().parse().unwrap_or(0)).min(size as u64);
    let mut words: Vec<&[u8]> = vec![b"SREM", &args[1]];
    words.extend(taken.iter().map(|member| member.as_slice()));
    let removed = ask(engine, &words);
    let possible = removed == Reply::Integer(taken.len() as i64) && wanted == taken.len() as u64;
    let left = size as u64 - wanted.min(size as u64);
    if possible && args.len() == 3 && left > 0 && left.saturating_mul(5) <= wanted {
        // Where few are left they are put into a set that is new, and may be kept in another way than the old one.
        let end = ask(engine, &[b"PEXPIRETIME", &args[1]]);
        ask(engine, &[b"SUNIONSTORE", &args[1], &args[1]]);
        if let Reply::Integer(end @ 0..) = end {
            ask(engine, &[b"PEXPIREAT", &args[1], end.to_string().as_bytes()]);
        }
    }
    Some(if possible { real.clone() } else { removed })
}

/// What Redis dumped must be what the engine has under that key, however it is packed: it is restored beside it and compared.
fn restored(engine: &mut Engine, key: &Bytes, bytes: &Bytes, real: &Reply) -> Reply {
    const BESIDE: &[u8] = b"a key that nobody else has";
    ask(engine, &[b"DUMP", key]);
    let reply = ask(engine, &[b"RESTORE", BESIDE, b"0", bytes]);
    // That a key has an end is part of its digest.
    if let Reply::Integer(1..) = ask(engine, &[b"PTTL", key]) {
        ask(engine, &[b"EXPIRE", BESIDE, b"1000"]);
    }
    let digests = ask(engine, &[b"DEBUG", b"DIGEST-VALUE", key, BESIDE]);
    ask(engine, &[b"DEL", BESIDE]);
    let Reply::Array(digests) = digests else { return reply };
    // How it is kept may differ: what has shrunk is small again when it is read.
    let same = reply == Reply::OK && digests.len() == 2 && digests[0] == digests[1];
    if same { real.clone() } else { Reply::Array(vec![reply, Reply::Array(digests)]) }
}

/// Whether the engine's reply is as good as Redis's.
pub fn alike(engine: &mut Engine, args: &[Bytes], real: &Reply, ours: &Reply) -> bool {
    let name = args[0].text().to_lowercase();
    let ours = &ours.lowered();
    match (name.as_str(), real, ours) {
        ("ttl" | "pttl" | "expiretime" | "pexpiretime", Reply::Integer(real), Reply::Integer(ours)) => {
            // -1 and -2 mean something; only times may be a little apart.
            real == ours || (*real >= 0 && *ours >= 0 && real.abs_diff(*ours) <= CLOCK_SLACK)
        }
        ("object", Reply::Integer(real), Reply::Integer(ours)) if args[1].eq_ignore_ascii_case(b"idletime") => {
            // Redis counts in seconds of a clock that it reads ten times a second, and small numbers are one object for all keys and databases,
            // asked for whenever one of them is.
            real.abs_diff(*ours) <= CLOCK_SLACK / 1000 || is_shared(engine, args)
        }
        // Where a cursor stands, and what lies beyond it, is each server's own affair; and so is how many commands there are.
        ("scan", Reply::Array(_), Reply::Array(_)) if args.get(3).is_none_or(|count| *count != "1000") => true,
        ("sscan" | "hscan", Reply::Array(_), Reply::Array(_)) if args.get(4).is_none_or(|count| *count != "1000") => {
            is_table(engine, args) || real == ours
        }
        ("zscan", Reply::Array(_), Reply::Array(_)) if is_skiplist(engine, args) => {
            args.get(4).is_none_or(|count| *count != "1000") || same_leaves(real, ours)
        }
        ("zrangebylex" | "zrevrangebylex" | "zlexcount" | "zrange", _, _)
            if real != ours && args.get(2).is_some_and(|bound| b"[(+-".contains(bound.first().unwrap_or(&0))) =>
        {
            // Where scores differ, what a skip list finds between two members depends on its random levels.
            !args[1].starts_with(b"lex") && is_skiplist(engine, args)
        }
        ("randomkey", Reply::Bulk(key), Reply::Bulk(_)) => ask(engine, &[b"EXISTS", key]) == Reply::Integer(1),
        ("command", Reply::Array(all), Reply::Array(_)) if all.len() > 200 => true,
        ("keys" | "scan" | "sinter" | "sunion" | "sdiff", real, ours) => same_leaves(real, ours),
        ("smembers" | "hgetall" | "hkeys" | "hvals" | "sscan" | "hscan", real, ours) if is_table(engine, args) => {
            same_leaves(real, ours)
        }
        ("xpending" | "xinfo", real, ours) => but_for_time(real, ours),
        // Sets of both kinds come in the order of a hash table where what they are sorted by is the same, and texts are compared up to a zero byte only.
        ("sort" | "sort_ro", Reply::Array(all), Reply::Array(own)) if is_set(engine, args) => {
            let part = args.iter().any(|arg| arg.eq_ignore_ascii_case(b"limit"));
            if part { all.len() == own.len() } else { same_leaves(real, ours) }
        }
        ("srandmember" | "hrandfield" | "zrandmember", Reply::Array(_) | Reply::Bulk(_), _) => {
            chosen(engine, &name, args, real, ours)
        }
        _ => real == ours,
    }
}

fn same_leaves(real: &Reply, ours: &Reply) -> bool {
    Rule::Sorted.show(real) == Rule::Sorted.show(ours)
}

fn is_set(engine: &mut Engine, args: &[Bytes]) -> bool {
    let kind = args.get(1).map(|key| ask(engine, &[b"TYPE", key]));
    // One with scores has an order of its own unless a pattern is what it is sorted by.
    let by = args.windows(2).any(|pair| pair[0].eq_ignore_ascii_case(b"by") && pair[1].contains(&b'*'));
    kind == Some(Reply::status("set")) || by && kind == Some(Reply::status("zset"))
}

/// Whether a list is made in the order of a hash table: of a set of either kind, sorted by texts of which some may be the same.
pub fn stores_by_hash_table(engine: &mut Engine, args: &[Bytes]) -> bool {
    let has = |word: &str| args.iter().any(|arg| arg.eq_ignore_ascii_case(word.as_bytes()));
    has("sort") && has("store") && has("by") && has("alpha") && is_set(engine, args)
}

/// Whether the key of the command holds a hash table.
fn is_table(engine: &mut Engine, args: &[Bytes]) -> bool {
    let encoding = |key: &Bytes| ask(engine, &[b"OBJECT", b"ENCODING", key]);
    args.get(1).map(encoding) == Some(Reply::text("hashtable"))
}

/// Whether the key of OBJECT IDLETIME holds a number that Redis keeps once for all.
fn is_shared(engine: &mut Engine, args: &[Bytes]) -> bool {
    let count = args.get(2).map(|key| ask(engine, &[b"OBJECT", b"REFCOUNT", key]));
    count == Some(Reply::Integer(i64::from(i32::MAX)))
}

fn is_skiplist(engine: &mut Engine, args: &[Bytes]) -> bool {
    let Some(key) = args.get(1) else { return false };
    ask(engine, &[b"OBJECT", b"ENCODING", key]) == Reply::text("skiplist")
}

/// Whether Redis chose as many as we did, and only what there is; each once if the count is positive.
fn chosen(engine: &mut Engine, name: &str, args: &[Bytes], real: &Reply, ours: &Reply) -> bool {
    let (real, ours) = (leaves(real), leaves(ours));
    let step = if args.len() == 4 { 2 } else { 1 };
    let question: &[u8] = match name {
        "srandmember" => b"SISMEMBER",
        "hrandfield" => b"HEXISTS",
        _ => b"ZRANK",
    };
    let names: Vec<&Bytes> = real.iter().step_by(step).collect();
    let mut is_there = |member: &Bytes| match ask(engine, &[question, &args[1], member]) {
        Reply::Integer(answer) => answer == 1 || name == "zrandmember",
        _ => false,
    };
    let all_there = names.iter().all(|member| is_there(member));
    let mut different: Vec<&[u8]> = names.iter().map(|member| member.as_slice()).collect();
    different.sort_unstable();
    different.dedup();
    let repeats = args.get(2).is_some_and(|count| count.starts_with(b"-"));
    real.len() == ours.len() && all_there && (repeats || different.len() == names.len())
}

/// Whether two replies about consumers are the same but for moments and durations, which are about the same.
fn but_for_time(real: &Reply, ours: &Reply) -> bool {
    let (Reply::Array(real), Reply::Array(ours)) = (real, ours) else { return real == ours };
    let is_time = |place: usize| match real.get(place.wrapping_sub(1)) {
        Some(Reply::Bulk(name)) if ["idle", "seen-time"].contains(&&*name.text()) => true,
        // The id, perhaps the consumer, the moment, how often.
        Some(Reply::Bulk(_)) => matches!(real[place], Reply::Integer(_)) && place + 2 == real.len() && place <= 2,
        _ => false,
    };
    let near = |place: usize| match (&real[place], &ours[place]) {
        (Reply::Integer(real), Reply::Integer(ours)) if is_time(place) => real.abs_diff(*ours) <= CLOCK_SLACK,
        (real, ours) => but_for_time(real, ours),
    };
    real.len() == ours.len() && (0..real.len()).all(near)
}
