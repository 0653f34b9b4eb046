//! The broker on the wall clock, with the outboxes of its clients.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::Notify;
use warren_sim::amqp::broker::{Broker, Cx, DEFAULT_VHOST, Out};
use warren_sim::amqp::channel::Capabilities;
use warren_sim::amqp::event::{ChannelRef, ConnectionId, Event, MessageId};
use warren_sim::amqp::limits::Limits;
use warren_sim::amqp::method::{ChannelOpen, Frame};
use warren_sim::bytes::Bytes;
use warren_sim::prng::Prng;

use super::alarms::{Alarms, Source};
use super::attempts::Attempts;
use super::counts::{Counts, Ledger};
use super::peer::{HIGH_BYTES, Peer};
use super::permissions;
use super::settings::Settings;
use super::trace::Trace;
use super::users::Users;

/// The name of the cluster until it gets another one, and of its only node.
pub const CLUSTER: &str = "warren@localhost";

/// The one broker of this process.
#[derive(Debug)]
pub struct Node {
    inner: RefCell<Inner>,
    /// Who may come in.
    pub users: Users,
    /// What an operator set.
    pub settings: Settings,
    /// What the node has run out of.
    pub alarms: Alarms,
    /// Who tried to come in.
    pub attempts: Attempts,
    /// What a socket reads into.
    pub buffer: RefCell<Vec<u8>>,
    started: Instant,
    /// Wakes the clock's task when something is due earlier than it thinks.
    clock: Notify,
}

#[derive(Debug)]
struct Inner {
    broker: Broker,
    prng: Prng,
    out: Vec<Out>,
    peers: HashMap<ConnectionId, Rc<Peer>>,
    /// What was said to a connection without a socket, of which there is one at a time.
    captured: Option<(ConnectionId, Vec<Frame>)>,
    heard: Heard,
    last_connection: u32,
    last_message: u32,
    /// What the clock's task waits for.
    next_due: Option<u64>,
}

/// How a connection stands with the broker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Open.
    Open,
    /// `connection.close` was sent and its `close-ok` is awaited.
    Closing,
    /// Not known any more.
    Gone,
}

/// The wall clock, in ms since 1970: what RabbitMQ writes into `x-death` is seconds of it.
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}

/// What is kept of the events of the broker.
#[derive(Debug, Default)]
struct Heard {
    /// What happened since the start.
    ledger: Ledger,
    trace: Trace,
    last_event: u32,
}

impl Heard {
    /// Takes note of an event, and gives it its number.
    fn note(&mut self, event: &Event, now_ms: u64) -> u32 {
        self.ledger.add(event, now_ms);
        self.trace.note(event);
        self.last_event = self.last_event.wrapping_add(1);
        self.last_event
    }
}

impl Node {
    /// An empty broker.
    pub fn new() -> Self {
        Node::with_limits(Limits::default())
    }

    /// An empty broker that holds so much at most.
    pub fn with_limits(limits: Limits) -> Self {
        // Names that the broker makes up differ from run to run, as RabbitMQ's do.
        let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos() as u64;
        let mut broker = Broker::new().with_limits(limits);
        broker.describe_vhost(&Bytes::from(DEFAULT_VHOST), Bytes::from("Default virtual host"), Vec::new());
        let inner = Inner {
            broker,
            prng: Prng::new(seed),
            out: Vec::new(),
            peers: HashMap::new(),
            captured: None,
            heard: Heard::default(),
            last_connection: 0,
            last_message: 0,
            next_due: None,
        };
        let (users, settings, alarms) = (Users::new(), Settings::new(u128::from(seed) << 64), Alarms::default());
        let (attempts, clock, started) = (Attempts::default(), Notify::new(), Instant::now());
        Node {
            inner: RefCell::new(inner),
            users,
            settings,
            alarms,
            attempts,
            buffer: RefCell::default(),
            clock,
            started,
        }
    }

