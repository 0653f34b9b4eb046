//! The programs' code, the line at work, and what each program printed.

use gloo::utils::document;
use warren_sim::{
    event::ProcessId,
    process::{Process, ProcessState},
    session::Session,
};
use web_sys::Element;
use yew::{Callback, Html, Properties, component};

use super::{
    pieces,
    python::{self, Kind},
};
use crate::{
    action::Action,
    markup::{On, Tag, tag},
    say::seconds,
    text::{Text, fill},
};

/// How many of the last lines of a terminal are shown.
const MAX_OUTPUT: usize = 50;

/// What the code panel shows.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeView {
    /// A tab for each process.
    pub tabs: Vec<CodeTab>,
    /// The program that is shown; none when there is no process.
    pub program: Option<ProgramView>,
}

/// A tab.
#[derive(Clone, Debug, PartialEq)]
pub struct CodeTab {
    /// The process.
    pub id: ProcessId,
    /// The name of its file.
    pub name: String,
    /// Whether it is the one that is shown.
    pub chosen: bool,
    /// Whether it was killed or died of an error.
    pub broken: bool,
}

/// A program being run.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramView {
    /// The name of its file.
    pub name: String,
    /// Its lines, cut into stretches of one colour.
    pub lines: Vec<Vec<(Kind, String)>>,
    /// The line at work, from 1; 0 before the first.
    pub line: usize,
    /// What it does.
    pub doing: Doing,
    /// The last lines of its terminal.
    pub output: Vec<String>,
}

/// What a program does.
#[derive(Clone, Debug, PartialEq)]
pub enum Doing {
    /// Its next line is due.
    Running,
    /// It waits for the broker.
    Waiting,
    /// Its connection is being opened.
    Connecting,
    /// It sleeps until then (seconds).
    Sleeping(String),
    /// It works on a message (its number) until then (seconds).
    Working(String, String),
    /// It has come to its end.
    Ended,
    /// It died of an error.
    Died,
    /// It was killed.
    Killed,
}

impl Doing {
    fn of(process: &Process) -> Doing {
        match (&process.state, process.working_on()) {
            (ProcessState::Ready, _) => Doing::Running,
            (ProcessState::Waiting, _) => Doing::Waiting,
            (ProcessState::Connecting, _) => Doing::Connecting,
            (ProcessState::Sleeping { until_ms }, None) => Doing::Sleeping(seconds(*until_ms)),
            (ProcessState::Sleeping { until_ms }, Some(message)) => {
                Doing::Working(message.0.to_string(), seconds(*until_ms))
            }
            (ProcessState::Ended { error: None }, _) => Doing::Ended,
            (ProcessState::Ended { error: Some(_) }, _) => Doing::Died,
            (ProcessState::Killed, _) => Doing::Killed,
        }
    }

    /// Whether the program still runs.
    pub fn is_alive(&self) -> bool {
        !matches!(self, Doing::Ended | Doing::Died | Doing::Killed)
    }

    /// Whether it was killed or died of an error.
    pub fn is_broken(&self) -> bool {
        matches!(self, Doing::Died | Doing::Killed)
    }

    fn say(&self, text: &Text) -> String {
        let t = &text.panels.code;
        let moment = |seconds: &String| fill(text.language.say().seconds, &[seconds]);
        match self {
            Doing::Running => t.running.to_string(),
            Doing::Waiting => t.waiting.to_string(),
            Doing::Connecting => t.connecting.to_string(),
            Doing::Sleeping(until) => fill(t.sleeping, &[&moment(until)]),
            Doing::Working(message, until) => fill(t.working, &[message, &moment(until)]),
            Doing::Ended => t.ended.to_string(),
            Doing::Died => t.died.to_string(),
            Doing::Killed => t.killed.to_string(),
        }
    }
}

/// What the code panel shows of a session: the chosen process, or the first one.
pub fn view(session: &Session, chosen: Option<ProcessId>) -> CodeView {
    let shown = shown(session, chosen);
    let tab = |process: &Process| CodeTab {
        id: process.id,
        name: file(process),
        chosen: shown.is_some_and(|shown| shown.id == process.id),
        broken: Doing::of(process).is_broken(),
    };
    CodeView { tabs: session.world().processes().iter().map(tab).collect(), program: shown.map(program) }
}

fn shown(session: &Session, chosen: Option<ProcessId>) -> Option<&Process> {
    let processes = session.world().processes();
    processes.iter().find(|process| Some(process.id) == chosen).or(processes.first())
}

/// Where the work is in what is shown: the process and its line.
pub fn place(session: &Session, chosen: Option<ProcessId>) -> Option<(ProcessId, u16)> {
    shown(session, chosen).map(|process| (process.id, process.last_line))
}

