//! The elements of a collection, each marked with what the last command did to it.

use warren_sim::redis::view::{Change, Difference, KeyRow as Stored};
use yew::prelude::*;

use super::super::{
    look::{self, Shown},
    pieces,
};
use super::{KeyRow, Look, groups, looks, map};
use crate::text::{Text, fill};

/// What the last command did to an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing.
    Same,
    /// It is new.
    Added,
    /// What stands beside it was another.
    Changed,
    /// It went.
    Removed,
}

/// One element.
#[derive(Clone, Debug, PartialEq)]
pub struct ElementRow {
    /// Its place in a list or a sorted set.
    pub place: String,
    /// The element, member, field or id.
    pub name: Shown,
    /// What stands beside it.
    pub value: Shown,
    /// What the last command did to it.
    pub mark: Mark,
    /// What was there before it changed.
    pub old: Shown,
}

/// How many elements of a collection stand in the table of keys.
const IN_TABLE: usize = 4;

/// A collection in a line: its first elements.
pub fn summary(stored: &Stored) -> Shown {
    let one = |element: &warren_sim::redis::view::Element| {
        let (name, value) = (look::shown(&element.name, 40).text, look::shown(&element.value, 40).text);
        if value.is_empty() || stored.places.is_some() { name } else { format!("{name}: {value}") }
    };
    let text = stored.elements.iter().take(IN_TABLE).map(one).collect::<Vec<_>>().join(", ");
    Shown { text, hex: false, cut: stored.count > IN_TABLE as u64 }
}

/// The elements that are shown, those that went behind them, and how many changes are not among them.
pub fn elements(stored: &Stored, change: Option<&Change>) -> (Vec<ElementRow>, u64) {
    let shown = |bytes: &[u8]| look::shown(bytes, look::MAX_SHOWN);
    let is_list = stored.type_name == "list";
    let counted = is_list || stored.type_name == "zset";
    let differences: &[Difference] = change.map_or(&[], |change| &change.differences);
    let found = |at: usize, name: &[u8]| {
        let place = at.to_string();
        let name = if is_list { place.as_bytes() } else { name };
        differences.iter().find(|one| one.name[..] == *name && one.new.is_some())
    };
    let mut told = 0;
    let mut rows: Vec<ElementRow> = Vec::new();
    for (at, element) in stored.elements.iter().enumerate() {
        let difference = found(at, &element.name);
        let old = difference.and_then(|one| one.old.as_ref());
        told += u64::from(difference.is_some());
        rows.push(ElementRow {
            place: if counted { at.to_string() } else { String::new() },
            name: shown(&element.name),
            value: shown(&element.value),
            mark: match (difference, old) {
                (None, _) => Mark::Same,
                (Some(_), None) => Mark::Added,
                (Some(_), Some(_)) => Mark::Changed,
            },
            old: old.map(|old| shown(old)).unwrap_or_default(),
        });
    }
    for gone in differences.iter().filter(|one| one.new.is_none()) {
        let old = gone.old.clone().unwrap_or_default();
        told += 1;
        let (place, name, value) = if is_list {
            (gone.name.text().into_owned(), shown(&old), Shown::default())
        } else {
            (String::new(), shown(&gone.name), shown(&old))
        };
        rows.push(ElementRow { place, name, value, mark: Mark::Removed, old: Shown::default() });
    }
    let all = differences.len() as u64 + change.map_or(0, |change| change.more);
    (rows, all - told)
}

/// The elements of a collection, by the names that its type has for them; a stream's groups and a map of places with them.
pub fn show(row: &KeyRow, look: &UseStateHandle<Look>, text: &'static Text) -> Html {
    let s = text.language.store();
    let Some(places) = &row.places else {
        let groups = if row.kind == "stream" {
            groups::show(row, text)
        } else {
            html! { <div></div> }
        };
        return html! { <>{ table(row, text) }{ groups }</> };
    };
    let now = match **look {
        Look::Map => Look::Map,
        Look::Table => Look::Table,
        Look::Usual | Look::Text | Look::Hex | Look::Bitmap if row.is_geo => Look::Map,
        Look::Usual | Look::Text | Look::Hex | Look::Bitmap => Look::Table,
    };
    html! {
        <>
            { looks(&[(Look::Map, s.as_map), (Look::Table, s.as_table)], now, look, s.shown_as) }
            { if now == Look::Map { map::show(row, places, text) } else { table(row, text) } }
        </>
    }
}

fn table(row: &KeyRow, text: &'static Text) -> Html {
    let (t, s) = (&text.language.closed().keys, text.language.store());
    let (name, value) = match row.kind {
        "hash" => (t.field, t.value),
        "zset" => (t.member, t.score),
        "stream" => (t.entry_id, t.fields),
        "set" => (t.member, ""),
        _ => (t.element, ""),
    };
    let counted = row.kind == "list" || row.kind == "zset";
    let there = row.elements.iter().filter(|element| element.mark != Mark::Removed).count() as u64;
    let hidden = row.count.saturating_sub(there);
    let head = |name: &'static str, class: &'static str| match name.is_empty() {
        true => html! {},
        false => html! { <th scope="col" {class}>{ name }</th> },
    };
    html! {
        <>
            <table class="table keys-grid">
                <caption>{ fill(t.elements_of, &[&row.name, &row.count.to_string()]) }</caption>
                <thead>
                    <tr>{ head(if counted { t.place } else { "" }, "n") }{ head(name, "") }{ head(value, "") }<td></td></tr>
                </thead>
                <tbody>{ for row.elements.iter().enumerate().map(|(at, element)| {
                    print_element(at, element, (counted, !value.is_empty()), text)
                }) }</tbody>
            </table>
            <p class="muted panel-more">{ if hidden > 0 { fill(t.more_elements, &[&hidden.to_string()]) } else { String::new() } }</p>
            <p class="muted panel-more">
                { if row.more_changes > 0 { fill(s.more_changes, &[&row.more_changes.to_string()]) } else { String::new() } }
            </p>
        </>
    }
}

fn print_element(at: usize, element: &ElementRow, (counted, valued): (bool, bool), text: &'static Text) -> Html {
    let s = text.language.store();
    let (class, told) = match element.mark {
        Mark::Same => (None, String::new()),
        Mark::Added => (Some("added"), s.added.to_string()),
        // Of a set there is nothing that could have been otherwise.
        Mark::Changed => (Some("altered"), fill(s.was, &[&element.old.text])),
        Mark::Removed => (Some("removed"), s.removed.to_string()),
    };
    html! {
        <tr key={at} {class}>
            { if counted { html! { <td class="n muted">{ &element.place }</td> } } else { html! {} } }
            <td class="mono keys-value">{ pieces::bytes(&element.name) }</td>
            { if valued { html! { <td class="mono keys-value">{ pieces::bytes(&element.value) }</td> } } else { html! {} } }
            <td class="keys-mark">{ told }</td>
        </tr>
    }
}
