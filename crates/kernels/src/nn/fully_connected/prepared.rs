//! A quantized layer with its weights packed for the CPU at hand, run many times.
use super::{FilterI8, FullyConnected};
use crate::isa::Isa;
use crate::nn::Window;
use crate::nn::conv2d::{Conv2d, PreparedConv2d};

/// A layer ready to run; gives the bytes of [`fully_connected_i8`](super::fully_connected_i8).
///
/// Its rows are the pixels of a 1x1 convolution.
#[derive(Debug)]
pub struct PreparedFullyConnected(PreparedConv2d);

impl PreparedFullyConnected {
    /// Packs the weights for `isa`.
    ///
    /// # Panics
    /// As [`fully_connected_i8`](super::fully_connected_i8), and when there are no inputs.
    pub fn new(isa: Isa, shape: &FullyConnected, c: &FilterI8<'_>) -> Self {
        let shape = Conv2d {
            input: [1, 1, shape.batch, shape.inputs],
            output: [1, 1, shape.batch, shape.outputs],
            window: Window::UNIT,
            groups: 1,
        };
        Self(PreparedConv2d::new(isa, &shape, c))
    }

    /// Runs. `input` is `[B, I]`, `out` `[B, O]`.
    ///
    /// # Panics
    /// When a length contradicts the shape.
    pub fn run(&mut self, input: &[i8], out: &mut [i8]) {
        self.0.run(input, out);
    }
}

#[cfg(test)]
mod tests {
    use super::super::fully_connected_i8;
    use super::*;
    use crate::requantize::OutputI8;

    /// Every ISA's prepared layer equals the oracle, over remainders of rows, inputs and outputs.
    #[test]
    fn equals_the_oracle() {
        let mut seed = 3u32;
        let mut bytes = |len: usize| -> Vec<i8> {
            let next = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (seed >> 24) as u8 as i8
            };
            std::iter::repeat_with(next).take(len).collect()
        };
        let cases = (1..if cfg!(miri) { 3 } else { 70 }).map(|i| (1 + i % 3, i * 3, 71 - i));
        for (batch, inputs, outputs) in cases {
            let shape = FullyConnected {
                batch,
                inputs,
                outputs,
            };
            let (input, weights) = (bytes(batch * inputs), bytes(outputs * inputs));
            let bias: Vec<i32> = bytes(outputs).iter().map(|&b| i32::from(b) * 50).collect();
            let scales: Vec<f32> = (0..outputs).map(|o| 4e-4 + o as f32 * 1e-5).collect();
            let constants = FilterI8 {
                weights: &weights,
                bias: &bias,
                scales: &scales,
                input_zero: -9,
                weight_zero: if inputs % 2 == 0 { 0 } else { 5 },
                output: OutputI8::full(17),
            };
            let mut expected = vec![0; batch * outputs];
            fully_connected_i8(Isa::Scalar, &shape, &constants, &input, &mut expected);
            for isa in Isa::available() {
                let mut out = vec![0; expected.len()];
                PreparedFullyConnected::new(isa, &shape, &constants).run(&input, &mut out);
                assert_eq!(out, expected, "{isa} {shape:?}");
            }
        }
    }
}
