//! Ways to go along: the edges as lines of points, and where everything stands.

use std::rc::Rc;

use warren_sim::{amqp::event::MessageId, sorted::SortedMap};

use super::{
    graph::NodeId,
    route::{Curve, Point, point_at},
};

/// Points that stand for one curve.
const SAMPLES: usize = 12;

/// A rectangle: left, top, width, height, in px.
pub type Rect = (f64, f64, f64, f64);

/// The way of one edge as a line of points, with the length up to each.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    points: Vec<(Point, f64)>,
}

impl Track {
    /// Samples a path.
    pub fn new(path: &[Curve]) -> Track {
        let mut points: Vec<(Point, f64)> = path.first().map(|curve| (curve[0], 0.0)).into_iter().collect();
        for curve in path {
            for sample in 1..=SAMPLES {
                let point = point_at(curve, sample as f64 / SAMPLES as f64);
                let (last, length) = points[points.len() - 1];
                points.push((point, length + distance(last, point)));
            }
        }
        Track { points }
    }

    fn length(&self) -> f64 {
        self.points.last().map_or(0.0, |(_, length)| *length)
    }

    fn at(&self, along: f64) -> Point {
        let next = self.points.partition_point(|(_, length)| *length < along);
        let Some((point, length)) = self.points.get(next).or(self.points.last()) else { return (0.0, 0.0) };
        match next.checked_sub(1).and_then(|before| self.points.get(before)) {
            Some((before, start)) if length > start => {
                mix(*before, *point, ((along - start) / (length - start)).min(1.0))
            }
            _ => *point,
        }
    }
}

/// Distance of two points.
pub(super) fn distance(a: Point, b: Point) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

/// The point that lies this part of the way from one to another.
pub(super) fn mix(a: Point, b: Point, part: f64) -> Point {
    (a.0 + (b.0 - a.0) * part, a.1 + (b.1 - a.1) * part)
}

/// Where everything stands, for what moves.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Geometry {
    /// The way of each edge.
    pub tracks: SortedMap<(NodeId, NodeId), Rc<Track>>,
    /// The place of each node.
    pub nodes: SortedMap<NodeId, Rect>,
    /// The place of each message that has a tile in a queue.
    pub tiles: SortedMap<(NodeId, MessageId), Rect>,
    /// Size of the whole.
    pub size: (f64, f64),
}

/// Edges and the short ends before and behind them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Way {
    /// Where it begins within a node.
    pub head: Option<Point>,
    /// The edges, each with whether it is gone along backwards.
    pub legs: Vec<(Rc<Track>, bool)>,
    /// Where it ends within a node.
    pub tail: Option<Point>,
}

impl Way {
    /// Where the edges begin and end.
    fn ends(&self) -> (Option<Point>, Option<Point>) {
        let begin = |(track, back): &(Rc<Track>, bool)| track.at(if *back { track.length() } else { 0.0 });
        let end = |(track, back): &(Rc<Track>, bool)| track.at(if *back { 0.0 } else { track.length() });
        (self.legs.first().map(begin), self.legs.last().map(end))
    }

    /// Length of the head, of the edges, and of the tail.
    pub fn lengths(&self) -> (f64, f64, f64) {
        let (begin, end) = self.ends();
        let legs: f64 = self.legs.iter().map(|(track, _)| track.length()).sum();
        let head = self.head.zip(begin.or(self.tail)).map_or(0.0, |(a, b)| distance(a, b));
        let tail = end.zip(self.tail).map_or(0.0, |(a, b)| distance(a, b));
        (head, legs, tail)
    }

    /// Length of the whole.
    pub fn length(&self) -> f64 {
        let (head, legs, tail) = self.lengths();
        head + legs + tail
    }

    /// The point so far along.
    pub fn at(&self, along: f64) -> Point {
        let (head, legs, tail) = self.lengths();
        let (begin, end) = self.ends();
        if along < head
            && let Some((a, b)) = self.head.zip(begin.or(self.tail))
        {
            return mix(a, b, along / head);
        }
        let mut rest = along - head;
        if rest <= legs || self.tail.is_none() {
            for (track, back) in &self.legs {
                let length = track.length();
                if rest <= length {
                    return track.at(if *back { length - rest } else { rest });
                }
                rest -= length;
            }
            return end.or(self.tail).or(self.head).unwrap_or_default();
        }
        match end.zip(self.tail) {
            Some((a, b)) if tail > 0.0 => mix(a, b, ((rest - legs) / tail).min(1.0)),
            _ => self.tail.unwrap_or_default(),
        }
    }
}

/// The middle of a rectangle.
pub(super) fn middle((x, y, width, height): Rect) -> Point {
    (x + width / 2.0, y + height / 2.0)
}
