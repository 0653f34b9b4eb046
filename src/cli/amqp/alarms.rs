//! The alarms of a node that runs out of something: whoever publishes is heard no more until they are over (RabbitMQ documentation,
//! "Memory and Disk Alarms"). An operator raises them here; memory has limits of its own in the broker.

use std::cell::Cell;

/// What a node runs out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// Memory.
    Memory,
    /// Space on disk.
    Disk,
}

impl Source {
    /// By the name that `rabbitmqctl` gives it.
    pub fn from_name(name: &str) -> Option<Source> {
        match name {
            "memory" => Some(Source::Memory),
            "disk" => Some(Source::Disk),
            _ => None,
        }
    }
}

/// Which alarms are on.
#[derive(Debug, Default)]
pub struct Alarms {
    memory: Cell<bool>,
    disk: Cell<bool>,
}

impl Alarms {
    /// Raises an alarm or ends it.
    pub fn set(&self, source: Source, is_on: bool) {
        self.cell(source).set(is_on);
    }

    /// Whether an alarm is on.
    pub fn is_on(&self, source: Source) -> bool {
        self.cell(source).get()
    }

    /// What `connection.blocked` says; none when all is well.
    pub fn reason(&self) -> Option<&'static str> {
        match (self.disk.get(), self.memory.get()) {
            (false, false) => None,
            (false, true) => Some("low on memory"),
            (true, false) => Some("low on disk"),
            (true, true) => Some("low on disk & memory"),
        }
    }

    fn cell(&self, source: Source) -> &Cell<bool> {
        match source {
            Source::Memory => &self.memory,
            Source::Disk => &self.disk,
        }
    }
}
