//! The page itself: it owns the session, answers every [`Action`], keeps time while playing, and puts the panels in their places.

mod address;
mod deeds;
mod import;
mod keys;
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
use yew::prelude::*;

use self::keys::key_action;
use crate::{
    action::{Action, Selection, Tab, Theme},
    bridge, memory,
    shell::{
        definitions::{self, ImportView},
        header, lesson,
        splitter::Splitter,
        toolbar::{self, Toolbar},
        transport,
    },
    stage::{self, Stage, StageHandle},
    text::{Language, fill},
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
}

/// A line at the top that tells something once.
#[derive(Clone, PartialEq)]
struct Notice {
    text: String,
    bad: bool,
}

/// The page.
pub struct App {
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
    canvas: NodeRef,
    handle: StageHandle,
    listeners: Vec<EventListener>,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let language = first_language();
        let theme = match memory::recall("theme").as_deref() {
            Some("light") => Theme::Light,
            Some("dark") => Theme::Dark,
            _ => Theme::System,
        };
        let first = lesson_of(lessons::LESSONS[0].id, language).expect("the first lesson is tested to parse");
        let seed = first.seed;
        let mut app = App {
            opened: first.clone(),
            session: Rc::new(RefCell::new(Session::new(first, seed))),
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
            notice: None,
            fault: None,
            imported: None,
            console: 1,
            vhost: Bytes::from(DEFAULT_VHOST),
            narrow: is_narrow(),
            folded: (false, false),
            canvas: NodeRef::default(),
            handle: StageHandle::new(is_narrow(), ctx.link().callback(|()| Msg::Resized)),
            listeners: Vec::new(),
        };
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
                self.act(action);
                self.request_frame(ctx);
                true
            }
            Msg::Frame(now) => {
                self.frame = None;
                let changed = self.tick(now);
                let again = self.paint();
                if again || self.playing || self.tween.is_some() {
                    self.request_frame(ctx);
                } else {
                    self.last_frame = None;
                }
                changed
            }
            Msg::Changed => {
                self.playing = false;
                self.tween = None;
                let lesson = self.session.borrow().lesson().clone();
                if !Rc::ptr_eq(&lesson, &self.opened) {
                    self.opened = lesson;
                    self.begin();
                }
                self.settle_view();
                self.request_frame(ctx);
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
        if first || self.frame.is_none() && self.paint() {
            self.request_frame(ctx);
        }
    }

    fn view(&self, ctx: &Context<Self>) -> Html {
        let on = ctx.link().callback(Msg::Do);
        let text = self.language.text();
        let session = self.session.borrow();
        let class = classes!(
            "page",
            self.folded.0.then_some("lesson-folded"),
            self.folded.1.then_some("details-folded"),
            self.narrow.then_some("narrow"),
            session.lesson().console.then_some("console-lesson"),
        );
        html! {
            <div {class} lang={self.language.tag()}>
                { header::show(&header::Props { view: header::view(&session, &self.titles), text, theme: self.theme, on: on.clone() }) }
                <div class="notice-place" role="status">{ self.notice(ctx, text) }</div>
                <main class="rooms">
                    <section class="lesson" id="lesson" tabindex="-1" aria-label={text.app.lesson}>
                        { self.fold_button(ctx, text, true) }
                        { lesson::show(&lesson::Props { view: self.lesson_view(&session), text, on: on.clone() }) }
                    </section>
                    <Splitter property="--lesson-width" initial={320} min={240} max={560}
                        label={fill(text.app.resize, &[text.app.lesson])} />
                    <div class="middle">
                        <section class="stage" aria-label={text.app.stage}>
                            <Toolbar view={toolbar::view(&session, &self.vhost, text)} {text} fault={self.fault.clone()}
                                imported={self.imported.clone()} on={on.clone()} />
                            <Stage view={stage::view(&session, &self.vhost, self.handle.is_narrow(), text)} {text} on={on.clone()} pointed={self.pointed}
                                selection={self.selection.clone()} canvas={self.canvas.clone()} handle={self.handle.clone()} />
                        </section>
                        <Splitter property="--tables-height" sideways=false behind=true initial={260} min={120} max={560}
                            label={fill(text.app.resize, &[text.app.tables])} />
                        { self.lower(&session, text, &on) }
                    </div>
                    <Splitter property="--details-width" behind=true initial={320} min={240} max={560}
                        label={fill(text.app.resize, &[text.app.details])} />
                    <section class="details" aria-label={text.app.details}>
                        { self.fold_button(ctx, text, false) }
                        { self.details(&session, text, &on) }
                    </section>
                </main>
                { transport::show(&transport::Props { view: transport::view(&session), playing: self.playing, speed: self.speed, text, on }) }
            </div>
        }
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
        if self.frame.is_none() {
            let link = ctx.link().clone();
            self.frame = Some(request_animation_frame(move |now| link.send_message(Msg::Frame(now))));
        }
    }

    /// Draws what moves. True when it wants to be called again though the clock stands still.
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

    fn act(&mut self, action: Action) {
        match action {
            Action::TogglePlay => self.toggle_play(),
            Action::Step => self.step(),
            Action::Back => self.jump(|session| session.seek(session.timeline().position().saturating_sub(1))),
            Action::Seek(step) => self.jump(|session| session.seek(step.min(session.timeline().length()))),
            Action::SeekEnd => self.jump(Session::seek_end),
            Action::Speed(speed) => self.speed = speed.min(SPEEDS.len() - 1),
            Action::Restart(seed) => self.restart(seed),
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
            Action::Dismiss => self.notice = None,
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
        self.code_of = None;
        self.tab = if self.opened.console { Tab::Console } else { Tab::Queues };
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
            self.tell(self.language.text().app.full.to_string(), true);
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
