//! What a command changed, found by looking at the store before it and after it.

use super::super::Value;
use super::super::kind::stream::{Fields, Id};
use super::super::kind::{Hash, List, Set, Stream, Zset};
use super::{Store, fields_text};
use crate::bytes::Bytes;
use alloc::{format, vec::Vec};

/// The most elements of a collection that are compared: what lies behind them is not looked at.
const MOST_COMPARED: usize = 10_000;
/// The most differences that are told one by one.
pub const MOST_TOLD: usize = 24;

/// One element that came, went or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The field, member or id; of a list, the place.
    pub name: Bytes,
    /// What stood there before; `None` if it is new.
    pub old: Option<Bytes>,
    /// What stands there now; `None` if it is gone.
    pub new: Option<Bytes>,
}

/// What became of a key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Whether there is a difference at all.
    pub changed: bool,
    /// The first bytes of the string that was there.
    pub old_bytes: Option<Bytes>,
    /// The first differences between two collections.
    pub differences: Vec<Difference>,
    /// How many more there are.
    pub more: u64,
}

/// What differs under a key of a database.
pub fn change(before: &Store, after: &Store, db: u8, key: &Bytes, most_bytes: usize) -> Change {
    let (old, new) = (before.database(db).get(key), after.database(db).get(key));
    let lives = |entry: Option<&super::Entry>| entry.and_then(|entry| entry.expires_at_ms);
    let changed_life = lives(old) != lives(new);
    let (old, new) = (old.map(|entry| &entry.value), new.map(|entry| &entry.value));
    let mut told = Told::default();
    match (old, new) {
        (Some(old), Some(new)) if is_same(old, new) => {}
        (old, new) => compare(old, new, &mut told),
    }
    let old_bytes = match old {
        Some(Value::String(text)) => {
            let bytes = text.bytes();
            Some(Bytes::from(&bytes[..bytes.len().min(most_bytes)]))
        }
        Some(Value::List(_) | Value::Set(_) | Value::Hash(_) | Value::Zset(_) | Value::Stream(_)) | None => None,
    };
    let changed = changed_life || old != new;
    Change { changed, old_bytes, differences: told.differences, more: told.more }
}

/// Whether two values are one and the same, which is known at once.
fn is_same(old: &Value, new: &Value) -> bool {
    use alloc::rc::Rc;
    match (old, new) {
        (Value::List(old), Value::List(new)) => Rc::ptr_eq(old, new),
        (Value::Set(old), Value::Set(new)) => Rc::ptr_eq(old, new),
        (Value::Hash(old), Value::Hash(new)) => Rc::ptr_eq(old, new),
        (Value::Zset(old), Value::Zset(new)) => Rc::ptr_eq(old, new),
        (Value::Stream(old), Value::Stream(new)) => Rc::ptr_eq(old, new),
        (Value::String(_), Value::String(_)) => true,
        (Value::List(_) | Value::Set(_) | Value::Hash(_) | Value::Zset(_) | Value::Stream(_) | Value::String(_), _) => {
            false
        }
    }
}

/// The differences so far.
#[derive(Default)]
struct Told {
    differences: Vec<Difference>,
    more: u64,
}

impl Told {
    fn tell(&mut self, name: Bytes, old: Option<Bytes>, new: Option<Bytes>) {
        if old == new {
            return;
        }
        if self.differences.len() < MOST_TOLD {
            self.differences.push(Difference { name, old, new });
        } else {
            self.more += 1;
        }
    }
}

/// Compares two values; where they are of two types, all of what is there is new, or all of what was there went.
fn compare(old: Option<&Value>, new: Option<&Value>, told: &mut Told) {
    match new.or(old) {
        Some(Value::List(_)) => lists(list(old), list(new), told),
        Some(Value::Set(_)) => sets(set(old), set(new), told),
        Some(Value::Hash(_)) => hashes(hash(old), hash(new), told),
        Some(Value::Zset(_)) => zsets(zset(old), zset(new), told),
        Some(Value::Stream(_)) => streams(stream(old), stream(new), told),
        Some(Value::String(_)) | None => {}
    }
}

