//! A connection: what was read and not yet run, and what is still to be sent.

use super::request::Request;
use mio::net::TcpStream;
use std::io::{ErrorKind, Write};
use std::time::{Duration, Instant};
use warren_sim::redis::{Buffers, ClientId};

/// A buffer larger than this, in bytes, is given back once it is empty.
const BUFFER_KEPT: usize = 64 * 1024;
/// What reading takes, in bytes, as CLIENT LIST counts it.
const READ_COUNTED: u64 = 16 * 1024;
/// For so long.
const READ_KEPT: Duration = Duration::from_secs(2);

/// A client's connection.
#[derive(Debug)]
pub struct Peer {
    /// Its socket.
    pub stream: TcpStream,
    /// What the store knows it by.
    pub id: ClientId,
    /// What was read and not yet run.
    pub inbox: Vec<u8>,
    /// The request that is being read.
    pub request: Request,
    /// What is to be sent; what stands before `sent` has left.
    pub out: Vec<u8>,
    sent: usize,
    /// When it last sent something.
    pub heard: Instant,
    /// Since when more waits to be sent than the softer limit allows.
    pub slow_since: Option<Instant>,
    /// Whether it is on the list of those that have something to send.
    pub is_dirty: bool,
    /// Whether it is on the list of those that have something to be run.
    pub is_ready: bool,
    /// The connection ends once everything has left.
    pub is_ending: bool,
    /// The connection ends now.
    pub is_over: bool,
}

impl Peer {
    /// A client that has just connected.
    pub fn new(stream: TcpStream, id: ClientId) -> Self {
        let (inbox, out) = (Vec::new(), Vec::new());
        Peer {
            stream,
            id,
            inbox,
            request: Request::default(),
            out,
            sent: 0,
            heard: Instant::now(),
            slow_since: None,
            is_dirty: false,
            is_ready: false,
            is_ending: false,
            is_over: false,
        }
    }

    /// The sizes of its buffers. What it is read into belongs to all, and counts as its own for as long as Redis would keep it.
    pub fn buffers(&self) -> Buffers {
        let (used, room) = (self.inbox.len() as u64, self.inbox.capacity() as u64);
        let room = if self.heard.elapsed() < READ_KEPT { room.max(READ_COUNTED) } else { room };
        Buffers {
            query: used,
            query_free: room - used,
            reply: (self.out.capacity() as u64).clamp(1024, READ_COUNTED),
            unsent: self.unsent() as u64,
        }
    }

    /// Gives back room that is no longer used.
    pub fn shrink(&mut self) {
        if self.inbox.capacity() > READ_COUNTED as usize && self.inbox.len() < self.inbox.capacity() / 2 {
            self.inbox.shrink_to(self.inbox.len());
        }
    }

    /// Whether more waits to be sent than these limits allow: at once, or for so many seconds.
    pub fn is_too_slow(&mut self, (hard, soft, seconds): (u64, u64, u64)) -> bool {
        let unsent = self.unsent() as u64;
        if soft == 0 || unsent <= soft {
            self.slow_since = None;
        } else if self.slow_since.is_none() {
            self.slow_since = Some(Instant::now());
        }
        let is_long = self.slow_since.is_some_and(|since| since.elapsed() > Duration::from_secs(seconds));
        (hard > 0 && unsent > hard) || is_long
    }

    /// Bytes that are still to be sent.
    pub fn unsent(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Sends as much as the socket takes.
    pub fn flush(&mut self) {
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(0) => self.is_over = true,
                Ok(count) => {
                    self.sent += count;
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    if self.sent > BUFFER_KEPT {
                        self.out.drain(..self.sent);
                        self.sent = 0;
                    }
                    return;
                }
                Err(_) => self.is_over = true,
            }
            return;
        }
        self.sent = 0;
        if self.out.capacity() > BUFFER_KEPT {
            self.out = Vec::new()
        } else {
            self.out.clear()
        }
        self.is_over |= self.is_ending;
    }
}
