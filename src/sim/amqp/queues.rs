//! Methods of class queue, and how queues come and go.

use crate::sorted::{SortedMap, SortedSet, sort_by, sort_by_key};
use alloc::{rc::Rc, vec::Vec};

use super::arguments::{self, QueueType, Settings};
use super::broker::{Broker, Cx};
use super::error::{self, Refusal};
use super::event::{ChannelRef, ConnectionId, Event, LossReason, QueueDeleteReason, Resource};
use super::exchange::{Binding, Destination};
use super::letters::{Dead, Letters, Publisher};
use super::limits;
use super::message::Held;
use super::method::{
    BasicCancel, Method, QueueBind, QueueBindOk, QueueDeclare, QueueDeclareOk, QueueDelete, QueueDeleteOk,
};
use super::method::{QueuePurge, QueuePurgeOk, QueueUnbind, QueueUnbindOk};
use super::policy::{Applied, applied_event};
use super::queue::{Queue, QueueId};
use super::topology::{check_flags, strip};
use super::value::Table;
use crate::bytes::Bytes;

/// The pseudo-queue of direct reply-to.
pub(super) const REPLY_QUEUE: &[u8] = b"amq.rabbitmq.reply-to";

/// A declared queue: its name, its ready messages and consumers, and the event if it is new.
type Declared = (Bytes, (u32, u32), Option<u32>);

/// Whether a method has the empty queue name that stands for the queue declared last (`rabbit_channel:expand_shortcuts`).
pub(super) fn means_last_queue(method: &Method) -> bool {
    match method {
        Method::QueueBind(method) => method.queue.is_empty(),
        Method::QueueUnbind(method) => method.queue.is_empty(),
        Method::QueuePurge(method) => method.queue.is_empty(),
        Method::QueueDelete(method) => method.queue.is_empty(),
        Method::BasicConsume(method) => method.queue.is_empty(),
        Method::BasicGet(method) => method.queue.is_empty(),
        _ => false,
    }
}

/// Checks that a connection may use a queue.
pub(super) fn check_access(queue: &Queue, by: ConnectionId) -> Result<(), Refusal> {
    match queue.exclusive {
        Some(owner) if owner != by => Err(error::resource_locked(&queue.resource)),
        Some(_) | None => Ok(()),
    }
}

impl Broker {
    pub(super) fn queue_declare(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        method: &QueueDeclare,
    ) -> Result<(), Refusal> {
        let name = strip(&method.queue);
        let (name, counts, cause) = if name.starts_with(REPLY_QUEUE) {
            let resource = self.resource(at.connection, &name);
            let exists = *name == *REPLY_QUEUE || self.reply_consumer(&name).is_some();
            if !exists {
                return Err(error::not_found(false, &resource));
            }
            (name, (0, 1), None)
        } else if method.passive {
            let resource = self.resource(at.connection, &name);
            let queue = self.queue_at(&resource).ok_or_else(|| error::not_found(false, &resource))?;
            check_access(queue, at.connection)?;
            (name, self.used(cx, &resource, method.nowait), None)
        } else {
            self.queue_declare_active(cx, at, method, name)?
        };
        if let Some(channel) = self.channel_mut(at) {
            channel.last_queue = name.clone();
        }
        if !method.nowait {
            let (message_count, consumer_count) = counts;
            cx.send(at, QueueDeclareOk { queue: name, message_count, consumer_count }, cause);
        }
        Ok(())
    }

    fn queue_declare_active(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        method: &QueueDeclare,
        name: Bytes,
    ) -> Result<Declared, Refusal> {
        // What belongs to one connection cannot outlive the broker.
        let durable = method.durable && !method.exclusive;
        let owner = method.exclusive.then_some(at.connection);
        let name = if name.is_empty() {
            arguments::check_server_named(&method.arguments)?;
            cx.made_up_name("amq.gen-")
        } else if name.starts_with(b"amq.") {
            return Err(error::reserved_name(false, &name));
        } else {
            name
        };
        let resource = self.resource(at.connection, &name);
        if let Some(queue) = self.queue_at(&resource) {
            if queue.exclusive != owner {
                return Err(error::resource_locked(&resource));
            }
            let flags = [("durable", durable, queue.durable), ("auto_delete", method.auto_delete, queue.auto_delete)];
            check_flags(&flags, false, &resource)?;
            arguments::check_equivalent(&resource, &queue.arguments, &method.arguments)?;
            return Ok((name, self.used(cx, &resource, method.nowait), None));
        }
        let event = self.create_queue(cx, &resource, (durable, owner, method.auto_delete), &method.arguments, None)?;
        Ok((name, (0, 0), Some(event)))
    }

