//! Values read back from the bytes that DUMP gives: every layout that Redis 7.0 knows, the old ones too.
//!
//! Nothing is trusted: what is not whole, comes twice or leaves a collection empty is refused, and no more memory is taken than the bytes
//! can fill.

use super::super::config::Config;
use super::super::double::Double;
use super::super::kind::stream::{Group, Id, Node, Pending, UNKNOWN_READ};
use super::super::kind::{Hash, Kind, List, Scored, Set, Side, Stream, Zset};
use super::super::value::{Str, Value};
use super::lzf;
use super::packed::{Piece, read_intset, read_listpack, read_ziplist, read_zipmap};
use super::save::layout;
use crate::bytes::Bytes;
use crate::sorted::SortedSet;
use alloc::{rc::Rc, string::ToString, vec::Vec};

/// The value at the start of these bytes, its type first; `None` if they make no sense. As with Redis, what stands behind the value
/// does not matter.
pub fn load(bytes: &[u8], config: &Config) -> Option<Value> {
    let mut reader = Reader { rest: bytes, config };
    let value = reader.value()?;
    (value.count() > 0 || matches!(value, Value::String(_) | Value::Stream(_))).then_some(value)
}

/// The string at the start of these bytes, and what stands behind it.
pub fn text<'a>(bytes: &'a [u8], config: &'a Config) -> Option<(Bytes, &'a [u8])> {
    let mut reader = Reader { rest: bytes, config };
    let text = reader.string()?;
    Some((text, reader.rest))
}

/// What is still to be read.
pub struct Reader<'a> {
    /// The bytes.
    pub rest: &'a [u8],
    /// It says in which encoding a collection is kept.
    pub config: &'a Config,
}

