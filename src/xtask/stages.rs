//! `cargo xtask test`: every check, in the order in which a mistake is cheapest to find.

use crate::bundle::{self, Mode};
use crate::clients;
use crate::cold;
use crate::problem::{Outcome, Problem};
use crate::process::{path_with, run, workspace};
use crate::tools;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// A part of the tests that can be run alone: its name, what it does, its function. `rest` goes on to the test runner.
type Stage = (&'static str, &'static str, fn(rest: &[String]) -> Outcome);

/// Every stage, in order.
const STAGES: [Stage; 8] = [
    ("fmt", "every file is formatted", fmt),
    ("clippy", "no lint speaks up", clippy),
    ("engine", "the engine, natively", engine),
    ("native", "panels, lessons, tidiness and these commands, natively", native),
    ("clients", "programs of real client libraries against warren server", |_| clients::test()),
    ("web", "the page's own parts in a headless browser", web),
    ("build", "the release page and its size", build),
    ("page", "the built page in a real browser", page),
];

/// Runs the stages named in `words`, or all; words after `--` go on to the test runners.
pub fn test(words: &[String]) -> Outcome {
    let split = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let (names, rest) = (&words[..split], words.get(split + 1..).unwrap_or_default());
    if let Some(unknown) = names.iter().find(|name| STAGES.iter().all(|(stage, ..)| stage != name)) {
        let list: Vec<String> = STAGES.iter().map(|(name, what, _)| format!("\n  {name:<7} {what}")).collect();
        return Err(Problem::new(format!("There is no stage {unknown}."))
            .remedy(format!("cargo xtask test [stage...] [-- words for the test runner]{}", list.concat())));
    }
    let started = Instant::now();
    let mut done = Vec::new();
    let named = |stage: &str| names.iter().any(|name| name == stage);
    // The page that is tested is always the one that the sources say.
    let chosen = |stage: &str| names.is_empty() || named(stage) || (stage == "build" && named("page"));
    for (name, what, stage) in STAGES.iter().filter(|(name, ..)| chosen(name)) {
        println!("\n== {name}: {what}");
        let begun = Instant::now();
        let result = stage(rest);
        println!("== {name}: {} after {}", if result.is_ok() { "passed" } else { "FAILED" }, seconds(begun.elapsed()));
        if let Err(problem) = result {
            println!("\nstages: {} passed, 1 failed", done.len());
            return Err(Problem::new(format!("The stage {name} failed. {}", problem.what)).remedy(
                if problem.remedy.is_empty() {
                    format!("to run it alone: cargo xtask test {name}")
                } else {
                    problem.remedy
                },
            ));
        }
        done.push(format!("{name} {}", seconds(begun.elapsed())));
    }
    println!("\nAll is well after {}: {}.", seconds(started.elapsed()), done.join(", "));
    println!("stages: {} passed, 0 failed", done.len());
    Ok(())
}

fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}

fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new("cargo");
    command.args(words).current_dir(workspace());
    command
}

fn fmt(_: &[String]) -> Outcome {
    run(&mut cargo(&["fmt", "--all", "--check"]))
        .map_err(|problem| problem.remedy("cargo fmt --all (if cargo has no fmt: rustup component add rustfmt)"))
}

fn clippy(_: &[String]) -> Outcome {
    let missing = |problem: Problem| {
        problem.remedy("mend what is named above (if cargo has no clippy: rustup component add clippy)")
    };
    run(&mut cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])).map_err(missing)?;
    // `--all-targets` passes over the tests that a plain `cargo test` must not start.
    run(&mut cargo(&["clippy", "--quiet", "--workspace", "--test", "page", "--", "-D", "warnings"]))
        .map_err(missing)?;
    // The page once more as it is built for the browser, where other lines of it are compiled.
    tools::wasm_target()?;
    let page = [
        "clippy",
        "--quiet",
        "-p",
        "warren",
        "--bins",
        "--lib",
        "--test",
        "web",
        "--target",
        tools::WASM_TARGET,
        "--",
        "-D",
        "warnings",
    ];
    run(&mut cargo(&page)).map_err(missing)
}

fn engine(rest: &[String]) -> Outcome {
    run(cargo(&["test", "-p", "warren-sim", "--"]).args(rest))
}

fn native(rest: &[String]) -> Outcome {
    run(cargo(&["test", "--workspace", "--exclude", "warren-sim", "--"]).args(rest))
}

fn web(rest: &[String]) -> Outcome {
    tools::wasm_target()?;
    let folder = tools::wasm_bindgen()?;
    let browser = tools::browser()?;
    let mut command = cargo(&["test", "-p", "warren", "--target", tools::WASM_TARGET, "--test", "web", "--"]);
    command
        .args(rest)
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER", "wasm-bindgen-test-runner")
        .env("CHROMEDRIVER", browser.driver)
        .env("PATH", path_with(&[folder])?);
    run(&mut command)
}

fn build(_: &[String]) -> Outcome {
    bundle::build(Mode::Release).map(drop)
}

/// Has the page's tests look at the measured page, and write which functions were called.
pub fn measure_page(called: &Path) -> Outcome {
    page_tests(&["measures".to_string()], Some(called))
}

fn page(rest: &[String]) -> Outcome {
    page_tests(rest, None)
}

fn page_tests(rest: &[String], called: Option<&Path>) -> Outcome {
    let browser = tools::browser()?;
    tools::axe_source()?;
    tools::chinese_font();
    // The same packages as in `native`: with others, cargo would choose other features and compile most crates again.
    let mut command = cargo(&["test", "--workspace", "--exclude", "warren-sim", "--test", "page", "--"]);
    command.args(rest).env("CHROME", browser.chromium).env("CHROMEDRIVER", browser.driver);
    if let Some(called) = called {
        command.env(cold::CALLED, called);
    }
    run(&mut command)
}
