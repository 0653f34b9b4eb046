//! Queues and their consumers as RabbitMQ's management shows them.

use serde_json::{Map, Value, json};
use warren_sim::amqp::arguments::QueueType;
use warren_sim::amqp::queue::{Consumer, Queue};
use warren_sim::bytes::Bytes;

use super::clients::{collector, details};
use super::route::Call;
use super::show::{NODE, counted, moment, text};
use super::table::from_table;
use crate::amqp::node::Node;

/// The queues of a virtual host, or all.
pub fn queues(call: &Call<'_>, vhost: Option<&str>) -> Vec<Value> {
    call.node.read(|broker| {
        let wanted = broker.queues().filter(|queue| vhost.is_none_or(|vhost| queue.resource.vhost == *vhost));
        let shown = wanted.map(|queue| match call.is_asked("disable_stats") {
            true => basic(queue, true, call.is_asked("enable_queue_totals")),
            false => of_queue(call.node, queue),
        });
        shown.collect()
    })
}

/// Whether there is a queue.
pub fn is_there(node: &Node, vhost: &str, name: &str) -> bool {
    node.read(|broker| broker.queues().any(|queue| queue.resource.vhost == *vhost && queue.resource.name == *name))
}

/// One queue, with its consumers.
pub fn queue(call: &Call<'_>, vhost: &str, name: &str) -> Option<Value> {
    let node = call.node;
    node.read(|broker| {
        let queue = broker.queues().find(|queue| queue.resource.vhost == *vhost && queue.resource.name == *name)?;
        if call.is_asked("disable_stats") {
            return Some(basic(queue, false, false));
        }
        let mut shown = of_queue(node, queue);
        if let Some(owner) = queue.exclusive.and_then(|id| node.peer(id)) {
            let about = owner.about.borrow();
            shown["owner_pid_details"] = details(&about.name(), &about.addresses);
        }
        let consumers: Vec<Value> =
            queue.consumers.values().map(|consumer| of_consumer(node, queue, consumer)).collect();
        shown["consumer_details"] = consumers.into();
        shown["deliveries"] = json!([]);
        shown["incoming"] = json!([]);
        Some(shown)
    })
}

fn kind(queue: &Queue) -> &'static str {
    match queue.settings.queue_type {
        QueueType::Classic => "classic",
        QueueType::Quorum => "quorum",
        QueueType::Stream => "stream",
    }
}

/// Without statistics. One by itself is told of without its policy and without totals.
fn basic(queue: &Queue, is_listed: bool, with_totals: bool) -> Value {
    let kind_of = queue.settings.queue_type;
    let mut shown = json!({
        "arguments": from_table(&queue.arguments), "auto_delete": queue.auto_delete, "durable": queue.durable,
        "exclusive": queue.exclusive.is_some(), "name": text(&queue.resource.name),
        "state": if with_totals { "running" } else { "live" }, "type": kind(queue), "vhost": text(&queue.resource.vhost),
    });
    if kind_of == QueueType::Quorum {
        shown["leader"] = NODE.into();
        shown["members"] = json!([NODE]);
        shown["online"] = json!([NODE]);
    } else if kind_of == QueueType::Classic || !with_totals {
        shown["node"] = NODE.into();
    }
    if with_totals && kind_of == QueueType::Stream {
        shown["totals"] = Value::Null;
        shown["type_specific"] = Value::Null;
    } else if with_totals {
        let (ready, unacked) = (queue.ready.len(), queue.unacked.len());
        shown["messages"] = (ready + unacked).into();
        shown["messages_ready"] = ready.into();
        shown["messages_unacknowledged"] = unacked.into();
    }
    if with_totals && kind_of != QueueType::Classic {
        shown["exclusive"] = Value::Null;
    }
    if let Some(policy) = queue.applied.policy.as_ref().filter(|_| is_listed) {
        shown["policy"] = text(policy).into();
    }
    shown
}