    /// Does something with the broker, then all that it makes due, and hands out what leaves.
    pub fn with<T>(&self, act: impl FnOnce(&mut Broker, &mut Cx<'_>) -> T) -> T {
        let mut inner = self.inner.borrow_mut();
        let inner = &mut *inner;
        inner.last_message = inner.last_message.wrapping_add(1);
        let Inner { broker, prng, out, heard, last_message, .. } = inner;
        let now_ms = now_ms();
        let mut events = |event, _| heard.note(&event, now_ms);
        let message = Some(MessageId(*last_message));
        let mut cx = Cx::new(now_ms, prng, &mut events, out).publishing(message);
        let result = act(broker, &mut cx);
        inner.tell(now_ms);
        inner.hand_out(now_ms);
        while inner.broker.has_work(now_ms) {
            let Inner { broker, prng, out, heard, .. } = inner;
            let mut events = |event, _| heard.note(&event, now_ms);
            broker.work(&mut Cx::new(now_ms, prng, &mut events, out));
            inner.tell(now_ms);
            inner.hand_out(now_ms);
        }
        let due = inner.broker.next_due();
        if due.is_some_and(|due| inner.next_due.is_none_or(|known| due < known)) {
            inner.next_due = due;
            self.clock.notify_one();
        }
        result
    }

    /// A client is through its handshake.
    pub fn connect(&self, user: Bytes, vhost: Bytes, capabilities: Capabilities, peer: Rc<Peer>) -> ConnectionId {
        let id = {
            let mut inner = self.inner.borrow_mut();
            inner.last_connection += 1;
            let id = ConnectionId(inner.last_connection);
            inner.peers.insert(id, peer);
            id
        };
        self.with(|broker, cx| broker.connect_as(cx, id, user, vhost, capabilities));
        id
    }

    /// Looks at the broker.
    pub fn read<T>(&self, look: impl FnOnce(&Broker) -> T) -> T {
        look(&self.inner.borrow().broker)
    }

    /// What happened since the start.
    pub fn counts(&self) -> Counts {
        self.inner.borrow().heard.ledger.node
    }

    /// How long the node runs, in ms.
    pub fn uptime_ms(&self) -> u64 {
        self.started.elapsed().as_millis() as u64
    }

    /// Looks at all counts.
    pub fn ledger<T>(&self, look: impl FnOnce(&Ledger) -> T) -> T {
        look(&self.inner.borrow().heard.ledger)
    }

    /// Counts things one by one from now on.
    pub fn count_in_detail(&self) {
        self.inner.borrow_mut().heard.ledger.is_detailed = true;
    }

    /// The client of a connection; none where it has no socket.
    pub fn peer(&self, id: ConnectionId) -> Option<Rc<Peer>> {
        self.inner.borrow().peers.get(&id).cloned()
    }

    /// A connection without a socket, with channel 1 open, for as long as the value lives.
    pub fn direct(&self, user: Bytes, vhost: Bytes) -> Direct<'_> {
        let id = {
            let mut inner = self.inner.borrow_mut();
            inner.last_connection += 1;
            let id = ConnectionId(inner.last_connection);
            inner.captured = Some((id, Vec::new()));
            id
        };
        self.with(|broker, cx| broker.connect_as(cx, id, user.clone(), vhost, Capabilities::default()));
        let direct = Direct { node: self, id, user };
        direct.call(ChannelOpen::default());
        direct
    }

    /// A method of a client.
    pub fn receive(&self, id: ConnectionId, channel: u16, frame: Frame) {
        let unroutable = self.counts().unroutable();
        self.inner.borrow_mut().heard.trace.incoming(&frame);
        self.with(|broker, cx| broker.receive(cx, id, channel, frame));
        // What no queue takes is confirmed at once, and all that was kept back with it: only a queue's word comes later.
        if self.counts().unroutable() != unroutable
            && let Some(peer) = self.peer(id)
        {
            peer.send_confirms();
        }
    }

    /// A socket is gone.
    pub fn disconnect(&self, id: ConnectionId) {
        let vhost = self.read(|broker| broker.find_connection(id).map(|connection| connection.vhost.clone()));
        self.with(|broker, cx| broker.disconnect(cx, id));
        let mut inner = self.inner.borrow_mut();
        let peer = inner.peers.remove(&id);
        if let Some((vhost, peer)) = vhost.zip(peer) {
            let (read, written) = inner.heard.ledger.traffic.entry(vhost).or_default();
            *read += peer.traffic.get().bytes_read;
            *written += peer.traffic.get().bytes_written;
        }
    }

    /// Whether there is such a virtual host.
    pub fn has_vhost(&self, name: &Bytes) -> bool {
        self.inner.borrow().broker.vhosts().any(|(other, _)| other == name)
    }

    /// How a connection stands.
    pub fn standing(&self, id: ConnectionId) -> Standing {
        match self.inner.borrow().broker.find_connection(id) {
            Some(connection) if connection.closing => Standing::Closing,
            Some(_) => Standing::Open,
            None => Standing::Gone,
        }
    }

    /// Whether the broker is not stopped.
    pub fn is_running(&self) -> bool {
        self.inner.borrow().broker.is_running()
    }

    /// Whether any socket is still there.
    pub fn has_clients(&self) -> bool {
        !self.inner.borrow().peers.is_empty()
    }

    /// Stops the broker, as `rabbitmqctl stop_app` does, or starts it again with what is durable.
    pub fn set_running(&self, is_running: bool) {
        self.with(|broker, cx| if is_running { broker.start(cx) } else { broker.stop(cx) });
    }

