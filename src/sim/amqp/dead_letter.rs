//! Dead letters (RabbitMQ documentation, "Dead Letter Exchanges"): where they go, and what is written into `x-death`.

use crate::sorted::sort_by;
use alloc::{boxed::Box, rc::Rc, vec::Vec};

use super::broker::{Broker, Cx};
use super::event::{Event, LossReason, Resource};
use super::exchange::route;
use super::message::{Message, routing_headers};
use super::method::Properties;
use super::value::{Table, Value};
use crate::bytes::Bytes;

/// A queue that is in the middle of something, as the process it is on a real broker.
#[derive(Debug)]
pub struct Busy {
    /// Which.
    pub queue: Resource,
    /// Dead letters that come to it meanwhile, each with the event of its routing: they wait until it is done.
    pub letters: Vec<(Rc<Message>, u32)>,
}

impl Broker {
    /// The dead letter exchange of a queue, if it has one that exists.
    pub(super) fn dead_letter_exchange(&self, queue: &Resource) -> Option<Bytes> {
        let name = self.queue_at(queue)?.settings.dead_letter_exchange.clone()?;
        let exchange = Resource { vhost: queue.vhost.clone(), name: name.clone() };
        self.exchange(&exchange).map(|_| name)
    }

    /// Publishes a dead letter. Whatever does not find a queue is gone: nobody is there to hear of it.
    pub(super) fn dead_letter(
        &mut self,
        cx: &mut Cx<'_>,
        queue: &Resource,
        message: &Message,
        reason: LossReason,
        cause: u32,
    ) {
        let Some(exchange) = self.dead_letter_exchange(queue) else { return };
        let routing_key = self.queue_at(queue).and_then(|queue| queue.settings.dead_letter_routing_key.clone());
        let letter = Rc::new(letter(message, queue, &exchange, routing_key, reason, self.epoch_ms + cx.now_ms));
        let Some((routed, queues, _)) = self.route_letter(cx, queue, &letter, exchange, reason, cause) else { return };
        for name in queues {
            let to = Resource { vhost: queue.vhost.clone(), name };
            match &mut cx.busy {
                Some(busy) if busy.queue == to => busy.letters.push((letter.clone(), routed)),
                _ => {
                    self.enqueue(cx, &to, &letter, None, routed);
                }
            }
        }
    }

    /// Finds the queues that a dead letter goes to, and those that it does not go to because it would go round in a circle. None
    /// when its exchange is not there.
    pub(super) fn route_letter(
        &mut self,
        cx: &mut Cx<'_>,
        queue: &Resource,
        letter: &Rc<Message>,
        exchange: Bytes,
        reason: LossReason,
        cause: u32,
    ) -> Option<(u32, Vec<Bytes>, Vec<Bytes>)> {
        let vhost = self.vhosts.get(&queue.vhost)?;
        let start = vhost.exchanges.get(&exchange)?;
        let mut route = route(&vhost.exchanges, &vhost.queues, start, letter);
        // A stream gets no dead letters but those of a queue that keeps them, and nobody hears of it (seen on RabbitMQ 3.10.8).
        let keeps = vhost.queues.get(&queue.name).is_some_and(|queue| queue.keeps_letters(reason));
        let is_stream = |name: &Bytes| vhost.queues.get(name).is_some_and(|queue| queue.is_stream());
        route.queues.retain(|name| keeps || !is_stream(name));
        let mut circles = Vec::new();
        if reason != LossReason::Rejected {
            // A circle that turns without any client's doing would turn for ever.
            let (circle, queues) = route.queues.into_iter().partition(|name| is_cycle(name, &letter.properties));
            (circles, route.queues) = (circle, queues);
        }
        let resource = Resource { vhost: queue.vhost.clone(), name: exchange };
        let routed = route.event(resource.clone(), letter);
        let routed = cx.event(routed, Some(cause));
        for key in &route.replies {
            self.deliver_reply(cx, key, letter, routed);
        }
        if route.queues.is_empty() {
            cx.event(Event::Unroutable { message: letter.id, exchange: resource, returned: false }, Some(routed));
        }
        Some((routed, route.queues, circles))
    }
}

/// The message as it goes to the dead letter exchange.
pub(super) fn letter(
    message: &Message,
    queue: &Resource,
    exchange: &Bytes,
    routing_key: Option<Bytes>,
    reason: LossReason,
    now_ms: u64,
) -> Message {
    let mut letter = message.clone();
    let mut headers = letter.properties.headers.take().unwrap_or_default();
    let cc = routing_headers(&message.properties).unwrap_or_default();
    let keys = core::iter::once(&message.routing_key).chain(&cc).map(|key| Value::LongStr(key.clone())).collect();
    let mut death = Vec::from([
        (Bytes::from("reason"), Value::LongStr(Bytes::from(reason_name(reason)))),
        (Bytes::from("queue"), Value::LongStr(queue.name.clone())),
        (Bytes::from("time"), Value::Timestamp(now_ms / 1000)),
        (Bytes::from("exchange"), Value::LongStr(message.exchange.clone())),
        (Bytes::from("routing-keys"), Value::Array(keys)),
    ]);
    if let Some(expiration) = letter.properties.expiration.take() {
        death.push((Bytes::from("original-expiration"), Value::LongStr(expiration)));
    }
    add_death(&mut headers, death, reason_name(reason), queue, message);
    if let Some(key) = routing_key {
        headers.0.retain(|(name, _)| *name != "CC");
        letter.routing_key = key;
        letter.more_keys.clear();
    }
    letter.properties.headers = Some(headers);
    letter.exchange = exchange.clone();
    letter
}

