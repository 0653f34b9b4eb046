//! `cargo xtask record redis`: the store's transcripts anew from a real Redis, and long random runs beside it.
//!
//! Three things are compared: each transcript's replies (they are written into the file), what the real redis-cli prints for them, and,
//! with `--random N --seed S`, N random commands whose every reply must be the engine's.

mod docs;

use crate::problem::{Outcome, Problem};
use crate::process::capture;
use crate::random_redis;
use crate::record_console;
use crate::servers::RedisServer;
use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;
use warren_sim::bytes::Bytes;
use warren_sim::redis::transcript::{Engine, Heard, Played, Player, Rule, named, play};
use warren_sim::redis::{ClientId, Decoded, Language, Reply, commands, decode, help};

/// `record redis [--random N | --waits N | --dumps N] [--seed S] [--group G]`.
pub fn record(words: &[String]) -> Outcome {
    let (mut random, mut waits, mut dumps, mut seed, mut group) = (0_u64, 0_u64, 0_u64, 1, None);
    if words == ["--console"] {
        return record_console::record(&RedisServer::start(0)?);
    }
    for pair in words.chunks(2) {
        let number = pair.get(1).and_then(|word| word.parse().ok());
        match (pair[0].as_str(), number) {
            ("--random", Some(number)) => random = number,
            ("--waits", Some(number)) => waits = number,
            ("--dumps", Some(number)) => dumps = number,
            ("--seed", Some(number)) => seed = number,
            ("--group", Some(number)) => group = Some(number),
            _ => {
                return Err(Problem::new(
                    "This takes --random N, --waits N or --dumps N, --seed S, and --group G, all numbers.",
                ));
            }
        }
    }
    let server = RedisServer::start(0)?;
    match (random, waits, dumps) {
        (1.., _, _) => random_redis::run(server.port(), random, seed, group),
        (0, 1.., _) => random_redis::waits::run(server.port(), waits, seed),
        (0, 0, 1..) => random_redis::dumps::run(server.port(), dumps, seed),
        (0, 0, 0) => transcripts(&server),
    }
}

fn transcripts(server: &RedisServer) -> Outcome {
    let version = RedisServer::version()?;
    let (mut commands, mut changed, mut printed) = (0, 0, 0);
    for path in files()? {
        let old = fs::read_to_string(&path).map_err(|error| Problem::new(format!("{}: {error}.", path.display())))?;
        let mut both = Both::connect(server.port())?;
        let played = play(&old, &mut both).map_err(|what| Problem::new(format!("{}: {what}.", path.display())))?;
        if let Some(failure) = both.failure {
            return Err(failure);
        }
        commands += played.commands;
        if played.text != old {
            changed += 1;
            println!("{} changed:\n{}", path.display(), played.differences.join("\n"));
            fs::write(&path, &played.text).map_err(|error| Problem::new(format!("{}: {error}.", path.display())))?;
        }
        printed += compare_with_cli(server.port(), &path.display().to_string(), &played)?;
    }
    let helped = compare_help(server.port())?;
    let described = docs::compare(server.port())?;
    println!("COMMAND DOCS says the same of {described} commands and subcommands, but for the sentences.");
    println!("redis-cli's help has the same syntax, group and version for {helped} commands and subcommands.");
    println!(
        "Redis {version} answered {commands} commands; {changed} files changed; redis-cli printed {printed} replies alike."
    );
    Ok(())
}

