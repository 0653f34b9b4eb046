//! Small ways to look into a world that several panels share.

use warren_sim::{
    amqp::{
        broker::DEFAULT_VHOST,
        event::{MessageId, Resource},
        exchange::Exchange,
        message::{Held, Message, Place},
        method::Content,
        queue::{Queue, Unacked},
        view::WaitReason,
    },
    bytes::Bytes,
    event::{Event, What},
    session::Session,
    world::{Packet, World},
};

/// The most bytes of a body or a value that are shown in one place.
pub const MAX_SHOWN: usize = 200;

/// Bytes as a person can read them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// UTF-8 text, or two hexadecimal digits a byte.
    pub text: String,
    /// Whether these are hexadecimal digits.
    pub hex: bool,
    /// Whether there is more than is shown.
    pub cut: bool,
}

/// Bytes as text where they are text, else in hexadecimal; at most `limit` of them.
pub fn shown(bytes: &[u8], limit: usize) -> Shown {
    let cut = bytes.len() > limit;
    let bytes = &bytes[..bytes.len().min(limit)];
    let readable = match std::str::from_utf8(bytes) {
        Ok(text) => Some(text),
        // A character that the cut went through is left out.
        Err(error) if error.error_len().is_none() && (cut || error.valid_up_to() > 0) => {
            std::str::from_utf8(&bytes[..error.valid_up_to()]).ok()
        }
        Err(_) => None,
    };
    match readable.filter(|text| !text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t'))) {
        Some(text) => Shown { text: text.to_string(), hex: false, cut },
        None => {
            let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            Shown { text: digits.join(" "), hex: true, cut }
        }
    }
}

fn resource(name: &Bytes) -> Resource {
    Resource { vhost: Bytes::from(DEFAULT_VHOST), name: name.clone() }
}

/// A queue by its name.
pub fn queue<'w>(world: &'w World, name: &Bytes) -> Option<&'w Queue> {
    world.broker().find_queue(&resource(name))
}

/// An exchange by its name.
pub fn exchange<'w>(world: &'w World, name: &Bytes) -> Option<&'w Exchange> {
    world.broker().find_exchange(&resource(name))
}

/// A copy in a queue.
#[derive(Clone, Copy, Debug)]
pub enum HeldCopy<'w> {
    /// It waits for a consumer.
    Ready(&'w Held),
    /// It waits for an acknowledgement.
    Unacked(&'w Unacked),
}

impl<'w> HeldCopy<'w> {
    /// The copy itself.
    pub fn held(self) -> &'w Held {
        match self {
            HeldCopy::Ready(held) => held,
            HeldCopy::Unacked(unacked) => &unacked.held,
        }
    }
}

/// All copies of a queue by their places, ready and unacked ones together.
pub fn copies(queue: &Queue) -> impl Iterator<Item = HeldCopy<'_>> {
    let mut ready = queue.ready.iter().peekable();
    let mut unacked = queue.unacked.iter().peekable();
    std::iter::from_fn(move || {
        let (first, second): (Option<Place>, Option<Place>) =
            (ready.peek().map(|(place, _)| **place), unacked.peek().map(|(place, _)| **place));
        let from_ready = match (first, second) {
            (Some(first), Some(second)) => first < second,
            (first, _) => first.is_some(),
        };
        if from_ready {
            ready.next().map(|(_, held)| HeldCopy::Ready(held))
        } else {
            unacked.next().map(|(_, unacked)| HeldCopy::Unacked(unacked))
        }
    })
}

/// The consumers of a queue in order of arrival, with why each waits.
pub fn consumers<'w>(
    world: &'w World,
    queue: &'w Queue,
) -> impl Iterator<Item = (&'w warren_sim::amqp::queue::Consumer, WaitReason)> {
    let reasons = world.broker().waiting(queue);
    queue.consumers.iter().map(move |(id, consumer)| {
        let reason = reasons.iter().find(|(other, _)| other == id);
        (consumer, reason.map_or(WaitReason::NothingReady, |(_, reason)| *reason))
    })
}

/// A message with all it carries, wherever it can still be seen: in a queue, on its way, or at the step it was sent.
pub fn content(session: &Session, id: MessageId) -> Option<Content> {
    let world = session.world();
    let of = |message: &Message| Content { properties: message.properties.clone(), body: message.body.clone() };
    for queue in world.broker().queues() {
        if let Some(copy) = copies(queue).find(|copy| copy.held().message.id == id) {
            return Some(of(&copy.held().message));
        }
    }
    in_flight(world, id).or_else(|| {
        let timeline = session.timeline();
        let sent = timeline.events(0, timeline.position()).iter().find(|event| is_sending(event, id))?;
        in_flight(&timeline.world_at(timeline.step_of(sent.id)), id)
    })
}

fn in_flight(world: &World, id: MessageId) -> Option<Content> {
    let mut flights = world.flights().filter(|flight| flight.message == Some(id));
    flights.find_map(|flight| match &flight.packet {
        Packet::Frame(_, frame) => frame.content.clone(),
        Packet::Connect | Packet::Connected | Packet::Refused | Packet::Closed => None,
    })
}

/// Whether this is the moment a message left its publisher.
pub fn is_sending(event: &Event, id: MessageId) -> bool {
    matches!(event.what, What::FrameSent { to_broker: true, message: Some(message), .. } if message == id)
}