/// The word for a reason in `x-death`.
fn reason_name(reason: LossReason) -> &'static str {
    match reason {
        LossReason::Expired => "expired",
        LossReason::MaxLength => "maxlen",
        LossReason::DeliveryLimit => "delivery_limit",
        LossReason::Rejected
        | LossReason::Purged
        | LossReason::QueueDeleted
        | LossReason::Transient
        | LossReason::QueueTransient => "rejected",
    }
}

/// Writes one death into `x-death`: a new entry in front, or one more on the count of the entry for this queue and reason,
/// which comes to the front. The first death of all is kept apart.
fn add_death(headers: &mut Table, mut death: Vec<(Bytes, Value)>, reason: &str, queue: &Resource, message: &Message) {
    let is_same = |value: &Value| {
        let Value::Table(table) = value else { return false };
        let is = |name, wanted: &[u8]| table.get(name).and_then(Value::as_long_str).is_some_and(|is| **is == *wanted);
        is("queue", &queue.name) && is("reason", reason.as_bytes())
    };
    let has_history = matches!(headers.get("x-death"), Some(Value::Array(_)));
    let mut deaths = match headers.get("x-death") {
        Some(Value::Array(deaths)) => grouped(deaths),
        None => {
            let long_str = |text: &Bytes| Value::LongStr(text.clone());
            headers.set("x-first-death-reason", Value::LongStr(Bytes::from(reason)));
            headers.set("x-first-death-queue", long_str(&queue.name));
            headers.set("x-first-death-exchange", long_str(&message.exchange));
            Vec::new()
        }
        // A header of that name that a client made up.
        Some(_) => Vec::new(),
    };
    let mut count = 1;
    if let Some(at) = deaths.iter().position(is_same)
        && let Value::Table(old) = deaths.remove(at)
    {
        count += old.get("count").and_then(Value::as_int).unwrap_or(0);
        // What is kept is the first death of that kind, with its time.
        death = old.0.into_iter().filter(|(name, _)| *name != "count").collect();
    }
    death.insert(0, (Bytes::from("count"), Value::I64(count)));
    if has_history {
        // The first entry of all is written unsorted: clients that print it show it so.
        sort_by(&mut death, |(a, _), (b, _)| a.cmp(b));
    }
    deaths.insert(0, Value::Table(Box::new(Table(death))));
    headers.set("x-death", Value::Array(deaths));
    sort_by(&mut headers.0, |(a, _), (b, _)| a.cmp(b));
}

/// One entry for each queue and reason, the last one first (`rabbit_dead_letter:group_by_queue_and_reason`): with each death but the second
/// those that there are change their order.
fn grouped(deaths: &[Value]) -> Vec<Value> {
    if deaths.len() < 2 {
        return deaths.to_vec();
    }
    let key = |death: &Value| {
        let Value::Table(table) = death else { return (None, None) };
        (table.get("queue").cloned(), table.get("reason").cloned())
    };
    let mut seen = Vec::new();
    let mut groups: Vec<Value> = Vec::new();
    for death in deaths.iter().filter(|death| matches!(death, Value::Table(_))) {
        let key_of = key(death);
        if seen.contains(&key_of) {
            continue;
        }
        let mut death = death.clone();
        if let Value::Table(table) = &mut death
            && table.get("count").is_none()
        {
            let count = deaths.iter().filter(|other| key(other) == key_of).count();
            table.0.insert(0, (Bytes::from("count"), Value::I64(count as i64)));
        }
        seen.push(key_of);
        groups.insert(0, death);
    }
    groups
}

/// Whether a letter has been in this queue before and no client rejected it since.
fn is_cycle(queue: &Bytes, properties: &Properties) -> bool {
    let Some(Value::Array(deaths)) = properties.headers.as_ref().and_then(|headers| headers.get("x-death")) else {
        return false;
    };
    let text = |death: &Value, name| match death {
        Value::Table(table) => table.get(name).and_then(Value::as_long_str).cloned(),
        _ => None,
    };
    let Some(last) = deaths.iter().position(|death| text(death, "queue").as_ref() == Some(queue)) else { return false };
    deaths[..=last].iter().all(|death| text(death, "reason").is_some_and(|reason| reason != "rejected"))
}
