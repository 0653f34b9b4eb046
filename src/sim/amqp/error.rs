//! Every refusal of the broker: its reply code and its text, written once, word for word as RabbitMQ 3.10.8 sends it.
//!
//! A soft refusal closes the channel, a hard one the connection (AMQP 0-9-1 section 1.1, "Reply codes").

use alloc::{string::String, vec::Vec};
use core::fmt::Write;

pub use super::erlang::{shown, term, type_name};
use super::event::Resource;
use super::value::Value;
use crate::bytes::Bytes;

/// The broker's "no" to one method.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// The AMQP reply code.
    pub code: u16,
    /// The reply text, at most 255 bytes.
    pub text: Bytes,
    /// Whether the whole connection ends, not only the channel.
    pub hard: bool,
}

/// Code, name, and whether it ends the connection.
const CODES: &[(u16, &str, bool)] = &[
    (CONNECTION_FORCED, "CONNECTION_FORCED", true),
    (ACCESS_REFUSED, "ACCESS_REFUSED", false),
    (NOT_FOUND, "NOT_FOUND", false),
    (RESOURCE_LOCKED, "RESOURCE_LOCKED", false),
    (PRECONDITION_FAILED, "PRECONDITION_FAILED", false),
    (COMMAND_INVALID, "COMMAND_INVALID", true),
    (CHANNEL_ERROR, "CHANNEL_ERROR", true),
    (UNEXPECTED_FRAME, "UNEXPECTED_FRAME", true),
    (RESOURCE_ERROR, "RESOURCE_ERROR", true),
    (NOT_ALLOWED, "NOT_ALLOWED", true),
    (NOT_IMPLEMENTED, "NOT_IMPLEMENTED", true),
];
const CONNECTION_FORCED: u16 = 320;
const ACCESS_REFUSED: u16 = 403;
const NOT_FOUND: u16 = 404;
const RESOURCE_LOCKED: u16 = 405;
const PRECONDITION_FAILED: u16 = 406;
const COMMAND_INVALID: u16 = 503;
const CHANNEL_ERROR: u16 = 504;
const UNEXPECTED_FRAME: u16 = 505;
const RESOURCE_ERROR: u16 = 506;
/// What a client may not do.
pub(super) const NOT_ALLOWED: u16 = 530;
const NOT_IMPLEMENTED: u16 = 540;
pub(super) const INTERNAL_ERROR: u16 = 541;

/// The reply text of a returned message that no queue took (code 312).
pub const NO_ROUTE: (u16, &str) = (312, "NO_ROUTE");

/// One piece of a text. Names are bytes, so a text is put together as bytes.
trait Piece {
    fn add(&self, text: &mut Vec<u8>);
}

impl Piece for &str {
    fn add(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(self.as_bytes());
    }
}

impl Piece for String {
    fn add(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(self.as_bytes());
    }
}

impl Piece for Bytes {
    fn add(&self, text: &mut Vec<u8>) {
        text.extend_from_slice(self);
    }
}

impl Piece for u64 {
    fn add(&self, text: &mut Vec<u8>) {
        let mut digits = String::new();
        let _ = write!(digits, "{self}"); // Writing to a String cannot fail.
        digits.add(text);
    }
}

/// `queue 'q' in vhost '/'`.
struct Of<'a>(&'static str, &'a Resource);

impl Piece for Of<'_> {
    fn add(&self, text: &mut Vec<u8>) {
        for piece in [self.0.as_bytes(), b" '", &self.1.name, b"' in vhost '", &self.1.vhost, b"'"] {
            text.extend_from_slice(piece);
        }
    }
}

macro_rules! refusal {
    ($code:expr, $($piece:expr),*) => {{
        let mut text = Vec::new();
        $( Piece::add(&$piece, &mut text); )*
        Refusal::new($code, &text)
    }};
}

