//! Frames through the library's pipeline, and the logo on what comes out.
use anyhow::{Context, Result};
use hypercut::effects::Effect;
use hypercut::live::{Fault, Live, LiveOptions, Output, Shown};
use hypercut::{Frame, FrameMut, PixelFormat, logo};
use std::sync::Arc;

use super::clip::Clip;
use crate::picture::{Decoded, is_transparent, lay_on_white};
use crate::studio::Recipe;

/// Composes frames, and keeps the last good one.
pub(crate) struct Composer {
    live: Live,
    /// To ask it about formats; the pipeline has its own.
    effect: Box<dyn Effect>,
    finish: Finish,
    drawn: Vec<u8>,
}

/// What is done to a frame after the effect.
struct Finish {
    logo: Option<Arc<Decoded>>,
    /// Whether the result holds no alpha.
    opaque: bool,
    /// Whether a frame had anything that shows through, and lost it so.
    laid_on_white: bool,
}

/// What came out for a frame.
#[derive(Debug, PartialEq)]
pub(crate) enum Composed {
    /// Nothing yet: the look-ahead fills.
    Later,
    /// A frame, in [`Composer::drawn`].
    Good,
    /// The one before, because of this.
    Held(Fault),
}

impl Composer {
    /// A pipeline for a recipe.
    ///
    /// # Errors
    /// What [`Live::new`] says.
    pub(crate) fn new(recipe: &Recipe, options: LiveOptions) -> Result<Self> {
        let budgeted = options.budget.is_some();
        let mut live = Live::new(recipe.segmenter()?, recipe.effect()?, options)?;
        if budgeted && let Some(smaller) = recipe.smaller_segmenter()? {
            live = live.with_smaller_network(smaller);
        }
        if let Some(cheaper) = recipe.cheaper_effect()? {
            live = live.with_cheaper_effect(cheaper);
        }
        Ok(Self {
            live,
            effect: recipe.effect()?,
            finish: Finish {
                logo: recipe.logo.clone(),
                opaque: false,
                laid_on_white: false,
            },
            drawn: Vec::new(),
        })
    }

    /// Lays transparent frames on white from now on, for results without alpha.
    pub(crate) fn make_opaque(&mut self) {
        self.finish.opaque = true;
    }

    /// Whether that changed anything.
    pub(crate) fn has_laid_on_white(&self) -> bool {
        self.finish.laid_on_white
    }

    /// What comes of frames of `clip`.
    pub(crate) fn output(&self, clip: &Clip) -> Clip {
        let drawn = self.effect.output_format(clip.format);
        Clip {
            format: if self.finish.opaque && drawn.has_alpha() {
                PixelFormat::Rgb8
            } else {
                drawn
            },
            ..clip.clone()
        }
    }

    /// Takes a frame of `clip`; what comes out, with a change of quality if there is one.
    ///
    /// # Errors
    /// Bytes that are no frame of the clip, or a logo that can't be drawn.
    pub(crate) fn push(
        &mut self,
        clip: &Clip,
        pixels: &[u8],
    ) -> Result<(Composed, Option<hypercut::live::Step>)> {
        let (width, height) = (clip.width, clip.height);
        let frame = Frame::new(
            pixels,
            width,
            height,
            width * clip.format.bytes(),
            clip.format,
        )?;
        let output = self.live.push(&frame);
        let step = output.step;
        let composed = self.finish.take(output, &mut self.drawn)?;
        Ok((composed, step))
    }

    /// What the look-ahead still holds; `None` when that is nothing.
    ///
    /// # Errors
    /// As [`push`](Self::push).
    pub(crate) fn flush(&mut self) -> Result<Option<Composed>> {
        let Some(output) = self.live.flush() else {
            return Ok(None);
        };
        self.finish.take(output, &mut self.drawn).map(Some)
    }

    /// The last frame that came out, held ones too.
    pub(crate) fn drawn(&self) -> &[u8] {
        &self.drawn
    }

    /// The last frame that came out, or a blank one before the first.
    pub(crate) fn last_good(&mut self, clip: &Clip) -> &[u8] {
        if self.drawn.is_empty() {
            self.blank(clip);
        }
        &self.drawn
    }

    /// Forgets the last frame: gray, no person, or all transparent.
    pub(crate) fn blank(&mut self, clip: &Clip) {
        let output = self.output(clip);
        let value = match output.format {
            PixelFormat::Rgb8 => 128,
            _ => 0,
        };
        self.drawn.clear();
        self.drawn.resize(output.frame_bytes(), value);
    }
}

impl Finish {
    /// Copies what came out and draws the logo on it.
    fn take(&mut self, output: Output<'_>, drawn: &mut Vec<u8>) -> Result<Composed> {
        let frame = output.frame;
        if output.stands_for.is_none() {
            return Ok(Composed::Later);
        }
        if let Some(fault) = output.fault {
            if drawn.is_empty() {
                self.copy(&frame, drawn);
            }
            return Ok(Composed::Held(fault));
        }
        if output.shown == Shown::Held && !drawn.is_empty() {
            // A frame that the governor leaves out.
            return Ok(Composed::Good);
        }
        let format = self.copy(&frame, drawn);
        if let Some(logo) = &self.logo {
            let mut out = FrameMut::packed(drawn, frame.width(), frame.height(), format)?;
            logo::draw(&mut out, &logo.frame()?).context("logo")?;
        }
        Ok(Composed::Good)
    }

    /// The format in which `frame` is in `drawn` now.
    fn copy(&mut self, frame: &Frame<'_>, drawn: &mut Vec<u8>) -> PixelFormat {
        if self.opaque && frame.format().has_alpha() {
            self.laid_on_white = self.laid_on_white || is_transparent(frame);
            lay_on_white(frame, drawn);
            return PixelFormat::Rgb8;
        }
        drawn.clear();
        drawn.extend_from_slice(frame.data());
        frame.format()
    }
}

/// A fault for people.
pub(crate) fn words(fault: &Fault) -> String {
    match fault {
        Fault::Error(error) => error.to_string(),
        Fault::Panic => "the program made a mistake".into(),
        Fault::Overrun => "it took too long".into(),
        _ => "it could not be composed".into(),
    }
}
