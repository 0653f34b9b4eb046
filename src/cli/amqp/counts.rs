//! What happened since the server started, counted as RabbitMQ's management counts it: for the node, and for each virtual host,
//! exchange, queue and channel.

use std::collections::HashMap;
use std::hash::Hash;
use warren_sim::amqp::event::{ChannelRef, Event, MessageId, Resource};
use warren_sim::amqp::method::Method;
use warren_sim::bytes::Bytes;

/// The counts of one thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Acknowledged deliveries.
    pub ack: u64,
    /// Confirmed publishes.
    pub confirm: u64,
    /// Deliveries to consumers that acknowledge.
    pub deliver: u64,
    /// Deliveries to consumers that do not.
    pub deliver_no_ack: u64,
    /// Messages fetched and to be acknowledged.
    pub get: u64,
    /// `basic.get` of nothing.
    pub get_empty: u64,
    /// Messages fetched for good.
    pub get_no_ack: u64,
    /// Publishes; of a queue, those that came to it.
    pub publish: u64,
    /// Of an exchange: copies that it gave to queues.
    pub publish_out: u64,
    /// Deliveries that were not the first of their message.
    pub redeliver: u64,
    /// Unroutable messages that went back.
    pub return_unroutable: u64,
    /// Unroutable messages that are gone.
    pub drop_unroutable: u64,
    /// When the last of all that was, in ms since 1970; 0 is never.
    pub last_ms: u64,
}

/// Names and numbers, in the order of the names.
pub type Named = Vec<(&'static str, u64)>;

impl Counts {
    /// Messages that no queue took.
    pub fn unroutable(&self) -> u64 {
        self.return_unroutable + self.drop_unroutable
    }

    /// What RabbitMQ tells of a virtual host or channel: what was published there once there is some of it, and what was
    /// delivered once there is some of that.
    pub fn of_traffic(&self) -> Named {
        let mut named = self.of_deliveries();
        if self.publish > 0 {
            named.extend([
                ("confirm", self.confirm),
                ("drop_unroutable", self.drop_unroutable),
                ("publish", self.publish),
                ("return_unroutable", self.return_unroutable),
            ]);
        }
        named.sort_unstable();
        named
    }

    /// The same of a queue.
    pub fn of_queue(&self) -> Named {
        let mut named = self.of_deliveries();
        named.extend((self.publish > 0).then_some(("publish", self.publish)));
        named.sort_unstable();
        named
    }

    /// The same of an exchange.
    pub fn of_exchange(&self) -> Named {
        let named = [("publish_in", self.publish), ("publish_out", self.publish_out)];
        if self.publish > 0 { named.to_vec() } else { Named::new() }
    }

    fn of_deliveries(&self) -> Named {
        let deliver_get = self.deliver + self.deliver_no_ack + self.get + self.get_no_ack;
        if deliver_get + self.ack + self.get_empty == 0 {
            return Named::new();
        }
        vec![
            ("ack", self.ack),
            ("deliver", self.deliver),
            ("deliver_get", deliver_get),
            ("deliver_no_ack", self.deliver_no_ack),
            ("get", self.get),
            ("get_empty", self.get_empty),
            ("get_no_ack", self.get_no_ack),
            ("redeliver", self.redeliver),
        ]
    }
}

/// What came and went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Churn {
    /// Channels that are gone, and those that came into being.
    pub channels: (u64, u64),
    /// The same of connections.
    pub connections: (u64, u64),
    /// The same of queues.
    pub queues: (u64, u64),
    /// Answers to `queue.declare`.
    pub queue_declared: u64,
}

/// All counts.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Whether counts are kept of more than the node: nobody asks for them without the management calls.
    pub is_detailed: bool,
    /// Those of the whole node.
    pub node: Counts,
    /// What came and went.
    pub churn: Churn,
    /// Bytes that came and went over connections of a virtual host that are gone.
    pub traffic: HashMap<Bytes, (u64, u64)>,
    /// With its virtual host, once that is known.
    channels: HashMap<ChannelRef, (Counts, Option<Bytes>)>,
    exchanges: HashMap<Resource, Counts>,
    queues: HashMap<Resource, Counts>,
    vhosts: HashMap<Bytes, Counts>,
    /// What is on its way from its publisher to queues.
    published: Option<(MessageId, ChannelRef, Resource)>,
}

impl Ledger {
    /// The counts of a channel.
    pub fn channel(&self, channel: ChannelRef) -> Counts {
        self.channels.get(&channel).map(|(counts, _)| *counts).unwrap_or_default()
    }

    /// The counts of an exchange.
    pub fn exchange(&self, exchange: &Resource) -> Counts {
        self.exchanges.get(exchange).copied().unwrap_or_default()
    }

    /// The counts of a queue.
    pub fn queue(&self, queue: &Resource) -> Counts {
        self.queues.get(queue).copied().unwrap_or_default()
    }

    /// The counts of a virtual host.
    pub fn vhost(&self, vhost: &Bytes) -> Counts {
        self.vhosts.get(vhost).copied().unwrap_or_default()
    }

