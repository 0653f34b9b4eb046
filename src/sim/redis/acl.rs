//! Users: ACL and AUTH. A server begins with the user `default`, which may do everything; its password is `requirepass`.

mod describe;
mod log;
mod permission;
mod selector;
mod user;

pub use log::Log;
pub use permission::Denied;
pub use user::User;

use super::call::Call;
use super::command::{Command, Run};
use super::dispatch::resolve_name;
use super::double::Double;
use super::error::{self, Error};
use super::group::Group;
use super::introspect::{bare_container, help};
use super::number::parse_integer;
use super::reply::Reply;
use super::store::{ClientId, Out, Sent, Store};
use super::table::commands;
use crate::bytes::Bytes;
use crate::sorted::SortedMap;
use alloc::{format, rc::Rc, string::String, vec, vec::Vec};
use selector::Selector;
use user::merged;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Server, name, arity, run).flags("admin noscript loading stale")
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    Command::new(Group::Connection, "auth", -2, auth)
        .flags("noscript loading stale fast no_auth allow_busy")
        .takes("1.0.0", "[username@6.0.0] password")
        .says("Says who the client is", "验证身份"),
    row("acl", -2, bare_container).container().flags("").takes("6.0.0", "").says("Looks after users", "管理用户"),
    row("acl|help", 2, help).flags("loading stale").takes("6.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("acl|cat", -2, acl_cat)
        .flags("noscript loading stale")
        .takes("6.0.0", "[categoryname]")
        .says("Lists the categories, or the commands of one", "列出命令类别或某类中的命令"),
    row("acl|deluser", -3, acl_deluser)
        .takes("6.0.0", "username [username ...]")
        .says("Removes users and ends their connections", "删除用户并断开其连接"),
    row("acl|dryrun", -4, acl_dryrun)
        .takes("7.0.0", "username command [arg [arg ...]]")
        .says("Tells whether a user might run a command, and does not run it", "检查用户能否执行某命令，但不执行"),
    row("acl|genpass", -2, acl_genpass)
        .flags("noscript loading stale")
        .takes("6.0.0", "[bits]")
        .says("Makes up a password", "生成随机密码"),
    row("acl|getuser", 3, acl_getuser).takes("6.0.0", "username").says("Tells the rules of a user", "返回用户的规则"),
    row("acl|list", 2, acl_list).takes("6.0.0", "").says("Lists the users with their rules", "列出用户及其规则"),
    row("acl|load", 2, no_file)
        .takes("6.0.0", "")
        .says("Reads users from a file, which this server does not have", "从文件读取用户，本服务器没有该文件"),
    row("acl|log", -2, acl_log)
        .takes("6.0.0", "[{operation:count|RESET}]")
        .says("Lists what was refused to whom", "列出被拒绝的操作"),
    row("acl|save", 2, no_file)
        .takes("6.0.0", "")
        .says("Writes users to a file, which this server does not have", "把用户写入文件，本服务器没有该文件"),
    row("acl|setuser", -3, acl_setuser)
        .takes("6.0.0", "username [rule [rule ...]]")
        .says("Makes a user or changes its rules", "创建用户或修改其规则"),
    row("acl|users", 2, acl_users).takes("6.0.0", "").says("Lists the names of the users", "列出用户名"),
    row("acl|whoami", 2, acl_whoami)
        .flags("noscript loading stale")
        .takes("6.0.0", "")
        .says("Tells who the client is", "返回当前用户"),
];

fn auth(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (user, password) = match call.args {
        [_, password] => {
            if call.store.users.get(b"default").is_none_or(|user| user.nopass) {
                return Err(error::AUTH_WITHOUT_PASSWORD);
            }
            (Bytes::from("default"), password)
        }
        [_, user, password] => (user.clone(), password),
        _ => return Err(error::SYNTAX),
    };
    call.authenticate(&user, password)?;
    Ok(Reply::OK)
}

