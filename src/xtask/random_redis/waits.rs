//! Four clients that wait for lists and sorted sets and serve each other, beside a real Redis: whoever is answered must be answered the
//! same, in the same order, and as many must go on waiting.

use super::draw::Draw;
use super::{ENOUGH, shown, words};
use crate::problem::{Outcome, Problem};
use crate::record_redis::Wire;
use std::time::{SystemTime, UNIX_EPOCH};
use warren_sim::bytes::Bytes;
use warren_sim::prng::Prng;
use warren_sim::redis::transcript::{Engine, Rule};
use warren_sim::redis::{ClientId, Reply};

/// How many clients there are. One of them never waits.
const CLIENTS: u32 = 4;
/// Commands in one sequence.
const SEQUENCE: u64 = 150;
/// How often Redis is asked how many wait before its answer counts.
const PATIENCE: u32 = 3000;

/// What may wait.
const WAITS: &str = "\
BLPOP l 0; BLPOP l l 0; BRPOP l l l 0; BLMOVE l l LEFT|RIGHT LEFT|RIGHT 0; BLMOVE l l LEFT RIGHT 0; BRPOPLPUSH l l 0; BLMPOP 0 2 l l LEFT;
BLMPOP 0 1 l RIGHT COUNT 3; BZPOPMIN l l 0; BZPOPMAX l 0; BZMPOP 0 2 l l MIN COUNT 2; BZMPOP 0 1 l MAX";

/// What serves those who wait, or changes what they wait for.
const SERVES: &str = "\
RPUSH l {m}; LPUSH l {m}; RPUSH l m; LPOP l; DEL l; RENAME l l; COPY l l; COPY l l REPLACE; SET l v; SADD l m; ZADD l 1 m; ZADD l 2 m 1 m 3 m;
RPOPLPUSH l l; LMOVE l l LEFT LEFT; SORT l ALPHA STORE l; LTRIM l 1 0; ZREM l m; ZUNIONSTORE l 1 l; LINSERT l BEFORE m m; DEL l l l; EXISTS l;
MULTI / RPUSH l m / LPUSH l {m} / EXEC; MULTI / RPUSH l m / DEL l / EXEC; MULTI / RPUSH l m / RPUSH l m / ZADD l 1 m / LPOP l / EXEC;
MULTI / DEL l / RPUSH l {m} / RENAME l l / EXEC; MULTI / BLPOP l 0 / RPUSH l m / BLMOVE l l LEFT RIGHT 0 / EXEC; FLUSHALL; TYPE l; LRANGE l 0 -1";

/// Runs `count` random commands.
pub fn run(port: u16, count: u64, seed: u64) -> Outcome {
    let (mut done, mut differences, mut woken) = (0, 0, 0);
    for number in 0.. {
        if done >= count || differences >= ENOUGH {
            break;
        }
        let mut room = Room::open(port, seed, number)?;
        let found = room.play()?;
        (done, woken) = (done + room.commands, woken + room.woken);
        if let Some(what) = found {
            differences += 1;
            let last = room.history.len().saturating_sub(20);
            println!("seed {seed}, sequence {number}:\n  {}\n{what}\n", room.history[last..].join("\n  "));
        }
    }
    println!("{done} commands of seed {seed}, {woken} waits ended by another client; {differences} differences.");
    if differences == 0 { Ok(()) } else { Err(Problem::new("The engine and Redis differ.")) }
}

struct Room {
    prng: Prng,
    engine: Engine,
    wires: Vec<Wire>,
    /// A connection that only asks how many wait.
    control: Wire,
    waiting: Vec<bool>,
    commands: u64,
    woken: u64,
    history: Vec<String>,
}

impl Room {
    fn open(port: u16, seed: u64, number: u64) -> Outcome<Self> {
        let prng = Prng::new(Prng::new(seed).next_u64().wrapping_add(number.wrapping_mul(0x9E37_79B9)));
        let mut control = Wire::connect(port)?;
        // The clients of the sequence before may still be leaving.
        while blocked(&mut control)? > 0 {}
        control.call(&words("FLUSHALL"))?;
        let wires = (0..CLIENTS).map(|_| Wire::connect(port)).collect::<Outcome<_>>()?;
        let mut engine = Engine::default();
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Problem::new("The clock stands before 1970."))?;
        engine.set_clock(now.as_millis() as u64);
        let waiting = vec![false; CLIENTS as usize];
        Ok(Room { prng, engine, wires, control, waiting, commands: 0, woken: 0, history: Vec::new() })
    }

    /// Plays a sequence to its end or to the first difference.
    fn play(&mut self) -> Outcome<Option<String>> {
        for _ in 0..SEQUENCE {
            let free: Vec<usize> = (0..self.waiting.len()).filter(|place| !self.waiting[*place]).collect();
            let place = free[self.prng.below(free.len() as u64) as usize];
            let may_wait = free.len() > 1 && self.prng.below(2) == 0;
            let commands = Draw(&mut self.prng).commands_of(if may_wait { WAITS } else { SERVES });
            for args in commands {
                if let Some(difference) = self.compare(place, &args)? {
                    return Ok(Some(difference));
                }
                // A command that came out with a wrong number of arguments may leave its client waiting in the midst of its transaction.
                if self.waiting[place] {
                    break;
                }
            }
        }
        Ok(None)
    }

    fn compare(&mut self, place: usize, args: &[Bytes]) -> Outcome<Option<String>> {
        self.history.push(format!("{}: {}", place + 1, shown(args)));
        self.commands += 1;
        self.wires[place].send(args)?;
        let heard = self.engine.hear(ClientId(place as u32 + 1), args);
        self.waiting[place] = true;
        for (client, replies) in heard.replies {
            let other = client.0 as usize - 1;
            for ours in replies {
                self.woken += u64::from(other != place);
                self.waiting[other] = false;
                let ours = ours.lowered();
                let real = self.wires[other].receive();
                if real.as_ref().ok() != Some(&ours) {
                    let real = real.map_or_else(|lost| format!("{lost}\n"), |real| Rule::Exact.show(&real));
                    let ours = Rule::Exact.show(&ours);
                    return Ok(Some(format!("client {} of Redis: {real}ours: {ours}", other + 1)));
                }
            }
        }
        let ours = self.waiting.iter().filter(|waits| **waits).count() as u64;
        // Redis may read the question before the command, for they come by different ways.
        let (mut real, mut asked) = (blocked(&mut self.control)?, 1);
        while real != ours && asked < PATIENCE {
            (real, asked) = (blocked(&mut self.control)?, asked + 1);
        }
        Ok((real != ours).then(|| format!("in Redis {real} wait, here {ours}")))
    }
}

/// How many clients wait in the real server.
fn blocked(control: &mut Wire) -> Outcome<u64> {
    let Reply::Bulk(text) = control.call(&words("INFO clients"))? else {
        return Err(Problem::new("INFO answers no text."));
    };
    let text = text.text().into_owned();
    let number = text.lines().find_map(|line| line.strip_prefix("blocked_clients:")?.trim().parse().ok());
    number.ok_or_else(|| Problem::new("INFO does not say how many clients wait."))
}
