//! The targets: what reads input, and what must be true whatever it reads.

use crate::{seeds, store};
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use warren_cli::amqp::{node::Node, peer::Peer, session::Session};
use warren_cli::redis::request::{Bounds, Request, Step};
use warren_sim::amqp::broker::{Broker, Cx};
use warren_sim::amqp::method::Frame;
use warren_sim::amqp::policy::pattern::Pattern;
use warren_sim::amqp::text::{parse_frame, print_frame};
use warren_sim::lesson::Lesson;
use warren_sim::link::Link;
use warren_sim::prng::Prng;
use warren_sim::redis::console::{parse_line, quote_into, split_args};
use warren_sim::redis::{Decoded, decode};
use warren_sim::script;
use warren_wire::{Decoder, FRAME_MAX, encode};

/// Something that reads input.
#[derive(Debug)]
pub struct Target {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it reads, for the help.
    pub about: &'static str,
    /// What inputs are grown from.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words that are put in.
    pub words: &'static [&'static str],
    /// Reads an input; the number says what kind of answer it got.
    pub run: fn(&[u8]) -> u64,
    /// Runs in the ordinary tests.
    pub moment: u64,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "frames",
        about: "AMQP frames as bytes",
        seeds: seeds::frame_bytes,
        words: &[],
        run: frames,
        moment: 4000,
    },
    Target {
        name: "server",
        about: "what an AMQP client sends",
        seeds: seeds::conversations,
        words: &["AMQP\0\0\x09\x01"],
        run: server,
        moment: 300,
    },
    Target {
        name: "text",
        about: "AMQP frames as text",
        seeds: seeds::frame_texts,
        words: TEXT,
        run: text,
        moment: 4000,
    },
    Target {
        name: "definitions",
        about: "definitions.json",
        seeds: seeds::definitions,
        words: JSON,
        run: definitions,
        moment: 400,
    },
    Target {
        name: "pattern",
        about: "patterns of policies",
        seeds: seeds::patterns,
        words: PATTERN,
        run: pattern,
        moment: 3000,
    },
    Target {
        name: "link",
        about: "links to a moment",
        seeds: links,
        words: &["&run=", "&sum=", "v=", "\n@2 ", "\n>90 end\n", "\n~2 1 1\n", "kill ", "broker stop"],
        run: link,
        moment: 2000,
    },
    Target { name: "lesson", about: "lessons", seeds: seeds::lessons, words: LESSON, run: lesson, moment: 200 },
    Target { name: "script", about: "scripts", seeds: seeds::scripts, words: SCRIPT, run: read_script, moment: 2000 },
    Target {
        name: "resp",
        about: "RESP requests and replies",
        seeds: seeds::resp,
        words: &["\r\n", "*1000000\r\n", "$-1\r\n", "%2\r\n"],
        run: resp,
        moment: 6000,
    },
    Target {
        name: "console",
        about: "lines of the store's console",
        seeds: seeds::console_lines,
        words: &["\"", "\\x", "'", "\\"],
        run: console,
        moment: 6000,
    },
    Target {
        name: "restore",
        about: "payloads of RESTORE",
        seeds: seeds::dumps,
        words: &[],
        run: store::restore,
        moment: 2000,
    },
    Target { name: "lua", about: "scripts of the store", seeds: seeds::lua, words: LUA, run: store::lua, moment: 1500 },
];

const TEXT: &[&str] = &[
    "arguments={",
    "headers={",
    "x(\"",
    "T(",
    "D(",
    "[",
    "]",
    "}",
    "=",
    "\\x",
    "true",
    "void",
    "5L",
    "1.5",
    "nowait",
    "body=",
];
const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "null",
    "true",
    "1e400",
    "\"queues\":",
    "\"exchanges\":",
    "\"bindings\":",
    "\"policies\":",
    "\"vhost\":",
    "\"name\":",
    "\"arguments\":",
    "\"x-message-ttl\":",
    "\"x-queue-type\":",
    "\"quorum\"",
    "\"pattern\":",
    "\\ud800",
    "\\u0000",
    "\"apply-to\":",
    "[[[[[[[[",
];
const PATTERN: &[&str] = &[
    "(", ")", "|", "*", "+", "?", "{1,", "{1000}", "[", "]", "^", "$", "\\", "(?:", "(?i)", "(a*)*", "(a|a)*", "\n",
    ".*",
];
const LESSON: &[&str] = &["#", "##", "```", "---", "- ", "? ", "`", "**", "](", "start ", "run ", "\n\n"];
const SCRIPT: &[&str] = &[
    "start ",
    "run until ",
    "kill ",
    "amqp you ",
    "redis ",
    "wait ",
    "every=",
    "\"",
    "broker stop",
    "count=99999999999",
    "ms",
];
const LUA: &[&str] = &[
    "function(",
    " end ",
    "return ",
    "local t = {} ",
    "t[#t+1]=",
    "while true do ",
    "for i=1,1e9 do ",
    "pcall(",
    "error(",
    "...",
    "..",
    "redis.call(",
    "redis.pcall('set', KEYS[1], ",
    "cjson.decode(",
    "cjson.encode(",
    "cmsgpack.unpack(",
    "struct.pack('>I8s', ",
    "string.rep('x', 1e9)",
    "string.format('%99.99f', ",
    "('x'):gsub('(.-)*%b()%f[%w]', ",
    "setmetatable(t, {__index = t}) ",
    "coroutine.wrap(",
    "unpack(t, 1, 1e7)",
    "table.concat(",
    "[==[",
    "0x1p",
    "1e308",
    "-nan",
    "\\0",
];

