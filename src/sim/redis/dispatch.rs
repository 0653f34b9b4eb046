//! The one way in: a command is found, admitted, queued or run, and whoever it wakes is served.

use super::call::Call;
use super::command::Command;
use super::error::{self, Error};
use super::event::Event;
use super::group::Flag;
use super::reply::Reply;
use super::store::{ClientId, Cx, Out, Sent, Store};
use super::table::find_command;
use crate::bytes::Bytes;
use alloc::vec::Vec;

impl Store {
    /// Runs one command, name first, and says in `cx.events` what happened. [`Reply::None`] stands for no answer yet, or none at all.
    ///
    /// # Panics
    /// When the client is not connected or `args` is empty: a protocol reader never calls with nothing.
    pub fn call(&mut self, client: ClientId, args: &[Bytes], cx: &mut Cx<'_>) -> Reply {
        assert!(!args.is_empty(), "a command has a name");
        let reply = match self.admitted(client, args) {
            Ok(command) if self.is_queued(client, command) => self.queue(client, args),
            Ok(command) => self.run(client, command, args, None, cx),
            Err(error) => {
                self.spoil_transaction(client);
                let error =
                    if args[0].eq_ignore_ascii_case(b"exec") { self.refuse_exec(client, &error) } else { error };
                let db = self.selected_db(client).expect("only a connected client can call");
                let reply = Reply::Error(error);
                cx.tell(|| called(client, db, args, Vec::new(), &reply));
                reply
            }
        };
        self.serve_ready(cx);
        reply
    }

    /// The row of a command that may be run or queued now.
    fn admitted(&self, client: ClientId, args: &[Bytes]) -> Result<&'static Command, Error> {
        let command = resolve(args)?;
        let limits = self.limits();
        let full = limits.max_memory > 0 && self.used_bytes() > limits.max_memory;
        if full && command.is(Flag::Denyoom) {
            return Err(error::OUT_OF_MEMORY);
        }
        self.client(client).map_or(Ok(()), |client| Store::allowed_to_subscriber(client, command))?;
        Ok(command)
    }

    /// Runs a command whose row and number of arguments are right. `woken_by` is the key that ended the wait of a client that blocked.
    pub(super) fn run(
        &mut self,
        client: ClientId,
        command: &'static Command,
        args: &[Bytes],
        woken_by: Option<&Bytes>,
        cx: &mut Cx<'_>,
    ) -> Reply {
        let db = self.selected_db(client).expect("only a connected client can call");
        let sent_before = cx.out.len();
        let mut call = Call { store: self, client, db, command, args, woken_by, glimpses: Vec::new(), cx };
        let reply = (command.run)(&mut call).unwrap_or_else(Reply::Error);
        let reply = with_own_messages(client, reply, sent_before, cx.out);
        if woken_by.is_some() && reply == Reply::None {
            return reply;
        }
        cx.tell(|| {
            let keys = command
                .key_places(args)
                .unwrap_or_default()
                .into_iter()
                .map(|(place, _)| args[place].clone())
                .collect();
            called(client, db, args, keys, &reply)
        });
        reply
    }
}

/// What a command sends to the client that calls comes before its answer, wherever that stands: inside the answer to EXEC, too.
fn with_own_messages(client: ClientId, reply: Reply, sent_before: usize, out: &mut Vec<Out>) -> Reply {
    if out.len() == sent_before {
        return reply;
    }
    let mut own = Vec::new();
    let mut place = sent_before;
    while let Some(next) = out.get(place) {
        if next.client == client
            && let Sent::Reply(_) = next.sent
            && let Sent::Reply(message) = out.remove(place).sent
        {
            own.push(message);
        } else {
            place += 1;
        }
    }
    if own.is_empty() {
        return reply;
    }
    own.push(reply);
    Reply::Many(own)
}

fn called(client: ClientId, db: u8, args: &[Bytes], keys: Vec<Bytes>, reply: &Reply) -> Event {
    Event::Called { client, db, args: args.to_vec(), keys, reply: reply.kind() }
}

/// The row for these arguments, if their number is right.
pub(super) fn resolve(args: &[Bytes]) -> Result<&'static Command, Error> {
    // The table names subcommands `container|subcommand`; a client cannot.
    let found = if args[0].contains(&b'|') { None } else { find_command(&args[0]) };
    let mut command = found.ok_or_else(|| error::unknown_command(args))?;
    if let Some(subcommand) = args.get(1).filter(|_| command.container) {
        command = command.subcommand(subcommand).ok_or_else(|| error::unknown_subcommand(command.name, subcommand))?;
    }
    if command.accepts(args.len()) { Ok(command) } else { Err(error::arity(command.name)) }
}
