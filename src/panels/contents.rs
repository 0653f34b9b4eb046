//! What a queue holds, copy by copy, and the management UI's "Get messages".

use warren_sim::{
    amqp::{
        event::MessageId,
        method::{BasicAck, BasicGet, BasicNack, BasicReject, Frame, Properties},
        queue::Queue,
    },
    bytes::Bytes,
    input::Input,
    session::Session,
    world::Packet,
};
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlSelectElement};
use yew::{Callback, Html, TargetCast, component};

use super::{
    look::{self, HeldCopy, MAX_SHOWN, Shown},
    pieces, queues,
};
use crate::{
    action::{Action, Selection},
    markup::{On, Tag, tag},
    say::Teller,
    text::{Text, fill},
};

/// The most copies that are listed.
const MAX_ROWS: usize = 100;
/// The client that gets messages for the learner.
pub const YOU: &str = "you";
/// How many of its last answers are shown.
const ANSWERS: usize = 4;

/// What the contents show.
#[derive(Clone, Debug, PartialEq)]
pub struct ContentsView {
    /// Whose contents; none when there is no queue.
    pub queue: Option<Bytes>,
    /// The first copies, the head first.
    pub rows: Vec<CopyRow>,
    /// How many more there are.
    pub more: usize,
    /// Whether any exchange but the default one leads here.
    pub bound: bool,
    /// The delivery tag that the next `basic.get` by hand will bring.
    pub next_tag: u64,
    /// The last answers that the learner's own client got.
    pub answers: Vec<String>,
}

/// One copy.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyRow {
    /// Its place, from 1.
    pub place: usize,
    /// The message.
    pub message: MessageId,
    /// Who holds it and under which delivery tag; none while it is ready.
    pub holder: Option<(String, u64)>,
    /// Whether it was delivered before.
    pub redelivered: bool,
    /// Its routing key.
    pub routing_key: String,
    /// Its properties, one after the other.
    pub properties: String,
    /// Its body.
    pub body: Shown,
    /// The body's length in bytes.
    pub size: usize,
    /// How long it has been in the queue.
    pub age: String,
}

/// What the contents show of a session: the queue that is selected or holds the selected message, or the first one.
pub fn view(session: &Session, selection: &Selection, text: &Text) -> ContentsView {
    let world = session.world();
    let selected = match selection {
        Selection::Queue(name) => look::queue(world, name),
        Selection::Message(id) => {
            let holds = |queue: &&Queue| look::copies(queue).any(|copy| copy.held().message.id == *id);
            world.broker().queues().find(holds)
        }
        Selection::Nothing | Selection::Exchange(_) | Selection::Process(_) => None,
    };
    let client = world.clients().iter().find(|client| client.name == YOU);
    let answers = client.iter().flat_map(|client| client.answers.iter().rev().take(ANSWERS).rev());
    let mut view = ContentsView {
        queue: None,
        rows: Vec::new(),
        more: 0,
        bound: false,
        next_tag: next_tag(session),
        answers: answers.map(|answer| answer.to_string()).collect(),
    };
    let Some(queue) = selected.or_else(|| world.broker().queues().next()) else { return view };
    let teller = Teller::new(session, text);
    let name = &queue.resource.name;
    let bindings = world.broker().exchanges().flat_map(|exchange| exchange.all_bindings());
    view.bound = bindings.into_iter().any(|binding| binding.destination.name() == name);
    view.rows = look::copies(queue).take(MAX_ROWS).enumerate().map(|(at, copy)| row(at, copy, &teller)).collect();
    view.more = total(queue).saturating_sub(MAX_ROWS);
    view.queue = Some(name.clone());
    view
}

fn total(queue: &Queue) -> usize {
    queue.ready.len() + queue.unacked.len()
}

fn row(at: usize, copy: HeldCopy<'_>, teller: &Teller<'_>) -> CopyRow {
    let held = copy.held();
    let holder = match copy {
        HeldCopy::Ready(_) => None,
        HeldCopy::Unacked(unacked) => Some((teller.channel(unacked.channel), unacked.delivery_tag)),
    };
    CopyRow {
        place: at + 1,
        message: held.message.id,
        holder,
        redelivered: held.redelivered,
        routing_key: look::shown(&held.message.routing_key, MAX_SHOWN).text,
        properties: properties(&held.message.properties)
            .iter()
            .map(|(k, v)| format!("{k}={v}"))
            .collect::<Vec<_>>()
            .join(", "),
        body: look::shown(&held.message.body, MAX_SHOWN),
        size: held.message.body.len(),
        age: teller.seconds(teller.session().world().now_ms().saturating_sub(held.enqueued_ms)),
    }
}

