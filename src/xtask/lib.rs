//! Developer commands of Warren: `cargo xtask help` lists them.
//!
//! In reading order: [`problem`] (how everything here fails), [`process`] and [`debian`] (other programs), [`tools`] (what
//! is found or installed, each version once), [`bundle`] (the release page and its budget), [`compiler`] (switches for a small page),
//! [`finish`] and [`split`] (what becomes of its WebAssembly), [`cold`] (what is measured for that), [`files`] (a static server),
//! [`serve`], [`stages`] (the tests), [`servers`] (the real RabbitMQ and Redis, for recording), [`record_amqp`] (the
//! broker's transcripts, by a small client of its own), [`random_amqp`] (random sequences beside the real broker), [`record_redis`]
//! and [`random_redis`] (the store's transcripts, and random commands beside the real one), [`conformance`] (the page of checked facts),
//! [`redis_suite`] (Redis's own tests), [`fuzz`] (damaged input), [`bench_redis`] (how fast the served store is beside the real one).
//!
//! Deliberately absent: shell scripts, and anything that the page itself needs.

mod amqp_client;
mod amqp_live;
pub mod bench_redis;
pub mod bundle;
pub mod clients;
pub mod cold;
pub mod compiler;
pub mod conformance;
pub mod debian;
pub mod files;
pub mod finish;
pub mod fuzz;
mod minify;
pub mod problem;
pub mod process;
pub mod random_amqp;
pub mod random_redis;
pub mod record_amqp;
pub mod record_console;
pub mod record_definitions;
pub mod record_redis;
pub mod record_wire;
pub mod redis_suite;
pub mod serve;
pub mod servers;
pub mod split;
pub mod stages;
pub mod tools;
