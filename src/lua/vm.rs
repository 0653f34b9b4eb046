//! The machine: registers on one stack, frames, and what natives may ask of it.

mod arguments;
mod call;
mod collect;
mod meta;
mod run;
mod thread;

use crate::{
    heap::{Closure, Heap},
    library,
    number::ReadFloat,
    op::{Proto, chunk_id},
    str::Str,
    table::Table,
    value::{Error, Value},
};
use alloc::{boxed::Box, format, rc::Rc, vec::Vec};
pub use arguments::to_integer;
pub use library::cjson::Settings as JsonSettings;
pub(crate) use meta::MAX_STRING;
use thread::Thread;

/// What surrounds a machine: its own functions, and who may end a run.
pub trait Host {
    /// Runs a function of the host (`Value::Host(which)`): pushes its results and says how many they are.
    fn call(&mut self, vm: &mut Vm, which: u16, args: Args) -> Result<usize, Error>;

    /// Is asked after every [`SLICE`] steps; an error ends the run, and nothing catches it.
    fn pause(&mut self) -> Result<(), Error>;
}

/// How many steps (calls, rounds of loops) are between two questions to the host.
pub const SLICE: u32 = 10_000;

/// The arguments of a native: a stretch of the stack.
#[derive(Clone, Copy, Debug)]
pub struct Args {
    /// Where the first is.
    pub base: usize,
    /// How many there are.
    pub count: usize,
}

/// A call that has not returned.
#[derive(Clone, Debug)]
struct Frame {
    kind: Kind,
    closure: u32,
    proto: Rc<Proto>,
    base: usize,
    pc: usize,
    /// Where the function stands; its results go there.
    func: usize,
    /// How many results are wanted; negative for all.
    want: i32,
    /// It took the place of its caller.
    tail: bool,
}

/// What a frame belongs to.
#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Lua,
    /// `pcall`, or `xpcall` with its handler.
    Protected(Value),
}

/// A machine with its heap.
#[derive(Clone, Debug)]
pub struct Vm {
    /// Tables and closures.
    pub heap: Heap,
    /// The table of globals.
    pub globals: u32,
    /// The metatable of strings.
    pub(crate) string_meta: Option<u32>,
    /// The function that makes functions of natives.
    pub(crate) wrapper: Value,
    /// What the host keeps between calls.
    pub registry: Vec<Value>,
    /// The state of `math.random`.
    pub random: u64,
    /// The options of `cjson`, and those of the libraries that `cjson.new` has made.
    pub(crate) json: Vec<library::cjson::Settings>,
    /// Which instance of its library the native at work belongs to.
    pub(crate) instance: u16,
    pub(crate) read_float: ReadFloat,
    stack: Vec<Value>,
    top: usize,
    frames: Vec<Frame>,
    /// Variables on the stack that closures keep, by their places.
    open: Vec<(u32, u32)>,
    proto: Rc<Proto>,
    pc: usize,
    base: usize,
    closure: u32,
    threads: Vec<Thread>,
    thread: u32,
    /// How many natives are at work that call back.
    nested: u32,
    /// Whether a native is at work: what goes wrong in the machine itself then has no place in the text.
    native: bool,
    fuel: u32,
    /// The most bytes that may be in use.
    pub memory_limit: usize,
    fresh: [usize; 3],
}

impl Vm {
    /// A machine with the libraries in its globals.
    pub fn new(read_float: ReadFloat, memory_limit: usize) -> Vm {
        let mut heap = Heap::default();
        let globals = heap.new_table(Table::default());
        let mut vm = Vm {
            heap,
            globals,
            string_meta: None,
            wrapper: Value::Nil,
            registry: Vec::new(),
            random: library::random::START,
            json: Vec::new(),
            instance: 0,
            read_float,
            stack: Vec::new(),
            top: 0,
            frames: Vec::new(),
            open: Vec::new(),
            proto: Rc::default(),
            pc: 0,
            base: 0,
            closure: 0,
            threads: alloc::vec![Thread::default()],
            thread: 0,
            nested: 0,
            native: false,
            fuel: SLICE,
            memory_limit,
            fresh: [0; 3],
        };
        library::open(&mut vm);
        vm
    }

    /// Compiles a text to a function. `source` is `@` and a name, or the text itself.
    pub fn load(&mut self, text: &[u8], source: &Str) -> Result<Value, Error> {
        let proto = crate::compile::compile(text, source, self.read_float)?;
        Ok(self.instantiate(proto))
    }

    /// A function of this machine from what was compiled before.
    pub fn instantiate(&mut self, proto: Rc<Proto>) -> Value {
        let closure = Closure { proto, upvalues: Box::default(), globals: self.globals };
        Value::Closure(self.heap.new_closure(closure))
    }

    /// Remembers what there is as what [`Vm::renew`] goes back to.
    pub fn settle(&mut self) {
        self.fresh = self.heap.sizes();
    }

    /// Back to how it was at [`Vm::settle`]. Only right if nothing that was there then can be changed by scripts.
    pub fn renew(&mut self) {
        self.stop();
        self.stack.clear();
        self.threads.truncate(1);
        self.json.truncate(1);
        self.heap.cut(self.fresh);
    }

    /// How `cjson` is set, which stays from script to script.
    pub fn json_settings(&self) -> JsonSettings {
        self.json.first().copied().unwrap_or_default()
    }

