//! The libraries that Redis gives to scripts: one file each, and one line in [`LIBRARIES`].

mod base;
mod bits;
pub mod cjson;
mod cmsgpack;
mod coroutine;
mod format;
mod math;
mod packing;
mod pattern;
pub mod random;
mod replace;
mod string;
mod table;

use crate::{
    str::Str,
    table::Table,
    value::{Error, Value},
    vm::{Args, Host, Vm},
};

/// A function of a library: pushes its results and says how many.
pub type Run = fn(&mut Vm, &mut dyn Host, Args) -> Result<usize, Error>;

/// A library: a table of functions and constants, in the order in which Redis's is filled, for `pairs` shows it.
pub struct Library {
    /// Its global; empty for what are globals themselves.
    pub name: &'static str,
    /// How many entries the table has room for before it is filled.
    pub room: usize,
    /// What it has.
    pub entries: &'static [(&'static str, Entry)],
}

/// What stands in a library. A native with a space in its name is one that no script can name.
#[derive(Clone, Copy)]
pub enum Entry {
    /// A function.
    Native(Run),
    /// A function that the machine itself carries out.
    Special(Special),
    /// A number.
    Number(f64),
    /// A string.
    Text(&'static str),
    /// The light userdata that stands for nothing.
    Null,
    /// The same as another entry.
    Same(&'static str),
}

/// Natives that change which function runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Special {
    /// `pcall`
    Pcall,
    /// `xpcall`
    Xpcall,
    /// `coroutine.yield`
    Yield,
}

/// All libraries. The number of a native says which entry of which library it is, and of which instance.
pub static LIBRARIES: [&Library; 9] = [
    &base::LIBRARY,
    &coroutine::LIBRARY,
    &table::LIBRARY,
    &string::LIBRARY,
    &math::LIBRARY,
    &cjson::LIBRARY,
    &packing::LIBRARY,
    &cmsgpack::LIBRARY,
    &bits::LIBRARY,
];
/// Bits of a native's number for its place in its library.
const ENTRY_BITS: u16 = 6;
/// Bits for the library.
const LIBRARY_BITS: u16 = 4;
/// How many instances a library may have.
pub(crate) const MAX_INSTANCES: usize = 1 << (16 - ENTRY_BITS - LIBRARY_BITS);

/// How many values the stack of Redis's Lua holds for one function (`LUAI_MAXCSTACK`): what would take more is refused.
const MAX_SLOTS: usize = 8000;

/// What the number of a native stands for, and the instance.
pub(crate) fn native(id: u16) -> (Entry, u16) {
    let library = LIBRARIES[usize::from(id >> ENTRY_BITS & ((1 << LIBRARY_BITS) - 1))];
    (library.entries[usize::from(id & ((1 << ENTRY_BITS) - 1))].1, id >> (ENTRY_BITS + LIBRARY_BITS))
}

/// Makes a function of a native and a value that it begins with.
const WRAPPER: &str = "local step, state = ... return function(...) return step(state, ...) end";

/// Puts every library in the globals of a machine.
pub(crate) fn open(vm: &mut Vm) {
    for (place, library) in LIBRARIES.iter().enumerate() {
        if library.name.is_empty() {
            let globals = vm.globals;
            fill(vm, place, 0, globals);
        } else {
            let table = instance(vm, place, 0);
            vm.set_global(library.name, Value::Table(table));
        }
    }
    vm.wrapper = vm.load(WRAPPER.as_bytes(), &Str::from("=?")).unwrap_or_default();
    let globals = Value::Table(vm.globals);
    vm.set_global("_G", globals);
    if let strings @ Value::Table(_) = vm.heap.table(vm.globals).get_name("string") {
        let meta = vm.table_of(&[("__index", strings)]);
        vm.string_meta = Some(meta);
    }
}

/// A table with what a library has; natives of an instance find what is theirs by its number.
pub(crate) fn instance(vm: &mut Vm, library: usize, number: usize) -> u32 {
    let table = vm.heap.new_table(Table::with(0, LIBRARIES[library].room));
    fill(vm, library, number, table);
    table
}

fn fill(vm: &mut Vm, library: usize, instance: usize, table: u32) {
    for (place, (name, entry)) in LIBRARIES[library].entries.iter().enumerate() {
        let value = match entry {
            Entry::Native(_) | Entry::Special(_) if name.contains(' ') => continue,
            Entry::Native(_) | Entry::Special(_) => {
                Value::Native((((instance << LIBRARY_BITS) | library) << ENTRY_BITS | place) as u16)
            }
            Entry::Number(number) => Value::Num(*number),
            Entry::Text(text) => Value::str(*text),
            Entry::Null => Value::Light(0),
            Entry::Same(other) => vm.heap.table(table).get_name(other),
        };
        vm.heap.table_mut(table).set_name(name, value);
    }
}

/// The native of this name in no library.
pub(crate) fn hidden(name: &str) -> Value {
    let place = base::LIBRARY.entries.iter().position(|(other, _)| *other == name);
    Value::Native(place.unwrap_or(0) as u16)
}
