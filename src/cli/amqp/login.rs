//! The words of the handshake: what the server announces, and who may come in.

use warren_sim::amqp::channel::Capabilities;
use warren_sim::amqp::method::{ConnectionStart, ConnectionStartOk, LongStr};
use warren_sim::amqp::value::{Table, Value};
use warren_sim::bytes::Bytes;
use warren_wire::Reader;

use super::users::Users;

/// What RabbitMQ 3.10 announces, in its order. Clients look at these names, and some at product and version.
const CAPABILITIES: [&str; 9] = [
    "publisher_confirms",
    "exchange_exchange_bindings",
    "basic.nack",
    "consumer_cancel_notify",
    "connection.blocked",
    "consumer_priorities",
    "authentication_failure_close",
    "per_consumer_qos",
    "direct_reply_to",
];
/// The version whose behaviour is served.
pub const VERSION: &str = "3.10.8";
/// The user that is there from the start, and its password.
pub const GUEST: &str = "guest";

/// The first thing that the server says, in AMQP 0-9-1 or, `is_old`, in 0-8: no capabilities there.
pub fn start(is_old: bool) -> ConnectionStart {
    let mut capabilities = Table::default();
    for name in CAPABILITIES.into_iter().filter(|_| !is_old) {
        capabilities.set(name, Value::Bool(true));
    }
    let mut properties = Table::default();
    properties.set("capabilities", Value::Table(Box::new(capabilities)));
    for (name, text) in [
        ("cluster_name", "warren@localhost"),
        ("copyright", "Copyright (c) the authors of Warren"),
        ("information", "Warren, which behaves as this version of RabbitMQ. Licensed under MIT or Apache-2.0"),
        ("platform", concat!("Warren ", env!("CARGO_PKG_VERSION"))),
        ("product", "RabbitMQ"),
        ("version", VERSION),
    ] {
        properties.set(name, Value::LongStr(Bytes::from(text)));
    }
    ConnectionStart {
        version_major: if is_old { 8 } else { 0 },
        version_minor: if is_old { 0 } else { 9 },
        server_properties: properties,
        mechanisms: LongStr(Bytes::from("PLAIN AMQPLAIN")),
        locales: LongStr(Bytes::from("en_US")),
    }
}

/// What came of a login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This user is in.
    Welcome(Bytes),
    /// The name or the password is wrong.
    Refused,
    /// The response cannot be read, or there is no such mechanism.
    Malformed,
}

/// Judges `connection.start-ok`.
pub fn login(method: &ConnectionStartOk, users: &Users) -> Outcome {
    let response = &method.response.0;
    let pair = match &method.mechanism[..] {
        b"PLAIN" => plain(response),
        b"AMQPLAIN" => amqplain(response),
        _ => None,
    };
    match pair {
        None => Outcome::Malformed,
        Some((user, password)) if users.knows(&user, &password) => Outcome::Welcome(Bytes::from(user)),
        Some(_) => Outcome::Refused,
    }
}

/// `NUL user NUL password` (RFC 4616; RabbitMQ takes no authorization identity).
fn plain(response: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut parts = response.strip_prefix(b"\0")?.split(|byte| *byte == 0).map(<[u8]>::to_vec);
    let pair = (parts.next()?, parts.next()?);
    parts.next().is_none().then_some(pair)
}

/// A field table without its size, with LOGIN and PASSWORD.
fn amqplain(response: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let sized = [&(response.len() as u32).to_be_bytes()[..], response].concat();
    let table = Reader::new(&sized).table()?;
    // A password that is no text is there, and wrong.
    let text =
        |name: &str| table.get(name).map(|value| value.as_long_str().map_or_else(Vec::new, |text| text.to_vec()));
    Some((text("LOGIN")?, text("PASSWORD")?))
}

/// Whether the client announced this capability.
pub fn announces(client_properties: &Table, name: &str) -> bool {
    let Some(Value::Table(capabilities)) = client_properties.get("capabilities") else { return false };
    capabilities.get(name) == Some(&Value::Bool(true))
}

/// What of the client's capabilities the broker wants to know.
pub fn capabilities(client_properties: &Table) -> Capabilities {
    let consumer_cancel_notify = announces(client_properties, "consumer_cancel_notify");
    Capabilities { consumer_cancel_notify, ..Capabilities::default() }
}
