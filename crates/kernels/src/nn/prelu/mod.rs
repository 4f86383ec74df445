//! Rectifier with a learned slope: `out = x` where `x >= 0`, else `x * alpha`, `alpha` broadcast (usually `[1, 1, C]`).
//!
//! Quantized: `x - x_zero` or `(x - x_zero) * (alpha - alpha_zero)` as an integer, each with its own scale, then
//! [`OutputI8::requantize`]. Source: TensorFlow Lite's `PRELU`.
mod scalar;
mod sum;

pub use sum::prelu_of_sum_f32;

use super::Broadcast;
use super::pairs_f32::{Pair, pairs};
use crate::floats::with_floats;
use crate::isa::Isa;
use crate::requantize::OutputI8;

/// Constants of a quantized rectifier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PreluI8 {
    /// Zero point of the input.
    pub input_zero: i8,
    /// Zero point of the slopes.
    pub alpha_zero: i8,
    /// Input scale over output scale, for what is not negative.
    pub positive_scale: f32,
    /// Input scale times slope scale over output scale, for what is.
    pub negative_scale: f32,
    /// Zero point and range of the output.
    pub output: OutputI8,
}

/// Quantized rectifier; `shape` pairs the input with the slopes. Every ISA gives the same bytes.
///
/// # Panics
/// When a length contradicts the shape.
pub fn prelu_i8(
    _isa: Isa,
    shape: &Broadcast,
    constants: &PreluI8,
    input: &[i8],
    alpha: &[i8],
    out: &mut [i8],
) {
    shape.check(input.len(), alpha.len(), out.len());
    scalar::prelu_i8(shape, constants, input, alpha, out)
}

/// Float rectifier; `shape` pairs the input with the slopes.
///
/// # Panics
/// When a length contradicts the shape.
pub fn prelu_f32(isa: Isa, shape: &Broadcast, input: &[f32], alpha: &[f32], out: &mut [f32]) {
    shape.check(input.len(), alpha.len(), out.len());
    with_floats!(
        isa,
        scalar::prelu_f32(shape, input, alpha, out),
        pairs,
        (function: Pair = Pair::Rectified, shape: &Broadcast = shape, a: &[f32] = input, b: &[f32] = alpha, out: &mut [f32] = out)
    )
}

/// One pixel in place: what is below 0 times the slope of its channel.
pub(crate) fn rectify(pixel: &mut [f32], slopes: &[f32]) {
    for (value, slope) in pixel.iter_mut().zip(slopes) {
        *value = if *value >= 0.0 {
            *value
        } else {
            *value * slope
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// x - zx = 4, -4, -4; slopes 3, 3, -2 after their zero point: 4*0.5 = 2; -12*0.25 = -3; 8*0.25 = 2; plus 5.
    #[test]
    fn slope_per_channel() {
        let shape = Broadcast::new(&[3], &[3]).expect("equal shapes fit");
        let constants = PreluI8 {
            input_zero: 1,
            alpha_zero: 7,
            positive_scale: 0.5,
            negative_scale: 0.25,
            output: OutputI8::full(5),
        };
        for isa in Isa::available() {
            let mut out = [0; 3];
            prelu_i8(
                isa,
                &shape,
                &constants,
                &[5, -3, -3],
                &[10, 10, 5],
                &mut out,
            );
            assert_eq!(out, [7, 2, 7], "{isa}");
        }
        let mut real = [0.0; 3];
        prelu_f32(
            Isa::Scalar,
            &shape,
            &[2.0, -2.0, -0.0],
            &[9.0, 0.25, 3.0],
            &mut real,
        );
        assert_eq!(real, [2.0, -0.5, 0.0]);
    }
}
