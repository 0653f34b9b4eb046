//! AMQP 0-9-1 over TCP, as RabbitMQ 3.10 speaks it.
//!
//! One thread: [`node`] owns the broker and the wall clock, every socket is a task beside it ([`socket`]) that feeds what it
//! reads to a [`session`] and writes what the node puts into its outbox ([`peer`]). [`login`] has the words of the handshake,
//! [`content`] joins methods with their content, [`erlang`] prints bytes as RabbitMQ's errors show them.

pub mod content;
pub mod erlang;
pub mod login;
pub mod node;
pub mod peer;
pub mod session;
pub mod socket;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::LocalSet;

use node::Node;

/// Serves on this address; it returns only when that fails.
pub fn serve(address: SocketAddr) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("the runtime could not be started: {error}"))?;
    LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind(address).await;
        let listener = listener.map_err(|error| format!("cannot listen on {address}: {error}"))?;
        println!("AMQP 0-9-1 on {address}");
        let node = Rc::new(Node::new());
        tokio::task::spawn_local(node::keep_time(node.clone()));
        accept(listener, node).await
    })
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
