//! What is on its way, and where it is at any moment: a pure function of the timeline, the layout and the time.
//!
//! The broker routes a message and puts it into its queues at once. So that this can be seen, the way from exchange to queue is shown right after
//! it happened ([`hop_ms`]), at the cost of the first part of a delivery that left in the meantime.

use std::rc::Rc;
use warren_sim::sorted::{SortedMap, SortedSet};

use warren_sim::{
    amqp::{
        event::{ChannelRef, Event as Amqp, MessageId},
        method::{Frame, Method},
    },
    bytes::Bytes,
    event::{Event, EventId, What},
    process::ProcessState,
    session::Session,
    world::{Flight, Packet, World},
};

use super::{
    graph::NodeId,
    history::History,
    route::Point,
    track::{Geometry, Rect, Track, Way, distance, middle, mix},
};

/// The edges of a way, each with whether it is gone backwards.
type Legs = Vec<(Rc<Track>, bool)>;

/// How long a hop from exchange to queue may be seen where the clock stands still, in real ms.
pub const HOP_REAL_MS: f64 = 260.0;
/// The most dots; what is beyond travels unseen.
pub const MAX_DOTS: usize = 4_000;
/// Distance between two dots that left together, in px.
const TRAIN_GAP: f64 = 22.0;

/// How long the way from exchange to queue takes in the picture, in virtual ms.
pub fn hop_ms(latency_ms: u64) -> f64 {
    (latency_ms as f64 / 2.0).min(75.0)
}

/// What a dot stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DotKind {
    /// A message on its way to a queue.
    Message,
    /// A message on its way to a consumer.
    Delivery,
    /// A message on its way back from a consumer that did not acknowledge it.
    Return,
    /// An acknowledgement.
    Ack,
    /// A negative acknowledgement, or a reject.
    Nack,
    /// The broker tells a publisher that it has taken charge of its messages.
    Confirm,
    /// The broker tells a publisher that it has not.
    Refusal,
    /// A message that died in a queue, on its way to the exchange for dead letters and on to another queue.
    DeadLetter,
    /// Any other frame.
    Frame,
    /// The end of a connection.
    End,
}

impl DotKind {
    /// Whether it is a message itself, not something about one.
    pub fn is_message(self) -> bool {
        matches!(self, DotKind::Message | DotKind::Delivery | DotKind::Return | DotKind::DeadLetter)
    }
}

/// Something on its way at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dot {
    /// Where.
    pub at: Point,
    /// What.
    pub kind: DotKind,
    /// The message it carries or is about.
    pub message: Option<MessageId>,
}

/// A tile whose message is seen to be still on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Veil {
    /// The tile.
    pub tile: Rect,
}

/// Something that moves.
#[derive(Clone, Debug, PartialEq)]
struct Mover {
    way: Way,
    from_ms: f64,
    to_ms: f64,
    kind: DotKind,
    message: Option<MessageId>,
    /// How many left together before it, and how many in all.
    train: (u32, u32),
    /// Of a hop: the event that put the copy into the queue, and the tile it will have.
    hop: Option<(EventId, Option<Rect>)>,
}

impl Mover {
    fn at(&self, part: f64) -> Option<Point> {
        let (before, all) = self.train;
        let length = self.way.length();
        if all <= 1 {
            return Some(self.way.at(part * length));
        }
        let gap = TRAIN_GAP.min(0.6 * length / f64::from(all - 1));
        let along = part * (length + gap * f64::from(all - 1)) - gap * f64::from(before);
        (along >= 0.0).then(|| self.way.at(along.min(length)))
    }
}

/// Everything that moves between this step and the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scene {
    movers: Vec<Mover>,
}

impl Scene {
    /// Where everything is at a moment, and the tiles whose messages have not arrived in the picture. `since_ms` says for how many real ms
    /// the picture has been showing the event that began a hop.
    pub fn at(&self, t_ms: f64, since_ms: impl Fn(EventId) -> f64) -> (Vec<Dot>, Vec<Veil>) {
        let mut dots = Vec::new();
        let mut veils = Vec::new();
        for mover in &self.movers {
            let mut part = (t_ms - mover.from_ms) / (mover.to_ms - mover.from_ms).max(1.0);
            if let Some((event, tile)) = mover.hop {
                part = part.max(since_ms(event) / HOP_REAL_MS).max(0.0);
                if part < 1.0 {
                    veils.extend(tile.map(|tile| Veil { tile }));
                }
            }
            if (0.0..=1.0).contains(&part)
                && let Some(at) = mover.at(part)
            {
                dots.push(Dot { at, kind: mover.kind, message: mover.message });
            }
        }
        (dots, veils)
    }

