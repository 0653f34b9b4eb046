//! How often somebody tried to come in, over HTTP and over AMQP.

use serde_json::{Value, json};
use std::cell::Cell;

/// The counts since the start, or since they were forgotten.
#[derive(Debug, Default)]
pub struct Attempts {
    /// Those that failed, and those that did not.
    http: Cell<(u64, u64)>,
    amqp: Cell<(u64, u64)>,
}

impl Attempts {
    /// Somebody tried.
    pub fn count(&self, is_http: bool, is_welcome: bool) {
        let cell = if is_http { &self.http } else { &self.amqp };
        let (failed, succeeded) = cell.get();
        cell.set((failed + u64::from(!is_welcome), succeeded + u64::from(is_welcome)));
    }

    /// Begins anew.
    pub fn forget(&self) {
        self.http.take();
        self.amqp.take();
    }

    /// As RabbitMQ's management shows them.
    pub fn shown(&self) -> Value {
        let one = |protocol: &str, (failed, succeeded): (u64, u64)| {
            json!({
                "protocol": protocol, "auth_attempts": failed + succeeded, "auth_attempts_failed": failed,
                "auth_attempts_succeeded": succeeded,
            })
        };
        json!([one("http", self.http.get()), one("amqp091", self.amqp.get())])
    }
}
