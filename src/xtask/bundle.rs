//! `cargo xtask build`: the release page in `dist/`, and what a visitor downloads of it.

use crate::problem::{Outcome, Problem};
use crate::process::{capture, path_with, run, target_dir, workspace};
use crate::tools;
use crate::{compiler, finish, finish::Smaller, split::parts::LATER};
use flate2::{Compression, write::GzEncoder};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What wasm, js and css may weigh together before the first picture, gzip, in bytes. The first promise was 220 KiB; it only ever goes down.
pub const BUDGET_BYTES: u64 = 104 * 1024;
/// What they may weigh with the part that plays the first lesson.
pub const PLAY_BYTES: u64 = 220 * 1024;
/// What they may weigh with all that is loaded at the first touch. It grows with what the page can do.
pub const WHOLE_BYTES: u64 = 820 * 1024;
/// What they may weigh with Lua, which is loaded when the first script runs.
pub const LUA_BYTES: u64 = 890 * 1024;
/// The kinds of files that are loaded before anything is seen.
const KINDS: [&str; 3] = ["wasm", "js", "css"];

/// How the page is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Small, for visitors: `dist/`.
    Release,
    /// Quick to build, for developers: `target/dist-dev`.
    Dev,
    /// As for visitors, and each function leaves a mark when it is called: `target/dist-measured`.
    Measured,
}

/// The folder that a build of this kind fills.
pub fn folder(mode: Mode) -> PathBuf {
    match mode {
        Mode::Release => workspace().join("dist"),
        Mode::Dev => target_dir().join("dist-dev"),
        Mode::Measured => target_dir().join("dist-measured"),
    }
}

/// Builds the page, prints and judges its size (release only), and returns its folder.
pub fn build(mode: Mode) -> Outcome<PathBuf> {
    tools::wasm_target()?;
    let release = mode != Mode::Dev;
    let small = release && compiler::can_build_small();
    fetch_crates(small)?;
    let folders = [tools::trunk()?, tools::wasm_bindgen()?];
    let smaller = match mode {
        Mode::Release => Smaller { wasm_opt: tools::wasm_opt(), esbuild: tools::esbuild() },
        Mode::Dev | Mode::Measured => Smaller::default(),
    };
    let dist = folder(mode);
    let mut trunk = Command::new(folders[0].join("trunk"));
    // Offline: trunk would otherwise download tools of its own choosing.
    trunk.args(["build", "--offline", "--log", "warn", "--dist"]).arg(&dist);
    if release {
        trunk.arg("--release");
    }
    println!("Building the page into {} (one to three minutes the first time).", dist.display());
    if small {
        compiler::small(&mut trunk);
        // A folder of its own: other switches would make cargo compile everything of the other commands again.
        trunk.env("CARGO_TARGET_DIR", target_dir().join("small"));
    }
    // NO_COLOR: trunk takes only "true" or "false" there and stops at the customary "1".
    run(trunk
        .current_dir(workspace())
        .env("PATH", path_with(&folders)?)
        .env_remove("NO_COLOR")
        .env("RUST_BACKTRACE", "0"))
    .map_err(|problem| {
        Problem::new(format!("The page was not built. {}", problem.what)).remedy("look at the lines above")
    })?;
    let linked = small.then(linked);
    match mode {
        Mode::Release => {
            finish::finish(&dist, linked.as_deref(), &smaller, None)?;
            judge(&weigh(&dist)?, small && smaller.is_all_there())?;
        }
        Mode::Measured => finish::finish(&dist, linked.as_deref(), &smaller, Some(&measured()))?,
        Mode::Dev => {}
    }
    Ok(dist)
}

/// The page's module as the linker left it.
pub fn linked() -> PathBuf {
    target_dir().join("small").join(tools::WASM_TARGET).join("page").join("page.wasm")
}

/// What a measured page was cut from.
pub fn measured() -> PathBuf {
    target_dir().join("measured.wasm")
}

