//! One database: its keys, and when they expire.

use super::dict::Dict;
use super::value::Value;
use crate::bytes::Bytes;
use crate::prng::Prng;
use crate::sorted::SortedSet;
use alloc::vec::Vec;

/// A value and its life.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// The last virtual millisecond in which it can be seen; `None` if it stays.
    pub expires_at_ms: Option<u64>,
    /// When it was last read or written, for OBJECT IDLETIME.
    pub accessed_ms: u64,
    /// How often it is used, on the logarithmic scale of OBJECT FREQ, as of that moment.
    pub frequency: u8,
}

/// What a new key has on that scale, so that it is not the first to go.
pub const FREQUENCY_AT_FIRST: u8 = 5;

impl Entry {
    /// Whether its time has passed.
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.expires_at_ms.is_some_and(|last| last < now_ms)
    }

    /// [`Entry::frequency`] now: it sinks by one in so many minutes; with 0, never.
    pub fn frequency_at(&self, now_ms: u64, decay_minutes: u64) -> u8 {
        let minutes = (now_ms / 60_000).saturating_sub(self.accessed_ms / 60_000);
        let steps = minutes.checked_div(decay_minutes).unwrap_or(0);
        self.frequency.saturating_sub(u8::try_from(steps).unwrap_or(u8::MAX))
    }
}

/// What a key costs beside its bytes. Redis spends about this much on its dictionary entry and object.
const KEY_OVERHEAD: u64 = 64;

/// One of the 16 databases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Database {
    entries: Dict<Entry>,
    /// When which key is over, earliest first.
    expiries: SortedSet<(u64, Bytes)>,
    used_bytes: u64,
}

fn cost(key: &Bytes, entry: &Entry) -> u64 {
    KEY_OVERHEAD + key.len() as u64 + entry.value.size()
}

impl Database {
    /// How many keys, those included whose time has passed unseen.
    pub fn len(&self) -> u64 {
        self.entries.len() as u64
    }

