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

/// How a pattern and a key went together, word by word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the pattern takes the key.
    pub matched: bool,
    /// Each word of the pattern with the words that it took, as far as it went.
    pub taken: Vec<(Bytes, Vec<Bytes>)>,
    /// Where it failed: the word that the pattern wanted next (none at its end), and the word that stood there (none at the key's end).
    pub failed: Option<(Option<Bytes>, Option<Bytes>)>,
}

/// Says word by word why a pattern takes a key, or where it fails: as far into the key as the pattern gets.
pub fn explain(pattern: &[u8], key: &[u8]) -> Verdict {
    let (pattern, key) = (words(pattern), words(key));
    // From where each state was reached: `(p, k)` stands for p words of the pattern that took k words of the key.
    let mut from = alloc::vec![alloc::vec![None; key.len() + 1]; pattern.len() + 1];
    let mut waiting = Vec::from([(0, 0)]);
    let mut furthest = (0, 0);
    while let Some((p, k)) = waiting.pop() {
        if (k, p) > (furthest.1, furthest.0) {
            furthest = (p, k);
        }
        let Some(word) = pattern.get(p) else { continue };
        let next = match *word {
            b"#" => k..key.len() + 1,
            b"*" if k < key.len() => k + 1..k + 2,
            word if key.get(k) == Some(&word) => k + 1..k + 2,
            _ => continue,
        };
        for k2 in next {
            if from[p + 1][k2].is_none() {
                from[p + 1][k2] = Some(k);
                waiting.push((p + 1, k2));
            }
        }
    }
    let end = (pattern.len(), key.len());
    let matched = end == (0, 0) || from[end.0][end.1].is_some();
    let (mut p, mut k) = if matched { end } else { furthest };
    let failed =
        (!matched).then(|| (pattern.get(p).map(|word| Bytes::from(*word)), key.get(k).map(|word| Bytes::from(*word))));
    let mut taken = Vec::new();
    while p > 0 {
        let before = from[p][k].unwrap_or(k);
        taken.insert(0, (Bytes::from(pattern[p - 1]), key[before..k].iter().map(|word| Bytes::from(*word)).collect()));
        (p, k) = (p - 1, before);
    }
    Verdict { matched, taken, failed }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_that_failed_is_named() {
        let told = |pattern: &str, key: &str| {
            let verdict = explain(pattern.as_bytes(), key.as_bytes());
            assert_eq!(
                verdict.matched,
                words_match(&words(pattern.as_bytes()), &words(key.as_bytes())),
                "{pattern} {key}"
            );
            verdict
        };
        let some = |word: &str| Some(Bytes::from(word));
        assert_eq!(told("a.*.c", "a.b.d").failed, Some((some("c"), some("d"))));
        assert_eq!(told("a.b", "a.b.c").failed, Some((None, some("c"))));
        assert_eq!(told("a.b.c", "a.b").failed, Some((some("c"), None)));
        assert_eq!(told("*", "").failed, Some((some("*"), None)));
        let matched = told("a.#.z", "a.b.c.z");
        assert_eq!(matched.taken[1], (Bytes::from("#"), Vec::from([Bytes::from("b"), Bytes::from("c")])));
        assert_eq!((matched.taken.len(), matched.failed), (3, None));
        for pattern in ["", "#", "#.#", "a.#", "#.a.#", "*.#.*", ".", "a..b"] {
            for key in ["", "a", "a.b", ".", "a..b", "b.a.c", "a.a"] {
                told(pattern, key);
            }
        }
    }
}
