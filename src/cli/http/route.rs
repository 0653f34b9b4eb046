//! Which function answers which call.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use warren_sim::bytes::Bytes;

use super::access::{self, is_in_sight, is_own};
use super::answer::Answer;
use super::columns::{columns, sampled};
use super::{act, admin, clients, operate, overview, queues, show};
use crate::amqp::node::Node;

/// A call.
#[allow(missing_debug_implementations, reason = "it lives as long as one answer")]
pub struct Call<'a> {
    /// The broker.
    pub node: &'a Node,
    /// Where it listens.
    pub amqp: SocketAddr,
    /// Where the management calls are answered.
    pub http: SocketAddr,
    /// Who calls, if name and password are right.
    pub user: Option<&'a Bytes>,
    /// Whether a name was said at all.
    pub is_login_tried: bool,
    /// Whether name and password cannot be read.
    pub is_login_broken: bool,
    /// What the caller takes.
    pub accept: &'a str,
    /// GET, PUT, POST or DELETE.
    pub method: &'a str,
    /// The words of the path below `/api`; none where it is another one.
    pub words: Option<Vec<String>>,
    /// What stands behind the question mark.
    pub query: &'a str,
    /// The body's type.
    pub content_type: &'a str,
    /// What `X-Reason` says.
    pub reason: &'a str,
    /// The body.
    pub body: &'a [u8],
}

impl Call<'_> {
    /// A value of the query.
    pub fn asked(&self, name: &str) -> Option<String> {
        field(self.query, name)
    }

    /// Whether the query says that something is true.
    pub fn is_asked(&self, name: &str) -> bool {
        self.asked(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Who calls; nobody where a call is open to all.
    pub fn name(&self) -> Bytes {
        self.user.cloned().unwrap_or_default()
    }

    /// Whether who calls has a tag.
    pub fn has_tag(&self, tag: &str) -> bool {
        self.user.is_some_and(|user| self.node.users.has_tag(user, tag))
    }

    /// Whether who calls may do everything.
    pub fn is_admin(&self) -> bool {
        self.has_tag("administrator")
    }

    /// Whether who calls may see everything.
    pub fn is_monitor(&self) -> bool {
        self.is_admin() || self.has_tag("monitoring")
    }

    /// The body as an object; an empty body is an empty one.
    pub fn object(&self) -> Result<Map<String, Value>, Answer> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        match serde_json::from_slice(self.body) {
            Ok(Value::Object(fields)) => Ok(fields),
            Ok(Value::String(_)) => Err(Answer::bad_request(
                "invalid payload: the request body JSON-decoded to a string. Is the input doubly-JSON-encoded?",
            )),
            _ => Err(Answer::bad_request("not_json")),
        }
    }

    /// What is listened to, by protocol.
    pub fn ports(&self) -> [(&'static str, u16); 2] {
        [("http", self.http.port()), ("amqp", self.amqp.port())]
    }

    /// Whether there is such a virtual host.
    pub fn has_vhost(&self, name: &str) -> bool {
        self.node.has_vhost(&Bytes::from(name))
    }
}

/// A value among others, as a query and a form hold it.
fn field(pairs: &str, name: &str) -> Option<String> {
    let pairs = pairs.split('&').filter_map(|pair| pair.split_once('='));
    let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| decode(value));
    values.next()
}

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The words of a path below `/api`.
pub fn words(path: &str) -> Option<Vec<String>> {
    let mut words = path.strip_suffix('/').unwrap_or(path).split('/').skip(1).map(decode);
    (words.next().as_deref() == Some("api")).then(|| words.collect())
}

/// What stands in the way of a call.
pub fn refusal(call: &Call<'_>) -> Option<Answer> {
    let Some(words) = &call.words else { return Some(Answer::no_file(call.method, false)) };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    access::refusal(call, &words)
}

/// Answers a call that nothing stands in the way of.
pub fn answer(call: &Call<'_>) -> Answer {
    let words: Vec<&str> = call.words.iter().flatten().map(String::as_str).collect();
    let result = match call.method {
        "POST" if words == ["login"] => Ok(login(call)),
        _ if words.first() == Some(&"warren") => operate::answer(call, &words[1..]),
        _ if !call.node.is_running() => Ok(Answer::unavailable()),
        "GET" | "HEAD" => get(call, &words),
        _ => change(call, &words),
    };
    result.unwrap_or_else(|refusal| refusal)
}

/// Whether name and password of a form are right; nothing is remembered of it.
fn login(call: &Call<'_>) -> Answer {
    let body = String::from_utf8_lossy(call.body).replace('+', " ");
    let [name, password] = ["username", "password"].map(|name| field(&body, name).unwrap_or_default());
    let is_right = call.node.users.knows(name.as_bytes(), password.as_bytes());
    match call.content_type.starts_with("application/x-www-form-urlencoded") {
        _ if !is_right => Answer::unauthorised(true),
        true => Answer::json("ok".into()),
        false => Answer::unsupported(),
    }
}

