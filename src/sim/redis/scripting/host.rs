//! What a script finds in the table `redis`.

use super::super::acl::Denied;
use super::super::digest;
use super::super::dispatch::{resolve, resolve_name};
use super::super::error;
use super::super::group::Flag;
use super::super::reply::{Reply, Resp};
use super::super::store::{ClientId, Cx, Store};
use super::busy::Fate;
use super::convert::{error_table, to_lua, with_code};
use super::functions::Loading;
use crate::bytes::Bytes;
use alloc::{format, vec::Vec};
use warren_lua::{Args, Error, Host, Str, Value, Vm, to_integer};

/// The functions of the host, by their numbers.
pub const NAMES: [&str; 15] = [
    "call",
    "pcall",
    "sha1hex",
    "error_reply",
    "status_reply",
    "set_repl",
    "acl_check_cmd",
    "log",
    "setresp",
    "breakpoint",
    "debug",
    "replicate_commands",
    "register_function",
    "nonexistent global",
    "error handler",
];

/// The number of a function of the host.
pub fn number(name: &str) -> Value {
    Value::Host(NAMES.iter().position(|other| *other == name).unwrap_or(0) as u16)
}

/// Commands that count as writing here, for replicas see them: no flag that COMMAND INFO shows says so.
const MAY_REPLICATE: [&str; 3] = ["publish", "spublish", "pfcount"];

/// A run of a script.
pub struct Run<'r, 'w> {
    /// The store, and what the world lends; nothing while a library is loaded.
    pub at: Option<(&'r mut Store, &'r mut Cx<'w>)>,
    /// Who called.
    pub client: ClientId,
    /// Whether nothing may be written.
    pub read_only: bool,
    /// Whether memory may be full.
    pub allow_oom: bool,
    /// Whether it was full when the script began.
    pub was_full: bool,
    /// Whether something was written.
    pub dirty: bool,
    /// The protocol that the script speaks.
    pub resp: Resp,
    /// Whether replicas are told of what is written.
    pub replicates: bool,
    /// The functions that a library registers.
    pub loading: Option<Loading>,
    /// How many slices of steps are left; none for no bound.
    pub slices: Option<u64>,
}

impl Host for Run<'_, '_> {
    fn call(&mut self, vm: &mut Vm, which: u16, args: Args) -> Result<usize, Error> {
        match NAMES.get(usize::from(which)).copied().unwrap_or_default() {
            "call" => self.command(vm, args, true),
            "pcall" => self.command(vm, args, false),
            "sha1hex" => {
                if args.count != 1 {
                    return Err(raised(vm, "wrong number of arguments"));
                }
                let text = vm.to_str(&vm.arg(args, 1)).unwrap_or_else(|| Str::from(""));
                vm.push(Value::str(digest::sha1(&text).as_bytes()));
                Ok(1)
            }
            "error_reply" => {
                let Some(text) = single_text(vm, args) else { return Ok(1) };
                let message = if text.first() == Some(&b'-') { text.to_vec() } else { [b"-", &text[..]].concat() };
                let table = error_table(vm, &with_code(&message), false);
                vm.push(table);
                Ok(1)
            }
            "status_reply" => {
                let Some(text) = single_text(vm, args) else { return Ok(1) };
                let table = Value::Table(vm.table_of(&[("ok", Value::Str(text))]));
                vm.push(table);
                Ok(1)
            }
            "set_repl" => self.set_repl(vm, args),
            "acl_check_cmd" => self.acl_check(vm, args),
            "log" => self.log(vm, args),
            "setresp" => self.set_resp(vm, args),
            "breakpoint" => {
                vm.push(Value::Bool(false));
                Ok(1)
            }
            "replicate_commands" => {
                vm.push(Value::Bool(true));
                Ok(1)
            }
            "register_function" => match &mut self.loading {
                Some(loading) => loading.register(vm, args),
                None => Err(raised(vm, "redis.register_function can only be called on FUNCTION LOAD command")),
            },
            "nonexistent global" => {
                let Some(name) = vm.to_str(&vm.arg(args, 2)) else {
                    return Err(vm.error("Second argument to luaProtectedTableError must be a string or number"));
                };
                let start = b"Script attempted to access nonexistent global variable '";
                Err(vm.error_bytes(&[&start[..], &name, b"'"].concat()))
            }
            _ => Ok(0),
        }
    }

