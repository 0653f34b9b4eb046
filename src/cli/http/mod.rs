//! RabbitMQ's management calls, as many as clients' tests and definitions tools use (`GET /api/overview` and the like).
//!
//! [`answer`] is what a call answers, [`access`] says which paths there are and for whom, [`route`] finds who answers. [`show`] writes
//! lists, exchanges and bindings as RabbitMQ's JSON, [`queues`] queues and consumers, [`clients`] connections and channels,
//! [`overview`] the node. [`act`] changes queues, exchanges, bindings and messages, [`people`] users, [`parameters`] what is set,
//! [`admin`] the rest, [`health`] looks whether all is well, [`operate`] does what `rabbitmqctl` does to a node, [`table`] turns JSON
//! to field tables and back, [`phash2`] is the digest in the names of bindings.
//! What changes the broker is said to it as AMQP, by a connection without a socket, as RabbitMQ's management does it: so the rules
//! and the refusals are the same.

pub mod access;
pub mod act;
pub mod admin;
pub mod answer;
pub mod clients;
pub mod health;
pub mod operate;
pub mod overview;
pub mod parameters;
pub mod people;
pub mod phash2;
pub mod queues;
pub mod route;
pub mod show;
pub mod table;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;

use crate::amqp::node::Node;
use answer::Answer;
use route::Call;

/// The longest body that is read; definitions of a large node are some megabytes.
const BODY_MAX: usize = 64 << 20;

/// Takes in callers for ever. `amqp` is where the broker listens.
pub async fn accept(listener: TcpListener, node: Rc<Node>, amqp: SocketAddr) {
    let Ok(http) = listener.local_addr() else { return };
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles, most likely; the next one may find one free.
            tokio::time::sleep(Duration::from_millis(100)).await;
            continue;
        };
        let node = node.clone();
        tokio::task::spawn_local(async move {
            let service = service_fn(move |request| {
                let node = node.clone();
                async move { Ok::<_, Infallible>(respond(request, &node, (amqp, http)).await) }
            });
            // A caller that breaks off has no use for an answer.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn respond(
    request: Request<Incoming>,
    node: &Node,
    (amqp, http): (SocketAddr, SocketAddr),
) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let user = user(&head, node);
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let call = Call {
        node,
        amqp,
        http,
        user: user.as_ref(),
        is_login_tried: head.headers.contains_key("authorization"),
        method: head.method.as_str(),
        words: route::words(head.uri.path()),
        query: head.uri.query().unwrap_or_default(),
        content_type: header("content-type"),
        reason: header("x-reason"),
        body: &[],
    };
    // Nothing is read from a stranger.
    if let Some(refusal) = route::refusal(&call) {
        return refusal.response();
    }
    let Ok(body) = Limited::new(body, BODY_MAX).collect().await else {
        return Answer::bad_request("body_too_large_or_broken").response();
    };
    let body = body.to_bytes();
    route::answer(&Call { body: &body, ..call }).response()
}

/// The user of basic authentication.
fn user(head: &hyper::http::request::Parts, node: &Node) -> Option<warren_sim::bytes::Bytes> {
    let header = head.headers.get("authorization")?.to_str().ok()?;
    let pair = STANDARD.decode(header.strip_prefix("Basic ")?.trim()).ok()?;
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let (name, password) = (&pair[..colon], &pair[colon + 1..]);
    node.users.knows(name, password).then(|| warren_sim::bytes::Bytes::from(name))
}
