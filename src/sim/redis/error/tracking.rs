//! The refusals of client side caching.

use super::{Error, c_string, fixed, from_client};

/// CLIENT TRACKING with REDIRECT twice.
pub const REDIRECT_TWICE: Error = fixed("ERR A client can only redirect to a single other client");
/// CLIENT TRACKING with REDIRECT to a client that is not connected.
pub const REDIRECT_NOBODY: Error = fixed("ERR The client ID you want redirect to does not exist");
/// CLIENT TRACKING with PREFIX, but without BCAST.
pub const PREFIX_WITHOUT_BCAST: Error = fixed("ERR PREFIX option requires BCAST mode to be enabled");
/// CLIENT TRACKING that would change between BCAST and not.
pub const BCAST_SWITCH: Error = fixed(
    "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a \
     different mode.",
);
/// CLIENT TRACKING with BCAST and OPTIN or OPTOUT.
pub const BCAST_OPT: Error = fixed("ERR OPTIN and OPTOUT are not compatible with BCAST");
/// CLIENT TRACKING with OPTIN and OPTOUT.
pub const OPTIN_AND_OPTOUT: Error = fixed("ERR You can't specify both OPTIN mode and OPTOUT mode");
/// CLIENT TRACKING that would change between OPTIN and OPTOUT.
pub const OPT_SWITCH: Error = fixed(
    "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a \
     different mode.",
);
/// CLIENT CACHING of a client that does not track.
pub const CACHING_OFF: Error = fixed(
    "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled",
);
/// CLIENT CACHING YES without OPTIN.
pub const CACHING_YES: Error = fixed("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
/// CLIENT CACHING NO without OPTOUT.
pub const CACHING_NO: Error = fixed("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");

/// CLIENT TRACKING with prefixes of which one is the start of another.
pub fn prefixes_overlap(prefix: &[u8], whose: &[u8], other: &[u8]) -> Error {
    from_client(&[
        b"ERR Prefix '",
        c_string(prefix),
        b"' overlaps with ",
        whose,
        b" prefix '",
        c_string(other),
        b"'. Prefixes for a single client must not overlap.",
    ])
}
