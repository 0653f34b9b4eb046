//! The store: sixteen databases, the clients connected to them, and the one way in.

use super::call::Call;
use super::command::{Command, Flag, find_command};
use super::error::{self, Error};
use super::event::{Event, Glimpse};
use super::keyspace::Database;
use super::reply::Reply;
use crate::bytes::Bytes;
use crate::prng::Prng;
use alloc::rc::Rc;
use alloc::vec::Vec;

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
    /// Where what happens is told, in order.
    pub events: &'w mut Vec<Event>,
}

/// Bounds on what the store may hold. Memory is counted the same way on every target: for each key 64 bytes, its name and its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Limits {
    /// `maxmemory`: commands that may grow the store are refused beyond it, as Redis does with `maxmemory-policy noeviction`; and so is,
    /// before it is built, a value that a single SETRANGE or SETBIT would stretch beyond it. 0 is no limit.
    pub max_memory: u64,
    /// `proto-max-bulk-len`: the longest string, in bytes.
    pub max_bulk: u64,
}

impl Default for Limits {
    /// Redis's own: no limit but 512 MiB a string.
    fn default() -> Self {
        Limits { max_memory: 0, max_bulk: 512 * 1024 * 1024 }
    }
}

impl Limits {
    /// What a page can afford: 16 MiB in all.
    pub fn page() -> Self {
        Limits { max_memory: 16 * 1024 * 1024, ..Limits::default() }
    }
}

/// What the store knows of a connected client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Client {
    /// The selected database.
    pub db: u8,
    /// The name given with CLIENT SETNAME; empty for none.
    pub name: Bytes,
}

/// A Redis-like store. A clone shares its databases until one of the two changes them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Store {
    databases: Vec<Rc<Database>>,
    /// By id.
    clients: Vec<(ClientId, Client)>,
    limits: Limits,
}

impl Store {
    /// An empty store.
    pub fn new(limits: Limits) -> Self {
        let databases = (0..DATABASES).map(|_| Rc::default()).collect();
        Store { databases, clients: Vec::new(), limits }
    }

    /// A client connects.
    ///
    /// # Panics
    /// When one with this id is connected.
    pub fn client_open(&mut self, id: ClientId) {
        let Err(place) = self.place_of(id) else { panic!("a client connects only once") };
        self.clients.insert(place, (id, Client::default()));
    }

    /// A client's connection ends. Nothing happens if it is not connected.
    pub fn client_close(&mut self, id: ClientId) {
        if let Ok(place) = self.place_of(id) {
            self.clients.remove(place);
        }
    }

    /// Whether a client of this id is connected: QUIT ends a connection too.
    pub fn is_open(&self, id: ClientId) -> bool {
        self.place_of(id).is_ok()
    }

    /// The database that a client has selected; `None` if it is not connected.
    pub fn selected_db(&self, id: ClientId) -> Option<u8> {
        self.place_of(id).ok().map(|place| self.clients[place].1.db)
    }

    /// Where a client stands, or would stand.
    fn place_of(&self, id: ClientId) -> Result<usize, usize> {
        self.clients.binary_search_by(|(other, _)| other.cmp(&id))
    }

    /// Runs one command, name first, and says in `cx.events` what happened.
    ///
    /// # Panics
    /// When the client is not connected or `args` is empty: a protocol reader never calls with nothing.
    pub fn call(&mut self, client: ClientId, args: &[Bytes], cx: &mut Cx<'_>) -> Reply {
        assert!(!args.is_empty(), "a command has a name");
        let db = self.selected_db(client).expect("only a connected client can call");
        let (reply, keys) = match resolve(args).and_then(|command| self.admit(command).map(|()| command)) {
            Ok(command) => {
                let keys = command.key_places(args.len()).into_iter().map(|(place, _)| args[place].clone()).collect();
                let mut call = Call { store: self, client, db, command, args, cx };
                ((command.run)(&mut call).unwrap_or_else(Reply::Error), keys)
            }
            Err(error) => (Reply::Error(error), Vec::new()),
        };
        cx.events.push(Event::Called { client, db, args: args.to_vec(), keys, reply: reply.kind() });
        reply
    }

