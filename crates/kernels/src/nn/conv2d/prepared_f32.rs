//! A float convolution with its weights packed for the CPU at hand, run many times.
use super::padded::{PaddedRows, segment_columns};
use super::{Conv2d, Conv2dF32, conv2d_f32};
use crate::floats::Finish;
use crate::isa::Isa;
use crate::nn::activation::{Activation, activate};
use crate::nn::filter::OwnedFilterF32;
use crate::nn::gemm_f32::{GemmF32, ProductF32, RowsF32, SumsF32};
use crate::nn::prelu::rectify;
use crate::nn::{Window, count};

/// A float convolution ready to run, and a function of each of its results.
///
/// Differs from [`conv2d_f32`] by rounding alone: terms are added in another order, from the bias on.
#[derive(Debug)]
pub struct PreparedConv2dF32 {
    isa: Isa,
    shape: Conv2d,
    path: Path,
    /// What is left to do on the results.
    then: Option<Activation>,
    /// What is left of the slopes: the oracle's, one per output.
    slopes: Box<[f32]>,
}

#[derive(Debug)]
enum Path {
    Oracle(OwnedFilterF32),
    /// 1x1 without padding: input pixels are the rows.
    Pixels(GemmF32),
    /// Any window: the input rows that an output row sees are copied between padding first, once each.
    Windows {
        gemm: GemmF32,
        padded: PaddedRows<f32>,
    },
    /// The same on a small map: windows are copied once more, so that several output rows meet the weights together.
    Gathered {
        gemm: GemmF32,
        padded: PaddedRows<f32>,
        /// Of some output rows: `[rows, W, segments, inputs]`.
        windows: Vec<f32>,
        /// Numbers of a window that follow one another.
        inputs: usize,
    },
}

/// An output row of fewer pixels than this leaves the vectors' registers, which hold sums of several pixels, partly empty.
const WIDE: usize = 12;

/// The fewest pixels whose windows are gathered, and the numbers that those of more may have.
const GATHERED: (usize, usize) = (24, 32 << 10);

impl PreparedConv2dF32 {
    /// Packs the weights for `isa`; `then` is applied to what the constants' range leaves.
    ///
    /// # Panics
    /// As [`conv2d_f32`].
    pub fn new(isa: Isa, shape: &Conv2d, c: &Conv2dF32<'_>, then: Option<Activation>) -> Self {
        Self::with(isa, shape, c, then, &[])
    }

    /// Packs the weights for `isa`; results below 0, within the constants' range, are multiplied by their output's slope (`[O]`).
    ///
    /// # Panics
    /// As [`conv2d_f32`], and when there is another number of slopes.
    pub fn rectified(isa: Isa, shape: &Conv2d, c: &Conv2dF32<'_>, slopes: &[f32]) -> Self {
        assert_eq!(slopes.len(), shape.output[3], "length of slopes");
        Self::with(isa, shape, c, None, slopes)
    }

    fn with(
        isa: Isa,
        shape: &Conv2d,
        c: &Conv2dF32<'_>,
        then: Option<Activation>,
        slopes: &[f32],
    ) -> Self {
        let (input, output) = (count(&shape.input), count(&shape.output));
        shape.check(c.weights.len(), c.bias.len(), input, output);
        let (finish, left) = Finish::split(c.output, then);
        let (path, then, slopes) = match Self::path(isa, shape, c, finish, slopes) {
            Some(path) => (path, left, [].into()),
            None => {
                let constants = OwnedFilterF32::new(c.weights, c.bias, c.output);
                (Path::Oracle(constants), then, slopes.into())
            }
        };
        Self {
            isa,
            shape: *shape,
            path,
            then,
            slopes,
        }
    }

    fn path(
        isa: Isa,
        shape: &Conv2d,
        c: &Conv2dF32<'_>,
        finish: Finish,
        slopes: &[f32],
    ) -> Option<Path> {
        if shape.groups != 1 {
            return None;
        }
        let (columns, taps) = segment_columns(&shape.window);
        let (segments, inputs) = (shape.window.kernel[0] * columns, taps * shape.input[3]);
        let [n, h, w, outputs] = shape.output;
        let gathers = shape.window != Window::UNIT && w < WIDE && n * h > 1 && outputs > WIDE;
        let terms = segments * inputs;
        let (segments, inputs_each) = if gathers {
            (1, terms)
        } else {
            (segments, inputs)
        };
        let gemm = GemmF32::new(
            isa,
            &ProductF32 {
                segments,
                inputs: inputs_each,
                weights: c.weights,
                bias: c.bias,
                finish,
                slopes,
            },
        )?;
        if shape.window == Window::UNIT {
            return Some(Path::Pixels(gemm));
        }
        let padded = PaddedRows::new(shape, 0.0, 0);
        if !gathers {
            return Some(Path::Windows { gemm, padded });
        }
        let (least, numbers) = GATHERED;
        let pixels = least.max(numbers / terms.max(1));
        let rows = pixels.div_ceil(w.max(1)).min(n * h);
        Some(Path::Gathered {
            gemm,
            padded,
            windows: vec![0.0; rows * w * terms],
            inputs,
        })
    }

