//! The arguments of `queue.declare` and `basic.consume`: which there are, what they may hold, what they mean.
//!
//! The rows are in RabbitMQ's order (`rabbit_amqqueue:declare_args`), which is the order of its refusals.

use alloc::{format, string::String};

use super::error::{self, Refusal};
use super::event::Resource;
use super::limits::EXPIRY_MAX_MS;
use super::value::{Table, Value};
use crate::bytes::Bytes;

/// Checks one value; the error is the reason as RabbitMQ prints it.
type Check = fn(&Value, &Table) -> Result<(), String>;

/// Argument, its check, and the queue types that have it: classic, quorum, stream.
const DECLARE: &[(&str, Check, [bool; 3])] = &[
    ("x-expires", expires, [true, true, false]),
    ("x-message-ttl", ttl, [true, true, false]),
    ("x-dead-letter-exchange", long_str, [true, true, false]),
    ("x-dead-letter-routing-key", dead_letter_routing_key, [true, true, false]),
    ("x-dead-letter-strategy", dead_letter_strategy, [false, true, false]),
    ("x-max-length", non_negative, [true, true, false]),
    ("x-max-length-bytes", non_negative, [true, true, true]),
    ("x-max-in-memory-length", non_negative, [false, true, false]),
    ("x-max-in-memory-bytes", non_negative, [false, true, false]),
    ("x-max-priority", max_priority, [true, false, false]),
    ("x-overflow", overflow, [true, true, false]),
    ("x-queue-mode", queue_mode, [true, false, false]),
    ("x-queue-version", queue_version, [true, false, false]),
    ("x-single-active-consumer", boolean, [true, true, false]),
    ("x-queue-type", queue_type, [true, true, true]),
    ("x-quorum-initial-group-size", cluster_size, [false, true, false]),
    ("x-max-age", max_age, [false, false, true]),
    ("x-stream-max-segment-size-bytes", non_negative, [false, false, true]),
    ("x-initial-cluster-size", cluster_size, [false, false, true]),
    ("x-queue-leader-locator", leader_locator, [false, true, true]),
];

/// Where a classic queue may be put, on a cluster.
pub(super) const MASTER_LOCATORS: &[&str] = &["min-masters", "client-local", "random"];
/// What is said of a locator that nobody knows.
const LOCATOR: &str = "invalid_queue_locator_arg";

/// `x-delivery-limit` and `x-queue-master-locator` are known to their types and not checked like the others.
const UNCHECKED: &[(&str, [bool; 3])] =
    &[("x-delivery-limit", [false, true, false]), ("x-queue-master-locator", [true, false, false])];

/// Arguments of `basic.consume`, and the queue types that have them: classic, quorum, stream.
const CONSUME: &[(&str, [bool; 3])] = &[
    ("x-priority", [true, true, false]),
    ("x-cancel-on-ha-failover", [true, false, false]),
    ("x-stream-offset", [false, false, true]),
];

/// The arguments in which a declaration must be as the queue is, in the order of their refusals (`capabilities` of each queue type).
const EQUIVALENT: [&[&str]; 3] = [
    &[
        "x-expires",
        "x-message-ttl",
        "x-dead-letter-exchange",
        "x-dead-letter-routing-key",
        "x-max-length",
        "x-max-length-bytes",
        "x-max-priority",
        "x-overflow",
        "x-queue-mode",
        "x-queue-version",
        "x-single-active-consumer",
        "x-queue-type",
        "x-queue-master-locator",
    ],
    &[
        "x-dead-letter-exchange",
        "x-dead-letter-routing-key",
        "x-dead-letter-strategy",
        "x-expires",
        "x-max-length",
        "x-max-length-bytes",
        "x-max-in-memory-length",
        "x-max-in-memory-bytes",
        "x-overflow",
        "x-single-active-consumer",
        "x-queue-type",
        "x-quorum-initial-group-size",
        "x-delivery-limit",
        "x-message-ttl",
        "x-queue-leader-locator",
    ],
    &[
        "x-max-length-bytes",
        "x-queue-type",
        "x-max-age",
        "x-stream-max-segment-size-bytes",
        "x-initial-cluster-size",
        "x-queue-leader-locator",
    ],
];

/// What happens to a publish that finds the queue full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// The oldest message goes.
    #[default]
    DropHead,
    /// The new one is refused.
    RejectPublish,
    /// The new one is refused and dead-lettered.
    RejectPublishDlx,
}

/// The type of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QueueType {
    /// The ordinary one.
    #[default]
    Classic,
    /// Replicated. One node has nothing to replicate to, its rules differ all the same.
    Quorum,
    /// An append-only log.
    Stream,
}

