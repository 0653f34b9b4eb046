//! The store over TCP and Unix sockets, as Redis speaks it.
//!
//! - [`request`]: bytes to requests, with Redis's protocol errors.
//! - [`conf`]: a configuration as redis.conf words it; `rewrite.rs` writes it back.
//! - `stream.rs`, `doors.rs`: a client's socket, and the sockets that listen.
//! - `peer.rs`: a connection: what was read and not yet run, what is still to be sent.
//! - `limits.rs`: descriptors, silent clients, clients that do not read.
//! - `busy.rs`: others are served while a script runs for long.
//! - `machine.rs`: what the store is told of the machine.
//! - `wait.rs`: waiting for sockets, awake for a moment before it sleeps.
//! - `start.rs`: what was configured; `log.rs`: what Redis writes to its log that others wait for.
//! - `server.rs`: the one thread: waits for sockets, runs what they bring, lets time pass, and writes once per wake-up.

mod busy;
pub mod conf;
mod doors;
mod limits;
mod log;
mod machine;
mod peer;
pub mod request;
mod rewrite;
mod server;
mod start;
mod stream;
mod wait;

use crate::options::Redis;
use conf::Settings;
pub use doors::remove_unix;
use std::net::TcpListener;
use std::sync::OnceLock;
use warren_sim::bytes::Bytes;
use warren_sim::redis::Store;

/// What was configured: it is set only once, for a process serves one store.
static SETTINGS: OnceLock<Settings> = OnceLock::new();

/// Serves clients until something fails: the sentence says what.
pub fn serve(options: &Redis) -> Result<(), String> {
    let settings = Settings::read(options.file.as_deref(), &options.lines)?;
    let tcp = match (options.address, settings.says_where()) {
        (Some(_), Some(place)) => return Err(format!("{place}: --redis says where already")),
        (Some(address), None) => vec![TcpListener::bind(address).map_err(|error| format!("redis {address}: {error}"))?],
        // Only a Unix socket was asked for.
        (None, _) if options.file.is_none() && !options.logs => Vec::new(),
        (None, _) => settings.listen()?,
    };
    let mut log = if options.logs { Some(log::Log::default()) } else { None };
    if tcp.is_empty() && settings.unix()?.is_none() {
        return Err("redis: Configured to not listen anywhere, exiting.".to_string());
    }
    let failed = |error| format!("redis: {error}");
    let mut server = server::Server::on(tcp).map_err(failed)?;
    let idle = server.configure(&settings)?;
    let path = server.open_unix(&settings)?;
    if let Some(log) = &mut log {
        log.open(settings.logfile()?)?;
    }
    let mut say = |line: String| match &mut log {
        Some(log) => log.say(&line),
        None => eprintln!("warren: {line}"),
    };
    if !idle.is_empty() {
        say(format!("Kept and shown, without effect here: {}", idle.join(", ")));
    }
    let settings = SETTINGS.get_or_init(|| settings);
    server.adopt(settings);
    if options.logs {
        say("Ready to accept connections".to_string());
        path.iter().for_each(|path| say(format!("The server is now ready to accept connections at {path}")));
    }
    server.run().map_err(failed)?;
    if let Some(log) = &mut log {
        log.say("Warren is now ready to exit, bye bye...");
    }
    Ok(())
}

/// What a name means where names of commands were changed.
fn renamed(name: &[u8]) -> Option<Bytes> {
    let small = name.to_ascii_lowercase();
    match SETTINGS.get().and_then(|settings| settings.renames.get(&small)) {
        Some(command) => command.map(Bytes::from),
        None => Some(Bytes::from(name)),
    }
}

/// CONFIG REWRITE.
fn write_back(store: &Store) -> Result<(), String> {
    let path = SETTINGS.get().and_then(|settings| settings.file.as_deref());
    path.map_or(Ok(()), |path| rewrite::rewrite(store, path))
}

/// The same on a socket that listens already.
pub fn serve_on(listener: TcpListener) -> Result<(), String> {
    server::Server::on(vec![listener]).and_then(server::Server::run).map_err(|error| format!("redis: {error}"))
}
