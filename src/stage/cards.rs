//! What each node says and how large it is: the graph with words, before anything has a position.

use warren_sim::amqp::event::MessageId;

use super::{
    graph::{Doing, Edge, Graph, Kind, Node, NodeId, ProcessNode, QueueNode, Role},
    measure::{fit, text_width},
};
use crate::text::{StageText, Text, fill};

/// Font size of names, in px.
const NAME_PX: f64 = 15.0;
/// Font size of everything else. The page never draws the stage below 0.926 of its size, so nothing is under 12.5 px.
const NOTE_PX: f64 = 13.5;
/// Space between a box's border and its text.
const PAD: f64 = 12.0;
/// The longest name that widens its box. Names that the broker makes up are longer, and their beginning is enough to tell them apart.
const NAME_MAX: f64 = 150.0;
/// The same of queues on a phone, where two stand side by side.
const NAME_MAX_NARROW: f64 = 96.0;

/// The outline of a node: it tells its kind without colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Process or client: a rounded box.
    Process,
    /// Exchange: a diamond.
    Exchange,
    /// Queue: a box with its messages.
    Queue,
}

/// How a node feels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// As usual.
    Calm,
    /// It is over, or cannot be reached.
    Faded,
    /// It came to a bad end.
    Broken,
}

/// What a tile stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// A ready message.
    Ready,
    /// An unacknowledged message.
    Unacked,
    /// So many more.
    Count,
    /// The place of a message that is not there.
    Slot,
}

/// A message within a node; positions are relative to the node's upper left corner.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// Left, in px.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Its number.
    pub label: String,
    /// The message, if it is one.
    pub message: Option<MessageId>,
    /// What it stands for.
    pub look: Look,
}

/// A line of text within a node; positions as in [`Tile`].
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Left, middle or right end, by the class.
    pub x: f64,
    /// Base line.
    pub y: f64,
    /// The text as it fits.
    pub text: String,
    /// Its CSS class.
    pub class: &'static str,
}

/// A node with its words and its size.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// What it stands for.
    pub id: NodeId,
    /// Its column (or row, on a phone): processes that publish, exchanges by depth, queues, processes that consume.
    pub rank: u32,
    /// Its outline.
    pub shape: Shape,
    /// Width, in px.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// How it feels.
    pub mood: Mood,
    /// Whether the last step did something to it.
    pub touched: bool,
    /// Its full name.
    pub name: String,
    /// What a screen reader says.
    pub label: String,
    /// What is written in it.
    pub lines: Vec<Line>,
    /// Its messages.
    pub tiles: Vec<Tile>,
}

/// Rank of queues; exchanges are between 1 and here.
const QUEUES: u32 = 1_000;
/// Rank of consumers.
const CONSUMERS: u32 = 2_000;
/// More nodes than this in one column, and all are drawn smaller.
const MANY: usize = 3;

/// What a box says.
struct Words<'a> {
    note: &'a str,
    mood: Mood,
    label: String,
}

/// What cards are made with.
struct Maker<'a> {
    graph: &'a Graph,
    stage: &'a StageText,
    small: bool,
    narrow: bool,
}

/// Makes a card of every node, in the graph's order.
pub fn cards(graph: &Graph, narrow: bool, text: &Text) -> Vec<Card> {
    let count = |test: fn(&Kind) -> bool| graph.nodes.iter().filter(|node| test(&node.what)).count();
    let queues = count(|what| matches!(what, Kind::Queue(_)));
    let consumers = count(|what| matches!(what, Kind::Process(process) if process.consumes));
    let small = narrow || queues > MANY || consumers > MANY + 2;
    let maker = Maker { graph, stage: &text.stage, small, narrow };
    let mut cards: Vec<Card> = graph.nodes.iter().map(|node| maker.card(node, 0.0)).collect();
    if !narrow {
        // Boxes of one column are of one width.
        let widest =
            |rank: u32| cards.iter().filter(|card| card.rank == rank).map(|card| card.width).fold(0.0, f64::max);
        cards = graph.nodes.iter().zip(&cards).map(|(node, card)| maker.card(node, widest(card.rank))).collect();
    }
    cards
}

