//! One client's conversation, from its first byte: the handshake, frames, and what RabbitMQ's reader says to what is wrong.
//!
//! It knows no socket: bytes go in, answers go to the client's [`Peer`] and its methods to the [`Node`].

use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;
use warren_sim::amqp::channel::Capabilities;
use warren_sim::amqp::event::ConnectionId;
use warren_sim::amqp::method::{ConnectionClose, ConnectionOpen, ConnectionOpenOk, ConnectionStartOk, ConnectionTune};
use warren_sim::amqp::method::{ConnectionTuneOk, Frame, Method};
use warren_sim::bytes::Bytes;
use warren_wire::{BODY, EMPTY_LEN, END, FRAME_MAX, HEAD_LEN, HEADER, HEARTBEAT, METHOD, PROTOCOL_HEADER};

use super::content::{Assembly, Fault, method};
use super::login::{self, Outcome};
use super::node::Node;
use super::peer::{HIGH_BYTES, Peer};

/// What RabbitMQ offers in `connection.tune`.
const CHANNEL_MAX: u16 = 2047;
/// In seconds.
const HEARTBEAT_OFFER: u16 = 60;
/// The smallest frame that a client may negotiate.
const FRAME_MIN: u32 = 4096;
/// RabbitMQ lets a client that it does not trust wait so long.
const SILENT_CLOSE: Duration = Duration::from_secs(3);
/// So long RabbitMQ waits for `connection.close-ok`.
const CLOSING: Duration = Duration::from_secs(30);

/// How far a conversation is.
#[derive(Debug)]
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
    Running(ConnectionId),
    /// `connection.close` was sent before the connection was open.
    Refused,
    /// Nothing more is heard.
    Ended,
}