impl Refusal {
    fn new(code: u16, explanation: &[u8]) -> Refusal {
        let (name, hard) =
            CODES.iter().find(|row| row.0 == code).map_or(("INTERNAL_ERROR", true), |&(_, name, hard)| (name, hard));
        let mut text = Vec::from(name.as_bytes());
        text.extend_from_slice(b" - ");
        text.extend_from_slice(explanation);
        // A reply text is a short string: RabbitMQ cuts it to 252 bytes and three dots.
        if text.len() > 255 {
            text.truncate(252);
            text.extend_from_slice(b"...");
        }
        Refusal { code, text: Bytes::from(text), hard }
    }
}

/// Whether the thing that is named is an exchange.
fn kind(is_exchange: bool) -> &'static str {
    if is_exchange { "exchange" } else { "queue" }
}

/// An exchange or a queue that does not exist.
pub fn not_found(is_exchange: bool, resource: &Resource) -> Refusal {
    refusal!(NOT_FOUND, "no ", Of(kind(is_exchange), resource))
}

/// The empty queue name before any declaration on the channel.
pub fn no_previously_declared_queue() -> Refusal {
    refusal!(NOT_FOUND, "no previously declared queue")
}

/// Declaring, deleting or binding the default exchange.
pub fn default_exchange() -> Refusal {
    refusal!(ACCESS_REFUSED, "operation not permitted on the default exchange")
}

/// What the permissions of a user do not allow. The default exchange has a name here.
pub fn no_permission(is_exchange: bool, resource: &Resource, user: &Bytes) -> Refusal {
    let (vhost, name) = (resource.vhost.clone(), resource.name.clone());
    let name = if is_exchange && name.is_empty() { Bytes::from("amq.default") } else { name };
    let named = Resource { vhost, name };
    refusal!(ACCESS_REFUSED, "access to ", Of(kind(is_exchange), &named), " refused for user '", *user, "'")
}

/// A routing key of a topic exchange that the permissions of a user do not allow.
pub fn no_topic_permission(key: &Bytes, exchange: &Resource, user: &Bytes) -> Refusal {
    let exchange = Of("exchange", exchange);
    refusal!(ACCESS_REFUSED, "access to topic '", *key, "' in ", exchange, " refused for user '", *user, "'")
}

/// Deleting an `amq.` exchange.
pub fn system_exchange(exchange: &Resource) -> Refusal {
    refusal!(ACCESS_REFUSED, "deletion of system ", Of("exchange", exchange), " not allowed")
}

/// Declaring a new name that starts with `amq.`.
pub fn reserved_name(is_exchange: bool, name: &Bytes) -> Refusal {
    refusal!(ACCESS_REFUSED, kind(is_exchange), " name '", *name, "' contains reserved prefix 'amq.*'")
}

/// Some of the words that are no exchange type but that Erlang knows as the name of something: RabbitMQ calls them invalid, not
/// unknown (`rabbit_exchange:check_type`).
const ERLANG_WORDS: &[&str] = &["", "default", "exchange", "invalid", "queue"];

/// An exchange type that there is not.
pub fn exchange_type(name: &Bytes) -> Refusal {
    let what = if ERLANG_WORDS.iter().any(|word| *name == *word) { "invalid" } else { "unknown" };
    refusal!(COMMAND_INVALID, what, " exchange type '", *name, "'")
}

/// Publishing to an internal exchange.
pub fn internal_exchange(exchange: &Resource) -> Refusal {
    refusal!(ACCESS_REFUSED, "cannot publish to internal ", Of("exchange", exchange))
}

/// `if_unused` on something in use.
pub fn in_use(is_exchange: bool, resource: &Resource) -> Refusal {
    refusal!(PRECONDITION_FAILED, Of(kind(is_exchange), resource), " in use")
}

/// `if_empty` on a queue with ready messages.
pub fn not_empty(queue: &Resource) -> Refusal {
    refusal!(PRECONDITION_FAILED, Of("queue", queue), " not empty")
}

