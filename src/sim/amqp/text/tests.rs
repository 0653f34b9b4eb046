//! What is printed is read back as it was, for every method and every type of value; what is wrong is said where it is.

use super::*;
use crate::amqp::value::Value;
use crate::prng::Prng;
use alloc::boxed::Box;
use alloc::vec;

/// Pieces that need quotes, escapes, both or neither.
const PIECES: &[&[u8]] =
    &[b"q", b"amq.", b" ", b"\"", b"\\", b"\n", b"\t", b"\0", b"=", b",", b"{", b"]", "é☃".as_bytes(), b"\xe6", b"7"];

fn bytes(prng: &mut Prng) -> Bytes {
    let mut bytes = Vec::new();
    for _ in 0..prng.below(6) {
        bytes.extend_from_slice(PIECES[prng.below(PIECES.len() as u64) as usize]);
    }
    Bytes::from(bytes)
}

fn value(prng: &mut Prng, depth: u32) -> Value {
    let kinds = if depth > 3 { 15 } else { 17 };
    let bits = prng.next_u64();
    match prng.below(kinds) {
        0 => Value::Bool(bits & 1 == 1),
        1 => Value::I8(bits as i8),
        2 => Value::U8(bits as u8),
        3 => Value::I16(bits as i16),
        4 => Value::U16(bits as u16),
        5 => Value::I32(bits as i32),
        6 => Value::U32(bits as u32),
        7 => Value::I64(bits as i64),
        8 => Value::F32(bits as u32),
        9 => Value::F64(bits),
        10 => Value::Decimal { scale: (bits % 12) as u8, value: (bits >> 32) as u32 },
        11 => Value::LongStr(bytes(prng)),
        12 => Value::Timestamp(bits),
        13 => Value::Void,
        14 => Value::ByteArray(bytes(prng)),
        15 => Value::Array((0..prng.below(4)).map(|_| value(prng, depth + 1)).collect()),
        _ => Value::Table(Box::new(table(prng, depth + 1))),
    }
}

fn table(prng: &mut Prng, depth: u32) -> Table {
    Table((0..prng.below(4)).map(|_| (bytes(prng), value(prng, depth))).collect())
}

fn frame(prng: &mut Prng, name: &str) -> Frame {
    let mut method = Method::from_name(name).expect("a name of the list");
    for (field, arg) in method.fields() {
        let bits = if prng.below(3) == 0 { 0 } else { prng.next_u64() };
        let arg = match arg {
            Arg::ShortStr(_) => Arg::ShortStr(bytes(prng)),
            Arg::LongStr(_) => Arg::LongStr(bytes(prng)),
            Arg::Bit(_) => Arg::Bit(bits & 1 == 1),
            Arg::Octet(_) => Arg::Octet(bits as u8),
            Arg::Short(_) => Arg::Short(bits as u16),
            Arg::Long(_) => Arg::Long(bits as u32),
            Arg::LongLong(_) => Arg::LongLong(bits),
            Arg::Table(_) => Arg::Table(table(prng, 1)),
        };
        assert!(method.set(field, arg), "{name} {field}");
    }
    let mut content = carries_content(&method).then(|| Content { body: bytes(prng), ..Content::default() });
    if let Some(content) = &mut content {
        for name in PROPERTIES {
            let slot = property(&mut content.properties, name).expect("a name of the list");
            match slot.kind() {
                _ if prng.below(2) == 0 => {}
                Arg::Octet(_) => slot.fill(Arg::Octet(prng.next_u64() as u8)),
                Arg::LongLong(_) => slot.fill(Arg::LongLong(prng.next_u64())),
                Arg::Table(_) => slot.fill(Arg::Table(table(prng, 1))),
                _ => slot.fill(Arg::ShortStr(bytes(prng))),
            }
        }
    }
    Frame { method, content }
}

#[test]
fn every_frame_is_read_back_as_it_was_printed() {
    let mut prng = Prng::new(5);
    for name in Method::NAMES {
        for round in 0..200 {
            let frame = frame(&mut prng, name);
            let line = print_frame(&frame);
            assert_eq!(parse_frame(&line).as_ref(), Ok(&frame), "{name}, round {round}: {line}");
            assert!(!line.contains('\n'), "{line}");
        }
    }
}

