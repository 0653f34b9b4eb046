//! Replicas one by one: what each tells of itself (REPLCONF), how far it has read, and WAIT, which waits for that.

use super::call::Call;
use super::error::{self, Error};
use super::number::parse_integer;
use super::replication::Replication;
use super::reply::Reply;
use super::store::{ClientId, Cx, Store};
use crate::bytes::Bytes;
use crate::sorted::SortedMap;
use alloc::{string::String, vec, vec::Vec};

/// The longest address that a replica may give, in bytes (`NET_HOST_STR_LEN` of Redis).
const ADDRESS_MAX: usize = 255;

/// A client that copies the store, or has told what only replicas tell.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Replica {
    /// Who it is.
    pub client: ClientId,
    /// It has its copy and is told of changes.
    pub is_online: bool,
    /// The port that it listens on, as it says.
    pub port: i64,
    /// Its address, where it gave one.
    pub address: Option<Bytes>,
    /// It wants the copy and nothing else.
    pub only_copy: bool,
    /// It knows a copy whose length is not told, but whose end is marked (`capa eof`).
    pub knows_marks: bool,
    /// It wants no keys in it.
    pub without_data: bool,
    /// It wants no libraries of functions in it.
    pub without_functions: bool,
    /// How many bytes of the stream it has read, as it says.
    pub acked: u64,
    /// When it said so, in Unix milliseconds.
    pub heard_ms: u64,
}

/// A client that waits for replicas.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Wait {
    client: ClientId,
    /// How far they have to read.
    offset: u64,
    /// How many of them.
    wanted: i64,
}

/// What WAIT goes by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Waits {
    /// Where the stream was when a client's last command had run; a client that is not here has written nothing that replicas hear of.
    written: SortedMap<ClientId, u64>,
    /// Who waits, the latest first.
    waiting: Vec<Wait>,
    /// Replicas are to be asked how far they have read.
    asks: bool,
}

impl Replica {
    fn new(client: ClientId) -> Self {
        let (is_online, only_copy, knows_marks, without_data, without_functions) = (false, false, false, false, false);
        let (port, address, acked, heard_ms) = (0, None, 0, 0);
        Replica {
            client,
            is_online,
            port,
            address,
            only_copy,
            knows_marks,
            without_data,
            without_functions,
            acked,
            heard_ms,
        }
    }
}

impl Replication {
    /// What is known of a client as a replica.
    pub(super) fn replica(&mut self, client: ClientId) -> &mut Replica {
        let place = self.replicas.iter().position(|replica| replica.client == client).unwrap_or_else(|| {
            self.replicas.push(Replica::new(client));
            self.replicas.len() - 1
        });
        &mut self.replicas[place]
    }

    /// How many replicas have read so far (`replicationCountAcksByOffset`).
    fn readers(&self, offset: u64) -> i64 {
        self.replicas.iter().filter(|replica| replica.is_online && replica.acked >= offset).count() as i64
    }

    /// Whether a client waits for replicas: what it is answered if its wait ends now.
    pub(super) fn end_wait(&mut self, client: ClientId) -> Option<Reply> {
        let place = self.waits.waiting.iter().position(|wait| wait.client == client)?;
        let wait = self.waits.waiting.remove(place);
        Some(Reply::Integer(self.readers(wait.offset)))
    }
}

impl Store {
    /// A client is gone.
    pub(super) fn forget_replica(&mut self, client: ClientId) {
        let replication = &mut self.replication;
        replication.replicas.retain(|other| other.client != client);
        replication.waits.written.remove(&client);
    }

    /// Where a replica is, as INFO and ROLE say it.
    pub(super) fn host_of(&self, replica: &Replica) -> String {
        if let Some(address) = &replica.address {
            return address.text().into_owned();
        }
        let address = self.client(replica.client).map(|client| client.link.address.clone()).unwrap_or_default();
        let address = address.text().into_owned();
        address.rsplit_once(':').map_or(address.clone(), |(host, _)| host.into())
    }

    /// A client's command has run: what it wrote is in the stream now.
    pub(super) fn note_written(&mut self, client: ClientId, cx: &mut Cx<'_>) {
        if !self.replication.is_on() {
            return;
        }
        let offset = self.replication.offset;
        self.replication.waits.written.insert(client, offset);
        if core::mem::take(&mut self.replication.waits.asks) {
            self.write_stream(vec![Bytes::from("REPLCONF"), Bytes::from("GETACK"), Bytes::from("*")], cx);
        }
    }

