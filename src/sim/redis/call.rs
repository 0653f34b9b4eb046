//! What a command's function works with: its arguments, typed look-ups, and writes that tell what they did.
//!
//! Expiry, WRONGTYPE, memory and events are seen to here, once, so that a command's function says only what is its own.

use super::command::Command;
use super::error::{self, Error};
use super::event::{Event, Glimpse};
use super::keyspace::Entry;
use super::number;
use super::store::{ClientId, Cx, DATABASES, Store};
use super::value::{Str, Value};
use crate::bytes::Bytes;
use alloc::vec::Vec;

/// One call of one command.
pub struct Call<'a, 'w> {
    pub(super) store: &'a mut Store,
    pub(super) client: ClientId,
    /// The database that the client had selected when it called.
    pub(super) db: u8,
    pub(super) command: &'static Command,
    pub(super) args: &'a [Bytes],
    pub(super) cx: &'a mut Cx<'w>,
}

/// What becomes of a key's time to live when its value is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It stays as it was.
    Kept,
    /// The key stays for good.
    Endless,
    /// The last virtual millisecond in which the key can be seen.
    Until(u64),
}

impl<'a> Call<'a, '_> {
    /// The argument at `place`; the command's name is at 0.
    pub fn arg(&self, place: usize) -> &'a Bytes {
        &self.args[place]
    }

    /// The argument at `place` as a 64-bit integer.
    pub fn integer(&self, place: usize) -> Result<i64, Error> {
        number::integer(self.arg(place))
    }

    /// The argument at `place` as one of the databases.
    pub fn db_index(&self, place: usize) -> Result<u8, Error> {
        db_index(number::small_integer(self.arg(place))?)
    }

    /// Whether the argument at `place` is this word, in whatever case.
    pub fn is_word(&self, place: usize, word: &str) -> bool {
        self.args.get(place).is_some_and(|arg| arg.eq_ignore_ascii_case(word.as_bytes()))
    }

    /// The entry of a key, unless its time has passed: then it is removed, and that is told.
    pub fn entry_in(&mut self, db: u8, key: &Bytes) -> Option<&Entry> {
        let now_ms = self.cx.now_ms;
        if self.store.database(db).get(key)?.is_over(now_ms) {
            self.store.expire(db, key, self.cx.events);
        }
        self.store.database(db).get(key)
    }

    /// As [`Call::entry_in`], in the selected database. It does not count as an access.
    pub fn entry(&mut self, key: &Bytes) -> Option<&Entry> {
        self.entry_in(self.db, key)
    }

    /// Whether a key is there. It does not count as an access.
    pub fn exists(&mut self, key: &Bytes) -> bool {
        self.entry(key).is_some()
    }

    /// A key's value. It counts as an access.
    pub fn value(&mut self, key: &Bytes) -> Option<Value> {
        let now_ms = self.cx.now_ms;
        let entry = self.entry(key)?;
        let value = entry.value.clone();
        // A look within the same millisecond changes nothing, and then a shared database can stay shared.
        if entry.accessed_ms != now_ms {
            self.store.database_mut(self.db).touch(key, now_ms);
        }
        Some(value)
    }

    /// A key's value as a string.
    pub fn string(&mut self, key: &Bytes) -> Result<Option<Str>, Error> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
        }
    }

    /// Gives `key` a value, told as `how`.
    pub fn put(&mut self, key: &Bytes, value: impl Into<Value>, life: Life, how: &'static str) {
        self.put_in(self.db, key, value.into(), life, how);
    }

    /// As [`Call::put`], in any database.
    pub fn put_in(&mut self, db: u8, key: &Bytes, value: Value, life: Life, how: &'static str) {
        let event = self.replace(db, key, value, life, how);
        self.tell(event);
    }

    /// Changes a string in place, or makes one; it is `raw` from then on and keeps its life. `grown_to` is the length that it will
    /// have at least: when that is more than the store may hold, nothing happens. `edit` returns whether there is something to tell.
    pub fn edit(
        &mut self,
        key: &Bytes,
        grown_to: u64,
        how: &'static str,
        edit: &mut dyn FnMut(&mut Vec<u8>) -> bool,
    ) -> Result<u64, Error> {
        let old = self.string(key)?;
        self.room_for(grown_to.saturating_sub(old.as_ref().map_or(0, |text| text.len() as u64)))?;
        let mut bytes = old.map_or_else(Vec::new, |text| text.bytes().into_owned());
        let telling = edit(&mut bytes);
        let len = bytes.len() as u64;
        let event = self.replace(self.db, key, Value::String(Str::raw(bytes)), Life::Kept, how);
        if telling {
            self.tell(event);
        }
        Ok(len)
    }

    fn replace(&mut self, db: u8, key: &Bytes, value: Value, life: Life, how: &'static str) -> Event {
        let before = self.store.database(db).get(key);
        let expires_at_ms = match life {
            Life::Kept => before.and_then(|entry| entry.expires_at_ms),
            Life::Endless => None,
            Life::Until(last) => Some(last),
        };
        let old = before.map(|entry| Glimpse::of(&entry.value));
        let new = Some(Glimpse::of(&value));
        let entry = Entry { value, expires_at_ms, accessed_ms: self.cx.now_ms };
        self.store.database_mut(db).insert(key, entry);
        Event::KeyChanged { db, key: key.clone(), how, old, new, expires_at_ms }
    }

    /// Refuses to grow by so many bytes if the store may not hold them.
    pub fn room_for(&self, more: u64) -> Result<(), Error> {
        let max = self.store.limits().max_memory;
        if max > 0 && self.store.used_bytes().saturating_add(more) > max { Err(error::OUT_OF_MEMORY) } else { Ok(()) }
    }

    /// Removes a key; whether it was there.
    pub fn delete(&mut self, key: &Bytes, how: &'static str) -> bool {
        self.delete_in(self.db, key, how)
    }

    /// As [`Call::delete`], in any database.
    pub fn delete_in(&mut self, db: u8, key: &Bytes, how: &'static str) -> bool {
        if self.entry_in(db, key).is_none() {
            return false;
        }
        let old = self.store.database_mut(db).remove(key).map(|entry| Glimpse::of(&entry.value));
        self.tell(Event::KeyChanged { db, key: key.clone(), how, old, new: None, expires_at_ms: None });
        true
    }

    /// Sets or ends the life of a key that is there.
    pub fn set_life(&mut self, key: &Bytes, expires_at_ms: Option<u64>, how: &'static str) {
        if let Some(entry) = self.store.database(self.db).get(key) {
            let entry = Entry { expires_at_ms, ..entry.clone() };
            self.store.database_mut(self.db).insert(key, entry);
            self.tell_life(key, expires_at_ms, how);
        }
    }

    /// Tells that a key's life was set or ended, its value being as it was.
    pub fn tell_life(&mut self, key: &Bytes, expires_at_ms: Option<u64>, how: &'static str) {
        self.tell(Event::KeyChanged { db: self.db, key: key.clone(), how, old: None, new: None, expires_at_ms });
    }

    /// Tells what happened.
    pub fn tell(&mut self, event: Event) {
        self.cx.events.push(event);
    }
}

/// One of the databases.
pub fn db_index(number: i32) -> Result<u8, Error> {
    u8::try_from(number).ok().filter(|db| *db < DATABASES).ok_or(error::DB_INDEX)
}

impl From<Str> for Value {
    fn from(text: Str) -> Self {
        Value::String(text)
    }
}
