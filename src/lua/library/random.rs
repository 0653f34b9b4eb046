//! `math.random` as Redis has it: a generator of 48 bits (`drand48`) that begins the same with every start.

use crate::{
    value::{Error, Value},
    vm::{Args, Host, Vm},
};

const MULTIPLIER: u64 = 0x5_DEEC_E66D;
const SUMMAND: u64 = 11;
const MASK: u64 = (1 << 48) - 1;
/// One more than the largest number that it gives.
const RANGE: u64 = 1 << 31;
/// Beyond this Redis does not go.
const MAX: f64 = 2_147_483_647.0;

/// The state of a server that has just started.
pub const START: u64 = 0x1234_ABCD_330E;

/// The state after `srand48(seed)`.
pub fn seeded(seed: i32) -> u64 {
    (u64::from(seed as u32) << 16) | 0x330E
}

fn next(vm: &mut Vm) -> u64 {
    vm.random = vm.random.wrapping_mul(MULTIPLIER).wrapping_add(SUMMAND) & MASK;
    (vm.random >> 17) % RANGE
}

pub fn random(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let part = (next(vm) % (RANGE - 1)) as f64 / MAX;
    let number = match args.count {
        0 => part,
        1 => {
            let most = vm.check_integer(args, 1)? as i32;
            if most < 1 {
                return Err(vm.bad_argument(1, "interval is empty"));
            }
            libm::floor(part * f64::from(most)) + 1.0
        }
        2 => {
            let (least, most) = (vm.check_integer(args, 1)? as i32, vm.check_integer(args, 2)? as i32);
            if least > most {
                return Err(vm.bad_argument(2, "interval is empty"));
            }
            libm::floor(part * f64::from(most.wrapping_sub(least).wrapping_add(1))) + f64::from(least)
        }
        _ => return Err(vm.error("wrong number of arguments")),
    };
    vm.push(Value::Num(number));
    Ok(1)
}

pub fn randomseed(vm: &mut Vm, _: &mut dyn Host, args: Args) -> Result<usize, Error> {
    let seed = vm.check_integer(args, 1)? as i32;
    vm.random = seeded(seed);
    Ok(0)
}
