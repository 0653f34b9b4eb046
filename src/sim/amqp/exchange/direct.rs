//! The direct exchange: the binding key equals the routing key.

use super::Binding;
use crate::bytes::Bytes;

/// Whether a message with this routing key takes this binding.
pub fn matches(binding: &Binding, routing_key: &Bytes) -> bool {
    binding.key == *routing_key
}
