//! Transposed convolution: every input pixel paints a window of the output.
//!
//! ```text
//! out[n, Y, X, o] = act( bias[o] + sum over y, ky, x, kx, i with Y = y*sy - py + ky and X = x*sx - px + kx
//!                                  of in[n, y, x, i] * w[o, ky, kx, i] )
//! ```
//!
//! Source: TensorFlow Lite's `TRANSPOSE_CONV` (and MediaPipe's `Convolution2DTransposeBias`).
mod phases;
mod prepared_f32;
mod scalar;
mod tiles;

use super::{FilterI8, Nhwc, Window, count};
use crate::isa::Isa;
use crate::requantize::OutputF32;

pub use prepared_f32::PreparedTransposeConvF32;

/// Shapes of one transposed convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransposeConv {
    /// Input `[N, H, W, C]`.
    pub input: Nhwc,
    /// Output `[N, H, W, O]`.
    pub output: Nhwc,
    /// Window over the *output*; `pad` counts the painted pixels cut off above and to the left, `dilation` is 1.
    pub window: Window,
}

/// Constants of a float transposed convolution.
#[derive(Debug, Clone, Copy)]
pub struct TransposeConvF32<'a> {
    /// `[O, KH, KW, C]`.
    pub weights: &'a [f32],
    /// `[O]`.
    pub bias: &'a [f32],
    /// Range of the activation.
    pub output: OutputF32,
}

impl TransposeConv {
    fn check(&self, weights: usize, bias: usize, input: usize, out: usize) {
        self.window.check();
        let ([kh, kw], o) = (self.window.kernel, self.output[3]);
        assert_eq!(
            self.window.dilation,
            [1, 1],
            "dilation of a transposed convolution"
        );
        assert_eq!(self.input[0], self.output[0], "batch of input and output");
        assert_eq!(
            weights,
            count(&[o, kh, kw, self.input[3]]),
            "length of weights"
        );
        assert_eq!(bias, o, "length of bias");
        assert_eq!(input, count(&self.input), "length of input");
        assert_eq!(out, count(&self.output), "length of output");
    }
}

/// Quantized transposed convolution. `input` is `[N, H, W, C]`, `out` `[N, H, W, O]`. The weights are `[O, KH, KW, C]`.
///
/// Sums `(x - input_zero) * (w - weight_zero) + bias` in 32 bits that wrap, then [`OutputI8::requantize`](crate::requantize::OutputI8::requantize). Every ISA gives
/// the same bytes.
///
/// # Panics
/// When a length contradicts the shape, a window field is zero, or the window is dilated.
pub fn transpose_conv_i8(
    _isa: Isa,
    shape: &TransposeConv,
    constants: &FilterI8<'_>,
    input: &[i8],
    out: &mut [i8],
) {
    shape.check(
        constants.weights.len(),
        constants.bias.len(),
        input.len(),
        out.len(),
    );
    assert_eq!(constants.scales.len(), shape.output[3], "length of scales");
    scalar::transpose_conv_i8(shape, constants, input, out)
}

/// Float transposed convolution. `input` is `[N, H, W, C]`, `out` `[N, H, W, O]`; sums in a fixed order, the bias last.
///
/// # Panics
/// As [`transpose_conv_i8`].
pub fn transpose_conv_f32(
    _isa: Isa,
    shape: &TransposeConv,
    constants: &TransposeConvF32<'_>,
    input: &[f32],
    out: &mut [f32],
) {
    shape.check(
        constants.weights.len(),
        constants.bias.len(),
        input.len(),
        out.len(),
    );
    scalar::transpose_conv_f32(shape, constants, input, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requantize::OutputI8;

    fn shape(side: usize, out: usize, kernel: usize, stride: usize, pad: usize) -> TransposeConv {
        let window = Window {
            kernel: [kernel; 2],
            stride: [stride; 2],
            dilation: [1, 1],
            pad: [pad; 2],
        };
        TransposeConv {
            input: [1, side, side, 1],
            output: [1, out, out, 1],
            window,
        }
    }

    /// 2x2 pixels 1..4 through a 2x2 window 1..4 at stride 2: four windows side by side.
    #[test]
    fn windows_side_by_side() {
        let weights = [1.0, 2.0, 3.0, 4.0];
        let constants = TransposeConvF32 {
            weights: &weights,
            bias: &[0.0],
            output: OutputF32::FULL,
        };
        let mut out = [0.0; 16];
        transpose_conv_f32(
            Isa::Scalar,
            &shape(2, 4, 2, 2, 0),
            &constants,
            &weights,
            &mut out,
        );
        let expected = [
            1.0, 2.0, 2.0, 4.0, 3.0, 4.0, 6.0, 8.0, 3.0, 6.0, 4.0, 8.0, 9.0, 12.0, 12.0, 16.0,
        ];
        assert_eq!(out, expected);
    }

    /// Painting window by window, as the formula reads, gives the same bytes; overlaps, cut borders and gaps included.
    #[test]
    fn agrees_with_painting() {
        for (side, out_side, kernel, stride, pad) in [
            (3, 5, 3, 2, 1),
            (4, 4, 3, 1, 1),
            (2, 9, 2, 4, 0),
            (3, 8, 4, 2, 0),
            (2, 3, 5, 1, 1),
        ] {
            let shape = shape(side, out_side, kernel, stride, pad);
            let input: Vec<i8> = (0..side * side)
                .map(|i| (i * 29 % 100) as i8 - 50)
                .collect();
            let weights: Vec<i8> = (0..kernel * kernel)
                .map(|i| (i * 17 % 100) as i8 - 50)
                .collect();
            let mut sums = vec![11i32; out_side * out_side];
            for (y, x, ky, kx) in (0..side * side * kernel * kernel).map(|i| {
                (
                    i / kernel / kernel / side,
                    i / kernel / kernel % side,
                    i / kernel % kernel,
                    i % kernel,
                )
            }) {
                let (row, column) = (
                    (y * stride + ky).wrapping_sub(pad),
                    (x * stride + kx).wrapping_sub(pad),
                );
                if row < out_side && column < out_side {
                    let product = (i32::from(input[y * side + x]) + 2)
                        * (i32::from(weights[ky * kernel + kx]) - 3);
                    sums[row * out_side + column] += product;
                }
            }
            let output = OutputI8::full(-4);
            let constants = FilterI8 {
                weights: &weights,
                bias: &[11],
                scales: &[0.02],
                input_zero: -2,
                weight_zero: 3,
                output,
            };
            let expected: Vec<i8> = sums
                .iter()
                .map(|&sum| output.requantize(sum, 0.02))
                .collect();
            for isa in Isa::available() {
                let mut out = vec![0; sums.len()];
                transpose_conv_i8(isa, &shape, &constants, &input, &mut out);
                assert_eq!(out, expected, "{isa} {shape:?}");
            }
        }
    }
}
