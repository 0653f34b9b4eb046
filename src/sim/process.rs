//! Processes and hand-driven clients: everything in the world that holds a connection to the broker.

use crate::sorted::SortedMap;
use alloc::{boxed::Box, collections::VecDeque};
use core::hash::{Hash, Hasher};

use crate::{
    amqp::{
        event::{ConnectionId, MessageId},
        method::Frame,
    },
    bytes::Bytes,
    event::{EventId, ProcessId},
    links::LinkId,
    program::{Program, spec::Spec},
};

/// How many printed lines a process's terminal keeps.
pub const MAX_OUTPUT: usize = 200;
/// How many messages a process knows by their delivery tags; those of `auto_ack` are never given back, so the oldest go.
pub const MAX_IN_HAND: usize = 10_000;
/// How many received messages a process remembers for the page and for conditions.
pub const MAX_RECEIVED: usize = 256;

/// What a process is doing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ProcessState {
    /// Its next line runs as soon as it is its turn.
    Ready,
    /// It waits for a frame.
    Waiting,
    /// It waits for its connection to be opened.
    Connecting,
    /// It sleeps, or works, until this moment.
    Sleeping {
        /// In virtual ms.
        until_ms: u64,
    },
    /// It has ended, of an error if there is one.
    Ended {
        /// What Python would have printed.
        error: Option<Bytes>,
    },
    /// The learner killed it.
    Killed,
}

/// One message that a process was handed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// The message.
    pub message: MessageId,
    /// The `redelivered` flag it came with.
    pub redelivered: bool,
}

/// A running program and its connection.
#[derive(Clone)]
pub struct Process {
    /// Its number.
    pub id: ProcessId,
    /// Its name, as scripts and the stage call it.
    pub name: Bytes,
    /// What it was started with.
    pub spec: Spec,
    /// Its program.
    pub program: Box<dyn Program>,
    /// What it is doing.
    pub state: ProcessState,
    /// Its connection, while it has one.
    pub connection: Option<ConnectionId>,
    /// Whether that connection is open.
    pub connected: bool,
    /// Its connection to the store, while it has one.
    pub link: Option<LinkId>,
    /// The pool it takes it from, by name and size.
    pub pool: Option<(Bytes, u32)>,
    /// The event by which its connection was lost, until the program notices: it first reads what came before, and a busy one reads nothing.
    pub lost: Option<EventId>,
    /// Its terminal, oldest line first.
    pub output: VecDeque<Bytes>,
    /// Frames that came while it was busy, with the event each arrived by.
    pub inbox: VecDeque<(Frame, EventId)>,
    /// The last messages it was handed.
    pub received: VecDeque<Receipt>,
    /// How many messages it was ever handed.
    pub received_total: u32,
    /// The messages it was handed and did not acknowledge, by delivery tag.
    pub in_hand: SortedMap<u64, MessageId>,
    /// The event that will have caused its next line.
    pub cause: EventId,
    /// The line that ran last, from 1; 0 before the first.
    pub last_line: u16,
}

impl Process {
    /// Whether it still runs.
    pub fn is_alive(&self) -> bool {
        !matches!(self.state, ProcessState::Ended { .. } | ProcessState::Killed)
    }

    /// The message whose callback is running.
    pub fn working_on(&self) -> Option<MessageId> {
        self.program.working_on().and_then(|tag| self.in_hand.get(&tag).copied())
    }

    /// Adds a line to its terminal.
    pub fn print(&mut self, text: Bytes) {
        if self.output.len() == MAX_OUTPUT {
            self.output.pop_front();
        }
        self.output.push_back(text);
    }

    /// Notes a message it was handed.
    pub fn note(&mut self, message: MessageId, delivery_tag: u64, redelivered: bool) {
        if self.in_hand.len() == MAX_IN_HAND {
            self.in_hand.pop_first();
        }
        self.in_hand.insert(delivery_tag, message);
        if self.received.len() == MAX_RECEIVED {
            self.received.pop_front();
        }
        self.received.push_back(Receipt { message, redelivered });
        self.received_total += 1;
    }
}

impl Hash for Process {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.id, &self.name, &self.spec, &self.state, self.connection, self.connected).hash(state);
        (&self.output, &self.inbox, &self.received, self.received_total, &self.in_hand).hash(state);
        (self.lost, self.cause, self.last_line, self.program.state_hash()).hash(state);
        // What has to do with the broker alone has the hash that it had before there were such programs.
        if self.link.is_some() || self.pool.is_some() {
            (self.link, &self.pool).hash(state);
        }
    }
}

/// A client that the learner drives by hand, one method at a time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HandClient {
    /// Its name.
    pub name: Bytes,
    /// Its connection, while it has one.
    pub connection: Option<ConnectionId>,
    /// Whether its channel is open or being opened.
    pub channel_open: bool,
    /// What it was answered, oldest first.
    pub answers: VecDeque<Bytes>,
}

impl HandClient {
    /// A client that has not connected yet.
    pub fn new(name: Bytes) -> Self {
        HandClient { name, connection: None, channel_open: false, answers: VecDeque::new() }
    }

    /// Notes an answer.
    pub fn note(&mut self, text: Bytes) {
        if self.answers.len() == MAX_OUTPUT {
            self.answers.pop_front();
        }
        self.answers.push_back(text);
    }
}
