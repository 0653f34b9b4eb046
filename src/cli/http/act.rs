//! Calls that change queues, exchanges, bindings and messages. Each says to the broker what a client would say.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use warren_sim::amqp::method::*;
use warren_sim::amqp::value::Table;
use warren_sim::bytes::Bytes;

use super::answer::Answer;
use super::queues;
use super::route::Call;
use super::show::{self, Link};
use super::table::{from_table, to_table};
use crate::amqp::node::Direct;
use crate::amqp::settings;

/// Messages of one `get`.
const GET_MAX: u64 = 10_000;

fn direct<'a>(call: &'a Call<'_>, vhost: &str) -> Result<Direct<'a>, Answer> {
    if call.has_vhost(vhost) {
        return Ok(call.node.direct(call.name(), Bytes::from(vhost)));
    }
    Err(Answer::missing("vhost_not_found"))
}

/// The same for what RabbitMQ does as an ordinary client: it has to be let in.
fn connect<'a>(call: &'a Call<'_>, vhost: &str) -> Result<Direct<'a>, Answer> {
    let (node, user, name) = (call.node, call.name(), Bytes::from(vhost));
    let is_let_in = node.users.may_enter(&user, &name) && settings::connection_refusal(node, &user, &name).is_none();
    if is_let_in { direct(call, vhost).map_err(|_| Answer::refused()) } else { Err(Answer::refused()) }
}

/// What is answered where such a client is refused something.
fn told(code: u16, text: &str) -> Answer {
    let reason = text.split_once(" - ").map_or(text, |(_, reason)| reason);
    match code {
        404 => Answer::missing(text),
        403 => Answer::refused_because(text),
        // Where it would close the connection, its name is left out.
        540 => Answer::bad_request(format!("{code} {reason}")),
        _ => Answer::bad_request(format!("{code} {text}")),
    }
}

/// The broker's refusal among its answers: code and text.
fn refusal(answers: &[Frame]) -> Option<(u16, String)> {
    answers.iter().find_map(|frame| match &frame.method {
        Method::ChannelClose(close) => Some((close.reply_code, close.reply_text.text().into_owned())),
        Method::ConnectionClose(close) => Some((close.reply_code, close.reply_text.text().into_owned())),
        _ => None,
    })
}

/// The answers, or how RabbitMQ's management tells of a refusal.
fn unless_refused(answers: Vec<Frame>) -> Result<Vec<Frame>, Answer> {
    let Some((code, text)) = refusal(&answers) else { return Ok(answers) };
    let reason = text.split_once(" - ").map_or(text.as_str(), |(_, reason)| reason);
    Err(match code {
        404 => Answer::missing(reason),
        403 | 530 => Answer::refused(),
        _ => Answer::bad_request(reason),
    })
}

/// A field that is true or false, or not there.
pub fn flag(object: &Map<String, Value>, name: &str) -> Result<bool, Answer> {
    match object.get(name) {
        None => Ok(false),
        Some(Value::Bool(on)) => Ok(*on),
        Some(Value::String(text)) if text == "true" => Ok(true),
        Some(Value::String(text)) if text == "false" => Ok(false),
        Some(other) => Err(Answer::bad_request(json!(["not_boolean", other]))),
    }
}

