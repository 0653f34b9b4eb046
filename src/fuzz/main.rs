//! `fuzz [TARGET...] [--minutes M] [--seed S] [--input FILE]`: see the crate.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use warren_fuzz::targets::{TARGETS, Target};
use warren_fuzz::{Finding, fuzz, run};

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match go(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            eprintln!("{what}");
            ExitCode::FAILURE
        }
    }
}

fn go(words: &[String]) -> Result<(), String> {
    let (mut minutes, mut seed, mut input, mut chosen) = (1, 1, None, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let number =
            |next: Option<&String>| next.and_then(|word| word.parse().ok()).ok_or(format!("{word} wants a number."));
        match word.as_str() {
            "--minutes" => minutes = number(words.next())?,
            "--seed" => seed = number(words.next())?,
            "--input" => input = Some(words.next().ok_or("--input wants a file.")?),
            name => chosen.push(TARGETS.iter().find(|target| target.name == name).ok_or_else(|| unknown(name))?),
        }
    }
    if chosen.is_empty() {
        chosen = TARGETS.iter().collect();
    }
    // What panics is told with its input, once.
    std::panic::set_hook(Box::new(|_| {}));
    for target in chosen {
        match input {
            Some(path) => {
                let bytes = fs::read(path).map_err(|error| format!("{path}: {error}."))?;
                run(target, &bytes).map_err(|finding| found(target, &finding))?;
                println!("{}: nothing wrong with this input.", target.name);
            }
            None => for_minutes(target, minutes, seed)?,
        }
    }
    Ok(())
}

fn for_minutes(target: &Target, minutes: u64, seed: u64) -> Result<(), String> {
    let end = Instant::now() + Duration::from_secs(minutes * 60);
    let report = fuzz(target, seed, |_| Instant::now() > end).map_err(|finding| found(target, &finding))?;
    println!(
        "{}: {} inputs in {minutes} minutes, seed {seed}, {} kinds of answer; the slowest took {} ms; {} MiB more in use at most.",
        target.name,
        report.runs,
        report.kinds,
        report.slowest.as_millis(),
        report.grown_kib / 1024
    );
    Ok(())
}

fn unknown(name: &str) -> String {
    let all: Vec<String> = TARGETS.iter().map(|target| format!("  {:12} {}", target.name, target.about)).collect();
    format!("There is no target {name}. There are:\n{}", all.join("\n"))
}

/// Keeps an input, and tells where.
fn found(target: &Target, finding: &Finding) -> String {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/fuzz"));
    let path = folder.join(format!("{}.bin", target.name));
    let kept = fs::create_dir_all(&folder).and_then(|()| fs::write(&path, &finding.input));
    let place = kept.map_or_else(|error| format!("not kept: {error}"), |()| path.display().to_string());
    format!("{}: {}\n  input ({place}): {}", target.name, finding.what, finding.input.escape_ascii())
}
