//! The engine of Warren: a message broker that behaves as RabbitMQ and a data store that behaves as Redis, in one deterministic world.
//!
//! In reading order:
//! - [`world`]: broker, store, processes and the frames between them on one virtual clock. [`input`] goes in, [`event`]s come out.
//! - [`timeline`]: every step of a run, forward and back, and its branches. [`session`]: a lesson being run. [`link`]: a run as an address.
//! - [`amqp`]: the broker. [`redis`]: the store. [`console`]: what was typed to it.
//! - [`process`] and [`program`]: what runs outside the broker and drives it, with the line of pika code that is at work.
//! - [`script`], [`condition`], [`lesson`], [`lessons`]: the small language of lessons, what can be asked of a world, the lessons themselves.
//! - [`bytes`], [`hash`], [`prng`], [`sorted`], [`float`]: shared bytes, the world's hash, its only source of chance, sorted maps,
//!   floats as text.
//!
//! Pure: no browser, no socket, no clock, no thread, no random source; `#![no_std]` makes most of that a compile error. Deliberately absent:
//! the wire formats of AMQP, which belong to whoever has a socket, and every word that a person reads, which belongs to the page.
#![no_std]

extern crate alloc;

pub mod amqp;
pub mod apart;
pub mod bytes;
pub mod condition;
pub mod console;
pub mod event;
pub mod float;
pub mod hash;
pub mod input;
pub mod lesson;
pub mod lessons;
pub mod link;
pub mod links;
mod longdouble;
pub mod prng;
pub mod process;
pub mod program;
pub mod redis;
pub mod script;
pub mod session;
pub mod sorted;
pub mod timeline;
pub mod why;
pub mod world;