fn files() -> Outcome<Vec<PathBuf>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/transcripts/redis"));
    let problem = |error: std::io::Error| Problem::new(format!("{}: {error}.", folder.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).map_err(problem)? {
        let path = entry.map_err(problem)?.path();
        if path.extension().is_some_and(|extension| extension == "txt") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Feeds the commands of a transcript to the real redis-cli, and compares what it prints. A transcript with directives is passed over:
/// redis-cli knows no other rule than to print.
fn compare_with_cli(port: u16, name: &str, played: &Played) -> Outcome<u32> {
    if played.text.lines().any(|line| line.starts_with('!')) {
        return Ok(0);
    }
    Wire::connect(port)?.call(&[Bytes::from("FLUSHALL")])?;
    let (mut input, mut expected, mut in_output) = (String::new(), String::new(), false);
    for line in played.text.lines() {
        match line {
            "" => in_output = false,
            "----" => in_output = true,
            line if in_output => expected += &format!("{line}\n"),
            line if line.starts_with('#') => {}
            line => input += &format!("{line}\n"),
        }
    }
    // redis-cli tells how long a reply took when that is more than half a second.
    let is_time = |line: &str| {
        line.strip_prefix('(').and_then(|rest| rest.strip_suffix("s)")).is_some_and(|n| n.parse::<f64>().is_ok())
    };
    let got: String = redis_cli(port, input)?.split_inclusive('\n').filter(|line| !is_time(line.trim_end())).collect();
    if got == expected {
        return Ok(played.commands);
    }
    let place = got.lines().zip(expected.lines()).position(|(got, expected)| got != expected);
    let at = place.unwrap_or_else(|| got.lines().count().min(expected.lines().count()));
    let line = |text: &str| text.lines().nth(at).unwrap_or("(nothing)").to_string();
    Err(Problem::new(format!("{name}: redis-cli prints {:?} where we print {:?}.", line(&got), line(&expected))))
}

/// Compares `help` of every command with redis-cli's, but for the sentences, which are our own; returns how many there are.
fn compare_help(port: u16) -> Outcome<usize> {
    for command in commands() {
        let words: Vec<&str> = command.name.split('|').collect();
        let output = capture(Command::new("redis-cli").args(["-p", &port.to_string(), "help"]).args(&words))?;
        let real = without_colours(&String::from_utf8_lossy(&output.stdout));
        let typed: Vec<Vec<u8>> = words.iter().map(|word| word.as_bytes().to_vec()).collect();
        let ours = help(&typed, Language::English);
        // redis-cli lists a container's subcommands with it, the ones that we do not have among them.
        let known = |text: &str| -> Vec<String> {
            let lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.contains("summary:"));
            lines.map(str::to_string).take(3).collect()
        };
        if known(&real) != known(&ours) {
            return Err(Problem::new(format!(
                "help {}: redis-cli prints {real:?}, we print {ours:?}.",
                words.join(" ")
            )));
        }
    }
    Ok(commands().len())
}

fn without_colours(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().to_string();
    first + &parts.map(|part| part.split_once('m').map_or(part, |(_, rest)| rest)).collect::<String>()
}

/// What the real redis-cli prints when these lines are typed.
fn redis_cli(port: u16, input: String) -> Outcome<String> {
    let failed = |error: std::io::Error| Problem::new(format!("redis-cli could not be run: {error}."));
    let mut cli = Command::new("redis-cli");
    cli.args(["-p", &port.to_string(), "--no-raw"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = cli.spawn().map_err(failed)?;
    // A thread writes, so that neither side waits for the other to read.
    let mut stdin = child.stdin.take().ok_or_else(|| Problem::new("redis-cli has no input."))?;
    let writer = thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().map_err(failed)?;
    writer.join().map_err(|_| Problem::new("redis-cli's lines could not be written."))?.map_err(failed)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A connection to the real server.
#[derive(Debug)]
pub struct Wire {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Wire {
    /// Connects to 127.0.0.1.
    pub fn connect(port: u16) -> Outcome<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).map_err(lost)?;
        stream.set_nodelay(true).map_err(lost)?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).map_err(lost)?;
        Ok(Wire { stream, read: Vec::new() })
    }

    /// Sends a command and waits for its reply.
    pub fn call(&mut self, args: &[Bytes]) -> Outcome<Reply> {
        self.send(args)?;
        self.receive()
    }

    /// Sends a command.
    pub fn send(&mut self, args: &[Bytes]) -> Outcome {
        let mut request = format!("*{}\r\n", args.len()).into_bytes();
        for arg in args {
            request.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
            request.extend_from_slice(arg);
            request.extend_from_slice(b"\r\n");
        }
        self.stream.write_all(&request).map_err(lost)
    }

    /// Waits for the next reply.
    pub fn receive(&mut self) -> Outcome<Reply> {
        let mut chunk = [0; 64 * 1024];
        loop {
            match decode(&self.read) {
                Decoded::Whole(reply, length) => {
                    self.read.drain(..length);
                    return Ok(reply);
                }
                Decoded::Partial => {
                    let count = self.stream.read(&mut chunk).map_err(lost)?;
                    if count == 0 {
                        return Err(Problem::new("Redis closed the connection."));
                    }
                    self.read.extend_from_slice(&chunk[..count]);
                }
                Decoded::Invalid => {
                    let start = String::from_utf8_lossy(&self.read[..self.read.len().min(80)]).into_owned();
                    return Err(Problem::new(format!("Redis sent what we cannot read: {start:?}.")));
                }
            }
        }
    }
}

impl Wire {
    /// Everything that has arrived, and whether the server has ended the connection. Waits only for the rest of what has begun.
    fn take_all(&mut self) -> Outcome<(Vec<Reply>, bool)> {
        let (mut replies, mut closed, mut chunk) = (Vec::new(), false, [0; 64 * 1024]);
        loop {
            self.stream.set_nonblocking(true).map_err(lost)?;
            loop {
                match self.stream.read(&mut chunk) {
                    Ok(0) => {
                        closed = true;
                        break;
                    }
                    Ok(count) => self.read.extend_from_slice(&chunk[..count]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                        closed = true;
                        break;
                    }
                    Err(error) => return Err(lost(error)),
                }
            }
            self.stream.set_nonblocking(false).map_err(lost)?;
            while let Decoded::Whole(reply, length) = decode(&self.read) {
                self.read.drain(..length);
                replies.push(reply);
            }
            if self.read.is_empty() || closed {
                return Ok((replies, closed));
            }
            replies.push(self.receive()?);
        }
    }

    /// Whether a line of MONITOR tells of this connection.
    fn is_told_of(&self, reply: &Reply) -> bool {
        let address = self.stream.local_addr().map(|address| format!(" {address}] ")).unwrap_or_default();
        matches!(reply, Reply::Status(line) if String::from_utf8_lossy(line).contains(&address))
    }
}

fn lost(error: std::io::Error) -> Problem {
    Problem::new(format!("The connection to Redis was lost: {error}."))
}

/// The real server, with the engine beside it for the replies that may differ a little.
struct Both {
    port: u16,
    wires: BTreeMap<ClientId, Wire>,
    /// The numbers that the server gave them.
    ids: BTreeMap<ClientId, i64>,
    /// A connection of our own. Redis serves all connections in one thread: once it has answered this one twice, it has read what
    /// was sent before on any other, and has written all that came of it.
    control: Wire,
    engine: Engine,
    failure: Option<Problem>,
}

impl Both {
    fn connect(port: u16) -> Outcome<Self> {
        let mut control = Wire::connect(port)?;
        control.call(&[Bytes::from("FLUSHALL")])?;
        Ok(Both {
            port,
            wires: BTreeMap::new(),
            ids: BTreeMap::new(),
            control,
            engine: Engine::default(),
            failure: None,
        })
    }

    fn ask(&mut self, client: ClientId, args: &[Bytes]) -> Outcome<Heard> {
        self.wire(client)?.send(args)?;
        let mut heard = self.hear()?;
        if args[0].eq_ignore_ascii_case(b"quit") {
            heard.closed.retain(|closed| *closed != client);
        }
        Ok(heard)
    }

    fn wire(&mut self, client: ClientId) -> Outcome<&mut Wire> {
        if !self.wires.contains_key(&client) {
            let mut wire = Wire::connect(self.port)?;
            // A subscriber could not be asked any more.
            if let Reply::Integer(id) = wire.call(&[Bytes::from("CLIENT"), Bytes::from("ID")])? {
                self.ids.insert(client, id);
            }
            self.wires.insert(client, wire);
        }
        self.wires.get_mut(&client).ok_or_else(|| Problem::new("A connection that was just made is gone."))
    }

    /// All that clients got since they were asked last.
    fn hear(&mut self) -> Outcome<Heard> {
        for _ in 0..2 {
            self.control.call(&[Bytes::from("PING")])?;
        }
        let mut heard = Heard::default();
        for (client, wire) in &mut self.wires {
            let (mut replies, closed) = wire.take_all()?;
            replies.retain(|reply| !self.control.is_told_of(reply));
            heard.replies.insert(*client, replies);
            if closed {
                heard.closed.push(*client);
            }
        }
        self.wires.retain(|client, _| !heard.closed.contains(client));
        Ok(heard)
    }

    /// The number that the server gave a client, for the argument `@2`.
    fn id_of(&mut self, client: ClientId) -> Outcome<Bytes> {
        self.wire(client)?;
        let id = self.ids.get(&client).map(|id| Bytes::from(id.to_string()));
        id.ok_or_else(|| Problem::new("A client that is to be named has no number."))
    }

    fn told(&mut self, heard: Outcome<Heard>, caller: Option<(ClientId, Rule)>) -> String {
        heard.map(|heard| heard.show(caller)).unwrap_or_else(|problem| {
            let text = format!("(no reply: {problem})\n");
            self.failure.get_or_insert(problem);
            text
        })
    }
}

impl Player for Both {
    fn command(&mut self, client: ClientId, args: &[Bytes], rule: Rule) -> String {
        let ours = self.engine.hear(client, args);
        let real = named(args).map_or_else(
            || Ok(args.to_vec()),
            |(place, other)| {
                let mut real = args.to_vec();
                real[place] = self.id_of(other)?;
                Ok(real)
            },
        );
        let mut real = real.and_then(|args| self.ask(client, &args));
        if let (Rule::Near(most), Ok(real)) = (rule, &mut real)
            && let (Some(theirs), Some(own)) = (real.replies.get_mut(&client), ours.replies.get(&client))
            && all_near(most.unsigned_abs(), theirs, own)
        {
            theirs.clone_from(own);
        }
        self.told(real, Some((client, rule)))
    }

    fn advance(&mut self, ms: u64) -> String {
        thread::sleep(Duration::from_millis(ms));
        self.engine.advance(ms);
        let heard = self.hear();
        self.told(heard, None)
    }
}

fn all_near(most: u64, real: &[Reply], ours: &[Reply]) -> bool {
    real.len() == ours.len() && real.iter().zip(ours).all(|(real, ours)| near(most, real, ours))
}

/// Whether two replies are the same but for numbers, which are as close as the rule allows.
fn near(most: u64, real: &Reply, ours: &Reply) -> bool {
    match (real, ours) {
        (Reply::Integer(real), Reply::Integer(ours)) => real.abs_diff(*ours) <= most,
        (Reply::Array(real), Reply::Array(ours)) => all_near(most, real, ours),
        (Reply::Map(real), Reply::Map(ours)) => {
            real.len() == ours.len()
                && real.iter().zip(ours).all(|(real, ours)| real.0 == ours.0 && near(most, &real.1, &ours.1))
        }
        _ => real == ours,
    }
}
