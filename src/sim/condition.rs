//! Conditions on a world: a script runs until one holds, and a lesson's questions are graded by them.

use alloc::{format, string::String, vec::Vec};

use crate::{
    bytes::Bytes,
    process::{Process, ProcessState},
    script::{Fault, Word, words},
    world::World,
};

/// Several facts joined by `and`; all must hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Condition(Vec<(bool, Fact)>);

/// One thing that can be said of a world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Fact {
    /// `ready QUEUE N`
    Ready(Bytes, u64),
    /// `unacked QUEUE N`
    Unacked(Bytes, u64),
    /// `queue QUEUE`: there is one of that name.
    Queue(Bytes),
    /// `received PROCESS N`: it was handed this many messages, or more.
    Received(Bytes, u64),
    /// `exactly PROCESS N`: it was handed exactly this many messages.
    Exactly(Bytes, u64),
    /// `got PROCESS M`: it was handed message M.
    Got(Bytes, u64),
    /// `first PROCESS M`: the first message it was handed was M.
    First(Bytes, u64),
    /// `redelivered PROCESS M`: it was handed message M, marked as redelivered.
    Redelivered(Bytes, u64),
    /// `holds PROCESS N`: it was sent N messages that it has not acknowledged.
    Holds(Bytes, u64),
    /// `working PROCESS M`: it is in the callback of message M.
    Working(Bytes, u64),
    /// `printed PROCESS TEXT`: a line of its terminal holds this text.
    Printed(Bytes, Bytes),
    /// `alive PROCESS`
    Alive(Bytes),
    /// `failed PROCESS`: it died of an error.
    Failed(Bytes),
    /// `broker`: it is up.
    Broker,
    /// `console TEXT`: the last thing the first console printed.
    Console(Bytes),
    /// `sent N`: this many messages were published by anyone, or more.
    Sent(u64),
}

impl Condition {
    /// Reads a condition.
    ///
    /// # Errors
    /// What is wrong, and at which column.
    pub fn parse(text: &str) -> Result<Condition, Fault> {
        let words = words(text)?;
        let mut facts = Vec::new();
        for part in words.split(|word| word.text == "and") {
            let (holds, part) = match part.split_first() {
                Some((first, rest)) if first.text == "not" => (false, rest),
                _ => (true, part),
            };
            let column = part.first().map_or(text.len() + 1, |word| word.column);
            facts.push((holds, fact(part).map_err(|message| Fault::at(column, message))?));
        }
        Ok(Condition(facts))
    }

    /// Whether all of it holds in this world.
    pub fn holds(&self, world: &World) -> bool {
        self.0.iter().all(|(wanted, fact)| fact.holds(world) == *wanted)
    }
}

fn fact(part: &[Word]) -> Result<Fact, String> {
    let texts: Vec<&Bytes> = part.iter().map(|word| &word.text).collect();
    let number = |n: &Bytes| n.text().parse::<u64>().map_err(|_| format!("'{n}': expected a whole number"));
    let Some((verb, arguments)) = texts.split_first() else { return Err("expected a condition".into()) };
    let name = |index: usize| arguments.get(index).map(|name| (*name).clone()).unwrap_or_default();
    let verb = verb.text();
    match (&*verb, arguments.len()) {
        ("ready", 2) => Ok(Fact::Ready(name(0), number(arguments[1])?)),
        ("unacked", 2) => Ok(Fact::Unacked(name(0), number(arguments[1])?)),
        ("queue", 1) => Ok(Fact::Queue(name(0))),
        ("received", 2) => Ok(Fact::Received(name(0), number(arguments[1])?)),
        ("exactly", 2) => Ok(Fact::Exactly(name(0), number(arguments[1])?)),
        ("got", 2) => Ok(Fact::Got(name(0), number(arguments[1])?)),
        ("first", 2) => Ok(Fact::First(name(0), number(arguments[1])?)),
        ("redelivered", 2) => Ok(Fact::Redelivered(name(0), number(arguments[1])?)),
        ("holds", 2) => Ok(Fact::Holds(name(0), number(arguments[1])?)),
        ("working", 2) => Ok(Fact::Working(name(0), number(arguments[1])?)),
        ("printed", 2) => Ok(Fact::Printed(name(0), name(1))),
        ("alive", 1) => Ok(Fact::Alive(name(0))),
        ("failed", 1) => Ok(Fact::Failed(name(0))),
        ("broker", 0) => Ok(Fact::Broker),
        ("console", 1) => Ok(Fact::Console(name(0))),
        ("sent", 1) => Ok(Fact::Sent(number(arguments[0])?)),
        _ => Err(format!(
            "'{verb}' with {} words after it is no condition; there are ready, unacked, holds, received, exactly, got, \
             first, redelivered, working, printed, queue, alive, failed, broker, console and sent",
            arguments.len()
        )),
    }
}

impl Fact {
    fn holds(&self, world: &World) -> bool {
        let process = |name: &Bytes, test: &dyn Fn(&Process) -> bool| world.process(name).is_some_and(test);
        match self {
            Fact::Ready(queue, n) => world.queue_counts(queue).is_some_and(|(ready, _)| ready == *n),
            Fact::Unacked(queue, n) => world.queue_counts(queue).is_some_and(|(_, unacked)| unacked == *n),
            Fact::Queue(queue) => world.queue_counts(queue).is_some(),
            Fact::Received(name, n) => process(name, &|p| u64::from(p.received_total) >= *n),
            Fact::Exactly(name, n) => process(name, &|p| u64::from(p.received_total) == *n),
            Fact::Got(name, n) => process(name, &|p| p.received.iter().any(|r| u64::from(r.message.0) == *n)),
            // What a process remembers is bounded: once the oldest receipts are dropped, nothing can be said of the first.
            Fact::First(name, n) => process(name, &|p| {
                p.received_total as usize == p.received.len()
                    && p.received.front().is_some_and(|r| u64::from(r.message.0) == *n)
            }),
            Fact::Redelivered(name, n) => {
                process(name, &|p| p.received.iter().any(|r| u64::from(r.message.0) == *n && r.redelivered))
            }
            Fact::Holds(name, n) => process(name, &|p| p.connection.map_or(0, |c| world.unacked_by(c)) == *n),
            Fact::Working(name, n) => process(name, &|p| p.working_on().is_some_and(|m| u64::from(m.0) == *n)),
            Fact::Printed(name, text) => {
                process(name, &|p| p.output.iter().any(|line| line.text().contains(&*text.text())))
            }
            Fact::Alive(name) => process(name, &Process::is_alive),
            Fact::Failed(name) => process(name, &|p| matches!(p.state, ProcessState::Ended { error: Some(_) })),
            Fact::Broker => world.broker().is_running(),
            Fact::Console(text) => {
                world.consoles().first().and_then(|c| c.last_output()).is_some_and(|o| *o.text() == *text.text())
            }
            Fact::Sent(n) => u64::from(world.published()) >= *n,
        }
    }
}
