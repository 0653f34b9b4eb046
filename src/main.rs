//! Mounts the page.

use std::cell::RefCell;

use gloo::utils::document;
use warren::{
    action::Loaded,
    app::{App, Msg, Props},
};
use wasm_bindgen::prelude::wasm_bindgen;
use yew::AppHandle;

#[wasm_bindgen]
extern "C" {
    /// Returns when so many parts of the page's code are there beside the first: see `www/loader.js` and `src/xtask/split.rs`, which puts the calls
    /// where they belong.
    #[wasm_bindgen(js_name = warrenLoadPart)]
    fn load_part(parts: u32);
}

thread_local! {
    static PAGE: RefCell<Option<AppHandle<App>>> = const { RefCell::new(None) };
}

/// Shows the page. Called by `www/loader.js`, which says how many parts are there beside the first.
#[wasm_bindgen]
pub fn open(parts: u32) {
    load_part(parts);
    let props = Props { loaded: Loaded::parts(parts) };
    let page = match document().get_element_by_id("page") {
        Some(root) => {
            root.set_inner_html("");
            yew::Renderer::<App>::with_root_and_props(root, props).render()
        }
        None => yew::Renderer::<App>::with_props(props).render(),
    };
    PAGE.set(Some(page));
}

/// So many parts are there now beside the first.
#[wasm_bindgen]
pub fn loaded(parts: u32) {
    tell(Msg::Loaded(Loaded::parts(parts)));
}

/// A part could not be loaded.
#[wasm_bindgen]
pub fn not_loaded() {
    tell(Msg::NotLoaded);
}

fn tell(msg: Msg) {
    PAGE.with_borrow(|page| {
        if let Some(page) = page {
            page.send_message(msg);
        }
    });
}

fn main() {
    // The page opens when its loader says so: by then the loader can answer it.
}