    fn pause(&mut self) -> Result<(), Error> {
        match &mut self.slices {
            Some(0) => return Err(Error::text("Script took more steps than this server allows")),
            Some(left) => *left -= 1,
            None => {}
        }
        if self.loading.as_ref().is_some_and(Loading::is_late) {
            return Err(Error::text("FUNCTION LOAD timeout"));
        }
        let Some((store, cx)) = &mut self.at else { return Ok(()) };
        let Some(meanwhile) = cx.meanwhile.take() else { return Ok(()) };
        let fate = store.interrupt(meanwhile, cx.prng, self.dirty);
        cx.meanwhile = Some(meanwhile);
        match fate {
            Fate::GoesOn => Ok(()),
            Fate::Killed => Err(Error::text("Script killed by user with SCRIPT KILL...")),
            Fate::Ends => Err(Error::text("The server ends")),
        }
    }
}

/// Whether XREAD or XREADGROUP is asked to wait.
fn blocks(words: &[Bytes]) -> bool {
    let options = words.iter().take_while(|word| !word.eq_ignore_ascii_case(b"streams"));
    options.skip(1).any(|word| word.eq_ignore_ascii_case(b"block"))
}

/// An error that is a table, as those of the `redis` library are.
pub fn raised(vm: &mut Vm, text: &str) -> Error {
    let table = error_table(vm, &with_code(text.as_bytes()), false);
    Error::of(table)
}

fn single_text(vm: &mut Vm, args: Args) -> Option<Str> {
    if let (1, Value::Str(text)) = (args.count, vm.arg(args, 1)) {
        return Some(text);
    }
    let table = error_table(vm, b"ERR wrong number or type of arguments", false);
    vm.push(table);
    None
}

impl Run<'_, '_> {
    /// The arguments of a command; without any, or with what is no string, an error.
    fn arguments(vm: &mut Vm, args: Args) -> Result<Vec<Bytes>, Value> {
        if args.count == 0 {
            let text = b"ERR Please specify at least one argument for this redis lib call";
            return Err(error_table(vm, text, false));
        }
        let mut words = Vec::with_capacity(args.count);
        for value in vm.args_from(args, 1) {
            match value {
                Value::Str(text) => words.push(Bytes::from(&text[..])),
                Value::Num(number) => words.push(Bytes::from(warren_lua::general(*number, 17, false))),
                _ => {
                    let text = b"ERR Lua redis lib command arguments must be strings or integers";
                    return Err(error_table(vm, text, false));
                }
            }
        }
        Ok(words)
    }

    fn command(&mut self, vm: &mut Vm, args: Args, raises: bool) -> Result<usize, Error> {
        if self.at.is_none() {
            return Err(raised(vm, "redis.call/pcall can only be called inside a script invocation"));
        }
        let outcome = match Self::arguments(vm, args) {
            Ok(words) => {
                let reply = self.run_command(&words);
                let is_error = matches!(reply, Reply::Error(_));
                let value = to_lua(vm, &reply, self.resp);
                if is_error { Err(value) } else { Ok(value) }
            }
            Err(value) => Err(value),
        };
        match outcome {
            Err(value) if raises => Err(Error::of(value)),
            Ok(value) | Err(value) => {
                vm.push(value);
                Ok(1)
            }
        }
    }

    /// Runs a command for the script, if a script may.
    fn run_command(&mut self, words: &[Bytes]) -> Reply {
        let Some((store, cx)) = &mut self.at else { return Reply::Nil };
        let named = store.named(words);
        let words = named.as_deref().unwrap_or(words);
        let command = match named.as_ref().map_err(Clone::clone).and_then(|_| resolve(words)) {
            Ok(command) => command,
            Err(_) => {
                let error = match resolve_name(words) {
                    Ok(_) if named.is_ok() => error::SCRIPT_ARITY,
                    _ => error::SCRIPT_UNKNOWN,
                };
                store.count_refusal(words, &error);
                return Reply::Error(error);
            }
        };
        let denied = store.permission(self.client, command, words).err();
        let first_write = command.is(Flag::Write) && !self.dirty;
        let unwritable = first_write.then(|| store.replication_allows(true, true).err()).flatten();
        let refusal = if command.is(Flag::Noscript) && !store.scripting.allows_all {
            Some(error::SCRIPT_NOT_ALLOWED)
        } else if store.is_stale() && !command.is(Flag::Stale) {
            Some(error::SCRIPT_STALE_COMMAND)
        } else if let Some(denied) = denied {
            let now_ms = cx.now_ms;
            let why = match denied {
                Denied::Command => "can't run this command or subcommand",
                Denied::Key(_) => "can't access at least one of the keys mentioned in the command arguments",
                Denied::Channel(_) => "can't publish to the channel mentioned in the command",
            };
            store.log_denial(self.client, "lua", denied, command, words, now_ms);
            Some(error::script_user(why))
        } else if self.read_only && (command.is(Flag::Write) || MAY_REPLICATE.contains(&command.name)) {
            Some(error::SCRIPT_READ_ONLY)
        } else if let Some(error) = unwritable {
            Some(error)
        } else if self.was_full && !self.allow_oom && !self.dirty && command.is(Flag::Denyoom) {
            Some(error::OUT_OF_MEMORY)
        } else {
            None
        };
        if let Some(error) = refusal {
            store.count_refusal(words, &error);
            return Reply::Error(error);
        }
        if matches!(command.name, "xread" | "xreadgroup") && blocks(words) {
            let error = error::not_with_block(&words[0]);
            store.stats_mut().failed(&error);
            return Reply::Error(error);
        }
        self.dirty |= command.is(Flag::Write);
        let told = store.replication.told();
        let reply = store.run(self.client, command, words, None, cx);
        if !self.replicates {
            store.replication.forget(told);
        }
        reply
    }