/// Downloads the crates in Cargo.lock: trunk, being offline, makes cargo offline too.
fn fetch_crates(small: bool) -> Outcome {
    let mut fetch = Command::new("cargo");
    fetch.args(["fetch", "--target", tools::WASM_TARGET]).current_dir(workspace());
    if small {
        // Then the crates that the standard library is made from are fetched as well.
        compiler::small(&mut fetch);
    }
    let output = capture(&mut fetch)?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
    Err(Problem::new(format!("The crates in Cargo.lock could not be downloaded. cargo said:\n{said}"))
        .remedy("look whether there is a network, then run: cargo fetch"))
}

/// Bytes after gzip for each kind of file below `dist`.
fn weigh(dist: &Path) -> Outcome<BTreeMap<&'static str, u64>> {
    let mut weights: BTreeMap<&'static str, u64> =
        KINDS.iter().copied().chain(LATER.iter().map(|part| part.name)).map(|kind| (kind, 0)).collect();
    let unreadable = |error| Problem::new(format!("{} cannot be read: {error}.", dist.display()));
    let mut folders = vec![dist.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(unreadable)? {
            let path = entry.map_err(unreadable)?.path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
            let later = LATER.iter().find(|part| stem.rsplit_once('_').is_some_and(|(_, kind)| kind == part.name));
            if let Some(weight) = weights.get_mut(later.map_or(ending.as_str(), |part| part.name)) {
                *weight += gzip_len(&fs::read(&path).map_err(unreadable)?).map_err(unreadable)?;
            }
        }
    }
    Ok(weights)
}

/// The length after gzip at its best level, which is what static hosts send or better.
fn gzip_len(bytes: &[u8]) -> std::io::Result<u64> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len() as u64)
}

/// Prints the weights and holds them against the budgets, which only a build with wasm-opt and the small standard library can keep.
fn judge(weights: &BTreeMap<&'static str, u64>, optimised: bool) -> Outcome {
    let kib = |bytes: u64| format!("{}.{} KiB", bytes / 1024, bytes % 1024 * 10 / 1024);
    let of = |kind: &str| weights.get(kind).copied().unwrap_or_default();
    let parts: Vec<String> = KINDS.iter().map(|kind| format!("{kind} {}", kib(of(kind)))).collect();
    let mut sum: u64 = KINDS.iter().map(|kind| of(kind)).sum();
    let mut sums = vec![sum];
    for part in &LATER {
        sum += of(part.name);
        sums.push(sum);
    }
    let budgets = [
        ("first picture", BUDGET_BYTES),
        ("first lesson, played,", PLAY_BYTES),
        ("whole page", WHOLE_BYTES),
        ("with Lua", LUA_BYTES),
    ];
    let lines: Vec<String> = (budgets.iter().zip(&sums))
        .map(|((what, budget), sum)| format!("{what} {} of {}", kib(*sum), kib(*budget)))
        .collect();
    println!("Bundle, gzip: {}. {}.", parts.join(", "), lines.join("; "));
    let over = budgets.iter().zip(&sums).find(|((_, budget), sum)| *sum > budget);
    let Some(((what, budget), weight)) = over else { return Ok(()) };
    if !optimised {
        println!(
            "That is over the budget, but not all was there that makes it smaller (see above), so it is not held against it."
        );
        return Ok(());
    }
    Err(Problem::new(format!("The {what} weighs {}, {} more than its budget.", kib(*weight), kib(weight - budget)))
        .remedy("find what grew it, or raise the budget in src/xtask/bundle.rs and say why"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_budget_is_held_only_with_everything_there() {
        let weights = |wasm| BTreeMap::from([("wasm", wasm), ("js", 1)]);
        assert_eq!(judge(&weights(BUDGET_BYTES - 1), true), Ok(()));
        assert!(judge(&weights(BUDGET_BYTES), true).is_err());
        assert_eq!(judge(&weights(BUDGET_BYTES), false), Ok(()));
    }

    #[test]
    fn the_later_parts_have_budgets_of_their_own() {
        let weights = |rest| BTreeMap::from([("wasm", 1), ("rest", rest)]);
        assert_eq!(judge(&weights(WHOLE_BYTES - 1), true), Ok(()));
        assert!(judge(&weights(WHOLE_BYTES), true).is_err());
        assert!(judge(&BTreeMap::from([("play", PLAY_BYTES + 1)]), true).is_err());
    }
}
