//! Policies and operator policies (RabbitMQ documentation, "Parameters and Policies"): what they may say, whom they concern, and what
//! is in force where arguments, policy and operator policy speak of the same thing.

mod mirroring;
pub mod pattern;

use alloc::{format, rc::Rc, string::String, vec::Vec};

use self::pattern::{Pattern, PatternError};
use super::arguments::{QueueType, is_max_age};
use super::broker::{Broker, Cx};
use super::error;
use super::event::{Event, Resource};
use super::exchange::Exchange;
use super::queue::Queue;
use super::value::{Table, Value};
use crate::bytes::Bytes;
use crate::sorted::{SortedMap, sort_by};

/// Policies of one virtual host. A thousand is far more than anybody can oversee.
pub const POLICIES_MAX: usize = 1_000;

/// A policy or an operator policy.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Its name, unique among those of its kind in a virtual host.
    pub name: Bytes,
    /// The pattern as it was written.
    pub pattern: Bytes,
    /// The pattern as it is matched.
    pub compiled: Pattern,
    /// Which things it can concern.
    pub apply_to: ApplyTo,
    /// Keys and values.
    pub definition: Table,
    /// Of several that match, the highest is in force, alone; of equals the first by name (to RabbitMQ it is any of them).
    pub priority: i64,
}

/// Which things a policy can concern.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ApplyTo {
    /// Queues and exchanges.
    #[default]
    All,
    /// Queues only.
    Queues,
    /// Exchanges only.
    Exchanges,
}

/// Why a policy cannot be set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyError {
    /// RabbitMQ refuses it too; its words.
    Invalid(String),
    /// RabbitMQ would take it, this broker cannot; what it lacks.
    Unsupported(String),
}

/// Name and value in files and commands.
const APPLY_TO: &[(&str, ApplyTo)] =
    &[("all", ApplyTo::All), ("queues", ApplyTo::Queues), ("exchanges", ApplyTo::Exchanges)];

impl ApplyTo {
    /// The value called `name`.
    pub fn from_name(name: &[u8]) -> Option<ApplyTo> {
        APPLY_TO.iter().find(|(one, _)| one.as_bytes() == name).map(|(_, apply_to)| *apply_to)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        APPLY_TO.iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }
}

