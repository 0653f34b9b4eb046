//! Methods of class exchange and bind, and how exchanges and bindings come and go.

use alloc::{rc::Rc, vec::Vec};

use super::arguments;
use super::broker::{Broker, Cx};
use super::error::{self, Refusal};
use super::event::{ChannelRef, ConnectionId, Event, Resource};
use super::exchange::{Binding, Destination, Exchange, ExchangeType};
use super::limits;
use super::method::{ExchangeBind, ExchangeBindOk, ExchangeDeclare, ExchangeDeclareOk, ExchangeDelete};
use super::method::{ExchangeDeleteOk, ExchangeUnbind, ExchangeUnbindOk};
use super::policy::{Applied, applied_event};
use super::value::Table;
use crate::bytes::Bytes;

/// A name as RabbitMQ keeps it: line breaks are taken out.
pub(super) fn strip(name: &Bytes) -> Bytes {
    if name.iter().any(|byte| matches!(byte, b'\r' | b'\n')) {
        name.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect::<Vec<u8>>().into()
    } else {
        name.clone()
    }
}

impl Broker {
    pub(super) fn exchange_declare(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        method: &ExchangeDeclare,
    ) -> Result<(), Refusal> {
        let resource = self.resource(at.connection, &strip(&method.exchange));
        let mut cause = None;
        if method.passive {
            check_not_default(&resource)?;
            self.existing_exchange(&resource)?;
        } else {
            let exchange_type =
                ExchangeType::from_name(&method.type_).ok_or_else(|| error::exchange_type(&method.type_))?;
            check_not_default(&resource)?;
            match self.exchange(&resource) {
                Some(exchange) => check_equivalent(exchange, method)?,
                None if resource.name.starts_with(b"amq.") => return Err(error::reserved_name(true, &resource.name)),
                None => {
                    let exchange = Exchange {
                        durable: method.durable,
                        auto_delete: method.auto_delete,
                        internal: method.internal,
                        arguments: method.arguments.clone(),
                        ..Exchange::new(resource, exchange_type)
                    };
                    cause = Some(self.create_exchange(cx, exchange, None)?);
                }
            }
        }
        if !method.nowait {
            cx.send(at, ExchangeDeclareOk {}, cause);
        }
        Ok(())
    }

    /// Makes an exchange that is not there yet; the event.
    pub(super) fn create_exchange(
        &mut self,
        cx: &mut Cx<'_>,
        exchange: Exchange,
        cause: Option<u32>,
    ) -> Result<u32, Refusal> {
        let resource = exchange.resource.clone();
        let alternate = "alternate-exchange";
        if let Some(value) = exchange.arguments.get(alternate)
            && value.as_long_str().is_none()
        {
            return Err(error::invalid_type(value, alternate, true, &resource));
        }
        let Some(vhost) = self.vhosts.get_mut(&resource.vhost) else { return Err(error::not_found(true, &resource)) };
        if vhost.exchanges.len() >= limits::EXCHANGES_MAX {
            return Err(error::resource_limit("exchanges", limits::EXCHANGES_MAX as u64));
        }
        let applied = vhost.policies.applied(&resource.name, None);
        let exchange = Exchange { applied: applied.clone(), ..exchange };
        vhost.exchanges.insert(resource.name.clone(), Rc::new(exchange));
        let event = cx.event(Event::ExchangeDeclared { exchange: resource.clone() }, cause);
        if applied != Applied::default() {
            cx.event(applied_event(resource, true, &applied), Some(event));
        }
        Ok(event)
    }

    pub(super) fn exchange_delete(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        method: &ExchangeDelete,
    ) -> Result<(), Refusal> {
        let resource = self.resource(at.connection, &strip(&method.exchange));
        check_not_default(&resource)?;
        if resource.name.starts_with(b"amq.") {
            return Err(error::system_exchange(&resource));
        }
        let mut cause = None;
        if let Some(exchange) = self.exchange(&resource) {
            if method.if_unused && exchange.binding_count > 0 {
                return Err(error::in_use(true, &resource));
            }
            cause = Some(self.delete_exchange(cx, &resource, None));
        }
        if !method.nowait {
            cx.send(at, ExchangeDeleteOk {}, cause);
        }
        Ok(())
    }

