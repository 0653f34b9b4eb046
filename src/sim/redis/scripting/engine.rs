//! The scripts and libraries that a store knows, and the machine that runs them.

use super::super::call::Call;
use super::super::console::split_args;
use super::super::digest;
use super::super::error::{self, Error};
use super::super::reply::{Reply, Resp};
use super::convert::{Answer, one_line};
use super::functions::Library;
use super::host::{Run, failure, number};
use crate::bytes::Bytes;
use crate::sorted::SortedMap;
use alloc::{boxed::Box, rc::Rc, vec::Vec};
use core::hash::{Hash, Hasher};
use warren_lua::{JsonSettings, Proto, SLICE, Str, Value, Vm};

/// The most scripts that are kept. Redis keeps as many as fit.
const MAX_SCRIPTS: usize = 100_000;
/// The most bytes that they may have together. They do not count for `maxmemory`, as in Redis.
const MAX_BYTES: u64 = 32 * 1024 * 1024;
/// The most bytes that a script may have in use.
pub const MEMORY: usize = 256 * 1024 * 1024;

/// What a script says of itself in its first line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags {
    /// It has no such line, and the rules of old hold.
    pub compat: bool,
    /// The flags, as bits in the order of [`FLAGS`].
    pub bits: u8,
}

/// The flags in Redis's order.
pub const FLAGS: [&str; 5] = ["no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"];

impl Flags {
    /// Whether a flag is set.
    pub fn has(self, name: &str) -> bool {
        FLAGS.iter().position(|flag| *flag == name).is_some_and(|place| self.bits & 1 << place != 0)
    }
}

/// A script that was read.
#[derive(Clone, Debug)]
pub struct Script {
    /// What its first line says.
    pub flags: Flags,
    proto: Rc<Proto>,
}

/// A machine that is ready for the next script. It holds nothing between two scripts, so it is no part of the state.
#[derive(Debug, Default)]
struct Machine(Option<Box<Vm>>);

/// A script that runs.
#[derive(Clone, Debug)]
pub struct Running {
    /// Its digest, or the name of the function.
    pub name: Bytes,
    /// Whether it is a script, and no function.
    pub is_eval: bool,
    /// The command that runs it.
    pub command: Vec<Bytes>,
    /// When it began, in microseconds of the host.
    pub since: u64,
    /// It runs for longer than `busy-reply-threshold`, and others are served meanwhile.
    pub is_late: bool,
    /// It is to be ended.
    pub is_killed: bool,
    /// It has written.
    pub is_dirty: bool,
}

/// What there is of scripts.
#[derive(Clone, Debug)]
pub struct Scripting {
    /// The scripts by their digests.
    pub scripts: SortedMap<Bytes, Rc<Script>>,
    /// How many bytes they have.
    pub bytes: u64,
    /// DEBUG SET-DISABLE-DENY-SCRIPTS: scripts may call every command.
    pub allows_all: bool,
    /// The libraries by their names.
    pub libraries: SortedMap<Bytes, Rc<Library>>,
    /// The state of `math.random`, which goes on from script to script.
    pub random: u64,
    /// How `cjson` is set for scripts, and for functions.
    pub json: [JsonSettings; 2],
    machine: Machine,
    /// The script that runs.
    pub running: Option<Box<Running>>,
    /// How many functions the library has that is out of the store because one of them runs.
    pub away: usize,
    /// A script runs: what it sends to the caller comes before the answer to the script.
    pub runs: bool,
    /// The error that is about to be answered has been counted already.
    pub is_counted: bool,
}

impl Clone for Machine {
    fn clone(&self) -> Self {
        Machine(None)
    }
}

impl Default for Scripting {
    fn default() -> Self {
        Scripting {
            scripts: SortedMap::new(),
            bytes: 0,
            allows_all: false,
            libraries: SortedMap::new(),
            random: warren_lua::RANDOM_START,
            json: [JsonSettings::default(); 2],
            machine: Machine(None),
            running: None,
            away: 0,
            runs: false,
            is_counted: false,
        }
    }
}

