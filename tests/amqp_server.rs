//! The server on real sockets: clients that never read, fall silent or write a byte at a time, and the management calls.

mod amqp_client;

use amqp_client::{Client, server};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};
use warren_sim::amqp::method::Method;
use warren_sim::amqp::text::parse_frame;
use warren_wire::{FRAME_MAX, PROTOCOL_HEADER, encode};

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
    call_as(http, "Z3Vlc3Q6Z3Vlc3Q=", head, body)
}

/// The same, by whom these letters name.
fn call_as(http: SocketAddr, letters: &str, head: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(http).expect("the server listens");
    let length = body.len();
    let rest = "host: here\r\nconnection: close\r\ncontent-type: application/json\r\nauthorization: Basic ";
    write!(stream, "{head} HTTP/1.1\r\n{rest}{letters}\r\ncontent-length: {length}\r\n\r\n{body}")
        .expect("the server reads");
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

#[test]
fn an_alarm_lets_only_those_wait_who_publish() {
    let (amqp, http) = server();
    let mut other = Client::connect(amqp, 0);
    let mut publisher =
        Client::connect_announcing(amqp, 0, "guest", "client_properties={capabilities={connection.blocked=true}}");
    publisher.says(1, "basic.publish routing_key=nowhere body=x");
    publisher.says(1, "queue.declare queue=q");
    publisher.hears("queue.declare-ok");
    assert_eq!(call(http, "PUT /api/warren/alarms/disk", "").0, "204 No Content");
    assert_eq!(call(http, "PUT /api/warren/alarms/paper", "").0, "404 Not Found");
    // Who published before goes on until it publishes again.
    publisher.says(1, "queue.declare queue=q");
    publisher.hears("queue.declare-ok");
    publisher.says(1, "basic.publish routing_key=q body=x");
    let blocked = publisher.hears("connection.blocked");
    assert!(matches!(&blocked.method, Method::ConnectionBlocked(m) if *m.reason == *b"low on disk"), "{blocked:?}");
    publisher.says(1, "basic.publish routing_key=q body=y");
    // The body of the first message was not read any more.
    assert_eq!(other.ready("q"), 0);
    let shown = call(http, "GET /api/warren/alarms", "").1;
    assert!(shown.contains("\"disk\":true") && shown.contains("\"memory\":false"), "{shown}");
    assert_eq!(call(http, "DELETE /api/warren/alarms/disk", "").0, "204 No Content");
    publisher.hears("connection.unblocked");
    assert_eq!(publisher.ready("q"), 2);
}

#[test]
fn a_broker_that_is_stopped_tells_its_clients_and_keeps_what_is_durable() {
    let (amqp, http) = server();
    let mut client = Client::connect(amqp, 0);
    client.says(1, "queue.declare queue=kept durable");
    client.hears("queue.declare-ok");
    client.says(1, "queue.declare queue=gone");
    client.hears("queue.declare-ok");
    client.says(1, "basic.publish routing_key=kept delivery_mode=2 body=x");
    client.says(1, "basic.publish routing_key=kept body=y");
    assert_eq!(client.ready("kept"), 2);
    assert_eq!(call(http, "PUT /api/warren/broker", "{\"running\":false}").0, "204 No Content");
    let close = client.hears("connection.close");
    assert!(matches!(&close.method, Method::ConnectionClose(m) if m.reply_code == 320), "{close:?}");
    assert_eq!(call(http, "GET /api/queues", "").0, "503 Service Unavailable");
    let mut refused = TcpStream::connect(amqp).expect("the port is kept");
    refused.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let _ = refused.write_all(PROTOCOL_HEADER);
    assert!(!matches!(refused.read(&mut [0; 8]), Ok(1..)), "nobody is heard");
    assert_eq!(call(http, "PUT /api/warren/broker", "{\"running\":true}").0, "204 No Content");
    let mut client = Client::connect(amqp, 0);
    assert_eq!(client.ready("kept"), 1);
    client.says(1, "queue.declare queue=gone passive");
    client.hears("channel.close");
}

/// Recorded from RabbitMQ 3.10.8 with the same user: method, and what is said of it (nothing where it is done).
const RIGHTS: &[(&str, &str)] = &[
    ("basic.publish routing_key=x body=x", "access to exchange 'amq.default'"),
    ("queue.declare queue=zq", "access to queue 'zq'"),
    ("queue.declare queue=cq arguments={x-dead-letter-exchange=wx}", "access to queue 'cq'"),
    ("exchange.declare exchange=cx type=direct arguments={alternate-exchange=zx}", "access to exchange 'cx'"),
    ("exchange.declare exchange=\"\" type=direct", "operation not permitted on the default exchange"),
    ("exchange.delete exchange=amq.direct", "deletion of system exchange 'amq.direct'"),
    ("queue.bind queue=nope exchange=nope2", "access to queue 'nope'"),
    ("queue.bind queue=wnope exchange=nope2", "access to exchange 'nope2'"),
    ("queue.bind queue=wnope exchange=\"\"", "operation not permitted on the default exchange"),
    ("exchange.bind destination=znope source=nope2", "access to exchange 'znope'"),
    ("exchange.bind destination=wnope source=nope2", "access to exchange 'nope2'"),
    ("basic.get queue=nope", "access to queue 'nope'"),
    ("basic.consume queue=nope", "access to queue 'nope'"),
    ("queue.purge queue=nope", "access to queue 'nope'"),
    ("queue.delete queue=nope", "access to queue 'nope'"),
    ("queue.declare queue=nope passive", "no queue 'nope'"),
    ("queue.declare queue=amq.zz", "queue name 'amq.zz' contains reserved prefix"),
    ("basic.publish exchange=amq.direct body=x", "access to exchange 'amq.direct'"),
    ("basic.publish exchange=amq.rabbitmq.log body=x", "access to exchange 'amq.rabbitmq.log'"),
    ("queue.declare queue=\"\"", "access to queue 'amq.gen-"),
];

#[test]
fn a_user_may_do_what_its_permissions_say() {
    let (amqp, http) = server();
    assert_eq!(call(http, "PUT /api/users/t", "{\"password\":\"t\",\"tags\":\"impersonator\"}").0, "201 Created");
    let rights = "{\"configure\":\"^c\",\"write\":\"^w\",\"read\":\"^r\"}";
    assert_eq!(call(http, "PUT /api/permissions/%2F/t", rights).0, "201 Created");
    let mut client = Client::connect_announcing(amqp, 0, "t", "");
    for (line, said) in RIGHTS {
        client.says(1, line);
        let close = client.hears("channel.close");
        let Method::ChannelClose(close) = close.method else { unreachable!("its name was looked at") };
        let text = close.reply_text.text().into_owned();
        let text = text.split_once(" - ").expect("a code and a text").1;
        assert!(text.starts_with(said), "{line}: {text}");
        assert!(!said.starts_with("access") || text.ends_with(" in vhost '/' refused for user 't'"), "{line}: {text}");
        client.says(1, "channel.close-ok");
        client.says(1, "channel.open");
        client.hears("channel.open-ok");
    }
    client.says(1, "exchange.declare exchange=cw type=direct");
    client.hears("exchange.declare-ok");
    client.says(1, "basic.consume queue=amq.rabbitmq.reply-to no_ack");
    client.hears("basic.consume-ok");
    // Its tag lets it say who it is not.
    assert_eq!(call(http, "PUT /api/permissions/%2F/t", &rights.replace("^w", ".*")).0, "204 No Content");
    client.says(1, "basic.publish exchange=amq.fanout user_id=somebody body=x");
    client.says(1, "queue.declare queue=cq");
    client.hears("queue.declare-ok");
}

/// As the real server answers the same calls and methods; its `rabbitmqctl authenticate_user` knows the users of an exported file.
#[test]
fn the_routing_keys_of_a_user_and_its_password_move_with_the_definitions() {
    let (_, first) = server();
    assert_eq!(call(first, "PUT /api/users/t", "{\"password\":\"t\",\"tags\":\"\"}").0, "201 Created");
    let rights = "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}";
    assert_eq!(call(first, "PUT /api/permissions/%2F/t", rights).0, "201 Created");
    let topics = "{\"exchange\":\"amq.topic\",\"write\":\"^w\",\"read\":\"^r\"}";
    assert_eq!(call(first, "PUT /api/topic-permissions/%2F/t", topics).0, "201 Created");
    let definitions = call(first, "GET /api/definitions", "").1;

    let (amqp, http) = server();
    assert_eq!(call(http, "POST /api/definitions", &definitions).0, "204 No Content");
    assert_eq!(call(http, "GET /api/definitions", "").1, definitions);
    let mut client = Client::connect_announcing(amqp, 0, "t", "");
    client.says(1, "queue.declare queue=q");
    client.hears("queue.declare-ok");
    client.says(1, "queue.bind queue=q exchange=amq.topic routing_key=r.a");
    client.hears("queue.bind-ok");
    client.says(1, "basic.publish exchange=amq.topic routing_key=w.a body=x");
    client.says(1, "basic.publish exchange=amq.direct routing_key=x.a body=x");
    for (line, key) in [
        ("queue.bind queue=q exchange=amq.topic routing_key=w.a", "w.a"),
        ("exchange.bind destination=amq.fanout source=amq.topic routing_key=w.a", "w.a"),
        ("basic.publish exchange=amq.topic routing_key=x.a body=x", "x.a"),
    ] {
        client.says(1, line);
        let close = client.hears("channel.close");
        let Method::ChannelClose(close) = close.method else { unreachable!("its name was looked at") };
        let place = "in exchange 'amq.topic' in vhost '/' refused for user 't'";
        let text = format!("ACCESS_REFUSED - access to topic '{key}' {place}");
        assert_eq!((close.reply_code, &*close.reply_text.text()), (403, &*text), "{line}");
        client.says(1, "channel.close-ok");
        client.says(1, "channel.open");
        client.hears("channel.open-ok");
    }
}

/// The fields as RabbitMQ 3.10.8 tells them, in their order.
#[test]
fn a_traced_virtual_host_tells_what_is_published_and_what_is_delivered() {
    let (amqp, http) = server();
    let mut listener = Client::connect(amqp, 0);
    listener.says(1, "queue.declare queue=trace");
    listener.hears("queue.declare-ok");
    listener.says(1, "queue.bind queue=trace exchange=amq.rabbitmq.trace routing_key=#");
    listener.hears("queue.bind-ok");
    listener.says(1, "basic.publish routing_key=none body=before");
    assert_eq!(call(http, "PUT /api/vhosts/%2F", "{\"tracing\":\"perhaps\"}").0, "400 Bad Request");
    assert_eq!(call(http, "PUT /api/vhosts/%2F", "{\"tracing\":true}").0, "204 No Content");
    assert!(call(http, "GET /api/vhosts/%2F", "").1.contains("\"tracing\":true"));
    let mut client = Client::connect(amqp, 0);
    client.says(1, "queue.declare queue=q");
    client.hears("queue.declare-ok");
    client.says(
        1,
        "basic.publish routing_key=q headers={h=1, CC=[q2], BCC=[zz]} content_type=text/plain priority=3 body=one",
    );
    client.says(1, "basic.publish exchange=amq.topic routing_key=k body=two");
    client.says(1, "basic.get queue=q");
    client.hears("basic.get-ok");
    let mut told = Vec::new();
    for _ in 0..3 {
        listener.says(1, "basic.get queue=trace no_ack");
        let frame = listener.hears("basic.get-ok");
        let text = warren_sim::amqp::text::print_frame(&frame);
        // The name of a connection is that of its socket.
        let (start, rest) = text.split_once("connection=\"").expect("a connection");
        told.push(format!("{start}connection={}", rest.split_once('"').expect("its end").1));
    }
    assert_eq!(
        told,
        [
            "basic.get-ok delivery_tag=1 exchange=amq.rabbitmq.trace routing_key=publish. message_count=2 \
             headers={exchange_name=\"\", routing_keys=[\"q\", \"q2\", \"zz\"], properties={priority=3, headers={h=1, CC=[\"q2\"]}, \
             content_type=\"text/plain\"}, node=\"warren@localhost\", vhost=\"/\", connection=, channel=1, user=\"guest\", \
             routed_queues=[\"q\", \"q2\", \"zz\"]} body=one",
            "basic.get-ok delivery_tag=2 exchange=amq.rabbitmq.trace routing_key=publish.amq.topic message_count=1 \
             headers={exchange_name=\"amq.topic\", routing_keys=[\"k\"], properties={}, node=\"warren@localhost\", vhost=\"/\", \
             connection=, channel=1, user=\"guest\", routed_queues=[]} body=two",
            "basic.get-ok delivery_tag=3 exchange=amq.rabbitmq.trace routing_key=deliver.q message_count=0 \
             headers={exchange_name=\"\", routing_keys=[\"q\", \"q2\"], properties={priority=3, headers={h=1, CC=[\"q2\"]}, \
             content_type=\"text/plain\"}, node=\"warren@localhost\", redelivered=0, vhost=\"/\", connection=, channel=1, \
             user=\"guest\"} body=one",
        ]
    );
}

#[test]
fn management_calls_are_for_those_who_may() {
    let (_, http) = server();
    let rights = "{\"configure\":\".*\",\"write\":\".*\",\"read\":\".*\"}";
    for (user, tags) in [("m", "management"), ("p", "policymaker"), ("w", "monitoring"), ("n", "")] {
        let body = format!("{{\"password\":\"{user}\",\"tags\":\"{tags}\"}}");
        assert_eq!(call(http, &format!("PUT /api/users/{user}"), &body).0, "201 Created");
    }
    assert_eq!(call(http, "PUT /api/vhosts/v", "{}").0, "201 Created");
    assert_eq!(call(http, "PUT /api/permissions/v/m", rights).0, "201 Created");
    assert_eq!(call(http, "PUT /api/queues/v/q", "{}").0, "201 Created");
    assert_eq!(call(http, "PUT /api/queues/%2F/q", "{}").0, "201 Created");
    let (m, p, w, n) = ("bTpt", "cDpw", "dzp3", "bjpu");
    // As RabbitMQ 3.10.8 says it.
    for (letters, head, status, part) in [
        (n, "GET /api/whoami", "401 Unauthorized", "Not management user"),
        ("bTp3", "GET /api/whoami", "401 Unauthorized", "Login failed"),
        (m, "GET /api/whoami", "200 OK", "{\"name\":\"m\",\"tags\":[\"management\"]}"),
        (m, "GET /api/queues?columns=vhost,name", "200 OK", "[{\"name\":\"q\",\"vhost\":\"v\"}]"),
        (m, "GET /api/queues/%2F", "401 Unauthorized", "User not authorised to access virtual host"),
        (m, "GET /api/users", "401 Unauthorized", "Not administrator user"),
        (m, "GET /api/nodes", "401 Unauthorized", "Not monitor user"),
        (m, "GET /api/parameters", "401 Unauthorized", "User not authorised to access object"),
        (m, "PUT /api/vhosts/new", "401 Unauthorized", "Not administrator user"),
        (w, "GET /api/nodes?columns=type", "200 OK", "[{\"type\":\"disc\"}]"),
        (w, "GET /api/vhosts?columns=name", "200 OK", "[{\"name\":\"/\"},{\"name\":\"v\"}]"),
        (m, "GET /api/vhosts?columns=name", "200 OK", "[{\"name\":\"v\"}]"),
        (p, "GET /api/global-parameters?columns=name", "200 OK", "[{\"name\":\"internal_cluster_id\"}]"),
        (m, "POST /api/queues/v/q", "405 Method Not Allowed", ""),
        (m, "GET /api/nothing", "404 Not Found", "Object Not Found"),
    ] {
        let (said, body) = call_as(http, letters, head, "");
        assert_eq!(said, status, "{head}: {body}");
        assert!(body.contains(part), "{head}: {body}");
    }
}

#[test]
fn management_calls_count_what_happens_where() {
    let (amqp, http) = server();
    let mut client = Client::connect(amqp, 0);
    assert_eq!(call(http, "PUT /api/queues/%2F/q", "{}").0, "201 Created");
    let publish = "{\"properties\":{},\"routing_key\":\"q\",\"payload\":\"hi\",\"payload_encoding\":\"string\"}";
    assert_eq!(call(http, "POST /api/exchanges/%2F/amq.default/publish", publish).0, "200 OK");
    assert_eq!(client.ready("q"), 1);
    let get = "{\"count\":-1,\"ackmode\":\"ack_requeue_false\",\"encoding\":\"auto\"}";
    assert_eq!(call(http, "POST /api/queues/%2F/q/get", get).0, "200 OK");
    let shown = call(http, "GET /api/queues/%2F/q", "").1;
    for part in ["\"publish\":1", "\"get_no_ack\":1", "\"deliver_get\":1", "\"messages\":0", "\"idle_since\":\"2"] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    assert!(call(http, "GET /api/exchanges/%2F/", "").1.contains("\"publish_in\":1,"));
    assert!(call(http, "GET /api/vhosts/%2F", "").1.contains("\"publish\":1,"));
    assert!(call(http, "GET /api/overview", "").1.contains("\"queue_created\":1,"));
}
