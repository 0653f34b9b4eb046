//! The panels: tables, log, console, code and details. This file is the table that joins them.

pub mod code;
pub mod console;
pub mod consumers;
pub mod contents;
pub mod events;
pub mod inspector;
pub mod keys;
pub mod look;
mod pieces;
pub mod python;
pub mod queues;
pub mod trips;

use warren_sim::{amqp::event::MessageId, event::ProcessId, session::Session};
use yew::{Callback, Html, html};

use crate::{
    action::{Action, Selection, Tab},
    markup::tag,
    text::Text,
};

/// Where a tab's name stands among the words.
type Title = fn(&Text) -> &'static str;

/// The tabs under the stage, in their order.
const TABS: [(Tab, Title); 5] = [
    (Tab::Queues, |text| text.panels.queues.title),
    (Tab::Events, |text| text.panels.tabs.events),
    (Tab::Console, |text| text.panels.tabs.console),
    (Tab::Keys, |text| text.panels.tabs.keys),
    (Tab::Code, |text| text.panels.code.title),
];

/// The tabs with their names.
pub fn tabs(text: &Text) -> Vec<(Tab, &'static str)> {
    TABS.iter().map(|(tab, title)| (*tab, title(text))).collect()
}

/// The first tab before the world has begun.
pub fn still_queue_room(text: &Text) -> Html {
    let room = tag("div.queue-room").key("queues").put(queues::still(text));
    room.put(consumers::still(text)).put(contents::still(text)).html()
}

/// The first tab: the queues, who consumes from them, and what the chosen one holds.
pub fn queue_room(
    session: &Session,
    selection: &Selection,
    pointed: Option<MessageId>,
    text: &'static Text,
    on: &Callback<Action>,
) -> Html {
    let queues = queues::view(session, selection, text);
    let contents = contents::view(session, selection, text);
    let consumers = consumers::view(session, text);
    tag("div.queue-room")
        .key("queues")
        .put_html(queues::show(&queues::Props { view: queues, text, on: on.clone() }))
        .put_html(consumers::show(&consumers::Props { view: consumers, text, on: on.clone() }))
        .put_html(contents::show(&contents::Props { view: contents, text, on: on.clone(), pointed }))
        .html()
}

// The rooms below are functions of their own, because the page is cut here: what they need is loaded when one of them is first seen.

/// What happened.
#[inline(never)]
pub fn events_room(session: &Session, pointed: Option<MessageId>, text: &'static Text, on: &Callback<Action>) -> Html {
    let view = events::view(session, text);
    html! { <events::Events key="events" {view} {text} on={on.clone()} {pointed} /> }
}

/// One of the store's consoles.
#[inline(never)]
pub fn console_room(session: &Session, number: u32, text: &'static Text, on: &Callback<Action>) -> Html {
    html! { <console::ConsolePanel key="console" view={console::view(session, number)} {text} on={on.clone()} /> }
}

/// The store's keys, of the database that this console has selected.
#[inline(never)]
pub fn keys_room(session: &Session, console: u32, text: &'static Text, on: &Callback<Action>) -> Html {
    html! { <keys::Keys key="keys" view={keys::view(session, console)} {text} on={on.clone()} /> }
}

/// The time line of programs that talk to the store, where that is what a lesson is about.
#[inline(never)]
pub fn trips_room(session: &Session, text: &'static Text, on: &Callback<Action>) -> Html {
    html! { <trips::Trips key="trips" view={trips::view(session)} {text} on={on.clone()} /> }
}

/// The code of a process.
pub fn code_room(session: &Session, process: Option<ProcessId>, text: &'static Text, on: &Callback<Action>) -> Html {
    code::show(&code::Props { view: code::view(session, process), text, on: on.clone() })
}
