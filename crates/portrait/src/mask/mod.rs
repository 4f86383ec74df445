//! From the network's answer to an alpha mask at the picture's size.
pub(crate) mod coverage;
pub(crate) mod head;
mod specks;
mod temporal;
mod upsample;
mod verdict;

pub use specks::Specks;
pub use temporal::{TemporalFilter, TemporalOptions};
pub use upsample::Upsampler;
pub use verdict::{Clipped, Finding, Verdict};

use crate::error::{Error, ErrorKind, Result};
use crate::frame::Frame;

/// An 8-bit alpha mask `[height, width]`: 0 is background, 255 is person, soft in between.
///
/// A mask that is filled again keeps its memory, so a mask reused over a video allocates once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mask {
    width: usize,
    height: usize,
    data: Vec<u8>,
}

impl Mask {
    /// An empty mask, 0 x 0, to be filled by [`Segmenter::segment`](crate::Segmenter::segment).
    pub fn new() -> Self {
        Self::default()
    }

    /// A mask from packed bytes `[height, width]`.
    ///
    /// # Errors
    /// [`ErrorKind::Frame`] when a size is zero or `data` has not exactly `width * height` bytes.
    pub fn from_raw(width: usize, height: usize, data: Vec<u8>) -> Result<Self> {
        Frame::gray8(&data, width, height)?;
        if data.len() != width * height {
            let message = format!(
                "{} bytes are too many for a mask of {width} x {height}",
                data.len()
            );
            return Err(Error::new(ErrorKind::Frame, message));
        }
        Ok(Self {
            width,
            height,
            data,
        })
    }

    /// Pixels per row; 0 while empty.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows; 0 while empty.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The packed bytes, `[height, width]`.
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The bytes, for callers that retouch a mask.
    pub fn data_mut(&mut self) -> &mut [u8] {
        &mut self.data
    }

    /// Row `y`, `[width]`.
    ///
    /// # Panics
    /// When `y` is not below the height.
    pub fn row(&self, y: usize) -> &[u8] {
        &self.data[y * self.width..][..self.width]
    }

    /// Takes a new size; the contents are unspecified until written. Shrinking or growing back allocates nothing.
    pub(crate) fn resize(&mut self, width: usize, height: usize) {
        self.data.resize(width * height, 0);
        (self.width, self.height) = (width, height);
    }

    /// Errors unless the mask has the frame's size.
    pub(crate) fn check_size(&self, frame: &Frame<'_>) -> Result<()> {
        if (self.width, self.height) == (frame.width(), frame.height()) {
            return Ok(());
        }
        let message = format!(
            "a mask of {} x {} doesn't fit a frame of {} x {}",
            self.width,
            self.height,
            frame.width(),
            frame.height()
        );
        Err(Error::new(ErrorKind::Size, message))
    }
}
