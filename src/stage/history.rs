//! What the recent past says about connections and messages: who is behind a connection, who published where, which queue a delivery tag
//! belongs to.

use warren_sim::sorted::{SortedMap, SortedSet};
use warren_sim::{
    amqp::event::{ChannelRef, ConnectionId, Event as Amqp, MessageId},
    bytes::Bytes,
    event::{Event, EventId, What},
    session::Session,
};

use super::graph::NodeId;

/// How many events back the stage looks. What a built-in program is meant to do is known from its options, so only a hand-driven client or a
/// process that has been silent for longer loses an edge.
const LOOK_BACK: usize = 8_000;

/// What the last events say.
#[derive(Debug, Default)]
pub struct History {
    /// Who is, or was, at the client's end of each connection.
    pub peers: SortedMap<ConnectionId, NodeId>,
    /// Who published to which exchange.
    pub published: SortedSet<(NodeId, Bytes)>,
    /// Routing keys that were sent to the default exchange.
    pub default_keys: SortedSet<Bytes>,
    /// The queues that each node's last connection consumed from.
    pub consumed: SortedMap<NodeId, (ConnectionId, SortedSet<Bytes>)>,
    /// The queue and message behind each delivery tag.
    pub deliveries: SortedMap<(ChannelRef, u64), (Bytes, MessageId)>,
    /// The last consumer each message of a queue went to.
    pub last_holder: SortedMap<(Bytes, MessageId), ConnectionId>,
    /// The exchange each message was published to.
    pub entered: SortedMap<MessageId, Bytes>,
}

/// Reads the last events before the moment that is looked at.
pub fn history(session: &Session) -> History {
    let timeline = session.timeline();
    let events = timeline.events(0, timeline.position());
    let recent = &events[events.len().saturating_sub(LOOK_BACK)..];
    let mut history = History::default();
    for client in session.world().clients() {
        if let Some(connection) = client.connection {
            history.peers.insert(connection, NodeId::Hand(client.name.clone()));
        }
    }
    // First who is behind each connection, since a frame tells it only as it leaves.
    for event in recent {
        history.note_peer(event, |id| timeline.event(id));
    }
    for process in session.world().processes() {
        if let Some(connection) = process.connection {
            history.peers.insert(connection, NodeId::Process(process.id));
        }
    }
    for event in recent {
        if let What::Amqp(event) = &event.what {
            history.note(event);
        }
    }
    history
}

impl History {
    fn note_peer<'a>(&mut self, event: &'a Event, find: impl Fn(EventId) -> Option<&'a Event>) {
        let cause = || event.cause.and_then(find);
        match &event.what {
            What::FrameSent { connection, to_broker: true, .. } => {
                let process = match cause().map(|cause| &cause.what) {
                    Some(
                        What::LineRan { process, .. }
                        | What::ProcessKilled { process }
                        | What::ProcessEnded { process, .. },
                    ) => *process,
                    _ => return,
                };
                self.peers.insert(*connection, NodeId::Process(process));
            }
            What::Answered { client, .. } => {
                if let Some(What::FrameArrived { connection, .. }) = cause().map(|cause| &cause.what) {
                    self.peers.insert(*connection, NodeId::Hand(client.clone()));
                }
            }
            _ => {}
        }
    }

    fn note(&mut self, event: &Amqp) {
        match event {
            Amqp::Published { message, channel, exchange, routing_key } => {
                self.entered.insert(*message, exchange.name.clone());
                if let Some(peer) = self.peers.get(&channel.connection) {
                    self.published.insert((peer.clone(), exchange.name.clone()));
                }
                if exchange.name.is_empty() {
                    self.default_keys.insert(routing_key.clone());
                }
            }
            Amqp::ConsumerAdded { consumer, queue } => {
                let connection = consumer.channel.connection;
                if let Some(peer) = self.peers.get(&connection).cloned() {
                    let entry = self.consumed.get_or_insert_with(peer, || (connection, SortedSet::new()));
                    if entry.0 != connection {
                        *entry = (connection, SortedSet::new());
                    }
                    entry.1.insert(queue.name.clone());
                }
            }
            Amqp::Delivered { message, queue, consumer, delivery_tag, .. } => {
                self.deliveries.insert((consumer.channel, *delivery_tag), (queue.name.clone(), *message));
                self.last_holder.insert((queue.name.clone(), *message), consumer.channel.connection);
            }
            Amqp::Got { message, queue, channel, delivery_tag, .. } => {
                self.deliveries.insert((*channel, *delivery_tag), (queue.name.clone(), *message));
                self.last_holder.insert((queue.name.clone(), *message), channel.connection);
            }
            _ => {}
        }
    }
}
