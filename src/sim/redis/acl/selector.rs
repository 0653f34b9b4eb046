//! A selector: which commands, keys and channels its user may use. Every user has one of its own, and may have more.

use super::super::command::{CATEGORIES, Command};
use super::super::table::{commands, find_command};
use super::Mistake;
use crate::bytes::Bytes;
use crate::sorted::SortedMap;
use alloc::{vec, vec::Vec};

/// Which commands are allowed: a bit for each row of the command table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Allowed(Vec<u64>);

impl Allowed {
    pub fn none() -> Self {
        Allowed(vec![0; commands().len().div_ceil(64)])
    }

    fn all() -> Self {
        Allowed(vec![u64::MAX; commands().len().div_ceil(64)])
    }

    pub fn has(&self, id: u16) -> bool {
        self.0[usize::from(id / 64)] >> (id % 64) & 1 == 1
    }

    fn set(&mut self, id: u16, allow: bool) {
        let (word, bit) = (&mut self.0[usize::from(id / 64)], 1 << (id % 64));
        if allow { *word |= bit } else { *word &= !bit }
    }

    /// Allows or forbids a command with all its subcommands.
    pub fn change(&mut self, command: &Command, allow: bool) {
        self.set(command.id, allow);
        if command.container {
            command.subcommands().for_each(|command| self.set(command.id, allow));
        }
    }

    /// Allows or forbids every command of a category; `masks` is [`category_masks`].
    pub fn change_category(&mut self, category: usize, allow: bool, masks: &[u32]) {
        for command in commands().iter().filter(|command| masks[usize::from(command.id)] >> category & 1 == 1) {
            self.change(command, allow);
        }
    }
}

/// Of every command, by its place in the table, the categories that it is in: bit n for the nth of [`CATEGORIES`].
pub fn category_masks() -> Vec<u32> {
    let mask = |command: &Command| {
        let own = command.acl_categories();
        CATEGORIES.iter().enumerate().filter(|(_, name)| own.contains(name)).fold(0, |mask, (bit, _)| mask | 1 << bit)
    };
    commands().iter().map(mask).collect()
}

/// The place of a category among [`CATEGORIES`], in whatever case it is written.
pub fn category(name: &[u8]) -> Option<usize> {
    CATEGORIES.iter().position(|known| name.eq_ignore_ascii_case(known.as_bytes()))
}

/// A pattern of keys, and what may be done with those that it fits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyPattern {
    pub pattern: Bytes,
    pub read: bool,
    pub write: bool,
}

impl KeyPattern {
    /// As a rule: `~k*`, `%R~k*` or `%W~k*`.
    pub fn rule(&self) -> Vec<u8> {
        let mark: &[u8] = match (self.read, self.write) {
            (true, false) => b"%R~",
            (false, true) => b"%W~",
            _ => b"~",
        };
        [mark, &self.pattern].concat()
    }
}

/// What a user may do; a command is allowed if one of the user's selectors allows all of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Selector {
    pub all_keys: bool,
    pub all_channels: bool,
    /// Whether nothing was forbidden since `+@all`.
    pub all_commands: bool,
    /// Whether it began with `+@all`: what it forbids is then written down rather than what it allows.
    pub starts_from_all: bool,
    pub allowed: Allowed,
    /// Commands that are allowed with these first arguments alone, by their place in the table.
    pub first_args: SortedMap<u16, Vec<Bytes>>,
    pub keys: Vec<KeyPattern>,
    pub channels: Vec<Bytes>,
}

impl Selector {
    /// One that allows nothing, or every channel, as `acl-pubsub-default` says.
    pub fn new(all_channels: bool) -> Self {
        Selector {
            all_keys: false,
            all_channels,
            all_commands: false,
            starts_from_all: false,
            allowed: Allowed::none(),
            first_args: SortedMap::new(),
            keys: Vec::new(),
            channels: Vec::new(),
        }
    }

    /// Whether it allows everything.
    pub fn is_free(&self) -> bool {
        self.all_keys && self.all_channels && self.all_commands
    }

