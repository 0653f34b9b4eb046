//! Keyspace notifications: which are wanted (`notify-keyspace-events`), and their sending.

use super::store::{Cx, Store};
use crate::bytes::Bytes;
use alloc::{format, string::String};

/// Classes of notifications, as bits: the letters of `notify-keyspace-events`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Classes(pub u32);

/// Each letter with its bit, in the order in which CONFIG GET prints them.
const LETTERS: &[(char, u32)] = &[
    ('g', 1 << 0),
    ('$', 1 << 1),
    ('l', 1 << 2),
    ('s', 1 << 3),
    ('h', 1 << 4),
    ('z', 1 << 5),
    ('x', 1 << 6),
    ('e', 1 << 7),
    ('t', 1 << 8),
    ('d', 1 << 9),
    ('n', NEW),
    ('K', KEYSPACE),
    ('E', KEYEVENT),
    ('m', MISS),
];

const NEW: u32 = 1 << 10;
const KEYSPACE: u32 = 1 << 11;
const KEYEVENT: u32 = 1 << 12;
const MISS: u32 = 1 << 13;
/// What the letter A stands for: all but new keys and misses.
const ALL: u32 = (1 << 10) - 1;

impl Classes {
    /// Reads the parameter's value; `None` if a letter is unknown.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let bit = |letter: u8| match letter {
            b'A' => Some(ALL),
            letter => LETTERS.iter().find(|(own, _)| *own == char::from(letter)).map(|(_, bit)| *bit),
        };
        text.iter().try_fold(0, |bits, letter| Some(bits | bit(*letter)?)).map(Classes)
    }

    /// As CONFIG GET prints it. `A` swallows `n` too, as in Redis.
    pub fn text(self) -> String {
        let all = self.0 & ALL == ALL;
        let shown = |(_, bit): &&(char, u32)| self.0 & bit != 0 && !(all && (bit & ALL != 0 || *bit == NEW));
        let letters = LETTERS.iter().filter(shown).map(|(letter, _)| *letter);
        if all { core::iter::once('A').chain(letters).collect() } else { letters.collect() }
    }

    fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }
}

/// The class of a notification.
fn class(how: &str) -> u32 {
    let letter = match how {
        "set" | "setrange" | "setbit" | "append" | "incrby" | "incrbyfloat" | "pfadd" => '$',
        "lpush" | "rpush" | "lpop" | "rpop" | "linsert" | "lset" | "lrem" | "ltrim" | "sortstore" => 'l',
        "sadd" | "srem" | "spop" | "sinterstore" | "sunionstore" | "sdiffstore" => 's',
        "hset" | "hdel" | "hincrby" | "hincrbyfloat" => 'h',
        "expired" => 'x',
        "evicted" => 'e',
        "new" => 'n',
        "keymiss" => 'm',
        "geosearchstore" | "georadiusstore" => 'z',
        how if how.starts_with('x') => 't',
        how if how.starts_with('z') => 'z',
        _ => 'g',
    };
    LETTERS.iter().find(|(own, _)| *own == letter).map_or(0, |(_, bit)| *bit)
}

impl Store {
    /// Sends the notification of `how` for a key, if it is wanted: first to who listens to the key, then to who listens to the event.
    pub(super) fn notify(&mut self, db: u8, key: &Bytes, how: &'static str, cx: &mut Cx<'_>) {
        let wanted = self.config.notify_keyspace_events;
        if wanted.0 == 0 || !wanted.has(class(how)) {
            return;
        }
        if wanted.has(KEYSPACE) {
            let channel = [format!("__keyspace@{db}__:").as_bytes(), key].concat();
            self.publish(&Bytes::from(channel), &Bytes::from(how), cx);
        }
        if wanted.has(KEYEVENT) {
            self.publish(&Bytes::from(format!("__keyevent@{db}__:{how}")), key, cx);
        }
    }

    /// Whether a read that finds nothing is to be told.
    pub(super) fn tells_misses(&self) -> bool {
        self.config.notify_keyspace_events.has(MISS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters() {
        let again = |text: &str| Classes::parse(text.as_bytes()).map(Classes::text);
        for (given, printed) in
            [("", ""), ("KEA", "AKE"), ("Kg$lshzxetdmn", "AKm"), ("EKn", "nKE"), ("mKE", "KEm"), ("xg", "gx")]
        {
            assert_eq!(again(given).as_deref(), Some(printed), "{given}");
        }
        assert_eq!(again("Kq"), None);
    }
}
