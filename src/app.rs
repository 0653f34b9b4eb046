//! The page itself: it owns the session, answers every [`Action`], keeps time while playing, and puts the panels in their places.

mod address;
mod deeds;
mod import;
mod keys;
mod parts;
mod rooms;
mod time;

use std::{cell::RefCell, rc::Rc};

use gloo::{
    events::{EventListener, EventListenerOptions},
    render::{AnimationFrame, request_animation_frame},
    utils::{document_element, window},
};
use warren_sim::{
    amqp::broker::DEFAULT_VHOST, amqp::event::MessageId, bytes::Bytes, event::ProcessId, input::Input, lesson::Lesson,
    lessons, session::Session, sorted::SortedMap,
};
use wasm_bindgen::JsCast;
use web_sys::{HtmlCanvasElement, KeyboardEvent};
use yew::prelude::{Component, Context, Html, NodeRef, Properties};

use self::keys::key_action;
use crate::{
    action::{Action, Border, Form, Loaded, Selection, Tab, Theme},
    bridge,
    markup::tag,
    memory, panels,
    shell::{
        definitions::{self, ImportView},
        header, lesson, transport,
    },
    stage::{self, StageHandle},
    text::Language,
};

/// The speeds that can be chosen: virtual time per real time.
pub const SPEEDS: [f64; 9] = [0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 100.0, 1000.0];
/// The speed a page opens with, as an index.
const NORMAL: usize = 3;
/// Below this width, in px, the stage is drawn from top to bottom.
const NARROW_PX: f64 = 720.0;

/// What the application hears.
#[allow(clippy::large_enum_variant, reason = "one message lives at a time")]
pub enum Msg {
    /// A person did something.
    Do(Action),
    /// A picture is due, at this real time in ms.
    Frame(f64),
    /// A script changed the session.
    Changed,
    /// The address changed.
    AddressChanged,
    /// The window changed its size.
    Resized,
    /// So much of the page's code is there now.
    Loaded(Loaded),
    /// A part of the page's code could not be loaded.
    NotLoaded,
}

/// What the page is opened with.
#[derive(Properties, Clone, PartialEq, Default)]
pub struct Props {
    /// How much of its code is there.
    #[prop_or_default]
    pub loaded: Loaded,
}

/// A line at the top that tells something once.
#[derive(Clone, PartialEq)]
struct Notice {
    text: String,
    bad: bool,
}

/// The page.
pub struct App {
    loaded: Loaded,
    /// What was done before the code for it was there, in order.
    waiting: Vec<Action>,
    /// Whether the last try to load a part failed.
    not_loaded: bool,
    session: Rc<RefCell<Session>>,
    /// The lesson that was opened last, to notice when a script opens another.
    opened: Rc<Lesson>,
    language: Language,
    theme: Theme,
    titles: Vec<(String, String)>,
    playing: bool,
    /// Where playing stops by itself.
    stop_at: Option<u32>,
    speed: usize,
    /// The moment the canvas shows, in virtual ms; between two steps it runs ahead of the world's clock.
    shown_ms: f64,
    /// A single step that is being seen: from which moment to which, since when (real ms).
    tween: Option<(f64, f64, Option<f64>)>,
    last_frame: Option<f64>,
    frame: Option<AnimationFrame>,
    selection: Selection,
    pointed: Option<MessageId>,
    answers: SortedMap<usize, usize>,
    tab: Tab,
    code_of: Option<ProcessId>,
    /// The line of code that was last brought into sight, and the tab that was open then.
    followed: Option<(ProcessId, u16, Tab)>,
    notice: Option<Notice>,
    fault: Option<String>,
    /// What came of the last import.
    imported: Option<ImportView>,
    /// The console that is shown, from 1.
    console: u32,
    /// The virtual host that is looked at.
    vhost: Bytes,
    narrow: bool,
    folded: (bool, bool),
    /// The sizes of the panels at the borders, in px, by [`Border::ALL`].
    sizes: [i32; 4],
    form: Option<Form>,
    /// A seed that was typed, and whether it was refused.
    seed: (Option<String>, bool),
    canvas: NodeRef,
    handle: StageHandle,
    listeners: Vec<EventListener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = Props;

