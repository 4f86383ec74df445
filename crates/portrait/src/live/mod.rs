//! Frame after frame, failing closed.
//!
//! [`Live`] takes frames of a camera or video and gives composed ones. Whatever goes wrong, what leaves is the last good composed
//! frame or a placeholder, never a frame as it came in: frames go out by one door, a buffer that only a completed composition is
//! swapped into.
mod choice;
mod clock;
mod future;
mod governor;
mod pipeline;

pub use choice::Person;
pub use clock::{Clock, SystemClock};
pub use governor::{Budget, Governor, Step};
pub use pipeline::Live;

use std::time::Duration;

use crate::error::Error;
use crate::frame::Frame;
use crate::mask::TemporalOptions;

/// The most frames that can be looked ahead.
pub const MOST_LOOK_AHEAD: usize = 8;

/// How a [`Live`] works.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveOptions {
    /// Frames by which the picture is held back, 0 to [`MOST_LOOK_AHEAD`]. The mask is always that of the very frame; with one or more,
    /// flicker of a single frame is seen for what it is, because the frame after it is known.
    pub look_ahead: usize,
    /// How masks are steadied, if at all.
    pub temporal: Option<TemporalOptions>,
    /// Whom to keep.
    pub person: Person,
    /// What the work may take; without it there is always full quality.
    pub budget: Option<Budget>,
    /// A frame whose mask isn't there after so long is given up and the one before is held, so that a hiccup is made up for. Never two
    /// frames in a row.
    pub deadline: Option<Duration>,
    /// Red, green, blue of what is shown before the first good frame. Where the effect makes pixels transparent it is
    /// all transparent, and for a mask all background.
    pub placeholder: [u8; 3],
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self {
            look_ahead: 0,
            temporal: Some(TemporalOptions::default()),
            person: Person::All,
            budget: None,
            deadline: None,
            placeholder: [128; 3],
        }
    }
}

/// What an [`Output`] shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shown {
    /// The frame of that number, composed; pushed frames are counted from 0.
    Composed(u64),
    /// The last good composed frame again.
    Held,
    /// A plain colour: there is no good frame yet.
    Placeholder,
}

/// Why no new frame is shown.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fault {
    /// Something failed.
    Error(Error),
    /// Something panicked.
    Panic,
    /// The deadline passed.
    Overrun,
}

/// What leaves for a frame that was pushed. Never the frame as it came in.
#[derive(Debug)]
#[non_exhaustive]
pub struct Output<'a> {
    /// What to show.
    pub frame: Frame<'a>,
    /// What it is.
    pub shown: Shown,
    /// The pushed frame whose place this takes, counted from 0; `None` while the look-ahead fills.
    pub stands_for: Option<u64>,
    /// What went wrong, if it did.
    pub fault: Option<Fault>,
    /// A change of quality from the next frame on.
    pub step: Option<Step>,
}

/// Places where a frame can fail, in order. A hook sees each before it is entered; see [`Live::set_hook`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// The network.
    Segment,
    /// Steadying the small mask, and choosing a person.
    Steady,
    /// Keeping the frame until those after it are there.
    Queue,
    /// Bringing the mask to the frame's size.
    Spread,
    /// Drawing the effect.
    Draw,
    /// Letting the composed frame out.
    Release,
}

impl Stage {
    /// Every stage, in order.
    pub const ALL: &[Self] = &[
        Self::Segment,
        Self::Steady,
        Self::Queue,
        Self::Spread,
        Self::Draw,
        Self::Release,
    ];
}

/// What is saved at a level of a [`Governor`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Saving {
    /// The cheaper variant of the effect is drawn.
    pub cheaper_effect: bool,
    /// The network runs on every second frame; the masks between are fitted to their own frames' edges.
    pub every_second_mask: bool,
    /// The network with the smaller input runs.
    pub smaller_network: bool,
    /// Every second frame is left out.
    pub every_second_frame: bool,
}
