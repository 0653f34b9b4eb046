//! The topic exchange: the binding key is a pattern of words, `*` for one word, `#` for any number of them.

use alloc::vec::Vec;

use super::{Binding, Destination, Exchange, Filed};
use crate::amqp::message::Message;
use crate::bytes::Bytes;
use crate::sorted::SortedSet;

/// Whether a message with this routing key takes this binding.
pub fn matches(binding: &Binding, routing_key: &Bytes) -> bool {
    words_match(&words(&binding.key), &words(routing_key))
}

/// The keys of all bindings that a message takes. The sorted keys are walked as a trie: what lies under `a.b.` is found by looking for the first key
/// from there on, so the cost depends on the words of the message and hardly on the number of bindings.
pub(super) fn matching(exchange: &Exchange, message: &Message) -> SortedSet<Bytes> {
    let mut found = SortedSet::new();
    for key in message.keys() {
        let words = words(key);
        let mut seen = SortedSet::new();
        let mut waiting = Vec::from([(Vec::new(), 0)]);
        while let Some((prefix, at)) = waiting.pop() {
            if !seen.insert((prefix.clone(), at)) {
                continue;
            }
            step(exchange, &words, &prefix, at, &mut found, &mut waiting);
        }
    }
    found
}

/// One node of the trie: `prefix` is what leads to it (empty, or with a dot at its end), `at` the first word that is not taken yet.
fn step(
    exchange: &Exchange,
    words: &[&[u8]],
    prefix: &[u8],
    at: usize,
    found: &mut SortedSet<Bytes>,
    waiting: &mut Vec<(Vec<u8>, usize)>,
) {
    if at == words.len() && prefix.is_empty() {
        take(exchange, prefix, found);
    }
    // A word of the pattern, and how many words of the key it can take.
    let one = words.get(at).map(|word| (*word, at + 1..at + 2)).filter(|(word, _)| !matches!(*word, b"*" | b"#"));
    let star = (at < words.len()).then_some((&b"*"[..], at + 1..at + 2));
    let any = Some((&b"#"[..], at..words.len() + 1));
    for (word, takes) in [one, star, any].into_iter().flatten() {
        let key = [prefix, word].concat();
        if takes.contains(&words.len()) {
            take(exchange, &key, found);
        }
        let below = [&key[..], b"."].concat();
        let first = Filed { key: Bytes::from(&below[..]), destination: Destination::Queue(Bytes::default()) };
        let goes_on = exchange.bindings.range(first..).next().is_some_and(|(filed, _)| filed.key.starts_with(&below));
        if goes_on {
            waiting.extend(takes.map(|next| (below.clone(), next)));
        }
    }
}

fn take(exchange: &Exchange, key: &[u8], found: &mut SortedSet<Bytes>) {
    let key = Bytes::from(key);
    if exchange.with_key(&key).next().is_some() {
        found.insert(key);
    }
}

/// The words of a key. The empty key has none; `.` has two empty ones.
pub fn words(key: &[u8]) -> Vec<&[u8]> {
    if key.is_empty() { Vec::new() } else { key.split(|byte| *byte == b'.').collect() }
}

/// The usual way with wildcards: on a mismatch, let the last `#` swallow one word more. Linear in the product of the lengths,
/// where a recursion could be made to take exponential time by a pattern such as `#.a.#.a.#.a`.
fn words_match(pattern: &[&[u8]], key: &[&[u8]]) -> bool {
    let (mut p, mut k) = (0, 0);
    let mut hash: Option<(usize, usize)> = None;
    while k < key.len() {
        if pattern.get(p) == Some(&&b"#"[..]) {
            hash = Some((p, k));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == b"*" || pattern[p] == key[k]) {
            p += 1;
            k += 1;
        } else if let Some((at, swallowed)) = hash {
            hash = Some((at, swallowed + 1));
            p = at + 1;
            k = swallowed + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|word| *word == b"#")
}
