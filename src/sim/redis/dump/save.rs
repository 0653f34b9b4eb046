//! Values as the bytes that DUMP gives: those of an RDB file of version 10, as Redis 7.0 writes it.

use super::super::kind::stream::{Group, Id, Node};
use super::super::kind::{Hash, Kind, List, Set, Stream, Zset};
use super::super::number::parse_integer;
use super::super::value::{Encoding, Str, Value};
use super::packed::{Listpack, write_intset};
use crate::bytes::Bytes;
use alloc::{vec, vec::Vec};

/// The type of a value, and how it is laid out.
pub mod layout {
    pub const STRING: u8 = 0;
    pub const LIST: u8 = 1;
    pub const SET: u8 = 2;
    pub const ZSET: u8 = 3;
    pub const HASH: u8 = 4;
    pub const ZSET_2: u8 = 5;
    pub const HASH_ZIPMAP: u8 = 9;
    pub const LIST_ZIPLIST: u8 = 10;
    pub const SET_INTSET: u8 = 11;
    pub const ZSET_ZIPLIST: u8 = 12;
    pub const HASH_ZIPLIST: u8 = 13;
    pub const LIST_QUICKLIST: u8 = 14;
    pub const STREAM: u8 = 15;
    pub const HASH_LISTPACK: u8 = 16;
    pub const ZSET_LISTPACK: u8 = 17;
    pub const LIST_QUICKLIST_2: u8 = 18;
    pub const STREAM_2: u8 = 19;
}

/// The most bytes of one node of a list, as with `list-max-listpack-size -2`.
const LIST_NODE_MAX: usize = 8192;

/// The bytes of a value, its type first.
pub fn save(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    match value {
        Value::String(text) => {
            out.push(layout::STRING);
            string_value(text, &mut out);
        }
        Value::List(list) => save_list(list, &mut out),
        Value::Set(set) => save_set(set, &mut out),
        Value::Hash(hash) => save_hash(hash, &mut out),
        Value::Zset(zset) => save_zset(zset, &mut out),
        Value::Stream(stream) => save_stream(stream, &mut out),
    }
    out
}

/// How many: in as few bytes as it takes.
pub fn length(number: u64, out: &mut Vec<u8>) {
    match number {
        0..64 => out.push(number as u8),
        64..16_384 => out.extend([0x40 | (number >> 8) as u8, number as u8]),
        16_384..=0xFFFF_FFFF => {
            out.push(0x80);
            out.extend((number as u32).to_be_bytes());
        }
        _ => {
            out.push(0x81);
            out.extend(number.to_be_bytes());
        }
    }
}

/// A number of up to 32 bits in its short form; whether it is one.
fn short_integer(number: i64, out: &mut Vec<u8>) -> bool {
    let (mark, width) = match number {
        -128..=127 => (0xC0, 1),
        -32_768..=32_767 => (0xC1, 2),
        -2_147_483_648..=2_147_483_647 => (0xC2, 4),
        _ => return false,
    };
    out.push(mark);
    out.extend_from_slice(&number.to_le_bytes()[..width]);
    true
}

fn string_value(text: &Str, out: &mut Vec<u8>) {
    match text {
        Str::Int(number) | Str::CopiedInt(number) if short_integer(*number, out) => {}
        Str::Int(_) | Str::CopiedInt(_) | Str::Embedded(_) | Str::Raw(_) => string(&text.bytes(), out),
    }
}

