//! Calls about virtual hosts, policies, definitions and connections.

use serde_json::{Map, Value, json};
use warren_sim::amqp::broker::Broker;
use warren_sim::amqp::event::ConnectionId;
use warren_sim::amqp::policy::{ApplyTo, Policy, PolicyError};
use warren_sim::bytes::Bytes;

use super::access::{is_in_sight, is_own};
use super::act::{flag, require};
use super::answer::Answer;
use super::columns::columns;
use super::parameters::erlang;
use super::route::Call;
use super::table::{from_table, to_table};
use super::{clients, health, overview, parameters, people, show};
use crate::amqp::login::VERSION;
use crate::amqp::node::Node;

/// `GET` of what stands in no other place.
pub fn get(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let list = |mut items: Vec<Value>| {
        items.retain(|item| is_in_sight(call, item));
        Ok(Answer::json(show::listed(call, items)))
    };
    let own = |mut items: Vec<Value>| {
        items.retain(|item| is_own(call, item));
        Ok(Answer::json(show::listed(call, items)))
    };
    let one = |item: Option<Value>| item.map(Answer::json).ok_or_else(Answer::not_found);
    let node = call.node;
    match words {
        ["vhosts"] => {
            let is_visible = |vhost: &Value| call.is_monitor() || is_in_sight(call, &json!({"vhost": vhost["name"]}));
            let items = vhosts(node).into_iter().filter(is_visible).collect();
            Ok(Answer::json(show::page(call, items)?))
        }
        ["vhosts", name] => {
            let mut found = vhosts(node).into_iter().find(|vhost| vhost["name"] == **name);
            if let Some(Value::Object(fields)) = found.as_mut().filter(|_| call.is_asked("disable_stats")) {
                fields.retain(|name, _| !["message", "recv_oct", "send_oct"].iter().any(|stat| name.starts_with(stat)));
            }
            one(found.map(|vhost| columns(call, vhost)))
        }
        ["vhosts", name, "connections"] if call.has_vhost(name) => {
            own(clients::connections(node).into_iter().filter(|one| one["vhost"] == **name).collect())
        }
        ["vhosts", name, "channels"] if call.has_vhost(name) => {
            own(clients::channels(node, None).into_iter().filter(|one| one["vhost"] == **name).collect())
        }
        ["connections", "username", user] => list(clients::connections_of(node, user)),
        ["policies"] => list(policies(node, None, false)),
        ["policies", vhost] if call.has_vhost(vhost) => list(policies(node, Some(vhost), false)),
        ["policies", vhost, name] => one(policies(node, Some(vhost), false).into_iter().find(|p| p["name"] == **name)),
        ["operator-policies"] => list(policies(node, None, true)),
        ["operator-policies", vhost] if call.has_vhost(vhost) => list(policies(node, Some(vhost), true)),
        ["operator-policies", vhost, name] => {
            one(policies(node, Some(vhost), true).into_iter().find(|p| p["name"] == **name))
        }
        ["health" | "healthchecks", ..] => health::get(call, words),
        ["users" | "permissions" | "topic-permissions" | "user-limits", ..]
        | ["vhosts", _, "permissions" | "topic-permissions"] => people::get(call, words),
        _ => parameters::get(call, words),
    }
}

/// `PUT`, `POST` and `DELETE` of what stands in no other place.
pub fn change(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let operator = words.first() == Some(&"operator-policies");
    match (call.method, words) {
        ("PUT", ["vhosts", name]) => put_vhost(call, name),
        ("DELETE", ["vhosts", name]) => {
            let name = Bytes::from(*name);
            call.node.users.forget_vhost(&name);
            call.node.settings.vhost_limits.borrow_mut().remove(&name);
            gone(call.node.with(|broker, cx| broker.delete_vhost(cx, &name)))
        }
        ("PUT", ["policies" | "operator-policies", vhost, name]) => put_policy(call, vhost, name, operator),
        ("DELETE", ["policies" | "operator-policies", vhost, name]) => {
            let (vhost, name) = (Bytes::from(*vhost), Bytes::from(*name));
            gone(call.node.with(|broker, cx| broker.clear_policy(cx, &vhost, &name, operator)))
        }
        ("POST", ["definitions" | "all-configuration"]) => import(call, None),
        ("POST", ["definitions", vhost]) if call.has_vhost(vhost) => import(call, Some(&Bytes::from(*vhost))),
        ("POST", ["definitions", _]) => Err(Answer::missing("vhost_not_found")),
        ("DELETE", ["connections", name]) => close(call, name),
        ("DELETE", ["connections", "username", user]) => {
            for one in clients::connections_of(call.node, user) {
                close(call, one["name"].as_str().unwrap_or_default())?;
            }
            Ok(Answer::done())
        }
        // There is one node, and no statistics that a reset would empty.
        ("POST", ["rebalance", "queues"]) | ("DELETE", ["reset"] | ["reset", show::NODE]) => Ok(Answer::done()),
        (_, ["feature-flags" | "auth", ..] | ["vhosts", _, "start", _]) => overview::change(call, words),
        (_, ["users" | "permissions" | "topic-permissions" | "user-limits", ..]) => people::change(call, words),
        _ => parameters::change(call, words),
    }
}