impl Maker<'_> {
    /// Makes a card of at least this width; a diamond is as wide as its name asks for.
    fn card(&self, node: &Node, least: f64) -> Card {
        match &node.what {
            Kind::Process(process) => self.process(node, process, least),
            Kind::Hand { connected } => {
                let note = if *connected { self.stage.by_hand } else { self.stage.by_hand_idle };
                let label = fill(self.stage.process_label, &["", &node.name.text(), note]);
                let mood = if *connected { Mood::Calm } else { Mood::Faded };
                let words = Words { note, mood, label: label.trim_start().to_string() };
                self.boxed(node, 0, words, false, least)
            }
            Kind::Exchange { type_name } => self.exchange(node, type_name),
            Kind::Queue(queue) => self.queue(node, queue, least),
        }
    }

    fn process(&self, node: &Node, process: &ProcessNode, least: f64) -> Card {
        let stage = self.stage;
        let role = match (process.publishes, process.consumes) {
            (true, false) => stage.producer,
            (false, true) => stage.consumer,
            (true, true) | (false, false) => stage.process,
        };
        let prefetch = process.prefetch.to_string();
        let doing = match process.doing {
            Doing::Working => stage.working.to_string(),
            Doing::Running => stage.running.to_string(),
            Doing::Idle if process.prefetch > 0 && process.holds.is_empty() => fill(stage.idle_prefetch, &[&prefetch]),
            Doing::Idle => stage.idle.to_string(),
            Doing::Awaiting => stage.awaiting.to_string(),
            Doing::Connecting => stage.connecting.to_string(),
            Doing::Sleeping => stage.sleeping.to_string(),
            Doing::Ended => stage.ended.to_string(),
            Doing::Failed => stage.failed.to_string(),
            Doing::Lost => stage.lost.to_string(),
            Doing::Refused => stage.refused.to_string(),
            Doing::Killed => stage.killed.to_string(),
        };
        let mood = match process.doing {
            doing if doing.is_broken() => Mood::Broken,
            Doing::Ended => Mood::Faded,
            _ => Mood::Calm,
        };
        let mut label = fill(stage.process_label, &[role, &node.name.text(), &doing]);
        for message in &process.holds {
            label += stage.comma;
            label += &fill(stage.process_holds, &[&message.0.to_string()]);
        }
        let rank = if process.first { 0 } else { CONSUMERS };
        let words = Words { note: &doing, mood, label };
        let mut card = self.boxed(node, rank, words, process.consumes, least);
        if process.consumes {
            self.put_holds(&mut card, process, &doing);
        }
        card
    }

    /// A rounded box with a name and a note below it. Its width depends on the name alone, so that it stays as it is from step to step.
    fn boxed(&self, node: &Node, rank: u32, words: Words<'_>, holds: bool, least: f64) -> Card {
        let Words { note, mood, label } = words;
        let name = node.name.text().into_owned();
        let usual: f64 = match (holds, self.small) {
            (false, false) => 116.0,
            (true, false) => 152.0,
            (false, true) => 104.0,
            (true, true) => 136.0,
        };
        let wide = text_width(&name, NAME_PX, true).min(NAME_MAX) + 2.0 * PAD;
        let width = least.max(usual).max(wide).ceil();
        let (height, name_y, note_y) = if self.small { (48.0, 20.0, 38.0) } else { (64.0, 27.0, 48.0) };
        let room = width - 2.0 * PAD;
        let (x, name_class, note_class) = match holds {
            true => (PAD, "stage-name", note_class(mood)),
            false => (width / 2.0, "stage-name stage-mid", mid_note_class(mood)),
        };
        let lines = vec![
            Line { x, y: name_y, text: fit(&name, NAME_PX, true, room), class: name_class },
            Line { x, y: note_y, text: fit(note, NOTE_PX, false, room + 8.0), class: note_class },
        ];
        Card {
            id: node.id.clone(),
            rank,
            shape: Shape::Process,
            width,
            height,
            mood,
            touched: node.touched,
            name,
            label,
            lines,
            tiles: Vec::new(),
        }
    }

    /// The messages a process holds, behind the note.
    fn put_holds(&self, card: &mut Card, process: &ProcessNode, note: &str) {
        if process.holds.is_empty() {
            return;
        }
        let x = PAD + text_width(note, NOTE_PX, false) + 8.0;
        let y = if self.small { 23.0 } else { 32.0 };
        let messages: Vec<(MessageId, bool)> = process.holds.iter().map(|message| (*message, true)).collect();
        let total = messages.len() as u64;
        let row = Row { x, y, height: 22.0, room: card.width - x - 4.0, total, published: self.graph.published };
        card.tiles = row.tiles(&messages, None, self.stage);
    }

    fn exchange(&self, node: &Node, type_name: &'static str) -> Card {
        let stage = self.stage;
        let is_default = node.name.is_empty();
        let name = if is_default { stage.default_exchange.to_string() } else { node.name.text().into_owned() };
        let height = if self.small { 64.0 } else { 76.0 };
        // The name stands a little above the middle, where the diamond has about this part of its width.
        let part = if self.small { 0.66 } else { 0.7 };
        let text = text_width(&name, NAME_PX, true).min(150.0);
        let width = (text / part + 12.0).max(text_width(type_name, NOTE_PX, false) / 0.5 + 8.0).max(104.0).ceil();
        let label = match is_default {
            true => fill(stage.default_exchange_label, &[type_name]),
            false => fill(stage.exchange_label, &[&name, type_name]),
        };
        let (x, middle) = (width / 2.0, height / 2.0);
        let mood = if self.graph.broker_up { Mood::Calm } else { Mood::Faded };
        let lines = vec![
            Line { x, y: middle + 0.0, text: fit(&name, NAME_PX, true, 150.0), class: "stage-name stage-mid" },
            Line { x, y: middle + 16.0, text: type_name.to_string(), class: mid_note_class(Mood::Calm) },
        ];
        Card {
            id: node.id.clone(),
            rank: 1 + depth(&self.graph.edges, &node.id, &mut Vec::new()),
            shape: Shape::Exchange,
            width,
            height,
            mood,
            touched: node.touched,
            name,
            label,
            lines,
            tiles: Vec::new(),
        }
    }

    fn queue(&self, node: &Node, queue: &QueueNode, least: f64) -> Card {
        let stage = self.stage;
        let name = node.name.text().into_owned();
        let tags = queue.tags.join(" ");
        let tags_width = if tags.is_empty() { 0.0 } else { text_width(&tags, 12.5, false) + 12.0 };
        let counts = match self.graph.broker_up {
            true => fill(stage.counts, &[&queue.ready.to_string(), &queue.unacked.to_string()]),
            false => stage.counts_down.to_string(),
        };
        let usual: f64 = if self.small { 158.0 } else { 182.0 };
        let longest = if self.narrow { NAME_MAX_NARROW } else { NAME_MAX };
        let named = text_width(&name, NAME_PX, true).min(longest) + tags_width;
        // In steps, or the box would breathe with every digit.
        let counted = (text_width(&counts, NOTE_PX, false) / 12.0).ceil() * 12.0 - 4.0;
        let width = least.max(usual).max(named.max(counted) + 2.0 * PAD).ceil();
        let (height, name_y, tiles_y, tile, counts_y) = match self.small {
            true => (74.0, 20.0, 28.0, 22.0, 65.0),
            false => (108.0, 27.0, 39.0, 28.0, 91.0),
        };
        let mut lines = vec![
            Line { x: PAD, y: name_y, text: short_name(&name, width - 2.0 * PAD - tags_width), class: "stage-name" },
            Line { x: PAD, y: counts_y, text: counts, class: note_class(Mood::Calm) },
        ];
        if !tags.is_empty() {
            lines.push(Line { x: width - PAD, y: name_y, text: tags, class: "stage-tags" });
        }
        let total = queue.ready + queue.unacked;
        let row =
            Row { x: PAD, y: tiles_y, height: tile, room: width - 2.0 * PAD, total, published: self.graph.published };
        Card {
            id: node.id.clone(),
            rank: QUEUES,
            shape: Shape::Queue,
            width,
            height,
            mood: if self.graph.broker_up { Mood::Calm } else { Mood::Faded },
            touched: node.touched,
            label: self.queue_label(node, queue),
            name,
            lines,
            tiles: row.tiles(&queue.head, queue.tail, stage),
        }
    }

    /// A queue in a sentence: how full it is, its features, who leads to it and who consumes it.
    fn queue_label(&self, node: &Node, queue: &QueueNode) -> String {
        let stage = self.stage;
        let (ready, unacked) = (queue.ready.to_string(), queue.unacked.to_string());
        let mut parts = vec![fill(stage.queue_label, &[&node.name.text(), &ready, &unacked])];
        if !queue.tags.is_empty() {
            parts.push(fill(stage.tags_label, &[&queue.tags.join(" ")]));
        }
        for edge in self.graph.edges.iter().filter(|edge| edge.to == node.id) {
            if let NodeId::Exchange(name) = &edge.from
                && edge.keys.iter().any(|key| !key.is_empty())
            {
                let keys: Vec<String> = edge.keys.iter().map(|key| key.text().into_owned()).collect();
                parts.push(fill(stage.bound_label, &[&name.text(), &keys.join(stage.comma)]));
            }
        }
        for edge in self.graph.edges.iter().filter(|edge| edge.from == node.id && edge.role == Role::DeadLetters) {
            if let NodeId::Exchange(name) = &edge.to {
                let name = if name.is_empty() { stage.default_exchange.into() } else { name.text() };
                parts.push(fill(stage.dead_letters_label, &[&name]));
            }
        }
        for edge in self.graph.edges.iter().filter(|edge| edge.from == node.id && edge.live) {
            if let Some(peer) = self.graph.nodes.iter().find(|other| other.id == edge.to) {
                parts.push(fill(stage.consumed_label, &[&peer.name.text()]));
            }
        }
        parts.join(stage.comma)
    }
}

