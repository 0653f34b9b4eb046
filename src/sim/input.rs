//! Inputs: everything that reaches the world from outside. A run is a seed and its inputs.

use alloc::{format, string::String};
use core::fmt;

use crate::{
    amqp::{
        method::Frame,
        text::{parse_frame, print_frame},
    },
    bytes::Bytes,
    program::spec::{DURATION, Spec, parse_ms},
    script::{Fault, quote, words},
};

/// One thing done to the world.
#[allow(clippy::large_enum_variant, reason = "a run has few inputs, and a box would be in the way of every match")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Input {
    /// `start NAME KIND option=value ...`: a process begins to run a program.
    Start {
        /// Its name; a name that is taken replaces a process that has ended.
        name: Bytes,
        /// Its program.
        spec: Spec,
    },
    /// `restart NAME`: a process that has ended begins again at its first line.
    Restart {
        /// Its name.
        name: Bytes,
    },
    /// `kill NAME`: a process is gone at once and its connection is cut.
    Kill {
        /// Its name.
        name: Bytes,
    },
    /// `broker stop`: a clean shutdown.
    BrokerStop,
    /// `broker kill`: as if the power went.
    BrokerKill,
    /// `broker start`.
    BrokerStart,
    /// `amqp NAME METHOD argument=value ...`: a method sent by hand, over a connection of that name (opened when first used).
    Amqp {
        /// The client's name.
        client: Bytes,
        /// What is sent.
        frame: Frame,
    },
    /// `redis LINE`, or `redis#2 LINE`: a line typed in a console.
    Redis {
        /// The console's number, from 1.
        client: u32,
        /// The line as it was typed.
        line: Bytes,
    },
    /// `definitions {...}`: a file of definitions is imported into the broker.
    Definitions {
        /// The file.
        text: Bytes,
    },
    /// `wait 500ms`: the clock is to be seen passing this moment.
    Wait {
        /// How long from now.
        ms: u64,
    },
}

/// The longest line of an input, in bytes.
pub const MAX_LINE: usize = 16 * 1024;

/// The longest line that brings definitions, in bytes: some thousands of queues and bindings. Such a run has no link, which holds less.
pub const MAX_DEFINITIONS: usize = 4 << 20;

/// The most consoles that can be open.
pub const MAX_CONSOLES: u32 = 8;

impl Input {
    /// Reads one line of a script.
    ///
    /// # Errors
    /// What is wrong, and at which column.
    pub fn parse(line: &str) -> Result<Input, Fault> {
        let trimmed = line.trim_start();
        let limit = if trimmed.starts_with("definitions ") { MAX_DEFINITIONS } else { MAX_LINE };
        if line.len() > limit {
            return Err(Fault::at(1, format!("a line is at most {limit} bytes long, this one has {}", line.len())));
        }
        let indent = line.len() - trimmed.len();
        let (verb, rest) = trimmed.split_once(' ').unwrap_or((trimmed, ""));
        let at = indent + verb.len() + 1;
        match verb {
            "redis" => redis(1, rest),
            "amqp" => amqp(rest, at),
            "definitions" if !rest.is_empty() => Ok(Input::Definitions { text: rest.into() }),
            "definitions" => Err(Fault::at(at, "expected: definitions {\"queues\": [...], ...}".into())),
            _ => match verb.strip_prefix("redis#") {
                None => by_words(trimmed, indent),
                Some(number) => match number.parse() {
                    Ok(client) if (1..=MAX_CONSOLES).contains(&client) => redis(client, rest),
                    _ => Err(Fault::at(indent + 7, format!("consoles are numbered 1 to {MAX_CONSOLES}"))),
                },
            },
        }
    }
}

fn redis(client: u32, line: &str) -> Result<Input, Fault> {
    Ok(Input::Redis { client, line: line.into() })
}

