//! Frames to bytes.

use warren_sim::amqp::method::{Arg, Frame, Method, Properties};
use warren_sim::amqp::value::{Table, Value};
use warren_sim::bytes::Bytes;

use crate::{BODY, EMPTY_LEN, END, HEADER, HEARTBEAT, METHOD};

/// The bytes of a frame: a method, and its content in as many body frames as it needs.
pub fn encode(channel: u16, frame: &Frame, frame_max: usize) -> Vec<u8> {
    let mut out = Vec::new();
    encode_into(&mut out, channel, frame, frame_max);
    out
}

/// The same, at the end of what is there already. A `frame_max` of 0 is without limit.
pub fn encode_into(out: &mut Vec<u8>, channel: u16, frame: &Frame, frame_max: usize) {
    let (class, method) = frame.method.ids();
    let start = open_frame(out, METHOD, channel);
    out.extend(class.to_be_bytes());
    out.extend(method.to_be_bytes());
    put_method(out, &frame.method);
    close_frame(out, start);
    let Some(content) = &frame.content else { return };
    let start = open_frame(out, HEADER, channel);
    out.extend(class.to_be_bytes());
    out.extend([0, 0]);
    out.extend((content.body.len() as u64).to_be_bytes());
    put_properties(out, &content.properties);
    close_frame(out, start);
    let part_max = if frame_max > EMPTY_LEN { frame_max - EMPTY_LEN } else { usize::MAX };
    for part in content.body.chunks(part_max) {
        let start = open_frame(out, BODY, channel);
        out.extend_from_slice(part);
        close_frame(out, start);
    }
}

/// A frame that only says that its sender is there.
pub const HEARTBEAT_FRAME: [u8; 8] = [HEARTBEAT, 0, 0, 0, 0, 0, 0, END];

/// Writes the head of a frame and returns where its payload begins.
fn open_frame(out: &mut Vec<u8>, kind: u8, channel: u16) -> usize {
    let channel = channel.to_be_bytes();
    out.extend_from_slice(&[kind, channel[0], channel[1], 0, 0, 0, 0]);
    out.len()
}

/// Fills in the size of the payload that begins at `start` and ends here.
fn close_frame(out: &mut Vec<u8>, start: usize) {
    let size = (out.len() - start) as u32;
    out[start - 4..start].copy_from_slice(&size.to_be_bytes());
    out.push(END);
}

/// The arguments. What is sent for every message is written out, since going through the table costs more than all the rest.
fn put_method(out: &mut Vec<u8>, method: &Method) {
    match method {
        Method::BasicDeliver(deliver) => {
            put_short_text(out, &deliver.consumer_tag);
            out.extend_from_slice(&deliver.delivery_tag.to_be_bytes());
            out.push(u8::from(deliver.redelivered));
            put_short_text(out, &deliver.exchange);
            put_short_text(out, &deliver.routing_key);
        }
        Method::BasicAck(ack) => {
            out.extend_from_slice(&ack.delivery_tag.to_be_bytes());
            out.push(u8::from(ack.multiple));
        }
        other => {
            let mut bits: Vec<bool> = Vec::new();
            for (_, arg) in other.fields() {
                if let Arg::Bit(bit) = arg {
                    bits.push(bit);
                    continue;
                }
                put_bits(out, &mut bits);
                put_arg(out, &arg);
            }
            put_bits(out, &mut bits);
        }
    }
}

/// Neighbouring flags share octets, the first in the lowest bit.
fn put_bits(out: &mut Vec<u8>, bits: &mut Vec<bool>) {
    for octet in bits.chunks(8) {
        out.push(octet.iter().enumerate().fold(0, |octet, (index, bit)| octet | u8::from(*bit) << index));
    }
    bits.clear();
}

fn put_arg(out: &mut Vec<u8>, arg: &Arg) {
    match arg {
        Arg::ShortStr(text) => put_short_text(out, text),
        Arg::LongStr(text) => put_long_text(out, text),
        Arg::Octet(n) => out.push(*n),
        Arg::Short(n) => out.extend(n.to_be_bytes()),
        Arg::Long(n) => out.extend(n.to_be_bytes()),
        Arg::LongLong(n) => out.extend(n.to_be_bytes()),
        Arg::Table(table) => put_table(out, table),
        Arg::Bit(bit) => out.push(u8::from(*bit)),
    }
}

