//! Whether a real broker has only one way to answer. Its queues, channels and connections are processes that run side by side: what two
//! of them tell a third at the same time comes in either order. The engine knows one order only, and so is not compared there.

use super::draw::Kind;
use std::collections::{BTreeMap, BTreeSet};
use warren_sim::amqp::arguments::Overflow;
use warren_sim::amqp::channel::{Delivery, Settle};
use warren_sim::amqp::event::{ChannelRef, Event, LossReason, Resource};
use warren_sim::amqp::transcript::engine::{Engine, Logged};
use warren_sim::amqp::transcript::{Command, Line, Player, Power, Stage};
use warren_sim::bytes::Bytes;

/// How near to the end of a wait nothing may happen, in ms: the real broker's clock is not ours.
const NEAR_MS: u64 = 100;
/// How soon after any command nothing may become due, in ms: the real broker takes its time for commands.
pub const SOON_MS: u64 = 350;

/// The engine with its clients, played command by command.
#[derive(Clone, Debug)]
pub struct Simulation {
    engine: Engine,
    player: Player,
    now_ms: u64,
    timed: bool,
    /// Whether something may not be on disk yet: RabbitMQ writes at leisure what nobody waits to have confirmed.
    unwritten: bool,
}

impl Simulation {
    /// Nobody is connected.
    pub fn new(kind: Kind) -> Simulation {
        let mut engine = Engine::new();
        engine.take_log();
        Simulation { engine, player: Player::default(), now_ms: 0, timed: kind.timed, unwritten: false }
    }

