//! A classic queue: its copies in order, its consumers and whose turn it is.
//!
//! The turn follows `rabbit_queue_consumers`: the consumer at the head of the ring gets the message and goes to the tail
//! of its priority; one that may take nothing leaves the ring when its turn comes and joins the tail again when it may.

use crate::sorted::{SortedMap, SortedSet};
use alloc::vec::Vec;

use super::arguments::{Overflow, Settings};
use super::event::{ChannelRef, ConnectionId, ConsumerRef, Resource};
use super::letters::{Letters, Publisher};
use super::message::{Held, Message, Place};
use super::policy::Applied;
use super::value::Table;
use crate::bytes::Bytes;

/// A queue's number: a name can be declared again, a number never comes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QueueId(pub u32);

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Queue {
    /// Its number.
    pub id: QueueId,
    /// Its virtual host and name.
    pub resource: Resource,
    /// Whether it survives a restart.
    pub durable: bool,
    /// The connection that owns it alone.
    pub exclusive: Option<ConnectionId>,
    /// Whether it goes when its last consumer leaves.
    pub auto_delete: bool,
    /// The arguments as they were declared.
    pub arguments: Table,
    /// The policies in force.
    pub applied: Applied,
    /// What the arguments and the policies mean.
    pub settings: Settings,
    /// Copies that wait for a consumer.
    pub ready: SortedMap<Place, Held>,
    /// Copies that wait for an acknowledgement.
    pub unacked: SortedMap<Place, Unacked>,
    /// Body bytes of the ready copies.
    pub ready_bytes: u64,
    /// The last sequence number given out.
    pub last_sequence: u64,
    /// Consumers in order of arrival (their numbers grow).
    pub consumers: SortedMap<u32, Consumer>,
    /// Consumers in the order of their turns.
    pub ring: Vec<u32>,
    /// Consumers that may take nothing, in the order they left the ring.
    pub blocked: Vec<u32>,
    /// Channels whose shared limit was seen to be reached by this queue.
    pub suspended: SortedSet<ChannelRef>,
    /// The exclusive consumer or, with `x-single-active-consumer`, the active one.
    pub holder: Option<u32>,
    /// Whether there ever was a consumer: an auto-delete queue that never had one stays.
    pub had_consumers: bool,
    /// When `x-expires` ends it unless it is used, in virtual ms.
    pub expires_ms: Option<u64>,
    /// With priorities: when it looks for expired copies again, in virtual ms. See [`Queue::arm`].
    pub armed_ms: Option<u64>,
    /// By rank: from which sequence number on what comes back is not marked as redelivered. RabbitMQ counts what was delivered one by
    /// one, and its count stands still at the first copy that a clean stop loses undelivered.
    pub unmarked: SortedMap<u8, u64>,
    /// Whether it gives out nothing until something else happens. See [`Queue::rest`].
    pub resting: bool,
    /// Who publishes to a quorum queue, and whether they are stopped because it is too long.
    pub publishers: SortedMap<Publisher, bool>,
    /// The dead letters that it keeps.
    pub letters: Letters,
    /// Whether the broker has listed it as able to deliver.
    pub is_due: bool,
    /// When the broker has listed it for the clock, in virtual ms.
    pub timer_ms: Option<u64>,
}

/// A copy that waits for its acknowledgement.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Unacked {
    /// The copy.
    pub held: Held,
    /// Where it was delivered.
    pub channel: ChannelRef,
    /// Under which tag.
    pub delivery_tag: u64,
    /// To which consumer; none for `basic.get`.
    pub consumer: Option<u32>,
    /// When, in virtual ms.
    pub delivered_ms: u64,
}

/// A consumer of a queue.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Consumer {
    /// Its channel and tag.
    pub at: ConsumerRef,
    /// Whether deliveries count as acknowledged at once.
    pub no_ack: bool,
    /// Whether it wanted the queue for itself.
    pub exclusive: bool,
    /// `x-priority`.
    pub priority: i64,
    /// At most so many unacked deliveries; 0 is without limit.
    pub prefetch_count: u16,
    /// Deliveries that it has not acknowledged.
    pub in_flight: u64,
    /// Deliveries that it ever got.
    pub delivered: u64,
    /// Its arguments.
    pub arguments: Table,
    /// Of a stream: the offset that it reads next.
    pub next_offset: u64,
}

