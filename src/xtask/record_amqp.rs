//! `cargo xtask record amqp [name...]`: what is heard in the broker's transcripts, anew from a real RabbitMQ.
//!
//! `cargo xtask record amqp --random N [--seed S]` plays random sequences instead: see [`random_amqp`].

use crate::amqp_live::Live;
use crate::problem::{Outcome, Problem};
use crate::process::workspace;
use crate::random_amqp;
use crate::servers::RabbitServer;
use std::fs;
use std::path::PathBuf;
use warren_sim::amqp::transcript;

/// Records all transcripts, or those whose names contain one of the words.
pub fn record(words: &[String]) -> Outcome {
    if words.iter().any(|word| word.starts_with("--")) {
        return random_amqp::run(words);
    }
    let files = files(words)?;
    // Every transcript is read before the server starts: a slip in the last would cost the time of all.
    let mut transcripts = Vec::new();
    for path in &files {
        let text = fs::read_to_string(path).map_err(|error| problem(path, &error))?;
        let blocks = transcript::parse(&text).map_err(|fault| problem(path, &fault))?;
        transcripts.push((path, text, blocks));
    }
    println!("Starting RabbitMQ ...");
    let server = RabbitServer::start()?;
    let mut live = Live::new(&server, "/");
    let (mut all_blocks, mut commands, mut changed) = (0, 0, 0);
    for (path, old, blocks) in &transcripts {
        let replayed = transcript::replay(blocks, &mut live).map_err(|error| problem(path, &error))?;
        live.clean_up().map_err(|error| problem(path, &error))?;
        let new = transcript::print(&replayed);
        if new != *old {
            println!("{} changed", path.display());
            fs::write(path, &new).map_err(|error| problem(path, &error))?;
            changed += 1;
        }
        all_blocks += blocks.len();
        commands += blocks.iter().map(|block| block.lines.len()).sum::<usize>();
    }
    left_behind(&server, "/")?;
    let version = server.version()?;
    println!(
        "RabbitMQ {version} answered {commands} commands in {all_blocks} blocks of {} transcripts; {changed} files changed.",
        transcripts.len()
    );
    Ok(())
}

fn files(words: &[String]) -> Outcome<Vec<PathBuf>> {
    let folder = workspace().join("tests/transcripts/amqp");
    let entries = fs::read_dir(&folder).map_err(|error| problem(&folder, &error))?;
    let wanted = |path: &PathBuf| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let named = words.is_empty() || words.iter().any(|word| name.contains(word.as_str()));
        named && path.extension().is_some_and(|extension| extension == "txt")
    };
    let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(wanted).collect();
    files.sort();
    if files.is_empty() {
        return Err(Problem::new(format!("No transcript in {} has such a name.", folder.display())));
    }
    Ok(files)
}

fn problem(path: &std::path::Path, error: &dyn std::fmt::Display) -> Problem {
    Problem::new(format!("{}: {error}", path.display()))
}

/// A problem when something was not cleaned up: it would be heard in the transcripts after it.
pub(crate) fn left_behind(server: &RabbitServer, vhost: &str) -> Outcome {
    for (what, columns) in [("list_queues", &["name"][..]), ("list_exchanges", &["name"]), ("list_bindings", &[])] {
        let output = server.ctl(&[&["-q", "--no-table-headers", "-p", vhost, what][..], columns].concat())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        // A queue whose made-up name nobody was told cannot be cleaned up.
        let matters =
            |line: &&str| !line.trim().is_empty() && !line.starts_with("amq.") && !line.contains("\tamq.gen-");
        if let Some(line) = text.lines().find(matters) {
            return Err(Problem::new(format!("A transcript left something behind: {what} says {line}.")));
        }
    }
    Ok(())
}
