//! Tables as Lua 5.1 lays them out: an array part, and nodes chained in one block. The order of `pairs` and the border that `#` finds
//! follow from the layout, so this follows it step by step (Ierusalimschy, de Figueiredo and Celes, "The Implementation of Lua 5.0",
//! section 4).

use crate::{str::Str, value::Value};
use alloc::vec::Vec;

/// The largest array part has two to this power of slots.
const MAX_BITS: usize = 26;

#[derive(Clone, Debug, Default)]
struct Node {
    key: Value,
    value: Value,
    /// The next of the chain, plus one; 0 for none.
    next: u32,
}

/// A table.
#[derive(Clone, Debug, Default)]
pub struct Table {
    array: Vec<Value>,
    /// None, or a power of two.
    nodes: Vec<Node>,
    /// Nodes from here on are not free.
    last_free: usize,
    /// Its metatable.
    pub meta: Option<u32>,
    /// Whether scripts may not change it.
    pub readonly: bool,
}

/// Why a key cannot be set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadKey {
    /// It is nil.
    Nil,
    /// It is not a number.
    Nan,
}

impl BadKey {
    /// What Lua says of it.
    pub fn text(self) -> &'static str {
        match self {
            BadKey::Nil => "table index is nil",
            BadKey::Nan => "table index is NaN",
        }
    }
}

/// The smallest power of two that holds `count`, as its exponent.
fn ceil_log2(count: usize) -> usize {
    count.next_power_of_two().trailing_zeros() as usize
}

/// The number as a whole one that an array part could hold.
fn array_index(key: &Value) -> Option<usize> {
    match key {
        Value::Num(number) if *number >= 1.0 && *number <= (1_u64 << MAX_BITS) as f64 => {
            let whole = *number as usize;
            (whole as f64 == *number).then_some(whole)
        }
        _ => None,
    }
}

impl Table {
    /// A table with room for so many values in its array part and so many others.
    pub fn with(array: usize, others: usize) -> Table {
        let mut table = Table::default();
        if array > 0 || others > 0 {
            table.resize(array, others);
        }
        table
    }

    /// An empty table with this metatable.
    pub fn with_meta(meta: Option<u32>) -> Table {
        Table { meta, ..Table::default() }
    }

    /// The bytes it takes, roughly.
    pub fn bytes(&self) -> usize {
        64 + self.array.len() * size_of::<Value>() + self.nodes.len() * size_of::<Node>()
    }

    /// Where a key's chain begins.
    fn main_place(&self, key: &Value) -> usize {
        let by_rest = |hash: u32| hash as usize % ((self.nodes.len() - 1) | 1);
        match key {
            Value::Num(number) if *number == 0.0 => 0,
            Value::Num(number) => {
                let bits = number.to_bits();
                by_rest((bits as u32).wrapping_add((bits >> 32) as u32))
            }
            Value::Str(text) => text.hash() as usize & (self.nodes.len() - 1),
            Value::Bool(yes) => usize::from(*yes) & (self.nodes.len() - 1),
            // Redis hashes addresses, so any order is as good.
            Value::Table(id) | Value::Closure(id) | Value::Thread(id) | Value::Proxy(id) => {
                by_rest(id.wrapping_mul(16))
            }
            Value::Native(id) | Value::Host(id) => by_rest(u32::from(*id).wrapping_mul(16)),
            Value::Light(id) => by_rest(u32::from(*id)),
            Value::Nil => 0,
        }
    }

    fn find(&self, key: &Value) -> Option<usize> {
        if self.nodes.is_empty() {
            return None;
        }
        let mut place = self.main_place(key);
        loop {
            let node = &self.nodes[place];
            if node.key == *key {
                return Some(place);
            }
            place = (node.next as usize).checked_sub(1)?;
        }
    }

