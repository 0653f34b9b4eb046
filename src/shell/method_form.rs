//! Forms for methods sent by hand: a table says which arguments each has, and one form prints them all.
//!
//! The labels are the specification's own names, so that what is typed here is what stands in a program, in an event and in a refusal.

use warren_sim::amqp::method::Method;
use warren_sim::amqp::text::parse_frame;
use warren_sim::event::What;
use warren_sim::script::quoted;
use warren_sim::session::Session;
use yew::prelude::*;

use super::toolbar::{ToolbarView, choice, close_button, exchange_choices, on_fields};
use crate::{
    action::Action,
    panels::contents::YOU,
    text::{Text, fill},
};

/// How an argument is typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Words,
    /// A whole number.
    Number,
    /// Yes or no.
    Flag,
    /// An exchange that is there, or the default one.
    Exchange,
    /// A queue that is there.
    Queue,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A field table, as it is written in scripts.
    Table,
}

/// One argument: its name in the specification and how it is typed.
pub type Field = (&'static str, Kind);

/// A method that can be sent by hand.
#[derive(Debug)]
pub struct Form {
    /// The method's name.
    pub method: &'static str,
    /// Its arguments, the usual ones first.
    pub fields: &'static [Field],
    /// What RabbitMQ understands in its `arguments` table; none where it has no such table, or nothing is known of it.
    pub arguments: &'static [Field],
    /// Whether it has an `arguments` table.
    pub has_table: bool,
    /// Whether a message goes with it.
    pub has_content: bool,
}

const fn form(method: &'static str, fields: &'static [Field]) -> Form {
    Form { method, fields, arguments: &[], has_table: false, has_content: false }
}

impl Form {
    const fn takes(mut self, arguments: &'static [Field]) -> Form {
        self.arguments = arguments;
        self.has_table = true;
        self
    }
}

use Kind::{Exchange, Flag, Number, OneOf, Queue, Words};

/// Where `basic.publish` stands in [`FORMS`].
pub const PUBLISH: usize = 0;
/// Where `queue.declare` stands in [`FORMS`].
pub const DECLARE: usize = 1;

/// The methods, in the order in which they are offered.
pub const FORMS: &[Form] = &[
    Form {
        has_content: true,
        ..form("basic.publish", &[("exchange", Exchange), ("routing_key", Words), ("body", Words), ("mandatory", Flag)])
    },
    form(
        "queue.declare",
        &[("queue", Words), ("durable", Flag), ("exclusive", Flag), ("auto_delete", Flag), ("passive", Flag)],
    )
    .takes(&[
        ("x-queue-type", OneOf(&["", "classic", "quorum", "stream"])),
        ("x-message-ttl", Number),
        ("x-expires", Number),
        ("x-max-length", Number),
        ("x-max-length-bytes", Number),
        ("x-overflow", OneOf(&["", "drop-head", "reject-publish", "reject-publish-dlx"])),
        ("x-dead-letter-exchange", Words),
        ("x-dead-letter-routing-key", Words),
        ("x-max-priority", Number),
        ("x-single-active-consumer", Flag),
        ("x-delivery-limit", Number),
        ("x-queue-mode", OneOf(&["", "default", "lazy"])),
    ]),
    form(
        "exchange.declare",
        &[
            ("exchange", Words),
            ("type", OneOf(&["direct", "fanout", "topic", "headers"])),
            ("durable", Flag),
            ("auto_delete", Flag),
            ("internal", Flag),
            ("passive", Flag),
        ],
    )
    .takes(&[("alternate-exchange", Words)]),
    form("queue.bind", &[("queue", Queue), ("exchange", Exchange), ("routing_key", Words)])
        .takes(&[("x-match", OneOf(&["", "all", "any", "all-with-x", "any-with-x"]))]),
    form("queue.unbind", &[("queue", Queue), ("exchange", Exchange), ("routing_key", Words)]).takes(&[]),
    form("exchange.bind", &[("source", Exchange), ("destination", Exchange), ("routing_key", Words)])
        .takes(&[("x-match", OneOf(&["", "all", "any", "all-with-x", "any-with-x"]))]),
    form("exchange.unbind", &[("source", Exchange), ("destination", Exchange), ("routing_key", Words)]).takes(&[]),
    form(
        "basic.consume",
        &[("queue", Queue), ("consumer_tag", Words), ("no_ack", Flag), ("exclusive", Flag), ("no_local", Flag)],
    )
    .takes(&[("x-priority", Number), ("x-stream-offset", Words)]),
    form("basic.cancel", &[("consumer_tag", Words)]),
    form("basic.qos", &[("prefetch_count", Number), ("global", Flag)]),
    form("basic.get", &[("queue", Queue), ("no_ack", Flag)]),
    form("basic.ack", &[("delivery_tag", Number), ("multiple", Flag)]),
    form("basic.nack", &[("delivery_tag", Number), ("multiple", Flag), ("requeue", Flag)]),
    form("basic.reject", &[("delivery_tag", Number), ("requeue", Flag)]),
    form("basic.recover", &[("requeue", Flag)]),
    form("confirm.select", &[]),
    form("queue.purge", &[("queue", Queue)]),
    form("queue.delete", &[("queue", Queue), ("if_unused", Flag), ("if_empty", Flag)]),
    form("exchange.delete", &[("exchange", Exchange), ("if_unused", Flag)]),
    form("tx.select", &[]),
    form("tx.commit", &[]),
    form("tx.rollback", &[]),
    form("channel.close", &[]),
    form("connection.close", &[]),
];

/// The properties of a message.
const PROPERTIES: &[Field] = &[
    ("delivery_mode", OneOf(&["", "1", "2"])),
    ("expiration", Words),
    ("priority", Number),
    ("correlation_id", Words),
    ("reply_to", Words),
    ("headers", Kind::Table),
    ("content_type", Words),
    ("content_encoding", Words),
    ("message_id", Words),
    ("timestamp", Number),
    ("type", Words),
    ("user_id", Words),
    ("app_id", Words),
];

/// The name of the field for arguments that have none of their own.
const OTHER: &str = "other arguments";

/// The line of script that sends what was filled in; what was left empty is left out.
pub fn line(form: &Form, get: &dyn Fn(&str) -> String) -> String {
    let mut line = format!("amqp {YOU} {}", form.method);
    let mut put = |(name, kind): &Field| match (kind, get(name)) {
        (_, value) if value.is_empty() => {}
        (Flag, _) => line += &format!(" {name}"),
        (Kind::Table, value) => line += &format!(" {name}={{{}}}", value.trim().trim_matches(['{', '}'])),
        (_, value) => line += &format!(" {name}={}", quoted(&value)),
    };
    form.fields.iter().for_each(&mut put);
    if form.has_content {
        PROPERTIES.iter().for_each(&mut put);
    }
    let mut table: Vec<String> = Vec::new();
    for (name, kind) in form.arguments {
        table.extend(match (kind, get(name)) {
            (_, value) if value.is_empty() => None,
            (Flag, _) => Some(format!("{name}=true")),
            // A number stays one, and what is none is refused by the broker, with its own words.
            (Number, value) if value.parse::<i64>().is_ok() => Some(format!("{name}={value}")),
            (_, value) => Some(format!("{name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))),
        });
    }
    let other = get(OTHER);
    if !other.trim().is_empty() {
        table.push(other.trim().trim_matches(['{', '}']).to_string());
    }
    if !table.is_empty() {
        line += &format!(" arguments={{{}}}", table.join(", "));
    }
    line
}

/// What the broker last said to the learner's client.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The frame, or the refusal in words.
    pub text: String,
    /// What follows from a refusal; empty where there is none.
    pub consequence: String,
}

/// The most steps back in which an answer is looked for: what is older is no longer news.
const LOOK_BACK: usize = 2_000;

/// The last answer to the learner's client, if there is one.
pub fn answer(session: &Session, text: &Text) -> Option<Answer> {
    let timeline = session.timeline();
    let events = timeline.events(1, timeline.position());
    let recent = &events[events.len().saturating_sub(LOOK_BACK)..];
    let (channel, answered) = recent.iter().rev().find_map(|event| match &event.what {
        What::Answered { client, channel, text } if *client == YOU => Some((*channel, text.text())),
        _ => None,
    })?;
    let refusal = |code: u16, why: String, (class, method): (u16, u16), sentence: &'static str| {
        let method = Method::from_ids(class, method).map_or("", |method| method.name());
        Answer { text: format!("{code} {why}"), consequence: fill(sentence, &[method, &channel.to_string()]) }
    };
    Some(match parse_frame(&answered).map(|frame| frame.method) {
        Ok(Method::ChannelClose(close)) => refusal(
            close.reply_code,
            close.reply_text.text().into_owned(),
            (close.class_id, close.method_id),
            text.language.closed().forms.refused_channel,
        ),
        Ok(Method::ConnectionClose(close)) => refusal(
            close.reply_code,
            close.reply_text.text().into_owned(),
            (close.class_id, close.method_id),
            text.language.closed().forms.refused_connection,
        ),
        Ok(_) | Err(_) => Answer { text: answered.into_owned(), consequence: String::new() },
    })
}

/// What the component is given.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What there is to choose from.
    pub view: ToolbarView,
    /// The method that is offered first, by its place in [`FORMS`].
    pub first: usize,
    /// The words.
    pub text: &'static Text,
    /// Where actions go.
    pub on: Callback<Action>,
    /// What closes it.
    pub close: Callback<()>,
}

