//! Nodes and edges as elements: reached by keyboard, read aloud, styled in `www/stage.css`.

use warren_sim::amqp::event::MessageId;
use web_sys::Event;
use yew::Callback;

use super::{
    LABEL_LINE, PlacedCard,
    cards::{Card, Look, Mood, Shape, Tile},
    graph::{Edge, Role},
    route::{Curve, Label, Point},
};
use crate::{
    action::{Action, Selection},
    markup::{On, Tag, keep, key, tag},
};

/// Length of an arrowhead, in px.
const ARROW: f64 = 9.0;
/// Half its width.
const ARROW_HALF: f64 = 4.5;

/// An edge as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnEdge {
    /// Its key in lists.
    pub key: String,
    /// Its CSS classes.
    pub class: &'static str,
    /// Its line, as SVG path data.
    pub line: String,
    /// Its arrowhead.
    pub arrow: String,
    /// Its label and where that stands.
    pub label: Option<(Vec<String>, Label)>,
}

impl DrawnEdge {
    /// Draws an edge along its path.
    pub fn new(edge: &Edge, path: &[Curve], label: Option<(Vec<String>, Label)>) -> DrawnEdge {
        let class = match (edge.touched, edge.live, edge.broken) {
            (false, _, _) if edge.role != Role::Flow => "stage-edge second",
            (true, _, _) if edge.role != Role::Flow => "stage-edge second touched",
            (true, _, false) => "stage-edge touched",
            (true, _, true) => "stage-edge broken touched",
            (false, true, _) => "stage-edge",
            (false, false, false) => "stage-edge asleep",
            (false, false, true) => "stage-edge asleep broken",
        };
        let key = format!("{}>{}", edge.from.key(), edge.to.key());
        DrawnEdge { key, class, line: line(path), arrow: arrow(path), label }
    }
}

fn px(value: f64) -> i32 {
    value.round() as i32
}

fn line(path: &[Curve]) -> String {
    let Some(first) = path.first() else { return String::new() };
    let mut data = format!("M{} {}", px(first[0].0), px(first[0].1));
    for [_, b, c, d] in path {
        data += &format!("C{} {} {} {} {} {}", px(b.0), px(b.1), px(c.0), px(c.1), px(d.0), px(d.1));
    }
    data
}

fn arrow(path: &[Curve]) -> String {
    let Some([_, _, before, tip]) = path.last() else { return String::new() };
    let length = (tip.0 - before.0).hypot(tip.1 - before.1).max(0.1);
    let (dx, dy) = ((tip.0 - before.0) / length, (tip.1 - before.1) / length);
    let (base_x, base_y) = (tip.0 - dx * ARROW, tip.1 - dy * ARROW);
    let (side_x, side_y) = (-dy * ARROW_HALF, dx * ARROW_HALF);
    let corners: [Point; 3] = [*tip, (base_x + side_x, base_y + side_y), (base_x - side_x, base_y - side_y)];
    let [a, b, c] = corners.map(|(x, y)| format!("{} {}", px(x), px(y)));
    format!("M{a}L{b}L{c}Z")
}

/// An edge's line and arrowhead.
pub fn edge(edge: &DrawnEdge) -> Tag {
    let path = |class: &str, data: &str| tag("path").class(class).attr("d", data);
    let line = path("stage-line", &edge.line);
    tag("g").key(&edge.key).class(edge.class).put(line).put(path("stage-arrow", &edge.arrow))
}

/// An edge's label. It stands over all edges, with a ground of its own.
pub fn label(edge: &DrawnEdge, lines: &[String], label: &Label) -> Tag {
    let (width, height) = label.size;
    let first = (1.0 - lines.len() as f64) * LABEL_LINE / 2.0 + 5.0;
    let mut words = tag("g");
    for (at, line) in lines.iter().enumerate() {
        let y = px(first + at as f64 * LABEL_LINE);
        words = words.put(tag("text").nth(at).number("y", y.into()).text(line));
    }
    let ground = tag("rect").number("x", px(-width / 2.0).into()).number("y", px(-height / 2.0).into());
    tag("g")
        .key(&edge.key)
        .class(if edge.class.ends_with("touched") { "stage-label touched" } else { "stage-label" })
        .attr("transform", &translate(label.at))
        .put(sized(ground, width, height).attr("rx", "4"))
        .put(words)
}

