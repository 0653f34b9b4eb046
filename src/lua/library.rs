//! The libraries that Redis gives to scripts, and the table of all natives.

mod base;
mod bits;
mod format;
mod math;
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

/// A row of the table of natives.
pub struct Native {
    /// The library; empty for what is a global itself.
    pub library: &'static str,
    /// The name in it; empty for what no script can name.
    pub name: &'static str,
    /// What it does.
    pub run: Run,
    /// What the machine itself does instead.
    pub special: Option<Special>,
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

const fn native(library: &'static str, name: &'static str, run: Run) -> Native {
    Native { library, name, run, special: None }
}

const fn special(library: &'static str, name: &'static str, special: Special) -> Native {
    Native { library, name, run: nothing, special: Some(special) }
}

fn nothing(_: &mut Vm, _: &mut dyn Host, _: Args) -> Result<usize, Error> {
    Ok(0)
}

/// All natives. In a value a native is its place here.
pub static NATIVES: &[Native] = &[
    native("", "ipairs step", base::ipairs_step),
    native("", "gmatch step", pattern::gmatch_step),
    native("", "wrap step", base::wrap_step),
    native("", "assert", base::assert),
    native("", "collectgarbage", base::collectgarbage),
    native("", "error", base::error),
    native("", "gcinfo", base::gcinfo),
    native("", "getmetatable", base::getmetatable),
    native("", "ipairs", base::ipairs),
    native("", "load", base::load),
    native("", "loadstring", base::loadstring),
    native("", "next", base::next),
    native("", "pairs", base::pairs),
    special("", "pcall", Special::Pcall),
    native("", "rawequal", base::rawequal),
    native("", "rawget", base::rawget),
    native("", "rawset", base::rawset),
    native("", "select", base::select),
    native("", "setmetatable", base::setmetatable),
    native("", "tonumber", base::tonumber),
    native("", "tostring", base::tostring),
    native("", "type", base::type_of),
    native("", "unpack", base::unpack),
    special("", "xpcall", Special::Xpcall),
    native("coroutine", "create", base::create),
    native("coroutine", "resume", base::resume),
    native("coroutine", "running", base::running),
    native("coroutine", "status", base::status),
    native("coroutine", "wrap", base::wrap),
    special("coroutine", "yield", Special::Yield),
    native("string", "byte", string::byte),
    native("string", "char", string::char),
    native("string", "dump", string::dump),
    native("string", "find", pattern::find),
    native("string", "format", format::format),
    native("string", "gfind", string::gfind),
    native("string", "gmatch", pattern::gmatch),
    native("string", "gsub", replace::gsub),
    native("string", "len", string::len),
    native("string", "lower", string::lower),
    native("string", "match", pattern::match_),
    native("string", "rep", string::rep),
    native("string", "reverse", string::reverse),
    native("string", "sub", string::sub),
    native("string", "upper", string::upper),
    native("table", "concat", table::concat),
    native("table", "foreach", table::foreach),
    native("table", "foreachi", table::foreachi),
    native("table", "getn", table::getn),
    native("table", "insert", table::insert),
    native("table", "maxn", table::maxn),
    native("table", "remove", table::remove),
    native("table", "setn", table::setn),
    native("table", "sort", table::sort),
    native("math", "abs", math::abs),
    native("math", "acos", math::acos),
    native("math", "asin", math::asin),
    native("math", "atan", math::atan),
    native("math", "atan2", math::atan2),
    native("math", "ceil", math::ceil),
    native("math", "cos", math::cos),
    native("math", "cosh", math::cosh),
    native("math", "deg", math::deg),
    native("math", "exp", math::exp),
    native("math", "floor", math::floor),
    native("math", "fmod", math::fmod),
    native("math", "frexp", math::frexp),
    native("math", "ldexp", math::ldexp),
    native("math", "log", math::log),
    native("math", "log10", math::log10),
    native("math", "max", math::max),
    native("math", "min", math::min),
    native("math", "mod", math::fmod),
    native("math", "modf", math::modf),
    native("math", "pow", math::pow),
    native("math", "rad", math::rad),
    native("math", "random", random::random),
    native("math", "randomseed", random::randomseed),
    native("math", "sin", math::sin),
    native("math", "sinh", math::sinh),
    native("math", "sqrt", math::sqrt),
    native("math", "tan", math::tan),
    native("math", "tanh", math::tanh),
    native("bit", "arshift", bits::arshift),
    native("bit", "band", bits::band),
    native("bit", "bnot", bits::bnot),
    native("bit", "bor", bits::bor),
    native("bit", "bswap", bits::bswap),
    native("bit", "bxor", bits::bxor),
    native("bit", "lshift", bits::lshift),
    native("bit", "rol", bits::rol),
    native("bit", "ror", bits::ror),
    native("bit", "rshift", bits::rshift),
    native("bit", "tobit", bits::tobit),
    native("bit", "tohex", bits::tohex),
];

/// Makes a function of a native and a value that it begins with.
const WRAPPER: &str = "local step, state = ... return function(...) return step(state, ...) end";

/// Puts every library in the globals of a machine.
pub(crate) fn open(vm: &mut Vm) {
    for (place, native) in NATIVES.iter().enumerate() {
        if native.name.contains(' ') {
            continue;
        }
        let value = Value::Native(place as u16);
        if native.library.is_empty() {
            vm.set_global(native.name, value);
            continue;
        }
        let library = match vm.heap.table(vm.globals).get_name(native.library) {
            Value::Table(id) => id,
            _ => {
                let id = vm.heap.new_table(Table::default());
                vm.set_global(native.library, Value::Table(id));
                id
            }
        };
        vm.heap.table_mut(library).set_name(native.name, value);
    }
    vm.wrapper = vm.load(WRAPPER.as_bytes(), &Str::from("=?")).unwrap_or_default();
    let globals = Value::Table(vm.globals);
    vm.set_global("_G", globals);
    vm.set_global("_VERSION", Value::str("Lua 5.1"));
    let constants = [
        ("math", "pi", Value::Num(core::f64::consts::PI)),
        ("math", "huge", Value::Num(f64::INFINITY)),
        ("cjson", "null", Value::Light(0)),
        ("cjson", "_NAME", Value::str("cjson")),
        ("cjson", "_VERSION", Value::str("2.1.0")),
        ("cmsgpack", "_NAME", Value::str("cmsgpack")),
        ("cmsgpack", "_VERSION", Value::str("lua-cmsgpack 0.4.0")),
        ("cmsgpack", "_COPYRIGHT", Value::str("Copyright (C) 2012, Salvatore Sanfilippo")),
        ("cmsgpack", "_DESCRIPTION", Value::str("MessagePack C implementation for Lua")),
    ];
    for (library, name, value) in constants {
        if let Value::Table(id) = vm.heap.table(vm.globals).get_name(library) {
            vm.heap.table_mut(id).set_name(name, value);
        }
    }
    if let strings @ Value::Table(_) = vm.heap.table(vm.globals).get_name("string") {
        let meta = vm.table_of(&[("__index", strings)]);
        vm.string_meta = Some(meta);
    }
}

/// The native of this name in no library.
pub(crate) fn hidden(name: &str) -> Value {
    let place = NATIVES.iter().position(|native| native.library.is_empty() && native.name == name);
    Value::Native(place.unwrap_or(0) as u16)
}
