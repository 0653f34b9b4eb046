//! Dead letters at least once (RabbitMQ documentation, "Quorum Queues", "Dead Lettering"): a quorum queue with
//! `x-dead-letter-strategy=at-least-once` keeps a dead letter until every queue that it is for has taken it.
//!
//! A letter that waits is in sight of nobody, but counts for the limits of length. So many letters at a time are in hand; those
//! that no queue takes are tried again when the clock comes round, and when a policy changes (`rabbit_fifo_dlx`, `rabbit_fifo_dlx_worker`).

use crate::sorted::SortedMap;
use alloc::{collections::VecDeque, rc::Rc, vec::Vec};

use super::broker::{Broker, Cx};
use super::dead_letter::letter;
use super::event::{ChannelRef, Event, LossReason, Resource};
use super::message::{Held, Message};
use super::queue::Queue;
use super::value::Value;
use crate::bytes::Bytes;

/// Letters in hand at most (`dead_letter_worker_consumer_prefetch`).
const IN_HAND_MAX: usize = 32;
/// After what time a letter that was not taken is tried again, in ms (`dead_letter_worker_publisher_confirm_timeout`).
const RETRY_MS: u64 = 180_000;

/// Who publishes to a quorum queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Publisher {
    /// A channel.
    Channel(ChannelRef),
    /// The queue of this name, with its dead letters.
    Letters(Bytes),
}

/// The dead letters that a quorum queue keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Letters {
    /// Those that are tried, by the number of their first try.
    pub in_hand: SortedMap<u64, Letter>,
    /// Those that wait until there is a hand free, in the order in which they died.
    pub waiting: VecDeque<Dead>,
    /// The last number given out.
    pub last: u64,
    /// Body bytes of all of them.
    pub bytes: u64,
    /// When those in hand are tried again, in virtual ms.
    pub retry_ms: Option<u64>,
    /// Whether they are being sent at this moment: a letter may come to the queue that sends it.
    pub is_sending: bool,
}

/// What died, and of what.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Dead {
    /// The copy.
    pub held: Held,
    /// Why it left its queue.
    pub reason: LossReason,
    /// The event that tells so.
    pub event: u32,
}

/// A letter in hand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Letter {
    /// What it comes from.
    pub dead: Dead,
    /// The message as it is sent.
    pub message: Rc<Message>,
    /// Queues that have taken it.
    pub taken_by: Vec<Bytes>,
    /// When a queue was last asked to take it, in virtual ms.
    pub sent_ms: Option<u64>,
}

impl Letters {
    /// How many there are.
    pub fn len(&self) -> u64 {
        (self.in_hand.len() + self.waiting.len()) as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All that died and is kept.
    pub fn all(&self) -> impl Iterator<Item = &Dead> {
        self.in_hand.values().map(|letter| &letter.dead).chain(&self.waiting)
    }

    fn set_timer(&mut self, now_ms: u64) {
        self.retry_ms = match (self.in_hand.is_empty(), self.retry_ms) {
            (true, _) => None,
            (false, set) => set.or(Some(now_ms + RETRY_MS)),
        };
    }
}

impl Broker {
    /// Keeps a dead letter; it is sent by [`Broker::send_letters`].
    pub(super) fn keep_letter(
        &mut self,
        cx: &mut Cx<'_>,
        resource: &Resource,
        held: &Held,
        reason: LossReason,
        cause: Option<u32>,
    ) {
        let Some(queue) = self.queue_mut(resource) else { return };
        let exchange = queue.settings.dead_letter_exchange.clone().unwrap_or_default();
        let (message, queue_name) = (held.message.id, resource.clone());
        let event = cx.event(Event::DeadLettered { message, queue: queue_name, exchange, reason }, cause);
        queue.letters.bytes += held.message.body.len() as u64;
        queue.letters.waiting.push_back(Dead { held: held.clone(), reason, event });
    }

    /// Sends what waits, as far as there are hands free.
    pub(super) fn send_letters(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        let now = self.epoch_ms + cx.now_ms;
        let running = self.running;
        let Some(queue) = self.queue_mut(resource).filter(|queue| !queue.letters.waiting.is_empty()) else { return };
        if !running || core::mem::replace(&mut queue.letters.is_sending, true) {
            return;
        }
        while let Some(queue) = self.queue_mut(resource)
            && queue.letters.in_hand.len() < IN_HAND_MAX
            && let Some(dead) = queue.letters.waiting.pop_front()
        {
            let exchange = queue.settings.dead_letter_exchange.clone().unwrap_or_default();
            let key = queue.settings.dead_letter_routing_key.clone();
            let message = Rc::new(letter(&dead.held.message, resource, &exchange, key, dead.reason, now));
            queue.letters.last += 1;
            let number = queue.letters.last;
            queue.letters.in_hand.insert(number, Letter { dead, message, taken_by: Vec::new(), sent_ms: None });
            queue.letters.set_timer(cx.now_ms);
            self.touch(resource);
            self.send_letter(cx, resource, number, true);
        }
        if let Some(queue) = self.queue_mut(resource) {
            queue.letters.is_sending = false;
        }
        self.touch(resource);
    }

    /// Tries those again that no queue took, or not every one, a while ago.
    pub(super) fn retry_letters(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        let Some(queue) = self.queue_at(resource) else { return };
        let is_due = |letter: &Letter| letter.sent_ms.is_none_or(|sent_ms| sent_ms + RETRY_MS <= cx.now_ms);
        let due = queue.letters.in_hand.iter().filter(|(_, letter)| is_due(letter));
        let due: Vec<u64> = due.map(|(number, _)| *number).collect();
        for number in due {
            self.send_letter(cx, resource, number, false);
        }
        if let Some(queue) = self.queue_mut(resource) {
            queue.letters.set_timer(cx.now_ms);
        }
        self.touch(resource);
    }

