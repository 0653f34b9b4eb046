//! What the machine lends to the store: its clock, its sockets' names, another port.

use mio::net::{TcpListener, TcpStream};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use warren_sim::bytes::Bytes;
use warren_sim::redis::Link;

/// A client's connection, as CLIENT LIST tells of it.
pub fn link(stream: &TcpStream) -> Link {
    let text = |address: io::Result<SocketAddr>| {
        address.map_or(Bytes::from("?:0"), |address| Bytes::from(address.to_string()))
    };
    Link {
        address: text(stream.peer_addr()),
        local: text(stream.local_addr()),
        descriptor: stream.as_raw_fd().unsigned_abs(),
    }
}

/// Where the server listens, but for the port.
pub static ADDRESSES: OnceLock<Vec<IpAddr>> = OnceLock::new();
/// The listeners that take over before the next turn.
pub static NEXT: Mutex<Option<Vec<TcpListener>>> = Mutex::new(None);

/// CONFIG SET port; with 0, nobody comes over TCP any more.
pub fn listen(port: u16) -> bool {
    let addresses = ADDRESSES.get().map(Vec::as_slice).unwrap_or_default();
    let bind = |address: &IpAddr| TcpListener::bind(SocketAddr::new(*address, port));
    let listeners = addresses.iter().filter(|_| port > 0).map(bind).collect::<io::Result<Vec<_>>>();
    let made = listeners.is_ok();
    if let (Ok(listeners), Ok(mut next)) = (listeners, NEXT.lock()) {
        *next = Some(listeners);
    }
    made
}

/// DEBUG SLEEP.
pub fn sleep(micros: u64) {
    std::thread::sleep(Duration::from_micros(micros));
}

/// Microseconds since the server first asked for them.
pub fn micros() -> u64 {
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed().as_micros() as u64
}
/// Unix milliseconds.
pub fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis() as u64
}
