//! Tests as text: what is typed into redis-cli, `----`, and what it prints. Pure, so that the same files are replayed natively, in the
//! browser, and by the recorder that asks a real server.
//!
//! A block ends at an empty line; what one block leaves behind, the next one finds. Lines that start with `#` between blocks are prose.
//! Within a block, before `----`:
//! - `!advance 150ms` lets time pass (a recorder really waits), `!client 2` goes on as another client;
//! - `!sorted`, `!kind` and `!near 50` say how the next command's reply is compared: its elements in any order, only its kind, or a
//!   number that may be off by so much, for what a real server answers by chance or by its clock.

use super::console::{Line, format_reply, parse_line};
use super::reply::Reply;
use super::store::{ClientId, Cx, EPOCH_MS, Limits, Store};
use crate::bytes::Bytes;
use crate::prng::Prng;
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
    /// A number, give or take so much.
    Near(i64),
}

impl Rule {
    /// What stands in the transcript for this reply.
    pub fn show(self, reply: &Reply) -> String {
        let text = |reply: &Reply| String::from_utf8_lossy(&format_reply(reply)).into_owned();
        match self {
            Rule::Exact | Rule::Near(_) => text(reply),
            Rule::Sorted => text(&sorted(reply.lowered())),
            Rule::Kind => format!("({:?})\n", reply.kind()).to_lowercase(),
        }
    }
}

fn sorted(reply: Reply) -> Reply {
    let Reply::Array(items) = reply else { return reply };
    let mut items: Vec<_> = items.into_iter().map(sorted).collect();
    // Only leaves change places: in the reply of SCAN, the cursor stays before the list.
    if items.iter().all(|item| !matches!(item, Reply::Array(_))) {
        items.sort_by_key(format_reply);
    }
    Reply::Array(items)
}

/// Whoever answers the commands of a transcript.
pub trait Player {
    /// Runs a command for a client and returns its reply as `rule` shows it.
    fn command(&mut self, client: ClientId, args: &[Bytes], rule: Rule) -> String;
    /// Lets time pass.
    fn advance(&mut self, ms: u64);
}

/// The engine as a player: an empty store at the epoch.
#[derive(Debug)]
pub struct Engine {
    store: Store,
    prng: Prng,
    now_ms: u64,
}

impl Default for Engine {
    fn default() -> Self {
        Engine { store: Store::new(Limits::default()), prng: Prng::new(1), now_ms: EPOCH_MS }
    }
}

impl Engine {
    /// Runs a command and returns its whole reply. The state is checked after it.
    pub fn reply(&mut self, client: ClientId, args: &[Bytes]) -> Reply {
        if !self.store.is_open(client) {
            self.store.client_open(client);
        }
        let (mut events, mut out) = (Vec::new(), Vec::new());
        let mut cx = Cx { now_ms: self.now_ms, prng: &mut self.prng, events: Some(&mut events), out: &mut out };
        let reply = self.store.call(client, args, &mut cx);
        self.store.check();
        reply
    }

    /// Moves the clock to a moment, in Unix milliseconds.
    pub fn set_clock(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        let mut cx = Cx { now_ms, prng: &mut self.prng, events: None, out: &mut Vec::new() };
        self.store.tick(&mut cx);
    }
}

impl Player for Engine {
    fn command(&mut self, client: ClientId, args: &[Bytes], rule: Rule) -> String {
        rule.show(&self.reply(client, args))
    }

    fn advance(&mut self, ms: u64) {
        self.set_clock(self.now_ms + ms);
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
                    direct(directive, player, &mut client, &mut rule).ok_or_else(|| problem("no such directive"))?
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
        Line::Empty | Line::Help(_) | Line::Hints(_) | Line::Clear | Line::Quit => None,
    }
}

fn direct(directive: &str, player: &mut dyn Player, client: &mut ClientId, rule: &mut Rule) -> Option<()> {
    let (word, rest) = directive.split_once(' ').unwrap_or((directive, ""));
    match word {
        "advance" => player.advance(rest.strip_suffix("ms")?.parse().ok()?),
        "client" => *client = ClientId(rest.parse().ok()?),
        "sorted" => *rule = Rule::Sorted,
        "kind" => *rule = Rule::Kind,
        "near" => *rule = Rule::Near(rest.parse().ok()?),
        _ => return None,
    }
    Some(())
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
}
