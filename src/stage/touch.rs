//! What the last step did, as nodes and edges: only these glow.

use warren_sim::sorted::SortedSet;
use warren_sim::{
    amqp::event::{ConnectionId, Event as Amqp},
    event::What,
    session::Session,
};

use super::{graph::NodeId, history::History};

/// The nodes and edges of the last step.
#[derive(Debug, Default)]
pub struct Touched {
    /// Nodes.
    pub nodes: SortedSet<NodeId>,
    /// Edges, each by where it begins and ends.
    pub edges: SortedSet<(NodeId, NodeId)>,
}

/// Reads the events of the step that is looked at. Step 0 is how things are, nothing happened yet.
pub fn touched(session: &Session, history: &History) -> Touched {
    let timeline = session.timeline();
    let here = timeline.position();
    let mut touched = Touched::default();
    if here > 0 {
        for event in timeline.events(here, here) {
            touched.note(&event.what, history);
        }
    }
    touched
}

impl Touched {
    fn note(&mut self, what: &What, history: &History) {
        match what {
            What::Amqp(event) => self.note_amqp(event, history),
            What::ProcessStarted { process }
            | What::LineRan { process, .. }
            | What::Printed { process, .. }
            | What::ProcessEnded { process, .. }
            | What::ProcessKilled { process } => {
                self.nodes.insert(NodeId::Process(*process));
            }
            What::Answered { client, .. } => {
                self.nodes.insert(NodeId::Hand(client.clone()));
            }
            What::FrameSent { connection, to_broker: true, .. }
            | What::FrameArrived { connection, to_broker: false, .. } => {
                self.nodes.extend(history.peers.get(connection).cloned());
            }
            What::FrameSent { .. }
            | What::FrameArrived { .. }
            | What::FrameLost { .. }
            | What::Redis(_)
            | What::Console { .. }
            | What::ConsoleHeard { .. }
            | What::Trip(_)
            | What::Waited
            | What::NotDone { .. } => {}
        }
    }

    fn between(&mut self, from: NodeId, to: NodeId) {
        self.nodes.extend([from.clone(), to.clone()]);
        self.edges.insert((from, to));
    }

    /// A consumer's end of the way between a queue and whoever is behind a connection.
    fn consume(&mut self, queue: NodeId, connection: ConnectionId, history: &History) {
        // The consumer itself is reached later, when the frame arrives.
        if let Some(peer) = history.peers.get(&connection) {
            self.edges.extend([(queue.clone(), peer.clone())]);
        }
        self.nodes.insert(queue);
    }

    fn note_amqp(&mut self, event: &Amqp, history: &History) {
        let queue_node = |name: &warren_sim::bytes::Bytes| NodeId::Queue(name.clone());
        match event {
            Amqp::ExchangeDeclared { exchange } | Amqp::Unroutable { exchange, .. } => {
                self.nodes.insert(NodeId::Exchange(exchange.name.clone()));
            }
            Amqp::QueueDeclared { queue }
            | Amqp::Lost { queue, .. }
            | Amqp::Recovered { queue, .. }
            | Amqp::Enqueued { queue, .. } => {
                self.nodes.insert(queue_node(&queue.name));
            }
            Amqp::Requeued { queue, message, .. } => match history.last_holder.get(&(queue.name.clone(), *message)) {
                Some(connection) => self.consume(queue_node(&queue.name), *connection, history),
                None => self.nodes.extend([queue_node(&queue.name)]),
            },
            Amqp::DeadLettered { queue, exchange, .. } => {
                self.between(queue_node(&queue.name), NodeId::Exchange(exchange.clone()));
            }
            Amqp::Bound { source, destination, to_exchange, .. } => {
                let to = destination.name.clone();
                let to = if *to_exchange { NodeId::Exchange(to) } else { NodeId::Queue(to) };
                self.between(NodeId::Exchange(source.name.clone()), to);
            }
            Amqp::Published { channel, exchange, .. } => {
                let exchange = NodeId::Exchange(exchange.name.clone());
                if let Some(peer) = history.peers.get(&channel.connection) {
                    self.edges.insert((peer.clone(), exchange.clone()));
                }
                self.nodes.insert(exchange);
            }
            Amqp::Routed { decisions, .. } => {
                for decision in decisions.iter().filter(|decision| decision.matched) {
                    let to = decision.destination.clone();
                    let to = if decision.to_exchange { NodeId::Exchange(to) } else { NodeId::Queue(to) };
                    self.between(NodeId::Exchange(decision.exchange.clone()), to);
                }
            }
            Amqp::ConsumerAdded { consumer, queue } | Amqp::ConsumerCancelled { consumer, queue, .. } => {
                self.consume(queue_node(&queue.name), consumer.channel.connection, history);
            }
            Amqp::Delivered { consumer, queue, .. } => {
                self.consume(queue_node(&queue.name), consumer.channel.connection, history);
            }
            Amqp::Got { channel, queue, .. } | Amqp::Acked { channel, queue, .. } => {
                self.consume(queue_node(&queue.name), channel.connection, history);
            }
            Amqp::ConnectionOpened { .. }
            | Amqp::ConnectionClosed { .. }
            | Amqp::ChannelOpened { .. }
            | Amqp::ChannelClosed { .. }
            | Amqp::Refused { .. }
            | Amqp::ExchangeDeleted { .. }
            | Amqp::QueueDeleted { .. }
            | Amqp::Unbound { .. }
            | Amqp::Confirmed { .. }
            | Amqp::VhostCreated { .. }
            | Amqp::VhostDeleted { .. }
            | Amqp::PolicySet { .. }
            | Amqp::PolicyCleared { .. }
            | Amqp::PolicyApplied { .. }
            | Amqp::DefinitionsImported { .. }
            | Amqp::BrokerStopped
            | Amqp::BrokerKilled
            | Amqp::BrokerStarted => {}
        }
    }
}
