//! `cjson.encode`.

use super::{MAX_SLOTS, Settings, exactly_one, settings};
use crate::{
    number,
    value::{Error, Value},
    vm::{Args, Host, Vm},
};
use alloc::{format, vec::Vec};

/// A container that is being written.
enum Open {
    /// Its items from the next one on.
    Array { table: u32, next: usize, count: usize },
    /// Its entries behind a key.
    Object { table: u32, key: Value },
}

struct Encoder<'v> {
    vm: &'v mut Vm,
    settings: Settings,
    out: Vec<u8>,
    open: Vec<Open>,
    /// How much of its stack Redis's Lua would use here.
    slots: usize,
}

pub fn encode(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    exactly_one(vm, args)?;
    let (value, settings) = (vm.arg(args, 1), settings(vm));
    let mut encoder = Encoder { vm, settings, out: Vec::new(), open: Vec::new(), slots: 1 };
    encoder.value(host, &value)?;
    while let Some(value) = encoder.next()? {
        encoder.vm.charge(host, 1)?;
        encoder.value(host, &value)?;
        if encoder.out.len() > encoder.vm.memory_limit {
            return Err(Error::text("not enough memory"));
        }
    }
    let out = encoder.out;
    let text = vm.heap.text(out);
    vm.push(text);
    vm.memory_check()?;
    Ok(1)
}

impl Encoder<'_> {
    fn refuse(&self, value: &Value, why: &str) -> Error {
        self.vm.error(&format!("Cannot serialise {}: {why}", value.type_name()))
    }

    /// The next value to be written, in whatever container is open; none when all are closed.
    fn next(&mut self) -> Result<Option<Value>, Error> {
        loop {
            match self.open.last_mut() {
                None => return Ok(None),
                Some(Open::Array { table, next, count }) => {
                    if *next <= *count {
                        if *next > 1 {
                            self.out.push(b',');
                        }
                        let value = self.vm.heap.table(*table).get_index(*next);
                        *next += 1;
                        return Ok(Some(value));
                    }
                    self.out.push(b']');
                    self.slots -= 1;
                    self.open.pop();
                }
                Some(Open::Object { table, key }) => {
                    let found = self.vm.heap.table(*table).next(key).map_err(Error::text)?;
                    if let Some((next, value)) = found {
                        if !key.is_nil() {
                            self.out.push(b',');
                        }
                        *key = next.clone();
                        self.key(&next)?;
                        return Ok(Some(value));
                    }
                    self.out.push(b'}');
                    self.slots -= 2;
                    self.open.pop();
                }
            }
        }
    }

    fn key(&mut self, key: &Value) -> Result<(), Error> {
        match key {
            Value::Num(number) => {
                self.out.push(b'"');
                self.number(*number)?;
                self.out.push(b'"');
            }
            Value::Str(text) => self.string(text),
            other => return Err(self.refuse(other, "table key must be a number or string")),
        }
        self.out.push(b':');
        Ok(())
    }

    fn value(&mut self, host: &mut dyn Host, value: &Value) -> Result<(), Error> {
        match value {
            Value::Str(text) => self.string(text),
            Value::Num(number) => self.number(*number)?,
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Nil | Value::Light(0) => self.out.extend_from_slice(b"null"),
            Value::Table(table) => {
                let depth = self.open.len() + 1;
                if depth as i64 > i64::from(self.settings.encode_max_depth) || self.slots + 3 > MAX_SLOTS {
                    return Err(self.vm.error(&format!("Cannot serialise, excessive nesting ({depth})")));
                }
                match self.array_length(host, *table)? {
                    0 => {
                        self.out.push(b'{');
                        self.slots += 2;
                        self.open.push(Open::Object { table: *table, key: Value::Nil });
                    }
                    count => {
                        self.out.push(b'[');
                        self.slots += 1;
                        self.open.push(Open::Array { table: *table, next: 1, count });
                    }
                }
            }
            other => return Err(self.refuse(other, "type not supported")),
        }
        Ok(())
    }

    /// How long the array is; 0 for what is written as an object.
    fn array_length(&mut self, host: &mut dyn Host, id: u32) -> Result<usize, Error> {
        let (mut most, mut items, mut key) = (0_i32, 0_i32, Value::Nil);
        while let Some((next, _)) = self.vm.heap.table(id).next(&key).map_err(Error::text)? {
            let Value::Num(number) = next else { return Ok(0) };
            if number < 1.0 || libm::floor(number) != number {
                return Ok(0);
            }
            if number > f64::from(most) {
                // What a cast in C makes of what does not fit.
                most = if number > f64::from(i32::MAX) { i32::MIN } else { number as i32 };
            }
            items = items.wrapping_add(1);
            key = next;
            if items % 64 == 0 {
                self.vm.charge(host, 1)?;
            }
        }
        let all = &self.settings;
        let sparse = all.sparse_ratio > 0 && most > items.wrapping_mul(all.sparse_ratio) && most > all.sparse_safe;
        match (sparse, all.sparse_convert) {
            (true, 0) => Err(self.refuse(&Value::Table(id), "excessively sparse array")),
            (true, _) => Ok(0),
            (false, _) => Ok(usize::try_from(most).unwrap_or(0)),
        }
    }

    fn number(&mut self, number: f64) -> Result<(), Error> {
        match self.settings.encode_invalid_numbers {
            0 if !number.is_finite() => return Err(self.refuse(&Value::Num(number), "must not be NaN or Inf")),
            1 if number.is_nan() => self.out.extend_from_slice(b"nan"),
            2 if !number.is_finite() => self.out.extend_from_slice(b"null"),
            _ => {
                let text = match self.settings.encode_number_precision {
                    14 => number::to_text(number),
                    precision => number::general(number, precision as usize, false),
                };
                self.out.extend_from_slice(text.as_bytes());
            }
        }
        Ok(())
    }

    fn string(&mut self, text: &[u8]) {
        self.out.push(b'"');
        for byte in text {
            match byte {
                b'"' | b'\\' | b'/' => self.out.extend_from_slice(&[b'\\', *byte]),
                8 => self.out.extend_from_slice(b"\\b"),
                9 => self.out.extend_from_slice(b"\\t"),
                10 => self.out.extend_from_slice(b"\\n"),
                12 => self.out.extend_from_slice(b"\\f"),
                13 => self.out.extend_from_slice(b"\\r"),
                0..=31 | 127 => self.out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
                _ => self.out.push(*byte),
            }
        }
        self.out.push(b'"');
    }
}
