//! Class tx: publishes and acknowledgements that take effect together at `tx.commit`.

use super::broker::{Broker, Cx};
use super::channel::{Settle, Transaction};
use super::error::{self, Refusal};
use super::event::{ChannelRef, RequeueReason};
use super::method::{TxCommitOk, TxRollbackOk, TxSelectOk};
use crate::sorted::sort_by_key;

impl Broker {
    pub(super) fn tx_select(&mut self, cx: &mut Cx<'_>, at: ChannelRef) -> Result<(), Refusal> {
        let Some(channel) = self.channel_mut(at) else { return Ok(()) };
        if channel.confirms {
            return Err(error::mode_switch("confirm", "tx"));
        }
        channel.transaction.get_or_insert_default();
        cx.send(at, TxSelectOk {}, None);
        Ok(())
    }

    pub(super) fn tx_commit(&mut self, cx: &mut Cx<'_>, at: ChannelRef) -> Result<(), Refusal> {
        let Transaction { publishes, settlements } = self.take_transaction(at)?;
        let mut accepted = true;
        for pending in &publishes {
            accepted &= self.deliver_to_queues(cx, at, pending);
        }
        if !settlements.is_empty() {
            // The queues have the messages before they hear of the acknowledgements: their consumers are as they were.
            for queue in publishes.iter().flat_map(|pending| &pending.queues) {
                let resource = self.resource(at.connection, queue);
                self.deliver_all(cx, &resource);
            }
        }
        let refused = settlements.iter().filter(|(_, _, how)| *how != Settle::Ack);
        let mut refused = refused.filter_map(|(_, delivery, _)| self.stream_behind(at, delivery));
        if let Some(stream) = refused.next() {
            return Err(error::nack_of_stream(&stream));
        }
        for how in [Settle::Ack, Settle::Requeue, Settle::Discard] {
            let mut same: alloc::vec::Vec<_> = settlements
                .iter()
                .filter(|(_, _, settle)| *settle == how)
                .map(|(tag, delivery, _)| (*tag, delivery.clone()))
                .collect();
            sort_by_key(&mut same, |(tag, _)| *tag);
            self.settle_all(cx, at, same, how, RequeueReason::Rejected);
        }
        for (_, delivery, _) in &settlements {
            // The channel reads streams itself, as soon as it may.
            if let Some(stream) = self.stream_behind(at, delivery) {
                self.deliver_all(cx, &stream);
            }
        }
        if !accepted {
            return Err(error::partial_commit());
        }
        cx.send(at, TxCommitOk {}, None);
        Ok(())
    }

    pub(super) fn tx_rollback(&mut self, cx: &mut Cx<'_>, at: ChannelRef) -> Result<(), Refusal> {
        let Transaction { settlements, .. } = self.take_transaction(at)?;
        if let Some(channel) = self.channel_mut(at) {
            channel.unacked.extend(settlements.into_iter().map(|(tag, delivery, _)| (tag, delivery)));
        }
        cx.send(at, TxRollbackOk {}, None);
        Ok(())
    }

    /// The open transaction; a new one begins.
    fn take_transaction(&mut self, at: ChannelRef) -> Result<Transaction, Refusal> {
        let open = self.channel_mut(at).and_then(|channel| channel.transaction.as_mut());
        open.map(core::mem::take).ok_or_else(error::not_transactional)
    }
}