/// Of this size, in px.
fn sized(tag: Tag, width: f64, height: f64) -> Tag {
    tag.number("width", px(width).into()).number("height", px(height).into())
}

fn translate((x, y): Point) -> String {
    format!("translate({} {})", px(x), px(y))
}

/// A node with all that stands in it. Its name is what is seen in it, so that it can be called by voice; the whole sentence is its description.
pub fn node(node: &PlacedCard, pointed: Option<MessageId>, selection: &Selection, on: &Callback<Action>) -> Tag {
    let card = &node.card;
    let chosen = card.id.selection() == *selection && *selection != Selection::Nothing;
    let select = Action::Select(card.id.selection());
    let pressed = {
        let (on, select) = (on.clone(), select.clone());
        Callback::from(move |event: Event| {
            if matches!(key(&event).as_str(), "Enter" | " ") {
                // The space bar would scroll, or play.
                keep(&event);
                on.emit(select.clone());
            }
        })
    };
    let shape = tag("g")
        .key("shape")
        .attr("aria-hidden", "true")
        .put(tag("title").text(&card.name))
        .put(outline(card, "stage-halo"))
        .put(outline(card, "stage-shape"));
    let mut lines = tag("g").key("lines");
    for (at, line) in card.lines.iter().enumerate() {
        let text = tag("text").nth(at).class(line.class);
        lines = lines.put(text.number("x", px(line.x).into()).number("y", px(line.y).into()).text(&line.text));
    }
    let mut tiles = tag("g").key("tiles");
    for (at, one) in card.tiles.iter().enumerate() {
        tiles = tiles.put(tile(at, one, pointed, on));
    }
    tag("g.stage-node")
        .key(&card.id.key())
        .class(match card.shape {
            Shape::Process => "process",
            Shape::Exchange => "exchange",
            Shape::Queue => "queue",
        })
        .class(match card.mood {
            Mood::Calm => "",
            Mood::Faded => "faded",
            Mood::Broken => "broken",
        })
        .class_if(card.touched, "touched")
        .class_if(chosen, "chosen")
        .attr("transform", &translate(node.at))
        .attrs(&[("role", "button"), ("tabindex", "0")])
        .truth("aria-pressed", chosen)
        .on(On::Click, on, select)
        .hear(On::KeyDown, pressed)
        .put(shape)
        .put(tag("desc").key("desc").text(&card.label))
        .put(lines)
        .put(tiles)
}

/// The shape that tells the kind: round corners, a diamond, square corners.
fn outline(card: &Card, class: &str) -> Tag {
    let rect = |radius: &str| sized(tag("rect").class(class), card.width, card.height).attr("rx", radius);
    match card.shape {
        Shape::Process => rect("14"),
        Shape::Queue => rect("3"),
        Shape::Exchange => {
            let (width, height) = (px(card.width), px(card.height));
            let (x, y) = (width / 2, height / 2);
            tag("polygon").class(class).attr("points", &format!("{x},0 {width},{y} {x},{height} 0,{y}"))
        }
    }
}

fn tile(at: usize, one: &Tile, pointed: Option<MessageId>, on: &Callback<Action>) -> Tag {
    let number = tag("text")
        .key("number")
        .number("x", px(one.width / 2.0).into())
        .number("y", px(one.height / 2.0 + 5.0).into())
        .text(&one.label);
    let element = tag("g.stage-tile")
        .class(match one.look {
            Look::Ready => "ready",
            Look::Unacked => "unacked",
            Look::Count => "count",
            Look::Slot => "slot",
        })
        .class_if(one.message.is_some() && one.message == pointed, "lit")
        .attr("transform", &translate((one.x, one.y)))
        .put(sized(tag("rect").key("box"), one.width, one.height).attr("rx", "4"))
        .put(number);
    let Some(message) = one.message else { return element.key(&format!("other{at}")) };
    let select = {
        let on = on.clone();
        Callback::from(move |event: Event| {
            // The node below it is not meant.
            event.stop_propagation();
            on.emit(Action::Select(Selection::Message(message)));
        })
    };
    element.nth(message.0 as usize).hear(On::Click, select).on(On::MouseOver, on, Action::Point(Some(message))).on(
        On::MouseOut,
        on,
        Action::Point(None),
    )
}
