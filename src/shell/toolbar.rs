//! What the learner can do to the world from the stage: publish, add, break, or say it as a line of script.

use warren_sim::amqp::broker::DEFAULT_VHOST;
use warren_sim::amqp::event::Resource;
use warren_sim::bytes::Bytes;
use warren_sim::script::quoted;
use warren_sim::session::Session;
use warren_sim::sorted::sort_by_key;
use web_sys::{FormData, HtmlFormElement, HtmlSelectElement};
use yew::prelude::*;

use super::{
    definitions::{Definitions, ImportView},
    icon::{Icon, icon},
    method_form::{self, Answer, DECLARE, MethodForm, PUBLISH},
};
use crate::{
    action::{Action, Form},
    markup::{On, key, tag},
    text::{Text, fill},
};

/// What the toolbar offers.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolbarView {
    /// Exchanges that can be published to; the default one is empty.
    pub exchanges: Vec<String>,
    /// Queues that can be consumed from.
    pub queues: Vec<String>,
    /// Processes: name and whether it runs.
    pub processes: Vec<(String, bool)>,
    /// Whether the broker is up.
    pub running: bool,
    /// What the broker last said to the learner's client.
    pub answer: Option<Answer>,
}

/// What the toolbar offers in this world.
pub fn view(session: &Session, text: &Text) -> ToolbarView {
    let world = session.world();
    // A client by hand speaks to the default virtual host.
    let here = |resource: &Resource| resource.vhost == DEFAULT_VHOST;
    let exchanges = world.broker().exchanges().map(|exchange| &exchange.resource);
    let mut exchanges: Vec<String> =
        exchanges.filter(|one| here(one)).map(|one| one.name.text().into_owned()).collect();
    // The learner's own exchanges come first; the predeclared ones follow.
    sort_by_key(&mut exchanges, |name| (name.starts_with("amq."), name.is_empty(), name.clone()));
    let queues = world.broker().queues().map(|queue| &queue.resource);
    ToolbarView {
        exchanges,
        queues: queues.filter(|one| here(one)).map(|one| one.name.text().into_owned()).collect(),
        processes: world.processes().iter().map(|p| (p.name.text().into_owned(), p.is_alive())).collect(),
        running: world.broker().is_running(),
        answer: method_form::answer(session, text),
    }
}

/// What a form is given.
pub struct Props {
    /// What to offer.
    pub view: ToolbarView,
    /// The words.
    pub text: &'static Text,
    /// What was wrong with the last line, if anything.
    pub fault: Option<String>,
    /// What came of the last import.
    pub imported: Option<ImportView>,
    /// Where actions go.
    pub on: Callback<Action>,
}

/// The toolbar. `open` is the form that is shown, `shown` its elements, and `beside` stands at the end of the row.
pub fn show(open: Option<Form>, shown: Html, beside: Html, text: &'static Text, on: &Callback<Action>) -> Html {
    let text = &text.app;
    let buttons = [
        (Form::Method(PUBLISH), text.publish),
        (Form::Method(DECLARE), text.declare),
        (Form::Add, text.add),
        (Form::Break, text.break_menu),
        (Form::Definitions, text.definitions),
        (Form::Command, text.command),
    ];
    let mut row = tag("div.toolbar-row");
    for (form, name) in buttons {
        let is_open = open == Some(form);
        let button = tag("button.button").key(name).class_if(is_open, "chosen").truth("aria-expanded", is_open).on(
            On::Click,
            on,
            Action::Form(if is_open { None } else { Some(form) }),
        );
        row = row.put(button.text(name));
    }
    let escape = {
        let on = on.clone();
        Callback::from(move |event: Event| {
            if key(&event) == "Escape" {
                on.emit(Action::Form(None));
            }
        })
    };
    tag("div.toolbar")
        .hear(On::KeyDown, escape)
        .put(row.put_html(beside))
        .put(tag("div.toolbar-form").put_html(shown))
        .html()
}

/// A form. A function of its own: the page is cut here, and gets the forms when one is first opened.
#[inline(never)]
pub fn form(form: Form, props: &Props) -> Html {
    let close = &props.on.reform(|()| Action::Form(None));
    match form {
        Form::Method(first) => html! {
            <MethodForm key={first} {first} view={props.view.clone()} text={props.text} on={props.on.clone()} close={close.clone()} />
        },
        Form::Add => {
            html! { <AddForm key="add" view={props.view.clone()} text={props.text} on={props.on.clone()} close={close.clone()} /> }
        }
        Form::Break => break_menu(props, close),
        Form::Definitions => html! {
            <Definitions key="definitions" imported={props.imported.clone()} text={props.text}
                on={props.on.clone()} close={close.clone()} />
        },
        Form::Command => command_form(props, close),
    }
}

