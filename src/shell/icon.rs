//! The few pictures on buttons: paths on a 16 x 16 grid, drawn in the colour of the text.

use crate::markup::{Tag, tag};

/// A picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Icon {
    /// Play.
    Play,
    /// Pause.
    Pause,
    /// Step forward.
    Step,
    /// Step back.
    Back,
    /// To the end.
    End,
    /// Begin again.
    Restart,
    /// A panel's fold, to the left.
    Left,
    /// A panel's fold, to the right.
    Right,
    /// Close.
    Close,
}

/// The picture as an element that screen readers pass over.
pub fn icon(icon: Icon) -> Tag {
    let path = match icon {
        Icon::Play => "M4 2.5v11l9-5.5z",
        Icon::Pause => "M4 3h3v10H4zM9 3h3v10H9z",
        Icon::Step => "M3 3v10l7-5zM11 3h2v10h-2z",
        Icon::Back => "M13 3v10L6 8zM3 3h2v10H3z",
        Icon::End => "M2 3v10l5-5zM7 3v10l5-5zM12.5 3h1.5v10h-1.5z",
        Icon::Restart => "M8 2.5a5.5 5.5 0 1 0 5.5 5.5h-1.8A3.7 3.7 0 1 1 8 4.3V7l4-3.6L8 0z",
        Icon::Left => "M10.5 2.5 5 8l5.5 5.5 1-1L7 8l4.500-4.500z",
        Icon::Right => "M5.500 2.500 11 8l-5.500 5.500-1-1L9 8 4.500 3.500z",
        Icon::Close => "m3 4 1-1 4 4 4-4 1 1-4 4 4 4-1 1-4-4-4 4-1-1 4-4z",
    };
    let size = [("viewBox", "0 0 16 16"), ("width", "16"), ("height", "16"), ("aria-hidden", "true")];
    tag("svg.icon").attrs(&size).put(tag("path").attr("d", path))
}