    /// Answers those for whom enough replicas have read far enough.
    fn serve_waits(&mut self, cx: &mut Cx<'_>) {
        let is_served = |wait: &&Wait| self.replication.readers(wait.offset) >= wait.wanted;
        let served: Vec<ClientId> =
            self.replication.waits.waiting.iter().filter(is_served).map(|wait| wait.client).collect();
        for client in served {
            if let Some(blocked) = self.unblock(client) {
                self.count_wait(client, &blocked.args, &blocked.on_timeout, cx.now_ms);
                cx.send(client, blocked.on_timeout);
            }
        }
    }
}

/// REPLCONF: what a replica tells of itself. What it acknowledges is not answered.
pub fn replconf(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if call.args.len().is_multiple_of(2) {
        return Err(error::SYNTAX);
    }
    for place in (1..call.args.len()).step_by(2) {
        let value = call.arg(place + 1).clone();
        let name = call.arg(place).to_ascii_lowercase();
        match &name[..] {
            b"ack" => {
                acknowledge(call, &value);
                return Ok(Reply::None);
            }
            // This server is nobody's replica, or has lost its master: it has nothing to acknowledge.
            b"getack" => return Ok(Reply::None),
            b"capa" if value.eq_ignore_ascii_case(b"eof") => own(call).knows_marks = true,
            b"capa" => {}
            b"listening-port" => {
                let port = call.integer(place + 1)?;
                own(call).port = port;
            }
            b"ip-address" if value.len() >= ADDRESS_MAX => return Err(error::replica_address(value.len())),
            b"ip-address" => own(call).address = Some(value).filter(|address| !address.is_empty()),
            b"rdb-only" => {
                let only = call.integer(place + 1)?;
                if !(0..=1).contains(&only) {
                    return Err(error::NEITHER_0_NOR_1);
                }
                own(call).only_copy = only == 1;
            }
            b"rdb-filter-only" => {
                let words = super::console::split_args(&value).ok_or(error::NO_FILTERS)?;
                let replica = own(call);
                (replica.without_data, replica.without_functions) = (true, true);
                for word in words {
                    if !word.eq_ignore_ascii_case(b"functions") {
                        return Err(error::unknown_filter(&word));
                    }
                    replica.without_functions = false;
                }
            }
            _ => return Err(error::unknown_replconf(call.arg(place))),
        }
    }
    Ok(Reply::OK)
}

fn own<'c>(call: &'c mut Call<'_, '_>) -> &'c mut Replica {
    call.store.replication.replica(call.client)
}

fn acknowledge(call: &mut Call<'_, '_>, offset: &[u8]) {
    let now_ms = call.cx.now_ms;
    let (true, Some(offset)) = (call.store.replication.has(call.client), parse_integer(offset)) else { return };
    let replica = own(call);
    replica.acked = replica.acked.max(u64::try_from(offset).unwrap_or(0));
    replica.heard_ms = now_ms;
    call.store.serve_waits(call.cx);
}

/// WAIT: until so many replicas have read all that this client has written.
pub fn wait(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if call.store.replication.is_replica() {
        return Err(error::WAIT_REPLICA);
    }
    let wanted = call.integer(1)?;
    let timeout_ms = parse_integer(call.arg(2)).ok_or(error::TIMEOUT_INTEGER)?;
    let timeout_ms = u64::try_from(timeout_ms).map_err(|_| error::TIMEOUT_NEGATIVE)?;
    let replication = &mut call.store.replication;
    let offset = replication.waits.written.get(&call.client).copied().unwrap_or(0);
    let readers = replication.readers(offset);
    if readers >= wanted {
        return Ok(Reply::Integer(readers));
    }
    let deadline_ms = (timeout_ms > 0).then(|| call.cx.now_ms.saturating_add(timeout_ms));
    let reply = call.block(Vec::new(), deadline_ms, Reply::Integer(readers));
    if reply == Reply::None {
        let waits = &mut call.store.replication.waits;
        waits.waiting.insert(0, Wait { client: call.client, offset, wanted });
        waits.asks = true;
    }
    Ok(reply)
}
