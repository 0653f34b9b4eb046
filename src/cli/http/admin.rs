//! Calls about virtual hosts, users, permissions, policies, definitions and connections.

use serde_json::{Map, Value, json};
use warren_sim::amqp::broker::Broker;
use warren_sim::amqp::event::ConnectionId;
use warren_sim::amqp::policy::{ApplyTo, Policy, PolicyError};
use warren_sim::bytes::Bytes;

use super::act::require;
use super::answer::Answer;
use super::route::Call;
use super::show;
use super::table::{from_table, to_table};
use crate::amqp::node::Node;
use crate::amqp::users::{USERS_MAX, User};

/// `GET` of what stands in no other place.
pub fn get(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let list = |items: Vec<Value>| Ok(Answer::json(show::listed(call, items)));
    let one = |item: Option<Value>| item.map(Answer::json).ok_or_else(Answer::not_found);
    let node = call.node;
    match words {
        ["vhosts"] => list(vhosts(node)),
        ["vhosts", name] => one(vhosts(node).into_iter().find(|vhost| vhost["name"] == **name)),
        ["vhosts", name, "permissions"] => list(permissions(node, |_, vhost| vhost == *name)),
        ["users"] | ["users", ""] => {
            list(node.users.all.borrow().iter().map(|(name, user)| of_user(name, user)).collect())
        }
        ["users", name] => {
            let all = node.users.all.borrow();
            one(all.get(name.as_bytes()).map(|user| of_user(&Bytes::from(*name), user)))
        }
        ["users", name, "permissions"] => list(permissions(node, |user, _| user == *name)),
        ["permissions"] => list(permissions(node, |_, _| true)),
        ["permissions", vhost, user] => one(permissions(node, |u, v| u == *user && v == *vhost).into_iter().next()),
        ["policies"] => list(policies(node, None, false)),
        ["policies", vhost] => list(policies(node, Some(vhost), false)),
        ["policies", vhost, name] => one(policies(node, Some(vhost), false).into_iter().find(|p| p["name"] == **name)),
        ["operator-policies"] => list(policies(node, None, true)),
        ["operator-policies", vhost] => list(policies(node, Some(vhost), true)),
        ["operator-policies", vhost, name] => {
            one(policies(node, Some(vhost), true).into_iter().find(|p| p["name"] == **name))
        }
        ["parameters" | "global-parameters" | "topic-permissions" | "vhost-limits" | "user-limits"] => list(Vec::new()),
        _ => Err(Answer::not_found()),
    }
}

/// `PUT`, `POST` and `DELETE` of what stands in no other place.
pub fn change(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let operator = words.first() == Some(&"operator-policies");
    match (call.method, words) {
        ("PUT", ["vhosts", name]) => put_vhost(call, name),
        ("DELETE", ["vhosts", name]) => {
            let name = Bytes::from(*name);
            gone(call.node.with(|broker, cx| broker.delete_vhost(cx, &name)))
        }
        ("PUT", ["users", name]) => put_user(call, name),
        ("DELETE", ["users", name]) => gone(call.node.users.all.borrow_mut().remove(name.as_bytes()).is_some()),
        ("POST", ["users", "bulk-delete"]) => {
            let object = call.object()?;
            require(&object, &["users"])?;
            let names = object["users"].as_array().into_iter().flatten().filter_map(Value::as_str);
            let mut all = call.node.users.all.borrow_mut();
            names.for_each(|name| drop(all.remove(name.as_bytes())));
            Ok(Answer::done())
        }
        ("PUT", ["permissions", vhost, user]) => put_permission(call, vhost, user),
        ("DELETE", ["permissions", vhost, user]) => {
            let mut all = call.node.users.all.borrow_mut();
            gone(all.get_mut(user.as_bytes()).is_some_and(|user| user.permissions.remove(vhost.as_bytes()).is_some()))
        }
        ("PUT", ["policies" | "operator-policies", vhost, name]) => put_policy(call, vhost, name, operator),
        ("DELETE", ["policies" | "operator-policies", vhost, name]) => {
            let (vhost, name) = (Bytes::from(*vhost), Bytes::from(*name));
            gone(call.node.with(|broker, cx| broker.clear_policy(cx, &vhost, &name, operator)))
        }
        ("POST", ["definitions"]) => import(call, None),
        ("POST", ["definitions", vhost]) if call.has_vhost(vhost) => import(call, Some(&Bytes::from(*vhost))),
        ("POST", ["definitions", _]) => Err(Answer::bad_request("vhost_not_found")),
        ("DELETE", ["connections", name]) => close(call, name),
        ("PUT", ["cluster-name"]) => Ok(Answer::done()),
        (_, ["overview" | "whoami" | "nodes" | "channels" | "consumers" | "connections", ..]) => {
            Ok(Answer::not_allowed())
        }
        _ => Err(Answer::not_found()),
    }
}

