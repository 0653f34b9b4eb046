//! Whether two sides heard the same. Confirms are compared as what they say, not as frames: a real broker joins those that are due at
//! the same moment into one with `multiple`, or does not, and sends them before or after what its queues deliver. After a publish and a
//! commit, neither is it determined what comes first, the channel's own answer or what the queues deliver.

use super::draw::Step;
use std::collections::BTreeMap;
use std::fmt;

/// The first step that was heard differently.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its number.
    pub step: usize,
    commands: Vec<String>,
    real: Vec<String>,
    ours: Vec<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [commands, real, ours] = [&self.commands, &self.real, &self.ours].map(|lines| lines.join("\n  "));
        write!(f, "{commands}\n RabbitMQ:\n  {real}\n the engine:\n  {ours}")
    }
}

/// The first step whose lines are not the same.
pub fn compare(steps: &[Step], real: &[Vec<String>]) -> Option<Difference> {
    let (mut real_confirms, mut our_confirms) = (Confirms::default(), Confirms::default());
    for (number, (step, heard)) in steps.iter().zip(real).enumerate() {
        let commands: Vec<String> = step.lines.iter().map(|line| line.text.clone()).collect();
        let (real, ours) = (real_confirms.split(&commands, heard), our_confirms.split(&commands, &step.ours));
        if real != ours || real_confirms != our_confirms {
            return Some(Difference { step: number, commands, real: heard.clone(), ours: step.ours.clone() });
        }
    }
    None
}

/// What each channel's publisher was told: tag and whether it was taken.
#[derive(Default, PartialEq, Eq)]
struct Confirms(BTreeMap<String, BTreeMap<u64, bool>>);

impl Confirms {
    /// Takes the confirms out of what was heard.
    fn split(&mut self, commands: &[String], heard: &[String]) -> Vec<String> {
        for command in commands {
            // Tags begin at 1 again.
            if let Some((client, _)) = command.split_once(" connect") {
                self.0.retain(|channel, _| !channel.starts_with(&format!("{client}.")));
            } else if let Some((channel, _)) = command.split_once(" channel.open") {
                self.0.remove(channel);
            }
        }
        let mut rest = Vec::new();
        for line in heard {
            let mut words = line.split(' ');
            let channel = words.next().unwrap_or_default();
            let taken = match words.next() {
                Some("basic.ack") => true,
                Some("basic.nack") => false,
                _ => {
                    rest.push(line.clone());
                    continue;
                }
            };
            let tag = words.next().and_then(|word| word.strip_prefix("delivery_tag=")).and_then(|tag| tag.parse().ok());
            let tag: u64 = tag.unwrap_or(0);
            let multiple = line.contains(" multiple");
            let told = self.0.entry(channel.to_string()).or_default();
            for one in if multiple { 1 } else { tag }..=tag {
                told.entry(one).or_insert(taken);
            }
        }
        if commands.iter().any(|command| command.contains(" basic.publish") || command.contains(" tx.commit")) {
            // A stable sort: what comes from the queues stays in its order, and so does the rest.
            rest.sort_by_key(|line| {
                let mut words = line.split(' ');
                (words.next().unwrap_or_default().to_string(), words.next() == Some("basic.deliver"))
            });
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confirms_are_the_same_however_they_are_joined() {
        let lines = |text: &str| text.lines().map(str::to_string).collect::<Vec<_>>();
        let (mut one, mut other) = (Confirms::default(), Confirms::default());
        let rest =
            one.split(&[], &lines("c.1 basic.ack delivery_tag=1\nc.1 basic.deliver x\nc.1 basic.ack delivery_tag=2"));
        assert_eq!(rest, ["c.1 basic.deliver x"]);
        other.split(&[], &lines("c.1 basic.ack delivery_tag=2 multiple"));
        assert!(one == other);
        one.split(&[], &lines("c.1 basic.nack delivery_tag=3 multiple requeue"));
        assert!(one != other);
        other.split(&[], &lines("c.1 basic.ack delivery_tag=3"));
        assert!(one != other);
    }
}
