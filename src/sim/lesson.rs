//! Lessons: Markdown files with prose, the script of what happens, and questions that the run itself grades.
//!
//! A lesson is its title, a few `name: value` lines, a ```` ```setup ```` block of inputs, and chapters. A chapter is `## Title`, prose, an optional
//! question (`? prompt`, then `( ) choice {condition}` lines), a ```` ```do ```` block of script, the prose that explains what was seen, and
//! `! input | label` lines: things to break. The Markdown understood is paragraphs, `-` lists, fenced code, `code`, **strong**, *emphasis* and links.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    condition::Condition,
    input::Input,
    program::spec::parse_ms,
    script::{self, Command, Fault},
    world::LATENCY_MS,
};

/// A lesson in one language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lesson {
    /// Its name in links.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How long it takes, in minutes.
    pub minutes: u32,
    /// The seed it opens with.
    pub seed: u64,
    /// How long a frame travels in it, in virtual ms.
    pub latency_ms: u64,
    /// Whether the console is what it is about.
    pub console: bool,
    /// Whether the time line of what programs send to the store is its picture.
    pub trips: bool,
    /// What is there at the first moment.
    pub setup: Vec<Input>,
    /// Its chapters.
    pub chapters: Vec<Chapter>,
}

/// One chapter: something happens, and is explained.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chapter {
    /// Its title.
    pub title: String,
    /// What is read before.
    pub before: Vec<Block>,
    /// What is asked before.
    pub question: Option<Question>,
    /// What happens.
    pub script: Vec<Command>,
    /// What is read after.
    pub after: Vec<Block>,
    /// What may be broken: a line of script, and its label. The line is read when it is chosen; that each can be read is tested.
    pub breaks: Vec<(String, String)>,
}

/// A question with its choices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub prompt: Vec<Span>,
    /// What may be answered.
    pub choices: Vec<Choice>,
}

/// One possible answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its text.
    pub text: Vec<Span>,
    /// When it is right.
    pub condition: Condition,
}

/// A block of prose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Paragraph(Vec<Span>),
    /// A list.
    List(Vec<Vec<Span>>),
    /// Lines of code.
    Code(String),
}

/// A stretch of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Span {
    /// Plain.
    Text(String),
    /// In the code font.
    Code(String),
    /// Strong.
    Strong(String),
    /// Emphasised.
    Emphasis(String),
    /// A link.
    Link {
        /// Its text.
        text: String,
        /// Where it leads; only https.
        url: String,
    },
}

impl Lesson {
    /// The commands of all chapters, in order.
    pub fn plan(&self) -> impl Iterator<Item = &Command> {
        self.chapters.iter().flat_map(|chapter| &chapter.script)
    }

    /// How many commands come before a chapter.
    pub fn first_command(&self, chapter: usize) -> u32 {
        self.chapters.iter().take(chapter).map(|chapter| chapter.script.len() as u32).sum()
    }

    /// Reads a lesson.
    ///
    /// # Errors
    /// The first fault, with its line and column.
    pub fn parse(text: &str) -> Result<Lesson, Fault> {
        let mut reader = Reader { lines: text.lines().collect(), at: 0 };
        let mut lesson = Lesson {
            id: String::new(),
            title: String::new(),
            minutes: 5,
            seed: 1,
            latency_ms: LATENCY_MS,
            console: false,
            trips: false,
            setup: Vec::new(),
            chapters: Vec::new(),
        };
        reader.head(&mut lesson)?;
        while let Some(line) = reader.peek() {
            match line.strip_prefix("## ") {
                Some(title) => {
                    reader.at += 1;
                    let mut chapter = Chapter { title: title.trim().to_string(), ..Chapter::default() };
                    reader.chapter(&mut chapter)?;
                    lesson.chapters.push(chapter);
                }
                None => return reader.fault("expected a chapter: ## Title"),
            }
        }
        if lesson.id.is_empty() || lesson.title.is_empty() || lesson.chapters.is_empty() {
            return reader.fault("a lesson has a title, an id and at least one chapter");
        }
        Ok(lesson)
    }
}

