//! The loop that carries out instructions.

use super::{Host, SLICE, Vm, meta::Event};
use crate::{
    heap::{Closure, Upvalue},
    op::{CONSTANT, Op, Rk},
    table::Table,
    value::{Error, Value},
};
use alloc::boxed::Box;

impl Vm {
    pub(super) fn rk(&self, rk: Rk) -> &Value {
        if rk & CONSTANT != 0 {
            &self.proto.constants[usize::from(rk & !CONSTANT)]
        } else {
            &self.stack[self.base + usize::from(rk)]
        }
    }

    fn reg(&self, register: u8) -> &Value {
        &self.stack[self.base + usize::from(register)]
    }

    pub(super) fn set(&mut self, register: u8, value: Value) {
        self.stack[self.base + usize::from(register)] = value;
    }

    fn numbers(&self, b: Rk, c: Rk) -> Option<(f64, f64)> {
        match (self.rk(b), self.rk(c)) {
            (Value::Num(b), Value::Num(c)) => Some((*b, *c)),
            _ => None,
        }
    }

    /// A call or a round of a loop.
    fn step(&mut self, host: &mut dyn Host) -> Result<(), Error> {
        self.fuel -= 1;
        if self.fuel == 0 {
            self.fuel = SLICE;
            host.pause().map_err(|error| Error { fatal: true, ..error })?;
        }
        Ok(())
    }

    /// Runs until the frame above `floor` has returned.
    pub(super) fn run(&mut self, host: &mut dyn Host, floor: usize) -> Result<(), Error> {
        loop {
            let op = self.proto.code[self.pc];
            self.pc += 1;
            match op {
                Op::Move(a, b) => self.set(a, self.reg(b).clone()),
                Op::LoadK(a, k) => self.set(a, self.proto.constants[k as usize].clone()),
                Op::GetUpval(a, place) => {
                    let id = self.heap.closure(self.closure).upvalues[usize::from(place)];
                    self.set(a, self.upvalue(id));
                }
                Op::GetGlobal(a, name) => self.get_global(host, a, name)?,
                Op::GetTable(a, b, c) => {
                    if let Value::Table(id) = self.reg(b) {
                        let table = self.heap.table(*id);
                        let value = table.get(self.rk(c));
                        if !value.is_nil() || table.meta.is_none() {
                            self.set(a, value);
                            continue;
                        }
                    }
                    let (object, key) = (self.reg(b).clone(), self.rk(c).clone());
                    let value = self.index_named(host, object, key, Some(b))?;
                    self.set(a, value);
                }
                Op::SetTable(a, b, c) => {
                    let (key, value) = (self.rk(b).clone(), self.rk(c).clone());
                    let object = self.reg(a).clone();
                    self.set_index_named(host, object, key, value, Some(a))?;
                }
                Op::Add(a, b, c) => match self.numbers(b, c) {
                    Some((b, c)) => self.set(a, Value::Num(b + c)),
                    None => self.arith(host, Event::Add, a, b, c)?,
                },
                Op::Sub(a, b, c) => match self.numbers(b, c) {
                    Some((b, c)) => self.set(a, Value::Num(b - c)),
                    None => self.arith(host, Event::Sub, a, b, c)?,
                },
                Op::Mul(a, b, c) => match self.numbers(b, c) {
                    Some((b, c)) => self.set(a, Value::Num(b * c)),
                    None => self.arith(host, Event::Mul, a, b, c)?,
                },
                Op::Div(a, b, c) => self.arith(host, Event::Div, a, b, c)?,
                Op::Mod(a, b, c) => self.arith(host, Event::Mod, a, b, c)?,
                Op::Pow(a, b, c) => self.arith(host, Event::Pow, a, b, c)?,
                Op::Eq(a, b, c) | Op::Ne(a, b, c) => {
                    let equal = self.equal(host, b, c)?;
                    self.set(a, Value::Bool(equal == matches!(op, Op::Eq(..))));
                }
                Op::Lt(a, b, c) => {
                    let less = match self.numbers(b, c) {
                        Some((b, c)) => b < c,
                        None => self.less(host, &self.rk(b).clone(), &self.rk(c).clone())?,
                    };
                    self.set(a, Value::Bool(less));
                }
                Op::Le(a, b, c) => {
                    let less = match self.numbers(b, c) {
                        Some((b, c)) => b <= c,
                        None => self.less_equal(host, &self.rk(b).clone(), &self.rk(c).clone())?,
                    };
                    self.set(a, Value::Bool(less));
                }
                Op::Jump(to) => {
                    if (to as usize) < self.pc {
                        self.step(host)?;
                    }
                    self.pc = to as usize;
                }
                Op::JumpIf(a, to) | Op::JumpIfNot(a, to) => {
                    if self.reg(a).truthy() == matches!(op, Op::JumpIf(..)) {
                        if (to as usize) < self.pc {
                            self.step(host)?;
                        }
                        self.pc = to as usize;
                    }
                }
                Op::Call(a, b, c) => {
                    self.step(host)?;
                    self.collect_if_due()?;
                    let func = self.base + usize::from(a);
                    let count = if b == 0 { self.top - func - 1 } else { usize::from(b) - 1 };
                    self.precall(host, func, count, i32::from(c) - 1)?;
                }
                Op::Return(a, b) => {
                    let first = self.base + usize::from(a);
                    let count = if b == 0 { self.top - first } else { usize::from(b) - 1 };
                    if self.give_back(first, count, floor) {
                        return Ok(());
                    }
                }
                other => self.run_other(host, other)?,
            }
        }
    }

