//! The stage without a browser: who is on it, where everything stands, what moves, and the HTML that comes of it.

#[path = "stage/by_hand.rs"]
mod by_hand;

use std::{collections::BTreeSet, rc::Rc};

use warren::{
    stage::{
        self, Stage, StageHandle, StageView,
        cards::{Look, Mood, Shape},
        graph::{self, Doing, Kind, NodeId},
        history::{self, History},
        layout::{self, Box as Node, Layout, Wire},
        measure::{fit, text_width},
        motion::{self, DotKind},
        touch,
        track::Geometry,
    },
    text::{Language, Text},
};
use warren_sim::{lesson::Lesson, session::Session};
use yew::{LocalServerRenderer, NodeRef};

const HEAD: &str = "# A test\nid: test\nlatency: 100ms\n\n## One chapter\nText.\n```do\n";

fn english() -> &'static Text {
    Language::English.text()
}

/// A session in which this script was carried out, looked at where it ended.
fn ran(script: &str) -> Session {
    let lesson = Lesson::parse(&format!("{HEAD}{script}\n```\n")).expect("the test's own lesson");
    let mut session = Session::new(Rc::new(lesson), 1);
    session.seek_end();
    session
}

fn graph_of(session: &Session) -> (History, graph::Graph) {
    let history = history::history(session);
    let touched = touch::touched(session, &history);
    let graph = graph::graph(session, &"/".into(), &history, &touched);
    (history, graph)
}

/// The edges as `from>to`, each with `*` behind it where it is live.
fn edges(session: &Session) -> Vec<String> {
    let (_, graph) = graph_of(session);
    let name = |id: &NodeId| {
        let node = graph.nodes.iter().find(|node| node.id == *id).expect("an edge ends at nodes");
        if node.name.is_empty() { "default".to_string() } else { node.name.to_string() }
    };
    graph
        .edges
        .iter()
        .map(|edge| format!("{}>{}{}", name(&edge.from), name(&edge.to), if edge.live { "*" } else { "" }))
        .collect()
}

fn view(session: &Session) -> StageView {
    stage::view(session, &"/".into(), false, english())
}

const WORKERS: &str = "start worker_1 receive queue=tasks work=1s prefetch=1\n\
    start worker_2 receive queue=tasks work=1s prefetch=1\n\
    run idle\n\
    start new_task send queue=tasks count=4 every=10ms \"body=task {n}\"\n";

#[test]
fn a_work_queue_is_drawn_from_producer_to_consumers() {
    let session = ran(&format!("{WORKERS}run until working worker_2 2\nwait 200ms"));
    assert_eq!(
        edges(&session),
        ["new_task>default", "default>tasks*", "tasks>worker_1*", "tasks>worker_2*"],
        "the producer has ended, so nothing comes from it any more"
    );
    let view = view(&session);
    let names: Vec<&str> = view.nodes.iter().map(|node| &*node.card.name).collect();
    assert_eq!(names, ["new_task", "default", "tasks", "worker_1", "worker_2"], "the order in which messages go");
    let x = |name: &str| view.nodes.iter().find(|node| node.card.name == name).expect("a node").at.0;
    assert!(x("new_task") < x("default") && x("default") < x("tasks") && x("tasks") < x("worker_1"));
    let queue = &view.nodes[2].card;
    let tiles: Vec<(&str, Look)> = queue.tiles.iter().map(|tile| (&*tile.label, tile.look)).collect();
    assert_eq!(tiles, [("1", Look::Unacked), ("2", Look::Unacked), ("3", Look::Ready), ("4", Look::Ready)]);
    assert_eq!(queue.label, "queue tasks: 2 ready, 2 unacknowledged, consumed by worker_1, consumed by worker_2");
    assert_eq!(view.nodes[3].card.label, "consumer worker_1: working on, holds message 1");
    assert_eq!(view.nodes[0].card.shape, Shape::Process);
    assert_eq!(view.nodes[1].card.shape, Shape::Exchange);
    assert_eq!(queue.shape, Shape::Queue);
}

