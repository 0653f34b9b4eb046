//! What moves, on the canvas over the stage.

use std::{cell::RefCell, f64::consts::TAU, rc::Rc};
use warren_sim::sorted::SortedMap;

use warren_sim::{amqp::event::MessageId, event::EventId};
use web_sys::{
    CanvasRenderingContext2d, CssStyleDeclaration, Element, HtmlCanvasElement, ResizeObserver,
    wasm_bindgen::{JsCast, closure::Closure},
    window,
};
use yew::{Callback, NodeRef};

use super::{
    StageView, limit_scale,
    motion::{Dot, DotKind, Scene, Veil},
};

/// With more messages than this on their way all are drawn small: nobody could read their numbers, and text is what costs.
const MANY: usize = 300;
/// Two numbers nearer than this to each other cannot be read.
const CROWDED: f64 = 18.0;

/// The order of drawing: what matters most is on top.
const ORDER: [DotKind; 10] = [
    DotKind::Frame,
    DotKind::Ack,
    DotKind::Nack,
    DotKind::Confirm,
    DotKind::Refusal,
    DotKind::Message,
    DotKind::Delivery,
    DotKind::Return,
    DotKind::DeadLetter,
    DotKind::End,
];

/// What [`paint`] has to know of the stage that is shown. The page keeps one and hands it to both.
#[derive(Clone, Default)]
pub struct StageHandle(Rc<RefCell<Shown>>);

#[derive(Default)]
struct Shown {
    room: NodeRef,
    /// The drawing below the canvas.
    svg: NodeRef,
    size: (f64, f64),
    /// The size for which the drawing's scale is limited.
    scaled: Option<(f64, f64)>,
    watch: Option<Watch>,
    scene: Rc<Scene>,
    /// Since when each hop has been shown, in real ms.
    hops: SortedMap<EventId, f64>,
    /// Whether something is on the canvas.
    dirty: bool,
    /// Whether there is more room down than across.
    narrow: bool,
    /// Who wants to know when the room has changed.
    resized: Callback<()>,
}

/// Below this width the stage is drawn from top to bottom, in px.
const NARROW: i32 = 600;
/// Below this width too, where it is higher than wide.
const NARROW_IF_HIGH: i32 = 760;

