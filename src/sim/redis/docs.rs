//! COMMAND DOCS: what a command's row says about its arguments, as a list of nested descriptions.
//!
//! A row writes its arguments as `help` shows them, with marks that `help` leaves out ([`shown`]):
//!
//! - `{name:a b}` a block, `{name:a|b}` a choice, `{name:TOKEN}` a token whose name is not itself in small letters;
//! - `@1.2.0` behind an argument: since when there is one; `^1.2.0`: since when one should not use it;
//! - `%i` its type where its name does not tell (integer, double, string, key, unix-time, pattern);
//! - `#1` the specification of keys that it belongs to, where that is not the next one.

use super::command::{Command, Language};
use super::docs_table::{COSTS, HISTORY, REPLACED, SYSTEM, TYPES};
use super::reply::Reply;
use alloc::{string::String, vec, vec::Vec};

/// An argument, or several that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One value, of the type that stands at this letter of [`LETTERS`].
    Value(&'static str),
    /// A word that is there or not.
    Token,
    /// All of what is inside.
    Block,
    /// One of what is inside.
    Choice,
}

/// The types that a mark can name, by their first letters.
const LETTERS: [&str; 6] = ["integer", "double", "string", "key", "unix-time", "pattern"];

/// What COMMAND DOCS tells of an argument.
#[derive(Clone, Debug)]
struct Argument {
    name: &'static str,
    kind: Kind,
    token: Option<&'static str>,
    since: Option<&'static str>,
    deprecated: Option<&'static str>,
    /// Which specification of keys it belongs to.
    spec: Option<i64>,
    optional: bool,
    multiple: bool,
    multiple_token: bool,
    inner: Vec<Argument>,
}

/// The arguments as people read them: without the marks.
pub fn shown(arguments: &str) -> String {
    let mut text = String::new();
    let mut rest = arguments;
    while let Some(at) = rest.find(['{', '}', '@', '^', '%', '#']) {
        text += &rest[..at];
        let (mark, behind) = rest[at..].split_at(1);
        rest = match mark {
            "{" => behind.split_once(':').map_or("", |(_, inside)| inside),
            "}" => behind,
            _ => &behind[mark_length(behind)..],
        };
    }
    text + rest
}

/// How long what follows `@`, `^`, `%` or `#` is: a version, or one letter or digit.
fn mark_length(text: &str) -> usize {
    let version = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    version.max(1)
}

/// Reads the arguments of a row. A test reads every row, so what cannot be read is only ever seen there.
struct Reader {
    text: &'static str,
    at: usize,
    /// The specification that the last key belongs to.
    spec: i64,
}