#[test]
fn a_killed_consumer_keeps_a_dashed_edge() {
    let session = ran(&format!("{WORKERS}run until working worker_1 1\nkill worker_1\nwait 150ms"));
    assert!(edges(&session).contains(&"tasks>worker_1".to_string()), "{:?}", edges(&session));
    let (_, graph) = graph_of(&session);
    let edge = graph.edges.iter().find(|edge| !edge.live && edge.broken).expect("a broken edge");
    assert_eq!(edge.from, NodeId::Queue("tasks".into()));
    let view = view(&session);
    let dead = view.nodes.iter().find(|node| node.card.name == "worker_1").expect("the dead one stays");
    assert_eq!(dead.card.mood, Mood::Broken);
    assert!(dead.card.label.ends_with("killed"), "{}", dead.card.label);
}

#[test]
fn states_are_told_apart() {
    let doing = |script: &str, name: &str| {
        let session = ran(script);
        let (_, graph) = graph_of(&session);
        let node = graph.nodes.iter().find(|node| node.name == name).expect("the process");
        match &node.what {
            Kind::Process(process) => process.doing,
            other => panic!("{name} is {other:?}"),
        }
    };
    let consumer = "start c receive queue=q\n";
    assert_eq!(doing(consumer, "c"), Doing::Running);
    assert_eq!(doing(&format!("{consumer}step 1"), "c"), Doing::Connecting);
    assert_eq!(doing(&format!("{consumer}run idle"), "c"), Doing::Idle);
    assert_eq!(doing(&format!("{consumer}run idle\nkill c"), "c"), Doing::Killed);
    assert_eq!(doing(&format!("{consumer}run idle\nbroker kill\nrun idle"), "c"), Doing::Lost);
    assert_eq!(doing("broker stop\nstart c receive queue=q\nrun idle", "c"), Doing::Refused);
    assert_eq!(doing("start p send queue=q\nrun idle", "p"), Doing::Ended);
    assert_eq!(doing("start p send queue=q start=5s\nrun until queue q\nwait 1s", "p"), Doing::Sleeping);
    let clash = "start p send queue=q\nrun idle\nstart c receive queue=q durable\nrun idle";
    assert_eq!(doing(clash, "c"), Doing::Failed);
}

#[test]
fn only_exchanges_in_play_are_shown() {
    let names = |script: &str| -> Vec<String> {
        let session = ran(script);
        let exchanges = graph_of(&session).1.nodes;
        let exchanges = exchanges.iter().filter(|node| matches!(node.what, Kind::Exchange { .. }));
        exchanges.map(|node| node.name.to_string()).collect()
    };
    assert!(names("wait 1ms").is_empty());
    assert_eq!(names("start p send queue=q\nrun idle"), [""]);
    assert_eq!(names("amqp me exchange.declare exchange=mine type=fanout\nrun idle"), ["mine"]);
    let bound =
        "amqp me queue.declare queue=q\namqp me queue.bind queue=q exchange=amq.topic routing_key=a.*\nrun idle";
    assert_eq!(names(bound), ["amq.topic"]);
    assert_eq!(names("amqp me basic.publish exchange=amq.fanout routing_key=k body=x\nrun idle"), ["amq.fanout"]);
}

#[test]
fn bindings_carry_their_keys() {
    let script = "start c receive exchange=logs type=topic key=*.orange.*,lazy.#\nrun idle\n\
        start p send exchange=logs type=topic key=quick.orange.fox\nrun idle";
    let session = ran(script);
    let view = view(&session);
    let labels: Vec<&Vec<String>> =
        view.edges.iter().filter_map(|edge| edge.label.as_ref()).map(|(lines, _)| lines).collect();
    assert_eq!(labels, [&vec!["*.orange.*".to_string(), "lazy.#".to_string()]]);
    let queue = view.nodes.iter().find(|node| node.card.shape == Shape::Queue).expect("a queue");
    assert!(queue.card.label.contains("bound to logs by key *.orange.*, lazy.#"), "{}", queue.card.label);
    assert!(queue.card.label.contains("features Excl"), "{}", queue.card.label);
    assert!(queue.card.lines[0].text.starts_with("amq.gen-") && queue.card.lines[0].text.ends_with('…'));
}

