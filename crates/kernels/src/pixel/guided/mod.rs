//! A small mask brought to a picture's size along the picture's own edges: the fast guided filter (He and Sun, "Fast
//! Guided Filter", arXiv 1505.00996) with colour as guide.
//!
//! In every window of the small picture the mask is fitted as `alpha = a . colour + b`; overlapping fits are averaged, the
//! four coefficients are interpolated to full size, and each full-size pixel puts its own colour in. Linear time.
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod blocks;
mod fit;
mod ring;
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

use fit::{Columns, Padded, Sums};
use ring::Ring;

use super::lerp::Taps;
use super::per_isa::per_isa;
use crate::isa::Isa;
#[cfg(target_arch = "x86_64")]
use crate::isa::Vectors;

/// Largest window radius: sums of products over a window, times its area, stay below 2^31.
pub const MAX_RADIUS: usize = 6;

/// Fractional bits of a slope `a` (alpha steps per colour step).
pub(crate) const SLOPE_BITS: u32 = 11;
/// Fractional bits of an offset `b` (alpha steps).
pub(crate) const OFFSET_BITS: u32 = 6;
/// Slopes are held within this: alpha may run from 0 to 255 over 16 colour steps.
pub(crate) const MAX_SLOPE: f32 = 16.0;

/// Sizes and settings of a fit.
#[derive(Debug, Clone, Copy)]
pub struct Fit {
    /// Pixels per row of the small picture and mask.
    pub width: usize,
    /// Their rows.
    pub height: usize,
    /// Window radius in small pixels, 1 to [`MAX_RADIUS`].
    pub radius: usize,
    /// Regularisation in squared colour steps: variance well below it counts as flat.
    pub epsilon: f32,
    /// How many times further from the middle of alpha everything comes out; 1 leaves it where it is. A window softens edges, which some contrast
    /// takes back.
    pub contrast: f32,
}

/// A small picture and its mask, ready to be fitted row by row.
#[derive(Debug, Default)]
pub struct Pair {
    size: Option<Fit>,
    padded: Padded,
}

impl Pair {
    /// Takes `guide` `[height, width, 3]` and `mask` `[height, width]`; allocates when the size grows.
    ///
    /// # Panics
    /// When lengths contradict the sizes or the radius is out of range.
    pub fn set(&mut self, size: Fit, guide: &[u8], mask: &[u8]) {
        let pixels = size.width * size.height;
        assert_eq!(
            (guide.len(), mask.len()),
            (pixels * 3, pixels),
            "guide and mask length"
        );
        assert!(
            (1..=MAX_RADIUS).contains(&size.radius),
            "radius {}",
            size.radius
        );
        self.padded.take(size, guide, mask);
        self.size = Some(size);
    }
}

/// Memory of a band of full-size rows: the few rows of fits and of coefficients that the last one leaned on, of which the next one needs
/// most.
///
/// All fits and coefficients of a mask at once would be the most memory that anything here takes.
#[derive(Debug, Default)]
pub struct Band {
    columns: Columns,
    fits: Ring,
    sums: Sums,
    coefficients: Ring,
    between: Between,
}

impl Band {
    /// Starts on rows of `pair`, which was set anew or is another.
    ///
    /// # Panics
    /// When `pair` was never set.
    pub fn start(&mut self, pair: &Pair) {
        let size = pair.size.expect("a pair that is set");
        self.columns.clear();
        self.fits.clear(2 * size.radius + 2, 4 * size.width);
        self.coefficients.clear(2, 4 * size.width);
        self.sums.clear(size);
    }

    /// Makes sure that row `y` of the coefficients is there, and with `next` the one below.
    ///
    /// Coefficients are `[4, width]`: three planes of slopes with 11 fractional bits, one of offsets with 6. Windows are cut at the border.
    /// Window sums are exact integers; each 3 x 3 system is solved in `f32` by cofactors; the mean of overlapping fits is
    /// rounded half up.
    fn fit(&mut self, isa: Isa, pair: &Pair, y: usize, next: bool) {
        let size = pair.size.expect("a pair that is set");
        for y in self.coefficients.missing(y..y + 1 + usize::from(next)) {
            let rows = fit::inside(y, size.radius, size.height);
            for y in self.fits.missing(rows.start.saturating_sub(1)..rows.end) {
                per_isa!(
                    isa,
                    fit::fits,
                    (
                        size: Fit = size,
                        padded: &Padded = &pair.padded,
                        columns: &mut Columns = &mut self.columns,
                        y: usize = y,
                        out: &mut [i32] = self.fits.row_mut(y),
                    )
                );
            }
            per_isa!(
                isa,
                fit::mean,
                (
                    size: Fit = size,
                    fits: &Ring = &self.fits,
                    y: usize = y,
                    sums: &mut Sums = &mut self.sums,
                    out: &mut [i32] = self.coefficients.row_mut(y),
                )
            );
        }
    }
}

