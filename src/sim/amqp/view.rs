//! What can be read from the broker, as plain data: for pages, scripts and tests. Nothing here decides anything.

use alloc::{rc::Rc, vec::Vec};

use super::broker::{Broker, DEFAULT_VHOST, Tally, Vhost};
use super::channel::Connection;
use super::event::{ConnectionId, Resource};
use super::exchange::{Binding, Exchange};
use super::message::Held;
use super::queue::{Queue, Unacked};
use crate::bytes::Bytes;

/// Why a consumer gets nothing at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WaitReason {
    /// It does not wait: the next message is its own.
    Next,
    /// The queue has no ready message.
    NothingReady,
    /// It has as many unacknowledged messages as its prefetch allows.
    PrefetchFull {
        /// Unacknowledged now.
        unacked: u64,
        /// `prefetch_count`.
        prefetch_count: u16,
    },
    /// Its channel has as many unacknowledged messages as its shared limit allows.
    ChannelFull {
        /// Counted against the limit now.
        unacked: u64,
        /// `prefetch_count` with `global`.
        prefetch_count: u16,
    },
    /// Others come before it in the ring.
    AnothersTurn {
        /// How many.
        ahead: u32,
    },
    /// The queue has a single active consumer, another one.
    NotActive,
    /// A consumer of a higher priority can take the message.
    HigherPriority,
}

impl Broker {
    /// Virtual hosts by name.
    pub fn vhosts(&self) -> impl Iterator<Item = (&Bytes, &Vhost)> {
        self.vhosts.iter()
    }

    /// Exchanges of all virtual hosts, by name within each.
    pub fn exchanges(&self) -> impl Iterator<Item = &Exchange> {
        self.vhosts.values().flat_map(|vhost| vhost.exchanges.values()).map(Rc::as_ref)
    }

    /// Queues of all virtual hosts, by name within each.
    pub fn queues(&self) -> impl Iterator<Item = &Queue> {
        self.vhosts.values().flat_map(|vhost| vhost.queues.values()).map(Rc::as_ref)
    }

    /// A queue of the virtual host `/`.
    pub fn queue(&self, name: &Bytes) -> Option<&Queue> {
        self.vhosts.get(DEFAULT_VHOST.as_bytes())?.queues.get(name).map(Rc::as_ref)
    }

    /// A queue by virtual host and name.
    pub fn find_queue(&self, resource: &Resource) -> Option<&Queue> {
        self.queue_at(resource)
    }

    /// An exchange by name.
    pub fn find_exchange(&self, resource: &Resource) -> Option<&Exchange> {
        self.exchange(resource)
    }

    /// Connections by number, those included that only wait for their `close-ok`.
    pub fn connections(&self) -> impl Iterator<Item = &Connection> {
        self.connections.values().map(Rc::as_ref)
    }

    /// A connection by number.
    pub fn find_connection(&self, id: ConnectionId) -> Option<&Connection> {
        self.connections.get(&id).map(Rc::as_ref)
    }

    /// Where all copies went so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// The consumers of a queue in the order of their turns, those that may take nothing last, with why each waits.
    pub fn waiting(&self, queue: &Queue) -> Vec<(u32, WaitReason)> {
        let order = queue.ring.iter().chain(&queue.blocked).copied();
        order.enumerate().map(|(at, id)| (id, self.wait_reason(queue, id, at as u32))).collect()
    }

    fn wait_reason(&self, queue: &Queue, id: u32, ahead: u32) -> WaitReason {
        let Some(consumer) = queue.consumers.get(&id) else { return WaitReason::NothingReady };
        let limiter = self.channel(consumer.at.channel).map(|channel| channel.limiter.clone()).unwrap_or_default();
        if consumer.is_full() {
            WaitReason::PrefetchFull { unacked: consumer.in_flight, prefetch_count: consumer.prefetch_count }
        } else if limiter.is_reached() && !queue.is_quorum() {
            WaitReason::ChannelFull { unacked: limiter.volume, prefetch_count: limiter.prefetch_count }
        } else if queue.settings.single_active_consumer && queue.holder != Some(id) {
            WaitReason::NotActive
        } else if queue.ready.is_empty() {
            WaitReason::NothingReady
        } else if queue.turn() == Some(id) {
            WaitReason::Next
        } else if queue
            .turn()
            .and_then(|first| queue.consumers.get(&first))
            .is_some_and(|c| c.priority > consumer.priority)
        {
            WaitReason::HigherPriority
        } else {
            WaitReason::AnothersTurn { ahead }
        }
    }
}

impl Queue {
    /// The ready copies, the head first.
    pub fn ready(&self) -> impl Iterator<Item = &Held> {
        self.ready.values()
    }

    /// The unacknowledged copies, in the order of their places.
    pub fn unacked(&self) -> impl Iterator<Item = &Unacked> {
        self.unacked.values()
    }
}

impl Exchange {
    /// The bindings that start here, by binding key.
    pub fn all_bindings(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.values().flatten()
    }
}
