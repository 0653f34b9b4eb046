//! The server on real sockets: clients that never read, fall silent or write a byte at a time, and the management calls.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};
use warren_sim::amqp::method::{Frame, Method};
use warren_sim::amqp::text::{parse_frame, print_frame};
use warren_wire::{Decoder, FRAME_MAX, PROTOCOL_HEADER, encode};

/// A server of its own for each test; it ends with the process.
fn server() -> (SocketAddr, SocketAddr) {
    let bind = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (amqp, http) = (bind(), bind());
    let addresses = (amqp.local_addr().expect("an address"), http.local_addr().expect("an address"));
    thread::spawn(move || warren_cli::amqp::serve_on(amqp, Some(http)));
    addresses
}

struct Client {
    stream: TcpStream,
    decoder: Decoder,
}

impl Client {
    /// With channel 1 open.
    fn connect(address: SocketAddr, heartbeat: u16) -> Client {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let mut client = Client { stream, decoder: Decoder::default() };
        client.stream.write_all(PROTOCOL_HEADER).expect("a header");
        client.hears("connection.start");
        client.says(0, "connection.start-ok mechanism=PLAIN response=\"\\x00guest\\x00guest\" locale=en_US");
        client.hears("connection.tune");
        client.says(0, &format!("connection.tune-ok channel_max=2047 frame_max={FRAME_MAX} heartbeat={heartbeat}"));
        client.says(0, "connection.open virtual_host=/");
        client.hears("connection.open-ok");
        client.says(1, "channel.open");
        client.hears("channel.open-ok");
        client
    }

    fn says(&mut self, channel: u16, line: &str) {
        let frame = parse_frame(line).expect(line);
        self.stream.write_all(&encode(channel, &frame, FRAME_MAX)).expect("the server reads");
    }

    /// The next frame, which must be this method.
    fn hears(&mut self, name: &str) -> Frame {
        let mut buffer = [0; 65536];
        loop {
            if let Some((_, frame)) = self.decoder.next_frame().expect("the server speaks AMQP") {
                assert_eq!(frame.method.name(), name, "{}", print_frame(&frame));
                return frame;
            }
            let count = self.stream.read(&mut buffer).expect("an answer in time");
            assert!(count > 0, "the server closed the socket instead of saying {name}");
            self.decoder.feed(&buffer[..count]);
        }
    }

    fn ready(&mut self, queue: &str) -> u32 {
        self.says(1, &format!("queue.declare queue={queue} passive"));
        match self.hears("queue.declare-ok").method {
            Method::QueueDeclareOk(ok) => ok.message_count,
            other => panic!("{}", other.name()),
        }
    }
}

#[test]
fn a_client_that_never_reads_gets_no_more_than_its_socket_holds_and_others_notice_nothing() {
    let (amqp, _) = server();
    let mut publisher = Client::connect(amqp, 0);
    publisher.says(1, "queue.declare queue=q");
    publisher.hears("queue.declare-ok");
    let mut sleeper = Client::connect(amqp, 0);
    sleeper.says(1, "basic.consume queue=q consumer_tag=sleeper no_ack");
    sleeper.hears("basic.consume-ok");
    let line = format!("basic.publish routing_key=q body={}", "x".repeat(50_000));
    for _ in 0..1_000 {
        publisher.says(1, &line);
    }
    // Fifty megabytes were sent to a client that reads nothing; most must still be in the queue.
    let ready = publisher.ready("q");
    assert!(ready > 500, "only {ready} of 1000 messages wait in the queue");
    let mut other = Client::connect(amqp, 0);
    let begun = Instant::now();
    other.says(1, "basic.consume queue=q consumer_tag=other no_ack");
    other.hears("basic.consume-ok");
    for _ in 0..ready {
        other.hears("basic.deliver");
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "the other consumer was held up");
    // Once it reads, it gets what it was sent, in order and whole.
    for _ in ready..1_000 {
        sleeper.hears("basic.deliver");
    }
}

#[test]
fn a_client_that_asks_without_reading_is_not_read_on() {
    let (amqp, _) = server();
    let mut client = Client::connect(amqp, 0);
    client.says(1, "queue.declare queue=q");
    client.hears("queue.declare-ok");
    client.says(1, &format!("basic.publish routing_key=q body={}", "x".repeat(100_000)));
    client.stream.set_write_timeout(Some(Duration::from_secs(2))).expect("a timeout");
    // Each of these short questions has an answer of a hundred kilobytes, and goes back to the queue.
    let get = encode(1, &parse_frame("basic.get queue=q").expect("a method"), FRAME_MAX);
    let back = encode(1, &parse_frame("basic.recover requeue").expect("a method"), FRAME_MAX);
    let questions = [get, back].concat().repeat(1_000);
    let asked = (0..1_000).take_while(|_| client.stream.write_all(&questions).is_ok()).count();
    assert!(asked < 1_000, "the server took a million questions whose answers nobody reads");
    let mut other = Client::connect(amqp, 0);
    other.says(1, "queue.declare queue=other");
    other.hears("queue.declare-ok");
}

