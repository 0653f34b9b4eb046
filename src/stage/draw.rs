//! Nodes and edges as elements: reached by keyboard, read aloud, styled in `www/stage.css`.

use warren_sim::amqp::event::MessageId;
use web_sys::{KeyboardEvent, MouseEvent};
use yew::prelude::*;

use super::{
    LABEL_LINE, PlacedCard,
    cards::{Card, Look, Mood, Shape, Tile},
    graph::{Edge, Role},
    route::{Curve, Label, Point},
};
use crate::action::{Action, Selection};

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
pub fn edge(edge: &DrawnEdge) -> Html {
    html! {
        <g key={edge.key.clone()} class={edge.class}>
            <path class="stage-line" d={edge.line.clone()} />
            <path class="stage-arrow" d={edge.arrow.clone()} />
        </g>
    }
}

/// An edge's label. It stands over all edges, with a ground of its own.
pub fn label(edge: &DrawnEdge) -> Option<Html> {
    let (lines, label) = edge.label.as_ref()?;
    let (width, height) = label.size;
    let first = (1.0 - lines.len() as f64) * LABEL_LINE / 2.0 + 5.0;
    let lines = lines.iter().enumerate().map(|(at, line)| {
        html! { <text key={at} y={px(first + at as f64 * LABEL_LINE).to_string()}>{ line }</text> }
    });
    let class = if edge.class.ends_with("touched") { "stage-label touched" } else { "stage-label" };
    Some(html! {
        <g key={edge.key.clone()} {class} transform={translate(label.at)}>
            <rect x={px(-width / 2.0).to_string()} y={px(-height / 2.0).to_string()} width={px(width).to_string()}
                height={px(height).to_string()} rx="4" />
            <g>{ for lines }</g>
        </g>
    })
}

fn translate((x, y): Point) -> String {
    format!("translate({} {})", px(x), px(y))
}

/// A node with all that stands in it. Its name is what is seen in it, so that it can be called by voice; the whole sentence is its description.
pub fn node(node: &PlacedCard, pointed: Option<MessageId>, selection: &Selection, on: &Callback<Action>) -> Html {
    let card = &node.card;
    let chosen = card.id.selection() == *selection && *selection != Selection::Nothing;
    let select = {
        let (on, selection) = (on.clone(), card.id.selection());
        move || on.emit(Action::Select(selection.clone()))
    };
    let onclick = {
        let select = select.clone();
        Callback::from(move |_: MouseEvent| select())
    };
    let onkeydown = Callback::from(move |event: KeyboardEvent| {
        if matches!(event.key().as_str(), "Enter" | " ") {
            // The space bar would scroll, or play.
            event.prevent_default();
            event.stop_propagation();
            select();
        }
    });
    let lines = card.lines.iter().enumerate().map(|(at, line)| {
        let (x, y) = (px(line.x).to_string(), px(line.y).to_string());
        html! { <text key={at} class={line.class} {x} {y}>{ &line.text }</text> }
    });
    html! {
        <g key={card.id.key()} class={node_class(card, chosen)} transform={translate(node.at)} role="button" tabindex="0"
            aria-pressed={chosen.to_string()} {onclick} {onkeydown}>
            <g key="shape" aria-hidden="true"><title>{ &card.name }</title>{ outline(card, "stage-halo") }{ outline(card, "stage-shape") }</g>
            <desc key="desc">{ &card.label }</desc>
            <g key="lines">{ for lines }</g>
            <g key="tiles">{ for card.tiles.iter().enumerate().map(|(at, one)| tile(at, one, pointed, on)) }</g>
        </g>
    }
}

fn node_class(card: &Card, chosen: bool) -> Classes {
    let shape = match card.shape {
        Shape::Process => "process",
        Shape::Exchange => "exchange",
        Shape::Queue => "queue",
    };
    let mood = match card.mood {
        Mood::Calm => None,
        Mood::Faded => Some("faded"),
        Mood::Broken => Some("broken"),
    };
    classes!("stage-node", shape, mood, card.touched.then_some("touched"), chosen.then_some("chosen"))
}

/// The shape that tells the kind: round corners, a diamond, square corners.
fn outline(card: &Card, class: &'static str) -> Html {
    let (width, height) = (px(card.width), px(card.height));
    let radius = if card.shape == Shape::Process { "14" } else { "3" };
    match card.shape {
        Shape::Process | Shape::Queue => html! {
            <rect {class} width={width.to_string()} height={height.to_string()} rx={radius} />
        },
        Shape::Exchange => {
            let (x, y) = (width / 2, height / 2);
            html! { <polygon {class} points={format!("{x},0 {width},{y} {x},{height} 0,{y}")} /> }
        }
    }
}

fn tile(at: usize, tile: &Tile, pointed: Option<MessageId>, on: &Callback<Action>) -> Html {
    let look = match tile.look {
        Look::Ready => "ready",
        Look::Unacked => "unacked",
        Look::Count => "count",
        Look::Slot => "slot",
    };
    let lit = tile.message.is_some() && tile.message == pointed;
    let class = classes!("stage-tile", look, lit.then_some("lit"));
    let (width, height) = (px(tile.width).to_string(), px(tile.height).to_string());
    let inner = html! {
        <>
            <rect key="box" {width} {height} rx="4" />
            <text key="number" x={px(tile.width / 2.0).to_string()} y={px(tile.height / 2.0 + 5.0).to_string()}>{ &tile.label }</text>
        </>
    };
    let transform = translate((tile.x, tile.y));
    let Some(message) = tile.message else {
        return html! { <g key={format!("other{at}")} {class} {transform}>{ inner }</g> };
    };
    let point = |to: Option<MessageId>| {
        let on = on.clone();
        Callback::from(move |_: MouseEvent| on.emit(Action::Point(to)))
    };
    let onclick = {
        let on = on.clone();
        Callback::from(move |event: MouseEvent| {
            // The node below it is not meant.
            event.stop_propagation();
            on.emit(Action::Select(Selection::Message(message)));
        })
    };
    html! {
        <g key={message.0} {class} {transform} {onclick} onmouseover={point(Some(message))} onmouseout={point(None)}>{ inner }</g>
    }
}