    /// Deletes an exchange with the bindings at both its ends.
    pub(super) fn delete_exchange(&mut self, cx: &mut Cx<'_>, resource: &Resource, cause: Option<u32>) -> u32 {
        let event = cx.event(Event::ExchangeDeleted { exchange: resource.clone() }, cause);
        let gone = self.vhosts.get_mut(&resource.vhost).and_then(|vhost| vhost.exchanges.remove(&resource.name));
        if let Some(gone) = gone {
            for binding in gone.bindings.values().flatten() {
                unbound(cx, resource, binding, Some(event));
            }
            self.remove_bindings_to(cx, &resource.vhost, &Destination::Exchange(resource.name.clone()), event);
        }
        event
    }

    /// Removes every binding that leads to something that is gone. An auto-delete exchange that loses its last one goes too.
    pub(super) fn remove_bindings_to(&mut self, cx: &mut Cx<'_>, vhost: &Bytes, gone: &Destination, cause: u32) {
        let leads_there = |(_, exchange): &(&Bytes, &Rc<Exchange>)| exchange.leads_to(gone);
        let Some(exchanges) = self.vhosts.get(vhost).map(|vhost| &vhost.exchanges) else { return };
        let names: Vec<Bytes> = exchanges.iter().filter(leads_there).map(|(name, _)| name.clone()).collect();
        for name in names {
            let source = Resource { vhost: vhost.clone(), name };
            let Some(exchange) = self.exchange_mut(&source) else { continue };
            for binding in exchange.unbind_all(gone) {
                unbound(cx, &source, &binding, Some(cause));
            }
            self.delete_if_abandoned(cx, &source, cause);
        }
    }

    fn delete_if_abandoned(&mut self, cx: &mut Cx<'_>, resource: &Resource, cause: u32) {
        if self.exchange(resource).is_some_and(|exchange| exchange.auto_delete && exchange.binding_count == 0) {
            self.delete_exchange(cx, resource, Some(cause));
        }
    }

    pub(super) fn exchange_bind(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        method: &ExchangeBind,
    ) -> Result<(), Refusal> {
        let destination = Destination::Exchange(strip(&method.destination));
        let binding = Binding::new(method.routing_key.clone(), destination, method.arguments.clone());
        let cause = self.bind(cx, at, &method.source, binding)?;
        if !method.nowait {
            cx.send(at, ExchangeBindOk {}, cause);
        }
        Ok(())
    }

    pub(super) fn exchange_unbind(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        method: &ExchangeUnbind,
    ) -> Result<(), Refusal> {
        let destination = Destination::Exchange(strip(&method.destination));
        let binding = Binding::new(method.routing_key.clone(), destination, method.arguments.clone());
        let cause = self.unbind(cx, at, &method.source, &binding)?;
        if !method.nowait {
            cx.send(at, ExchangeUnbindOk {}, cause);
        }
        Ok(())
    }

    /// Binds; the event, unless the binding is there already.
    pub(super) fn bind(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        source: &Bytes,
        binding: Binding,
    ) -> Result<Option<u32>, Refusal> {
        let (source, destination) = self.ends(at.connection, source, &binding.destination)?;
        let to_exchange = binding.destination.is_exchange();
        let exchange = self.existing_exchange(&source)?;
        let is_there =
            if to_exchange { self.exchange(&destination).is_some() } else { self.queue_at(&destination).is_some() };
        if !is_there {
            return Err(error::not_found(to_exchange, &destination));
        }
        exchange.exchange_type.check_binding(&binding.arguments)?;
        self.check_binding_access(at.connection, &destination, to_exchange)?;
        if exchange.binding_count >= limits::BINDINGS_MAX {
            return Err(error::resource_limit("bindings of an exchange", limits::BINDINGS_MAX));
        }
        let binding_key = binding.key.clone();
        let is_new = self.exchange_mut(&source).is_some_and(|exchange| exchange.bind(binding));
        Ok(is_new.then(|| cx.event(Event::Bound { source, destination, to_exchange, binding_key }, None)))
    }

