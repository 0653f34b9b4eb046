//! Acknowledgements and what else brings a delivered copy to its end or back: ack, nack, reject, recover, and a channel's close.

use crate::sorted::{SortedMap, SortedSet, sort_by_key};
use alloc::vec::Vec;

use super::broker::{Broker, Cx};
use super::channel::{Channel, Consuming, Delivery, Settle};
use super::dead_letter::Busy;
use super::error::{self, Refusal};
use super::event::{ChannelRef, ConsumerRef, Event, LossReason, QueueDeleteReason, RequeueReason, Resource};
use super::message::{Held, Place};
use super::method::BasicRecoverOk;
use super::queue::Queue;
use crate::bytes::Bytes;

/// The name of a queue, and the tag of one of its consumers; none for `basic.get`.
type QueueAndConsumer = (Bytes, Option<Bytes>);

impl Broker {
    pub(super) fn settle(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        tag: u64,
        multiple: bool,
        how: Settle,
    ) -> Result<(), Refusal> {
        let Some(channel) = self.channel_mut(at) else { return Ok(()) };
        let tags: Vec<u64> = match (tag, multiple) {
            // Tag 0 with `multiple` stands for all there are, none included.
            (0, true) => channel.unacked.keys().copied().collect(),
            _ if !channel.unacked.contains_key(&tag) => return Err(error::unknown_delivery_tag(tag)),
            (_, true) => channel.unacked.range(..=tag).map(|(tag, _)| *tag).collect(),
            (_, false) => Vec::from([tag]),
        };
        let is_transactional = channel.transaction.is_some();
        if how != Settle::Ack
            && !is_transactional
            && let Some(queue) = tags.iter().find_map(|tag| self.stream_of(at, *tag))
        {
            return Err(error::nack_of_stream(&queue));
        }
        let Some(channel) = self.channel_mut(at) else { return Ok(()) };
        let deliveries: Vec<(u64, Delivery)> =
            tags.into_iter().filter_map(|tag| Some((tag, channel.unacked.remove(&tag)?))).collect();
        if let Some(transaction) = &mut channel.transaction {
            transaction.settlements.extend(deliveries.into_iter().map(|(tag, delivery)| (tag, delivery, how)));
            return Ok(());
        }
        self.settle_all(cx, at, deliveries, how, RequeueReason::Rejected);
        Ok(())
    }

    /// Settles deliveries that were taken off the channel, consumer by consumer of queue by queue: the channel tells a queue of each
    /// consumer by itself (`rabbit_channel:foreach_per_queue`), and the queue delivers what it can before it hears of the next.
    pub(super) fn settle_all(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        deliveries: Vec<(u64, Delivery)>,
        how: Settle,
        reason: RequeueReason,
    ) {
        // What was fetched by `basic.get` never counted against the shared limit.
        let counted = deliveries.iter().filter(|(_, delivery)| delivery.consumer.is_some()).count() as u64;
        let mut groups: SortedMap<QueueAndConsumer, Vec<(u64, Delivery)>> = SortedMap::new();
        for (tag, delivery) in deliveries {
            let consumers = self.channel(at).map(|channel| channel.consumers.iter());
            let consumer = consumers.into_iter().flatten().find(|(_, to)| Some(to.id) == delivery.consumer);
            let key = (delivery.name.clone(), consumer.map(|(tag, _)| tag.clone()));
            groups.get_or_insert_with(key, Default::default).push((tag, delivery));
        }
        let mut groups = groups.into_iter().peekable();
        let mut late = Vec::new();
        while let Some(((name, _), mut deliveries)) = groups.next() {
            let resource = self.resource(at.connection, &name);
            // A priority queue takes its acknowledgements apart by priority, the highest first: its dead letters come so.
            if self.queue_at(&resource).is_some_and(|queue| queue.settings.max_priority.is_some()) {
                sort_by_key(&mut deliveries, |(_, delivery)| delivery.place.rank);
            }
            let mut frees_consumer = false;
            cx.busy = (how == Settle::Discard).then(|| Busy { queue: resource.clone(), letters: Vec::new() });
            for (tag, delivery) in deliveries {
                frees_consumer |= self.settle_one(cx, at, &resource, (tag, &delivery), how, reason);
            }
            late.extend(cx.busy.take());
            if frees_consumer && let Some(queue) = self.queue_mut(&resource) {
                queue.unblock(at);
            }
            if how == Settle::Requeue {
                self.drop_overflow(cx, &resource, None);
                self.arm(&resource);
            }
            self.touch(&resource);
            if how == Settle::Requeue && self.queue_at(&resource).is_some_and(|q| q.settings.delivery_limit.is_some()) {
                self.deliver_returned(cx, &resource);
            }
            if how == Settle::Discard && self.queue_at(&resource).is_some_and(|queue| !queue.letters.is_empty()) {
                self.evaluate_limit(cx, &resource, None);
            }
            if groups.peek().is_some_and(|((next, _), _)| *next == name) {
                self.expire_all(cx, &resource);
                self.deliver_all(cx, &resource);
            }
        }
        let mut is_free = false;
        if let Some(channel) = self.channel_mut(at) {
            let was_reached = channel.limiter.is_reached();
            channel.limiter.volume = channel.limiter.volume.saturating_sub(counted);
            is_free = was_reached && !channel.limiter.is_reached();
        }
        for Busy { queue, letters } in late {
            for (letter, routed) in letters {
                // A queue that sends itself a letter has delivered what it can when that comes, and the limit has heard of it.
                self.enqueue(cx, &queue, &letter, None, routed);
            }
        }
        if is_free {
            self.resume(cx, at);
        }
    }

