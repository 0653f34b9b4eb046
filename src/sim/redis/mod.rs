//! The store: commands, replies and the console of Redis 7.0.
//!
//! In reading order:
//! - [`Store`] (store.rs): databases, clients and `call`, the one way in: it finds the row, checks arity and memory, runs the function.
//! - [`Command`] (command.rs): one row per command; it feeds arity, keys, COMMAND, `help` and the console's hints.
//! - `call.rs`: what a command's function is given: arguments, typed look-ups, writes that tell their events.
//! - one file per group, its rows first and its functions in the same order: `string.rs`, `bitmap.rs`, `generic.rs`, `expire.rs`,
//!   `connection.rs`, `server.rs`, `introspect.rs`; helpers of one command beside them (`set_options.rs`,
//!   `bitfield.rs`, `lcs.rs`).
//! - `keyspace.rs` (one database, its order, its expiry), `value.rs`, `number.rs`, `glob.rs`, `error.rs`, `event.rs`.
//! - [`Reply`] (reply.rs) with its bytes on the wire, [`Console`] (console.rs, help.rs) which speaks as redis-cli, [`view`] for panels,
//!   [`transcript`] for tests.
//!
//! Deliberately absent: a clock (each call brings `now_ms`), a random source (each call brings the world's generator), sockets.
//! What comes later has its place: another type is a variant of [`Value`] and a file; a queued command of MULTI is kept by the client
//! in `store.rs` before the row's function runs; RESP3 is another encoding of the same [`Reply`].

mod bitfield;
mod bitmap;
mod call;
mod command;
mod connection;
pub mod console;
pub mod error;
mod event;
mod expire;
mod generic;
pub mod glob;
mod help;
mod introspect;
mod keyspace;
mod lcs;
mod number;
mod reply;
mod server;
mod set_options;
mod store;
mod string;
pub mod transcript;
mod value;
pub mod view;

pub use command::{Command, Flag, Group, KeySpec, Language, commands, find_command};
pub use console::{Console, ConsoleEffect, ConsoleOutput};
pub use error::Error;
pub use event::{Event, Glimpse, ReplyKind};
pub use help::{general_help, help, hint};
pub use reply::{Decoded, Reply, decode};
pub use store::{ClientId, Cx, DATABASES, EPOCH_MS, Limits, Store};
pub use value::{Encoding, Str, Value};