#[test]
fn a_call_and_its_answer_go_around() {
    let session =
        ran("start server rpc_server\nrun idle\nstart client rpc_client ask=3,4\nrun until received client 1");
    let edges = edges(&session);
    assert!(
        edges.contains(&"server>default*".to_string()) && edges.contains(&"rpc_queue>server*".to_string()),
        "{edges:?}"
    );
    let view = view(&session);
    let names: Vec<&str> = view.nodes.iter().map(|node| &*node.card.name).collect();
    assert_eq!((names[0], names[names.len() - 1]), ("client", "server"), "who asks stands first, who answers last");
}

#[test]
fn a_long_queue_shows_head_count_and_tail() {
    let session = ran("start p send queue=q count=40\nrun idle");
    let view = view(&session);
    let queue = view.nodes.iter().find(|node| node.card.shape == Shape::Queue).expect("the queue");
    let labels: Vec<&str> = queue.card.tiles.iter().map(|tile| &*tile.label).collect();
    assert_eq!(labels, ["1", "2", "3", "+36", "40"]);
    let end = queue.card.tiles.last().map(|tile| tile.x + tile.width).expect("tiles");
    assert!(end <= queue.card.width - 12.0, "the tiles end at {end} in a box of {}", queue.card.width);
    assert!(queue.card.lines.iter().any(|line| line.text == "40 ready · 0 unacked"));
}

#[test]
fn a_broker_that_is_down_is_said() {
    let session = ran("start p send queue=q durable persistent\nrun idle\nbroker stop\nrun idle");
    let view = view(&session);
    assert!(view.broker_down);
    let faded =
        |shape: Shape| view.nodes.iter().filter(|node| node.card.shape == shape).all(|n| n.card.mood == Mood::Faded);
    assert!(faded(Shape::Queue) && faded(Shape::Exchange));
}

#[test]
fn only_what_the_last_step_touched_glows() {
    let mut session = ran("start p send queue=q\nrun idle");
    session.seek(0);
    assert!(view(&session).nodes.iter().all(|node| !node.card.touched), "nothing has happened yet");
    let mut published = false;
    while session.timeline().position() < session.timeline().length() {
        session.forward();
        let view = view(&session);
        if session.world().queue_counts(&"q".into()).is_some_and(|(ready, _)| ready == 1) {
            let touched: BTreeSet<&str> =
                view.nodes.iter().filter(|node| node.card.touched).map(|node| &*node.card.name).collect();
            assert_eq!(touched, BTreeSet::from(["default", "q"]));
            let edges: Vec<&str> =
                view.edges.iter().filter(|edge| edge.class.contains("touched")).map(|edge| &*edge.key).collect();
            assert_eq!(edges, ["p0>x", "x>qq"]);
            published = true;
            break;
        }
    }
    assert!(published, "the message arrived");
}

fn node(rank: u32) -> Node {
    Node { rank, width: 150.0, height: 60.0, pointed: rank == 1 }
}

fn wire(from: usize, to: usize) -> Wire {
    Wire { from, to, label: (0.0, 0.0) }
}

/// Asserts that no two nodes overlap, and that everything lies within the whole.
fn check(nodes: &[Node], placed: &Layout) {
    for (index, (a, at)) in nodes.iter().zip(&placed.places).enumerate() {
        assert!(at.0 >= 0.0 && at.1 >= 0.0, "node {index} at {at:?}");
        assert!(
            at.0 + a.width <= placed.width + 0.5 && at.1 + a.height <= placed.height + 0.5,
            "node {index} at {at:?}"
        );
        for (other, (b, to)) in nodes.iter().zip(&placed.places).enumerate().take(index) {
            let apart =
                at.0 + a.width <= to.0 || to.0 + b.width <= at.0 || at.1 + a.height <= to.1 || to.1 + b.height <= at.1;
            assert!(apart, "nodes {other} and {index} overlap: {to:?} {at:?}");
        }
    }
    for (index, path) in placed.paths.iter().enumerate() {
        assert!(!path.is_empty(), "edge {index} has a way");
        for (x, y) in path.iter().flatten() {
            assert!((0.0..=placed.width).contains(x) && (0.0..=placed.height).contains(y), "edge {index} at {x}, {y}");
        }
    }
}

