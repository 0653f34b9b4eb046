//! Where things are: the notice, the folds, and the rooms under the stage.

use warren_sim::session::Session;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;
use yew::prelude::*;

use super::App;
use crate::{
    action::{Action, Border, Loaded, Tab},
    panels::{self, code, inspector},
    shell::{
        icon::{Icon, icon},
        lesson,
        splitter::splitter,
        toolbar,
    },
    stage::{self, Stage},
    text::{Text, fill},
};

/// What the rooms of the page hold.
pub(super) struct Rooms {
    /// What can be done, on the stage.
    pub toolbar: Html,
    /// The stage.
    pub stage: Html,
    /// What stands left of the tables, with its name.
    pub beside: (&'static str, Html),
    /// The tab that is open.
    pub tables: Html,
    /// What is selected.
    pub details: Html,
}

impl App {
    pub(super) fn lesson_view(&self, session: &Session) -> lesson::LessonView {
        let here = self.titles.iter().position(|(id, _)| *id == session.lesson().id);
        let next = here.and_then(|index| self.titles.get(index + 1)).cloned();
        lesson::view(session, self.playing, self.answers.get(&session.chapter()).copied(), next)
    }

    /// What is told at the top: that a part of the page is missing, or else the last notice.
    pub(super) fn notice(&self, text: &'static Text, on: &Callback<Action>) -> Html {
        let waits = !self.waiting.is_empty();
        let (words, bad, action) = match &self.notice {
            _ if self.not_loaded && (waits || self.loaded == Loaded::Picture) => {
                (text.app.not_loaded, true, Some((text.app.try_again, Action::LoadAgain)))
            }
            _ if waits => (text.app.one_moment, false, None),
            Some(notice) => (notice.text.as_str(), notice.bad, Some((text.app.close, Action::Dismiss))),
            None => return html! { <span></span> },
        };
        let button = action.map(|(name, action)| {
            let (closes, onclick) = (action == Action::Dismiss, on.reform(move |_| action.clone()));
            html! {
                <button class={if closes { "button quiet square" } else { "button" }} aria-label={name} {onclick}>
                    { if closes { icon(Icon::Close) } else { html! { { name } } } }
                </button>
            }
        });
        html! { <div class={classes!("notice", bad.then_some("bad"))}><p>{ words }</p><span>{ button }</span></div> }
    }

    /// The border of a panel.
    pub(super) fn border(&self, border: Border, panel: &str, text: &'static Text, on: &Callback<Action>) -> Html {
        splitter(border, self.sizes[border as usize], fill(text.app.resize, &[panel]), on)
    }

    pub(super) fn fold_button(&self, text: &'static Text, on: &Callback<Action>, left: bool) -> Html {
        let folded = if left { self.folded.0 } else { self.folded.1 };
        let name = if left { text.app.lesson } else { text.app.details };
        let label = fill(if folded { text.app.unfold } else { text.app.fold }, &[name]);
        let picture = if left == folded { Icon::Right } else { Icon::Left };
        let toggle = on.reform(move |_| Action::Fold(left));
        html! {
            <button class="button quiet square fold" aria-expanded={(!folded).to_string()} aria-label={label.clone()} title={label}
                onclick={toggle}>{ icon(picture) }</button>
        }
    }

    /// The rooms before the world has begun: all are empty and say what will fill them. The first lesson begins with nothing in its world.
    pub(super) fn still_rooms(&self, text: &'static Text, on: &Callback<Action>) -> Rooms {
        let view = inspector::still(text);
        Rooms {
            toolbar: toolbar::show(None, Html::default(), Html::default(), text, on),
            stage: stage::still(text),
            beside: (text.app.code, code::still(text)),
            tables: panels::still_queue_room(text),
            details: inspector::show(&inspector::Props { view, text, on: on.clone(), pointed: None }),
        }
    }

