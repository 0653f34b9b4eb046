//! The headers exchange: the binding's arguments are compared with the message's headers.

use super::Binding;
use alloc::vec::Vec;

use crate::amqp::error::{self, Refusal};
use crate::amqp::event::FailedHeader;
use crate::amqp::message::Message;
use crate::amqp::value::{Table, Value};
use crate::bytes::Bytes;

/// Failed arguments that are told at most, of one binding.
const FAILED_SHOWN: usize = 20;

/// `x-match`, whether all must match rather than any, and whether `x-` headers count.
const MATCHES: &[(&str, bool, bool)] =
    &[("all", true, false), ("any", false, false), ("all-with-x", true, true), ("any-with-x", false, true)];

/// Whether all arguments of a binding must match rather than any, and whether those that begin with `x-` count.
fn rule(binding: &Binding) -> (bool, bool) {
    match binding.arguments.get("x-match") {
        Some(Value::LongStr(name)) => {
            MATCHES.iter().find(|row| *name == row.0).map_or((true, false), |row| (row.1, row.2))
        }
        _ => (true, false),
    }
}

/// The arguments of a binding that are asked of a message.
fn asked(binding: &Binding, with_x: bool) -> impl Iterator<Item = &(Bytes, Value)> {
    binding.arguments.0.iter().filter(move |(key, _)| *key != "x-match" && (with_x || !key.starts_with(b"x-")))
}

/// Whether headers answer an argument. One without a value asks for the header's presence only.
fn answers(headers: &Table, (key, value): &(Bytes, Value)) -> bool {
    let header = headers.0.iter().find(|(name, _)| name == key);
    header.is_some_and(|(_, header)| *value == Value::Void || header.equals(value))
}

/// Whether a message takes this binding.
pub fn matches(binding: &Binding, message: &Message) -> bool {
    let empty = Table::default();
    let headers = message.properties.headers.as_ref().unwrap_or(&empty);
    let (all, with_x) = rule(binding);
    let mut asked = asked(binding, with_x);
    if all {
        asked.all(|argument| answers(headers, argument))
    } else {
        asked.any(|argument| answers(headers, argument))
    }
}

/// The arguments that keep a binding from matching.
pub fn failed(binding: &Binding, message: &Message) -> Vec<FailedHeader> {
    let empty = Table::default();
    let headers = message.properties.headers.as_ref().unwrap_or(&empty);
    let (_, with_x) = rule(binding);
    let failed = asked(binding, with_x).filter(|argument| !answers(headers, argument));
    let told = failed.map(|(header, wanted)| FailedHeader {
        header: header.clone(),
        wanted: wanted.clone(),
        found: headers.0.iter().find(|(name, _)| name == header).map(|(_, value)| value.clone()),
    });
    told.take(FAILED_SHOWN).collect()
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