/// One number for anything.
pub(crate) fn kind_of(what: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    what.hash(&mut hasher);
    hasher.finish()
}

/// A message without what is only of this input: its digits, and what stands in quotes.
pub(crate) fn shape(message: &str) -> String {
    let outside = message.split('\'').step_by(2).collect::<Vec<_>>().join("'");
    outside.chars().filter(|c| !c.is_ascii_digit()).take(80).collect()
}

/// In parts of any size, what is decoded is encoded as something that is decoded as the same.
fn frames(input: &[u8]) -> u64 {
    let read = |bytes: &[u8], part: usize| -> (Vec<(u16, Frame)>, Option<String>) {
        let (mut decoder, mut all) = (Decoder::default(), Vec::new());
        for part in bytes.chunks(part) {
            decoder.feed(part);
            loop {
                match decoder.next_frame() {
                    Ok(Some(frame)) => all.push(frame),
                    Ok(None) => break,
                    Err(what) => return (all, Some(what)),
                }
            }
        }
        (all, None)
    };
    let (whole, error) = read(input, input.len().max(1));
    assert_eq!((&whole, &error), (&read(input, 5).0, &read(input, 5).1), "however it is cut");
    for (channel, frame) in &whole {
        let again = read(&encode(*channel, frame, FRAME_MAX), 4096);
        assert_eq!(again, (vec![(*channel, frame.clone())], None), "encoded and decoded");
    }
    let names: Vec<&str> = whole.iter().map(|(_, frame)| frame.method.name()).take(2).collect();
    kind_of((names, error.map(|error| shape(&error))))
}

/// A client that says anything at all: the broker keeps its promises, and what waits for the client stays bounded.
fn server(input: &[u8]) -> u64 {
    let (node, peer) = (Node::new(), Rc::new(Peer::new()));
    let mut session = Session::new(peer.clone());
    let (mut inbox, mut said) = (Vec::new(), Vec::new());
    for part in input.chunks(700) {
        inbox.extend(part);
        let taken = session.process(&node, &inbox);
        inbox.drain(..taken);
        said.extend(peer.outbox.take());
    }
    node.with(|broker, _| assert_eq!(broker.check(), Ok(())));
    if let Some(id) = session.connection {
        node.disconnect(id);
    }
    node.with(|broker, _| assert_eq!(broker.check(), Ok(())));
    // The methods that were answered, by their numbers.
    let answers: Vec<_> = warren_wire::script::show(&said).iter().map(|line| shape(line)).collect();
    kind_of((answers.len().min(4), answers.last().cloned()))
}

/// What is read is printed as something that is read as the same.
fn text(input: &[u8]) -> u64 {
    let line = String::from_utf8_lossy(input);
    match parse_frame(&line) {
        Ok(frame) => {
            let printed = print_frame(&frame);
            assert_eq!(parse_frame(&printed).as_ref(), Ok(&frame), "{printed}");
            kind_of((frame.method.name(), printed.len() / 8))
        }
        Err(error) => {
            assert!(error.column as usize <= line.len() + 1, "column {} of {}", error.column, line.len());
            kind_of(shape(&error.message))
        }
    }
}

/// What is imported is exported as something that is imported as the same; what is refused leaves no trace.
fn definitions(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let import = |broker: &mut Broker, text: &str| {
        let (mut prng, mut out) = (Prng::new(1), Vec::new());
        let mut events = |_, _| 0;
        let mut cx = Cx::new(0, &mut prng, &mut events, &mut out);
        let result = broker.import_definitions(&mut cx, text, None);
        assert_eq!(broker.check(), Ok(()));
        result
    };
    let mut broker = Broker::new();
    match import(&mut broker, &text) {
        Ok(report) => {
            let exported = broker.export_definitions();
            let mut other = Broker::new();
            if let Err(error) = import(&mut other, &exported) {
                panic!("the export is not imported: {error}\n{exported}");
            }
            assert_eq!(other.export_definitions(), exported, "an import of an export");
            kind_of((report.created.total(), report.left_out.len(), report.notes.len()))
        }
        Err(error) => {
            assert_eq!(broker, Broker::new(), "a refused file leaves no trace");
            assert!(error.line >= 1 && error.column >= 1);
            kind_of(shape(&error.message))
        }
    }
}

