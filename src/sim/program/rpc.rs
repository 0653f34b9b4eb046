//! `rpc_server` and `rpc_client`: the tutorial's Fibonacci call over two queues.

use alloc::{format, string::String, vec, vec::Vec};

use super::{
    listing::{Op, Publish},
    receive::{append_callback, consume},
    send::declare_queue,
    spec::{Spec, Writer, python_seconds, python_str},
};
use crate::{
    amqp::method::{BasicConsume, BasicQos, QueueDeclare},
    bytes::Bytes,
};

/// What can be said of the server.
pub const SERVER_OPTIONS: &[&str] = &["queue", "work"];
/// What can be said of the client.
pub const CLIENT_OPTIONS: &[&str] = &["queue", "ask", "start"];

fn queue(spec: &Spec) -> Bytes {
    spec.text("queue").cloned().unwrap_or_else(|| "rpc_queue".into())
}

/// Writes the server: answers each request with the Fibonacci number of its body.
///
/// # Errors
/// A sentence when an option does not fit.
pub fn build_server(spec: &Spec) -> Result<Writer, String> {
    let queue = queue(spec);
    let work = spec.duration_ms("work", 0)?;
    let mut code = Writer::default();
    code.connect(if work > 0 { "import pika, time" } else { "import pika" });
    declare_queue(&mut code, &queue, false);
    code.line("");
    let mark = code.here() as usize;
    code.line("def callback(ch, method, props, body):");
    code.does("    print(f\" [.] fib({body.decode()})\")", Op::Print(" [.] fib({body})".into()));
    if work > 0 {
        code.does(&format!("    time.sleep({})", python_seconds(work)), Op::Sleep(work));
    }
    code.line("    response = fib(int(body))");
    code.line("    ch.basic_publish(");
    code.line("        exchange='', routing_key=props.reply_to,");
    code.line("        properties=pika.BasicProperties(");
    code.line("            correlation_id=props.correlation_id),");
    code.does("        body=str(response))", Op::Reply);
    code.does("    ch.basic_ack(delivery_tag=method.delivery_tag)", Op::Ack);
    code.also(Op::Return);
    let callback = code.ops.split_off(mark);
    code.line("");
    let qos = BasicQos { prefetch_count: 1, ..BasicQos::default() };
    code.does("channel.basic_qos(prefetch_count=1)", Op::Call(qos.into()));
    consume(&mut code, queue.clone(), &python_str(&queue), false);
    code.does("channel.start_consuming()", Op::StartConsuming { callback: 0 });
    code.also(Op::Close);
    code.also(Op::End);
    append_callback(&mut code, callback);
    Ok(code)
}

/// Writes the client: sends all its requests at once and waits for their answers, told apart by `correlation_id`.
///
/// # Errors
/// A sentence when an option does not fit.
pub fn build_client(spec: &Spec) -> Result<Writer, String> {
    let mut ask: Vec<Bytes> = spec.list("ask");
    if ask.is_empty() {
        ask = vec![Bytes::from("30")];
    }
    if let Some(wrong) = ask.iter().find(|n| n.text().parse::<u32>().is_err()) {
        return Err(format!("ask={wrong}: expected whole numbers separated by commas"));
    }
    let start = spec.duration_ms("start", 0)?;
    let count = ask.len() as u32;
    let mut code = Writer::default();
    code.connect(if start > 0 { "import pika, time, uuid" } else { "import pika, uuid" });
    let own = QueueDeclare { exclusive: true, ..QueueDeclare::default() };
    code.does("result = channel.queue_declare(queue='', exclusive=True)", Op::Call(own.into()));
    code.line("callback_queue = result.method.queue");
    code.line("waiting = {}");
    code.line("");
    code.line("def on_response(ch, method, props, body):");
    code.line("    if props.correlation_id in waiting:");
    code.line("        n = waiting.pop(props.correlation_id)");
    code.line("        print(f\" [.] fib({n}) = {body.decode()}\")");
    code.line("");
    code.line("channel.basic_consume(queue=callback_queue,");
    let listen = BasicConsume { no_ack: true, ..BasicConsume::default() };
    code.does("    on_message_callback=on_response, auto_ack=True)", Op::Call(listen.into()));
    if start > 0 {
        code.does(&format!("time.sleep({})", python_seconds(start)), Op::Sleep(start));
    }
    let numbers = ask.iter().map(|n| format!("{n}")).collect::<Vec<_>>().join(", ");
    code.line(&format!("for n in [{numbers}]:"));
    code.line("    corr_id = str(uuid.uuid4())");
    code.line("    waiting[corr_id] = n");
    code.line("    channel.basic_publish(");
    code.line(&format!("        exchange='', routing_key={},", python_str(&queue(spec))));
    code.line("        properties=pika.BasicProperties(");
    code.line("            reply_to=callback_queue, correlation_id=corr_id),");
    let first = code.here();
    let publish = Publish { keys: vec![queue(spec)], bodies: ask, request: true, ..Publish::default() };
    code.does("        body=str(n))", Op::Publish(publish));
    code.also(Op::Repeat { to: first, count });
    code.line("while waiting:");
    code.does("    connection.process_data_events()", Op::AwaitReplies(count));
    code.line("");
    code.does("connection.close()", Op::Close);
    code.also(Op::End);
    Ok(code)
}
