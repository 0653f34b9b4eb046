//! What `cargo xtask cold` has the browser do, and what it learns by it.
//!
//! Everything that can be done with the first two parts of the page's code alone belongs here; what is forgotten is loaded in the middle of the
//! work, which a person may notice once.

use super::browser::{Checked, Page};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use std::{fs, thread};
use xtask::split::cold::{MARKS, ROOM};

/// Windows to look through: width, height, dark, with less motion.
const WINDOWS: [(u32, u32, bool, bool); 4] =
    [(1440, 900, false, false), (768, 1024, true, false), (360, 740, false, true), (1920, 1080, true, false)];
/// What is clicked, in this order. By script: a finger would fetch the rest beforehand.
const CLICKS: [&str; 19] = [
    ".play",
    ".play",
    ".step",
    ".back",
    ".lesson-go .primary",
    ".question .choice:nth-of-type(2) input",
    ".lesson-go .primary",
    ".code .tabs [role=tab], .code .tabs button",
    ".theme",
    ".theme",
    ".play",
    ".end",
    ".play",
    ".back",
    ".chapters .dot:nth-child(2)",
    ".question .choice:nth-of-type(1) input",
    ".lesson-go .primary",
    ".chapters .dot:nth-child(4)",
    ".lesson-go .primary",
];
/// What is set by other means than clicks.
const TURNS: &str = "
    const say = (element, kind) => element.dispatchEvent(new Event(kind, { bubbles: true }));
    const scrub = document.querySelector('.scrub input');
    for (const place of [9, 3, 0, 12]) { scrub.value = place; say(scrub, 'input'); }
    const speed = document.querySelector('.speed');
    speed.selectedIndex = 5; say(speed, 'change');";
/// The places of the functions that were called; the page's script gives the same module again to whoever asks again.
const CALLED: &str = "
    const script = document.querySelector('meta[name=\"warren-page\"]').dataset.js;
    return import(new URL(script, document.baseURI)).then(page => {
        const wasm = page.initSync();
        const marks = new Uint8Array(wasm.memory.buffer, wasm[arguments[0]].value, arguments[1]);
        return Array.from(marks.keys()).filter(place => marks[place]);
    })";

/// Opens the page, plays the first lesson and points at everything; writes the places of the functions that were called.
pub async fn measures(page: &Page, file: &Path) -> Checked {
    let mut called = BTreeSet::new();
    for (width, height, dark, still) in WINDOWS {
        page.viewport(width, height).await?;
        page.media(dark, still).await?;
        page.open("").await?;
        point(page, width, height).await?;
        for (at, css) in CLICKS.iter().enumerate() {
            page.js("document.querySelector(arguments[0])?.click()", vec![(*css).into()]).await?;
            thread::sleep(Duration::from_millis(600));
            if at % 4 == 0 {
                point(page, width, height).await?;
            }
        }
        page.js(TURNS, vec![]).await?;
        page.js("document.querySelector('.play').click()", vec![]).await?;
        thread::sleep(Duration::from_millis(2_500));
        page.viewport(width - 20, height - 20).await?;
        page.media(!dark, still).await?;
        thread::sleep(Duration::from_millis(600));
        called.extend(marked(page).await?);
    }
    // What is done while a part does not come.
    for button in [".step", ".notice button"] {
        page.open_without("*_play.wasm").await?;
        page.js("document.querySelector(arguments[0])?.click()", vec![button.into()]).await?;
        thread::sleep(Duration::from_millis(2_500));
        called.extend(marked(page).await?);
    }
    let lines: Vec<String> = called.iter().map(u64::to_string).collect();
    fs::write(file, lines.join("\n")).map_err(|error| format!("{} cannot be written: {error}", file.display()))
}

/// The places of the marks that were left since the page was opened.
async fn marked(page: &Page) -> Checked<Vec<u64>> {
    let places = page.js(CALLED, vec![MARKS.into(), ROOM.into()]).await?;
    Ok(places.as_array().into_iter().flatten().filter_map(Value::as_u64).collect())
}

/// Moves the mouse over all the page.
async fn point(page: &Page, width: u32, height: u32) -> Checked {
    for y in (20..height).step_by(60) {
        for x in (20..width).step_by(80) {
            page.cdp("Input.dispatchMouseEvent", json!({ "type": "mouseMoved", "x": x, "y": y })).await?;
        }
    }
    Ok(())
}
