//! COMMAND DOCS beside the real server's: everything but the sentences, which are our own.

use super::Wire;
use crate::problem::{Outcome, Problem};
use std::collections::BTreeMap;
use warren_sim::bytes::Bytes;
use warren_sim::redis::transcript::Engine;
use warren_sim::redis::{ClientId, Reply};

/// Parts of a description that are sentences: they must be there, but may say it in other words.
const SENTENCES: [&str; 3] = ["summary", "complexity", "replaced_by"];

/// Compares what both say of every command, and returns how many commands and subcommands there are.
pub fn compare(port: u16) -> Outcome<usize> {
    let mut wire = Wire::connect(port)?;
    let mut engine = Engine::default();
    let (mut theirs, mut ours) = (BTreeMap::new(), BTreeMap::new());
    for (line, is_docs) in [("HELLO 3", false), ("COMMAND DOCS", true)] {
        let args: Vec<Bytes> = line.split(' ').map(Bytes::from).collect();
        let real = wire.call(&args)?;
        let own = engine.hear(ClientId(1), &args).replies.remove(&ClientId(1)).unwrap_or_default().pop();
        if is_docs {
            gather(&real, &mut theirs)?;
            gather(&own.unwrap_or(Reply::Nil), &mut ours)?;
        }
    }
    let names = theirs.keys().chain(ours.keys());
    let differing: Vec<String> = names
        .filter(|name| theirs.get(*name) != ours.get(*name))
        .map(|name| format!("{name}:\n  Redis  {:?}\n  Warren {:?}", theirs.get(name), ours.get(name)))
        .collect();
    if let Some(first) = differing.first() {
        return Err(Problem::new(format!("COMMAND DOCS differs for {} names. The first is {first}.", differing.len())));
    }
    Ok(ours.len())
}

/// Every description by its command's name, without its subcommands and with its sentences made alike.
fn gather(reply: &Reply, found: &mut BTreeMap<String, Vec<(String, Reply)>>) -> Outcome {
    let Reply::Map(commands) = reply else {
        return Err(Problem::new(format!("COMMAND DOCS is no map but {reply:?}.")));
    };
    for (name, description) in commands {
        let Reply::Map(pairs) = description else {
            return Err(Problem::new(format!("{} is described by no map.", word(name))));
        };
        let mut kept = Vec::new();
        for (key, value) in pairs {
            match word(key).as_str() {
                "subcommands" => gather(value, found)?,
                key if SENTENCES.contains(&key) => kept.push((key.to_string(), Reply::Bool(is_text(value)))),
                "history" => kept.push(("history".to_string(), without_words(value))),
                key => kept.push((key.to_string(), value.clone())),
            }
        }
        found.insert(word(name), kept);
    }
    Ok(())
}

/// The versions of a history in their order; each sentence is only there or not.
fn without_words(history: &Reply) -> Reply {
    let Reply::Set(entries) = history else { return history.clone() };
    let entry = |entry: &Reply| match entry {
        Reply::Array(pair) => match &pair[..] {
            [version, what] => Reply::Array(vec![version.clone(), Reply::Bool(is_text(what))]),
            _ => entry.clone(),
        },
        other => other.clone(),
    };
    Reply::Set(entries.iter().map(entry).collect())
}

fn is_text(reply: &Reply) -> bool {
    matches!(reply, Reply::Bulk(text) if !text.is_empty())
}

fn word(reply: &Reply) -> String {
    match reply {
        Reply::Bulk(text) => String::from_utf8_lossy(text).into_owned(),
        other => format!("{other:?}"),
    }
}
