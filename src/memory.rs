//! What the browser remembers between visits: the language and the colours, nothing else.

use gloo::utils::window;

/// What was remembered under this name, if anything was and the browser tells.
pub fn recall(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(name).ok()?
}

/// Remembers a choice. A private window may refuse; the choice then holds for this visit.
pub fn remember(name: &str, value: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(name, value);
    }
}
