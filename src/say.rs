//! Sentences about what happened and why something waits, in the learner's language.
//!
//! [`Teller`] knows the run: it calls connections by the name of the program or client behind them, also when that one is gone.

mod reasons;
mod store;
mod trips;

use std::borrow::Cow;

use warren_sim::{
    amqp::event::{
        ChannelRef, ConnectionId, ConsumerRef, Event as Amqp, LossReason, MessageId, QueueDeleteReason, RequeueReason,
        Resource,
    },
    bytes::Bytes,
    event::{Event, ProcessId, What},
    input::Input,
    session::Session,
};

use crate::text::{SayText, Text, fill};

/// The longest piece of somebody's data within a sentence, in characters.
const MAX_PIECE: usize = 60;

/// Tells what happened in a run.
#[derive(Clone)]
pub struct Teller<'a> {
    session: &'a Session,
    text: &'a Text,
    /// Who opened the connection of each number, from 1.
    owners: Vec<Option<Bytes>>,
}

impl<'a> Teller<'a> {
    /// A teller of what happened up to the moment that is looked at.
    pub fn new(session: &'a Session, text: &'a Text) -> Teller<'a> {
        Teller { session, text, owners: owners(session) }
    }

    /// The run.
    pub fn session(&self) -> &'a Session {
        self.session
    }

    /// The words.
    pub fn text(&self) -> &'a Text {
        self.text
    }

    pub(crate) fn say(&self) -> &'a SayText {
        self.text.language.say()
    }

    /// A moment or a duration: `6.4 s`.
    pub fn seconds(&self, ms: u64) -> String {
        fill(self.say().seconds, &[&seconds(ms)])
    }

    /// Whoever is, or was, at the client's end of a connection.
    pub fn connection(&self, id: ConnectionId) -> String {
        let owner = (id.0 as usize).checked_sub(1).and_then(|index| self.owners.get(index)?.as_ref());
        owner.map_or_else(|| fill(self.say().somebody, &[&id.0.to_string()]), |name| name.to_string())
    }

    /// Whoever is, or was, at the client's end of a channel.
    pub fn channel(&self, channel: ChannelRef) -> String {
        self.connection(channel.connection)
    }

    /// The name of a process, also of one that starts only later than the moment that is looked at.
    pub fn process(&self, id: ProcessId) -> String {
        match self.session.world().processes().get(id.0 as usize) {
            Some(process) => process.name.to_string(),
            None => starting_name(self.session, id).map_or_else(|| id.0.to_string(), |name| name.to_string()),
        }
    }

    /// A queue within a sentence.
    pub fn queue(&self, name: &Bytes) -> String {
        fill(self.say().queue, &[&piece(name)])
    }

    /// An exchange within a sentence.
    pub fn exchange(&self, name: &Bytes) -> String {
        if name.is_empty() {
            self.say().default_exchange.to_string()
        } else {
            fill(self.say().exchange, &[&piece(name)])
        }
    }

    /// A routing or binding key within a sentence, in quotes so that an empty one is seen.
    pub fn key(&self, key: &Bytes) -> String {
        format!("\"{}\"", piece(key))
    }

    /// Several things: `a, b and c`.
    pub fn list(&self, items: &[String]) -> String {
        match items {
            [] => self.say().nothing.to_string(),
            [one] => one.clone(),
            [first @ .., last] => format!("{}{}{last}", first.join(self.say().comma), self.say().and),
        }
    }

    /// What happened, as a sentence without its full stop.
    pub fn event(&self, event: &Event) -> String {
        capital(self.what(&event.what))
    }

    fn what(&self, what: &What) -> String {
        let t = self.say();
        match what {
            What::Amqp(event) => self.amqp(event),
            What::Redis(event) => self.redis(event),
            What::Console { client, line } => fill(t.typed, &[&client.to_string(), &piece(line)]),
            What::ConsoleHeard { client, text } => fill(t.heard, &[&client.to_string(), &piece(text)]),
            What::ProcessStarted { process } => fill(t.started, &[&self.process(*process)]),
            What::LineRan { process, line } => {
                let code = self.line(*process, *line);
                fill(t.line_ran, &[&self.process(*process), &line.to_string(), &code])
            }
            What::Printed { process, text } => fill(t.printed, &[&self.process(*process), &piece(text)]),
            What::ProcessEnded { process, error: None } => fill(t.ended, &[&self.process(*process)]),
            What::ProcessEnded { process, error: Some(error) } => {
                fill(t.died, &[&self.process(*process), &error.text()])
            }
            What::ProcessKilled { process } => fill(t.killed, &[&self.process(*process)]),
            What::FrameSent { connection, to_broker, method, message, channel: _ } => {
                let template = match (to_broker, message) {
                    (true, None) => t.sent,
                    (true, Some(_)) => t.sent_message,
                    (false, None) => t.broker_sent,
                    (false, Some(_)) => t.broker_sent_message,
                };
                let message = message.map_or_else(String::new, |message| message.0.to_string());
                fill(template, &[&self.connection(*connection), method, &message])
            }
            What::FrameArrived { connection, to_broker, method, channel: _ } => {
                fill(if *to_broker { t.arrived } else { t.broker_arrived }, &[&self.connection(*connection), method])
            }
            What::FrameLost { connection, to_broker, method } => {
                let template = if *to_broker { t.frame_lost } else { t.broker_frame_lost };
                fill(template, &[&self.connection(*connection), method])
            }
            What::Answered { client, text, channel: _ } => fill(t.answered, &[&piece(client), &piece(text)]),
            What::Trip(trip) => self.trip(trip),
            What::Waited => t.waited.to_string(),
            What::NotDone { reason } => fill(t.not_done, &[&reason.text()]),
        }
    }

    /// A line of a process's program.
    fn line(&self, process: ProcessId, line: u16) -> String {
        let process = self.session.world().processes().get(process.0 as usize);
        let code = process.and_then(|process| process.program.listing().get(usize::from(line).checked_sub(1)?));
        code.map_or_else(String::new, |code| code.text().trim().to_string())
    }

    /// What happened inside the broker.
    fn amqp(&self, event: &Amqp) -> String {
        let t = self.say();
        match event {
            Amqp::ConnectionOpened { connection } => fill(t.connection_opened, &[&self.connection(*connection)]),
            Amqp::ConnectionClosed { connection, code, text } => self.connection_closed(*connection, *code, text),
            Amqp::ChannelOpened { channel } => fill(t.channel_opened, &[&self.channel(*channel), &number(channel)]),
            Amqp::ChannelClosed { channel, code, text } => self.channel_closed(*channel, *code, text),
            Amqp::Refused { channel, code, text, method, hard } => {
                let template = if *hard { t.refused_connection } else { t.refused_channel };
                fill(template, &[&self.channel(*channel), method.name(), &reply(*code, text)])
            }
            Amqp::ExchangeDeclared { exchange } => fill(t.declared, &[&self.exchange(&exchange.name)]),
            Amqp::ExchangeDeleted { exchange } => fill(t.deleted, &[&self.exchange(&exchange.name)]),
            Amqp::QueueDeclared { queue } => fill(t.declared, &[&self.queue(&queue.name)]),
            Amqp::QueueDeleted { queue, reason } => self.queue_deleted(queue, *reason),
            Amqp::Bound { source, destination, to_exchange, binding_key } => {
                self.binding(t.bound, source, destination, *to_exchange, binding_key)
            }
            Amqp::Unbound { source, destination, to_exchange, binding_key } => {
                self.binding(t.unbound, source, destination, *to_exchange, binding_key)
            }
            Amqp::ConsumerAdded { consumer, queue } => self.consumer(t.consumer_added, consumer, queue),
            Amqp::ConsumerCancelled { consumer, queue, by_broker } => {
                let template = if *by_broker { t.consumer_cancelled_by_broker } else { t.consumer_cancelled };
                self.consumer(template, consumer, queue)
            }
            Amqp::Published { message, channel, exchange, routing_key } => {
                let (who, place) = (self.channel(*channel), self.exchange(&exchange.name));
                fill(t.published, &[&id(message), &who, &place, &self.key(routing_key)])
            }
            Amqp::Routed { message, exchange, queues, decisions: _, untold: _, keys: _, headers: _ } => {
                self.routed(*message, exchange, queues)
            }
            Amqp::Unroutable { message, returned, exchange: _ } => {
                fill(if *returned { t.returned } else { t.dropped }, &[&id(message)])
            }
            Amqp::Enqueued { message, queue } => fill(t.enqueued, &[&id(message), &self.queue(&queue.name)]),
            Amqp::Delivered { message, queue, consumer, delivery_tag, redelivered, no_ack } => {
                let template = self.delivered(*no_ack, *redelivered);
                let (from, to) = (self.queue(&queue.name), self.channel(consumer.channel));
                fill(template, &[&id(message), &from, &to, &delivery_tag.to_string()])
            }
            Amqp::Got { message, queue, channel, delivery_tag, redelivered: _, no_ack: _ } => {
                let (from, to) = (self.queue(&queue.name), self.channel(*channel));
                fill(t.got, &[&id(message), &from, &to, &delivery_tag.to_string()])
            }
            Amqp::Acked { message, queue, channel, delivery_tag: _ } => {
                fill(t.acked, &[&id(message), &self.channel(*channel), &self.queue(&queue.name)])
            }
            Amqp::Requeued { message, queue, reason } => {
                fill(t.requeued, &[&id(message), &self.queue(&queue.name), self.requeue_reason(*reason)])
            }
            Amqp::Lost { message, queue, reason } => {
                fill(t.lost, &[&id(message), &self.queue(&queue.name), self.loss_reason(*reason)])
            }
            Amqp::DeadLettered { message, queue, exchange, reason } => {
                let (from, to) = (self.queue(&queue.name), self.exchange(exchange));
                fill(t.dead_lettered, &[&id(message), &from, &to, self.loss_reason(*reason)])
            }
            Amqp::Recovered { message, queue } => fill(t.recovered, &[&id(message), &self.queue(&queue.name)]),
            Amqp::Confirmed { channel, delivery_tag, multiple, ack } => {
                self.confirmed(*channel, *delivery_tag, *multiple, *ack)
            }
            Amqp::VhostCreated { vhost } => fill(t.vhost_created, &[&piece(vhost)]),
            Amqp::VhostDeleted { vhost } => fill(t.vhost_deleted, &[&piece(vhost)]),
            Amqp::PolicySet { name, operator, vhost: _ } => {
                fill(if *operator { t.operator_policy_set } else { t.policy_set }, &[&piece(name)])
            }
            Amqp::PolicyCleared { name, operator, vhost: _ } => {
                fill(if *operator { t.operator_policy_cleared } else { t.policy_cleared }, &[&piece(name)])
            }
            Amqp::PolicyApplied { resource, to_exchange, policy, operator } => {
                let target = if *to_exchange { self.exchange(&resource.name) } else { self.queue(&resource.name) };
                let names: Vec<String> = policy.iter().chain(operator).map(|name| piece(name).into_owned()).collect();
                let template = if names.is_empty() { t.policy_none } else { t.policy_applied };
                fill(template, &[&target, &self.list(&names)])
            }
            Amqp::DefinitionsImported { created, left_out } => {
                fill(t.definitions_imported, &[&created.to_string(), &left_out.to_string()])
            }
            Amqp::BrokerStopped => t.broker_stopped.to_string(),
            Amqp::BrokerKilled => t.broker_killed.to_string(),
            Amqp::BrokerStarted => t.broker_started.to_string(),
        }
    }

    fn connection_closed(&self, connection: ConnectionId, code: u16, text: &Bytes) -> String {
        let template = if code == 0 { self.say().connection_cut } else { self.say().connection_closed };
        fill(template, &[&self.connection(connection), &reply(code, text)])
    }

    fn channel_closed(&self, channel: ChannelRef, code: u16, text: &Bytes) -> String {
        let template = if code == 0 { self.say().channel_gone } else { self.say().channel_closed };
        fill(template, &[&self.channel(channel), &number(&channel), &reply(code, text)])
    }

    fn consumer(&self, template: &str, consumer: &ConsumerRef, queue: &Resource) -> String {
        fill(template, &[&self.channel(consumer.channel), &self.queue(&queue.name)])
    }

    fn routed(&self, message: MessageId, exchange: &Resource, queues: &[Bytes]) -> String {
        let template = if queues.is_empty() { self.say().routed_nowhere } else { self.say().routed };
        let names: Vec<String> = queues.iter().map(|name| piece(name).into_owned()).collect();
        fill(template, &[&id(&message), &self.exchange(&exchange.name), &self.list(&names)])
    }

    fn delivered(&self, no_ack: bool, redelivered: bool) -> &'a str {
        match (no_ack, redelivered) {
            (true, _) => self.say().delivered_no_ack,
            (false, false) => self.say().delivered,
            (false, true) => self.say().delivered_again,
        }
    }

    fn confirmed(&self, channel: ChannelRef, delivery_tag: u64, multiple: bool, ack: bool) -> String {
        let template = match (ack, multiple) {
            (false, _) => self.say().confirmed_nack,
            (true, false) => self.say().confirmed,
            (true, true) => self.say().confirmed_multiple,
        };
        fill(template, &[&self.channel(channel), &delivery_tag.to_string()])
    }

    fn queue_deleted(&self, queue: &Resource, reason: QueueDeleteReason) -> String {
        let t = self.say();
        let template = match reason {
            QueueDeleteReason::Asked => t.queue_asked,
            QueueDeleteReason::AutoDelete => t.queue_auto_delete,
            QueueDeleteReason::Exclusive => t.queue_exclusive,
            QueueDeleteReason::Expired => t.queue_expired,
            QueueDeleteReason::Transient => t.queue_transient,
        };
        fill(template, &[&piece(&queue.name)])
    }

    fn binding(&self, template: &str, source: &Resource, to: &Resource, to_exchange: bool, key: &Bytes) -> String {
        let target = if to_exchange { self.exchange(&to.name) } else { self.queue(&to.name) };
        fill(template, &[&self.exchange(&source.name), &target, &self.key(key)])
    }

    /// Why a delivered message came back.
    pub fn requeue_reason(&self, reason: RequeueReason) -> &'a str {
        let t = self.say();
        match reason {
            RequeueReason::Rejected => t.requeue_rejected,
            RequeueReason::Recovered => t.requeue_recovered,
            RequeueReason::ChannelClosed => t.requeue_channel,
            RequeueReason::ConnectionClosed => t.requeue_connection,
            RequeueReason::BrokerStopped => t.requeue_broker,
        }
    }

    /// Why a message is gone for good.
    pub fn loss_reason(&self, reason: LossReason) -> &'a str {
        let t = self.say();
        match reason {
            LossReason::Rejected => t.lost_rejected,
            LossReason::Purged => t.lost_purged,
            LossReason::QueueDeleted => t.lost_queue,
            LossReason::Expired => t.lost_expired,
            LossReason::MaxLength => t.lost_max_length,
            LossReason::DeliveryLimit => t.lost_delivery_limit,
            LossReason::Transient => t.lost_transient,
            LossReason::QueueTransient => t.lost_queue_transient,
        }
    }
}

