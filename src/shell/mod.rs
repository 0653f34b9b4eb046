//! The frame around the panels: header, lesson, toolbar, timeline, borders that can be dragged.

pub mod definitions;
pub mod header;
pub mod icon;
pub mod lesson;
pub mod method_form;
pub mod prose;
pub mod splitter;
pub mod toolbar;
pub mod transport;
