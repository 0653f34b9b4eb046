//! `table`.

use super::{Entry, Library};
use crate::{
    value::{Error, Value},
    vm::{Args, Host, Vm},
};
use alloc::{format, vec::Vec};

/// The library.
pub const LIBRARY: Library = Library {
    name: "table",
    room: 9,
    entries: &[
        ("concat", Entry::Native(concat)),
        ("foreach", Entry::Native(foreach)),
        ("foreachi", Entry::Native(foreachi)),
        ("getn", Entry::Native(getn)),
        ("maxn", Entry::Native(maxn)),
        ("insert", Entry::Native(insert)),
        ("remove", Entry::Native(remove)),
        ("setn", Entry::Native(setn)),
        ("sort", Entry::Native(sort)),
    ],
};

pub fn getn(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    vm.push(Value::Num(vm.heap.table(table).border() as f64));
    Ok(1)
}

pub fn setn(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    vm.check_table(args, 1)?;
    Err(vm.error("'setn' is obsolete"))
}

pub fn maxn(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    let mut most = 0.0_f64;
    vm.heap.table(table).each_key(&mut |key| {
        if let Value::Num(number) = key {
            most = most.max(*number);
        }
    });
    vm.push(Value::Num(most));
    Ok(1)
}

pub fn insert(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    let end = vm.heap.table(table).border() as i64 + 1;
    let place = match args.count {
        2 => end,
        3 => {
            let place = vm.check_integer(args, 2)?;
            for index in (place + 1..=end.max(place)).rev() {
                let value = vm.heap.table(table).get(&Value::Num((index - 1) as f64));
                vm.raw_set(table, Value::Num(index as f64), value)?;
            }
            place
        }
        _ => return Err(vm.error("wrong number of arguments to 'insert'")),
    };
    vm.raw_set(table, Value::Num(place as f64), vm.arg(args, args.count))?;
    Ok(0)
}

pub fn remove(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    let end = vm.heap.table(table).border() as i64;
    let place = vm.opt_integer(args, 2, end)?;
    if !(1..=end).contains(&place) {
        return Ok(0);
    }
    let value = vm.heap.table(table).get(&Value::Num(place as f64));
    for index in place..end {
        let next = vm.heap.table(table).get(&Value::Num((index + 1) as f64));
        vm.raw_set(table, Value::Num(index as f64), next)?;
    }
    vm.raw_set(table, Value::Num(end as f64), Value::Nil)?;
    vm.push(value);
    Ok(1)
}

pub fn concat(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let separator = if vm.arg(args, 2).is_nil() { Value::str("") } else { Value::Str(vm.check_str(args, 2)?) };
    let table = vm.check_table(args, 1)?;
    let from = vm.opt_integer(args, 3, 1)?;
    let to = vm.opt_integer(args, 4, vm.heap.table(table).border() as i64)?;
    let mut out = Vec::new();
    let mut index = from;
    while index <= to {
        let value = vm.heap.table(table).get(&Value::Num(index as f64));
        let Some(text) = vm.to_str(&value) else {
            let name = value.type_name();
            return Err(vm.error(&format!("invalid value ({name}) at index {index} in table for 'concat'")));
        };
        out.extend_from_slice(&text);
        if index < to
            && let Value::Str(separator) = &separator
        {
            out.extend_from_slice(separator);
        }
        if out.len() > 2 * vm.memory_limit {
            return Err(Error::text("not enough memory"));
        }
        index += 1;
    }
    let text = vm.heap.text(out);
    vm.push(text);
    Ok(1)
}

pub fn foreach(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    let function = vm.check_function(args, 2)?;
    let mut key = Value::Nil;
    while let Some((next, value)) = vm.heap.table(table).next(&key).map_err(|text| vm.error(text))? {
        let above = vm.free_place();
        let result = vm.call_value(host, function.clone(), &[next.clone(), value], above)?;
        if !result.is_nil() {
            vm.push(result);
            return Ok(1);
        }
        key = next;
    }
    Ok(0)
}

pub fn foreachi(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    let function = vm.check_function(args, 2)?;
    for index in 1..=vm.heap.table(table).border() {
        let value = vm.heap.table(table).get_index(index);
        let above = vm.free_place();
        let result = vm.call_value(host, function.clone(), &[Value::Num(index as f64), value], above)?;
        if !result.is_nil() {
            vm.push(result);
            return Ok(1);
        }
    }
    Ok(0)
}

/// What decides the order, and the table in which values stand while they are sorted.
struct Sorter<'v> {
    vm: &'v mut Vm,
    host: &'v mut dyn Host,
    table: u32,
    function: Value,
}

impl Sorter<'_> {
    fn get(&self, index: i64) -> Value {
        self.vm.heap.table(self.table).get_index(index as usize)
    }

    fn put(&mut self, index: i64, value: Value) -> Result<(), Error> {
        self.vm.raw_set(self.table, Value::Num(index as f64), value)
    }

    fn swap(&mut self, first: i64, second: i64) -> Result<(), Error> {
        let (a, b) = (self.get(first), self.get(second));
        self.put(first, b)?;
        self.put(second, a)
    }

    fn less(&mut self, left: &Value, right: &Value) -> Result<bool, Error> {
        self.vm.charge(self.host, 1)?;
        if self.function.is_nil() {
            return self.vm.less(self.host, left, right);
        }
        let above = self.vm.free_place();
        let arguments = [left.clone(), right.clone()];
        Ok(self.vm.call_value(self.host, self.function.clone(), &arguments, above)?.truthy())
    }

    /// The quicksort of Lua 5.1: which values an order function sees, and in which order, is visible to scripts.
    fn sort(&mut self, mut low: i64, mut up: i64) -> Result<(), Error> {
        while low < up {
            if self.less(&self.get(up), &self.get(low))? {
                self.swap(low, up)?;
            }
            if up - low == 1 {
                break;
            }
            let middle = low + (up - low) / 2;
            if self.less(&self.get(middle), &self.get(low))? {
                self.swap(middle, low)?;
            } else if self.less(&self.get(up), &self.get(middle))? {
                self.swap(middle, up)?;
            }
            if up - low == 2 {
                break;
            }
            let pivot = self.get(middle);
            self.swap(middle, up - 1)?;
            let (mut i, mut j) = (low, up - 1);
            loop {
                i += 1;
                while self.less(&self.get(i), &pivot)? {
                    if i > up {
                        return Err(self.vm.error("invalid order function for sorting"));
                    }
                    i += 1;
                }
                j -= 1;
                while self.less(&pivot, &self.get(j))? {
                    if j < low {
                        return Err(self.vm.error("invalid order function for sorting"));
                    }
                    j -= 1;
                }
                if j < i {
                    break;
                }
                self.swap(i, j)?;
            }
            self.swap(up - 1, i)?;
            // The smaller half first, so that this nests no deeper than the logarithm.
            if i - low < up - i {
                self.sort(low, i - 1)?;
                low = i + 1;
            } else {
                self.sort(i + 1, up)?;
                up = i - 1;
            }
        }
        Ok(())
    }
}

pub fn sort(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let table = vm.check_table(args, 1)?;
    let function = if vm.arg(args, 2).is_nil() { Value::Nil } else { vm.check_function(args, 2)? };
    let length = vm.heap.table(table).border() as i64;
    Sorter { vm, host, table, function }.sort(1, length)?;
    Ok(0)
}
