//! Eviction: keys go when the memory is full, as `maxmemory-policy` says. The choice is among a few keys drawn by chance, as in Redis.

use super::config::First;
use super::event::{Event, Glimpse};
use super::store::{Cx, DATABASES, Store};
use crate::bytes::Bytes;

impl Store {
    /// Lets keys go until the memory suffices, as far as the policy allows.
    pub(super) fn evict(&mut self, cx: &mut Cx<'_>) {
        let most = self.limits().max_memory;
        if most == 0 || self.config.maxmemory_policy.only_volatile.is_none() {
            return;
        }
        while self.used_bytes() > most {
            let Some((db, key)) = self.victim(cx) else { return };
            let Some(entry) = self.database_mut(db).remove(&key) else { return };
            self.stats_mut().evicted += 1;
            self.note_end_for_replicas(db, &key);
            self.propagate(false, cx);
            self.touched(db, &key, "evicted", cx);
            cx.tell(|| {
                let old = Some(Glimpse::of(&entry.value));
                Event::KeyChanged { db, key: key.clone(), how: "evicted", old, new: None, expires_at_ms: None }
            });
        }
    }

    /// The key that goes next: the best of a few of each database.
    fn victim(&self, cx: &mut Cx<'_>) -> Option<(u8, Bytes)> {
        let policy = self.config.maxmemory_policy;
        let samples = self.config.number("maxmemory-samples").max(1);
        let (only_volatile, (_, decay)) = (policy.only_volatile?, self.config.lfu);
        let mut best: Option<(u64, u8, Bytes)> = None;
        for db in (0..DATABASES).filter(|db| self.database(*db).len() > 0) {
            let database = self.database(db);
            if only_volatile && policy.first == First::Ttl {
                // The one that ends first is known without drawing.
                let first = database.first_expired(u64::MAX).cloned().zip(database.first_expiry());
                best = best.into_iter().chain(first.map(|(key, last_ms)| (last_ms, db, key))).min();
                continue;
            }
            for _ in 0..samples {
                let drawn = if only_volatile { database.random_volatile(cx.prng) } else { database.random(cx.prng) };
                let Some(key) = drawn else { break };
                let rank = match policy.first {
                    First::Random => 0,
                    First::Lfu => database.get(&key).map_or(0, |entry| u64::from(entry.frequency_at(cx.now_ms, decay))),
                    First::Lru | First::Ttl => database.get(&key).map_or(0, |entry| entry.accessed_ms),
                };
                if best.as_ref().is_none_or(|(least, _, _)| rank < *least) {
                    best = Some((rank, db, key));
                }
            }
        }
        best.map(|(_, db, key)| (db, key))
    }
}
