//! `cmsgpack` 0.4.0: MessagePack.

use super::{Entry, Library, MAX_SLOTS};
use crate::{
    table::Table,
    value::{Error, Value},
    vm::{Args, Host, Vm, to_integer},
};
use alloc::{format, vec::Vec};

/// The library.
pub const LIBRARY: Library = Library {
    name: "cmsgpack",
    room: 0,
    entries: &[
        ("pack", Entry::Native(pack)),
        ("unpack", Entry::Native(unpack)),
        ("unpack_one", Entry::Native(unpack_one)),
        ("unpack_limit", Entry::Native(unpack_limit)),
        ("_NAME", Entry::Text("cmsgpack")),
        ("_VERSION", Entry::Text("lua-cmsgpack 0.4.0")),
        ("_COPYRIGHT", Entry::Text("Copyright (C) 2012, Salvatore Sanfilippo")),
        ("_DESCRIPTION", Entry::Text("MessagePack C implementation for Lua")),
    ],
};

/// Tables that nest deeper are written as nothing.
const MAX_NESTING: u32 = 16;
fn pack(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    if args.count == 0 {
        return Err(vm.bad_argument(0, "MessagePack pack needs input."));
    }
    let mut out = Vec::new();
    for place in 1..=args.count {
        put(vm, host, &mut out, &vm.arg(args, place), 0)?;
    }
    let text = vm.heap.text(out);
    vm.push(text);
    vm.memory_check()?;
    Ok(1)
}

fn put(vm: &mut Vm, host: &mut dyn Host, out: &mut Vec<u8>, value: &Value, level: u32) -> Result<(), Error> {
    vm.charge(host, 1)?;
    if out.len() > vm.memory_limit {
        return Err(Error::text("not enough memory"));
    }
    match value {
        Value::Str(text) => {
            match text.len() {
                length @ ..32 => out.push(0xA0 | length as u8),
                length @ ..=0xFF => out.extend_from_slice(&[0xD9, length as u8]),
                length => put_length(out, 0xDA, length),
            }
            out.extend_from_slice(text);
        }
        Value::Bool(yes) => out.push(if *yes { 0xC3 } else { 0xC2 }),
        Value::Num(number) => put_number(out, *number),
        Value::Table(id) if level < MAX_NESTING => match array_length(vm, *id) {
            Some(count) => {
                match count {
                    ..=15 => out.push(0x90 | count as u8),
                    _ => put_length(out, 0xDC, count),
                }
                for index in 1..=count {
                    let item = vm.heap.table(*id).get_index(index);
                    put(vm, host, out, &item, level + 1)?;
                }
            }
            None => {
                let mut pairs = Vec::new();
                let mut key = Value::Nil;
                while let Some((next, value)) = vm.heap.table(*id).next(&key).map_err(Error::text)? {
                    key = next.clone();
                    pairs.push((next, value));
                }
                match pairs.len() {
                    count @ ..=15 => out.push(0x80 | count as u8),
                    count => put_length(out, 0xDE, count),
                }
                for (key, value) in &pairs {
                    put(vm, host, out, key, level + 1)?;
                    put(vm, host, out, value, level + 1)?;
                }
            }
        },
        _ => out.push(0xC0),
    }
    Ok(())
}

/// A length in two bytes behind this one, or in four behind the next.
fn put_length(out: &mut Vec<u8>, head: u8, length: usize) {
    match u16::try_from(length) {
        Ok(length) => {
            out.push(head);
            out.extend_from_slice(&length.to_be_bytes());
        }
        Err(_) => {
            out.push(head + 1);
            out.extend_from_slice(&(length as u32).to_be_bytes());
        }
    }
}

fn put_number(out: &mut Vec<u8>, number: f64) {
    let whole = to_integer(number);
    if number.is_infinite() || whole as f64 != number || number == 9_223_372_036_854_775_808.0 {
        let single = number as f32;
        if f64::from(single) == number {
            out.push(0xCA);
            out.extend_from_slice(&single.to_be_bytes());
        } else {
            out.push(0xCB);
            out.extend_from_slice(&number.to_be_bytes());
        }
        return;
    }
    let bytes = whole.to_be_bytes();
    let (head, count) = match whole {
        -32..=127 => return out.push(whole as u8),
        128..=0xFF => (0xCC, 1),
        0x100..=0xFFFF => (0xCD, 2),
        0x1_0000..=0xFFFF_FFFF => (0xCE, 4),
        0x1_0000_0000.. => (0xCF, 8),
        -128..=-33 => (0xD0, 1),
        -0x8000..=-129 => (0xD1, 2),
        -0x8000_0000..=-0x8001 => (0xD2, 4),
        _ => (0xD3, 8),
    };
    out.push(head);
    out.extend_from_slice(&bytes[8 - count..]);
}

