//! What INFO counts: calls, errors, hits, time. And what a server lends to a store that runs in it.

use super::command::Command;
use super::config::Config;
use super::error::Error;
use super::store::Store;
use super::table::commands;
use crate::bytes::Bytes;
use crate::sorted::SortedMap;
use alloc::{collections::VecDeque, rc::Rc, string::String, vec, vec::Vec};
use core::hash::{Hash, Hasher};

/// What a store is told of the machine it runs on. A world has none: there, everything takes no time.
#[derive(Clone, Copy, Debug)]
pub struct Host {
    /// The number of the process.
    pub pid: u32,
    /// The TCP port that clients connect to.
    pub port: u16,
    /// When the server started, in Unix milliseconds.
    pub started_ms: u64,
    /// Microseconds that pass steadily.
    pub micros: Micros,
    /// Lets so many microseconds pass.
    pub sleep: Sleep,
    /// When the last command ended, or [`Store::begin_turn`] was called: one look at the clock for each command is enough.
    pub(super) lap: u64,
    /// Listens on another port from now on; whether that can be done.
    pub listen: Listen,
    /// The bytes of a file, if there is such a file.
    pub read_file: ReadFile,
    /// The command that a name means, where names were changed.
    pub rename: Option<Rename>,
    /// Writes the parameters in force into the configuration file, if there is one, or says why it cannot.
    pub rewrite: Option<Rewrite>,
    /// The configuration file; empty for none.
    pub config_file: &'static str,
    /// When SAVE or BGSAVE last were asked for, in Unix milliseconds (0: never), and how often.
    pub(super) saved: (u64, u64),
}

impl Host {
    /// A machine that lends these two; the rest is as in a world until it is set.
    pub fn new(micros: Micros, sleep: Sleep) -> Self {
        Host { micros, sleep, ..Host::default() }
    }
}

impl Default for Host {
    fn default() -> Self {
        Host {
            pid: 1,
            port: 6379,
            started_ms: super::store::EPOCH_MS,
            micros: || 0,
            sleep: |_| {},
            lap: 0,
            listen: |_| true,
            read_file: |_| None,
            rename: None,
            rewrite: None,
            config_file: "",
            saved: (0, 0),
        }
    }
}

// Two stores are equal when they hold the same, wherever they run.
impl PartialEq for Host {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
impl Eq for Host {}
impl Hash for Host {
    fn hash<H: Hasher>(&self, _: &mut H) {
        // Where it runs is no part of what it holds.
    }
}

/// The most entries of SLOWLOG, of the errors counted by code, and of each line of LATENCY.
const ERROR_CODES_MAX: usize = 128;
const LATENCY_MAX: usize = 160;
/// SLOWLOG keeps so many arguments, and so many bytes of each.
const SLOW_ARGS: usize = 32;
const SLOW_BYTES: usize = 128;

/// How often a command was called, and how long that took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandStat {
    /// Calls that ran.
    pub calls: u64,
    /// Microseconds in all.
    pub micros: u64,
    /// Refused before they ran.
    pub rejected: u64,
    /// Answered with an error.
    pub failed: u64,
    /// How many calls took how long: 0, 1, 2 .. 31 microseconds, then two significant digits in base two.
    pub times: Vec<u32>,
}

/// A call that took long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlowCall {
    /// Its number.
    pub id: u64,
    /// When, in Unix seconds.
    pub at_s: u64,
    /// How long.
    pub micros: u64,
    /// What was called, shortened.
    pub args: Vec<Bytes>,
    /// Who called, and the name that the client had.
    pub address: Bytes,
    /// The client's name.
    pub name: Bytes,
}

/// An event of LATENCY: its samples of (Unix seconds, milliseconds), the latest last, and its longest ever.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spikes {
    /// The samples.
    pub samples: VecDeque<(u64, u64)>,
    /// The longest ever.
    pub longest_ms: u64,
}

/// The counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stats {
    /// By the number of the command's row.
    pub commands: Vec<CommandStat>,
    /// Errors by their first word.
    pub errors: SortedMap<Bytes, u64>,
    /// Errors in all.
    pub error_replies: u64,
    /// Commands that ran.
    pub calls: u64,
    /// Clients that ever connected, and those that were turned away.
    pub connections: u64,
    /// Those turned away.
    pub rejected: u64,
    /// Keys that expired.
    pub expired: u64,
    /// Keys that went because the memory was full.
    pub evicted: u64,
    /// Values that were large enough to be freed in the background of a real server.
    pub lazyfreed: u64,
    /// Look-ups that found their key.
    pub hits: u64,
    /// Look-ups that did not.
    pub misses: u64,
    /// Bytes that came and went, and system calls for them.
    pub net: [u64; 4],
    /// The most memory ever in use.
    pub peak: u64,
    /// SLOWLOG, the latest last, and the number of the next.
    pub slow: VecDeque<SlowCall>,
    /// The number of the next slow call.
    pub next_slow: u64,
    /// LATENCY by event.
    pub latency: SortedMap<&'static str, Spikes>,
}

impl Default for Stats {
    fn default() -> Self {
        Stats {
            commands: vec![CommandStat::default(); commands().len()],
            errors: SortedMap::new(),
            error_replies: 0,
            calls: 0,
            connections: 0,
            rejected: 0,
            expired: 0,
            evicted: 0,
            lazyfreed: 0,
            hits: 0,
            misses: 0,
            net: [0; 4],
            peak: 0,
            slow: VecDeque::new(),
            next_slow: 0,
            latency: SortedMap::new(),
        }
    }
}

