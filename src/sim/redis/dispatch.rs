//! The one way in: a command is found, admitted, queued or run, and whoever it wakes is served.

use super::call::Call;
use super::command::Command;
use super::error::{self, Error};
use super::event::Event;
use super::group::Flag;
use super::reply::Reply;
use super::stats::SlowCall;
use super::store::{ClientId, Cx, Out, Sent, Store};
use super::table::find_command;
use crate::bytes::Bytes;
use alloc::borrow::Cow;
use alloc::vec::Vec;

impl Store {
    /// Runs one command, name first, and says in `cx.events` what happened. [`Reply::None`] stands for no answer yet, or none at all.
    ///
    /// # Panics
    /// When the client is not connected or `args` is empty: a protocol reader never calls with nothing.
    pub fn call(&mut self, client: ClientId, args: &[Bytes], cx: &mut Cx<'_>) -> Reply {
        assert!(!args.is_empty(), "a command has a name");
        let named = self.named(args);
        let args = named.as_deref().unwrap_or(args);
        let sent_before = cx.out.len();
        if self.limits().max_memory > 0 && !self.is_at_rest(cx.now_ms) && !self.is_busy() {
            self.evict(cx);
        }
        let admitted =
            named.as_ref().map_or_else(|error| Err(error.clone()), |_| self.admitted(client, args, cx.now_ms));
        let reply = match admitted {
            Ok(command) if self.is_paused(client, command, args, cx.now_ms) => {
                self.postpone(client, args);
                Reply::None
            }
            Ok(command) if self.is_queued(client, command) => self.queue(client, args),
            Ok(command) => {
                let reply = self.run(client, command, args, None, cx);
                // What these two find expired has nothing to do with each other.
                if !self.is_busy() {
                    self.propagate(!matches!(command.name, "scan" | "randomkey"), cx);
                    self.note_written(client, cx);
                }
                self.end_caching(client, command);
                reply
            }
            Err(error) => {
                self.spoil_transaction(client);
                let error =
                    if args[0].eq_ignore_ascii_case(b"exec") { self.refuse_exec(client, &error) } else { error };
                let db = self.selected_db(client).expect("only a connected client can call");
                self.count_refusal(args, &error);
                let reply = Reply::Error(error);
                cx.tell(|| called(client, db, args, Vec::new(), &reply));
                reply
            }
        };
        // What was sent until now comes before the answer, what is sent from now on behind it.
        let reply = with_own_messages(client, reply, sent_before, cx.out);
        cx.now_ms += core::mem::take(&mut self.slept_ms);
        self.flush_tracking(cx);
        self.serve_ready(cx);
        self.flush_tracking(cx);
        self.broadcast(cx);
        let reply = self.let_through(client, reply);
        if !self.postponed.is_empty() {
            self.end_pause(cx);
        }
        reply
    }

