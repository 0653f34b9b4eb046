//! A process: what it does, what it waits for, what it holds.

use warren_sim::{event::ProcessId, input::Input, process::Process};

use super::{Deed, InspectorView, Part};
use crate::{action::Action, panels::look, say::Teller, text::fill};

/// How many of the last lines of its terminal are shown.
const MAX_OUTPUT: usize = 8;

pub(super) fn view(id: ProcessId, teller: &Teller<'_>) -> InspectorView {
    let t = &teller.text().language.closed().details;
    let Some(process) = teller.session().world().processes().get(id.0 as usize) else {
        return InspectorView {
            title: t.process_title.replace("{0}", ""),
            subtitle: t.gone_process.to_string(),
            ..InspectorView::default()
        };
    };
    let mut view = InspectorView { title: fill(t.process_title, &[&process.name.text()]), ..InspectorView::default() };
    view.subtitle = process.spec.kind.to_string();
    view.add(t.state, Part::Sentences(state(process, teller)));
    let held: Vec<String> = process.in_hand.values().map(|message| message.0.to_string()).collect();
    let held = match held.is_empty() {
        true => t.nothing_in_hand.to_string(),
        false => fill(t.in_hand_messages, &[&teller.list(&held)]),
    };
    let received = fill(t.received, &[&process.received_total.to_string()]);
    view.add(t.in_hand, Part::Sentences(vec![held, received]));
    view.add("", Part::Deeds(deeds(process, teller)));
    let output = process.output.iter().skip(process.output.len().saturating_sub(MAX_OUTPUT));
    view.add(t.output, Part::Terminal(output.map(|line| line.to_string()).collect()));
    view
}

/// What it waits for: as a consumer of each of its queues, or for itself where it consumes from none.
fn state(process: &Process, teller: &Teller<'_>) -> Vec<String> {
    let t = &teller.text().language.closed().details;
    let world = teller.session().world();
    let mut sentences = Vec::new();
    let mut prefetch = None;
    for queue in world.broker().queues().filter(|_| process.is_alive()) {
        for (consumer, reason) in look::consumers(world, queue) {
            if Some(consumer.at.channel.connection) == process.connection {
                let waits = teller.consumer_waits(queue, consumer, reason);
                sentences.push(fill(t.consumer, &[&process.name.text(), &waits]));
                prefetch = Some(consumer.prefetch_count);
            }
        }
    }
    sentences.dedup();
    if sentences.is_empty() {
        sentences.push(fill(t.consumer, &[&process.name.text(), &teller.process_waits(process)]));
    }
    match prefetch {
        None => {}
        Some(0) => sentences.push(t.prefetch_none.to_string()),
        Some(count) => sentences.push(fill(t.prefetch, &[&count.to_string()])),
    }
    sentences
}

fn deeds(process: &Process, teller: &Teller<'_>) -> Vec<Deed> {
    let t = &teller.text().language.closed().details;
    let name = process.name.clone();
    let switch = match process.is_alive() {
        true => Deed { label: t.kill, action: Action::Submit(Input::Kill { name }), danger: true },
        false => Deed { label: t.restart, action: Action::Submit(Input::Restart { name }), danger: false },
    };
    vec![switch, Deed { label: t.show_code, action: Action::ShowCode(process.id), danger: false }]
}
