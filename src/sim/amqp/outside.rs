//! What only whoever has real sockets tells the broker: bytes that are no AMQP, an operator's close, a socket that is full.

use alloc::{rc::Rc, vec::Vec};

use super::broker::{Broker, Cx};
use super::error::Refusal;
use super::event::{ChannelRef, ConnectionId, MessageId, RequeueReason, Resource};
use super::exchange::route;
use super::message::Message;
use super::method::{Content, Method};
use crate::bytes::Bytes;

impl Broker {
    /// Closes a connection with `connection.close`, unless that was said already. `method` are the numbers of the method that is
    /// to blame, or zeros.
    pub fn close_from_outside(
        &mut self,
        cx: &mut Cx<'_>,
        id: ConnectionId,
        reply_code: u16,
        reply_text: Bytes,
        method: (u16, u16),
    ) {
        if self.connections.get(&id).is_some_and(|connection| !connection.closing) {
            self.close_connection(cx, id, reply_code, reply_text, method, RequeueReason::ConnectionClosed);
        }
    }

    /// Refuses a method for a reason that the broker does not know of, such as what a user may not do. A channel that is not open is
    /// told nothing.
    pub fn refuse_from_outside(&mut self, cx: &mut Cx<'_>, at: ChannelRef, method: Method, refusal: Refusal) {
        if self.channel(at).is_some() {
            self.refuse(cx, at, method, refusal);
        }
    }

    /// The queue that a name of a method stands for: the empty one is the last that the channel declared.
    pub fn meant_queue(&self, at: ChannelRef, name: &Bytes) -> Option<Resource> {
        self.named_queue(at, name).ok()
    }

    /// Publishes what the server itself has to say, to any exchange.
    pub fn publish_from_outside(&mut self, cx: &mut Cx<'_>, exchange: &Resource, routing_key: Bytes, content: Content) {
        let message = Message {
            id: cx.message.unwrap_or(MessageId(self.last_message + 1)),
            exchange: exchange.name.clone(),
            routing_key,
            more_keys: Vec::new(),
            properties: content.properties,
            body: content.body,
            published_ms: cx.now_ms,
            publisher: ChannelRef { connection: ConnectionId(0), channel: 0 },
        };
        self.last_message = self.last_message.max(message.id.0);
        let Some(vhost) = self.vhosts.get(&exchange.vhost) else { return };
        let Some(start) = vhost.exchanges.get(&exchange.name) else { return };
        let mut route = route(&vhost.exchanges, &vhost.queues, start, &message);
        let routed = cx.event(route.event(exchange.clone(), &message), None);
        let message = Rc::new(message);
        for name in route.queues {
            let queue = Resource { vhost: exchange.vhost.clone(), name };
            if self.copies() < self.limits.copies {
                self.enqueue(cx, &queue, &message, None, routed);
            }
        }
    }

    /// Says whether the socket of a connection is full. A full one gets no deliveries: RabbitMQ's queues wait in the same way for
    /// the writer of a channel, after 200 messages that it has not put into the socket.
    pub fn set_stalled(&mut self, id: ConnectionId, stalled: bool) {
        if self.connections.get(&id).is_none_or(|connection| connection.stalled == stalled || connection.closing) {
            return;
        }
        let connection = self.connection_mut(id);
        connection.stalled = stalled;
        let channels: Vec<u16> = connection.channels.keys().copied().collect();
        for channel in channels {
            let at = ChannelRef { connection: id, channel };
            for resource in self.consumed_queues(at) {
                if let Some(queue) = self.queue_mut(&resource).filter(|_| !stalled) {
                    queue.unblock(at);
                }
                self.touch(&resource);
            }
        }
    }
}
