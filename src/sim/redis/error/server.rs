//! What the groups `server`, `connection` and `cluster` refuse.

use super::scripting::with;
use super::{Error, c_string, fixed, from_client};
use alloc::format;

/// HELLO with a version that is no number.
pub const PROTOCOL_VERSION: Error = fixed("ERR Protocol version is not an integer or out of range");
/// HELLO with another version than 2 or 3.
pub const NO_PROTOCOL: Error = fixed("NOPROTO unsupported protocol version");
/// HELLO of a client that has yet to say who it is.
pub const HELLO_NO_AUTH: Error = fixed(
    "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used \
     to authenticate the client and select the RESP protocol version at the same time",
);
/// A command of a client that has yet to say who it is.
pub const NO_AUTH: Error = fixed("NOAUTH Authentication required.");
/// A user or password that is not right.
pub const WRONG_PASSWORD: Error = fixed("WRONGPASS invalid username-password pair or user is disabled.");
/// AUTH with a password although there is none.
pub const AUTH_WITHOUT_PASSWORD: Error = fixed(
    "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
);
/// CLIENT KILL of nobody.
pub const NO_SUCH_CLIENT: Error = fixed("ERR No such client");
/// CLIENT KILL ID with no number above 0.
pub const CLIENT_ID_POSITIVE: Error = fixed("ERR client-id should be greater than 0");
/// CLIENT LIST ID with no number.
pub const CLIENT_ID: Error = fixed("ERR Invalid client ID");
/// CLIENT PAUSE with another mode.
pub const PAUSE_MODE: Error = fixed("ERR CLIENT PAUSE mode must be WRITE or ALL");
/// A timeout that is no number.
pub const TIMEOUT_INTEGER: Error = fixed("ERR timeout is not an integer or out of range");
/// CLIENT UNBLOCK with another reason.
pub const UNBLOCK_REASON: Error = fixed("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
/// What a client is told whose wait CLIENT UNBLOCK ended.
pub const UNBLOCKED: Error = fixed("UNBLOCKED client unblocked via CLIENT UNBLOCK");
/// SLOWLOG GET with another number.
pub const SLOWLOG_COUNT: Error = fixed("ERR count should be greater than or equal to -1");
/// Whatever needs a cluster.
pub const NO_CLUSTER: Error = fixed("ERR This instance has cluster support disabled");
/// Whatever loads a module.
pub const NO_MODULES: Error = fixed(
    "ERR MODULE command not allowed. If the enable-module-command option is set to \"local\", you can run it from a local connection, \
     otherwise you need to set this option in the configuration file, and then restart the server.",
);
/// REPLICAOF with no port.
pub const MASTER_PORT: Error = fixed("ERR Invalid master port");
/// DEBUG RELOAD of a value that cannot be read again.
pub const RELOAD: Error = fixed("ERR Error trying to load the RDB dump, check server logs.");
/// DEBUG RELOAD with another option.
pub const RELOAD_OPTION: Error = fixed("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
/// MIGRATE with keys in two places.
pub const MIGRATE_KEY: Error =
    fixed("ERR When using MIGRATE KEYS option, the key argument must be set to the empty string");
/// MIGRATE to a server that cannot be reached.
pub const MIGRATE_TARGET: Error = fixed("IOERR error or timeout writing to target instance");
/// A command that cannot stand in a transaction.
pub const NOT_IN_MULTI: Error = fixed("ERR Command not allowed inside a transaction");
/// A write while too few replicas are there.
pub const NOT_ENOUGH_REPLICAS: Error = fixed("NOREPLICAS Not enough good replicas to write.");
/// A write to a replica.
pub const READ_ONLY_REPLICA: Error = fixed("READONLY You can't write against a read only replica.");
/// A replica that may not show old data.
pub const MASTER_DOWN: Error =
    fixed("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.");
/// SYNC of a replica that wants a part of the copy, which has a mark at its end instead of a length.
pub const FILTERED_REPLICA: Error = fixed("ERR Filtered replica requires EOF capability");
/// WAIT of a replica.
pub const WAIT_REPLICA: Error = fixed(
    "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable \
     (which is not the default) writes to replicas are just local and are not propagated.",
);
/// REPLCONF rdb-filter-only with quotes that are not closed.
pub const NO_FILTERS: Error = fixed("ERR Missing rdb-filter-only values");
/// SYNC with a replica that is not connected to its own master.
pub const NO_MASTER_LINK: Error = fixed("NOMASTERLINK Can't SYNC while not connected with my master");
/// REPLICAOF of a client that is a replica itself.
pub const REPLICA_OF_REPLICA: Error = fixed("ERR Command is not valid when client is a replica.");
/// FAILOVER ABORT.
pub const NO_FAILOVER: Error = fixed("ERR No failover in progress.");
/// FAILOVER without replicas.
pub const NO_REPLICAS: Error = fixed("ERR FAILOVER requires connected replicas.");
/// SHUTDOWN ABORT.
pub const NO_SHUTDOWN: Error = fixed("ERR No shutdown in progress.");
/// ACL LOAD and SAVE without a file.
pub const NO_ACL_FILE: Error = fixed(
    "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then \
     issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration.",
);
/// ACL GENPASS of no bits or too many.
pub const GENPASS_BITS: Error =
    fixed("ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096");

/// HELLO with an option that is none.
pub fn hello_option(option: &[u8]) -> Error {
    from_client(&[b"ERR Syntax error in HELLO option '", c_string(option), b"'"])
}

/// A class of clients that does not exist.
pub fn client_type(name: &[u8]) -> Error {
    from_client(&[b"ERR Unknown client type '", c_string(name), b"'"])
}

/// A user that does not exist.
pub fn no_such_user(name: &[u8]) -> Error {
    from_client(&[b"ERR No such user '", c_string(name), b"'"])
}

/// LATENCY GRAPH of an event without samples.
pub fn no_samples(event: &[u8]) -> Error {
    from_client(&[b"ERR No samples available for event '", c_string(event), b"'"])
}

/// ACL CAT of a category that does not exist.
pub fn unknown_category(name: &[u8]) -> Error {
    from_client(&[b"ERR Unknown category '", c_string(name), b"'"])
}

/// A subcommand that exists, but not with so many arguments.
pub fn wrong_subcommand(container: &str, subcommand: &[u8]) -> Error {
    let asked = c_string(subcommand);
    let asked = &asked[..asked.len().min(128)];
    from_client(&[
        b"ERR unknown subcommand or wrong number of arguments for '",
        asked,
        b"'. Try ",
        container.as_bytes(),
        b" HELP.",
    ])
}

/// REPLCONF with an option that is none.
pub fn unknown_replconf(option: &[u8]) -> Error {
    with("ERR Unrecognized REPLCONF option: ", option, "")
}

/// REPLCONF rdb-filter-only with something else than functions.
pub fn unknown_filter(word: &[u8]) -> Error {
    with("ERR Unsupported rdb-filter-only option: ", word, "")
}

/// REPLCONF ip-address of so many bytes.
pub fn replica_address(bytes: usize) -> Error {
    with("ERR REPLCONF ip-address provided by replica instance is too long: ", format!("{bytes}").as_bytes(), " bytes")
}

/// REPLCONF rdb-only with neither 0 nor 1.
pub const NEITHER_0_NOR_1: Error = fixed("ERR value is out of range, value must between 0 and 1");
