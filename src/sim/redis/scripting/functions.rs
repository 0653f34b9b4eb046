//! Libraries of functions: FUNCTION LOAD and its like, and FCALL.

use super::super::call::Call;
use super::super::console::split_args;
use super::super::error::{self, Error};
use super::super::glob;
use super::super::reply::{Reply, Resp};
use super::convert::one_line;
use super::engine::{FLAGS, Flags, LOADING, api, close, machine};
use super::host::{Run, number, raised};
use crate::bytes::Bytes;
use crate::sorted::SortedMap;
use alloc::{rc::Rc, vec, vec::Vec};
use warren_lua::{Args, SLICE, Str, Value, Vm};

/// How many steps a library may take to register its functions.
const LOAD_STEPS: u64 = 100_000_000;
/// How many microseconds it may take, where time passes.
const LOAD_MICROS: u64 = 500_000;

/// A function of a library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// What it says of itself.
    pub description: Option<Bytes>,
    /// What it may do.
    pub flags: Flags,
    /// Its place among what the library's machine keeps.
    pub place: usize,
}

/// A library.
#[derive(Clone, Debug)]
pub struct Library {
    /// Its text.
    pub code: Bytes,
    /// Its functions by their names.
    pub functions: SortedMap<Bytes, Function>,
    /// How often one of them was called: each call may have changed what the library keeps.
    pub calls: u64,
    vm: Vm,
}

/// What a library registers while it is loaded.
#[derive(Debug)]
pub struct Loading {
    functions: SortedMap<Bytes, Function>,
    /// The host's clock, in microseconds, and when loading has taken too long by it.
    clock: fn() -> u64,
    until: u64,
}

/// Whether a name is made of letters, digits and underscores.
fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
}

impl Loading {
    /// Whether it takes too long.
    pub fn is_late(&self) -> bool {
        (self.clock)() > self.until
    }

    /// `redis.register_function`
    pub fn register(&mut self, vm: &mut Vm, args: Args) -> Result<usize, warren_lua::Error> {
        let (name, callback, description, bits) = match args.count {
            1 => named(vm, args)?,
            2 => {
                let Some(name) = vm.to_str(&vm.arg(args, 1)) else {
                    return Err(raised(vm, "first argument to redis.register_function must be a string"));
                };
                let callback = vm.arg(args, 2);
                if !callback.is_function() {
                    return Err(raised(vm, "second argument to redis.register_function must be a function"));
                }
                (name, callback, None, 0)
            }
            _ => return Err(raised(vm, "wrong number of arguments to redis.register_function")),
        };
        if !is_name(&name) {
            let text = "Library names can only contain letters, numbers, or underscores(_) and must be at least one \
                        character long";
            return Err(raised(vm, text));
        }
        let name = Bytes::from(&name[..]);
        if self.functions.contains_key(&name) {
            return Err(raised(vm, "Function already exists in the library"));
        }
        vm.registry.push(callback);
        let flags = Flags { compat: false, bits };
        self.functions.insert(name, Function { description, flags, place: vm.registry.len() - 1 });
        Ok(0)
    }
}