/// The length of a table that has exactly the keys from 1 to it.
fn array_length(vm: &Vm, id: u32) -> Option<usize> {
    let (mut count, mut most, mut is_array) = (0_usize, 0.0_f64, true);
    vm.heap.table(id).each_key(&mut |key| match key {
        Value::Num(number) if *number > 0.0 && f64::from(*number as i32) == *number => {
            most = most.max(*number);
            count += 1;
        }
        _ => is_array = false,
    });
    (is_array && most == count as f64).then_some(count)
}

fn unpack(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    unpack_some(vm, host, args, 0, 0, args.count)
}

fn unpack_one(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let offset = vm.opt_integer(args, 2, 0)?;
    unpack_some(vm, host, args, 1, offset, 1)
}

fn unpack_limit(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let limit = vm.check_integer(args, 2)?;
    let offset = vm.opt_integer(args, 3, 0)?;
    unpack_some(vm, host, args, limit, offset, 1)
}

/// Reads up to `limit` values from `offset` on; all if both are 0. Otherwise the first result is where the next one begins.
fn unpack_some(
    vm: &mut Vm,
    host: &mut dyn Host,
    args: Args,
    limit: i64,
    offset: i64,
    slots: usize,
) -> Result<usize, Error> {
    let text = vm.check_str(args, 1)?;
    if offset < 0 || limit < 0 {
        let (offset, length) = (offset as i32, text.len() as i32);
        let said = format!("Invalid request to unpack with offset of {offset} and limit of {length}.");
        return Err(vm.error(&said));
    }
    if offset as u64 > text.len() as u64 {
        let (offset, length) = (offset as i32, text.len() as i32);
        return Err(vm.error(&format!("Start offset {offset} greater than input length {length}.")));
    }
    let all = limit == 0 && offset == 0;
    let limit = if all { i64::from(i32::MAX) } else { limit };
    let mut reader = Reader { text: &text, at: offset as usize, slots, open: Vec::new() };
    let mut values = Vec::new();
    while reader.at < text.len() && (values.len() as i64) < limit {
        let value = reader.value(vm, host)?;
        values.push(value);
        reader.slots += 1;
    }
    if !all {
        reader.room(vm, "in function mp_unpack_full")?;
        let next = if reader.at == text.len() { -1.0 } else { reader.at as f64 };
        vm.push(Value::Num(next));
    }
    let count = values.len() + usize::from(!all);
    values.into_iter().for_each(|value| vm.push(value));
    Ok(count)
}

/// A container that is being read, with how many values are still to come.
enum Open {
    Array { table: u32, next: usize, left: usize },
    Map { table: u32, key: Option<Value>, left: usize },
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    /// How much of its stack Redis's Lua would use here.
    slots: usize,
    open: Vec<Open>,
}

/// What a first byte begins.
enum Item {
    Value(Value),
    Array(usize),
    Map(usize),
}

