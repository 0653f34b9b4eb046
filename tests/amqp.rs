//! The broker: every transcript recorded from the real RabbitMQ is replayed by the engine, with no server present.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use warren_sim::amqp::method::Method;
use warren_sim::amqp::transcript::engine::Engine;
use warren_sim::amqp::transcript::{Block, Command, parse, print, replay};

fn transcripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/transcripts/amqp");
    let files = fs::read_dir(&folder).expect("the folder of transcripts").map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> = files.filter(|path| path.extension().is_some_and(|ext| ext == "txt")).collect();
    files.sort();
    files
}

fn read(path: &Path) -> (String, Vec<Block>) {
    let text = fs::read_to_string(path).expect("a readable transcript");
    let blocks = parse(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
    (text, blocks)
}

fn play(blocks: &[Block]) -> Vec<Block> {
    match replay(blocks, &mut Engine::new()) {
        Ok(blocks) => blocks,
        Err(never) => match never {},
    }
}

/// What differs between two blocks, each line with the side it is on; lines on both sides are kept for their place.
fn difference(recorded: &Block, played: &Block) -> String {
    let (old, new) = (&recorded.heard, &played.heard);
    // The longest common subsequence: `common[i][j]` is its length from line i of the old and line j of the new.
    let mut common = vec![vec![0; new.len() + 1]; old.len() + 1];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            let longer = common[i + 1][j].max(common[i][j + 1]);
            common[i][j] = if old[i] == new[j] { common[i + 1][j + 1] + 1 } else { longer };
        }
    }
    let mut text = recorded.lines.iter().map(|line| format!("      {}\n", line.text)).collect::<String>();
    let (mut i, mut j) = (0, 0);
    while i < old.len() || j < new.len() {
        let (mark, line) = match (old.get(i), new.get(j)) {
            (Some(a), Some(b)) if a == b => ("  ", a),
            (Some(a), Some(_)) if common[i + 1][j] >= common[i][j + 1] => ("- ", a),
            (Some(a), None) => ("- ", a),
            (_, Some(b)) => ("+ ", b),
            (None, None) => break,
        };
        i += usize::from(mark != "+ ");
        j += usize::from(mark != "- ");
        text.push_str(&format!("    {mark}{line}\n"));
    }
    text
}

#[test]
fn transcripts_are_as_recorded() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut differences = String::new();
    let (mut blocks, mut lines) = (0, 0);
    for path in transcripts() {
        let (text, recorded) = read(&path);
        assert_eq!(print(&recorded), text, "{} is written as it is printed", path.display());
        let played = play(&recorded);
        blocks += recorded.len();
        lines += recorded.iter().map(|block| block.lines.len()).sum::<usize>();
        if update {
            fs::write(&path, print(&played)).expect("a writable transcript");
            continue;
        }
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        for (recorded, played) in recorded.iter().zip(&played).filter(|(recorded, played)| recorded != played) {
            let line = recorded.lines.first().map_or(0, |line| line.number);
            let story = recorded.story.join(" ");
            differences.push_str(&format!("{name}, line {line} {story}\n{}", difference(recorded, played)));
        }
    }
    println!("{lines} commands in {blocks} blocks of {} transcripts", transcripts().len());
    assert!(differences.is_empty(), "- RabbitMQ, + the engine (UPDATE_EXPECT=1 takes the engine's)\n{differences}");
    assert!(blocks >= 600, "only {blocks} blocks in the transcripts");
    assert!(transcripts().len() >= 300, "only {} transcripts", transcripts().len());
}

#[test]
fn every_method_of_the_broker_has_a_transcript() {
    let mut seen = BTreeSet::new();
    for (_, blocks) in transcripts().iter().map(|path| read(path)) {
        for line in blocks.iter().flat_map(|block| &block.lines) {
            for command in &line.commands {
                if let Command::Send { frame, .. } = command {
                    seen.extend(frame.split(' ').next().map(str::to_string));
                }
            }
        }
        let heard = blocks.iter().flat_map(|block| &block.heard).filter_map(|line| line.split(' ').nth(1));
        seen.extend(heard.map(str::to_string));
    }
    // The handshake is the recorder's own; a broker without memory alarms never blocks; clients answer closes by themselves.
    let elsewhere = |name: &str| {
        name.starts_with("connection.") && !name.starts_with("connection.close") || name == "channel.flow-ok"
    };
    let missing: Vec<_> = Method::NAMES.iter().filter(|name| !seen.contains(**name) && !elsewhere(name)).collect();
    assert!(missing.is_empty(), "no transcript has {missing:?}");
}

/// Whether a topic pattern takes a key, straight from the rule: `*` is one word, `#` is any number of words.
fn matches(pattern: &[&str], key: &[&str]) -> bool {
    match pattern.split_first() {
        None => key.is_empty(),
        Some((&"#", rest)) => (0..=key.len()).any(|taken| matches(rest, &key[taken..])),
        Some((word, rest)) => {
            key.split_first().is_some_and(|(first, others)| (*word == "*" || word == first) && matches(rest, others))
        }
    }
}

#[test]
fn the_topic_grid_is_as_an_independent_matcher_says() {
    let path = transcripts().into_iter().find(|path| path.ends_with("topic_grid.txt")).expect("the topic grid");
    let (_, blocks) = read(&path);
    let words = |text: &str| -> Vec<String> {
        let text = text.trim_matches('"');
        if text.is_empty() { Vec::new() } else { text.split('.').map(str::to_string).collect() }
    };
    let grid = blocks
        .iter()
        .flat_map(|block| &block.lines)
        .flat_map(|line| &line.commands)
        .find_map(|command| if let Command::Grid { grid, .. } = command { Some(grid.clone()) } else { None });
    let grid = grid.expect("the grid's command");
    let (mut pairs, mut taken) = (0, 0);
    let heard: Vec<_> =
        blocks.iter().flat_map(|block| &block.heard).filter_map(|line| line.split_once(" takes")).collect();
    assert_eq!(heard.len(), grid.patterns().len());
    for (pattern, (place, keys)) in grid.patterns().iter().zip(heard) {
        assert_eq!(place.split_once(' ').expect("a channel and a pattern").1.trim_matches('"'), pattern);
        let keys: BTreeSet<Vec<String>> = keys.split_whitespace().map(words).collect();
        for key in grid.keys() {
            let (pattern_words, key_words) = (words(pattern), words(&key));
            let refs = |words: &[String]| words.iter().map(String::clone).collect::<Vec<_>>();
            let (p, k) = (refs(&pattern_words), refs(&key_words));
            let p: Vec<&str> = p.iter().map(String::as_str).collect();
            let k: Vec<&str> = k.iter().map(String::as_str).collect();
            assert_eq!(keys.contains(&key_words), matches(&p, &k), "pattern '{pattern}', key '{key}'");
            pairs += 1;
            taken += usize::from(matches(&p, &k));
        }
    }
    assert_eq!(pairs, 1_275);
    assert!(taken > 300 && taken < 1_000, "{taken} of the pairs match");
}
