//! The tools that cargo does not bring: found when they are here, installed when they are not, each in one pinned version.
//!
//! What is installed goes to `target/tools` and nowhere else, except what only Debian's apt-get can install.

use crate::debian;
use crate::problem::{Outcome, Problem};
use crate::process::{capture, find_on_path, run, target_dir, workspace};
use std::fs;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The bundler of the page. 0.22 needs a newer Rust than 1.95.
pub const TRUNK: &str = "0.21.14";
/// The npm package with `wasm-opt`. Debian's is from 2022 and knows too little of today's WebAssembly.
pub const BINARYEN: &str = "132.0.0";
/// The oldest `wasm-opt` on PATH that knows every flag in index.html.
pub const WASM_OPT_OLDEST: u32 = 116;
/// The npm package that makes scripts and style sheets small.
pub const ESBUILD: &str = "0.28.2";
/// The npm package that judges the accessibility of the page.
pub const AXE_CORE: &str = "4.14.1";
/// The one target of the page.
pub const WASM_TARGET: &str = "wasm32-unknown-unknown";
// wasm-bindgen-cli has no line here: it must equal the wasm-bindgen in Cargo.lock, and that is where it is read from.

/// A browser and the driver that fits it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Browser {
    /// The program that shows pages.
    pub chromium: PathBuf,
    /// The program that drives it by the WebDriver protocol.
    pub driver: PathBuf,
}

/// Adds the WebAssembly target to the Rust toolchain in use.
pub fn wasm_target() -> Outcome {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let libdir = capture(Command::new(rustc).args(["--print", "target-libdir", "--target", WASM_TARGET]))?;
    let libdir = String::from_utf8_lossy(&libdir.stdout).trim().to_string();
    if !libdir.is_empty() && Path::new(&libdir).is_dir() {
        return Ok(());
    }
    println!("Adding the target {WASM_TARGET} to Rust (some 20 MB).");
    run(Command::new("rustup").args(["target", "add", WASM_TARGET])).map_err(|problem| {
        Problem::new(format!("Rust cannot compile to WebAssembly yet. {}", problem.what)).remedy(format!(
            "with a network, run: rustup target add {WASM_TARGET} (a Rust without rustup: install rustup from https://rustup.rs)"
        ))
    })
}

/// The folder with `trunk` of exactly our version.
pub fn trunk() -> Outcome<PathBuf> {
    cargo_tool("trunk", "trunk", TRUNK, &["--locked", "--no-default-features"], "4 to 6 minutes")
}

/// The folder with `wasm-bindgen` and its test runner, of the version in Cargo.lock.
pub fn wasm_bindgen() -> Outcome<PathBuf> {
    let version = locked_version("wasm-bindgen")?;
    // Without --locked: a dependency in its own lock file is no longer in the registry.
    cargo_tool("wasm-bindgen-cli", "wasm-bindgen", &version, &[], "2 to 3 minutes")
}

/// The version of a package in Cargo.lock.
fn locked_version(package: &str) -> Outcome<String> {
    let file = workspace().join("Cargo.lock");
    let text = fs::read_to_string(&file)
        .map_err(|error| Problem::new(format!("Cargo.lock cannot be read: {error}.")).remedy("cargo fetch"))?;
    let mut lines = text.lines().skip_while(|line| *line != format!("name = \"{package}\""));
    let version = lines.nth(1).and_then(|line| line.strip_prefix("version = \"")?.strip_suffix('"'));
    version.map(str::to_string).ok_or_else(|| Problem::new(format!("Cargo.lock names no {package}.")))
}