    /// Settles one delivery; whether its consumer may take more again. Its queue may be gone by now: then nothing happens.
    fn settle_one(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        resource: &Resource,
        (delivery_tag, delivery): (u64, &Delivery),
        how: Settle,
        reason: RequeueReason,
    ) -> bool {
        let Some(queue) = self.queue_mut(resource).filter(|queue| queue.id == delivery.queue) else { return false };
        if queue.is_stream() {
            // The message stays; its reader may read one more.
            let message = queue.ready.get(&delivery.place).map(|held| held.message.id);
            let frees_reader = delivery.consumer.is_some_and(|id| queue.credit(id));
            if let Some(message) = message {
                cx.event(Event::Acked { message, queue: resource.clone(), channel: at, delivery_tag }, None);
            }
            return frees_reader;
        }
        let unacked = queue.unacked.remove(&delivery.place);
        assert!(unacked.is_some(), "the channel holds a tag of a copy that its queue does not know as unacked");
        let Some(unacked) = unacked else { return false };
        let frees_consumer = delivery.consumer.is_some_and(|id| queue.credit(id));
        let held = unacked.held;
        let message = held.message.id;
        match how {
            Settle::Ack => {
                self.count_acknowledged(&held);
                cx.event(Event::Acked { message, queue: resource.clone(), channel: at, delivery_tag }, None);
            }
            Settle::Requeue if self.queue_at(resource).is_some_and(Queue::is_quorum) => {
                let comes_back = self.return_to_quorum(cx, resource, held, reason, None);
                // `rabbit_fifo` credits the consumer twice for what comes back no more: it may hold one more from now on.
                if !comes_back
                    && let Some(id) = delivery.consumer
                    && let Some(consumer) = self.queue_mut(resource).and_then(|queue| queue.consumers.get_mut(&id))
                {
                    consumer.prefetch_count = consumer.prefetch_count.saturating_add(1);
                }
            }
            Settle::Requeue => self.requeue(cx, resource, delivery.place, held, reason, None),
            Settle::Discard => self.lose_held(cx, resource, &held, LossReason::Rejected, None),
        }
        frees_consumer
    }

    /// The answer, where one is wanted, is on its way before any of the messages comes again.
    pub(super) fn basic_recover(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        requeue: bool,
        answer: Option<BasicRecoverOk>,
    ) -> Result<(), Refusal> {
        if !requeue {
            return Err(error::recover_without_requeue());
        }
        if self.channel(at).is_some_and(|channel| channel.unacked.keys().any(|tag| self.stream_of(at, *tag).is_some()))
        {
            // RabbitMQ stumbles over this.
            return Err(error::internal_error());
        }
        if let Some(answer) = answer {
            cx.send(at, answer, None);
        }
        let Some(channel) = self.channel_mut(at) else { return Ok(()) };
        let deliveries = core::mem::take(&mut channel.unacked).into_iter().collect();
        self.settle_all(cx, at, deliveries, Settle::Requeue, RequeueReason::Recovered);
        Ok(())
    }

    /// The stream that an unacknowledged delivery came from, if it is one.
    fn stream_of(&self, at: ChannelRef, tag: u64) -> Option<Resource> {
        self.stream_behind(at, self.channel(at)?.unacked.get(&tag)?)
    }

    /// The stream that a delivery to a channel came from, if it is one.
    pub(super) fn stream_behind(&self, at: ChannelRef, delivery: &Delivery) -> Option<Resource> {
        let resource = self.resource(at.connection, &delivery.name);
        let is_stream = |queue: &Queue| queue.id == delivery.queue && queue.is_stream();
        self.queue_at(&resource).is_some_and(is_stream).then_some(resource)
    }

