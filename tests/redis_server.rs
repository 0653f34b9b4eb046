//! The store on real sockets: clients that are rude, silent, greedy or gone.
//!
//! What is expected here is what Redis 7.0.15 does. To see that it does: start one with `--enable-debug-command yes` and run
//! `REDIS_ADDRESS=127.0.0.1:PORT cargo test -p warren-cli --test redis_server -- --test-threads 1`.

mod redis_address;

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What tests change, and what it is set back to before each of them.
const DEFAULTS: [(&str, &str); 6] = [
    ("maxclients", "10000"),
    ("timeout", "0"),
    ("proto-max-bulk-len", "536870912"),
    ("client-query-buffer-limit", "1073741824"),
    ("client-output-buffer-limit", "normal 0 0 0 pubsub 33554432 8388608 60"),
    ("requirepass", ""),
];

/// A server as it is before anything was set.
fn server() -> SocketAddr {
    let address = redis_address::server();
    let mut client = Client::connect(address);
    client.asks(&["FLUSHALL"], "+OK\r\n");
    for (name, value) in DEFAULTS {
        client.asks(&["CONFIG", "SET", name, value], "+OK\r\n");
    }
    address
}

struct Client(TcpStream);

impl Client {
    fn connect(address: SocketAddr) -> Client {
        Client(redis_address::connect(address))
    }

    fn sends(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the server reads");
    }

    /// Sends a request as an array.
    fn says(&mut self, args: &[&str]) {
        redis_address::send(&mut self.0, args);
    }

    fn hears(&mut self, expected: &str) {
        let mut bytes = vec![0; expected.len()];
        self.0.read_exact(&mut bytes).expect("an answer in time");
        assert_eq!(String::from_utf8_lossy(&bytes), expected);
    }

    fn asks(&mut self, args: &[&str], expected: &str) {
        self.says(args);
        self.hears(expected);
    }

    /// The line that comes next.
    fn line(&mut self) -> String {
        let (mut line, mut byte) = (Vec::new(), [0]);
        while !line.ends_with(b"\r\n") {
            self.0.read_exact(&mut byte).expect("an answer in time");
            line.push(byte[0]);
        }
        String::from_utf8_lossy(&line).trim_end().to_string()
    }

    /// All that is sent until the server ends the connection.
    fn last_words(&mut self) -> Vec<u8> {
        let (mut bytes, mut buffer) = (Vec::new(), [0; 65536]);
        loop {
            match self.0.read(&mut buffer) {
                Ok(0) => return bytes,
                Ok(count) => bytes.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return bytes,
                Err(error) => panic!("the server keeps the connection: {error}"),
            }
        }
    }

    fn id(&mut self) -> String {
        self.says(&["CLIENT", "ID"]);
        self.line()[1..].to_string()
    }
}

/// Sends these bytes from a new connection, and gives all that is answered until it ends.
fn refused(address: SocketAddr, bytes: &[u8]) -> String {
    let mut client = Client::connect(address);
    // The server may end the connection before all has arrived.
    let _ = client.0.write_all(bytes);
    String::from_utf8_lossy(&client.last_words()).into_owned()
}

