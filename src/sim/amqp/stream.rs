//! Streams (RabbitMQ documentation, "Streams") on a single node, read over AMQP 0-9-1: a log that consumers read from an offset on, each by
//! itself. Reading takes nothing away; an acknowledgement is the credit for one more.
//!
//! A message's offset is its place. RabbitMQ writes messages that come together as one chunk, and `last`, a timestamp and an interval find
//! chunks; here each message is a chunk of its own, as it is when messages come one by one. What the limits of a stream drop, RabbitMQ
//! drops by whole segments of half a gigabyte: nothing is dropped here.

use alloc::format;
use alloc::rc::Rc;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Reverse;

use super::broker::{Broker, Cx};
use super::channel::{Connection, Delivery};
use super::error::{self, Refusal};
use super::event::{ChannelRef, ConnectionId, Event, Resource};
use super::message::{Held, Message, Place};
use super::method::{BasicConsume, BasicDeliver};
use super::publish::with_content;
use super::queue::Queue;
use super::value::{Table, Value};
use crate::sorted::{SortedMap, sort_by};

/// How old a message is before `queue.declare-ok` counts it.
const STATISTICS_MS: u64 = 5_000;

/// Where a consumer begins to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    First,
    Last,
    Next,
    Offset(u64),
    /// What was written from this moment on, in ms since 1970.
    Moment(i64),
    /// What was written in the last so many ms.
    Interval(i64),
}

/// Checks the argument `x-stream-offset`, whatever the type of the queue is.
pub(super) fn check_offset(queue: &Resource, arguments: &Table) -> Result<(), Refusal> {
    begin(queue, arguments).map(drop)
}

fn begin(queue: &Resource, arguments: &Table) -> Result<Begin, Refusal> {
    let Some(value) = arguments.get("x-stream-offset") else { return Ok(Begin::Next) };
    if let Some(offset) = value.as_int() {
        return Ok(Begin::Offset(u64::try_from(offset).unwrap_or(0)));
    }
    let text = match value {
        Value::Timestamp(seconds) => {
            return Ok(Begin::Moment(i64::try_from(*seconds).unwrap_or(i64::MAX).saturating_mul(1000)));
        }
        Value::LongStr(text) => text,
        // RabbitMQ stumbles over what is none of these.
        _other => return Err(error::internal_error()),
    };
    match &text[..] {
        b"first" => return Ok(Begin::First),
        b"last" => return Ok(Begin::Last),
        b"next" => return Ok(Begin::Next),
        _interval => {}
    }
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return Err(error::internal_error());
    }
    let number = text[..digits].iter().fold(0_i64, |n, d| n.saturating_mul(10).saturating_add(i64::from(d - b'0')));
    let unit = match &text[digits..] {
        b"s" => 1000,
        b"m" => 60_000,
        b"h" => 3_600_000,
        b"D" => 86_400_000,
        b"M" => 2_592_000_000,
        b"Y" => 31_536_000_000,
        _unknown => 0,
    };
    match number.saturating_mul(unit) {
        0 => {
            let reason: String = format!("{{invalid_stream_offset_arg,{{longstr,<<\"{}\">>}}}}", text.text());
            Err(error::invalid_argument("x-stream-offset", queue, &reason))
        }
        ms => Ok(Begin::Interval(ms)),
    }
}

impl Queue {
    /// How many messages a stream ever took: the offset of its next one.
    fn stream_end(&self) -> u64 {
        self.last_sequence
    }

    /// How many messages a stream tells that it holds: its figure comes from its statistics, which are made every five seconds.
    pub(super) fn stream_count(&self, now_ms: u64) -> u32 {
        self.ready.values().take_while(|held| held.enqueued_ms + STATISTICS_MS <= now_ms).count() as u32
    }

    /// What a consumer of a stream reads next, if it is there yet.
    fn readable(&self, id: u32) -> Option<Place> {
        let next = self.consumers.get(&id)?.next_offset;
        (next < self.stream_end()).then_some(Place { rank: u8::MAX, sequence: next + 1 })
    }