    /// The instructions that are rarer.
    fn run_other(&mut self, host: &mut dyn Host, op: Op) -> Result<(), Error> {
        match op {
            Op::LoadNil(a, more) => {
                for register in a..=a + more {
                    self.set(register, Value::Nil);
                }
            }
            Op::LoadBool(a, yes) => self.set(a, Value::Bool(yes)),
            Op::SetUpval(place, a) => {
                let value = self.reg(a).clone();
                let id = self.heap.closure(self.closure).upvalues[usize::from(place)];
                self.set_upvalue(id, value);
            }
            Op::SetGlobal(a, name) => {
                let globals = Value::Table(self.heap.closure(self.closure).globals);
                let (key, value) = (self.proto.constants[name as usize].clone(), self.reg(a).clone());
                self.set_index_named(host, globals, key, value, None)?;
            }
            Op::NewTable(a, array, others) => {
                self.collect_if_due()?;
                let table = self.heap.new_table(Table::with(usize::from(array), usize::from(others)));
                self.set(a, Value::Table(table));
            }
            Op::Method(a, b, key) => {
                let (object, key) = (self.reg(b).clone(), self.rk(key).clone());
                self.set(a + 1, object.clone());
                let value = self.index_named(host, object, key, Some(b))?;
                self.set(a, value);
            }
            Op::Unm(a, b) => match *self.reg(b) {
                Value::Num(number) => self.set(a, Value::Num(-number)),
                _ => self.arith(host, Event::Unm, a, Rk::from(b), Rk::from(b))?,
            },
            Op::Not(a, b) => self.set(a, Value::Bool(!self.reg(b).truthy())),
            Op::Len(a, b) => {
                let value = self.length(host, b)?;
                self.set(a, value);
            }
            Op::Concat(a, from, to) => {
                self.collect_if_due()?;
                let value = self.concat(host, from, to)?;
                self.set(a, value);
            }
            Op::TailCall(a, b) => {
                self.step(host)?;
                self.collect_if_due()?;
                self.tail_call(host, a, b)?;
            }
            Op::ForPrep(a, to) => self.for_prepare(a, to)?,
            Op::ForLoop(a, to) => self.for_loop(host, a, to)?,
            Op::ForCall(a, count) => {
                self.step(host)?;
                let at = self.base + usize::from(a);
                self.room(at + 7)?;
                for place in 0..3 {
                    self.stack[at + 3 + place] = self.stack[at + place].clone();
                }
                self.precall(host, at + 3, 2, i32::from(count))?;
            }
            Op::ForTest(a, to) => {
                let value = self.reg(a + 3).clone();
                if !value.is_nil() {
                    self.set(a + 2, value);
                    self.pc = to as usize;
                }
            }
            Op::SetList(a, b, index) => self.set_list(a, b, index as usize),
            Op::Close(a) => self.close_from(self.base + usize::from(a)),
            Op::Closure(a, place) => self.make_closure(a, place)?,
            Op::Vararg(a, b) => self.extra_arguments(a, b)?,
            _ => {}
        }
        Ok(())
    }

    fn get_global(&mut self, host: &mut dyn Host, a: u8, name: u32) -> Result<(), Error> {
        let id = self.heap.closure(self.closure).globals;
        let table = self.heap.table(id);
        let mut value = table.get(&self.proto.constants[name as usize]);
        if value.is_nil() && table.meta.is_some() {
            let key = self.proto.constants[name as usize].clone();
            value = self.index_named(host, Value::Table(id), key, None)?;
        }
        self.set(a, value);
        Ok(())
    }

