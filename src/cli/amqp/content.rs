//! A channel's frames joined to methods with their content, as RabbitMQ's `rabbit_command_assembler` does it.

use warren_sim::amqp::method::{Arg, Content, Frame, Method, Properties};
use warren_sim::amqp::text::carries_content;
use warren_sim::bytes::Bytes;
use warren_wire::{BODY, HEADER, METHOD, Reader};

/// The most that is set aside for a body before it has come: what a header claims is not to be believed.
const CLAIM_MAX: u64 = 1 << 20;

/// What one channel waits for.
#[allow(clippy::large_enum_variant, reason = "there is one for each channel, and it changes with every frame")]
#[derive(Debug, Default)]
pub enum Assembly {
    /// A method.
    #[default]
    Method,
    /// The content header of this method.
    Header(Method),
    /// So many more bytes of a body. Below zero the body was longer than announced: it never ends, and nothing of it is kept.
    Body {
        /// The method.
        method: Method,
        /// The properties; none where they cannot be read.
        properties: Option<Properties>,
        /// What has come.
        body: Vec<u8>,
        /// What is missing.
        missing: i64,
    },
}

/// What is wrong with a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Frames in the wrong order: 505 with this text, and the numbers of the method to blame.
    Unexpected(String, (u16, u16)),
    /// A method of these numbers whose arguments cannot be read.
    Undecodable((u16, u16)),
    /// A text of a method of these numbers is no UTF-8.
    NoUtf8((u16, u16)),
    /// A method of these numbers that nobody answers.
    Unimplemented((u16, u16)),
    /// What RabbitMQ's reader stumbles over itself: it closes the socket without a word.
    Unreadable,
    /// What RabbitMQ's channel stumbles over: 541.
    Internal,
}

impl Assembly {
    /// Takes one more frame; a whole method comes out once it is complete.
    pub fn take(&mut self, kind: u8, payload: &[u8]) -> Result<Option<Frame>, Fault> {
        match std::mem::take(self) {
            Assembly::Method if kind == METHOD => {
                let method = method(payload)?;
                if carries_content(&method) {
                    *self = Assembly::Header(method);
                    return Ok(None);
                }
                Ok(Some(Frame::from(method)))
            }
            Assembly::Method => Err(unexpected("expected method frame, got non method frame instead", (0, 0))),
            Assembly::Header(method) => self.header(method, kind, payload),
            Assembly::Body { method, .. } if kind != BODY => {
                Err(unexpected("expected content body, got non content body frame instead", method.ids()))
            }
            Assembly::Body { method, properties, mut body, missing } => {
                let missing = missing - payload.len() as i64;
                if missing >= 0 {
                    body.extend_from_slice(payload);
                }
                if missing == 0 {
                    return whole(method, properties, Bytes::from(body)).map(Some);
                }
                *self = Assembly::Body { method, properties, body, missing };
                Ok(None)
            }
        }
    }

    fn header(&mut self, method: Method, kind: u8, payload: &[u8]) -> Result<Option<Frame>, Fault> {
        let (ids, mut reader) = (method.ids(), Reader::new(payload));
        let head = (reader.short(), reader.short(), reader.long_long());
        let (Some(class), Some(0), Some(size), HEADER) = (head.0, head.1, head.2, kind) else {
            let text = format!("expected content header for class {}, got non content header frame instead", ids.0);
            return Err(unexpected(&text, ids));
        };
        if class != ids.0 {
            let text = format!("expected content header for class {}, got one for class {class} instead", ids.0);
            return Err(unexpected(&text, ids));
        }
        let properties = reader.properties().filter(|_| reader.rest.is_empty());
        if size == 0 {
            return whole(method, properties, Bytes::default()).map(Some);
        }
        let body = Vec::with_capacity(size.min(CLAIM_MAX) as usize);
        *self = Assembly::Body { method, properties, body, missing: i64::try_from(size).unwrap_or(i64::MAX) };
        Ok(None)
    }
}

/// The method in a method frame.
pub fn method(payload: &[u8]) -> Result<Method, Fault> {
    let mut reader = Reader::new(payload);
    let ids = reader.short().zip(reader.short()).filter(|(class, method)| Method::from_ids(*class, *method).is_some());
    let Some((class, number)) = ids else { return Err(Fault::Unreadable) };
    let method = reader.arguments(class, number).filter(|_| reader.rest.is_empty());
    match method {
        None if reader.is_strange => Err(Fault::Unreadable),
        None => Err(Fault::Undecodable((class, number))),
        Some(method) if !is_utf8(&method) => Err(Fault::NoUtf8((class, number))),
        Some(method) => Ok(method),
    }
}

/// Whether every short string is UTF-8. RabbitMQ spares itself the look at what is published, and acks have none.
fn is_utf8(method: &Method) -> bool {
    let is_text = |arg: &Arg| !matches!(arg, Arg::ShortStr(text) if std::str::from_utf8(text).is_err());
    matches!(method, Method::BasicPublish(_) | Method::BasicAck(_))
        || method.fields().iter().all(|(_, arg)| is_text(arg))
}

/// A method with its content. Properties that cannot be read are seen only now, as in RabbitMQ.
fn whole(method: Method, properties: Option<Properties>, body: Bytes) -> Result<Frame, Fault> {
    let properties = properties.ok_or(Fault::Internal)?;
    Ok(Frame { method, content: Some(Content { properties, body }) })
}

fn unexpected(text: &str, ids: (u16, u16)) -> Fault {
    Fault::Unexpected(text.to_string(), ids)
}
