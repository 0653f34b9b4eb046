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

/// The forms over the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A method sent by hand, this one first.
    Method(usize),
    /// Add a consumer or a producer.
    Add,
    /// What can be broken.
    Break,
    /// Definitions as files.
    Definitions,
    /// A line of script.
    Command,
}

/// The borders between panels that can be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Border {
    /// Right of the lesson.
    Lesson,
    /// Above code and tables.
    Tables,
    /// Left of the details.
    Details,
    /// Right of the code.
    Code,
}

/// How much of the page's code is there. It is loaded in parts (see `src/xtask/split/parts.rs`), in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loaded {
    /// What shows the first picture.
    Picture,
    /// What plays the first lesson.
    Play,
    /// All of it but Lua.
    Whole,
    /// Lua too, for the scripts of the store.
    #[default]
    Lua,
}

impl Loaded {
    /// By the number of parts beside the first one.
    pub fn parts(count: u32) -> Loaded {
        match count {
            0 => Loaded::Picture,
            1 => Loaded::Play,
            2 => Loaded::Whole,
            _ => Loaded::Lua,
        }
    }
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
    /// Type a seed.
    Seed(String),
    /// Begin the lesson again with the seed that was typed.
    Restart,
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
    /// Show this form over the stage, or none.
    Form(Option<Form>),
    /// Make the panel at this border so large, in px.
    Resize(Border, i32),
    /// Put away the notice.
    Dismiss,
    /// Ask once more for what could not be loaded.
    LoadAgain,
}

impl Action {
    /// How much of the page's code has to be there for this.
    pub fn needs(&self) -> Loaded {
        match self {
            Action::TogglePlay
            | Action::Step
            | Action::Seed(_)
            | Action::Back
            | Action::Seek(_)
            | Action::SeekEnd
            | Action::Speed(_)
            | Action::OpenChapter(_)
            | Action::Continue
            | Action::Answer { .. }
            | Action::Point(_)
            | Action::Branch(_)
            | Action::Open(Tab::Queues | Tab::Code)
            | Action::ShowCode(_)
            | Action::Wear(_)
            | Action::Fold(_)
            | Action::Form(None)
            | Action::Resize(..)
            | Action::Dismiss
            | Action::Select(Selection::Nothing) => Loaded::Play,
            Action::Restart
            | Action::OpenLesson(_)
            | Action::Submit(_)
            | Action::SubmitLine(_)
            | Action::Ask(_)
            | Action::Import(_)
            | Action::Export
            | Action::Vhost(_)
            | Action::Console(_)
            | Action::Select(_)
            | Action::Open(Tab::Events | Tab::Console | Tab::Keys)
            | Action::Speak(_)
            | Action::Share
            | Action::Form(Some(_)) => Loaded::Whole,
            Action::Type(line) if runs_script(line) => Loaded::Lua,
            Action::Type(_) => Loaded::Whole,
            Action::LoadAgain => Loaded::Picture,
        }
    }
}

/// Whether a line of the console is likely to want Lua. One that is not seen here, such as an EXEC, loads it in the middle of its work.
fn runs_script(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    ["eval", "fcall", "script", "function"]
        .iter()
        .any(|name| word.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
}
