//! The stage: processes, exchanges and queues in the order in which messages go, and the messages on their way.
//!
//! In reading order: [`graph`] says who is there and what leads where (with [`history`], what the past tells about it, and [`touch`], what the last
//! step did); [`cards`] puts it into words of known size ([`measure`]); [`layout`] and [`route`] place it; [`motion`] says what moves along it ([`track`])
//! at any moment. All of that is pure and tested without a browser. [`draw`] prints nodes and edges as real elements, [`paint`] draws what moves on
//! a canvas over them. Deliberately absent: dragging nodes, and any position that depends on what was shown before.

pub mod cards;
mod draw;
pub mod graph;
pub mod history;
pub mod layout;
pub mod measure;
pub mod motion;
mod paint;
pub mod route;
pub mod touch;
pub mod track;

use std::rc::Rc;
use warren_sim::sorted::{SortedMap, sort_by_key};

use warren_sim::{amqp::event::MessageId, bytes::Bytes, session::Session};
use web_sys::SvgElement;
use yew::{Callback, Html, NodeRef, Properties, component};

use self::{
    cards::{Card, Shape, edge_label},
    graph::{Graph, NodeId},
    layout::Wire,
    measure::{fit, text_width},
    motion::Scene,
    route::Point,
    track::{Geometry, Track},
};
pub use self::{
    draw::DrawnEdge,
    paint::{StageHandle, paint},
};
use crate::{
    action::{Action, Selection},
    markup::{Tag, tag},
    text::{StageText, Text},
};

/// The stage is never drawn smaller than this, so that its text stays readable; what does not fit is scrolled.
const LEAST_SCALE: f64 = 0.926;
/// Nor larger than this.
const MOST_SCALE: f64 = 1.1;
/// Font size of labels, in px.
const LABEL_PX: f64 = 13.5;
/// The longest label, in px.
const LABEL_MAX: f64 = 130.0;
/// Height of a line of a label, in px.
const LABEL_LINE: f64 = 18.0;

/// A node in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct PlacedCard {
    /// The node.
    pub card: Card,
    /// Its upper left corner, in px.
    pub at: Point,
}

/// What the stage shows at one step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StageView {
    /// Nodes in reading order.
    pub nodes: Vec<PlacedCard>,
    /// Edges.
    pub edges: Vec<DrawnEdge>,
    /// Width and height, in px.
    pub size: (f64, f64),
    /// Whether the broker is down.
    pub broker_down: bool,
    /// What is on its way.
    pub scene: Rc<Scene>,
}

/// Reads the stage of one virtual host off the session; `narrow` draws it from top to bottom.
pub fn view(session: &Session, vhost: &Bytes, narrow: bool, text: &Text) -> StageView {
    let history = history::history(session);
    let touched = touch::touched(session, &history);
    let graph = graph::graph(session, vhost, &history, &touched);
    let (mut view, geometry) = arrange(&graph, narrow, text);
    view.scene = Rc::new(motion::scene(session, &history, &geometry));
    view
}

/// Puts a graph into words and places.
pub fn arrange(graph: &Graph, narrow: bool, text: &Text) -> (StageView, Geometry) {
    let cards = cards::cards(graph, narrow, text);
    let index: SortedMap<&NodeId, usize> = cards.iter().enumerate().map(|(at, card)| (&card.id, at)).collect();
    let boxes: Vec<layout::Box> = cards.iter().map(box_of).collect();
    let mut wires = Vec::new();
    let mut labelled = Vec::new();
    for edge in &graph.edges {
        let (Some(from), Some(to)) = (index.get(&edge.from), index.get(&edge.to)) else { continue };
        let keys = edge_label(edge, &text.stage);
        let label: Vec<String> = keys.iter().map(|key| fit(key, LABEL_PX, false, LABEL_MAX)).collect();
        let width = label.iter().map(|line| text_width(line, LABEL_PX, false) + 10.0).fold(0.0, f64::max);
        wires.push(Wire { from: *from, to: *to, label: (width, LABEL_LINE * label.len() as f64 + 2.0) });
        labelled.push((edge, label));
    }
    let placed = layout::layout(&boxes, &wires, narrow);
    let mut geometry = Geometry { size: (placed.width, placed.height), ..Geometry::default() };
    let mut edges = Vec::new();
    for (((edge, label), path), place) in labelled.into_iter().zip(&placed.paths).zip(&placed.labels) {
        geometry.tracks.insert((edge.from.clone(), edge.to.clone()), Rc::new(Track::new(path)));
        edges.push(DrawnEdge::new(edge, path, place.map(|place| (label, place))));
    }
    let mut nodes: Vec<PlacedCard> = Vec::new();
    for (card, at) in cards.iter().zip(&placed.places) {
        geometry.nodes.insert(card.id.clone(), (at.0, at.1, card.width, card.height));
        for tile in card.tiles.iter().filter(|_| card.shape == Shape::Queue) {
            if let Some(message) = tile.message {
                let rect = (at.0 + tile.x, at.1 + tile.y, tile.width, tile.height);
                geometry.tiles.insert((card.id.clone(), message), rect);
            }
        }
        nodes.push(PlacedCard { card: card.clone(), at: *at });
    }
    sort_by_key(&mut nodes, |node| node.card.rank);
    let view = StageView { nodes, edges, size: geometry.size, broker_down: !graph.broker_up, scene: Rc::default() };
    (view, geometry)
}

