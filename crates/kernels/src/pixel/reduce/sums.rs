//! Exact weighted sums over cells, with the pixels that count in full taken in bulk.
use std::ops::Range;

use super::super::per_isa::per_isa;
use super::MAX_SIDE;
use crate::isa::Isa;

/// Weight of a pixel that counts in full.
const FULL: u32 = 255;

/// Sums of one side's pixels over a row of cells.
///
/// All sums are integers: a cell of [`MAX_SIDE`] pixels a side stays below 2^32.
#[derive(Debug, Default)]
pub struct Sums {
    side: usize,
    channels: usize,
    /// Bytes of the pixels that count in full, and their number, per picture column.
    columns: Vec<u16>,
    counts: Vec<u16>,
    /// Places of `columns` that aren't 0.
    touched: Range<usize>,
    /// Weighted colours, and weights, of the other pixels, per cell.
    cells: Vec<[u32; 4]>,
}

impl Sums {
    /// Starts over with cells of `side` pixels a side under rows `[width, channels]`.
    ///
    /// # Panics
    /// When `side` is 0 or above [`MAX_SIDE`], or `channels` is none of 1, 3 and 4.
    pub fn start(&mut self, width: usize, channels: usize, side: usize) {
        assert!((1..=MAX_SIDE).contains(&side), "cells of {side} pixels");
        assert!(matches!(channels, 1 | 3 | 4), "{channels} channels");
        (self.side, self.channels) = (side, channels);
        self.columns.clear();
        self.columns.resize(width * channels, 0);
        self.counts.clear();
        self.counts.resize(width, 0);
        self.touched = 0..0;
        self.cells.clear();
        self.cells.resize(width.div_ceil(side), [0; 4]);
    }

    /// Adds the pixels `span` of `row` in full. At most `side` rows may be added before [`fold`](Self::fold).
    ///
    /// # Panics
    /// When the span reaches beyond the row.
    pub fn add(&mut self, isa: Isa, row: &[u8], span: Range<usize>) {
        let bytes = span.start * self.channels..span.end * self.channels;
        per_isa!(
            isa,
            add,
            (
                row: &[u8] = &row[bytes.clone()],
                columns: &mut [u16] = &mut self.columns[bytes],
                counts: &mut [u16] = &mut self.counts[span.clone()],
            )
        );
        if self.touched.is_empty() {
            self.touched = span;
        } else {
            let start = self.touched.start.min(span.start);
            self.touched = start..self.touched.end.max(span.end);
        }
    }

    /// Adds pixels from place `start` of a row on, each as [`products`](super::products) writes it.
    ///
    /// # Panics
    /// When they reach beyond the row.
    pub fn add_weighted(&mut self, isa: Isa, start: usize, products: &[[u16; 4]]) {
        per_isa!(
            isa,
            add_weighted,
            (
                start: usize = start,
                products: &[[u16; 4]] = products,
                side: usize = self.side,
                cells: &mut [[u32; 4]] = &mut self.cells,
            )
        );
    }

    /// Writes the row of cells and starts the next: premultiplied means, as [`fold`](super::fold) does.
    ///
    /// # Panics
    /// When `cells` has another number of cells.
    pub fn fold(&mut self, isa: Isa, cells: &mut [[f32; 4]]) {
        assert_eq!(cells.len(), self.cells.len(), "number of cells");
        let touched = self.touched.start / self.side..self.touched.end.div_ceil(self.side);
        let columns = touched.start * self.side..(touched.end * self.side).min(self.counts.len());
        macro_rules! fold {
            ($body:path) => {
                per_isa!(
                    isa,
                    $body,
                    (
                        columns: &[u16] = &self.columns[columns.start * self.channels..columns.end * self.channels],
                        counts: &[u16] = &self.counts[columns.clone()],
                        side: usize = self.side,
                        sums: &mut [[u32; 4]] = &mut self.cells[touched],
                    )
                )
            };
        }
        match self.channels {
            1 => fold!(fold::<1>),
            3 => fold!(fold::<3>),
            _ => fold!(fold::<4>),
        }
        per_isa!(
            isa,
            finish,
            (
                whole: f32 = (255 * self.side * self.side) as f32,
                sums: &mut [[u32; 4]] = &mut self.cells,
                cells: &mut [[f32; 4]] = cells,
            )
        );
        self.columns[columns.start * self.channels..columns.end * self.channels].fill(0);
        self.counts[columns].fill(0);
        self.touched = 0..0;
    }
}

