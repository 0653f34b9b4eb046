//! A client of RabbitMQ that says and hears single frames: the recorder's hands and ears.
//!
//! It answers `channel.close` and `connection.close` by itself, as every client library does.

use crate::problem::{Outcome, Problem};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread::sleep;
use std::time::{Duration, Instant};
use warren_sim::amqp::method::{ChannelCloseOk, ChannelFlow, ChannelOpen, ConnectionCloseOk, Frame, Method};
use warren_sim::amqp::text::{parse_frame, print_frame};
use warren_wire::{Decoder, FRAME_MAX, PROTOCOL_HEADER, encode};

/// How long a server may take to answer anything: a minute, as a machine may be busy with other things.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// How long a client sleeps at most while it waits for something to read.
const NAP: Duration = Duration::from_millis(20);

/// One connection.
pub(crate) struct Client {
    stream: TcpStream,
    decoder: Decoder,
    /// What was heard; none when the socket was closed without a goodbye.
    pub(crate) inbox: Vec<(u16, Option<Frame>)>,
    /// The open channels.
    open: BTreeSet<u16>,
    /// Channels whose answer to [`Client::ask`] is awaited.
    pub(crate) asking: BTreeSet<u16>,
    /// How many `channel.flow` of the transcript itself are to be answered first, by channel.
    flows: BTreeMap<u16, u32>,
    /// Channels that wait for `tx.commit-ok` (RabbitMQ takes nothing else from them meanwhile) or for their `open-ok`; 0 for
    /// the connection's `close-ok`.
    pub(crate) waiting: BTreeSet<u16>,
    /// Channels with confirms: what is published there and not confirmed.
    unconfirmed: BTreeMap<u16, Unconfirmed>,
    pub(crate) alive: bool,
}

/// What a channel's publisher waits for.
#[derive(Default)]
struct Unconfirmed {
    published: u64,
    tags: BTreeSet<u64>,
}

impl Client {
    /// Connects; a busy machine gets a second and a third chance.
    pub(crate) fn connect(port: u16, vhost: &str, capabilities: bool) -> Outcome<Client> {
        let once = || Client::connect_once(port, vhost, capabilities);
        once()
            .or_else(|_| {
                sleep(Duration::from_millis(500));
                once()
            })
            .or_else(|_| {
                sleep(Duration::from_secs(5));
                once()
            })
    }

    fn connect_once(port: u16, vhost: &str, capabilities: bool) -> Outcome<Client> {
        let failed =
            |error: std::io::Error| Problem::new(format!("RabbitMQ cannot be reached on port {port}: {error}."));
        let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        stream.write_all(PROTOCOL_HEADER).map_err(failed)?;
        stream.set_read_timeout(Some(NAP)).map_err(failed)?;
        stream.set_nonblocking(true).map_err(failed)?;
        let mut client = Client {
            stream,
            decoder: Decoder::default(),
            inbox: Vec::new(),
            open: BTreeSet::new(),
            asking: BTreeSet::new(),
            flows: BTreeMap::new(),
            waiting: BTreeSet::new(),
            unconfirmed: BTreeMap::new(),
            alive: true,
        };
        let properties = if capabilities {
            // As pika 1.4 announces them.
            "capabilities={authentication_failure_close=true, basic.nack=true, connection.blocked=true, \
             consumer_cancel_notify=true, publisher_confirms=true}, product=\"Warren's recorder\""
        } else {
            "product=\"Warren's recorder\""
        };
        let login = "mechanism=PLAIN response=\"\\x00guest\\x00guest\" locale=en_US";
        client.wait_for(0, "connection.start")?;
        client.say(&format!("connection.start-ok client_properties={{{properties}}} {login}"))?;
        client.wait_for(0, "connection.tune")?;
        client.say("connection.tune-ok channel_max=2047 frame_max=131072")?;
        client.say(&format!("connection.open virtual_host=\"{vhost}\""))?;
        client.wait_for(0, "connection.open-ok")?;
        Ok(client)
    }

    pub(crate) fn open_channel(&mut self, channel: u16) -> Outcome {
        self.send(channel, &ChannelOpen::default().into());
        self.wait_for(channel, "channel.open-ok").map(drop)
    }

    /// Says something on channel 0.
    fn say(&mut self, line: &str) -> Outcome {
        let frame = parse_frame(line).map_err(|error| Problem::new(format!("{line}: {error}")))?;
        self.send(0, &frame);
        Ok(())
    }

    pub(crate) fn send(&mut self, channel: u16, frame: &Frame) {
        match &frame.method {
            // Whoever speaks on a channel that is not open hears of it.
            method if channel != 0 && !self.open.contains(&channel) && !is_handshake(method) => {
                self.waiting.insert(channel);
            }
            Method::ConfirmSelect(_) => drop(self.unconfirmed.entry(channel).or_default()),
            Method::BasicPublish(_) => {
                if let Some(unconfirmed) = self.unconfirmed.get_mut(&channel) {
                    unconfirmed.published += 1;
                    unconfirmed.tags.insert(unconfirmed.published);
                }
            }
            Method::ChannelFlow(_) => *self.flows.entry(channel).or_default() += 1,
            Method::TxCommit(_) | Method::ChannelOpen(_) => drop(self.waiting.insert(channel)),
            Method::ChannelClose(_) => {
                self.open.remove(&channel);
                self.unconfirmed.remove(&channel);
            }
            Method::ConnectionClose(_) => {
                self.open.clear();
                self.unconfirmed.clear();
                self.waiting.insert(0);
            }
            _ => {}
        }
        let mut bytes = &encode(channel, frame, FRAME_MAX)[..];
        while !bytes.is_empty() {
            match self.stream.write(bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(Duration::from_millis(1)),
                // The server closed the connection; the next read tells.
                Err(_) => return,
            }
        }
    }

