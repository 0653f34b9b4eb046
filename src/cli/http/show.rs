//! The broker's things as RabbitMQ's management shows them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use warren_sim::amqp::arguments::QueueType;
use warren_sim::amqp::channel::{Channel, Connection};
use warren_sim::amqp::exchange::{Binding, Destination, Exchange};
use warren_sim::amqp::policy::pattern::Pattern;
use warren_sim::amqp::queue::{Consumer, Queue};
use warren_sim::bytes::Bytes;
use warren_sim::hash::stable_hash;

use super::answer::Answer;
use super::route::Call;
use super::table::from_table;
use crate::amqp::login::VERSION;
use crate::amqp::node::{CLUSTER, Node};

/// The node's name.
pub const NODE: &str = CLUSTER;

/// What is escaped in the name of a binding.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

fn text(bytes: &Bytes) -> String {
    bytes.text().into_owned()
}

/// A list as the query wants it: some columns, in some order.
pub fn listed(call: &Call<'_>, mut items: Vec<Value>) -> Value {
    sort(call, &mut items);
    items.into_iter().map(|item| columns(call, item)).collect()
}

fn sort(call: &Call<'_>, items: &mut [Value]) {
    let Some(field) = call.asked("sort") else { return };
    let at = |item: &Value| field.split('.').fold(item.clone(), |value, name| value[name].clone());
    items.sort_by(|one, other| {
        let (one, other) = (at(one), at(other));
        let numbers = one.as_f64().zip(other.as_f64()).map(|(one, other)| one.total_cmp(&other));
        numbers.unwrap_or_else(|| one.as_str().cmp(&other.as_str()))
    });
    if call.is_asked("sort_reverse") {
        items.reverse();
    }
}

/// The same, or one page of it.
pub fn page(call: &Call<'_>, mut items: Vec<Value>) -> Result<Value, Answer> {
    let Some(page) = call.asked("page") else { return Ok(listed(call, items)) };
    let number =
        |text: &str| text.parse::<usize>().map_err(|_| Answer::bad_request("Pagination parameters are invalid"));
    let (page, asked_size) = (number(&page)?, call.asked("page_size").map(|size| number(&size)).transpose()?);
    let page_size = asked_size.unwrap_or(100);
    if page == 0 || !(1..=500).contains(&page_size) {
        let size = asked_size.map_or("undefined".to_string(), |size| size.to_string());
        let reason = format!("Invalid pagination parameters: page number {page}, page size {size}");
        return Err(Answer::no_such_page("invalid_pagination_parameters", reason));
    }
    let total_count = items.len();
    let wanted = call.asked("name").unwrap_or_default();
    // The patterns are those of policies; one that cannot be read matches nothing.
    let pattern = call.is_asked("use_regex").then(|| Pattern::parse(wanted.as_bytes()).ok());
    let is_wanted = |item: &Value| match (item["name"].as_str(), &pattern) {
        (None, _) => true,
        (Some(name), None) => name.contains(&wanted),
        (Some(name), Some(pattern)) => pattern.as_ref().is_some_and(|pattern| pattern.matches(name.as_bytes())),
    };
    sort(call, &mut items);
    let filtered: Vec<Value> = items.into_iter().filter(is_wanted).collect();
    let filtered_count = filtered.len();
    if page > filtered_count.div_ceil(page_size).max(1) {
        let reason = format!("Page out of range, page: {page} page size: {page_size}, len: {filtered_count}");
        return Err(Answer::no_such_page("page_out_of_range", reason));
    }
    let shown = filtered.into_iter().skip((page - 1) * page_size).take(page_size);
    let items: Vec<Value> = shown.map(|item| columns(call, item)).collect();
    Ok(json!({
        "filtered_count": filtered_count, "item_count": items.len(), "items": items, "page": page,
        "page_count": filtered_count.div_ceil(page_size).max(1), "page_size": page_size, "total_count": total_count,
    }))
}

