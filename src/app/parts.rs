//! The parts of the page's code that are loaded after the first picture: what is done before they are there waits for them.

use wasm_bindgen::prelude::wasm_bindgen;

use super::App;
use crate::action::{Action, Loaded};

/// The most actions that wait: whoever does more meanwhile is asked to do it again.
const MAX_WAITING: usize = 32;

#[wasm_bindgen]
extern "C" {
    /// Asks `www/loader.js` for so many parts beside the first. It answers by `loaded` or `not_loaded` of `src/main.rs`.
    #[wasm_bindgen(js_name = warrenWant)]
    fn want(parts: u32);
}

impl App {
    /// Does what a person did, now or as soon as the code for it is there.
    pub(super) fn act_when_loaded(&mut self, action: Action) {
        let needs = action.needs();
        if action != Action::LoadAgain && self.waiting.is_empty() && needs <= self.loaded {
            return self.answer(action);
        }
        let needs = match action {
            Action::LoadAgain => self.waiting.iter().map(Action::needs).max().unwrap_or(Loaded::Play),
            // Pointing is over before it could be answered.
            Action::Point(_) => return,
            action => {
                if self.waiting.len() < MAX_WAITING {
                    self.waiting.push(action);
                }
                needs
            }
        };
        self.not_loaded = false;
        want(needs as u32);
    }

    /// More of the page's code is there: the world begins, if it has not, and what has waited is done.
    pub(super) fn loaded(&mut self, loaded: Loaded) {
        self.not_loaded = false;
        self.loaded = self.loaded.max(loaded);
        if self.loaded > Loaded::Picture {
            self.session.borrow_mut().prepare();
        }
        for action in std::mem::take(&mut self.waiting) {
            self.act_when_loaded(action);
        }
    }
}