fn box_of(card: &Card) -> layout::Box {
    let pointed = card.shape == Shape::Exchange;
    layout::Box { rank: card.rank, width: card.width, height: card.height, pointed }
}

/// What [`show`] needs.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What it shows.
    pub view: StageView,
    /// The page's words.
    pub text: &'static Text,
    /// Where actions go.
    pub on: Callback<Action>,
    /// The message that is pointed at, wherever.
    pub pointed: Option<MessageId>,
    /// What is looked at closely.
    pub selection: Selection,
    /// The canvas, for [`paint`].
    pub canvas: NodeRef,
    /// What [`paint`] has to know.
    pub handle: StageHandle,
}

/// The stage.
#[component]
pub fn Stage(props: &Props) -> Html {
    show(props)
}

/// The stage, printed. A function, because a component costs kilobytes; what has to be done with the elements when they are there is
/// [`StageHandle::settle`].
pub fn show(props: &Props) -> Html {
    let view = &props.view;
    let stage = &props.text.stage;
    let (room, svg) = props.handle.show(view);
    let (width, height) = (view.size.0.max(1.0), view.size.1.max(1.0));
    let layer = |name: &str| tag("g").key(name);
    let mut edges = layer("edges").attr("aria-hidden", "true");
    let mut labels = layer("labels").attr("aria-hidden", "true");
    for edge in &view.edges {
        edges = edges.put(draw::edge(edge));
        if let Some((lines, label)) = &edge.label {
            labels = labels.put(draw::label(edge, lines, label));
        }
    }
    let mut nodes = layer("nodes");
    for node in &view.nodes {
        nodes = nodes.put(draw::node(node, props.pointed, &props.selection, &props.on));
    }
    let drawing = tag("svg.stage-svg")
        .node(&svg)
        .attr("viewBox", &format!("0 0 {} {}", width.ceil() as u32, height.ceil() as u32))
        .role("group")
        .label(stage.picture)
        .put(edges)
        .put(labels)
        .put(nodes);
    let down = if view.broker_down { stage.broker_down } else { "" };
    tag("div.stage-room")
        .node(&room)
        .class_if(view.broker_down, "down")
        .put(tag("div.stage-scroll").put(drawing))
        .put(tag("canvas.stage-canvas").node(&props.canvas).attr("aria-hidden", "true"))
        .put(tag("p.stage-down").role("status").text(down))
        .put(nobody(view.nodes.is_empty(), stage))
        .html()
}

/// What stands on the stage while nobody else does.
fn nobody(shown: bool, stage: &StageText) -> Tag {
    tag("div.stage-empty")
        .flag("hidden", !shown)
        .put(tag("p").put(tag("strong").text(stage.empty_title)))
        .put(tag("p.muted").text(stage.empty_hint))
}

/// The stage before the world has begun.
pub fn still(text: &Text) -> Html {
    tag("div.stage-room").put(nobody(true, &text.stage)).html()
}

/// Keeps the drawing between its least and its most scale. A style attribute would be against the page's security policy; this is not one.
fn limit_scale(svg: &NodeRef, (width, height): (f64, f64)) {
    let Some(svg) = svg.cast::<SvgElement>() else { return };
    let style = svg.style();
    let limits = [
        ("min-width", width * LEAST_SCALE),
        ("min-height", height * LEAST_SCALE),
        ("max-width", width * MOST_SCALE),
        ("max-height", height * MOST_SCALE),
    ];
    for (property, px) in limits {
        // A browser that does not know one of these properties shows the stage at another size, no more.
        let _ = style.set_property(property, &format!("{}px", px as u32));
    }
}
