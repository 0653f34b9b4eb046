//! `window.warren.why(messageId)`: what [`warren_sim::why`] knows of a message, as plain objects.

use serde::Serialize;
use warren_sim::{
    amqp::{
        event::{Event as Amqp, FailedHeader, MessageId},
        text::print_value,
        value::Value,
    },
    bytes::Bytes,
    why::{self, Copy, Death, Judged, Routing},
};
use wasm_bindgen::JsValue;

use super::{Answer, Shared, error, number, plain, shown};

#[derive(Serialize)]
struct WhyRow {
    message: u32,
    way: Vec<StationRow>,
    routings: Vec<RoutingRow>,
    copies: Vec<CopyRow>,
}

#[derive(Serialize)]
struct StationRow {
    event: u32,
    at_ms: u64,
    kind: &'static str,
    place: String,
    reason: &'static str,
    delivery_tag: Option<u64>,
}

#[derive(Serialize)]
struct RoutingRow {
    event: u32,
    exchange: String,
    keys: Vec<String>,
    decisions: Vec<DecisionRow>,
    untold_matched: u32,
    untold_others: u32,
    queues: Vec<String>,
}

#[derive(Serialize)]
struct DecisionRow {
    exchange: String,
    exchange_type: Option<&'static str>,
    destination: String,
    to_exchange: bool,
    binding_key: String,
    matched: bool,
    words: Vec<WordRow>,
    wanted: Option<String>,
    found: Option<String>,
    headers: Vec<HeaderRow>,
}

#[derive(Serialize)]
struct HeaderRow {
    header: String,
    wanted: Option<String>,
    found: Option<String>,
}

#[derive(Serialize)]
struct WordRow {
    word: String,
    took: Vec<String>,
}

#[derive(Serialize)]
struct CopyRow {
    queue: String,
    position: Option<u32>,
    held_by: Option<String>,
    delivery_tag: Option<u64>,
    since_ms: u64,
    expires_ms: Option<u64>,
    because: u32,
    deaths: Vec<DeathRow>,
}

#[derive(Serialize)]
struct DeathRow {
    count: i64,
    reason: String,
    queue: String,
    exchange: String,
    keys: Vec<String>,
}

pub(super) fn why(session: &Shared, arguments: &[JsValue]) -> Answer {
    let id = number(&arguments[0], 0, "messageId")?;
    let Some(found) = why::why(&session.borrow(), MessageId(id)) else {
        return Err(error(&format!("nothing has happened to a message {id} so far")));
    };
    plain(&WhyRow {
        message: id,
        way: found.way.iter().map(|(event, at_ms, happened)| station(*event, *at_ms, happened)).collect(),
        routings: found.routings.iter().map(routing).collect(),
        copies: found.copies.iter().map(copy).collect(),
    })
}

fn station(event: u32, at_ms: u64, happened: &Amqp) -> StationRow {
    let (mut place, mut reason, mut delivery_tag) = (String::new(), "", None);
    match happened {
        Amqp::Published { exchange, .. } | Amqp::Routed { exchange, .. } | Amqp::Unroutable { exchange, .. } => {
            place = shown(&exchange.name);
        }
        Amqp::Delivered { queue, delivery_tag: tag, .. }
        | Amqp::Got { queue, delivery_tag: tag, .. }
        | Amqp::Acked { queue, delivery_tag: tag, .. } => (place, delivery_tag) = (shown(&queue.name), Some(*tag)),
        Amqp::Requeued { queue, reason: why, .. } => (place, reason) = (shown(&queue.name), why::requeue_word(*why)),
        Amqp::Lost { queue, reason: why, .. } | Amqp::DeadLettered { queue, reason: why, .. } => {
            (place, reason) = (shown(&queue.name), why::loss_word(*why));
        }
        Amqp::Enqueued { queue, .. } | Amqp::Recovered { queue, .. } => place = shown(&queue.name),
        _ => {} // The others are about no message.
    }
    StationRow { event, at_ms, kind: happened.kind(), place, reason, delivery_tag }
}

fn all(names: &[Bytes]) -> Vec<String> {
    names.iter().map(shown).collect()
}

fn routing(routing: &Routing) -> RoutingRow {
    RoutingRow {
        event: routing.event,
        exchange: shown(&routing.exchange.name),
        keys: all(&routing.keys),
        decisions: routing.judged.iter().map(decision).collect(),
        untold_matched: routing.untold.matched,
        untold_others: routing.untold.others,
        queues: all(&routing.queues),
    }
}

fn decision(judged: &Judged) -> DecisionRow {
    let words = judged.words.clone().unwrap_or_default();
    let (wanted, found) = words.failed.unwrap_or_default();
    DecisionRow {
        exchange: shown(&judged.exchange),
        exchange_type: judged.exchange_type.map(|exchange_type| exchange_type.name()),
        destination: shown(&judged.destination),
        to_exchange: judged.to_exchange,
        binding_key: shown(&judged.binding_key),
        matched: judged.matched,
        words: words.taken.iter().map(|(word, took)| WordRow { word: shown(word), took: all(took) }).collect(),
        wanted: wanted.as_ref().map(shown),
        found: found.as_ref().map(shown),
        headers: judged.headers.iter().map(header).collect(),
    }
}

/// Nothing is wanted where any value would do.
fn header(failed: &FailedHeader) -> HeaderRow {
    HeaderRow {
        header: shown(&failed.header),
        wanted: (failed.wanted != Value::Void).then(|| print_value(&failed.wanted)),
        found: failed.found.as_ref().map(print_value),
    }
}

fn copy(copy: &Copy) -> CopyRow {
    CopyRow {
        queue: shown(&copy.queue.name),
        position: copy.position,
        held_by: copy.held_by.as_ref().map(|(name, _)| shown(name)),
        delivery_tag: copy.held_by.as_ref().map(|(_, tag)| *tag),
        since_ms: copy.since_ms,
        expires_ms: copy.expires_ms,
        because: copy.because,
        deaths: copy.deaths.iter().map(death).collect(),
    }
}

fn death(death: &Death) -> DeathRow {
    DeathRow {
        count: death.count,
        reason: shown(&death.reason),
        queue: shown(&death.queue),
        exchange: shown(&death.exchange),
        keys: all(&death.keys),
    }
}
