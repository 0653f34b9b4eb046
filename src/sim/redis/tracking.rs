//! Client side caching: CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO, and the messages that tell clients which keys they hold
//! are no longer what they were.

use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::{Flag, Group};
use super::reply::{Reply, Resp};
use super::store::{ClientId, Cx, Store};
use crate::bytes::Bytes;
use crate::sorted::{SortedMap, SortedSet};
use alloc::{vec, vec::Vec};
use core::hash::{Hash, Hasher};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Connection, name, arity, run).flags("noscript loading stale")
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("client|tracking", -3, client_tracking)
        .takes(
            "6.0.0",
            "{status:ON|OFF} [REDIRECT client-id] [PREFIX prefix [PREFIX prefix ...]] [BCAST] [OPTIN] [OPTOUT] [NOLOOP]",
        )
        .says("Asks to be told when keys change that were read", "开启或关闭客户端缓存的失效通知"),
    row("client|caching", 3, client_caching)
        .takes("6.0.0", "{mode:YES|NO}")
        .says("Says whether the keys of the next command are tracked", "指定是否跟踪下一条命令的键"),
    row("client|getredir", 2, client_getredir)
        .takes("6.0.0", "")
        .says("Tells who gets the messages about changed keys", "返回失效通知转发到的连接编号"),
    row("client|trackinginfo", 2, client_trackinginfo)
        .takes("6.2.0", "")
        .says("Tells how this connection tracks keys", "返回本连接的跟踪设置"),
];

/// How a client tracks keys; nothing is set for one that does not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tracking {
    on: bool,
    bcast: bool,
    optin: bool,
    optout: bool,
    noloop: bool,
    /// CLIENT CACHING was given for the next command.
    caching: bool,
    broken: bool,
    /// The number of the client that gets the messages instead; 0 for none.
    redirect: i64,
    prefixes: SortedSet<Bytes>,
}

impl Tracking {
    /// The number of the client that gets the messages, as CLIENT GETREDIR tells it: -1 while there are none.
    pub(super) fn target(&self) -> i64 {
        if self.on { self.redirect } else { -1 }
    }

    /// Whether CLIENT LIST shows `t`, `R` and `B`.
    pub(super) fn letters(&self) -> [bool; 3] {
        [self.on, self.on && self.broken, self.on && self.bcast]
    }
}

/// Who is to be told of which keys, over all clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Trackers {
    keys: SortedMap<Bytes, SortedSet<ClientId>>,
    prefixes: SortedMap<Bytes, Broadcast>,
    /// Messages for the client that calls, which get it after its answer; no key for all of them.
    pending: Vec<(ClientId, Option<Bytes>)>,
    /// Whose command runs.
    pub(super) current: Option<ClientId>,
    declared: Declared,
}

/// The keys that the script which runs was given. There are none between two commands, so they are no part of the state.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Declared(Vec<Bytes>);

impl Hash for Declared {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

/// A prefix that clients want to hear of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Broadcast {
    clients: SortedSet<ClientId>,
    /// The keys that changed since the last message, and who changed each last.
    keys: SortedMap<Bytes, Option<ClientId>>,
}

const CHANNEL: &str = "__redis__:invalidate";

