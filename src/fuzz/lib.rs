//! Damaged input for everything in Warren that reads input: no panic, no endless loop, and memory that stays bounded.
//!
//! `cargo xtask fuzz TARGET --minutes 10` on stable Rust; `cargo test -p warren-fuzz` runs each target for a moment. Inputs are grown from
//! recorded ones ([`seeds`]) by a seeded mutator ([`mutate`]). Each [`Target`](targets::Target) returns a number that says what kind of
//! answer an input got; an input with a new answer is kept and grown further. What is found is made shorter and written to
//! `target/fuzz/`, from where `cargo xtask fuzz TARGET --input FILE` plays it again.
//!
//! Deliberately absent: instrumentation, which needs a nightly compiler.

pub mod mutate;
pub mod seeds;
pub mod store;
pub mod targets;

use mutate::Mutator;
use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};
use targets::Target;

/// The longest time that one input may take. Debug builds on a busy machine are slow.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much the process may grow over a run, in KiB.
const GROWTH_KIB: u64 = 512 * 1024;
/// How many runs lie between two looks at the memory.
const LOOK: u64 = 512;
/// Inputs that are kept to be grown further.
const KEPT: usize = 4096;
/// Runs that may be spent on making an input shorter.
const SHORTENING: u32 = 4000;

/// What a run came to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Inputs tried.
    pub runs: u64,
    /// Kinds of answer.
    pub kinds: usize,
    /// The time that the slowest input took.
    pub slowest: Duration,
    /// How much the process grew, in KiB.
    pub grown_kib: u64,
}

/// An input that should not have done what it did.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The input, as short as it could be made.
    pub input: Vec<u8>,
    /// What happened.
    pub what: String,
}

/// Runs a target until `is_over` says so of the number of runs.
///
/// # Errors
/// The first input that panics, takes too long or too much memory.
pub fn fuzz(target: &Target, seed: u64, is_over: impl Fn(u64) -> bool) -> Result<Report, Finding> {
    let seeds = (target.seeds)();
    assert!(!seeds.is_empty(), "{} has something to grow from", target.name);
    let mut mutator = Mutator::new(seed, target.words);
    let mut kept: Vec<Vec<u8>> = seeds;
    let mut known = HashSet::new();
    let mut report = Report::default();
    let start_kib = resident_kib();
    for input in &kept {
        let (kind, _) = run(target, input)?;
        known.insert(kind);
    }
    while !is_over(report.runs) {
        let input = mutator.grow(&kept);
        let (kind, time) = run(target, &input)?;
        report.runs += 1;
        report.slowest = report.slowest.max(time);
        if known.len() < KEPT * 4 && known.insert(kind) && kept.len() < KEPT {
            kept.push(input.clone());
        }
        if report.runs % LOOK == 0 {
            report.grown_kib = report.grown_kib.max(resident_kib().saturating_sub(start_kib));
            if report.grown_kib > GROWTH_KIB {
                let what = format!("{} KiB are in use after this input that were not before", report.grown_kib);
                return Err(Finding { input, what });
            }
        }
    }
    report.kinds = known.len();
    Ok(report)
}

/// Plays one input; the kind of its answer and how long that took.
///
/// # Errors
/// It panicked, or took too long.
pub fn run(target: &Target, input: &[u8]) -> Result<(u64, Duration), Finding> {
    let start = Instant::now();
    match catch_unwind(AssertUnwindSafe(|| (target.run)(input))) {
        Ok(kind) => {
            let time = start.elapsed();
            if time > PATIENCE {
                let what = format!("it took {} ms", time.as_millis());
                return Err(Finding { input: input.to_vec(), what });
            }
            Ok((kind, time))
        }
        Err(panic) => {
            let what = said(&*panic);
            let panics = |input: &[u8]| catch_unwind(AssertUnwindSafe(|| (target.run)(input))).is_err();
            Err(Finding { input: mutate::shorten(input, SHORTENING, panics), what })
        }
    }
}

/// What a panic said.
fn said(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().cloned();
    text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_string())).unwrap_or_default()
}

/// The memory in use, where the system tells it.
fn resident_kib() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: Option<u64> = text.split(' ').nth(1).and_then(|word| word.parse().ok());
    pages.unwrap_or(0) * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each target for a moment, with a seed that is always the same: a failure here is a failure everywhere.
    #[test]
    fn no_target_falls_for_damaged_input() {
        for target in targets::TARGETS {
            let report = fuzz(target, 7, |runs| runs >= target.moment);
            let report = report.unwrap_or_else(|finding| {
                panic!("{}: {}\n{}", target.name, finding.what, finding.input.escape_ascii());
            });
            assert!(report.kinds > 3, "{} answers in {} kinds only", target.name, report.kinds);
        }
    }

    #[test]
    fn a_target_that_falls_is_found_and_its_input_made_short() {
        fn falls(input: &[u8]) -> u64 {
            assert!(!input.windows(3).any(|part| part == b"bad"), "it is bad");
            input.len() as u64
        }
        let seeds = || vec![b"a long line with a ba in the middle of it".to_vec(), b"d".to_vec()];
        let target = Target { name: "bad", about: "", seeds, words: &["bad"], run: falls, moment: 1 };
        let finding = fuzz(&target, 1, |runs| runs > 100_000).expect_err("a finding");
        assert_eq!(finding.input, b"bad");
        assert_eq!(finding.what, "it is bad");
    }
}
