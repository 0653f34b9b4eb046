//! The group `scripting`: EVAL and its like, SCRIPT and FUNCTION. Lua itself is the crate `warren-lua`.
//!
//! `engine.rs` keeps scripts and runs them, `host.rs` is the table `redis` that they see, `convert.rs` makes values of replies and
//! replies of values, `busy.rs` lets others be served while a script does not end, `functions.rs` has the libraries, `dump.rs` their payloads.

mod busy;
mod convert;
mod declared;
mod dump;
mod engine;
mod functions;
mod host;

use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::group::Group;
use super::introspect::{bare_container, help};
use super::number;
use super::reply::Reply;
pub use engine::Scripting;
pub(super) use functions::add;

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Scripting, name, arity, run)
}

const fn running(name: &'static str, run: Run) -> Command {
    row(name, -3, run).flags("noscript stale skip_monitor no_mandatory_keys movablekeys").keys("2# RW access update")
}

const fn reading(name: &'static str, run: Run) -> Command {
    row(name, -3, run).flags("readonly noscript stale skip_monitor no_mandatory_keys movablekeys").keys("2# RO access")
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    running("eval", eval)
        .takes("2.6.0", "script numkeys [key [key ...]] [arg [arg ...]]")
        .says("Runs a Lua script", "执行 Lua 脚本"),
    running("evalsha", evalsha)
        .takes("2.6.0", "sha1 numkeys [key [key ...]] [arg [arg ...]]")
        .says("Runs a script that the server knows", "按摘要执行已缓存的脚本"),
    reading("eval_ro", eval)
        .takes("7.0.0", "script numkeys [key [key ...]] [arg [arg ...]]")
        .says("Runs a Lua script that only reads", "执行只读的 Lua 脚本"),
    reading("evalsha_ro", evalsha)
        .takes("7.0.0", "sha1 numkeys [key [key ...]] [arg [arg ...]]")
        .says("Runs a known script that only reads", "按摘要执行只读的脚本"),
    running("fcall", functions::fcall)
        .takes("7.0.0", "function numkeys [key [key ...]] [arg [arg ...]]")
        .says("Calls a function of a library", "调用函数库中的函数"),
    reading("fcall_ro", functions::fcall)
        .takes("7.0.0", "function numkeys [key [key ...]] [arg [arg ...]]")
        .says("Calls a function that only reads", "调用只读的函数"),
    row("function", -2, bare_container)
        .container()
        .takes("7.0.0", "")
        .says("Looks after libraries of functions", "管理函数库"),
    row("function|help", 2, help).flags("loading stale").takes("7.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("script", -2, bare_container).container().takes("2.6.0", "").says("Looks after scripts", "管理脚本"),
    row("script|help", 2, help).flags("loading stale").takes("5.0.0", "").says("Lists the subcommands", "列出子命令"),
    row("function|delete", 3, functions::delete)
        .flags("write noscript")
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .takes("7.0.0", "library-name")
        .says("Removes a library with its functions", "删除一个函数库"),
    row("function|dump", 2, dump::dump)
        .flags("noscript")
        .takes("7.0.0", "")
        .says("Packs all libraries into one payload", "把所有函数库打包成一份数据"),
    row("function|flush", -2, flush)
        .flags("write noscript")
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .takes("7.0.0", "[{async:ASYNC|SYNC}]")
        .says("Removes all libraries", "删除所有函数库"),
    row("function|kill", 2, kill)
        .flags("noscript allow_busy")
        .tips("request_policy:all_shards response_policy:one_succeeded")
        .takes("7.0.0", "")
        .says("Stops the function that is running", "终止正在执行的函数"),
    row("function|list", -2, functions::list)
        .flags("noscript")
        .tips("nondeterministic_output_order")
        .takes("7.0.0", "[LIBRARYNAME library-name-pattern] [WITHCODE]")
        .says("Lists libraries with their functions", "列出函数库及其函数"),
    row("function|load", -3, functions::load)
        .flags("write denyoom noscript")
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .takes("7.0.0", "[REPLACE] function-code")
        .says("Adds a library", "加载一个函数库"),
    row("function|restore", -3, dump::restore)
        .flags("write denyoom noscript")
        .tips("request_policy:all_shards response_policy:all_succeeded")
        .takes("7.0.0", "serialized-value [{policy:FLUSH|APPEND|REPLACE}]")
        .says("Adds the libraries of a payload", "从打包的数据恢复函数库"),
    row("function|stats", 2, functions::stats)
        .flags("noscript allow_busy")
        .tips("nondeterministic_output request_policy:all_shards response_policy:special")
        .takes("7.0.0", "")
        .says("Tells which function runs, and which engines there are", "返回正在执行的函数和可用的引擎"),
    row("script|debug", 3, script_debug)
        .flags("noscript")
        .takes("3.2.0", "{mode:YES|SYNC|NO}")
        .says("Turns the debugger on or off", "开启或关闭脚本调试"),
    row("script|exists", -3, script_exists)
        .flags("noscript")
        .tips("request_policy:all_shards response_policy:agg_logical_and")
        .takes("2.6.0", "sha1 [sha1 ...]")
        .says("Tells which scripts the server knows", "返回哪些脚本已被缓存"),
    row("script|flush", -2, flush)
        .flags("noscript")
        .tips("request_policy:all_nodes response_policy:all_succeeded")
        .takes("2.6.0", "[{async:ASYNC|SYNC}@6.2.0]")
        .says("Forgets all scripts", "清空脚本缓存"),
    row("script|kill", 2, kill)
        .flags("noscript allow_busy")
        .tips("request_policy:all_shards response_policy:one_succeeded")
        .takes("2.6.0", "")
        .says("Stops the script that is running", "终止正在执行的脚本"),
    row("script|load", 3, script_load)
        .flags("noscript stale")
        .tips("request_policy:all_nodes response_policy:all_succeeded")
        .takes("2.6.0", "script")
        .says("Keeps a script without running it", "缓存脚本而不执行"),
];

fn eval(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.show_first();
    let keys_end = call.keys_end(number::integer(call.arg(2))?)?;
    let digest = call.keep_script(call.arg(1))?;
    let ro = call.command.name == "eval_ro";
    call.run_script(&digest, keys_end, ro)
}

fn evalsha(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.show_first();
    if call.arg(1).len() != 40 {
        return Err(error::NO_SCRIPT);
    }
    let keys_end = call.keys_end(number::integer(call.arg(2))?)?;
    let digest = call.arg(1).to_ascii_lowercase().into();
    let ro = call.command.name == "evalsha_ro";
    call.run_script(&digest, keys_end, ro)
}

impl Call<'_, '_> {
    /// Monitors see a script before the commands that it runs.
    fn show_first(&mut self) {
        self.store.show_always(self.client, self.db, self.command, self.args, self.cx);
    }
}

fn flush(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let is_function = call.command.name.starts_with("function");
    let known = call.args.len() == 2 || (call.args.len() == 3 && (call.is_word(2, "sync") || call.is_word(2, "async")));
    match (known, is_function) {
        (true, true) => {
            call.store.scripting.libraries.clear();
            call.store.dirty += 1;
            Ok(Reply::OK)
        }
        (true, false) => {
            call.forget_scripts();
            Ok(Reply::OK)
        }
        (false, true) if call.args.len() > 3 => Err(error::wrong_subcommand("FUNCTION", call.arg(1))),
        (false, true) => Err(error::FUNCTION_FLUSH),
        (false, false) => Err(error::SCRIPT_FLUSH),
    }
}

fn kill(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let is_eval = call.command.name == "script|kill";
    let running = call.store.scripting.running.as_mut().ok_or(error::NOT_BUSY)?;
    match (running.is_eval, is_eval) {
        _ if running.is_dirty => Err(error::UNKILLABLE),
        (true, false) => Err(error::BUSY_SCRIPT),
        (false, true) => Err(error::BUSY_FUNCTION),
        (true, true) | (false, false) => {
            running.is_killed = true;
            Ok(Reply::OK)
        }
    }
}

fn script_exists(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let scripts = &call.store.scripting.scripts;
    let known = |digest: &[u8]| scripts.contains_key(&digest.to_ascii_lowercase()[..]);
    Ok(Reply::Array(call.args[2..].iter().map(|digest| Reply::Integer(i64::from(known(digest)))).collect()))
}

fn script_load(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.keep_script(call.arg(2)).map(Reply::Bulk)
}

/// There is no debugger: it may be turned off, and turning it on is refused in words of our own.
fn script_debug(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if call.store.waiting.held > 0 {
        return Err(error::SCRIPT_DEBUG_QUEUED);
    }
    if call.is_word(2, "no") {
        return Ok(Reply::OK);
    }
    if call.is_word(2, "yes") || call.is_word(2, "sync") {
        return Err(error::NO_SCRIPT_DEBUGGER);
    }
    Err(error::SCRIPT_DEBUG)
}
