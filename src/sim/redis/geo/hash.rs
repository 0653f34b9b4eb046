//! Places as numbers: longitude and latitude halved in turn, and the cells that a search has to look into.

use super::trig::{asin, cos, sin, sqrt};
use core::f64::consts::PI;

/// The most halvings of each coordinate: 52 bits, which a score holds exactly.
pub const STEP_MAX: u32 = 26;
/// The radius of the earth in metres, as Redis has it.
const EARTH_RADIUS: f64 = 6_372_797.560_856;
/// Half of the circumference in the projection that cells are made of, in metres.
const MERCATOR_MAX: f64 = 20_037_726.37;
const RADIANS: f64 = PI / 180.0;

/// A place: longitude and latitude, in degrees.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place(pub f64, pub f64);

/// The coordinates that can be kept: the poles cannot.
pub const LONGITUDES: (f64, f64) = (-180.0, 180.0);
/// As [`LONGITUDES`].
pub const LATITUDES: (f64, f64) = (-85.051_128_78, 85.051_128_78);

/// A cell: which one, after how many halvings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    pub bits: u64,
    pub step: u32,
}

/// Every other bit of a number, the ones at even places, moved together.
fn gathered(bits: u64) -> u32 {
    (0..32).fold(0, |sum, place| sum | ((bits >> (2 * place)) as u32 & 1) << place)
}

fn spread(bits: u32) -> u64 {
    (0..32).fold(0, |sum, place| sum | u64::from(bits >> place & 1) << (2 * place))
}

impl Cell {
    /// The cell of a place, the latitudes being halved between these.
    pub fn of(Place(longitude, latitude): Place, latitudes: (f64, f64), step: u32) -> Self {
        let share =
            |number: f64, (low, high): (f64, f64)| ((number - low) / (high - low) * (1_u64 << step) as f64) as u32;
        Cell { bits: spread(share(latitude, latitudes)) | spread(share(longitude, LONGITUDES)) << 1, step }
    }

    /// Its south-western and north-eastern corners.
    fn corners(self) -> (Place, Place) {
        let (latitude, longitude) = (gathered(self.bits), gathered(self.bits >> 1));
        let at =
            |part: u32, (low, high): (f64, f64)| low + f64::from(part) / (1_u64 << self.step) as f64 * (high - low);
        let corner = |more: u32| {
            let (longitude, latitude) = (longitude.wrapping_add(more), latitude.wrapping_add(more));
            Place(at(longitude, LONGITUDES), at(latitude, LATITUDES))
        };
        (corner(0), corner(1))
    }

    /// The scores of the places in it: from the first to before the last.
    pub fn scores(self) -> (f64, f64) {
        let shift = 52 - 2 * self.step;
        ((self.bits << shift) as f64, (self.bits.wrapping_add(1) << shift) as f64)
    }

    /// The neighbour so many cells to the east and to the north; beyond the edge it comes in on the other side.
    fn moved(self, east: i64, north: i64) -> Cell {
        let mask = (1_u64 << self.step) - 1;
        let go =
            |part: u32, by: i64| if by == 0 { part } else { (u64::from(part).wrapping_add_signed(by) & mask) as u32 };
        let (latitude, longitude) = (go(gathered(self.bits), north), go(gathered(self.bits >> 1), east));
        Cell { bits: spread(latitude) | spread(longitude) << 1, step: self.step }
    }
}

/// A score as C turns it into 64 bits without sign on x86-64, which matters for scores that are no places.
fn as_bits(score: f64) -> u64 {
    const TWO_63: f64 = 9_223_372_036_854_775_808.0;
    let signed = |number: f64| if (-TWO_63..TWO_63).contains(&number) { number as i64 as u64 } else { 1 << 63 };
    if score < TWO_63 { signed(score) } else { signed(score - TWO_63) ^ 1 << 63 }
}

/// The score of a place.
pub fn score(place: Place) -> f64 {
    Cell::of(place, LATITUDES, STEP_MAX).bits as f64
}

/// The place of a score: the middle of its cell.
pub fn place(score: f64) -> Place {
    let (low, high) = Cell { bits: as_bits(score), step: STEP_MAX }.corners();
    Place(
        ((low.0 + high.0) / 2.0).clamp(LONGITUDES.0, LONGITUDES.1),
        ((low.1 + high.1) / 2.0).clamp(LATITUDES.0, LATITUDES.1),
    )
}

fn latitude_distance(a: f64, b: f64) -> f64 {
    EARTH_RADIUS * (b * RADIANS - a * RADIANS).abs()
}

