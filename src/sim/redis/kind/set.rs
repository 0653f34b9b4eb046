//! Sets.

use super::super::config::Config;
use super::super::dict::Dict;
use super::super::number::parse_integer;
use super::super::value::{Encoding, Value};
use super::{ELEMENT_OVERHEAD, Kind, Part, in_value};
use crate::bytes::Bytes;
use crate::prng::Prng;
use alloc::{rc::Rc, string::ToString, vec::Vec};

/// A set of members, each there once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Set {
    members: Members,
    bytes: u64,
}

/// How members are kept. A set of integers begins as the first and becomes the second when it has to, never back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Members {
    /// `intset`: integers in order.
    Integers(Vec<i64>),
    /// `hashtable`
    Table(Dict<()>),
}

impl Default for Members {
    fn default() -> Self {
        Members::Integers(Vec::new())
    }
}

/// Bytes that an integer costs in an `intset`.
const INTEGER_COST: u64 = 8;
/// The most integers of an `intset`, whatever the configuration says: Redis's own bound.
const INTEGERS_MAX: u64 = 1 << 30;

fn cost(member: &[u8]) -> u64 {
    ELEMENT_OVERHEAD + member.len() as u64
}

fn written(number: i64) -> Bytes {
    Bytes::from(number.to_string())
}

impl Kind for Set {
    in_value!(Set);
    fn empty(_: &Config) -> Value {
        Value::Set(Rc::default())
    }
    fn len(&self) -> usize {
        match &self.members {
            Members::Integers(integers) => integers.len(),
            Members::Table(table) => table.len(),
        }
    }
    fn encoding(&self) -> Encoding {
        match self.members {
            Members::Integers(_) => Encoding::Intset,
            Members::Table(_) => Encoding::Hashtable,
        }
    }
    fn size(&self) -> u64 {
        self.bytes
    }
    fn check(&self) {
        let bytes = match &self.members {
            Members::Integers(integers) => {
                assert!(integers.is_sorted_by(|a, b| a < b), "an intset is in order");
                integers.len() as u64 * INTEGER_COST
            }
            Members::Table(table) => table.keys().map(|member| cost(member)).sum(),
        };
        assert!(self.bytes == bytes, "a set's bytes are counted as it changes");
    }
}

impl Set {
    /// Adds a member; whether it was not there before.
    pub fn add(&mut self, member: &Bytes, config: &Config) -> bool {
        if let Members::Integers(integers) = &mut self.members {
            match parse_integer(member) {
                Some(number) => {
                    let Err(place) = integers.binary_search(&number) else { return false };
                    integers.insert(place, number);
                    self.bytes += INTEGER_COST;
                    if integers.len() as u64 > config.set_max_intset_entries.min(INTEGERS_MAX) {
                        self.become_table();
                    }
                    return true;
                }
                None => self.become_table(),
            }
        }
        let Members::Table(table) = &mut self.members else { unreachable!("it just became one") };
        let new = table.insert(member.clone(), ()).is_none();
        self.bytes += if new { cost(member) } else { 0 };
        new
    }

    fn become_table(&mut self) {
        let Members::Integers(integers) = &self.members else { return };
        let (mut table, mut bytes) = (Dict::default(), 0);
        for number in integers {
            let member = written(*number);
            bytes += cost(&member);
            table.insert(member, ());
        }
        (self.members, self.bytes) = (Members::Table(table), bytes);
    }

    /// Takes a member out; whether it was there.
    pub fn remove(&mut self, member: &[u8]) -> bool {
        match &mut self.members {
            Members::Integers(integers) => {
                let place = parse_integer(member).and_then(|number| integers.binary_search(&number).ok());
                let Some(place) = place else { return false };
                integers.remove(place);
                self.bytes -= INTEGER_COST;
                true
            }
            Members::Table(table) => {
                let was_there = table.remove(member).is_some();
                self.bytes -= if was_there { cost(member) } else { 0 };
                was_there
            }
        }
    }

    /// Whether a member is there.
    pub fn contains(&self, member: &[u8]) -> bool {
        match &self.members {
            Members::Integers(integers) => {
                parse_integer(member).is_some_and(|number| integers.binary_search(&number).is_ok())
            }
            Members::Table(table) => table.contains(member),
        }
    }

    /// The members: integers in order, others in the order of the dictionary.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Bytes> {
        (0..self.len()).map(|place| self.nth(place).expect("there are so many"))
    }

    /// The member at a place.
    pub fn nth(&self, place: usize) -> Option<Bytes> {
        match &self.members {
            Members::Integers(integers) => integers.get(place).copied().map(written),
            Members::Table(table) => table.nth(place).map(|(member, ())| member.clone()),
        }
    }

    /// Takes out any member, each with the same chance.
    pub fn take_any(&mut self, prng: &mut Prng) -> Option<Bytes> {
        if self.is_empty() {
            return None;
        }
        let member = self.nth(prng.below(self.len() as u64) as usize)?;
        self.remove(&member);
        Some(member)
    }

    /// About `count` members from `cursor` on, and the cursor for what follows: 0 when nothing does. An `intset` is given at once.
    pub fn scan(&mut self, cursor: u64, count: u64) -> Part {
        match &mut self.members {
            Members::Integers(integers) => (0, integers.iter().map(|number| (written(*number), None)).collect()),
            Members::Table(table) => {
                let (next, members) = table.scan(cursor, count);
                (next, members.into_iter().map(|(member, ())| (member.clone(), None)).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(set: &mut Set, member: &str) -> bool {
        let added = set.add(&Bytes::from(member), &Config::default());
        set.check();
        added
    }

    #[test]
    fn integers_until_it_has_to_be_a_table() {
        let mut set = Set::default();
        for member in ["3", "-1", "20"] {
            assert!(add(&mut set, member) && !add(&mut set, member));
        }
        assert_eq!(
            (set.encoding(), set.iter().collect::<Vec<_>>()),
            (Encoding::Intset, ["-1", "3", "20"].map(Bytes::from).into())
        );
        assert!(set.remove(b"3") && !set.remove(b"03") && !set.remove(b"3"));
        assert!(add(&mut set, "03") && set.contains(b"20") && !set.contains(b"3"));
        assert_eq!((set.encoding(), set.len()), (Encoding::Hashtable, 3));
        assert!(set.remove(b"03"));
        assert_eq!(set.encoding(), Encoding::Hashtable, "never back");
    }

    #[test]
    fn too_many_integers() {
        let mut set = Set::default();
        for number in 0..512 {
            add(&mut set, &number.to_string());
        }
        assert_eq!(set.encoding(), Encoding::Intset);
        add(&mut set, "512");
        assert_eq!((set.encoding(), set.len()), (Encoding::Hashtable, 513));
    }
}
