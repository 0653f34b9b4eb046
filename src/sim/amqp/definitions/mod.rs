//! `definitions.json`: RabbitMQ's own export of virtual hosts, policies, exchanges, queues and bindings, read and written.
//!
//! `json` knows JSON, `read` what definitions may hold, `write` the export; here they are put into a broker. As in RabbitMQ an import
//! merges: queues, exchanges and bindings that are there stay as they are, a policy of the same name is replaced. Unlike RabbitMQ, which
//! stops half-way at the first error, an import that fails changes nothing; and what is left out is listed, each with its reason.

pub mod json;
mod read;
mod write;

use alloc::{format, string::String, vec::Vec};
use core::fmt;

use self::read::{Definitions, read};
use super::broker::{Broker, Cx, DEFAULT_VHOST};
use super::error;
use super::event::{Event, Resource};
use super::exchange::{Binding, Destination, Exchange};
use super::limits;
use crate::bytes::Bytes;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// What was made.
    pub created: Counts,
    /// What was there already and stayed as it was (policies are replaced and count as made).
    pub existing: Counts,
    /// What was left out, in the order of the file.
    pub left_out: Vec<LeftOut>,
    /// What was taken over and behaves otherwise here, in the order of the file.
    pub notes: Vec<LeftOut>,
}

/// So many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Virtual hosts.
    pub vhosts: u32,
    /// Policies and operator policies.
    pub policies: u32,
    /// Exchanges.
    pub exchanges: u32,
    /// Queues.
    pub queues: u32,
    /// Bindings.
    pub bindings: u32,
}

impl Counts {
    /// All together.
    pub fn total(&self) -> u32 {
        self.vhosts + self.policies + self.exchanges + self.queues + self.bindings
    }
}

/// One place of the file that was not taken over, or not as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Where: `bindings[3]`, `policies[0].definition.ha-mode`.
    pub path: String,
    /// Why.
    pub reason: Reason,
}

/// Why something was left out, or what is different.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// There are no users and permissions here: whoever knows `guest` may do everything. So many entries.
    Access(u32),
    /// A runtime parameter of this component: a shovel, a federation upstream, limits.
    Parameter(Bytes),
    /// A global parameter.
    GlobalParameter(Bytes),
    /// Limits of a virtual host.
    Limits,
    /// A field of the file that definitions do not have.
    Unknown,
    /// Names that begin with `amq.`, and the default exchange, belong to the broker.
    Reserved(Bytes),
    /// One end of the binding does not exist; which.
    MissingEnd(Resource, bool),
    /// A policy that this broker cannot carry out; what it lacks.
    Unsupported(String),
    /// RabbitMQ would not take it either, and says nothing; what it would have said to a client.
    Refused(Bytes),
    /// The file is imported into one virtual host: what concerns the whole node is not for it.
    OneVhost,
    /// The policy's key has nothing to do on a single node that keeps all in memory.
    NoEffect,
    /// A stream: it is declared and can be bound; publishing to it is kept, but see the documentation.
    Stream,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::Access(count) => {
                write!(f, "users and permissions ({count}) have no place here: guest may do everything")
            }
            Reason::Parameter(component) => write!(f, "a parameter of {component}, which this broker does not have"),
            Reason::GlobalParameter(name) => write!(f, "the global parameter {name} means nothing here"),
            Reason::Limits => f.write_str("limits of a virtual host are not kept"),
            Reason::Unknown => f.write_str("definitions have no such field"),
            Reason::Reserved(name) => write!(f, "'{name}' is the broker's own"),
            Reason::MissingEnd(end, is_exchange) => {
                let kind = if *is_exchange { "exchange" } else { "queue" };
                write!(f, "no {kind} '{}' in vhost '{}'", end.name, end.vhost)
            }
            Reason::Unsupported(what) => f.write_str(what),
            Reason::Refused(text) => write!(f, "{text}"),
            Reason::OneVhost => f.write_str("the file is imported into one virtual host"),
            Reason::NoEffect => f.write_str("kept, but it changes nothing on a single node"),
            Reason::Stream => f.write_str("a stream: kept and bound, but see docs/leaving.md for what it does here"),
        }
    }
}

/// Why a file cannot be imported, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefinitionsError {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The place in the file's own terms, `queues[3].arguments.x-message-ttl`; empty where it is no JSON.
    pub path: String,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for DefinitionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

/// What is wrong and at which offset: the line is found at the end.
struct Fault {
    at: usize,
    path: String,
    message: String,
}

impl Broker {
    /// Imports definitions. `vhost` is for a file of one virtual host, whose things do not name theirs; with none, each thing names its
    /// own, as RabbitMQ wants it, except that a file in which nothing does goes to the virtual host `/`.
    ///
    /// # Errors
    /// The first thing that is no JSON, is no definition, or is refused as RabbitMQ refuses it. Then nothing has changed.
    pub fn import_definitions(
        &mut self,
        cx: &mut Cx<'_>,
        text: &str,
        vhost: Option<&Bytes>,
    ) -> Result<ImportReport, DefinitionsError> {
        self.import(cx, text, vhost).map_err(|Fault { at, path, message }| {
            let (line, column) = json::place(text, at);
            DefinitionsError { line, column, path, message }
        })
    }

