//! `cargo xtask conformance`: docs/conformance.md, every checked fact with the transcript that checks it and the chapter that tells it.
//!
//! The facts are the sentences of the transcripts; what is deliberately otherwise stands in docs/differences.md, written by hand.

use crate::problem::{Outcome, Problem};
use crate::process::workspace;
use std::fs;
use std::path::PathBuf;
use warren_sim::amqp::transcript;

/// Where the page lies in the project.
const PAGE: &str = "docs/conformance.md";

/// How the names of the broker's transcripts begin, the section they belong to, and the chapter of RabbitMQ's documentation (or of the
/// specification) that tells the same. The first row that fits counts.
const SECTIONS: &[(&[&str], &str, &str)] = &[
    (&["inequivalent", "queue_inequivalent"], "Declaring again", "RabbitMQ, Queues: Property Equivalence"),
    (
        &["tag_", "ack", "delivery_tags"],
        "Delivery tags and acknowledgements",
        "RabbitMQ, Consumer Acknowledgements and Publisher Confirms",
    ),
    (&["locked", "queue_exclusive"], "Exclusive queues", "RabbitMQ, Queues: Exclusive Queues"),
    (
        &["not_found", "queue_reserved", "exchange_reserved"],
        "What does not exist",
        "AMQP 0-9-1, reply codes 403 and 404",
    ),
    (&["last_queue", "server_named", "queue_server_named"], "Names", "RabbitMQ, Queues: Server-named Queues"),
    (
        &["requeue", "redelivered", "nack", "reject", "recover", "worker_dies"],
        "Requeueing and redelivery",
        "RabbitMQ, Consumer Acknowledgements: Negative Acknowledgement; basic.nack",
    ),
    (&["ttl", "expires", "expiration"], "Time to live", "RabbitMQ, Time-To-Live and Expiration"),
    (&["dead"], "Dead letters", "RabbitMQ, Dead Letter Exchanges"),
    (&["prefetch"], "Prefetch", "RabbitMQ, Consumer Prefetch"),
    (&["confirm"], "Publisher confirms", "RabbitMQ, Consumer Acknowledgements and Publisher Confirms"),
    (
        &["return", "publish_mandatory", "immediate"],
        "Returned messages",
        "RabbitMQ, Publishers: Unroutable Message Handling",
    ),
    (&["consumer_priority"], "Consumer priorities", "RabbitMQ, Consumer Priorities"),
    (&["priority"], "Priority queues", "RabbitMQ, Classic Queues Support Priorities"),
    (&["length"], "Queue length", "RabbitMQ, Queue Length Limit"),
    (&["reply_to"], "Direct reply-to", "RabbitMQ, Direct Reply-to"),
    (&["rpc"], "Requests and replies", "RabbitMQ tutorial 6, RPC"),
    (
        &["auto_delete", "queue_auto_delete", "exchange_auto_delete"],
        "Auto-delete",
        "RabbitMQ, Queues: Temporary Queues",
    ),
    (&["single_active"], "Single active consumer", "RabbitMQ, Consumers: Single Active Consumer"),
    (&["exclusive_consumer", "consume_exclusive"], "Exclusive consumers", "RabbitMQ, Consumers: Exclusivity"),
    (&["cancel", "queue_delete_consumers"], "Cancelling", "RabbitMQ, Consumer Cancel Notification"),
    (&["headers"], "Headers exchange", "AMQP 0-9-1, section 3.1.3.4; RabbitMQ, Exchanges"),
    (&["topic"], "Topic exchange", "AMQP 0-9-1, section 3.1.3.3; RabbitMQ tutorial 5"),
    (&["exchange_to_exchange", "exchange_bind"], "Exchange to exchange", "RabbitMQ, Exchange to Exchange Bindings"),
    (&["alternate"], "Alternate exchanges", "RabbitMQ, Alternate Exchanges"),
    (&["cc", "bcc"], "Routing keys in headers", "RabbitMQ, Sender-selected Distribution"),
    (&["tx"], "Transactions", "RabbitMQ, Broker Semantics; class tx"),
    (&["persistence", "restart", "kill"], "Stop, start and kill", "RabbitMQ, Queues: Durability; Reliability Guide"),
    (&["round_robin", "consume"], "Consumers", "RabbitMQ, Consumers; basic.consume"),
    (&["quorum"], "Quorum queues", "RabbitMQ, Quorum Queues"),
    (&["stream"], "Streams", "RabbitMQ, Streams"),
    (&["polic"], "Policies", "RabbitMQ, Parameters and Policies"),
    (&["vhost"], "Virtual hosts", "RabbitMQ, Virtual Hosts"),
    (
        &["exchange", "direct", "fanout", "default", "bind"],
        "Exchanges and bindings",
        "AMQP 0-9-1, classes exchange and queue",
    ),
    (&["queue", "get", "publish", "properties"], "Queues and messages", "AMQP 0-9-1, classes queue and basic"),
    (&[""], "Connections and channels", "AMQP 0-9-1, classes connection and channel"),
];

/// A sentence and where it is checked.
struct Fact {
    sentence: String,
    file: String,
    line: u32,
}

/// Writes the page.
pub fn write() -> Outcome {
    let path = workspace().join(PAGE);
    fs::write(&path, page()?).map_err(|error| Problem::new(format!("{}: {error}.", path.display())))?;
    println!("{PAGE} is up to date.");
    Ok(())
}

