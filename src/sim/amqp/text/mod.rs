//! The text form of a frame, in both directions: one line of a transcript, of a script or of a link.
//!
//! ```text
//! queue.declare queue=q durable arguments={x-message-ttl=1000}
//! basic.publish routing_key=q body="two words" delivery_mode=2 headers={n=5L, l=[1, "two"]}
//! channel.close 404 "NOT_FOUND - no queue 'q' in vhost '/'" class=60 method=70
//! ```
//!
//! A method's name, then its arguments, each `name=value`, in any order; a flag is its bare name, or `name=0` and `name=1`. What is
//! left out is zero, false or empty. A method that carries a message also takes `body=` and the properties by their names.
//! The reply code and text of a close or a return stand first and without a name. Text is bare up to the next space, or in
//! double quotes with `\"`, `\\`, `\n`, `\r`, `\t` and `\xE6` for any byte. [`value`] tells how tables are written.

mod cursor;
mod value;

#[cfg(test)]
mod tests;

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write;

use self::cursor::Cursor;
use super::method::{Arg, Content, Frame, Method, Properties};
use super::value::Table;
use crate::bytes::Bytes;

/// What is wrong with a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// The column in bytes, from 1.
    pub column: u32,
    /// What is wrong, as a sentence.
    pub message: String,
}

impl core::fmt::Display for TextError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "column {}: {}", self.column, self.message)
    }
}

/// Reads one frame.
///
/// # Errors
/// The first thing that is wrong, with its column.
pub fn parse_frame(text: &str) -> Result<Frame, TextError> {
    let mut cursor = Cursor::new(text);
    cursor.skip_spaces();
    let start = cursor.at();
    let name = cursor.word(|c| !c.is_whitespace());
    let method = Method::from_name(name).ok_or_else(|| cursor.error_at(start, unknown_method(name)))?;
    let content = carries_content(&method).then(Content::default);
    let mut frame = Frame { method, content };
    let mut given = Vec::new();
    reply(&mut frame.method, &mut cursor, &mut given)?;
    loop {
        cursor.skip_spaces();
        if cursor.is_done() {
            return Ok(frame);
        }
        argument(&mut frame, &mut cursor, &mut given)?;
    }
}

/// Writes a frame so that [`parse_frame`] reads the same frame back. What is zero, false or empty is left out, but for counts.
pub fn print_frame(frame: &Frame) -> String {
    let mut line = frame.method.name().to_string();
    for (field, arg) in frame.method.fields() {
        match (field, arg) {
            // Writing to a String cannot fail, here and below.
            ("reply_code", Arg::Short(code)) => drop(write!(line, " {code}")),
            ("reply_text", Arg::ShortStr(text)) if !text.is_empty() => {
                line.push(' ');
                value::print_text(&mut line, &text, |c| is_bare(c) && c != '=');
            }
            (_, arg) => print_argument(&mut line, field, &arg),
        }
    }
    if let Some(content) = &frame.content {
        let mut properties = content.properties.clone();
        for name in PROPERTIES {
            let given = property(&mut properties, name).and_then(|slot| slot.arg());
            if let Some(arg) = given {
                print_named(&mut line, name, &arg);
            }
        }
        print_argument(&mut line, "body", &Arg::LongStr(content.body.clone()));
    }
    line
}

/// A value of a table as it stands in a line.
pub fn print_value(value: &super::value::Value) -> String {
    let mut line = String::new();
    value::print_value(&mut line, value);
    line
}

/// Whether a message follows the method.
pub fn carries_content(method: &Method) -> bool {
    matches!(method, Method::BasicPublish(_) | Method::BasicDeliver(_) | Method::BasicGetOk(_) | Method::BasicReturn(_))
}

/// Text is bare up to the next space; a quote or a backslash within it needs quotes around it all.
fn is_bare(c: char) -> bool {
    !c.is_whitespace() && !c.is_control() && c != '"' && c != '\\'
}

/// The fields whose written name is not that of the specification.
const WRITTEN: &[(&str, &str)] = &[("type_", "type"), ("class_id", "class"), ("method_id", "method")];

