//! Patterns of KEYS and SCAN: `stringmatchlen` of Redis, with its `?`, `*`, `[a-z]`, `[^a]` and `\x`.

/// The most stars that are tried: Redis gives up on a pattern with more of them before its end.
const MOST_STARS: u16 = 1000;

/// Whether `text` matches `pattern` as a whole. With `ignore_case`, ASCII letters match in both cases.
pub fn matches(pattern: &[u8], text: &[u8], ignore_case: bool) -> bool {
    // Where to take up again when the part after the latest `*` does not match: that part, and the text left to try it on.
    // One such place is enough, because a later star can take whatever an earlier one could.
    let (mut pattern, mut text) = (pattern, text);
    let mut retry: Option<(&[u8], &[u8])> = None;
    let mut stars = 0;
    loop {
        if let [b'*', rest @ ..] = pattern {
            if !text.is_empty() && !matches!(rest, [] | [b'*', ..]) {
                stars += 1;
                if stars > MOST_STARS {
                    return false;
                }
            }
            pattern = rest;
            retry = Some((rest, text));
            continue;
        }
        let step = match text {
            [byte, rest @ ..] => one(pattern, *byte, ignore_case).map(|after| (after, rest)),
            [] if pattern.is_empty() => return true,
            [] => return false,
        };
        match (step, retry) {
            (Some(next), _) => (pattern, text) = next,
            (None, Some((after_star, [_, rest @ ..]))) => {
                (pattern, text) = (after_star, rest);
                retry = Some((after_star, rest));
            }
            (None, _) => return false,
        }
    }
}

/// The pattern that is left when its first element matches `byte`.
fn one(pattern: &[u8], byte: u8, ignore_case: bool) -> Option<&[u8]> {
    let same = |a: u8, b: u8| a == b || (ignore_case && a.eq_ignore_ascii_case(&b));
    match pattern {
        [] => None,
        [b'?', rest @ ..] => Some(rest),
        [b'[', rest @ ..] => class(rest, byte, ignore_case),
        [b'\\', literal, rest @ ..] => same(*literal, byte).then_some(rest),
        [literal, rest @ ..] => same(*literal, byte).then_some(rest),
    }
}

/// A class after its `[`. One that is not closed ends with the pattern, as in Redis.
fn class(pattern: &[u8], byte: u8, ignore_case: bool) -> Option<&[u8]> {
    let fold = |b: u8| if ignore_case { b.to_ascii_lowercase() } else { b };
    let (negated, mut rest) = match pattern {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, pattern),
    };
    let mut found = false;
    loop {
        match rest {
            [b'\\', literal, after @ ..] => {
                found |= *literal == byte;
                rest = after;
            }
            [b']', after @ ..] => return (found != negated).then_some(after),
            [] => return (found != negated).then_some(rest),
            [low, b'-', high, after @ ..] => {
                let (low, high) = (fold(*low.min(high)), fold(*low.max(high)));
                found |= (low..=high).contains(&fold(byte));
                rest = after;
            }
            [literal, after @ ..] => {
                found |= fold(*literal) == fold(byte);
                rest = after;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let check = |pattern: &str, text: &str, expect: bool| {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes(), false), expect, "{pattern} on {text}");
        };
        for text in ["", "a", "ab"] {
            check("*", text, true);
            check("**", text, true);
        }
        check("h?llo", "hello", true);
        check("h?llo", "hllo", false);
        check("h[ae]llo", "hallo", true);
        check("h[^e]llo", "hello", false);
        check("h[b-a]llo", "hallo", true);
        check("h\\?llo", "h?llo", true);
        check("h\\?llo", "hello", false);
        check("a*b*c", "aXbYbZc", true);
        check("a*b*c", "aXbYbZ", false);
        check("[a", "a", true);
        assert!(matches(b"FOO*", b"foobar", true));
        // As redis-server 7.0.15 answers KEYS.
        for (pairs, expect) in [(1000, true), (1001, false)] {
            check(&("*?".repeat(pairs) + "*"), &"a".repeat(2000), expect);
            check(&"**a".repeat(pairs), &"a".repeat(2000), expect);
        }
    }
}
