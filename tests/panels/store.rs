//! The store's panels: what changed, what values stand for, what went over the wire.

use super::*;

/// What the last command did to the elements of each type of collection.
#[test]
fn elements_are_marked_with_what_changed() {
    let marks = |script: &str, key: &str| {
        let view = keys::view(&session(script), 1);
        let row = view.rows.into_iter().find(|row| row.name == key).expect("the key is there");
        let told = |row: &ElementRow| (row.mark != Mark::Same).then(|| format!("{:?} {}", row.mark, row.name.text));
        row.elements.iter().filter_map(told).collect::<Vec<_>>().join(", ")
    };
    let (base, last) = ("redis RPUSH k a b c\nredis ", |command: &str| format!("redis RPUSH k a b c\nredis {command}"));
    assert_eq!(marks(&last("LPUSH k z"), "k"), "Added z");
    assert_eq!(marks(&last("RPUSH k z"), "k"), "Added z");
    assert_eq!(marks(&last("LSET k 1 z"), "k"), "Changed z");
    assert_eq!(marks(&last("LPOP k"), "k"), "Removed a");
    assert_eq!(marks(&last("LRANGE k 0 -1"), "k"), "", "reading changes nothing");
    assert!(!keys::view(&session(&format!("{base}LLEN k")), 1).rows[0].changed);
    let hash = |command: &str| marks(&format!("redis HSET k a 1 b 2\nredis {command}"), "k");
    assert_eq!(hash("HSET k b 3 c 4"), "Changed b, Added c");
    assert_eq!(hash("HDEL k a"), "Removed a");
    let set = |command: &str| marks(&format!("redis SADD k a b\nredis {command}"), "k");
    assert_eq!((set("SADD k b c"), set("SREM k a")), ("Added c".to_string(), "Removed a".to_string()));
    let zset = |command: &str| marks(&format!("redis ZADD k 1 a 2 b\nredis {command}"), "k");
    assert_eq!((zset("ZINCRBY k 5 a"), zset("ZPOPMIN k")), ("Changed a".to_string(), "Removed a".to_string()));
    assert_eq!(marks("redis XADD k 1-1 a 1\nredis XADD k 2-1 a 1\nredis XDEL k 1-1", "k"), "Removed 1-1");
    // A key that is another type now: all that is there is new.
    assert_eq!(marks("redis SADD k a\nredis MULTI\nredis DEL k\nredis RPUSH k b\nredis EXEC", "k"), "Added b");
}

/// More than can be shown is counted.
#[test]
fn changes_beyond_what_is_shown_are_counted() {
    let fields: Vec<String> = (0..100).map(|n| format!("f{n} {n}")).collect();
    let row = keys::view(&session(&format!("redis HSET k {}", fields.join(" "))), 1).rows.remove(0);
    assert_eq!((row.elements.len(), row.more_changes, row.count), (64, 76, 100), "24 are told one by one");
}

#[test]
fn what_went_is_told() {
    let gone = |script: &str| keys::view(&session(script), 1).last.map(|last| (last.command, last.gone.join(" ")));
    let told = |command: &str, gone: &str| Some((command.to_string(), gone.to_string()));
    assert_eq!(gone("redis MSET a 1 b 2 c 3\nredis DEL a b"), told("DEL", "a b"));
    assert_eq!(gone("redis MSET a 1 b 2\nredis FLUSHALL"), told("FLUSHALL", "a b"));
    assert_eq!(gone("redis SET a 1\nredis RENAME a b"), told("RENAME", "a"));
    assert_eq!(gone("redis SET a 1 EX 1\nwait 5s"), told("SET", ""), "what only expired was not taken by the command");
}

/// The groups of a stream: who has what, for how long on the virtual clock, and how often it was handed out.
#[test]
fn groups_and_what_is_pending() {
    let script = "redis XADD s 1-1 a 1\nredis XADD s 2-1 a 2\nredis XADD s 3-1 a 3\nredis XGROUP CREATE s g 0
redis XREADGROUP GROUP g ann COUNT 2 STREAMS s >\nwait 1500ms\nredis XCLAIM s g bob 1000 1-1";
    let session_of = |script: &str| keys::view(&session(script), 1).rows.remove(0);
    let row = session_of(script);
    let group = &row.groups[0];
    assert_eq!((group.lag, group.pending_count, group.last_id.text().into_owned()), (Some(1), 2, "2-1".to_string()));
    let pending: Vec<_> = group
        .pending
        .iter()
        .map(|row| (row.consumer.text().into_owned(), row.idle_ms, row.times, row.changed))
        .collect();
    assert_eq!(pending, [("bob".to_string(), 0, 2, true), ("ann".to_string(), 1500, 1, false)]);
    assert!(row.changed, "no notification tells of it, but the stream is another");
    let row = session_of(&format!("{script}\nredis XACK s g 2-1"));
    assert_eq!((row.groups[0].pending_count, row.groups[0].acknowledged.len()), (1, 1));
    for language in LANGUAGES {
        check("groups", language, &keys_of(&session(script), language.text()));
    }
}

