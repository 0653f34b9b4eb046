//! RDB files: everything that is stored, as one text of bytes.

use super::super::config::Config;
use super::super::store::{DATABASES, Store};
use super::super::value::Value;
use super::load::Reader;
use super::{VERSION, checksum, save};
use crate::bytes::Bytes;
use alloc::{format, string::ToString, vec::Vec};

/// What stands between the values.
mod opcode {
    pub const LIBRARY: u8 = 0xF5;
    pub const IDLE: u8 = 0xF8;
    pub const FREQUENCY: u8 = 0xF9;
    pub const ABOUT: u8 = 0xFA;
    pub const SIZES: u8 = 0xFB;
    pub const END_MS: u8 = 0xFC;
    pub const END_S: u8 = 0xFD;
    pub const DATABASE: u8 = 0xFE;
    pub const END: u8 = 0xFF;
}

/// Writes a file: with the keys, and with the libraries of functions.
pub fn write(store: &Store, now_ms: u64, with_keys: bool, with_libraries: bool) -> Vec<u8> {
    let mut out = format!("REDIS{VERSION:04}").into_bytes();
    let (seconds, used) = ((now_ms / 1000).to_string(), store.used_bytes().to_string());
    let about =
        [("redis-ver", super::super::info::VERSION), ("redis-bits", "64"), ("ctime", &seconds), ("used-mem", &used)];
    for (name, value) in about.into_iter().chain([("aof-base", "0")]) {
        out.push(opcode::ABOUT);
        save::string(name.as_bytes(), &mut out);
        save::string(value.as_bytes(), &mut out);
    }
    for library in store.scripting.libraries.values().filter(|_| with_libraries) {
        out.push(opcode::LIBRARY);
        save::string(&library.code, &mut out);
    }
    for db in (0..DATABASES).filter(|db| with_keys && store.database(*db).len() > 0) {
        let database = store.database(db);
        out.push(opcode::DATABASE);
        save::length(u64::from(db), &mut out);
        out.push(opcode::SIZES);
        save::length(database.len(), &mut out);
        save::length(database.expiring(), &mut out);
        for (key, entry) in database.iter() {
            if let Some(last_ms) = entry.expires_at_ms {
                out.push(opcode::END_MS);
                out.extend(last_ms.to_le_bytes());
            }
            let value = save::save(&entry.value);
            out.push(value[0]);
            save::string(key, &mut out);
            out.extend_from_slice(&value[1..]);
        }
    }
    out.push(opcode::END);
    out.extend(checksum(&out).to_le_bytes());
    out
}

/// What a file holds.
#[derive(Debug, Default)]
pub struct File {
    /// The texts of libraries of functions.
    pub libraries: Vec<Bytes>,
    /// The values, each with its database, its key and the last moment of its life in Unix milliseconds.
    pub values: Vec<(u8, Bytes, Value, Option<u64>)>,
}

/// Reads a file; `None` if it makes no sense. Modules have nothing that could be read here.
pub fn read(bytes: &[u8], config: &Config) -> Option<File> {
    let (head, rest) = bytes.split_at_checked(9)?;
    let version: u16 = core::str::from_utf8(head.strip_prefix(b"REDIS")?).ok()?.parse().ok()?;
    if !(1..=VERSION).contains(&version) {
        return None;
    }
    let (mut file, mut db, mut end_ms) = (File::default(), 0, None);
    let mut reader = Reader { rest, config };
    loop {
        match reader.byte()? {
            opcode::ABOUT => drop((reader.string()?, reader.string()?)),
            opcode::LIBRARY => file.libraries.push(reader.string()?),
            opcode::DATABASE => db = u8::try_from(reader.length()?).ok().filter(|db| *db < DATABASES)?,
            opcode::SIZES => drop((reader.length()?, reader.length()?)),
            opcode::END_MS => end_ms = Some(u64::from_le_bytes(reader.take(8)?.try_into().ok()?)),
            opcode::END_S => end_ms = Some(u64::from(u32::from_le_bytes(reader.take(4)?.try_into().ok()?)) * 1000),
            opcode::IDLE => drop(reader.length()?),
            opcode::FREQUENCY => drop(reader.byte()?),
            opcode::END => break,
            layout => {
                let key = reader.string()?;
                let value = reader.value_of(layout)?;
                // Redis passes over collections that hold nothing.
                if value.count() > 0 || matches!(value, Value::String(_) | Value::Stream(_)) {
                    file.values.push((db, key, value, end_ms));
                }
                end_ms = None;
            }
        }
    }
    // Before version 5 there was no checksum, and 0 stands for none.
    let sum = if version < 5 { 0 } else { u64::from_le_bytes(reader.take(8)?.try_into().ok()?) };
    let covered = &bytes[..bytes.len() - reader.rest.len() - if version < 5 { 0 } else { 8 }];
    (sum == 0 || sum == checksum(covered)).then_some(file)
}
