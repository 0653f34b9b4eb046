//! CLIENT and HELLO, of the group `connection`.

use super::call::Call;
use super::client_list::{Class, client_class, client_list, describe_from};
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::{Flag, Group};
use super::introspect::{bare_container, help};
use super::number::parse_integer;
use super::reply::{Reply, Resp};
use super::store::{Client, ClientId, Cx, Out, Sent, Store};
use crate::bytes::Bytes;
use alloc::{vec, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Connection, name, arity, run).flags("noscript loading stale")
}

const fn admin(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Connection, name, arity, run).flags("admin noscript loading stale")
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("hello", -1, hello)
        .flags("noscript loading stale fast no_auth allow_busy")
        .takes("6.0.0", "[{arguments:protover [AUTH {username_password:username password}] [SETNAME clientname]}]")
        .says("Changes to a version of the protocol, and tells about the server", "切换协议版本并返回服务器信息"),
    row("client", -2, bare_container)
        .container()
        .flags("")
        .takes("2.4.0", "")
        .says("Looks at connections and sets them up", "查看和设置连接"),
    row("client|getname", 2, client_getname).takes("2.6.9", "").says("Tells the name of the connection", "返回连接的名字"),
    row("client|help", 2, help).flags("loading stale").takes("5.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("client|id", 2, client_id).takes("5.0.0", "").says("Tells the number of the connection", "返回连接的编号"),
    row("client|info", 2, client_info)
        .tips("nondeterministic_output")
        .takes("6.2.0", "")
        .says("Tells about this connection", "返回当前连接的信息"),
    admin("client|kill", -3, client_kill)
        .takes(
            "2.4.0",
            "{filter:ip:port^2.8.12|{new-format:[ID client-id@2.8.12]|[TYPE \
                {normal_master_slave_pubsub:NORMAL|MASTER@3.2.0|SLAVE|REPLICA@5.0.0|PUBSUB}@2.8.12]|[USER username]|[ADDR \
                ip:port]|[LADDR ip:port@6.2.0]|[SKIPME yes/no]} [[ID client-id]|[TYPE NORMAL|MASTER|SLAVE|REPLICA|PUBSUB]|[USER \
                username]|[ADDR ip:port]|[LADDR ip:port]|[SKIPME yes/no] ...]}",
        )
        .says("Ends connections", "断开连接"),
    admin("client|list", -2, client_list)
        .tips("nondeterministic_output")
        .takes("2.4.0", "[TYPE {normal_master_replica_pubsub:NORMAL|MASTER|REPLICA|PUBSUB}@5.0.0] [ID {id:client-id [client-id ...]}@6.2.0]")
        .says("Tells about all connections", "列出所有连接"),
    admin("client|no-evict", 3, client_no_evict)
        .takes("7.0.0", "{enabled:ON|OFF}")
        .says("Spares the connection when clients use too much memory", "使连接不因客户端内存过多而被断开"),
    admin("client|pause", -3, client_pause)
        .takes("2.9.50", "timeout%i [{mode:WRITE|ALL}@6.2.0]")
        .says("Lets commands wait for so many milliseconds", "让命令等待若干毫秒"),
    row("client|reply", 3, client_reply)
        .takes("3.2.0", "{on_off_skip:ON|OFF|SKIP}")
        .says("Says whether commands are answered", "设置是否返回回复"),
    row("client|setname", 3, client_setname).takes("2.6.9", "connection-name").says("Gives the connection a name", "给连接起名"),
    admin("client|unblock", -3, client_unblock)
        .takes("5.0.0", "client-id [{timeout_error:TIMEOUT|ERROR}]")
        .says("Ends the wait of another client", "结束另一个客户端的等待"),
    admin("client|unpause", 2, client_unpause).takes("6.2.0", "").says("Ends CLIENT PAUSE", "结束 CLIENT PAUSE"),
];

/// Whether a client is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Answers {
    /// Always.
    #[default]
    On,
    /// Not the command that comes next.
    SkipNext,
    /// Not this one.
    Skip,
    /// Never.
    Off,
}

