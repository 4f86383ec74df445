//! A quantized depthwise convolution with its weights packed for the CPU at hand, run many times.
#[cfg(target_arch = "x86_64")]
use super::avx512vnni_pairs::Pairs;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use super::simd128;
#[cfg(not(target_arch = "wasm32"))]
use super::staged;
use super::{Depthwise, FilterI8, depthwise_i8, recast};
use crate::isa::Isa;
use crate::nn::conv2d::PreparedConv2d;
use crate::nn::count;
use crate::nn::filter::OwnedFilter;

/// A depthwise convolution ready to run; gives the bytes of [`depthwise_i8`].
#[derive(Debug)]
pub struct PreparedDepthwise {
    shape: Depthwise,
    path: Path,
}

#[derive(Debug)]
enum Path {
    Oracle(OwnedFilter),
    /// One input channel, many outputs: an ordinary convolution.
    OneChannel(Box<PreparedConv2d>),
    /// Many outputs a channel: every channel stands as often in `input` first.
    Repeated {
        convolution: Box<PreparedDepthwise>,
        input: Vec<i8>,
    },
    #[cfg(target_arch = "x86_64")]
    Avx2(staged::Packed<crate::isa::Avx2>),
    #[cfg(target_arch = "x86_64")]
    AvxVnni(staged::Packed<crate::isa::AvxVnni>),
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni(crate::isa::Avx512Vnni, super::avx512vnni::Packed),
    #[cfg(target_arch = "x86_64")]
    Pairs(crate::isa::Avx512Vnni, Pairs),
    #[cfg(target_arch = "aarch64")]
    Neon(staged::Packed<crate::isa::Neon>),
    #[cfg(target_arch = "aarch64")]
    NeonDot(staged::Packed<crate::isa::NeonDot>),
    #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
    Simd128(simd128::Packed<crate::isa::Simd128>),
    #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
    RelaxedDot(simd128::Packed<crate::isa::RelaxedDot>),
}

impl PreparedDepthwise {
    /// Packs the weights for `isa`.
    ///
    /// # Panics
    /// As [`depthwise_i8`].
    pub fn new(isa: Isa, shape: &Depthwise, c: &FilterI8<'_>) -> Self {
        let (input, output) = (count(&shape.input), count(&shape.output));
        shape.check(c.weights.len(), c.bias.len(), input, output);
        assert_eq!(c.scales.len(), shape.output[3], "length of scales");
        let shape = &recast::along_the_row(shape);
        let path = Self::path(isa, shape, c).unwrap_or_else(|| Path::Oracle(OwnedFilter::new(c)));
        Self {
            shape: *shape,
            path,
        }
    }

    fn path(isa: Isa, shape: &Depthwise, c: &FilterI8<'_>) -> Option<Path> {
        let taps = shape.window.kernel[0] * shape.window.kernel[1];
        if !c.is_tame(taps) || count(&shape.output) == 0 {
            return None;
        }
        if shape.multiplier() != 1 {
            return (isa != Isa::Scalar).then(|| Self::multiplied(isa, shape, c));
        }
        match isa {
            Isa::Scalar => None,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2(token) => Some(Path::Avx2(staged::Packed::new(token, shape, c))),
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni(token) if c.weight_zero != 0 => {
                Some(Path::Avx2(staged::Packed::new(token.avx2(), shape, c)))
            }
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni(token) => Some(Path::AvxVnni(staged::Packed::new(token, shape, c))),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni(_) if !c.splits() => crate::isa::Avx2::new()
                .map(|token| Path::Avx2(staged::Packed::new(token, shape, c))),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni(token) if Pairs::suits(shape, c) => {
                Some(Path::Pairs(token, Pairs::new(shape, c)))
            }
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512Vnni(token) => Some(Path::Avx512Vnni(
                token,
                super::avx512vnni::Packed::new(shape, c),
            )),
            #[cfg(target_arch = "aarch64")]
            Isa::Neon(token) => Some(Path::Neon(staged::Packed::new(token, shape, c))),
            #[cfg(target_arch = "aarch64")]
            Isa::NeonDot(_) | Isa::NeonI8mm(_) if c.weight_zero != 0 => crate::isa::Neon::new()
                .map(|token| Path::Neon(staged::Packed::new(token, shape, c))),
            #[cfg(target_arch = "aarch64")]
            Isa::NeonDot(token) => Some(Path::NeonDot(staged::Packed::new(token, shape, c))),
            #[cfg(target_arch = "aarch64")]
            Isa::NeonI8mm(token) => Some(Path::NeonDot(staged::Packed::new(token.dot(), shape, c))),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Isa::Simd128(token) => Some(Path::Simd128(simd128::Packed::new(token, shape, c))),
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Isa::RelaxedDot(token) if c.weight_zero != 0 => Some(Path::Simd128(
                simd128::Packed::new(token.simd128(), shape, c),
            )),
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Isa::RelaxedDot(token) => Some(Path::RelaxedDot(simd128::Packed::new(token, shape, c))),
        }
    }

