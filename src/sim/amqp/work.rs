//! What the broker does between frames: one delivery or one expiry at a time.
//!
//! Queues that can deliver stand in a line and take turns, one message each: real queues are processes that run side by side.

use crate::sorted::SortedMap;
use alloc::rc::Rc;

use super::broker::{Broker, Cx};
use super::channel::{Connection, Delivery};
use super::event::{ConnectionId, Event, LossReason, QueueDeleteReason, Resource};
use super::message::Place;
use super::method::BasicDeliver;
use super::publish::with_content;
use super::queue::{Consumer, Queue, Unacked};
use super::quorum::counted;

/// Why a consumer gets nothing more now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Barrier {
    /// Its own prefetch is used up.
    Prefetch,
    /// The limit that it shares with its channel's other consumers is reached.
    Limit,
    /// Its client's socket is full.
    Socket,
}

impl Broker {
    /// Whether something is due at this very moment: a delivery that can be made, or an expiry.
    pub fn has_work(&self, now_ms: u64) -> bool {
        self.running && (!self.due.is_empty() || self.next_due().is_some_and(|due| due <= now_ms))
    }

    /// When the clock next matters here, in virtual ms.
    pub fn next_due(&self) -> Option<u64> {
        self.timers.first().filter(|_| self.running).map(|(at_ms, _)| *at_ms)
    }

    /// Does one thing that is due: one message delivered, one expired, or one unused queue gone. Nothing when nothing is due.
    pub fn work(&mut self, cx: &mut Cx<'_>) {
        if !self.running {
            return;
        }
        let timer = self.timers.first().filter(|(at_ms, _)| *at_ms <= cx.now_ms).map(|(_, queue)| queue.clone());
        if let Some(resource) = timer {
            if !self.passes_first(cx.now_ms, &resource) {
                self.expire(cx, &resource);
                return;
            }
            self.due.retain(|other| *other != resource);
            self.due.push_front(resource);
        }
        if let Some(resource) = self.due.pop_front() {
            if let Some(queue) = self.queue_mut(&resource) {
                queue.is_due = false;
            }
            self.deliver(cx, &resource);
        }
    }

    /// A message that came this very moment to an idle consumer is delivered however short its time to live is.
    fn passes_first(&self, now_ms: u64, resource: &Resource) -> bool {
        let Some(queue) = self.queue_at(resource).filter(|queue| queue.is_due) else { return false };
        let head = queue.ready.first_key_value();
        head.is_some_and(|(_, held)| held.enqueued_ms == now_ms && !held.redelivered)
    }

    /// The clock reached something of this queue.
    fn expire(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        let Some(queue) = self.queue_mut(resource) else { return };
        if queue.head_expires_ms().is_some_and(|at| at <= cx.now_ms) {
            queue.armed_ms = None;
            if let Some(place) = queue.expired(cx.now_ms) {
                self.lose(cx, resource, place, LossReason::Expired, None);
            }
            self.arm(resource);
            self.send_letters(cx, resource);
        } else if queue.letters.retry_ms.is_some_and(|at_ms| at_ms <= cx.now_ms) {
            self.letters_are_due(cx, resource);
        } else if queue.consumers.is_empty() {
            self.delete_queue(cx, resource, QueueDeleteReason::Expired, None);
        } else {
            queue.expires_ms = None;
            self.touch(resource);
        }
    }

    /// Delivers from a queue as long as it can, at once.
    pub(super) fn deliver_all(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        while let Some(queue) = self.queue_mut(resource).filter(|queue| queue.is_due) {
            queue.is_due = false;
            self.due.retain(|other| other != resource);
            self.deliver(cx, resource);
        }
    }

    /// Delivers the head of a queue to the consumer whose turn it is.
    fn deliver(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        let Some(queue) = self.queue_mut(resource) else { return };
        if queue.is_stream() {
            self.deliver_stream(cx, resource);
            return;
        }
        if let (Some(id), Some(place)) = (queue.turn(), queue.head()) {
            self.deliver_to(cx, resource, id, place);
        }
    }

