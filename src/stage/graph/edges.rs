//! What leads where: publishing, bindings, second chances, consuming.

use warren_sim::{
    amqp::{
        event::ConnectionId,
        exchange::{Destination, Exchange},
        queue::Queue,
        value::Value,
    },
    bytes::Bytes,
    process::Process,
    sorted::SortedSet,
};

use super::{Builder, Consumes, Edge, Kind, NodeId, Publishes, Role};

impl Builder<'_> {
    fn edge(&mut self, from: NodeId, to: NodeId, live: bool, broken: bool) -> &mut Edge {
        let key = (from.clone(), to.clone());
        let new = Edge { from, to, role: Role::Flow, keys: Vec::new(), live, broken, touched: false };
        let edge = self.edges.get_or_insert_with(key, || new);
        edge.live |= live;
        edge
    }

    /// Whether a node's process is alive, and whether it came to a bad end.
    fn life(&self, node: &NodeId) -> (bool, bool) {
        match self.nodes.iter().find(|other| other.id == *node).map(|node| &node.what) {
            Some(Kind::Process(process)) => (!process.doing.is_over(), process.doing.is_broken()),
            Some(Kind::Hand { connected }) => (*connected, false),
            Some(Kind::Exchange { .. } | Kind::Queue(_)) | None => (false, false),
        }
    }

    pub(super) fn publish_edges(&mut self, publishes: &Publishes, exchanges: &SortedSet<Bytes>) {
        for (node, exchange) in publishes.iter().filter(|(_, exchange)| exchanges.contains(exchange)) {
            let (alive, broken) = self.life(node);
            self.edge(node.clone(), NodeId::Exchange(exchange.clone()), alive, broken);
        }
    }

    pub(super) fn binding_edges(&mut self, shown: &SortedSet<Bytes>, queues: &SortedSet<Bytes>) {
        for exchange in self.all_exchanges().filter(|exchange| shown.contains(&exchange.resource.name)) {
            let from = NodeId::Exchange(exchange.resource.name.clone());
            for binding in exchange.bindings.values().flatten() {
                let to = match &binding.destination {
                    Destination::Queue(name) if queues.contains(name) => NodeId::Queue(name.clone()),
                    Destination::Exchange(name) if shown.contains(name) => NodeId::Exchange(name.clone()),
                    Destination::Queue(_) | Destination::Exchange(_) => continue,
                };
                self.edge(from.clone(), to, true, false).keys.push(binding.key.clone());
            }
        }
        if shown.contains(&Bytes::default()) {
            self.default_edges(queues);
        }
    }

    /// The default exchange leads to every queue; only those are drawn that somebody publishes to through it, or is meant to.
    fn default_edges(&mut self, queues: &SortedSet<Bytes>) {
        let world = self.world;
        let mut keys: SortedSet<Bytes> = self.history.default_keys.clone();
        keys.extend(world.processes().iter().flat_map(intended_keys));
        let asks = |owner: ConnectionId| {
            world.processes().iter().any(|p| p.connection == Some(owner) && p.spec.kind == "rpc_client")
        };
        keys.extend(self.all_queues().filter_map(dead_letter_key));
        let replies = self.all_queues().filter(|queue| queue.exclusive.is_some_and(asks));
        keys.extend(replies.map(|queue| queue.resource.name.clone()));
        for name in keys.into_iter().filter(|key| queues.contains(key)) {
            self.edge(NodeId::Exchange(Bytes::default()), NodeId::Queue(name), true, false);
        }
    }

    /// Whether dead letters or unroutable messages go to this exchange.
    pub(super) fn is_second_chance(&self, name: &Bytes) -> bool {
        self.all_queues().any(|queue| queue.settings.dead_letter_exchange.as_ref() == Some(name))
            || self.all_exchanges().any(|exchange| alternate(exchange).as_ref() == Some(name))
    }

    /// The ways of dead letters and of what cannot be routed.
    pub(super) fn second_chances(&mut self, shown: &SortedSet<Bytes>) {
        for queue in self.all_queues() {
            let Some(to) = queue.settings.dead_letter_exchange.clone().filter(|to| shown.contains(to)) else {
                continue;
            };
            let edge = self.edge(NodeId::Queue(queue.resource.name.clone()), NodeId::Exchange(to), true, false);
            edge.role = Role::DeadLetters;
        }
        for exchange in self.all_exchanges().filter(|exchange| shown.contains(&exchange.resource.name)) {
            let Some(to) = alternate(exchange).filter(|to| shown.contains(to)) else { continue };
            let from = NodeId::Exchange(exchange.resource.name.clone());
            let edge = self.edge(from, NodeId::Exchange(to), true, false);
            // A binding between the two says more.
            if edge.keys.is_empty() {
                edge.role = Role::Alternate;
            }
        }
    }

    pub(super) fn consume_edges(&mut self, consumes: &Consumes, names: &SortedSet<Bytes>) {
        for queue in self.all_queues() {
            for consumer in queue.consumers.values() {
                let Some(node) = self.history.peers.get(&consumer.at.channel.connection).cloned() else { continue };
                let (alive, broken) = self.life(&node);
                self.edge(NodeId::Queue(queue.resource.name.clone()), node, alive, broken);
            }
        }
        for (node, queue) in consumes.iter().filter(|(_, queue)| names.contains(queue)) {
            let (_, broken) = self.life(node);
            self.edge(NodeId::Queue(queue.clone()), node.clone(), false, broken);
        }
    }
}

/// The routing keys with which a process is meant to publish to the default exchange.
fn intended_keys(process: &Process) -> Vec<Bytes> {
    let spec = &process.spec;
    let queue = spec.text("queue").cloned();
    match &*spec.kind.text() {
        "send" if spec.text("exchange").is_none_or(|exchange| exchange.is_empty()) => {
            let keys = spec.list("key");
            if keys.is_empty() { queue.into_iter().collect() } else { keys }
        }
        "rpc_client" => vec![queue.unwrap_or_else(|| "rpc_queue".into())],
        _ => Vec::new(),
    }
}

/// The alternate exchange of an exchange.
fn alternate(exchange: &Exchange) -> Option<Bytes> {
    exchange.arguments.get("alternate-exchange").and_then(Value::as_long_str).cloned()
}

/// The key with which a queue's dead letters go to the default exchange.
fn dead_letter_key(queue: &Queue) -> Option<Bytes> {
    let settings = &queue.settings;
    settings.dead_letter_exchange.as_ref().filter(|exchange| exchange.is_empty())?;
    settings.dead_letter_routing_key.clone()
}
