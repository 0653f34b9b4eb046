//! A queue: its features, what leads to it, who consumes from it.

use warren_sim::{
    amqp::{
        method::{Frame, QueueDelete, QueuePurge},
        queue::Queue,
    },
    bytes::Bytes,
    input::Input,
};

use super::{Deed, InspectorView, Part};
use crate::{
    action::Action,
    panels::{
        contents::YOU,
        look,
        queues::{features, value_text},
    },
    say::{Teller, piece},
    text::fill,
};

/// The most bindings and consumers that are listed.
const MAX_ROWS: usize = 20;

pub(super) fn view(name: &Bytes, teller: &Teller<'_>) -> InspectorView {
    let t = &teller.text().language.closed().details;
    let mut view = InspectorView { title: fill(t.queue_title, &[&piece(name)]), ..InspectorView::default() };
    let world = teller.session().world();
    let Some(queue) = look::queue(world, name) else {
        view.subtitle = if world.broker().is_running() {
            fill(t.gone_queue, &[&piece(name)])
        } else {
            t.now_broker_down.to_string()
        };
        return view;
    };
    let (ready, unacked) = (queue.ready.len(), queue.unacked.len());
    view.subtitle = fill(t.counts, &[&ready.to_string(), &unacked.to_string(), &(ready + unacked).to_string()]);
    view.features = features(queue, teller);
    view.add("", Part::Sentences(character(queue, teller)));
    if !queue.arguments.is_empty() {
        let rows = queue.arguments.0.iter().map(|(name, value)| (name.to_string(), value_text(value)));
        view.add(t.arguments, Part::Table(rows.collect()));
    }
    view.add(t.bindings, Part::Sentences(bindings(name, teller)));
    let mut consumers: Vec<String> = look::consumers(world, queue)
        .map(|(consumer, reason)| {
            let who = teller.channel(consumer.at.channel);
            fill(t.consumer, &[&who, &teller.consumer_waits(queue, consumer, reason)])
        })
        .collect();
    shorten(&mut consumers, teller);
    if consumers.is_empty() {
        consumers.push(t.no_consumers.to_string());
    }
    view.add(t.consumers, Part::Sentences(consumers));
    view.add(t.actions, Part::Deeds(deeds(name, teller)));
    view
}

fn character(queue: &Queue, teller: &Teller<'_>) -> Vec<String> {
    let t = &teller.text().language.closed().details;
    let mut sentences = vec![if queue.durable { t.durable } else { t.not_durable }.to_string()];
    if let Some(owner) = queue.exclusive {
        sentences.push(fill(t.exclusive, &[&teller.connection(owner)]));
    }
    if queue.auto_delete {
        sentences.push(t.auto_delete.to_string());
    }
    sentences
}

fn bindings(name: &Bytes, teller: &Teller<'_>) -> Vec<String> {
    let t = &teller.text().language.closed().details;
    let mut found = vec![t.default_binding.to_string()];
    for exchange in teller.session().world().broker().exchanges() {
        let here = exchange
            .all_bindings()
            .filter(|binding| !binding.destination.is_exchange() && binding.destination.name() == name);
        let from = teller.exchange(&exchange.resource.name);
        found.extend(here.map(|binding| fill(t.binding, &[&from, &teller.key(&binding.key)])));
    }
    shorten(&mut found, teller);
    found
}

/// Keeps a list to what a person reads, and says how much is left out.
pub(super) fn shorten(rows: &mut Vec<String>, teller: &Teller<'_>) {
    if rows.len() > MAX_ROWS {
        let more = rows.len() - MAX_ROWS;
        rows.truncate(MAX_ROWS);
        rows.push(fill(teller.text().language.closed().details.more, &[&more.to_string()]));
    }
}

fn deeds(name: &Bytes, teller: &Teller<'_>) -> Vec<Deed> {
    let t = &teller.text().language.closed().details;
    let by_hand = |frame: Frame| Action::Submit(Input::Amqp { client: Bytes::from(YOU), frame });
    let purge = QueuePurge { queue: name.clone(), ..QueuePurge::default() };
    let delete = QueueDelete { queue: name.clone(), ..QueueDelete::default() };
    vec![
        Deed { label: t.purge, action: by_hand(purge.into()), danger: true },
        Deed { label: t.delete, action: by_hand(delete.into()), danger: true },
    ]
}