impl Reader {
    fn rest(&self) -> &'static str {
        &self.text[self.at..]
    }

    fn starts(&self, with: char) -> bool {
        self.rest().starts_with(with)
    }

    /// The arguments up to one of these characters, and whether bars part them.
    fn list(&mut self, end: char) -> (Vec<Argument>, bool) {
        let (mut found, mut is_choice) = (Vec::<Argument>::new(), false);
        while self.at < self.text.len() && !self.starts(end) {
            match self.rest().as_bytes()[0] {
                b' ' => self.at += 1,
                b'|' => {
                    is_choice = true;
                    self.at += 1;
                }
                b'[' => match (self.repetition(), found.last_mut()) {
                    (Some(again), Some(last)) => {
                        last.multiple = true;
                        last.multiple_token = last.token.is_some_and(|token| again.starts_with(token));
                        self.at += again.len() + "[]".len();
                    }
                    (Some(_) | None, _) => found.extend(self.optional()),
                },
                _ => found.push(self.argument()),
            }
        }
        (found, is_choice)
    }

    /// What stands between the brackets that begin here, if it only says that what was before may come again.
    fn repetition(&self) -> Option<&'static str> {
        let (mut depth, rest) = (0, self.rest());
        let end = rest.char_indices().find(|(_, c)| {
            depth += i32::from(*c == '[') - i32::from(*c == ']');
            depth == 0
        });
        let (end, _) = end?;
        Some(&rest[1..end]).filter(|inside| inside.ends_with(" ..."))
    }

    fn optional(&mut self) -> Option<Argument> {
        self.at += 1;
        let (mut inside, _) = self.list(']');
        self.at += 1;
        let mut argument = inside.pop()?;
        argument.optional = true;
        Some(argument)
    }

    fn argument(&mut self) -> Argument {
        let mut token = None;
        let mut word = self.word();
        if !word.is_empty() && !word.contains(|c: char| c.is_ascii_lowercase()) {
            let behind = self
                .rest()
                .strip_prefix(' ')
                .filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '{'));
            if behind.is_none() {
                return self.marked(word, Kind::Token, Some(word), Vec::new());
            }
            self.at += 1;
            token = Some(word);
            word = self.word();
        }
        if !self.starts('{') {
            return self.marked(word, Kind::Value(type_of(word)), token, Vec::new());
        }
        let name = self.rest()[1..].split(':').next().unwrap_or_default();
        self.at += name.len() + "{:".len();
        let (mut inside, is_choice) = self.list('}');
        self.at += 1;
        if let ([only], false) = (&mut inside[..], is_choice)
            && only.kind == Kind::Token
        {
            only.name = name;
            let only = only.clone();
            return self.marked(name, Kind::Token, only.token, Vec::new());
        }
        self.marked(name, if is_choice { Kind::Choice } else { Kind::Block }, token, inside)
    }

    /// A name or a token; empty where a brace begins.
    fn word(&mut self) -> &'static str {
        let rest = self.rest();
        let end = rest.find([' ', '|', '[', ']', '{', '}', '@', '^', '%', '#']).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// The argument with what its marks say.
    fn marked(
        &mut self,
        name: &'static str,
        kind: Kind,
        token: Option<&'static str>,
        inner: Vec<Argument>,
    ) -> Argument {
        let mut argument = Argument {
            name,
            kind,
            token,
            since: None,
            deprecated: None,
            spec: None,
            optional: false,
            multiple: false,
            multiple_token: false,
            inner,
        };
        while self.rest().starts_with(['@', '^', '%', '#']) {
            let (mark, behind) = self.rest().split_at(1);
            let value = &behind[..mark_length(behind)];
            self.at += 1 + value.len();
            match mark {
                "@" => argument.since = Some(value),
                "^" => argument.deprecated = Some(value),
                "%" => {
                    argument.kind =
                        LETTERS.iter().find(|name| name.starts_with(value)).map_or(kind, |name| Kind::Value(name))
                }
                _ => argument.spec = value.parse().ok(),
            }
        }
        if argument.kind == Kind::Value("key") && argument.spec.is_none() {
            argument.spec = Some(self.spec + 1);
        }
        self.spec = argument.spec.unwrap_or(self.spec);
        argument
    }
}

/// The type that an argument of this name has unless a mark says otherwise.
fn type_of(name: &str) -> &'static str {
    let known = TYPES.iter().find(|(_, names)| names.split(' ').any(|known| known == name));
    known.map_or("string", |(kind, _)| kind)
}

impl Argument {
    fn reply(&self) -> Reply {
        let kind = match self.kind {
            Kind::Value(kind) => kind,
            Kind::Token => "pure-token",
            Kind::Block => "block",
            Kind::Choice => "oneof",
        };
        // A token that has no name of its own is called by itself.
        let name = if self.token == Some(self.name) { self.name.to_ascii_lowercase() } else { self.name.into() };
        let mut pairs = vec![pair("name", Reply::text(&name)), pair("type", Reply::text(kind))];
        pairs.extend(self.spec.map(|spec| pair("key_spec_index", Reply::Integer(spec))));
        // An empty word is written as one types it.
        let token = self.token.map(|token| if token == "\"\"" { "" } else { token });
        pairs.extend(token.map(|token| pair("token", Reply::text(token))));
        pairs.extend(self.since.map(|version| pair("since", Reply::text(version))));
        pairs.extend(self.deprecated.map(|version| pair("deprecated_since", Reply::text(version))));
        let flags = [(self.optional, "optional"), (self.multiple, "multiple"), (self.multiple_token, "multiple_token")];
        let flags: Vec<_> = flags.into_iter().filter(|(is, _)| *is).map(|(_, flag)| Reply::status(flag)).collect();
        if !flags.is_empty() {
            pairs.push(pair("flags", Reply::Set(flags)));
        }
        if !self.inner.is_empty() {
            pairs.push(pair("arguments", Reply::Array(self.inner.iter().map(Argument::reply).collect())));
        }
        Reply::Map(pairs)
    }
}

fn pair(name: &str, value: Reply) -> (Reply, Reply) {
    (Reply::text(name), value)
}

/// Whether a name is among these, parted by spaces.
fn among(names: &str, name: &str) -> bool {
    names.split(' ').any(|one| one == name)
}

