//! Tests as text: what is typed into redis-cli, `----`, and what it prints. Pure, so that the same files are replayed natively, in the
//! browser, and by the recorder that asks a real server.
//!
//! A block ends at an empty line; what one block leaves behind, the next one finds. Lines that start with `#` between blocks are prose.
//! Within a block, before `----`:
//! - `!advance 150ms` lets time pass (a recorder really waits), `!client 2` goes on as another client;
//! - `!sorted`, `!kind` and `!near 50` say how the next command's reply is compared: its elements in any order, only its kind, or with
//!   numbers that may be off by so much, for what a real server answers by chance or by its clock.
//!
//! An argument `@2` stands for the number that the server knows client 2 by.
//!
//! What a client gets beside the answer to the command that stands there (the late answer to one that blocked, messages, the end of
//! its connection) is printed after that answer, below a line `client 2 gets:`, the client of the lowest number first.

use super::console::{Line, format_push, format_reply, parse_line};
use super::reply::{Reply, Resp};
use super::store::{ClientId, Cx, EPOCH_MS, Limits, Out, Sent, Store};
use crate::bytes::Bytes;
use crate::prng::Prng;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::{format, string::String, string::ToString, vec::Vec};

/// How a reply is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rule {
    /// To the byte.
    #[default]
    Exact,
    /// With the elements of its arrays in order.
    Sorted,
    /// Only what kind of reply it is.
    Kind,
    /// With numbers that may be so much more or less.
    Near(i64),
}

impl Rule {
    /// What stands in the transcript for this reply, as it came over the wire.
    pub fn show(self, reply: &Reply) -> String {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        match self {
            Rule::Exact | Rule::Near(_) => text(format_push(reply)),
            Rule::Sorted => text(format_push(&sorted(reply.clone()))),
            Rule::Kind => format!("({:?})\n", reply.kind()).to_lowercase(),
        }
    }
}

fn sorted(reply: Reply) -> Reply {
    let all = |items: Vec<Reply>| {
        let mut items: Vec<_> = items.into_iter().map(sorted).collect();
        // Only leaves change places: in the reply of SCAN, the cursor stays before the list.
        if items.iter().all(|item| !matches!(item, Reply::Array(_) | Reply::Set(_))) {
            items.sort_by_key(format_reply);
        }
        items
    };
    match reply {
        Reply::Array(items) => Reply::Array(all(items)),
        Reply::Set(items) => Reply::Set(all(items)),
        Reply::Map(mut pairs) => {
            pairs.sort_by_key(|(key, _)| format_reply(key));
            Reply::Map(pairs)
        }
        other => other,
    }
}

/// What clients got of late.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// The replies of each client, as they came over the wire.
    pub replies: BTreeMap<ClientId, Vec<Reply>>,
    /// Whose connection the store has ended.
    pub closed: Vec<ClientId>,
}

impl Heard {
    /// What stands in the transcript: first what `caller` got, as `rule` shows it, then what others got.
    pub fn show(&self, caller: Option<(ClientId, Rule)>) -> String {
        let mut text = String::new();
        if let Some((client, rule)) = caller {
            for reply in self.replies.get(&client).into_iter().flatten() {
                text += &rule.show(reply);
            }
        }
        for (client, replies) in &self.replies {
            if caller.is_none_or(|(caller, _)| caller != *client) && !replies.is_empty() {
                text += &format!("client {} gets:\n", client.0);
                replies.iter().for_each(|reply| text += &Rule::Exact.show(&without_time(reply)));
            }
        }
        for client in &self.closed {
            text += &format!("client {} is disconnected\n", client.0);
        }
        text
    }
}

/// A line of MONITOR with neither its time nor the address of the client it tells of; any other reply as it is.
fn without_time(reply: &Reply) -> Reply {
    let Reply::Status(line) = reply else { return reply.clone() };
    let text = String::from_utf8_lossy(line);
    let parts = text.split_once(" [").and_then(|(time, rest)| Some((time, rest.split_once("] ")?)));
    match parts {
        Some((time, (place, rest))) if time.parse::<f64>().is_ok() => {
            let db = place.split(' ').next().unwrap_or_default();
            Reply::Status(format!("TIME [{db} ADDRESS] {rest}").into_bytes().into())
        }
        _ => reply.clone(),
    }
}

/// Whoever answers the commands of a transcript.
pub trait Player {
    /// Runs a command for a client; its reply is shown as `rule` says, then what else was heard.
    fn command(&mut self, client: ClientId, args: &[Bytes], rule: Rule) -> String;
    /// Lets time pass, and shows what was heard in it.
    fn advance(&mut self, ms: u64) -> String;
}

