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

use warren_sim::{amqp::event::MessageId, session::Session};
use yew::prelude::*;

use crate::{
    action::{Action, Selection, Tab},
    text::Text,
};

/// Where a tab's name stands among the words.
type Title = fn(&Text) -> &'static str;

/// The tabs under the stage, in their order.
const TABS: [(Tab, Title); 5] = [
    (Tab::Queues, |text| text.panels.queues.title),
    (Tab::Events, |text| text.panels.events.title),
    (Tab::Console, |text| text.panels.console.title),
    (Tab::Keys, |text| text.panels.keys.title),
    (Tab::Code, |text| text.panels.code.title),
];

/// The tabs with their names.
pub fn tabs(text: &Text) -> Vec<(Tab, &'static str)> {
    TABS.iter().map(|(tab, title)| (*tab, title(text))).collect()
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
    html! {
        <div key="queues" class="queue-room">
            <queues::Queues view={queues} {text} on={on.clone()} />
            <consumers::Consumers view={consumers} {text} on={on.clone()} />
            <contents::Contents view={contents} {text} on={on.clone()} {pointed} />
        </div>
    }
}
