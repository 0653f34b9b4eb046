//! Commands that wait: a client is parked under its keys, and its command runs again when one of them is touched.

use super::call::Call;
use super::dispatch::resolve;
use super::error::{self, Error};
use super::group::Group;
use super::reply::Reply;
use super::store::{ClientId, Cx, Store};
use super::value::Value;
use crate::bytes::Bytes;
use crate::longdouble::LongDouble;
use crate::sorted::{SortedMap, SortedSet};
use alloc::vec::Vec;

/// What a client waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Blocked {
    /// The command, which runs again when a key is touched.
    pub args: Vec<Bytes>,
    /// The database and the keys.
    pub db: u8,
    /// The keys that can end the wait.
    pub keys: Vec<Bytes>,
    /// The virtual Unix time in ms at which it has waited long enough; `None` for never.
    pub deadline_ms: Option<u64>,
    /// What it is answered then.
    pub on_timeout: Reply,
}

/// Who waits for what, over all clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Waiting {
    /// The clients under each key, the one that has waited longest first.
    lines: SortedMap<(u8, Bytes), Vec<ClientId>>,
    deadlines: SortedSet<(u64, ClientId)>,
    /// Keys that were touched while somebody waited under them, in order.
    /// The last says whether the key came to be: only that serves those who wait for lists and sorted sets.
    ready: Vec<(u8, Bytes, bool)>,
    /// Set while transactions and scripts run: nobody is served in between, and nobody may block.
    pub(super) held: u32,
}

/// The virtual Unix time in ms until which the argument at `place` wants to wait: seconds with a fraction, 0 for ever.
pub fn timeout(call: &Call<'_, '_>, place: usize) -> Result<Option<u64>, Error> {
    let seconds = LongDouble::parse(call.arg(place)).ok_or(error::TIMEOUT_NOT_FLOAT)?;
    // What leaves 64 bits becomes the lowest number in Redis, hence negative.
    let wait_ms = seconds.thousandfold().and_then(|ms| u64::try_from(ms).ok()).ok_or(error::TIMEOUT_NEGATIVE)?;
    Ok((wait_ms > 0).then(|| call.cx.now_ms.saturating_add(wait_ms)))
}

impl Waiting {
    /// Notes that a key was touched.
    pub fn note(&mut self, db: u8, key: &Bytes) {
        self.note_as(db, key, false);
    }

    /// Notes that a key came to be. Redis does not take it for that when a key is overwritten, as by SORT STORE: whoever waits under it
    /// then goes on waiting.
    pub fn note_new(&mut self, db: u8, key: &Bytes) {
        self.note_as(db, key, true);
    }

    fn note_as(&mut self, db: u8, key: &Bytes, new: bool) {
        if self.lines.is_empty() || !self.lines.contains_key(&(db, key.clone())) {
            return;
        }
        match self.ready.iter_mut().find(|(other_db, other, _)| *other_db == db && other == key) {
            Some((_, _, was_new)) => *was_new |= new,
            None => self.ready.push((db, key.clone(), new)),
        }
    }

    /// Notes every key of a database that somebody waits under.
    pub fn note_all(&mut self, db: u8) {
        let keys: Vec<Bytes> =
            self.lines.keys().filter(|(other, _)| *other == db).map(|(_, key)| key.clone()).collect();
        keys.iter().for_each(|key| self.note_new(db, key));
    }

    /// The earliest moment at which somebody has waited long enough.
    pub fn next_deadline(&self) -> Option<u64> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// How many clients wait.
    pub fn check(&self, id: ClientId, blocked: Option<&Blocked>) {
        let Some(blocked) = blocked else { return };
        for key in &blocked.keys {
            let line = self.lines.get(&(blocked.db, key.clone()));
            assert!(line.is_some_and(|line| line.contains(&id)), "who waits stands in the line of each of its keys");
        }
        assert!(blocked.deadline_ms.is_none_or(|at| self.deadlines.contains(&(at, id))), "every deadline is noted");
    }
}

impl Store {
    /// Parks a client.
    pub(super) fn block(&mut self, client: ClientId, blocked: Blocked) {
        for key in &blocked.keys {
            let line = self.waiting.lines.get_or_insert_with((blocked.db, key.clone()), Vec::new);
            if !line.contains(&client) {
                line.push(client);
            }
        }
        if let Some(at) = blocked.deadline_ms {
            self.waiting.deadlines.insert((at, client));
        }
        if let Some(state) = self.client_mut(client) {
            state.blocked = Some(blocked);
        }
    }

    /// Ends a client's wait, and returns what it waited for.
    pub(super) fn unblock(&mut self, client: ClientId) -> Option<Blocked> {
        let mut blocked = self.client_mut(client)?.blocked.take()?;
        if let Some(reply) = self.replication.end_wait(client) {
            blocked.on_timeout = reply;
        }
        for key in &blocked.keys {
            let place = (blocked.db, key.clone());
            let Some(line) = self.waiting.lines.get_mut(&place) else { continue };
            line.retain(|other| *other != client);
            if line.is_empty() {
                self.waiting.lines.remove(&place);
            }
        }
        if let Some(at) = blocked.deadline_ms {
            self.waiting.deadlines.remove(&(at, client));
        }
        Some(blocked)
    }

    /// Answers the clients whose time is over.
    pub(super) fn end_waits(&mut self, cx: &mut Cx<'_>) {
        while let Some((at, client)) = self.waiting.deadlines.first().copied()
            && at <= cx.now_ms
        {
            if let Some(blocked) = self.unblock(client) {
                self.count_wait(client, &blocked.args, &blocked.on_timeout, cx.now_ms);
                cx.send(client, blocked.on_timeout);
            }
        }
    }

    /// Marks the time in which a transaction or a script runs.
    pub(super) fn hold(&mut self, held: bool) {
        self.waiting.held = if held { self.waiting.held + 1 } else { self.waiting.held - 1 };
    }

    /// Serves whoever waits under the keys that were touched, in the order in which keys were touched and clients came.
    pub(super) fn serve_ready(&mut self, cx: &mut Cx<'_>) {
        if self.waiting.held > 0 {
            return;
        }
        // What one client is given may touch the key of another (BLMOVE): that is served in a later round.
        while !self.waiting.ready.is_empty() {
            for (db, key, new) in core::mem::take(&mut self.waiting.ready) {
                for client in self.waiting.lines.get(&(db, key.clone())).cloned().unwrap_or_default() {
                    self.serve(client, &key, new, cx);
                }
            }
        }
    }

    /// Runs a waiting client's command again, for one of its keys; if it still cannot be answered, it keeps its place in the line.
    fn serve(&mut self, client: ClientId, key: &Bytes, new: bool, cx: &mut Cx<'_>) {
        let Some(blocked) = self.client(client).and_then(|state| state.blocked.clone()) else { return };
        let Ok(command) = resolve(&blocked.args) else { return };
        if !new && matches!(command.group, Group::List | Group::SortedSet) {
            return;
        }
        self.hold(true);
        let reply = self.run(client, command, &blocked.args, Some(key), cx);
        self.hold(false);
        self.propagate(true, cx);
        // A key of another type does not end the wait; a list that cannot be moved onto what is no list does.
        let value = self.database(blocked.db).get(key).map(|entry| &entry.value);
        let moves = command.group == Group::List && matches!(value, Some(Value::List(_)));
        if reply != Reply::None && (moves || reply != Reply::Error(error::WRONG_TYPE)) {
            self.unblock(client);
            cx.send(client, reply);
        }
    }
}
