//! Which function answers which method on an open channel, in the order of the specification.

use super::broker::{Broker, Cx};
use super::channel::Settle;
use super::error::{self, Refusal};
use super::event::ChannelRef;
use super::method::{AccessRequestOk, BasicRecoverOk, ChannelFlowOk, ConfirmSelectOk, Frame, Method};

impl Broker {
    /// Answers a method. The few that every program uses are tried first: the page is cut behind them, and need not have the rest
    /// before it is wanted.
    pub(super) fn method(&mut self, cx: &mut Cx<'_>, at: ChannelRef, frame: &Frame) -> Result<(), Refusal> {
        match &frame.method {
            Method::QueueDeclare(method) => self.queue_declare(cx, at, method),
            Method::BasicConsume(method) => self.basic_consume(cx, at, method),
            Method::BasicPublish(method) => self.basic_publish(cx, at, method, frame.content.as_ref()),
            _ => self.any_method(cx, at, frame),
        }
    }

    #[inline(never)]
    fn any_method(&mut self, cx: &mut Cx<'_>, at: ChannelRef, frame: &Frame) -> Result<(), Refusal> {
        match &frame.method {
            Method::ChannelFlow(method) if method.active => {
                cx.send(at, ChannelFlowOk { active: true }, None);
                Ok(())
            }
            Method::ChannelFlow(_) => Err(error::flow()),
            Method::AccessRequest(_) => {
                cx.send(at, AccessRequestOk { ticket: 1 }, None);
                Ok(())
            }
            Method::ExchangeDeclare(method) => self.exchange_declare(cx, at, method),
            Method::ExchangeDelete(method) => self.exchange_delete(cx, at, method),
            Method::ExchangeBind(method) => self.exchange_bind(cx, at, method),
            Method::ExchangeUnbind(method) => self.exchange_unbind(cx, at, method),
            Method::QueueDeclare(method) => self.queue_declare(cx, at, method),
            Method::QueueBind(method) => self.queue_bind(cx, at, method),
            Method::QueueUnbind(method) => self.queue_unbind(cx, at, method),
            Method::QueuePurge(method) => self.queue_purge(cx, at, method),
            Method::QueueDelete(method) => self.queue_delete(cx, at, method),
            Method::BasicQos(method) => self.basic_qos(cx, at, method),
            Method::BasicConsume(method) => self.basic_consume(cx, at, method),
            Method::BasicCancel(method) => self.basic_cancel(cx, at, method),
            Method::BasicPublish(method) => self.basic_publish(cx, at, method, frame.content.as_ref()),
            Method::BasicGet(method) => self.basic_get(cx, at, method),
            Method::BasicAck(method) => self.settle(cx, at, method.delivery_tag, method.multiple, Settle::Ack),
            Method::BasicReject(method) => {
                let how = if method.requeue { Settle::Requeue } else { Settle::Discard };
                self.settle(cx, at, method.delivery_tag, false, how)
            }
            Method::BasicNack(method) => {
                let how = if method.requeue { Settle::Requeue } else { Settle::Discard };
                self.settle(cx, at, method.delivery_tag, method.multiple, how)
            }
            Method::BasicRecoverAsync(method) => self.basic_recover(cx, at, method.requeue, None),
            Method::BasicRecover(method) => self.basic_recover(cx, at, method.requeue, Some(BasicRecoverOk {})),
            Method::ConfirmSelect(method) => {
                self.confirm_select(at)?;
                if !method.nowait {
                    cx.send(at, ConfirmSelectOk {}, None);
                }
                Ok(())
            }
            Method::TxSelect(_) => self.tx_select(cx, at),
            Method::TxCommit(_) => self.tx_commit(cx, at),
            Method::TxRollback(_) => self.tx_rollback(cx, at),
            // What only the broker says, or what has no business on a channel.
            Method::ConnectionStart(_)
            | Method::ConnectionStartOk(_)
            | Method::ConnectionSecure(_)
            | Method::ConnectionSecureOk(_)
            | Method::ConnectionTune(_)
            | Method::ConnectionTuneOk(_)
            | Method::ConnectionOpen(_)
            | Method::ConnectionOpenOk(_)
            | Method::ConnectionClose(_)
            | Method::ConnectionCloseOk(_)
            | Method::ConnectionBlocked(_)
            | Method::ConnectionUnblocked(_)
            | Method::ConnectionUpdateSecret(_)
            | Method::ConnectionUpdateSecretOk(_)
            | Method::ChannelOpen(_)
            | Method::ChannelOpenOk(_)
            | Method::ChannelFlowOk(_)
            | Method::ChannelClose(_)
            | Method::ChannelCloseOk(_)
            | Method::AccessRequestOk(_)
            | Method::ExchangeDeclareOk(_)
            | Method::ExchangeDeleteOk(_)
            | Method::ExchangeBindOk(_)
            | Method::ExchangeUnbindOk(_)
            | Method::QueueDeclareOk(_)
            | Method::QueueBindOk(_)
            | Method::QueuePurgeOk(_)
            | Method::QueueDeleteOk(_)
            | Method::QueueUnbindOk(_)
            | Method::BasicQosOk(_)
            | Method::BasicConsumeOk(_)
            | Method::BasicCancelOk(_)
            | Method::BasicReturn(_)
            | Method::BasicDeliver(_)
            | Method::BasicGetOk(_)
            | Method::BasicGetEmpty(_)
            | Method::BasicRecoverOk(_)
            | Method::ConfirmSelectOk(_)
            | Method::TxSelectOk(_)
            | Method::TxCommitOk(_)
            | Method::TxRollbackOk(_) => Err(error::unimplemented_method()),
        }
    }
}
