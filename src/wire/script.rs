//! Conversations on the wire as text: what a client sends byte by byte, right or wrong, and what came back.
//!
//! A file is cases, each begun by a `#` line with its title, then a line for each step, `----`, and what was heard:
//!
//! ```text
//! # a frame of an unknown type
//! open
//! frame 9 0 "abc"
//! ----
//! 0 connection.close 501 "FRAME_ERROR - ..."
//! open
//! ```
//!
//! Steps: `open` is a whole handshake as guest on `/` whose answers are not shown; `hello` is only its protocol header; `channel N`
//! opens a channel likewise; `bytes "..."` sends these; `frame TYPE CHANNEL "payload"` with `* N`, `size=N` or `end=N` sends a
//! frame, wrong if wanted; `header CHANNEL class=N weight=N size=N "properties"`; `CHANNEL method ...` sends a method with its
//! content, `CHANNEL only method ...` without; `wait MS` waits. What is heard ends with how the socket is left: `open`, `closed`,
//! or `closed after N s`.

use warren_sim::amqp::method::{Frame, Method};
use warren_sim::amqp::text::{parse_frame, print_frame};
use warren_sim::amqp::value::Value;
use warren_sim::bytes::Bytes;

use crate::{BODY, END, FRAME_MAX, HEAD_LEN, HEADER, METHOD, PROTOCOL_HEADER, Reader, encode};

/// One conversation.
#[derive(Clone, Debug)]
pub struct Case {
    /// What it is about.
    pub title: String,
    /// Its steps as they were written.
    pub lines: Vec<String>,
    /// The same, read.
    pub steps: Vec<Step>,
    /// What was heard.
    pub heard: Vec<String>,
}

/// One step of a client.
#[derive(Clone, Debug)]
pub enum Step {
    /// Send this. The answer to a silent step is not shown.
    Send {
        /// The bytes.
        bytes: Vec<u8>,
        /// Whether the answer is left out.
        silent: bool,
    },
    /// Send nothing for so many ms.
    Wait(u64),
}

/// Reads a file.
pub fn parse(text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    let mut hears = false;
    for (index, line) in text.lines().enumerate() {
        let wrong = |what: &str| format!("line {}: {what}", index + 1);
        if let Some(title) = line.strip_prefix("# ") {
            cases.push(Case { title: title.to_string(), lines: vec![], steps: vec![], heard: vec![] });
            hears = false;
            continue;
        }
        if line.trim().is_empty() {
            continue;
        }
        let case = cases.last_mut().ok_or_else(|| wrong("a case begins with `# title`"))?;
        if line == "----" {
            hears = true;
        } else if hears {
            case.heard.push(line.to_string());
        } else {
            case.lines.push(line.to_string());
            case.steps.extend(step(line).map_err(|what| wrong(&what))?);
        }
    }
    Ok(cases)
}

/// Writes a file.
pub fn print(cases: &[Case]) -> String {
    let blocks: Vec<String> = cases
        .iter()
        .map(|case| format!("# {}\n{}\n----\n{}\n", case.title, case.lines.join("\n"), case.heard.join("\n")))
        .collect();
    blocks.join("\n")
}

fn step(line: &str) -> Result<Vec<Step>, String> {
    let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
    let send = |bytes: Vec<u8>| vec![Step::Send { bytes, silent: false }];
    Ok(match word {
        "open" => [
            PROTOCOL_HEADER.to_vec(),
            method(
                0,
                "connection.start-ok client_properties={capabilities={authentication_failure_close=true, basic.nack=true, \
                 consumer_cancel_notify=true, publisher_confirms=true}} mechanism=PLAIN response=\"\\x00guest\\x00guest\" locale=en_US",
            )?,
            [
                method(0, "connection.tune-ok channel_max=2047 frame_max=131072")?,
                method(0, "connection.open virtual_host=/")?,
            ]
            .concat(),
        ]
        .into_iter()
        .map(|bytes| Step::Send { bytes, silent: true })
        .collect(),
        "hello" => vec![Step::Send { bytes: PROTOCOL_HEADER.to_vec(), silent: true }],
        "channel" => vec![Step::Send { bytes: method(number(rest)?, "channel.open")?, silent: true }],
        "bytes" => send(text(rest)?),
        "wait" => vec![Step::Wait(number(rest)?)],
        "frame" => send(frame(rest)?),
        "header" => send(header(rest)?),
        channel => {
            let channel = number(channel)?;
            match rest.strip_prefix("only ") {
                Some(rest) => {
                    let read = parse_frame(rest).map_err(|error| error.to_string())?;
                    send(encode(channel, &Frame::from(read.method), FRAME_MAX))
                }
                None => send(method(channel, rest)?),
            }
        }
    })
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("`{text}` is no such number"))
}

fn method(channel: u16, line: &str) -> Result<Vec<u8>, String> {
    let frame = parse_frame(line).map_err(|error| error.to_string())?;
    Ok(encode(channel, &frame, FRAME_MAX))
}

