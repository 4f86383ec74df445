//! Puts a plain colour behind the person.
use super::replace::Replace;
use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;
use crate::threads::Threads;

pub(super) const INFO: EffectInfo = EffectInfo {
    name: "color",
    summary: "puts a plain colour behind the person",
    options: &[OptionInfo {
        name: "color",
        kind: OptionKind::Color { default: [255; 3] },
        help: "background colour, #rrggbb or a name",
    }],
    make: |options| {
        Ok(Box::new(Color {
            color: options.color("color"),
            replace: Replace::new(),
        }))
    },
};

#[derive(Debug)]
struct Color {
    color: [u8; 3],
    replace: Replace,
}

impl Effect for Color {
    fn output_format(&self, input: PixelFormat) -> PixelFormat {
        Replace::output_format(input)
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.replace.set_threads(threads);
    }

    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        let [r, g, b] = self.color;
        self.replace
            .draw(frame, mask, out, |_, behind| behind.fill([r, g, b, 255]));
        Ok(())
    }
}
