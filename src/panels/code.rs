//! The programs' code, the line at work, and what each program printed.

use warren_sim::{
    event::ProcessId,
    process::{Process, ProcessState},
    session::Session,
};
use web_sys::Element;
use yew::prelude::*;

use super::python::{self, Kind};
use crate::{
    action::Action,
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
    let processes = session.world().processes();
    let shown = processes.iter().find(|process| Some(process.id) == chosen).or(processes.first());
    let tab = |process: &Process| CodeTab {
        id: process.id,
        name: file(process),
        chosen: shown.is_some_and(|shown| shown.id == process.id),
        broken: Doing::of(process).is_broken(),
    };
    CodeView { tabs: processes.iter().map(tab).collect(), program: shown.map(program) }
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
    let Props { view, text, on } = props;
    let t = &text.panels.code;
    let lit = use_node_ref();
    {
        let lit = lit.clone();
        let place = view.program.as_ref().map(|program| (program.name.clone(), program.line));
        use_effect_with(place, move |_| bring_into_sight(&lit));
    }
    let Some(program) = &view.program else {
        return still(text);
    };
    html! {
        <div class="code">
            <div class="tabs" role="group" aria-label={t.programs}>
                { for view.tabs.iter().map(|tab| {
                    let id = tab.id;
                    let class = classes!("tab", tab.chosen.then_some("chosen"), tab.broken.then_some("code-broken"));
                    html! {
                        <button key={id.0} {class} aria-pressed={tab.chosen.to_string()}
                            onclick={on.reform(move |_| Action::ShowCode(id))}>{ &tab.name }</button>
                    }
                }) }
            </div>
            <div class="code-body">
                <ol class="code-lines mono" tabindex="0" aria-label={fill(t.listing, &[&program.name])}>
                    { for program.lines.iter().enumerate().map(|(at, tokens)| print_line(at + 1, tokens, program, text, &lit)) }
                </ol>
                <div class="code-terminal">
                    <p class="code-head">
                        <span>{ t.terminal }</span>
                        <span class={classes!("chip", program.doing.is_broken().then_some("code-over"))}>{ program.doing.say(text) }</span>
                    </p>
                    { terminal(&program.output, text) }
                </div>
            </div>
        </div>
    }
}

/// The panel while there is no program.
pub fn still(text: &Text) -> Html {
    html! { <p class="empty">{ text.panels.code.empty }</p> }
}

/// Scrolls the listing, and nothing around it, so that the line at work is seen.
fn bring_into_sight(line: &NodeRef) {
    let Some(line) = line.cast::<Element>() else { return };
    let Some(list) = line.closest(".code-lines").ok().flatten() else { return };
    let (seen, here) = (list.get_bounding_client_rect(), line.get_bounding_client_rect());
    let above = here.top() < seen.top();
    let below = here.bottom() > seen.bottom();
    if above || below {
        let middle = here.top() - seen.top() - (seen.height() - here.height()) / 2.0;
        list.set_scroll_top(list.scroll_top() + middle as i32);
    }
}

fn print_line(
    number: usize,
    tokens: &[(Kind, String)],
    program: &ProgramView,
    text: &'static Text,
    lit: &NodeRef,
) -> Html {
    let t = &text.panels.code;
    let here = number == program.line;
    let alive = program.doing.is_alive();
    let class = classes!("code-line", here.then_some(if program.doing.is_broken() { "stopped" } else { "at-work" }));
    let note = match (here, alive) {
        (true, true) => t.at_work,
        (true, false) => t.stopped_here,
        (false, _) => "",
    };
    html! {
        <li key={number} {class} ref={if here { lit.clone() } else { NodeRef::default() }} aria-current={here.then_some("step")}>
            <span class="code-number" aria-hidden="true">{ number }</span>
            <span class="sr">{ note }</span>
            <code>{ for tokens.iter().enumerate().map(|(at, (kind, token))| html! {
                <span key={at} class={kind.class()}>{ token }</span>
            }) }</code>
        </li>
    }
}

/// What a program printed.
pub fn terminal(output: &[String], text: &'static Text) -> Html {
    html! {
        <div class="terminal mono" role="group" tabindex="0" aria-label={text.panels.code.terminal}>
            <p class="muted">{ if output.is_empty() { text.panels.code.nothing_printed } else { "" } }</p>
            { for output.iter().enumerate().map(|(at, line)| html! { <p key={at + 1}>{ line }</p> }) }
        </div>
    }
}
