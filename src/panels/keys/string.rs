//! A string: bit by bit with what changed, as text, in hexadecimal, as a bitmap; and what it says of itself as a `HyperLogLog`.

use warren_sim::sorted::SortedMap;
use warren_sim::{bytes::Bytes, redis::view::HyperLogLog};
use yew::prelude::*;

use super::super::{look, pieces};
use super::{KeyRow, Look, looks};
use crate::text::{Text, fill};

/// The most bytes of a value that are shown bit by bit.
pub const MAX_BYTES: usize = 64;
/// The most that are shown as a bitmap.
const MAX_BITMAP: usize = 256;
/// The most bits that are listed by their numbers.
const MAX_LISTED: usize = 64;
/// Bytes of a line in hexadecimal.
const HEX_LINE: usize = 16;

/// One byte of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct ByteRow {
    /// Its value.
    pub byte: u8,
    /// The bits that the last command changed.
    pub changed: u8,
    /// The character that begins here and how many bytes it has; none within one, or where there is none.
    pub character: Option<(String, u8)>,
    /// Whether it lies within a character that began before.
    pub within: bool,
}

/// The bytes of a value with what changed against `old`. A value that is all new is not marked bit by bit.
pub fn byte_rows(bytes: &[u8], old: Option<&Bytes>) -> Vec<ByteRow> {
    let starts = characters(bytes);
    let mut until = 0;
    let row = |(at, byte): (usize, &u8)| {
        let character = starts.get(&at).cloned();
        let within = character.is_none() && at < until;
        if let Some((_, length)) = &character {
            until = at + usize::from(*length);
        }
        let before = old.map(|old| old.get(at).copied().unwrap_or(0));
        ByteRow { byte: *byte, changed: before.map_or(0, |before| before ^ byte), character, within }
    };
    bytes.iter().enumerate().map(row).collect()
}

/// Where the UTF-8 characters begin that lie in these bytes in full, with their lengths.
fn characters(bytes: &[u8]) -> SortedMap<usize, (String, u8)> {
    let mut found = SortedMap::new();
    let mut start = 0;
    for chunk in bytes.utf8_chunks() {
        for (at, c) in chunk.valid().char_indices() {
            if !c.is_control() {
                found.insert(start + at, (c.to_string(), c.len_utf8() as u8));
            }
        }
        start += chunk.valid().len() + chunk.invalid().len();
    }
    found
}

/// The value, looked at in one of the ways.
pub fn show(row: &KeyRow, look: &UseStateHandle<Look>, text: &'static Text) -> Html {
    let s = text.language.store();
    let now = match **look {
        Look::Usual | Look::Table | Look::Map => Look::Table,
        chosen @ (Look::Text | Look::Hex | Look::Bitmap) => chosen,
    };
    let choices =
        [(Look::Table, s.as_bits), (Look::Text, s.as_text), (Look::Hex, s.as_hex), (Look::Bitmap, s.as_bitmap)];
    html! {
        <>
            { row.hyperloglog.as_ref().map_or_else(|| html! { <div key="plain"></div> }, |hll| hyperloglog(row, hll, text)) }
            { looks(&choices, now, look, s.shown_as) }
            { match now {
                Look::Text => plain(row, text),
                Look::Hex => hex(row, text),
                Look::Bitmap => bitmap(row, text),
                Look::Usual | Look::Table | Look::Map => bits(row, text),
            } }
        </>
    }
}

fn hyperloglog(row: &KeyRow, hll: &HyperLogLog, text: &'static Text) -> Html {
    let s = text.language.store();
    let facts = [
        if hll.dense { s.dense.to_string() } else { s.sparse.to_string() },
        fill(s.registers, &[&hll.registers.to_string(), &hll.largest.to_string()]),
        if hll.cached { s.cached.to_string() } else { s.not_cached.to_string() },
    ];
    html! {
        <div key="hyperloglog" class="keys-note">
            <h4>{ fill(s.hyperloglog, &[&row.name, &hll.estimate.to_string()]) }</h4>
            <ul>{ for facts.iter().map(|fact| html! { <li key={fact.clone()}>{ fact }</li> }) }</ul>
        </div>
    }
}

/// What is not shown because there is too much.
fn hidden(row: &KeyRow, shown: usize, text: &'static Text) -> Html {
    let hidden = row.size.saturating_sub(shown as u64);
    let told =
        if hidden > 0 { fill(text.language.closed().keys.more_bytes, &[&hidden.to_string()]) } else { String::new() };
    html! { <p class="muted panel-more">{ told }</p> }
}

fn all_bytes(row: &KeyRow) -> Vec<u8> {
    row.bytes.iter().map(|row| row.byte).collect()
}

fn plain(row: &KeyRow, text: &'static Text) -> Html {
    let s = text.language.store();
    let bytes = all_bytes(row);
    let shown = if bytes.is_empty() {
        html! { <p class="muted">{ s.empty_value }</p> }
    } else {
        html! { <p class="mono keys-value">{ pieces::bytes(&look::shown(&bytes, bytes.len())) }</p> }
    };
    html! {
        <div class="keys-note">
            <h4>{ fill(s.value_of, &[&row.name]) }</h4>
            { shown }
            { hidden(row, bytes.len(), text) }
        </div>
    }
}