/// The folder with a program that `cargo install` makes: from PATH, from target/tools, from binstall, or compiled.
fn cargo_tool(package: &str, program: &str, version: &str, flags: &[&str], minutes: &str) -> Outcome<PathBuf> {
    let root = target_dir().join("tools");
    let ours = root.join("bin");
    for found in find_on_path(program).into_iter().chain([ours.join(exe(program))]) {
        if version_of(&found).is_some_and(|line| line.split_whitespace().any(|word| word == version)) {
            return Ok(found.parent().unwrap_or(&ours).to_path_buf());
        }
    }
    if find_on_path("cargo-binstall").is_some() {
        println!("Getting {package} {version} with cargo binstall.");
        let mut binstall = Command::new("cargo");
        // Its last strategy, compiling in the release profile, takes three times as long as the way below.
        binstall.args(["binstall", "--no-confirm", "--disable-strategies", "compile", "--root"]);
        if run(binstall.arg(&root).arg(format!("{package}@{version}"))).is_ok() {
            return Ok(ours);
        }
    }
    println!("Compiling {package} {version} once into {} ({minutes} on two cores).", root.display());
    let started = Instant::now();
    let build = root.join("build");
    let mut install = Command::new("cargo");
    install.args(["install", "--debug", "--force", package, "--version", version]).args(flags);
    // Hundreds of lines show a person that it goes on, and bury what matters in a log.
    if !std::io::stderr().is_terminal() {
        install.arg("--quiet");
    }
    install.arg("--root").arg(&root).arg("--target-dir").arg(&build);
    // A tool that runs for seconds repays neither debug information nor incremental files.
    install.env("CARGO_PROFILE_DEV_DEBUG", "0").env("CARGO_INCREMENTAL", "0").current_dir(&root_folder(&root)?);
    let result = run(&mut install);
    let _ = fs::remove_dir_all(&build);
    result.map_err(|problem| {
        Problem::new(format!("{package} {version} could not be compiled. {}", problem.what)).remedy(format!(
            "with a network and a C linker, run: cargo install {package} --version {version} --debug {}",
            flags.join(" ")
        ))
    })?;
    println!("{package} {version} is ready after {} s.", started.elapsed().as_secs());
    Ok(ours)
}

fn root_folder(root: &Path) -> Outcome<PathBuf> {
    fs::create_dir_all(root).map_err(|error| Problem::new(format!("{} cannot be made: {error}.", root.display())))?;
    Ok(root.to_path_buf())
}

/// The folder with a `wasm-opt` that is new enough, or nothing where none can be had; the build then goes without.
pub fn wasm_opt() -> Option<PathBuf> {
    let new_enough = |program: &Path| {
        let line = version_of(program).unwrap_or_default();
        let number = line.split_whitespace().nth(2).and_then(|word| word.parse::<u32>().ok());
        number.is_some_and(|number| number >= WASM_OPT_OLDEST)
    };
    if let Some(found) = find_on_path("wasm-opt").filter(|found| new_enough(found)) {
        return found.parent().map(Path::to_path_buf);
    }
    match node_modules("binaryen", BINARYEN, "wasm-opt, which makes the page smaller,") {
        Ok(folder) => Some(folder.join(".bin")),
        Err(problem) => {
            println!("Going on without wasm-opt. {problem}");
            None
        }
    }
}

/// The program `esbuild`, or nothing where it cannot be had; the build then goes without.
pub fn esbuild() -> Option<PathBuf> {
    match node_modules("esbuild", ESBUILD, "esbuild, which makes scripts and style sheets smaller,") {
        Ok(folder) => Some(folder.join(".bin").join("esbuild")),
        Err(problem) => {
            println!("Going on without esbuild. {problem}");
            None
        }
    }
}

/// The text of axe-core, to be run inside a page.
pub fn axe_source() -> Outcome<String> {
    let folder = node_modules("axe-core", AXE_CORE, "axe-core, which judges accessibility,")?;
    let file = folder.join("axe-core").join("axe.min.js");
    fs::read_to_string(&file).map_err(|error| Problem::new(format!("{} cannot be read: {error}.", file.display())))
}

