//! Sentences about what travels between programs and the store.

use warren_sim::links::Trip;

use super::{Teller, piece};
use crate::text::fill;

impl Teller<'_> {
    /// What happened between a program and the store. The page is cut here.
    #[inline(never)]
    pub(super) fn trip(&self, trip: &Trip) -> String {
        let s = self.text().language.store();
        match trip {
            Trip::Sent { process, to_store, commands: 0 | 1, label, .. } => {
                let template = if *to_store { s.trip_sent } else { s.trip_answered };
                fill(template, &[&self.process(*process), &piece(label)])
            }
            Trip::Sent { process, to_store, commands, .. } => {
                let template = if *to_store { s.trip_sent_many } else { s.trip_answered_many };
                fill(template, &[&self.process(*process), &commands.to_string()])
            }
            Trip::Arrived { process, to_store: true, .. } => fill(s.trip_reached, &[&self.process(*process)]),
            Trip::Arrived { process, to_store: false, .. } => fill(s.trip_came_back, &[&self.process(*process)]),
            Trip::Lost { link, .. } => fill(s.trip_lost, &[&link.0.to_string()]),
            Trip::Waits { process, pool } => fill(s.trip_waits, &[&self.process(*process), &piece(pool)]),
            Trip::Took { process, link } => fill(s.trip_took, &[&self.process(*process), &link.0.to_string()]),
            Trip::WentWithout { process } => fill(s.trip_without, &[&self.process(*process)]),
            Trip::GaveBack { process, link } => fill(s.trip_gave_back, &[&self.process(*process), &link.0.to_string()]),
        }
    }
}
