//! CLIENT LIST and CLIENT INFO: a line for each client, and the classes of clients.

use super::call::Call;
use super::error::{self, Error};
use super::number::parse_integer;
use super::reply::{Reply, Resp};
use super::store::{Buffers, Client, ClientId, Store};
use super::table::commands;
use crate::bytes::Bytes;
use alloc::{format, string::String, vec::Vec};

/// A class of clients.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Normal,
    Replica,
    Pubsub,
    /// The server that this one copies: nobody here ever is.
    Master,
}

pub(super) fn client_class(name: &[u8]) -> Result<Class, Error> {
    match name.to_ascii_lowercase().as_slice() {
        b"normal" => Ok(Class::Normal),
        b"pubsub" => Ok(Class::Pubsub),
        b"slave" | b"replica" => Ok(Class::Replica),
        b"master" => Ok(Class::Master),
        _ => Err(error::client_type(name)),
    }
}

impl Store {
    pub(super) fn class_of(&self, id: ClientId, client: &Client) -> Class {
        // Whoever monitors counts as a replica.
        if self.replication.has(id) || self.is_monitor(id) {
            Class::Replica
        } else if is_pubsub(client) {
            Class::Pubsub
        } else {
            Class::Normal
        }
    }

    /// Which of the three `client-output-buffer-limit` hold for a client: those of normal clients, of replicas or of subscribers.
    pub fn buffer_class(&self, id: ClientId) -> usize {
        match self.client(id).map_or(Class::Normal, |client| self.class_of(id, client)) {
            Class::Normal | Class::Master => 0,
            // A monitor is held to what normal clients are.
            Class::Replica if self.is_monitor(id) => 0,
            Class::Replica => 1,
            Class::Pubsub => 2,
        }
    }
}

pub(super) fn is_pubsub(client: &Client) -> bool {
    client.subscriptions.count() > 0
}

pub(super) fn client_list(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let all = |call: &Call<'_, '_>| call.store.clients().map(|(id, _)| id).collect::<Vec<_>>();
    let ids = if call.args.len() == 2 {
        all(call)
    } else if call.args.len() == 4 && call.is_word(2, "type") {
        let wanted = client_class(call.arg(3))?;
        let fits = |(id, client): &(ClientId, &Client)| wanted == call.store.class_of(*id, client);
        call.store.clients().filter(fits).map(|(id, _)| id).collect()
    } else if call.args.len() > 3 && call.is_word(2, "id") {
        let mut ids = Vec::new();
        for arg in &call.args[3..] {
            let id = parse_integer(arg).filter(|id| *id >= 0).ok_or(error::CLIENT_ID)?;
            let id = ClientId(u32::try_from(id).unwrap_or(u32::MAX));
            ids.extend(call.store.is_open(id).then_some(id));
        }
        ids
    } else {
        return Err(error::SYNTAX);
    };
    let text: String = ids.into_iter().map(|id| describe_from(call, id)).collect();
    Ok(Reply::Verbatim("txt", Bytes::from(text)))
}

/// The size of a new buffer for answers, and of each piece of the list behind it.
const REPLY_PIECE: u64 = 16_384;

/// A client's line in the answer to this call.
pub(super) fn describe_from(call: &Call<'_, '_>, id: ClientId) -> String {
    describe(call.store, id, (id == call.client).then_some(call.args), call.cx.now_ms)
}

/// A client's line in CLIENT LIST; `calling` is what it calls at this moment.
pub(super) fn describe(store: &Store, id: ClientId, calling: Option<&[Bytes]>, now_ms: u64) -> String {
    let Some(client) = store.client(id) else { return String::new() };
    let age = |since_ms: u64| if since_ms == 0 { 0 } else { now_ms.saturating_sub(since_ms) / 1000 };
    // What this command took in the buffer, as RESP.
    let digits = |number: usize| format!("{number}").len();
    let sent = |args: &[Bytes]| {
        args.iter().map(|arg| arg.len() + digits(arg.len()) + 5).sum::<usize>() + digits(args.len()) + 3
    };
    let (query, free) = match calling.map(sent) {
        Some(query) => (query, 20_474_usize.saturating_sub(query)),
        None => (client.buffers.query as usize, client.buffers.query_free as usize),
    };
    let argv: usize = calling.map_or(0, |args| args.iter().map(|arg| arg.len()).sum());
    // What does not fit into the buffer waits in a list behind it.
    let Buffers { reply, unsent, .. } = client.buffers;
    let (near, far) = (unsent.min(reply), unsent.saturating_sub(reply));
    let (pieces, reply) = (far.div_ceil(REPLY_PIECE), if reply == 0 { REPLY_PIECE } else { reply });
    let command = client.last.checked_sub(1).map_or("NULL", |row| commands()[usize::from(row)].name);
    let queued = client.multi.as_ref().map_or(-1, |multi| multi.len() as i64);
    let (sub, psub, ssub) = client.subscriptions.counts();
    let resp = if client.resp == Resp::V3 { 3 } else { 2 };
    let text = |bytes: &Bytes| bytes.text().into_owned();
    format!(
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub={sub} psub={psub} ssub={ssub} multi={queued} \
         qbuf={query} qbuf-free={free} argv-mem={argv} multi-mem=0 rbs={reply} rbp={near} obl={near} oll={pieces} omem={far} tot-mem={} events=r cmd={command} \
         user={} redir={} resp={resp}\n",
        id.0,
        text(&client.link.address),
        text(&client.link.local),
        client.link.descriptor,
        text(&client.name),
        age(client.created_ms),
        if calling.is_some() { 0 } else { age(client.seen_ms) },
        flags(store, id, client),
        client.db,
        1800 + (query + free) as u64 + reply + far,
        text(&client.user()),
        client.tracking.target(),
    )
}

/// The letters of `flags` in CLIENT LIST.
fn flags(store: &Store, id: ClientId, client: &Client) -> String {
    let letters = [
        (store.replication.has(id), 'S'),
        (store.is_monitor(id), 'O'),
        (is_pubsub(client), 'P'),
        (client.multi.is_some(), 'x'),
        (client.blocked.is_some() || client.postponed.is_some(), 'b'),
        (client.tracking.letters()[0], 't'),
        (client.tracking.letters()[1], 'R'),
        (client.tracking.letters()[2], 'B'),
        (client.watches.is_spoiled(), 'd'),
        (client.link.is_unix(), 'U'),
        (client.no_evict, 'e'),
    ];
    let text: String = letters.iter().filter(|(is, _)| *is).map(|(_, letter)| *letter).collect();
    if text.is_empty() { "N".into() } else { text }
}
