//! Which function answers which call.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use std::net::SocketAddr;
use warren_sim::bytes::Bytes;

use super::answer::Answer;
use super::{act, admin, operate, show};
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
    /// Who calls.
    pub user: &'a Bytes,
    /// GET, PUT, POST or DELETE.
    pub method: &'a str,
    /// The path.
    pub path: &'a str,
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
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        let mut values = pairs.filter(|(key, _)| *key == name).map(|(_, value)| decode(value));
        values.next()
    }

    /// Whether the query says that something is true.
    pub fn is_asked(&self, name: &str) -> bool {
        self.asked(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// The body as an object; an empty body is an empty one.
    pub fn object(&self) -> Result<Map<String, Value>, Answer> {
        if self.body.is_empty() {
            return Ok(Map::new());
        }
        serde_json::from_slice(self.body).map_err(|_| Answer::bad_request("not_json"))
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

fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Answers a call.
pub fn answer(call: &Call<'_>) -> Answer {
    let words: Vec<String> = call.path.trim_end_matches('/').split('/').skip(1).map(decode).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let Some(("api", rest)) = words.split_first().map(|(first, rest)| (*first, rest)) else {
        return Answer::not_found();
    };
    let result = match call.method {
        _ if rest.first() == Some(&"warren") => operate::answer(call, &rest[1..]),
        _ if !call.node.is_running() => Ok(Answer::unavailable()),
        "GET" | "HEAD" => get(call, rest),
        "PUT" | "POST" | "DELETE" => change(call, rest),
        _ => Ok(Answer::not_allowed()),
    };
    result.unwrap_or_else(|refusal| refusal)
}

fn get(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let list = |items: Vec<Value>| Ok(Answer::json(show::page(call, items)?));
    let one =
        |item: Option<Value>| item.map(|item| Answer::json(show::columns(call, item))).ok_or_else(Answer::not_found);
    let within = |vhost: &str| if call.has_vhost(vhost) { Ok(()) } else { Err(Answer::not_found()) };
    let node = call.node;
    match words {
        ["overview"] => one(Some(show::overview(call))),
        ["whoami"] => one(admin::whoami(call)),
        ["extensions"] => Ok(Answer::json(json!([]))),
        ["auth"] => Ok(Answer::json(json!({"enable_uaa": false, "uaa_client_id": "", "uaa_location": ""}))),
        ["nodes"] => list(vec![show::node()]),
        ["nodes", name] => one(Some(show::node()).filter(|_| *name == show::NODE)),
        ["aliveness-test", vhost] => within(vhost).and_then(|()| act::aliveness(call, vhost)),
        ["definitions"] => Ok(Answer::text(node.read(admin::export(node)))),
        ["definitions", vhost] => {
            let text = node.read(|broker| broker.export_vhost_definitions(&Bytes::from(*vhost)));
            text.map(Answer::text).ok_or_else(|| Answer::bad_request("vhost_not_found"))
        }
        ["queues"] => list(show::queues(node, None)),
        ["queues", vhost] => within(vhost).and_then(|()| list(show::queues(node, Some(vhost)))),
        ["queues", vhost, name] => one(show::queue(node, vhost, name)),
        ["queues", vhost, name, "bindings"] => {
            one(show::queue(node, vhost, name))?;
            list(show::bindings(node, |b| b.vhost == *vhost && b.to_queue && b.destination == *name))
        }
        ["queues", _, _, _] | ["exchanges", _, _, "publish"] => Ok(Answer::not_allowed()),
        ["exchanges"] => list(show::exchanges(node, None)),
        ["exchanges", vhost] => within(vhost).and_then(|()| list(show::exchanges(node, Some(vhost)))),
        ["exchanges", vhost, name] => one(show::exchange(node, vhost, name)),
        ["exchanges", vhost, name, "bindings", end @ ("source" | "destination")] => {
            within(vhost)?;
            let name = show::exchange_name(name);
            let is_it =
                |b: &show::Link| if *end == "source" { b.source == name } else { !b.to_queue && b.destination == name };
            list(show::bindings(node, |b| b.vhost == *vhost && is_it(b)))
        }
        ["bindings"] => list(show::bindings(node, |_| true)),
        ["bindings", vhost] => within(vhost).and_then(|()| list(show::bindings(node, |b| b.vhost == *vhost))),
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
        ["connections"] => list(show::connections(node)),
        ["connections", name] => one(show::connection(node, name)),
        ["connections", name, "channels"] => {
            one(show::connection(node, name))?;
            list(show::channels(node, Some(name)))
        }
        ["channels"] => list(show::channels(node, None)),
        ["channels", name] => one(show::channels(node, None).into_iter().find(|channel| channel["name"] == **name)),
        ["consumers"] => list(show::consumers(node, None)),
        ["consumers", vhost] => within(vhost).and_then(|()| list(show::consumers(node, Some(vhost)))),
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
