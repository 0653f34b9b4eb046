//! The broker: AMQP 0-9-1 as RabbitMQ 3.10 speaks it.
//!
//! Reading order: [`method`] (what can be said), [`value`] (field tables).

pub mod event;
pub mod method;
pub mod text;
pub mod value;
