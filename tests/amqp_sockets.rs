//! What a client library sees of the server's sockets: how they end, when silence is noticed, how confirms are joined.

mod amqp_client;

use amqp_client::{Client, server};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use warren_sim::amqp::method::Method;
use warren_sim::amqp::text::parse_frame;
use warren_wire::{FRAME_MAX, PROTOCOL_HEADER, encode};

/// Reads to the end: what came, how it ended, and how long that took.
fn to_the_end(stream: &mut TcpStream) -> (Vec<u8>, Option<ErrorKind>, Duration) {
    stream.set_read_timeout(Some(Duration::from_secs(15))).expect("a timeout");
    let (begun, mut heard) = (Instant::now(), Vec::new());
    let end = stream.read_to_end(&mut heard).err().map(|error| error.kind());
    (heard, end, begun.elapsed())
}

#[test]
fn a_socket_that_the_server_closes_is_reset_as_rabbitmq_resets_it() {
    let (amqp, _) = server();
    let mut gone = Client::connect(amqp, 0);
    gone.stream.shutdown(Shutdown::Write).expect("a socket");
    assert_eq!(to_the_end(&mut gone.stream).1, Some(ErrorKind::ConnectionReset));
    let mut wrong = TcpStream::connect(amqp).expect("the server listens");
    wrong.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("a request");
    // Its own header first: what was sent before the reset is there to be read.
    let mut header = [0; 8];
    wrong.read_exact(&mut header).expect("a header");
    assert_eq!(&header, PROTOCOL_HEADER);
    assert_eq!(to_the_end(&mut wrong).1, Some(ErrorKind::ConnectionReset));
}

/// Up to `connection.tune-ok` with a heartbeat of one second.
fn tuned(amqp: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(amqp).expect("the server listens");
    let start_ok = parse_frame("connection.start-ok mechanism=PLAIN response=\"\\x00guest\\x00guest\" locale=en_US");
    let tune_ok = parse_frame("connection.tune-ok channel_max=2047 frame_max=131072 heartbeat=1").expect("a method");
    let frames = [start_ok.expect("a method"), tune_ok].map(|frame| encode(0, &frame, FRAME_MAX)).concat();
    stream.write_all(&[&PROTOCOL_HEADER[..], &frames].concat()).expect("a handshake");
    stream
}

#[test]
fn heartbeats_begin_with_tune_ok_and_silence_is_noticed_at_the_second_quiet_look() {
    let (amqp, _) = server();
    let (heard, end, after) = to_the_end(&mut tuned(amqp));
    // Looks are once a second: something is new at the first, nothing at the second and the third.
    assert_eq!(end, Some(ErrorKind::ConnectionReset));
    assert!((2.9..3.5).contains(&after.as_secs_f32()), "{after:?}");
    assert!(heard.ends_with(&[8, 0, 0, 0, 0, 0, 0, 0xCE].repeat(4)), "the server's own heartbeats, two a second");
}

#[test]
fn what_no_queue_takes_is_confirmed_at_once_and_alone() {
    let (amqp, _) = server();
    let mut client = Client::connect(amqp, 0);
    client.says(1, "exchange.declare exchange=e type=fanout");
    client.hears("exchange.declare-ok");
    client.says(1, "confirm.select");
    client.hears("confirm.select-ok");
    let publish = |line: &str| encode(1, &parse_frame(line).expect(line), FRAME_MAX);
    let (lost, mandatory) =
        (publish("basic.publish exchange=e body=lost"), publish("basic.publish exchange=e mandatory body=back"));
    client.stream.write_all(&[lost.clone(), mandatory, lost].concat()).expect("the server reads");
    let acked = |client: &mut Client, tag| match client.hears("basic.ack").method {
        Method::BasicAck(ack) => assert_eq!((ack.delivery_tag, ack.multiple), (tag, false)),
        other => panic!("{}", other.name()),
    };
    acked(&mut client, 1);
    client.hears("basic.return");
    acked(&mut client, 2);
    acked(&mut client, 3);
}

#[test]
fn the_address_of_a_reply_looks_as_rabbitmqs() {
    let (amqp, _) = server();
    let mut client = Client::connect(amqp, 0);
    client.says(1, "basic.consume queue=amq.rabbitmq.reply-to no_ack");
    client.hears("basic.consume-ok");
    client.says(1, "queue.declare queue=q");
    client.hears("queue.declare-ok");
    client.says(1, "basic.publish routing_key=q reply_to=amq.rabbitmq.reply-to body=x");
    client.says(1, "basic.get queue=q no_ack");
    let content = client.hears("basic.get-ok").content.expect("a message");
    let address = content.properties.reply_to.expect("an address").text().into_owned();
    // Clients' tests look for the two parts and the padding of base64.
    let parts: Vec<&str> = address.strip_prefix("amq.rabbitmq.reply-to.").expect(&address).split('.').collect();
    assert_eq!(parts.iter().map(|part| part.len()).collect::<Vec<_>>(), [40, 24], "{address}");
    assert!(parts[0].starts_with("g1h2AA1yZXBseU") && parts[1].ends_with("=="), "{address}");
    client.says(1, &format!("queue.declare queue={address} passive"));
    client.hears("queue.declare-ok");
}

#[test]
#[cfg(unix)]
fn sigterm_tells_every_client_and_ends_the_server() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("an address");
    let mut command = Command::new(env!("CARGO_BIN_EXE_warren"));
    let mut server =
        command.args(["server", "--amqp", &free.to_string()]).stdout(Stdio::null()).spawn().expect("a server");
    while TcpStream::connect(free).is_err() {
        thread::sleep(Duration::from_millis(5));
    }
    let (mut client, begun) = (Client::connect(free, 0), Instant::now());
    Command::new("kill").args(["-TERM", &server.id().to_string()]).status().expect("kill");
    match client.hears("connection.close").method {
        Method::ConnectionClose(close) => {
            let text = String::from_utf8_lossy(&close.reply_text).into_owned();
            let words = "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'";
            assert_eq!((close.reply_code, text.as_str()), (320, words));
        }
        other => panic!("{}", other.name()),
    }
    assert!(server.wait().expect("the server ends").success());
    assert!(begun.elapsed() < Duration::from_secs(2));
}