impl QueueType {
    /// The type that these arguments ask for.
    pub fn of(arguments: &Table) -> QueueType {
        match arguments.get("x-queue-type") {
            Some(Value::LongStr(name)) if *name == "quorum" => QueueType::Quorum,
            Some(Value::LongStr(name)) if *name == "stream" => QueueType::Stream,
            _ => QueueType::Classic,
        }
    }

    /// The name of RabbitMQ's module, as its texts print it.
    fn module(self) -> &'static str {
        match self {
            QueueType::Classic => "rabbit_classic_queue",
            QueueType::Quorum => "rabbit_quorum_queue",
            QueueType::Stream => "rabbit_stream_queue",
        }
    }
}

/// What the arguments of a queue mean.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    /// `x-queue-type`.
    pub queue_type: QueueType,
    /// `x-expires`, ms without use after which the queue goes.
    pub expires_ms: Option<u64>,
    /// `x-message-ttl`, in ms.
    pub message_ttl_ms: Option<u64>,
    /// `x-dead-letter-exchange`.
    pub dead_letter_exchange: Option<Bytes>,
    /// `x-dead-letter-routing-key`.
    pub dead_letter_routing_key: Option<Bytes>,
    /// `x-max-length`, in ready messages.
    pub max_length: Option<u64>,
    /// `x-max-length-bytes`, of ready bodies.
    pub max_length_bytes: Option<u64>,
    /// `x-overflow`.
    pub overflow: Overflow,
    /// `x-max-priority`; none is an ordinary queue.
    pub max_priority: Option<u8>,
    /// `x-single-active-consumer`.
    pub single_active_consumer: bool,
    /// `x-delivery-limit` of a quorum queue: returns after which a message is dead.
    pub delivery_limit: Option<u64>,
    /// `x-dead-letter-strategy` of a quorum queue: what expired or was refused stays until its dead letter has a queue.
    pub at_least_once: bool,
}

impl Settings {
    /// What these (checked) arguments mean under a policy. Of two limits the smaller one holds; otherwise the arguments come first,
    /// except that the policy says how a quorum queue overflows and expires.
    pub fn of(arguments: &Table, policy: &Table) -> Settings {
        let queue_type = QueueType::of(arguments);
        if queue_type == QueueType::Stream {
            // Nothing of this holds for a stream; what its own limits drop are whole segments.
            return Settings { queue_type, ..Settings::default() };
        }
        let argument = |key: &str| arguments.get(&["x-", key].concat());
        let number = |value: Option<&Value>| value.and_then(Value::as_int).and_then(|n| u64::try_from(n).ok());
        let least = |key| [number(argument(key)), number(policy.get(key))].into_iter().flatten().min();
        let first = |key| argument(key).or_else(|| policy.get(key));
        let by_type =
            |key| if queue_type == QueueType::Quorum { policy.get(key).or_else(|| argument(key)) } else { first(key) };
        let name = |value: Option<&Value>| value.and_then(Value::as_long_str).cloned();
        let overflow = match name(by_type("overflow")) {
            Some(name) if name == "reject-publish" => Overflow::RejectPublish,
            Some(name) if name == "reject-publish-dlx" && queue_type == QueueType::Classic => {
                Overflow::RejectPublishDlx
            }
            _ => Overflow::DropHead,
        };
        let dead_letter_exchange = name(first("dead-letter-exchange"));
        let expires = if queue_type == QueueType::Quorum { number(by_type("expires")) } else { least("expires") };
        Settings {
            queue_type,
            expires_ms: expires,
            message_ttl_ms: least("message-ttl"),
            dead_letter_routing_key: name(first("dead-letter-routing-key")),
            max_length: least("max-length"),
            max_length_bytes: least("max-length-bytes"),
            overflow,
            // 0 priorities above 0 is what every queue has.
            max_priority: number(arguments.get("x-max-priority")).and_then(|n| u8::try_from(n).ok()).filter(|n| *n > 0),
            single_active_consumer: arguments.get("x-single-active-consumer") == Some(&Value::Bool(true)),
            delivery_limit: least("delivery-limit").filter(|_| queue_type == QueueType::Quorum),
            at_least_once: queue_type == QueueType::Quorum
                && name(first("dead-letter-strategy")).is_some_and(|name| name == "at-least-once")
                && overflow == Overflow::RejectPublish
                && dead_letter_exchange.is_some(),
            dead_letter_exchange,
        }
    }
}

