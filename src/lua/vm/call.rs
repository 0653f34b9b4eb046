//! Calls, returns, and what becomes of an error.

use super::{Args, Frame, Host, Kind, Vm};
use crate::{
    library::{self, Entry, Special},
    value::{Error, Value},
};

/// How many calls may be open at once.
const MAX_FRAMES: usize = 16_000;
/// How many values the stack may hold.
const MAX_STACK: usize = 1_000_000;
/// How many natives may call back into Lua from one another.
pub(super) const MAX_NESTED: u32 = 150;

impl Vm {
    /// Sees to it that the stack reaches this far.
    pub(super) fn room(&mut self, needed: usize) -> Result<(), Error> {
        if needed > self.stack.len() {
            if needed > MAX_STACK {
                return Err(self.error("stack overflow"));
            }
            self.stack.resize(needed, Value::Nil);
        }
        Ok(())
    }

    /// Calls what stands at `func` and sees it through.
    pub(super) fn enter(&mut self, host: &mut dyn Host, func: usize, count: usize, want: i32) -> Result<(), Error> {
        let floor = self.frames.len();
        match self.precall(host, func, count, want) {
            Ok(()) => {}
            Err(error) => self.recover(host, error, floor)?,
        }
        self.drive(host, floor)
    }

    /// Runs until there are no more than `floor` frames.
    pub(super) fn drive(&mut self, host: &mut dyn Host, floor: usize) -> Result<(), Error> {
        while self.frames.len() > floor {
            if let Err(error) = self.run(host, floor) {
                self.recover(host, error, floor)?;
            }
        }
        Ok(())
    }

    /// Begins the call of what stands at `func` with `count` arguments behind it. A native has returned afterwards.
    pub(super) fn precall(&mut self, host: &mut dyn Host, func: usize, count: usize, want: i32) -> Result<(), Error> {
        match self.stack[func].clone() {
            Value::Closure(id) => self.push_frame(id, func, count, want),
            Value::Native(id) => {
                let (entry, instance) = library::native(id);
                self.top = func + 1 + count;
                let run = match entry {
                    Entry::Native(run) => run,
                    Entry::Special(special) => return self.call_special(host, special, func, count, want),
                    Entry::Number(_) | Entry::Text(_) | Entry::Null | Entry::Same(_) => return Ok(()),
                };
                self.instance = instance;
                let outer = core::mem::replace(&mut self.native, true);
                let results = run(self, host, Args { base: func + 1, count });
                self.native = outer;
                let results = results?;
                let first = self.top - results;
                self.finish(func, first, results, want)
            }
            Value::Host(id) => {
                self.top = func + 1 + count;
                let outer = core::mem::replace(&mut self.native, true);
                let results = host.call(self, id, Args { base: func + 1, count });
                self.native = outer;
                let results = results?;
                let first = self.top - results;
                self.finish(func, first, results, want)
            }
            other => {
                let handler = self.metamethod(&other, "__call");
                if !handler.is_function() {
                    return Err(self.type_error_at(func, "call", &other));
                }
                self.room(func + count + 3)?;
                for place in (func..=func + count).rev() {
                    self.stack[place + 1] = self.stack[place].clone();
                }
                self.stack[func] = handler;
                self.precall(host, func, count + 1, want)
            }
        }
    }

    fn push_frame(&mut self, id: u32, func: usize, count: usize, want: i32) -> Result<(), Error> {
        if self.frames.len() >= MAX_FRAMES {
            return Err(self.error("stack overflow"));
        }
        let proto = self.heap.closure(id).proto.clone();
        let parameters = usize::from(proto.parameters);
        let base = if proto.vararg { func + 1 + count } else { func + 1 };
        self.room(base + usize::from(proto.registers) + 8)?;
        let mut set = count.min(parameters);
        if proto.vararg {
            for place in 0..set {
                self.stack[base + place] = core::mem::take(&mut self.stack[func + 1 + place]);
            }
        } else if count > parameters {
            set = parameters;
        }
        for place in set..usize::from(proto.registers) {
            self.stack[base + place] = Value::Nil;
        }
        if let Some(caller) = self.frames.last_mut() {
            caller.pc = self.pc;
        }
        self.frames.push(Frame {
            kind: Kind::Lua,
            closure: id,
            proto: proto.clone(),
            base,
            pc: 0,
            func,
            want,
            tail: false,
        });
        (self.proto, self.base, self.pc, self.closure) = (proto, base, 0, id);
        Ok(())
    }

