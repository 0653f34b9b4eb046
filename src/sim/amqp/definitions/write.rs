//! The export: what RabbitMQ's own `GET /api/definitions` answers, in its order of fields.

use alloc::{format, rc::Rc, string::String, vec::Vec};

use super::json::{write_table, write_text};
use crate::amqp::broker::{Broker, Vhost};
use crate::amqp::exchange::{Binding, Destination, Exchange};
use crate::amqp::policy::Policy;
use crate::amqp::queue::Queue;
use crate::amqp::value::Table;
use crate::bytes::Bytes;

/// The version whose export this is.
const VERSION: &str = "3.10.8";

/// The virtual hosts of an export, each with the name its things carry; none in the file of a single one.
type Hosts<'a> = Vec<(Option<&'a Bytes>, &'a Vhost)>;

impl Broker {
    /// Everything that can be imported again, here or by `rabbitmqctl import_definitions`. Users and permissions are not in it: to import
    /// those would change who may do what.
    pub fn export_definitions(&self) -> String {
        let hosts: Hosts<'_> = self.vhosts.iter().map(|(name, vhost)| (Some(name), vhost)).collect();
        let mut out = format!(
            "{{\"rabbit_version\":\"{VERSION}\",\"rabbitmq_version\":\"{VERSION}\",\"product_name\":\"RabbitMQ\",\
             \"product_version\":\"{VERSION}\",\"users\":[],\"vhosts\":["
        );
        for (index, (name, vhost)) in self.vhosts.iter().enumerate() {
            out.push_str(if index == 0 { "{\"name\":" } else { ",{\"name\":" });
            write_text(&mut out, name);
            out.push_str(",\"metadata\":{\"description\":");
            write_text(&mut out, &vhost.description);
            out.push_str(",\"tags\":[");
            for (index, tag) in vhost.tags.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { "," });
                write_text(&mut out, tag);
            }
            out.push_str("]}}");
        }
        out.push_str("],\"permissions\":[],\"topic_permissions\":[],\"global_parameters\":[],");
        write_hosts(&mut out, &hosts);
        out
    }

    /// The same for one virtual host, whose things do not name it; none when there is no such virtual host.
    pub fn export_vhost_definitions(&self, vhost: &Bytes) -> Option<String> {
        let hosts = Vec::from([(None, self.vhosts.get(vhost)?)]);
        let mut out = format!("{{\"rabbit_version\":\"{VERSION}\",");
        write_hosts(&mut out, &hosts);
        Some(out)
    }
}

/// A field that is not the first.
fn text(out: &mut String, name: &str, value: &[u8]) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    write_text(out, value);
}

fn flag(out: &mut String, name: &str, value: bool) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str(if value { "\":true" } else { "\":false" });
}

fn table(out: &mut String, name: &str, value: &Table) {
    out.push_str(",\"");
    out.push_str(name);
    out.push_str("\":");
    write_table(out, value);
}

/// `"NAME":[...]`, each item written by a function that is told its virtual host.
fn section<'a, T: 'a, I: Iterator<Item = T>>(
    out: &mut String,
    name: &str,
    hosts: &Hosts<'a>,
    items: fn(&'a Vhost) -> I,
    write: impl Fn(&mut String, T, Option<&Bytes>),
) {
    out.push('"');
    out.push_str(name);
    out.push_str("\":[");
    let mut is_first = true;
    for (vhost_name, vhost) in hosts {
        for item in items(vhost) {
            out.push_str(if is_first { "{" } else { ",{" });
            is_first = false;
            write(out, item, *vhost_name);
            out.push('}');
        }
    }
    out.push(']');
}

fn named(out: &mut String, name: &[u8], vhost: Option<&Bytes>) {
    out.push_str("\"name\":");
    write_text(out, name);
    if let Some(vhost) = vhost {
        text(out, "vhost", vhost);
    }
}

fn write_hosts(out: &mut String, hosts: &Hosts<'_>) {
    section(
        out,
        "parameters",
        hosts,
        |vhost| vhost.policies.operator.values(),
        |out, policy, vhost| {
            named(out, &policy.name, vhost);
            out.push_str(",\"component\":\"operator_policy\",\"value\":{");
            policy_fields(out, policy);
            out.push('}');
        },
    );
    out.push(',');
    section(
        out,
        "policies",
        hosts,
        |vhost| vhost.policies.user.values(),
        |out, policy, vhost| {
            named(out, &policy.name, vhost);
            out.push(',');
            policy_fields(out, policy);
        },
    );
    out.push(',');
    section(out, "queues", hosts, queues, |out, queue, vhost| {
        named(out, &queue.resource.name, vhost);
        flag(out, "durable", queue.durable);
        flag(out, "auto_delete", queue.auto_delete);
        table(out, "arguments", &queue.arguments);
    });
    out.push(',');
    section(out, "exchanges", hosts, exchanges, |out, exchange, vhost| {
        named(out, &exchange.resource.name, vhost);
        text(out, "type", exchange.exchange_type.name().as_bytes());
        flag(out, "durable", exchange.durable);
        flag(out, "auto_delete", exchange.auto_delete);
        flag(out, "internal", exchange.internal);
        table(out, "arguments", &exchange.arguments);
    });
    out.push(',');
    write_bindings(out, hosts);
    out.push('}');
}

/// Exclusive queues are their connections' own.
fn queues(vhost: &Vhost) -> impl Iterator<Item = &Queue> {
    vhost.queues.values().map(Rc::as_ref).filter(|queue| queue.exclusive.is_none())
}

/// Those that somebody declared.
fn exchanges(vhost: &Vhost) -> impl Iterator<Item = &Exchange> {
    let is_own =
        |exchange: &&Exchange| !exchange.resource.name.is_empty() && !exchange.resource.name.starts_with(b"amq.");
    vhost.exchanges.values().map(Rc::as_ref).filter(is_own)
}

/// Source and binding. A binding of an exclusive queue would find no queue where it is imported.
fn bindings(vhost: &Vhost) -> impl Iterator<Item = (&Bytes, &Binding)> {
    let all = vhost
        .exchanges
        .values()
        .flat_map(|exchange| exchange.all_bindings().map(move |binding| (&exchange.resource.name, binding)));
    all.filter(|(_, binding)| match &binding.destination {
        Destination::Queue(name) => vhost.queues.get(name).is_some_and(|queue| queue.exclusive.is_none()),
        Destination::Exchange(_) => true,
    })
}

fn write_bindings(out: &mut String, hosts: &Hosts<'_>) {
    section(out, "bindings", hosts, bindings, |out, (source, binding), vhost| {
        out.push_str("\"source\":");
        write_text(out, source);
        if let Some(vhost) = vhost {
            text(out, "vhost", vhost);
        }
        text(out, "destination", binding.destination.name());
        text(out, "destination_type", if binding.destination.is_exchange() { b"exchange" } else { b"queue" });
        text(out, "routing_key", &binding.key);
        table(out, "arguments", &binding.arguments);
    });
}

fn policy_fields(out: &mut String, policy: &Policy) {
    out.push_str("\"pattern\":");
    write_text(out, &policy.pattern);
    text(out, "apply-to", policy.apply_to.name().as_bytes());
    table(out, "definition", &policy.definition);
    out.push_str(&format!(",\"priority\":{}", policy.priority));
}