fn put_short_text(out: &mut Vec<u8>, text: &[u8]) {
    // Nothing longer comes in, neither by the wire nor by the text form; what the broker writes itself is cut as RabbitMQ cuts it.
    let text = &text[..text.len().min(255)];
    out.push(text.len() as u8);
    out.extend_from_slice(text);
}

fn put_long_text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend((text.len() as u32).to_be_bytes());
    out.extend(text);
}

fn put_table(out: &mut Vec<u8>, table: &Table) {
    let start = out.len();
    out.extend_from_slice(&[0; 4]);
    for (name, value) in &table.0 {
        put_short_text(out, name);
        put_value(out, value);
    }
    close_list(out, start);
}

/// Fills in the size of a table or an array whose size stands at `start`.
fn close_list(out: &mut [u8], start: usize) {
    let size = (out.len() - start - 4) as u32;
    out[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

fn put_value(out: &mut Vec<u8>, value: &Value) {
    let mut put = |letter: u8, bytes: &[u8]| {
        out.push(letter);
        out.extend(bytes);
    };
    match value {
        Value::Bool(on) => put(b't', &[u8::from(*on)]),
        Value::I8(n) => put(b'b', &n.to_be_bytes()),
        Value::U8(n) => put(b'B', &n.to_be_bytes()),
        Value::I16(n) => put(b's', &n.to_be_bytes()),
        Value::U16(n) => put(b'u', &n.to_be_bytes()),
        Value::I32(n) => put(b'I', &n.to_be_bytes()),
        Value::U32(n) => put(b'i', &n.to_be_bytes()),
        Value::I64(n) => put(b'l', &n.to_be_bytes()),
        Value::F32(bits) => put(b'f', &bits.to_be_bytes()),
        Value::F64(bits) => put(b'd', &bits.to_be_bytes()),
        Value::Decimal { scale, value } => {
            put(b'D', &[*scale]);
            out.extend(value.to_be_bytes());
        }
        Value::Timestamp(seconds) => put(b'T', &seconds.to_be_bytes()),
        Value::Void => put(b'V', &[]),
        Value::LongStr(text) => {
            put(b'S', &[]);
            put_long_text(out, text);
        }
        Value::ByteArray(bytes) => {
            put(b'x', &[]);
            put_long_text(out, bytes);
        }
        Value::Table(table) => {
            put(b'F', &[]);
            put_table(out, table);
        }
        Value::Array(values) => {
            put(b'A', &[]);
            let start = out.len();
            out.extend_from_slice(&[0; 4]);
            values.iter().for_each(|value| put_value(out, value));
            close_list(out, start);
        }
    }
}

/// The properties in the order of the wire, behind the flags that tell which are there.
fn put_properties(out: &mut Vec<u8>, properties: &Properties) {
    let at = out.len();
    out.extend_from_slice(&[0, 0]);
    let mut flags = 0_u16;
    let p = properties;
    let mut text = |out: &mut Vec<u8>, index: u32, text: &Option<Bytes>| {
        if let Some(text) = text {
            flags |= 0x8000 >> index;
            put_short_text(out, text);
        }
    };
    text(out, 0, &p.content_type);
    text(out, 1, &p.content_encoding);
    if let Some(headers) = &p.headers {
        put_table(out, headers);
    }
    out.extend([p.delivery_mode, p.priority].into_iter().flatten());
    text(out, 5, &p.correlation_id);
    text(out, 6, &p.reply_to);
    text(out, 7, &p.expiration);
    text(out, 8, &p.message_id);
    if let Some(timestamp) = p.timestamp {
        out.extend_from_slice(&timestamp.to_be_bytes());
    }
    text(out, 10, &p.type_);
    text(out, 11, &p.user_id);
    text(out, 12, &p.app_id);
    text(out, 13, &p.cluster_id);
    let others = [p.headers.is_some(), p.delivery_mode.is_some(), p.priority.is_some()];
    for (index, is_there) in others.into_iter().enumerate() {
        flags |= if is_there { 0x8000 >> (index + 2) } else { 0 };
    }
    flags |= if p.timestamp.is_some() { 0x8000 >> 9 } else { 0 };
    out[at..at + 2].copy_from_slice(&flags.to_be_bytes());
}
