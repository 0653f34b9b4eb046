//! Pieces of HTML that several panels print.

use warren_sim::{amqp::event::MessageId, redis::console::quote_into};
use yew::{Callback, Html, MouseEvent};

use super::look::Shown;
use crate::{
    action::{Action, Selection},
    markup::{On, Tag, tag},
};

/// A message's number as a button: pointing at it lights the message wherever it is, pressing it selects it.
pub fn tile(id: MessageId, label: &str, unacked: bool, pointed: Option<MessageId>, on: &Callback<Action>) -> Tag {
    tag("button.tile")
        .class(if unacked { "unacked" } else { "ready" })
        .class_if(pointed == Some(id), "lit")
        .label(label)
        .title(label)
        .on(On::Click, on, Action::Select(Selection::Message(id)))
        .on(On::MouseEnter, on, Action::Point(Some(id)))
        .on(On::MouseLeave, on, Action::Point(None))
        .on(On::Focus, on, Action::Point(Some(id)))
        .on(On::Blur, on, Action::Point(None))
        .count(id.0 as usize)
}

/// The row of a table's head: its columns, each with whether numbers stand in it.
pub fn heads(columns: &[(&str, bool)]) -> Tag {
    columns.iter().fold(tag("tr"), |row, (name, numeric)| {
        row.put(tag("th").attr("scope", "col").class_if(*numeric, "n").text(name))
    })
}

/// A table: what it is called for those who cannot see it, the row of its head, its body.
pub fn table(caption: &str, heads: Tag, body: Tag) -> Tag {
    let table = tag("table.table").put(tag("caption.sr").text(caption));
    table.put(tag("thead").put(heads)).put(body)
}

/// A cell with text in it.
pub fn cell(class: &str, text: &str) -> Tag {
    tag("td").class(class).text(text)
}

/// A cell with a number in it.
pub fn number(number: usize) -> Tag {
    tag("td.n").count(number)
}

/// What stands where there is nothing.
pub fn empty(why: &str) -> Tag {
    tag("p.empty").text(why)
}

/// Lights a message, or none.
pub fn point(on: &Callback<Action>, id: Option<MessageId>) -> Callback<MouseEvent> {
    on.reform(move |_| Action::Point(id))
}

/// Bytes that a person can read; the class says when they are hexadecimal.
pub fn bytes(shown: &Shown) -> Html {
    let text = tag("span.bytes").class_if(shown.hex, "hex").text(&shown.text);
    text.text(if shown.cut { "…" } else { "" }).html()
}

/// A key for a list's element, different for different bytes.
pub fn key_of(bytes: &[u8]) -> String {
    let mut quoted = Vec::new();
    quote_into(bytes, &mut quoted);
    String::from_utf8_lossy(&quoted).into_owned()
}
