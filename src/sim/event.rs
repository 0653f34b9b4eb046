//! What happened in the world, in the past tense. Every event says what caused it.

use crate::{
    amqp::event::{ConnectionId, MessageId},
    bytes::Bytes,
    links::Trip,
};

/// The number of an event, counted from 1 in the order they happened.
pub type EventId = u32;

/// A process of the world, in the order they were first started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub u32);

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Event {
    /// Its number.
    pub id: EventId,
    /// When, in virtual ms.
    pub at_ms: u64,
    /// The event that led to it; none for what the learner or the clock began.
    pub cause: Option<EventId>,
    /// What it was.
    pub what: What,
}

/// The kinds of things that happen.
#[allow(missing_docs, reason = "the fields of an event are named by their types, and each variant tells the rest")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Inside the broker.
    Amqp(crate::amqp::event::Event),
    /// Inside the store.
    Redis(crate::redis::Event),
    /// A line was typed in a console, and this was printed.
    Console { client: u32, line: Bytes },
    /// A console printed what came without a line of its own: a late answer, a message.
    ConsoleHeard { client: u32, text: Bytes },
    /// A process was started.
    ProcessStarted { process: ProcessId },
    /// A process ran a line of its program.
    LineRan { process: ProcessId, line: u16 },
    /// A process printed a line.
    Printed { process: ProcessId, text: Bytes },
    /// A process came to its end, or died of an error.
    ProcessEnded { process: ProcessId, error: Option<Bytes> },
    /// The learner killed a process: its connection is cut without a goodbye.
    ProcessKilled { process: ProcessId },
    /// A frame left for the other side.
    FrameSent {
        connection: ConnectionId,
        channel: u16,
        to_broker: bool,
        method: &'static str,
        message: Option<MessageId>,
    },
    /// A frame arrived.
    FrameArrived { connection: ConnectionId, channel: u16, to_broker: bool, method: &'static str },
    /// A frame arrived where nobody was left to take it.
    FrameLost { connection: ConnectionId, to_broker: bool, method: &'static str },
    /// A frame that is the answer to something done by hand.
    Answered { client: Bytes, channel: u16, text: Bytes },
    /// The clock reached a moment that was waited for.
    Waited,
    /// Between a program and the store.
    Trip(Trip),
    /// Something the learner asked for could not be done, and why.
    NotDone { reason: Bytes },
}

impl What {
    /// The name of its kind, for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            What::Amqp(event) => event.kind(),
            What::Redis(event) => event.kind(),
            What::Console { .. } => "Console",
            What::ConsoleHeard { .. } => "ConsoleHeard",
            What::ProcessStarted { .. } => "ProcessStarted",
            What::LineRan { .. } => "LineRan",
            What::Printed { .. } => "Printed",
            What::ProcessEnded { .. } => "ProcessEnded",
            What::ProcessKilled { .. } => "ProcessKilled",
            What::FrameSent { .. } => "FrameSent",
            What::FrameArrived { .. } => "FrameArrived",
            What::FrameLost { .. } => "FrameLost",
            What::Answered { .. } => "Answered",
            What::Waited => "Waited",
            What::Trip(trip) => trip.kind(),
            What::NotDone { .. } => "NotDone",
        }
    }
}
