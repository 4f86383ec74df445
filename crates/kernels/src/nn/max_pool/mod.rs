//! Largest of the pixels under a sliding window, channel by channel, clamped to a range.
//!
//! Quantized input and output share one grid. Source: TensorFlow Lite's `MAX_POOL_2D`.
mod scalar;

pub use super::pool::Pool;
use crate::isa::Isa;
use crate::pixel::per_isa::per_isa;
use crate::requantize::OutputF32;

/// Quantized maximum, clamped to `range`, least and greatest. `input` and `out` are `[N, H, W, C]`.
///
/// A window that lies in the padding alone gives the least.
///
/// # Panics
/// When a length contradicts the shape or a window field is zero.
pub fn max_pool_i8(isa: Isa, shape: &Pool, range: [i8; 2], input: &[i8], out: &mut [i8]) {
    shape.check(input.len(), out.len());
    per_isa!(
        isa,
        scalar::max_pool_i8,
        (shape: &Pool = shape, range: [i8; 2] = range, input: &[i8] = input, out: &mut [i8] = out)
    )
}

/// Float maximum, clamped to `range`; NaN is passed over.
///
/// # Panics
/// As [`max_pool_i8`].
pub fn max_pool_f32(isa: Isa, shape: &Pool, range: OutputF32, input: &[f32], out: &mut [f32]) {
    shape.check(input.len(), out.len());
    per_isa!(
        isa,
        scalar::max_pool_f32,
        (shape: &Pool = shape, range: OutputF32 = range, input: &[f32] = input, out: &mut [f32] = out)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Window;

    /// 3x3 at stride 2 with one pixel of padding over a 4x4 ramp -8..7: the far corner of each window wins.
    #[test]
    fn ramp() {
        let window = Window {
            kernel: [3, 3],
            stride: [2, 2],
            dilation: [1, 1],
            pad: [1, 1],
        };
        let shape = Pool {
            input: [1, 4, 4, 1],
            output: [1, 2, 2, 1],
            window,
        };
        let ramp: [i8; 16] = std::array::from_fn(|i| i as i8 - 8);
        for isa in Isa::available() {
            let mut out = [0; 4];
            max_pool_i8(isa, &shape, [-2, 5], &ramp, &mut out);
            // -3, -1, 5, 7.
            assert_eq!(out, [-2, -1, 5, 5], "{isa}");
        }
        let mut real = [0.0; 4];
        max_pool_f32(
            Isa::Scalar,
            &shape,
            OutputF32::FULL,
            &ramp.map(f32::from),
            &mut real,
        );
        assert_eq!(real, [-3.0, -1.0, 5.0, 7.0]);
    }
}
