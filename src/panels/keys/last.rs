//! What the last command of all did to a database.

use std::rc::Rc;

use warren_sim::sorted::{SortedMap, SortedSet};
use warren_sim::{
    bytes::Bytes,
    event::{Event as Happened, What},
    redis::{
        Event,
        view::{Change, change, keys},
    },
    session::Session,
    world::{EPOCH_MS, World},
};

use super::MAX_LOOKED_AT;

/// The most keys that are compared, and of those that went the most that are told.
const MAX_KEYS: usize = 100;

/// The last step in which a command was called.
pub struct Last {
    /// The command's name.
    pub command: String,
    /// The world before it.
    pub before: Rc<World>,
    /// What became of the keys it spoke of that are still there.
    pub changes: SortedMap<Bytes, Change>,
    /// Those that went.
    pub gone: Vec<Bytes>,
}

impl Last {
    /// Looks for it at or before the moment that is looked at. None too if it was part of what was there at the first moment.
    pub fn of(session: &Session, db: u8) -> Option<Last> {
        let (timeline, now) = (session.timeline(), session.world());
        let events = timeline.events(0, timeline.position());
        let called = events.iter().rev().find(|event| matches!(event.what, What::Redis(Event::Called { .. })))?;
        let step = timeline.step_of(called.id);
        let before = timeline.world_at(step.checked_sub(1)?);
        let What::Redis(Event::Called { args, .. }) = &called.what else { return None };
        let command = args.first().map(|name| name.text().to_ascii_uppercase()).unwrap_or_default();
        let (mut changes, mut gone) = (SortedMap::new(), Vec::new());
        for key in spoken_of(timeline.events(step, step), &before, db) {
            let is_there = |world: &World| world.store().has_key(db, &key, EPOCH_MS + world.now_ms());
            if is_there(now) {
                let change = change(before.store(), now.store(), db, &key, MAX_LOOKED_AT);
                changes.insert(key, change);
            } else if is_there(&before) {
                gone.push(key);
            }
        }
        Some(Last { command, before, changes, gone })
    }
}

/// The keys that a step's commands named or changed.
fn spoken_of(events: &[Happened], before: &World, db: u8) -> SortedSet<Bytes> {
    let mut found = SortedSet::new();
    for event in events {
        match &event.what {
            What::Redis(Event::KeyChanged { db: of, key, .. }) if *of == db => found.extend([key.clone()]),
            What::Redis(Event::Called { keys, .. }) => found.extend(keys.iter().cloned()),
            What::Redis(Event::Flushed { db: of, .. }) if *of == db => {
                let all = keys(before.store(), db, EPOCH_MS + before.now_ms(), MAX_KEYS, 0);
                found.extend(all.into_iter().map(|row| row.key));
            }
            _ => {}
        }
        if found.len() >= MAX_KEYS {
            break;
        }
    }
    found
}

/// Whether GEOADD, or a search that keeps places, wrote this key in this run.
pub fn written_by_geoadd(session: &Session, key: &Bytes) -> bool {
    let timeline = session.timeline();
    timeline.events(0, timeline.position()).iter().any(|event| match &event.what {
        What::Redis(Event::Called { args, keys, .. }) => {
            let name = args.first().map(|name| name.to_ascii_lowercase()).unwrap_or_default();
            matches!(&name[..], b"geoadd" | b"geosearchstore") && keys.first() == Some(key)
        }
        _ => false,
    })
}