/// What COMMAND DOCS tells of one command. All sentences are this project's own.
pub fn docs(command: &'static Command) -> Reply {
    let name = command.name;
    let mut pairs = vec![
        pair("summary", Reply::text(command.summary(Language::English))),
        pair("since", Reply::text(command.since)),
        pair("group", Reply::text(command.group.name())),
    ];
    pairs.extend(cost(command).map(|cost| pair("complexity", Reply::text(cost))));
    let replaced = REPLACED.iter().find(|(replaced, ..)| *replaced == name);
    let flag = if replaced.is_some() { Some("deprecated") } else { among(SYSTEM, name).then_some("syscmd") };
    pairs.extend(flag.map(|flag| pair("doc_flags", Reply::Set(vec![Reply::status(flag)]))));
    if let Some((_, since, by)) = replaced {
        pairs.push(pair("deprecated_since", Reply::text(since)));
        pairs.push(pair("replaced_by", Reply::text(by)));
    }
    let changes = HISTORY.iter().filter(|(names, ..)| among(names, name));
    let changes: Vec<_> =
        changes.map(|(_, version, what)| Reply::Array(vec![Reply::text(version), Reply::text(what)])).collect();
    if !changes.is_empty() {
        pairs.push(pair("history", Reply::Set(changes)));
    }
    let (arguments, _) = Reader { text: command.arguments, at: 0, spec: -1 }.list('\0');
    if !arguments.is_empty() {
        pairs.push(pair("arguments", Reply::Array(arguments.iter().map(Argument::reply).collect())));
    }
    let inner: Vec<_> = command.subcommands().map(|sub| pair(sub.name, docs(sub))).collect();
    if !inner.is_empty() {
        pairs.push(pair("subcommands", Reply::Map(inner)));
    }
    Reply::Map(pairs)
}

/// How the time that a command takes grows.
fn cost(command: &Command) -> Option<&'static str> {
    let known = COSTS.iter().find(|(_, names)| among(names, command.name)).map(|(cost, _)| *cost);
    Some(known.unwrap_or("O(1)")).filter(|cost| !cost.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::table::{commands, find_command};
    use super::*;
    use alloc::format;

    #[test]
    fn marks_are_not_shown() {
        assert_eq!(shown("key [{unit:BYTE|BIT}@7.0.0] {a:b%i|C}"), "key [BYTE|BIT] b|C");
        assert_eq!(shown("ID ip:port^2.8.12 [x#1 ...]"), "ID ip:port [x ...]");
        assert_eq!(shown(""), "");
    }

    /// The arguments of a command, each as one word.
    fn told(arguments: &[Argument]) -> String {
        let one = |argument: &Argument| {
            let marks = [(argument.optional, "?"), (argument.multiple, "+"), (argument.multiple_token, "t")];
            let marks: String = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| *mark).collect();
            let inner = if argument.inner.is_empty() { String::new() } else { format!("({})", told(&argument.inner)) };
            let token = argument.token.map(|token| format!("{token}=")).unwrap_or_default();
            format!("{token}{}{inner}{marks}", argument.name)
        };
        arguments.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn arguments_are_read() {
        let read = |name: &str| {
            let command = find_command(name.as_bytes()).expect("a command");
            told(&Reader { text: command.arguments, at: 0, spec: -1 }.list('\0').0)
        };
        assert_eq!(read("get"), "key");
        assert_eq!(read("lpop"), "key count?");
        assert_eq!(read("mset"), "key_value(key value)+");
        let sort = "key BY=pattern? LIMIT=offset_count(offset count)? GET=pattern?+t order(ASC=ASC DESC=DESC)? \
                    ALPHA=sorting? STORE=destination?";
        assert_eq!(read("sort"), sort);
        assert_eq!(read("migrate").split(' ').nth(2), Some("key_or_empty_string(key"));
    }

    #[test]
    fn every_row_is_read_whole() {
        for command in commands() {
            let mut reader = Reader { text: command.arguments, at: 0, spec: -1 };
            let (arguments, is_choice) = reader.list('\0');
            assert_eq!(reader.at, command.arguments.len(), "{}", command.name);
            assert!(!is_choice && arguments.is_empty() == command.arguments.is_empty(), "{}", command.name);
            assert!(!command.syntax().contains(['{', '}', '@', '^', '%', '#']), "{}", command.name);
        }
        let known = |name: &str| assert!(find_command(name.as_bytes()).is_some(), "{name}");
        let listed = COSTS.iter().map(|(_, names)| names).chain(HISTORY.iter().map(|(names, ..)| names));
        listed.flat_map(|names| names.split(' ')).chain(REPLACED.iter().map(|(name, ..)| *name)).for_each(known);
    }
}
