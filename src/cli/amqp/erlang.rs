//! Bytes as Erlang prints them: RabbitMQ's frame errors show a client what it sent.

use std::fmt::Write;

/// As `~p` prints a binary that begins at this column: as text where every byte is printable Latin-1, else as numbers, with a line
/// broken where Erlang breaks it. It is Latin-1, too.
pub fn pretty(bytes: &[u8], column: usize) -> Vec<u8> {
    if !bytes.is_empty() && bytes.iter().all(|byte| is_printable(*byte)) {
        let escaped = bytes.iter().flat_map(|byte| escape(*byte));
        return [b"<<\"".to_vec(), escaped.collect(), b"\">>".to_vec()].concat();
    }
    let numbers = plain(bytes);
    // Erlang fills 80 columns with at most 60 letters (`io_lib_pretty`).
    if numbers.len() <= 60 && numbers.len() < 80 - column {
        return numbers.into_bytes();
    }
    let width = (80 - (column + 2)).min(56);
    let (mut text, mut used) = (String::from("<<"), 0);
    for (index, byte) in bytes.iter().enumerate() {
        let number = byte.to_string();
        if used + number.len() + 1 > width {
            // Writing to a String cannot fail.
            let _ = write!(text, "\n{}", " ".repeat(column + 2));
            used = 0;
        }
        used += number.len() + 1;
        text.push_str(&number);
        text.push_str(if index + 1 < bytes.len() { "," } else { ">>" });
    }
    text.into_bytes()
}

/// As `~w` prints a binary: always numbers, in one line.
pub fn plain(bytes: &[u8]) -> String {
    let numbers: Vec<String> = bytes.iter().map(u8::to_string).collect();
    format!("<<{}>>", numbers.join(","))
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, 8..=13 | 27 | 32..=126 | 160..=255)
}

fn escape(byte: u8) -> Vec<u8> {
    let letter = match byte {
        8 => b'b',
        9 => b't',
        10 => b'n',
        11 => b'v',
        12 => b'f',
        13 => b'r',
        27 => b'e',
        b'"' | b'\\' => byte,
        _ => return vec![byte],
    };
    vec![b'\\', letter]
}

/// A reply text is a short string: RabbitMQ cuts it to 252 bytes and three dots.
pub fn reply_text(mut text: Vec<u8>) -> Vec<u8> {
    if text.len() > 255 {
        text.truncate(252);
        text.extend(b"...");
    }
    text
}
