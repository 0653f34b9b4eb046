//! Random sequences for the real RabbitMQ and for the engine, side by side: everything that any channel hears must be the same.
//!
//! `cargo xtask record amqp --random N [--seed S] [--first N] [--timed | --restarts] [--theme T] [--workers W] [--ledger FILE]
//! [--keep | --show]`. Sequences are lines of transcripts, so a difference is one too: it is shrunk to what is needed,
//! printed and, with `--keep`, written to `tests/transcripts/amqp/`.
//!
//! A machine may be too busy for the real broker to answer: such a sequence is played again, in a fresh virtual host. A run that
//! ends early says with which `--first` it goes on.
//!
//! In reading order: [`draw`] (what is drawn, from [`templates`], with [`fields`]),
//! [`determined`] (what a real broker can answer in one way only), [`compare`] (what is the
//! same), [`shrink`], [`ledger`] (what need not be played again).

mod compare;
mod determined;
mod draw;
mod fields;
mod ledger;
mod shrink;
mod templates;

use crate::amqp_live::Live;
use crate::problem::{Outcome, Problem};
use crate::process::workspace;
use crate::record_amqp::left_behind;
use crate::servers::RabbitServer;
use compare::{Difference, compare};
use draw::{Draw, Kind, Step};
use ledger::Ledger;
use std::collections::BTreeSet;
use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;
use templates::{ASKED, THEMES};
use warren_sim::amqp::transcript::{Block, Player, print};

/// Differences after which a run gives up.
const ENOUGH: u64 = 20;
/// How often a sequence is played again when the machine was too slow for its times.
const PATIENT: u32 = 6;
/// How often a sequence is begun again when the real broker does not answer at all.
const ATTEMPTS: u32 = 4;
/// Each worker plays in a vhost of its own, whose name is as long as `/`.
const VHOSTS: &str = "abcdefghijklmnopqrstuvwxyz";

/// What was asked for.
#[derive(Default)]
struct Options {
    count: u64,
    seed: u64,
    first: u64,
    workers: u64,
    kind: Kind,
    theme: Option<String>,
    ledger: Option<String>,
    keep: bool,
    show: bool,
}

impl Options {
    fn parse(words: &[String]) -> Outcome<Options> {
        let mut options = Options { seed: 1, ..Options::default() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "--theme" {
                let themes = [THEMES, ASKED].concat();
                let name = words.next().filter(|name| themes.contains(&name.as_str()));
                let all = || Problem::new(format!("--theme wants one of: {}.", themes.join(", ")));
                options.theme = Some(name.ok_or_else(all)?.clone());
                continue;
            }
            if word == "--ledger" {
                let file = words.next().ok_or_else(|| Problem::new("--ledger wants the name of a file."))?;
                options.ledger = Some(file.clone());
                continue;
            }
            let (flag, number) = match word.as_str() {
                "--timed" => (Some(&mut options.kind.timed), None),
                "--restarts" => (Some(&mut options.kind.restarts), None),
                "--keep" => (Some(&mut options.keep), None),
                "--show" => (Some(&mut options.show), None),
                "--random" => (None, Some(&mut options.count)),
                "--seed" => (None, Some(&mut options.seed)),
                "--first" => (None, Some(&mut options.first)),
                "--workers" => (None, Some(&mut options.workers)),
                _ => (None, None),
            };
            let number = number.and_then(|number| Some((number, words.next()?.parse().ok()?)));
            let known = match (flag, number) {
                (Some(flag), _) => {
                    *flag = true;
                    Some(())
                }
                (None, Some((number, value))) => {
                    *number = value;
                    Some(())
                }
                (None, None) => None,
            };
            known.ok_or_else(|| {
                Problem::new(format!(
                    "`{word}` is not understood: --random N --seed S --first N --workers W (numbers), --theme T, \
                      --ledger FILE, --timed, --restarts, --keep, --show."
                ))
            })?;
        }
        if options.workers == 0 {
            options.workers = if options.kind.timed { 16 } else { 6 };
        }
        // Whoever restarts the broker has it for himself.
        options.workers = if options.kind.restarts { 1 } else { options.workers.min(VHOSTS.len() as u64) };
        Ok(options)
    }
}

/// What the workers have in common.
struct Run<'r> {
    options: &'r Options,
    server: &'r RabbitServer,
    next: AtomicU64,
    /// Sequences that were begun and are not done.
    begun: Mutex<BTreeSet<u64>>,
    commands: AtomicU64,
    differences: AtomicU64,
    undecided: AtomicU64,
    /// Sequences for which the machine was too slow each time.
    late: AtomicU64,
    /// Sequences that an earlier run has played.
    known: AtomicU64,
    ledger: Option<Mutex<Ledger>>,
    start: Instant,
    out: Mutex<()>,
}

