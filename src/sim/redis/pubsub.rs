//! The group `pubsub`: channels, patterns and shard channels, who subscribes to them, and what is published.

use super::acl::User;
use super::call::Call;
use super::command::{Command, Run};
use super::error::{self, Error};
use super::glob;
use super::group::Group;
use super::introspect::{bare_container, help};
use super::reply::{Reply, Resp};
use super::store::{Client, ClientId, Cx, Store};
use crate::bytes::Bytes;
use crate::sorted::{SortedMap, SortedSet};
use alloc::{vec, vec::Vec};

const fn row(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Pubsub, name, arity, run).flags("pubsub noscript loading stale")
}

const fn about(name: &'static str, arity: i8, run: Run) -> Command {
    Command::new(Group::Pubsub, name, arity, run).flags("pubsub loading stale")
}

/// The rows, in the order of the functions below.
pub const COMMANDS: &[Command] = &[
    row("subscribe", -2, subscribe).takes("2.0.0", "channel [channel ...]").says("Listens to channels", "订阅频道"),
    row("unsubscribe", -1, unsubscribe)
        .takes("2.0.0", "[channel [channel ...]]")
        .says("Listens to channels no longer", "取消订阅频道"),
    row("psubscribe", -2, psubscribe)
        .takes("2.0.0", "{pattern:pattern} [pattern ...]")
        .says("Listens to all channels whose names match", "按模式订阅频道"),
    row("punsubscribe", -1, punsubscribe)
        .takes("2.0.0", "[pattern [pattern ...]]")
        .says("Listens to patterns no longer", "取消按模式的订阅"),
    row("ssubscribe", -2, ssubscribe)
        .keys("1:-1 not_key")
        .takes("7.0.0", "shardchannel [shardchannel ...]")
        .says("Listens to channels of a shard", "订阅分片频道"),
    row("sunsubscribe", -1, sunsubscribe)
        .keys("1:-1 not_key")
        .takes("7.0.0", "[shardchannel [shardchannel ...]]")
        .says("Listens to channels of a shard no longer", "取消订阅分片频道"),
    about("publish", 3, publish)
        .flags("pubsub loading stale fast")
        .takes("2.0.0", "channel message")
        .says("Sends a message to all who listen to a channel", "向频道发布消息"),
    about("spublish", 3, spublish)
        .flags("pubsub loading stale fast")
        .keys("1 not_key")
        .takes("7.0.0", "shardchannel message")
        .says("Sends a message to all who listen to a channel of a shard", "向分片频道发布消息"),
    about("pubsub", -2, bare_container)
        .flags("")
        .container()
        .takes("2.8.0", "")
        .says("Tells about channels and who listens", "查看频道和订阅者"),
    about("pubsub|channels", -2, channels)
        .takes("2.8.0", "[pattern]")
        .says("Lists the channels that somebody listens to", "列出有订阅者的频道"),
    about("pubsub|numsub", -2, numsub)
        .takes("2.8.0", "[channel [channel ...]]")
        .says("Counts who listens to channels", "返回频道的订阅者数"),
    about("pubsub|numpat", 2, numpat)
        .takes("2.8.0", "")
        .says("Counts the patterns that somebody listens to", "返回被订阅的模式数"),
    about("pubsub|shardchannels", -2, shardchannels)
        .takes("7.0.0", "[pattern]")
        .says("Lists the channels of shards that somebody listens to", "列出有订阅者的分片频道"),
    about("pubsub|shardnumsub", -2, shardnumsub)
        .takes("7.0.0", "[shardchannel [shardchannel ...]]")
        .says("Counts who listens to channels of shards", "返回分片频道的订阅者数"),
    about("pubsub|help", 2, help).flags("loading stale").takes("6.2.0", "").says("Lists the subcommands", "列出子命令"),
];

/// What can be subscribed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Topic {
    /// A channel.
    Channel,
    /// All channels that match a pattern.
    Pattern,
    /// A channel of a shard.
    Shard,
}

impl Topic {
    const ALL: [Topic; 3] = [Topic::Channel, Topic::Shard, Topic::Pattern];

    /// The first words of what a client is told when it subscribes, when it no longer does, and with each message.
    fn words(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Topic::Channel => ("subscribe", "unsubscribe", "message"),
            Topic::Pattern => ("psubscribe", "punsubscribe", "pmessage"),
            Topic::Shard => ("ssubscribe", "sunsubscribe", "smessage"),
        }
    }
}

/// Who subscribes to what, over all clients; each topic's clients in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Topics {
    channels: SortedMap<Bytes, Vec<ClientId>>,
    patterns: SortedMap<Bytes, Vec<ClientId>>,
    shards: SortedMap<Bytes, Vec<ClientId>>,
}

/// What one client subscribes to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Subscriptions {
    channels: SortedSet<Bytes>,
    patterns: SortedSet<Bytes>,
    shards: SortedSet<Bytes>,
    /// Whether the client is in the mode of subscribers: from its first subscription until an unsubscribing command leaves none.
    mode: bool,
}

