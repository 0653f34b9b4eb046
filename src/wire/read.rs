//! What stands within one frame: arguments, properties, tables.

use warren_sim::amqp::method::{Arg, BasicAck, BasicPublish, Method, Properties};
use warren_sim::amqp::value::{Table, Value};
use warren_sim::bytes::Bytes;

/// Bytes that are read from the front. Nothing is there as soon as the bytes end before what is read does.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    /// What was not read yet.
    pub rest: &'a [u8],
    /// Whether a table was met that does not hold what its size says, or a value of a type that nobody knows.
    pub is_strange: bool,
}

impl<'a> Reader<'a> {
    /// From the first byte on.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { rest: bytes, is_strange: false }
    }

    /// So many bytes.
    pub fn take(&mut self, size: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.rest.split_at_checked(size)?;
        self.rest = rest;
        Some(front)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    /// 8 bits.
    pub fn octet(&mut self) -> Option<u8> {
        self.array::<1>().map(|[octet]| octet)
    }

    /// 16 bits.
    pub fn short(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// 32 bits.
    pub fn long(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// 64 bits.
    pub fn long_long(&mut self) -> Option<u64> {
        self.array().map(u64::from_be_bytes)
    }

    /// A text of at most 255 bytes.
    pub fn short_text(&mut self) -> Option<Bytes> {
        let size = usize::from(self.octet()?);
        self.take(size).map(Bytes::from)
    }

    /// A text of any length.
    pub fn long_text(&mut self) -> Option<Bytes> {
        let size = self.long()? as usize;
        self.take(size).map(Bytes::from)
    }

    /// The arguments of the method with these numbers. What comes for every message is written out, as in `encode`.
    pub fn arguments(&mut self, class: u16, method: u16) -> Option<Method> {
        match (class, method) {
            (60, 40) => {
                let (ticket, exchange, routing_key) = (self.short()?, self.short_text()?, self.short_text()?);
                let bits = self.octet()?;
                let (mandatory, immediate) = (bits & 1 != 0, bits & 2 != 0);
                Some(BasicPublish { ticket, exchange, routing_key, mandatory, immediate }.into())
            }
            (60, 80) => Some(BasicAck { delivery_tag: self.long_long()?, multiple: self.octet()? & 1 != 0 }.into()),
            _ => self.arguments_by_table(class, method),
        }
    }

    fn arguments_by_table(&mut self, class: u16, method: u16) -> Option<Method> {
        let mut method = Method::from_ids(class, method)?;
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

    /// The properties of class basic.
    pub fn properties(&mut self) -> Option<Properties> {
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
        Some(p)
    }

    /// A field table.
    pub fn table(&mut self) -> Option<Table> {
        let size = self.long()? as usize;
        let mut fields = Reader::new(self.take(size)?);
        let mut table = Table::default();
        while !fields.rest.is_empty() {
            let field = fields.short_text().and_then(|name| Some((name, fields.value()?)));
            self.is_strange |= field.is_none();
            table.0.push(field?);
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
                let mut items = Reader::new(self.take(size)?);
                let mut values = Vec::new();
                while !items.rest.is_empty() {
                    values.push(items.value()?);
                }
                Value::Array(values)
            }
            _ => return None,
        })
    }
}