struct Reader<'a> {
    lines: Vec<&'a str>,
    at: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.lines.get(self.at).copied()
    }

    fn fault<T>(&self, message: &str) -> Result<T, Fault> {
        Err(Fault { line: self.at + 1, column: 1, message: message.to_string() })
    }

    /// The title, the `name: value` lines and the setup, up to the first chapter.
    fn head(&mut self, lesson: &mut Lesson) -> Result<(), Fault> {
        while let Some(line) = self.peek() {
            if line.starts_with("## ") {
                return Ok(());
            }
            if let Some(title) = line.strip_prefix("# ") {
                lesson.title = title.trim().to_string();
            } else if line.trim() == "```setup" {
                for (index, command) in self.script()?.into_iter() {
                    match command {
                        Command::Do(input) => lesson.setup.push(input),
                        Command::RunIdle | Command::RunUntil(_) | Command::Step(_) => {
                            self.at = index;
                            return self.fault("a setup holds inputs only");
                        }
                    }
                }
                continue;
            } else if let Some((name, value)) = line.split_once(": ") {
                self.header(lesson, name, value.trim())?;
            } else if !line.trim().is_empty() {
                return self.fault("expected # Title, name: value, or ```setup");
            }
            self.at += 1;
        }
        Ok(())
    }

    fn header(&self, lesson: &mut Lesson, name: &str, value: &str) -> Result<(), Fault> {
        let number = || value.parse::<u64>();
        match (name, number()) {
            ("id", _) => lesson.id = value.to_string(),
            ("minutes", Ok(n)) => lesson.minutes = n as u32,
            ("seed", Ok(n)) => lesson.seed = n,
            ("console", _) => lesson.console = value == "yes",
            ("trips", _) => lesson.trips = value == "yes",
            ("latency", _) => match parse_ms(value) {
                Some(ms) => lesson.latency_ms = ms,
                None => return self.fault("latency: expected a duration"),
            },
            _ => return self.fault("expected id, minutes, seed, latency, console or trips"),
        }
        Ok(())
    }

    /// A fenced script; each command with the line it stands on. Leaves the reader behind the fence.
    fn script(&mut self) -> Result<Vec<(usize, Command)>, Fault> {
        let mut commands = Vec::new();
        self.at += 1;
        while let Some(line) = self.peek() {
            if line.trim() == "```" {
                self.at += 1;
                return Ok(commands);
            }
            let parsed = script::parse(line).map_err(|fault| Fault { line: self.at + 1, ..fault })?;
            commands.extend(parsed.into_iter().map(|command| (self.at, command)));
            self.at += 1;
        }
        self.fault("this block is never closed")
    }

    fn chapter(&mut self, chapter: &mut Chapter) -> Result<(), Fault> {
        let mut happened = false;
        while let Some(line) = self.peek() {
            if line.starts_with("## ") {
                break;
            }
            if line.trim() == "```do" {
                if happened {
                    return self.fault("a chapter has one ```do block");
                }
                chapter.script = self.script()?.into_iter().map(|(_, command)| command).collect();
                happened = true;
            } else if let Some(prompt) = line.strip_prefix("? ") {
                if happened || chapter.question.is_some() {
                    return self.fault("a chapter asks one question, before its ```do block");
                }
                self.at += 1;
                chapter.question = Some(self.question(prompt)?);
            } else if let Some(rest) = line.strip_prefix("! ") {
                let Some((input, label)) = rest.rsplit_once(" | ") else {
                    return self.fault("expected: ! input | label");
                };
                chapter.breaks.push((input.to_string(), label.trim().to_string()));
                self.at += 1;
            } else if line.trim().is_empty() {
                self.at += 1;
            } else {
                let block = self.block()?;
                if happened { chapter.after.push(block) } else { chapter.before.push(block) }
            }
        }
        Ok(())
    }

    fn question(&mut self, prompt: &str) -> Result<Question, Fault> {
        let mut question = Question { prompt: self.spans(prompt)?, choices: Vec::new() };
        while let Some(rest) = self.peek().and_then(|line| line.strip_prefix("( ) ")) {
            let parts = rest.trim_end().strip_suffix('}').and_then(|rest| rest.rsplit_once(" {"));
            let Some((text, condition)) = parts else {
                return self.fault("expected: ( ) choice {condition}");
            };
            let condition = Condition::parse(condition).map_err(|fault| Fault {
                line: self.at + 1,
                column: 4 + text.len() + 2 + fault.column,
                ..fault
            })?;
            question.choices.push(Choice { text: self.spans(text)?, condition });
            self.at += 1;
        }
        if question.choices.len() < 2 {
            return self.fault("a question has at least two choices");
        }
        Ok(question)
    }

    /// One block of prose.
    fn block(&mut self) -> Result<Block, Fault> {
        let first = self.peek().unwrap_or_default();
        if first.trim_start().starts_with("```") {
            let mut code = String::new();
            self.at += 1;
            while let Some(line) = self.peek() {
                self.at += 1;
                if line.trim() == "```" {
                    return Ok(Block::Code(code.trim_end().to_string()));
                }
                code.push_str(line);
                code.push('\n');
            }
            return self.fault("this block is never closed");
        }
        if first.starts_with("- ") {
            let mut items = Vec::new();
            while let Some(item) = self.peek().and_then(|line| line.strip_prefix("- ")) {
                let mut text = item.trim().to_string();
                self.at += 1;
                while let Some(more) = self.peek().filter(|line| line.starts_with("  ") && !line.trim().is_empty()) {
                    text = format!("{text} {}", more.trim());
                    self.at += 1;
                }
                items.push(self.spans(&text)?);
            }
            return Ok(Block::List(items));
        }
        let mut text = String::new();
        while let Some(line) = self.peek().filter(|line| !ends_paragraph(line)) {
            if !text.is_empty() {
                text.push_str(joint(&text, line.trim()));
            }
            text.push_str(line.trim());
            self.at += 1;
        }
        if text.is_empty() {
            return self.fault("this line is no Markdown that a lesson may hold");
        }
        Ok(Block::Paragraph(self.spans(&text)?))
    }

    /// Splits a text at its marks.
    fn spans(&self, text: &str) -> Result<Vec<Span>, Fault> {
        let mut spans = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let found = marked(rest);
            match found {
                Some((span, length)) => {
                    if !plain.is_empty() {
                        spans.push(Span::Text(core::mem::take(&mut plain)));
                    }
                    spans.push(span);
                    rest = &rest[length..];
                }
                None if c == '`' || rest.starts_with("**") => {
                    return self.fault("a mark (` or **) is never closed");
                }
                None => {
                    plain.push(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
        }
        if !plain.is_empty() {
            spans.push(Span::Text(plain));
        }
        Ok(spans)
    }
}

fn ends_paragraph(line: &str) -> bool {
    line.trim().is_empty() || ["## ", "```", "? ", "! ", "- ", "( ) "].iter().any(|start| line.starts_with(start))
}

/// What joins two lines of a paragraph: nothing between two Chinese characters, a space elsewhere.
fn joint(before: &str, after: &str) -> &'static str {
    let wide = |c: Option<char>| c.is_some_and(|c| c >= '\u{2E80}');
    if wide(before.chars().next_back()) && wide(after.chars().next()) { "" } else { " " }
}

/// The marked span that a text begins with, and its length in bytes.
fn marked(text: &str) -> Option<(Span, usize)> {
    let between = |mark: &str| {
        let inner = text.strip_prefix(mark)?;
        let end = inner.find(mark).filter(|end| *end > 0)?;
        Some((inner[..end].to_string(), mark.len() * 2 + end))
    };
    if text.starts_with('`') {
        return between("`").map(|(inner, length)| (Span::Code(inner), length));
    }
    if text.starts_with("**") {
        return between("**").map(|(inner, length)| (Span::Strong(inner), length));
    }
    // A lone star is a routing key's wildcard, not a mark: emphasis touches its word on both sides.
    if text.starts_with('*') && !text[1..].starts_with([' ', '.', '`']) {
        return between("*").map(|(inner, length)| (Span::Emphasis(inner), length));
    }
    let inner = text.strip_prefix('[')?;
    let (label, rest) = inner.split_once("](https://")?;
    let (url, _) = rest.split_once(')')?;
    let length = 1 + label.len() + "](https://".len() + url.len() + 1;
    Some((Span::Link { text: label.to_string(), url: format!("https://{url}") }, length))
}
