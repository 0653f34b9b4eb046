//! `cargo xtask record wire`: what RabbitMQ says, byte by byte, to clients that are right and wrong.

use crate::problem::{Outcome, Problem};
use crate::process::workspace;
use crate::servers::RabbitServer;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};
use warren_wire::script::{self, Case, Step};

/// The silence that ends a step.
const SILENCE: Duration = Duration::from_millis(250);
/// How long a socket that stays open is looked at in the end: RabbitMQ closes some after three seconds.
const LOOK: Duration = Duration::from_millis(4_500);

/// Records all files anew.
pub fn record() -> Outcome {
    let folder = workspace().join("tests/transcripts/amqp_wire");
    let entries = fs::read_dir(&folder).map_err(|error| Problem::new(format!("{}: {error}", folder.display())))?;
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    let mut read = Vec::new();
    for path in files {
        let failed = |error: String| Problem::new(format!("{}: {error}", path.display()));
        let text = fs::read_to_string(&path).map_err(|error| failed(error.to_string()))?;
        let cases = script::parse(&text).map_err(failed)?;
        read.push((path, text, cases));
    }
    println!("Starting RabbitMQ ...");
    let server = RabbitServer::start()?;
    let port = server.port();
    let (mut count, mut changed) = (0, 0);
    for (path, old, cases) in read {
        let hearers: Vec<_> = cases.into_iter().map(|case| thread::spawn(move || hear(port, case))).collect();
        let mut heard = Vec::new();
        for hearer in hearers {
            let case = hearer.join().map_err(|_| Problem::new("a client of the recorder panicked"))?;
            heard.push(case.map_err(|error| Problem::new(format!("{}: {error}", path.display())))?);
        }
        count += heard.len();
        let new = script::print(&heard);
        if new != old {
            println!("{} changed", path.display());
            fs::write(&path, new).map_err(|error| Problem::new(format!("{}: {error}", path.display())))?;
            changed += 1;
        }
    }
    println!("RabbitMQ {} answered {count} conversations; {changed} files changed.", server.version()?);
    Ok(())
}

/// Carries out one case.
fn hear(port: u16, mut case: Case) -> std::io::Result<Case> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    case.heard.clear();
    let mut closed = false;
    let mut last = Instant::now();
    for step in &case.steps {
        last = Instant::now();
        match step {
            Step::Wait(ms) => thread::sleep(Duration::from_millis(*ms)),
            Step::Send { bytes, silent } => {
                // A failure is a socket that is closed already; the next read tells.
                let _ = stream.write_all(bytes);
                let mut heard = Vec::new();
                closed = read(&mut stream, SILENCE, &mut heard);
                if !silent {
                    case.heard.extend(script::show(&heard));
                }
            }
        }
        if closed {
            break;
        }
    }
    let mut heard = Vec::new();
    closed = closed || read(&mut stream, LOOK, &mut heard);
    case.heard.extend(script::show(&heard));
    case.heard.push(match (closed, last.elapsed().as_secs_f32().round() as u32) {
        (false, _) => "open".to_string(),
        (true, 0 | 1) => "closed".to_string(),
        (true, seconds) => format!("closed after {seconds} s"),
    });
    Ok(case)
}

/// Reads until there is silence for so long; whether the socket was closed.
fn read(stream: &mut TcpStream, silence: Duration, heard: &mut Vec<u8>) -> bool {
    let mut buffer = [0; 65536];
    loop {
        if stream.set_read_timeout(Some(silence)).is_err() {
            return true;
        }
        match stream.read(&mut buffer) {
            Ok(0) => return true,
            Ok(count) => heard.extend(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => return false,
            Err(_) => return true,
        }
    }
}