fn acl_cat(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    match call.args {
        [_, _] => Ok(Reply::Array(super::command::CATEGORIES.iter().map(|name| Reply::text(name)).collect())),
        [_, _, asked] => {
            let known = super::command::CATEGORIES.iter().find(|name| asked.eq_ignore_ascii_case(name.as_bytes()));
            let known = known.ok_or_else(|| error::unknown_category(asked))?;
            let of = |command: &&Command| command.acl_categories().contains(known);
            Ok(Reply::Array(commands().iter().filter(of).map(|command| Reply::text(command.name)).collect()))
        }
        _ => Err(error::wrong_subcommand("ACL", call.arg(1))),
    }
}

fn acl_genpass(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let bits = match call.args {
        [_, _] => 256,
        [_, _, bits] => parse_integer(bits).ok_or(error::NOT_INTEGER)?,
        _ => return Err(error::wrong_subcommand("ACL", call.arg(1))),
    };
    if !(1..=4096).contains(&bits) {
        return Err(error::GENPASS_BITS);
    }
    let digits = (bits as usize).div_ceil(4);
    let mut text = String::new();
    while text.len() < digits {
        text += &format!("{:016x}", call.cx.prng.next_u64());
    }
    text.truncate(digits);
    Ok(Reply::text(&text))
}

fn acl_deluser(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let names = &call.args[2..];
    if names.iter().any(|name| *name == "default") {
        return Err(error::DEFAULT_STAYS);
    }
    let mut removed = 0;
    for name in names {
        if call.store.users_mut().remove(name) {
            removed += 1;
            end_clients(call, |store, id| store.client(id).is_some_and(|client| client.user() == *name));
        }
    }
    Ok(Reply::Integer(removed))
}

/// Ends the connections that `ends` says yes to. Whoever does that to itself is answered first.
fn end_clients(call: &mut Call<'_, '_>, ends: impl Fn(&Store, ClientId) -> bool) {
    let ids: Vec<ClientId> = call.store.clients().map(|(id, _)| id).collect();
    for id in ids.into_iter().filter(|id| ends(call.store, *id)).collect::<Vec<_>>() {
        call.store.client_close(id);
        if id != call.client {
            call.cx.out.push(Out { client: id, sent: Sent::Close });
        }
    }
}

fn acl_dryrun(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let user = call.store.users.get(call.arg(2)).ok_or_else(|| error::dryrun_user(call.arg(2)))?;
    let args = &call.args[3..];
    let command = resolve_name(args).map_err(|_| error::dryrun_command(&args[0]))?;
    if command.container || !command.accepts(args.len()) {
        return Err(error::dryrun_arity(command.name));
    }
    Ok(match user.check(command, args) {
        Ok(()) => Reply::OK,
        Err(Denied::Command) => {
            Reply::text(&format!("This user has no permissions to run the '{}' command", command.name))
        }
        Err(Denied::Key(place)) => dryrun_refusal(&args[place], "key"),
        Err(Denied::Channel(place)) => dryrun_refusal(&args[place], "channel"),
    })
}

fn dryrun_refusal(object: &Bytes, what: &str) -> Reply {
    let parts: [&[u8]; 4] = [b"This user has no permissions to access the '", object, b"' ", what.as_bytes()];
    Reply::Bulk(Bytes::from(parts.concat()))
}

fn acl_getuser(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let Some(user) = call.store.users.get(call.arg(2)) else { return Ok(Reply::Nil) };
    let mut fields = vec![
        field("flags", Reply::Set(user.flags().into_iter().map(Reply::text).collect())),
        field("passwords", Reply::Array(user.passwords.iter().map(|hash| Reply::text(hash)).collect())),
    ];
    fields.extend(selector_fields(&user.selectors[0]));
    let more = user.selectors[1..].iter().map(|selector| Reply::Map(selector_fields(selector)));
    fields.push(field("selectors", Reply::Array(more.collect())));
    Ok(Reply::Map(fields))
}

fn field(name: &str, value: Reply) -> (Reply, Reply) {
    (Reply::text(name), value)
}

fn selector_fields(selector: &Selector) -> Vec<(Reply, Reply)> {
    let joined = |rules: Vec<Vec<u8>>| Reply::Bulk(Bytes::from(rules.join(&b' ')));
    vec![
        field("commands", Reply::text(&selector.command_rules())),
        field("keys", joined(selector.key_rules())),
        field("channels", joined(selector.channel_rules())),
    ]
}