/// Who opened each connection: a process, or a client that was driven by hand. Numbers are given out in order, from 1.
fn owners(session: &Session) -> Vec<Option<Bytes>> {
    let timeline = session.timeline();
    let mut owners = Vec::new();
    for event in timeline.events(0, timeline.length()) {
        let What::FrameSent { connection, to_broker: true, method: "connection.open", .. } = event.what else {
            continue;
        };
        let index = connection.0 as usize;
        owners.resize(owners.len().max(index), None);
        let name = match event.cause.and_then(|cause| timeline.event(cause)).map(|cause| &cause.what) {
            Some(What::LineRan { process, .. }) => match session.world().processes().get(process.0 as usize) {
                Some(process) => Some(process.name.clone()),
                None => starting_name(session, *process),
            },
            _ => match timeline.branch().input_at(timeline.step_of(event.id)) {
                Some(Input::Amqp { client, .. }) => Some(client.clone()),
                _ => session.world().owner_name(connection).cloned(),
            },
        };
        if let Some(slot) = index.checked_sub(1).and_then(|index| owners.get_mut(index)) {
            *slot = name;
        }
    }
    owners
}

/// The name that a process was first started with.
fn starting_name(session: &Session, id: ProcessId) -> Option<Bytes> {
    let timeline = session.timeline();
    let events = timeline.events(0, timeline.length());
    let started = events.iter().find(|event| event.what == What::ProcessStarted { process: id })?;
    match timeline.branch().input_at(timeline.step_of(started.id)) {
        Some(Input::Start { name, .. }) => Some(name.clone()),
        _ => None,
    }
}