impl Consumer {
    /// Whether its own prefetch is used up.
    pub fn is_full(&self) -> bool {
        !self.no_ack && self.prefetch_count != 0 && self.in_flight >= u64::from(self.prefetch_count)
    }
}

impl Queue {
    /// Puts a copy at the tail of its priority and returns its place.
    pub fn enqueue(&mut self, held: Held) -> Place {
        let priority = match self.settings.max_priority {
            Some(max) => held.message.properties.priority.unwrap_or(0).min(max),
            None => 0,
        };
        self.last_sequence += 1;
        let place = Place { rank: u8::MAX - priority, sequence: self.last_sequence };
        self.put(place, held);
        place
    }

    /// Puts a copy at a place, its own.
    pub fn put(&mut self, place: Place, held: Held) {
        self.ready_bytes += held.message.body.len() as u64;
        let before = self.ready.insert(place, held);
        assert!(before.is_none(), "two copies at one place");
    }

    /// Takes the ready copy at a place.
    pub fn take(&mut self, place: Place) -> Option<Held> {
        let held = self.ready.remove(&place)?;
        self.ready_bytes -= held.message.body.len() as u64;
        Some(held)
    }

    /// The place of the copy that is delivered next.
    pub fn head(&self) -> Option<Place> {
        self.ready.first_key_value().map(|(place, _)| *place)
    }

    /// Whether one more copy of this message would be too much.
    pub fn would_overflow(&self, message: &Message) -> bool {
        let over = |limit: Option<u64>, value: u64| limit.is_some_and(|limit| value > limit);
        over(self.settings.max_length, self.ready.len() as u64 + 1)
            || over(self.settings.max_length_bytes, self.ready_bytes + message.body.len() as u64)
    }

    /// Whether the head is to be dropped because the queue is too long.
    pub fn is_over_length(&self) -> bool {
        let over = |limit: Option<u64>, value: u64| limit.is_some_and(|limit| value > limit);
        self.settings.overflow == Overflow::DropHead
            && (over(self.settings.max_length, self.ready.len() as u64)
                || over(self.settings.max_length_bytes, self.ready_bytes))
    }

    /// When the head expires. RabbitMQ looks at the head only: what is behind it expires when it comes forward.
    pub fn head_expires_ms(&self) -> Option<u64> {
        if self.settings.max_priority.is_some() {
            return self.armed_ms;
        }
        self.ready.first_key_value().and_then(|(_, held)| held.expires_ms)
    }

    /// When the clock next matters here, in virtual ms.
    pub fn due_ms(&self) -> Option<u64> {
        [self.head_expires_ms(), self.expires_ms, self.letters.retry_ms].into_iter().flatten().min()
    }

    /// Sets the clock for the head. RabbitMQ does so when it has looked for expired copies: after a fetch, a return, a drop, and a
    /// publish to an empty queue. A copy that overtakes others by its priority is none of these, and may stay beyond its time.
    pub fn arm(&mut self) {
        if self.settings.max_priority.is_some()
            && let Some(at_ms) = self.ready.first_key_value().and_then(|(_, held)| held.expires_ms)
            && self.armed_ms.is_none_or(|armed_ms| at_ms < armed_ms)
        {
            self.armed_ms = Some(at_ms);
        }
    }

    /// The head, when it has expired.
    pub fn expired(&self, now_ms: u64) -> Option<Place> {
        let (place, held) = self.ready.first_key_value()?;
        held.expires_ms.is_some_and(|at_ms| now_ms >= at_ms).then_some(*place)
    }

    /// Adds a consumer at the tail of the ring.
    pub fn add_consumer(&mut self, id: u32, consumer: Consumer) {
        // Quorum queues and streams do not know exclusive consumers.
        let alone = consumer.exclusive && !self.is_quorum() && !self.is_stream();
        if self.settings.single_active_consumer && self.holder.is_none() || alone {
            self.holder = Some(id);
        }
        self.had_consumers = true;
        self.resting = false;
        self.consumers.insert(id, consumer);
        join(&self.consumers, &mut self.ring, id);
    }

