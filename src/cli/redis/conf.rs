//! A configuration as redis.conf words it: files, and words of the command line in the same form.
//!
//! What is not known here is refused by name and line. What is known and has no effect here is kept for CONFIG GET, and said.

use std::collections::HashMap;
use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::{env, fs, io};
use warren_sim::bytes::Bytes;
use warren_sim::prng::Prng;
use warren_sim::redis::console::{quote_into, split_args};
use warren_sim::redis::{ClientId, Cx, Reply, Store, find_command, find_parameter};

/// What takes all words behind its name as one value.
const MANY_WORDS: [&str; 7] = [
    "bind",
    "client-output-buffer-limit",
    "latency-tracking-info-percentiles",
    "oom-score-adj-values",
    "save",
    "shutdown-on-sigint",
    "shutdown-on-sigterm",
];
/// What Redis reads and forgets.
const FORGOTTEN: [&str; 3] = ["list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands"];
/// What asks for what there is not here, and the one value that does not.
const REFUSED: [(&str, &str, &str); 10] = [
    ("aclfile", "", "users are kept in the configuration file alone"),
    ("appendonly", "no", "nothing is kept on disk"),
    ("cluster-enabled", "no", "there are no clusters"),
    ("daemonize", "no", "the server stays in the foreground"),
    ("databases", "16", "there are 16"),
    ("replicaof", "no one", "the server never reaches a master"),
    ("slaveof", "no one", "the server never reaches a master"),
    ("supervised", "no", "the server tells no supervisor"),
    ("syslog-enabled", "no", "there is no system log"),
    ("tls-port", "0", "there is no TLS"),
];
/// Parameters that change what the server does. All others are kept and shown.
const IN_EFFECT: &str = "acl-pubsub-default acllog-max-len bind busy-reply-threshold client-output-buffer-limit client-query-buffer-limit \
    dbfilename dir enable-debug-command hash-max-listpack-entries hash-max-listpack-value hll-sparse-max-bytes hz \
    latency-monitor-threshold latency-tracking latency-tracking-info-percentiles lazyfree-lazy-expire lazyfree-lazy-user-del \
    lazyfree-lazy-user-flush lfu-decay-time lfu-log-factor list-max-listpack-size logfile maxclients maxmemory maxmemory-policy \
    maxmemory-samples min-replicas-to-write notify-keyspace-events pidfile port proto-max-bulk-len repl-diskless-sync \
    replica-read-only replica-serve-stale-data requirepass save set-max-intset-entries slowlog-log-slower-than slowlog-max-len \
    stream-node-max-bytes stream-node-max-entries tcp-keepalive timeout tracking-table-max-keys unixsocket unixsocketperm \
    zset-max-listpack-entries zset-max-listpack-value";

/// A line, and where it stands.
#[derive(Clone, Debug)]
struct Directive {
    place: String,
    words: Vec<Vec<u8>>,
}

/// What a server is to be.
#[derive(Debug, Default)]
pub struct Settings {
    /// The configuration file.
    pub file: Option<PathBuf>,
    /// Names of commands that were changed, in small letters: what each means now, if anything.
    pub renames: HashMap<Vec<u8>, Option<&'static str>>,
    parameters: Vec<Directive>,
    users: Vec<Directive>,
}

impl Settings {
    /// Reads a file (`-` for what comes in), and then more lines. An error is a sentence for a person.
    pub fn read(file: Option<&str>, more: &str) -> Result<Self, String> {
        let mut settings = Settings::default();
        match file {
            Some("-") => {
                let mut text = String::new();
                io::stdin().read_to_string(&mut text).map_err(|error| format!("standard input: {error}"))?;
                settings.take(&text, "standard input")?;
            }
            Some(path) => {
                settings.file = Some(fs::canonicalize(path).map_err(|error| format!("{path}: {error}"))?);
                settings.include(path)?;
            }
            None => {}
        }
        settings.take(more, "the command line")?;
        Ok(settings)
    }

