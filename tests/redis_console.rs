//! The console beside what the real redis-cli showed in a terminal: `cargo xtask record redis --console` wrote tests/console/.

use warren_sim::input::Input;
use warren_sim::redis::console::split_args;
use warren_sim::redis::{ClientId, Console, Language, completions, general_help, help};
use warren_sim::world::World;

fn recorded(name: &str) -> String {
    let path = format!("{}/../../tests/console/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The two texts of `[one][two]`; the second may be missing.
fn in_brackets(line: &str) -> (&str, Option<&str>) {
    let inner = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).expect("brackets");
    inner.split_once("][").map_or((inner, None), |(one, two)| (one, Some(two)))
}

/// Fails with the first few of these lines if there are any.
fn none_differ(differences: &[String], all: usize) {
    let few = differences.iter().take(40).cloned().collect::<Vec<_>>().join("\n");
    assert!(differences.is_empty(), "{} of {all} differ:\n{few}", differences.len());
}

#[test]
fn hints_are_those_of_redis_cli() {
    let (text, console) = (recorded("hints.txt"), Console::new(ClientId(1), Language::English));
    let mut differences = Vec::new();
    for line in text.lines() {
        let (typed, hint) = in_brackets(line);
        // An empty hint shows nothing, as no hint does.
        let ours = console.hint(typed).filter(|hint| !hint.trim().is_empty());
        if ours.as_deref() != hint.filter(|hint| !hint.trim().is_empty()) {
            differences.push(format!("{line}\n  ours: {ours:?}"));
        }
    }
    assert!(text.lines().count() > 3000, "the record is whole");
    none_differ(&differences, text.lines().count());
}

#[test]
fn completions_are_those_of_redis_cli() {
    let text = recorded("completions.txt");
    let mut differences = Vec::new();
    for line in text.lines() {
        let (typed, all) = line.strip_prefix('[').and_then(|line| line.split_once(']')).expect("brackets");
        let ours = completions(typed).join("|");
        if ours != all {
            differences.push(format!("{line}\n  ours: {ours}"));
        }
    }
    assert!(text.lines().count() > 100, "the record is whole");
    none_differ(&differences, text.lines().count());
}

#[test]
fn help_has_the_syntax_groups_and_versions_of_redis_cli() {
    let text = recorded("help.txt");
    let (mut differences, mut asked) = (Vec::new(), 0);
    for block in text.split("> help ").filter(|block| !block.is_empty()) {
        let (what, shown) = block.split_once('\n').expect("a line");
        let words = split_args(what.as_bytes()).expect("words");
        let ours = help(&words, Language::English);
        let known = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.contains("summary:")).map(|line| line.trim_end().to_string()).collect()
        };
        let (shown, ours) = (known(shown.trim_end_matches('\n')), known(ours.trim_end_matches('\n')));
        asked += 1;
        let same_place = shown.iter().zip(&ours).position(|(a, b)| a != b).unwrap_or(shown.len().min(ours.len()));
        if shown != ours {
            let line = |lines: &[String]| lines.get(same_place).cloned();
            differences.push(format!("help {what}: {:?}\n  ours: {:?}", line(&shown), line(&ours)));
        }
    }
    assert!(asked > 360, "the record is whole");
    none_differ(&differences, asked);
    assert!(general_help().contains("help @<group>"));
}

#[test]
fn sessions_look_as_in_a_terminal() {
    let text = recorded("sessions.txt");
    let (mut differences, mut lines) = (Vec::new(), 0);
    for session in text.split("\n\n#").map(str::trim_end).filter(|session| !session.is_empty()) {
        // The first line says what it is about.
        let shown: Vec<&str> = session.lines().skip(1).filter(|line| !line.starts_with("2: ")).collect();
        let ours = play(session);
        lines += shown.len();
        for (place, (real, ours)) in shown.iter().zip(ours.lines()).enumerate() {
            if *real != ours {
                differences.push(format!("{}\n  after {:?}\n  ours: {ours}", real, shown[place.saturating_sub(1)]));
                break;
            }
        }
        if shown.len() != ours.lines().count() {
            differences.push(format!("{} lines, ours {}", shown.len(), ours.lines().count()));
        }
    }
    assert!(lines > 400, "the record is whole");
    none_differ(&differences, lines);
}

/// What one console shows when the lines of a session are typed; a second one sends what stands behind `2: `.
fn play(session: &str) -> String {
    let mut world = World::new(1, 0);
    let mut say = |console: u32, line: &str| {
        let input = Input::parse(&format!("redis#{console} {line}")).expect("an input");
        world.submit(&input, &mut Vec::new());
    };
    say(2, "PING");
    for line in session.lines() {
        if let Some(line) = line.strip_prefix("2: ") {
            say(2, line);
        } else if line.starts_with("^C") {
            say(1, "^C");
        } else if let Some((_, line)) = line.split_once("> ").filter(|_| line.starts_with("127.0.0.1:6379")) {
            say(1, line);
        }
    }
    let mut text = String::new();
    for entry in world.consoles()[0].entries() {
        let output = entry.output.text();
        let end = if output.is_empty() { "" } else { "\n" };
        text += &format!("{}{}\n{output}{end}", entry.prompt.text(), entry.line.text());
    }
    text.lines().map(|line| stable(line) + "\n").collect()
}

/// A line without what no two servers have in common, as the recorder writes it.
fn stable(line: &str) -> String {
    if let Some((_, rest)) = line.split_once("\"id\" => (integer) ") {
        return format!("{}N", &line[..line.len() - rest.len()]);
    }
    match line.split_once("] \"") {
        Some((head, rest)) if head.contains(" [") && head.starts_with(|c: char| c.is_ascii_digit()) => {
            format!("TIME [ADDRESS] \"{rest}")
        }
        _ => line.to_string(),
    }
}
