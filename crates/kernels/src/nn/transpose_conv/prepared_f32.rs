//! A float transposed convolution with its weights packed for the CPU at hand, run many times.
use super::{TransposeConv, TransposeConvF32, phases::Phases, tiles::Tiles, transpose_conv_f32};
use crate::floats::Finish;
use crate::isa::Isa;
use crate::nn::activation::{Activation, activate};
use crate::nn::count;
use crate::nn::filter::OwnedFilterF32;

/// A float transposed convolution ready to run, and a function of each of its results.
///
/// Differs from [`transpose_conv_f32`] by rounding alone.
#[derive(Debug)]
pub struct PreparedTransposeConvF32 {
    isa: Isa,
    shape: TransposeConv,
    path: Path,
    /// What is left to do on the results.
    then: Option<Activation>,
}

#[derive(Debug)]
enum Path {
    Oracle(OwnedFilterF32),
    /// Windows that neither overlap nor leave gaps.
    Tiles(Tiles),
    Phases(Phases),
}

impl PreparedTransposeConvF32 {
    /// Packs the weights for `isa`; `then` is applied to what the constants' range leaves.
    ///
    /// # Panics
    /// As [`transpose_conv_f32`].
    pub fn new(
        isa: Isa,
        shape: &TransposeConv,
        c: &TransposeConvF32<'_>,
        then: Option<Activation>,
    ) -> Self {
        let (input, output) = (count(&shape.input), count(&shape.output));
        shape.check(c.weights.len(), c.bias.len(), input, output);
        let (finish, left) = Finish::split(c.output, then);
        let tiles = || Tiles::new(isa, shape, c, finish).map(Path::Tiles);
        let phases = || Phases::new(isa, shape, c, finish).map(Path::Phases);
        let (path, then) = match tiles().or_else(phases) {
            Some(path) => (path, left),
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

    /// Runs. `input` is `[N, H, W, C]`, `out` `[N, H, W, O]`.
    ///
    /// # Panics
    /// When a length contradicts the shape.
    pub fn run(&mut self, input: &[f32], out: &mut [f32]) {
        let shape = &self.shape;
        assert_eq!(input.len(), count(&shape.input), "length of input");
        assert_eq!(out.len(), count(&shape.output), "length of output");
        match &mut self.path {
            Path::Oracle(c) => {
                let constants = TransposeConvF32 {
                    weights: &c.weights,
                    bias: &c.bias,
                    output: c.output,
                };
                transpose_conv_f32(self.isa, shape, &constants, input, out);
            }
            Path::Tiles(tiles) => tiles.run(shape, input, out),
            Path::Phases(phases) => phases.run(shape, input, out),
        }
        activate(self.isa, self.then, out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Window;
    use crate::nn::closeness::{Numbers, assert_close};
    use crate::requantize::OutputF32;

    /// Every ISA's prepared convolution is the oracle's but for rounding: overlaps, cut borders, gaps, one step of height.
    #[test]
    fn is_the_oracle_but_for_rounding() {
        let mut numbers = Numbers::new(4);
        // Input, output, kernel, stride, pad of either axis.
        let axes = [
            (3, 6, 2, 2, 0),
            (3, 5, 3, 2, 1),
            (4, 4, 3, 1, 1),
            (2, 9, 2, 4, 0),
            (3, 8, 4, 2, 0),
            (2, 3, 5, 1, 1),
            (5, 15, 3, 3, 0),
            (9, 19, 3, 2, 0),
            (9, 18, 4, 2, 1),
        ];
        let pairs = axes.iter().flat_map(|y| axes.iter().map(move |x| [*y, *x]));
        for (turn, axes) in pairs.enumerate() {
            // Miri is thousands of times slower: one small case.
            if cfg!(miri) && turn != 1 {
                continue;
            }
            let (channels, outputs) = (1 + turn % 19, 1 + turn * 3 % 37);
            let of =
                |pick: fn(&(usize, usize, usize, usize, usize)) -> usize| axes.map(|a| pick(&a));
            let ([h, w], [out_h, out_w]) = (of(|a| a.0), of(|a| a.1));
            let shape = TransposeConv {
                input: [2, h, w, channels],
                output: [2, out_h, out_w, outputs],
                window: Window {
                    kernel: of(|a| a.2),
                    stride: of(|a| a.3),
                    dilation: [1, 1],
                    pad: of(|a| a.4),
                },
            };
            let input = numbers.take(count(&shape.input));
            let [kh, kw] = shape.window.kernel;
            let weights = numbers.take(outputs * kh * kw * channels);
            let bias = numbers.take(outputs);
            let constants = TransposeConvF32 {
                weights: &weights,
                bias: &bias,
                output: OutputF32 {
                    min: -1.5,
                    max: 4.0,
                },
            };
            let then = (turn % 2 == 0).then_some(Activation::Logistic);
            let mut expected = vec![0.0; count(&shape.output)];
            transpose_conv_f32(Isa::Scalar, &shape, &constants, &input, &mut expected);
            activate(Isa::Scalar, then, &mut expected);
            for isa in Isa::available() {
                let mut out = vec![f32::NAN; expected.len()];
                PreparedTransposeConvF32::new(isa, &shape, &constants, then).run(&input, &mut out);
                assert_close(&expected, &out, &format!("{isa} {shape:?}"));
            }
        }
    }
}