/// The coefficients of a full-size row, not yet spread over its pixels.
#[derive(Debug, Default)]
struct Between {
    cells: usize,
    /// Cells of a plane, with sixteen more that are like the last.
    stride: usize,
    planes: Vec<i32>,
    /// Where the mask is flat between a cell and the next: 1.
    flats: Vec<u8>,
}

impl Between {
    /// Takes the row that lies `weight / 256` of the way from `above` to `below`, both `[4, cells]`.
    fn take(&mut self, isa: Isa, above: &[i32], below: &[i32], weight: u16) {
        let cells = above.len() / 4;
        (self.cells, self.stride) = (cells, cells + 16);
        self.planes.resize(4 * self.stride, 0);
        self.flats.resize(cells, 0);
        let rows = above.chunks_exact(cells).zip(below.chunks_exact(cells));
        let planes = self.planes.chunks_exact_mut(self.stride);
        for ((above, below), out) in rows.zip(planes) {
            per_isa!(
                isa,
                scalar::between,
                (
                    above: &[i32] = above,
                    below: &[i32] = below,
                    weight: u16 = weight,
                    out: &mut [i32] = &mut out[..cells],
                )
            );
            let last = out[cells - 1];
            out[cells..].fill(last);
        }
        let stride = self.stride;
        let planes = std::array::from_fn(|c| &self.planes[c * stride..][..cells + 1]);
        per_isa!(
            isa,
            scalar::flat,
            (planes: [&[i32]; 4] = planes, out: &mut [u8] = &mut self.flats)
        );
    }

    /// One coefficient of every cell.
    #[inline(always)]
    fn plane(&self, c: usize) -> &[i32] {
        &self.planes[c * self.stride..][..self.stride]
    }
}

/// Full-size row `y` of the mask: interpolated coefficients applied to the picture's own colours.
///
/// `y` is the row's upper cell and the weight of the one below, `row` `[x.len(), channels]` with 1, 3 or 4 channels (the fourth
/// ignored), `out` `[x.len()]`. Rows may come in any order; fastest is downwards. Interpolation truncates to the coefficients'
/// fractional bits (by arithmetic shift); the sum is rounded half up and held to 0 and 255.
///
/// # Panics
/// When lengths contradict each other, and when the band was never started.
pub fn row(isa: Isa, pair: &Pair, x: &Taps, y: (usize, u16), row: Row<'_>) {
    let size = pair.size.expect("a pair that is set");
    assert_eq!(size.width, x.cells(), "cells of the pair and of the row");
    assert_eq!(
        (row.out.len(), row.picture.len()),
        (x.len(), x.len() * row.channels),
        "row length"
    );
    let (y, weight) = y;
    let next = weight > 0;
    assert!(y + usize::from(next) < size.height, "row of the pair");
    row.band.fit(isa, pair, y, next);
    let Band {
        coefficients,
        between,
        ..
    } = row.band;
    let above = coefficients.row(y);
    let below = if next { coefficients.row(y + 1) } else { above };
    between.take(isa, above, below, weight);
    macro_rules! apply {
        ($body:path) => {
            per_isa!(
                isa,
                $body,
                (
                    between: &Between = between,
                    x: &Taps = x,
                    picture: &[u8] = row.picture,
                    out: &mut [u8] = row.out,
                )
            )
        };
    }
    #[cfg(target_arch = "x86_64")]
    {
        type Apply = unsafe fn(&Between, &Taps, &[u8], &mut [u8]);
        let vectors: Option<Apply> = match (isa.vectors(), row.channels) {
            (Vectors::Avx2(_token), 1) => Some(avx2::apply::<1>),
            (Vectors::Avx2(_token), 3) => Some(avx2::apply::<3>),
            (Vectors::Avx2(_token), 4) => Some(avx2::apply::<4>),
            (Vectors::Avx512(_token), 1) => Some(avx512::apply::<1>),
            (Vectors::Avx512(_token), 3) => Some(avx512::apply::<3>),
            (Vectors::Avx512(_token), 4) => Some(avx512::apply::<4>),
            _ => None,
        };
        if let Some(apply) = vectors {
            // SAFETY: `_token` proved that this CPU has the features that `apply` enables.
            return unsafe { apply(between, x, row.picture, row.out) };
        }
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    if row.channels == 4 && isa != Isa::Scalar {
        return simd128::apply(between, x, row.picture, row.out);
    }
    match row.channels {
        1 => apply!(scalar::apply_plain::<1>),
        3 => apply!(scalar::apply_plain::<3>),
        4 => apply!(scalar::apply_plain::<4>),
        other => panic!("{other} channels"),
    }
}

/// What [`row`] reads and writes.
#[derive(Debug)]
pub struct Row<'a> {
    /// A row of the picture, `[W, channels]`.
    pub picture: &'a [u8],
    /// Bytes per pixel: 1, 3 or 4.
    pub channels: usize,
    /// Scratch, started on the pair.
    pub band: &'a mut Band,
    /// A row of the mask, `[W]`.
    pub out: &'a mut [u8],
}

#[cfg(test)]
mod tests;
