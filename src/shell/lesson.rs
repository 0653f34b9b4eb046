//! The lesson: prose, the question before something happens, what the run answered, and what can be broken.

use std::rc::Rc;

use warren_sim::{lesson::Lesson, session::Session};
use yew::prelude::*;

use super::prose::{blocks, plain, spans};
use crate::{
    action::Action,
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
    html! {
        <article class="lesson-body" key={format!("{} {}", view.lesson.id, view.chapter)}>
            <h2>{ &chapter.title }</h2>
            <p class="muted place">{ place }{ " · " }{ minutes }</p>
            <div class="prose">{ blocks(&chapter.before) }</div>
            <div class="question-place">{ question(props) }</div>
            <div class="prose after" aria-live="polite">
                if view.done { { blocks(&chapter.after) } }
            </div>
            <div class="lesson-go">{ go_on(props, count) }</div>
            <div class="breaks-place">
                if view.done && !chapter.breaks.is_empty() { { breaks(props, &chapter.breaks) } }
            </div>
            <nav class="chapters" aria-label={text.lesson}>
                { for (0..count).map(|index| {
                    let on = props.on.clone();
                    let title = &view.lesson.chapters[index].title;
                    html! {
                        <button key={index} class={classes!("dot", (index == view.chapter).then_some("chosen"))}
                            aria-label={format!("{} {title}", index + 1)} title={title.clone()}
                            aria-current={(index == view.chapter).then_some("step")}
                            onclick={move |_| on.emit(Action::OpenChapter(index))}></button>
                    }
                }) }
            </nav>
        </article>
    }
}

fn question(props: &Props) -> Html {
    let text = &props.text.app;
    let view = &props.view;
    let Some(question) = &view.lesson.chapters[view.chapter].question else { return html! { <span></span> } };
    let chapter = view.chapter;
    html! {
        <fieldset class="question">
            <legend>{ text.before_you_step }{ " " }{ spans(&question.prompt) }</legend>
            { for question.choices.iter().enumerate().map(|(index, choice)| {
                let on = props.on.clone();
                let chosen = view.answer == Some(index);
                let truth = view.verdicts.get(index).copied();
                let class = classes!("choice", chosen.then_some("chosen"), (truth == Some(true)).then_some("true"),
                    (chosen && truth == Some(false)).then_some("false"));
                html! {
                    <label key={index} class={class}>
                        <input type="radio" name="answer" checked={chosen} disabled={view.done}
                            onchange={move |_| on.emit(Action::Answer { chapter, choice: index })} />
                        <span>{ spans(&choice.text) }</span>
                    </label>
                }
            }) }
            <p class="verdict" role="status">{ verdict(props) }</p>
        </fieldset>
    }
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

fn go_on(props: &Props, count: usize) -> Html {
    let text = &props.text.app;
    let view = &props.view;
    let go = props.on.reform(|_| Action::Continue);
    let last = view.chapter + 1 == count;
    if view.playing {
        return html! { <button key="go" class="button primary wide" disabled=true>{ text.seeing }</button> };
    }
    if !view.done {
        return html! { <button key="go" class="button primary wide" onclick={go}>{ text.see }</button> };
    }
    if !last {
        return html! { <button key="go" class="button primary wide" onclick={go}>{ text.next }</button> };
    }
    let next = view.next_lesson.clone();
    html! {
        <div key="end">
            <p>{ text.finished }</p>
            if let Some((id, title)) = next {
                <button class="button primary wide" onclick={props.on.reform(move |_| Action::OpenLesson(id.clone()))}>
                    { fill(text.next_lesson, &[&title]) }
                </button>
            }
        </div>
    }
}

#[inline(never)]
fn breaks(props: &Props, breaks: &[(String, String)]) -> Html {
    let text = &props.text.app;
    html! {
        <section class="breaks" aria-label={text.break_it}>
            <h3>{ text.break_it }</h3>
            <div class="breaks-row">
                { for breaks.iter().enumerate().map(|(index, (line, label))| {
                    let line = line.clone();
                    html! {
                        <button key={index} class="button" onclick={props.on.reform(move |_| Action::SubmitLine(line.clone()))}>{ label }</button>
                    }
                }) }
            </div>
            <p class="muted">{ text.break_hint }</p>
        </section>
    }
}
