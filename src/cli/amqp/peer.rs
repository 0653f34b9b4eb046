//! What is on its way to one client.

use std::cell::{Cell, RefCell};
use tokio::sync::Notify;

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
    /// Whether the broker has nothing more to say: the socket closes once the outbox is empty.
    pub ended: Cell<bool>,
    /// Whether the broker was told to send no deliveries.
    pub stalled: Cell<bool>,
}

impl Peer {
    /// Of a client that has said nothing yet.
    pub fn new() -> Self {
        Peer {
            outbox: RefCell::default(),
            wake: Notify::new(),
            frame_max: Cell::new(warren_wire::FRAME_MAX),
            ended: Cell::new(false),
            stalled: Cell::new(false),
        }
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