/// CLIENT PAUSE: until when, and whether only what writes waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pause {
    /// The Unix time in milliseconds at which all goes on.
    pub until_ms: u64,
    /// Whether only what may write waits.
    pub only_writes: bool,
}

fn hello(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let mut resp = call.state().resp;
    if let Some(version) = call.args.get(1) {
        resp = match parse_integer(version).ok_or(error::PROTOCOL_VERSION)? {
            2 => Resp::V2,
            3 => Resp::V3,
            _ => return Err(error::NO_PROTOCOL),
        };
    }
    let (mut place, mut login, mut name) = (2, None, None);
    while place < call.args.len() {
        let more = call.args.len() - place - 1;
        if call.is_word(place, "auth") && more >= 2 {
            login = Some((call.arg(place + 1).clone(), call.arg(place + 2).clone()));
            place += 3;
        } else if call.is_word(place, "setname") && more >= 1 {
            name = Some(client_name(call.arg(place + 1))?);
            place += 2;
        } else {
            return Err(error::hello_option(call.arg(place)));
        }
    }
    if let Some((user, password)) = login {
        call.authenticate(&user, &password)?;
    }
    if call.store.needs_login(call.client) {
        return Err(error::HELLO_NO_AUTH);
    }
    let id = i64::from(call.client.0);
    let state = call.state();
    if let Some(name) = name {
        state.name = name;
    }
    state.resp = resp;
    let version = if resp == Resp::V3 { 3 } else { 2 };
    let pair = |name: &str, value: Reply| (Reply::text(name), value);
    Ok(Reply::Map(vec![
        pair("server", Reply::text("redis")),
        pair("version", Reply::text(super::info::VERSION)),
        pair("proto", Reply::Integer(version)),
        pair("id", Reply::Integer(id)),
        pair("mode", Reply::text("standalone")),
        pair("role", Reply::text("master")),
        pair("modules", Reply::Array(Vec::new())),
    ]))
}

fn client_getname(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let name = &call.state().name;
    Ok(if name.is_empty() { Reply::Nil } else { Reply::Bulk(name.clone()) })
}

fn client_id(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(i64::from(call.client.0)))
}

fn client_info(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let line = describe_from(call, call.client);
    Ok(Reply::Verbatim("txt", Bytes::from(line)))
}

fn client_kill(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (filter, old) = if call.args.len() == 3 {
        (Filter { address: Some(call.arg(2).clone()), ..Filter::default() }, true)
    } else {
        (Filter::read(call)?, false)
    };
    let found: Vec<ClientId> = call
        .store
        .clients()
        .filter(|(id, client)| filter.fits(call.store, *id, client, call.client))
        .map(|(id, _)| id)
        .collect();
    let killed = found.len() as i64;
    for id in found {
        call.store.client_close(id);
        // Whoever kills itself is answered first: the server ends its connection because it is closed.
        if id != call.client {
            call.cx.out.push(Out { client: id, sent: Sent::Close });
        }
    }
    match (old, killed) {
        (true, 0) => Err(error::NO_SUCH_CLIENT),
        (true, _) => Ok(Reply::OK),
        (false, killed) => Ok(Reply::Integer(killed)),
    }
}

/// What CLIENT KILL asks of those that it ends.
#[derive(Default)]
struct Filter {
    id: Option<u32>,
    class: Option<Class>,
    user: Option<Bytes>,
    address: Option<Bytes>,
    local: Option<Bytes>,
    spares_me: bool,
}

