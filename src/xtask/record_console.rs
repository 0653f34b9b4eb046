//! `cargo xtask record redis --console`: what the real redis-cli shows a person: hints while one types, what TAB offers, `help`, and
//! whole sessions with their prompts. It is written to tests/console/, and `cargo test -p warren-sim --test redis_console` holds the
//! engine's console to it.

mod terminal;

use self::terminal::Terminal;
use crate::problem::{Outcome, Problem};
use crate::process::workspace;
use crate::record_redis::Wire;
use crate::servers::RedisServer;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use warren_sim::bytes::Bytes;
use warren_sim::redis::console::split_args;
use warren_sim::redis::{Reply, commands};

/// What is typed behind a command, again and again.
const ARGUMENTS: &[&str] = &["a", "'b c'", "3", "match"];
/// The most arguments that are typed.
const MOST: usize = 8;
/// Lines with hints of their own beside those of all commands.
const LINES: &[&str] = &[
    "",
    " ",
    "nosuch",
    "nosuch a",
    "get \"a",
    "3 get",
    "  get  k",
    "set k v ex 10 ",
    "config nosuch x",
    "help get",
    "GeT\tk ",
];
/// Lines whose completions are asked for, beside each letter alone and each two letters that commands begin with.
const BEGUN: &[&str] = &[
    "config ", "CONFIG s", "xgroup c", "nosuch", "get k", "help ", "help s", "HELP  ge", "help @", "help @s", "acl",
    "acl ", "object h",
];

fn folder() -> PathBuf {
    workspace().join("tests/console")
}

fn write(name: &str, text: &str) -> Outcome {
    let path = folder().join(name);
    fs::write(&path, text).map_err(|error| Problem::new(format!("{}: {error}.", path.display())))
}

/// Records all of it.
pub fn record(server: &RedisServer) -> Outcome {
    let mut terminal = Terminal::open(server.port())?;
    let hints = hints(&mut terminal)?;
    write("hints.txt", &hints)?;
    let completions = completions(&mut terminal)?;
    write("completions.txt", &completions)?;
    let help = helped(&mut terminal)?;
    write("help.txt", &help)?;
    drop(terminal);
    let sessions = sessions(server)?;
    println!(
        "redis-cli in a terminal: {} hints, {} completions, {} lines of help, {sessions} lines of sessions. \
         Now: cargo test -p warren-sim --test redis_console",
        hints.lines().count(),
        completions.lines().count(),
        help.lines().count(),
    );
    Ok(())
}

fn names() -> Vec<String> {
    commands().iter().map(|command| command.name.replace('|', " ")).collect()
}

/// A line for each state of a line: `[what is typed][its hint]`, only the first if there is none.
fn hints(terminal: &mut Terminal) -> Outcome<String> {
    let mut text = String::new();
    let mut note = |typed: &str, hint: Option<String>| {
        let hint = hint.map_or(String::new(), |hint| format!("[{hint}]"));
        writeln!(text, "[{typed}]{hint}").map_err(|_| Problem::new("A text cannot be made longer."))
    };
    for (number, command) in commands().iter().enumerate() {
        let name = command.name.replace('|', " ");
        let mut typed = if number % 2 == 0 { name } else { name.to_ascii_uppercase() };
        note(&typed, terminal.type_on(0, &typed)?)?;
        let count = command.syntax().split(' ').count().min(MOST);
        for place in 0..=count {
            let argument = ARGUMENTS[place % ARGUMENTS.len()];
            for more in [" ", argument] {
                let hint = terminal.type_on(typed.len(), more)?;
                typed += more;
                note(&typed, hint)?;
            }
        }
        terminal.empty()?;
    }
    for line in LINES.iter().filter(|line| !line.is_empty() && !line.contains('\t')) {
        note(line, terminal.type_on(0, line)?)?;
        terminal.empty()?;
    }
    Ok(text)
}

