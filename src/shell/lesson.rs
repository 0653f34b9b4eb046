//! The lesson: prose, the question before something happens, what the run answered, and what can be broken.

use std::rc::Rc;

use warren_sim::{lesson::Lesson, session::Session};
use yew::{Callback, Html};

use super::prose::{blocks, plain, spans};
use crate::{
    action::Action,
    markup::{On, Tag, tag},
    text::{Text, fill},
};

/// What the lesson panel shows.
#[derive(Clone, PartialEq)]
pub struct LessonView {
    /// The lesson.
    pub lesson: Rc<Lesson>,
    /// The chapter that is read.
    pub chapter: usize,
    /// Whether it has happened.
    pub done: bool,
    /// Whether it is happening.
    pub playing: bool,
    /// What the learner answered.
    pub answer: Option<usize>,
    /// What the run says of each choice; empty until it has happened.
    pub verdicts: Vec<bool>,
    /// The title and id of the lesson that follows.
    pub next_lesson: Option<(String, String)>,
}

/// What the lesson panel shows of a session.
pub fn view(
    session: &Session,
    playing: bool,
    answer: Option<usize>,
    next_lesson: Option<(String, String)>,
) -> LessonView {
    let done = session.chapter_done();
    LessonView {
        lesson: session.lesson().clone(),
        chapter: session.chapter(),
        done,
        playing,
        answer,
        verdicts: if done { session.verdicts(session.chapter()) } else { Vec::new() },
        next_lesson,
    }
}

/// What it is given. A function and no component: it keeps nothing, and a component type costs the bundle ten kilobytes.
pub struct Props {
    /// What to show.
    pub view: LessonView,
    /// The words.
    pub text: &'static Text,
    /// Where actions go.
    pub on: Callback<Action>,
}

/// The lesson panel.
pub fn show(props: &Props) -> Html {
    let text = &props.text.app;
    let view = &props.view;
    let chapter = &view.lesson.chapters[view.chapter];
    let count = view.lesson.chapters.len();
    let place = fill(text.chapter_of, &[&(view.chapter + 1).to_string(), &count.to_string()]);
    let minutes = fill(text.minutes, &[&view.lesson.minutes.to_string()]);
    let after = if view.done { &chapter.after[..] } else { &[] };
    let breaks = if view.done && !chapter.breaks.is_empty() { breaks(props, &chapter.breaks) } else { Html::default() };
    tag("article.lesson-body")
        .key(&format!("{} {}", view.lesson.id, view.chapter))
        .put(tag("h2").text(&chapter.title))
        .put(tag("p.muted.place").text(&place).text(" · ").text(&minutes))
        .put(blocks(tag("div.prose"), &chapter.before))
        .put(tag("div.question-place").put(question(props)))
        .put(blocks(tag("div.prose.after").attr("aria-live", "polite"), after))
        .put(tag("div.lesson-go").put(go_on(props, count)))
        .put(tag("div.breaks-place").put_html(breaks))
        .put(dots(props))
        .html()
}

/// A dot for each chapter, to go to it.
fn dots(props: &Props) -> Tag {
    let view = &props.view;
    let mut dots = tag("nav.chapters").label(props.text.app.lesson);
    for (index, chapter) in view.lesson.chapters.iter().enumerate() {
        let here = index == view.chapter;
        let dot = tag("button.dot")
            .nth(index)
            .class_if(here, "chosen")
            .label(&format!("{} {}", index + 1, chapter.title))
            .title(&chapter.title)
            .current(here)
            .on(On::Click, &props.on, Action::OpenChapter(index));
        dots = dots.put(dot);
    }
    dots
}

fn question(props: &Props) -> Tag {
    let text = &props.text.app;
    let view = &props.view;
    let chapter = view.chapter;
    let Some(question) = &view.lesson.chapters[chapter].question else { return tag("span") };
    let legend = spans(tag("legend").text(text.before_you_step).text(" "), &question.prompt);
    let mut choices = tag("fieldset.question").put(legend);
    for (index, choice) in question.choices.iter().enumerate() {
        let chosen = view.answer == Some(index);
        let truth = view.verdicts.get(index).copied();
        let input = tag("input")
            .attrs(&[("type", "radio"), ("name", "answer")])
            .checked(chosen)
            .flag("disabled", view.done)
            .on(On::Change, &props.on, Action::Answer { chapter, choice: index });
        let label = tag("label.choice")
            .nth(index)
            .class_if(chosen, "chosen")
            .class_if(truth == Some(true), "true")
            .class_if(chosen && truth == Some(false), "false");
        choices = choices.put(label.put(input).put(spans(tag("span"), &choice.text)));
    }
    choices.put(tag("p.verdict").role("status").text(&verdict(props)))
}

fn verdict(props: &Props) -> String {
    let text = &props.text.app;
    let view = &props.view;
    let chapter = &view.lesson.chapters[view.chapter];
    if !view.done {
        return text.answer_first.to_string();
    }
    let Some(question) = &chapter.question else { return String::new() };
    let truth = view.verdicts.iter().position(|holds| *holds);
    match (view.answer, truth) {
        (_, None) => text.otherwise.to_string(),
        (Some(answer), Some(_)) if view.verdicts.get(answer) == Some(&true) => text.right.to_string(),
        (Some(_), Some(truth)) => {
            format!("{} {}", text.wrong, fill(text.wrong_but, &[&plain(&question.choices[truth].text)]))
        }
        (None, Some(truth)) => fill(text.unanswered, &[&plain(&question.choices[truth].text)]),
    }
}

fn go_on(props: &Props, count: usize) -> Tag {
    let text = &props.text.app;
    let view = &props.view;
    let go = |name: &str| tag("button.button.primary.wide").key("go").text(name);
    if view.playing {
        return go(text.seeing).flag("disabled", true);
    }
    if !view.done || view.chapter + 1 < count {
        return go(if view.done { text.next } else { text.see }).on(On::Click, &props.on, Action::Continue);
    }
    let next = view.next_lesson.as_ref().map(|(id, title)| {
        let button = tag("button.button.primary.wide").on(On::Click, &props.on, Action::OpenLesson(id.clone()));
        button.text(&fill(text.next_lesson, &[title])).html()
    });
    tag("div").key("end").put(tag("p").text(text.finished)).put_html(next.unwrap_or_default())
}

#[inline(never)]
fn breaks(props: &Props, breaks: &[(String, String)]) -> Html {
    let text = &props.text.app;
    let mut row = tag("div.breaks-row");
    for (index, (line, label)) in breaks.iter().enumerate() {
        let button = tag("button.button").nth(index).text(label);
        row = row.put(button.on(On::Click, &props.on, Action::SubmitLine(line.clone())));
    }
    tag("section.breaks")
        .label(text.break_it)
        .put(tag("h3").text(text.break_it))
        .put(row)
        .put(tag("p.muted").text(text.break_hint))
        .html()
}
