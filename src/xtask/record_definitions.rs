//! `cargo xtask record definitions`: each file in `tests/definitions/` goes into a real RabbitMQ, and what `rabbitmqctl` exports then is
//! kept in `tests/definitions/recorded/`. After that Warren's own export goes into an empty RabbitMQ, which must export the same again.

use crate::problem::{Outcome, Problem};
use crate::process::workspace;
use crate::servers::RabbitServer;
use std::fs;
use std::path::Path;
use warren_sim::amqp::broker::{Broker, Cx};
use warren_sim::prng::Prng;

/// Records every file.
pub fn record() -> Outcome {
    let folder = workspace().join("tests/definitions");
    let recorded = folder.join("recorded");
    let failed = |error: &dyn std::fmt::Display| Problem::new(format!("{}: {error}.", folder.display()));
    fs::create_dir_all(&recorded).map_err(|error| failed(&error))?;
    let entries = fs::read_dir(&folder).map_err(|error| failed(&error))?;
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    println!("Starting RabbitMQ ...");
    let server = RabbitServer::start()?;
    let scratch = crate::process::target_dir().join("scratch");
    for file in &files {
        let name = file.file_name().unwrap_or_default();
        let keep = recorded.join(name);
        server.reset()?;
        let first = through(&server, file, &keep)?;
        let own = scratch.join("warren-export.json");
        fs::write(&own, exported(&first)?).map_err(|error| failed(&error))?;
        server.reset()?;
        check_is_empty(&server)?;
        let second = through(&server, &own, &scratch.join("second-export.json"))?;
        if sorted(&first) != sorted(&second) {
            return Err(Problem::new(format!(
                "{}: RabbitMQ exports something else after it took Warren's export:\n{first}\n{second}",
                file.display()
            )));
        }
        println!("{}: RabbitMQ takes Warren's export and gives the same back.", name.to_string_lossy());
    }
    Ok(())
}

/// A reset leaves no virtual host but `/`.
fn check_is_empty(server: &RabbitServer) -> Outcome {
    let output = server.ctl(&["-q", "--no-table-headers", "list_vhosts", "name"])?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    match text.lines().find(|line| !line.trim().is_empty() && *line != "/") {
        Some(line) => Err(Problem::new(format!("A reset RabbitMQ still has the virtual host {line}."))),
        None => Ok(()),
    }
}

/// Imports a file and exports what there is then, without what has secrets: users and permissions.
fn through(server: &RabbitServer, file: &Path, keep: &Path) -> Outcome<String> {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    server.ctl(&["import_definitions", &path(file)])?;
    server.ctl(&["export_definitions", &path(keep)])?;
    let problem = |error: std::io::Error| Problem::new(format!("{}: {error}.", keep.display()));
    let text = fs::read_to_string(keep).map_err(problem)?;
    let mut text = text;
    for section in ["\"users\":[", "\"permissions\":["] {
        if let Some(start) = text.find(section) {
            let from = start + section.len();
            let end = text[from..].find("}]").map_or(from, |at| from + at + 1);
            text.replace_range(from..end, "");
        }
    }
    fs::write(keep, format!("{text}\n")).map_err(problem)?;
    Ok(text)
}

/// What Warren exports after it imported this.
fn exported(text: &str) -> Outcome<String> {
    let (mut broker, mut prng, mut out) = (Broker::new(), Prng::new(1), Vec::new());
    let mut events = |_, _| 0;
    let mut cx = Cx::new(0, &mut prng, &mut events, &mut out);
    let report = broker.import_definitions(&mut cx, text, None).map_err(|error| Problem::new(error.to_string()))?;
    if !report.left_out.is_empty() {
        return Err(Problem::new(format!("Warren left out {:?} of RabbitMQ's export.", report.left_out)));
    }
    Ok(broker.export_definitions())
}

/// The pieces of an export without their order, which RabbitMQ does not keep.
fn sorted(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> =
        text.split("},{").map(|piece| piece.trim_matches(['[', ']', '{', '}', ',']).to_string()).collect();
    pieces.iter_mut().for_each(|piece| {
        let mut fields: Vec<&str> =
            piece.split(",\"").map(|field| field.trim_matches(['[', ']', '{', '}', ','])).collect();
        fields.sort_unstable();
        *piece = fields.join(",");
    });
    pieces.sort();
    let mut all: Vec<String> = pieces.join(",").split(',').map(str::to_string).collect();
    all.sort();
    all
}