    /// The frame on top goes on where it was.
    pub(super) fn resume_top(&mut self) {
        if let Some(frame) = self.frames.last()
            && frame.kind == Kind::Lua
        {
            (self.proto, self.base, self.pc, self.closure) = (frame.proto.clone(), frame.base, frame.pc, frame.closure);
        }
    }

    /// Moves results to where they are wanted.
    pub(super) fn finish(&mut self, func: usize, first: usize, count: usize, want: i32) -> Result<(), Error> {
        let wanted = if want < 0 { count } else { want as usize };
        self.room(func + wanted + 1)?;
        for place in 0..wanted {
            self.stack[func + place] =
                if place < count { core::mem::take(&mut self.stack[first + place]) } else { Value::Nil };
        }
        if want < 0 {
            self.top = func + count;
        }
        Ok(())
    }

    /// The frame on top returns. The answer is yes when that was the one above `floor`.
    pub(super) fn give_back(&mut self, first: usize, count: usize, floor: usize) -> bool {
        if !self.open.is_empty() {
            self.close_from(self.base);
        }
        let Some(frame) = self.frames.pop() else { return true };
        let (mut func, mut want) = (frame.func, frame.want);
        // Registers of one's own are only copied: other results may come from there.
        let wanted = if want < 0 { count } else { want as usize };
        if func + wanted > self.stack.len() {
            self.stack.resize(func + wanted, Value::Nil);
        }
        for place in 0..wanted {
            self.stack[func + place] = if place < count { self.stack[first + place].clone() } else { Value::Nil };
        }
        if want < 0 {
            self.top = func + count;
        }
        // What was called by `pcall` gives back to it, and it to its caller.
        while self.frames.len() > floor
            && let Some(Frame { kind: Kind::Protected(_), .. }) = self.frames.last()
            && let Some(protected) = self.frames.pop()
        {
            (func, want) = (protected.func, protected.want);
            self.stack[func] = Value::Bool(true);
            let count = self.top - func;
            let wanted = if want < 0 { count } else { want as usize };
            if func + wanted > self.stack.len() {
                self.stack.resize(func + wanted, Value::Nil);
            }
            for place in count..wanted {
                self.stack[func + place] = Value::Nil;
            }
        }
        self.resume_top();
        self.frames.len() <= floor
    }

    pub(super) fn tail_call(&mut self, host: &mut dyn Host, a: u8, b: u8) -> Result<(), Error> {
        let func = self.base + usize::from(a);
        let count = if b == 0 { self.top - func - 1 } else { usize::from(b) - 1 };
        if !matches!(self.stack[func], Value::Closure(_)) {
            // What it gives back is returned by the next instruction.
            return self.precall(host, func, count, -1);
        }
        self.close_from(self.base);
        let Some(frame) = self.frames.pop() else { return Ok(()) };
        for place in 0..=count {
            self.stack[frame.func + place] = self.stack[func + place].clone();
        }
        let Value::Closure(id) = self.stack[frame.func] else { return Ok(()) };
        // The place where the caller goes on is in its frame already.
        self.resume_top();
        self.push_frame(id, frame.func, count, frame.want)?;
        if let Some(top) = self.frames.last_mut() {
            top.tail = true;
        }
        Ok(())
    }

    /// `pcall` and its like, which begin calls of their own.
    fn call_special(
        &mut self,
        host: &mut dyn Host,
        special: Special,
        func: usize,
        count: usize,
        want: i32,
    ) -> Result<(), Error> {
        let args = Args { base: func + 1, count };
        match special {
            Special::Pcall | Special::Xpcall => {
                let handler = if special == Special::Xpcall { self.arg(args, 2) } else { Value::Nil };
                if special == Special::Xpcall {
                    self.check_any(args, 2)?;
                } else if count == 0 {
                    // Redis's `pcall` finds only its own placeholder to call then.
                    self.push(Value::Bool(false));
                    self.push(Value::str("attempt to call a boolean value"));
                    return self.finish(func, self.top - 2, 2, want);
                }
                if self.frames.len() >= MAX_FRAMES {
                    return Err(self.error("stack overflow"));
                }
                if let Some(caller) = self.frames.last_mut() {
                    caller.pc = self.pc;
                }
                let (kind, closure, proto) = (Kind::Protected(handler), 0, self.proto.clone());
                self.frames.push(Frame { kind, closure, proto, base: func + 1, pc: 0, func, want, tail: false });
                let depth = self.frames.len();
                let arguments = if special == Special::Xpcall { 0 } else { count - 1 };
                self.precall(host, func + 1, arguments, -1)?;
                if self.frames.len() == depth {
                    // A native has returned already.
                    self.frames.pop();
                    self.resume_top();
                    self.stack[func] = Value::Bool(true);
                    let results = self.top - func;
                    return self.finish_in_place(func, results, want);
                }
                Ok(())
            }
            Special::Yield => self.yield_now(func, count, want),
        }
    }

