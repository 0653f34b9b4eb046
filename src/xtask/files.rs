//! A small static file server on 127.0.0.1, for `cargo xtask serve` and for the tests in a real browser.

use crate::problem::{Outcome, Problem};
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::thread;
use std::time::Duration;

/// What a request's head may take; a longer one is refused.
const HEAD_LIMIT_BYTES: u64 = 16 * 1024;
/// How long one read or write may take before the connection is dropped.
const PATIENCE: Duration = Duration::from_secs(10);

/// Files by the ending of their name.
const TYPES: [(&str, &str); 10] = [
    ("html", "text/html; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("css", "text/css; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("svg", "image/svg+xml"),
    ("png", "image/png"),
    ("json", "application/json"),
    ("webmanifest", "application/manifest+json"),
    ("md", "text/markdown; charset=utf-8"),
    ("woff2", "font/woff2"),
];

/// A folder offered below a path of 127.0.0.1.
#[derive(Debug)]
pub struct FileServer {
    listener: TcpListener,
    folder: PathBuf,
    /// Begins and ends with a slash.
    prefix: String,
}

impl FileServer {
    /// Takes the port (0: any free one) and answers nothing yet. `prefix` is the path of the folder, `/` or `/some/path/`.
    pub fn bind(port: u16, folder: &Path, prefix: &str) -> Outcome<Self> {
        assert!(prefix.starts_with('/') && prefix.ends_with('/'), "a prefix begins and ends with a slash");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| match error.kind() {
            ErrorKind::AddrInUse => Problem::new(format!("Port {port} of 127.0.0.1 is taken by another program."))
                .remedy(format!(
                    "take another one: cargo xtask serve --port {}",
                    if port == u16::MAX { 8080 } else { port + 1 }
                )),
            ErrorKind::PermissionDenied => Problem::new(format!("Port {port} needs rights that you do not have."))
                .remedy("take one above 1023: cargo xtask serve --port 8080"),
            _ => Problem::new(format!("Port {port} of 127.0.0.1 cannot be used: {error}.")),
        })?;
        Ok(FileServer { listener, folder: folder.to_path_buf(), prefix: prefix.to_string() })
    }

    /// Where the folder's index.html is found.
    pub fn address(&self) -> String {
        let port = self.listener.local_addr().map_or(0, |address| address.port());
        format!("http://127.0.0.1:{port}{}", self.prefix)
    }

    /// Answers until the process ends, one thread for each connection.
    pub fn answer(&self) {
        for stream in self.listener.incoming().flatten() {
            let (folder, prefix) = (self.folder.clone(), self.prefix.clone());
            // A visitor who leaves early is no problem of ours.
            thread::spawn(move || drop(answer_one(stream, &folder, &prefix)));
        }
    }
}

fn answer_one(stream: TcpStream, folder: &Path, prefix: &str) -> std::io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut head = BufReader::new((&stream).take(HEAD_LIMIT_BYTES));
    let mut first = String::new();
    head.read_line(&mut first)?;
    let mut line = String::new();
    // The rest of the head is read to its end: closing with unread bytes would reset the connection.
    while head.read_line(&mut line)? > 2 {
        line.clear();
    }
    let mut words = first.split_whitespace();
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, kind, body) = respond(method, target, folder, prefix);
    let mut out = &stream;
    write!(
        out,
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nCache-Control: no-cache\r\n\
         X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    if method == "HEAD" { Ok(()) } else { out.write_all(&body) }
}

fn respond(method: &str, target: &str, folder: &Path, prefix: &str) -> (&'static str, &'static str, Vec<u8>) {
    let plain = "text/plain; charset=utf-8";
    if method != "GET" && method != "HEAD" {
        return ("405 Method Not Allowed", plain, b"Only GET and HEAD.\n".to_vec());
    }
    let file = locate(target, prefix).map(|relative| folder.join(relative));
    let Some((file, body)) = file.and_then(|file| fs::read(&file).ok().map(|body| (file, body))) else {
        return ("404 Not Found", plain, b"There is no such file.\n".to_vec());
    };
    let ending = file.extension().unwrap_or_default().to_string_lossy().into_owned();
    let kind = TYPES.iter().find(|(name, _)| *name == ending).map_or("application/octet-stream", |(_, kind)| kind);
    ("200 OK", kind, body)
}

/// The file that a request's target means, relative to the folder; nothing for a path that would leave the folder.
fn locate(target: &str, prefix: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?.strip_prefix(prefix)?;
    let path = if path.is_empty() || path.ends_with('/') { format!("{path}index.html") } else { path.to_string() };
    let path = PathBuf::from(path);
    path.components().all(|part| matches!(part, Component::Normal(_))).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_inside_the_folder() {
        let file = |target| locate(target, "/a/").map(|path| path.to_string_lossy().into_owned());
        assert_eq!(file("/a/").as_deref(), Some("index.html"));
        assert_eq!(file("/a/?lesson=1").as_deref(), Some("index.html"));
        assert_eq!(file("/a/x/page.wasm").as_deref(), Some("x/page.wasm"));
        assert_eq!(file("/b/page.js"), None);
        assert_eq!(file("/a/../Cargo.toml"), None);
        assert_eq!(file("/a//etc/passwd"), None);
    }

    #[test]
    fn a_taken_port_is_told_with_its_remedy() {
        let first = FileServer::bind(0, Path::new("."), "/").expect("a free port");
        let port = first.listener.local_addr().expect("it is bound").port();
        let problem = FileServer::bind(port, Path::new("."), "/").expect_err("the port is taken");
        assert!(problem.what.contains(&format!("Port {port} ")), "{problem}");
        assert!(problem.remedy.contains("cargo xtask serve --port "), "{problem}");
    }

    #[test]
    fn answers_with_types_and_refusals() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let (status, kind, body) = respond("GET", "/files.rs", folder, "/");
        assert_eq!((status, kind), ("200 OK", "application/octet-stream"));
        assert!(!body.is_empty());
        assert_eq!(respond("GET", "/none.html", folder, "/").0, "404 Not Found");
        assert_eq!(respond("POST", "/files.rs", folder, "/").0, "405 Method Not Allowed");
    }
}
