//! The ways of the edges, once every node has its place.

use super::layout::{Box, Layers, Layout, Measures, Wire};
use warren_sim::sorted::sort_by;

/// A point, in px.
pub type Point = (f64, f64);

/// A cubic curve: begin, two handles, end.
pub type Curve = [Point; 4];

/// The way of an edge.
pub type Path = Vec<Curve>;

/// The place of a label.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Label {
    /// Its middle.
    pub at: Point,
    /// Its width and height.
    pub size: (f64, f64),
}

/// Distance of the lanes that lead back around the outside.
const LANE: f64 = 16.0;
/// Space between a label and the end of its edge: the arrowhead is to be seen.
pub(super) const LABEL_GAP: f64 = 12.0;
/// Radius of a lane's corners.
const CORNER: f64 = 12.0;

/// A point along and across.
type Uv = (f64, f64);

/// Draws all edges and labels and moves everything to where the margins begin.
pub(super) fn finish(layers: &Layers, boxes: &[Box], wires: &[Wire], measures: Measures) -> Layout {
    let mut router = Router { layers, boxes, wires, measures, top: 0.0, bottom: 0.0 };
    (router.top, router.bottom) = router.extent(0, layers.rows.len() - 1);
    let paths: Vec<Vec<[Uv; 4]>> = router.paths();
    let labels = router.labels(&paths);
    router.turned(paths, labels)
}

struct Router<'a> {
    layers: &'a Layers,
    boxes: &'a [Box],
    wires: &'a [Wire],
    measures: Measures,
    /// The least `v` in use, and the greatest.
    top: f64,
    bottom: f64,
}

