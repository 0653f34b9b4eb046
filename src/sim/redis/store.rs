//! The store: sixteen databases, the clients connected to them, and the one way in.

use super::acl::Users;
use super::blocking::{Blocked, Waiting};
use super::client::{Answers, Pause};
use super::clients::Clients;
use super::config::Config;
use super::event::{Event, Glimpse};
use super::keyspace::Database;
use super::monitor::Monitors;
use super::pubsub::{Subscriptions, Topics};
use super::replication::Replication;
use super::reply::{Reply, Resp};
use super::scripting::Scripting;
use super::stats::{Host, Stats};
use super::tracking::{Trackers, Tracking};
use super::transactions::{Multi, Watches};
use crate::bytes::Bytes;
use crate::prng::Prng;
use crate::sorted::SortedMap;
use alloc::rc::Rc;
use alloc::vec::Vec;

/// After how many milliseconds a server's buffers for answers shrink to what they lately held.
pub const REPLY_PEAK_MS: u64 = 5000;

/// How many databases there are, as in Redis's default configuration.
pub const DATABASES: u8 = 16;

/// The Unix time, in milliseconds, at which every world begins: 2026-01-01 00:00:00 UTC.
pub const EPOCH_MS: u64 = 1_767_225_600_000;

/// A client of the store, and what CLIENT ID says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u32);

/// What the world lends to each call.
#[derive(Debug)]
pub struct Cx<'w> {
    /// The virtual Unix time in milliseconds.
    pub now_ms: u64,
    /// The world's source of chance, for RANDOMKEY.
    pub prng: &'w mut Prng,
    /// Where what happens is told, in order; a server whose steps nobody watches has none.
    pub events: Option<&'w mut Vec<Event>>,
    /// What goes to clients beside the answer to the one that calls, in order.
    pub out: &'w mut Vec<Out>,
    /// Who serves others while a script runs for long. A world has nobody: there a script takes no time.
    pub meanwhile: Option<&'w mut dyn Meanwhile>,
}

/// Serves others while a script runs for long.
pub trait Meanwhile: core::fmt::Debug {
    /// Hears and answers whoever there is, by a store that admits only what may be done meanwhile. No: the server ends, and the script
    /// with it.
    fn serve(&mut self, store: &mut Store, prng: &mut Prng) -> bool;
}

impl Cx<'_> {
    /// Tells what happened, if anybody listens. The event is only made then.
    pub(super) fn tell(&mut self, event: impl FnOnce() -> Event) {
        if let Some(events) = &mut self.events {
            events.push(event());
        }
    }

    /// Sends something to a client beside the answer to the one that calls.
    pub(super) fn send(&mut self, client: ClientId, reply: Reply) {
        self.out.push(Out { client, sent: Sent::Reply(reply) });
    }
}

/// What leaves the store beside the answer to a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Out {
    /// To whom.
    pub client: ClientId,
    /// What.
    pub sent: Sent,
}

/// What a client gets that it did not ask for just now.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// A late answer or a message.
    Reply(Reply),
    /// Bytes as they are: a copy of everything, for a replica.
    Bytes(Bytes),
    /// The store ends the connection once what was sent before has left.
    Close,
    /// SHUTDOWN: the server ends. In a world nothing happens.
    Shutdown,
}

/// Bounds on what the store may hold. Memory is counted the same way on every target: for each key 64 bytes, its name and its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// `maxmemory`: commands that may grow the store are refused beyond it, as Redis does with `maxmemory-policy noeviction`; and so is,
    /// before it is built, a value that a single SETRANGE or SETBIT would stretch beyond it. 0 is no limit.
    pub max_memory: u64,
    /// `proto-max-bulk-len`: the longest string, in bytes.
    pub max_bulk: u64,
    /// The most steps (calls, rounds of loops) that a script may take; 0 is no limit. Redis has none but SCRIPT KILL.
    pub max_steps: u64,
}

impl Default for Limits {
    /// Redis's own: no limit but 512 MiB a string.
    fn default() -> Self {
        Limits { max_memory: 0, max_bulk: 512 * 1024 * 1024, max_steps: 0 }
    }
}

impl Limits {
    /// What a page can afford: 16 MiB in all, and scripts that end within a second or two.
    pub fn page() -> Self {
        Limits { max_memory: 16 * 1024 * 1024, max_steps: 10_000_000, ..Limits::default() }
    }
}