/// Pairs of pieces that stand one behind the other.
fn pairs(pieces: &[Piece]) -> Option<impl Iterator<Item = (&Piece, &Piece)>> {
    pieces.len().is_multiple_of(2).then(|| pieces.chunks_exact(2).map(|pair| (&pair[0], &pair[1])))
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Option<Value> {
        let layout = self.byte()?;
        self.value_of(layout)
    }

    /// A value whose type was read before, with its key in between.
    pub fn value_of(&mut self, layout: u8) -> Option<Value> {
        Some(match layout {
            layout::STRING => Value::String(Str::encode(&self.string()?)),
            layout::LIST => self.list(|reader, add| {
                for _ in 0..reader.length()? {
                    add(reader.string()?);
                }
                Some(())
            })?,
            layout::LIST_ZIPLIST => self.list(|reader, add| {
                read_ziplist(&reader.string()?)?.iter().for_each(|piece| add(piece.to_bytes()));
                Some(())
            })?,
            layout::LIST_QUICKLIST => self.list(|reader, add| {
                for _ in 0..reader.length()? {
                    read_ziplist(&reader.string()?)?.iter().for_each(|piece| add(piece.to_bytes()));
                }
                Some(())
            })?,
            layout::LIST_QUICKLIST_2 => self.list(Reader::quicklist_2)?,
            layout::SET => self.set()?,
            layout::SET_INTSET => {
                let numbers = read_intset(&self.string()?)?;
                let mut set = Set::default();
                for number in numbers {
                    set.add(&Bytes::from(number.to_string()), self.config);
                }
                Value::Set(Rc::new(set))
            }
            layout::ZSET => self.zset(Reader::written_score)?,
            layout::ZSET_2 => self.zset(|reader| {
                let bytes = reader.take(8)?.try_into().ok()?;
                Some(f64::from_le_bytes(bytes))
            })?,
            layout::ZSET_ZIPLIST => self.packed_zset(read_ziplist)?,
            layout::ZSET_LISTPACK => self.packed_zset(read_listpack)?,
            layout::HASH => self.hash()?,
            layout::HASH_ZIPMAP => self.packed_hash(read_zipmap)?,
            layout::HASH_ZIPLIST => self.packed_hash(read_ziplist)?,
            layout::HASH_LISTPACK => self.packed_hash(read_listpack)?,
            layout::STREAM => self.stream(false)?,
            layout::STREAM_2 => self.stream(true)?,
            _ => return None,
        })
    }

    /// So many bytes.
    pub fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// One byte.
    pub fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    /// A length, or the number of a special layout of a string.
    fn length_or_layout(&mut self) -> Option<Result<u64, u8>> {
        let first = self.byte()?;
        let big = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        Some(match first >> 6 {
            0 => Ok(u64::from(first)),
            1 => Ok(u64::from(first & 0x3F) << 8 | u64::from(self.byte()?)),
            3 => Err(first & 0x3F),
            _ => match first {
                0x80 => Ok(big(self.take(4)?)),
                0x81 => Ok(big(self.take(8)?)),
                _ => return None,
            },
        })
    }

    /// A length. As with Redis, the number of a special layout is one too where a length is wanted.
    pub fn length(&mut self) -> Option<u64> {
        Some(self.length_or_layout()?.unwrap_or_else(u64::from))
    }

    /// A string, however it is laid out.
    pub fn string(&mut self) -> Option<Bytes> {
        let signed = |bytes: &[u8]| match *bytes {
            [a] => i64::from(a as i8),
            [a, b] => i64::from(i16::from_le_bytes([a, b])),
            _ => bytes.iter().rev().fold(0_i64, |sum, byte| sum << 8 | i64::from(*byte)) << 32 >> 32,
        };
        Some(match self.length_or_layout()? {
            Ok(length) => Bytes::from(self.take(usize::try_from(length).ok()?)?),
            Err(layout @ 0..=2) => Bytes::from(signed(self.take(1 << layout)?).to_string()),
            Err(3) => {
                let (compressed, length) = (self.length()?, self.length()?);
                Bytes::from(lzf::decompress(self.take(usize::try_from(compressed).ok()?)?, length)?)
            }
            Err(_) => return None,
        })
    }

    fn list(&mut self, read: impl Fn(&mut Self, &mut dyn FnMut(Bytes)) -> Option<()>) -> Option<Value> {
        let mut list = List::default();
        read(self, &mut |element| list.push(Side::Right, element))?;
        Some(Value::List(Rc::new(list)))
    }

    fn quicklist_2(&mut self, add: &mut dyn FnMut(Bytes)) -> Option<()> {
        for _ in 0..self.length()? {
            match self.length()? {
                1 => add(self.string()?),
                2 => read_listpack(&self.string()?)?.iter().for_each(|piece| add(piece.to_bytes())),
                _ => return None,
            }
        }
        Some(())
    }

    fn set(&mut self) -> Option<Value> {
        let mut set = Set::default();
        for _ in 0..self.length()? {
            if !set.add(&self.string()?, self.config) {
                return None;
            }
        }
        Some(Value::Set(Rc::new(set)))
    }

    /// A score as text, with special lengths for what no text is needed for.
    fn written_score(&mut self) -> Option<f64> {
        Some(match self.byte()? {
            255 => f64::NEG_INFINITY,
            254 => f64::INFINITY,
            253 => f64::NAN,
            length => Double::parse_first(self.take(usize::from(length))?)?.0,
        })
    }

    fn zset(&mut self, score: impl Fn(&mut Self) -> Option<f64>) -> Option<Value> {
        let mut entries = Vec::new();
        for _ in 0..self.length()? {
            let member = self.string()?;
            let score = score(self).filter(|score| !score.is_nan())?;
            entries.push((Double(score), member));
        }
        self.zset_of(entries)
    }

    fn packed_zset(&mut self, read: fn(&[u8]) -> Option<Vec<Piece>>) -> Option<Value> {
        let pieces = read(&self.string()?)?;
        let entry = |(member, score): (&Piece, &Piece)| {
            let score = match score {
                Piece::Integer(number) => Double(*number as f64),
                Piece::Text(text) => Double::parse_start(text)?,
            };
            Some((score, member.to_bytes()))
        };
        let entries = pairs(&pieces)?.map(entry).collect::<Option<Vec<Scored>>>()?;
        self.zset_of(entries)
    }

    fn zset_of(&self, entries: Vec<Scored>) -> Option<Value> {
        let mut members = SortedSet::new();
        let all_once = entries.iter().all(|(_, member)| members.insert(member.clone()));
        all_once.then(|| Value::Zset(Rc::new(Zset::of(entries, self.config))))
    }

    fn hash(&mut self) -> Option<Value> {
        let mut hash = Hash::default();
        for _ in 0..self.length()? {
            let pair = [self.string()?, self.string()?];
            self.set_field(&mut hash, &pair)?;
        }
        Some(Value::Hash(Rc::new(hash)))
    }

    fn packed_hash(&mut self, read: fn(&[u8]) -> Option<Vec<Piece>>) -> Option<Value> {
        let pieces = read(&self.string()?)?;
        let mut hash = Hash::default();
        for (field, value) in pairs(&pieces)? {
            self.set_field(&mut hash, &[field.to_bytes(), value.to_bytes()])?;
        }
        Some(Value::Hash(Rc::new(hash)))
    }

    /// Sets a field that must not be there yet.
    fn set_field(&self, hash: &mut Hash, pair: &[Bytes; 2]) -> Option<()> {
        hash.widen_for(pair, self.config);
        hash.set(&pair[0], &pair[1], self.config).then_some(())
    }

    fn id(&mut self) -> Option<Id> {
        Some(Id { ms: self.length()?, seq: self.length()? })
    }

    fn raw_id(&mut self) -> Option<Id> {
        let (ms, seq) = self.take(16)?.split_at_checked(8)?;
        Some(Id { ms: u64::from_be_bytes(ms.try_into().ok()?), seq: u64::from_be_bytes(seq.try_into().ok()?) })
    }

    fn moment(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }

    fn stream(&mut self, counts: bool) -> Option<Value> {
        let mut stream = Stream::default();
        let mut before: Option<Id> = None;
        for _ in 0..self.length()? {
            let key = self.string()?;
            let master = Reader { rest: &key, config: self.config }.raw_id().filter(|_| key.len() == 16)?;
            let node = node(master, &read_listpack(&self.string()?)?)?;
            if before.is_some_and(|before| before >= master) || node.live() == 0 {
                return None;
            }
            before = Some(node.last_id());
            stream.restore_node(master, node);
        }
        let count = self.length()?;
        stream.last_id = self.id()?;
        if counts {
            (stream.first_id, stream.max_deleted_id) = (self.id()?, self.id()?);
            stream.entries_added = self.length()?;
        } else {
            stream.entries_added = count;
            let first = stream.range(Id::default(), Id { ms: u64::MAX, seq: u64::MAX }).next().map(|(id, _)| id);
            stream.first_id = first.unwrap_or_default();
        }
        if count != stream.len() as u64 || before.is_some_and(|before| before > stream.last_id) {
            return None;
        }
        for _ in 0..self.length()? {
            let name = self.string()?;
            let mut group = self.group(counts)?;
            if !counts {
                group.entries_read = stream.count_up_to(group.last_id).map_or(UNKNOWN_READ, |count| count as i64);
            }
            if !stream.add_group(name, group) {
                return None;
            }
        }
        Some(Value::Stream(Rc::new(stream)))
    }

    fn group(&mut self, counts: bool) -> Option<Group> {
        let last_id = self.id()?;
        // What older versions did not write is told from the stream, where that can be done.
        let read = if counts { self.length()? as i64 } else { UNKNOWN_READ };
        let mut group = Group::new(last_id, read);
        let mut pending = Vec::new();
        for _ in 0..self.length()? {
            pending.push((self.raw_id()?, self.moment()?, self.length()?));
        }
        if !pending.is_sorted_by(|a, b| a.0 < b.0) {
            return None;
        }
        let mut owned = 0;
        for _ in 0..self.length()? {
            let (name, seen_ms) = (self.string()?, self.moment()?);
            if !group.add_consumer(&name, seen_ms) {
                return None;
            }
            for _ in 0..self.length()? {
                let id = self.raw_id()?;
                let place = pending.binary_search_by(|entry| entry.0.cmp(&id)).ok()?;
                if group.pending().contains_key(&id) {
                    return None;
                }
                let (_, delivered_ms, times) = pending[place];
                group.assign(id, Pending { consumer: name.clone(), delivered_ms, times });
                owned += 1;
            }
        }
        // Whatever is pending is so with somebody.
        (owned == pending.len()).then_some(group)
    }
}

