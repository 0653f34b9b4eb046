//! The broker under seeded random clients, its invariants checked after every step; topic matching against an independent
//! matcher; and what a reader of the code should see at a glance: turns, prefetch, requeue, restart.

use std::collections::BTreeMap;

use warren_sim::amqp::broker::{Broker, Cx, Out};
use warren_sim::amqp::event::{ConnectionId, Event};
use warren_sim::amqp::method::{Frame, Method};
use warren_sim::amqp::text::{parse_frame, print_frame};
use warren_sim::amqp::view::WaitReason;
use warren_sim::bytes::Bytes;
use warren_sim::hash::stable_hash;
use warren_sim::prng::Prng;

/// A broker with what it needs around it.
struct Bench {
    broker: Broker,
    prng: Prng,
    now_ms: u64,
    events: Vec<(Event, Option<u32>)>,
    out: Vec<Out>,
}

impl Bench {
    fn new() -> Bench {
        Bench { broker: Broker::new(), prng: Prng::new(1), now_ms: 0, events: Vec::new(), out: Vec::new() }
    }

    fn act(&mut self, act: impl FnOnce(&mut Broker, &mut Cx<'_>)) {
        let events = &mut self.events;
        let mut record = |event, cause: Option<u32>| {
            assert!(
                cause.is_none_or(|cause| (cause as usize) < events.len()),
                "a cause that did not happen: {event:?}"
            );
            events.push((event, cause));
            events.len() as u32 - 1
        };
        let (now_ms, prng, out) = (self.now_ms, &mut self.prng, &mut self.out);
        let mut cx = Cx::new(now_ms, prng, &mut record, out);
        act(&mut self.broker, &mut cx);
        self.broker.check().expect("the invariants hold");
    }

    fn connect(&mut self, connection: u32, channels: &[u16]) {
        self.act(|broker, cx| broker.connect(cx, ConnectionId(connection)));
        for channel in channels {
            self.send(connection, *channel, "channel.open");
        }
        self.heard();
    }

    /// Sends one frame and lets the broker do what that makes possible.
    fn send(&mut self, connection: u32, channel: u16, text: &str) {
        let frame = parse_frame(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        self.receive(connection, channel, frame);
        self.settle();
    }

    fn receive(&mut self, connection: u32, channel: u16, frame: Frame) {
        self.act(|broker, cx| broker.receive(cx, ConnectionId(connection), channel, frame));
    }

    fn settle(&mut self) {
        let mut steps = 0;
        while self.broker.has_work(self.now_ms) {
            self.act(Broker::work);
            steps += 1;
            assert!(steps < 100_000, "the broker does not come to rest");
        }
    }

    fn advance(&mut self, ms: u64) {
        let until = self.now_ms + ms;
        while let Some(due) = self.broker.next_due().filter(|due| *due <= until) {
            self.now_ms = self.now_ms.max(due);
            self.settle();
        }
        self.now_ms = until;
    }

    /// What clients heard since the last call: `connection.channel frame`.
    fn heard(&mut self) -> Vec<String> {
        let frames = self.out.drain(..).map(|out| match out {
            Out::Frame { connection, channel, frame, .. } => {
                format!("{}.{channel} {}", connection.0, print_frame(&frame))
            }
            Out::Closed { connection } => format!("{} closed", connection.0),
        });
        frames.collect()
    }

    /// The deliveries among what was heard, short: who got which body.
    fn deliveries(&mut self) -> Vec<String> {
        let mut short = Vec::new();
        for out in self.out.drain(..) {
            if let Out::Frame { frame: Frame { method: Method::BasicDeliver(deliver), content }, .. } = out {
                let again = if deliver.redelivered { "!" } else { "" };
                let body = content.expect("a delivery has content").body;
                short.push(format!("{}:{}{again}", deliver.consumer_tag, body));
            }
        }
        short
    }

    fn publish(&mut self, bodies: &[&str]) {
        for body in bodies {
            self.send(1, 1, &format!("basic.publish routing_key=q body={body}"));
        }
    }
}

#[test]
fn a_consumer_goes_to_the_tail_of_the_ring_after_each_delivery_and_joins_at_the_tail() {
    let mut bench = Bench::new();
    bench.connect(1, &[1]);
    bench.send(1, 1, "queue.declare queue=q");
    bench.send(1, 1, "basic.consume queue=q consumer_tag=a no_ack");
    bench.send(1, 1, "basic.consume queue=q consumer_tag=b no_ack");
    bench.publish(&["1", "2", "3"]);
    bench.send(1, 1, "basic.consume queue=q consumer_tag=c no_ack");
    bench.publish(&["4", "5", "6"]);
    assert_eq!(bench.deliveries(), ["a:1", "b:2", "a:3", "b:4", "a:5", "c:6"]);
}

#[test]
fn a_consumer_with_a_full_prefetch_leaves_the_ring_and_comes_back_at_its_tail() {
    let mut bench = Bench::new();
    bench.connect(1, &[1]);
    bench.send(1, 1, "queue.declare queue=q");
    bench.send(1, 1, "basic.qos prefetch_count=1");
    bench.send(1, 1, "basic.consume queue=q consumer_tag=a");
    bench.send(1, 1, "basic.consume queue=q consumer_tag=b");
    bench.publish(&["1", "2", "3"]);
    let queue = bench.broker.queue(&Bytes::from("q")).expect("declared above");
    let reasons: Vec<WaitReason> = bench.broker.waiting(queue).into_iter().map(|(_, reason)| reason).collect();
    assert_eq!(reasons, [WaitReason::PrefetchFull { unacked: 1, prefetch_count: 1 }; 2]);
    bench.send(1, 1, "basic.ack delivery_tag=2");
    bench.send(1, 1, "basic.ack delivery_tag=1");
    bench.publish(&["4"]);
    assert_eq!(bench.deliveries(), ["a:1", "b:2", "b:3", "a:4"]);
}

#[test]
fn a_requeued_message_goes_back_to_its_place() {
    let mut bench = Bench::new();
    bench.connect(1, &[1]);
    bench.send(1, 1, "queue.declare queue=q");
    bench.publish(&["1", "2", "3", "4"]);
    for _ in 0..3 {
        bench.send(1, 1, "basic.get queue=q");
    }
    bench.send(1, 1, "basic.ack delivery_tag=2");
    bench.send(1, 1, "basic.nack delivery_tag=3 requeue");
    bench.send(1, 1, "basic.reject delivery_tag=1 requeue");
    bench.heard();
    bench.send(1, 1, "basic.consume queue=q consumer_tag=t");
    assert_eq!(bench.deliveries(), ["t:1!", "t:3!", "t:4"]);
}

#[test]
fn a_restart_keeps_persistent_messages_in_durable_queues_only() {
    for (crash, expected) in [(false, ["t:1!", "t:3"]), (true, ["t:1!", "t:3!"])] {
        let mut bench = Bench::new();
        bench.connect(1, &[1]);
        bench.send(1, 1, "queue.declare queue=q durable");
        bench.send(1, 1, "queue.declare queue=gone");
        bench.send(1, 1, "basic.publish routing_key=gone body=x delivery_mode=2");
        for (body, mode) in [("1", 2), ("2", 1), ("3", 2)] {
            bench.send(1, 1, &format!("basic.publish routing_key=q body={body} delivery_mode={mode}"));
        }
        bench.send(1, 1, "basic.get queue=q");
        bench.act(if crash { Broker::kill } else { Broker::stop });
        bench.act(Broker::start);
        let names: Vec<_> = bench.broker.queues().map(|queue| queue.resource.name.clone()).collect();
        assert_eq!(names, [Bytes::from("q")]);
        bench.connect(2, &[1]);
        bench.send(2, 1, "basic.consume queue=q consumer_tag=t");
        assert_eq!(bench.deliveries(), expected);
    }
}

#[test]
fn a_locator_that_nobody_knows_is_refused_where_it_would_choose_a_node() {
    let mut bench = Bench::new();
    bench.connect(1, &[1, 2]);
    bench.send(1, 1, "queue.declare queue=e exclusive arguments={x-queue-master-locator=\"nope\"}");
    bench.send(1, 1, "queue.declare queue=r arguments={x-queue-master-locator=\"random\"}");
    bench.send(1, 1, "queue.declare queue=q arguments={x-queue-master-locator=\"nope\"}");
    let heard = bench.heard();
    assert!(heard.iter().any(|line| line.contains("declare-ok queue=e")), "{heard:?}");
    assert!(heard.iter().any(|line| line.contains("declare-ok queue=r")), "{heard:?}");
    let text = "406 \"PRECONDITION_FAILED - invalid arg 'x-queue-master-locator' for queue 'q' in vhost '/': invalid_queue_locator_arg\"";
    assert!(heard.last().is_some_and(|line| line.contains(text)), "{heard:?}");
}

#[test]
fn a_refusal_closes_the_channel_and_the_rest_is_ignored_until_the_client_agrees() {
    let mut bench = Bench::new();
    bench.connect(1, &[1, 2]);
    bench.send(1, 1, "basic.ack delivery_tag=7");
    bench.send(1, 1, "queue.declare queue=ignored");
    bench.send(1, 2, "queue.declare queue=q");
    bench.send(1, 1, "channel.close-ok");
    bench.send(1, 1, "channel.open");
    let heard = bench.heard();
    assert!(heard[0].contains("channel.close 406 \"PRECONDITION_FAILED - unknown delivery tag 7\" class=60 method=80"));
    assert!(heard[1].starts_with("1.2 queue.declare-ok queue=q"), "{heard:?}");
    assert!(heard[2].starts_with("1.1 channel.open-ok"), "{heard:?}");
    assert_eq!(heard.len(), 3);
}

/// The definition of the specification, word by word and without cleverness: what the broker's own matcher is held to.
fn matches_by_definition(pattern: &[&str], key: &[&str]) -> bool {
    match pattern.split_first() {
        None => key.is_empty(),
        Some((&"#", rest)) => (0..=key.len()).any(|taken| matches_by_definition(rest, &key[taken..])),
        Some((word, rest)) => key
            .split_first()
            .is_some_and(|(first, others)| (*word == "*" || word == first) && matches_by_definition(rest, others)),
    }
}

/// All keys of 0 to 3 words.
fn keys(words: &[&str]) -> Vec<Vec<String>> {
    let mut all = vec![Vec::new()];
    let mut last = all.clone();
    for _ in 0..3 {
        let longer = |key: &Vec<String>, word: &&str| [key.as_slice(), &[word.to_string()]].concat();
        last = last.iter().flat_map(|key| words.iter().map(move |word| longer(key, word))).collect();
        all.extend(last.clone());
    }
    all
}

#[test]
fn topic_matching_is_that_of_an_independent_matcher() {
    let patterns = keys(&["a", "b", "*", "#"]);
    let mut bench = Bench::new();
    bench.connect(1, &[1]);
    for (number, pattern) in patterns.iter().enumerate() {
        bench.send(1, 1, &format!("queue.declare queue=q{number}"));
        let key = pattern.join(".");
        bench.send(1, 1, &format!("queue.bind queue=q{number} exchange=amq.topic routing_key=\"{key}\""));
    }
    let mut pairs = 0;
    for key in keys(&["a", "b"]) {
        bench.events.clear();
        bench.send(1, 1, &format!("basic.publish exchange=amq.topic routing_key=\"{}\" body=m", key.join(".")));
        let routed = bench.events.iter().find_map(|(event, _)| match event {
            Event::Routed { queues, .. } => Some(queues.clone()),
            _ => None,
        });
        let routed = routed.expect("a publish is routed");
        let words: Vec<&str> = key.iter().map(String::as_str).collect();
        for (number, pattern) in patterns.iter().enumerate() {
            let wanted = matches_by_definition(&pattern.iter().map(String::as_str).collect::<Vec<_>>(), &words);
            let name = Bytes::from(format!("q{number}"));
            assert_eq!(routed.contains(&name), wanted, "pattern {:?}, key {:?}", pattern.join("."), key.join("."));
            pairs += 1;
        }
    }
    assert_eq!(pairs, 1275);
}

/// Names from few, so that clients meet.
const QUEUES: [&str; 5] = ["q1", "q2", "q3", "d1", "d2"];
const EXCHANGES: [&str; 6] = ["x1", "x2", "x3", "amq.topic", "amq.fanout", "amq.headers"];
const KEYS: [&str; 6] = ["a", "a.b", "a.*", "#", "q1", "d1"];
const TYPES: [&str; 4] = ["direct", "fanout", "topic", "headers"];

fn pick<'a>(prng: &mut Prng, from: &[&'a str]) -> &'a str {
    from[prng.below(from.len() as u64) as usize]
}