#[test]
fn nodes_never_overlap_however_many_there_are() {
    for narrow in [false, true] {
        for queues in [1, 3, 8, 30, 300] {
            let mut nodes = vec![node(0), node(1)];
            let mut wires = vec![wire(0, 1)];
            for queue in 0..queues {
                nodes.push(node(1_000));
                wires.push(wire(1, 2 + queue));
            }
            for queue in 0..queues {
                nodes.push(node(2_000));
                wires.push(wire(2 + queue, 2 + queues + queue));
            }
            let placed = layout::layout(&nodes, &wires, narrow);
            check(&nodes, &placed);
        }
    }
}

#[test]
fn circles_and_ways_back_are_drawn() {
    let nodes = [node(0), node(1), node(1_000), node(1_000), node(2_000)];
    let wires = [wire(0, 1), wire(1, 2), wire(1, 3), wire(2, 4), wire(4, 1), wire(3, 0)];
    for narrow in [false, true] {
        check(&nodes, &layout::layout(&nodes, &wires, narrow));
    }
    // Exchanges of one depth that lead to each other, and an exchange that leads to itself.
    let nodes = [node(1), node(1), node(2)];
    let wires = [wire(0, 1), wire(1, 0), wire(2, 2), wire(0, 2)];
    check(&nodes, &layout::layout(&nodes, &wires, false));
}

#[test]
fn a_new_node_leaves_the_others_in_order() {
    let build = |consumers: usize| {
        let mut nodes = vec![node(0), node(1), node(1_000)];
        let mut wires = vec![wire(0, 1), wire(1, 2)];
        for consumer in 0..consumers {
            nodes.push(node(2_000));
            wires.push(wire(2, 3 + consumer));
        }
        layout::layout(&nodes, &wires, false)
    };
    for consumers in 1..8 {
        let placed = build(consumers);
        let column: Vec<f64> = placed.places[3..].iter().map(|(_, y)| *y).collect();
        assert!(column.is_sorted(), "{consumers} consumers stand at {column:?}");
        let middle = (column[0] + column[consumers - 1]) / 2.0;
        assert!((middle - placed.places[2].1).abs() <= 1.0, "the queue stands at the middle of its consumers");
    }
}

#[test]
fn crossings_are_undone() {
    let nodes = [node(0), node(0), node(1_000), node(1_000)];
    let placed = layout::layout(&nodes, &[wire(0, 3), wire(1, 2)], false);
    let y = |index: usize| placed.places[index].1;
    assert_eq!((y(0) < y(1)), (y(3) < y(2)), "each stands beside the one it leads to: {:?}", placed.places);
}

#[test]
fn texts_fit_into_their_place() {
    for text in ["task_queue", "amq.gen-JzTY20BRgKO-HjmUJj0wLg", "消息队列", "WWWWWWWWWWWWWWWW", ""] {
        for width in [20.0, 80.0, 160.0] {
            let fitted = fit(text, 15.0, true, width);
            assert!(text_width(&fitted, 15.0, true) <= width.max(text_width("…", 15.0, true)), "{fitted} in {width}");
        }
    }
    assert_eq!(fit("queue", 15.0, true, 200.0), "queue");
}

fn geometry(session: &Session) -> (History, Geometry) {
    let (history, graph) = graph_of(session);
    let (_, geometry) = stage::arrange(&graph, false, english());
    (history, geometry)
}

#[test]
fn a_message_travels_from_its_publisher_to_the_exchange() {
    let mut session = ran("start p send queue=q start=1s\nrun until sent 1");
    let now = session.world().now_ms() as f64;
    let at = |session: &Session, t: f64| {
        let (history, geometry) = geometry(session);
        let dots = motion::dots(session, &history, &geometry, t);
        dots.into_iter().find(|dot| dot.kind == DotKind::Message)
    };
    let begin = at(&session, now).expect("the message is on its way");
    assert_eq!(begin.message.map(|message| message.0), Some(1));
    let middle = at(&session, now + 50.0).expect("it is half way");
    let end = at(&session, now + 100.0).expect("it arrives");
    assert!(begin.at.0 < middle.at.0 && middle.at.0 < end.at.0, "{begin:?} {middle:?} {end:?}");
    let (_, geometry) = geometry(&session);
    let publisher = geometry.nodes[&NodeId::Process(warren_sim::event::ProcessId(0))];
    let exchange = geometry.nodes[&NodeId::Exchange("".into())];
    assert!((begin.at.0 - (publisher.0 + publisher.2)).abs() < 1.0 && (end.at.0 - exchange.0).abs() < 1.0);
    assert_eq!(at(&session, now + 50.0), Some(middle), "the same question has the same answer");
    session.seek_end();
    assert_eq!(at(&session, now + 50.0), Some(middle), "seeking changes nothing");
}

