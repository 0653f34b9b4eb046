//! redis-cli's `help` and hints, from the command table. The sentences are this project's own; syntax, group and version are Redis's.

use super::command::{Command, Language};
use super::console::split_args;
use super::table::commands;
use alloc::{format, string::String, vec::Vec};

/// `help` alone.
pub fn general_help() -> String {
    "redis-cli 7.0.15\n\
     To get help about Redis commands type:\n      \
           \"help @<group>\" to get a list of commands in <group>\n      \
           \"help <command>\" for help on <command>\n      \
           \"help <tab>\" to get a list of possible help topics\n      \
           \"quit\" to exit\n\
     \n\
     To set redis-cli preferences:\n      \
           \":set hints\" enable online hints\n      \
           \":set nohints\" disable online hints\n\
     Set your preferences in ~/.redisclirc\n"
        .into()
}

/// `help @group` or `help command [subcommand]`, without redis-cli's colours and with plain line ends.
pub fn help(words: &[Vec<u8>], language: Language) -> String {
    let mut text = String::new();
    let group = words[0].strip_prefix(b"@");
    let group = group.and_then(|name| commands().iter().map(|row| row.group).find(|group| is(name, group.name())));
    for command in by_capitals() {
        match group {
            Some(group) if group == command.group => text += &entry(command, language, false),
            None if starts_with(command, words) => text += &entry(command, language, true),
            Some(_) | None => {}
        }
    }
    text.push('\n');
    text
}

/// All commands as redis-cli has them: in the order of their names in capitals, where an underscore comes last.
fn by_capitals() -> Vec<&'static Command> {
    let mut all: Vec<&'static Command> = commands().iter().collect();
    all.sort_by_cached_key(|command| command.name.to_ascii_uppercase().replace('|', " "));
    all
}

fn is(typed: &[u8], word: &str) -> bool {
    typed.eq_ignore_ascii_case(word.as_bytes())
}

/// Whether the command's name begins with all of these words.
fn starts_with(command: &Command, words: &[Vec<u8>]) -> bool {
    let mut name = command.name.split('|');
    words.iter().all(|word| name.next().is_some_and(|part| is(word, part)))
}

fn entry(command: &Command, language: Language, with_group: bool) -> String {
    let name = command.name.to_ascii_uppercase().replace('|', " ");
    let (syntax, summary, since) = (command.syntax(), command.summary(language), command.since);
    let group = if with_group { format!("  group: {}\n", command.group.name()) } else { String::new() };
    format!("\n  {name} {syntax}\n  summary: {summary}\n  since: {since}\n{group}")
}

/// What redis-cli shows behind the cursor: the syntax of the command, less what is typed. Options stay until the line is sent.
pub fn hint(line: &[u8]) -> Option<String> {
    let args = split_args(line)?;
    let matching = |command: &&Command| {
        let mut typed = args.iter();
        command.name.split('|').all(|part| typed.next().is_some_and(|word| is(word, part)))
    };
    let words = |command: &Command| command.name.split('|').count();
    let command = commands().iter().filter(matching).max_by_key(|command| words(command))?;
    let syntax = command.syntax();
    let mut left = &syntax[..];
    for _ in words(command)..args.len() {
        if left.starts_with('[') {
            break;
        }
        // Up to an option, redis-cli counts words by their spaces.
        let end = left.find([' ', '[']).unwrap_or(left.len());
        left = if left[end..].starts_with(' ') { &left[end + 1..] } else { &left[end..] };
    }
    let ends_in_space = line.last().is_some_and(u8::is_ascii_whitespace);
    Some(if ends_in_space { left.into() } else { format!(" {left}") })
}

/// What TAB makes of a line that was begun in redis-cli, one after the other: the commands that begin so, and behind `help` the groups too.
pub fn completions(line: &str) -> Vec<String> {
    let behind_help = line.get(..5).filter(|start| start.eq_ignore_ascii_case("help "));
    let start = match behind_help {
        Some(help) => help.len() + line[help.len()..].len() - line[help.len()..].trim_ascii_start().len(),
        None => 0,
    };
    let (before, begun) = line.split_at(start);
    let fits = |name: &str| name.get(..begun.len()).is_some_and(|start| start.eq_ignore_ascii_case(begun));
    let mut groups: Vec<&str> = Vec::new();
    if behind_help.is_some() {
        groups = commands().iter().map(|command| command.group.name()).collect();
        groups.sort_unstable();
        groups.dedup();
    }
    let groups = groups.into_iter().map(|name| format!("@{name}"));
    let names = by_capitals().into_iter().map(|command| command.name.to_ascii_uppercase().replace('|', " "));
    groups.chain(names).filter(|name| fits(name)).map(|name| format!("{before}{name}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_shrink() {
        let hint = |line: &str| hint(line.as_bytes());
        assert_eq!(hint("setrange").as_deref(), Some(" key offset value"));
        assert_eq!(hint("setrange ").as_deref(), Some("key offset value"));
        assert_eq!(hint("setrange k ").as_deref(), Some("offset value"));
        assert_eq!(hint("SETRANGE k 1 v ").as_deref(), Some(""));
        assert_eq!(hint("bitcount k 0 ").as_deref(), Some("[start end [BYTE|BIT]]"));
        assert_eq!(hint("object encoding ").as_deref(), Some("key"));
        assert_eq!(hint("nosuch "), None);
        assert_eq!(hint("get \"unclosed"), None);
    }

    #[test]
    fn help_of_one_command() {
        let text = help(&[b"GetBit".to_vec()], Language::English);
        assert_eq!(text, "\n  GETBIT key offset\n  summary: Reads one bit\n  since: 2.2.0\n  group: bitmap\n\n");
        assert!(help(&[b"@bitmap".to_vec()], Language::Chinese).contains("  BITOP operation destkey key [key ...]\n"));
        assert_eq!(help(&[b"nosuch".to_vec()], Language::English), "\n");
    }
}
