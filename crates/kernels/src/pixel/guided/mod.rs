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
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

use fit::Padded;

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
}

/// Memory of a fit.
#[derive(Debug, Default)]
pub struct Scratch {
    padded: Padded,
    fits: Vec<i32>,
    sums: Vec<i32>,
}

/// Fits `mask` `[height, width]` to `guide` `[height, width, 3]`; writes coefficients `[4, height, width]`: three planes of slopes with
/// 11 fractional bits, one of offsets with 6. Windows are cut at the border.
///
/// Window sums are exact integers; each 3 x 3 system is solved in `f32` by cofactors; the mean of overlapping fits is
/// rounded half up.
///
/// # Panics
/// When lengths contradict the sizes or the radius is out of range.
pub fn fit(isa: Isa, size: Fit, guide: &[u8], mask: &[u8], scratch: &mut Scratch, out: &mut [i32]) {
    let pixels = size.width * size.height;
    assert_eq!(guide.len(), pixels * 3, "guide length");
    assert_eq!(
        (mask.len(), out.len()),
        (pixels, 4 * pixels),
        "mask and output length"
    );
    assert!(
        (1..=MAX_RADIUS).contains(&size.radius),
        "radius {}",
        size.radius
    );
    scratch.padded.take(size, guide, mask);
    scratch.fits.resize(4 * pixels, 0);
    scratch.sums.resize(size.width + 2 * size.radius, 0);
    per_isa!(
        isa,
        fit::fits,
        (
            size: Fit = size,
            padded: &Padded = &scratch.padded,
            out: &mut [i32] = &mut scratch.fits,
        )
    );
    per_isa!(
        isa,
        fit::mean,
        (
            size: Fit = size,
            fits: &[i32] = &scratch.fits,
            sums: &mut [i32] = &mut scratch.sums,
            out: &mut [i32] = out,
        )
    );
}

/// The coefficients of a full-size row, not yet spread over its pixels.
#[derive(Debug, Default)]
pub struct Between {
    cells: usize,
    /// Cells of a plane, with sixteen more that are like the last.
    stride: usize,
    planes: Vec<i32>,
    /// Where the mask is flat between a cell and the next: 1.
    flats: Vec<u8>,
}

impl Between {
    fn take(&mut self, isa: Isa, coefficients: &[i32], cells: usize, y: (usize, u16)) {
        (self.cells, self.stride) = (cells, cells + 16);
        self.planes.resize(4 * self.stride, 0);
        self.flats.resize(cells, 0);
        let len = coefficients.len() / 4;
        for (plane, out) in coefficients
            .chunks_exact(len)
            .zip(self.planes.chunks_exact_mut(self.stride))
        {
            let above = &plane[y.0 * cells..][..cells];
            let below = if y.1 == 0 {
                above
            } else {
                &plane[(y.0 + 1) * cells..][..cells]
            };
            per_isa!(
                isa,
                scalar::between,
                (
                    above: &[i32] = above,
                    below: &[i32] = below,
                    weight: u16 = y.1,
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
/// `coefficients` is `[4, h, w]` as [`fit`] writes it, `row` `[x.len(), channels]` with 1, 3 or 4 channels (the fourth
/// ignored), `out` `[x.len()]`. Interpolation truncates to the coefficients' fractional bits (by arithmetic shift); the
/// sum is rounded half up and held to 0 and 255.
///
/// # Panics
/// When lengths contradict each other.
pub fn row(isa: Isa, coefficients: &[i32], x: &Taps, y: (usize, u16), row: Row<'_>) {
    let cells = x.cells();
    assert_eq!(coefficients.len() % (4 * cells), 0, "coefficient length");
    assert_eq!(
        (row.out.len(), row.picture.len()),
        (x.len(), x.len() * row.channels),
        "row length"
    );
    row.between.take(isa, coefficients, cells, y);
    macro_rules! apply {
        ($body:path) => {
            per_isa!(
                isa,
                $body,
                (
                    between: &Between = row.between,
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
            return unsafe { apply(row.between, x, row.picture, row.out) };
        }
    }
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    if row.channels == 4 && isa != Isa::Scalar {
        return simd128::apply(row.between, x, row.picture, row.out);
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
    /// Scratch.
    pub between: &'a mut Between,
    /// A row of the mask, `[W]`.
    pub out: &'a mut [u8],
}

#[cfg(test)]
mod tests;
