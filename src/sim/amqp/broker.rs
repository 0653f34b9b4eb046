//! The broker: its state, the door for frames, and its way to start and to stop.
//!
//! It does no input or output and knows no clock: whoever owns it hands in frames and the virtual time, and takes out
//! frames and events. A frame is received at once, but each delivery and each expiry is a [`Broker::work`] of its own, so
//! that a person can watch it.

use crate::sorted::{SortedMap, SortedSet};
use alloc::{collections::VecDeque, rc::Rc, vec::Vec};

use super::channel::{Capabilities, Channel, Connection};
use super::dead_letter::Busy;
use super::error::{self, Refusal};
use super::event::{ChannelRef, ConnectionId, Event, MessageId, RequeueReason, Resource};
use super::exchange::{Exchange, PREDECLARED};
use super::limits;
use super::method::{ChannelClose, ChannelCloseOk, ChannelOpenOk, ConnectionClose, ConnectionCloseOk};
use super::method::{ConnectionUpdateSecretOk, Frame, Method};
use super::policy::Policies;
use super::queue::Queue;
use crate::bytes::{BASE64URL, Bytes};
use crate::prng::Prng;

/// The broker of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Broker {
    pub(super) running: bool,
    /// What the virtual moment 0 is in ms since 1970: `x-death` tells the time.
    pub(super) epoch_ms: u64,
    pub(super) vhosts: SortedMap<Bytes, Vhost>,
    pub(super) connections: SortedMap<ConnectionId, Rc<Connection>>,
    /// Queues that can deliver now, in the order of their turns.
    pub(super) due: VecDeque<Resource>,
    /// Queues that wait for the clock, by virtual ms.
    pub(super) timers: SortedSet<(u64, Resource)>,
    pub(super) last_message: u32,
    pub(super) last_queue: u32,
    pub(super) last_consumer: u32,
    pub(super) tally: Tally,
    pub(super) limits: limits::Limits,
}

/// A virtual host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Vhost {
    /// Exchanges by name.
    pub exchanges: SortedMap<Bytes, Rc<Exchange>>,
    /// Queues by name.
    pub queues: SortedMap<Bytes, Rc<Queue>>,
    /// Its policies.
    pub policies: Policies,
    /// What it is for, in a person's words.
    pub description: Bytes,
    /// Labels.
    pub tags: Vec<Bytes>,
}

/// Where every copy that ever joined a queue went. What is not gone is ready or unacked: `check` holds the broker to it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tally {
    /// Copies that joined a queue.
    pub enqueued: u64,
    /// Copies that were acknowledged, or delivered where no acknowledgement is asked.
    pub acknowledged: u64,
    /// Copies that went to a dead letter exchange.
    pub dead_lettered: u64,
    /// Copies that expired, were dropped, purged, or lost with their queue.
    pub lost: u64,
    /// Body bytes of the copies that are there now.
    pub bytes: u64,
}

/// What leaves the broker, in order.
#[allow(clippy::large_enum_variant, reason = "nearly everything that leaves is a frame")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Out {
    /// A frame goes to a client.
    Frame {
        /// To which connection.
        connection: ConnectionId,
        /// On which channel.
        channel: u16,
        /// The method and its content.
        frame: Frame,
        /// The event it comes from; none where it simply answers what is being received.
        cause: Option<u32>,
    },
    /// The broker closed the socket.
    Closed {
        /// Of this connection.
        connection: ConnectionId,
    },
}

/// What the broker needs from the world to do something.
#[allow(missing_debug_implementations, reason = "it holds a closure")]
pub struct Cx<'a> {
    /// The virtual time.
    pub now_ms: u64,
    /// The only source of chance.
    pub prng: &'a mut Prng,
    /// The number of the message that is being published, where the world has already given it one; else the broker counts.
    pub message: Option<MessageId>,
    /// Records an event and returns its number. The second argument is the number of the event that caused it; none stands
    /// for what the world is just doing.
    pub events: &'a mut dyn FnMut(Event, Option<u32>) -> u32,
    /// What leaves the broker.
    pub out: &'a mut Vec<Out>,
    /// A queue that is in the middle of something. None where nobody begins anything.
    pub(super) busy: Option<Busy>,
}

