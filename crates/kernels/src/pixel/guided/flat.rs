//! Where a mask is flat.
use super::super::per_isa::per_isa;
use crate::isa::Isa;

/// Which places have one value alone in the window around them.
#[derive(Debug, Default)]
pub(super) struct Flat {
    places: Vec<bool>,
    least: Vec<u8>,
    most: Vec<u8>,
}

impl Flat {
    /// Looks at windows of `2 * radius + 1` places a side, cut at the border, of `mask` with `width` places per row.
    pub(super) fn find(&mut self, isa: Isa, mask: &[u8], width: usize, radius: usize) {
        self.places.resize(mask.len(), false);
        // A margin on both sides, filled with what decides nothing.
        let padded = width + 2 * radius;
        self.least.clear();
        self.least.resize(padded, u8::MAX);
        self.most.clear();
        self.most.resize(padded, u8::MIN);
        let rows = mask.len() / width;
        for (y, places) in self.places.chunks_exact_mut(width).enumerate() {
            let window = y.saturating_sub(radius) * width..(y + radius + 1).min(rows) * width;
            per_isa!(
                isa,
                row,
                (
                    window: &[u8] = &mask[window],
                    radius: usize = radius,
                    least: &mut [u8] = &mut self.least,
                    most: &mut [u8] = &mut self.most,
                    places: &mut [bool] = places,
                )
            );
        }
    }

    /// The answer, a place per mask value.
    pub(super) fn places(&self) -> &[bool] {
        &self.places
    }
}

/// One row of places under the rows of `window`.
#[inline(always)]
fn row(window: &[u8], radius: usize, least: &mut [u8], most: &mut [u8], places: &mut [bool]) {
    let width = places.len();
    let inner = radius..radius + width;
    least[inner.clone()].fill(u8::MAX);
    most[inner.clone()].fill(u8::MIN);
    for row in window.chunks_exact(width) {
        for ((&value, least), most) in row
            .iter()
            .zip(&mut least[inner.clone()])
            .zip(&mut most[inner.clone()])
        {
            *least = (*least).min(value);
            *most = (*most).max(value);
        }
    }
    for (x, place) in places.iter_mut().enumerate() {
        let (mut low, mut high) = (u8::MAX, u8::MIN);
        for i in x..=x + 2 * radius {
            low = low.min(least[i]);
            high = high.max(most[i]);
        }
        *place = low == high;
    }
}
