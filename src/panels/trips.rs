//! Round trips on a time line: what programs sent to the store and when its answers came, who waited for a connection and who got none.
//!
//! Everything is read off the events up to the moment that is looked at, so it is as true as they are, and going back takes it back. `draw`
//! prints it.

mod draw;

pub use draw::{How, Props, Trips, lines};

use warren_sim::{
    event::{Event, EventId, ProcessId, What},
    links::Trip,
    process::{Process, ProcessState},
    session::Session,
    sorted::SortedMap,
};

/// The most programs that are shown; the newest.
const MAX_LANES: usize = 16;
/// The longest stretch of time that is shown, in virtual ms.
const MAX_SPAN_MS: u64 = 12_000;
/// The most arrows of a program; the newest.
const MAX_RAYS: usize = 400;

/// What the picture shows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TripsView {
    /// From which moment, in virtual ms.
    pub from_ms: u64,
    /// To which moment.
    pub to_ms: u64,
    /// The moment that is looked at.
    pub now_ms: u64,
    /// How long a round trip takes.
    pub round_trip_ms: u64,
    /// The programs.
    pub lanes: Vec<Lane>,
    /// How many processes the world has: the next one's name is made of it.
    pub processes: usize,
}

/// One program.
#[derive(Clone, Debug, PartialEq)]
pub struct Lane {
    /// The program.
    pub process: ProcessId,
    /// Its name.
    pub name: String,
    /// What it does now.
    pub doing: Doing,
    /// What travelled.
    pub rays: Vec<Ray>,
    /// When it waited for a connection or had one.
    pub spans: Vec<Span>,
    /// Answers that came, those to opening a connection included.
    pub round_trips: u32,
    /// Commands that were answered.
    pub commands: u32,
    /// Bytes that were sent and received (RESP).
    pub bytes: (u64, u64),
    /// From its start to its last answer, in virtual ms.
    pub took_ms: u64,
    started_ms: u64,
}

/// What a program does.
#[derive(Clone, Debug, PartialEq)]
pub enum Doing {
    /// It runs or sleeps.
    Running,
    /// It waits for an answer.
    Awaiting,
    /// It waits for a connection of its pool.
    WaitingForConnection,
    /// It is done.
    Done,
    /// It died, of this.
    Died(String),
    /// It was killed.
    Killed,
}

/// One thing that travelled.
#[derive(Clone, Debug, PartialEq)]
pub struct Ray {
    /// When it left.
    pub from_ms: u64,
    /// When it arrives.
    pub to_ms: u64,
    /// Whether it has.
    pub arrived: bool,
    /// Its direction.
    pub to_store: bool,
    /// How many commands or replies it holds; 0 for a connection that is opened or closed.
    pub commands: u32,
    /// The first of them.
    pub label: String,
}

/// A stretch of time in a program's life.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Since when.
    pub from_ms: u64,
    /// Until when; none if it lasts.
    pub to_ms: Option<u64>,
    /// What it is.
    pub what: SpanKind,
}

/// What a stretch of time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanKind {
    /// It waits for a connection.
    Waits,
    /// It waited for one, or asked for one, and got none.
    WentWithout,
    /// It has the connection of this number.
    Has(u32),
}

/// Reads the picture off a session.
pub fn view(session: &Session) -> TripsView {
    let (timeline, world) = (session.timeline(), session.world());
    let mut reader = Reader { latency_ms: world.latency_ms(), lanes: Vec::new(), sent: SortedMap::new() };
    for process in world.processes().iter().filter(|process| process.spec.kind == "redis") {
        reader.lanes.push(lane(process));
    }
    for event in timeline.events(0, timeline.position()) {
        reader.read(event);
    }
    let mut lanes = reader.lanes;
    let hidden = lanes.len().saturating_sub(MAX_LANES);
    lanes.drain(..hidden);
    let now_ms = world.now_ms();
    let started = lanes.iter().map(|lane| lane.rays.first().map_or(lane.started_ms, |ray| ray.from_ms)).min();
    let last = lanes.iter().flat_map(|lane| &lane.rays).map(|ray| ray.to_ms).max().unwrap_or(0);
    let round_trip_ms = 2 * world.latency_ms();
    let least = started.unwrap_or(now_ms) + 2 * round_trip_ms.max(1);
    let to_ms = now_ms.min(last.max(now_ms.min(least))).max(last).max(least);
    let from_ms = started.unwrap_or(now_ms).max(to_ms.saturating_sub(MAX_SPAN_MS));
    TripsView { from_ms, to_ms, now_ms, round_trip_ms, lanes, processes: world.processes().len() }
}

