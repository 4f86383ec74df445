//! The frame as the network sees it: small, stretched to a given shape, red green blue.
use std::sync::atomic::{AtomicBool, Ordering};

use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::Source;
use hypercut_kernels::pixel::resize::{Resize, Sums};

use crate::error::{Error, ErrorKind, Result};
use crate::frame::Frame;
use crate::threads::Threads;

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
        thumbnail.take(&Threads::default(), Isa::detect(), self, width, height);
        Ok(thumbnail.rgb)
    }
}

/// A resampling in bands of rows.
#[derive(Debug, Default)]
pub(crate) struct Resampler {
    resize: Resize,
    bands: Vec<Sums>,
}

impl Resampler {
    /// Resamples `source` to `out`, `[height, width, source.channels]`; whether every pixel of it was seen to be opaque.
    pub(crate) fn run(
        &mut self,
        threads: &Threads,
        isa: Isa,
        source: Source<'_>,
        (width, height): (usize, usize),
        out: &mut [u8],
    ) -> bool {
        self.resize
            .set((source.width, source.height), (width, height));
        let (resize, opaque) = (&self.resize, AtomicBool::new(true));
        let rows = threads.band(height, 1);
        let bands = out.chunks_mut(rows * width * source.channels).enumerate();
        threads.each(&mut self.bands, bands, |(i, out), sums| {
            if !resize.rows(isa, source, i * rows, sums, out) {
                opaque.store(false, Ordering::Relaxed);
            }
        });
        opaque.into_inner()
    }
}

/// An area-averaged copy of a frame, `[height, width, 3]`, whatever the frame's format; alpha is left out.
#[derive(Debug, Default)]
pub(crate) struct Thumbnail {
    resampler: Resampler,
    sampled: Vec<u8>,
    rgb: Vec<u8>,
    opaque: bool,
}

impl Thumbnail {
    /// The last copy.
    pub(crate) fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Whether the last frame was seen to be opaque throughout; `false` is no proof that it isn't.
    pub(crate) fn is_opaque(&self) -> bool {
        self.opaque
    }

    pub(crate) fn take(
        &mut self,
        threads: &Threads,
        isa: Isa,
        frame: &Frame<'_>,
        width: usize,
        height: usize,
    ) -> &[u8] {
        let (source, size) = (frame.source(), (width, height));
        self.rgb.resize(width * height * 3, 0);
        if source.channels == 3 {
            self.opaque = self
                .resampler
                .run(threads, isa, source, size, &mut self.rgb);
            return &self.rgb;
        }
        self.sampled.resize(width * height * source.channels, 0);
        self.opaque = self
            .resampler
            .run(threads, isa, source, size, &mut self.sampled);
        for (out, pixel) in self
            .rgb
            .chunks_exact_mut(3)
            .zip(self.sampled.chunks_exact(source.channels))
        {
            match pixel {
                [gray] => out.fill(*gray),
                _ => out.copy_from_slice(&pixel[..3]),
            }
        }
        &self.rgb
    }
}