impl<'a> Cx<'a> {
    /// With the next message counted by the broker.
    pub fn new(
        now_ms: u64,
        prng: &'a mut Prng,
        events: &'a mut dyn FnMut(Event, Option<u32>) -> u32,
        out: &'a mut Vec<Out>,
    ) -> Cx<'a> {
        Cx { now_ms, prng, message: None, events, out, busy: None }
    }

    /// The same, with the number that the world gave to the message being published.
    #[must_use]
    pub fn publishing(self, message: Option<MessageId>) -> Cx<'a> {
        Cx { message, ..self }
    }
}

impl Cx<'_> {
    pub(super) fn event(&mut self, event: Event, cause: Option<u32>) -> u32 {
        (self.events)(event, cause)
    }

    pub(super) fn send(&mut self, at: ChannelRef, frame: impl Into<Frame>, cause: Option<u32>) {
        let ChannelRef { connection, channel } = at;
        self.out.push(Out::Frame { connection, channel, frame: frame.into(), cause });
    }

    /// A name such as RabbitMQ makes up: a prefix and 128 bits in base64url without padding.
    pub fn made_up_name(&mut self, prefix: &str) -> Bytes {
        let mut name = Vec::from(prefix.as_bytes());
        let bits = u128::from(self.prng.next_u64()) << 64 | u128::from(self.prng.next_u64());
        // 21 digits of six bits, and one for the two bits that are left.
        name.extend((0..21).map(|digit| BASE64URL[(bits >> (122 - 6 * digit)) as usize & 63]));
        name.push(BASE64URL[(bits << 4) as usize & 63]);
        Bytes::from(name)
    }
}

/// The virtual host that every broker has.
pub const DEFAULT_VHOST: &str = "/";

impl Default for Broker {
    fn default() -> Self {
        Broker::new()
    }
}

impl Broker {
    /// A running broker with the virtual host `/` and the predeclared exchanges.
    pub fn new() -> Self {
        let mut broker = Broker {
            running: true,
            epoch_ms: 0,
            vhosts: SortedMap::new(),
            connections: SortedMap::new(),
            due: VecDeque::new(),
            timers: SortedSet::new(),
            last_message: 0,
            last_queue: 0,
            last_consumer: 0,
            tally: Tally::default(),
            limits: limits::Limits::default(),
        };
        broker.add_vhost(Bytes::from(DEFAULT_VHOST));
        broker
    }

    /// The same, whose virtual moment 0 is so many ms after 1970.
    pub fn at_epoch(epoch_ms: u64) -> Self {
        Broker { epoch_ms, ..Broker::new() }
    }

    /// The same with other limits.
    pub fn with_limits(self, limits: limits::Limits) -> Self {
        Broker { limits, ..self }
    }

    /// Adds a virtual host with the predeclared exchanges, if it is not there.
    pub fn add_vhost(&mut self, name: Bytes) {
        let vhost = self.vhosts.get_or_insert_with(name.clone(), Default::default);
        for (exchange, exchange_type, internal) in PREDECLARED {
            let resource = Resource { vhost: name.clone(), name: Bytes::from(*exchange) };
            let new = Exchange { internal: *internal, ..Exchange::new(resource, *exchange_type) };
            vhost.exchanges.get_or_insert_with(Bytes::from(*exchange), || Rc::new(new));
        }
    }

    /// Whether clients can connect.
    pub fn is_running(&self) -> bool {
        self.running
    }

    /// A connection that is already through its handshake, as user `guest` on the virtual host `/`, with the capabilities
    /// that current clients announce. A broker that is down or full closes it at once.
    pub fn connect(&mut self, cx: &mut Cx<'_>, connection: ConnectionId) {
        let (user, vhost) = (Bytes::from("guest"), Bytes::from(DEFAULT_VHOST));
        self.connect_as(cx, connection, user, vhost, Capabilities::default());
    }

