//! The broker's things as RabbitMQ's management shows them.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};
use warren_sim::amqp::broker::DEFAULT_VHOST;
use warren_sim::amqp::exchange::{Binding, Destination, Exchange};
use warren_sim::amqp::policy::pattern::Pattern;
use warren_sim::bytes::Bytes;

use super::answer::Answer;
use super::columns::columns;
use super::phash2::args_hash;
use super::route::Call;
use super::table::from_table;
use crate::amqp::counts::Named;
use crate::amqp::node::{CLUSTER, Node};

/// The node's name.
pub const NODE: &str = CLUSTER;

/// What is escaped in the name of a binding.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.');

/// A name as text.
pub fn text(bytes: &Bytes) -> String {
    bytes.text().into_owned()
}

/// Counts as they are shown, each with a rate: nothing here is measured over time.
pub fn counted(named: Named) -> Map<String, Value> {
    let pairs = named.into_iter().flat_map(|(name, count)| {
        [(name.to_string(), count.into()), (format!("{name}_details"), json!({"rate": 0.0}))]
    });
    pairs.collect()
}

/// A moment, in ms since 1970, as RabbitMQ writes it. The calendar is Howard Hinnant's ("chrono-Compatible Low-Level Date Algorithms").
pub fn moment(ms: u64) -> String {
    let (day, in_day) = (ms / 86_400_000, ms % 86_400_000);
    let day = day + 719_468;
    let (era, of_era) = (day / 146_097, day % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let (day, month) = (of_year - (153 * month + 2) / 5 + 1, if month < 10 { month + 3 } else { month - 9 });
    let year = era * 400 + year + u64::from(month <= 2);
    let (hours, minutes, seconds) = (in_day / 3_600_000, in_day / 60_000 % 60, in_day / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hours:02}:{minutes:02}:{seconds:02}.{:03}+00:00", in_day % 1000)
}

/// A list as the query wants it: some columns, in some order.
pub fn listed(call: &Call<'_>, mut items: Vec<Value>) -> Value {
    sort(call, &mut items);
    items.into_iter().map(|item| columns(call, item)).collect()
}

fn sort(call: &Call<'_>, items: &mut [Value]) {
    let Some(field) = call.asked("sort") else { return };
    let at = |item: &Value| field.split('.').fold(item.clone(), |value, name| value[name].clone());
    items.sort_by(|one, other| {
        let (one, other) = (at(one), at(other));
        let numbers = one.as_f64().zip(other.as_f64()).map(|(one, other)| one.total_cmp(&other));
        numbers.unwrap_or_else(|| one.as_str().cmp(&other.as_str()))
    });
    if call.is_asked("sort_reverse") {
        items.reverse();
    }
}

/// The same, or one page of it.
pub fn page(call: &Call<'_>, mut items: Vec<Value>) -> Result<Value, Answer> {
    let Some(page) = call.asked("page") else { return Ok(listed(call, items)) };
    let wrong = || Answer::bad_request("Pagination parameters are invalid");
    let number = |text: &str| text.parse::<i64>().map_err(|_| wrong());
    let (page, asked_size) = (number(&page)?, call.asked("page_size").map(|size| number(&size)).transpose()?);
    let page_size = asked_size.unwrap_or(100);
    if page < 1 || !(1..=500).contains(&page_size) {
        let size = asked_size.map_or("undefined".to_string(), |size| size.to_string());
        let reason = format!("Invalid pagination parameters: page number {page}, page size {size}");
        return Err(Answer::no_such_page("invalid_pagination_parameters", reason));
    }
    let (page, page_size) = (page as usize, page_size as usize);
    let total_count = items.len();
    let wanted = call.asked("name").unwrap_or_default();
    // The patterns are those of policies.
    let pattern =
        call.is_asked("use_regex").then(|| Pattern::parse(wanted.as_bytes()).map_err(|_| wrong())).transpose()?;
    let is_wanted = |item: &Value| match (item["name"].as_str(), &pattern) {
        (None, _) => true,
        (Some(name), None) => name.contains(&wanted),
        (Some(name), Some(pattern)) => pattern.matches(name.as_bytes()),
    };
    sort(call, &mut items);
    let filtered: Vec<Value> = items.into_iter().filter(is_wanted).collect();
    let filtered_count = filtered.len();
    if page > filtered_count.div_ceil(page_size).max(1) {
        let reason = format!("Page out of range, page: {page} page size: {page_size}, len: {filtered_count}");
        return Err(Answer::no_such_page("page_out_of_range", reason));
    }
    let shown = filtered.into_iter().skip((page - 1) * page_size).take(page_size);
    let items: Vec<Value> = shown.map(|item| columns(call, item)).collect();
    Ok(json!({
        "filtered_count": filtered_count, "item_count": items.len(), "items": items, "page": page,
        "page_count": filtered_count.div_ceil(page_size).max(1), "page_size": page_size, "total_count": total_count,
    }))
}

/// The exchange behind a name in a path: the one without a name is called so there.
pub fn exchange_name(name: &str) -> &str {
    if name == "amq.default" { "" } else { name }
}

/// The exchanges of a virtual host, or all.
pub fn exchanges(call: &Call<'_>, vhost: Option<&str>) -> Vec<Value> {
    let node = call.node;
    let mut shown: Vec<Value> = node.read(|broker| {
        let wanted = broker.exchanges().filter(|exchange| vhost.is_none_or(|vhost| exchange.resource.vhost == *vhost));
        wanted.map(|exchange| of_exchange(node, exchange)).collect()
    });
    if call.is_asked("disable_stats") {
        shown.iter_mut().filter_map(Value::as_object_mut).for_each(|one| drop(one.remove("message_stats")));
    }
    shown
}

/// One exchange.
pub fn exchange(node: &Node, vhost: &str, name: &str) -> Option<Value> {
    let name = exchange_name(name);
    node.read(|broker| {
        let is_it = |exchange: &&Exchange| exchange.resource.vhost == *vhost && exchange.resource.name == *name;
        let mut shown = of_exchange(node, broker.exchanges().find(is_it)?);
        shown["incoming"] = json!([]);
        shown["outgoing"] = json!([]);
        Some(shown)
    })
}

fn of_exchange(node: &Node, exchange: &Exchange) -> Value {
    let name = text(&exchange.resource.name);
    let is_from_the_start = exchange.resource.vhost == *DEFAULT_VHOST && (name.is_empty() || name.starts_with("amq."));
    let by = if is_from_the_start { "rmq-internal" } else { "guest" };
    let mut shown = json!({
        "arguments": from_table(&exchange.arguments), "auto_delete": exchange.auto_delete, "durable": exchange.durable,
        "internal": exchange.internal, "name": name,
        "type": exchange.exchange_type.name(), "user_who_performed_action": by, "vhost": text(&exchange.resource.vhost),
    });
    if let Some(policy) = &exchange.applied.policy {
        shown["policy"] = text(policy).into();
    }
    let stats = counted(node.ledger(|ledger| ledger.exchange(&exchange.resource)).of_exchange());
    if !stats.is_empty() {
        shown["message_stats"] = stats.into();
    }
    shown
}

/// A binding, as far as calls look for one.
#[derive(Clone, Debug)]
pub struct Link {
    /// Its virtual host.
    pub vhost: String,
    /// The exchange where it starts.
    pub source: String,
    /// Where it ends.
    pub destination: String,
    /// Whether that is a queue.
    pub to_queue: bool,
}

/// The bindings that are wanted: every queue is bound to the default exchange, too.
pub fn bindings(node: &Node, is_wanted: impl Fn(&Link) -> bool) -> Vec<Value> {
    let mut shown = Vec::new();
    node.read(|broker| {
        for queue in broker.queues() {
            let (vhost, name) = (text(&queue.resource.vhost), text(&queue.resource.name));
            let link = Link { vhost, source: String::new(), destination: name, to_queue: true };
            if is_wanted(&link) {
                shown.push(default_binding(&link.vhost, &link.destination));
            }
        }
        for exchange in broker.exchanges() {
            for binding in exchange.all_bindings() {
                let (destination, to_queue) = match &binding.destination {
                    Destination::Queue(name) => (text(name), true),
                    Destination::Exchange(name) => (text(name), false),
                };
                let (vhost, source) = (text(&exchange.resource.vhost), text(&exchange.resource.name));
                let link = Link { vhost, source, destination, to_queue };
                if is_wanted(&link) {
                    let key = properties_key(&binding.key, Some(binding));
                    shown.push(of_binding(&link, &text(&binding.key), from_table(&binding.arguments), &key));
                }
            }
        }
    });
    shown
}

fn of_binding(link: &Link, key: &str, arguments: Value, properties_key: &str) -> Value {
    json!({
        "source": link.source, "vhost": link.vhost, "destination": link.destination,
        "destination_type": if link.to_queue { "queue" } else { "exchange" }, "routing_key": key, "arguments": arguments,
        "properties_key": properties_key,
    })
}

/// What binds a queue to the default exchange.
pub fn default_binding(vhost: &str, name: &str) -> Value {
    let (vhost, destination) = (vhost.to_string(), name.to_string());
    let link = Link { vhost, source: String::new(), destination, to_queue: true };
    of_binding(&link, name, json!({}), &properties_key(&Bytes::from(name), None))
}

/// The name of a binding among those of the same two ends: its key, and a digest of its arguments if it has any.
pub fn properties_key(key: &Bytes, binding: Option<&Binding>) -> String {
    let quoted = utf8_percent_encode(&key.text(), ESCAPED).to_string().replace("%20", "+");
    match binding.filter(|binding| !binding.arguments.is_empty()) {
        Some(binding) => format!("{quoted}~{}", args_hash(&binding.arguments)),
        None if quoted.is_empty() => "~".to_string(),
        None => quoted,
    }
}

/// Whether a binding is the one of this name; a path holds it decoded.
pub fn has_key(binding: &Value, key: &str) -> bool {
    let name = binding["properties_key"].as_str().unwrap_or_default();
    // Tools escape it once more or not at all.
    let plain =
        |text: &str| percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    name == key || plain(name) == plain(key)
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_moment_is_written_as_rabbitmq_writes_it() {
        assert_eq!(moment(0), "1970-01-01T00:00:00.000+00:00");
        assert_eq!(moment(951_782_399_999), "2000-02-28T23:59:59.999+00:00");
        assert_eq!(moment(951_782_400_000), "2000-02-29T00:00:00.000+00:00");
        assert_eq!(moment(1_795_915_074_474), "2026-11-29T01:17:54.474+00:00");
    }
}
