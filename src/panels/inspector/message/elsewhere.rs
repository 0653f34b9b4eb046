//! Why a message is not somewhere else: what the bindings that did not match wanted.

use warren_sim::{
    amqp::{
        event::{FailedHeader, MessageId},
        exchange::{ExchangeType, topic},
        text::print_value,
        value::Value,
    },
    bytes::Bytes,
    why::{self, Judged},
};

use crate::{
    panels::look::{self, HeldCopy},
    say::{Teller, piece},
    text::fill,
};

/// The most bindings that are told about.
const MAX_SENTENCES: usize = 12;

pub(super) fn sentences(id: MessageId, teller: &Teller<'_>) -> Vec<String> {
    let t = &teller.text().language.closed().details;
    let mut sentences = Vec::new();
    let copies = teller.session().world().broker().queues().flat_map(look::copies);
    for copy in copies.filter(|copy| copy.held().message.id == id) {
        if let HeldCopy::Unacked(unacked) = copy {
            sentences.push(fill(t.elsewhere_unacked, &[&teller.channel(unacked.channel)]));
        }
    }
    let mut more = 0;
    for routing in why::why(teller.session(), id).into_iter().flat_map(|why| why.routings) {
        let key = routing.keys.first().cloned().unwrap_or_default();
        if routing.exchange.name.is_empty() {
            sentences.push(fill(t.elsewhere_default, &[&teller.key(&key)]));
        }
        let missed = routing.judged.iter().filter(|judged| !judged.matched);
        sentences.extend(missed.map(|judged| missed_because(judged, &key, teller)));
        more += routing.untold.others as usize;
    }
    more += sentences.len().saturating_sub(MAX_SENTENCES);
    sentences.truncate(MAX_SENTENCES);
    if more > 0 {
        sentences.push(fill(t.elsewhere_more, &[&more.to_string()]));
    }
    sentences
}

fn missed_because(judged: &Judged, key: &Bytes, teller: &Teller<'_>) -> String {
    let t = &teller.text().language.closed().details;
    let to = piece(&judged.destination);
    let wanted = &judged.binding_key;
    if *wanted == "alternate-exchange" && judged.to_exchange {
        return fill(t.elsewhere_alternate, &[&to]);
    }
    match judged.exchange_type {
        Some(ExchangeType::Topic) => topic_missed(&to, wanted, key, teller),
        Some(ExchangeType::Headers) => header_missed(&to, judged.headers.first(), teller),
        Some(ExchangeType::Direct | ExchangeType::Fanout) | None => {
            fill(t.elsewhere_direct, &[&to, &teller.key(wanted), &teller.key(key)])
        }
    }
}

/// The first argument of the binding that the message's headers do not answer.
fn header_missed(to: &str, failed: Option<&FailedHeader>, teller: &Teller<'_>) -> String {
    let t = &teller.text().language.closed().details;
    let Some(failed) = failed else { return fill(t.elsewhere_headers, &[to]) };
    let name = teller.key(&failed.header);
    match (&failed.wanted, &failed.found) {
        (Value::Void, _) => fill(t.elsewhere_no_header, &[to, &name]),
        (wanted, None) => fill(t.elsewhere_header_missing, &[to, &name, &print_value(wanted)]),
        (wanted, Some(found)) => fill(t.elsewhere_header, &[to, &name, &print_value(wanted), &print_value(found)]),
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