/// A client's connection, as a server tells of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Link {
    /// The address of the client, with its port.
    pub address: Bytes,
    /// The server's address that it connected to.
    pub local: Bytes,
    /// The number of its socket.
    pub descriptor: u32,
}

impl Link {
    /// Whether it goes through a Unix socket: both of its ends have that one's name.
    pub(super) fn is_unix(&self) -> bool {
        !self.address.is_empty() && self.address == self.local
    }
}

/// The buffers of a client's connection, in bytes, as a server tells of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Buffers {
    /// What was read and not yet run.
    pub query: u64,
    /// What the buffer for that has room for beyond it.
    pub query_free: u64,
    /// The size of the buffer for answers.
    pub reply: u64,
    /// What waits to be sent: in that buffer, and beyond it.
    pub unsent: u64,
}

/// What the store knows of a connected client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Client {
    /// The selected database.
    pub db: u8,
    /// The name given with CLIENT SETNAME; empty for none.
    pub name: Bytes,
    /// Its connection.
    pub link: Link,
    /// Its buffers, as of the last time that anybody asked.
    pub buffers: Buffers,
    /// When it connected and when it last sent something, in Unix milliseconds; 0 if no server told.
    pub created_ms: u64,
    /// When it last sent something.
    pub seen_ms: u64,
    /// The row of the command it last sent, plus one.
    pub last: u16,
    /// The user that it is; empty for `default`.
    pub user: Bytes,
    /// Whether it has said its password.
    pub is_known: bool,
    /// CLIENT REPLY
    pub answers: Answers,
    /// CLIENT NO-EVICT
    pub no_evict: bool,
    /// The command that waits for the end of CLIENT PAUSE.
    pub postponed: Option<Vec<Bytes>>,
    /// The protocol it speaks.
    pub resp: Resp,
    /// The transaction it is writing down.
    pub multi: Option<Multi>,
    /// The keys it watches, and whether one of them was touched.
    pub watches: Watches,
    /// What it waits for.
    pub blocked: Option<Blocked>,
    /// What it subscribes to.
    pub subscriptions: Subscriptions,
    /// Which keys it wants to be told of.
    pub tracking: Tracking,
}

/// A Redis-like store. A clone shares its databases until one of the two changes them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    databases: Vec<Rc<Database>>,
    clients: Clients,
    limits: Limits,
    pub(super) config: Config,
    /// Who watches which key of which database.
    pub(super) watchers: SortedMap<(u8, Bytes), Vec<ClientId>>,
    pub(super) waiting: Waiting,
    /// Who subscribes to which channel.
    pub(super) topics: Topics,
    /// The users, and what was refused to them.
    pub(super) users: Rc<Users>,
    /// Who sees every command.
    pub(super) monitors: Monitors,
    /// CLIENT PAUSE, and who waits for its end.
    pub(super) pause: Option<Pause>,
    /// Who waits for the end of the pause, in order.
    pub(super) postponed: Vec<ClientId>,
    /// Who is to be told of which keys.
    pub(super) trackers: Trackers,
    pub(super) replication: Replication,
    pub(super) host: Host,
    /// Whether keys expire before somebody looks: DEBUG SET-ACTIVE-EXPIRE.
    pub(super) active_expire: bool,
    pub(super) stats: Rc<Stats>,
    /// After how many milliseconds buffers for answers shrink; `None` for never.
    pub(super) reply_peak_ms: Option<u64>,
    /// What DEBUG SLEEP took, until the clock of the call is put forward.
    pub(super) slept_ms: u64,
    /// Scripts and libraries.
    pub(super) scripting: Scripting,
    /// How many changes were made since the start, as `rdb_changes_since_last_save` of INFO counts them.
    pub(super) dirty: u64,
}

impl Store {
    /// An empty store.
    pub fn new(limits: Limits) -> Self {
        let databases = (0..DATABASES).map(|_| Rc::default()).collect();
        Store {
            databases,
            clients: Clients::default(),
            limits,
            config: Config::default(),
            watchers: SortedMap::new(),
            waiting: Waiting::default(),
            topics: Topics::default(),
            users: Rc::default(),
            monitors: Monitors::new(),
            pause: None,
            postponed: Vec::new(),
            trackers: Trackers::default(),
            replication: Replication::default(),
            host: Host::default(),
            active_expire: true,
            stats: Rc::default(),
            reply_peak_ms: Some(REPLY_PEAK_MS),
            slept_ms: 0,
            scripting: Scripting::default(),
            dirty: 0,
        }
    }

