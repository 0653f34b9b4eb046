//! How wide a text will be, near enough to size a box without asking a browser.
//!
//! The widths are those of DejaVu Sans, the widest of the usual system fonts, so that a text is at most a little narrower than its place.

/// Width of a text in px at this font size; `bold` for weight 600.
pub fn text_width(text: &str, size_px: f64, bold: bool) -> f64 {
    let em: f64 = text.chars().map(em_of).sum();
    em * size_px * if bold { 1.09 } else { 1.0 }
}

/// The text, or as much of its beginning as fits into this width with an ellipsis behind it.
pub fn fit(text: &str, size_px: f64, bold: bool, width_px: f64) -> String {
    if text_width(text, size_px, bold) <= width_px {
        return text.to_string();
    }
    let room = width_px - text_width("…", size_px, bold);
    let mut used = 0.0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        used += text_width(c.encode_utf8(&mut [0; 4]), size_px, bold);
        if used > room {
            break;
        }
        end = at + c.len_utf8();
    }
    format!("{}…", &text[..end])
}

/// Width of a character in units of the font size.
fn em_of(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '|' | '\'' => 0.30,
        ' ' | '.' | ',' | ':' | ';' | '!' | '/' | 'I' => 0.34,
        'f' | 'r' | 't' | '(' | ')' | '[' | ']' | '-' | '·' => 0.41,
        'm' | 'w' | 'M' | 'W' | '@' | '%' | '…' => 0.96,
        '_' | '*' => 0.50,
        'A'..='Z' | '#' | '+' | '=' | '&' => 0.74,
        '\0'..='\u{24f}' => 0.63,
        // Letters of other scripts are between these two; a box is better too wide than too narrow.
        _ => 1.0,
    }
}
