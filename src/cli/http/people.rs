//! Calls about users: who they are, what they may do, how much of it they may have.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};
use warren_sim::amqp::policy::pattern::{Pattern, PatternError};
use warren_sim::bytes::Bytes;

use super::act::require;
use super::admin::gone;
use super::answer::Answer;
use super::parameters::{limit, shown_limits};
use super::route::Call;
use super::show;
use crate::amqp::node::Node;
use crate::amqp::users::{PATTERNS_MAX, SHA256, SHA512, Secret, USERS_MAX, User};

/// `GET`.
pub fn get(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let list = |items: Vec<Value>| Ok(Answer::json(show::listed(call, items)));
    let some = |items: Vec<Value>| match items.is_empty() {
        true => Err(Answer::not_found()),
        false => Ok(Answer::json(items.into())),
    };
    let node = call.node;
    let known = |name: &str| {
        let is_known = node.users.all.borrow().contains_key(name.as_bytes());
        if is_known { Ok(()) } else { Err(Answer::not_found()) }
    };
    match words {
        ["users"] | ["users", ""] => list(users(node)),
        ["users", "without-permissions"] => {
            let all = node.users.all.borrow();
            let alone = all.iter().filter(|(_, user)| user.permissions.is_empty());
            list(alone.map(|(name, user)| of_user(name, user)).collect())
        }
        ["users", name] => {
            let found = users(node).into_iter().find(|user| user["name"] == **name);
            found.map(Answer::json).ok_or_else(Answer::not_found)
        }
        ["users", name, "permissions"] => known(name).and_then(|()| list(permissions(node, |user, _| user == *name))),
        ["users", name, "topic-permissions"] => known(name).and_then(|()| list(topics(node, |user, _| user == *name))),
        ["vhosts", vhost, "permissions"] if call.has_vhost(vhost) => list(permissions(node, |_, v| v == *vhost)),
        ["vhosts", vhost, "topic-permissions"] if call.has_vhost(vhost) => list(topics(node, |_, v| v == *vhost)),
        ["permissions"] => list(permissions(node, |_, _| true)),
        ["permissions", vhost, user] => {
            let found = permissions(node, |u, v| u == *user && v == *vhost).into_iter().next();
            found.map(Answer::json).ok_or_else(Answer::not_found)
        }
        ["topic-permissions"] => list(topics(node, |_, _| true)),
        ["topic-permissions", vhost, user] | ["topic-permissions", vhost, user, _] => {
            some(topics(node, |u, v| u == *user && v == *vhost))
        }
        ["user-limits"] => list(limits(node, None)),
        ["user-limits", name] => known(name).and_then(|()| list(limits(node, Some(name)))),
        _ => Err(Answer::not_found()),
    }
}

