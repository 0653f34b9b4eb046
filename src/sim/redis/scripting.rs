//! The group `scripting`: what can be said about scripts and functions by a server that has none.
//!
//! There is no Lua here yet: what would run or keep a script is absent, and what asks about scripts answers as Redis does when there are none.

use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::introspect::{bare_container, help};
use super::reply::Reply;
use alloc::{vec, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Scripting, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("function", -2, bare_container)
        .container()
        .takes("7.0.0", "")
        .says("Looks after libraries of functions", "管理函数库"),
    row("function|help", 2, help).flags("loading stale").takes("7.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("script", -2, bare_container).container().takes("2.6.0", "").says("Looks after scripts", "管理脚本"),
    row("script|help", 2, help).flags("loading stale").takes("5.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("function|delete", 3, function_delete)
        .flags("write noscript")
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .takes("7.0.0", "library-name")
        .says("Removes a library with its functions", "删除一个函数库"),
    row("function|flush", -2, flush)
        .flags("write noscript")
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .takes("7.0.0", "[ASYNC|SYNC]")
        .says("Removes all libraries", "删除所有函数库"),
    row("function|kill", 2, kill)
        .flags("noscript allow_busy")
        .tips("request_policy:all_shards response_policy:one_succeeded")
        .takes("7.0.0", "")
        .says("Stops the function that is running", "终止正在执行的函数"),
    row("function|list", -2, function_list)
        .flags("noscript")
        .tips("nondeterministic_output_order")
        .takes("7.0.0", "[LIBRARYNAME library-name-pattern] [WITHCODE]")
        .says("Lists libraries with their functions", "列出函数库及其函数"),
    row("function|stats", 2, function_stats)
        .flags("noscript allow_busy")
        .tips("nondeterministic_output request_policy:all_shards response_policy:special")
        .takes("7.0.0", "")
        .says("Tells which function runs, and which engines there are", "返回正在执行的函数和可用的引擎"),
    row("script|exists", -3, script_exists)
        .flags("noscript")
        .tips("request_policy:all_shards response_policy:agg_logical_and")
        .takes("2.6.0", "sha1 [sha1 ...]")
        .says("Tells which scripts the server knows", "返回哪些脚本已被缓存"),
    row("script|flush", -2, flush)
        .flags("noscript")
        .tips("request_policy:all_nodes response_policy:all_succeeded")
        .takes("2.6.0", "[ASYNC|SYNC]")
        .says("Forgets all scripts", "清空脚本缓存"),
    row("script|kill", 2, kill)
        .flags("noscript allow_busy")
        .tips("request_policy:all_shards response_policy:one_succeeded")
        .takes("2.6.0", "")
        .says("Stops the script that is running", "终止正在执行的脚本"),
];

fn function_delete(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Err(error::NO_LIBRARY)
}

fn flush(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let is_function = call.command.name.starts_with("function");
    let known = call.args.len() == 2 || (call.args.len() == 3 && (call.is_word(2, "sync") || call.is_word(2, "async")));
    match (known, is_function) {
        (true, _) => Ok(Reply::OK),
        (false, true) => Err(error::FUNCTION_FLUSH),
        (false, false) => Err(error::SCRIPT_FLUSH),
    }
}

fn kill(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Err(error::NOT_BUSY)
}

fn function_list(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let mut place = 2;
    while place < call.args.len() {
        if call.is_word(place, "withcode") {
            place += 1;
        } else if call.is_word(place, "libraryname") {
            if place + 1 == call.args.len() {
                return Err(error::NO_LIBRARY_NAME);
            }
            place += 2;
        } else {
            return Err(error::unknown_argument(call.arg(place)));
        }
    }
    Ok(Reply::Array(Vec::new()))
}

fn function_stats(_: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Map(vec![(Reply::text("running_script"), Reply::Nil), (Reply::text("engines"), Reply::Map(Vec::new()))]))
}

fn script_exists(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Array(call.args[2..].iter().map(|_| Reply::Integer(0)).collect()))
}
