//! A published message, and one copy of it in one queue.

use alloc::{rc::Rc, vec::Vec};

use super::error::{self, Refusal};
use super::event::{ChannelRef, MessageId};
use super::limits::EXPIRY_MAX_MS;
use super::method::Properties;
use super::value::Value;
use crate::bytes::Bytes;

/// A message as it was published. It never changes; queues share it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Message {
    /// Its number.
    pub id: MessageId,
    /// The exchange it was published to (of a dead letter: the dead letter exchange).
    pub exchange: Bytes,
    /// The routing key.
    pub routing_key: Bytes,
    /// Further routing keys, from the headers `CC` and `BCC`.
    pub more_keys: Vec<Bytes>,
    /// The properties, without `BCC`.
    pub properties: Properties,
    /// The body.
    pub body: Bytes,
    /// When it reached the broker, in virtual ms.
    pub published_ms: u64,
    /// Where it was published.
    pub publisher: ChannelRef,
}

impl Message {
    /// Whether it is written to disk where its queue is durable too.
    pub fn is_persistent(&self) -> bool {
        self.properties.delivery_mode == Some(2)
    }

    /// All its routing keys, the first one first.
    pub fn keys(&self) -> impl Iterator<Item = &Bytes> {
        core::iter::once(&self.routing_key).chain(&self.more_keys)
    }
}

/// One copy of a message in one queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Held {
    /// The message.
    pub message: Rc<Message>,
    /// Whether it was delivered before.
    pub redelivered: bool,
    /// How often it came back to its quorum queue; classic queues do not count.
    pub deliveries: u64,
    /// When it joined the queue, in virtual ms.
    pub enqueued_ms: u64,
    /// When it expires, in virtual ms.
    pub expires_ms: Option<u64>,
    /// Whether it was read back from disk: RabbitMQ then no longer knows the `expiration` when it becomes a dead letter.
    pub is_from_disk: bool,
    /// The last event about this copy.
    pub last_event: u32,
}

/// A place in a queue: a requeued copy goes back exactly there. Smaller is nearer to the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// 255 minus the priority, so that high priorities come first; 255 in ordinary queues.
    pub rank: u8,
    /// Counted per queue.
    pub sequence: u64,
}

/// The further routing keys of a message (RabbitMQ documentation, "Sender-selected Distribution").
pub fn routing_headers(properties: &Properties) -> Result<Vec<Bytes>, Refusal> {
    let mut keys = Vec::new();
    let Some(headers) = &properties.headers else { return Ok(keys) };
    for name in ["CC", "BCC"] {
        match headers.get(name) {
            None => {}
            Some(Value::Array(values)) => keys.extend(values.iter().filter_map(Value::as_long_str).cloned()),
            Some(value) => return Err(error::routing_header(name, value)),
        }
    }
    Ok(keys)
}

/// The time to live in ms that the property `expiration` asks for. The reasons are those of Erlang's `string:to_integer`.
pub fn expiration(properties: &Properties) -> Result<Option<u64>, Refusal> {
    let Some(text) = &properties.expiration else { return Ok(None) };
    let sign = usize::from(matches!(text.first(), Some(b'+' | b'-')));
    let digits = text[sign..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return Err(error::expiration(text, b"no_integer"));
    }
    let (number, rest) = text.split_at(sign + digits);
    if !rest.is_empty() {
        return Err(error::expiration(text, &[b"{leftover_string,\"", rest, b"\"}"].concat()));
    }
    let too_large = || error::expiration(text, &[b"{value_too_large,", trimmed(&number[sign..]), b"}"].concat());
    let mut value: i64 = 0;
    for digit in &number[sign..] {
        let next = value.checked_mul(10).and_then(|n| n.checked_add(i64::from(digit - b'0')));
        value = next.ok_or_else(too_large)?;
    }
    if text.first() == Some(&b'-') && value > 0 {
        return Err(error::expiration(text, &[b"{value_negative,-", trimmed(&number[sign..]), b"}"].concat()));
    }
    if value > EXPIRY_MAX_MS {
        return Err(too_large());
    }
    Ok(Some(value as u64))
}

/// Digits without leading zeros, as Erlang prints the number.
fn trimmed(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
}
