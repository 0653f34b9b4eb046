//! The table of queues, in the words and order of RabbitMQ's management UI.

use warren_sim::{amqp::queue::Queue, bytes::Bytes, session::Session};
use yew::{Callback, Html, Properties, component};

use super::pieces;
use crate::{
    action::{Action, Selection},
    markup::{On, Tag, tag},
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
        return pieces::empty(if view.running { t.empty } else { t.broker_down }).html();
    }
    let mut body = tag("tbody");
    for row in &view.rows {
        body = body.put(print_row(row, on));
    }
    let heads = [(t.name, false), (t.features, false), (t.ready, true), (t.unacked, true), (t.total, true)];
    let more = if view.more > 0 { fill(t.more, &[&view.more.to_string()]) } else { String::new() };
    tag("div.queues")
        .put(pieces::table(t.title, pieces::heads(&heads), body))
        .put(tag("p.muted.panel-more").text(&more))
        .html()
}

/// The table before the world has begun.
pub fn still(text: &Text) -> Tag {
    pieces::empty(text.panels.queues.empty)
}

fn print_row(row: &QueueRow, on: &Callback<Action>) -> Tag {
    let name = row.name.to_string();
    let button = tag("button.panel-link")
        .truth("aria-pressed", row.chosen)
        .on(On::Click, on, Action::Select(Selection::Queue(row.name.clone())))
        .text(&name);
    tag("tr.queues-row")
        .key(&name)
        .class_if(row.chosen, "chosen")
        .put(tag("th").attr("scope", "row").put(button))
        .put(tag("td").put(tags(&row.features)))
        .put(pieces::number(row.ready))
        .put(pieces::number(row.unacked))
        .put(pieces::number(row.total))
}

/// Tags in a row; a screen reader says what each stands for.
pub fn tags(features: &[(&'static str, String)]) -> Tag {
    features.iter().fold(tag("span.queues-tags"), |tags, (name, meaning)| {
        let shown = tag("span").attr("aria-hidden", "true").text(name);
        let said = tag("span.sr").text(meaning);
        tags.put(tag("span.tag").key(name).title(meaning).put(shown).put(said))
    })
}