    fn create(ctx: &Context<Self>) -> Self {
        let language = first_language();
        let theme = match memory::recall("theme").as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::System,
        };
        let first = lesson_of(lessons::LESSONS[0].id, language).expect("the first lesson is tested to parse");
        let seed = first.seed;
        let loaded = ctx.props().loaded;
        let mut app = App {
            loaded,
            waiting: Vec::new(),
            not_loaded: false,
            opened: first.clone(),
            session: Rc::new(RefCell::new(Session::bare(first, seed))),
            language,
            theme,
            titles: titles(language),
            playing: false,
            stop_at: None,
            speed: NORMAL,
            shown_ms: 0.0,
            tween: None,
            last_frame: None,
            frame: None,
            selection: Selection::Nothing,
            pointed: None,
            answers: SortedMap::new(),
            tab: Tab::Queues,
            code_of: None,
            followed: None,
            notice: None,
            fault: None,
            imported: None,
            console: 1,
            vhost: Bytes::from(DEFAULT_VHOST),
            narrow: is_narrow(),
            folded: (false, false),
            sizes: Border::ALL.map(Border::initial),
            form: None,
            seed: (None, false),
            canvas: NodeRef::default(),
            handle: StageHandle::new(is_narrow(), ctx.link().callback(|()| Msg::Resized)),
            listeners: Vec::new(),
        };
        if loaded > Loaded::Picture {
            app.session.borrow_mut().prepare();
        }
        app.read_address();
        app.wear();
        app.settle_view();
        app.listen(ctx);
        bridge::install(app.session.clone(), ctx.link().callback(|()| Msg::Changed));
        app
    }

    fn update(&mut self, ctx: &Context<Self>, msg: Msg) -> bool {
        match msg {
            Msg::Do(action) => {
                self.act_when_loaded(action);
                self.request_frame(ctx);
                true
            }
            Msg::Frame(now) => {
                self.frame = None;
                let (changed, again) = self.show_frame(now);
                if again {
                    self.request_frame(ctx);
                } else {
                    self.last_frame = None;
                }
                changed
            }
            Msg::Changed => {
                // Scripts are answered by all of the page's code.
                self.loaded(Loaded::Whole);
                self.look_again();
                self.request_frame(ctx);
                true
            }
            Msg::Loaded(loaded) => {
                self.loaded(loaded);
                self.request_frame(ctx);
                true
            }
            Msg::NotLoaded => {
                self.not_loaded = true;
                true
            }
            Msg::AddressChanged => {
                self.read_address();
                self.settle_view();
                self.request_frame(ctx);
                true
            }
            Msg::Resized => {
                self.narrow = is_narrow();
                self.request_frame(ctx);
                true
            }
        }
    }

    fn rendered(&mut self, ctx: &Context<Self>, first: bool) {
        if self.loaded > Loaded::Picture && self.finish(first) {
            self.request_frame(ctx);
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let on = ctx.link().callback(Msg::Do);
        let text = self.language.text();
        let session = self.session.borrow();
        let lesson = session.lesson();
        let begun = self.loaded > Loaded::Picture;
        let rooms = if begun { self.rooms(&session, text, &on) } else { self.still_rooms(text, &on) };
        // To hash the world takes code of its own; it comes with the rest, and the hash is told from then on.
        let hash = (self.loaded >= Loaded::Whole).then(|| session.hash());
        let header =
            header::Props { view: header::view(&session, &self.titles, hash), text, theme: self.theme, on: on.clone() };
        let seed = (self.seed.0.clone().unwrap_or_else(|| session.seed().to_string()), self.seed.1);
        let (playing, speed, view) = (self.playing, self.speed, transport::view(&session));
        let lesson_room = lesson::Props { view: self.lesson_view(&session), text, on: on.clone() };
        tag("div")
            .attr("lang", self.language.tag())
            .class("page")
            .class_if(self.folded.0, "lesson-folded")
            .class_if(self.folded.1, "details-folded")
            .class_if(self.narrow, "narrow")
            .class_if(lesson.console, "console-lesson")
            .class_if(lesson.trips, "trips-lesson")
            .put_html(header::show(&header))
            .put(tag("div.notice-place").role("status").put(self.notice(text, &on)))
            .put(self.main(rooms, lesson::show(&lesson_room), text, &on))
            .put_html(transport::show(&transport::Props { view, playing, speed, busy: !begun, seed, text, on }))
            .html()
    }
}

