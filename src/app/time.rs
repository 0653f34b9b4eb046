//! Time while it is looked at: playing, a single step that is seen to happen, and a chapter up to its end.

use super::{App, SPEEDS, less_motion};

/// How long a single step is seen to happen, in real ms.
const STEP_MS: f64 = 220.0;
/// The most steps done between two pictures: beyond it time runs slower than chosen, but the page stays awake.
const STEPS_PER_FRAME: u32 = 2_000;

impl App {
    /// Moves time on and draws what moves: whether the session moved, and whether a next picture is wanted.
    #[inline(never)]
    pub(super) fn show_frame(&mut self, now: f64) -> (bool, bool) {
        let changed = self.tick(now);
        let again = self.paint();
        (changed, again || self.playing || self.tween.is_some())
    }

    /// Moves the shown moment on. True when the session moved.
    fn tick(&mut self, now: f64) -> bool {
        let elapsed = (now - self.last_frame.unwrap_or(now)).clamp(0.0, 100.0);
        self.last_frame = Some(now);
        if let Some((from, to, since)) = self.tween {
            let since = since.unwrap_or(now);
            let part = ((now - since) / STEP_MS).min(1.0);
            self.shown_ms = from + (to - from) * part;
            self.tween = Some((from, to, Some(since)));
            if part < 1.0 {
                return false;
            }
            self.tween = None;
            self.session.borrow_mut().forward();
            self.settle_view();
            return true;
        }
        if !self.playing {
            return false;
        }
        self.shown_ms += elapsed * SPEEDS[self.speed];
        let mut session = self.session.borrow_mut();
        let mut moved = false;
        for _ in 0..STEPS_PER_FRAME {
            if self.stop_at.is_some_and(|stop| session.timeline().position() >= stop) {
                self.playing = false;
                break;
            }
            match session.timeline().next_due() {
                None => {
                    self.playing = false;
                    break;
                }
                Some(due) if due as f64 > self.shown_ms => break,
                Some(_) => {
                    session.forward();
                    moved = true;
                }
            }
        }
        let now_ms = session.world().now_ms() as f64;
        // Where the bound held the run back, the clock waits for it.
        let due = session.timeline().next_due().map_or(now_ms, |due| due as f64);
        self.shown_ms = self.shown_ms.clamp(now_ms, due.max(now_ms));
        drop(session);
        if moved {
            self.tell_limits();
        }
        moved || !self.playing
    }

    pub(super) fn toggle_play(&mut self) {
        if let Some((_, to, _)) = self.tween.take() {
            self.shown_ms = to;
        }
        self.playing = !self.playing;
        if self.playing {
            let session = self.session.borrow();
            let position = session.timeline().position();
            // Playing stops where a chapter ends, since the next one may begin with a question.
            let ends = (0..session.lesson().chapters.len()).map(|chapter| session.span(chapter).1);
            self.stop_at = ends.filter(|end| *end > position).min();
        }
    }

    pub(super) fn step(&mut self) {
        self.playing = false;
        if self.tween.take().is_some() {
            self.session.borrow_mut().forward();
            self.settle_view();
        }
        let next_due = self.session.borrow().timeline().next_due();
        match next_due {
            Some(due) if due as f64 > self.shown_ms && !less_motion() => {
                self.tween = Some((self.shown_ms, due as f64, None));
            }
            Some(_) => {
                self.session.borrow_mut().forward();
                self.settle_view();
            }
            None => self.tell_limits(),
        }
    }

    pub(super) fn go_on(&mut self) {
        let (done, chapter, end) = {
            let session = self.session.borrow();
            (session.chapter_done(), session.chapter(), session.span(session.chapter()).1)
        };
        if done {
            self.jump(|session| session.open_chapter(chapter + 1));
        } else {
            self.tween = None;
            self.playing = true;
            self.stop_at = Some(end);
        }
    }
}
