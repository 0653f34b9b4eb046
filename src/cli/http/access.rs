//! Which paths there are, which methods each takes, and whose business it is, as in RabbitMQ's table of routes.

use serde_json::Value;
use warren_sim::bytes::Bytes;

use super::answer::Answer;
use super::clients;
use super::route::Call;

/// Whose business a path is. Whoever asks has one of RabbitMQ's tags in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    /// Nobody has to say who he is.
    Anybody,
    /// Any tag will do.
    Tagged,
    /// May enter the virtual host of the path, or is an administrator.
    Vhost,
    /// May see it.
    Visible,
    /// Owns the connection or channel of the path, or watches all (`monitoring`); only administrators end those of others.
    Owner,
    /// Sets policies where he may enter.
    Policies,
    /// Sets policies.
    Policymaker,
    /// Watches the node.
    Monitor,
    /// Administrators.
    Admin,
}

/// A path, its methods, and whose business it is. Of those that fit, the first one counts.
type Row = (&'static str, &'static str, Who);

const READ: &str = "HEAD, GET, OPTIONS";
const GET: &str = "GET, OPTIONS";
const POST: &str = "POST, OPTIONS";
const PUT: &str = "PUT, OPTIONS";
const DELETE: &str = "DELETE, OPTIONS";
const READ_PUT: &str = "HEAD, GET, PUT, OPTIONS";
const READ_POST: &str = "HEAD, GET, POST, OPTIONS";
const READ_DELETE: &str = "HEAD, GET, DELETE, OPTIONS";
const PUT_DELETE: &str = "PUT, DELETE, OPTIONS";
const ALL: &str = "HEAD, GET, PUT, DELETE, OPTIONS";

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("overview", READ, Who::Tagged),
    ("cluster-name", READ_PUT, Who::Tagged),
    ("nodes", READ, Who::Monitor),
    ("nodes/*", READ, Who::Monitor),
    ("nodes/*/memory", READ, Who::Monitor),
    ("nodes/*/memory/relative", READ, Who::Monitor),
    ("extensions", READ, Who::Tagged),
    ("all-configuration", READ_POST, Who::Admin),
    ("definitions", READ_POST, Who::Admin),
    ("definitions/:vhost", READ_POST, Who::Admin),
    ("parameters", READ, Who::Policies),
    ("parameters/*", READ, Who::Policies),
    ("parameters/*/:vhost", READ, Who::Policies),
    ("parameters/*/:vhost/*", ALL, Who::Policies),
    ("global-parameters", READ, Who::Policymaker),
    ("global-parameters/*", ALL, Who::Policymaker),
    ("policies", READ, Who::Vhost),
    ("policies/:vhost", READ, Who::Vhost),
    ("policies/:vhost/*", ALL, Who::Policies),
    ("operator-policies", READ, Who::Vhost),
    ("operator-policies/:vhost", READ, Who::Vhost),
    ("operator-policies/:vhost/*", ALL, Who::Admin),
    ("vhost-limits/:vhost/*", PUT_DELETE, Who::Admin),
    ("vhost-limits", GET, Who::Visible),
    ("vhost-limits/:vhost", GET, Who::Visible),
    ("connections", READ, Who::Tagged),
    ("connections/*", READ_DELETE, Who::Owner),
    ("connections/username/*", READ_DELETE, Who::Owner),
    ("connections/*/channels", READ, Who::Owner),
    ("channels", READ, Who::Tagged),
    ("channels/*", READ, Who::Owner),
    ("consumers", READ, Who::Tagged),
    ("consumers/:vhost", READ, Who::Tagged),
    ("exchanges", READ, Who::Vhost),
    ("exchanges/:vhost", READ, Who::Vhost),
    ("exchanges/:vhost/*", ALL, Who::Vhost),
    ("exchanges/:vhost/*/publish", POST, Who::Vhost),
    ("exchanges/:vhost/*/bindings/source", READ, Who::Vhost),
    ("exchanges/:vhost/*/bindings/destination", READ, Who::Vhost),
    ("queues", READ, Who::Vhost),
    ("queues/:vhost", READ, Who::Vhost),
    ("queues/:vhost/*", ALL, Who::Vhost),
    ("queues/:vhost/*/bindings", READ, Who::Vhost),
    ("queues/:vhost/*/contents", DELETE, Who::Vhost),
    ("queues/:vhost/*/get", POST, Who::Vhost),
    ("queues/:vhost/*/actions", POST, Who::Admin),
    ("bindings", READ, Who::Vhost),
    ("bindings/:vhost", READ, Who::Vhost),
    ("bindings/:vhost/e/*/*/*", READ_POST, Who::Vhost),
    ("bindings/:vhost/e/*/*/*/*", READ_DELETE, Who::Vhost),
    ("vhosts", READ, Who::Tagged),
    ("vhosts/*", ALL, Who::Admin),
    ("vhosts/*/start/*", POST, Who::Admin),
    ("vhosts/:vhost/permissions", READ, Who::Admin),
    ("vhosts/:vhost/topic-permissions", READ, Who::Admin),
    ("vhosts/:vhost/connections", READ, Who::Vhost),
    ("vhosts/:vhost/channels", READ, Who::Vhost),
    ("users/bulk-delete", POST, Who::Admin),
    ("users/without-permissions", READ, Who::Admin),
    ("users", READ, Who::Admin),
    ("users/*", ALL, Who::Admin),
    ("users/*/permissions", READ, Who::Admin),
    ("users/*/topic-permissions", READ, Who::Admin),
    ("user-limits/*/*", PUT_DELETE, Who::Admin),
    ("user-limits", GET, Who::Visible),
    ("user-limits/*", GET, Who::Visible),
    ("feature-flags", READ, Who::Admin),
    ("feature-flags/*/enable", PUT, Who::Admin),
    ("whoami", READ, Who::Tagged),
    ("permissions", READ, Who::Admin),
    ("permissions/:vhost/*", ALL, Who::Admin),
    ("topic-permissions", READ, Who::Admin),
    ("topic-permissions/:vhost/*", ALL, Who::Admin),
    ("topic-permissions/:vhost/*/*", ALL, Who::Admin),
    ("aliveness-test/:vhost", READ, Who::Vhost),
    ("healthchecks/node", READ, Who::Tagged),
    ("healthchecks/node/*", READ, Who::Tagged),
    ("health/checks/*", READ, Who::Tagged),
    ("health/checks/*/*", READ, Who::Tagged),
    ("health/checks/*/*/*", READ, Who::Tagged),
    ("reset", DELETE, Who::Admin),
    ("reset/*", DELETE, Who::Admin),
    ("rebalance/queues", POST, Who::Admin),
    ("auth", READ, Who::Anybody),
    ("auth/attempts/*", READ_DELETE, Who::Monitor),
    ("auth/attempts/*/source", READ_DELETE, Who::Monitor),
    ("login", POST, Who::Anybody),
    // Warren's own.
    ("warren/*", "HEAD, GET, PUT, OPTIONS", Who::Admin),
    ("warren/*/*", PUT_DELETE, Who::Admin),
];

