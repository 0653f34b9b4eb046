//! Transcripts: what clients say to a broker and what each of them hears, as text. The same file is replayed by the engine and,
//! by `cargo xtask record amqp`, on the real RabbitMQ, which writes what is heard.
//!
//! ```text
//! # A sentence of story.
//! c1 connect 1
//! c1.1 queue.declare queue=q
//! ----
//! c1.1 queue.declare-ok queue=q message_count=0 consumer_count=0
//! ```
//!
//! Blocks are parted by an empty line. The commands:
//!
//! - `c1 connect 1 2`: a connection called `c1` with the channels 1 and 2 open (their handshake is not shown);
//!   `c1 connect 1 plain` announces no client capabilities, `c1 connect 1 vhost=v` is for another virtual host
//! - `c1.1 queue.declare queue=q`: a frame on channel 1, written as in [`text`](super::text); `c1 connection.close` is channel 0
//! - `c1 disconnect`: the socket is cut, without a goodbye
//! - `broker stop`, `broker start`, `broker kill`, `broker restart`: a clean stop, a start, a power cut, stop and start
//! - `broker import {...}`: definitions are imported; `broker clear-policy NAME`, `broker clear-operator-policy NAME` (of `/`) and
//!   `broker delete-vhost NAME`: an operator's commands
//! - `advance 300ms`: time passes
//! - `c1.1 topic-grid a b 3`: see [`grid`]
//!
//! The broker comes to rest after each command; a command behind `& ` follows the one before it at once. Clients answer
//! `channel.close` and `connection.close` by themselves. Below `----` stands what each channel heard, in order; channels are
//! sorted, because their order among each other cannot be observed. Names that the server makes up are numbered: `<gen:1>` for
//! `amq.gen-...`, `<ctag:1>` for `amq.ctag-...`, `<reply:1>` for `amq.rabbitmq.reply-to....`; commands can use them.

pub mod engine;
pub mod grid;
mod names;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use self::names::Names;
use super::definitions::json::Json;
use super::method::Frame;
use super::text::{parse_frame, print_frame};

/// A transcript that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u32,
    /// What is wrong, as a sentence.
    pub message: String,
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// One command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A client connects and opens channels.
    Connect {
        /// The client's name.
        client: String,
        /// The channels it opens.
        channels: Vec<u16>,
        /// Whether it announces the capabilities that pika announces; without, none.
        capabilities: bool,
        /// The virtual host it opens.
        vhost: String,
    },
    /// A client's socket is cut.
    Disconnect {
        /// The client's name.
        client: String,
    },
    /// A client sends a frame. It is read when its turn comes, as it may hold `<gen:1>`.
    Send {
        /// The client's name.
        client: String,
        /// The channel.
        channel: u16,
        /// The frame's text.
        frame: String,
    },
    /// `topic-grid`: every pattern against every key.
    Grid {
        /// The client's name.
        client: String,
        /// The channel.
        channel: u16,
        /// The words that patterns and keys are made of.
        grid: grid::Grid,
    },
    /// Something happens to the broker itself.
    Power(Power),
    /// An operator does something.
    Operator(Operator),
    /// Time passes.
    Advance {
        /// How much, in ms.
        ms: u64,
    },
}

/// What can happen to the broker itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// A clean stop.
    Stop,
    /// A start.
    Start,
    /// The end without a goodbye, as by `kill -9`.
    Kill,
}

/// What an operator does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operator {
    /// Imports definitions.
    Import(String),
    /// Clears a policy of the virtual host `/`, or an operator policy.
    ClearPolicy {
        /// Its name.
        name: String,
        /// Whether it is an operator policy.
        operator: bool,
    },
    /// Deletes a virtual host.
    DeleteVhost(String),
}

/// A command and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The line's number, from 1.
    pub number: u32,
    /// The line as it is written.
    pub text: String,
    /// Whether it follows the command before it at once.
    pub at_once: bool,
    /// What it says; two commands for `broker restart`.
    pub commands: Vec<Command>,
}

/// Story, commands and what was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Block {
    /// The story, each line with its `#`.
    pub story: Vec<String>,
    /// The commands.
    pub lines: Vec<Line>,
    /// What is to be heard, a line each.
    pub heard: Vec<String>,
}

/// What a client hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The client's name.
    pub client: String,
    /// The channel; 0 for the connection itself.
    pub channel: u16,
    /// The frame; none when the connection was cut without a goodbye.
    pub frame: Option<Frame>,
}

