//! The connections: what leaves, what arrives, and who is at either end.

use alloc::vec::Vec;

use super::{Flight, Log, Packet, Task, World};
use crate::{
    amqp::{
        self,
        broker::{Broker, Out},
        event::{ConnectionId, MessageId},
    },
    event::{EventId, What},
    sorted::SortedMap,
};

/// Who is at the client's end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Process(usize),
    Hand(usize),
}

impl World {
    /// Lets the broker act, notes what happened and sends what it has to say.
    pub(super) fn broker_acts(
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
        let mut cx = amqp::broker::Cx::new(self.now_ms, &mut self.prng, &mut record, &mut out).publishing(message);
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

    pub(super) fn send(
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

    pub(super) fn owner(&self, connection: ConnectionId) -> Option<Owner> {
        let by = Some(connection);
        let process = self.processes.iter().position(|process| process.connection == by).map(Owner::Process);
        process.or_else(|| self.clients.iter().position(|client| client.connection == by).map(Owner::Hand))
    }

    pub(super) fn arrive_at_broker(&mut self, flight: Flight, log: &mut Log<'_>) {
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

    pub(super) fn arrive_at_client(&mut self, flight: Flight, log: &mut Log<'_>) {
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
