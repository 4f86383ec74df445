//! How much the pixels of a row count for either side of a mask.
use std::ops::Range;

use hypercut_kernels::isa::Isa;
use hypercut_kernels::pixel::{opacity, reduce};

use super::plane::Side;
use crate::frame::PixelFormat;

/// How much each pixel of a row tells about either side.
///
/// A pixel weighs the eighth power of its share of a side. A soft pixel is a mixture, so by its share alone it would carry
/// `share * (1 - share)` of the other side's colour into the average: 1/6 over a whole edge, here 1/90.
#[derive(Debug, Default)]
pub(super) struct Weights {
    rest: Vec<u8>,
    person: SideWeights,
    background: SideWeights,
}

#[derive(Debug, Default)]
pub(super) struct SideWeights {
    pub(super) weights: Vec<u8>,
    pub(super) products: Vec<[u16; 4]>,
}

impl Weights {
    /// Brings the weights at `span` of a row up to date.
    pub(super) fn weigh(
        &mut self,
        isa: Isa,
        mask: &[u8],
        row: &[u8],
        format: PixelFormat,
        span: Range<usize>,
    ) {
        self.rest.resize(mask.len(), 0);
        for (rest, alpha) in self.rest[span.clone()].iter_mut().zip(&mask[span.clone()]) {
            *rest = 255 - alpha;
        }
        let shares = [mask, &self.rest];
        for (side, shares) in [&mut self.person, &mut self.background]
            .into_iter()
            .zip(shares)
        {
            side.weights.resize(mask.len(), 0);
            let weights = &mut side.weights[span.clone()];
            reduce::eighth_power(isa, &shares[span.clone()], weights);
            let pixels = &row[span.start * format.bytes()..span.end * format.bytes()];
            if format.has_alpha() && !opacity::is_opaque(isa, pixels) {
                for (weight, pixel) in weights.iter_mut().zip(pixels.as_chunks::<4>().0) {
                    *weight = (u16::from(*weight) * u16::from(pixel[3]) / 255) as u8;
                }
            }
        }
    }

    /// Brings the weighted colours at `span` up to date, whose `pixels` were weighed.
    pub(super) fn multiply(
        &mut self,
        isa: Isa,
        pixels: &[u8],
        channels: usize,
        span: Range<usize>,
    ) {
        for side in [&mut self.person, &mut self.background] {
            side.products.resize(side.weights.len(), [0; 4]);
            let weights = &side.weights[span.clone()];
            reduce::products(
                isa,
                pixels,
                channels,
                weights,
                &mut side.products[span.clone()],
            );
        }
    }

    pub(super) fn of(&self, side: Side) -> &SideWeights {
        match side {
            Side::Person => &self.person,
            Side::Background => &self.background,
        }
    }
}
