//! A program as a list of operations, each standing on a line of Python.
//!
//! The operations are those that pika's `BlockingConnection` offers: a call waits for its answer, and deliveries that come meanwhile are
//! kept for `start_consuming`, which runs the callback's lines for each of them.

use alloc::{boxed::Box, collections::VecDeque, format, rc::Rc, vec::Vec};

use super::{Call, Host, Program, Wake};
use crate::{
    amqp::method::{
        BasicAck, BasicPublish, ChannelCloseOk, ChannelOpen, ConnectionClose, ConnectionCloseOk, Content, Frame,
        Method, Properties,
    },
    bytes::Bytes,
    hash::stable_hash,
};

/// All of Warren's own programs use one channel, as the tutorials do.
const CHANNEL: u16 = 1;

/// One operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `pika.BlockingConnection(...)`.
    Connect,
    /// `connection.channel()`.
    OpenChannel,
    /// A method that is answered. An empty queue name stands for the one the server gave.
    Call(Method),
    /// `basic_publish`; see [`Publish`].
    Publish(Publish),
    /// `time.sleep(...)`, in virtual ms.
    Sleep(u64),
    /// Back to an operation until the counter `n` has passed `count` (0: for ever).
    Repeat {
        /// The index of the first operation of the loop.
        to: u16,
        /// How many rounds.
        count: u32,
    },
    /// `start_consuming()`: for each delivery the operations from this index, until `Return`.
    StartConsuming {
        /// The index of the callback's first operation.
        callback: u16,
    },
    /// `print(...)`; see [`fill`] for what may stand in it.
    Print(Bytes),
    /// `basic_ack` of the delivery in hand.
    Ack,
    /// The answer to a request: published to its `reply_to` with its `correlation_id`.
    Reply,
    /// The callback's end.
    Return,
    /// Waits until this many answers with a known `correlation_id` have come.
    AwaitReplies(u32),
    /// `connection.close()`.
    Close,
    /// The end of the program.
    End,
}

/// What a `basic_publish` line sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Publish {
    /// The exchange.
    pub exchange: Bytes,
    /// Routing keys, used in turn.
    pub keys: Vec<Bytes>,
    /// The bodies, used in turn; `{n}` and `{key}` are filled in.
    pub bodies: Vec<Bytes>,
    /// `delivery_mode`, when stated.
    pub delivery_mode: Option<u8>,
    /// `mandatory`.
    pub mandatory: bool,
    /// Whether this is a request: `reply_to` is the program's own queue, `correlation_id` is fresh.
    pub request: bool,
}

/// The delivery a callback works on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Delivery {
    tag: u64,
    redelivered: bool,
    routing_key: Bytes,
    content: Content,
}

/// A running list of operations.
#[derive(Clone, Debug, Hash)]
pub struct Listing {
    code: Rc<[Bytes]>,
    ops: Rc<[(u16, Op)]>,
    pc: u16,
    /// Rounds begun, from 1: the `n` of the loops.
    n: u32,
    /// The name that the server gave to a queue.
    queue_name: Bytes,
    pending: VecDeque<Delivery>,
    current: Option<Delivery>,
    /// Where to go on after the callback.
    return_to: u16,
    /// Requests that wait for their answer: correlation id and body.
    requests: Vec<(Bytes, Bytes)>,
    answered: u32,
    /// Whether a call has been sent and its answer is awaited.
    calling: bool,
}

impl Listing {
    /// A program at its first line.
    ///
    /// # Panics
    /// When there is no operation: a program has at least its end.
    pub fn new(code: Vec<Bytes>, ops: Vec<(u16, Op)>) -> Self {
        assert!(!ops.is_empty(), "a program has at least its end");
        Listing {
            code: code.into(),
            ops: ops.into(),
            pc: 0,
            n: 1,
            queue_name: Bytes::default(),
            pending: VecDeque::new(),
            current: None,
            return_to: 0,
            requests: Vec::new(),
            answered: 0,
            calling: false,
        }
    }

    fn op(&self) -> &Op {
        &self.ops[usize::from(self.pc)].1
    }

    /// Takes in what woke the program. The answer is the error it dies of, if any.
    fn take_in(&mut self, wake: Wake) -> Result<(), Bytes> {
        match wake {
            Wake::Go | Wake::Store(_) => Ok(()),
            Wake::Connected => {
                self.pc += 1;
                Ok(())
            }
            Wake::Lost { refused: true } => Err("pika.exceptions.AMQPConnectionError: Connection refused".into()),
            Wake::Lost { refused: false } => {
                Err("pika.exceptions.StreamLostError: Stream connection lost: ConnectionResetError(104, 'Connection reset by peer')".into())
            }
            Wake::Frame(frame) => self.take_frame(frame),
        }
    }