/// A form's fields by name, read when it is sent.
pub(super) fn on_fields(run: impl Fn(&dyn Fn(&str) -> String) + 'static) -> Callback<SubmitEvent> {
    Callback::from(move |event: SubmitEvent| {
        event.prevent_default();
        let form: HtmlFormElement = event.target_unchecked_into();
        // Without its data a form can say nothing; the page stays as it is.
        let Ok(data) = FormData::new_with_form(&form) else { return };
        run(&|name| data.get(name).as_string().unwrap_or_default());
    })
}

/// A value as a word of script.
fn word(name: &str, value: &str) -> String {
    if value.is_empty() {
        return String::new();
    }
    format!(" {name}={}", quoted(value))
}

pub(super) fn close_button(text: &'static Text, close: &Callback<()>) -> Html {
    html! {
        <button type="button" class="button quiet square form-close" aria-label={text.app.close} onclick={close.reform(|_| ())}>
            { icon(Icon::Close).html() }
        </button>
    }
}

fn field(label: &'static str, name: &'static str, value: &'static str, numeric: bool) -> Html {
    html! {
        <label class="field"><span>{ label }</span>
            <input {name} {value} autocomplete="off" inputmode={if numeric { "numeric" } else { "text" }} maxlength="2000" />
        </label>
    }
}

pub(super) fn choice(label: &'static str, name: &'static str, values: &[(String, String)]) -> Html {
    html! {
        <label class="field"><span>{ label }</span>
            <select {name}>
                { for values.iter().enumerate().map(|(index, (value, shown))| html! {
                    <option key={value.clone()} value={value.clone()} selected={index == 0}>{ shown }</option>
                }) }
            </select>
        </label>
    }
}

/// Exchanges as choices; the default one has no name to show.
pub(super) fn exchange_choices(props_view: &ToolbarView, text: &'static Text) -> Vec<(String, String)> {
    let shown = |name: &String| {
        if name.is_empty() { text.language.closed().forms.default_exchange.to_string() } else { name.clone() }
    };
    props_view.exchanges.iter().map(|name| (name.clone(), shown(name))).collect()
}

/// What the form to add something is given.
#[derive(Properties, PartialEq)]
struct AddProps {
    view: ToolbarView,
    text: &'static Text,
    on: Callback<Action>,
    close: Callback<()>,
}

/// The form to add a consumer or a producer.
#[component]
fn AddForm(props: &AddProps) -> Html {
    let text = &props.text.language.closed().forms;
    let producer = use_state(|| false);
    let name = fresh_name(&props.view, if *producer { "producer" } else { "worker" });
    let kinds = [(false, text.consumer), (true, text.producer)];
    let (on, close) = (props.on.clone(), props.close.clone());
    let is_producer = *producer;
    let start = on_fields(move |get| {
        let line = if is_producer {
            format!(
                "start {} send{}{}{}{}{}",
                get("name"),
                word("exchange", &get("exchange")),
                word("key", &get("key")),
                word("body", &get("body")),
                word("count", &get("count")),
                word("every", &get("every")),
            )
        } else {
            format!(
                "start {} receive{}{}{}{}{}",
                get("name"),
                word("queue", &get("queue")),
                word("exchange", &get("exchange")),
                word("key", &get("key")),
                word("work", &get("work")),
                word("prefetch", &get("prefetch")),
            )
        };
        on.emit(Action::SubmitLine(line));
        // What was started wants to be seen.
        close.emit(());
    });
    let mut queues = vec![(String::new(), text.own_queue.to_string())];
    queues.extend(props.view.queues.iter().map(|name| (name.clone(), name.clone())));
    queues.rotate_left(1);
    let exchanges = exchange_choices(&props.view, props.text);
    html! {
        <form class="form" onsubmit={start}>
            { close_button(props.text, &props.close) }
            <div class="segments" role="group">
                { for kinds.iter().map(|(kind, label)| {
                    let (producer, kind) = (producer.clone(), *kind);
                    html! {
                        <button key={*label} type="button" class={classes!("segment", (*producer == kind).then_some("chosen"))}
                            aria-pressed={(*producer == kind).to_string()} onclick={move |_| producer.set(kind)}>{ *label }</button>
                    }
                }) }
            </div>
            <label class="field"><span>{ text.name }</span>
                <input name="name" value={name} autocomplete="off" maxlength="40" required=true pattern="[^\\s\"=]+" />
            </label>
            if *producer {
                <div class="fields" key="producer">
                    { choice(text.exchange, "exchange", &exchanges) }
                    { field(text.routing_key, "key", "", false) }
                    { field(text.body, "body", "hello {n}", false) }
                    { field(text.count, "count", "5", true) }
                    { field(text.every, "every", "1000", true) }
                </div>
            } else {
                <div class="fields" key="consumer">
                    { choice(text.queue, "queue", &queues) }
                    { choice(text.exchange, "exchange", &exchanges_with_default_first(&exchanges)) }
                    { field(text.binding_keys, "key", "", false) }
                    { field(text.work, "work", "1000", true) }
                    { field(text.prefetch, "prefetch", "1", true) }
                </div>
            }
            <button class="button primary">{ text.start_it }</button>
        </form>
    }
}

