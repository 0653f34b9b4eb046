//! The broker: AMQP 0-9-1 as RabbitMQ 3.10 speaks it.
//!
//! Reading order: [`method`] (what can be said), [`value`] (field tables), [`event`] (what happens), [`broker`] (the state
//! and the door), then by class of method: [`dispatch`], `topology` (exchange, bind), `queues`, [`exchange`] (who matches),
//! `publish`, `consume`, `settle` (acks), `tx`; [`queue`] (order and turns), `work` (deliveries and expiries), `dead_letter`, [`letters`],
//! `restart`; `vhost`, [`policy`], [`definitions`]. Every refusal is in [`error`], every limit in [`limits`].
//!
//! Deliberately absent: sockets, frames as bytes, clocks, users and permissions, clusters.

pub mod arguments;
pub mod broker;
pub mod channel;
pub mod check;
mod consume;
mod dead_letter;
pub mod definitions;
mod dispatch;
pub mod erlang;
pub mod error;
pub mod event;
pub mod exchange;
pub mod letters;
pub mod limits;
pub mod message;
pub mod method;
mod outside;
pub mod policy;
mod publish;
pub mod queue;
mod queues;
mod quorum;
mod reply;
mod restart;
mod settle;
mod stream;
pub mod text;
mod topology;
pub mod transcript;
mod tx;
pub mod value;
mod vhost;
pub mod view;
mod work;