fn file(process: &Process) -> String {
    format!("{}.py", process.name)
}

fn program(process: &Process) -> ProgramView {
    let output = process.output.iter().skip(process.output.len().saturating_sub(MAX_OUTPUT));
    ProgramView {
        name: file(process),
        lines: process.program.listing().iter().map(|line| python::tokens(&line.text())).collect(),
        line: usize::from(process.last_line),
        doing: Doing::of(process),
        output: output.map(|line| line.to_string()).collect(),
    }
}

/// What the component is given.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What to show.
    pub view: CodeView,
    /// The words.
    pub text: &'static Text,
    /// Who hears what the learner does.
    pub on: Callback<Action>,
}

/// The programs' code.
#[component]
pub fn Code(props: &Props) -> Html {
    show(props)
}

/// The programs' code, printed. A function, because a component costs kilobytes; the listing is moved by [`follow`].
pub fn show(props: &Props) -> Html {
    let Props { view, text, on } = props;
    let t = &text.panels.code;
    let Some(program) = &view.program else {
        return still(text).html();
    };
    let mut tabs = tag("div.tabs").role("group").label(t.programs);
    for tab in &view.tabs {
        let button = tag("button.tab")
            .nth(tab.id.0 as usize)
            .class_if(tab.chosen, "chosen")
            .class_if(tab.broken, "code-broken")
            .truth("aria-pressed", tab.chosen)
            .on(On::Click, on, Action::ShowCode(tab.id));
        tabs = tabs.put(button.text(&tab.name));
    }
    let mut lines = tag("ol.code-lines.mono").attr("tabindex", "0");
    lines = lines.label(&fill(t.listing, &[&program.name]));
    for (at, tokens) in program.lines.iter().enumerate() {
        lines = lines.put(print_line(at + 1, tokens, program, text));
    }
    let doing = tag("span.chip").class_if(program.doing.is_broken(), "code-over");
    let head = tag("p.code-head").put(tag("span").text(t.terminal)).put(doing.text(&program.doing.say(text)));
    let beside = tag("div.code-terminal").put(head).put(terminal(&program.output, text));
    tag("div.code").key("code").put(tabs).put(tag("div.code-body").put(lines).put(beside)).html()
}

/// The panel while there is no program.
pub fn still(text: &Text) -> Tag {
    pieces::empty(text.panels.code.empty)
}

/// Where listings stand: beside the tables, and among them on a phone.
const LISTINGS: [&str; 2] = [".code-room .code-line[aria-current]", ".tab-body .code-line[aria-current]"];

/// Scrolls the listings, and nothing around them, so that the line at work is seen.
pub fn follow() {
    for line in LISTINGS {
        if let Ok(Some(line)) = document().query_selector(line) {
            bring_into_sight(&line);
        }
    }
}

fn bring_into_sight(line: &Element) {
    let Some(list) = line.parent_element() else { return };
    let (seen, here) = (list.get_bounding_client_rect(), line.get_bounding_client_rect());
    let above = here.top() < seen.top();
    let below = here.bottom() > seen.bottom();
    if above || below {
        let middle = here.top() - seen.top() - (seen.height() - here.height()) / 2.0;
        list.set_scroll_top(list.scroll_top() + middle as i32);
    }
}

fn print_line(number: usize, tokens: &[(Kind, String)], program: &ProgramView, text: &'static Text) -> Tag {
    let t = &text.panels.code;
    let here = number == program.line;
    let note = match (here, program.doing.is_alive()) {
        (true, true) => t.at_work,
        (true, false) => t.stopped_here,
        (false, _) => "",
    };
    let mut code = tag("code");
    for (at, (kind, token)) in tokens.iter().enumerate() {
        code = code.put(tag("span").nth(at).class(kind.class()).text(token));
    }
    tag("li.code-line")
        .nth(number)
        .class_if(here, if program.doing.is_broken() { "stopped" } else { "at-work" })
        .current(here)
        .put(tag("span.code-number").attr("aria-hidden", "true").count(number))
        .put(tag("span.sr").text(note))
        .put(code)
}

/// What a program printed.
pub fn terminal(output: &[String], text: &'static Text) -> Tag {
    let t = &text.panels.code;
    let none = if output.is_empty() { t.nothing_printed } else { "" };
    let mut terminal = tag("div.terminal.mono")
        .attrs(&[("role", "group"), ("tabindex", "0")])
        .label(t.terminal)
        .put(tag("p.muted").text(none));
    for (at, line) in output.iter().enumerate() {
        terminal = terminal.put(tag("p").nth(at + 1).text(line));
    }
    terminal
}