    fn take_frame(&mut self, frame: Frame) -> Result<(), Bytes> {
        match frame.method {
            Method::BasicDeliver(deliver) => {
                self.pending.push_back(Delivery {
                    tag: deliver.delivery_tag,
                    redelivered: deliver.redelivered,
                    routing_key: deliver.routing_key,
                    content: frame.content.unwrap_or_default(),
                });
            }
            Method::ChannelClose(close) => {
                return Err(Bytes::from(format!(
                    "pika.exceptions.ChannelClosedByBroker: ({}, {:?})",
                    close.reply_code,
                    close.reply_text.text()
                )));
            }
            Method::ConnectionClose(close) => {
                return Err(Bytes::from(format!(
                    "pika.exceptions.ConnectionClosedByBroker: ({}, {:?})",
                    close.reply_code,
                    close.reply_text.text()
                )));
            }
            Method::QueueDeclareOk(ok) => {
                self.queue_name = ok.queue;
                self.answer();
            }
            Method::BasicCancel(_) => {
                // pika leaves start_consuming when the broker has cancelled its last consumer.
                if let Op::StartConsuming { .. } = self.op() {
                    self.pc += 1;
                }
            }
            Method::BasicReturn(_) => {}
            _ => self.answer(),
        }
        Ok(())
    }

    /// An answer has come: the call that waited for it is done.
    fn answer(&mut self) {
        match self.op() {
            Op::OpenChannel | Op::Call(_) | Op::Close => self.pc += 1,
            Op::Connect
            | Op::Publish(_)
            | Op::Sleep(_)
            | Op::Repeat { .. }
            | Op::StartConsuming { .. }
            | Op::Print(_)
            | Op::Ack
            | Op::Reply
            | Op::Return
            | Op::AwaitReplies(_)
            | Op::End => {}
        }
    }

    /// Runs the operation that stands at the counter.
    fn run(&mut self, host: &mut Host<'_>) -> Call {
        match self.op().clone() {
            Op::Connect => Call::Connect,
            Op::OpenChannel => call(ChannelOpen::default().into()),
            Op::Call(method) => call(with_queue(method, &self.queue_name).into()),
            Op::Publish(publish) => {
                let frame = self.publish(&publish, host);
                self.next(Call::Send { channel: CHANNEL, frame, wait: false })
            }
            Op::Sleep(ms) => self.next(Call::Sleep { ms }),
            Op::Repeat { to, count } => {
                if count == 0 || self.n < count {
                    self.n += 1;
                    self.pc = to;
                } else {
                    self.pc += 1;
                }
                Call::Continue
            }
            Op::StartConsuming { callback } => match self.pending.pop_front() {
                None => Call::Wait,
                Some(delivery) => {
                    self.current = Some(delivery);
                    self.return_to = self.pc;
                    self.pc = callback;
                    Call::Continue
                }
            },
            Op::Print(template) => {
                let text = self.fill(&template, &Bytes::default());
                host.prints.push(text);
                self.next(Call::Continue)
            }
            Op::Ack => {
                let delivery_tag = self.current.as_ref().map_or(0, |delivery| delivery.tag);
                let frame = BasicAck { delivery_tag, multiple: false }.into();
                self.next(Call::Send { channel: CHANNEL, frame, wait: false })
            }
            Op::Reply => {
                let frame = self.reply();
                self.next(Call::Send { channel: CHANNEL, frame, wait: false })
            }
            Op::Return => {
                self.current = None;
                self.pc = self.return_to;
                Call::Continue
            }
            Op::AwaitReplies(wanted) => self.await_replies(wanted, host),
            Op::Close => {
                let close =
                    ConnectionClose { reply_code: 200, reply_text: "Normal shutdown".into(), ..Default::default() };
                // What concerns the whole connection travels on channel 0 (AMQP 0-9-1, 4.2.3).
                Call::Send { channel: 0, frame: close.into(), wait: true }
            }
            Op::End => Call::Exit { error: None },
        }
    }

    fn next(&mut self, call: Call) -> Call {
        self.pc += 1;
        call
    }

    fn await_replies(&mut self, wanted: u32, host: &mut Host<'_>) -> Call {
        if self.answered >= wanted {
            return self.next(Call::Continue);
        }
        let Some(delivery) = self.pending.pop_front() else { return Call::Wait };
        let id = delivery.content.properties.correlation_id.clone().unwrap_or_default();
        // An answer that belongs to no open request is not ours: the tutorial's client compares the ids for this reason.
        if let Some(at) = self.requests.iter().position(|(known, _)| *known == id) {
            let (_, asked) = self.requests.remove(at);
            self.answered += 1;
            host.prints.push(Bytes::from(format!(" [.] fib({asked}) = {}", delivery.content.body)));
        }
        Call::Continue
    }