    /// Puts a delivered copy back to its place.
    fn requeue(
        &mut self,
        cx: &mut Cx<'_>,
        resource: &Resource,
        place: Place,
        mut held: Held,
        reason: RequeueReason,
        cause: Option<u32>,
    ) {
        let requeued = Event::Requeued { message: held.message.id, queue: resource.clone(), reason };
        held.last_event = cx.event(requeued, cause);
        if let Some(queue) = self.queue_mut(resource) {
            held.redelivered |= queue.unmarked.get(&place.rank).is_none_or(|from| place.sequence < *from);
            held.is_from_disk |= queue.is_lazy();
            queue.resting = false;
            queue.put(place, held);
        }
    }

    /// Ends a ready copy that nobody acknowledged.
    pub(super) fn lose(
        &mut self,
        cx: &mut Cx<'_>,
        resource: &Resource,
        place: Place,
        reason: LossReason,
        cause: Option<u32>,
    ) {
        if let Some(held) = self.queue_mut(resource).and_then(|queue| queue.take(place)) {
            let cause = cause.or(Some(held.last_event));
            self.lose_held(cx, resource, &held, reason, cause);
        }
    }

    /// Ends a copy that is out of its queue already: to the dead letter exchange, or for good.
    pub(super) fn lose_held(
        &mut self,
        cx: &mut Cx<'_>,
        resource: &Resource,
        held: &Held,
        reason: LossReason,
        cause: Option<u32>,
    ) {
        let message = held.message.id;
        if self.queue_at(resource).is_some_and(|queue| queue.keeps_letters(reason)) {
            self.keep_letter(cx, resource, held, reason, cause);
            return;
        }
        let has_letter_box = match reason {
            LossReason::Rejected | LossReason::Expired | LossReason::MaxLength | LossReason::DeliveryLimit => {
                self.dead_letter_exchange(resource)
            }
            LossReason::Purged | LossReason::QueueDeleted | LossReason::Transient | LossReason::QueueTransient => None,
        };
        if let Some(exchange) = has_letter_box {
            self.tally.dead_lettered += 1;
            self.tally.bytes -= held.message.body.len() as u64;
            let queue = resource.clone();
            let event = cx.event(Event::DeadLettered { message, queue, exchange, reason }, cause);
            if held.is_from_disk {
                let mut message = (*held.message).clone();
                message.properties.expiration = None;
                self.dead_letter(cx, resource, &message, reason, event);
            } else {
                self.dead_letter(cx, resource, &held.message, reason, event);
            }
        } else {
            self.count_lost(held);
            cx.event(Event::Lost { message, queue: resource.clone(), reason }, cause);
        }
    }

    pub(super) fn count_acknowledged(&mut self, held: &Held) {
        self.tally.acknowledged += 1;
        self.tally.bytes -= held.message.body.len() as u64;
    }

    /// Ends a channel: its consumers leave, and what it did not acknowledge goes back. It is left without anything in it.
    ///
    /// It tells the classic queues that it consumes from one after the other, the youngest first (`rabbit_channel:notify_queues`); all
    /// others notice that it is gone once that is done. A dead letter that one of them sends finds the consumers of a later one still there:
    /// it goes to them in vain and comes back, or is lost where no acknowledgement is asked. The client hears of it, after
    /// its `channel.close` even, unless the whole connection ends.
    pub(super) fn end_channel(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        code: u16,
        text: Bytes,
        reason: RequeueReason,
        cause: Option<u32>,
    ) -> u32 {
        let event = cx.event(Event::ChannelClosed { channel: at, code, text }, cause);
        let Some(channel) = self.channel_to_its_end(at) else { return event };
        // What a transaction had taken off the channel was not settled after all.
        for (tag, delivery, _) in channel.transaction.take().into_iter().flat_map(|tx| tx.settlements) {
            channel.unacked.insert(tag, delivery);
        }
        let publishes_to = core::mem::take(&mut channel.publishes_to);
        self.forget_publisher(at, &publishes_to);
        let queues = self.queues_of(at).into_iter();
        // What waits there already has been delivered in the same moment by a real broker.
        let is_idle = |resource: &Resource| self.queue_at(resource).is_some_and(|queue| !queue.is_due);
        let queues: Vec<(bool, Resource)> = queues.map(|resource| (is_idle(&resource), resource)).collect();
        for (was_idle, resource) in queues {
            if was_idle {
                self.deliver_all(cx, &resource);
            }
            self.leave_queue(cx, at, &resource, reason, event);
        }
        let Some(channel) = self.channel_to_its_end(at) else { return event };
        let gone = core::mem::replace(channel, Channel { closing: channel.closing, ..Channel::default() });
        for name in gone.cancelled_from.iter() {
            let resource = self.resource(at.connection, name);
            if let Some(queue) = self.queue_mut(&resource) {
                queue.resting = false;
                self.touch(&resource);
            }
        }
        event
    }

