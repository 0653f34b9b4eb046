//! Replication: who asked for a copy of the store, and how every change is told to them, in the words of Redis's own stream.
//!
//! A command that changed something is passed on as it was sent, unless its function says what stands for it: a moment instead of a
//! time from now on, what was drawn instead of the drawing. Nothing of this happens while nobody has asked.

use super::call::Call;
use super::command::Command;
use super::error::{self, Error};
use super::group::Flag;
use super::number::parse_integer;
use super::replicas::{Replica, Waits};
use super::reply::Reply;
use super::store::{ClientId, Cx, Out, Sent, Store};
use crate::bytes::Bytes;
use alloc::{format, vec, vec::Vec};
use core::hash::{Hash, Hasher};

/// Commands in the words of the stream, each with its database.
type Changes = Vec<(u8, Vec<Bytes>)>;

/// Who copies the store, and whom it was told to copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replication {
    /// Those that are replicas, and those that have told what only replicas tell.
    pub(super) replicas: Vec<Replica>,
    /// The database that the stream has selected.
    selected: Option<u8>,
    /// What happened since the stream was last written.
    pending: Changes,
    /// What is told instead of the command that runs.
    instead: Option<Changes>,
    /// The host and port of REPLICAOF. It is never reached: this server copies nobody.
    master: Option<(Bytes, u16)>,
    /// Bytes of the stream so far.
    pub(super) offset: u64,
    /// Where the stream was when clients' last commands had run, and who waits for replicas to have read it.
    pub(super) waits: Waits,
}

// What nobody waits for is left out: it is hashed as it was before WAIT was there.
impl Hash for Replication {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.replicas.hash(state);
        self.selected.hash(state);
        self.pending.hash(state);
        self.instead.hash(state);
        self.master.hash(state);
        self.offset.hash(state);
        if self.waits != Waits::default() {
            self.waits.hash(state);
        }
    }
}

impl Replication {
    /// Whether anybody listens.
    pub fn is_on(&self) -> bool {
        self.replicas.iter().any(|replica| replica.is_online)
    }

    /// Whether this client copies the store.
    pub fn has(&self, client: ClientId) -> bool {
        self.replicas.iter().any(|replica| replica.client == client && replica.is_online)
    }

    /// How many replicas get the stream.
    fn online(&self) -> usize {
        self.replicas.iter().filter(|replica| replica.is_online).count()
    }

    /// Whether REPLICAOF was called.
    pub fn is_replica(&self) -> bool {
        self.master.is_some()
    }

    /// Begins to look at a command: what was to be told instead of another is forgotten.
    pub fn begin(&mut self) {
        self.instead = None;
    }

    /// How many commands replicas are about to be told.
    pub fn told(&self) -> usize {
        self.pending.len()
    }

    /// They are not told what came after so many.
    pub fn forget(&mut self, after: usize) {
        self.pending.truncate(after);
    }
}

impl Call<'_, '_> {
    /// What replicas are told instead of the command itself; called more than once, all of it. With nothing, they are not told.
    pub(super) fn replicates(&mut self, commands: &[&[&[u8]]]) {
        if self.store.replication.is_on() {
            let db = self.db;
            let told = commands.iter().map(|words| (db, words.iter().map(|word| Bytes::from(*word)).collect()));
            self.store.replication.instead.get_or_insert_default().extend(told);
        }
    }

    /// As [`Call::replicates`], the command as it was sent but for one argument.
    pub(super) fn replicates_with(&mut self, changed: &[(usize, &[u8])]) {
        if self.store.replication.is_on() {
            let mut args = self.args.to_vec();
            for (place, word) in changed {
                args[*place] = Bytes::from(*word);
            }
            let db = self.db;
            self.store.replication.instead.get_or_insert_default().push((db, args));
        }
    }

    /// The command is told even if it changed nothing.
    pub(super) fn replicates_anyway(&mut self) {
        self.replicates_with(&[]);
    }
}

impl Store {
    /// Notes what replicas are to be told of a command that has run.
    pub(super) fn note_for_replicas(&mut self, db: u8, command: &Command, args: &[Bytes], changed: bool) {
        let writes = command.is(Flag::Write) || command.name == "pfcount";
        let told = match self.replication.instead.take() {
            Some(told) => told,
            None if changed && writes => vec![(db, args.to_vec())],
            None => return,
        };
        self.replication.pending.extend(told);
    }

