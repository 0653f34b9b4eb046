//! Draws sequences: mostly sensible, some methods slightly wrong. Each command is played by the engine as it is drawn, so that what is
//! drawn next knows what there is; what a real broker could answer in more than one way is drawn again.

use super::determined::Simulation;
use super::templates::{ACTIONS, ASKED, EXCHANGES, QUEUES, RARE, THEMES};
use warren_sim::amqp::transcript::{Line, parse};
use warren_sim::prng::Prng;

/// Commands of one sequence, the looking round at its end not counted.
const LENGTH: u64 = 34;
/// Draws after which a sequence that finds nothing determined to do ends early.
const TRIES: u64 = 200;
/// Messages of each queue that are fetched at the end.
const FETCHED: u64 = 12;

/// One command, or several sent at once, and what the engine's clients heard.
#[derive(Clone, Debug)]
pub struct Step {
    /// The lines.
    pub lines: Vec<Line>,
    /// What was heard.
    pub ours: Vec<String>,
}

/// What kind of sequences are drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kind {
    /// Whether times to live end: slow, as the real broker waits in real time.
    pub timed: bool,
    /// Whether the broker is restarted in the middle.
    pub restarts: bool,
}

/// The clients and the channels of each.
const CLIENTS: &[(&str, &[u16])] = &[("a", &[1, 2]), ("b", &[1]), ("c", &[1])];

/// Stands for what there is not, such as a delivery tag where none is outstanding; such a draw is not played.
pub(super) const NOTHING: &str = "there-is-none";

/// A sequence in the making.
pub struct Draw {
    prng: Prng,
    pub(super) kind: Kind,
    themes: Vec<&'static str>,
    simulation: Simulation,
    steps: Vec<Step>,
    bodies: u32,
    consumers: u32,
    /// Whether one of the clients does not hear of cancelled consumers.
    plain: bool,
    /// The names of quorum queues.
    quorum: Vec<&'static str>,
    /// The names of streams.
    streams: Vec<&'static str>,
    /// Whether the queue that is being declared is a quorum queue.
    pub(super) is_quorum: bool,
    /// Whether it is a stream.
    pub(super) is_stream: bool,
}

impl Draw {
    /// The sequence of this number; all have the theme, if one is given.
    pub fn sequence(seed: u64, number: u64, kind: Kind, theme: Option<&str>) -> Vec<Step> {
        let mut prng = Prng::new(Prng::new(seed).next_u64().wrapping_add(number.wrapping_mul(0x9E37_79B9)));
        let often = |theme: &str| match theme {
            // These are slow.
            "quorum" | "policies" => 8,
            _ if RARE.contains(&theme) => 18,
            _ => 40,
        };
        let given = |name: &str| theme == Some(name);
        let mut themes: Vec<_> =
            THEMES.iter().copied().filter(|theme| prng.below(100) < often(theme) || given(theme)).collect();
        themes.extend(ASKED.iter().filter(|theme| given(theme)));
        let is_quorum = themes.contains(&"quorum") || themes.contains(&"letters at least once");
        let quorum: Vec<_> = QUEUES.iter().copied().filter(|_| is_quorum && prng.below(100) < 60).collect();
        let streams = match themes.contains(&"streams") {
            true => QUEUES.iter().copied().filter(|name| !quorum.contains(name) && prng.below(100) < 60).collect(),
            false => Vec::new(),
        };
        let plain = themes.contains(&"plain");
        let simulation = Simulation::new(kind);
        let mut draw = Draw {
            prng,
            kind,
            themes,
            simulation,
            steps: Vec::new(),
            bodies: 0,
            consumers: 0,
            plain,
            quorum,
            streams,
            is_quorum: false,
            is_stream: false,
        };
        draw.draw();
        draw.look_round();
        draw.steps
    }

