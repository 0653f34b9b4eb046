//! Who is on the stage and what leads where, read off the world. No positions and no words yet.

use warren_sim::sorted::{SortedMap, SortedSet, sort_by_key};
use warren_sim::{
    amqp::{
        event::MessageId,
        exchange::{Exchange, PREDECLARED},
        queue::Queue,
    },
    bytes::Bytes,
    event::ProcessId,
    process::{Process, ProcessState},
    session::Session,
    world::World,
};

mod edges;

use super::{history::History, touch::Touched};
use crate::action::Selection;

/// What a node stands for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeId {
    /// A process.
    Process(ProcessId),
    /// A client driven by hand, by name.
    Hand(Bytes),
    /// An exchange, by name.
    Exchange(Bytes),
    /// A queue, by name.
    Queue(Bytes),
}

impl NodeId {
    /// A key for lists, the same in every step.
    pub fn key(&self) -> String {
        match self {
            NodeId::Process(id) => format!("p{}", id.0),
            NodeId::Hand(name) => format!("h{name}"),
            NodeId::Exchange(name) => format!("x{name}"),
            NodeId::Queue(name) => format!("q{name}"),
        }
    }

    /// What is selected by choosing this node.
    pub fn selection(&self) -> Selection {
        match self {
            NodeId::Process(id) => Selection::Process(*id),
            NodeId::Hand(_) => Selection::Nothing,
            NodeId::Exchange(name) => Selection::Exchange(name.clone()),
            NodeId::Queue(name) => Selection::Queue(name.clone()),
        }
    }
}

/// The stage, without positions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// Nodes in an order that new ones join at the end of their kind.
    pub nodes: Vec<Node>,
    /// Edges, at most one for each pair of nodes and direction.
    pub edges: Vec<Edge>,
    /// Whether the broker runs.
    pub broker_up: bool,
    /// How many messages have been published: the widest number a tile has to show.
    pub published: u32,
}

/// A node.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it stands for.
    pub id: NodeId,
    /// Its name.
    pub name: Bytes,
    /// What it is.
    pub what: Kind,
    /// Whether the last step did something to it.
    pub touched: bool,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A process.
    Process(ProcessNode),
    /// A client driven by hand.
    Hand {
        /// Whether it has a connection.
        connected: bool,
    },
    /// An exchange.
    Exchange {
        /// The name of its type.
        type_name: &'static str,
    },
    /// A queue.
    Queue(QueueNode),
}

/// A process on the stage.
#[derive(Clone, Debug, PartialEq)]
pub struct ProcessNode {
    /// Whether it publishes.
    pub publishes: bool,
    /// Whether it consumes.
    pub consumes: bool,
    /// Whether it stands where messages begin: it publishes, and consumes at most from queues of its own.
    pub first: bool,
    /// What it is doing.
    pub doing: Doing,
    /// The prefetch count of its consumer; 0 is without limit.
    pub prefetch: u16,
    /// Messages it holds, the one it works on first.
    pub holds: Vec<MessageId>,
}

/// What a process is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It is in the callback of its first message.
    Working,
    /// It runs its lines.
    Running,
    /// It is a consumer with nothing to do.
    Idle,
    /// It waits for an answer.
    Awaiting,
    /// It waits for its connection.
    Connecting,
    /// It sleeps.
    Sleeping,
    /// It came to its end.
    Ended,
    /// It died of an error.
    Failed,
    /// Its connection was lost, and it died of that.
    Lost,
    /// Nobody listened, and it died of that.
    Refused,
    /// The learner killed it.
    Killed,
}

impl Doing {
    /// Whether it came to a bad end.
    pub fn is_broken(self) -> bool {
        matches!(self, Doing::Failed | Doing::Lost | Doing::Refused | Doing::Killed)
    }

    /// Whether it is gone, well or badly.
    pub fn is_over(self) -> bool {
        self.is_broken() || self == Doing::Ended
    }
}

/// How many messages at the head of a queue can be told apart.
pub const HEAD: usize = 6;

/// A queue on the stage.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueNode {
    /// Feature tags, as the management UI abbreviates them.
    pub tags: Vec<&'static str>,
    /// Ready messages.
    pub ready: u64,
    /// Unacknowledged messages.
    pub unacked: u64,
    /// The first messages, unacknowledged ones before ready ones; true is unacknowledged.
    pub head: Vec<(MessageId, bool)>,
    /// The last message.
    pub tail: Option<(MessageId, bool)>,
}

/// What an edge is there for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Role {
    /// Messages are published, routed or delivered along it.
    #[default]
    Flow,
    /// What dies in the queue is published again to the exchange (`x-dead-letter-exchange`).
    DeadLetters,
    /// What the exchange cannot route goes on to another one (`alternate-exchange`).
    Alternate,
}

