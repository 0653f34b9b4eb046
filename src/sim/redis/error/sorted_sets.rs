//! Refusals of the commands on sorted sets, places, HyperLogLogs, and of RESTORE.

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

/// A unit of length that is none.
pub const GEO_UNIT: Error = fixed("ERR unsupported unit provided. please use M, KM, FT, MI");
/// A radius that is no number.
pub const GEO_RADIUS: Error = fixed("ERR need numeric radius");
/// A radius below zero.
pub const GEO_RADIUS_NEGATIVE: Error = fixed("ERR radius cannot be negative");
/// A width that is no number.
pub const GEO_WIDTH: Error = fixed("ERR need numeric width");
/// A height that is no number.
pub const GEO_HEIGHT: Error = fixed("ERR need numeric height");
/// A width or height below zero.
pub const GEO_BOX_NEGATIVE: Error = fixed("ERR height or width cannot be negative");
/// A search around a member that is not there.
pub const GEO_MEMBER: Error = fixed("ERR could not decode requested zset member");
/// A search for no or fewer places.
pub const GEO_COUNT: Error = fixed("ERR COUNT must be > 0");
/// ANY without COUNT.
pub const GEO_ANY: Error = fixed("ERR the ANY argument requires COUNT argument");
/// GEOSEARCHSTORE that is to show more than members.
pub const GEOSEARCHSTORE_WITH: Error =
    fixed("ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options");
/// GEORADIUS STORE that is to show more than members.
pub const GEORADIUS_STORE_WITH: Error =
    fixed("ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options");

/// A string that is no HyperLogLog.
pub const NOT_HLL: Error = fixed("WRONGTYPE Key is not a valid HyperLogLog string value.");
/// A HyperLogLog whose runs do not cover its registers.
pub const CORRUPT_HLL: Error = fixed("INVALIDOBJ Corrupted HLL object detected");
/// PFDEBUG of a key that is not there.
pub const HLL_NO_KEY: Error = fixed("ERR The specified key does not exist");
/// PFDEBUG DECODE of a dense one.
pub const HLL_NOT_SPARSE: Error = fixed("ERR HLL encoding is not sparse");
/// RESTORE of bytes that DUMP has not written, or that were changed.
pub const DUMP_CHECKSUM: Error = fixed("ERR DUMP payload version or checksum are wrong");
/// RESTORE of bytes with the right checksum that make no sense.
pub const DUMP_FORMAT: Error = fixed("ERR Bad data format");
/// RESTORE of a key that is there.
pub const BUSY_KEY: Error = fixed("BUSYKEY Target key name already exists.");
/// RESTORE with a negative life.
pub const NEGATIVE_TTL: Error = fixed("ERR Invalid TTL value, must be >= 0");
/// RESTORE IDLETIME below zero.
pub const NEGATIVE_IDLETIME: Error = fixed("ERR Invalid IDLETIME value, must be >= 0");
/// RESTORE FREQ beyond a byte.
pub const FREQ_RANGE: Error = fixed("ERR Invalid FREQ value, must be >= 0 and <= 255");

/// PFDEBUG of something unknown.
pub fn unknown_pfdebug(subcommand: &[u8]) -> Error {
    super::from_client(&[b"ERR Unknown PFDEBUG subcommand '", super::c_string(subcommand), b"'"])
}

/// Coordinates that cannot be kept.
pub fn coordinates(longitude: &str, latitude: &str) -> Error {
    Error(Cow::Owned(format!("ERR invalid longitude,latitude pair {longitude},{latitude}").into_bytes()))
}

/// A search without one of two options; `name` is as the client wrote it.
pub fn exactly_one(options: &str, name: &[u8]) -> Error {
    let parts: [&[u8]; 4] =
        [b"ERR exactly one of ", options.as_bytes(), b" can be specified for ", super::c_string(name)];
    super::from_client(&parts)
}

/// ZUNION and its relatives without a key.
pub fn no_input_keys(name: &str) -> Error {
    Error(Cow::Owned(format!("ERR at least 1 input key is needed for '{name}' command").into_bytes()))
}
