//! Values and errors.

use crate::str::Str;
use alloc::{string::String, vec::Vec};

/// A value of Lua. Tables, functions and threads are numbers of places in the heap of their machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Nil,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Num(f64),
    /// Bytes.
    Str(Str),
    /// A table.
    Table(u32),
    /// A function written in Lua.
    Closure(u32),
    /// A function of this crate.
    Native(u16),
    /// A function of the host.
    Host(u16),
    /// A coroutine.
    Thread(u32),
    /// A light userdata: `cjson.null` is 0.
    Light(u8),
    /// What `newproxy` makes: a full userdata without content, whose metatable is that of the table behind it.
    Proxy(u32),
}

impl Value {
    /// A string.
    pub fn str(bytes: impl Into<Str>) -> Value {
        Value::Str(bytes.into())
    }

    /// Whether it counts as true.
    pub fn truthy(&self) -> bool {
        !matches!(self, Value::Nil | Value::Bool(false))
    }

    /// Whether it is nothing.
    pub fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }

    /// The name of its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Nil => "nil",
            Value::Bool(_) => "boolean",
            Value::Num(_) => "number",
            Value::Str(_) => "string",
            Value::Table(_) => "table",
            Value::Closure(_) | Value::Native(_) | Value::Host(_) => "function",
            Value::Thread(_) => "thread",
            Value::Light(_) | Value::Proxy(_) => "userdata",
        }
    }

    /// Whether it can be called without a metamethod.
    pub fn is_function(&self) -> bool {
        matches!(self, Value::Closure(_) | Value::Native(_) | Value::Host(_))
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Value {
        Value::Num(number)
    }
}

impl From<bool> for Value {
    fn from(yes: bool) -> Value {
        Value::Bool(yes)
    }
}

/// What ended a call.
#[derive(Clone, Debug)]
pub struct Error {
    /// The error value, a string with its position for most.
    pub value: Value,
    /// The source and line where it was raised, if that was in Lua code.
    pub at: Option<(Str, i32)>,
    /// Nothing catches it: the host stopped the run.
    pub fatal: bool,
}

impl Error {
    /// An error of this value.
    pub fn of(value: Value) -> Error {
        Error { value, at: None, fatal: false }
    }

    /// An error whose text has its position already, or wants none.
    pub fn text(text: impl Into<String>) -> Error {
        Error::of(Value::Str(Str::from(text.into())))
    }

    /// An error of these bytes.
    pub fn bytes(bytes: Vec<u8>) -> Error {
        Error::of(Value::Str(Str::from(bytes)))
    }
}
