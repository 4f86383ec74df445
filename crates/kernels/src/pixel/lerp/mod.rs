//! Bilinear enlargement of a small plane, one full-size row at a time.
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;

use std::ops::Range;

use super::per_isa::per_isa;
use crate::isa::Isa;

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

    /// Weights of the right cell, one per output.
    pub(crate) fn weights(&self) -> &[u16] {
        &self.weight
    }

    /// The left (upper) cell and the weight of its right (lower) neighbour, 0 to 256.
    #[inline]
    pub fn at(&self, i: usize) -> (usize, u16) {
        (self.index[i] as usize, self.weight[i])
    }
}

/// Writes places `span` of full-size row `y` of `plane` `[cells_y, cells_x, 4]` (8 fractional bits) to the same places of
/// `out`, bytes `[x.len(), 4]`; the rest of `out` stays.
///
/// Vertical first, `(a * (256 - w) + b * w + 128) >> 8`; then horizontal, the same with rounding to whole bytes. `between`
/// is scratch of one plane row and one cell more.
///
/// # Panics
/// When lengths contradict each other or the span reaches beyond the row.
pub fn row(
    isa: Isa,
    plane: &[[u16; 4]],
    (x, span): (&Taps, Range<usize>),
    y: (usize, u16),
    between: &mut Vec<[u16; 4]>,
    out: &mut [[u8; 4]],
) {
    let cells = x.cells();
    assert_eq!(out.len(), x.len(), "output length");
    assert_eq!(plane.len() % cells, 0, "plane length");
    if span.is_empty() {
        return;
    }
    between.resize(cells + 1, [0; 4]);
    // The cells under the span, and one more on the right for the last place to lean on.
    let (first, end) = (x.at(span.start).0, (x.at(span.end - 1).0 + 2).min(cells));
    let under = |y: usize| &plane[y * cells..][first..end];
    let above = under(y.0);
    let below = if y.1 == 0 { above } else { under(y.0 + 1) };
    per_isa!(
        isa,
        scalar::between,
        (
            above: &[[u16; 4]] = above,
            below: &[[u16; 4]] = below,
            weight: u16 = y.1,
            out: &mut [[u16; 4]] = &mut between[first..end],
        )
    );
    between[end] = between[end - 1];
    match isa {
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512Vnni(_token) => {
            // SAFETY: `_token` proves that this CPU has the features that `spread` enables.
            unsafe { avx512::spread(between, x, span, out) }
        }
        _ => per_isa!(
            isa,
            scalar::spread,
            (
                row: &[[u16; 4]] = between,
                x: &Taps = x,
                span: Range<usize> = span,
                out: &mut [[u8; 4]] = out,
            )
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_two_give_quarters_between_their_centres() {
        let mut x = Taps::default();
        x.set(4, 2, 1, 2);
        let plane = [[0, 0, 25600, 256], [25600, 0, 0, 256]];
        let mut out = [[0; 4]; 4];
        row(
            Isa::Scalar,
            &plane,
            (&x, 0..4),
            (0, 0),
            &mut Vec::new(),
            &mut out,
        );
        assert_eq!(
            out,
            [
                [0, 0, 100, 1],
                [25, 0, 75, 1],
                [75, 0, 25, 1],
                [100, 0, 0, 1]
            ]
        );
    }

    #[test]
    fn rows_between_two_cells_mix_them_and_one_cell_fills_a_row() {
        let mut x = Taps::default();
        x.set(3, 1, 1, 3);
        let mut out = [[0; 4]; 3];
        row(
            Isa::Scalar,
            &[[0; 4], [25600; 4]],
            (&x, 0..3),
            (0, 64),
            &mut Vec::new(),
            &mut out,
        );
        assert_eq!(out, [[25; 4]; 3]);
    }

    #[test]
    fn partial_last_cells_and_full_bytes_stay_in_range() {
        for (len, k) in [(1usize, 1usize), (7, 3), (1920, 7), (5, 8)] {
            let cells = len.div_ceil(k);
            let mut x = Taps::default();
            x.set(len, cells, 1, k);
            let mut out = vec![[0; 4]; len];
            row(
                Isa::Scalar,
                &vec![[65280; 4]; cells],
                (&x, 0..len),
                (0, 0),
                &mut Vec::new(),
                &mut out,
            );
            assert!(out.iter().all(|p| *p == [255; 4]));
        }
    }

    #[test]
    fn every_isa_gives_the_same_bytes() {
        let plane: Vec<[u16; 4]> = (0..120u16)
            .map(|i| [(i * 541) % 65281, 65280 - i * 400, i % 2 * 65280, 65280])
            .collect();
        for (len, cells, k) in [
            (1usize, 1usize, 1usize),
            (60, 60, 1),
            (119, 60, 2),
            (353, 40, 9),
            (61, 5, 13),
        ] {
            let mut x = Taps::default();
            x.set(len, cells, 1, k);
            for span in [0..len, len / 3..len / 2 + 1, len - 1..len] {
                let mut answers = Isa::available().map(|isa| {
                    let mut out = vec![[9; 4]; len];
                    let place = (&x, span.clone());
                    row(
                        isa,
                        &plane[..2 * cells],
                        place,
                        (0, 77),
                        &mut Vec::new(),
                        &mut out,
                    );
                    out
                });
                let oracle = answers.next();
                assert!(answers.all(|out| Some(out) == oracle), "{len} {k} {span:?}");
            }
        }
    }

    #[test]
    fn a_span_is_the_same_as_in_the_whole_row_and_the_rest_stays() {
        let (len, k) = (29usize, 3usize);
        let plane: Vec<[u16; 4]> = (0..20u16)
            .map(|i| [i * 3000, i * i * 150, 65280 - i, 7])
            .collect();
        let mut x = Taps::default();
        x.set(len, 10, 1, k);
        let mut whole = vec![[0; 4]; len];
        row(
            Isa::Scalar,
            &plane,
            (&x, 0..len),
            (0, 77),
            &mut Vec::new(),
            &mut whole,
        );
        for (start, end) in [(0, 1), (5, 5), (5, 6), (3, 20), (28, 29), (11, 29)] {
            let mut out = vec![[9; 4]; len];
            row(
                Isa::Scalar,
                &plane,
                (&x, start..end),
                (0, 77),
                &mut Vec::new(),
                &mut out,
            );
            for i in 0..len {
                let expected = if (start..end).contains(&i) {
                    whole[i]
                } else {
                    [9; 4]
                };
                assert_eq!(out[i], expected, "{start}..{end} at {i}");
            }
        }
    }
}
