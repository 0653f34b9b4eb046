//! Replies and their bytes on the wire (RESP, the Redis serialization protocol).

use super::double::Double;
use super::error::Error;
use super::event::ReplyKind;
use crate::bytes::Bytes;
use alloc::{borrow::Cow, boxed::Box, vec::Vec};

/// What a command answers. Each kind that only RESP3 knows is lowered to one of RESP2 when it is encoded for such a client.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reply {
    /// Nothing is sent now: the client waits, or what it gets was sent otherwise.
    None,
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
    /// A float; bytes in RESP2.
    Double(Double),
    /// A float that keeps the digits of its text; bytes in RESP2.
    LongDouble(Bytes),
    /// Yes or no; 1 or 0 in RESP2.
    Bool(bool),
    /// An integer of any length, as text; bytes in RESP2.
    BigNumber(Bytes),
    /// Text of a kind (`txt` or `mkd`); bytes in RESP2.
    Verbatim(&'static str, Bytes),
    /// What nobody asked for: a message of a channel; an array in RESP2.
    Push(Vec<Reply>),
    /// A reply that carries more beside itself; in RESP2 only the reply.
    Attribute(Vec<(Reply, Reply)>, Box<Reply>),
    /// Several replies one after the other, without anything around them: SUBSCRIBE answers once for each channel.
    Many(Vec<Reply>),
}

/// The versions of the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Resp {
    /// The one every client begins with.
    #[default]
    V2,
    /// What HELLO 3 changes to.
    V3,
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
            Reply::Integer(_) | Reply::Bool(_) => ReplyKind::Integer,
            Reply::Bulk(_) | Reply::Double(_) | Reply::LongDouble(_) | Reply::BigNumber(_) | Reply::Verbatim(..) => {
                ReplyKind::Bulk
            }
            Reply::Nil | Reply::NilArray | Reply::None => ReplyKind::Nil,
            Reply::Array(_) | Reply::Set(_) | Reply::Map(_) | Reply::Push(_) => ReplyKind::Array,
            Reply::Attribute(_, reply) => reply.kind(),
            Reply::Many(replies) => replies.last().map_or(ReplyKind::Nil, Reply::kind),
        }
    }

    /// The same in kinds that RESP2 has.
    pub fn lowered(&self) -> Reply {
        let all = |items: &[Reply]| Reply::Array(items.iter().map(Reply::lowered).collect());
        match self {
            Reply::Array(items) | Reply::Set(items) | Reply::Push(items) => all(items),
            Reply::Map(pairs) => {
                Reply::Array(pairs.iter().flat_map(|(key, value)| [key.lowered(), value.lowered()]).collect())
            }
            Reply::Double(number) => Reply::text(&number.to_text()),
            Reply::Bool(yes) => Reply::from(*yes),
            Reply::LongDouble(text) | Reply::BigNumber(text) | Reply::Verbatim(_, text) => Reply::Bulk(text.clone()),
            Reply::Attribute(_, reply) => reply.lowered(),
            Reply::Many(replies) => Reply::Many(replies.iter().map(Reply::lowered).collect()),
            Reply::Status(_) | Reply::Error(_) | Reply::Integer(_) | Reply::Bulk(_) => self.clone(),
            Reply::Nil | Reply::NilArray | Reply::None => self.clone(),
        }
    }

    /// The replies that a client of that version reads: what stands one after the other comes apart, and what RESP2 does not have is
    /// lowered.
    pub fn over_the_wire(&self, resp: Resp) -> Vec<Reply> {
        let mut bytes = Vec::new();
        self.encode_into(resp, &mut bytes);
        let (mut rest, mut replies) = (&bytes[..], Vec::new());
        while let Decoded::Whole(reply, length) = decode(rest) {
            replies.push(reply);
            rest = &rest[length..];
        }
        replies
    }

    /// The bytes of this reply as a RESP2 client gets them.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode_into(Resp::V2, &mut out);
        out
    }

    /// Appends the bytes of this reply as a client of that version gets them.
    pub fn encode_into(&self, resp: Resp, out: &mut Vec<u8>) {
        let v3 = resp == Resp::V3;
        match self {
            Reply::None => {}
            Reply::Status(word) => line(out, b'+', word),
            Reply::Error(error) => line(out, b'-', &error.0),
            Reply::Integer(number) => head(out, b':', *number),
            Reply::Bulk(bytes) => bulk(out, bytes),
            Reply::Nil | Reply::NilArray if v3 => out.extend_from_slice(b"_\r\n"),
            Reply::Nil => out.extend_from_slice(b"$-1\r\n"),
            Reply::NilArray => out.extend_from_slice(b"*-1\r\n"),
            Reply::Array(items) => many(out, b'*', items, resp),
            Reply::Set(items) => many(out, if v3 { b'~' } else { b'*' }, items, resp),
            Reply::Push(items) => many(out, if v3 { b'>' } else { b'*' }, items, resp),
            Reply::Map(pairs) if v3 => pairs_into(out, b'%', pairs, resp),
            Reply::Map(pairs) => {
                head(out, b'*', pairs.len() as i64 * 2);
                for (key, value) in pairs {
                    key.encode_into(resp, out);
                    value.encode_into(resp, out);
                }
            }
            Reply::Double(number) if v3 => line(out, b',', number.to_text().as_bytes()),
            Reply::Double(number) => bulk(out, number.to_text().as_bytes()),
            Reply::LongDouble(text) if v3 => line(out, b',', text),
            Reply::LongDouble(text) => bulk(out, text),
            Reply::Bool(yes) if v3 => line(out, b'#', if *yes { b"t" } else { b"f" }),
            Reply::Bool(yes) => head(out, b':', i64::from(*yes)),
            Reply::BigNumber(text) if v3 => line(out, b'(', text),
            Reply::BigNumber(text) => bulk(out, text),
            Reply::Verbatim(kind, text) if v3 => {
                head(out, b'=', text.len() as i64 + 4);
                out.extend_from_slice(kind.as_bytes());
                out.push(b':');
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            Reply::Verbatim(_, text) => bulk(out, text),
            Reply::Attribute(pairs, reply) => {
                if v3 {
                    pairs_into(out, b'|', pairs, resp);
                }
                reply.encode_into(resp, out);
            }
            Reply::Many(replies) => replies.iter().for_each(|reply| reply.encode_into(resp, out)),
        }
    }
}

