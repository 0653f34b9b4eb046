//! Coroutines: threads with stacks of their own, of which one runs.

use super::{Args, Frame, Host, Kind, Vm};
use crate::{
    heap::Marks,
    value::{Error, Value},
};
use alloc::vec::Vec;

/// How many coroutines may exist at once.
const MAX_THREADS: usize = 10_000;
/// The text of the error that carries a yield out of the loop; no script can make a nil error with a place like this.
const YIELD: &str = "\u{0}yield";

/// A thread that does not run now.
#[derive(Clone, Debug, Default)]
pub(super) struct Thread {
    stack: Vec<Value>,
    top: usize,
    frames: Vec<Frame>,
    open: Vec<(u32, u32)>,
    state: State,
    /// How many natives were at work when it was resumed: across others it cannot yield.
    nested: u32,
    /// Where the call of `yield` stands and how many results it wants.
    waits: (usize, i32),
    /// Who resumed it.
    resumed_by: u32,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Fresh,
    Suspended,
    Running,
    Dead,
}

impl Vm {
    pub(super) fn is_yield(&self, error: &Error) -> bool {
        error.fatal && error.at.as_ref().is_some_and(|(source, _)| source[..] == *YIELD.as_bytes())
    }

    pub(super) fn stack_of(&self, thread: u32) -> &[Value] {
        if thread == self.thread { &self.stack } else { &self.threads[thread as usize].stack }
    }

    pub(super) fn stack_of_mut(&mut self, thread: u32) -> &mut [Value] {
        if thread == self.thread { &mut self.stack } else { &mut self.threads[thread as usize].stack }
    }

    /// A coroutine that will call a function.
    pub(crate) fn new_thread(&mut self, function: Value) -> Result<Value, Error> {
        let thread = Thread { stack: alloc::vec![function], top: 1, ..Thread::default() };
        self.heap.taken += 256;
        let dead = |thread: &Thread| thread.state == State::Dead && thread.stack.is_empty();
        let id = match self.threads.iter().skip(1).position(dead).filter(|_| self.threads.len() >= MAX_THREADS / 2) {
            Some(place) => {
                self.threads[place + 1] = thread;
                place + 1
            }
            None if self.threads.len() >= MAX_THREADS => return Err(Error::text("not enough memory")),
            None => {
                self.threads.push(thread);
                self.threads.len() - 1
            }
        };
        Ok(Value::Thread(id as u32))
    }