/// Plays as many random sequences as were asked for.
pub fn run(words: &[String]) -> Outcome {
    let options = Options::parse(words)?;
    if options.show {
        show(&options);
        return Ok(());
    }
    let ledger =
        options.ledger.as_ref().map(|path| Ledger::open(path, options.seed, options.kind, options.theme.as_deref()));
    let ledger = ledger.transpose()?;
    println!("Starting RabbitMQ ...");
    let server = RabbitServer::start_with_management()?;
    let vhosts: Vec<String> = VHOSTS.chars().take(options.workers as usize).map(String::from).collect();
    for vhost in &vhosts {
        add_vhost(&server, vhost)?;
    }
    let run = Run {
        options: &options,
        server: &server,
        next: AtomicU64::new(options.first),
        begun: Mutex::default(),
        commands: AtomicU64::new(0),
        differences: AtomicU64::new(0),
        undecided: AtomicU64::new(0),
        late: AtomicU64::new(0),
        known: AtomicU64::new(0),
        ledger: ledger.map(Mutex::new),
        start: Instant::now(),
        out: Mutex::new(()),
    };
    let outcomes: Vec<Outcome> = thread::scope(|scope| {
        let workers: Vec<_> = vhosts.iter().map(|vhost| scope.spawn(|| run.work(vhost))).collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined.map(|result| result.unwrap_or_else(|_| Err(Problem::new("A worker panicked.")))).collect()
    });
    if let Some(Err(problem)) = outcomes.into_iter().find(Result::is_err) {
        let first = lock(&run.begun).first().copied().unwrap_or(run.next.load(Ordering::Relaxed));
        println!("Ended early; `--first {first} --random {}` goes on.", options.first + options.count - first);
        return Err(problem);
    }
    for vhost in &vhosts {
        left_behind(&server, vhost)?;
    }
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    println!(
        "RabbitMQ {} and the engine: {} sequences of seed {} with {} commands in {} s, {} known before; {} differences, {} undecided, {} \
         not played for lack of speed.",
        server.version()?,
        count(&run.next).min(options.first + options.count) - options.first,
        options.seed,
        count(&run.commands),
        run.start.elapsed().as_secs(),
        count(&run.known),
        count(&run.differences),
        count(&run.undecided),
        count(&run.late)
    );
    if count(&run.differences) == 0 { Ok(()) } else { Err(Problem::new("The engine and RabbitMQ differ.")) }
}

/// A worker that panicked while it held one of the locks has left what was there whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn add_vhost(server: &RabbitServer, vhost: &str) -> Outcome {
    server.manage("PUT", &format!("/api/vhosts/{vhost}"), "{}")?;
    let everything = "{\"configure\": \".*\", \"write\": \".*\", \"read\": \".*\"}";
    server.manage("PUT", &format!("/api/permissions/{vhost}/guest"), everything)
}

/// Prints the sequences as transcripts of the engine, with no server there.
fn show(options: &Options) {
    for number in options.first..options.first + options.count {
        let steps = Draw::sequence(options.seed, number, options.kind, options.theme.as_deref());
        println!("# Sequence {number} of seed {}.", options.seed);
        for Step { lines, ours } in steps {
            lines.iter().for_each(|line| println!("{}", line.text));
            ours.iter().for_each(|line| println!("    {line}"));
        }
    }
}

