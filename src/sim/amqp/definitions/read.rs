//! What definitions may hold: JSON becomes plain values, or a fault with its place.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use super::json::{Json, Kind};
use super::{Fault, LeftOut, Reason};
use crate::amqp::arguments::QueueType;
use crate::amqp::error::{self, Refusal};
use crate::amqp::event::Resource;
use crate::amqp::exchange::ExchangeType;
use crate::amqp::policy::{ApplyTo, Policy, PolicyError, has_no_effect};
use crate::amqp::value::{Table, Value};
use crate::bytes::Bytes;

/// The longest name: a short string of AMQP.
const NAME_MAX: usize = 255;

/// Where something stands.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub at: usize,
    pub path: String,
    /// Where its arguments stand, by name.
    arguments: Vec<(Bytes, usize)>,
}

pub(super) struct NewVhost {
    pub place: Place,
    pub name: Bytes,
    pub description: Bytes,
    pub tags: Vec<Bytes>,
}

pub(super) struct NewExchange {
    pub place: Place,
    pub resource: Resource,
    pub exchange_type: ExchangeType,
    pub durable: bool,
    pub auto_delete: bool,
    pub internal: bool,
    pub arguments: Table,
}

pub(super) struct NewQueue {
    pub place: Place,
    pub resource: Resource,
    pub durable: bool,
    pub auto_delete: bool,
    pub arguments: Table,
}

pub(super) struct NewBinding {
    pub place: Place,
    pub source: Resource,
    pub destination: Resource,
    pub to_exchange: bool,
    pub key: Bytes,
    pub arguments: Table,
}

/// A file that was understood.
#[derive(Default)]
pub(super) struct Definitions {
    pub vhosts: Vec<NewVhost>,
    pub exchanges: Vec<NewExchange>,
    /// Place, virtual host, policy, and whether it is an operator policy.
    pub policies: Vec<(Place, Bytes, Policy, bool)>,
    pub queues: Vec<NewQueue>,
    pub bindings: Vec<NewBinding>,
    pub left_out: Vec<LeftOut>,
    pub notes: Vec<LeftOut>,
}

impl Place {
    /// A refusal as a fault; one that names an argument stands at that argument.
    pub fn refused(&self, refusal: &Refusal, arguments: Option<&Table>) -> Fault {
        let text = refusal.text.text();
        let named = |name: &&(Bytes, Value)| text.contains(&format!("'{}'", name.0));
        let argument = arguments.and_then(|table| table.0.iter().find(named)).map(|(name, _)| name);
        let at =
            argument.and_then(|name| self.arguments.iter().find(|(one, _)| one == name)).map_or(self.at, |row| row.1);
        let path = argument.map_or_else(|| self.path.clone(), |name| format!("{}.arguments.{name}", self.path));
        Fault { at, path, message: text.into_owned() }
    }
}

/// One object of the file.
struct Item<'a> {
    json: &'a Json,
    path: String,
    vhost: Option<&'a Bytes>,
}

