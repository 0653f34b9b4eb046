//! The group `sorted-set`.

use super::command::Command;

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[];