/// The engine as a player: an empty store at the epoch.
#[derive(Debug)]
pub struct Engine {
    store: Store,
    prng: Prng,
    now_ms: u64,
    /// What clients sent while they waited for an answer.
    unread: BTreeMap<ClientId, VecDeque<Vec<Bytes>>>,
}

impl Default for Engine {
    fn default() -> Self {
        let store = Store::new(Limits::default());
        Engine { store, prng: Prng::new(1), now_ms: EPOCH_MS, unread: BTreeMap::new() }
    }
}

impl Engine {
    /// Runs a command and returns its whole reply. The state is checked after it.
    pub fn reply(&mut self, client: ClientId, args: &[Bytes]) -> Reply {
        self.call(client, args, &mut Vec::new())
    }

    fn call(&mut self, client: ClientId, args: &[Bytes], out: &mut Vec<Out>) -> Reply {
        if !self.store.is_open(client) {
            self.store.client_open(client);
        }
        let mut events = Vec::new();
        let mut cx = Cx { now_ms: self.now_ms, prng: &mut self.prng, events: Some(&mut events), out, meanwhile: None };
        let reply = self.store.call(client, args, &mut cx);
        self.store.check();
        reply
    }

    /// Runs a command, or keeps it for later if its client waits, and returns all that was heard.
    pub fn hear(&mut self, client: ClientId, args: &[Bytes]) -> Heard {
        let mut heard = Heard::default();
        let mut args = args.to_vec();
        if let Some((place, other)) = named(&args) {
            if !self.store.is_open(other) {
                self.store.client_open(other);
            }
            args[place] = Bytes::from(other.0.to_string());
        }
        self.unread.entry(client).or_default().push_back(args);
        self.read_on(&mut heard);
        heard
    }

    /// Moves the clock to a moment, in Unix milliseconds, and returns what was heard.
    pub fn hear_time(&mut self, now_ms: u64) -> Heard {
        let (mut heard, mut out) = (Heard::default(), Vec::new());
        self.now_ms = now_ms;
        let mut cx = Cx { now_ms, prng: &mut self.prng, events: None, out: &mut out, meanwhile: None };
        self.store.tick(&mut cx);
        self.deliver(out, &mut heard);
        self.read_on(&mut heard);
        heard
    }

    /// Moves the clock to a moment, in Unix milliseconds.
    pub fn set_clock(&mut self, now_ms: u64) {
        self.hear_time(now_ms);
    }

    /// Runs what clients have sent and may run now.
    fn read_on(&mut self, heard: &mut Heard) {
        let ready = |engine: &Engine| {
            let waits =
                |(client, lines): &(&ClientId, &VecDeque<_>)| !lines.is_empty() && !engine.store.is_blocked(**client);
            engine.unread.iter().find(waits).map(|(client, _)| *client)
        };
        while let Some(client) = ready(self) {
            let Some(args) = self.unread.get_mut(&client).and_then(VecDeque::pop_front) else { return };
            let (before, mut out) = (self.store.resp(client), Vec::new());
            let reply = self.call(client, &args, &mut out);
            let resp = if self.store.is_open(client) { self.store.resp(client) } else { before };
            heard.replies.entry(client).or_default().extend(reply.over_the_wire(resp));
            self.deliver(out, heard);
        }
    }

    fn deliver(&mut self, out: Vec<Out>, heard: &mut Heard) {
        for Out { client, sent } in out {
            match sent {
                Sent::Reply(reply) => {
                    let resp = self.store.resp(client);
                    heard.replies.entry(client).or_default().extend(reply.over_the_wire(resp));
                }
                Sent::Close => {
                    self.store.client_close(client);
                    self.unread.remove(&client);
                    heard.closed.push(client);
                }
                Sent::Bytes(_) | Sent::Shutdown => {}
            }
        }
    }

    /// The protocol that a client speaks.
    pub fn resp(&self, client: ClientId) -> Resp {
        self.store.resp(client)
    }
}

/// The argument that stands for a client's number, `@2`, and the client.
pub fn named(args: &[Bytes]) -> Option<(usize, ClientId)> {
    args.iter().enumerate().find_map(|(place, arg)| {
        let digits = arg.text().strip_prefix('@')?.parse().ok()?;
        Some((place, ClientId(digits)))
    })
}