/// A line for each line that was begun: `[what is typed]` and what TAB makes of it, parted by `|`.
fn completions(terminal: &mut Terminal) -> Outcome<String> {
    let mut begun: Vec<String> =
        names().iter().flat_map(|name| [name[..1].to_string(), name[..2].to_string()]).collect();
    begun.sort();
    begun.dedup();
    begun.extend(BEGUN.iter().map(|line| (*line).to_string()));
    let mut text = String::new();
    for line in begun {
        let all = terminal.completions(&line)?;
        text += &format!("[{line}]{}\n", all.join("|"));
    }
    Ok(text)
}

/// What `help` shows for every group and command, without its sentences.
fn helped(terminal: &mut Terminal) -> Outcome<String> {
    let mut groups: Vec<String> = commands().iter().map(|command| format!("@{}", command.group.name())).collect();
    groups.sort();
    groups.dedup();
    let mut text = String::new();
    let asked = groups.into_iter().chain(names()).chain(["nosuch".into(), "@nosuch".into(), "config nosuch".into()]);
    for what in asked {
        let shown = terminal.enter(&format!("help {what}"))?;
        let lines = shown.lines().filter(|line| !line.contains("summary:") && !line.starts_with("127.0.0.1"));
        text += &format!("> help {what}\n{}\n", lines.collect::<Vec<_>>().join("\n"));
    }
    Ok(text)
}

/// Plays the sessions of sessions.txt anew, and writes what is shown; returns how many lines there are.
fn sessions(server: &RedisServer) -> Outcome<usize> {
    let path = folder().join("sessions.txt");
    let old = fs::read_to_string(&path).map_err(|error| Problem::new(format!("{}: {error}.", path.display())))?;
    let mut control = Wire::connect(server.port())?;
    let mut text = String::new();
    for (number, session) in old.split("\n\n#").map(str::trim_end).filter(|session| !session.is_empty()).enumerate() {
        control.call(&[Bytes::from("FLUSHALL")])?;
        // The sign of the first line went with what parts them.
        let session = if number > 0 { format!("#{session}") } else { session.to_string() };
        text += &play(server.port(), &session, &mut control)?;
        text.push('\n');
    }
    write("sessions.txt", &text)?;
    Ok(text.lines().count())
}

/// One session: lines behind a prompt are typed, `^C` is pressed, and what stands behind `2: ` another client sends.
fn play(port: u16, session: &str, other: &mut Wire) -> Outcome<String> {
    let (mut terminal, mut text, mut shown) = (None, String::new(), String::new());
    for line in session.lines() {
        if line.starts_with('#') {
            text += &format!("{line}\n");
            continue;
        }
        let terminal: &mut Terminal = match &mut terminal {
            Some(terminal) => terminal,
            none => {
                shown = "127.0.0.1:6379> ".into();
                none.insert(Terminal::open(port)?)
            }
        };
        if let Some(command) = line.strip_prefix("2: ") {
            let words = split_args(command.as_bytes()).unwrap_or_default();
            let reply = other.call(&words.iter().map(|word| Bytes::from(word.as_slice())).collect::<Vec<_>>())?;
            if let Reply::Error(error) = reply {
                return Err(Problem::new(format!("{command}: {error:?}.")));
            }
            // A prompt that waits stays behind it.
            let prompt = shown.rfind("127.0.0.1:6379").unwrap_or(shown.len());
            text += &format!("{}{line}\n", &shown[..prompt]);
            shown = shown[prompt..].to_string() + &terminal.hear()?;
        } else if line.starts_with("^C") {
            text += &shown;
            shown = terminal.interrupt()?.replacen("^C", "^C\n", 1);
        } else if let Some((_, typed)) = line.split_once("> ").filter(|_| line.starts_with("127.0.0.1:6379")) {
            text += &format!("{shown}{typed}\n");
            shown = terminal.enter(typed)?;
        }
    }
    let last = shown.rfind("127.0.0.1:6379").unwrap_or(shown.len());
    text += &shown[..last];
    Ok(text.lines().filter(|line| !is_duration(line)).map(|line| stable(line) + "\n").collect())
}

/// Whether a line says how long something took.
fn is_duration(line: &str) -> bool {
    let number = line.strip_prefix('(').and_then(|rest| rest.strip_suffix("s)"));
    number.is_some_and(|number| number.parse::<f64>().is_ok())
}

/// A line without what no two servers have in common: moments, addresses and numbers of clients.
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
