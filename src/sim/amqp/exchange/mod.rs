//! Exchanges and their bindings. `bind`, `unbind` and `route` exist once, here; a type only says which bindings match.

mod direct;
mod fanout;
mod headers;
pub mod topic;

use crate::sorted::{SortedMap, SortedSet, sort_by};
use alloc::{rc::Rc, vec::Vec};

use super::error::Refusal;
use super::event::{Decision, Event, Resource, Untold};
use super::limits::{DECISIONS_SHOWN, MATCHES_SHOWN};
use super::message::Message;
use super::policy::Applied;
use super::value::Table;
use crate::bytes::Bytes;

/// The types of exchange: one file each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExchangeType {
    /// The binding key equals the routing key.
    Direct,
    /// Every binding.
    Fanout,
    /// The binding key is a pattern of words.
    Topic,
    /// The binding's arguments are compared with the message's headers.
    Headers,
}

/// Type and name.
const TYPES: &[(ExchangeType, &str)] = &[
    (ExchangeType::Direct, "direct"),
    (ExchangeType::Fanout, "fanout"),
    (ExchangeType::Topic, "topic"),
    (ExchangeType::Headers, "headers"),
];

/// The exchanges that every virtual host has from the start; the last column is `internal`.
pub const PREDECLARED: &[(&str, ExchangeType, bool)] = &[
    ("", ExchangeType::Direct, false),
    ("amq.direct", ExchangeType::Direct, false),
    ("amq.fanout", ExchangeType::Fanout, false),
    ("amq.headers", ExchangeType::Headers, false),
    ("amq.match", ExchangeType::Headers, false),
    ("amq.rabbitmq.trace", ExchangeType::Topic, true),
    ("amq.topic", ExchangeType::Topic, false),
];

/// An exchange.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Exchange {
    /// Its virtual host and name.
    pub resource: Resource,
    /// Its type.
    pub exchange_type: ExchangeType,
    /// Whether it survives a restart.
    pub durable: bool,
    /// Whether it goes when its last binding goes.
    pub auto_delete: bool,
    /// Whether only other exchanges may send to it.
    pub internal: bool,
    /// The arguments as they were declared.
    pub arguments: Table,
    /// The policies in force.
    pub applied: Applied,
    /// The bindings that start here, by binding key and destination; those that differ in their arguments only, in the order they were made.
    pub bindings: SortedMap<Filed, Vec<Binding>>,
    /// The same by destination and key, so that a queue can go without all bindings being looked at.
    pub by_destination: SortedSet<(Destination, Bytes)>,
    /// How many there are.
    pub binding_count: u64,
}

/// A binding of one exchange.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Binding {
    /// The binding key.
    pub key: Bytes,
    /// Where it leads.
    pub destination: Destination,
    /// Its arguments, sorted by name: they are part of what the binding is.
    pub arguments: Table,
}

/// Where a binding is filed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Filed {
    /// Its key.
    pub key: Bytes,
    /// Where it leads.
    pub destination: Destination,
}

/// Where a binding leads.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Destination {
    /// A queue.
    Queue(Bytes),
    /// An exchange.
    Exchange(Bytes),
}

/// Where a message goes, and why.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// The queues that get one copy each, sorted by name.
    pub queues: Vec<Bytes>,
    /// The bindings that were looked at: all of them, where there are not too many.
    pub decisions: Vec<Decision>,
    /// The rest.
    pub untold: Untold,
    /// Direct reply-to addresses among the routing keys.
    pub replies: Vec<Bytes>,
    /// Whether some bindings that are not told may have looked at headers.
    pub untold_headers: bool,
}

impl Route {
    /// The event that tells it; the queues stay.
    pub fn event(&mut self, exchange: Resource, message: &Message) -> Event {
        let headers = message.properties.headers.clone().filter(|_| self.untold_headers);
        Event::Routed {
            message: message.id,
            exchange,
            decisions: core::mem::take(&mut self.decisions),
            untold: self.untold,
            queues: self.queues.clone(),
            keys: message.keys().cloned().collect(),
            headers: headers.map(alloc::boxed::Box::new),
        }
    }
}

/// How many bindings are told: those that match, and those that do not.
#[derive(Clone, Copy)]
struct Told {
    matches: usize,
    others: usize,
}

/// The routing keys that lead to a client instead of a queue begin so.
pub const REPLY_PREFIX: &[u8] = b"amq.rabbitmq.reply-to.";

impl ExchangeType {
    /// The type called `name`.
    pub fn from_name(name: &Bytes) -> Option<ExchangeType> {
        TYPES.iter().find(|(_, one)| *name == *one).map(|(exchange_type, _)| *exchange_type)
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        TYPES.iter().find(|(one, _)| *one == self).map_or("", |(_, name)| name)
    }