/// `PUT`, `POST` and `DELETE`.
pub fn change(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let mut all = call.node.users.all.borrow_mut();
    match (call.method, words) {
        ("POST", ["users", "bulk-delete"]) => {
            let object = call.object()?;
            require(&object, &["users"])?;
            let names: Vec<&str> = object["users"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            if let Some(name) = names.iter().find(|name| !all.contains_key(name.as_bytes())) {
                return Err(Answer::bad_request(json!(["no_such_user", name])));
            }
            names.iter().for_each(|name| drop(all.remove(name.as_bytes())));
            Ok(Answer::done())
        }
        ("PUT", ["users", name]) => {
            drop(all);
            put_user(call, name, &call.object()?)
        }
        ("DELETE", ["users", name]) => gone(all.remove(name.as_bytes()).is_some()),
        ("PUT", ["permissions", vhost, user]) => {
            drop(all);
            put_permission(call, vhost, user, &call.object()?)
        }
        ("DELETE", ["permissions", vhost, user]) => {
            gone(all.get_mut(user.as_bytes()).is_some_and(|user| user.permissions.remove(vhost.as_bytes()).is_some()))
        }
        ("PUT", ["topic-permissions", vhost, user]) => {
            drop(all);
            put_topic(call, vhost, user, &call.object()?)
        }
        ("DELETE", ["topic-permissions", vhost, name, exchange @ ..]) => {
            let Some(user) = all.get_mut(name.as_bytes()) else { return Err(Answer::not_found()) };
            let before = user.topics.len();
            let is_it = |name: &Bytes| exchange.first().is_none_or(|wanted| **name == *wanted.as_bytes());
            user.topics.retain(|(host, name), _| **host != *vhost.as_bytes() || !is_it(name));
            gone(user.topics.len() < before)
        }
        ("PUT", ["user-limits", name, which]) => {
            let Some(user) = all.get_mut(name.as_bytes()) else {
                return Err(Answer::bad_request(json!(["no_such_user", name])));
            };
            let value = limit(call, which, ["max-connections", "max-channels"])?
                .map_err(|what| Answer::bad_request(what.unwrap_or_else(|term| format!("{term} in user-limits"))))?;
            user.limits.insert(which.to_string(), value);
            Ok(Answer::done())
        }
        ("DELETE", ["user-limits", name, which]) => {
            let user = all.get_mut(name.as_bytes()).ok_or_else(Answer::not_found)?;
            user.limits.remove(*which);
            Ok(Answer::done())
        }
        _ => Err(Answer::not_found()),
    }
}

/// All users.
pub fn users(node: &Node) -> Vec<Value> {
    node.users.all.borrow().iter().map(|(name, user)| of_user(name, user)).collect()
}

fn of_user(name: &Bytes, user: &User) -> Value {
    let secret = user.secret.clone().unwrap_or_default();
    json!({
        "name": name.text(), "password_hash": STANDARD.encode(&secret.hash),
        "hashing_algorithm": if secret.is_sha512 { SHA512 } else { SHA256 }, "tags": user.tags,
        "limits": user.limits,
    })
}

fn put_user(call: &Call<'_>, name: &str, object: &Map<String, Value>) -> Result<Answer, Answer> {
    let tags = match object.get("tags") {
        Some(Value::String(tags)) => {
            tags.split(',').map(|tag| tag.trim().to_string()).filter(|tag| !tag.is_empty()).collect()
        }
        Some(Value::Array(tags)) => tags.iter().filter_map(|tag| tag.as_str().map(str::to_string)).collect(),
        _ => return Err(Answer::bad_request("tags_not_present")),
    };
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let is_sha512 = match text("hashing_algorithm") {
        None | Some(SHA256) => false,
        Some(SHA512) => true,
        Some(_) if text("password").is_some() => false,
        Some(other) => return Err(Answer::bad_request(json!(["hashing_algorithm_not_supported", other]))),
    };
    let secret = match (text("password"), text("password_hash").filter(|hash| !hash.is_empty())) {
        (Some(_), Some(_)) => return Err(Answer::bad_request("both_password_and_password_hash_are_provided")),
        (Some(password), None) => Some(Secret::new(password.as_bytes(), is_sha512)),
        (None, Some(hash)) => {
            let hash = STANDARD.decode(hash).map_err(|_| Answer::bad_request(json!(["not_base64", hash])))?;
            Some(Secret { hash, is_sha512 })
        }
        (None, None) => None,
    };
    let mut all = call.node.users.all.borrow_mut();
    let is_new = !all.contains_key(name.as_bytes());
    if is_new && all.len() >= USERS_MAX {
        return Err(Answer::bad_request("too_many_users"));
    }
    let user = all.entry(Bytes::from(name)).or_default();
    user.secret = secret;
    user.tags = tags;
    if let Some(limits) = object.get("limits").and_then(Value::as_object) {
        user.limits = limits.iter().filter_map(|(name, value)| Some((name.clone(), value.as_i64()?))).collect();
    }
    Ok(if is_new { Answer::created() } else { Answer::done() })
}

/// Permissions that are wanted, by user and virtual host.
pub fn permissions(node: &Node, is_wanted: impl Fn(&str, &str) -> bool) -> Vec<Value> {
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

/// Topic permissions that are wanted, by user and virtual host.
pub fn topics(node: &Node, is_wanted: impl Fn(&str, &str) -> bool) -> Vec<Value> {
    let mut shown = Vec::new();
    for (name, user) in node.users.all.borrow().iter() {
        for ((vhost, exchange), [write, read]) in &user.topics {
            let (user, vhost, exchange) = (name.text(), vhost.text(), exchange.text());
            if is_wanted(&user, &vhost) {
                shown.push(json!({"user": user, "vhost": vhost, "exchange": exchange, "write": write, "read": read}));
            }
        }
    }
    shown
}

/// The pattern of this name. RabbitMQ tells what is wrong with one as lists of letters; the pattern itself only here and there.
fn pattern(object: &Map<String, Value>, name: &str, is_shown: bool) -> Result<String, Answer> {
    let text = object[name].as_str().ok_or_else(|| Answer::bad_request(json!(["not_a_string", object[name]])))?;
    let letters = |text: &str| -> Value { text.chars().map(|letter| Value::from(letter as u32)).collect() };
    let shown = if is_shown { Value::from(text) } else { letters(text) };
    match Pattern::parse(text.as_bytes()) {
        Ok(_) => Ok(text.to_string()),
        Err(PatternError::Invalid(what, at)) => {
            Err(Answer::bad_request(json!(["invalid_regexp", shown, [letters(what), at]])))
        }
        Err(PatternError::Unsupported(what)) => Err(Answer::bad_request(json!(["unsupported_regexp", shown, what]))),
    }
}

fn put_permission(call: &Call<'_>, vhost: &str, user: &str, object: &Map<String, Value>) -> Result<Answer, Answer> {
    let mut all = call.node.users.all.borrow_mut();
    let user = all.get_mut(user.as_bytes()).filter(|_| call.has_vhost(vhost));
    let user = user.ok_or_else(|| Answer::bad_request("vhost_or_user_not_found"))?;
    require(object, &["configure", "write", "read"])?;
    let one = |name: &str| pattern(object, name, false);
    let before = user.permissions.insert(Bytes::from(vhost), [one("configure")?, one("write")?, one("read")?]);
    Ok(if before.is_none() { Answer::created() } else { Answer::done() })
}

fn put_topic(call: &Call<'_>, vhost: &str, user: &str, object: &Map<String, Value>) -> Result<Answer, Answer> {
    let mut all = call.node.users.all.borrow_mut();
    let user = all.get_mut(user.as_bytes()).filter(|_| call.has_vhost(vhost));
    let user = user.ok_or_else(|| Answer::bad_request("vhost_or_user_not_found"))?;
    require(object, &["exchange", "write", "read"])?;
    if user.topics.len() >= PATTERNS_MAX {
        return Err(Answer::bad_request("too_many_topic_permissions"));
    }
    let patterns = [pattern(object, "write", true)?, pattern(object, "read", true)?];
    let exchange = Bytes::from(object["exchange"].as_str().unwrap_or_default());
    let is_first = user.topics.keys().all(|(host, _)| **host != *vhost.as_bytes());
    user.topics.insert((Bytes::from(vhost), exchange), patterns);
    Ok(if is_first { Answer::created() } else { Answer::done() })
}

fn limits(node: &Node, name: Option<&str>) -> Vec<Value> {
    let all = node.users.all.borrow();
    let limited = all
        .iter()
        .filter(|(user, limited)| !limited.limits.is_empty() && name.is_none_or(|name| ***user == *name.as_bytes()));
    limited.map(|(name, user)| json!({"user": name.text(), "value": shown_limits(&user.limits)})).collect()
}

/// The users of definitions and what they may do.
pub fn import(call: &Call<'_>, all: &Value) -> Result<(), Answer> {
    let section = |name: &str| all[name].as_array().into_iter().flatten().filter_map(Value::as_object);
    let text = |object: &Map<String, Value>, name: &str| {
        object
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_string)
            .ok_or_else(|| Answer::bad_request(format!("{name}_not_present")))
    };
    for user in section("users") {
        let name = text(user, "name")?;
        put_user(call, &name, user)?;
    }
    let is_known = |name: &str| call.node.users.all.borrow().contains_key(name.as_bytes());
    let all = || section("permissions").chain(section("topic_permissions"));
    if let Some(name) = all().filter_map(|one| one.get("user")?.as_str()).find(|name| !is_known(name)) {
        return Err(Answer::bad_request(json!(["no_such_user", name])));
    }
    for permission in section("permissions") {
        put_permission(call, &text(permission, "vhost")?, &text(permission, "user")?, permission)?;
    }
    for topic in section("topic_permissions") {
        put_topic(call, &text(topic, "vhost")?, &text(topic, "user")?, topic)?;
    }
    Ok(())
}
