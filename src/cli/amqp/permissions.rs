//! What a user may do in a virtual host: RabbitMQ asks for configure, write and read, each a pattern of names, before it does what a
//! method says (RabbitMQ documentation, "Access Control").

use warren_sim::amqp::broker::{Broker, Cx};
use warren_sim::amqp::error::{self, Refusal};
use warren_sim::amqp::event::{ChannelRef, Resource};
use warren_sim::amqp::exchange::ExchangeType;
use warren_sim::amqp::method::Method;
use warren_sim::amqp::policy::pattern::Pattern;
use warren_sim::amqp::value::{Table, Value};
use warren_sim::bytes::Bytes;

use super::node::Node;
use super::settings;

/// What may be asked for; the number is the pattern's place in the user's permissions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Right {
    Configure,
    Write,
    Read,
}

/// The kind of thing that has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Exchange,
    Queue,
}

/// One right to one thing.
type Need = (Right, Kind, Bytes);

/// What is said to a method that its user may not use; none where all is well, and where the broker itself has something to say first.
pub fn refusal(node: &Node, user: &Bytes, at: ChannelRef, method: &Method) -> Option<Refusal> {
    let vhost = node.read(|broker| broker.find_connection(at.connection).map(|c| c.vhost.clone()))?;
    let (patterns, has_topics) = {
        let all = node.users.all.borrow();
        let user = all.get(user);
        // A permission that was taken away leaves nothing.
        let patterns = user.and_then(|user| user.permissions.get(&vhost)).cloned().unwrap_or_default();
        (patterns, user.is_some_and(|user| !user.topics.is_empty()))
    };
    let named = match patterns.iter().all(|pattern| pattern == ".*") {
        true => None,
        false => name_refusal(node, user, (at, &vhost), &patterns, method),
    };
    named.or_else(|| has_topics.then(|| topic_refusal(node, user, &vhost, method)).flatten()).or_else(|| match method {
        Method::QueueDeclare(m) if !m.passive => {
            settings::queue_refusal(node, &Resource { vhost, name: m.queue.clone() })
        }
        _ => None,
    })
}

fn name_refusal(
    node: &Node,
    user: &Bytes,
    (at, vhost): (ChannelRef, &Bytes),
    patterns: &[String; 3],
    method: &Method,
) -> Option<Refusal> {
    let needs = node.with(|broker, cx| needs(broker, cx, at, vhost, method));
    let (_, kind, name) = needs.into_iter().find(|(right, kind, name)| {
        let name = if *kind == Kind::Exchange && name.is_empty() { &b"amq.default"[..] } else { name };
        !matches(&patterns[*right as usize], name)
    })?;
    Some(error::no_permission(kind == Kind::Exchange, &Resource { vhost: vhost.clone(), name }, user))
}

/// What a user's patterns for the routing keys of a topic exchange refuse; an exchange without any is open.
fn topic_refusal(node: &Node, user: &Bytes, vhost: &Bytes, method: &Method) -> Option<Refusal> {
    let (right, exchange, key) = match method {
        Method::BasicPublish(m) => (0, &m.exchange, &m.routing_key),
        Method::QueueBind(m) => (1, &m.exchange, &m.routing_key),
        Method::QueueUnbind(m) => (1, &m.exchange, &m.routing_key),
        Method::ExchangeBind(m) => (1, &m.source, &m.routing_key),
        Method::ExchangeUnbind(m) => (1, &m.source, &m.routing_key),
        // No other method has a routing key that a user chooses.
        _ => return None,
    };
    let resource = Resource { vhost: vhost.clone(), name: exchange.clone() };
    let is_topic = node.read(|broker| {
        broker.find_exchange(&resource).is_some_and(|exchange| exchange.exchange_type == ExchangeType::Topic)
    });
    let all = node.users.all.borrow();
    let patterns = all.get(user)?.topics.get(&(vhost.clone(), exchange.clone())).filter(|_| is_topic)?;
    let pattern = patterns[right].replace("{username}", &user.text()).replace("{vhost}", &vhost.text());
    if matches(&pattern, key) || pattern.is_empty() && key.is_empty() {
        return None;
    }
    Some(error::no_topic_permission(key, &resource, user))
}