/// The form.
#[component]
pub fn MethodForm(props: &Props) -> Html {
    let text = &props.text.language.closed().forms;
    let chosen = use_state(|| props.first);
    let form = &FORMS[*chosen];
    let choose = {
        let chosen = chosen.clone();
        Callback::from(move |event: Event| {
            let select = event.target_dyn_into::<web_sys::HtmlSelectElement>();
            chosen.set(select.map_or(0, |select| select.selected_index().max(0) as usize).min(FORMS.len() - 1));
        })
    };
    let on = props.on.clone();
    let send = on_fields(move |get| on.emit(Action::Ask(line(form, get))));
    let fields =
        |fields: &'static [Field]| fields.iter().map(|one| field(one, &props.view, props.text)).collect::<Html>();
    html! {
        <form class="form method-form" onsubmit={send}>
            { close_button(props.text, &props.close) }
            <label class="field"><span>{ text.method }</span>
                <select class="mono" onchange={choose}>
                    { for FORMS.iter().enumerate().map(|(at, one)| html! {
                        <option key={one.method} selected={at == *chosen}>{ one.method }</option>
                    }) }
                </select>
            </label>
            <div class="fields" key={form.method}>
                { fields(form.fields) }
                if form.has_content {
                    <details>
                        <summary>{ text.properties }</summary>
                        <div class="fields">{ fields(PROPERTIES) }</div>
                    </details>
                }
                if form.has_table {
                    <details>
                        <summary>{ text.arguments }</summary>
                        <div class="fields">
                            { fields(form.arguments) }
                            <label class="field"><span>{ text.other_arguments }</span>
                                <input name={OTHER} class="mono" placeholder="name=1, other=\"text\"" autocomplete="off" spellcheck="false" maxlength="2000" />
                            </label>
                        </div>
                    </details>
                }
            </div>
            <div class="form-foot">
                <div class="answer" role="status">{ props.view.answer.as_ref().map(print_answer).unwrap_or_default() }</div>
                <button class="button primary">{ text.do_it }</button>
            </div>
        </form>
    }
}