impl Reader<'_> {
    fn room(&self, vm: &Vm, what: &str) -> Result<(), Error> {
        if self.slots + 1 > MAX_SLOTS { Err(vm.error(&format!("stack overflow ({what})"))) } else { Ok(()) }
    }

    /// Takes so many bytes.
    fn take(&mut self, vm: &Vm, count: usize) -> Result<&[u8], Error> {
        let bytes = self.at.checked_add(count).and_then(|end| self.text.get(self.at..end));
        let bytes = bytes.ok_or_else(|| vm.error("Missing bytes in input."))?;
        self.at += count;
        Ok(bytes)
    }

    /// An unsigned number of so many bytes.
    fn number(&mut self, vm: &Vm, count: usize) -> Result<u64, Error> {
        Ok(self.take(vm, count)?.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn string(&mut self, vm: &mut Vm, length: usize) -> Result<Item, Error> {
        let bytes = self.take(vm, length)?.to_vec();
        Ok(Item::Value(vm.heap.text(bytes)))
    }

    fn item(&mut self, vm: &mut Vm) -> Result<Item, Error> {
        let first = self.take(vm, 1)?[0];
        let number = match first {
            0x00..=0x7F => f64::from(first),
            0xE0..=0xFF => f64::from(first as i8),
            0x80..=0x8F => return Ok(Item::Map(usize::from(first & 15))),
            0x90..=0x9F => return Ok(Item::Array(usize::from(first & 15))),
            0xA0..=0xBF => return self.string(vm, usize::from(first & 31)),
            0xC0 => return Ok(Item::Value(Value::Nil)),
            0xC2 | 0xC3 => return Ok(Item::Value(Value::Bool(first == 0xC3))),
            0xCA => f64::from(f32::from_bits(self.number(vm, 4)? as u32)),
            0xCB => f64::from_bits(self.number(vm, 8)?),
            0xCC => self.number(vm, 1)? as f64,
            0xCD => self.number(vm, 2)? as f64,
            0xCE => self.number(vm, 4)? as f64,
            // Redis's Lua has only signed integers to make a number of.
            0xCF | 0xD3 => self.number(vm, 8)? as i64 as f64,
            0xD0 => f64::from(self.number(vm, 1)? as i8),
            0xD1 => f64::from(self.number(vm, 2)? as i16),
            0xD2 => f64::from(self.number(vm, 4)? as i32),
            0xD9..=0xDB => {
                let length = self.number(vm, 1 << (first - 0xD9))? as usize;
                return self.string(vm, length);
            }
            0xDC | 0xDD => return Ok(Item::Array(self.number(vm, if first == 0xDC { 2 } else { 4 })? as usize)),
            0xDE | 0xDF => return Ok(Item::Map(self.number(vm, if first == 0xDE { 2 } else { 4 })? as usize)),
            0xC1 | 0xC4..=0xC9 | 0xD4..=0xD8 => return Err(vm.error("Bad data format in input.")),
        };
        Ok(Item::Value(Value::Num(number)))
    }

    fn value(&mut self, vm: &mut Vm, host: &mut dyn Host) -> Result<Value, Error> {
        loop {
            vm.charge(host, 1)?;
            vm.memory_check()?;
            if self.at >= self.text.len() {
                return Err(vm.error("Missing bytes in input."));
            }
            self.room(vm, "too many return values at once; use unpack_one or unpack_limit instead.")?;
            let mut value = match self.item(vm)? {
                Item::Value(value) => Some(value),
                Item::Array(left) => {
                    let table = vm.heap.new_table(Table::default());
                    self.slots += 1;
                    self.room(vm, "in function mp_decode_to_lua_array")?;
                    self.slots += 1;
                    self.open.push(Open::Array { table, next: 1, left });
                    None
                }
                Item::Map(left) => {
                    let table = vm.heap.new_table(Table::default());
                    self.slots += 1;
                    self.open.push(Open::Map { table, key: None, left });
                    None
                }
            };
            loop {
                if let Some(value) = value.take()
                    && let Some(whole) = self.place(vm, value)?
                {
                    return Ok(whole);
                }
                match self.closed() {
                    Some(table) => value = Some(Value::Table(table)),
                    None => break,
                }
            }
        }
    }

    /// Puts a value where it belongs; gives it back if no container is open.
    fn place(&mut self, vm: &mut Vm, value: Value) -> Result<Option<Value>, Error> {
        match self.open.last_mut() {
            None => return Ok(Some(value)),
            Some(Open::Array { table, next, left }) => {
                vm.heap.set(*table, Value::Num(*next as f64), value).map_err(Error::text)?;
                *next += 1;
                *left -= 1;
            }
            Some(Open::Map { table, key, left }) => match key.take() {
                None => {
                    *key = Some(value);
                    self.slots += 1;
                }
                Some(key) => {
                    vm.heap.set(*table, key, value).map_err(Error::text)?;
                    *left -= 1;
                    self.slots -= 1;
                }
            },
        }
        Ok(None)
    }

    /// The container that was opened last, if nothing more comes into it.
    fn closed(&mut self) -> Option<u32> {
        let (table, slots) = match self.open.last()? {
            Open::Array { table, left: 0, .. } => (*table, 2),
            Open::Map { table, left: 0, .. } => (*table, 1),
            Open::Array { .. } | Open::Map { .. } => return None,
        };
        self.slots -= slots;
        self.open.pop();
        Some(table)
    }
}
