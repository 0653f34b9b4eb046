//! Names that a server makes up, numbered in the order in which they are first heard.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// How such a name begins, and what stands for it.
const KINDS: &[(&str, &str)] = &[("amq.gen-", "gen"), ("amq.ctag-", "ctag"), ("amq.rabbitmq.reply-to.", "reply")];

/// The names heard so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Names {
    known: Vec<(String, String)>,
}

impl Names {
    /// The text with `<gen:1>` in the place of a made-up name, and with the moments of deaths hidden.
    pub(super) fn hide(&mut self, text: &str) -> String {
        let text = &hide_times(text);
        let mut hidden = String::new();
        let mut rest = &text[..];
        while let Some((at, prefix, kind)) = next_name(rest) {
            let tail = &rest[at + prefix.len()..];
            let length = tail.find(|c: char| !is_made_up(c)).unwrap_or(tail.len());
            let end = at + prefix.len() + length;
            hidden.push_str(&rest[..at]);
            // A prefix alone is what a client wrote, not a name.
            hidden.push_str(&if length == 0 { prefix.to_string() } else { self.number(&rest[at..end], kind) });
            rest = &rest[end..];
        }
        hidden.push_str(rest);
        hidden
    }

    /// The text with every made-up name in the place of what stands for it.
    pub(super) fn reveal(&self, text: &str) -> String {
        self.known.iter().fold(text.to_string(), |text, (name, hidden)| text.replace(hidden.as_str(), name))
    }

    fn number(&mut self, name: &str, kind: &str) -> String {
        if let Some((_, hidden)) = self.known.iter().find(|(known, _)| known == name) {
            return hidden.clone();
        }
        let before = self.known.iter().filter(|(_, hidden)| hidden[1..].starts_with(kind)).count();
        let hidden = format!("<{kind}:{}>", before + 1);
        self.known.push((name.to_string(), hidden.clone()));
        hidden
    }
}

/// `time=T(1700000000)`, as `x-death` tells it, is another one each time it is recorded: `time=T(now)`.
fn hide_times(text: &str) -> String {
    let mut parts = text.split("time=T(");
    let mut hidden = parts.next().unwrap_or_default().to_string();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        hidden.push_str("time=T(now");
        hidden.push_str(rest);
    }
    hidden
}

/// The first prefix in the text: where, which, and its kind.
fn next_name(text: &str) -> Option<(usize, &'static str, &'static str)> {
    KINDS.iter().filter_map(|(prefix, kind)| text.find(prefix).map(|at| (at, *prefix, *kind))).min()
}

/// RabbitMQ writes 16 bytes in URL-safe base64; a reply-to name adds two parts of plain base64.
fn is_made_up(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '/' | '=' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_by_kind_and_come_back() {
        let mut names = Names::default();
        assert_eq!(names.hide("queue=amq.gen-aB_1- n=0"), "queue=<gen:1> n=0");
        assert_eq!(names.hide("'amq.ctag-x' of 'amq.gen-q'"), "'<ctag:1>' of '<gen:2>'");
        assert_eq!(names.hide("amq.gen-aB_1-"), "<gen:1>");
        assert_eq!(names.hide("queue 'amq.gen-' and amq.direct"), "queue 'amq.gen-' and amq.direct");
        assert_eq!(names.hide("{reason=expired, time=T(1700000000), n=1}"), "{reason=expired, time=T(now), n=1}");
        assert_eq!(names.reveal("queue.bind queue=<gen:2> x=<ctag:2>"), "queue.bind queue=amq.gen-q x=<ctag:2>");
    }
}
