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
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::{
    look::{self, HeldCopy, MAX_SHOWN, Shown},
    pieces, queues,
};
use crate::{
    action::{Action, Selection},
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
#[derive(Properties, PartialEq)]
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
    let Props { view, text, on, pointed } = props;
    let t = &text.panels.contents;
    let mode = use_state(|| 0_usize);
    let Some(queue) = &view.queue else {
        return still(text);
    };
    let name = queue.to_string();
    html! {
        <div class="contents">
            <div class="contents-head">
                <h3>{ fill(t.caption, &[&name]) }</h3>
                { get_form(view, queue, &mode, text, on) }
            </div>
            <div class="contents-body">{ table(view, &name, text, on, *pointed) }</div>
            <div class="contents-answers" role="log" aria-label={t.got}>
                { for view.answers.iter().enumerate().map(|(at, answer)| html! {
                    <p key={at} class="mono">{ answer }</p>
                }) }
            </div>
        </div>
    }
}

/// The table while there is no queue.
pub fn still(text: &Text) -> Html {
    html! { <p class="empty">{ text.panels.contents.no_queue }</p> }
}

fn get_form(
    view: &ContentsView,
    queue: &Bytes,
    mode: &UseStateHandle<usize>,
    text: &'static Text,
    on: &Callback<Action>,
) -> Html {
    let t = &text.panels.contents;
    let choose = {
        let mode = mode.clone();
        Callback::from(move |event: Event| {
            let chosen = event.target_dyn_into::<HtmlSelectElement>().and_then(|select| select.value().parse().ok());
            mode.set(chosen.unwrap_or(0));
        })
    };
    let submit = {
        let (queue, next_tag, mode, on) = (queue.clone(), view.next_tag, **mode, on.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            for input in get(&queue, mode, next_tag) {
                on.emit(Action::Submit(input));
            }
        })
    };
    html! {
        <form class="contents-get" onsubmit={submit}>
            <select aria-label={t.get_mode} onchange={choose}>
                { for t.modes.iter().enumerate().map(|(index, label)| html! {
                    <option key={index} value={index.to_string()} selected={index == **mode}>{ *label }</option>
                }) }
            </select>
            <button class="button" type="submit">{ t.get }</button>
        </form>
    }
}

fn table(
    view: &ContentsView,
    name: &str,
    text: &'static Text,
    on: &Callback<Action>,
    pointed: Option<MessageId>,
) -> Html {
    let t = &text.panels.contents;
    if view.rows.is_empty() {
        let sentence = if view.bound { t.empty } else { t.empty_no_binding };
        return html! { <p class="empty">{ fill(sentence, &[name]) }</p> };
    }
    html! {
        <>
            <table class="table contents-table">
                <caption class="sr">{ fill(t.caption, &[name]) }</caption>
                <thead>
                    <tr>
                        <th scope="col">{ t.message }</th>
                        <th scope="col">{ t.state }</th>
                        <th scope="col">{ t.routing_key }</th>
                        <th scope="col">{ t.body }</th>
                        <th scope="col">{ t.properties }</th>
                        <th scope="col" class="n">{ t.age }</th>
                    </tr>
                </thead>
                <tbody>{ for view.rows.iter().map(|row| print_row(row, text, on, pointed)) }</tbody>
            </table>
            <p class="muted panel-more">{ if view.more > 0 { fill(t.more, &[&view.more.to_string()]) } else { String::new() } }</p>
        </>
    }
}

fn print_row(row: &CopyRow, text: &'static Text, on: &Callback<Action>, pointed: Option<MessageId>) -> Html {
    let t = &text.panels.contents;
    let id = row.message;
    let state = match &row.holder {
        None => t.ready.to_string(),
        Some((who, tag)) => fill(t.unacked, &[who, &tag.to_string()]),
    };
    let label = fill(text.language.say().message, &[&id.0.to_string()]);
    html! {
        <tr key={row.place} class={classes!((pointed == Some(id)).then_some("lit"))}
            onmouseenter={pieces::point(on, Some(id))} onmouseleave={pieces::point(on, None)}>
            <th scope="row">
                <span class="contents-place muted" title={t.position}>{ row.place }</span>
                { pieces::tile(id, label, row.holder.is_some(), pointed, on) }
            </th>
            <td>
                { state }
                <span class="contents-again">{ if row.redelivered { t.redelivered } else { "" } }</span>
            </td>
            <td class="mono">{ &row.routing_key }</td>
            <td class="mono contents-text">
                { pieces::bytes(&row.body) }
                <span class="contents-size muted">{ if row.body.cut || row.body.hex { fill(t.bytes, &[&row.size.to_string()]) } else { String::new() } }</span>
            </td>
            <td class="mono contents-properties">{ &row.properties }</td>
            <td class="n">{ &row.age }</td>
        </tr>
    }
}