    /// Counts an event.
    pub fn add(&mut self, event: &Event, now_ms: u64) {
        match event {
            Event::Published { message, channel, exchange, .. } => {
                if self.is_detailed {
                    self.published = Some((*message, *channel, exchange.clone()));
                }
                self.count((Some(*channel), None, Some(exchange)), now_ms, |counts| counts.publish += 1);
            }
            Event::Routed { message, queues, .. } => self.routed(*message, queues, now_ms),
            Event::Delivered { no_ack, redelivered, queue, consumer, .. } => {
                self.count((Some(consumer.channel), Some(queue), None), now_ms, |counts| {
                    *if *no_ack { &mut counts.deliver_no_ack } else { &mut counts.deliver } += 1;
                    counts.redeliver += u64::from(*redelivered);
                });
            }
            Event::Got { no_ack, redelivered, queue, channel, .. } => {
                self.count((Some(*channel), Some(queue), None), now_ms, |counts| {
                    *if *no_ack { &mut counts.get_no_ack } else { &mut counts.get } += 1;
                    counts.redeliver += u64::from(*redelivered);
                });
            }
            Event::Acked { queue, channel, .. } => {
                self.count((Some(*channel), Some(queue), None), now_ms, |counts| counts.ack += 1);
            }
            Event::Confirmed { channel, ack: true, .. } => {
                self.count((Some(*channel), None, None), now_ms, |counts| counts.confirm += 1);
            }
            Event::Unroutable { returned, .. } => {
                let channel = self.published.as_ref().map(|(_, channel, _)| *channel);
                self.count((channel, None, None), now_ms, |counts| {
                    *if *returned { &mut counts.return_unroutable } else { &mut counts.drop_unroutable } += 1;
                });
            }
            _ => self.come_or_go(event, now_ms),
        }
    }

    /// Counts what is said to a client, as far as no event tells of it.
    pub fn said(&mut self, channel: ChannelRef, method: &Method, now_ms: u64) {
        match method {
            Method::BasicGetEmpty(_) => self.count((Some(channel), None, None), now_ms, |counts| counts.get_empty += 1),
            Method::QueueDeclareOk(_) => self.churn.queue_declared += 1,
            _ => {}
        }
    }

    /// Counts something for the node and whatever has a part in it.
    fn count(
        &mut self,
        (channel, queue, exchange): (Option<ChannelRef>, Option<&Resource>, Option<&Resource>),
        now_ms: u64,
        act: impl Fn(&mut Counts),
    ) {
        act(&mut self.node);
        if !self.is_detailed {
            return;
        }
        let act = |counts: &mut Counts| {
            counts.last_ms = now_ms;
            act(counts);
        };
        let mut vhost = queue.or(exchange).map(|resource| resource.vhost.clone());
        if let Some(channel) = channel {
            let (counts, known) = self.channels.entry(channel).or_default();
            act(counts);
            // Confirms and the like do not say where they are.
            vhost = vhost.or_else(|| known.clone());
            known.clone_from(&vhost);
        }
        vhost.iter().for_each(|vhost| act(entry(&mut self.vhosts, vhost)));
        queue.into_iter().for_each(|queue| act(entry(&mut self.queues, queue)));
        exchange.into_iter().for_each(|exchange| act(entry(&mut self.exchanges, exchange)));
    }

    /// A message that a client published came to these queues.
    fn routed(&mut self, message: MessageId, queues: &[Bytes], now_ms: u64) {
        let Some((published, _, exchange)) = &self.published else { return };
        if *published != message {
            return;
        }
        entry(&mut self.exchanges, exchange).publish_out += queues.len() as u64;
        for name in queues {
            let queue = Resource { vhost: exchange.vhost.clone(), name: name.clone() };
            let counts = self.queues.entry(queue).or_default();
            counts.publish += 1;
            counts.last_ms = now_ms;
        }
    }

    fn come_or_go(&mut self, event: &Event, now_ms: u64) {
        let churn = &mut self.churn;
        match event {
            Event::ConnectionOpened { .. } => churn.connections.1 += 1,
            Event::ConnectionClosed { .. } => churn.connections.0 += 1,
            Event::ChannelOpened { channel, .. } => {
                churn.channels.1 += 1;
                if self.is_detailed {
                    self.channels.entry(*channel).or_default().0.last_ms = now_ms;
                }
            }
            Event::ChannelClosed { channel, .. } => {
                churn.channels.0 += 1;
                self.channels.remove(channel);
            }
            Event::QueueDeclared { queue, .. } => {
                churn.queues.1 += 1;
                if self.is_detailed {
                    entry(&mut self.queues, queue).last_ms = now_ms;
                }
            }
            Event::QueueDeleted { queue, .. } => {
                churn.queues.0 += 1;
                self.queues.remove(queue);
            }
            Event::ExchangeDeleted { exchange } => drop(self.exchanges.remove(exchange)),
            Event::VhostDeleted { vhost } => {
                self.vhosts.remove(vhost);
                self.traffic.remove(vhost);
                self.exchanges.retain(|exchange, _| exchange.vhost != *vhost);
            }
            // Nothing else is counted.
            _ => {}
        }
    }
}

/// A key is made only where it is new.
fn entry<'a, K: Clone + Eq + Hash>(map: &'a mut HashMap<K, Counts>, key: &K) -> &'a mut Counts {
    if !map.contains_key(key) {
        map.insert(key.clone(), Counts::default());
    }
    map.get_mut(key).expect("made just now")
}
