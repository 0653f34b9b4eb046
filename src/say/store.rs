//! Sentences about the store.

use warren_sim::{
    bytes::Bytes,
    redis::{EPOCH_MS, Event, Glimpse, ReplyKind},
};

use super::{Teller, piece};
use crate::text::fill;

/// The longest command line within a sentence, in characters.
const MAX_COMMAND: usize = 80;

impl Teller<'_> {
    /// What happened inside the store.
    pub(super) fn redis(&self, event: &Event) -> String {
        let t = self.say();
        match event {
            Event::Called { client, args, reply, db: _, keys: _ } => {
                let template = if *reply == ReplyKind::Error { t.call_refused } else { t.called };
                fill(template, &[&client.0.to_string(), &command(args)])
            }
            Event::KeyChanged { key, how: "expired", .. } => fill(t.key_expired, &[&piece(key)]),
            Event::KeyChanged { key, how, new: Some(new), .. } => fill(t.key_set, &[&piece(key), &glimpse(new), how]),
            Event::KeyChanged { key, how, old: Some(_), .. } => fill(t.key_gone, &[&piece(key), how]),
            Event::KeyChanged { key, expires_at_ms: Some(at), .. } => {
                fill(t.key_will_expire, &[&piece(key), &self.seconds(at.saturating_sub(EPOCH_MS))])
            }
            Event::KeyChanged { key, .. } => fill(t.key_stays, &[&piece(key)]),
            Event::Flushed { db, keys } => fill(t.flushed, &[&db.to_string(), &keys.to_string()]),
            Event::Swapped { first, second } => fill(t.swapped, &[&first.to_string(), &second.to_string()]),
        }
    }
}

/// A command and its arguments in one line.
fn command(args: &[Bytes]) -> String {
    let mut line = String::new();
    for arg in args {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(&piece(arg));
        if let Some((cut, _)) = line.char_indices().nth(MAX_COMMAND) {
            line.truncate(cut);
            line.push('…');
            return line;
        }
    }
    line
}

/// The beginning of a string in quotes, or what a collection is and how many elements it has.
fn glimpse(value: &Glimpse) -> String {
    if value.type_name != "string" {
        return format!("{}[{}]", value.type_name, value.len);
    }
    let cut = if value.len > value.bytes.len() as u64 { "…" } else { "" };
    format!("\"{}{cut}\"", piece(&value.bytes))
}
