//! A float depthwise convolution with its weights packed for the CPU at hand, run many times.
use super::packed_f32::Packed;
use super::{Depthwise, DepthwiseF32, depthwise_f32, recast};
use crate::floats::Finish;
use crate::isa::{Isa, Vectors};
use crate::nn::activation::{Activation, activate};
use crate::nn::conv2d::{Conv2dF32, PreparedConv2dF32};
use crate::nn::count;
use crate::nn::filter::OwnedFilterF32;

/// A float depthwise convolution ready to run, and a function of each of its results.
///
/// Differs from [`depthwise_f32`] by rounding alone: the bias comes first.
#[derive(Debug)]
pub struct PreparedDepthwiseF32 {
    isa: Isa,
    shape: Depthwise,
    path: Path,
    /// What is left to do on the results.
    then: Option<Activation>,
}

#[derive(Debug)]
enum Path {
    Oracle(OwnedFilterF32),
    /// One input channel: an ordinary convolution.
    OneChannel(PreparedConv2dF32),
    #[cfg(target_arch = "x86_64")]
    Avx2(Packed<crate::isa::Avx2>),
    #[cfg(target_arch = "x86_64")]
    Avx512(Packed<crate::isa::Avx512Vnni>),
    #[cfg(target_arch = "aarch64")]
    Neon(Packed<crate::isa::Neon>),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128(Packed<crate::isa::Simd128>),
}

impl PreparedDepthwiseF32 {
    /// Packs the weights for `isa`; `then` is applied to what the constants' range leaves.
    ///
    /// # Panics
    /// As [`depthwise_f32`].
    pub fn new(
        isa: Isa,
        shape: &Depthwise,
        c: &DepthwiseF32<'_>,
        then: Option<Activation>,
    ) -> Self {
        let (input, output) = (count(&shape.input), count(&shape.output));
        shape.check(c.weights.len(), c.bias.len(), input, output);
        let (finish, left) = Finish::split(c.output, then);
        let (path, then) = if isa != Isa::Scalar && shape.input[3] == 1 {
            (Path::OneChannel(one_channel(isa, shape, c, then)), None)
        } else if let Some(path) = Self::path(isa, shape, c, finish) {
            (path, left)
        } else {
            let constants = OwnedFilterF32::new(c.weights, c.bias, c.output);
            (Path::Oracle(constants), then)
        };
        Self {
            isa,
            shape: *shape,
            path,
            then,
        }
    }

    fn path(isa: Isa, shape: &Depthwise, c: &DepthwiseF32<'_>, finish: Finish) -> Option<Path> {
        match isa.vectors() {
            Vectors::Scalar => None,
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx2(token) => Packed::new(token, shape, c, finish).map(Path::Avx2),
            #[cfg(target_arch = "x86_64")]
            Vectors::Avx512(token) => Packed::new(token, shape, c, finish).map(Path::Avx512),
            #[cfg(target_arch = "aarch64")]
            Vectors::Neon(token) => Packed::new(token, shape, c, finish).map(Path::Neon),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Vectors::Simd128(token) => Packed::new(token, shape, c, finish).map(Path::Simd128),
        }
    }

