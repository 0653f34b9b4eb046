//! The store's keys: how each is kept, how long it lives, and every bit of a string.

use warren_sim::sorted::SortedMap;
use warren_sim::{
    bytes::Bytes,
    event::What,
    redis::{
        ClientId, Event,
        view::{KeyRow as Stored, key_count, keys},
    },
    session::Session,
    world::EPOCH_MS,
};
use yew::prelude::*;

use super::{
    look::{self, Shown},
    pieces,
};
use crate::{
    action::Action,
    say::seconds,
    text::{Text, fill},
};

/// The most keys that are listed.
const MAX_ROWS: usize = 100;
/// The most bytes of a value that are shown bit by bit.
pub const MAX_BYTES: usize = 64;

/// What the keys' panel shows.
#[derive(Clone, Debug, PartialEq)]
pub struct KeysView {
    /// The database that the first console has selected.
    pub db: u8,
    /// Its keys in alphabetical order.
    pub rows: Vec<KeyRow>,
    /// How many more there are.
    pub more: u64,
}

/// One key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyRow {
    /// The key.
    pub key: Bytes,
    /// The key as text or in hexadecimal.
    pub name: String,
    /// The type's name.
    pub kind: &'static str,
    /// The encoding's name.
    pub encoding: &'static str,
    /// Bytes of content.
    pub size: u64,
    /// Seconds it has to live, if it does not stay.
    pub ttl: Option<String>,
    /// The value as text or in hexadecimal.
    pub value: Shown,
    /// The first bytes of the value.
    pub bytes: Vec<ByteRow>,
    /// The first elements of a collection, each with what stands beside it.
    pub elements: Vec<(Shown, Shown)>,
    /// How many elements there are; the bytes of a string.
    pub count: u64,
    /// Whether the last command changed it.
    pub changed: bool,
}

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

/// What the keys' panel shows of a session.
pub fn view(session: &Session) -> KeysView {
    let world = session.world();
    let now_ms = EPOCH_MS + world.now_ms();
    let db = world.store().selected_db(ClientId(1)).unwrap_or(0);
    let changes = last_changes(session, db);
    let rows: Vec<KeyRow> = keys(world.store(), db, now_ms, MAX_ROWS, look::MAX_SHOWN)
        .into_iter()
        .map(|stored| row(stored, &changes))
        .collect();
    KeysView { db, more: key_count(world.store(), db, now_ms).saturating_sub(rows.len() as u64), rows }
}

/// What the last command of all changed: for each key its value before, none where there was nothing.
fn last_changes(session: &Session, db: u8) -> SortedMap<Bytes, Option<Bytes>> {
    let timeline = session.timeline();
    let events = timeline.events(0, timeline.position());
    let called = events.iter().rposition(|event| matches!(event.what, What::Redis(Event::Called { .. })));
    // The changes of a command come right before it, among the events of its own line.
    let before = events[..called.unwrap_or(0)].iter().rev();
    let changes = before.map_while(|event| match &event.what {
        What::Redis(Event::KeyChanged { db, key, old, new: Some(_), .. }) => Some((*db, key.clone(), old.clone())),
        _ => None,
    });
    changes.filter(|(of, _, _)| *of == db).map(|(_, key, old)| (key, old.map(|old| old.bytes))).collect()
}

fn row(stored: Stored, changes: &SortedMap<Bytes, Option<Bytes>>) -> KeyRow {
    let change = changes.get(&stored.key);
    let shown = |bytes: &Bytes| look::shown(bytes, look::MAX_SHOWN);
    let elements: Vec<_> = stored.elements.iter().map(|one| (shown(&one.name), shown(&one.value))).collect();
    let value = if stored.type_name == "string" {
        Shown { cut: stored.size > stored.bytes.len() as u64, ..shown(&stored.bytes) }
    } else {
        summary(&elements, stored.count)
    };
    KeyRow {
        name: look::shown(&stored.key, look::MAX_SHOWN).text,
        kind: stored.type_name,
        encoding: stored.encoding,
        size: stored.size,
        ttl: stored.ttl_ms.map(seconds),
        value,
        elements,
        count: stored.count,
        bytes: byte_rows(&stored.bytes, change.and_then(Option::as_ref)),
        changed: change.is_some(),
        key: stored.key,
    }
}

/// How many elements of a collection stand in the table of keys.
const IN_TABLE: usize = 4;

/// A collection in a line: its first elements.
fn summary(elements: &[(Shown, Shown)], count: u64) -> Shown {
    let one = |(name, value): &(Shown, Shown)| match value.text.is_empty() {
        true => name.text.clone(),
        false => format!("{}: {}", name.text, value.text),
    };
    let text = elements.iter().take(IN_TABLE).map(one).collect::<Vec<_>>().join(", ");
    Shown { text, hex: false, cut: count > IN_TABLE as u64 }
}

/// The bytes of a value with what changed against `old`. A value that is all new is not marked bit by bit.
fn byte_rows(bytes: &[u8], old: Option<&Bytes>) -> Vec<ByteRow> {
    let bytes = &bytes[..bytes.len().min(MAX_BYTES)];
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

/// What the component is given.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What to show.
    pub view: KeysView,
    /// The words.
    pub text: &'static Text,
    /// Who hears what the learner does.
    pub on: Callback<Action>,
}

