//! RabbitMQ's management calls, as many as clients' tests and definitions tools use (`GET /api/overview` and the like).
//!
//! [`answer`] is what a call answers, [`access`] says which paths there are and for whom, [`route`] finds who answers. [`show`] writes
//! lists, exchanges and bindings as RabbitMQ's JSON, [`columns`] leaves some of it out, [`queues`] queues and consumers, [`clients`] connections and channels,
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
pub mod columns;
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
    if head.uri.path() == "/" && head.method == hyper::Method::GET {
        return Answer::welcome().response();
    }
    let (user, is_login_broken) = match login(&head) {
        None => (None, false),
        Some(Err(is_broken)) => (None, is_broken),
        Some(Ok((name, password))) => (node.users.knows(&name, &password).then(|| name.into()), false),
    };
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let call = Call {
        node,
        amqp,
        http,
        user: user.as_ref(),
        is_login_tried: head.headers.contains_key("authorization"),
        is_login_broken,
        accept: header("accept"),
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

type NameAndPassword = (Vec<u8>, Vec<u8>);

/// What basic authentication says, where somebody logs in. The error says whether it cannot be read at all; a token can, and is of
/// no use here.
fn login(head: &hyper::http::request::Parts) -> Option<Result<NameAndPassword, bool>> {
    let header = head.headers.get("authorization")?.to_str().unwrap_or_default();
    if header.starts_with("Bearer ") {
        return Some(Err(false));
    }
    let pair = header.strip_prefix("Basic ").and_then(|letters| STANDARD.decode(letters.trim()).ok());
    let split = pair.as_ref().and_then(|pair| Some(pair.split_at(pair.iter().position(|byte| *byte == b':')?)));
    Some(split.map(|(name, password)| (name.to_vec(), password[1..].to_vec())).ok_or(true))
}
