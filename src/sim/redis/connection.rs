//! The group `connection`.

use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::introspect::{bare_container, help};
use super::reply::{Reply, Resp};
use super::store::Client;
use alloc::vec;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Connection, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("select", 2, select)
        .flags("loading stale fast")
        .takes("1.0.0", "index")
        .says("Changes to another of the 16 databases", "切换到 16 个数据库中的另一个"),
    row("ping", -1, ping)
        .flags("fast")
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .takes("1.0.0", "[message]")
        .says("Asks whether the server is there", "检查服务器是否在线"),
    row("echo", 2, echo)
        .flags("loading stale fast")
        .takes("1.0.0", "message")
        .says("Sends back what it is sent", "原样返回收到的内容"),
    row("reset", 1, reset)
        .flags("noscript loading stale fast no_auth allow_busy")
        .takes("6.2.0", "")
        .says("Makes the connection as it was when it was opened", "把连接恢复到刚建立时的状态"),
    row("quit", -1, quit)
        .flags("noscript loading stale fast no_auth allow_busy")
        .takes("1.0.0", "")
        .says("Closes the connection", "关闭连接"),
    row("client", -2, bare_container)
        .container()
        .takes("2.4.0", "")
        .says("Looks at connections and sets them up", "查看和设置连接"),
    row("client|getname", 2, client_getname)
        .flags("noscript loading stale")
        .takes("2.6.9", "")
        .says("Tells the name of the connection", "返回连接的名字"),
    row("client|help", 2, help).flags("loading stale").takes("5.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("client|id", 2, client_id)
        .flags("noscript loading stale")
        .takes("5.0.0", "")
        .says("Tells the number of the connection", "返回连接的编号"),
    row("client|setname", 3, client_setname)
        .flags("noscript loading stale")
        .takes("2.6.9", "connection-name")
        .says("Gives the connection a name", "给连接起名"),
];

fn select(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let db = call.db_index(1)?;
    call.state().db = db;
    Ok(Reply::OK)
}

fn ping(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if call.store.is_subscriber(call.client) && call.state().resp == Resp::V2 && call.args.len() <= 2 {
        let message = call.args.get(1).cloned().unwrap_or_default();
        return Ok(Reply::Array(vec![Reply::text("pong"), Reply::Bulk(message)]));
    }
    match call.args {
        [_] => Ok(Reply::status("PONG")),
        [_, message] => Ok(Reply::Bulk(message.clone())),
        _ => Err(error::arity(call.command.name)),
    }
}

fn echo(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Bulk(call.arg(1).clone()))
}

fn reset(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.store.unwatch(call.client);
    call.store.forget_topics(call.client);
    *call.state() = Client::default();
    Ok(Reply::status("RESET"))
}

fn quit(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.store.client_close(call.client);
    Ok(Reply::OK)
}

fn client_getname(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let name = &call.state().name;
    Ok(if name.is_empty() { Reply::Nil } else { Reply::Bulk(name.clone()) })
}

fn client_id(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(i64::from(call.client.0)))
}

fn client_setname(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let name = call.arg(2);
    if !name.iter().all(|byte| (b'!'..=b'~').contains(byte)) {
        return Err(error::CLIENT_NAME);
    }
    call.state().name = name.clone();
    Ok(Reply::OK)
}
