//! From a weighted plane to a plane of plain colours without holes.
//!
//! A cell that has weight keeps its own colour; where weight fades out the colour comes from a coarser level of a pyramid,
//! and so on up (pull-push; Gortler et al., "The Lumigraph", 1996). Linear in the number of cells.
#[cfg(target_arch = "x86_64")]
mod avx512;

use super::per_isa::per_isa;
use super::reduce::Tone;
use super::spread::BITS;
use crate::isa::Isa;

/// A cell of this weight needs nothing from the level above.
const FULL_WEIGHT: f32 = 1.0 / 16.0;

/// The pyramid's memory, but for its first level.
#[derive(Debug, Default)]
pub struct Fill {
    coarser: Vec<Level>,
    between: Vec<[f32; 4]>,
}

#[derive(Debug, Default)]
struct Level {
    width: usize,
    height: usize,
    cells: Vec<[f32; 4]>,
}

impl Fill {
    /// Turns `plane` `[h, width, 4]` (premultiplied colour in `tone`'s scale, weight in 0 to 1) into `out`, colours of 0 to
    /// 255 with [`BITS`] fractional bits and 255 as their alpha. A plane without any weight becomes black. What `plane` holds
    /// afterwards means nothing.
    ///
    /// # Panics
    /// When lengths differ or `plane` has no whole number of rows.
    pub fn run(
        &mut self,
        isa: Isa,
        plane: &mut [[f32; 4]],
        width: usize,
        tone: Tone<'_>,
        out: &mut [[u16; 4]],
    ) {
        assert!(
            width > 0 && plane.len().is_multiple_of(width),
            "plane length"
        );
        assert_eq!(plane.len(), out.len(), "output length");
        self.pull(isa, plane, width);
        // The top has nobody above it: whatever weight it has is full.
        let top = self.coarser.last_mut();
        let top = top.map_or(&mut plane[0], |level| &mut level.cells[0]);
        let factor = if top[3] > 0.0 { 1.0 / top[3] } else { 0.0 };
        *top = top.map(|v| v * factor);
        for i in (1..self.coarser.len()).rev() {
            let (finer, coarser) = self.coarser.split_at_mut(i);
            let finer = &mut finer[i - 1];
            push(
                isa,
                &mut finer.cells,
                finer.width,
                &coarser[0],
                &mut self.between,
            );
        }
        if let Some(coarser) = self.coarser.first() {
            push(isa, plane, width, coarser, &mut self.between);
        }
        per_isa!(
            isa,
            finish_all,
            (cells: &[[f32; 4]] = plane, tone: Tone<'_> = tone, out: &mut [[u16; 4]] = out)
        );
    }

    /// Makes the coarser levels, down to a single cell.
    fn pull(&mut self, isa: Isa, plane: &[[f32; 4]], width: usize) {
        let (mut w, mut h, mut depth) = (width, plane.len() / width, 0);
        while (w, h) != (1, 1) {
            let finer_width = w;
            (w, h) = (w.div_ceil(2), h.div_ceil(2));
            if self.coarser.len() == depth {
                self.coarser.push(Level::default());
            }
            let (finer, rest) = self.coarser.split_at_mut(depth);
            let level = &mut rest[0];
            (level.width, level.height) = (w, h);
            level.cells.resize(w * h, [0.0; 4]);
            let finer = finer.last().map_or(plane, |level| &level.cells);
            per_isa!(
                isa,
                Level::pull,
                (level: &mut Level = level, finer: &[[f32; 4]] = finer, width: usize = finer_width)
            );
            depth += 1;
        }
        self.coarser.truncate(depth);
    }
}

impl Level {
    /// Each cell becomes the mean of the up to four cells below it, absent ones counting as empty.
    #[inline(always)]
    fn pull(&mut self, finer: &[[f32; 4]], width: usize) {
        let rows = finer.chunks(2 * width);
        for (out, rows) in self.cells.chunks_exact_mut(self.width).zip(rows) {
            let (above, below) = rows.split_at(width);
            add_pairs::<true>(above, out);
            if !below.is_empty() {
                add_pairs::<false>(below, out);
            }
        }
    }
}

/// Turns premultiplied cells, `width` per row, into colours, taking what they lack from `coarser` (colours already), bilinearly. The
/// fourth number of a cell then means nothing.
fn push(
    isa: Isa,
    cells: &mut [[f32; 4]],
    width: usize,
    coarser: &Level,
    between: &mut Vec<[f32; 4]>,
) {
    let across = coarser.width;
    between.resize(across + 1 + MARGIN, [0.0; 4]);
    for (y, cells) in cells.chunks_exact_mut(width).enumerate() {
        let [near, far] =
            neighbours(y, coarser.height).map(|y| &coarser.cells[y * across..][..across]);
        per_isa!(
            isa,
            mix_rows,
            (
                near: &[[f32; 4]] = near,
                far: &[[f32; 4]] = far,
                out: &mut [[f32; 4]] = &mut between[1..=across],
            )
        );
        let (first, last) = (between[1], between[across]);
        between[0] = first;
        between[across + 1..].fill(last);
        push_cells(isa, cells, between);
    }
}

/// Cells to the right of a row between two, which are like its last; one more is to the left.
const MARGIN: usize = 2;

fn push_cells(isa: Isa, cells: &mut [[f32; 4]], between: &[[f32; 4]]) {
    #[cfg(target_arch = "x86_64")]
    if let Isa::Avx512Vnni(_token) = isa {
        // SAFETY: `_token` proves that this CPU has the features that `push_row` enables.
        return unsafe { avx512::push_row(cells, between) };
    }
    per_isa!(
        isa,
        push_row,
        (cells: &mut [[f32; 4]] = cells, between: &[[f32; 4]] = between)
    );
}

/// `out` is, or gains, a quarter of every two cells of `row`.
#[inline(always)]
fn add_pairs<const FIRST: bool>(row: &[[f32; 4]], out: &mut [[f32; 4]]) {
    let pairs = row.as_chunks::<2>();
    for (out, [left, right]) in out.iter_mut().zip(pairs.0) {
        let before = if FIRST { [0.0; 4] } else { *out };
        *out = add(add(before, times(*left, 0.25)), times(*right, 0.25));
    }
    if let (Some(out), [last]) = (out.get_mut(pairs.0.len()), pairs.1) {
        let before = if FIRST { [0.0; 4] } else { *out };
        *out = add(before, times(*last, 0.25));
    }
}

/// Three times the nearer row and once the farther.
#[inline(always)]
fn mix_rows(near: &[[f32; 4]], far: &[[f32; 4]], out: &mut [[f32; 4]]) {
    for (out, (near, far)) in out.iter_mut().zip(near.iter().zip(far)) {
        *out = add(times(*near, 3.0), *far);
    }
}

/// One row of cells over what [`mix_rows`] gives and its margins.
#[inline(always)]
fn push_row(cells: &mut [[f32; 4]], between: &[[f32; 4]]) {
    for (x, cell) in cells.iter_mut().enumerate() {
        let share = cell[3] * (1.0 / FULL_WEIGHT);
        *cell = if share >= 1.0 {
            full(*cell)
        } else {
            let near = between[x / 2 + 1];
            let far = between[x / 2 + x % 2 * 2];
            let lack = (1.0 - share) * (1.0 / 16.0);
            let around = add(times(near, 3.0), far);
            add(times(*cell, 1.0 / FULL_WEIGHT), times(around, lack))
        };
    }
}

#[inline(always)]
fn full(cell: [f32; 4]) -> [f32; 4] {
    times(cell, 1.0 / cell[3])
}

#[inline(always)]
fn add(a: [f32; 4], b: [f32; 4]) -> [f32; 4] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]]
}

