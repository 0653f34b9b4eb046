//! `cargo xtask test clients`: programs of real client libraries against `warren server`, each skipped by name where its library
//! is not there and cannot be had.

use crate::problem::{Outcome, Problem};
use crate::process::{Guard, capture, find_on_path, free_port, target_dir, wait_for_port, workspace};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// Where Debian's package of the Go client puts it.
const GO_PATH: &str = "/usr/share/gocode";

/// Prepares a client's program, given the folder of the programs; none where its library cannot be had.
type Client = fn(&Path) -> Option<Command>;

/// Runs every client; a failure names it and shows what it said.
pub fn test() -> Outcome {
    let server = Server::start()?;
    let clients: [(&str, Client); 3] = [("pika (Python)", pika), ("amqp091-go (Go)", go), ("amqplib (Node)", amqplib)];
    let (mut passed, mut failed, mut skipped) = (0, Vec::new(), 0);
    for (name, command) in clients {
        let Some(mut command) = command(&workspace().join("tests/clients")) else {
            println!("client {name}: skipped, the library is not there and cannot be had");
            skipped += 1;
            continue;
        };
        let output = capture(command.arg(server.port.to_string()))?;
        if output.status.success() && String::from_utf8_lossy(&output.stdout).trim() == "ok" {
            println!("client {name}: ok");
            passed += 1;
        } else {
            println!("client {name}: FAILED\n{}", String::from_utf8_lossy(&output.stderr));
            failed.push(name);
        }
    }
    println!("clients: {passed} passed, {} failed, {skipped} skipped", failed.len());
    if failed.is_empty() { Ok(()) } else { Err(Problem::new(format!("{} failed.", failed.join(", ")))) }
}

/// `warren server`, until the value is dropped.
struct Server {
    port: u16,
    _process: Guard,
}

impl Server {
    fn start() -> Outcome<Self> {
        let build =
            capture(Command::new("cargo").args(["build", "--quiet", "-p", "warren-cli"]).current_dir(workspace()))?;
        if !build.status.success() {
            return Err(Problem::new(String::from_utf8_lossy(&build.stderr).into_owned()));
        }
        let port = free_port()?;
        let child = Command::new(target_dir().join("debug/warren"))
            .args(["server", "--amqp", &format!("127.0.0.1:{port}")])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| Problem::new(format!("warren could not be started: {error}.")))?;
        let server = Server { port, _process: Guard(child) };
        if wait_for_port(port, Duration::from_secs(10)) {
            return Ok(server);
        }
        Err(Problem::new(format!("warren server does not listen on port {port}.")))
    }
}

/// Whether a command ends well.
fn succeeds(command: &mut Command) -> bool {
    capture(command).is_ok_and(|output| output.status.success())
}

fn tools(name: &str) -> PathBuf {
    target_dir().join("tools").join(name)
}

fn pika(folder: &Path) -> Option<Command> {
    find_on_path("python3")?;
    let home = tools("python");
    let python = || {
        let mut command = Command::new("python3");
        command.env("PYTHONPATH", &home);
        command
    };
    if !succeeds(python().args(["-c", "import pika"])) {
        let words = ["-m", "pip", "install", "--quiet", "--timeout", "10", "--retries", "1", "pika", "--target"];
        if !succeeds(python().args(words).arg(&home)) {
            return None;
        }
    }
    let mut command = python();
    command.arg(folder.join("client.py"));
    Some(command)
}

fn go(folder: &Path) -> Option<Command> {
    find_on_path("go")?;
    if !Path::new(GO_PATH).join("src/github.com/rabbitmq/amqp091-go").is_dir() {
        return None;
    }
    let mut command = Command::new("go");
    command.env("GO111MODULE", "off").env("GOPATH", GO_PATH).arg("run").arg(folder.join("client.go"));
    Some(command)
}

fn amqplib(folder: &Path) -> Option<Command> {
    find_on_path("node")?;
    let home = tools("node-clients");
    let modules = home.join("node_modules");
    if !modules.join("amqplib").is_dir() {
        find_on_path("npm")?;
        let words =
            ["install", "--silent", "--no-audit", "--no-fund", "--fetch-retries=1", "--fetch-timeout=15000", "amqplib"];
        if !succeeds(Command::new("npm").args(words).arg("--prefix").arg(&home)) {
            return None;
        }
    }
    let mut command = Command::new("node");
    command.env("NODE_PATH", &modules).arg(folder.join("client.js"));
    Some(command)
}
