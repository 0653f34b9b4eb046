//! The world: broker, store, processes and the frames between them, on one virtual clock.
//!
//! [`World::submit`] takes an input, [`World::step`] does exactly one thing that a person can watch, and both say in events what happened. Time
//! moves only to the next thing that is due. Things are due at a moment and, within it, in the order they were asked for; what the broker
//! or the store has to do at a moment comes before the next frame.

use crate::sorted::{SortedMap, SortedSet};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::hash::{Hash, Hasher};

use crate::{
    amqp::{
        self,
        broker::{Broker, Out},
        event::{ConnectionId, MessageId},
        method::{ChannelOpen, Frame, Method},
        text::print_frame,
    },
    bytes::Bytes,
    console::Terminal,
    event::{Event, EventId, ProcessId, What},
    hash::stable_hash,
    input::{Input, MAX_CONSOLES},
    prng::Prng,
    process::{HandClient, Process, ProcessState},
    program::{Call, Host, Wake, listing::close_ok, spec::Spec},
    redis::{Limits, Store},
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
    Wake,
}

/// Who is at the client's end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    Process(usize),
    Hand(usize),
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
}

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
            broker: Broker::new(),
            store: Store::new(Limits::page()),
            processes: Vec::new(),
            clients: Vec::new(),
            consoles: Vec::new(),
            agenda: SortedMap::new(),
            live: SortedSet::new(),
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
            Task::Resume(_) | Task::Wake => None,
        })
    }

    /// The name of whoever is at the client's end of a connection.
    pub fn owner_name(&self, connection: ConnectionId) -> Option<&Bytes> {
        self.owner(connection).map(|owner| match owner {
            Owner::Process(index) => &self.processes[index].name,
            Owner::Hand(index) => &self.clients[index].name,
        })
    }

    /// Ready and unacknowledged messages of the first queue of this name.
    pub fn queue_counts(&self, name: &Bytes) -> Option<(u64, u64)> {
        let queue = self.broker.queues().find(|queue| queue.resource.name == *name)?;
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
        self.store.next_expiry().map(|unix_ms| unix_ms.saturating_sub(EPOCH_MS))
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
            Input::BrokerStop if !self.broker.is_running() => Err("the broker is already down".to_string()),
            Input::BrokerKill if !self.broker.is_running() => Err("the broker is already down".to_string()),
            Input::BrokerStart if self.broker.is_running() => Err("the broker is already running".to_string()),
            Input::BrokerStop => {
                self.broker_acts(&mut log, None, None, |broker, cx| broker.stop(cx));
                Ok(())
            }
            Input::BrokerKill => {
                self.broker_acts(&mut log, None, None, |broker, cx| broker.kill(cx));
                Ok(())
            }
            Input::BrokerStart => {
                self.broker_acts(&mut log, None, None, |broker, cx| broker.start(cx));
                Ok(())
            }
            Input::Amqp { client, frame } => self.by_hand(client, frame, &mut log),
            Input::Redis { client, line } => self.type_line(*client, line, &mut log),
            Input::Wait { ms } => {
                self.schedule(self.now_ms.saturating_add(*ms), Task::Wake);
                Ok(())
            }
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
            Task::Arrive(flight) if flight.to_broker => self.arrive_at_broker(flight, log),
            Task::Arrive(flight) => self.arrive_at_client(flight, log),
        }
    }

    fn expire_keys(&mut self, log: &mut Log<'_>) {
        let mut happened = Vec::new();
        self.store.expire_due(EPOCH_MS + self.now_ms, &mut happened);
        for event in happened {
            log.add(What::Redis(event), None);
        }
    }

    /// Lets the broker act, notes what happened and sends what it has to say.
    fn broker_acts(
        &mut self,
        log: &mut Log<'_>,
        cause: Option<EventId>,
        message: Option<MessageId>,
        act: impl FnOnce(&mut Broker, &mut amqp::broker::Cx<'_>),
    ) {
        let mut out = Vec::new();
        let mut carried: SortedMap<EventId, MessageId> = SortedMap::new();
        let mut record = |event: amqp::event::Event, explicit: Option<EventId>| {
            let message = carried_message(&event);
            let id = log.add(What::Amqp(event), explicit.or(cause));
            if let Some(message) = message {
                carried.insert(id, message);
            }
            id
        };
        let mut cx =
            amqp::broker::Cx { now_ms: self.now_ms, prng: &mut self.prng, message, events: &mut record, out: &mut out };
        act(&mut self.broker, &mut cx);
        for sent in out {
            match sent {
                Out::Frame { connection, channel, frame, cause: event } => {
                    let message = event.and_then(|event| carried.get(&event).copied());
                    self.send(connection, false, Packet::Frame(channel, frame), message, event.or(cause), log);
                }
                Out::Closed { connection } => {
                    self.live.remove(&connection);
                    self.send(connection, false, Packet::Closed, None, cause, log);
                }
            }
        }
    }

    fn send(
        &mut self,
        connection: ConnectionId,
        to_broker: bool,
        packet: Packet,
        message: Option<MessageId>,
        cause: Option<EventId>,
        log: &mut Log<'_>,
    ) {
        let (method, channel) = name_of(&packet);
        let sent = log.add(What::FrameSent { connection, channel, to_broker, method, message }, cause);
        let due_ms = self.now_ms + self.latency_ms;
        let flight = Flight { connection, to_broker, packet, sent_ms: self.now_ms, due_ms, cause: sent, message };
        self.schedule(due_ms, Task::Arrive(flight));
    }

    fn owner(&self, connection: ConnectionId) -> Option<Owner> {
        let by = Some(connection);
        let process = self.processes.iter().position(|process| process.connection == by).map(Owner::Process);
        process.or_else(|| self.clients.iter().position(|client| client.connection == by).map(Owner::Hand))
    }

    fn arrive_at_broker(&mut self, flight: Flight, log: &mut Log<'_>) {
        let (method, channel) = name_of(&flight.packet);
        let (connection, cause) = (flight.connection, Some(flight.cause));
        if let Packet::Connect = flight.packet {
            let arrived = log.add(What::FrameArrived { connection, channel, to_broker: true, method }, cause);
            if self.broker.is_running() {
                self.live.insert(connection);
                self.broker_acts(log, Some(arrived), None, |broker, cx| broker.connect(cx, connection));
                self.send(connection, false, Packet::Connected, None, Some(arrived), log);
            } else {
                self.send(connection, false, Packet::Refused, None, Some(arrived), log);
            }
            return;
        }
        if !self.live.contains(&connection) {
            log.add(What::FrameLost { connection, to_broker: true, method }, cause);
            return;
        }
        let arrived = log.add(What::FrameArrived { connection, channel, to_broker: true, method }, cause);
        match flight.packet {
            Packet::Frame(channel, frame) => {
                self.broker_acts(log, Some(arrived), flight.message, |broker, cx| {
                    broker.receive(cx, connection, channel, frame);
                });
            }
            Packet::Connect | Packet::Connected | Packet::Refused | Packet::Closed => {
                self.live.remove(&connection);
                self.broker_acts(log, Some(arrived), None, |broker, cx| broker.disconnect(cx, connection));
            }
        }
    }

    fn arrive_at_client(&mut self, flight: Flight, log: &mut Log<'_>) {
        let (method, channel) = name_of(&flight.packet);
        let (connection, cause) = (flight.connection, Some(flight.cause));
        match self.owner(connection) {
            None => {
                log.add(What::FrameLost { connection, to_broker: false, method }, cause);
            }
            Some(Owner::Process(index)) => {
                let arrived = log.add(What::FrameArrived { connection, channel, to_broker: false, method }, cause);
                self.process_gets(index, flight, arrived, log);
            }
            Some(Owner::Hand(index)) => {
                let arrived = log.add(What::FrameArrived { connection, channel, to_broker: false, method }, cause);
                self.hand_gets(index, flight, arrived, log);
            }
        }
    }

    fn process_gets(&mut self, index: usize, flight: Flight, arrived: EventId, log: &mut Log<'_>) {
        let process = &mut self.processes[index];
        let id = process.id;
        match flight.packet {
            Packet::Connected => {
                process.connected = true;
                process.cause = arrived;
                self.run(index, Wake::Connected, log);
            }
            Packet::Refused | Packet::Closed | Packet::Connect => {
                process.connection = None;
                process.connected = false;
                if process.state == ProcessState::Connecting {
                    process.cause = arrived;
                    self.run(index, Wake::Lost { refused: true }, log);
                    return;
                }
                process.lost = Some(arrived);
                if process.state == ProcessState::Waiting {
                    process.state = ProcessState::Ready;
                    self.schedule(self.now_ms, Task::Resume(id));
                }
            }
            Packet::Frame(channel, frame) => {
                if let (Method::BasicDeliver(deliver), Some(message)) = (&frame.method, flight.message) {
                    process.note(message, deliver.delivery_tag, deliver.redelivered);
                }
                let connection = flight.connection;
                if let Some(answer) = close_ok(&frame.method) {
                    self.send(connection, true, Packet::Frame(channel, answer), None, Some(arrived), log);
                }
                let process = &mut self.processes[index];
                process.inbox.push_back((frame, arrived));
                if process.state == ProcessState::Waiting {
                    process.state = ProcessState::Ready;
                    self.schedule(self.now_ms, Task::Resume(id));
                }
            }
        }
    }

    fn resume(&mut self, id: ProcessId, log: &mut Log<'_>) {
        let Some(index) = self.processes.iter().position(|process| process.id == id) else { return };
        let process = &mut self.processes[index];
        let waits = process.program.waits();
        let wake = if waits && let Some((frame, cause)) = process.inbox.pop_front() {
            process.cause = cause;
            Wake::Frame(frame)
        } else if waits && let Some(cause) = process.lost {
            process.cause = cause;
            Wake::Lost { refused: false }
        } else {
            Wake::Go
        };
        self.run(index, wake, log);
    }

    /// Runs one line of a process and does what it asks for.
    fn run(&mut self, index: usize, wake: Wake, log: &mut Log<'_>) {
        let mut prints = Vec::new();
        let mut host = Host { prng: &mut self.prng, prints: &mut prints };
        let process = &mut self.processes[index];
        let id = process.id;
        let call = process.program.resume(wake, &mut host, &mut process.last_line);
        let line = process.last_line;
        let ran = log.add(What::LineRan { process: id, line }, Some(process.cause));
        process.cause = ran;
        for text in prints {
            log.add(What::Printed { process: id, text: text.clone() }, Some(ran));
            process.print(text);
        }
        let mut next_ms = Some(self.now_ms);
        match call {
            Call::Continue => process.state = ProcessState::Ready,
            Call::Wait => {
                let waits = process.inbox.is_empty() && process.lost.is_none();
                process.state = if waits { ProcessState::Waiting } else { ProcessState::Ready };
                next_ms = if waits { None } else { next_ms };
            }
            Call::Sleep { ms } => {
                let until_ms = self.now_ms + ms;
                process.state = ProcessState::Sleeping { until_ms };
                next_ms = Some(until_ms);
            }
            Call::Connect => {
                let connection = ConnectionId(self.next_connection);
                self.next_connection += 1;
                process.connection = Some(connection);
                process.state = ProcessState::Connecting;
                next_ms = None;
                self.send(connection, true, Packet::Connect, None, Some(ran), log);
            }
            Call::Send { .. } if process.lost.is_some() => {
                // Whoever writes to a connection that is gone is told so, before reading what may still have come.
                self.run(index, Wake::Lost { refused: false }, log);
                return;
            }
            Call::Send { channel, frame, wait } => {
                let waits = wait && process.inbox.is_empty();
                process.state = if waits { ProcessState::Waiting } else { ProcessState::Ready };
                next_ms = if waits { None } else { next_ms };
                self.process_sends(index, channel, frame, ran, log);
            }
            Call::Exit { error } => {
                next_ms = None;
                self.end(index, error, ran, log);
            }
        }
        if let Some(due_ms) = next_ms {
            self.schedule(due_ms, Task::Resume(id));
        }
    }

    fn process_sends(&mut self, index: usize, channel: u16, frame: Frame, ran: EventId, log: &mut Log<'_>) {
        let process = &mut self.processes[index];
        let Some(connection) = process.connection else { return };
        if let Method::BasicAck(ack) = &frame.method {
            process.in_hand.remove(&ack.delivery_tag);
        }
        if self.agenda.len() >= MAX_FLIGHTS {
            let error = format!("OSError: [Errno 105] No buffer space available: {MAX_FLIGHTS} frames are in flight");
            self.end(index, Some(error.into()), ran, log);
            return;
        }
        let message = self.number(&frame);
        self.send(connection, true, Packet::Frame(channel, frame), message, Some(ran), log);
    }

    /// A published message gets its number as it leaves, so that it can be followed from its first moment.
    fn number(&mut self, frame: &Frame) -> Option<MessageId> {
        matches!(frame.method, Method::BasicPublish(_)).then(|| {
            self.published += 1;
            MessageId(self.published)
        })
    }

    fn end(&mut self, index: usize, error: Option<Bytes>, cause: EventId, log: &mut Log<'_>) {
        let process = &mut self.processes[index];
        let id = process.id;
        if let Some(error) = &error {
            process.print(error.clone());
        }
        process.state = ProcessState::Ended { error: error.clone() };
        process.in_hand.clear();
        process.inbox.clear();
        process.connected = false;
        let connection = process.connection.take();
        let ended = log.add(What::ProcessEnded { process: id, error }, Some(cause));
        if let Some(connection) = connection.filter(|connection| self.live.contains(connection)) {
            self.send(connection, true, Packet::Closed, None, Some(ended), log);
        }
    }

    fn unschedule(&mut self, id: ProcessId) {
        self.agenda.retain(|_, task| !matches!(task, Task::Resume(other) if *other == id));
    }

    fn start(&mut self, name: &Bytes, spec: &Spec, log: &mut Log<'_>) -> Result<(), String> {
        let program = spec.build()?;
        let known = self.processes.iter().position(|process| process.name == *name);
        match known {
            Some(index) if self.processes[index].is_alive() => Err(format!("{name} is already running")),
            None if self.processes.len() >= MAX_PROCESSES => {
                Err(format!("there are already {MAX_PROCESSES} processes, the most a world holds"))
            }
            _ if name.is_empty() || name.len() > 40 => Err("a process has a name of 1 to 40 bytes".to_string()),
            _ => {
                let id = ProcessId(known.unwrap_or(self.processes.len()) as u32);
                let cause = log.add(What::ProcessStarted { process: id }, None);
                let process = Process {
                    id,
                    name: name.clone(),
                    spec: spec.clone(),
                    program,
                    state: ProcessState::Ready,
                    connection: None,
                    connected: false,
                    lost: None,
                    output: Default::default(),
                    inbox: Default::default(),
                    received: Default::default(),
                    received_total: 0,
                    in_hand: SortedMap::new(),
                    cause,
                    last_line: 0,
                };
                match known {
                    Some(index) => self.processes[index] = process,
                    None => self.processes.push(process),
                }
                self.schedule(self.now_ms, Task::Resume(id));
                Ok(())
            }
        }
    }

    fn restart(&mut self, name: &Bytes, log: &mut Log<'_>) -> Result<(), String> {
        match self.process(name) {
            None => Err(format!("there is no process {name}")),
            Some(process) => {
                let spec = process.spec.clone();
                self.start(name, &spec, log)
            }
        }
    }

    fn kill(&mut self, name: &Bytes, log: &mut Log<'_>) -> Result<(), String> {
        let Some(index) = self.processes.iter().position(|process| process.name == *name) else {
            return Err(format!("there is no process {name}"));
        };
        let process = &mut self.processes[index];
        if !process.is_alive() {
            return Err(format!("{name} is not running"));
        }
        let id = process.id;
        process.state = ProcessState::Killed;
        process.inbox.clear();
        process.in_hand.clear();
        process.connected = false;
        let connection = process.connection.take();
        let killed = log.add(What::ProcessKilled { process: id }, None);
        self.unschedule(id);
        if let Some(connection) = connection {
            self.send(connection, true, Packet::Closed, None, Some(killed), log);
        }
        Ok(())
    }

    /// Sends a method by hand; connection and channel are opened first where they are not.
    fn by_hand(&mut self, name: &Bytes, frame: &Frame, log: &mut Log<'_>) -> Result<(), String> {
        if self.process(name).is_some() {
            return Err(format!("{name} is a process; choose another name for a client of your own"));
        }
        let index = match self.clients.iter().position(|client| client.name == *name) {
            Some(index) => index,
            None if self.clients.len() >= MAX_CLIENTS => {
                return Err(format!("there are already {MAX_CLIENTS} clients, the most a world holds"));
            }
            None => {
                self.clients.push(HandClient::new(name.clone()));
                self.clients.len() - 1
            }
        };
        let connection = match self.clients[index].connection {
            Some(connection) => connection,
            None => {
                let connection = ConnectionId(self.next_connection);
                self.next_connection += 1;
                self.clients[index].connection = Some(connection);
                self.clients[index].channel_open = false;
                self.send(connection, true, Packet::Connect, None, None, log);
                connection
            }
        };
        if !self.clients[index].channel_open {
            self.clients[index].channel_open = true;
            self.send(connection, true, Packet::Frame(1, ChannelOpen::default().into()), None, None, log);
        }
        let message = self.number(frame);
        self.send(connection, true, Packet::Frame(1, frame.clone()), message, None, log);
        Ok(())
    }

    fn hand_gets(&mut self, index: usize, flight: Flight, arrived: EventId, log: &mut Log<'_>) {
        let client = &mut self.clients[index];
        let (channel, text) = match &flight.packet {
            Packet::Connected => return,
            Packet::Connect | Packet::Refused | Packet::Closed => {
                let text = if flight.packet == Packet::Closed { "connection closed" } else { "connection refused" };
                client.connection = None;
                client.channel_open = false;
                (0, Bytes::from(text))
            }
            Packet::Frame(_, Frame { method: Method::ChannelOpenOk(_), .. }) => return,
            Packet::Frame(channel, frame) => {
                if let Method::ChannelClose(_) = frame.method {
                    client.channel_open = false;
                }
                (*channel, Bytes::from(print_frame(frame)))
            }
        };
        client.note(text.clone());
        let name = client.name.clone();
        log.add(What::Answered { client: name, channel, text }, Some(arrived));
        if let Packet::Frame(channel, frame) = &flight.packet
            && let Some(answer) = close_ok(&frame.method)
        {
            self.send(flight.connection, true, Packet::Frame(*channel, answer), None, Some(arrived), log);
        }
    }

    fn type_line(&mut self, number: u32, line: &Bytes, log: &mut Log<'_>) -> Result<(), String> {
        if number == 0 || number > MAX_CONSOLES {
            return Err(format!("consoles are numbered 1 to {MAX_CONSOLES}"));
        }
        while self.consoles.len() < number as usize {
            let next = self.consoles.len() as u32 + 1;
            self.consoles.push(Terminal::open(next, &mut self.store));
        }
        let typed = log.add(What::Console { client: number, line: line.clone() }, None);
        let mut happened = Vec::new();
        let terminal = &mut self.consoles[number as usize - 1];
        terminal.type_line(line, &mut self.store, EPOCH_MS + self.now_ms, &mut self.prng, &mut happened);
        for event in happened {
            log.add(What::Redis(event), Some(typed));
        }
        Ok(())
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
    }
}

/// The word for a packet, and its channel.
fn name_of(packet: &Packet) -> (&'static str, u16) {
    match packet {
        Packet::Connect => ("connection.open", 0),
        Packet::Connected => ("connection.open-ok", 0),
        Packet::Refused => ("connection refused", 0),
        Packet::Frame(channel, frame) => (frame.method.name(), *channel),
        Packet::Closed => ("connection closed", 0),
    }
}

/// The message that a frame caused by this event carries.
fn carried_message(event: &amqp::event::Event) -> Option<MessageId> {
    use amqp::event::Event as E;
    match event {
        E::Delivered { message, .. } | E::Got { message, .. } | E::Unroutable { message, .. } => Some(*message),
        _ => None,
    }
}