/// The most lines of an edge's label.
const LABEL_LINES: usize = 3;

/// The keys of a binding as they are written on its edge, a line each; none where they say nothing.
pub fn edge_label(edge: &Edge, text: &StageText) -> Vec<String> {
    match edge.role {
        Role::Flow => {}
        Role::DeadLetters => return vec![text.dead_letters.to_string()],
        Role::Alternate => return vec![text.alternate.to_string()],
    }
    let mut keys: Vec<String> =
        edge.keys.iter().filter(|key| !key.is_empty()).map(|key| key.text().into_owned()).collect();
    if keys.len() > LABEL_LINES {
        let rest = keys.len() - (LABEL_LINES - 1);
        keys.truncate(LABEL_LINES - 1);
        keys.push(fill(text.more, &[&rest.to_string()]));
    }
    keys
}

/// How many exchanges a message passes before this one, at most. A circle of bindings counts once.
fn depth(edges: &[Edge], id: &NodeId, seen: &mut Vec<NodeId>) -> u32 {
    if seen.contains(id) || seen.len() > 16 {
        return 0;
    }
    seen.push(id.clone());
    let before = edges.iter().filter(|edge| edge.to == *id && matches!(edge.from, NodeId::Exchange(_)));
    let deepest = before.map(|edge| 1 + depth(edges, &edge.from, seen)).max().unwrap_or(0);
    seen.pop();
    deepest
}

