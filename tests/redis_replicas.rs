//! Replicas on real sockets: the copy that they get, what they acknowledge, and WAIT.
//!
//! What is expected here is what Redis 7.0.15 does. To see that it does: start one with `--enable-debug-command yes` and run
//! `REDIS_ADDRESS=127.0.0.1:PORT cargo test -p warren-cli --test redis_replicas -- --test-threads 1`.

mod redis_address;

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

struct Client(BufReader<TcpStream>);

impl Client {
    fn connect(address: SocketAddr) -> Client {
        Client(BufReader::new(redis_address::connect(address)))
    }

    fn says(&mut self, line: &str) {
        self.sends(&line.split(' ').collect::<Vec<_>>());
    }

    fn sends(&mut self, words: &[&str]) {
        redis_address::send(self.0.get_mut(), words);
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).expect("an answer in time");
        line.trim_end().to_string()
    }

    fn asks(&mut self, line: &str) -> String {
        self.says(line);
        self.line()
    }

    /// An answer of bytes, without what ends it.
    fn bytes(&mut self, has_end: bool) -> Vec<u8> {
        // While it makes a copy, the server may say that it is still there.
        let head = std::iter::repeat_with(|| self.line()).find(|line| !line.is_empty()).expect("a line");
        if let Some(mark) = head.strip_prefix("$EOF:") {
            let mut bytes = Vec::new();
            while !bytes.ends_with(mark.as_bytes()) {
                bytes.push(0);
                let last = bytes.len() - 1;
                self.0.read_exact(&mut bytes[last..]).expect("one byte more");
            }
            bytes.truncate(bytes.len() - mark.len());
            return bytes;
        }
        let length: usize = head.strip_prefix('$').expect("a length").parse().expect("a number");
        let mut bytes = vec![0; length + if has_end { 2 } else { 0 }];
        self.0.read_exact(&mut bytes).expect("so many bytes");
        bytes.truncate(length);
        bytes
    }

    /// The next command of the stream and how many bytes it took.
    fn command(&mut self) -> (String, u64) {
        let head = self.line();
        let count: usize = head.strip_prefix('*').expect("an array").parse().expect("a number");
        let (mut words, mut taken) = (Vec::new(), head.len() + 2);
        for _ in 0..count {
            let word = self.bytes(true);
            taken += word.len() + word.len().to_string().len() + 5;
            words.push(String::from_utf8_lossy(&word).into_owned());
        }
        (words.join(" "), taken as u64)
    }
}

fn server() -> SocketAddr {
    let address = redis_address::server();
    let mut client = Client::connect(address);
    for line in
        ["FLUSHALL", "FUNCTION FLUSH", "CONFIG SET repl-diskless-sync no", "CONFIG SET repl-diskless-sync-delay 0"]
    {
        assert_eq!(client.asks(line), "+OK", "{line}");
    }
    address
}

const LIBRARY: &str = "#!lua name=lib\nredis.register_function('f',function()return(1)end)";

/// A client that has become a replica, its copy, and the offset at which its stream begins.
fn replica(address: SocketAddr, filter: &[&str]) -> (Client, Vec<u8>, u64) {
    let mut replica = Client::connect(address);
    for line in filter {
        assert_eq!(replica.asks(line), "+OK", "{line}");
    }
    let line = replica.asks("PSYNC ? -1");
    assert!(line.starts_with("+FULLRESYNC "), "{line}");
    let offset = line.rsplit(' ').next().and_then(|word| word.parse().ok()).expect("an offset");
    let copy = replica.bytes(false);
    (replica, copy, offset)
}

fn holds(copy: &[u8], text: &str) -> bool {
    copy.windows(text.len()).any(|part| part == text.as_bytes())
}

