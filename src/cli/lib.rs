//! Warren without its page: the same broker and store on real sockets and on the wall clock.
//!
//! - [`options`]: what the command line says. [`server`]: one thread for each protocol that is asked for.
//! - [`amqp`]: AMQP 0-9-1 over TCP, as RabbitMQ speaks it.
//! - [`redis`]: RESP over TCP, as Redis speaks it.
//!
//! Each protocol is one folder, one option and one thread that owns its engine: `warren-sim` shares by `Rc`, never between
//! threads. Deliberately absent: TLS, clusters, disks, and every rule of the broker or the store (`warren-sim` has them).

pub mod amqp;
pub mod http;
pub mod options;
pub mod redis;
pub mod server;
