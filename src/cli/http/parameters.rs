//! Calls about parameters: the cluster's name, those of the whole node, and limits of virtual hosts.

use serde_json::{Value, json};
use warren_sim::bytes::Bytes;

use super::access::is_in_sight;
use super::act::require;
use super::admin::{self, gone};
use super::answer::Answer;
use super::route::Call;
use super::show;
use crate::amqp::node::Node;
use crate::amqp::settings::{Limits, SETTINGS_MAX, VALUE_MAX};

/// The one component without plugins that is no policy.
const VHOST_LIMITS: &str = "vhost-limits";
/// The only name there is for them.
const LIMITS: &str = "limits";

/// `GET`.
pub fn get(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let list = |mut items: Vec<Value>| {
        items.retain(|item| is_in_sight(call, item));
        Ok(Answer::json(show::listed(call, items)))
    };
    let one = |item: Option<Value>| item.map(Answer::json).ok_or_else(Answer::not_found);
    let within = |vhost: &str| if call.has_vhost(vhost) { Ok(()) } else { Err(Answer::not_found()) };
    let node = call.node;
    match words {
        ["cluster-name"] => one(Some(json!({"name": node.settings.cluster_name()}))),
        ["global-parameters"] => list(globals(node)),
        ["global-parameters", name] => {
            one(node.settings.globals.borrow().get(*name).map(|value| json!({"value": value, "name": name})))
        }
        ["parameters"] => list([policies(node, "operator_policy"), of_vhosts(node, None)].concat()),
        ["parameters", VHOST_LIMITS] => list(of_vhosts(node, None)),
        ["parameters", VHOST_LIMITS, vhost] => within(vhost).and_then(|()| list(of_vhosts(node, Some(vhost)))),
        ["parameters", VHOST_LIMITS, vhost, LIMITS] => one(of_vhosts(node, Some(vhost)).into_iter().next()),
        ["parameters", kind @ ("policy" | "operator_policy")] => list(policies(node, kind)),
        ["parameters", kind @ ("policy" | "operator_policy"), vhost] => within(vhost)
            .and_then(|()| list(policies(node, kind).into_iter().filter(|one| one["vhost"] == **vhost).collect())),
        ["parameters", kind @ ("policy" | "operator_policy"), vhost, name] => {
            one(policies(node, kind).into_iter().find(|one| one["vhost"] == **vhost && one["name"] == **name))
        }
        ["parameters", _] => list(Vec::new()),
        ["parameters", _, vhost] => within(vhost).and_then(|()| list(Vec::new())),
        [VHOST_LIMITS] if call.is_monitor() => Ok(Answer::json(show::listed(call, limits(node, None)))),
        [VHOST_LIMITS] => list(limits(node, None)),
        [VHOST_LIMITS, vhost] => within(vhost).and_then(|()| list(limits(node, Some(vhost)))),
        _ => Err(Answer::not_found()),
    }
}

/// `PUT` and `DELETE`.
pub fn change(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let node = call.node;
    match (call.method, words) {
        ("PUT", ["cluster-name"]) => {
            let object = call.object()?;
            require(&object, &["name"])?;
            put_global(node, "cluster_name", object["name"].clone()).map(|_| Answer::done())
        }
        ("PUT", ["global-parameters", name]) => {
            let object = call.object()?;
            require(&object, &["value"])?;
            let is_new = put_global(node, name, object["value"].clone())?;
            Ok(if is_new { Answer::created() } else { Answer::done() })
        }
        ("DELETE", ["global-parameters", name]) => gone(node.settings.globals.borrow_mut().remove(*name).is_some()),
        ("PUT" | "DELETE", ["parameters", _, vhost, _] | [VHOST_LIMITS, vhost, _]) if !call.has_vhost(vhost) => {
            Err(if call.method == "PUT" { Answer::missing("vhost_not_found") } else { Answer::not_found() })
        }
        ("PUT", ["parameters", "policy", _, _]) => {
            Err(Answer::bad_request("policies may not be set using this method"))
        }
        ("PUT", ["parameters", VHOST_LIMITS, vhost, LIMITS]) => {
            let object = call.object()?;
            require(&object, &["value"])?;
            let limits = read_limits(&object["value"]).map_err(|what| invalid(&admin::escaped(what)))?;
            let before = node.settings.vhost_limits.borrow_mut().insert(Bytes::from(*vhost), limits);
            Ok(if before.is_none() { Answer::created() } else { Answer::done() })
        }
        ("PUT", ["parameters", component, _, _]) => {
            require(&call.object()?, &["value"])?;
            Err(invalid(&format!("component {component} not found")))
        }
        ("DELETE", ["parameters", VHOST_LIMITS, vhost, LIMITS]) => {
            gone(node.settings.vhost_limits.borrow_mut().remove(vhost.as_bytes()).is_some())
        }
        ("PUT", [VHOST_LIMITS, vhost, which]) => {
            let value = limit(call, which, ["max-connections", "max-queues"])?
                .map_err(|what| invalid(&what.unwrap_or_else(|term| format!("{term} in limits"))))?;
            let mut all = node.settings.vhost_limits.borrow_mut();
            all.entry(Bytes::from(*vhost)).or_default().insert(which.to_string(), value);
            Ok(Answer::done())
        }
        ("DELETE", [VHOST_LIMITS, vhost, which]) => {
            if let Some(limits) = node.settings.vhost_limits.borrow_mut().get_mut(vhost.as_bytes()) {
                limits.remove(*which);
            }
            Ok(Answer::done())
        }
        _ => Err(Answer::not_found()),
    }
}

