//! Runs forward and back: the world at step n is the same however one came there, whatever was done to it.

#[path = "replay/random.rs"]
mod random;

use std::rc::Rc;

use warren_sim::{input::Input, lesson::Lesson, link::Link, session::Session};

/// A lesson with nothing in it: what is done to it is all there is.
fn sandbox() -> Rc<Lesson> {
    Rc::new(Lesson::parse("# Sandbox\nid: sandbox\n## One\nNothing happens.\n").expect("a lesson"))
}

const STORY: &str = "
start new_task send queue=task_queue durable persistent count=6 every=400ms \"body=task {n}\"
start worker_1 receive queue=task_queue durable work=2s prefetch=1
start worker_2 receive queue=task_queue durable work=1s prefetch=1
run until working worker_2 2
kill worker_2
run until redelivered worker_1 2
redis SET foo bar
redis SETBIT foo 7 1
broker kill
wait 500ms
broker start
run until not alive worker_1
restart worker_1
restart worker_2
run idle
";

#[test]
fn the_story_of_a_dying_consumer_runs_to_its_end() {
    let mut session = Session::new(sandbox(), 7);
    session.run(STORY).expect("the story is a script");
    session.world().check().expect("the world keeps its promises");
    let console = &session.world().consoles()[0];
    assert_eq!(console.last_output().expect("two lines were typed").text(), "(integer) 0");
    let worker = session.world().process(&"worker_1".into()).expect("it was started");
    assert!(worker.is_alive(), "{:?}", worker.output);
    assert_eq!(session.world().queue_counts(&"task_queue".into()), Some((0, 0)));
}

#[test]
fn seek_equals_live_for_every_step_of_random_runs() {
    let mut golden = String::new();
    for seed in 0..12 {
        let (mut timeline, hashes) = random::run(seed);
        assert!(timeline.length() > 200, "seed {seed} does next to nothing: {} steps", timeline.length());
        // Neither forward nor backward only: every step, in an order that jumps.
        let count = hashes.len() as u64;
        for index in 0..count {
            let n = (index * 7919) % count;
            timeline.seek(n as u32);
            assert_eq!(timeline.world().hash(), hashes[n as usize], "seed {seed}, step {n}");
        }
        golden.push_str(&random::line(seed, &hashes));
    }
    // The same file is compared in WebAssembly by tests/web.rs.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/random_hashes.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(path, &golden).expect("the file can be written");
    }
    let expected = std::fs::read_to_string(path).expect("UPDATE_EXPECT=1 writes it");
    assert_eq!(golden, expected, "links made before this change show other hashes; UPDATE_EXPECT=1 accepts that");
}

#[test]
fn acting_in_the_past_leaves_the_other_future_on_its_branch() {
    let mut session = Session::new(sandbox(), 1);
    session.run(STORY).expect("the story is a script");
    let (end, hash) = (session.timeline().length(), session.hash());
    session.seek(20);
    session.submit(Input::parse("kill new_task").expect("an input"));
    assert_eq!(session.timeline().branches().len(), 2);
    assert_eq!(session.timeline().branch().forked, Some((1, 20)));
    assert_eq!(session.timeline().length(), 21);
    assert!(session.switch_branch(1));
    session.seek(end);
    assert_eq!(session.hash(), hash);
    assert!(!session.switch_branch(99));
}

#[test]
fn a_link_shows_the_same_world_wherever_it_is_opened() {
    let mut session = Session::new(sandbox(), 99);
    session.run(STORY).expect("the story is a script");
    session.seek(33);
    let text = Link::of(&session, "en").print().expect("short enough");
    let link = Link::parse(&text).expect("just written");
    let opened = link.open(sandbox()).expect("just written");
    assert_eq!(opened.hash(), session.hash());
    assert_eq!(opened.timeline().position(), 33);
    assert_eq!(opened.timeline().length(), session.timeline().length());
}

#[test]
fn events_are_numbered_without_gaps_and_their_causes_come_before_them() {
    let mut session = Session::new(sandbox(), 5);
    session.run(STORY).expect("the story is a script");
    let timeline = session.timeline();
    for (index, event) in timeline.events(0, timeline.length()).iter().enumerate() {
        assert_eq!(event.id as usize, index + 1);
        assert!(event.cause.is_none_or(|cause| cause < event.id), "{event:?}");
        let step = timeline.step_of(event.id);
        assert!(timeline.events(step, step).contains(event), "{event:?} is not at step {step}");
    }
}