    /// A client connects.
    ///
    /// # Panics
    /// When one with this id is connected.
    pub fn client_open(&mut self, id: ClientId) {
        let client = Client { is_known: self.users.are_open(), ..Client::default() };
        assert!(self.clients.insert(id, client), "a client connects only once");
    }

    /// Tells how a client is connected.
    pub fn set_link(&mut self, id: ClientId, link: Link, now_ms: u64) {
        if let Some(client) = self.clients.get_mut(id) {
            client.link = link;
            client.created_ms = now_ms;
            client.seen_ms = now_ms;
        }
        self.stats_mut().connections += 1;
    }

    /// After how many milliseconds buffers for answers shrink; `None` for never.
    pub fn reply_peak_ms(&self) -> Option<u64> {
        self.reply_peak_ms
    }

    /// Tells of a client's buffers.
    pub fn set_buffers(&mut self, id: ClientId, buffers: Buffers) {
        if let Some(client) = self.clients.get_mut(id) {
            client.buffers = buffers;
        }
    }

    /// A client's connection ends. Nothing happens if it is not connected.
    pub fn client_close(&mut self, id: ClientId) {
        self.unwatch(id);
        self.unblock(id);
        self.forget_topics(id);
        self.stop_monitor(id);
        self.postponed.retain(|other| *other != id);
        self.stop_tracking(id);
        self.forget_replica(id);
        self.clients.remove(id);
    }

    /// Whether a client of this id is connected: QUIT ends a connection too.
    pub fn is_open(&self, id: ClientId) -> bool {
        self.clients.get(id).is_some()
    }

    /// Whether a client waits for the answer to a command that blocks: what it sends meanwhile is to be kept for later.
    pub fn is_blocked(&self, id: ClientId) -> bool {
        self.clients.get(id).is_some_and(|client| client.blocked.is_some() || client.postponed.is_some())
    }

    /// Whether a client that says nothing for long is idle: it waits for no answer, listens to no channel and watches no commands.
    pub fn must_speak(&self, id: ClientId) -> bool {
        !self.is_blocked(id) && !self.is_subscriber(id) && !self.is_monitor(id)
    }

    /// The protocol that a client speaks: its replies are encoded in it.
    pub fn resp(&self, id: ClientId) -> Resp {
        self.clients.get(id).map_or(Resp::V2, |client| client.resp)
    }

    /// The database that a client has selected; `None` if it is not connected.
    pub fn selected_db(&self, id: ClientId) -> Option<u8> {
        self.clients.get(id).map(|client| client.db)
    }

    /// Whether a client is writing down a transaction: redis-cli shows `(TX)` then.
    pub fn in_transaction(&self, id: ClientId) -> bool {
        self.clients.get(id).is_some_and(|client| client.multi.is_some())
    }

    /// Bytes of memory in use, by the count that [`Limits`] describes.
    pub fn used_bytes(&self) -> u64 {
        self.databases.iter().map(|db| db.used_bytes()).sum()
    }

    /// Sets `maxmemory`; 0 for none.
    pub(super) fn set_max_memory(&mut self, bytes: u64) {
        self.limits.max_memory = bytes;
    }

