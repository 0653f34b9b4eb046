//! Definitions: files of RabbitMQ go in, come out again, and what is wrong or left out is told.

use std::fs;
use std::path::{Path, PathBuf};

use warren_sim::amqp::broker::{Broker, Cx};
use warren_sim::amqp::definitions::{DefinitionsError, ImportReport, Reason};
use warren_sim::amqp::event::{Event, Resource};
use warren_sim::bytes::Bytes;
use warren_sim::prng::Prng;

fn import_into(
    broker: &mut Broker,
    text: &str,
    vhost: Option<&str>,
) -> (Result<ImportReport, DefinitionsError>, Vec<Event>) {
    let (mut prng, mut out, mut log) = (Prng::new(1), Vec::new(), Vec::new());
    let mut events = |event, _| {
        log.push(event);
        log.len() as u32
    };
    let mut cx = Cx::new(0, &mut prng, &mut events, &mut out);
    let report = broker.import_definitions(&mut cx, text, vhost.map(Bytes::from).as_ref());
    broker.check().expect("the broker's promises hold");
    (report, log)
}

fn imported(text: &str) -> (Broker, ImportReport) {
    let mut broker = Broker::new();
    let report = import_into(&mut broker, text, None).0.unwrap_or_else(|error| panic!("{error}"));
    (broker, report)
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/definitions")
}

