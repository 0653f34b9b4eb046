//! What is refused to users, and by ACL.

use super::{Error, c_string, fixed, from_client};

/// A key that the user may not use.
pub const MAY_NOT_TOUCH_KEY: Error =
    fixed("NOPERM this user has no permissions to access one of the keys used as arguments");
/// A channel that the user may not use.
pub const MAY_NOT_USE_CHANNEL: Error =
    fixed("NOPERM this user has no permissions to access one of the channels used as arguments");
/// A queued command that the user may not run any more.
pub const NO_LONGER_MAY_RUN: Error = fixed(
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer \
     allowed for the following reason: no permission to execute the command or subcommand",
);
/// A queued command with a key that the user may not use any more.
pub const NO_LONGER_MAY_TOUCH_KEY: Error = fixed(
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer \
     allowed for the following reason: no permission to touch the specified keys",
);
/// A queued command with a channel that the user may not use any more.
pub const NO_LONGER_MAY_USE_CHANNEL: Error = fixed(
    "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer \
     allowed for the following reason: no permission to access one of the channels used as arguments",
);
/// BY of SORT for a user that may not read every key.
pub const SORT_BY_DENIED: Error = fixed("ERR BY option of SORT denied due to insufficient ACL permissions.");
/// GET of SORT for a user that may not read every key.
pub const SORT_GET_DENIED: Error = fixed("ERR GET option of SORT denied due to insufficient ACL permissions.");
/// ACL DELUSER default.
pub const DEFAULT_STAYS: Error = fixed("ERR The 'default' user cannot be removed");
/// A name that could not stand in a list of rules.
pub const USERNAME_SPACES: Error = fixed("ERR Usernames can't contain spaces or null characters");

/// A command that the user may not run.
pub fn may_not_run(name: &str) -> Error {
    from_client(&[b"NOPERM this user has no permissions to run the '", name.as_bytes(), b"' command"])
}

/// A selector that nothing closes.
pub fn open_selector(rule: &[u8]) -> Error {
    from_client(&[b"ERR Unmatched parenthesis in acl selector starting at '", c_string(rule), b"'."])
}

/// A rule that is wrong.
pub fn acl_rule(rule: &[u8], why: &str) -> Error {
    from_client(&[b"ERR Error in ACL SETUSER modifier '", c_string(rule), b"': ", why.as_bytes()])
}

/// ACL DRYRUN for nobody.
pub fn dryrun_user(name: &[u8]) -> Error {
    from_client(&[b"ERR User '", c_string(name), b"' not found"])
}

/// ACL DRYRUN of no command.
pub fn dryrun_command(name: &[u8]) -> Error {
    from_client(&[b"ERR Command '", c_string(name), b"' not found"])
}

/// ACL DRYRUN with a wrong number of arguments.
pub fn dryrun_arity(name: &str) -> Error {
    from_client(&[b"ERR wrong number of arguments for '", name.as_bytes(), b"' command"])
}
