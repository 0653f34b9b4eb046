//! A message: its way so far, where it is and why, and why it is not elsewhere. All of it is read from events.

mod elsewhere;

use warren_sim::{
    amqp::{
        event::{Event as Amqp, MessageId},
        exchange::ExchangeType,
        method::Content,
        queue::Queue,
        value::Value,
    },
    event::{Event, What},
    world::World,
};

use super::{InspectorView, Part, Station};
use crate::{
    panels::{
        contents,
        events::message_of,
        look::{self, HeldCopy},
    },
    say::{Teller, piece},
    text::fill,
};

pub(super) fn view(id: MessageId, teller: &Teller<'_>) -> InspectorView {
    let t = &teller.text().language.closed().details;
    let number = id.0.to_string();
    let mut view =
        InspectorView { title: fill(t.message_title, &[&number]), message: Some(id), ..InspectorView::default() };
    let timeline = teller.session().timeline();
    let about = |event: &&Event| message_of(&event.what) == Some(id);
    let events: Vec<&Event> = timeline.events(0, timeline.position()).iter().filter(about).collect();
    if events.is_empty() {
        view.subtitle = fill(t.message_unknown, &[&number]);
        return view;
    }
    let content = look::content(teller.session(), id);
    if let Some(content) = &content {
        view.subtitle = subtitle(content, id, teller);
        view.add(t.body, Part::Lines(vec![look::shown(&content.body, look::MAX_SHOWN).text]));
    }
    view.add(t.way, Part::Way(way(&events, teller)));
    view.add(t.now, Part::Sentences(now(id, &events, teller)));
    let elsewhere = elsewhere::sentences(id, teller);
    if !elsewhere.is_empty() {
        view.add(t.elsewhere, Part::Sentences(elsewhere));
    }
    let deaths = deaths(id, teller);
    if !deaths.is_empty() {
        view.add("x-death", Part::Sentences(deaths));
    }
    if let Some(content) = &content {
        let properties = contents::properties(&content.properties);
        let part = match properties.is_empty() {
            true => Part::Sentences(vec![t.no_properties.to_string()]),
            false => Part::Table(properties),
        };
        view.add(t.properties, part);
    }
    view
}

fn subtitle(content: &Content, id: MessageId, teller: &Teller<'_>) -> String {
    let t = &teller.text().language.closed().details;
    let size = fill(t.size, &[&content.body.len().to_string()]);
    let persistent = if content.properties.delivery_mode == Some(2) { t.persistent } else { t.transient };
    let world = teller.session().world();
    let again = world
        .broker()
        .queues()
        .flat_map(look::copies)
        .any(|copy| copy.held().message.id == id && copy.held().redelivered);
    let delivery = if again { t.redelivered } else { t.not_redelivered };
    [size.as_str(), persistent, delivery].join(teller.say().comma)
}

/// The stations of its way. Joining a queue is told by the routing that comes before it.
fn way(events: &[&Event], teller: &Teller<'_>) -> Vec<Station> {
    let timeline = teller.session().timeline();
    let mut stations: Vec<Station> = events
        .iter()
        .filter_map(|event| {
            let (sentence, note) = told(&event.what, teller)?;
            let mut note_parts = vec![teller.seconds(event.at_ms)];
            note_parts.extend(Some(note).filter(|note| !note.is_empty()));
            Some(Station {
                step: timeline.step_of(event.id),
                sentence,
                note: note_parts.join(" · "),
                last: false,
                trouble: matches!(event.what, What::Amqp(Amqp::Lost { .. } | Amqp::Unroutable { .. })),
            })
        })
        .collect();
    if let Some(last) = stations.last_mut() {
        last.last = true;
    }
    stations
}

/// What happened at a station, and why.
fn told(what: &What, teller: &Teller<'_>) -> Option<(String, String)> {
    let t = &teller.text().language.closed().details;
    let What::Amqp(event) = what else {
        return match what {
            What::FrameSent { connection, to_broker: true, .. } => {
                Some((fill(t.published, &[&teller.connection(*connection)]), String::new()))
            }
            _ => None,
        };
    };
    let none = String::new;
    match event {
        Amqp::Published { exchange, routing_key, .. } => {
            let sentence = match exchange.name.is_empty() {
                true => t.reached_default.to_string(),
                false => fill(t.reached, &[&piece(&exchange.name)]),
            };
            Some((sentence, fill(t.reached_note, &[&teller.key(routing_key)])))
        }
        Amqp::Routed { queues, .. } if queues.is_empty() => Some((t.routed_nowhere.to_string(), none())),
        Amqp::Routed { queues, decisions, .. } => {
            let names: Vec<String> = queues.iter().map(|name| piece(name).into_owned()).collect();
            let mut notes: Vec<String> = decisions
                .iter()
                .filter(|decision| decision.matched)
                .map(|decision| why_matched(decision, teller))
                .collect();
            notes.dedup();
            Some((fill(t.routed, &[&teller.list(&names)]), notes.join(teller.say().semicolon)))
        }
        Amqp::Unroutable { returned, .. } => {
            Some(((if *returned { t.returned } else { t.dropped }).to_string(), none()))
        }
        Amqp::Delivered { consumer, delivery_tag, redelivered, no_ack, .. } => {
            let who = teller.channel(consumer.channel);
            let note = match (no_ack, redelivered) {
                (true, _) => t.no_ack_note.to_string(),
                (false, true) => t.redelivered_note.to_string(),
                (false, false) => t.delivered_note.to_string(),
            };
            Some((fill(t.delivered, &[&who, &delivery_tag.to_string()]), note))
        }
        Amqp::Got { channel, delivery_tag, no_ack, .. } => {
            let note = if *no_ack { t.no_ack_note } else { "" };
            Some((fill(t.got, &[&teller.channel(*channel), &delivery_tag.to_string()]), note.to_string()))
        }
        Amqp::Acked { channel, .. } => Some((fill(t.acked, &[&teller.channel(*channel)]), none())),
        Amqp::Requeued { queue, reason, .. } => {
            Some((fill(t.requeued, &[&piece(&queue.name)]), teller.requeue_reason(*reason).to_string()))
        }
        Amqp::DeadLettered { queue, exchange, reason, .. } => {
            let to = if exchange.is_empty() { teller.text().stage.default_exchange.into() } else { piece(exchange) };
            Some((fill(t.died, &[&piece(&queue.name), &to]), teller.loss_reason(*reason).to_string()))
        }
        Amqp::Lost { queue, reason, .. } => {
            Some((fill(t.lost, &[&piece(&queue.name)]), teller.loss_reason(*reason).to_string()))
        }
        Amqp::Recovered { queue, .. } => Some((fill(t.recovered, &[&piece(&queue.name)]), none())),
        _ => None,
    }
}

