//! One picture in, one encoded picture out: the one way that photo, folder, server and fleet share.
mod colours;
mod crew;
mod effect_args;
mod entry;
mod nature;
mod recipe;
mod remark;
mod trim;

pub(crate) use crew::{Broken, on_threads};
pub(crate) use entry::Entry;
#[cfg(feature = "serve")]
pub(crate) use recipe::QUALITY;
pub(crate) use recipe::{DrawArgs, Recipe, RecipeArgs, Spec, digest, effect_names};
pub(crate) use remark::{Remark, tell};

use anyhow::{Context, Result};
use hypercut::effects::Effect;
use hypercut::mask::{Finding, Verdict};
use hypercut::{Frame, FrameMut, Mask, PixelFormat, Segmenter, logo};
use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::picture::{
    Decoded, Encoding, Format, KeptExif, convert, decode, encode, is_transparent,
};

/// Times of one picture.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Times {
    /// Reading and decoding.
    pub(crate) read: Duration,
    /// From pixels to mask.
    pub(crate) segment: Duration,
    /// Effect, trimming, logo.
    pub(crate) draw: Duration,
    /// Encoding and writing.
    pub(crate) write: Duration,
}

impl Times {
    /// From first byte in to last byte out.
    pub(crate) fn total(&self) -> Duration {
        self.read + self.segment + self.draw + self.write
    }
}

/// A finished picture.
#[derive(Debug)]
pub(crate) struct Rendered {
    /// The whole file.
    pub(crate) bytes: Vec<u8>,
    /// What the network found.
    pub(crate) verdict: Verdict,
    /// Without reading and writing files.
    pub(crate) times: Times,
    /// What to tell about it.
    pub(crate) remarks: Vec<Remark>,
}

/// Works on pictures with one network and one recipe, its buffers kept between them. One per thread.
#[derive(Debug)]
pub(crate) struct Studio {
    segmenter: Segmenter,
    recipe: Recipe,
    /// The recipe's effect and logo, and the colour profile that they are in.
    effect: Box<dyn Effect>,
    logo: Option<Arc<Decoded>>,
    profile: Option<Vec<u8>>,
    mask: Mask,
    drawn: Vec<u8>,
}

impl Studio {
    /// A studio for one recipe.
    ///
    /// # Errors
    /// None that [`Recipe::new`] doesn't find first.
    pub(crate) fn new(recipe: &Recipe) -> Result<Self> {
        let painted = recipe.in_colours_of(None)?;
        Ok(Self {
            segmenter: recipe.segmenter()?,
            effect: painted.effect()?,
            logo: painted.logo,
            profile: None,
            recipe: recipe.clone(),
            mask: Mask::new(),
            drawn: Vec::new(),
        })
    }

    /// Another recipe from now on; network and buffers stay when the network is the same.
    ///
    /// # Errors
    /// As [`Studio::new`].
    #[cfg(feature = "serve")]
    pub(crate) fn set_recipe(&mut self, recipe: &Recipe) -> Result<()> {
        if recipe.network_differs(&self.recipe) {
            self.segmenter = recipe.segmenter()?;
        }
        self.recipe = recipe.clone();
        self.paint(None)
    }

    /// Brings effect and logo into the colours of `profile`.
    fn paint(&mut self, profile: Option<&[u8]>) -> Result<()> {
        let painted = self.recipe.in_colours_of(profile)?;
        self.effect = painted.effect()?;
        self.logo = painted.logo;
        self.profile = profile.map(<[u8]>::to_vec);
        Ok(())
    }

    /// Draws the picture in `bytes`, whole file to whole file; `format` or the recipe's usual one is written.
    ///
    /// # Errors
    /// A picture that can't be read, is too large, or doesn't fit the format; messages don't name it.
    pub(crate) fn render(&mut self, bytes: &[u8], format: Option<Format>) -> Result<Rendered> {
        let mut remarks = Vec::new();
        let mut times = Times::default();
        let mut clock = Clock::start();
        let picture = decode(bytes, self.recipe.max_pixels())?;
        let format = format.unwrap_or_else(|| self.recipe.usual_format(picture.format));
        self.recipe.check_format(format)?;
        if picture.animated {
            let text = "animated; only its first picture is taken";
            remarks.push(Remark::Warning(text.into()));
        }
        times.read = clock.lap();

        let frame = picture.frame()?;
        self.segmenter.segment(&frame, &mut self.mask)?;
        let verdict = self.segmenter.verdict();
        match verdict.finding() {
            Finding::NoPerson => {
                let text = "no person found; written all the same";
                remarks.push(Remark::Warning(text.into()));
            }
            Finding::LowConfidence => {
                remarks.push(Remark::Warning("not sure where the person is".into()));
            }
            _ => {}
        }
        times.segment = clock.lap();

        let pixels = self.effect.output_format(picture.pixel_format);
        let profile = picture.metadata.icc_for(pixels);
        if self.recipe.has_colours() && profile != self.profile.as_deref() {
            self.paint(profile)?;
        }
        let (width, height) = (picture.width, picture.height);
        self.drawn.resize(width * height * pixels.bytes(), 0);
        let mut drawn = FrameMut::packed(&mut self.drawn, width, height, pixels)?;
        self.effect.apply(&frame, &self.mask, &mut drawn)?;
        let finished = self.finish(width, height, pixels)?;
        times.draw = clock.lap();

        let bytes = self.encode(&finished.frame()?, &picture, format, &mut remarks)?;
        times.write = clock.lap();
        Ok(Rendered {
            bytes,
            verdict,
            times,
            remarks,
        })
    }

