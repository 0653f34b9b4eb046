//! An exchange: how it decides, and where its bindings lead.

use warren_sim::{amqp::exchange::ExchangeType, bytes::Bytes};

use super::{InspectorView, Part, queue::shorten};
use crate::{
    panels::look,
    say::{Teller, piece},
    text::fill,
};

pub(super) fn view(name: &Bytes, teller: &Teller<'_>) -> InspectorView {
    let t = &teller.text().language.closed().details;
    let title = if name.is_empty() { t.default_title.to_string() } else { fill(t.exchange_title, &[&piece(name)]) };
    let mut view = InspectorView { title, ..InspectorView::default() };
    let world = teller.session().world();
    let Some(exchange) = look::exchange(world, name) else {
        view.subtitle = fill(t.gone_exchange, &[&piece(name)]);
        return view;
    };
    if !world.broker().is_running() {
        view.subtitle = t.now_broker_down.to_string();
    }
    let kind = match exchange.exchange_type {
        ExchangeType::Direct if name.is_empty() => t.kind_default,
        ExchangeType::Direct => t.kind_direct,
        ExchangeType::Fanout => t.kind_fanout,
        ExchangeType::Topic => t.kind_topic,
        ExchangeType::Headers => t.kind_headers,
    };
    let durable = if exchange.durable { t.exchange_durable } else { t.exchange_not_durable };
    let mut sentences = vec![kind.to_string(), durable.to_string()];
    if exchange.internal {
        sentences.push(t.internal.to_string());
    }
    view.add("", Part::Sentences(sentences));
    if name.is_empty() {
        return view;
    }
    let mut bindings: Vec<String> = exchange
        .all_bindings()
        .map(|binding| {
            let target = binding.destination.name();
            let to = if binding.destination.is_exchange() { teller.exchange(target) } else { teller.queue(target) };
            fill(t.binding_out, &[&to, &teller.key(&binding.key)])
        })
        .collect();
    shorten(&mut bindings, teller);
    if bindings.is_empty() {
        bindings.push(t.no_bindings.to_string());
    }
    view.add(t.bindings, Part::Sentences(bindings));
    view
}