fn client_tracking(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let mut wanted = Tracking { on: true, ..Tracking::default() };
    let (mut prefixes, mut place) = (Vec::new(), 3);
    while place < call.args.len() {
        let more = place + 1 < call.args.len();
        if call.is_word(place, "redirect") && more {
            place += 1;
            if wanted.redirect != 0 {
                return Err(error::REDIRECT_TWICE);
            }
            wanted.redirect = call.integer(place)?;
            let known = u32::try_from(wanted.redirect).is_ok_and(|id| call.store.is_open(ClientId(id)));
            if !known {
                return Err(error::REDIRECT_NOBODY);
            }
        } else if call.is_word(place, "bcast") {
            wanted.bcast = true;
        } else if call.is_word(place, "optin") {
            wanted.optin = true;
        } else if call.is_word(place, "optout") {
            wanted.optout = true;
        } else if call.is_word(place, "noloop") {
            wanted.noloop = true;
        } else if call.is_word(place, "prefix") && more {
            place += 1;
            prefixes.push(call.arg(place).clone());
        } else {
            return Err(error::SYNTAX);
        }
        place += 1;
    }
    if call.is_word(2, "off") {
        call.store.stop_tracking(call.client);
        return Ok(Reply::OK);
    }
    if !call.is_word(2, "on") {
        return Err(error::SYNTAX);
    }
    let now = call.state().tracking.clone();
    fits(&now, &wanted, &prefixes)?;
    if wanted.bcast && prefixes.is_empty() {
        prefixes.push(Bytes::default());
    }
    wanted.caching = now.caching;
    wanted.prefixes = now.prefixes;
    for prefix in prefixes {
        let broadcast = call.store.trackers.prefixes.get_or_insert_with(prefix.clone(), Broadcast::default);
        broadcast.clients.insert(call.client);
        wanted.prefixes.insert(prefix);
    }
    call.state().tracking = wanted;
    Ok(Reply::OK)
}

/// Refuses options that do not go together, or not with those in force.
fn fits(now: &Tracking, wanted: &Tracking, prefixes: &[Bytes]) -> Result<(), Error> {
    if !wanted.bcast && !prefixes.is_empty() {
        return Err(error::PREFIX_WITHOUT_BCAST);
    }
    if now.on && now.bcast != wanted.bcast {
        return Err(error::BCAST_SWITCH);
    }
    if wanted.bcast && (wanted.optin || wanted.optout) {
        return Err(error::BCAST_OPT);
    }
    if wanted.optin && wanted.optout {
        return Err(error::OPTIN_AND_OPTOUT);
    }
    if (wanted.optin && now.optout) || (wanted.optout && now.optin) {
        return Err(error::OPT_SWITCH);
    }
    let overlap = |one: &Bytes, other: &Bytes| one.starts_with(other) || other.starts_with(one);
    for (place, prefix) in prefixes.iter().enumerate() {
        if let Some(other) = now.prefixes.iter().find(|other| overlap(prefix, other)) {
            return Err(error::prefixes_overlap(prefix, b"an existing", other));
        }
        if let Some(other) = prefixes[place + 1..].iter().find(|other| overlap(prefix, other)) {
            return Err(error::prefixes_overlap(prefix, b"another provided", other));
        }
    }
    Ok(())
}

fn client_caching(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (yes, no) = (call.is_word(2, "yes"), call.is_word(2, "no"));
    let own = &mut call.state().tracking;
    if !own.on {
        return Err(error::CACHING_OFF);
    }
    match (yes, no) {
        (true, _) if !own.optin => return Err(error::CACHING_YES),
        (_, true) if !own.optout => return Err(error::CACHING_NO),
        (false, false) => return Err(error::SYNTAX),
        _ => own.caching = true,
    }
    Ok(Reply::OK)
}

fn client_getredir(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let own = &call.state().tracking;
    Ok(Reply::Integer(own.target()))
}

fn client_trackinginfo(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let own = &call.state().tracking;
    let flags = [
        (true, if own.on { "on" } else { "off" }),
        (own.bcast, "bcast"),
        (own.optin, "optin"),
        (own.optin && own.caching, "caching-yes"),
        (own.optout, "optout"),
        (own.optout && own.caching, "caching-no"),
        (own.noloop, "noloop"),
        (own.broken, "broken_redirect"),
    ];
    let flags = flags.iter().filter(|(set, _)| *set).map(|(_, name)| Reply::text(name)).collect();
    let redirect = own.target();
    let prefixes = own.prefixes.iter().cloned().map(Reply::Bulk).collect();
    Ok(Reply::Map(vec![
        (Reply::text("flags"), Reply::Set(flags)),
        (Reply::text("redirect"), Reply::Integer(redirect)),
        (Reply::text("prefixes"), Reply::Array(prefixes)),
    ]))
}

