//! Replies and their bytes on the wire (RESP, the Redis serialization protocol).

use super::error::Error;
use super::event::ReplyKind;
use crate::bytes::Bytes;
use alloc::{borrow::Cow, format, vec::Vec};

/// What a command answers. Each kind that only RESP3 knows is lowered to one of RESP2 when it is encoded for such a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// A short word: `OK`.
    Status(Cow<'static, [u8]>),
    /// A refusal.
    Error(Error),
    /// A number.
    Integer(i64),
    /// Bytes.
    Bulk(Bytes),
    /// Nothing: RESP2's null bulk.
    Nil,
    /// Nothing, where an array was asked for: RESP2's null array.
    NilArray,
    /// Several replies.
    Array(Vec<Reply>),
    /// Several replies in no order; an array in RESP2.
    Set(Vec<Reply>),
    /// Pairs; a flat array in RESP2.
    Map(Vec<(Reply, Reply)>),
}

impl Reply {
    /// `OK`.
    pub const OK: Reply = Reply::status("OK");

    /// A short word.
    pub const fn status(word: &'static str) -> Self {
        Reply::Status(Cow::Borrowed(word.as_bytes()))
    }

    /// Bytes of a text.
    pub fn text(text: &str) -> Self {
        Reply::Bulk(Bytes::from(text))
    }

    /// The kind, without the content.
    pub fn kind(&self) -> ReplyKind {
        match self {
            Reply::Status(_) => ReplyKind::Status,
            Reply::Error(_) => ReplyKind::Error,
            Reply::Integer(_) => ReplyKind::Integer,
            Reply::Bulk(_) => ReplyKind::Bulk,
            Reply::Nil | Reply::NilArray => ReplyKind::Nil,
            Reply::Array(_) | Reply::Set(_) | Reply::Map(_) => ReplyKind::Array,
        }
    }

    /// The same in kinds that RESP2 has.
    pub fn lowered(&self) -> Reply {
        match self {
            Reply::Array(items) | Reply::Set(items) => Reply::Array(items.iter().map(Reply::lowered).collect()),
            Reply::Map(pairs) => {
                Reply::Array(pairs.iter().flat_map(|(key, value)| [key.lowered(), value.lowered()]).collect())
            }
            Reply::Status(_) | Reply::Error(_) | Reply::Integer(_) | Reply::Bulk(_) | Reply::Nil | Reply::NilArray => {
                self.clone()
            }
        }
    }

    /// The bytes of this reply as a RESP2 client gets them.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        out
    }

    fn encode_into(&self, out: &mut Vec<u8>) {
        let mut line = |mark: u8, content: &[u8]| {
            out.push(mark);
            out.extend_from_slice(content);
            out.extend_from_slice(b"\r\n");
        };
        match self {
            Reply::Status(word) => line(b'+', word),
            Reply::Error(error) => line(b'-', &error.0),
            Reply::Integer(number) => line(b':', format!("{number}").as_bytes()),
            Reply::Bulk(bytes) => {
                line(b'$', format!("{}", bytes.len()).as_bytes());
                out.extend_from_slice(bytes);
                out.extend_from_slice(b"\r\n");
            }
            Reply::Nil => line(b'$', b"-1"),
            Reply::NilArray => line(b'*', b"-1"),
            Reply::Array(items) | Reply::Set(items) => {
                line(b'*', format!("{}", items.len()).as_bytes());
                items.iter().for_each(|item| item.encode_into(out));
            }
            Reply::Map(pairs) => {
                line(b'*', format!("{}", pairs.len() * 2).as_bytes());
                for (key, value) in pairs {
                    key.encode_into(out);
                    value.encode_into(out);
                }
            }
        }
    }
}

impl From<Option<Bytes>> for Reply {
    fn from(bytes: Option<Bytes>) -> Self {
        bytes.map_or(Reply::Nil, Reply::Bulk)
    }
}

impl From<bool> for Reply {
    fn from(yes: bool) -> Self {
        Reply::Integer(i64::from(yes))
    }
}

