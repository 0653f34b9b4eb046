//! Why a program or a consumer does nothing at this moment.

use warren_sim::{
    amqp::{
        event::{ConnectionId, MessageId},
        queue::{Consumer, Queue},
        view::WaitReason,
    },
    bytes::Bytes,
    process::{Process, ProcessState},
};

use super::{Teller, piece};
use crate::text::fill;

impl Teller<'_> {
    /// Why a consumer gets nothing, as the rest of a sentence that begins with its name.
    pub fn consumer_waits(&self, queue: &Queue, consumer: &Consumer, reason: WaitReason) -> String {
        let t = self.say();
        let world = self.session().world();
        let connection = consumer.at.channel.connection;
        let process = world.process(&Bytes::from(self.connection(connection)));
        // A process that was killed may be missed by the broker a little later, and may have been restarted meanwhile.
        let process = process.filter(|process| process.connection == Some(connection) || !process.is_alive());
        if let Some(occupied) = process.and_then(|process| self.occupied(process)) {
            return occupied;
        }
        if let Some(message) = self.coming(connection) {
            return fill(t.waits_coming, &[&message.0.to_string()]);
        }
        let name = piece(&queue.resource.name);
        match reason {
            WaitReason::Next | WaitReason::AnothersTurn { .. } | WaitReason::HigherPriority => {
                fill(t.waits_turn, &[&name])
            }
            WaitReason::NothingReady => fill(t.waits_empty, &[&name]),
            WaitReason::PrefetchFull { unacked, prefetch_count } => {
                fill(t.waits_prefetch, &[&unacked.to_string(), &prefetch_count.to_string()])
            }
            WaitReason::ChannelFull { unacked: _, prefetch_count } => {
                fill(t.waits_channel, &[&prefetch_count.to_string()])
            }
            WaitReason::NotActive => fill(t.waits_standby, &[&name]),
        }
    }

    /// What a process waits for, as the rest of a sentence that begins with its name.
    pub fn process_waits(&self, process: &Process) -> String {
        let t = self.say();
        self.occupied(process).unwrap_or_else(|| match &process.state {
            ProcessState::Connecting => t.waits_connecting.to_string(),
            ProcessState::Ready => t.waits_started.to_string(),
            ProcessState::Waiting
            | ProcessState::Sleeping { .. }
            | ProcessState::Ended { .. }
            | ProcessState::Killed => t.waits_frame.to_string(),
        })
    }

    /// What keeps a process from anything else: its work, its sleep or its end.
    fn occupied(&self, process: &Process) -> Option<String> {
        let t = self.say();
        let message = process.working_on().map(|message| message.0.to_string());
        let more = process.in_hand.len().saturating_sub(1);
        match (&process.state, message) {
            (ProcessState::Killed, _) => Some(t.waits_killed.to_string()),
            (ProcessState::Ended { error: None }, _) => Some(t.waits_ended.to_string()),
            (ProcessState::Ended { error: Some(error) }, _) => Some(fill(t.waits_died, &[&error.text()])),
            (ProcessState::Sleeping { until_ms }, Some(message)) if more > 0 => {
                Some(fill(t.waits_working_more, &[&message, &self.seconds(*until_ms), &more.to_string()]))
            }
            (ProcessState::Sleeping { until_ms }, Some(message)) => {
                Some(fill(t.waits_working, &[&message, &self.seconds(*until_ms)]))
            }
            (ProcessState::Sleeping { until_ms }, None) => Some(fill(t.waits_sleeping, &[&self.seconds(*until_ms)])),
            (ProcessState::Ready | ProcessState::Waiting | ProcessState::Connecting, Some(message)) => {
                Some(fill(t.waits_busy, &[&message]))
            }
            (ProcessState::Ready | ProcessState::Waiting | ProcessState::Connecting, None) => None,
        }
    }

    /// The message that is on its way to the client's end of a connection.
    fn coming(&self, connection: ConnectionId) -> Option<MessageId> {
        let mut flights = self.session().world().flights();
        flights.find(|flight| !flight.to_broker && flight.connection == connection && flight.message.is_some())?.message
    }
}
