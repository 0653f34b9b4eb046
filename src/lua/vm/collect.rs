//! When and from where a collection begins.

use super::{Kind, Vm};
use crate::value::{Error, Value};

/// How much may be taken before the first collection.
const START: usize = 4 * 1024 * 1024;

impl Vm {
    /// Collects when enough was taken since the last time. Natives that call back hold values that no root leads to: not then.
    pub(super) fn collect_if_due(&mut self) -> Result<(), Error> {
        let due = START.max(self.heap.kept).min(self.memory_limit.saturating_sub(self.heap.kept).max(START / 4));
        if self.heap.taken < due {
            return Ok(());
        }
        if self.nested == 0 {
            self.collect();
        }
        self.memory_check()
    }

    /// The bytes in use, as far as they are counted.
    pub fn bytes(&self) -> usize {
        self.heap.kept + self.heap.taken
    }

    /// Ends what takes more than it may.
    pub(crate) fn memory_check(&self) -> Result<(), Error> {
        // Between collections much is counted that is not in use any more.
        if self.heap.kept > self.memory_limit || self.heap.taken > 2 * self.memory_limit {
            return Err(Error::text("not enough memory"));
        }
        Ok(())
    }

    /// After a call of a machine that goes on: collects if the call has left much behind.
    pub fn tidy(&mut self) {
        if self.heap.taken > START / 16 {
            self.collect();
        }
    }

    /// Frees what nothing leads to.
    pub fn collect(&mut self) {
        let mut marks = self.heap.begin_collection();
        marks.value(&Value::Table(self.globals));
        marks.value(&self.wrapper);
        self.registry.iter().for_each(|value| marks.value(value));
        if let Some(meta) = self.string_meta {
            marks.value(&Value::Table(meta));
        }
        // What a fresh machine has stays.
        for id in 0..self.fresh[0] as u32 {
            marks.value(&Value::Table(id));
        }
        for id in 0..self.fresh[1] as u32 {
            marks.value(&Value::Closure(id));
        }
        let end = self.top.max(self.base + usize::from(self.proto.registers)).min(self.stack.len());
        self.stack[..end].iter().for_each(|value| marks.value(value));
        for frame in &self.frames {
            match &frame.kind {
                Kind::Lua => marks.value(&Value::Closure(frame.closure)),
                Kind::Protected(handler) => marks.value(handler),
            }
        }
        self.open.iter().for_each(|(_, id)| marks.upvalue(*id));
        marks.value(&Value::Thread(self.thread));
        let mut looked = 0;
        loop {
            self.heap.follow(&mut marks);
            let Some(thread) = marks.threads.get(looked).copied() else { break };
            looked += 1;
            self.mark_thread(thread, &mut marks);
        }
        self.heap.sweep(&marks);
        for id in 1..self.threads.len() as u32 {
            if !marks.threads.contains(&id) {
                self.forget_thread(id);
            }
        }
    }
}
