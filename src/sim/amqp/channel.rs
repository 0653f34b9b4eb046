//! What the broker keeps of a connection and of each of its channels.

use crate::sorted::{SortedMap, SortedSet};
use alloc::{rc::Rc, vec::Vec};
use core::hash::{Hash, Hasher};

use super::event::{ChannelRef, ConnectionId};
use super::limits::CHANNEL_MAX;
use super::message::{Message, Place};
use super::queue::QueueId;
use crate::bytes::Bytes;

/// A client's connection, past its handshake.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Connection {
    /// Its number.
    pub id: ConnectionId,
    /// The authenticated user.
    pub user: Bytes,
    /// The virtual host it opened.
    pub vhost: Bytes,
    /// What the client announced in `connection.start-ok`.
    pub capabilities: Capabilities,
    /// Its channels by number.
    pub channels: SortedMap<u16, Channel>,
    /// Whether `connection.close` was sent and only its `close-ok` is awaited.
    pub closing: bool,
    /// Whether its socket is so full that nothing more is delivered to it now. In a page that never is.
    pub stalled: bool,
}

/// What was agreed with a client that changes what the broker sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// The client wants `basic.cancel` when its queue goes away.
    pub consumer_cancel_notify: bool,
    /// At most so many channels at once: what was negotiated.
    pub channel_max: u16,
    /// The user has the tag `impersonator`: any `user_id` may stand in its messages.
    pub impersonator: bool,
}

impl Hash for Capabilities {
    /// Worlds without an impersonator hash as they did before there were any.
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Capabilities { consumer_cancel_notify, channel_max, impersonator } = self;
        (consumer_cancel_notify, channel_max).hash(state);
        if *impersonator {
            impersonator.hash(state);
        }
    }
}

impl Default for Capabilities {
    /// As pika and every current client announces them.
    fn default() -> Self {
        Capabilities { consumer_cancel_notify: true, channel_max: CHANNEL_MAX, impersonator: false }
    }
}

/// A channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Channel {
    /// Whether `channel.close` was sent and only its `close-ok` is awaited: everything else is ignored.
    pub closing: bool,
    /// The prefetch of consumers that are added from now on; 0 is without limit.
    pub prefetch_count: u16,
    /// The limit that all consumers of the channel share.
    pub limiter: Limiter,
    /// The last delivery tag given out.
    pub last_delivery_tag: u64,
    /// Deliveries that wait for an acknowledgement, by delivery tag.
    pub unacked: SortedMap<u64, Delivery>,
    /// Consumers by consumer tag, with their queues.
    pub consumers: SortedMap<Bytes, Consuming>,
    /// The queue declared last: the empty queue name stands for it.
    pub last_queue: Bytes,
    /// Messages published since `confirm.select`, or since the channel became transactional.
    pub published: u64,
    /// Whether the broker confirms publishes.
    pub confirms: bool,
    /// The open transaction, once `tx.select` was sent.
    pub transaction: Option<Transaction>,
    /// Quorum queues that refuse publishes when they are too long, and that this channel published to.
    pub publishes_to: SortedSet<Bytes>,
    /// Queues with a single active consumer where one of this channel was cancelled: they look again when the channel ends.
    pub cancelled_from: SortedSet<Bytes>,
    /// The consumer of `amq.rabbitmq.reply-to`.
    pub reply_consumer: Option<ReplyConsumer>,
}

/// A consumer, as its channel knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Consuming {
    /// The queue's name.
    pub queue: Bytes,
    /// The consumer's number in its queue.
    pub id: u32,
}

/// Direct reply-to (RabbitMQ documentation, "Direct Reply-to").
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReplyConsumer {
    /// Its consumer tag.
    pub tag: Bytes,
    /// What requests of this channel carry in `reply_to`, behind the prefix.
    pub suffix: Bytes,
}

/// A delivery that waits for an acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Delivery {
    /// The queue it came from. A queue deleted and declared again is another one.
    pub queue: QueueId,
    /// That queue's name.
    pub name: Bytes,
    /// The copy's place in it.
    pub place: Place,
    /// The consumer it went to; none for `basic.get`.
    pub consumer: Option<u32>,
}

/// The limit of `basic.qos` with `global`: at most so many unacked deliveries on the channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Limiter {
    /// The limit; 0 is none.
    pub prefetch_count: u16,
    /// Deliveries that count against it. RabbitMQ starts the count when the limit is set and then counts what goes to
    /// consumers only, so this is not always the number of unacked deliveries.
    pub volume: u64,
}

impl Limiter {
    /// Whether nothing more may be sent.
    pub fn is_reached(&self) -> bool {
        self.prefetch_count != 0 && self.volume >= u64::from(self.prefetch_count)
    }
}

/// What `tx.commit` will do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Transaction {
    /// Messages, the queues they were routed to when they were published, and whether they are mandatory.
    pub publishes: Vec<Pending>,
    /// Acknowledgements, in the order they came.
    pub settlements: Vec<(u64, Delivery, Settle)>,
}

/// A message published within a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pending {
    /// The message.
    pub message: Rc<Message>,
    /// Where it goes.
    pub queues: Vec<Bytes>,
    /// Whether it comes back when it goes nowhere.
    pub mandatory: bool,
    /// The event of its routing.
    pub cause: u32,
}

/// What a client says about a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Settle {
    /// It is done with.
    Ack,
    /// It is refused and goes back to its queue.
    Requeue,
    /// It is refused and goes to the dead letter exchange, if there is one.
    Discard,
}

impl Channel {
    /// The next delivery tag.
    pub fn next_tag(&mut self) -> u64 {
        self.last_delivery_tag += 1;
        self.last_delivery_tag
    }
}

impl Connection {
    /// A channel of this connection.
    pub fn at(&self, channel: u16) -> ChannelRef {
        ChannelRef { connection: self.id, channel }
    }
}
