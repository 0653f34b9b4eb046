//! A client that says methods as lines of text, for tests of the server on real sockets.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;
use warren_sim::amqp::method::{Frame, Method};
use warren_sim::amqp::text::{parse_frame, print_frame};
use warren_wire::{Decoder, FRAME_MAX, PROTOCOL_HEADER, encode};

/// A server of its own for each test; it ends with the process.
pub fn server() -> (SocketAddr, SocketAddr) {
    let bind = || TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (amqp, http) = (bind(), bind());
    let addresses = (amqp.local_addr().expect("an address"), http.local_addr().expect("an address"));
    thread::spawn(move || warren_cli::amqp::serve_on(amqp, Some(http)));
    addresses
}

pub struct Client {
    pub stream: TcpStream,
    pub decoder: Decoder,
}

impl Client {
    /// With channel 1 open.
    pub fn connect(address: SocketAddr, heartbeat: u16) -> Client {
        Client::connect_announcing(address, heartbeat, "guest", "")
    }

    /// As a user whose password is its name.
    pub fn connect_announcing(address: SocketAddr, heartbeat: u16, user: &str, announced: &str) -> Client {
        let stream = TcpStream::connect(address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        let mut client = Client { stream, decoder: Decoder::default() };
        client.stream.write_all(PROTOCOL_HEADER).expect("a header");
        client.hears("connection.start");
        let response = format!("\"\\x00{user}\\x00{user}\"");
        client.says(0, &format!("connection.start-ok {announced} mechanism=PLAIN response={response} locale=en_US"));
        client.hears("connection.tune");
        client.says(0, &format!("connection.tune-ok channel_max=2047 frame_max={FRAME_MAX} heartbeat={heartbeat}"));
        client.says(0, "connection.open virtual_host=/");
        client.hears("connection.open-ok");
        client.says(1, "channel.open");
        client.hears("channel.open-ok");
        client
    }

    pub fn says(&mut self, channel: u16, line: &str) {
        let frame = parse_frame(line).expect(line);
        self.stream.write_all(&encode(channel, &frame, FRAME_MAX)).expect("the server reads");
    }

    /// The next frame, which must be this method.
    pub fn hears(&mut self, name: &str) -> Frame {
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

    pub fn ready(&mut self, queue: &str) -> u32 {
        self.says(1, &format!("queue.declare queue={queue} passive"));
        match self.hears("queue.declare-ok").method {
            Method::QueueDeclareOk(ok) => ok.message_count,
            other => panic!("{}", other.name()),
        }
    }
}
