//! One client's conversation, from its first byte: the handshake, frames, and what RabbitMQ's reader says to what is wrong.
//!
//! It knows no socket: bytes go in, answers go to the client's [`Peer`] and its methods to the [`Node`].

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use warren_sim::amqp::channel::Capabilities;
use warren_sim::amqp::event::{ChannelRef, ConnectionId};
use warren_sim::amqp::method::{
    ConnectionBlocked, ConnectionClose, ConnectionCloseOk, ConnectionOpen, ConnectionOpenOk, ConnectionStartOk,
};
use warren_sim::amqp::method::{ConnectionTune, ConnectionTuneOk, ConnectionUnblocked, Frame, Method};
use warren_sim::bytes::Bytes;
use warren_wire::{BODY, EMPTY_LEN, END, FRAME_MAX, HEAD_LEN, HEADER, HEARTBEAT, METHOD, PROTOCOL_HEADER};

use super::content::{Assembly, Fault, method};
use super::erlang;
use super::login::{self, Outcome};
use super::node::{Node, Standing};
use super::peer::{FRAME_MIN, HIGH_BYTES, Peer};
use super::{old, permissions, settings};

/// The header of AMQP 0-9, which RabbitMQ takes for 0-9-1.
const PROTOCOL_HEADER_0_9: &[u8; 8] = b"AMQP\x01\x01\0\x09";
/// The header of AMQP 0-8, as most clients send it, and as its specification on the web has it.
const PROTOCOL_HEADERS_0_8: [&[u8; 8]; 2] = [b"AMQP\x01\x01\x08\0", b"AMQP\x01\x01\x09\x01"];
/// What RabbitMQ offers in `connection.tune`.
const CHANNEL_MAX: u16 = 2047;
/// In seconds.
const HEARTBEAT_OFFER: u16 = 60;
/// RabbitMQ lets a client that it does not trust wait so long.
const SILENT_CLOSE: Duration = Duration::from_secs(3);
/// So long RabbitMQ waits for `connection.close-ok`.
const CLOSING: Duration = Duration::from_secs(30);

/// How far a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing was said.
    Header,
    /// `connection.start` was sent.
    Starting,
    /// `connection.tune` was sent.
    Tuning,
    /// `connection.open` is awaited.
    Opening,
    /// Open.
    Running,
    /// The connection is at its end, and only the socket is there. `connection.close-ok` closes it.
    Closing,
    /// Nothing more is heard.
    Ended,
}

/// A conversation.
#[derive(Debug)]
pub struct Session {
    state: State,
    /// The connection's number, once it was open.
    pub connection: Option<ConnectionId>,
    peer: Rc<Peer>,
    user: Bytes,
    capabilities: Capabilities,
    wants_failure_close: bool,
    wants_blocked: bool,
    /// Whether it published while an alarm was on: nothing more is read until the alarm is over.
    is_blocked: bool,
    /// What each channel that was heard of waits for.
    channels: BTreeMap<u16, Assembly>,
    /// The negotiated interval, in seconds; 0 is none.
    pub heartbeat: u16,
    /// How long from now on the socket may stay open at most.
    pub deadline: Option<Duration>,
}

impl Session {
    /// With a client that has said nothing yet.
    pub fn new(peer: Rc<Peer>) -> Self {
        Session {
            state: State::Header,
            connection: None,
            peer,
            user: Bytes::default(),
            capabilities: Capabilities::default(),
            wants_failure_close: false,
            wants_blocked: false,
            is_blocked: false,
            channels: BTreeMap::new(),
            heartbeat: 0,
            deadline: None,
        }
    }

    /// Whether the handshake is done with.
    pub fn is_past_handshake(&self) -> bool {
        !matches!(self.state, State::Header | State::Starting | State::Tuning | State::Opening)
    }

    /// Whether nothing more is heard from this client.
    pub fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Whether what this client sends is left in its socket.
    pub fn is_blocked(&self) -> bool {
        self.is_blocked
    }

