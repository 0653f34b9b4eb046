//! `basic.qos`, `basic.consume`, `basic.cancel` and `basic.get`.

use alloc::vec::Vec;

use super::arguments;
use super::broker::{Broker, Cx};
use super::channel::{Consuming, Delivery, ReplyConsumer};
use super::error::{self, Refusal};
use super::event::{ChannelRef, ConsumerRef, Event, LossReason, QueueDeleteReason, Resource};
use super::limits;
use super::method::{BasicCancel, BasicCancelOk, BasicConsume, BasicConsumeOk, BasicGet, BasicGetEmpty, BasicGetOk};
use super::method::{BasicQos, BasicQosOk};
use super::publish::with_content;
use super::queue::{Consumer, Queue, Unacked};
use super::queues::REPLY_QUEUE;
use super::quorum::{PREFETCH_MAX, counted};

impl Broker {
    pub(super) fn basic_qos(&mut self, cx: &mut Cx<'_>, at: ChannelRef, method: &BasicQos) -> Result<(), Refusal> {
        if method.prefetch_size != 0 {
            return Err(error::prefetch_size(method.prefetch_size));
        }
        let Some(channel) = self.channel_mut(at) else { return Ok(()) };
        let was_reached = channel.limiter.is_reached();
        if method.global && method.prefetch_count != 0 {
            if channel.limiter.prefetch_count == 0 {
                // Messages taken by `basic.get` are counted too, here and nowhere else: so does RabbitMQ.
                channel.limiter.volume = channel.unacked.len() as u64;
            }
            channel.limiter.prefetch_count = method.prefetch_count;
        } else {
            // A limit per consumer lifts the one that the channel shares (`rabbit_channel`, `basic.qos`).
            channel.limiter = super::channel::Limiter::default();
            if !method.global {
                channel.prefetch_count = method.prefetch_count;
            }
        }
        if was_reached && !channel.limiter.is_reached() {
            self.resume(cx, at);
        }
        cx.send(at, BasicQosOk {}, None);
        Ok(())
    }

    /// The shared limit of a channel is no longer reached: its queues try again. Which one is first is left to chance, as in
    /// `rabbit_limiter:notify_queues`, or one queue would take every place that comes free.
    pub(super) fn resume(&mut self, cx: &mut Cx<'_>, at: ChannelRef) {
        let mut queues: Vec<Resource> = self.consumed_queues(at).into_iter().collect();
        if queues.len() > 1 {
            let first = cx.prng.below(queues.len() as u64) as usize;
            queues.rotate_left(first);
        }
        for resource in queues {
            if let Some(queue) = self.queue_mut(&resource) {
                queue.resume(at);
            }
            self.touch(&resource);
        }
    }

    /// The queues that a channel consumes from, each once, by name.
    pub(super) fn consumed_queues(&self, at: ChannelRef) -> crate::sorted::SortedSet<Resource> {
        let names = self.channel(at).into_iter().flat_map(|channel| channel.consumers.values());
        names.map(|consuming| self.resource(at.connection, &consuming.queue)).collect()
    }

