//! A script that does not end: others are served meanwhile, but for most of what they ask they hear BUSY.

use super::super::error::{self, Error};
use super::super::store::{Meanwhile, Store};
use crate::prng::Prng;

/// What becomes of a script that was interrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It goes on.
    GoesOn,
    /// Somebody has killed it.
    Killed,
    /// The server ends.
    Ends,
}

impl Store {
    /// Whether a script runs for longer than `busy-reply-threshold`.
    pub(in super::super) fn is_busy(&self) -> bool {
        self.scripting.running.as_ref().is_some_and(|running| running.is_late)
    }

    /// How long the script that calls has run: its TIME goes on, and keys expire for it as they did when it began.
    pub(in super::super) fn script_micros(&self) -> u64 {
        self.scripting.running.as_ref().map_or(0, |running| (self.host.micros)().saturating_sub(running.since))
    }

    /// What others hear while a script does not end.
    pub(in super::super) fn busy_error(&self) -> Option<Error> {
        let running = self.scripting.running.as_ref().filter(|running| running.is_late)?;
        Some(if running.is_eval { error::BUSY_SCRIPT } else { error::BUSY_FUNCTION })
    }

    /// Lets others be served, if the script runs for too long already.
    pub(super) fn interrupt(&mut self, meanwhile: &mut dyn Meanwhile, prng: &mut Prng, is_dirty: bool) -> Fate {
        let threshold_ms = self.config.number("busy-reply-threshold") as u64;
        let now = (self.host.micros)();
        let Some(running) = &mut self.scripting.running else { return Fate::GoesOn };
        if !running.is_late && (threshold_ms == 0 || now.saturating_sub(running.since) / 1000 < threshold_ms) {
            return Fate::GoesOn;
        }
        (running.is_late, running.is_dirty) = (true, is_dirty);
        self.scripting.runs = false;
        let caller = self.trackers.current.take();
        let goes_on = meanwhile.serve(self, prng);
        self.trackers.current = caller;
        self.scripting.runs = true;
        match &self.scripting.running {
            _ if !goes_on => Fate::Ends,
            Some(running) if running.is_killed => Fate::Killed,
            Some(_) | None => Fate::GoesOn,
        }
    }
}
