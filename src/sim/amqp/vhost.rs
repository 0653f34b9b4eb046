//! Virtual hosts: made and deleted while the broker runs.

use alloc::vec::Vec;

use super::broker::{Broker, Cx};
use super::error::{self, Refusal};
use super::event::{ConnectionId, Event, QueueDeleteReason, RequeueReason, Resource};
use super::limits;
use crate::bytes::Bytes;

impl Broker {
    /// Makes a virtual host with the predeclared exchanges; false when it is there already.
    ///
    /// # Errors
    /// There are as many as this broker holds.
    pub fn create_vhost(&mut self, cx: &mut Cx<'_>, name: &Bytes) -> Result<bool, Refusal> {
        if self.vhosts.contains_key(name) {
            return Ok(false);
        }
        if self.vhosts.len() >= limits::VHOSTS_MAX {
            return Err(error::resource_limit("virtual hosts", limits::VHOSTS_MAX as u64));
        }
        self.add_vhost(name.clone());
        cx.event(Event::VhostCreated { vhost: name.clone() }, None);
        Ok(true)
    }

    /// Says what a virtual host is for.
    pub fn describe_vhost(&mut self, name: &Bytes, description: Bytes, tags: Vec<Bytes>) {
        if let Some(vhost) = self.vhosts.get_mut(name) {
            vhost.description = description;
            vhost.tags = tags;
        }
    }

    /// Deletes a virtual host with everything in it; false when it is not there. Its queues go first, then its exchanges, then its
    /// connections are closed.
    pub fn delete_vhost(&mut self, cx: &mut Cx<'_>, name: &Bytes) -> bool {
        let Some(vhost) = self.vhosts.get(name) else { return false };
        let queues: Vec<Resource> = vhost.queues.values().map(|queue| queue.resource.clone()).collect();
        let event = cx.event(Event::VhostDeleted { vhost: name.clone() }, None);
        for queue in queues {
            self.delete_queue(cx, &queue, QueueDeleteReason::Asked, Some(event));
        }
        let exchanges = self.vhosts.get(name).map(|vhost| vhost.exchanges.values());
        let exchanges: Vec<Resource> =
            exchanges.into_iter().flatten().map(|exchange| exchange.resource.clone()).collect();
        for exchange in exchanges {
            self.delete_exchange(cx, &exchange, Some(event));
        }
        let Refusal { code, text, .. } = error::vhost_deleted(name);
        let connections: Vec<ConnectionId> =
            self.connections.values().filter(|connection| connection.vhost == *name).map(|c| c.id).collect();
        for id in connections {
            if !self.connection_mut(id).closing {
                self.close_connection(cx, id, code, text.clone(), (0, 0), RequeueReason::ConnectionClosed);
            }
        }
        self.vhosts.remove(name);
        true
    }
}
