//! What happened, step by step, and what led to it.

use warren_sim::{
    amqp::event::{Event as Amqp, MessageId},
    event::{Event, EventId, What},
    links::Trip,
    redis::Event as Redis,
    session::Session,
    why,
};
use web_sys::Element;
use yew::prelude::*;

use super::pieces;
use crate::{
    action::Action,
    say::{self, Teller},
    text::{Text, fill},
};

/// The most events that are listed: the last ones up to the moment that is looked at.
const MAX_ROWS: usize = 200;

/// What the log shows.
#[derive(Clone, Debug, PartialEq)]
pub struct EventsView {
    /// What concerns messages, processes' lives and the learner.
    pub messages: Rows,
    /// Everything.
    pub everything: Rows,
    /// The step that is looked at.
    pub position: u32,
}

/// The last events of a kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The events, oldest first.
    pub rows: Vec<EventRow>,
    /// How many came before them.
    pub earlier: usize,
}

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// Its number.
    pub id: EventId,
    /// The step it happened at.
    pub step: u32,
    /// When, as text.
    pub at: String,
    /// What happened.
    pub sentence: String,
    /// The step that led to it, where that is another one.
    pub because: Option<u32>,
    /// Whether the learner did it.
    pub own: bool,
    /// Whether something broke or was refused.
    pub trouble: bool,
    /// The message it is about.
    pub message: Option<MessageId>,
}

/// What the log shows of a session.
pub fn view(session: &Session, text: &Text) -> EventsView {
    let timeline = session.timeline();
    let position = timeline.position();
    let teller = Teller::new(session, text);
    let events = timeline.events(0, position);
    EventsView {
        messages: rows(events, &teller, |event| is_chosen(&event.what)),
        everything: rows(events, &teller, |_| true),
        position,
    }
}

fn rows(events: &[Event], teller: &Teller<'_>, keep: impl Fn(&Event) -> bool) -> Rows {
    let total = events.iter().filter(|event| keep(event)).count();
    let mut rows: Vec<EventRow> =
        events.iter().rev().filter(|event| keep(event)).take(MAX_ROWS).map(|event| row(event, teller)).collect();
    rows.reverse();
    Rows { earlier: total - rows.len(), rows }
}

fn row(event: &Event, teller: &Teller<'_>) -> EventRow {
    let session = teller.session();
    let timeline = session.timeline();
    let step = timeline.step_of(event.id);
    let is_first = timeline.events(step, step).first().is_some_and(|first| first.id == event.id);
    EventRow {
        id: event.id,
        step,
        at: teller.seconds(event.at_ms),
        sentence: teller.event(event),
        because: event.cause.map(|cause| timeline.step_of(cause)).filter(|cause| *cause != step),
        own: is_first && say::is_own(session, step),
        trouble: is_trouble(&event.what),
        message: message_of(&event.what),
    }
}

/// The message that an event is about.
pub fn message_of(what: &What) -> Option<MessageId> {
    match what {
        What::Amqp(event) => why::about(event),
        What::FrameSent { message, .. } => *message,
        _ => None,
    }
}

/// Whether an event is told where only messages are asked for: their ways, and what broke or was done to the world.
pub fn is_chosen(what: &What) -> bool {
    match what {
        What::Amqp(event) => match event {
            // It is said by the routing that comes before it.
            Amqp::Enqueued { .. } => false,
            Amqp::BrokerStopped | Amqp::BrokerKilled | Amqp::BrokerStarted | Amqp::Refused { .. } => true,
            _ => message_of(what).is_some(),
        },
        What::Redis(event) => !matches!(event, Redis::Called { .. }),
        What::Console { .. }
        | What::ConsoleHeard { .. }
        | What::ProcessStarted { .. }
        | What::ProcessEnded { .. }
        | What::ProcessKilled { .. }
        | What::Answered { .. }
        | What::Trip(Trip::Waits { .. } | Trip::WentWithout { .. })
        | What::NotDone { .. } => true,
        What::LineRan { .. }
        | What::Printed { .. }
        | What::FrameSent { .. }
        | What::FrameArrived { .. }
        | What::FrameLost { .. }
        | What::Trip(
            Trip::Sent { .. } | Trip::Arrived { .. } | Trip::Lost { .. } | Trip::Took { .. } | Trip::GaveBack { .. },
        )
        | What::Waited => false,
    }
}