    /// The clock has come round.
    pub(super) fn letters_are_due(&mut self, cx: &mut Cx<'_>, resource: &Resource) {
        if let Some(queue) = self.queue_mut(resource) {
            queue.letters.retry_ms = None;
        }
        self.retry_letters(cx, resource);
        self.send_letters(cx, resource);
    }

    fn send_letter(&mut self, cx: &mut Cx<'_>, resource: &Resource, number: u64, is_first: bool) {
        let Some(queue) = self.queue_mut(resource) else { return };
        let exchange = queue.settings.dead_letter_exchange.clone().unwrap_or_default();
        let key = queue.settings.dead_letter_routing_key.clone();
        let Some(one) = queue.letters.in_hand.get_mut(&number) else { return };
        if !is_first {
            one.message = Rc::new(readdressed(&one.message, &exchange, key));
        }
        let (message, reason, cause, taken_by) =
            (one.message.clone(), one.dead.reason, one.dead.event, one.taken_by.clone());
        let Some((routed, routes, circles)) = self.route_letter(cx, resource, &message, exchange, reason, cause) else {
            return;
        };
        if routes.is_empty() && circles.is_empty() && !taken_by.is_empty() {
            // Where it was to go as well is there no more.
            self.letter_is_taken(cx, resource, number);
            return;
        }
        let open = |name: &&Bytes| !taken_by.contains(name);
        let wanted: Vec<Bytes> = routes.iter().filter(open).cloned().collect();
        if wanted.is_empty() {
            return;
        }
        // Tried again, a letter is not done while it would go in a circle as well.
        let mut is_taken = is_first || circles.iter().all(|name| taken_by.contains(name));
        if let Some(one) = self.queue_mut(resource).and_then(|queue| queue.letters.in_hand.get_mut(&number)) {
            one.sent_ms = Some(cx.now_ms);
        }
        for name in wanted {
            let to = Resource { vhost: resource.vhost.clone(), name };
            let from = Publisher::Letters(resource.name.clone());
            let takes = self.enqueue(cx, &to, &message, Some(from), routed);
            is_taken &= takes;
            let Some(queue) = self.queue_mut(resource).filter(|_| takes) else { continue };
            if let Some(one) = queue.letters.in_hand.get_mut(&number) {
                one.taken_by.push(to.name);
            }
        }
        if is_taken {
            self.letter_is_taken(cx, resource, number);
        }
    }

    /// Every queue has it: it is gone from where it died.
    fn letter_is_taken(&mut self, cx: &mut Cx<'_>, resource: &Resource, number: u64) {
        let Some(queue) = self.queue_mut(resource) else { return };
        let Some(letter) = queue.letters.in_hand.remove(&number) else { return };
        let size = letter.dead.held.message.body.len() as u64;
        queue.letters.bytes -= size;
        queue.letters.set_timer(cx.now_ms);
        self.tally.dead_lettered += 1;
        self.tally.bytes -= size;
        self.touch(resource);
        self.tell_publishers(resource);
    }

    /// The queue no longer keeps its letters: they are gone.
    pub(super) fn drop_letters(&mut self, cx: &mut Cx<'_>, resource: &Resource, cause: u32) {
        let Some(queue) = self.queue_mut(resource) else { return };
        let letters = core::mem::take(&mut queue.letters);
        for Dead { held, reason, .. } in letters.all() {
            self.count_lost(held);
            cx.event(Event::Lost { message: held.message.id, queue: resource.clone(), reason: *reason }, Some(cause));
        }
        self.touch(resource);
    }
}

impl Queue {
    /// Whether what dies of this is kept.
    pub(super) fn keeps_letters(&self, reason: LossReason) -> bool {
        match reason {
            LossReason::Rejected | LossReason::Expired | LossReason::DeliveryLimit => self.settings.at_least_once,
            LossReason::MaxLength
            | LossReason::Purged
            | LossReason::QueueDeleted
            | LossReason::Transient
            | LossReason::QueueTransient => false,
        }
    }

    /// After a stop all letters are to be sent again, whoever had them.
    pub(super) fn take_letters_back(&mut self) {
        self.letters.retry_ms = None;
        for (_, letter) in core::mem::take(&mut self.letters.in_hand).into_iter().rev() {
            self.letters.waiting.push_front(letter.dead);
        }
    }
}

/// The letter as it is sent once more: with the keys it first had, as its last death tells them.
fn readdressed(message: &Message, exchange: &Bytes, key: Option<Bytes>) -> Message {
    let mut message = message.clone();
    message.exchange = exchange.clone();
    let mut keys = key.map_or_else(|| death_keys(&message), |key| Vec::from([key])).into_iter();
    if let Some(first) = keys.next() {
        message.routing_key = first;
        message.more_keys = keys.collect();
    }
    message
}

fn death_keys(message: &Message) -> Vec<Bytes> {
    let headers = message.properties.headers.as_ref();
    let Some(Value::Array(deaths)) = headers.and_then(|headers| headers.get("x-death")) else { return Vec::new() };
    let Some(Value::Table(last)) = deaths.first() else { return Vec::new() };
    let Some(Value::Array(keys)) = last.get("routing-keys") else { return Vec::new() };
    keys.iter().filter_map(Value::as_long_str).cloned().collect()
}