fn flag(prng: &mut Prng, name: &'static str, one_in: u64) -> &'static str {
    if prng.below(one_in) == 0 { name } else { "" }
}

/// The text of a random frame: mostly sensible, now and then one that is refused.
fn random_frame(prng: &mut Prng) -> String {
    let queue = pick(prng, &QUEUES);
    let exchange = pick(prng, &EXCHANGES);
    let key = pick(prng, &KEYS);
    let tag = prng.below(8);
    let multiple = flag(prng, "multiple", 3);
    let requeue = flag(prng, "requeue", 2);
    match prng.below(40) {
        0..=3 => {
            let arguments = match prng.below(8) {
                0 => "arguments={x-max-length=2}",
                1 => "arguments={x-message-ttl=50, x-dead-letter-exchange=\"x1\"}",
                2 => "arguments={x-expires=120}",
                3 => "arguments={x-max-priority=3}",
                4 => "arguments={x-single-active-consumer=true}",
                5 => {
                    "arguments={x-max-length=1, x-overflow=\"reject-publish-dlx\", x-dead-letter-exchange=\"\", x-dead-letter-routing-key=\"d1\"}"
                }
                _ => "",
            };
            let durable = if queue.starts_with('d') { "durable" } else { "" };
            let (auto_delete, exclusive) = (flag(prng, "auto_delete", 5), flag(prng, "exclusive", 8));
            format!("queue.declare queue={queue} {durable} {auto_delete} {exclusive} {arguments}")
        }
        4 => {
            let (durable, auto_delete) = (flag(prng, "durable", 2), flag(prng, "auto_delete", 4));
            format!("exchange.declare exchange={exchange} type={} {durable} {auto_delete}", pick(prng, &TYPES))
        }
        5..=6 => format!("queue.bind queue={queue} exchange={exchange} routing_key={key}"),
        7 => format!("queue.unbind queue={queue} exchange={exchange} routing_key={key}"),
        8 => format!("exchange.bind destination={} source={exchange} routing_key={key}", pick(prng, &EXCHANGES)),
        9 => match prng.below(4) {
            0 => format!("exchange.delete exchange={exchange} {}", flag(prng, "if_unused", 2)),
            1 => format!("queue.delete queue={queue} {}", flag(prng, "if_empty", 2)),
            2 => format!("queue.purge queue={queue}"),
            _ => "queue.declare exclusive".into(),
        },
        10..=19 => {
            let (exchange, key) = if prng.below(2) == 0 { ("\"\"", queue) } else { (exchange, key) };
            let expiration = flag(prng, "expiration=30", 6);
            let mandatory = flag(prng, "mandatory", 4);
            let (mode, priority) = (1 + prng.below(2), prng.below(5));
            format!(
                "basic.publish exchange={exchange} routing_key={key} {mandatory} body=m{tag} delivery_mode={mode} \
                 priority={priority} {expiration}"
            )
        }
        20..=23 => {
            let (no_ack, exclusive) = (flag(prng, "no_ack", 4), flag(prng, "exclusive", 10));
            let arguments = flag(prng, "arguments={x-priority=1}", 6);
            format!("basic.consume queue={queue} {no_ack} {exclusive} {arguments}")
        }
        24 => format!("basic.qos prefetch_count={} {}", prng.below(4), flag(prng, "global", 2)),
        25..=26 => format!("basic.get queue={queue} {}", flag(prng, "no_ack", 3)),
        27..=30 => format!("basic.ack delivery_tag={tag} {multiple}"),
        31..=33 => format!("basic.nack delivery_tag={tag} {multiple} {requeue}"),
        34 => "basic.recover requeue".into(),
        35 => pick(prng, &["tx.select", "tx.commit", "tx.rollback", "confirm.select"]).into(),
        36 => format!("basic.cancel consumer_tag=t{tag}"),
        37 => format!("basic.consume queue={queue} consumer_tag=t{tag}"),
        38 => "channel.close reply_code=200".into(),
        _ => "channel.open".into(),
    }
}

/// Answers what a well-behaved client answers by itself.
fn answer(bench: &mut Bench) {
    for out in std::mem::take(&mut bench.out) {
        let Out::Frame { connection, channel, frame, .. } = out else { continue };
        match frame.method {
            Method::ChannelClose(_) => {
                bench.receive(connection.0, channel, parse_frame("channel.close-ok").expect("text"))
            }
            Method::ConnectionClose(_) => {
                bench.receive(connection.0, 0, parse_frame("connection.close-ok").expect("text"))
            }
            _ => {}
        }
    }
}

/// One random run: the hash of the state after every step, and how often each kind of event happened.
fn random_run(seed: u64, steps: u32) -> (Vec<u64>, BTreeMap<&'static str, u32>) {
    let mut prng = Prng::new(seed);
    let mut bench = Bench::new();
    let mut connections = BTreeMap::new();
    let mut last = 0;
    let mut hashes = Vec::new();
    for _ in 0..steps {
        let one = 1 + prng.below(3) as u32;
        match prng.below(100) {
            0 => {
                bench.act(if prng.below(2) == 0 { Broker::stop } else { Broker::kill });
                connections.clear();
                bench.act(Broker::start);
            }
            1..=2 => {
                if let Some(id) = connections.remove(&one) {
                    bench.act(|broker, cx| broker.disconnect(cx, ConnectionId(id)));
                }
            }
            3..=8 => {
                let ms = prng.below(60);
                bench.advance(ms);
            }
            _ => {
                let id = *connections.entry(one).or_insert_with(|| {
                    last += 1;
                    bench.connect(last, &[1, 2]);
                    last
                });
                let channel = 1 + prng.below(2) as u16;
                let text = random_frame(&mut prng);
                let frame = parse_frame(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
                bench.receive(id, channel, frame);
                // Now and then the next frame comes before the broker is at rest.
                if prng.below(4) != 0 {
                    bench.settle();
                }
                answer(&mut bench);
                if bench.broker.find_connection(ConnectionId(id)).is_none() {
                    connections.remove(&one);
                }
            }
        }
        hashes.push(stable_hash(&bench.broker));
    }
    let mut kinds = BTreeMap::new();
    for (event, _) in &bench.events {
        *kinds.entry(event.kind()).or_default() += 1;
    }
    (hashes, kinds)
}

/// Every kind of event that there is: a random run that never reaches one of them tests less than it seems to.
const KINDS: [&str; 28] = [
    "ConnectionOpened",
    "ConnectionClosed",
    "ChannelOpened",
    "ChannelClosed",
    "Refused",
    "ExchangeDeclared",
    "ExchangeDeleted",
    "QueueDeclared",
    "QueueDeleted",
    "Bound",
    "Unbound",
    "ConsumerAdded",
    "ConsumerCancelled",
    "Published",
    "Routed",
    "Unroutable",
    "Enqueued",
    "Delivered",
    "Got",
    "Acked",
    "Requeued",
    "Lost",
    "DeadLettered",
    "Recovered",
    "Confirmed",
    "BrokerStopped",
    "BrokerKilled",
    "BrokerStarted",
];

#[test]
fn random_clients_never_break_the_invariants() {
    let only = std::env::var("WARREN_SEED").ok().and_then(|seed| seed.parse().ok());
    let seeds: Vec<u64> = only.map_or_else(|| (0..300).collect(), |seed| vec![seed]);
    let mut all: BTreeMap<&str, u32> = BTreeMap::new();
    for seed in &seeds {
        match std::panic::catch_unwind(|| random_run(*seed, 400)) {
            Ok((_, kinds)) => kinds.into_iter().for_each(|(kind, count)| *all.entry(kind).or_default() += count),
            Err(_) => panic!("seed {seed} breaks it: WARREN_SEED={seed} cargo test -p warren-sim --test broker"),
        }
    }
    if seeds.len() > 1 {
        let missing: Vec<_> = KINDS.iter().filter(|kind| all.get(*kind).is_none_or(|count| *count < 20)).collect();
        assert!(missing.is_empty(), "hardly ever reached: {missing:?} of {all:?}");
    }
}

#[test]
fn the_same_seed_gives_the_same_states() {
    assert_eq!(random_run(7, 300), random_run(7, 300));
}