    /// Notes that a key went by itself.
    pub(super) fn note_end_for_replicas(&mut self, db: u8, key: &Bytes) {
        if self.replication.is_on() {
            self.replication.pending.push((db, vec![Bytes::from("DEL"), key.clone()]));
        }
    }

    /// Writes what happened into the stream; `as_one`: inside MULTI and EXEC if it is more than one thing.
    pub(super) fn propagate(&mut self, as_one: bool, cx: &mut Cx<'_>) {
        if self.replication.pending.is_empty() {
            return;
        }
        let pending = core::mem::take(&mut self.replication.pending);
        if self.replication.is_replica() {
            return;
        }
        let as_one = as_one && pending.len() > 1;
        let (first, last) = (pending[0].0, pending[pending.len() - 1].0);
        if as_one {
            self.feed(first, vec![Bytes::from("MULTI")], cx);
        }
        for (db, args) in pending {
            self.feed(db, args, cx);
        }
        if as_one {
            self.feed(last, vec![Bytes::from("EXEC")], cx);
        }
    }

    fn feed(&mut self, db: u8, args: Vec<Bytes>, cx: &mut Cx<'_>) {
        if self.replication.selected != Some(db) {
            self.replication.selected = Some(db);
            self.write_stream(vec![Bytes::from("SELECT"), Bytes::from(format!("{db}"))], cx);
        }
        self.write_stream(args, cx);
    }

    pub(super) fn write_stream(&mut self, args: Vec<Bytes>, cx: &mut Cx<'_>) {
        let digits = |number: usize| format!("{number}").len();
        let bytes: usize = args.iter().map(|arg| arg.len() + digits(arg.len()) + 5).sum();
        self.replication.offset += (bytes + digits(args.len()) + 3) as u64;
        let told = Reply::Array(args.into_iter().map(Reply::Bulk).collect());
        for replica in self.replication.replicas.iter().filter(|replica| replica.is_online) {
            cx.send(replica.client, told.clone());
        }
    }

    /// Says PING in the stream, so that replicas see that the server is there.
    pub fn ping_replicas(&mut self, cx: &mut Cx<'_>) {
        if self.replication.is_on() {
            self.write_stream(vec![Bytes::from("PING")], cx);
        }
    }

    /// Whether replicas, or the want of them, forbid a command: `writes` and `needs_data` also speak for what EXEC would run.
    pub(super) fn replication_allows(&self, writes: bool, is_stale_safe: bool) -> Result<(), Error> {
        if writes && self.config.min_replicas_to_write > self.replication.online() as u64 {
            return Err(error::NOT_ENOUGH_REPLICAS);
        }
        if !self.replication.is_replica() {
            return Ok(());
        }
        if writes && self.config.is_on("replica-read-only") {
            return Err(error::READ_ONLY_REPLICA);
        }
        if !is_stale_safe && !self.config.is_on("replica-serve-stale-data") {
            return Err(error::MASTER_DOWN);
        }
        Ok(())
    }

    /// Whether this is a replica that is without its master and does not serve what it has.
    pub(super) fn is_stale(&self) -> bool {
        self.replication.is_replica() && !self.config.is_on("replica-serve-stale-data")
    }

    /// The section of INFO.
    pub(super) fn replication_section(&self, now_ms: u64) -> alloc::string::String {
        let replication = &self.replication;
        let mut text = match &replication.master {
            None => "role:master\r\n".into(),
            Some((host, port)) => format!(
                "role:slave\r\nmaster_host:{}\r\nmaster_port:{port}\r\nmaster_link_status:down\r\nmaster_last_io_seconds_ago:-1\r\n\
                 master_sync_in_progress:0\r\nslave_read_repl_offset:0\r\nslave_repl_offset:0\r\nmaster_link_down_since_seconds:-1\r\n\
                 slave_priority:100\r\nslave_read_only:1\r\nreplica_announced:1\r\n",
                host.text()
            ),
        };
        text += &format!("connected_slaves:{}\r\n", replication.online());
        for (place, replica) in replication.replicas.iter().filter(|replica| replica.is_online).enumerate() {
            let (host, port, acked) = (self.host_of(replica), replica.port, replica.acked);
            let lag = (now_ms / 1000).saturating_sub(replica.heard_ms / 1000);
            text += &format!("slave{place}:ip={host},port={port},state=online,offset={acked},lag={lag}\r\n");
        }
        let zeros = "0".repeat(40);
        text += &format!(
            "master_failover_state:no-failover\r\nmaster_replid:{zeros}\r\nmaster_replid2:{zeros}\r\nmaster_repl_offset:{}\r\n\
             second_repl_offset:-1\r\nrepl_backlog_active:0\r\nrepl_backlog_size:1048576\r\nrepl_backlog_first_byte_offset:0\r\n\
             repl_backlog_histlen:0\r\n",
            replication.offset
        );
        text
    }
}

