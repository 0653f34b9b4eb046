//! What is on its way to one client.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;
use tokio::sync::Notify;
use warren_sim::amqp::method::{BasicAck, Frame, Method};
use warren_sim::amqp::value::Table;
use warren_sim::bytes::Bytes;

use super::old;

/// The smallest frame that a client may negotiate.
pub const FRAME_MIN: u32 = 4096;
/// With so many bytes waiting for a client, it is sent no more deliveries and what it sends is not read on, as TCP makes
/// RabbitMQ's reader and writer wait.
pub const HIGH_BYTES: usize = 512 * 1024;
/// With so few waiting, it goes on.
pub const LOW_BYTES: usize = 128 * 1024;
/// With so many waiting, the client is let go: replies that other clients send straight to it can wait for no one.
pub const MOST_BYTES: usize = 512 * 1024 * 1024;

/// The outbox of a connection: the node fills it, the socket's task empties it.
#[derive(Debug)]
pub struct Peer {
    /// Bytes that are to be written.
    pub outbox: RefCell<Vec<u8>>,
    /// Wakes the socket's task.
    pub wake: Notify,
    /// The negotiated size of a frame; 0 is without limit.
    pub frame_max: Cell<usize>,
    /// Whether AMQP 0-8 is spoken.
    pub is_old: Cell<bool>,
    /// Whether the broker has nothing more to say: the socket closes once the outbox is empty.
    pub ended: Cell<bool>,
    /// Whether the broker was told to send no deliveries.
    pub stalled: Cell<bool>,
    /// What went over its socket.
    pub traffic: Cell<Traffic>,
    /// Who the client is.
    pub about: RefCell<About>,
    /// Confirms that wait to be sent together.
    confirms: RefCell<Vec<Confirms>>,
}

/// What went over a socket, as the system took and gave it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes that came.
    pub bytes_read: u64,
    /// How often some came.
    pub reads: u64,
    /// Bytes that went.
    pub bytes_written: u64,
    /// How often some went.
    pub writes: u64,
}

/// What is told of a connection.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The client's address, and ours; none where there is no socket.
    pub addresses: Option<(SocketAddr, SocketAddr)>,
    /// When it came, in ms since 1970.
    pub connected_at: u64,
    /// What it says of itself.
    pub client_properties: Table,
    /// Its user.
    pub user: Bytes,
    /// How it logged in.
    pub mechanism: Bytes,
    /// The negotiated interval of heartbeats, in seconds.
    pub heartbeat: u16,
}

impl About {
    /// The name that RabbitMQ gives such a connection.
    pub fn name(&self) -> String {
        self.addresses.map_or_else(String::new, |(peer, host)| format!("{peer} -> {host}"))
    }
}

/// Neighbouring confirms of one channel, as one `basic.ack`: RabbitMQ, too, sends together what it has confirmed by the time that a
/// channel has nothing else to do.
#[derive(Clone, Copy, Debug)]
struct Confirms {
    channel: u16,
    last_tag: u64,
    multiple: bool,
}

impl Peer {
    /// Of a client that has said nothing yet.
    pub fn new() -> Self {
        Peer {
            outbox: RefCell::default(),
            wake: Notify::new(),
            // The smallest that can be negotiated, until something is: RabbitMQ reads no larger frame of a handshake.
            frame_max: Cell::new(FRAME_MIN as usize),
            is_old: Cell::new(false),
            ended: Cell::new(false),
            stalled: Cell::new(false),
            traffic: Cell::default(),
            about: RefCell::default(),
            confirms: RefCell::default(),
        }
    }

    /// Puts a frame from the broker into the outbox. Confirms are kept back until something else is said on their channel, or
    /// until [`Peer::send_confirms`].
    pub fn post(&self, channel: u16, frame: &Frame) {
        let mut confirms = self.confirms.borrow_mut();
        let at = confirms.iter().position(|waiting| waiting.channel == channel);
        match (&frame.method, at) {
            (Method::BasicAck(ack), Some(at)) => {
                confirms[at] = Confirms { channel, last_tag: ack.delivery_tag, multiple: true };
                return;
            }
            (Method::BasicAck(ack), None) => {
                let BasicAck { delivery_tag, multiple } = *ack;
                confirms.push(Confirms { channel, last_tag: delivery_tag, multiple });
                return;
            }
            // A returned message comes before its own confirm in any case.
            (Method::BasicReturn(_) | Method::BasicDeliver(_), _) | (_, None) => {}
            (_, Some(at)) => self.send(confirms.remove(at)),
        }
        drop(confirms);
        self.write(channel, frame);
    }

    /// Puts a frame into the outbox, in the form of what is spoken.
    pub fn write(&self, channel: u16, frame: &Frame) {
        let mut outbox = self.outbox.borrow_mut();
        let start = outbox.len();
        warren_wire::encode_into(&mut outbox, channel, frame, self.frame_max.get());
        if self.is_old.get() && frame.content.is_none() {
            old::say(&mut outbox, start);
        }
    }

    /// Sends the confirms that were kept back.
    pub fn send_confirms(&self) {
        for confirms in self.confirms.take() {
            self.send(confirms);
        }
    }

    fn send(&self, confirms: Confirms) {
        let Confirms { channel, last_tag, multiple } = confirms;
        self.write(channel, &Frame::from(BasicAck { delivery_tag: last_tag, multiple }));
    }

    /// Bytes that wait.
    pub fn waiting(&self) -> usize {
        self.outbox.borrow().len()
    }
}

impl Default for Peer {
    fn default() -> Self {
        Peer::new()
    }
}