    /// The value of a key; nil if there is none.
    pub fn get(&self, key: &Value) -> Value {
        match key {
            Value::Str(text) => self.get_str(text),
            Value::Nil => Value::Nil,
            Value::Num(number) => {
                let index = *number as usize;
                if index >= 1 && index <= self.array.len() && index as f64 == *number {
                    return self.array[index - 1].clone();
                }
                self.find(key).map_or(Value::Nil, |place| self.nodes[place].value.clone())
            }
            other => self.find(other).map_or(Value::Nil, |place| self.nodes[place].value.clone()),
        }
    }

    /// The value of a string.
    pub fn get_str(&self, key: &Str) -> Value {
        if self.nodes.is_empty() {
            return Value::Nil;
        }
        let mut place = key.hash() as usize & (self.nodes.len() - 1);
        loop {
            let node = &self.nodes[place];
            if let Value::Str(text) = &node.key
                && text == key
            {
                return node.value.clone();
            }
            match node.next {
                0 => return Value::Nil,
                next => place = next as usize - 1,
            }
        }
    }

    /// The value of a name.
    pub fn get_name(&self, key: &str) -> Value {
        self.get_str(&Str::from(key))
    }

    /// The value at a whole number.
    pub fn get_index(&self, index: usize) -> Value {
        match index.checked_sub(1).and_then(|place| self.array.get(place)) {
            Some(value) => value.clone(),
            None => self.get(&Value::Num(index as f64)),
        }
    }

    /// Sets a key.
    pub fn set(&mut self, key: Value, value: Value) -> Result<(), BadKey> {
        match &key {
            Value::Nil => return Err(BadKey::Nil),
            Value::Num(number) if number.is_nan() => return Err(BadKey::Nan),
            Value::Num(number) => {
                let index = *number as usize;
                if index >= 1 && index <= self.array.len() && index as f64 == *number {
                    self.array[index - 1] = value;
                    return Ok(());
                }
            }
            _ => {}
        }
        match self.find(&key) {
            Some(place) => self.nodes[place].value = value,
            None => self.insert(key, value),
        }
        Ok(())
    }

    /// Sets a name.
    pub fn set_name(&mut self, name: &str, value: Value) {
        let _ = self.set(Value::str(name), value);
    }

    /// Sets what stands at a whole number.
    pub fn set_index(&mut self, index: usize, value: Value) {
        let _ = self.set(Value::Num(index as f64), value);
    }

    /// A key that is not there yet comes in (`newkey`).
    fn insert(&mut self, key: Value, value: Value) {
        if self.nodes.is_empty() {
            return self.rehash_and_set(key, value);
        }
        let mut main = self.main_place(&key);
        if !self.nodes[main].value.is_nil() {
            let Some(free) = self.free_place() else {
                return self.rehash_and_set(key, value);
            };
            let other = self.main_place(&self.nodes[main].key);
            if other == main {
                self.nodes[free].next = self.nodes[main].next;
                self.nodes[main].next = free as u32 + 1;
                main = free;
            } else {
                // Who stands there has its place elsewhere and gives way.
                let mut before = other;
                while self.nodes[before].next as usize != main + 1 {
                    before = self.nodes[before].next as usize - 1;
                }
                self.nodes[before].next = free as u32 + 1;
                self.nodes[free] = core::mem::take(&mut self.nodes[main]);
            }
        }
        let node = &mut self.nodes[main];
        node.key = key;
        node.value = value;
    }

    fn free_place(&mut self) -> Option<usize> {
        while self.last_free > 0 {
            self.last_free -= 1;
            if self.nodes[self.last_free].key.is_nil() {
                return Some(self.last_free);
            }
        }
        None
    }

    fn rehash_and_set(&mut self, key: Value, value: Value) {
        let mut slices = [0_usize; MAX_BITS + 1];
        let mut total = 1;
        let mut in_array = 0;
        let mut count = |key: &Value| {
            if let Some(index) = array_index(key) {
                slices[ceil_log2(index)] += 1;
                in_array += 1;
            }
        };
        for (place, value) in self.array.iter().enumerate() {
            if !value.is_nil() {
                count(&Value::Num(place as f64 + 1.0));
                total += 1;
            }
        }
        for node in self.nodes.iter().filter(|node| !node.value.is_nil()) {
            count(&node.key);
            total += 1;
        }
        count(&key);
        let (mut sum, mut kept, mut size) = (0, 0, 0);
        for (bits, found) in slices.iter().enumerate() {
            if (1 << bits) / 2 >= in_array {
                break;
            }
            sum += found;
            if *found > 0 && sum > (1 << bits) / 2 {
                (size, kept) = (1 << bits, sum);
            }
            if sum == in_array {
                break;
            }
        }
        self.resize(size, total - kept);
        let _ = self.set(key, value);
    }