    /// Makes a queue that is not there yet, if its arguments allow; the event.
    pub(super) fn create_queue(
        &mut self,
        cx: &mut Cx<'_>,
        resource: &Resource,
        (durable, exclusive, auto_delete): (bool, Option<ConnectionId>, bool),
        arguments: &Table,
        cause: Option<u32>,
    ) -> Result<u32, Refusal> {
        let Some(vhost) = self.vhosts.get(&resource.vhost) else { return Err(error::not_found(false, resource)) };
        if vhost.queues.len() >= limits::QUEUES_MAX {
            return Err(error::queue_limit(resource, limits::QUEUES_MAX as u64));
        }
        arguments::check_declare(resource, arguments, durable, exclusive.is_some(), auto_delete)?;
        let applied = vhost.policies.applied(&resource.name, Some(QueueType::of(arguments)));
        self.last_queue += 1;
        let settings = Settings::of(arguments, &applied.definition);
        let queue = Queue {
            id: QueueId(self.last_queue),
            resource: resource.clone(),
            durable,
            exclusive,
            auto_delete,
            arguments: arguments.clone(),
            applied: applied.clone(),
            ready: SortedMap::new(),
            unacked: SortedMap::new(),
            ready_bytes: 0,
            last_sequence: 0,
            consumers: SortedMap::new(),
            ring: Vec::new(),
            blocked: Vec::new(),
            suspended: SortedSet::new(),
            holder: None,
            had_consumers: false,
            expires_ms: settings.expires_ms.map(|ms| cx.now_ms + ms),
            armed_ms: None,
            unmarked: SortedMap::new(),
            resting: false,
            publishers: SortedMap::new(),
            letters: Letters::default(),
            is_due: false,
            timer_ms: None,
            settings,
        };
        if let Some(vhost) = self.vhosts.get_mut(&resource.vhost) {
            vhost.queues.insert(resource.name.clone(), Rc::new(queue));
        }
        self.touch(resource);
        let event = cx.event(Event::QueueDeclared { queue: resource.clone() }, cause);
        if applied != Applied::default() {
            cx.event(applied_event(resource.clone(), false, &applied), Some(event));
        }
        Ok(event)
    }

    /// The counts of a queue that is declared again. Asking for them is a use (`x-expires`); with `nowait` nobody asks.
    fn used(&mut self, cx: &Cx<'_>, queue: &Resource, nowait: bool) -> (u32, u32) {
        if !nowait {
            self.restart_expiry(cx, queue);
        }
        self.queue_at(queue).map_or((0, 0), |queue| match queue.is_stream() {
            true => (queue.stream_count(cx.now_ms), 0),
            false => (queue.ready.len() as u32, queue.consumer_count()),
        })
    }

    /// Starts the time of `x-expires` anew.
    pub(super) fn restart_expiry(&mut self, cx: &Cx<'_>, resource: &Resource) {
        if let Some(queue) = self.queue_mut(resource)
            && let Some(ms) = queue.settings.expires_ms
        {
            queue.expires_ms = queue.consumers.is_empty().then_some(cx.now_ms + ms);
            self.touch(resource);
        }
    }

    /// The queue that a method means: the empty name stands for the one the channel declared last.
    pub(super) fn named_queue(&self, at: ChannelRef, name: &Bytes) -> Result<Resource, Refusal> {
        if !name.is_empty() {
            return Ok(self.resource(at.connection, name));
        }
        let last = self.channel(at).map_or_else(Bytes::default, |channel| channel.last_queue.clone());
        if last.is_empty() {
            return Err(error::no_previously_declared_queue());
        }
        Ok(self.resource(at.connection, &last))
    }

