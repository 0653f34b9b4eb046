//! `cargo xtask fuzz [TARGET...] [--minutes M] [--seed S] [--input FILE]`: damaged input, in a build that is quick and still checks itself.

use crate::problem::Outcome;
use crate::process::{run, workspace};
use std::process::Command;

/// Hands over to the crate `warren-fuzz`.
pub fn fuzz(words: &[String]) -> Outcome {
    let mut command = Command::new("cargo");
    command.args(["run", "--quiet", "-p", "warren-fuzz", "--"]).args(words).current_dir(workspace());
    run(&mut command)
}
