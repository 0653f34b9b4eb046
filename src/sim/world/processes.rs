//! The processes of a world: their lines run, their frames leave and arrive, they start, end and die.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{Flight, Log, MAX_FLIGHTS, MAX_PROCESSES, Packet, Task, World};
use crate::{
    amqp::{
        event::{ConnectionId, MessageId},
        method::{Frame, Method},
    },
    bytes::Bytes,
    event::{EventId, ProcessId, What},
    process::{Process, ProcessState},
    program::{Call, Host, Wake, listing::close_ok, spec::Spec},
    sorted::SortedMap,
};

impl World {
    pub(super) fn process_gets(&mut self, index: usize, flight: Flight, arrived: EventId, log: &mut Log<'_>) {
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

    pub(super) fn resume(&mut self, id: ProcessId, log: &mut Log<'_>) {
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
    pub(super) fn run(&mut self, index: usize, wake: Wake, log: &mut Log<'_>) {
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
            Call::Store(call) => next_ms = self.store_call(index, call, ran, log),
            Call::Exit { error } => {
                next_ms = None;
                self.end(index, error, ran, log);
            }
        }
        if let Some(due_ms) = next_ms {
            self.schedule(due_ms, Task::Resume(id));
        }
    }

    pub(super) fn process_sends(&mut self, index: usize, channel: u16, frame: Frame, ran: EventId, log: &mut Log<'_>) {
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
    pub(super) fn number(&mut self, frame: &Frame) -> Option<MessageId> {
        matches!(frame.method, Method::BasicPublish(_)).then(|| {
            self.published += 1;
            MessageId(self.published)
        })
    }

    pub(super) fn end(&mut self, index: usize, error: Option<Bytes>, cause: EventId, log: &mut Log<'_>) {
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
        if self.links.is_some() {
            self.leave_store(id, ended, log);
        }
        if let Some(connection) = connection.filter(|connection| self.live.contains(connection)) {
            self.send(connection, true, Packet::Closed, None, Some(ended), log);
        }
    }

    pub(super) fn unschedule(&mut self, id: ProcessId) {
        self.agenda.retain(|_, task| !matches!(task, Task::Resume(other) if *other == id));
    }

    pub(super) fn start(&mut self, name: &Bytes, spec: &Spec, log: &mut Log<'_>) -> Result<(), String> {
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
                    link: None,
                    pool: None,
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

    pub(super) fn restart(&mut self, name: &Bytes, log: &mut Log<'_>) -> Result<(), String> {
        match self.process(name) {
            None => Err(format!("there is no process {name}")),
            Some(process) => {
                let spec = process.spec.clone();
                self.start(name, &spec, log)
            }
        }
    }

    pub(super) fn kill(&mut self, name: &Bytes, log: &mut Log<'_>) -> Result<(), String> {
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
        if self.links.is_some() {
            self.leave_store(id, killed, log);
        }
        if let Some(connection) = connection {
            self.send(connection, true, Packet::Closed, None, Some(killed), log);
        }
        Ok(())
    }
}
