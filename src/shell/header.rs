//! The header: which lesson, which run, which language, which colours, and the link to share.

use warren_sim::{lessons::EXAMPLES, session::Session};
use web_sys::HtmlSelectElement;
use yew::{Callback, Html, TargetCast};

use crate::{
    action::{Action, Theme},
    markup::{On, Tag, tag},
    text::{Language, Text, fill},
};

/// What the header shows.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderView {
    /// The lessons: id and title.
    pub lessons: Vec<(String, String)>,
    /// The one that is open.
    pub current: usize,
    /// The seed.
    pub seed: u64,
    /// The world's hash: its first eight digits in two groups. None until the code that hashes a world is there.
    pub hash: Option<String>,
}

/// What the header shows of a session; `lessons` are all there are, in the language of the page, and `hash` the world's.
pub fn view(session: &Session, lessons: &[(String, String)], hash: Option<String>) -> HeaderView {
    HeaderView {
        lessons: lessons.to_vec(),
        current: lessons.iter().position(|(id, _)| *id == session.lesson().id).unwrap_or(0),
        seed: session.seed(),
        hash: hash.map(|hash| format!("{} {}", &hash[..4], &hash[4..8])),
    }
}

/// What it is given. A function and no component: it keeps nothing, and a component type costs the bundle ten kilobytes.
pub struct Props {
    /// What to show.
    pub view: HeaderView,
    /// The words.
    pub text: &'static Text,
    /// The colours chosen.
    pub theme: Theme,
    /// Where actions go.
    pub on: Callback<Action>,
}

/// The header.
pub fn show(props: &Props) -> Html {
    let text = &props.text.app;
    let view = &props.view;
    let on = &props.on;
    let (theme_name, next_theme) = match props.theme {
        Theme::System => (text.theme_system, Theme::Light),
        Theme::Light => (text.theme_light, Theme::Dark),
        Theme::Dark => (text.theme_dark, Theme::System),
    };
    let is_example = view.current >= EXAMPLES;
    let (first, last) = if is_example { (EXAMPLES, view.lessons.len()) } else { (0, EXAMPLES) };
    let (number, count) = ((view.current + 1 - first).to_string(), (last - first).to_string());
    let place = if is_example { text.example_of } else { text.lesson_of };
    let run = fill(text.run, &[&view.seed.to_string(), view.hash.as_deref().unwrap_or("…")]);
    let choose = tag("select")
        .attr("id", "choose-lesson")
        .class("lesson-select")
        .on_event(On::Change, on, |event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            Action::OpenLesson(select.value())
        })
        .put(group(view, text.lessons, 0, EXAMPLES))
        .put(group(view, text.examples, EXAMPLES, view.lessons.len()));
    let languages = tag("span.segments")
        .role("group")
        .label(text.language)
        .put(speak(props, Language::English, "EN"))
        .put(speak(props, Language::Chinese, "中文"));
    let theme = tag("button.button.theme")
        .on(On::Click, on, Action::Wear(next_theme))
        .label(&format!("{}: {theme_name}", text.theme))
        .text(theme_name);
    tag("header.header")
        .put(tag("a.skip").attr("href", "#lesson").text(text.skip_to_lesson))
        .put(tag("h1.brand").text("Warren"))
        .put(tag("label.sr").attr("for", "choose-lesson").text(text.choose_lesson))
        .put(choose)
        .put(tag("span.chip.lesson-count").text(&fill(place, &[&number, &count])))
        .put(tag("span.spring"))
        .put(tag("span.chip.mono.run").title(text.run_hint).text(&run))
        .put(languages)
        .put(theme)
        .put(tag("button.button.primary.share").on(On::Click, on, Action::Share).text(text.share))
        .html()
}

/// The lessons between two places in the list, under a name.
fn group(view: &HeaderView, label: &str, from: usize, to: usize) -> Tag {
    let mut group = tag("optgroup").attr("label", label);
    for (index, (id, title)) in view.lessons.iter().enumerate().take(to).skip(from) {
        let option = tag("option").key(id).attr("value", id).flag("selected", index == view.current);
        group = group.put(option.text(title));
    }
    group
}

fn speak(props: &Props, language: Language, label: &str) -> Tag {
    let chosen = props.text.language == language;
    tag("button.segment")
        .class_if(chosen, "chosen")
        .attr("lang", language.tag())
        .truth("aria-pressed", chosen)
        .on(On::Click, &props.on, Action::Speak(language))
        .text(label)
}
