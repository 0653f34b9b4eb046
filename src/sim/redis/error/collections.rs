//! Refusals of the commands on lists, sets and hashes, and of SORT.

use super::{Error, fixed};

/// A count that is no integer or negative.
pub const NOT_POSITIVE: Error = fixed("ERR value is out of range, must be positive");
/// A count whose magnitude does not fit 64 bits.
pub const LONG_RANGE: Error =
    fixed("ERR value is out of range, value must between -9223372036854775807 and 9223372036854775807");
/// HRANDFIELD of so many pairs that twice their number leaves 64 bits.
pub const OUT_OF_RANGE: Error = fixed("ERR value is out of range");
/// LSET beyond the ends of a list.
pub const INDEX_RANGE: Error = fixed("ERR index out of range");
/// LPOS RANK 0.
pub const LPOS_RANK: Error = fixed(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start \
     from the end of the list",
);
/// LPOS with a negative or unreadable COUNT.
pub const LPOS_COUNT: Error = fixed("ERR COUNT can't be negative");
/// LPOS with a negative or unreadable MAXLEN.
pub const LPOS_MAXLEN: Error = fixed("ERR MAXLEN can't be negative");
/// A number of keys that is no positive integer.
pub const KEY_COUNT: Error = fixed("ERR numkeys should be greater than 0");
/// More keys announced than arguments given.
pub const TOO_MANY_KEYS: Error = fixed("ERR Number of keys can't be greater than number of args");
/// LMPOP COUNT of something else than a positive integer.
pub const POP_COUNT: Error = fixed("ERR count should be greater than 0");
/// SINTERCARD LIMIT of something else than an integer from 0 up.
pub const LIMIT_NEGATIVE: Error = fixed("ERR LIMIT can't be negative");
/// A time to wait that is no number.
pub const TIMEOUT_NOT_FLOAT: Error = fixed("ERR timeout is not a float or out of range");
/// A time to wait below zero, or beyond 64 bits of milliseconds.
pub const TIMEOUT_NEGATIVE: Error = fixed("ERR timeout is negative");
/// HINCRBY of a field that holds no integer.
pub const HASH_NOT_INTEGER: Error = fixed("ERR hash value is not an integer");
/// HINCRBYFLOAT of a field that holds no number.
pub const HASH_NOT_FLOAT: Error = fixed("ERR hash value is not a float");
/// HINCRBYFLOAT by infinity.
pub const INFINITE_AMOUNT: Error = fixed("ERR value is NaN or Infinity");
/// SORT by what is no number.
pub const SORT_NOT_DOUBLE: Error = fixed("ERR One or more scores can't be converted into double");
