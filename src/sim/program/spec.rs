//! What a built-in program is told to do: its kind and its options, as they stand in a script line.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};

use super::{Program, listing::Listing, listing::Op, receive, redis_py, rpc, send};
use crate::bytes::Bytes;

/// The kinds of built-in programs, by the name scripts use.
pub const KINDS: [(&str, Build, &[&str]); 5] = [
    ("send", |spec| send::build(spec).map(Writer::program), send::OPTIONS),
    ("receive", |spec| receive::build(spec).map(Writer::program), receive::OPTIONS),
    ("rpc_server", |spec| rpc::build_server(spec).map(Writer::program), rpc::SERVER_OPTIONS),
    ("rpc_client", |spec| rpc::build_client(spec).map(Writer::program), rpc::CLIENT_OPTIONS),
    ("redis", redis_py::build, redis_py::OPTIONS),
];

/// Writes a program from its options.
pub type Build = fn(&Spec) -> Result<Box<dyn Program>, String>;

/// The most rounds, keys or bodies a program may be asked for.
pub const MAX_COUNT: u64 = 100_000;

/// A program to be started: `kind` and `name=value` options.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Spec {
    /// One of [`KINDS`].
    pub kind: Bytes,
    /// Options in the order they were written.
    pub options: Vec<(Bytes, Bytes)>,
}

impl Spec {
    /// Builds the program, or says which option is wrong and why.
    ///
    /// # Errors
    /// A sentence that names the kind or option that does not fit.
    pub fn build(&self) -> Result<Box<dyn Program>, String> {
        let Some((_, build, known)) = KINDS.iter().find(|(name, _, _)| self.kind == *name) else {
            let names: Vec<&str> = KINDS.iter().map(|(name, _, _)| *name).collect();
            return Err(format!("there is no program '{}'; there are {}", self.kind, names.join(", ")));
        };
        for (name, _) in &self.options {
            if !known.iter().any(|option| name == option) {
                return Err(format!("'{}' has no option '{name}'; it has {}", self.kind, known.join(", ")));
            }
        }
        build(self)
    }

    /// The text of an option, if it was given.
    pub fn text(&self, name: &str) -> Option<&Bytes> {
        self.options.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// A flag: given without a value, or as `true` or `1`.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|value| value.is_empty() || *value == "true" || *value == "1")
    }

    /// The comma-separated parts of an option.
    pub fn list(&self, name: &str) -> Vec<Bytes> {
        self.text(name).map_or(Vec::new(), |value| value.text().split(',').map(Bytes::from).collect())
    }

    /// A whole number.
    ///
    /// # Errors
    /// A sentence when it is none, or larger than [`MAX_COUNT`].
    pub fn number(&self, name: &str, default: u64) -> Result<u64, String> {
        match self.text(name) {
            None => Ok(default),
            Some(value) => value
                .text()
                .parse()
                .ok()
                .filter(|n| *n <= MAX_COUNT)
                .ok_or_else(|| format!("{name}={value}: expected a whole number up to {MAX_COUNT}")),
        }
    }

    /// A duration: `250ms`, `2s`, or a bare number of ms.
    ///
    /// # Errors
    /// A sentence when it is none.
    pub fn duration_ms(&self, name: &str, default: u64) -> Result<u64, String> {
        match self.text(name) {
            None => Ok(default),
            Some(value) => parse_ms(&value.text()).ok_or_else(|| format!("{name}={value}: {DURATION}")),
        }
    }
}

/// What a duration must look like.
pub const DURATION: &str = "expected a duration such as 250ms or 2s, at most 1000000s";

/// `250ms`, `2s`, `1.5s` or a bare number of ms; at most 1,000,000 seconds.
pub fn parse_ms(text: &str) -> Option<u64> {
    let ms = match text.strip_suffix("ms") {
        Some(number) => number.parse().ok()?,
        None => match text.strip_suffix('s') {
            None => text.parse().ok()?,
            Some(number) => {
                let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
                if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
                    return None;
                }
                let thousandths: u64 = format!("{fraction:0<3}").parse().ok()?;
                whole.parse::<u64>().ok()?.checked_mul(1000)?.checked_add(thousandths)?
            }
        },
    };
    (ms <= 1_000_000_000).then_some(ms)
}

/// Writes code and operations side by side.
#[derive(Default)]
pub struct Writer {
    /// The lines.
    pub code: Vec<Bytes>,
    /// The operations with their lines, from 1.
    pub ops: Vec<(u16, Op)>,
}

impl Writer {
    /// The program of these lines. Not inlined: the page would have it four times.
    #[inline(never)]
    fn program(self) -> Box<dyn Program> {
        Box::new(Listing::new(self.code, self.ops))
    }

    /// A line of code that does nothing anyone can watch.
    pub fn line(&mut self, text: &str) {
        self.code.push(Bytes::from(text));
    }

    /// A line of code and what it does.
    pub fn does(&mut self, text: &str, op: Op) {
        self.line(text);
        self.also(op);
    }

    /// One more operation of the last line.
    pub fn also(&mut self, op: Op) {
        self.ops.push((self.code.len() as u16, op));
    }

    /// The index of the next operation.
    pub fn here(&self) -> u16 {
        self.ops.len() as u16
    }

    /// The opening that all programs share.
    pub fn connect(&mut self, imports: &str) {
        self.line(imports);
        self.line("");
        self.line("connection = pika.BlockingConnection(");
        self.does("    pika.ConnectionParameters('localhost'))", Op::Connect);
        self.does("channel = connection.channel()", Op::OpenChannel);
        self.line("");
    }
}

/// A Python string literal of these bytes; an f-string where it has a field.
pub fn python_str(value: &Bytes) -> String {
    let text = value.text();
    let quoted: String = text
        .chars()
        .flat_map(|c| match c {
            '\'' => "\\'".chars().collect::<Vec<_>>(),
            '\\' => "\\\\".chars().collect(),
            '\n' => "\\n".chars().collect(),
            other => Vec::from([other]),
        })
        .collect();
    if quoted.contains('{') { format!("f'{quoted}'") } else { format!("'{quoted}'") }
}

/// Seconds as Python writes them: `2`, `0.25`.
pub fn python_seconds(ms: u64) -> String {
    if ms.is_multiple_of(1000) {
        (ms / 1000).to_string()
    } else {
        format!("{}.{:03}", ms / 1000, ms % 1000).trim_end_matches('0').to_string()
    }
}
