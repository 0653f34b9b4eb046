//! What a stop or a crash leaves on disk, and what a start finds there.

use alloc::{rc::Rc, vec::Vec};

use super::broker::{Broker, Cx};
use super::event::{Event, LossReason, QueueDeleteReason, Resource};
use super::exchange::{Destination, Exchange};
use super::message::Place;

impl Broker {
    /// The broker is gone: only durable things stay, and in durable queues only persistent messages. After a crash every
    /// copy that is left counts as delivered before, since nobody knows.
    pub(super) fn go_down(&mut self, cx: &mut Cx<'_>, crashed: bool) {
        self.running = false;
        self.connections.clear();
        let queues: Vec<(Resource, bool)> = (self.vhosts.values().flat_map(|vhost| vhost.queues.values()))
            .map(|queue| (queue.resource.clone(), queue.durable))
            .collect();
        for (resource, durable) in queues {
            if durable {
                self.keep_persistent(cx, &resource, crashed);
            } else {
                self.delete_queue(cx, &resource, QueueDeleteReason::Transient, None);
            }
        }
        let exchanges = self.vhosts.values().flat_map(|vhost| vhost.exchanges.values());
        let transient: Vec<Resource> =
            exchanges.filter(|exchange| !exchange.durable).map(|exchange| exchange.resource.clone()).collect();
        for resource in transient {
            self.forget_exchange(cx, &resource);
        }
    }

    fn keep_persistent(&mut self, cx: &mut Cx<'_>, resource: &Resource, crashed: bool) {
        let Some(queue) = self.queue_mut(resource) else { return };
        queue.consumers.clear();
        queue.ring.clear();
        queue.blocked.clear();
        queue.suspended.clear();
        queue.holder = None;
        queue.resting = false;
        queue.had_consumers = false;
        if queue.is_quorum() {
            self.return_all_to_quorum(cx, resource);
            self.touch(resource);
            return;
        }
        let unacked = core::mem::take(&mut queue.unacked);
        for (place, unacked) in unacked {
            queue.put(place, unacked.held);
        }
        let is_stream = queue.is_stream();
        let transient = queue.ready.iter().filter(|(_, held)| !held.message.is_persistent() && !is_stream);
        let transient: Vec<Place> = transient.map(|(place, _)| *place).collect();
        if crashed {
            queue.unmarked.clear();
        } else {
            for place in &transient {
                if queue.ready.get(place).is_some_and(|held| !held.redelivered) {
                    queue.unmarked.get_or_insert_with(place.rank, || place.sequence);
                }
            }
        }
        queue.ready.values_mut().for_each(|held| held.is_from_disk = true);
        if crashed {
            queue.ready.values_mut().for_each(|held| held.redelivered = true);
        }
        for place in transient {
            self.lose(cx, resource, place, LossReason::Transient, None);
        }
        if let Some(queue) = self.queue_mut(resource) {
            queue.armed_ms = None;
        }
        self.arm(resource);
    }

    /// A transient exchange goes with its bindings. An auto-delete exchange that led to it only stays: nothing unbinds here.
    fn forget_exchange(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        let gone = Destination::Exchange(resource.name.clone());
        let Some(vhost) = self.vhosts.get_mut(&resource.vhost) else { return };
        vhost.exchanges.remove(&resource.name);
        let sources = vhost.exchanges.values_mut().filter(|exchange: &&mut Rc<Exchange>| exchange.leads_to(&gone));
        for source in sources {
            Rc::make_mut(source).unbind_all(&gone);
        }
        cx.event(Event::ExchangeDeleted { exchange: resource.clone() }, None);
    }

    /// Tells what a start found.
    pub(super) fn recover(&mut self, cx: &mut Cx<'_>, started: u32) {
        let queues = self.vhosts.values().flat_map(|vhost| vhost.queues.values());
        let queues: Vec<Resource> = queues.map(|queue| queue.resource.clone()).collect();
        let all = queues.clone();
        for resource in queues {
            let Some(queue) = self.queue_mut(&resource) else { continue };
            for held in queue.ready.values_mut() {
                let message = held.message.id;
                held.last_event = cx.event(Event::Recovered { message, queue: resource.clone() }, Some(started));
            }
            self.restart_expiry(cx, &resource);
        }
        for resource in all {
            self.send_letters(cx, &resource);
        }
    }
}