impl Item<'_> {
    fn fault<T>(&self, at: usize, field: &str, message: String) -> Result<T, Fault> {
        let dot = if field.is_empty() { "" } else { "." };
        Err(Fault { at, path: [&self.path, dot, field].concat(), message })
    }

    fn wrong<T>(&self, field: &str, found: &Json, expected: &str) -> Result<T, Fault> {
        self.fault(found.at, field, format!("expected {expected}, found {}", found.what()))
    }

    fn missing<T>(&self, field: &str) -> Result<T, Fault> {
        self.fault(self.json.at, "", format!("'{field}' is missing"))
    }

    fn text(&self, field: &str) -> Result<Bytes, Fault> {
        match self.json.get(field) {
            None => self.missing(field),
            Some(Json { kind: Kind::Text(text), .. }) => Ok(text.clone()),
            Some(other) => self.wrong(field, other, "a string"),
        }
    }

    fn name(&self, field: &str) -> Result<Bytes, Fault> {
        let name = self.text(field)?;
        if name.len() > NAME_MAX {
            let at = self.json.get(field).map_or(self.json.at, |json| json.at);
            return self.fault(at, field, format!("a name has at most {NAME_MAX} bytes, this one has {}", name.len()));
        }
        Ok(name)
    }

    fn flag(&self, field: &str, default: Option<bool>) -> Result<bool, Fault> {
        match (self.json.get(field), default) {
            (None, Some(default)) => Ok(default),
            (None, None) => self.missing(field),
            (Some(Json { kind: Kind::Bool(flag), .. }), _) => Ok(*flag),
            (Some(other), _) => self.wrong(field, other, "true or false"),
        }
    }

    fn vhost(&self) -> Result<Bytes, Fault> {
        match self.vhost {
            Some(vhost) => Ok(vhost.clone()),
            None => match self.json.get("vhost") {
                Some(_) => self.name("vhost"),
                None => {
                    let message = "Virtual host does not exist and is not specified in definitions file.";
                    self.fault(self.json.at, "", String::from(message))
                }
            },
        }
    }

    fn resource(&self, field: &str) -> Result<Resource, Fault> {
        Ok(Resource { vhost: self.vhost()?, name: self.name(field)? })
    }

    fn table(&self, field: &str) -> Result<Table, Fault> {
        match self.json.get(field) {
            None => Ok(Table::default()),
            Some(Json { kind: Kind::Object(fields), .. }) => self.fields(field, fields),
            // Erlang's empty list is an empty table as well.
            Some(Json { kind: Kind::Array(items), .. }) if items.is_empty() => Ok(Table::default()),
            Some(other) => self.wrong(field, other, "an object"),
        }
    }

    fn fields(&self, path: &str, fields: &[(Bytes, Json)]) -> Result<Table, Fault> {
        let mut table = Vec::new();
        for (name, value) in fields {
            let path = format!("{path}.{name}");
            if name.len() > NAME_MAX {
                return self.fault(value.at, &path, format!("a name has at most {NAME_MAX} bytes"));
            }
            table.push((name.clone(), self.value(&path, value)?));
        }
        // As RabbitMQ keeps them: its tables are maps.
        crate::sorted::sort_by(&mut table, |(a, _), (b, _): &(Bytes, Value)| a.cmp(b));
        Ok(Table(table))
    }

    fn value(&self, path: &str, json: &Json) -> Result<Value, Fault> {
        Ok(match &json.kind {
            Kind::Null => return self.fault(json.at, path, String::from("null_not_allowed")),
            Kind::Bool(flag) => Value::Bool(*flag),
            Kind::Int(number) => Value::I64(*number),
            Kind::Float(bits) => Value::F64(*bits),
            Kind::Text(text) => Value::LongStr(text.clone()),
            Kind::Array(items) => {
                let mut values = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    values.push(self.value(&format!("{path}[{index}]"), item)?);
                }
                Value::Array(values)
            }
            Kind::Object(fields) => Value::Table(Box::new(self.fields(path, fields)?)),
        })
    }

    fn place(&self) -> Place {
        let mut arguments = Vec::new();
        if let Some(Json { kind: Kind::Object(fields), .. }) = self.json.get("arguments") {
            arguments.extend(fields.iter().map(|(name, value)| (name.clone(), value.at)));
        }
        Place { at: self.json.at, path: self.path.clone(), arguments }
    }
}

/// The parts of a file that say nothing about what is in it.
const HEAD: &[&str] = &["rabbit_version", "rabbitmq_version", "product_name", "product_version", "original_vhost_name"];
/// The parts that hold things of virtual hosts.
const OF_VHOSTS: &[&str] = &["parameters", "policies", "queues", "exchanges", "bindings"];

/// Whether this is the file of one virtual host: it lists none, and nothing in it names one.
pub(super) fn names_no_vhost(json: &Json) -> bool {
    let items = |section: &&str| match json.get(section).map(|json| &json.kind) {
        Some(Kind::Array(items)) => items.as_slice(),
        _ => &[],
    };
    json.get("vhosts").is_none() && OF_VHOSTS.iter().flat_map(items).all(|item| item.get("vhost").is_none())
}

