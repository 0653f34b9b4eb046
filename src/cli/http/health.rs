//! Health checks.

use serde_json::{Value, json};

use super::answer::Answer;
use super::route::Call;
use super::show::NODE;
use crate::amqp::alarms::Source;

/// `GET`.
pub fn get(call: &Call<'_>, words: &[&str]) -> Result<Answer, Answer> {
    let ok = || Ok(Answer::json(json!({"status": "ok"})));
    let ports = call.ports();
    match words {
        ["healthchecks", "node"] | ["healthchecks", "node", NODE] => ok(),
        ["health", "checks", "alarms"] => alarms(call, "There are alarms in effect in the cluster"),
        ["health", "checks", "local-alarms"] => alarms(call, "There are alarms in effect on the node"),
        ["health", "checks", "virtual-hosts"] => ok(),
        ["health", "checks", "node-is-mirror-sync-critical" | "node-is-quorum-critical"] => {
            Ok(Answer::json(json!({"status": "ok", "reason": "single node cluster"})))
        }
        // There are no certificates that could expire.
        ["health", "checks", "certificate-expiration", within, unit] => {
            if within.parse::<u32>().is_err() {
                return Err(Answer::bad_request("Invalid expiration value."));
            }
            match *unit {
                "days" | "weeks" | "months" | "years" => ok(),
                _ => Err(Answer::bad_request("Time unit not recognised. Supported units: days, weeks, months, years.")),
            }
        }
        ["health", "checks", "port-listener", port] => {
            let port: u16 = port.parse().map_err(|_| Answer::bad_request("Invalid port"))?;
            match ports.iter().any(|(_, listening)| *listening == port) {
                true => Ok(Answer::json(json!({"status": "ok", "port": port}))),
                false => {
                    let ports: Vec<u16> = ports.iter().map(|(_, port)| *port).collect();
                    Err(Answer::failed("No active listener", [("missing", json!(port)), ("ports", json!(ports))]))
                }
            }
        }
        ["health", "checks", "protocol-listener", protocol] => {
            let wanted = match *protocol {
                "amqp091" | "amqp0.9.1" | "amqp0-9-1" | "amqp10" | "amqp1.0" | "amqp1-0" => "amqp",
                other => other,
            };
            let protocols: Vec<&str> = ports.iter().map(|(protocol, _)| *protocol).collect();
            match protocols.contains(&wanted) {
                true => Ok(Answer::json(json!({"status": "ok", "protocol": wanted}))),
                false => Err(Answer::failed(
                    "No active listener",
                    [("missing", json!(wanted)), ("protocols", json!(protocols))],
                )),
            }
        }
        _ => Err(Answer::not_found()),
    }
}

fn alarms(call: &Call<'_>, reason: &str) -> Result<Answer, Answer> {
    let all = [("memory", Source::Memory), ("disk", Source::Disk)];
    let on = all.iter().filter(|(_, source)| call.node.alarms.is_on(*source));
    let on: Vec<Value> = on.map(|(name, _)| json!({"node": NODE, "resource": name})).collect();
    match on.is_empty() {
        true => Ok(Answer::json(json!({"status": "ok"}))),
        false => Err(Answer::failed(reason, [("alarms", json!(on))])),
    }
}
