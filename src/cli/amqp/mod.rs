//! AMQP 0-9-1 over TCP, as RabbitMQ 3.10 speaks it, and 0-8 with it.
//!
//! One thread: [`node`] owns the broker and the wall clock, every socket is a task beside it ([`socket`]) that feeds what it
//! reads to a [`session`] and writes what the node puts into its outbox ([`peer`]), for clients of 0-8 through [`old`].
//! [`login`] has the words of the handshake,
//! [`content`] joins methods with their content, [`erlang`] prints bytes as RabbitMQ's errors show them, [`users`] knows
//! who may come in, [`permissions`] what they may do there, [`settings`] how much of it, [`counts`] what happened, [`alarms`] what keeps publishers waiting,
//! and [`trace`] tells of messages to those who listen.

pub mod alarms;
pub mod attempts;
pub mod content;
pub mod counts;
pub mod erlang;
pub mod login;
pub mod node;
pub mod old;
pub mod peer;
pub mod permissions;
pub mod session;
pub mod settings;
pub mod socket;
pub mod trace;
pub mod users;

use std::net::{self, SocketAddr};
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::LocalSet;
use tokio::time::{Instant, sleep};

use crate::http;
use node::Node;
use warren_sim::amqp::limits::Limits;

/// How long clients may take to read that the server ends.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves on this address, and the management calls on the other one if there is one, until that fails or SIGTERM ends it.
pub fn serve(address: SocketAddr, management: Option<SocketAddr>, limits: Limits) -> Result<(), String> {
    let listener = bind(address)?;
    let management = management.map(bind).transpose()?;
    println!("AMQP 0-9-1 on {address}");
    if let Some(Ok(address)) = management.as_ref().map(net::TcpListener::local_addr) {
        println!("Management calls on http://{address}/api/");
    }
    serve_within(listener, management, limits, true)
}

fn bind(address: SocketAddr) -> Result<net::TcpListener, String> {
    net::TcpListener::bind(address).map_err(|error| format!("cannot listen on {address}: {error}"))
}

/// The same on sockets that listen already.
pub fn serve_on(listener: net::TcpListener, management: Option<net::TcpListener>) -> Result<(), String> {
    serve_within(listener, management, Limits::default(), false)
}

fn serve_within(
    listener: net::TcpListener,
    management: Option<net::TcpListener>,
    limits: Limits,
    hears_signals: bool,
) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("the server cannot start: {error}");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
    LocalSet::new().block_on(&runtime, async {
        let address = listener.local_addr().map_err(failed)?;
        let node = Rc::new(Node::with_limits(limits));
        tokio::task::spawn_local(node::keep_time(node.clone()));
        if let Some(management) = management {
            let listener = from_std(management).map_err(failed)?;
            node.count_in_detail();
            tokio::task::spawn_local(http::accept(listener, node.clone(), address));
        }
        let listener = from_std(listener).map_err(failed)?;
        if !hears_signals {
            return accept(listener, node).await;
        }
        tokio::select! {
            result = accept(listener, node.clone()) => result,
            () = crate::server::terminated() => {
                // As RabbitMQ does: every client is told 320 before its socket closes.
                node.set_running(false);
                let end = Instant::now() + FAREWELL;
                while node.has_clients() && Instant::now() < end {
                    sleep(Duration::from_millis(5)).await;
                }
                Ok(())
            }
        }
    })
}

fn from_std(listener: net::TcpListener) -> std::io::Result<TcpListener> {
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// Takes in clients for ever.
pub async fn accept(listener: TcpListener, node: Rc<Node>) -> Result<(), String> {
    loop {
        match listener.accept().await {
            // A broker that is stopped listens to nobody.
            Ok(_) if !node.is_running() => {}
            Ok((stream, from)) => drop(tokio::task::spawn_local(socket::run(stream, from, node.clone()))),
            // Out of file handles, most likely: those who are here go on, and the next one may find one free.
            Err(error) => {
                eprintln!("warren: a client could not be let in: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
}