    fn for_prepare(&mut self, a: u8, to: u32) -> Result<(), Error> {
        let mut numbers = [0.0; 3];
        for (place, what) in [(0, "initial value"), (1, "limit"), (2, "step")] {
            let value = self.reg(a + place).clone();
            match self.to_number(&value) {
                Some(number) => numbers[usize::from(place)] = number,
                None => return Err(self.error(&alloc::format!("'for' {what} must be a number"))),
            }
        }
        self.set(a, Value::Num(numbers[0] - numbers[2]));
        self.set(a + 1, Value::Num(numbers[1]));
        self.set(a + 2, Value::Num(numbers[2]));
        self.pc = to as usize;
        Ok(())
    }

    fn for_loop(&mut self, host: &mut dyn Host, a: u8, to: u32) -> Result<(), Error> {
        let (Value::Num(index), Value::Num(limit), Value::Num(step)) = (self.reg(a), self.reg(a + 1), self.reg(a + 2))
        else {
            return Ok(());
        };
        let (index, limit, step) = (index + step, *limit, *step);
        if if step > 0.0 { index <= limit } else { limit <= index } {
            self.set(a, Value::Num(index));
            self.set(a + 3, Value::Num(index));
            self.pc = to as usize;
            self.step(host)?;
        }
        Ok(())
    }

    fn set_list(&mut self, a: u8, b: u8, index: usize) {
        let first = self.base + usize::from(a) + 1;
        let count = if b == 0 { self.top - first } else { usize::from(b) - 1 };
        let Value::Table(id) = *self.reg(a) else { return };
        let before = self.heap.table(id).bytes();
        let table = self.heap.table_mut(id);
        table.reserve_array(index + count - 1);
        for place in (0..count).rev() {
            table.set_index(index + place, self.stack[first + place].clone());
        }
        let after = self.heap.table(id).bytes();
        self.heap.taken += after.saturating_sub(before);
    }

    fn make_closure(&mut self, a: u8, place: u32) -> Result<(), Error> {
        self.collect_if_due()?;
        let proto = self.proto.inner[place as usize].clone();
        let mut upvalues = alloc::vec::Vec::with_capacity(proto.upvalues.len());
        for (in_register, place) in &proto.upvalues {
            upvalues.push(if *in_register {
                self.capture(self.base + usize::from(*place))
            } else {
                self.heap.closure(self.closure).upvalues[usize::from(*place)]
            });
        }
        let globals = self.heap.closure(self.closure).globals;
        let closure = Closure { proto, upvalues: Box::from(upvalues), globals };
        let id = self.heap.new_closure(closure);
        self.set(a, Value::Closure(id));
        Ok(())
    }

    fn extra_arguments(&mut self, a: u8, b: u8) -> Result<(), Error> {
        let func = self.frames.last().map_or(0, |frame| frame.func);
        let fixed = usize::from(self.proto.parameters);
        let there = self.base.saturating_sub(func + 1).saturating_sub(fixed);
        let first = func + 1 + fixed;
        let to = self.base + usize::from(a);
        let count = if b == 0 { there } else { usize::from(b) - 1 };
        self.room(to + count + 1)?;
        for place in 0..count {
            self.stack[to + place] = if place < there { self.stack[first + place].clone() } else { Value::Nil };
        }
        if b == 0 {
            self.top = to + count;
        }
        Ok(())
    }

    /// The place in the heap of a variable on the stack.
    fn capture(&mut self, place: usize) -> u32 {
        let place = place as u32;
        match self.open.binary_search_by_key(&place, |(place, _)| *place) {
            Ok(found) => self.open[found].1,
            Err(at) => {
                let id = self.heap.new_upvalue(Upvalue::Open { thread: self.thread, place });
                self.open.insert(at, (place, id));
                id
            }
        }
    }

    /// Variables from this place of the stack on live in the heap from now on.
    pub(super) fn close_from(&mut self, place: usize) {
        while let Some((at, id)) = self.open.last().copied()
            && at as usize >= place
        {
            self.open.pop();
            let value = self.stack[at as usize].clone();
            self.heap.upvalues[id as usize] = Upvalue::Closed(value);
        }
    }

    fn upvalue(&self, id: u32) -> Value {
        match &self.heap.upvalues[id as usize] {
            Upvalue::Closed(value) => value.clone(),
            Upvalue::Open { thread, place } => self.stack_of(*thread).get(*place as usize).cloned().unwrap_or_default(),
        }
    }

    fn set_upvalue(&mut self, id: u32, value: Value) {
        match &mut self.heap.upvalues[id as usize] {
            Upvalue::Closed(old) => *old = value,
            Upvalue::Open { thread, place } => {
                let (thread, place) = (*thread, *place as usize);
                if let Some(slot) = self.stack_of_mut(thread).get_mut(place) {
                    *slot = value;
                }
            }
        }
    }
}