#[test]
fn a_copy_has_keys_and_functions_unless_told_otherwise() {
    let address = server();
    let mut client = Client::connect(address);
    client.asks("SET a-key a-value");
    client.sends(&["FUNCTION", "LOAD", LIBRARY]);
    assert_eq!(client.bytes(true), b"lib");
    let (_, copy, _) = replica(address, &[]);
    assert!(copy.starts_with(b"REDIS0010") && holds(&copy, "a-value") && holds(&copy, "register_function"));
    let (_, copy, _) = replica(address, &["REPLCONF rdb-only 1 rdb-filter-only functions capa eof"]);
    assert!(!holds(&copy, "a-value") && holds(&copy, "register_function"));
    assert_eq!(client.asks("REPLCONF rdb-filter-only functions"), "+OK");
    assert_eq!(client.asks("PSYNC ? -1"), "-ERR Filtered replica requires EOF capability");
    let (_, copy, _) = replica(address, &["REPLCONF rdb-only 1 capa eof", "REPLCONF rdb-filter-only "]);
    assert!(!holds(&copy, "a-value") && !holds(&copy, "register_function"));
}

#[test]
fn what_replconf_refuses() {
    let mut client = Client::connect(server());
    for (line, said) in [
        ("REPLCONF rdb-only", "-ERR syntax error"),
        ("REPLCONF nothing 1", "-ERR Unrecognized REPLCONF option: nothing"),
        ("REPLCONF listening-port x", "-ERR value is not an integer or out of range"),
        ("REPLCONF rdb-only 2", "-ERR value is out of range, value must between 0 and 1"),
        ("REPLCONF rdb-filter-only keys", "-ERR Unsupported rdb-filter-only option: keys"),
        ("REPLCONF rdb-filter-only \"x", "-ERR Missing rdb-filter-only values"),
    ] {
        assert_eq!(client.asks(line), said, "{line}");
    }
}

#[test]
fn wait_counts_who_has_read_what_this_client_wrote() {
    let address = server();
    let (mut writer, mut other) = (Client::connect(address), Client::connect(address));
    assert_eq!(writer.asks("SET a 0"), "+OK");
    assert_eq!(writer.asks("WAIT 0 0"), ":0");
    let (mut replica, _, mut offset) = replica(address, &["REPLCONF listening-port 7001 capa psync2"]);
    // It is counted as soon as it has its copy; until then the real server waits for its first word.
    replica.says(&format!("REPLCONF ACK {offset}"));
    assert_eq!(writer.asks("SET a 1"), "+OK");
    writer.says("WAIT 1 0");
    let mut read = Vec::new();
    while read.last().is_none_or(|line| line != "REPLCONF GETACK *") {
        let (line, bytes) = replica.command();
        // What asks is not counted as read by the answer to it.
        offset += if line.starts_with("REPLCONF") { 0 } else { bytes };
        read.push(line);
    }
    read.retain(|line| line != "PING");
    assert_eq!(read, ["SELECT 0", "SET a 1", "REPLCONF GETACK *"]);
    replica.says(&format!("REPLCONF ACK {offset}"));
    assert_eq!(writer.line(), ":1");
    assert_eq!(writer.asks("WAIT 1 0"), ":1", "it has written nothing since");
    other.says("INFO replication");
    let info = String::from_utf8(other.bytes(true)).expect("text");
    let row = info.lines().find(|line| line.starts_with("slave0:")).expect("a replica");
    assert!(row.contains(&format!("ip=127.0.0.1,port=7001,state=online,offset={offset},lag=")), "{row}");

    let start = Instant::now();
    // The question of before is in the stream, too, and the replica has not said that it read it.
    assert_eq!(writer.asks("WAIT 2 100"), ":0");
    assert!(start.elapsed() >= Duration::from_millis(99));
    assert_eq!(writer.asks("SET a 2"), "+OK");
    assert_eq!(writer.asks("WAIT 1 50"), ":0");
    assert_eq!(writer.asks("MULTI"), "+OK");
    assert_eq!(writer.asks("WAIT 1 0"), "+QUEUED");
    assert_eq!([writer.asks("EXEC"), writer.line()], ["*1", ":0"]);
    let id = writer.asks("CLIENT ID")[1..].to_string();
    writer.says("WAIT 1 0");
    while other.asks(&format!("CLIENT UNBLOCK {id}")) == ":0" {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(writer.line(), ":0");
    drop(replica);
}