impl App {
    fn listen(&mut self, ctx: &Context<Self>) {
        let link = ctx.link().clone();
        let options = EventListenerOptions::enable_prevent_default();
        let keys = EventListener::new_with_options(&window(), "keydown", options, move |event| {
            if let Some(action) = event.dyn_ref::<KeyboardEvent>().and_then(key_action) {
                event.prevent_default();
                link.send_message(Msg::Do(action));
            }
        });
        let link = ctx.link().clone();
        let resize = EventListener::new(&window(), "resize", move |_| link.send_message(Msg::Resized));
        let link = ctx.link().clone();
        let address = EventListener::new(&window(), "hashchange", move |_| link.send_message(Msg::AddressChanged));
        self.listeners = vec![keys, resize, address];
    }

    fn request_frame(&mut self, ctx: &Context<Self>) {
        if self.frame.is_none() && self.loaded > Loaded::Picture {
            let link = ctx.link().clone();
            self.frame = Some(request_animation_frame(move |now| link.send_message(Msg::Frame(now))));
        }
    }

    /// A script changed the session.
    #[inline(never)]
    fn look_again(&mut self) {
        self.playing = false;
        self.tween = None;
        let lesson = self.session.borrow().lesson().clone();
        if !Rc::ptr_eq(&lesson, &self.opened) {
            self.opened = lesson;
            self.begin();
        }
        self.settle_view();
    }

    /// The elements are there: does with them what cannot be said as HTML. True when a next picture is wanted.
    #[inline(never)]
    fn finish(&mut self, first: bool) -> bool {
        self.handle.settle();
        let place = panels::code::place(&self.session.borrow(), self.code_of);
        let place = place.map(|(process, line)| (process, line, self.tab));
        if place != self.followed {
            self.followed = place;
            panels::code::follow();
        }
        first || self.frame.is_none() && self.paint()
    }

    /// Draws what moves. True when it wants to be called again though the clock stands still.
    #[inline(never)]
    fn paint(&self) -> bool {
        self.canvas
            .cast::<HtmlCanvasElement>()
            .is_some_and(|canvas| stage::paint(&canvas, &self.handle, self.shown_ms, self.pointed, less_motion()))
    }

    /// After any jump: the shown moment is the world's.
    fn settle_view(&mut self) {
        self.shown_ms = self.session.borrow().world().now_ms() as f64;
        self.last_frame = None;
        let session = self.session.borrow();
        if self.code_of.is_none_or(|id| session.world().processes().get(id.0 as usize).is_none()) {
            self.code_of = session.world().processes().first().map(|process| process.id);
        }
    }

    fn jump(&mut self, to: impl FnOnce(&mut Session)) {
        self.playing = false;
        self.tween = None;
        to(&mut self.session.borrow_mut());
        self.settle_view();
    }