fn is_trouble(what: &What) -> bool {
    matches!(
        what,
        What::Amqp(Amqp::Refused { .. } | Amqp::BrokerKilled | Amqp::BrokerStopped | Amqp::Lost { .. })
            | What::ProcessKilled { .. }
            | What::ProcessEnded { error: Some(_), .. }
            | What::FrameLost { .. }
            | What::Trip(Trip::WentWithout { .. })
            | What::NotDone { .. }
    )
}

/// What the component is given.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What to show.
    pub view: EventsView,
    /// The words.
    pub text: &'static Text,
    /// Who hears what the learner does.
    pub on: Callback<Action>,
    /// The message that is pointed at.
    pub pointed: Option<MessageId>,
}

/// The log of events.
#[component]
pub fn Events(props: &Props) -> Html {
    let Props { view, text, on, pointed } = props;
    let t = &text.language.closed().events;
    let everything = use_state(|| false);
    let place = use_node_ref();
    let rows = if *everything { &view.everything } else { &view.messages };
    let last = rows.rows.last().map(|row| row.id);
    {
        let place = place.clone();
        use_effect_with((last, *everything), move |_| {
            // The newest stands at the bottom, and the bottom is what is seen.
            if let Some(end) = place.cast::<Element>().and_then(|list| list.parent_element()) {
                end.set_scroll_top(end.scroll_height());
            }
        });
    }
    let segment = |all: bool, word: &'static str| {
        let (chosen, everything) = (*everything == all, everything.clone());
        let onclick = Callback::from(move |_: MouseEvent| everything.set(all));
        let class = classes!("segment", chosen.then_some("chosen"));
        html! { <button key={word} {class} aria-pressed={chosen.to_string()} {onclick}>{ word }</button> }
    };
    html! {
        <div class="events">
            <div class="events-head">
                <div class="segments" role="group" aria-label={t.filter}>
                    { segment(false, t.messages_only) }
                    { segment(true, t.everything) }
                </div>
                <span class="muted">{ if rows.earlier > 0 { fill(t.earlier, &[&rows.earlier.to_string()]) } else { String::new() } }</span>
            </div>
            <div class="events-scroll">
                <ol class="events-list" ref={place} aria-label={text.panels.tabs.events}>
                    { for rows.rows.iter().map(|row| print_row(row, view.position, text, on, *pointed)) }
                </ol>
                <p class="empty events-empty">{ if rows.rows.is_empty() { t.empty } else { "" } }</p>
            </div>
        </div>
    }
}

fn print_row(
    row: &EventRow,
    position: u32,
    text: &'static Text,
    on: &Callback<Action>,
    pointed: Option<MessageId>,
) -> Html {
    let t = &text.language.closed().events;
    let step = row.step;
    let class = classes!(
        "events-row",
        (step == position).then_some("now"),
        row.trouble.then_some("trouble"),
        (row.message.is_some() && row.message == pointed).then_some("lit"),
    );
    html! {
        <li key={row.id} {class} aria-current={(step == position).then_some("step")}
            onmouseenter={pieces::point(on, row.message)} onmouseleave={pieces::point(on, None)}>
            <button class="events-seek" title={fill(t.seek, &[&step.to_string()])} onclick={on.reform(move |_| Action::Seek(step))}>
                <span class="events-step">{ step }</span>
                <span class="events-at">{ &row.at }</span>
                <span class="events-what">{ &row.sentence }</span>
            </button>
            <span class="events-more">
                { if row.own { html! { <span class="tag events-own">{ t.own }</span> } } else { html! { <span></span> } } }
                { match row.because {
                    Some(cause) => html! {
                        <button class="panel-link" onclick={on.reform(move |_| Action::Seek(cause))}>
                            { fill(t.because, &[&cause.to_string()]) }
                        </button>
                    },
                    None => html! { <span></span> },
                } }
            </span>
        </li>
    }
}
