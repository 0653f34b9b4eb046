//! Quorum queues (RabbitMQ documentation, "Quorum Queues") on a single node: where their rules differ from those of classic queues.
//!
//! A copy that comes back counts its returns (`x-delivery-count`) and goes to the tail, or, where there is a delivery limit or its channel
//! ended, before all that was never delivered. A consumer with a full prefetch leaves the ring at once. A limit of length is looked at
//! after a copy has joined, so one copy more than the limit gets in before publishers are refused, until the queue is down to 80 %.

use alloc::rc::Rc;
use alloc::vec::Vec;

use super::arguments::{Overflow, QueueType};
use super::broker::{Broker, Cx};
use super::event::{ChannelRef, Event, LossReason, RequeueReason, Resource};
use super::letters::Publisher;
use super::message::{Held, Message, Place, expiration};
use super::queue::{Consumer, Queue};
use super::value::{Table, Value};
use crate::bytes::Bytes;
use crate::sorted::{SortedSet, sort_by, sort_by_key};

/// What a consumer without a prefetch may hold: quorum queues always have a limit.
pub(super) const PREFETCH_MAX: u16 = 2_000;

/// The rank of copies that came back: before those that were never delivered.
const RETURNED: u8 = 0;

impl Queue {
    /// Whether it is a quorum queue.
    pub fn is_quorum(&self) -> bool {
        self.settings.queue_type == QueueType::Quorum
    }

    /// Whether it is a stream.
    pub fn is_stream(&self) -> bool {
        self.settings.queue_type == QueueType::Stream
    }

    /// Consumers as `queue.declare-ok` counts them. To a quorum queue a fetch that was not acknowledged is one as well, a cancelled
    /// consumer stays one as long as it holds something, and those that wait for a single active one to leave are none.
    pub fn consumer_count(&self) -> u32 {
        let mut count = self.consumers.len();
        if self.is_quorum() {
            if self.settings.single_active_consumer {
                let is_active =
                    |(id, consumer): &(&u32, &Consumer)| self.holder == Some(**id) || consumer.in_flight > 0;
                count = self.consumers.iter().filter(is_active).count();
            }
            let holders = self.unacked.values().map(|unacked| unacked.consumer);
            let cancelled: SortedSet<u32> =
                holders.clone().flatten().filter(|id| !self.consumers.contains_key(id)).collect();
            count += cancelled.len() + holders.filter(Option::is_none).count();
        }
        count as u32
    }

    /// The place of a copy that comes back.
    fn return_place(&mut self, to_tail: bool) -> Place {
        self.last_sequence += 1;
        Place { rank: if to_tail { u8::MAX } else { RETURNED }, sequence: self.last_sequence }
    }

    /// The copies at the head that are too much.
    fn surplus(&self) -> Vec<Place> {
        let (mut count, mut bytes) = (self.ready.len() as u64, self.ready_bytes);
        let over = |limit: Option<u64>, value: u64| limit.is_some_and(|limit| value > limit);
        let mut places = Vec::new();
        for (place, held) in self.ready.iter() {
            if !over(self.settings.max_length, count) && !over(self.settings.max_length_bytes, bytes) {
                break;
            }
            count -= 1;
            bytes -= held.message.body.len() as u64;
            places.push(*place);
        }
        places
    }

    /// Whether it is longer than this part of its limits. Dead letters that it keeps count.
    fn exceeds(&self, part: impl Fn(u64) -> u64) -> bool {
        let over = |limit: Option<u64>, value: u64| limit.is_some_and(|limit| value > part(limit));
        over(self.settings.max_length, self.ready.len() as u64 + self.letters.len())
            || over(self.settings.max_length_bytes, self.ready_bytes + self.letters.bytes)
    }
}

