//! Bilinear resizing of pictures.
//!
//! ```text
//! out[n, y, x, c] = mix(mix(in[n, y0, x0, c], in[n, y0, x1, c]; fx), mix(in[n, y1, x0, c], in[n, y1, x1, c]; fx); fy)
//! ```
//!
//! Where `y0`, `y1` and `fy` come from is a matter of the taps of each axis, computed once by [`taps_f32`], [`taps_i8`] or
//! [`taps_10_bit`]. Source: TensorFlow Lite's `RESIZE_BILINEAR`.
#[cfg(target_arch = "x86_64")]
mod avx512;
mod doubling;
mod scalar;
mod taps;
mod vector_f32;

pub use taps::{Alignment, ONE, Tap, taps_10_bit, taps_f32, taps_i8};

use super::{Nhwc, count};
use crate::floats::with_floats;
use crate::isa::{Isa, Vectors};

/// Shapes and taps of one resize; `W` is the type of a weight.
#[derive(Debug, Clone, Copy)]
pub struct ResizeBilinear<'a, W> {
    /// Input `[N, H, W, C]`.
    pub input: Nhwc,
    /// One per output row.
    pub rows: &'a [Tap<W>],
    /// One per output column.
    pub columns: &'a [Tap<W>],
}

impl<W> ResizeBilinear<'_, W> {
    fn check(&self, input: usize, out: usize) {
        let [n, h, w, c] = self.input;
        let inside =
            |taps: &[Tap<W>], size| taps.iter().all(|tap| tap.lower < size && tap.upper < size);
        assert!(
            inside(self.rows, h) && inside(self.columns, w),
            "taps outside the input"
        );
        assert_eq!(input, count(&self.input), "length of input");
        assert_eq!(
            out,
            count(&[n, self.rows.len(), self.columns.len(), c]),
            "length of output"
        );
    }
}

impl ResizeBilinear<'_, i32> {
    /// Whether both axes double with half-pixel centres, the case that has kernels of its own.
    fn doubles(&self) -> bool {
        let axis = |taps: &[Tap<i32>], size: usize| {
            let near_then_far = |(o, tap): (usize, &Tap<i32>)| {
                let near = o / 2;
                let expected = match o % 2 {
                    0 if near > 0 => (near - 1, near, ONE / 4 * 3),
                    1 if near + 1 < size => (near, near + 1, ONE / 4),
                    _ => return tap.lower == near && tap.upper == near,
                };
                (tap.lower, tap.upper, tap.weight) == expected
            };
            taps.len() == 2 * size && taps.iter().enumerate().all(near_then_far)
        };
        axis(self.rows, self.input[1]) && axis(self.columns, self.input[2])
    }
}

