//! Small planes of colours under the pixels of a picture, interpolated bilinearly.
//!
//! A plane's cell covers 1, 2, 4 or 8 pixels a side. Colours have 4 fractional bits and weights are sixteenths, so a product fits 16
//! bits: vectors of them take many pixels at a time, and the arithmetic is the same everywhere.
pub(super) mod scalar;

use std::ops::Range;

use super::per_isa::per_isa;
use super::tile::{self, Kind};
use crate::isa::Isa;

/// Fractional bits of a plane's colours.
pub const BITS: u32 = 4;

/// Largest cell in pixels a side, and its logarithm.
pub const MAX_CELL: usize = 1 << MAX_LOG;
const MAX_LOG: usize = 3;

/// A plane of colours: `[h, width, 4]` with [`BITS`] fractional bits, in cells of `1 << log` pixels a side.
#[derive(Debug, Clone, Copy)]
pub struct Cells<'a> {
    /// The cells.
    pub plane: &'a [[u16; 4]],
    /// Cells per row.
    pub width: usize,
    /// Logarithm of a cell's side in pixels.
    pub log: usize,
}

/// One row of pixels of a plane's colours, not yet spread over the pixels: interpolated between two rows of cells.
#[derive(Debug, Default)]
pub struct Between {
    log: usize,
    /// A cell more on the left, and on the right as many as the last tile leans on.
    cells: Vec<[u16; 4]>,
}

impl Between {
    /// Takes row `y` of the pixels over a plane, as far as those of `tiles` lean on it; the rest is left as it was.
    ///
    /// The vertical step is `(a * (16 - w) + b * w + 8) >> 4`. Beyond the outermost centres the colours stay the same.
    ///
    /// # Panics
    /// When the plane has no whole number of rows, the cells are too large, row `y` is below them, or there are no such tiles.
    pub fn take(&mut self, isa: Isa, cells: Cells<'_>, y: usize, tiles: Range<usize>) {
        let Cells { plane, width, log } = cells;
        assert!(log <= MAX_LOG, "cells of 2^{log} pixels");
        assert!(
            width > 0 && plane.len().is_multiple_of(width),
            "plane length"
        );
        let height = plane.len() / width;
        assert!(y >> log < height, "row {y} of {height} rows of cells");
        self.log = log;
        let place = scalar::place(y, log);
        let row = |y: usize| &plane[y.min(height - 1) * width..][..width];
        let (across, per_tile) = ((width << log).div_ceil(tile::WIDTH), tile::WIDTH >> log);
        assert!(
            tiles.start < tiles.end && tiles.end <= across,
            "tiles {tiles:?} of {across}"
        );
        self.cells.resize(across * per_tile + 2, [0; 4]);
        // The cells under them, and one more on either side.
        let under = (tiles.start * per_tile).max(1) - 1..(tiles.end * per_tile + 1).min(width);
        per_isa!(
            isa,
            scalar::between,
            (
                above: &[[u16; 4]] = &row((place >> 4).saturating_sub(1))[under.clone()],
                below: &[[u16; 4]] = &row(place >> 4)[under.clone()],
                weight: u16 = (place & 15) as u16,
                out: &mut [[u16; 4]] = &mut self.cells[under.start + 1..=under.end],
            )
        );
        if under.start == 0 {
            self.cells[0] = self.cells[1];
        }
        if under.end == width {
            let last = self.cells[width];
            self.cells[width + 1..].fill(last);
        }
    }

    /// The cells that pixels from tile `tile` on lean on, the one before the tile's first coming first.
    #[inline(always)]
    pub(super) fn under_tile(&self, tile: usize) -> &[[u16; 4]] {
        &self.cells[tile * (tile::WIDTH >> self.log)..]
    }

    /// Logarithm of the cells' side.
    pub(super) fn log(&self) -> usize {
        self.log
    }

    /// Writes the pixels of the tiles that `kinds` calls [`Soft`](Kind::Soft) or [`Clear`](Kind::Clear) to their places in
    /// `out`, `[W, 4]`, with 255 as alpha; others stay. The horizontal step is `(a * (16 - w) + b * w + 128) >> 8`.
    ///
    /// # Panics
    /// When the row is wider than the plane, or has another number of tiles.
    pub fn spread(&self, isa: Isa, kinds: &[Kind], out: &mut [[u8; 4]]) {
        let tiles = out.len().div_ceil(tile::WIDTH);
        assert_eq!(kinds.len(), tiles, "number of tiles");
        macro_rules! spread {
            ($body:path) => {
                per_isa!(
                    isa,
                    $body,
                    (between: &Between = self, kinds: &[Kind] = kinds, out: &mut [[u8; 4]] = out)
                )
            };
        }
        match self.log {
            0 => spread!(spread::<0>),
            1 => spread!(spread::<1>),
            2 => spread!(spread::<2>),
            _ => spread!(spread::<3>),
        }
    }
}

#[inline(always)]
fn spread<const LOG: usize>(between: &Between, kinds: &[Kind], out: &mut [[u8; 4]]) {
    for (i, (kind, out)) in kinds.iter().zip(out.chunks_mut(tile::WIDTH)).enumerate() {
        if matches!(kind, Kind::Soft | Kind::Clear) {
            let pixels = scalar::tile::<LOG>(between.under_tile(i));
            out.copy_from_slice(&pixels[..out.len()]);
        }
    }
}

/// Writes `plane` of `width` cells per row with twice as many along both axes, less what `out`, of `out_width` cells per row,
/// has no place for: rows first, each step `(3 * near + far + 2) >> 2`.
///
/// # Panics
/// When a plane has no whole number of rows, or twice `plane` is smaller than `out`.
pub fn double(
    isa: Isa,
    (plane, width): (&[[u16; 4]], usize),
    (out, out_width): (&mut [[u16; 4]], usize),
    scratch: &mut Vec<[u16; 4]>,
) {
    assert!(
        width > 0 && plane.len().is_multiple_of(width),
        "plane length"
    );
    assert!(
        out_width > 0 && out.len().is_multiple_of(out_width),
        "output length"
    );
    let (height, out_height) = (plane.len() / width, out.len() / out_width);
    assert!(
        out_width <= 2 * width && out_height <= 2 * height,
        "{out_width} x {out_height} cells from {width} x {height}"
    );
    scratch.resize(width, [0; 4]);
    for (y, out) in out.chunks_exact_mut(out_width).enumerate() {
        let near = y / 2;
        let far = match y % 2 {
            0 => near.saturating_sub(1),
            _ => (near + 1).min(height - 1),
        };
        let row = |y: usize| &plane[y * width..][..width];
        per_isa!(
            isa,
            scalar::double,
            (
                near: &[[u16; 4]] = row(near),
                far: &[[u16; 4]] = row(far),
                between: &mut [[u16; 4]] = scratch,
                out: &mut [[u16; 4]] = out,
            )
        );
    }
}

#[cfg(test)]
mod tests;