fn amqp(rest: &str, at: usize) -> Result<Input, Fault> {
    let (client, text) = rest.split_once(' ').unwrap_or((rest, ""));
    if client.is_empty() {
        return Err(Fault::at(at, "expected: amqp NAME METHOD argument=value ...".into()));
    }
    let column = at + client.len() + 1;
    let frame = parse_frame(text).map_err(|error| Fault::at(column + error.column as usize, error.message))?;
    Ok(Input::Amqp { client: client.into(), frame })
}

/// The inputs whose arguments are plain words.
fn by_words(text: &str, indent: usize) -> Result<Input, Fault> {
    let words = words(text).map_err(|fault| Fault::at(indent + fault.column, fault.message))?;
    let fault = |index: usize, message: String| {
        Err(Fault::at(indent + words.get(index).map_or(text.len(), |word| word.column), message))
    };
    let argument = |index: usize| words.get(index).map(|word| &word.text);
    let verb = argument(0).map_or(Bytes::default(), Bytes::clone);
    match (&*verb.text(), argument(1), argument(2)) {
        ("start", Some(name), Some(kind)) => {
            let options = words[3..]
                .iter()
                .map(|word| match word.text.text().split_once('=') {
                    Some((key, value)) => (Bytes::from(key), Bytes::from(value)),
                    None => (word.text.clone(), Bytes::default()),
                })
                .collect();
            let spec = Spec { kind: kind.clone(), options };
            // A program that cannot be built is refused here, where line and column are known.
            match spec.build() {
                Ok(_) => Ok(Input::Start { name: name.clone(), spec }),
                Err(message) => fault(2, message),
            }
        }
        ("start", _, _) => fault(0, "expected: start NAME KIND option=value ...".into()),
        ("restart", Some(name), None) => Ok(Input::Restart { name: name.clone() }),
        ("kill", Some(name), None) => Ok(Input::Kill { name: name.clone() }),
        ("restart" | "kill", _, _) => fault(0, format!("expected: {verb} NAME")),
        ("broker", Some(action), None) => match &*action.text() {
            "stop" => Ok(Input::BrokerStop),
            "kill" => Ok(Input::BrokerKill),
            "start" => Ok(Input::BrokerStart),
            _ => fault(1, "expected: broker stop, broker kill or broker start".into()),
        },
        ("broker", _, _) => fault(0, "expected: broker stop, broker kill or broker start".into()),
        ("wait", Some(time), None) => match parse_ms(&time.text()) {
            Some(ms) => Ok(Input::Wait { ms }),
            None => fault(1, DURATION.into()),
        },
        ("wait", _, _) => fault(0, DURATION.into()),
        ("", _, _) => fault(0, "expected an input, found nothing".into()),
        _ => fault(
            0,
            format!("'{verb}' is no input; there are start, restart, kill, broker, amqp, definitions, redis and wait"),
        ),
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Input::Start { name, spec } => {
                write!(f, "start {} {}", quote(name), quote(&spec.kind))?;
                for (key, value) in &spec.options {
                    if value.is_empty() {
                        write!(f, " {}", quote(key))?;
                    } else {
                        write!(f, " {}", quote(&Bytes::from(format!("{key}={value}"))))?;
                    }
                }
                Ok(())
            }
            Input::Restart { name } => write!(f, "restart {}", quote(name)),
            Input::Kill { name } => write!(f, "kill {}", quote(name)),
            Input::BrokerStop => f.write_str("broker stop"),
            Input::BrokerKill => f.write_str("broker kill"),
            Input::BrokerStart => f.write_str("broker start"),
            Input::Amqp { client, frame } => write!(f, "amqp {client} {}", print_frame(frame)),
            Input::Redis { client: 1, line } => write!(f, "redis {line}"),
            Input::Redis { client, line } => write!(f, "redis#{client} {line}"),
            Input::Definitions { text } => write!(f, "definitions {text}"),
            Input::Wait { ms } => write!(f, "wait {ms}ms"),
        }
    }
}
