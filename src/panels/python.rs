//! Colours for Python: keywords, strings and comments, line by line. It colours; it does not understand.

/// What a stretch of code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Anything else.
    Plain,
    /// A keyword or one of the constants.
    Keyword,
    /// A string literal.
    String,
    /// A comment, up to the line's end.
    Comment,
}

impl Kind {
    /// The class it is printed with.
    pub fn class(self) -> &'static str {
        match self {
            Kind::Plain => "code-plain",
            Kind::Keyword => "code-keyword",
            Kind::String => "code-string",
            Kind::Comment => "code-comment",
        }
    }
}

/// Python 3's keywords and constants.
const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
];

/// Cuts a line into stretches of one kind each; joined, they are the line.
pub fn tokens(line: &str) -> Vec<(Kind, String)> {
    let mut tokens: Vec<(Kind, String)> = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let (kind, length) = match first {
            '#' => (Kind::Comment, rest.len()),
            '"' | '\'' => (Kind::String, string_length(rest, first)),
            c if is_letter(c) => word(rest),
            c if c.is_ascii_digit() => (Kind::Plain, word_length(rest)),
            c => (Kind::Plain, c.len_utf8()),
        };
        let (token, after) = rest.split_at(length);
        match tokens.last_mut() {
            Some((last, text)) if *last == kind => text.push_str(token),
            _ => tokens.push((kind, token.to_string())),
        }
        rest = after;
    }
    tokens
}

/// Whether a name may begin with it. All that is not ASCII counts as a letter: the exact answer takes tables of all scripts.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !is_letter(c) && !c.is_ascii_digit()).unwrap_or(text.len())
}

/// A name, a keyword, or the prefix of a string with the string.
fn word(text: &str) -> (Kind, usize) {
    let length = word_length(text);
    let quote = text[length..].chars().next().filter(|c| matches!(c, '"' | '\''));
    let is_prefix = length <= 2 && text[..length].chars().all(|c| "bBfFrRuU".contains(c));
    match quote.filter(|_| is_prefix) {
        Some(quote) => (Kind::String, length + string_length(&text[length..], quote)),
        None if KEYWORDS.contains(&&text[..length]) => (Kind::Keyword, length),
        None => (Kind::Plain, length),
    }
}

/// The length of a literal that begins with this quote, one or three of them; to the line's end if it is not closed there.
fn string_length(text: &str, quote: char) -> usize {
    let triple = quote.to_string().repeat(3);
    let mark = if text.starts_with(&triple) { &triple[..] } else { &triple[..1] };
    let mut at = mark.len();
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with(mark) {
            return at + mark.len();
        }
        at += c.len_utf8();
        if c == '\\' {
            at += text[at..].chars().next().map_or(0, char::len_utf8);
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{Kind::*, *};

    #[test]
    fn a_line_is_cut_and_can_be_joined() {
        let cut = |line: &str| tokens(line);
        assert_eq!(
            cut("def f(b): # if"),
            [(Keyword, "def".into()), (Plain, " f(b): ".into()), (Comment, "# if".into())]
        );
        assert_eq!(cut(r#"x = f" [x] {n}" + b'\'' "#)[1], (String, r#"f" [x] {n}""#.into()));
        assert_eq!(cut(r"b'\'' # c")[0], (String, r"b'\''".into()));
        assert_eq!(cut("'''a' b'''+1")[0], (String, "'''a' b'''".into()));
        for line in ["", "'open", "武 = '沛齐\\", "import pika, time", "\"\"\""] {
            let joined: std::string::String = tokens(line).into_iter().map(|(_, text)| text).collect();
            assert_eq!(joined, line);
        }
    }
}
