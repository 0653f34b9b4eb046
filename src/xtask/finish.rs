//! What is done to the page's WebAssembly after Trunk has put it into `dist/`: it is cut into parts, made smaller, and named by what it holds.

use crate::minify;
use crate::problem::{Outcome, Problem};
use crate::process::run;
use crate::split::{self, parts::LATER};
use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What wasm-opt does. Functions that are called once are left alone: gzip sees more that is alike. The features are those that Rust's
/// WebAssembly uses; with all of them, Chromium would refuse the module.
const WASM_OPT: &[&str] = &[
    "--one-caller-inline-max-function-size=0",
    "--flatten",
    "--rereloop",
    "-Oz",
    "-Oz",
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
];

/// The tools that make the page smaller, as far as they are here.
#[derive(Debug, Default)]
pub struct Smaller {
    /// The folder with `wasm-opt`.
    pub wasm_opt: Option<PathBuf>,
    /// The program `esbuild`.
    pub esbuild: Option<PathBuf>,
}

impl Smaller {
    /// Whether none is missing.
    pub fn is_all_there(&self) -> bool {
        self.wasm_opt.is_some() && self.esbuild.is_some()
    }
}

/// Finishes the page in `dist`. `linked` is its module as the linker left it, if that can be cut; `measured` where to put what it is cut from, if the
/// page is to tell which of its functions were called.
pub fn finish(dist: &Path, linked: Option<&Path>, smaller: &Smaller, measured: Option<&Path>) -> Outcome {
    minify::sources(dist, smaller.esbuild.as_deref())?;
    let (name, bound) = find(dist, |name| name.ends_with("_bg.wasm"))?;
    let mut files = vec![read(&bound)?];
    if let Some(linked) = linked {
        if let Some(copy) = measured {
            fs::write(copy, &files[0]).map_err(|error| cannot("written", copy, &error))?;
        }
        files = split::split(&read(linked)?, &files[0], measured.is_some())?;
    }
    let (script_name, script) = shorten(dist, &mut files[0])?;
    let script = minify::script(&script, smaller.esbuild.as_deref())?;
    fs::remove_file(&bound).map_err(|error| cannot("removed", &bound, &error))?;
    let mut hasher = DefaultHasher::new();
    hasher.write(script.as_bytes());
    for bytes in &mut files {
        if let Some(folder) = &smaller.wasm_opt {
            *bytes = split::ordered(&optimised(folder, bytes)?)?;
        }
        hasher.write(bytes);
    }
    // Every name holds the hash of all: a browser's cache can never bring together files that do not belong together.
    let hash = format!("{:016x}", hasher.finish());
    let named = |kind: &str| format!("page-{hash}_{kind}.wasm");
    let kinds = || std::iter::once("bg").chain(LATER.iter().map(|part| part.name));
    for (bytes, kind) in files.iter().zip(kinds()) {
        let file = dist.join(named(kind));
        fs::write(&file, bytes).map_err(|error| cannot("written", &file, &error))?;
    }
    let new_script = format!("page-{hash}.js");
    let file = dist.join(&new_script);
    fs::write(&file, script).map_err(|error| cannot("written", &file, &error))?;
    let index = dist.join("index.html");
    let html = String::from_utf8_lossy(&read(&index)?).replace(&name, &named("bg")).replace(&script_name, &new_script);
    // The loader learns from the page's head what the parts are called, in their order.
    let later: Vec<String> = kinds().take(files.len()).skip(1).map(|kind| format!("./{}", named(kind))).collect();
    let first = format!("data-wasm=\"./{}\"", named("bg"));
    let html = html.replace(&first, &format!("{first} data-later=\"{}\"", later.join(" ")));
    fs::write(&index, html).map_err(|error| cannot("written", &index, &error))
}

/// Gives what the module takes from the page's script and offers to it short names, in both: wasm-bindgen's are long, many with a hash, and weigh
/// kilobytes. Takes the script out of `dist`, and returns its name and its new text.
fn shorten(dist: &Path, module: &mut Vec<u8>) -> Outcome<(String, String)> {
    let names = split::shorten_names(module)?;
    let (script_name, script) = find(dist, |name| name.starts_with("page-") && name.ends_with(".js"))?;
    let text = String::from_utf8_lossy(&read(&script)?).into_owned();
    fs::remove_file(&script).map_err(|error| cannot("removed", &script, &error))?;
    Ok((script_name, renamed(&text, &names)))
}

/// A script in which every word that is a name has the other one.
fn renamed(script: &str, names: &BTreeMap<String, String>) -> String {
    let in_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '$';
    let mut text = String::new();
    let mut rest = script;
    while let Some(first) = rest.chars().next() {
        let word = rest.find(|letter| in_word(letter) != in_word(first)).unwrap_or(rest.len());
        text.push_str(names.get(&rest[..word]).map_or(&rest[..word], String::as_str));
        rest = &rest[word..];
    }
    text
}

/// The name and place of the first file in `dist` whose name is `wanted`.
fn find(dist: &Path, wanted: impl Fn(&str) -> bool) -> Outcome<(String, PathBuf)> {
    let entries = fs::read_dir(dist).map_err(|error| cannot("read", dist, &error))?;
    let mut files = entries.flatten().map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    files
        .find(|(name, _)| wanted(name))
        .ok_or_else(|| Problem::new(format!("{} does not hold all that Trunk builds.", dist.display())))
}

fn optimised(folder: &Path, bytes: &[u8]) -> Outcome<Vec<u8>> {
    let scratch = crate::process::target_dir().join("scratch");
    fs::create_dir_all(&scratch).map_err(|error| cannot("made", &scratch, &error))?;
    let file = scratch.join(format!("wasm-opt-{}.wasm", std::process::id()));
    fs::write(&file, bytes).map_err(|error| cannot("written", &file, &error))?;
    let result = run(Command::new(folder.join("wasm-opt")).arg(&file).args(WASM_OPT).arg("-o").arg(&file));
    let smaller = read(&file);
    let _ = fs::remove_file(&file);
    result.and(smaller)
}

pub(crate) fn read(file: &Path) -> Outcome<Vec<u8>> {
    fs::read(file).map_err(|error| cannot("read", file, &error))
}

pub(crate) fn cannot(what: &str, file: &Path, error: &std::io::Error) -> Problem {
    Problem::new(format!("{} cannot be {what}: {error}.", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_whole_words() {
        let names = [("_a", "b"), ("_a_b", "c")].map(|(old, new)| (old.to_string(), new.to_string()));
        assert_eq!(renamed("x._a(_a_b, _a_c);", &BTreeMap::from(names)), "x.b(c, _a_c);");
    }
}