impl Router<'_> {
    fn middle(&self, item: usize) -> Uv {
        let (begin, end) = self.layers.spans[self.layers.row_of[item]];
        ((begin + end) / 2.0, self.layers.items[item].v)
    }

    /// The point where edges leave an item, or enter it, at this offset across.
    fn port(&self, item: usize, leaving: bool, offset: f64) -> Uv {
        let (u, v) = self.middle(item);
        let half = self.layers.items[item].along / 2.0;
        (if leaving { u + half } else { u - half }, v + offset)
    }

    fn paths(&mut self) -> Vec<Vec<[Uv; 4]>> {
        let leaving = self.offsets(true);
        let entering = self.offsets(false);
        let mut paths = vec![Vec::new(); self.wires.len()];
        for (index, chain) in self.layers.chains.iter().enumerate() {
            if self.layers.is_forward(chain) {
                paths[index] = self.forward(chain, &self.wires[index], leaving[index], entering[index]);
            }
        }
        // All edges that lead back to one node share its lane.
        let mut lanes: Vec<(usize, f64)> = Vec::new();
        for (index, chain) in self.layers.chains.iter().enumerate() {
            if self.layers.is_forward(chain) {
                continue;
            }
            // What is published again goes over the top, what is consumed on the way back goes below.
            let to = self.wires[index].to;
            let over = self.boxes[to].pointed;
            let lane = match lanes.iter().find(|(target, _)| *target == to) {
                Some((_, lane)) => *lane,
                None => {
                    let lane = self.lane(to, over, &lanes);
                    lanes.push((to, lane));
                    lane
                }
            };
            paths[index] = self.around(chain, lane, over);
        }
        for (_, lane) in lanes {
            self.top = self.top.min(lane);
            self.bottom = self.bottom.max(lane);
        }
        paths
    }

    /// The least and the greatest `v` of the layers `from..=to`.
    fn extent(&self, from: usize, to: usize) -> (f64, f64) {
        let items = self.layers.rows[from..=to].iter().flatten().map(|item| &self.layers.items[*item]);
        items.fold((f64::MAX, f64::MIN), |(top, bottom), item| {
            (top.min(item.v - item.across / 2.0), bottom.max(item.v + item.across / 2.0))
        })
    }

    /// A free lane for the edges that lead back to a node, clear of every layer they pass.
    fn lane(&self, to: usize, over: bool, taken: &[(usize, f64)]) -> f64 {
        let rows =
            self.layers.chains.iter().filter(|chain| !self.layers.is_forward(chain) && chain[chain.len() - 1] == to);
        let ends = rows.flat_map(|chain| [self.layers.row_of[chain[0]], self.layers.row_of[to]]);
        let (first, last) = ends.fold((usize::MAX, 0), |(first, last), row| (first.min(row), last.max(row)));
        let (top, bottom) = self.extent(first.min(last), last);
        let mut lane = if over { top - LANE } else { bottom + LANE };
        while taken.iter().any(|(_, other)| (other - lane).abs() < LANE - 1.0) {
            lane += if over { -LANE } else { LANE };
        }
        lane
    }

    /// Spreads the edges of a node along its side, in the order of their other ends.
    fn offsets(&self, leaving: bool) -> Vec<f64> {
        let mut offsets = vec![0.0; self.wires.len()];
        for node in 0..self.boxes.len() {
            if self.boxes[node].pointed {
                continue;
            }
            let mut ends: Vec<(f64, usize)> = Vec::new();
            for (index, chain) in self.layers.chains.iter().enumerate() {
                let (own, other) = match leaving {
                    true => (chain[0], chain[1]),
                    false => (chain[chain.len() - 1], chain[chain.len() - 2]),
                };
                if own == node && self.layers.is_forward(chain) {
                    ends.push((self.layers.items[other].v, index));
                }
            }
            sort_by(&mut ends, |(a, _), (b, _)| a.total_cmp(b));
            let room = self.layers.items[node].across - 28.0;
            let space = if ends.len() > 1 { (room / (ends.len() - 1) as f64).clamp(0.0, 18.0) } else { 0.0 };
            let middle = ends.len().saturating_sub(1) as f64 / 2.0;
            for (at, (_, index)) in ends.into_iter().enumerate() {
                offsets[index] = (at as f64 - middle) * space;
            }
        }
        offsets
    }

    /// Extent of a label along the direction.
    fn label_along(&self, wire: &Wire) -> f64 {
        if self.measures.down { wire.label.1 } else { wire.label.0 }
    }

    fn forward(&self, chain: &[usize], wire: &Wire, leaving: f64, entering: f64) -> Vec<[Uv; 4]> {
        let mut path = Vec::new();
        let mut from = self.port(chain[0], true, leaving);
        let last = chain.len() - 1;
        for (at, item) in chain.iter().enumerate().skip(1) {
            let (begin, end) = self.layers.spans[self.layers.row_of[*item]];
            let passes = at < last;
            let to = if passes { (begin, self.layers.items[*item].v) } else { self.port(*item, false, entering) };
            if !passes && wire.label.0 > 0.0 {
                // The label stands on a straight piece of its own, where the edges of a fan are furthest apart.
                let before = (to.0 - LABEL_GAP - self.label_along(wire) - 4.0, to.1);
                path.extend([sway(from, before), straight(before, to)]);
            } else {
                path.push(sway(from, to));
            }
            from = to;
            if passes {
                let through = (end, to.1);
                path.push(straight(to, through));
                from = through;
            }
        }
        path
    }

    /// A way back along the lane at `v`, over everything or below it.
    fn around(&self, chain: &[usize], v: f64, over: bool) -> Vec<[Uv; 4]> {
        let (from, to) = (chain[0], chain[chain.len() - 1]);
        let is_outer = |item: usize| {
            let row = &self.layers.rows[self.layers.row_of[item]];
            let outer = if over { row.first() } else { row.last() };
            outer == Some(&item)
        };
        let edge = |item: usize| {
            let (u, middle) = self.middle(item);
            let half = self.layers.items[item].across / 2.0;
            (u, if over { middle - half } else { middle + half })
        };
        let mut corners = Vec::new();
        if is_outer(from) {
            corners.extend([edge(from), (edge(from).0, v)]);
        } else {
            let out = self.port(from, true, 0.0);
            let gutter = self.layers.spans[self.layers.row_of[from]].1 + CORNER + 4.0;
            corners.extend([out, (gutter, out.1), (gutter, v)]);
        }
        if is_outer(to) {
            corners.extend([(edge(to).0, v), edge(to)]);
        } else {
            let into = self.port(to, false, 0.0);
            let gutter = self.layers.spans[self.layers.row_of[to]].0 - CORNER - 8.0;
            corners.extend([(gutter, v), (gutter, into.1), into]);
        }
        rounded(&corners)
    }

    /// Finds each label a place on its edge where it covers neither another label nor a node.
    fn labels(&self, paths: &[Vec<[Uv; 4]>]) -> Vec<Option<(Uv, (f64, f64))>> {
        let mut placed: Vec<(Uv, (f64, f64))> = Vec::new();
        let mut labels = Vec::new();
        let mut named: Vec<usize> = Vec::new();
        for ((wire, path), chain) in self.wires.iter().zip(paths).zip(&self.layers.chains) {
            if wire.label.0 > 0.0 && !self.layers.is_forward(chain) {
                // All edges that lead back to one node share its lane, and one label.
                let is_first = !named.contains(&wire.to);
                named.push(wire.to);
                let label = longest(path).filter(|_| is_first).map(|curve| (point_at(curve, 0.5), wire.label));
                placed.extend(label);
                labels.push(label);
                continue;
            }
            let Some([curve, .., last]) = path.get(..).filter(|_| wire.label.0 > 0.0) else {
                labels.push(None);
                continue;
            };
            let end = last[3];
            let own = (end.0 - LABEL_GAP - self.label_along(wire) / 2.0, end.1);
            let free = |at: &Uv| placed.iter().all(|other| !self.overlap((*at, wire.label), *other));
            let others = [0.6, 0.45, 0.75, 0.3].map(|t| point_at(curve, t));
            let at = [own].into_iter().chain(others).find(free).unwrap_or(own);
            placed.push((at, wire.label));
            labels.push(Some((at, wire.label)));
        }
        labels
    }

    fn overlap(&self, (a, a_size): (Uv, (f64, f64)), (b, b_size): (Uv, (f64, f64))) -> bool {
        let (along, across) = ((a.0 - b.0).abs(), (a.1 - b.1).abs());
        let (wide, high) = if self.measures.down { (across, along) } else { (along, across) };
        wide < (a_size.0 + b_size.0) / 2.0 + 4.0 && high < (a_size.1 + b_size.1) / 2.0
    }

    /// Turns (along, across) into (x, y), with the upper left corner of everything at the margin.
    fn turned(&self, paths: Vec<Vec<[Uv; 4]>>, labels: Vec<Option<(Uv, (f64, f64))>>) -> Layout {
        let down = self.measures.down;
        let margin = self.measures.margin;
        let beyond = |(_, (width, height)): &(Uv, (f64, f64))| if down { width / 2.0 } else { height / 2.0 };
        let named = labels.iter().flatten();
        let top = named.clone().map(|label| label.0.1 - beyond(label)).fold(self.top, f64::min);
        let bottom = named.map(|label| label.0.1 + beyond(label)).fold(self.bottom, f64::max);
        let ways = paths.iter().flatten().flatten().map(|(u, _)| *u);
        let begin = ways.clone().fold(0.0, f64::min);
        let end = ways.fold(self.layers.spans.last().map_or(0.0, |span| span.1), f64::max);
        let turn = |(u, v): Uv| {
            let (u, v) = (u - begin + margin, v - top + margin);
            if down { (v, u) } else { (u, v) }
        };
        let places = (0..self.boxes.len()).map(|node| {
            let (x, y) = turn(self.middle(node));
            ((x - self.boxes[node].width / 2.0).round(), (y - self.boxes[node].height / 2.0).round())
        });
        let (long, wide) = (end - begin + 2.0 * margin, bottom - top + 2.0 * margin);
        let (width, height) = if down { (wide, long) } else { (long, wide) };
        Layout {
            places: places.collect(),
            paths: paths.into_iter().map(|path| path.into_iter().map(|curve| curve.map(turn)).collect()).collect(),
            labels: labels.into_iter().map(|label| label.map(|(at, size)| Label { at: turn(at), size })).collect(),
            width: width.ceil(),
            height: height.ceil(),
        }
    }
}

