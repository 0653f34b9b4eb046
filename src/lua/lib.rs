//! Lua 5.1 as Redis embeds it, for the scripts of the store.
//!
//! In reading order:
//! - [`value`] and [`str`]: values; [`table`]: tables, laid out as Lua 5.1 lays them out, so that `pairs` goes in Redis's order;
//!   [`heap`]: where tables and closures live, and how they are freed.
//! - [`lexer`], [`compile`](crate::compile()) (statements, expressions): from text to the instructions of [`op`] in one pass.
//! - [`vm`]: the machine. `run.rs` is its loop, `call.rs` calls and errors, `meta.rs` what operators do to values that are not plain,
//!   `thread.rs` coroutines, `arguments.rs` what natives are given.
//! - [`library`]: one file per library; [`number`]: numbers as text and back.
//!
//! Deterministic: no clock, no random source but Redis's seeded one, no order by address. Bounded: nesting, stack, memory, and steps,
//! after each slice of which the host is asked. Deliberately absent: files, `os`, `io`, `debug`, `require`, bytecode, finalizers and weak tables.
#![no_std]

extern crate alloc;

mod compile;
mod heap;
mod lexer;
mod library;
mod number;
mod op;
mod str;
mod table;
mod value;
mod vm;

pub use compile::compile;
pub use heap::Heap;
pub use library::random::START as RANDOM_START;
pub use number::{ReadFloat, general, is_space, to_text};
pub use op::{Proto, chunk_id};
pub use str::Str;
pub use table::Table;
pub use value::{Error, Value};
pub use vm::{Args, Host, JsonSettings, SLICE, Vm, to_integer};
