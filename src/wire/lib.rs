//! AMQP 0-9-1 on the wire (specification section 4.2): frames to bytes and back, for whoever has a socket.
//!
//! [`encode`] writes, [`read`] reads what stands within one frame, [`decode`] puts the frames that a server sends together to
//! methods with their content. The tables of [`Method`](warren_sim::amqp::method::Method) tell the arguments; here are only
//! their encodings. Deliberately absent: sockets, and what a broker answers to bytes that are wrong (`src/cli/amqp`).

pub mod decode;
pub mod encode;
pub mod read;
pub mod script;

pub use decode::Decoder;
pub use encode::{encode, encode_into};
pub use read::Reader;

/// What RabbitMQ offers in `connection.tune`: bytes of a frame, its eight bytes of frame around the payload included.
pub const FRAME_MAX: usize = 131_072;
/// The type of a frame that holds a method.
pub const METHOD: u8 = 1;
/// The type of a frame that holds a content header.
pub const HEADER: u8 = 2;
/// The type of a frame that holds a part of a body.
pub const BODY: u8 = 3;
/// The type of a frame that only says that its sender is there.
pub const HEARTBEAT: u8 = 8;
/// The last byte of every frame.
pub const END: u8 = 0xCE;
/// Bytes of a frame before its payload.
pub const HEAD_LEN: usize = 7;
/// Bytes of a frame around its payload.
pub const EMPTY_LEN: usize = HEAD_LEN + 1;
/// What a client says before anything else.
pub const PROTOCOL_HEADER: &[u8; 8] = b"AMQP\0\0\x09\x01";