/// A conversation.
#[derive(Debug)]
pub struct Session {
    state: State,
    peer: Rc<Peer>,
    user: Bytes,
    capabilities: Capabilities,
    wants_failure_close: bool,
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
            peer,
            user: Bytes::default(),
            capabilities: Capabilities::default(),
            wants_failure_close: false,
            channels: BTreeMap::new(),
            heartbeat: 0,
            deadline: None,
        }
    }

    /// The connection's number, once it is open.
    pub fn connection(&self) -> Option<ConnectionId> {
        if let State::Running(id) = self.state { Some(id) } else { None }
    }

    /// Whether nothing more is heard from this client.
    pub fn has_ended(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    /// Takes what is whole of these bytes and returns how many were taken. It stops early when too much waits for the client.
    pub fn process(&mut self, node: &Node, bytes: &[u8]) -> usize {
        let mut at = 0;
        while !self.has_ended() && self.peer.waiting() < HIGH_BYTES {
            let rest = &bytes[at..];
            if matches!(self.state, State::Header) {
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
                self.frame_error(node, kind, channel, &[], &fault);
                self.end_in(SILENT_CLOSE);
                break;
            }
            let Some(payload) = rest.get(HEAD_LEN..HEAD_LEN + size) else { break };
            let Some(end) = rest.get(HEAD_LEN + size) else { break };
            at += size + EMPTY_LEN;
            if *end != END {
                self.frame_error(node, kind, channel, payload, &format!("{{invalid_frame_end_marker,{end}}}"));
                self.end_in(SILENT_CLOSE);
                break;
            }
            self.frame(node, kind, channel, payload);
        }
        at
    }

    fn protocol_header(&mut self, header: &[u8; 8]) {
        if header == PROTOCOL_HEADER {
            self.send(0, login::start());
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
        let State::Running(id) = self.state else {
            return self.early_frame(node, kind, channel, payload, is_known);
        };
        if node.is_closing(id) {
            // Only the end of the connection is heard now.
            if channel == 0
                && kind == METHOD
                && let Ok(method) = method(payload)
            {
                node.receive(id, 0, Frame::from(method));
            }
            return;
        }
        match (kind, channel) {
            _ if !is_known => self.frame_error(node, kind, channel, payload, "unknown_frame"),
            (HEARTBEAT, 0) => {}
            (METHOD, 0) => match method(payload) {
                Ok(method) => node.receive(id, 0, Frame::from(method)),
                Err(fault) => self.fault(node, fault),
            },
            (HEARTBEAT, _) | (_, 0) => self.unexpected_frame(node, kind, payload),
            _ => {
                let assembly = self.channels.entry(channel).or_default();
                match assembly.take(kind, payload) {
                    Ok(None) => {}
                    Ok(Some(frame)) => node.receive(id, channel, frame),
                    Err(fault) => self.fault(node, fault),
                }
            }
        }
    }

    /// A frame before the connection is open.
    fn early_frame(&mut self, node: &Node, kind: u8, channel: u16, payload: &[u8], is_known: bool) {
        if channel != 0 {
            return self.unexpected_frame(node, kind, payload);
        }
        match kind {
            _ if !is_known => self.frame_error(node, kind, channel, payload, "unknown_frame"),
            HEARTBEAT => {}
            METHOD => match method(payload) {
                Ok(method) => self.early_method(node, method),
                Err(fault) => self.fault(node, fault),
            },
            _ => self.unexpected_frame(node, kind, payload),
        }
    }

    fn early_method(&mut self, node: &Node, method: Method) {
        match (&self.state, method) {
            (State::Starting, Method::ConnectionStartOk(start_ok)) => self.start_ok(&start_ok),
            (State::Tuning, Method::ConnectionTuneOk(tune_ok)) => self.tune_ok(&tune_ok),
            (State::Opening, Method::ConnectionOpen(open)) => self.open(node, &open),
            (State::Refused, Method::ConnectionCloseOk(_)) => self.state = State::Ended,
            (State::Refused, _) => {}
            (state, _) => {
                let name = state.name();
                let text = format!("CHANNEL_ERROR - unexpected method in connection state {name}");
                self.refuse(504, &text, (0, 0));
            }
        }
    }

    fn start_ok(&mut self, method: &ConnectionStartOk) {
        self.capabilities = login::capabilities(&method.client_properties);
        self.wants_failure_close = login::announces(&method.client_properties, "authentication_failure_close");
        match login::login(method) {
            Outcome::Welcome(user) => {
                self.user = user;
                let (channel_max, frame_max) = (CHANNEL_MAX, FRAME_MAX as u32);
                self.send(0, ConnectionTune { channel_max, frame_max, heartbeat: HEARTBEAT_OFFER });
                self.state = State::Tuning;
            }
            Outcome::Refused if self.wants_failure_close => {
                let mechanism = method.mechanism.text().into_owned();
                let text = format!(
                    "ACCESS_REFUSED - Login was refused using authentication mechanism {mechanism}. For details see the broker logfile."
                );
                self.refuse(403, &text, (0, 0));
            }
            Outcome::Refused | Outcome::NoMechanism(_) | Outcome::Malformed => self.end_in(SILENT_CLOSE),
        }
    }

    fn tune_ok(&mut self, method: &ConnectionTuneOk) {
        let bounds = [
            ("frame_max", method.frame_max, FRAME_MIN, FRAME_MAX as u32),
            ("channel_max", u32::from(method.channel_max), 1, u32::from(CHANNEL_MAX)),
        ];
        for (name, value, least, most) in bounds {
            let wrong = match value {
                0 => Some(("higher", most, "maximum")),
                _ if value < least => Some(("lower", least, "minimum")),
                _ if value > most => Some(("higher", most, "maximum")),
                _ => None,
            };
            if let Some((how, bound, which)) = wrong {
                let detail = if value == 0 { " (no limit)" } else { "" };
                let text = format!(
                    "NOT_ALLOWED - negotiated {name} = {value}{detail} is {how} than the {which} allowed value ({bound})"
                );
                return self.refuse(530, &text, (10, 30));
            }
        }
        self.peer.frame_max.set(method.frame_max as usize);
        self.heartbeat = method.heartbeat;
        self.state = State::Opening;
    }

    fn open(&mut self, node: &Node, method: &ConnectionOpen) {
        let vhost = &method.virtual_host;
        if !node.has_vhost(vhost) {
            let text = format!("NOT_ALLOWED - vhost {} not found", vhost.text());
            return self.refuse(530, &text, (10, 40));
        }
        self.send(0, ConnectionOpenOk::default());
        let id = node.connect(self.user.clone(), vhost.clone(), self.capabilities, self.peer.clone());
        self.state = State::Running(id);
    }

    fn fault(&mut self, node: &Node, fault: Fault) {
        match fault {
            Fault::Unexpected(text, ids) => self.close(node, 505, &format!("UNEXPECTED_FRAME - {text}"), ids),
            Fault::Frame(text, ids) => self.close(node, 501, &format!("FRAME_ERROR - {text}"), ids),
            Fault::Internal(text, ids) => self.close(node, 541, &format!("INTERNAL_ERROR{text}"), ids),
            Fault::Unreadable => self.end_in(Duration::ZERO),
        }
    }

    fn frame_error(&mut self, node: &Node, kind: u8, _channel: u16, payload: &[u8], fault: &str) {
        let text = format!("FRAME_ERROR - type {kind}, {}: {fault}", snippet(payload));
        self.close(node, 501, &text, (0, 0));
    }

    fn unexpected_frame(&mut self, node: &Node, kind: u8, payload: &[u8]) {
        let text = format!("UNEXPECTED_FRAME - type {kind}, {}", snippet(payload));
        self.close(node, 505, &text, (0, 0));
    }

    /// Closes the connection for what the client did.
    fn close(&mut self, node: &Node, code: u16, text: &str, method: (u16, u16)) {
        match self.state {
            State::Running(id) => {
                node.with(|broker, cx| broker.close_from_outside(cx, id, code, Bytes::from(text), method));
                self.deadline.get_or_insert(CLOSING);
            }
            State::Refused | State::Ended => {}
            State::Header | State::Starting | State::Tuning | State::Opening => self.refuse(code, text, method),
        }
    }

    /// Says `connection.close` to a client whose connection is not open yet.
    fn refuse(&mut self, reply_code: u16, text: &str, (class_id, method_id): (u16, u16)) {
        self.send(0, ConnectionClose { reply_code, reply_text: Bytes::from(text), class_id, method_id });
        self.state = State::Refused;
        self.deadline = Some(CLOSING);
    }

    /// Nothing more is heard, and the socket closes after a while.
    fn end_in(&mut self, wait: Duration) {
        self.deadline = Some(wait);
        if self.connection().is_none() || wait.is_zero() {
            self.state = State::Ended;
        }
    }

    fn send(&self, channel: u16, method: impl Into<Method>) {
        let frame = Frame::from(method.into());
        warren_wire::encode_into(&mut self.peer.outbox.borrow_mut(), channel, &frame, self.peer.frame_max.get());
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
            State::Running(_) => "running",
            State::Refused | State::Ended => "closing",
        }
    }
}

/// The beginning of a payload, as RabbitMQ's frame errors show it.
fn snippet(payload: &[u8]) -> String {
    let (which, part) = if payload.len() <= 16 { ("all", payload) } else { ("first 16", &payload[..16]) };
    let bytes: Vec<String> = part.iter().map(u8::to_string).collect();
    format!("{which} octets = <<{}>>", bytes.join(","))
}