impl Broker {
    /// Puts a copy into a quorum queue; false when it takes no more from this publisher. Dead letters have no publisher and always get in.
    pub(super) fn enqueue_quorum(
        &mut self,
        cx: &mut Cx<'_>,
        resource: &Resource,
        message: &Rc<Message>,
        from: Option<Publisher>,
        cause: u32,
    ) -> bool {
        let Some(queue) = self.queue_mut(resource) else { return true };
        if queue.settings.overflow != Overflow::DropHead
            && let Some(from) = from
        {
            // A publisher that the queue has not seen before is told at once when it is too long.
            let too_long = queue.exceeds(|limit| limit);
            let is_stopped = *queue.publishers.get_or_insert_with(from.clone(), || too_long);
            if let Publisher::Channel(at) = from
                && let Some(channel) = self.channel_mut(at)
            {
                channel.publishes_to.insert(resource.name.clone());
            }
            if is_stopped {
                let queue = resource.clone();
                cx.event(Event::Lost { message: message.id, queue, reason: LossReason::MaxLength }, Some(cause));
                return false;
            }
        }
        let event = cx.event(Event::Enqueued { message: message.id, queue: resource.clone() }, Some(cause));
        // The expiration was checked when the message was published; a dead letter has none left to be wrong.
        let own_ttl = expiration(&message.properties).unwrap_or(None);
        let Some(queue) = self.queue_mut(resource) else { return true };
        let ttl = [queue.settings.message_ttl_ms, own_ttl].into_iter().flatten().min();
        queue.enqueue(Held {
            message: message.clone(),
            redelivered: false,
            deliveries: 0,
            enqueued_ms: cx.now_ms,
            // A time of 0 is one millisecond: whoever waits gets it.
            expires_ms: ttl.map(|ms| cx.now_ms + ms.max(1)),
            is_from_disk: false,
            last_event: event,
        });
        self.tally.enqueued += 1;
        self.tally.bytes += message.body.len() as u64;
        self.touch(resource);
        self.evaluate_limit(cx, resource, Some(event));
        true
    }

    /// Does what a limit of length asks for, once consumers have what they can take.
    pub(super) fn evaluate_limit(&mut self, cx: &mut Cx<'_>, resource: &Resource, cause: Option<u32>) -> bool {
        let mut dropped = false;
        loop {
            let Some(queue) = self.queue_mut(resource) else { return dropped };
            if queue.is_due {
                return dropped;
            }
            let too_long = queue.exceeds(|limit| limit);
            if queue.settings.overflow == Overflow::DropHead {
                let surplus = queue.surplus();
                dropped |= !surplus.is_empty();
                // Of what goes at once the last is told first: so are the effects of a command of `rabbit_fifo`.
                for place in surplus.into_iter().rev() {
                    self.lose(cx, resource, place, LossReason::MaxLength, cause);
                }
                if too_long {
                    self.touch(resource);
                    continue;
                }
                return dropped;
            }
            self.tell_publishers(resource);
            self.send_letters(cx, resource);
            return dropped;
        }
    }

    /// Publishers of a queue that refuses what is too much hear whether they may publish.
    pub(super) fn tell_publishers(&mut self, resource: &Resource) {
        let Some(queue) = self.queue_mut(resource).filter(|queue| queue.settings.overflow != Overflow::DropHead) else {
            return;
        };
        let too_long = queue.exceeds(|limit| limit);
        let is_short = !queue.exceeds(|limit| limit * 4 / 5);
        if too_long || is_short {
            queue.publishers.values_mut().for_each(|stopped| *stopped = too_long);
        }
    }

    /// A delivered copy comes back to a quorum queue, or has come back once too often: then this is false.
    pub(super) fn return_to_quorum(
        &mut self,
        cx: &mut Cx<'_>,
        resource: &Resource,
        mut held: Held,
        reason: RequeueReason,
        cause: Option<u32>,
    ) -> bool {
        held.deliveries += 1;
        let limit = self.queue_at(resource).and_then(|queue| queue.settings.delivery_limit);
        if limit.is_some_and(|limit| held.deliveries > limit) {
            self.lose_held(cx, resource, &held, LossReason::DeliveryLimit, cause);
            return false;
        }
        let requeued = Event::Requeued { message: held.message.id, queue: resource.clone(), reason };
        held.redelivered = true;
        if held.expires_ms == Some(held.enqueued_ms + 1) {
            // A millisecond is over by the time that anything can come back.
            held.expires_ms = Some(cx.now_ms);
        }
        held.last_event = cx.event(requeued, cause);
        let by_client = match reason {
            RequeueReason::Rejected | RequeueReason::Recovered => true,
            RequeueReason::ChannelClosed | RequeueReason::ConnectionClosed | RequeueReason::BrokerStopped => false,
        };
        if let Some(queue) = self.queue_mut(resource) {
            let place = queue.return_place(by_client && limit.is_none());
            queue.put(place, held);
        }
        true
    }

