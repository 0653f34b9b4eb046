//! Where clients come in: addresses of TCP, and a Unix socket.

use super::limits::keep_alive;
use super::machine::{NEXT, link};
use super::stream::Stream;
use mio::net::{TcpListener, UnixListener};
use mio::{Interest, Registry, Token};
use socket2::SockRef;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::sync::OnceLock;
use std::{fs, io, net};
use warren_sim::bytes::Bytes;
use warren_sim::redis::{Link, Store};

/// How many may wait to be accepted: Redis's `tcp-backlog`.
const BACKLOG: i32 = 511;

/// All sockets that listen.
#[derive(Debug)]
pub struct Doors {
    tcp: Vec<TcpListener>,
    unix: Option<(UnixListener, String)>,
    /// What is told when somebody comes to any of them.
    token: Token,
}

impl Doors {
    /// Opens them: sockets that listen already.
    pub fn open(registry: &Registry, token: Token, tcp: Vec<net::TcpListener>) -> io::Result<Self> {
        let mut doors = Doors { tcp: Vec::new(), unix: None, token };
        for listener in tcp {
            listener.set_nonblocking(true)?;
            // It listens already; this is only for more to be able to wait at the door.
            SockRef::from(&listener).listen(BACKLOG)?;
            doors.tcp.push(TcpListener::from_std(listener));
        }
        doors.tcp.iter_mut().try_for_each(|listener| registry.register(listener, token, Interest::READABLE))?;
        Ok(doors)
    }

    /// Listens at a path, too; what was there goes. `mode`: the file's permissions, or 0 for those that the process gives.
    pub fn open_unix(&mut self, registry: &Registry, path: &str, mode: u32) -> io::Result<()> {
        // There is nothing to remove, or binding tells why not.
        let _ = fs::remove_file(path);
        let mut listener = UnixListener::bind(path)?;
        if mode != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        }
        registry.register(&mut listener, self.token, Interest::READABLE)?;
        self.unix = Some((listener, path.to_string()));
        let _ = PATH.set(path.to_string());
        Ok(())
    }

    /// Goes on with the listeners that CONFIG SET port made, if it did.
    pub fn change(&mut self, registry: &Registry) -> io::Result<()> {
        let Some(next) = NEXT.lock().ok().and_then(|mut next| next.take()) else { return Ok(()) };
        for mut old in std::mem::replace(&mut self.tcp, next) {
            registry.deregister(&mut old)?;
        }
        self.tcp.iter_mut().try_for_each(|listener| registry.register(listener, self.token, Interest::READABLE))
    }

    /// The next client at any of them.
    pub fn accept(&self, store: &Store) -> Option<(Stream, Link)> {
        // Nobody is there, the client left before it was seen, or there are no more descriptors: those that are here stay served.
        let over_tcp = self.tcp.iter().find_map(|listener| listener.accept().ok());
        if let Some((stream, _)) = over_tcp {
            // It only matters for speed.
            let _ = stream.set_nodelay(true);
            keep_alive(&stream, store.config().tcp_keepalive);
            let link = link(&stream);
            return Some((Stream::Tcp(stream), link));
        }
        let (listener, path) = self.unix.as_ref()?;
        let (stream, _) = listener.accept().ok()?;
        let name = Bytes::from(format!("{path}:0"));
        let descriptor = stream.as_raw_fd().unsigned_abs();
        Some((Stream::Unix(stream), Link { address: name.clone(), local: name, descriptor }))
    }
}

/// Where the Unix socket is: a process has one.
static PATH: OnceLock<String> = OnceLock::new();

/// The server ends: the Unix socket's file goes.
pub fn remove_unix() {
    if let Some(path) = PATH.get() {
        // Somebody else removed it, then.
        let _ = fs::remove_file(path);
    }
}