    /// For less motion: everything that is on its way stands in the middle of its way.
    pub fn still(&self, t_ms: f64) -> Vec<Dot> {
        let away = |mover: &&Mover| mover.hop.is_none() && t_ms <= mover.to_ms;
        let dot = |mover: &Mover| {
            let (head, legs, _) = mover.way.lengths();
            // The middle of the edge, not of what leads to it within a node.
            let along = if legs > 0.0 { head + legs / 2.0 } else { head / 2.0 };
            Dot { at: mover.way.at(along), kind: mover.kind, message: mover.message }
        };
        self.movers.iter().filter(away).map(dot).collect()
    }

    /// The events whose hops are shown.
    pub fn hops(&self) -> impl Iterator<Item = EventId> {
        self.movers.iter().filter_map(|mover| mover.hop.map(|(event, _)| event))
    }

    /// Whether nothing moves.
    pub fn is_empty(&self) -> bool {
        self.movers.is_empty()
    }
}

/// Where everything is at a moment: [`scene`] and [`Scene::at`] in one.
pub fn dots(session: &Session, history: &History, geometry: &Geometry, t_ms: f64) -> Vec<Dot> {
    scene(session, history, geometry).at(t_ms, |_| 0.0).0
}

/// Finds the way of everything that is on its way.
pub fn scene(session: &Session, history: &History, geometry: &Geometry) -> Scene {
    let world = session.world();
    let director = Director { world, history, geometry, hop_ms: hop_ms(world.latency_ms()) };
    let (mut movers, arrivals) = director.hops(session);
    for flight in world.flights().take(MAX_DOTS) {
        movers.extend(director.flight(flight, &arrivals));
    }
    couple(&mut movers);
    Scene { movers }
}

/// What leaves together on the same way is drawn as a train, or nobody could tell how many there are.
fn couple(movers: &mut [Mover]) {
    type Key = (u64, bool, usize, bool);
    let key = |mover: &Mover| -> Option<Key> {
        let (track, back) = mover.way.legs.first()?;
        Some((mover.from_ms as u64, mover.hop.is_some(), Rc::as_ptr(track) as usize, *back))
    };
    let mut trains: SortedMap<Key, u32> = SortedMap::new();
    for mover in movers.iter_mut() {
        if let Some(key) = key(mover) {
            let before = trains.get_or_insert_with(key, Default::default);
            mover.train.0 = *before;
            *before += 1;
        }
    }
    for mover in movers.iter_mut() {
        mover.train.1 = key(mover).and_then(|key| trains.get(&key).copied()).unwrap_or(1);
    }
}

/// When the copies that joined a queue a moment ago are seen to arrive there, in virtual ms.
type Arrivals = SortedMap<(Bytes, MessageId), f64>;

struct Director<'a> {
    world: &'a World,
    history: &'a History,
    geometry: &'a Geometry,
    hop_ms: f64,
}

