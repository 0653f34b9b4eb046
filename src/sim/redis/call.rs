//! What a command's function works with: its arguments, typed look-ups, and writes that tell what they did.
//!
//! Expiry, WRONGTYPE, memory and events are seen to here, once, so that a command's function says only what is its own.

use super::blocking::Blocked;
use super::command::Command;
use super::config::Config;
use super::error::{self, Error};
use super::event::{Event, Glimpse};
use super::group::Flag;
use super::keyspace::{Entry, FREQUENCY_AT_FIRST};
use super::kind::Kind;
use super::number;
use super::reply::Reply;
use super::store::{Client, ClientId, Cx, DATABASES, Store};
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
    /// The key whose touch ended the wait of a client that blocked; none for a command that was just sent. Then only this key may
    /// answer it, for each key has a line of its own.
    pub(super) woken_by: Option<&'a Bytes>,
    /// What collections looked like before [`Call::change`], until [`Call::changed`] tells of it.
    pub(super) glimpses: Vec<(Bytes, Option<Glimpse>)>,
    pub(super) cx: &'a mut Cx<'w>,
}

/// How far a single command may go beyond `maxmemory`, in bytes.
const OVERSHOOT_MAX: u64 = 1 << 20;

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
        let place = self.place_in(db, key)?;
        Some(self.store.database(db).at(place))
    }

    /// As [`Call::entry_in`], in the selected database. It does not count as an access.
    pub fn entry(&mut self, key: &Bytes) -> Option<&Entry> {
        let place = self.place(key)?;
        Some(self.store.database(self.db).at(place))
    }

    /// Where a key stands, unless its time has passed: then it is removed, and that is told.
    fn place_in(&mut self, db: u8, key: &Bytes) -> Option<usize> {
        let now_ms = self.cx.now_ms;
        let database = self.store.database(db);
        let place = database.place(key)?;
        if !database.at(place).is_over(now_ms) {
            return Some(place);
        }
        self.store.expire(db, key, self.cx);
        None
    }

    /// As [`Call::place_in`], in the selected database, for a command that wants the key. It is looked for once; what follows goes by
    /// the place.
    fn place(&mut self, key: &Bytes) -> Option<usize> {
        let place = self.place_in(self.db, key);
        if place.is_none() && self.store.tells_misses() && self.misses_are_told() {
            self.store.notify(self.db, key, "keymiss", self.cx);
        }
        place
    }

    /// Whether the command looks for its keys in order to read them.
    fn misses_are_told(&self) -> bool {
        let name = self.command.name;
        let reads = ["getset", "getdel", "getex", "bitop", "copy", "sinterstore", "sunionstore", "sdiffstore"];
        reads.contains(&name) || (self.command.is(Flag::Readonly) && !name.starts_with("object"))
    }

    /// Notifies that a key is about to be made.
    pub(super) fn tell_new(&mut self, db: u8, key: &Bytes) {
        self.store.notify(db, key, "new", self.cx);
        self.store.waiting.note_new(db, key);
    }

    /// Whether a key is there. It does not count as an access.
    pub fn exists(&mut self, key: &Bytes) -> bool {
        self.entry(key).is_some()
    }

    /// A key's value. It counts as an access.
    pub fn look(&mut self, key: &Bytes) -> Option<&Value> {
        let counted = u64::from(self.command.is(Flag::Readonly));
        let Some(place) = self.place(key) else {
            self.store.stats_mut().misses += counted;
            return None;
        };
        self.store.stats_mut().hits += counted;
        Some(self.look_at(place))
    }

    /// Whether a key is there in some database, for a command that would write it: nobody is told if it is not. It counts as an access.
    pub fn look_in(&mut self, db: u8, key: &Bytes) -> bool {
        let Some(place) = self.place_in(db, key) else { return false };
        let selected = core::mem::replace(&mut self.db, db);
        self.look_at(place);
        self.db = selected;
        true
    }

    fn look_at(&mut self, place: usize) -> &Value {
        let (now_ms, db) = (self.cx.now_ms, self.db);
        if self.store.config.maxmemory_policy.is_lfu() {
            self.count_use(place);
        }
        // A look within the same millisecond changes nothing, and then a shared database can stay shared.
        if self.store.database(db).at(place).accessed_ms != now_ms {
            self.store.database_mut(db).touch(place, now_ms);
        }
        &self.store.database(db).at(place).value
    }

    /// Counts a use on the logarithmic scale of an LFU policy (`LFULogIncr` of Redis): the more there were, the rarer one counts.
    fn count_use(&mut self, place: usize) {
        let (now_ms, (factor, decay)) = (self.cx.now_ms, self.store.config.lfu);
        let now = self.store.database(self.db).at(place).frequency_at(now_ms, decay);
        let above = u64::from(now.saturating_sub(FREQUENCY_AT_FIRST));
        let counts = self.cx.prng.below(above.saturating_mul(factor).saturating_add(1)) == 0;
        let frequency = now.saturating_add(u8::from(counts));
        self.store.database_mut(self.db).set_frequency(place, frequency, now_ms);
    }

    /// A copy of a key's value, its content shared. It counts as an access.
    pub fn value(&mut self, key: &Bytes) -> Option<Value> {
        self.look(key).cloned()
    }

    /// A key's value as a string.
    pub fn string(&mut self, key: &Bytes) -> Result<Option<Str>, Error> {
        match self.look(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(error::WRONG_TYPE),
        }
    }

    /// A key's collection. It counts as an access.
    pub fn read<K: Kind>(&mut self, key: &Bytes) -> Result<Option<&K>, Error> {
        self.look(key).map(|value| K::of(value).ok_or(error::WRONG_TYPE)).transpose()
    }

    /// Changes a key's collection in place; `None` if the key is not there. What follows is [`Call::changed`], if `edit` did change it.
    pub fn change<K: Kind, R>(
        &mut self,
        key: &Bytes,
        edit: impl FnOnce(&mut K, &Config) -> R,
    ) -> Result<Option<R>, Error> {
        match self.place(key) {
            Some(place) => self.change_at(place, key, edit).map(Some),
            None => Ok(None),
        }
    }

    fn change_at<K: Kind, R>(
        &mut self,
        place: usize,
        key: &Bytes,
        edit: impl FnOnce(&mut K, &Config) -> R,
    ) -> Result<R, Error> {
        let listens = self.cx.events.is_some();
        let value = self.look_at(place);
        if K::of(value).is_none() {
            return Err(error::WRONG_TYPE);
        }
        if listens {
            let glimpse = Glimpse::of(value);
            self.glimpses.push((key.clone(), Some(glimpse)));
        }
        let (database, config) = self.store.database_and_config(self.db);
        Ok(database.edit_at(place, |value| {
            let kind = K::of_mut(value).expect("its type was just seen");
            edit(kind, config)
        }))
    }

    /// As [`Call::change`], with an empty collection if the key is not there. It must not stay empty.
    pub fn change_or_make<K: Kind, R>(
        &mut self,
        key: &Bytes,
        edit: impl FnOnce(&mut K, &Config) -> R,
    ) -> Result<R, Error> {
        let place = match self.place(key) {
            Some(place) => place,
            None => {
                self.tell_new(self.db, key);
                let value = K::empty(&self.store.config);
                let entry =
                    Entry { value, expires_at_ms: None, accessed_ms: self.cx.now_ms, frequency: FREQUENCY_AT_FIRST };
                let database = self.store.database_mut(self.db);
                database.insert(key, entry);
                database.place(key).expect("it was just put there")
            }
        };
        self.change_at(place, key, edit)
    }

    /// Tells that a collection was changed by [`Call::change`]; a key that was left empty goes away, and that is told too.
    pub fn changed(&mut self, key: &Bytes, how: &'static str) {
        let db = self.db;
        let Some(entry) = self.store.database(db).get(key) else { return };
        let goes = entry.value.count() == 0 && !matches!(entry.value, Value::Stream(_) | Value::String(_));
        let (new, expires_at_ms) = (self.cx.events.is_some().then(|| Glimpse::of(&entry.value)), entry.expires_at_ms);
        let old = self.glimpses.iter().position(|(other, _)| other == key).and_then(|at| self.glimpses.remove(at).1);
        self.tell_change(db, key, how, old, new, expires_at_ms);
        if goes {
            self.delete(key, "del");
        }
    }

    /// Marks a key as touched: whoever watches it or waits under it notices.
    pub fn touch(&mut self, key: &Bytes) {
        self.store.spoil_watches(self.db, key);
        self.store.waiting.note(self.db, key);
    }

    /// Tells of a change by [`Call::change`] that does not count as a touch: neither watches nor waiting clients notice it.
    pub fn noted(&mut self, key: &Bytes, how: &'static str, notifies: bool) {
        let db = self.db;
        self.store.dirty += 1;
        if notifies {
            self.store.notify(db, key, how, self.cx);
        }
        let old = self.glimpses.iter().position(|(other, _)| other == key).and_then(|at| self.glimpses.remove(at).1);
        let Some(entry) = self.store.database(db).get(key) else { return };
        let expires_at_ms = entry.expires_at_ms;
        if let Some(events) = &mut self.cx.events {
            let new = Some(Glimpse::of(&entry.value));
            events.push(Event::KeyChanged { db, key: key.clone(), how, old, new, expires_at_ms });
        }
    }

    /// Gives `key` a value, told as `how`.
    pub fn put(&mut self, key: &Bytes, value: impl Into<Value>, life: Life, how: &'static str) {
        self.put_in(self.db, key, value.into(), life, how);
    }

    /// As [`Call::put`], in any database.
    pub fn put_in(&mut self, db: u8, key: &Bytes, value: Value, life: Life, how: &'static str) {
        let now_ms = self.cx.now_ms;
        // What is moved is told as new by the command, before its source goes.
        let place = self.place_in(db, key);
        if place.is_none() && !matches!(how, "rename_to" | "move_to") {
            self.tell_new(db, key);
        } else if how == "copy_to" {
            // COPY REPLACE removes what was there before.
            self.store.waiting.note_new(db, key);
        }
        let expires_at_ms = match life {
            Life::Kept => place.and_then(|place| self.store.database(db).at(place).expires_at_ms),
            Life::Endless => None,
            Life::Until(last) => Some(last),
        };
        // What is overwritten is as much in use as before.
        let frequency = place.map_or(FREQUENCY_AT_FIRST, |place| self.store.database(db).at(place).frequency);
        let new = self.cx.events.is_some().then(|| Glimpse::of(&value));
        let entry = Entry { value, expires_at_ms, accessed_ms: now_ms, frequency };
        let database = self.store.database_mut(db);
        let before = match place {
            Some(place) => Some(database.replace(place, key, entry)),
            None => database.insert(key, entry),
        };
        let old = before.filter(|_| new.is_some()).map(|entry| Glimpse::of(&entry.value));
        self.tell_change(db, key, how, old, new, expires_at_ms);
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
        let listens = self.cx.events.is_some();
        let glimpse = old.as_ref().filter(|_| listens).map(|text| Glimpse::of(&Value::String(text.clone())));
        if old.is_none() {
            self.tell_new(self.db, key);
            let entry = Entry {
                value: Value::String(Str::raw(Vec::new())),
                expires_at_ms: None,
                accessed_ms: self.cx.now_ms,
                frequency: FREQUENCY_AT_FIRST,
            };
            self.store.database_mut(self.db).insert(key, entry);
        }
        // Let go of the text, or it would be copied because it is held twice.
        drop(old);
        let (telling, len) = self
            .store
            .database_mut(self.db)
            .edit(key, |value| {
                let Value::String(text) = value else { unreachable!("its type was just seen") };
                let bytes = text.raw_mut();
                (edit(bytes), bytes.len() as u64)
            })
            .expect("it is there");
        if telling {
            let entry = self.store.database(self.db).get(key).expect("it is there");
            let (new, expires_at_ms) = (listens.then(|| Glimpse::of(&entry.value)), entry.expires_at_ms);
            self.tell_change(self.db, key, how, glimpse, new, expires_at_ms);
        }
        Ok(len)
    }

    fn tell_change(
        &mut self,
        db: u8,
        key: &Bytes,
        how: &'static str,
        old: Option<Glimpse>,
        new: Option<Glimpse>,
        expires_at_ms: Option<u64>,
    ) {
        self.store.touched(db, key, how, self.cx);
        self.cx.tell(|| Event::KeyChanged { db, key: key.clone(), how, old, new, expires_at_ms });
    }

    /// Refuses to grow by so many bytes if the store may not hold them.
    pub fn room_for(&self, more: u64) -> Result<(), Error> {
        let max = self.store.limits().max_memory;
        // As with Redis, one command may go beyond the limit; but not far.
        let most = max.saturating_add(max.min(OVERSHOOT_MAX));
        if max > 0 && self.store.used_bytes().saturating_add(more) > most { Err(error::OUT_OF_MEMORY) } else { Ok(()) }
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
        let old = self.store.database_mut(db).remove(key);
        let old = old.filter(|_| self.cx.events.is_some()).map(|entry| Glimpse::of(&entry.value));
        self.tell_change(db, key, how, old, None, None);
        true
    }

    /// Sets or ends the life of a key that is there.
    pub fn set_life(&mut self, key: &Bytes, expires_at_ms: Option<u64>, how: &'static str) {
        self.store.database_mut(self.db).set_end(key, expires_at_ms);
        self.tell_life(key, expires_at_ms, how);
    }

    /// Tells that a key's life was set or ended, its value being as it was.
    pub fn tell_life(&mut self, key: &Bytes, expires_at_ms: Option<u64>, how: &'static str) {
        self.tell_change(self.db, key, how, None, None, expires_at_ms);
    }

    /// Parks the client until one of `keys` is touched or its time is over; in a transaction nobody waits, and what it is answered
    /// when its time is over is answered at once.
    pub fn block(&mut self, keys: Vec<Bytes>, deadline_ms: Option<u64>, on_timeout: Reply) -> Reply {
        self.block_as(self.args.to_vec(), keys, deadline_ms, on_timeout)
    }

    /// As [`Call::block`]; what runs again has these arguments instead of those that were sent.
    pub fn block_as(
        &mut self,
        args: Vec<Bytes>,
        keys: Vec<Bytes>,
        deadline_ms: Option<u64>,
        on_timeout: Reply,
    ) -> Reply {
        if self.woken_by.is_some() {
            return Reply::None;
        }
        if self.store.waiting.held > 0 {
            return on_timeout;
        }
        let blocked = Blocked { args, db: self.db, keys, deadline_ms, on_timeout };
        self.store.block(self.client, blocked);
        Reply::None
    }

    /// What the store keeps of the client that calls.
    pub(super) fn state(&mut self) -> &mut Client {
        self.store.client_mut(self.client).expect("only a connected client calls, and only QUIT ends that")
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
