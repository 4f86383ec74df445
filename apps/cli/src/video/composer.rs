//! One frame after another through the network and the effect.
use anyhow::{Context, Result};
use hypercut::effects::Effect;
use hypercut::{Frame, FrameMut, Mask, PixelFormat, Segmenter, logo};

use std::sync::Arc;

use super::clip::Clip;
use crate::picture::Decoded;

/// Composes frames, and keeps the last good one.
pub(super) struct Composer {
    segmenter: Segmenter,
    effect: Box<dyn Effect>,
    logo: Option<Arc<Decoded>>,
    mask: Mask,
    drawn: Vec<u8>,
    spare: Vec<u8>,
}

impl Composer {
    pub(super) fn new(
        segmenter: Segmenter,
        effect: Box<dyn Effect>,
        logo: Option<Arc<Decoded>>,
    ) -> Self {
        Self {
            segmenter,
            effect,
            logo,
            mask: Mask::new(),
            drawn: Vec::new(),
            spare: Vec::new(),
        }
    }

    /// What comes of frames of `clip`.
    pub(super) fn output(&self, clip: &Clip) -> Clip {
        Clip {
            format: self.effect.output_format(clip.format),
            ..clip.clone()
        }
    }

    /// Draws a frame; on an error the one before stays the last good one.
    ///
    /// # Errors
    /// What the library says.
    pub(super) fn compose(&mut self, clip: &Clip, pixels: &[u8]) -> Result<()> {
        let (width, height) = (clip.width, clip.height);
        let frame = Frame::new(
            pixels,
            width,
            height,
            width * clip.format.bytes(),
            clip.format,
        )?;
        self.segmenter.segment(&frame, &mut self.mask)?;
        let format = self.effect.output_format(clip.format);
        self.spare.resize(width * height * format.bytes(), 0);
        let mut out = FrameMut::packed(&mut self.spare, width, height, format)?;
        self.effect.apply(&frame, &self.mask, &mut out)?;
        if let Some(picture) = &self.logo {
            logo::draw(&mut out, &picture.frame()?).context("logo")?;
        }
        std::mem::swap(&mut self.spare, &mut self.drawn);
        Ok(())
    }

    /// The frame just drawn.
    pub(super) fn drawn(&self) -> &[u8] {
        &self.drawn
    }

    /// The last frame that was drawn, or a blank one before the first.
    pub(super) fn last_good(&mut self, clip: &Clip) -> &[u8] {
        if self.drawn.is_empty() {
            self.blank(clip);
        }
        &self.drawn
    }

    /// Forgets the last frame: gray, no person, or all transparent.
    pub(super) fn blank(&mut self, clip: &Clip) {
        let output = self.output(clip);
        let value = match output.format {
            PixelFormat::Rgb8 => 128,
            _ => 0,
        };
        self.drawn.clear();
        self.drawn.resize(output.frame_bytes(), value);
    }
}