    /// Whether what happens in a virtual host is told to `amq.rabbitmq.trace`.
    pub fn is_traced(&self, vhost: &Bytes) -> bool {
        self.inner.borrow().heard.trace.vhosts.contains(vhost)
    }

    /// Begins to trace a virtual host, or ends it.
    pub fn set_traced(&self, vhost: &Bytes, is_on: bool) {
        let vhosts = &mut self.inner.borrow_mut().heard.trace.vhosts;
        if is_on {
            vhosts.insert(vhost.clone());
        } else {
            vhosts.remove(vhost);
        }
    }

    /// Raises an alarm or ends it.
    pub fn set_alarm(&self, source: Source, is_on: bool) {
        self.alarms.set(source, is_on);
        for peer in self.inner.borrow().peers.values() {
            peer.wake.notify_one();
        }
    }

    /// A client has read what waited for it.
    pub fn resume(&self, id: ConnectionId) {
        self.with(|broker, _| broker.set_stalled(id, false));
    }
}

/// A connection without a socket.
#[derive(Debug)]
pub struct Direct<'a> {
    node: &'a Node,
    id: ConnectionId,
    user: Bytes,
}

impl Direct<'_> {
    /// Says something on channel 1 and returns what is answered.
    pub fn call(&self, frame: impl Into<Frame>) -> Vec<Frame> {
        let frame = frame.into();
        let at = ChannelRef { connection: self.id, channel: 1 };
        match permissions::refusal(self.node, &self.user, at, &frame.method) {
            None => self.node.receive(self.id, 1, frame),
            Some(refusal) => self.node.with(|broker, cx| broker.refuse_from_outside(cx, at, frame.method, refusal)),
        }
        let mut inner = self.node.inner.borrow_mut();
        inner.captured.as_mut().map(|(_, frames)| std::mem::take(frames)).unwrap_or_default()
    }
}

impl Drop for Direct<'_> {
    fn drop(&mut self) {
        self.node.disconnect(self.id);
        self.node.inner.borrow_mut().captured = None;
    }
}

impl Default for Node {
    fn default() -> Self {
        Node::new()
    }
}

impl Inner {
    /// Publishes what is to be told of what just happened.
    fn tell(&mut self, now_ms: u64) {
        let Inner { broker, prng, out, peers, heard, last_message, .. } = self;
        let name =
            |at: ChannelRef| peers.get(&at.connection).map_or_else(String::new, |peer| peer.about.borrow().name());
        for told in heard.trace.tell(broker, out, name) {
            *last_message = last_message.wrapping_add(1);
            let mut events = |event, _| heard.note(&event, now_ms);
            let message = Some(MessageId(*last_message));
            let mut cx = Cx::new(now_ms, prng, &mut events, out).publishing(message);
            broker.publish_from_outside(&mut cx, &told.exchange, told.routing_key, told.content);
        }
    }

    /// Writes what leaves the broker into the outboxes.
    fn hand_out(&mut self, now_ms: u64) {
        let mut full = Vec::new();
        for out in self.out.drain(..) {
            let (Out::Frame { connection, .. } | Out::Closed { connection }) = &out;
            if let Some((id, frames)) = &mut self.captured
                && *id == *connection
            {
                if let Out::Frame { frame, .. } = out {
                    frames.push(frame);
                }
                continue;
            }
            let Some(peer) = self.peers.get(connection) else { continue };
            if peer.waiting() == 0 {
                peer.wake.notify_one();
            }
            match &out {
                Out::Frame { channel, frame, .. } => {
                    let at = ChannelRef { connection: *connection, channel: *channel };
                    self.heard.ledger.said(at, &frame.method, now_ms);
                    peer.post(*channel, frame);
                    if peer.waiting() > HIGH_BYTES && !peer.stalled.replace(true) {
                        full.push(*connection);
                    }
                }
                Out::Closed { .. } => {
                    peer.ended.set(true);
                    peer.wake.notify_one();
                }
            }
        }
        for id in full {
            self.broker.set_stalled(id, true);
        }
    }
}

/// Does what the clock makes due, for ever.
pub async fn keep_time(node: Rc<Node>) {
    loop {
        let due = node.inner.borrow().broker.next_due();
        node.inner.borrow_mut().next_due = due;
        match due {
            Some(due) => {
                let wait = Duration::from_millis(due.saturating_sub(now_ms()));
                tokio::select! {
                    () = tokio::time::sleep(wait) => node.with(|_, _| ()),
                    () = node.clock.notified() => {}
                }
            }
            None => node.clock.notified().await,
        }
    }
}
