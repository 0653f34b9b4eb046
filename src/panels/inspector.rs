//! The inspector: what is selected, told in sentences. What is told about each kind of thing is in the files below.

mod exchange;
mod message;
mod nothing;
mod process;
mod queue;

use warren_sim::{amqp::event::MessageId, session::Session};
use yew::{Callback, Html, Properties, component};

use super::{code, queues};
use crate::{
    action::{Action, Selection},
    markup::{On, Tag, tag},
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
    let head = tag("div.inspector-head")
        .put(tag("h2").class_if(lit, "lit").text(&view.title))
        .put(queues::tags(&view.features))
        .put(tag("p.muted").text(&view.subtitle));
    let mut inspector = tag("div.inspector")
        .on(On::MouseEnter, on, Action::Point(view.message))
        .on(On::MouseLeave, on, Action::Point(None))
        .put(head);
    for (at, section) in view.sections.iter().enumerate() {
        inspector = inspector.put(print_section(at, section, text, on));
    }
    let close = if view.selected {
        let close = tag("button.button.quiet").text(t.close);
        close.on(On::Click, on, Action::Select(Selection::Nothing))
    } else {
        tag("span")
    };
    inspector.put(tag("div.inspector-close").put(close)).html()
}

fn print_section(at: usize, section: &Section, text: &'static Text, on: &Callback<Action>) -> Tag {
    let heading = if section.heading.is_empty() { tag("span") } else { tag("h3").text(&section.heading) };
    let place = tag("div.inspector-section").nth(at).put(heading);
    place.put(print_part(&section.part, text, on))
}

fn print_part(part: &Part, text: &'static Text, on: &Callback<Action>) -> Tag {
    match part {
        Part::Sentences(sentences) => paragraphs("inspector-sentences", sentences),
        Part::Way(_) | Part::Table(_) | Part::Lines(_) | Part::Terminal(_) | Part::Deeds(_) => {
            print_more(part, text, on)
        }
    }
}

fn paragraphs(class: &str, lines: &[String]) -> Tag {
    let numbered = lines.iter().enumerate();
    numbered.fold(tag("div").class(class), |div, (at, line)| div.put(tag("p").nth(at).text(line)))
}

/// What only something selected has. The page is cut here.
#[inline(never)]
fn print_more(part: &Part, text: &'static Text, on: &Callback<Action>) -> Tag {
    match part {
        Part::Way(stations) => {
            let stations = stations.iter().enumerate();
            stations.fold(tag("ol.way"), |way, (at, station)| way.put(print_station(at, station, on)))
        }
        Part::Sentences(_) => print_part(part, text, on),
        Part::Table(rows) => rows.iter().enumerate().fold(tag("dl.inspector-table"), |table, (at, (name, value))| {
            let row = tag("div").nth(at).put(tag("dt").text(name));
            table.put(row.put(tag("dd").text(value)))
        }),
        Part::Lines(lines) => paragraphs("inspector-lines mono", lines),
        Part::Terminal(lines) => code::terminal(lines, text),
        Part::Deeds(deeds) => deeds.iter().fold(tag("div.inspector-deeds"), |menu, deed| {
            let button = tag("button.button").key(deed.label).class_if(deed.danger, "danger");
            menu.put(button.on(On::Click, on, deed.action.clone()).text(deed.label))
        }),
    }
}

fn print_station(at: usize, station: &Station, on: &Callback<Action>) -> Tag {
    let button = tag("button.way-go")
        .on(On::Click, on, Action::Seek(station.step))
        .put(tag("span.way-sentence").text(&station.sentence))
        .put(tag("span.way-note").text(&station.note));
    tag("li.way-station")
        .nth(at)
        .class_if(station.last, "last")
        .class_if(station.trouble, "trouble")
        .current(station.last)
        .put(button)
}
