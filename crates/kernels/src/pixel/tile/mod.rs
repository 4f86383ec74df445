//! A picture under its mask in tiles of 16 x 8 pixels: most of them are all person or all background, and need little arithmetic.
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod scalar;
#[cfg(target_arch = "x86_64")]
mod whole;

use super::Source;
use super::per_isa::per_isa;
use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::isa::Vectors;

/// Pixels in a row of a tile.
pub const WIDTH: usize = 16;

/// Rows of a tile.
pub const HEIGHT: usize = 8;

/// Largest side of a cell of [`gather`].
pub const MAX_CELL: usize = 8;

/// What the pixels of a tile have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Kind {
    /// Opaque, and all alphas are 0.
    #[default]
    Empty,
    /// Opaque, with any alphas.
    Soft,
    /// Opaque, and all alphas are 255.
    Full,
    /// Not all opaque.
    Clear,
}

/// How many tiles cover `width` x `height` pixels: `(across, down)`.
pub fn tiles(width: usize, height: usize) -> (usize, usize) {
    (width.div_ceil(WIDTH), height.div_ceil(HEIGHT))
}

/// What [`gather`] finds.
#[derive(Debug)]
pub struct Found<'a> {
    /// A kind for every tile, row by row.
    pub kinds: &'a mut [Kind],
    /// The person's cells, `[h, w, 4]`: premultiplied mean colour, and weight in 0 to 1.
    pub person: &'a mut [[f32; 4]],
    /// The background's.
    pub background: &'a mut [[f32; 4]],
}

/// Averages both sides of a mask over square cells of `cell` pixels: 1, 2, 4 or 8.
///
/// A pixel counts for a side by the eighth power of its share of that side (each squaring rounded to nearest, 255 being 1), times
/// the pixel's own opacity. A soft pixel is a mixture, so by its share alone it would carry
/// `share * (1 - share)` of the other side's colour into the average: 1/6 over a whole edge, here 1/90. Sums are exact; cells
/// that the picture's edge cuts off are divided by a whole cell too.
///
/// # Panics
/// When lengths contradict the sizes, or for other cells or channels than 1, 3 and 4.
pub fn gather(isa: Isa, source: Source<'_>, mask: &[u8], cell: usize, found: Found<'_>) {
    assert_eq!(mask.len(), source.width * source.height, "mask length");
    assert!(matches!(cell, 1 | 2 | 4 | 8), "cells of {cell} pixels");
    let (across, down) = tiles(source.width, source.height);
    assert_eq!(found.kinds.len(), across * down, "number of tiles");
    let cells = source.width.div_ceil(cell) * source.height.div_ceil(cell);
    assert_eq!(
        (found.person.len(), found.background.len()),
        (cells, cells),
        "number of cells"
    );
    #[cfg(target_arch = "x86_64")]
    {
        let vectors = match isa.vectors() {
            Vectors::Avx2(_token) => avx2::of(source.channels, cell),
            Vectors::Avx512(_token) => avx512::of(source.channels, cell),
            Vectors::Scalar => None,
        };
        if let Some(gather) = vectors {
            // SAFETY: `_token` proved that this CPU has the features that `gather` enables.
            return unsafe { gather(source, mask, found) };
        }
    }
    macro_rules! gather {
        ($body:path) => {
            per_isa!(
                isa,
                $body,
                (source: Source<'_> = source, mask: &[u8] = mask, cell: usize = cell, found: Found<'_> = found)
            )
        };
    }
    match source.channels {
        1 => gather!(scalar::gather::<1>),
        3 => gather!(scalar::gather::<3>),
        4 => gather!(scalar::gather::<4>),
        channels => panic!("{channels} channels"),
    }
}

#[cfg(test)]
mod tests;