/// Another connection's exclusive queue, or a declaration with another `exclusive`.
pub fn resource_locked(queue: &Resource) -> Refusal {
    refusal!(
        RESOURCE_LOCKED,
        "cannot obtain exclusive access to locked ",
        Of("queue", queue),
        ". It could be originally declared on another connection or the exclusive property value does not match that \
         of the original declaration."
    )
}

/// Consuming beside an exclusive consumer, or exclusively beside another.
pub fn exclusive_consumer(queue: &Resource) -> Refusal {
    refusal!(ACCESS_REFUSED, Of("queue", queue), " in exclusive use")
}

/// Declaring again with something different. `received` and `current` come from [`plain`] or [`typed`].
pub fn inequivalent(field: &str, is_exchange: bool, resource: &Resource, received: &[u8], current: &[u8]) -> Refusal {
    refusal!(
        PRECONDITION_FAILED,
        "inequivalent arg '",
        field,
        "' for ",
        Of(kind(is_exchange), resource),
        ": received ",
        Bytes::from(received),
        " but current is ",
        Bytes::from(current)
    )
}

/// Something that streams do not do: `basic.get`, `queue.purge`, consuming without acknowledgements.
pub fn not_for_streams(what: &'static str, queue: &Resource) -> Refusal {
    refusal!(NOT_IMPLEMENTED, what, " not supported by stream queues ", Of("queue", queue))
}

/// Refusing or giving back what came from a stream.
pub fn nack_of_stream(queue: &Resource) -> Refusal {
    not_for_streams("basic.nack and basic.reject", queue)
}

/// Consuming from a stream without a prefetch.
pub fn stream_prefetch(queue: &Resource) -> Refusal {
    refusal!(PRECONDITION_FAILED, "consumer prefetch count is not set for '", Of("queue", queue), "'")
}

/// `queue.delete` of a quorum queue on a condition.
pub fn quorum_delete(queue: &Resource, flag: &'static str) -> Refusal {
    let rest = " flag set are not supported by quorum queues";
    refusal!(NOT_IMPLEMENTED, "cannot delete ", Of("queue", queue), ". queue.delete operations with ", flag, rest)
}

/// `basic.consume` on a quorum queue where the channel's consumers share a limit.
pub fn global_qos(queue: &Resource) -> Refusal {
    refusal!(NOT_IMPLEMENTED, Of("queue", queue), " does not support global qos")
}

/// `basic.get` on a quorum queue with a single active consumer.
pub fn get_beside_single_active(queue: &Resource) -> Refusal {
    refusal!(
        RESOURCE_LOCKED,
        "cannot obtain access to locked ",
        Of("queue", queue),
        ". basic.get operations are not supported by quorum queues with single active consumer"
    )
}

/// A value as it stands alone in [`inequivalent`]: `'true'`.
pub fn plain(value: &[u8]) -> Vec<u8> {
    [b"'", value, b"'"].concat()
}

/// An argument that only one of the two declarations has: `the value '5' of type 'signedint'`, or `none`.
pub fn typed(value: Option<&Value>) -> Vec<u8> {
    let Some(value) = value else { return Vec::from(&b"none"[..]) };
    [b"the value '", shown(value).as_slice(), b"' of type '", type_name(value).as_bytes(), b"'"].concat()
}

/// An argument of `queue.declare` or `basic.consume` with a wrong value; `reason` is an Erlang term.
pub fn invalid_argument(field: &str, queue: &Resource, reason: &str) -> Refusal {
    refusal!(PRECONDITION_FAILED, "invalid arg '", field, "' for ", Of("queue", queue), ": ", reason)
}

/// An argument that this type of queue does not have.
pub fn argument_of_other_type(field: &Bytes, queue: &Resource, queue_type: &str) -> Refusal {
    refusal!(PRECONDITION_FAILED, "invalid arg '", *field, "' for ", Of("queue", queue), " of queue type ", queue_type)
}

