//! Where tables, closures and variables live: places with numbers, which a collection frees when nothing leads to them any more.

use crate::{op::Proto, str::Str, table::Table, value::Value};
use alloc::{boxed::Box, rc::Rc, vec::Vec};

/// A function with the variables it has kept.
#[derive(Clone, Debug)]
pub struct Closure {
    /// What it does.
    pub proto: Rc<Proto>,
    /// The variables of enclosing functions, as places in the heap.
    pub upvalues: Box<[u32]>,
    /// The table of its globals.
    pub globals: u32,
}

/// A variable that a closure keeps.
#[derive(Clone, Debug)]
pub enum Upvalue {
    /// It still lives in the register of a thread.
    Open {
        /// Whose.
        thread: u32,
        /// Where on its stack.
        place: u32,
    },
    /// It lives here.
    Closed(Value),
}

/// The three kinds of places, the strings they refer to, and how much all of it weighs.
#[derive(Clone, Debug, Default)]
pub struct Heap {
    pub(crate) tables: Vec<Table>,
    pub(crate) closures: Vec<Option<Closure>>,
    pub(crate) upvalues: Vec<Upvalue>,
    free_tables: Vec<u32>,
    free_closures: Vec<u32>,
    free_upvalues: Vec<u32>,
    /// Bytes that were taken since the last collection.
    pub(crate) taken: usize,
    /// Bytes in use after the last collection.
    pub(crate) kept: usize,
    collections: u32,
}

/// What a collection has found to be in use.
pub(crate) struct Marks {
    tables: Vec<bool>,
    closures: Vec<bool>,
    upvalues: Vec<bool>,
    bytes: usize,
    collection: u32,
    /// What was found but not yet looked into.
    open: Vec<Value>,
    open_upvalues: Vec<u32>,
    pub(crate) threads: Vec<u32>,
}

/// Marks a place and says whether it was not marked before. A register that is not in use may still name a place that is gone.
fn first(marks: &mut [bool], id: u32) -> bool {
    marks.get_mut(id as usize).is_some_and(|mark| !core::mem::replace(mark, true))
}

impl Marks {
    pub(crate) fn value(&mut self, value: &Value) {
        let fresh = match value {
            Value::Str(text) => {
                if text.first_seen_in(self.collection) {
                    self.bytes += text.len() + 32;
                }
                false
            }
            Value::Table(id) | Value::Proxy(id) => first(&mut self.tables, *id),
            Value::Closure(id) => first(&mut self.closures, *id),
            Value::Thread(id) => {
                if !self.threads.contains(id) {
                    self.threads.push(*id);
                }
                false
            }
            Value::Nil | Value::Bool(_) | Value::Num(_) | Value::Native(_) | Value::Host(_) | Value::Light(_) => false,
        };
        if fresh {
            self.open.push(value.clone());
        }
    }

    pub(crate) fn upvalue(&mut self, id: u32) {
        if first(&mut self.upvalues, id) {
            self.open_upvalues.push(id);
        }
    }
}

impl Heap {
    /// A new table.
    pub fn new_table(&mut self, table: Table) -> u32 {
        self.taken += table.bytes();
        match self.free_tables.pop() {
            Some(id) => {
                self.tables[id as usize] = table;
                id
            }
            None => {
                self.tables.push(table);
                self.tables.len() as u32 - 1
            }
        }
    }

    /// A table.
    pub fn table(&self, id: u32) -> &Table {
        &self.tables[id as usize]
    }

    /// A table, to be changed.
    pub fn table_mut(&mut self, id: u32) -> &mut Table {
        &mut self.tables[id as usize]
    }

