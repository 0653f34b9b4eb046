//! The keyboard, where no field or control has a use of its own for it.

use wasm_bindgen::JsCast;
use web_sys::KeyboardEvent;

use crate::action::Action;

/// The keys that work anywhere but in a field or on a control that uses them itself.
pub(super) fn key_action(event: &KeyboardEvent) -> Option<Action> {
    if event.ctrl_key() || event.alt_key() || event.meta_key() {
        return None;
    }
    let element = event.target()?.dyn_into::<web_sys::Element>().ok();
    let tag = element.as_ref().map(|element| element.tag_name().to_ascii_lowercase()).unwrap_or_default();
    let role = element.as_ref().and_then(|element| element.get_attribute("role")).unwrap_or_default();
    let uses_keys = matches!(tag.as_str(), "input" | "textarea" | "select")
        || matches!(role.as_str(), "separator" | "tab")
        || element.is_some_and(|element| element.closest("[role=tabpanel],pre").ok().flatten().is_some());
    let presses = tag == "button" || tag == "a" || role == "button";
    match event.key().as_str() {
        _ if uses_keys => None,
        " " if !presses => Some(Action::TogglePlay),
        "ArrowRight" => Some(Action::Step),
        "ArrowLeft" => Some(Action::Back),
        _ => None,
    }
}