    fn set_repl(&mut self, vm: &mut Vm, args: Args) -> Result<usize, Error> {
        if self.at.is_none() {
            return Err(raised(vm, "redis.set_repl can only be called inside a script invocation"));
        }
        if args.count != 1 {
            return Err(raised(vm, "redis.set_repl() requires two arguments."));
        }
        let flags = vm.to_number(&vm.arg(args, 1)).map_or(0, to_integer);
        if flags & !3 != 0 {
            let text = "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.";
            return Err(raised(vm, text));
        }
        self.replicates = flags & 2 != 0;
        Ok(0)
    }

    fn acl_check(&mut self, vm: &mut Vm, args: Args) -> Result<usize, Error> {
        if self.at.is_none() {
            return Err(raised(vm, "redis.acl_check_cmd can only be called inside a script invocation"));
        }
        let words = Self::arguments(vm, args).map_err(Error::of)?;
        let Ok(command) = resolve_name(&words) else {
            return Err(raised(vm, "Invalid command passed to redis.acl_check_cmd()"));
        };
        let may = self.at.as_ref().is_none_or(|(store, _)| store.permission(self.client, command, &words).is_ok());
        vm.push(Value::Bool(may));
        Ok(1)
    }

    /// There is no log that it could go to; what is wrong with a call is told all the same.
    fn log(&mut self, vm: &mut Vm, args: Args) -> Result<usize, Error> {
        if args.count < 2 {
            return Err(raised(vm, "redis.log() requires two arguments or more."));
        }
        let Some(level) = vm.to_number(&vm.arg(args, 1)) else {
            return Err(raised(vm, "First argument must be a number (log level)."));
        };
        if !(0..=3).contains(&to_integer(level)) {
            return Err(raised(vm, "Invalid debug level."));
        }
        Ok(0)
    }

    fn set_resp(&mut self, vm: &mut Vm, args: Args) -> Result<usize, Error> {
        if self.at.is_none() {
            return Err(raised(vm, "redis.setresp can only be called inside a script invocation"));
        }
        if args.count != 1 {
            return Err(raised(vm, "redis.setresp() requires one argument."));
        }
        self.resp = match vm.to_number(&vm.arg(args, 1)).map_or(0, to_integer) {
            2 => Resp::V2,
            3 => Resp::V3,
            _ => return Err(raised(vm, "RESP version must be 2 or 3.")),
        };
        if let Some((store, _)) = &mut self.at
            && let Some(state) = store.client_mut(self.client)
        {
            state.resp = self.resp;
        }
        Ok(0)
    }
}

/// The words of an error that ended a run: `name` is that of the script or function.
pub fn failure(vm: &Vm, error: &Error, name: &[u8]) -> (Vec<u8>, bool) {
    let (mut message, mut place, mut counted) = (Vec::new(), error.at.clone(), false);
    match &error.value {
        Value::Table(id) => {
            let table = vm.heap.table(*id);
            message = vm.to_str(&table.get_name("err")).map_or(b"(null)".to_vec(), |text| text.to_vec());
            counted = table.get_name("ignore_error_stats_update") == Value::Bool(true);
            // Nobody has told where it was raised: then what the table says of itself is left.
            if place.is_none()
                && let (Some(source), Value::Num(line)) = (vm.to_str(&table.get_name("source")), table.get_name("line"))
            {
                place = Some((source, line as i32));
            }
        }
        other => {
            message.extend_from_slice(b"ERR ");
            let text = vm.to_str(other).unwrap_or_else(|| {
                Str::from(match other {
                    Value::Nil => "nil",
                    Value::Bool(true) => "true",
                    Value::Bool(false) => "false",
                    other => other.type_name(),
                })
            });
            message.extend_from_slice(&text);
        }
    }
    if let Some((source, line)) = place {
        message.extend_from_slice(&[b" script: ", name, b", on ", &source, format!(":{line}.").as_bytes()].concat());
    }
    (message, counted)
}