/// The piece of a path that leads furthest along the direction: of a way back, its lane.
fn longest(path: &[[Uv; 4]]) -> Option<&[Uv; 4]> {
    let length = |curve: &[Uv; 4]| (curve[3].0 - curve[0].0).abs();
    path.iter().max_by(|a, b| length(a).total_cmp(&length(b)))
}

/// A curve that leaves and arrives along the direction.
fn sway(from: Uv, to: Uv) -> [Uv; 4] {
    let middle = (from.0 + to.0) / 2.0;
    [from, (middle, from.1), (middle, to.1), to]
}

fn straight(from: Uv, to: Uv) -> [Uv; 4] {
    [from, between(from, to, 1.0 / 3.0), between(from, to, 2.0 / 3.0), to]
}

fn between(a: Uv, b: Uv, part: f64) -> Uv {
    (a.0 + (b.0 - a.0) * part, a.1 + (b.1 - a.1) * part)
}

/// A line through these corners, with every corner but the ends rounded.
fn rounded(corners: &[Uv]) -> Vec<[Uv; 4]> {
    let mut path = Vec::new();
    let mut from = corners[0];
    for at in 1..corners.len() {
        let corner = corners[at];
        let Some(next) = corners.get(at + 1) else {
            path.push(straight(from, corner));
            break;
        };
        let into = towards(corner, from);
        let out = towards(corner, *next);
        path.push(straight(from, into));
        path.push([into, between(into, corner, 0.55), between(out, corner, 0.55), out]);
        from = out;
    }
    path
}

/// The point a corner's radius away from `corner`, or half the way where that is too far.
fn towards(corner: Uv, other: Uv) -> Uv {
    let length = (other.0 - corner.0).hypot(other.1 - corner.1);
    let part = if length > 0.0 { (CORNER / length).min(0.5) } else { 0.0 };
    between(corner, other, part)
}

/// A point of a curve, `t` from 0 to 1.
pub fn point_at([a, b, c, d]: &Curve, t: f64) -> Point {
    let s = 1.0 - t;
    let mix =
        |a: f64, b: f64, c: f64, d: f64| s * s * s * a + 3.0 * s * s * t * b + 3.0 * s * t * t * c + t * t * t * d;
    (mix(a.0, b.0, c.0, d.0), mix(a.1, b.1, c.1, d.1))
}
