//! The headers exchange: the binding's arguments are compared with the message's headers.

use super::Binding;
use crate::amqp::error::{self, Refusal};
use crate::amqp::message::Message;
use crate::amqp::value::{Table, Value};

/// `x-match`, whether all must match rather than any, and whether `x-` headers count.
const MATCHES: &[(&str, bool, bool)] =
    &[("all", true, false), ("any", false, false), ("all-with-x", true, true), ("any-with-x", false, true)];

/// Whether a message takes this binding. An argument without a value asks for the header's presence only.
pub fn matches(binding: &Binding, message: &Message) -> bool {
    let empty = Table::default();
    let headers = message.properties.headers.as_ref().unwrap_or(&empty);
    let (all, with_x) = match binding.arguments.get("x-match") {
        Some(Value::LongStr(name)) => {
            MATCHES.iter().find(|row| *name == row.0).map_or((true, false), |row| (row.1, row.2))
        }
        _ => (true, false),
    };
    let mut asked =
        binding.arguments.0.iter().filter(|(key, _)| *key != "x-match" && (with_x || !key.starts_with(b"x-")));
    let is_there = |(key, value): &(_, Value)| {
        let header = headers.0.iter().find(|(name, _)| name == key);
        header.is_some_and(|(_, header)| *value == Value::Void || header.equals(value))
    };
    if all { asked.all(is_there) } else { asked.any(is_there) }
}

/// Checks the arguments of a binding.
pub fn check_binding(arguments: &Table) -> Result<(), Refusal> {
    match arguments.get("x-match") {
        None => Ok(()),
        Some(Value::LongStr(name)) if MATCHES.iter().any(|row| *name == row.0) => Ok(()),
        Some(Value::LongStr(name)) => Err(error::x_match_value(name)),
        Some(value) => Err(error::x_match_type(value)),
    }
}