    fn matches(self, binding: &Binding, key: &Bytes, message: &Message) -> bool {
        match self {
            ExchangeType::Direct => direct::matches(binding, key),
            ExchangeType::Fanout => fanout::matches(binding),
            ExchangeType::Topic => topic::matches(binding, key),
            ExchangeType::Headers => headers::matches(binding, message),
        }
    }

    /// Checks the arguments of a binding.
    pub fn check_binding(self, arguments: &Table) -> Result<(), Refusal> {
        match self {
            ExchangeType::Direct | ExchangeType::Fanout | ExchangeType::Topic => Ok(()),
            ExchangeType::Headers => headers::check_binding(arguments),
        }
    }
}

impl Destination {
    /// The destination's name.
    pub fn name(&self) -> &Bytes {
        match self {
            Destination::Queue(name) | Destination::Exchange(name) => name,
        }
    }

    /// Whether it is an exchange.
    pub fn is_exchange(&self) -> bool {
        match self {
            Destination::Queue(_) => false,
            Destination::Exchange(_) => true,
        }
    }
}

impl Binding {
    /// A binding with its arguments in order.
    pub fn new(key: Bytes, destination: Destination, mut arguments: Table) -> Binding {
        sort_by(&mut arguments.0, |(a, _), (b, _)| a.cmp(b));
        Binding { key, destination, arguments }
    }

    fn filed(&self) -> Filed {
        Filed { key: self.key.clone(), destination: self.destination.clone() }
    }
}

impl Exchange {
    /// An exchange without bindings.
    pub fn new(resource: Resource, exchange_type: ExchangeType) -> Exchange {
        Exchange {
            resource,
            exchange_type,
            durable: true,
            auto_delete: false,
            internal: false,
            arguments: Table::default(),
            applied: Applied::default(),
            bindings: SortedMap::new(),
            by_destination: SortedSet::new(),
            binding_count: 0,
        }
    }

    /// Adds a binding; false when it is there already.
    pub fn bind(&mut self, binding: Binding) -> bool {
        let group = self.bindings.get_or_insert_with(binding.filed(), Default::default);
        if group.contains(&binding) {
            return false;
        }
        self.by_destination.insert((binding.destination.clone(), binding.key.clone()));
        group.push(binding);
        self.binding_count += 1;
        true
    }

    /// Removes a binding; false when there is none such.
    pub fn unbind(&mut self, binding: &Binding) -> bool {
        let filed = binding.filed();
        let Some(group) = self.bindings.get_mut(&filed) else { return false };
        let Some(at) = group.iter().position(|one| one == binding) else { return false };
        group.remove(at);
        if group.is_empty() {
            self.bindings.remove(&filed);
            self.by_destination.remove(&(filed.destination, filed.key));
        }
        self.binding_count -= 1;
        true
    }

    /// Whether there is such a binding.
    pub fn has(&self, binding: &Binding) -> bool {
        self.bindings.get(&binding.filed()).is_some_and(|group| group.contains(binding))
    }

    /// Removes and returns every binding that leads there.
    pub fn unbind_all(&mut self, destination: &Destination) -> Vec<Binding> {
        let keys: Vec<Bytes> = self.keys_to(destination).cloned().collect();
        let mut gone = Vec::new();
        for key in keys {
            let filed = Filed { key, destination: destination.clone() };
            gone.extend(self.bindings.get(&filed).into_iter().flatten().cloned());
        }
        for binding in &gone {
            self.unbind(binding);
        }
        gone
    }

    /// Whether any binding leads there.
    pub fn leads_to(&self, destination: &Destination) -> bool {
        self.keys_to(destination).next().is_some()
    }

    /// The keys of the bindings that lead there, each once.
    fn keys_to(&self, destination: &Destination) -> impl Iterator<Item = &Bytes> {
        let from = (destination.clone(), Bytes::default());
        let destination = destination.clone();
        self.by_destination.range(from..).take_while(move |(one, _)| *one == destination).map(|(_, key)| key)
    }

    /// The bindings with this key.
    fn with_key(&self, key: &Bytes) -> impl Iterator<Item = &Binding> {
        let from = Filed { key: key.clone(), destination: Destination::Queue(Bytes::default()) };
        let key = key.clone();
        self.bindings.range(from..).take_while(move |(filed, _)| filed.key == key).flat_map(|(_, group)| group)
    }