impl Subscriptions {
    /// How many channels, patterns and channels of shards.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.channels.len(), self.patterns.len(), self.shards.len())
    }

    /// How many in all.
    pub fn count(&self) -> usize {
        self.channels.len() + self.patterns.len() + self.shards.len()
    }

    /// Whether a user may listen to all of it.
    pub(super) fn all_heard_by(&self, user: &User) -> bool {
        let channels = self.channels.iter().chain(self.shards.iter());
        channels.into_iter().all(|name| user.may_hear(name, false))
            && self.patterns.iter().all(|name| user.may_hear(name, true))
    }
}

impl Store {
    /// How many channels, patterns and channels of shards anybody subscribes to.
    pub(super) fn topic_counts(&self) -> (usize, usize, usize) {
        (self.topics.channels.len(), self.topics.patterns.len(), self.topics.shards.len())
    }
}

impl Topics {
    fn of(&self, topic: Topic) -> &SortedMap<Bytes, Vec<ClientId>> {
        match topic {
            Topic::Channel => &self.channels,
            Topic::Pattern => &self.patterns,
            Topic::Shard => &self.shards,
        }
    }

    fn of_mut(&mut self, topic: Topic) -> &mut SortedMap<Bytes, Vec<ClientId>> {
        match topic {
            Topic::Channel => &mut self.channels,
            Topic::Pattern => &mut self.patterns,
            Topic::Shard => &mut self.shards,
        }
    }

    /// How many clients subscribe to a channel, a pattern or a channel of a shard.
    pub fn count(&self, topic: Topic, name: &[u8]) -> u64 {
        self.of(topic).get(name).map_or(0, |clients| clients.len() as u64)
    }

    /// How many channels, patterns or channels of shards somebody subscribes to.
    pub fn len(&self, topic: Topic) -> u64 {
        self.of(topic).len() as u64
    }
}

impl Subscriptions {
    fn of(&self, topic: Topic) -> &SortedSet<Bytes> {
        match topic {
            Topic::Channel => &self.channels,
            Topic::Pattern => &self.patterns,
            Topic::Shard => &self.shards,
        }
    }

    fn of_mut(&mut self, topic: Topic) -> &mut SortedSet<Bytes> {
        match topic {
            Topic::Channel => &mut self.channels,
            Topic::Pattern => &mut self.patterns,
            Topic::Shard => &mut self.shards,
        }
    }

    /// How many channels, patterns or channels of shards.
    pub fn len(&self, topic: Topic) -> u64 {
        self.of(topic).len() as u64
    }

    /// Whether the client is in the mode of subscribers.
    pub fn mode(&self) -> bool {
        self.mode
    }

    /// The number that a client is told when it subscribes or no longer does: channels of shards are counted for themselves.
    fn told(&self, topic: Topic) -> i64 {
        let count = match topic {
            Topic::Channel | Topic::Pattern => self.channels.len() + self.patterns.len(),
            Topic::Shard => self.shards.len(),
        };
        count as i64
    }
}

fn subscribe(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    listen(call, Topic::Channel)
}

fn unsubscribe(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    stop_listening(call, Topic::Channel)
}

fn psubscribe(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    listen(call, Topic::Pattern)
}

fn punsubscribe(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    stop_listening(call, Topic::Pattern)
}

fn ssubscribe(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    listen(call, Topic::Shard)
}

fn sunsubscribe(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    stop_listening(call, Topic::Shard)
}

fn publish(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.replicates_anyway();
    let receivers = call.store.publish(call.arg(1), call.arg(2), call.cx);
    Ok(Reply::Integer(receivers))
}

fn spublish(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    call.replicates_anyway();
    let receivers = call.store.deliver(Topic::Shard, call.arg(1), call.arg(1), call.arg(2), call.cx);
    Ok(Reply::Integer(receivers))
}

fn channels(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    active(call, Topic::Channel)
}

fn numsub(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(counts(call, Topic::Channel))
}

fn numpat(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(Reply::Integer(call.store.topics.len(Topic::Pattern) as i64))
}

fn shardchannels(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    active(call, Topic::Shard)
}

fn shardnumsub(call: &mut Call<'_, '_>) -> Result<Reply, Error> {
    Ok(counts(call, Topic::Shard))
}

fn active(call: &Call<'_, '_>, topic: Topic) -> Result<Reply, Error> {
    let pattern = match &call.args[2..] {
        [] => None,
        [pattern] => Some(pattern),
        _ => return Err(error::subcommand_or_arity(&call.args[0], &call.args[1])),
    };
    let fits = |name: &&Bytes| pattern.is_none_or(|pattern| glob::matches(pattern, name, false));
    Ok(Reply::Array(call.store.topics.of(topic).keys().filter(fits).cloned().map(Reply::Bulk).collect()))
}

fn counts(call: &Call<'_, '_>, topic: Topic) -> Reply {
    let pair = |name: &Bytes| [Reply::Bulk(name.clone()), Reply::Integer(call.store.topics.count(topic, name) as i64)];
    Reply::Array(call.args[2..].iter().flat_map(pair).collect())
}

