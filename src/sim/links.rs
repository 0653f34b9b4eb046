//! Programs that talk to the store: their connections, the pools they take them from, and what travels.
//!
//! A request or a reply takes the world's time to travel, as a frame of AMQP does; the store itself answers in no time. So the length of a
//! run is the number of round trips, as it nearly is on real networks. `world/trips.rs` moves all of this.

use alloc::{collections::VecDeque, vec::Vec};

use crate::{
    bytes::Bytes,
    event::{EventId, ProcessId},
    redis::Reply,
    sorted::SortedMap,
};

/// The most connections that a world's programs have to the store, over all time.
pub const MAX_LINKS: u32 = 10_000;
/// The most connections of a pool.
pub const MAX_POOL: u64 = 64;

/// A connection to the store, counted from 1 in the order they were opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u32);

/// A pool of connections, as redis-py has them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PoolSpec {
    /// Its name: programs that name the same pool of the same size share it, as threads of one process do.
    pub name: Bytes,
    /// `max_connections`.
    pub size: u32,
    /// `timeout` of a `BlockingConnectionPool`, in virtual ms; none of a `ConnectionPool`, which refuses at once.
    pub timeout_ms: Option<u64>,
}

/// What a program asks of its connection to the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StoreCall {
    /// A connection: one of its own, or one from a pool.
    Acquire(Option<PoolSpec>),
    /// These commands are sent in one go; it goes on when all replies are there.
    Send(Vec<Vec<Bytes>>),
    /// The connection goes back to its pool.
    Release,
}

/// Why a program that waited for the store goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StoreWake {
    /// It has a connection.
    Connected,
    /// The replies are there.
    Replies(Vec<Reply>),
    /// The pool has none for it.
    NoConnection {
        /// Whether it waited for one.
        waited: bool,
    },
}

/// What travels between a program and the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cargo {
    /// A connection is opened.
    Connect,
    /// It is open.
    Connected,
    /// Commands.
    Requests(Vec<Vec<Bytes>>),
    /// Their replies.
    Replies(Vec<Reply>),
    /// The connection is closed.
    Close,
}

/// Something on its way to or from the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parcel {
    /// The connection.
    pub link: LinkId,
    /// The program that sent it or that it is for.
    pub process: ProcessId,
    /// Its direction.
    pub to_store: bool,
    /// What it is.
    pub cargo: Cargo,
    /// The event of its leaving.
    pub cause: EventId,
}

/// What is due for the programs of the store.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StoreTask {
    /// Something arrives.
    Arrive(Parcel),
    /// A program has waited long enough for a connection.
    GiveUp(ProcessId),
}

/// A pool and what is in it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pool {
    /// Its name and size.
    pub name: Bytes,
    /// `max_connections`.
    pub size: u32,
    /// Connections that nobody uses; the last one is taken first.
    pub idle: Vec<LinkId>,
    /// How many there are, those in use and those being opened included.
    pub made: u32,
    /// Who waits, first come first.
    pub waiting: VecDeque<ProcessId>,
}

/// All connections of programs to the store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Links {
    /// Which program uses each open connection; none of those that rest in a pool.
    pub users: SortedMap<LinkId, Option<ProcessId>>,
    /// How many were ever opened.
    pub opened: u32,
    /// The pools, in the order in which they were first asked.
    pub pools: Vec<Pool>,
}

impl Links {
    /// Whether there has never been one.
    pub fn is_empty(&self) -> bool {
        self.opened == 0 && self.pools.is_empty()
    }

    /// The pool of this name and size.
    pub fn pool_mut(&mut self, name: &Bytes, size: u32) -> Option<&mut Pool> {
        self.pools.iter_mut().find(|pool| pool.name == *name && pool.size == size)
    }
}

/// What happened between a program and the store.
#[allow(missing_docs, reason = "the fields of an event are named by their types, and each variant tells the rest")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Trip {
    /// Something left. `label` is the first command, or what else it is; `commands` how many commands or replies it holds.
    Sent { process: ProcessId, link: LinkId, to_store: bool, commands: u32, bytes: u32, label: Bytes },
    /// It arrived.
    Arrived { process: ProcessId, link: LinkId, to_store: bool },
    /// It arrived where nobody was left to take it.
    Lost { link: LinkId, to_store: bool },
    /// A program waits for a connection of its pool.
    Waits { process: ProcessId, pool: Bytes },
    /// It was given one that had been opened before.
    Took { process: ProcessId, link: LinkId },
    /// It got none.
    WentWithout { process: ProcessId },
    /// It gave its connection back.
    GaveBack { process: ProcessId, link: LinkId },
}

impl Trip {
    /// The name of its kind, for scripts.
    pub fn kind(&self) -> &'static str {
        match self {
            Trip::Sent { .. } => "RedisSent",
            Trip::Arrived { .. } => "RedisArrived",
            Trip::Lost { .. } => "RedisLost",
            Trip::Waits { .. } => "PoolWaits",
            Trip::Took { .. } => "PoolTook",
            Trip::WentWithout { .. } => "PoolWentWithout",
            Trip::GaveBack { .. } => "PoolGaveBack",
        }
    }
}
