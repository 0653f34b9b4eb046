//! A reply as redis-cli prints it on a terminal.

use super::super::reply::Reply;
use alloc::{format, vec::Vec};

/// What `redis-cli --no-raw` prints for a reply, line end included (`cliFormatReplyTTY`). Errors print as they came, so these are bytes.
/// The reply is one that came over the wire: what RESP2 does not have must have been lowered for a client that speaks it.
pub fn format_reply(reply: &Reply) -> Vec<u8> {
    let mut out = Vec::new();
    format_into(reply, 0, &mut out);
    out
}

/// What redis-cli prints for a message that nobody waited for: those of client side caching have a form of their own.
pub fn format_push(reply: &Reply) -> Vec<u8> {
    let Reply::Push(parts) = reply else { return format_reply(reply) };
    let keys = match &parts[..] {
        [Reply::Bulk(word), Reply::Array(keys)] if **word == b"invalidate"[..] => keys,
        _ => return format_reply(reply),
    };
    let mut out = b"-> invalidate: ".to_vec();
    for (place, key) in keys.iter().enumerate() {
        if place > 0 {
            out.extend_from_slice(b", ");
        }
        if let Reply::Bulk(key) = key {
            out.extend_from_slice(&[b"'", &key[..], b"'"].concat());
        }
    }
    out.push(b'\n');
    out
}

fn format_into(reply: &Reply, indent: usize, out: &mut Vec<u8>) {
    match reply {
        Reply::Status(word) => out.extend_from_slice(word),
        Reply::Error(error) => {
            out.extend_from_slice(b"(error) ");
            out.extend_from_slice(&error.0);
        }
        Reply::Integer(number) => out.extend_from_slice(format!("(integer) {number}").as_bytes()),
        Reply::Bulk(bytes) => quote_into(bytes, out),
        Reply::Verbatim(_, bytes) => out.extend_from_slice(bytes),
        Reply::Nil | Reply::NilArray => out.extend_from_slice(b"(nil)"),
        Reply::Double(number) => out.extend_from_slice(format!("(double) {}", number.to_text()).as_bytes()),
        Reply::LongDouble(text) => {
            out.extend_from_slice(b"(double) ");
            out.extend_from_slice(text);
        }
        Reply::Bool(yes) => out.extend_from_slice(if *yes { b"(true)" } else { b"(false)" }),
        // redis-cli 7.0 gives up at such a number.
        Reply::BigNumber(_) => out.extend_from_slice(b"Unknown reply type: 13"),
        Reply::None => return,
        Reply::Array(items) => return list_into(items, (b')', b"(empty array)"), indent, out),
        Reply::Set(items) => return list_into(items, (b'~', b"(empty set)"), indent, out),
        Reply::Push(items) => return list_into(items, (b')', b"(empty push)"), indent, out),
        Reply::Map(pairs) if pairs.is_empty() => out.extend_from_slice(b"(empty hash)"),
        Reply::Map(pairs) => {
            let width = format!("{}", pairs.len()).len();
            for (place, (key, value)) in pairs.iter().enumerate() {
                number_into((place, width, b'#'), indent, out);
                format_into(key, indent + width + 2, out);
                out.pop();
                out.extend_from_slice(b" => ");
                if takes_lines(value) {
                    out.extend_from_slice(format!("\n{:1$}", "", indent + width + 2).as_bytes());
                }
                format_into(value, indent + width + 2, out);
            }
            return;
        }
        Reply::Attribute(_, reply) => return format_into(reply, indent, out),
        Reply::Many(replies) => return replies.iter().for_each(|reply| format_into(reply, indent, out)),
    }
    out.push(b'\n');
}

/// Whether a value in a map begins on a line of its own, because it takes more than one.
fn takes_lines(reply: &Reply) -> bool {
    match reply {
        Reply::Array(items) | Reply::Set(items) | Reply::Push(items) => match &items[..] {
            [] => false,
            [one] => takes_lines(one),
            [..] => true,
        },
        Reply::Map(pairs) => match &pairs[..] {
            [] => false,
            [(_, value)] => takes_lines(value),
            [..] => true,
        },
        Reply::Attribute(_, reply) => takes_lines(reply),
        Reply::Status(_)
        | Reply::Error(_)
        | Reply::Integer(_)
        | Reply::Bulk(_)
        | Reply::Verbatim(..)
        | Reply::Nil
        | Reply::NilArray
        | Reply::Double(_)
        | Reply::LongDouble(_)
        | Reply::Bool(_)
        | Reply::BigNumber(_)
        | Reply::None
        | Reply::Many(_) => false,
    }
}

/// The elements of a list, each with its number; `looks` is the sign behind the number and what stands for no element.
fn list_into(items: &[Reply], looks: (u8, &[u8]), indent: usize, out: &mut Vec<u8>) {
    if items.is_empty() {
        out.extend_from_slice(looks.1);
        out.push(b'\n');
    }
    let width = format!("{}", items.len()).len();
    for (place, item) in items.iter().enumerate() {
        number_into((place, width, looks.0), indent, out);
        format_into(item, indent + width + 2, out);
    }
}

fn number_into((place, width, sign): (usize, usize, u8), indent: usize, out: &mut Vec<u8>) {
    // The first number stands where the caller has already come to.
    let before = if place == 0 { 0 } else { indent };
    let sign = char::from(sign);
    out.extend_from_slice(format!("{:before$}{:>width$}{sign} ", "", place + 1).as_bytes());
}

/// Bytes in double quotes, all but printable ASCII escaped (`sdscatrepr` of Redis).
pub fn quote_into(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in bytes {
        match byte {
            b'\\' | b'"' => out.extend_from_slice(&[b'\\', *byte]),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x07 => out.extend_from_slice(b"\\a"),
            0x08 => out.extend_from_slice(b"\\b"),
            b' '..=b'~' => out.push(*byte),
            _ => out.extend_from_slice(format!("\\x{byte:02x}").as_bytes()),
        }
    }
    out.push(b'"');
}
