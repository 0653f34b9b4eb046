//! The group `transactions`: commands that are written down and run as one, unless a watched key was touched.

use super::call::Call;
use super::command::{Command, Run};
use super::dispatch::resolve;
use super::error::{self, Error};
use super::group::Group;
use super::keyspace::Database;
use super::reply::Reply;
use super::store::{Client, ClientId, Store};
use crate::bytes::Bytes;
use alloc::vec::Vec;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Transactions, name, arity, run).flags("noscript loading stale fast allow_busy")
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("multi", 1, multi).takes("1.2.0", "").says("Starts a transaction", "开始一个事务"),
    row("exec", 1, exec)
        .flags("noscript loading stale skip_slowlog")
        .takes("1.2.0", "")
        .says("Runs the commands of a transaction", "执行事务中的命令"),
    row("discard", 1, discard).takes("2.0.0", "").says("Drops a transaction", "放弃事务"),
    row("watch", -2, watch).keys("1:-1 RO").takes("2.2.0", "key [key ...]").says(
        "Lets the next transaction fail if one of these keys is touched before it",
        "监视键，若在事务前被改动则事务失败",
    ),
    row("unwatch", 1, unwatch).takes("2.2.0", "").says("Forgets the watched keys", "取消所有监视"),
];

/// The most commands that one transaction holds. Redis knows no bound but memory.
pub const MAX_QUEUED: usize = 1_000_000;

/// A transaction that is being written down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Multi {
    queued: Vec<Vec<Bytes>>,
    /// Whether a command could not be queued: EXEC then refuses.
    spoiled: bool,
}

impl Multi {
    /// How many commands are written down.
    pub fn len(&self) -> usize {
        self.queued.len()
    }

    /// The rows of the commands that are written down.
    pub fn commands(&self) -> impl Iterator<Item = &'static Command> {
        self.calls().map(|(command, _)| command)
    }

    /// The same with their arguments.
    pub fn calls(&self) -> impl Iterator<Item = (&'static Command, &[Bytes])> {
        self.queued.iter().filter_map(|args| Some((resolve(args).ok()?, &args[..])))
    }
}

impl Watches {
    /// Whether a watched key was touched.
    pub fn is_spoiled(&self) -> bool {
        self.spoiled
    }
}

/// What a client watches.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Watches {
    keys: Vec<Watched>,
    /// Whether one of them was touched.
    spoiled: bool,
}

/// A watched key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Watched {
    db: u8,
    key: Bytes,
    /// Whether its time had passed when it was watched: that it goes is no touch then.
    was_over: bool,
}

fn multi(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let client = call.state();
    if client.multi.is_some() {
        return Err(error::NESTED_MULTI);
    }
    client.multi = Some(Multi::default());
    Ok(Reply::OK)
}

fn exec(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let client = call.client;
    let multi = call.state().multi.take().ok_or(error::EXEC_WITHOUT_MULTI)?;
    let now_ms = call.cx.now_ms;
    let watched = call.state().watches.clone();
    // A key that has expired since it was watched counts as touched, even if nobody has noticed yet.
    let expired = |watched: &Watched| !watched.was_over && call.store.is_over(watched.db, &watched.key, now_ms);
    let spoiled = watched.spoiled || watched.keys.iter().any(expired);
    call.store.unwatch(client);
    if multi.spoiled {
        return Err(error::EXEC_ABORT);
    }
    if spoiled {
        return Ok(Reply::NilArray);
    }
    call.store.hold(true);
    let mut replies = Vec::with_capacity(multi.queued.len());
    for args in &multi.queued {
        let reply = match resolve(args) {
            // What the user may do can have changed since the command was written down.
            Ok(command) => match call.store.permission(client, command, args) {
                Ok(()) => call.store.run(client, command, args, None, call.cx),
                Err(denied) => {
                    call.store.log_denial(client, "multi", denied, command, args, now_ms);
                    Reply::Error(denied.error_in_exec())
                }
            },
            Err(error) => Reply::Error(error),
        };
        replies.push(reply);
        if !call.store.is_open(client) {
            break;
        }
    }
    call.store.hold(false);
    Ok(Reply::Array(replies))
}

fn discard(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.state().multi.take().ok_or(error::DISCARD_WITHOUT_MULTI)?;
    call.store.unwatch(call.client);
    Ok(Reply::OK)
}

fn watch(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if call.state().multi.is_some() {
        return Err(error::WATCH_IN_MULTI);
    }
    for key in &call.args[1..] {
        call.store.watch(call.client, call.db, key, call.cx.now_ms);
    }
    Ok(Reply::OK)
}

fn unwatch(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.store.unwatch(call.client);
    Ok(Reply::OK)
}

/// Commands that run at once even while a transaction is being written down.
const NEVER_QUEUED: &[&str] = &["exec", "discard", "multi", "watch", "quit", "reset"];