impl Filter {
    fn read(call: &Call<'_, '_>) -> Result<Self, Error> {
        let mut filter = Filter { spares_me: true, ..Filter::default() };
        if !call.args.len().is_multiple_of(2) {
            return Err(error::SYNTAX);
        }
        for place in (2..call.args.len()).step_by(2) {
            let value = call.arg(place + 1);
            if call.is_word(place, "id") {
                let id = parse_integer(value).filter(|id| *id > 0).ok_or(error::CLIENT_ID_POSITIVE)?;
                filter.id = Some(u32::try_from(id).unwrap_or(u32::MAX));
            } else if call.is_word(place, "type") {
                filter.class = Some(client_class(value)?);
            } else if call.is_word(place, "addr") {
                filter.address = Some(value.clone());
            } else if call.is_word(place, "laddr") {
                filter.local = Some(value.clone());
            } else if call.is_word(place, "user") {
                if !call.store.has_user(value) {
                    return Err(error::no_such_user(value));
                }
                filter.user = Some(value.clone());
            } else if call.is_word(place, "skipme") {
                filter.spares_me = match value.to_ascii_lowercase().as_slice() {
                    b"yes" => true,
                    b"no" => false,
                    _ => return Err(error::SYNTAX),
                };
            } else {
                return Err(error::SYNTAX);
            }
        }
        Ok(filter)
    }

    fn fits(&self, store: &Store, id: ClientId, client: &Client, me: ClientId) -> bool {
        self.id.is_none_or(|wanted| wanted == id.0)
            && self.class.is_none_or(|wanted| wanted == store.class_of(id, client))
            && self.user.as_ref().is_none_or(|user| *user == client.user())
            && self.address.as_ref().is_none_or(|address| *address == client.link.address)
            && self.local.as_ref().is_none_or(|local| *local == client.link.local)
            && !(self.spares_me && id == me)
    }
}

fn client_no_evict(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.state().no_evict = on_or_off(call.arg(2))?;
    Ok(Reply::OK)
}

fn on_or_off(word: &[u8]) -> Result<bool, Error> {
    match word.to_ascii_lowercase().as_slice() {
        b"on" => Ok(true),
        b"off" => Ok(false),
        _ => Err(error::SYNTAX),
    }
}

fn client_pause(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let only_writes = match call.args.get(3).map(|word| word.to_ascii_lowercase()).as_deref() {
        None | Some(b"all") => false,
        Some(b"write") => true,
        Some(_) => return Err(error::PAUSE_MODE),
    };
    let ms = parse_integer(call.arg(2)).ok_or(error::TIMEOUT_INTEGER)?;
    let ms = u64::try_from(ms).map_err(|_| error::TIMEOUT_NEGATIVE)?;
    let until_ms = call.cx.now_ms.saturating_add(ms);
    // A pause that is there already is only ever made stricter and longer.
    let old = call.store.pause.filter(|pause| pause.until_ms > call.cx.now_ms);
    call.store.pause = Some(Pause {
        until_ms: old.map_or(until_ms, |old| old.until_ms.max(until_ms)),
        only_writes: only_writes && old.is_none_or(|old| old.only_writes),
    });
    Ok(Reply::OK)
}

fn client_reply(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let word = call.arg(2).to_ascii_lowercase();
    let state = call.state();
    match word.as_slice() {
        b"on" => {
            state.answers = Answers::On;
            return Ok(Reply::OK);
        }
        b"off" => state.answers = Answers::Off,
        b"skip" => {
            if state.answers != Answers::Off {
                state.answers = Answers::SkipNext;
            }
        }
        _ => return Err(error::SYNTAX),
    }
    Ok(Reply::None)
}

fn client_setname(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.state().name = client_name(call.arg(2))?;
    Ok(Reply::OK)
}

fn client_name(name: &Bytes) -> Result<Bytes, Error> {
    if name.iter().all(|byte| (b'!'..=b'~').contains(byte)) { Ok(name.clone()) } else { Err(error::CLIENT_NAME) }
}

fn client_unblock(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let with_error = match call.args.get(3).map(|word| word.to_ascii_lowercase()).as_deref() {
        None | Some(b"timeout") => false,
        Some(b"error") => true,
        Some(_) => return Err(error::UNBLOCK_REASON),
    };
    let id = call.integer(2)?;
    let id = u32::try_from(id).map(ClientId).ok();
    let Some((id, blocked)) = id.and_then(|id| Some((id, call.store.unblock(id)?))) else {
        return Ok(Reply::from(false));
    };
    let reply = if with_error { Reply::Error(error::UNBLOCKED) } else { blocked.on_timeout };
    call.store.count_wait(id, &blocked.args, &reply, call.cx.now_ms);
    call.cx.send(id, reply);
    Ok(Reply::from(true))
}