/// What a key's value must be; `Err` is what RabbitMQ calls it.
#[derive(Clone, Copy)]
enum Wants {
    Text(&'static str),
    /// A whole number from the second on.
    From(&'static str, i64),
    OneOf(&'static str, &'static [&'static str]),
    Version,
    MaxAge,
    SegmentSize,
    /// See [`mirroring`]: a single node has no use for it.
    Anything,
}

/// A row: the key, what it wants, whether operators may set it, and the queue types it can concern (classic, quorum, stream).
type Row = (&'static str, Wants, bool, [bool; 3]);

const KEYS: &[Row] = &[
    ("alternate-exchange", Wants::Text("alternate exchange name"), false, [true, true, true]),
    ("dead-letter-exchange", Wants::Text("dead letter exchange name"), false, [true, true, false]),
    ("dead-letter-routing-key", Wants::Text("dead letter routing key"), false, [true, true, false]),
    (
        "dead-letter-strategy",
        Wants::OneOf("dead letter strategy", &["at-most-once", "at-least-once"]),
        false,
        [false, true, false],
    ),
    ("message-ttl", Wants::From("message TTL", 0), true, [true, true, false]),
    ("expires", Wants::From("queue expiry", 1), true, [true, true, false]),
    ("max-length", Wants::From("maximum length", 0), true, [true, true, false]),
    ("max-length-bytes", Wants::From("maximum length in bytes", 0), true, [true, true, true]),
    ("max-in-memory-length", Wants::From("maximum memory in bytes", 0), true, [true, true, false]),
    ("max-in-memory-bytes", Wants::From("maximum memory in bytes", 0), true, [true, true, false]),
    ("queue-mode", Wants::OneOf("queue-mode value", &["default", "lazy"]), false, [true, false, false]),
    ("queue-version", Wants::Version, false, [true, true, true]),
    (
        "overflow",
        Wants::OneOf("overflow value", &["drop-head", "reject-publish", "reject-publish-dlx"]),
        false,
        [true, true, false],
    ),
    ("delivery-limit", Wants::From("delivery limit", 0), true, [false, true, false]),
    ("max-age", Wants::MaxAge, false, [false, false, true]),
    ("stream-max-segment-size-bytes", Wants::SegmentSize, false, [false, false, true]),
    (
        "queue-leader-locator",
        Wants::OneOf("queue leader locator value", &["client-local", "balanced", "random", "least-leaders"]),
        false,
        [false, true, true],
    ),
    ("initial-cluster-size", Wants::From("cluster size", 0), false, [false, false, true]),
    ("ha-mode", Wants::Anything, false, [true, false, false]),
    ("ha-params", Wants::Anything, false, [true, false, false]),
    ("ha-sync-mode", Wants::Anything, false, [true, false, false]),
    ("ha-sync-batch-size", Wants::Anything, false, [true, true, true]),
    ("ha-promote-on-shutdown", Wants::Anything, false, [true, false, false]),
    ("ha-promote-on-failure", Wants::Anything, false, [true, false, false]),
    ("queue-master-locator", Wants::Anything, false, [true, false, false]),
];

/// Keys that only plugins know: a broker without the plugin refuses the policy.
const PLUGIN_KEYS: &[&str] = &["federation-upstream", "federation-upstream-set", "federation-upstream-pattern"];

/// Whether a key is known and does nothing on a single node.
pub fn has_no_effect(key: &Bytes) -> bool {
    KEYS.iter().any(|row| *key == row.0 && matches!(row.1, Wants::Anything))
        || ["max-in-memory-length", "max-in-memory-bytes", "queue-mode", "queue-version", "queue-leader-locator"]
            .iter()
            .any(|name| *key == *name)
        || ["initial-cluster-size", "stream-max-segment-size-bytes"].iter().any(|name| *key == *name)
}

impl Wants {
    fn check(self, value: &Value) -> Result<(), String> {
        let number = value.as_int();
        let (is_right, what) = match self {
            Wants::Anything => (true, ""),
            Wants::Text(what) => (value.as_long_str().is_some(), what),
            Wants::From(what, least) => (number.is_some_and(|n| n >= least), what),
            Wants::OneOf(what, names) => {
                (value.as_long_str().is_some_and(|text| names.iter().any(|name| *text == *name)), what)
            }
            Wants::Version => (matches!(number, Some(1 | 2)), "queue-version value"),
            Wants::MaxAge => (value.as_long_str().is_some_and(is_max_age), "max age"),
            Wants::SegmentSize => (number.is_some_and(|n| (0..=3_000_000_000).contains(&n)), "segment size"),
        };
        if is_right { Ok(()) } else { Err(format!("{} is not a valid {what}", error::term(value))) }
    }
}

impl Policy {
    /// A policy that was checked as RabbitMQ checks it.
    ///
    /// # Errors
    /// What is wrong with it, in RabbitMQ's words, or what this broker does not support.
    pub fn new(
        name: Bytes,
        pattern: Bytes,
        definition: Table,
        priority: i64,
        apply_to: ApplyTo,
        operator: bool,
    ) -> Result<Policy, PolicyError> {
        let invalid = |text: String| Err(PolicyError::Invalid(text));
        let compiled = match Pattern::parse(&pattern) {
            Ok(compiled) => compiled,
            Err(PatternError::Invalid(words, at)) => {
                return invalid(format!("pattern should be regular expression but is invalid: {{\"{words}\",{at}}}"));
            }
            Err(PatternError::Unsupported(what)) => {
                return Err(PolicyError::Unsupported(format!(
                    "the pattern has {what}, which this broker cannot match"
                )));
            }
        };
        if definition.is_empty() {
            return invalid(String::from("no policy provided"));
        }
        let mut unknown = Vec::new();
        for (key, value) in &definition.0 {
            let row = KEYS.iter().find(|row| *key == row.0 && (row.2 || !operator));
            match row {
                Some(row) => row.1.check(value).map_err(PolicyError::Invalid)?,
                None if PLUGIN_KEYS.iter().any(|name| *key == *name) => {
                    return Err(PolicyError::Unsupported(format!(
                        "'{key}' needs a plugin that this broker does not have"
                    )));
                }
                None => unknown.push(format!("{{<<\"{key}\">>,{}}}", error::term(value))),
            }
        }
        if !operator {
            mirroring::check(&definition).map_err(PolicyError::Invalid)?;
        }
        if !unknown.is_empty() {
            // What does not fit into a line is broken into several, as Erlang prints lists.
            let one_line = unknown.join(",");
            let list = if one_line.chars().count() > 76 { unknown.join(",\n ") } else { one_line };
            return invalid(format!("[{list}] are not recognised policy settings"));
        }
        Ok(Policy { name, pattern, compiled, apply_to, definition, priority })
    }

    fn matches(&self, name: &Bytes, of_type: Option<QueueType>) -> bool {
        let is_meant = match of_type {
            None => self.apply_to != ApplyTo::Queues,
            Some(_) => self.apply_to != ApplyTo::Exchanges,
        };
        // A policy with a single key that this type of queue does not have leaves the queue alone altogether.
        let can_apply = |(key, _): &(Bytes, Value)| {
            of_type.is_none_or(|of_type| KEYS.iter().any(|row| *key == row.0 && row.3[of_type as usize]))
        };
        is_meant && self.definition.0.iter().all(can_apply) && self.compiled.matches(name)
    }
}

/// The policies of a virtual host, by name: those of users, and those of operators.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Policies {
    /// Policies.
    pub user: SortedMap<Bytes, Rc<Policy>>,
    /// Operator policies.
    pub operator: SortedMap<Bytes, Rc<Policy>>,
}

/// What is in force for one queue or exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Applied {
    /// The policy's name.
    pub policy: Option<Bytes>,
    /// The operator policy's name.
    pub operator: Option<Bytes>,
    /// Both definitions merged: of two numbers the smaller one.
    pub definition: Table,
}

impl Policies {
    /// What is in force for a queue (of a type) or an exchange (none) of this name.
    pub fn applied(&self, name: &Bytes, of_type: Option<QueueType>) -> Applied {
        let user = best(&self.user, name, of_type);
        let operator = best(&self.operator, name, of_type);
        let mut definition = user.map_or_else(Table::default, |policy| policy.definition.clone());
        for (key, limit) in operator.map(|policy| &policy.definition.0).into_iter().flatten() {
            match definition.0.iter_mut().find(|(other, _)| other == key) {
                Some((_, value)) if value.as_int() > limit.as_int() => *value = limit.clone(),
                Some(_) => {}
                None => definition.0.push((key.clone(), limit.clone())),
            }
        }
        let name_of = |policy: &Policy| policy.name.clone();
        Applied { policy: user.map(name_of), operator: operator.map(name_of), definition }
    }
}

fn best<'a>(
    policies: &'a SortedMap<Bytes, Rc<Policy>>,
    name: &Bytes,
    of_type: Option<QueueType>,
) -> Option<&'a Policy> {
    let mut matching: Vec<&Policy> =
        policies.values().map(Rc::as_ref).filter(|policy| policy.matches(name, of_type)).collect();
    sort_by(&mut matching, |a, b| b.priority.cmp(&a.priority));
    matching.first().copied()
}

impl Broker {
    /// Sets a policy, or replaces the one of its name. What it changes is in force at once.
    pub fn set_policy(&mut self, cx: &mut Cx<'_>, vhost: &Bytes, policy: Policy, operator: bool) {
        let Some(host) = self.vhosts.get_mut(vhost) else { return };
        let name = policy.name.clone();
        let list = if operator { &mut host.policies.operator } else { &mut host.policies.user };
        if list.len() >= POLICIES_MAX && !list.contains_key(&name) {
            return;
        }
        list.insert(name.clone(), Rc::new(policy));
        let event = cx.event(Event::PolicySet { vhost: vhost.clone(), name, operator }, None);
        self.apply_policies(cx, vhost, event);
    }