    fn import(&mut self, cx: &mut Cx<'_>, text: &str, vhost: Option<&Bytes>) -> Result<ImportReport, Fault> {
        let fault = |at, message| Fault { at, path: String::new(), message };
        if text.len() > limits::DEFINITIONS_MAX {
            let limit = limits::DEFINITIONS_MAX;
            return Err(fault(
                0,
                format!("a file of definitions has at most {limit} bytes, this one has {}", text.len()),
            ));
        }
        let json = json::Json::parse(text).map_err(|error| fault(error.at, error.message))?;
        let default = Bytes::from(DEFAULT_VHOST);
        let definitions = match vhost {
            Some(_) => read(&json, vhost)?,
            None if read::names_no_vhost(&json) => read(&json, Some(&default))?,
            None => read(&json, None)?,
        };
        // Tried on a copy first, which shares everything: a file that fails half-way is to leave no trace.
        let mut trial = self.clone();
        let (mut events, mut out) = (|_, _| 0, Vec::new());
        let mut nothing = Cx::new(cx.now_ms, cx.prng, &mut events, &mut out);
        trial.apply(&mut nothing, &definitions)?;
        let report = self.apply(cx, &definitions)?;
        let (created, left_out) = (report.created.total(), report.left_out.len() as u32);
        cx.event(Event::DefinitionsImported { created, left_out }, None);
        Ok(report)
    }

    /// In RabbitMQ's order: virtual hosts, exchanges, policies, queues, bindings.
    fn apply(&mut self, cx: &mut Cx<'_>, definitions: &Definitions) -> Result<ImportReport, Fault> {
        let mut report = ImportReport {
            left_out: definitions.left_out.clone(),
            notes: definitions.notes.clone(),
            ..ImportReport::default()
        };
        for vhost in &definitions.vhosts {
            let made = self.create_vhost(cx, &vhost.name).map_err(|refusal| vhost.place.refused(&refusal, None))?;
            count(made, &mut report, |counts| &mut counts.vhosts);
            if let Some(host) = self.vhosts.get_mut(&vhost.name) {
                host.description = vhost.description.clone();
                host.tags = vhost.tags.clone();
            }
        }
        for exchange in &definitions.exchanges {
            let is_new = self.exchange(&exchange.resource).is_none();
            if is_new {
                self.check_vhost(&exchange.resource.vhost, &exchange.place)?;
                let new = Exchange {
                    durable: exchange.durable,
                    auto_delete: exchange.auto_delete,
                    internal: exchange.internal,
                    arguments: exchange.arguments.clone(),
                    ..Exchange::new(exchange.resource.clone(), exchange.exchange_type)
                };
                let made = self.create_exchange(cx, new, None);
                made.map_err(|refusal| exchange.place.refused(&refusal, Some(&exchange.arguments)))?;
            }
            count(is_new, &mut report, |counts| &mut counts.exchanges);
        }
        for (place, vhost, policy, operator) in &definitions.policies {
            self.check_vhost(vhost, place)?;
            self.set_policy(cx, vhost, policy.clone(), *operator);
            count(true, &mut report, |counts| &mut counts.policies);
        }
        for queue in &definitions.queues {
            let is_new = self.queue_at(&queue.resource).is_none();
            if is_new {
                self.check_vhost(&queue.resource.vhost, &queue.place)?;
                let flags = (queue.durable, None, queue.auto_delete);
                let made = self.create_queue(cx, &queue.resource, flags, &queue.arguments, None);
                made.map_err(|refusal| queue.place.refused(&refusal, Some(&queue.arguments)))?;
            }
            count(is_new, &mut report, |counts| &mut counts.queues);
        }
        for binding in &definitions.bindings {
            match self.import_binding(cx, binding) {
                Ok(made) => count(made, &mut report, |counts| &mut counts.bindings),
                Err(reason) => report.left_out.push(LeftOut { path: binding.place.path.clone(), reason }),
            }
        }
        Ok(report)
    }

    fn check_vhost(&self, vhost: &Bytes, place: &read::Place) -> Result<(), Fault> {
        if self.vhosts.contains_key(vhost) {
            return Ok(());
        }
        let message = format!("Please create virtual host \"{vhost}\" prior to importing definitions.");
        Err(Fault { at: place.at, path: place.path.clone(), message })
    }

    /// Whether the binding is new, or why it cannot be.
    fn import_binding(&mut self, cx: &mut Cx<'_>, new: &read::NewBinding) -> Result<bool, Reason> {
        let read::NewBinding { source, destination, to_exchange, key, arguments, .. } = new;
        let refused = |refusal: error::Refusal| Reason::Refused(refusal.text);
        if source.name.is_empty() || *to_exchange && destination.name.is_empty() {
            return Err(Reason::Reserved(Bytes::default()));
        }
        let is_there =
            if *to_exchange { self.exchange(destination).is_some() } else { self.queue_at(destination).is_some() };
        let Some(exchange) = self.exchange(source) else { return Err(Reason::MissingEnd(source.clone(), true)) };
        if !is_there {
            return Err(Reason::MissingEnd(destination.clone(), *to_exchange));
        }
        exchange.exchange_type.check_binding(arguments).map_err(refused)?;
        if exchange.binding_count >= limits::BINDINGS_MAX {
            return Err(refused(error::resource_limit("bindings of an exchange", limits::BINDINGS_MAX)));
        }
        let end = if *to_exchange { Destination::Exchange } else { Destination::Queue };
        let binding = Binding::new(key.clone(), end(destination.name.clone()), arguments.clone());
        let is_new = self.exchange_mut(source).is_some_and(|exchange| exchange.bind(binding));
        if is_new {
            let (source, destination, to_exchange) = (source.clone(), destination.clone(), *to_exchange);
            cx.event(Event::Bound { source, destination, to_exchange, binding_key: key.clone() }, None);
        }
        Ok(is_new)
    }
}

fn count(is_new: bool, report: &mut ImportReport, which: impl Fn(&mut Counts) -> &mut u32) {
    *which(if is_new { &mut report.created } else { &mut report.existing }) += 1;
}