/// A queue of a type that the server does not make up names for.
pub fn server_named(queue_type: &str) -> Refusal {
    refusal!(PRECONDITION_FAILED, "Cannot declare a server-named queue for type ", queue_type)
}

/// A property that this type of queue cannot have.
pub fn invalid_property(property: &str, queue: &Resource) -> Refusal {
    refusal!(PRECONDITION_FAILED, "invalid property '", property, "' for ", Of("queue", queue))
}

/// A name argument (`alternate-exchange`, `x-dead-letter-exchange`) that is no string.
pub fn invalid_type(value: &Value, field: &str, is_exchange: bool, resource: &Resource) -> Refusal {
    let of = Of(kind(is_exchange), resource);
    refusal!(PRECONDITION_FAILED, "invalid type '", type_name(value), "' for arg '", field, "' in ", of)
}

/// An `x-match` that is no string.
pub fn x_match_type(value: &Value) -> Refusal {
    let shown = Bytes::from(shown(value));
    let name = type_name(value);
    refusal!(PRECONDITION_FAILED, "Invalid x-match field type ", name, " (value ", shown, "); expected longstr")
}

/// An `x-match` that there is not.
pub fn x_match_value(value: &Bytes) -> Refusal {
    let expected = "; expected all, any, all-with-x, or any-with-x";
    refusal!(PRECONDITION_FAILED, "Invalid x-match field value <<\"", *value, "\">>", expected)
}

/// An ack, nack or reject of a tag that is not outstanding on the channel.
pub fn unknown_delivery_tag(tag: u64) -> Refusal {
    refusal!(PRECONDITION_FAILED, "unknown delivery tag ", tag)
}

/// `basic.consume` with a tag that the channel already has.
pub fn consumer_tag_in_use(tag: &Bytes) -> Refusal {
    refusal!(NOT_ALLOWED, "attempt to reuse consumer tag '", *tag, "'")
}

/// `basic.qos` by bytes.
pub fn prefetch_size(size: u32) -> Refusal {
    refusal!(NOT_IMPLEMENTED, "prefetch_size!=0 (", u64::from(size), ")")
}

/// `basic.publish` with `immediate`.
pub fn immediate() -> Refusal {
    refusal!(NOT_IMPLEMENTED, "immediate=true")
}

/// `channel.flow` from a client that wants deliveries to stop.
pub fn flow() -> Refusal {
    refusal!(NOT_IMPLEMENTED, "active=false")
}

/// `basic.recover` without `requeue`.
pub fn recover_without_requeue() -> Refusal {
    refusal!(NOT_IMPLEMENTED, "requeue=false")
}

/// A `user_id` that is not the user of the connection.
pub fn user_id(claimed: &Bytes, user: &Bytes) -> Refusal {
    refusal!(PRECONDITION_FAILED, "user_id property set to '", *claimed, "' but authenticated user was '", *user, "'")
}

/// A `delivery_mode` other than 1 and 2.
pub fn delivery_mode(mode: u8) -> Refusal {
    refusal!(PRECONDITION_FAILED, "invalid message: {delivery_mode_unknown,", u64::from(mode), "}")
}

/// An `expiration` that is no number of milliseconds; `reason` is an Erlang term.
pub fn expiration(value: &Bytes, reason: &[u8]) -> Refusal {
    refusal!(PRECONDITION_FAILED, "invalid expiration '", *value, "': ", Bytes::from(reason))
}

/// A `CC` or `BCC` header that is no array.
pub fn routing_header(header: &str, value: &Value) -> Refusal {
    refusal!(
        PRECONDITION_FAILED,
        "invalid message: {unacceptable_type_in_header,\"",
        header,
        "\",",
        type_name(value),
        "}"
    )
}