#[test]
fn protocol_errors() {
    let address = server();
    let long = vec![b'x'; 70_000];
    let with = |head: &[u8]| [head, &long].concat();
    for (bytes, said) in [
        (b"*3000000000\r\n".to_vec(), "invalid multibulk length"),
        (b"*x\r\n".to_vec(), "invalid multibulk length"),
        (b"*1\r\nfoo\r\n".to_vec(), "expected '$', got 'f'"),
        (b"*2\r\n$3\r\nGET\r\n:1\r\n".to_vec(), "expected '$', got ':'"),
        (b"*1\r\n$-10\r\n".to_vec(), "invalid bulk length"),
        (b"*1\r\n$2000000000\r\n".to_vec(), "invalid bulk length"),
        (b"*1\r\n$blabla\r\n".to_vec(), "invalid bulk length"),
        (b"SET a \"b\r\n".to_vec(), "unbalanced quotes in request"),
        (b"set \"\"\"test\"\"\" test\r\n".to_vec(), "unbalanced quotes in request"),
        (with(b""), "too big inline request"),
        (with(b"*"), "too big mbulk count string"),
        (with(b"*1\r\n$"), "too big bulk count string"),
    ] {
        let expected = format!("-ERR Protocol error: {said}\r\n");
        assert_eq!(refused(address, &bytes), expected, "{:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(40)]));
    }
    // What came before is answered; what comes after is not.
    assert_eq!(
        refused(address, b"PING\r\n*x\r\nPING\r\n"),
        "+PONG\r\n-ERR Protocol error: invalid multibulk length\r\n"
    );
    // Somebody makes a browser talk to the server.
    assert_eq!(refused(address, b"POST / HTTP/1.1\r\nHost: a\r\n\r\n"), "");
    assert_eq!(refused(address, b"Host: a\r\n\r\n"), "");
}

#[test]
fn inline_requests_and_requests_of_nothing() {
    let mut client = Client::connect(server());
    client.sends(b"\r\n\r\n*0\r\n*-1\r\nSET k \"a\\x41 \\n\"\r\nGET k\n  strlen   'k'  \r\n");
    client.hears("+OK\r\n$4\r\naA \n\r\n:4\r\n");
    for byte in b"*3\r\n$6\r\nAPPEND\r\n$1\r\nk\r\n$2\r\n\r\n\r\n" {
        client.sends(&[*byte]);
        thread::sleep(Duration::from_millis(1));
    }
    client.hears(":6\r\n");
}

#[test]
fn arguments_have_a_longest_length() {
    let address = server();
    let mut client = Client::connect(address);
    client.asks(&["CONFIG", "SET", "proto-max-bulk-len", "1mb"], "+OK\r\n");
    client.asks(&["SET", "k", &"x".repeat(1 << 20)], "+OK\r\n");
    assert_eq!(refused(address, b"*1\r\n$1048577\r\n"), "-ERR Protocol error: invalid bulk length\r\n");
    client.asks(&["CONFIG", "SET", "proto-max-bulk-len", "536870912"], "+OK\r\n");
}

#[test]
fn strangers_may_say_little() {
    let address = server();
    let mut client = Client::connect(address);
    client.asks(&["CONFIG", "SET", "requirepass", "secret"], "+OK\r\n");
    for (bytes, said) in
        [(&b"*11\r\n"[..], "unauthenticated multibulk length"), (b"*1\r\n$16385\r\n", "unauthenticated bulk length")]
    {
        assert_eq!(refused(address, bytes), format!("-ERR Protocol error: {said}\r\n"));
    }
    let mut stranger = Client::connect(address);
    stranger.asks(&["GET", "k"], "-NOAUTH Authentication required.\r\n");
    stranger.asks(&["AUTH", "secret"], "+OK\r\n");
    stranger.asks(&["DEL", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10"], ":0\r\n");
    // Nor may they leave much unread: the kernel takes some megabytes, the server nothing more.
    let mut deaf = Client::connect(address);
    let refused = b"GET k\r\n".repeat(10_000);
    let taken = (0..5_000).take_while(|_| deaf.0.write_all(&refused).is_ok()).count();
    assert!(taken < 5_000, "the connection is ended");
    client.asks(&["CONFIG", "SET", "requirepass", ""], "+OK\r\n");
}

#[test]
fn too_many_clients() {
    let address = server();
    let mut client = Client::connect(address);
    client.asks(&["PING"], "+PONG\r\n");
    // The one that set the defaults leaves within a moment.
    thread::sleep(Duration::from_millis(200));
    client.asks(&["CONFIG", "SET", "maxclients", "2"], "+OK\r\n");
    let mut second = Client::connect(address);
    second.asks(&["PING"], "+PONG\r\n");
    assert_eq!(refused(address, b""), "-ERR max number of clients reached\r\n");
    client.says(&["INFO", "stats"]);
    while !client.line().starts_with("rejected_connections:") {}
    drop(second);
    thread::sleep(Duration::from_millis(200));
    Client::connect(address).asks(&["CONFIG", "SET", "maxclients", "10000"], "+OK\r\n");
}

/// Nothing is written, but whoever waits for LASTSAVE to move, as scripts for backups do, is served.
#[test]
fn saving_is_told() {
    let mut client = Client::connect(server());
    let number =
        |line: String| -> i64 { line.trim_start_matches(|c: char| !c.is_ascii_digit()).parse().expect("a number") };
    let told = |client: &mut Client| {
        client.says(&["LASTSAVE"]);
        let at = number(client.line());
        client.says(&["INFO", "persistence"]);
        let mut lines = std::iter::repeat_with(|| client.line());
        let changes = lines.find(|line| line.starts_with("rdb_changes_since_last_save:")).map(number);
        let last = lines.find(|line| line.starts_with("rdb_last_save_time:")).map(number);
        let saves = lines.find(|line| line.starts_with("rdb_saves:")).map(number);
        while client.line() != "module_fork_last_cow_size:0" {}
        client.line();
        assert_eq!(last, Some(at));
        (at, changes, saves.expect("how often"))
    };
    client.asks(&["SAVE"], "+OK\r\n");
    let (first, _, before) = told(&mut client);
    client.asks(&["SET", "saved", "1"], "+OK\r\n");
    thread::sleep(Duration::from_millis(1_100));
    client.asks(&["SAVE"], "+OK\r\n");
    let (second, changes, after) = told(&mut client);
    assert!(second > first, "LASTSAVE moves");
    assert_eq!((changes, after), (Some(0), before + 1));
    client.asks(&["BGSAVE"], "+Background saving started\r\n");
    thread::sleep(Duration::from_millis(1_100));
    let (third, changes, after) = told(&mut client);
    assert_eq!((changes, after, third >= second), (Some(0), before + 2, true));
    // FLUSHALL saves too, if the server is to save by itself, and is not counted.
    client.asks(&["CONFIG", "SET", "save", "900 1"], "+OK\r\n");
    client.asks(&["MSET", "saved", "1", "more", "2"], "+OK\r\n");
    client.asks(&["FLUSHALL"], "+OK\r\n");
    let (fourth, changes, after) = told(&mut client);
    assert_eq!((changes, after, fourth > second), (Some(0), before + 2, true));
    client.asks(&["CONFIG", "SET", "save", ""], "+OK\r\n");
    client.asks(&["SET", "saved", "1"], "+OK\r\n");
    client.asks(&["FLUSHALL"], "+OK\r\n");
    assert_eq!(told(&mut client).1, Some(2));
}

#[test]
fn requests_that_never_end() {
    let address = server();
    Client::connect(address).asks(&["CONFIG", "SET", "client-query-buffer-limit", "1mb"], "+OK\r\n");
    let request = [&b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$3000000\r\n"[..], &vec![b'x'; 2_000_000]].concat();
    assert_eq!(refused(address, &request), "");
    let mut client = Client::connect(address);
    client.asks(&["EXISTS", "k"], ":0\r\n");
    client.asks(&["CONFIG", "SET", "client-query-buffer-limit", "1gb"], "+OK\r\n");
}

#[test]
fn answers_beyond_the_hard_limit() {
    let address = server();
    let mut client = Client::connect(address);
    client.asks(&["SET", "k", &"x".repeat(3_000_000)], "+OK\r\n");
    client.asks(&["CONFIG", "SET", "client-output-buffer-limit", "normal 1000000 0 0"], "+OK\r\n");
    // Neither is the answer sent, nor is what follows done.
    assert_eq!(refused(address, b"GET k\r\nSET other 1\r\n"), "");
    client.asks(&["EXISTS", "other"], ":0\r\n");
    // A transaction is done to its end.
    assert_eq!(refused(address, b"MULTI\r\nGET k\r\nSET other 1\r\nEXEC\r\n").find('*'), None);
    client.asks(&["EXISTS", "other"], ":1\r\n");
    client.asks(&["CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0"], "+OK\r\n");
}

#[test]
fn subscribers_that_do_not_read() {
    let address = server();
    let mut client = Client::connect(address);
    client.asks(&["CONFIG", "SET", "client-output-buffer-limit", "pubsub 1000000 0 0"], "+OK\r\n");
    let mut subscriber = Client::connect(address);
    subscriber.says(&["SUBSCRIBE", "news"]);
    subscriber.hears("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
    let message = "x".repeat(100_000);
    let mut heard = 0;
    loop {
        client.says(&["PUBLISH", "news", &message]);
        if client.line() == ":0" {
            break;
        }
        heard += 1;
        // The kernel of both ends takes some megabytes before anything is left unread.
        assert!(heard < 1000, "the subscriber is let go");
    }
    assert!(heard >= 10, "only what is beyond the limit is too much: {heard}");
    client.asks(&["CONFIG", "SET", "client-output-buffer-limit", "pubsub 33554432 8388608 60"], "+OK\r\n");
}

#[test]
fn beyond_the_soft_limit_for_too_long() {
    let address = server();
    let mut client = Client::connect(address);
    client.asks(&["SET", "k", &"x".repeat(20_000_000)], "+OK\r\n");
    client.asks(&["CONFIG", "SET", "client-output-buffer-limit", "normal 0 100000 1"], "+OK\r\n");
    let mut greedy = Client::connect(address);
    let id = greedy.id();
    greedy.says(&["GET", "k"]);
    let begun = Instant::now();
    let listed = |client: &mut Client| {
        client.says(&["CLIENT", "LIST", "ID", &id]);
        let length: usize = client.line()[1..].parse().expect("a bulk");
        client.line();
        length > 0
    };
    assert!(listed(&mut client), "at first it may");
    while listed(&mut client) {
        assert!(begun.elapsed() < Duration::from_secs(8), "not for ever");
        thread::sleep(Duration::from_millis(50));
    }
    assert!(begun.elapsed() > Duration::from_millis(1000), "not at once: {:?}", begun.elapsed());
    client.asks(&["CONFIG", "SET", "client-output-buffer-limit", "normal 0 0 0"], "+OK\r\n");
}

#[test]
fn silent_clients() {
    let address = server();
    let (mut waits, mut listens, mut silent) =
        (Client::connect(address), Client::connect(address), Client::connect(address));
    waits.says(&["BLPOP", "list", "0"]);
    listens.says(&["SUBSCRIBE", "news"]);
    listens.hears("*3\r\n$9\r\nsubscribe\r\n$4\r\nnews\r\n:1\r\n");
    silent.asks(&["CONFIG", "SET", "timeout", "1"], "+OK\r\n");
    let begun = Instant::now();
    assert_eq!(silent.last_words(), b"");
    assert!((900..5000).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    let mut client = Client::connect(address);
    client.asks(&["CONFIG", "SET", "timeout", "0"], "+OK\r\n");
    client.asks(&["RPUSH", "list", "a"], ":1\r\n");
    client.asks(&["PUBLISH", "news", "b"], ":1\r\n");
    waits.hears("*2\r\n$4\r\nlist\r\n$1\r\na\r\n");
    listens.hears("*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nb\r\n");
}

#[test]
fn clients_that_send_no_more_are_answered() {
    let mut client = Client::connect(server());
    client.sends("INCR n\r\n".repeat(500).as_bytes());
    client.0.shutdown(Shutdown::Write).expect("half of it ends");
    let said = String::from_utf8_lossy(&client.last_words()).into_owned();
    assert!(said.ends_with(":499\r\n:500\r\n"), "{} bytes", said.len());
}

#[test]
fn a_client_that_never_reads_is_killed() {
    let address = server();
    let (mut client, mut deaf) = (Client::connect(address), Client::connect(address));
    client.asks(&["SET", "k", &"x".repeat(20_000_000)], "+OK\r\n");
    let id = deaf.id();
    deaf.says(&["GET", "k"]);
    thread::sleep(Duration::from_millis(200));
    client.asks(&["CLIENT", "KILL", "ID", &id], ":1\r\n");
    // Others are served meanwhile, and what was pending is dropped.
    client.asks(&["PING"], "+PONG\r\n");
    assert!(deaf.last_words().len() < 20_000_000);
    // Whoever kills itself is told so first.
    let mut own = Client::connect(address);
    let id = own.id();
    own.says(&["CLIENT", "KILL", "ID", &id, "SKIPME", "no"]);
    assert_eq!(own.last_words(), b":1\r\n");
}

/// Ends the process that it is given.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Bytes of memory that a process uses.
fn resident(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).expect("Linux tells");
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).expect("it tells that too");
    line.split_whitespace().nth(1).and_then(|word| word.parse::<u64>().ok()).expect("a number") * 1024
}

#[test]
#[ignore = "takes 20,000 descriptors; run by hand with --ignored"]
fn ten_thousand_connections() {
    // As many as `maxclients` allows.
    const COUNT: usize = 10_000;
    rlimit::increase_nofile_limit(COUNT as u64 + 100).expect("this process may open so many files");
    let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
    // What it may open at first is far too little: it asks for more.
    let command = format!("ulimit -S -n 1024; exec {} server --redis {port}", env!("CARGO_BIN_EXE_warren"));
    let child = Command::new("sh").args(["-c", &command]).stdin(Stdio::null()).spawn().expect("a server");
    let server = Guard(child);
    let begun = Instant::now();
    while TcpStream::connect(port).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(10), "the server comes up");
        thread::sleep(Duration::from_millis(20));
    }
    let mut first = Client::connect(port);
    first.asks(&["PING"], "+PONG\r\n");
    let before = resident(server.0.id());
    let mut clients: Vec<Client> = (1..COUNT).map(|_| Client::connect(port)).collect();
    for client in &mut clients {
        client.asks(&["PING"], "+PONG\r\n");
    }
    let each = (resident(server.0.id()) - before) / COUNT as u64;
    println!("{COUNT} connections after {:?}, {each} bytes of memory for each", begun.elapsed());
    first.says(&["INFO", "clients"]);
    let expected = format!("connected_clients:{COUNT}");
    while first.line() != expected {}
    while first.line() != "" {}
    assert_eq!(Client::connect(port).last_words(), b"-ERR max number of clients reached\r\n");
    assert!(each < 4096, "an idle connection costs little");
    // All of them at once.
    clients.push(first);
    for client in &mut clients {
        client.says(&["INCR", "n"]);
    }
    for client in &mut clients {
        assert!(client.line().starts_with(':'));
    }
    clients[0].asks(&["GET", "n"], &format!("$5\r\n{COUNT}\r\n"));
}