    /// The queues that hear of a channel's end, in that order.
    fn queues_of(&self, at: ChannelRef) -> Vec<Resource> {
        let channel = self.connections.get(&at.connection).and_then(|connection| connection.channels.get(&at.channel));
        let Some(channel) = channel else { return Vec::new() };
        let consumed = || channel.consumers.values().map(|consuming| &consuming.queue);
        let names: SortedSet<Bytes> = consumed().chain(channel.unacked.values().map(|d| &d.name)).cloned().collect();
        let mut queues: Vec<Resource> = names.iter().map(|name| self.resource(at.connection, name)).collect();
        sort_by_key(&mut queues, |resource| {
            let queue = self.queue_at(resource).filter(|queue| !queue.is_quorum() && !queue.is_stream());
            let queue = queue.filter(|_| consumed().any(|name| *name == resource.name));
            queue.map_or(u32::MAX, |queue| u32::MAX - queue.id.0)
        });
        queues
    }

    /// One queue hears that a channel is gone.
    fn leave_queue(&mut self, cx: &mut Cx<'_>, at: ChannelRef, resource: &Resource, reason: RequeueReason, cause: u32) {
        let Some(channel) = self.channel_to_its_end(at) else { return };
        let is_here = |consuming: &Consuming| consuming.queue == resource.name;
        let consumers = channel.consumers.iter().filter(|(_, consuming)| is_here(consuming));
        let consumers: Vec<(Bytes, u32)> = consumers.map(|(tag, consuming)| (tag.clone(), consuming.id)).collect();
        channel.consumers.retain(|_, consuming| !is_here(consuming));
        let mut unacked = Vec::new();
        channel.unacked.retain(|tag, delivery| {
            let stays = delivery.name != resource.name;
            if !stays {
                unacked.push((*tag, delivery.clone()));
            }
            stays
        });
        for (tag, id) in &consumers {
            let consumer = ConsumerRef { channel: at, tag: tag.clone() };
            cx.event(Event::ConsumerCancelled { consumer, queue: resource.clone(), by_broker: false }, Some(cause));
            if let Some(queue) = self.queue_mut(resource) {
                queue.remove_consumer(*id);
            }
        }
        if self.queue_at(resource).is_some_and(Queue::is_quorum) {
            // What each consumer held comes back together. A fetch is a consumer whose tag is that of its delivery.
            sort_by_key(&mut unacked, |(tag, delivery): &(u64, Delivery)| {
                let own = consumers.iter().find(|(_, id)| Some(*id) == delivery.consumer);
                own.map_or_else(|| Bytes::from(alloc::format!("{tag}")), |(consumer_tag, _)| consumer_tag.clone())
            });
        }
        self.channel_down(cx, resource, &unacked, reason, cause, !consumers.is_empty());
    }

    /// A queue hears that a channel is gone.
    fn channel_down(
        &mut self,
        cx: &mut Cx<'_>,
        resource: &Resource,
        unacked: &[(u64, Delivery)],
        reason: RequeueReason,
        cause: u32,
        was_consuming: bool,
    ) {
        let Some(queue) = self.queue_at(resource) else { return };
        let id = queue.id;
        let is_concerned = was_consuming || unacked.iter().any(|(_, delivery)| delivery.queue == id);
        if is_concerned && queue.is_abandoned() {
            self.delete_queue(cx, resource, QueueDeleteReason::AutoDelete, Some(cause));
            return;
        }
        let is_stream = queue.is_stream();
        for (_, delivery) in unacked.iter().filter(|(_, delivery)| delivery.queue == id && !is_stream) {
            let back = self.queue_mut(resource).and_then(|queue| queue.unacked.remove(&delivery.place));
            assert!(back.is_some(), "the channel holds a tag of a copy that its queue does not know as unacked");
            if let Some(unacked) = back {
                match self.queue_at(resource).is_some_and(Queue::is_quorum) {
                    true => {
                        self.return_to_quorum(cx, resource, unacked.held, reason, Some(cause));
                    }
                    false => self.requeue(cx, resource, delivery.place, unacked.held, reason, Some(cause)),
                }
            }
        }
        if is_concerned {
            if let Some(queue) = self.queue_mut(resource) {
                queue.resting = false;
            }
            self.restart_expiry(cx, resource);
            self.drop_overflow(cx, resource, Some(cause));
            self.arm(resource);
            self.expire_due(cx, resource);
            self.deliver_returned(cx, resource);
        }
    }
}
