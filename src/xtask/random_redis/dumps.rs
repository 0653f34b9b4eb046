//! Keys of every type and encoding, dumped by the real Redis and restored by the engine, and the other way round: what was restored must
//! have the same digest, encoding, end and (for streams) groups. Then the same bytes damaged: both must refuse them alike, or take them for
//! the same.

mod values;

use super::{ENOUGH, alike, words};
use crate::problem::{Outcome, Problem};
use crate::record_redis::Wire;
use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};
use warren_sim::bytes::Bytes;
use warren_sim::prng::Prng;
use warren_sim::redis::transcript::{Engine, Rule};
use warren_sim::redis::{ClientId, Reply, error, sealed};

/// The key that is made on both sides.
const KEY: &str = "key";
/// The key that is restored.
const COPY: &str = "copy";
/// How often the bytes of one key are damaged.
const DAMAGES: u64 = 12;
/// Bytes of version and checksum behind a value.
const FOOTER: usize = 10;
/// Settings that decide how values are kept and written; each round has one of a line.
const SETTINGS: &[&[&str]] = &[
    &["rdbcompression yes", "rdbcompression yes", "rdbcompression no"],
    &[
        "list-max-listpack-size -2",
        "list-max-listpack-size 3",
        "list-max-listpack-size -1",
        "list-max-listpack-size 128",
    ],
    &["hash-max-listpack-entries 512", "hash-max-listpack-entries 512", "hash-max-listpack-entries 0"],
    &["zset-max-listpack-entries 128", "zset-max-listpack-entries 128", "zset-max-listpack-entries 0"],
    &["set-max-intset-entries 512", "set-max-intset-entries 512", "set-max-intset-entries 0"],
    &["stream-node-max-entries 100", "stream-node-max-entries 100", "stream-node-max-entries 3"],
];

/// Dumps and restores `count` keys.
pub fn run(port: u16, count: u64, seed: u64) -> Outcome {
    let mut bench = Bench { wire: Wire::connect(port)?, engine: Engine::default(), tally: BTreeMap::new() };
    // Without this, Redis trusts what it restores, and dies of it.
    bench.both(&words("CONFIG SET sanitize-dump-payload yes"))?;
    let mut differences = 0;
    for number in 0..count {
        let mut prng = Prng::new(Prng::new(seed).next_u64().wrapping_add(number.wrapping_mul(0x9E37_79B9)));
        let found = bench.one(&mut prng).map_err(|lost| Problem::new(format!("seed {seed}, key {number}: {lost}")))?;
        if let Some(what) = found {
            differences += 1;
            println!("seed {seed}, key {number}: {what}\n");
        }
        if differences >= ENOUGH {
            break;
        }
    }
    for (what, times) in &bench.tally {
        println!("{times:>8} {what}");
    }
    println!("{count} keys of seed {seed}; {differences} differences.");
    if differences == 0 { Ok(()) } else { Err(Problem::new("The engine and Redis differ.")) }
}

struct Bench {
    wire: Wire,
    engine: Engine,
    tally: BTreeMap<String, u64>,
}

impl Bench {
    fn real(&mut self, args: &[Bytes]) -> Outcome<Reply> {
        self.wire.call(args)
    }

    fn ours(&mut self, args: &[Bytes]) -> Reply {
        self.engine.reply(ClientId(1), args).lowered()
    }

    fn both(&mut self, args: &[Bytes]) -> Outcome<(Reply, Reply)> {
        Ok((self.real(args)?, self.ours(args)))
    }

    fn count(&mut self, what: impl Into<String>) {
        *self.tally.entry(what.into()).or_default() += 1;
    }

