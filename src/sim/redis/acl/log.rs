//! ACL LOG: what was refused to whom.

use super::super::client_list::describe;
use super::super::command::Command;
use super::super::store::{ClientId, Store};
use super::permission::Denied;
use crate::bytes::Bytes;
use alloc::vec::Vec;

/// Refusals that agree are counted as one if they are no further apart.
const SAME_WITHIN_MS: u64 = 60_000;
/// So many of the newest entries are looked at for one that agrees.
const LOOKED_AT: usize = 10;

/// One refusal, or several that agree.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    pub count: u64,
    /// `command`, `key`, `channel` or `auth`.
    pub reason: &'static str,
    /// `toplevel`, `multi` or `lua`.
    pub context: &'static str,
    /// The command, key or channel.
    pub object: Bytes,
    pub username: Bytes,
    /// When it last happened, in Unix milliseconds.
    pub at_ms: u64,
    /// The client as CLIENT INFO told of it then.
    pub client: Bytes,
}

impl Refusal {
    fn agrees(&self, other: &Refusal) -> bool {
        self.reason == other.reason
            && self.context == other.context
            && self.at_ms.abs_diff(other.at_ms) <= SAME_WITHIN_MS
            && self.object == other.object
            && self.username == other.username
    }
}

impl Store {
    /// Writes down that a command was not allowed. `context` is `toplevel`, `multi` or `lua`.
    pub(in super::super) fn log_denial(
        &mut self,
        client: ClientId,
        context: &'static str,
        denied: Denied,
        command: &Command,
        args: &[Bytes],
        now_ms: u64,
    ) {
        let (reason, object) = match denied {
            Denied::Command => ("command", Bytes::from(command.name)),
            Denied::Key(place) => ("key", args[place].clone()),
            Denied::Channel(place) => ("channel", args[place].clone()),
        };
        let username = self.client(client).map(|client| client.user()).unwrap_or_default();
        self.log_refusal(client, Refusal::new(reason, context, object, username), args, now_ms);
    }

    /// Writes down that somebody could not log in.
    pub(super) fn log_login(&mut self, client: ClientId, user: &[u8], args: &[Bytes], now_ms: u64) {
        let context = self.acl_context(client);
        self.log_refusal(client, Refusal::new("auth", context, args[0].clone(), Bytes::from(user)), args, now_ms);
    }

    /// Where a client's commands are run from.
    pub(in super::super) fn acl_context(&self, client: ClientId) -> &'static str {
        if self.in_transaction(client) { "multi" } else { "toplevel" }
    }

    fn log_refusal(&mut self, client: ClientId, mut refusal: Refusal, args: &[Bytes], now_ms: u64) {
        refusal.at_ms = now_ms;
        refusal.client = Bytes::from(describe(self, client, Some(args), now_ms).trim_end());
        let most = super::super::number::parse_integer(&self.config.value("acllog-max-len")).unwrap_or(0) as usize;
        let log = &mut self.users_mut().log;
        if let Some(place) = log.iter().take(LOOKED_AT).position(|known| known.agrees(&refusal)) {
            refusal.count += log.remove(place).count;
        }
        log.insert(0, refusal);
        log.truncate(most);
    }
}

impl Refusal {
    fn new(reason: &'static str, context: &'static str, object: Bytes, username: Bytes) -> Self {
        Refusal { count: 1, reason, context, object, username, at_ms: 0, client: Bytes::default() }
    }
}

/// The newest refusals first.
pub type Log = Vec<Refusal>;
