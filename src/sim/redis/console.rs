//! The console: what redis-cli does with a line, and how it prints a reply on a terminal.
//!
//! [`parse_line`] needs no store: it is what is typed, as redis-cli reads it. [`format_reply`] is what `redis-cli --no-raw` prints.
//! [`Console`] puts both around a store for one tab of the page.

mod format;
mod line;
mod wire;

pub use format::{format_push, format_reply, quote_into};
pub use line::{Line, MAX_REPEAT, parse_line, split_args};
pub use wire::{MAX_WIRE_BYTES, Wire, encode_request};

use super::Language;
use super::help::{general_help, help};
use super::reply::{Reply, Resp};
use super::store::{ClientId, Cx, Sent, Store};
use crate::bytes::Bytes;
use alloc::{collections::VecDeque, format, string::String, vec::Vec};

/// One tab: a client of the store and what redis-cli remembers beside it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Console {
    client: ClientId,
    db: u8,
    /// In a transaction: the database that was selected before it.
    before_multi: Option<u8>,
    hints: bool,
    state: State,
    /// What has arrived and was not read yet: redis-cli reads only when it waits for an answer.
    unread: VecDeque<Reply>,
    /// What it has sent and received since somebody looked.
    wires: Vec<Wire>,
    /// The language of `help`.
    pub language: Language,
}

/// What a console does between two lines.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State {
    /// Its prompt waits for a line.
    Idle,
    /// It waits for the answer to a command, which is to be sent so many times more.
    Waiting { args: Vec<Bytes>, left: u32, since_ms: u64 },
    /// It prints whatever comes, until it is interrupted: after SUBSCRIBE and MONITOR.
    Reading { since_ms: u64 },
}

/// What a line led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConsoleOutput {
    /// What redis-cli prints, without colours; what is not UTF-8 shows as U+FFFD.
    pub text: String,
    /// What happens beside that.
    pub effect: ConsoleEffect,
}

/// What a line does beside printing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConsoleEffect {
    /// Nothing.
    #[default]
    None,
    /// The screen is cleared.
    Clear,
    /// redis-cli ends.
    Quit,
}

/// The line that stands for Ctrl-C.
pub const INTERRUPT: &str = "^C";
/// How many replies a console keeps that it has not read; the oldest go first.
const MAX_UNREAD: usize = 1_000;
/// How many requests and replies it keeps until somebody looks.
pub const MAX_WIRES: usize = 64;
/// From so many milliseconds on, redis-cli says how long a line took.
const WORTH_TELLING_MS: u64 = 500;

impl Console {
    /// A console for a client that is, or will be, connected.
    pub fn new(client: ClientId, language: Language) -> Self {
        let (state, unread) = (State::Idle, VecDeque::new());
        Console { client, db: 0, before_multi: None, hints: true, state, unread, wires: Vec::new(), language }
    }

    /// Whose commands it sends.
    pub fn client(&self) -> ClientId {
        self.client
    }

    /// Whether it waits for an answer or reads messages: then it has no prompt and takes no line but [`INTERRUPT`].
    pub fn is_busy(&self) -> bool {
        self.state != State::Idle
    }

    /// What stands before the next line: `127.0.0.1:6379> `, or with the database if it is not the first and with `(TX)` in a
    /// transaction: `127.0.0.1:6379[3](TX)> `. Nothing while it is busy.
    pub fn prompt(&self) -> String {
        if self.is_busy() {
            return String::new();
        }
        let db = if self.db == 0 { String::new() } else { format!("[{}]", self.db) };
        let multi = if self.before_multi.is_some() { "(TX)" } else { "" };
        format!("127.0.0.1:6379{db}{multi}> ")
    }

    /// The rest of the syntax of the command that is being typed, to be shown in grey behind it.
    pub fn hint(&self, line: &str) -> Option<String> {
        if self.hints { super::help::hint(line.as_bytes()) } else { None }
    }