    /// Asks every open channel for an answer. `channel.flow` with `active` changes nothing there.
    pub(crate) fn ask(&mut self) {
        self.asking = self.open.clone();
        for channel in self.open.clone() {
            let bytes = encode(channel, &ChannelFlow { active: true }.into(), FRAME_MAX);
            // A failure is a connection that is gone, as in `send`.
            let _ = self.stream.write_all(&bytes);
        }
    }

    /// Reads what is there; true when there was something.
    pub(crate) fn pump(&mut self) -> Outcome<bool> {
        let mut any = false;
        while self.read()? {
            any = true;
        }
        Ok(any)
    }

    /// The same, and sleeps a little until there is something. The system wakes it: to look again and again would cost more.
    pub(crate) fn pump_soon(&mut self) -> Outcome<bool> {
        // A socket that fails here fails in the read as well.
        let _ = self.stream.set_nonblocking(false);
        let any = self.read();
        let _ = self.stream.set_nonblocking(true);
        any
    }

    /// Reads once.
    fn read(&mut self) -> Outcome<bool> {
        if !self.alive {
            return Ok(false);
        }
        let mut buffer = [0; 16384];
        match self.stream.read(&mut buffer) {
            Ok(count) if count > 0 => self.decoder.feed(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return Ok(false),
            Ok(_) | Err(_) => {
                self.end();
                self.inbox.push((0, None));
            }
        }
        while let Some((channel, frame)) = self.decoder.next_frame().map_err(Problem::new)? {
            self.hear(channel, frame);
        }
        Ok(true)
    }

    fn end(&mut self) {
        self.alive = false;
        self.open.clear();
        self.asking.clear();
        self.waiting.clear();
        self.unconfirmed.clear();
    }

    /// Whether something that was published is neither taken nor refused.
    pub(crate) fn is_unconfirmed(&self) -> bool {
        self.unconfirmed.values().any(|channel| !channel.tags.is_empty())
    }

    fn confirmed(&mut self, channel: u16, tag: u64, multiple: bool) {
        if let Some(unconfirmed) = self.unconfirmed.get_mut(&channel) {
            unconfirmed.tags.retain(|one| *one != tag && !(multiple && *one < tag));
        }
    }

    fn hear(&mut self, channel: u16, frame: Frame) {
        match &frame.method {
            Method::ChannelOpenOk(_) => {
                self.waiting.remove(&channel);
                self.open.insert(channel);
            }
            Method::ChannelClose(_) => {
                self.open.remove(&channel);
                self.asking.remove(&channel);
                self.waiting.remove(&channel);
                self.unconfirmed.remove(&channel);
                self.send(channel, &ChannelCloseOk {}.into());
            }
            Method::ConnectionClose(_) => {
                self.end();
                self.send(0, &ConnectionCloseOk {}.into());
            }
            Method::ConnectionCloseOk(_) => self.end(),
            Method::BasicAck(ack) => self.confirmed(channel, ack.delivery_tag, ack.multiple),
            Method::BasicNack(nack) => self.confirmed(channel, nack.delivery_tag, nack.multiple),
            Method::TxCommitOk(_) => drop(self.waiting.remove(&channel)),
            Method::ChannelFlowOk(_) => match self.flows.get_mut(&channel) {
                Some(flows) if *flows > 0 => *flows -= 1,
                _ => {
                    self.asking.remove(&channel);
                    return;
                }
            },
            _ => {}
        }
        self.inbox.push((channel, Some(frame)));
    }

    /// The next frame on a channel; it must be this one.
    fn wait_for(&mut self, channel: u16, name: &str) -> Outcome<Frame> {
        let end = Instant::now() + PATIENCE;
        while self.inbox.is_empty() && Instant::now() < end {
            self.pump_soon()?;
        }
        match (!self.inbox.is_empty()).then(|| self.inbox.remove(0)) {
            Some((at, Some(frame))) if at == channel && frame.method.name() == name => Ok(frame),
            Some((at, Some(frame))) => {
                Err(Problem::new(format!("Instead of {name}, RabbitMQ said on channel {at}: {}.", print_frame(&frame))))
            }
            Some((_, None)) => Err(Problem::new(format!("Instead of {name}, RabbitMQ closed the socket."))),
            None => Err(Problem::new(format!("RabbitMQ does not say {name}."))),
        }
    }

    /// Asks something on a channel of its own; none when the server refuses.
    pub(crate) fn call(&mut self, frame: Frame) -> Outcome<Option<Frame>> {
        if self.open.is_empty() {
            self.open_channel(1)?;
        }
        let answer = format!("{}-ok", frame.method.name());
        self.send(1, &frame);
        match self.wait_for(1, &answer) {
            Ok(frame) => Ok(Some(frame)),
            // The refusal closed the channel; the next call opens it again.
            Err(_) if self.alive && self.open.is_empty() => Ok(None),
            Err(problem) => Err(problem),
        }
    }
}

/// Whether a method opens or ends a channel.
fn is_handshake(method: &Method) -> bool {
    matches!(method, Method::ChannelOpen(_) | Method::ChannelCloseOk(_) | Method::ChannelClose(_))
}
