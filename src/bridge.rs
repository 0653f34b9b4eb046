//! `window.warren`: the session for scripts. The only file that speaks to JavaScript about it.
//!
//! Everything is synchronous. What cannot be done throws an `Error` that says why; the state that was there stays.

mod why;

use std::{cell::RefCell, rc::Rc};

use js_sys::{Function, Object, Reflect};
use serde::Serialize;
use serde_wasm_bindgen::Serializer;
use warren_sim::{
    amqp::{definitions::LeftOut, message::Held, queue::Queue},
    bytes::Bytes,
    event::EventId,
    input::{Input, MAX_DEFINITIONS},
    lessons,
    link::Link,
    redis::{DATABASES, view as keys_view},
    session::Session,
    world::{EPOCH_MS, World},
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use yew::Callback;

use crate::{say, text::Language};

type Shared = Rc<RefCell<Session>>;
type Answer = Result<JsValue, JsValue>;

/// Puts `window.warren` there; `changed` is called after every change.
pub fn install(session: Shared, changed: Callback<()>) {
    let warren = Object::new();
    for (place, name) in NAMES.iter().enumerate() {
        let (session, changed) = (session.clone(), changed.clone());
        let function = variadic(move |arguments| call(place, &session, &arguments, &changed));
        // The object is our own and plain: a property can always be set on it.
        let _ = Reflect::set(&warren, &JsValue::from_str(name), &function);
    }
    let _ = Reflect::set(&gloo::utils::window(), &JsValue::from_str("warren"), &warren);
}

/// A function for JavaScript with any number of arguments.
fn variadic(run: impl Fn(Vec<JsValue>) -> Answer + 'static) -> Function {
    // Three are enough for every function below; a closure must state its arguments.
    let closure: Closure<dyn Fn(JsValue, JsValue, JsValue) -> Answer> = Closure::new(move |a, b, c| run(vec![a, b, c]));
    // The functions live as long as the page.
    closure.into_js_value().unchecked_into()
}

/// What a function does, and whether it changes anything.
type Row = (fn(&Shared, &[JsValue]) -> Answer, bool);

/// Makes the list of names and the list of what they do.
macro_rules! functions {
    ($(($name:literal, $run:expr, $changes:literal),)*) => {
        const NAMES: &[&str] = &[$($name),*];
        const ROWS: &[Row] = &[$(($run, $changes)),*];
    };
}

functions! {
    ("lessons", lessons_list, false),
    ("load", load, true),
    ("step", step, true),
    ("back", back, true),
    ("seek", seek, true),
    ("position", |session, _| Ok(JsValue::from(session.borrow().timeline().position())), false),
    ("length", |session, _| Ok(JsValue::from(session.borrow().timeline().length())), false),
    ("hash", |session, _| Ok(JsValue::from_str(&session.borrow().hash())), false),
    ("snapshot", |session, _| plain(&snapshot(session.borrow().world())), false),
    ("events", events, false),
    ("redis", redis, true),
    ("run", run, true),
    ("importDefinitions", import_definitions, true),
    ("exportDefinitions", |session, _| Ok(JsValue::from_str(&session.borrow().world().broker().export_definitions())), false),
    ("why", why::why, false),
    ("link", link, false),
}

/// Calls the function at this place. The page is cut here: what the functions need is loaded when a script calls one.
#[inline(never)]
fn call(place: usize, session: &Shared, arguments: &[JsValue], changed: &Callback<()>) -> Answer {
    let (run, changes) = ROWS[place];
    // A script may call before the page itself has come so far.
    session.borrow_mut().prepare();
    let answer = run(session, arguments)?;
    if changes {
        changed.emit(());
    }
    Ok(answer)
}

fn error(text: &str) -> JsValue {
    js_sys::Error::new(text).into()
}

fn plain<T: Serialize>(value: &T) -> Answer {
    value.serialize(&Serializer::json_compatible()).map_err(|problem| error(&problem.to_string()))
}

/// A whole number from JavaScript, or the default when nothing was given.
fn number(value: &JsValue, default: u32, name: &str) -> Result<u32, JsValue> {
    if value.is_undefined() || value.is_null() {
        return Ok(default);
    }
    match value.as_f64() {
        Some(n) if n >= 0.0 && n.fract() == 0.0 && n <= f64::from(u32::MAX) => Ok(n as u32),
        _ => Err(error(&format!("{name}: expected a whole number from 0"))),
    }
}

fn text_of(value: &JsValue, name: &str) -> Result<String, JsValue> {
    value.as_string().ok_or_else(|| error(&format!("{name}: expected a string")))
}

#[derive(Serialize)]
struct LessonRow {
    id: String,
    title: String,
    title_zh: String,
    seed: u64,
}

fn lessons_list(_: &Shared, _: &[JsValue]) -> Answer {
    let rows: Vec<LessonRow> = lessons::LESSONS
        .iter()
        .filter_map(|entry| {
            let [title, title_zh] = entry.titles.map(String::from);
            Some(LessonRow { id: entry.id.to_string(), title, title_zh, seed: lessons::lesson(entry.id, "en")?.seed })
        })
        .collect();
    plain(&rows)
}

fn load(session: &Shared, arguments: &[JsValue]) -> Answer {
    let id = text_of(&arguments[0], "lessonId")?;
    let Some(lesson) = lessons::lesson(&id, "en") else {
        let known: Vec<&str> = lessons::LESSONS.iter().map(|entry| entry.id).collect();
        return Err(error(&format!("there is no lesson '{id}'; there are {}", known.join(", "))));
    };
    let seed = if arguments[1].is_undefined() {
        lesson.seed
    } else {
        // A seed may be a number, a BigInt or text, since numbers of JavaScript hold 53 bits only.
        let text = arguments[1]
            .as_string()
            .or_else(|| arguments[1].as_f64().filter(|n| n.fract() == 0.0).map(|n| (n as i64).to_string()));
        let text = text.or_else(|| js_sys::BigInt::from(arguments[1].clone()).to_string(10).ok().map(String::from));
        text.and_then(|text| text.parse().ok()).ok_or_else(|| error("seed: expected a whole number from 0"))?
    };
    let language = page_language();
    let lesson = lessons::lesson(&id, language.code()).unwrap_or(lesson);
    *session.borrow_mut() = Session::new(Rc::new(lesson), seed);
    Ok(JsValue::UNDEFINED)
}

/// The language that the document says it has.
fn page_language() -> Language {
    let tag = gloo::utils::document_element().get_attribute("lang").unwrap_or_default();
    if tag.starts_with("zh") { Language::Chinese } else { Language::English }
}

fn step(session: &Shared, arguments: &[JsValue]) -> Answer {
    let count = number(&arguments[0], 1, "n")?;
    let mut session = session.borrow_mut();
    let target = session.timeline().position().saturating_add(count);
    session.seek(target);
    Ok(JsValue::from(session.timeline().position()))
}

fn back(session: &Shared, arguments: &[JsValue]) -> Answer {
    let count = number(&arguments[0], 1, "n")?;
    let mut session = session.borrow_mut();
    let target = session.timeline().position().saturating_sub(count);
    session.seek(target);
    Ok(JsValue::from(session.timeline().position()))
}

fn seek(session: &Shared, arguments: &[JsValue]) -> Answer {
    let target = number(&arguments[0], 0, "n")?;
    let mut session = session.borrow_mut();
    session.seek(target);
    Ok(JsValue::from(session.timeline().position()))
}

fn redis(session: &Shared, arguments: &[JsValue]) -> Answer {
    let line = text_of(&arguments[0], "line")?;
    let mut session = session.borrow_mut();
    if !session.submit(Input::Redis { client: 1, line: Bytes::from(line) }) {
        return Err(error("the run has reached its limit of steps"));
    }
    let printed = session.world().consoles().first().and_then(|console| console.last_output()).cloned();
    Ok(JsValue::from_str(&printed.unwrap_or_default().text()))
}

fn run(session: &Shared, arguments: &[JsValue]) -> Answer {
    let script = text_of(&arguments[0], "scriptText")?;
    let mut session = session.borrow_mut();
    session.run(&script).map_err(|fault| error(&fault.to_string()))?;
    Ok(JsValue::from(session.timeline().position()))
}

#[derive(Serialize)]
struct ImportRow {
    created: u32,
    existing: u32,
    left_out: Vec<PlaceRow>,
    notes: Vec<PlaceRow>,
}

#[derive(Serialize)]
struct PlaceRow {
    path: String,
    reason: String,
}

/// Imports `definitions.json` into the broker; what was left out, and why. A file that cannot be imported throws, with line and column.
fn import_definitions(session: &Shared, arguments: &[JsValue]) -> Answer {
    let text = text_of(&arguments[0], "text")?;
    if text.len() > MAX_DEFINITIONS {
        return Err(error(&format!("a file has at most {MAX_DEFINITIONS} bytes here, this one has {}", text.len())));
    }
    let mut session = session.borrow_mut();
    let report = session.world().try_definitions(&text).map_err(|problem| error(&problem.to_string()))?;
    if !session.world().broker().is_running() {
        return Err(error("the broker is down"));
    }
    if !session.submit(Input::Definitions { text: Bytes::from(text) }) {
        return Err(error("the run has reached its limit of steps"));
    }
    let places = |list: &[LeftOut]| {
        list.iter().map(|row| PlaceRow { path: row.path.clone(), reason: row.reason.to_string() }).collect()
    };
    plain(&ImportRow {
        created: report.created.total(),
        existing: report.existing.total(),
        left_out: places(&report.left_out),
        notes: places(&report.notes),
    })
}

fn link(session: &Shared, _: &[JsValue]) -> Answer {
    let fragment = Link::of(&session.borrow(), page_language().code())
        .print()
        .map_err(|_| error("the learner did more than a link can hold"))?;
    let address = gloo::utils::window().location().href().unwrap_or_default();
    Ok(JsValue::from_str(&format!("{}#{fragment}", address.split('#').next().unwrap_or_default())))
}

#[derive(Serialize)]
struct EventRow {
    id: EventId,
    step: u32,
    at_ms: u64,
    cause: Option<EventId>,
    kind: &'static str,
    text: String,
}

fn events(session: &Shared, arguments: &[JsValue]) -> Answer {
    let session = session.borrow();
    let timeline = session.timeline();
    let from = number(&arguments[0], 0, "from")?;
    let to = number(&arguments[1], timeline.position(), "to")?;
    let teller = say::Teller::new(&session, page_language().text());
    let rows: Vec<EventRow> = timeline
        .events(from, to)
        .iter()
        .map(|event| EventRow {
            id: event.id,
            step: timeline.step_of(event.id),
            at_ms: event.at_ms,
            cause: event.cause,
            kind: event.what.kind(),
            text: teller.event(event),
        })
        .collect();
    plain(&rows)
}

#[derive(Serialize)]
struct Snapshot {
    now_ms: u64,
    broker_running: bool,
    exchanges: Vec<ExchangeRow>,
    queues: Vec<QueueRow>,
    consumers: Vec<ConsumerRow>,
    keys: Vec<KeyRow>,
    processes: Vec<ProcessRow>,
}

#[derive(Serialize)]
struct ExchangeRow {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    durable: bool,
    auto_delete: bool,
    internal: bool,
}

#[derive(Serialize)]
struct QueueRow {
    name: String,
    durable: bool,
    exclusive: bool,
    auto_delete: bool,
    ready: Vec<MessageRow>,
    unacked: Vec<MessageRow>,
}

#[derive(Serialize)]
struct MessageRow {
    id: u32,
    exchange: String,
    routing_key: String,
    body: String,
    redelivered: bool,
    persistent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    delivery_tag: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    consumer: Option<String>,
}

#[derive(Serialize)]
struct ConsumerRow {
    queue: String,
    tag: String,
    process: String,
    prefetch: u16,
    no_ack: bool,
    unacked: u64,
}

#[derive(Serialize)]
struct KeyRow {
    db: u32,
    key: String,
    #[serde(rename = "type")]
    kind: String,
    ttl_ms: Option<u64>,
    value: String,
}

#[derive(Serialize)]
struct ProcessRow {
    name: String,
    alive: bool,
    line: u16,
    output: Vec<String>,
}

/// How many bytes of a key's value a snapshot shows.
const VALUE_BYTES: usize = 4096;
/// How many keys of a database a snapshot shows.
const KEYS: usize = 1000;

fn snapshot(world: &World) -> Snapshot {
    let broker = world.broker();
    Snapshot {
        now_ms: world.now_ms(),
        broker_running: broker.is_running(),
        exchanges: broker
            .exchanges()
            .map(|exchange| ExchangeRow {
                name: shown(&exchange.resource.name),
                kind: exchange.exchange_type.name().to_string(),
                durable: exchange.durable,
                auto_delete: exchange.auto_delete,
                internal: exchange.internal,
            })
            .collect(),
        queues: broker.queues().map(|queue| queue_row(world, queue)).collect(),
        consumers: broker.queues().flat_map(|queue| consumer_rows(world, queue)).collect(),
        keys: (0..DATABASES).flat_map(|db| key_rows(world, db)).collect(),
        processes: world
            .processes()
            .iter()
            .map(|process| ProcessRow {
                name: shown(&process.name),
                alive: process.is_alive(),
                line: process.last_line,
                output: process.output.iter().map(shown).collect(),
            })
            .collect(),
    }
}

fn shown(bytes: &Bytes) -> String {
    bytes.text().into_owned()
}

fn message_row(held: &Held) -> MessageRow {
    let message = &held.message;
    MessageRow {
        id: message.id.0,
        exchange: shown(&message.exchange),
        routing_key: shown(&message.routing_key),
        body: shown(&message.body),
        redelivered: held.redelivered,
        persistent: message.is_persistent(),
        delivery_tag: None,
        consumer: None,
    }
}

fn queue_row(world: &World, queue: &Queue) -> QueueRow {
    let owner = |connection| world.owner_name(connection).map(shown);
    QueueRow {
        name: shown(&queue.resource.name),
        durable: queue.durable,
        exclusive: queue.exclusive.is_some(),
        auto_delete: queue.auto_delete,
        ready: queue.ready.values().map(message_row).collect(),
        unacked: queue
            .unacked
            .values()
            .map(|unacked| MessageRow {
                delivery_tag: Some(unacked.delivery_tag),
                consumer: owner(unacked.channel.connection),
                ..message_row(&unacked.held)
            })
            .collect(),
    }
}

fn consumer_rows(world: &World, queue: &Queue) -> Vec<ConsumerRow> {
    queue
        .consumers
        .values()
        .map(|consumer| ConsumerRow {
            queue: shown(&queue.resource.name),
            tag: shown(&consumer.at.tag),
            process: world.owner_name(consumer.at.channel.connection).map(shown).unwrap_or_default(),
            prefetch: consumer.prefetch_count,
            no_ack: consumer.no_ack,
            unacked: consumer.in_flight,
        })
        .collect()
}

fn key_rows(world: &World, db: u8) -> Vec<KeyRow> {
    keys_view::keys(world.store(), db, EPOCH_MS + world.now_ms(), KEYS, VALUE_BYTES)
        .into_iter()
        .map(|row| KeyRow {
            db: u32::from(db),
            key: shown(&row.key),
            kind: row.type_name.to_string(),
            ttl_ms: row.ttl_ms,
            value: shown(&row.bytes),
        })
        .collect()
}