/// A consumer needs no exchange: the default one, which no queue can be bound to, stands for none.
fn exchanges_with_default_first(exchanges: &[(String, String)]) -> Vec<(String, String)> {
    let mut sorted = exchanges.to_vec();
    sort_by_key(&mut sorted, |(value, _)| !value.is_empty());
    sorted
}

fn fresh_name(view: &ToolbarView, stem: &str) -> String {
    (1..)
        .map(|n| format!("{stem}_{n}"))
        .find(|name| view.processes.iter().all(|(known, _)| known != name))
        .unwrap_or_default()
}

fn break_menu(props: &Props, close: &Callback<()>) -> Html {
    let text = &props.text.language.closed().forms;
    let row = |line: String, label: String, danger: bool| {
        let on = props.on.clone();
        html! {
            <button key={line.clone()} type="button" class={classes!("button", danger.then_some("danger"))}
                onclick={move |_| on.emit(Action::SubmitLine(line.clone()))}>{ label }</button>
        }
    };
    html! {
        <div key="break" class="form">
            { close_button(props.text, close) }
            <div class="menu">
                { for props.view.processes.iter().map(|(name, alive)| if *alive {
                    row(format!("kill {name}"), fill(text.kill, &[name]), true)
                } else {
                    row(format!("restart {name}"), fill(text.start_again, &[name]), false)
                }) }
                if props.view.running {
                    <>
                        { row("broker stop".into(), text.broker_stop.into(), true) }
                        { row("broker kill".into(), text.broker_kill.into(), true) }
                    </>
                } else {
                    <>{ row("broker start".into(), text.broker_start.into(), false) }</>
                }
            </div>
        </div>
    }
}

/// Which virtual host is looked at, where there are several.
pub fn vhost_choice(session: &Session, vhost: &Bytes, text: &'static Text, on: &Callback<Action>) -> Html {
    let names = session.world().broker().vhosts().map(|(name, _)| (name.text().into_owned(), name == vhost));
    let names: Vec<(String, bool)> = names.collect();
    let mut select = tag("select").title(text.app.vhost).on_event(On::Change, on, |event| {
        let select: HtmlSelectElement = event.target_unchecked_into();
        Action::Vhost(select.value())
    });
    for (name, chosen) in &names {
        let option = tag("option").key(name).attr("value", name).flag("selected", *chosen);
        select = select.put(option.text(name));
    }
    tag("label.vhost")
        .key("vhost")
        .flag("hidden", names.len() < 2)
        .put(tag("span.sr").text(text.app.vhost))
        .put(select)
        .html()
}

fn command_form(props: &Props, close: &Callback<()>) -> Html {
    let text = &props.text.language.closed().forms;
    let on = props.on.clone();
    let run = on_fields(move |get| on.emit(Action::SubmitLine(get("line"))));
    html! {
        <form key="command" class="form command-form" onsubmit={run}>
            { close_button(props.text, close) }
            <label class="field"><span>{ text.command_hint }</span>
                <input name="line" class="mono" autocomplete="off" spellcheck="false" maxlength="16000" />
            </label>
            <p class="fault" role="alert">{ props.fault.clone().unwrap_or_default() }</p>
            <button class="button primary">{ text.do_it }</button>
        </form>
    }
}