    /// Runs. `input` is `[N, H, W, C]`, `out` `[N, H, W, O]`.
    ///
    /// # Panics
    /// When a length contradicts the shape.
    pub fn run(&mut self, input: &[f32], out: &mut [f32]) {
        let shape = &self.shape;
        assert_eq!(input.len(), count(&shape.input), "length of input");
        assert_eq!(out.len(), count(&shape.output), "length of output");
        let [_, h, w, o] = shape.output;
        match &mut self.path {
            Path::Oracle(c) => {
                let constants = Conv2dF32 {
                    weights: &c.weights,
                    bias: &c.bias,
                    output: c.output,
                };
                conv2d_f32(Isa::Scalar, shape, &constants, input, out);
                activate(Isa::Scalar, self.then, out);
                if !self.slopes.is_empty() {
                    for pixel in out.chunks_exact_mut(o) {
                        rectify(pixel, &self.slopes);
                    }
                }
            }
            Path::Pixels(gemm) => {
                let rows = RowsF32 {
                    numbers: input,
                    count: out.len().checked_div(o).unwrap_or(0),
                    stride: shape.input[3],
                    segment_stride: 0,
                };
                let numbers = &mut *out;
                gemm.run(rows, SumsF32 { numbers, stride: o });
                activate(self.isa, self.then, out);
            }
            Path::Gathered {
                gemm,
                padded,
                windows,
                inputs,
            } => {
                let step = shape.window.stride[1] * shape.input[3];
                let terms = padded.window(*inputs);
                let rows = windows.len().checked_div(w * terms).unwrap_or(0);
                for (block, out) in out.chunks_mut((rows * w * o).max(1)).enumerate() {
                    let count = out.len() / o;
                    for (row, windows) in windows[..count * terms]
                        .chunks_exact_mut(w * terms)
                        .enumerate()
                    {
                        let index = block * rows + row;
                        padded.load(shape, input, [index / h, index % h]);
                        padded.windows(step, *inputs, windows);
                    }
                    let rows = RowsF32 {
                        numbers: windows,
                        count,
                        stride: terms,
                        segment_stride: 0,
                    };
                    let numbers = &mut *out;
                    gemm.run(rows, SumsF32 { numbers, stride: o });
                    activate(self.isa, self.then, out);
                }
            }
            Path::Windows { gemm, padded } => {
                for (index, out) in out.chunks_exact_mut((w * o).max(1)).enumerate() {
                    padded.load(shape, input, [index / h, index % h]);
                    let rows = RowsF32 {
                        numbers: padded.rows(),
                        count: w,
                        stride: shape.window.stride[1] * shape.input[3],
                        segment_stride: padded.segment_stride(),
                    };
                    let numbers = &mut *out;
                    gemm.run(rows, SumsF32 { numbers, stride: o });
                    activate(self.isa, self.then, out);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::closeness::{Numbers, assert_close};
    use crate::requantize::OutputF32;

    /// Every ISA's prepared convolution is the oracle's but for rounding, over remainders of pixels, inputs and outputs.
    #[test]
    fn is_the_oracle_but_for_rounding() {
        let mut numbers = Numbers::new(1);
        let windows = [(1, 1, 1), (3, 2, 1), (3, 1, 2), (2, 1, 1), (5, 2, 1)];
        let pairs = (1..=17)
            .flat_map(|i| [(i, 67 - 3 * i), (i * 5 + 1, i)])
            .chain([(3, 16), (24, 88), (40, 31)]);
        for ((inputs, outputs), turn) in pairs.zip(0..) {
            let windows = (1..=17).zip(windows.into_iter().cycle());
            // Miri is thousands of times slower: one case.
            let chosen = |w| !cfg!(miri) || ((inputs, outputs) == (3, 16) && w == 2);
            for (w, (kernel, stride, dilation)) in windows.filter(|&(w, _)| chosen(w)) {
                let window = Window {
                    kernel: [kernel; 2],
                    stride: [stride; 2],
                    dilation: [dilation; 2],
                    pad: [kernel / 2 * dilation; 2],
                };
                let side = |size: usize| {
                    let reach = (kernel - 1) * dilation + 1;
                    (size + 2 * window.pad[0]).saturating_sub(reach) / stride + 1
                };
                let shape = Conv2d {
                    input: [2, 3, w, inputs],
                    output: [2, side(3), side(w), outputs],
                    window,
                    groups: 1,
                };
                let input = numbers.take(count(&shape.input));
                let weights = numbers.take(outputs * kernel * kernel * inputs);
                let bias = numbers.take(outputs);
                let (range, then) = match turn % 3 {
                    0 => (
                        OutputF32 {
                            min: -2.0,
                            max: 9.0,
                        },
                        None,
                    ),
                    1 => (OutputF32::FULL, Some(Activation::HardSwish)),
                    _ => (OutputF32 { min: 0.0, max: 6.0 }, Some(Activation::Logistic)),
                };
                let constants = Conv2dF32 {
                    weights: &weights,
                    bias: &bias,
                    output: range,
                };
                let mut expected = vec![0.0; count(&shape.output)];
                conv2d_f32(Isa::Scalar, &shape, &constants, &input, &mut expected);
                activate(Isa::Scalar, then, &mut expected);
                for isa in Isa::available() {
                    let mut out = vec![f32::NAN; expected.len()];
                    PreparedConv2dF32::new(isa, &shape, &constants, then).run(&input, &mut out);
                    assert_close(&expected, &out, &format!("{isa} {shape:?}"));
                }
                let slopes = numbers.take(outputs);
                conv2d_f32(Isa::Scalar, &shape, &constants, &input, &mut expected);
                for (i, value) in expected.iter_mut().enumerate() {
                    *value *= if *value < 0.0 {
                        slopes[i % outputs]
                    } else {
                        1.0
                    };
                }
                for isa in Isa::available() {
                    let mut out = vec![f32::NAN; expected.len()];
                    PreparedConv2dF32::rectified(isa, &shape, &constants, &slopes)
                        .run(&input, &mut out);
                    assert_close(&expected, &out, &format!("{isa} {shape:?} rectified"));
                }
            }
        }
    }
}
