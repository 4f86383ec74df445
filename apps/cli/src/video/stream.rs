//! Where frames come from and where they go.
use anyhow::Result;

use super::clip::Clip;

/// What comes next from a [`Source`].
#[derive(Debug, PartialEq)]
pub(crate) enum Arrival {
    /// A whole frame, shown from `at` ticks on.
    Frame {
        /// Ticks of the clip's time base.
        at: i64,
    },
    /// Frames that could not be had, usually one.
    Damaged {
        /// Ticks of the clip's time base at the first of them.
        at: i64,
        /// How many.
        frames: u64,
        /// What is wrong with it.
        what: String,
    },
    /// No more frames.
    End,
}

/// Frames in, one after another.
pub(crate) trait Source: Send {
    /// Size, pixels, timing.
    fn clip(&self) -> &Clip;

    /// Fills `pixels` with the next frame, `[height, width, format.bytes()]`; what it holds after anything but
    /// [`Arrival::Frame`] is unspecified.
    ///
    /// # Errors
    /// What makes going on senseless; a frame that is damaged alone is an [`Arrival::Damaged`].
    fn next(&mut self, pixels: &mut Vec<u8>) -> Result<Arrival>;

    /// Whether frames come when they come, and wait for nobody.
    fn is_live(&self) -> bool {
        false
    }
}

/// Frames out, one after another.
pub(crate) trait Sink: Send {
    /// Takes a frame, `[height, width, format.bytes()]` of the clip that the sink was made for, shown from `at` ticks on.
    ///
    /// # Errors
    /// When it can't be written.
    fn put(&mut self, at: i64, pixels: &[u8]) -> Result<()>;

    /// Makes the whole result appear. A sink that is dropped without it leaves nothing.
    ///
    /// # Errors
    /// When it can't be completed.
    fn finish(self: Box<Self>) -> Result<()>;
}