    /// Plays lines that are sent at once. An error tells why a real broker might answer otherwise; then nothing was played.
    pub fn play(&mut self, lines: &[Line]) -> Result<Vec<String>, &'static str> {
        let mut next = self.clone();
        let connects = |line: &Line| {
            line.commands.iter().any(|one| matches!(one, Command::Connect { client, .. } if self.is_connected(client)))
        };
        if lines.iter().any(connects) {
            return Err("the client is connected already");
        }
        let commands: Vec<&Command> = lines.iter().flat_map(|line| &line.commands).collect();
        let heard = if let [Command::Advance { ms }] = commands[..] {
            next.wait(*ms)?
        } else {
            match next.player.play(lines, &mut next.engine) {
                Ok(heard) => heard,
                Err(never) => match never {},
            }
        };
        let commits = lines.iter().any(|line| line.text.ends_with(" tx.commit"));
        if commits && heard.iter().any(|line| line.contains(" channel.close 406")) {
            return Err("what is delivered to the channel may come before its end, or not at all");
        }
        if lines.len() > 1 && heard.iter().any(|line| line.ends_with("is not connected")) {
            return Err("the connection ends while more is on its way");
        }
        let log = next.engine.take_log();
        self.stumbles(&log)?;
        self.streams_are_clear(&commands, &log)?;
        self.settles_what_is_there(&commands)?;
        if commands.iter().any(|command| matches!(command, Command::Power(Power::Kill))) && self.unwritten {
            // Seen of one persistent message and a kill: in 6 of 6 it is lost when the kill comes at once or after 50 ms, and in 6 of 6 it is
            // there after 300 ms or 3 s.
            return Err("nobody knows how much of this is written to disk");
        }
        next.unwritten |= is_unwritten(&next, &log);
        determined(self, &next, &log)?;
        self.limit_is_clear(&commands)?;
        if log.iter().any(|logged| matches!(logged.event, Event::Delivered { .. })) {
            self.requeues_once(lines)?;
            self.acks_alone(&commands)?;
        }
        *self = next;
        Ok(heard)
    }

    fn wait(&mut self, ms: u64) -> Result<Vec<String>, &'static str> {
        let mut heard = self.hear(ms - NEAR_MS);
        let log = self.engine.take_log();
        heard.extend(self.hear(NEAR_MS));
        if !self.engine.take_log().is_empty() {
            return Err("something happens near the end of the wait");
        }
        // The log is looked at as a whole.
        self.engine.put_log(log);
        Ok(heard)
    }

    fn hear(&mut self, ms: u64) -> Vec<String> {
        self.now_ms += ms;
        let line = Line { number: 1, text: String::new(), at_once: false, commands: vec![Command::Advance { ms }] };
        match self.player.play(&[line], &mut self.engine) {
            Ok(heard) => heard,
            Err(never) => match never {},
        }
    }

    /// A queue of RabbitMQ whose single active consumer was cancelled while something was ready stumbles over the next message
    /// (`rabbit_amqqueue_process:attempt_delivery` is sure that a queue whose consumer is free is empty).
    fn stumbles(&self, log: &[Logged]) -> Result<(), &'static str> {
        let is_resting = |resource: &Resource| {
            let queue = self.engine.broker().find_queue(resource);
            queue.is_some_and(|queue| queue.resting && !queue.ready.is_empty())
        };
        let joins = |logged: &Logged| matches!(&logged.event, Event::Enqueued { queue, .. } if is_resting(queue));
        if log.iter().any(joins) { Err("the queue stumbles over this message") } else { Ok(()) }
    }

    /// A stream tells how long it is some seconds late, and joins what comes at once into one chunk, or several, which goes to a reader as
    /// a whole.
    fn streams_are_clear(&self, commands: &[&Command], log: &[Logged]) -> Result<(), &'static str> {
        let broker = self.engine.broker();
        let is_stream = |resource: &Resource| broker.find_queue(resource).is_some_and(|queue| queue.is_stream());
        let mut joined = BTreeSet::new();
        for logged in log {
            if let Event::Enqueued { queue, .. } = &logged.event
                && is_stream(queue)
                && !joined.insert(queue)
            {
                return Err("several messages come to a stream at once");
            }
        }
        for command in commands {
            let Command::Send { frame, .. } = command else { continue };
            let Some(declared) = frame.strip_prefix("queue.declare ") else { continue };
            let is_it =
                |name: &Bytes| declared.split(' ').any(|word| word.strip_prefix("queue=") == Some(&*name.text()));
            let mut streams = broker.queues().filter(|queue| queue.is_stream() && !queue.ready.is_empty());
            if streams.any(|queue| is_it(&queue.resource.name)) {
                return Err("a stream tells its length later");
            }
        }
        Ok(())
    }

    /// A queue of RabbitMQ stumbles over the tag of one that was deleted and had its name: the channel knows queues by their names.
    fn settles_what_is_there(&self, commands: &[&Command]) -> Result<(), &'static str> {
        for command in commands {
            let Command::Send { client, channel, frame } = command else { continue };
            let broker = self.engine.broker();
            let connection = self.engine.connection(client).and_then(|id| broker.find_connection(id));
            let Some(channel) = connection.and_then(|connection| connection.channels.get(channel)) else { continue };
            let settles = matches!(
                frame.split_once(' ').map_or(frame.as_str(), |(name, _)| name),
                "basic.ack" | "basic.nack" | "basic.reject" | "basic.recover" | "basic.recover-async" | "tx.commit"
            );
            let taken = channel.transaction.iter().flat_map(|transaction| &transaction.settlements);
            let mut held = channel.unacked.values().chain(taken.map(|(_, delivery, _)| delivery));
            let is_stale =
                |delivery: &Delivery| broker.queue(&delivery.name).is_some_and(|queue| queue.id != delivery.queue);
            if settles && held.any(is_stale) {
                return Err("the queue stumbles over a tag of the one that had its name");
            }
        }
        Ok(())
    }

    /// The limit of a channel is kept by a process of its own: when messages come back while it is reached, either the queue tries to
    /// deliver first or the limit hears of it first, and the consumers of the queue stand in another order.
    fn limit_is_clear(&self, commands: &[&Command]) -> Result<(), &'static str> {
        for command in commands {
            let Command::Send { client, channel, frame } = command else { continue };
            let broker = self.engine.broker();
            let connection = self.engine.connection(client).and_then(|id| broker.find_connection(id));
            let Some(channel) = connection.and_then(|connection| connection.channels.get(channel)) else { continue };
            let many = |name: &Bytes| broker.queue(name).is_some_and(|queue| queue.consumers.len() > 1);
            if channel.limiter.is_reached() && channel.consumers.values().any(|consuming| many(&consuming.queue)) {
                return Err("a queue and the limit of a channel compete");
            }
            if channel.limiter.is_reached() && frame.contains("requeue") {
                return Err("a queue hears of what comes back and of the limit in either order");
            }
        }
        Ok(())
    }

    /// A channel that gives messages of two consumers back to one queue tells it twice, and the queue delivers in between, or not.
    fn requeues_once(&self, lines: &[Line]) -> Result<(), &'static str> {
        // A dead letter may come back to its own queue, too.
        let gives_back = |line: &&Line| line.text.contains("requeue") || line.text.contains(" basic.nack");
        for command in lines.iter().filter(gives_back).flat_map(|line| &line.commands) {
            let Command::Send { client, channel, .. } = command else { continue };
            let connection = self.engine.connection(client).and_then(|id| self.engine.broker().find_connection(id));
            let Some(channel) = connection.and_then(|connection| connection.channels.get(channel)) else { continue };
            let groups: BTreeSet<_> = channel.unacked.values().map(|one| (one.queue, one.consumer)).collect();
            let queues: BTreeSet<_> = groups.iter().map(|(queue, _)| *queue).collect();
            if queues.len() < groups.len() {
                return Err("a channel gives messages of two consumers back to one queue");
            }
        }
        Ok(())
    }

    /// A queue takes acknowledgements before other things that wait for it (`rabbit_amqqueue_process:prioritise_cast`): those of a
    /// commit come before its messages, or not.
    fn acks_alone(&self, commands: &[&Command]) -> Result<(), &'static str> {
        for command in commands {
            let Command::Send { client, channel, .. } = command else { continue };
            let connection = self.engine.connection(client).and_then(|id| self.engine.broker().find_connection(id));
            let Some(channel) = connection.and_then(|connection| connection.channels.get(channel)) else { continue };
            let Some(transaction) = &channel.transaction else { continue };
            let acks = transaction.settlements.iter().any(|(_, _, how)| *how == Settle::Ack);
            if acks && (!transaction.publishes.is_empty() || transaction.settlements.len() > 1) {
                return Err("the acknowledgements of a commit may overtake the rest");
            }
        }
        Ok(())
    }

    /// Whether a client is connected.
    pub fn is_connected(&self, client: &str) -> bool {
        self.engine.is_connected(client)
    }

    /// Whether a client's channel is open.
    pub fn is_open(&self, client: &str, channel: u16) -> bool {
        let connection = self.engine.connection(client).and_then(|id| self.engine.broker().find_connection(id));
        connection.is_some_and(|connection| connection.channels.get(&channel).is_some_and(|channel| !channel.closing))
    }

    /// The tags that a channel has not acknowledged.
    pub fn unacked(&self, client: &str, channel: u16) -> Vec<u64> {
        let connection = self.engine.connection(client).and_then(|id| self.engine.broker().find_connection(id));
        let channel = connection.and_then(|connection| connection.channels.get(&channel));
        channel.map(|channel| channel.unacked.keys().copied().collect()).unwrap_or_default()
    }

    /// Whether a channel has a transaction open.
    pub fn is_transactional(&self, client: &str, channel: u16) -> bool {
        let connection = self.engine.connection(client).and_then(|id| self.engine.broker().find_connection(id));
        connection.is_some_and(|connection| {
            connection.channels.get(&channel).is_some_and(|channel| channel.transaction.is_some())
        })
    }

    /// Whether there is a queue, or an exchange, of this name.
    pub fn exists(&self, name: &str, is_exchange: bool) -> bool {
        let (vhost, name) = (Bytes::from("/"), Bytes::from(name));
        if is_exchange {
            self.engine.broker().find_exchange(&Resource { vhost, name }).is_some()
        } else {
            self.engine.broker().queue(&name).is_some()
        }
    }

    /// The policies that are set.
    pub fn policies(&self) -> Vec<&'static str> {
        let policies = self.engine.broker().vhosts().flat_map(|(_, vhost)| vhost.policies.user.iter());
        let there: Vec<&Bytes> = policies.map(|(name, _)| name).collect();
        ["p1", "p2"].into_iter().filter(|name| there.iter().any(|one| **one == *name)).collect()
    }

    /// The queues that anybody may look at, as they are called in a line.
    pub fn open_queues(&self) -> Vec<String> {
        let queues = self.engine.broker().queues().filter(|queue| queue.exclusive.is_none());
        queues.map(|queue| self.player.shown(&queue.resource.name.text())).collect()
    }

    /// How many messages of a queue are ready.
    pub fn ready(&self, shown: &str) -> u64 {
        let name = Bytes::from(self.player.meant(shown));
        self.engine.broker().queue(&name).map_or(0, |queue| queue.ready.len() as u64)
    }
}