    /// The rooms as the world is. The page is cut here: the first picture does without.
    #[inline(never)]
    pub(super) fn rooms(&self, session: &Session, text: &'static Text, on: &Callback<Action>) -> Rooms {
        let form = self.form.map(|form| {
            let (fault, imported) = (self.fault.clone(), self.imported.clone());
            toolbar::form(
                form,
                &toolbar::Props { view: toolbar::view(session, text), text, fault, imported, on: on.clone() },
            )
        });
        let vhosts = toolbar::vhost_choice(session, &self.vhost, text, on);
        let (selection, canvas, handle) = (self.selection.clone(), self.canvas.clone(), self.handle.clone());
        // Where the console is what a lesson is about, the keys stand beside it instead of code that is not there.
        let beside = if session.lesson().console {
            (text.panels.tabs.keys, panels::keys_room(session, self.console, text, on))
        } else {
            (text.app.code, panels::code_room(session, self.code_of, text, on))
        };
        let shown = inspector::view(session, &self.selection, text);
        // A lesson about round trips has their time line instead of the stage.
        let (toolbar, stage) = if session.lesson().trips {
            (html! { <span></span> }, panels::trips_room(session, text, on))
        } else {
            let view = stage::view(session, &self.vhost, self.handle.is_narrow(), text);
            (
                toolbar::show(self.form, form.unwrap_or_default(), vhosts, text, on),
                html! { <Stage {view} {text} on={on.clone()} pointed={self.pointed} {selection} {canvas} {handle} /> },
            )
        };
        Rooms {
            toolbar,
            stage,
            beside,
            tables: self.tab_body(session, text, on),
            details: inspector::show(&inspector::Props { view: shown, text, on: on.clone(), pointed: self.pointed }),
        }
    }

    pub(super) fn tabs(&self, text: &'static Text, on: &Callback<Action>) -> Html {
        let titles = panels::tabs(text);
        let order: Vec<Tab> = titles.iter().map(|(tab, _)| *tab).collect();
        html! {
            <div class="tabs" role="tablist" aria-label={text.app.tables}>
                { for titles.iter().map(|(tab, title)| {
                    let (tab, chosen) = (*tab, self.tab == *tab);
                    let open = on.reform(move |_| Action::Open(tab));
                    let (on, order) = (on.clone(), order.clone());
                    let onkeydown = Callback::from(move |event: KeyboardEvent| {
                        let here = order.iter().position(|other| *other == tab).unwrap_or(0);
                        let to = match event.key().as_str() {
                            "ArrowRight" => (here + 1) % order.len(),
                            "ArrowLeft" => (here + order.len() - 1) % order.len(),
                            _ => return,
                        };
                        event.prevent_default();
                        event.stop_propagation();
                        on.emit(Action::Open(order[to]));
                        if let Some(button) = gloo::utils::document().get_element_by_id(order[to].id())
                            && let Some(button) = button.dyn_ref::<web_sys::HtmlElement>()
                        {
                            // A tab that cannot take the focus is still open.
                            let _ = button.focus();
                        }
                    });
                    html! {
                        <button key={tab.id()} id={tab.id()} role="tab" aria-selected={chosen.to_string()}
                            tabindex={if chosen { "0" } else { "-1" }} {onkeydown}
                            class={classes!("tab", tab.id(), chosen.then_some("chosen"))} onclick={open}>{ *title }</button>
                    }
                }) }
            </div>
        }
    }

    pub(super) fn tab_body(&self, session: &Session, text: &'static Text, on: &Callback<Action>) -> Html {
        match self.tab {
            Tab::Queues => panels::queue_room(session, &self.selection, self.pointed, text, on),
            Tab::Events => panels::events_room(session, self.pointed, text, on),
            Tab::Console => panels::console_room(session, self.console, text, on),
            Tab::Keys => panels::keys_room(session, self.console, text, on),
            Tab::Code => panels::code_room(session, self.code_of, text, on),
        }
    }
}