    /// Delivers the copy at a place to a consumer.
    pub(super) fn deliver_to(&mut self, cx: &mut Cx<'_>, resource: &Resource, id: u32, place: Place) {
        let Some(queue) = self.queue_mut(resource).filter(|queue| queue.consumers.contains_key(&id)) else { return };
        let (Some(mut held), Some(consumer)) = (queue.take(place), queue.consumers.get_mut(&id)) else { return };
        consumer.delivered += 1;
        consumer.in_flight += u64::from(!consumer.no_ack);
        let (at, no_ack, queue_id) = (consumer.at.clone(), consumer.no_ack, queue.id);
        queue.rotate(id);
        let is_full = queue.consumers.get(&id).is_some_and(Consumer::is_full);
        let is_quorum = queue.is_quorum();
        if is_quorum && is_full && !queue.settings.single_active_consumer {
            queue.block(id);
        }
        let shown = counted(queue, &held, false);
        let Some(channel) = self.channel_to_its_end(at.channel) else {
            panic!("a consumer in the ring has no channel");
        };
        let is_heard = !channel.closing;
        let delivery_tag = channel.next_tag();
        if !no_ack {
            let (queue, name) = (queue_id, resource.name.clone());
            channel.unacked.insert(delivery_tag, Delivery { queue, name, place, consumer: Some(id) });
            // Quorum queues know nothing of the limit of a channel.
            channel.limiter.volume += u64::from(channel.limiter.prefetch_count != 0 && !is_quorum);
        }
        let limit_is_reached = channel.limiter.is_reached();
        let (message, redelivered) = (held.message.clone(), held.redelivered);
        let (queue, consumer) = (resource.clone(), at.clone());
        let delivered = Event::Delivered { message: message.id, queue, consumer, delivery_tag, redelivered, no_ack };
        let event = cx.event(delivered, Some(held.last_event));
        held.last_event = event;
        let (exchange, routing_key) = (message.exchange.clone(), message.routing_key.clone());
        let deliver = BasicDeliver { consumer_tag: at.tag, delivery_tag, redelivered, exchange, routing_key };
        if is_heard {
            cx.send(at.channel, with_content(deliver, &shown), Some(event));
        }
        if no_ack {
            self.count_acknowledged(&held);
        } else if let Some(queue) = self.queue_mut(resource) {
            let (channel, consumer, delivered_ms) = (at.channel, Some(id), cx.now_ms);
            queue.unacked.insert(place, Unacked { held, channel, delivery_tag, consumer, delivered_ms });
        }
        // RabbitMQ looks for what has expired after each fetch: no client gets it although it is at the head now.
        self.expire_all(cx, resource);
        if self.queue_at(resource).is_some_and(Queue::is_quorum) {
            self.evaluate_limit(cx, resource, Some(event));
        }
        if limit_is_reached {
            for other in self.consumed_queues(at.channel) {
                self.touch(&other);
            }
        }
    }

    /// Brings the lists of what is due up to date with a queue that changed. Consumers whose turn has come and who may take
    /// nothing leave the ring here, as they do when RabbitMQ tries to deliver to them.
    pub(super) fn touch(&mut self, resource: &Resource) {
        let Broker { vhosts, connections, due, timers, .. } = self;
        let vhost = vhosts.get_mut(&resource.vhost);
        let Some(queue) = vhost.and_then(|vhost| vhost.queues.get_mut(&resource.name)) else { return };
        let queue = Rc::make_mut(queue);
        if queue.is_stream() {
            queue.part_readers(connections);
        }
        while !queue.is_stream()
            && !queue.ready.is_empty()
            && let Some(id) = queue.turn()
            && let Some(barrier) = barrier(connections, queue, id)
        {
            if barrier == Barrier::Limit
                && let Some(consumer) = queue.consumers.get(&id)
            {
                queue.suspended.insert(consumer.at.channel);
            }
            queue.block(id);
        }
        let is_due = !queue.ready.is_empty() && queue.turn().is_some();
        if is_due != queue.is_due {
            queue.is_due = is_due;
            if is_due {
                due.push_back(resource.clone());
            } else {
                due.retain(|other| other != resource);
            }
        }
        let timer_ms = queue.due_ms();
        if timer_ms != queue.timer_ms {
            if let Some(at_ms) = queue.timer_ms {
                timers.remove(&(at_ms, resource.clone()));
            }
            if let Some(at_ms) = timer_ms {
                timers.insert((at_ms, resource.clone()));
            }
            queue.timer_ms = timer_ms;
        }
    }
}

/// What keeps a consumer from taking one more message.
fn barrier(connections: &SortedMap<ConnectionId, Rc<Connection>>, queue: &Queue, id: u32) -> Option<Barrier> {
    let consumer = queue.consumers.get(&id)?;
    let at = consumer.at.channel;
    let connection = connections.get(&at.connection)?;
    if connection.stalled {
        Some(Barrier::Socket)
    } else if queue.suspended.contains(&at) {
        Some(Barrier::Limit)
    } else if consumer.is_full() {
        Some(Barrier::Prefetch)
    } else if !queue.is_quorum()
        && connection.channels.get(&at.channel).is_some_and(|channel| channel.limiter.is_reached())
    {
        // This holds for consumers without acknowledgements too: RabbitMQ asks the channel's limiter for every delivery.
        Some(Barrier::Limit)
    } else {
        None
    }
}
