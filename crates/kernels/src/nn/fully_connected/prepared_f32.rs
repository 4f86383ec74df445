//! A float layer with its weights packed for the CPU at hand, run many times.
use super::{FullyConnected, FullyConnectedF32, fully_connected_f32};
use crate::floats::Finish;
use crate::isa::Isa;
use crate::nn::activation::{Activation, activate};
use crate::nn::filter::OwnedFilterF32;
use crate::nn::gemm_f32::{GemmF32, ProductF32, RowsF32, SumsF32};

/// A float layer ready to run, and a function of each of its results.
///
/// Differs from [`fully_connected_f32`] by rounding alone.
#[derive(Debug)]
pub struct PreparedFullyConnectedF32 {
    isa: Isa,
    shape: FullyConnected,
    path: Path,
    /// What is left to do on the results.
    then: Option<Activation>,
}

#[derive(Debug)]
enum Path {
    Oracle(OwnedFilterF32),
    Product(GemmF32),
}

impl PreparedFullyConnectedF32 {
    /// Packs the weights for `isa`; `then` is applied to what the constants' range leaves.
    ///
    /// # Panics
    /// As [`fully_connected_f32`].
    pub fn new(
        isa: Isa,
        shape: &FullyConnected,
        c: &FullyConnectedF32<'_>,
        then: Option<Activation>,
    ) -> Self {
        let (input, output) = (shape.batch * shape.inputs, shape.batch * shape.outputs);
        shape.check(c.weights.len(), c.bias.len(), input, output);
        let (finish, left) = Finish::split(c.output, then);
        let product = ProductF32 {
            segments: 1,
            inputs: shape.inputs,
            weights: c.weights,
            bias: c.bias,
            finish,
            slopes: &[],
        };
        let (path, then) = match GemmF32::new(isa, &product) {
            Some(gemm) => (Path::Product(gemm), left),
            None => {
                let constants = OwnedFilterF32::new(c.weights, c.bias, c.output);
                (Path::Oracle(constants), then)
            }
        };
        Self {
            isa,
            shape: *shape,
            path,
            then,
        }
    }

    /// Runs. `input` is `[B, I]`, `out` `[B, O]`.
    ///
    /// # Panics
    /// When a length contradicts the shape.
    pub fn run(&self, input: &[f32], out: &mut [f32]) {
        let shape = &self.shape;
        assert_eq!(input.len(), shape.batch * shape.inputs, "length of input");
        assert_eq!(out.len(), shape.batch * shape.outputs, "length of output");
        match &self.path {
            Path::Oracle(c) => {
                let constants = FullyConnectedF32 {
                    weights: &c.weights,
                    bias: &c.bias,
                    output: c.output,
                };
                fully_connected_f32(self.isa, shape, &constants, input, out);
            }
            Path::Product(gemm) => {
                let rows = RowsF32 {
                    numbers: input,
                    count: shape.batch,
                    stride: shape.inputs,
                    segment_stride: 0,
                };
                let (numbers, stride) = (&mut *out, shape.outputs);
                gemm.run(rows, SumsF32 { numbers, stride });
            }
        }
        activate(self.isa, self.then, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::closeness::{Numbers, assert_close};
    use crate::requantize::OutputF32;

    #[test]
    fn is_the_oracle_but_for_rounding() {
        let mut numbers = Numbers::new(3);
        for outputs in (1..=70).step_by(if cfg!(miri) { 45 } else { 1 }) {
            let shape = FullyConnected {
                batch: 1 + outputs % 11,
                inputs: 1 + outputs * 7 % 40,
                outputs,
            };
            let input = numbers.take(shape.batch * shape.inputs);
            let (weights, bias) = (numbers.take(outputs * shape.inputs), numbers.take(outputs));
            let constants = FullyConnectedF32 {
                weights: &weights,
                bias: &bias,
                output: OutputF32::FULL,
            };
            let then = (outputs % 2 == 0).then_some(Activation::LeakyRelu(0.3));
            let mut expected = vec![0.0; shape.batch * outputs];
            fully_connected_f32(Isa::Scalar, &shape, &constants, &input, &mut expected);
            activate(Isa::Scalar, then, &mut expected);
            for isa in Isa::available() {
                let mut out = vec![f32::NAN; expected.len()];
                PreparedFullyConnectedF32::new(isa, &shape, &constants, then).run(&input, &mut out);
                assert_close(&expected, &out, &format!("{isa} {shape:?}"));
            }
        }
    }
}