    /// Clears a policy; whether it was there.
    pub fn clear_policy(&mut self, cx: &mut Cx<'_>, vhost: &Bytes, name: &Bytes, operator: bool) -> bool {
        let Some(host) = self.vhosts.get_mut(vhost) else { return false };
        let list = if operator { &mut host.policies.operator } else { &mut host.policies.user };
        if list.remove(name).is_none() {
            return false;
        }
        let event = cx.event(Event::PolicyCleared { vhost: vhost.clone(), name: name.clone(), operator }, None);
        self.apply_policies(cx, vhost, event);
        true
    }

    /// Brings every queue and exchange of a virtual host under the policies there are now.
    fn apply_policies(&mut self, cx: &mut Cx<'_>, vhost: &Bytes, cause: u32) {
        let Some(host) = self.vhosts.get(vhost) else { return };
        let policies = host.policies.clone();
        let exchanges: Vec<Resource> = host.exchanges.values().map(|exchange| exchange.resource.clone()).collect();
        let queues: Vec<Resource> = host.queues.values().map(|queue| queue.resource.clone()).collect();
        for resource in exchanges {
            let applied = policies.applied(&resource.name, None);
            if self.exchange(&resource).is_some_and(|exchange| exchange.applied != applied)
                && let Some(exchange) = self.exchange_mut(&resource)
            {
                exchange.applied = applied;
                let event = applied_event(resource, true, &exchange.applied);
                cx.event(event, Some(cause));
            }
        }
        for resource in queues {
            let Some(queue) = self.queue_at(&resource) else { continue };
            let applied = policies.applied(&resource.name, Some(queue.settings.queue_type));
            if queue.applied != applied {
                let event = cx.event(applied_event(resource.clone(), false, &applied), Some(cause));
                self.change_settings(cx, &resource, applied, event);
            }
        }
    }