/// The page as it should be.
pub fn page() -> Outcome<String> {
    let (broker, store) = (broker_facts()?, paragraph_facts("redis")?);
    let wire = paragraph_facts("amqp_wire")?;
    let mut text = format!(
        "# Conformance\n\nWritten by `cargo xtask conformance` from the transcripts; a test holds it up to date. Each of these {} facts about RabbitMQ 3.10.8 \
         ({} of them about its bytes) and {} about Redis 7.0.15 is a sentence in a transcript whose every line the real server was recorded to say \
         (`cargo xtask record`), and which the engine says word for word, natively and in WebAssembly. Beyond these, random runs compare \
         the engine with the real servers: `cargo xtask record amqp --random N`, `cargo xtask record redis --random N`.\n\n",
        broker.len() + wire.len(),
        wire.len(),
        store.len()
    );
    text += &read("docs/differences.md")?.replacen("# ", "## ", 1);
    text += "\n## The broker\n";
    for (index, (_, title, source)) in SECTIONS.iter().enumerate() {
        let facts: Vec<&Fact> = broker.iter().filter(|fact| section(&fact.file) == index).collect();
        if !facts.is_empty() {
            text += &format!("\n### {title}\n\nTold in: {source}.\n\n");
            facts.iter().for_each(|fact| text += &row("amqp", fact));
        }
    }
    text += "\n## The broker's bytes\n\nTold in: AMQP 0-9-1, sections 2.2.4, 2.3 and 4.2.\n\n";
    wire.iter().for_each(|fact| text += &row("amqp_wire", fact));
    text += "\n## The store\n\nTold in: the page of each command at redis.io/commands.\n";
    let mut file = "";
    for fact in &store {
        if fact.file != file {
            file = &fact.file;
            text += &format!("\n### {}\n\n", file.replace('_', " "));
        }
        text += &row("redis", fact);
    }
    Ok(text)
}

fn row(folder: &str, fact: &Fact) -> String {
    let Fact { sentence, file, line } = fact;
    format!("- {sentence} ([{file}:{line}](../tests/transcripts/{folder}/{file}.txt#L{line}))\n")
}

/// The section of a transcript, by its name.
fn section(file: &str) -> usize {
    let fits = |(prefixes, _, _): &(&[&str], &str, &str)| prefixes.iter().any(|prefix| file.starts_with(prefix));
    SECTIONS.iter().position(fits).unwrap_or(SECTIONS.len() - 1)
}

fn read(path: &str) -> Outcome<String> {
    fs::read_to_string(workspace().join(path)).map_err(|error| Problem::new(format!("{path}: {error}.")))
}

/// The transcripts of a folder, by name.
fn files(folder: &str) -> Outcome<Vec<(String, String)>> {
    let path = workspace().join("tests/transcripts").join(folder);
    let entries = fs::read_dir(&path).map_err(|error| Problem::new(format!("{}: {error}.", path.display())))?;
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let named = |path: &PathBuf| {
        let text = fs::read_to_string(path).map_err(|error| Problem::new(format!("{}: {error}.", path.display())))?;
        Ok((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), text))
    };
    paths.iter().map(named).collect()
}

/// What the story of each block says. A block without a story goes on with the one before it.
fn broker_facts() -> Outcome<Vec<Fact>> {
    let mut facts = Vec::new();
    for (file, text) in files("amqp")? {
        let blocks = transcript::parse(&text).map_err(|fault| Problem::new(format!("{file}: {fault}")))?;
        for block in blocks.iter().filter(|block| !block.story.is_empty()) {
            let first = block.lines.first().map_or(1, |line| line.number);
            let line = first.saturating_sub(block.story.len() as u32).max(1);
            facts.push(Fact { sentence: sentence(block.story.iter().map(String::as_str)), file: file.clone(), line });
        }
    }
    Ok(facts)
}

/// What the comments at the beginnings of paragraphs say.
fn paragraph_facts(folder: &str) -> Outcome<Vec<Fact>> {
    let mut facts = Vec::new();
    for (file, text) in files(folder)? {
        let lines: Vec<&str> = text.lines().collect();
        let mut at = 0;
        while at < lines.len() {
            let begins = at == 0 || lines[at - 1].is_empty();
            let length = lines[at..].iter().take_while(|line| line.starts_with("# ")).count();
            // A comment alone is a heading, unless what follows has none of its own.
            let is_heading = lines.get(at + length).is_some_and(|line| line.is_empty())
                && lines.get(at + length + 1).is_none_or(|line| line.starts_with('#'));
            if begins && length > 0 && !is_heading {
                let sentence = sentence(lines[at..at + length].iter().copied());
                facts.push(Fact { sentence, file: file.clone(), line: at as u32 + 1 });
            }
            at += length.max(1);
        }
    }
    Ok(facts)
}

fn sentence<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    lines.map(|line| line.trim_start_matches('#').trim()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_up_to_date() {
        let page = page().expect("transcripts that can be read");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            write().expect("a page that can be written");
        }
        assert!(
            read(PAGE).is_ok_and(|old| old == page),
            "{PAGE} is not what the transcripts say: cargo xtask conformance"
        );
    }

    #[test]
    fn every_transcript_of_the_broker_tells_a_fact() {
        let facts = broker_facts().expect("transcripts that can be read");
        let mute: Vec<_> = files("amqp").expect("transcripts").into_iter().map(|(name, _)| name).collect();
        let mute: Vec<_> = mute.iter().filter(|name| !facts.iter().any(|fact| fact.file == **name)).collect();
        assert!(mute.is_empty(), "without a sentence: {mute:?}");
        assert!(facts.len() >= 400, "only {} facts", facts.len());
    }
}
