//! The methods of AMQP 0-9-1, one row each, named as in the specification (amqp0-9-1.extended.xml, with RabbitMQ's extensions).
//!
//! A row feeds the type, its numbers, its text form in transcripts and scripts (`queue.declare queue=q durable`) and, by
//! [`Method::fields`] and [`Method::set`], any codec.

use alloc::vec::Vec;

use super::value::Table;
use crate::bytes::Bytes;

/// A `longstr` argument of a method (a `shortstr` is plain [`Bytes`]).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LongStr(pub Bytes);

/// One argument of a method, with its type on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arg {
    /// At most 255 bytes.
    ShortStr(Bytes),
    /// At most 2^32 - 1 bytes.
    LongStr(Bytes),
    /// A flag; neighbouring flags share an octet.
    Bit(bool),
    /// 8 bits.
    Octet(u8),
    /// 16 bits.
    Short(u16),
    /// 32 bits.
    Long(u32),
    /// 64 bits.
    LongLong(u64),
    /// A field table.
    Table(Table),
}

/// How a Rust type stands for a wire type.
trait ArgType {
    fn to_arg(&self) -> Arg;
    /// False, and nothing changed, if the argument is of another type.
    fn set(&mut self, arg: Arg) -> bool;
}

macro_rules! arg_type {
    ($type:ty, $variant:ident, |$value:ident| $to:expr, |$inner:ident| $from:expr) => {
        impl ArgType for $type {
            fn to_arg(&self) -> Arg {
                let $value = self;
                Arg::$variant($to)
            }
            fn set(&mut self, arg: Arg) -> bool {
                let Arg::$variant($inner) = arg else { return false };
                *self = $from;
                true
            }
        }
    };
}

arg_type!(Bytes, ShortStr, |v| v.clone(), |v| v);
arg_type!(LongStr, LongStr, |v| v.0.clone(), |v| LongStr(v));
arg_type!(bool, Bit, |v| *v, |v| v);
arg_type!(u8, Octet, |v| *v, |v| v);
arg_type!(u16, Short, |v| *v, |v| v);
arg_type!(u32, Long, |v| *v, |v| v);
arg_type!(u64, LongLong, |v| *v, |v| v);
arg_type!(Table, Table, |v| v.clone(), |v| v);

