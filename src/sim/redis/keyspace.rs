//! One database: its keys in an order of their own, and when they expire.
//!
//! Keys stand in the order of a small hash, so KEYS and SCAN look as shuffled as Redis's do, yet the same on every target. The hash is
//! also SCAN's cursor: whatever is added or removed in between, a key that stays is seen, because its place never moves.

use super::value::Value;
use crate::bytes::Bytes;
use crate::hash::stable_hash;
use crate::prng::Prng;
use crate::sorted::SortedMap;
use alloc::{rc::Rc, vec::Vec};

/// A key's place in an order: by its hash, or by its last moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Slot {
    place: u64,
    key: Bytes,
}

/// Keys in an order, the entries shared with every clone of the database.
type Tree = SortedMap<Slot, Option<Rc<Entry>>>;

impl Slot {
    fn of(key: &Bytes) -> Self {
        Slot { place: stable_hash(&**key) & PLACES, key: key.clone() }
    }

    fn over_at(last_ms: u64, key: &Bytes) -> Self {
        Slot { place: last_ms, key: key.clone() }
    }

    fn first_at(place: u64) -> Self {
        Slot { place, key: Bytes::default() }
    }
}

/// A value and its life.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The value.
    pub value: Value,
    /// The last virtual millisecond in which it can be seen; `None` if it stays.
    pub expires_at_ms: Option<u64>,
    /// When it was last read or written, for OBJECT IDLETIME.
    pub accessed_ms: u64,
}

impl Entry {
    /// Whether its time has passed.
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.expires_at_ms.is_some_and(|last| last < now_ms)
    }
}

/// The places of the hash: few enough that a cursor can be typed, many enough that keys seldom share one.
const PLACES: u64 = 0xffff_ffff;

/// What a key costs beside its bytes. Redis spends about this much on its dictionary entry and object.
const KEY_OVERHEAD: u64 = 64;

/// One of the 16 databases.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Database {
    entries: Tree,
    /// When which key is over, earliest first. There is no entry here: the tree is of the same type only so that the page need not
    /// carry the code of two.
    expiries: Tree,
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
        self.entries.get(&Slot::of(key))?.as_deref()
    }

    /// Puts an entry, and gives the one that was there.
    pub fn insert(&mut self, key: &Bytes, entry: Entry) -> Option<Rc<Entry>> {
        self.used_bytes += cost(key, &entry);
        let expires_at_ms = entry.expires_at_ms;
        let old = self.entries.insert(Slot::of(key), Some(Rc::new(entry))).flatten();
        if let Some(old) = &old {
            self.forget(key, old);
        }
        if let Some(last_ms) = expires_at_ms {
            self.expiries.insert(Slot::over_at(last_ms, key), None);
        }
        old
    }

    /// Takes an entry out.
    pub fn remove(&mut self, key: &Bytes) -> Option<Rc<Entry>> {
        let entry = self.entries.remove(&Slot::of(key))??;
        self.forget(key, &entry);
        Some(entry)
    }

    /// Takes what was noted of an entry that is no longer there.
    fn forget(&mut self, key: &Bytes, old: &Entry) {
        self.used_bytes -= cost(key, old);
        if let Some(last_ms) = old.expires_at_ms {
            self.expiries.remove(&Slot::over_at(last_ms, key));
        }
    }

    /// Notes that `key` was read now.
    pub fn touch(&mut self, key: &Bytes, now_ms: u64) {
        if let Some(Some(entry)) = self.entries.get_mut(&Slot::of(key)) {
            Rc::make_mut(entry).accessed_ms = now_ms;
        }
    }

    /// All keys with their entries, in the database's order.
    pub fn iter(&self) -> impl Iterator<Item = (&Bytes, &Entry)> {
        self.entries.iter().filter_map(|(slot, entry)| Some((&slot.key, entry.as_deref()?)))
    }

    /// About `count` keys from `cursor` on, and the cursor for what follows: 0 when nothing does.
    pub fn scan(&self, cursor: u64, count: u64) -> (u64, Vec<Bytes>) {
        let mut keys = Vec::new();
        let mut last_place = None;
        for slot in self.entries.range(Slot::first_at(cursor)..).map(|(slot, _)| slot) {
            // Keys that share a place stay together: the cursor cannot point between them.
            if keys.len() as u64 >= count && last_place != Some(slot.place) {
                return (slot.place, keys);
            }
            last_place = Some(slot.place);
            keys.push(slot.key.clone());
        }
        (0, keys)
    }

    /// Any key: the first one at or after a place drawn from `prng`.
    pub fn random(&self, prng: &mut Prng) -> Option<Bytes> {
        let place = Slot::first_at(prng.next_u64() & PLACES);
        let after = self.entries.range(place..).next();
        after.or_else(|| self.entries.iter().next()).map(|(slot, _)| slot.key.clone())
    }

    /// The earliest last moment of any key.
    pub fn first_expiry(&self) -> Option<u64> {
        self.expiries.keys().next().map(|slot| slot.place)
    }

    /// The key that expires first, if its time has passed at `now_ms`.
    pub fn first_expired(&self, now_ms: u64) -> Option<&Bytes> {
        self.expiries.keys().next().filter(|slot| slot.place < now_ms).map(|slot| &slot.key)
    }

    /// Sees to it that the indexes agree with the entries.
    ///
    /// # Panics
    /// When they do not: that is a mistake of ours.
    pub fn check(&self) {
        let used: u64 = self.iter().map(|(key, entry)| cost(key, entry)).sum();
        assert!(used == self.used_bytes, "memory is counted as it is used");
        let noted = |key: &Bytes, last_ms| self.expiries.contains_key(&Slot::over_at(last_ms, key));
        let timed = self.iter().filter_map(|(key, entry)| Some((key, entry.expires_at_ms?)));
        let count = timed.filter(|(key, last_ms)| noted(key, *last_ms)).count();
        let all = self.iter().filter(|(_, entry)| entry.expires_at_ms.is_some()).count();
        assert!(count == all && all == self.expiries.len(), "every key with an end is noted under it, and no other");
        assert!(self.entries.values().all(Option::is_some), "every key has an entry");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redis::value::Str;
    use alloc::{collections::BTreeSet, format};

    #[test]
    fn a_scan_sees_every_key_that_stays() {
        let mut db = Database::default();
        let entry = |n| Entry { value: Value::String(Str::Int(n)), expires_at_ms: None, accessed_ms: 0 };
        for n in 0..300 {
            db.insert(&Bytes::from(format!("key:{n}")), entry(n));
        }
        let (mut seen, mut cursor, mut round) = (BTreeSet::new(), 0, 0);
        loop {
            let (next, keys) = db.scan(cursor, 7);
            seen.extend(keys);
            // In the middle of it, some keys leave and others come.
            db.remove(&Bytes::from(format!("key:{}", 200 + round)));
            db.insert(&Bytes::from(format!("new:{round}")), entry(0));
            round += 1;
            cursor = next;
            if cursor == 0 {
                break;
            }
        }
        assert!((0..200).all(|n| seen.contains(&Bytes::from(format!("key:{n}")))));
        db.check();
    }
}
