//! Scripts: a lesson's steps, `run(...)` and links are all written in the same small line language.
//!
//! A line is an [`Input`], or one of the commands that move the run on: `run idle`, `run until CONDITION`, `step N`. `#` begins a comment line.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::{bytes::Bytes, condition::Condition, input::Input};

/// Something is wrong with a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: usize,
    /// The column in bytes, from 1.
    pub column: usize,
    /// What is wrong, as a sentence.
    pub message: String,
}

impl Fault {
    /// A fault in the first line.
    pub fn at(column: usize, message: String) -> Fault {
        Fault { line: 1, column: column.max(1), message }
    }
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

/// One command of a script.
#[allow(clippy::large_enum_variant, reason = "a script has few commands, and nearly all are inputs")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Something is done to the world.
    Do(Input),
    /// The run goes on until nothing is due any more.
    RunIdle,
    /// The run goes on until this holds, or nothing is due any more.
    RunUntil(Condition),
    /// The run goes on by this many steps.
    Step(u32),
}

/// The most lines of a script.
pub const MAX_LINES: usize = 10_000;

/// Reads a whole script.
///
/// # Errors
/// The first fault, with its line and column.
pub fn parse(text: &str) -> Result<Vec<Command>, Fault> {
    let mut commands = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let located = |fault: Fault| Fault { line: index + 1, ..fault };
        if index >= MAX_LINES {
            return Err(located(Fault::at(1, format!("a script has at most {MAX_LINES} lines"))));
        }
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        commands.push(parse_command(line).map_err(located)?);
    }
    Ok(commands)
}

fn parse_command(line: &str) -> Result<Command, Fault> {
    let trimmed = line.trim();
    let indent = line.len() - line.trim_start().len();
    if trimmed == "run idle" {
        return Ok(Command::RunIdle);
    }
    if let Some(condition) = trimmed.strip_prefix("run until ") {
        let condition = Condition::parse(condition)
            .map_err(|fault| Fault::at(indent + "run until ".len() + fault.column, fault.message))?;
        return Ok(Command::RunUntil(condition));
    }
    if trimmed == "run" || trimmed.starts_with("run ") {
        return Err(Fault::at(indent + 1, "expected: run idle, or run until CONDITION".to_string()));
    }
    if let Some(steps) = trimmed.strip_prefix("step ") {
        return match steps.trim().parse() {
            Ok(steps) => Ok(Command::Step(steps)),
            Err(_) => Err(Fault::at(indent + 6, format!("step {steps}: expected a whole number"))),
        };
    }
    Input::parse(line).map(Command::Do)
}

/// One word of a line and where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The column in bytes, from 1.
    pub column: usize,
    /// The word without its quotes.
    pub text: Bytes,
}

/// Splits a line at spaces. Double quotes, anywhere in a word, keep spaces; within them `\"`, `\\` and `\n` stand for themselves.
///
/// # Errors
/// A quote that is never closed.
pub fn words(line: &str) -> Result<Vec<Word>, Fault> {
    let mut words = Vec::new();
    let mut chars = line.char_indices().peekable();
    while let Some(&(start, first)) = chars.peek() {
        if first.is_whitespace() {
            chars.next();
            continue;
        }
        let mut text = String::new();
        while let Some(&(at, c)) = chars.peek() {
            if c.is_whitespace() {
                break;
            }
            chars.next();
            if c == '"' {
                read_quoted(&mut chars, &mut text)
                    .ok_or_else(|| Fault::at(at + 1, "this quote is never closed".into()))?;
            } else {
                text.push(c);
            }
        }
        words.push(Word { column: start + 1, text: text.into() });
    }
    Ok(words)
}

/// Reads up to the closing quote; none when the line ends first.
fn read_quoted(chars: &mut core::iter::Peekable<core::str::CharIndices<'_>>, text: &mut String) -> Option<()> {
    loop {
        match chars.next()?.1 {
            '"' => return Some(()),
            '\\' => match chars.next()?.1 {
                'n' => text.push('\n'),
                other => text.push(other),
            },
            other => text.push(other),
        }
    }
}

/// A word as [`words`] reads it back.
pub fn quote(word: &Bytes) -> String {
    let text = word.text();
    if !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c == '"' || c == '\\') {
        return text.to_string();
    }
    quoted(&text)
}

/// A text in quotes, as [`words`] and the text form of AMQP frames read it back.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_keep_what_is_quoted() {
        let texts: Vec<String> =
            words(r#"a  "b c" d="e \" f" "#).unwrap().iter().map(|word| word.text.text().to_string()).collect();
        assert_eq!(texts, ["a", "b c", "d=e \" f"]);
        assert_eq!(words("x \"y").unwrap_err().column, 3);
    }

    #[test]
    fn faults_name_line_and_column() {
        let fault = parse("# story\n\nkill\n").unwrap_err();
        assert_eq!(fault.to_string(), "line 3, column 1: expected: kill NAME");
        let fault = parse("start w sned").unwrap_err();
        assert_eq!((fault.line, fault.column), (1, 9));
        assert!(fault.message.contains("there is no program 'sned'"));
        assert!(parse("wait soon").unwrap_err().message.contains("expected a duration"));
    }

    #[test]
    fn inputs_print_as_they_are_read() {
        for line in [
            "start new_task send queue=task_queue \"body=task {n}\" count=6 every=400ms durable",
            "kill worker_1",
            "broker kill",
            "redis SET foo \"a b\"",
            "redis#2 GET foo",
            "wait 1500ms",
        ] {
            assert_eq!(Input::parse(line).unwrap().to_string(), line);
        }
    }
}