#[test]
fn places_and_hyperloglogs() {
    let script =
        "redis GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania\nredis PFADD h a b c\nredis ZADD n 1 a";
    let rows = keys::view(&session(script), 1).rows;
    let places = rows[0].places.as_ref().expect("they are places");
    assert_eq!(keys::place_map(places).places.len(), 2);
    assert!(rows[0].is_geo && (places[1].longitude - 13.361389).abs() < 1e-5 || places[1].member.text() != "Palermo");
    let hll = rows[1].hyperloglog.expect("a HyperLogLog");
    assert_eq!((hll.estimate, hll.dense, hll.registers), (3, false, 3));
    assert!(rows[2].places.is_none(), "small numbers are no places");
    for language in LANGUAGES {
        check(
            "places",
            language,
            &keys_of(&session("redis GEOADD g 2.35 48.85 Paris 0.12 51.5 London\nredis GET x"), language.text()),
        );
    }
}

#[test]
fn each_line_says_what_it_changed() {
    let session = session(
        "redis MSET a 1 b 2\nredis GET a\nredis BLPOP l 0\nredis#2 RPUSH l x\nredis#2 SELECT 3\nredis#2 SET c 1\nredis 2 INCR a",
    );
    let changed = |console: u32| -> Vec<String> {
        console::view(&session, console).entries.iter().map(|entry| entry.changed.join(" ")).collect()
    };
    assert_eq!(changed(1), ["a b", "", "", "a"]);
    assert_eq!(changed(2), ["l", "", "c[3]"]);
}

/// The picture is made of what really travelled: nothing is there before it left, and what is on its way ends at the moment looked at.
#[test]
fn round_trips_on_a_time_line() {
    let mut session = session("start one redis count=3\nstart all redis count=3 pipeline\nrun idle");
    let view = trips::view(&session);
    let told: Vec<_> =
        view.lanes.iter().map(|lane| (&*lane.name, lane.round_trips, lane.commands, lane.took_ms)).collect();
    assert_eq!(told, [("one", 4, 3, 1_200), ("all", 2, 3, 600)]);
    assert_eq!((view.round_trip_ms, view.from_ms), (300, 0));
    assert_eq!(view.lanes[0].bytes.0, view.lanes[1].bytes.0, "the same bytes leave");
    for language in LANGUAGES {
        check("trips", language, &trips_of(&session, language.text()));
    }
    let length = session.timeline().length();
    for step in (0..=length).rev() {
        session.seek(step);
        let view = trips::view(&session);
        let rays = || view.lanes.iter().flat_map(|lane| &lane.rays);
        assert!(
            rays().all(|ray| ray.from_ms <= view.now_ms && (!ray.arrived || ray.to_ms <= view.now_ms)),
            "step {step}"
        );
        assert!(rays().all(|ray| ray.to_ms == ray.from_ms + 150));
    }
    assert!(trips::view(&session).lanes.is_empty());
}

#[test]
fn a_pool_on_a_time_line() {
    let lines = trips::lines(0, 3, trips::How::Pool { size: 1, wait_ms: 400 });
    let session = session(&format!("{}\nrun idle", lines.join("\n")));
    let view = trips::view(&session);
    let spans: Vec<Vec<_>> = view.lanes.iter().map(|lane| lane.spans.iter().map(|span| span.what).collect()).collect();
    let without = vec![trips::SpanKind::WentWithout];
    assert_eq!(spans, [vec![trips::SpanKind::Has(1)], without.clone(), without], "it is kept for 900 ms");
    assert!(matches!(&view.lanes[1].doing, trips::Doing::Died(error) if error.ends_with("No connection available.")));
    for language in LANGUAGES {
        check("pool", language, &trips_of(&session, language.text()));
    }
}

/// What the forms start can be started.
#[test]
fn the_lines_of_the_forms_can_be_read() {
    let all = [trips::How::OneByOne, trips::How::Pipeline, trips::How::Pool { size: 10, wait_ms: 10_000 }];
    for line in all.into_iter().flat_map(|how| trips::lines(7, 10, how)) {
        assert!(Input::parse(&line).is_ok(), "{line}");
    }
}

fn trips_of(session: &Session, text: &'static Text) -> String {
    html::<trips::Trips>(trips::Props { view: trips::view(session), text, on: on() })
}
