//! Consoles: what a person typed to the store, and what was printed.

use alloc::{collections::VecDeque, format, string::String, vec::Vec};

use crate::{
    bytes::Bytes,
    redis::{
        ClientId, Console, ConsoleEffect, Cx, Language, Sent, Store,
        console::{MAX_WIRES, Wire},
    },
};

/// How many entries a console keeps; the oldest goes first.
pub const MAX_ENTRIES: usize = 200;
/// How many bytes a console that listens keeps below one line; the oldest lines go first.
const MAX_OUTPUT: usize = 64 * 1024;

/// One line that was typed and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The prompt it was typed at.
    pub prompt: Bytes,
    /// The line.
    pub line: Bytes,
    /// What was printed, without the last line's end.
    pub output: Bytes,
    /// The requests and replies of it, in order; at most [`MAX_WIRES`].
    pub wires: Vec<Wire>,
}

/// One console: a client of the store and its scroll-back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Terminal {
    console: Console,
    entries: VecDeque<Entry>,
}

impl Terminal {
    /// Opens console `number`, counted from 1.
    pub fn open(number: u32, store: &mut Store) -> Self {
        let client = ClientId(number);
        store.client_open(client);
        Terminal { console: Console::new(client, Language::English), entries: VecDeque::new() }
    }

    /// The prompt that waits for a line.
    pub fn prompt(&self) -> String {
        self.console.prompt()
    }

    /// What could follow a line that is being typed, if its command is known.
    pub fn hint(&self, line: &str) -> Option<String> {
        self.console.hint(line)
    }

    /// What was typed and printed, oldest first.
    pub fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }

    /// What was printed last.
    pub fn last_output(&self) -> Option<&Bytes> {
        self.entries.back().map(|entry| &entry.output)
    }

    /// Whether it waits for an answer or reads messages: then it takes no line but Ctrl-C.
    pub fn is_busy(&self) -> bool {
        self.console.is_busy()
    }

    /// The store's number of its client.
    pub fn client(&self) -> ClientId {
        self.console.client()
    }

    /// Runs a line as redis-cli would.
    pub fn type_line(&mut self, line: &Bytes, store: &mut Store, cx: &mut Cx<'_>) {
        let (prompt, was_busy) = (Bytes::from(self.prompt()), self.is_busy());
        let output = self.console.run_line(store, &line.text(), cx);
        match output.effect {
            ConsoleEffect::Clear => {
                self.entries.clear();
                return;
            }
            // There is nothing to end in a page: the prompt stays.
            ConsoleEffect::Quit | ConsoleEffect::None => {}
        }
        if was_busy {
            self.print(&output.text);
            return;
        }
        if self.entries.len() == MAX_ENTRIES {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { prompt, line: line.clone(), output: Bytes::default(), wires: Vec::new() });
        self.print(&output.text);
    }

    /// Takes what the store sent later, and returns what was printed of it.
    pub fn hear(&mut self, sent: Sent, store: &mut Store, cx: &mut Cx<'_>) -> String {
        let text = self.console.hear(store, sent, cx);
        self.print(&text);
        text
    }

    /// Prints below the line that was typed last.
    fn print(&mut self, text: &str) {
        let wires = self.console.take_wires();
        let Some(entry) = self.entries.back_mut() else { return };
        let room = MAX_WIRES - entry.wires.len();
        entry.wires.extend(wires.into_iter().take(room));
        if text.is_empty() {
            return;
        }
        let before = entry.output.text();
        let end = if before.is_empty() { "" } else { "\n" };
        let mut output = format!("{before}{end}{}", text.strip_suffix('\n').unwrap_or(text));
        if output.len() > MAX_OUTPUT {
            let from = output.len() - MAX_OUTPUT;
            let line =
                output.as_bytes()[from..].iter().position(|byte| *byte == b'\n').map_or(from, |at| from + at + 1);
            let start = (line..output.len()).find(|at| output.is_char_boundary(*at)).unwrap_or(output.len());
            output.drain(..start);
        }
        entry.output = output.into();
    }
}
