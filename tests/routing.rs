//! Routing through many bindings: the same as looking at each of them, and quick.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Instant;

use warren_sim::amqp::event::{ChannelRef, ConnectionId, MessageId, Resource};
use warren_sim::amqp::exchange::{Binding, Destination, Exchange, ExchangeType, Route, route};
use warren_sim::amqp::message::Message;
use warren_sim::amqp::method::Properties;
use warren_sim::amqp::value::Table;
use warren_sim::bytes::Bytes;
use warren_sim::lessons;
use warren_sim::prng::Prng;
use warren_sim::session::Session;
use warren_sim::sorted::SortedMap;
use warren_sim::why::why;

fn exchange(exchange_type: ExchangeType) -> Exchange {
    Exchange::new(Resource { vhost: Bytes::from("/"), name: Bytes::from("x") }, exchange_type)
}

fn message(key: &str) -> Message {
    Message {
        id: MessageId(1),
        exchange: Bytes::from("x"),
        routing_key: Bytes::from(key),
        more_keys: Vec::new(),
        properties: Properties::default(),
        body: Bytes::default(),
        published_ms: 0,
        publisher: ChannelRef { connection: ConnectionId(1), channel: 1 },
    }
}

fn routed(exchange: &Exchange, queues: &SortedMap<Bytes, ()>, key: &str) -> Route {
    let mut exchanges = SortedMap::new();
    exchanges.insert(Bytes::from("x"), Rc::new(exchange.clone()));
    route(&exchanges, queues, exchange, &message(key))
}

/// Straight from the rule: `*` is one word, `#` is any number of words.
fn matches(pattern: &[&str], key: &[&str]) -> bool {
    match pattern.split_first() {
        None => key.is_empty(),
        Some((&"#", rest)) => (0..=key.len()).any(|taken| matches(rest, &key[taken..])),
        Some((word, rest)) => {
            key.split_first().is_some_and(|(first, others)| (*word == "*" || word == first) && matches(rest, others))
        }
    }
}

fn words(key: &str) -> Vec<&str> {
    if key.is_empty() { Vec::new() } else { key.split('.').collect() }
}

fn random(prng: &mut Prng, from: &[&str]) -> String {
    let count = prng.below(6);
    (0..count).map(|_| from[prng.below(from.len() as u64) as usize]).collect::<Vec<_>>().join(".")
}

#[test]
fn the_trie_finds_what_the_rule_says() {
    let mut prng = Prng::new(5);
    for round in 0..20 {
        let mut topic = exchange(ExchangeType::Topic);
        let mut queues = SortedMap::new();
        let mut patterns = BTreeSet::new();
        while patterns.len() < 300 {
            // Words that lie before and after the dot among the bytes, and the empty one.
            let pattern = random(&mut prng, &["a", "b", "", "a-", "a/", "*", "#", "ab"]);
            let queue = Bytes::from(pattern.as_str());
            topic.bind(Binding::new(queue.clone(), Destination::Queue(queue.clone()), Table::default()));
            queues.insert(queue, ());
            patterns.insert(pattern);
        }
        for _ in 0..200 {
            let key = random(&mut prng, &["a", "b", "", "a-", "a/", "ab", "c"]);
            let expected: Vec<Bytes> = patterns
                .iter()
                .filter(|pattern| matches(&words(pattern), &words(&key)))
                .map(|pattern| Bytes::from(pattern.as_str()))
                .collect();
            let route = routed(&topic, &queues, &key);
            assert_eq!(route.queues, expected, "round {round}, key '{key}'");
            assert_eq!(route.decisions.len() as u32 + route.untold.others, 300, "every binding is told or counted");
        }
    }
}

#[test]
fn a_fanout_to_many_is_told_as_a_number() {
    let mut fanout = exchange(ExchangeType::Fanout);
    let mut queues = SortedMap::new();
    for number in 0..5_000 {
        let queue = Bytes::from(format!("q{number}"));
        fanout.bind(Binding::new(Bytes::default(), Destination::Queue(queue.clone()), Table::default()));
        queues.insert(queue, ());
    }
    let route = routed(&fanout, &queues, "");
    assert_eq!(route.queues.len(), 5_000);
    assert_eq!((route.decisions.len(), route.untold.matched, route.untold.others), (1_000, 4_000, 0));
    let gone = fanout.unbind_all(&Destination::Queue(Bytes::from("q7")));
    assert_eq!((gone.len(), fanout.binding_count), (1, 4_999));
}

/// At the end of every lesson: each message has a way, and what is said of a binding's words agrees with what the binding did.
#[test]
fn every_message_of_every_lesson_can_say_why() {
    let (mut messages, mut topic_bindings) = (0, 0);
    for entry in lessons::LESSONS {
        let id = entry.id;
        let lesson = lessons::lesson(id, "en").expect("a lesson");
        let seed = lesson.seed;
        let mut session = Session::new(Rc::new(lesson), seed);
        session.seek(session.timeline().length());
        for number in 1..=session.world().published() {
            let Some(known) = why(&session, MessageId(number)) else { continue };
            messages += 1;
            assert!(!known.way.is_empty(), "{id}: message {number}");
            for judged in known.routings.iter().flat_map(|routing| &routing.judged) {
                let Some(words) = &judged.words else { continue };
                topic_bindings += 1;
                assert_eq!(words.matched, judged.matched, "{id}: message {number}, {judged:?}");
                assert_eq!(words.failed.is_none(), judged.matched);
            }
        }
        assert_eq!(why(&session, MessageId(1_000_000)), None);
    }
    assert!(messages > 40 && topic_bindings > 10, "{messages} messages, {topic_bindings} bindings of topic exchanges");
}

#[test]
#[ignore = "a benchmark: cargo test --release -p warren-sim --test routing -- --ignored --nocapture"]
fn routing_at_100000_bindings() {
    for exchange_type in [ExchangeType::Direct, ExchangeType::Topic] {
        for count in [100, 10_000, 100_000] {
            let mut subject = exchange(exchange_type);
            let mut queues = SortedMap::new();
            let started = Instant::now();
            for number in 0..count {
                let queue = Bytes::from(format!("q{number}"));
                let key = match (exchange_type, number % 10) {
                    (ExchangeType::Topic, 0) => format!("*.{number}.#"),
                    (ExchangeType::Topic, 1) => format!("region{}.{number}.*", number % 97),
                    _ => format!("region{}.{number}.events", number % 97),
                };
                subject.bind(Binding::new(Bytes::from(key), Destination::Queue(queue.clone()), Table::default()));
                queues.insert(queue, ());
            }
            let bound = started.elapsed();
            let mut exchanges = SortedMap::new();
            exchanges.insert(Bytes::from("x"), Rc::new(subject));
            let subject = exchanges.get(&Bytes::from("x")).expect("the exchange").clone();
            let (started, rounds) = (Instant::now(), 20_000);
            let mut reached = 0;
            for round in 0..rounds {
                let number = round * 37 % count;
                let message = message(&format!("region{}.{number}.events", number % 97));
                reached += route(&exchanges, &queues, &subject, &message).queues.len();
            }
            let each = started.elapsed().as_secs_f64() * 1e6 / f64::from(rounds);
            println!(
                "{exchange_type:?}, {count} bindings made in {bound:.1?}: {each:.1} us a message, {reached} copies"
            );
            assert_eq!(reached, rounds as usize);
        }
    }
}