/// Who puts a message into a queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Publisher,
    DeadLetters(Resource),
}

fn determined(before: &Simulation, after: &Simulation, log: &[Logged]) -> Result<(), &'static str> {
    let by_number: BTreeMap<u32, &Logged> = log.iter().map(|logged| (logged.number, logged)).collect();
    let mut from: BTreeMap<ChannelRef, BTreeSet<&Resource>> = BTreeMap::new();
    let mut into: BTreeMap<&Resource, BTreeSet<Origin>> = BTreeMap::new();
    let (mut joined, mut refused): (BTreeMap<&Resource, u32>, BTreeMap<&Resource, u32>) = Default::default();
    let (mut deleted, mut cancelled) = (0, 0);
    let mut requeued = BTreeSet::new();
    let mut letters_of_letters = BTreeSet::new();
    let mut closed_with_many = false;
    let mut ended = BTreeSet::new();
    for logged in log {
        match &logged.event {
            Event::Delivered { queue, consumer, .. } => {
                from.entry(consumer.channel).or_default().insert(queue);
            }
            Event::Enqueued { queue, .. } => {
                into.entry(queue).or_default().insert(origin(&by_number, logged));
                if deaths(&by_number, logged) > 1 {
                    letters_of_letters.insert(queue);
                }
                *joined.entry(queue).or_default() += 1;
            }
            // What a full queue refuses came to it as well.
            Event::Lost { queue, reason: LossReason::MaxLength, .. } if refuses(after, queue) => {
                *refused.entry(queue).or_default() += 1;
                let cause = logged.cause.and_then(|cause| by_number.get(&cause));
                into.entry(queue)
                    .or_default()
                    .insert(cause.map_or(Origin::Publisher, |cause| origin(&by_number, cause)));
            }
            Event::Requeued { queue, .. } => {
                requeued.insert(queue);
            }
            Event::ChannelClosed { channel, .. } => {
                ended.insert(*channel);
            }
            Event::QueueDeleted { .. } => deleted += 1,
            Event::ConsumerCancelled { by_broker: true, .. } => cancelled += 1,
            Event::ConnectionClosed { connection, .. } => {
                let connection = before.engine.broker().find_connection(*connection);
                closed_with_many |= connection.is_some_and(|connection| connection.channels.len() > 1);
            }
            _ => {}
        }
    }
    if from.values().any(|queues| queues.len() > 1) {
        return Err("two queues deliver to one channel");
    }
    let more = |queue: &Resource| refused.get(queue).copied().unwrap_or(0);
    if joined.iter().any(|(queue, count)| *count + more(queue) > 1 && stops_publishers(after, queue)) {
        return Err("a publisher hears some messages later that the queue is too long");
    }
    if into.values().any(|origins| origins.len() > 1) {
        return Err("two processes put messages into one queue");
    }
    let was_consumed = |queue: &Resource| {
        let queue = before.engine.broker().find_queue(queue);
        queue.is_some_and(|queue| queue.consumers.values().any(|consumer| ended.contains(&consumer.at.channel)))
    };
    if into.keys().any(|queue| requeued.contains(queue) && !was_consumed(queue)) {
        return Err("a queue gets letters while messages come back to it");
    }
    if letters_of_letters.iter().any(|queue| was_consumed(queue)) {
        // The first letter is there before the channel tells the next queue (`rabbit_channel:notify_queues` waits for each).
        return Err("letters of letters come to a queue before it hears that its consumer is gone, or after");
    }
    if deleted > 1 && cancelled > 0 {
        return Err("two queues that are gone tell their consumers");
    }
    if closed_with_many && !requeued.is_empty() {
        return Err("two channels of a connection end one after the other, and the queues deliver in between");
    }
    let shared = after.engine.broker().connections().flat_map(|connection| connection.channels.values());
    for channel in shared.filter(|channel| channel.limiter.prefetch_count != 0) {
        let queues: BTreeSet<&Bytes> = channel.consumers.values().map(|consuming| &consuming.queue).collect();
        if queues.len() > 1 {
            return Err("two queues compete for the limit of one channel");
        }
    }
    let due = after.engine.broker().next_due();
    if after.timed && due.is_some_and(|due| due < after.now_ms + SOON_MS) {
        return Err("something is due soon");
    }
    Ok(())
}