impl Store {
    /// A client tracks nothing any more.
    pub(super) fn stop_tracking(&mut self, id: ClientId) {
        let Some(client) = self.client_mut(id) else { return };
        let own = core::mem::take(&mut client.tracking);
        for prefix in own.prefixes.iter() {
            let Some(broadcast) = self.trackers.prefixes.get_mut(prefix) else { continue };
            broadcast.clients.remove(&id);
            if broadcast.clients.is_empty() {
                self.trackers.prefixes.remove(prefix);
            }
        }
        if own.on && !own.bcast {
            for clients in self.trackers.keys.values_mut() {
                clients.remove(&id);
            }
            self.trackers.keys.retain(|_, clients| !clients.is_empty());
        }
    }

    /// Before a command: if it is a script, its keys are noted for the case that it reads anything.
    pub(super) fn declare_keys(&mut self, id: ClientId, command: &Command, args: &[Bytes]) {
        if command.group == Group::Scripting && self.client(id).is_some_and(|client| client.tracking.on) {
            let places = command.key_places(args).unwrap_or_default();
            self.trackers.declared.0 = places.into_iter().map(|(place, _)| args[place].clone()).collect();
        }
    }

    /// After a command: the keys that it read are remembered for a client that tracks them. What a script reads makes all of its own keys
    /// remembered, and nothing else.
    pub(super) fn remember_keys(&mut self, id: ClientId, command: &Command, args: &[Bytes]) {
        let Some(client) = self.client(id).filter(|client| client.tracking.on) else { return };
        let own = &client.tracking;
        let skipped = (own.optin && !own.caching) || (own.optout && own.caching);
        if own.bcast || skipped || !command.is(Flag::Readonly) || command.group == Group::Scripting {
            return;
        }
        let keys = if self.scripting.runs {
            self.trackers.declared.0.clone()
        } else {
            let places = command.key_places(args).unwrap_or_default();
            places.into_iter().map(|(place, _)| args[place].clone()).collect()
        };
        for key in keys {
            self.trackers.keys.get_or_insert_with(key, SortedSet::new).insert(id);
        }
    }

    /// Before the next command: what CLIENT CACHING said holds for one command, or one transaction.
    pub(super) fn end_caching(&mut self, id: ClientId, command: &Command) {
        let Some(client) = self.client_mut(id).filter(|client| client.tracking.caching) else { return };
        if client.multi.is_none() && !command.name.starts_with("client") {
            client.tracking.caching = false;
        }
    }

    /// A key changed: who holds it is told, and who listens to its prefix will be.
    pub(super) fn invalidate(&mut self, key: &Bytes, cx: &mut Cx<'_>) {
        let current = self.trackers.current;
        let fits = |prefix: &Bytes| key.starts_with(prefix);
        if !self.trackers.prefixes.is_empty() {
            for (prefix, broadcast) in self.trackers.prefixes.iter_mut() {
                if fits(prefix) {
                    broadcast.keys.insert(key.clone(), current);
                }
            }
        }
        if self.trackers.keys.is_empty() {
            return;
        }
        for target in self.trackers.keys.remove(key).iter().flat_map(SortedSet::iter) {
            let Some(own) = self.client(*target).map(|client| &client.tracking) else { continue };
            if !own.on || own.bcast || (own.noloop && current == Some(*target)) {
                continue;
            }
            if current == Some(*target) {
                self.trackers.pending.push((*target, Some(key.clone())));
            } else {
                self.tell_invalid(*target, Reply::Array(vec![Reply::Bulk(key.clone())]), cx);
            }
        }
    }

    /// Databases were emptied: everybody who tracks keys is told that none is what it was.
    pub(super) fn invalidate_all(&mut self, cx: &mut Cx<'_>) {
        let tracking = self.clients().filter(|(_, client)| client.tracking.on).map(|(id, _)| id);
        for target in tracking.collect::<Vec<_>>() {
            if self.trackers.current == Some(target) {
                self.trackers.pending.push((target, None));
            } else {
                self.tell_invalid(target, Reply::Nil, cx);
            }
        }
        self.trackers.keys.clear();
    }