/// The virtual host that a path names, or none where it is another one.
fn fit<'a>(row: &Row, words: &[&'a str]) -> Option<Option<&'a str>> {
    let mut vhost = None;
    let mut parts = row.0.split('/');
    for word in words {
        match parts.next()? {
            ":vhost" => vhost = Some(*word),
            "*" => {}
            part if part == *word => {}
            _ => return None,
        }
    }
    parts.next().is_none().then_some(vhost)
}

/// What is answered before anything is done: there is no such path, it has no such method, or it is not for this user. Who asks for
/// the methods of a path is told.
pub fn refusal(call: &Call<'_>, words: &[&str]) -> Option<Answer> {
    let Some((row, vhost)) = ROWS.iter().find_map(|row| Some((row, fit(row, words)?))) else {
        return Some(Answer::no_file(call.method, words.iter().any(|word| word.contains('/'))));
    };
    let (_, methods, who) = *row;
    if call.method == "OPTIONS" {
        return Some(Answer::methods(methods));
    }
    if !methods.split(", ").any(|method| method == call.method) {
        return Some(Answer::not_allowed(methods));
    }
    let is_json = |kind: &str| {
        matches!(kind.split(';').next().unwrap_or_default().trim(), "*/*" | "application/*" | "application/json")
    };
    let is_taken = call.accept.is_empty() || call.accept.split(',').any(is_json);
    if who == Who::Anybody {
        return (!is_taken).then(Answer::not_acceptable);
    }
    if call.is_login_broken {
        return Some(Answer::malformed());
    }
    let Some(user) = call.user else {
        if call.is_login_tried {
            call.node.attempts.count(true, false);
        }
        return Some(Answer::unauthorised(call.is_login_tried));
    };
    let why = stranger(call, user, words, vhost, who);
    call.node.attempts.count(true, why.is_none());
    let is_supported = !matches!(call.method, "PUT" | "POST") || is_supported(call.content_type, words[0]);
    why.map(Answer::refused_because)
        .or_else(|| (!is_taken).then(Answer::not_acceptable))
        .or_else(|| (!is_supported).then(Answer::unsupported))
}

