//! The world: broker, store, processes and the frames between them, on one virtual clock.
//!
//! [`World::submit`] takes an input, [`World::step`] does exactly one thing that a person can watch, and both say in events what happened. Time
//! moves only to the next thing that is due. Things are due at a moment and, within it, in the order they were asked for; what the broker
//! or the store has to do at a moment comes before the next frame.
//!
//! What travels is in `network`, what processes do in `processes`, what a person does by hand in `hands`.

mod hands;
mod network;
mod processes;
mod trips;

use alloc::{format, string::String, vec::Vec};
use core::hash::{Hash, Hasher};

use self::{hands::Switch, network::Owner};
use crate::{
    amqp::{
        self,
        broker::Broker,
        event::{ConnectionId, MessageId},
        method::Frame,
    },
    apart::Apart,
    bytes::Bytes,
    console::Terminal,
    event::{Event, EventId, ProcessId, What},
    hash::stable_hash,
    input::Input,
    links::{Links, StoreTask},
    prng::Prng,
    process::{HandClient, Process, ProcessState},
    redis::{Limits, Store},
    sorted::{SortedMap, SortedSet},
};

/// The most processes a world holds.
pub const MAX_PROCESSES: usize = 64;
/// The most clients driven by hand.
pub const MAX_CLIENTS: usize = 16;
/// The most frames in flight; a sender that would exceed it is stopped by an error, as a full socket would stop it.
pub const MAX_FLIGHTS: usize = 100_000;
/// How long a frame travels unless a lesson says otherwise, in virtual ms: long enough to be seen.
pub const LATENCY_MS: u64 = 150;
/// The virtual moment 0 as a Unix time in ms, 2026-01-01T00:00:00Z: what Redis's TIME and EXPIREAT count from.
pub const EPOCH_MS: u64 = 1_767_225_600_000;

/// What travels over a connection.
#[allow(clippy::large_enum_variant, reason = "nearly every packet is a frame")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Packet {
    /// A client asks for a connection.
    Connect,
    /// The broker has opened it.
    Connected,
    /// Nobody listens.
    Refused,
    /// A frame on a channel.
    Frame(u16, Frame),
    /// The connection is closed.
    Closed,
}

/// Something on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Flight {
    /// The connection it travels on.
    pub connection: ConnectionId,
    /// Its direction.
    pub to_broker: bool,
    /// What it is.
    pub packet: Packet,
    /// When it left, in virtual ms.
    pub sent_ms: u64,
    /// When it arrives.
    pub due_ms: u64,
    /// The event of its leaving.
    pub cause: EventId,
    /// The message it carries.
    pub message: Option<MessageId>,
}

#[allow(clippy::large_enum_variant, reason = "nearly every task is an arrival")]
#[derive(Clone, Debug, Hash)]
enum Task {
    Arrive(Flight),
    Resume(ProcessId),
    Store(Apart<StoreTask>),
    Wake,
}

/// The whole state of a run at one moment.
#[derive(Clone)]
pub struct World {
    now_ms: u64,
    latency_ms: u64,
    prng: Prng,
    sequence: u64,
    next_event: EventId,
    next_connection: u32,
    published: u32,
    broker: Broker,
    store: Store,
    processes: Vec<Process>,
    clients: Vec<HandClient>,
    consoles: Vec<Terminal>,
    agenda: SortedMap<(u64, u64), Task>,
    /// Connections that the broker knows.
    live: SortedSet<ConnectionId>,
    links: Option<Apart<Links>>,
}

pub use trips::client_of;

/// Where the events of one step go.
struct Log<'a> {
    events: &'a mut Vec<Event>,
    next: &'a mut EventId,
    at_ms: u64,
}

impl Log<'_> {
    fn add(&mut self, what: What, cause: Option<EventId>) -> EventId {
        let id = *self.next;
        *self.next += 1;
        self.events.push(Event { id, at_ms: self.at_ms, cause, what });
        id
    }
}