    /// What these words mean where names of commands were changed.
    pub(super) fn named<'a>(&self, args: &'a [Bytes]) -> Result<Cow<'a, [Bytes]>, Error> {
        match self.host.rename.map(|rename| rename(&args[0])) {
            Some(None) => Err(error::unknown_command(args)),
            Some(Some(name)) if name != args[0] => Ok([&[name], &args[1..]].concat().into()),
            _ => Ok(args.into()),
        }
    }

    /// The row of a command that may be run or queued now.
    fn admitted(&mut self, client: ClientId, args: &[Bytes], now_ms: u64) -> Result<&'static Command, Error> {
        let command = resolve(args)?;
        if self.needs_login(client) && !command.is(Flag::NoAuth) {
            return Err(error::NO_AUTH);
        }
        if command.is(Flag::NoMulti) && self.in_transaction(client) {
            return Err(error::NOT_IN_MULTI);
        }
        if let Err(denied) = self.permission(client, command, args) {
            self.log_denial(client, self.acl_context(client), denied, command, args, now_ms);
            return Err(denied.error(command));
        }
        let (is_full, depends) =
            (self.is_full(), self.replication.is_replica() || self.config.min_replicas_to_write > 0);
        if is_full || depends {
            // What a script says of itself stands for what its command says.
            let own = self.declared(command.name, args);
            let asks = |flag: Flag, is: bool, words: &[&str]| match own {
                Some(own) => !words.iter().any(|word| own.has(word)),
                None => self.would(client, command, |command| command.is(flag) == is),
            };
            if is_full && asks(Flag::Denyoom, true, &["allow-oom", "no-writes"]) {
                return Err(error::OUT_OF_MEMORY);
            }
            if depends {
                let needs_master = asks(Flag::Stale, false, &["allow-stale"]);
                self.replication_allows(asks(Flag::Write, true, &["no-writes"]), !needs_master)?;
            }
        }
        self.client(client).map_or(Ok(()), |client| Store::allowed_to_subscriber(client, command))?;
        match self.busy_error().filter(|_| !command.is(Flag::AllowBusy)) {
            Some(error) => Err(error),
            None => Ok(command),
        }
    }

    /// Whether a command is such, or EXEC would run one that is.
    fn would(&self, client: ClientId, command: &Command, such: impl Fn(&Command) -> bool) -> bool {
        let multi = self.client(client).and_then(|client| client.multi.as_ref());
        such(command) || command.name == "exec" && multi.is_some_and(|multi| multi.commands().any(such))
    }

    /// Runs a command whose row and number of arguments are right. `woken_by` is the key that ended the wait of a client that blocked.
    pub(super) fn run(
        &mut self,
        client: ClientId,
        command: &'static Command,
        args: &[Bytes],
        woken_by: Option<&Bytes>,
        cx: &mut Cx<'_>,
    ) -> Reply {
        let db = self.selected_db(client).expect("only a connected client can call");
        let sent_before = cx.out.len();
        if let Some(state) = self.client_mut(client).filter(|_| woken_by.is_none()) {
            state.seen_ms = cx.now_ms;
            state.last = command.id + 1;
        }
        let start = self.host.lap;
        let outer = self.trackers.current.replace(client);
        self.declare_keys(client, command, args);
        let dirty = self.dirty;
        self.replication.begin();
        let mut call = Call { store: self, client, db, command, args, woken_by, glimpses: Vec::new(), cx };
        let reply = (command.run)(&mut call).unwrap_or_else(Reply::Error);
        self.trackers.current = outer;
        if self.replication.is_on() {
            self.note_for_replicas(db, command, args, self.dirty != dirty);
        }
        self.remember_keys(client, command, args);
        // What a script's commands send comes before the answer to the script.
        let reply = if self.scripting.runs { reply } else { with_own_messages(client, reply, sent_before, cx.out) };
        if woken_by.is_some() && reply == Reply::None {
            return reply;
        }
        if woken_by.is_none() {
            self.show_to_monitors(client, db, command, args, cx);
        }
        self.host.lap = (self.host.micros)();
        // A command that waits counts when it is answered.
        let waits = reply == Reply::None && self.client(client).is_some_and(|state| state.blocked.is_some());
        if !waits {
            self.count(client, command, args, self.host.lap - start, &reply, cx.now_ms);
        }
        cx.tell(|| {
            let keys = command
                .key_places(args)
                .unwrap_or_default()
                .into_iter()
                .map(|(place, _)| args[place].clone())
                .collect();
            called(client, db, args, keys, &reply)
        });
        reply
    }
}

impl Store {
    /// Counts a command that ran, for INFO, SLOWLOG and LATENCY.
    fn count(&mut self, client: ClientId, command: &Command, args: &[Bytes], micros: u64, reply: &Reply, now_ms: u64) {
        let config = &self.config;
        let (tracked, slower, most) = (config.latency_tracking, config.slowlog_log_slower_than, config.slowlog_max_len);
        let was_counted = core::mem::take(&mut self.scripting.is_counted);
        let stats = self.stats_mut();
        stats.ran(command, micros, matches!(reply, Reply::Error(_)), tracked);
        if let Reply::Error(error) = reply
            && !was_counted
        {
            stats.failed(error);
        }
        let at_s = now_ms / 1000;
        self.count_spike(if command.is(Flag::Fast) { "fast-command" } else { "command" }, micros, now_ms);
        if slower >= 0 && micros >= slower as u64 && self.host.port != 0 && !command.flags.contains("skip_slowlog") {
            let (address, name) = self
                .client(client)
                .map(|client| (client.link.address.clone(), client.name.clone()))
                .unwrap_or_default();
            let args = self.redacted(command, args);
            self.stats_mut().slow(SlowCall { id: 0, at_s, micros, args, address, name }, most);
        }
    }

