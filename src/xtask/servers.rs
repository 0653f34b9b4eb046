//! The real servers, for recording: Debian's Redis and RabbitMQ, on loopback only, each in a scratch folder of its own.
//!
//! Both stop when their value is dropped, by the process ids they were started with.

use crate::debian;
use crate::problem::{Outcome, Problem};
use crate::process::{Guard, capture, find_on_path, free_port, path_with, target_dir, wait_for_port, wait_until};
use std::ffi::OsString;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

/// How long a server may take to answer; RabbitMQ needs 7 to 20 seconds on two cores.
const START_LIMIT: Duration = Duration::from_secs(90);
/// How often a node that is starting is asked again whether it is up.
const BOOT_QUESTIONS: u32 = 10;
/// How long a server may take to stop cleanly before it is killed.
const STOP_LIMIT: Duration = Duration::from_secs(30);

/// A Redis server of Debian, without persistence.
#[derive(Debug)]
pub struct RedisServer {
    process: Guard,
    port: u16,
    _scratch: Scratch,
}

impl RedisServer {
    /// Starts `redis-server` on 127.0.0.1:`port` (0 picks a free one), installing it first where that is possible.
    pub fn start(port: u16) -> Outcome<Self> {
        RedisServer::start_with(port, &[])
    }

    /// The same with more on its command line.
    pub fn start_with(port: u16, more: &[&str]) -> Outcome<Self> {
        if find_on_path("redis-server").is_none() {
            debian::install(&["redis-server"], "Redis (redis-server)")?;
        }
        let port = if port == 0 { free_port()? } else { port };
        let scratch = Scratch::new(&format!("redis-{port}"))?;
        let log = scratch.file("log")?;
        let child = Command::new("redis-server")
            // SORT ALPHA goes by the locale: the one in which bytes are compared.
            .env("LC_ALL", "C")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--enable-debug-command",
                "yes",
            ])
            .args(more)
            .current_dir(&scratch.0)
            .stdin(Stdio::null())
            .stdout(log)
            .spawn()
            .map_err(|error| Problem::new(format!("redis-server could not be started: {error}.")))?;
        let mut server = RedisServer { process: Guard(child), port, _scratch: scratch };
        let mut ended = false;
        let answered = wait_until(START_LIMIT, || {
            ended = matches!(server.process.0.try_wait(), Ok(Some(_)));
            ended || wait_for_port(port, Duration::ZERO)
        });
        if ended || !answered {
            let log = fs::read_to_string(server._scratch.0.join("log")).unwrap_or_default();
            return Err(Problem::new(format!("redis-server did not come up on port {port}. It said:\n{log}")));
        }
        Ok(server)
    }

    /// The port it listens on, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The number of its process.
    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// `redis_version` as the server program tells it, for the head of a recording.
    pub fn version() -> Outcome<String> {
        let output = capture(Command::new("redis-server").arg("--version"))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let word = text.split_whitespace().find_map(|word| word.strip_prefix("v="));
        word.map(str::to_string).ok_or_else(|| Problem::new(format!("redis-server does not tell its version: {text}")))
    }
}

/// A RabbitMQ node of Debian with the vhost `/` and the user guest/guest, without plugins.
#[derive(Debug)]
pub struct RabbitServer {
    port: u16,
    /// The port of the management plugin, where it was asked for.
    management: Option<u16>,
    environment: Vec<(&'static str, OsString)>,
    /// Erlang's port mapper, one of our own: the one that a node starts by itself would stay behind.
    _epmd: Guard,
    scratch: Scratch,
}

impl RabbitServer {
    /// Starts a fresh, empty broker on a free port, installing it first where that is possible.
    pub fn start() -> Outcome<Self> {
        RabbitServer::start_as(false)
    }

    /// The same with the management plugin, without its figures: what an operator does takes milliseconds through it, and seconds
    /// through `rabbitmqctl`.
    pub fn start_with_management() -> Outcome<Self> {
        RabbitServer::start_as(true)
    }