    /// Reads a line, runs what it says and prints the answer. A client that is not connected, or no longer, connects anew.
    pub fn run_line(&mut self, store: &mut Store, line: &str, cx: &mut Cx<'_>) -> ConsoleOutput {
        let text = match parse_line(line.as_bytes()) {
            _ if line == INTERRUPT => self.interrupt(store, cx.now_ms),
            Line::Empty => String::new(),
            Line::Text(text) => text.into(),
            Line::Unknown(what, word) => {
                lossy(&[format!("unknown redis-cli {what} '").as_bytes(), &word, b"'\n"].concat())
            }
            Line::Help(words) if words.is_empty() => general_help(),
            Line::Help(words) => help(&words, self.language),
            Line::Hints(hints) => {
                self.hints = hints;
                String::new()
            }
            Line::Clear => return ConsoleOutput { text: String::new(), effect: ConsoleEffect::Clear },
            Line::Quit => return ConsoleOutput { text: String::new(), effect: ConsoleEffect::Quit },
            Line::Command(args, times) => lossy(&self.send(store, args, times, cx.now_ms, cx)),
        };
        ConsoleOutput { text, effect: ConsoleEffect::None }
    }

    /// Takes what the store sends beside the answer to a call, and returns what is printed now.
    pub fn hear(&mut self, store: &mut Store, sent: Sent, cx: &mut Cx<'_>) -> String {
        let mut text = Vec::new();
        match sent {
            Sent::Reply(reply) => self.keep(store.resp(self.client), &reply),
            Sent::Close => {
                self.disconnect(store);
                match core::mem::replace(&mut self.state, State::Idle) {
                    // redis-cli connects anew and sends its command again.
                    State::Waiting { args, left, since_ms } => {
                        return lossy(&self.send(store, args, left + 1, since_ms, cx));
                    }
                    State::Reading { .. } => return "Error: Server closed the connection\n".into(),
                    State::Idle => {}
                }
            }
            // redis-cli would go on reading a copy that nobody can look at.
            Sent::Bytes(_) | Sent::Shutdown => {}
        }
        self.read_on(store, &mut text, cx);
        lossy(&text)
    }

    /// Ctrl-C: what it waits for or reads ends with its connection.
    fn interrupt(&mut self, store: &mut Store, now_ms: u64) -> String {
        match core::mem::replace(&mut self.state, State::Idle) {
            State::Idle => String::new(),
            State::Waiting { .. } => {
                // redis-cli ends here. Whoever starts it again is in the first database.
                self.disconnect(store);
                self.db = 0;
                INTERRUPT.into()
            }
            State::Reading { since_ms } => {
                self.disconnect(store);
                format!("{INTERRUPT}{}", time_taken(since_ms, now_ms))
            }
        }
    }

    /// Takes what it has sent and received since this was called last; of too much, the first.
    pub fn take_wires(&mut self) -> Vec<Wire> {
        core::mem::take(&mut self.wires)
    }

    fn note(&mut self, wire: impl FnOnce() -> Wire) {
        if self.wires.len() < MAX_WIRES {
            self.wires.push(wire());
        }
    }

    fn disconnect(&mut self, store: &mut Store) {
        store.client_close(self.client);
        self.unread.clear();
        self.before_multi = None;
    }

    /// Sends a command so many times, each once the answer before is there.
    fn send(&mut self, store: &mut Store, args: Vec<Bytes>, times: u32, since_ms: u64, cx: &mut Cx<'_>) -> Vec<u8> {
        let mut text = Vec::new();
        let is = |word: &str| args[0].eq_ignore_ascii_case(word.as_bytes());
        let subscribes = is("subscribe") || is("psubscribe") || is("ssubscribe");
        if subscribes || is("monitor") {
            self.state = State::Reading { since_ms };
            if subscribes {
                text.extend_from_slice(b"Reading messages... (press Ctrl-C to quit)\n");
            }
            self.call(store, &args, cx);
        } else {
            self.state = State::Waiting { args: args.clone(), left: times - 1, since_ms };
            self.call(store, &args, cx);
        }
        self.read_on(store, &mut text, cx);
        text
    }