    /// As [`render`](Self::render), but a panic of a decoder ends in an error too: one picture must not take thousands along.
    ///
    /// # Errors
    /// As [`render`](Self::render), and a panic.
    pub(crate) fn render_guarded(
        &mut self,
        bytes: &[u8],
        format: Option<Format>,
    ) -> Result<Rendered> {
        let render = AssertUnwindSafe(|| self.render(bytes, format));
        match catch_unwind(render) {
            Ok(result) => result,
            Err(_) => {
                // Its buffers may be in any state.
                *self = Self::new(&self.recipe.clone())?;
                anyhow::bail!("this picture breaks the program; please report it")
            }
        }
    }

    /// Gives back the buffers of the last picture, for those who wait long or saw a huge one.
    #[cfg(feature = "serve")]
    pub(crate) fn shrink(&mut self, keep_bytes: usize) {
        if self.drawn.capacity() > keep_bytes {
            self.drawn = Vec::new();
            self.mask = Mask::new();
        }
    }

    /// Trims, then draws the logo, so that it lies in the corner of what is left. For a coloured one a gray picture takes colour.
    fn finish(&self, width: usize, height: usize, format: PixelFormat) -> Result<Finished<'_>> {
        let mut finished = Finished {
            pixels: Cow::Borrowed(&self.drawn),
            width,
            height,
            format,
        };
        if self.recipe.spec.trim
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
            let picture = picture.frame()?;
            if format == PixelFormat::Gray8 && self.recipe.logo_has_colour {
                let mut colours = Vec::new();
                convert(&finished.pixels, format, PixelFormat::Rgb8, &mut colours);
                finished.pixels = Cow::Owned(colours);
                finished.format = PixelFormat::Rgb8;
            }
            let (width, height, format) = (finished.width, finished.height, finished.format);
            let mut frame = FrameMut::packed(finished.pixels.to_mut(), width, height, format)?;
            logo::draw(&mut frame, &picture).context("logo")?;
        }
        Ok(finished)
    }

    fn encode(
        &self,
        frame: &Frame<'_>,
        picture: &Decoded,
        format: Format,
        remarks: &mut Vec<Remark>,
    ) -> Result<Vec<u8>> {
        if format == Format::Jpeg && is_transparent(frame) {
            let text = "transparent parts are laid on white, JPEG has none";
            remarks.push(Remark::Warning(text.into()));
        }
        let exif = match &picture.metadata.exif {
            Some(exif) if self.recipe.spec.keep_metadata => {
                KeptExif::new(exif, (frame.width(), frame.height()))
            }
            _ => None,
        };
        // A mask's values aren't colours.
        let profiled = !self.recipe.nature.is_mask;
        let icc = picture
            .metadata
            .icc_for(frame.format())
            .filter(|_| profiled);
        if profiled && icc.is_none() && picture.metadata.icc.is_some() {
            let text = "its colour profile isn't one for the pixels written; left out";
            remarks.push(Remark::Note(text.into()));
        }
        let encoding = Encoding {
            format,
            is_mask: self.recipe.nature.is_mask,
            quality: self.recipe.spec.quality,
            icc,
            exif: exif.as_ref(),
        };
        encode(frame, &encoding)
    }
}

/// A verdict as manifests and JSON have it.
pub(crate) fn verdict_word(verdict: &Verdict) -> &'static str {
    match verdict.finding() {
        Finding::NoPerson => "no person",
        Finding::LowConfidence => "low confidence",
        _ => "person",
    }
}

/// Milliseconds to a tenth, as manifests and JSON have them.
pub(crate) fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e4).round() / 10.0
}

/// A share of 1 to four digits.
pub(crate) fn share(value: f32) -> f64 {
    (f64::from(value) * 1e4).round() / 1e4
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

/// Measures stages one after the other.
#[derive(Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    /// Starts now.
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    /// Time since the last lap.
    pub(crate) fn lap(&mut self) -> Duration {
        let now = Instant::now();
        let lap = now - self.0;
        self.0 = now;
        lap
    }
}