    /// Sets a key of a table and counts what that takes.
    pub fn set(&mut self, id: u32, key: Value, value: Value) -> Result<(), &'static str> {
        let table = &mut self.tables[id as usize];
        let before = table.bytes();
        let set = table.set(key, value);
        self.taken += table.bytes().saturating_sub(before);
        set.map_err(|bad| bad.text())
    }

    pub(crate) fn new_closure(&mut self, closure: Closure) -> u32 {
        self.taken += 64 + closure.upvalues.len() * 4;
        match self.free_closures.pop() {
            Some(id) => {
                self.closures[id as usize] = Some(closure);
                id
            }
            None => {
                self.closures.push(Some(closure));
                self.closures.len() as u32 - 1
            }
        }
    }

    pub(crate) fn closure(&self, id: u32) -> &Closure {
        self.closures[id as usize].as_ref().expect("what a value leads to is not freed")
    }

    pub(crate) fn new_upvalue(&mut self, upvalue: Upvalue) -> u32 {
        self.taken += 32;
        match self.free_upvalues.pop() {
            Some(id) => {
                self.upvalues[id as usize] = upvalue;
                id
            }
            None => {
                self.upvalues.push(upvalue);
                self.upvalues.len() as u32 - 1
            }
        }
    }

    /// A string, counted.
    pub fn text(&mut self, bytes: Vec<u8>) -> Value {
        self.taken += bytes.len() + 32;
        Value::Str(Str::from(bytes))
    }

    /// How many places of each kind there are: what a machine that begins anew goes back to.
    pub(crate) fn sizes(&self) -> [usize; 3] {
        [self.tables.len(), self.closures.len(), self.upvalues.len()]
    }

    /// Forgets all that came after these sizes; nothing of what stays may lead there.
    pub(crate) fn cut(&mut self, sizes: [usize; 3]) {
        self.tables.truncate(sizes[0]);
        self.closures.truncate(sizes[1]);
        self.upvalues.truncate(sizes[2]);
        self.free_tables.clear();
        self.free_closures.clear();
        self.free_upvalues.clear();
        (self.taken, self.kept) = (0, 0);
    }

    pub(crate) fn begin_collection(&mut self) -> Marks {
        self.collections = self.collections.wrapping_add(1).max(1);
        Marks {
            tables: alloc::vec![false; self.tables.len()],
            closures: alloc::vec![false; self.closures.len()],
            upvalues: alloc::vec![false; self.upvalues.len()],
            bytes: 0,
            collection: self.collections,
            open: Vec::new(),
            open_upvalues: Vec::new(),
            threads: Vec::new(),
        }
    }

    /// Follows what was marked until nothing new is found.
    pub(crate) fn follow(&self, marks: &mut Marks) {
        loop {
            if let Some(id) = marks.open_upvalues.pop() {
                if let Upvalue::Closed(value) = &self.upvalues[id as usize] {
                    marks.value(value);
                }
                continue;
            }
            match marks.open.pop() {
                Some(Value::Table(id) | Value::Proxy(id)) => {
                    let table = self.table(id);
                    marks.bytes += table.bytes();
                    table.each(&mut |value| marks.value(value));
                    if let Some(meta) = table.meta {
                        marks.value(&Value::Table(meta));
                    }
                }
                Some(Value::Closure(id)) => {
                    let Some(closure) = &self.closures[id as usize] else { continue };
                    marks.bytes += 64;
                    marks.value(&Value::Table(closure.globals));
                    closure.upvalues.iter().for_each(|upvalue| marks.upvalue(*upvalue));
                }
                Some(_) => {}
                None => return,
            }
        }
    }

    /// Frees what was not marked.
    pub(crate) fn sweep(&mut self, marks: &Marks) {
        self.free_tables.clear();
        self.free_closures.clear();
        self.free_upvalues.clear();
        for (id, _) in marks.tables.iter().enumerate().rev().filter(|(_, used)| !**used) {
            self.tables[id] = Table::default();
            self.free_tables.push(id as u32);
        }
        for (id, _) in marks.closures.iter().enumerate().rev().filter(|(_, used)| !**used) {
            self.closures[id] = None;
            self.free_closures.push(id as u32);
        }
        for (id, _) in marks.upvalues.iter().enumerate().rev().filter(|(_, used)| !**used) {
            self.upvalues[id] = Upvalue::Closed(Value::Nil);
            self.free_upvalues.push(id as u32);
        }
        self.kept = marks.bytes;
        self.taken = 0;
    }
}
