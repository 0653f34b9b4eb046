//! RabbitMQ's firehose: in a virtual host that is traced, what clients publish and what they get is told to the exchange
//! `amq.rabbitmq.trace` as well, with the keys `publish.EXCHANGE` and `deliver.QUEUE`.

use std::collections::BTreeSet;
use warren_sim::amqp::broker::{Broker, Out};
use warren_sim::amqp::event::{ChannelRef, Event, Resource};
use warren_sim::amqp::method::{Content, Frame, Method, Properties};
use warren_sim::amqp::value::{Table, Value};
use warren_sim::bytes::Bytes;

use super::node::CLUSTER;

/// Where it is told.
const EXCHANGE: &str = "amq.rabbitmq.trace";

/// What is traced, and what is to be told.
#[derive(Debug, Default)]
pub struct Trace {
    /// The virtual hosts that are traced.
    pub vhosts: BTreeSet<Bytes>,
    /// What a client is publishing.
    incoming: Option<Content>,
    noted: Vec<Event>,
}

/// A message about a message.
#[derive(Debug)]
pub struct Told {
    /// The exchange that it goes to.
    pub exchange: Resource,
    /// Its routing key.
    pub routing_key: Bytes,
    /// What it says.
    pub content: Content,
}

impl Trace {
    /// A method has come from a client.
    pub fn incoming(&mut self, frame: &Frame) {
        if !self.vhosts.is_empty() && matches!(frame.method, Method::BasicPublish(_)) {
            self.incoming.clone_from(&frame.content);
        }
    }

    /// Something happened.
    pub fn note(&mut self, event: &Event) {
        let matters = matches!(
            event,
            Event::Published { .. } | Event::Routed { .. } | Event::Delivered { .. } | Event::Got { .. }
        );
        if matters && !self.vhosts.is_empty() {
            self.noted.push(event.clone());
        }
    }

    /// What is told of all that was noted. `out` holds what clients are about to get; `name` knows connections by their names.
    pub fn tell(&mut self, broker: &Broker, out: &[Out], name: impl Fn(ChannelRef) -> String) -> Vec<Told> {
        let (mut told, mut publisher) = (Vec::new(), None);
        for event in std::mem::take(&mut self.noted) {
            let one = match event {
                Event::Published { channel, .. } => {
                    publisher = Some(channel);
                    None
                }
                // What follows without a publisher is a dead letter.
                Event::Routed { exchange, queues, keys, .. } => publisher.take().and_then(|at| {
                    let content = self.incoming.take()?;
                    let routed = Some(texts(&if exchange.name.is_empty() { usort(&keys) } else { queues }));
                    let routing_key = format!("publish.{}", exchange.name.text());
                    Some(Seen { at, exchange: exchange.name, keys, content, routing_key, redelivered: None, routed })
                }),
                Event::Delivered { queue, consumer: at, delivery_tag, redelivered, .. } => {
                    got(out, at.channel, delivery_tag, &queue, redelivered)
                }
                Event::Got { queue, channel, delivery_tag, redelivered, .. } => {
                    got(out, channel, delivery_tag, &queue, redelivered)
                }
                _ => None,
            };
            let Some(Seen { at, exchange, keys, content, routing_key, redelivered, routed }) = one else { continue };
            let Some(connection) = broker.find_connection(at.connection) else { continue };
            if !self.vhosts.contains(&connection.vhost) || *exchange == *EXCHANGE.as_bytes() {
                continue;
            }
            let about = [
                ("exchange_name", Value::LongStr(exchange)),
                ("routing_keys", texts(&keys)),
                ("properties", Value::Table(Box::new(table(content.properties)))),
                ("node", Value::LongStr(Bytes::from(CLUSTER))),
            ];
            let first = redelivered.map(|redelivered| ("redelivered", Value::I32(redelivered.into())));
            let who = [
                ("vhost", Value::LongStr(connection.vhost.clone())),
                ("connection", Value::LongStr(Bytes::from(name(at).as_str()))),
                ("channel", Value::I32(at.channel.into())),
                ("user", Value::LongStr(connection.user.clone())),
            ];
            let last = routed.map(|routed| ("routed_queues", routed));
            let fields = about.into_iter().chain(first).chain(who).chain(last);
            let headers = Table(fields.map(|(name, value)| (Bytes::from(name), value)).collect());
            let properties = Properties { headers: Some(headers), ..Properties::default() };
            told.push(Told {
                exchange: Resource { vhost: connection.vhost.clone(), name: Bytes::from(EXCHANGE) },
                routing_key: Bytes::from(routing_key.as_str()),
                content: Content { properties, body: content.body },
            });
        }
        told
    }
}

/// What was noted, with all that is told of it.
struct Seen {
    at: ChannelRef,
    exchange: Bytes,
    keys: Vec<Bytes>,
    content: Content,
    routing_key: String,
    /// Of what is delivered.
    redelivered: Option<bool>,
    /// Of what is published.
    routed: Option<Value>,
}

/// What is told of a message that a client gets.
fn got(out: &[Out], at: ChannelRef, tag: u64, queue: &Resource, redelivered: bool) -> Option<Seen> {
    let (exchange, routing_key, content) = out.iter().find_map(|out| {
        let Out::Frame { connection, channel, frame, .. } = out else { return None };
        if (*connection, *channel) != (at.connection, at.channel) {
            return None;
        }
        match &frame.method {
            Method::BasicDeliver(m) if m.delivery_tag == tag => {
                Some((&m.exchange, &m.routing_key, frame.content.clone()?))
            }
            Method::BasicGetOk(m) if m.delivery_tag == tag => {
                Some((&m.exchange, &m.routing_key, frame.content.clone()?))
            }
            _ => None,
        }
    })?;
    let mut keys = vec![routing_key.clone()];
    if let Some(Value::Array(more)) = content.properties.headers.as_ref().and_then(|headers| headers.get("CC")) {
        keys.extend(more.iter().filter_map(Value::as_long_str).cloned());
    }
    let routing_key = format!("deliver.{}", queue.name.text());
    let exchange = exchange.clone();
    Some(Seen { at, exchange, keys, content, routing_key, redelivered: Some(redelivered), routed: None })
}

fn usort(keys: &[Bytes]) -> Vec<Bytes> {
    keys.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

fn texts(all: &[Bytes]) -> Value {
    Value::Array(all.iter().cloned().map(Value::LongStr).collect())
}

/// The properties as RabbitMQ tells them: the last one first, numbers as signed ones of 32 bits.
fn table(p: Properties) -> Table {
    let text = |text: Option<Bytes>| text.map(Value::LongStr);
    let number = |number: Option<u8>| number.map(|number| Value::I32(number.into()));
    let headers = p.headers.map(|mut headers| {
        headers.0.retain(|(name, _)| *name != "BCC");
        Value::Table(Box::new(headers))
    });
    let fields = [
        ("cluster_id", text(p.cluster_id)),
        ("app_id", text(p.app_id)),
        ("user_id", text(p.user_id)),
        ("type", text(p.type_)),
        ("timestamp", p.timestamp.map(|seconds| Value::I32(seconds as i32))),
        ("message_id", text(p.message_id)),
        ("expiration", text(p.expiration)),
        ("reply_to", text(p.reply_to)),
        ("correlation_id", text(p.correlation_id)),
        ("priority", number(p.priority)),
        ("delivery_mode", number(p.delivery_mode)),
        ("headers", headers),
        ("content_encoding", text(p.content_encoding)),
        ("content_type", text(p.content_type)),
    ];
    Table(fields.into_iter().filter_map(|(name, value)| Some((Bytes::from(name), value?))).collect())
}