    fn start_as(is_managed: bool) -> Outcome<Self> {
        if find_scripts().is_none() {
            debian::install(&["rabbitmq-server"], "RabbitMQ (rabbitmq-server)")?;
        }
        let scripts = find_scripts().ok_or_else(|| {
            Problem::new("RabbitMQ is installed, but its scripts are not below /usr/lib/rabbitmq.")
                .remedy("apt-get install --reinstall rabbitmq-server")
        })?;
        let port = free_port()?;
        let epmd_port = free_port()?;
        let scratch = Scratch::new(&format!("rabbit-{port}"))?;
        let epmd = Command::new("epmd")
            .args(["-address", "127.0.0.1", "-port", &epmd_port.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| Problem::new(format!("Erlang's epmd could not be started: {error}.")))?;
        let management = is_managed.then(free_port).transpose()?;
        scratch.write("rabbitmq.conf", &configuration(management))?;
        if is_managed {
            scratch.write("enabled_plugins", "[rabbitmq_management].\n")?;
        }
        let environment = environment(&scripts, &scratch.0, port, epmd_port, free_port()?)?;
        let server = RabbitServer { port, management, environment, _epmd: Guard(epmd), scratch };
        if !wait_for_port(epmd_port, START_LIMIT) {
            return Err(Problem::new(format!("Erlang's epmd does not answer on port {epmd_port}.")));
        }
        server.boot()?;
        Ok(server)
    }

    /// The AMQP port, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Asks the management plugin; an answer that is no success is a problem.
    pub fn manage(&self, method: &str, path: &str, body: &str) -> Outcome {
        let port = self.management.ok_or_else(|| Problem::new("This RabbitMQ runs without its management plugin."))?;
        let answer = ask_http(port, method, path, body);
        let answer = answer.map_err(|error| Problem::new(format!("{method} {path} on port {port}: {error}.")))?;
        match answer.split(' ').nth(1) {
            Some(code) if code.starts_with('2') => Ok(()),
            _ => Err(Problem::new(format!("{method} {path} failed. RabbitMQ said:\n{answer}"))),
        }
    }

    /// The version of the broker (`3.10.8`), for the head of a recording.
    pub fn version(&self) -> Outcome<String> {
        let output = self.ctl(&["version"])?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_string())
    }

    /// Stops the broker in its node (`stop`), or starts it (`start`): as `rabbitmqctl` does it, but without an Erlang of its own
    /// for each word, which takes seconds.
    pub fn app(&self, word: &str) -> Outcome {
        let cookie = fs::read_to_string(self.scratch.0.join("home/.erlang.cookie"));
        let (Some(_), Ok(cookie)) = (find_on_path("erl_call"), cookie) else {
            return self.ctl(&[&format!("{word}_app")]).map(drop);
        };
        let node = format!("probe{}@localhost", self.port);
        let call = format!("rabbit {word} []");
        let output = capture(self.script("erl_call").args(["-c", cookie.trim(), "-n", &node, "-a", &call]))?;
        let answer = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() && answer.trim() == "ok" {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Problem::new(format!("erl_call {call} failed. It said:\n{answer}{said}")))
    }

    /// Stops the broker cleanly and starts it again in the same Erlang node: the quickest restart there is.
    pub fn restart_app(&self) -> Outcome {
        self.ctl(&["stop_app"])?;
        self.start_app()
    }

    /// An empty broker: every queue, exchange, binding and message is gone, the predeclared ones are back.
    pub fn reset(&self) -> Outcome {
        self.ctl(&["stop_app"])?;
        self.ctl(&["reset"])?;
        self.start_app()
    }

    /// Kills the node as a power cut would, and starts it again on the data it left.
    pub fn kill9_and_start(&self) -> Outcome {
        let pid = self.pid().ok_or_else(|| Problem::new("RabbitMQ left no process id to kill."))?;
        signal("-KILL", &pid);
        if !wait_until(STOP_LIMIT, || !alive(&pid)) {
            return Err(Problem::new(format!("RabbitMQ (process {pid}) did not die.")));
        }
        self.boot()
    }

    /// Runs `rabbitmqctl` with these words and returns its output; a refusal is a problem.
    pub fn ctl(&self, words: &[&str]) -> Outcome<Output> {
        let output = capture(self.script("rabbitmqctl").args(words))?;
        if output.status.success() {
            return Ok(output);
        }
        let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        Err(Problem::new(format!("rabbitmqctl {} failed. It said:\n{said}", words.join(" "))))
    }

    fn start_app(&self) -> Outcome {
        self.ctl(&["start_app"])?;
        if wait_for_port(self.port, START_LIMIT) {
            return Ok(());
        }
        Err(Problem::new(format!("RabbitMQ does not listen on port {} again.", self.port)))
    }

    /// Starts the node and waits until it accepts clients.
    fn boot(&self) -> Outcome {
        let _ = fs::remove_file(self.scratch.0.join("pid"));
        let log = self.scratch.file("start.log")?;
        let status = self.script("rabbitmq-server").arg("-detached").stdin(Stdio::null()).stderr(log).status();
        let status = status.map_err(|error| Problem::new(format!("rabbitmq-server could not be started: {error}.")))?;
        // The port first: `await_startup` fails while the node is not yet known to epmd.
        if status.success() && wait_for_port(self.port, START_LIMIT) {
            // On a busy machine the node may not answer at first.
            let mut answer = self.ctl(&["await_startup"]);
            for _ in 0..BOOT_QUESTIONS {
                if answer.is_ok() {
                    break;
                }
                thread::sleep(Duration::from_secs(2));
                answer = self.ctl(&["await_startup"]);
            }
            return answer.map(drop);
        }
        let log = fs::read_to_string(self.scratch.0.join("start.log")).unwrap_or_default();
        Err(Problem::new(format!("RabbitMQ did not come up on port {} ({status}). {log}", self.port)))
    }

    /// A script of the package with the environment of this node.
    fn script(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.current_dir(&self.scratch.0).envs(self.environment.iter().map(|(key, value)| (*key, value)));
        command
    }

