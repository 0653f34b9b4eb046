//! AMQP 0-9-1 over TCP, as RabbitMQ 3.10 speaks it.
//!
//! One thread: [`node`] owns the broker and the wall clock, every socket is a task beside it ([`socket`]) that feeds what it
//! reads to a [`session`] and writes what the node puts into its outbox ([`peer`]). [`login`] has the words of the handshake,
//! [`content`] joins methods with their content, [`erlang`] prints bytes as RabbitMQ's errors show them, [`users`] knows
//! who may come in, [`counts`] what happened.

pub mod content;
pub mod counts;
pub mod erlang;
pub mod login;
pub mod node;
pub mod peer;
pub mod session;
pub mod socket;
pub mod users;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

use crate::http;
use node::Node;

/// Serves on this address, and the management calls on the other one if there is one; it returns only when that fails.
pub fn serve(address: SocketAddr, management: Option<SocketAddr>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the runtime could not be started: {error}"))?;
    LocalSet::new().block_on(&runtime, async {
        let listener = bind(address).await?;
        println!("AMQP 0-9-1 on {address}");
        let node = Rc::new(Node::new());
        tokio::task::spawn_local(node::keep_time(node.clone()));
        if let Some(management) = management {
            let listener = bind(management).await?;
            println!("Management calls on http://{management}");
            tokio::task::spawn_local(http::accept(listener, node.clone(), address));
        }
        accept(listener, node).await
    })
}

async fn bind(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address).await.map_err(|error| format!("cannot listen on {address}: {error}"))
}

/// Takes in clients for ever.
pub async fn accept(listener: TcpListener, node: Rc<Node>) -> Result<(), String> {
    loop {
        match listener.accept().await {
            Ok((stream, from)) => drop(tokio::task::spawn_local(socket::run(stream, from, node.clone()))),
            // Out of file handles, most likely: those who are here go on, and the next one may find one free.
            Err(error) => {
                eprintln!("warren: a client could not be let in: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