/// Whether a queue refuses what is too much.
fn refuses(after: &Simulation, queue: &Resource) -> bool {
    let queue = after.engine.broker().find_queue(queue);
    queue.is_some_and(|queue| queue.settings.overflow != Overflow::DropHead)
}

/// Whether it is a quorum queue that refuses what is too much: its publishers hear of that while they publish on.
fn stops_publishers(after: &Simulation, queue: &Resource) -> bool {
    let queue = after.engine.broker().find_queue(queue);
    queue.is_some_and(|queue| queue.is_quorum() && queue.settings.overflow != Overflow::DropHead)
}

/// Whether a durable classic queue took a message that nobody waits to have confirmed, or let one go.
fn is_unwritten(after: &Simulation, log: &[Logged]) -> bool {
    let by_number: BTreeMap<u32, &Logged> = log.iter().map(|logged| (logged.number, logged)).collect();
    let is_durable = |queue: &Resource| {
        let queue = after.engine.broker().find_queue(queue);
        queue.is_some_and(|queue| queue.durable && !queue.is_quorum())
    };
    let is_confirmed = |logged: &Logged| {
        let mut at = logged;
        while let Some(cause) = at.cause.and_then(|cause| by_number.get(&cause)) {
            at = cause;
        }
        let Event::Published { channel: by, .. } = &at.event else { return false };
        let connection = after.engine.broker().find_connection(by.connection);
        connection.and_then(|connection| connection.channels.get(&by.channel)).is_some_and(|channel| channel.confirms)
    };
    log.iter().any(|logged| match &logged.event {
        Event::Enqueued { queue, .. } => is_durable(queue) && !is_confirmed(logged),
        Event::Acked { queue, .. } | Event::Lost { queue, .. } | Event::DeadLettered { queue, .. } => is_durable(queue),
        Event::Delivered { queue, no_ack: true, .. } | Event::Got { queue, no_ack: true, .. } => is_durable(queue),
        _ => false,
    })
}

/// How often the message of an `Enqueued` has died since the step began.
fn deaths(log: &BTreeMap<u32, &Logged>, enqueued: &Logged) -> usize {
    let cause = |logged: &&Logged| logged.cause.and_then(|cause| log.get(&cause).copied());
    let chain = std::iter::successors(Some(enqueued), cause);
    chain.filter(|logged| matches!(logged.event, Event::DeadLettered { .. })).count()
}

/// Who the message of an `Enqueued` comes from.
fn origin(log: &BTreeMap<u32, &Logged>, enqueued: &Logged) -> Origin {
    let mut at = enqueued;
    loop {
        match &at.event {
            Event::DeadLettered { queue, .. } | Event::Lost { queue, .. } => return Origin::DeadLetters(queue.clone()),
            _ => {}
        }
        match at.cause.and_then(|cause| log.get(&cause)) {
            Some(cause) => at = cause,
            None => return Origin::Publisher,
        }
    }
}