    /// A queue that must be there and open to this connection.
    pub(super) fn usable_queue(&self, at: ChannelRef, name: &Bytes) -> Result<Resource, Refusal> {
        let resource = self.named_queue(at, name)?;
        let queue = self.queue_at(&resource).ok_or_else(|| error::not_found(false, &resource))?;
        check_access(queue, at.connection)?;
        Ok(resource)
    }

    /// A binding of a queue. With an empty queue name the empty routing key stands for the last queue's name too.
    fn queue_binding(&self, at: ChannelRef, queue: &Bytes, key: &Bytes, arguments: &Table) -> Result<Binding, Refusal> {
        let name = self.named_queue(at, queue)?.name;
        let key = if queue.is_empty() && key.is_empty() { name.clone() } else { key.clone() };
        Ok(Binding::new(key, Destination::Queue(strip(&name)), arguments.clone()))
    }

    pub(super) fn queue_bind(&mut self, cx: &mut Cx<'_>, at: ChannelRef, method: &QueueBind) -> Result<(), Refusal> {
        let binding = self.queue_binding(at, &method.queue, &method.routing_key, &method.arguments)?;
        let cause = self.bind(cx, at, &method.exchange, binding)?;
        if !method.nowait {
            cx.send(at, QueueBindOk {}, cause);
        }
        Ok(())
    }

    pub(super) fn queue_unbind(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        method: &QueueUnbind,
    ) -> Result<(), Refusal> {
        let binding = self.queue_binding(at, &method.queue, &method.routing_key, &method.arguments)?;
        let cause = self.unbind(cx, at, &method.exchange, &binding)?;
        cx.send(at, QueueUnbindOk {}, cause);
        Ok(())
    }

    pub(super) fn queue_purge(&mut self, cx: &mut Cx<'_>, at: ChannelRef, method: &QueuePurge) -> Result<(), Refusal> {
        let resource = self.usable_queue(at, &method.queue)?;
        if self.queue_at(&resource).is_some_and(Queue::is_stream) {
            return Err(error::not_for_streams("queue.purge", &resource));
        }
        let places: Vec<_> =
            self.queue_at(&resource).map(|queue| queue.ready.keys().copied().collect()).unwrap_or_default();
        for place in &places {
            self.lose(cx, &resource, *place, LossReason::Purged, None);
        }
        self.drop_overflow(cx, &resource, None);
        if !method.nowait {
            cx.send(at, QueuePurgeOk { message_count: places.len() as u32 }, None);
        }
        Ok(())
    }

    pub(super) fn queue_delete(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        method: &QueueDelete,
    ) -> Result<(), Refusal> {
        let resource = self.named_queue(at, &strip(&method.queue))?;
        let mut message_count = 0;
        let mut cause = None;
        let mut cancelled = Vec::new();
        if let Some(queue) = self.queue_at(&resource) {
            check_access(queue, at.connection)?;
            let flags = [(method.if_unused, "if-unused"), (method.if_empty, "if-empty")];
            if let Some((_, flag)) = flags.iter().find(|(is, _)| *is && queue.is_quorum()) {
                return Err(error::quorum_delete(&resource, flag));
            }
            // A stream goes whatever the conditions are.
            if method.if_empty && !queue.ready.is_empty() && !queue.is_stream() {
                return Err(error::not_empty(&resource));
            }
            if method.if_unused && !queue.consumers.is_empty() && !queue.is_stream() {
                return Err(error::in_use(false, &resource));
            }
            message_count = if queue.is_stream() { 0 } else { queue.ready.len() as u32 };
            let (event, consumers) = self.remove_queue(cx, &resource, QueueDeleteReason::Asked, None);
            (cause, cancelled) = (Some(event), consumers);
        }
        if !method.nowait {
            cx.send(at, QueueDeleteOk { message_count }, cause);
        }
        // The channels hear of it only when the queue is gone, so after the answer.
        self.notify_cancelled(cx, &cancelled, cause);
        Ok(())
    }

    /// Deletes a queue that goes by itself.
    pub(super) fn delete_queue(
        &mut self,
        cx: &mut Cx<'_>,
        resource: &Resource,
        reason: QueueDeleteReason,
        cause: Option<u32>,
    ) -> u32 {
        let (event, cancelled) = self.remove_queue(cx, resource, reason, cause);
        self.notify_cancelled(cx, &cancelled, Some(event));
        event
    }