    /// The destinations of a message here, told binding by binding where there are not too many.
    fn destinations(&self, message: &Message, most: Told, route: &mut Route) -> SortedSet<Destination> {
        let mut found = SortedSet::new();
        let look = |binding: &Binding, matched: bool, route: &mut Route, found: &mut SortedSet<Destination>| {
            if matched {
                found.insert(binding.destination.clone());
            }
            let told = route.decisions.len() < if matched { most.matches } else { most.others };
            if !told {
                *(if matched { &mut route.untold.matched } else { &mut route.untold.others }) += 1;
                route.untold_headers |= self.exchange_type == ExchangeType::Headers;
                return;
            }
            let is_failed = !matched && self.exchange_type == ExchangeType::Headers;
            route.decisions.push(Decision {
                exchange: self.resource.name.clone(),
                destination: binding.destination.name().clone(),
                to_exchange: binding.destination.is_exchange(),
                binding_key: binding.key.clone(),
                matched,
                failed: if is_failed { headers::failed(binding, message) } else { Vec::new() },
            });
        };
        let has_many = self.binding_count > most.others as u64;
        let keys: SortedSet<Bytes> = match self.exchange_type {
            ExchangeType::Direct if has_many => message.keys().cloned().collect(),
            ExchangeType::Topic if has_many => topic::matching(self, message),
            ExchangeType::Direct | ExchangeType::Topic | ExchangeType::Fanout | ExchangeType::Headers => {
                for binding in self.bindings.values().flatten() {
                    let matched = message.keys().any(|key| self.exchange_type.matches(binding, key, message));
                    look(binding, matched, route, &mut found);
                }
                return found;
            }
        };
        // Only what matches is looked up: the rest is a number.
        let mut matched = 0;
        for binding in keys.iter().flat_map(|key| self.with_key(key)) {
            matched += 1;
            look(binding, true, route, &mut found);
        }
        route.untold.others += (self.binding_count - matched) as u32;
        found
    }
}

/// Routes a message from `start` on: through exchanges bound to exchanges, each visited once, and alternate exchanges where
/// nothing matched; one copy per queue however many ways lead there.
pub fn route<Q>(
    exchanges: &SortedMap<Bytes, Rc<Exchange>>,
    queues: &SortedMap<Bytes, Q>,
    start: &Exchange,
    message: &Message,
) -> Route {
    let most = Told { matches: MATCHES_SHOWN, others: DECISIONS_SHOWN };
    route_telling(exchanges, queues, start, message, most)
}

/// What every binding says to a message, of up to `most` bindings, and what is left untold: the answer to who asks why.
pub fn judge<Q>(
    exchanges: &SortedMap<Bytes, Rc<Exchange>>,
    queues: &SortedMap<Bytes, Q>,
    start: &Exchange,
    message: &Message,
    most: usize,
) -> (Vec<Decision>, Untold) {
    let route = route_telling(exchanges, queues, start, message, Told { matches: most, others: most });
    (route.decisions, route.untold)
}

fn route_telling<Q>(
    exchanges: &SortedMap<Bytes, Rc<Exchange>>,
    queues: &SortedMap<Bytes, Q>,
    start: &Exchange,
    message: &Message,
    most: Told,
) -> Route {
    let mut route = Route::default();
    if start.resource.name.is_empty() {
        default_route(queues, message, &mut route);
        return route;
    }
    let mut found = SortedSet::new();
    let mut seen = SortedSet::from([start.resource.name.clone()]);
    let mut work = Vec::from([start]);
    while let Some(exchange) = work.pop() {
        let mut destinations = exchange.destinations(message, most, &mut route);
        if destinations.is_empty()
            && let Some(name) = exchange.alternate()
        {
            let destination = Destination::Exchange(name.clone());
            route.decisions.push(Decision {
                exchange: exchange.resource.name.clone(),
                destination: name.clone(),
                to_exchange: true,
                binding_key: Bytes::from("alternate-exchange"),
                matched: exchanges.contains_key(name),
                failed: Vec::new(),
            });
            destinations.insert(destination);
        }
        for destination in destinations {
            match destination {
                Destination::Queue(name) => {
                    found.insert(name);
                }
                Destination::Exchange(name) => {
                    if let Some(next) = exchanges.get(&name)
                        && seen.insert(name)
                    {
                        work.push(next);
                    }
                }
            }
        }
    }
    route.queues = found.into_iter().filter(|name| queues.contains_key(name)).collect();
    route
}

/// The default exchange: every queue is bound to it by its name.
fn default_route<Q>(queues: &SortedMap<Bytes, Q>, message: &Message, route: &mut Route) {
    let keys: SortedSet<&Bytes> = message.keys().collect();
    for key in keys {
        if key.starts_with(REPLY_PREFIX) {
            route.replies.push(key.clone());
        } else if queues.contains_key(key) {
            route.queues.push(key.clone());
            route.decisions.push(Decision {
                exchange: Bytes::default(),
                destination: key.clone(),
                to_exchange: false,
                binding_key: key.clone(),
                matched: true,
                failed: Vec::new(),
            });
        }
    }
}
