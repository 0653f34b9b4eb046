//! The refusals of the commands of streams.

use super::{Error, c_string, fixed, from_client};
use alloc::{borrow::Cow, format};

/// An argument that is no id of a stream.
pub const STREAM_ID: Error = fixed("ERR Invalid stream ID specified as stream command argument");
/// A range that begins behind the largest id.
pub const STREAM_START: Error = fixed("ERR invalid start ID for the interval");
/// A range that ends before the smallest id.
pub const STREAM_END: Error = fixed("ERR invalid end ID for the interval");
/// MAXLEN and MINID together.
pub const TRIM_TWICE: Error = fixed("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
/// A negative MAXLEN.
pub const TRIM_MAXLEN: Error = fixed("ERR The MAXLEN argument must be >= 0.");
/// A negative LIMIT.
pub const TRIM_LIMIT: Error = fixed("ERR The LIMIT argument must be >= 0.");
/// LIMIT without MAXLEN and MINID.
pub const TRIM_LIMIT_ALONE: Error =
    fixed("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
/// LIMIT of an exact bound.
pub const TRIM_LIMIT_EXACT: Error = fixed("ERR syntax error, LIMIT cannot be used without the special ~ option");
/// XTRIM without MAXLEN and MINID.
pub const TRIM_NOTHING: Error = fixed("ERR syntax error, XTRIM must be called with a trimming strategy");
/// XADD of 0-0.
pub const STREAM_ID_ZERO: Error = fixed("ERR The ID specified in XADD must be greater than 0-0");
/// XADD of an id that is not above the last one.
pub const STREAM_ID_SMALL: Error =
    fixed("ERR The ID specified in XADD is equal or smaller than the target stream top item");
/// XADD behind the largest id.
pub const STREAM_EXHAUSTED: Error =
    fixed("ERR The stream has exhausted the last possible ID, unable to add more items");
/// XADD within a millisecond whose numbers are used up; Redis has no better text for it.
pub const STREAM_TOO_LARGE: Error = fixed("ERR Elements are too large to be stored");
/// XSETID below its own MAXDELETEDID.
pub const SETID_DELETED: Error =
    fixed("ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id");
/// XSETID below the last entry.
pub const SETID_SMALL: Error = fixed("ERR The ID specified in XSETID is smaller than the target stream top item");
/// XSETID with a negative count.
pub const SETID_ADDED: Error = fixed("ERR entries_added must be positive");
/// XSETID with fewer entries than there are.
pub const SETID_LENGTH: Error =
    fixed("ERR The entries_added specified in XSETID is smaller than the target stream length");
/// A time to wait that is no whole number of milliseconds.
pub const BLOCK_NOT_INTEGER: Error = fixed("ERR timeout is not an integer or out of range");
/// A negative time to wait.
pub const BLOCK_NEGATIVE: Error = fixed("ERR timeout is negative");
/// XREAD with GROUP.
pub const READ_GROUP: Error = fixed("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
/// XREAD with NOACK.
pub const READ_NOACK: Error = fixed("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
/// XREADGROUP without GROUP.
pub const READGROUP_GROUP: Error = fixed("ERR Missing GROUP option for XREADGROUP");
/// XREADGROUP from `$`.
pub const READGROUP_LAST: Error = fixed(
    "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by \
     specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set.",
);
/// XREAD from `>`.
pub const READ_NEW: Error =
    fixed("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.");
/// The stream that a consumer waited for is gone.
pub const STREAM_GONE: Error = fixed("UNBLOCKED the stream key no longer exists");
/// The group that a consumer waited in is gone.
pub const GROUP_GONE: Error = fixed("NOGROUP the consumer group this client was blocked on no longer exists");
/// XGROUP CREATE of a name that is taken.
pub const GROUP_EXISTS: Error = fixed("BUSYGROUP Consumer Group name already exists");
/// XGROUP of a key that is not there.
pub const GROUP_KEY: Error = fixed(
    "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM \
     option to create an empty stream automatically.",
);
/// XGROUP with a negative ENTRIESREAD.
pub const GROUP_READ: Error = fixed("ERR value for ENTRIESREAD must be positive or -1");
/// XAUTOCLAIM with a COUNT below 1.
pub const CLAIM_COUNT: Error = fixed("ERR COUNT must be > 0");

/// Keys and ids of XREAD or XREADGROUP that are not one for one: the same text for both.
pub const UNBALANCED_STREAMS: Error =
    fixed("ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified.");

/// XREADGROUP of a key or group that is not there.
pub fn no_group_to_read(key: &[u8], group: &[u8]) -> Error {
    from_client(&[
        b"NOGROUP No such key '",
        c_string(key),
        b"' or consumer group '",
        c_string(group),
        b"' in XREADGROUP with GROUP option",
    ])
}

/// A command of a key or group that is not there.
pub fn no_key_or_group(key: &[u8], group: &[u8]) -> Error {
    from_client(&[b"NOGROUP No such key '", c_string(key), b"' or consumer group '", c_string(group), b"'"])
}

/// A command of a group that is not there.
pub fn no_group(key: &[u8], group: &[u8]) -> Error {
    from_client(&[b"NOGROUP No such consumer group '", c_string(group), b"' for key name '", c_string(key), b"'"])
}

/// A number that XCLAIM or XAUTOCLAIM cannot read; `what` is the option's name.
pub fn claim_argument(what: &str, name: &str) -> Error {
    let what = if what == "min-idle-time" { format!("{what} argument") } else { format!("{what} option argument") };
    Error(Cow::Owned(format!("ERR Invalid {what} for {}", name.to_ascii_uppercase()).into_bytes()))
}

/// XCLAIM with a word that is neither an id nor an option.
pub fn claim_option(option: &[u8]) -> Error {
    from_client(&[b"ERR Unrecognized XCLAIM option '", c_string(option), b"'"])
}