impl PartialEq for StageHandle {
    fn eq(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl StageHandle {
    /// A handle for a stage of this width at first; `resized` is called when its room has changed, since the stage may then have to be drawn
    /// the other way.
    pub fn new(narrow: bool, resized: Callback<()>) -> StageHandle {
        let handle = StageHandle::default();
        {
            let mut shown = handle.0.borrow_mut();
            (shown.narrow, shown.resized) = (narrow, resized);
        }
        handle
    }

    /// Whether the stage is to be drawn from top to bottom.
    pub fn is_narrow(&self) -> bool {
        self.0.borrow().narrow
    }

    /// To be called when the stage has been shown: keeps the drawing between its scales, and hears from now on when its room changes.
    pub fn settle(&self) {
        let mut shown = self.0.borrow_mut();
        let room = shown.room.cast::<Element>();
        if shown.watch.as_ref().map(|watch| &watch.room) != room.as_ref() {
            shown.watch = room.and_then(|room| Watch::new(room, self));
            shown.scaled = None;
        }
        if shown.scaled != Some(shown.size) {
            shown.scaled = Some(shown.size);
            limit_scale(&shown.svg, shown.size);
        }
    }

    fn measure(&self, room: &Element) {
        let (width, height) = (room.client_width(), room.client_height());
        let resized = {
            let mut shown = self.0.borrow_mut();
            shown.narrow = width < NARROW || width < NARROW_IF_HIGH && height > width;
            shown.dirty = true;
            shown.resized.clone()
        };
        resized.emit(());
    }

    /// Notes what is shown now; returns what the room and the drawing in it will be found by.
    pub(super) fn show(&self, view: &StageView) -> (NodeRef, NodeRef) {
        let mut shown = self.0.borrow_mut();
        shown.size = view.size;
        shown.scene = view.scene.clone();
        (shown.room.clone(), shown.svg.clone())
    }
}

/// Hears when a room changes its size.
struct Watch {
    room: Element,
    observer: ResizeObserver,
    /// What it calls; it lives as long.
    _changed: Closure<dyn FnMut()>,
}

impl Watch {
    fn new(room: Element, handle: &StageHandle) -> Option<Watch> {
        // Weak, since the handle keeps the watch.
        let (shown, measured) = (Rc::downgrade(&handle.0), room.clone());
        let changed = Closure::<dyn FnMut()>::new(move || {
            if let Some(shown) = shown.upgrade() {
                StageHandle(shown).measure(&measured);
            }
        });
        let observer = ResizeObserver::new(changed.as_ref().unchecked_ref()).ok()?;
        observer.observe(&room);
        Some(Watch { room, observer, _changed: changed })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.observer.disconnect();
    }
}

impl Shown {
    /// What is to be seen at a moment, and whether a hop is still on its way while the clock stands.
    fn at(&mut self, t_ms: f64, real_ms: f64, less_motion: bool) -> (Vec<Dot>, Vec<Veil>) {
        if less_motion {
            return (self.scene.still(t_ms), Vec::new());
        }
        let scene = self.scene.clone();
        let mut hops = SortedMap::new();
        for event in scene.hops() {
            hops.insert(event, self.hops.get(&event).copied().unwrap_or(real_ms));
        }
        self.hops = hops;
        scene.at(t_ms, |event| self.hops.get(&event).map_or(0.0, |since| real_ms - since))
    }
}

/// Draws what is on its way at virtual time `t_ms`. True when it wants to be called again though the clock stands still: a message is still
/// seen on its way into a queue.
pub fn paint(
    canvas: &HtmlCanvasElement,
    handle: &StageHandle,
    t_ms: f64,
    pointed: Option<MessageId>,
    less_motion: bool,
) -> bool {
    let Some(window) = window() else { return false };
    let real_ms = window.performance().map_or(0.0, |performance| performance.now());
    let mut shown = handle.0.borrow_mut();
    let (dots, veils) = shown.at(t_ms, real_ms, less_motion);
    let again = !less_motion && shown.hops.values().any(|since| real_ms - since < super::motion::HOP_REAL_MS);
    if dots.is_empty() && veils.is_empty() && !shown.dirty {
        return again;
    }
    shown.dirty = !(dots.is_empty() && veils.is_empty());
    let Some(svg) = shown.svg.cast::<Element>() else { return again };
    let Some(context) = context(canvas) else { return again };
    let Ok(Some(style)) = window.get_computed_style(canvas) else { return again };
    let ratio = window.device_pixel_ratio();
    let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
    resize(canvas, (width * ratio) as u32, (height * ratio) as u32);
    let (drawing, ground) = (svg.get_bounding_client_rect(), canvas.get_bounding_client_rect());
    let scale = (drawing.width() / shown.size.0.max(1.0)).min(drawing.height() / shown.size.1.max(1.0));
    let left = drawing.left() - ground.left() + (drawing.width() - scale * shown.size.0) / 2.0;
    let top = drawing.top() - ground.top() + (drawing.height() - scale * shown.size.1) / 2.0;
    // These calls only fail for numbers that are not finite, and then nothing is drawn.
    let _ = context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
    context.clear_rect(0.0, 0.0, width, height);
    let scaled = ratio * scale;
    let _ = context.set_transform(scaled, 0.0, 0.0, scaled, left * ratio, top * ratio);
    let brush = Brush { context, style, pointed, less_motion, many: dots.len() > MANY };
    brush.veils(&veils);
    for kind in ORDER {
        brush.dots(kind, &dots);
    }
    again
}

fn context(canvas: &HtmlCanvasElement) -> Option<CanvasRenderingContext2d> {
    canvas.get_context("2d").ok()??.dyn_into().ok()
}

fn resize(canvas: &HtmlCanvasElement, width: u32, height: u32) {
    if canvas.width() != width || canvas.height() != height {
        canvas.set_width(width);
        canvas.set_height(height);
    }
}

struct Brush {
    context: CanvasRenderingContext2d,
    style: CssStyleDeclaration,
    pointed: Option<MessageId>,
    less_motion: bool,
    many: bool,
}

/// Radius of a message's dot where there are too many for numbers, in px.
const SMALL: f64 = 5.0;

/// The messages whose numbers can be read, and the others. What is pointed at can always be read.
fn legible<'a>(
    dots: impl Iterator<Item = &'a Dot>,
    pointed: Option<MessageId>,
    many: bool,
) -> (Vec<&'a Dot>, Vec<&'a Dot>) {
    let (mut large, mut small): (Vec<&Dot>, Vec<&Dot>) = (Vec::new(), Vec::new());
    for dot in dots {
        let free = |other: &&Dot| (other.at.0 - dot.at.0).hypot(other.at.1 - dot.at.1) >= CROWDED;
        let is_pointed = dot.message.is_some() && dot.message == pointed;
        if is_pointed || !many && large.iter().all(free) { large.push(dot) } else { small.push(dot) }
    }
    (large, small)
}

/// Radius of a message's dot, in px.
fn radius(message: Option<MessageId>) -> f64 {
    match message.map_or(0, |message| message.0) {
        0..100 => 11.0,
        100..1_000 => 14.0,
        _ => 18.0,
    }
}

impl Brush {
    fn colour(&self, name: &str) -> String {
        self.style.get_property_value(name).unwrap_or_default()
    }