#[test]
fn a_copy_is_seen_on_its_way_into_the_queue() {
    let session = ran("start p send queue=q\nrun until ready q 1");
    let (history, geometry) = geometry(&session);
    let scene = motion::scene(&session, &history, &geometry);
    let now = session.world().now_ms() as f64;
    let hop = motion::hop_ms(session.world().latency_ms());
    let (dots, veils) = scene.at(now, |_| 0.0);
    assert_eq!(dots.iter().filter(|dot| dot.kind == DotKind::Message).count(), 1);
    assert_eq!(veils.len(), 1, "its tile is a place still");
    let (dots, veils) = scene.at(now + hop + 1.0, |_| 0.0);
    assert!(dots.iter().all(|dot| dot.kind != DotKind::Message) && veils.is_empty(), "it has arrived");
    let (_, veils) = scene.at(now, |_| motion::HOP_REAL_MS);
    assert!(veils.is_empty(), "it arrives too where the clock stands still");
    assert!(scene.still(now).iter().all(|dot| dot.kind != DotKind::Message), "with less motion it is there at once");
}

#[test]
fn a_delivery_leaves_the_queue_after_the_copy_came() {
    let session = ran("start c receive queue=q work=1s\nrun idle\nstart p send queue=q\nrun until unacked q 1");
    let (history, geometry) = geometry(&session);
    let now = session.world().now_ms() as f64;
    let kinds = |t: f64| -> BTreeSet<DotKind> {
        let dots = motion::dots(&session, &history, &geometry, t);
        dots.iter().filter(|dot| dot.message.is_some()).map(|dot| dot.kind).collect()
    };
    assert_eq!(kinds(now + 10.0), BTreeSet::from([DotKind::Message]));
    assert_eq!(kinds(now + 90.0), BTreeSet::from([DotKind::Delivery]));
}

#[test]
fn an_acknowledgement_goes_back_and_a_lost_message_returns() {
    let script = "start c receive queue=q work=1s\nrun idle\nstart p send queue=q\nrun until working c 1\n";
    let mut acked = ran(&format!("{script}wait 3s"));
    let mut seen = false;
    for step in (0..acked.timeline().length()).rev() {
        acked.seek(step);
        let (history, geometry) = geometry(&acked);
        let now = acked.world().now_ms() as f64;
        let dots = motion::dots(&acked, &history, &geometry, now);
        seen |= dots.iter().any(|dot| dot.kind == DotKind::Ack && dot.message.map(|m| m.0) == Some(1));
    }
    assert!(seen, "the acknowledgement of message 1 was on its way");
    let killed = ran(&format!("{script}kill c\nrun until ready q 1"));
    let (history, geometry) = geometry(&killed);
    let now = killed.world().now_ms() as f64;
    let dots = motion::dots(&killed, &history, &geometry, now);
    assert!(dots.iter().any(|dot| dot.kind == DotKind::Return), "{dots:?}");
}

#[test]
fn what_leaves_together_is_a_train() {
    let session = ran("start p send queue=q count=5 start=1s\nrun until sent 5");
    let (history, geometry) = geometry(&session);
    let now = session.world().now_ms() as f64;
    let dots = motion::dots(&session, &history, &geometry, now + 60.0);
    let places: BTreeSet<i64> = dots.iter().filter(|dot| dot.message.is_some()).map(|dot| dot.at.0 as i64).collect();
    assert!(places.len() >= 3, "{places:?}");
}

async fn html(session: &Session, text: &'static Text, narrow: bool) -> String {
    let view = stage::view(session, &"/".into(), narrow, text);
    let props = move || stage::Props {
        view,
        text,
        on: yew::Callback::noop(),
        pointed: None,
        selection: warren::action::Selection::Queue("tasks".into()),
        canvas: NodeRef::default(),
        handle: StageHandle::default(),
    };
    LocalServerRenderer::<Stage>::with_props(props()).hydratable(false).render().await
}