#[test]
fn a_silent_client_is_let_go_after_two_heartbeats_and_hears_the_servers() {
    let (amqp, _) = server();
    let mut client = Client::connect(amqp, 1);
    client.says(1, "queue.declare queue=mine exclusive");
    client.hears("queue.declare-ok");
    let (begun, mut heard, mut buffer) = (Instant::now(), Vec::new(), [0; 1024]);
    loop {
        match client.stream.read(&mut buffer) {
            Ok(0) | Err(_) => break,
            Ok(count) => heard.extend_from_slice(&buffer[..count]),
        }
    }
    let seconds = begun.elapsed().as_secs_f32();
    assert!((1.5..4.0).contains(&seconds), "closed after {seconds} s");
    assert!(heard.starts_with(&[8, 0, 0, 0, 0, 0, 0, 0xCE]), "the server's own heartbeats: {heard:?}");
    let mut other = Client::connect(amqp, 0);
    other.says(1, "queue.declare queue=mine passive");
    other.hears("channel.close");
}

#[test]
fn a_client_may_write_a_byte_at_a_time() {
    let (amqp, _) = server();
    let mut client = Client::connect(amqp, 0);
    client.stream.set_nodelay(true).expect("an option");
    let bytes =
        encode(1, &parse_frame("basic.publish routing_key=none mandatory body=whole").expect("a method"), FRAME_MAX);
    for byte in bytes {
        client.stream.write_all(&[byte]).expect("the server reads");
    }
    let back = client.hears("basic.return");
    assert_eq!(back.content.map(|content| content.body.to_vec()), Some(b"whole".to_vec()));
}

/// One management call; status line and body.
fn call(http: SocketAddr, head: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(http).expect("the server listens");
    let length = body.len();
    let rest =
        "host: here\r\nauthorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\nconnection: close\r\ncontent-type: application/json";
    write!(stream, "{head} HTTP/1.1\r\n{rest}\r\ncontent-length: {length}\r\n\r\n{body}").expect("the server reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.lines().next().unwrap_or_default().trim_start_matches("HTTP/1.1 ").to_string();
    (status, body.to_string())
}

#[test]
fn management_calls_show_and_change_the_same_broker() {
    let (amqp, http) = server();
    let mut client = Client::connect(amqp, 0);
    assert_eq!(call(http, "PUT /api/queues/%2F/q", "{\"arguments\":{\"x-max-length\":5}}").0, "201 Created");
    assert_eq!(client.ready("q"), 0);
    assert_eq!(call(http, "PUT /api/queues/%2F/q", "{\"durable\":true}").0, "400 Bad Request");
    let publish = "{\"properties\":{},\"routing_key\":\"q\",\"payload\":\"hi\",\"payload_encoding\":\"string\"}";
    let published = call(http, "POST /api/exchanges/%2F/amq.default/publish", publish);
    assert_eq!((published.0.as_str(), published.1.as_str()), ("200 OK", "{\"routed\":true}"));
    assert_eq!(client.ready("q"), 1);
    let shown = call(http, "GET /api/queues/%2F/q?columns=name,messages", "");
    assert_eq!(shown.1, "{\"messages\":1,\"name\":\"q\"}");
    assert_eq!(call(http, "GET /api/queues/%2F/none", "").0, "404 Not Found");
    // The definitions of one node are those of another.
    let (_, other) = server();
    let exported = call(http, "GET /api/definitions", "").1;
    assert_eq!(call(other, "PUT /api/queues/%2F/lost", "{}").0, "201 Created");
    assert_eq!(call(http, "PUT /api/exchanges/%2F/x", "{\"type\":\"topic\",\"durable\":true}").0, "201 Created");
    let exported_later = call(http, "GET /api/definitions", "").1;
    assert_ne!(exported, exported_later);
    assert_eq!(call(other, "POST /api/definitions", &exported_later).0, "204 No Content");
    assert_eq!(call(other, "GET /api/exchanges/%2F/x?columns=name,type", "").1, "{\"name\":\"x\",\"type\":\"topic\"}");
    let list = call(http, "GET /api/connections?columns=name", "").1;
    let name = list.split('"').nth(3).expect("one connection").replace(' ', "%20").replace('>', "%3E");
    assert_eq!(call(http, &format!("DELETE /api/connections/{name}"), "").0, "204 No Content");
    match client.hears("connection.close").method {
        Method::ConnectionClose(close) => {
            assert_eq!(
                (close.reply_code, &*close.reply_text.text()),
                (320, "CONNECTION_FORCED - Closed via management plugin")
            );
        }
        other => panic!("{}", other.name()),
    }
}