    fn draw(&mut self) {
        for (client, _) in CLIENTS {
            self.connect(client);
        }
        for queue in QUEUES {
            if self.chance(85) {
                self.play(&format!("{{ch}} queue.declare queue={queue}{{queueflags}}{{queueargs}}"));
            }
        }
        if self.about("streams") {
            for channel in ["a.1", "a.2", "b.1", "c.1"] {
                self.play(&format!("{channel} basic.qos prefetch_count={{some}}"));
            }
        }
        for (theme, line) in [("confirms", "confirm.select"), ("tx", "tx.select")] {
            let channel = self.one(&["a.1", "b.1", "c.1"]);
            if self.about(theme) {
                self.play(&format!("{channel} {line}"));
            }
        }
        for exchange in EXCHANGES {
            if self.chance(60) {
                self.play(&format!("{{ch}} exchange.declare exchange={exchange} type={{type}}{{exchangeargs}}"));
                self.play(&format!(
                    "{{ch}} queue.bind queue={{q}} exchange={exchange} routing_key={{pattern}}{{bindargs}}"
                ));
            }
        }
        let restart = if self.kind.restarts { 8 + self.prng.below(10) } else { u64::MAX };
        let (mut done, mut tries) = (0, 0);
        while done < LENGTH && tries < TRIES {
            tries += 1;
            if done == restart && self.restart() {
                done += 1;
                continue;
            }
            if self.kind.timed && self.chance(12) {
                let wait = self.one(&["advance 1000ms", "advance 1000ms", "advance 2000ms"]);
                done += u64::from(self.play(wait));
                continue;
            }
            let total = self.actions().map(|action| action.0).sum();
            let mut at = self.prng.below(total);
            let fits = |(often, _, _): &&(u64, &str, &str)| {
                let here = at < *often;
                at = at.wrapping_sub(*often);
                here
            };
            let Some((_, _, template)) = self.actions().find(fits).copied() else { continue };
            done += u64::from(self.play(template));
        }
    }

