//! Where everything stands: a small layered layout, after Sugiyama.
//!
//! Nodes stand in layers in the direction of the messages (left to right or, on a phone, top to bottom). Within a layer they keep the order they
//! came in unless another one crosses fewer edges, so that a new node does not shuffle the others. An edge that skips a layer passes it through
//! a gap of its own; one that leads back goes around the outside ([`super::route`]). Everything is computed along (`u`) and across (`v`) the
//! direction and turned at the end.

use super::route::{self, Label, Path};
use warren_sim::sorted::sort_by;

/// A node to be placed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Box {
    /// Nodes of smaller rank stand before those of larger rank.
    pub rank: u32,
    /// Width, in px.
    pub width: f64,
    /// Height.
    pub height: f64,
    /// Whether edges touch it at its corners only, as they do a diamond.
    pub pointed: bool,
}

/// An edge to be drawn, between two nodes by their index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wire {
    /// Where it begins.
    pub from: usize,
    /// Where it ends.
    pub to: usize,
    /// Width and height of its label, in px; 0 is without.
    pub label: (f64, f64),
}

/// Where everything stands, in px.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Layout {
    /// The upper left corner of each node.
    pub places: Vec<(f64, f64)>,
    /// The way of each edge.
    pub paths: Vec<Path>,
    /// The place of each edge's label.
    pub labels: Vec<Option<Label>>,
    /// Size of the whole.
    pub width: f64,
    /// Size of the whole.
    pub height: f64,
}

/// Measures that depend on the direction.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measures {
    /// Whether the messages go from top to bottom.
    pub down: bool,
    /// Least space between two layers.
    pub layer_gap: f64,
    /// Space between two nodes of a layer.
    pub node_gap: f64,
    /// Room across, beyond which a layer is broken into several.
    pub room: f64,
    /// Around everything.
    pub margin: f64,
    /// The length that layers are spread to, if they are shorter: messages have further to go and are better seen.
    pub length: f64,
    /// The most that is added to each gap for it.
    pub spread: f64,
}

const ACROSS: Measures =
    Measures { down: false, layer_gap: 46.0, node_gap: 20.0, room: 1_200.0, margin: 12.0, length: 740.0, spread: 72.0 };
const DOWN: Measures =
    Measures { down: true, layer_gap: 22.0, node_gap: 14.0, room: 356.0, margin: 8.0, length: 0.0, spread: 0.0 };

/// The room an edge takes where it passes a layer.
const PASS: f64 = 8.0;
/// And the space beside it.
const PASS_GAP: f64 = 6.0;
/// With more nodes than this, edges run straight across the layers they skip.
const MANY: usize = 80;
/// With more nodes than this, a layer is not broken into several.
const TALL: usize = 30;
/// Room across for layers that are not broken, in px.
const UNBROKEN: f64 = 1e6;
/// Sweeps over all layers for their order.
const SWEEPS: usize = 6;
/// How much more a pair that has only each other weighs.
const IN_LINE: f64 = 100.0;
/// Sweeps for positions: after so many, what could be straight is straight to the pixel. Large stages make do with fewer.
const SETTLING: usize = 40;

/// A node, or the passage of an edge, in its layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    /// Extent along the direction.
    pub along: f64,
    /// Extent across it.
    pub across: f64,
    /// Space between it and its neighbours of the same kind; between two kinds it is the smaller one.
    pub gap: f64,
    /// Middle across, once it is placed.
    pub v: f64,
}

/// Nodes in layers, and edges as chains of neighbours.
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// All items.
    pub items: Vec<Item>,
    /// Items of each layer, in order.
    pub rows: Vec<Vec<usize>>,
    /// The layer of each item.
    pub row_of: Vec<usize>,
    /// The items each edge visits; an edge that leads back has only its ends.
    pub chains: Vec<Vec<usize>>,
    /// Where each layer begins and ends along the direction, once it is placed.
    pub spans: Vec<(f64, f64)>,
}

/// Places nodes and edges.
pub fn layout(boxes: &[Box], wires: &[Wire], narrow: bool) -> Layout {
    let mut measures = if narrow { DOWN } else { ACROSS };
    if boxes.len() > TALL && !narrow {
        // A large topology is scrolled anyway, and one column for each kind keeps its edges clear of its nodes.
        measures.room = UNBROKEN;
    }
    if boxes.is_empty() {
        return Layout::default();
    }
    let mut layers = Layers::new(boxes, wires, measures);
    layers.order();
    layers.place_across(measures);
    layers.place_along(wires, measures);
    route::finish(&layers, boxes, wires, measures)
}

