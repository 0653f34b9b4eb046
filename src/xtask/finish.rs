//! What is done to the page's WebAssembly after Trunk has put it into `dist/`: it is cut into parts, made smaller, and named by what it holds.

use crate::problem::{Outcome, Problem};
use crate::process::run;
use crate::split::{self, parts::LATER};
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

/// Finishes the page in `dist`. `linked` is its module as the linker left it, if that can be cut; `wasm_opt` the folder with that program; `measured`
/// where to put what it is cut from, if the page is to tell which of its functions were called.
pub fn finish(dist: &Path, linked: Option<&Path>, wasm_opt: Option<&Path>, measured: Option<&Path>) -> Outcome {
    strip_sources(dist)?;
    let (name, bound) = find(dist, |name| name.ends_with("_bg.wasm"))?;
    let mut files = vec![read(&bound)?];
    if let Some(linked) = linked {
        if let Some(copy) = measured {
            fs::write(copy, &files[0]).map_err(|error| cannot("written", copy, &error))?;
        }
        files = split::split(&read(linked)?, &files[0], measured.is_some())?;
    }
    let (script_name, script) = shorten(dist, &mut files[0])?;
    fs::remove_file(&bound).map_err(|error| cannot("removed", &bound, &error))?;
    let mut hasher = DefaultHasher::new();
    hasher.write(script.as_bytes());
    for bytes in &mut files {
        if let Some(folder) = wasm_opt {
            *bytes = optimised(folder, bytes)?;
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

/// Gives what the module imports from the page's script short names, in both: wasm-bindgen's are long, each with a hash, and weigh kilobytes. Takes
/// the script out of `dist`, and returns its name and its new text, without comments and indentation.
fn shorten(dist: &Path, module: &mut Vec<u8>) -> Outcome<(String, String)> {
    let names = split::shorten_imports(module)?;
    let (script_name, script) = find(dist, |name| name.starts_with("page-") && name.ends_with(".js"))?;
    let mut text = stripped(&String::from_utf8_lossy(&read(&script)?));
    for (long, short) in names {
        // Each is a property at the beginning of a line.
        text = text.replace(&format!("\n{long}:"), &format!("\n{short}:"));
    }
    fs::remove_file(&script).map_err(|error| cannot("removed", &script, &error))?;
    Ok((script_name, text))
}

/// A script or a style sheet without the lines that are comments, and without indentation.
fn stripped(text: &str) -> String {
    let (mut lines, mut in_comment) = (Vec::new(), false);
    for line in text.lines().map(str::trim) {
        in_comment |= line.starts_with("/*");
        if !in_comment && !line.is_empty() && !line.starts_with("//") {
            lines.push(line);
        }
        in_comment &= !line.ends_with("*/");
    }
    lines.join("\n")
}

/// Strips the style sheets and the loader.
fn strip_sources(dist: &Path) -> Outcome {
    let entries = fs::read_dir(dist).map_err(|error| cannot("read", dist, &error))?;
    for file in entries.flatten().map(|entry| entry.path()) {
        if file.extension().is_some_and(|ending| ending == "css" || ending == "js") {
            let text = stripped(&String::from_utf8_lossy(&read(&file)?));
            fs::write(&file, text).map_err(|error| cannot("written", &file, &error))?;
        }
    }
    Ok(())
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

fn read(file: &Path) -> Outcome<Vec<u8>> {
    fs::read(file).map_err(|error| cannot("read", file, &error))
}

fn cannot(what: &str, file: &Path, error: &std::io::Error) -> Problem {
    Problem::new(format!("{} cannot be {what}: {error}.", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_indentation_go() {
        let text =
            "/* one\n   two */\na {\n  /* three */\n  color: red; /* stays */\n}\n// four\nlet x = \"// five\";\n";
        assert_eq!(stripped(text), "a {\ncolor: red; /* stays */\n}\nlet x = \"// five\";");
    }
}
