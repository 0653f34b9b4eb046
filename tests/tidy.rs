//! The house rules that a compiler does not check. Each failure names the file and the line.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The longest line of code or prose, in characters.
const MAX_LINE: usize = 160;
/// The longest file of code, in lines: the rule is about 400, and past this a file must be split.
const MAX_FILE: usize = 500;
/// The longest function, in lines, from its `fn` to its closing brace.
const MAX_FUNCTION: usize = 95;

fn files(folder: &Path, ending: &str, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("a folder of the project").map(|entry| entry.expect("an entry").path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, ending, found);
        } else if path.extension().is_some_and(|extension| extension == ending) {
            found.push(path);
        }
    }
}

fn sources() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["src", "tests"] {
        files(&root.join(folder), "rs", &mut found);
    }
    assert!(found.len() > 50, "the sources are where they are looked for");
    found.into_iter().map(|path| (path.clone(), fs::read_to_string(&path).expect("a text file"))).collect()
}

fn report(faults: Vec<String>) {
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn lines_and_files_are_short_enough() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let count = text.lines().count();
        if count > MAX_FILE {
            faults.push(format!("{}: {count} lines, at most {MAX_FILE}", path.display()));
        }
        for (index, line) in text.lines().enumerate() {
            let length = line.chars().count();
            // The table of methods and the texts of both languages are rows, which read best unbroken.
            let is_row = line.trim_start().starts_with(|c: char| c.is_ascii_uppercase()) || line.contains(": \"");
            if length > MAX_LINE && !is_row {
                faults.push(format!("{}:{}: {length} characters, at most {MAX_LINE}", path.display(), index + 1));
            }
        }
    }
    report(faults);
}

#[test]
fn functions_are_short_enough() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let head = line.trim_start();
            let is_function = ["fn ", "pub fn ", "pub(crate) fn ", "pub(super) fn ", "async fn "]
                .iter()
                .any(|start| head.starts_with(start));
            if !is_function || line.trim_end().ends_with(';') {
                continue;
            }
            let indent = line.len() - head.len();
            let closing = format!("{}}}", " ".repeat(indent));
            let length = lines[index..].iter().position(|other| **other == closing).unwrap_or(0);
            if length > MAX_FUNCTION {
                faults.push(format!("{}:{}: {length} lines, at most {MAX_FUNCTION}", path.display(), index + 1));
            }
        }
    }
    report(faults);
}

#[test]
fn every_file_begins_by_saying_what_it_is() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        if !text.starts_with("//!") {
            faults.push(format!("{}: the first line is no //! comment", path.display()));
        }
    }
    report(faults);
}

#[test]
fn every_module_is_reached_from_its_crate() {
    let mut faults = Vec::new();
    let all = sources();
    for (path, _) in &all {
        let name = path.file_stem().expect("a file").to_string_lossy().into_owned();
        let folder = path.parent().expect("a folder");
        let is_test = path.components().any(|part| part.as_os_str() == "tests")
            && !folder.ends_with("page")
            && !folder.ends_with("replay");
        if ["main", "lib", "mod"].contains(&name.as_str()) || is_test {
            continue;
        }
        let declares = |text: &str| {
            text.lines().any(|line| line.trim_end().ends_with(&format!("mod {name};")) && !line.starts_with("//"))
        };
        let stem = |other: &Path| other.with_extension("") == folder;
        let reached = all.iter().any(|(other, text)| {
            (other.parent() == Some(folder)
                || stem(other)
                || other.starts_with(folder.parent().expect("a folder above")))
                && declares(text)
        });
        if !reached {
            faults.push(format!("{}: no file beside it says `mod {name};`", path.display()));
        }
    }
    report(faults);
}

#[test]
fn the_engine_knows_no_clock_thread_socket_or_order_of_chance() {
    let mut faults = Vec::new();
    for (path, text) in sources() {
        if !path.components().any(|part| part.as_os_str() == "sim") {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            let forbidden = ["std::time", "HashMap", "HashSet", "std::thread", "std::net", "unsafe ", "getrandom"];
            if let Some(word) = forbidden.iter().find(|word| line.contains(**word)) {
                faults.push(format!("{}:{}: {word}", path.display(), index + 1));
            }
        }
    }
    report(faults);
}

#[test]
fn the_page_sets_no_style_attribute() {
    // The Content-Security-Policy would silently drop it.
    let mut faults = Vec::new();
    for (path, text) in sources() {
        for (index, line) in text.lines().enumerate() {
            if line.contains(" style=") && !path.ends_with("tests/tidy.rs") && !line.trim_start().starts_with("//") {
                faults.push(format!("{}:{}: a style attribute", path.display(), index + 1));
            }
        }
    }
    report(faults);
}
