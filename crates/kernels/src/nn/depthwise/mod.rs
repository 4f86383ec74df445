//! Depthwise convolution: every input channel is filtered alone, into `M` output channels.
//!
//! ```text
//! out[n, y, x, c*M + m] = act( sum over ky, kx of in[n, y*sy - py + ky*dy, x*sx - px + kx*dx, c] * w[ky, kx, c*M + m] + bias[c*M + m] )
//! ```
//!
//! with the input 0 outside its borders. Source: TensorFlow Lite's `DEPTHWISE_CONV_2D`.
#[cfg(target_arch = "x86_64")]
mod avx512vnni;
#[cfg(target_arch = "x86_64")]
mod avx512vnni_pairs;
mod packed_f32;
mod prepared;
mod prepared_f32;
mod recast;
#[cfg(not(target_arch = "wasm32"))]
mod ring;
mod scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;
#[cfg(not(target_arch = "wasm32"))]
mod staged;

use super::{FilterI8, Nhwc, Window, count};
use crate::isa::Isa;
use crate::requantize::OutputF32;

pub use prepared::PreparedDepthwise;
pub use prepared_f32::PreparedDepthwiseF32;

/// Shapes of one depthwise convolution; the multiplier `M` is `output[3] / input[3]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depthwise {
    /// Input `[N, H, W, C]`.
    pub input: Nhwc,
    /// Output `[N, H, W, C * M]`.
    pub output: Nhwc,
    /// Window over the input.
    pub window: Window,
}

/// Constants of a float depthwise convolution.
#[derive(Debug, Clone, Copy)]
pub struct DepthwiseF32<'a> {
    /// `[KH, KW, C * M]`.
    pub weights: &'a [f32],
    /// `[C * M]`.
    pub bias: &'a [f32],
    /// Range of the activation.
    pub output: OutputF32,
}

impl Depthwise {
    /// Output channels per input channel.
    pub fn multiplier(&self) -> usize {
        self.output[3] / self.input[3]
    }

    fn check(&self, weights: usize, bias: usize, input: usize, out: usize) {
        self.window.check();
        let ([kh, kw], channels) = (self.window.kernel, self.output[3]);
        assert!(
            self.input[3] >= 1 && channels.is_multiple_of(self.input[3]),
            "multiplier: {self:?}"
        );
        assert_eq!(self.input[0], self.output[0], "batch of input and output");
        assert_eq!(weights, count(&[kh, kw, channels]), "length of weights");
        assert_eq!(bias, channels, "length of bias");
        assert_eq!(input, count(&self.input), "length of input");
        assert_eq!(out, count(&self.output), "length of output");
    }
}

/// Quantized depthwise convolution. `input` is `[N, H, W, C]`, `out` `[N, H, W, C * M]`. The weights are `[KH, KW, C * M]`.
///
/// Sums `(x - input_zero) * (w - weight_zero) + bias` in 32 bits that wrap, then [`OutputI8::requantize`](crate::requantize::OutputI8::requantize). Every ISA gives
/// the same bytes.
///
/// # Panics
/// When a length contradicts the shape, a window field is zero, or `C` does not divide the output channels.
pub fn depthwise_i8(
    _isa: Isa,
    shape: &Depthwise,
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
    scalar::depthwise_i8(shape, constants, input, out)
}

