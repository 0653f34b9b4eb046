//! Random commands for the real Redis and for the engine, side by side: each reply must be the same, and so must be all that is kept.
//!
//! What a real server answers by its clock or by chance is compared accordingly: times to live within a second, lists of keys in any
//! order. The seed and the number of the sequence are told with each difference, so that it can be found again.

use crate::problem::{Outcome, Problem};
use crate::record_redis::Wire;
use std::time::{SystemTime, UNIX_EPOCH};
use warren_sim::bytes::Bytes;
use warren_sim::prng::Prng;
use warren_sim::redis::transcript::{Engine, Rule};
use warren_sim::redis::{ClientId, Reply};

/// Commands in one sequence; after it, all keys are compared and both sides are emptied.
const SEQUENCE: u64 = 250;
/// Commands sent before their replies are awaited.
const BATCH: u64 = 25;
/// How far apart times to live may be, in the reply's own unit.
const CLOCK_SLACK: u64 = 1500;
/// Differences after which a run gives up.
const ENOUGH: u32 = 20;

/// Runs `count` random commands.
pub fn run(port: u16, count: u64, seed: u64) -> Outcome {
    let mut wire = Wire::connect(port)?;
    let (mut done, mut differences, mut errors) = (0, 0, 0);
    for number in 0.. {
        if done >= count || differences >= ENOUGH {
            break;
        }
        let mut sequence = Sequence::new(seed, number);
        let found = sequence.play(&mut wire)?;
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
}

impl Sequence {
    fn new(seed: u64, number: u64) -> Self {
        let prng = Prng::new(Prng::new(seed).next_u64().wrapping_add(number.wrapping_mul(0x9E37_79B9)));
        Sequence { prng, engine: Engine::default(), commands: 0, errors: 0, history: Vec::new() }
    }

    /// Plays it to its end or to the first difference.
    fn play(&mut self, wire: &mut Wire) -> Outcome<Option<String>> {
        wire.call(&words("FLUSHALL"))?;
        wire.call(&words("RESET"))?;
        for _ in 0..SEQUENCE / BATCH {
            let batch: Vec<_> = (0..BATCH).map(|_| Draw(&mut self.prng).command()).collect();
            if let Some(difference) = self.compare(wire, &batch)? {
                return Ok(Some(difference));
            }
        }
        self.compare_state(wire)
    }

    /// After the sequence: every key of the selected database with all that can be asked about it.
    fn compare_state(&mut self, wire: &mut Wire) -> Outcome<Option<String>> {
        let mut questions = vec![words("KEYS *")];
        for key in KEYS {
            for question in ["TYPE", "GET", "PTTL", "OBJECT ENCODING", "OBJECT REFCOUNT"] {
                questions.push(question.split(' ').map(Bytes::from).chain([Bytes::from(*key)]).collect());
            }
        }
        self.compare(wire, &questions)
    }

    fn compare(&mut self, wire: &mut Wire, batch: &[Vec<Bytes>]) -> Outcome<Option<String>> {
        for args in batch {
            wire.send(args)?;
        }
        let now =
            SystemTime::now().duration_since(UNIX_EPOCH).map_err(|_| Problem::new("The clock stands before 1970."))?;
        self.engine.set_clock(now.as_millis() as u64);
        let mut difference = None;
        for args in batch {
            let real = wire.receive()?;
            // After a difference only the replies on their way are taken in.
            if difference.is_some() {
                continue;
            }
            let ours = self.engine.reply(ClientId(1), args).lowered();
            self.commands += 1;
            self.errors += u64::from(matches!(ours, Reply::Error(_)));
            self.history.push(shown(args));
            if !alike(args, &real, &ours) {
                let last = self.history.len().saturating_sub(12);
                let story = self.history[last..].join("\n  ");
                let (real, ours) = (Rule::Exact.show(&real), Rule::Exact.show(&ours));
                difference = Some(format!("\n  {story}\n  Redis: {real}  we:    {ours}"));
            }
        }
        Ok(difference)
    }
}

/// A command as one would type it.
fn shown(args: &[Bytes]) -> String {
    let quoted = args.iter().map(|arg| Rule::Exact.show(&Reply::Bulk(arg.clone())).trim_end().to_string());
    quoted.collect::<Vec<_>>().join(" ")
}

fn words(line: &str) -> Vec<Bytes> {
    line.split(' ').map(Bytes::from).collect()
}

fn alike(args: &[Bytes], real: &Reply, ours: &Reply) -> bool {
    let name = args[0].text().to_lowercase();
    match (name.as_str(), real, ours) {
        ("ttl" | "pttl" | "expiretime" | "pexpiretime", Reply::Integer(real), Reply::Integer(ours)) => {
            // -1 and -2 mean something; only times may be a little apart.
            real == ours || (*real >= 0 && *ours >= 0 && real.abs_diff(*ours) <= CLOCK_SLACK)
        }
        // Where a cursor stands, and what lies beyond it, is each server's own affair; and so is how many commands there are.
        ("scan", Reply::Array(_), Reply::Array(_)) if args.get(3).is_none_or(|count| *count != "1000") => true,
        ("command", Reply::Array(all), Reply::Array(_)) if all.len() > 200 => true,
        ("keys" | "scan", real, ours) => Rule::Sorted.show(real) == Rule::Sorted.show(ours),
        _ => *real == ours.lowered(),
    }
}

const KEYS: &[&str] = &["a", "b", "foo", "bar", "n1", "n2", "f1", "bits", "武", "", "long"];

/// Draws commands: mostly sensible, some with arguments of the wrong kind or number.
struct Draw<'p>(&'p mut Prng);

