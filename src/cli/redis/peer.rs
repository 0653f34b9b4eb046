//! A connection: what was read and not yet run, and what is still to be sent.

use super::request::Request;
use mio::net::TcpStream;
use std::io::{ErrorKind, Write};
use warren_sim::redis::ClientId;

/// A buffer larger than this, in bytes, is given back once it is empty.
const BUFFER_KEPT: usize = 64 * 1024;

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
            is_dirty: false,
            is_ready: false,
            is_ending: false,
            is_over: false,
        }
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