/// Quantized resize on one grid. `input` is `[N, H, W, C]`, `out` `[N, rows, columns, C]`.
///
/// Weights are 1024ths ([`ONE`]); the sum of the four products, below 2^30, is divided by 2^20 with halves rounded up, so
/// that the mean of two neighbours is a rounding halving add. Every ISA gives the same bytes.
///
/// # Panics
/// When a length contradicts the shape or a tap lies outside the input.
pub fn resize_bilinear_i8(isa: Isa, shape: &ResizeBilinear<'_, i32>, input: &[i8], out: &mut [i8]) {
    shape.check(input.len(), out.len());
    match isa.vectors() {
        #[cfg(target_arch = "x86_64")]
        Vectors::Avx2(_token) if shape.doubles() => {
            // SAFETY: `_token` proves that this CPU has the feature that `double_avx2` enables.
            unsafe { double_avx2(shape.input, input, out) }
        }
        #[cfg(target_arch = "x86_64")]
        Vectors::Avx512(_token) if shape.doubles() => {
            // SAFETY: `_token` proves that this CPU has the features that `double_avx512` enables.
            unsafe { double_avx512(shape.input, input, out) }
        }
        #[cfg(target_arch = "aarch64")]
        Vectors::Neon(_) if shape.doubles() => doubling::double(shape.input, input, out),
        #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
        Vectors::Simd128(_) if shape.doubles() => doubling::double(shape.input, input, out),
        _ => scalar::resize_bilinear_i8(shape, input, out),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn double_avx2(input_shape: Nhwc, input: &[i8], out: &mut [i8]) {
    doubling::double(input_shape, input, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
fn double_avx512([n, h, w, c]: Nhwc, input: &[i8], out: &mut [i8]) {
    assert!(out.len() == 4 * n * h * w * c);
    let pictures = input.chunks_exact((h * w * c).max(1));
    for (input, out) in pictures.zip(out.chunks_exact_mut((4 * h * w * c).max(1))) {
        avx512::double([h, w, c], input, out);
    }
}

/// Float resize. `input` is `[N, H, W, C]`, `out` `[N, rows, columns, C]`; the four products are added row by row. Beyond
/// `Scalar` the two weights of a corner are multiplied first.
///
/// # Panics
/// When a length contradicts the shape or a tap lies outside the input.
pub fn resize_bilinear_f32(
    isa: Isa,
    shape: &ResizeBilinear<'_, f32>,
    input: &[f32],
    out: &mut [f32],
) {
    shape.check(input.len(), out.len());
    with_floats!(
        isa,
        scalar::resize_bilinear_f32(shape, input, out),
        vector_f32::resize_bilinear_f32,
        (shape: &ResizeBilinear<'_, f32> = shape, input: &[f32] = input, out: &mut [f32] = out)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Twice as wide, legacy alignment: even pixels are copies, odd ones halfway, the last repeats.
    /// (10 + 21) / 2 = 15.5 -> 16; (21 - 4) / 2 = 8.5 -> 9; (-4 - 3) / 2 = -3.5 -> -3.
    #[test]
    fn doubling_is_a_rounding_halving_add() {
        let (rows, columns) = (
            taps_i8(Alignment::Legacy, 1, 1),
            taps_i8(Alignment::Legacy, 4, 8),
        );
        let shape = ResizeBilinear {
            input: [1, 1, 4, 1],
            rows: &rows,
            columns: &columns,
        };
        for isa in Isa::available() {
            let mut out = [0; 8];
            resize_bilinear_i8(isa, &shape, &[10, 21, -4, -3], &mut out);
            assert_eq!(out, [10, 16, 21, 9, -4, -3, -3, -3], "{isa}");
        }
    }

    /// Every ISA doubles as the oracle does, for all small sizes.
    #[test]
    fn doubling_equals_the_oracle() {
        // Miri is thousands of times slower: the smallest.
        let most = if cfg!(miri) { [2, 1] } else { [17, 70] };
        for (h, w, c) in (1..=most[0]).flat_map(|h| {
            (1..=most[1]).step_by(3).flat_map(move |w| {
                [
                    (h, w, 1),
                    (h, w, 2),
                    (h, w, 4),
                    (h, w, 5),
                    (h, w, 8),
                    (h, w, 16),
                    (h, w, 24),
                    (h, w, 32),
                    (h, w, 48),
                ]
            })
        }) {
            let (rows, columns) = (
                taps_i8(Alignment::HalfPixel, h, 2 * h),
                taps_i8(Alignment::HalfPixel, w, 2 * w),
            );
            let shape = ResizeBilinear {
                input: [2, h, w, c],
                rows: &rows,
                columns: &columns,
            };
            assert!(shape.doubles());
            let input: Vec<i8> = (0..2 * h * w * c)
                .map(|i| (i * i * 31 % 257) as u8 as i8)
                .collect();
            let mut expected = vec![0; 4 * input.len()];
            scalar::resize_bilinear_i8(&shape, &input, &mut expected);
            for isa in Isa::available() {
                let mut out = vec![0; expected.len()];
                resize_bilinear_i8(isa, &shape, &input, &mut out);
                assert!(out == expected, "{isa} {h}x{w}x{c}");
            }
        }
    }

    /// 2x2 to 3x3 with the corners aligned: the middle row, column and pixel are means of 2, 2 and 4; channels apart.
    #[test]
    fn aligned_corners() {
        let taps = taps_f32(Alignment::Corners, 2, 3);
        let shape = ResizeBilinear {
            input: [1, 2, 2, 2],
            rows: &taps,
            columns: &taps,
        };
        let mut out = [0.0; 18];
        resize_bilinear_f32(
            Isa::Scalar,
            &shape,
            &[0.0, 5.0, 2.0, 5.0, 4.0, 5.0, 10.0, 5.0],
            &mut out,
        );
        let first: Vec<f32> = out.iter().copied().step_by(2).collect();
        assert_eq!(first, [0.0, 1.0, 2.0, 2.0, 4.0, 6.0, 4.0, 7.0, 10.0]);
        assert!(out.iter().skip(1).step_by(2).all(|&v| v == 5.0));
    }
}
