//! Which server the tests of the store on real sockets ask, and how they are asked.

use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

/// A server of its own for whoever asks, which ends with the process; or the one that `REDIS_ADDRESS` names.
pub fn server() -> SocketAddr {
    match std::env::var("REDIS_ADDRESS") {
        Ok(address) => address.parse().expect("an address"),
        Err(_) => {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
            let address = listener.local_addr().expect("an address");
            thread::spawn(move || warren_cli::redis::serve_on(listener));
            address
        }
    }
}

/// A connection that does not wait for an answer for ever.
pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    stream
}

/// Sends a request as an array.
pub fn send(stream: &mut TcpStream, words: &[&str]) {
    let mut bytes = format!("*{}\r\n", words.len());
    words.iter().for_each(|word| bytes += &format!("${}\r\n{word}\r\n", word.len()));
    stream.write_all(bytes.as_bytes()).expect("the server reads");
}
