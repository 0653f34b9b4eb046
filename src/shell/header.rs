//! The header: which lesson, which run, which language, which colours, and the link to share.

use warren_sim::{lessons::EXAMPLES, session::Session};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use crate::{
    action::{Action, Theme},
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
    let choose = {
        let on = props.on.clone();
        let ids: Vec<String> = view.lessons.iter().map(|(id, _)| id.clone()).collect();
        Callback::from(move |event: Event| {
            let select: HtmlSelectElement = event.target_unchecked_into();
            if let Some(id) = ids.get(select.selected_index().max(0) as usize) {
                on.emit(Action::OpenLesson(id.clone()));
            }
        })
    };
    let speak = |language: Language, label: &'static str| {
        let on = props.on.clone();
        let chosen = props.text.language == language;
        html! {
            <button class={classes!("segment", chosen.then_some("chosen"))} lang={language.tag()}
                aria-pressed={chosen.to_string()} onclick={move |_| on.emit(Action::Speak(language))}>{ label }</button>
        }
    };
    let (theme_name, next_theme) = match props.theme {
        Theme::System => (text.theme_system, Theme::Light),
        Theme::Light => (text.theme_light, Theme::Dark),
        Theme::Dark => (text.theme_dark, Theme::System),
    };
    let wear = props.on.reform(move |_| Action::Wear(next_theme));
    let share = props.on.reform(|_| Action::Share);
    let is_example = view.current >= EXAMPLES;
    let (first, last) = if is_example { (EXAMPLES, view.lessons.len()) } else { (0, EXAMPLES) };
    let (number, count) = ((view.current + 1 - first).to_string(), (last - first).to_string());
    let place = if is_example { text.example_of } else { text.lesson_of };
    let group = |label: &'static str, from: usize, to: usize| {
        html! {
            <optgroup {label}>
                { for view.lessons.iter().enumerate().take(to).skip(from).map(|(index, (id, title))| html! {
                    <option key={id.clone()} value={id.clone()} selected={index == view.current}>{ title }</option>
                }) }
            </optgroup>
        }
    };
    html! {
        <header class="header">
            <a class="skip" href="#lesson">{ text.skip_to_lesson }</a>
            <h1 class="brand">{ "Warren" }</h1>
            <label class="sr" for="choose-lesson">{ text.choose_lesson }</label>
            <select id="choose-lesson" class="lesson-select" onchange={choose}>
                { group(text.lessons, 0, EXAMPLES) }
                { group(text.examples, EXAMPLES, view.lessons.len()) }
            </select>
            <span class="chip lesson-count">{ fill(place, &[&number, &count]) }</span>
            <span class="spring"></span>
            <span class="chip mono run" title={text.run_hint}>{ fill(text.run, &[&view.seed.to_string(), view.hash.as_deref().unwrap_or("…")]) }</span>
            <span class="segments" role="group" aria-label={text.language}>
                { speak(Language::English, "EN") }
                { speak(Language::Chinese, "中文") }
            </span>
            <button class="button theme" onclick={wear} aria-label={format!("{}: {theme_name}", text.theme)}>{ theme_name }</button>
            <button class="button primary share" onclick={share}>{ text.share }</button>
        </header>
    }
}
