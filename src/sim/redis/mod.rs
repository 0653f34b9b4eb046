//! The store: commands and replies of Redis 7.0.
