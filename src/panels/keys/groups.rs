//! A stream's groups: who reads, and what was handed out and not acknowledged.

use warren_sim::{
    bytes::Bytes,
    redis::view::{GroupRow, PendingRow},
};
use yew::prelude::*;

use super::{KeyRow, name};
use crate::{
    say::seconds,
    text::{Text, fill},
};

/// The groups of a stream.
pub fn show(row: &KeyRow, text: &'static Text) -> Html {
    let s = text.language.store();
    if row.groups.is_empty() {
        return html! { <p class="muted panel-more">{ fill(s.no_groups, &[&row.name]) }</p> };
    }
    html! { <div class="keys-groups">{ for row.groups.iter().map(|group| one(group, text)) }</div> }
}

fn one(group: &GroupRow, text: &'static Text) -> Html {
    let (t, s) = (&text.language.closed().keys, text.language.store());
    let lag = group.lag.map_or_else(|| s.lag_unknown.to_string(), |lag| fill(s.lag, &[&lag.to_string()]));
    let ago = |ms: u64| fill(text.language.say().seconds, &[&seconds(ms)]);
    let marked = |changed: bool| changed.then_some("altered");
    let hidden = group.pending_count.saturating_sub(group.pending.len() as u64);
    let acknowledged: Vec<String> = group.acknowledged.iter().map(|id: &Bytes| id.text().into_owned()).collect();
    let entry = |row: &PendingRow| {
        html! {
            <tr key={row.id.text().into_owned()} class={marked(row.changed)}>
                <td class="mono">{ row.id.text().into_owned() }</td>
                <td class="mono">{ name(&row.consumer) }</td>
                <td class="n">{ ago(row.idle_ms) }</td>
                <td class="n">{ row.times }</td>
            </tr>
        }
    };
    html! {
        <section key={name(&group.name)} class="keys-group">
            <h4>{ fill(s.group, &[&name(&group.name)]) }</h4>
            <p class={classes!("keys-group-state", group.changed.then_some("altered"))}>
                { fill(s.read_up_to, &[&group.last_id.text()]) }{ " · " }{ lag }
            </p>
            <div class="keys-group-tables">
                <table class="table keys-grid">
                    <thead><tr>
                        <th scope="col">{ s.consumer }</th><th scope="col" class="n">{ s.pending }</th><th scope="col" class="n">{ s.idle }</th>
                    </tr></thead>
                    <tbody>{ for group.consumers.iter().map(|row| html! {
                        <tr key={name(&row.name)} class={marked(row.changed)}>
                            <td class="mono">{ name(&row.name) }</td>
                            <td class="n">{ row.pending }</td>
                            <td class="n">{ ago(row.idle_ms) }</td>
                        </tr>
                    }) }</tbody>
                </table>
                { if group.pending.is_empty() { html! { <p class="muted panel-more">{ s.no_pending }</p> } } else { html! {
                    <table class="table keys-grid">
                        <thead><tr>
                            <th scope="col">{ format!("{} · {}", s.pending, t.entry_id) }</th><th scope="col">{ s.consumer }</th>
                            <th scope="col" class="n">{ s.idle }</th><th scope="col" class="n">{ s.deliveries }</th>
                        </tr></thead>
                        <tbody>{ for group.pending.iter().map(entry) }</tbody>
                    </table>
                } } }
            </div>
            <p class="muted panel-more">{ if hidden > 0 { fill(s.more_pending, &[&hidden.to_string()]) } else { String::new() } }</p>
            <p class="panel-more keys-went">
                { if acknowledged.is_empty() { String::new() } else { fill(s.acknowledged, &[&acknowledged.join(", ")]) } }
            </p>
        </section>
    }
}
