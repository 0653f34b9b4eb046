//! `basic.publish`: checks, routing, a copy for each queue, returns and confirms.

use crate::sorted::SortedSet;
use alloc::rc::Rc;

use super::arguments::Overflow;
use super::broker::{Broker, Cx};
use super::channel::Pending;
use super::error::{self, Refusal};
use super::event::{ChannelRef, Event, LossReason, MessageId, Resource};
use super::exchange::route;
use super::letters::Publisher;
use super::limits;
use super::message::{Held, Message, expiration, routing_headers};
use super::method::{BasicAck, BasicNack, BasicPublish, BasicReturn, Content, Frame};
use super::queue::Queue;
use crate::bytes::Bytes;

impl Broker {
    pub(super) fn basic_publish(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        method: &BasicPublish,
        content: Option<&Content>,
    ) -> Result<(), Refusal> {
        let content = content.ok_or_else(error::content_missing)?;
        if method.immediate {
            return Err(error::immediate());
        }
        let (message, exchange) = self.check_publish(cx, at, method, content)?;
        let (id, routing_key) = (message.id, message.routing_key.clone());
        self.last_message = self.last_message.max(id.0);
        let published = Event::Published { message: id, channel: at, exchange: exchange.clone(), routing_key };
        let published = cx.event(published, None);
        let mut route = match self.vhosts.get(&exchange.vhost) {
            Some(vhost) => match vhost.exchanges.get(&exchange.name) {
                Some(start) => route(&vhost.exchanges, &vhost.queues, start, &message),
                None => return Err(error::not_found(true, &exchange)),
            },
            None => return Err(error::not_found(true, &exchange)),
        };
        let routed = route.event(exchange, &message);
        let cause = cx.event(routed, Some(published));
        let message = Rc::new(message);
        for key in &route.replies {
            self.deliver_reply(cx, key, &message, cause);
        }
        let mut pending = Pending { message, queues: route.queues, mandatory: method.mandatory, cause };
        let Some(channel) = self.channel_mut(at) else { return Ok(()) };
        if channel.confirms || channel.transaction.is_some() {
            channel.published += 1;
        }
        let (sequence, confirms) = (channel.published, channel.confirms);
        if let Some(transaction) = &mut channel.transaction {
            if method.exchange.is_empty() {
                // The default exchange leads to names: a queue that is declared before the commit gets its copy.
                let names: SortedSet<Bytes> = pending.message.keys().cloned().collect();
                pending.queues = names.into_iter().collect();
            }
            transaction.publishes.push(pending);
            return Ok(());
        }
        let accepted = self.deliver_to_queues(cx, at, &pending);
        if confirms {
            self.confirm(cx, at, sequence, accepted, cause);
        }
        Ok(())
    }

    /// The message, and the exchange it is for. The order of the checks is that of `rabbit_channel`.
    fn check_publish(
        &mut self,
        cx: &Cx<'_>,
        at: ChannelRef,
        method: &BasicPublish,
        content: &Content,
    ) -> Result<(Message, Resource), Refusal> {
        let size = content.body.len() as u64;
        if size > limits::BODY_MAX {
            return Err(error::message_size(size, limits::BODY_MAX));
        }
        let exchange = self.resource(at.connection, &method.exchange);
        if self.existing_exchange(&exchange)?.internal {
            return Err(error::internal_exchange(&exchange));
        }
        let mut properties = content.properties.clone();
        if properties.reply_to.as_ref().is_some_and(|to| **to == *super::queues::REPLY_QUEUE) {
            properties.reply_to = Some(self.reply_address(at)?);
        }
        if let Some(claimed) = &properties.user_id
            && let Some(connection) = self.connections.get(&at.connection)
            && *claimed != connection.user
            && !connection.capabilities.impersonator
        {
            return Err(error::user_id(claimed, &connection.user));
        }
        expiration(&properties)?;
        if let Some(mode) = properties.delivery_mode.filter(|mode| !matches!(mode, 1 | 2)) {
            return Err(error::delivery_mode(mode));
        }
        let more_keys = routing_headers(&properties)?;
        if self.copies() >= self.limits.copies {
            return Err(error::resource_limit("messages", self.limits.copies));
        }
        if self.tally.bytes + size > self.limits.bytes {
            return Err(error::resource_limit("bytes of messages", self.limits.bytes));
        }
        if let Some(headers) = &mut properties.headers {
            headers.0.retain(|(name, _)| *name != "BCC");
        }
        let message = Message {
            id: cx.message.unwrap_or(MessageId(self.last_message + 1)),
            exchange: method.exchange.clone(),
            routing_key: method.routing_key.clone(),
            more_keys,
            properties,
            body: content.body.clone(),
            published_ms: cx.now_ms,
            publisher: at,
        };
        Ok((message, exchange))
    }

    /// Copies in all queues, ready and unacked.
    pub(super) fn copies(&self) -> u64 {
        self.tally.enqueued - self.tally.acknowledged - self.tally.dead_lettered - self.tally.lost
    }

    /// Gives each queue its copy, or returns the message to a publisher who insists. Whether no queue refused it.
    pub(super) fn deliver_to_queues(&mut self, cx: &mut Cx<'_>, at: ChannelRef, pending: &Pending) -> bool {
        let Pending { message, queues, mandatory, cause } = pending;
        let mut accepted = true;
        let mut reached = false;
        for name in queues {
            let queue = self.resource(at.connection, name);
            // Within a transaction the queue may have gone since.
            if self.queue_at(&queue).is_some() {
                reached = true;
                accepted &= self.enqueue(cx, &queue, message, Some(Publisher::Channel(at)), *cause);
            }
        }
        if !reached {
            let exchange = self.resource(at.connection, &message.exchange);
            let unroutable = Event::Unroutable { message: message.id, exchange, returned: *mandatory };
            let event = cx.event(unroutable, Some(*cause));
            if *mandatory {
                return_message(cx, at, message, event);
            }
        }
        accepted
    }

