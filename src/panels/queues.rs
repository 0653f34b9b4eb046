//! The table of queues, in the words and order of RabbitMQ's management UI.

use warren_sim::{amqp::queue::Queue, bytes::Bytes, session::Session};
use yew::prelude::*;

use crate::{
    action::{Action, Selection},
    say::Teller,
    text::{Text, fill},
};

/// The most queues that are listed.
const MAX_ROWS: usize = 100;

/// What the table of queues shows.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuesView {
    /// Whether the broker is up: while it is down there is nothing to see.
    pub running: bool,
    /// The queues, by name.
    pub rows: Vec<QueueRow>,
    /// How many more there are.
    pub more: usize,
}

/// One queue.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueRow {
    /// Its name.
    pub name: Bytes,
    /// Its features as the management UI abbreviates them, each with what it stands for.
    pub features: Vec<(&'static str, String)>,
    /// Messages that wait for a consumer.
    pub ready: usize,
    /// Messages that wait for an acknowledgement.
    pub unacked: usize,
    /// Both together.
    pub total: usize,
    /// Whether it is looked at closely.
    pub chosen: bool,
}

/// The arguments that have a tag, in the management UI's order.
const TAGS: [(&str, &str); 11] = [
    ("x-message-ttl", "TTL"),
    ("x-expires", "Exp"),
    ("x-max-length", "Lim"),
    ("x-max-length-bytes", "Lim B"),
    ("x-overflow", "Ovfl"),
    ("x-dead-letter-exchange", "DLX"),
    ("x-dead-letter-routing-key", "DLK"),
    ("x-max-priority", "Pri"),
    ("x-single-active-consumer", "SAC"),
    ("x-queue-mode", "Mode"),
    ("x-queue-type", "Type"),
];

/// What the table of queues shows of a session.
pub fn view(session: &Session, selection: &Selection, text: &Text) -> QueuesView {
    let teller = Teller::new(session, text);
    let broker = session.world().broker();
    let chosen = |name: &Bytes| matches!(selection, Selection::Queue(chosen) if chosen == name);
    let row = |queue: &Queue| QueueRow {
        name: queue.resource.name.clone(),
        features: features(queue, &teller),
        ready: queue.ready.len(),
        unacked: queue.unacked.len(),
        total: queue.ready.len() + queue.unacked.len(),
        chosen: chosen(&queue.resource.name),
    };
    QueuesView {
        running: broker.is_running(),
        rows: broker.queues().take(MAX_ROWS).map(row).collect(),
        more: broker.queues().count().saturating_sub(MAX_ROWS),
    }
}

/// The tags of a queue, each with what it stands for.
pub fn features(queue: &Queue, teller: &Teller<'_>) -> Vec<(&'static str, String)> {
    let t = &teller.text().panels.queues;
    let mut tags = Vec::new();
    if queue.durable {
        tags.push(("D", t.durable.to_string()));
    }
    if queue.auto_delete {
        tags.push(("AD", t.auto_delete.to_string()));
    }
    if let Some(owner) = queue.exclusive {
        tags.push(("Excl", fill(t.exclusive, &[&teller.connection(owner)])));
    }
    for (name, tag) in TAGS {
        if let Some(value) = queue.arguments.get(name) {
            tags.push((tag, fill(t.argument, &[name, &value_text(value)])));
        }
    }
    tags
}

/// A value of an argument or a header.
pub fn value_text(value: &warren_sim::amqp::value::Value) -> String {
    String::from_utf8_lossy(&warren_sim::amqp::error::shown(value)).into_owned()
}

/// What the component is given.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What to show.
    pub view: QueuesView,
    /// The words.
    pub text: &'static Text,
    /// Who hears what the learner does.
    pub on: Callback<Action>,
}

/// The table of queues.
#[component]
pub fn Queues(props: &Props) -> Html {
    show(props)
}

/// The table, printed. A function, because it keeps nothing: a component costs kilobytes.
pub fn show(props: &Props) -> Html {
    let Props { view, text, on } = props;
    let t = &text.panels.queues;
    if view.rows.is_empty() {
        return nothing(if view.running { t.empty } else { t.broker_down });
    }
    html! {
        <div class="queues">
            <table class="table">
                <caption class="sr">{ t.title }</caption>
                <thead>
                    <tr>
                        <th scope="col">{ t.name }</th>
                        <th scope="col">{ t.features }</th>
                        <th scope="col" class="n">{ t.ready }</th>
                        <th scope="col" class="n">{ t.unacked }</th>
                        <th scope="col" class="n">{ t.total }</th>
                    </tr>
                </thead>
                <tbody>{ for view.rows.iter().map(|row| print_row(row, on)) }</tbody>
            </table>
            <p class="muted panel-more">{ if view.more > 0 { fill(t.more, &[&view.more.to_string()]) } else { String::new() } }</p>
        </div>
    }
}

fn nothing(why: &'static str) -> Html {
    html! { <p class="empty">{ why }</p> }
}

/// The table before the world has begun.
pub fn still(text: &Text) -> Html {
    nothing(text.panels.queues.empty)
}

fn print_row(row: &QueueRow, on: &Callback<Action>) -> Html {
    let name = row.name.clone();
    let select = on.reform(move |_: MouseEvent| Action::Select(Selection::Queue(name.clone())));
    html! {
        <tr key={row.name.to_string()} class={classes!("queues-row", row.chosen.then_some("chosen"))}>
            <th scope="row">
                <button class="panel-link" aria-pressed={row.chosen.to_string()} onclick={select}>{ row.name.to_string() }</button>
            </th>
            <td>{ tags(&row.features) }</td>
            <td class="n">{ row.ready }</td>
            <td class="n">{ row.unacked }</td>
            <td class="n">{ row.total }</td>
        </tr>
    }
}

/// Tags in a row; a screen reader says what each stands for.
pub fn tags(features: &[(&'static str, String)]) -> Html {
    html! {
        <span class="queues-tags">
            { for features.iter().map(|(tag, meaning)| html! {
                <span key={*tag} class="tag" title={meaning.clone()}>
                    <span aria-hidden="true">{ *tag }</span><span class="sr">{ meaning }</span>
                </span>
            }) }
        </span>
    }
}
