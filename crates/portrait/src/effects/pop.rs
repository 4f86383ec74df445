//! Keeps the person in colour and turns the background gray.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::composite::{Row, luma, over_row};

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
    make: |options| {
        let amount = (options.number("amount") * 2.56).round() as u32;
        Ok(Box::new(Pop {
            isa: Isa::detect(),
            amount,
            behind: Vec::new(),
        }))
    },
};

#[derive(Debug)]
struct Pop {
    isa: Isa,
    /// Share of gray, of 256.
    amount: u32,
    behind: Vec<[u8; 4]>,
}

impl Effect for Pop {
    fn output_format(&self, input: PixelFormat) -> PixelFormat {
        input
    }

    /// Soft pixels keep their own colour in the mixture: gray of the same pixel behind it has the same brightness, so there
    /// is no foreign colour to take out.
    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        let channels = frame.format().bytes();
        self.behind.resize(frame.width(), [0; 4]);
        for (y, picture) in frame.rows().enumerate() {
            for (behind, pixel) in self.behind.iter_mut().zip(picture.chunks_exact(channels)) {
                let opacity = if channels == 4 { pixel[3] } else { 255 };
                let colour = if channels == 1 {
                    [pixel[0]; 3]
                } else {
                    [pixel[0], pixel[1], pixel[2]]
                };
                let gray = u32::from(luma(colour)) * self.amount;
                let [r, g, b] =
                    colour.map(|c| ((gray + u32::from(c) * (256 - self.amount) + 128) >> 8) as u8);
                *behind = [r, g, b, opacity];
            }
            let row = Row {
                picture,
                channels,
                alpha: mask.row(y),
                sides: None,
            };
            over_row(self.isa, row, &self.behind, out.row_mut(y), channels);
        }
        Ok(())
    }
}