    /// Puts a copy into a queue; false when the queue is full and refuses it.
    pub(super) fn enqueue(
        &mut self,
        cx: &mut Cx<'_>,
        resource: &Resource,
        message: &Rc<Message>,
        from: Option<Publisher>,
        cause: u32,
    ) -> bool {
        if let Some(queue) = self.queue_mut(resource).filter(|queue| queue.resting) {
            queue.resting = false;
            self.touch(resource);
        }
        // What its consumers can take is with them before the next copy comes, though a person sees it a step later.
        self.deliver_all(cx, resource);
        self.expire_due(cx, resource);
        if self.queue_at(resource).is_some_and(Queue::is_quorum) {
            return self.enqueue_quorum(cx, resource, message, from, cause);
        }
        let Some(queue) = self.queue_mut(resource) else { return true };
        let overflows = queue.would_overflow(message);
        let overflow = queue.settings.overflow;
        if overflows && overflow != Overflow::DropHead {
            let lost = Event::Lost { message: message.id, queue: resource.clone(), reason: LossReason::MaxLength };
            let event = cx.event(lost, Some(cause));
            if overflow == Overflow::RejectPublishDlx {
                self.dead_letter(cx, resource, message, LossReason::MaxLength, event);
            }
            return false;
        }
        // The expiration was checked when the message was published; a dead letter has none left to be wrong.
        let own_ttl = expiration(&message.properties).unwrap_or(None).filter(|_| !queue.is_stream());
        let ttl = [queue.settings.message_ttl_ms, own_ttl].into_iter().flatten().min();
        let event = cx.event(Event::Enqueued { message: message.id, queue: resource.clone() }, Some(cause));
        // With an idle consumer the message passes straight through: the queue never grows by it.
        let passes_through = queue.ready.is_empty() && queue.turn().is_some();
        let is_from_disk = queue.is_lazy() && !passes_through;
        queue.enqueue(Held {
            message: message.clone(),
            redelivered: false,
            deliveries: 0,
            enqueued_ms: cx.now_ms,
            expires_ms: ttl.map(|ms| cx.now_ms + ms),
            is_from_disk,
            last_event: event,
        });
        self.tally.enqueued += 1;
        self.tally.bytes += message.body.len() as u64;
        self.touch(resource);
        let still_passes = self.queue_at(resource).is_some_and(|queue| queue.turn().is_some());
        if !(passes_through && still_passes) {
            let dropped = self.drop_overflow(cx, resource, Some(event));
            if dropped || self.queue_at(resource).is_some_and(|queue| queue.ready.len() == 1) {
                self.arm(resource);
            }
        }
        true
    }

    /// Drops from the head what is too much; whether anything was.
    pub(super) fn drop_overflow(&mut self, cx: &mut Cx<'_>, resource: &Resource, cause: Option<u32>) -> bool {
        if self.queue_at(resource).is_some_and(Queue::is_quorum) {
            self.touch(resource);
            return self.evaluate_limit(cx, resource, cause);
        }
        let mut dropped = false;
        while let Some(queue) = self.queue_at(resource).filter(|queue| queue.is_over_length()) {
            let Some(head) = queue.head() else { break };
            self.lose(cx, resource, head, LossReason::MaxLength, cause);
            dropped = true;
        }
        self.touch(resource);
        dropped
    }

    /// Tells a publisher that its message was taken, or not.
    pub(super) fn confirm(&mut self, cx: &mut Cx<'_>, at: ChannelRef, delivery_tag: u64, ack: bool, cause: u32) {
        // RabbitMQ sends every single nack with `multiple`: nothing before it is outstanding.
        let multiple = !ack;
        let event = cx.event(Event::Confirmed { channel: at, delivery_tag, multiple, ack }, Some(cause));
        if ack {
            cx.send(at, BasicAck { delivery_tag, multiple }, Some(event));
        } else {
            cx.send(at, BasicNack { delivery_tag, multiple, requeue: true }, Some(event));
        }
    }

    pub(super) fn confirm_select(&mut self, at: ChannelRef) -> Result<(), Refusal> {
        let Some(channel) = self.channel_mut(at) else { return Ok(()) };
        if channel.transaction.is_some() {
            return Err(error::mode_switch("tx", "confirm"));
        }
        channel.confirms = true;
        Ok(())
    }
}

/// Sends a message back to its publisher.
fn return_message(cx: &mut Cx<'_>, at: ChannelRef, message: &Message, cause: u32) {
    let (reply_code, text) = error::NO_ROUTE;
    let back = BasicReturn {
        reply_code,
        reply_text: Bytes::from(text),
        exchange: message.exchange.clone(),
        routing_key: message.routing_key.clone(),
    };
    cx.send(at, with_content(back, message), Some(cause));
}

/// A method frame with the content of a message.
pub(super) fn with_content(method: impl Into<super::method::Method>, message: &Message) -> Frame {
    let content = Content { properties: message.properties.clone(), body: message.body.clone() };
    Frame { method: method.into(), content: Some(content) }
}
