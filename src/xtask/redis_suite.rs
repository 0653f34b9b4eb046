//! `cargo xtask test redis-suite --source PATH [--singledb] [--force-resp3] [--cluster-mode] [--fast] [unit...]`: the Tcl tests of Redis's own
//! source, in external-server mode, against `warren server --redis` and against a real Redis beside it.
//!
//! Nothing is fetched: PATH is an unpacked source of Redis 7.0.15 (`apt-get source redis`), or of a later one, whose suite knows
//! `--force-resp3`, too. A test counts when the real server passes it. Both servers are asked at the same time, each from a copy of the
//! suite; a unit in which Warren does worse is run once more on each alone, for some tests are about time.

use crate::problem::{Outcome, Problem};
use crate::process::{Guard, capture, find_on_path, free_port, target_dir, wait_for_port, wait_until, workspace};
use crate::servers::RedisServer;
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// A unit that takes longer than this is ended, and what it said until then is counted.
const UNIT_LIMIT: Duration = Duration::from_secs(600);

/// What one run of a unit said of its tests. A name may come more than once, so it is counted, too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Said {
    passed: usize,
    failed: usize,
    ignored: usize,
    /// The names of those that passed.
    names: BTreeSet<String>,
}

impl Said {
    fn add(&mut self, other: &Said) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}/{}/{}", self.passed, self.failed, self.ignored);
        f.pad(&text)
    }
}

/// What is asked for on the command line.
struct Wanted {
    source: PathBuf,
    /// Options for the suite itself.
    options: Vec<String>,
    units: Vec<String>,
}

/// The two servers that are compared.
#[derive(Clone, Copy)]
enum Side {
    Real,
    Warren,
}

impl Side {
    /// Where this side's copy of the suite is.
    fn folder(self) -> PathBuf {
        target_dir().join("scratch").join(match self {
            Side::Real => "suite-redis",
            Side::Warren => "suite-warren",
        })
    }

    /// Runs a unit on a server of its own: parameters that a test leaves behind do not reach the next one.
    fn run(self, wanted: &Wanted, unit: &str) -> Outcome<Said> {
        match self {
            Side::Real => {
                let real = RedisServer::start_with(
                    0,
                    &["--enable-protected-configs", "yes", "--enable-module-command", "yes"],
                )?;
                run(wanted, self, unit, real.port())
            }
            Side::Warren => {
                let (port, _warren) = start_warren()?;
                run(wanted, self, unit, port)
            }
        }
    }
}

fn read(words: &[String]) -> Outcome<Wanted> {
    let (mut source, mut options, mut units) = (None, Vec::new(), Vec::new());
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.as_str() {
            "--source" => source = rest.next().map(PathBuf::from),
            "--singledb" | "--force-resp3" | "--cluster-mode" => options.push(word.clone()),
            "--fast" => options.extend(["--tags".to_string(), "-slow".to_string()]),
            "--accurate" => options.push(word.clone()),
            unit if !unit.starts_with("--") => units.push(unit.to_string()),
            other => return Err(Problem::new(format!("There is no option {other}."))),
        }
    }
    let source = source.filter(|path| path.join("tests/test_helper.tcl").is_file()).ok_or_else(|| {
        Problem::new("There is no suite to run.")
            .remedy("--source PATH, an unpacked source of Redis 7.0.15 (apt-get source redis)")
    })?;
    let helper = fs::read_to_string(source.join("tests/test_helper.tcl")).unwrap_or_default();
    if let Some(option) = options.iter().find(|option| option.starts_with("--") && !helper.contains(option.as_str())) {
        return Err(Problem::new(format!("The suite of {} does not know {option}.", source.display()))
            .remedy("--source PATH of a later Redis: --force-resp3 came with 7.2"));
    }
    Ok(Wanted { source, options, units })
}