impl World {
    /// An empty world: a running broker, an empty store, nobody connected.
    pub fn new(seed: u64, latency_ms: u64) -> Self {
        World {
            now_ms: 0,
            latency_ms,
            prng: Prng::new(seed),
            sequence: 0,
            next_event: 1,
            next_connection: 1,
            published: 0,
            broker: Broker::at_epoch(EPOCH_MS),
            store: Store::new(Limits::page()),
            processes: Vec::new(),
            clients: Vec::new(),
            consoles: Vec::new(),
            agenda: SortedMap::new(),
            live: SortedSet::new(),
            links: None,
        }
    }

    /// The virtual clock, in ms.
    pub fn now_ms(&self) -> u64 {
        self.now_ms
    }

    /// How long a frame travels, in virtual ms.
    pub fn latency_ms(&self) -> u64 {
        self.latency_ms
    }

    /// The broker.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The processes, in the order they were first started.
    pub fn processes(&self) -> &[Process] {
        &self.processes
    }

    /// The process of this name.
    pub fn process(&self, name: &Bytes) -> Option<&Process> {
        self.processes.iter().find(|process| process.name == *name)
    }

    /// The clients driven by hand.
    pub fn clients(&self) -> &[HandClient] {
        &self.clients
    }

    /// The consoles that have been used.
    pub fn consoles(&self) -> &[Terminal] {
        &self.consoles
    }

    /// How many messages were sent by publishers so far.
    pub fn published(&self) -> u32 {
        self.published
    }

    /// What is on its way, in the order it will arrive.
    pub fn flights(&self) -> impl Iterator<Item = &Flight> {
        self.agenda.values().filter_map(|task| match task {
            Task::Arrive(flight) => Some(flight),
            Task::Resume(_) | Task::Store(_) | Task::Wake => None,
        })
    }

    /// The name of whoever is at the client's end of a connection.
    pub fn owner_name(&self, connection: ConnectionId) -> Option<&Bytes> {
        self.owner(connection).map(|owner| match owner {
            Owner::Process(index) => &self.processes[index].name,
            Owner::Hand(index) => &self.clients[index].name,
        })
    }

    /// Ready and unacknowledged messages of a queue of the virtual host `/`.
    pub fn queue_counts(&self, name: &Bytes) -> Option<(u64, u64)> {
        let queue = self.broker.queue(name)?;
        Some((queue.ready.len() as u64, queue.unacked.len() as u64))
    }

    /// How many messages the broker has sent over a connection and not had acknowledged.
    pub fn unacked_by(&self, connection: ConnectionId) -> u64 {
        let held = |queue: &amqp::queue::Queue| {
            queue.unacked.values().filter(|unacked| unacked.channel.connection == connection).count() as u64
        };
        self.broker.queues().map(held).sum()
    }

    /// The stable hash of everything in the world.
    pub fn hash(&self) -> u64 {
        stable_hash(self)
    }

    /// When the next step is due, or none when nothing is.
    pub fn next_due(&self) -> Option<u64> {
        if self.broker.has_work(self.now_ms) {
            return Some(self.now_ms);
        }
        let timed = [self.agenda.keys().next().map(|(due, _)| *due), self.broker.next_due(), self.store_due()];
        timed.into_iter().flatten().min().map(|due| due.max(self.now_ms))
    }

    fn store_due(&self) -> Option<u64> {
        self.store.next_due().map(|unix_ms| unix_ms.saturating_sub(EPOCH_MS))
    }

    /// Does the next thing that is due, moving the clock to it. False, and nothing done, when nothing is due.
    pub fn step(&mut self, events: &mut Vec<Event>) -> bool {
        let Some(due) = self.next_due() else { return false };
        self.now_ms = due;
        let mut next = self.next_event;
        let mut log = Log { events, next: &mut next, at_ms: due };
        let store_due = self.store_due().is_some_and(|at| at <= due);
        if self.broker.has_work(self.now_ms) {
            self.broker_acts(&mut log, None, None, |broker, cx| broker.work(cx));
        } else if store_due {
            self.expire_keys(&mut log);
        } else if let Some(((_, _), task)) = self.agenda.pop_first() {
            self.perform(task, &mut log);
        }
        self.next_event = next;
        true
    }

