//! Where the outputs of a bilinear enlargement lie among the cells of a small plane.

use std::ops::Range;

/// Fractional bits of a weight.
pub const WEIGHT_BITS: u32 = 8;

/// For every output position along one axis, the cell left of it and the weight of the cell right of it (of 256).
///
/// Output `i` lies at `(i + 0.5) * cells_per_output - 0.5` cells, held inside the first and last cell centre.
#[derive(Debug, Default, Clone)]
pub struct Taps {
    key: (usize, usize, usize, usize),
    index: Vec<u32>,
    weight: Vec<u16>,
    /// `starts[i]` is the first output at or right of cell `i`; one entry more than cells, the last being the outputs' number.
    starts: Vec<u32>,
}

impl Taps {
    /// Fits `cells` cells under `len` outputs, one output being `num / den` cells wide; does nothing when it already does.
    ///
    /// # Panics
    /// When a number is zero.
    pub fn set(&mut self, len: usize, cells: usize, num: usize, den: usize) {
        assert!(
            len > 0 && cells > 0 && num > 0 && den > 0,
            "{cells} cells under {len} outputs at {num}/{den}"
        );
        if self.key == (len, cells, num, den) {
            return;
        }
        self.key = (len, cells, num, den);
        self.index.clear();
        self.weight.clear();
        let last = cells - 1;
        for i in 0..len {
            let position = ((2 * i + 1) * num).saturating_sub(den);
            let (index, rest) = (position / (2 * den), position % (2 * den));
            let (index, weight) = if index < last {
                (index, (rest * 256 + den) / (2 * den))
            } else {
                (last, 0)
            };
            self.index.push(index as u32);
            self.weight.push(weight as u16);
        }
        self.starts.clear();
        self.starts.extend(
            (0..=cells).map(|cell| self.index.partition_point(|&i| (i as usize) < cell) as u32),
        );
    }

    /// Number of outputs.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether there are no outputs yet.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// Number of cells.
    pub fn cells(&self) -> usize {
        self.key.1
    }

    /// Those of the outputs `within` that lean on cell `cell` and its right neighbour.
    #[inline]
    pub(crate) fn outputs(&self, cell: usize, within: &Range<usize>) -> Range<usize> {
        let held = |i: u32| (i as usize).clamp(within.start, within.end);
        held(self.starts[cell])..held(self.starts[cell + 1])
    }

    /// Left cells of the outputs `range`.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn cells_of(&self, range: std::ops::RangeFrom<usize>) -> &[u32] {
        &self.index[range]
    }

    /// Weights of the right cell, one per output.
    #[cfg(any(
        target_arch = "x86_64",
        all(target_arch = "wasm32", target_feature = "simd128")
    ))]
    pub(crate) fn weights(&self) -> &[u16] {
        &self.weight
    }

    /// The left (upper) cell and the weight of its right (lower) neighbour, 0 to 256.
    #[inline]
    pub fn at(&self, i: usize) -> (usize, u16) {
        (self.index[i] as usize, self.weight[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_two_give_quarters_between_their_centres_and_hold_at_the_ends() {
        let mut x = Taps::default();
        x.set(4, 2, 1, 2);
        let taps: Vec<_> = (0..4).map(|i| x.at(i)).collect();
        assert_eq!(taps, [(0, 0), (0, 64), (0, 192), (1, 0)]);
        assert_eq!((x.outputs(0, &(0..4)), x.outputs(1, &(0..4))), (0..3, 3..4));
    }
}
