//! Users: ACL and AUTH. There is the user `default`; its password is `requirepass`, and it may do everything.

use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::introspect::{bare_container, help};
use super::number::parse_integer;
use super::reply::Reply;
use super::store::{ClientId, Store};
use super::table::commands;
use crate::bytes::Bytes;
use alloc::{format, string::String, vec, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Server, name, arity, run).flags("admin noscript loading stale")
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    Command::new(Group::Connection, "auth", -2, auth)
        .flags("noscript loading stale fast no_auth allow_busy")
        .takes("1.0.0", "[username] password")
        .says("Says who the client is", "验证身份"),
    row("acl", -2, bare_container).container().flags("").takes("6.0.0", "").says("Looks after users", "管理用户"),
    row("acl|help", 2, help).flags("loading stale").takes("6.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("acl|cat", -2, acl_cat)
        .flags("noscript loading stale")
        .takes("6.0.0", "[categoryname]")
        .says("Lists the categories, or the commands of one", "列出命令类别或某类中的命令"),
    row("acl|genpass", -2, acl_genpass)
        .flags("noscript loading stale")
        .takes("6.0.0", "[bits]")
        .says("Makes up a password", "生成随机密码"),
    row("acl|getuser", 3, acl_getuser).takes("6.0.0", "username").says("Tells the rules of a user", "返回用户的规则"),
    row("acl|list", 2, acl_list).takes("6.0.0", "").says("Lists the users with their rules", "列出用户及其规则"),
    row("acl|load", 2, no_file)
        .takes("6.0.0", "")
        .says("Reads users from a file, which this server does not have", "从文件读取用户，本服务器没有该文件"),
    row("acl|save", 2, no_file)
        .takes("6.0.0", "")
        .says("Writes users to a file, which this server does not have", "把用户写入文件，本服务器没有该文件"),
    row("acl|users", 2, acl_users).takes("6.0.0", "").says("Lists the names of the users", "列出用户名"),
    row("acl|whoami", 2, acl_whoami)
        .flags("noscript loading stale")
        .takes("6.0.0", "")
        .says("Tells who the client is", "返回当前用户"),
];

fn auth(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (user, password) = match call.args {
        [_, password] => {
            if call.store.password().is_empty() {
                return Err(error::AUTH_WITHOUT_PASSWORD);
            }
            (Bytes::from("default"), password)
        }
        [_, user, password] => (user.clone(), password),
        _ => return Err(error::SYNTAX),
    };
    call.store.authenticate(call.client, &user, password)?;
    Ok(Reply::OK)
}

fn acl_cat(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    match call.args {
        [_, _] => Ok(Reply::Array(super::command::CATEGORIES.iter().map(|name| Reply::text(name)).collect())),
        [_, _, asked] => {
            let known = super::command::CATEGORIES.iter().find(|name| asked.eq_ignore_ascii_case(name.as_bytes()));
            let known = known.ok_or_else(|| error::unknown_category(asked))?;
            let of = |command: &&Command| !command.container && command.acl_categories().contains(known);
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

fn acl_getuser(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if *call.arg(2) != "default" {
        return Ok(Reply::Nil);
    }
    let pair = |name: &str, value: Reply| (Reply::text(name), value);
    let mut flags = vec![Reply::text("on")];
    if call.store.password().is_empty() {
        flags.push(Reply::text("nopass"));
    }
    Ok(Reply::Map(vec![
        pair("flags", Reply::Set(flags)),
        pair("passwords", Reply::Array(Vec::new())),
        pair("commands", Reply::text("+@all")),
        pair("keys", Reply::text("~*")),
        pair("channels", Reply::text("&*")),
        pair("selectors", Reply::Array(Vec::new())),
    ]))
}

fn acl_list(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let password = if call.store.password().is_empty() { " nopass" } else { "" };
    Ok(Reply::Array(vec![Reply::text(&format!("user default on{password} ~* &* +@all"))]))
}

fn no_file(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Err(error::NO_ACL_FILE)
}

fn acl_users(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Array(vec![Reply::text("default")]))
}

fn acl_whoami(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Bulk(call.state().user()))
}

impl Store {
    /// `requirepass`
    fn password(&self) -> Bytes {
        self.config.value("requirepass")
    }

    /// Whether there is a user of this name.
    pub(super) fn has_user(&self, name: &[u8]) -> bool {
        name == b"default"
    }

    /// Whether a client has yet to say who it is.
    pub fn needs_login(&self, client: ClientId) -> bool {
        self.has_password && self.client(client).is_some_and(|client| !client.is_known)
    }

    /// A client says who it is.
    pub(super) fn authenticate(&mut self, client: ClientId, user: &[u8], password: &[u8]) -> Result<(), Error> {
        let right = self.password();
        if !self.has_user(user) || !right.is_empty() && *right != *password {
            return Err(error::WRONG_PASSWORD);
        }
        if let Some(state) = self.client_mut(client) {
            state.is_known = true;
        }
        Ok(())
    }
}