    fn call(&mut self, store: &mut Store, args: &[Bytes], cx: &mut Cx<'_>) {
        if !store.is_open(self.client) {
            store.client_open(self.client);
            self.before_multi = None;
            // redis-cli selects again what was selected before the connection was lost.
            if self.db != 0 {
                let select = [Bytes::from("SELECT"), Bytes::from(format!("{}", self.db))];
                self.note(|| Wire::request(&select));
                let reply = store.call(self.client, &select, cx);
                self.note(|| Wire::reply(&reply, Resp::V2));
            }
        }
        self.note(|| Wire::request(args));
        let (before, sent_before) = (store.resp(self.client), cx.out.len());
        let reply = store.call(self.client, args, cx);
        let resp = if store.is_open(self.client) { store.resp(self.client) } else { before };
        self.keep(resp, &reply);
        // What it is sent beside the answer stands right behind it.
        let mut place = sent_before;
        while let Some(next) = cx.out.get(place) {
            if next.client == self.client
                && let Sent::Reply(_) = next.sent
                && let Sent::Reply(message) = cx.out.remove(place).sent
            {
                self.keep(resp, &message);
            } else {
                place += 1;
            }
        }
    }

    fn keep(&mut self, resp: Resp, reply: &Reply) {
        if *reply != Reply::None {
            self.note(|| Wire::reply(reply, resp));
        }
        if resp == Resp::V3 && has_attribute(reply) {
            self.unread.push_back(reply.clone());
        } else {
            self.unread.extend(reply.over_the_wire(resp));
        }
        while self.unread.len() > MAX_UNREAD {
            self.unread.pop_front();
        }
    }

    /// Reads what it may read now, and sends what is still to be sent.
    fn read_on(&mut self, store: &mut Store, text: &mut Vec<u8>, cx: &mut Cx<'_>) {
        while self.is_busy()
            && let Some(reply) = self.unread.pop_front()
        {
            if has_attribute(&reply) {
                // redis-cli 7.0 cannot read it, and ends here.
                self.disconnect(store);
                (self.db, self.state) = (0, State::Idle);
                text.extend_from_slice(b"Error: Protocol error, got \"|\" as reply type byte\n");
                return;
            }
            let is_push = matches!(reply, Reply::Push(_));
            match &mut self.state {
                State::Idle => return,
                State::Reading { .. } => {
                    text.extend_from_slice(&format_reply(&reply));
                    if matches!(reply, Reply::Error(_)) {
                        self.state = State::Idle;
                    }
                }
                State::Waiting { .. } if is_push => text.extend_from_slice(&format_push(&reply)),
                State::Waiting { args, left, since_ms } => {
                    text.extend_from_slice(&format_push(&reply));
                    let (args, since_ms, again) = (args.clone(), *since_ms, *left > 0);
                    *left = left.saturating_sub(1);
                    self.learn(&args, &reply);
                    if again {
                        self.call(store, &args, cx);
                    } else {
                        self.state = State::Idle;
                        text.extend_from_slice(time_taken(since_ms, cx.now_ms).as_bytes());
                    }
                }
            }
        }
    }

    /// What redis-cli takes from commands that went well, for its prompt.
    fn learn(&mut self, args: &[Bytes], reply: &Reply) {
        let name = args[0].to_ascii_lowercase();
        let failed = matches!(reply, Reply::Error(_));
        match (&name[..], args.len()) {
            (b"select", 2) if !failed => {
                self.db = super::number::parse_integer(&args[1]).and_then(|db| u8::try_from(db).ok()).unwrap_or(0);
            }
            (b"multi", 1) if !failed => self.before_multi = Some(self.db),
            (b"exec", 1) => {
                if let Some(db) = self.before_multi.take()
                    && (failed || matches!(reply, Reply::Nil | Reply::NilArray))
                {
                    self.db = db;
                }
            }
            (b"discard", 1) if !failed => self.db = self.before_multi.take().unwrap_or(self.db),
            (b"reset", 1) if !failed => (self.db, self.before_multi) = (0, None),
            _ => {}
        }
    }
}

fn has_attribute(reply: &Reply) -> bool {
    match reply {
        Reply::Attribute(..) => true,
        Reply::Array(items) | Reply::Many(items) => items.iter().any(has_attribute),
        _ => false,
    }
}

fn lossy(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}

/// How long a line took, if that is worth telling.
fn time_taken(since_ms: u64, now_ms: u64) -> String {
    let taken = now_ms.saturating_sub(since_ms);
    if taken < WORTH_TELLING_MS {
        return String::new();
    }
    // C rounds hundredths to even where they are exactly between two.
    let (hundredths, rest) = (taken / 10, taken % 10);
    let up = rest > 5 || (rest == 5 && hundredths % 2 == 1);
    let hundredths = hundredths + u64::from(up);
    format!("({}.{:02}s)\n", hundredths / 100, hundredths % 100)
}
