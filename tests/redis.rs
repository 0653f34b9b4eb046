//! The store: every transcript recorded from the real Redis is replayed by the engine, with no server present; and seeded random runs
//! hold what a transcript cannot show.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use warren_sim::bytes::Bytes;
use warren_sim::hash::stable_hash;
use warren_sim::prng::Prng;
use warren_sim::redis::transcript::{Engine, Played, play};
use warren_sim::redis::{
    ClientId, Console, ConsoleEffect, Cx, Decoded, EPOCH_MS, Event, Language, Limits, Reply, Store, commands, console,
    decode, view,
};

fn transcripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/transcripts/redis");
    let files = fs::read_dir(&folder).expect("the folder of transcripts").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ext| ext == "txt")).collect();
    files.sort();
    files
}

fn replay(path: &Path) -> Played {
    let text = fs::read_to_string(path).expect("a readable transcript");
    play(&text, &mut Engine::default()).unwrap_or_else(|problem| panic!("{}: {problem}", path.display()))
}

#[test]
fn transcripts_are_as_recorded() {
    let mut differences = Vec::new();
    let mut commands = 0;
    for path in transcripts() {
        let played = replay(&path);
        commands += played.commands;
        if std::env::var_os("UPDATE_EXPECT").is_some() && !played.differences.is_empty() {
            fs::write(&path, &played.text).expect("a writable transcript");
            continue;
        }
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        differences.extend(played.differences.iter().map(|difference| format!("{name} {difference}")));
    }
    println!("{commands} commands in {} transcripts", transcripts().len());
    assert!(differences.is_empty(), "UPDATE_EXPECT=1 rewrites them from the engine\n{}", differences.join("\n"));
    assert!(commands > 600, "only {commands} commands in the transcripts");
}

#[test]
fn every_command_has_a_transcript() {
    let seen: BTreeSet<String> = transcripts().iter().flat_map(|path| replay(path).names).collect();
    let covered = |name: &str| {
        let name = name.replace('|', " ");
        seen.iter().any(|words| *words == name || words.starts_with(&format!("{name} ")))
    };
    let missing: Vec<_> = commands().iter().map(|command| command.name).filter(|name| !covered(name)).collect();
    assert!(missing.is_empty(), "no transcript calls {missing:?}");
}

const ME: ClientId = ClientId(1);

/// A store with what a world would lend it.
#[derive(Clone)]
struct Bench {
    store: Store,
    prng: Prng,
    now_ms: u64,
    events: Vec<Event>,
}

impl Bench {
    fn new(limits: Limits) -> Self {
        let mut store = Store::new(limits);
        store.client_open(ME);
        Bench { store, prng: Prng::new(5), now_ms: EPOCH_MS, events: Vec::new() }
    }