/// Checks what a new queue is declared with.
pub fn check_declare(
    queue: &Resource,
    arguments: &Table,
    durable: bool,
    exclusive: bool,
    auto_delete: bool,
) -> Result<(), Refusal> {
    if let Some(value) = arguments.get("x-dead-letter-exchange")
        && value.as_long_str().is_none()
    {
        return Err(error::invalid_type(value, "x-dead-letter-exchange", false, queue));
    }
    let fails = |field: &str, reason: String| Err(error::invalid_argument(field, queue, &reason));
    if let Some(value) = arguments.get("x-queue-type")
        && let Err(reason) = queue_type(value, arguments)
    {
        return fails("x-queue-type", reason);
    }
    let of_type = QueueType::of(arguments);
    for (field, check, has) in DECLARE {
        if has[of_type as usize]
            && let Some(value) = arguments.get(field)
            && let Err(reason) = check(value, arguments)
        {
            return fails(field, reason);
        }
    }
    for (field, _) in &arguments.0 {
        let row = DECLARE.iter().map(|row| (row.0, row.2)).chain(UNCHECKED.iter().copied()).find(|row| *field == row.0);
        if row.is_some_and(|(_, has)| !has[of_type as usize]) {
            return Err(error::argument_of_other_type(field, queue, of_type.module()));
        }
    }
    // RabbitMQ has no word for a locator that it does not know; these are those for the other types.
    if !exclusive
        && let Some(value) = arguments.get("x-queue-master-locator")
        && let Err(reason) = one_of(value, MASTER_LOCATORS, |_| LOCATOR.into())
    {
        return fails("x-queue-master-locator", reason);
    }
    let refused: &[(bool, &str)] = match of_type {
        QueueType::Classic => &[],
        QueueType::Quorum | QueueType::Stream => {
            &[(auto_delete, "auto-delete"), (exclusive, "exclusive-owner"), (!durable, "non-durable")]
        }
    };
    match refused.iter().find(|(is, _)| *is) {
        Some((_, property)) => Err(error::invalid_property(property, queue)),
        None => Ok(()),
    }
}

/// Checks a declaration without a name: only classic queues are named by the server. A type that there is not makes RabbitMQ stumble
/// here, before it would be refused.
pub fn check_server_named(arguments: &Table) -> Result<(), Refusal> {
    if let Some(value) = arguments.get("x-queue-type")
        && queue_type(value, arguments).is_err()
    {
        return Err(error::internal_error());
    }
    match QueueType::of(arguments) {
        QueueType::Classic => Ok(()),
        other @ (QueueType::Quorum | QueueType::Stream) => Err(error::server_named(other.module())),
    }
}

/// Checks a declaration against the queue that is there.
pub fn check_equivalent(queue: &Resource, current: &Table, received: &Table) -> Result<(), Refusal> {
    EQUIVALENT[QueueType::of(current) as usize]
        .iter()
        .try_for_each(|field| check_equivalent_field(field, false, queue, current, received))
}

/// Checks one argument of a declaration against the one that is there.
pub fn check_equivalent_field(
    field: &str,
    is_exchange: bool,
    resource: &Resource,
    current: &Table,
    received: &Table,
) -> Result<(), Refusal> {
    let is_classic =
        |value: &Value| field == "x-queue-type" && value.as_long_str().is_some_and(|name| *name == "classic");
    let (received, current) = match (received.get(field), current.get(field)) {
        (None, None) => return Ok(()),
        (Some(received), Some(current)) if received.is_equivalent(current) => return Ok(()),
        (Some(one), None) | (None, Some(one)) if is_classic(one) => return Ok(()),
        (Some(received), Some(current)) => {
            (error::plain(&error::shown(received)), error::plain(&error::shown(current)))
        }
        (received, current) => (error::typed(received), error::typed(current)),
    };
    Err(error::inequivalent(field, is_exchange, resource, &received, &current))
}

/// Checks the arguments of `basic.consume` and returns the priority.
pub fn check_consume(queue: &Resource, of_type: QueueType, arguments: &Table) -> Result<i64, Refusal> {
    let rows: [(&str, Check); 2] = [("x-priority", integer), ("x-cancel-on-ha-failover", boolean)];
    for (field, check) in rows {
        if let Some(value) = arguments.get(field)
            && let Err(reason) = check(value, arguments)
        {
            return Err(error::invalid_argument(field, queue, &reason));
        }
    }
    super::stream::check_offset(queue, arguments)?;
    let is_others =
        |(field, _): &&(Bytes, Value)| CONSUME.iter().any(|(name, has)| *field == *name && !has[of_type as usize]);
    if let Some((field, _)) = arguments.0.iter().find(is_others) {
        return Err(error::argument_of_other_type(field, queue, of_type.module()));
    }
    Ok(arguments.get("x-priority").and_then(Value::as_int).unwrap_or(0))
}

