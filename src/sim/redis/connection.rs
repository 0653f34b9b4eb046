//! The group `connection`.

use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::reply::{Reply, Resp};
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
    let client = call.client;
    call.store.unwatch(client);
    call.store.forget_topics(client);
    call.store.stop_tracking(client);
    call.store.stop_monitor(client);
    let old = core::mem::take(call.state());
    let is_known = call.store.users.are_open();
    let state = call.state();
    state.link = old.link;
    state.created_ms = old.created_ms;
    state.is_known = is_known;
    Ok(Reply::status("RESET"))
}

fn quit(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.store.client_close(call.client);
    Ok(Reply::OK)
}