    /// Does one thing from outside. What cannot be done is said in an event, and leaves the world as it was.
    pub fn submit(&mut self, input: &Input, events: &mut Vec<Event>) {
        let mut next = self.next_event;
        let mut log = Log { events, next: &mut next, at_ms: self.now_ms };
        let done = match input {
            Input::Start { name, spec } => self.start(name, spec, &mut log),
            Input::Restart { name } => self.restart(name, &mut log),
            Input::Kill { name } => self.kill(name, &mut log),
            Input::Wait { ms } => {
                self.schedule(self.now_ms.saturating_add(*ms), Task::Wake);
                Ok(())
            }
            Input::BrokerStop => self.switch_broker(Switch::Stop, &mut log),
            Input::BrokerKill => self.switch_broker(Switch::Kill, &mut log),
            Input::BrokerStart => self.switch_broker(Switch::Start, &mut log),
            Input::Amqp { client, frame } => self.by_hand(client, frame, &mut log),
            Input::Definitions { text } => self.import_definitions(text, &mut log),
            Input::Redis { client, line } => self.type_line(*client, line, &mut log),
        };
        if let Err(reason) = done {
            log.add(What::NotDone { reason: reason.into() }, None);
        }
        self.next_event = next;
    }

    fn schedule(&mut self, due_ms: u64, task: Task) {
        self.sequence += 1;
        self.agenda.insert((due_ms, self.sequence), task);
    }

    fn perform(&mut self, task: Task, log: &mut Log<'_>) {
        match task {
            Task::Wake => {
                log.add(What::Waited, None);
            }
            Task::Resume(id) => self.resume(id, log),
            Task::Store(task) => self.store_task(task, log),
            Task::Arrive(flight) if flight.to_broker => self.arrive_at_broker(flight, log),
            Task::Arrive(flight) => self.arrive_at_client(flight, log),
        }
    }

    #[inline(never)]
    fn expire_keys(&mut self, log: &mut Log<'_>) {
        self.store_acts(None, log, |store, _, cx| store.tick(cx));
    }

    /// Says which of the world's own promises is broken, if one is: that is a mistake of ours, never of the learner.
    ///
    /// # Errors
    /// The broken promise as a sentence.
    pub fn check(&self) -> Result<(), String> {
        self.broker.check()?;
        for process in &self.processes {
            let resumes = self.agenda.values().filter(|task| matches!(task, Task::Resume(id) if *id == process.id));
            let expected = match process.state {
                ProcessState::Ready | ProcessState::Sleeping { .. } => 1,
                ProcessState::Waiting
                | ProcessState::Connecting
                | ProcessState::Ended { .. }
                | ProcessState::Killed => 0,
            };
            if resumes.count() != expected {
                return Err(format!(
                    "{} is {:?} but has not {expected} turns on the agenda",
                    process.name, process.state
                ));
            }
        }
        if let Some(links) = &self.links {
            self.check_links(links)?;
        }
        if let Some(((due, _), _)) = self.agenda.first_key_value()
            && *due < self.now_ms
        {
            return Err(format!("something was due at {due} ms and it is {} ms", self.now_ms));
        }
        Ok(())
    }
}

impl Hash for World {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.now_ms, self.latency_ms, &self.prng, self.sequence, self.next_event).hash(state);
        (self.next_connection, self.published, &self.broker, &self.store, &self.processes).hash(state);
        (&self.clients, &self.consoles, &self.agenda, &self.live).hash(state);
        // A world in which no program talks to the store has the hash that it had before there were such programs.
        if let Some(links) = &self.links {
            links.hash(state);
        }
    }
}