/// What leads from one node to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// Where messages come from.
    pub from: NodeId,
    /// Where they go.
    pub to: NodeId,
    /// What for.
    pub role: Role,
    /// Binding keys, of a binding.
    pub keys: Vec<Bytes>,
    /// Whether messages can go this way now; a dashed line is one that did, or that will.
    pub live: bool,
    /// Whether it was broken by a death.
    pub broken: bool,
    /// Whether the last step used it.
    pub touched: bool,
}

/// Reads the stage off the world.
pub fn graph(session: &Session, vhost: &Bytes, history: &History, touched: &Touched) -> Graph {
    let world = session.world();
    let mut builder = Builder { world, vhost, history, touched, edges: SortedMap::new(), nodes: Vec::new() };
    let publishes = builder.publishes();
    let consumes = builder.consumes();
    builder.processes(&publishes, &consumes);
    let exchanges = builder.exchanges(&publishes);
    let queues = builder.queues();
    builder.publish_edges(&publishes, &exchanges);
    builder.binding_edges(&exchanges, &queues);
    builder.second_chances(&exchanges);
    builder.consume_edges(&consumes, &queues);
    let Builder { nodes, edges, .. } = builder;
    let mut edges: Vec<Edge> = edges
        .into_iter()
        .map(|((from, to), mut edge)| {
            edge.touched = touched.edges.contains(&(from, to));
            edge
        })
        .collect();
    // What is drawn last is on top.
    sort_by_key(&mut edges, |edge| edge.touched);
    Graph { nodes, edges, broker_up: world.broker().is_running(), published: world.published() }
}

/// The exchanges that processes publish to: by what they did and by what they were started to do.
type Publishes = SortedSet<(NodeId, Bytes)>;
/// The queues that processes consume from or are meant to.
type Consumes = SortedSet<(NodeId, Bytes)>;

struct Builder<'a> {
    world: &'a World,
    vhost: &'a Bytes,
    history: &'a History,
    touched: &'a Touched,
    edges: SortedMap<(NodeId, NodeId), Edge>,
    nodes: Vec<Node>,
}

impl<'a> Builder<'a> {
    /// The exchanges of the virtual host, by name.
    fn all_exchanges(&self) -> impl Iterator<Item = &'a Exchange> + use<'a> {
        let vhost = self.vhost;
        self.world.broker().exchanges().filter(move |exchange| exchange.resource.vhost == *vhost)
    }

    /// Its queues, by name.
    fn all_queues(&self) -> impl Iterator<Item = &'a Queue> + use<'a> {
        let vhost = self.vhost;
        self.world.broker().queues().filter(move |queue| queue.resource.vhost == *vhost)
    }

    fn publishes(&self) -> Publishes {
        let mut found: Publishes = self.history.published.clone();
        for process in self.world.processes() {
            let exchange = match &*process.spec.kind.text() {
                "send" => process.spec.text("exchange").cloned().unwrap_or_default(),
                "rpc_client" | "rpc_server" => Bytes::default(),
                _ => continue,
            };
            found.insert((NodeId::Process(process.id), exchange));
        }
        found
    }

    fn consumes(&self) -> Consumes {
        let mut found = Consumes::new();
        for process in self.world.processes() {
            let node = NodeId::Process(process.id);
            let queue = process.spec.text("queue").cloned();
            match &*process.spec.kind.text() {
                "receive" => found.extend(queue.map(|queue| (node, queue))),
                "rpc_server" => {
                    found.insert((node, queue.unwrap_or_else(|| "rpc_queue".into())));
                }
                _ => {}
            }
        }
        for (node, (_, queues)) in &self.history.consumed {
            found.extend(queues.iter().map(|queue| (node.clone(), queue.clone())));
        }
        found
    }

    fn processes(&mut self, publishes: &Publishes, consumes: &Consumes) {
        for process in self.world.processes() {
            let id = NodeId::Process(process.id);
            let kind = process.spec.kind.text();
            let mut from = consumes.iter().filter(|(node, _)| *node == id).map(|(_, queue)| queue).peekable();
            let publishes = publishes.iter().any(|(node, _)| *node == id);
            let consumes = matches!(&*kind, "receive" | "rpc_client" | "rpc_server") || from.peek().is_some();
            let first = !consumes || publishes && kind != "rpc_server" && from.all(|queue| self.is_own(queue));
            let what = ProcessNode { publishes, consumes, first, ..self.process(process) };
            self.add(id, process.name.clone(), Kind::Process(what));
        }
        for client in self.world.clients() {
            let connected = client.connection.is_some();
            self.add(NodeId::Hand(client.name.clone()), client.name.clone(), Kind::Hand { connected });
        }
    }

