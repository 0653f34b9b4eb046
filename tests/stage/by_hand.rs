//! What is built by hand: second chances for messages, confirms, and the forms.

use super::*;

/// A queue whose messages die after a while, and an exchange that passes on what it cannot route.
const SECOND_CHANCES: &str = "amqp you exchange.declare exchange=dead type=fanout\n\
    amqp you queue.declare queue=work arguments={x-dead-letter-exchange=\"dead\", x-message-ttl=300}\n\
    amqp you queue.declare queue=graveyard\n\
    amqp you queue.bind queue=graveyard exchange=dead\n\
    amqp you exchange.declare exchange=orders type=topic arguments={alternate-exchange=\"dead\"}\n\
    amqp you queue.bind queue=work exchange=orders routing_key=order.#\n\
    run idle\n\
    amqp you confirm.select\n\
    amqp you basic.publish exchange=orders routing_key=order.new body=one\n";

#[test]
fn dead_letters_and_what_cannot_be_routed_have_edges_of_their_own() {
    let session = ran(&format!("{SECOND_CHANCES}run idle"));
    let (_, graph) = graph_of(&session);
    let role = |from: NodeId, to: NodeId| graph.edges.iter().find(|e| e.from == from && e.to == to).map(|e| e.role);
    let exchange = |name: &str| NodeId::Exchange(name.into());
    assert_eq!(role(NodeId::Queue("work".into()), exchange("dead")), Some(graph::Role::DeadLetters));
    assert_eq!(role(exchange("orders"), exchange("dead")), Some(graph::Role::Alternate));
    assert_eq!(role(exchange("dead"), NodeId::Queue("graveyard".into())), Some(graph::Role::Flow));
    let labels: Vec<String> = view(&session).edges.iter().filter_map(|e| e.label.clone()).flat_map(|l| l.0).collect();
    assert!(
        labels.contains(&"dead letters".to_string()) && labels.contains(&"if unroutable".to_string()),
        "{labels:?}"
    );
}

#[test]
fn a_confirm_and_a_dead_letter_are_seen_to_travel() {
    let mut session = ran(&format!("{SECOND_CHANCES}run idle"));
    let mut kinds = BTreeSet::new();
    for step in 0..=session.timeline().length() {
        session.seek(step);
        let view = view(&session);
        let now_ms = session.world().now_ms() as f64;
        // What leaves together comes one behind the other, so the second of them is not there yet in the first moment.
        for later in [1.0, 60.0] {
            kinds.extend(view.scene.at(now_ms + later, |_| 0.0).0.into_iter().map(|dot| dot.kind));
        }
    }
    assert!(kinds.contains(&DotKind::Confirm) && kinds.contains(&DotKind::DeadLetter), "{kinds:?}");
}

#[test]
fn a_form_becomes_the_line_that_a_script_would_have() {
    use warren::shell::method_form::{DECLARE, FORMS, PUBLISH, line};
    use warren_sim::{amqp::method::Method, input::Input};
    let filled = |index: usize, values: &[(&str, &str)]| {
        let get = |name: &str| values.iter().find(|(n, _)| *n == name).map_or(String::new(), |(_, v)| v.to_string());
        line(&FORMS[index], &get)
    };
    assert_eq!(
        filled(DECLARE, &[("queue", "a b"), ("durable", "on"), ("x-message-ttl", "1000"), ("x-overflow", "drop-head")]),
        "amqp you queue.declare queue=\"a b\" durable arguments={x-message-ttl=1000, x-overflow=\"drop-head\"}"
    );
    assert_eq!(
        filled(PUBLISH, &[("routing_key", "q"), ("body", "say \"hi\""), ("headers", "{n=1}"), ("mandatory", "on")]),
        "amqp you basic.publish routing_key=\"q\" body=\"say \\\"hi\\\"\" mandatory headers={n=1}"
    );
    for form in FORMS {
        assert!(Method::from_name(form.method).is_some(), "{}", form.method);
        let every = |name: &str| if name == "queue" || name == "exchange" { "x".to_string() } else { String::new() };
        assert!(Input::parse(&line(form, &every)).is_ok(), "{}", form.method);
    }
}