/// A queue's name as it fits. What the broker makes up begins alike everywhere, so that goes first where room is short.
fn short_name(name: &str, room: f64) -> String {
    let fitted = fit(name, NAME_PX, true, room);
    match name.strip_prefix("amq.gen-") {
        Some(own) if fitted.chars().count() < 12 => fit(&format!("…{own}"), NAME_PX, true, room),
        _ => fitted,
    }
}

fn note_class(mood: Mood) -> &'static str {
    if mood == Mood::Broken { "stage-note stage-bad" } else { "stage-note" }
}

fn mid_note_class(mood: Mood) -> &'static str {
    if mood == Mood::Broken { "stage-note stage-bad stage-mid" } else { "stage-note stage-mid" }
}

/// A place for tiles.
struct Row {
    x: f64,
    y: f64,
    height: f64,
    room: f64,
    total: u64,
    published: u32,
}

impl Row {
    /// All messages if there is room, else the first ones, a count and, if it is given, the last.
    fn tiles(&self, head: &[(MessageId, bool)], tail: Option<(MessageId, bool)>, text: &StageText) -> Vec<Tile> {
        let digits = self.published.max(1).ilog10() + 1;
        let width = self.height.max(f64::from(digits) * 8.5 + 8.0).ceil();
        let gap = 4.0;
        let fits = (((self.room + gap) / (width + gap)) as usize).max(1);
        let mut tiles = Vec::new();
        let mut x = self.x;
        let mut put = |label: String, message: Option<MessageId>, look: Look, width: f64| {
            tiles.push(Tile { x, y: self.y, width, height: self.height, label, message, look });
            x += width + gap;
        };
        let look = |unacked: bool| if unacked { Look::Unacked } else { Look::Ready };
        if self.total == 0 {
            put(String::new(), None, Look::Slot, width);
        } else if self.total <= fits.min(head.len()) as u64 {
            for (message, unacked) in head {
                put(message.0.to_string(), Some(*message), look(*unacked), width);
            }
        } else {
            // The count is wider than a tile, so it takes the room of one tile more than its own where it must.
            let last = u64::from(tail.is_some());
            let rest = |shown: usize| fill(text.more, &[&(self.total - shown as u64 - last).to_string()]);
            let count_width = |shown: usize| text_width(&rest(shown), 13.0, false) + 4.0;
            let shown = (0..fits.min(head.len() + 1))
                .rev()
                .find(|shown| (*shown as f64 + last as f64) * (width + gap) + count_width(*shown) <= self.room + 1.0);
            // Where there is room for nothing else, the count alone tells.
            let shown = shown.unwrap_or(0);
            for (message, unacked) in &head[..shown] {
                put(message.0.to_string(), Some(*message), look(*unacked), width);
            }
            put(rest(shown), None, Look::Count, count_width(shown));
            if let Some((message, unacked)) = tail {
                put(message.0.to_string(), Some(message), look(unacked), width);
            }
        }
        tiles
    }
}