/// The properties that are set, by their names in the specification.
pub fn properties(properties: &Properties) -> Vec<(String, String)> {
    let bytes = |name: &str, value: &Option<Bytes>| {
        value.as_ref().map(|value| (name.to_string(), look::shown(value, MAX_SHOWN).text))
    };
    let p = properties;
    let mut set: Vec<(String, String)> = Vec::new();
    set.extend(bytes("content_type", &p.content_type));
    set.extend(bytes("content_encoding", &p.content_encoding));
    for (name, value) in p.headers.iter().flat_map(|headers| &headers.0) {
        set.push((format!("headers.{name}"), queues::value_text(value)));
    }
    set.extend(p.delivery_mode.map(|mode| ("delivery_mode".to_string(), mode.to_string())));
    set.extend(p.priority.map(|priority| ("priority".to_string(), priority.to_string())));
    set.extend(bytes("correlation_id", &p.correlation_id));
    set.extend(bytes("reply_to", &p.reply_to));
    set.extend(bytes("expiration", &p.expiration));
    set.extend(bytes("message_id", &p.message_id));
    set.extend(p.timestamp.map(|at| ("timestamp".to_string(), at.to_string())));
    set.extend(bytes("type", &p.type_));
    set.extend(bytes("user_id", &p.user_id));
    set.extend(bytes("app_id", &p.app_id));
    set.extend(bytes("cluster_id", &p.cluster_id));
    set
}

/// The tag that the next `basic.get` of the learner's client will bring: the last one given out on its channel, and the gets that
/// are still on their way.
fn next_tag(session: &Session) -> u64 {
    let world = session.world();
    let client = world.clients().iter().find(|client| client.name == YOU && client.channel_open);
    let Some(connection) = client.and_then(|client| client.connection) else { return 1 };
    let channel = world.broker().find_connection(connection).and_then(|connection| connection.channels.get(&1));
    let coming = world.flights().filter(|flight| {
        flight.to_broker
            && flight.connection == connection
            && matches!(&flight.packet, Packet::Frame(_, frame) if frame.method.name() == "basic.get")
    });
    channel.map_or(0, |channel| channel.last_delivery_tag) + coming.count() as u64 + 1
}

/// What the learner's client sends for one of the four modes, in the management UI's order: the second frame answers what the first
/// one will have fetched.
pub fn get(queue: &Bytes, mode: usize, next_tag: u64) -> Vec<Input> {
    let fetch = BasicGet { queue: queue.clone(), no_ack: mode == 1, ..BasicGet::default() };
    let answer: Option<Frame> = match mode {
        // All that is outstanding, so that a queue which turns out to be empty is no error.
        0 => Some(BasicNack { delivery_tag: 0, multiple: true, requeue: true }.into()),
        2 => Some(BasicReject { delivery_tag: next_tag, requeue: true }.into()),
        3 => Some(BasicReject { delivery_tag: next_tag, requeue: false }.into()),
        _ => None,
    };
    let frames = std::iter::once(Frame::from(fetch)).chain(answer);
    frames.map(|frame| Input::Amqp { client: Bytes::from(YOU), frame }).collect()
}

/// Acknowledges what the learner's client holds.
pub fn ack(tag: u64) -> Input {
    Input::Amqp { client: Bytes::from(YOU), frame: BasicAck { delivery_tag: tag, multiple: false }.into() }
}

/// What the component is given.
#[derive(yew::Properties, PartialEq)]
pub struct Props {
    /// What to show.
    pub view: ContentsView,
    /// The words.
    pub text: &'static Text,
    /// Who hears what the learner does.
    pub on: Callback<Action>,
    /// The message that is pointed at.
    pub pointed: Option<MessageId>,
}

/// What a queue holds.
#[component]
pub fn Contents(props: &Props) -> Html {
    show(props)
}

