//! The page of Warren: a learner's view of the world that `warren-sim` runs.
//!
//! In reading order:
//! - [`action`]: what a person can do. Every panel sends actions, and nothing else changes anything.
//! - [`app`]: owns the session, answers actions, keeps time while playing, and puts the panels in their places.
//! - [`shell`]: header, lesson, toolbar, timeline. [`stage`]: the picture. [`panels`]: tables, console, code, details.
//! - [`text`]: every word, in both languages. [`say`]: events and reasons as sentences.
//! - [`markup`]: elements, made by ordinary functions.
//! - [`bridge`]: the same for scripts, as `window.warren`. [`memory`]: what the browser keeps.
//!
//! A panel's file holds a plain `XView`, a pure `view` that reads it off the session, and below it functions that only print it, so that
//! all but the printing is tested without a browser. Deliberately absent: a router (the address holds a link to a moment, read by
//! `app`), global state, and any rule of the broker or the store.

pub mod action;
pub mod app;
pub mod bridge;
pub mod markup;
pub mod memory;
pub mod panels;
pub mod say;
pub mod shell;
pub mod stage;
pub mod text;
