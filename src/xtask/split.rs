//! Cuts the page's module into parts: what the first picture needs, and what is loaded after it (see [`parts`]).
//!
//! Whatever can be reached only through the functions at a cut - other functions, tables of methods, texts - goes to the part that the cut begins;
//! nobody else has to know. In the part that calls it, a cut function is a few instructions: they call `load_part` of `src/main.rs`, which returns
//! when the part is there, and then the real function, through the table of functions that all parts share.
//!
//! What refers to what is read from the linker's relocations ([`graph`]), so it is known and not guessed. All parts share one memory; each brings
//! its data along.

mod arms;
pub mod cold;
mod flow;
mod graph;
mod module;
pub mod parts;
mod plan;

use crate::problem::Outcome;
use graph::Graph;
use module::{Wanted, make_part, parse};
use parts::LATER;
use plan::Plan;
use std::collections::{BTreeMap, BTreeSet};

/// The module name of what wasm-bindgen's script offers.
const SCRIPT: &str = "./page_bg.js";

/// Cuts `bound`, a module after wasm-bindgen, whose references are those of `linked`, the same module before it. Returns the first part and the
/// [`LATER`] ones, in order. One that is `measured` writes down which functions were called, and is cut without knowing which are [`cold`].
pub fn split(linked: &[u8], bound: &[u8], measured: bool) -> Outcome<Vec<Vec<u8>>> {
    let (mut graph, mut module) = (Graph::read(linked)?, parse(bound)?);
    let mut cold = BTreeSet::new();
    if measured {
        cold::mark_spots(&mut module)?;
    } else {
        cold::split_arms(&mut graph, &mut module, &arms::listed());
        cold = cold::listed(&graph);
    }
    let bound = module.emit_wasm();
    let plan = Plan::make(&graph, &parse(&bound)?, &cold);
    let mut wanted = Wanted::default();
    let mut files = Vec::new();
    // From the last to the first, for each offers what those after it want.
    for part in (0..=LATER.len()).rev() {
        let mut module = parse(&bound)?;
        make_part(&mut module, &plan, part, &mut wanted)?;
        files.insert(0, module.emit_wasm());
    }
    Ok(files)
}

/// Gives what a module imports from the page's script short names, and what it exports for nobody but the script; returns the new ones by the old.
pub fn shorten_names(bytes: &mut Vec<u8>) -> Outcome<BTreeMap<String, String>> {
    let mut module = parse(bytes)?;
    let mut names = BTreeMap::new();
    let mut shorten = |letter: char, name: &mut String| {
        let next = short(letter, names.len() + 1);
        let old = std::mem::take(name);
        name.clone_from(names.entry(old).or_insert(next));
    };
    for import in module.imports.iter_mut().filter(|import| import.module == SCRIPT) {
        shorten('i', &mut import.name);
    }
    for export in module.exports.iter_mut().filter(|export| export.name.starts_with('_')) {
        shorten('e', &mut export.name);
    }
    *bytes = module.emit_wasm();
    Ok(names)
}

/// A module with its functions from the longest to the shortest: gzip finds more that is alike.
pub fn ordered(bytes: &[u8]) -> Outcome<Vec<u8>> {
    Ok(parse(bytes)?.emit_wasm())
}

/// A letter and a number as a short name.
fn short(letter: char, mut number: usize) -> String {
    let mut name = String::from(letter);
    while number > 0 {
        name.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
    }
    name
}
