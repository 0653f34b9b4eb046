//! What went wrong, and what the person at the keyboard can do about it.

use std::fmt;

/// Every command of xtask ends with this or with success.
pub type Outcome<T = ()> = Result<T, Problem>;

/// A failure in one sentence, with the exact remedy where there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What could not be done, and why.
    pub what: String,
    /// The command or the step that mends it; empty when the sentence before says all there is to say.
    pub remedy: String,
}

impl Problem {
    /// A problem without a remedy of its own.
    pub fn new(what: impl Into<String>) -> Self {
        Problem { what: what.into(), remedy: String::new() }
    }

    /// The same problem, with the remedy to print under it.
    #[must_use]
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.what)?;
        if self.remedy.is_empty() { Ok(()) } else { write!(f, "\n  What helps: {}", self.remedy) }
    }
}

impl std::error::Error for Problem {}
