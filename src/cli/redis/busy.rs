//! Others are served while a script runs for long: what sockets bring is run inside the script's own call, by a store that admits only
//! what may be done meanwhile (`processEventsWhileBlocked` of networking.c).

use super::server::{Lent, Net};
use mio::Events;
use std::time::Duration;
use warren_sim::prng::Prng;
use warren_sim::redis::{Meanwhile, Store};

/// How many sockets are looked at each time.
const EVENTS: usize = 64;

impl Meanwhile for Net {
    fn serve(&mut self, store: &mut Store, prng: &mut Prng) -> bool {
        let mut events = Events::with_capacity(EVENTS);
        let heard = self.hear(&mut Lent { store, prng }, &mut events, Duration::ZERO);
        self.flush(store);
        // What fails here fails again, and is told, once the script has ended.
        heard.is_ok() && !self.is_over
    }
}