/// Understands a file.
pub(super) fn read(json: &Json, vhost: Option<&Bytes>) -> Result<Definitions, Fault> {
    let Kind::Object(sections) = &json.kind else {
        let message = format!("expected an object, found {}", json.what());
        return Err(Fault { at: json.at, path: String::new(), message });
    };
    let mut definitions = Definitions::default();
    for (name, section) in sections {
        let name = name.text();
        let whole_node = ["users", "vhosts", "permissions", "topic_permissions", "global_parameters"];
        let take: fn(&Item<'_>, &mut Definitions) -> Result<(), Fault> = match &*name {
            _ if HEAD.contains(&&*name) => continue,
            "vhosts" if vhost.is_none() => read_vhost,
            "exchanges" => read_exchange,
            "queues" => read_queue,
            "bindings" => read_binding,
            "policies" => |item, all| read_policy(item, item, false, all),
            "parameters" => read_parameter,
            "global_parameters" if vhost.is_none() => |item, all| {
                all.left_out
                    .push(LeftOut { path: item.path.clone(), reason: Reason::GlobalParameter(item.name("name")?) });
                Ok(())
            },
            _ if whole_node.contains(&&*name) => {
                let count = if let Kind::Array(items) = &section.kind { items.len() as u32 } else { 0 };
                let reason = if vhost.is_some() { Reason::OneVhost } else { Reason::Access(count) };
                if count > 0 {
                    definitions.left_out.push(LeftOut { path: name.into_owned(), reason });
                }
                continue;
            }
            _ => {
                definitions.left_out.push(LeftOut { path: name.into_owned(), reason: Reason::Unknown });
                continue;
            }
        };
        let Kind::Array(items) = &section.kind else {
            let message = format!("expected an array, found {}", section.what());
            return Err(Fault { at: section.at, path: name.into_owned(), message });
        };
        for (index, json) in items.iter().enumerate() {
            let item = Item { json, path: format!("{name}[{index}]"), vhost };
            if !matches!(json.kind, Kind::Object(_)) {
                return item.wrong("", json, "an object");
            }
            take(&item, &mut definitions)?;
        }
    }
    Ok(definitions)
}

fn read_vhost(item: &Item<'_>, all: &mut Definitions) -> Result<(), Fault> {
    let metadata = item.json.get("metadata").unwrap_or(item.json);
    let text = |field: &str| [item.json, metadata].iter().find_map(|json| json.get(field)).map(|json| &json.kind);
    let description = match text("description") {
        Some(Kind::Text(text)) => text.clone(),
        _ => Bytes::default(),
    };
    // `rabbitmqctl` writes the tags as a list or as one string with commas.
    let tags = match text("tags") {
        Some(Kind::Text(text)) => {
            text.split(|byte| *byte == b',').filter(|tag| !tag.is_empty()).map(Bytes::from).collect()
        }
        Some(Kind::Array(items)) => items
            .iter()
            .filter_map(|item| if let Kind::Text(text) = &item.kind { Some(text.clone()) } else { None })
            .collect(),
        _ => Vec::new(),
    };
    if let Some(Json { kind: Kind::Array(limits), .. }) = item.json.get("limits")
        && !limits.is_empty()
    {
        all.left_out.push(LeftOut { path: [&item.path, ".limits"].concat(), reason: Reason::Limits });
    }
    all.vhosts.push(NewVhost { place: item.place(), name: item.name("name")?, description, tags });
    Ok(())
}

fn read_exchange(item: &Item<'_>, all: &mut Definitions) -> Result<(), Fault> {
    let resource = item.resource("name")?;
    let type_name = item.name("type")?;
    if resource.name.is_empty() || resource.name.starts_with(b"amq.") {
        all.left_out.push(LeftOut { path: item.path.clone(), reason: Reason::Reserved(resource.name) });
        return Ok(());
    }
    let Some(exchange_type) = ExchangeType::from_name(&type_name) else {
        let at = item.json.get("type").map_or(item.json.at, |json| json.at);
        return item.fault(at, "type", error::exchange_type(&type_name).text.text().into_owned());
    };
    let (durable, auto_delete) = (item.flag("durable", None)?, item.flag("auto_delete", None)?);
    let (internal, arguments) = (item.flag("internal", Some(false))?, item.table("arguments")?);
    all.exchanges.push(NewExchange {
        place: item.place(),
        resource,
        exchange_type,
        durable,
        auto_delete,
        internal,
        arguments,
    });
    Ok(())
}