    /// A queue comes under another policy, in the order of `rabbit_amqqueue_process:process_args_policy`: what is too much is dropped while
    /// the old overflow rule still holds, then again under the new one, then what has expired goes.
    fn change_settings(&mut self, cx: &mut Cx<'_>, resource: &Resource, applied: Applied, cause: u32) {
        let Some(queue) = self.queue_mut(resource) else { return };
        let mut settings = super::arguments::Settings::of(&queue.arguments, &applied.definition);
        // A quorum queue takes all of it at once.
        let old = if queue.is_quorum() { settings.overflow } else { queue.settings.overflow };
        let overflow = core::mem::replace(&mut settings.overflow, old);
        queue.applied = applied;
        let (kept, keeps) = (queue.settings.at_least_once, settings.at_least_once);
        queue.settings = settings;
        if kept && !keeps {
            self.drop_letters(cx, resource, cause);
        }
        let Some(queue) = self.queue_mut(resource) else { return };
        queue.expires_ms = None;
        self.restart_expiry(cx, resource);
        self.drop_overflow(cx, resource, Some(cause));
        if let Some(queue) = self.queue_mut(resource) {
            queue.settings.overflow = overflow;
        }
        self.drop_overflow(cx, resource, Some(cause));
        self.expire_all(cx, resource);
        if kept && keeps {
            self.retry_letters(cx, resource);
            self.send_letters(cx, resource);
        }
    }
}

/// The event that tells under which policies something is now.
pub(super) fn applied_event(resource: Resource, to_exchange: bool, applied: &Applied) -> Event {
    let Applied { policy, operator, .. } = applied.clone();
    Event::PolicyApplied { resource, to_exchange, policy, operator }
}

impl Exchange {
    /// The exchange that gets what this one cannot route: from the arguments, else from the policy.
    pub fn alternate(&self) -> Option<&Bytes> {
        let name =
            self.arguments.get("alternate-exchange").or_else(|| self.applied.definition.get("alternate-exchange"));
        name.and_then(Value::as_long_str)
    }
}

impl Queue {
    /// Whether a setting comes from a policy rather than from the declaration.
    pub fn is_from_policy(&self, key: &str) -> bool {
        self.applied.definition.get(key).is_some() && self.arguments.get(&["x-", key].concat()).is_none()
    }
}
