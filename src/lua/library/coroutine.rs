//! `coroutine`.

use super::{Entry, Library, Special};
use crate::{
    value::{Error, Value},
    vm::{Args, Host, Vm},
};

/// The library.
pub const LIBRARY: Library = Library {
    name: "coroutine",
    room: 6,
    entries: &[
        ("create", Entry::Native(create)),
        ("resume", Entry::Native(resume)),
        ("running", Entry::Native(running)),
        ("status", Entry::Native(status)),
        ("wrap", Entry::Native(wrap)),
        ("yield", Entry::Special(Special::Yield)),
    ],
};

pub fn create(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let function = match vm.arg(args, 1) {
        function @ Value::Closure(_) => function,
        _ => return Err(vm.bad_argument(1, "Lua function expected")),
    };
    let thread = vm.new_thread(function)?;
    vm.push(thread);
    Ok(1)
}

fn thread(vm: &Vm, args: Args) -> Result<u32, Error> {
    match vm.arg(args, 1) {
        Value::Thread(id) => Ok(id),
        _ => Err(vm.bad_argument(1, "coroutine expected")),
    }
}

pub fn resume(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let id = thread(vm, args)?;
    let first = vm.top();
    vm.push(Value::Bool(true));
    match vm.resume(host, id, args)? {
        Ok(count) => Ok(count + 1),
        Err(value) => {
            vm.cut_to(first);
            vm.push(Value::Bool(false));
            vm.push(value);
            Ok(2)
        }
    }
}

pub fn running(vm: &mut Vm, _: &mut dyn Host, _: Args) -> Result<usize, Error> {
    let value = vm.running_thread().map_or(Value::Nil, Value::Thread);
    vm.push(value);
    Ok(1)
}

pub fn status(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let id = thread(vm, args)?;
    vm.push(Value::str(vm.thread_status(id)));
    Ok(1)
}

pub fn wrap(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    create(vm, host, args)?;
    let thread = vm.pop();
    let function = vm.wrapped(host, "wrap step", thread)?;
    vm.push(function);
    Ok(1)
}

pub fn wrap_step(vm: &mut Vm, host: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let id = thread(vm, args)?;
    match vm.resume(host, id, args)? {
        Ok(count) => Ok(count),
        Err(value) => Err(match vm.to_str(&value) {
            Some(text) => Error::bytes([&vm.where_at(2)[..], &text].concat()),
            None => Error::of(value),
        }),
    }
}
