//! Fully connected layer: `out[b, o] = act( sum over i of in[b, i] * w[o, i] + bias[o] )`.
//!
//! Source: TensorFlow Lite's `FULLY_CONNECTED`.
mod prepared;
mod prepared_f32;
mod scalar;

use super::{FilterI8, count};
use crate::isa::Isa;
use crate::requantize::OutputF32;

pub use prepared::PreparedFullyConnected;
pub use prepared_f32::PreparedFullyConnectedF32;

/// Shapes of one layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FullyConnected {
    /// Rows of input and output, `B`.
    pub batch: usize,
    /// Elements of an input row, `I`.
    pub inputs: usize,
    /// Elements of an output row, `O`.
    pub outputs: usize,
}

/// Constants of a float layer.
#[derive(Debug, Clone, Copy)]
pub struct FullyConnectedF32<'a> {
    /// `[O, I]`.
    pub weights: &'a [f32],
    /// `[O]`.
    pub bias: &'a [f32],
    /// Range of the activation.
    pub output: OutputF32,
}

impl FullyConnected {
    fn check(&self, weights: usize, bias: usize, input: usize, out: usize) {
        assert_eq!(
            weights,
            count(&[self.outputs, self.inputs]),
            "length of weights"
        );
        assert_eq!(bias, self.outputs, "length of bias");
        assert_eq!(input, count(&[self.batch, self.inputs]), "length of input");
        assert_eq!(out, count(&[self.batch, self.outputs]), "length of output");
    }
}

/// Quantized layer. `input` is `[B, I]`, `out` `[B, O]`; sums in 32 bits that wrap, then [`OutputI8::requantize`](crate::requantize::OutputI8::requantize). The weights are `[O, I]`.
///
/// # Panics
/// When a length contradicts the shape.
pub fn fully_connected_i8(
    _isa: Isa,
    shape: &FullyConnected,
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
    assert_eq!(constants.scales.len(), shape.outputs, "length of scales");
    scalar::fully_connected_i8(shape, constants, input, out)
}

/// Float layer. `input` is `[B, I]`, `out` `[B, O]`; sums in a fixed order, the bias last.
///
/// # Panics
/// When a length contradicts the shape.
pub fn fully_connected_f32(
    _isa: Isa,
    shape: &FullyConnected,
    constants: &FullyConnectedF32<'_>,
    input: &[f32],
    out: &mut [f32],
) {
    shape.check(
        constants.weights.len(),
        constants.bias.len(),
        input.len(),
        out.len(),
    );
    scalar::fully_connected_f32(shape, constants, input, out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requantize::OutputI8;

    /// x - zx = [1, 2, 3] and [0, -1, 5]; w - zw = [1, 0, -1] and [2, 2, 2]. Sums with bias: 1-3+5 = 3, 12-7 = 5;
    /// 0-5+5 = 0, 8-7 = 1. Scale 0.5: 1.5 -> 2, 2.5 -> 2, 0, 0.5 -> 0, then zero point 10.
    #[test]
    fn worked_example() {
        let shape = FullyConnected {
            batch: 2,
            inputs: 3,
            outputs: 2,
        };
        let constants = FilterI8 {
            weights: &[2, 1, 0, 3, 3, 3],
            bias: &[5, -7],
            scales: &[0.5, 0.5],
            input_zero: 4,
            weight_zero: 1,
            output: OutputI8::full(10),
        };
        for isa in Isa::available() {
            let mut out = [0; 4];
            fully_connected_i8(isa, &shape, &constants, &[5, 6, 7, 4, 3, 9], &mut out);
            assert_eq!(out, [12, 12, 10, 10], "{isa}");
        }
    }

    /// 1 + 2 + ... + 19 = 190, over the eight lanes and a remainder of three.
    #[test]
    fn float_sum_covers_the_remainder() {
        let shape = FullyConnected {
            batch: 1,
            inputs: 19,
            outputs: 1,
        };
        let input: Vec<f32> = (1..20u8).map(f32::from).collect();
        let constants = FullyConnectedF32 {
            weights: &[1.0; 19],
            bias: &[-90.0],
            output: OutputF32::FULL,
        };
        let mut out = [0.0];
        fully_connected_f32(Isa::Scalar, &shape, &constants, &input, &mut out);
        assert_eq!(out, [100.0]);
    }
}
