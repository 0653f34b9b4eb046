//! What an operator sets beside users: global parameters, and how many connections, channels and queues there may be.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use warren_sim::amqp::error::{self, Refusal};
use warren_sim::amqp::event::Resource;
use warren_sim::bytes::Bytes;

use super::node::{CLUSTER, Node};

/// At most so many global parameters.
pub const SETTINGS_MAX: usize = 1_000;
/// The longest value of a parameter, as JSON.
pub const VALUE_MAX: usize = 64 * 1024;

/// Limits by name; one below 0 is none.
pub type Limits = BTreeMap<String, i64>;

/// All that is set. It lives as long as the server.
#[derive(Debug)]
pub struct Settings {
    /// Global parameters; the cluster's name is one.
    pub globals: RefCell<BTreeMap<String, Value>>,
    /// Limits of virtual hosts. Whoever had one has an entry.
    pub vhost_limits: RefCell<BTreeMap<Bytes, Limits>>,
}

impl Settings {
    /// Nothing but what the cluster gave itself. The number is a part of its name that nobody else has.
    pub fn new(number: u128) -> Self {
        let id = format!("rabbitmq-cluster-id-{}", URL_SAFE_NO_PAD.encode(number.to_be_bytes()));
        let globals = BTreeMap::from([("internal_cluster_id".to_string(), json!(id))]);
        Settings { globals: RefCell::new(globals), vhost_limits: RefCell::default() }
    }

    /// The name of the cluster: that of its first node, until it gets another one.
    pub fn cluster_name(&self) -> Value {
        self.globals.borrow().get("cluster_name").cloned().unwrap_or_else(|| json!(CLUSTER))
    }

    fn limit(&self, vhost: &Bytes, name: &str) -> Option<usize> {
        of(self.vhost_limits.borrow().get(vhost)?, name)
    }
}

/// A limit that is one.
fn of(limits: &Limits, name: &str) -> Option<usize> {
    limits.get(name).and_then(|limit| usize::try_from(*limit).ok())
}

fn limit_of_user(node: &Node, user: &Bytes, name: &str) -> Option<usize> {
    of(&node.users.all.borrow().get(user)?.limits, name)
}

/// Why a user may not open one more connection to a virtual host.
pub fn connection_refusal(node: &Node, user: &Bytes, vhost: &Bytes) -> Option<String> {
    let count = |is_it: &dyn Fn(&Bytes, &Bytes) -> bool| {
        node.read(|broker| broker.connections().filter(|one| is_it(&one.user, &one.vhost)).count())
    };
    let (shown, host) = (user.text(), vhost.text());
    let of_vhost = node.settings.limit(vhost, "max-connections");
    if let Some(limit) = of_vhost.filter(|limit| count(&|_, other| other == vhost) >= *limit) {
        return Some(format!(
            "access to vhost '{host}' refused for user '{shown}': connection limit ({limit}) is reached"
        ));
    }
    let of_user = limit_of_user(node, user, "max-connections");
    let limit = of_user.filter(|limit| count(&|other, _| other == user) >= *limit)?;
    Some(format!("connection refused for user '{shown}': user connection limit ({limit}) is reached"))
}

/// Why a user may not open one more channel.
pub fn channel_refusal(node: &Node, user: &Bytes) -> Option<String> {
    let limit = limit_of_user(node, user, "max-channels")?;
    let channels = node.read(|broker| {
        broker.connections().filter(|one| one.user == *user).map(|one| one.channels.len()).sum::<usize>()
    });
    (channels >= limit).then(|| {
        let user = user.text();
        format!("number of channels opened for user '{user}' has reached the maximum allowed user limit of ({limit})")
    })
}

/// What is said to the declaration of one queue too many.
pub fn queue_refusal(node: &Node, queue: &Resource) -> Option<Refusal> {
    let limit = node.settings.limit(&queue.vhost, "max-queues")?;
    node.read(|broker| {
        let count = || broker.queues().filter(|other| other.resource.vhost == queue.vhost).count();
        (broker.find_queue(queue).is_none() && count() >= limit).then(|| error::queue_limit(queue, limit as u64))
    })
}
