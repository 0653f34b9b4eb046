//! Warren's own broker as the stage of a transcript.

use crate::sorted::{SortedMap, SortedSet};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::convert::Infallible;

use super::{Heard, Power, Stage};
use crate::amqp::broker::{Broker, Cx, Out};
use crate::amqp::channel::Capabilities;
use crate::amqp::event::ConnectionId;
use crate::amqp::method::{ChannelCloseOk, ChannelOpen, ConnectionCloseOk, Frame, Method};
use crate::prng::Prng;

/// Steps after which a broker that still has work is taken to be running in a circle.
const STEPS_MAX: u32 = 1_000_000;

/// A broker, its clients and a clock.
#[derive(Debug)]
pub struct Engine {
    broker: Broker,
    prng: Prng,
    now_ms: u64,
    events: u32,
    connections: u32,
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
            connections: 0,
            clients: SortedMap::new(),
            opening: SortedSet::new(),
            heard: Vec::new(),
            answers: Vec::new(),
        }
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
        let count = &mut self.events;
        let mut events = |_, _| {
            *count += 1;
            *count
        };
        let mut cx =
            Cx { now_ms: self.now_ms, prng: &mut self.prng, message: None, events: &mut events, out: &mut out };
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
        self.with(|broker, cx| {
            broker.connect(cx, connection);
            if !capabilities && broker.is_running() {
                broker.connection_mut(connection).capabilities =
                    Capabilities { consumer_cancel_notify: false, ..Capabilities::default() };
            }
        });
        for &channel in channels {
            if self.is_connected(client) {
                self.opening.insert((connection, channel));
                self.send(client, channel, ChannelOpen::default().into())?;
            }
        }
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
        self.work();
        while !self.answers.is_empty() {
            for (connection, channel, answer) in core::mem::take(&mut self.answers) {
                self.with(|broker, cx| broker.receive(cx, connection, channel, answer));
            }
            self.work();
        }
        Ok(core::mem::take(&mut self.heard))
    }
}
