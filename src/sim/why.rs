//! Why a message is where it is: its way, what every binding said and by which word, its deliveries, its deaths, and where its copies are now.
//!
//! All of it is read from the events of a run and its world; nothing is guessed.

use alloc::vec::Vec;

use crate::{
    amqp::{
        event::{ChannelRef, ConnectionId, Decision, Event as Amqp, FailedHeader},
        event::{LossReason, MessageId, RequeueReason, Resource, Untold},
        exchange::{
            ExchangeType, judge,
            topic::{self, Verdict},
        },
        message::{Held, Message},
        method::Properties,
        queue::Queue,
        value::{Table, Value},
    },
    bytes::Bytes,
    event::{Event, What},
    session::Session,
    world::World,
};

/// Bindings whose answers are listed for one routing, at most.
const JUDGED_MAX: usize = 10_000;

/// Everything that is known of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why {
    /// What happened to it, in order: the number of the event, when in virtual ms, and the event.
    pub way: Vec<(u32, u64, Amqp)>,
    /// Each time it was routed.
    pub routings: Vec<Routing>,
    /// Its copies that are in queues now.
    pub copies: Vec<Copy>,
}

/// One routing, by the exchange that the message was published to or died to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// The event's number.
    pub event: u32,
    /// The exchange.
    pub exchange: Resource,
    /// The routing keys, the first one first.
    pub keys: Vec<Bytes>,
    /// What each binding said, each with its reason: all of them, up to 10,000.
    pub judged: Vec<Judged>,
    /// How many are not listed.
    pub untold: Untold,
    /// The queues that got a copy.
    pub queues: Vec<Bytes>,
}

/// What one binding said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The exchange whose binding it is.
    pub exchange: Bytes,
    /// The type of that exchange; none when it is gone by now.
    pub exchange_type: Option<ExchangeType>,
    /// Where it leads.
    pub destination: Bytes,
    /// Whether that is an exchange.
    pub to_exchange: bool,
    /// The binding key.
    pub binding_key: Bytes,
    /// Whether it matched.
    pub matched: bool,
    /// For a topic exchange: word by word, for the key that matched or, where none did, for the first.
    pub words: Option<Verdict>,
    /// For a headers exchange: the arguments that the message's headers do not answer.
    pub headers: Vec<FailedHeader>,
}

/// A copy in a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copy {
    /// The queue.
    pub queue: Resource,
    /// From the head, from 1, if it is ready.
    pub position: Option<u32>,
    /// Who holds it and under which delivery tag, if it is delivered.
    pub held_by: Option<(Bytes, u64)>,
    /// When it joined the queue, in virtual ms.
    pub since_ms: u64,
    /// When it expires if it is at the head by then.
    pub expires_ms: Option<u64>,
    /// The event that brought it into this state.
    pub because: u32,
    /// Its history as a dead letter, the last death first.
    pub deaths: Vec<Death>,
}

/// One entry of `x-death`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Death {
    /// How often.
    pub count: i64,
    /// `rejected`, `expired`, `maxlen` or `delivery_limit`.
    pub reason: Bytes,
    /// In which queue.
    pub queue: Bytes,
    /// The exchange it had been published to.
    pub exchange: Bytes,
    /// With which keys.
    pub keys: Vec<Bytes>,
}

/// Why a message is where it is at the moment that the session looks at; none when no event so far is about it.
pub fn why(session: &Session, message: MessageId) -> Option<Why> {
    let (timeline, world) = (session.timeline(), session.world());
    let mut why = Why::default();
    for event in timeline.events(0, timeline.position()) {
        if let What::Amqp(happened) = &event.what
            && about(happened) == Some(message)
        {
            why.way.push((event.id, event.at_ms, happened.clone()));
            why.routings.extend(routing(event, happened, session));
        }
    }
    for queue in world.broker().queues() {
        why.copies.extend(copies(queue, message, world));
    }
    (!why.way.is_empty()).then_some(why)
}

/// The message that an event is about.
pub fn about(event: &Amqp) -> Option<MessageId> {
    match event {
        Amqp::Published { message, .. }
        | Amqp::Routed { message, .. }
        | Amqp::Unroutable { message, .. }
        | Amqp::Enqueued { message, .. }
        | Amqp::Delivered { message, .. }
        | Amqp::Got { message, .. }
        | Amqp::Acked { message, .. }
        | Amqp::Requeued { message, .. }
        | Amqp::Lost { message, .. }
        | Amqp::DeadLettered { message, .. }
        | Amqp::Recovered { message, .. } => Some(*message),
        _ => None, // What has no message: connections, topology, policies, the broker itself.
    }
}

