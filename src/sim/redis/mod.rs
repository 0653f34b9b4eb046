//! The store: commands, replies and the console of Redis 7.0.
//!
//! In reading order:
//! - [`Store`] (store.rs): databases and clients; dispatch.rs: `call`, the one way in: it finds the row, checks arity and memory, queues
//!   or runs; blocking.rs: who waits and is woken; transactions.rs: MULTI and WATCH.
//! - [`Command`] (command.rs): one row per command; it feeds arity, keys, COMMAND, `help` and the console's hints.
//! - `call.rs`: what a command's function is given: arguments, typed look-ups, writes that tell their events.
//! - one file per group or large command, its rows first and its functions in the same order: `string.rs`, `bitmap.rs`, `list.rs`,
//!   `hash.rs`, `generic.rs`, `expire.rs`, `connection.rs`, `server.rs`, `introspect.rs` ...; helpers of one command beside them
//!   (`set_options.rs`, `bitfield.rs`, `lcs.rs`).
//! - `acl.rs` (users), `replication.rs` (what replicas are told), `scripting.rs` (Lua), `keyspace.rs` (one database and its expiry),
//!   `dict.rs` (what is found by hash), `value.rs`, `kind/` (collections, a file per type), `number.rs`, `glob.rs`, `error.rs`, `event.rs`.
//! - [`Reply`] (reply.rs) with its bytes on the wire, [`Console`] (console.rs, help.rs) which speaks as redis-cli, [`view`] for panels,
//!   [`transcript`] for tests.
//!
//! Deliberately absent: a clock (each call brings `now_ms`), a random source (each call brings the world's generator), sockets.

mod acl;
mod bitfield;
mod bitmap;
mod blocking;
mod call;
mod client;
mod client_list;
mod clients;
mod cluster;
mod command;
mod config;
mod config_params;
mod connection;
pub mod console;
mod debug;
mod dict;
mod digest;
mod dispatch;
mod docs;
mod docs_table;
mod double;
mod dump;
pub mod error;
mod event;
mod evict;
mod expire;
mod generic;
mod geo;
pub mod glob;
mod group;
mod hash;
mod help;
mod help_table;
mod hyperloglog;
mod info;
mod introspect;
mod keyspace;
pub mod kind;
mod latency;
mod lcs;
mod list;
mod list_moves;
mod memory;
mod monitor;
mod notify;
mod number;
mod params;
mod params_table;
mod pubsub;
mod replicas;
mod replication;
mod reply;
mod sample;
mod scan_options;
mod scripting;
mod server;
mod set;
mod set_algebra;
mod set_options;
mod sort;
mod stats;
mod store;
mod stream;
mod stream_args;
mod stream_group;
mod stream_info;
mod stream_read;
mod string;
mod table;
mod tracking;
mod transactions;
pub mod transcript;
mod value;
pub mod view;
mod zset;

pub use command::{Command, KeySpec, Language};
pub use config::Config;
pub use console::{Console, ConsoleEffect, ConsoleOutput};
pub use dict::Dict;
pub use double::Double;
pub use dump::sealed;
pub use error::Error;
pub use event::{Event, Glimpse, ReplyKind};
pub use group::{Flag, Group};
pub use help::{completions, general_help, help, hint};
pub use notify::Classes;
pub use params::{Kind as ParameterKind, Param, Unit, find as find_parameter};
pub use reply::{Decoded, Reply, Resp, decode};
pub use stats::Host;
pub use store::{Buffers, ClientId, Cx, DATABASES, EPOCH_MS, Limits, Link, Meanwhile, Out, Sent, Store};
pub use table::{commands, find_command};
pub use value::{Encoding, Str, Value};
