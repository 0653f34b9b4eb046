//! Places on a small map: a net of meridians and parallels, and a dot for each member.

use warren_sim::redis::view::PlaceRow;
use yew::prelude::*;

use super::{KeyRow, name};
use crate::text::{Text, fill};

/// Width and height of the picture, in px.
pub const SIZE: (f64, f64) = (480.0, 300.0);
/// What is left free around the net: left, top, right, bottom.
const MARGIN: (f64, f64, f64, f64) = (44.0, 10.0, 14.0, 24.0);
/// The distances between lines of the net that may be chosen, in degrees.
const STEPS: [f64; 16] =
    [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0];
/// About so many lines in either direction.
const LINES: f64 = 5.0;
/// The least that is shown in either direction, in degrees.
const LEAST_DEGREES: f64 = 0.002;
/// Height of a label, and how wide a character is taken to be, in px.
const LABEL: (f64, f64) = (15.0, 7.2);
/// The longest label, in characters.
const LABEL_CHARS: usize = 18;

/// The map as it is drawn.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MapView {
    /// Meridians: where each is, and its name.
    pub meridians: Vec<(f64, String)>,
    /// Parallels.
    pub parallels: Vec<(f64, String)>,
    /// The places: where each is, its label, and where that stands.
    pub places: Vec<Dot>,
}

/// A place on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Dot {
    /// Where it is, in px.
    pub at: (f64, f64),
    /// The member; empty where there is no room for it.
    pub label: String,
    /// Where the label begins or, at the right edge, ends.
    pub label_at: (f64, f64),
    /// Whether it ends there.
    pub ends: bool,
    /// From where to where it goes.
    pub span: (f64, f64),
}

/// Puts places on a map that holds them all. A degree of longitude is drawn as long as it is in the middle of the map.
pub fn place_map(places: &[PlaceRow]) -> MapView {
    let Some(first) = places.first() else { return MapView::default() };
    let (mut west, mut east, mut south, mut north) = (first.longitude, first.longitude, first.latitude, first.latitude);
    for place in places {
        (west, east) = (west.min(place.longitude), east.max(place.longitude));
        (south, north) = (south.min(place.latitude), north.max(place.latitude));
    }
    let (width, height) = (SIZE.0 - MARGIN.0 - MARGIN.2, SIZE.1 - MARGIN.1 - MARGIN.3);
    let shrink = ((south + north) / 2.0).to_radians().cos().max(0.1);
    let spread = |low: f64, high: f64| (high - low).max(LEAST_DEGREES) * 1.3;
    // Px of a degree of latitude.
    let scale = (width / (spread(west, east) * shrink)).min(height / spread(south, north));
    let (middle_x, middle_y) = ((west + east) / 2.0, (south + north) / 2.0);
    let x = |longitude: f64| MARGIN.0 + width / 2.0 + (longitude - middle_x) * shrink * scale;
    let y = |latitude: f64| MARGIN.1 + height / 2.0 - (latitude - middle_y) * scale;
    let lines = |per_degree: f64, length: f64, middle: f64, most: f64| -> Vec<f64> {
        let degrees = length / per_degree;
        let step = STEPS.into_iter().find(|step| degrees / step <= LINES).unwrap_or(60.0);
        let first = ((middle - degrees / 2.0) / step).ceil();
        (0..=8)
            .map(|n| (first + f64::from(n)) * step)
            .filter(|at| *at <= middle + degrees / 2.0 && at.abs() <= most)
            .collect()
    };
    let meridians = lines(shrink * scale, width, middle_x, 180.0);
    let parallels = lines(scale, height, middle_y, 90.0);
    MapView {
        meridians: meridians.into_iter().map(|at| (x(at), degrees(at, 'E', 'W'))).collect(),
        parallels: parallels.into_iter().map(|at| (y(at), degrees(at, 'N', 'S'))).collect(),
        places: dots(places, &x, &y),
    }
}