    /// Follows one rule.
    pub fn apply(&mut self, rule: &[u8]) -> Result<(), Mistake> {
        let is = |word: &str| rule.eq_ignore_ascii_case(word.as_bytes());
        if is("allkeys") || is("~*") {
            self.all_keys = true;
            self.keys.clear();
        } else if is("resetkeys") {
            self.all_keys = false;
            self.keys.clear();
        } else if is("allchannels") || is("&*") {
            self.all_channels = true;
            self.channels.clear();
        } else if is("resetchannels") {
            self.all_channels = false;
            self.channels.clear();
        } else if is("allcommands") || is("+@all") {
            self.allow_all(true);
        } else if is("nocommands") || is("-@all") {
            self.allow_all(false);
        } else {
            match rule {
                [b'~', pattern @ ..] => self.add_keys(true, true, pattern)?,
                [b'%', rest @ ..] => {
                    let (read, write, pattern) = permissions(rest)?;
                    self.add_keys(read, write, pattern)?;
                }
                [b'&', pattern @ ..] => self.add_channels(pattern)?,
                [sign @ (b'+' | b'-'), b'@', name @ ..] => {
                    let category = category(name).ok_or(Mistake::Unknown)?;
                    self.allowed.change_category(category, *sign == b'+', &category_masks());
                    self.all_commands &= *sign == b'+';
                }
                [b'+', name @ ..] => self.allow(name)?,
                [b'-', name @ ..] => {
                    let command = find_command(name).ok_or(Mistake::Unknown)?;
                    self.change(command, false);
                }
                _ => return Err(Mistake::Syntax),
            }
        }
        Ok(())
    }

    /// Allows or forbids every command, as `+@all` and `-@all` do.
    pub fn allow_all(&mut self, allow: bool) {
        self.allowed = if allow { Allowed::all() } else { Allowed::none() };
        (self.all_commands, self.starts_from_all) = (allow, allow);
        self.first_args = SortedMap::new();
    }

    fn change(&mut self, command: &Command, allow: bool) {
        self.allowed.change(command, allow);
        self.all_commands &= allow;
        self.first_args.remove(&command.id);
    }

    fn add_keys(&mut self, read: bool, write: bool, pattern: &[u8]) -> Result<(), Mistake> {
        if self.all_keys {
            return Err(Mistake::AfterAllKeys);
        }
        let pattern = checked(pattern)?;
        match self.keys.iter_mut().find(|known| known.pattern == pattern) {
            Some(known) => {
                known.read |= read;
                known.write |= write;
            }
            None => self.keys.push(KeyPattern { pattern, read, write }),
        }
        Ok(())
    }

    fn add_channels(&mut self, pattern: &[u8]) -> Result<(), Mistake> {
        if self.all_channels {
            return Err(Mistake::AfterAllChannels);
        }
        let pattern = checked(pattern)?;
        if !self.channels.contains(&pattern) {
            self.channels.push(pattern);
        }
        Ok(())
    }

    /// `+get`, `+config|get`, or `+select|0`: a command, a subcommand, or a command with this first argument alone.
    fn allow(&mut self, name: &[u8]) -> Result<(), Mistake> {
        let Some(bar) = name.iter().rposition(|byte| *byte == b'|') else {
            self.change(find_command(name).ok_or(Mistake::Unknown)?, true);
            return Ok(());
        };
        let (container, sub) = (&name[..bar], &name[bar + 1..]);
        let container = find_command(container).ok_or(Mistake::Unknown)?;
        if container.parent().is_some() {
            return Err(Mistake::FirstArgOfSubcommand);
        }
        if sub.is_empty() {
            return Err(Mistake::Syntax);
        }
        if container.container {
            self.change(find_command(name).ok_or(Mistake::Unknown)?, true);
            return Ok(());
        }
        let known = self.first_args.get_or_insert_with(container.id, Vec::new);
        if !known.iter().any(|arg| arg.eq_ignore_ascii_case(sub)) {
            known.push(Bytes::from(sub));
        }
        Ok(())
    }
}

/// What stands between `%` and `~`: each letter once.
fn permissions(rule: &[u8]) -> Result<(bool, bool, &[u8]), Mistake> {
    let (mut read, mut write) = (false, false);
    for (place, byte) in rule.iter().enumerate() {
        match byte.to_ascii_uppercase() {
            b'R' if !read => read = true,
            b'W' if !write => write = true,
            b'~' if read || write => return Ok((read, write, &rule[place + 1..])),
            _ => return Err(Mistake::Syntax),
        }
    }
    // Without a pattern it is for the key without a name.
    if read || write { Ok((read, write, &[])) } else { Err(Mistake::Syntax) }
}

/// A pattern as it may be kept: rules are parted by spaces.
fn checked(pattern: &[u8]) -> Result<Bytes, Mistake> {
    if super::has_spaces(pattern) { Err(Mistake::Syntax) } else { Ok(Bytes::from(pattern)) }
}