/// Runs the units on both servers, prints a table and the tests that only the real one passes: there may be none.
pub fn test(words: &[String]) -> Outcome {
    let mut wanted = read(words)?;
    find_on_path("tclsh").ok_or_else(|| Problem::new("The suite is in Tcl.").remedy("apt-get install tcl"))?;
    let mut build = Command::new("cargo");
    let build = capture(build.args(["build", "--quiet", "--release", "-p", "warren-cli"]).current_dir(workspace()))?;
    if !build.status.success() {
        return Err(Problem::new(String::from_utf8_lossy(&build.stderr).into_owned()));
    }
    copy(&wanted.source, Side::Real)?;
    copy(&wanted.source, Side::Warren)?;
    if wanted.units.is_empty() {
        wanted.units = all_units()?;
    }
    let (mut real, mut here, mut worse) = (Said::default(), Said::default(), Vec::new());
    let mut both = 0;
    println!("{:<40} {:>22} {:>22}", "unit", "Redis ok/err/ignored", "Warren ok/err/ignored");
    for unit in &wanted.units {
        let (mut theirs, mut ours) = thread::scope(|scope| {
            let theirs = scope.spawn(|| Side::Real.run(&wanted, unit));
            let ours = Side::Warren.run(&wanted, unit);
            let gone = || Err(Problem::new(format!("The run of {unit} broke off.")));
            (theirs.join().unwrap_or_else(|_| gone()), ours)
        });
        let is_worse = |theirs: &Said, ours: &Said| ours.passed < theirs.passed || !theirs.names.is_subset(&ours.names);
        if let (Ok(first), Ok(second)) = (&theirs, &ours)
            && is_worse(first, second)
        {
            println!("    {unit} once more, alone: {first} beside {second}");
            (theirs, ours) = (Side::Real.run(&wanted, unit), Side::Warren.run(&wanted, unit));
        }
        let (theirs, ours) = (theirs?, ours?);
        println!("{unit:<40} {:>22} {:>22}", theirs, ours);
        for name in theirs.names.difference(&ours.names) {
            println!("    only Redis passes: {name}");
        }
        for name in ours.names.difference(&theirs.names) {
            println!("    only Warren passes: {name}");
        }
        if is_worse(&theirs, &ours) {
            worse.push(unit.clone());
        }
        both += ours.passed.min(theirs.passed);
        real.add(&theirs);
        here.add(&ours);
    }
    println!("{:<40} {:>22} {:>22}", "all", real, here);
    println!("Of {} tests that Redis passes, Warren passes {both}.", real.passed);
    if worse.is_empty() { Ok(()) } else { Err(Problem::new(format!("Warren does worse in {}.", worse.join(", ")))) }
}

/// Copies the suite for one side: tests leave files behind, and two runs in one folder disturb each other. It wants its tools in `src`.
fn copy(source: &Path, side: Side) -> Outcome {
    let folder = side.folder();
    let failed = |error: std::io::Error| Problem::new(format!("{}: {error}.", folder.display()));
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(failed)?;
    }
    fs::create_dir_all(folder.join("src")).map_err(failed)?;
    for part in ["tests", "utils"] {
        let copied = capture(Command::new("cp").arg("-r").arg(source.join(part)).arg(&folder))?;
        if !copied.status.success() {
            return Err(Problem::new(String::from_utf8_lossy(&copied.stderr).into_owned()));
        }
    }
    for tool in ["redis-cli", "redis-benchmark"] {
        if let Some(path) = find_on_path(tool) {
            std::os::unix::fs::symlink(path, folder.join("src").join(tool)).map_err(failed)?;
        }
    }
    Ok(())
}

/// The units that the suite itself lists.
fn all_units() -> Outcome<Vec<String>> {
    let mut list = Command::new("tclsh");
    let list = capture(list.current_dir(Side::Real.folder()).args(["tests/test_helper.tcl", "--list-tests"]))?;
    Ok(String::from_utf8_lossy(&list.stdout).split_whitespace().map(str::to_string).collect())
}

