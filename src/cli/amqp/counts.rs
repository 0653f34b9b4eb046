//! What happened since the server started, counted as RabbitMQ's management counts it.

use warren_sim::amqp::event::Event;

/// The counts of the whole node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Acknowledged deliveries.
    pub ack: u64,
    /// Confirmed publishes.
    pub confirm: u64,
    /// Deliveries to consumers that acknowledge.
    pub deliver: u64,
    /// Deliveries to consumers that do not.
    pub deliver_no_ack: u64,
    /// Messages fetched and to be acknowledged.
    pub get: u64,
    /// Messages fetched for good.
    pub get_no_ack: u64,
    /// Publishes.
    pub publish: u64,
    /// Deliveries that were not the first of their message.
    pub redeliver: u64,
    /// Unroutable messages that went back.
    pub return_unroutable: u64,
    /// Unroutable messages that are gone.
    pub drop_unroutable: u64,
}

impl Counts {
    /// Counts an event.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::Published { .. } => self.publish += 1,
            Event::Delivered { no_ack, redelivered, .. } => {
                *if *no_ack { &mut self.deliver_no_ack } else { &mut self.deliver } += 1;
                self.redeliver += u64::from(*redelivered);
            }
            Event::Got { no_ack, redelivered, .. } => {
                *if *no_ack { &mut self.get_no_ack } else { &mut self.get } += 1;
                self.redeliver += u64::from(*redelivered);
            }
            Event::Acked { .. } => self.ack += 1,
            Event::Confirmed { ack: true, .. } => self.confirm += 1,
            Event::Unroutable { returned: true, .. } => self.return_unroutable += 1,
            Event::Unroutable { returned: false, .. } => self.drop_unroutable += 1,
            // Nothing else is counted.
            _ => {}
        }
    }

    /// Messages that no queue took.
    pub fn unroutable(&self) -> u64 {
        self.return_unroutable + self.drop_unroutable
    }

    /// Names and numbers, in the order of the names.
    pub fn named(&self) -> [(&'static str, u64); 11] {
        let deliver_get = self.deliver + self.deliver_no_ack + self.get + self.get_no_ack;
        [
            ("ack", self.ack),
            ("confirm", self.confirm),
            ("deliver", self.deliver),
            ("deliver_get", deliver_get),
            ("deliver_no_ack", self.deliver_no_ack),
            ("drop_unroutable", self.drop_unroutable),
            ("get", self.get),
            ("get_no_ack", self.get_no_ack),
            ("publish", self.publish),
            ("redeliver", self.redeliver),
            ("return_unroutable", self.return_unroutable),
        ]
    }
}
