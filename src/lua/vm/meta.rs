//! What operators do to values that are not plain: metatables, conversions, and the errors of the rest.

use super::{Host, Kind, Vm};
use crate::{
    number,
    op::{CONSTANT, Rk},
    str::Str,
    value::{Error, Value},
};
use alloc::{format, vec::Vec};

/// How often an index may be passed on.
const MAX_LOOP: usize = 100;
/// The longest string.
pub(crate) const MAX_STRING: usize = 512 * 1024 * 1024;

/// Operators on numbers that a metatable may take over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    Unm,
}

impl Event {
    fn name(self) -> &'static str {
        match self {
            Event::Add => "__add",
            Event::Sub => "__sub",
            Event::Mul => "__mul",
            Event::Div => "__div",
            Event::Mod => "__mod",
            Event::Pow => "__pow",
            Event::Unm => "__unm",
        }
    }

    fn of(self, b: f64, c: f64) -> f64 {
        match self {
            Event::Add => b + c,
            Event::Sub => b - c,
            Event::Mul => b * c,
            Event::Div => b / c,
            Event::Mod => b - libm::floor(b / c) * c,
            Event::Pow => libm::pow(b, c),
            Event::Unm => -b,
        }
    }
}

impl Vm {
    /// The metatable of a value.
    pub fn metatable(&self, value: &Value) -> Option<u32> {
        match value {
            Value::Table(id) | Value::Proxy(id) => self.heap.table(*id).meta,
            Value::Str(_) => self.string_meta,
            _ => None,
        }
    }

    /// A field of the metatable of a value; nil if there is none.
    pub(crate) fn metamethod(&self, value: &Value, name: &str) -> Value {
        self.metatable(value).map_or(Value::Nil, |meta| self.heap.table(meta).get_name(name))
    }

    /// The value as a number: strings that read as one count.
    pub fn to_number(&self, value: &Value) -> Option<f64> {
        match value {
            Value::Num(number) => Some(*number),
            Value::Str(text) => number::parse(text, self.read_float),
            _ => None,
        }
    }

    /// The value as a string: numbers count.
    pub fn to_str(&self, value: &Value) -> Option<Str> {
        match value {
            Value::Str(text) => Some(text.clone()),
            Value::Num(number) => Some(Str::from(number::to_text(*number))),
            _ => None,
        }
    }

    /// What a register holds, for messages, if the function at work is one of Lua.
    pub(super) fn name_of(&self, register: Option<u8>) -> Option<(&'static str, Str)> {
        let is_lua = self.frames.last().is_some_and(|frame| frame.kind == Kind::Lua);
        self.proto.name_of(register.filter(|_| is_lua)?, self.pc.checked_sub(1)?)
    }

    fn type_error(&self, register: Option<u8>, action: &str, value: &Value) -> Error {
        let name = value.type_name();
        match self.name_of(register) {
            Some((kind, text)) => {
                let start = format!("attempt to {action} {kind} '");
                self.fault_bytes(&[start.as_bytes(), &text, format!("' (a {name} value)").as_bytes()].concat())
            }
            None => self.fault(&format!("attempt to {action} a {name} value")),
        }
    }

    /// As `type_error`, of a place on the stack.
    pub(super) fn type_error_at(&self, place: usize, action: &str, value: &Value) -> Error {
        let register = place.checked_sub(self.base).and_then(|register| u8::try_from(register).ok());
        self.type_error(register.filter(|register| *register < self.proto.registers), action, value)
    }

    fn register_of(rk: Rk) -> Option<u8> {
        (rk & CONSTANT == 0).then_some(rk as u8)
    }

    /// `object[key]`, for natives.
    pub fn index(&mut self, host: &mut dyn Host, object: Value, key: Value) -> Result<Value, Error> {
        self.index_named(host, object, key, None)
    }

    pub(super) fn index_named(
        &mut self,
        host: &mut dyn Host,
        mut object: Value,
        key: Value,
        register: Option<u8>,
    ) -> Result<Value, Error> {
        for round in 0..MAX_LOOP {
            if let Value::Table(id) = object {
                let table = self.heap.table(id);
                let value = table.get(&key);
                if !value.is_nil() || table.meta.is_none() {
                    return Ok(value);
                }
            }
            let handler = self.metamethod(&object, "__index");
            if handler.is_nil() {
                if let Value::Table(_) = object {
                    return Ok(Value::Nil);
                }
                return Err(self.type_error(register.filter(|_| round == 0), "index", &object));
            }
            if handler.is_function() {
                let above = self.free_place();
                return self.call_value(host, handler, &[object, key], above);
            }
            object = handler;
        }
        Err(self.fault("loop in gettable"))
    }

