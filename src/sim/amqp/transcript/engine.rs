//! Warren's own broker as the stage of a transcript.

use crate::sorted::{SortedMap, SortedSet};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::convert::Infallible;

use super::{Heard, Operator, Power, Stage};
use crate::amqp::broker::{Broker, Cx, DEFAULT_VHOST, Out};
use crate::amqp::channel::Capabilities;
use crate::amqp::event::{ConnectionId, Event};
use crate::amqp::method::{ChannelCloseOk, ChannelOpen, ConnectionCloseOk, Frame, Method};
use crate::bytes::Bytes;
use crate::prng::Prng;

/// An event with its number and the number of its cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logged {
    /// Its number.
    pub number: u32,
    /// What happened.
    pub event: Event,
    /// The number of the event that caused it.
    pub cause: Option<u32>,
}

/// Steps after which a broker that still has work is taken to be running in a circle.
const STEPS_MAX: u32 = 1_000_000;

/// A broker, its clients and a clock.
#[derive(Clone, Debug)]
pub struct Engine {
    broker: Broker,
    prng: Prng,
    now_ms: u64,
    events: u32,
    /// What happened since the last time somebody asked, where somebody wants to know.
    log: Option<Vec<Logged>>,
    connections: u32,
    /// The virtual host that the next connection opens.
    vhost: Bytes,
    /// The live connections by the names of their clients.
    clients: SortedMap<String, ConnectionId>,
    /// The channels whose `open-ok` belongs to a `connect` and is not shown.
    opening: SortedSet<(ConnectionId, u16)>,
    heard: Vec<Heard>,
    /// What clients answer by themselves, once what they are sending has been sent.
    answers: Vec<(ConnectionId, u16, Frame)>,
}

impl Default for Engine {
    fn default() -> Self {
        Engine::new()
    }
}