fn client_unpause(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.store.pause = None;
    Ok(Reply::OK)
}

impl Store {
    /// Whether a command has to wait because of CLIENT PAUSE.
    pub(super) fn is_paused(&self, client: ClientId, command: &Command, args: &[Bytes], now_ms: u64) -> bool {
        let Some(pause) = self.pause.filter(|pause| pause.until_ms > now_ms) else { return false };
        if !pause.only_writes {
            return !command.name.starts_with("client|unpause");
        }
        // What is written down does nothing yet.
        if self.is_queued(client, command) {
            return false;
        }
        let multi = self.client(client).and_then(|client| client.multi.as_ref());
        let in_exec = || multi.is_some_and(|multi| multi.calls().any(|(command, args)| self.may_write(command, args)));
        self.may_write(command, args) || command.name == "exec" && in_exec()
    }

    /// Whether a command may change something, here or at replicas: a script unless it says that it does not.
    fn may_write(&self, command: &Command, args: &[Bytes]) -> bool {
        match command.name {
            "publish" | "spublish" | "pfcount" => true,
            "eval" | "evalsha" | "fcall" => {
                self.declared(command.name, args).is_none_or(|flags| !flags.has("no-writes"))
            }
            _ => command.is(Flag::Write),
        }
    }

    /// Whether CLIENT PAUSE is in force: nothing expires or is evicted, though what has ended cannot be seen.
    pub(super) fn is_at_rest(&self, now_ms: u64) -> bool {
        self.pause.is_some_and(|pause| pause.until_ms > now_ms)
    }

    /// Keeps a command until CLIENT PAUSE is over.
    pub(super) fn postpone(&mut self, client: ClientId, args: &[Bytes]) {
        if let Some(state) = self.client_mut(client) {
            state.postponed = Some(args.to_vec());
        }
        self.postponed.push(client);
    }

    /// Runs what was kept, once the pause is over.
    pub(super) fn end_pause(&mut self, cx: &mut Cx<'_>) {
        if self.pause.is_some_and(|pause| pause.until_ms <= cx.now_ms) {
            self.pause = None;
        }
        if self.pause.is_some() || self.postponed.is_empty() || self.waiting.held > 0 {
            return;
        }
        for client in core::mem::take(&mut self.postponed) {
            let Some(args) = self.client_mut(client).and_then(|state| state.postponed.take()) else { continue };
            let reply = self.call(client, &args, cx);
            if reply != Reply::None {
                cx.send(client, reply);
            }
        }
    }

    /// A reply as CLIENT REPLY lets it through.
    pub(super) fn let_through(&mut self, client: ClientId, reply: Reply) -> Reply {
        let Some(state) = self.client_mut(client) else { return reply };
        match state.answers {
            Answers::On => reply,
            Answers::SkipNext => {
                state.answers = Answers::Skip;
                reply
            }
            Answers::Skip => {
                state.answers = Answers::On;
                messages_of(reply)
            }
            Answers::Off => messages_of(reply),
        }
    }
}

/// What a client gets of an answer that it does not want: messages, to which the answers of SUBSCRIBE belong.
fn messages_of(reply: Reply) -> Reply {
    match reply {
        Reply::Push(_) => reply,
        Reply::Many(replies) => {
            Reply::Many(replies.into_iter().filter(|reply| matches!(reply, Reply::Push(_))).collect())
        }
        _ => Reply::None,
    }
}

impl Client {
    /// The name of the user that it is.
    pub fn user(&self) -> Bytes {
        if self.user.is_empty() { Bytes::from("default") } else { self.user.clone() }
    }
}
