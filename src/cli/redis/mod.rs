//! The store over TCP, as Redis speaks it.
//!
//! - [`request`]: bytes to requests, with Redis's protocol errors.
//! - `peer.rs`: a connection: what was read and not yet run, what is still to be sent.
//! - `server.rs`: the one thread: waits for sockets, runs what they bring, lets time pass, and writes once per wake-up.

mod peer;
pub mod request;
mod server;

use std::net::SocketAddr;

/// Serves clients at this address until something fails: the sentence says what.
pub fn serve(address: SocketAddr) -> Result<(), String> {
    server::Server::bind(address).and_then(server::Server::run).map_err(|error| format!("redis {address}: {error}"))
}
