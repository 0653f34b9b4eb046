//! Random commands for the real Redis and for the engine, side by side: each reply must be the same, and so must be all that is kept.
//!
//! What a real server answers by its clock or by chance is compared accordingly: times to live within a second, lists of keys in any
//! order. The seed and the number of the sequence are told with each difference, so that it can be found again.

mod alike;
mod draw;
pub mod dumps;
mod templates;
pub mod waits;

use crate::problem::{Outcome, Problem};
use crate::record_redis::Wire;
use std::time::{SystemTime, UNIX_EPOCH};
use warren_sim::bytes::Bytes;
use warren_sim::prng::Prng;
use warren_sim::redis::transcript::{Engine, Rule};
use warren_sim::redis::{ClientId, Reply};

use alike::{alike, follow};
use draw::{Draw, KEYS, OTHER_KEYS};
use templates::GROUPS;

/// Commands in one sequence; after it, all keys are compared and both sides are emptied.
const SEQUENCE: u64 = 250;
/// Commands sent before their replies are awaited.
const BATCH: u64 = 25;
/// How far apart times to live may be, in the reply's own unit.
const CLOCK_SLACK: u64 = 10_000;
/// Differences after which a run gives up.
const ENOUGH: u32 = 20;

/// Runs `count` random commands, of all groups or of the one with this number.
pub fn run(port: u16, count: u64, seed: u64, group: Option<u64>) -> Outcome {
    let groups = match group {
        None => GROUPS,
        Some(place) => {
            let one = usize::try_from(place).ok().and_then(|place| GROUPS.get(place..=place));
            one.ok_or_else(|| Problem::new(format!("The groups are 0 to {}.", GROUPS.len() - 1)))?
        }
    };
    let mut wire = Wire::connect(port)?;
    let (mut done, mut differences, mut errors) = (0, 0, 0);
    for number in 0.. {
        if done >= count || differences >= ENOUGH {
            break;
        }
        let mut sequence = Sequence::new(seed, number);
        let found = sequence.play(&mut wire, groups);
        let found = found.map_err(|problem| Problem::new(format!("seed {seed}, sequence {number}: {problem}")))?;
        done += sequence.commands;
        errors += sequence.errors;
        if let Some(difference) = found {
            differences += 1;
            println!("seed {seed}, sequence {number}: {difference}\n");
        }
    }
    println!("{done} commands of seed {seed}, {errors} of them refused alike; {differences} differences.");
    if differences == 0 { Ok(()) } else { Err(Problem::new("The engine and Redis differ.")) }
}

struct Sequence {
    prng: Prng,
    engine: Engine,
    commands: u64,
    errors: u64,
    history: Vec<String>,
    /// Whether Redis did by its hash tables, whose seed is not ours, what shows in all that follows: then the sequence ends.
    undetermined: bool,
}

impl Sequence {
    fn new(seed: u64, number: u64) -> Self {
        let prng = Prng::new(Prng::new(seed).next_u64().wrapping_add(number.wrapping_mul(0x9E37_79B9)));
        Sequence { prng, engine: Engine::default(), commands: 0, errors: 0, history: Vec::new(), undetermined: false }
    }

    /// Plays it to its end or to the first difference.
    fn play(&mut self, wire: &mut Wire, groups: &[&str]) -> Outcome<Option<String>> {
        wire.call(&words("FLUSHALL"))?;
        wire.call(&words("RESET"))?;
        for _ in 0..SEQUENCE / BATCH {
            let batch: Vec<_> = (0..BATCH).flat_map(|_| Draw(&mut self.prng).commands(groups)).collect();
            if let Some(difference) = self.compare(wire, &batch)? {
                return Ok(Some(difference));
            }
            if self.undetermined {
                return Ok(None);
            }
        }
        self.compare_state(wire)
    }

