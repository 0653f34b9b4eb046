//! Refusals of scripts and functions.

use super::{Error, fixed};
use alloc::{borrow::Cow, vec::Vec};

/// A command in a script with too few or too many arguments.
pub const SCRIPT_ARITY: Error = fixed("ERR Wrong number of args calling Redis command from script");
/// A command in a script that does not exist.
pub const SCRIPT_UNKNOWN: Error = fixed("ERR Unknown Redis command called from script");
/// A command that scripts may not call.
pub const SCRIPT_NOT_ALLOWED: Error = fixed("ERR This Redis command is not allowed from script");
/// A command that writes, in a script that may not.
pub const SCRIPT_READ_ONLY: Error = fixed("ERR Write commands are not allowed from read-only scripts.");
/// A script without `no-writes` by a command that only reads.
pub const SCRIPT_RO: Error = fixed("ERR Can not execute a script with write flag using *_ro command.");
/// A script without `allow-oom` while the memory is full.
pub const SCRIPT_OOM: Error =
    fixed("OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'");
/// A command of another client while a script does not end.
pub const BUSY_SCRIPT: Error =
    fixed("BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.");
/// The same while it is a function.
pub const BUSY_FUNCTION: Error =
    fixed("BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.");
/// SCRIPT KILL of a script that has written.
pub const UNKILLABLE: Error = fixed(
    "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script \
     termination or kill the server in a hard way using the SHUTDOWN NOSAVE command.",
);
/// A command that a replica without its master refuses to a script.
pub const SCRIPT_STALE_COMMAND: Error = fixed("ERR Can not execute the command on a stale replica");
/// A script without `allow-stale` on a replica without its master.
pub const SCRIPT_STALE: Error = fixed(
    "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not set on \
     the script.",
);
/// A script without `no-writes` on a replica that is read-only.
pub const SCRIPT_ON_REPLICA: Error = fixed("READONLY Can not run script with write flag on readonly replica");
/// EVALSHA of a script that is not kept.
pub const NO_SCRIPT: Error = fixed("NOSCRIPT No matching script. Please use EVAL.");
/// EVAL with less than no keys.
pub const NEGATIVE_KEYS: Error = fixed("ERR Number of keys can't be negative");
/// FCALL with a number of keys that is none.
pub const BAD_KEY_COUNT: Error = fixed("ERR Bad number of keys provided");
/// FCALL of a function that is not there.
pub const NO_FUNCTION: Error = fixed("ERR Function not found");
/// An answer that nests too deep.
pub const LUA_STACK: Error = fixed("ERR reached lua stack limit");
/// A first line of a script without an end.
pub const SHEBANG: Error = fixed("ERR Invalid script shebang");
/// A first line of a script with quotes that do not close.
pub const SHEBANG_ENGINE: Error = fixed("ERR Invalid engine in script shebang");
/// A library without a first line that names it.
pub const LIBRARY_METADATA: Error = fixed("ERR Missing library metadata");
/// A first line of a library that cannot be read.
pub const LIBRARY_METADATA_INVALID: Error = fixed("ERR Invalid library metadata");
/// A library with two names.
pub const LIBRARY_NAME_TWICE: Error = fixed("ERR Invalid metadata value, name argument was given multiple times");
/// A library without a name.
pub const LIBRARY_NAME_MISSING: Error = fixed("ERR Library name was not given");
/// A library with a name of other bytes.
pub const LIBRARY_NAME: Error = fixed(
    "ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long",
);
/// A library that registers nothing.
pub const NO_FUNCTIONS: Error = fixed("ERR No functions registered");
/// SCRIPT DEBUG in a transaction.
pub const SCRIPT_DEBUG_QUEUED: Error = fixed("ERR SCRIPT DEBUG must be called outside a pipeline");
/// SCRIPT DEBUG with another word.
pub const SCRIPT_DEBUG: Error = fixed("ERR Use SCRIPT DEBUG YES/SYNC/NO");
/// SCRIPT DEBUG YES: there is no debugger here.
pub const NO_SCRIPT_DEBUGGER: Error = fixed("ERR There is no debugger of scripts here");
/// FUNCTION RESTORE with another policy.
pub const RESTORE_POLICY: Error =
    fixed("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
/// FUNCTION RESTORE of something else than libraries.
pub const RESTORE_TYPE: Error = fixed("ERR given type is not a function");
/// FUNCTION RESTORE of what ends too early.
pub const RESTORE_PAYLOAD: Error = fixed("ERR failed loading the given functions payload");

/// An error whose middle comes from a client.
pub(super) fn with(start: &str, what: &[u8], end: &str) -> Error {
    let mut text: Vec<u8> = start.as_bytes().to_vec();
    text.extend(what.iter().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { *byte }));
    text.extend_from_slice(end.as_bytes());
    Error(Cow::Owned(text))
}

/// A script for another engine.
pub fn shebang_engine(engine: &[u8]) -> Error {
    with("ERR Unexpected engine in script shebang: ", engine, "")
}

/// A script with a flag that is none.
pub fn shebang_flag(flag: &[u8]) -> Error {
    with("ERR Unexpected flag in script shebang: ", flag, "")
}

/// A script with an option that is none.
pub fn shebang_option(option: &[u8]) -> Error {
    with("ERR Unknown lua shebang option: ", option, "")
}

/// A library with an option that is none.
pub fn library_metadata(part: &[u8]) -> Error {
    with("ERR Invalid metadata value given: ", part, "")
}

/// A library for another engine.
pub fn library_engine(engine: &[u8]) -> Error {
    with("ERR Engine '", engine, "' not found")
}

/// A library that is there already.
pub fn library_exists(name: &[u8]) -> Error {
    with("ERR Library '", name, "' already exists")
}

/// A function of another library.
pub fn function_exists(name: &[u8]) -> Error {
    with("ERR Function ", name, " already exists")
}

/// A restored library that is there already.
pub fn restored_exists(name: &[u8]) -> Error {
    with("ERR Library ", name, " already exists")
}

/// FUNCTION LOAD with an option that is none.
pub fn unknown_option_given(option: &[u8]) -> Error {
    with("ERR Unknown option given: ", option, "")
}

/// XREAD BLOCK in a script.
pub fn not_with_block(name: &[u8]) -> Error {
    with("ERR ", name, " command is not allowed with BLOCK option from scripts")
}

/// A command that the user of a script may not call.
pub fn script_user(why: &str) -> Error {
    with("ERR The user executing the script ", why.as_bytes(), "")
}