fn lane(process: &Process) -> Lane {
    let doing = match &process.state {
        ProcessState::Ready | ProcessState::Sleeping { .. } => Doing::Running,
        ProcessState::Connecting => Doing::Awaiting,
        ProcessState::Waiting if process.link.is_none() => Doing::WaitingForConnection,
        ProcessState::Waiting => Doing::Awaiting,
        ProcessState::Ended { error: None } => Doing::Done,
        ProcessState::Ended { error: Some(error) } => Doing::Died(error.text().into_owned()),
        ProcessState::Killed => Doing::Killed,
    };
    Lane {
        process: process.id,
        name: process.name.to_string(),
        doing,
        rays: Vec::new(),
        spans: Vec::new(),
        round_trips: 0,
        commands: 0,
        bytes: (0, 0),
        took_ms: 0,
        started_ms: 0,
    }
}

struct Reader {
    latency_ms: u64,
    lanes: Vec<Lane>,
    /// Where each thing that was sent stands: which lane, which ray.
    sent: SortedMap<EventId, (usize, usize)>,
}

impl Reader {
    fn place(&self, process: ProcessId) -> Option<usize> {
        self.lanes.iter().position(|lane| lane.process == process)
    }

    fn read(&mut self, event: &Event) {
        let at_ms = event.at_ms;
        match &event.what {
            What::Trip(trip) => self.trip(event, trip),
            What::ProcessStarted { process } => {
                let Some(place) = self.place(*process) else { return };
                let lane = &mut self.lanes[place];
                // A program that is started again is counted anew; what was drawn stays.
                (lane.round_trips, lane.commands, lane.bytes, lane.took_ms, lane.started_ms) = (0, 0, (0, 0), 0, at_ms);
            }
            What::ProcessEnded { process, .. } | What::ProcessKilled { process } => {
                if let Some(place) = self.place(*process) {
                    self.lanes[place].close(at_ms);
                }
            }
            _ => {}
        }
    }

    fn trip(&mut self, event: &Event, trip: &Trip) {
        let at_ms = event.at_ms;
        match trip {
            Trip::Sent { process, link, to_store, commands, bytes, label } => {
                let Some(place) = self.place(*process) else { return };
                let (due_ms, lane) = (at_ms + self.latency_ms, &mut self.lanes[place]);
                if *to_store && label == "connect" {
                    lane.open(at_ms, SpanKind::Has(link.0));
                }
                let of = if *to_store { &mut lane.bytes.0 } else { &mut lane.bytes.1 };
                *of += u64::from(*bytes);
                if lane.rays.len() >= MAX_RAYS {
                    return;
                }
                self.sent.insert(event.id, (place, lane.rays.len()));
                lane.rays.push(Ray {
                    from_ms: at_ms,
                    to_ms: due_ms,
                    arrived: false,
                    to_store: *to_store,
                    commands: *commands,
                    label: label.text().into_owned(),
                });
            }
            Trip::Arrived { process, to_store, .. } => {
                let Some(place) = self.place(*process) else { return };
                let lane = &mut self.lanes[place];
                if let Some((lane_at, ray)) = event.cause.and_then(|cause| self.sent.get(&cause)) {
                    let ray = &mut self.lanes[*lane_at].rays[*ray];
                    ray.arrived = true;
                    let commands = ray.commands;
                    if !to_store {
                        let lane = &mut self.lanes[place];
                        lane.round_trips += 1;
                        lane.commands += commands;
                        lane.took_ms = at_ms - lane.started_ms;
                    }
                } else if !to_store {
                    lane.round_trips += 1;
                }
            }
            Trip::Lost { .. } => {
                if let Some((lane, ray)) = event.cause.and_then(|cause| self.sent.get(&cause)) {
                    self.lanes[*lane].rays[*ray].arrived = true;
                }
            }
            Trip::Waits { process, .. } => self.open(*process, at_ms, SpanKind::Waits),
            Trip::Took { process, link } => self.open(*process, at_ms, SpanKind::Has(link.0)),
            Trip::WentWithout { process } => {
                let Some(place) = self.place(*process) else { return };
                let waited = self.lanes[place].spans.last_mut().filter(|span| span.to_ms.is_none());
                match waited {
                    Some(span) => (span.to_ms, span.what) = (Some(at_ms), SpanKind::WentWithout),
                    None => {
                        let span = Span { from_ms: at_ms, to_ms: Some(at_ms), what: SpanKind::WentWithout };
                        self.lanes[place].spans.push(span);
                    }
                }
            }
            Trip::GaveBack { process, .. } => {
                if let Some(place) = self.place(*process) {
                    self.lanes[place].close(at_ms);
                }
            }
        }
    }

    fn open(&mut self, process: ProcessId, at_ms: u64, what: SpanKind) {
        if let Some(place) = self.place(process) {
            self.lanes[place].open(at_ms, what);
        }
    }
}

impl Lane {
    fn open(&mut self, at_ms: u64, what: SpanKind) {
        self.close(at_ms);
        self.spans.push(Span { from_ms: at_ms, to_ms: None, what });
    }

    fn close(&mut self, at_ms: u64) {
        if let Some(span) = self.spans.last_mut().filter(|span| span.to_ms.is_none()) {
            span.to_ms = Some(at_ms);
        }
    }
}