fn acl_list(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Array(call.store.users.lines().map(Reply::Bulk).collect()))
}

fn acl_log(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let count = match call.args {
        [_, _] => 10,
        [_, _, word] if word.eq_ignore_ascii_case(b"reset") => {
            call.store.users_mut().log.clear();
            return Ok(Reply::OK);
        }
        [_, _, count] => parse_integer(count).ok_or(error::NOT_INTEGER)?,
        _ => return Err(error::wrong_subcommand("ACL", call.arg(1))),
    };
    let now_ms = call.cx.now_ms;
    let entry = |refusal: &log::Refusal| {
        Reply::Map(vec![
            field("count", Reply::Integer(refusal.count as i64)),
            field("reason", Reply::text(refusal.reason)),
            field("context", Reply::text(refusal.context)),
            field("object", Reply::Bulk(refusal.object.clone())),
            field("username", Reply::Bulk(refusal.username.clone())),
            field("age-seconds", Reply::Double(Double(now_ms.saturating_sub(refusal.at_ms) as f64 / 1000.0))),
            field("client-info", Reply::Bulk(refusal.client.clone())),
        ])
    };
    Ok(Reply::Array(call.store.users.log.iter().take(count.max(0) as usize).map(entry).collect()))
}

fn no_file(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Err(error::NO_ACL_FILE)
}

fn acl_setuser(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let name = call.arg(2).clone();
    if has_spaces(&name) {
        return Err(error::USERNAME_SPACES);
    }
    let rules = merged(&call.args[3..]).map_err(|rule| error::open_selector(&rule))?;
    let all_channels = call.store.config.value("acl-pubsub-default") == "allchannels";
    let old = call.store.users.get(&name).cloned();
    if old.is_none() && call.store.users.by_name.len() >= MAX_USERS {
        return Err(error::OUT_OF_MEMORY);
    }
    let mut user = old.clone().unwrap_or_else(|| User::new(all_channels));
    for rule in &rules {
        user.apply(rule, all_channels).map_err(|mistake| error::acl_rule(rule, mistake.text()))?;
    }
    let narrower = old.is_some_and(|old| loses_channels(&old, &user));
    let now = user.clone();
    call.store.users_mut().put(name.clone(), user);
    if narrower {
        end_clients(call, |store, id| {
            store.client(id).is_some_and(|client| client.user() == name && !client.subscriptions.all_heard_by(&now))
        });
    }
    Ok(Reply::OK)
}

/// Whether a user may be shut out of a channel that it could listen to before.
fn loses_channels(old: &User, new: &User) -> bool {
    if new.selectors.iter().any(|selector| selector.all_channels) {
        return false;
    }
    let kept = |channel: &Bytes| new.selectors.iter().any(|selector| selector.channels.contains(channel));
    old.selectors.iter().any(|selector| selector.all_channels || !selector.channels.iter().all(kept))
}

fn acl_users(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Array(call.store.users.by_name.keys().cloned().map(Reply::Bulk).collect()))
}

fn acl_whoami(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Bulk(call.state().user()))
}

/// A server has no more users: each costs memory.
const MAX_USERS: usize = 10_000;

/// What is wrong with a rule of ACL SETUSER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// There is no such command or category.
    Unknown,
    /// It is no rule, or its pattern has spaces.
    Syntax,
    /// A pattern of keys, although all keys are allowed.
    AfterAllKeys,
    /// A pattern of channels, although all channels are allowed.
    AfterAllChannels,
    /// A password that the user does not have is to be removed.
    NoSuchPassword,
    /// What should be a SHA-256 in hexadecimal is none.
    Hash,
    /// A first argument of a subcommand.
    FirstArgOfSubcommand,
}

