//! Connections and channels as RabbitMQ's management shows them.

use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use warren_sim::amqp::channel::{Channel, Connection};
use warren_sim::amqp::event::ChannelRef;

use super::queues::consumers_of;
use super::show::{NODE, counted, moment, text};
use super::table::from_table;
use crate::amqp::node::Node;

/// What Erlang tells of its garbage, of which there is none here.
pub fn collector() -> Value {
    json!({"fullsweep_after": 65535, "max_heap_size": 0, "min_bin_vheap_size": 46422, "min_heap_size": 233, "minor_gcs": 0})
}

/// Where a client is.
pub fn details(name: &str, addresses: &Option<(SocketAddr, SocketAddr)>) -> Value {
    let peer = addresses.map(|(peer, _)| (peer.ip().to_string(), peer.port())).unwrap_or_default();
    json!({"name": name, "peer_host": peer.0, "peer_port": peer.1})
}

/// Who owns the connection or channel that a path names.
pub fn owner(node: &Node, words: &[&str]) -> Option<String> {
    let found = match words {
        ["connections", "username", user] => return Some(user.to_string()),
        ["connections", name, ..] => connection(node, name),
        ["channels", name] => channel(node, name),
        _ => None,
    };
    found.and_then(|one| one["user"].as_str().map(str::to_string))
}

/// Connections of clients.
pub fn connections(node: &Node) -> Vec<Value> {
    node.read(|broker| broker.connections().filter_map(|connection| of_connection(node, connection)).collect())
}

/// One connection by its name.
pub fn connection(node: &Node, name: &str) -> Option<Value> {
    let mut found = connections(node).into_iter().find(|connection| connection["name"] == *name)?;
    // What is not known is null in a list and empty here.
    for name in SECRETS {
        found[name] = "".into();
    }
    Some(found)
}

/// What is told of an encrypted connection, which none is.
const SECRETS: [&str; 7] = [
    "peer_cert_issuer",
    "peer_cert_subject",
    "peer_cert_validity",
    "ssl_cipher",
    "ssl_hash",
    "ssl_key_exchange",
    "ssl_protocol",
];

/// The connections of a user, as far as RabbitMQ keeps track of them.
pub fn connections_of(node: &Node, user: &str) -> Vec<Value> {
    let own = connections(node).into_iter().filter(|one| one["user"] == *user);
    own.map(|one| json!({"name": one["name"], "vhost": one["vhost"], "user": one["user"], "node": NODE})).collect()
}

fn of_connection(node: &Node, connection: &Connection) -> Option<Value> {
    let peer = node.peer(connection.id)?;
    let about = peer.about.borrow();
    let (client, host) = about.addresses?;
    let properties = from_table(&about.client_properties);
    let user = text(&connection.user);
    let traffic = peer.traffic.get();
    let mut shown = json!({
        "auth_mechanism": text(&about.mechanism), "channel_max": connection.capabilities.channel_max,
        "channels": connection.channels.len(), "client_properties": properties, "connected_at": about.connected_at,
        "frame_max": peer.frame_max.get(), "garbage_collection": collector(), "host": host.ip().to_string(),
        "name": about.name(), "node": NODE, "peer_host": client.ip().to_string(), "peer_port": client.port(),
        "port": host.port(), "protocol": if peer.is_old.get() { "AMQP 0-8" } else { "AMQP 0-9-1" }, "recv_cnt": traffic.reads, "recv_oct": traffic.bytes_read,
        "recv_oct_details": {"rate": 0.0}, "reductions": 0, "reductions_details": {"rate": 0.0}, "send_cnt": traffic.writes,
        "send_oct": traffic.bytes_written, "send_oct_details": {"rate": 0.0}, "send_pend": peer.waiting(), "ssl": false,
        "state": if connection.closing { "closing" } else { "running" }, "timeout": about.heartbeat, "type": "network",
        "user": user, "user_provided_name": properties.get("connection_name"), "user_who_performed_action": user,
        "vhost": text(&connection.vhost),
    });
    let Value::Object(fields) = &mut shown else { return None };
    fields.extend(SECRETS.map(|name| (name.to_string(), Value::Null)));
    fields.sort_keys();
    Some(shown)
}

/// Channels of a connection, or all.
pub fn channels(node: &Node, connection: Option<&str>) -> Vec<Value> {
    let mut shown = Vec::new();
    node.read(|broker| {
        for one in broker.connections() {
            let Some(peer) = node.peer(one.id) else { continue };
            let about = peer.about.borrow();
            let name = about.name();
            if connection.is_some_and(|wanted| wanted != name) {
                continue;
            }
            let details = details(&name, &about.addresses);
            let all = one.channels.iter();
            shown.extend(all.map(|(number, channel)| of_channel(node, one, (&name, &details), *number, channel)));
        }
    });
    shown
}

/// One channel by its name, with its consumers.
pub fn channel(node: &Node, name: &str) -> Option<Value> {
    let mut found = channels(node, None).into_iter().find(|channel| channel["name"] == *name)?;
    found["consumer_details"] = consumers_of(node, name).into();
    found["deliveries"] = json!([]);
    found["publishes"] = json!([]);
    Some(found)
}

fn of_channel(
    node: &Node,
    connection: &Connection,
    (name, details): (&str, &Value),
    number: u16,
    channel: &Channel,
) -> Value {
    let user = text(&connection.user);
    let counts = node.ledger(|ledger| ledger.channel(ChannelRef { connection: connection.id, channel: number }));
    let mut shown = json!({
        "acks_uncommitted": channel.transaction.as_ref().map_or(0, |tx| tx.settlements.len()), "confirm": channel.confirms,
        "connection_details": details, "consumer_count": channel.consumers.len(), "garbage_collection": collector(),
        "global_prefetch_count": channel.limiter.prefetch_count, "messages_unacknowledged": channel.unacked.len(),
        "messages_uncommitted": channel.transaction.as_ref().map_or(0, |tx| tx.publishes.len()), "messages_unconfirmed": 0,
        "name": format!("{name} ({number})"), "node": NODE, "number": number, "pending_raft_commands": 0,
        "prefetch_count": channel.prefetch_count, "reductions": 0, "reductions_details": {"rate": 0.0}, "state": "running",
        "transactional": channel.transaction.is_some(), "user": user, "user_who_performed_action": user,
        "vhost": text(&connection.vhost),
    });
    let Value::Object(fields) = &mut shown else { return shown };
    let stats: Map<String, Value> = counted(counts.of_traffic());
    if !stats.is_empty() {
        fields.insert("message_stats".to_string(), stats.into());
    }
    if counts.last_ms > 0 {
        fields.insert("idle_since".to_string(), moment(counts.last_ms).into());
    }
    fields.sort_keys();
    shown
}