    /// Counts for LATENCY what took long.
    pub(super) fn count_spike(&mut self, event: &'static str, micros: u64, now_ms: u64) {
        let threshold_ms = self.config.latency_monitor_threshold;
        if threshold_ms > 0 && micros >= threshold_ms * 1000 {
            self.stats_mut().spike(event, now_ms / 1000, micros / 1000);
        }
    }

    /// Counts a command whose wait ended without its running again.
    pub(super) fn count_wait(&mut self, client: ClientId, args: &[Bytes], reply: &Reply, now_ms: u64) {
        if let Ok(command) = resolve(args) {
            self.count(client, command, args, 0, reply, now_ms);
        }
    }

    /// Counts a command that was refused before it ran.
    pub(super) fn count_refusal(&mut self, args: &[Bytes], error: &Error) {
        let found = resolve_name(args);
        let stats = self.stats_mut();
        stats.failed(error);
        if let Ok(command) = found {
            stats.commands[usize::from(command.id)].rejected += 1;
        }
    }

    /// The arguments as they may be shown: without passwords.
    pub(super) fn redacted(&self, command: &Command, args: &[Bytes]) -> Vec<Bytes> {
        let hidden = || Bytes::from("(redacted)");
        let mut shown = args.to_vec();
        match command.name {
            "auth" | "acl|setuser" | "acl|getuser" | "acl|deluser" => {
                let first = command.name.split('|').count();
                shown.iter_mut().skip(first).for_each(|arg| *arg = hidden());
            }
            "hello" => {
                if let Some(at) = args.iter().position(|arg| arg.eq_ignore_ascii_case(b"auth")) {
                    shown.iter_mut().skip(at + 1).take(2).for_each(|arg| *arg = hidden());
                }
            }
            "migrate" => {
                let mut place = 6;
                while place < args.len() {
                    let secrets = match args[place].to_ascii_lowercase().as_slice() {
                        b"auth" => 1,
                        b"auth2" => 2,
                        b"keys" => break,
                        _ => 0,
                    };
                    shown.iter_mut().skip(place + 1).take(secrets).for_each(|arg| *arg = hidden());
                    place += 1 + secrets;
                }
            }
            "config|set" => {
                for place in (2..args.len().saturating_sub(1)).step_by(2) {
                    let secrets: [&[u8]; 3] = [b"requirepass", b"masterauth", b"masteruser"];
                    if secrets.iter().any(|secret| args[place].eq_ignore_ascii_case(secret)) {
                        shown[place + 1] = hidden();
                    }
                }
            }
            _ => {}
        }
        shown
    }
}

/// What a command sends to the client that calls comes before its answer, wherever that stands: inside the answer to EXEC, too.
fn with_own_messages(client: ClientId, reply: Reply, sent_before: usize, out: &mut Vec<Out>) -> Reply {
    if out.len() == sent_before {
        return reply;
    }
    let mut own = Vec::new();
    let mut place = sent_before;
    while let Some(next) = out.get(place) {
        if next.client == client
            && let Sent::Reply(_) = next.sent
            && let Sent::Reply(message) = out.remove(place).sent
        {
            own.push(message);
        } else {
            place += 1;
        }
    }
    if own.is_empty() {
        return reply;
    }
    own.push(reply);
    Reply::Many(own)
}

fn called(client: ClientId, db: u8, args: &[Bytes], keys: Vec<Bytes>, reply: &Reply) -> Event {
    Event::Called { client, db, args: args.to_vec(), keys, reply: reply.kind() }
}

/// The row for these arguments, if their number is right.
pub(super) fn resolve(args: &[Bytes]) -> Result<&'static Command, Error> {
    let command = resolve_name(args)?;
    if command.accepts(args.len()) { Ok(command) } else { Err(error::arity(command.name)) }
}

/// The row for these arguments, however many there are.
pub(super) fn resolve_name(args: &[Bytes]) -> Result<&'static Command, Error> {
    // The table names subcommands `container|subcommand`; a client cannot.
    let found = find_command(&args[0]).filter(|command| !command.nested);
    let command = found.ok_or_else(|| error::unknown_command(args))?;
    match args.get(1).filter(|_| command.container) {
        Some(subcommand) => {
            command.subcommand(subcommand).ok_or_else(|| error::unknown_subcommand(command.name, subcommand))
        }
        None => Ok(command),
    }
}
