//! The engine in a headless browser: what is true natively is true in WebAssembly, to the last bit of every hash.
#![cfg(target_arch = "wasm32")]

#[path = "replay/random.rs"]
mod random;

use std::{fmt::Write, rc::Rc};

use include_dir::{Dir, include_dir};
use warren_sim::{
    amqp::transcript::{engine::Engine as Broker, parse, print, replay},
    lessons,
    redis::transcript::{Engine as Store, play},
    session::Session,
};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// Every transcript, for there is no file system here.
static AMQP: Dir = include_dir!("$CARGO_MANIFEST_DIR/tests/transcripts/amqp");
static REDIS: Dir = include_dir!("$CARGO_MANIFEST_DIR/tests/transcripts/redis");

/// The name and text of each transcript in a folder.
fn transcripts(folder: &'static Dir) -> impl Iterator<Item = (&'static str, &'static str)> {
    let text = |file: &'static include_dir::File| {
        Some((file.path().file_stem()?.to_str()?, file.contents_utf8().expect("a transcript is text")))
    };
    assert!(folder.files().count() > 10, "the transcripts are where they were");
    folder.files().filter_map(text)
}

/// The same two numbers as in the native test of the generator.
#[wasm_bindgen_test]
fn the_seeded_generator_gives_the_same_numbers_as_natively() {
    let mut prng = warren_sim::prng::Prng::new(1_234_567);
    assert_eq!(prng.next_u64(), 6_457_827_717_110_365_317);
    assert_eq!(prng.next_u64(), 3_203_168_211_198_807_973);
}

#[wasm_bindgen_test]
fn the_broker_answers_as_rabbitmq_was_recorded() {
    for (name, text) in transcripts(&AMQP) {
        let recorded = parse(text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let played = match replay(&recorded, &mut Broker::new()) {
            Ok(played) => played,
            Err(never) => match never {},
        };
        assert_eq!(print(&played), text, "{name}");
    }
}

#[wasm_bindgen_test]
fn the_store_answers_as_redis_was_recorded() {
    for (name, text) in transcripts(&REDIS) {
        let played = play(text, &mut Store::default()).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        assert!(played.differences.is_empty(), "{name}: {}", played.differences.join("\n"));
    }
}

#[wasm_bindgen_test]
fn every_lesson_ends_with_the_same_hash_as_natively() {
    let mut table = String::new();
    for lessons::Entry { id, .. } in lessons::LESSONS {
        let lesson = lessons::lesson(id, "en").expect("lessons are tested to parse");
        let seed = lesson.seed;
        let mut session = Session::new(Rc::new(lesson), seed);
        session.seek_end();
        let hash = session.hash();
        // Back to the beginning and forth again, from checkpoints.
        session.seek(0);
        session.seek_end();
        assert_eq!(session.hash(), hash, "{id}");
        writeln!(table, "{id} {} {} {hash}", session.seed(), session.timeline().length()).expect("text takes all");
    }
    assert_eq!(table, include_str!("golden/lesson_hashes.txt"));
}

#[wasm_bindgen_test]
fn random_runs_have_the_same_hashes_as_natively() {
    let mut golden = String::new();
    for seed in 0..12 {
        let (_, hashes) = random::run(seed);
        golden.push_str(&random::line(seed, &hashes));
    }
    assert_eq!(golden, include_str!("golden/random_hashes.txt"));
}