/// What a queue holds, printed. A function, because a component costs kilobytes: which way to get is chosen is kept by the form itself.
pub fn show(props: &Props) -> Html {
    let Props { view, text, on, pointed } = props;
    let t = &text.panels.contents;
    let Some(queue) = &view.queue else {
        return still(text).html();
    };
    let name = queue.to_string();
    let head =
        tag("div.contents-head").put(tag("h3").text(&fill(t.caption, &[&name]))).put(get_form(view, queue, text, on));
    let mut answers = tag("div.contents-answers").role("log").label(t.got);
    for (at, answer) in view.answers.iter().enumerate() {
        answers = answers.put(tag("p.mono").nth(at).text(answer));
    }
    let body = table(view, &name, text, on, *pointed);
    tag("div.contents").put(head).put(body).put(answers).html()
}

/// The table while there is no queue.
pub fn still(text: &Text) -> Tag {
    pieces::empty(text.panels.contents.no_queue)
}

fn get_form(view: &ContentsView, queue: &Bytes, text: &'static Text, on: &Callback<Action>) -> Tag {
    let t = &text.panels.contents;
    let submit = {
        let (queue, next_tag, on) = (queue.clone(), view.next_tag, on.clone());
        Callback::from(move |event: Event| {
            event.prevent_default();
            for input in get(&queue, mode(&event), next_tag) {
                on.emit(Action::Submit(input));
            }
        })
    };
    let mut modes = tag("select").label(t.get_mode);
    for (index, label) in t.modes.iter().enumerate() {
        let option = tag("option").nth(index).number("value", index as i64).flag("selected", index == 0);
        modes = modes.put(option.text(label));
    }
    let button = tag("button.button").attr("type", "submit").text(t.get);
    tag("form.contents-get").hear(On::Submit, submit).put(modes).put(button)
}

/// The mode that is chosen in the form that was sent.
fn mode(event: &Event) -> usize {
    let form: Element = event.target_unchecked_into();
    let select = form.query_selector("select").ok().flatten();
    // Without its field a form says nothing else than a new one.
    select.map_or(0, |select| select.unchecked_into::<HtmlSelectElement>().selected_index().max(0) as usize)
}

fn table(
    view: &ContentsView,
    name: &str,
    text: &'static Text,
    on: &Callback<Action>,
    pointed: Option<MessageId>,
) -> Tag {
    let t = &text.panels.contents;
    let place = tag("div.contents-body");
    if view.rows.is_empty() {
        let sentence = if view.bound { t.empty } else { t.empty_no_binding };
        return place.put(pieces::empty(&fill(sentence, &[name])));
    }
    let mut body = tag("tbody");
    for row in &view.rows {
        body = body.put(print_row(row, text, on, pointed));
    }
    let heads = [t.message, t.state, t.routing_key, t.body, t.properties].map(|name| (name, false));
    let heads = pieces::heads(&heads).put(tag("th").attr("scope", "col").class("n").text(t.age));
    let more = if view.more > 0 { fill(t.more, &[&view.more.to_string()]) } else { String::new() };
    place
        .put(pieces::table(&fill(t.caption, &[name]), heads, body).class("contents-table"))
        .put(tag("p.muted.panel-more").text(&more))
}

fn print_row(row: &CopyRow, text: &'static Text, on: &Callback<Action>, pointed: Option<MessageId>) -> Tag {
    let t = &text.panels.contents;
    let id = row.message;
    let state = match &row.holder {
        None => t.ready.to_string(),
        Some((who, tag)) => fill(t.unacked, &[who, &tag.to_string()]),
    };
    let label = fill(text.language.say().message, &[&id.0.to_string()]);
    let size = if row.body.cut || row.body.hex { fill(t.bytes, &[&row.size.to_string()]) } else { String::new() };
    let note = |class: &str, words: &str| tag("span").class(class).text(words);
    let place = tag("span.contents-place.muted").title(t.position).count(row.place);
    let again = note("contents-again", if row.redelivered { t.redelivered } else { "" });
    let body = tag("td.mono.contents-text").put_html(pieces::bytes(&row.body));
    tag("tr")
        .nth(row.place)
        .class_if(pointed == Some(id), "lit")
        .on(On::MouseEnter, on, Action::Point(Some(id)))
        .on(On::MouseLeave, on, Action::Point(None))
        .put(tag("th").attr("scope", "row").put(place).put(pieces::tile(id, &label, row.holder.is_some(), pointed, on)))
        .put(pieces::cell("", &state).put(again))
        .put(pieces::cell("mono", &row.routing_key))
        .put(body.put(note("contents-size muted", &size)))
        .put(pieces::cell("mono contents-properties", &row.properties))
        .put(pieces::cell("n", &row.age))
}
