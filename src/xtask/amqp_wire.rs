//! Just enough of AMQP 0-9-1 on the wire for a client that records: frames to bytes and back (specification section 4.2).
//!
//! The tables of [`Method`] tell the arguments; here are only their encodings.

use warren_sim::amqp::method::{Arg, Content, Frame, Method, Properties};
use warren_sim::amqp::text::carries_content;
use warren_sim::amqp::value::{Table, Value};
use warren_sim::bytes::Bytes;

/// What RabbitMQ offers in `connection.tune`, and we take.
const FRAME_MAX: usize = 131_072;
const METHOD: u8 = 1;
const HEADER: u8 = 2;
const BODY: u8 = 3;
const HEARTBEAT: u8 = 8;
const END: u8 = 0xCE;

/// What a client says before anything else.
pub const PROTOCOL_HEADER: &[u8] = b"AMQP\0\0\x09\x01";

/// The bytes of a frame: a method, and its content in as many body frames as it needs.
pub fn encode(channel: u16, frame: &Frame) -> Vec<u8> {
    let mut out = Vec::new();
    let (class, method) = frame.method.ids();
    let mut payload = [class.to_be_bytes(), method.to_be_bytes()].concat();
    let mut bits: Vec<bool> = Vec::new();
    for (_, arg) in frame.method.fields() {
        if let Arg::Bit(bit) = arg {
            bits.push(bit);
            continue;
        }
        put_bits(&mut payload, &mut bits);
        put_arg(&mut payload, &arg);
    }
    put_bits(&mut payload, &mut bits);
    put_frame(&mut out, METHOD, channel, &payload);
    if let Some(content) = &frame.content {
        let mut header = [class.to_be_bytes(), [0, 0]].concat();
        header.extend((content.body.len() as u64).to_be_bytes());
        put_properties(&mut header, &content.properties);
        put_frame(&mut out, HEADER, channel, &header);
        for part in content.body.chunks(FRAME_MAX - 8) {
            put_frame(&mut out, BODY, channel, part);
        }
    }
    out
}

fn put_frame(out: &mut Vec<u8>, kind: u8, channel: u16, payload: &[u8]) {
    out.push(kind);
    out.extend(channel.to_be_bytes());
    out.extend((payload.len() as u32).to_be_bytes());
    out.extend(payload);
    out.push(END);
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
    // The text form refuses longer ones.
    out.push(text.len() as u8);
    out.extend(text);
}

fn put_long_text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend((text.len() as u32).to_be_bytes());
    out.extend(text);
}

fn put_table(out: &mut Vec<u8>, table: &Table) {
    let mut fields = Vec::new();
    for (name, value) in &table.0 {
        put_short_text(&mut fields, name);
        put_value(&mut fields, value);
    }
    put_long_text(out, &fields);
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
            let mut items = Vec::new();
            values.iter().for_each(|value| put_value(&mut items, value));
            put_long_text(out, &items);
        }
    }
}

/// The properties in the order of the wire, each with its type.
fn properties_of(properties: &Properties) -> [Option<Arg>; 14] {
    let text = |text: &Option<Bytes>| text.clone().map(Arg::ShortStr);
    [
        text(&properties.content_type),
        text(&properties.content_encoding),
        properties.headers.clone().map(Arg::Table),
        properties.delivery_mode.map(Arg::Octet),
        properties.priority.map(Arg::Octet),
        text(&properties.correlation_id),
        text(&properties.reply_to),
        text(&properties.expiration),
        text(&properties.message_id),
        properties.timestamp.map(Arg::LongLong),
        text(&properties.type_),
        text(&properties.user_id),
        text(&properties.app_id),
        text(&properties.cluster_id),
    ]
}

fn put_properties(out: &mut Vec<u8>, properties: &Properties) {
    let args = properties_of(properties);
    let flags = (0..14).filter(|index| args[*index].is_some()).fold(0_u16, |flags, index| flags | 0x8000 >> index);
    out.extend(flags.to_be_bytes());
    args.iter().flatten().for_each(|arg| put_arg(out, arg));
}

/// What is read from a server, put together to frames.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// Methods whose content has not come in full, with the body's size once the header is there.
    open: Vec<(u16, Frame, Option<u64>, Vec<u8>)>,
}