    /// Takes what is whole of these bytes and returns how many were taken. It stops early when too much waits for the client.
    pub fn process(&mut self, node: &Node, bytes: &[u8]) -> usize {
        let mut at = 0;
        self.unblock(node);
        while !self.has_ended() && !self.is_blocked && self.peer.waiting() < HIGH_BYTES {
            let rest = &bytes[at..];
            if self.state == State::Header {
                let Some(header) = rest.first_chunk::<8>() else { break };
                at += header.len();
                self.protocol_header(header);
                continue;
            }
            let Some(head) = rest.first_chunk::<HEAD_LEN>() else { break };
            let (kind, channel) = (head[0], u16::from_be_bytes([head[1], head[2]]));
            let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]) as usize;
            let frame_max = self.peer.frame_max.get();
            if frame_max != 0 && size > frame_max {
                let fault = format!("{{frame_too_large,{size},{}}}", frame_max - EMPTY_LEN);
                self.frame_error(node, kind, &[], &fault);
                self.end_in(SILENT_CLOSE);
                break;
            }
            let Some(payload) = rest.get(HEAD_LEN..HEAD_LEN + size) else { break };
            let Some(end) = rest.get(HEAD_LEN + size) else { break };
            at += size + EMPTY_LEN;
            if *end != END {
                self.frame_error(node, kind, payload, &format!("{{invalid_frame_end_marker,{end}}}"));
                self.end_in(SILENT_CLOSE);
                break;
            }
            self.frame(node, kind, channel, payload);
            if matches!(kind, HEADER | BODY) {
                self.block(node);
            }
        }
        if self.state == State::Running && self.connection.is_some_and(|id| node.standing(id) == Standing::Closing) {
            self.wait_for_the_end();
        }
        self.peer.send_confirms();
        at
    }

    /// A client that publishes while an alarm is on is told, and heard no more.
    fn block(&mut self, node: &Node) {
        let is_open = self.connection.is_some_and(|id| node.standing(id) == Standing::Open);
        if let Some(reason) = node.alarms.reason().filter(|_| is_open && self.state == State::Running) {
            self.is_blocked = true;
            if self.wants_blocked {
                self.send(0, ConnectionBlocked { reason: Bytes::from(reason) });
            }
        }
    }

    fn unblock(&mut self, node: &Node) {
        if self.is_blocked && node.alarms.reason().is_none() {
            self.is_blocked = false;
            if self.wants_blocked && self.connection.is_some_and(|id| node.standing(id) == Standing::Open) {
                self.send(0, ConnectionUnblocked {});
            }
        }
    }

    fn protocol_header(&mut self, header: &[u8; 8]) {
        let is_old = PROTOCOL_HEADERS_0_8.contains(&header);
        if is_old || header == PROTOCOL_HEADER || header == PROTOCOL_HEADER_0_9 {
            self.peer.is_old.set(is_old);
            self.send(0, login::start(is_old));
            self.state = State::Starting;
        } else {
            self.peer.outbox.borrow_mut().extend(PROTOCOL_HEADER);
            self.state = State::Ended;
        }
    }

    fn frame(&mut self, node: &Node, kind: u8, channel: u16, payload: &[u8]) {
        let is_known = match kind {
            METHOD => payload.len() >= 4,
            HEADER => payload.len() >= 12,
            BODY => true,
            HEARTBEAT => payload.is_empty(),
            _ => false,
        };
        let is_open = match self.connection.filter(|_| self.state == State::Running) {
            Some(id) => node.standing(id) == Standing::Open,
            None => self.state != State::Closing,
        };
        match (kind, channel) {
            // At the end of a connection only channel 0 is heard, and only what can be read there.
            (METHOD, 0) if !is_open && is_known => match self.method_in(payload) {
                Ok(method) => self.last_method(node, method),
                Err(Fault::Unreadable) => self.end_in(Duration::ZERO),
                Err(_) => {}
            },
            _ if !is_open => {}
            (_, 1..) if self.state != State::Running => self.unexpected_frame(node, kind, payload),
            _ if !is_known => self.frame_error(node, kind, payload, "unknown_frame"),
            (HEARTBEAT, 0) => {}
            (METHOD, 0) => match self.method_in(payload) {
                Ok(method) => self.method(node, method),
                // RabbitMQ's reader has a name for bad UTF-8, and none for what cannot be decoded.
                Err(Fault::NoUtf8(ids)) => {
                    self.close(node, 501, b"FRAME_ERROR - Malformed UTF-8 in shortstr".to_vec(), ids)
                }
                Err(Fault::Undecodable(_)) => self.fault(node, Fault::Internal, payload),
                Err(Fault::Unimplemented(ids)) => self.unexpected_method(node, ids),
                Err(fault) => self.fault(node, fault, payload),
            },
            (HEARTBEAT, _) | (_, 0) => self.unexpected_frame(node, kind, payload),
            _ => {
                let new = if kind == METHOD { self.in_new_form(payload) } else { Ok(payload.into()) };
                match new.and_then(|new| self.channels.entry(channel).or_default().take(kind, &new)) {
                    Ok(None) => {}
                    Ok(Some(frame)) => self.channel_method(node, channel, frame),
                    Err(fault) => self.fault(node, fault, payload),
                }
            }
        }
    }

    /// The bytes of a method in the form of 0-9-1.
    fn in_new_form<'a>(&self, payload: &'a [u8]) -> Result<Cow<'a, [u8]>, Fault> {
        if self.peer.is_old.get() { old::heard(payload) } else { Ok(payload.into()) }
    }

    fn method_in(&self, payload: &[u8]) -> Result<Method, Fault> {
        method(&self.in_new_form(payload)?)
    }

    /// A method on a channel, with its content.
    fn channel_method(&mut self, node: &Node, channel: u16, frame: Frame) {
        let Some(connection) = self.connection else { return };
        let at = ChannelRef { connection, channel };
        if matches!(frame.method, Method::ChannelOpen(_))
            && let Some(reason) = settings::channel_refusal(node, &self.user)
        {
            return self.close(node, 530, format!("NOT_ALLOWED - {reason}").into_bytes(), (0, 0));
        }
        match permissions::refusal(node, &self.user, at, &frame.method) {
            None => node.receive(connection, channel, frame),
            Some(refusal) => node.with(|broker, cx| broker.refuse_from_outside(cx, at, frame.method, refusal)),
        }
    }

    /// A method on channel 0.
    fn method(&mut self, node: &Node, method: Method) {
        match (self.state, self.connection, method) {
            (State::Starting, _, Method::ConnectionStartOk(start_ok)) => self.start_ok(node, &start_ok),
            (State::Tuning, _, Method::ConnectionTuneOk(tune_ok)) => self.tune_ok(&tune_ok),
            (State::Opening, _, Method::ConnectionOpen(open)) => self.open(node, &open),
            (State::Running, Some(id), method) => {
                let closes = matches!(method, Method::ConnectionClose(_));
                node.receive(id, 0, Frame::from(method));
                if closes {
                    // The socket is left to the client to close.
                    self.peer.ended.set(false);
                    self.wait_for_the_end();
                }
            }
            (_, _, method) => self.unexpected_method(node, method.ids()),
        }
    }

    fn unexpected_method(&mut self, node: &Node, ids: (u16, u16)) {
        let text = format!("CHANNEL_ERROR - unexpected method in connection state {}", self.state.name());
        self.close(node, 504, text.into_bytes(), ids);
    }

    /// A method on channel 0 of a connection that is at its end.
    fn last_method(&mut self, node: &Node, method: Method) {
        match (self.connection, method) {
            (_, Method::ConnectionCloseOk(_)) => {
                if let Some(id) = self.connection {
                    node.receive(id, 0, Frame::from(ConnectionCloseOk {}));
                }
                self.end_in(Duration::ZERO);
            }
            (Some(id), method @ Method::ConnectionClose(_)) => node.receive(id, 0, Frame::from(method)),
            _ => {}
        }
    }

    fn start_ok(&mut self, node: &Node, method: &ConnectionStartOk) {
        self.capabilities = login::capabilities(&method.client_properties);
        // There is no such method in 0-8.
        self.wants_blocked =
            login::announces(&method.client_properties, "connection.blocked") && !self.peer.is_old.get();
        self.wants_failure_close = login::announces(&method.client_properties, "authentication_failure_close");
        let outcome = login::login(method, &node.users);
        node.attempts.count(false, matches!(outcome, Outcome::Welcome(_)));
        match outcome {
            Outcome::Welcome(user) => {
                self.capabilities.impersonator = node.users.has_tag(&user, "impersonator");
                self.user = user;
                let mut about = self.peer.about.borrow_mut();
                about.client_properties = method.client_properties.clone();
                about.mechanism = method.mechanism.clone();
                about.user = self.user.clone();
                drop(about);
                let (channel_max, frame_max) = (CHANNEL_MAX, FRAME_MAX as u32);
                self.send(0, ConnectionTune { channel_max, frame_max, heartbeat: HEARTBEAT_OFFER });
                self.state = State::Tuning;
            }
            Outcome::Refused if self.wants_failure_close => {
                let mechanism = method.mechanism.text().into_owned();
                let text = format!(
                    "ACCESS_REFUSED - Login was refused using authentication mechanism {mechanism}. For details see the broker logfile."
                );
                self.refuse(403, text.into_bytes(), (0, 0));
                self.deadline = Some(SILENT_CLOSE);
            }
            Outcome::Refused | Outcome::Malformed => self.end_in(SILENT_CLOSE),
        }
    }

    fn tune_ok(&mut self, method: &ConnectionTuneOk) {
        // RabbitMQ writes what is wrong with the numbers into its log only.
        let frame_max = FRAME_MIN..=FRAME_MAX as u32;
        if !frame_max.contains(&method.frame_max) || !(1..=CHANNEL_MAX).contains(&method.channel_max) {
            return self.end_in(SILENT_CLOSE);
        }
        self.peer.frame_max.set(method.frame_max as usize);
        self.capabilities.channel_max = method.channel_max;
        self.heartbeat = method.heartbeat;
        self.peer.about.borrow_mut().heartbeat = method.heartbeat;
        self.state = State::Opening;
    }

    fn open(&mut self, node: &Node, method: &ConnectionOpen) {
        let vhost = &method.virtual_host;
        if !node.is_running() {
            return self.end_in(Duration::ZERO);
        }
        if !node.has_vhost(vhost) {
            let text = [b"NOT_ALLOWED - vhost ", &vhost[..], b" not found"].concat();
            return self.close(node, 530, text, (10, 40));
        }
        if let Some(reason) = settings::connection_refusal(node, &self.user, vhost) {
            return self.close(node, 530, format!("NOT_ALLOWED - {reason}").into_bytes(), (10, 40));
        }
        if !node.users.may_enter(&self.user, vhost) {
            let (vhost, user) = (vhost.text(), self.user.text());
            let text = format!("NOT_ALLOWED - access to vhost '{vhost}' refused for user '{user}'");
            return self.close(node, 530, text.into_bytes(), (10, 40));
        }
        self.send(0, ConnectionOpenOk::default());
        self.state = State::Running;
        self.connection = Some(node.connect(self.user.clone(), vhost.clone(), self.capabilities, self.peer.clone()));
    }

    fn fault(&mut self, node: &Node, fault: Fault, payload: &[u8]) {
        match fault {
            Fault::Unexpected(text, ids) => self.close(node, 505, format!("UNEXPECTED_FRAME - {text}").into(), ids),
            Fault::Undecodable(ids) => {
                let text = format!("FRAME_ERROR - cannot decode {}", erlang::plain(&payload[4..]));
                self.close(node, 501, text.into_bytes(), ids);
            }
            Fault::Unimplemented(ids) => self.close(node, 503, b"COMMAND_INVALID - unimplemented method".to_vec(), ids),
            Fault::NoUtf8(_) => self.close(node, 501, b"FRAME_ERROR - Malformed UTF-8 in shortstr".to_vec(), (0, 0)),
            Fault::Internal => self.close(node, 541, b"INTERNAL_ERROR".to_vec(), (0, 0)),
            Fault::Unreadable => self.end_in(Duration::ZERO),
        }
    }

    fn frame_error(&mut self, node: &Node, kind: u8, payload: &[u8], fault: &str) {
        let text = [b"FRAME_ERROR - ", &snippet(kind, payload)[..], b": ", fault.as_bytes()].concat();
        self.close(node, 501, text, (0, 0));
    }

    fn unexpected_frame(&mut self, node: &Node, kind: u8, payload: &[u8]) {
        self.close(node, 505, [b"UNEXPECTED_FRAME - ", &snippet(kind, payload)[..]].concat(), (0, 0));
    }

    /// Closes the connection for what the client did. A client that has not tuned yet hears nothing: RabbitMQ does not trust it.
    fn close(&mut self, node: &Node, code: u16, text: Vec<u8>, method: (u16, u16)) {
        match self.state {
            State::Running => {
                let Some(id) = self.connection else { return };
                let text = Bytes::from(erlang::reply_text(text));
                node.with(|broker, cx| broker.close_from_outside(cx, id, code, text, method));
            }
            State::Opening => self.refuse(code, text, method),
            State::Header | State::Starting | State::Tuning => self.end_in(SILENT_CLOSE),
            State::Closing | State::Ended => {}
        }
    }

    /// Says `connection.close` to a client whose connection is not open yet.
    fn refuse(&mut self, reply_code: u16, text: Vec<u8>, (class_id, method_id): (u16, u16)) {
        let reply_text = Bytes::from(erlang::reply_text(text));
        self.send(0, ConnectionClose { reply_code, reply_text, class_id, method_id });
        self.wait_for_the_end();
    }

    /// Leaves the socket to the client to close, for a while.
    fn wait_for_the_end(&mut self) {
        self.state = State::Closing;
        let beat = Duration::from_secs(u64::from(self.heartbeat));
        self.deadline = Some(if beat.is_zero() { CLOSING } else { beat.min(CLOSING) });
    }

    /// Nothing more is heard, and the socket closes after a while.
    fn end_in(&mut self, wait: Duration) {
        self.deadline = Some(wait);
        self.state = State::Ended;
    }

    fn send(&self, channel: u16, method: impl Into<Method>) {
        self.peer.write(channel, &Frame::from(method.into()));
    }
}

impl State {
    /// The name that RabbitMQ gives it.
    fn name(&self) -> &'static str {
        match self {
            State::Header => "pre_init",
            State::Starting => "starting",
            State::Tuning => "tuning",
            State::Opening => "opening",
            State::Running => "running",
            State::Closing => "closing",
            State::Ended => "closed",
        }
    }
}

/// The beginning of a payload, as RabbitMQ's frame errors show it.
fn snippet(kind: u8, payload: &[u8]) -> Vec<u8> {
    let (which, part) = if payload.len() <= 16 { ("all", payload) } else { ("first 16", &payload[..16]) };
    let text = format!("type {kind}, {which} octets = ");
    let column = text.len();
    [text.into_bytes(), erlang::pretty(part, column)].concat()
}
