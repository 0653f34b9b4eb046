//! The functions without a library.

use super::hidden;
use super::{Entry, Library, MAX_SLOTS, Special};
use crate::{
    number::is_space,
    op::chunk_id,
    str::Str,
    value::{Error, Value},
    vm::{Args, Host, Vm},
};
use alloc::{format, vec::Vec};

/// What are globals themselves.
pub const LIBRARY: Library = Library {
    name: "",
    room: 0,
    entries: &[
        ("ipairs step", Entry::Native(ipairs_step)),
        ("gmatch step", Entry::Native(super::pattern::gmatch_step)),
        ("wrap step", Entry::Native(super::coroutine::wrap_step)),
        ("assert", Entry::Native(assert)),
        ("collectgarbage", Entry::Native(collectgarbage)),
        ("error", Entry::Native(error)),
        ("gcinfo", Entry::Native(gcinfo)),
        ("getmetatable", Entry::Native(getmetatable)),
        ("load", Entry::Native(load)),
        ("loadstring", Entry::Native(loadstring)),
        ("next", Entry::Native(next)),
        ("pcall", Entry::Special(Special::Pcall)),
        ("rawequal", Entry::Native(rawequal)),
        ("rawget", Entry::Native(rawget)),
        ("rawset", Entry::Native(rawset)),
        ("select", Entry::Native(select)),
        ("setmetatable", Entry::Native(setmetatable)),
        ("tonumber", Entry::Native(tonumber)),
        ("tostring", Entry::Native(tostring)),
        ("type", Entry::Native(type_of)),
        ("unpack", Entry::Native(unpack)),
        ("xpcall", Entry::Special(Special::Xpcall)),
        ("ipairs", Entry::Native(ipairs)),
        ("pairs", Entry::Native(pairs)),
        ("_VERSION", Entry::Text("Lua 5.1")),
    ],
};

pub fn assert(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    vm.check_any(args, 1)?;
    if vm.arg(args, 1).truthy() {
        let all = vm.args_from(args, 1).to_vec();
        let count = all.len();
        all.into_iter().for_each(|value| vm.push(value));
        return Ok(count);
    }
    if args.count < 2 || vm.arg(args, 2).is_nil() {
        return Err(vm.error("assertion failed!"));
    }
    Err(vm.error_bytes(&vm.check_str(args, 2)?))
}

pub fn collectgarbage(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let option = if vm.arg(args, 1).is_nil() { Str::from("collect") } else { vm.check_str(args, 1)? };
    let value = match &option[..] {
        b"collect" | b"stop" | b"restart" | b"setpause" | b"setstepmul" => Value::Num(0.0),
        b"count" => Value::Num(vm.bytes() as f64 / 1024.0),
        b"step" => Value::Bool(false),
        other => return Err(vm.bad_argument(1, &format!("invalid option '{}'", Str::from(other).text()))),
    };
    vm.push(value);
    Ok(1)
}

pub fn gcinfo(vm: &mut Vm, _: &mut dyn Host, _: Args) -> Result<usize, Error> {
    vm.push(Value::Num((vm.bytes() / 1024) as f64));
    Ok(1)
}

pub fn error(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let level = vm.opt_integer(args, 2, 1)?;
    let value = vm.arg(args, 1);
    Err(match vm.to_str(&value).filter(|_| level > 0) {
        Some(text) => Error::bytes([&vm.where_at(level as usize)[..], &text].concat()),
        None => Error::of(value),
    })
}

pub fn getmetatable(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    vm.check_any(args, 1)?;
    let value = vm.arg(args, 1);
    let hidden = vm.metamethod(&value, "__metatable");
    let meta = vm.metatable(&value).map_or(Value::Nil, Value::Table);
    vm.push(if hidden.is_nil() { meta } else { hidden });
    Ok(1)
}

pub fn setmetatable(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    let meta = match vm.arg(args, 2) {
        Value::Nil if args.count >= 2 => None,
        Value::Table(id) => Some(id),
        _ => return Err(vm.bad_argument(2, "nil or table expected")),
    };
    if !vm.metamethod(&Value::Table(table), "__metatable").is_nil() {
        return Err(vm.error("cannot change a protected metatable"));
    }
    if vm.heap.table(table).readonly {
        return Err(vm.fault("Attempt to modify a readonly table"));
    }
    vm.heap.table_mut(table).meta = meta;
    vm.push(Value::Table(table));
    Ok(1)
}

pub fn ipairs(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    vm.push(hidden("ipairs step"));
    vm.push(Value::Table(table));
    vm.push(Value::Num(0.0));
    Ok(3)
}

pub fn ipairs_step(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    let index = vm.check_integer(args, 2)?.saturating_add(1);
    let value = vm.heap.table(table).get(&Value::Num(index as f64));
    if value.is_nil() {
        vm.push(Value::Nil);
        return Ok(1);
    }
    vm.push(Value::Num(index as f64));
    vm.push(value);
    Ok(2)
}

pub fn pairs(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    let next = vm.native_named("next");
    vm.push(next);
    vm.push(Value::Table(table));
    vm.push(Value::Nil);
    Ok(3)
}

pub fn next(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    let key = vm.arg(args, 2);
    match vm.heap.table(table).next(&key).map_err(|text| vm.fault(text))? {
        Some((key, value)) => {
            vm.push(key);
            vm.push(value);
            Ok(2)
        }
        None => {
            vm.push(Value::Nil);
            Ok(1)
        }
    }
}

