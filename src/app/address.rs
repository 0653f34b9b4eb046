//! The address: it holds a link to a moment, which is written by sharing and read when the page opens or the address changes.

use gloo::utils::window;
use warren_sim::{
    link::{Link, LinkError},
    session::Session,
};
use wasm_bindgen::JsValue;

use super::{App, lesson_of, titles};
use crate::text::{Language, fill};

impl App {
    // The page is cut at the functions that are never inlined: what they need is loaded when one of them is first called.
    #[inline(never)]
    pub(super) fn share(&mut self) {
        let text = &self.language.closed().links;
        let link = Link::of(&self.session.borrow(), self.language.code());
        let fragment = match link.print() {
            Ok(fragment) => fragment,
            Err(error) => {
                let why = self.why(&error);
                self.tell(why, true);
                return;
            }
        };
        let location = window().location();
        let base = location.href().unwrap_or_default();
        let address = format!("{}#{fragment}", base.split('#').next().unwrap_or_default());
        let url = format!("#{fragment}");
        // Where the history refuses, the clipboard still has the link.
        let _ = window().history().and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(&url)));
        if window().is_secure_context() {
            let _ = window().navigator().clipboard().write_text(&address);
            self.tell(text.shared.to_string(), false);
        } else {
            self.tell(text.share_by_hand.to_string(), false);
        }
    }

    pub(super) fn why(&self, error: &LinkError) -> String {
        let text = &self.language.closed().links;
        match error {
            LinkError::Version(version) => fill(text.link_version, &[version]),
            LinkError::CutShort => text.link_cut.to_string(),
            LinkError::TooLong => text.link_long.to_string(),
            LinkError::Garbled { part } => fill(text.link_garbled, &[part]),
        }
    }

    /// Opens what the address names; what cannot be opened is told, and what was there stays.
    pub(super) fn read_address(&mut self) {
        let fragment = window().location().hash().unwrap_or_default();
        let fragment = fragment.trim_start_matches('#');
        if !fragment.contains('=') {
            return;
        }
        match self.open_link(fragment) {
            Ok((session, language, made)) => {
                if language != self.language {
                    self.language = language;
                    self.titles = titles(language);
                    self.wear();
                }
                let now = session.hash();
                self.open(session);
                if !made.is_empty() && made != now {
                    self.tell(fill(self.language.closed().links.link_hash, &[&made, &now]), true);
                }
            }
            Err(why) => self.tell(fill(self.language.closed().links.bad_link, &[&why]), true),
        }
    }

    #[inline(never)]
    pub(super) fn open_link(&self, fragment: &str) -> Result<(Session, Language, String), String> {
        let link = Link::parse(fragment).map_err(|error| self.why(&error))?;
        let language = Language::from_code(&link.language).unwrap_or(self.language);
        let lesson = lesson_of(&link.lesson, language)
            .ok_or_else(|| fill(self.language.closed().links.link_lesson, &[&link.lesson]))?;
        let session = link.open(lesson).map_err(|error| self.why(&error))?;
        Ok((session, language, link.hash))
    }
}