/// The keys.
#[component]
pub fn Keys(props: &Props) -> Html {
    let Props { view, text, .. } = props;
    let t = &text.panels.keys;
    let chosen = use_state(|| None::<Bytes>);
    let db = view.db.to_string();
    if view.rows.is_empty() {
        return html! { <p class="empty">{ fill(t.empty, &[&db]) }</p> };
    }
    // What was changed last is what one wants to see, until a key is chosen.
    let seen = view.rows.iter().find(|row| Some(&row.key) == (*chosen).as_ref());
    let seen = seen.or_else(|| view.rows.iter().find(|row| row.changed)).unwrap_or(&view.rows[0]);
    html! {
        <div class="keys">
            <div class="keys-table">
                <table class="table">
                    <caption class="sr">{ fill(t.caption, &[&db]) }</caption>
                    <thead>
                        <tr>
                            <th scope="col">{ t.key }</th>
                            <th scope="col">{ t.kind }</th>
                            <th scope="col">{ t.encoding }</th>
                            <th scope="col" class="n">{ t.size }</th>
                            <th scope="col" class="n">{ t.ttl }</th>
                            <th scope="col">{ t.value }</th>
                        </tr>
                    </thead>
                    <tbody>{ for view.rows.iter().map(|row| print_row(row, row.key == seen.key, &chosen, text)) }</tbody>
                </table>
                <p class="muted panel-more">{ if view.more > 0 { fill(t.more, &[&view.more.to_string()]) } else { String::new() } }</p>
            </div>
            <div class="keys-bits">{ if seen.kind == "string" { bits(seen, text) } else { collection(seen, text) } }</div>
        </div>
    }
}

fn print_row(row: &KeyRow, is_seen: bool, chosen: &UseStateHandle<Option<Bytes>>, text: &'static Text) -> Html {
    let t = &text.panels.keys;
    let choose = {
        let (chosen, key) = (chosen.clone(), row.key.clone());
        Callback::from(move |_: MouseEvent| chosen.set(Some(key.clone())))
    };
    let ttl = row.ttl.as_ref().map_or_else(|| t.stays.to_string(), |ttl| fill(text.panels.say.seconds, &[ttl]));
    html! {
        <tr key={pieces::key_of(&row.key)} class={classes!(is_seen.then_some("chosen"))}>
            <th scope="row">
                <button class="panel-link mono" aria-pressed={is_seen.to_string()} onclick={choose}>{ &row.name }</button>
            </th>
            <td>{ row.kind }</td>
            <td>{ row.encoding }</td>
            <td class="n">{ row.size }</td>
            <td class="n">{ ttl }</td>
            <td class="mono keys-value">
                { pieces::bytes(&row.value) }
                { if row.changed { html! { <span class="tag keys-changed">{ t.changed }</span> } } else { html! { <span></span> } } }
            </td>
        </tr>
    }
}

/// The elements of a collection, by the names that its type has for them.
fn collection(row: &KeyRow, text: &'static Text) -> Html {
    let t = &text.panels.keys;
    let (name, value) = match row.kind {
        "hash" => (t.field, t.value),
        "zset" => (t.member, t.score),
        "stream" => (t.entry_id, t.fields),
        "set" => (t.member, ""),
        _ => (t.element, ""),
    };
    let hidden = row.count.saturating_sub(row.elements.len() as u64);
    html! {
        <>
            <table class="table keys-grid">
                <caption>{ fill(t.elements_of, &[&row.name, &row.count.to_string()]) }</caption>
                <thead>
                    <tr>
                        <th scope="col" class="n">{ if row.kind == "list" || row.kind == "zset" { t.place } else { "" } }</th>
                        <th scope="col">{ name }</th>
                        <th scope="col">{ value }</th>
                    </tr>
                </thead>
                <tbody>{ for row.elements.iter().enumerate().map(|(at, (name, value))| html! {
                    <tr key={at}>
                        <td class="n muted">{ if row.kind == "list" || row.kind == "zset" { at.to_string() } else { String::new() } }</td>
                        <td class="mono keys-value">{ pieces::bytes(name) }</td>
                        <td class="mono keys-value">{ pieces::bytes(value) }</td>
                    </tr>
                }) }</tbody>
            </table>
            <p class="muted panel-more">{ if hidden > 0 { fill(t.more_elements, &[&hidden.to_string()]) } else { String::new() } }</p>
        </>
    }
}

/// Every bit of a value, byte by byte.
fn bits(row: &KeyRow, text: &'static Text) -> Html {
    let t = &text.panels.keys;
    let hidden = row.size.saturating_sub(row.bytes.len() as u64);
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
                <tbody>{ for row.bytes.iter().enumerate().map(|(at, byte)| print_byte(at, byte, text)) }</tbody>
            </table>
            <p class="muted panel-more">{ if hidden > 0 { fill(t.more_bytes, &[&hidden.to_string()]) } else { String::new() } }</p>
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
        <span key={bit} {class} title={changed.then_some(text.panels.keys.bit_changed)}>
            { if on { "1" } else { "0" } }<span class="sr">{ if changed { text.panels.keys.bit_changed } else { "" } }</span>
        </span>
    }
}
