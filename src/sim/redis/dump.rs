//! DUMP and RESTORE, of the group `generic`: a value as bytes that a real Redis 7.0 reads, and the other way round.
//!
//! What follows the value: the version of RDB in two bytes, and a CRC-64 of all before it.

pub mod file;
mod load;
mod lzf;
mod packed;
mod save;

use self::load::load;
use self::save::save;
use super::call::{Call, Life};
use super::command::{Command, Run};
use super::config::Config;
use super::error::{self, Error};
use super::group::Group;
use super::number;
use super::reply::Reply;
use super::value::Value;
use crate::bytes::Bytes;
use alloc::{string::ToString, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Generic, name, arity, run)
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("dump", 2, dump)
        .flags("readonly")
        .keys("1 RO access")
        .tips("nondeterministic_output")
        .takes("2.6.0", "key")
        .says("Writes a value as bytes that RESTORE reads", "把键的值序列化"),
    row("restore", -4, restore)
        .flags("write denyoom")
        .categories("dangerous")
        .keys("1 OW update")
        .takes("2.6.0", "key ttl serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] [IDLETIME seconds@5.0.0] [FREQ frequency@5.0.0]")
        .says("Makes a key of the bytes that DUMP wrote", "用序列化的数据创建键"),
    Command::new(Group::Server, "restore-asking", -4, restore)
        .flags("write denyoom asking")
        .categories("keyspace dangerous")
        .keys("1 OW update")
        .takes("3.0.0", "key ttl serialized-value [REPLACE@3.0.0] [ABSTTL@5.0.0] [IDLETIME seconds@5.0.0] [FREQ frequency@5.0.0]")
        .says("RESTORE as a cluster that moves keys calls it", "集群迁移键时使用的 RESTORE"),
    row("migrate", -6, migrate)
        .flags("write movablekeys")
        .categories("dangerous")
        .keys("3 RW access delete;KEYS@-2:-1 RW access delete incomplete")
        .tips("nondeterministic_output")
        .takes(
            "2.6.0",
            "host port {key_or_empty_string:key|{empty_string:\"\"}} destination-db timeout%i [COPY@3.0.0] [REPLACE@3.0.0] \
                [{authentication:[AUTH password@4.0.7]|[AUTH2 {username_password:username password}@6.0.0]}] [KEYS key@3.0.6 [key ...]]",
        )
        .says("Moves keys to another server, which this one never reaches", "把键迁移到另一台服务器，本服务器无法连上"),
];

/// The version of RDB that Redis 7.0 writes.
const VERSION: u16 = 10;
/// Bytes of version and checksum.
const FOOTER: usize = 10;

/// The remainders of the 16 values of half a byte by the polynomial of Jones, lowest bit first.
const REMAINDERS: [u64; 16] = {
    let mut table = [0; 16];
    let mut value = 0;
    while value < table.len() {
        let (mut rest, mut bit) = (value as u64, 0);
        while bit < 4 {
            rest = if rest & 1 == 1 { rest >> 1 ^ 0x95AC_9329_AC4B_C9B5 } else { rest >> 1 };
            bit += 1;
        }
        table[value] = rest;
        value += 1;
    }
    table
};

fn checksum(bytes: &[u8]) -> u64 {
    let half = |sum: u64, bits: u8| sum >> 4 ^ REMAINDERS[(sum as u8 ^ bits) as usize & 15];
    bytes.iter().fold(0, |sum, byte| half(half(sum, byte & 15), byte >> 4))
}

fn dump(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let Some(value) = call.look(call.arg(1)) else { return Ok(Reply::Nil) };
    Ok(Reply::Bulk(sealed(save(value))))
}

/// What DUMP gives for a value of these bytes: with version and checksum.
pub fn sealed(mut bytes: alloc::vec::Vec<u8>) -> Bytes {
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(checksum(&bytes).to_le_bytes());
    Bytes::from(bytes)
}

