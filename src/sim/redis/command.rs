//! The command table: one row per command and subcommand. A row feeds the arity check, the keys, COMMAND, `help` and hints.

use super::call::Call;
use super::error::Error;
use super::group::{FLAGS, Flag, Group, holds_word};
use super::reply::Reply;
use super::table::{commands, find_command};
use crate::bytes::Bytes;
use alloc::vec::Vec;

/// What runs when a command is called: it may assume that the arity is right.
pub type Run = fn(&mut Call<'_, '_>) -> Result<Reply, Error>;

/// A command's row.
#[derive(Debug)]
pub struct Command {
    /// The name in small letters, a subcommand's with its container's: `object|encoding`.
    pub name: &'static str,
    /// How many arguments, the name (and the container's name) included; negative: at least so many.
    pub arity: i8,
    /// What runs.
    pub run: Run,
    /// Whether its first argument names a subcommand, which has a row of its own.
    pub container: bool,
    /// Its group in `help` and COMMAND DOCS.
    pub group: Group,
    /// The flags of COMMAND INFO, in Redis's order, parted by spaces.
    pub flags: &'static str,
    /// The flags that the store acts on, as bits, so that no text is read when a command runs.
    bits: u8,
    /// ACL categories beyond those that flags and group imply.
    pub categories: &'static str,
    /// Where the keys are, in the small language that [`KeySpec::parse`] reads.
    pub keys: &'static str,
    /// Hints for clients of clusters, parted by spaces.
    pub tips: &'static str,
    /// The version that brought it.
    pub since: &'static str,
    /// The arguments as `help` shows them.
    pub syntax: &'static str,
    /// What it does, in English.
    pub english: &'static str,
    /// What it does, in 简体中文.
    pub chinese: &'static str,
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
        let (flags, categories, keys, tips, since, syntax, english, chinese) = ("", "", "", "", "", "", "", "");
        Command {
            name,
            arity,
            run,
            container: false,
            group,
            flags,
            bits: 0,
            categories,
            keys,
            tips,
            since,
            syntax,
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
    pub const fn takes(mut self, since: &'static str, syntax: &'static str) -> Self {
        self.since = since;
        self.syntax = syntax;
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
        self.bits & (1 << flag as u8) != 0
    }

    /// Whether so many arguments, the name included, are right.
    pub fn accepts(&self, count: usize) -> bool {
        let wanted = usize::from(self.arity.unsigned_abs());
        if self.arity < 0 { count >= wanted } else { count == wanted }
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
        commands().iter().copied().filter(|command| command.parent() == Some(self.name))
    }

    /// Its ACL categories in Redis's order, each without its `@`.
    pub fn acl_categories(&self) -> Vec<&'static str> {
        let own = |name: &str| self.categories.split(' ').any(|word| word == name);
        // A container says nothing about itself: its subcommands are what can be allowed.
        let group = if self.container { None } else { self.group.category() };
        let has = |name: &&str| match *name {
            "read" => self.is(Flag::Readonly),
            "write" => self.is(Flag::Write),
            "admin" => self.is(Flag::Admin),
            "dangerous" => self.is(Flag::Admin) || own(name),
            "blocking" => self.is(Flag::Blocking),
            "pubsub" => self.is(Flag::Pubsub) || group == Some(name),
            "fast" => self.is(Flag::Fast),
            "slow" => !self.is(Flag::Fast),
            name => group == Some(name) || own(name),
        };
        CATEGORIES.iter().copied().filter(has).collect()
    }

    /// Where its keys are.
    pub fn key_specs(&self) -> Vec<KeySpec> {
        if self.keys.is_empty() { Vec::new() } else { self.keys.split(';').map(KeySpec::parse).collect() }
    }

    /// The places of the keys among these arguments, the name included, each with the flags of its specification.
    pub fn key_places(&self, args: &[Bytes]) -> Vec<(usize, &'static str)> {
        let count = args.len();
        let mut places = Vec::new();
        // Channels of shards stand where keys could, so that a cluster finds their node, but they are none.
        for spec in self.key_specs().into_iter().filter(|spec| spec.flags != NOT_KEY) {
            let last = if spec.last < 0 {
                count as i64 + i64::from(spec.last)
            } else {
                i64::from(spec.first) + i64::from(spec.last)
            };
            let mut place = usize::from(spec.first);
            while place as i64 <= last && place < count {
                places.push((place, spec.flags));
                place += usize::from(spec.step);
            }
        }
        places
    }
}

/// The ACL categories in the order in which COMMAND INFO lists them.
const CATEGORIES: &[&str] = &[
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

/// One stretch of keys among the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeySpec {
    /// The place of the first key; the command's name is at 0.
    pub first: u8,
    /// The last key: from the first on if not negative, from the end if negative (-1 is the last argument).
    pub last: i8,
    /// From each key to the next.
    pub step: u8,
    /// What is done to the keys, as COMMAND INFO says it.
    pub flags: &'static str,
}

impl KeySpec {
    /// Reads `1 RO access`, `1+1 RO access` (and one more), `1:-1 RO access` (to the end), `1:-1/2 OW update` (every other).
    /// A test reads every row, so a number that cannot be read is only ever seen there.
    fn parse(text: &'static str) -> Self {
        let (range, flags) = text.trim_start().split_once(' ').unwrap_or((text, ""));
        let (range, step) = range.split_once('/').unwrap_or((range, "1"));
        let (first, last) = range.split_once(':').or_else(|| range.split_once('+')).unwrap_or((range, "0"));
        let number = |text: &str| super::number::parse_integer(text.as_bytes()).unwrap_or(0) as i8;
        KeySpec { first: number(first) as u8, last: number(last), step: number(step) as u8, flags }
    }
}
