//! `cargo xtask test redis-suite --source PATH [--singledb] [unit...]`: the Tcl tests of Redis's own source, in external-server mode,
//! against `warren server --redis` and against a real Redis beside it. Nothing is fetched: PATH is an unpacked source of Redis.

use crate::problem::{Outcome, Problem};
use crate::process::{Guard, capture, find_on_path, free_port, target_dir, wait_for_port, wait_until, workspace};
use crate::servers::RedisServer;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// A unit that takes longer than this is ended, and what it said until then is counted.
const UNIT_LIMIT: Duration = Duration::from_secs(300);

/// How many tests of a unit passed, failed and were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    ok: usize,
    err: usize,
    ignored: usize,
}

/// Runs the units on both servers and prints a table; Warren may do no worse than the real one.
pub fn test(words: &[String]) -> Outcome {
    let (mut source, mut single_db, mut units) = (None, false, Vec::new());
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--source" => source = rest.next().map(PathBuf::from),
            "--singledb" => single_db = true,
            unit => units.push(unit.to_string()),
        }
    }
    let source = source.filter(|path| path.join("tests/test_helper.tcl").is_file()).ok_or_else(|| {
        Problem::new("There is no suite to run.").remedy("--source PATH, an unpacked source of Redis 7.0.15")
    })?;
    find_on_path("tclsh").ok_or_else(|| Problem::new("The suite is in Tcl.").remedy("apt-get install tcl"))?;
    if units.is_empty() {
        units = all_units(&source)?;
    }
    let build = capture(Command::new("cargo").args(["build", "--quiet", "-p", "warren-cli"]).current_dir(workspace()))?;
    if !build.status.success() {
        return Err(Problem::new(String::from_utf8_lossy(&build.stderr).into_owned()));
    }
    let mut worse = Vec::new();
    println!("{:<44} {:>22} {:>22}", "unit", "Redis ok/err/ignored", "Warren ok/err/ignored");
    for unit in &units {
        // A server of its own for each unit: parameters that a test leaves behind do not reach the next one.
        let real = RedisServer::start(0)?;
        let theirs = run(&source, unit, real.port(), single_db)?;
        drop(real);
        let (port, warren) = start_warren()?;
        let ours = run(&source, unit, port, single_db)?;
        drop(warren);
        let show = |counts: Counts| format!("{}/{}/{}", counts.ok, counts.err, counts.ignored);
        println!("{unit:<44} {:>22} {:>22}", show(theirs), show(ours));
        if ours.ok < theirs.ok || ours.err > theirs.err {
            worse.push(unit.clone());
        }
    }
    if worse.is_empty() { Ok(()) } else { Err(Problem::new(format!("Warren does worse in {}.", worse.join(", ")))) }
}

/// The units that the suite itself lists.
fn all_units(source: &Path) -> Outcome<Vec<String>> {
    let path = source.join("tests/test_helper.tcl");
    let text = fs::read_to_string(&path).map_err(|error| Problem::new(format!("{}: {error}.", path.display())))?;
    let list = text.split_once("set ::all_tests {").and_then(|(_, rest)| rest.split_once('}'));
    let (list, _) = list.ok_or_else(|| Problem::new(format!("{} lists no units.", path.display())))?;
    Ok(list.split_whitespace().map(str::to_string).collect())
}

fn start_warren() -> Outcome<(u16, Guard)> {
    let port = free_port()?;
    let child = Command::new(target_dir().join("debug/warren"))
        .args(["server", "--redis", &format!("127.0.0.1:{port}")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| Problem::new(format!("warren could not be started: {error}.")))?;
    let guard = Guard(child);
    if wait_for_port(port, Duration::from_secs(10)) {
        return Ok((port, guard));
    }
    Err(Problem::new(format!("warren server does not listen on port {port}.")))
}

/// Runs one unit; `--durable` lets the suite go on after an exception, which it counts as a failure.
fn run(source: &Path, unit: &str, port: u16, single_db: bool) -> Outcome<Counts> {
    let log_path = target_dir().join(format!("redis-suite-{port}.log"));
    let log = fs::File::create(&log_path).map_err(|error| Problem::new(format!("{}: {error}.", log_path.display())))?;
    let mut command = Command::new("tclsh");
    command.current_dir(source).args(["tests/test_helper.tcl", "--host", "127.0.0.1", "--durable", "--dont-clean"]);
    command.args(["--single", unit, "--port", &port.to_string(), "--baseport", &free_port()?.to_string()]);
    if single_db {
        command.arg("--singledb");
    }
    let child = command.stdin(Stdio::null()).stdout(log).stderr(Stdio::null()).spawn();
    let mut guard = Guard(child.map_err(|error| Problem::new(format!("tclsh could not be started: {error}.")))?);
    wait_until(UNIT_LIMIT, || !matches!(guard.0.try_wait(), Ok(None)));
    drop(guard);
    let said = fs::read(&log_path).unwrap_or_default();
    let _ = fs::remove_file(&log_path);
    Ok(count(&String::from_utf8_lossy(&said)))
}

/// Counts the lines `[ok]: ...`, whose words are coloured.
fn count(said: &str) -> Counts {
    let lines = |word: &str| {
        let is = |line: &&str| {
            line.strip_prefix('[').is_some_and(|rest| rest.split(']').next().is_some_and(|head| bare(head) == word))
        };
        said.lines().filter(is).count()
    };
    Counts { ok: lines("ok"), err: lines("err") + lines("exception"), ignored: lines("ignore") }
}

/// A word without the colours around it: `ESC[0;32;49mok ESC[0m` without its escapes, whose `[` and `m` enclose digits.
fn bare(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_string();
    pieces.fold(first, |word, piece| word + piece.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coloured_lines_are_counted() {
        let said = "[\u{1b}[0;32;49mok\u{1b}[0m]: one (1 ms)\n[\u{1b}[0;31;49merr\u{1b}[0m]: two\n[ignore]: three\n[1/1 done]: x\n";
        assert_eq!(count(said), Counts { ok: 1, err: 1, ignored: 1 });
    }
}