    /// Results that stand where they are wanted already.
    fn finish_in_place(&mut self, func: usize, count: usize, want: i32) -> Result<(), Error> {
        let wanted = if want < 0 { count } else { want as usize };
        self.room(func + wanted + 1)?;
        for place in count..wanted {
            self.stack[func + place] = Value::Nil;
        }
        if want < 0 {
            self.top = func + count;
        }
        Ok(())
    }

    /// An error ends frames down to the nearest protected call above `floor`; without one it goes on.
    fn recover(&mut self, host: &mut dyn Host, mut error: Error, floor: usize) -> Result<(), Error> {
        if self.is_yield(&error) {
            return Err(error);
        }
        if error.at.is_none() {
            error.at = self.frames.len().checked_sub(1).and_then(|top| self.place_of(top));
        }
        let found = (floor..self.frames.len()).rev().find(|index| self.frames[*index].kind != Kind::Lua);
        let Some(index) = found.filter(|_| !error.fatal) else {
            if let Some(first) = self.frames.get(floor) {
                let func = first.func;
                self.close_from(func);
            }
            self.frames.truncate(floor);
            self.resume_top();
            return Err(error);
        };
        let frame = self.frames[index].clone();
        self.close_from(frame.func);
        self.frames.truncate(index);
        self.resume_top();
        self.top = frame.func + 2;
        let mut value = error.value;
        if let Kind::Protected(Value::Nil) = frame.kind {
            // Redis's `pcall` takes the text out of the table of an error.
            if let Value::Table(id) = value
                && let text @ (Value::Str(_) | Value::Num(_)) = self.heap.table(id).get_name("err")
            {
                value = text;
            }
        } else if let Kind::Protected(handler) = frame.kind {
            value = match self.call_value(host, handler, &[value], frame.func + 2) {
                Ok(value) => value,
                Err(error) if error.fatal => return Err(error),
                Err(error) => error.value,
            };
        }
        self.room(frame.func + 3)?;
        self.stack[frame.func] = Value::Bool(false);
        self.stack[frame.func + 1] = value;
        let finished = self.finish_in_place(frame.func, 2, frame.want);
        // A protected call that was protected itself gives back at once.
        if self.frames.len() > floor
            && let Some(Frame { kind: Kind::Protected(_), .. }) = self.frames.last()
        {
            self.give_back_protected(floor);
        }
        finished
    }

    fn give_back_protected(&mut self, floor: usize) {
        while self.frames.len() > floor
            && let Some(Frame { kind: Kind::Protected(_), .. }) = self.frames.last()
            && let Some(outer) = self.frames.pop()
        {
            self.stack[outer.func] = Value::Bool(true);
            let _ = self.finish_in_place(outer.func, self.top - outer.func, outer.want);
        }
        self.resume_top();
    }

    /// Calls a value from a native or for a metamethod; its first result. `above` is the first place of the stack that is free.
    pub(crate) fn call_value(
        &mut self,
        host: &mut dyn Host,
        function: Value,
        arguments: &[Value],
        above: usize,
    ) -> Result<Value, Error> {
        if self.nested >= MAX_NESTED {
            return Err(self.error("C stack overflow"));
        }
        let top = self.top;
        let func = above;
        self.room(func + arguments.len() + 2)?;
        self.stack[func] = function;
        for (place, argument) in arguments.iter().enumerate() {
            self.stack[func + 1 + place] = argument.clone();
        }
        self.nested += 1;
        let saved = self.pc;
        let outer = core::mem::replace(&mut self.native, false);
        let result = self.enter(host, func, arguments.len(), 1);
        self.native = outer;
        self.nested -= 1;
        result?;
        self.pc = saved;
        self.top = top;
        Ok(core::mem::take(&mut self.stack[func]))
    }

    /// The first place of the stack that neither the function at work nor a native uses.
    pub(crate) fn free_place(&self) -> usize {
        match self.frames.last() {
            Some(frame) if frame.kind == Kind::Lua => self.top.max(self.base + usize::from(self.proto.registers) + 1),
            _ => self.top,
        }
    }
}