    pub(super) fn basic_consume(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        method: &BasicConsume,
    ) -> Result<(), Refusal> {
        if let Some(channel) = self.channel(at) {
            if channel.consumers.contains_key(&method.consumer_tag) {
                return Err(error::consumer_tag_in_use(&method.consumer_tag));
            }
            if channel.consumers.len() >= limits::CONSUMERS_MAX {
                return Err(error::resource_limit("consumers of a channel", limits::CONSUMERS_MAX as u64));
            }
        }
        if *method.queue == *REPLY_QUEUE {
            return self.consume_replies(cx, at, method);
        }
        let resource = self.usable_queue(at, &method.queue)?;
        let Some(queue) = self.queue_at(&resource) else { return Err(error::not_found(false, &resource)) };
        let priority = arguments::check_consume(&resource, queue.settings.queue_type, &method.arguments)?;
        if queue.is_quorum() && self.channel(at).is_some_and(|channel| channel.limiter.prefetch_count != 0) {
            return Err(error::global_qos(&resource));
        }
        let next_offset = if queue.is_stream() { self.begin_stream(cx, at, method, queue)? } else { 0 };
        let is_taken = if queue.is_quorum() || queue.is_stream() {
            false
        } else if queue.settings.single_active_consumer {
            method.exclusive
        } else {
            queue.holder.is_some() || method.exclusive && !queue.consumers.is_empty()
        };
        if is_taken {
            return Err(error::exclusive_consumer(&resource));
        }
        let tag = match method.consumer_tag.is_empty() {
            true => cx.made_up_name("amq.ctag-"),
            false => method.consumer_tag.clone(),
        };
        self.last_consumer += 1;
        let id = self.last_consumer;
        let Some(channel) = self.channel_mut(at) else { return Ok(()) };
        channel.consumers.insert(tag.clone(), Consuming { queue: resource.name.clone(), id });
        let mut prefetch_count = channel.prefetch_count;
        let consumer = ConsumerRef { channel: at, tag: tag.clone() };
        if let Some(queue) = self.queue_mut(&resource) {
            if queue.is_quorum() && prefetch_count == 0 {
                prefetch_count = PREFETCH_MAX;
            }
            let new = Consumer {
                at: consumer.clone(),
                no_ack: method.no_ack,
                exclusive: method.exclusive,
                priority,
                prefetch_count,
                in_flight: 0,
                delivered: 0,
                arguments: method.arguments.clone(),
                next_offset,
            };
            queue.add_consumer(id, new);
        }
        let event = cx.event(Event::ConsumerAdded { consumer, queue: resource.clone() }, None);
        if !method.nowait {
            cx.send(at, BasicConsumeOk { consumer_tag: tag }, Some(event));
        }
        self.touch(&resource);
        Ok(())
    }

    fn consume_replies(&mut self, cx: &mut Cx<'_>, at: ChannelRef, method: &BasicConsume) -> Result<(), Refusal> {
        if !method.no_ack {
            return Err(error::reply_consumer_cannot_acknowledge());
        }
        if self.channel(at).is_some_and(|channel| channel.reply_consumer.is_some()) {
            return Err(error::reply_consumer_already_set());
        }
        let tag = match method.consumer_tag.is_empty() {
            true => cx.made_up_name("amq.ctag-"),
            false => method.consumer_tag.clone(),
        };
        let suffix = super::reply::suffix(at, &cx.made_up_name(""));
        if let Some(channel) = self.channel_mut(at) {
            channel.reply_consumer = Some(ReplyConsumer { tag: tag.clone(), suffix });
        }
        if !method.nowait {
            cx.send(at, BasicConsumeOk { consumer_tag: tag }, None);
        }
        Ok(())
    }

    pub(super) fn basic_cancel(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        method: &BasicCancel,
    ) -> Result<(), Refusal> {
        let tag = method.consumer_tag.clone();
        let Some(channel) = self.channel_mut(at) else { return Ok(()) };
        if channel.reply_consumer.as_ref().is_some_and(|consumer| consumer.tag == tag) {
            // Its tag may be another consumer's too: that one stays.
            channel.reply_consumer = None;
            if !method.nowait {
                cx.send(at, BasicCancelOk { consumer_tag: tag }, None);
            }
            return Ok(());
        }
        let consuming = channel.consumers.remove(&tag);
        let mut cause = None;
        let mut abandoned = None;
        if let Some(Consuming { queue, id }) = consuming {
            let resource = self.resource(at.connection, &queue);
            let consumer = ConsumerRef { channel: at, tag: tag.clone() };
            let cancelled = Event::ConsumerCancelled { consumer, queue: resource.clone(), by_broker: false };
            cause = Some(cx.event(cancelled, None));
            if let Some(queue) = self.queue_mut(&resource) {
                queue.remove_consumer(id);
                let rests = queue.rest();
                abandoned = queue.is_abandoned().then_some(resource.clone());
                if rests && let Some(channel) = self.channel_mut(at) {
                    channel.cancelled_from.insert(resource.name.clone());
                }
            }
            self.restart_expiry(cx, &resource);
            self.touch(&resource);
        }
        if !method.nowait {
            cx.send(at, BasicCancelOk { consumer_tag: tag }, cause);
        }
        if let Some(resource) = abandoned {
            self.delete_queue(cx, &resource, QueueDeleteReason::AutoDelete, cause);
        }
        Ok(())
    }

