//! `send`: declares what it needs and publishes, as the tutorials' `send.py`, `new_task.py` and `emit_log*.py` do.

use alloc::{format, string::String, vec, vec::Vec};

use super::{
    listing::{Op, Publish},
    spec::{Spec, Writer, python_seconds, python_str},
};
use crate::{
    amqp::method::{ExchangeDeclare, QueueDeclare},
    bytes::Bytes,
};

/// What can be said of it.
pub const OPTIONS: &[&str] =
    &["queue", "durable", "exchange", "type", "key", "body", "count", "every", "persistent", "mandatory", "start"];

/// Writes the program.
///
/// # Errors
/// A sentence when an option does not fit.
pub fn build(spec: &Spec) -> Result<Writer, String> {
    let queue = spec.text("queue");
    let exchange = spec.text("exchange").cloned().unwrap_or_default();
    let count = spec.number("count", 1)? as u32;
    let every = spec.duration_ms("every", 0)?;
    let start = spec.duration_ms("start", 0)?;
    if count == 0 && every == 0 {
        return Err("count=0 publishes for ever and needs every=..., the pause between two messages".into());
    }
    let mut keys = spec.list("key");
    if keys.is_empty() {
        keys = vec![queue.cloned().unwrap_or_default()];
    }
    let bodies = spec.text("body").map_or_else(|| vec![Bytes::from("Hello World!")], |b| split_bodies(&b.text()));
    let publish = Publish {
        exchange: exchange.clone(),
        keys,
        bodies,
        delivery_mode: spec.flag("persistent").then_some(2),
        mandatory: spec.flag("mandatory"),
        request: false,
    };

    let mut code = Writer::default();
    let imports = match (every > 0 || start > 0, count == 0) {
        (true, true) => "import itertools, pika, time",
        (true, false) => "import pika, time",
        (false, _) => "import pika",
    };
    code.connect(imports);
    declare(&mut code, spec, queue, &exchange);
    if start > 0 {
        code.does(&format!("time.sleep({})", python_seconds(start)), Op::Sleep(start));
    }
    write_publish(&mut code, publish, count, every);
    code.line("");
    code.does("connection.close()", Op::Close);
    code.also(Op::End);
    Ok(code)
}

/// The declarations, as far as they were asked for.
fn declare(code: &mut Writer, spec: &Spec, queue: Option<&Bytes>, exchange: &Bytes) {
    if let Some(queue) = queue {
        declare_queue(code, queue, spec.flag("durable"));
    }
    if let Some(kind) = spec.text("type") {
        declare_exchange(code, exchange, kind);
    }
    code.line("");
}

/// `queue_declare` of a named queue.
pub fn declare_queue(code: &mut Writer, queue: &Bytes, durable: bool) {
    let method = QueueDeclare { queue: queue.clone(), durable, ..QueueDeclare::default() };
    let more = if durable { ", durable=True" } else { "" };
    code.does(&format!("channel.queue_declare(queue={}{more})", python_str(queue)), Op::Call(method.into()));
}

/// `exchange_declare`.
pub fn declare_exchange(code: &mut Writer, exchange: &Bytes, kind: &Bytes) {
    let method = ExchangeDeclare { exchange: exchange.clone(), type_: kind.clone(), ..ExchangeDeclare::default() };
    code.line(&format!("channel.exchange_declare(exchange={},", python_str(exchange)));
    code.does(&format!("    exchange_type={})", python_str(kind)), Op::Call(method.into()));
}

fn write_publish(code: &mut Writer, publish: Publish, count: u32, every: u64) {
    let many = count != 1;
    let indent = if many { "    " } else { "" };
    let list = |values: &[Bytes]| values.iter().map(python_str).collect::<Vec<_>>().join(", ");
    if publish.keys.len() > 1 {
        code.line(&format!("keys = [{}]", list(&publish.keys)));
    }
    if many && count == 0 {
        code.line("for n in itertools.count(1):");
    } else if many {
        code.line(&format!("for n in range(1, {}):", count + 1));
    }
    let named = publish.bodies.iter().any(|body| body.text().contains("{key}"));
    let key = if publish.keys.len() > 1 {
        code.line(&format!("{indent}key = keys[(n - 1) % len(keys)]"));
        "key".into()
    } else if named {
        code.line(&format!("{indent}key = {}", python_str(&publish.keys[0])));
        "key".into()
    } else {
        python_str(&publish.keys[0])
    };
    let body = if publish.bodies.len() > 1 {
        code.line(&format!("{indent}bodies = [{}]", list(&publish.bodies)));
        format!("bodies[(n - 1) % {}]", publish.bodies.len())
    } else {
        python_str(&publish.bodies[0])
    };
    code.line(&format!("{indent}channel.basic_publish("));
    code.line(&format!("{indent}    exchange={}, routing_key={key},", python_str(&publish.exchange)));
    if publish.mandatory {
        code.line(&format!("{indent}    mandatory=True,"));
    }
    let first = code.here();
    match publish.delivery_mode {
        None => code.does(&format!("{indent}    body={body})"), Op::Publish(publish)),
        Some(mode) => {
            code.line(&format!("{indent}    body={body},"));
            let line = format!("{indent}    properties=pika.BasicProperties(delivery_mode={mode}))");
            code.does(&line, Op::Publish(publish));
        }
    }
    if many && every > 0 {
        code.does(&format!("    time.sleep({})", python_seconds(every)), Op::Sleep(every));
    }
    if many {
        code.also(Op::Repeat { to: first, count });
    }
}

/// Several bodies are separated by `|`, since a body may well hold a comma.
fn split_bodies(text: &str) -> Vec<Bytes> {
    text.split('|').map(Bytes::from).collect()
}