fn unacceptable(value: &Value) -> Result<(), String> {
    Err(format!("{{unacceptable_type,{}}}", error::type_name(value)))
}

fn integer(value: &Value, _: &Table) -> Result<(), String> {
    match value.as_int() {
        Some(_) => Ok(()),
        None => Err(format!("\"expected integer, got {}\"", error::type_name(value))),
    }
}

fn non_negative(value: &Value, all: &Table) -> Result<(), String> {
    integer(value, all)?;
    match value.as_int() {
        Some(n) if n < 0 => Err(format!("{{value_negative,{n}}}")),
        _ => Ok(()),
    }
}

fn ttl(value: &Value, all: &Table) -> Result<(), String> {
    non_negative(value, all)?;
    match value.as_int() {
        Some(n) if n > EXPIRY_MAX_MS => Err(format!("{{value_too_large,{n}}}")),
        _ => Ok(()),
    }
}

fn expires(value: &Value, all: &Table) -> Result<(), String> {
    if value.as_int() == Some(0) { Err(String::from("{value_zero,0}")) } else { ttl(value, all) }
}

fn cluster_size(value: &Value, all: &Table) -> Result<(), String> {
    if value.as_int() == Some(0) { Err(String::from("{value_zero,0}")) } else { non_negative(value, all) }
}

fn max_priority(value: &Value, all: &Table) -> Result<(), String> {
    non_negative(value, all)?;
    match value.as_int() {
        Some(n) if n > 255 => Err(format!("{{max_value_exceeded,{n}}}")),
        _ => Ok(()),
    }
}

fn boolean(value: &Value, _: &Table) -> Result<(), String> {
    if matches!(value, Value::Bool(_)) { Ok(()) } else { unacceptable(value) }
}

fn long_str(value: &Value, _: &Table) -> Result<(), String> {
    if value.as_long_str().is_some() { Ok(()) } else { unacceptable(value) }
}

fn dead_letter_routing_key(value: &Value, all: &Table) -> Result<(), String> {
    long_str(value, all)?;
    match all.get("x-dead-letter-exchange") {
        Some(_) => Ok(()),
        None => Err(String::from("routing_key_but_no_dlx_defined")),
    }
}

/// A long string out of a short list.
fn one_of(value: &Value, names: &[&str], otherwise: impl Fn(&Bytes) -> String) -> Result<(), String> {
    match value.as_long_str() {
        None => unacceptable(value),
        Some(name) if names.iter().any(|one| *name == *one) => Ok(()),
        Some(name) => Err(otherwise(name)),
    }
}

fn dead_letter_strategy(value: &Value, _: &Table) -> Result<(), String> {
    one_of(value, &["at-most-once", "at-least-once"], |_| String::from("invalid_dlx_strategy"))
}

fn overflow(value: &Value, _: &Table) -> Result<(), String> {
    one_of(value, &["drop-head", "reject-publish", "reject-publish-dlx"], |_| String::from("invalid_overflow"))
}

fn queue_mode(value: &Value, _: &Table) -> Result<(), String> {
    one_of(value, &["default", "lazy"], |name| format!("\"unsupported queue mode '{name}'\""))
}

fn queue_type(value: &Value, _: &Table) -> Result<(), String> {
    one_of(value, &["classic", "quorum", "stream"], |name| format!("\"unsupported queue type '{name}'\""))
}

fn leader_locator(value: &Value, _: &Table) -> Result<(), String> {
    one_of(value, &["client-local", "balanced", "random", "least-leaders"], |_| LOCATOR.into())
}

fn queue_version(value: &Value, all: &Table) -> Result<(), String> {
    non_negative(value, all)?;
    match value.as_int() {
        Some(1 | 2) | None => Ok(()),
        Some(n) => Err(format!("\"unsupported queue version '{n}'\"")),
    }
}

fn max_age(value: &Value, all: &Table) -> Result<(), String> {
    long_str(value, all)?;
    let text = value.as_long_str().cloned().unwrap_or_default();
    if is_max_age(&text) { Ok(()) } else { Err(String::from("invalid_max_age")) }
}

/// A number and a unit of time: `7D`.
pub fn is_max_age(text: &Bytes) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let is_number = text[..digits].iter().any(|digit| *digit != b'0');
    let is_unit = matches!(&text[digits..], b"Y" | b"M" | b"D" | b"h" | b"m" | b"s");
    is_number && is_unit
}