/// A broker and its clients: the engine, or the real server behind sockets.
pub trait Stage {
    /// What can go wrong with the stage itself, which no transcript tells.
    type Error;

    /// A client connects and opens channels.
    ///
    /// # Errors
    /// The server cannot be reached.
    fn connect(&mut self, client: &str, channels: &[u16], capabilities: bool) -> Result<(), Self::Error>;

    /// The next [`Stage::connect`] opens this virtual host instead of `/`.
    fn enter(&mut self, vhost: &str);

    /// An operator does something.
    ///
    /// # Errors
    /// It is refused.
    fn operate(&mut self, task: &Operator) -> Result<(), Self::Error>;

    /// Whether the client has a connection that was neither closed nor cut.
    fn is_connected(&self, client: &str) -> bool;

    /// A client's socket is cut.
    ///
    /// # Errors
    /// The stage is broken.
    fn disconnect(&mut self, client: &str) -> Result<(), Self::Error>;

    /// A client sends a frame.
    ///
    /// # Errors
    /// The stage is broken.
    fn send(&mut self, client: &str, channel: u16, frame: Frame) -> Result<(), Self::Error>;

    /// Something happens to the broker itself.
    ///
    /// # Errors
    /// The server cannot be stopped or started.
    fn power(&mut self, power: Power) -> Result<(), Self::Error>;

    /// Time passes.
    ///
    /// # Errors
    /// The stage is broken.
    fn advance(&mut self, ms: u64) -> Result<(), Self::Error>;

    /// Waits until the broker is at rest, with every close answered, and tells what was heard since the last time.
    ///
    /// # Errors
    /// The broker does not come to rest.
    fn settle(&mut self) -> Result<Vec<Heard>, Self::Error>;
}

/// Reads a transcript.
///
/// # Errors
/// The first line that is not understood.
pub fn parse(text: &str) -> Result<Vec<Block>, Fault> {
    let mut blocks = Vec::new();
    let mut block = Block::default();
    let mut below = false;
    for (line, number) in text.lines().zip(1..) {
        match line {
            "" => {
                blocks.push(core::mem::take(&mut block));
                below = false;
            }
            "----" if !below => below = true,
            _ if below => block.heard.push(line.to_string()),
            _ if line.starts_with('#') && block.lines.is_empty() => block.story.push(line.to_string()),
            _ => block.lines.push(parse_line(line, number)?),
        }
    }
    blocks.push(block);
    blocks.retain(|block| *block != Block::default());
    Ok(blocks)
}

/// Plays blocks on a stage; the same blocks with what was heard now.
///
/// # Errors
/// The stage is broken.
pub fn replay<S: Stage>(blocks: &[Block], stage: &mut S) -> Result<Vec<Block>, S::Error> {
    let mut player = Player::default();
    blocks.iter().map(|block| Ok(Block { heard: player.play(&block.lines, stage)?, ..block.clone() })).collect()
}

/// Plays lines one after the other, and keeps the numbers of the names that the server made up.
#[derive(Clone, Debug, Default)]
pub struct Player {
    names: Names,
}

impl Player {
    /// The text with what stands for a name that the server made up, `<gen:1>`, in its place.
    pub fn shown(&self, text: &str) -> String {
        self.names.clone().hide(text)
    }

    /// The text with the names that the server made up in the places of what stands for them.
    pub fn meant(&self, text: &str) -> String {
        self.names.reveal(text)
    }

    /// Plays lines on a stage; what was heard, a line each.
    ///
    /// # Errors
    /// The stage is broken.
    pub fn play<S: Stage>(&mut self, lines: &[Line], stage: &mut S) -> Result<Vec<String>, S::Error> {
        let mut heard = Vec::new();
        for (index, line) in lines.iter().enumerate() {
            for command in &line.commands {
                perform(command, stage, &self.names, &mut heard)?;
            }
            if !lines.get(index + 1).is_some_and(|next| next.at_once) {
                settle(stage, &mut self.names, &mut heard)?;
            }
        }
        // A stable sort: the order within a channel is what was heard.
        heard.sort_by(|a: &Said, b: &Said| a.place.cmp(&b.place));
        Ok(heard.into_iter().map(|said| said.line).collect())
    }
}

