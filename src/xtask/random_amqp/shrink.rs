//! Makes a sequence that differs as short as it can be and still differ.

use super::compare::Difference;
use super::determined::Simulation;
use super::draw::{Kind, Step};
use crate::problem::Outcome;

/// Sequences tried at most: each costs a second or so.
const TRIES: u32 = 160;

/// Leaves out steps, many at first, as long as what remains still differs and is determined.
pub fn shrink(steps: Vec<Step>, mut differs: impl FnMut(&[Step]) -> Outcome<Option<Difference>>) -> Outcome<Vec<Step>> {
    let mut best = steps;
    let mut tries = 0;
    if let Some(difference) = differs(&best)? {
        best.truncate(difference.step + 1);
    }
    let mut size = best.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < best.len() && tries < TRIES {
            let end = (at + size).min(best.len());
            let kept: Vec<Step> = best[..at].iter().chain(&best[end..]).cloned().collect();
            tries += 1;
            let shorter = match replayed(&kept) {
                Some(kept) => differs(&kept)?.map(|difference| (kept, difference)),
                None => None,
            };
            match shorter {
                Some((mut kept, difference)) => {
                    kept.truncate(difference.step + 1);
                    best = kept;
                }
                None => at += size,
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
    Ok(best)
}

/// The steps with what the engine says now; none when that is not determined, or when the broker cannot be made to go that way.
fn replayed(steps: &[Step]) -> Option<Vec<Step>> {
    let (mut is_up, mut is_killed) = (true, false);
    for line in steps.iter().flat_map(|step| &step.lines) {
        let starts = line.text == "broker start";
        match line.text.as_str() {
            "broker kill" | "broker stop" | "broker start" if starts == is_up => return None,
            "broker kill" | "broker stop" | "broker start" => {
                (is_up, is_killed) = (starts, line.text.ends_with("kill"))
            }
            text if is_killed && text.contains(" connect ") => return None,
            _ => {}
        }
    }
    let timed = steps.iter().any(|step| step.lines.iter().any(|line| line.text.starts_with("advance")));
    let mut simulation = Simulation::new(Kind { timed, restarts: false });
    let play = |step: &Step| {
        let ours = simulation.play(&step.lines).ok()?;
        Some(Step { lines: step.lines.clone(), ours })
    };
    steps.iter().map(play).collect()
}
