//! Nothing is selected: what can be pointed at, and what the last step did.

use super::{InspectorView, Part};
use crate::{
    panels::events,
    say::Teller,
    text::{Text, fill},
};

/// How many sentences the last step is told in.
const MAX_SENTENCES: usize = 3;

pub(super) fn view(teller: &Teller<'_>) -> InspectorView {
    let timeline = teller.session().timeline();
    let position = timeline.position();
    let happened = timeline.events(position, position);
    // What concerns messages says most; a step without any tells what it has.
    let chosen: Vec<_> = happened.iter().filter(|event| events::is_chosen(&event.what)).collect();
    let told = if chosen.is_empty() { happened.iter().collect() } else { chosen };
    let sentences = told.into_iter().take(MAX_SENTENCES);
    page(sentences.map(|event| fill(teller.say().sentence, &[&teller.event(event)])).collect(), teller.text())
}

/// The same with these sentences about the last step.
pub(super) fn page(mut sentences: Vec<String>, text: &Text) -> InspectorView {
    let t = &text.panels.inspector;
    let mut view = InspectorView { title: t.nothing_title.to_string(), ..InspectorView::default() };
    view.add("", Part::Sentences(vec![t.nothing.to_string()]));
    if sentences.is_empty() {
        sentences.push(t.no_step.to_string());
    }
    view.add(t.last_step, Part::Sentences(sentences));
    view
}
