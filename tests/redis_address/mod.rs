//! Which server the tests of the store on real sockets ask.

use std::net::{SocketAddr, TcpListener};
use std::thread;

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