// The total tells two histories apart as well as all of it would, and costs nothing at each step.
impl Hash for Stats {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.calls, self.error_replies, self.hits, self.misses, self.expired).hash(state);
    }
}

/// The place in [`CommandStat::times`] for so many microseconds, and the longest time counted there.
pub fn bucket(micros: u64) -> usize {
    let micros = micros.min(1 << 30);
    if micros < 256 {
        micros as usize
    } else {
        let shift = 63 - micros.leading_zeros() as usize - 7;
        128 + 128 * shift + (micros >> shift) as usize - 128
    }
}

/// The most microseconds that fall into a place.
pub fn bucket_top(place: usize) -> u64 {
    if place < 256 {
        place as u64
    } else {
        let shift = place / 128 - 1;
        (((place % 128 + 128 + 1) as u64) << shift) - 1
    }
}

impl Stats {
    /// A command ran.
    pub fn ran(&mut self, command: &Command, micros: u64, failed: bool, tracked: bool) {
        self.calls += 1;
        let stat = &mut self.commands[usize::from(command.id)];
        stat.calls += 1;
        stat.micros += micros;
        stat.failed += u64::from(failed);
        if tracked {
            let place = bucket(micros);
            if stat.times.len() <= place {
                stat.times.resize(place + 1, 0);
            }
            stat.times[place] = stat.times[place].saturating_add(1);
        }
    }

    /// A command was answered with an error.
    pub fn failed(&mut self, error: &Error) {
        self.error_replies += 1;
        let code = error.0.split(|byte| *byte == b' ').next().unwrap_or_default();
        let has_room = self.errors.len() < ERROR_CODES_MAX;
        match self.errors.get_mut(code) {
            Some(count) => *count += 1,
            None if has_room => {
                self.errors.insert(Bytes::from(code), 1);
            }
            None => {}
        }
    }

    /// A call took long enough to be kept.
    pub fn slow(&mut self, mut call: SlowCall, most: u64) {
        let more = call.args.len().saturating_sub(SLOW_ARGS);
        if more > 0 {
            call.args.truncate(SLOW_ARGS - 1);
            call.args.push(Bytes::from(alloc::format!("... ({} more arguments)", more + 1)));
        }
        for arg in &mut call.args {
            if arg.len() > SLOW_BYTES {
                let rest = alloc::format!("... ({} more bytes)", arg.len() - SLOW_BYTES);
                *arg = Bytes::from([&arg[..SLOW_BYTES], rest.as_bytes()].concat());
            }
        }
        call.id = self.next_slow;
        self.next_slow += 1;
        self.slow.push_back(call);
        while self.slow.len() as u64 > most {
            self.slow.pop_front();
        }
    }

    /// An event took so long.
    pub fn spike(&mut self, event: &'static str, at_s: u64, ms: u64) {
        let spikes = self.latency.get_or_insert_with(event, Spikes::default);
        spikes.longest_ms = spikes.longest_ms.max(ms);
        match spikes.samples.back_mut() {
            Some((last_s, last_ms)) if *last_s == at_s => *last_ms = (*last_ms).max(ms),
            Some(_) | None => spikes.samples.push_back((at_s, ms)),
        }
        if spikes.samples.len() > LATENCY_MAX {
            spikes.samples.pop_front();
        }
    }
}

impl Store {
    /// Tells the store where it runs.
    pub fn set_host(&mut self, host: Host) {
        self.host = host;
    }

    /// Says that commands come now, after a time in which none did.
    pub fn begin_turn(&mut self) {
        self.host.lap = (self.host.micros)();
    }

    /// What the store is told of the machine, to be changed.
    pub fn host_mut(&mut self) -> &mut Host {
        &mut self.host
    }

    /// The parameters in force.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Sets `dir`: where a server was started.
    pub fn set_directory(&mut self, path: &str) {
        self.config.set("dir", Bytes::from(path));
    }

    /// Sets `maxclients`: a server knows how many it can have.
    pub fn set_max_clients(&mut self, most: u64) {
        if most != self.config.maxclients {
            self.config.set("maxclients", Bytes::from(alloc::format!("{most}")));
        }
    }

    /// Counts bytes that came and went, and the system calls for them: read, written, reads, writes.
    pub fn count_network(&mut self, more: [u64; 4]) {
        let net = &mut self.stats_mut().net;
        net.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
    }

    /// Counts a client that was turned away.
    pub fn count_rejected(&mut self) {
        self.stats_mut().rejected += 1;
    }

    pub(super) fn stats_mut(&mut self) -> &mut Stats {
        Rc::make_mut(&mut self.stats)
    }

    pub(super) fn reset_stats(&mut self) {
        let old = &self.stats;
        let fresh = Stats {
            slow: old.slow.clone(),
            next_slow: old.next_slow,
            latency: old.latency.clone(),
            ..Stats::default()
        };
        self.stats = Rc::new(fresh);
    }
}

/// A clock.
pub type Micros = fn() -> u64;
/// What lets time pass.
pub type Sleep = fn(u64);
/// What listens on another port.
pub type Listen = fn(u16) -> bool;
/// What a name means where names of commands were changed: `None` for nothing.
pub type Rename = fn(&[u8]) -> Option<Bytes>;
/// What writes the parameters into the configuration file.
pub type Rewrite = fn(&Store) -> Result<(), String>;
/// What reads a file of this path.
pub type ReadFile = fn(&str) -> Option<Vec<u8>>;
