//! Programs that talk to the store: round trips cost the time they travel, and pools give out what they have.

use warren_sim::{
    event::{Event, What},
    input::Input,
    links::Trip,
    world::World,
};

/// Runs these inputs at once, then all that is due.
fn run(latency_ms: u64, inputs: &[&str]) -> (World, Vec<Event>) {
    let (mut world, mut events) = (World::new(1, latency_ms), Vec::new());
    for input in inputs {
        world.submit(&Input::parse(input).expect("an input"), &mut events);
    }
    while world.step(&mut events) {
        world.check().expect("a sound world");
    }
    (world, events)
}

/// When a program ended, in virtual ms, and of what error.
fn ends(world: &World, events: &[Event]) -> Vec<(String, u64, String)> {
    let end = |event: &Event| match &event.what {
        What::ProcessEnded { process, error } => {
            let name = world.processes()[process.0 as usize].name.to_string();
            Some((name, event.at_ms, error.clone().unwrap_or_default().text().into_owned()))
        }
        _ => None,
    };
    events.iter().filter_map(end).collect()
}

fn value(world: &World, key: &str) -> String {
    let rows = warren_sim::redis::view::keys(world.store(), 0, warren_sim::world::EPOCH_MS, 100, 100);
    rows.iter().find(|row| row.key == key).map(|row| row.bytes.text().into_owned()).unwrap_or_default()
}

#[test]
fn a_pipeline_takes_one_round_trip() {
    let (world, events) = run(50, &["start slow redis count=10", "start quick redis count=10 pipeline"]);
    // Connecting is a round trip as well.
    let times: Vec<_> = ends(&world, &events).into_iter().map(|(name, at, _)| (name, at)).collect();
    assert_eq!(times, [("quick".to_string(), 200), ("slow".to_string(), 1_100)]);
    assert_eq!(value(&world, "visits"), "20");
    let sent = |name: &str| -> Vec<u32> {
        let id = world.process(&name.into()).expect("it ran").id;
        let of = |event: &Event| match &event.what {
            What::Trip(Trip::Sent { process, to_store: true, commands, .. }) if *process == id => Some(*commands),
            _ => None,
        };
        events.iter().filter_map(of).collect()
    };
    assert_eq!(sent("quick"), [0, 10, 0], "connect, the pipeline, close");
    assert_eq!(sent("slow").len(), 12);
    assert!(world.process(&"quick".into()).expect("it ran").output.iter().any(|line| *line == "10 replies"));
}

#[test]
fn who_waits_too_long_gets_no_connection() {
    let start = |n: u32, more: &str| format!("start web_{n} redis pool=web size=2 hold=300ms {more}");
    let inputs: Vec<String> = (1..=5).map(|n| start(n, "timeout=600ms")).collect();
    let (world, events) = run(50, &inputs.iter().map(String::as_str).collect::<Vec<_>>());
    let ends = ends(&world, &events);
    let told: Vec<(&str, u64, &str)> = ends.iter().map(|(name, at, error)| (&name[..], *at, &error[..])).collect();
    let none = "redis.exceptions.ConnectionError: No connection available.";
    // 100 ms to connect, 100 ms for the command, 300 ms kept: the next two need no connecting. The fifth would have to wait until 900.
    let expected =
        [("web_1", 500, ""), ("web_2", 500, ""), ("web_5", 600, none), ("web_3", 900, ""), ("web_4", 900, "")];
    assert_eq!(told, expected);
    assert_eq!((value(&world, "visits"), world.links().expect("there were connections").opened), ("4".to_string(), 2));

    let inputs: Vec<String> = (1..=3).map(|n| start(n, "")).collect();
    let (world, events) = run(50, &inputs.iter().map(String::as_str).collect::<Vec<_>>());
    let refused = ends_of(&world, &events, "web_3");
    assert_eq!(refused, (0, "redis.exceptions.MaxConnectionsError: Too many connections".to_string()));
}

fn ends_of(world: &World, events: &[Event], name: &str) -> (u64, String) {
    let all = ends(world, events);
    all.into_iter().find(|(other, _, _)| other == name).map(|(_, at, error)| (at, error)).expect("it ended")
}

#[test]
fn who_dies_with_a_connection_makes_room_for_another() {
    let start = |n: u32| format!("start t{n} redis pool=p size=1 timeout=10s hold=5s");
    let (mut world, mut events) = (World::new(1, 50), Vec::new());
    for n in 1..=3 {
        world.submit(&Input::parse(&start(n)).expect("an input"), &mut events);
    }
    world.submit(&Input::Wait { ms: 1_000 }, &mut events);
    while world.now_ms() < 1_000 && world.step(&mut events) {}
    for name in ["t1", "t3"] {
        world.submit(&Input::parse(&format!("kill {name}")).expect("an input"), &mut events);
        world.check().expect("a sound world");
    }
    while world.step(&mut events) {
        world.check().expect("a sound world");
    }
    assert_eq!(
        (value(&world, "visits"), world.links().expect("there were connections").opened),
        ("2".to_string(), 2),
        "t2 opened one of its own"
    );
    assert_eq!(ends_of(&world, &events, "t2").1, "");
    assert_eq!(
        (
            world.links().expect("there were connections").pools[0].made,
            world.links().expect("there were connections").pools[0].idle.len()
        ),
        (1, 1)
    );
}

#[test]
fn errors_are_those_of_redis_py() {
    let (world, events) =
        run(10, &["redis SET visits many", "start a redis", "start b redis pipeline command=\"SET k 1|INCR visits\""]);
    assert_eq!(
        ends_of(&world, &events, "a").1,
        "redis.exceptions.ResponseError: value is not an integer or out of range"
    );
    let told = "redis.exceptions.ResponseError: Command # 2 (INCR visits) of pipeline caused error: value is not an integer or out of range";
    assert_eq!(ends_of(&world, &events, "b").1, told);
    for (wrong, why) in [
        ("command=\"BLPOP k 0\"", "waits for more than one answer"),
        ("command=NOSUCH", "no command"),
        ("count=0", "at least one"),
        ("count=2000 pipeline", "at most 1000"),
        ("size=2", "expected pool=NAME"),
        ("pool=p size=0", "1 to 64"),
        ("hold=1s", "expected pool=NAME"),
    ] {
        let fault = Input::parse(&format!("start x redis {wrong}")).expect_err(wrong);
        assert!(fault.message.contains(why), "{wrong}: {}", fault.message);
    }
}

/// Each round has its number.
#[test]
fn rounds_are_numbered() {
    let (world, _) = run(
        10,
        &["start a redis count=3 command=\"SET k{n} v{n}\"", "start b redis count=2 pipeline command=\"SET p{n} {n}\""],
    );
    assert_eq!([value(&world, "k3"), value(&world, "p2"), value(&world, "p3")], ["v3", "2", ""]);
    let listing =
        world.process(&"a".into()).expect("it ran").program.listing().iter().map(|line| line.text().into_owned());
    assert!(listing.collect::<Vec<_>>().contains(&"    r.execute_command('SET', f'k{n}', f'v{n}')".to_string()));
}