fn arguments(object: &Map<String, Value>) -> Result<Table, Answer> {
    match object.get("arguments") {
        Some(Value::Object(fields)) => to_table(fields).map_err(Answer::bad_request),
        _ => Ok(Table::default()),
    }
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> &'a str {
    object.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// What stands in RabbitMQ's answer to a call that lacks something.
pub fn require(object: &Map<String, Value>, names: &[&str]) -> Result<(), Answer> {
    let missing: Vec<String> =
        names.iter().filter(|n| !object.contains_key(**n)).map(|n| format!("{{key_missing,{n}}}")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let line = format!("[{}]", missing.join(","));
    // Erlang's lines are not longer.
    Err(Answer::bad_request(if line.len() > 80 { line.replace("},{", "},\n {") } else { line }))
}

/// `PUT /api/queues/VHOST/NAME`.
pub fn declare_queue(call: &Call<'_>, vhost: &str, name: &str) -> Result<Answer, Answer> {
    let connection = direct(call, vhost)?;
    let object = call.object()?;
    let is_new = !queues::is_there(call.node, vhost, name);
    if let Some(node) = object.get("node").and_then(Value::as_str).filter(|node| *node != show::NODE) {
        let host = show::NODE.split('@').next_back().filter(|_| !node.contains('@'));
        let node = host.map_or(node.to_string(), |host| format!("{node}@{host}"));
        return Err(Answer::bad_request(format!("Node {node} could not be contacted")));
    }
    let declare = QueueDeclare {
        queue: Bytes::from(name),
        durable: flag(&object, "durable")?,
        auto_delete: flag(&object, "auto_delete")?,
        arguments: arguments(&object)?,
        ..QueueDeclare::default()
    };
    unless_refused(connection.call(Method::from(declare)))?;
    Ok(if is_new { Answer::created() } else { Answer::done() })
}

fn must_be_there(call: &Call<'_>, vhost: &str, name: &str) -> Result<(), Answer> {
    if queues::is_there(call.node, vhost, name) { Ok(()) } else { Err(Answer::not_found()) }
}

/// `DELETE /api/queues/VHOST/NAME`.
pub fn delete_queue(call: &Call<'_>, vhost: &str, name: &str) -> Result<Answer, Answer> {
    must_be_there(call, vhost, name)?;
    let (if_unused, if_empty) = (call.is_asked("if-unused"), call.is_asked("if-empty"));
    let delete = QueueDelete { queue: Bytes::from(name), if_unused, if_empty, ..QueueDelete::default() };
    unless_refused(direct(call, vhost)?.call(Method::from(delete))).map(|_| Answer::done())
}

/// `DELETE /api/queues/VHOST/NAME/contents`.
pub fn purge(call: &Call<'_>, vhost: &str, name: &str) -> Result<Answer, Answer> {
    must_be_there(call, vhost, name)?;
    let purge = QueuePurge { queue: Bytes::from(name), ..QueuePurge::default() };
    unless_refused(direct(call, vhost)?.call(Method::from(purge))).map(|_| Answer::done())
}

/// `POST /api/queues/VHOST/NAME/actions`: what mirrors would do, of which there are none.
pub fn queue_action(call: &Call<'_>, vhost: &str, name: &str) -> Result<Answer, Answer> {
    must_be_there(call, vhost, name)?;
    let object = call.object()?;
    require(&object, &["action"])?;
    match text(&object, "action") {
        "sync" | "cancel_sync" => Ok(Answer::done()),
        other => Err(Answer::bad_request(json!(["unknown", other]))),
    }
}

/// `PUT /api/exchanges/VHOST/NAME`.
pub fn declare_exchange(call: &Call<'_>, vhost: &str, name: &str) -> Result<Answer, Answer> {
    let connection = direct(call, vhost)?;
    let object = call.object()?;
    let is_new = show::exchange(call.node, vhost, name).is_none();
    let type_ = match object.get("type") {
        None => "direct".to_string(),
        Some(Value::String(name)) => name.clone(),
        // No type is called `null`.
        Some(other) => other.to_string(),
    };
    let declare = ExchangeDeclare {
        exchange: Bytes::from(show::exchange_name(name)),
        type_: Bytes::from(type_),
        durable: flag(&object, "durable")?,
        auto_delete: flag(&object, "auto_delete")?,
        internal: flag(&object, "internal")?,
        arguments: arguments(&object)?,
        ..ExchangeDeclare::default()
    };
    unless_refused(connection.call(Method::from(declare)))?;
    Ok(if is_new { Answer::created() } else { Answer::done() })
}

/// `DELETE /api/exchanges/VHOST/NAME`.
pub fn delete_exchange(call: &Call<'_>, vhost: &str, name: &str) -> Result<Answer, Answer> {
    show::exchange(call.node, vhost, name).ok_or_else(Answer::not_found)?;
    let exchange = Bytes::from(show::exchange_name(name));
    let delete = ExchangeDelete { exchange, if_unused: call.is_asked("if-unused"), ..ExchangeDelete::default() };
    unless_refused(direct(call, vhost)?.call(Method::from(delete))).map(|_| Answer::done())
}

/// What is escaped in the address of a new binding.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Where a binding starts, `q` or `e`, and where it ends.
type Ends<'a> = (&'a str, &'a str, &'a str);

/// `POST /api/bindings/VHOST/e/SOURCE/q/DESTINATION`.
pub fn bind(call: &Call<'_>, vhost: &str, (source, kind, destination): Ends<'_>) -> Result<Answer, Answer> {
    let object = call.object()?;
    let (arguments, routing_key) = (arguments(&object)?, Bytes::from(text(&object, "routing_key")));
    let (exchange, end) = (Bytes::from(show::exchange_name(source)), Bytes::from(destination));
    let key = routing_key.clone();
    let bind = match kind {
        "q" => Method::from(QueueBind { queue: end, exchange, routing_key, arguments, ..QueueBind::default() }),
        _ => Method::from(ExchangeBind {
            destination: end,
            source: exchange,
            routing_key,
            arguments,
            ..ExchangeBind::default()
        }),
    };
    unless_refused(direct(call, vhost)?.call(bind))?;
    let is_it = |link: &Link| is_between(link, vhost, (source, kind, destination));
    let made = show::bindings(call.node, is_it).into_iter().rev().find(|binding| binding["routing_key"] == *key.text());
    let name = made.and_then(|binding| binding["properties_key"].as_str().map(str::to_string));
    let escaped = |text: &str| utf8_percent_encode(text, ESCAPED).to_string();
    Ok(Answer::created_at(format!("{}/{}", escaped(destination), escaped(&name.unwrap_or_default()))))
}

fn is_between(link: &Link, vhost: &str, (source, kind, destination): Ends<'_>) -> bool {
    let is_kind = link.to_queue == (kind == "q");
    link.vhost == vhost && is_kind && link.source == show::exchange_name(source) && link.destination == destination
}

/// `DELETE /api/bindings/VHOST/e/SOURCE/q/DESTINATION/KEY`.
pub fn unbind(
    call: &Call<'_>,
    vhost: &str,
    (source, kind, destination): Ends<'_>,
    key: &str,
) -> Result<Answer, Answer> {
    let found = show::bindings(call.node, |link| is_between(link, vhost, (source, kind, destination)));
    let found = found.into_iter().find(|binding| show::has_key(binding, key)).ok_or_else(Answer::not_found)?;
    let routing_key = Bytes::from(found["routing_key"].as_str().unwrap_or_default());
    let arguments = found["arguments"].as_object().map(to_table).unwrap_or_else(|| Ok(Table::default()));
    let arguments = arguments.map_err(Answer::bad_request)?;
    let (exchange, end) = (Bytes::from(show::exchange_name(source)), Bytes::from(destination));
    let unbind = match kind {
        "q" => Method::from(QueueUnbind { queue: end, exchange, routing_key, arguments, ..QueueUnbind::default() }),
        _ => Method::from(ExchangeUnbind {
            destination: end,
            source: exchange,
            routing_key,
            arguments,
            ..ExchangeUnbind::default()
        }),
    };
    unless_refused(direct(call, vhost)?.call(unbind)).map(|_| Answer::done())
}

/// `POST /api/exchanges/VHOST/NAME/publish`.
pub fn publish(call: &Call<'_>, vhost: &str, name: &str) -> Result<Answer, Answer> {
    let object = call.object()?;
    require(&object, &["routing_key", "properties", "payload", "payload_encoding"])?;
    let payload = object["payload"].as_str().ok_or_else(|| Answer::bad_request("payload_not_string"))?;
    let body = match text(&object, "payload_encoding") {
        "string" => payload.as_bytes().to_vec(),
        "base64" => STANDARD.decode(payload).map_err(|_| Answer::bad_request(json!(["not_base64", payload])))?,
        other => return Err(Answer::bad_request(json!(["unsupported_encoding", other]))),
    };
    let properties = properties(object.get("properties").and_then(Value::as_object))?;
    let publish = BasicPublish {
        exchange: Bytes::from(show::exchange_name(name)),
        routing_key: Bytes::from(text(&object, "routing_key")),
        mandatory: true,
        ..BasicPublish::default()
    };
    let content = Some(Content { properties, body: Bytes::from(body) });
    let connection = connect(call, vhost)?;
    let answers = connection.call(Frame { method: publish.into(), content });
    if let Some((code, text)) = refusal(&answers) {
        return Err(Answer::bad_request(format!("{code} {text}")));
    }
    let is_returned = answers.iter().any(|frame| matches!(frame.method, Method::BasicReturn(_)));
    Ok(Answer::json(json!({"routed": !is_returned})))
}

fn properties(object: Option<&Map<String, Value>>) -> Result<Properties, Answer> {
    let mut p = Properties::default();
    // The first one that is wrong is told, in the order of the protocol.
    for name in warren_sim::amqp::text::PROPERTIES.iter().copied() {
        let Some(value) = object.and_then(|object| object.get(name)) else { continue };
        let number = || value.as_i64().ok_or_else(|| Answer::bad_request(json!(["not_int", name])));
        let small = || number().map(|number| Some(number as u8));
        let text = || match value {
            Value::String(text) => Ok(Some(Bytes::from(text.as_str()))),
            _ => Err(Answer::bad_request(json!(["not_string", name]))),
        };
        match name {
            "headers" => p.headers = value.as_object().map(to_table).transpose().map_err(Answer::bad_request)?,
            "delivery_mode" => p.delivery_mode = small()?,
            "priority" => p.priority = small()?,
            "timestamp" => p.timestamp = Some(number()? as u64),
            "content_type" => p.content_type = text()?,
            "content_encoding" => p.content_encoding = text()?,
            "correlation_id" => p.correlation_id = text()?,
            "reply_to" => p.reply_to = text()?,
            "expiration" => p.expiration = text()?,
            "message_id" => p.message_id = text()?,
            "type" => p.type_ = text()?,
            "user_id" => p.user_id = text()?,
            "app_id" => p.app_id = text()?,
            _ => p.cluster_id = text()?,
        }
    }
    Ok(p)
}

/// `POST /api/queues/VHOST/NAME/get`.
pub fn get(call: &Call<'_>, vhost: &str, name: &str) -> Result<Answer, Answer> {
    let object = call.object()?;
    require(&object, &["ackmode", "count", "encoding"])?;
    let count = object["count"].as_i64().or_else(|| object["count"].as_str()?.parse().ok());
    let count = count.ok_or_else(|| Answer::bad_request(json!(["not_integer", object["count"]])))?;
    // Below 0, all there is.
    let count = u64::try_from(count).unwrap_or(GET_MAX);
    let (is_reject, requeue) = match text(&object, "ackmode") {
        "ack_requeue_true" => (false, true),
        "ack_requeue_false" => (false, false),
        "reject_requeue_true" => (true, true),
        "reject_requeue_false" => (true, false),
        other => return Err(Answer::bad_request(json!(["unknown_ackmode", other]))),
    };
    if !["auto", "base64"].contains(&text(&object, "encoding")) {
        return Err(Answer::bad_request("Unsupported encoding. Please use auto or base64."));
    }
    let number = |value: &Value| value.as_u64().or_else(|| value.as_str()?.parse().ok());
    let truncate = object.get("truncate").and_then(number).map_or(usize::MAX, |n| n as usize);
    let connection = connect(call, vhost)?;
    let (mut shown, mut tags) = (Vec::new(), Vec::new());
    for _ in 0..count.min(GET_MAX) {
        let no_ack = !is_reject && !requeue;
        let answers =
            connection.call(Method::from(BasicGet { queue: Bytes::from(name), no_ack, ..BasicGet::default() }));
        if let Some((code, text)) = refusal(&answers) {
            return Err(told(code, &text));
        }
        let Some(Frame { method: Method::BasicGetOk(got), content: Some(content) }) = answers.first() else { break };
        tags.push(got.delivery_tag);
        shown.push(message(got, content, text(&object, "encoding"), truncate));
    }
    if is_reject || requeue {
        for delivery_tag in tags {
            connection.call(Method::from(BasicReject { delivery_tag, requeue }));
        }
    }
    Ok(Answer::json(shown.into()))
}

fn message(got: &BasicGetOk, content: &Content, encoding: &str, truncate: usize) -> Value {
    let part = &content.body[..content.body.len().min(truncate)];
    let (payload, encoding) = match std::str::from_utf8(part) {
        Ok(text) if encoding == "auto" => (text.to_string(), "string"),
        _ => (STANDARD.encode(part), "base64"),
    };
    json!({
        "payload_bytes": content.body.len(), "redelivered": got.redelivered, "exchange": got.exchange.text(),
        "routing_key": got.routing_key.text(), "message_count": got.message_count,
        "properties": shown_properties(&content.properties), "payload": payload, "payload_encoding": encoding,
    })
}

/// In RabbitMQ's order; without any, it is an empty list there.
fn shown_properties(p: &Properties) -> Value {
    let text = |text: &Option<Bytes>| text.as_ref().map(|text| Value::from(text.text()));
    let fields = [
        ("app_id", text(&p.app_id)),
        ("user_id", text(&p.user_id)),
        ("type", text(&p.type_)),
        ("timestamp", p.timestamp.map(Value::from)),
        ("message_id", text(&p.message_id)),
        ("expiration", text(&p.expiration)),
        ("reply_to", text(&p.reply_to)),
        ("correlation_id", text(&p.correlation_id)),
        ("priority", p.priority.map(Value::from)),
        ("delivery_mode", p.delivery_mode.map(Value::from)),
        ("headers", p.headers.as_ref().map(from_table)),
        ("content_encoding", text(&p.content_encoding)),
        ("content_type", text(&p.content_type)),
        ("cluster_id", text(&p.cluster_id)),
    ];
    let there: Map<String, Value> =
        fields.into_iter().filter_map(|(name, value)| Some((name.to_string(), value?))).collect();
    if there.is_empty() { json!([]) } else { there.into() }
}

/// `GET /api/aliveness-test/VHOST`: declares a queue, sends through it and looks.
pub fn aliveness(call: &Call<'_>, vhost: &str) -> Result<Answer, Answer> {
    let queue = Bytes::from("aliveness-test");
    let connection = connect(call, vhost)?;
    let say = |frame: Frame| {
        let answers = connection.call(frame);
        refusal(&answers).map_or(Ok(answers), |(code, text)| Err(told(code, &text)))
    };
    say(Method::from(QueueDeclare { queue: queue.clone(), ..QueueDeclare::default() }).into())?;
    let publish = BasicPublish { routing_key: queue.clone(), ..BasicPublish::default() };
    let content = Some(Content { properties: Properties::default(), body: Bytes::from("test_message") });
    say(Frame { method: publish.into(), content })?;
    let answers = say(Method::from(BasicGet { queue, no_ack: true, ..BasicGet::default() }).into())?;
    let is_there = answers.iter().any(|frame| matches!(frame.method, Method::BasicGetOk(_)));
    Ok(Answer::json(json!({"status": if is_there { "ok" } else { "failed" }})))
}