    /// Refuses what may grow a full store.
    fn admit(&self, command: &Command) -> Result<(), Error> {
        let full = self.limits.max_memory > 0 && self.used_bytes() > self.limits.max_memory;
        if full && command.is(Flag::Denyoom) { Err(error::OUT_OF_MEMORY) } else { Ok(()) }
    }

    /// Bytes of memory in use, by the count that [`Limits`] describes.
    pub fn used_bytes(&self) -> u64 {
        self.databases.iter().map(|db| db.used_bytes()).sum()
    }

    /// The bounds in force.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The virtual moment, in Unix milliseconds, at which the next key will be gone: call [`Store::expire_due`] then.
    pub fn next_expiry(&self) -> Option<u64> {
        self.databases.iter().filter_map(|db| db.first_expiry()).min().map(|last| last.saturating_add(1))
    }

    /// Removes one key whose time has passed and says so; returns whether there was one. A world calls it until there is none, each
    /// time a step that can be watched.
    pub fn expire_one(&mut self, now_ms: u64, events: &mut Vec<Event>) -> bool {
        for db in 0..DATABASES {
            if let Some(key) = self.database(db).first_expired(now_ms).cloned() {
                self.expire(db, &key, events);
                return true;
            }
        }
        false
    }

    /// Removes every key whose time has passed.
    pub fn expire_due(&mut self, now_ms: u64, events: &mut Vec<Event>) {
        while self.expire_one(now_ms, events) {}
    }

    /// Takes out a key whose time has passed.
    pub(super) fn expire(&mut self, db: u8, key: &Bytes, events: &mut Vec<Event>) {
        if let Some(entry) = self.database_mut(db).remove(key) {
            let (key, old) = (key.clone(), Some(Glimpse::of(&entry.value)));
            events.push(Event::KeyChanged { db, key, how: "expired", old, new: None, expires_at_ms: None });
        }
    }

    pub(super) fn database(&self, db: u8) -> &Database {
        &self.databases[usize::from(db)]
    }

    pub(super) fn database_mut(&mut self, db: u8) -> &mut Database {
        Rc::make_mut(&mut self.databases[usize::from(db)])
    }

    pub(super) fn swap_databases(&mut self, first: u8, second: u8) {
        self.databases.swap(usize::from(first), usize::from(second));
    }

    /// Empties a database and returns how many keys it had.
    pub(super) fn flush(&mut self, db: u8) -> u64 {
        core::mem::take(&mut self.databases[usize::from(db)]).len()
    }

    pub(super) fn clients(&self) -> impl Iterator<Item = (ClientId, &Client)> {
        self.clients.iter().map(|(id, client)| (*id, client))
    }

    pub(super) fn client_mut(&mut self, id: ClientId) -> Option<&mut Client> {
        self.place_of(id).ok().map(|place| &mut self.clients[place].1)
    }

    /// Sees to it that all that is kept twice agrees, and that nothing expired can be seen.
    ///
    /// # Panics
    /// When it does not: that is a mistake of ours.
    pub fn check(&self) {
        for db in &self.databases {
            db.check();
        }
        assert!(
            self.clients.iter().all(|(_, client)| client.db < DATABASES),
            "every client has selected a database that exists"
        );
    }
}

/// The row for these arguments, if their number is right.
fn resolve(args: &[Bytes]) -> Result<&'static Command, Error> {
    // The table names subcommands `container|subcommand`; a client cannot.
    let found = if args[0].contains(&b'|') { None } else { find_command(&args[0]) };
    let mut command = found.ok_or_else(|| error::unknown_command(args))?;
    if let Some(subcommand) = args.get(1).filter(|_| command.container) {
        command = command.subcommand(subcommand).ok_or_else(|| error::unknown_subcommand(command.name, subcommand))?;
    }
    if command.accepts(args.len()) { Ok(command) } else { Err(error::arity(command.name)) }
}
