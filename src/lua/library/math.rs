//! `math`, by functions that give the same on every target.

use super::{Entry, Library};
use crate::{
    value::{Error, Value},
    vm::{Args, Host, Vm},
};

/// The library.
pub const LIBRARY: Library = Library {
    name: "math",
    room: 28,
    entries: &[
        ("abs", Entry::Native(abs)),
        ("acos", Entry::Native(acos)),
        ("asin", Entry::Native(asin)),
        ("atan2", Entry::Native(atan2)),
        ("atan", Entry::Native(atan)),
        ("ceil", Entry::Native(ceil)),
        ("cosh", Entry::Native(cosh)),
        ("cos", Entry::Native(cos)),
        ("deg", Entry::Native(deg)),
        ("exp", Entry::Native(exp)),
        ("floor", Entry::Native(floor)),
        ("fmod", Entry::Native(fmod)),
        ("frexp", Entry::Native(frexp)),
        ("ldexp", Entry::Native(ldexp)),
        ("log10", Entry::Native(log10)),
        ("log", Entry::Native(log)),
        ("max", Entry::Native(max)),
        ("min", Entry::Native(min)),
        ("modf", Entry::Native(modf)),
        ("pow", Entry::Native(pow)),
        ("rad", Entry::Native(rad)),
        ("random", Entry::Native(super::random::random)),
        ("randomseed", Entry::Native(super::random::randomseed)),
        ("sinh", Entry::Native(sinh)),
        ("sin", Entry::Native(sin)),
        ("sqrt", Entry::Native(sqrt)),
        ("tanh", Entry::Native(tanh)),
        ("tan", Entry::Native(tan)),
        ("pi", Entry::Number(core::f64::consts::PI)),
        ("huge", Entry::Number(f64::INFINITY)),
        ("mod", Entry::Same("fmod")),
    ],
};

fn give(vm: &mut Vm, number: f64) -> Result<usize, Error> {
    vm.push(Value::Num(number));
    Ok(1)
}

macro_rules! of_one {
    ($($name:ident = $function:expr;)*) => {$(
        pub fn $name(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
            let number = vm.check_number(args, 1)?;
            let function: fn(f64) -> f64 = $function;
            give(vm, function(number))
        }
    )*};
}

of_one! {
    abs = |number| number.abs();
    acos = libm::acos;
    asin = libm::asin;
    atan = libm::atan;
    ceil = libm::ceil;
    cos = libm::cos;
    cosh = libm::cosh;
    deg = |number| number / (core::f64::consts::PI / 180.0);
    exp = libm::exp;
    floor = libm::floor;
    log = libm::log;
    log10 = libm::log10;
    rad = |number| number * (core::f64::consts::PI / 180.0);
    sin = libm::sin;
    sinh = libm::sinh;
    sqrt = libm::sqrt;
    tan = libm::tan;
    tanh = libm::tanh;
}

macro_rules! of_two {
    ($($name:ident = $function:expr;)*) => {$(
        pub fn $name(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
            let (first, second) = (vm.check_number(args, 1)?, vm.check_number(args, 2)?);
            let function: fn(f64, f64) -> f64 = $function;
            give(vm, function(first, second))
        }
    )*};
}

of_two! {
    atan2 = libm::atan2;
    fmod = |first, second| first % second;
    pow = libm::pow;
    ldexp = |number, exponent| libm::ldexp(number, exponent as i32);
}

pub fn frexp(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let (mantissa, exponent) = libm::frexp(vm.check_number(args, 1)?);
    vm.push(Value::Num(mantissa));
    vm.push(Value::Num(f64::from(exponent)));
    Ok(2)
}

pub fn modf(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let number = vm.check_number(args, 1)?;
    let whole = libm::trunc(number);
    vm.push(Value::Num(whole));
    vm.push(Value::Num(if number.is_infinite() { 0.0 } else { number - whole }));
    Ok(2)
}

fn extreme(vm: &mut Vm, args: Args, is_better: fn(f64, f64) -> bool) -> Result<usize, Error> {
    let mut best = vm.check_number(args, 1)?;
    for place in 2..=args.count {
        let number = vm.check_number(args, place)?;
        if is_better(number, best) {
            best = number;
        }
    }
    give(vm, best)
}

pub fn max(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    extreme(vm, args, |number, best| number > best)
}

pub fn min(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    extreme(vm, args, |number, best| number < best)
}