fn hex(row: &KeyRow, text: &'static Text) -> Html {
    let t = &text.language.closed().keys;
    let bytes = all_bytes(row);
    let line = |(at, line): (usize, &[u8])| {
        let digits: Vec<String> = line.iter().map(|byte| format!("{byte:02x}")).collect();
        let readable: String =
            line.iter().map(|byte| if (b' '..=b'~').contains(byte) { char::from(*byte) } else { '.' }).collect();
        html! {
            <tr key={at}>
                <th scope="row" class="n">{ at * HEX_LINE }</th>
                <td class="mono keys-hex">{ digits.join(" ") }</td>
                <td class="mono keys-ascii">{ readable }</td>
            </tr>
        }
    };
    html! {
        <>
            <table class="table keys-grid">
                <caption>{ fill(text.language.store().value_of, &[&row.name]) }</caption>
                <thead><tr><th scope="col" class="n">{ t.byte }</th><th scope="col">{ t.hex }</th><th scope="col">{ "ASCII" }</th></tr></thead>
                <tbody>{ for bytes.chunks(HEX_LINE).enumerate().map(line) }</tbody>
            </table>
            { hidden(row, bytes.len(), text) }
        </>
    }
}

/// The bits as a field of squares, eight by eight, and which of them are 1 as numbers.
fn bitmap(row: &KeyRow, text: &'static Text) -> Html {
    let s = text.language.store();
    let shown = &row.bytes[..row.bytes.len().min(MAX_BITMAP)];
    let is_one = |(at, row): (usize, &ByteRow)| {
        let byte = row.byte;
        (0..8_usize).filter(move |bit| byte & (0x80 >> bit) != 0).map(move |bit| at * 8 + bit)
    };
    let mut ones = shown.iter().enumerate().flat_map(is_one);
    let listed: Vec<String> = ones.by_ref().take(MAX_LISTED).map(|bit| bit.to_string()).collect();
    let more = row.ones.saturating_sub(listed.len() as u64);
    let list = match (listed.is_empty(), more) {
        (true, 0) => s.no_ones.to_string(),
        (_, 0) => fill(s.ones, &[&listed.join(", ")]),
        _ => format!("{} {}", fill(s.ones, &[&listed.join(", ")]), fill(s.more_bits, &[&more.to_string()])),
    };
    let byte = |(at, row): (usize, &ByteRow)| {
        html! {
            <span key={at} class="bitmap-byte">
                <span class="bitmap-at">{ at * 8 }</span>
                <span class="bitmap-bits">{ for (0..8_u8).map(|bit| {
                    let mask = 0x80 >> bit;
                    let (on, changed) = (row.byte & mask != 0, row.changed & mask != 0);
                    html! { <i key={bit} class={classes!(on.then_some("on"), changed.then_some("changed"))}></i> }
                }) }</span>
            </span>
        }
    };
    html! {
        <div class="keys-note">
            <h4>{ fill(s.bitmap, &[&row.name, &row.ones.to_string()]) }</h4>
            <div class="bitmap" aria-hidden="true">{ for shown.iter().enumerate().map(byte) }</div>
            <p class="num">{ list }</p>
            { hidden(row, shown.len(), text) }
        </div>
    }
}

/// Every bit of a value, byte by byte.
fn bits(row: &KeyRow, text: &'static Text) -> Html {
    let t = &text.language.closed().keys;
    let shown = &row.bytes[..row.bytes.len().min(MAX_BYTES)];
    html! {
        <>
            <table class="table keys-grid">
                <caption>{ fill(t.bits, &[&row.name]) }</caption>
                <thead>
                    <tr>
                        <th scope="col" class="n">{ t.byte }</th>
                        <th scope="col">{ t.bits_of }</th>
                        <th scope="col">{ t.hex }</th>
                        <th scope="col">{ t.character }</th>
                    </tr>
                </thead>
                <tbody>{ for shown.iter().enumerate().map(|(at, byte)| print_byte(at, byte, text)) }</tbody>
            </table>
            { hidden(row, shown.len(), text) }
        </>
    }
}

fn print_byte(at: usize, row: &ByteRow, text: &'static Text) -> Html {
    let character = match &row.character {
        Some((character, length)) => html! { <td class="keys-char" rowspan={length.to_string()}>{ character }</td> },
        None if row.within => html! {},
        None => html! { <td class="keys-char muted">{ "·" }</td> },
    };
    html! {
        <tr key={at}>
            <th scope="row" class="n">{ at }</th>
            <td class="mono keys-bits-row">
                { for (0..8_u8).map(|bit| print_bit(row, bit, text)) }
            </td>
            <td class="mono">{ format!("{:02x}", row.byte) }</td>
            { character }
        </tr>
    }
}

/// One bit. Redis counts the bits of a byte from the highest one.
fn print_bit(row: &ByteRow, bit: u8, text: &'static Text) -> Html {
    let mask = 0x80 >> bit;
    let (on, changed) = (row.byte & mask != 0, row.changed & mask != 0);
    let class = classes!("bit", on.then_some("on"), changed.then_some("changed"));
    html! {
        <span key={bit} {class} title={changed.then_some(text.language.closed().keys.bit_changed)}>
            { if on { "1" } else { "0" } }<span class="sr">{ if changed { text.language.closed().keys.bit_changed } else { "" } }</span>
        </span>
    }
}
