//! `receive`: declares and binds what it needs and consumes, as the tutorials' `receive.py`, `worker.py` and `receive_logs*.py` do.

use alloc::{format, string::String};

use super::{
    listing::Op,
    send::{declare_exchange, declare_queue},
    spec::{Spec, Writer, python_seconds, python_str},
};
use crate::{
    amqp::method::{BasicConsume, BasicQos, QueueBind, QueueDeclare},
    bytes::Bytes,
};

/// What can be said of it.
pub const OPTIONS: &[&str] = &["queue", "durable", "exchange", "type", "key", "prefetch", "work", "ack", "start"];

/// How a consumer acknowledges.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ack {
    /// After its work.
    Manual,
    /// The broker forgets the message as it sends it: `auto_ack=True`.
    Auto,
    /// Never, the tutorial's classic mistake.
    Never,
}

/// Writes the program.
///
/// # Errors
/// A sentence when an option does not fit.
pub fn build(spec: &Spec) -> Result<Writer, String> {
    let ack = match spec.text("ack") {
        None => Ack::Manual,
        Some(word) if *word == "manual" => Ack::Manual,
        Some(word) if *word == "auto" => Ack::Auto,
        Some(word) if *word == "never" => Ack::Never,
        Some(word) => return Err(format!("ack={word}: expected manual, auto or never")),
    };
    let work = spec.duration_ms("work", 0)?;
    let start = spec.duration_ms("start", 0)?;
    let prefetch = spec.number("prefetch", 0)?;
    let Ok(prefetch) = u16::try_from(prefetch) else {
        return Err(format!("prefetch={prefetch}: at most 65535"));
    };

    let mut code = Writer::default();
    code.connect(if work > 0 { "import pika, time" } else { "import pika" });
    if start > 0 {
        code.does(&format!("time.sleep({})", python_seconds(start)), Op::Sleep(start));
    }
    let queue = declare(&mut code, spec);
    code.line("");
    let callback = write_callback(&mut code, ack, work);
    code.line("");
    if prefetch > 0 {
        let qos = BasicQos { prefetch_count: prefetch, ..BasicQos::default() };
        code.does(&format!("channel.basic_qos(prefetch_count={prefetch})"), Op::Call(qos.into()));
    }
    consume(&mut code, spec.text("queue").cloned().unwrap_or_default(), &queue, ack == Ack::Auto);
    code.does("channel.start_consuming()", Op::StartConsuming { callback: 0 });
    code.also(Op::Close);
    code.also(Op::End);
    append_callback(&mut code, callback);
    Ok(code)
}

/// Declares queue, exchange and bindings; gives the Python name of the queue.
fn declare(code: &mut Writer, spec: &Spec) -> String {
    let exchange = spec.text("exchange").cloned().unwrap_or_default();
    if let Some(kind) = spec.text("type") {
        declare_exchange(code, &exchange, kind);
    }
    let queue = spec.text("queue").cloned();
    let name = match &queue {
        Some(queue) => {
            declare_queue(code, queue, spec.flag("durable"));
            python_str(queue)
        }
        None => {
            let method = QueueDeclare { exclusive: true, ..QueueDeclare::default() };
            code.does("result = channel.queue_declare(queue='', exclusive=True)", Op::Call(method.into()));
            code.line("queue_name = result.method.queue");
            "queue_name".into()
        }
    };
    if !exchange.is_empty() {
        let mut keys = spec.list("key");
        if keys.is_empty() {
            keys.push(Bytes::default());
        }
        for key in keys {
            let bind = QueueBind {
                queue: queue.clone().unwrap_or_default(),
                exchange: exchange.clone(),
                routing_key: key.clone(),
                ..QueueBind::default()
            };
            code.line(&format!("channel.queue_bind(exchange={}, queue={name},", python_str(&exchange)));
            code.does(&format!("    routing_key={})", python_str(&key)), Op::Call(bind.into()));
        }
    }
    name
}

/// The operations of a callback whose lines are already written; they join the list after the program's end.
type Callback = alloc::vec::Vec<(u16, Op)>;

fn write_callback(code: &mut Writer, ack: Ack, work: u64) -> Callback {
    let mark = code.here() as usize;
    code.line("def callback(ch, method, properties, body):");
    code.does("    print(f\" [x] Received {body.decode()}\")", Op::Print(" [x] Received {body}".into()));
    if work > 0 {
        code.does(&format!("    time.sleep({})", python_seconds(work)), Op::Sleep(work));
    }
    if work > 0 || ack == Ack::Manual {
        code.does("    print(\" [x] Done\")", Op::Print(" [x] Done".into()));
    }
    if ack == Ack::Manual {
        code.does("    ch.basic_ack(delivery_tag=method.delivery_tag)", Op::Ack);
    }
    code.also(Op::Return);
    code.ops.split_off(mark)
}

/// Puts the callback's operations behind the end and points `start_consuming` at them.
pub fn append_callback(code: &mut Writer, callback: Callback) {
    let at = code.here();
    for (_, op) in &mut code.ops {
        if let Op::StartConsuming { callback } = op {
            *callback = at;
        }
    }
    code.ops.extend(callback);
}

/// `basic_consume`.
pub fn consume(code: &mut Writer, queue: Bytes, python_name: &str, no_ack: bool) {
    let method = BasicConsume { queue, no_ack, ..BasicConsume::default() };
    code.line("channel.basic_consume(");
    let more = if no_ack { ", auto_ack=True" } else { "" };
    let line = format!("    queue={python_name}, on_message_callback=callback{more})");
    code.does(&line, Op::Call(method.into()));
}
