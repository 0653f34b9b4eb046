//! The bytes that a console sends and receives (RESP), as far as they are kept to be shown.

use super::super::reply::{Reply, Resp};
use crate::bytes::Bytes;
use alloc::{format, string::String, vec::Vec};

/// The most bytes that are kept of one request or reply.
pub const MAX_WIRE_BYTES: usize = 2_048;

/// One request or reply as it went over the wire.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Wire {
    /// Whether the console sent it.
    pub to_store: bool,
    /// Its first bytes.
    pub bytes: Bytes,
    /// How many more there were.
    pub more: u64,
}

impl Wire {
    fn new(to_store: bool, bytes: &[u8]) -> Self {
        let kept = bytes.len().min(MAX_WIRE_BYTES);
        Wire { to_store, bytes: Bytes::from(&bytes[..kept]), more: (bytes.len() - kept) as u64 }
    }

    /// A request: an array of bulk strings.
    pub fn request(args: &[Bytes]) -> Self {
        Wire::new(true, &encode_request(args))
    }

    /// A reply to a client that speaks this version.
    pub fn reply(reply: &Reply, resp: Resp) -> Self {
        let mut bytes = Vec::new();
        reply.encode_into(resp, &mut bytes);
        Wire::new(false, &bytes)
    }

    /// The bytes line by line, without the line ends; everything but printable ASCII as redis-cli escapes it. Whether the last line
    /// has an end, too.
    pub fn lines(&self) -> (Vec<String>, bool) {
        let (mut lines, mut line) = (Vec::new(), String::new());
        let mut rest = &self.bytes[..];
        loop {
            match rest {
                [] => break,
                [b'\r', b'\n', after @ ..] => {
                    lines.push(core::mem::take(&mut line));
                    rest = after;
                    continue;
                }
                [b'\r', ..] => line.push_str("\\r"),
                [b'\n', ..] => line.push_str("\\n"),
                [b'\t', ..] => line.push_str("\\t"),
                [b'\\', ..] => line.push_str("\\\\"),
                [byte @ b' '..=b'~', ..] => line.push(char::from(*byte)),
                [byte, ..] => line.push_str(&format!("\\x{byte:02x}")),
            }
            rest = &rest[1..];
        }
        let ends = line.is_empty();
        if !ends {
            lines.push(line);
        }
        (lines, ends)
    }
}

/// A request as every client sends it.
pub fn encode_request(args: &[Bytes]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", args.len()).into_bytes();
    for arg in args {
        bytes.extend_from_slice(format!("${}\r\n", arg.len()).as_bytes());
        bytes.extend_from_slice(arg);
        bytes.extend_from_slice(b"\r\n");
    }
    bytes
}