fn get(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let list = |mut items: Vec<Value>| {
        items.retain(|item| is_in_sight(call, item));
        Ok(Answer::json(show::page(call, items)?))
    };
    let unpaged = |mut items: Vec<Value>, is_shown: fn(&Call<'_>, &Value) -> bool| {
        items.retain(|item| is_shown(call, item));
        Ok(Answer::json(show::listed(call, items)))
    };
    let own = |mut items: Vec<Value>| {
        items.retain(|item| is_own(call, item));
        Ok(Answer::json(show::page(call, items)?))
    };
    let one = |item: Option<Value>| item.map(|item| Answer::json(columns(call, item))).ok_or_else(Answer::not_found);
    // Of these, RabbitMQ leaves nothing out.
    let whole = |item: Option<Value>| item.map(|item| Answer::json(sampled(call, item))).ok_or_else(Answer::not_found);
    let within = |vhost: &str| if call.has_vhost(vhost) { Ok(()) } else { Err(Answer::not_found()) };
    let node = call.node;
    match words {
        ["overview"] => one(Some(overview::overview(call))),
        ["whoami"] => one(admin::whoami(call)),
        ["extensions"] => Ok(Answer::json(json!([{"javascript": "dispatcher.js"}]))),
        ["auth"] => Ok(Answer::json(json!({"enable_uaa": false, "uaa_client_id": "", "uaa_location": ""}))),
        ["nodes"] => list(vec![overview::node(call)]),
        ["nodes", name] => one(Some(overview::node(call)).filter(|_| *name == show::NODE)),
        ["nodes" | "feature-flags", ..] | ["auth", "attempts", ..] => overview::get(call, words),
        ["aliveness-test", vhost] => within(vhost).and_then(|()| act::aliveness(call, vhost)),
        ["definitions" | "all-configuration"] => Ok(Answer::json(admin::export(node))),
        ["definitions", vhost] if call.has_vhost(vhost) => Ok(Answer::json(admin::export_vhost(node, vhost))),
        ["definitions", _] => Err(Answer::bad_request("vhost_not_found")),
        ["queues"] => list(queues::queues(call, None)),
        ["queues", vhost] => within(vhost).and_then(|()| list(queues::queues(call, Some(vhost)))),
        ["queues", vhost, name] => one(queues::queue(call, vhost, name)),
        ["queues", vhost, name, "bindings"] => {
            let found = show::bindings(node, |b| b.vhost == *vhost && b.to_queue && b.destination == *name);
            // RabbitMQ makes the binding to the default exchange up, and does not look whether there is such a queue.
            let made_up = || vec![show::default_binding(vhost, name)];
            list(if found.is_empty() && call.has_vhost(vhost) { made_up() } else { found })
        }
        ["exchanges"] => list(show::exchanges(call, None)),
        ["exchanges", vhost] => within(vhost).and_then(|()| list(show::exchanges(call, Some(vhost)))),
        ["exchanges", vhost, name] => one(show::exchange(node, vhost, name)),
        ["exchanges", vhost, name, "bindings", end @ ("source" | "destination")] => {
            let name = show::exchange_name(name);
            let is_it =
                |b: &show::Link| if *end == "source" { b.source == name } else { !b.to_queue && b.destination == name };
            list(show::bindings(node, |b| b.vhost == *vhost && is_it(b)))
        }
        ["bindings"] => unpaged(show::bindings(node, |_| true), is_in_sight),
        ["bindings", vhost] => {
            within(vhost).and_then(|()| unpaged(show::bindings(node, |b| b.vhost == *vhost), is_in_sight))
        }
        ["bindings", vhost, "e", source, kind @ ("q" | "e"), destination, rest @ ..] => {
            let source = show::exchange_name(source);
            let found = show::bindings(node, |b| {
                let is_between = b.source == source && b.destination == *destination;
                b.vhost == *vhost && is_between && b.to_queue == (*kind == "q")
            });
            match rest {
                [] => list(found),
                [key] => one(found.into_iter().find(|binding| show::has_key(binding, key))),
                _ => Err(Answer::not_found()),
            }
        }
        ["connections"] => own(clients::connections(node)),
        ["connections", name] => whole(clients::connection(node, name)),
        ["connections", name, "channels"] if *name != "username" => {
            one(clients::connection(node, name))?;
            own(clients::channels(node, Some(name)))
        }
        ["channels"] => own(clients::channels(node, None)),
        ["channels", name] => whole(clients::channel(node, name)),
        ["consumers"] => unpaged(queues::consumers(node, None), is_own),
        ["consumers", vhost] => within(vhost).and_then(|()| unpaged(queues::consumers(node, Some(vhost)), is_own)),
        _ => admin::get(call, words),
    }
}

fn change(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    match (call.method, words) {
        ("PUT", ["queues", vhost, name]) => act::declare_queue(call, vhost, name),
        ("DELETE", ["queues", vhost, name]) => act::delete_queue(call, vhost, name),
        ("DELETE", ["queues", vhost, name, "contents"]) => act::purge(call, vhost, name),
        ("POST", ["queues", vhost, name, "get"]) => act::get(call, vhost, name),
        ("POST", ["queues", vhost, name, "actions"]) => act::queue_action(call, vhost, name),
        ("PUT", ["exchanges", vhost, name]) => act::declare_exchange(call, vhost, name),
        ("DELETE", ["exchanges", vhost, name]) => act::delete_exchange(call, vhost, name),
        ("POST", ["exchanges", vhost, name, "publish"]) => act::publish(call, vhost, name),
        ("POST", ["bindings", vhost, "e", source, kind @ ("q" | "e"), destination]) => {
            act::bind(call, vhost, (source, kind, destination))
        }
        ("DELETE", ["bindings", vhost, "e", source, kind @ ("q" | "e"), destination, key]) => {
            act::unbind(call, vhost, (source, kind, destination), key)
        }
        _ => admin::change(call, words),
    }
}
