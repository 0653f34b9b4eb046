//! Mounts the page.

use gloo::utils::document;
use warren::app::App;
use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    /// Returns when the second file of the page is there: see `www/loader.js` and `src/xtask/split.rs`, which puts the calls where they belong.
    #[wasm_bindgen(js_name = warrenLoadRest)]
    fn load_rest();
}

/// Shows the page. Called by `www/loader.js`, which says whether the second file is wanted before anything is seen.
#[wasm_bindgen]
pub fn open(whole: bool) {
    if whole {
        load_rest();
    }
    match document().get_element_by_id("page") {
        Some(root) => {
            root.set_inner_html("");
            yew::Renderer::<App>::with_root(root).render();
        }
        None => {
            yew::Renderer::<App>::new().render();
        }
    }
}

fn main() {
    // The page opens when its loader says so: by then the loader can answer it.
}
