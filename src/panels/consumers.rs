//! The consumers, and the reason each of them waits.

use warren_sim::{
    bytes::Bytes,
    event::ProcessId,
    input::Input,
    process::{Process, ProcessState},
    session::Session,
};
use yew::{Callback, Html, Properties, component};

use super::{look, pieces};
use crate::{
    action::{Action, Selection},
    markup::{On, Tag, tag},
    say::Teller,
    text::{Text, fill},
};

/// The most consumers that are listed.
const MAX_ROWS: usize = 100;

/// What the table of consumers shows.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumersView {
    /// The consumers queue by queue; then the programs that would consume but do not, or no longer.
    pub rows: Vec<ConsumerRow>,
}

/// One consumer.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsumerRow {
    /// Its program, unless it is a client driven by hand.
    pub process: Option<ProcessId>,
    /// The name of the program or client.
    pub name: Bytes,
    /// Its consumer tag; empty while it does not consume.
    pub tag: String,
    /// Its queue; empty while it does not consume.
    pub queue: String,
    /// Its prefetch; 0 is without limit, none while it does not consume.
    pub prefetch: Option<u16>,
    /// Messages it has not acknowledged.
    pub unacked: u64,
    /// Why it waits.
    pub reason: String,
    /// Whether its program runs.
    pub alive: bool,
    /// Whether it was killed or died of an error, rather than come to its end.
    pub broken: bool,
}

/// What the table of consumers shows of a session.
pub fn view(session: &Session, text: &Text) -> ConsumersView {
    let world = session.world();
    let teller = Teller::new(session, text);
    let mut rows = Vec::new();
    for queue in world.broker().queues() {
        for (consumer, reason) in look::consumers(world, queue) {
            let name = Bytes::from(teller.channel(consumer.at.channel));
            let process = world.process(&name);
            rows.push(ConsumerRow {
                process: process.map(|process| process.id),
                tag: consumer.at.tag.to_string(),
                queue: queue.resource.name.to_string(),
                prefetch: Some(consumer.prefetch_count),
                unacked: consumer.in_flight,
                reason: teller.consumer_waits(queue, consumer, reason),
                alive: process.is_none_or(Process::is_alive),
                broken: process.is_some_and(is_broken),
                name,
            });
        }
    }
    let idle = world.processes().iter().filter(|process| process.spec.kind != "send");
    for process in idle {
        if !rows.iter().any(|row| row.process == Some(process.id)) {
            rows.push(not_consuming(process, &teller));
        }
    }
    rows.truncate(MAX_ROWS);
    ConsumersView { rows }
}

/// A program that does not consume, or no longer.
fn not_consuming(process: &Process, teller: &Teller<'_>) -> ConsumerRow {
    ConsumerRow {
        process: Some(process.id),
        name: process.name.clone(),
        tag: String::new(),
        queue: String::new(),
        prefetch: None,
        unacked: 0,
        reason: teller.process_waits(process),
        alive: process.is_alive(),
        broken: is_broken(process),
    }
}

fn is_broken(process: &Process) -> bool {
    matches!(process.state, ProcessState::Killed | ProcessState::Ended { error: Some(_) })
}

/// What the component is given.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What to show.
    pub view: ConsumersView,
    /// The words.
    pub text: &'static Text,
    /// Who hears what the learner does.
    pub on: Callback<Action>,
}

/// The table of consumers.
#[component]
pub fn Consumers(props: &Props) -> Html {
    show(props)
}

/// The table, printed. A function, because it keeps nothing: a component costs kilobytes.
pub fn show(props: &Props) -> Html {
    let Props { view, text, on } = props;
    let t = &text.panels.consumers;
    if view.rows.is_empty() {
        return still(text).html();
    }
    let mut body = tag("tbody");
    for (at, row) in view.rows.iter().enumerate() {
        body = body.put(print_row(at, row, text, on));
    }
    let heads = [(t.consumer, false), (t.reason, false), (t.queue, false), (t.prefetch, true), (t.unacked, true)];
    let actions = tag("th").attr("scope", "col").put(tag("span.sr").text(t.actions));
    tag("div.consumers").put(pieces::table(t.title, pieces::heads(&heads).put(actions), body)).html()
}

/// The table while there is no consumer.
pub fn still(text: &Text) -> Tag {
    pieces::empty(text.panels.consumers.empty)
}

fn print_row(at: usize, row: &ConsumerRow, text: &'static Text, on: &Callback<Action>) -> Tag {
    let t = &text.panels.consumers;
    let name = row.name.to_string();
    let title = if row.tag.is_empty() { String::new() } else { fill(t.tag, &[&row.tag]) };
    let prefetch = match row.prefetch {
        None => "–".to_string(),
        Some(0) => t.unlimited.to_string(),
        Some(count) => count.to_string(),
    };
    let who = match row.process {
        Some(id) => tag("button.panel-link").on(On::Click, on, Action::Select(Selection::Process(id))),
        None => tag("span"),
    };
    tag("tr")
        .nth(at)
        .class_if(!row.alive, "consumers-gone")
        .class_if(row.broken, "consumers-dead")
        .put(tag("th").attr("scope", "row").title(&title).put(who.text(&name)))
        .put(pieces::cell("consumers-reason", &row.reason))
        .put(pieces::cell("", if row.queue.is_empty() { "–" } else { &row.queue }))
        .put(pieces::cell("n", &prefetch))
        .put(pieces::number(row.unacked as usize))
        .put(tag("td.consumers-actions").put(switch(row, text, on)))
}

/// Kills a program that runs, restarts one that does not.
fn switch(row: &ConsumerRow, text: &'static Text, on: &Callback<Action>) -> Tag {
    let t = &text.panels.consumers;
    if row.process.is_none() {
        return tag("span");
    }
    let name = row.name.clone();
    let (word, label, input) = match row.alive {
        true => (t.kill, t.kill_label, Input::Kill { name }),
        false => (t.restart, t.restart_label, Input::Restart { name }),
    };
    tag("button.button.small")
        .class_if(row.alive, "danger")
        .label(&fill(label, &[&row.name.text()]))
        .on(On::Click, on, Action::Submit(input))
        .text(word)
}
