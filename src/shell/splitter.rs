//! A border between two panels that can be dragged, or moved with the arrow keys.
//!
//! Sizes are custom properties on the root element, set through the style object: the page's policy allows no style attributes.

use gloo::utils::document_element;
use web_sys::{Element, HtmlElement, PointerEvent};
use yew::prelude::*;

use wasm_bindgen::JsCast;

use crate::action::{Action, Border};

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
pub fn splitter(border: Border, size: i32, label: String, on: &Callback<Action>) -> Html {
    let Kind { sideways, behind, sizes: [_, min, max], .. } = border.kind();
    let grow = move |by: i32| Action::Resize(border, size + if behind { -by } else { by });
    let onpointerdown = Callback::from(|event: PointerEvent| {
        let element: Element = event.target_unchecked_into();
        // Without capture the drag merely ends when the pointer leaves the border.
        let _ = element.set_pointer_capture(event.pointer_id());
    });
    let onpointermove = {
        let on = on.clone();
        Callback::from(move |event: PointerEvent| {
            let element: Element = event.target_unchecked_into();
            if element.has_pointer_capture(event.pointer_id()) {
                // The border follows the pointer: by as much as that is beside it.
                let here = element.get_bounding_client_rect();
                let at = if sideways { event.client_x() as f64 - here.x() } else { event.client_y() as f64 - here.y() };
                on.emit(grow(at as i32));
            }
        })
    };
    let onkeydown = {
        let on = on.clone();
        Callback::from(move |event: KeyboardEvent| {
            let by = match event.key().as_str() {
                "ArrowLeft" | "ArrowUp" => -16,
                "ArrowRight" | "ArrowDown" => 16,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            on.emit(grow(by));
        })
    };
    html! {
        <div class={if sideways { "splitter sideways" } else { "splitter upright" }} role="separator" tabindex="0" aria-label={label}
            aria-orientation={if sideways { "vertical" } else { "horizontal" }} aria-valuenow={size.to_string()}
            aria-valuemin={min.to_string()} aria-valuemax={max.to_string()} {onpointerdown} {onpointermove} {onkeydown}></div>
    }
}