macro_rules! methods {
    ($($variant:ident $class:literal $id:literal $name:literal { $($field:ident: $type:ty),* })*) => {
        $(
            #[doc = concat!("The arguments of `", $name, "`.")]
            #[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
            pub struct $variant {
                $(#[doc = concat!("`", stringify!($field), "` of `", $name, "`.")] pub $field: $type,)*
            }

            impl From<$variant> for Method {
                fn from(method: $variant) -> Method {
                    Method::$variant(method)
                }
            }
        )*

        /// A method frame, in either direction.
        #[derive(Debug, Eq, Hash)]
        #[allow(clippy::derived_hash_with_manual_eq, reason = "equal are those whose arguments are, and these are what is hashed")]
        pub enum Method {
            $(#[doc = concat!("`", $name, "`.")] $variant($variant),)*
        }

        impl Clone for Method {
            // Derived, it would be repeated in every type that holds a frame.
            #[inline(never)]
            fn clone(&self) -> Method {
                match self { $(Method::$variant(method) => Method::$variant(method.clone()),)* }
            }
        }

        impl Method {
            /// Every name, in the order of the numbers.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The class and method numbers, as they stand in a close frame.
            pub fn ids(&self) -> (u16, u16) {
                match self { $(Method::$variant(_) => ($class, $id),)* }
            }

            /// The name, `class.method`.
            pub fn name(&self) -> &'static str {
                match self { $(Method::$variant(_) => $name,)* }
            }

            /// The method called `name` with every argument at zero, false or empty.
            pub fn from_name(name: &str) -> Option<Method> {
                match name { $($name => Some(Method::$variant($variant::default())),)* _ => None }
            }

            /// The method with these numbers and every argument at zero, false or empty.
            pub fn from_ids(class: u16, method: u16) -> Option<Method> {
                match (class, method) { $(($class, $id) => Some(Method::$variant($variant::default())),)* _ => None }
            }

            /// The arguments in the order of the wire. With `dyn`, since there are two hundred of them.
            fn each(&self, visit: &mut dyn FnMut(&'static str, &dyn ArgType)) {
                match self {
                    $(Method::$variant(_method) => { $(visit(stringify!($field), &_method.$field);)* })*
                }
            }

            fn each_mut(&mut self, visit: &mut dyn FnMut(&'static str, &mut dyn ArgType)) {
                match self {
                    $(Method::$variant(_method) => { $(visit(stringify!($field), &mut _method.$field);)* })*
                }
            }
        }
    };
}

impl Method {
    /// The arguments in the order of the wire.
    pub fn fields(&self) -> Vec<(&'static str, Arg)> {
        let mut fields = Vec::new();
        self.each(&mut |name, value| fields.push((name, value.to_arg())));
        fields
    }

    /// Sets the argument called `field`; false when there is none of that name and type.
    pub fn set(&mut self, field: &str, arg: Arg) -> bool {
        let (mut arg, mut is_set) = (Some(arg), false);
        self.each_mut(&mut |name, value| {
            if name == field {
                is_set = arg.take().is_some_and(|arg| value.set(arg));
            }
        });
        is_set
    }
}

impl PartialEq for Method {
    fn eq(&self, other: &Method) -> bool {
        self.ids() == other.ids() && self.fields() == other.fields()
    }
}

methods! {
    ConnectionStart 10 10 "connection.start" { version_major: u8, version_minor: u8, server_properties: Table, mechanisms: LongStr, locales: LongStr }
    ConnectionStartOk 10 11 "connection.start-ok" { client_properties: Table, mechanism: Bytes, response: LongStr, locale: Bytes }
    ConnectionSecure 10 20 "connection.secure" { challenge: LongStr }
    ConnectionSecureOk 10 21 "connection.secure-ok" { response: LongStr }
    ConnectionTune 10 30 "connection.tune" { channel_max: u16, frame_max: u32, heartbeat: u16 }
    ConnectionTuneOk 10 31 "connection.tune-ok" { channel_max: u16, frame_max: u32, heartbeat: u16 }
    ConnectionOpen 10 40 "connection.open" { virtual_host: Bytes, capabilities: Bytes, insist: bool }
    ConnectionOpenOk 10 41 "connection.open-ok" { known_hosts: Bytes }
    ConnectionClose 10 50 "connection.close" { reply_code: u16, reply_text: Bytes, class_id: u16, method_id: u16 }
    ConnectionCloseOk 10 51 "connection.close-ok" {}
    ConnectionBlocked 10 60 "connection.blocked" { reason: Bytes }
    ConnectionUnblocked 10 61 "connection.unblocked" {}
    ConnectionUpdateSecret 10 70 "connection.update-secret" { new_secret: LongStr, reason: Bytes }
    ConnectionUpdateSecretOk 10 71 "connection.update-secret-ok" {}
    ChannelOpen 20 10 "channel.open" { out_of_band: Bytes }
    ChannelOpenOk 20 11 "channel.open-ok" { channel_id: LongStr }
    ChannelFlow 20 20 "channel.flow" { active: bool }
    ChannelFlowOk 20 21 "channel.flow-ok" { active: bool }
    ChannelClose 20 40 "channel.close" { reply_code: u16, reply_text: Bytes, class_id: u16, method_id: u16 }
    ChannelCloseOk 20 41 "channel.close-ok" {}
    AccessRequest 30 10 "access.request" { realm: Bytes, exclusive: bool, passive: bool, active: bool, write: bool, read: bool }
    AccessRequestOk 30 11 "access.request-ok" { ticket: u16 }
    ExchangeDeclare 40 10 "exchange.declare" { ticket: u16, exchange: Bytes, type_: Bytes, passive: bool, durable: bool, auto_delete: bool, internal: bool, nowait: bool, arguments: Table }
    ExchangeDeclareOk 40 11 "exchange.declare-ok" {}
    ExchangeDelete 40 20 "exchange.delete" { ticket: u16, exchange: Bytes, if_unused: bool, nowait: bool }
    ExchangeDeleteOk 40 21 "exchange.delete-ok" {}
    ExchangeBind 40 30 "exchange.bind" { ticket: u16, destination: Bytes, source: Bytes, routing_key: Bytes, nowait: bool, arguments: Table }
    ExchangeBindOk 40 31 "exchange.bind-ok" {}
    ExchangeUnbind 40 40 "exchange.unbind" { ticket: u16, destination: Bytes, source: Bytes, routing_key: Bytes, nowait: bool, arguments: Table }
    ExchangeUnbindOk 40 51 "exchange.unbind-ok" {}
    QueueDeclare 50 10 "queue.declare" { ticket: u16, queue: Bytes, passive: bool, durable: bool, exclusive: bool, auto_delete: bool, nowait: bool, arguments: Table }
    QueueDeclareOk 50 11 "queue.declare-ok" { queue: Bytes, message_count: u32, consumer_count: u32 }
    QueueBind 50 20 "queue.bind" { ticket: u16, queue: Bytes, exchange: Bytes, routing_key: Bytes, nowait: bool, arguments: Table }
    QueueBindOk 50 21 "queue.bind-ok" {}
    QueuePurge 50 30 "queue.purge" { ticket: u16, queue: Bytes, nowait: bool }
    QueuePurgeOk 50 31 "queue.purge-ok" { message_count: u32 }
    QueueDelete 50 40 "queue.delete" { ticket: u16, queue: Bytes, if_unused: bool, if_empty: bool, nowait: bool }
    QueueDeleteOk 50 41 "queue.delete-ok" { message_count: u32 }
    QueueUnbind 50 50 "queue.unbind" { ticket: u16, queue: Bytes, exchange: Bytes, routing_key: Bytes, arguments: Table }
    QueueUnbindOk 50 51 "queue.unbind-ok" {}
    BasicQos 60 10 "basic.qos" { prefetch_size: u32, prefetch_count: u16, global: bool }
    BasicQosOk 60 11 "basic.qos-ok" {}
    BasicConsume 60 20 "basic.consume" { ticket: u16, queue: Bytes, consumer_tag: Bytes, no_local: bool, no_ack: bool, exclusive: bool, nowait: bool, arguments: Table }
    BasicConsumeOk 60 21 "basic.consume-ok" { consumer_tag: Bytes }
    BasicCancel 60 30 "basic.cancel" { consumer_tag: Bytes, nowait: bool }
    BasicCancelOk 60 31 "basic.cancel-ok" { consumer_tag: Bytes }
    BasicPublish 60 40 "basic.publish" { ticket: u16, exchange: Bytes, routing_key: Bytes, mandatory: bool, immediate: bool }
    BasicReturn 60 50 "basic.return" { reply_code: u16, reply_text: Bytes, exchange: Bytes, routing_key: Bytes }
    BasicDeliver 60 60 "basic.deliver" { consumer_tag: Bytes, delivery_tag: u64, redelivered: bool, exchange: Bytes, routing_key: Bytes }
    BasicGet 60 70 "basic.get" { ticket: u16, queue: Bytes, no_ack: bool }
    BasicGetOk 60 71 "basic.get-ok" { delivery_tag: u64, redelivered: bool, exchange: Bytes, routing_key: Bytes, message_count: u32 }
    BasicGetEmpty 60 72 "basic.get-empty" { cluster_id: Bytes }
    BasicAck 60 80 "basic.ack" { delivery_tag: u64, multiple: bool }
    BasicReject 60 90 "basic.reject" { delivery_tag: u64, requeue: bool }
    BasicRecoverAsync 60 100 "basic.recover-async" { requeue: bool }
    BasicRecover 60 110 "basic.recover" { requeue: bool }
    BasicRecoverOk 60 111 "basic.recover-ok" {}
    BasicNack 60 120 "basic.nack" { delivery_tag: u64, multiple: bool, requeue: bool }
    ConfirmSelect 85 10 "confirm.select" { nowait: bool }
    ConfirmSelectOk 85 11 "confirm.select-ok" {}
    TxSelect 90 10 "tx.select" {}
    TxSelectOk 90 11 "tx.select-ok" {}
    TxCommit 90 20 "tx.commit" {}
    TxCommitOk 90 21 "tx.commit-ok" {}
    TxRollback 90 30 "tx.rollback" {}
    TxRollbackOk 90 31 "tx.rollback-ok" {}
}

/// The properties of class basic (AMQP 0-9-1 section 1.8, "basic").
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Properties {
    /// MIME type.
    pub content_type: Option<Bytes>,
    /// MIME encoding.
    pub content_encoding: Option<Bytes>,
    /// Application headers; the headers exchange matches on them.
    pub headers: Option<Table>,
    /// 1 transient, 2 persistent.
    pub delivery_mode: Option<u8>,
    /// 0 to 9, or up to `x-max-priority`.
    pub priority: Option<u8>,
    /// Ties a reply to its request.
    pub correlation_id: Option<Bytes>,
    /// Where replies are wanted.
    pub reply_to: Option<Bytes>,
    /// Time to live, in ms, as text.
    pub expiration: Option<Bytes>,
    /// The application's own id.
    pub message_id: Option<Bytes>,
    /// Seconds since 1970.
    pub timestamp: Option<u64>,
    /// The application's type name.
    pub type_: Option<Bytes>,
    /// The user that published; checked by the broker.
    pub user_id: Option<Bytes>,
    /// The application that published.
    pub app_id: Option<Bytes>,
    /// Deprecated in the specification, still carried.
    pub cluster_id: Option<Bytes>,
}

/// The content that follows `basic.publish`, `basic.deliver`, `basic.get-ok` and `basic.return`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Content {
    /// Its content header.
    pub properties: Properties,
    /// Its body frames, joined.
    pub body: Bytes,
}

/// One method with its content: what travels in one piece between a client and the broker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The method frame.
    pub method: Method,
    /// The content, where the method carries one.
    pub content: Option<Content>,
}

impl<M: Into<Method>> From<M> for Frame {
    fn from(method: M) -> Frame {
        Frame { method: method.into(), content: None }
    }
}
