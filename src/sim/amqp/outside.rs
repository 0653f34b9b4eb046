//! What only whoever has real sockets tells the broker: bytes that are no AMQP, an operator's close, a socket that is full.

use alloc::vec::Vec;

use super::broker::{Broker, Cx};
use super::event::{ChannelRef, ConnectionId, RequeueReason};
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
