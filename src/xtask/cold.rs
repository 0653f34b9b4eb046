//! `cargo xtask cold`: measures which functions the page does not call while it opens and the first lesson is played, and which stretches of others
//! it does not go through, and lists both for `split.rs`: `src/xtask/split/cold.txt` and `arms.txt`.

use crate::bundle::{self, Mode};
use crate::problem::{Outcome, Problem};
use crate::process::{target_dir, workspace};
use crate::split::cold;
use crate::stages;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The variable that tells the page's tests where to write which functions were called. They look at the measured page then, and do nothing else.
pub const CALLED: &str = "WARREN_CALLED";

/// Measures and writes the list.
pub fn measure() -> Outcome {
    bundle::build(Mode::Measured)?;
    let called = target_dir().join("called.txt");
    stages::measure_page(&called)?;
    let numbers = String::from_utf8_lossy(&read(&called)?).into_owned();
    let marked: BTreeSet<usize> = numbers.split_whitespace().filter_map(|number| number.parse().ok()).collect();
    let (names, arms) = cold::worth_listing(&read(&bundle::linked())?, &read(&bundle::measured())?, &marked)?;
    let head = "# Functions that are not called while the page opens and the first lesson is played. Made by `cargo xtask cold`.";
    for (name, text) in [("cold.txt", format!("{head}\n{}\n", names.join("\n"))), ("arms.txt", cold::arms_text(&arms))]
    {
        let list = workspace().join("src/xtask/split").join(name);
        fs::write(&list, text)
            .map_err(|error| Problem::new(format!("{} cannot be written: {error}.", list.display())))?;
    }
    println!(
        "{} spots were come by; {} functions and stretches of {} are listed in src/xtask/split.",
        marked.len(),
        names.len(),
        arms.len()
    );
    Ok(())
}

fn read(file: &Path) -> Outcome<Vec<u8>> {
    fs::read(file).map_err(|error| Problem::new(format!("{} cannot be read: {error}.", file.display())))
}