/// Done, or there was nothing to do it to.
pub fn gone(was_there: bool) -> Result<Answer, Answer> {
    if was_there { Ok(Answer::done()) } else { Err(Answer::not_found()) }
}

/// `GET /api/whoami`.
pub fn whoami(call: &Call<'_>) -> Option<Value> {
    let (all, name) = (call.node.users.all.borrow(), call.user?);
    all.get(name).map(|user| json!({"name": name.text(), "tags": user.tags}))
}

fn vhosts(node: &Node) -> Vec<Value> {
    node.read(|broker| {
        let shown = broker.vhosts().map(|(name, vhost)| {
            let tags: Vec<_> = vhost.tags.iter().map(|tag| tag.text().into_owned()).collect();
            let (ready, unacked) = vhost.queues.values().fold((0, 0), |(ready, unacked), queue| {
                (ready + queue.ready.len(), unacked + queue.unacked.len())
            });
            let mut shown = json!({
                "name": name.text(), "description": vhost.description.text(), "tags": tags, "default_queue_type": "undefined",
                "metadata": {"description": vhost.description.text(), "tags": tags}, "tracing": node.is_traced(name),
                "cluster_state": {show::NODE: "running"},
            });
            let Value::Object(fields) = &mut shown else { return shown };
            // Nothing is told of messages before there is a queue.
            if !vhost.queues.is_empty() {
                let counts = [("messages", ready + unacked), ("messages_ready", ready), ("messages_unacknowledged", unacked)];
                fields.extend(show::counted(counts.map(|(name, count)| (name, count as u64)).to_vec()));
            }
            let (read, written) = traffic(node, broker, name);
            if read > 0 {
                fields.extend(show::counted(vec![("recv_oct", read), ("send_oct", written)]));
            }
            let stats = show::counted(node.ledger(|ledger| ledger.vhost(name)).of_traffic());
            if !stats.is_empty() {
                fields.insert("message_stats".to_string(), stats.into());
            }
            shown
        });
        shown.collect()
    })
}

/// Bytes that came and went over the connections of a virtual host.
fn traffic(node: &Node, broker: &Broker, vhost: &Bytes) -> (u64, u64) {
    let gone = node.ledger(|ledger| ledger.traffic.get(vhost).copied().unwrap_or_default());
    let here = broker.connections().filter(|one| one.vhost == *vhost).filter_map(|one| node.peer(one.id));
    here.map(|peer| peer.traffic.get())
        .fold(gone, |(read, written), one| (read + one.bytes_read, written + one.bytes_written))
}

fn put_vhost(call: &Call<'_>, name: &str) -> Result<Answer, Answer> {
    let object = call.object()?;
    let tracing = flag(&object, "tracing")?;
    let vhost = Bytes::from(name);
    let made = call.node.with(|broker, cx| broker.create_vhost(cx, &vhost));
    let is_new = made.map_err(|refusal| Answer::bad_request(refusal.text.text()))?;
    // What the call does not say is empty from now on, in RabbitMQ too.
    let description = object.get("description").and_then(Value::as_str).unwrap_or_default();
    let tags: Vec<String> = match object.get("tags") {
        Some(Value::Array(tags)) => tags.iter().filter_map(Value::as_str).map(str::to_string).collect(),
        Some(Value::String(tags)) => tags.split(',').map(|tag| tag.trim().to_string()).collect(),
        _ => Vec::new(),
    };
    let tags = tags.iter().filter(|tag| !tag.is_empty()).map(|tag| Bytes::from(tag.as_str())).collect();
    call.node.with(|broker, _| broker.describe_vhost(&vhost, Bytes::from(description), tags));
    if object.contains_key("tracing") {
        call.node.set_traced(&vhost, tracing);
    }
    if is_new {
        call.node.users.admit(&call.name(), &vhost);
    }
    Ok(if is_new { Answer::created() } else { Answer::done() })
}

