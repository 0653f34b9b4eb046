//! Direct reply-to (RabbitMQ documentation, "Direct Reply-to"): answers go straight to the channel that asked, through no queue.

use super::broker::{Broker, Cx};
use super::error::{self, Refusal};
use super::event::{ChannelRef, ConsumerRef, Event, Resource};
use super::exchange::REPLY_PREFIX;
use super::message::Message;
use super::method::BasicDeliver;
use super::publish::with_content;
use super::queues::REPLY_QUEUE;
use crate::bytes::{BASE64URL, Bytes};
use alloc::vec::Vec;

/// What follows the prefix in the address of a channel: the base64 of an Erlang process (external term format, NEW_PID_EXT)
/// and, after a dot, of 128 bits that nobody can guess. RabbitMQ makes the process up as well: its node is `reply@` and a number.
pub(super) fn suffix(at: ChannelRef, made_up_name: &[u8]) -> Bytes {
    let mut process = [0; 30];
    process[..18].copy_from_slice(b"\x83Xv\x00\x0dreply@1000000");
    process[18..22].copy_from_slice(&at.connection.0.to_be_bytes());
    process[24..26].copy_from_slice(&at.channel.to_be_bytes());
    let mut suffix = Vec::with_capacity(65);
    for group in process.chunks_exact(3) {
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        suffix.extend([18, 12, 6, 0].map(|shift| plain(BASE64URL[(bits >> shift) as usize & 63])));
    }
    suffix.push(b'.');
    suffix.extend(made_up_name.iter().copied().map(plain));
    suffix.extend(b"==");
    Bytes::from(suffix)
}

/// A digit of plain base64 for one of base64url.
fn plain(digit: u8) -> u8 {
    match digit {
        b'-' => b'+',
        b'_' => b'/',
        digit => digit,
    }
}

impl Broker {
    /// What a request of this channel carries as its `reply_to`.
    pub(super) fn reply_address(&self, at: ChannelRef) -> Result<Bytes, Refusal> {
        let consumer = self.channel(at).and_then(|channel| channel.reply_consumer.as_ref());
        let consumer = consumer.ok_or_else(error::reply_consumer_missing)?;
        Ok(Bytes::from([REPLY_PREFIX, &consumer.suffix].concat()))
    }

    /// The channel behind an address.
    pub(super) fn reply_consumer(&self, address: &Bytes) -> Option<ConsumerRef> {
        let suffix = address.strip_prefix(REPLY_PREFIX)?;
        for connection in self.connections.values() {
            for (number, channel) in &connection.channels {
                if let Some(consumer) = channel.reply_consumer.as_ref().filter(|consumer| *consumer.suffix == *suffix) {
                    return Some(ConsumerRef { channel: connection.at(*number), tag: consumer.tag.clone() });
                }
            }
        }
        None
    }

    /// Sends an answer to whoever asked, if it is still there.
    pub(super) fn deliver_reply(&mut self, cx: &mut Cx<'_>, address: &Bytes, message: &Message, cause: u32) {
        let Some(consumer) = self.reply_consumer(address) else { return };
        let Some(channel) = self.channel_mut(consumer.channel) else { return };
        // A reply shows the tag that the next delivery of a queue will have, and does not use it up.
        let delivery_tag = channel.last_delivery_tag + 1;
        let vhost = self.connections.get(&consumer.channel.connection).map(|connection| connection.vhost.clone());
        let queue = Resource { vhost: vhost.unwrap_or_default(), name: Bytes::from(REPLY_QUEUE) };
        let (redelivered, no_ack) = (false, true);
        let (id, to) = (message.id, consumer.clone());
        let delivered = Event::Delivered { message: id, queue, consumer: to, delivery_tag, redelivered, no_ack };
        let event = cx.event(delivered, Some(cause));
        let (exchange, routing_key) = (message.exchange.clone(), message.routing_key.clone());
        let deliver = BasicDeliver { consumer_tag: consumer.tag, delivery_tag, redelivered, exchange, routing_key };
        cx.send(consumer.channel, with_content(deliver, message), Some(event));
    }
}