fn loaded(vm: &mut Vm, text: &[u8], source: &Str) -> usize {
    if text.first() == Some(&0x1B) {
        // Redis's Lua reads no bytecode.
        vm.push(Value::Nil);
        let name = [&chunk_id(source)[..], b": bad header in precompiled chunk"].concat();
        vm.push(Value::str(name));
        return 2;
    }
    match vm.load(text, source) {
        Ok(function) => {
            vm.push(function);
            1
        }
        Err(error) => {
            vm.push(Value::Nil);
            vm.push(error.value);
            2
        }
    }
}

pub fn loadstring(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let text = vm.check_str(args, 1)?;
    let source = if vm.arg(args, 2).is_nil() { text.clone() } else { vm.check_str(args, 2)? };
    Ok(loaded(vm, &text, &source))
}

pub fn load(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let function = vm.check_function(args, 1)?;
    let source = if vm.arg(args, 2).is_nil() { Str::from("=(load)") } else { vm.check_str(args, 2)? };
    let mut text = Vec::new();
    loop {
        let above = vm.free_place();
        match vm.call_value(host, function.clone(), &[], above)? {
            Value::Nil => break,
            Value::Str(piece) if piece.is_empty() => break,
            Value::Str(piece) => text.extend_from_slice(&piece),
            _ => return Err(vm.error("reader function must return a string")),
        }
        vm.charge(host, 1)?;
        if text.len() > vm.memory_limit {
            return Err(Error::text("not enough memory"));
        }
    }
    Ok(loaded(vm, &text, &source))
}

pub fn rawequal(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    vm.check_any(args, 1)?;
    vm.check_any(args, 2)?;
    vm.push(Value::Bool(vm.arg(args, 1) == vm.arg(args, 2)));
    Ok(1)
}

pub fn rawget(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    vm.check_any(args, 2)?;
    vm.push(vm.heap.table(table).get(&vm.arg(args, 2)));
    Ok(1)
}

pub fn rawset(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    vm.check_any(args, 2)?;
    vm.check_any(args, 3)?;
    vm.raw_set(table, vm.arg(args, 2), vm.arg(args, 3))?;
    vm.push(Value::Table(table));
    Ok(1)
}

pub fn select(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    if let Value::Str(text) = vm.arg(args, 1)
        && text.first() == Some(&b'#')
    {
        vm.push(Value::Num(args.count as f64 - 1.0));
        return Ok(1);
    }
    let mut place = vm.check_integer(args, 1)?;
    if place < 0 {
        place += args.count as i64;
    }
    if place < 1 {
        return Err(vm.bad_argument(1, "index out of range"));
    }
    let rest = vm.args_from(args, (place as usize).saturating_add(1).min(args.count + 1)).to_vec();
    let count = rest.len();
    rest.into_iter().for_each(|value| vm.push(value));
    Ok(count)
}

pub fn tonumber(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let base = vm.opt_integer(args, 2, 10)?;
    if base == 10 {
        vm.check_any(args, 1)?;
        let number = vm.to_number(&vm.arg(args, 1)).map_or(Value::Nil, Value::Num);
        vm.push(number);
        return Ok(1);
    }
    let text = vm.check_str(args, 1)?;
    if !(2..=36).contains(&base) {
        return Err(vm.bad_argument(2, "base out of range"));
    }
    let text: Vec<u8> = text.iter().copied().skip_while(|byte| is_space(*byte)).collect();
    let (negative, rest) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, &text[..]),
    };
    let rest = if base == 16 { rest.strip_prefix(b"0x").or(rest.strip_prefix(b"0X")).unwrap_or(rest) } else { rest };
    let mut number = 0_u64;
    let mut count = 0;
    while let Some(digit) = rest.get(count).and_then(|byte| (*byte as char).to_digit(base as u32)) {
        number = number.saturating_mul(base as u64).saturating_add(u64::from(digit));
        count += 1;
    }
    let is_number = count > 0 && rest[count..].iter().all(|byte| is_space(*byte));
    // C's `strtoul` turns the sign within 64 bits.
    let number = if negative { number.wrapping_neg() } else { number };
    vm.push(if is_number { Value::Num(number as f64) } else { Value::Nil });
    Ok(1)
}

pub fn tostring(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    vm.check_any(args, 1)?;
    let text = vm.describe(host, &vm.arg(args, 1))?;
    vm.push(text);
    Ok(1)
}

pub fn type_of(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    vm.check_any(args, 1)?;
    vm.push(Value::str(vm.arg(args, 1).type_name()));
    Ok(1)
}

pub fn unpack(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    let from = vm.opt_integer(args, 2, 1)?;
    let to = vm.opt_integer(args, 3, vm.heap.table(table).border() as i64)?;
    if from > to {
        return Ok(0);
    }
    // As far as the stack of Redis's Lua grows.
    let count = to.checked_sub(from).filter(|count| *count < (MAX_SLOTS - args.count.min(MAX_SLOTS)) as i64);
    let Some(count) = count else { return Err(vm.error("too many results to unpack")) };
    for index in from..=from + count {
        vm.push(vm.heap.table(table).get(&Value::Num(index as f64)));
    }
    Ok(count as usize + 1)
}
