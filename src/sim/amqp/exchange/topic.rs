//! The topic exchange: the binding key is a pattern of words, `*` for one word, `#` for any number of them.

use alloc::vec::Vec;

use super::Binding;
use crate::bytes::Bytes;

/// Whether a message with this routing key takes this binding.
pub fn matches(binding: &Binding, routing_key: &Bytes) -> bool {
    words_match(&words(&binding.key), &words(routing_key))
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
