//! Scripts that run for long on real sockets: what others are told meanwhile, and who may end them.
//!
//! What is expected here is what Redis 7.0.15 does. To see that it does: start one with `--enable-debug-command yes` and run
//! `REDIS_ADDRESS=127.0.0.1:PORT cargo test -p warren-cli --test redis_busy -- --test-threads 1`.

mod redis_address;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

/// A script that runs until it is ended.
const FOREVER: &str = "while true do end";
/// A library whose functions do what their first argument says, or run until they are ended.
const LIBRARY: &str = "#!lua name=lib\n\
    redis.register_function('run', function(keys, args) return redis.call(unpack(args)) end)\n\
    redis.register_function{function_name='forever', callback=function() while true do end end, flags={'no-writes'}}\n\
    redis.register_function('guarded', function() while true do pcall(function() while true do end end) end end)";
/// Writes, and then runs for a second and a half.
const WRITER: &str = "redis.call('SET', KEYS[1], 'written') local function now() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end \
    local start = now() while now() - start < 1500 do end return 'done'";

struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(address: SocketAddr) -> Client {
        Client(BufReader::new(redis_address::connect(address)))
    }

    fn says(&mut self, words: &[&str]) {
        redis_address::send(self.0.get_mut(), words);
    }

    /// The next answer on one line: lists in brackets, texts bare.
    fn hears(&mut self) -> String {
        let mut head = String::new();
        self.0.read_line(&mut head).expect("an answer in time");
        let head = head.trim_end();
        let count = || head[1..].parse::<i64>().expect("a number");
        match head.as_bytes().first() {
            Some(b'*') => {
                let items: Vec<String> = (0..count()).map(|_| self.hears()).collect();
                format!("[{}]", items.join(", "))
            }
            Some(b'$') if count() < 0 => "nil".to_string(),
            Some(b'$') => {
                let mut bytes = vec![0; count() as usize + 2];
                self.0.read_exact(&mut bytes).expect("so many bytes");
                String::from_utf8_lossy(&bytes[..bytes.len() - 2]).into_owned()
            }
            _ => head.to_string(),
        }
    }
}

/// Clients by their names, and what they say and hear.
struct Talk {
    address: SocketAddr,
    clients: BTreeMap<&'static str, Client>,
}

impl Talk {
    /// With a server that calls a script slow after 50 ms.
    fn new() -> Talk {
        let mut talk = Talk { address: redis_address::server(), clients: BTreeMap::new() };
        for line in ["FLUSHALL", "FUNCTION FLUSH", "SCRIPT FLUSH", "CONFIG SET busy-reply-threshold 50"] {
            talk.asks("setup", line, "+OK");
        }
        talk.says("setup", &["FUNCTION", "LOAD", LIBRARY]);
        talk.hears("setup", "lib");
        talk
    }

    fn client(&mut self, name: &'static str) -> &mut Client {
        let address = self.address;
        self.clients.entry(name).or_insert_with(|| Client::connect(address))
    }

    fn says(&mut self, name: &'static str, words: &[&str]) {
        self.client(name).says(words);
    }

    /// Says what keeps the server busy, and waits until it is.
    fn keeps_busy(&mut self, name: &'static str, words: &[&str]) {
        self.says(name, words);
        thread::sleep(Duration::from_millis(200));
    }

    fn hears(&mut self, name: &'static str, expected: &str) {
        assert_eq!(self.client(name).hears(), expected, "{name}");
    }

    fn asks(&mut self, name: &'static str, line: &str, expected: &str) {
        self.says(name, &line.split(' ').collect::<Vec<_>>());
        assert_eq!(self.client(name).hears(), expected, "{name}: {line}");
    }
}

const SCRIPT_BUSY: &str = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.";
const FUNCTION_BUSY: &str = "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.";
const SPOILT: &str = "-EXECABORT Transaction discarded because of: BUSY Redis is busy running a script. You can only call SCRIPT KILL or \
    SHUTDOWN NOSAVE.";
const SCRIPT_KILLED: &str = "-ERR Script killed by user with SCRIPT KILL... script: 694a5fe1ddb97a4c6a1bf299d9537c7d3d0f84e7, on @user_script:1.";
const NOT_BUSY: &str = "-NOTBUSY No scripts in execution right now.";
const UNKILLABLE: &str = "-UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script \
    termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.";

