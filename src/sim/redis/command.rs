//! The command table: one row per command and subcommand. A row feeds the arity check, the keys, COMMAND, `help` and hints.

use super::call::Call;
use super::error::Error;
use super::group::{FLAGS, Flag, Group, holds_word};
use super::reply::Reply;
use super::table::{commands, find_command};
use crate::bytes::Bytes;
use alloc::{string::String, vec::Vec};

/// What runs when a command is called: it may assume that the arity is right.
pub type Run = fn(&mut Call<'_, '_>) -> Result<Reply, Error>;

/// A command's row.
#[derive(Clone, Copy, Debug)]
pub struct Command {
    /// Its place among all rows by name.
    pub id: u16,
    /// The name in small letters, a subcommand's with its container's: `object|encoding`.
    pub name: &'static str,
    /// How many arguments, the name (and the container's name) included; negative: at least so many.
    pub arity: i8,
    /// What runs.
    pub run: Run,
    /// Whether its first argument names a subcommand, which has a row of its own.
    pub container: bool,
    /// Whether it is a subcommand.
    pub nested: bool,
    /// Its group in `help` and COMMAND DOCS.
    pub group: Group,
    /// The flags of COMMAND INFO, in Redis's order, parted by spaces.
    pub flags: &'static str,
    /// The flags that the store acts on, as bits, so that no text is read when a command runs.
    bits: u16,
    /// ACL categories beyond those that flags and group imply.
    pub categories: &'static str,
    /// Where the keys are, in the small language that [`KeySpec::parse`] reads.
    pub keys: &'static str,
    /// Hints for clients of clusters, parted by spaces.
    pub tips: &'static str,
    /// The version that brought it.
    pub since: &'static str,
    /// The arguments, in the notation that `docs.rs` explains.
    pub arguments: &'static str,
    /// What it does, in English.
    pub english: &'static str,
    /// What it does, in 简体中文.
    pub chinese: &'static str,
}

/// Whether a name is that of a subcommand: `container|subcommand`.
const fn has_bar(name: &str) -> bool {
    let mut place = 0;
    while place < name.len() && name.as_bytes()[place] != b'|' {
        place += 1;
    }
    place < name.len()
}

/// The language of summaries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// 简体中文.
    Chinese,
}

impl Command {
    /// A row; the methods below add what most commands do not have.
    pub const fn new(group: Group, name: &'static str, arity: i8, run: Run) -> Self {
        let (flags, categories, keys, tips, since, arguments, english, chinese) = ("", "", "", "", "", "", "", "");
        Command {
            id: 0,
            name,
            arity,
            run,
            container: false,
            nested: has_bar(name),
            group,
            flags,
            bits: 0,
            categories,
            keys,
            tips,
            since,
            arguments,
            english,
            chinese,
        }
    }
    /// The flags, parted by spaces.
    pub const fn flags(mut self, flags: &'static str) -> Self {
        self.flags = flags;
        self.bits = 0;
        let mut place = 0;
        while place < FLAGS.len() {
            if holds_word(flags, FLAGS[place].name()) {
                self.bits |= 1 << place;
            }
            place += 1;
        }
        self
    }
    /// Further ACL categories, parted by spaces.
    pub const fn categories(mut self, categories: &'static str) -> Self {
        self.categories = categories;
        self
    }
    /// Says that its first argument names a subcommand.
    pub const fn container(mut self) -> Self {
        self.container = true;
        self
    }
    /// Where the keys are.
    pub const fn keys(mut self, keys: &'static str) -> Self {
        self.keys = keys;
        self
    }
    /// Hints for clients of clusters.
    pub const fn tips(mut self, tips: &'static str) -> Self {
        self.tips = tips;
        self
    }
    /// The arguments, and the version that brought the command.
    pub const fn takes(mut self, since: &'static str, arguments: &'static str) -> Self {
        self.since = since;
        self.arguments = arguments;
        self
    }
    /// What it does, in both languages.
    pub const fn says(mut self, english: &'static str, chinese: &'static str) -> Self {
        self.english = english;
        self.chinese = chinese;
        self
    }

    /// Whether it has this flag.
    pub const fn is(&self, flag: Flag) -> bool {
        self.bits & (1 << flag as u16) != 0
    }

    /// Whether so many arguments, the name included, are right.
    pub fn accepts(&self, count: usize) -> bool {
        let wanted = usize::from(self.arity.unsigned_abs());
        if self.arity < 0 { count >= wanted } else { count == wanted }
    }

    /// The arguments as `help` shows them.
    pub fn syntax(&self) -> String {
        super::docs::shown(self.arguments)
    }