/// A pattern and, on the next line, what it is tried on.
fn pattern(input: &[u8]) -> u64 {
    let (pattern, name) = match input.iter().position(|byte| *byte == b'\n') {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, &b"queue"[..]),
    };
    match Pattern::parse(pattern) {
        Ok(pattern) => kind_of((pattern.matches(name), pattern.matches(b""), input.len() / 16)),
        Err(error) => kind_of(shape(&format!("{error:?}"))),
    }
}

fn links() -> Vec<Vec<u8>> {
    let link = |run: Option<&str>| {
        let (lesson, language, hash) = ("hello-world".to_string(), "en".to_string(), "0123456789abcdef".to_string());
        let link = Link { lesson, language, seed: 7, step: 12, hash, run: run.map(str::to_string) };
        link.print().unwrap_or_default().into_bytes()
    };
    let mut found = vec![link(None), link(Some("wait 5ms")), link(Some("redis SET a b\nkill receive\n"))];
    // The run alone, without what covers it: see `link`.
    found.extend(seeds::scripts().chunks(4).map(|lines| {
        let numbered =
            lines.iter().zip(1..).flat_map(|(line, step)| [format!("@{step} ").as_bytes(), line, b"\n"].concat());
        numbered.chain(*b">30 end\n~3 1 0\n").collect::<Vec<u8>>()
    }));
    found
}

/// An input that is no link is the run of one, so that what lies behind the check sum is reached too.
fn link(input: &[u8]) -> u64 {
    let text = String::from_utf8_lossy(input);
    let link = match Link::parse(&text) {
        Ok(link) => link,
        Err(error) => {
            let lesson = warren_sim::lessons::LESSONS[input.len() % warren_sim::lessons::LESSONS.len()].id;
            let (lesson, hash) = (lesson.to_string(), String::new());
            let link = Link {
                lesson,
                language: "en".to_string(),
                seed: 1,
                step: 3,
                hash,
                run: (!text.is_empty()).then(|| text.to_string()),
            };
            match link.print() {
                Ok(_) => link,
                Err(_) => return kind_of(shape(&format!("{error:?}"))),
            }
        }
    };
    let printed = link.print();
    if let Ok(printed) = printed {
        assert_eq!(Link::parse(&printed).as_ref(), Ok(&link));
    }
    let Some(lesson) = warren_sim::lessons::lesson(&link.lesson, "en") else { return kind_of("no lesson") };
    match link.open(Rc::new(lesson)) {
        Ok(session) => kind_of(session.timeline().length() / 8),
        Err(error) => kind_of(shape(&format!("{error:?}"))),
    }
}

/// A lesson that is understood has a script that is understood.
fn lesson(input: &[u8]) -> u64 {
    match Lesson::parse(&String::from_utf8_lossy(input)) {
        Ok(lesson) => kind_of(lesson.plan().count()),
        Err(fault) => kind_of(shape(&fault.to_string())),
    }
}

fn read_script(input: &[u8]) -> u64 {
    match script::parse(&String::from_utf8_lossy(input)) {
        Ok(commands) => kind_of(commands.len()),
        Err(fault) => kind_of(shape(&fault.to_string())),
    }
}

/// Replies as a client reads them, and requests as a server does, whole and byte by byte.
fn resp(input: &[u8]) -> u64 {
    let reply = match decode(input) {
        Decoded::Whole(reply, taken) => {
            assert!(taken <= input.len());
            kind_of(format!("{reply:?}").chars().filter(|c| c.is_ascii_uppercase()).take(8).collect::<String>())
        }
        Decoded::Partial => 1,
        Decoded::Invalid => 2,
    };
    let bounds = Bounds { bulk: 1 << 20, stranger: false };
    let read = |step: usize| {
        let (mut request, mut at, mut seen) = (Request::default(), 0, Vec::new());
        let mut end = step.min(input.len());
        loop {
            match request.read(&input[..end], &mut at, bounds) {
                Step::Whole => seen.push(request.args.clone()),
                Step::Empty => {}
                Step::Broken(_) => break,
                Step::Partial if end < input.len() => end = (end + step).min(input.len()),
                Step::Partial => break,
            }
            assert!(at <= end);
        }
        seen
    };
    let whole = read(input.len().max(1));
    // Byte by byte a long line is looked at from its beginning each time.
    let part = if input.len() < 512 { 1 } else { 97 };
    assert_eq!(whole, read(part), "however it is cut");
    kind_of((reply, whole.len().min(5), whole.first().map(Vec::len)))
}

/// The arguments of a line, quoted, are the arguments of the line again.
fn console(input: &[u8]) -> u64 {
    let line = parse_line(input);
    let Some(args) = split_args(input) else { return 0 };
    let mut again = Vec::new();
    for arg in &args {
        quote_into(arg, &mut again);
        again.push(b' ');
    }
    assert_eq!(split_args(&again).as_ref(), Some(&args), "{}", again.escape_ascii());
    kind_of((args.len(), format!("{line:?}").len().min(12)))
}