/// Whether a step was the learner's own act rather than a line of the lesson's script.
pub fn is_own(session: &Session, step: u32) -> bool {
    let branch = session.timeline().branch();
    branch.input_at(step).is_some() && !branch.progress().iter().any(|(at, progress)| *at == step && progress.begun)
}

/// Seconds with as many decimals as are needed, at least one: `6.4`.
pub fn seconds(ms: u64) -> String {
    let text = format!("{}.{:03}", ms / 1000, ms % 1000);
    text.strip_suffix("00").or_else(|| text.strip_suffix('0')).unwrap_or(&text).to_string()
}

/// Somebody's data within a sentence: never longer than a sentence bears.
pub fn piece(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    match text.char_indices().nth(MAX_PIECE) {
        None => text,
        Some((cut, _)) => Cow::Owned(format!("{}…", &text[..cut])),
    }
}

fn id(message: &MessageId) -> String {
    message.0.to_string()
}

fn number(channel: &ChannelRef) -> String {
    channel.channel.to_string()
}

/// A reply code with its text, which already names it.
fn reply(code: u16, text: &Bytes) -> String {
    format!("{code} {text}")
}

/// A sentence begins with a capital letter unless it begins with somebody's name.
fn capital(sentence: String) -> String {
    match ["the ", "queue ", "exchange "].iter().any(|start| sentence.starts_with(start)) {
        true => sentence[..1].to_ascii_uppercase() + &sentence[1..],
        false => sentence,
    }
}