/// The arguments of `redis.register_function` by name.
fn named(vm: &mut Vm, args: Args) -> Result<(Str, Value, Option<Bytes>, u8), warren_lua::Error> {
    let Value::Table(table) = vm.arg(args, 1) else {
        let text = "calling redis.register_function with a single argument is only applicable to Lua table \
                    (representing named arguments).";
        return Err(raised(vm, text));
    };
    let (mut name, mut callback, mut description, mut bits, mut key) = (None, None, None, 0, Value::Nil);
    while let Ok(Some((next, value))) = vm.heap.table(table).next(&key) {
        let Some(word) = vm.to_str(&next) else {
            return Err(raised(vm, "named argument key given to redis.register_function is not a string"));
        };
        match &word.to_ascii_lowercase()[..] {
            b"function_name" => match vm.to_str(&value) {
                Some(text) => name = Some(text),
                None => {
                    let text = "function_name argument given to redis.register_function must be a string";
                    return Err(raised(vm, text));
                }
            },
            b"description" => match vm.to_str(&value) {
                Some(text) => description = Some(Bytes::from(&text[..])),
                None => {
                    let text = "description argument given to redis.register_function must be a string";
                    return Err(raised(vm, text));
                }
            },
            b"callback" if value.is_function() => callback = Some(value),
            b"callback" => {
                let text = "callback argument given to redis.register_function must be a function";
                return Err(raised(vm, text));
            }
            b"flags" => {
                let Value::Table(list) = value else {
                    let text = "flags argument to redis.register_function must be a table representing function flags";
                    return Err(raised(vm, text));
                };
                match flag_bits(vm, list) {
                    Some(found) => bits = found,
                    None => return Err(raised(vm, "unknown flag given")),
                }
            }
            _ => return Err(raised(vm, "unknown argument given to redis.register_function")),
        }
        key = next;
    }
    let Some(name) = name else {
        return Err(raised(vm, "redis.register_function must get a function name argument"));
    };
    let Some(callback) = callback else {
        return Err(raised(vm, "redis.register_function must get a callback argument"));
    };
    Ok((name, callback, description, bits))
}

fn flag_bits(vm: &Vm, list: u32) -> Option<u8> {
    let (mut bits, mut place) = (0, 1);
    loop {
        let value = vm.heap.table(list).get_index(place);
        if value.is_nil() {
            return Some(bits);
        }
        let word = vm.to_str(&value)?;
        bits |= 1 << FLAGS.iter().position(|flag| word.eq_ignore_ascii_case(flag.as_bytes()))?;
        place += 1;
    }
}

/// The name of a library and its text without the first line.
fn metadata(code: &[u8]) -> Result<(Bytes, &[u8]), Error> {
    if !code.starts_with(b"#!") {
        return Err(error::LIBRARY_METADATA);
    }
    let end = code.iter().position(|byte| *byte == b'\n').ok_or(error::LIBRARY_METADATA_INVALID)?;
    let parts = split_args(&code[..end]).ok_or(error::LIBRARY_METADATA_INVALID)?;
    let (engine, options) = parts.split_first().ok_or(error::LIBRARY_METADATA_INVALID)?;
    let engine = engine.get(2..).unwrap_or_default();
    let mut name: Option<&[u8]> = None;
    for part in options {
        match part.split_at_checked(5) {
            Some((word, rest)) if word.eq_ignore_ascii_case(b"name=") => {
                if name.replace(rest).is_some() {
                    return Err(error::LIBRARY_NAME_TWICE);
                }
            }
            _ => return Err(error::library_metadata(part)),
        }
    }
    let name = name.ok_or(error::LIBRARY_NAME_MISSING)?;
    if !is_name(name) {
        return Err(error::LIBRARY_NAME);
    }
    if !engine.eq_ignore_ascii_case(b"lua") {
        return Err(error::library_engine(engine));
    }
    Ok((Bytes::from(name), &code[end..]))
}

impl Library {
    /// A function by its name, in letters of either case.
    pub fn function(&self, name: &[u8]) -> Option<(Bytes, &Function)> {
        match self.functions.get(name) {
            Some(function) => Some((Bytes::from(name), function)),
            None => {
                let same = |(other, _): &(&Bytes, &Function)| other.eq_ignore_ascii_case(name);
                self.functions.iter().find(same).map(|(other, function)| (other.clone(), function))
            }
        }
    }