    /// One key: made on both sides, dumped and restored across, and damaged.
    fn one(&mut self, prng: &mut Prng) -> Outcome<Option<String>> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = now.map_err(|_| Problem::new("The clock stands before 1970."))?;
        self.engine.set_clock(now.as_millis() as u64);
        self.both(&words("FLUSHALL"))?;
        for line in SETTINGS {
            let setting = line[prng.below(line.len() as u64) as usize];
            self.both(&words(&format!("CONFIG SET {setting}")))?;
        }
        for args in values::draw(KEY, prng) {
            let (real, ours) = self.both(&args)?;
            if real != ours {
                return Ok(Some(told(&args[0].text(), &real, &ours)));
            }
        }
        let (real, ours) = self.both(&words(&format!("DUMP {KEY}")))?;
        // What was put there was taken out again.
        if (&real, &ours) == (&Reply::Nil, &Reply::Nil) {
            return Ok(None);
        }
        let (Reply::Bulk(real), Reply::Bulk(ours)) = (&real, &ours) else {
            return Ok(Some(told("DUMP", &real, &ours)));
        };
        self.count(if real == ours {
            "dumps alike to the byte"
        } else {
            "dumps that differ in their bytes (order of a hash table)"
        });
        for (whose, bytes) in [("Redis's", real), ("our", ours)] {
            if let Some(what) = self.restored(bytes, prng)? {
                return Ok(Some(format!("{whose} dump {}: {what}", Rule::Exact.show(&Reply::Bulk(bytes.clone())))));
            }
        }
        for _ in 0..DAMAGES {
            let bytes = damaged(real, prng);
            // Redis takes memory for as many members as are announced, and is busy with it for minutes.
            if let [2..=5, 0x80 | 0x81, ..] = *bytes {
                continue;
            }
            if let Some(what) = self.refused(&bytes)? {
                return Ok(Some(format!("damaged {}: {what}", Rule::Exact.show(&Reply::Bulk(bytes)))));
            }
        }
        Ok(None)
    }

    /// Restores what was dumped on both sides, and compares the copies with each other and with what was dumped.
    fn restored(&mut self, bytes: &Bytes, prng: &mut Prng) -> Outcome<Option<String>> {
        let mut args: Vec<Bytes> = vec!["RESTORE".into(), COPY.into(), "0".into(), bytes.clone(), "REPLACE".into()];
        match prng.below(4) {
            0 => args[2] = Bytes::from((100_000 + prng.below(1_000_000_000)).to_string()),
            1 => {
                args[2] = Bytes::from((4_000_000_000_000 + prng.below(1_000_000_000)).to_string());
                args.push("ABSTTL".into());
            }
            2 => args.extend(["IDLETIME".into(), Bytes::from((1000 + prng.below(1000)).to_string())]),
            _ => {}
        }
        let (real, ours) = self.both(&args)?;
        if (&real, &ours) != (&Reply::OK, &Reply::OK) {
            return Ok(Some(told("RESTORE", &real, &ours)));
        }
        for question in [format!("OBJECT IDLETIME {COPY}"), format!("PTTL {COPY}")] {
            let (real, ours) = self.both(&words(&question))?;
            if !alike::alike(&mut self.engine, &words(&question), &real, &ours) {
                return Ok(Some(told(&question, &real, &ours)));
            }
        }
        // That a key has an end is part of its digest, and the key that was dumped has none.
        self.both(&words(&format!("PERSIST {COPY}")))?;
        let (real, _) = self.both(&words(&format!("DEBUG DIGEST-VALUE {KEY} {COPY}")))?;
        match real {
            Reply::Array(digests) if digests.len() == 2 && digests[0] == digests[1] => self.same(COPY),
            other => Ok(Some(format!("the copy is not what was dumped: {}", Rule::Exact.show(&other)))),
        }
    }

    /// Compares what both sides have under a key.
    fn same(&mut self, key: &str) -> Outcome<Option<String>> {
        let mut encoding = String::new();
        for question in [
            format!("OBJECT ENCODING {key}"),
            format!("DEBUG DIGEST-VALUE {key}"),
            format!("XINFO STREAM {key} FULL COUNT 0"),
            format!("PFCOUNT {key}"),
        ] {
            let (real, ours) = self.both(&words(&question))?;
            if !alike::alike(&mut self.engine, &words(&question), &real, &ours) {
                return Ok(Some(told(&question, &real, &ours)));
            }
            if question.starts_with("OBJECT ENC") {
                encoding = Rule::Exact.show(&real);
            }
        }
        let (real, ours) = self.both(&words(&format!("TYPE {key}")))?;
        if real != ours {
            return Ok(Some(told("TYPE", &real, &ours)));
        }
        self.count(format!("restored alike: {} {}", Rule::Exact.show(&real).trim_end(), encoding.trim_end()));
        Ok(None)
    }

    /// Restores damaged bytes on both sides.
    fn refused(&mut self, bytes: &Bytes) -> Outcome<Option<String>> {
        let args: Vec<Bytes> = vec!["RESTORE".into(), COPY.into(), "0".into(), bytes.clone(), "REPLACE".into()];
        let (real, ours) = self.both(&args)?;
        // Redis takes a stream whose ids or counts contradict each other, and answers strangely from then on; we refuse it.
        let is_stream = bytes.first().is_some_and(|kind| [15, 19].contains(kind));
        if is_stream && real == Reply::OK && ours == Reply::Error(error::DUMP_FORMAT) {
            self.both(&words("DEL copy"))?;
            self.count("damaged streams that Redis takes and we refuse");
            return Ok(None);
        }
        if real != ours {
            return Ok(Some(told("RESTORE", &real, &ours)));
        }
        if real == Reply::OK {
            self.count("damaged bytes that are a value");
            return self.same(COPY);
        }
        self.count(format!("damaged bytes refused: {}", Rule::Exact.show(&real).trim_end()));
        Ok(None)
    }
}

fn told(what: &str, real: &Reply, ours: &Reply) -> String {
    format!("{what}\n  Redis: {}  we:    {}", Rule::Exact.show(real), Rule::Exact.show(ours))
}

/// The bytes with some changed, left out or put in; mostly with the checksum that belongs to them.
fn damaged(bytes: &Bytes, prng: &mut Prng) -> Bytes {
    let mut bytes = bytes.to_vec();
    for _ in 0..=prng.below(3) {
        if bytes.is_empty() {
            break;
        }
        let body = bytes.len().saturating_sub(FOOTER).max(1);
        // Near the start, more is decided.
        let reach = if prng.below(2) == 0 { body.min(24) } else { body };
        let place = prng.below(reach as u64) as usize;
        match prng.below(6) {
            0 => drop(bytes.remove(place)),
            1 => bytes.insert(place, prng.below(256) as u8),
            2 => bytes[place] ^= 1 << prng.below(8),
            3 => bytes.truncate(place.max(1)),
            4 => bytes[place] = [0, 1, 0x7F, 0x80, 0xFF, 0xC3, 0xF4][prng.below(7) as usize],
            _ => bytes[place] = prng.below(256) as u8,
        }
    }
    match prng.below(12) {
        // The checksum is wrong.
        0 => {}
        // The version is one that is to come.
        1 if bytes.len() > FOOTER => {
            let place = bytes.len() - FOOTER;
            bytes[place] = 11;
        }
        _ => {
            bytes.truncate(bytes.len().saturating_sub(FOOTER).max(1));
            return sealed(bytes);
        }
    }
    Bytes::from(bytes)
}