fn written(field: &'static str) -> &'static str {
    WRITTEN.iter().find(|(name, _)| *name == field).map_or(field, |(_, written)| written)
}

fn print_argument(line: &mut String, field: &'static str, arg: &Arg) {
    let told = match arg {
        Arg::Bit(on) => *on,
        Arg::ShortStr(text) | Arg::LongStr(text) => !text.is_empty(),
        Arg::Table(table) => !table.is_empty(),
        Arg::Octet(n) => *n != 0,
        Arg::Short(n) => *n != 0,
        // An empty queue is news: it is said as "0", not by silence.
        Arg::Long(n) => *n != 0 || matches!(field, "message_count" | "consumer_count"),
        Arg::LongLong(n) => *n != 0,
    };
    if told {
        print_named(line, written(field), arg);
    }
}

fn print_named(line: &mut String, name: &str, arg: &Arg) {
    line.push(' ');
    line.push_str(name);
    if *arg == Arg::Bit(true) {
        return;
    }
    line.push('=');
    match arg {
        Arg::Bit(on) => drop(write!(line, "{}", u8::from(*on))),
        Arg::ShortStr(text) | Arg::LongStr(text) => value::print_text(line, text, is_bare),
        Arg::Table(table) => value::print_table(line, table),
        Arg::Octet(n) => drop(write!(line, "{n}")),
        Arg::Short(n) => drop(write!(line, "{n}")),
        Arg::Long(n) => drop(write!(line, "{n}")),
        Arg::LongLong(n) => drop(write!(line, "{n}")),
    }
}

/// The nameless reply code and text of a close or a return.
fn reply<'a>(method: &mut Method, cursor: &mut Cursor<'a>, given: &mut Vec<&'a str>) -> Result<(), TextError> {
    if !method.fields().iter().any(|(field, _)| *field == "reply_code") {
        return Ok(());
    }
    cursor.skip_spaces();
    if cursor.next_is(|c| c.is_ascii_digit()) {
        given.push("reply_code");
        let code = Arg::Short(cursor.number(0, u64::from(u16::MAX))? as u16);
        method.set("reply_code", code);
        cursor.skip_spaces();
        // A word with an equals sign is already the first named argument.
        if cursor.next_is(|c| c == '"') || cursor.peek_word(is_bare).is_some_and(|word| !word.contains('=')) {
            given.push("reply_text");
            let text = cursor.text("reply_text", is_bare)?;
            method.set("reply_text", Arg::ShortStr(text));
        }
    }
    Ok(())
}

/// One `name=value`, or a flag's bare name.
fn argument<'a>(frame: &mut Frame, cursor: &mut Cursor<'a>, given: &mut Vec<&'a str>) -> Result<(), TextError> {
    let start = cursor.at();
    let name = cursor.word(|c| !c.is_whitespace() && c != '=');
    let field = frame.method.fields().into_iter().find(|(field, _)| written(field) == name);
    let kind = match (&field, &mut frame.content) {
        (Some((_, arg)), _) => arg.clone(),
        (None, Some(_)) if name == "body" => Arg::LongStr(Bytes::default()),
        (None, Some(content)) => match property(&mut content.properties, name) {
            Some(slot) => slot.kind(),
            None => return Err(cursor.error_at(start, unknown_argument(frame, name))),
        },
        (None, None) => return Err(cursor.error_at(start, unknown_argument(frame, name))),
    };
    if given.contains(&name) {
        return Err(cursor.error_at(start, format!("'{name}' is given twice")));
    }
    given.push(name);
    let arg = typed(cursor, name, &kind)?;
    match (field, &mut frame.content) {
        (Some((field, _)), _) => assert!(frame.method.set(field, arg), "{field} takes what it gave"),
        (None, Some(content)) => match (property(&mut content.properties, name), arg) {
            (Some(slot), arg) => slot.fill(arg),
            (None, Arg::LongStr(body)) => content.body = body,
            (None, _) => {} // Only the body is no property, and it is text.
        },
        (None, None) => {} // Refused above.
    }
    Ok(())
}

/// The value after a name, of the same type as `kind`.
fn typed(cursor: &mut Cursor<'_>, name: &str, kind: &Arg) -> Result<Arg, TextError> {
    if !cursor.eat('=') {
        return match kind {
            Arg::Bit(_) => Ok(Arg::Bit(true)),
            _ => Err(cursor.error(format!("'{name}' needs a value: {name}=..."))),
        };
    }
    Ok(match kind {
        Arg::Bit(_) => Arg::Bit(cursor.number(0, 1)? == 1),
        Arg::Octet(_) => Arg::Octet(cursor.number(0, u64::from(u8::MAX))? as u8),
        Arg::Short(_) => Arg::Short(cursor.number(0, u64::from(u16::MAX))? as u16),
        Arg::Long(_) => Arg::Long(cursor.number(0, u64::from(u32::MAX))? as u32),
        Arg::LongLong(_) => Arg::LongLong(cursor.number(0, u64::MAX)?),
        Arg::LongStr(_) => Arg::LongStr(cursor.text(name, is_bare)?),
        Arg::Table(_) => Arg::Table(value::parse_table(cursor)?),
        Arg::ShortStr(_) => {
            let start = cursor.at();
            let text = cursor.text(name, is_bare)?;
            if text.len() > 255 {
                return Err(cursor.error_at(start, format!("'{name}' has {} bytes, at most 255 fit", text.len())));
            }
            Arg::ShortStr(text)
        }
    })
}