    /// Takes a queue away with its copies, consumers and bindings; returns the consumers that are to be told.
    fn remove_queue(
        &mut self,
        cx: &mut Cx<'_>,
        resource: &Resource,
        reason: QueueDeleteReason,
        cause: Option<u32>,
    ) -> (u32, Vec<(ChannelRef, Bytes)>) {
        let event = cx.event(Event::QueueDeleted { queue: resource.clone(), reason }, cause);
        let gone = self.vhosts.get_mut(&resource.vhost).and_then(|vhost| vhost.queues.remove(&resource.name));
        let Some(gone) = gone else { return (event, Vec::new()) };
        if gone.is_due {
            self.due.retain(|other| other != resource);
        }
        if let Some(at_ms) = gone.timer_ms {
            self.timers.remove(&(at_ms, resource.clone()));
        }
        let lost = match reason {
            QueueDeleteReason::Transient => LossReason::QueueTransient,
            QueueDeleteReason::Asked
            | QueueDeleteReason::AutoDelete
            | QueueDeleteReason::Exclusive
            | QueueDeleteReason::Expired => LossReason::QueueDeleted,
        };
        let mut copies: Vec<_> = gone.ready.iter().map(|(place, held)| (*place, held)).collect();
        copies.extend(gone.unacked.iter().map(|(place, unacked)| (*place, &unacked.held)));
        sort_by_key(&mut copies, |(place, _)| *place);
        for (_, held) in copies {
            self.count_lost(held);
            let message = held.message.id;
            cx.event(Event::Lost { message, queue: resource.clone(), reason: lost }, Some(event));
        }
        for Dead { held, .. } in gone.letters.all() {
            self.count_lost(held);
            cx.event(Event::Lost { message: held.message.id, queue: resource.clone(), reason: lost }, Some(event));
        }
        if gone.settings.at_least_once {
            let publisher = Publisher::Letters(resource.name.clone());
            let others = self.vhosts.get_mut(&resource.vhost).into_iter().flat_map(|vhost| vhost.queues.values_mut());
            for other in others.filter(|other| other.publishers.contains_key(&publisher)) {
                Rc::make_mut(other).publishers.remove(&publisher);
            }
        }
        let mut told = Vec::new();
        for (_, consumer) in gone.consumers.iter() {
            if let Some(channel) = self.channel_mut(consumer.at.channel) {
                channel.consumers.remove(&consumer.at.tag);
            }
            let (queue, by_broker) = (resource.clone(), true);
            cx.event(Event::ConsumerCancelled { consumer: consumer.at.clone(), queue, by_broker }, Some(event));
            told.push((consumer.at.channel, consumer.at.tag.clone()));
        }
        self.remove_bindings_to(cx, &resource.vhost, &Destination::Queue(resource.name.clone()), event);
        (event, told)
    }

    /// Tells clients that want to know that their consumers are gone (RabbitMQ documentation, "Consumer Cancel Notification").
    fn notify_cancelled(&mut self, cx: &mut Cx<'_>, cancelled: &[(ChannelRef, Bytes)], cause: Option<u32>) {
        let mut told: Vec<_> = cancelled.to_vec();
        sort_by(&mut told, Ord::cmp);
        for (at, consumer_tag) in told {
            let wants = self.connections.get(&at.connection).is_some_and(|c| c.capabilities.consumer_cancel_notify);
            if wants && self.channel(at).is_some() {
                cx.send(at, BasicCancel { consumer_tag, nowait: true }, cause);
            }
        }
    }

    pub(super) fn delete_exclusive_queues(&mut self, cx: &mut Cx<'_>, vhost: &Bytes, owner: ConnectionId, cause: u32) {
        let Some(queues) = self.vhosts.get(vhost).map(|vhost| &vhost.queues) else { return };
        let owned: Vec<Resource> = queues
            .values()
            .filter(|queue| queue.exclusive == Some(owner))
            .map(|queue| queue.resource.clone())
            .collect();
        for resource in owned {
            self.delete_queue(cx, &resource, QueueDeleteReason::Exclusive, Some(cause));
        }
    }

    pub(super) fn count_lost(&mut self, held: &Held) {
        self.tally.lost += 1;
        self.tally.bytes -= held.message.body.len() as u64;
    }
}
