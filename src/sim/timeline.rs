//! The timeline: every step of a run, forward and back, and the branches that acting in the past leaves behind.
//!
//! A step is either an input or one [`World::step`]. A branch keeps its inputs, the events of each step, and checkpoints of the world that thin out as
//! it grows; [`Timeline::seek`] restores the nearest checkpoint and replays from there.

use crate::sorted::SortedMap;
use alloc::{rc::Rc, vec::Vec};
use core::cell::Cell;

use crate::{event::Event, input::Input, world::World};

/// The most steps of a branch: beyond it the run stands still.
pub const MAX_STEPS: u32 = 50_000;
/// The most branches kept; the oldest that is not in use goes first.
pub const MAX_BRANCHES: usize = 8;
/// The most checkpoints of a branch; when there are more, every second one goes.
const MAX_CHECKPOINTS: usize = 64;
/// The distance of checkpoints in a young branch, in steps.
const CHECKPOINT_EVERY: u32 = 32;

/// One course of events.
#[derive(Clone)]
pub struct Branch {
    /// Its number, from 1 in the order the branches began.
    pub id: u32,
    /// The branch it left and the step it left at.
    pub forked: Option<(u32, u32)>,
    /// The steps that were inputs.
    inputs: Vec<(u32, Input)>,
    events: Vec<Event>,
    /// For each step, from 0, how many of `events` had happened after it.
    event_ends: Vec<u32>,
    /// For each step, from 0, the clock after it.
    times_ms: Vec<u64>,
    checkpoints: SortedMap<u32, Rc<World>>,
    checkpoint_every: u32,
    /// How far the learner has been.
    visited: u32,
    /// How much of the lesson's plan had been carried out after which step.
    progress: Vec<(u32, Progress)>,
}

/// How far a lesson's plan has been carried out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Progress {
    /// Commands that are done.
    pub done: u32,
    /// Whether the next one has begun.
    pub begun: bool,
}

impl Branch {
    /// How many steps it has.
    pub fn length(&self) -> u32 {
        self.event_ends.len() as u32 - 1
    }

    /// The steps that were inputs, each with its number.
    pub fn inputs(&self) -> &[(u32, Input)] {
        &self.inputs
    }

    /// The clock after a step, in virtual ms.
    pub fn time_ms(&self, step: u32) -> u64 {
        self.times_ms.get(step as usize).or(self.times_ms.last()).copied().unwrap_or(0)
    }

    /// The input that step was, if it was one.
    pub fn input_at(&self, step: u32) -> Option<&Input> {
        self.inputs.binary_search_by_key(&step, |(at, _)| *at).ok().map(|index| &self.inputs[index].1)
    }

    /// The entries of the plan's progress.
    pub fn progress(&self) -> &[(u32, Progress)] {
        &self.progress
    }

    /// How far the learner has been, as a step.
    pub fn visited(&self) -> u32 {
        self.visited
    }

    /// Takes a world from the step before to this one.
    fn replay(&self, world: &mut World, step: u32, events: &mut Vec<Event>) {
        match self.input_at(step) {
            Some(input) => world.submit(input, events),
            None => {
                let done = world.step(events);
                assert!(done, "a recorded step can be repeated");
            }
        }
    }

    /// The nearest checkpoint at or before a step.
    fn checkpoint(&self, step: u32) -> (u32, &Rc<World>) {
        let nearest = self.checkpoints.range(..=step).next_back();
        nearest.map(|(at, world)| (*at, world)).expect("step 0 is always a checkpoint")
    }

    fn truncate(&mut self, step: u32) {
        self.inputs.retain(|(at, _)| *at <= step);
        self.event_ends.truncate(step as usize + 1);
        self.times_ms.truncate(step as usize + 1);
        self.events.truncate(self.event_ends[step as usize] as usize);
        self.checkpoints.retain(|at, _| *at <= step);
        self.progress.retain(|(at, _)| *at <= step);
        self.visited = self.visited.min(step);
    }

    fn note_step(&mut self, world: &Rc<World>) {
        self.event_ends.push(self.events.len() as u32);
        self.times_ms.push(world.now_ms());
        let step = self.length();
        if step.is_multiple_of(self.checkpoint_every) {
            self.checkpoints.insert(step, world.clone());
            if self.checkpoints.len() > MAX_CHECKPOINTS {
                self.checkpoint_every *= 2;
                let every = self.checkpoint_every;
                self.checkpoints.retain(|at, _| at.is_multiple_of(every));
            }
        }
    }
}

/// A run with all its branches, and the moment that is looked at.
#[derive(Clone)]
pub struct Timeline {
    branches: Vec<Branch>,
    current: usize,
    position: u32,
    /// Shared with the checkpoints until it moves on.
    world: Rc<World>,
    /// The world's hash, once it has been asked for.
    hash: Cell<Option<u64>>,
    next_branch: u32,
}

impl Timeline {
    /// A timeline whose step 0 is this world; `events` are what made it.
    pub fn new(world: World, events: Vec<Event>) -> Self {
        let world = Rc::new(world);
        let branch = Branch {
            id: 1,
            forked: None,
            inputs: Vec::new(),
            event_ends: Vec::from([events.len() as u32]),
            events,
            times_ms: Vec::from([world.now_ms()]),
            checkpoints: SortedMap::from([(0, world.clone())]),
            checkpoint_every: CHECKPOINT_EVERY,
            visited: 0,
            progress: Vec::new(),
        };
        Timeline {
            branches: Vec::from([branch]),
            current: 0,
            position: 0,
            world,
            hash: Cell::new(None),
            next_branch: 2,
        }
    }

    /// The world at the moment that is looked at.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The world about to change. It leaves the checkpoint it is shared with as it is.
    fn world_mut(&mut self) -> &mut World {
        self.hash.set(None);
        Rc::make_mut(&mut self.world)
    }

