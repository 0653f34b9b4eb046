//! Where things are: the notice, the folds, and the rooms under the stage.

use warren_sim::session::Session;
use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;
use yew::prelude::*;

use super::{App, Msg};
use crate::{
    action::{Action, Tab},
    panels::{self, inspector},
    shell::{
        icon::{Icon, icon},
        lesson,
        splitter::Splitter,
    },
    text::{Text, fill},
};

impl App {
    pub(super) fn lesson_view(&self, session: &Session) -> lesson::LessonView {
        let here = self.titles.iter().position(|(id, _)| *id == session.lesson().id);
        let next = here.and_then(|index| self.titles.get(index + 1)).cloned();
        lesson::view(session, self.playing, self.answers.get(&session.chapter()).copied(), next)
    }

    pub(super) fn notice(&self, ctx: &Context<Self>, text: &'static Text) -> Html {
        let Some(notice) = &self.notice else { return html! { <span></span> } };
        let dismiss = ctx.link().callback(|_| Msg::Do(Action::Dismiss));
        html! {
            <div class={classes!("notice", notice.bad.then_some("bad"))}>
                <p>{ &notice.text }</p>
                <button class="button quiet square" aria-label={text.app.close} onclick={dismiss}>{ icon(Icon::Close) }</button>
            </div>
        }
    }

    pub(super) fn fold_button(&self, ctx: &Context<Self>, text: &'static Text, left: bool) -> Html {
        let folded = if left { self.folded.0 } else { self.folded.1 };
        let name = if left { text.app.lesson } else { text.app.details };
        let label = fill(if folded { text.app.unfold } else { text.app.fold }, &[name]);
        let picture = if left == folded { Icon::Right } else { Icon::Left };
        let toggle = ctx.link().callback(move |_| Msg::Do(Action::Fold(left)));
        html! {
            <button class="button quiet square fold" aria-expanded={(!folded).to_string()} aria-label={label.clone()} title={label}
                onclick={toggle}>{ icon(picture) }</button>
        }
    }

    /// What is selected, on the right.
    pub(super) fn details(&self, session: &Session, text: &'static Text, on: &Callback<Action>) -> Html {
        let view = inspector::view(session, &self.selection, text);
        inspector::show(&inspector::Props { view, text, on: on.clone(), pointed: self.pointed })
    }

    /// Code and tables under the stage; on a phone they share one row of tabs.
    pub(super) fn lower(&self, session: &Session, text: &'static Text, on: &Callback<Action>) -> Html {
        // Where the console is what a lesson is about, the keys stand beside it instead of code that is not there.
        let (room, beside) = if session.lesson().console {
            (text.panels.keys.title, panels::keys_room(session, self.console, text, on))
        } else {
            (text.app.code, panels::code_room(session, self.code_of, text, on))
        };
        html! {
            <div class="lower">
                <section class="code-room" aria-label={room}>{ beside }</section>
                <Splitter property="--code-width" initial={420} min={200} max={900} label={fill(text.app.resize, &[text.app.code])} />
                <section class="tables-room" aria-label={text.app.tables}>
                    { self.tabs(text, on) }
                    <div class="tab-body" role="tabpanel" aria-labelledby={self.tab.id()} tabindex="0">
                        { self.tab_body(session, text, on) }
                    </div>
                </section>
            </div>
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