#[test]
fn what_others_may_say_while_a_script_runs() {
    let mut talk = Talk::new();
    talk.keeps_busy("a", &["EVAL", FOREVER, "0"]);
    for line in [
        "PING",
        "GET k",
        "FUNCTION KILL",
        "FUNCTION STATS",
        "SHUTDOWN",
        "SHUTDOWN SAVE",
        "SCRIPT EXISTS x",
        "SUBSCRIBE c",
        "CLIENT ID",
        "COMMAND COUNT",
        "EVAL return(1) 0",
        "FCALL forever 0",
        "MONITOR",
    ] {
        talk.asks("b", line, SCRIPT_BUSY);
    }
    for (line, expected) in [
        ("RESET", "+RESET"),
        (
            "AUTH x",
            "-ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
        ),
        ("MULTI", "+OK"),
        ("GET k", SCRIPT_BUSY),
        ("EXEC", SPOILT),
        ("WATCH k", "+OK"),
        ("UNWATCH", "+OK"),
        ("DISCARD", "-ERR DISCARD without MULTI"),
        ("SCRIPT", "-ERR wrong number of arguments for 'script' command"),
        ("SCRIPT NOSUCH", "-ERR unknown subcommand 'NOSUCH'. Try SCRIPT HELP."),
        ("NOSUCH", "-ERR unknown command 'NOSUCH', with args beginning with:"),
        ("GET", "-ERR wrong number of arguments for 'get' command"),
        ("REPLCONF x y", "-ERR Unrecognized REPLCONF option: x"),
        ("QUIT", "+OK"),
    ] {
        talk.asks("b", line, expected);
    }
    // What a client sent behind its script is done once that has ended.
    talk.says("a", &["INCR", "n"]);
    talk.asks("c", "SCRIPT KILL", "+OK");
    talk.hears("a", SCRIPT_KILLED);
    talk.hears("a", ":1");
    talk.asks("c", "SCRIPT KILL", NOT_BUSY);
    talk.asks("c", "FUNCTION KILL", NOT_BUSY);
}

#[test]
fn functions_are_killed_as_functions() {
    let mut talk = Talk::new();
    let idle = "[running_script, nil, engines, [LUA, [libraries_count, :1, functions_count, :3]]]";
    talk.asks("b", "FUNCTION STATS", idle);
    for (function, place) in [("forever", 3), ("guarded", 4)] {
        talk.keeps_busy("a", &["FCALL", function, "0"]);
        for line in ["PING", "SCRIPT KILL", "FUNCTION LIST"] {
            talk.asks("b", line, FUNCTION_BUSY);
        }
        talk.says("b", &["FUNCTION", "STATS"]);
        let said = talk.client("b").hears();
        let begin = format!("[running_script, [name, {function}, command, [FCALL, {function}, 0], duration_ms, :");
        assert!(said.starts_with(&begin), "{said}");
        talk.asks("b", "FUNCTION KILL", "+OK");
        talk.hears(
            "a",
            &format!("-ERR Script killed by user with SCRIPT KILL... script: {function}, on @user_function:{place}."),
        );
        talk.asks("b", "FUNCTION STATS", idle);
    }
}

#[test]
fn whoever_has_written_cannot_be_killed() {
    let mut talk = Talk::new();
    talk.keeps_busy("a", &["EVAL", WRITER, "1", "k"]);
    talk.asks("b", "GET k", SCRIPT_BUSY);
    talk.asks("b", "SCRIPT KILL", UNKILLABLE);
    talk.asks("b", "FUNCTION KILL", UNKILLABLE);
    // Time goes on for it, and it ends by itself.
    talk.hears("a", "done");
    talk.asks("b", "GET k", "written");
    talk.asks("b", "SCRIPT KILL", NOT_BUSY);
}

#[test]
fn transactions_and_scripts_that_run_for_long() {
    let mut talk = Talk::new();
    for (line, expected) in [("MULTI", "+OK"), ("SET k v", "+QUEUED")] {
        talk.asks("a", line, expected);
        talk.asks("e", line, expected);
    }
    talk.says("a", &["EVAL", FOREVER, "0"]);
    talk.hears("a", "+QUEUED");
    talk.asks("a", "GET k", "+QUEUED");
    talk.keeps_busy("a", &["EXEC"]);
    talk.asks("b", "PING", SCRIPT_BUSY);
    // One that was queued before is not carried out.
    talk.asks("e", "EXEC", SPOILT);
    talk.asks("b", "SCRIPT KILL", "+OK");
    talk.hears("a", &format!("[+OK, {SCRIPT_KILLED}, v]"));
    talk.asks("e", "EXEC", "-ERR EXEC without MULTI");
}