#[inline(always)]
fn times(a: [f32; 4], factor: f32) -> [f32; 4] {
    a.map(|v| v * factor)
}

/// The coarser cell around cell `i`, and the one on the side that `i` leans to, held inside the level.
#[inline(always)]
fn neighbours(i: usize, len: usize) -> [usize; 2] {
    let near = i / 2;
    let far = if i.is_multiple_of(2) {
        near.saturating_sub(1)
    } else {
        (near + 1).min(len - 1)
    };
    [near, far]
}

#[inline(always)]
fn finish_all(cells: &[[f32; 4]], tone: Tone<'_>, out: &mut [[u16; 4]]) {
    match tone {
        Tone::Plain => {
            let values = cells.as_flattened().iter();
            let fixed = values.map(|&value| fixed(value));
            for (out, value) in out.as_flattened_mut().iter_mut().zip(fixed) {
                *out = value;
            }
        }
        Tone::Curve(curve) => {
            for (cell, out) in cells.iter().zip(&mut *out) {
                for c in 0..3 {
                    out[c] = fixed(inverse(curve, cell[c]));
                }
            }
        }
    }
    for cell in out {
        cell[3] = 255 << BITS;
    }
}

/// A byte's mean with fractional bits, rounded to nearest; 0 for what is no number.
#[inline(always)]
fn fixed(byte: f32) -> u16 {
    let value = byte * (1 << BITS) as f32 + 0.5;
    let value = if value > 0.0 { value } else { 0.0 };
    let most = (255 << BITS) as f32;
    let value = if value < most { value } else { most };
    // SAFETY: `value` is a number from 0 to 4080. (`as`, which asks again, is not made a vector.)
    unsafe { value.to_int_unchecked::<i32>() as u16 }
}