fn of_queue(node: &Node, queue: &Queue) -> Value {
    let counts = node.ledger(|ledger| ledger.queue(&queue.resource));
    let (ready, unacked) = (queue.ready.len(), queue.unacked.len());
    let name = |name: &Option<Bytes>| name.as_ref().map(text);
    let mut shown = json!({
        "arguments": from_table(&queue.arguments), "auto_delete": queue.auto_delete, "consumers": queue.consumers.len(),
        "durable": queue.durable, "effective_policy_definition": from_table(&queue.applied.definition),
        "exclusive": queue.exclusive.is_some(), "garbage_collection": collector(), "memory": memory(queue),
        "messages": ready + unacked, "messages_details": {"rate": 0.0}, "messages_ready": ready,
        "messages_ready_details": {"rate": 0.0}, "messages_unacknowledged": unacked,
        "messages_unacknowledged_details": {"rate": 0.0}, "name": text(&queue.resource.name), "node": NODE,
        "operator_policy": name(&queue.applied.operator), "policy": name(&queue.applied.policy), "reductions": 0,
        "reductions_details": {"rate": 0.0}, "state": "running", "type": kind(queue), "vhost": text(&queue.resource.vhost),
    });
    let Value::Object(fields) = &mut shown else { return shown };
    let more = match queue.settings.queue_type {
        QueueType::Classic => classic(queue),
        QueueType::Quorum => quorum(queue),
        QueueType::Stream => json!({"members": [NODE], "online": [NODE], "readers": {NODE: queue.consumers.len()}}),
    };
    fields.extend(more.as_object().cloned().unwrap_or_default());
    if counts.last_ms > 0 && queue.settings.queue_type == QueueType::Classic {
        fields.insert("idle_since".to_string(), moment(counts.last_ms).into());
    }
    let stats = counted(counts.of_queue());
    if !stats.is_empty() {
        fields.insert("message_stats".to_string(), stats.into());
    }
    fields.sort_keys();
    shown
}

/// Bytes of the bodies of what was delivered and is not acknowledged.
fn unacked_bytes(queue: &Queue) -> u64 {
    queue.unacked.values().map(|unacked| unacked.held.message.body.len() as u64).sum()
}

fn memory(queue: &Queue) -> u64 {
    queue.ready_bytes + unacked_bytes(queue)
}

/// How many copies are persistent, and the bytes of their bodies.
fn persistent(queue: &Queue) -> (u64, u64) {
    let held = queue.ready.values().chain(queue.unacked.values().map(|unacked| &unacked.held));
    let kept = held.filter(|held| held.message.properties.delivery_mode == Some(2));
    kept.fold((0, 0), |(count, bytes), held| (count + 1, bytes + held.message.body.len() as u64))
}

/// What both types that keep messages one by one tell of them.
fn bytes(queue: &Queue) -> Map<String, Value> {
    let (in_flight, busy) = (unacked_bytes(queue), f64::from(u8::from(!queue.consumers.is_empty())));
    // A queue without consumers has the number 0 there, not a fraction.
    let capacity = if queue.consumers.is_empty() { json!(0) } else { json!(busy) };
    let shown = json!({
        "consumer_capacity": capacity, "consumer_utilisation": capacity, "message_bytes": queue.ready_bytes + in_flight,
        "message_bytes_ram": queue.ready_bytes + in_flight, "message_bytes_ready": queue.ready_bytes,
        "message_bytes_unacknowledged": in_flight, "messages_ram": queue.ready.len() + queue.unacked.len(),
    });
    shown.as_object().cloned().unwrap_or_default()
}

