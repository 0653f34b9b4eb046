//! MONITOR: clients that see every command that runs.

use super::call::Call;
use super::command::Command;
use super::console::quote_into;
use super::error::Error;
use super::group::Flag;
use super::reply::Reply;
use super::store::{ClientId, Cx, Store};
use crate::bytes::Bytes;
use alloc::{format, vec::Vec};

/// MONITOR.
pub fn monitor(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    if call.store.is_monitor(call.client) {
        return Ok(Reply::None);
    }
    let client = call.client;
    call.store.monitors.push(client);
    Ok(Reply::OK)
}

impl Store {
    /// Whether a client sees every command.
    pub(super) fn is_monitor(&self, id: ClientId) -> bool {
        self.monitors.contains(&id)
    }

    /// A client no longer sees every command.
    pub(super) fn stop_monitor(&mut self, id: ClientId) {
        self.monitors.retain(|other| *other != id);
    }

    /// Shows a command to whoever wants to see all.
    pub(super) fn show_to_monitors(
        &mut self,
        client: ClientId,
        db: u8,
        command: &Command,
        args: &[Bytes],
        cx: &mut Cx<'_>,
    ) {
        if command.is(Flag::Admin) || command.flags.contains("skip_monitor") {
            return;
        }
        self.show_always(client, db, command, args, cx);
    }

    /// As [`Store::show_to_monitors`], of a command that sees to it itself.
    pub(super) fn show_always(&mut self, client: ClientId, db: u8, command: &Command, args: &[Bytes], cx: &mut Cx<'_>) {
        if self.monitors.is_empty() {
            return;
        }
        let address = match self.client(client).map(|client| &client.link) {
            _ if self.scripting.runs => "lua".into(),
            Some(link) if link.is_unix() => format!("unix:{}", link.address.text().trim_end_matches(":0")),
            link => link.map(|link| link.address.text().into_owned()).unwrap_or_default(),
        };
        let micros = cx.now_ms % 1000 * 1000 + (self.host.micros)() % 1000;
        let mut line = format!("{}.{micros:06} [{db} {address}]", cx.now_ms / 1000).into_bytes();
        for arg in self.redacted(command, args) {
            line.push(b' ');
            quote_into(&arg, &mut line);
        }
        for monitor in self.monitors.clone() {
            cx.send(monitor, Reply::Status(line.clone().into()));
        }
    }
}

/// The ids in order, for a stable state.
pub type Monitors = Vec<ClientId>;
