//! The arguments of natives, checked as Lua's own library checks them, with its messages.

use super::{Args, Vm};
use crate::{
    op::Op,
    str::Str,
    value::{Error, Value},
};
use alloc::{format, string::String};

impl Vm {
    /// The argument at a place (from 1); nil if there is none.
    pub fn arg(&self, args: Args, place: usize) -> Value {
        if place > args.count { Value::Nil } else { self.stack[args.base + place - 1].clone() }
    }

    /// All that was given from a place on.
    pub fn args_from(&self, args: Args, place: usize) -> &[Value] {
        &self.stack[(args.base + place - 1).min(args.base + args.count)..args.base + args.count]
    }

    /// How the native that is at work was called: `global 'x'`.
    fn called_as(&self) -> Option<(&'static str, Str)> {
        match self.proto.code.get(self.pc.checked_sub(1)?) {
            Some(Op::Call(a, ..) | Op::TailCall(a, ..)) => self.name_of(Some(*a)),
            _ => None,
        }
    }

    /// `bad argument #1 to 'x' (...)`
    pub fn bad_argument(&self, place: usize, what: &str) -> Error {
        let (kind, name) = self.called_as().unwrap_or(("", Str::from("?")));
        let name = String::from(name.text());
        if kind == "method" {
            if place == 1 {
                return self.error(&format!("calling '{name}' on bad self ({what})"));
            }
            return self.error(&format!("bad argument #{} to '{name}' ({what})", place - 1));
        }
        self.error(&format!("bad argument #{place} to '{name}' ({what})"))
    }

    /// The same for a wrong type.
    pub fn bad_type(&self, args: Args, place: usize, wanted: &str) -> Error {
        let got = if place > args.count { "no value" } else { self.arg(args, place).type_name() };
        self.bad_argument(place, &format!("{wanted} expected, got {got}"))
    }

    /// There must be something, if only nil.
    pub fn check_any(&self, args: Args, place: usize) -> Result<(), Error> {
        if place > args.count { Err(self.bad_argument(place, "value expected")) } else { Ok(()) }
    }

    /// A number.
    pub fn check_number(&self, args: Args, place: usize) -> Result<f64, Error> {
        self.to_number(&self.arg(args, place)).ok_or_else(|| self.bad_type(args, place, "number"))
    }

    /// A number as C makes a 64-bit integer of it.
    pub fn check_integer(&self, args: Args, place: usize) -> Result<i64, Error> {
        self.check_number(args, place).map(to_integer)
    }

    /// A number, or what is taken if there is none.
    pub fn opt_integer(&self, args: Args, place: usize, otherwise: i64) -> Result<i64, Error> {
        if self.arg(args, place).is_nil() { Ok(otherwise) } else { self.check_integer(args, place) }
    }

    /// A string; numbers count.
    pub fn check_str(&self, args: Args, place: usize) -> Result<Str, Error> {
        self.to_str(&self.arg(args, place)).ok_or_else(|| self.bad_type(args, place, "string"))
    }

    /// A table.
    pub fn check_table(&self, args: Args, place: usize) -> Result<u32, Error> {
        match self.arg(args, place) {
            Value::Table(id) => Ok(id),
            _ => Err(self.bad_type(args, place, "table")),
        }
    }

    /// A function.
    pub fn check_function(&self, args: Args, place: usize) -> Result<Value, Error> {
        match self.arg(args, place) {
            value if value.is_function() => Ok(value),
            _ => Err(self.bad_type(args, place, "function")),
        }
    }
}

/// What a cast to a 64-bit integer makes of a double on Redis's machines: what does not fit is the lowest number.
pub fn to_integer(number: f64) -> i64 {
    if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number) { number as i64 } else { i64::MIN }
}

impl Vm {
    /// The end of the stack in use.
    pub(crate) fn top(&self) -> usize {
        self.top
    }

    /// Takes back what was pushed beyond this place.
    pub(crate) fn cut_to(&mut self, place: usize) -> alloc::vec::Vec<Value> {
        let taken = self.stack[place..self.top].to_vec();
        self.top = place;
        taken
    }

    /// Takes back what was pushed last.
    pub fn pop(&mut self) -> Value {
        self.top -= 1;
        core::mem::take(&mut self.stack[self.top])
    }

    /// The native of a global's name, whatever the global is now.
    pub(crate) fn native_named(&self, name: &str) -> Value {
        crate::library::hidden(name)
    }
}