    #[inline(never)]
    fn answer(&mut self, action: Action) {
        match action {
            Action::TogglePlay => self.toggle_play(),
            Action::Step => self.step(),
            Action::Back => self.jump(|session| session.seek(session.timeline().position().saturating_sub(1))),
            Action::Seek(step) => self.jump(|session| session.seek(step.min(session.timeline().length()))),
            Action::SeekEnd => self.jump(Session::seek_end),
            Action::Speed(speed) => self.speed = speed.min(SPEEDS.len() - 1),
            Action::Seed(typed) => self.seed.0 = Some(typed),
            Action::Restart => self.restart(),
            Action::OpenLesson(id) => self.open_lesson(&id),
            Action::OpenChapter(chapter) => self.jump(|session| session.open_chapter(chapter)),
            Action::Continue => self.go_on(),
            Action::Answer { chapter, choice } => {
                self.answers.insert(chapter, choice);
            }
            Action::Submit(input) => self.submit(input),
            Action::SubmitLine(line) => {
                self.submit_line(&line);
            }
            Action::Import(file) => self.import(file),
            Action::Export => definitions::save(&self.session.borrow()),
            Action::Vhost(name) => self.vhost = Bytes::from(name),
            Action::Ask(line) => {
                if self.submit_line(&line) {
                    self.jump(Session::hear_out);
                }
            }
            Action::Type(line) => self.submit(Input::Redis { client: self.console, line: Bytes::from(line) }),
            Action::Console(number) => self.console = number,
            Action::Select(selection) => {
                if let Selection::Process(id) = &selection {
                    self.code_of = Some(*id);
                }
                self.selection = selection;
                self.folded.1 = false;
            }
            Action::Point(message) => self.pointed = message,
            Action::Branch(id) => self.jump(|session| {
                session.switch_branch(id);
            }),
            Action::Open(tab) => self.tab = tab,
            Action::ShowCode(process) => self.code_of = Some(process),
            Action::Speak(language) => self.speak(language),
            Action::Wear(theme) => {
                self.theme = theme;
                self.wear();
            }
            Action::Share => self.share(),
            Action::Fold(true) => self.folded.0 = !self.folded.0,
            Action::Fold(false) => self.folded.1 = !self.folded.1,
            Action::Form(form) => self.form = form,
            Action::Resize(border, px) => self.sizes[border as usize] = border.set(px),
            Action::Dismiss => self.notice = None,
            Action::LoadAgain => {}
        }
    }

    fn open(&mut self, session: Session) {
        self.opened = session.lesson().clone();
        self.jump(|old| *old = session);
        self.begin();
        self.settle_view();
    }

    /// Nothing is left of what was chosen, answered or told in another run.
    fn begin(&mut self) {
        self.answers.clear();
        self.selection = Selection::Nothing;
        self.pointed = None;
        self.notice = None;
        self.fault = None;
        self.seed = (None, false);
        self.code_of = None;
        self.followed = None;
        self.tab = match (self.opened.console, self.opened.trips) {
            (true, _) => Tab::Console,
            (false, true) => Tab::Keys,
            (false, false) => Tab::Queues,
        };
    }

    #[inline(never)]
    fn speak(&mut self, language: Language) {
        self.language = language;
        self.titles = titles(language);
        self.notice = None;
        memory::remember("language", language.code());
        let id = self.session.borrow().lesson().id.clone();
        if let Some(lesson) = lesson_of(&id, language) {
            self.opened = lesson.clone();
            self.session.borrow_mut().translate(lesson);
        }
        self.wear();
    }

    /// Tells the document which language and colours it has.
    fn wear(&self) {
        let root = document_element();
        let theme = match self.theme {
            Theme::System => "system",
            Theme::Light => "light",
            Theme::Dark => "dark",
        };
        // Setting an attribute of the root element cannot fail: the names are constants and valid.
        let _ = root.set_attribute("data-theme", theme);
        let _ = root.set_attribute("lang", self.language.tag());
        memory::remember("theme", theme);
    }

    fn tell(&mut self, text: String, bad: bool) {
        self.notice = Some(Notice { text, bad });
    }

    fn tell_limits(&mut self) {
        let session = self.session.borrow();
        let full = session.timeline().length() >= warren_sim::timeline::MAX_STEPS;
        drop(session);
        if full {
            self.tell_full();
        }
    }
}

fn first_language() -> Language {
    let kept = memory::recall("language").and_then(|code| Language::from_code(&code));
    kept.unwrap_or_else(|| {
        let wants_chinese = window().navigator().language().is_some_and(|tag| tag.starts_with("zh"));
        if wants_chinese { Language::Chinese } else { Language::English }
    })
}

fn lesson_of(id: &str, language: Language) -> Option<Rc<Lesson>> {
    lessons::lesson(id, language.code()).map(Rc::new)
}

fn titles(language: Language) -> Vec<(String, String)> {
    lessons::titles(language.code()).into_iter().map(|(id, title)| (id.to_string(), title)).collect()
}

fn is_narrow() -> bool {
    window().inner_width().ok().and_then(|width| width.as_f64()).is_some_and(|width| width < NARROW_PX)
}

fn less_motion() -> bool {
    window().match_media("(prefers-reduced-motion: reduce)").ok().flatten().is_some_and(|query| query.matches())
}
