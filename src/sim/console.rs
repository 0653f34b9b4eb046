//! Consoles: what a person typed to the store, and what was printed.

use alloc::{
    collections::VecDeque,
    string::{String, ToString},
    vec::Vec,
};

use crate::{
    bytes::Bytes,
    prng::Prng,
    redis::{ClientId, Console, ConsoleEffect, Cx, Event, Language, Store},
};

/// How many entries a console keeps; the oldest goes first.
pub const MAX_ENTRIES: usize = 200;

/// One line that was typed and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The prompt it was typed at.
    pub prompt: Bytes,
    /// The line.
    pub line: Bytes,
    /// What was printed, without the last line's end.
    pub output: Bytes,
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

    /// Runs a line as redis-cli would. `now_ms` is a Unix time.
    pub fn type_line(
        &mut self,
        line: &Bytes,
        store: &mut Store,
        now_ms: u64,
        prng: &mut Prng,
        events: &mut Vec<Event>,
    ) {
        let prompt = Bytes::from(self.prompt());
        let mut out = Vec::new();
        let mut cx = Cx { now_ms, prng, events: Some(events), out: &mut out };
        let output = self.console.run_line(store, &line.text(), &mut cx);
        match output.effect {
            ConsoleEffect::Clear => {
                self.entries.clear();
                return;
            }
            // There is nothing to end in a page: the prompt stays.
            ConsoleEffect::Quit | ConsoleEffect::None => {}
        }
        if self.entries.len() == MAX_ENTRIES {
            self.entries.pop_front();
        }
        let printed = output.text.strip_suffix('\n').unwrap_or(&output.text).to_string();
        self.entries.push_back(Entry { prompt, line: line.clone(), output: printed.into() });
    }
}