    /// Sends what has to follow the answer to a command.
    pub(super) fn flush_tracking(&mut self, cx: &mut Cx<'_>) {
        if self.trackers.keys.is_empty() && self.trackers.pending.is_empty() {
            return;
        }
        for (target, key) in core::mem::take(&mut self.trackers.pending) {
            let keys = key.map_or(Reply::Nil, |key| Reply::Array(vec![Reply::Bulk(key)]));
            self.tell_invalid(target, keys, cx);
        }
        let most = self.config.tracking_table_max_keys;
        while most > 0 && self.trackers.keys.len() as u64 > most {
            let first = self.trackers.keys.first_key_value().map(|(key, _)| key.clone());
            let Some(key) = first else { return };
            self.invalidate(&key, cx);
        }
    }

    /// The lines of INFO: keys that are remembered, by how many clients in all, prefixes; and the clients that track.
    pub(super) fn tracking_counts(&self) -> [usize; 4] {
        let trackers = &self.trackers;
        let items = trackers.keys.values().map(SortedSet::len).sum();
        let clients = self.clients().filter(|(_, client)| client.tracking.on).count();
        [trackers.keys.len(), items, trackers.prefixes.len(), clients]
    }

    /// Tells who listens to prefixes of all keys that changed.
    pub(super) fn broadcast(&mut self, cx: &mut Cx<'_>) {
        let prefixes = &self.trackers.prefixes;
        if prefixes.is_empty() || prefixes.values().all(|broadcast| broadcast.keys.is_empty()) {
            return;
        }
        let mut messages = Vec::new();
        for broadcast in self.trackers.prefixes.values_mut() {
            let keys = core::mem::take(&mut broadcast.keys);
            if !keys.is_empty() {
                messages.push((broadcast.clients.iter().copied().collect::<Vec<_>>(), keys));
            }
        }
        for (clients, keys) in messages {
            for target in clients {
                let noloop = self.client(target).is_some_and(|client| client.tracking.noloop);
                let told = keys.iter().filter(|(_, by)| !(noloop && **by == Some(target)));
                let told: Vec<Reply> = told.map(|(key, _)| Reply::Bulk(key.clone())).collect();
                if !told.is_empty() {
                    self.tell_invalid(target, Reply::Array(told), cx);
                }
            }
        }
    }

    /// Sends a message about keys for a client to it, or to whom it wants its messages to be sent.
    fn tell_invalid(&mut self, target: ClientId, keys: Reply, cx: &mut Cx<'_>) {
        let Some(client) = self.client_mut(target) else { return };
        let redirect = client.tracking.redirect;
        let to = if redirect == 0 { target } else { ClientId(u32::try_from(redirect).unwrap_or(0)) };
        if self.is_open(to) {
            if self.resp(to) == Resp::V3 {
                cx.send(to, Reply::Push(vec![Reply::text("invalidate"), keys]));
            } else if redirect != 0 && self.is_subscriber(to) {
                cx.send(to, Reply::Push(vec![Reply::text("message"), Reply::text(CHANNEL), keys]));
            }
        } else if let Some(client) = self.client_mut(target) {
            client.tracking.broken = true;
            if client.resp == Resp::V3 {
                cx.send(target, Reply::Push(vec![Reply::text("tracking-redir-broken"), Reply::Integer(redirect)]));
            }
        }
    }

    pub(super) fn check_tracking(&self, id: ClientId) {
        let Some(client) = self.client(id) else { return };
        for prefix in client.tracking.prefixes.iter() {
            let known = self.trackers.prefixes.get(prefix).is_some_and(|broadcast| broadcast.clients.contains(&id));
            assert!(known, "who listens to a prefix is noted there");
        }
    }
}
