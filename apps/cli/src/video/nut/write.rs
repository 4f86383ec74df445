//! Raw frames into NUT.
use std::io::{self, Write};

use super::{FILE_ID, checksum, flag, start};
use crate::video::clip::Clip;
use hypercut::PixelFormat;

/// Fewer bits than this of a time are never sent alone, so coded times are whole times plus this power of two.
const PTS_SHIFT: u32 = 1;

/// The frame code in use; what it means stands in the main header.
const CODE: u8 = 1;

/// Writes one stream of raw frames.
pub(crate) struct Writer<W> {
    to: W,
    packet: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the headers for frames of `clip`.
    ///
    /// # Errors
    /// What writing says.
    pub(crate) fn new(to: W, clip: &Clip) -> io::Result<Self> {
        let mut writer = Self {
            to,
            packet: Vec::new(),
        };
        writer.to.write_all(FILE_ID)?;
        writer.main_header(clip);
        writer.send(start::MAIN)?;
        writer.stream_header(clip);
        writer.send(start::STREAM)?;
        writer.rate(clip);
        writer.send(start::INFO)?;
        Ok(writer)
    }

    fn main_header(&mut self, clip: &Clip) {
        // Version, streams, most bytes between syncpoints, time bases and the one there is.
        for value in [3, 1, 65536, 1, clip.base.num.into(), clip.base.den.into()] {
            self.number(value);
        }
        let coded = flag::KEY | flag::CODED_PTS | flag::SIZE_MSB | flag::CHECKSUM;
        // 'N' begins a packet and is passed over, so 253 codes come after the first two.
        for (flags, count) in [(flag::INVALID, 1), (coded, 1), (flag::INVALID, 253)] {
            // Flags, six fields: pts, multiplier, stream, size, reserved fields, count.
            for value in [flags, 6, 0, 1, 0, 0, 0, count] {
                self.number(value);
            }
        }
        // No headers are left out of frames.
        self.number(0);
    }

    fn stream_header(&mut self, clip: &Clip) {
        let tag: &[u8; 4] = match clip.format {
            PixelFormat::Gray8 => b"Y800",
            PixelFormat::Rgba8 => b"RGBA",
            _ => b"RGB\x18",
        };
        // Stream 0, video.
        self.number(0);
        self.number(0);
        self.number(tag.len() as u64);
        self.packet.extend(tag);
        let (num, den) = clip
            .aspect
            .map_or((0, 0), |aspect| (aspect.num, aspect.den));
        // Time base 0, shift, most distance of times, no delay, no flags, no codec's own data, sizes, no colour space.
        for value in [
            0,
            PTS_SHIFT.into(),
            1 << 30,
            0,
            0,
            0,
            clip.width as u64,
            clip.height as u64,
            num.into(),
            den.into(),
            0,
        ] {
            self.number(value);
        }
    }

    /// The rate, from which ffmpeg takes how long the last frame is shown.
    fn rate(&mut self, clip: &Clip) {
        let text = format!("{}/{}", clip.rate.num, clip.rate.den);
        // Of the first stream, no chapter, no start, no length; one field.
        for value in [1, 0, 0, 0, 1] {
            self.number(value);
        }
        self.text("r_frame_rate");
        // A signed -1: a text comes.
        self.number(2);
        self.text(&text);
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.packet.extend(text.as_bytes());
    }

    /// Writes a frame shown from `at` on, which is not negative.
    ///
    /// # Errors
    /// What writing says.
    pub(crate) fn put(&mut self, at: i64, pixels: &[u8]) -> io::Result<()> {
        let at = at.max(0) as u64;
        // The time, in the one time base; the syncpoint before is this one itself.
        self.number(at);
        self.number(0);
        self.send(start::SYNCPOINT)?;
        self.packet.push(CODE);
        self.number(at + (1 << PTS_SHIFT));
        self.number(pixels.len() as u64);
        self.end_with_checksum();
        self.to.write_all(&self.packet)?;
        self.packet.clear();
        self.to.write_all(pixels)
    }

    /// Everything written so far to the reader.
    ///
    /// # Errors
    /// What writing says.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }

    /// Everything to the reader, and nothing more.
    ///
    /// # Errors
    /// What writing says.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.to.flush()
    }

    /// Seven bits a byte, the most significant first, the top bit set on all but the last.
    fn number(&mut self, value: u64) {
        let groups = (64 - value.leading_zeros()).div_ceil(7).max(1);
        for group in (1..groups).rev() {
            self.packet.push(0x80 | (value >> (7 * group)) as u8 & 0x7f);
        }
        self.packet.push(value as u8 & 0x7f);
    }

    fn end_with_checksum(&mut self) {
        let sum = checksum(&self.packet);
        self.packet.extend(sum.to_be_bytes());
    }

    /// Sends what is in the packet, with start code, length and checksum.
    fn send(&mut self, code: u64) -> io::Result<()> {
        self.end_with_checksum();
        let body = std::mem::take(&mut self.packet);
        self.number(body.len() as u64);
        self.to.write_all(&code.to_be_bytes())?;
        self.to.write_all(&self.packet)?;
        self.to.write_all(&body)?;
        self.packet = body;
        self.packet.clear();
        Ok(())
    }
}
