//! What happened inside the broker, in the past tense: the only source from which the page explains anything.

use alloc::vec::Vec;

use super::method::Method;
use super::value::{Table, Value};
use crate::bytes::Bytes;

/// A connection between a client and the broker. The world hands these numbers out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u32);

/// One published message. All its copies, in every queue, carry the same number, counted from 1 in the order of publishing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u32);

/// A channel of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelRef {
    /// The connection.
    pub connection: ConnectionId,
    /// The channel's number, from 1.
    pub channel: u16,
}

/// A consumer: consumer tags are unique within a channel only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConsumerRef {
    /// Where it consumes.
    pub channel: ChannelRef,
    /// Its consumer tag.
    pub tag: Bytes,
}

/// A queue or an exchange of one virtual host.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// The virtual host.
    pub vhost: Bytes,
    /// The name within it; the default exchange's is empty.
    pub name: Bytes,
}

/// One binding that was looked at while a message was routed, and what it said.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decision {
    /// The exchange whose binding it is.
    pub exchange: Bytes,
    /// Where the binding leads.
    pub destination: Bytes,
    /// Whether the destination is an exchange rather than a queue.
    pub to_exchange: bool,
    /// The binding key.
    pub binding_key: Bytes,
    /// Whether it matched.
    pub matched: bool,
    /// Of a headers exchange: what failed. With `x-match` all, each argument that alone keeps the binding from matching; with any, all of them.
    pub failed: Vec<FailedHeader>,
}

/// An argument of a binding that a message's headers do not answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FailedHeader {
    /// The header.
    pub header: Bytes,
    /// The value that the binding asks for; void where any would do.
    pub wanted: Value,
    /// The message's own, if it has that header.
    pub found: Option<Value>,
}

/// Bindings that a routing event does not list, since there are too many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Untold {
    /// Further ones that matched.
    pub matched: u32,
    /// Further ones that did not match.
    pub others: u32,
}

/// Why a delivered message came back to its queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RequeueReason {
    /// `basic.nack` or `basic.reject` with `requeue`.
    Rejected,
    /// `basic.recover`.
    Recovered,
    /// The channel that held it was closed.
    ChannelClosed,
    /// The connection that held it was closed or lost.
    ConnectionClosed,
    /// The broker stopped.
    BrokerStopped,
}

/// Why a message is gone for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LossReason {
    /// `basic.nack` or `basic.reject` without `requeue`.
    Rejected,
    /// `queue.purge`.
    Purged,
    /// Its queue was deleted.
    QueueDeleted,
    /// Its time to live was over.
    Expired,
    /// The queue was full.
    MaxLength,
    /// It came back to its quorum queue more often than the limit allows.
    DeliveryLimit,
    /// The broker restarted and the message was transient.
    Transient,
    /// The broker restarted and the queue was transient.
    QueueTransient,
}

/// Why a queue is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum QueueDeleteReason {
    /// `queue.delete`.
    Asked,
    /// It was auto-delete and its last consumer left.
    AutoDelete,
    /// It was exclusive and its connection is gone.
    Exclusive,
    /// Nobody used it for its `x-expires`.
    Expired,
    /// The broker restarted and it was not durable.
    Transient,
}

