//! The command line, read once.

use crate::redis::conf::quoted;
use std::net::SocketAddr;

/// What `warren help` prints.
pub const HELP: &str = "\
Warren's broker and store for real clients.

  warren server [--amqp ADDRESS]     AMQP 0-9-1 as RabbitMQ 3.10 speaks it (guest/guest)
                [--http ADDRESS]     RabbitMQ's management calls for that broker: http://ADDRESS/api/
                [--max-messages N]   messages in all its queues together (2000000)
                [--max-bytes N]      bytes of their bodies (1073741824)
                [--redis ADDRESS]    RESP as Redis 7.0 speaks it
                [--redis-unix PATH]  the same through a Unix socket
                [--redis-config FILE]  parameters and users as in a redis.conf; port and bind if there is no --redis
  warren redis-server [FILE] [--NAME VALUE ...]   the same, called as redis-server is (127.0.0.1:6379 unless told otherwise)

An address is IP:PORT, for example 127.0.0.1:5673. Nothing is kept when the server ends.
";

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Print this.
    Print(&'static str),
    /// Serve.
    Server(Server),
}

/// The store: where it is served, and how it is configured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redis {
    /// `--redis`
    pub address: Option<SocketAddr>,
    /// A file in the form of redis.conf; `-` for what comes in.
    pub file: Option<String>,
    /// Lines that come behind that file.
    pub lines: String,
    /// Whether it tells what it does, as redis-server.
    pub logs: bool,
}

/// What is served, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// `--amqp`
    pub amqp: Option<SocketAddr>,
    /// `--http`: only beside `--amqp`.
    pub http: Option<SocketAddr>,
    /// `--max-messages`: copies in all queues of the broker together.
    pub max_messages: Option<u64>,
    /// `--max-bytes`: of their bodies.
    pub max_bytes: Option<u64>,
    /// `--redis` and what belongs to it.
    pub redis: Option<Redis>,
}

/// The words behind `redis-server`: a file, and parameters that become lines (`main` of server.c).
fn redis_server(words: &[&str]) -> Command {
    let version = "Redis server v=7.0.15 sha=00000000:0 malloc=libc bits=64 build=0\n";
    let mut redis = Redis { logs: true, ..Redis::default() };
    let mut rest = words;
    match words.first() {
        Some(&"-v" | &"--version") => return Command::Print(version),
        Some(&"-h" | &"--help") => return Command::Print(HELP),
        Some(first) if !first.starts_with("--") => {
            redis.file = Some(first.to_string());
            rest = &words[1..];
        }
        Some(_) | None => {}
    }
    for word in rest {
        if let Some(name) = word.strip_prefix("--") {
            redis.lines += &format!("\n{name}");
        } else {
            redis.lines += &format!(" {}", quoted(word));
        }
    }
    Command::Server(Server { redis: Some(redis), ..Server::default() })
}

/// Reads the words behind the program's name. An error is a sentence for a person.
pub fn parse(words: &[String]) -> Result<Command, String> {
    let mut words = words.iter().map(String::as_str);
    match words.next() {
        None | Some("help" | "--help" | "-h") => return Ok(Command::Print(HELP)),
        Some("server") => {}
        Some("redis-server") => return Ok(redis_server(&words.collect::<Vec<_>>())),
        Some(other) => return Err(format!("there is no command '{other}'; see: warren help")),
    }
    let mut server = Server::default();
    while let Some(option) = words.next() {
        if let "--max-messages" | "--max-bytes" = option {
            let number = words.next().and_then(|word| word.parse().ok()).filter(|number| *number > 0);
            let number = number.ok_or_else(|| format!("{option} needs a number above 0"))?;
            let slot = if option == "--max-bytes" { &mut server.max_bytes } else { &mut server.max_messages };
            *slot = Some(number);
            continue;
        }
        if let "--redis-unix" | "--redis-config" = option {
            let path = words.next().ok_or_else(|| format!("{option} needs a path"))?;
            let redis = server.redis.get_or_insert_default();
            if option == "--redis-config" {
                redis.file = Some(path.to_string());
            } else {
                redis.lines += &format!("\nunixsocket {}", quoted(path));
            }
            continue;
        }
        let slot = match option {
            "--amqp" => &mut server.amqp,
            "--http" => &mut server.http,
            "--redis" => &mut server.redis.get_or_insert_default().address,
            other => return Err(format!("there is no option '{other}'; see: warren help")),
        };
        let text = words.next().ok_or_else(|| format!("{option} needs an address such as 127.0.0.1:5673"))?;
        let address = text.parse().map_err(|_| format!("'{text}' is no address such as 127.0.0.1:5673"))?;
        *slot = Some(address);
    }
    if server.amqp.is_none() && server.redis.is_none() && server.http.is_none() {
        return Err("nothing to serve: say --amqp ADDRESS or --redis ADDRESS".to_string());
    }
    if server.http.is_some() && server.amqp.is_none() {
        return Err("--http shows the broker of --amqp ADDRESS, which is missing".to_string());
    }
    if (server.max_messages.is_some() || server.max_bytes.is_some()) && server.amqp.is_none() {
        return Err("--max-messages and --max-bytes are of the broker of --amqp ADDRESS, which is missing".to_string());
    }
    Ok(Command::Server(server))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Command, String> {
        parse(&line.split_whitespace().map(str::to_string).collect::<Vec<_>>())
    }

    #[test]
    fn a_wrong_line_is_told_in_a_sentence() {
        assert_eq!(read(""), Ok(Command::Print(HELP)));
        let amqp = Some("127.0.0.1:5673".parse().expect("an address"));
        let lines = "\nport \"7000\"\nsave \"900\" \"1\"".to_string();
        let redis = Redis { file: Some("a.conf".to_string()), lines, logs: true, ..Redis::default() };
        let called = Ok(Command::Server(Server { redis: Some(redis), ..Server::default() }));
        assert_eq!(read("redis-server a.conf --port 7000 --save 900 1"), called);
        assert_eq!(read("server --amqp 127.0.0.1:5673"), Ok(Command::Server(Server { amqp, ..Server::default() })));
        for (line, part) in [
            ("serve", "no command 'serve'"),
            ("server", "nothing to serve"),
            ("server --http 127.0.0.1:15673", "which is missing"),
            ("server --amqp", "needs an address"),
            ("server --amqp 5673", "'5673' is no address"),
            ("server --amqp 127.0.0.1:5673 --max-bytes 0", "a number above 0"),
            ("server --max-messages many", "a number above 0"),
            ("server --redis 127.0.0.1:6380 --max-messages 5", "which is missing"),
            ("server --ampq 127.0.0.1:5673", "no option '--ampq'"),
        ] {
            let said = read(line).expect_err(line);
            assert!(said.contains(part), "{line}: {said}");
        }
    }
}