    fn pid(&self) -> Option<String> {
        let text = fs::read_to_string(self.scratch.0.join("pid")).ok()?;
        let pid = text.trim();
        (!pid.is_empty() && pid.bytes().all(|byte| byte.is_ascii_digit())).then(|| pid.to_string())
    }
}

impl Drop for RabbitServer {
    fn drop(&mut self) {
        let Some(pid) = self.pid() else { return };
        signal("-TERM", &pid);
        if !wait_until(STOP_LIMIT, || !alive(&pid)) {
            signal("-KILL", &pid);
        }
    }
}

/// The folder of RabbitMQ's own scripts. Debian's wrappers in /usr/sbin insist on another user; these do not.
fn find_scripts() -> Option<PathBuf> {
    let folders = fs::read_dir("/usr/lib/rabbitmq/lib").ok()?;
    let mut found: Vec<PathBuf> = folders.flatten().map(|folder| folder.path().join("sbin")).collect();
    found.retain(|folder| folder.join("rabbitmq-server").is_file());
    found.sort();
    found.pop()
}

/// Settings that no client sees: patience with clients on a busy machine, and where management listens.
fn configuration(management: Option<u16>) -> String {
    let mut text = String::from("handshake_timeout = 60000\n");
    if let Some(port) = management {
        text += &format!(
            "management.tcp.ip = 127.0.0.1\nmanagement.tcp.port = {port}\nmanagement_agent.disable_metrics_collector = true\n"
        );
    }
    text
}

/// The whole answer to one request as guest.
fn ask_http(port: u16, method: &str, path: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(START_LIMIT))?;
    // The word is `guest:guest` in base64.
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic Z3Vlc3Q6Z3Vlc3Q=\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn environment(
    scripts: &Path,
    scratch: &Path,
    port: u16,
    epmd_port: u16,
    dist_port: u16,
) -> Outcome<Vec<(&'static str, OsString)>> {
    let path = path_with(&[scripts.to_path_buf()])?;
    let text = |value: &str| OsString::from(value);
    let file = |name: &str| scratch.join(name).into_os_string();
    Ok(vec![
        ("PATH", path),
        ("HOME", file("home")),
        ("LANG", text("C.UTF-8")),
        ("RABBITMQ_MNESIA_BASE", file("mnesia")),
        ("RABBITMQ_LOG_BASE", file("logs")),
        ("RABBITMQ_PID_FILE", file("pid")),
        ("RABBITMQ_CONFIG_FILE", file("rabbitmq")),
        ("RABBITMQ_ENABLED_PLUGINS_FILE", file("enabled_plugins")),
        ("RABBITMQ_CONF_ENV_FILE", file("rabbitmq-env.conf")),
        ("RABBITMQ_NODENAME", text(&format!("probe{port}@localhost"))),
        ("RABBITMQ_NODE_IP_ADDRESS", text("127.0.0.1")),
        ("RABBITMQ_NODE_PORT", text(&port.to_string())),
        ("RABBITMQ_DIST_PORT", text(&dist_port.to_string())),
        (
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS",
            text("-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none"),
        ),
        ("ERL_EPMD_ADDRESS", text("127.0.0.1")),
        ("ERL_EPMD_PORT", text(&epmd_port.to_string())),
    ])
}

fn signal(name: &str, pid: &str) {
    // It fails only when the process is gone, and the callers look at that themselves.
    let _ = capture(Command::new("kill").args([name, pid]));
}

fn alive(pid: &str) -> bool {
    // A zombie still has its folder in /proc but no memory map to read.
    fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|words| !words.is_empty())
}

/// A folder below `target/` that is gone when its value is dropped.
#[derive(Debug)]
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Outcome<Self> {
        let folder = target_dir().join("scratch").join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("home"))
            .map_err(|error| Problem::new(format!("{} cannot be made: {error}.", folder.display())))?;
        Ok(Scratch(folder))
    }

    fn write(&self, name: &str, text: &str) -> Outcome {
        let path = self.0.join(name);
        fs::write(&path, text).map_err(|error| Problem::new(format!("{} cannot be written: {error}.", path.display())))
    }

    fn file(&self, name: &str) -> Outcome<fs::File> {
        let path = self.0.join(name);
        fs::File::create(&path).map_err(|error| Problem::new(format!("{} cannot be written: {error}.", path.display())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[ignore = "starts real servers; run by hand with --ignored"]
    fn both_servers_start_restart_and_stop() {
        let redis = RedisServer::start(0).expect("redis");
        assert_eq!(RedisServer::version().expect("version"), "7.0.15");
        let rabbit = RabbitServer::start().expect("rabbit");
        assert_eq!(rabbit.version().expect("version"), "3.10.8");
        rabbit.restart_app().expect("restart");
        rabbit.reset().expect("reset");
        rabbit.kill9_and_start().expect("kill");
        let (pid, ports) = (rabbit.pid().expect("pid"), [redis.port(), rabbit.port()]);
        drop((redis, rabbit));
        assert!(!alive(&pid));
        assert!(ports.iter().all(|port| !wait_for_port(*port, Duration::ZERO)));
    }
}