    fn resize(&mut self, array: usize, others: usize) {
        let old_nodes = core::mem::take(&mut self.nodes);
        if others > 0 {
            self.nodes = alloc::vec![Node::default(); others.next_power_of_two()];
        }
        self.last_free = self.nodes.len();
        let rest = if array < self.array.len() { self.array.split_off(array) } else { Vec::new() };
        self.array.resize(array, Value::Nil);
        for (place, value) in rest.into_iter().enumerate().filter(|(_, value)| !value.is_nil()) {
            self.set_index(array + place + 1, value);
        }
        for node in old_nodes.into_iter().rev().filter(|node| !node.value.is_nil()) {
            let _ = self.set(node.key, node.value);
        }
    }

    /// Makes room for an array of so many, as a constructor does before it fills it.
    pub fn reserve_array(&mut self, count: usize) {
        if count > self.array.len() {
            let others = self.nodes.len();
            self.resize(count, others);
        }
    }

    /// A border: a whole number whose value is something while the next one's is nothing.
    pub fn border(&self) -> usize {
        let size = self.array.len();
        if size > 0 && self.array[size - 1].is_nil() {
            return border(0, size, |index| self.array[index - 1].is_nil());
        }
        if self.nodes.is_empty() {
            return size;
        }
        let (mut low, mut high) = (size, size + 1);
        while !self.get_index(high).is_nil() {
            low = high;
            high *= 2;
            if high > 1 << 31 {
                // Somebody built this on purpose: step by step.
                return (1..).find(|index| self.get_index(*index).is_nil()).map_or(0, |index| index - 1);
            }
        }
        border(low, high, |index| self.get_index(index).is_nil())
    }

    /// The key and value that come after `key` (nil for the first); `Ok(None)` at the end.
    pub fn next(&self, key: &Value) -> Result<Option<(Value, Value)>, &'static str> {
        let from = match key {
            Value::Nil => 0,
            key => match array_index(key).filter(|index| *index <= self.array.len()) {
                Some(index) => index,
                None => self.find(key).ok_or("invalid key to 'next'")? + self.array.len() + 1,
            },
        };
        if let Some(place) = (from..self.array.len()).find(|place| !self.array[*place].is_nil()) {
            return Ok(Some((Value::Num(place as f64 + 1.0), self.array[place].clone())));
        }
        let nodes = self.nodes.iter().skip(from.saturating_sub(self.array.len()));
        let mut there = nodes.filter(|node| !node.value.is_nil());
        Ok(there.next().map(|node| (node.key.clone(), node.value.clone())))
    }

    /// Everything that is held, for who marks what is in use.
    pub(crate) fn each(&self, mark: &mut dyn FnMut(&Value)) {
        self.array.iter().for_each(&mut *mark);
        for node in self.nodes.iter().filter(|node| !node.value.is_nil()) {
            mark(&node.key);
            mark(&node.value);
        }
    }

    /// Every key.
    pub(crate) fn each_key(&self, look: &mut dyn FnMut(&Value)) {
        for (place, _) in self.array.iter().enumerate().filter(|(_, value)| !value.is_nil()) {
            look(&Value::Num(place as f64 + 1.0));
        }
        self.nodes.iter().filter(|node| !node.value.is_nil()).for_each(|node| look(&node.key));
    }
}

fn border(mut low: usize, mut high: usize, is_nil: impl Fn(usize) -> bool) -> usize {
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if is_nil(middle) { high = middle } else { low = middle }
    }
    low
}
