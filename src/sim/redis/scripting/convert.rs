//! Replies as values of Lua, and back.

use super::super::double::Double;
use super::super::error::{self, Error};
use super::super::reply::{Reply, Resp};
use crate::bytes::Bytes;
use alloc::{borrow::Cow, vec::Vec};
use warren_lua::{Table, Value, Vm, to_integer};

/// How deep tables may nest in an answer. Redis's own bound is that of its stack.
const MAX_DEPTH: u32 = 200;
/// How many values an answer may have.
const MAX_ITEMS: usize = 4_000_000;

fn table_of(vm: &mut Vm, name: &str, value: Value) -> Value {
    Value::Table(vm.table_of(&[(name, value)]))
}

fn text(bytes: &[u8]) -> Value {
    Value::str(bytes)
}

/// The table of an error, as `redis.pcall` gives it. `is_counted` says that INFO has counted it already.
pub fn error_table(vm: &mut Vm, message: &[u8], is_counted: bool) -> Value {
    let id = vm.table_of(&[("err", text(message))]);
    if is_counted {
        vm.heap.table_mut(id).set_name("ignore_error_stats_update", Value::Bool(true));
    }
    Value::Table(id)
}

/// The words of an error with its code in front: without a space there is none, and it becomes the generic one.
pub fn with_code(message: &[u8]) -> Vec<u8> {
    let (code, rest) = match message.strip_prefix(b"-") {
        Some(own) => match own.iter().position(|byte| *byte == b' ') {
            Some(space) => (&own[..space], &own[space + 1..]),
            None => (&b"ERR"[..], own),
        },
        None => (&b"ERR"[..], message),
    };
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let start = rest.iter().position(|byte| !is_end(byte)).unwrap_or(rest.len());
    let end = rest.iter().rposition(|byte| !is_end(byte)).map_or(start, |last| last + 1);
    // C's strings end at a zero.
    let whole = [code, b" ", &rest[start..end]].concat();
    whole.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()
}

/// What a command answered, as a script sees it that speaks this version of the protocol.
pub fn to_lua(vm: &mut Vm, reply: &Reply, resp: Resp) -> Value {
    let v3 = resp == Resp::V3;
    match reply {
        Reply::None => Value::Nil,
        Reply::Status(word) => table_of(vm, "ok", text(word)),
        Reply::Error(error) => error_table(vm, &with_code(&[b"-", &error.0[..]].concat()), true),
        Reply::Integer(number) => Value::Num(*number as f64),
        Reply::Bulk(bytes) => vm.heap.text(bytes.to_vec()),
        Reply::Nil | Reply::NilArray if v3 => Value::Nil,
        Reply::Nil | Reply::NilArray => Value::Bool(false),
        Reply::Array(items) | Reply::Push(items) => array(vm, items, resp),
        Reply::Set(items) if v3 => {
            let set = vm.heap.new_table(Table::default());
            for item in items {
                let key = to_lua(vm, item, resp);
                let _ = vm.heap.set(set, key, Value::Bool(true));
            }
            table_of(vm, "set", Value::Table(set))
        }
        Reply::Set(items) => array(vm, items, resp),
        Reply::Map(pairs) if v3 => {
            let map = vm.heap.new_table(Table::default());
            for (key, value) in pairs {
                let (key, value) = (to_lua(vm, key, resp), to_lua(vm, value, resp));
                let _ = vm.heap.set(map, key, value);
            }
            table_of(vm, "map", Value::Table(map))
        }
        Reply::Map(pairs) => {
            let flat: Vec<Reply> = pairs.iter().flat_map(|(key, value)| [key.clone(), value.clone()]).collect();
            array(vm, &flat, resp)
        }
        Reply::Double(number) if v3 => table_of(vm, "double", Value::Num(number.0)),
        Reply::LongDouble(digits) if v3 => {
            let number = crate::float::parse_f64(&digits.text()).unwrap_or(f64::NAN);
            table_of(vm, "double", Value::Num(number))
        }
        Reply::Bool(yes) if v3 => Value::Bool(*yes),
        Reply::BigNumber(digits) if v3 => table_of(vm, "big_number", text(digits)),
        Reply::Verbatim(format, bytes) if v3 => {
            let entries = [("string", text(bytes)), ("format", text(format.as_bytes()))];
            let inner = Value::Table(vm.table_of(&entries));
            table_of(vm, "verbatim_string", inner)
        }
        Reply::Double(_) | Reply::LongDouble(_) | Reply::Bool(_) | Reply::BigNumber(_) | Reply::Verbatim(..) => {
            to_lua(vm, &reply.lowered(), resp)
        }
        Reply::Attribute(_, reply) => to_lua(vm, reply, resp),
        Reply::Many(replies) => replies.last().map_or(Value::Nil, |reply| to_lua(vm, reply, resp)),
    }
}

