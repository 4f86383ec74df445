//! Keeps the person in colour and turns the background gray.
use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::composite::{Row, luma, over_row};

use super::{Effect, EffectInfo, OptionInfo, OptionKind, check};
use crate::error::Result;
use crate::frame::{Frame, FrameMut, PixelFormat};
use crate::mask::Mask;
use crate::threads::Threads;

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
            threads: Threads::default(),
            amount,
            behind: Vec::new(),
        }))
    },
};

#[derive(Debug)]
struct Pop {
    isa: Isa,
    threads: Threads,
    /// Share of gray, of 256.
    amount: u32,
    /// A row of the background for each band.
    behind: Vec<Vec<[u8; 4]>>,
}

impl Effect for Pop {
    fn output_format(&self, input: PixelFormat) -> PixelFormat {
        input
    }

    fn set_threads(&mut self, threads: &Threads) {
        self.threads = threads.clone();
    }

    /// Soft pixels keep their own colour in the mixture: gray of the same pixel behind it has the same brightness, so there
    /// is no foreign colour to take out.
    fn apply(&mut self, frame: &Frame<'_>, mask: &Mask, out: &mut FrameMut<'_>) -> Result<()> {
        check(frame, mask, out, self.output_format(frame.format()))?;
        let (isa, amount, channels) = (self.isa, self.amount, frame.format().bytes());
        let bands = out.bands(self.threads.band(frame.height(), 1));
        self.threads.each(&mut self.behind, bands, |band, behind| {
            behind.resize(frame.width(), [0; 4]);
            for (y, out) in band.rows() {
                let picture = frame.row(y);
                fade(picture, channels, amount, behind);
                let row = Row {
                    picture,
                    channels,
                    alpha: mask.row(y),
                    sides: None,
                };
                over_row(isa, row, behind, out, channels);
            }
        });
        Ok(())
    }
}

/// A row with its colours `amount` of 256 on the way to gray; opacity stays.
fn fade(picture: &[u8], channels: usize, amount: u32, out: &mut [[u8; 4]]) {
    for (out, pixel) in out.iter_mut().zip(picture.chunks_exact(channels)) {
        let opacity = if channels == 4 { pixel[3] } else { 255 };
        let colour = if channels == 1 {
            [pixel[0]; 3]
        } else {
            [pixel[0], pixel[1], pixel[2]]
        };
        let gray = u32::from(luma(colour)) * amount;
        let [r, g, b] = colour.map(|c| ((gray + u32::from(c) * (256 - amount) + 128) >> 8) as u8);
        *out = [r, g, b, opacity];
    }
}