fn unknown_method(name: &str) -> String {
    if name.is_empty() {
        return "expected a method, such as queue.declare".to_string();
    }
    let class = name.split('.').next().unwrap_or(name);
    let kin: Vec<&str> = Method::NAMES.iter().copied().filter(|known| known.split('.').next() == Some(class)).collect();
    if kin.is_empty() {
        let classes = "connection, channel, exchange, queue, basic, confirm and tx";
        return format!("there is no method '{name}': the classes are {classes}");
    }
    format!("there is no method '{name}': this class has {}", kin.join(", "))
}

fn unknown_argument(frame: &Frame, name: &str) -> String {
    let mut known: Vec<&str> = frame.method.fields().iter().map(|(field, _)| written(field)).collect();
    if frame.content.is_some() {
        known.push("body");
        known.extend(PROPERTIES);
    }
    let method = frame.method.name();
    if known.is_empty() {
        return format!("{method} takes no arguments, so '{name}' means nothing here");
    }
    format!("{method} has no argument '{name}': it takes {}", known.join(", "))
}

/// The properties in the order of the wire.
pub const PROPERTIES: &[&str] = &[
    "content_type",
    "content_encoding",
    "headers",
    "delivery_mode",
    "priority",
    "correlation_id",
    "reply_to",
    "expiration",
    "message_id",
    "timestamp",
    "type",
    "user_id",
    "app_id",
    "cluster_id",
];

/// One property, by its type.
enum Slot<'a> {
    Text(&'a mut Option<Bytes>),
    Octet(&'a mut Option<u8>),
    Seconds(&'a mut Option<u64>),
    Headers(&'a mut Option<Table>),
}

impl Slot<'_> {
    /// Its value, if it has one.
    fn arg(&self) -> Option<Arg> {
        match self {
            Slot::Text(text) => text.as_ref().map(|text| Arg::ShortStr(text.clone())),
            Slot::Octet(octet) => octet.map(Arg::Octet),
            Slot::Seconds(seconds) => seconds.map(Arg::LongLong),
            Slot::Headers(headers) => headers.as_ref().map(|table| Arg::Table(table.clone())),
        }
    }

    /// An empty value of its type.
    fn kind(&self) -> Arg {
        match self {
            Slot::Text(_) => Arg::ShortStr(Bytes::default()),
            Slot::Octet(_) => Arg::Octet(0),
            Slot::Seconds(_) => Arg::LongLong(0),
            Slot::Headers(_) => Arg::Table(Table::default()),
        }
    }

    /// Sets it to a value of its type.
    fn fill(self, arg: Arg) {
        match (self, arg) {
            (Slot::Text(text), Arg::ShortStr(value)) => *text = Some(value),
            (Slot::Octet(octet), Arg::Octet(value)) => *octet = Some(value),
            (Slot::Seconds(seconds), Arg::LongLong(value)) => *seconds = Some(value),
            (Slot::Headers(headers), Arg::Table(value)) => *headers = Some(value),
            (_, arg) => unreachable!("a property was read as {arg:?}, not as its own type"),
        }
    }
}

fn property<'a>(properties: &'a mut Properties, name: &str) -> Option<Slot<'a>> {
    Some(match name {
        "content_type" => Slot::Text(&mut properties.content_type),
        "content_encoding" => Slot::Text(&mut properties.content_encoding),
        "headers" => Slot::Headers(&mut properties.headers),
        "delivery_mode" => Slot::Octet(&mut properties.delivery_mode),
        "priority" => Slot::Octet(&mut properties.priority),
        "correlation_id" => Slot::Text(&mut properties.correlation_id),
        "reply_to" => Slot::Text(&mut properties.reply_to),
        "expiration" => Slot::Text(&mut properties.expiration),
        "message_id" => Slot::Text(&mut properties.message_id),
        "timestamp" => Slot::Seconds(&mut properties.timestamp),
        "type" => Slot::Text(&mut properties.type_),
        "user_id" => Slot::Text(&mut properties.user_id),
        "app_id" => Slot::Text(&mut properties.app_id),
        "cluster_id" => Slot::Text(&mut properties.cluster_id),
        _ => return None,
    })
}
