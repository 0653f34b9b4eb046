//! The store's keys: how each is kept, how long it lives, and what is in it, with what the last command changed.
//!
//! What is shown of a value is in `string`, `collection`, `groups` and `map`.

mod collection;
mod groups;
mod last;
mod map;
mod string;

pub use collection::{ElementRow, Mark};
pub use last::Last;
pub use map::{MapView, place_map};
pub use string::{ByteRow, MAX_BYTES};

use warren_sim::{
    bytes::Bytes,
    redis::{
        ClientId,
        view::{GroupRow, HyperLogLog, KeyRow as Stored, PlaceRow, groups as groups_of, key_count, keys},
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
/// The most bytes of a string that are looked at.
const MAX_LOOKED_AT: usize = 512;

/// What the keys' panel shows.
#[derive(Clone, Debug, PartialEq)]
pub struct KeysView {
    /// The database that the console which is shown has selected.
    pub db: u8,
    /// Its keys in alphabetical order.
    pub rows: Vec<KeyRow>,
    /// How many more there are.
    pub more: u64,
    /// What the last command did, if there was one.
    pub last: Option<LastRow>,
}

/// What the last command did to the database.
#[derive(Clone, Debug, PartialEq)]
pub struct LastRow {
    /// The command's name.
    pub command: String,
    /// The keys it changed.
    pub changed: Vec<String>,
    /// The keys that went.
    pub gone: Vec<String>,
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
    /// The first bytes of a string with what changed.
    pub bytes: Vec<ByteRow>,
    /// How many bits of it are 1.
    pub ones: u64,
    /// The first elements of a collection, and those that went.
    pub elements: Vec<ElementRow>,
    /// How many elements there are; the bytes of a string.
    pub count: u64,
    /// Changes of elements that are not among those shown.
    pub more_changes: u64,
    /// The groups of a stream.
    pub groups: Vec<GroupRow>,
    /// The members as places, if they can be.
    pub places: Option<Vec<PlaceRow>>,
    /// Whether GEOADD wrote it in this run: then it is shown as a map.
    pub is_geo: bool,
    /// What a string says of itself that is a `HyperLogLog`.
    pub hyperloglog: Option<HyperLogLog>,
    /// Whether the last command changed it.
    pub changed: bool,
}

/// What the keys' panel shows beside the console of this number.
pub fn view(session: &Session, console: u32) -> KeysView {
    let world = session.world();
    let now_ms = EPOCH_MS + world.now_ms();
    let db = world.store().selected_db(ClientId(console)).unwrap_or(0);
    let last = Last::of(session, db);
    let rows: Vec<KeyRow> = keys(world.store(), db, now_ms, MAX_ROWS, MAX_LOOKED_AT)
        .into_iter()
        .map(|stored| row(session, db, stored, last.as_ref()))
        .collect();
    let more = key_count(world.store(), db, now_ms).saturating_sub(rows.len() as u64);
    let last = last.map(|last| LastRow {
        changed: rows.iter().filter(|row| row.changed).map(|row| row.name.clone()).collect(),
        gone: last.gone.iter().map(name).collect(),
        command: last.command,
    });
    KeysView { db, more, rows, last }
}

fn name(key: &Bytes) -> String {
    look::shown(key, look::MAX_SHOWN).text
}

fn row(session: &Session, db: u8, stored: Stored, last: Option<&Last>) -> KeyRow {
    let world = session.world();
    let change = last.and_then(|last| last.changes.get(&stored.key));
    // Without a command there is nothing that could be marked.
    let before = last.filter(|last| last.changes.contains_key(&stored.key)).map(|last| last.before.store());
    let groups = groups_of(world.store(), before, db, &stored.key, EPOCH_MS + world.now_ms());
    let summary = collection::summary(&stored);
    let (elements, more_changes) = collection::elements(&stored, change);
    let value = if stored.type_name == "string" {
        Shown { cut: stored.size > look::MAX_SHOWN as u64, ..look::shown(&stored.bytes, look::MAX_SHOWN) }
    } else {
        summary
    };
    KeyRow {
        name: name(&stored.key),
        kind: stored.type_name,
        encoding: stored.encoding,
        size: stored.size,
        ttl: stored.ttl_ms.map(seconds),
        value,
        bytes: string::byte_rows(&stored.bytes, change.and_then(|change| change.old_bytes.as_ref())),
        ones: stored.ones,
        elements,
        count: stored.count,
        more_changes,
        groups,
        is_geo: stored.places.is_some() && last::written_by_geoadd(session, &stored.key),
        places: stored.places,
        hyperloglog: stored.hyperloglog,
        changed: change.is_some_and(|change| change.changed),
        key: stored.key,
    }
}

/// How what is chosen is looked at: a string bit by bit or otherwise, a sorted set as places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// As the value itself suggests.
    #[default]
    Usual,
    /// A table: bit by bit, or with scores.
    Table,
    /// As text.
    Text,
    /// In hexadecimal.
    Hex,
    /// As a bitmap.
    Bitmap,
    /// On a map.
    Map,
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
    let t = &text.language.closed().keys;
    let chosen = use_state(|| None::<Bytes>);
    let look = use_state(Look::default);
    let db = view.db.to_string();
    if view.rows.is_empty() {
        return html! {
            <div class="keys">
                { last_line(view, text) }
                <p class="empty">{ fill(t.empty, &[&db]) }</p>
            </div>
        };
    }
    // What was changed last is what one wants to see, until a key is chosen.
    let seen = view.rows.iter().find(|row| Some(&row.key) == (*chosen).as_ref());
    let seen = seen.or_else(|| view.rows.iter().find(|row| row.changed)).unwrap_or(&view.rows[0]);
    html! {
        <div class="keys">
            { last_line(view, text) }
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
            <div class="keys-bits">
                { if seen.kind == "string" { string::show(seen, &look, text) } else { collection::show(seen, &look, text) } }
            </div>
        </div>
    }
}

/// What the last command did, in a line.
fn last_line(view: &KeysView, text: &'static Text) -> Html {
    let t = text.language.store();
    let Some(last) = &view.last else { return html! { <p class="keys-last"></p> } };
    let changed = match last.changed.is_empty() {
        true if last.gone.is_empty() => fill(t.last_nothing, &[&last.command]),
        true => last.command.clone(),
        false => fill(t.last_changed, &[&last.command, &last.changed.join(", ")]),
    };
    let gone = if last.gone.is_empty() { String::new() } else { fill(t.gone, &[&last.gone.join(", ")]) };
    html! { <p class="keys-last muted"><span>{ changed }</span><span class="keys-went">{ gone }</span></p> }
}

fn print_row(row: &KeyRow, is_seen: bool, chosen: &UseStateHandle<Option<Bytes>>, text: &'static Text) -> Html {
    let t = &text.language.closed().keys;
    let choose = {
        let (chosen, key) = (chosen.clone(), row.key.clone());
        Callback::from(move |_: MouseEvent| chosen.set(Some(key.clone())))
    };
    let ttl = row.ttl.as_ref().map_or_else(|| t.stays.to_string(), |ttl| fill(text.language.say().seconds, &[ttl]));
    html! {
        <tr key={pieces::key_of(&row.key)} class={classes!(is_seen.then_some("chosen"))}>
            <th scope="row">
                <button class="panel-link mono" aria-pressed={is_seen.to_string()} onclick={choose}>{ &row.name }</button>
            </th>
            <td>{ row.kind }</td>
            <td>{ row.encoding }</td>
            <td class="n">{ row.size }</td>
            <td class="n">{ ttl }</td>
            <td class="mono keys-value"><div class="keys-cell">
                { pieces::bytes(&row.value) }
                { if row.changed { html! { <span class="tag keys-changed">{ t.changed }</span> } } else { html! { <span></span> } } }
            </div></td>
        </tr>
    }
}

/// The ways of looking at a value, of which one is chosen.
fn looks(choices: &[(Look, &'static str)], now: Look, look: &UseStateHandle<Look>, label: &'static str) -> Html {
    html! {
        <div class="keys-looks" role="group" aria-label={label}>
            { for choices.iter().map(|(one, name)| {
                let (one, look) = (*one, look.clone());
                let chosen = one == now;
                html! {
                    <button key={*name} class={classes!("console-tab", chosen.then_some("chosen"))} aria-pressed={chosen.to_string()}
                        onclick={Callback::from(move |_: MouseEvent| look.set(one))}>{ *name }</button>
                }
            }) }
        </div>
    }
}