    fn actions(&self) -> impl Iterator<Item = &'static (u64, &'static str, &'static str)> {
        ACTIONS.iter().filter(|(_, theme, _)| theme.is_empty() || self.themes.contains(theme))
    }

    fn restart(&mut self) -> bool {
        let power = self.one(&["broker restart", "broker kill"]);
        let done = self.play(power);
        if done && power == "broker kill" {
            self.play("broker start");
        }
        done
    }

    /// At the end, somebody new looks at what there is: the counts of each queue, and its messages.
    fn look_round(&mut self) {
        if self.chance(60) {
            for (client, _) in CLIENTS {
                if self.simulation.is_connected(client) {
                    self.play(&format!("{client} disconnect"));
                }
            }
        }
        self.play("z connect 1");
        let queues: Vec<_> = self.simulation.open_queues();
        for queue in queues {
            self.play(&format!("z.1 queue.declare passive queue={}", quoted(&queue)));
            for _ in 0..FETCHED.min(self.simulation.ready(&queue)) {
                if !self.play(&format!("z.1 basic.get no_ack queue={}", quoted(&queue))) {
                    return;
                }
            }
        }
    }

    fn connect(&mut self, client: &str) -> bool {
        let channels = CLIENTS.iter().find(|row| row.0 == client).map_or(&[][..], |row| row.1);
        let numbers: String = channels.iter().map(|channel| format!(" {channel}")).collect();
        let plain = if self.plain && client == "b" { " plain" } else { "" };
        self.play(&format!("{client} connect{numbers}{plain}"))
    }

    /// Fills in a template and plays it; false when what would be heard is not determined, and nothing was played.
    fn play(&mut self, template: &str) -> bool {
        let mut text = self.fill(template);
        if template.starts_with("{ch} queue.declare{") {
            // A made-up name that nobody is told could not be cleaned up.
            text = text.replace(" nowait", "");
        }
        if text.contains(NOTHING) {
            return false;
        }
        let (who, _) = text.split_once(' ').unwrap_or((&text, ""));
        let (client, channel) = who.split_once('.').unwrap_or((who, "0"));
        let is_client = CLIENTS.iter().any(|row| row.0 == client);
        if is_client && !self.simulation.is_connected(client) && !text.contains(" connect") {
            let client = client.to_string();
            return self.connect(&client);
        }
        let channel: u16 = channel.parse().unwrap_or(0);
        if is_client && channel > 0 && !self.simulation.is_open(client, channel) && self.prng.below(100) < 98 {
            let opening = format!("{who} channel.open");
            return self.take(Vec::from([opening]));
        }
        let mut lines = Vec::from([text.clone()]);
        if text.contains("basic.publish") && self.themes.contains(&"bursts") && self.chance(40) {
            for _ in 0..=self.prng.below(4) {
                let body = self.body();
                let start = text.rsplit_once(" body=").map_or(text.as_str(), |(start, _)| start);
                lines.push(format!("& {start} body={body}"));
            }
        }
        self.take(lines)
    }

    fn take(&mut self, texts: Vec<String>) -> bool {
        let blocks = match parse(&texts.join("\n")) {
            Ok(blocks) => blocks,
            Err(fault) => panic!("a template makes what cannot be said: {texts:?}: {fault}"),
        };
        let lines: Vec<Line> = blocks.into_iter().flat_map(|block| block.lines).collect();
        match self.simulation.play(&lines) {
            Ok(ours) => {
                self.steps.push(Step { lines, ours });
                true
            }
            Err(_) => false,
        }
    }

    pub(super) fn one<T: Copy>(&mut self, among: &[T]) -> T {
        among[self.prng.below(among.len() as u64) as usize]
    }

    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.prng.below(100) < percent
    }

    pub(super) fn about(&self, theme: &str) -> bool {
        self.themes.contains(&theme)
    }

    fn body(&mut self) -> String {
        self.bodies += 1;
        let number = self.bodies;
        match self.prng.below(12) {
            0 if self.about("limits") => format!("m{number}{}", "x".repeat(self.prng.below(30) as usize)),
            _ => format!("m{number}"),
        }
    }

    /// Puts something in the place of each `{word}`.
    fn fill(&mut self, template: &str) -> String {
        let mut text = String::new();
        let mut rest = template;
        let mut channel = String::new();
        while let Some((before, after)) = rest.split_once('{') {
            let Some((word, tail)) = after.split_once('}') else { break };
            text.push_str(before);
            if word == "queueflags" {
                // A name is that of a quorum queue for the whole sequence: a channel of RabbitMQ that used a name as that of another
                // type of queue stumbles.
                let name = text.rsplit_once("queue=").map_or("", |(_, name)| name);
                self.is_quorum = self.quorum.contains(&name);
                self.is_stream = self.streams.contains(&name);
            }
            let filled = match word {
                "tag" => self.tag(&channel),
                "tags" if self.chance(8) => "0 multiple".to_string(),
                "tags" => self.tag(&channel) + &self.maybe(25, " multiple"),
                _ => self.word(word),
            };
            if word.ends_with("ch") {
                channel.clone_from(&filled);
            }
            text.push_str(&filled);
            rest = tail;
        }
        text + rest
    }

    /// A delivery tag: most often one that is outstanding.
    fn tag(&mut self, channel: &str) -> String {
        let (client, number) = channel.split_once('.').unwrap_or((channel, "0"));
        let known = self.simulation.unacked(client, number.parse().unwrap_or(0));
        match self.prng.below(100) {
            0..2 if self.about("errors") => self.one(&["0", "1", "2", "99"]).to_string(),
            _ if known.is_empty() => NOTHING.to_string(),
            _ => self.one(&known).to_string(),
        }
    }

    /// One of the channels of which this is so, or most often so.
    fn channel(&mut self, is: impl Fn(&Draw, &str, u16) -> bool) -> String {
        let all = CLIENTS.iter().flat_map(|(client, channels)| channels.iter().map(move |channel| (*client, *channel)));
        let all: Vec<(&str, u16)> = all.collect();
        let fit: Vec<_> = all.iter().copied().filter(|(client, channel)| is(self, client, *channel)).collect();
        let wrong = self.chance(2);
        let (client, channel) = match (fit.is_empty(), wrong) {
            (_, true) => self.one(&all),
            (true, false) => return NOTHING.to_string(),
            (false, false) => self.one(&fit),
        };
        format!("{client}.{channel}")
    }

    fn word(&mut self, word: &str) -> String {
        match word {
            "ch" => {
                let (client, channels) = self.one(CLIENTS);
                format!("{client}.{}", self.one(channels))
            }
            "tagch" => self.channel(|draw, client, channel| !draw.simulation.unacked(client, channel).is_empty()),
            "txch" => self.channel(|draw, client, channel| draw.simulation.is_transactional(client, channel)),
            "client" => self.one(CLIENTS).0.to_string(),
            "q" => self.queue(),
            "newq" => self.new_name(QUEUES, false),
            "newx" => self.new_name(EXCHANGES, true),
            "x" => self.exchange(),
            "type" => self.one(&["direct", "fanout", "topic", "topic", "headers", "direct", "fanout"]).to_string(),
            "key" => self.key(),
            "pattern" => self.pattern(),
            // A tag that is taken ends the connection, which is seldom wanted.
            "newct" if self.chance(97) => {
                self.consumers += 1;
                format!("t{}", self.consumers)
            }
            "ct" if self.consumers > 0 && self.chance(85) => {
                format!("t{}", 1 + self.prng.below(u64::from(self.consumers)))
            }
            "newct" | "ct" => self.one(&["t1", "t2", "t3", "t4"]).to_string(),
            "body" => self.body(),
            "offsetargs" => {
                let offset = self.one(&["first", "last", "next", "0", "1", "3L", "\"1h\""]);
                format!(" arguments={{x-stream-offset={offset}}}")
            }
            "some" => self.one(&["1", "2", "3", "5"]).to_string(),
            "few" => self.one(&["0", "1", "1", "2", "3"]).to_string(),
            "table" => self.table(),
            "mandatory" => self.maybe(50, " mandatory"),
            "requeue" => self.maybe(55, " requeue"),
            "nowait" => self.maybe(8, " nowait"),
            "noack" => self.maybe(40, " no_ack"),
            "ifunused" => self.maybe(25, " if_unused"),
            "ifempty" => self.maybe(25, " if_empty"),
            "queueflags" => self.queue_flags(),
            "queueargs" => self.queue_arguments(),
            "exchangeflags" => {
                self.maybe(20, " durable")
                    + &self.maybe(20, " auto_delete")
                    + &self.maybe(15, " internal")
                    + &self.maybe(4, " nowait")
            }
            "exchangeargs" => {
                if self.about("exchanges") && self.chance(35) {
                    format!(" arguments={{alternate-exchange={}}}", quoted(&self.exchange()))
                } else {
                    String::new()
                }
            }
            "bindargs" => {
                if self.about("headers") && self.chance(60) {
                    format!(" arguments={}", self.table())
                } else {
                    String::new()
                }
            }
            "consumeflags" => {
                let exclusive = if self.about("exclusive") { self.maybe(20, " exclusive") } else { String::new() };
                self.maybe(25, " no_ack") + &exclusive + &self.maybe(5, " no_local") + &self.maybe(4, " nowait")
            }
            "consumeargs" => {
                let priority = self.one(&["10", "5", "-1", "1L"]);
                if self.about("priority") {
                    self.maybe(50, &format!(" arguments={{x-priority={priority}}}"))
                } else {
                    String::new()
                }
            }
            "properties" => self.properties(),
            "policyname" => {
                let there: Vec<&str> = self.simulation.policies();
                if there.is_empty() { NOTHING.to_string() } else { self.one(&there).to_string() }
            }
            "policy" => self.policy(),
            other => panic!("no template word {other}"),
        }
    }

    pub(super) fn maybe(&mut self, percent: u64, text: &str) -> String {
        if self.chance(percent) { text.to_string() } else { String::new() }
    }

    fn queue(&mut self) -> String {
        if self.about("names") && self.chance(25) {
            return self.one(&["\"\"", "<gen:1>", "<gen:2>", "amq.x", "\"\""]).to_string();
        }
        if self.about("errors") && self.chance(5) {
            return "nope".to_string();
        }
        let there: Vec<&str> = QUEUES.iter().copied().filter(|name| self.simulation.exists(name, false)).collect();
        if there.is_empty() || self.chance(3) { self.one(QUEUES).to_string() } else { self.one(&there).to_string() }
    }

    /// A name that is free, if there is one; nothing is played if there is not.
    fn new_name(&mut self, names: &[&str], is_exchange: bool) -> String {
        let free: Vec<&str> = names.iter().copied().filter(|name| !self.simulation.exists(name, is_exchange)).collect();
        if free.is_empty() { NOTHING.to_string() } else { self.one(&free).to_string() }
    }

    fn exchange(&mut self) -> String {
        if self.chance(30) {
            return self.one(&["amq.direct", "amq.topic", "amq.fanout", "amq.match"]).to_string();
        }
        if self.about("errors") && self.chance(8) {
            return self.one(&["nope", "amq.rabbitmq.trace", "\"\"", "amq.x"]).to_string();
        }
        let there: Vec<&str> = EXCHANGES.iter().copied().filter(|name| self.simulation.exists(name, true)).collect();
        if self.chance(3) {
            self.one(EXCHANGES)
        } else if there.is_empty() {
            "amq.direct"
        } else {
            self.one(&there)
        }
        .to_string()
    }

    fn key(&mut self) -> String {
        self.one(&["a", "b", "a.b", "a.b.c", "q1", "q2", "\"\"", "b.a"]).to_string()
    }

    fn pattern(&mut self) -> String {
        if self.chance(50) {
            self.key()
        } else {
            self.one(&["#", "*", "a.*", "#.b", "*.b.#", "a.#", "*.*"]).to_string()
        }
    }
}

/// A name as it stands in a line.
fn quoted(name: &str) -> String {
    if name.is_empty() || name.starts_with('"') { "\"\"".to_string() } else { name.to_string() }
}