fn gone(was_there: bool) -> Result<Answer, Answer> {
    if was_there { Ok(Answer::done()) } else { Err(Answer::not_found()) }
}

/// `GET /api/whoami`.
pub fn whoami(call: &Call<'_>) -> Option<Value> {
    let all = call.node.users.all.borrow();
    all.get(call.user).map(|user| json!({"name": call.user.text(), "tags": user.tags}))
}

fn vhosts(node: &Node) -> Vec<Value> {
    node.read(|broker| {
        let shown = broker.vhosts().map(|(name, vhost)| {
            let tags: Vec<_> = vhost.tags.iter().map(|tag| tag.text().into_owned()).collect();
            let (ready, unacked) = vhost.queues.values().fold((0, 0), |(ready, unacked), queue| {
                (ready + queue.ready.len(), unacked + queue.unacked.len())
            });
            json!({
                "name": name.text(), "description": vhost.description.text(), "tags": tags, "default_queue_type": "undefined",
                "metadata": {"description": vhost.description.text(), "tags": tags}, "tracing": false,
                "cluster_state": {show::NODE: "running"}, "messages": ready + unacked, "messages_ready": ready,
                "messages_unacknowledged": unacked,
            })
        });
        shown.collect()
    })
}

fn put_vhost(call: &Call<'_>, name: &str) -> Result<Answer, Answer> {
    let object = call.object()?;
    let vhost = Bytes::from(name);
    let made = call.node.with(|broker, cx| broker.create_vhost(cx, &vhost));
    let is_new = made.map_err(|refusal| Answer::bad_request(refusal.text.text()))?;
    if is_new {
        let description = object.get("description").and_then(Value::as_str).unwrap_or_default();
        let tags = object.get("tags").and_then(Value::as_str).unwrap_or_default().split(',').map(str::trim);
        let tags = tags.filter(|tag| !tag.is_empty()).map(Bytes::from).collect();
        call.node.with(|broker, _| broker.describe_vhost(&vhost, Bytes::from(description), tags));
        call.node.users.admit(call.user, &vhost);
    }
    Ok(if is_new { Answer::created() } else { Answer::done() })
}

fn of_user(name: &Bytes, user: &User) -> Value {
    json!({
        "name": name.text(), "password_hash": "", "hashing_algorithm": "rabbit_password_hashing_sha256", "tags": user.tags,
        "limits": {},
    })
}

fn put_user(call: &Call<'_>, name: &str) -> Result<Answer, Answer> {
    let object = call.object()?;
    let tags = match object.get("tags") {
        Some(Value::String(tags)) => {
            tags.split(',').map(|tag| tag.trim().to_string()).filter(|tag| !tag.is_empty()).collect()
        }
        Some(Value::Array(tags)) => tags.iter().filter_map(|tag| tag.as_str().map(str::to_string)).collect(),
        _ => return Err(Answer::bad_request("tags_not_present")),
    };
    if object.get("password_hash").and_then(Value::as_str).is_some_and(|hash| !hash.is_empty()) {
        return Err(Answer::bad_request("password_hash_not_supported"));
    }
    let password = object.get("password").and_then(Value::as_str).map(|password| password.as_bytes().to_vec());
    let mut all = call.node.users.all.borrow_mut();
    let is_new = !all.contains_key(name.as_bytes());
    if is_new && all.len() >= USERS_MAX {
        return Err(Answer::bad_request("too_many_users"));
    }
    let user = all.entry(Bytes::from(name)).or_default();
    user.password = password;
    user.tags = tags;
    Ok(if is_new { Answer::created() } else { Answer::done() })
}