impl Director<'_> {
    /// Copies that joined a queue a moment ago: from the exchange, or back from a consumer.
    fn hops(&self, session: &Session) -> (Vec<Mover>, Arrivals) {
        let timeline = session.timeline();
        let now_ms = session.world().now_ms() as f64;
        let mut movers = Vec::new();
        let mut arrivals = Arrivals::new();
        let events = timeline.events(1, timeline.position());
        let recent = events.iter().rev().take_while(|event| event.at_ms as f64 + self.hop_ms > now_ms).take(MAX_DOTS);
        for event in recent {
            let What::Amqp(happened) = &event.what else { continue };
            let from_ms = event.at_ms as f64;
            let (way, kind, message, queue) = match happened {
                Amqp::Enqueued { message, queue } => {
                    let (way, kind) = self.enqueued(session, event, *message, &queue.name);
                    (way, kind, *message, &queue.name)
                }
                Amqp::Requeued { message, queue, .. } => {
                    let holder = self.history.last_holder.get(&(queue.name.clone(), *message));
                    let Some(peer) = holder.and_then(|connection| self.history.peers.get(connection)) else { continue };
                    (self.edge(&NodeId::Queue(queue.name.clone()), peer, true), DotKind::Return, *message, &queue.name)
                }
                _ => continue,
            };
            let Some(mut way) = way else { continue };
            let tile = self.geometry.tiles.get(&(NodeId::Queue(queue.clone()), message)).copied();
            way.tail = tile.map(middle);
            let to_ms = from_ms + self.hop_ms;
            arrivals.insert((queue.clone(), message), to_ms);
            let hop = Some((event.id, tile));
            movers.push(Mover { way, from_ms, to_ms, kind, message: Some(message), train: (0, 1), hop });
        }
        movers.reverse();
        (movers, arrivals)
    }

    /// The way of a copy that joined a queue: from the exchange that routed it or, of a dead letter, from the queue in which it died.
    fn enqueued(&self, session: &Session, event: &Event, message: MessageId, queue: &Bytes) -> (Option<Way>, DotKind) {
        let cause = |event: &Event| event.cause.and_then(|id| session.timeline().event(id));
        let routed = cause(event);
        let died = routed.and_then(cause).and_then(|event| match &event.what {
            What::Amqp(Amqp::DeadLettered { queue, exchange, .. }) => Some((queue.name.clone(), exchange.clone())),
            _ => None,
        });
        let Some((from, exchange)) = died else {
            let exchange = match routed.map(|event| &event.what) {
                Some(What::Amqp(Amqp::Routed { exchange, .. })) => Some(&exchange.name),
                _ => self.history.entered.get(&message),
            };
            return (exchange.and_then(|exchange| self.routed(exchange, queue)), DotKind::Message);
        };
        let back = self.edge(&NodeId::Queue(from), &NodeId::Exchange(exchange.clone()), false);
        let way = match (back, self.routed(&exchange, queue)) {
            (Some(mut back), Some(on)) => {
                back.legs.extend(on.legs);
                Some(back)
            }
            (one, other) => one.or(other),
        };
        (way, DotKind::DeadLetter)
    }

    fn edge(&self, from: &NodeId, to: &NodeId, back: bool) -> Option<Way> {
        let track = self.geometry.tracks.get(&(from.clone(), to.clone()))?;
        Some(Way { head: None, legs: vec![(track.clone(), back)], tail: None })
    }

    /// The way from an exchange to a queue, through other exchanges if need be: the one with the fewest edges.
    fn routed(&self, exchange: &Bytes, queue: &Bytes) -> Option<Way> {
        let goal = NodeId::Queue(queue.clone());
        let start = NodeId::Exchange(exchange.clone());
        let mut seen = SortedSet::from([start.clone()]);
        let mut ways: Vec<(NodeId, Legs)> = vec![(start, Vec::new())];
        let mut next = 0;
        while let Some((node, legs)) = ways.get(next).cloned() {
            next += 1;
            for ((from, to), track) in self.geometry.tracks.range((node.clone(), NodeId::Process(FIRST))..) {
                if *from != node {
                    break;
                }
                let mut legs = legs.clone();
                legs.push((track.clone(), false));
                if *to == goal {
                    return Some(Way { head: None, legs, tail: None });
                }
                if matches!(to, NodeId::Exchange(_)) && seen.insert(to.clone()) {
                    ways.push((to.clone(), legs));
                }
            }
        }
        None
    }

    fn flight(&self, flight: &Flight, arrivals: &Arrivals) -> Option<Mover> {
        let peer = self.history.peers.get(&flight.connection)?;
        let mut from_ms = flight.sent_ms as f64;
        let (way, kind, message) = match &flight.packet {
            Packet::Connect | Packet::Connected => (self.usual(peer, flight.to_broker), DotKind::Frame, None),
            Packet::Refused => (self.usual(peer, flight.to_broker), DotKind::End, None),
            Packet::Closed => {
                let kind = if self.ends_badly(peer) { DotKind::End } else { DotKind::Frame };
                (self.usual(peer, flight.to_broker), kind, None)
            }
            Packet::Frame(channel, frame) => {
                let at = ChannelRef { connection: flight.connection, channel: *channel };
                let (way, kind, about) = self.frame(peer, at, frame, flight);
                if let (DotKind::Delivery, Some(message)) = (kind, about)
                    && let Some(queue) = self.queue_of(at, frame)
                    && let Some(arrival) = arrivals.get(&(queue, message))
                {
                    from_ms = from_ms.max(*arrival);
                }
                (way, kind, about)
            }
        };
        let to_ms = flight.due_ms as f64;
        Some(Mover { way, from_ms, to_ms, kind, message, train: (0, 1), hop: None })
    }

    /// Whether the end of a connection is no goodbye: the broker is down, or the process was killed or died.
    fn ends_badly(&self, peer: &NodeId) -> bool {
        let died = self.world.processes().iter().any(|process| {
            let bad = matches!(process.state, ProcessState::Killed | ProcessState::Ended { error: Some(_) });
            *peer == NodeId::Process(process.id) && bad
        });
        died || !self.world.broker().is_running()
    }

    /// The queue a delivery came from.
    fn queue_of(&self, at: ChannelRef, frame: &Frame) -> Option<Bytes> {
        let tag = match &frame.method {
            Method::BasicDeliver(deliver) => deliver.delivery_tag,
            Method::BasicGetOk(got) => got.delivery_tag,
            _ => return None,
        };
        self.history.deliveries.get(&(at, tag)).map(|(queue, _)| queue.clone())
    }

    /// The way of a frame, what it is, and the message it is about.
    fn frame(
        &self,
        peer: &NodeId,
        at: ChannelRef,
        frame: &Frame,
        flight: &Flight,
    ) -> (Way, DotKind, Option<MessageId>) {
        let usual = || self.usual(peer, flight.to_broker);
        let settled = |tag: u64, kind: DotKind| {
            let about = self.history.deliveries.get(&(at, tag));
            let way = about.and_then(|(queue, _)| self.edge(&NodeId::Queue(queue.clone()), peer, true));
            (way.unwrap_or_else(usual), kind, about.map(|(_, message)| *message))
        };
        match &frame.method {
            Method::BasicPublish(publish) => {
                let way = self.edge(peer, &NodeId::Exchange(publish.exchange.clone()), false);
                (way.unwrap_or_else(usual), DotKind::Message, flight.message)
            }
            Method::BasicReturn(returned) => {
                let way = self.edge(peer, &NodeId::Exchange(returned.exchange.clone()), true);
                (way.unwrap_or_else(usual), DotKind::Return, flight.message)
            }
            Method::BasicDeliver(_) | Method::BasicGetOk(_) => {
                let queue = self.queue_of(at, frame).map(NodeId::Queue);
                let way = queue.and_then(|queue| {
                    let mut way = self.edge(&queue, peer, false)?;
                    way.head = flight.message.and_then(|m| self.geometry.tiles.get(&(queue, m)).copied().map(middle));
                    Some(way)
                });
                (way.unwrap_or_else(usual), DotKind::Delivery, flight.message)
            }
            // What the broker acknowledges was published on the channel, not delivered.
            Method::BasicAck(_) if !flight.to_broker => (usual(), DotKind::Confirm, flight.message),
            Method::BasicNack(_) if !flight.to_broker => (usual(), DotKind::Refusal, flight.message),
            Method::BasicAck(ack) => settled(ack.delivery_tag, DotKind::Ack),
            Method::BasicNack(nack) => settled(nack.delivery_tag, DotKind::Nack),
            Method::BasicReject(reject) => settled(reject.delivery_tag, DotKind::Nack),
            Method::ConnectionClose(close) if close.reply_code != GOODBYE => (usual(), DotKind::End, None),
            Method::ChannelClose(close) if close.reply_code != GOODBYE => (usual(), DotKind::End, None),
            _ => (usual(), DotKind::Frame, None),
        }
    }

    /// The way of a frame that is about no edge in particular: the edge its peer uses, or a short way towards the middle.
    fn usual(&self, peer: &NodeId, to_broker: bool) -> Way {
        let tracks = &self.geometry.tracks;
        let publishes = tracks.iter().find(|((from, _), _)| from == peer).map(|(_, track)| (track.clone(), !to_broker));
        let consumes = || tracks.iter().find(|((_, to), _)| to == peer).map(|(_, track)| (track.clone(), to_broker));
        if let Some(leg) = publishes.or_else(consumes) {
            return Way { head: None, legs: vec![leg], tail: None };
        }
        let Some(rect) = self.geometry.nodes.get(peer) else { return Way::default() };
        let from = middle(*rect);
        let centre = (self.geometry.size.0 / 2.0, self.geometry.size.1 / 2.0);
        let outside = (rect.2.min(rect.3) / 2.0 + 8.0).max(rect.2 / 2.0);
        let length = distance(from, centre).max(1.0);
        let near = mix(from, centre, (outside / length).min(1.0));
        let far = mix(from, centre, ((outside + 64.0) / length).min(1.0));
        let (head, tail) = if to_broker { (near, far) } else { (far, near) };
        Way { head: Some(head), legs: Vec::new(), tail: Some(tail) }
    }
}

/// The reply code of a normal close.
const GOODBYE: u16 = 200;

/// Nothing sorts before it.
const FIRST: warren_sim::event::ProcessId = warren_sim::event::ProcessId(0);