    /// Runs. `input` is `[N, H, W, C]`, `out` `[N, H, W, C * M]`.
    ///
    /// # Panics
    /// When a length contradicts the shape.
    pub fn run(&mut self, input: &[f32], out: &mut [f32]) {
        assert_eq!(input.len(), count(&self.shape.input), "length of input");
        assert_eq!(out.len(), count(&self.shape.output), "length of output");
        match &mut self.path {
            Path::Oracle(c) => {
                let constants = DepthwiseF32 {
                    weights: &c.weights,
                    bias: &c.bias,
                    output: c.output,
                };
                depthwise_f32(self.isa, &self.shape, &constants, input, out);
            }
            Path::OneChannel(convolution) => convolution.run(input, out),
            #[cfg(target_arch = "x86_64")]
            Path::Avx2(packed) => {
                // SAFETY: the token that `packed` was made with proves that this CPU has the features.
                unsafe { avx2(packed, input, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Path::Avx512(packed) => {
                // SAFETY: as above.
                unsafe { avx512(packed, input, out) }
            }
            #[cfg(target_arch = "aarch64")]
            Path::Neon(packed) => packed.run(input, out),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Path::Simd128(packed) => packed.run(input, out),
        }
        activate(self.isa, self.then, out);
    }
}

/// The convolution that filters one channel into many.
fn one_channel(
    isa: Isa,
    shape: &Depthwise,
    c: &DepthwiseF32<'_>,
    then: Option<Activation>,
) -> PreparedConv2dF32 {
    let weights = recast::by_output(shape, c.weights);
    let shape = recast::one_channel(shape);
    let constants = Conv2dF32 {
        weights: &weights,
        bias: c.bias,
        output: c.output,
    };
    PreparedConv2dF32::new(isa, &shape, &constants, then)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(packed: &Packed<crate::isa::Avx2>, input: &[f32], out: &mut [f32]) {
    packed.run(input, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx2,fma")]
fn avx512(packed: &Packed<crate::isa::Avx512Vnni>, input: &[f32], out: &mut [f32]) {
    packed.run(input, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Window;
    use crate::nn::closeness::{Numbers, assert_close};
    use crate::requantize::OutputF32;

    /// Every ISA's prepared convolution is the oracle's but for rounding, over remainders of channels and every height and
    /// width.
    #[test]
    fn is_the_oracle_but_for_rounding() {
        let mut numbers = Numbers::new(2);
        let windows = [
            ([3, 3], [1, 1], [1, 1]),
            ([5, 5], [1, 1], [1, 1]),
            ([3, 3], [2, 2], [1, 1]),
            ([5, 5], [2, 2], [1, 1]),
            ([3, 3], [1, 1], [2, 4]),
            ([1, 3], [1, 2], [1, 1]),
            ([17, 2], [1, 1], [1, 1]),
            ([2, 1], [3, 1], [1, 1]),
        ];
        let sizes = (1..=17).flat_map(|h| (1..=17).map(move |w| [h, w]));
        for (turn, [h, w]) in sizes.enumerate() {
            // Miri is thousands of times slower: one small case.
            if cfg!(miri) && turn != 35 {
                continue;
            }
            let (kernel, stride, dilation) = windows[turn % windows.len()];
            let (channels, multiplier) = (1 + turn % 123, if turn % 10 == 0 { 3 } else { 1 });
            let pad = [0, 1].map(|axis| kernel[axis] / 2 * dilation[axis]);
            let window = Window {
                kernel,
                stride,
                dilation,
                pad,
            };
            let side = |size: usize, axis: usize| {
                let reach = (kernel[axis] - 1) * dilation[axis] + 1;
                (size + 2 * pad[axis]).saturating_sub(reach) / stride[axis] + 1
            };
            let shape = Depthwise {
                input: [2, h, w, channels],
                output: [2, side(h, 0), side(w, 1), channels * multiplier],
                window,
            };
            let input = numbers.take(count(&shape.input));
            let weights = numbers.take(kernel[0] * kernel[1] * shape.output[3]);
            let bias = numbers.take(shape.output[3]);
            let (output, then) = match turn % 3 {
                0 => (
                    OutputF32 {
                        min: -0.5,
                        max: 0.7,
                    },
                    None,
                ),
                1 => (OutputF32::FULL, Some(Activation::HardSwish)),
                _ => (OutputF32::FULL, Some(Activation::Tanh)),
            };
            let constants = DepthwiseF32 {
                weights: &weights,
                bias: &bias,
                output,
            };
            let mut expected = vec![0.0; count(&shape.output)];
            depthwise_f32(Isa::Scalar, &shape, &constants, &input, &mut expected);
            activate(Isa::Scalar, then, &mut expected);
            for isa in Isa::available() {
                let mut out = vec![f32::NAN; expected.len()];
                PreparedDepthwiseF32::new(isa, &shape, &constants, then).run(&input, &mut out);
                assert_close(&expected, &out, &format!("{isa} {shape:?}"));
            }
        }
    }
}