    fn include(&mut self, path: &str) -> Result<(), String> {
        let text = fs::read(path).map_err(|error| format!("{path}: {error}"))?;
        self.take(&String::from_utf8_lossy(&text), path)
    }

    fn take(&mut self, text: &str, source: &str) -> Result<(), String> {
        for (number, line) in text.split('\n').enumerate() {
            let line = line.trim_matches([' ', '\t', '\r', '\n']);
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let place = format!("{source}, line {}: '{line}'", number + 1);
            let mut words = split_args(line.as_bytes())
                .filter(|words| !words.is_empty())
                .ok_or_else(|| format!("{place}: Unbalanced quotes in configuration line"))?;
            words[0].make_ascii_lowercase();
            self.direct(Directive { place, words })?;
        }
        Ok(())
    }

    fn direct(&mut self, line: Directive) -> Result<(), String> {
        let name = String::from_utf8_lossy(&line.words[0]).into_owned();
        let refuse = |why: &str| Err(format!("{}: {why}", line.place));
        let count = line.words.len();
        match name.as_str() {
            "include" if count == 2 => return self.include(&String::from_utf8_lossy(&line.words[1])),
            "rename-command" if count == 3 => {
                let old = line.words[1].to_ascii_lowercase();
                let Some(command) = find_command(&old) else { return refuse("No such command in rename-command") };
                let new = line.words[2].to_ascii_lowercase();
                if !new.is_empty() {
                    if find_command(&new).is_some_and(|_| self.renames.get(&new) != Some(&None)) {
                        return refuse("Target command name already exists");
                    }
                    self.renames.insert(new, Some(command.name));
                }
                // A name that was given to another command in the meantime stays that one's.
                self.renames.entry(old).or_insert(None);
            }
            "user" if count >= 2 => self.users.push(line),
            "loadmodule" => return refuse("there are no modules"),
            name if FORGOTTEN.contains(&name) => {}
            name => {
                let value = words(&line).to_ascii_lowercase();
                if let Some((.., why)) = REFUSED.iter().find(|(own, fits, _)| *own == name && value != *fits) {
                    return refuse(why);
                }
                let Some((param, _)) = find_parameter(name.as_bytes()) else {
                    return refuse("Bad directive or wrong number of arguments");
                };
                if count < 2 || count > 2 && !MANY_WORDS.contains(&name) && !name.ends_with("of") {
                    return refuse("wrong number of arguments");
                }
                if let Err(why) = param.read(words(&line).as_bytes()) {
                    return refuse(&why);
                }
                self.parameters.push(line);
            }
        }
        Ok(())
    }

    /// The value of a parameter: the last that was said.
    fn value(&self, name: &str) -> Option<String> {
        self.parameters.iter().rev().find(|line| line.words[0] == name.as_bytes()).map(words)
    }

    /// Where `port` or `bind` stands.
    pub fn says_where(&self) -> Option<&str> {
        let is = |line: &&Directive| matches!(&line.words[0][..], b"port" | b"bind");
        self.parameters.iter().find(is).map(|line| line.place.as_str())
    }

    /// Sockets on all addresses of `bind`, at `port`. Without `bind`, nobody comes from elsewhere: Redis would refuse them.
    pub fn listen(&self) -> Result<Vec<TcpListener>, String> {
        let port = self.value("port").map_or(Ok(6379), |port| port.parse::<u16>());
        let port = port.map_err(|_| "port: argument must be between 0 and 65535 inclusive".to_string())?;
        let bind = self.value("bind").filter(|bind| !bind.is_empty()).unwrap_or_else(|| "127.0.0.1 -::1".to_string());
        let mut listeners = Vec::new();
        for host in bind.split(' ').filter(|_| port > 0) {
            let (host, needed) = host.strip_prefix('-').map_or((host, true), |host| (host, false));
            let host = match host {
                "*" => "0.0.0.0",
                "::*" => "::",
                host => host,
            };
            match TcpListener::bind((host, port)) {
                Ok(listener) => listeners.push(listener),
                Err(error) if needed => return Err(format!("redis {host}:{port}: {error}")),
                Err(_) => {}
            }
        }
        Ok(listeners)
    }