    /// What was delivered when the broker went down comes back.
    pub(super) fn return_all_to_quorum(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        let Some(queue) = self.queue_mut(resource) else { return };
        queue.publishers.clear();
        queue.take_letters_back();
        for (_, unacked) in core::mem::take(&mut queue.unacked) {
            self.return_to_quorum(cx, resource, unacked.held, RequeueReason::BrokerStopped, None);
        }
        self.evaluate_limit(cx, resource, None);
    }

    /// Delivers what came back at once. `rabbit_fifo` gives out all of it in turns, and then each consumer hears of its part as a whole,
    /// in the order of their tags. That is told from turns only where consumers share a channel: all else is left to [`Broker::work`].
    pub(super) fn deliver_returned(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        let hands_out = |queue: &Queue| queue.is_quorum() && queue.is_due && !queue.settings.single_active_consumer;
        if !self.queue_at(resource).is_some_and(hands_out) {
            return;
        }
        self.expire_all(cx, resource);
        let Some(queue) = self.queue_at(resource) else { return };
        // A look at the consumers is cheap, a trial is a copy of the queue.
        let channels: SortedSet<ChannelRef> = queue.consumers.values().map(|consumer| consumer.at.channel).collect();
        if channels.len() == queue.consumers.len() {
            return;
        }
        let mut trial = queue.clone();
        let mut turns = Vec::new();
        while let (Some(id), Some(place)) = (trial.turn(), trial.head())
            && let Some(consumer) = trial.consumers.get_mut(&id)
        {
            consumer.in_flight += u64::from(!consumer.no_ack);
            let (at, is_full) = (consumer.at.clone(), consumer.is_full());
            trial.take(place);
            trial.rotate(id);
            if is_full {
                trial.block(id);
            }
            turns.push((at, id, place));
        }
        sort_by_key(&mut turns, |(at, ..)| at.channel);
        let mut grouped = turns.clone();
        sort_by_key(&mut grouped, |(at, ..)| at.clone());
        if grouped == turns {
            return;
        }
        for (_, id, place) in grouped {
            self.deliver_to(cx, resource, id, place);
        }
        if let Some(queue) = self.queue_mut(resource) {
            (queue.ring, queue.blocked) = (trial.ring, trial.blocked);
        }
        self.touch(resource);
    }

    /// A channel is gone: quorum queues forget that it published.
    pub(super) fn forget_publisher(&mut self, at: ChannelRef, queues: &SortedSet<Bytes>) {
        for name in queues.iter() {
            let resource = self.resource(at.connection, name);
            if let Some(queue) = self.queue_mut(&resource) {
                queue.publishers.remove(&Publisher::Channel(at));
            }
        }
    }
}

/// The message as a quorum queue hands it out, with the count of its returns: always to `basic.get`, to a consumer once there are any.
pub(super) fn counted(queue: &Queue, held: &Held, is_get: bool) -> Rc<Message> {
    if !queue.is_quorum() || held.deliveries == 0 && !is_get {
        return held.message.clone();
    }
    let mut message = (*held.message).clone();
    let headers: &mut Table = message.properties.headers.get_or_insert_default();
    headers.set("x-delivery-count", Value::I64(held.deliveries as i64));
    sort_by(&mut headers.0, |(a, _), (b, _)| a.cmp(b));
    Rc::new(message)
}