/// Only the fields that `columns` names, where it names any.
pub fn columns(call: &Call<'_>, item: Value) -> Value {
    let (Some(names), Value::Object(fields)) = (call.asked("columns"), &item) else { return item };
    let is_named = |name: &str| names.split(',').any(|wanted| wanted.split('.').next() == Some(name));
    fields
        .iter()
        .filter(|(name, _)| is_named(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect::<Map<_, _>>()
        .into()
}

/// `GET /api/overview`.
pub fn overview(call: &Call<'_>) -> Value {
    let node = call.node;
    let mut stats = Map::new();
    for (name, count) in node.counts().named() {
        stats.insert(name.to_string(), count.into());
        stats.insert(format!("{name}_details"), json!({"rate": 0.0}));
    }
    let (ready, unacked, queues, exchanges, connections, channels, consumers) = node.read(|broker| {
        (
            broker.queues().map(|queue| queue.ready.len()).sum::<usize>(),
            broker.queues().map(|queue| queue.unacked.len()).sum::<usize>(),
            broker.queues().count(),
            broker.exchanges().count(),
            broker.connections().count(),
            broker.connections().map(|connection| connection.channels.len()).sum::<usize>(),
            broker.queues().map(|queue| queue.consumers.len()).sum::<usize>(),
        )
    });
    json!({
        "management_version": VERSION, "rates_mode": "basic", "exchange_types": exchange_types(),
        "product_version": VERSION, "product_name": "RabbitMQ", "rabbitmq_version": VERSION, "cluster_name": node.settings.globals.borrow().get("cluster_name"),
        "erlang_version": "", "erlang_full_version": "", "disable_stats": false, "enable_queue_totals": false,
        "message_stats": stats,
        "queue_totals": {"messages": ready + unacked, "messages_ready": ready, "messages_unacknowledged": unacked},
        "object_totals": {
            "channels": channels, "connections": connections, "consumers": consumers, "exchanges": exchanges, "queues": queues,
        },
        "statistics_db_event_queue": 0, "node": NODE,
        "listeners": [{
            "node": NODE, "protocol": "amqp", "ip_address": call.amqp.ip().to_string(), "port": call.amqp.port(), "socket_opts": {},
        }],
        "contexts": [{"node": NODE, "description": "Warren's management calls", "path": "/"}],
    })
}

fn exchange_types() -> Value {
    let of = |name: &str| {
        let description = format!("AMQP {name} exchange, as per the AMQP specification");
        json!({"name": name, "description": description, "enabled": true})
    };
    ["direct", "fanout", "headers", "topic"].map(of).into_iter().collect()
}

/// The only node.
pub fn node() -> Value {
    let mechanisms = ["PLAIN", "AMQPLAIN"].map(|name| json!({"name": name, "description": name, "enabled": true}));
    json!({
        "name": NODE, "type": "disc", "running": true, "partitions": [], "os_pid": std::process::id().to_string(),
        "mem_alarm": false, "disk_free_alarm": false, "rates_mode": "basic", "exchange_types": exchange_types(),
        "auth_mechanisms": mechanisms, "applications": [], "being_drained": false,
    })
}

/// The queues of a virtual host, or all.
pub fn queues(node: &Node, vhost: Option<&str>) -> Vec<Value> {
    node.read(|broker| {
        let wanted = broker.queues().filter(|queue| vhost.is_none_or(|vhost| queue.resource.vhost == *vhost));
        wanted.map(|queue| of_queue(node, queue)).collect()
    })
}

/// One queue, with its consumers.
pub fn queue(node: &Node, vhost: &str, name: &str) -> Option<Value> {
    node.read(|broker| {
        let queue = broker.queues().find(|queue| queue.resource.vhost == *vhost && queue.resource.name == *name)?;
        let mut shown = of_queue(node, queue);
        let consumers: Vec<Value> =
            queue.consumers.values().map(|consumer| of_consumer(node, queue, consumer)).collect();
        shown["consumer_details"] = consumers.into();
        shown["deliveries"] = json!([]);
        shown["incoming"] = json!([]);
        Some(shown)
    })
}

fn of_queue(node: &Node, queue: &Queue) -> Value {
    let unacked_bytes: usize = queue.unacked.values().map(|unacked| unacked.held.message.body.len()).sum();
    let (ready, unacked) = (queue.ready.len(), queue.unacked.len());
    let tag_of = |id: Option<u32>| id.and_then(|id| queue.consumers.get(&id)).map(|consumer| text(&consumer.at.tag));
    let single = queue.settings.single_active_consumer;
    let name = |name: &Option<Bytes>| name.as_ref().map(text);
    let kind = match queue.settings.queue_type {
        QueueType::Classic => "classic",
        QueueType::Quorum => "quorum",
        QueueType::Stream => "stream",
    };
    let mut shown = json!({
        "arguments": from_table(&queue.arguments), "auto_delete": queue.auto_delete,
        "consumer_capacity": if queue.consumers.is_empty() { 0.0 } else { 1.0 },
        "consumer_utilisation": if queue.consumers.is_empty() { 0.0 } else { 1.0 },
        "consumers": queue.consumers.len(), "durable": queue.durable,
        "effective_policy_definition": from_table(&queue.applied.definition),
        "exclusive": queue.exclusive.is_some(), "exclusive_consumer_tag": tag_of(queue.holder.filter(|_| !single)),
        "head_message_timestamp": null, "memory": 0,
        "message_bytes": queue.ready_bytes + unacked_bytes as u64, "message_bytes_ready": queue.ready_bytes,
        "message_bytes_unacknowledged": unacked_bytes, "messages": ready + unacked,
        "messages_details": {"rate": 0.0}, "messages_ready": ready, "messages_ready_details": {"rate": 0.0},
        "messages_unacknowledged": unacked, "messages_unacknowledged_details": {"rate": 0.0},
        "name": text(&queue.resource.name), "node": NODE, "operator_policy": name(&queue.applied.operator),
        "policy": name(&queue.applied.policy), "recoverable_slaves": null,
        "single_active_consumer_tag": tag_of(queue.holder.filter(|_| single)), "state": "running", "type": kind,
        "vhost": text(&queue.resource.vhost),
    });
    if let Some(owner) = queue.exclusive.and_then(|id| node.peer(id)) {
        shown["owner_pid_details"] = details(&owner.about.borrow().name(), &owner.about.borrow().addresses);
    }
    shown
}

fn details(name: &str, addresses: &Option<(std::net::SocketAddr, std::net::SocketAddr)>) -> Value {
    let peer = addresses.map(|(peer, _)| (peer.ip().to_string(), peer.port())).unwrap_or_default();
    json!({"name": name, "peer_host": peer.0, "peer_port": peer.1})
}

/// The consumers of a virtual host, or all.
pub fn consumers(node: &Node, vhost: Option<&str>) -> Vec<Value> {
    node.read(|broker| {
        let wanted = broker.queues().filter(|queue| vhost.is_none_or(|vhost| queue.resource.vhost == *vhost));
        let all = wanted.flat_map(|queue| queue.consumers.values().map(move |consumer| (queue, consumer)));
        all.map(|(queue, consumer)| of_consumer(node, queue, consumer)).collect()
    })
}

fn of_consumer(node: &Node, queue: &Queue, consumer: &Consumer) -> Value {
    let at = consumer.at.channel;
    let about = node.peer(at.connection).map(|peer| peer.about.borrow().clone()).unwrap_or_default();
    let mut channel = details(&about.name(), &about.addresses);
    channel["connection_name"] = about.name().into();
    channel["name"] = format!("{} ({})", about.name(), at.channel).into();
    channel["node"] = NODE.into();
    channel["number"] = at.channel.into();
    let standing_by = queue.settings.single_active_consumer
        && queue.holder.and_then(|id| queue.consumers.get(&id)).is_none_or(|holder| holder.at != consumer.at);
    json!({
        "arguments": from_table(&consumer.arguments), "ack_required": !consumer.no_ack, "active": !standing_by,
        "activity_status": if standing_by { "waiting" } else { "up" }, "channel_details": channel,
        "consumer_tag": text(&consumer.at.tag), "exclusive": consumer.exclusive, "prefetch_count": consumer.prefetch_count,
        "queue": {"name": text(&queue.resource.name), "vhost": text(&queue.resource.vhost)},
    })
}

/// The exchange behind a name in a path: the one without a name is called so there.
pub fn exchange_name(name: &str) -> &str {
    if name == "amq.default" { "" } else { name }
}

/// The exchanges of a virtual host, or all.
pub fn exchanges(node: &Node, vhost: Option<&str>) -> Vec<Value> {
    node.read(|broker| {
        let wanted = broker.exchanges().filter(|exchange| vhost.is_none_or(|vhost| exchange.resource.vhost == *vhost));
        wanted.map(of_exchange).collect()
    })
}

/// One exchange.
pub fn exchange(node: &Node, vhost: &str, name: &str) -> Option<Value> {
    let name = exchange_name(name);
    node.read(|broker| {
        let is_it = |exchange: &&Exchange| exchange.resource.vhost == *vhost && exchange.resource.name == *name;
        let mut shown = of_exchange(broker.exchanges().find(is_it)?);
        shown["incoming"] = json!([]);
        shown["outgoing"] = json!([]);
        Some(shown)
    })
}

fn of_exchange(exchange: &Exchange) -> Value {
    let name = text(&exchange.resource.name);
    let by = if name.is_empty() || name.starts_with("amq.") { "rmq-internal" } else { "guest" };
    json!({
        "arguments": from_table(&exchange.arguments), "auto_delete": exchange.auto_delete, "durable": exchange.durable,
        "internal": exchange.internal, "name": name,
        "type": exchange.exchange_type.name(), "user_who_performed_action": by, "vhost": text(&exchange.resource.vhost),
    })
}

/// A binding, as far as calls look for one.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its virtual host.
    pub vhost: String,
    /// The exchange where it starts.
    pub source: String,
    /// Where it ends.
    pub destination: String,
    /// Whether that is a queue.
    pub to_queue: bool,
}

/// The bindings that are wanted: every queue is bound to the default exchange, too.
pub fn bindings(node: &Node, is_wanted: impl Fn(&Link) -> bool) -> Vec<Value> {
    let mut shown = Vec::new();
    node.read(|broker| {
        for queue in broker.queues() {
            let (vhost, name) = (text(&queue.resource.vhost), text(&queue.resource.name));
            let link = Link { vhost, source: String::new(), destination: name.clone(), to_queue: true };
            if is_wanted(&link) {
                shown.push(of_binding(&link, &name, json!({}), &properties_key(&queue.resource.name, None)));
            }
        }
        for exchange in broker.exchanges() {
            for binding in exchange.all_bindings() {
                let (destination, to_queue) = match &binding.destination {
                    Destination::Queue(name) => (text(name), true),
                    Destination::Exchange(name) => (text(name), false),
                };
                let (vhost, source) = (text(&exchange.resource.vhost), text(&exchange.resource.name));
                let link = Link { vhost, source, destination, to_queue };
                if is_wanted(&link) {
                    let key = properties_key(&binding.key, Some(binding));
                    shown.push(of_binding(&link, &text(&binding.key), from_table(&binding.arguments), &key));
                }
            }
        }
    });
    shown
}

fn of_binding(link: &Link, key: &str, arguments: Value, properties_key: &str) -> Value {
    json!({
        "source": link.source, "vhost": link.vhost, "destination": link.destination,
        "destination_type": if link.to_queue { "queue" } else { "exchange" }, "routing_key": key, "arguments": arguments,
        "properties_key": properties_key,
    })
}

/// The name of a binding among those of the same two ends: its key, and a digest of its arguments if it has any. RabbitMQ's digest is
/// another one; nobody but the server can know either.
pub fn properties_key(key: &Bytes, binding: Option<&Binding>) -> String {
    let key = utf8_percent_encode(&key.text(), ESCAPED).to_string();
    match binding.filter(|binding| !binding.arguments.is_empty()) {
        Some(binding) => format!("{key}~{:x}", stable_hash(&binding.arguments)),
        None if key.is_empty() => "~".to_string(),
        None => key,
    }
}

/// Whether a binding is the one of this name; a path holds it decoded.
pub fn has_key(binding: &Value, key: &str) -> bool {
    let name = binding["properties_key"].as_str().unwrap_or_default();
    name == key || percent_encoding::percent_decode_str(name).decode_utf8_lossy() == key
}

/// Connections of clients.
pub fn connections(node: &Node) -> Vec<Value> {
    node.read(|broker| broker.connections().filter_map(|connection| of_connection(node, connection)).collect())
}

/// One connection by its name.
pub fn connection(node: &Node, name: &str) -> Option<Value> {
    connections(node).into_iter().find(|connection| connection["name"] == *name)
}

fn of_connection(node: &Node, connection: &Connection) -> Option<Value> {
    let peer = node.peer(connection.id)?;
    let about = peer.about.borrow();
    let (client, host) = about.addresses?;
    let properties = from_table(&about.client_properties);
    let user = text(&connection.user);
    Some(json!({
        "auth_mechanism": text(&about.mechanism), "channel_max": connection.capabilities.channel_max,
        "channels": connection.channels.len(), "client_properties": properties, "connected_at": about.connected_at,
        "frame_max": peer.frame_max.get(), "host": host.ip().to_string(), "name": about.name(), "node": NODE,
        "peer_host": client.ip().to_string(), "peer_port": client.port(), "port": host.port(), "protocol": "AMQP 0-9-1",
        "send_pend": peer.waiting(), "ssl": false, "state": if connection.closing { "closing" } else { "running" },
        "timeout": about.heartbeat, "type": "network", "user": user, "user_provided_name": properties.get("connection_name"),
        "user_who_performed_action": user, "vhost": text(&connection.vhost),
    }))
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
            shown.extend(
                one.channels.iter().map(|(number, channel)| of_channel(one, (&name, &details), *number, channel)),
            );
        }
    });
    shown
}

fn of_channel(connection: &Connection, (name, details): (&str, &Value), number: u16, channel: &Channel) -> Value {
    let user = text(&connection.user);
    json!({
        "acks_uncommitted": channel.transaction.as_ref().map_or(0, |tx| tx.settlements.len()), "confirm": channel.confirms,
        "connection_details": details, "consumer_count": channel.consumers.len(),
        "global_prefetch_count": channel.limiter.prefetch_count, "messages_unacknowledged": channel.unacked.len(),
        "messages_uncommitted": channel.transaction.as_ref().map_or(0, |tx| tx.publishes.len()), "messages_unconfirmed": 0,
        "name": format!("{name} ({number})"), "node": NODE, "number": number, "prefetch_count": channel.prefetch_count,
        "state": "running", "transactional": channel.transaction.is_some(), "user": user, "user_who_performed_action": user,
        "vhost": text(&connection.vhost),
    })
}
