//! The task of one socket: reads, heartbeats, deadlines, and writes what the node left in the outbox.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until};
use warren_wire::encode::HEARTBEAT_FRAME;

use super::node::{Node, now_ms};
use super::peer::{About, HIGH_BYTES, LOW_BYTES, MOST_BYTES, Peer, Traffic};
use super::session::Session;

/// How long a client may take for its handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Bytes that are read ahead of what is processed. One frame may be larger: then there is room for just that.
const READ_BYTES: usize = 128 * 1024;

/// A socket with what was read from it.
struct Socket {
    stream: TcpStream,
    /// What was read; what stands before `taken` is done with.
    inbox: Vec<u8>,
    taken: usize,
    peer: Rc<Peer>,
    session: Session,
    node: Rc<Node>,
    /// Whether the session stopped because too much waits for the client.
    held_back: bool,
    /// When something last came, and when something last went.
    heard: Instant,
    said: Instant,
    /// Since when it is looked, once in each interval of heartbeats, whether the client was heard.
    watched_from: Instant,
    /// When the socket closes whatever happens.
    deadline: Option<Instant>,
}

/// Serves one client until its socket closes.
pub async fn run(stream: TcpStream, from: SocketAddr, node: Rc<Node>) {
    // It only matters for speed.
    let _ = stream.set_nodelay(true);
    // RabbitMQ closes its sockets without lingering: a client sees a reset, never a quiet end.
    let _ = socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    let peer = Rc::new(Peer::new());
    if let Ok(host) = stream.local_addr() {
        let addresses = Some((from, host));
        *peer.about.borrow_mut() = About { addresses, connected_at: now_ms(), ..About::default() };
    }
    let now = Instant::now();
    let session = Session::new(peer.clone());
    let deadline = Some(now + HANDSHAKE);
    let (inbox, taken) = (Vec::new(), 0);
    let (held_back, heard, said, watched_from) = (false, now, now, now);
    let mut socket =
        Socket { stream, inbox, taken, peer, session, node, held_back, heard, said, watched_from, deadline };
    socket.serve().await;
    if let Some(id) = socket.session.connection {
        socket.node.disconnect(id);
    }
}

impl Socket {
    async fn serve(&mut self) {
        loop {
            self.process();
            if !self.flush() || self.is_over() {
                return;
            }
            if self.pause().await.is_err() {
                return;
            }
        }
    }

    /// Whether the socket is to close now.
    fn is_over(&self) -> bool {
        let now = Instant::now();
        let is_dead = self.silent_until().is_some_and(|moment| now >= moment);
        let has_said_all = (self.session.has_ended() || self.peer.ended.get()) && self.peer.waiting() == 0;
        let waits = self.session.deadline.is_some_and(|wait| !wait.is_zero());
        is_dead
            || has_said_all && (self.peer.ended.get() || !waits)
            || self.deadline.is_some_and(|deadline| now >= deadline)
            || self.peer.waiting() > MOST_BYTES
    }

    /// Hands what was read to the session.
    fn process(&mut self) {
        let was_open = self.session.is_past_handshake();
        let had_beat = self.session.heartbeat != 0;
        let had_deadline = self.session.deadline;
        let was_blocked = self.session.is_blocked();
        self.taken += self.session.process(&self.node, &self.inbox[self.taken..]);
        self.held_back = self.peer.waiting() >= HIGH_BYTES;
        if !had_beat || was_blocked && !self.session.is_blocked() {
            self.watched_from = Instant::now();
        }
        if self.taken == self.inbox.len() {
            self.inbox.clear();
            self.taken = 0;
        } else if self.taken > READ_BYTES / 2 {
            self.inbox.drain(..self.taken);
            self.taken = 0;
        }
        if !was_open && self.session.is_past_handshake() {
            self.deadline = None;
        }
        if had_deadline != self.session.deadline {
            self.deadline = self.session.deadline.map(|wait| Instant::now() + wait);
        }
    }

