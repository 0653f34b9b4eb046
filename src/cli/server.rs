//! `warren server`: one thread for each protocol, until one of them ends.

use crate::options::Server;
use crate::{amqp, redis};
use std::sync::mpsc;
use std::thread;
use warren_sim::amqp::limits::Limits;

/// Serves what the options ask for, until a client shuts it down or something fails: the sentence says what.
pub fn run(options: &Server) -> Result<(), String> {
    let (failed, failures) = mpsc::channel();
    if let Some(address) = options.amqp {
        // The management calls look at the same broker, so they are served by the same thread.
        let (management, mut limits) = (options.http, Limits::default());
        limits.copies = options.max_messages.unwrap_or(limits.copies);
        limits.bytes = options.max_bytes.unwrap_or(limits.bytes);
        spawn("amqp", &failed, move || amqp::serve(address, management, limits))?;
    } else {
        // SIGTERM ends redis-server well: its clients see no more than that their sockets close.
        spawn("signals", &failed, || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map_err(|error| format!("the server cannot start: {error}"))?.block_on(terminated());
            Ok(())
        })?;
    }
    if let Some(options) = options.redis.clone() {
        spawn("redis", &failed, move || redis::serve(&options))?;
    }
    drop(failed);
    // If every thread ended without a word, that is a panic, which printed its own.
    let result = failures.recv().unwrap_or_else(|mpsc::RecvError| Err("a server thread ended".to_string()));
    redis::remove_unix();
    result
}

fn spawn(
    name: &str,
    failed: &mpsc::Sender<Result<(), String>>,
    serve: impl FnOnce() -> Result<(), String> + Send + 'static,
) -> Result<(), String> {
    let failed = failed.clone();
    let body = move || {
        // Nobody listens any more once another protocol has ended.
        let _ = failed.send(serve());
    };
    let thread = thread::Builder::new().name(name.to_string()).spawn(body);
    thread.map(drop).map_err(|error| format!("a thread could not be started: {error}"))
}

/// Waits for SIGTERM, where there is such a thing.
pub async fn terminated() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        terminate.recv().await;
        return;
    }
    std::future::pending().await
}
