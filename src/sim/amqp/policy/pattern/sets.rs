//! Sets of bytes, and what stands for them in a pattern.

/// Whether a byte is in a set.
pub(super) fn has(set: &[u64; 4], byte: u8) -> bool {
    set[usize::from(byte / 64)] & 1 << (byte % 64) != 0
}

/// What `\w` means.
pub(super) fn word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The bytes of which this is so.
pub(super) fn set_of(is_in: impl Fn(u8) -> bool) -> [u64; 4] {
    let mut set = [0; 4];
    for byte in 0..=255u8 {
        set[usize::from(byte / 64)] |= u64::from(is_in(byte)) << (byte % 64);
    }
    set
}

/// What a letter behind a backslash stands for, where it stands for a set.
pub(super) fn escaped_set(letter: u8) -> Option<[u64; 4]> {
    let set = match letter.to_ascii_lowercase() {
        b'd' => set_of(|b| b.is_ascii_digit()),
        b'w' => set_of(word),
        b's' => set_of(|b| matches!(b, b' ' | b'\t'..=b'\r')),
        b'h' => set_of(|b| matches!(b, b' ' | b'\t' | 0xa0)),
        _ => return None,
    };
    Some(if letter.is_ascii_uppercase() { set.map(|bits| !bits) } else { set })
}

/// `[:name:]`.
pub(super) fn named_set(name: &[u8]) -> Option<[u64; 4]> {
    let is_in: fn(&u8) -> bool = match name {
        b"alpha" => u8::is_ascii_alphabetic,
        b"digit" => u8::is_ascii_digit,
        b"alnum" => u8::is_ascii_alphanumeric,
        b"upper" => u8::is_ascii_uppercase,
        b"lower" => u8::is_ascii_lowercase,
        b"punct" => u8::is_ascii_punctuation,
        b"xdigit" => u8::is_ascii_hexdigit,
        b"cntrl" => u8::is_ascii_control,
        b"graph" => u8::is_ascii_graphic,
        b"space" => |b| matches!(b, b' ' | b'\t'..=b'\r'),
        b"word" => |b| word(*b),
        _ => return None,
    };
    Some(set_of(|b| is_in(&b)))
}

/// `{2}`, `{2,}` or `{2,5}` at the beginning; anything else in braces is literal.
pub(super) fn braces(text: &[u8]) -> Option<((u32, Option<u32>), usize)> {
    let length = text.iter().position(|byte| *byte == b'}')?;
    let inner = core::str::from_utf8(text.get(1..length)?).ok().filter(|_| text.first() == Some(&b'{'))?;
    let number = |digits: &str| {
        let all_digits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
        all_digits.then(|| digits.parse().unwrap_or(u32::MAX))
    };
    let counts = match inner.split_once(',') {
        None => (number(inner)?, Some(number(inner)?)),
        Some((least, "")) => (number(least)?, None),
        Some((least, most)) => (number(least)?, Some(number(most)?)),
    };
    Some((counts, length + 1))
}
