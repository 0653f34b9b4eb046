//! Developer commands of Warren.

pub mod debian;
pub mod problem;
pub mod process;
pub mod servers;