impl Scripting {
    /// How many scripts there are and how many bytes they have; how many libraries and functions, and the bytes of these.
    pub fn counts(&self) -> ([u64; 2], [u64; 3]) {
        let functions = self.libraries.values().map(|library| library.functions.len() as u64).sum();
        let code = self.libraries.values().map(|library| library.code.len() as u64).sum();
        ([self.scripts.len() as u64, self.bytes], [self.libraries.len() as u64, functions, code])
    }
}

// What was compiled follows from the texts, and how a library has changed from its calls.
impl Hash for Scripting {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for digest in self.scripts.keys() {
            digest.hash(state);
        }
        for library in self.libraries.values() {
            (&library.code, library.calls).hash(state);
        }
        self.random.hash(state);
        // As it is from the start it says nothing.
        if self.json != [JsonSettings::default(); 2] {
            self.json.hash(state);
        }
    }
}

impl PartialEq for Scripting {
    fn eq(&self, other: &Self) -> bool {
        let library = |library: &Rc<Library>| (library.code.clone(), library.calls);
        (self.random, self.json) == (other.random, other.json)
            && self.scripts.keys().eq(other.scripts.keys())
            && self.libraries.values().map(library).eq(other.libraries.values().map(library))
    }
}

impl Eq for Scripting {}

/// What is in the table `redis`, in the order in which Redis fills it: `pairs` shows that. A dot is for what only scripts find, not
/// functions.
const REDIS: &[&str] = &[
    "call",
    "pcall",
    "log",
    "LOG_DEBUG=0",
    "LOG_VERBOSE=1",
    "LOG_NOTICE=2",
    "LOG_WARNING=3",
    "REDIS_VERSION_NUM=458767",
    "REDIS_VERSION=",
    "setresp",
    "sha1hex",
    "error_reply",
    "status_reply",
    "set_repl",
    "REPL_NONE=0",
    "REPL_AOF=1",
    "REPL_SLAVE=2",
    "REPL_REPLICA=2",
    "REPL_ALL=3",
    "acl_check_cmd",
    ".breakpoint",
    ".debug",
    ".replicate_commands",
];
/// What a library finds there while it is loaded.
pub const LOADING: &[&str] = &[
    "register_function",
    "log",
    "LOG_DEBUG=0",
    "LOG_VERBOSE=1",
    "LOG_NOTICE=2",
    "LOG_WARNING=3",
    "REDIS_VERSION_NUM=458767",
    "REDIS_VERSION=",
];