    /// A connection that is already through its handshake with this outcome.
    pub fn connect_as(
        &mut self,
        cx: &mut Cx<'_>,
        connection: ConnectionId,
        user: Bytes,
        vhost: Bytes,
        capabilities: Capabilities,
    ) {
        let is_welcome = self.running && self.vhosts.contains_key(&vhost);
        if !is_welcome || self.connections.len() >= limits::CONNECTIONS_MAX {
            cx.out.push(Out::Closed { connection });
            return;
        }
        assert!(!self.connections.contains_key(&connection), "a connection number is handed out once");
        let channels = SortedMap::new();
        let (closing, stalled) = (false, false);
        let new = Connection { id: connection, user, vhost, capabilities, channels, closing, stalled };
        self.connections.insert(connection, Rc::new(new));
        cx.event(Event::ConnectionOpened { connection }, None);
    }

    /// The socket of a connection is gone, without a goodbye.
    pub fn disconnect(&mut self, cx: &mut Cx<'_>, connection: ConnectionId) {
        let Some(gone) = self.connections.get(&connection) else { return };
        if !gone.closing {
            self.end_connection(cx, connection, 0, Bytes::default(), RequeueReason::ConnectionClosed);
        }
        self.connections.remove(&connection);
    }

    /// Receives one method, with its content, from a client. Deliveries that it makes possible are left to [`Broker::work`].
    pub fn receive(&mut self, cx: &mut Cx<'_>, connection: ConnectionId, channel: u16, frame: Frame) {
        let Some(from) = self.connections.get(&connection).filter(|_| self.running) else { return };
        let at = ChannelRef { connection, channel };
        if from.closing {
            // Everything but the end of the connection is ignored now.
            match frame.method {
                Method::ConnectionCloseOk(_) => self.hang_up(cx, connection),
                Method::ConnectionClose(_) => cx.send(at, ConnectionCloseOk {}, None),
                _ => {}
            }
            return;
        }
        let result = match channel {
            0 => self.connection_method(cx, connection, &frame.method),
            _ => self.channel_method(cx, at, &frame),
        };
        if let Err(refusal) = result {
            self.refuse(cx, at, frame.method, refusal);
        }
    }

    fn connection_method(&mut self, cx: &mut Cx<'_>, id: ConnectionId, method: &Method) -> Result<(), Refusal> {
        let at = ChannelRef { connection: id, channel: 0 };
        match method {
            Method::ConnectionClose(ConnectionClose { reply_code, reply_text, .. }) => {
                let reason = RequeueReason::ConnectionClosed;
                let event = self.end_connection(cx, id, *reply_code, reply_text.clone(), reason);
                cx.send(at, ConnectionCloseOk {}, Some(event));
                self.hang_up(cx, id);
                Ok(())
            }
            Method::ConnectionUpdateSecret(_) => {
                cx.send(at, ConnectionUpdateSecretOk {}, None);
                Ok(())
            }
            _ => Err(error::channel_zero()),
        }
    }

