//! The inspector: what is selected, told in sentences. What is told about each kind of thing is in the files below.

mod exchange;
mod message;
mod nothing;
mod process;
mod queue;

use warren_sim::{amqp::event::MessageId, session::Session};
use yew::prelude::*;

use super::{code, pieces};
use crate::{
    action::{Action, Selection},
    say::Teller,
    text::Text,
};

/// What the inspector shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct InspectorView {
    /// The message, if one is selected.
    pub message: Option<MessageId>,
    /// What is selected.
    pub title: String,
    /// The first things to know of it, in one line.
    pub subtitle: String,
    /// Tags of a queue, each with its meaning.
    pub features: Vec<(&'static str, String)>,
    /// All the rest.
    pub sections: Vec<Section>,
    /// Whether something is selected that can be let go.
    pub selected: bool,
}

/// A part with its heading.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// What it is about; empty for none.
    pub heading: String,
    /// What it says.
    pub part: Part,
}

/// The forms in which something is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A message's way, first station first.
    Way(Vec<Station>),
    /// Sentences, a paragraph each.
    Sentences(Vec<String>),
    /// Names and values.
    Table(Vec<(String, String)>),
    /// Lines as they were printed or sent.
    Lines(Vec<String>),
    /// A program's terminal.
    Terminal(Vec<String>),
    /// What can be done.
    Deeds(Vec<Deed>),
}

/// One station of a message's way.
#[derive(Clone, Debug, PartialEq)]
pub struct Station {
    /// The step it was reached at.
    pub step: u32,
    /// What happened there.
    pub sentence: String,
    /// When and why.
    pub note: String,
    /// Whether it is the last one so far.
    pub last: bool,
    /// Whether the message came to harm there.
    pub trouble: bool,
}

/// Something that can be done here.
#[derive(Clone, Debug, PartialEq)]
pub struct Deed {
    /// Its name.
    pub label: &'static str,
    /// What it does.
    pub action: Action,
    /// Whether it destroys something.
    pub danger: bool,
}

impl InspectorView {
    fn add(&mut self, heading: &str, part: Part) {
        self.sections.push(Section { heading: heading.to_string(), part });
    }
}

/// What the inspector shows before the world has begun.
pub fn still(text: &Text) -> InspectorView {
    nothing::page(Vec::new(), text)
}

/// What the inspector shows of a session.
pub fn view(session: &Session, selection: &Selection, text: &Text) -> InspectorView {
    let teller = Teller::new(session, text);
    match selection {
        Selection::Nothing => nothing::view(&teller),
        selection => selected(selection, &teller),
    }
}

/// A function of its own: the page is cut here, and gets what it needs when something is selected for the first time.
#[inline(never)]
fn selected(selection: &Selection, teller: &Teller<'_>) -> InspectorView {
    let mut view = match selection {
        Selection::Nothing => nothing::view(teller),
        Selection::Message(id) => message::view(*id, teller),
        Selection::Queue(name) => queue::view(name, teller),
        Selection::Exchange(name) => exchange::view(name, teller),
        Selection::Process(id) => process::view(*id, teller),
    };
    view.selected = *selection != Selection::Nothing;
    view
}

/// What the component is given.
#[derive(Properties, PartialEq)]
pub struct Props {
    /// What to show.
    pub view: InspectorView,
    /// The words.
    pub text: &'static Text,
    /// Who hears what the learner does.
    pub on: Callback<Action>,
    /// The message that is pointed at.
    pub pointed: Option<MessageId>,
}

/// The inspector.
#[component]
pub fn Inspector(props: &Props) -> Html {
    show(props)
}

/// The inspector, printed. A function, because it keeps nothing: a component costs kilobytes.
pub fn show(props: &Props) -> Html {
    let Props { view, text, on, pointed } = props;
    let t = &text.panels.inspector;
    let lit = view.message.is_some() && view.message == *pointed;
    html! {
        <div class="inspector" onmouseenter={pieces::point(on, view.message)} onmouseleave={pieces::point(on, None)}>
            <div class="inspector-head">
                <h2 class={classes!(lit.then_some("lit"))}>{ &view.title }</h2>
                { super::queues::tags(&view.features) }
                <p class="muted">{ &view.subtitle }</p>
            </div>
            { for view.sections.iter().enumerate().map(|(at, section)| print_section(at, section, text, on)) }
            <div class="inspector-close">
                { if view.selected {
                    html! { <button class="button quiet" onclick={on.reform(|_| Action::Select(Selection::Nothing))}>{ t.close }</button> }
                } else {
                    html! { <span></span> }
                } }
            </div>
        </div>
    }
}

fn print_section(at: usize, section: &Section, text: &'static Text, on: &Callback<Action>) -> Html {
    let heading = match section.heading.is_empty() {
        true => html! { <span></span> },
        false => html! { <h3>{ &section.heading }</h3> },
    };
    html! {
        <div key={at} class="inspector-section">
            { heading }
            { print_part(&section.part, text, on) }
        </div>
    }
}

fn print_part(part: &Part, text: &'static Text, on: &Callback<Action>) -> Html {
    match part {
        Part::Sentences(sentences) => html! {
            <div class="inspector-sentences">
                { for sentences.iter().enumerate().map(|(at, sentence)| html! { <p key={at}>{ sentence }</p> }) }
            </div>
        },
        Part::Way(_) | Part::Table(_) | Part::Lines(_) | Part::Terminal(_) | Part::Deeds(_) => {
            print_more(part, text, on)
        }
    }
}

/// What only something selected has. The page is cut here.
#[inline(never)]
fn print_more(part: &Part, text: &'static Text, on: &Callback<Action>) -> Html {
    match part {
        Part::Way(stations) => html! {
            <ol class="way">{ for stations.iter().enumerate().map(|(at, station)| print_station(at, station, on)) }</ol>
        },
        Part::Sentences(_) => print_part(part, text, on),
        Part::Table(rows) => html! {
            <dl class="inspector-table">
                { for rows.iter().enumerate().map(|(at, (name, value))| html! {
                    <div key={at}><dt>{ name }</dt><dd>{ value }</dd></div>
                }) }
            </dl>
        },
        Part::Lines(lines) => html! {
            <div class="inspector-lines mono">
                { for lines.iter().enumerate().map(|(at, line)| html! { <p key={at}>{ line }</p> }) }
            </div>
        },
        Part::Terminal(lines) => code::terminal(lines, text),
        Part::Deeds(deeds) => html! {
            <div class="inspector-deeds">
                { for deeds.iter().map(|deed| {
                    let action = deed.action.clone();
                    html! {
                        <button key={deed.label} class={classes!("button", deed.danger.then_some("danger"))}
                            onclick={on.reform(move |_| action.clone())}>{ deed.label }</button>
                    }
                }) }
            </div>
        },
    }
}

fn print_station(at: usize, station: &Station, on: &Callback<Action>) -> Html {
    let step = station.step;
    let class = classes!("way-station", station.last.then_some("last"), station.trouble.then_some("trouble"));
    html! {
        <li key={at} {class} aria-current={station.last.then_some("step")}>
            <button class="way-go" onclick={on.reform(move |_| Action::Seek(step))}>
                <span class="way-sentence">{ &station.sentence }</span>
                <span class="way-note">{ &station.note }</span>
            </button>
        </li>
    }
}
