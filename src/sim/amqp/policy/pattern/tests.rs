//! What patterns match, and what is no pattern.

use alloc::string::ToString;

use super::{Pattern, PatternError};

fn matches(pattern: &str, text: &str) -> bool {
    Pattern::parse(pattern.as_bytes()).unwrap_or_else(|error| panic!("{pattern}: {error:?}")).matches(text.as_bytes())
}

#[test]
fn patterns_match_as_those_of_pcre() {
    for (pattern, yes, no) in [
        ("", &["", "a"][..], &[][..]),
        ("^amq\\.", &["amq.gen"], &["amqp", "xamq."]),
        ("^(?!amq\\.).*", &["orders", "", "xamq."], &["amq.gen"]),
        ("^(two|three)-", &["two-a", "three-"], &["two", "one-two-"]),
        ("a|bc|d", &["a", "xbc", "d"], &["b", "c"]),
        ("^(a|b|c)*d$", &["d", "abcabcd"], &["abxd"]),
        ("^[a-c_]{2,3}$", &["ab", "a_c"], &["a", "abca", "abd"]),
        ("^[^.]+\\.dlq$", &["a.dlq"], &["a.b.dlq", ".dlq"]),
        ("(?i)^ORDERS", &["orders", "Orders"], &["xorders"]),
        ("^\\d+\\w\\s?$", &["12a", "1_ "], &["a"]),
        ("a$", &["a", "ba", "a\n"], &["ab", "a\nb"]),
        ("^a{,2}$", &["a{,2}"], &["aa"]),
        ("^[]a]$", &["]", "a"], &["b"]),
        ("^[[:alpha:]]+$", &["ab"], &["a1"]),
        ("(a*)*b", &["b", "aaab"], &["aaa"]),
        ("^(?<name>x)\\b", &["x", "x y"], &["xy"]),
        ("^.*$", &["", "anything"], &[]),
        ("^(?=.*a)(?=.*b)", &["ab", "xbxa"], &["a", "b"]),
        ("(?i:A)b", &["ab", "Ab"], &["aB"]),
        // Bytes, not characters, as policies are matched: the + is for the last byte of the é.
        ("^é+$", &["é"], &["éé"]),
    ] {
        for text in yes {
            assert!(matches(pattern, text), "{pattern} takes {text:?}");
        }
        for text in no {
            assert!(!matches(pattern, text), "{pattern} leaves {text:?}");
        }
    }
}

#[test]
fn no_pattern_takes_long() {
    assert!(!matches("^(a+)+$", &["a".repeat(2_000), "b".to_string()].concat()));
    assert!(Pattern::parse(b"((a{100}){100}){100}").is_err());
    assert!(Pattern::parse("(".repeat(10_000).as_bytes()).is_err());
}

#[test]
fn what_is_wrong_and_what_is_missing_are_told_apart() {
    for (pattern, at, words) in [
        ("(", 1, "missing )"),
        ("a)", 1, "unmatched parentheses"),
        ("*a", 0, "nothing to repeat"),
        ("[a", 2, "missing terminating ] for character class"),
        ("a\\", 2, "\\ at end of pattern"),
        ("[b-a]", 3, "range out of order in character class"),
        ("a{2,1}", 5, "numbers out of order in {} quantifier"),
    ] {
        assert_eq!(Pattern::parse(pattern.as_bytes()), Err(PatternError::Invalid(words, at)), "{pattern}");
    }
    for pattern in ["(a)\\1", "(?<=a)b", "(?>a)", "a++", "\\p{L}", "\\Qa\\E"] {
        assert!(matches!(Pattern::parse(pattern.as_bytes()), Err(PatternError::Unsupported(_))), "{pattern}");
    }
}