    /// Forgets a consumer; a single active one hands over to the next in the ring.
    pub fn remove_consumer(&mut self, id: u32) -> Option<Consumer> {
        let consumer = self.consumers.remove(&id)?;
        self.ring.retain(|other| *other != id);
        self.blocked.retain(|other| *other != id);
        if self.holder == Some(id) {
            // In a quorum queue those that wait take over in the order in which they came.
            let next = if self.is_quorum() { self.consumers.keys().next() } else { self.ring.first() };
            self.holder = if self.settings.single_active_consumer { next.copied() } else { None };
        }
        let channel = consumer.at.channel;
        if !self.consumers.values().any(|other| other.at.channel == channel) {
            self.suspended.remove(&channel);
        }
        Some(consumer)
    }

    /// A consumer was cancelled, and another may be the active one now. RabbitMQ does not look then whether there is something for it:
    /// it does when something comes back, when a consumer comes or may take more, when that channel ends, or at the next message.
    pub fn rest(&mut self) -> bool {
        let rests = self.settings.single_active_consumer && !self.is_quorum() && !self.ready.is_empty();
        self.resting |= rests;
        rests
    }

    /// The consumer whose turn it is, if any may be asked.
    pub fn turn(&self) -> Option<u32> {
        if self.resting {
            return None;
        }
        if self.settings.single_active_consumer {
            return self.holder.filter(|id| self.ring.contains(id));
        }
        self.ring.first().copied()
    }

    /// After a delivery: to the tail.
    pub fn rotate(&mut self, id: u32) {
        if !self.settings.single_active_consumer {
            leave(&mut self.ring, id);
            join(&self.consumers, &mut self.ring, id);
        }
    }

    /// Takes a consumer that may take nothing out of the ring.
    pub fn block(&mut self, id: u32) {
        leave(&mut self.ring, id);
        join(&self.consumers, &mut self.blocked, id);
    }

    /// Lets the blocked consumers of a channel join the ring again, those with a full prefetch excepted.
    pub fn unblock(&mut self, channel: ChannelRef) {
        let consumers = &self.consumers;
        let is_free =
            |id: &u32| consumers.get(id).is_some_and(|consumer| consumer.at.channel == channel && !consumer.is_full());
        let free: Vec<u32> = self.blocked.iter().copied().filter(is_free).collect();
        self.blocked.retain(|id| !free.contains(id));
        self.resting &= free.is_empty();
        for id in free {
            join(&self.consumers, &mut self.ring, id);
        }
    }

    /// The shared limit of a channel is no longer reached.
    pub fn resume(&mut self, channel: ChannelRef) {
        if self.suspended.remove(&channel) {
            self.unblock(channel);
        }
    }

    /// A delivery to a consumer is settled.
    pub fn credit(&mut self, id: u32) -> bool {
        let Some(consumer) = self.consumers.get_mut(&id) else { return false };
        let was_full = consumer.is_full();
        consumer.in_flight -= 1;
        was_full && !consumer.is_full()
    }

    /// The number of a consumer.
    pub fn consumer_id(&self, channel: ChannelRef, tag: &Bytes) -> Option<u32> {
        self.consumers.iter().find(|(_, c)| c.at.channel == channel && c.at.tag == *tag).map(|(id, _)| *id)
    }

    /// Whether it keeps its messages on disk from the start (`x-queue-mode`).
    pub fn is_lazy(&self) -> bool {
        self.arguments
            .get("x-queue-mode")
            .and_then(super::value::Value::as_long_str)
            .is_some_and(|mode| *mode == "lazy")
    }

    /// Whether it is time for an auto-delete queue to go.
    pub fn is_abandoned(&self) -> bool {
        self.auto_delete && self.had_consumers && self.consumers.is_empty()
    }
}

/// Takes a consumer out of a line. Most often it is the first.
fn leave(line: &mut Vec<u32>, id: u32) {
    if let Some(at) = line.iter().position(|other| *other == id) {
        line.remove(at);
    }
}

/// Puts a consumer behind the others of its priority: looked for from the tail, where those of its priority most often are.
fn join(consumers: &SortedMap<u32, Consumer>, line: &mut Vec<u32>, id: u32) {
    let priority = |id: &u32| consumers.get(id).map_or(0, |consumer| consumer.priority);
    let mine = priority(&id);
    let at = line.iter().rposition(|other| priority(other) >= mine).map_or(0, |before| before + 1);
    line.insert(at, id);
}
