//! A mask of part of a picture, stretched over that part of a mask of the whole and mixed in, row by row.
//!
//! ```text
//! seen = s[top][left] * (1 - across) + s[top][left + 1] * across, and that again of the row below, mixed by `down` alike
//! out  = old + (seen - old) * weight + 0.5, rounded down
//! ```
mod scalar;

use super::per_isa::per_isa;
use crate::isa::Isa;

/// A column of the part: where it lies in the small mask, and how far that counts there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// The small mask's column left of it.
    pub left: usize,
    /// Weight of the column right of that, 0 to 1.
    pub across: f32,
    /// The most that the small mask counts here, 0 to 1.
    pub trust: f32,
}

/// A row of the part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// The small mask's row above it.
    pub top: usize,
    /// Weight of the row below that, 0 to 1.
    pub down: f32,
    /// As a column's.
    pub trust: f32,
}

/// Columns of a part, and scratch.
#[derive(Debug, Default)]
pub struct Inset {
    lefts: Vec<usize>,
    /// Weights of the left and of the right column.
    across: [Vec<f32>; 2],
    trusts: Vec<f32>,
    /// Two rows of the small mask at the part's columns: those with even and with odd numbers.
    stretched: [Stretched; 2],
    /// A row of the small mask, its last pixel once more.
    padded: Vec<u8>,
    pairs: Vec<[u8; 2]>,
}

#[derive(Debug, Default)]
struct Stretched {
    row: Option<usize>,
    values: Vec<f32>,
}

impl Inset {
    /// Starts on another part or mask, of these columns.
    pub fn start(&mut self, columns: impl Iterator<Item = Column>) {
        let Self {
            lefts,
            across: [near, far],
            trusts,
            ..
        } = self;
        lefts.clear();
        near.clear();
        far.clear();
        trusts.clear();
        for column in columns {
            lefts.push(column.left);
            near.push(1.0 - column.across);
            far.push(column.across);
            trusts.push(column.trust);
        }
        for stretched in &mut self.stretched {
            stretched.row = None;
            stretched.values.resize(lefts.len(), 0.0);
        }
        self.pairs.resize(lefts.len(), [0; 2]);
    }

    /// Mixes the row `line` of `small` `[_, width]` into `out`, a pixel for each column; the small mask's weight is `most` times the
    /// lesser trust.
    ///
    /// # Panics
    /// When `out` has not as many pixels as there are columns, or a column or the row lies outside `small`.
    pub fn mix(
        &mut self,
        isa: Isa,
        (small, width): (&[u8], usize),
        line: Line,
        most: f32,
        out: &mut [u8],
    ) {
        assert_eq!(out.len(), self.trusts.len(), "pixels and columns");
        let last = small.len() / width - 1;
        let rows = [line.top, (line.top + 1).min(last)];
        for row in rows {
            self.stretch(isa, row, &small[row * width..][..width]);
        }
        let [above, below] = rows.map(|row| self.stretched[row % 2].values.as_slice());
        per_isa!(
            isa,
            scalar::mix,
            (
                rows: [&[f32]; 2] = [above, below],
                line: Line = line,
                most: f32 = most,
                trusts: &[f32] = &self.trusts,
                out: &mut [u8] = out,
            )
        );
    }

    /// Makes sure that row `index` of the small mask is there at the part's columns.
    fn stretch(&mut self, isa: Isa, index: usize, row: &[u8]) {
        let stretched = &mut self.stretched[index % 2];
        if stretched.row == Some(index) {
            return;
        }
        stretched.row = Some(index);
        self.padded.clear();
        self.padded.extend(row);
        // Right of the last column is none, and its weight is 0.
        self.padded.extend(row.last());
        for (pair, &left) in self.pairs.iter_mut().zip(&self.lefts) {
            *pair = [self.padded[left], self.padded[left + 1]];
        }
        let [near, far] = &self.across;
        per_isa!(
            isa,
            scalar::stretch,
            (
                pairs: &[[u8; 2]] = &self.pairs,
                weights: [&[f32]; 2] = [near, far],
                out: &mut [f32] = &mut stretched.values,
            )
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The formula, a pixel at a time.
    fn expected(
        (small, width): (&[u8], usize),
        column: Column,
        line: Line,
        most: f32,
        old: u8,
    ) -> u8 {
        let at = |row: usize, column: usize| {
            let (row, column) = (row.min(small.len() / width - 1), column.min(width - 1));
            f32::from(small[row * width + column])
        };
        let across = |row: usize| {
            at(row, column.left) * (1.0 - column.across) + at(row, column.left + 1) * column.across
        };
        let seen = across(line.top) * (1.0 - line.down) + across(line.top + 1) * line.down;
        let (weight, old) = (most * line.trust.min(column.trust), f32::from(old));
        (old + (seen - old) * weight + 0.5) as u8
    }

    #[test]
    fn every_isa_gives_the_formulas_bytes() {
        let mut state = 1u32;
        let mut byte = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let mut inset = Inset::default();
        for (width, height, columns, rows) in [(1, 1, 5, 3), (7, 4, 40, 9), (33, 20, 17, 31)] {
            let small: Vec<u8> = (0..width * height).map(|_| byte()).collect();
            let place = |i: usize, of: usize, len: usize| {
                let place = (i as f32 + 0.5) / of as f32 * len as f32 - 0.5;
                let place = place.clamp(0.0, (len - 1) as f32);
                (place as usize, place - place.floor())
            };
            let columns: Vec<Column> = (0..columns)
                .map(|i| {
                    let (left, across) = place(i, columns, width);
                    let trust = f32::from(byte()) / 255.0;
                    Column {
                        left,
                        across,
                        trust,
                    }
                })
                .collect();
            let before: Vec<u8> = (0..columns.len()).map(|_| byte()).collect();
            for isa in Isa::available() {
                inset.start(columns.iter().copied());
                for i in 0..rows {
                    let (top, down) = place(i, rows, height);
                    let trust = [0.3, 1.0][i % 2];
                    let line = Line { top, down, trust };
                    let mut out = before.clone();
                    inset.mix(isa, (&small, width), line, 0.6, &mut out);
                    let exact = columns
                        .iter()
                        .zip(&before)
                        .map(|(&column, &old)| expected((&small, width), column, line, 0.6, old));
                    assert!(out.iter().copied().eq(exact), "{isa}, row {i} of {rows}");
                }
            }
        }
    }
}
