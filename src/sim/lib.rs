//! The engine of Warren: a message broker that behaves as RabbitMQ and a data store that behaves as Redis, in one deterministic world.
//!
//! Pure: no browser, no socket, no clock, no thread, no random source. `#![no_std]` makes most of that a compile error.
#![no_std]

extern crate alloc;

pub mod amqp;
pub mod bytes;
pub mod hash;
pub mod prng;
pub mod program;
pub mod redis;
