//! The store: every transcript recorded from the real Redis is replayed by the engine, with no server present.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use warren_sim::redis::commands;
use warren_sim::redis::transcript::{Engine, Played, play};

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