fn line(out: &mut Vec<u8>, mark: u8, content: &[u8]) {
    out.push(mark);
    out.extend_from_slice(content);
    out.extend_from_slice(b"\r\n");
}

/// A mark and a number: how many bytes or elements follow.
fn head(out: &mut Vec<u8>, mark: u8, number: i64) {
    let mut digits = [0; 20];
    let (mut at, mut rest) = (digits.len(), number.unsigned_abs());
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.push(mark);
    if number < 0 {
        out.push(b'-');
    }
    out.extend_from_slice(&digits[at..]);
    out.extend_from_slice(b"\r\n");
}

fn bulk(out: &mut Vec<u8>, bytes: &[u8]) {
    head(out, b'$', bytes.len() as i64);
    out.extend_from_slice(bytes);
    out.extend_from_slice(b"\r\n");
}

fn many(out: &mut Vec<u8>, mark: u8, items: &[Reply], resp: Resp) {
    head(out, mark, items.len() as i64);
    items.iter().for_each(|item| item.encode_into(resp, out));
}

fn pairs_into(out: &mut Vec<u8>, mark: u8, pairs: &[(Reply, Reply)], resp: Resp) {
    head(out, mark, pairs.len() as i64);
    for (key, value) in pairs {
        key.encode_into(resp, out);
        value.encode_into(resp, out);
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
    /// No reply.
    Invalid,
}

/// The longest bulk a decoder takes: the default of `proto-max-bulk-len`, in bytes.
const MAX_BULK: i64 = 512 * 1024 * 1024;
/// The most elements of one array, as Redis limits a request.
const MAX_ARRAY: i64 = 1024 * 1024;
/// How deep replies may nest.
const MAX_DEPTH: u32 = 32;

/// Reads one reply from the start of `bytes`. Attributes are left out.
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
        b'_' => Reply::Nil,
        b'#' => Reply::Bool(content == b"t"),
        b'(' => Reply::BigNumber(Bytes::from(content)),
        b',' => {
            let text = core::str::from_utf8(content).map_err(|_| Stop::Invalid)?;
            let number: f64 = text.parse().map_err(|_| Stop::Invalid)?;
            if number.is_nan() {
                return Err(Stop::Invalid);
            }
            Reply::Double(Double(number))
        }
        b'$' if number()? == -1 => Reply::Nil,
        b'$' => Reply::Bulk(Bytes::from(take_bulk(rest, number()?)?)),
        b'=' => {
            let text = take_bulk(rest, number()?)?;
            let kind = if text.starts_with(b"mkd:") { "mkd" } else { "txt" };
            Reply::Verbatim(kind, Bytes::from(text.get(4..).ok_or(Stop::Invalid)?))
        }
        b'*' if number()? == -1 => Reply::NilArray,
        b'*' => Reply::Array(take_items(rest, number()?, depth)?),
        b'~' => Reply::Set(take_items(rest, number()?, depth)?),
        b'>' => Reply::Push(take_items(rest, number()?, depth)?),
        b'%' => Reply::Map(take_pairs(rest, number()?, depth)?),
        b'|' if depth > 0 => {
            take_pairs(rest, number()?, depth)?;
            decode_from(rest, depth - 1)?
        }
        _ => return Err(Stop::Invalid),
    })
}

fn take_bulk<'b>(rest: &mut &'b [u8], len: i64) -> Result<&'b [u8], Stop> {
    if !(0..=MAX_BULK).contains(&len) {
        return Err(Stop::Invalid);
    }
    let len = len as usize;
    let whole: &'b [u8] = rest;
    if whole.len() < len + 2 {
        return Err(Stop::Partial);
    }
    if &whole[len..len + 2] != b"\r\n" {
        return Err(Stop::Invalid);
    }
    *rest = &whole[len + 2..];
    Ok(&whole[..len])
}

fn take_items(rest: &mut &[u8], count: i64, depth: u32) -> Result<Vec<Reply>, Stop> {
    if depth == 0 || !(0..=MAX_ARRAY).contains(&count) {
        return Err(Stop::Invalid);
    }
    // No room is set aside before the elements are seen: a short lie must not cost memory.
    let mut items = Vec::new();
    for _ in 0..count {
        items.push(decode_from(rest, depth - 1)?);
    }
    Ok(items)
}

fn take_pairs(rest: &mut &[u8], count: i64, depth: u32) -> Result<Vec<(Reply, Reply)>, Stop> {
    if depth == 0 || !(0..=MAX_ARRAY).contains(&count) {
        return Err(Stop::Invalid);
    }
    let mut pairs = Vec::new();
    for _ in 0..count {
        pairs.push((decode_from(rest, depth - 1)?, decode_from(rest, depth - 1)?));
    }
    Ok(pairs)
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
