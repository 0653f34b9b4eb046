//! What somebody does who does more than look. The page is cut at the functions that are never inlined: it gets them when they are wanted.

use warren_sim::{event::What, input::Input, session::Session};

use super::{App, lesson_of};
use crate::text::fill;

impl App {
    #[inline(never)]
    pub(super) fn restart(&mut self) {
        let seed = match self.seed.0.as_deref().map_or(Ok(self.session.borrow().seed()), |typed| typed.trim().parse()) {
            Ok(seed) => seed,
            Err(_) => {
                self.seed.1 = true;
                return;
            }
        };
        let lesson = self.session.borrow().lesson().clone();
        self.open(Session::new(lesson, seed));
    }

    #[inline(never)]
    pub(super) fn open_lesson(&mut self, id: &str) {
        match lesson_of(id, self.language) {
            Some(lesson) => {
                let seed = lesson.seed;
                self.open(Session::new(lesson, seed));
            }
            None => self.tell(fill(self.language.closed().links.link_lesson, &[id]), true),
        }
    }

    /// Nothing more fits on the timeline.
    #[inline(never)]
    pub(super) fn tell_full(&mut self) {
        self.tell(self.language.closed().forms.full.to_string(), true);
    }

    /// Does what a script line says; false, and the fault is told, when it cannot be read.
    #[inline(never)]
    pub(super) fn submit_line(&mut self, line: &str) -> bool {
        match Input::parse(line) {
            Ok(input) => self.submit(input),
            Err(fault) => {
                let message = fill(self.language.closed().forms.bad_line, &[&fault.to_string()]);
                self.fault = Some(message.clone());
                self.tell(message, true);
                return false;
            }
        }
        true
    }

    #[inline(never)]
    pub(super) fn submit(&mut self, input: Input) {
        self.fault = None;
        let mut told = None;
        self.tween = None;
        {
            let mut session = self.session.borrow_mut();
            if session.submit(input) {
                let here = session.timeline().position();
                for event in session.timeline().events(here, here) {
                    if let What::NotDone { reason } = &event.what {
                        told = Some(fill(self.language.closed().forms.not_done, &[&reason.text()]));
                    }
                }
            } else {
                told = Some(self.language.closed().forms.full.to_string());
            }
        }
        let playing = self.playing;
        self.settle_view();
        self.playing = playing;
        self.stop_at = None;
        if let Some(text) = told {
            self.tell(text, true);
        }
    }
}