impl Layers {
    fn new(boxes: &[Box], wires: &[Wire], measures: Measures) -> Layers {
        let mut layers = Layers::default();
        let mut ranks: Vec<u32> = boxes.iter().map(|one| one.rank).collect();
        sort_by(&mut ranks, Ord::cmp);
        ranks.dedup();
        for one in boxes {
            let (along, across) = if measures.down { (one.height, one.width) } else { (one.width, one.height) };
            layers.items.push(Item { along, across, gap: measures.node_gap, v: 0.0 });
        }
        layers.row_of = vec![0; boxes.len()];
        for rank in ranks {
            let mut used = f64::MAX;
            for (index, one) in boxes.iter().enumerate().filter(|(_, one)| one.rank == rank) {
                let across = if measures.down { one.width } else { one.height };
                if used + measures.node_gap + across > measures.room {
                    layers.rows.push(Vec::new());
                    used = -measures.node_gap;
                }
                used += measures.node_gap + across;
                let row = layers.rows.len() - 1;
                layers.rows[row].push(index);
                layers.row_of[index] = row;
            }
        }
        for wire in wires {
            let chain = layers.chain(wire, boxes.len() > MANY);
            layers.chains.push(chain);
        }
        layers
    }

    /// The items an edge visits, with a new passage in each layer that it skips.
    fn chain(&mut self, wire: &Wire, straight: bool) -> Vec<usize> {
        let mut chain = vec![wire.from];
        if !straight {
            for row in self.row_of[wire.from] + 1..self.row_of[wire.to].max(1) {
                let item = self.items.len();
                self.items.push(Item { along: 0.0, across: PASS, gap: PASS_GAP, v: 0.0 });
                self.row_of.push(row);
                self.rows[row].push(item);
                chain.push(item);
            }
        }
        chain.push(wire.to);
        chain
    }

    /// Whether an edge leads forward.
    pub fn is_forward(&self, chain: &[usize]) -> bool {
        matches!(chain, [first, .., last] if self.row_of[*first] < self.row_of[*last])
    }

    /// Pairs of neighbours in adjoining layers: the item before and the item behind.
    fn links(&self) -> Vec<(usize, usize)> {
        let forward = self.chains.iter().filter(|chain| self.is_forward(chain));
        forward.flat_map(|chain| chain.windows(2).map(|pair| (pair[0], pair[1]))).collect()
    }

    /// Orders each layer by the mean of its neighbours' positions, as long as that crosses fewer edges.
    fn order(&mut self) {
        let links = self.links();
        let mut best = self.crossings(&links);
        for sweep in 0..SWEEPS {
            if best == 0 || links.len() > 600 {
                return;
            }
            let before = self.rows.clone();
            let backward = sweep % 2 == 1;
            for step in 0..self.rows.len() {
                let row = if backward { self.rows.len() - 1 - step } else { step };
                self.order_row(row, &links, backward);
            }
            let crossings = self.crossings(&links);
            if crossings < best {
                best = crossings;
            } else {
                self.rows = before;
            }
        }
    }

    fn positions(&self) -> Vec<f64> {
        let mut positions = vec![0.0; self.items.len()];
        for row in &self.rows {
            // Relative to the layer's length, so that layers of different lengths can be compared.
            for (at, item) in row.iter().enumerate() {
                positions[*item] = (at as f64 + 0.5) / row.len() as f64;
            }
        }
        positions
    }

    fn order_row(&mut self, row: usize, links: &[(usize, usize)], backward: bool) {
        let positions = self.positions();
        let mean = |item: usize| {
            let neighbours = links.iter().filter_map(|(a, b)| match backward {
                true => (*a == item).then_some(*b),
                false => (*b == item).then_some(*a),
            });
            let (sum, count) = neighbours.fold((0.0, 0), |(sum, count), other| (sum + positions[other], count + 1));
            if count == 0 { positions[item] } else { sum / f64::from(count) }
        };
        let mut keyed: Vec<(f64, usize)> = self.rows[row].iter().map(|item| (mean(*item), *item)).collect();
        sort_by(&mut keyed, |(a, _), (b, _)| a.total_cmp(b));
        self.rows[row] = keyed.into_iter().map(|(_, item)| item).collect();
    }

    fn crossings(&self, links: &[(usize, usize)]) -> usize {
        let positions = self.positions();
        let mut count = 0;
        for (index, (a, b)) in links.iter().enumerate() {
            for (c, d) in &links[..index] {
                let same = self.row_of[*a] == self.row_of[*c] && self.row_of[*b] == self.row_of[*d];
                let crossed = (positions[*a] - positions[*c]) * (positions[*b] - positions[*d]) < 0.0;
                count += usize::from(same && crossed);
            }
        }
        count
    }

