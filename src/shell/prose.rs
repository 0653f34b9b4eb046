//! A lesson's prose as elements.

use warren_sim::lesson::{Block, Span};

use crate::markup::{Tag, tag};

/// Blocks of prose, in an element.
pub fn blocks(into: Tag, blocks: &[Block]) -> Tag {
    blocks.iter().fold(into, |into, one| into.put(block(one)))
}

fn block(block: &Block) -> Tag {
    match block {
        Block::Paragraph(text) => spans(tag("p"), text),
        Block::List(items) => items.iter().fold(tag("ul"), |list, item| list.put(spans(tag("li"), item))),
        Block::Code(code) => tag("pre.prose-code").attr("tabindex", "0").put(tag("code").text(code)),
    }
}

/// A line of text with its marks, in an element.
pub fn spans(into: Tag, spans: &[Span]) -> Tag {
    spans.iter().fold(into, |into, span| {
        let (element, text) = match span {
            Span::Text(text) => return into.text(text),
            Span::Code(text) => (tag("code"), text),
            Span::Strong(text) => (tag("strong"), text),
            Span::Emphasis(text) => (tag("em"), text),
            Span::Link { text, url } => {
                (tag("a").attr("href", url).attrs(&[("target", "_blank"), ("rel", "noreferrer")]), text)
            }
        };
        into.put(element.text(text))
    })
}

/// The same line as plain text.
pub fn plain(spans: &[Span]) -> String {
    spans
        .iter()
        .map(|span| match span {
            Span::Text(text) | Span::Code(text) | Span::Strong(text) | Span::Emphasis(text) => text.as_str(),
            Span::Link { text, .. } => text.as_str(),
        })
        .collect()
}
