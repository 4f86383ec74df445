//! Frames out of a YUV4MPEG2 stream.
use anyhow::{Context, Result};
use std::io::{self, BufRead, Read};

use super::header::{Header, MOST_BYTES};
use crate::fault::Fault;
use crate::picture::PixelLimit;
use crate::video::clip::Clip;
use crate::video::stream::{Arrival, Source};
use hypercut::yuv::{Coding, Layout};

/// What every frame begins with.
const FRAME: &[u8] = b"FRAME";

/// Reads frames and hands them on as RGB, or gray when they are mono.
///
/// A frame whose line is damaged is counted as such, and reading goes on at the next line that is whole; time goes on by as many
/// frames as were passed over. A stream that ends within a frame has a damaged last one.
pub(crate) struct Reader<R> {
    from: R,
    header: Header,
    clip: Clip,
    coding: Coding,
    layout: Layout,
    planes: Vec<u8>,
    /// Frames so far, damaged ones too.
    index: i64,
    /// What was found behind the frame before.
    next: Option<Next>,
}

/// What stands where a frame should begin.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Next {
    Frame,
    /// So many bytes that are no frame's line.
    Other(u64),
    End,
}

impl<R: BufRead + Send> Reader<R> {
    /// Reads the header. `bytes` is the whole stream's length, if it is known.
    ///
    /// # Errors
    /// As [`Header::parse`], more pixels than `limit`, or what reading says.
    pub(crate) fn new(mut from: R, bytes: Option<u64>, limit: PixelLimit) -> Result<Self> {
        let line =
            line(&mut from)?.context(Fault::new("damaged YUV4MPEG2 header: no end of line"))?;
        let header = Header::parse(&line)?;
        limit.check(header.width, header.height)?;
        let layout = Layout::new(header.width, header.height, header.chroma);
        let frame = (FRAME.len() + 1 + layout.bytes()) as u64;
        let clip = Clip {
            width: header.width,
            height: header.height,
            format: header.chroma.pixel_format(),
            base: header.rate.inverse(),
            rate: header.rate,
            aspect: header.aspect,
            frames: bytes.map(|bytes| bytes.saturating_sub(line.len() as u64 + 1).div_ceil(frame)),
        };
        Ok(Self {
            from,
            coding: Coding::for_height(header.height, header.full_range),
            header,
            clip,
            layout,
            planes: vec![0; layout.bytes()],
            index: 0,
            next: None,
        })
    }

    /// What the stream says of itself.
    pub(crate) fn header(&self) -> &Header {
        &self.header
    }

    fn next_line(&mut self) -> io::Result<Next> {
        Ok(match line(&mut self.from)? {
            Some(line) if line.is_empty() && self.from.fill_buf()?.is_empty() => Next::End,
            Some(line) if is_frame(&line) => Next::Frame,
            Some(line) => Next::Other(line.len() as u64 + 1),
            None => Next::Other(MOST_BYTES as u64),
        })
    }

    /// A damaged stretch of which `read` bytes are read; goes on to the next frame's line.
    fn pass_over(&mut self, read: u64, what: &str) -> Result<Arrival> {
        let passed = self.find_frame()?;
        self.next = Some(passed.map_or(Next::End, |_| Next::Frame));
        let frame = (FRAME.len() + 1 + self.layout.bytes()) as u64;
        let frames = (read + passed.unwrap_or(0) + frame / 2) / frame;
        Ok(self.damaged(frames.max(1), what))
    }

    fn damaged(&mut self, frames: u64, what: &str) -> Arrival {
        let at = self.index;
        self.index = at.saturating_add_unsigned(frames);
        let what = what.into();
        Arrival::Damaged { at, frames, what }
    }

    /// Looks for the next frame's line; the number of bytes passed over, `None` at the end.
    fn find_frame(&mut self) -> io::Result<Option<u64>> {
        let (mut passed, mut matched) = (0, 0);
        let mut byte = [0];
        loop {
            if self.from.read(&mut byte)? == 0 {
                return Ok(None);
            }
            passed += 1;
            // No proper end of FRAME is a beginning of it, so a mismatch begins anew, at F perhaps.
            matched = match byte[0] {
                byte if byte == FRAME[matched] => matched + 1,
                b'F' => 1,
                _ => 0,
            };
            if matched == FRAME.len() {
                matched = 0;
                let next = self.from.fill_buf()?.first().copied();
                if matches!(next, Some(b'\n' | b' ')) {
                    line(&mut self.from)?;
                    return Ok(Some(passed - FRAME.len() as u64));
                }
            }
        }
    }
}

impl<R: BufRead + Send> Source for Reader<R> {
    fn clip(&self) -> &Clip {
        &self.clip
    }

    fn next(&mut self, pixels: &mut Vec<u8>) -> Result<Arrival> {
        let next = match self.next.take() {
            Some(next) => next,
            None => self.next_line()?,
        };
        match next {
            Next::Frame => {}
            Next::Other(read) => {
                return self.pass_over(read, "no FRAME line where it should begin");
            }
            Next::End => {
                self.next = Some(next);
                return Ok(Arrival::End);
            }
        }
        match self.from.read_exact(&mut self.planes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                self.next = Some(Next::End);
                return Ok(self.damaged(1, "the stream ends within it"));
            }
            other => other?,
        }
        // Only what follows tells whether the frame had all its bytes.
        let behind = self.next_line()?;
        // A line of the right length is one that is damaged itself.
        if let Next::Other(read) = behind
            && read != FRAME.len() as u64 + 1
        {
            let read = read + self.layout.bytes() as u64;
            return self.pass_over(read, "it has too few or too many bytes");
        }
        self.next = Some(behind);
        pixels.resize(self.clip.frame_bytes(), 0);
        self.coding.decode(&self.layout, &self.planes, pixels)?;
        self.index += 1;
        Ok(Arrival::Frame { at: self.index - 1 })
    }
}

fn is_frame(line: &[u8]) -> bool {
    line.strip_prefix(FRAME)
        .is_some_and(|rest| rest.is_empty() || rest[0] == b' ')
}

/// A line of at most [`MOST_BYTES`] without its end; empty at the end of the stream, `None` when it is longer or unended.
fn line(from: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    from.take(MOST_BYTES as u64).read_until(b'\n', &mut line)?;
    let ended = line.pop_if(|&mut last| last == b'\n').is_some();
    Ok((ended || line.is_empty()).then_some(line))
}
