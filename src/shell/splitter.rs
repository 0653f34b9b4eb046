//! A border between two panels that can be dragged, or moved with the arrow keys.
//!
//! Sizes are custom properties on the root element, set through the style object: the page's policy allows no style attributes.

use gloo::utils::document_element;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement, PointerEvent};
use yew::prelude::*;

/// What the component is given.
#[derive(Properties, PartialEq, Clone)]
pub struct Props {
    /// The custom property it sets, in px.
    pub property: &'static str,
    /// Whether it moves sideways.
    #[prop_or(true)]
    pub sideways: bool,
    /// Whether the panel it sizes lies behind it (to the right or below).
    #[prop_or(false)]
    pub behind: bool,
    /// Its first size, in px.
    pub initial: i32,
    /// Its smallest size, in px.
    pub min: i32,
    /// Its largest size, in px.
    pub max: i32,
    /// What it resizes, for those who cannot see it.
    pub label: AttrValue,
}

fn set(property: &str, px: i32) {
    if let Some(root) = document_element().dyn_ref::<HtmlElement>() {
        // A failure would only leave the panel at its size.
        let _ = root.style().set_property(property, &format!("{px}px"));
    }
}

/// The border.
#[component]
pub fn Splitter(props: &Props) -> Html {
    let size = use_state(|| props.initial);
    let drag = use_mut_ref(|| None::<(i32, i32)>);
    let apply = {
        let (size, props) = (size.clone(), props.clone());
        move |wanted: i32| {
            let px = wanted.clamp(props.min, props.max);
            set(props.property, px);
            size.set(px);
        }
    };
    let at = {
        let sideways = props.sideways;
        move |event: &PointerEvent| if sideways { event.client_x() } else { event.client_y() }
    };
    let onpointerdown = {
        let (drag, size, at) = (drag.clone(), size.clone(), at);
        Callback::from(move |event: PointerEvent| {
            *drag.borrow_mut() = Some((at(&event), *size));
            if let Some(element) = event.target().and_then(|target| target.dyn_into::<Element>().ok()) {
                // Without capture the drag merely ends when the pointer leaves the border.
                let _ = element.set_pointer_capture(event.pointer_id());
            }
        })
    };
    let onpointermove = {
        let (drag, apply, behind) = (drag.clone(), apply.clone(), props.behind);
        Callback::from(move |event: PointerEvent| {
            if let Some((from, size)) = *drag.borrow() {
                let moved = at(&event) - from;
                apply(size + if behind { -moved } else { moved });
            }
        })
    };
    let onpointerup = Callback::from(move |_: PointerEvent| *drag.borrow_mut() = None);
    let onkeydown = {
        let (size, behind, apply) = (size.clone(), props.behind, apply);
        Callback::from(move |event: KeyboardEvent| {
            let by = match event.key().as_str() {
                "ArrowLeft" | "ArrowUp" => -16,
                "ArrowRight" | "ArrowDown" => 16,
                _ => return,
            };
            event.prevent_default();
            event.stop_propagation();
            apply(*size + if behind { -by } else { by });
        })
    };
    let class = classes!("splitter", if props.sideways { "sideways" } else { "upright" });
    html! {
        <div class={class} role="separator" tabindex="0" aria-label={props.label.clone()}
            aria-orientation={if props.sideways { "vertical" } else { "horizontal" }} aria-valuenow={size.to_string()}
            aria-valuemin={props.min.to_string()} aria-valuemax={props.max.to_string()}
            {onpointerdown} {onpointermove} onpointercancel={onpointerup.clone()} {onpointerup} {onkeydown}></div>
    }
}