    /// `object[key] = value`, for natives.
    pub fn set_index(&mut self, host: &mut dyn Host, object: Value, key: Value, value: Value) -> Result<(), Error> {
        self.set_index_named(host, object, key, value, None)
    }

    pub(super) fn set_index_named(
        &mut self,
        host: &mut dyn Host,
        mut object: Value,
        key: Value,
        value: Value,
        register: Option<u8>,
    ) -> Result<(), Error> {
        for round in 0..MAX_LOOP {
            if let Value::Table(id) = object {
                let table = self.heap.table(id);
                let is_new = table.meta.is_some() && table.get(&key).is_nil();
                if !is_new || self.metamethod(&object, "__newindex").is_nil() {
                    return self.raw_set(id, key, value);
                }
            }
            let handler = self.metamethod(&object, "__newindex");
            if handler.is_nil() {
                return Err(self.type_error(register.filter(|_| round == 0), "index", &object));
            }
            if handler.is_function() {
                let above = self.free_place();
                return self.call_value(host, handler, &[object, key, value], above).map(|_| ());
            }
            object = handler;
        }
        Err(self.fault("loop in settable"))
    }

    /// Sets a key without asking the metatable.
    pub fn raw_set(&mut self, id: u32, key: Value, value: Value) -> Result<(), Error> {
        if self.heap.table(id).readonly {
            return Err(self.fault("Attempt to modify a readonly table"));
        }
        self.heap.set(id, key, value).map_err(|text| self.fault(text))?;
        self.memory_check()
    }

    pub(super) fn arith(&mut self, host: &mut dyn Host, event: Event, a: u8, b: Rk, c: Rk) -> Result<(), Error> {
        let (left, right) = (self.rk(b).clone(), self.rk(c).clone());
        if let (Some(left), Some(right)) = (self.to_number(&left), self.to_number(&right)) {
            self.set(a, Value::Num(event.of(left, right)));
            return Ok(());
        }
        let mut handler = self.metamethod(&left, event.name());
        if handler.is_nil() {
            handler = self.metamethod(&right, event.name());
        }
        if handler.is_nil() {
            let (value, rk) = if self.to_number(&left).is_none() { (left, b) } else { (right, c) };
            return Err(self.type_error(Self::register_of(rk), "perform arithmetic on", &value));
        }
        let above = self.free_place();
        let value = self.call_value(host, handler, &[left, right], above)?;
        self.set(a, value);
        Ok(())
    }

    pub(super) fn length(&mut self, host: &mut dyn Host, b: u8) -> Result<Value, Error> {
        let value = self.rk(Rk::from(b)).clone();
        match &value {
            Value::Table(id) => Ok(Value::Num(self.heap.table(*id).border() as f64)),
            Value::Str(text) => Ok(Value::Num(text.len() as f64)),
            other => {
                let handler = self.metamethod(other, "__len");
                if handler.is_nil() {
                    return Err(self.type_error(Some(b), "get length of", other));
                }
                let above = self.free_place();
                self.call_value(host, handler, &[value], above)
            }
        }
    }

    pub(super) fn equal(&mut self, host: &mut dyn Host, b: Rk, c: Rk) -> Result<bool, Error> {
        let (left, right) = (self.rk(b), self.rk(c));
        if left == right {
            return Ok(true);
        }
        let both = matches!((left, right), (Value::Table(_), Value::Table(_)) | (Value::Proxy(_), Value::Proxy(_)));
        if !both {
            return Ok(false);
        }
        let (left, right) = (left.clone(), right.clone());
        self.equal_by_metamethod(host, left, right)
    }

    fn equal_by_metamethod(&mut self, host: &mut dyn Host, left: Value, right: Value) -> Result<bool, Error> {
        let handler = self.metamethod(&left, "__eq");
        if handler.is_nil() || handler != self.metamethod(&right, "__eq") {
            return Ok(false);
        }
        let above = self.free_place();
        Ok(self.call_value(host, handler, &[left, right], above)?.truthy())
    }

    fn order_error(&self, left: &Value, right: &Value) -> Error {
        let (left, right) = (left.type_name(), right.type_name());
        if left == right {
            return self.fault(&format!("attempt to compare two {left} values"));
        }
        self.fault(&format!("attempt to compare {left} with {right}"))
    }

    /// The handler that both values share.
    fn shared_handler(&self, left: &Value, right: &Value, name: &str) -> Value {
        let handler = self.metamethod(left, name);
        if handler == self.metamethod(right, name) { handler } else { Value::Nil }
    }

