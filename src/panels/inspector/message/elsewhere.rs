//! Why a message is not somewhere else: what the bindings that did not match wanted.

use warren_sim::{
    amqp::{
        event::{Decision, Event as Amqp, MessageId},
        exchange::{ExchangeType, topic},
    },
    bytes::Bytes,
    event::{Event, What},
};

use super::kind;
use crate::{
    panels::look::{self, HeldCopy},
    say::{Teller, piece},
    text::fill,
};

/// The most bindings that are told about.
const MAX_SENTENCES: usize = 12;

pub(super) fn sentences(id: MessageId, events: &[&Event], teller: &Teller<'_>) -> Vec<String> {
    let t = &teller.text().language.closed().details;
    let mut sentences = Vec::new();
    let copies = teller.session().world().broker().queues().flat_map(look::copies);
    for copy in copies.filter(|copy| copy.held().message.id == id) {
        if let HeldCopy::Unacked(unacked) = copy {
            sentences.push(fill(t.elsewhere_unacked, &[&teller.channel(unacked.channel)]));
        }
    }
    let mut routing_key = Bytes::default();
    for event in events {
        match &event.what {
            What::Amqp(Amqp::Published { routing_key: key, .. }) => routing_key = key.clone(),
            What::Amqp(Amqp::Routed { exchange, decisions, .. }) => {
                if exchange.name.is_empty() {
                    sentences.push(fill(t.elsewhere_default, &[&teller.key(&routing_key)]));
                }
                let missed = decisions.iter().filter(|decision| !decision.matched);
                sentences.extend(missed.map(|decision| missed_because(decision, &routing_key, teller)));
            }
            _ => {}
        }
    }
    sentences.truncate(MAX_SENTENCES);
    sentences
}

fn missed_because(decision: &Decision, key: &Bytes, teller: &Teller<'_>) -> String {
    let t = &teller.text().language.closed().details;
    let to = piece(&decision.destination);
    let wanted = &decision.binding_key;
    if *wanted == "alternate-exchange" && decision.to_exchange {
        return fill(t.elsewhere_alternate, &[&to]);
    }
    match kind(teller.session().world(), &decision.exchange) {
        Some(ExchangeType::Topic) => topic_missed(&to, wanted, key, teller),
        Some(ExchangeType::Headers) => fill(t.elsewhere_headers, &[&to]),
        Some(ExchangeType::Direct | ExchangeType::Fanout) | None => {
            fill(t.elsewhere_direct, &[&to, &teller.key(wanted), &teller.key(key)])
        }
    }
}

/// The first word that does not fit, or the number of words.
fn topic_missed(to: &str, pattern: &Bytes, key: &Bytes, teller: &Teller<'_>) -> String {
    let t = &teller.text().language.closed().details;
    let (wanted, given) = (topic::words(pattern), topic::words(key));
    let shown = teller.key(pattern);
    let fixed = wanted.iter().position(|word| *word == b"#").unwrap_or(wanted.len());
    let fits = |at: usize| wanted[at] == b"*" || wanted[at] == given[at];
    if let Some(at) = (0..fixed.min(given.len())).find(|at| !fits(*at)) {
        let (want, have) = (piece(wanted[at]), piece(given[at]));
        return fill(
            t.elsewhere_word,
            &[to, &shown, &(at + 1).to_string(), &format!("\"{want}\""), &format!("\"{have}\"")],
        );
    }
    if fixed < wanted.len() {
        return fill(t.elsewhere_hash, &[to, &shown, &teller.key(key)]);
    }
    let template = if given.len() < wanted.len() { t.elsewhere_fewer_words } else { t.elsewhere_more_words };
    fill(template, &[to, &shown, &wanted.len().to_string(), &given.len().to_string()])
}
