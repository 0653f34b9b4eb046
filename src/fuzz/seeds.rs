//! What inputs are grown from: what is recorded and written in the project.

use crate::store::StoreClient;
use std::fs;
use std::path::{Path, PathBuf};
use warren_sim::amqp::text::parse_frame;
use warren_sim::amqp::transcript::{Command, parse};
use warren_sim::redis::{Limits, Reply};
use warren_wire::{FRAME_MAX, PROTOCOL_HEADER, encode, script};

/// The longest file that is a seed.
const LONGEST: usize = 12 * 1024;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder);
    let mut found: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.is_file());
    found.sort();
    found
}

fn texts(folder: &str) -> Vec<String> {
    files(folder).iter().filter_map(|path| fs::read_to_string(path).ok()).collect()
}

/// The frames of the broker's transcripts, as they are written there.
fn frames() -> Vec<String> {
    let blocks = texts("tests/transcripts/amqp").into_iter().filter_map(|text| parse(&text).ok()).flatten();
    let commands = blocks.flat_map(|block| block.lines).flat_map(|line| line.commands);
    commands.filter_map(|command| if let Command::Send { frame, .. } = command { Some(frame) } else { None }).collect()
}

/// Frames as text; every seventh is enough.
pub fn frame_texts() -> Vec<Vec<u8>> {
    frames().into_iter().step_by(7).map(String::into_bytes).collect()
}

/// Frames as bytes, one each.
pub fn frame_bytes() -> Vec<Vec<u8>> {
    let frames = frames().into_iter().step_by(7).filter_map(|frame| parse_frame(&frame).ok());
    frames.map(|frame| encode(1, &frame, FRAME_MAX)).collect()
}

/// What clients say, from the first byte on.
pub fn conversations() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for case in texts("tests/transcripts/amqp_wire").iter().filter_map(|text| script::parse(text).ok()).flatten() {
        let sends = case.steps.iter().filter_map(|step| match step {
            script::Step::Send { bytes, .. } => Some(bytes.clone()),
            _ => None,
        });
        found.push(sends.flatten().collect::<Vec<u8>>());
    }
    let login = [
        "connection.start-ok client_properties={} mechanism=PLAIN response=\"\\x00guest\\x00guest\" locale=en_US",
        "connection.tune-ok channel_max=2047 frame_max=131072",
        "connection.open virtual_host=/",
    ];
    let say = |channel, line: &str| match parse_frame(line) {
        Ok(frame) => encode(channel, &frame, FRAME_MAX),
        Err(_) => Vec::new(),
    };
    let mut start = PROTOCOL_HEADER.to_vec();
    login.iter().for_each(|line| start.extend(say(0, line)));
    start.extend(say(1, "channel.open"));
    let frames = frames();
    for few in frames.chunks(9).step_by(3) {
        let mut bytes = start.clone();
        few.iter().for_each(|line| bytes.extend(say(1, line)));
        found.push(bytes);
    }
    found.retain(|bytes| bytes.len() < LONGEST);
    found
}

/// Files of definitions.
pub fn definitions() -> Vec<Vec<u8>> {
    let all = texts("tests/definitions").into_iter().chain(texts("tests/definitions/recorded"));
    let mut found: Vec<Vec<u8>> = all.filter(|text| text.len() < LONGEST).map(String::into_bytes).collect();
    let small = r#"{"vhosts":[{"name":"/"}],"queues":[{"name":"q","vhost":"/","durable":true,"auto_delete":false,"arguments":{"x-max-length":5}}],
"exchanges":[{"name":"x","vhost":"/","type":"topic","durable":true,"auto_delete":false,"internal":false,"arguments":{}}],
"bindings":[{"source":"x","vhost":"/","destination":"q","destination_type":"queue","routing_key":"a.#","arguments":{}}],
"policies":[{"vhost":"/","name":"p","pattern":"^q","apply-to":"queues","definition":{"max-length":3},"priority":1}]}"#;
    found.push(small.as_bytes().to_vec());
    found
}

/// Lessons.
pub fn lessons() -> Vec<Vec<u8>> {
    texts("www/lessons").into_iter().map(String::into_bytes).collect()
}

/// Lines of the store's console.
pub fn console_lines() -> Vec<Vec<u8>> {
    let lines = texts("tests/transcripts/redis").into_iter().flat_map(|text| {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with(['#', '!', '-']));
        lines.map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>()
    });
    lines.step_by(11).collect()
}

