//! Whether a user may do what it asks for.

use super::super::command::Command;
use super::super::error::{self, Error};
use super::super::glob;
use super::super::group::Flag;
use super::super::store::{ClientId, Store};
use super::selector::Selector;
use super::user::User;
use crate::bytes::Bytes;
use alloc::vec::Vec;

/// What a user may not do. Of several selectors the last in this order that stands in the way is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Denied {
    /// The command.
    Command,
    /// The key at this place among the arguments.
    Key(usize),
    /// The channel at this place.
    Channel(usize),
}

/// What is to be done with a key.
#[derive(Clone, Copy, Debug, Default)]
struct Access {
    read: bool,
    write: bool,
}

impl Access {
    /// From the flags of a key specification.
    fn of(flags: &str) -> Self {
        let has = |word: &str| flags.split(' ').any(|flag| flag == word);
        Access { read: has("access"), write: has("insert") || has("delete") || has("update") }
    }
}

impl Selector {
    fn allows_command(&self, command: &Command, args: &[Bytes]) -> bool {
        if self.all_commands || command.is(Flag::NoAuth) || self.allowed.has(command.id) {
            return true;
        }
        let first = args.get(if command.parent().is_some() { 2 } else { 1 });
        let known = self.first_args.get(&command.id);
        known.zip(first).is_some_and(|(known, first)| known.iter().any(|arg| arg.eq_ignore_ascii_case(first)))
    }

    fn allows_key(&self, key: &[u8], access: Access) -> bool {
        let fits = |access: Access, read, write| (!access.read || read) && (!access.write || write);
        self.all_keys
            || self
                .keys
                .iter()
                .any(|known| fits(access, known.read, known.write) && glob::matches(&known.pattern, key, false))
    }

    /// Whether it allows a channel, or a pattern of channels, which has to be allowed as it is written.
    pub(super) fn allows_channel(&self, channel: &[u8], is_pattern: bool) -> bool {
        let fits = |known: &Bytes| {
            if is_pattern { known.as_slice() == channel } else { glob::matches(known, channel, false) }
        };
        self.all_channels || self.channels.iter().any(fits)
    }

    fn check(&self, command: &Command, args: &[Bytes], keys: &[(usize, &str)]) -> Result<(), Denied> {
        if !self.allows_command(command, args) {
            return Err(Denied::Command);
        }
        if let Some((place, _)) = keys.iter().find(|(place, flags)| !self.allows_key(&args[*place], Access::of(flags)))
        {
            return Err(Denied::Key(*place));
        }
        let (places, is_pattern) = channels(command, args);
        match places.into_iter().find(|place| !self.allows_channel(&args[*place], is_pattern)) {
            Some(place) => Err(Denied::Channel(place)),
            None => Ok(()),
        }
    }

    /// Whether it may read every key there is.
    fn reads_all_keys(&self) -> bool {
        self.all_keys || self.keys.iter().any(|known| known.read && *known.pattern == *b"*")
    }
}

/// The places of the channels that a command needs to be allowed, and whether they are patterns.
fn channels(command: &Command, args: &[Bytes]) -> (core::ops::Range<usize>, bool) {
    match command.name {
        "publish" | "spublish" => (1..2, false),
        "subscribe" | "ssubscribe" => (1..args.len(), false),
        "psubscribe" => (1..args.len(), true),
        _ => (0..0, false),
    }
}

impl User {
    /// Whether it may run a command, whose number of arguments is right.
    ///
    /// # Errors
    /// What it may not do.
    pub fn check(&self, command: &Command, args: &[Bytes]) -> Result<(), Denied> {
        let keys = command.key_places(args).unwrap_or_default();
        let mut worst = Denied::Command;
        for selector in &self.selectors {
            match selector.check(command, args, &keys) {
                Ok(()) => return Ok(()),
                Err(denied) => worst = worst.max(denied),
            }
        }
        Err(worst)
    }

    fn reads_all_keys(&self, command: &Command, args: &[Bytes]) -> bool {
        let keys: Vec<_> = command.key_places(args).unwrap_or_default();
        self.selectors.iter().any(|own| own.check(command, args, &keys).is_ok() && own.reads_all_keys())
    }
}

impl Denied {
    /// What a client is told.
    pub fn error(self, command: &Command) -> Error {
        match self {
            Denied::Command => error::may_not_run(command.name),
            Denied::Key(_) => error::MAY_NOT_TOUCH_KEY,
            Denied::Channel(_) => error::MAY_NOT_USE_CHANNEL,
        }
    }

    /// What a client is told whose queued command is not allowed any more.
    pub fn error_in_exec(self) -> Error {
        match self {
            Denied::Command => error::NO_LONGER_MAY_RUN,
            Denied::Key(_) => error::NO_LONGER_MAY_TOUCH_KEY,
            Denied::Channel(_) => error::NO_LONGER_MAY_USE_CHANNEL,
        }
    }
}

impl Store {
    /// Whether the user of a client may run a command.
    ///
    /// # Errors
    /// What it may not do.
    pub(in super::super) fn permission(
        &self,
        client: ClientId,
        command: &Command,
        args: &[Bytes],
    ) -> Result<(), Denied> {
        if self.users.are_free() {
            return Ok(());
        }
        self.user_of(client).map_or(Ok(()), |user| user.check(command, args))
    }

    /// Whether the user of a client may read every key with this command, as BY and GET of SORT ask.
    pub(in super::super) fn reads_all_keys(&self, client: ClientId, command: &Command, args: &[Bytes]) -> bool {
        self.users.are_free() || self.user_of(client).is_none_or(|user| user.reads_all_keys(command, args))
    }

    fn user_of(&self, client: ClientId) -> Option<&User> {
        self.client(client).and_then(|client| self.users.get(&client.user()))
    }
}
