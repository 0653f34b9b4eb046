//! The broker: AMQP 0-9-1 as RabbitMQ 3.10 speaks it.