/// The empty pattern matches nothing, as in RabbitMQ. One that cannot be read was refused when it was set.
fn matches(pattern: &str, name: &[u8]) -> bool {
    !pattern.is_empty() && Pattern::parse(pattern.as_bytes()).is_ok_and(|pattern| pattern.matches(name))
}

/// What a method asks for, in the order of `rabbit_channel`.
fn needs(broker: &Broker, cx: &mut Cx<'_>, at: ChannelRef, vhost: &Bytes, method: &Method) -> Vec<Need> {
    use Kind::{Exchange, Queue};
    use Right::{Configure, Read, Write};
    let exchange = |right: Right, name: &Bytes| (right, Exchange, name.clone());
    let queue = |right: Right, name: &Bytes| {
        let name = broker.meant_queue(at, name).map_or_else(Bytes::default, |queue| queue.name);
        (right, Queue, name)
    };
    let resource = |name: &Bytes| Resource { vhost: vhost.clone(), name: name.clone() };
    let is_system = |name: &Bytes| name.starts_with(b"amq.");
    match method {
        Method::ExchangeDeclare(m) if !m.passive && !m.exchange.is_empty() => {
            let is_new = broker.find_exchange(&resource(&m.exchange)).is_none();
            let alternate = long_str(&m.arguments, "alternate-exchange").filter(|_| is_new);
            let more = alternate.into_iter().flat_map(|to| [exchange(Read, &m.exchange), exchange(Write, to)]);
            [exchange(Configure, &m.exchange)].into_iter().chain(more).collect()
        }
        Method::ExchangeDelete(m) if !m.exchange.is_empty() && !is_system(&m.exchange) => {
            vec![exchange(Configure, &m.exchange)]
        }
        Method::ExchangeBind(m) => between(exchange(Write, &m.destination), exchange(Read, &m.source)),
        Method::ExchangeUnbind(m) => between(exchange(Write, &m.destination), exchange(Read, &m.source)),
        Method::QueueDeclare(m) if !m.passive => {
            let is_new = broker.find_queue(&resource(&m.queue)).is_none();
            if is_new && is_system(&m.queue) {
                return Vec::new();
            }
            // RabbitMQ makes the name up before it asks whether it may be made.
            let name = if m.queue.is_empty() { cx.made_up_name("amq.gen-") } else { m.queue.clone() };
            let dead_letters = long_str(&m.arguments, "x-dead-letter-exchange").filter(|_| is_new);
            let more = dead_letters.into_iter().flat_map(|to| [(Read, Queue, name.clone()), exchange(Write, to)]);
            [(Configure, Queue, name.clone())].into_iter().chain(more).collect()
        }
        Method::QueueDelete(m) => vec![queue(Configure, &m.queue)],
        Method::QueuePurge(m) => vec![queue(Read, &m.queue)],
        Method::QueueBind(m) => between(queue(Write, &m.queue), exchange(Read, &m.exchange)),
        Method::QueueUnbind(m) => between(queue(Write, &m.queue), exchange(Read, &m.exchange)),
        Method::BasicPublish(m) => vec![exchange(Write, &m.exchange)],
        Method::BasicGet(m) => vec![queue(Read, &m.queue)],
        Method::BasicConsume(m) if *m.queue != *b"amq.rabbitmq.reply-to" => vec![queue(Read, &m.queue)],
        // The other methods ask for nothing, or for what was asked for before.
        _ => Vec::new(),
    }
}

/// Nothing is bound to the default exchange, and nobody needs a right to hear so.
fn between(destination: Need, source: Need) -> Vec<Need> {
    let is_default = |need: &Need| need.1 == Kind::Exchange && need.2.is_empty();
    if is_default(&destination) || is_default(&source) { Vec::new() } else { vec![destination, source] }
}

fn long_str<'a>(arguments: &'a Table, name: &str) -> Option<&'a Bytes> {
    arguments.get(name).and_then(Value::as_long_str)
}