#[test]
fn lines_that_are_printed_as_they_are_read() {
    for line in [
        "queue.declare queue=q durable arguments={x-message-ttl=1000, a=\"s\", n=5L, d={k=\"v\"}, l=[1, \"two\"], t=true, v=void}",
        "queue.declare-ok queue=q message_count=0 consumer_count=2",
        "basic.publish exchange=logs routing_key=a.*.# mandatory headers={b=b(-1), f=f(1.5), g=1.5, x=x(\"\\xe6\")} delivery_mode=2 body=\"two words\"",
        "basic.deliver consumer_tag=t delivery_tag=1 redelivered exchange=\"a b\" routing_key=q headers={} body=m1",
        "basic.return 312 NO_ROUTE exchange=amq.direct routing_key=none",
        "channel.close 404 \"NOT_FOUND - no queue 'q' in vhost '/'\" class=60 method=70",
        "basic.publish routing_key=武沛齐 type=t headers={d=D(1.05), e=D(7), t=T(5), u=u(6), n=d(0x7ff8000000000000)} body={n}=a,b",
    ] {
        let frame = parse_frame(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let printed = print_frame(&frame);
        assert_eq!(parse_frame(&printed), Ok(frame), "{printed}");
        if !line.contains("type=t") {
            assert_eq!(printed, line);
        }
    }
}

#[test]
fn tables_may_be_written_with_bare_words() {
    let frame = parse_frame(
        "queue.declare  arguments={ x-queue-type = quorum,x-overflow=reject-publish, k=[a,1] } durable=1 queue=",
    );
    let Ok(Frame { method: Method::QueueDeclare(declare), content: None }) = frame else { panic!("{frame:?}") };
    let word = |text: &str| Value::LongStr(Bytes::from(text));
    let fields = vec![
        (Bytes::from("x-queue-type"), word("quorum")),
        (Bytes::from("x-overflow"), word("reject-publish")),
        (Bytes::from("k"), Value::Array(vec![word("a"), Value::I32(1)])),
    ];
    assert_eq!((declare.arguments, declare.durable, declare.queue), (Table(fields), true, Bytes::default()));
}

#[test]
fn what_is_wrong_is_said_where_it_is() {
    let deep = format!("queue.declare arguments={{a={}1{}}}", "[".repeat(40), "]".repeat(40));
    for (line, column, message) in [
        ("", 1, "expected a method, such as queue.declare"),
        ("  qeue.declare", 3, "there is no method 'qeue.declare': the classes are"),
        ("queue.declar", 1, "this class has queue.declare, queue.declare-ok, queue.bind"),
        ("queue.declare name=q", 15, "queue.declare has no argument 'name': it takes ticket, queue, passive"),
        ("tx.select now", 11, "tx.select takes no arguments, so 'now' means nothing here"),
        ("queue.declare body=x", 15, "no argument 'body'"),
        (
            "basic.publish queue=x",
            15,
            "no argument 'queue': it takes ticket, exchange, routing_key, mandatory, immediate, body",
        ),
        ("queue.declare queue", 20, "'queue' needs a value: queue=..."),
        ("queue.declare durable durable=0", 23, "'durable' is given twice"),
        ("queue.declare durable=2", 23, "'2' is not a whole number from 0 to 1"),
        ("basic.qos prefetch_count=65536", 26, "'65536' is not a whole number from 0 to 65535"),
        ("basic.publish priority=-1", 24, "'-1' is not a whole number from 0 to 255"),
        ("basic.publish body=\"no end", 20, "this quote is never closed"),
        ("basic.publish body=\"a\"b", 23, "expected a space after the text of 'body', found 'b'"),
        ("basic.publish body=say\"hi\"", 23, "text with a quote or a backslash needs quotes around it: body=\"...\""),
        ("basic.publish body=\"\\q\"", 21, "a backslash goes before one of"),
        ("basic.publish body=\"\\x4\"", 21, "\\x needs two hexadecimal digits"),
        ("basic.publish body=\"\\x4é\"", 21, "\\x needs two hexadecimal digits"),
        ("queue.declare arguments=5", 25, "expected '{' before a table, found '5'"),
        ("queue.declare arguments={a=1", 29, "expected ',' or '}', but the line ends"),
        ("queue.declare arguments={a}", 27, "expected '=' after a field's name, found '}'"),
        ("queue.declare arguments={a=}", 28, "expected a value, found '}'"),
        ("queue.declare arguments={a=1}x", 30, "expected a space after the table, found 'x'"),
        ("queue.declare arguments={a=99999999999}", 28, "neither a number of 32 bits, nor of 64 (5L)"),
        ("queue.declare arguments={a=b(300)}", 28, "'300' does not fit the type b"),
        ("queue.declare arguments={a=y(1)}", 28, "there is no type 'y'"),
        ("queue.declare arguments={a=d(inf)}", 28, "'inf' does not fit the type d"),
        (&deep, 60, "tables and arrays go at most 32 deep"),
    ] {
        let error = parse_frame(line).expect_err(line);
        assert_eq!(error.column, column, "{line}: {error}");
        assert!(error.message.contains(message), "{line}: {error}");
    }
    let long = format!("queue.declare queue={}", "q".repeat(256));
    assert_eq!(parse_frame(&long).expect_err("too long").message, "'queue' has 256 bytes, at most 255 fit");
}