    /// What it does.
    pub fn summary(&self, language: Language) -> &'static str {
        match language {
            Language::English => self.english,
            Language::Chinese => self.chinese,
        }
    }

    /// Its subcommand of this name, in whatever case.
    pub fn subcommand(&self, name: &[u8]) -> Option<&'static Command> {
        find_command(&[self.name.as_bytes(), b"|", name].concat())
    }

    /// The container's name, for a subcommand.
    pub fn parent(&self) -> Option<&'static str> {
        self.name.split_once('|').map(|(container, _)| container)
    }

    /// Its subcommands.
    pub fn subcommands(&self) -> impl Iterator<Item = &'static Command> {
        commands().iter().filter(|command| command.parent() == Some(self.name))
    }

    /// Its ACL categories in Redis's order, each without its `@`.
    pub fn acl_categories(&self) -> Vec<&'static str> {
        let own = |name: &str| self.categories.split(' ').any(|word| word == name);
        // A container that does nothing by itself says nothing about itself, either.
        let group = if self.container && self.arity == -2 { None } else { self.group.category() };
        let has = |name: &&str| match *name {
            "read" => self.is(Flag::Readonly) && self.group != Group::Scripting,
            "write" => self.is(Flag::Write),
            "admin" => self.is(Flag::Admin) || own(name),
            "dangerous" => self.is(Flag::Admin) || own(name),
            "blocking" => self.is(Flag::Blocking),
            "pubsub" => self.is(Flag::Pubsub),
            "fast" => self.is(Flag::Fast),
            "slow" => !self.is(Flag::Fast),
            // WAIT has nothing to do with keys, SORT with those of the keyspace.
            "keyspace" => group == Some(name) && !matches!(self.name, "wait" | "sort" | "sort_ro") || own(name),
            name => group == Some(name) || own(name),
        };
        CATEGORIES.iter().copied().filter(has).collect()
    }

    /// Where its keys are.
    pub fn key_specs(&self) -> Vec<KeySpec> {
        if self.keys.is_empty() { Vec::new() } else { self.keys.split(';').map(KeySpec::parse).collect() }
    }

    /// The places of the keys among these arguments, the name included, each with the flags of its specification; `None` if the
    /// arguments do not say where they are. A specification that cannot tell falls back to what the command itself knows.
    pub fn key_places(&self, args: &[Bytes]) -> Option<Vec<(usize, &'static str)>> {
        let mut places = Vec::new();
        // Channels of shards stand where keys could, so that a cluster finds their node, but they are none.
        for spec in self.key_specs().into_iter().filter(|spec| spec.flags != NOT_KEY) {
            match spec.places(args) {
                Found::Keys(range) => {
                    let flags = self.flags_as_called(spec.flags, args);
                    places.extend(range.map(|place| (place, flags)));
                }
                Found::Nothing => {}
                Found::Wrong => return None,
                Found::Unknown => return Some(self.own_places(args)),
            }
        }
        Some(places)
    }

    /// The flags of a key where they depend on the arguments: SET reads it only for GET, BITFIELD may only read it.
    fn flags_as_called(&self, flags: &'static str, args: &[Bytes]) -> &'static str {
        if !flags.ends_with("variable_flags") {
            return flags;
        }
        let has = |from: usize, word: &str| args[from..].iter().any(|arg| arg.eq_ignore_ascii_case(word.as_bytes()));
        match self.name {
            "set" if has(3, "get") => "RW access update",
            "set" => "OW update",
            _ if has(2, "set") || has(2, "incrby") => "RW access update",
            _ => "RO access",
        }
    }

    /// Keys that no specification describes: the one that SORT stores to, and those of MIGRATE.
    fn own_places(&self, args: &[Bytes]) -> Vec<(usize, &'static str)> {
        let is = |place: usize, word: &str| args[place].eq_ignore_ascii_case(word.as_bytes());
        if self.name == "migrate" {
            let mut place = 6;
            while place < args.len() && !is(place, "keys") {
                place += 1 + if is(place, "auth2") { 2 } else { usize::from(is(place, "auth")) };
            }
            let range = match args[3].is_empty() {
                _ if place >= args.len() => 3..4,
                true => place + 1..args.len(),
                // It will be refused.
                false => 0..0,
            };
            return range.map(|place| (place, "RW access delete incomplete")).collect();
        }
        let mut places = alloc::vec![(1, "RO access")];
        let (mut place, mut stored) = (2, None);
        while place < args.len() {
            let skipped = if is(place, "limit") { 2 } else { usize::from(is(place, "get") || is(place, "by")) };
            if skipped == 0 && is(place, "store") && place + 1 < args.len() {
                stored = Some((place + 1, "OW update"));
            }
            place += 1 + skipped;
        }
        places.extend(stored.filter(|_| self.name == "sort"));
        places
    }
}

