//! Calls of Warren's own, below `/api/warren`: what an operator of RabbitMQ does with `rabbitmqctl` and not over HTTP.
//!
//! `PUT broker` with `{"running":false}` stops the broker as `rabbitmqctl stop_app` does, with `true` it starts again with what is
//! durable. `PUT alarms/memory` and `PUT alarms/disk` raise an alarm, `DELETE` ends it.

use serde_json::{Value, json};

use super::act::require;
use super::answer::Answer;
use super::route::Call;
use crate::amqp::alarms::Source;

/// Answers a call, whose path goes on with these words.
pub fn answer(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let node = call.node;
    match (call.method, words) {
        ("GET", ["broker"]) => Ok(Answer::json(json!({"running": node.is_running()}))),
        ("PUT", ["broker"]) => {
            let object = call.object()?;
            require(&object, &["running"])?;
            let running = object["running"].as_bool().ok_or_else(|| Answer::bad_request("running is true or false"))?;
            node.set_running(running);
            Ok(Answer::done())
        }
        ("GET", ["alarms"]) => {
            let is_on = |source| Value::from(node.alarms.is_on(source));
            Ok(Answer::json(json!({"memory": is_on(Source::Memory), "disk": is_on(Source::Disk)})))
        }
        ("PUT" | "DELETE", ["alarms", name]) => {
            let source = Source::from_name(name).ok_or_else(Answer::not_found)?;
            node.set_alarm(source, call.method == "PUT");
            Ok(Answer::done())
        }
        _ => Err(Answer::not_found()),
    }
}
