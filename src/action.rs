//! Actions: what a person (or a script through `window.warren`) can do. Every panel sends them; only `app.rs` answers them.

use warren_sim::{amqp::event::MessageId, bytes::Bytes, event::ProcessId, input::Input};

use crate::text::Language;

/// What is looked at closely, on the right.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// Nothing: the panel says what can be pointed at.
    #[default]
    Nothing,
    /// A message, wherever it is.
    Message(MessageId),
    /// A queue, by name.
    Queue(Bytes),
    /// An exchange, by name; the default exchange's is empty.
    Exchange(Bytes),
    /// A process.
    Process(ProcessId),
}

/// The tabs under the stage, on the right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Queues and consumers.
    #[default]
    Queues,
    /// What happened.
    Events,
    /// The store's console.
    Console,
    /// The store's keys.
    Keys,
    /// The programs' code; a tab of its own on a phone only.
    Code,
}

impl Tab {
    /// Its button's id in the page, which is also its class.
    pub fn id(self) -> &'static str {
        match self {
            Tab::Queues => "tab-queues",
            Tab::Events => "tab-events",
            Tab::Console => "tab-console",
            Tab::Keys => "tab-keys",
            Tab::Code => "tab-code",
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// One thing a person did.
#[allow(clippy::large_enum_variant, reason = "one action lives at a time")]
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Play, or pause.
    TogglePlay,
    /// One step forward.
    Step,
    /// One step back.
    Back,
    /// Look at this step.
    Seek(u32),
    /// Look at the last step.
    SeekEnd,
    /// Choose a speed, as an index into `app::SPEEDS`.
    Speed(usize),
    /// Begin the lesson again with this seed.
    Restart(u64),
    /// Open a lesson by its id.
    OpenLesson(String),
    /// Open a chapter: the moment before it.
    OpenChapter(usize),
    /// See the chapter happen, or go on to the next one.
    Continue,
    /// Answer the question of a chapter.
    Answer {
        /// The chapter.
        chapter: usize,
        /// The choice.
        choice: usize,
    },
    /// Do something to the world.
    Submit(Input),
    /// Do something to the world that was typed as a script line.
    SubmitLine(String),
    /// Send a method by hand, typed as a script line, and go on until it has arrived and is answered.
    Ask(String),
    /// Take over a file of definitions.
    Import(String),
    /// Keep the definitions as a file.
    Export,
    /// Look at this virtual host.
    Vhost(String),
    /// Type a line in the console that is shown.
    Type(String),
    /// Show the console of this number, from 1.
    Console(u32),
    /// Look closely at something.
    Select(Selection),
    /// Light up a message wherever it is.
    Point(Option<MessageId>),
    /// Look at another branch.
    Branch(u32),
    /// Open a tab.
    Open(Tab),
    /// Show the code of this process.
    ShowCode(ProcessId),
    /// Speak this language.
    Speak(Language),
    /// Light or dark.
    Wear(Theme),
    /// Put a link to this very moment on the clipboard and in the address.
    Share,
    /// Fold a side panel away, or show it again: the left one when true.
    Fold(bool),
    /// Put away the notice.
    Dismiss,
}