    /// Sets `cjson` as it was set before.
    pub fn set_json_settings(&mut self, settings: JsonSettings) {
        match self.json.first_mut() {
            Some(first) => *first = settings,
            None => self.json.push(settings),
        }
    }

    /// Drops whatever was running.
    fn stop(&mut self) {
        self.frames.clear();
        self.open.clear();
        self.top = 0;
        (self.base, self.pc, self.nested, self.thread, self.fuel) = (0, 0, 0, 0, SLICE);
        self.native = false;
        self.stack.iter_mut().for_each(|value| *value = Value::Nil);
    }

    /// Makes a table and everything it leads to unchangeable for scripts, and the metatable of strings.
    pub fn protect(&mut self, table: u32) {
        let mut waiting = alloc::vec![table];
        waiting.extend(self.string_meta);
        while let Some(id) = waiting.pop() {
            let table = self.heap.table_mut(id);
            if core::mem::replace(&mut table.readonly, true) {
                continue;
            }
            waiting.extend(table.meta);
            table.each(&mut |value| {
                if let Value::Table(id) = value {
                    waiting.push(*id);
                }
            });
        }
    }

    /// A table of functions and constants.
    pub fn table_of(&mut self, entries: &[(&str, Value)]) -> u32 {
        let mut table = Table::default();
        for (name, value) in entries {
            table.set_name(name, value.clone());
        }
        self.heap.new_table(table)
    }

    /// A function that calls a hidden native with this value before its own arguments.
    pub(crate) fn wrapped(&mut self, host: &mut dyn Host, native: &str, state: Value) -> Result<Value, Error> {
        let above = self.free_place();
        self.call_value(host, self.wrapper.clone(), &[library::hidden(native), state], above)
    }

    /// Sets a global.
    pub fn set_global(&mut self, name: &str, value: Value) {
        self.heap.table_mut(self.globals).set_name(name, value);
    }

    /// Calls a function from outside, with nothing running; its first result.
    pub fn call(&mut self, host: &mut dyn Host, function: Value, arguments: &[Value]) -> Result<Value, Error> {
        self.stop();
        self.stack.clear();
        self.push(function);
        arguments.iter().for_each(|argument| self.push(argument.clone()));
        let mut result = self.enter(host, 0, arguments.len(), 1);
        if result.is_ok() {
            result = self.room(1);
        }
        let value = match result {
            Ok(()) => Ok(self.stack[0].clone()),
            Err(error) => Err(error),
        };
        self.stop();
        value
    }

    /// Pushes a value, as natives give their results.
    pub fn push(&mut self, value: Value) {
        if self.top < self.stack.len() {
            self.stack[self.top] = value;
        } else {
            self.stack.truncate(self.top);
            self.stack.push(value);
        }
        self.top += 1;
    }

    /// Where a frame is: its source's name and line.
    fn place_of(&self, index: usize) -> Option<(Str, i32)> {
        let frame = self.frames.get(index)?;
        if frame.kind != Kind::Lua {
            return None;
        }
        let is_top = index + 1 == self.frames.len();
        let pc = if is_top { self.pc } else { frame.pc };
        let line = frame.proto.lines.get(pc.saturating_sub(1)).copied().unwrap_or(0);
        let source = frame.proto.source.clone().unwrap_or_else(|| Str::from("=?"));
        Some((source, line as i32))
    }

    /// `source:line: ` of a level: 1 is who called the native that asks. Nothing if that is not Lua code.
    pub(crate) fn where_at(&self, level: usize) -> Vec<u8> {
        let mut left = level;
        for index in (0..self.frames.len()).rev() {
            left -= 1;
            if left == 0 {
                return self.place_of(index).map_or(Vec::new(), |(source, line)| {
                    [&chunk_id(&source)[..], format!(":{line}: ").as_bytes()].concat()
                });
            }
            // A tail call leaves a level of which nothing is known.
            if self.frames[index].tail {
                left -= 1;
                if left == 0 {
                    break;
                }
            }
        }
        Vec::new()
    }

    /// An error with the place of the Lua code that is at work before its text.
    pub fn error(&self, text: &str) -> Error {
        self.error_bytes(text.as_bytes())
    }

    /// As [`Vm::error`], of bytes.
    pub fn error_bytes(&self, text: &[u8]) -> Error {
        Error::bytes([&self.where_at(1)[..], text].concat())
    }

    /// An error of the machine itself.
    pub(crate) fn fault(&self, text: &str) -> Error {
        self.fault_bytes(text.as_bytes())
    }

    /// As [`Vm::fault`], of bytes.
    pub(crate) fn fault_bytes(&self, text: &[u8]) -> Error {
        if self.native { Error::bytes(text.to_vec()) } else { self.error_bytes(text) }
    }

    /// Counts steps that a native takes, so that no native works without end.
    pub(crate) fn charge(&mut self, host: &mut dyn Host, steps: usize) -> Result<(), Error> {
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        if steps < self.fuel {
            self.fuel -= steps;
            return Ok(());
        }
        self.fuel = SLICE;
        for _ in 0..(steps / SLICE).max(1) {
            host.pause().map_err(|error| Error { fatal: true, ..error })?;
        }
        Ok(())
    }
}