    /// Reads a library and lets it register its functions.
    #[inline(never)] // Here the page's part with Lua begins, as in `engine.rs`.
    pub fn load(code: &Bytes, call: &Call<'_, '_>) -> Result<(Bytes, Library), Error> {
        let (name, text) = metadata(code)?;
        let mut vm = machine(false);
        close(&mut vm);
        let full = vm.globals;
        // While it is loaded, only registering and logging are there: all globals are looked for in a table that is changed afterwards.
        let redis = api(&mut vm, LOADING, false);
        let missing = number("nonexistent global");
        let meta = vm.table_of(&[("__index", missing)]);
        vm.heap.table_mut(redis).meta = Some(meta);
        let loading = vm.table_of(&[("redis", Value::Table(redis))]);
        vm.heap.table_mut(loading).meta = Some(meta);
        let switch = vm.table_of(&[("__index", Value::Table(loading))]);
        vm.globals = vm.heap.new_table(warren_lua::Table::with_meta(Some(switch)));
        vm.protect(vm.globals);
        let compiled = warren_lua::compile(text, &Str::from("@user_function"), crate::float::parse_f64);
        let words = |error: &warren_lua::Error, vm: &Vm| match &error.value {
            Value::Table(id) => vm.to_str(&vm.heap.table(*id).get_name("err")).map_or(Vec::new(), |text| text.to_vec()),
            other => [b"ERR ", &vm.to_str(other).unwrap_or_else(|| Str::from(other.type_name()))[..]].concat(),
        };
        let proto = compiled.map_err(|error| {
            let text = vm.to_str(&error.value).unwrap_or_else(|| Str::from(""));
            one_line(&[b"ERR Error compiling function: ", &text[..]].concat())
        })?;
        let function = vm.instantiate(proto);
        let most = match call.store.limits().max_steps {
            0 => LOAD_STEPS,
            steps => steps.min(LOAD_STEPS),
        };
        let clock = call.store.host.micros;
        let mut run = Run {
            at: None,
            client: call.client,
            read_only: true,
            allow_oom: false,
            was_full: false,
            dirty: false,
            resp: Resp::V2,
            replicates: true,
            loading: Some(Loading { functions: SortedMap::new(), clock, until: clock() + LOAD_MICROS }),
            slices: Some(most / u64::from(SLICE)),
        };
        vm.call(&mut run, function, &[]).map_err(|error| {
            let text = if error.fatal { b"ERR FUNCTION LOAD timeout".to_vec() } else { words(&error, &vm) };
            one_line(&[b"ERR Error registering functions: ", &text[..]].concat())
        })?;
        let functions = run.loading.take().map_or_else(SortedMap::new, |loading| loading.functions);
        if functions.is_empty() {
            return Err(error::NO_FUNCTIONS);
        }
        vm.heap.table_mut(switch).set_name("__index", Value::Table(full));
        vm.collect();
        Ok((name, Library { code: code.clone(), functions, calls: 0, vm }))
    }
}

pub fn load(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (mut replace, last) = (false, call.args.len() - 1);
    for place in 2..last {
        if !call.is_word(place, "replace") {
            return Err(error::unknown_option_given(call.arg(place)));
        }
        replace = true;
    }
    let code = call.arg(last).clone();
    let name = add(call, &code, replace)?;
    call.store.dirty += 1;
    Ok(Reply::Bulk(name))
}

/// Loads a library beside those that are there.
pub fn add(call: &mut Call<'_, '_>, code: &Bytes, replace: bool) -> Result<Bytes, Error> {
    call.room_for(code.len() as u64)?;
    let (name, _) = metadata(code)?;
    if !replace && call.store.scripting.libraries.contains_key(&name) {
        return Err(error::library_exists(&name));
    }
    let (name, library) = Library::load(code, call)?;
    let others = call.store.scripting.libraries.iter().filter(|(other, _)| **other != name);
    for (_, other) in others {
        if let Some(taken) = library.functions.keys().find(|function| other.function(function).is_some()) {
            return Err(error::function_exists(taken));
        }
    }
    call.store.scripting.libraries.insert(name.clone(), Rc::new(library));
    Ok(name)
}

pub fn delete(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.store.scripting.libraries.remove(call.arg(2)).ok_or(error::NO_LIBRARY)?;
    call.store.dirty += 1;
    Ok(Reply::OK)
}

pub fn list(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (mut place, mut with_code, mut pattern) = (2, false, None);
    while place < call.args.len() {
        if !with_code && call.is_word(place, "withcode") {
            with_code = true;
        } else if pattern.is_none() && call.is_word(place, "libraryname") {
            place += 1;
            pattern = Some(call.args.get(place).ok_or(error::NO_LIBRARY_NAME)?);
        } else {
            return Err(error::unknown_argument(call.arg(place)));
        }
        place += 1;
    }
    let shown = call.store.scripting.libraries.iter();
    let shown = shown.filter(|(name, _)| pattern.is_none_or(|pattern| glob::matches(pattern, name, true)));
    Ok(Reply::Array(shown.map(|(name, library)| described(name, library, with_code)).collect()))
}

