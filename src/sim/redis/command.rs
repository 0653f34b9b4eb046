//! The command table: one row per command and subcommand. A row feeds the arity check, the keys, COMMAND, `help` and hints.

use super::call::Call;
use super::error::Error;
use super::reply::Reply;
use super::{bitmap, connection, expire, generic, introspect, server, string};
use alloc::vec::Vec;
use core::cmp::Ordering;

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

/// Groups of commands, as `help @group` names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// `string`
    String,
    /// `bitmap`
    Bitmap,
    /// `generic`
    Generic,
    /// `connection`
    Connection,
    /// `server`
    Server,
}

impl Group {
    /// The name as `help @group` takes it and COMMAND DOCS prints it.
    pub fn name(self) -> &'static str {
        match self {
            Group::String => "string",
            Group::Bitmap => "bitmap",
            Group::Generic => "generic",
            Group::Connection => "connection",
            Group::Server => "server",
        }
    }

    /// The ACL category that comes with the group.
    fn category(self) -> Option<&'static str> {
        match self {
            Group::String => Some("string"),
            Group::Bitmap => Some("bitmap"),
            Group::Generic => Some("keyspace"),
            Group::Connection => Some("connection"),
            Group::Server => None,
        }
    }
}

/// A property of a command that the store or a client acts on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// It may change keys.
    Write,
    /// It only reads keys.
    Readonly,
    /// It is refused while the memory is full.
    Denyoom,
    /// It takes constant or logarithmic time.
    Fast,
    /// It is for administrators.
    Admin,
}

impl Flag {
    fn name(self) -> &'static str {
        match self {
            Flag::Write => "write",
            Flag::Readonly => "readonly",
            Flag::Denyoom => "denyoom",
            Flag::Fast => "fast",
            Flag::Admin => "admin",
        }
    }
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
    pub fn is(&self, flag: Flag) -> bool {
        self.flags.split(' ').any(|word| word == flag.name())
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

    /// The places of the keys among `count` arguments, the name included, each with the flags of its specification.
    pub fn key_places(&self, count: usize) -> Vec<(usize, &'static str)> {
        let mut places = Vec::new();
        for spec in self.key_specs() {
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
const CATEGORIES: &[&str] =
    &["keyspace", "read", "write", "string", "bitmap", "admin", "fast", "slow", "dangerous", "connection"];

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

/// How many rows there are.
const COUNT: usize = string::COMMANDS.len()
    + bitmap::COMMANDS.len()
    + generic::COMMANDS.len()
    + expire::COMMANDS.len()
    + connection::COMMANDS.len()
    + server::COMMANDS.len()
    + introspect::COMMANDS.len();

/// All rows by name, put in order when the program is compiled.
static ALL: [&Command; COUNT] = sorted();

const fn sorted() -> [&'static Command; COUNT] {
    let tables = [
        string::COMMANDS,
        bitmap::COMMANDS,
        generic::COMMANDS,
        expire::COMMANDS,
        connection::COMMANDS,
        server::COMMANDS,
        introspect::COMMANDS,
    ];
    let mut all = [&string::COMMANDS[0]; COUNT];
    let (mut table, mut count) = (0, 0);
    while table < tables.len() {
        let mut row = 0;
        while row < tables[table].len() {
            let mut place = count;
            while place > 0 && before(tables[table][row].name, all[place - 1].name) {
                all[place] = all[place - 1];
                place -= 1;
            }
            all[place] = &tables[table][row];
            count += 1;
            row += 1;
        }
        table += 1;
    }
    all
}

const fn before(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut i = 0;
    while i < a.len() && i < b.len() {
        if a[i] != b[i] {
            return a[i] < b[i];
        }
        i += 1;
    }
    a.len() < b.len()
}

/// Every command and subcommand, by name.
pub fn commands() -> &'static [&'static Command] {
    &ALL
}

/// The command or subcommand (`object|encoding`) of this name, in whatever case.
pub fn find_command(name: &[u8]) -> Option<&'static Command> {
    let compare = |row: &&Command| -> Ordering { row.name.bytes().cmp(name.iter().map(u8::to_ascii_lowercase)) };
    ALL.binary_search_by(compare).ok().map(|place| ALL[place])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_whole() {
        for command in commands() {
            assert!(
                !command.since.is_empty() && !command.english.is_empty() && !command.chinese.is_empty(),
                "{}",
                command.name
            );
            assert!(command.key_specs().iter().all(|spec| spec.first > 0 && spec.step > 0), "{}", command.name);
            let found = find_command(command.name.to_ascii_uppercase().as_bytes()).expect("it is in the table");
            assert_eq!(found.name, command.name);
            assert!(command.parent().is_none_or(|name| find_command(name.as_bytes()).is_some()), "{}", command.name);
        }
    }

    #[test]
    fn key_places() {
        let places = |name: &str, count| -> Vec<usize> {
            find_command(name.as_bytes())
                .expect("a command")
                .key_places(count)
                .iter()
                .map(|(place, _)| *place)
                .collect()
        };
        assert_eq!(places("get", 2), [1]);
        assert_eq!(places("mset", 5), [1, 3]);
        assert_eq!(places("lcs", 3), [1, 2]);
        assert_eq!(places("bitop", 5), [2, 3, 4]);
        assert_eq!(places("ping", 2), [0_usize; 0]);
    }
}