fn permissions(node: &Node, is_wanted: impl Fn(&str, &str) -> bool) -> Vec<Value> {
    let mut shown = Vec::new();
    for (name, user) in node.users.all.borrow().iter() {
        for (vhost, [configure, write, read]) in &user.permissions {
            if is_wanted(&name.text(), &vhost.text()) && node.has_vhost(vhost) {
                let (user, vhost) = (name.text(), vhost.text());
                shown.push(json!({"user": user, "vhost": vhost, "configure": configure, "write": write, "read": read}));
            }
        }
    }
    shown
}

fn put_permission(call: &Call<'_>, vhost: &str, user: &str) -> Result<Answer, Answer> {
    let object = call.object()?;
    require(&object, &["configure", "write", "read"])?;
    let mut all = call.node.users.all.borrow_mut();
    let user = all.get_mut(user.as_bytes()).filter(|_| call.has_vhost(vhost));
    let user = user.ok_or_else(|| Answer::bad_request("vhost_or_user_not_found"))?;
    let pattern = |name: &str| object[name].as_str().unwrap_or_default().to_string();
    let before = user.permissions.insert(Bytes::from(vhost), ["configure", "write", "read"].map(pattern));
    Ok(if before.is_none() { Answer::created() } else { Answer::done() })
}

fn policies(node: &Node, vhost: Option<&str>, operator: bool) -> Vec<Value> {
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

fn put_policy(call: &Call<'_>, vhost: &str, name: &str, operator: bool) -> Result<Answer, Answer> {
    let object = call.object()?;
    if !call.has_vhost(vhost) {
        return Err(Answer::missing("vhost_not_found"));
    }
    require(&object, &["pattern", "definition"])?;
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let nothing = Map::new();
    let definition = to_table(object["definition"].as_object().unwrap_or(&nothing)).map_err(Answer::bad_request)?;
    let apply_to = text("apply-to").map_or(Some(ApplyTo::All), |name| ApplyTo::from_name(name.as_bytes()));
    let invalid = |what: String| Answer::bad_request(format!("Validation failed\n\n{what}\n"));
    let apply_to = apply_to.ok_or_else(|| invalid("apply-to does not match schema".to_string()))?;
    let priority = object.get("priority").and_then(Value::as_i64).unwrap_or(0);
    let pattern = Bytes::from(text("pattern").unwrap_or_default());
    let policy = Policy::new(Bytes::from(name), pattern, definition, priority, apply_to, operator);
    let policy = policy.map_err(|error| match error {
        PolicyError::Invalid(what) | PolicyError::Unsupported(what) => invalid(what),
    })?;
    let vhost = Bytes::from(vhost);
    let is_new = policies(call.node, Some(&vhost.text()), operator).iter().all(|policy| policy["name"] != *name);
    call.node.with(|broker, cx| broker.set_policy(cx, &vhost, policy, operator));
    Ok(if is_new { Answer::created() } else { Answer::done() })
}

/// `GET /api/definitions`, users and permissions included.
pub fn export(node: &Node) -> impl FnOnce(&Broker) -> String {
    let users: Vec<Value> = node.users.all.borrow().iter().map(|(name, user)| of_user(name, user)).collect();
    let permissions = permissions(node, |_, _| true);
    move |broker| {
        let text = broker.export_definitions();
        let Ok(mut all) = serde_json::from_str::<Value>(&text) else { return text };
        all["users"] = users.into();
        all["permissions"] = permissions.into();
        all.to_string()
    }
}

fn import(call: &Call<'_>, vhost: Option<&Bytes>) -> Result<Answer, Answer> {
    // As tools upload it: JSON in the body, or a form with one file.
    let text = std::str::from_utf8(call.body).map_err(|_| Answer::bad_request("not_json"))?;
    let text = if call.content_type.starts_with("multipart/form-data") { part_of_form(text) } else { text };
    let report = call.node.with(|broker, cx| broker.import_definitions(cx, text, vhost));
    let report = report.map_err(|error| Answer::bad_request(error.to_string()))?;
    for left_out in &report.left_out {
        eprintln!("warren: definitions: {} is left out: {}", left_out.path, left_out.reason);
    }
    let names = call.node.read(|broker| broker.vhosts().map(|(name, _)| name.clone()).collect::<Vec<_>>());
    for name in names.iter().filter(|name| !call.node.users.may_enter(call.user, name)) {
        call.node.users.admit(call.user, name);
    }
    Ok(Answer::done())
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