/// The words before a quoted text, the text, and the words behind it.
fn around_text(line: &str) -> Result<(Vec<&str>, Vec<u8>), String> {
    let from = line.find('"').ok_or("a quoted text is missing")?;
    let to = line.rfind('"').filter(|to| *to > from).ok_or("a quoted text has no end")?;
    let mut behind = line[to + 1..].split_whitespace().peekable();
    let times = if behind.next_if_eq(&"*").is_some() { number(behind.next().unwrap_or_default())? } else { 1 };
    let words = line[..from].split_whitespace().chain(behind).collect();
    Ok((words, text(&line[from..=to])?.repeat(times)))
}

fn named<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix('='))
}

fn frame(rest: &str) -> Result<Vec<u8>, String> {
    let (words, payload) = around_text(rest)?;
    let [kind, channel, ..] = words[..] else { return Err("frame TYPE CHANNEL \"payload\"".to_string()) };
    let size = named(&words, "size").map_or(Ok(payload.len() as u32), number)?;
    let end = named(&words, "end").map_or(Ok(END), number)?;
    let head = [&[number::<u8>(kind)?][..], &number::<u16>(channel)?.to_be_bytes(), &size.to_be_bytes()].concat();
    Ok([&head[..], &payload, &[end]].concat())
}

fn header(rest: &str) -> Result<Vec<u8>, String> {
    let (words, properties) = around_text(rest)?;
    let field = |name| named(&words, name).map_or(Ok(0), number::<u64>);
    let (class, weight, size) = (field("class")? as u16, field("weight")? as u16, field("size")?);
    let payload = [&class.to_be_bytes()[..], &weight.to_be_bytes(), &size.to_be_bytes(), &properties].concat();
    let channel = number::<u16>(words.first().ok_or("header CHANNEL class=N size=N \"properties\"")?)?;
    let head = [&[HEADER][..], &channel.to_be_bytes(), &(payload.len() as u32).to_be_bytes()].concat();
    Ok([&head[..], &payload, &[END]].concat())
}

/// A quoted text with `\xNN`, `\"` and `\\`.
fn text(quoted: &str) -> Result<Vec<u8>, String> {
    let inner = quoted.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let inner = inner.ok_or("a text stands between quotes")?;
    let mut bytes = Vec::new();
    let mut rest = inner.as_bytes();
    while let [byte, tail @ ..] = rest {
        rest = match (byte, tail) {
            (b'\\', [b'x', a, b, tail @ ..]) => {
                let digits = [*a, *b];
                let digits = std::str::from_utf8(&digits).map_err(|_| "\\x needs two hexadecimal digits")?;
                bytes.push(u8::from_str_radix(digits, 16).map_err(|_| "\\x needs two hexadecimal digits")?);
                tail
            }
            (b'\\', [escaped @ (b'"' | b'\\'), tail @ ..]) => {
                bytes.push(*escaped);
                tail
            }
            (b'\\', _) => return Err("a backslash stands before x, \" or \\".to_string()),
            _ => {
                bytes.push(*byte);
                tail
            }
        };
    }
    Ok(bytes)
}

/// What a server sent, a line for each frame.
pub fn show(mut bytes: &[u8]) -> Vec<String> {
    let mut lines = Vec::new();
    while !bytes.is_empty() {
        let head = bytes.first_chunk::<HEAD_LEN>().filter(|head| head[0] <= 8);
        let size = head.map(|head| u32::from_be_bytes([head[3], head[4], head[5], head[6]]) as usize);
        let Some((head, payload)) = head.zip(size.and_then(|size| bytes.get(HEAD_LEN..HEAD_LEN + size))) else {
            lines.push(format!("bytes {}", quote(bytes)));
            break;
        };
        let channel = u16::from_be_bytes([head[1], head[2]]);
        lines.push(match head[0] {
            METHOD => format!("{channel} {}", show_method(payload)),
            HEADER => format!("{channel} header {}", quote(payload)),
            BODY if payload.len() > 40 => format!("{channel} body of {} bytes", payload.len()),
            BODY => format!("{channel} body {}", quote(payload)),
            kind => format!("{channel} frame {kind} {}", quote(payload)),
        });
        bytes = bytes.get(HEAD_LEN + payload.len() + 1..).unwrap_or_default();
    }
    lines
}

/// A method; of `connection.start` not the texts that name the machine and the program.
fn show_method(payload: &[u8]) -> String {
    let mut reader = Reader::new(payload);
    let method = reader.short().zip(reader.short()).and_then(|(class, method)| reader.arguments(class, method));
    // What is left over is of another protocol.
    let method = method.filter(|_| reader.rest.is_empty());
    let Some(mut method) = method else { return format!("method {}", quote(payload)) };
    if let Method::ConnectionStart(start) = &mut method {
        // RabbitMQ names its mechanisms in an order that differs from node to node.
        let mut mechanisms: Vec<String> = start.mechanisms.0.text().split(' ').map(str::to_string).collect();
        mechanisms.sort();
        start.mechanisms.0 = Bytes::from(mechanisms.join(" "));
        for (name, value) in &mut start.server_properties.0 {
            if matches!(value, Value::LongStr(_)) && *name != *"product" && *name != *"version" {
                *value = Value::LongStr(Bytes::from("..."));
            }
        }
    }
    print_frame(&Frame::from(method))
}

fn quote(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            0x20..0x7f => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text + "\""
}