impl Draw<'_> {
    fn one<T: Clone>(&mut self, among: &[T]) -> T {
        among[self.0.below(among.len() as u64) as usize].clone()
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.0.below(100) < percent
    }

    fn command(&mut self) -> Vec<Bytes> {
        let all: Vec<&str> = TEMPLATES.split(';').map(str::trim).collect();
        let template = self.one(&all);
        let mut args = Vec::new();
        self.fill(template, &mut args);
        if self.chance(2) {
            args.pop();
        }
        if self.chance(2) || args.is_empty() {
            args.push(Bytes::from("foo"));
        }
        args
    }

    /// Turns a template into arguments: a small letter is a kind of argument, `[..]` is there by chance, `{..}` repeats, `|` chooses.
    fn fill(&mut self, template: &str, args: &mut Vec<Bytes>) {
        for word in template.split(' ') {
            let inner = word.get(1..word.len().saturating_sub(1)).unwrap_or_default().replace('_', " ");
            match word.as_bytes() {
                [b'[', ..] => {
                    if self.chance(40) {
                        self.choose(&inner, args);
                    }
                }
                [b'{', ..] => {
                    for _ in 0..=self.0.below(3) {
                        self.choose(&inner, args);
                    }
                }
                [_] => args.push(self.argument(word)),
                _ => {
                    let word = if self.chance(5) { word.to_lowercase() } else { word.to_string() };
                    args.push(Bytes::from(word));
                }
            }
        }
    }

    fn choose(&mut self, alternatives: &str, args: &mut Vec<Bytes>) {
        let all: Vec<&str> = alternatives.split('|').collect();
        let picked = self.one(&all).to_string();
        self.fill(&picked, args);
    }

    fn argument(&mut self, kind: &str) -> Bytes {
        match kind {
            "k" => Bytes::from(self.one(KEYS)),
            "v" => self.value(),
            "i" => Bytes::from(self.integer()),
            "s" => Bytes::from(self.small()),
            "o" => Bytes::from(self.offset()),
            "f" => Bytes::from(self.float()),
            "t" => Bytes::from(self.seconds()),
            "T" => Bytes::from(self.unix_seconds()),
            "w" => Bytes::from(self.field()),
            "d" => Bytes::from(self.one(&["0", "1", "15", "16", "-1", "x", "99999999999"])),
            "p" => Bytes::from(self.one(&["*", "f*", "?", "[ab]", "[^a]*", "n[0-9]", "\\f*", "*o", "[f-", "b*r", ""])),
            other => Bytes::from(other),
        }
    }

    fn value(&mut self) -> Bytes {
        match self.0.below(8) {
            0 => Bytes::from(self.integer()),
            1 => Bytes::from(self.float()),
            2 => Bytes::from(self.one(&["", "foobar", "武沛齐", "hello world", "0", "007", "-0", " 1", "1 "])),
            3 => Bytes::from("x".repeat(self.0.below(60) as usize)),
            4 => {
                let len = self.0.below(12);
                Bytes::from((0..len).map(|_| self.one(&[0, 255, 128, 1, 0x55])).collect::<Vec<u8>>())
            }
            5 => {
                let len = self.0.below(20);
                Bytes::from((0..len).map(|_| self.one(b"abc")).collect::<Vec<u8>>())
            }
            _ => Bytes::from(self.small()),
        }
    }

    fn small(&mut self) -> String {
        let number = self.0.below(40) as i64 - 20;
        if self.chance(4) { self.integer() } else { number.to_string() }
    }

    fn integer(&mut self) -> String {
        match self.0.below(8) {
            0 => self.one(&["9223372036854775807", "-9223372036854775808", "9223372036854775808", "-1", "0"]).into(),
            1 => self.one(&["abc", "", "1.5", "+1", "01", "1e3", " 1"]).into(),
            2 => (self.0.next_u64() as i64).to_string(),
            _ => (self.0.below(2000) as i64 - 1000).to_string(),
        }
    }

    fn offset(&mut self) -> String {
        match self.0.below(20) {
            0 => self.one(&["4294967296", "-1", "x", "536870912", "9223372036854775807", "#2", "#-1"]).into(),
            1 => format!("#{}", self.0.below(8)),
            _ => self.0.below(100).to_string(),
        }
    }

    fn field(&mut self) -> String {
        if self.chance(4) {
            return self.one(&["i65", "u64", "u0", "x8", "i", "u-1", "I8", ""]).into();
        }
        if self.chance(50) { format!("i{}", 1 + self.0.below(64)) } else { format!("u{}", 1 + self.0.below(63)) }
    }

    fn float(&mut self) -> String {
        let sign = self.one(&["", "-", "", "+"]);
        match self.0.below(12) {
            0 => self.one(FLOATS).into(),
            1 => format!("{sign}{}e{}", self.0.below(1_000_000), self.0.below(80) as i64 - 40),
            2 => format!("{sign}{}.{}e{}", self.0.next_u64(), self.0.next_u64(), self.0.below(10_000) as i64 - 5000),
            3 => {
                format!("{sign}0x{:x}.{:x}p{}", self.0.next_u64(), self.0.below(65536), self.0.below(200) as i64 - 100)
            }
            4 => format!("{sign}{}{}{}", self.0.next_u64(), self.0.next_u64(), self.0.next_u64()),
            5 => format!("{sign}.{:0width$}", self.0.next_u64(), width = self.0.below(60) as usize),
            6 => format!("{sign}{}", self.0.next_u64() as f64 / 1e15),
            _ => format!("{sign}{}.{}", self.0.below(1000), self.0.below(100_000)),
        }
    }

    /// A time to live: far enough off that no clock decides, and seldom twice the same.
    fn seconds(&mut self) -> String {
        match self.0.below(10) {
            0 => {
                self.one(&["0", "-1", "abc", "9223372036854775807", "-9223372036854775808", "9223372036854775"]).into()
            }
            _ => (10_000 + self.0.below(1_000_000_000)).to_string(),
        }
    }

    fn unix_seconds(&mut self) -> String {
        match self.0.below(10) {
            0 => self.one(&["0", "-1", "abc", "9223372036854775807", "1", "9223372036854775"]).into(),
            _ => (4_000_000_000_000 + self.0.below(1_000_000_000)).to_string(),
        }
    }
}

