//! One picture after another: read, segment, draw, write, with buffers kept between them.
use anyhow::{Context, Result};
use hypercut::effects::Effect;
use hypercut::mask::{Finding, Verdict};
use hypercut::{Frame, FrameMut, Mask, PixelFormat, Segmenter, logo};
use std::borrow::Cow;
use std::path::Path;
use std::time::{Duration, Instant};

use super::plan::{Destination, Job, Nature};
use super::trim;
use crate::log::Log;
use crate::output::atomic::{self, Existing};
use crate::picture::{Decoded, Encoding, Format, KeptExif, PixelLimit, decode, encode};
use crate::source;

/// What holds for every picture of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    pub(super) nature: Nature,
    pub(super) max_pixels: PixelLimit,
    pub(super) quality: u8,
    pub(super) trim: bool,
    pub(super) keep_metadata: bool,
    pub(super) existing: Existing,
}

/// Times of one picture.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Times {
    pub(super) read: Duration,
    pub(super) segment: Duration,
    pub(super) draw: Duration,
    pub(super) write: Duration,
}

impl Times {
    /// From first byte in to last byte out.
    pub(super) fn total(&self) -> Duration {
        self.read + self.segment + self.draw + self.write
    }
}

/// What became of one picture.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) verdict: Verdict,
    pub(super) times: Times,
}

/// Works on pictures with one network and one effect.
#[derive(Debug)]
pub(super) struct Studio {
    pub(super) segmenter: Segmenter,
    pub(super) effect: Box<dyn Effect>,
    pub(super) logo: Option<Decoded>,
    pub(super) settings: Settings,
    mask: Mask,
    drawn: Vec<u8>,
}

impl Studio {
    pub(super) fn new(
        segmenter: Segmenter,
        effect: Box<dyn Effect>,
        logo: Option<Decoded>,
        settings: Settings,
    ) -> Self {
        Self {
            segmenter,
            effect,
            logo,
            settings,
            mask: Mask::new(),
            drawn: Vec::new(),
        }
    }

    /// Does one job; on an error nothing is written.
    ///
    /// # Errors
    /// Messages name the file that is at fault.
    pub(super) fn work(&mut self, job: &mut Job, log: &Log) -> Result<Done> {
        let name = display_name(&job.input.path);
        let mut times = Times::default();
        let mut clock = Clock::start();

        let bytes = match job.input.bytes.take() {
            Some(bytes) => bytes,
            None => source::read_file(&job.input.path, self.settings.max_pixels.file_bytes())?,
        };
        let picture = decode(&bytes, self.settings.max_pixels).with_context(|| name.clone())?;
        drop(bytes);
        if picture.animated {
            log.warn(&format!(
                "{name}: animated; only its first picture is taken"
            ));
        }
        times.read = clock.lap();

        let frame = picture.frame()?;
        self.segmenter
            .segment(&frame, &mut self.mask)
            .with_context(|| name.clone())?;
        let verdict = self.segmenter.verdict();
        match verdict.finding() {
            Finding::NoPerson => {
                log.warn(&format!("{name}: no person found; written all the same"))
            }
            Finding::LowConfidence => log.warn(&format!("{name}: not sure where the person is")),
            _ => {}
        }
        times.segment = clock.lap();

        let format = self.effect.output_format(picture.pixel_format);
        let (width, height) = (picture.width, picture.height);
        self.drawn.resize(width * height * format.bytes(), 0);
        let mut drawn = FrameMut::packed(&mut self.drawn, width, height, format)?;
        self.effect
            .apply(&frame, &self.mask, &mut drawn)
            .with_context(|| name.clone())?;
        let finished = self.finish(width, height, format)?;
        times.draw = clock.lap();

        let encoded = self
            .encode(&finished.frame()?, &picture, job.format, log, &name)
            .with_context(|| name.clone())?;
        match &job.to {
            Destination::Stdout => atomic::to_stdout(&encoded)?,
            Destination::File(path) => {
                atomic::write(path, &encoded, self.settings.existing)
                    .with_context(|| name.clone())?;
            }
        }
        times.write = clock.lap();
        Ok(Done { verdict, times })
    }

    /// Trims, then draws the logo, so that it lies in the corner of what is left.
    fn finish(&self, width: usize, height: usize, format: PixelFormat) -> Result<Finished<'_>> {
        let mut finished = Finished {
            pixels: Cow::Borrowed(&self.drawn),
            width,
            height,
            format,
        };
        if self.settings.trim
            && let Some(bounds) = trim::bounds(&finished.frame()?)
        {
            finished = Finished {
                pixels: Cow::Owned(trim::crop(&finished.frame()?, &bounds)),
                width: bounds.width,
                height: bounds.height,
                format,
            };
        }
        if let Some(picture) = &self.logo {
            let pixels = finished.pixels.to_mut();
            let mut frame = FrameMut::packed(pixels, finished.width, finished.height, format)?;
            logo::draw(&mut frame, &picture.frame()?).context("logo")?;
        }
        Ok(finished)
    }

    fn encode(
        &self,
        frame: &Frame<'_>,
        picture: &Decoded,
        format: Format,
        log: &Log,
        name: &str,
    ) -> Result<Vec<u8>> {
        if format == Format::Jpeg && is_transparent(frame) {
            log.warn(&format!(
                "{name}: transparent parts are laid on white, JPEG has none"
            ));
        }
        let exif = match &picture.metadata.exif {
            Some(exif) if self.settings.keep_metadata => KeptExif::new(exif),
            _ => None,
        };
        // A mask's values aren't colours.
        let profiled = !self.settings.nature.is_mask;
        let icc = picture
            .metadata
            .icc_for(frame.format())
            .filter(|_| profiled);
        if profiled && icc.is_none() && picture.metadata.icc.is_some() {
            log.note(&format!(
                "{name}: its colour profile isn't one for the pixels written; left out"
            ));
        }
        let encoding = Encoding {
            format,
            quality: self.settings.quality,
            icc,
            exif: exif.as_ref(),
        };
        encode(frame, &encoding)
    }
}

/// Pixels ready to be encoded, packed.
#[derive(Debug)]
struct Finished<'a> {
    pixels: Cow<'a, [u8]>,
    width: usize,
    height: usize,
    format: PixelFormat,
}

impl Finished<'_> {
    fn frame(&self) -> Result<Frame<'_>> {
        let stride = self.width * self.format.bytes();
        Ok(Frame::new(
            &self.pixels,
            self.width,
            self.height,
            stride,
            self.format,
        )?)
    }
}

/// The name of an input for messages.
pub(super) fn display_name(path: &Path) -> String {
    if super::inputs::is_stdin(path) {
        "standard input".into()
    } else {
        path.display().to_string()
    }
}

fn is_transparent(frame: &Frame<'_>) -> bool {
    frame.format().has_alpha()
        && frame
            .rows()
            .any(|row| row.as_chunks::<4>().0.iter().any(|pixel| pixel[3] != 255))
}

struct Clock(Instant);

impl Clock {
    fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the last lap.
    fn lap(&mut self) -> Duration {
        let now = Instant::now();
        let lap = now - self.0;
        self.0 = now;
        lap
    }
}
