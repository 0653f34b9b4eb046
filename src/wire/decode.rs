//! What a server sends, put together to methods with their content.

use warren_sim::amqp::method::{Content, Frame, Method, Properties};
use warren_sim::amqp::text::carries_content;
use warren_sim::bytes::Bytes;

use crate::{BODY, END, HEAD_LEN, HEADER, HEARTBEAT, METHOD, Reader};

/// What is read from a server, put together to frames.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// Methods whose content has not come in full, with the body's size once the header is there.
    open: Vec<(u16, Frame, Option<u64>, Vec<u8>)>,
}

impl Decoder {
    /// Adds bytes as they were read from the socket.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// The next frame that is there in full, with its channel. An error is a server that does not speak AMQP.
    pub fn next_frame(&mut self) -> Result<Option<(u16, Frame)>, String> {
        loop {
            let Some(head) = self.bytes.first_chunk::<HEAD_LEN>() else { return Ok(None) };
            let (kind, channel) = (head[0], u16::from_be_bytes([head[1], head[2]]));
            let size = u32::from_be_bytes([head[3], head[4], head[5], head[6]]) as usize;
            if self.bytes.len() < size + 8 {
                return Ok(None);
            }
            let frame: Vec<u8> = self.bytes.drain(..size + 8).collect();
            if frame[size + 7] != END {
                return Err(format!("a frame of type {kind} does not end with 0xCE"));
            }
            if let Some(whole) = self.take(kind, channel, &frame[7..size + 7])? {
                return Ok(Some((channel, whole)));
            }
        }
    }

    fn take(&mut self, kind: u8, channel: u16, payload: &[u8]) -> Result<Option<Frame>, String> {
        let mut reader = Reader::new(payload);
        if kind == HEARTBEAT {
            return Ok(None);
        }
        if kind == METHOD {
            let method = method(&mut reader).ok_or("a method that cannot be read")?;
            let frame = Frame::from(method);
            if !carries_content(&frame.method) {
                return Ok(Some(frame));
            }
            self.open.push((channel, frame, None, Vec::new()));
            return Ok(None);
        }
        let index = self.open.iter().position(|(at, ..)| *at == channel).ok_or("content without a method")?;
        let (_, frame, size, body) = &mut self.open[index];
        if kind == HEADER {
            let (total, properties) = header(&mut reader).ok_or("a content header that cannot be read")?;
            *size = Some(total);
            frame.content = Some(Content { properties, body: Bytes::default() });
        } else if kind == BODY {
            body.extend(payload);
        }
        if size.is_none_or(|size| (body.len() as u64) < size) {
            return Ok(None);
        }
        let (_, mut frame, _, body) = self.open.swap_remove(index);
        if let Some(content) = &mut frame.content {
            content.body = Bytes::from(body);
        }
        Ok(Some(frame))
    }
}

fn method(reader: &mut Reader<'_>) -> Option<Method> {
    let (class, method) = (reader.short()?, reader.short()?);
    reader.arguments(class, method)
}

/// The size of the body, and the properties.
fn header(reader: &mut Reader<'_>) -> Option<(u64, Properties)> {
    let _class_and_weight = reader.long()?;
    Some((reader.long_long()?, reader.properties()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{FRAME_MAX, encode};
    use warren_sim::amqp::text::parse_frame;

    #[test]
    fn what_is_encoded_is_decoded_as_it_was_however_it_is_cut() {
        let long = format!("basic.publish routing_key=q body={}", "x".repeat(2 * FRAME_MAX));
        for line in [
            "exchange.declare exchange=x type=topic durable internal arguments={a=1, b=[true, void, {c=\"d\"}], e=x(\"\\xff\")}",
            "basic.deliver consumer_tag=t delivery_tag=9 redelivered exchange=x routing_key=k body=m type=t app_id=a timestamp=5 \
             headers={a=b(-1), b=B(1), c=s(-2), d=u(2), e=i(3), f=4L, g=f(1.5), h=2.5, i=D(1.25), j=T(7)} priority=1 delivery_mode=2",
            "basic.nack delivery_tag=1 requeue",
            "basic.get-ok delivery_tag=1 routing_key=q message_count=3",
            "connection.close 320 \"CONNECTION_FORCED - bye\" class=1 method=2",
            &long,
        ] {
            let frame = parse_frame(line).expect(line);
            let bytes = encode(3, &frame, FRAME_MAX);
            let mut decoder = Decoder::default();
            let mut decoded = Vec::new();
            for part in bytes.chunks(7) {
                decoder.feed(part);
                decoded.extend(decoder.next_frame().expect(line));
            }
            assert_eq!(decoded, [(3, frame)]);
        }
    }
}