impl Mistake {
    fn text(self) -> &'static str {
        match self {
            Mistake::Unknown => "Unknown command or category name in ACL",
            Mistake::Syntax => "Syntax error",
            Mistake::AfterAllKeys => {
                "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. \
                 Try 'resetkeys' to start with an empty list of patterns"
            }
            Mistake::AfterAllChannels => {
                "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. \
                 Try 'resetchannels' to start with an empty list of channels"
            }
            Mistake::NoSuchPassword => "The password you are trying to remove from the user does not exist",
            Mistake::Hash => {
                "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters"
            }
            Mistake::FirstArgOfSubcommand => "Allowing first-arg of a subcommand is not supported",
        }
    }
}

/// Whether a name or pattern holds something that would part it in a list of rules.
fn has_spaces(text: &[u8]) -> bool {
    text.iter().any(|byte| matches!(byte, b' ' | b'\t'..=b'\r' | 0))
}

/// The users of a store, and what was refused to them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Users {
    by_name: SortedMap<Bytes, Rc<User>>,
    log: Log,
    /// Whether every user may do everything: nothing has to be looked up then.
    all_free: bool,
    /// Whether a new connection is `default` without a password.
    is_open: bool,
}

impl Default for Users {
    fn default() -> Self {
        let mut users = Users { by_name: SortedMap::new(), log: Log::new(), all_free: true, is_open: true };
        users.put(Bytes::from("default"), User::free());
        users
    }
}

impl Users {
    /// The user of this name.
    pub fn get(&self, name: &[u8]) -> Option<&User> {
        self.by_name.get(name).map(Rc::as_ref)
    }

    /// A line for each user, as ACL LIST shows it and as it stands in a configuration file.
    pub fn lines(&self) -> impl Iterator<Item = Bytes> {
        let line = |(name, user): (&Bytes, &Rc<User>)| {
            Bytes::from([b"user ", name.as_slice(), b" ", &user.describe()].concat())
        };
        self.by_name.iter().map(line)
    }

    /// Whether every user may do everything.
    pub fn are_free(&self) -> bool {
        self.all_free
    }

    /// Whether a new connection is `default` without a password.
    pub fn are_open(&self) -> bool {
        self.is_open
    }

    fn put(&mut self, name: Bytes, user: User) {
        self.by_name.insert(name, Rc::new(user));
        self.look();
    }

    fn remove(&mut self, name: &[u8]) -> bool {
        let was_there = self.by_name.remove(name).is_some();
        self.look();
        was_there
    }

    fn look(&mut self) {
        self.all_free = self.by_name.values().all(|user| user.is_free());
        self.is_open = self.get(b"default").is_some_and(|user| user.on && user.nopass);
    }
}

impl Store {
    /// A line for each user, as it stands in a configuration file.
    pub fn user_lines(&self) -> impl Iterator<Item = Bytes> {
        self.users.lines()
    }
}

impl Call<'_, '_> {
    /// The client says who it is.
    pub(super) fn authenticate(&mut self, name: &[u8], password: &[u8]) -> Result<(), Error> {
        if !self.store.users.get(name).is_some_and(|user| user.accepts(password)) {
            self.store.log_login(self.client, name, self.args, self.cx.now_ms);
            return Err(error::WRONG_PASSWORD);
        }
        let state = self.state();
        state.is_known = true;
        state.user = if name == b"default" { Bytes::default() } else { Bytes::from(name) };
        Ok(())
    }
}

impl Store {
    pub(super) fn users_mut(&mut self) -> &mut Users {
        Rc::make_mut(&mut self.users)
    }

    /// Whether there is a user of this name.
    pub(super) fn has_user(&self, name: &[u8]) -> bool {
        self.users.get(name).is_some()
    }

    /// Whether a client has yet to say who it is.
    pub fn needs_login(&self, client: ClientId) -> bool {
        !self.users.are_open() && self.client(client).is_some_and(|client| !client.is_known)
    }

    /// `requirepass`: the password of `default`; empty for none.
    pub(super) fn require_password(&mut self, password: &[u8]) {
        let mut user = self.users.get(b"default").cloned().unwrap_or_else(User::free);
        user.require_password(password);
        if self.users.are_open() && !password.is_empty() {
            // Whoever was here while there was no password need not say it.
            self.clients_mut().for_each(|client| client.is_known = true);
        }
        self.users_mut().put(Bytes::from("default"), user);
    }
}