    /// A channel's filters are a convolution where it is the only one, and beside other channels filters of copies of it.
    fn multiplied(isa: Isa, shape: &Depthwise, c: &FilterI8<'_>) -> Path {
        if shape.input[3] == 1 {
            let weights = &recast::by_output(shape, c.weights);
            let (shape, c) = (recast::one_channel(shape), FilterI8 { weights, ..*c });
            return Path::OneChannel(Box::new(PreparedConv2d::new(isa, &shape, &c)));
        }
        let shape = recast::repeated(shape);
        Path::Repeated {
            convolution: Box::new(Self::new(isa, &shape, c)),
            input: vec![0; count(&shape.input)],
        }
    }

    /// Runs. `input` is `[N, H, W, C]`, `out` `[N, H, W, C * M]`.
    ///
    /// # Panics
    /// When a length contradicts the shape.
    pub fn run(&mut self, input: &[i8], out: &mut [i8]) {
        assert_eq!(input.len(), count(&self.shape.input), "length of input");
        assert_eq!(out.len(), count(&self.shape.output), "length of output");
        match &mut self.path {
            Path::Oracle(constants) => {
                depthwise_i8(Isa::Scalar, &self.shape, &constants.borrow(), input, out);
            }
            Path::OneChannel(convolution) => convolution.run(input, out),
            Path::Repeated {
                convolution,
                input: copies,
            } => {
                recast::repeat(input, self.shape.multiplier(), copies);
                convolution.run(copies, out);
            }
            #[cfg(target_arch = "x86_64")]
            Path::Avx2(packed) => {
                // SAFETY: the token that `packed` was made with proves that this CPU has the feature.
                unsafe { avx2(packed, input, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Path::AvxVnni(packed) => {
                // SAFETY: as above.
                unsafe { avx_vnni(packed, input, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Path::Avx512Vnni(_token, packed) => {
                // SAFETY: `_token` proves that this CPU has the features that `run` enables.
                unsafe { packed.run(input, out) }
            }
            #[cfg(target_arch = "x86_64")]
            Path::Pairs(_token, pairs) => {
                // SAFETY: as above.
                unsafe { pairs.run(input, out) }
            }
            #[cfg(target_arch = "aarch64")]
            Path::Neon(packed) => packed.run(input, out),
            #[cfg(target_arch = "aarch64")]
            Path::NeonDot(packed) => packed.run(input, out),
            #[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
            Path::Simd128(packed) => packed.run(input, out),
            #[cfg(all(target_arch = "wasm32", target_feature = "relaxed-simd"))]
            Path::RelaxedDot(packed) => packed.run(input, out),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2(packed: &mut staged::Packed<crate::isa::Avx2>, input: &[i8], out: &mut [i8]) {
    packed.run(input, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,avxvnni")]
fn avx_vnni(packed: &mut staged::Packed<crate::isa::AvxVnni>, input: &[i8], out: &mut [i8]) {
    packed.run(input, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::Window;
    use crate::requantize::OutputI8;

    /// Every ISA's prepared convolution equals the oracle, over kernels, strides, dilations, widths and channels.
    #[test]
    fn equals_the_oracle() {
        let mut seed = 7u32;
        let mut byte = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8 as i8
        };
        let channels = [1, 3, 7, 8, 15, 16, 17, 24, 32, 33, 48, 64, 96, 100, 144];
        let cases = (0..2400).map(|i| {
            let (kernel, stride, dilation) = (
                [1, 3, 5, 2][i % 4],
                1 + i / 4 % 2,
                [1, 2, 4, 8, 3][i / 8 % 5],
            );
            (
                kernel,
                stride,
                dilation,
                channels[i % 15],
                1 + i / 7 % 17,
                1 + i / 3 % 17,
            )
        });
        // Two rows at a time, lanes of channels in every phase, and sizes around a block.
        let in_pairs = (0..540).map(|i| {
            let channels = [16, 32, 48, 64, 80, 96, 144, 192, 176][i % 9];
            (3, 1, 1, channels, 1 + i / 9 % 6, 1 + i / 54)
        });
        let square = cases
            .chain(in_pairs)
            .map(|(kernel, stride, dilation, channels, h, w)| {
                ([kernel; 2], stride, dilation, channels, [h, w], 1)
            });
        // Columns, and channels with several filters each.
        let columns = (0..180).map(|i| {
            let (kernel, channels) = ([[9, 1], [3, 1], [4, 1]][i % 3], [8, 16, 120][i % 9 / 3]);
            (
                kernel,
                1 + i % 2,
                1 + i / 2 % 3,
                channels,
                [1 + i / 3, 1],
                1,
            )
        });
        let multiplied = (0..360).map(|i| {
            let (channels, filters) = ([1, 1, 3, 16][i % 4], [8, 2, 5][i % 3]);
            let (side, size) = ([3, 5, 1][i / 4 % 3], [1 + i / 7 % 17, 1 + i / 3 % 17]);
            ([side; 2], 1 + i / 12 % 2, 1, channels, size, filters)
        });
        // Miri is thousands of times slower: a few small cases.
        let chosen = |i: usize, size: usize| !cfg!(miri) || (i.is_multiple_of(29) && size < 100);
        for (_, (kernel, stride, dilation, channels, [h, w], filters)) in
            square.chain(columns).chain(multiplied).enumerate().filter(
                |&(i, (.., channels, [h, w], filters))| chosen(i, channels * h * w * filters),
            )
        {
            let [high, wide] = kernel.map(|kernel| (kernel - 1) * dilation + 1);
            let pad = [high / 2, (wide - 1) / 2];
            let window = Window {
                kernel,
                stride: [stride; 2],
                dilation: [dilation; 2],
                pad,
            };
            let side = |size: usize| size.div_ceil(stride);
            let shape = Depthwise {
                input: [2, h, w, channels],
                output: [2, side(h), side(w), channels * filters],
                window,
            };
            let outputs = channels * filters;
            let mut bytes = |len: usize| (0..len).map(|_| byte()).collect::<Vec<i8>>();
            let (input, weights) = (
                bytes(count(&shape.input)),
                bytes(kernel[0] * kernel[1] * outputs),
            );
            let bias: Vec<i32> = bytes(outputs).iter().map(|&b| i32::from(b) * 100).collect();
            let scales: Vec<f32> = (0..outputs).map(|c| 5e-4 + c as f32 * 1e-5).collect();
            let constants = FilterI8 {
                weights: &weights,
                bias: &bias,
                scales: &scales,
                input_zero: 21,
                weight_zero: if channels % 2 == 0 { 0 } else { -31 },
                output: OutputI8 {
                    zero_point: -60,
                    min: -128,
                    max: 110,
                },
            };
            let mut expected = vec![0; count(&shape.output)];
            depthwise_i8(Isa::Scalar, &shape, &constants, &input, &mut expected);
            for isa in Isa::available() {
                let mut out = vec![0; expected.len()];
                let mut prepared = PreparedDepthwise::new(isa, &shape, &constants);
                prepared.run(&input, &mut out);
                assert!(out == expected, "{isa} {shape:?}");
                prepared.run(&input, &mut out);
                assert!(out == expected, "second run: {isa} {shape:?}");
            }
        }
    }
}
