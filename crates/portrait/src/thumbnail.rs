//! The frame as the network sees it: small, stretched to a given shape, red green blue.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::Source;
use hypercut_kernels::pixel::resize::Resize;

use crate::error::{Error, ErrorKind, Result};
use crate::frame::Frame;

impl<'a> Frame<'a> {
    /// The frame as the kernels take it.
    pub(crate) fn source(&self) -> Source<'a> {
        Source {
            data: self.data(),
            width: self.width(),
            height: self.height(),
            stride: self.stride(),
            channels: self.format().bytes(),
        }
    }

    /// The frame as a [`Segmenter`](crate::Segmenter) shows it to a network: stretched to `[height, width]` by area average, red
    /// green blue whatever the format, alpha left out.
    ///
    /// ```
    /// let frame = hypercut::Frame::rgb8(&[0, 0, 0, 200, 100, 50], 2, 1)?;
    /// assert_eq!(frame.stretched(1, 1)?, [100, 50, 25]);
    /// # Ok::<(), hypercut::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::Frame`](crate::ErrorKind::Frame) when a size is zero.
    pub fn stretched(&self, width: usize, height: usize) -> Result<Vec<u8>> {
        if width == 0 || height == 0 {
            let message = format!("{width} x {height} pixels are none");
            return Err(Error::new(ErrorKind::Frame, message));
        }
        let mut thumbnail = Thumbnail::default();
        thumbnail.take(Isa::detect(), self, width, height);
        Ok(thumbnail.rgb)
    }
}

/// An area-averaged copy of a frame, `[height, width, 3]`, whatever the frame's format; alpha is left out.
#[derive(Debug, Default)]
pub(crate) struct Thumbnail {
    resize: Resize,
    sampled: Vec<u8>,
    rgb: Vec<u8>,
}

impl Thumbnail {
    /// The last copy.
    pub(crate) fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Whether the last frame was seen to be opaque throughout; `false` is no proof that it isn't.
    pub(crate) fn is_opaque(&self) -> bool {
        self.resize.is_opaque()
    }

    pub(crate) fn take(
        &mut self,
        isa: Isa,
        frame: &Frame<'_>,
        width: usize,
        height: usize,
    ) -> &[u8] {
        let channels = frame.format().bytes();
        self.rgb.resize(width * height * 3, 0);
        if channels == 3 {
            self.resize
                .run(isa, frame.source(), (width, height), &mut self.rgb);
            return &self.rgb;
        }
        self.sampled.resize(width * height * channels, 0);
        self.resize
            .run(isa, frame.source(), (width, height), &mut self.sampled);
        for (out, pixel) in self
            .rgb
            .chunks_exact_mut(3)
            .zip(self.sampled.chunks_exact(channels))
        {
            match pixel {
                [gray] => out.fill(*gray),
                _ => out.copy_from_slice(&pixel[..3]),
            }
        }
        &self.rgb
    }
}
