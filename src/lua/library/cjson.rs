//! `cjson` 2.1.0: JSON. Here its options, which stay as they were set from script to script; `encode.rs` writes and `decode.rs` reads.

mod decode;
mod encode;

use super::{Entry, Library, MAX_SLOTS};
use crate::{
    value::{Error, Value},
    vm::{Args, Host, Vm},
};
use alloc::format;

/// The library.
pub const LIBRARY: Library = Library {
    name: "cjson",
    room: 0,
    entries: &[
        ("encode", Entry::Native(encode::encode)),
        ("decode", Entry::Native(decode::decode)),
        ("encode_sparse_array", Entry::Native(encode_sparse_array)),
        ("encode_max_depth", Entry::Native(encode_max_depth)),
        ("decode_max_depth", Entry::Native(decode_max_depth)),
        ("encode_number_precision", Entry::Native(encode_number_precision)),
        ("encode_keep_buffer", Entry::Native(encode_keep_buffer)),
        ("encode_invalid_numbers", Entry::Native(encode_invalid_numbers)),
        ("decode_invalid_numbers", Entry::Native(decode_invalid_numbers)),
        ("new", Entry::Native(new)),
        ("null", Entry::Null),
        ("_NAME", Entry::Text("cjson")),
        ("_VERSION", Entry::Text("2.1.0")),
    ],
};

/// How an option says no and yes.
const OFF_ON: &[&str] = &["off", "on"];
/// What becomes of a number that JSON does not have.
const INVALID: &[&str] = &["off", "on", "null"];

/// What the options of `cjson` are set to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Settings {
    /// Whether an array with too many holes becomes an object; otherwise it is an error.
    sparse_convert: i32,
    /// From how many times as long as it has items an array has too many holes; 0 for never.
    sparse_ratio: i32,
    /// Up to this length holes do not matter.
    sparse_safe: i32,
    encode_max_depth: i32,
    decode_max_depth: i32,
    /// A place in [`INVALID`].
    encode_invalid_numbers: i32,
    decode_invalid_numbers: i32,
    encode_number_precision: i32,
    /// Kept and told, for here it makes no difference.
    encode_keep_buffer: i32,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            sparse_convert: 0,
            sparse_ratio: 2,
            sparse_safe: 10,
            encode_max_depth: 1000,
            decode_max_depth: 1000,
            encode_invalid_numbers: 0,
            decode_invalid_numbers: 1,
            encode_number_precision: 14,
            encode_keep_buffer: 1,
        }
    }
}

fn settings(vm: &Vm) -> Settings {
    vm.json.get(usize::from(vm.instance)).copied().unwrap_or_default()
}

fn settings_mut(vm: &mut Vm) -> &mut Settings {
    let place = usize::from(vm.instance);
    if vm.json.len() <= place {
        vm.json.resize(place + 1, Settings::default());
    }
    &mut vm.json[place]
}

/// No more arguments than these.
fn at_most(vm: &Vm, args: Args, count: usize) -> Result<(), Error> {
    if args.count > count { Err(vm.bad_argument(count + 1, "found too many arguments")) } else { Ok(()) }
}

fn exactly_one(vm: &Vm, args: Args) -> Result<(), Error> {
    if args.count == 1 { Ok(()) } else { Err(vm.bad_argument(1, "expected 1 argument")) }
}

/// Sets an option that is a number, if it is given, and pushes what it is.
fn number_option(
    vm: &mut Vm,
    args: Args,
    place: usize,
    least: i32,
    most: i32,
    field: fn(&mut Settings) -> &mut i32,
) -> Result<(), Error> {
    if !vm.arg(args, place).is_nil() {
        let value = vm.check_integer(args, place)? as i32;
        if !(least..=most).contains(&value) {
            return Err(vm.bad_argument(1, &format!("expected integer between {least} and {most}")));
        }
        *field(settings_mut(vm)) = value;
    }
    let value = *field(settings_mut(vm));
    vm.push(Value::Num(f64::from(value)));
    Ok(())
}

/// Sets an option that is one of some words, or yes or no, if it is given, and pushes what it is.
fn word_option(
    vm: &mut Vm,
    args: Args,
    place: usize,
    words: &[&'static str],
    field: fn(&mut Settings) -> &mut i32,
) -> Result<(), Error> {
    match vm.arg(args, place) {
        Value::Nil => {}
        Value::Bool(yes) => *field(settings_mut(vm)) = i32::from(yes),
        _ => {
            let word = vm.check_str(args, place)?;
            let found = words.iter().position(|other| other.as_bytes() == &word[..]);
            let value = found.ok_or_else(|| vm.bad_argument(place, &format!("invalid option '{}'", word.text())))?;
            *field(settings_mut(vm)) = value as i32;
        }
    }
    let value = match *field(settings_mut(vm)) {
        0 => Value::Bool(false),
        1 => Value::Bool(true),
        other => Value::str(words.get(other as usize).copied().unwrap_or_default()),
    };
    vm.push(value);
    Ok(())
}

fn encode_sparse_array(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    at_most(vm, args, 3)?;
    word_option(vm, args, 1, OFF_ON, |all| &mut all.sparse_convert)?;
    number_option(vm, args, 2, 0, i32::MAX, |all| &mut all.sparse_ratio)?;
    number_option(vm, args, 3, 0, i32::MAX, |all| &mut all.sparse_safe)?;
    Ok(3)
}

fn encode_max_depth(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    at_most(vm, args, 1)?;
    number_option(vm, args, 1, 1, i32::MAX, |all| &mut all.encode_max_depth)?;
    Ok(1)
}

fn decode_max_depth(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    at_most(vm, args, 1)?;
    number_option(vm, args, 1, 1, i32::MAX, |all| &mut all.decode_max_depth)?;
    Ok(1)
}

fn encode_number_precision(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    at_most(vm, args, 1)?;
    number_option(vm, args, 1, 1, 14, |all| &mut all.encode_number_precision)?;
    Ok(1)
}

fn encode_keep_buffer(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    at_most(vm, args, 1)?;
    word_option(vm, args, 1, OFF_ON, |all| &mut all.encode_keep_buffer)?;
    Ok(1)
}

fn encode_invalid_numbers(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    at_most(vm, args, 1)?;
    word_option(vm, args, 1, INVALID, |all| &mut all.encode_invalid_numbers)?;
    Ok(1)
}

fn decode_invalid_numbers(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    at_most(vm, args, 1)?;
    word_option(vm, args, 1, OFF_ON, |all| &mut all.decode_invalid_numbers)?;
    Ok(1)
}

/// The library once more, with options of its own.
fn new(vm: &mut Vm, _: &mut dyn Host, _: Args) -> Result<usize, Error> {
    if vm.json.is_empty() {
        vm.json.push(Settings::default());
    }
    if vm.json.len() >= super::MAX_INSTANCES {
        return Err(Error::text("not enough memory"));
    }
    vm.json.push(Settings::default());
    let place = super::LIBRARIES.iter().position(|library| library.name == LIBRARY.name).unwrap_or(0);
    let table = super::instance(vm, place, vm.json.len() - 1);
    vm.push(Value::Table(table));
    Ok(1)
}