impl Run<'_> {
    fn work(&self, vhost: &str) -> Outcome {
        let mut live = Live::new(self.server, vhost);
        let Options { count, first, .. } = *self.options;
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= first + count || self.differences.load(Ordering::Relaxed) >= ENOUGH {
                return Ok(());
            }
            lock(&self.begun).insert(number);
            if number > first && (number - first).is_multiple_of(200) {
                let counts = [&self.known, &self.differences, &self.undecided];
                let [known, differences, undecided] = counts.map(|count| count.load(Ordering::Relaxed));
                let (done, seconds) = (number - first, self.start.elapsed().as_secs());
                self.say(&format!(
                    "{done} sequences in {seconds} s, {known} known before; {differences} differences, {undecided} undecided ..."
                ));
            }
            let mut attempts = 0;
            while let Err(problem) = self.one(number, &mut live) {
                attempts += 1;
                if attempts == ATTEMPTS {
                    return Err(problem);
                }
                self.say(&format!("Sequence {number} again, in a fresh virtual host: {problem}"));
                // What is left of the old one may be stuck; to delete it with all that is in it may fail as well, once.
                drop(live);
                self.server.manage("DELETE", &format!("/api/vhosts/{vhost}"), "")?;
                add_vhost(self.server, vhost)?;
                live = Live::new(self.server, vhost);
            }
            lock(&self.begun).remove(&number);
        }
    }

    /// Plays one sequence on both sides.
    fn one(&self, number: u64, live: &mut Live<'_>) -> Outcome {
        let Options { seed, kind, .. } = *self.options;
        let steps = Draw::sequence(seed, number, kind, self.options.theme.as_deref());
        self.commands.fetch_add(steps.iter().map(|step| step.lines.len() as u64).sum(), Ordering::Relaxed);
        if self.ledger.as_ref().is_some_and(|ledger| lock(ledger).knows(number, &steps)) {
            self.known.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        }
        let Some(played) = played(live, &steps, kind)? else {
            self.late.fetch_add(1, Ordering::Relaxed);
            return Ok(());
        };
        let Some(difference) = played else {
            return match &self.ledger {
                Some(ledger) => lock(ledger).note(number, &steps),
                None => Ok(()),
            };
        };
        // The real broker must answer so again: what it answers now so and now otherwise is decided by nobody.
        let again = [differs(live, &steps, kind)?, differs(live, &steps, kind)?];
        if again.iter().any(|again| again.as_ref() != Some(&difference)) {
            self.undecided.fetch_add(1, Ordering::Relaxed);
            self.say(&format!("seed {seed}, sequence {number} is undecided.\n{difference}\n"));
            return Ok(());
        }
        self.say(&format!("seed {seed}, sequence {number} differs; it is made shorter.\n{difference}\n"));
        let shrunk = shrink::shrink(steps, |steps| differs(live, steps, kind))?;
        self.report(number, &shrunk, live)?;
        self.differences.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn say(&self, text: &str) {
        let _guard = lock(&self.out);
        println!("{text}");
    }

    /// Prints the transcript, with what the real broker says, and keeps it.
    fn report(&self, number: u64, steps: &[Step], live: &mut Live<'_>) -> Outcome {
        let seed = self.options.seed;
        let story = format!("# A random sequence that once differed (seed {seed}, number {number}).");
        let (mut player, mut blocks) = (Player::default(), Vec::new());
        for step in steps {
            let heard = player.play(&step.lines, live)?;
            blocks.push(Block { story: Vec::new(), lines: step.lines.clone(), heard });
        }
        live.clean_up()?;
        let last = match (blocks.last(), steps.last()) {
            (Some(block), Some(step)) => format!(
                "The last step, RabbitMQ:\n  {}\nthe engine:\n  {}\n",
                block.heard.join("\n  "),
                step.ours.join("\n  ")
            ),
            _ => String::new(),
        };
        let whole = Block {
            story: Vec::from([story]),
            lines: blocks.iter().flat_map(|block| block.lines.clone()).collect(),
            heard: Vec::new(),
        };
        let whole = warren_sim::amqp::transcript::replay(&[whole], live)?;
        live.clean_up()?;
        let text = print(&whole);
        self.say(&format!("seed {seed}, sequence {number} differs.\n{text}{last}"));
        if self.options.keep {
            let path = workspace().join(format!("tests/transcripts/amqp/differed_{seed}_{number}.txt"));
            fs::write(&path, text).map_err(|error| Problem::new(format!("{}: {error}.", path.display())))?;
        }
        Ok(())
    }
}

/// Plays the steps on the real broker; the first step that is heard otherwise than by the engine.
fn differs(live: &mut Live<'_>, steps: &[Step], kind: Kind) -> Outcome<Option<Difference>> {
    played(live, steps, kind).map(Option::flatten)
}

/// The same; none when the machine was too slow each time.
fn played(live: &mut Live<'_>, steps: &[Step], kind: Kind) -> Outcome<Option<Option<Difference>>> {
    for _ in 0..PATIENT {
        let played = play_real(live, steps, kind);
        live.clean_up()?;
        if let Some(real) = played? {
            return Ok(Some(compare(steps, &real)));
        }
    }
    Ok(None)
}

/// What is heard from the real broker, step by step; none when it took so long that its clock has its say.
fn play_real(live: &mut Live<'_>, steps: &[Step], kind: Kind) -> Outcome<Option<Vec<Vec<String>>>> {
    let (mut player, mut real) = (Player::default(), Vec::new());
    let mut since = Instant::now();
    for step in steps {
        let is_wait = step.lines.iter().any(|line| line.text.starts_with("advance"));
        let slow = since.elapsed().as_millis() as u64 > determined::SOON_MS - 50;
        if kind.timed && slow {
            return Ok(None);
        }
        let is_frame = |line: &&String| {
            ![" basic.ack ", " basic.nack ", " is not connected"].iter().any(|other| line.contains(other))
        };
        live.expect(step.ours.iter().filter(is_frame).count());
        let heard = player.play(&step.lines, live)?;
        // A quorum queue of this name was deleted a moment ago and is not quite gone.
        if heard.iter().any(|line| line.contains("cluster_not_formed")) {
            return Ok(None);
        }
        real.push(heard);
        if is_wait {
            since = Instant::now();
        }
    }
    Ok(Some(real))
}