/// REPLICAOF and SLAVEOF.
pub fn replicaof(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if call.is_word(1, "no") && call.is_word(2, "one") {
        call.store.replication.master = None;
        return Ok(Reply::OK);
    }
    let port = parse_integer(call.arg(2)).and_then(|port| u16::try_from(port).ok()).ok_or(error::MASTER_PORT)?;
    if call.store.replication.has(call.client) {
        return Err(error::REPLICA_OF_REPLICA);
    }
    let master = (call.arg(1).clone(), port);
    if call.store.replication.master.as_ref() == Some(&master) {
        return Ok(Reply::status("OK Already connected to specified master"));
    }
    let replication = &mut call.store.replication;
    replication.master = Some(master);
    for Replica { client, .. } in core::mem::take(&mut replication.replicas).into_iter().filter(|it| it.is_online) {
        call.store.client_close(client);
        call.cx.out.push(Out { client, sent: Sent::Close });
    }
    Ok(Reply::OK)
}

/// SYNC: the client gets a copy of everything, and is told of every change from then on.
pub fn sync(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    begin_stream(call, "")
}

/// PSYNC: the same, with a line before it. Nothing is kept of the stream, so that the copy is always whole.
pub fn psync(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.integer(2)?;
    let line = format!("+FULLRESYNC {} {}\r\n", "0".repeat(40), call.store.replication.offset);
    begin_stream(call, &line)
}

fn begin_stream(call: &mut Call<'_, '_>, line: &str) -> Result<Reply, Error> {
    if call.store.replication.has(call.client) {
        return Ok(Reply::None);
    }
    if call.store.replication.is_replica() {
        return Err(error::NO_MASTER_LINK);
    }
    let (client, now_ms) = (call.client, call.cx.now_ms);
    let replica = call.store.replication.replica(client).clone();
    let is_filtered = replica.without_data || replica.without_functions;
    if is_filtered && !replica.knows_marks {
        return Err(error::FILTERED_REPLICA);
    }
    let copy = super::dump::file::write(call.store, now_ms, !replica.without_data, !replica.without_functions);
    let sent = if is_filtered || (replica.knows_marks && call.store.config.is_on("repl-diskless-sync")) {
        // What cannot be in the copy by chance stands before and behind it.
        let mark: alloc::string::String = (0..5).map(|_| format!("{:08x}", call.cx.prng.below(1 << 32))).collect();
        [format!("{line}$EOF:{mark}\r\n").as_bytes(), &copy, mark.as_bytes()].concat()
    } else {
        [format!("{line}${}\r\n", copy.len()).as_bytes(), &copy].concat()
    };
    call.cx.out.push(Out { client, sent: Sent::Bytes(Bytes::from(sent)) });
    if replica.only_copy {
        return Ok(Reply::None);
    }
    let replication = &mut call.store.replication;
    let replica = replication.replica(client);
    (replica.is_online, replica.heard_ms) = (true, now_ms);
    // The new one has selected nothing yet.
    replication.selected = None;
    Ok(Reply::None)
}

/// ROLE.
pub fn role(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let replication = &call.store.replication;
    if let Some((host, port)) = &replication.master {
        return Ok(Reply::Array(vec![
            Reply::text("slave"),
            Reply::Bulk(host.clone()),
            Reply::Integer(i64::from(*port)),
            Reply::text("connect"),
            Reply::Integer(-1),
        ]));
    }
    let row = |replica: &Replica| {
        let (port, acked) = (format!("{}", replica.port), format!("{}", replica.acked));
        Reply::Array(vec![Reply::text(&call.store.host_of(replica)), Reply::text(&port), Reply::text(&acked)])
    };
    let replicas = replication.replicas.iter().filter(|replica| replica.is_online).map(row).collect();
    Ok(Reply::Array(vec![Reply::text("master"), Reply::Integer(replication.offset as i64), Reply::Array(replicas)]))
}
