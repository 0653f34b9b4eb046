//! A connection: what was read and not yet run, and what is still to be sent.

use super::request::Request;
use super::stream::Stream;
use std::io::{ErrorKind, Write};
use warren_sim::redis::{Buffers, ClientId};

/// A buffer larger than this, in bytes, is given back once it is empty.
const BUFFER_KEPT: usize = 64 * 1024;
/// What reading takes, in bytes, as CLIENT LIST counts it.
const READ_COUNTED: u64 = 16 * 1024;
/// For so long.
const READ_KEPT_MS: u64 = 2000;

/// A client's connection.
#[derive(Debug)]
pub struct Peer {
    /// Its socket.
    pub stream: Stream,
    /// What the store knows it by.
    pub id: ClientId,
    /// What was read and not yet run.
    pub inbox: Vec<u8>,
    /// The request that is being read.
    pub request: Request,
    /// What is to be sent; what stands before `sent` has left.
    pub out: Vec<u8>,
    sent: usize,
    /// When it last sent something, in Unix milliseconds.
    pub heard_ms: u64,
    /// The most bytes that a request took of late: between the last two sweeps, and since.
    pub query_peak: [u64; 2],
    /// The most bytes that answers took of late, and since when that counts, in Unix milliseconds.
    reply_peak: (u64, u64),
    /// Whether it is on the list of those that have something to send.
    pub is_dirty: bool,
    /// Whether it is on the list of those that have something to be run.
    pub is_ready: bool,
    /// The connection ends once everything has left.
    pub is_ending: bool,
    /// The connection ends now.
    pub is_over: bool,
    /// When it last sent or took something, in Unix milliseconds.
    pub active_ms: u64,
    /// Since when it leaves more unread than the soft limit allows.
    pub soft_since_ms: Option<u64>,
}

impl Peer {
    /// A client that has just connected.
    pub fn new(stream: Stream, id: ClientId, now_ms: u64) -> Self {
        let (inbox, out) = (Vec::new(), Vec::new());
        Peer {
            stream,
            id,
            inbox,
            request: Request::default(),
            out,
            sent: 0,
            heard_ms: now_ms,
            query_peak: [0; 2],
            reply_peak: (READ_COUNTED, now_ms),
            is_dirty: false,
            is_ready: false,
            is_ending: false,
            is_over: false,
            active_ms: now_ms,
            soft_since_ms: None,
        }
    }

    /// The sizes of its buffers. What it is read into belongs to all, and counts as its own for as long as Redis would keep it.
    pub fn buffers(&self, now_ms: u64) -> Buffers {
        let (used, room) = (self.inbox.len() as u64, self.inbox.capacity() as u64);
        let room = room.max(self.query_peak[0].max(self.query_peak[1]));
        let room = if now_ms.saturating_sub(self.heard_ms) < READ_KEPT_MS { room.max(READ_COUNTED) } else { room };
        Buffers {
            query: used,
            query_free: room - used,
            reply: self.reply_peak.0.clamp(1024, READ_COUNTED),
            unsent: self.unsent() as u64,
        }
    }

    /// Gives back room that is no longer used. `peak_ms`: for so long the most that answers took counts.
    pub fn shrink(&mut self, peak_ms: Option<u64>, now_ms: u64) {
        self.query_peak = [self.query_peak[1], 0];
        let (_, since) = self.reply_peak;
        if peak_ms.is_some_and(|ms| now_ms.saturating_sub(since) >= ms) {
            self.reply_peak = (self.out.len() as u64, now_ms);
        }
        if self.inbox.capacity() > READ_COUNTED as usize && self.inbox.len() < self.inbox.capacity() / 2 {
            self.inbox.shrink_to(self.inbox.len());
        }
    }

    /// Bytes that are still to be sent.
    pub fn unsent(&self) -> usize {
        self.out.len() - self.sent
    }

    /// Sends as much as the socket takes; a connection that is over takes nothing more.
    pub fn flush(&mut self, now_ms: u64) {
        let filled = self.out.len() as u64;
        if filled > self.reply_peak.0 {
            self.reply_peak = (filled, now_ms);
        }
        if self.is_over {
            return;
        }
        while self.sent < self.out.len() {
            match self.stream.write(&self.out[self.sent..]) {
                Ok(0) => self.is_over = true,
                Ok(count) => {
                    self.sent += count;
                    self.active_ms = now_ms;
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