/// What happened.
#[allow(missing_docs, reason = "the fields of an event are named by their types, and each variant tells the rest")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A client connected.
    ConnectionOpened { connection: ConnectionId },
    /// A connection ended. `code` is 0 when it was simply cut, 200 for a normal goodbye.
    ConnectionClosed { connection: ConnectionId, code: u16, text: Bytes },
    /// A channel was opened.
    ChannelOpened { channel: ChannelRef },
    /// A channel ended. `code` is 200 when the client asked, 0 when its connection went away.
    ChannelClosed { channel: ChannelRef, code: u16, text: Bytes },
    /// The broker refused a method and closes the channel or, where `hard`, the connection.
    Refused { channel: ChannelRef, code: u16, text: Bytes, method: Method, hard: bool },
    /// An exchange came into being.
    ExchangeDeclared { exchange: Resource },
    /// An exchange is gone.
    ExchangeDeleted { exchange: Resource },
    /// A queue came into being.
    QueueDeclared { queue: Resource },
    /// A queue is gone.
    QueueDeleted { queue: Resource, reason: QueueDeleteReason },
    /// A binding came into being.
    Bound { source: Resource, destination: Resource, to_exchange: bool, binding_key: Bytes },
    /// A binding is gone.
    Unbound { source: Resource, destination: Resource, to_exchange: bool, binding_key: Bytes },
    /// A consumer joined a queue.
    ConsumerAdded { consumer: ConsumerRef, queue: Resource },
    /// A consumer left; `by_broker` when its queue went away.
    ConsumerCancelled { consumer: ConsumerRef, queue: Resource, by_broker: bool },
    /// A message reached an exchange.
    Published { message: MessageId, channel: ChannelRef, exchange: Resource, routing_key: Bytes },
    /// The exchange (and those behind it) decided where the message goes.
    Routed {
        message: MessageId,
        exchange: Resource,
        decisions: Vec<Decision>,
        untold: Untold,
        queues: Vec<Bytes>,
        keys: Vec<Bytes>,
        /// The message's headers, where not all bindings are told and some of them may have looked at headers.
        headers: Option<alloc::boxed::Box<Table>>,
    },
    /// No queue took the message: it is returned to a `mandatory` publisher, else dropped.
    Unroutable { message: MessageId, exchange: Resource, returned: bool },
    /// A copy joined a queue.
    Enqueued { message: MessageId, queue: Resource },
    /// A copy went on its way to a consumer. With `no_ack` it is done with at once.
    Delivered {
        message: MessageId,
        queue: Resource,
        consumer: ConsumerRef,
        delivery_tag: u64,
        redelivered: bool,
        no_ack: bool,
    },
    /// A copy was fetched by `basic.get`.
    Got { message: MessageId, queue: Resource, channel: ChannelRef, delivery_tag: u64, redelivered: bool, no_ack: bool },
    /// A copy was acknowledged and is gone.
    Acked { message: MessageId, queue: Resource, channel: ChannelRef, delivery_tag: u64 },
    /// A delivered copy went back to its place in the queue.
    Requeued { message: MessageId, queue: Resource, reason: RequeueReason },
    /// A copy is gone without having been acknowledged.
    Lost { message: MessageId, queue: Resource, reason: LossReason },
    /// A copy left its queue for the dead letter exchange.
    DeadLettered { message: MessageId, queue: Resource, exchange: Bytes, reason: LossReason },
    /// A copy survived a restart.
    Recovered { message: MessageId, queue: Resource },
    /// The publisher was told that the broker has taken charge of its messages up to this one (or only this one).
    Confirmed { channel: ChannelRef, delivery_tag: u64, multiple: bool, ack: bool },
    /// A virtual host came into being.
    VhostCreated { vhost: Bytes },
    /// A virtual host is gone, with everything in it.
    VhostDeleted { vhost: Bytes },
    /// A policy (or an operator policy) was set.
    PolicySet { vhost: Bytes, name: Bytes, operator: bool },
    /// A policy (or an operator policy) is gone.
    PolicyCleared { vhost: Bytes, name: Bytes, operator: bool },
    /// A queue or an exchange is now under these policies.
    PolicyApplied { resource: Resource, to_exchange: bool, policy: Option<Bytes>, operator: Option<Bytes> },
    /// Definitions were imported: so many things were made, and so many places of the file were left out.
    DefinitionsImported { created: u32, left_out: u32 },
    /// The broker was stopped cleanly.
    BrokerStopped,
    /// The broker was killed: no goodbye.
    BrokerKilled,
    /// The broker is up again.
    BrokerStarted,
}

impl Event {
    /// The name of its kind, for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Event::ConnectionOpened { .. } => "ConnectionOpened",
            Event::ConnectionClosed { .. } => "ConnectionClosed",
            Event::ChannelOpened { .. } => "ChannelOpened",
            Event::ChannelClosed { .. } => "ChannelClosed",
            Event::Refused { .. } => "Refused",
            Event::ExchangeDeclared { .. } => "ExchangeDeclared",
            Event::ExchangeDeleted { .. } => "ExchangeDeleted",
            Event::QueueDeclared { .. } => "QueueDeclared",
            Event::QueueDeleted { .. } => "QueueDeleted",
            Event::Bound { .. } => "Bound",
            Event::Unbound { .. } => "Unbound",
            Event::ConsumerAdded { .. } => "ConsumerAdded",
            Event::ConsumerCancelled { .. } => "ConsumerCancelled",
            Event::Published { .. } => "Published",
            Event::Routed { .. } => "Routed",
            Event::Unroutable { .. } => "Unroutable",
            Event::Enqueued { .. } => "Enqueued",
            Event::Delivered { .. } => "Delivered",
            Event::Got { .. } => "Got",
            Event::Acked { .. } => "Acked",
            Event::Requeued { .. } => "Requeued",
            Event::Lost { .. } => "Lost",
            Event::DeadLettered { .. } => "DeadLettered",
            Event::Recovered { .. } => "Recovered",
            Event::Confirmed { .. } => "Confirmed",
            Event::VhostCreated { .. } => "VhostCreated",
            Event::VhostDeleted { .. } => "VhostDeleted",
            Event::PolicySet { .. } => "PolicySet",
            Event::PolicyCleared { .. } => "PolicyCleared",
            Event::PolicyApplied { .. } => "PolicyApplied",
            Event::DefinitionsImported { .. } => "DefinitionsImported",
            Event::BrokerStopped => "BrokerStopped",
            Event::BrokerKilled => "BrokerKilled",
            Event::BrokerStarted => "BrokerStarted",
        }
    }
}
