//! Writes the soft mask itself.
use super::{Effect, EffectInfo, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;

pub(super) const INFO: EffectInfo = EffectInfo {
    name: "mask",
    summary: "writes the soft mask itself, white where the person is",
    options: &[],
    make: |_| Ok(Box::new(Show)),
};

#[derive(Debug)]
struct Show;

impl Effect for Show {
    fn output_format(&self, _input: PixelFormat) -> PixelFormat {
        PixelFormat::Gray8
    }

    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        for y in 0..frame.height() {
            out.row_mut(y).copy_from_slice(mask.row(y));
        }
        Ok(())
    }
}