/// The entries of a stream that are packed together.
fn node(master: Id, pieces: &[Piece]) -> Option<Node> {
    let mut rest = pieces.iter();
    let count =
        |rest: &mut core::slice::Iter<'_, Piece>| rest.next()?.integer().and_then(|count| usize::try_from(count).ok());
    let (live, deleted, fields) = (count(&mut rest)?, count(&mut rest)?, count(&mut rest)?);
    let names: Vec<Bytes> = rest.as_slice().get(..fields)?.iter().map(Piece::to_bytes).collect();
    rest = rest.as_slice()[fields..].iter();
    if rest.next()?.integer()? != 0 {
        return None;
    }
    let mut node: Option<Node> = None;
    while !rest.as_slice().is_empty() {
        let flags = rest.next()?.integer().filter(|flags| (0..4).contains(flags))?;
        let id = Id {
            ms: master.ms.wrapping_add(rest.next()?.integer()? as u64),
            seq: master.seq.wrapping_add(rest.next()?.integer()? as u64),
        };
        let same = flags & 2 != 0;
        let own = if same { fields } else { count(&mut rest)? };
        let size = if same { own } else { own.checked_mul(2)? };
        let texts: Vec<Bytes> = rest.as_slice().get(..size)?.iter().map(Piece::to_bytes).collect();
        rest = rest.as_slice()[size..].iter();
        if count(&mut rest)? != size + if same { 3 } else { 4 } {
            return None;
        }
        let entry: Vec<(Bytes, Bytes)> = if same {
            names.iter().cloned().zip(texts).collect()
        } else {
            texts.chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect()
        };
        let is_after = node.as_ref().map_or(id == master, |node| node.last_id() < id);
        if !is_after {
            return None;
        }
        let named = || names.iter().map(|name| (name.clone(), Bytes::default())).collect();
        let node = node.get_or_insert_with(|| Node::with_names(master, named()));
        if flags & 1 != 0 { node.push_deleted(id, entry) } else { node.push(id, entry) }
    }
    node.filter(|node| node.live() == live as u64 && node.slots().len() == live + deleted)
}