/// What the bytes at the start of a stream are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decoded {
    /// A whole reply, and how many bytes it took.
    Whole(Reply, usize),
    /// The beginning of one: more bytes are wanted.
    Partial,
    /// No reply of RESP2.
    Invalid,
}

/// The longest bulk a decoder takes: the default of `proto-max-bulk-len`, in bytes.
const MAX_BULK: i64 = 512 * 1024 * 1024;
/// The most elements of one array, as Redis limits a request.
const MAX_ARRAY: i64 = 1024 * 1024;
/// How deep replies may nest.
const MAX_DEPTH: u32 = 32;

/// Reads one RESP2 reply from the start of `bytes`.
pub fn decode(bytes: &[u8]) -> Decoded {
    let mut rest = bytes;
    match decode_from(&mut rest, MAX_DEPTH) {
        Ok(reply) => Decoded::Whole(reply, bytes.len() - rest.len()),
        Err(Stop::Partial) => Decoded::Partial,
        Err(Stop::Invalid) => Decoded::Invalid,
    }
}

enum Stop {
    Partial,
    Invalid,
}

fn decode_from(rest: &mut &[u8], depth: u32) -> Result<Reply, Stop> {
    let end = rest.windows(2).position(|pair| pair == b"\r\n").ok_or(Stop::Partial)?;
    let (line, after) = (&rest[..end], &rest[end + 2..]);
    let (mark, content) = line.split_first().ok_or(Stop::Invalid)?;
    *rest = after;
    let owned = || Cow::Owned(content.to_vec());
    let number = || super::number::parse_integer(content).ok_or(Stop::Invalid);
    Ok(match mark {
        b'+' => Reply::Status(owned()),
        b'-' => Reply::Error(Error(owned())),
        b':' => Reply::Integer(number()?),
        b'$' => match number()? {
            -1 => Reply::Nil,
            len @ 0..=MAX_BULK => {
                let len = len as usize;
                if rest.len() < len + 2 {
                    return Err(Stop::Partial);
                }
                if &rest[len..len + 2] != b"\r\n" {
                    return Err(Stop::Invalid);
                }
                let bulk = Bytes::from(&rest[..len]);
                *rest = &rest[len + 2..];
                Reply::Bulk(bulk)
            }
            _ => return Err(Stop::Invalid),
        },
        b'*' => match number()? {
            -1 => Reply::NilArray,
            count @ 0..=MAX_ARRAY if depth > 0 => {
                // No room is set aside before the elements are seen: a short lie must not cost memory.
                let mut items = Vec::new();
                for _ in 0..count {
                    items.push(decode_from(rest, depth - 1)?);
                }
                Reply::Array(items)
            }
            _ => return Err(Stop::Invalid),
        },
        _ => return Err(Stop::Invalid),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn what_is_encoded_decodes() {
        let reply = Reply::Array(vec![
            Reply::OK,
            Reply::Error(crate::redis::error::SYNTAX),
            Reply::Integer(-7),
            Reply::Bulk(Bytes::from(&b"\r\n\xff"[..])),
            Reply::Nil,
            Reply::NilArray,
            Reply::Array(Vec::new()),
        ]);
        let bytes = reply.encode();
        assert_eq!(decode(&bytes), Decoded::Whole(reply, bytes.len()));
        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes[..end]), Decoded::Partial, "cut at {end}");
        }
    }

    #[test]
    fn broken_bytes_are_refused() {
        for broken in
            ["\r\n", "?\r\n", ":x\r\n", "$-2\r\n", "$1\r\nab\r\n", "*-7\r\n", "*99999999\r\n", "$99999999999\r\n"]
        {
            assert_eq!(decode(broken.as_bytes()), Decoded::Invalid, "{broken:?}");
        }
        assert_eq!(decode("*1\r\n".repeat(40).as_bytes()), Decoded::Invalid);
    }

    #[test]
    fn sets_and_maps_are_arrays_in_resp2() {
        let map = Reply::Map(vec![(Reply::text("a"), Reply::Set(vec![Reply::Integer(1)]))]);
        assert_eq!(map.encode(), b"*2\r\n$1\r\na\r\n*1\r\n:1\r\n");
        assert_eq!(map.encode(), map.lowered().encode());
    }
}