    /// The methods of class channel, and the state that every other method needs.
    fn channel_method(&mut self, cx: &mut Cx<'_>, at: ChannelRef, frame: &Frame) -> Result<(), Refusal> {
        let connection = self.connection_mut(at.connection);
        let Some(channel) = connection.channels.get(&at.channel) else {
            let channel_max = connection.capabilities.channel_max;
            // Their number counts, not their numbers.
            if connection.channels.len() >= usize::from(channel_max) {
                return Err(error::channel_max(channel_max));
            }
            if !matches!(frame.method, Method::ChannelOpen(_)) {
                if super::queues::means_last_queue(&frame.method) {
                    // What the empty queue name stands for is looked up before anything else, even on a channel that is not open.
                    connection.channels.insert(at.channel, Channel::default());
                    return Err(error::no_previously_declared_queue());
                }
                return Err(error::channel_not_open());
            }
            connection.channels.insert(at.channel, Channel::default());
            let event = cx.event(Event::ChannelOpened { channel: at }, None);
            cx.send(at, ChannelOpenOk::default(), Some(event));
            return Ok(());
        };
        if channel.closing {
            // AMQP 0-9-1 section 1.5.2.5: after sending a close, everything but a close and a close-ok is ignored.
            match frame.method {
                Method::ChannelCloseOk(_) => {
                    connection.channels.remove(&at.channel);
                }
                Method::ChannelClose(_) => cx.send(at, ChannelCloseOk {}, None),
                Method::ChannelOpen(_) => return Err(error::channel_already_open()),
                _ => {}
            }
            return Ok(());
        }
        match &frame.method {
            Method::ChannelOpen(_) => Err(error::channel_already_open()),
            Method::ChannelClose(ChannelClose { reply_code, reply_text, .. }) => {
                let reason = RequeueReason::ChannelClosed;
                let event = self.end_channel(cx, at, *reply_code, reply_text.clone(), reason, None);
                self.connection_mut(at.connection).channels.remove(&at.channel);
                cx.send(at, ChannelCloseOk {}, Some(event));
                Ok(())
            }
            method => {
                if super::queues::means_last_queue(method) {
                    self.named_queue(at, &Bytes::default())?;
                }
                self.method(cx, at, frame)
            }
        }
    }

    /// Refuses a method: the channel or the connection is closed.
    pub(super) fn refuse(&mut self, cx: &mut Cx<'_>, at: ChannelRef, method: Method, refusal: Refusal) {
        let Refusal { code, text, hard } = refusal;
        // RabbitMQ refuses a channel too many before it looks at what is said on it, and a crash is nobody's method.
        let is_channel_too_many = hard && code == error::NOT_ALLOWED && matches!(method, Method::ChannelOpen(_));
        let is_nobodys = is_channel_too_many || code == error::INTERNAL_ERROR;
        let (class_id, method_id) = if is_nobodys { (0, 0) } else { method.ids() };
        let event = cx.event(Event::Refused { channel: at, code, text: text.clone(), method, hard }, None);
        if hard {
            self.close_connection(
                cx,
                at.connection,
                code,
                text,
                (class_id, method_id),
                RequeueReason::ConnectionClosed,
            );
        } else {
            let close = ChannelClose { reply_code: code, reply_text: text.clone(), class_id, method_id };
            cx.send(at, Method::from(close), Some(event));
            if self.channel(at).is_some() {
                self.end_channel(cx, at, code, text, RequeueReason::ChannelClosed, Some(event));
                self.channel_to_its_end(at).into_iter().for_each(|channel| channel.closing = true);
            }
        }
    }

    /// Ends a connection from this side: `connection.close` is sent, and only its `close-ok` is awaited.
    pub(super) fn close_connection(
        &mut self,
        cx: &mut Cx<'_>,
        id: ConnectionId,
        reply_code: u16,
        text: Bytes,
        (class_id, method_id): (u16, u16),
        reason: RequeueReason,
    ) {
        let event = self.end_connection(cx, id, reply_code, text.clone(), reason);
        let close = ConnectionClose { reply_code, reply_text: text, class_id, method_id };
        cx.send(ChannelRef { connection: id, channel: 0 }, Method::from(close), Some(event));
        self.connection_mut(id).closing = true;
    }

    /// Closes a connection's socket.
    fn hang_up(&mut self, cx: &mut Cx<'_>, connection: ConnectionId) {
        self.connections.remove(&connection);
        cx.out.push(Out::Closed { connection });
    }

    /// What ends with a connection: its channels and its exclusive queues.
    fn end_connection(
        &mut self,
        cx: &mut Cx<'_>,
        id: ConnectionId,
        code: u16,
        text: Bytes,
        reason: RequeueReason,
    ) -> u32 {
        let event = cx.event(Event::ConnectionClosed { connection: id, code, text }, None);
        let connection = self.connection_mut(id);
        let vhost = connection.vhost.clone();
        let open = connection.channels.iter().filter(|(_, channel)| !channel.closing);
        let open: Vec<u16> = open.map(|(number, _)| *number).collect();
        // Nothing is sent any more, on none of them.
        connection.channels.values_mut().for_each(|channel| channel.closing = true);
        for channel in open {
            let at = ChannelRef { connection: id, channel };
            self.end_channel(cx, at, 0, Bytes::default(), reason, Some(event));
        }
        self.connection_mut(id).channels.clear();
        self.delete_exclusive_queues(cx, &vhost, id, event);
        event
    }