fn read_queue(item: &Item<'_>, all: &mut Definitions) -> Result<(), Fault> {
    let resource = item.resource("name")?;
    let (durable, auto_delete) = (item.flag("durable", None)?, item.flag("auto_delete", None)?);
    let arguments = item.table("arguments")?;
    if resource.name.is_empty() || resource.name.starts_with(b"amq.") {
        all.left_out.push(LeftOut { path: item.path.clone(), reason: Reason::Reserved(resource.name) });
        return Ok(());
    }
    if QueueType::of(&arguments) == QueueType::Stream {
        all.notes.push(LeftOut { path: item.path.clone(), reason: Reason::Stream });
    }
    all.queues.push(NewQueue { place: item.place(), resource, durable, auto_delete, arguments });
    Ok(())
}

fn read_binding(item: &Item<'_>, all: &mut Definitions) -> Result<(), Fault> {
    let kind = item.text("destination_type")?;
    let to_exchange = *kind == *b"exchange";
    if !to_exchange && *kind != *b"queue" {
        let at = item.json.get("destination_type").map_or(item.json.at, |json| json.at);
        return item.fault(at, "destination_type", format!("expected queue or exchange, found '{kind}'"));
    }
    all.bindings.push(NewBinding {
        place: item.place(),
        source: item.resource("source")?,
        destination: item.resource("destination")?,
        to_exchange,
        key: item.name("routing_key")?,
        arguments: item.table("arguments")?,
    });
    Ok(())
}

/// A policy: its name and virtual host are those of `outer`, the rest stands in `inner`.
fn read_policy(outer: &Item<'_>, inner: &Item<'_>, operator: bool, all: &mut Definitions) -> Result<(), Fault> {
    let (vhost, name) = (outer.vhost()?, outer.name("name")?);
    let pattern = inner.text("pattern")?;
    let definition = match inner.json.get("definition") {
        // `rabbitmqctl` exports an operator policy as pairs, which it cannot import itself.
        Some(Json { kind: Kind::Array(pairs), .. }) => {
            let mut fields = Vec::new();
            for pair in pairs {
                match &pair.kind {
                    Kind::Array(items) if items.len() == 2 => match &items[0].kind {
                        Kind::Text(name) => fields.push((name.clone(), items[1].clone())),
                        _ => return inner.wrong("definition", &items[0], "a key"),
                    },
                    _ => return inner.wrong("definition", pair, "a key and its value"),
                }
            }
            inner.fields("definition", &fields)?
        }
        _ => inner.table("definition")?,
    };
    let priority = match inner.json.get("priority") {
        None => 0,
        Some(Json { kind: Kind::Int(number), .. }) => *number,
        Some(other) => return inner.wrong("priority", other, "a whole number"),
    };
    let apply_to = match inner.json.get("apply-to") {
        None => ApplyTo::All,
        Some(json) => {
            let text = inner.text("apply-to")?;
            match ApplyTo::from_name(&text) {
                Some(apply_to) => apply_to,
                None => {
                    let message = format!("apply-to '{text}' unrecognised; should be 'queues', 'exchanges' or 'all'");
                    return inner.fault(json.at, "apply-to", message);
                }
            }
        }
    };
    match Policy::new(name, pattern, definition, priority, apply_to, operator) {
        Ok(policy) => {
            for (key, _) in policy.definition.0.iter().filter(|(key, _)| has_no_effect(key)) {
                all.notes.push(LeftOut { path: format!("{}.definition.{key}", inner.path), reason: Reason::NoEffect });
            }
            all.policies.push((outer.place(), vhost, policy, operator));
            Ok(())
        }
        Err(PolicyError::Unsupported(what)) => {
            all.left_out.push(LeftOut { path: outer.path.clone(), reason: Reason::Unsupported(what) });
            Ok(())
        }
        Err(PolicyError::Invalid(words)) => outer.fault(outer.json.at, "", words),
    }
}

fn read_parameter(item: &Item<'_>, all: &mut Definitions) -> Result<(), Fault> {
    let component = item.text("component")?;
    if component == "operator_policy" || component == "policy" {
        let Some(value) = item.json.get("value") else { return item.missing("value") };
        let inner = Item { json: value, path: [&item.path, ".value"].concat(), vhost: item.vhost };
        return read_policy(item, &inner, component == "operator_policy", all);
    }
    item.name("name")?;
    all.left_out.push(LeftOut { path: item.path.clone(), reason: Reason::Parameter(component) });
    Ok(())
}