    /// Writes what the socket takes; false when it is broken.
    fn flush(&mut self) -> bool {
        let mut outbox = self.peer.outbox.borrow_mut();
        let mut written = 0;
        while written < outbox.len() {
            match self.stream.try_write(&outbox[written..]) {
                Ok(count) => written += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return false,
            }
        }
        if written > 0 {
            self.said = Instant::now();
            let traffic = self.peer.traffic.get();
            let (bytes_written, writes) = (traffic.bytes_written + written as u64, traffic.writes + 1);
            self.peer.traffic.set(Traffic { bytes_written, writes, ..traffic });
            outbox.drain(..written);
        }
        let is_low = outbox.len() < LOW_BYTES;
        drop(outbox);
        if is_low
            && self.peer.stalled.replace(false)
            && let Some(id) = self.session.connection
        {
            self.node.resume(id);
        }
        true
    }

    /// Waits until there is something to do, and reads what came. An error is a socket that is gone.
    async fn pause(&mut self) -> Result<(), ()> {
        let waiting = self.peer.waiting();
        if self.held_back && waiting < HIGH_BYTES {
            tokio::task::yield_now().await;
            return Ok(());
        }
        let room = self.room();
        let wake_at = self.next_moment();
        let hears = !self.session.has_ended() && room > 0;
        tokio::select! {
            biased;
            () = self.peer.wake.notified() => {}
            result = self.stream.writable(), if waiting > 0 => result.map_err(drop)?,
            result = self.stream.readable(), if hears => {
                result.map_err(drop)?;
                self.read(room)?;
                // So that a client that sends without end does not keep the others waiting.
                tokio::task::yield_now().await;
            }
            () = sleep_until(wake_at) => self.beat(),
        }
        Ok(())
    }

    /// How many bytes may be read now.
    fn room(&self) -> usize {
        let ahead = self.inbox.len() - self.taken;
        // A frame of the largest size that may come fits in any case.
        (2 * READ_BYTES).saturating_sub(ahead)
    }

    fn read(&mut self, room: usize) -> Result<(), ()> {
        // All sockets share one buffer: most have nothing to say most of the time.
        let mut buffer = self.node.buffer.borrow_mut();
        buffer.resize(READ_BYTES, 0);
        match self.stream.try_read(&mut buffer[..room.min(READ_BYTES)]) {
            Ok(0) => return Err(()),
            Ok(count) => {
                self.inbox.extend_from_slice(&buffer[..count]);
                self.heard = Instant::now();
                let traffic = self.peer.traffic.get();
                let (bytes_read, reads) = (traffic.bytes_read + count as u64, traffic.reads + 1);
                self.peer.traffic.set(Traffic { bytes_read, reads, ..traffic });
            }
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(()),
            Err(_) => {}
        }
        Ok(())
    }

    /// When this socket's clock next matters.
    fn next_moment(&self) -> Instant {
        let far = Instant::now() + Duration::from_secs(3600);
        let mut next = self.deadline.unwrap_or(far);
        if let Some(moment) = self.silent_until() {
            next = next.min(moment);
        }
        if self.session.heartbeat != 0 {
            let beat = Duration::from_secs(u64::from(self.session.heartbeat));
            if self.peer.waiting() == 0 {
                next = next.min(self.said + beat / 2);
            }
        }
        next
    }

    /// When the client counts as dead, unless it is heard before. RabbitMQ looks once in each interval, and lets go of a client
    /// at the second look in a row at which nothing is new; at the first look of all something is.
    fn silent_until(&self) -> Option<Instant> {
        let beat = Duration::from_secs(u64::from(self.session.heartbeat));
        // Who is not heard cannot be told from the dead.
        if beat.is_zero() || self.session.is_blocked() {
            return None;
        }
        let heard_after = self.heard.saturating_duration_since(self.watched_from).as_millis() as u64;
        let looks = heard_after.div_ceil(beat.as_millis() as u64).max(1) as u32;
        Some(self.watched_from + beat * (looks + 2))
    }

    /// Says that the server is there, if it has said nothing for half the interval.
    fn beat(&mut self) {
        let beat = Duration::from_secs(u64::from(self.session.heartbeat));
        let is_open = !self.peer.ended.get() && !self.session.has_ended();
        if self.session.heartbeat != 0 && is_open && self.said.elapsed() >= beat / 2 && self.peer.waiting() == 0 {
            self.peer.outbox.borrow_mut().extend(HEARTBEAT_FRAME);
        }
    }
}