/// What the event does not list, since there were too many bindings, is judged once more in the world as it was before.
fn judged_again(event: &Event, happened: &Amqp, session: &Session) -> Option<(Vec<Decision>, Untold)> {
    let Amqp::Routed { exchange, untold, keys, headers, message, .. } = happened else { return None };
    if *untold == Untold::default() {
        return None;
    }
    let world = session.timeline().world_at(session.timeline().step_of(event.id).checked_sub(1)?);
    let (_, vhost) = world.broker().vhosts().find(|(name, _)| **name == exchange.vhost)?;
    let start = vhost.exchanges.get(&exchange.name)?;
    let mut keys = keys.iter().cloned();
    let message = Message {
        id: *message,
        exchange: exchange.name.clone(),
        routing_key: keys.next()?,
        more_keys: keys.collect(),
        properties: Properties { headers: headers.as_deref().cloned(), ..Properties::default() },
        body: Bytes::default(),
        published_ms: event.at_ms,
        publisher: ChannelRef { connection: ConnectionId(0), channel: 0 },
    };
    Some(judge(&vhost.exchanges, &vhost.queues, start, &message, JUDGED_MAX))
}

fn routing(event: &Event, happened: &Amqp, session: &Session) -> Option<Routing> {
    let Amqp::Routed { exchange, decisions, untold, queues, keys, headers: _, message: _ } = happened else {
        return None;
    };
    let world = session.world();
    let (again, untold) =
        judged_again(event, happened, session).map_or((None, *untold), |(all, rest)| (Some(all), rest));
    let decisions = again.as_ref().unwrap_or(decisions);
    let judged = decisions.iter().map(|decision| {
        let resource = Resource { vhost: exchange.vhost.clone(), name: decision.exchange.clone() };
        let exchange_type = world.broker().find_exchange(&resource).map(|exchange| exchange.exchange_type);
        let words = (exchange_type == Some(ExchangeType::Topic)).then(|| {
            let mut verdicts = keys.iter().map(|key| topic::explain(&decision.binding_key, key));
            let first = verdicts.next().unwrap_or_default();
            if first.matched { first } else { verdicts.find(|verdict| verdict.matched).unwrap_or(first) }
        });
        Judged {
            exchange: decision.exchange.clone(),
            exchange_type,
            destination: decision.destination.clone(),
            to_exchange: decision.to_exchange,
            binding_key: decision.binding_key.clone(),
            matched: decision.matched,
            words,
            headers: decision.failed.clone(),
        }
    });
    Some(Routing {
        event: event.id,
        exchange: exchange.clone(),
        keys: keys.clone(),
        judged: judged.collect(),
        untold,
        queues: queues.clone(),
    })
}

fn copies<'a>(queue: &'a Queue, message: MessageId, world: &'a World) -> impl Iterator<Item = Copy> + 'a {
    let copy = |held: &Held| Copy {
        queue: queue.resource.clone(),
        position: None,
        held_by: None,
        since_ms: held.enqueued_ms,
        expires_ms: held.expires_ms,
        because: held.last_event,
        deaths: held.message.properties.headers.as_ref().map(deaths).unwrap_or_default(),
    };
    let ready = queue.ready().enumerate().filter(move |(_, held)| held.message.id == message);
    let ready = ready.map(move |(at, held)| Copy { position: Some(at as u32 + 1), ..copy(held) });
    let unacked = queue.unacked().filter(move |unacked| unacked.held.message.id == message);
    ready.chain(unacked.map(move |unacked| {
        let name = world.owner_name(unacked.channel.connection).cloned().unwrap_or_default();
        Copy { held_by: Some((name, unacked.delivery_tag)), ..copy(&unacked.held) }
    }))
}

/// The history that `x-death` tells.
pub fn deaths(headers: &Table) -> Vec<Death> {
    let Some(Value::Array(entries)) = headers.get("x-death") else { return Vec::new() };
    let entry = |value: &Value| {
        let Value::Table(table) = value else { return None };
        let text = |name| table.get(name).and_then(Value::as_long_str).cloned().unwrap_or_default();
        let keys = match table.get("routing-keys") {
            Some(Value::Array(keys)) => keys.iter().filter_map(Value::as_long_str).cloned().collect(),
            _ => Vec::new(),
        };
        let count = table.get("count").and_then(Value::as_int).unwrap_or(0);
        Some(Death { count, reason: text("reason"), queue: text("queue"), exchange: text("exchange"), keys })
    };
    entries.iter().filter_map(entry).collect()
}

/// The word for why a copy is gone, for scripts.
pub fn loss_word(reason: LossReason) -> &'static str {
    match reason {
        LossReason::Rejected => "rejected",
        LossReason::Purged => "purged",
        LossReason::QueueDeleted => "queue deleted",
        LossReason::Expired => "expired",
        LossReason::MaxLength => "queue full",
        LossReason::DeliveryLimit => "delivery limit",
        LossReason::Transient => "transient message, broker restarted",
        LossReason::QueueTransient => "transient queue, broker restarted",
    }
}

/// The word for why a copy came back, for scripts.
pub fn requeue_word(reason: RequeueReason) -> &'static str {
    match reason {
        RequeueReason::Rejected => "rejected",
        RequeueReason::Recovered => "recovered",
        RequeueReason::ChannelClosed => "channel closed",
        RequeueReason::ConnectionClosed => "connection closed",
        RequeueReason::BrokerStopped => "broker stopped",
    }
}
