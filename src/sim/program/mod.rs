//! Programs: what runs inside a process and drives the broker from outside, as a tutorial's script does.
//!
//! A program is anything that can be paused at every line: it is resumed with a [`Wake`] and answers with the one [`Call`] it now makes.
//! Warren's own programs ([`send`], [`receive`], [`rpc`], [`redis_py`]) are short lists of operations, each tied to a line of the pika code that the
//! page shows beside the picture ([`listing`]). An interpreter can stand behind the same trait.

use alloc::{boxed::Box, rc::Rc, vec::Vec};

use crate::{
    amqp::method::Frame,
    apart::Apart,
    bytes::Bytes,
    links::{StoreCall, StoreWake},
    prng::Prng,
};

pub mod listing;
pub mod receive;
pub mod redis_py;
pub mod rpc;
pub mod send;
pub mod spec;

/// Why a paused program goes on.
#[allow(clippy::large_enum_variant, reason = "one lives at a time, on the stack")]
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Wake {
    /// It has just been started, its sleep is over, or its last call needed no answer.
    Go,
    /// The connection it asked for is open.
    Connected,
    /// A frame came for it.
    Frame(Frame),
    /// Its connection is gone or could not be had.
    Lost {
        /// True when there was no broker to connect to.
        refused: bool,
    },
    /// Something came from the store, or a connection to it did.
    Store(Apart<StoreWake>),
}

/// What a program asks for next; it is paused until that is done.
#[allow(clippy::large_enum_variant, reason = "one lives at a time, on the stack")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// A connection to the broker.
    Connect,
    /// This frame is to be sent. It goes on at once, or with the next frame when `wait`.
    Send {
        /// The channel it goes on.
        channel: u16,
        /// What is sent.
        frame: Frame,
        /// Whether an answer is awaited.
        wait: bool,
    },
    /// Something of the store.
    Store(Apart<StoreCall>),
    /// A pause, in virtual ms.
    Sleep {
        /// How long.
        ms: u64,
    },
    /// Nothing but the next frame.
    Wait,
    /// Nothing: it goes on with the next line.
    Continue,
    /// The end, with the last line of the traceback when it is an error.
    Exit {
        /// What Python would print, if anything.
        error: Option<Bytes>,
    },
}

/// What a program may use while it runs.
pub struct Host<'a> {
    /// The world's chance.
    pub prng: &'a mut Prng,
    /// Lines for the program's own terminal.
    pub prints: &'a mut Vec<Bytes>,
}

/// A program that can be paused, copied and hashed at any line.
pub trait Program {
    /// Runs one line, and notes which.
    fn resume(&mut self, wake: Wake, host: &mut Host<'_>, line: &mut u16) -> Call;
    /// Whether it stands at a line that takes the next frame; any other line runs before frames are looked at.
    fn waits(&self) -> bool;
    /// The line that runs next or that it is paused at, from 1.
    fn line(&self) -> u16;
    /// Its code.
    fn listing(&self) -> &Rc<[Bytes]>;
    /// The message it is working on, as the number of the delivery it came with.
    fn working_on(&self) -> Option<u64>;
    /// A copy in the same state.
    fn boxed(&self) -> Box<dyn Program>;
    /// The stable hash of its state.
    fn state_hash(&self) -> u64;
}

impl Clone for Box<dyn Program> {
    fn clone(&self) -> Self {
        self.boxed()
    }
}
