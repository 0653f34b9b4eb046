//! The store over TCP, as Redis speaks it.
//!
//! - [`request`]: bytes to requests, with Redis's protocol errors.
//! - `peer.rs`: a connection: what was read and not yet run, what is still to be sent.
//! - `limits.rs`: descriptors, silent clients, clients that do not read.
//! - `busy.rs`: others are served while a script runs for long.
//! - `machine.rs`: what the store is told of the machine.
//! - `wait.rs`: waiting for sockets, awake for a moment before it sleeps.
//! - `server.rs`: the one thread: waits for sockets, runs what they bring, lets time pass, and writes once per wake-up.

mod busy;
mod limits;
mod machine;
mod peer;
pub mod request;
mod server;
mod wait;

use std::net::{SocketAddr, TcpListener};

/// Serves clients at this address until something fails: the sentence says what.
pub fn serve(address: SocketAddr) -> Result<(), String> {
    let listener = TcpListener::bind(address).map_err(|error| format!("redis {address}: {error}"))?;
    serve_on(listener)
}

/// The same on a socket that listens already.
pub fn serve_on(listener: TcpListener) -> Result<(), String> {
    server::Server::on(listener).and_then(server::Server::run).map_err(|error| format!("redis: {error}"))
}