/// Float depthwise convolution. `input` is `[N, H, W, C]`, `out` `[N, H, W, C * M]`; sums the taps row by row, the bias last.
///
/// # Panics
/// As [`depthwise_i8`].
pub fn depthwise_f32(
    _isa: Isa,
    shape: &Depthwise,
    constants: &DepthwiseF32<'_>,
    input: &[f32],
    out: &mut [f32],
) {
    shape.check(
        constants.weights.len(),
        constants.bias.len(),
        input.len(),
        out.len(),
    );
    scalar::depthwise_f32(shape, constants, input, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requantize::OutputI8;

    /// The worked example of TensorFlow's dilation fault: see `conv2d`'s test; pad 2 gives 302, 470.
    #[test]
    fn ramp_with_stride_and_dilation() {
        let input: Vec<i8> = (0..64).collect();
        let weights: Vec<i8> = (1..10).collect();
        let window = Window {
            kernel: [3, 3],
            stride: [2, 2],
            dilation: [2, 2],
            pad: [2, 2],
        };
        let shape = Depthwise {
            input: [1, 8, 8, 1],
            output: [1, 4, 4, 1],
            window,
        };
        let constants = FilterI8 {
            weights: &weights,
            bias: &[0],
            scales: &[0.25],
            input_zero: 0,
            weight_zero: 0,
            output: OutputI8::full(0),
        };
        for isa in Isa::available() {
            let mut out = [0; 16];
            depthwise_i8(isa, &shape, &constants, &input, &mut out);
            // 302 / 4 = 75.5 -> 76 (even); 470 / 4 = 117.5 -> 118.
            assert_eq!(out[..2], [76, 118], "{isa}");
        }
    }

    /// Multiplier 2: input channel 0 feeds outputs 0 and 1, channel 1 feeds 2 and 3.
    #[test]
    fn multiplier_orders_outputs_by_input_channel() {
        let shape = Depthwise {
            input: [1, 1, 1, 2],
            output: [1, 1, 1, 4],
            window: Window::UNIT,
        };
        let constants = DepthwiseF32 {
            weights: &[1.0, 2.0, 3.0, 4.0],
            bias: &[0.5; 4],
            output: OutputF32 {
                min: 0.0,
                max: 300.0,
            },
        };
        let mut out = [0.0; 4];
        depthwise_f32(Isa::Scalar, &shape, &constants, &[10.0, 100.0], &mut out);
        assert_eq!(out, [10.5, 20.5, 300.0, 300.0]);
    }

    /// Depthwise equals a grouped convolution with one input channel per group, whatever the shape.
    #[test]
    fn agrees_with_grouped_convolution() {
        use crate::nn::conv2d::{Conv2d, conv2d_i8};
        for (c, m, k, stride, dilation) in [
            (1, 1, 3, 1, 1),
            (3, 2, 2, 2, 1),
            (70, 1, 3, 1, 2),
            (33, 3, 5, 2, 3),
            (130, 1, 1, 1, 1),
        ]
        .into_iter()
        .take(if cfg!(miri) { 2 } else { 5 })
        {
            let (input, output) = ([2, 7, 9, c], [2, 4, 5, c * m]);
            let window = Window {
                kernel: [k, k],
                stride: [stride; 2],
                dilation: [dilation; 2],
                pad: [1, 2],
            };
            let data = |len: usize, step: usize| {
                (0..len)
                    .map(|i| (i * step % 251) as u8 as i8)
                    .collect::<Vec<_>>()
            };
            let (x, by_tap) = (data(2 * 7 * 9 * c, 37), data(k * k * c * m, 91));
            let by_output: Vec<i8> = (0..c * m)
                .flat_map(|o| (0..k * k).map(move |t| (t, o)))
                .map(|(t, o)| by_tap[t * c * m + o])
                .collect();
            let bias: Vec<i32> = (0..c as i32 * m as i32).map(|i| i * 97 - 500).collect();
            let scales = vec![1.0 / 512.0; c * m];
            let (input_zero, weight_zero, range) = (
                -9,
                4,
                OutputI8 {
                    zero_point: 3,
                    min: -100,
                    max: 120,
                },
            );
            let mut expected = vec![0; 2 * 4 * 5 * c * m];
            let conv = FilterI8 {
                weights: &by_output,
                bias: &bias,
                scales: &scales,
                input_zero,
                weight_zero,
                output: range,
            };
            conv2d_i8(
                Isa::Scalar,
                &Conv2d {
                    input,
                    output,
                    window,
                    groups: c,
                },
                &conv,
                &x,
                &mut expected,
            );
            for isa in Isa::available() {
                let mut out = vec![0; expected.len()];
                let constants = FilterI8 {
                    weights: &by_tap,
                    bias: &bias,
                    scales: &scales,
                    input_zero,
                    weight_zero,
                    output: range,
                };
                depthwise_i8(
                    isa,
                    &Depthwise {
                        input,
                        output,
                        window,
                    },
                    &constants,
                    &x,
                    &mut out,
                );
                assert_eq!(out, expected, "{isa} c={c} m={m} k={k}");
            }
        }
    }
}