/// A value as one of a type, if it is there.
macro_rules! of_type {
    ($($name:ident $kind:ident;)*) => {
        $(fn $name(value: Option<&Value>) -> Option<&$kind> {
            if let Some(Value::$kind(inner)) = value { Some(inner) } else { None }
        })*
    };
}

of_type! { list List; set Set; hash Hash; zset Zset; stream Stream; }

/// Lists are alike from either end; what lies between is what changed.
fn lists(old: Option<&List>, new: Option<&List>, told: &mut Told) {
    let (old_len, new_len) = (old.map_or(0, |list| list.iter().len()), new.map_or(0, |list| list.iter().len()));
    let at = |list: Option<&List>, place: usize| list.and_then(|list| list.get(place).cloned());
    let both = old_len.min(new_len).min(MOST_COMPARED);
    let first = (0..both).find(|place| at(old, *place) != at(new, *place)).unwrap_or(both);
    let last = (0..both - first)
        .find(|back| at(old, old_len - 1 - back) != at(new, new_len - 1 - back))
        .unwrap_or(both - first);
    let (old_end, new_end) = (old_len - last, new_len - last);
    for place in first..old_end.max(new_end).min(first + MOST_COMPARED) {
        let side = |list, end| if place < end { at(list, place) } else { None };
        told.tell(Bytes::from(format!("{place}")), side(old, old_end), side(new, new_end));
    }
}

fn sets(old: Option<&Set>, new: Option<&Set>, told: &mut Told) {
    let has = |set: Option<&Set>, member: &Bytes| set.is_some_and(|set| set.contains(member)).then(Bytes::default);
    for member in new.iter().flat_map(|set| set.iter()).take(MOST_COMPARED) {
        told.tell(member.clone(), has(old, &member), Some(Bytes::default()));
    }
    for member in old.iter().flat_map(|set| set.iter()).take(MOST_COMPARED) {
        if has(new, &member).is_none() {
            told.tell(member, Some(Bytes::default()), None);
        }
    }
}

fn hashes(old: Option<&Hash>, new: Option<&Hash>, told: &mut Told) {
    let get = |hash: Option<&Hash>, field: &Bytes| hash.and_then(|hash| hash.get(field).cloned());
    for (field, value) in new.iter().flat_map(|hash| hash.iter()).take(MOST_COMPARED) {
        told.tell(field.clone(), get(old, field), Some(value.clone()));
    }
    for (field, value) in old.iter().flat_map(|hash| hash.iter()).take(MOST_COMPARED) {
        if get(new, field).is_none() {
            told.tell(field.clone(), Some(value.clone()), None);
        }
    }
}

fn zsets(old: Option<&Zset>, new: Option<&Zset>, told: &mut Told) {
    let score = |zset: Option<&Zset>, member: &Bytes| {
        zset.and_then(|zset| zset.score(member)).map(|score| Bytes::from(score.to_text()))
    };
    for (score_now, member) in new.iter().flat_map(|zset| zset.iter()).take(MOST_COMPARED) {
        told.tell(member.clone(), score(old, member), Some(Bytes::from(score_now.to_text())));
    }
    for (score_then, member) in old.iter().flat_map(|zset| zset.iter()).take(MOST_COMPARED) {
        if score(new, member).is_none() {
            told.tell(member.clone(), Some(Bytes::from(score_then.to_text())), None);
        }
    }
}

fn streams(old: Option<&Stream>, new: Option<&Stream>, told: &mut Told) {
    let entry = |stream: Option<&Stream>, id: Id| stream.and_then(|stream| stream.entry(id)).map(fields_text);
    // What is new stands at the end.
    let newest = |stream: &Stream| -> Vec<(Id, Bytes)> {
        let told = |(id, fields): (Id, &Fields)| (id, fields_text(fields));
        stream.range(Id::MIN, Id::MAX).rev().take(MOST_COMPARED).map(told).collect()
    };
    for (id, fields) in new.map(newest).unwrap_or_default().into_iter().rev() {
        told.tell(Bytes::from(id.text()), entry(old, id), Some(fields));
    }
    for (id, fields) in old.map(newest).unwrap_or_default().into_iter().rev() {
        if entry(new, id).is_none() {
            told.tell(Bytes::from(id.text()), Some(fields), None);
        }
    }
}
