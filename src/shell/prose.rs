//! A lesson's prose as elements.

use warren_sim::lesson::{Block, Span};
use yew::{Html, html};

/// Blocks of prose.
pub fn blocks(blocks: &[Block]) -> Html {
    blocks.iter().map(block).collect()
}

fn block(block: &Block) -> Html {
    match block {
        Block::Paragraph(text) => html! { <p>{ spans(text) }</p> },
        Block::List(items) => html! { <ul>{ for items.iter().map(|item| html! { <li>{ spans(item) }</li> }) }</ul> },
        Block::Code(code) => html! { <pre class="prose-code" tabindex="0"><code>{ code }</code></pre> },
    }
}

/// A line of text with its marks.
pub fn spans(spans: &[Span]) -> Html {
    spans
        .iter()
        .map(|span| match span {
            Span::Text(text) => html! { <>{ text }</> },
            Span::Code(text) => html! { <code>{ text }</code> },
            Span::Strong(text) => html! { <strong>{ text }</strong> },
            Span::Emphasis(text) => html! { <em>{ text }</em> },
            Span::Link { text, url } => html! { <a href={url.clone()} target="_blank" rel="noreferrer">{ text }</a> },
        })
        .collect()
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
