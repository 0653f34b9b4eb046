//! Refusals of the commands on sorted sets.

use super::{Error, fixed};
use alloc::{borrow::Cow, format};

/// ZADD that wants a member to be there and not to be there.
pub const ZADD_XX_NX: Error = fixed("ERR XX and NX options at the same time are not compatible");
/// ZADD with two of GT, LT and NX.
pub const ZADD_GT_LT_NX: Error = fixed("ERR GT, LT, and/or NX options at the same time are not compatible");
/// ZADD INCR of several members.
pub const ZADD_INCR_PAIRS: Error = fixed("ERR INCR option supports a single increment-element pair");
/// The sum of the two infinities.
pub const SCORE_NAN: Error = fixed("ERR resulting score is not a number (NaN)");
/// An end of a range of scores that is no number.
pub const MIN_MAX_FLOAT: Error = fixed("ERR min or max is not a float");
/// An end of a range of members that starts with none of `[`, `(`, `-` and `+`.
pub const MIN_MAX_STRING: Error = fixed("ERR min or max not valid string range item");
/// ZRANGE LIMIT by rank.
pub const LIMIT_BY_RANK: Error =
    fixed("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
/// ZRANGE BYLEX WITHSCORES.
pub const WITHSCORES_BYLEX: Error = fixed("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
/// A WEIGHTS that is no number.
pub const WEIGHT: Error = fixed("ERR weight value is not a float");

/// ZUNION and its relatives without a key.
pub fn no_input_keys(name: &str) -> Error {
    Error(Cow::Owned(format!("ERR at least 1 input key is needed for '{name}' command").into_bytes()))
}
