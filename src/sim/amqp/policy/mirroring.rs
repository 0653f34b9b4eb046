//! What a policy may say of mirrors and of where queues stand. A single node does nothing of it, but refuses what RabbitMQ refuses
//! (`validate_policy` of rabbit_mirror_queue_misc and of rabbit_queue_location_validator).

use alloc::{format, string::String, vec::Vec};

use super::super::arguments::MASTER_LOCATORS;
use super::super::error::term;
use super::super::value::{Table, Value};

/// Keys that mean nothing without `ha-mode`; behind each the words that it takes, if it takes words.
const KEYS: [(&str, &[&str]); 5] = [
    ("ha-params", &[]),
    ("ha-sync-mode", &["manual", "automatic"]),
    (BATCH_SIZE, &[]),
    ("ha-promote-on-shutdown", &["always", "when-synced"]),
    ("ha-promote-on-failure", &["always", "when-synced"]),
];
const BATCH_SIZE: &str = "ha-sync-batch-size";

/// Checks all these keys of a definition together.
///
/// # Errors
/// RabbitMQ's words for the first fault.
pub(super) fn check(definition: &Table) -> Result<(), String> {
    let is_one_of =
        |value: &Value, names: &[&str]| value.as_long_str().is_some_and(|text| names.iter().any(|name| *text == *name));
    if let Some(value) = definition.get("queue-master-locator")
        && !is_one_of(value, MASTER_LOCATORS)
    {
        return Err(format!("{} invalid queue-master-locator value", term(value)));
    }
    let given = KEYS.iter().filter_map(|(key, names)| Some((*key, *names, definition.get(key)?)));
    match definition.get("ha-mode") {
        Some(mode) => mirrors(mode, definition.get("ha-params"))?,
        None if given.clone().next().is_some() => {
            let words = "ha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown";
            return Err(words.into());
        }
        None => {}
    }
    for (key, names, value) in given {
        if key == BATCH_SIZE && value.as_int().is_none_or(|size| size < 1) {
            return Err(format!("{key} takes an integer greater than 0, {} given", term(value)));
        }
        if let [first, second] = names
            && !is_one_of(value, names)
        {
            return Err(format!("{key} must be \"{first}\" or \"{second}\", got {}", term(value)));
        }
    }
    Ok(())
}

/// How many mirrors, and where.
fn mirrors(mode: &Value, params: Option<&Value>) -> Result<(), String> {
    let given = || params.map_or_else(|| "none".into(), term);
    let name = mode.as_long_str();
    let is = |this: &str| name.is_some_and(|name| *name == *this);
    let what = if is("all") {
        let Some(_) = params else { return Ok(()) };
        String::from("does not take parameters")
    } else if is("exactly") {
        if params.and_then(Value::as_int).is_some_and(|count| count > 0) {
            return Ok(());
        }
        format!("takes an integer, {} given", given())
    } else if is("nodes") {
        let Some(Value::Array(nodes)) = params else {
            return Err(format!("ha-mode=\"nodes\" takes a list, {} given", given()));
        };
        let wrong: Vec<String> = nodes.iter().filter(|node| node.as_long_str().is_none()).map(term).collect();
        if !wrong.is_empty() {
            format!("takes a list of strings, [{}] was not a string", wrong.join(","))
        } else if nodes.is_empty() {
            String::from("list must be non-empty")
        } else {
            return Ok(());
        }
    } else {
        return Err(format!("{} is not a valid ha-mode value", term(mode)));
    };
    Err(format!("ha-mode=\"{}\" {what}", name.map_or_else(String::new, |name| name.text().into())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::Bytes;
    use alloc::vec;

    #[test]
    fn what_is_wrong_is_told_as_rabbitmq_tells_it() {
        let text = |text: &str| Value::LongStr(Bytes::from(text));
        let list = Value::Array(vec![text("w1"), Value::I64(1)]);
        let all = ("ha-mode", text("all"));
        for (fields, said) in [
            (
                vec![("ha-sync-mode", text("manual"))],
                "ha-mode must be specified to specify ha-params, ha-sync-mode or ha-promote-on-shutdown",
            ),
            (vec![("ha-mode", text("most"))], "<<\"most\">> is not a valid ha-mode value"),
            (vec![all.clone(), ("ha-params", Value::I64(2))], "ha-mode=\"all\" does not take parameters"),
            (vec![("ha-mode", text("exactly"))], "ha-mode=\"exactly\" takes an integer, none given"),
            (
                vec![("ha-mode", text("exactly")), ("ha-params", Value::I64(0))],
                "ha-mode=\"exactly\" takes an integer, 0 given",
            ),
            (
                vec![("ha-mode", text("nodes")), ("ha-params", list)],
                "ha-mode=\"nodes\" takes a list of strings, [1] was not a string",
            ),
            (
                vec![("ha-mode", text("nodes")), ("ha-params", Value::Array(vec![]))],
                "ha-mode=\"nodes\" list must be non-empty",
            ),
            (
                vec![all.clone(), ("ha-sync-mode", Value::I64(1))],
                "ha-sync-mode must be \"manual\" or \"automatic\", got 1",
            ),
            (
                vec![all.clone(), ("ha-sync-batch-size", Value::I64(0))],
                "ha-sync-batch-size takes an integer greater than 0, 0 given",
            ),
            (
                vec![("ha-mode", text("bad")), ("queue-master-locator", text("bad"))],
                "<<\"bad\">> invalid queue-master-locator value",
            ),
        ] {
            let fields = fields.into_iter().map(|(key, value)| (Bytes::from(key), value));
            assert_eq!(check(&Table(fields.collect())), Err(said.into()));
        }
        let right = [all, ("ha-promote-on-failure", text("always"))].map(|(key, value)| (Bytes::from(key), value));
        assert_eq!(check(&Table(right.into())), Ok(()));
    }
}