    /// The word of `coroutine.status`.
    pub(crate) fn thread_status(&self, id: u32) -> &'static str {
        match self.threads[id as usize].state {
            State::Dead => "dead",
            State::Running if id == self.thread => "running",
            State::Running => "normal",
            State::Fresh | State::Suspended => "suspended",
        }
    }

    /// The coroutine that runs; none for the main thread.
    pub(crate) fn running_thread(&self) -> Option<u32> {
        (self.thread != 0).then_some(self.thread)
    }

    /// Lets another thread have the registers.
    fn switch(&mut self, to: u32) {
        if let Some(frame) = self.frames.last_mut()
            && frame.kind == Kind::Lua
        {
            frame.pc = self.pc;
        }
        let place = &mut self.threads[self.thread as usize];
        core::mem::swap(&mut place.stack, &mut self.stack);
        core::mem::swap(&mut place.frames, &mut self.frames);
        core::mem::swap(&mut place.open, &mut self.open);
        place.top = self.top;
        let place = &mut self.threads[to as usize];
        core::mem::swap(&mut place.stack, &mut self.stack);
        core::mem::swap(&mut place.frames, &mut self.frames);
        core::mem::swap(&mut place.open, &mut self.open);
        self.top = place.top;
        self.thread = to;
        self.resume_top();
    }

    /// Resumes a coroutine with these arguments (all but the first, which is the coroutine): what it yields or returns is pushed.
    pub(crate) fn resume(&mut self, host: &mut dyn Host, id: u32, args: Args) -> Result<Result<usize, Value>, Error> {
        let state = self.threads[id as usize].state;
        if matches!(state, State::Dead | State::Running) {
            let word = if id == self.thread { "running" } else { self.thread_status(id) };
            let text = if word == "dead" { "dead" } else { "non-suspended" };
            return Ok(Err(Value::str(alloc::format!("cannot resume {text} coroutine"))));
        }
        if self.nested >= super::call::MAX_NESTED {
            return Err(self.error("C stack overflow"));
        }
        let given: Vec<Value> = (1..args.count).map(|place| self.arg(args, place + 1)).collect();
        let from = self.thread;
        self.nested += 1;
        let nested = self.nested;
        let outer = core::mem::replace(&mut self.native, false);
        self.threads[from as usize].state = State::Running;
        self.switch(id);
        let thread = &mut self.threads[id as usize];
        (thread.state, thread.nested, thread.resumed_by) = (State::Running, nested, from);
        let waits = thread.waits;
        let started = if state == State::Fresh {
            let count = given.len();
            given.into_iter().for_each(|value| self.push(value));
            self.enter(host, 0, count, -1)
        } else {
            let (first, count) = (self.top, given.len());
            given.into_iter().for_each(|value| self.push(value));
            self.finish(waits.0, first, count, waits.1).and_then(|()| self.continue_thread(host))
        };
        self.nested = nested - 1;
        self.native = outer;
        let (result, state) = match started {
            Ok(()) => (Ok(self.stack.get(..self.top).map_or(Vec::new(), <[Value]>::to_vec)), State::Dead),
            Err(error) if self.is_yield(&error) => {
                let (func, _) = self.threads[id as usize].waits;
                (Ok(self.stack[func + 1..self.top].to_vec()), State::Suspended)
            }
            Err(error) if error.fatal => {
                self.switch(from);
                return Err(error);
            }
            Err(error) => (Err(error.value), State::Dead),
        };
        self.switch(from);
        self.threads[id as usize].state = state;
        if state == State::Dead {
            self.forget_thread(id);
        }
        Ok(result.map(|values| {
            let count = values.len();
            values.into_iter().for_each(|value| self.push(value));
            count
        }))
    }

    /// What was yielded in goes on: first whatever protected call the yield was the only thing in.
    fn continue_thread(&mut self, host: &mut dyn Host) -> Result<(), Error> {
        self.drive(host, 0)
    }

    pub(super) fn yield_now(&mut self, func: usize, count: usize, want: i32) -> Result<(), Error> {
        let is_protected = self.frames.iter().any(|frame| frame.kind != Kind::Lua);
        if self.thread == 0 || self.nested != self.threads[self.thread as usize].nested || is_protected {
            return Err(self.error("attempt to yield across metamethod/C-call boundary"));
        }
        self.top = func + 1 + count;
        self.threads[self.thread as usize].waits = (func, want);
        Err(Error { value: Value::Nil, at: Some((YIELD.into(), 0)), fatal: true })
    }

    pub(super) fn mark_thread(&self, id: u32, marks: &mut Marks) {
        if id == self.thread {
            return;
        }
        let thread = &self.threads[id as usize];
        thread.stack.iter().for_each(|value| marks.value(value));
        for frame in &thread.frames {
            marks.value(&Value::Closure(frame.closure));
        }
        thread.open.iter().for_each(|(_, id)| marks.upvalue(*id));
        marks.value(&Value::Thread(thread.resumed_by));
    }

    /// A coroutine that nobody can resume any more.
    pub(super) fn forget_thread(&mut self, id: u32) {
        let open = core::mem::take(&mut self.threads[id as usize].open);
        for (place, upvalue) in open {
            let value = self.threads[id as usize].stack.get(place as usize).cloned().unwrap_or_default();
            if let Some(slot) = self.heap.upvalues.get_mut(upvalue as usize) {
                *slot = crate::heap::Upvalue::Closed(value);
            }
        }
        self.threads[id as usize] = Thread { state: State::Dead, ..Thread::default() };
    }
}