#[test]
fn rabbitmq_s_export_is_what_was_imported() {
    let mut count = 0;
    for entry in fs::read_dir(folder()).expect("the folder").flatten().filter(|entry| entry.path().is_file()) {
        let file = fs::read_to_string(entry.path()).expect("a file of definitions");
        let recorded = fs::read_to_string(folder().join("recorded").join(entry.file_name())).expect("its recording");
        let (ours, report) = imported(&file);
        let (theirs, _) = imported(&recorded);
        assert_eq!(report.left_out, [], "{:?}", entry.file_name());
        assert_eq!(ours.export_definitions(), theirs.export_definitions(), "{:?}", entry.file_name());
        // And it comes back from our own export.
        let (again, report) = imported(&ours.export_definitions());
        assert_eq!(again.export_definitions(), ours.export_definitions());
        assert_eq!(report.left_out, []);
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn an_import_merges_and_says_what_it_did() {
    let file = fs::read_to_string(folder().join("shop.json")).expect("a file of definitions");
    let (mut broker, report) = imported(&file);
    let created = report.created;
    assert_eq!(
        (created.vhosts, created.policies, created.exchanges, created.queues, created.bindings),
        (1, 3, 3, 4, 4)
    );
    assert_eq!(report.existing.vhosts, 1);
    let parcels = Resource { vhost: Bytes::from("shop"), name: Bytes::from("parcels") };
    let queue = broker.find_queue(&parcels).expect("a queue");
    assert_eq!((queue.settings.max_length, queue.settings.message_ttl_ms), (Some(100), Some(5000)));
    assert_eq!(queue.applied.policy, Some(Bytes::from("limits")));
    let before = broker.clone();
    let (second, log) = import_into(&mut broker, &file, None);
    assert_eq!(second.expect("a report").existing.total(), 1 + 1 + 3 + 4 + 4);
    assert_eq!(broker, before);
    assert!(
        log.iter().all(|event| matches!(event, Event::PolicySet { .. } | Event::DefinitionsImported { .. })),
        "{log:?}"
    );
}

#[test]
fn what_is_left_out_is_listed() {
    let (_, report) = imported(
        r#"{"users": [{"name": "u"}], "permissions": [], "bogus": 5, "rabbit_version": "3.12.0",
            "vhosts": [{"name": "v", "limits": [{"max-queues": 1}]}],
            "parameters": [{"vhost": "v", "component": "shovel", "name": "s", "value": {}}],
            "global_parameters": [{"name": "cluster_name", "value": "rabbit"}],
            "policies": [{"vhost": "v", "name": "p", "pattern": "(?<=a)b", "definition": {"max-length": 1}, "priority": 0},
                         {"vhost": "v", "name": "h", "pattern": "", "definition": {"ha-mode": "all"}, "priority": 0}],
            "queues": [{"vhost": "v", "name": "amq.q", "durable": true, "auto_delete": false, "arguments": {}}],
            "exchanges": [{"vhost": "v", "name": "amq.x", "type": "direct", "durable": true, "auto_delete": false, "arguments": {}}],
            "bindings": [{"vhost": "v", "source": "nope", "destination": "q", "destination_type": "queue", "routing_key": "", "arguments": {}},
                         {"vhost": "v", "source": "amq.match", "destination": "amq.topic", "destination_type": "exchange",
                          "routing_key": "", "arguments": {"x-match": "none"}}]}"#,
    );
    let told: Vec<String> = report.left_out.iter().map(|left| format!("{}: {}", left.path, left.reason)).collect();
    let expected = [
        "users: users and permissions (1) have no place here: guest may do everything",
        "bogus: definitions have no such field",
        "vhosts[0].limits: limits of a virtual host are not kept",
        "parameters[0]: a parameter of shovel, which this broker does not have",
        "global_parameters[0]: the global parameter cluster_name means nothing here",
        "policies[0]: the pattern has (?<=, which this broker cannot match",
        "queues[0]: 'amq.q' is the broker's own",
        "exchanges[0]: 'amq.x' is the broker's own",
        "bindings[0]: no exchange 'nope' in vhost 'v'",
        "bindings[1]: PRECONDITION_FAILED - Invalid x-match field value <<\"none\">>; expected all, any, all-with-x, or any-with-x",
    ];
    assert_eq!(told, expected);
    assert_eq!(report.notes.len(), 1);
    assert_eq!(
        (report.notes[0].path.as_str(), &report.notes[0].reason),
        ("policies[1].definition.ha-mode", &Reason::NoEffect)
    );
}

#[test]
fn a_file_of_one_virtual_host_goes_where_it_is_sent() {
    let text = r#"{"queues": [{"name": "q", "durable": true, "auto_delete": false, "arguments": {}}], "users": [{}]}"#;
    let mut broker = Broker::new();
    let report = import_into(&mut broker, text, Some("/")).0.expect("a report");
    assert_eq!(report.left_out[0].reason, Reason::OneVhost);
    assert!(broker.queue(&Bytes::from("q")).is_some());
    let exported = broker.export_vhost_definitions(&Bytes::from("/")).expect("the virtual host");
    assert!(!exported.contains("vhost"), "{exported}");
    let error = import_into(&mut broker, text, Some("v")).0.expect_err("no such virtual host");
    assert_eq!(error.message, "Please create virtual host \"v\" prior to importing definitions.");
    // Nothing in the file names a virtual host, so it can only mean the first.
    assert_eq!(import_into(&mut broker, text, None).0.expect("a report").existing.queues, 1);
}

#[test]
fn faults_name_line_column_and_path_and_change_nothing() {
    let queue = |fields: &str| {
        format!(
            "{{\"vhosts\": [{{\"name\": \"v\"}}],\n \"queues\": [\n  {{\"name\": \"q\", \"vhost\": \"v\"{fields}}}]}}"
        )
    };
    for (text, told) in [
        ("nonsense".to_string(), "line 1, column 1: expected a value, found 'n'"),
        ("[]".to_string(), "line 1, column 1: expected an object, found an array"),
        ("{\"queues\": 5}".to_string(), "line 1, column 12: queues: expected an array, found a number"),
        (queue(""), "line 3, column 3: queues[0]: 'durable' is missing"),
        (queue(", \"durable\": true"), "line 3, column 3: queues[0]: 'auto_delete' is missing"),
        (
            queue(", \"durable\": \"yes\", \"auto_delete\": false"),
            "line 3, column 42: queues[0].durable: expected true or false, found a string",
        ),
        (
            queue(", \"durable\": true, \"auto_delete\": false, \"arguments\": {\"x-message-ttl\": \"a\"}"),
            "line 3, column 101: queues[0].arguments.x-message-ttl: PRECONDITION_FAILED - invalid arg 'x-message-ttl' for queue 'q' \
             in vhost 'v': \"expected integer, got longstr\"",
        ),
        (
            queue(", \"durable\": true, \"auto_delete\": false, \"arguments\": {\"a\": [null]}"),
            "line 3, column 90: queues[0].arguments.a[0]: null_not_allowed",
        ),
        (
            "{\"policies\": [{\"name\": \"p\", \"vhost\": \"/\", \"pattern\": \"(\", \"definition\": {\"max-length\": 1}}]}".to_string(),
            "line 1, column 15: policies[0]: pattern should be regular expression but is invalid: {\"missing )\",1}",
        ),
        (
            "{\"policies\": [{\"name\": \"p\", \"vhost\": \"/\", \"pattern\": \"\", \"definition\": {\"max-length\": -1}}]}".to_string(),
            "line 1, column 15: policies[0]: -1 is not a valid maximum length",
        ),
        (
            "{\"exchanges\": [{\"name\": \"x\", \"vhost\": \"/\", \"type\": \"bogus\"}]}".to_string(),
            "line 1, column 52: exchanges[0].type: COMMAND_INVALID - unknown exchange type 'bogus'",
        ),
    ] {
        let mut broker = Broker::new();
        let (report, log) = import_into(&mut broker, &text, None);
        assert_eq!(report.expect_err(&text).to_string(), told);
        assert_eq!(broker, Broker::new(), "{text}");
        assert_eq!(log, [], "{text}");
    }
}

/// Whatever is cut out of, put into or changed in a file: no panic, and a file that is refused changes nothing.
#[test]
fn broken_files_never_do_harm() {
    let file = fs::read_to_string(folder().join("shop.json")).expect("a file of definitions");
    let mut prng = Prng::new(3);
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..3_000 {
        let mut bytes = file.clone().into_bytes();
        for _ in 0..1 + prng.next_u64() % 3 {
            let at = prng.next_u64() as usize % bytes.len();
            match prng.next_u64() % 4 {
                0 => bytes[at] = b"{}[]\",:0-e.\\tn"[prng.next_u64() as usize % 14],
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"\"{[,"[prng.next_u64() as usize % 4]),
                _ => {
                    let end = (at + prng.next_u64() as usize % 40).min(bytes.len() - 1);
                    bytes.drain(at..end);
                }
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let mut broker = Broker::new();
        match import_into(&mut broker, &text, None).0 {
            Ok(_) => taken += 1,
            Err(error) => {
                refused += 1;
                assert!(error.line > 0 && !error.message.is_empty());
                assert_eq!(broker, Broker::new());
            }
        }
    }
    assert!(taken > 50 && refused > 500, "{taken} files were taken, {refused} refused");
}