    /// Bytes of memory by the store's own, target-independent count.
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes
    }

    /// The entry of `key`, expired or not.
    pub fn get(&self, key: &Bytes) -> Option<&Entry> {
        self.entries.get(key)
    }

    /// Puts an entry, and gives the one that was there.
    pub fn insert(&mut self, key: &Bytes, entry: Entry) -> Option<Entry> {
        self.used_bytes += cost(key, &entry);
        let expires_at_ms = entry.expires_at_ms;
        let old = self.entries.insert(key.clone(), entry);
        if let Some(old) = &old {
            self.forget(key, old);
        }
        if let Some(last_ms) = expires_at_ms {
            self.expiries.insert((last_ms, key.clone()));
        }
        old
    }

    /// Puts another entry at a place, and gives the one that was there.
    pub fn replace(&mut self, place: usize, key: &Bytes, entry: Entry) -> Entry {
        self.used_bytes += cost(key, &entry);
        let expires_at_ms = entry.expires_at_ms;
        let slot = self.entries.nth_mut(place).expect("places are asked for, not guessed");
        let old = core::mem::replace(slot, entry);
        self.forget(key, &old);
        if let Some(last_ms) = expires_at_ms {
            self.expiries.insert((last_ms, key.clone()));
        }
        old
    }

    /// The place of a key, expired or not, until the next key comes or goes.
    pub fn place(&self, key: &Bytes) -> Option<usize> {
        self.entries.place(key)
    }

    /// The entry at a place.
    pub fn at(&self, place: usize) -> &Entry {
        self.entries.nth(place).expect("places are asked for, not guessed").1
    }

    /// Changes the value of an entry in place; its life stays as it is. `None` if the key is not there.
    pub fn edit<R>(&mut self, key: &Bytes, edit: impl FnOnce(&mut Value) -> R) -> Option<R> {
        self.place(key).map(|place| self.edit_at(place, edit))
    }

    /// As [`Database::edit`], with the place of the key.
    pub fn edit_at<R>(&mut self, place: usize, edit: impl FnOnce(&mut Value) -> R) -> R {
        let entry = self.entries.nth_mut(place).expect("places are asked for, not guessed");
        let before = entry.value.size();
        let result = edit(&mut entry.value);
        self.used_bytes = self.used_bytes + entry.value.size() - before;
        result
    }

    /// Sets or ends the life of a key; nothing happens if it is not there.
    pub fn set_end(&mut self, key: &Bytes, expires_at_ms: Option<u64>) {
        let Some(entry) = self.entries.get_mut(key) else { return };
        if let Some(last_ms) = core::mem::replace(&mut entry.expires_at_ms, expires_at_ms) {
            self.expiries.remove(&(last_ms, key.clone()));
        }
        if let Some(last_ms) = expires_at_ms {
            self.expiries.insert((last_ms, key.clone()));
        }
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &Bytes) -> Option<Entry> {
        let entry = self.entries.remove(key)?;
        self.forget(key, &entry);
        Some(entry)
    }

    /// Takes what was noted of an entry that is no longer there.
    fn forget(&mut self, key: &Bytes, old: &Entry) {
        self.used_bytes -= cost(key, old);
        if let Some(last_ms) = old.expires_at_ms {
            self.expiries.remove(&(last_ms, key.clone()));
        }
    }

    /// Notes that the key at a place was read now.
    pub fn touch(&mut self, place: usize, now_ms: u64) {
        if let Some(entry) = self.entries.nth_mut(place) {
            entry.accessed_ms = now_ms;
        }
    }

    /// Notes how often an entry is used, and when it was used last.
    pub fn set_frequency(&mut self, place: usize, frequency: u8, now_ms: u64) {
        if let Some(entry) = self.entries.nth_mut(place) {
            (entry.frequency, entry.accessed_ms) = (frequency, now_ms);
        }
    }

    /// All keys with their entries, in the database's order.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &Entry)> {
        self.entries.iter()
    }

    /// About `count` keys from `cursor` on, and the cursor for what follows: 0 when nothing does.
    pub fn scan(&mut self, cursor: u64, count: u64) -> (u64, Vec<Bytes>) {
        let (next, entries) = self.entries.scan(cursor, count);
        (next, entries.into_iter().map(|(key, _)| key.clone()).collect())
    }

    /// Any key, each with the same chance.
    pub fn random(&self, prng: &mut Prng) -> Option<Bytes> {
        self.entries.random(prng).map(|(key, _)| key.clone())
    }

    /// The earliest last moment of any key.
    pub fn first_expiry(&self) -> Option<u64> {
        self.expiries.first().map(|(last_ms, _)| *last_ms)
    }

    /// Any key that has an end.
    pub fn random_volatile(&self, prng: &mut Prng) -> Option<Bytes> {
        if self.expiries.is_empty() {
            return None;
        }
        let place = prng.below(self.expiries.len() as u64) as usize;
        self.expiries.iter().nth(place).map(|(_, key)| key.clone())
    }

    /// How many keys have an end.
    pub fn expiring(&self) -> u64 {
        self.expiries.len() as u64
    }

    /// How long the keys with an end have to live on average, in milliseconds.
    pub fn mean_life_ms(&self, now_ms: u64) -> u64 {
        let sum: u128 = self.expiries.iter().map(|(last_ms, _)| u128::from(last_ms.saturating_sub(now_ms))).sum();
        (sum / u128::from(self.expiring().max(1))) as u64
    }

    /// The key that expires first, if its time has passed at `now_ms`.
    pub fn first_expired(&self, now_ms: u64) -> Option<&Bytes> {
        self.expiries.first().filter(|(last_ms, _)| *last_ms < now_ms).map(|(_, key)| key)
    }

    /// Sees to it that the indexes agree with the entries, and that no collection is empty.
    ///
    /// # Panics
    /// When they do not: that is a mistake of ours.
    pub fn check(&self) {
        let used: u64 = self.iter().map(|(key, entry)| cost(key, entry)).sum();
        assert!(used == self.used_bytes, "memory is counted as it is used");
        let timed = || self.iter().filter_map(|(key, entry)| Some((entry.expires_at_ms?, key.clone())));
        assert!(
            timed().count() == self.expiries.len() && timed().all(|end| self.expiries.contains(&end)),
            "every key with an end is noted under it, and no other"
        );
        for (key, entry) in self.iter() {
            entry.value.check(key);
        }
    }
}
