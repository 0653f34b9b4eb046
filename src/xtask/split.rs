//! Cuts the page's module into parts: what the first picture needs, and what is loaded after it (see [`parts`]).
//!
//! Whatever can be reached only through the functions at a cut - other functions, tables of methods, texts - goes to the part that the cut begins;
//! nobody else has to know. In the part that calls it, a cut function is a few instructions: they call `load_part` of `src/main.rs`, which returns
//! when the part is there, and then the real function, through the table of functions that all parts share.
//!
//! What refers to what is read from the linker's relocations ([`graph`]), so it is known and not guessed. All parts share one memory; each brings
//! its data along.

pub mod cold;
mod graph;
mod module;
pub mod parts;
mod plan;

use crate::problem::Outcome;
use graph::Graph;
use module::{Wanted, make_part, parse};
use parts::LATER;
use plan::Plan;
use std::collections::BTreeSet;

/// The module name of what wasm-bindgen's script offers.
const SCRIPT: &str = "./page_bg.js";

/// Cuts `bound`, a module after wasm-bindgen, whose references are those of `linked`, the same module before it. Returns the first part and the
/// [`LATER`] ones, in order. One that is `measured` writes down which functions were called, and is cut without knowing which are [`cold`].
pub fn split(linked: &[u8], bound: &[u8], measured: bool) -> Outcome<Vec<Vec<u8>>> {
    let graph = Graph::read(linked)?;
    let cold = if measured { BTreeSet::new() } else { cold::listed(&graph) };
    let plan = Plan::make(&graph, &parse(bound)?, &cold);
    let mut wanted = Wanted::default();
    let mut files = Vec::new();
    // From the last to the first, for each offers what those after it want.
    for part in (0..=LATER.len()).rev() {
        let mut module = parse(bound)?;
        make_part(&mut module, &plan, part, &mut wanted)?;
        if measured {
            cold::mark_calls(&mut module, part)?;
        }
        files.insert(0, module.emit_wasm());
    }
    Ok(files)
}

/// Gives the imports of a module short names; returns the old and the new ones.
pub fn shorten_imports(bytes: &mut Vec<u8>) -> Outcome<Vec<(String, String)>> {
    let mut module = parse(bytes)?;
    let mut names = Vec::new();
    for import in module.imports.iter_mut().filter(|import| import.module == SCRIPT) {
        let short = short('i', names.len() + 1);
        names.push((std::mem::replace(&mut import.name, short.clone()), short));
    }
    *bytes = module.emit_wasm();
    Ok(names)
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
