//! Pieces of HTML that several panels print.

use warren_sim::{amqp::event::MessageId, redis::console::quote_into};
use yew::prelude::*;

use super::look::Shown;
use crate::action::{Action, Selection};

/// A message's number as a button: pointing at it lights the message wherever it is, pressing it selects it.
pub fn tile(id: MessageId, label: String, unacked: bool, pointed: Option<MessageId>, on: &Callback<Action>) -> Html {
    let class = classes!("tile", if unacked { "unacked" } else { "ready" }, (pointed == Some(id)).then_some("lit"));
    html! {
        <button {class} aria-label={label.clone()} title={label} onclick={on.reform(move |_| Action::Select(Selection::Message(id)))}
            onmouseenter={point(on, Some(id))} onmouseleave={point(on, None)}
            onfocus={on.reform(move |_| Action::Point(Some(id)))} onblur={on.reform(|_| Action::Point(None))}>
            { id.0 }
        </button>
    }
}

/// Lights a message, or none.
pub fn point(on: &Callback<Action>, id: Option<MessageId>) -> Callback<MouseEvent> {
    on.reform(move |_| Action::Point(id))
}

/// Bytes that a person can read; the class says when they are hexadecimal.
pub fn bytes(shown: &Shown) -> Html {
    html! {
        <span class={classes!("bytes", shown.hex.then_some("hex"))}>
            { &shown.text }{ if shown.cut { "…" } else { "" } }
        </span>
    }
}

/// A key for a list's element, different for different bytes.
pub fn key_of(bytes: &[u8]) -> String {
    let mut quoted = Vec::new();
    quote_into(bytes, &mut quoted);
    String::from_utf8_lossy(&quoted).into_owned()
}