/// A string: as a number, compressed, or as it is.
pub fn string(bytes: &[u8], out: &mut Vec<u8>) {
    if bytes.len() <= 11
        && let Some(number) = parse_integer(bytes)
        && short_integer(number, out)
    {
        return;
    }
    if bytes.len() > 20
        && let Some(compressed) = super::lzf::compress(bytes)
    {
        out.push(0xC3);
        length(compressed.len() as u64, out);
        length(bytes.len() as u64, out);
        return out.extend(compressed);
    }
    length(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn save_list(list: &List, out: &mut Vec<u8>) {
    out.push(layout::LIST_QUICKLIST_2);
    let (mut nodes, mut count) = (Vec::new(), 0);
    let mut node = Listpack::new();
    let close = |node: Listpack, nodes: &mut Vec<u8>| {
        nodes.push(2);
        string(&node.finish(), nodes);
    };
    for element in list.iter() {
        let alone = element.len() > LIST_NODE_MAX;
        if !node.is_empty() && (alone || node.len() + element.len() + 12 > LIST_NODE_MAX) {
            close(core::mem::replace(&mut node, Listpack::new()), &mut nodes);
            count += 1;
        }
        if alone {
            // So long an element is a node of its own.
            nodes.push(1);
            string(element, &mut nodes);
            count += 1;
        } else {
            node.text(element);
        }
    }
    if !node.is_empty() {
        close(node, &mut nodes);
        count += 1;
    }
    length(count, out);
    out.extend(nodes);
}

fn save_set(set: &Set, out: &mut Vec<u8>) {
    if set.encoding() == Encoding::Intset {
        let numbers: Vec<i64> = set.iter().filter_map(|member| parse_integer(&member)).collect();
        out.push(layout::SET_INTSET);
        return string(&write_intset(&numbers), out);
    }
    out.push(layout::SET);
    length(set.len() as u64, out);
    set.iter().for_each(|member| string(&member, out));
}

fn save_hash(hash: &Hash, out: &mut Vec<u8>) {
    let both = hash.iter().flat_map(|(field, value)| [field, value]);
    if hash.encoding() == Encoding::Listpack {
        let mut packed = Listpack::new();
        both.for_each(|text| packed.text(text));
        out.push(layout::HASH_LISTPACK);
        return string(&packed.finish(), out);
    }
    out.push(layout::HASH);
    length(hash.len() as u64, out);
    both.for_each(|text| string(text, out));
}

fn save_zset(zset: &Zset, out: &mut Vec<u8>) {
    if zset.is_packed() {
        let mut packed = Listpack::new();
        for (score, member) in zset.iter() {
            packed.text(member);
            match score.as_packed_integer() {
                Some(number) => packed.integer(number),
                None => packed.text(score.to_text().as_bytes()),
            }
        }
        out.push(layout::ZSET_LISTPACK);
        return string(&packed.finish(), out);
    }
    out.push(layout::ZSET_2);
    length(zset.len() as u64, out);
    // From the last on: so each is put in at the head when it is read.
    for (score, member) in zset.iter().rev() {
        string(member, out);
        out.extend(score.0.to_le_bytes());
    }
}

fn id_bytes(id: Id) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&id.ms.to_be_bytes());
    bytes[8..].copy_from_slice(&id.seq.to_be_bytes());
    bytes
}

fn save_node(master: Id, node: &Node) -> Vec<u8> {
    let mut packed = Listpack::new();
    packed.integer(node.live() as i64);
    packed.integer(node.slots().len() as i64 - node.live() as i64);
    packed.integer(node.names().len() as i64);
    node.names().iter().for_each(|name| packed.text(name));
    packed.integer(0);
    for slot in node.slots() {
        let same = !slot.deleted && slot.fields.iter().map(|(name, _)| name).eq(node.names());
        packed.integer(i64::from(slot.deleted) | if same { 2 } else { 0 });
        packed.integer(slot.id.ms.wrapping_sub(master.ms) as i64);
        packed.integer(slot.id.seq.wrapping_sub(master.seq) as i64);
        let count = slot.fields.len() as i64;
        if same {
            slot.fields.iter().for_each(|(_, value)| packed.text(value));
            packed.integer(count + 3);
        } else {
            packed.integer(count);
            slot.fields.iter().flat_map(|(name, value)| [name, value]).for_each(|text: &Bytes| packed.text(text));
            packed.integer(count * 2 + 4);
        }
    }
    packed.finish()
}

fn save_stream(stream: &Stream, out: &mut Vec<u8>) {
    out.push(layout::STREAM_2);
    length(stream.nodes().count() as u64, out);
    for (master, node) in stream.nodes() {
        string(&id_bytes(master), out);
        string(&save_node(master, node), out);
    }
    let ids = [stream.last_id, stream.first_id, stream.max_deleted_id];
    let numbers =
        [vec![stream.len() as u64], ids.iter().flat_map(|id| [id.ms, id.seq]).collect(), vec![stream.entries_added]];
    numbers.concat().into_iter().for_each(|number| length(number, out));
    length(stream.groups().len() as u64, out);
    for (name, group) in stream.groups() {
        save_group(name, group, out);
    }
}

fn save_group(name: &Bytes, group: &Group, out: &mut Vec<u8>) {
    string(name, out);
    for number in [group.last_id.ms, group.last_id.seq, group.entries_read as u64] {
        length(number, out);
    }
    length(group.pending().len() as u64, out);
    for (id, pending) in group.pending() {
        out.extend(id_bytes(*id));
        out.extend(pending.delivered_ms.to_le_bytes());
        length(pending.times, out);
    }
    length(group.consumers().len() as u64, out);
    for (name, consumer) in group.consumers() {
        string(name, out);
        out.extend(consumer.seen_ms.to_le_bytes());
        length(consumer.pending.len() as u64, out);
        consumer.pending.iter().for_each(|id| out.extend(id_bytes(*id)));
    }
}