    /// After the sequence: every key of the selected database with all that can be asked about it.
    fn compare_state(&mut self, wire: &mut Wire) -> Outcome<Option<String>> {
        let mut questions = vec![words("KEYS *")];
        for key in KEYS {
            for question in [
                "OBJECT IDLETIME",
                "TYPE",
                "GET",
                "PTTL",
                "OBJECT ENCODING",
                "OBJECT REFCOUNT",
                "SMEMBERS",
                "HGETALL",
                "LRANGE * 0 -1",
                "ZRANGE * 0 -1 WITHSCORES",
                "DUMP",
                "DEBUG DIGEST-VALUE",
                "XINFO STREAM * FULL COUNT 0",
            ] {
                let (before, after) = question.split_once(" *").unwrap_or((question, ""));
                let key = [Bytes::from(*key)];
                let words = |text: &str| text.split_whitespace().map(Bytes::from).collect::<Vec<_>>();
                questions.push([words(before), key.to_vec(), words(after)].concat());
            }
        }
        // What is kept under other keys, and in other databases.
        questions.extend(OTHER_KEYS.iter().map(|key| words(&format!("DEBUG DIGEST-VALUE {key}"))));
        questions.push(words("DEBUG DIGEST"));
        self.compare(wire, &questions)
    }

    fn compare(&mut self, wire: &mut Wire, batch: &[Vec<Bytes>]) -> Outcome<Option<String>> {
        for args in batch {
            if looks_at_errno(args) {
                wire.send(&words(RESETS_ERRNO))?;
            }
            wire.send(args)?;
        }
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Problem::new("The clock stands before 1970."))?;
        self.engine.set_clock(now.as_millis() as u64);
        let mut difference = None;
        for args in batch {
            if looks_at_errno(args) {
                wire.receive()?;
            }
            let real = wire.receive()?;
            // After a difference only the replies on their way are taken in.
            if difference.is_some() || self.undetermined {
                continue;
            }
            self.undetermined = alike::stores_by_hash_table(&mut self.engine, args);
            let ours = match follow(&mut self.engine, args, &real) {
                Some(reply) => reply,
                None => self.engine.reply(ClientId(1), args).lowered(),
            };
            self.commands += 1;
            self.errors += u64::from(matches!(ours, Reply::Error(_)));
            self.history.push(shown(args));
            if !alike(&mut self.engine, args, &real, &ours) {
                let story = self.story(args);
                let (real, ours) = (Rule::Exact.show(&real), Rule::Exact.show(&ours));
                difference = Some(format!("\n  {story}\n  Redis: {real}  we:    {ours}"));
            }
        }
        Ok(difference)
    }
}

impl Sequence {
    /// What came before a difference: the last commands, and before them those that name the same key.
    fn story(&self, args: &[Bytes]) -> String {
        let last = self.history.len().saturating_sub(14);
        let key = args.last().map(|key| shown(std::slice::from_ref(key))).unwrap_or_default();
        let about_it = self.history[..last].iter().filter(|line| line.contains(&key));
        let about_it: Vec<&String> = about_it.collect();
        let few = about_it.len().saturating_sub(20);
        let lines = about_it[few..].iter().copied().chain(&self.history[last..]);
        lines.cloned().collect::<Vec<_>>().join("\n  ")
    }
}

/// What is sent before a SORT: it reads a number, which resets errno, and does nothing, for there is no such key.
const RESETS_ERRNO: &str = "ZADD nosuch XX 0 member";

/// SORT refuses every element if errno says that some number, in whatever command before, was beyond its range.
fn looks_at_errno(args: &[Bytes]) -> bool {
    args[0].to_ascii_lowercase().starts_with(b"sort")
}

/// A command as one would type it.
fn shown(args: &[Bytes]) -> String {
    let quoted = args.iter().map(|arg| Rule::Exact.show(&Reply::Bulk(arg.clone())).trim_end().to_string());
    quoted.collect::<Vec<_>>().join(" ")
}

fn words(line: &str) -> Vec<Bytes> {
    line.split(' ').map(Bytes::from).collect()
}
