//! A session: one lesson, one seed, one timeline. The page's only way to the engine.
//!
//! A lesson's script is carried out ahead of the learner, so that the whole run lies on the timeline from the first moment and can be scrubbed. Whatever the
//! learner does is a step at the moment looked at; the rest of the script is then carried out again after it.

use alloc::{rc::Rc, string::String, vec::Vec};

use crate::{
    event::What,
    input::Input,
    lesson::Lesson,
    script::{self, Command, Fault},
    timeline::{Progress, Timeline},
    world::World,
};

/// The most steps one command of a script may take.
pub const MAX_STEPS_OF_COMMAND: u32 = 5_000;

/// A lesson being run.
#[derive(Clone)]
pub struct Session {
    lesson: Rc<Lesson>,
    seed: u64,
    timeline: Timeline,
    /// The chapter that is read.
    chapter: usize,
}

/// The most steps that [`Session::hear_out`] goes: a consumer driven by hand may be sent messages for ever.
const MOST_TO_HEAR: u32 = 500;

impl Session {
    /// The lesson's world at its first moment.
    pub fn new(lesson: Rc<Lesson>, seed: u64) -> Self {
        let mut session = Session::bare(lesson, seed);
        session.prepare();
        session
    }

    /// Carries out what has not been carried out ahead of a [`Session::bare`].
    pub fn prepare(&mut self) {
        let here = self.timeline.position();
        self.carry_on();
        self.timeline.seek(here);
    }

    /// The lesson's world with nothing carried out ahead: a first picture can be drawn of it, and whatever follows wants [`Session::prepare`].
    pub fn bare(lesson: Rc<Lesson>, seed: u64) -> Self {
        let mut world = World::new(seed, lesson.latency_ms);
        let mut events = Vec::new();
        for input in &lesson.setup {
            world.submit(input, &mut events);
        }
        Session { timeline: Timeline::new(world, events), lesson, seed, chapter: 0 }
    }

    /// The lesson.
    pub fn lesson(&self) -> &Rc<Lesson> {
        &self.lesson
    }

    /// The same run told in another language: `lesson` must have the same script.
    pub fn translate(&mut self, lesson: Rc<Lesson>) {
        self.lesson = lesson;
    }

