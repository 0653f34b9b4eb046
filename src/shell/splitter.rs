//! A border between two panels that can be dragged, or moved with the arrow keys.
//!
//! Sizes are custom properties on the root element, set through the style object: the page's policy allows no style attributes.

use gloo::utils::document_element;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, PointerEvent};
use yew::{Callback, TargetCast};

use crate::{
    action::{Action, Border},
    markup::{On, Tag, keep, key, tag},
};

/// What a border is like.
struct Kind {
    /// The custom property it sets, in px.
    property: &'static str,
    /// Whether it moves sideways.
    sideways: bool,
    /// Whether the panel it sizes lies behind it (to the right or below).
    behind: bool,
    /// The panel's first, smallest and largest size, in px.
    sizes: [i32; 3],
}

impl Border {
    /// All borders.
    pub const ALL: [Border; 4] = [Border::Lesson, Border::Tables, Border::Details, Border::Code];

    fn kind(self) -> Kind {
        let (property, sideways, behind, sizes) = match self {
            Border::Lesson => ("--lesson-width", true, false, [320, 240, 560]),
            Border::Tables => ("--tables-height", false, true, [260, 120, 560]),
            Border::Details => ("--details-width", true, true, [320, 240, 560]),
            Border::Code => ("--code-width", true, false, [420, 200, 900]),
        };
        Kind { property, sideways, behind, sizes }
    }

    /// The size the page opens with, in px.
    pub fn initial(self) -> i32 {
        self.kind().sizes[0]
    }

    /// Makes the panel so large if it may be; returns what it is then.
    pub fn set(self, wanted: i32) -> i32 {
        let Kind { property, sizes: [_, min, max], .. } = self.kind();
        let px = wanted.clamp(min, max);
        if let Some(root) = document_element().dyn_ref::<HtmlElement>() {
            // A failure would only leave the panel at its size.
            let _ = root.style().set_property(property, &format!("{px}px"));
        }
        px
    }
}

/// The border of a panel that is so large; `label` tells what it resizes to those who cannot see it.
pub fn splitter(border: Border, size: i32, label: &str, on: &Callback<Action>) -> Tag {
    let Kind { sideways, behind, sizes: [_, min, max], .. } = border.kind();
    let grow = move |by: i32| Action::Resize(border, size + if behind { -by } else { by });
    let taken = Callback::from(|event: Event| {
        // Without capture the drag merely ends when the pointer leaves the border.
        let _ = element(&event).set_pointer_capture(event.unchecked_ref::<PointerEvent>().pointer_id());
    });
    let moved = {
        let on = on.clone();
        Callback::from(move |event: Event| {
            let element = element(&event);
            let event: &PointerEvent = event.unchecked_ref();
            if element.has_pointer_capture(event.pointer_id()) {
                // The border follows the pointer: by as much as that is beside it.
                let here = element.get_bounding_client_rect();
                let at = if sideways { event.client_x() as f64 - here.x() } else { event.client_y() as f64 - here.y() };
                on.emit(grow(at as i32));
            }
        })
    };
    let pressed = {
        let on = on.clone();
        Callback::from(move |event: Event| {
            let by = match key(&event).as_str() {
                "ArrowLeft" | "ArrowUp" => -16,
                "ArrowRight" | "ArrowDown" => 16,
                _ => return,
            };
            keep(&event);
            on.emit(grow(by));
        })
    };
    tag("div")
        .class(if sideways { "splitter sideways" } else { "splitter upright" })
        .attrs(&[("role", "separator"), ("tabindex", "0")])
        .label(label)
        .attr("aria-orientation", if sideways { "vertical" } else { "horizontal" })
        .number("aria-valuenow", size.into())
        .number("aria-valuemin", min.into())
        .number("aria-valuemax", max.into())
        .hear(On::PointerDown, taken)
        .hear(On::PointerMove, moved)
        .hear(On::KeyDown, pressed)
}

fn element(event: &Event) -> Element {
    event.target_unchecked_into()
}