/// The mark of a library of functions.
const LIBRARY: u8 = 245;

/// The texts of libraries as FUNCTION DUMP packs them.
pub(super) fn pack_libraries<'a>(codes: impl Iterator<Item = &'a Bytes>) -> Bytes {
    let mut bytes = alloc::vec::Vec::new();
    for code in codes {
        bytes.push(LIBRARY);
        save::string(code, &mut bytes);
    }
    sealed(bytes)
}

/// The texts that [`pack_libraries`] has packed.
pub(super) fn unpack_libraries(bytes: &[u8], config: &super::config::Config) -> Result<alloc::vec::Vec<Bytes>, Error> {
    verify(bytes)?;
    let (mut rest, mut codes) = (&bytes[..bytes.len() - FOOTER], alloc::vec::Vec::new());
    while let Some((mark, text)) = rest.split_first() {
        if *mark != LIBRARY {
            return Err(error::RESTORE_TYPE);
        }
        let (code, behind) = load::text(text, config).ok_or(error::RESTORE_PAYLOAD)?;
        codes.push(code);
        rest = behind;
    }
    Ok(codes)
}

/// A value as it is read after it was written; `None` for what a mistake of ours left unreadable.
pub fn again(value: &Value, config: &Config) -> Option<Value> {
    let mut bytes = save(value);
    bytes.extend([0; FOOTER]);
    load(&bytes, config)
}

/// Whether version and checksum are right.
fn verify(bytes: &[u8]) -> Result<(), Error> {
    let end = bytes.len().checked_sub(FOOTER).ok_or(error::DUMP_CHECKSUM)?;
    let version = u16::from_le_bytes([bytes[end], bytes[end + 1]]);
    let (covered, sum) = bytes.split_at(end + 2);
    if version > VERSION || sum != checksum(covered).to_le_bytes() { Err(error::DUMP_CHECKSUM) } else { Ok(()) }
}

/// The options of RESTORE.
#[derive(Default)]
struct Options {
    replace: bool,
    absolute: bool,
    idle_seconds: Option<i64>,
    frequency: Option<i64>,
}

impl Options {
    fn read(call: &Call<'_, '_>) -> Result<Self, Error> {
        let (mut options, mut at) = (Options::default(), 4);
        while at < call.args.len() {
            let more = at + 1 < call.args.len();
            if call.is_word(at, "replace") {
                options.replace = true;
            } else if call.is_word(at, "absttl") {
                options.absolute = true;
            } else if call.is_word(at, "idletime") && more && options.frequency.is_none() {
                at += 1;
                options.idle_seconds = Some(call.integer(at)?).filter(|idle| *idle >= 0);
                options.idle_seconds.ok_or(error::NEGATIVE_IDLETIME)?;
            } else if call.is_word(at, "freq") && more && options.idle_seconds.is_none() {
                at += 1;
                options.frequency = Some(call.integer(at)?).filter(|frequency| (0..=255).contains(frequency));
                options.frequency.ok_or(error::FREQ_RANGE)?;
            } else {
                return Err(error::SYNTAX);
            }
            at += 1;
        }
        Ok(options)
    }
}

/// MIGRATE as of a server whose target does not listen: this one has no way to any other.
fn migrate(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let (mut place, mut keys) = (6, &call.args[3..4]);
    while place < call.args.len() {
        let more = call.args.len() - 1 - place;
        if call.is_word(place, "auth") && more >= 1 {
            place += 1;
        } else if call.is_word(place, "auth2") && more >= 2 {
            place += 2;
        } else if call.is_word(place, "keys") {
            if !call.arg(3).is_empty() {
                return Err(error::MIGRATE_KEY);
            }
            keys = &call.args[place + 1..];
            break;
        } else if !call.is_word(place, "copy") && !call.is_word(place, "replace") {
            return Err(error::SYNTAX);
        }
        place += 1;
    }
    call.integer(5)?;
    call.integer(4)?;
    let is_any_there = keys.iter().filter(|key| call.exists(key)).count() > 0;
    if is_any_there { Err(error::MIGRATE_TARGET) } else { Ok(Reply::status("NOKEY")) }
}

