//! Mounts the page.

use gloo::utils::document;
use warren::app::App;

fn main() {
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