impl Decoder {
    /// Adds bytes as they were read from the socket.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// The next frame that is there in full, with its channel. An error is a server that does not speak AMQP.
    pub fn next_frame(&mut self) -> Result<Option<(u16, Frame)>, String> {
        loop {
            let Some(head) = self.bytes.first_chunk::<7>() else { return Ok(None) };
            let (kind, channel) = (head[0], u16::from_be_bytes([head[1], head[2]]));
            let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]) as usize;
            if self.bytes.len() < size + 8 {
                return Ok(None);
            }
            let frame: Vec<u8> = self.bytes.drain(..size + 8).collect();
            if frame[size + 7] != END {
                return Err(format!("a frame of type {kind} does not end with 0xCE"));
            }
            if let Some(whole) = self.take(kind, channel, &frame[7..size + 7])? {
                return Ok(Some((channel, whole)));
            }
        }
    }

    fn take(&mut self, kind: u8, channel: u16, payload: &[u8]) -> Result<Option<Frame>, String> {
        let mut reader = Reader(payload);
        if kind == HEARTBEAT {
            return Ok(None);
        }
        if kind == METHOD {
            let method = reader.method().ok_or("a method that cannot be read")?;
            let frame = Frame::from(method);
            if !carries_content(&frame.method) {
                return Ok(Some(frame));
            }
            self.open.push((channel, frame, None, Vec::new()));
            return Ok(None);
        }
        let index = self.open.iter().position(|(at, ..)| *at == channel).ok_or("content without a method")?;
        let (_, frame, size, body) = &mut self.open[index];
        if kind == HEADER {
            let (total, properties) = reader.header().ok_or("a content header that cannot be read")?;
            *size = Some(total);
            frame.content = Some(Content { properties, body: Bytes::default() });
        } else if kind == BODY {
            body.extend(payload);
        }
        if size.is_none_or(|size| (body.len() as u64) < size) {
            return Ok(None);
        }
        let (_, mut frame, _, body) = self.open.swap_remove(index);
        if let Some(content) = &mut frame.content {
            content.body = Bytes::from(body);
        }
        Ok(Some(frame))
    }
}