    /// Gives every item its place across: near the mean of its neighbours, without overlap.
    fn place_across(&mut self, measures: Measures) {
        for row in 0..self.rows.len() {
            let wanted = vec![(0.0, 1.0); self.rows[row].len()];
            self.settle(row, &wanted, measures);
        }
        let links = self.links();
        let mut ends = vec![(0, 0); self.items.len()];
        for (a, b) in &links {
            ends[*a].0 += 1;
            ends[*b].1 += 1;
        }
        // Each link pulls like a spring; two that have only each other are to stand in line, whatever their neighbours would like.
        let mut springs: Vec<Vec<(usize, f64)>> = vec![Vec::new(); self.items.len()];
        for (a, b) in &links {
            let pull = if ends[*a].0 == 1 && ends[*b].1 == 1 { IN_LINE } else { 1.0 };
            springs[*a].push((*b, pull));
            springs[*b].push((*a, pull));
        }
        let sweeps = if self.items.len() > MANY { 2 * SWEEPS } else { SETTLING };
        for sweep in 0..sweeps {
            for step in 0..self.rows.len() {
                let row = if sweep % 2 == 1 { self.rows.len() - 1 - step } else { step };
                let wanted: Vec<(f64, f64)> =
                    self.rows[row].iter().map(|item| self.wanted(*item, &springs[*item])).collect();
                self.settle(row, &wanted, measures);
            }
        }
    }

    /// Where its springs pull an item, and how hard.
    fn wanted(&self, item: usize, springs: &[(usize, f64)]) -> (f64, f64) {
        let pull: f64 = springs.iter().map(|(_, pull)| pull).sum();
        let sum: f64 = springs.iter().map(|(other, pull)| self.items[*other].v * pull).sum();
        if pull > 0.0 { (sum / pull, pull) } else { (self.items[item].v, 1.0) }
    }

    /// Puts the items of a layer as near to the wanted places, each with its weight, as their order and extents allow: the
    /// pool-adjacent-violators algorithm for least squares under order. Then the layer is kept within its room.
    fn settle(&mut self, row: usize, wanted: &[(f64, f64)], measures: Measures) {
        let mut offsets = Vec::with_capacity(wanted.len());
        let mut offset = 0.0;
        let mut before: Option<Item> = None;
        for item in self.rows[row].iter().map(|item| self.items[*item]) {
            if let Some(before) = before {
                offset += before.across / 2.0 + before.gap.min(item.gap) + item.across / 2.0;
            }
            offsets.push(offset);
            before = Some(item);
        }
        // Each block has the weighted sum of its wanted places, its weight, and how many items it holds.
        let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
        for ((want, weight), offset) in wanted.iter().zip(&offsets) {
            blocks.push(((want - offset) * weight, *weight, 1));
            while let [.., (a, n, i), (b, m, j)] = blocks[..]
                && a / n > b / m
            {
                blocks.truncate(blocks.len() - 2);
                blocks.push((a + b, n + m, i + j));
            }
        }
        let mut at = 0;
        for (sum, weight, count) in blocks {
            for _ in 0..count {
                self.items[self.rows[row][at]].v = sum / weight + offsets[at];
                at += 1;
            }
        }
        self.keep_in_room(row, &offsets, measures.room);
    }

    /// Draws a layer together until it lies within the room around the middle, or is as tight as it can be.
    fn keep_in_room(&mut self, row: usize, offsets: &[f64], room: f64) {
        let (Some(first), Some(last)) = (self.rows[row].first(), self.rows[row].last()) else { return };
        let (before, behind) = (self.items[*first].across / 2.0, self.items[*last].across / 2.0);
        let long = offsets[offsets.len() - 1];
        let half = (before + long + behind).max(room) / 2.0;
        for (at, offset) in offsets.iter().enumerate() {
            let item = self.rows[row][at];
            let (least, most) = (offset + before - half, half - behind - (long - offset));
            self.items[item].v = self.items[item].v.clamp(least, most.max(least));
        }
    }

    /// Gives every layer its place along the direction, with room for the labels before it.
    fn place_along(&mut self, wires: &[Wire], measures: Measures) {
        let mut u = 0.0;
        for row in 0..self.rows.len() {
            if row > 0 {
                u += measures.layer_gap.max(self.label_room(row, wires, measures));
            }
            let thick = self.rows[row].iter().map(|item| self.items[*item].along).fold(0.0, f64::max);
            self.spans.push((u, u + thick));
            u += thick;
        }
        let gaps = self.rows.len().saturating_sub(1).max(1) as f64;
        let more = ((measures.length - u) / gaps).clamp(0.0, measures.spread);
        for (row, span) in self.spans.iter_mut().enumerate() {
            *span = (span.0 + more * row as f64, span.1 + more * row as f64);
        }
    }

    /// What the labels need that stand before this layer.
    fn label_room(&self, row: usize, wires: &[Wire], measures: Measures) -> f64 {
        let before = self.chains.iter().zip(wires).filter(|(chain, wire)| {
            wire.label.0 > 0.0 && self.is_forward(chain) && self.row_of[chain[chain.len() - 1]] == row
        });
        let room =
            |wire: &Wire| route::LABEL_GAP + 40.0 + if measures.down { wire.label.1 - 18.0 } else { wire.label.0 };
        before.map(|(_, wire)| room(wire)).fold(0.0, f64::max)
    }
}