const FLOATS: &[&str] = &[
    "inf",
    "-inf",
    "nan",
    "1e4932",
    "1.2e4932",
    "-1e4932",
    "1e-4950",
    "1e-4951",
    "1e5000",
    "1e-5000",
    "3.0e3",
    "0x",
    "0x1p",
    "1e",
    "",
    ".",
    "5.",
    ".5",
    "-0",
    "-0.0",
    "1 ",
    " 1",
    "1e17",
    "1e18",
    "123456789012345678901234567890",
    "0.000000000000000005",
    "0.00000000000000001",
    "infinity",
    "0x1p16383",
    "0x1p-16445",
    "0x1p-16446",
    "0xffffffffffffffffffp0",
    "1_0",
    "9007199254740993",
    "0.1",
    "0.2",
    "0.3",
    "18446744073709551615",
    "18446744073709551616",
    "36893488147419103233",
];

/// What [`Draw::fill`] makes commands of, parted by semicolons; what stands more than once is drawn more often.
const TEMPLATES: &str = "\
SET k v; SET k v; SET k v; SET k v [NX|XX] [GET] [EX_t|PX_t|EXAT_T|PXAT_T|KEEPTTL];
SET k v [GET] [KEEPTTL|NX] [XX|EX_t]; SETNX k v; SETEX k t v; PSETEX k t v; MSET {k_v}; MSETNX {k_v}; GET k;
MGET {k}; GETSET k v; GETDEL k; GETEX k [EX_t|PX_t|EXAT_T|PXAT_T|PERSIST] [PERSIST]; GETRANGE k s s;
SUBSTR k s s; SETRANGE k s v; SETRANGE k o v; STRLEN k; APPEND k v; INCR k; INCRBY k i; INCRBYFLOAT k f;
SET f1 f; SET f1 f; INCRBYFLOAT f1 f; INCRBYFLOAT f1 f; INCRBYFLOAT f1 f; INCRBYFLOAT k f; INCRBYFLOAT k f;
DECR k; DECRBY k i; LCS k k; LCS k k [LEN|IDX] [MINMATCHLEN_s] [WITHMATCHLEN] [IDX|LEN]; SETBIT k o s;
SETBIT k o 1; SETBIT k o 0; GETBIT k o; BITCOUNT k; BITCOUNT k s s [BIT|BYTE|FOO]; BITCOUNT k s;
BITPOS k 1 [s|s_s|s_s_BIT|s_s_BYTE]; BITPOS k 0 [s|s_s|s_s_BIT|s_s_BYTE]; BITPOS k s [s|s_s|s_s_BIT|s_s_FOO];
BITOP AND k {k}; BITOP OR k {k}; BITOP XOR k {k}; BITOP NOT k k; BITOP NOT k {k}; BITOP FOO k k;
BITFIELD k {GET_w_o|SET_w_o_i|INCRBY_w_o_i|OVERFLOW_SAT|OVERFLOW_FAIL|OVERFLOW_WRAP|SET_w_o_s|INCRBY_w_o_s};
BITFIELD k {GET_w_o|SET_w_o_i|INCRBY_w_o_i} {OVERFLOW_SAT_INCRBY_w_o_i|OVERFLOW_FAIL_SET_w_o_i|OVERFLOW_FOO};
BITFIELD_RO k {GET_w_o}; BITFIELD_RO k {GET_w_o|SET_w_o_i}; TTL k; PTTL k; EXPIRETIME k; PEXPIRETIME k;
EXPIRE k t; EXPIRE k t [NX|XX|GT|LT] [GT|LT|FOO]; PEXPIRE k t [NX|XX|GT|LT]; EXPIREAT k T [NX|XX|GT|LT];
PEXPIREAT k T [NX|XX|GT|LT]; PERSIST k; DEL {k}; UNLINK {k}; EXISTS {k}; TOUCH {k}; TYPE k; KEYS p;
SCAN 0 COUNT 1000 [MATCH_p] [TYPE_string|TYPE_list]; SCAN s [COUNT_s] [MATCH_p]; RENAME k k; RENAMENX k k;
COPY k k [REPLACE] [DB_d] [REPLACE]; MOVE k d; DBSIZE; SELECT d; SELECT 0; SWAPDB d d; FLUSHDB;
FLUSHALL [ASYNC|SYNC|FOO]; PING [v]; ECHO v; OBJECT ENCODING k; OBJECT REFCOUNT k; OBJECT FREQ k; OBJECT FOO k;
CLIENT SETNAME v; CLIENT GETNAME; CLIENT FOO; RESET; NOSUCH v v v; COMMAND INFO GET;
COMMAND GETKEYS MSET {k_v}; COMMAND GETKEYSANDFLAGS BITOP AND k {k}; COMMAND GETKEYS v v; COMMAND FOO";