    fn publish(&mut self, publish: &Publish, host: &mut Host<'_>) -> Frame {
        let round = (self.n - 1) as usize;
        let key = publish.keys.get(round % publish.keys.len().max(1)).cloned().unwrap_or_default();
        let template = publish.bodies.get(round % publish.bodies.len().max(1)).cloned().unwrap_or_default();
        let body = self.fill(&template, &key);
        let mut properties = Properties { delivery_mode: publish.delivery_mode, ..Properties::default() };
        if publish.request {
            let id = Bytes::from(format!("{:08x}", host.prng.next_u64() >> 32));
            self.requests.push((id.clone(), body.clone()));
            properties.correlation_id = Some(id);
            properties.reply_to = Some(self.queue_name.clone());
        }
        let method = BasicPublish {
            exchange: publish.exchange.clone(),
            routing_key: key,
            mandatory: publish.mandatory,
            ..BasicPublish::default()
        };
        Frame { method: method.into(), content: Some(Content { properties, body }) }
    }

    fn reply(&self) -> Frame {
        let (properties, body) = match &self.current {
            None => (Properties::default(), Bytes::default()),
            Some(delivery) => (delivery.content.properties.clone(), delivery.content.body.clone()),
        };
        let method =
            BasicPublish { routing_key: properties.reply_to.clone().unwrap_or_default(), ..BasicPublish::default() };
        let answer = Bytes::from(format!("{}", fib(&body)));
        let properties = Properties { correlation_id: properties.correlation_id, ..Properties::default() };
        Frame { method: method.into(), content: Some(Content { properties, body: answer }) }
    }

    /// A template with `{n}`, `{key}`, `{body}` and `{redelivered}` filled in.
    fn fill(&self, template: &Bytes, key: &Bytes) -> Bytes {
        let text = template.text();
        if !text.contains('{') {
            return template.clone();
        }
        let mut filled = text.replace("{n}", &format!("{}", self.n)).replace("{key}", &key.text());
        if let Some(delivery) = &self.current {
            filled = filled
                .replace("{body}", &delivery.content.body.text())
                .replace("{routing_key}", &delivery.routing_key.text())
                .replace("{redelivered}", if delivery.redelivered { "True" } else { "False" });
        }
        Bytes::from(filled)
    }
}

impl Program for Listing {
    fn resume(&mut self, wake: Wake, host: &mut Host<'_>, line: &mut u16) -> Call {
        let waiting = !matches!(wake, Wake::Go);
        let before = self.pc;
        if let Err(error) = self.take_in(wake) {
            return Call::Exit { error: Some(error) };
        }
        // A frame that did not answer the call in progress leaves the program where it was.
        let in_call = matches!(self.op(), Op::OpenChannel | Op::Call(_) | Op::Close | Op::Connect);
        if waiting && in_call && self.pc == before {
            return Call::Wait;
        }
        *line = self.line();
        self.calling = matches!(self.op(), Op::OpenChannel | Op::Call(_) | Op::Close);
        self.run(host)
    }

    fn waits(&self) -> bool {
        self.calling || matches!(self.op(), Op::StartConsuming { .. } | Op::AwaitReplies(_))
    }

    fn line(&self) -> u16 {
        self.ops[usize::from(self.pc)].0
    }

    fn listing(&self) -> &Rc<[Bytes]> {
        &self.code
    }

    fn working_on(&self) -> Option<u64> {
        self.current.as_ref().map(|delivery| delivery.tag)
    }

    fn boxed(&self) -> Box<dyn Program> {
        Box::new(self.clone())
    }

    fn state_hash(&self) -> u64 {
        stable_hash(self)
    }
}

fn call(frame: Frame) -> Call {
    Call::Send { channel: CHANNEL, frame, wait: true }
}

/// The frame that politely answers a close, if `method` is one.
pub fn close_ok(method: &Method) -> Option<Frame> {
    match method {
        Method::ChannelClose(_) => Some(ChannelCloseOk {}.into()),
        Method::ConnectionClose(_) => Some(ConnectionCloseOk {}.into()),
        _ => None,
    }
}

/// Binding and consuming use the name that the server gave where the program has none of its own.
fn with_queue(mut method: Method, name: &Bytes) -> Method {
    match &mut method {
        Method::QueueBind(bind) if bind.queue.is_empty() => bind.queue = name.clone(),
        Method::BasicConsume(consume) if consume.queue.is_empty() => consume.queue = name.clone(),
        _ => {}
    }
    method
}

/// The tutorial's Fibonacci function, by addition instead of its exponential recursion. What is no number counts as 0; past `fib(93)` it
/// stays at the largest that 64 bits hold.
fn fib(body: &Bytes) -> u64 {
    let n: u32 = body.text().trim().parse().unwrap_or(0);
    let (mut a, mut b) = (0_u64, 1_u64);
    for _ in 0..n.min(94) {
        (a, b) = (b, a.saturating_add(b));
    }
    a
}