impl Engine {
    /// A new broker, with nobody connected.
    pub fn new() -> Engine {
        Engine {
            broker: Broker::new(),
            prng: Prng::new(1),
            now_ms: 0,
            events: 0,
            log: None,
            connections: 0,
            vhost: Bytes::from(DEFAULT_VHOST),
            clients: SortedMap::new(),
            opening: SortedSet::new(),
            heard: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// The broker, to look at.
    pub fn broker(&self) -> &Broker {
        &self.broker
    }

    /// The connection of a client.
    pub fn connection(&self, client: &str) -> Option<ConnectionId> {
        self.clients.get(client).copied()
    }

    /// What happened since the last call; the first call begins the log.
    pub fn take_log(&mut self) -> Vec<Logged> {
        self.log.replace(Vec::new()).unwrap_or_default()
    }

    /// Puts the log back, before what happened since.
    pub fn put_log(&mut self, mut log: Vec<Logged>) {
        log.extend(self.log.take().unwrap_or_default());
        self.log = Some(log);
    }

    /// Does something with the broker, and hands round what it said.
    fn with(&mut self, act: impl FnOnce(&mut Broker, &mut Cx<'_>)) {
        for out in self.act(act) {
            let answer = self.hear(out);
            self.answers.extend(answer);
        }
    }

    /// Does something with the broker, and holds it to its invariants.
    fn act(&mut self, act: impl FnOnce(&mut Broker, &mut Cx<'_>)) -> Vec<Out> {
        let mut out = Vec::new();
        let (count, log) = (&mut self.events, &mut self.log);
        let mut events = |event, cause| {
            *count += 1;
            if let Some(log) = log {
                log.push(Logged { number: *count, event, cause });
            }
            *count
        };
        let mut cx = Cx::new(self.now_ms, &mut self.prng, &mut events, &mut out);
        act(&mut self.broker, &mut cx);
        assert_eq!(self.broker.check(), Ok(()), "after {} events", self.events);
        out
    }

    /// A client hears something; its answer, where it answers by itself.
    fn hear(&mut self, out: Out) -> Option<(ConnectionId, u16, Frame)> {
        let (Out::Frame { connection, .. } | Out::Closed { connection }) = out;
        // Nobody is found when the client left, or was told goodbye already.
        let client = self.clients.iter().find(|(_, id)| **id == connection).map(|(name, _)| name.clone())?;
        let Out::Frame { channel, frame, .. } = out else {
            self.clients.remove(&client);
            self.heard.push(Heard { client, channel: 0, frame: None });
            return None;
        };
        if matches!(frame.method, Method::ChannelOpenOk(_)) && self.opening.remove(&(connection, channel)) {
            return None;
        }
        let answer: Option<Frame> = match &frame.method {
            Method::ChannelClose(_) => Some(ChannelCloseOk {}.into()),
            Method::ConnectionClose(_) => Some(ConnectionCloseOk {}.into()),
            _ => None,
        };
        if matches!(frame.method, Method::ConnectionClose(_) | Method::ConnectionCloseOk(_)) {
            self.clients.remove(&client);
        }
        self.heard.push(Heard { client, channel, frame: Some(frame) });
        answer.map(|answer| (connection, channel, answer))
    }

    fn work(&mut self) {
        for _ in 0..STEPS_MAX {
            if !self.broker.has_work(self.now_ms) {
                return;
            }
            self.with(Broker::work);
        }
        panic!("the broker does not come to rest within {STEPS_MAX} steps");
    }
}

impl Stage for Engine {
    type Error = Infallible;

    fn connect(&mut self, client: &str, channels: &[u16], capabilities: bool) -> Result<(), Infallible> {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        self.clients.insert(client.to_string(), connection);
        let (user, vhost) = (Bytes::from("guest"), self.vhost.clone());
        let capabilities = Capabilities { consumer_cancel_notify: capabilities, ..Capabilities::default() };
        self.with(|broker, cx| broker.connect_as(cx, connection, user, vhost, capabilities));
        for &channel in channels {
            if self.is_connected(client) {
                self.opening.insert((connection, channel));
                self.send(client, channel, ChannelOpen::default().into())?;
            }
        }
        Ok(())
    }

    fn enter(&mut self, vhost: &str) {
        self.vhost = Bytes::from(vhost);
    }

    fn operate(&mut self, task: &Operator) -> Result<(), Infallible> {
        let slash = Bytes::from(DEFAULT_VHOST);
        self.with(|broker, cx| match task {
            Operator::Import(text) => {
                let report = broker.import_definitions(cx, text, None);
                assert!(report.is_ok(), "{report:?}");
            }
            Operator::ClearPolicy { name, operator } => {
                broker.clear_policy(cx, &slash, &Bytes::from(name.as_str()), *operator);
            }
            Operator::DeleteVhost(name) => {
                broker.delete_vhost(cx, &Bytes::from(name.as_str()));
            }
        });
        Ok(())
    }

    fn is_connected(&self, client: &str) -> bool {
        self.clients.contains_key(client)
    }

    fn disconnect(&mut self, client: &str) -> Result<(), Infallible> {
        if let Some(connection) = self.clients.remove(client) {
            self.with(|broker, cx| broker.disconnect(cx, connection));
        }
        Ok(())
    }

    fn send(&mut self, client: &str, channel: u16, frame: Frame) -> Result<(), Infallible> {
        if let Some(&connection) = self.clients.get(client) {
            self.with(|broker, cx| broker.receive(cx, connection, channel, frame));
        }
        Ok(())
    }

    fn power(&mut self, power: Power) -> Result<(), Infallible> {
        match power {
            Power::Stop => self.with(Broker::stop),
            Power::Start => self.with(Broker::start),
            Power::Kill => self.with(Broker::kill),
        }
        self.work();
        Ok(())
    }

    fn advance(&mut self, ms: u64) -> Result<(), Infallible> {
        let end = self.now_ms + ms;
        while let Some(due) = self.broker.next_due().filter(|due| *due <= end) {
            self.now_ms = self.now_ms.max(due);
            self.work();
        }
        self.now_ms = end;
        self.work();
        Ok(())
    }

    fn settle(&mut self) -> Result<Vec<Heard>, Infallible> {
        self.rest();
        // No command takes a real broker less than a millisecond: what is due by then happens before the next one.
        self.now_ms += 1;
        self.rest();
        Ok(core::mem::take(&mut self.heard))
    }
}

impl Engine {
    fn rest(&mut self) {
        self.work();
        while !self.answers.is_empty() {
            for (connection, channel, answer) in core::mem::take(&mut self.answers) {
                self.with(|broker, cx| broker.receive(cx, connection, channel, answer));
            }
            self.work();
        }
    }
}