/// Bytes that are read from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(size)?;
        self.0 = rest;
        Some(front)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn octet(&mut self) -> Option<u8> {
        self.array::<1>().map(|[octet]| octet)
    }

    fn short(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    fn long(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    fn long_long(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    fn short_text(&mut self) -> Option<Bytes> {
        let size = usize::from(self.octet()?);
        self.take(size).map(Bytes::from)
    }

    fn long_text(&mut self) -> Option<Bytes> {
        let size = self.long()? as usize;
        self.take(size).map(Bytes::from)
    }

    fn method(&mut self) -> Option<Method> {
        let mut method = Method::from_ids(self.short()?, self.short()?)?;
        let (mut octet, mut used) = (0, 8);
        for (field, kind) in method.fields() {
            let arg = if let Arg::Bit(_) = kind {
                if used == 8 {
                    (octet, used) = (self.octet()?, 0);
                }
                used += 1;
                Arg::Bit(octet >> (used - 1) & 1 == 1)
            } else {
                used = 8;
                self.arg(&kind)?
            };
            method.set(field, arg);
        }
        Some(method)
    }

    fn arg(&mut self, kind: &Arg) -> Option<Arg> {
        Some(match kind {
            Arg::ShortStr(_) => Arg::ShortStr(self.short_text()?),
            Arg::LongStr(_) => Arg::LongStr(self.long_text()?),
            Arg::Bit(_) => Arg::Bit(self.octet()? != 0),
            Arg::Octet(_) => Arg::Octet(self.octet()?),
            Arg::Short(_) => Arg::Short(self.short()?),
            Arg::Long(_) => Arg::Long(self.long()?),
            Arg::LongLong(_) => Arg::LongLong(self.long_long()?),
            Arg::Table(_) => Arg::Table(self.table()?),
        })
    }

    fn header(&mut self) -> Option<(u64, Properties)> {
        let _class_and_weight = self.long()?;
        let size = self.long_long()?;
        let flags = self.short()?;
        let mut p = Properties::default();
        let has = |index: u32| flags & 0x8000 >> index != 0;
        let reader = self;
        let text = |index, slot: &mut Option<Bytes>, reader: &mut Reader<'a>| -> Option<()> {
            if has(index) {
                *slot = Some(reader.short_text()?);
            }
            Some(())
        };
        text(0, &mut p.content_type, reader)?;
        text(1, &mut p.content_encoding, reader)?;
        p.headers = if has(2) { Some(reader.table()?) } else { None };
        p.delivery_mode = if has(3) { Some(reader.octet()?) } else { None };
        p.priority = if has(4) { Some(reader.octet()?) } else { None };
        text(5, &mut p.correlation_id, reader)?;
        text(6, &mut p.reply_to, reader)?;
        text(7, &mut p.expiration, reader)?;
        text(8, &mut p.message_id, reader)?;
        p.timestamp = if has(9) { Some(reader.long_long()?) } else { None };
        text(10, &mut p.type_, reader)?;
        text(11, &mut p.user_id, reader)?;
        text(12, &mut p.app_id, reader)?;
        text(13, &mut p.cluster_id, reader)?;
        Some((size, p))
    }

    fn table(&mut self) -> Option<Table> {
        let size = self.long()? as usize;
        let mut fields = Reader(self.take(size)?);
        let mut table = Table::default();
        while !fields.0.is_empty() {
            table.0.push((fields.short_text()?, fields.value()?));
        }
        Some(table)
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.octet()? {
            b't' => Value::Bool(self.octet()? != 0),
            b'b' => Value::I8(self.array().map(i8::from_be_bytes)?),
            b'B' => Value::U8(self.octet()?),
            b's' => Value::I16(self.array().map(i16::from_be_bytes)?),
            b'u' => Value::U16(self.short()?),
            b'I' => Value::I32(self.array().map(i32::from_be_bytes)?),
            b'i' => Value::U32(self.long()?),
            b'l' => Value::I64(self.array().map(i64::from_be_bytes)?),
            b'f' => Value::F32(self.long()?),
            b'd' => Value::F64(self.long_long()?),
            b'D' => Value::Decimal { scale: self.octet()?, value: self.long()? },
            b'S' => Value::LongStr(self.long_text()?),
            b'x' => Value::ByteArray(self.long_text()?),
            b'T' => Value::Timestamp(self.long_long()?),
            b'F' => Value::Table(Box::new(self.table()?)),
            b'V' => Value::Void,
            b'A' => {
                let size = self.long()? as usize;
                let mut items = Reader(self.take(size)?);
                let mut values = Vec::new();
                while !items.0.is_empty() {
                    values.push(items.value()?);
                }
                Value::Array(values)
            }
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use warren_sim::amqp::text::parse_frame;

    #[test]
    fn what_is_encoded_is_decoded_as_it_was_however_it_is_cut() {
        let long = format!("basic.publish routing_key=q body={}", "x".repeat(2 * FRAME_MAX));
        for line in [
            "exchange.declare exchange=x type=topic durable internal arguments={a=1, b=[true, void, {c=\"d\"}], e=x(\"\\xff\")}",
            "basic.deliver consumer_tag=t delivery_tag=9 redelivered exchange=x routing_key=k body=m type=t app_id=a timestamp=5 \
             headers={a=b(-1), b=B(1), c=s(-2), d=u(2), e=i(3), f=4L, g=f(1.5), h=2.5, i=D(1.25), j=T(7)} priority=1 delivery_mode=2",
            "basic.nack delivery_tag=1 requeue",
            "basic.get-ok delivery_tag=1 routing_key=q message_count=3",
            "connection.close 320 \"CONNECTION_FORCED - bye\" class=1 method=2",
            &long,
        ] {
            let frame = parse_frame(line).expect(line);
            let bytes = encode(3, &frame);
            let mut decoder = Decoder::default();
            let mut decoded = Vec::new();
            for part in bytes.chunks(7) {
                decoder.feed(part);
                decoded.extend(decoder.next_frame().expect(line));
            }
            assert_eq!(decoded, [(3, frame)]);
        }
    }
}