fn listen(call: &mut Call<'_, '_>, topic: Topic) -> Result<Reply, Error> {
    let client = call.client;
    let mut told = Vec::with_capacity(call.args.len() - 1);
    for name in &call.args[1..] {
        let own = &mut call.state().subscriptions;
        own.mode = true;
        if own.of_mut(topic).insert(name.clone()) {
            call.store.topics.of_mut(topic).get_or_insert_with(name.clone(), Vec::new).push(client);
        }
        let count = call.state().subscriptions.told(topic);
        told.push(Reply::Push(vec![Reply::text(topic.words().0), Reply::Bulk(name.clone()), Reply::Integer(count)]));
    }
    Ok(Reply::Many(told))
}

fn stop_listening(call: &mut Call<'_, '_>, topic: Topic) -> Result<Reply, Error> {
    let client = call.client;
    let all = call.args.len() == 1;
    let names: Vec<Bytes> =
        if all { call.state().subscriptions.of(topic).iter().cloned().collect() } else { call.args[1..].to_vec() };
    let mut told = Vec::with_capacity(names.len().max(1));
    let word = || Reply::text(topic.words().1);
    for name in names {
        call.store.forget_topic(client, topic, &name);
        let count = call.state().subscriptions.told(topic);
        told.push(Reply::Push(vec![word(), Reply::Bulk(name), Reply::Integer(count)]));
    }
    if told.is_empty() {
        let count = call.state().subscriptions.told(topic);
        told.push(Reply::Push(vec![word(), Reply::Nil, Reply::Integer(count)]));
    }
    let own = &mut call.state().subscriptions;
    own.mode &= Topic::ALL.iter().any(|topic| own.len(*topic) > 0);
    Ok(Reply::Many(told))
}

/// The commands that a subscriber who speaks RESP2 may send.
const FOR_SUBSCRIBERS: &[&str] =
    &["ping", "subscribe", "ssubscribe", "sunsubscribe", "psubscribe", "unsubscribe", "punsubscribe", "quit", "reset"];

impl Store {
    /// Whether a client is in the mode of subscribers.
    pub fn is_subscriber(&self, id: ClientId) -> bool {
        self.client(id).is_some_and(|client| client.subscriptions.mode())
    }

    /// Refuses what a subscriber may not send: in RESP2 a message and a reply could not be told apart.
    pub(super) fn allowed_to_subscriber(client: &Client, command: &Command) -> Result<(), Error> {
        let bound = client.subscriptions.mode() && client.resp == Resp::V2;
        if bound && !FOR_SUBSCRIBERS.contains(&command.name) {
            return Err(error::not_for_subscribers(command.name));
        }
        Ok(())
    }

    /// Sends a message to all who listen to a channel, by its name first, by patterns then; returns to how many.
    pub(super) fn publish(&mut self, channel: &Bytes, message: &Bytes, cx: &mut Cx<'_>) -> i64 {
        let mut receivers = self.deliver(Topic::Channel, channel, channel, message, cx);
        if !self.topics.patterns.is_empty() {
            let fits = |pattern: &&Bytes| glob::matches(pattern, channel, false);
            let patterns: Vec<Bytes> = self.topics.patterns.keys().filter(fits).cloned().collect();
            for pattern in patterns {
                receivers += self.deliver(Topic::Pattern, &pattern, channel, message, cx);
            }
        }
        receivers
    }

    /// Sends a message to all who subscribe to `name`.
    fn deliver(&self, topic: Topic, name: &Bytes, channel: &Bytes, message: &Bytes, cx: &mut Cx<'_>) -> i64 {
        let Some(clients) = self.topics.of(topic).get(name) else { return 0 };
        for client in clients {
            let mut parts = vec![Reply::text(topic.words().2)];
            if topic == Topic::Pattern {
                parts.push(Reply::Bulk(name.clone()));
            }
            parts.extend([Reply::Bulk(channel.clone()), Reply::Bulk(message.clone())]);
            cx.send(*client, Reply::Push(parts));
        }
        clients.len() as i64
    }

    fn forget_topic(&mut self, client: ClientId, topic: Topic, name: &Bytes) {
        let own = self.client_mut(client).is_some_and(|client| client.subscriptions.of_mut(topic).remove(name));
        let topics = self.topics.of_mut(topic);
        if own && let Some(clients) = topics.get_mut(name) {
            clients.retain(|other| *other != client);
            if clients.is_empty() {
                topics.remove(name);
            }
        }
    }

    /// A client subscribes to nothing any more, and is not told.
    pub(super) fn forget_topics(&mut self, client: ClientId) {
        for topic in Topic::ALL {
            let names: Vec<Bytes> = self
                .client(client)
                .map(|client| client.subscriptions.of(topic).iter().cloned().collect())
                .unwrap_or_default();
            names.iter().for_each(|name| self.forget_topic(client, topic, name));
        }
        if let Some(client) = self.client_mut(client) {
            client.subscriptions.mode = false;
        }
    }

    pub(super) fn check_topics(&self, id: ClientId, client: &Client) {
        for topic in Topic::ALL {
            for name in client.subscriptions.of(topic).iter() {
                let clients = self.topics.of(topic).get(name);
                assert!(clients.is_some_and(|ids| ids.contains(&id)), "who subscribes is noted at the topic");
            }
        }
    }
}
