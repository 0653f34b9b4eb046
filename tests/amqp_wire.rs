//! Every conversation that was recorded from RabbitMQ byte by byte, held with our own server.

use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;
use warren_cli::amqp::{node::Node, peer::Peer, session::Session};
use warren_wire::script::{self, Case, Step};

/// Sends the steps of a case and tells what was heard, as the recorder does.
fn hear(case: &Case) -> Vec<String> {
    let (node, peer) = (Node::new(), Rc::new(Peer::new()));
    let mut session = Session::new(peer.clone());
    let (mut inbox, mut heard) = (Vec::new(), Vec::new());
    for step in &case.steps {
        let Step::Send { bytes, silent } = step else { continue };
        inbox.extend(bytes);
        let taken = session.process(&node, &inbox);
        inbox.drain(..taken);
        let answer = std::mem::take(&mut *peer.outbox.borrow_mut());
        if !silent {
            heard.extend(script::show(&answer));
        }
    }
    let wait = session.deadline.filter(|wait| !wait.is_zero());
    heard.push(match wait {
        // Longer than the recorder looks.
        Some(wait) if wait > Duration::from_secs(4) => "open".to_string(),
        Some(wait) => format!("closed after {} s", wait.as_secs()),
        None if session.has_ended() || peer.ended.get() => "closed".to_string(),
        None => "open".to_string(),
    });
    heard
}

#[test]
fn every_conversation_goes_as_with_the_real_server() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/transcripts/amqp_wire");
    let entries = fs::read_dir(folder).expect("the folder of the recordings");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    let (mut count, mut faults) = (0, Vec::new());
    for path in files {
        let text = fs::read_to_string(&path).expect("a text file");
        for case in script::parse(&text).expect("a recording that can be read") {
            count += 1;
            let heard = hear(&case);
            if heard != case.heard {
                let (ours, theirs) = (heard.join("\n    "), case.heard.join("\n    "));
                faults.push(format!(
                    "{}: {}\n  RabbitMQ:\n    {theirs}\n  Warren:\n    {ours}",
                    path.display(),
                    case.title
                ));
            }
        }
    }
    assert!(count > 100, "the recordings are where they are looked for");
    assert!(faults.is_empty(), "{} of {count} conversations differ:\n{}", faults.len(), faults.join("\n"));
}