    /// The path of the Unix socket, and its permissions.
    pub fn unix(&self) -> Result<Option<(String, u32)>, String> {
        let mode = self.value("unixsocketperm").map_or(Ok(0), |mode| u32::from_str_radix(&mode, 8));
        let mode = mode.map_err(|_| "unixsocketperm: argument couldn't be parsed as an octal number".to_string())?;
        Ok(self.value("unixsocket").filter(|path| !path.is_empty()).map(|path| (path, mode)))
    }

    /// The file that the log goes to; the process's number is written to that of `pidfile`.
    pub fn logfile(&self) -> Result<Option<String>, String> {
        if let Some(path) = self.value("pidfile").filter(|path| !path.is_empty()) {
            fs::write(&path, format!("{}\n", std::process::id())).map_err(|error| format!("{path}: {error}"))?;
        }
        Ok(self.value("logfile").filter(|path| !path.is_empty()))
    }

    /// Sets all parameters; returns those that have no effect here.
    pub fn apply(&self, store: &mut Store, prng: &mut Prng) -> Result<Vec<&'static str>, String> {
        let (mut idle, mut saves) = (Vec::new(), String::new());
        // Whoever is there before a password is set needs none.
        store.client_open(ClientId(0));
        for line in &self.parameters {
            let (name, mut value) = (String::from_utf8_lossy(&line.words[0]), words(line));
            let wrong = |why: String| format!("{}: {why}", line.place);
            match &*name {
                "dir" => {
                    env::set_current_dir(&value).map_err(|error| wrong(error.to_string()))?;
                    value = env::current_dir().map_or(value, |path| path.to_string_lossy().into_owned());
                }
                // Each line names more of them; an empty one forgets those before it.
                "save" if value.is_empty() => saves.clear(),
                "save" => {
                    saves = format!("{saves} {value}").trim_start().to_string();
                    value = saves.clone();
                }
                _ => {}
            }
            let name = store.configure(&line.words[0], value.as_bytes()).map_err(wrong)?;
            let is_default = find_parameter(name.as_bytes()).is_some_and(|(own, _)| own.default == value);
            if !is_default && !IN_EFFECT.split(' ').any(|own| own == name) {
                idle.push(name);
            }
        }
        let (mut out, now_ms) = (Vec::new(), super::machine::now_ms());
        let is_default = |line: &&Directive| line.words[1] == b"default";
        // What `default` may no longer do has to be done before.
        for line in self.users.iter().filter(|line| !is_default(line)).chain(self.users.iter().filter(is_default)) {
            let start: &[&str] =
                if is_default(&line) { &["ACL", "SETUSER", "default", "reset"] } else { &["ACL", "SETUSER"] };
            let rest = &line.words[if is_default(&line) { 2 } else { 1 }..];
            let args: Vec<_> = start
                .iter()
                .map(|word| Bytes::from(*word))
                .chain(rest.iter().map(|word| Bytes::from(&word[..])))
                .collect();
            let mut cx = Cx { now_ms, prng: &mut *prng, events: None, out: &mut out, meanwhile: None };
            if let Reply::Error(error) = store.call(ClientId(0), &args, &mut cx) {
                return Err(format!("{}: {}", line.place, String::from_utf8_lossy(&error.0)));
            }
        }
        store.client_close(ClientId(0));
        Ok(idle)
    }
}

/// A word as a configuration has it, in quotes: it is read back as it is.
pub fn quoted(word: &str) -> String {
    let mut out = Vec::new();
    quote_into(word.as_bytes(), &mut out);
    String::from_utf8_lossy(&out).into_owned()
}

/// What stands behind the name of a directive.
fn words(line: &Directive) -> String {
    line.words[1..].iter().map(|word| String::from_utf8_lossy(word)).collect::<Vec<_>>().join(" ")
}