/// What `x-death` of a copy says, the newest death first, each in a sentence.
fn deaths(id: MessageId, teller: &Teller<'_>) -> Vec<String> {
    let t = &teller.text().language.closed().details;
    let copies = || teller.session().world().broker().queues().flat_map(look::copies);
    let headers = |copy: HeldCopy<'_>| copy.held().message.properties.headers.clone();
    let written = copies().filter(|copy| copy.held().message.id == id).filter_map(headers);
    let Some(Value::Array(deaths)) = written.filter_map(|headers| headers.get("x-death").cloned()).next() else {
        return Vec::new();
    };
    let told = |death: &Value| {
        let Value::Table(death) = death else { return None };
        let text = |name: &str| {
            death.get(name).and_then(Value::as_long_str).map_or_else(String::new, |text| piece(text).into_owned())
        };
        let count = death.get("count").and_then(Value::as_int).unwrap_or(1);
        let exchange = Some(text("exchange")).filter(|name| !name.is_empty());
        let exchange = exchange.unwrap_or_else(|| teller.text().stage.default_exchange.to_string());
        Some(fill(t.death, &[&text("queue"), &text("reason"), &count.to_string(), &exchange]))
    };
    deaths.iter().filter_map(told).collect()
}

fn why_matched(decision: &warren_sim::amqp::event::Decision, teller: &Teller<'_>) -> String {
    let t = &teller.text().language.closed().details;
    if decision.exchange.is_empty() {
        return t.matched_default.to_string();
    }
    match kind(teller.session().world(), &decision.exchange) {
        Some(ExchangeType::Fanout) => t.matched_any.to_string(),
        Some(ExchangeType::Direct | ExchangeType::Topic | ExchangeType::Headers) | None => {
            fill(t.matched_key, &[&teller.key(&decision.binding_key)])
        }
    }
}

fn kind(world: &World, exchange: &warren_sim::bytes::Bytes) -> Option<ExchangeType> {
    look::exchange(world, exchange).map(|exchange| exchange.exchange_type)
}

/// Where its copies are now, and why there.
fn now(id: MessageId, events: &[&Event], teller: &Teller<'_>) -> Vec<String> {
    let t = &teller.text().language.closed().details;
    let world = teller.session().world();
    let reached = events.iter().any(|event| matches!(event.what, What::Amqp(_)));
    if !reached {
        return vec![t.now_travelling.to_string()];
    }
    let mut sentences = Vec::new();
    for queue in world.broker().queues() {
        for (at, copy) in look::copies(queue).enumerate() {
            if copy.held().message.id == id {
                sentences.extend(of_copy(queue, at, copy, teller));
            }
        }
    }
    if sentences.is_empty() {
        sentences.push(if world.broker().is_running() { t.now_gone } else { t.now_broker_down }.to_string());
        let last = events.iter().rev().find(|event| matches!(event.what, What::Amqp(_)));
        sentences.extend(last.map(|event| fill(teller.say().sentence, &[&teller.event(event)])));
    }
    sentences
}

fn of_copy(queue: &Queue, at: usize, copy: HeldCopy<'_>, teller: &Teller<'_>) -> Vec<String> {
    let t = &teller.text().language.closed().details;
    let world = teller.session().world();
    let name = piece(&queue.resource.name);
    match copy {
        HeldCopy::Ready(_) => {
            let waits = look::consumers(world, queue).map(|(consumer, reason)| {
                let who = teller.channel(consumer.at.channel);
                format!("{who} {}", teller.consumer_waits(queue, consumer, reason))
            });
            let waits: Vec<String> = waits.collect();
            let why = match waits.is_empty() {
                true => fill(t.now_ready_nobody, &[&name]),
                false => fill(t.now_ready_consumers, &[&waits.join(teller.say().semicolon)]),
            };
            vec![fill(t.now_ready, &[&name, &(at + 1).to_string()]), why]
        }
        HeldCopy::Unacked(unacked) => {
            let who = teller.channel(unacked.channel);
            let travelling = world.flights().any(|flight| {
                !flight.to_broker
                    && flight.connection == unacked.channel.connection
                    && flight.message == Some(unacked.held.message.id)
            });
            let tag = unacked.delivery_tag.to_string();
            // The client's end of the connection is gone, the broker's end not yet.
            let orphan = world.owner_name(unacked.channel.connection).is_none();
            vec![match (orphan, travelling) {
                (true, _) => fill(t.now_unacked_orphan, &[&who, &name]),
                (false, true) => fill(t.now_unacked_travelling, &[&who, &name]),
                (false, false) => fill(t.now_unacked, &[&who, &tag, &name]),
            }]
        }
    }
}