    /// Whether a queue belongs to one connection alone, or did before it went.
    fn is_own(&self, name: &Bytes) -> bool {
        !self.all_queues().any(|queue| queue.resource.name == *name && queue.exclusive.is_none())
    }

    fn add(&mut self, id: NodeId, name: Bytes, what: Kind) {
        let touched = self.touched.nodes.contains(&id);
        self.nodes.push(Node { id, name, what, touched });
    }

    fn process(&self, process: &Process) -> ProcessNode {
        let consumers: Vec<_> = self
            .all_queues()
            .flat_map(|queue| queue.consumers.values())
            .filter(|consumer| Some(consumer.at.channel.connection) == process.connection)
            .collect();
        let working_on = process.working_on();
        let mut holds: Vec<MessageId> = working_on.into_iter().collect();
        // What is acknowledged as it is sent is not held by anyone, though the program may still keep it.
        if consumers.iter().any(|consumer| !consumer.no_ack) {
            holds.extend(process.in_hand.values().filter(|message| Some(**message) != working_on));
        }
        ProcessNode {
            publishes: false,
            consumes: false,
            first: false,
            doing: doing(process, working_on.is_some(), !consumers.is_empty()),
            prefetch: consumers.iter().map(|consumer| consumer.prefetch_count).max().unwrap_or(0),
            holds,
        }
    }

    /// Adds the exchanges in play and returns their names.
    fn exchanges(&mut self, publishes: &Publishes) -> SortedSet<Bytes> {
        let mut shown = SortedSet::new();
        for exchange in self.all_exchanges() {
            let name = &exchange.resource.name;
            let used =
                publishes.iter().any(|(_, to)| to == name) || exchange.binding_count > 0 || self.is_second_chance(name);
            if used || !PREDECLARED.iter().any(|(known, _, _)| *name == *known) {
                shown.insert(name.clone());
                let type_name = exchange.exchange_type.name();
                self.add(NodeId::Exchange(name.clone()), name.clone(), Kind::Exchange { type_name });
            }
        }
        shown
    }

    fn queues(&mut self) -> SortedSet<Bytes> {
        let mut all: Vec<&Queue> = self.all_queues().collect();
        sort_by_key(&mut all, |queue| queue.id);
        for queue in &all {
            let name = queue.resource.name.clone();
            self.add(NodeId::Queue(name.clone()), name, Kind::Queue(queue_node(queue)));
        }
        all.into_iter().map(|queue| queue.resource.name.clone()).collect()
    }
}

fn doing(process: &Process, works: bool, consumes: bool) -> Doing {
    match &process.state {
        _ if works && process.is_alive() => Doing::Working,
        ProcessState::Ready => Doing::Running,
        ProcessState::Waiting if consumes => Doing::Idle,
        ProcessState::Waiting => Doing::Awaiting,
        ProcessState::Connecting => Doing::Connecting,
        ProcessState::Sleeping { .. } => Doing::Sleeping,
        ProcessState::Killed => Doing::Killed,
        ProcessState::Ended { error: None } => Doing::Ended,
        // The world gives these two ends the names of pika's exceptions.
        ProcessState::Ended { error: Some(error) } => match error.text() {
            text if text.contains("AMQPConnectionError") => Doing::Refused,
            text if text.contains("StreamLostError") || text.contains("ConnectionClosed") => Doing::Lost,
            _ => Doing::Failed,
        },
    }
}

fn queue_node(queue: &Queue) -> QueueNode {
    let unacked = || queue.unacked.values().map(|unacked| (unacked.held.message.id, true));
    let ready = || queue.ready.values().map(|held| (held.message.id, false));
    QueueNode {
        tags: tags(queue),
        ready: queue.ready.len() as u64,
        unacked: queue.unacked.len() as u64,
        head: unacked().chain(ready()).take(HEAD).collect(),
        tail: ready().next_back().or_else(|| unacked().next_back()),
    }
}

/// The abbreviations of the management UI's queue list, in its order.
fn tags(queue: &Queue) -> Vec<&'static str> {
    let settings = &queue.settings;
    let all = [
        (queue.durable, "D"),
        (queue.auto_delete, "AD"),
        (queue.exclusive.is_some(), "Excl"),
        (settings.message_ttl_ms.is_some(), "TTL"),
        (settings.expires_ms.is_some(), "Exp"),
        (settings.max_length.is_some(), "Lim"),
        (settings.max_length_bytes.is_some(), "Lim B"),
        (settings.dead_letter_exchange.is_some(), "DLX"),
        (settings.dead_letter_routing_key.is_some(), "DLK"),
        (settings.max_priority.is_some(), "Pri"),
        (settings.single_active_consumer, "SAC"),
    ];
    all.into_iter().filter(|(has, _)| *has).map(|(_, tag)| tag).collect()
}