/// Where a rising table reaches `value`, linear between entries.
fn inverse(curve: &[f32; 256], value: f32) -> f32 {
    let above = curve.partition_point(|&entry| entry <= value).clamp(1, 255);
    let (low, high) = (curve[above - 1], curve[above]);
    (above - 1) as f32 + (value - low) / (high - low)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(plane: &[[f32; 4]], width: usize, tone: Tone<'_>) -> Vec<[u16; 4]> {
        let mut out = vec![[0; 4]; plane.len()];
        let mut answers = Isa::available().map(|isa| {
            Fill::default().run(isa, &mut plane.to_vec(), width, tone, &mut out);
            out.clone()
        });
        let oracle = answers.next().expect("scalar is always there");
        assert!(answers.all(|answer| answer == oracle));
        oracle
    }

    #[test]
    fn one_colour_fills_everything_whatever_the_weights() {
        for (width, height) in [(1, 1), (1, 7), (5, 3), (16, 9)] {
            let mut plane = vec![[0.0; 4]; width * height];
            plane[width * height / 2] = [40.0 * 0.3, 80.0 * 0.3, 120.0 * 0.3, 0.3];
            for cell in run(&plane, width, Tone::Plain) {
                for (found, expected) in cell.iter().zip([40, 80, 120, 255]) {
                    assert!(
                        found.abs_diff(expected << BITS) <= 1,
                        "{width}x{height}: {cell:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn colours_stay_within_those_around_for_any_weights_and_sizes() {
        for (width, height) in [(1, 9), (2, 2), (3, 5), (4, 4), (9, 7), (17, 6), (30, 3)] {
            let weight = |i: usize| [0.0, 0.01, 0.05, 0.07, 1.0][i * i % 5];
            let plane: Vec<[f32; 4]> = (0..width * height)
                .map(|i| [20.0, 60.0 + (i % 9) as f32, 250.0, 1.0].map(|v| v * weight(i)))
                .collect();
            for cell in run(&plane, width, Tone::Plain) {
                assert!(
                    cell[0].abs_diff(20 << BITS) <= 1,
                    "{width}x{height}: {cell:?}"
                );
                assert!(
                    ((60 << BITS) - 1..=(68 << BITS) + 1).contains(&cell[1]),
                    "{cell:?}"
                );
                assert_eq!(cell[3], 255 << BITS);
            }
        }
    }

    #[test]
    fn full_cells_keep_their_own_colour() {
        let plane = [[10.0, 0.0, 0.0, 1.0], [100.0, 0.0, 0.0, 0.5]];
        let out = run(&plane, 2, Tone::Plain);
        assert_eq!((out[0][0], out[1][0]), (10 << BITS, 200 << BITS));
    }

    #[test]
    fn no_weight_at_all_is_black() {
        assert_eq!(
            run(&[[0.0; 4]; 6], 3, Tone::Plain),
            [[0, 0, 0, 255 << BITS]; 6]
        );
    }

    #[test]
    fn a_curve_is_undone() {
        let curve: [f32; 256] = std::array::from_fn(|i| (i * i * i) as f32);
        for byte in [0u16, 1, 77, 254, 255] {
            let value = curve[usize::from(byte)];
            let out = run(
                &[[value * 0.5, value * 0.5, value * 0.5, 0.5]],
                1,
                Tone::Curve(&curve),
            );
            assert_eq!(out[0][0], byte << BITS);
        }
    }
}
