//! Every refusal of the store, its text written once, exactly as Redis 7.0.15 says it.

mod acl;
mod collections;
mod scripting;
mod server;
mod sorted_sets;

pub use acl::*;
pub use collections::*;
pub use scripting::*;
pub use server::*;
pub use sorted_sets::*;

use crate::bytes::Bytes;
use alloc::{borrow::Cow, format, string::String, vec::Vec};

pub use stream::*;
pub use tracking::*;

mod stream;
mod tracking;

/// A refusal: the bytes after the `-` of an error reply, code first. They need not be UTF-8, for some repeat what was sent.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Error(pub Cow<'static, [u8]>);

const fn fixed(text: &'static str) -> Error {
    Error(Cow::Borrowed(text.as_bytes()))
}

/// The key holds another type than the command works on.
pub const WRONG_TYPE: Error = fixed("WRONGTYPE Operation against a key holding the wrong kind of value");
/// Options that do not go together, or are unknown.
pub const SYNTAX: Error = fixed("ERR syntax error");
/// MULTI in a transaction.
pub const NESTED_MULTI: Error = fixed("ERR MULTI calls can not be nested");
/// EXEC outside a transaction.
pub const EXEC_WITHOUT_MULTI: Error = fixed("ERR EXEC without MULTI");
/// EXEC of a transaction in which a command could not be queued.
pub const EXEC_ABORT: Error = fixed("EXECABORT Transaction discarded because of previous errors.");
/// DISCARD outside a transaction.
pub const DISCARD_WITHOUT_MULTI: Error = fixed("ERR DISCARD without MULTI");
/// WATCH in a transaction.
pub const WATCH_IN_MULTI: Error = fixed("ERR WATCH inside MULTI is not allowed");
/// Not a 64-bit signed integer.
pub const NOT_INTEGER: Error = fixed("ERR value is not an integer or out of range");
/// Not a number that `strtold` reads to its end.
pub const NOT_FLOAT: Error = fixed("ERR value is not a valid float");
/// An INCRBYFLOAT that leaves the numbers.
pub const NAN_OR_INFINITY: Error = fixed("ERR increment would produce NaN or Infinity");
/// INCR and its family leave 64 bits.
pub const INCREMENT_OVERFLOW: Error = fixed("ERR increment or decrement would overflow");
/// DECRBY by the one number that cannot be negated.
pub const DECREMENT_OVERFLOW: Error = fixed("ERR decrement would overflow");
/// SETRANGE before the start.
pub const OFFSET_RANGE: Error = fixed("ERR offset is out of range");
/// A string would become longer than `proto-max-bulk-len`.
pub const TOO_LONG: Error = fixed("ERR string exceeds maximum allowed size (proto-max-bulk-len)");
/// A command that may grow the store while it is full.
pub const OUT_OF_MEMORY: Error = fixed("OOM command not allowed when used memory > 'maxmemory'.");
/// LEN and IDX of LCS together.
pub const LCS_LEN_AND_IDX: Error = fixed("ERR If you want both the length and indexes, please just use IDX.");
/// LCS of something else than strings.
pub const LCS_TYPE: Error = fixed("ERR The specified keys must contain string values");
/// LCS of strings whose table would not fit.
pub const LCS_MEMORY: Error = fixed("ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len");
/// A bit offset that is no integer, negative or beyond the longest string.
pub const BIT_OFFSET: Error = fixed("ERR bit offset is not an integer or out of range");
/// SETBIT of something else than 0 or 1.
pub const BIT_VALUE: Error = fixed("ERR bit is not an integer or out of range");
/// BITPOS of something else than 0 or 1.
pub const BITPOS_BIT: Error = fixed("ERR The bit argument must be 1 or 0.");
/// BITOP NOT of several keys.
pub const BITOP_NOT: Error = fixed("ERR BITOP NOT must be called with a single source key.");
/// A BITFIELD type that is not `i1`..`i64` or `u1`..`u63`.
pub const BITFIELD_TYPE: Error =
    fixed("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
/// A BITFIELD OVERFLOW that is not WRAP, SAT or FAIL.
pub const BITFIELD_OVERFLOW: Error = fixed("ERR Invalid OVERFLOW type specified");
/// BITFIELD_RO asked to write.
pub const BITFIELD_READ_ONLY: Error = fixed("ERR BITFIELD_RO only supports the GET subcommand");
/// RENAME of a key that is not there.
pub const NO_SUCH_KEY: Error = fixed("ERR no such key");
/// COPY or MOVE onto itself.
pub const SAME_OBJECT: Error = fixed("ERR source and destination objects are the same");
/// There are 16 databases.
pub const DB_INDEX: Error = fixed("ERR DB index is out of range");
/// SWAPDB with a first index that is no number.
pub const FIRST_DB_INDEX: Error = fixed("ERR invalid first DB index");
/// SWAPDB with a second index that is no number.
pub const SECOND_DB_INDEX: Error = fixed("ERR invalid second DB index");
/// A 64-bit integer where a C `int` is wanted.
pub const INT_RANGE: Error = fixed("ERR value is out of range, value must between -2147483648 and 2147483647");
/// SCAN with a cursor that `strtoul` does not read to its end.
pub const INVALID_CURSOR: Error = fixed("ERR invalid cursor");
/// EXPIRE with options of two camps.
pub const EXPIRE_NX: Error = fixed("ERR NX and XX, GT or LT options at the same time are not compatible");
/// EXPIRE GT LT.
pub const EXPIRE_GT_LT: Error = fixed("ERR GT and LT options at the same time are not compatible");
/// OBJECT IDLETIME with an LFU policy.
pub const NO_LRU: Error = fixed(
    "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime \
     LRU and LFU data will take some time to adjust.",
);
/// OBJECT FREQ without an LFU policy.
pub const NO_LFU: Error = fixed(
    "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching \
     between policies at runtime LRU and LFU data will take some time to adjust.",
);
/// CLIENT SETNAME with a space, a line end or a control character.
pub const CLIENT_NAME: Error = fixed("ERR Client names cannot contain spaces, newlines or special characters.");
/// COMMAND GETKEYS of a command without keys.
pub const NO_KEYS: Error = fixed("ERR The command has no key arguments");
/// COMMAND GETKEYS of a command that does not exist.
pub const INVALID_COMMAND: Error = fixed("ERR Invalid command specified");
/// COMMAND GETKEYS of a command with too few or too many arguments.
pub const INVALID_ARGUMENT_COUNT: Error = fixed("ERR Invalid number of arguments specified for command");

/// COMMAND GETKEYS of arguments that do not say where the keys are.
pub const INVALID_ARGUMENTS: Error = fixed("ERR Invalid arguments specified for command");

/// CONFIG REWRITE without a file.
pub const NO_CONFIG_FILE: Error = fixed("ERR The server is running without a config file");
/// FUNCTION DELETE of a library that is not there.
pub const NO_LIBRARY: Error = fixed("ERR Library not found");
/// FUNCTION LIST LIBRARYNAME without a name.
pub const NO_LIBRARY_NAME: Error = fixed("ERR library name argument was not given");
/// FUNCTION FLUSH with something else.
pub const FUNCTION_FLUSH: Error = fixed("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
/// SCRIPT FLUSH with something else.
pub const SCRIPT_FLUSH: Error = fixed("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
/// SCRIPT KILL and FUNCTION KILL while nothing runs.
pub const NOT_BUSY: Error = fixed("NOTBUSY No scripts in execution right now.");

/// FUNCTION LIST with an option that is none.
pub fn unknown_argument(argument: &[u8]) -> Error {
    from_client(&[b"ERR Unknown argument ", c_string(argument)])
}

/// DEBUG with a subcommand that does not exist, or not with so many arguments.
pub fn unknown_debug(subcommand: &[u8]) -> Error {
    let asked = c_string(subcommand);
    from_client(&[
        b"ERR unknown subcommand or wrong number of arguments for '",
        &asked[..asked.len().min(128)],
        b"'. Try DEBUG HELP.",
    ])
}

/// CONFIG SET of a parameter that does not exist.
pub fn unknown_parameter(name: &[u8]) -> Error {
    from_client(&[b"ERR Unknown option or number of arguments for CONFIG SET - '", c_string(name), b"'"])
}

/// CONFIG SET that cannot be done, and why.
pub fn config_set(name: &[u8], why: &str) -> Error {
    from_client(&[b"ERR CONFIG SET failed (possibly related to argument '", c_string(name), b"') - ", why.as_bytes()])
}

/// EXEC that cannot run; `error` says why, and loses its code.
pub fn exec_abort_because(error: &Error) -> Error {
    let reason = error.0.strip_prefix(b"ERR ").unwrap_or(&error.0);
    Error(Cow::Owned([b"EXECABORT Transaction discarded because of: ", reason].concat()))
}

/// Too few or too many arguments; `name` is the full name in small letters (`object|encoding`).
pub fn arity(name: &str) -> Error {
    Error(Cow::Owned(format!("ERR wrong number of arguments for '{name}' command").into_bytes()))
}

/// A time that is negative where it must not be, or leaves 64 bits of milliseconds.
pub fn expire_time(name: &str) -> Error {
    Error(Cow::Owned(format!("ERR invalid expire time in '{name}' command").into_bytes()))
}

/// A container's subcommand that takes a choice of arguments, but not these.
pub fn subcommand_or_arity(container: &[u8], subcommand: &[u8]) -> Error {
    let asked = c_string(subcommand);
    from_client(&[
        b"ERR unknown subcommand or wrong number of arguments for '",
        &asked[..asked.len().min(128)],
        b"'. Try ",
        &container.to_ascii_uppercase(),
        b" HELP.",
    ])
}

/// A command that a subscriber may not send while it speaks RESP2; `name` is the full name in small letters.
pub fn not_for_subscribers(name: &str) -> Error {
    let allowed = "only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context";
    Error(Cow::Owned(format!("ERR Can't execute '{name}': {allowed}").into_bytes()))
}

/// EXPIRE with an option that is none.
pub fn unsupported_option(option: &[u8]) -> Error {
    from_client(&[b"ERR Unsupported option ", c_string(option)])
}

/// A container's subcommand that does not exist.
pub fn unknown_subcommand(container: &str, subcommand: &[u8]) -> Error {
    let asked = c_string(subcommand);
    let container = container.to_ascii_uppercase();
    from_client(&[
        b"ERR unknown subcommand '",
        &asked[..asked.len().min(128)],
        b"'. Try ",
        container.as_bytes(),
        b" HELP.",
    ])
}

/// A command that does not exist, with as many of its arguments as begin within 128 bytes (`rejectCommandFormat` of Redis).
pub fn unknown_command(args: &[Bytes]) -> Error {
    let name = c_string(&args[0]);
    let mut shown = Vec::new();
    for arg in &args[1..] {
        if shown.len() >= 128 {
            break;
        }
        let arg = c_string(arg);
        let room = 128 - shown.len();
        shown.push(b'\'');
        shown.extend_from_slice(&arg[..arg.len().min(room)]);
        shown.extend_from_slice(b"' ");
    }
    from_client(&[b"ERR unknown command '", &name[..name.len().min(128)], b"', with args beginning with: ", &shown])
}

/// What C's `%s` prints of these bytes: all before the first zero byte.
fn c_string(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A text that repeats what a client sent: line ends become spaces, for an error reply is one line.
fn from_client(parts: &[&[u8]]) -> Error {
    let mut text = parts.concat();
    for byte in &mut text {
        if matches!(byte, b'\r' | b'\n') {
            *byte = b' ';
        }
    }
    Error(Cow::Owned(text))
}

impl Error {
    /// The text, with U+FFFD in the place of what is not UTF-8.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}