/// Writes a transcript as [`parse`] reads it.
pub fn print(blocks: &[Block]) -> String {
    let mut text = String::new();
    for (index, block) in blocks.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let commands = block.lines.iter().map(|line| &line.text);
        let mut lines: Vec<&str> = block.story.iter().chain(commands).map(String::as_str).collect();
        if !block.lines.is_empty() {
            lines.push("----");
        }
        lines.extend(block.heard.iter().map(String::as_str));
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// A line of output and what it is sorted by.
struct Said {
    place: (String, u16),
    line: String,
}

fn say(client: &str, channel: u16, text: &str) -> Said {
    let line = if channel == 0 { format!("{client} {text}") } else { format!("{client}.{channel} {text}") };
    Said { place: (client.to_string(), channel), line }
}

fn settle<S: Stage>(stage: &mut S, names: &mut Names, said: &mut Vec<Said>) -> Result<(), S::Error> {
    let mut heard = stage.settle()?;
    // Sorted before names are numbered, so that the numbers do not depend on which socket was read first.
    heard.sort_by(|a, b| (&a.client, a.channel).cmp(&(&b.client, b.channel)));
    for Heard { client, channel, frame } in heard {
        let text = frame.map_or("cut".to_string(), |frame| names.hide(&print_frame(&frame)));
        said.push(say(&client, channel, &text));
    }
    Ok(())
}

fn perform<S: Stage>(command: &Command, stage: &mut S, names: &Names, said: &mut Vec<Said>) -> Result<(), S::Error> {
    match command {
        Command::Connect { client, channels, capabilities, vhost } => {
            stage.enter(vhost);
            stage.connect(client, channels, *capabilities)
        }
        Command::Operator(task) => stage.operate(task),
        Command::Power(power) => stage.power(*power),
        Command::Advance { ms } => stage.advance(*ms),
        Command::Disconnect { client } | Command::Send { client, .. } | Command::Grid { client, .. }
            if !stage.is_connected(client) =>
        {
            said.push(say(client, 0, "is not connected"));
            Ok(())
        }
        Command::Disconnect { client } => stage.disconnect(client),
        Command::Send { client, channel, frame } => match parse_frame(&names.reveal(frame)) {
            Ok(frame) => stage.send(client, *channel, frame),
            Err(error) => {
                said.push(say(client, *channel, &format!("cannot say this: {error}")));
                Ok(())
            }
        },
        Command::Grid { client, channel, grid } => {
            let lines = grid::play(grid, stage, client, *channel)?;
            said.extend(lines.iter().map(|line| say(client, *channel, line)));
            Ok(())
        }
    }
}

fn parse_line(text: &str, number: u32) -> Result<Line, Fault> {
    let fault = |message: &str| Fault { line: number, message: message.to_string() };
    let (at_once, command) = text.strip_prefix("& ").map_or((false, text), |rest| (true, rest));
    let commands = parse_command(command).map_err(|message| fault(&message))?;
    Ok(Line { number, text: text.to_string(), at_once, commands })
}

fn parse_command(text: &str) -> Result<Vec<Command>, String> {
    let (who, rest) = text.split_once(' ').ok_or("expected a client and what it does, such as: c1 connect")?;
    if who == "broker" {
        return Ok(match rest {
            "stop" => Vec::from([Command::Power(Power::Stop)]),
            "start" => Vec::from([Command::Power(Power::Start)]),
            "kill" => Vec::from([Command::Power(Power::Kill)]),
            "restart" => Vec::from([Command::Power(Power::Stop), Command::Power(Power::Start)]),
            _ => Vec::from([Command::Operator(parse_operator(rest)?)]),
        });
    }
    if who == "advance" {
        let ms = rest.strip_suffix("ms").and_then(|digits| digits.parse().ok());
        return Ok(Vec::from([Command::Advance { ms: ms.ok_or("expected a time, such as: advance 300ms")? }]));
    }
    let (client, channel) = who.split_once('.').unwrap_or((who, "0"));
    let channel: u16 = channel.parse().map_err(|_| format!("'{channel}' is not a channel's number"))?;
    let client = client.to_string();
    let mut words = rest.split(' ');
    Ok(Vec::from([match words.next() {
        Some("connect") => {
            let (mut channels, mut capabilities, mut vhost) = (Vec::new(), true, "/".to_string());
            for word in words {
                if let Some(name) = word.strip_prefix("vhost=") {
                    vhost = name.to_string();
                    continue;
                }
                match word.parse() {
                    Ok(number) => channels.push(number),
                    Err(_) if word == "plain" => capabilities = false,
                    Err(_) => return Err(format!("'{word}' is neither a channel's number nor 'plain'")),
                }
            }
            Command::Connect { client, channels, capabilities, vhost }
        }
        Some("disconnect") => Command::Disconnect { client },
        Some("topic-grid") => Command::Grid { client, channel, grid: grid::Grid::parse(words)? },
        _ => {
            // A frame is read now as well, so that a slip is found before any server starts; names are not known yet.
            parse_frame(rest).map_err(|error| error.to_string())?;
            Command::Send { client, channel, frame: rest.to_string() }
        }
    }]))
}

fn parse_operator(text: &str) -> Result<Operator, String> {
    let (verb, rest) = text.split_once(' ').unwrap_or((text, ""));
    match verb {
        "import" => {
            Json::parse(rest).map_err(|error| format!("column {}: {}", error.at + 1, error.message))?;
            Ok(Operator::Import(rest.to_string()))
        }
        "clear-policy" => Ok(Operator::ClearPolicy { name: rest.to_string(), operator: false }),
        "clear-operator-policy" => Ok(Operator::ClearPolicy { name: rest.to_string(), operator: true }),
        "delete-vhost" => Ok(Operator::DeleteVhost(rest.to_string())),
        _ => Err(format!("the broker can stop, start, kill and restart, not '{text}'")),
    }
}

#[cfg(test)]
mod tests {
    use super::engine::Engine;
    use super::*;

    fn played(text: &str) -> String {
        let blocks = parse(text).expect("a transcript");
        match replay(&blocks, &mut Engine::new()) {
            Ok(blocks) => print(&blocks),
            Err(never) => match never {},
        }
    }

    #[test]
    fn what_is_heard_is_sorted_by_channel_and_made_up_names_are_numbered() {
        let text = "# Story.\nb connect 1\na connect 2 1\nb.1 queue.declare\na.2 queue.declare\na.2 queue.declare passive queue=<gen:2>\n\
                    a disconnect\na.1 tx.select\n";
        let heard = "----\na is not connected\na.2 queue.declare-ok queue=<gen:2> message_count=0 consumer_count=0\n\
                     a.2 queue.declare-ok queue=<gen:2> message_count=0 consumer_count=0\n\
                     b.1 queue.declare-ok queue=<gen:1> message_count=0 consumer_count=0\n";
        assert_eq!(played(text), format!("{text}{heard}"));
        // Played again, the old expectation is not part of it.
        assert_eq!(played(&played(text)), played(text));
    }

    #[test]
    fn a_command_behind_an_ampersand_comes_before_the_answer_to_the_last() {
        let wrong = "c connect 1\nc.1 basic.ack delivery_tag=5\n& c.1 tx.select\n\nc.1 channel.open\n";
        let heard = "----\nc.1 channel.close 406 \"PRECONDITION_FAILED - unknown delivery tag 5\" class=60 method=80\n";
        assert!(played(wrong).contains(heard), "{}", played(wrong));
        assert!(played(wrong).ends_with("----\nc.1 channel.open-ok\n"), "{}", played(wrong));
        let settled = wrong.replace("& ", "");
        assert!(played(&settled).contains("c connection.close 504"), "{}", played(&settled));
    }

    #[test]
    fn slips_are_told_with_their_line() {
        for (text, message) in [
            ("# a\nc1\n", "line 2: expected a client and what it does, such as: c1 connect"),
            ("c1 connect\n\nc1.x tx.select\n", "line 3: 'x' is not a channel's number"),
            ("c1 connect one\n", "line 1: 'one' is neither a channel's number nor 'plain'"),
            ("c1.1 queue.declare nmae=q\n", "line 1: column 15: queue.declare has no argument 'nmae'"),
            ("broker explode\n", "line 1: the broker can stop, start, kill and restart, not 'explode'"),
            ("advance 5s\n", "line 1: expected a time, such as: advance 300ms"),
            ("c1.1 topic-grid a b\n", "line 1: expected words and a length from 1 to 4"),
        ] {
            let fault = parse(text).expect_err(text).to_string();
            assert!(fault.starts_with(message), "{text}: {fault}");
        }
    }

    #[test]
    fn time_and_power_are_the_broker_s_own() {
        let text = "c connect 1\nc.1 queue.declare queue=q durable arguments={x-message-ttl=100}\n\
                    c.1 basic.publish routing_key=q body=m delivery_mode=2\nbroker restart\nc connect 1\n\
                    c.1 queue.declare queue=q passive\nadvance 150ms\nc.1 queue.declare queue=q passive\nbroker kill\n";
        let text = played(text);
        for line in ["c connection.close 320", "queue=q message_count=1", "queue=q message_count=0", "c cut"] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