fn print_answer(answer: &Answer) -> Html {
    let refused = !answer.consequence.is_empty();
    html! {
        <>
            <p key="text" class={classes!("mono", refused.then_some("fault"))}>{ &answer.text }</p>
            <p key="consequence" class="muted">{ &answer.consequence }</p>
        </>
    }
}

fn field((name, kind): &'static Field, view: &ToolbarView, text: &'static Text) -> Html {
    let name = *name;
    let same = |value: &str| (value.to_string(), value.to_string());
    match kind {
        Flag => {
            html! { <label key={name} class="check"><input type="checkbox" {name} /><span class="mono">{ name }</span></label> }
        }
        Exchange => choice(name, name, &exchange_choices(view, text)),
        Queue => choice(name, name, &view.queues.iter().map(|queue| same(queue)).collect::<Vec<_>>()),
        OneOf(words) => choice(name, name, &words.iter().map(|word| same(word)).collect::<Vec<_>>()),
        Words | Number | Kind::Table => html! {
            <label key={name} class="field"><span class="mono">{ name }</span>
                <input {name} autocomplete="off" spellcheck="false" maxlength="2000"
                    inputmode={if *kind == Number { "numeric" } else { "text" }}
                    placeholder={if *kind == Kind::Table { "x-match=\"any\", level=1" } else { "" }} />
            </label>
        },
    }
}
