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
pub static ADDRESS: OnceLock<IpAddr> = OnceLock::new();
/// The listener that takes over before the next turn.
pub static NEXT: Mutex<Option<TcpListener>> = Mutex::new(None);

/// CONFIG SET port.
pub fn listen(port: u16) -> bool {
    let Some(address) = ADDRESS.get() else { return false };
    let listener = TcpListener::bind(SocketAddr::new(*address, port));
    let made = listener.is_ok();
    if let (Ok(listener), Ok(mut next)) = (listener, NEXT.lock()) {
        *next = Some(listener);
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
