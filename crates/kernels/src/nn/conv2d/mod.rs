//! Two-dimensional convolution with any window and any number of groups.
//!
//! ```text
//! out[n, y, x, o] = act( sum over ky, kx, i of in[n, y*sy - py + ky*dy, x*sx - px + kx*dx, g*I + i] * w[o, ky, kx, i] + bias[o] )
//! ```
//!
//! with `I` the input channels of a group, `g = o / (O / groups)` the group of output channel `o`, and the input 0 outside
//! its borders. Source: TensorFlow Lite's `CONV_2D`.
mod padded;
mod prepared;
mod prepared_f32;
mod scalar;

use super::{FilterI8, Nhwc, Window, count};
use crate::isa::Isa;
use crate::requantize::OutputF32;

pub use prepared::PreparedConv2d;
pub use prepared_f32::PreparedConv2dF32;

/// Shapes of one convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv2d {
    /// Input `[N, H, W, C]`.
    pub input: Nhwc,
    /// Output `[N, H, W, O]`.
    pub output: Nhwc,
    /// Window over the input.
    pub window: Window,
    /// Groups of channels that don't see each other; 1 for an ordinary convolution. Divides both `C` and `O`.
    pub groups: usize,
}

/// Constants of a float convolution.
#[derive(Debug, Clone, Copy)]
pub struct Conv2dF32<'a> {
    /// `[O, KH, KW, C / groups]`.
    pub weights: &'a [f32],
    /// `[O]`.
    pub bias: &'a [f32],
    /// Range of the activation.
    pub output: OutputF32,
}

impl Conv2d {
    /// Input channels that one output channel sees.
    pub fn group_channels(&self) -> usize {
        self.input[3] / self.groups
    }

    fn check(&self, weights: usize, bias: usize, input: usize, out: usize) {
        self.window.check();
        let [kh, kw] = self.window.kernel;
        let o = self.output[3];
        assert!(
            self.groups >= 1
                && self.input[3].is_multiple_of(self.groups)
                && o.is_multiple_of(self.groups),
            "groups: {self:?}"
        );
        assert_eq!(self.input[0], self.output[0], "batch of input and output");
        assert_eq!(
            weights,
            count(&[o, kh, kw, self.group_channels()]),
            "length of weights"
        );
        assert_eq!(bias, o, "length of bias");
        assert_eq!(input, count(&self.input), "length of input");
        assert_eq!(out, count(&self.output), "length of output");
    }
}

/// Quantized convolution. `input` is `[N, H, W, C]`, `out` `[N, H, W, O]`. The weights are `[O, KH, KW, C / groups]`.
///
/// Sums `(x - input_zero) * (w - weight_zero) + bias` in 32 bits that wrap (up to 33,000 products cannot reach the limit,
/// whatever the data), then [`OutputI8::requantize`](crate::requantize::OutputI8::requantize). Every ISA gives the same bytes.
///
/// # Panics
/// When a length contradicts the shape, a window field is zero, or the groups don't divide the channels.
pub fn conv2d_i8(
    _isa: Isa,
    shape: &Conv2d,
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
    scalar::conv2d_i8(shape, constants, input, out)
}