/// Most paths take what is sent to them for JSON, whatever its type is; some look.
fn is_supported(kind: &str, path: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match path {
        "definitions" | "all-configuration" => matches!(kind, "application/json" | "multipart/form-data"),
        "vhost-limits" | "user-limits" | "feature-flags" => kind == "application/json",
        _ => kind.is_empty() || kind.contains('/'),
    }
}

/// Why this is not for a user.
fn stranger(call: &Call<'_>, user: &Bytes, words: &[&str], vhost: Option<&str>, who: Who) -> Option<&'static str> {
    if !["administrator", "monitoring", "policymaker", "management"].iter().any(|tag| call.has_tag(tag)) {
        return Some("Not management user");
    }
    let (admin, monitor) = (call.is_admin(), call.is_monitor());
    let enters = || {
        let vhost = vhost.filter(|name| call.has_vhost(name));
        vhost.is_none_or(|name| call.node.users.may_enter(user, &Bytes::from(name)))
    };
    let owns = || clients::owner(call.node, words).is_some_and(|owner| owner == *user.text());
    let (is_welcome, why) = match who {
        Who::Anybody | Who::Tagged => (call.method != "PUT" || admin, "Not administrator user"),
        Who::Vhost => (admin || enters(), "User not authorised to access virtual host"),
        Who::Visible => (admin || monitor || enters(), "User not authorised to access virtual host"),
        Who::Owner => {
            let all = if call.method == "DELETE" { admin } else { monitor };
            (all || owns(), "User not authorised to access object")
        }
        Who::Policies => (admin || call.has_tag("policymaker") && enters(), "User not authorised to access object"),
        Who::Policymaker => (admin || call.has_tag("policymaker"), "User not authorised to access object"),
        Who::Monitor => (monitor, "Not monitor user"),
        Who::Admin => (admin, "Not administrator user"),
    };
    (!is_welcome).then_some(why)
}

/// Whether a thing in a virtual host is shown to who asks.
pub fn is_in_sight(call: &Call<'_>, item: &Value) -> bool {
    let (Some(user), Some(vhost)) = (call.user, item["vhost"].as_str()) else { return true };
    call.is_admin() || call.node.users.may_enter(user, &Bytes::from(vhost))
}

/// Whether a connection, channel or consumer is.
pub fn is_own(call: &Call<'_>, item: &Value) -> bool {
    let owner = item["user"].as_str().or_else(|| item["channel_details"]["user"].as_str());
    call.is_monitor() || call.user.is_some_and(|user| Some(&*user.text()) == owner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str) -> Option<(&'static str, Option<&str>)> {
        let words: Vec<&str> = path.split('/').collect();
        ROWS.iter().find_map(|row| Some((row.0, fit(row, &words)?)))
    }

    #[test]
    fn a_path_finds_its_row() {
        assert_eq!(row("queues/v/q"), Some(("queues/:vhost/*", Some("v"))));
        assert_eq!(row("vhosts/v"), Some(("vhosts/*", None)));
        assert_eq!(row("users/bulk-delete"), Some(("users/bulk-delete", None)));
        assert_eq!(row("connections/username/guest"), Some(("connections/username/*", None)));
        assert_eq!(row("queues/v/q/nothing"), None);
        assert_eq!(row("queues/v/q/get/more"), None);
    }
}
