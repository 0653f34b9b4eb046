//! AMQP 0-8 as RabbitMQ speaks it: the methods of 0-9-1, of which a few have other numbers or say less, and without those that came
//! later. What comes is put into the form of 0-9-1, and what goes into that of 0-8.

use std::borrow::Cow;
use warren_wire::{END, HEAD_LEN, Reader};

use super::content::Fault;

/// Where the numbers of a method's frame end.
const NUMBERS_END: usize = HEAD_LEN + 4;

/// What the bytes of a method of 0-8 are in 0-9-1.
pub fn heard(payload: &[u8]) -> Result<Cow<'_, [u8]>, Fault> {
    let mut reader = Reader::new(payload);
    let Some((class, method)) = reader.short().zip(reader.short()) else { return Ok(payload.into()) };
    let renamed = |method: u8| Ok([&[0, 10, 0, method], reader.rest].concat().into());
    match (class, method) {
        // `connection.close` and `close-ok`.
        (10, 60) => renamed(50),
        (10, 61) => renamed(51),
        // `basic.consume`, which has no arguments.
        (60, 20) => Ok([payload, &[0; 4]].concat().into()),
        // `connection.redirect`; as the `close` of 0-9-1, which it is taken for, it cannot be decoded.
        (10, 50) => Err(Fault::Internal),
        // `channel.alert`, and the classes file, stream, dtx, tunnel and test.
        (20, 30) | (70 | 80, 10..=100) | (100, 10..=21) | (110, 10) | (120, 10..=41) => {
            Err(Fault::Unimplemented((class, method)))
        }
        // `connection.update-secret`, `exchange.bind` and `unbind`, `basic.nack`, `confirm.select`.
        (10, 51 | 70 | 71) | (40, 30..) | (60, 120) | (85, _) => Err(Fault::Unreadable),
        _ => Ok(payload.into()),
    }
}

/// Puts the frame of a method that stands at the end of these bytes, from `start` on, into the form of 0-8.
pub fn say(out: &mut Vec<u8>, start: usize) {
    let frame = &mut out[start..];
    let Some(numbers) = frame.get(HEAD_LEN..NUMBERS_END) else { return };
    match numbers {
        [0, 10, 0, 50 | 51] => {
            frame[NUMBERS_END - 1] += 10;
            // The method to blame, too, is named by the numbers of 0-8.
            if let [.., 0, 10, 0, blamed @ (50 | 51), END] = &mut frame[NUMBERS_END..] {
                *blamed += 10;
            }
        }
        // `channel.open-ok`, which says nothing.
        [0, 20, 0, 11] => {
            frame[HEAD_LEN - 1] = 4;
            out.truncate(start + NUMBERS_END);
            out.push(END);
        }
        _ => {}
    }
}
