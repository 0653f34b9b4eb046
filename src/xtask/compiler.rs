//! The compiler's switches that make the page smaller than stable Rust makes it.
//!
//! The standard library is compiled anew for size, and without what the page cannot use: places and texts of panics, which in WebAssembly
//! nobody would see, and `{:?}`. This needs switches that are not stable yet (`RUSTC_BOOTSTRAP` opens them), so each is tried before it is
//! relied on, and a compiler that refuses one builds the page without them: the same page, a few dozen kilobytes larger.

use crate::problem::{Outcome, Problem};
use crate::process::{capture, run};
use crate::tools::WASM_TARGET;
use std::path::Path;
use std::process::Command;

/// A panic ends the page's code at once; its message would be formatted for nobody. Relocations tell `split.rs` what refers to what.
const FLAGS: &str =
    "-Zunstable-options -Cpanic=immediate-abort -Zlocation-detail=none -Zfmt-debug=none -Clink-arg=--emit-relocs";

/// What is put into the environment of cargo, whoever calls it.
const VARIABLES: [(&str, &str); 4] = [
    ("RUSTC_BOOTSTRAP", "1"),
    ("RUSTFLAGS", FLAGS),
    ("CARGO_UNSTABLE_BUILD_STD", "std,panic_abort"),
    ("CARGO_UNSTABLE_BUILD_STD_FEATURES", "optimize_for_size"),
];

/// Whether the page can be built small here; says why when it cannot.
pub fn can_build_small() -> bool {
    match try_switches().and_then(|()| standard_library()) {
        Ok(()) => true,
        Err(problem) => {
            println!("Going on with the standard library as it is, which makes the page larger. {problem}");
            false
        }
    }
}

/// Gives a command that calls cargo for the page the switches.
pub fn small(command: &mut Command) -> &mut Command {
    command.envs(VARIABLES)
}

fn rustc() -> Command {
    let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    rustc.env("RUSTC_BOOTSTRAP", "1");
    rustc
}

/// Asks the compiler whether it knows the switches.
fn try_switches() -> Outcome {
    let output = capture(rustc().args(["--print", "cfg", "--target", WASM_TARGET]).args(FLAGS.split(' ')))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
    Err(Problem::new(format!("This compiler does not know the switches in src/xtask/compiler.rs: {said}"))
        .remedy("use the stable Rust that README.md names, or bring the switches up to date"))
}

/// The sources of the standard library, installed where they are not.
fn standard_library() -> Outcome {
    let output = capture(rustc().args(["--print", "sysroot"]))?;
    let sysroot = String::from_utf8_lossy(&output.stdout).trim().to_string();
    if Path::new(&sysroot).join("lib/rustlib/src/rust/library/Cargo.lock").is_file() {
        return Ok(());
    }
    println!("Adding the sources of the standard library to Rust (some 3 MB).");
    run(Command::new("rustup").args(["component", "add", "rust-src"])).map_err(|problem| {
        Problem::new(format!("The sources of the standard library are not there. {}", problem.what))
            .remedy("with a network, run: rustup component add rust-src")
    })
}