    /// Parts the consumers of a stream into those that can read on and those that cannot.
    pub(super) fn part_readers(&mut self, connections: &SortedMap<ConnectionId, Rc<Connection>>) {
        let all: Vec<u32> = self.ring.iter().chain(self.blocked.iter()).copied().collect();
        let can_read = |id: &u32| {
            let Some(consumer) = self.consumers.get(id) else { return false };
            let is_open =
                connections.get(&consumer.at.channel.connection).is_some_and(|connection| !connection.stalled);
            is_open && !consumer.is_full() && self.readable(*id).is_some()
        };
        let (mut ring, blocked): (Vec<u32>, Vec<u32>) = all.into_iter().partition(can_read);
        // A channel goes through its readers from the last tag to the first.
        let turn = |id: &u32| self.consumers.get(id).map(|one| (one.next_offset, one.at.channel, Reverse(&one.at.tag)));
        sort_by(&mut ring, |a, b| turn(a).cmp(&turn(b)));
        self.ring = ring;
        self.blocked = blocked;
    }
}

impl Broker {
    /// Whether a stream lets itself be consumed so, and the offset at which the consumer begins.
    pub(super) fn begin_stream(
        &self,
        cx: &Cx<'_>,
        at: ChannelRef,
        method: &BasicConsume,
        queue: &Queue,
    ) -> Result<u64, Refusal> {
        let resource = &queue.resource;
        if self.channel(at).is_none_or(|channel| channel.prefetch_count == 0) {
            return Err(error::stream_prefetch(resource));
        }
        if method.no_ack {
            return Err(error::not_for_streams("automatic acknowledgement", resource));
        }
        if self.channel(at).is_some_and(|channel| channel.limiter.prefetch_count != 0) {
            return Err(error::global_qos(resource));
        }
        let now_ms = i64::try_from(self.epoch_ms + cx.now_ms).unwrap_or(i64::MAX);
        let since = |ms: i64| {
            let is_older = |held: &&Held| i64::try_from(self.epoch_ms + held.enqueued_ms).unwrap_or(i64::MAX) < ms;
            queue.ready.values().take_while(is_older).count() as u64
        };
        Ok(match begin(resource, &method.arguments)? {
            Begin::First => 0,
            Begin::Last => queue.stream_end().saturating_sub(1),
            Begin::Next => queue.stream_end(),
            Begin::Offset(offset) => offset,
            Begin::Moment(ms) => since(ms),
            Begin::Interval(ms) => since(now_ms.saturating_sub(ms)),
        })
    }

    /// Lets the reader whose turn it is read one message.
    pub(super) fn deliver_stream(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        let Some(queue) = self.queue_mut(resource) else { return };
        let Some(id) = queue.turn() else { return };
        let Some(place) = queue.readable(id) else { return };
        let (Some(held), Some(consumer)) = (queue.ready.get(&place).cloned(), queue.consumers.get_mut(&id)) else {
            return;
        };
        let offset = consumer.next_offset;
        consumer.next_offset += 1;
        consumer.delivered += 1;
        consumer.in_flight += 1;
        let (at, queue_id) = (consumer.at.clone(), queue.id);
        queue.rotate(id);
        let Some(channel) = self.channel_to_its_end(at.channel) else { panic!("a reader in the ring has no channel") };
        let is_heard = !channel.closing;
        let delivery_tag = channel.next_tag();
        let delivery = Delivery { queue: queue_id, name: resource.name.clone(), place, consumer: Some(id) };
        channel.unacked.insert(delivery_tag, delivery);
        let message = &held.message;
        let (queue, consumer) = (resource.clone(), at.clone());
        let delivered =
            Event::Delivered { message: message.id, queue, consumer, delivery_tag, redelivered: false, no_ack: false };
        let event = cx.event(delivered, Some(held.last_event));
        let (exchange, routing_key) = (message.exchange.clone(), message.routing_key.clone());
        let deliver = BasicDeliver { consumer_tag: at.tag, delivery_tag, redelivered: false, exchange, routing_key };
        if is_heard {
            cx.send(at.channel, with_content(deliver, &at_offset(message, offset)), Some(event));
        }
        self.touch(resource);
    }
}

/// The message as a stream hands it out: with its offset, and without what AMQP 1.0, as which it is kept, has no place for
/// (`rabbit_msg_record`).
fn at_offset(message: &Message, offset: u64) -> Message {
    let mut message = message.clone();
    message.properties.cluster_id = None;
    let headers: &mut Table = message.properties.headers.get_or_insert_default();
    headers.0.retain(|(_, value)| !matches!(value, Value::Array(_) | Value::Table(_)));
    headers.set("x-stream-offset", Value::I64(offset as i64));
    sort_by(&mut headers.0, |(a, _), (b, _)| a.cmp(b));
    message
}