/// The way between two places along a great circle, in metres (haversine).
pub fn distance(a: Place, b: Place) -> f64 {
    let v = sin((b.0 * RADIANS - a.0 * RADIANS) / 2.0);
    if v == 0.0 {
        return latitude_distance(a.1, b.1);
    }
    let (from, to) = (a.1 * RADIANS, b.1 * RADIANS);
    let u = sin((to - from) / 2.0);
    2.0 * EARTH_RADIUS * asin(sqrt(u * u + cos(from) * cos(to) * v * v))
}

/// Where places are looked for.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// So many units around the centre.
    Circle(f64),
    /// So many units wide and high.
    Box(f64, f64),
}

/// A search: a shape around a place, and how many metres its unit has.
#[derive(Clone, Copy, Debug)]
pub struct Area {
    pub centre: Place,
    pub shape: Shape,
    pub unit: f64,
}

impl Area {
    /// How far from the centre a place is, if it is inside.
    pub fn distance_inside(&self, other: Place) -> Option<f64> {
        match self.shape {
            Shape::Circle(radius) => {
                let away = distance(self.centre, other);
                if away > radius * self.unit { None } else { Some(away) }
            }
            Shape::Box(width, height) => {
                if latitude_distance(other.1, self.centre.1) > height * self.unit / 2.0
                    || distance(other, Place(self.centre.0, other.1)) > width * self.unit / 2.0
                {
                    return None;
                }
                Some(distance(self.centre, other))
            }
        }
    }

    /// The western, southern, eastern and northern bounds, in degrees.
    fn bounds(&self) -> [f64; 4] {
        let Place(longitude, latitude) = self.centre;
        let (width, height) = match self.shape {
            Shape::Circle(radius) => (radius, radius),
            Shape::Box(width, height) => (width / 2.0, height / 2.0),
        };
        let (width, height) = (self.unit * width, self.unit * height);
        let up = height / EARTH_RADIUS / RADIANS;
        let edge = if latitude < 0.0 { latitude - up } else { latitude + up };
        let across = width / EARTH_RADIUS / cos(edge * RADIANS) / RADIANS;
        [longitude - across, latitude - up, longitude + across, latitude + up]
    }

    /// How often to halve, so that nine cells cover it.
    fn step(&self) -> u32 {
        let mut metres = self.unit
            * match self.shape {
                Shape::Circle(radius) => radius,
                Shape::Box(width, height) => sqrt((width / 2.0) * (width / 2.0) + (height / 2.0) * (height / 2.0)),
            };
        if metres == 0.0 {
            return STEP_MAX;
        }
        let mut step = 1_i32;
        while metres < MERCATOR_MAX {
            metres *= 2.0;
            step += 1;
        }
        let latitude = self.centre.1.abs();
        step -= 2 + i32::from(latitude > 66.0) + i32::from(latitude > 80.0);
        step.clamp(1, STEP_MAX as i32) as u32
    }

    /// The cells to look into, in Redis's order.
    pub fn cells(&self) -> alloc::vec::Vec<Cell> {
        let [west, south, east, north] = self.bounds();
        let mut cell = Cell::of(self.centre, LATITUDES, self.step());
        let too_small = cell.moved(0, 1).corners().1.1 < north
            || cell.moved(0, -1).corners().0.1 > south
            || cell.moved(1, 0).corners().1.0 < east
            || cell.moved(-1, 0).corners().0.0 > west;
        if cell.step > 1 && too_small {
            cell = Cell::of(self.centre, LATITUDES, cell.step - 1);
        }
        let (low, high) = cell.corners();
        let can_leave_out = cell.step >= 2;
        let useless = |(x, y): (i64, i64)| {
            can_leave_out
                && ((y < 0 && low.1 < south)
                    || (y > 0 && high.1 > north)
                    || (x < 0 && low.0 < west)
                    || (x > 0 && high.0 > east))
        };
        const AROUND: [(i64, i64); 9] = [(0, 0), (0, 1), (0, -1), (1, 0), (-1, 0), (1, 1), (-1, 1), (1, -1), (-1, -1)];
        let mut cells: alloc::vec::Vec<Cell> = alloc::vec::Vec::new();
        let mut last = None;
        for (number, way) in AROUND.into_iter().enumerate() {
            if useless(way) {
                continue;
            }
            let next = cell.moved(way.0, way.1);
            // With a huge radius neighbours can be the same; Redis compares with the last one, unless that was the centre.
            if last != Some(next) {
                cells.push(next);
                last = (number > 0).then_some(next);
            }
        }
        cells
    }
}