    /// The hash of the world at the moment that is looked at, computed once for each moment.
    #[inline(never)]
    pub fn hash(&self) -> u64 {
        let hash = self.hash.get().unwrap_or_else(|| self.world.hash());
        self.hash.set(Some(hash));
        hash
    }

    /// The step that is looked at.
    pub fn position(&self) -> u32 {
        self.position
    }

    /// How many steps the current branch has.
    pub fn length(&self) -> u32 {
        self.branch().length()
    }

    /// The current branch.
    pub fn branch(&self) -> &Branch {
        &self.branches[self.current]
    }

    /// All branches, oldest first.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// The events of the steps `from..=to`.
    pub fn events(&self, from: u32, to: u32) -> &[Event] {
        let branch = self.branch();
        let to = to.min(branch.length());
        if from > to {
            return &[];
        }
        let start = if from == 0 { 0 } else { branch.event_ends[from as usize - 1] };
        &branch.events[start as usize..branch.event_ends[to as usize] as usize]
    }

    /// The step at which an event happened.
    pub fn step_of(&self, event: u32) -> u32 {
        // Events are numbered from 1 without gaps, so the number is also the count of events up to it.
        self.branch().event_ends.partition_point(|end| *end < event) as u32
    }

    /// The event of this number, if it happened on this branch.
    pub fn event(&self, id: u32) -> Option<&Event> {
        self.branch().events.get((id as usize).checked_sub(1)?)
    }

    /// When the next step is due in virtual ms, or none when the run stands still.
    pub fn next_due(&self) -> Option<u64> {
        if self.position < self.length() {
            Some(self.branch().time_ms(self.position + 1))
        } else if self.length() < MAX_STEPS {
            self.world.next_due()
        } else {
            None
        }
    }

    /// One step forward: the recorded one, or at the end a new one. False when the run stands still.
    pub fn forward(&mut self) -> bool {
        let mut events = Vec::new();
        if self.position < self.length() {
            self.replay_one(&mut events);
            return true;
        }
        if self.length() >= MAX_STEPS || !self.world_mut().step(&mut events) {
            return false;
        }
        self.record(events);
        true
    }

    /// Replays the recorded step that follows.
    fn replay_one(&mut self, events: &mut Vec<Event>) {
        let next = self.position + 1;
        self.hash.set(None);
        self.branches[self.current].replay(Rc::make_mut(&mut self.world), next, events);
        self.position = next;
    }

    fn record(&mut self, events: Vec<Event>) {
        let branch = &mut self.branches[self.current];
        branch.events.extend(events);
        branch.note_step(&self.world);
        self.position = branch.length();
    }

    /// Does something at the moment that is looked at; it becomes the next step. Where there was a future, it is left behind on its own branch if
    /// the learner has seen any of it. False when the branch is full.
    pub fn submit(&mut self, input: Input) -> bool {
        if self.position >= MAX_STEPS {
            return false;
        }
        self.leave_future();
        let mut events = Vec::new();
        self.world_mut().submit(&input, &mut events);
        let step = self.position + 1;
        self.branches[self.current].inputs.push((step, input));
        self.record(events);
        true
    }

    /// Makes the moment that is looked at the end of the current branch.
    fn leave_future(&mut self) {
        if self.position == self.length() {
            return;
        }
        if self.branch().visited <= self.position {
            self.branches[self.current].truncate(self.position);
            return;
        }
        let mut branch = self.branch().clone();
        branch.truncate(self.position);
        branch.forked = Some((branch.id, self.position));
        branch.id = self.next_branch;
        self.next_branch += 1;
        if self.branches.len() == MAX_BRANCHES {
            let oldest = usize::from(self.current == 0);
            self.branches.remove(oldest);
        }
        self.branches.push(branch);
        self.current = self.branches.len() - 1;
    }

    /// Looks at step `n`, or the last one if there are fewer.
    pub fn seek(&mut self, n: u32) {
        let n = n.min(self.length());
        let (at, world) = self.branch().checkpoint(n);
        if n < self.position || at > self.position {
            self.world = world.clone();
            self.hash.set(None);
            self.position = at;
        }
        let mut events = Vec::new();
        while self.position < n {
            self.replay_one(&mut events);
            events.clear();
        }
    }

    /// Looks at another branch, at the same step if it has it. False when there is none of that number.
    pub fn switch(&mut self, id: u32) -> bool {
        let Some(index) = self.branches.iter().position(|branch| branch.id == id) else { return false };
        let n = self.position;
        self.current = index;
        self.position = u32::MAX;
        self.seek(n);
        true
    }

    /// Notes that the learner is here.
    pub fn visit(&mut self) {
        let branch = &mut self.branches[self.current];
        branch.visited = branch.visited.max(self.position);
    }

    /// Notes how far the lesson's plan has come.
    pub fn set_progress(&mut self, progress: Progress) {
        let position = self.position;
        self.branches[self.current].progress.push((position, progress));
    }

    /// How far the lesson's plan had come at the end of the branch.
    pub fn last_progress(&self) -> Progress {
        self.branch().progress.last().map_or(Progress::default(), |(_, progress)| *progress)
    }

    /// A world of the current branch, looked at without moving.
    pub fn world_at(&self, n: u32) -> Rc<World> {
        let branch = self.branch();
        let n = n.min(branch.length());
        let (mut at, mut world) = branch.checkpoint(n);
        if self.position <= n && self.position > at {
            (at, world) = (self.position, &self.world);
        }
        let mut world = world.clone();
        let mut events = Vec::new();
        for step in at + 1..=n {
            branch.replay(Rc::make_mut(&mut world), step, &mut events);
            events.clear();
        }
        world
    }
}