/// Requests and replies of the store.
pub fn resp() -> Vec<Vec<u8>> {
    let fixed: &[&[u8]] = &[
        b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n",
        b"+OK\r\n",
        b"-ERR no\r\n",
        b":42\r\n",
        b"$-1\r\n",
        b"*-1\r\n",
        b"$0\r\n\r\n",
        b"_\r\n",
        b"#t\r\n",
        b",3.14\r\n",
        b"(123456789012345678901234567890\r\n",
        b"=7\r\ntxt:abc\r\n",
        b"%1\r\n+a\r\n:1\r\n",
        b"~2\r\n:1\r\n:2\r\n",
        b">2\r\n+message\r\n+x\r\n",
        b"*2\r\n*1\r\n:1\r\n$1\r\na\r\n",
        b"|1\r\n+a\r\n:1\r\n:2\r\n",
        b"SET k v\r\n",
        b"GET \"a b\"\r\n",
        b"*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n",
    ];
    fixed.iter().map(|bytes| bytes.to_vec()).collect()
}

/// Scripts.
pub fn scripts() -> Vec<Vec<u8>> {
    let lessons = texts("www/lessons").into_iter();
    let lines = lessons.flat_map(|text| text.lines().map(|line| line.as_bytes().to_vec()).collect::<Vec<_>>());
    let wanted = [&b"start "[..], b"run ", b"kill ", b"amqp ", b"redis ", b"wait ", b"broker "];
    let mut found: Vec<_> = lines.filter(|line| wanted.iter().any(|start| line.starts_with(start))).collect();
    found.push(b"start worker_1 receive queue=task_queue durable prefetch=1 work=2s\nrun until working worker_1 1\nkill worker_1".to_vec());
    found.push(b"amqp you queue.declare queue=notes durable\nredis SET foo bar EX 10\nwait 500ms\nrun idle".to_vec());
    found
}

/// Patterns of policies, each with a name behind a line break.
pub fn patterns() -> Vec<Vec<u8>> {
    let fixed = [
        "^amq\\.\na",
        "^(a|b)+c{2,3}$\nabcc",
        "[^x-z]*\nxyz",
        ".*\n",
        "(?i)queue\nQUEUE",
        "\\d+\\w\\s\n12a ",
        "a{1,2}{3}\naaaaaa",
    ];
    fixed.iter().map(|text| text.as_bytes().to_vec()).collect()
}

/// Scripts of the store: the cases of Lua's own test, of which every third is enough.
pub fn lua() -> Vec<Vec<u8>> {
    let files = texts("tests/lua");
    let cases = files.iter().flat_map(|text| text.split("====\n")).filter_map(|case| case.split("----\n").next());
    let calls = [
        "redis.call('set', KEYS[1], ARGV[1] or 'x') return redis.call('get', KEYS[1])",
        "local t = redis.call('lrange', KEYS[1], 0, -1) return redis.status_reply(#t)",
        "return redis.pcall('incrby', KEYS[2], 'x').err",
        "redis.setresp(3) return {double = 3.5, map = {a = 1}, big_number = '1'}",
    ];
    cases.step_by(3).chain(calls).map(|case| case.as_bytes().to_vec()).collect()
}

/// What DUMP gives for values of every type and encoding, without version and checksum.
pub fn dumps() -> Vec<Vec<u8>> {
    let long = "x".repeat(100);
    let many = |start: &str, each: fn(usize) -> String| {
        (0..600).fold(start.to_string(), |line, number| format!("{line} {}", each(number)))
    };
    let lines = [
        "SET k v".to_string(),
        "SET k 12345".to_string(),
        format!("SET k {long}"),
        format!("RPUSH k 1 2 {long} -300 70000"),
        many("RPUSH k", |number| format!("element-{number}")),
        "SADD k 1 2 3".to_string(),
        "SADD k a b 3".to_string(),
        many("SADD k", |number| (number * 1_000_003).to_string()),
        "HSET k f v g 12".to_string(),
        many("HSET k", |number| format!("f{number} v{number}")),
        "ZADD k 1 a 2.5 b -inf c".to_string(),
        many("ZADD k", |number| format!("{number}.25 m{number}")),
        "XADD k 1-1 a b c d".to_string(),
        "PFADD k a b c".to_string(),
    ];
    let dump_of = |line: &String| {
        let mut client = StoreClient::new(Limits::default());
        client.asks(&line.split(' ').map(str::as_bytes).collect::<Vec<_>>());
        if line.starts_with("XADD") {
            client.asks(&[b"XGROUP", b"CREATE", b"k", b"g", b"0"]);
            client.asks(&[b"XREADGROUP", b"GROUP", b"g", b"c", b"STREAMS", b"k", b">"]);
        }
        let Reply::Bulk(bytes) = client.asks(&[b"DUMP", b"k"]) else { return Vec::new() };
        bytes[..bytes.len() - 10].to_vec()
    };
    lines.iter().map(dump_of).collect()
}