    /// The seed.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The timeline.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    pub(crate) fn timeline_mut(&mut self) -> &mut Timeline {
        &mut self.timeline
    }

    /// The world at the moment that is looked at.
    pub fn world(&self) -> &World {
        self.timeline.world()
    }

    /// The hash of that world, as the page shows it: 16 hexadecimal digits.
    pub fn hash(&self) -> String {
        alloc::format!("{:016x}", self.timeline.hash())
    }

    /// One step forward. False when the run stands still.
    pub fn forward(&mut self) -> bool {
        let moved = self.timeline.forward();
        self.arrived();
        moved
    }

    /// Looks at step `n`; beyond the end the run goes on as far as there is something due.
    pub fn seek(&mut self, n: u32) {
        self.timeline.seek(n);
        while self.timeline.position() < n && self.timeline.forward() {}
        self.arrived();
    }

    /// Goes to the end of what is recorded.
    pub fn seek_end(&mut self) {
        self.seek(self.timeline.length());
    }

    /// Looks at another branch. False when there is none of that number.
    pub fn switch_branch(&mut self, id: u32) -> bool {
        let switched = self.timeline.switch(id);
        self.arrived();
        switched
    }

    /// Does something now. False when the run has reached its limit of steps.
    pub fn submit(&mut self, input: Input) -> bool {
        self.timeline.visit();
        let done = self.timeline.submit(input);
        let here = self.timeline.position();
        self.timeline.visit();
        self.carry_on();
        self.timeline.seek(here);
        self.arrived();
        done
    }

    /// Goes on until nothing is on its way to or from a client that is driven by hand: what was sent has arrived and is answered.
    pub fn hear_out(&mut self) {
        for _ in 0..MOST_TO_HEAR {
            let world = self.world();
            let by_hand = |connection| world.clients().iter().any(|client| client.connection == Some(connection));
            if !world.flights().any(|flight| by_hand(flight.connection)) || !self.forward() {
                return;
            }
        }
    }

    /// Carries out a script from the moment that is looked at.
    ///
    /// # Errors
    /// The first fault of the script; then nothing of it was done.
    pub fn run(&mut self, text: &str) -> Result<(), Fault> {
        for command in script::parse(text)? {
            match command {
                Command::Do(Input::Wait { ms }) => {
                    let until_ms = self.world().now_ms() + ms;
                    self.submit(Input::Wait { ms });
                    self.advance(|world| world.now_ms() >= until_ms);
                }
                Command::Do(input) => {
                    self.submit(input);
                }
                Command::RunIdle => self.advance(|_| false),
                Command::RunUntil(condition) => self.advance(|world| condition.holds(world)),
                Command::Step(steps) => {
                    let target = self.timeline.position().saturating_add(steps);
                    self.seek(target);
                }
            }
        }
        Ok(())
    }

    /// Goes on until `enough`, or until nothing is due, within the bound.
    fn advance(&mut self, enough: impl Fn(&World) -> bool) {
        for _ in 0..MAX_STEPS_OF_COMMAND {
            if enough(self.world()) || !self.forward() {
                return;
            }
        }
    }

    fn arrived(&mut self) {
        self.timeline.visit();
        let position = self.timeline.position();
        let (start, end) = self.span(self.chapter);
        if position < start || position > end {
            self.chapter = (0..self.lesson.chapters.len()).rev().find(|k| self.span(*k).0 < position).unwrap_or(0);
        }
    }

    /// Carries out what is left of the lesson's script at the end of the branch. The page is cut here, and at the other functions that are never inlined.
    #[inline(never)]
    fn carry_on(&mut self) {
        let lesson = self.lesson.clone();
        let plan: Vec<&Command> = lesson.plan().collect();
        let mut progress = self.timeline.last_progress();
        while let Some(command) = plan.get(progress.done as usize) {
            self.timeline.seek(u32::MAX);
            if !progress.begun
                && let Command::Do(input) = command
            {
                self.timeline.submit(input.clone());
                progress.begun = true;
                self.timeline.set_progress(progress);
            }
            self.finish(command);
            progress = Progress { done: progress.done + 1, begun: false };
            self.timeline.set_progress(progress);
        }
    }

    /// Goes on until a command that has begun is done.
    fn finish(&mut self, command: &Command) {
        let bound = if let Command::Step(steps) = command { *steps } else { MAX_STEPS_OF_COMMAND };
        for _ in 0..bound {
            let enough = match command {
                Command::Do(Input::Wait { .. }) => {
                    let here = self.timeline.position();
                    self.timeline.events(here, here).iter().any(|event| event.what == What::Waited)
                }
                Command::Do(_) => true,
                Command::RunUntil(condition) => condition.holds(self.timeline.world()),
                Command::RunIdle | Command::Step(_) => false,
            };
            if enough || !self.timeline.forward() {
                return;
            }
        }
    }

    /// The chapter that is read.
    pub fn chapter(&self) -> usize {
        self.chapter
    }

    /// The steps between which a chapter happens.
    pub fn span(&self, chapter: usize) -> (u32, u32) {
        (self.reached(self.lesson.first_command(chapter)), self.reached(self.lesson.first_command(chapter + 1)))
    }

    /// The step after which this many commands of the plan were done.
    fn reached(&self, commands: u32) -> u32 {
        let progress = self.timeline.branch().progress();
        let index = progress.partition_point(|(_, progress)| progress.done < commands);
        if commands == 0 { 0 } else { progress.get(index).map_or(self.timeline.length(), |(step, _)| *step) }
    }

    /// Whether the chapter that is read has happened.
    pub fn chapter_done(&self) -> bool {
        let carried_out = self.timeline.last_progress().done >= self.lesson.first_command(self.chapter + 1);
        carried_out && self.timeline.position() >= self.span(self.chapter).1
    }

    /// Opens a chapter: the moment before it happens is looked at.
    pub fn open_chapter(&mut self, chapter: usize) {
        let chapter = chapter.min(self.lesson.chapters.len().saturating_sub(1));
        let (start, _) = self.span(chapter);
        self.timeline.seek(start);
        self.timeline.visit();
        self.chapter = chapter;
    }

    /// For each choice of a chapter's question, whether the run bears it out; empty when there is none.
    #[inline(never)]
    pub fn verdicts(&self, chapter: usize) -> Vec<bool> {
        let Some(question) = self.lesson.chapters.get(chapter).and_then(|chapter| chapter.question.as_ref()) else {
            return Vec::new();
        };
        let world = self.timeline.world_at(self.span(chapter).1);
        question.choices.iter().map(|choice| choice.condition.holds(&world)).collect()
    }
}