fn restore(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    let options = Options::read(call)?;
    let key = call.arg(1);
    let there = call.exists(key);
    if there && !options.replace {
        return Err(error::BUSY_KEY);
    }
    let life = number::integer(call.arg(2))?;
    let life = u64::try_from(life).map_err(|_| error::NEGATIVE_TTL)?;
    verify(call.arg(3))?;
    let value = load(call.arg(3), &call.store.config).ok_or(error::DUMP_FORMAT)?;
    let now_ms = call.cx.now_ms;
    let last = if options.absolute { life } else { life.saturating_add(now_ms) };
    if life > 0 && last <= now_ms {
        // It is over before it begins; what was there is gone all the same.
        call.delete(key, "del");
        call.replicates(&[&[b"DEL", key]]);
        return Ok(Reply::OK);
    }
    call.room_for(value.size())?;
    call.put(key, value, if life > 0 { Life::Until(last) } else { Life::Endless }, "restore");
    if life > 0 && !options.absolute {
        let moment = last.to_string();
        let mut words: Vec<&[u8]> = call.args.iter().map(|arg| &**arg).collect();
        words[2] = moment.as_bytes();
        words.push(b"ABSTTL");
        call.replicates(&[&words]);
    }
    if let Some(frequency) = options.frequency
        && let Some(place) = call.store.database(call.db).place(key)
    {
        call.store.database_mut(call.db).set_frequency(place, frequency as u8, now_ms);
    }
    if let Some(idle) = options.idle_seconds {
        let idle_ms = idle.unsigned_abs().saturating_mul(1000);
        if let Some(place) = call.store.database(call.db).place(key) {
            call.store.database_mut(call.db).touch(place, now_ms.saturating_sub(idle_ms));
        }
    }
    Ok(Reply::OK)
}

#[cfg(test)]
mod tests {
    use super::super::config::Config;
    use super::*;
    use crate::prng::Prng;
    use alloc::vec::Vec;

    #[test]
    fn the_checksum_is_that_of_redis() {
        assert_eq!(checksum(b"123456789"), 0xE9C6_D914_C4B8_D9CA);
    }

    /// Payloads of every layout, without their footers, with some of their bytes changed: none may panic or take much memory.
    #[test]
    fn corrupted_bytes_are_refused_or_read() {
        let config = Config::default();
        let mut random = Prng::new(5);
        let mut seeds: Vec<Vec<u8>> =
            (0..20_u8).map(|layout| [&[layout][..], &[3, 1, b'a', 1, b'b', 1, b'c', 0xC0, 5]].concat()).collect();
        let packed: &[u8] = &[17, 0, 0, 0, 4, 0, 0x81, b'a', 2, 1, 1, 0x81, b'b', 2, 0xC1, 0, 2, 0xFF];
        seeds.extend([16, 17].map(|layout| [&[layout, packed.len() as u8][..], packed].concat()));
        seeds.push([&[18, 1, 2, packed.len() as u8][..], packed].concat());
        let mut read = 0;
        for round in 0..200_000 {
            let mut bytes = seeds[round % seeds.len()].clone();
            for _ in 0..random.below(4) {
                let place = random.below(bytes.len() as u64) as usize;
                match random.below(4) {
                    0 => drop(bytes.remove(place)),
                    1 => bytes.insert(place, random.next_u64() as u8),
                    _ => bytes[place] = random.next_u64() as u8,
                }
                if bytes.is_empty() {
                    break;
                }
            }
            if let Some(value) = load(&bytes, &config) {
                value.check(&Bytes::default());
                assert_eq!(load(&save(&value), &config).as_ref(), Some(&value), "{bytes:?}");
                read += 1;
            }
        }
        assert!(read > 500, "{read} were read");
    }
}
