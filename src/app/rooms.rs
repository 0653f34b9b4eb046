//! Where things are: the notice, the folds, and the rooms under the stage.

use warren_sim::session::Session;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlElement};
use yew::{Callback, Html};

use super::App;
use crate::{
    action::{Action, Border, Loaded, Tab},
    markup::{On, Tag, keep, key, tag},
    panels::{self, code, inspector},
    shell::{
        icon::{Icon, icon},
        lesson,
        splitter::splitter,
        toolbar,
    },
    stage,
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
    pub(super) fn notice(&self, text: &'static Text, on: &Callback<Action>) -> Tag {
        let waits = !self.waiting.is_empty();
        let (words, bad, action) = match &self.notice {
            _ if self.not_loaded && (waits || self.loaded == Loaded::Picture) => {
                (text.app.not_loaded, true, Some((text.app.try_again, Action::LoadAgain)))
            }
            _ if waits => (text.app.one_moment, false, None),
            Some(notice) => (notice.text.as_str(), notice.bad, Some((text.app.close, Action::Dismiss))),
            None => return tag("span"),
        };
        let mut place = tag("span");
        if let Some((name, action)) = action {
            let closes = action == Action::Dismiss;
            let button = tag("button").class(if closes { "button quiet square" } else { "button" });
            let button = button.label(name).on(On::Click, on, action);
            place = place.put(if closes { button.put(icon(Icon::Close)) } else { button.text(name) });
        }
        tag("div.notice").class_if(bad, "bad").put(tag("p").text(words)).put(place)
    }

    /// The rooms in their places.
    pub(super) fn main(&self, rooms: Rooms, lesson: Html, text: &'static Text, on: &Callback<Action>) -> Tag {
        let section = |class: &str, label: &str| tag("section").class(class).label(label);
        let body = tag("div.tab-body")
            .role("tabpanel")
            .attr("aria-labelledby", self.tab.id())
            .attr("tabindex", "0")
            .put_html(rooms.tables);
        let lower = tag("div.lower")
            .put(section("code-room", rooms.beside.0).put_html(rooms.beside.1))
            .put(self.border(Border::Code, text.app.code, text, on))
            .put(section("tables-room", text.app.tables).put(self.tabs(text, on)).put(body));
        let middle = tag("div.middle")
            .put(section("stage", text.app.stage).put_html(rooms.toolbar).put_html(rooms.stage))
            .put(self.border(Border::Tables, text.app.tables, text, on))
            .put(lower);
        let lesson_room = tag("section.lesson")
            .attrs(&[("id", "lesson"), ("tabindex", "-1")])
            .label(text.app.lesson)
            .put(self.fold_button(text, on, true))
            .put_html(lesson);
        let details =
            section("details", text.app.details).put(self.fold_button(text, on, false)).put_html(rooms.details);
        tag("main.rooms")
            .put(lesson_room)
            .put(self.border(Border::Lesson, text.app.lesson, text, on))
            .put(middle)
            .put(self.border(Border::Details, text.app.details, text, on))
            .put(details)
    }

    /// The border of a panel.
    pub(super) fn border(&self, border: Border, panel: &str, text: &'static Text, on: &Callback<Action>) -> Tag {
        splitter(border, self.sizes[border as usize], &fill(text.app.resize, &[panel]), on)
    }

    pub(super) fn fold_button(&self, text: &'static Text, on: &Callback<Action>, left: bool) -> Tag {
        let folded = if left { self.folded.0 } else { self.folded.1 };
        let name = if left { text.app.lesson } else { text.app.details };
        let label = fill(if folded { text.app.unfold } else { text.app.fold }, &[name]);
        let picture = if left == folded { Icon::Right } else { Icon::Left };
        tag("button.button.quiet.square.fold")
            .truth("aria-expanded", !folded)
            .label(&label)
            .title(&label)
            .on(On::Click, on, Action::Fold(left))
            .put(icon(picture))
    }

    /// The rooms before the world has begun: all are empty and say what will fill them. The first lesson begins with nothing in its world.
    pub(super) fn still_rooms(&self, text: &'static Text, on: &Callback<Action>) -> Rooms {
        let view = inspector::still(text);
        Rooms {
            toolbar: toolbar::show(None, Html::default(), Html::default(), text, on),
            stage: stage::still(text),
            beside: (text.app.code, code::still(text).html()),
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
            (tag("span").html(), panels::trips_room(session, text, on))
        } else {
            let view = stage::view(session, &self.vhost, self.handle.is_narrow(), text);
            (
                toolbar::show(self.form, form.unwrap_or_default(), vhosts, text, on),
                stage::show(&stage::Props {
                    view,
                    text,
                    on: on.clone(),
                    pointed: self.pointed,
                    selection,
                    canvas,
                    handle,
                }),
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

    pub(super) fn tabs(&self, text: &'static Text, on: &Callback<Action>) -> Tag {
        let titles = panels::tabs(text);
        let mut tabs = tag("div.tabs").role("tablist").label(text.app.tables);
        for (at, (tab, title)) in titles.iter().enumerate() {
            let chosen = self.tab == *tab;
            let neighbours = [titles[(at + titles.len() - 1) % titles.len()].0, titles[(at + 1) % titles.len()].0];
            let button = tag("button")
                .key(tab.id())
                .attrs(&[("id", tab.id()), ("role", "tab")])
                .truth("aria-selected", chosen)
                .attr("tabindex", if chosen { "0" } else { "-1" })
                .class("tab")
                .class(tab.id())
                .class_if(chosen, "chosen")
                .hear(On::KeyDown, to_neighbour(neighbours, on))
                .on(On::Click, on, Action::Open(*tab));
            tabs = tabs.put(button.text(title));
        }
        tabs
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

/// With the arrow keys from a tab to the one before it or after it.
fn to_neighbour([before, after]: [Tab; 2], on: &Callback<Action>) -> Callback<Event> {
    let on = on.clone();
    Callback::from(move |event: Event| {
        let tab = match key(&event).as_str() {
            "ArrowLeft" => before,
            "ArrowRight" => after,
            _ => return,
        };
        keep(&event);
        on.emit(Action::Open(tab));
        if let Some(button) = gloo::utils::document().get_element_by_id(tab.id())
            && let Some(button) = button.dyn_ref::<HtmlElement>()
        {
            // A tab that cannot take the focus is still open.
            let _ = button.focus();
        }
    })
}
