//! Frames without any header.
use anyhow::Result;
use clap::ValueEnum;
use hypercut::PixelFormat;
use std::io::{self, Read, Write};

use super::clip::{Clip, Ratio};
use super::stream::{Arrival, Source};
use crate::bench::Size;
use crate::picture::convert;
use hypercut::yuv::{Chroma, Coding, Layout};

/// How the bytes of a raw frame lie; names as ffmpeg's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RawFormat {
    /// Red, green, blue for each pixel
    Rgb24,
    /// Red, green, blue, straight alpha for each pixel
    Rgba,
    /// A plane of luma, then Cb, then Cr, both of half the width and height (yuv420p)
    I420,
    /// One byte for each pixel
    Gray,
}

impl RawFormat {
    /// The frame's format that holds it.
    pub(crate) fn pixel_format(self) -> PixelFormat {
        match self {
            Self::Rgb24 | Self::I420 => PixelFormat::Rgb8,
            Self::Rgba => PixelFormat::Rgba8,
            Self::Gray => PixelFormat::Gray8,
        }
    }
}

/// Reads raw frames.
pub(crate) struct RawReader<R> {
    from: R,
    clip: Clip,
    planes: Option<Planes>,
    index: i64,
    ended: bool,
}

struct Planes {
    coding: Coding,
    layout: Layout,
    bytes: Vec<u8>,
}

impl Planes {
    fn new(width: usize, height: usize) -> Self {
        let layout = Layout::new(width, height, Chroma::C420);
        Self {
            coding: Coding::for_height(height, false),
            layout,
            bytes: vec![0; layout.bytes()],
        }
    }
}

impl<R: Read + Send> RawReader<R> {
    /// Frames of that layout, size and rate. `bytes` is the whole stream's length, if it is known.
    pub(crate) fn new(
        from: R,
        bytes: Option<u64>,
        format: RawFormat,
        size: Size,
        rate: Ratio,
    ) -> Self {
        let Size { width, height } = size;
        let planes = (format == RawFormat::I420).then(|| Planes::new(width, height));
        let mut clip = Clip {
            width,
            height,
            format: format.pixel_format(),
            base: rate.inverse(),
            rate,
            aspect: None,
            frames: None,
        };
        let frame = planes
            .as_ref()
            .map_or(clip.frame_bytes(), |planes| planes.bytes.len()) as u64;
        clip.frames = bytes.map(|bytes| bytes.div_ceil(frame));
        Self {
            from,
            clip,
            planes,
            index: 0,
            ended: false,
        }
    }
}

impl<R: Read + Send> Source for RawReader<R> {
    fn clip(&self) -> &Clip {
        &self.clip
    }

    fn next(&mut self, pixels: &mut Vec<u8>) -> Result<Arrival> {
        pixels.resize(self.clip.frame_bytes(), 0);
        let bytes = match &mut self.planes {
            Some(planes) => &mut planes.bytes,
            None => &mut *pixels,
        };
        let read = if self.ended {
            0
        } else {
            fill(&mut self.from, bytes)?
        };
        self.ended = read < bytes.len();
        if read == 0 {
            return Ok(Arrival::End);
        }
        let at = self.index;
        self.index += 1;
        if self.ended {
            let what = format!("the stream ends after {read} of its {} bytes", bytes.len());
            return Ok(Arrival::Damaged {
                at,
                frames: 1,
                what,
            });
        }
        if let Some(planes) = &self.planes {
            planes
                .coding
                .decode(&planes.layout, &planes.bytes, pixels)?;
        }
        Ok(Arrival::Frame { at })
    }
}

/// Reads until `bytes` are full or the stream ends; how many were read.
fn fill(from: &mut impl Read, bytes: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while read < bytes.len() {
        match from.read(&mut bytes[read..]) {
            Ok(0) => break,
            Ok(n) => read += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

/// Writes raw frames.
pub(crate) struct RawWriter<W> {
    to: W,
    from: PixelFormat,
    format: RawFormat,
    planes: Option<Planes>,
    converted: Vec<u8>,
}

impl<W: Write> RawWriter<W> {
    /// Writes frames like those of `clip` in another layout; alpha is dropped where the layout has none, so they are to be laid on something before.
    pub(crate) fn new(to: W, clip: &Clip, format: RawFormat) -> Self {
        let planes = (format == RawFormat::I420).then(|| Planes::new(clip.width, clip.height));
        Self {
            to,
            from: clip.format,
            format,
            planes,
            converted: Vec::new(),
        }
    }

    /// Writes a frame.
    ///
    /// # Errors
    /// What writing says.
    pub(crate) fn put(&mut self, pixels: &[u8]) -> Result<()> {
        let wanted = self.format.pixel_format();
        let pixels = if wanted == self.from {
            pixels
        } else {
            convert(pixels, self.from, wanted, &mut self.converted);
            &self.converted
        };
        match &mut self.planes {
            Some(Planes {
                coding,
                layout,
                bytes,
            }) => {
                coding.encode(layout, pixels, bytes)?;
                self.to.write_all(bytes)?;
            }
            None => self.to.write_all(pixels)?,
        }
        // Whoever reads a stream of frames waits for each.
        self.to.flush()?;
        Ok(())
    }

    /// What was written to.
    pub(crate) fn into_inner(self) -> W {
        self.to
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size {
        width: 3,
        height: 2,
    };

    fn rate() -> Ratio {
        Ratio { num: 25, den: 1 }
    }

    #[test]
    fn whole_frames_then_one_cut_short() {
        let bytes: Vec<u8> = (0..18 * 2 + 7).collect();
        let mut reader = RawReader::new(&bytes[..], Some(43), RawFormat::Rgb24, SIZE, rate());
        assert_eq!(reader.clip().frames, Some(3));
        let mut pixels = Vec::new();
        assert_eq!(reader.next(&mut pixels).unwrap(), Arrival::Frame { at: 0 });
        assert_eq!(pixels, bytes[..18]);
        assert_eq!(reader.next(&mut pixels).unwrap(), Arrival::Frame { at: 1 });
        assert_eq!(pixels, bytes[18..36]);
        let what = "the stream ends after 7 of its 18 bytes".into();
        let damaged = Arrival::Damaged {
            at: 2,
            frames: 1,
            what,
        };
        assert_eq!(reader.next(&mut pixels).unwrap(), damaged);
        assert_eq!(reader.next(&mut pixels).unwrap(), Arrival::End);
    }

    #[test]
    fn i420_comes_back_at_odd_sizes() {
        let mut bytes = vec![100; 6];
        bytes.extend([120, 130, 140, 125]); // Cb and Cr of 2 x 1 each
        let mut reader = RawReader::new(&bytes[..], None, RawFormat::I420, SIZE, rate());
        let mut pixels = Vec::new();
        assert_eq!(reader.next(&mut pixels).unwrap(), Arrival::Frame { at: 0 });
        let mut out = Vec::new();
        let mut writer = RawWriter::new(&mut out, reader.clip(), RawFormat::I420);
        writer.put(&pixels).unwrap();
        assert_eq!(out, bytes);
    }
}