    /// `left < right`
    pub(crate) fn less(&mut self, host: &mut dyn Host, left: &Value, right: &Value) -> Result<bool, Error> {
        match (left, right) {
            (Value::Num(left), Value::Num(right)) => Ok(left < right),
            (Value::Str(left), Value::Str(right)) => Ok(left[..] < right[..]),
            _ => {
                let handler = self.shared_handler(left, right, "__lt");
                if handler.is_nil() || left.type_name() != right.type_name() {
                    return Err(self.order_error(left, right));
                }
                let above = self.free_place();
                Ok(self.call_value(host, handler, &[left.clone(), right.clone()], above)?.truthy())
            }
        }
    }

    pub(super) fn less_equal(&mut self, host: &mut dyn Host, left: &Value, right: &Value) -> Result<bool, Error> {
        match (left, right) {
            (Value::Num(left), Value::Num(right)) => Ok(left <= right),
            (Value::Str(left), Value::Str(right)) => Ok(left[..] <= right[..]),
            _ => {
                let above = self.free_place();
                let handler = self.shared_handler(left, right, "__le");
                if !handler.is_nil() && left.type_name() == right.type_name() {
                    return Ok(self.call_value(host, handler, &[left.clone(), right.clone()], above)?.truthy());
                }
                let handler = self.shared_handler(left, right, "__lt");
                if handler.is_nil() || left.type_name() != right.type_name() {
                    return Err(self.order_error(left, right));
                }
                Ok(!self.call_value(host, handler, &[right.clone(), left.clone()], above)?.truthy())
            }
        }
    }

    /// Joins registers from the right to the left.
    pub(super) fn concat(&mut self, host: &mut dyn Host, from: u8, to: u8) -> Result<Value, Error> {
        let mut last = to;
        let mut right = self.rk(Rk::from(to)).clone();
        while last > from {
            // As many as are strings are joined at once.
            let mut first = last;
            while first > from && self.to_str(self.rk(Rk::from(first - 1))).is_some() {
                first -= 1;
            }
            let Some(end) = self.to_str(&right).filter(|_| first < last) else {
                let left = self.rk(Rk::from(last - 1)).clone();
                right = self.concat_by_metamethod(host, left, right, last)?;
                last -= 1;
                continue;
            };
            let mut bytes = Vec::new();
            for register in first..last {
                if let Some(text) = self.to_str(self.rk(Rk::from(register))) {
                    bytes.extend_from_slice(&text);
                }
            }
            bytes.extend_from_slice(&end);
            if bytes.len() > MAX_STRING {
                return Err(self.fault("string length overflow"));
            }
            right = self.heap.text(bytes);
            last = first;
        }
        self.memory_check()?;
        Ok(right)
    }

    fn concat_by_metamethod(&mut self, host: &mut dyn Host, left: Value, right: Value, at: u8) -> Result<Value, Error> {
        let mut handler = self.metamethod(&left, "__concat");
        if handler.is_nil() {
            handler = self.metamethod(&right, "__concat");
        }
        if handler.is_nil() {
            let is_left = self.to_str(&left).is_none();
            let (value, register) = if is_left { (left, at - 1) } else { (right, at) };
            return Err(self.type_error(Some(register), "concatenate", &value));
        }
        let above = self.free_place();
        self.call_value(host, handler, &[left, right], above)
    }

    /// The value as `tostring` gives it.
    pub(crate) fn describe(&mut self, host: &mut dyn Host, value: &Value) -> Result<Value, Error> {
        let handler = self.metamethod(value, "__tostring");
        if !handler.is_nil() {
            let above = self.free_place();
            return self.call_value(host, handler, core::slice::from_ref(value), above);
        }
        Ok(match value {
            Value::Nil => Value::str("nil"),
            Value::Bool(yes) => Value::str(if *yes { "true" } else { "false" }),
            Value::Num(number) => Value::str(number::to_text(*number)),
            Value::Str(_) => value.clone(),
            Value::Table(id) => Value::str(format!("table: 0x{:012x}", 0x1000 + id * 64)),
            Value::Closure(id) => Value::str(format!("function: 0x{:012x}", 0x1000_0000 + id * 64)),
            Value::Native(id) => Value::str(format!("function: 0x{:012x}", 0x2000_0000 + u32::from(*id) * 64)),
            Value::Host(id) => Value::str(format!("function: 0x{:012x}", 0x3000_0000 + u32::from(*id) * 64)),
            Value::Thread(id) => Value::str(format!("thread: 0x{:012x}", 0x4000_0000 + id * 64)),
            Value::Proxy(id) => Value::str(format!("userdata: 0x{:012x}", 0x5000_0000 + id * 64)),
            Value::Light(0) => Value::str("userdata: (nil)"),
            Value::Light(id) => Value::str(format!("userdata: 0x{id:012x}")),
        })
    }
}