#[inline(always)]
fn add(row: &[u8], columns: &mut [u16], counts: &mut [u16]) {
    for (sum, &byte) in columns.iter_mut().zip(row) {
        *sum += u16::from(byte);
    }
    for count in counts {
        *count += 1;
    }
}

#[inline(always)]
fn add_weighted(start: usize, products: &[[u16; 4]], side: usize, cells: &mut [[u32; 4]]) {
    let (mut cell, mut rest) = (start / side, products);
    let mut room = side - start % side;
    while !rest.is_empty() {
        let (these, others) = rest.split_at(room.min(rest.len()));
        let mut sums = cells[cell];
        for product in these {
            for c in 0..4 {
                sums[c] += u32::from(product[c]);
            }
        }
        cells[cell] = sums;
        (cell, rest, room) = (cell + 1, others, side);
    }
}

#[inline(always)]
fn fold<const C: usize>(columns: &[u16], counts: &[u16], side: usize, sums: &mut [[u32; 4]]) {
    let columns = columns.as_chunks::<C>().0;
    for ((columns, counts), sums) in columns.chunks(side).zip(counts.chunks(side)).zip(sums) {
        let mut total = [0; C];
        // So many columns of `side` bytes stay within 16 bits.
        for columns in columns.chunks(256 / side) {
            let mut some = [0; C];
            for column in columns {
                for c in 0..C {
                    some[c] += column[c];
                }
            }
            for c in 0..C {
                total[c] += u32::from(some[c]);
            }
        }
        let count: u32 = counts.iter().map(|&count| u32::from(count)).sum();
        let colour = if C == 1 {
            [total[0]; 3]
        } else {
            [total[0], total[1], total[2]]
        };
        for c in 0..3 {
            sums[c] += colour[c] * FULL;
        }
        sums[3] += count * FULL;
    }
}

#[inline(always)]
fn finish(whole: f32, sums: &mut [[u32; 4]], cells: &mut [[f32; 4]]) {
    for (cell, sum) in cells.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
        *cell = *sum as f32 / whole;
    }
    sums.fill([0; 4]);
}

#[cfg(test)]
mod tests {
    use super::super::{Tone, add_row, fold, products};
    use super::*;

    /// Runs in full, in part and left out, against the plain sums in `f32`, which are exact for cells of this size.
    #[test]
    fn equals_the_sums_pixel_by_pixel() {
        let byte = |i: usize| (i * i * 31 + i * 7) as u8;
        for isa in Isa::available() {
            for (width, channels, side) in
                [(1, 1, 1), (61, 3, 7), (64, 4, 6), (200, 4, 11), (50, 1, 16)]
            {
                let mut sums = Sums::default();
                sums.start(width, channels, side);
                let mut columns = vec![[0.0; 4]; width];
                for block in 0..3 {
                    for y in 0..side {
                        let row: Vec<u8> =
                            (0..width * channels).map(|i| byte(i + y + block)).collect();
                        let (a, b) = ((width / 3 + y) % width, width / 3 + width / 2);
                        let mut weights = vec![255; width];
                        weights[..a].fill(0);
                        (b..width).for_each(|x| weights[x] = byte(x * 3 + y));
                        add_row(isa, &row, channels, &weights, Tone::Plain, &mut columns);
                        sums.add(isa, &row, a..b.max(a));
                        let start = b.max(a);
                        let mut weighted = vec![[0; 4]; width - start];
                        let soft = &row[start * channels..];
                        products(isa, soft, channels, &weights[start..], &mut weighted);
                        sums.add_weighted(isa, start, &weighted);
                    }
                    let mut expected = vec![[0.0; 4]; width.div_ceil(side)];
                    let mut found = vec![[9.0; 4]; width.div_ceil(side)];
                    fold(isa, &mut columns, side, &mut expected);
                    sums.fold(isa, &mut found);
                    assert_eq!(found, expected, "{isa} {width} {channels} {side}");
                }
            }
        }
    }
}