    pub(super) fn basic_get(&mut self, cx: &mut Cx<'_>, at: ChannelRef, method: &BasicGet) -> Result<(), Refusal> {
        let resource = self.usable_queue(at, &method.queue)?;
        self.restart_expiry(cx, &resource);
        self.expire_due(cx, &resource);
        if self.queue_at(&resource).is_some_and(Queue::is_stream) {
            return Err(error::not_for_streams("basic.get", &resource));
        }
        if self.queue_at(&resource).is_some_and(|queue| queue.is_quorum() && queue.settings.single_active_consumer) {
            return Err(error::get_beside_single_active(&resource));
        }
        let taken = self.queue_mut(&resource).and_then(|queue| {
            let head = queue.head()?;
            let held = queue.take(head)?;
            Some((head, counted(queue, &held, true), held, queue.id))
        });
        let Some((place, shown, mut held, id)) = taken else {
            cx.send(at, BasicGetEmpty::default(), None);
            return Ok(());
        };
        let Some(channel) = self.channel_mut(at) else { return Ok(()) };
        let delivery_tag = channel.next_tag();
        if !method.no_ack {
            let delivery = Delivery { queue: id, name: resource.name.clone(), place, consumer: None };
            channel.unacked.insert(delivery_tag, delivery);
        }
        let (message, redelivered) = (held.message.clone(), held.redelivered);
        let queue = resource.clone();
        let got =
            Event::Got { message: message.id, queue, channel: at, delivery_tag, redelivered, no_ack: method.no_ack };
        let event = cx.event(got, Some(held.last_event));
        held.last_event = event;
        if method.no_ack {
            self.count_acknowledged(&held);
        } else if let Some(queue) = self.queue_mut(&resource) {
            let unacked = Unacked { held, channel: at, delivery_tag, consumer: None, delivered_ms: cx.now_ms };
            queue.unacked.insert(place, unacked);
        }
        if self.queue_at(&resource).is_some_and(Queue::is_quorum) {
            self.evaluate_limit(cx, &resource, Some(event));
        }
        // What has expired behind it does not count as remaining; a quorum queue looks only when the fetch is settled.
        let remaining = |queue: &Queue| queue.ready.len() as u32;
        let before = self.queue_at(&resource).filter(|queue| queue.is_quorum() && !method.no_ack).map(remaining);
        self.expire_all(cx, &resource);
        let message_count = before.or(self.queue_at(&resource).map(remaining)).unwrap_or(0);
        let (exchange, routing_key) = (message.exchange.clone(), message.routing_key.clone());
        let answer = BasicGetOk { delivery_tag, redelivered, exchange, routing_key, message_count };
        cx.send(at, with_content(answer, &shown), Some(event));
        Ok(())
    }

    /// Expires what the clock has reached and no step has come to yet.
    pub(super) fn expire_due(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        if self.queue_at(resource).and_then(Queue::head_expires_ms).is_some_and(|at_ms| at_ms <= cx.now_ms) {
            self.expire_all(cx, resource);
        }
    }

    /// Sets a queue's clock for its head.
    pub(super) fn arm(&mut self, resource: &Resource) {
        if let Some(queue) = self.queue_mut(resource) {
            queue.arm();
        }
        self.touch(resource);
    }

    /// Expires everything that is at the head and over its time.
    pub(super) fn expire_all(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        while let Some(place) = self.queue_at(resource).and_then(|queue| queue.expired(cx.now_ms)) {
            self.lose(cx, resource, place, LossReason::Expired, None);
        }
        if let Some(queue) = self.queue_mut(resource)
            && queue.armed_ms.is_some_and(|at_ms| at_ms <= cx.now_ms)
        {
            queue.armed_ms = None;
        }
        self.arm(resource);
        self.send_letters(cx, resource);
    }
}