    /// Does something with the store at a moment.
    fn at<R>(&mut self, now_ms: u64, work: impl FnOnce(&mut Store, &mut Cx<'_>) -> R) -> R {
        let (prng, events, mut out) = (&mut self.prng, Some(&mut self.events), Vec::new());
        work(&mut self.store, &mut Cx { now_ms, prng, events, out: &mut out, meanwhile: None })
    }

    fn call(&mut self, line: &str) -> Reply {
        let args: Vec<Bytes> = line.split(' ').map(Bytes::from).collect();
        let reply = self.at(self.now_ms, |store, cx| store.call(ME, &args, cx));
        self.store.check();
        reply
    }

    /// Lets happen what is due at `at_ms`.
    fn tick(&mut self, at_ms: u64) {
        self.at(at_ms, |store, cx| store.tick(cx));
    }

    fn type_in(&mut self, console: &mut Console, line: &str) -> String {
        self.at(self.now_ms, |store, cx| console.run_line(store, line, cx).text)
    }
}

/// A random line of commands with short lives, so that time decides much.
fn random_line(prng: &mut Prng) -> String {
    let mut pick = |among: &[&str]| among[prng.below(among.len() as u64) as usize].to_string();
    let (a, b) = (pick(&["a", "b", "c", "d"]), pick(&["a", "b", "c", "d"]));
    let (n, ms) = (pick(&["0", "1", "7", "-3", "40"]), pick(&["1", "3", "10", "50"]));
    let line = pick(&[
        "set A N",
        "set A text PX M",
        "psetex A M N",
        "get A",
        "incrby A N",
        "append A N",
        "setbit A 9 1",
        "pexpire A M",
        "persist A",
        "rename A B",
        "copy A B REPLACE",
        "del A B",
        "getex A PX M",
        "pttl A",
        "keys *",
        "scan 0",
        "randomkey",
        "mset A 1 B 2",
        "getdel A",
        "bitop not A B",
        "incrbyfloat A 0.5",
        "exists A B",
        "select 0",
        "swapdb 0 1",
        "move A 1",
        "object encoding A",
        "strlen A",
    ]);
    line.replace('A', &a).replace('B', &b).replace('N', &n).replace('M', &ms)
}

#[test]
fn keys_removed_in_time_or_when_met_make_no_difference() {
    for seed in 0..40 {
        let mut prng = Prng::new(seed);
        let (mut eager, mut lazy) = (Bench::new(Limits::default()), Bench::new(Limits::default()));
        for step in 0..300 {
            eager.now_ms += prng.below(4);
            lazy.now_ms = eager.now_ms;
            while let Some(at) = eager.store.next_due().filter(|at| *at <= eager.now_ms) {
                eager.tick(at);
                assert_ne!(eager.store.next_due(), Some(at), "seed {seed} step {step}: what was due is done");
            }
            let line = random_line(&mut prng);
            let (first, second) = (eager.call(&line), lazy.call(&line));
            // Chance falls on another key where more keys stand in the way, and those that leave earlier leave another order.
            if !["randomkey", "keys *", "scan 0"].contains(&line.as_str()) {
                assert_eq!(first, second, "seed {seed} step {step}: {line}");
            }
        }
    }
}

#[test]
fn a_clone_goes_on_as_the_original_does() {
    for seed in 0..20 {
        let mut prng = Prng::new(seed);
        let mut bench = Bench::new(Limits::default());
        let lines: Vec<String> = (0..200).map(|_| random_line(&mut prng)).collect();
        lines[..100].iter().for_each(|line| drop(bench.call(line)));
        let (mut copy, before) = (bench.clone(), bench.store.clone());
        for line in &lines[100..] {
            assert_eq!(bench.call(line), copy.call(line), "seed {seed}: {line}");
        }
        assert!(bench.store == copy.store && bench.events == copy.events, "seed {seed}");
        assert_eq!(stable_hash(&bench.store), stable_hash(&copy.store), "seed {seed}");
        assert_ne!(stable_hash(&bench.store), stable_hash(&before), "seed {seed}: a hundred commands change something");
    }
}

#[test]
fn a_full_store_refuses_and_stays() {
    let limits = Limits { max_memory: 10_000, ..Limits::default() };
    let mut bench = Bench::new(limits);
    let full = Reply::Error(warren_sim::redis::error::OUT_OF_MEMORY);
    for line in ["setrange k 500000 x", "setbit k 4000000 1", "bitfield k SET u8 4000000 1"] {
        assert_eq!(bench.call(line), full, "{line}");
    }
    assert_eq!(bench.store.used_bytes(), 0);
    bench.call(&format!("set k {}", "x".repeat(9_000)));
    assert_eq!(bench.call("lcs k k"), full);
    // As with Redis one command may go beyond the limit; but not so far.
    assert_eq!(bench.call("setrange k 25000 x"), full);
    bench.call(&format!("set l {}", "x".repeat(2_000)));
    assert_eq!(bench.call("set m 1"), full, "more is used than may be");
    assert_eq!(bench.call("get m"), Reply::Nil);
    assert_eq!(bench.call("del k"), Reply::Integer(1));
    assert_eq!(bench.call("set m 1"), Reply::OK);
    assert_eq!(bench.store.used_bytes(), (64 + 1 + 2_000) + (64 + 1 + 1));
}

#[test]
fn events_tell_what_changed() {
    let mut bench = Bench::new(Limits::default());
    for line in ["set foo bar PX 5", "setrange foo 0 g", "get foo", "rename foo goo", "del nosuch"] {
        bench.call(line);
    }
    bench.now_ms += 6;
    bench.tick(bench.now_ms);
    let told: Vec<String> = bench.events.iter().map(shown).collect();
    let end = EPOCH_MS + 5;
    let expect = [
        format!("set foo: nothing -> bar until Some({end})"),
        format!("expire foo: nothing -> nothing until Some({end})"),
        "SET [foo] Status".into(),
        format!("setrange foo: bar -> gar until Some({end})"),
        "SETRANGE [foo] Integer".into(),
        "GET [foo] Bulk".into(),
        "rename_from foo: gar -> nothing until None".into(),
        format!("rename_to goo: nothing -> gar until Some({end})"),
        "RENAME [foo, goo] Status".into(),
        "DEL [nosuch] Integer".into(),
        "expired goo: gar -> nothing until None".into(),
    ];
    assert_eq!(told, expect);
}

fn shown(event: &Event) -> String {
    match event {
        Event::Called { args, keys, reply, .. } => {
            let keys: Vec<String> = keys.iter().map(|key| key.text().into_owned()).collect();
            format!("{} [{}] {reply:?}", args[0].text().to_uppercase(), keys.join(", "))
        }
        Event::KeyChanged { key, how, old, new, expires_at_ms, .. } => {
            let text = |glimpse: &Option<warren_sim::redis::Glimpse>| {
                glimpse.as_ref().map_or("nothing".to_string(), |glimpse| glimpse.bytes.text().into_owned())
            };
            format!("{how} {key}: {} -> {} until {expires_at_ms:?}", text(old), text(new))
        }
        Event::Flushed { db, keys } => format!("flushed {db}: {keys}"),
        Event::Swapped { first, second } => format!("swapped {first} {second}"),
    }
}

#[test]
fn the_console_speaks_as_redis_cli() {
    let mut bench = Bench::new(Limits::default());
    let mut tab = Console::new(ME, Language::English);
    assert_eq!(bench.type_in(&mut tab, "3 INCR n"), "(integer) 1\n(integer) 2\n(integer) 3\n");
    assert_eq!(bench.type_in(&mut tab, "get 'n"), "Invalid argument(s)\n");
    assert_eq!(bench.type_in(&mut tab, "   "), "");
    assert_eq!(bench.type_in(&mut tab, "select 3"), "OK\n");
    assert_eq!(tab.prompt(), "127.0.0.1:6379[3]> ");
    assert_eq!(bench.type_in(&mut tab, "select 99"), "(error) ERR DB index is out of range\n");
    assert_eq!(tab.prompt(), "127.0.0.1:6379[3]> ");
    // The connection ends, and the next line finds the same database again.
    assert_eq!(bench.type_in(&mut tab, "1 quit"), "OK\n");
    assert_eq!(bench.type_in(&mut tab, "dbsize"), "(integer) 0\n");
    assert_eq!((tab.prompt(), bench.store.selected_db(ME)), ("127.0.0.1:6379[3]> ".to_string(), Some(3)));
    assert_eq!(bench.type_in(&mut tab, "reset"), "RESET\n");
    assert_eq!(tab.prompt(), "127.0.0.1:6379> ");
    assert_eq!(tab.hint("set k ").as_deref().map(|hint| hint.starts_with("value [NX|XX]")), Some(true));
    bench.type_in(&mut tab, ":set nohints");
    assert_eq!(tab.hint("set k "), None);
    tab.language = Language::Chinese;
    assert!(bench.type_in(&mut tab, "help get").contains("summary: 读取键的字符串"));
    let mut out = Vec::new();
    let mut cx = Cx {
        now_ms: bench.now_ms,
        prng: &mut bench.prng,
        events: Some(&mut bench.events),
        out: &mut out,
        meanwhile: None,
    };
    assert_eq!(tab.run_line(&mut bench.store, "Exit", &mut cx).effect, ConsoleEffect::Quit);
    assert_eq!(tab.run_line(&mut bench.store, "clear", &mut cx).effect, ConsoleEffect::Clear);
}

#[test]
fn the_list_of_keys_shows_what_can_be_seen() {
    let mut bench = Bench::new(Limits::default());
    for line in ["set b 12", "set c hello PX 100", "set a gone PX 1", "append b 3"] {
        bench.call(line);
    }
    bench.now_ms += 60;
    let rows = view::keys(&bench.store, 0, bench.now_ms, 10, 2);
    let seen: Vec<_> =
        rows.iter().map(|row| (row.key.text(), row.encoding, row.ttl_ms, row.size, row.bytes.text())).collect();
    assert_eq!(seen, [("b".into(), "raw", None, 3, "12".into()), ("c".into(), "embstr", Some(40), 5, "he".into())]);
    assert_eq!(view::key_count(&bench.store, 0, bench.now_ms), 2);
    assert_eq!(view::keys(&bench.store, 0, bench.now_ms, 1, 9).len(), 1);
    assert_eq!(view::clients(&bench.store).len(), 1);
}

#[test]
fn absolute_times_are_counted_from_the_epoch() {
    let mut bench = Bench::new(Limits::default());
    bench.now_ms += 1_234;
    bench.call("set k v EX 100");
    assert_eq!(bench.call("pexpiretime k"), Reply::Integer(EPOCH_MS as i64 + 101_234));
    let time = |text: &str| Reply::Bulk(Bytes::from(text));
    assert_eq!(bench.call("time"), Reply::Array(vec![time("1767225601"), time("234000")]));
    bench.now_ms += 3_000;
    assert_eq!(bench.call("object idletime k"), Reply::Integer(3));
}

#[test]
fn no_bytes_are_too_odd_for_the_readers() {
    let mut prng = Prng::new(99);
    for _ in 0..20_000 {
        let len = prng.below(40);
        let odd = b"\"'\\x0a \t\r\n*$:+-1293\x00\xff";
        let bytes: Vec<u8> = (0..len).map(|_| odd[prng.below(odd.len() as u64) as usize]).collect();
        if let Some(args) = console::split_args(&bytes) {
            assert!(args.iter().map(Vec::len).sum::<usize>() <= bytes.len(), "{bytes:?}");
        }
        console::parse_line(&bytes);
        if let Decoded::Whole(reply, length) = decode(&bytes) {
            assert!(length <= bytes.len());
            assert_eq!(decode(&reply.encode()), Decoded::Whole(reply.clone(), reply.encode().len()), "{bytes:?}");
        }
    }
}