/// A body beyond the limit.
pub fn message_size(size: u64, limit: u64) -> Refusal {
    refusal!(PRECONDITION_FAILED, "message size ", size, " is larger than configured max size ", limit)
}

/// A method on a channel that is not open.
pub fn channel_not_open() -> Refusal {
    refusal!(CHANNEL_ERROR, "expected 'channel.open'")
}

/// `channel.open` twice.
pub fn channel_already_open() -> Refusal {
    refusal!(CHANNEL_ERROR, "second 'channel.open' seen")
}

/// A method on channel 0 that does not belong there.
pub fn channel_zero() -> Refusal {
    refusal!(CHANNEL_ERROR, "unexpected method in connection state running")
}

/// One channel more than was negotiated.
pub fn channel_max(limit: u16) -> Refusal {
    let limit = u64::from(limit);
    refusal!(
        NOT_ALLOWED,
        "number of channels opened (",
        limit,
        ") has reached the negotiated channel_max (",
        limit,
        ")"
    )
}

/// A method that only the broker sends, or none at all.
pub fn unimplemented_method() -> Refusal {
    refusal!(COMMAND_INVALID, "unimplemented method")
}

/// `basic.publish` without its content.
pub fn content_missing() -> Refusal {
    refusal!(UNEXPECTED_FRAME, "expected content header for class 60, got non content header frame instead")
}

/// `tx.commit` or `tx.rollback` before `tx.select`.
pub fn not_transactional() -> Refusal {
    refusal!(PRECONDITION_FAILED, "channel is not transactional")
}

/// `tx.select` after `confirm.select`, or the other way round.
pub fn mode_switch(from: &str, to: &str) -> Refusal {
    refusal!(PRECONDITION_FAILED, "cannot switch from ", from, " to ", to, " mode")
}

/// `tx.commit` after which a queue refused one of the messages.
pub fn partial_commit() -> Refusal {
    refusal!(PRECONDITION_FAILED, "partial tx completion")
}

/// Direct reply-to without `no_ack`.
pub fn reply_consumer_cannot_acknowledge() -> Refusal {
    refusal!(PRECONDITION_FAILED, "reply consumer cannot acknowledge")
}

/// A second direct reply-to consumer on a channel.
pub fn reply_consumer_already_set() -> Refusal {
    refusal!(PRECONDITION_FAILED, "reply consumer already set")
}

/// A request with `reply_to` `amq.rabbitmq.reply-to` and nobody to hear the reply.
pub fn reply_consumer_missing() -> Refusal {
    refusal!(PRECONDITION_FAILED, "fast reply consumer does not exist")
}

/// The broker goes away.
pub fn shutdown() -> Refusal {
    refusal!(CONNECTION_FORCED, "broker forced connection closure with reason 'shutdown'")
}

/// The virtual host of a connection goes away. RabbitMQ says `is deleted` or `is down`, as it happens.
pub fn vhost_deleted(name: &Bytes) -> Refusal {
    refusal!(CONNECTION_FORCED, "vhost '", *name, "' is down")
}

/// More queues in a virtual host than this engine holds; RabbitMQ's own words for a virtual host with a limit.
pub fn queue_limit(queue: &Resource, limit: u64) -> Refusal {
    refusal!(
        PRECONDITION_FAILED,
        "cannot declare queue '",
        queue.name,
        "': queue limit in vhost '",
        queue.vhost,
        "' (",
        limit,
        ") is reached"
    )
}

/// A crash of the channel's process: RabbitMQ tells nothing but that.
pub fn internal_error() -> Refusal {
    Refusal { code: INTERNAL_ERROR, text: Bytes::from("INTERNAL_ERROR"), hard: true }
}

/// More of something than this engine holds. A real broker would run out of memory instead.
pub fn resource_limit(what: &str, limit: u64) -> Refusal {
    refusal!(RESOURCE_ERROR, "this broker holds at most ", limit, " ", what)
}