    /// Stops the broker cleanly: clients are told, and what was not delivered is not marked redelivered later.
    pub fn stop(&mut self, cx: &mut Cx<'_>) {
        if !self.running {
            return;
        }
        cx.event(Event::BrokerStopped, None);
        let Refusal { code, text, .. } = error::shutdown();
        for id in self.connections.keys().copied().collect::<Vec<_>>() {
            if !self.connection_mut(id).closing {
                self.close_connection(cx, id, code, text.clone(), (0, 0), RequeueReason::BrokerStopped);
            }
            self.hang_up(cx, id);
        }
        self.go_down(cx, false);
    }

    /// Kills the broker: every socket just closes.
    pub fn kill(&mut self, cx: &mut Cx<'_>) {
        if !self.running {
            return;
        }
        let event = cx.event(Event::BrokerKilled, None);
        for id in core::mem::take(&mut self.connections).into_keys() {
            let text = Bytes::default();
            cx.event(Event::ConnectionClosed { connection: id, code: 0, text }, Some(event));
            cx.out.push(Out::Closed { connection: id });
        }
        self.go_down(cx, true);
    }

    /// Starts a broker that was stopped or killed, with what it had on disk.
    pub fn start(&mut self, cx: &mut Cx<'_>) {
        if self.running {
            return;
        }
        self.running = true;
        let event = cx.event(Event::BrokerStarted, None);
        self.recover(cx, event);
    }

    pub(super) fn connection_mut(&mut self, id: ConnectionId) -> &mut Connection {
        let connection = self.connections.get_mut(&id);
        Rc::make_mut(connection.unwrap_or_else(|| panic!("connection {} was looked up before", id.0)))
    }

    pub(super) fn channel(&self, at: ChannelRef) -> Option<&Channel> {
        self.connections.get(&at.connection)?.channels.get(&at.channel).filter(|channel| !channel.closing)
    }

    pub(super) fn channel_mut(&mut self, at: ChannelRef) -> Option<&mut Channel> {
        let connection = Rc::make_mut(self.connections.get_mut(&at.connection)?);
        connection.channels.get_mut(&at.channel).filter(|channel| !channel.closing)
    }

    /// A channel, though it may be closing: its queues have not all heard of it then.
    pub(super) fn channel_to_its_end(&mut self, at: ChannelRef) -> Option<&mut Channel> {
        Rc::make_mut(self.connections.get_mut(&at.connection)?).channels.get_mut(&at.channel)
    }

    /// A name in the virtual host of a connection.
    pub(super) fn resource(&self, connection: ConnectionId, name: &Bytes) -> Resource {
        let vhost =
            self.connections.get(&connection).map_or_else(Bytes::default, |connection| connection.vhost.clone());
        Resource { vhost, name: name.clone() }
    }

    pub(super) fn queue_at(&self, queue: &Resource) -> Option<&Queue> {
        self.vhosts.get(&queue.vhost)?.queues.get(&queue.name).map(Rc::as_ref)
    }

    pub(super) fn queue_mut(&mut self, queue: &Resource) -> Option<&mut Queue> {
        self.vhosts.get_mut(&queue.vhost)?.queues.get_mut(&queue.name).map(Rc::make_mut)
    }

    pub(super) fn exchange(&self, exchange: &Resource) -> Option<&Exchange> {
        self.vhosts.get(&exchange.vhost)?.exchanges.get(&exchange.name).map(Rc::as_ref)
    }

    pub(super) fn exchange_mut(&mut self, exchange: &Resource) -> Option<&mut Exchange> {
        self.vhosts.get_mut(&exchange.vhost)?.exchanges.get_mut(&exchange.name).map(Rc::make_mut)
    }
}