fn dots(places: &[PlaceRow], x: &dyn Fn(f64) -> f64, y: &dyn Fn(f64) -> f64) -> Vec<Dot> {
    let mut dots: Vec<Dot> = Vec::new();
    for place in places {
        let at = (x(place.longitude), y(place.latitude));
        let mut label: String = name(&place.member);
        if let Some((cut, _)) = label.char_indices().nth(LABEL_CHARS) {
            label.truncate(cut);
            label.push('…');
        }
        let width = |label: &str| label.chars().map(|c| if c.is_ascii() { LABEL.1 } else { 13.0 }).sum::<f64>();
        let span = |ends: bool| {
            if ends { (at.0 - 9.0 - width(&label), at.0 - 9.0) } else { (at.0 + 9.0, at.0 + 9.0 + width(&label)) }
        };
        // To the right, to the left, then a line lower or higher; a label that finds no room is left to the table below.
        let tries = [0.0, LABEL.0 * 0.7, -LABEL.0 * 0.7].into_iter().flat_map(|by| [(false, by), (true, by)]);
        let is_free = |ends: bool, line: f64| {
            let (from, to) = span(ends);
            let inside = from > 2.0 && to < SIZE.0 - 2.0 && (MARGIN.1 + 10.0..SIZE.1 - MARGIN.3).contains(&line);
            let apart = |other: &Dot| {
                let beside = other.span.0 > to || other.span.1 < from;
                other.label.is_empty() || beside || (other.label_at.1 - line).abs() >= LABEL.0
            };
            let covers = |other: &PlaceRow| {
                let (dot_x, dot_y) = (x(other.longitude), y(other.latitude));
                (from - 5.0..to + 5.0).contains(&dot_x) && (dot_y - (line - 4.5)).abs() < 9.0
            };
            inside && dots.iter().all(apart) && !places.iter().any(covers)
        };
        let found = tries.map(|(ends, by)| (ends, at.1 + 4.5 + by)).find(|(ends, y)| is_free(*ends, *y));
        let (ends, label_y) = found.unwrap_or((false, at.1));
        let label_at = (if ends { at.0 - 9.0 } else { at.0 + 9.0 }, label_y);
        let (span, label) = (span(ends), if found.is_some() { label.clone() } else { String::new() });
        dots.push(Dot { at, label, label_at, ends, span });
    }
    dots
}

/// Degrees with the sign that sailors use.
fn degrees(at: f64, positive: char, negative: char) -> String {
    let (text, sign) = (number(at.abs()), if at < 0.0 { negative } else { positive });
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if at.abs() < 1e-9 { "0°".to_string() } else { format!("{text}°{sign}") }
}

/// Degrees with four places.
pub fn number(at: f64) -> String {
    let parts = (at.abs() * 10_000.0).round() as u64;
    let sign = if at < 0.0 && parts > 0 { "-" } else { "" };
    format!("{sign}{}.{:04}", parts / 10_000, parts % 10_000)
}

/// The map, and a table with the coordinates.
pub fn show(row: &KeyRow, places: &[PlaceRow], text: &'static Text) -> Html {
    let (t, s) = (&text.language.closed().keys, text.language.store());
    let view = place_map(places);
    let px = |at: f64| format!("{}", (at * 10.0).round() / 10.0);
    let caption = fill(s.map, &[&row.name, &row.count.to_string()]);
    let (right, bottom) = (px(SIZE.0 - MARGIN.2), px(SIZE.1 - MARGIN.3));
    html! {
        <>
            <svg class="keys-map" viewBox={format!("0 0 {} {}", SIZE.0, SIZE.1)} role="img" aria-label={caption.clone()}>
                <rect class="map-sea" x={px(MARGIN.0)} y={px(MARGIN.1)} width={px(SIZE.0 - MARGIN.0 - MARGIN.2)}
                    height={px(SIZE.1 - MARGIN.1 - MARGIN.3)} />
                { for view.meridians.iter().map(|(at, label)| html! {
                    <g key={label.clone()}>
                        <line class="map-line" x1={px(*at)} x2={px(*at)} y1={px(MARGIN.1)} y2={bottom.clone()} />
                        <text class="map-degree" x={px(*at)} y={px(SIZE.1 - 8.0)} text-anchor="middle">{ label }</text>
                    </g>
                }) }
                { for view.parallels.iter().map(|(at, label)| html! {
                    <g key={label.clone()}>
                        <line class="map-line" x1={px(MARGIN.0)} x2={right.clone()} y1={px(*at)} y2={px(*at)} />
                        <text class="map-degree" x={px(MARGIN.0 - 6.0)} y={px(at + 4.0)} text-anchor="end">{ label }</text>
                    </g>
                }) }
                { for view.places.iter().zip(&row.elements).enumerate().map(|(at, (dot, element))| html! {
                    <g key={at} class={classes!("map-place", (element.mark != super::Mark::Same).then_some("altered"))}>
                        <title>{ &element.name.text }</title>
                        <circle cx={px(dot.at.0)} cy={px(dot.at.1)} r="4.5" />
                        <text x={px(dot.label_at.0)} y={px(dot.label_at.1)} text-anchor={if dot.ends { "end" } else { "start" }}>{ &dot.label }</text>
                    </g>
                }) }
            </svg>
            <table class="table keys-grid">
                <caption>{ caption }</caption>
                <thead><tr>
                    <th scope="col">{ t.member }</th><th scope="col" class="n">{ s.longitude }</th><th scope="col" class="n">{ s.latitude }</th>
                </tr></thead>
                <tbody>{ for places.iter().zip(&row.elements).enumerate().map(|(at, (place, element))| html! {
                    <tr key={at} class={(element.mark != super::Mark::Same).then_some("altered")}>
                        <td class="mono keys-value">{ name(&place.member) }</td>
                        <td class="n">{ number(place.longitude) }</td>
                        <td class="n">{ number(place.latitude) }</td>
                    </tr>
                }) }</tbody>
            </table>
        </>
    }
}