    /// Unbinds; the event, unless there is no such binding (which is no error).
    pub(super) fn unbind(
        &mut self,
        cx: &mut Cx<'_>,
        at: ChannelRef,
        source: &Bytes,
        binding: &Binding,
    ) -> Result<Option<u32>, Refusal> {
        let (source, destination) = self.ends(at.connection, source, &binding.destination)?;
        if !self.exchange(&source).is_some_and(|exchange| exchange.has(binding)) {
            return Ok(None);
        }
        self.check_binding_access(at.connection, &destination, binding.destination.is_exchange())?;
        if let Some(exchange) = self.exchange_mut(&source) {
            exchange.unbind(binding);
        }
        let event = unbound(cx, &source, binding, None);
        self.delete_if_abandoned(cx, &source, event);
        Ok(Some(event))
    }

    /// The two ends of a binding, neither of them the default exchange.
    fn ends(
        &self,
        connection: ConnectionId,
        source: &Bytes,
        destination: &Destination,
    ) -> Result<(Resource, Resource), Refusal> {
        let to = self.resource(connection, destination.name());
        if destination.is_exchange() {
            check_not_default(&to)?;
        }
        let from = self.resource(connection, &strip(source));
        check_not_default(&from)?;
        Ok((from, to))
    }

    fn check_binding_access(&self, by: ConnectionId, destination: &Resource, to_exchange: bool) -> Result<(), Refusal> {
        match self.queue_at(destination) {
            Some(queue) if !to_exchange => super::queues::check_access(queue, by),
            _ => Ok(()),
        }
    }

    pub(super) fn existing_exchange(&self, resource: &Resource) -> Result<&Exchange, Refusal> {
        self.exchange(resource).ok_or_else(|| error::not_found(true, resource))
    }
}

fn check_not_default(exchange: &Resource) -> Result<(), Refusal> {
    if exchange.name.is_empty() { Err(error::default_exchange()) } else { Ok(()) }
}

/// Checks a declaration against the exchange that is there.
fn check_equivalent(exchange: &Exchange, method: &ExchangeDeclare) -> Result<(), Refusal> {
    let resource = &exchange.resource;
    if exchange.exchange_type.name().as_bytes() != &*method.type_ {
        let (received, current) = (error::plain(&method.type_), error::plain(exchange.exchange_type.name().as_bytes()));
        return Err(error::inequivalent("type", true, resource, &received, &current));
    }
    let flags = [
        ("durable", method.durable, exchange.durable),
        ("auto_delete", method.auto_delete, exchange.auto_delete),
        ("internal", method.internal, exchange.internal),
    ];
    check_flags(&flags, true, resource)?;
    let empty = Table::default();
    let current = if exchange.arguments.is_empty() { &empty } else { &exchange.arguments };
    arguments::check_equivalent_field("alternate-exchange", true, resource, current, &method.arguments)
}

/// Name, received, current: the first that differ are refused.
pub(super) fn check_flags(flags: &[(&str, bool, bool)], is_exchange: bool, resource: &Resource) -> Result<(), Refusal> {
    let quoted = |flag: bool| error::plain(if flag { b"true" } else { b"false" });
    match flags.iter().find(|(_, received, current)| received != current) {
        Some((name, received, current)) => {
            Err(error::inequivalent(name, is_exchange, resource, &quoted(*received), &quoted(*current)))
        }
        None => Ok(()),
    }
}

fn unbound(cx: &mut Cx<'_>, source: &Resource, binding: &Binding, cause: Option<u32>) -> u32 {
    let destination = Resource { vhost: source.vhost.clone(), name: binding.destination.name().clone() };
    let (source, to_exchange, binding_key) = (source.clone(), binding.destination.is_exchange(), binding.key.clone());
    cx.event(Event::Unbound { source, destination, to_exchange, binding_key }, cause)
}
