//! What a query makes of an answer: only some columns, and figures over time.

use serde_json::{Map, Value, json};

use super::route::Call;
use crate::amqp::node::now_ms;

/// The most samples of one figure; RabbitMQ keeps fewer.
const SAMPLES_MAX: u64 = 1000;

/// Only the fields that `columns` names, where it names any; `a.b` is a field within another.
pub fn columns(call: &Call<'_>, item: Value) -> Value {
    let item = sampled(call, item);
    let Some(names) = call.asked("columns") else { return item };
    let paths: Vec<Vec<&str>> = names.split(',').map(|name| name.split('.').collect()).collect();
    let paths: Vec<&[&str]> = paths.iter().map(Vec::as_slice).collect();
    pick(item, &paths)
}

fn pick(item: Value, paths: &[&[&str]]) -> Value {
    match item {
        Value::Array(items) => items.into_iter().map(|item| pick(item, paths)).collect(),
        Value::Object(fields) => {
            let picked = fields.into_iter().filter_map(|(name, value)| {
                let within: Vec<&[&str]> = paths.iter().filter(|path| path[0] == name).map(|path| &path[1..]).collect();
                match within.iter().any(|path| path.is_empty()) {
                    _ if within.is_empty() => None,
                    true => Some((name, value)),
                    false => Some((name, pick(value, &within))),
                }
            });
            let picked: Map<String, Value> = picked.collect();
            // An object without fields is an empty list in RabbitMQ.
            if picked.is_empty() { json!([]) } else { picked.into() }
        }
        other => other,
    }
}

/// With samples of what the query wants to see over time. Nothing is measured over time here: each sample is what is now.
pub fn sampled(call: &Call<'_>, mut item: Value) -> Value {
    let kinds = ["lengths", "msg_rates", "data_rates", "node_stats"].map(|kind| {
        let number = |what: &str| call.asked(&format!("{kind}_{what}")).and_then(|text| text.parse::<u64>().ok());
        let step = number("incr").filter(|step| *step > 0)?;
        Some((number("age")? / step + 1, step * 1000))
    });
    if kinds.iter().any(Option::is_some) {
        add_samples(&mut item, &kinds, false);
    }
    item
}

/// How many samples, and the time between them in ms.
type Wish = Option<(u64, u64)>;

fn add_samples(item: &mut Value, kinds: &[Wish; 4], is_rate: bool) {
    let [lengths, msg_rates, data_rates, node_stats] = *kinds;
    let Value::Object(fields) = item else { return };
    let named: Vec<String> = fields.keys().cloned().collect();
    for name in named {
        let Some(figure) = name.strip_suffix("_details") else {
            let is_rate = matches!(&*name, "message_stats" | "churn_rates");
            if is_rate || name == "queue_totals" {
                add_samples(&mut fields[&name], kinds, is_rate);
            }
            continue;
        };
        let wish = match figure {
            _ if is_rate => msg_rates,
            "messages" | "messages_ready" | "messages_unacknowledged" => lengths,
            "recv_oct" | "send_oct" | "reductions" => data_rates,
            _ => node_stats,
        };
        let Some((number, (count, step))) = fields.get(figure).cloned().filter(Value::is_number).zip(wish) else {
            continue;
        };
        let details = &mut fields[&name];
        if details.get("rate").is_some() {
            let last = now_ms() / step * step;
            let at = |n: u64| json!({"sample": number, "timestamp": last.saturating_sub(n * step)});
            details["samples"] = (0..count.min(SAMPLES_MAX)).map(at).collect();
            details["avg_rate"] = 0.0.into();
            details["avg"] = number.as_f64().into();
        }
    }
}
