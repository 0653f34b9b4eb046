//! The options of SET and GETEX, and the times that they and SETEX take.

use super::call::Call;
use super::error::{self, Error};

/// How an expiry argument is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// EX: from now on.
    Seconds,
    /// PX: from now on.
    Milliseconds,
    /// EXAT: since 1970.
    UnixSeconds,
    /// PXAT: since 1970.
    UnixMilliseconds,
}

impl Unit {
    /// Whether it names a moment.
    pub fn is_absolute(self) -> bool {
        matches!(self, Unit::UnixSeconds | Unit::UnixMilliseconds)
    }
}

/// The moment that the argument at `place` means (`getExpireMillisecondsOrReply` of Redis): never zero, never before 1970.
pub fn expiry(call: &Call<'_, '_>, unit: Unit, place: usize) -> Result<u64, Error> {
    let amount = call.integer(place)?;
    let invalid = || error::expire_time(call.command.name);
    let factor = if matches!(unit, Unit::Seconds | Unit::UnixSeconds) { 1000 } else { 1 };
    let ms = amount.checked_mul(factor).filter(|ms| *ms > 0).ok_or_else(invalid)?;
    let base = if unit.is_absolute() { 0 } else { call.cx.now_ms };
    ms.checked_add_unsigned(base).map(|ms| ms as u64).ok_or_else(invalid)
}

/// The options of SET, or of GETEX.
#[derive(Default)]
pub struct Options {
    /// NX: only if the key is absent (`false`); XX: only if it is there (`true`).
    pub only_if: Option<bool>,
    /// GET: the old value is the reply.
    pub get: bool,
    /// KEEPTTL of SET, PERSIST of GETEX.
    pub keep: bool,
    /// The unit of the life that is asked for, and the place of its number.
    pub expiry: Option<(Unit, usize)>,
}

impl Options {
    /// Reads the options from `place` on, as `parseExtendedStringArgumentsOrReply` of Redis does: the same one may stand twice.
    pub fn read(call: &Call<'_, '_>, mut place: usize, of_set: bool) -> Result<Options, Error> {
        let mut options = Options::default();
        while place < call.args.len() {
            let is = |word| call.is_word(place, word);
            let unit = if is("ex") {
                Some(Unit::Seconds)
            } else if is("px") {
                Some(Unit::Milliseconds)
            } else if is("exat") {
                Some(Unit::UnixSeconds)
            } else if is("pxat") {
                Some(Unit::UnixMilliseconds)
            } else {
                None
            };
            if of_set && is("nx") && options.only_if != Some(true) {
                options.only_if = Some(false);
            } else if of_set && is("xx") && options.only_if != Some(false) {
                options.only_if = Some(true);
            } else if of_set && is("get") {
                options.get = true;
            } else if is(if of_set { "keepttl" } else { "persist" }) && options.expiry.is_none() {
                options.keep = true;
            } else if let Some(unit) = unit
                && !options.keep
                && options.expiry.is_none_or(|(before, _)| before == unit)
                && place + 1 < call.args.len()
            {
                options.expiry = Some((unit, place + 1));
                place += 1;
            } else {
                return Err(error::SYNTAX);
            }
            place += 1;
        }
        Ok(options)
    }
}