fn described(name: &Bytes, library: &Library, with_code: bool) -> Reply {
    let functions = library.functions.iter().map(|(name, function)| {
        let flags = FLAGS.iter().filter(|flag| function.flags.has(flag));
        Reply::Map(vec![
            (Reply::text("name"), Reply::Bulk(name.clone())),
            (Reply::text("description"), function.description.clone().map_or(Reply::Nil, Reply::Bulk)),
            (Reply::text("flags"), Reply::Set(flags.map(|flag| Reply::status(flag)).collect())),
        ])
    });
    let mut fields = vec![
        (Reply::text("library_name"), Reply::Bulk(name.clone())),
        (Reply::text("engine"), Reply::text("LUA")),
        (Reply::text("functions"), Reply::Array(functions.collect())),
    ];
    if with_code {
        fields.push((Reply::text("library_code"), Reply::Bulk(library.code.clone())));
    }
    Reply::Map(fields)
}

pub fn stats(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let scripting = &call.store.scripting;
    let running = match &scripting.running {
        Some(running) if running.is_eval => return Err(error::BUSY_SCRIPT),
        Some(running) => {
            let micros = (call.store.host.micros)().saturating_sub(running.since);
            Reply::Map(vec![
                (Reply::text("name"), Reply::Bulk(running.name.clone())),
                (Reply::text("command"), Reply::Array(running.command.iter().cloned().map(Reply::Bulk).collect())),
                (Reply::text("duration_ms"), Reply::Integer((micros / 1000) as i64)),
            ])
        }
        None => Reply::Nil,
    };
    let libraries = &scripting.libraries;
    // The one that runs is out of the store.
    let away = scripting.away;
    let functions = away + libraries.values().map(|library| library.functions.len()).sum::<usize>();
    let lua = vec![
        (Reply::text("libraries_count"), Reply::Integer((libraries.len() + usize::from(away > 0)) as i64)),
        (Reply::text("functions_count"), Reply::Integer(functions as i64)),
    ];
    Ok(Reply::Map(vec![
        (Reply::text("running_script"), running),
        (Reply::text("engines"), Reply::Map(vec![(Reply::text("LUA"), Reply::Map(lua))])),
    ]))
}

pub fn fcall(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.show_first();
    let name = call.arg(1);
    let mut held = call.store.scripting.libraries.iter();
    let found = held.find_map(|(library, held)| {
        held.function(name).map(|(name, function)| (library.clone(), name, function.clone()))
    });
    let (library, name, function) = found.ok_or(error::NO_FUNCTION)?;
    let count = super::super::number::integer(call.arg(2)).map_err(|_| error::BAD_KEY_COUNT)?;
    let keys_end = call.keys_end(count)?;
    let ro = call.command.name == "fcall_ro";
    // The library is out of the store while it runs: nothing that a function may call looks for it.
    let Some(mut held) = call.store.scripting.libraries.remove(&library) else { return Err(error::NO_FUNCTION) };
    let result = {
        let own = Rc::make_mut(&mut held);
        own.calls += 1;
        let vm = &mut own.vm;
        let mut list = |args: &[Bytes]| {
            let table = vm.heap.new_table(warren_lua::Table::default());
            for (place, arg) in args.iter().enumerate() {
                vm.heap.table_mut(table).set_index(place + 1, Value::str(&arg[..]));
            }
            Value::Table(table)
        };
        let arguments = [list(&call.args[3..keys_end]), list(&call.args[keys_end..])];
        let callback = vm.registry.get(function.place).cloned().unwrap_or_default();
        call.store.scripting.away = own.functions.len();
        let result = call.run_function(vm, callback, &arguments, function.flags, &name, ro);
        call.store.scripting.away = 0;
        vm.tidy();
        result
    };
    call.store.scripting.libraries.insert(library, held);
    result
}
