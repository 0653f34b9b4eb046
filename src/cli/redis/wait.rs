//! Waiting for sockets: where requests follow close upon each other, the thread looks for them a while before it sleeps.
//!
//! Whoever sends to a thread that sleeps pays for waking it, and waits until it is awake; on a processor of its own that is more than
//! some looks cost. On one that it shares with the client, looks are in vain, and soon there are hardly any.

use mio::{Events, Poll};
use std::hint;
use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

/// How long it looks.
const LOOK: Duration = Duration::from_micros(20);
/// How often it sleeps at once, at most, before it looks again.
const SLEEPS_MAX: u32 = 1023;

/// What earlier looks have taught.
#[derive(Debug, Default)]
pub struct Patience {
    /// How often it still sleeps at once.
    sleeps: u32,
    /// How often it slept at once before it last looked: twice as often after each look in vain.
    slept: u32,
}

impl Patience {
    /// Waits for sockets, for no longer than this.
    pub fn wait(&mut self, poll: &mut Poll, events: &mut Events, nap: Duration) -> io::Result<()> {
        if nap <= LOOK {
            return look(poll, events, nap);
        }
        if self.sleeps > 0 {
            self.sleeps -= 1;
            return look(poll, events, nap);
        }
        let start = Instant::now();
        while start.elapsed() < LOOK {
            look(poll, events, Duration::ZERO)?;
            if !events.is_empty() {
                self.slept = 0;
                return Ok(());
            }
            hint::spin_loop();
        }
        self.slept = (2 * self.slept + 1).min(SLEEPS_MAX);
        self.sleeps = self.slept;
        look(poll, events, nap)
    }
}

/// What there is at sockets now, or within this time.
fn look(poll: &mut Poll, events: &mut Events, most: Duration) -> io::Result<()> {
    match poll.poll(events, Some(most)) {
        Err(error) if error.kind() != ErrorKind::Interrupted => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
