//! What must be true of the broker after every step, whatever was done to it.

use crate::sorted::SortedSet;
use alloc::{format, string::String};

use super::broker::Broker;
use super::event::ChannelRef;
use super::queue::Queue;

macro_rules! ensure {
    ($condition:expr, $($text:tt)*) => {
        if !$condition {
            return Err(format!($($text)*));
        }
    };
}

impl Broker {
    /// States the invariants; the error says which one is broken.
    pub fn check(&self) -> Result<(), String> {
        let (mut copies, mut bytes) = (0, 0);
        for vhost in self.vhosts.values() {
            for queue in vhost.queues.values() {
                self.check_queue(queue)?;
                copies += (queue.ready.len() + queue.unacked.len()) as u64 + queue.letters.len();
                let unacked = queue.unacked.values().map(|unacked| unacked.held.message.body.len() as u64);
                bytes += queue.ready_bytes + unacked.sum::<u64>() + queue.letters.bytes;
            }
            for (name, exchange) in &vhost.exchanges {
                ensure!(*name == exchange.resource.name, "exchange {name} is filed under another name");
                let count: usize = exchange.bindings.values().map(|group| group.len()).sum();
                ensure!(count as u64 == exchange.binding_count, "exchange {name} counts its bindings wrongly");
                let by_key = exchange.bindings.keys().map(|filed| (filed.destination.clone(), filed.key.clone()));
                let both = by_key.collect::<SortedSet<_>>() == exchange.by_destination;
                ensure!(both, "exchange {name} files its bindings differently by key and by destination");
                for (key, binding) in
                    exchange.bindings.iter().flat_map(|(key, group)| group.iter().map(move |b| (key, b)))
                {
                    ensure!(
                        key.key == binding.key && key.destination == binding.destination,
                        "a binding of {name} is filed under another key"
                    );
                    let to = binding.destination.name();
                    let is_there = match binding.destination.is_exchange() {
                        true => vhost.exchanges.contains_key(to),
                        false => vhost.queues.contains_key(to),
                    };
                    ensure!(is_there, "a binding of {name} leads to {to}, which is gone");
                }
            }
        }
        let tally = &self.tally;
        ensure!(self.copies() == copies, "{tally:?} leaves {} copies, there are {copies}", self.copies());
        ensure!(tally.bytes == bytes, "{tally:?}, but the bodies there are have {bytes} bytes");
        ensure!(self.running || self.connections.is_empty(), "a broker that is down has connections");
        self.check_channels()?;
        self.check_lists()
    }

    fn check_queue(&self, queue: &Queue) -> Result<(), String> {
        let name = &queue.resource.name;
        let bytes: u64 = queue.ready.values().map(|held| held.message.body.len() as u64).sum();
        ensure!(bytes == queue.ready_bytes, "queue {name} counts its ready bytes wrongly");
        let letters: u64 = queue.letters.all().map(|dead| dead.held.message.body.len() as u64).sum();
        ensure!(letters == queue.letters.bytes, "queue {name} counts the bytes of its letters wrongly");
        ensure!(queue.letters.is_empty() || queue.settings.at_least_once, "queue {name} keeps letters");
        ensure!(!queue.letters.is_sending, "queue {name} has left off in the middle of its letters");
        let last = queue.ready.keys().chain(queue.unacked.keys()).map(|place| place.sequence).max();
        ensure!(last.unwrap_or(0) <= queue.last_sequence, "queue {name} gave out a place twice");
        for (place, unacked) in &queue.unacked {
            ensure!(!queue.ready.contains_key(place), "a copy in {name} is both ready and unacked");
            let delivery = self.delivery(unacked.channel, unacked.delivery_tag);
            let delivery = delivery.filter(|delivery| delivery.queue == queue.id && delivery.place == *place);
            ensure!(delivery.is_some(), "an unacked copy in {name} belongs to no live channel");
        }
        let ring: SortedSet<u32> = queue.ring.iter().chain(&queue.blocked).copied().collect();
        ensure!(ring.len() == queue.ring.len() + queue.blocked.len(), "a consumer of {name} waits in two lines");
        ensure!(ring.iter().eq(queue.consumers.keys()), "the lines of {name} are not its consumers");
        for (id, consumer) in &queue.consumers {
            let channel = self.channel(consumer.at.channel);
            let known = channel.and_then(|channel| channel.consumers.get(&consumer.at.tag));
            let known = known.is_some_and(|consuming| consuming.id == *id && consuming.queue == *name);
            ensure!(known, "consumer {} of {name} has no channel", consumer.at.tag);
            let held = queue.unacked.values().filter(|unacked| unacked.consumer == Some(*id)).count() as u64;
            ensure!(
                held == consumer.in_flight || queue.is_stream(),
                "consumer {} of {name} counts wrongly",
                consumer.at.tag
            );
            let limit = u64::from(consumer.prefetch_count);
            let within = consumer.no_ack || limit == 0 || consumer.in_flight <= limit;
            ensure!(within, "consumer {} of {name} has more than its prefetch", consumer.at.tag);
        }
        ensure!(
            queue.holder.is_none_or(|id| queue.consumers.contains_key(&id)),
            "{name} is held by a consumer that left"
        );
        let owner = queue.exclusive.is_none_or(|owner| self.connections.contains_key(&owner));
        ensure!(owner, "exclusive queue {name} outlives its connection");
        let is_due = !queue.ready.is_empty() && queue.turn().is_some();
        ensure!(queue.is_due == is_due, "queue {name} can deliver and is not listed, or the other way round");
        Ok(())
    }