    /// Covers the tiles whose messages have not arrived.
    fn veils(&self, veils: &[Veil]) {
        if veils.is_empty() {
            return;
        }
        self.context.set_fill_style_str(&self.colour("--surface"));
        self.context.set_stroke_style_str(&self.colour("--muted"));
        self.context.set_line_width(1.0);
        for Veil { tile: (x, y, width, height) } in veils {
            self.context.fill_rect(x - 1.0, y - 1.0, width + 2.0, height + 2.0);
            self.context.stroke_rect(x + 0.5, y + 0.5, width - 1.0, height - 1.0);
        }
    }

    fn dots(&self, kind: DotKind, dots: &[Dot]) {
        let of_kind = || dots.iter().filter(|dot| dot.kind == kind);
        if of_kind().next().is_none() {
            return;
        }
        match kind {
            DotKind::Frame => self.discs(of_kind(), "--muted", |_| 3.5),
            DotKind::Ack | DotKind::Confirm => {
                self.discs(of_kind(), "--green", |_| 7.0);
                self.marks(of_kind(), "--surface", |context, (x, y)| {
                    context.move_to(x - 3.2, y + 0.2);
                    context.line_to(x - 0.8, y + 2.6);
                    context.line_to(x + 3.4, y - 2.4);
                });
            }
            DotKind::Nack | DotKind::Refusal => {
                self.discs(of_kind(), "--red", |_| 7.0);
                self.marks(of_kind(), "--surface", |context, at| cross(context, at, 2.6));
            }
            DotKind::End => {
                self.discs(of_kind(), "--surface-2", |_| 8.0);
                self.marks(of_kind(), "--red", |context, at| cross(context, at, 4.5));
            }
            DotKind::Message => self.messages(of_kind(), "--ready", "--surface-2"),
            DotKind::Delivery => self.messages(of_kind(), "--unacked", "--surface-2"),
            DotKind::Return => self.messages(of_kind(), "--unacked", "--red"),
            DotKind::DeadLetter => self.messages(of_kind(), "--ready", "--red"),
        }
        self.rings(of_kind());
    }

    fn discs<'a>(&self, dots: impl Iterator<Item = &'a Dot>, colour: &str, radius: impl Fn(&Dot) -> f64) {
        self.context.set_fill_style_str(&self.colour(colour));
        self.context.begin_path();
        for dot in dots {
            let size = radius(dot);
            self.context.move_to(dot.at.0 + size, dot.at.1);
            let _ = self.context.arc(dot.at.0, dot.at.1, size, 0.0, TAU);
        }
        self.context.fill();
    }

    fn marks<'a>(
        &self,
        dots: impl Iterator<Item = &'a Dot>,
        colour: &str,
        mark: impl Fn(&CanvasRenderingContext2d, (f64, f64)),
    ) {
        self.context.set_stroke_style_str(&self.colour(colour));
        self.context.set_line_width(2.0);
        self.context.begin_path();
        for dot in dots {
            mark(&self.context, dot.at);
        }
        self.context.stroke();
    }

    fn messages<'a>(&self, dots: impl Iterator<Item = &'a Dot>, colour: &str, rim: &str) {
        let (large, small) = legible(dots, self.pointed, self.many);
        let (large, small) = (|| large.iter().copied(), || small.iter().copied());
        self.discs(small(), rim, |_| SMALL + 1.5);
        self.discs(small(), colour, |_| SMALL);
        self.discs(large(), rim, |dot| radius(dot.message) + 2.0);
        self.discs(large(), colour, |dot| radius(dot.message));
        let context = &self.context;
        context.set_fill_style_str(&self.colour("--tile-text"));
        context.set_font(&format!("600 12.5px {}", self.colour("--sans")));
        context.set_text_align("center");
        context.set_text_baseline("middle");
        for dot in large() {
            if let Some(message) = dot.message {
                let _ = context.fill_text(&message.0.to_string(), dot.at.0, dot.at.1 + 0.5);
            }
        }
    }

    /// A ring around what is pointed at and, where nothing moves, around what would.
    fn rings<'a>(&self, dots: impl Iterator<Item = &'a Dot>) {
        self.context.set_stroke_style_str(&self.colour("--accent"));
        self.context.set_line_width(2.5);
        for dot in dots {
            let is_pointed = dot.message.is_some() && dot.message == self.pointed;
            let is_message = dot.kind.is_message();
            if is_pointed || self.less_motion && is_message {
                let size = if is_message { radius(dot.message) + 3.5 } else { 10.0 };
                self.context.begin_path();
                let _ = self.context.arc(dot.at.0, dot.at.1, size, 0.0, TAU);
                self.context.stroke();
            }
        }
    }
}

fn cross(context: &CanvasRenderingContext2d, (x, y): (f64, f64), size: f64) {
    context.move_to(x - size, y - size);
    context.line_to(x + size, y + size);
    context.move_to(x + size, y - size);
    context.line_to(x - size, y + size);
}