impl Store {
    /// Whether a command is written down now rather than run.
    pub(super) fn is_queued(&self, client: ClientId, command: &Command) -> bool {
        self.in_transaction(client) && !NEVER_QUEUED.contains(&command.name)
    }

    pub(super) fn queue(&mut self, client: ClientId, args: &[Bytes]) -> Reply {
        let multi = self.client_mut(client).and_then(|client| client.multi.as_mut());
        let multi = multi.expect("is_queued has seen it");
        if multi.queued.len() >= MAX_QUEUED {
            multi.spoiled = true;
            return Reply::Error(error::OUT_OF_MEMORY);
        }
        if !multi.spoiled {
            multi.queued.push(args.to_vec());
        }
        Reply::status("QUEUED")
    }

    /// A command was refused before it ran: a transaction that is being written down cannot be run any more.
    pub(super) fn spoil_transaction(&mut self, client: ClientId) {
        if let Some(multi) = self.client_mut(client).and_then(|client| client.multi.as_mut()) {
            multi.spoiled = true;
        }
    }

    /// An EXEC that is refused before it runs ends its transaction, too.
    pub(super) fn refuse_exec(&mut self, client: ClientId, error: &Error) -> Error {
        if let Some(state) = self.client_mut(client) {
            state.multi = None;
        }
        self.unwatch(client);
        error::exec_abort_because(error)
    }

    /// Whether a key is there whose time has passed.
    fn is_over(&self, db: u8, key: &Bytes, now_ms: u64) -> bool {
        self.database(db).get(key).is_some_and(|entry| entry.is_over(now_ms))
    }

    fn watch(&mut self, client: ClientId, db: u8, key: &Bytes, now_ms: u64) {
        let was_over = self.is_over(db, key, now_ms);
        let Some(state) = self.client_mut(client) else { return };
        if !state.watches.keys.iter().any(|watched| watched.db == db && watched.key == *key) {
            state.watches.keys.push(Watched { db, key: key.clone(), was_over });
            self.watchers.get_or_insert_with((db, key.clone()), Vec::new).push(client);
        }
    }

    /// A client watches nothing any more.
    pub(super) fn unwatch(&mut self, client: ClientId) {
        let Some(state) = self.client_mut(client) else { return };
        for Watched { db, key, .. } in core::mem::take(&mut state.watches).keys {
            let place = (db, key);
            let Some(watchers) = self.watchers.get_mut(&place) else { continue };
            watchers.retain(|other| *other != client);
            if watchers.is_empty() {
                self.watchers.remove(&place);
            }
        }
    }

    /// A key was touched: whoever watches it cannot run a transaction.
    pub(super) fn spoil_watches(&mut self, db: u8, key: &Bytes) {
        if self.watchers.is_empty() {
            return;
        }
        let is_there = self.database(db).get(key).is_some();
        self.watched(db, key, |was_over| match (*was_over, is_there) {
            (false, _) => true,
            (true, is_there) => {
                *was_over = is_there;
                false
            }
        });
    }

    /// Shows the mark of each who watches a key to `touches`, which says whether that was a touch.
    fn watched(&mut self, db: u8, key: &Bytes, touches: impl Fn(&mut bool) -> bool) {
        for client in self.watchers.get(&(db, key.clone())).cloned().unwrap_or_default() {
            let Some(watches) = self.client_mut(client).map(|state| &mut state.watches) else { continue };
            let own = watches.keys.iter_mut().find(|watched| watched.db == db && watched.key == *key);
            watches.spoiled |= own.is_some_and(|watched| touches(&mut watched.was_over));
        }
    }

    /// A database was emptied, or replaced by another (`touchAllWatchedKeysInDb` of Redis).
    pub(super) fn spoil_watches_of(&mut self, db: u8, before: &Database, after: Option<&Database>, now_ms: u64) {
        let keys: Vec<Bytes> =
            self.watchers.keys().filter(|(other, _)| *other == db).map(|(_, key)| key.clone()).collect();
        for key in keys {
            let was_there = before.get(&key).is_some();
            let entry = after.and_then(|after| after.get(&key));
            if !was_there && entry.is_none() {
                continue;
            }
            let is_over = entry.is_some_and(|entry| entry.is_over(now_ms));
            self.watched(db, &key, |was_over| {
                // What had ended and goes, ends as it was, or comes ended is no change that anybody could see.
                let unseen = if *was_over { entry.is_none() || is_over } else { !was_there && is_over };
                if unseen {
                    *was_over = entry.is_some();
                }
                !unseen
            });
        }
    }

    pub(super) fn check_watches(&self, id: ClientId, client: &Client) {
        for watched in &client.watches.keys {
            let place = (watched.db, watched.key.clone());
            assert!(self.watchers.get(&place).is_some_and(|ids| ids.contains(&id)), "who watches is noted at the key");
        }
    }
}