impl Player for Engine {
    fn command(&mut self, client: ClientId, args: &[Bytes], rule: Rule) -> String {
        self.hear(client, args).show(Some((client, rule)))
    }

    fn advance(&mut self, ms: u64) -> String {
        self.hear_time(self.now_ms + ms).show(None)
    }
}

/// What a replay found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// The whole file with the outputs that the player gave.
    pub text: String,
    /// How many commands ran.
    pub commands: u32,
    /// Each block whose output is not what the file says, with its line number.
    pub differences: Vec<String>,
    /// The commands' names, in small letters, in order, each as often as it ran: `set`, or `object encoding` with the word behind it.
    pub names: Vec<String>,
}

/// Plays a transcript. The error says which line cannot be read.
pub fn play(text: &str, player: &mut dyn Player) -> Result<Played, String> {
    let mut played = Played::default();
    let mut client = ClientId(1);
    let mut lines = text.lines().enumerate().peekable();
    while let Some((number, line)) = lines.next() {
        played.text += line;
        played.text.push('\n');
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (mut output, mut rule) = (String::new(), Rule::Exact);
        let mut current = line;
        while current != "----" {
            let problem = |what: &str| format!("line {}: {what}: {current}", number + 1);
            match current.strip_prefix('!') {
                Some(directive) => {
                    output += &direct(directive, player, &mut client, &mut rule)
                        .ok_or_else(|| problem("no such directive"))?;
                }
                None => {
                    output += &run_line(current, player, client, rule, &mut played)
                        .ok_or_else(|| problem("not for a transcript"))?;
                    rule = Rule::Exact;
                }
            }
            current = lines
                .next()
                .map(|(_, line)| line)
                .filter(|line| !line.is_empty())
                .ok_or_else(|| problem("---- is missing"))?;
            played.text += current;
            played.text.push('\n');
        }
        let mut expected = String::new();
        while let Some((_, line)) = lines.next_if(|(_, line)| !line.is_empty()) {
            expected += line;
            expected.push('\n');
        }
        if expected != output {
            let at = number + 1;
            played.differences.push(format!("line {at}: {line}\n-- expected\n{expected}-- got\n{output}"));
        }
        played.text += &output;
    }
    Ok(played)
}

fn run_line(line: &str, player: &mut dyn Player, client: ClientId, rule: Rule, played: &mut Played) -> Option<String> {
    match parse_line(line.as_bytes()) {
        Line::Text(text) => Some(text.to_string()),
        Line::Command(args, times) => {
            played.commands += times;
            let words = args.iter().take(2).map(|arg| arg.text().to_lowercase());
            played.names.push(words.collect::<Vec<_>>().join(" "));
            Some((0..times).map(|_| player.command(client, &args, rule)).collect())
        }
        Line::Empty | Line::Unknown(..) | Line::Help(_) | Line::Hints(_) | Line::Clear | Line::Quit => None,
    }
}

/// Follows a directive, and returns what was heard meanwhile.
fn direct(directive: &str, player: &mut dyn Player, client: &mut ClientId, rule: &mut Rule) -> Option<String> {
    let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
    match word {
        "advance" => return Some(player.advance(rest.strip_suffix("ms")?.parse().ok()?)),
        "client" => *client = ClientId(rest.parse().ok()?),
        "sorted" => *rule = Rule::Sorted,
        "kind" => *rule = Rule::Kind,
        "near" => *rule = Rule::Near(rest.parse().ok()?),
        _ => return None,
    }
    Some(String::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_told_and_the_text_rewritten() {
        let played = play("# story\nset k v\n2 strlen k\n----\nOK\n(integer) 1\nwrong\n\n", &mut Engine::default())
            .expect("it reads");
        assert_eq!(played.text, "# story\nset k v\n2 strlen k\n----\nOK\n(integer) 1\n(integer) 1\n\n");
        assert_eq!((played.commands, played.differences.len()), (3, 1));
        assert_eq!(play(&played.text, &mut Engine::default()).expect("it reads").differences, Vec::<String>::new());
        assert!(play("set k v\n\n", &mut Engine::default()).is_err());
        assert!(play("!sleep\n----\n", &mut Engine::default()).is_err());
    }

    #[test]
    fn what_others_get_is_shown() {
        let text = "subscribe a\n!client 2\npublish a b\n----\n";
        let played = play(text, &mut Engine::default()).expect("it reads");
        assert!(played.text.ends_with("(integer) 1\nclient 1 gets:\n1) \"message\"\n2) \"a\"\n3) \"b\"\n"));
    }
}
