//! What keeps clients in bounds beside their requests: descriptors, silence, and what they leave unread.

use super::peer::Peer;
use mio::net::TcpStream;
use rlimit::Resource;
use socket2::{SockRef, TcpKeepalive};
use std::time::Duration;
use warren_sim::redis::Store;

/// Descriptors beside those of clients: the listener, the poll, standard streams, and some to spare (`CONFIG_MIN_RESERVED_FDS`).
const SPARE_DESCRIPTORS: u64 = 32;
/// What a client may leave unread before it counts: Redis writes its first 16 KiB to a buffer that every client has.
const UNCOUNTED: usize = 16 * 1024;
/// What strangers may leave unread beyond that: they are not to fill memory with refusals.
const STRANGERS: u64 = 1024;

/// Sees to it that so many clients can have a descriptor, and returns how many can (`adjustOpenFilesLimit` of server.c).
pub fn provide_descriptors(clients: u64) -> u64 {
    let wanted = clients.saturating_add(SPARE_DESCRIPTORS);
    let Ok((soft, hard)) = Resource::NOFILE.get() else { return clients };
    if soft >= wanted {
        return clients;
    }
    // Root may raise the hard limit, too; others have what it leaves.
    if Resource::NOFILE.set(wanted, hard.max(wanted)).is_ok() {
        return clients;
    }
    let most = if Resource::NOFILE.set(hard, hard).is_ok() { hard } else { soft };
    most.min(wanted).saturating_sub(SPARE_DESCRIPTORS).max(1)
}

/// Lets the kernel find out when a client is gone without a word (`anetKeepAlive`).
pub fn keep_alive(stream: &TcpStream, seconds: u64) {
    if seconds == 0 {
        return;
    }
    let every = Duration::from_secs((seconds / 3).max(1));
    let keepalive = TcpKeepalive::new().with_time(Duration::from_secs(seconds)).with_interval(every).with_retries(3);
    // Without it, a client that is gone is noticed later.
    let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
}

/// Whether a client leaves more unread than `client-output-buffer-limit` allows: beyond the hard limit, or beyond the soft one for too
/// long (`checkClientOutputBufferLimits`).
pub fn leaves_too_much(peer: &mut Peer, store: &Store, now_ms: u64) -> bool {
    let unread = peer.unsent().saturating_sub(UNCOUNTED) as u64;
    if unread == 0 {
        peer.soft_since_ms = None;
        return false;
    }
    if unread > STRANGERS && store.needs_login(peer.id) {
        return true;
    }
    let (hard, soft, seconds) = store.config().client_output_buffer_limit[store.buffer_class(peer.id)];
    if hard > 0 && unread >= hard {
        return true;
    }
    if soft == 0 || unread < soft {
        peer.soft_since_ms = None;
        return false;
    }
    let since = *peer.soft_since_ms.get_or_insert(now_ms);
    now_ms / 1000 - since.min(now_ms) / 1000 > seconds
}

/// Whether a client was silent for longer than `timeout` (`clientsCronHandleTimeout`).
pub fn is_silent(peer: &Peer, store: &Store, now_ms: u64) -> bool {
    let timeout = store.config().timeout;
    let silent_s = (now_ms / 1000).saturating_sub(peer.active_ms / 1000);
    timeout > 0 && silent_s > timeout && store.must_speak(peer.id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_kept_alive_as_told() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let stream = std::net::TcpStream::connect(listener.local_addr().expect("an address")).expect("it listens");
        stream.set_nonblocking(true).expect("it can");
        let stream = TcpStream::from_std(stream);
        keep_alive(&stream, 0);
        assert!(!SockRef::from(&stream).keepalive().expect("it is told"));
        keep_alive(&stream, 300);
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().expect("it is told"));
        assert_eq!(socket.tcp_keepalive_time().expect("it is told"), Duration::from_secs(300));
        assert_eq!(socket.tcp_keepalive_interval().expect("it is told"), Duration::from_secs(100));
    }
}