fn classic(queue: &Queue) -> Value {
    let tag_of = |id: Option<u32>| id.and_then(|id| queue.consumers.get(&id)).map(|consumer| text(&consumer.at.tag));
    let single = queue.settings.single_active_consumer;
    let (kept, kept_bytes) = match queue.durable {
        true => persistent(queue),
        false => (0, 0),
    };
    let oldest = queue.ready.values().next().and_then(|held| held.message.properties.timestamp);
    let (ready, unacked) = (queue.ready.len(), queue.unacked.len());
    let (mode, next) = (
        queue.arguments.get("x-queue-mode").and_then(warren_sim::amqp::value::Value::as_long_str),
        queue.last_sequence,
    );
    let mut status = json!({
        "avg_ack_egress_rate": 0.0, "avg_ack_ingress_rate": 0.0, "avg_egress_rate": 0.0, "avg_ingress_rate": 0.0,
        "delta": ["delta", "undefined", 0, 0, "undefined"], "len": ready, "mode": mode.map_or("default".to_string(), text),
        "next_deliver_seq_id": next.saturating_sub(ready as u64), "next_seq_id": next, "q1": 0, "q2": 0, "q3": 0, "q4": ready,
        "target_ram_count": "infinity", "version": 1,
    });
    if let Some(max) = queue.settings.max_priority {
        status["delta"] = json!(["delta", "todo", "todo", "todo", "todo"]);
        let mut lengths = vec![0_u64; usize::from(max) + 1];
        for place in queue.ready.keys() {
            lengths[usize::from(u8::MAX - place.rank).min(usize::from(max))] += 1;
        }
        let lengths: Map<_, _> = lengths.iter().enumerate().map(|(n, len)| (n.to_string(), (*len).into())).collect();
        status["priority_lengths"] = lengths.into();
    }
    let mut shown = json!({
        "backing_queue_status": status, "exclusive_consumer_tag": tag_of(queue.holder.filter(|_| !single)),
        "head_message_timestamp": oldest, "message_bytes_paged_out": 0, "message_bytes_persistent": kept_bytes,
        "messages_paged_out": 0, "messages_persistent": kept, "messages_ready_ram": ready, "messages_unacknowledged_ram": unacked,
        "recoverable_slaves": null, "single_active_consumer_tag": tag_of(queue.holder.filter(|_| single)),
    });
    shown.as_object_mut().into_iter().for_each(|fields| fields.extend(bytes(queue)));
    shown
}

fn quorum(queue: &Queue) -> Value {
    let tag_of = |id: u32| queue.consumers.get(&id).map(|consumer| text(&consumer.at.tag));
    let all = queue.ready.len() + queue.unacked.len();
    let mut shown = json!({
        "leader": NODE, "members": [NODE], "online": [NODE], "open_files": {NODE: 0}, "message_bytes_dlx": 0, "messages_dlx": 0,
        "message_bytes_persistent": queue.ready_bytes + unacked_bytes(queue), "messages_persistent": all,
        "single_active_consumer_ctag": queue.holder.and_then(tag_of),
    });
    shown.as_object_mut().into_iter().for_each(|fields| fields.extend(bytes(queue)));
    shown
}

/// The consumers of a virtual host, or all.
pub fn consumers(node: &Node, vhost: Option<&str>) -> Vec<Value> {
    node.read(|broker| {
        let wanted = broker.queues().filter(|queue| vhost.is_none_or(|vhost| queue.resource.vhost == *vhost));
        let all = wanted.flat_map(|queue| queue.consumers.values().map(move |consumer| (queue, consumer)));
        all.map(|(queue, consumer)| of_consumer(node, queue, consumer)).collect()
    })
}

/// The consumers of one channel.
pub fn consumers_of(node: &Node, channel: &str) -> Vec<Value> {
    consumers(node, None).into_iter().filter(|consumer| consumer["channel_details"]["name"] == *channel).collect()
}

fn of_consumer(node: &Node, queue: &Queue, consumer: &Consumer) -> Value {
    let at = consumer.at.channel;
    let about = node.peer(at.connection).map(|peer| peer.about.borrow().clone()).unwrap_or_default();
    let mut channel = details(&about.name(), &about.addresses);
    channel["connection_name"] = about.name().into();
    channel["name"] = format!("{} ({})", about.name(), at.channel).into();
    channel["node"] = NODE.into();
    channel["number"] = at.channel.into();
    channel["user"] = text(&about.user).into();
    let single = queue.settings.single_active_consumer;
    let stands_by =
        single && queue.holder.and_then(|id| queue.consumers.get(&id)).is_none_or(|holder| holder.at != consumer.at);
    json!({
        "arguments": from_table(&consumer.arguments), "ack_required": !consumer.no_ack, "active": !stands_by,
        "activity_status": if stands_by { "waiting" } else if single { "single_active" } else { "up" },
        "channel_details": channel, "consumer_tag": text(&consumer.at.tag), "exclusive": consumer.exclusive,
        "prefetch_count": consumer.prefetch_count,
        "queue": {"name": text(&queue.resource.name), "vhost": text(&queue.resource.vhost)},
    })
}
