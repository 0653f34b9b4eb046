//! What was played without a difference, for later runs: `--ledger FILE`.
//!
//! What the real broker answers depends on the sequence alone. So a sequence that was played, and that is drawn word for word the same again,
//! with the same answers of the engine, need not be played again, however much the engine has changed since.

use super::draw::{Kind, Step};
use crate::problem::{Outcome, Problem};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// The sequences of one seed and kind that are known to be the same on both sides.
pub struct Ledger {
    path: PathBuf,
    file: File,
    /// What stands before the number of a sequence in each of its lines.
    start: String,
    known: BTreeMap<u64, u64>,
}

impl Ledger {
    /// Reads what there is; a missing file is an empty one.
    pub fn open(path: &str, seed: u64, kind: Kind, theme: Option<&str>) -> Outcome<Ledger> {
        let path = Path::new(path).to_path_buf();
        let failed = |error| Problem::new(format!("{}: {error}.", path.display()));
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            read => read.map_err(failed)?,
        };
        let kind = if kind.timed {
            "timed"
        } else if kind.restarts {
            "restarts"
        } else {
            "plain"
        };
        let theme = theme.unwrap_or("all").replace(' ', "-");
        let start = format!("{seed} {kind} {theme} ");
        let mut known = BTreeMap::new();
        for line in text.lines().filter_map(|line| line.strip_prefix(&start)) {
            let parts = line.split_once(' ');
            let parts = parts.and_then(|(n, hash)| Some((n.parse().ok()?, u64::from_str_radix(hash, 16).ok()?)));
            let (number, hash) = parts
                .ok_or_else(|| Problem::new(format!("{}: `{start}{line}` is no number and digest.", path.display())))?;
            known.insert(number, hash);
        }
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        Ok(Ledger { path, file, start, known })
    }

    /// Whether this very sequence, with these answers of the engine, was the same on both sides.
    pub fn knows(&self, number: u64, steps: &[Step]) -> bool {
        self.known.get(&number) == Some(&digest(steps))
    }

    /// Notes that a sequence was the same on both sides.
    pub fn note(&mut self, number: u64, steps: &[Step]) -> Outcome {
        let hash = digest(steps);
        self.known.insert(number, hash);
        let line = format!("{}{number} {hash:016x}\n", self.start);
        let failed = |error| Problem::new(format!("{}: {error}.", self.path.display()));
        self.file.write_all(line.as_bytes()).map_err(failed)
    }
}

/// FNV-1a over all lines, what was said and what the engine answered.
fn digest(steps: &[Step]) -> u64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    let mut take = |text: &str| {
        for byte in text.bytes().chain([0]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    for step in steps {
        step.lines.iter().for_each(|line| take(&line.text));
        take("----");
        step.ours.iter().for_each(|line| take(line));
    }
    hash
}
