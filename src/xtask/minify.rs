//! Scripts and style sheets of the release page made small: by esbuild where it is, else by taking out comments and indentation.

use crate::finish::{cannot, read};
use crate::problem::{Outcome, Problem};
use crate::process::{capture, target_dir};
use std::fs;
use std::path::Path;
use std::process::Command;

/// What wasm-bindgen's script offers beside what the page itself does; `www/loader.js` takes the first alone.
const OFFERED: [&str; 2] = ["export { initSync, __wbg_init as default };", "export { initSync };"];
/// What stands before the name of a style sheet in the page's head.
const SHEET: &str = "<link rel=\"stylesheet\" href=\"./";

/// Makes the loader and the style sheets in `dist` small, and one sheet of those in the page's head.
pub fn sources(dist: &Path, esbuild: Option<&Path>) -> Outcome {
    join_sheets(dist)?;
    let entries = fs::read_dir(dist).map_err(|error| cannot("read", dist, &error))?;
    for file in entries.flatten().map(|entry| entry.path()) {
        let kind = file.extension().unwrap_or_default().to_string_lossy().into_owned();
        // The page's script has its turn when the names in it are short.
        let is_page = file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("page-"));
        if (kind == "css" || kind == "js") && !is_page {
            let text = small(&String::from_utf8_lossy(&read(&file)?), &kind, esbuild)?;
            fs::write(&file, text).map_err(|error| cannot("written", &file, &error))?;
        }
    }
    Ok(())
}

/// The script that wasm-bindgen made, without the ways to start it that nobody goes.
pub fn script(text: &str, esbuild: Option<&Path>) -> Outcome<String> {
    small(&text.replace(OFFERED[0], OFFERED[1]), "js", esbuild)
}

/// A text of this kind, `js` or `css`, made small.
fn small(text: &str, kind: &str, esbuild: Option<&Path>) -> Outcome<String> {
    let Some(esbuild) = esbuild else { return Ok(stripped(text)) };
    let scratch = target_dir().join("scratch");
    fs::create_dir_all(&scratch).map_err(|error| cannot("made", &scratch, &error))?;
    let file = scratch.join(format!("esbuild-{}.{kind}", std::process::id()));
    fs::write(&file, text).map_err(|error| cannot("written", &file, &error))?;
    let mut command = Command::new(esbuild);
    command.arg(&file).args(["--minify", "--charset=utf8", "--log-level=warning"]);
    if kind == "js" {
        // As one bundle: then what nobody uses is left out.
        command.args(["--bundle", "--format=esm"]);
    }
    let output = capture(&mut command);
    let _ = fs::remove_file(&file);
    let output = output?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr).trim().to_string();
        return Err(Problem::new(format!("esbuild does not make a {kind} file of the page smaller. It said:\n{said}")));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Puts the style sheets that the page's head names into the first of them: together they are smaller, and asked for once.
fn join_sheets(dist: &Path) -> Outcome {
    let index = dist.join("index.html");
    let html = String::from_utf8_lossy(&read(&index)?).into_owned();
    let (mut lines, mut first, mut all) = (Vec::new(), None, String::new());
    for line in html.lines() {
        let name = line.trim().strip_prefix(SHEET).and_then(|rest| rest.split('"').next());
        let Some(sheet) = name.map(|name| dist.join(name)) else {
            lines.push(line);
            continue;
        };
        all.push_str(&String::from_utf8_lossy(&read(&sheet)?));
        if first.is_none() {
            first = Some(sheet);
            lines.push(line);
        } else {
            fs::remove_file(&sheet).map_err(|error| cannot("removed", &sheet, &error))?;
        }
    }
    if let Some(sheet) = first {
        fs::write(&sheet, all).map_err(|error| cannot("written", &sheet, &error))?;
    }
    fs::write(&index, lines.join("\n")).map_err(|error| cannot("written", &index, &error))
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