/// Float convolution. `input` is `[N, H, W, C]`, `out` `[N, H, W, O]`; sums in a fixed order, the bias last.
///
/// # Panics
/// As [`conv2d_i8`].
pub fn conv2d_f32(
    _isa: Isa,
    shape: &Conv2d,
    constants: &Conv2dF32<'_>,
    input: &[f32],
    out: &mut [f32],
) {
    shape.check(
        constants.weights.len(),
        constants.bias.len(),
        input.len(),
        out.len(),
    );
    scalar::conv2d_f32(shape, constants, input, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requantize::OutputI8;

    fn ramp_shape() -> Conv2d {
        let window = Window {
            kernel: [3, 3],
            stride: [2, 2],
            dilation: [2, 2],
            pad: [1, 1],
        };
        Conv2d {
            input: [1, 8, 8, 1],
            output: [1, 4, 4, 1],
            window,
            groups: 1,
        }
    }

    /// An 8x8 ramp 0..63 through 1..9, SAME, stride 2, dilation 2. The effective kernel is 5, the total padding
    /// (4-1)*2+5-8 = 3, so 1 above and left. Output (0,0) sees rows and columns -1, 1, 3: taps at (1,1), (1,3), (3,1),
    /// (3,3) hold 9, 11, 25, 27 with weights 5, 6, 8, 9: 45+66+200+243 = 554. TensorFlow's 302, 470 begin with pad 2:
    /// rows 0, 2 hold 0, 2, 16, 18 with weights 5, 6, 8, 9: 0+12+128+162 = 302.
    #[test]
    fn ramp_with_stride_and_dilation() {
        let input: Vec<f32> = (0..64u8).map(f32::from).collect();
        let weights: Vec<f32> = (1..10u8).map(f32::from).collect();
        let constants = Conv2dF32 {
            weights: &weights,
            bias: &[0.0],
            output: OutputF32::FULL,
        };
        let mut shape = ramp_shape();
        let mut out = [0.0; 16];
        conv2d_f32(Isa::Scalar, &shape, &constants, &input, &mut out);
        assert_eq!(out[0], 554.0);
        shape.window.pad = [2, 2];
        conv2d_f32(Isa::Scalar, &shape, &constants, &input, &mut out);
        // (0,1) sees columns 0, 2, 4: 0+2*5+4*6 in row 0 with weights 4,5,6 and 16*7+18*8+20*9 in row 2: 34+436 = 470.
        assert_eq!(out[..2], [302.0, 470.0]);
    }

    /// Two pixels of two channels, 1x1, zero points on both sides. x - zx = [[2, -1], [0, 4]], w - zw = [[1, 2], [-3, 1]]:
    /// o0 = 2-2+10 = 10 and 0+8+10 = 18; o1 = -6-1-1 = -8 and 0+4-1 = 3. Scales 0.25, 0.5: 2.5 -> 2, -4; 4.5 -> 4, 1.5 -> 2.
    #[test]
    fn zero_points_and_ties() {
        let shape = Conv2d {
            input: [1, 1, 2, 2],
            output: [1, 1, 2, 2],
            window: Window::UNIT,
            groups: 1,
        };
        let constants = FilterI8 {
            weights: &[6, 7, 2, 6],
            bias: &[10, -1],
            scales: &[0.25, 0.5],
            input_zero: -3,
            weight_zero: 5,
            output: OutputI8 {
                zero_point: 1,
                min: -2,
                max: 127,
            },
        };
        for isa in Isa::available() {
            let mut out = [0; 4];
            conv2d_i8(isa, &shape, &constants, &[-1, -4, -3, 1], &mut out);
            assert_eq!(out, [3, -2, 5, 3], "{isa}");
        }
    }

    /// Padding is the real 0, not the byte 0: an input that is all zero points leaves the bias.
    #[test]
    fn padding_contributes_nothing() {
        let shape = ramp_shape();
        let constants = FilterI8 {
            weights: &[100; 9],
            bias: &[7],
            scales: &[1.0],
            input_zero: 55,
            weight_zero: 0,
            output: OutputI8::full(0),
        };
        let mut out = [0; 16];
        conv2d_i8(Isa::Scalar, &shape, &constants, &[55; 64], &mut out);
        assert_eq!(out, [7; 16]);
    }

    /// Two groups of one channel: each output sees its own input alone.
    #[test]
    fn groups_do_not_mix() {
        let shape = Conv2d {
            input: [1, 1, 1, 2],
            output: [1, 1, 1, 4],
            window: Window::UNIT,
            groups: 2,
        };
        let constants = Conv2dF32 {
            weights: &[1.0, 2.0, 3.0, 4.0],
            bias: &[0.5; 4],
            output: OutputF32::FULL,
        };
        let mut out = [0.0; 4];
        conv2d_f32(Isa::Scalar, &shape, &constants, &[10.0, 100.0], &mut out);
        assert_eq!(out, [10.5, 20.5, 300.5, 400.5]);
    }
}