fn start_warren() -> Outcome<(u16, Guard)> {
    let port = free_port()?;
    // Tests leave files in the folder of the server that they think they talk to.
    let folder = target_dir().join("scratch").join(format!("suite-{port}"));
    fs::create_dir_all(&folder).map_err(|error| Problem::new(format!("{}: {error}.", folder.display())))?;
    let child = Command::new(target_dir().join("release/warren"))
        .args(["server", "--redis", &format!("127.0.0.1:{port}")])
        .current_dir(folder)
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

/// Runs one unit on the server at a port; `--durable` lets the suite go on after an exception, which it counts as a failure.
fn run(wanted: &Wanted, side: Side, unit: &str, port: u16) -> Outcome<Said> {
    let log_path = target_dir().join(format!("redis-suite-{port}.log"));
    let log = fs::File::create(&log_path).map_err(|error| Problem::new(format!("{}: {error}.", log_path.display())))?;
    let mut command = Command::new("tclsh");
    command.current_dir(side.folder()).args(["tests/test_helper.tcl", "--host", "127.0.0.1", "--durable"]);
    command.args(["--single", unit, "--port", &port.to_string(), "--baseport", &free_port()?.to_string()]);
    // What the suite starts is to end with it: all of it is one group of processes.
    let command = command.args(&wanted.options).process_group(0);
    let child = command.stdin(Stdio::null()).stdout(log).stderr(Stdio::null()).spawn();
    let mut child = Guard(child.map_err(|error| Problem::new(format!("tclsh could not be started: {error}.")))?);
    if !wait_until(UNIT_LIMIT, || !matches!(child.0.try_wait(), Ok(None))) {
        println!("    {unit} took longer than {} s and was ended.", UNIT_LIMIT.as_secs());
        let group = format!("-{}", child.0.id());
        // It fails only when all of them are gone.
        let _ = capture(Command::new("kill").args(["-KILL", "--", &group]));
    }
    drop(child);
    let said = fs::read(&log_path).unwrap_or_default();
    let _ = fs::remove_file(&log_path);
    Ok(count(&String::from_utf8_lossy(&said)))
}

/// Counts the lines `[ok]: name (12 ms)`, whose words are coloured.
fn count(said: &str) -> Said {
    let mut counts = Said::default();
    for line in said.lines().map(bare) {
        let Some((word, rest)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) else { continue };
        match word {
            "ok" => {
                counts.passed += 1;
                let name = rest.trim_start_matches(": ");
                let name =
                    name.rsplit_once(" (").filter(|(_, time)| time.ends_with(" ms)")).map_or(name, |(name, _)| name);
                counts.names.insert(without_random_numbers(name));
            }
            "err" | "exception" => counts.failed += 1,
            "ignore" => counts.ignored += 1,
            _ => {}
        }
    }
    counts
}

/// The name of a test; some name what was drawn or counted in this run: `- 7 (of 200) operations`.
fn without_random_numbers(name: &str) -> String {
    let mut shown = String::new();
    for c in name.chars() {
        match c.is_ascii_digit() {
            true if shown.ends_with('#') => {}
            true => shown.push('#'),
            false => shown.push(c),
        }
    }
    shown
}

/// A line without colours: `ESC[0;32;49mok ESC[0m` without its escapes, whose `[` and `m` enclose digits.
fn bare(text: &str) -> String {
    let mut pieces = text.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().to_string();
    pieces.fold(first, |line, piece| line + piece.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coloured_lines_are_counted() {
        let said = "[\u{1b}[0;32;49mok\u{1b}[0m]: one 12 (1 ms)\n[\u{1b}[0;31;49merr\u{1b}[0m]: two\n[exception]: x\n[ignore]: three\n\
                    [1/1 done]: x\n\u{1b}[1;37;49mTesting\u{1b}[0m\n";
        let counted = count(said);
        assert_eq!((counted.passed, counted.failed, counted.ignored), (1, 2, 1));
        assert_eq!(counted.names, BTreeSet::from(["one #".to_string()]));
    }
}