/// The ACL categories in the order in which COMMAND INFO lists them.
pub(super) const CATEGORIES: &[&str] = &[
    "keyspace",
    "read",
    "write",
    "set",
    "sortedset",
    "list",
    "hash",
    "string",
    "bitmap",
    "hyperloglog",
    "geo",
    "stream",
    "pubsub",
    "admin",
    "fast",
    "slow",
    "blocking",
    "dangerous",
    "connection",
    "transaction",
    "scripting",
];

/// The flags of a specification that tells of something else than keys.
pub const NOT_KEY: &str = "not_key";

/// Where a stretch of keys begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    /// At a place; the command's name is at 0.
    Index(i8),
    /// Behind this word, which is looked for from a place on: from the end if negative.
    Keyword(&'static str, i8),
    /// The arguments alone do not tell.
    Unknown,
}

/// Which arguments are keys, from where the stretch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Find {
    /// Up to the last key: counted from the first if not negative, from the end if negative (-1 is the last argument). From each key it
    /// is `step` to the next. A limit above 1 leaves only that part of what there is: 2 the first half.
    Range {
        /// The last key.
        last: i8,
        /// From each key to the next.
        step: u8,
        /// The part that is left; 0 for all.
        limit: u8,
    },
    /// The first says how many keys follow.
    Count,
    /// The arguments alone do not tell.
    Unknown,
}

/// One stretch of keys among the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// Where it begins.
    pub begin: Begin,
    /// Which arguments are keys from there on.
    pub find: Find,
    /// What is done to the keys, as COMMAND INFO says it.
    pub flags: &'static str,
}

/// What a specification finds among arguments.
enum Found {
    Keys(core::iter::StepBy<core::ops::RangeInclusive<usize>>),
    /// Its word is not there.
    Nothing,
    /// The arguments are not what it asks for.
    Wrong,
    Unknown,
}

impl KeySpec {
    /// Reads `1 RO access`, `1+1 RO access` (and one more), `1:-1 RO access` (to the end), `1:-1/2 OW update` (every other), `2# RO`
    /// (how many is said there), `STREAMS@1:-1%2 RO` (behind the word, the first half), `? RO` (not to be told).
    /// A test reads every row, so a number that cannot be read is only ever seen there.
    fn parse(text: &'static str) -> Self {
        let (range, flags) = text.trim_start().split_once(' ').unwrap_or((text, ""));
        if range == "?" {
            return KeySpec { begin: Begin::Unknown, find: Find::Unknown, flags };
        }
        let number = |text: &str| super::number::parse_integer(text.as_bytes()).unwrap_or(0) as i8;
        let (range, limit) = range.split_once('%').unwrap_or((range, "0"));
        let (range, step) = range.split_once('/').unwrap_or((range, "1"));
        let (start, last) = range.split_once(':').or_else(|| range.split_once('+')).unwrap_or((range, "0"));
        let (start, counts) = start.strip_suffix('#').map_or((start, false), |start| (start, true));
        let begin = match start.split_once('@') {
            Some((word, from)) => Begin::Keyword(word, number(from)),
            None => Begin::Index(number(start)),
        };
        let (last, step, limit) = (number(last), number(step) as u8, number(limit) as u8);
        KeySpec { begin, find: if counts { Find::Count } else { Find::Range { last, step, limit } }, flags }
    }

    /// The keys among these arguments (`getKeysUsingKeySpecs` of Redis).
    fn places(&self, args: &[Bytes]) -> Found {
        let count = args.len() as i64;
        let first = match self.begin {
            Begin::Unknown => return Found::Unknown,
            Begin::Index(first) => i64::from(first),
            Begin::Keyword(word, from) => {
                let is = |place: &i64| args[*place as usize].eq_ignore_ascii_case(word.as_bytes());
                // A word at the very end has nothing behind it.
                let found = if from > 0 {
                    (i64::from(from)..count - 1).find(is)
                } else {
                    (1..=count + i64::from(from)).rev().find(is)
                };
                match found {
                    Some(place) => place + 1,
                    None => return Found::Nothing,
                }
            }
        };
        if self.flags.ends_with("incomplete") {
            return Found::Unknown;
        }
        let (first, last, step) = match self.find {
            Find::Unknown => return Found::Unknown,
            Find::Range { last, step, limit } => {
                let last = match i64::from(last) {
                    last if last >= 0 => first + last,
                    last if limit <= 1 => count + last,
                    last => first + (count - first) / i64::from(limit) + last,
                };
                (first, last, step)
            }
            Find::Count => {
                let said = args.get(first as usize).and_then(|arg| super::number::parse_integer(arg));
                let Some(said) = said.filter(|said| (0..=count).contains(said)) else { return Found::Wrong };
                (first + 1, first + said, 1)
            }
        };
        if last < first {
            return if last == first - 1 && self.find == Find::Count { Found::Nothing } else { Found::Wrong };
        }
        if last >= count {
            return Found::Wrong;
        }
        Found::Keys((first as usize..=last as usize).step_by(usize::from(step.max(1))))
    }
}
