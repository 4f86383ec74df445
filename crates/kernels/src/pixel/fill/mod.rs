//! From a weighted plane to a plane of plain colours without holes.
//!
//! A cell that has weight keeps its own colour; where weight fades out the colour comes from a coarser level of a pyramid,
//! and so on up (pull-push; Gortler et al., "The Lumigraph", 1996). Linear in the number of cells.
use super::per_isa::per_isa;
use super::reduce::Tone;
use super::spread::BITS;
use crate::isa::Isa;

/// A cell of this weight needs nothing from the level above.
const FULL_WEIGHT: f32 = 1.0 / 16.0;

/// The pyramid's memory.
#[derive(Debug, Default)]
pub struct Fill {
    levels: Vec<Level>,
}

#[derive(Debug, Default)]
struct Level {
    width: usize,
    height: usize,
    cells: Vec<[f32; 4]>,
}

impl Fill {
    /// Turns `plane` `[h, width, 4]` (premultiplied colour in `tone`'s scale, weight in 0 to 1) into `out`, colours of 0 to
    /// 255 with [`BITS`] fractional bits and 255 as their alpha. A plane without any weight becomes black.
    ///
    /// # Panics
    /// When lengths differ or `plane` has no whole number of rows.
    pub fn run(
        &mut self,
        isa: Isa,
        plane: &[[f32; 4]],
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
        for i in (0..self.levels.len() - 1).rev() {
            let (finer, coarser) = self.levels.split_at_mut(i + 1);
            per_isa!(
                isa,
                Level::push,
                (finer: &mut Level = &mut finer[i], coarser: &Level = &coarser[0])
            );
        }
        per_isa!(
            isa,
            finish_all,
            (
                cells: &[[f32; 4]] = &self.levels[0].cells,
                tone: Tone<'_> = tone,
                out: &mut [[u16; 4]] = out,
            )
        );
    }

    fn pull(&mut self, isa: Isa, plane: &[[f32; 4]], width: usize) {
        let (mut w, mut h, mut depth) = (width, plane.len() / width, 0);
        loop {
            if self.levels.len() == depth {
                self.levels.push(Level::default());
            }
            let (finer, rest) = self.levels.split_at_mut(depth);
            let level = &mut rest[0];
            (level.width, level.height) = (w, h);
            level.cells.resize(w * h, [0.0; 4]);
            match finer.last() {
                None => level.cells.copy_from_slice(plane),
                Some(finer) => per_isa!(
                    isa,
                    Level::pull,
                    (level: &mut Level = level, finer: &Level = finer)
                ),
            }
            depth += 1;
            if w == 1 && h == 1 {
                break;
            }
            (w, h) = (w.div_ceil(2), h.div_ceil(2));
        }
        self.levels.truncate(depth);
        // The top has nobody above it: whatever weight it has is full.
        let top = &mut self.levels[depth - 1].cells[0];
        let factor = if top[3] > 0.0 { 1.0 / top[3] } else { 0.0 };
        *top = top.map(|v| v * factor);
    }
}

impl Level {
    /// Each cell becomes the mean of the up to four cells below it, absent ones counting as empty.
    #[inline(always)]
    fn pull(&mut self, finer: &Self) {
        self.cells.fill([0.0; 4]);
        for (y, row) in finer.cells.chunks_exact(finer.width).enumerate() {
            let out = &mut self.cells[y / 2 * self.width..][..self.width];
            for (x, cell) in row.iter().enumerate() {
                for (sum, value) in out[x / 2].iter_mut().zip(cell) {
                    *sum += value * 0.25;
                }
            }
        }
    }

    /// Turns premultiplied cells into colours, taking what they lack from `coarser` (colours already), bilinearly.
    #[inline(always)]
    fn push(&mut self, coarser: &Self) {
        for y in 0..self.height {
            let rows = neighbours(y, coarser.height)
                .map(|y| &coarser.cells[y * coarser.width..][..coarser.width]);
            for (x, cell) in self.cells[y * self.width..][..self.width]
                .iter_mut()
                .enumerate()
            {
                let share = cell[3] * (1.0 / FULL_WEIGHT);
                if share >= 1.0 {
                    let factor = 1.0 / cell[3];
                    *cell = cell.map(|v| v * factor);
                    continue;
                }
                let [near, far] = neighbours(x, coarser.width);
                let lack = (1.0 - share) * (1.0 / 16.0);
                for c in 0..3 {
                    let sum = 9.0 * rows[0][near][c]
                        + 3.0 * (rows[0][far][c] + rows[1][near][c])
                        + rows[1][far][c];
                    cell[c] = cell[c] * (1.0 / FULL_WEIGHT) + sum * lack;
                }
            }
        }
    }
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
    for (cell, out) in cells.iter().zip(out) {
        *out = [
            finish(cell[0], tone),
            finish(cell[1], tone),
            finish(cell[2], tone),
            255 << BITS,
        ];
    }
}

/// A mean in the tone's scale with fractional bits, rounded to nearest.
#[inline(always)]
fn finish(value: f32, tone: Tone<'_>) -> u16 {
    let byte = match tone {
        Tone::Plain => value,
        Tone::Curve(curve) => inverse(curve, value),
    };
    (byte * (1 << BITS) as f32 + 0.5).clamp(0.0, (255 << BITS) as f32) as u16
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
            Fill::default().run(isa, plane, width, tone, &mut out);
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
