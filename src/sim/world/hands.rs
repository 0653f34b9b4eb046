//! What a person does by hand: methods sent over a connection of one's own, lines typed to the store.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{EPOCH_MS, Flight, Log, MAX_CLIENTS, Packet, World};
use crate::{
    amqp::{
        self,
        definitions::{DefinitionsError, ImportReport},
        event::ConnectionId,
        method::{ChannelOpen, Frame, Method},
        text::print_frame,
    },
    bytes::Bytes,
    console::Terminal,
    event::{EventId, What},
    input::MAX_CONSOLES,
    process::HandClient,
    program::listing::close_ok,
    redis::{Cx, Out, Store, console::INTERRUPT},
};

/// What can be done to the broker as a whole.
#[derive(Clone, Copy)]
pub(super) enum Switch {
    /// It closes down.
    Stop,
    /// Its plug is pulled.
    Kill,
    /// It comes up again.
    Start,
}

// The page is cut at the functions that are never inlined: it gets them when a person does something for the first time.
impl World {
    /// Stops, kills or starts the broker.
    #[inline(never)]
    pub(super) fn switch_broker(&mut self, how: Switch, log: &mut Log<'_>) -> Result<(), String> {
        match (how, self.broker.is_running()) {
            (Switch::Start, true) => return Err("the broker is already running".to_string()),
            (Switch::Stop | Switch::Kill, false) => return Err("the broker is already down".to_string()),
            (Switch::Start, false) | (Switch::Stop | Switch::Kill, true) => {}
        }
        self.broker_acts(log, None, None, |broker, cx| match how {
            Switch::Stop => broker.stop(cx),
            Switch::Kill => broker.kill(cx),
            Switch::Start => broker.start(cx),
        });
        Ok(())
    }

    /// Sends a method by hand; connection and channel are opened first where they are not.
    #[inline(never)]
    pub(super) fn by_hand(&mut self, name: &Bytes, frame: &Frame, log: &mut Log<'_>) -> Result<(), String> {
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

    #[inline(never)]
    pub(super) fn hand_gets(&mut self, index: usize, flight: Flight, arrived: EventId, log: &mut Log<'_>) {
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

    /// Imports a file of definitions; nothing changes when it cannot be.
    #[inline(never)]
    pub(super) fn import_definitions(&mut self, text: &Bytes, log: &mut Log<'_>) -> Result<(), String> {
        if !self.broker.is_running() {
            return Err("the broker is down".into());
        }
        let mut result = Ok(());
        self.broker_acts(log, None, None, |broker, cx| {
            result = broker.import_definitions(cx, &text.text(), None).map(drop).map_err(|error| format!("{error}"));
        });
        result
    }

    /// What an import would do now, without doing it.
    ///
    /// # Errors
    /// Why it cannot be done, with line and column.
    pub fn try_definitions(&self, text: &str) -> Result<ImportReport, DefinitionsError> {
        let mut trial = self.broker.clone();
        let (mut prng, mut events, mut out) = (self.prng.clone(), |_, _| 0, Vec::new());
        let mut cx = amqp::broker::Cx::new(self.now_ms, &mut prng, &mut events, &mut out);
        trial.import_definitions(&mut cx, text, None)
    }

    #[inline(never)]
    pub(super) fn type_line(&mut self, number: u32, line: &Bytes, log: &mut Log<'_>) -> Result<(), String> {
        if number == 0 || number > MAX_CONSOLES {
            return Err(format!("consoles are numbered 1 to {MAX_CONSOLES}"));
        }
        while self.consoles.len() < number as usize {
            let next = self.consoles.len() as u32 + 1;
            self.consoles.push(Terminal::open(next, &mut self.store));
        }
        let interrupts = **line == *INTERRUPT.as_bytes();
        if self.consoles[number as usize - 1].is_busy() && !interrupts {
            return Err(format!("console {number} waits for an answer or reads messages; {INTERRUPT} ends that"));
        }
        let typed = log.add(What::Console { client: number, line: line.clone() }, None);
        self.store_acts(Some(typed), log, |store, consoles, cx| {
            consoles[number as usize - 1].type_line(line, store, cx);
        });
        Ok(())
    }

    /// Lets the store do something, and brings what it sends to the consoles.
    pub(super) fn store_acts(
        &mut self,
        cause: Option<EventId>,
        log: &mut Log<'_>,
        act: impl FnOnce(&mut Store, &mut [Terminal], &mut Cx<'_>),
    ) {
        let (mut happened, mut out) = (Vec::new(), Vec::new());
        let now_ms = EPOCH_MS + self.now_ms;
        let World { store, consoles, prng, .. } = self;
        act(store, consoles, &mut Cx { now_ms, prng, events: Some(&mut happened), out: &mut out, meanwhile: None });
        let mut printed: Vec<(u32, String)> = Vec::new();
        // A console that was answered may send its command again, which may answer another.
        for _ in 0..MAX_SENDINGS {
            for Out { client, sent } in core::mem::take(&mut out) {
                let Some(terminal) = consoles.iter_mut().find(|terminal| terminal.client() == client) else { continue };
                let mut cx = Cx { now_ms, prng, events: Some(&mut happened), out: &mut out, meanwhile: None };
                let text = terminal.hear(sent, store, &mut cx);
                if !text.is_empty() {
                    printed.push((client.0, text));
                }
            }
            if out.is_empty() {
                break;
            }
        }
        for event in happened {
            log.add(What::Redis(event), cause);
        }
        for (client, text) in printed {
            log.add(What::ConsoleHeard { client, text: text.into() }, cause);
        }
    }
}

/// How often consoles that answer each other may go on within one step.
const MAX_SENDINGS: u32 = 10_000;