/// The policies, or those of operators, of a virtual host or all.
pub fn policies(node: &Node, vhost: Option<&str>, operator: bool) -> Vec<Value> {
    let mut shown = Vec::new();
    node.read(|broker| {
        for (name, host) in broker.vhosts().filter(|(name, _)| vhost.is_none_or(|vhost| **name == *vhost)) {
            let list = if operator { &host.policies.operator } else { &host.policies.user };
            shown.extend(list.values().map(|policy| {
                json!({
                    "vhost": name.text(), "name": policy.name.text(), "pattern": policy.pattern.text(),
                    "apply-to": policy.apply_to.name(), "definition": from_table(&policy.definition), "priority": policy.priority,
                })
            }));
        }
    });
    shown
}

/// What RabbitMQ says of what is wrong with parameters and policies, but not of those of operators, is made fit for a page.
pub fn escaped(what: String) -> String {
    what.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn put_policy(call: &Call<'_>, vhost: &str, name: &str, operator: bool) -> Result<Answer, Answer> {
    let object = call.object()?;
    if !call.has_vhost(vhost) {
        return Err(Answer::missing("vhost_not_found"));
    }
    require(&object, &["pattern", "definition"])?;
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let nothing = Map::new();
    let mut definition = to_table(object["definition"].as_object().unwrap_or(&nothing)).map_err(Answer::bad_request)?;
    // The keys of RabbitMQ's maps are sorted: the first fault among them is the one told.
    definition.0.sort_by(|(a, _), (b, _)| a.cmp(b));
    let apply_to = text("apply-to").map_or(Some(ApplyTo::All), |name| ApplyTo::from_name(name.as_bytes()));
    let escaped = |what: String| if operator { what } else { escaped(what) };
    let invalid = |what: String| Answer::bad_request(format!("Validation failed\n\n{}\n", escaped(what)));
    let apply_to = apply_to.ok_or_else(|| {
        let name = text("apply-to").unwrap_or_default();
        invalid(format!("apply-to '{name}' unrecognised; should be 'queues', 'exchanges' or 'all'"))
    })?;
    let priority = match object.get("priority") {
        None => 0,
        Some(Value::Number(number)) => number.as_i64().unwrap_or(0),
        Some(other) => return Err(invalid(format!("priority should be a number, actually was {}", erlang(other)))),
    };
    let pattern = object["pattern"].as_str().map(Bytes::from);
    let pattern =
        pattern.ok_or_else(|| invalid(format!("pattern should be a binary but was {}", erlang(&object["pattern"]))))?;
    let policy = Policy::new(Bytes::from(name), pattern, definition, priority, apply_to, operator);
    let policy = policy.map_err(|error| match error {
        PolicyError::Invalid(what) | PolicyError::Unsupported(what) => invalid(what),
    })?;
    let vhost = Bytes::from(vhost);
    let is_new = policies(call.node, Some(&vhost.text()), operator).iter().all(|policy| policy["name"] != *name);
    call.node.with(|broker, cx| broker.set_policy(cx, &vhost, policy, operator));
    Ok(if is_new { Answer::created() } else { Answer::done() })
}

/// `GET /api/definitions`, users and what they may do included.
pub fn export(node: &Node) -> Value {
    let parsed: Value = serde_json::from_str(&node.read(Broker::export_definitions)).unwrap_or_default();
    let section = |name: &str| parsed[name].as_array().cloned().unwrap_or_default();
    // Over HTTP, unlike in `rabbitmqctl`, a virtual host is its name.
    let vhosts: Vec<Value> = section("vhosts").iter().map(|vhost| json!({"name": vhost["name"]})).collect();
    let all_parameters = [section("parameters"), parameters::of_vhosts(node, None)].concat();
    json!({
        "rabbit_version": VERSION, "rabbitmq_version": VERSION, "product_name": "RabbitMQ", "product_version": VERSION,
        "users": people::users(node), "vhosts": vhosts, "permissions": people::permissions(node, |_, _| true),
        "topic_permissions": people::topics(node, |_, _| true),
        "parameters": all_parameters, "global_parameters": parameters::globals(node),
        "policies": section("policies"), "queues": section("queues"), "exchanges": section("exchanges"),
        "bindings": section("bindings"),
    })
}

/// `GET /api/definitions/VHOST`: what is in it.
pub fn export_vhost(node: &Node, vhost: &str) -> Value {
    let all = export(node);
    let within = |name: &str, keeps_vhost: bool| -> Value {
        let items = all[name].as_array().into_iter().flatten().filter(|item| item["vhost"] == *vhost);
        let stripped = items.cloned().map(|mut item| {
            if let Some(fields) = item.as_object_mut().filter(|_| !keeps_vhost) {
                fields.shift_remove("vhost");
            }
            item
        });
        stripped.collect()
    };
    json!({
        "rabbit_version": VERSION, "parameters": within("parameters", true), "policies": within("policies", true),
        "queues": within("queues", false), "exchanges": within("exchanges", false), "bindings": within("bindings", false),
    })
}

fn import(call: &Call<'_>, vhost: Option<&Bytes>) -> Result<Answer, Answer> {
    // As tools upload it: JSON in the body, or a form with one file.
    let text = std::str::from_utf8(call.body).map_err(|_| Answer::bad_request("not_json"))?;
    let text = if call.content_type.starts_with("multipart/form-data") { part_of_form(text) } else { text };
    let all: Value = match text {
        "" => json!({}),
        text => serde_json::from_str(text)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| Answer::bad_request("failed_to_parse_json"))?,
    };
    if vhost.is_none() {
        vhosts_are_there(call, &all)?;
    }
    let report =
        call.node.with(|broker, cx| broker.import_definitions(cx, if text.is_empty() { "{}" } else { text }, vhost));
    let report = report.map_err(|error| Answer::bad_request(error.to_string()))?;
    // The broker itself has no users: what is said of them is taken in here.
    let is_here = |path: &str| {
        ["users", "permissions", "topic_permissions", "global_parameters"].iter().any(|name| path.starts_with(name))
    };
    for left_out in report.left_out.iter().filter(|left_out| vhost.is_some() || !is_here(&left_out.path)) {
        eprintln!("warren: definitions: {} is left out: {}", left_out.path, left_out.reason);
    }
    if vhost.is_none() {
        people::import(call, &all)?;
        parameters::import(call, &all)?;
    }
    let names = call.node.read(|broker| broker.vhosts().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    let user = call.name();
    for name in names.iter().filter(|name| !call.node.users.may_enter(&user, name)) {
        call.node.users.admit(&user, name);
    }
    Ok(Answer::done())
}

/// Whatever is in a virtual host has one that is there or comes with it.
fn vhosts_are_there(call: &Call<'_>, all: &Value) -> Result<(), Answer> {
    let items = |name: &str| all[name].as_array().into_iter().flatten();
    let is_made = |name: &str| items("vhosts").any(|vhost| vhost["name"] == *name);
    let needed = ["policies", "queues", "exchanges", "bindings"].into_iter().flat_map(items);
    let missing = needed
        .map(|item| item["vhost"].as_str().unwrap_or("undefined"))
        .find(|name| !call.has_vhost(name) && !is_made(name));
    missing.map_or(Ok(()), |name| Err(Answer::bad_request(json!(["no_such_vhost", name]))))
}

/// What stands between the head of a form's first part and the line that ends it.
fn part_of_form(text: &str) -> &str {
    let boundary = text.lines().next().unwrap_or_default();
    let body = text.split_once("\r\n\r\n").map_or(text, |(_, body)| body);
    body.split(boundary).next().unwrap_or(body)
}

fn close(call: &Call<'_>, name: &str) -> Result<Answer, Answer> {
    let ids: Vec<ConnectionId> =
        call.node.read(|broker| broker.connections().map(|connection| connection.id).collect());
    let is_it = |id: &ConnectionId| call.node.peer(*id).is_some_and(|peer| peer.about.borrow().name() == name);
    let id = ids.into_iter().find(is_it).ok_or_else(Answer::not_found)?;
    let reason = if call.reason.is_empty() { "Closed via management plugin" } else { call.reason };
    let text = Bytes::from(format!("CONNECTION_FORCED - {reason}"));
    call.node.with(|broker, cx| broker.close_from_outside(cx, id, 320, text, (0, 0)));
    Ok(Answer::done())
}