/// A table of these functions and constants.
pub fn api(vm: &mut Vm, names: &[&'static str], scripts: bool) -> u32 {
    let mut entries: Vec<(&str, Value)> = Vec::new();
    for name in names {
        let (name, is_only_for_scripts) = name.strip_prefix('.').map_or((*name, false), |name| (name, true));
        if is_only_for_scripts && !scripts {
            continue;
        }
        entries.push(match name.split_once('=') {
            None => (name, number(name)),
            Some((name, "")) => (name, Value::str(super::super::info::VERSION)),
            Some((name, digits)) => {
                let digits = super::super::number::parse_integer(digits.as_bytes()).unwrap_or(0);
                (name, Value::Num(digits as f64))
            }
        });
    }
    vm.table_of(&entries)
}

/// A machine with the table `redis`.
pub fn machine(scripts: bool) -> Vm {
    let mut vm = Vm::new(crate::float::parse_f64, MEMORY);
    let redis = api(&mut vm, REDIS, scripts);
    vm.set_global("redis", Value::Table(redis));
    if scripts {
        vm.set_global("__redis__err__handler", number("error handler"));
    }
    vm
}

/// Closes the globals of a machine: what is not there cannot be read, and nothing can be changed.
pub fn close(vm: &mut Vm) {
    let meta = vm.table_of(&[("__index", number("nonexistent global"))]);
    let globals = vm.globals;
    vm.heap.table_mut(globals).meta = Some(meta);
    vm.protect(globals);
    vm.settle();
}

/// The flags of a script's first line, and where the rest begins.
pub fn shebang(body: &[u8]) -> Result<(Flags, usize), Error> {
    if !body.starts_with(b"#!") {
        return Ok((Flags { compat: true, bits: 0 }, 0));
    }
    let end = body.iter().position(|byte| *byte == b'\n').ok_or(error::SHEBANG)?;
    let parts = split_args(&body[..end]).ok_or(error::SHEBANG_ENGINE)?;
    let (engine, options) = parts.split_first().ok_or(error::SHEBANG_ENGINE)?;
    if engine != b"#!lua" {
        return Err(error::shebang_engine(engine));
    }
    let mut flags = Flags::default();
    for part in options {
        let Some(names) = part.strip_prefix(b"flags=") else { return Err(error::shebang_option(part)) };
        for name in names.split(|byte| *byte == b',').filter(|_| !names.is_empty()) {
            let place = FLAGS.iter().position(|flag| flag.as_bytes() == name);
            flags.bits |= 1 << place.ok_or_else(|| error::shebang_flag(name))?;
        }
    }
    Ok((flags, end))
}

impl Call<'_, '_> {
    /// Reads a script and keeps it; its digest.
    #[inline(never)] // Here the page's part with Lua begins, as at the two below.
    pub(super) fn keep_script(&mut self, body: &Bytes) -> Result<Bytes, Error> {
        let digest = Bytes::from(digest::sha1(body));
        if self.store.scripting.scripts.contains_key(&digest) {
            return Ok(digest);
        }
        let (flags, start) = shebang(body)?;
        let source = Str::from("@user_script");
        let proto = warren_lua::compile(&body[start..], &source, crate::float::parse_f64).map_err(|error| {
            let text = match error.value {
                Value::Str(text) => text,
                _ => Str::from(""),
            };
            one_line(&[b"ERR Error compiling script (new function): ", &text[..]].concat())
        })?;
        let scripting = &mut self.store.scripting;
        let bytes = scripting.bytes + body.len() as u64;
        if scripting.scripts.len() >= MAX_SCRIPTS || bytes > MAX_BYTES {
            return Err(error::OUT_OF_MEMORY);
        }
        scripting.bytes = bytes;
        scripting.scripts.insert(digest.clone(), Rc::new(Script { flags, proto }));
        Ok(digest)
    }

    /// Forgets all scripts.
    pub(super) fn forget_scripts(&mut self) {
        let scripting = &mut self.store.scripting;
        scripting.scripts.clear();
        (scripting.bytes, scripting.machine) = (0, Machine(None));
        scripting.json[0] = JsonSettings::default();
    }

    /// Where the keys end among the arguments of EVAL and FCALL.
    pub(super) fn keys_end(&self, count: i64) -> Result<usize, Error> {
        let most = self.args.len() - 3;
        if count > most as i64 {
            return Err(error::TOO_MANY_KEYS);
        }
        usize::try_from(count).map(|count| count + 3).map_err(|_| error::NEGATIVE_KEYS)
    }

    /// Runs a script that is kept.
    #[inline(never)]
    pub(super) fn run_script(&mut self, digest: &Bytes, keys_end: usize, ro: bool) -> Result<Reply, Error> {
        let script = self.store.scripting.scripts.get(digest).cloned().ok_or(error::NO_SCRIPT)?;
        let mut vm = match self.store.scripting.machine.0.take() {
            Some(vm) => vm,
            None => {
                let mut vm = Box::new(machine(true));
                vm.set_global("KEYS", Value::Nil);
                close(&mut vm);
                vm
            }
        };
        vm.renew();
        let mut list = |args: &[Bytes]| {
            let table = vm.heap.new_table(warren_lua::Table::default());
            for (place, arg) in args.iter().enumerate() {
                vm.heap.table_mut(table).set_index(place + 1, Value::str(&arg[..]));
            }
            Value::Table(table)
        };
        let (keys, args) = (list(&self.args[3..keys_end]), list(&self.args[keys_end..]));
        vm.set_global("KEYS", keys);
        vm.set_global("ARGV", args);
        let function = vm.instantiate(script.proto.clone());
        let result = self.run_function(&mut vm, function, &[], script.flags, digest, ro);
        vm.set_global("KEYS", Value::Nil);
        vm.set_global("ARGV", Value::Nil);
        self.store.scripting.machine = Machine(Some(vm));
        result
    }

    /// Whether a script of these flags may run now.
    fn may_run(&self, flags: Flags, ro: bool, was_full: bool) -> Result<(), Error> {
        if flags.compat {
            return if self.store.is_stale() { Err(error::MASTER_DOWN) } else { Ok(()) };
        }
        if self.store.is_stale() && !flags.has("allow-stale") {
            return Err(error::SCRIPT_STALE);
        }
        if !flags.has("no-writes") {
            match self.store.replication_allows(true, true) {
                Err(error) if error == error::READ_ONLY_REPLICA => return Err(error::SCRIPT_ON_REPLICA),
                _ if ro => return Err(error::SCRIPT_RO),
                other => other?,
            }
        }
        if was_full && !flags.has("allow-oom") && !flags.has("no-writes") {
            return Err(error::SCRIPT_OOM);
        }
        Ok(())
    }

    /// Calls a function of a machine as a script, and makes an answer of what it returns.
    #[inline(never)]
    pub(super) fn run_function(
        &mut self,
        vm: &mut Vm,
        function: Value,
        arguments: &[Value],
        flags: Flags,
        name: &[u8],
        ro: bool,
    ) -> Result<Reply, Error> {
        let limits = self.store.limits();
        let was_full = self.store.is_full();
        let slices = (limits.max_steps > 0).then(|| limits.max_steps / u64::from(SLICE));
        self.may_run(flags, ro, was_full)?;
        let (db, resp, last) = {
            let state = self.state();
            let before = (state.db, state.resp, state.last);
            state.resp = Resp::V2;
            before
        };
        let libraries = usize::from(self.command.name.starts_with("fcall"));
        self.store.hold(true);
        self.store.scripting.runs = true;
        self.store.scripting.running = Some(Box::new(Running {
            name: Bytes::from(name),
            is_eval: libraries == 0,
            command: self.args.to_vec(),
            since: (self.store.host.micros)(),
            is_late: false,
            is_killed: false,
            is_dirty: false,
        }));
        vm.random = self.store.scripting.random;
        vm.set_json_settings(self.store.scripting.json[libraries]);
        let read_only = ro || (!flags.compat && flags.has("no-writes"));
        let mut run = Run {
            at: Some((&mut *self.store, &mut *self.cx)),
            client: self.client,
            read_only,
            allow_oom: !flags.compat && flags.has("allow-oom"),
            was_full,
            dirty: false,
            resp: Resp::V2,
            replicates: true,
            loading: None,
            slices,
        };
        let result = vm.call(&mut run, function, arguments);
        let script_resp = run.resp;
        self.store.scripting.random = vm.random;
        self.store.scripting.json[libraries] = vm.json_settings();
        self.store.scripting.runs = false;
        self.store.scripting.running = None;
        self.store.hold(false);
        let state = self.state();
        (state.db, state.resp, state.last) = (db, resp, last);
        let (reply, counted) = match result {
            Ok(value) => {
                let mut answer = Answer { vm, resp: script_resp, items: 0, was_counted: false };
                let reply = answer.reply(&value, 0);
                (reply, answer.was_counted)
            }
            Err(error) => {
                let (message, counted) = failure(vm, &error, name);
                (Reply::Error(one_line(&message)), counted)
            }
        };
        self.store.scripting.is_counted = counted && matches!(reply, Reply::Error(_));
        Ok(reply)
    }
}
