//! keeps the person on a transparent background.
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;

pub(super) const INFO: EffectInfo = EffectInfo {
    name: "cutout",
    summary: "keeps the person on a transparent background",
    options: &[OptionInfo {
        name: "keep-spill",
        kind: OptionKind::Flag,
        help: "leave the background colour that shines through at edges and hair",
    }],
    make: |_options| Ok(Box::new(Cutout)),
};

#[derive(Debug)]
struct Cutout;

impl Effect for Cutout {
    fn output_format(&self, input: PixelFormat) -> PixelFormat {
        {
            let _ = input;
            PixelFormat::Rgba8
        }
    }

    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        Ok(())
    }
}