    /// Sets `proto-max-bulk-len`.
    pub(super) fn set_max_bulk(&mut self, bytes: u64) {
        self.limits.max_bulk = bytes;
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The virtual moment, in Unix milliseconds, at which something happens by itself: a key expires or a client has waited long
    /// enough. Call [`Store::tick`] then.
    pub fn next_due(&self) -> Option<u64> {
        let databases = if self.active_expire && self.pause.is_none() { self.databases.iter() } else { [].iter() };
        let expiry = databases.filter_map(|db| db.first_expiry()).min().map(|last| last.saturating_add(1));
        let pause = self.pause.map(|pause| pause.until_ms);
        [expiry, self.waiting.next_deadline(), pause].into_iter().flatten().min()
    }

    /// Does what is due by `cx.now_ms`: keys expire, and clients that have waited long enough get their answer.
    pub fn tick(&mut self, cx: &mut Cx<'_>) {
        self.tick_some(usize::MAX, cx);
    }

    /// As [`Store::tick`], but of keys only so many expire: what is left is still due.
    pub fn tick_some(&mut self, most: usize, cx: &mut Cx<'_>) {
        let mut left = if self.active_expire && !self.is_at_rest(cx.now_ms) { most } else { 0 };
        let start = (self.host.micros)();
        for db in 0..DATABASES {
            while left > 0
                && let Some(key) = self.database(db).first_expired(cx.now_ms).cloned()
            {
                self.expire(db, &key, cx);
                left -= 1;
            }
        }
        self.count_spike("expire-cycle", (self.host.micros)() - start, cx.now_ms);
        self.propagate(false, cx);
        self.end_waits(cx);
        self.end_pause(cx);
        self.serve_ready(cx);
        self.broadcast(cx);
    }

    /// Takes out a key whose time has passed.
    pub(super) fn expire(&mut self, db: u8, key: &Bytes, cx: &mut Cx<'_>) {
        if self.is_at_rest(cx.now_ms) {
            return;
        }
        if let Some(entry) = self.database_mut(db).remove(key) {
            self.stats_mut().expired += 1;
            self.note_end_for_replicas(db, key);
            self.touched(db, key, "expired", cx);
            cx.tell(|| {
                let (key, old) = (key.clone(), Some(Glimpse::of(&entry.value)));
                Event::KeyChanged { db, key, how: "expired", old, new: None, expires_at_ms: None }
            });
        }
    }

    /// What has to be done whenever a key changed, whoever changed it: `how` is the name of Redis's keyspace notification.
    pub(super) fn touched(&mut self, db: u8, key: &Bytes, how: &'static str, cx: &mut Cx<'_>) {
        // Redis does not count what goes by itself as a change.
        self.dirty += u64::from(!matches!(how, "expired" | "evicted"));
        self.spoil_watches(db, key);
        self.invalidate(key, cx);
        // Nobody waits for entries to leave a stream.
        if !matches!(how, "xdel" | "xtrim") {
            self.waiting.note(db, key);
        }
        self.notify(db, key, how, cx);
    }

    /// Whether a key can be seen in a database at `now_ms`.
    pub fn has_key(&self, db: u8, key: &Bytes, now_ms: u64) -> bool {
        self.database(db).get(key).is_some_and(|entry| !entry.is_over(now_ms))
    }

    pub(super) fn database(&self, db: u8) -> &Database {
        &self.databases[usize::from(db)]
    }

    pub(super) fn database_mut(&mut self, db: u8) -> &mut Database {
        Rc::make_mut(&mut self.databases[usize::from(db)])
    }

    /// Swaps two databases, and returns what was in each before.
    pub(super) fn swap_databases(&mut self, first: u8, second: u8) -> [Rc<Database>; 2] {
        let before = [first, second].map(|db| self.databases[usize::from(db)].clone());
        self.databases.swap(usize::from(first), usize::from(second));
        before
    }

    /// Empties a database and returns what was in it.
    pub(super) fn flush(&mut self, db: u8) -> Rc<Database> {
        core::mem::take(&mut self.databases[usize::from(db)])
    }

    pub(super) fn clients(&self) -> impl Iterator<Item = (ClientId, &Client)> {
        self.clients.iter()
    }

    pub(super) fn clients_mut(&mut self) -> impl Iterator<Item = &mut Client> {
        self.clients.iter_mut()
    }

    pub(super) fn client(&self, id: ClientId) -> Option<&Client> {
        self.clients.get(id)
    }

    pub(super) fn client_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        self.clients.get_mut(id)
    }

    /// A database to be changed beside the parameters in force.
    pub(super) fn database_and_config(&mut self, db: u8) -> (&mut Database, &Config) {
        (Rc::make_mut(&mut self.databases[usize::from(db)]), &self.config)
    }

    /// Sees to it that all that is kept twice agrees, and that nothing expired can be seen.
    ///
    /// # Panics
    /// When it does not: that is a mistake of ours.
    pub fn check(&self) {
        for db in &self.databases {
            db.check();
        }
        for (id, client) in self.clients.iter() {
            assert!(client.db < DATABASES, "every client has selected a database that exists");
            self.check_watches(id, client);
            self.waiting.check(id, client.blocked.as_ref());
            self.check_topics(id, client);
            self.check_tracking(id);
        }
    }
}