    fn check_channels(&self) -> Result<(), String> {
        for connection in self.connections.values() {
            ensure!(!connection.closing || connection.channels.is_empty(), "a closing connection has channels");
            for (number, channel) in &connection.channels {
                let at = connection.at(*number);
                let idle = channel.consumers.is_empty() && channel.unacked.is_empty();
                ensure!(!channel.closing || idle, "a closing channel still consumes: {at:?}");
                for (tag, delivery) in &channel.unacked {
                    ensure!(*tag <= channel.last_delivery_tag, "a tag that was never given out: {tag} on {at:?}");
                    let queue = self.queue_at(&self.resource(at.connection, &delivery.name));
                    let Some(queue) = queue.filter(|queue| queue.id == delivery.queue) else { continue };
                    if queue.is_stream() {
                        ensure!(
                            queue.ready.contains_key(&delivery.place),
                            "tag {tag} on {at:?} stands for nothing in its stream"
                        );
                        continue;
                    }
                    let unacked = queue.unacked.get(&delivery.place);
                    let known = unacked.is_some_and(|unacked| unacked.channel == at && unacked.delivery_tag == *tag);
                    ensure!(known, "tag {tag} on {at:?} stands for a copy that is not unacked");
                }
                for (tag, consuming) in &channel.consumers {
                    let queue = self.queue_at(&self.resource(at.connection, &consuming.queue));
                    let known = queue.is_some_and(|queue| queue.consumers.contains_key(&consuming.id));
                    ensure!(known, "consumer {tag} on {at:?} has no queue");
                }
            }
        }
        Ok(())
    }

    fn check_lists(&self) -> Result<(), String> {
        let listed: SortedSet<_> = self.due.iter().collect();
        ensure!(listed.len() == self.due.len(), "a queue is listed twice as due");
        for resource in &self.due {
            ensure!(self.queue_at(resource).is_some_and(|queue| queue.is_due), "{} is listed as due", resource.name);
        }
        let queues = self.vhosts.values().flat_map(|vhost| vhost.queues.values());
        let (mut due, mut timed) = (0, 0);
        for queue in queues {
            due += usize::from(queue.is_due);
            timed += usize::from(queue.timer_ms.is_some());
            let at_ms = queue.due_ms();
            ensure!(queue.timer_ms == at_ms, "queue {} is listed for the wrong time", queue.resource.name);
            let listed = at_ms.is_none_or(|at_ms| self.timers.contains(&(at_ms, queue.resource.clone())));
            ensure!(listed, "queue {} is not listed for the clock", queue.resource.name);
        }
        ensure!(due == self.due.len() && timed == self.timers.len(), "the lists hold queues that are gone");
        Ok(())
    }

    fn delivery(&self, at: ChannelRef, tag: u64) -> Option<&super::channel::Delivery> {
        let channel = self.channel(at)?;
        let pending = channel.transaction.iter().flat_map(|transaction| &transaction.settlements);
        channel.unacked.get(&tag).or_else(|| pending.into_iter().find(|row| row.0 == tag).map(|row| &row.1))
    }
}
