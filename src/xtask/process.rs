//! Starting other programs, finding them, and stopping exactly those that were started here.

use crate::problem::{Outcome, Problem};
use std::env;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// The folder of the workspace, whatever folder the command was called from.
pub fn workspace() -> PathBuf {
    // xtask lives two levels below the workspace, and cargo records that place when it compiles.
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// The folder where cargo puts what it builds: `CARGO_TARGET_DIR`, or `target` in the workspace.
pub fn target_dir() -> PathBuf {
    env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), |dir| workspace().join(dir))
}

/// The first file called `name` on PATH, or nothing.
pub fn find_on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .flat_map(|dir| [dir.join(name), dir.join(format!("{name}.exe")), dir.join(format!("{name}.cmd"))])
        .find(|file| file.is_file())
}

/// PATH with `first` before everything that is on it now.
pub fn path_with(first: &[PathBuf]) -> Outcome<std::ffi::OsString> {
    let old = env::var_os("PATH").unwrap_or_default();
    env::join_paths(first.iter().cloned().chain(env::split_paths(&old)))
        .map_err(|error| Problem::new(format!("A folder cannot be put on PATH: {error}.")))
}

/// Runs a program to its end with its output shown; anything but success is a problem.
pub fn run(command: &mut Command) -> Outcome {
    let shown = show(command);
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Problem::new(format!("`{shown}` ended with {status}."))),
        Err(error) => Err(Problem::new(format!("`{shown}` could not be started: {error}."))),
    }
}

/// Runs a program to its end and returns what it printed, whether it succeeded or not.
pub fn capture(command: &mut Command) -> Outcome<Output> {
    let shown = show(command);
    command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Problem::new(format!("`{shown}` could not be started: {error}.")))
}

/// The program and its arguments as one line, for messages.
pub fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

/// Whether this process may install packages of the operating system (user number 0).
pub fn is_root() -> bool {
    capture(Command::new("id").arg("-u")).is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// A TCP port of 127.0.0.1 that was free a moment ago.
pub fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let address = listener.and_then(|listener| listener.local_addr());
    address
        .map(|address| address.port())
        .map_err(|error| Problem::new(format!("127.0.0.1 offers no free port: {error}.")))
}

/// Waits until something accepts connections on 127.0.0.1:`port`.
pub fn wait_for_port(port: u16, limit: Duration) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    wait_until(limit, || {
        let stream = TcpStream::connect_timeout(&address, Duration::from_millis(200));
        // A connection can be given the very port it asks for, and then it is connected to itself: nobody listens there yet.
        stream.is_ok_and(|stream| stream.local_addr().is_ok_and(|own| own != address))
    })
}

/// Asks `ready` every 20 ms until it says yes (true) or `limit` is over (false).
pub fn wait_until(limit: Duration, mut ready: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    loop {
        if ready() {
            return true;
        }
        if start.elapsed() > limit {
            return false;
        }
        sleep(Duration::from_millis(20));
    }
}

/// A child process that ends with this value, by its process id.
#[derive(Debug)]
pub struct Guard(pub Child);

impl Drop for Guard {
    fn drop(&mut self) {
        // Both fail only when the process is already gone, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