/// `node_modules` with this package in this version, installed by npm into target/tools/node.
fn node_modules(package: &str, version: &str, need: &str) -> Outcome<PathBuf> {
    let folder = target_dir().join("tools").join("node").join(package);
    let modules = folder.join("node_modules");
    let manifest = fs::read_to_string(modules.join(package).join("package.json")).unwrap_or_default();
    if manifest.contains(&format!("\"version\": \"{version}\"")) && find_on_path("node").is_some() {
        return Ok(modules);
    }
    if find_on_path("npm").is_none() {
        debian::install(&["npm"], &format!("npm, which brings {need}"))
            .map_err(|problem| problem.remedy("install Node.js 18 or later from https://nodejs.org"))?;
    }
    println!("Getting {package} {version} with npm.");
    root_folder(&folder)?;
    let program = find_on_path("npm").unwrap_or_else(|| "npm".into());
    let mut npm = Command::new(program);
    npm.args(["install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix"]);
    run(npm.arg(&folder).arg(format!("{package}@{version}"))).map_err(|problem| {
        Problem::new(format!("{need} could not be installed. {}", problem.what))
            .remedy(format!("with a network, run: npm install --prefix {} {package}@{version}", folder.display()))
    })?;
    Ok(modules)
}

/// Chromium or Chrome with a driver of the same major version.
pub fn browser() -> Outcome<Browser> {
    if let Some(found) = find_browser()? {
        return Ok(found);
    }
    debian::install(&["chromium", "chromium-driver"], "Chromium with chromedriver, for the tests in a real browser,")
        .map_err(|problem| {
        let more =
            "; or put Chrome and the chromedriver of the same version on PATH, or name both in CHROME and CHROMEDRIVER";
        let remedy = format!("{}{more}", problem.remedy);
        problem.remedy(remedy)
    })?;
    find_browser()?.ok_or_else(|| {
        Problem::new("Chromium was installed, but is still not on PATH.")
            .remedy("apt-get install chromium chromium-driver")
    })
}

fn find_browser() -> Outcome<Option<Browser>> {
    let named = |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file());
    let mac = PathBuf::from("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome");
    let names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
    let chromium = named("CHROME")
        .or_else(|| names.iter().find_map(|name| find_on_path(name)))
        .or_else(|| mac.is_file().then_some(mac));
    let driver = named("CHROMEDRIVER").or_else(|| find_on_path("chromedriver"));
    let (Some(chromium), Some(driver)) = (chromium, driver) else { return Ok(None) };
    let major = |program: &Path| {
        let line = version_of(program)?;
        line.split_whitespace().find_map(|word| word.split_once('.')?.0.parse::<u32>().ok())
    };
    match (major(&chromium), major(&driver)) {
        (Some(browser), Some(driver)) if browser != driver => Err(Problem::new(format!(
            "The browser ({}) is version {browser}, but chromedriver is version {driver}.",
            chromium.display()
        ))
        .remedy("put the two in the same version on PATH, or name a pair in CHROME and CHROMEDRIVER")),
        _ => Ok(Some(Browser { chromium, driver })),
    }
}

/// Chinese letters for the screenshots, where they can be had; without them Chromium draws boxes.
pub fn chinese_font() {
    let has = capture(Command::new("fc-list").args([":lang=zh", "family"])).is_ok_and(|list| !list.stdout.is_empty());
    if has || !debian::can_install() {
        return;
    }
    if let Err(problem) = debian::install(&["fontconfig", "fonts-noto-cjk"], "a font with Chinese letters") {
        println!("The screenshots will show boxes in place of Chinese letters. {problem}");
    }
}

fn version_of(program: &Path) -> Option<String> {
    if !program.is_file() {
        return None;
    }
    let output = capture(Command::new(program).arg("--version")).ok()?;
    Some(String::from_utf8_lossy(&output.stdout).lines().next()?.to_string())
}

fn exe(program: &str) -> String {
    format!("{program}{}", std::env::consts::EXE_SUFFIX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_file_tells_versions() {
        assert_eq!(locked_version("warren-sim").expect("our own crate is locked"), "0.1.0");
        assert!(locked_version("no-such-package").is_err());
    }

    #[test]
    fn trunk_and_its_configuration_agree() {
        let text = fs::read_to_string(workspace().join("Trunk.toml")).expect("Trunk.toml");
        assert!(text.contains(&format!("trunk-version = \"={TRUNK}\"")));
    }
}