fn invalid(what: &str) -> Answer {
    Answer::bad_request(format!("Validation failed\n\n{what}\n"))
}

/// How Erlang prints a value, as far as limits are given any.
pub fn erlang(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), |text| format!("<<\"{text}\">>"))
}

/// The limit of a call. The outer error is a call that is wrong, the inner one what is said of the value: `Ok` where it is no
/// number, `Err` where there is no such limit.
pub fn limit(call: &Call<'_>, which: &str, known: [&str; 2]) -> Result<Result<i64, Result<String, String>>, Answer> {
    let object = call.object()?;
    require(&object, &["value"])?;
    let value = &object["value"];
    Ok(match value.as_i64() {
        _ if !known.contains(&which) => Err(Err(format!("Unrecognised terms [{{<<\"{which}\">>,{}}}]", erlang(value)))),
        Some(value) => Ok(value),
        None => Err(Ok(format!("{which} should be a number, actually was {}", erlang(value)))),
    })
}

fn read_limits(value: &Value) -> Result<Limits, String> {
    let mut limits = Limits::new();
    for (name, value) in value.as_object().into_iter().flatten() {
        if !["max-connections", "max-queues"].contains(&name.as_str()) {
            return Err(format!("Unrecognised terms [{{<<\"{name}\">>,{}}}] in limits", erlang(value)));
        }
        let number = value.as_i64();
        let number = number.ok_or_else(|| format!("{name} should be a number, actually was {}", erlang(value)))?;
        limits.insert(name.clone(), number);
    }
    Ok(limits)
}

/// Limits as they are shown: without any, it is an empty list in RabbitMQ.
pub fn shown_limits(limits: &Limits) -> Value {
    // The longer name comes first where there are both.
    let fields: serde_json::Map<String, Value> =
        limits.iter().rev().map(|(name, value)| (name.clone(), (*value).into())).collect();
    if fields.is_empty() { json!([]) } else { fields.into() }
}

fn limits(node: &Node, vhost: Option<&str>) -> Vec<Value> {
    let all = node.settings.vhost_limits.borrow();
    let wanted = all.iter().filter(|(name, _)| vhost.is_none_or(|vhost| ***name == *vhost.as_bytes()));
    wanted.map(|(vhost, limits)| json!({"vhost": vhost.text(), "value": shown_limits(limits)})).collect()
}

/// The same as parameters.
pub fn of_vhosts(node: &Node, vhost: Option<&str>) -> Vec<Value> {
    let as_parameter =
        |one: Value| json!({"value": one["value"], "vhost": one["vhost"], "component": VHOST_LIMITS, "name": LIMITS});
    limits(node, vhost).into_iter().map(as_parameter).collect()
}

/// Policies, or those of operators, which RabbitMQ keeps as parameters.
fn policies(node: &Node, kind: &str) -> Vec<Value> {
    let shown = admin::policies(node, None, kind == "operator_policy").into_iter().map(|policy| {
        let value = json!({
            "pattern": policy["pattern"], "definition": policy["definition"], "priority": policy["priority"],
            "apply-to": policy["apply-to"],
        });
        json!({"value": value, "vhost": policy["vhost"], "component": kind, "name": policy["name"]})
    });
    shown.collect()
}

/// Global parameters.
pub fn globals(node: &Node) -> Vec<Value> {
    let all = node.settings.globals.borrow();
    all.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn put_global(node: &Node, name: &str, value: Value) -> Result<bool, Answer> {
    let mut all = node.settings.globals.borrow_mut();
    let is_new = !all.contains_key(name);
    if is_new && all.len() >= SETTINGS_MAX || value.to_string().len() > VALUE_MAX {
        return Err(Answer::bad_request("too_many_or_too_large_parameters"));
    }
    all.insert(name.to_string(), value);
    Ok(is_new)
}

/// The parameters of definitions.
pub fn import(call: &Call<'_>, all: &Value) -> Result<(), Answer> {
    for parameter in all["global_parameters"].as_array().into_iter().flatten() {
        put_global(call.node, parameter["name"].as_str().unwrap_or_default(), parameter["value"].clone())?;
    }
    let is_limit = |one: &&Value| one["component"] == VHOST_LIMITS;
    let parameters = || all["parameters"].as_array().into_iter().flatten();
    let is_known =
        |one: &&Value| ["policy", "operator_policy", VHOST_LIMITS].iter().any(|name| one["component"] == *name);
    if let Some(one) = parameters().find(|one| !is_known(one)) {
        let [component, vhost, name] =
            ["component", "vhost", "name"].map(|name| one[name].as_str().unwrap_or_default());
        let text = format!("Validation failed\n\ncomponent {component} not found\n ({vhost}/{component}/{name})");
        return Err(Answer::bad_request(text));
    }
    for parameter in parameters().filter(is_limit) {
        let vhost = Bytes::from(parameter["vhost"].as_str().unwrap_or_default());
        if call.node.has_vhost(&vhost) {
            let limits = read_limits(&parameter["value"]).map_err(|what| invalid(&what))?;
            call.node.settings.vhost_limits.borrow_mut().insert(vhost, limits);
        }
    }
    Ok(())
}