fn array(vm: &mut Vm, items: &[Reply], resp: Resp) -> Value {
    let table = vm.heap.new_table(Table::default());
    for (place, item) in items.iter().enumerate() {
        let value = to_lua(vm, item, resp);
        let _ = vm.heap.set(table, Value::Num(place as f64 + 1.0), value);
    }
    Value::Table(table)
}

/// What becomes of the value that a script returns.
pub struct Answer<'v> {
    /// The machine that holds it.
    pub vm: &'v Vm,
    /// The protocol that the script has set.
    pub resp: Resp,
    /// How many values there are so far.
    pub items: usize,
    /// Whether an error in it was counted before.
    pub was_counted: bool,
}

impl Answer<'_> {
    /// The value as a reply.
    pub fn reply(&mut self, value: &Value, depth: u32) -> Reply {
        self.items += 1;
        if depth > MAX_DEPTH || self.items > MAX_ITEMS {
            return Reply::Error(error::LUA_STACK);
        }
        match value {
            Value::Str(bytes) => Reply::Bulk(Bytes::from(&bytes[..])),
            Value::Bool(yes) if self.resp == Resp::V3 => Reply::Bool(*yes),
            Value::Bool(true) => Reply::Integer(1),
            Value::Num(number) => Reply::Integer(to_integer(*number)),
            Value::Table(id) => self.table(*id, depth),
            _ => Reply::Nil,
        }
    }

    fn table(&mut self, id: u32, depth: u32) -> Reply {
        let table = self.vm.heap.table(id);
        let field = |name: &str| table.get_name(name);
        if let Value::Str(message) = field("err") {
            self.was_counted |= field("ignore_error_stats_update") == Value::Bool(true);
            return Reply::Error(one_line(&message));
        }
        if let Value::Str(word) = field("ok") {
            return Reply::Status(Cow::Owned(spaced(&word)));
        }
        if let Value::Num(number) = field("double") {
            if number.is_nan() {
                return Reply::LongDouble(Bytes::from(if number.is_sign_negative() { "-nan" } else { "nan" }));
            }
            return Reply::Double(Double(number));
        }
        if let Value::Str(digits) = field("big_number") {
            return Reply::BigNumber(Bytes::from(spaced(&digits)));
        }
        if let Value::Table(inner) = field("verbatim_string") {
            let inner = self.vm.heap.table(inner);
            if let (Value::Str(format), Value::Str(bytes)) = (inner.get_name("format"), inner.get_name("string")) {
                let format = if &format[..] == b"mkd" { "mkd" } else { "txt" };
                return Reply::Verbatim(format, Bytes::from(&bytes[..]));
            }
        }
        if let Value::Table(map) = field("map") {
            return Reply::Map(
                self.pairs(map)
                    .iter()
                    .map(|(key, value)| (self.reply(key, depth + 1), self.reply(value, depth + 1)))
                    .collect(),
            );
        }
        if let Value::Table(set) = field("set") {
            return Reply::Set(self.pairs(set).iter().map(|(key, _)| self.reply(key, depth + 1)).collect());
        }
        let mut items = Vec::new();
        loop {
            let item = self.vm.heap.table(id).get_index(items.len() + 1);
            if item.is_nil() || self.items > MAX_ITEMS {
                return Reply::Array(items);
            }
            items.push(self.reply(&item, depth + 1));
        }
    }

    fn pairs(&self, id: u32) -> Vec<(Value, Value)> {
        let table = self.vm.heap.table(id);
        let (mut pairs, mut key) = (Vec::new(), Value::Nil);
        while let Ok(Some((next, value))) = table.next(&key) {
            key = next.clone();
            pairs.push((next, value));
        }
        pairs
    }
}

/// Line ends as spaces, for a status is one line.
fn spaced(bytes: &[u8]) -> Vec<u8> {
    let bytes = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    bytes.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }).collect()
}

/// An error with this text: line ends at its end go, others become spaces.
pub fn one_line(message: &[u8]) -> Error {
    let message = message.split(|byte| *byte == 0).next().unwrap_or_default();
    let end = message.iter().rposition(|byte| !matches!(byte, b'\r' | b'\n')).map_or(0, |last| last + 1);
    Error(Cow::Owned(spaced(&message[..end])))
}