#[tokio::test(flavor = "current_thread")]
async fn nodes_are_buttons_that_can_be_read_aloud() {
    let session = ran(&format!("{WORKERS}run until working worker_2 2\nwait 200ms"));
    for narrow in [false, true] {
        let html = html(&session, english(), narrow).await;
        assert_eq!(html.matches("role=\"button\" tabindex=\"0\"").count(), 5, "{html}");
        assert!(html.contains("<desc>queue tasks: 2 ready, 2 unacknowledged"), "{html}");
        assert_eq!(html.matches("aria-pressed=\"true\"").count(), 1, "the queue is chosen");
        assert!(!html.contains("style="), "the security policy forbids it");
    }
    let html = html(&session, Language::Chinese.text(), false).await;
    assert!(html.contains("队列 tasks：就绪 2 条，未确认 2 条"), "{html}");
    assert!(!html.contains(" unacked<") && !html.contains("consumer"), "no English is left: {html}");
}

#[tokio::test(flavor = "current_thread")]
async fn an_empty_stage_says_what_to_do_and_names_are_only_text() {
    let empty = html(&ran("wait 1ms"), english(), false).await;
    assert!(empty.contains(english().stage.empty_hint));
    let session = ran("amqp <b>me</b> queue.declare queue=<script>alert(1)</script>\nrun idle");
    let html = html(&session, english(), false).await;
    assert!(!html.contains("<script>") && html.contains("&lt;script&gt;"), "{html}");
}

#[test]
fn pairs_stand_in_line() {
    // An exchange, three queues, and four consumers, of which the last two share a queue.
    let nodes = [node(0), node(1), node(5), node(5), node(5), node(9), node(9), node(9), node(9)];
    let wires = [wire(0, 1), wire(1, 2), wire(1, 3), wire(1, 4), wire(2, 5), wire(3, 6), wire(4, 7), wire(4, 8)];
    let placed = layout::layout(&nodes, &wires, false);
    let y = |index: usize| placed.places[index].1;
    assert!(
        (y(2) - y(5)).abs() <= 1.0 && (y(3) - y(6)).abs() <= 1.0 && (y(0) - y(1)).abs() <= 1.0,
        "{:?}",
        placed.places
    );
}

#[test]
fn a_goodbye_is_no_disaster() {
    let ends = |script: &str| {
        let mut session = ran(script);
        let mut ends = 0;
        for step in 0..=session.timeline().length() {
            session.seek(step);
            let (history, geometry) = geometry(&session);
            let dots = motion::dots(&session, &history, &geometry, session.world().now_ms() as f64);
            ends += dots.iter().filter(|dot| dot.kind == DotKind::End).count();
        }
        ends
    };
    assert_eq!(ends("start p send queue=q\nrun idle"), 0);
    assert!(ends("start c receive queue=q\nrun idle\nkill c\nrun idle") > 0);
    assert!(ends("start c receive queue=q\nrun idle\nbroker stop\nrun idle") > 0);
    assert!(ends("broker stop\nstart c receive queue=q\nrun idle") > 0);
}

/// The first picture is drawn before the world has begun, with rooms that are empty: so the first lesson has to begin with an empty world.
#[test]
fn the_first_lesson_begins_with_nobody_on_the_stage() {
    let lesson = Rc::new(warren_sim::lessons::lesson(warren_sim::lessons::LESSONS[0].id, "en").expect("it is tested"));
    let mut session = Session::bare(lesson.clone(), lesson.seed);
    assert!(!session.chapter_done(), "nothing has been carried out");
    assert!(session.world().processes().is_empty());
    assert_eq!(session.world().broker().queues().count(), 0);
    assert!(view(&session).nodes.is_empty());
    session.prepare();
    let whole = Session::new(lesson.clone(), lesson.seed);
    assert_eq!((session.hash(), session.timeline().length()), (whole.hash(), whole.timeline().length()));
    session.seek_end();
    let end = session.hash();
    session.prepare();
    assert_eq!((session.hash(), session.timeline().position()), (end, whole.timeline().length()), "once is enough");
}
