//! A quantized convolution with its weights packed for the CPU at hand, run many times.
use super::padded::{PaddedRows, segment_columns};
use super::{Conv2d, FilterI8, conv2d_i8};
use crate::isa::Isa;
use crate::nn::Window;
use crate::nn::filter::OwnedFilter;
use crate::nn::gemm::{Gemm, GemmI8, Rows};

/// A convolution ready to run; gives the bytes of [`conv2d_i8`].
#[derive(Debug)]
pub struct PreparedConv2d {
    shape: Conv2d,
    path: Path,
}

#[derive(Debug)]
enum Path {
    Oracle(OwnedFilter),
    /// 1x1 without padding: input pixels are the rows.
    Pixels(Gemm),
    /// Any window: the input rows that an output row sees are copied between padding first, once each.
    Windows {
        gemm: Gemm,
        padded: PaddedRows<i8>,
    },
}

impl PreparedConv2d {
    /// Packs the weights for `isa`.
    ///
    /// # Panics
    /// As [`conv2d_i8`].
    pub fn new(isa: Isa, shape: &Conv2d, c: &FilterI8<'_>) -> Self {
        shape.check(
            c.weights.len(),
            c.bias.len(),
            super::count(&shape.input),
            super::count(&shape.output),
        );
        assert_eq!(c.scales.len(), shape.output[3], "length of scales");
        let turned = shape.window.along_the_row(shape.input, shape.output);
        let shape = &turned.map_or(*shape, |(input, output, window)| Conv2d {
            input,
            output,
            window,
            ..*shape
        });
        let path = Self::path(isa, shape, c).unwrap_or_else(|| Path::Oracle(OwnedFilter::new(c)));
        Self {
            shape: *shape,
            path,
        }
    }

    fn path(isa: Isa, shape: &Conv2d, c: &FilterI8<'_>) -> Option<Path> {
        if shape.groups != 1 {
            return None;
        }
        let (columns, taps) = segment_columns(&shape.window);
        let (segments, inputs) = (shape.window.kernel[0] * columns, taps * shape.input[3]);
        let gemm = Gemm::new(
            isa,
            &GemmI8 {
                segments,
                inputs,
                filter: *c,
            },
        )?;
        if shape.window == Window::UNIT && inputs.is_multiple_of(4) {
            return Some(Path::Pixels(gemm));
        }
        Some(Path::Windows {
            gemm,
            // The last segment of the last row may be read up to a multiple of sixteen.
            padded: PaddedRows::new(shape, c.input_zero, 15),
        })
    }

    /// Runs. `input` is `[N, H, W, C]`, `out` `[N, H, W, O]`.
    ///
    /// # Panics
    /// When a length contradicts the shape.
    pub fn run(&mut self, input: &[i8], out: &mut [i8]) {
        let shape = &self.shape;
        assert_eq!(input.len(), super::count(&shape.input), "length of input");
        assert_eq!(out.len(), super::count(&shape.output), "length of output");
        match &mut self.path {
            Path::Oracle(constants) => {
                conv2d_i8(Isa::Scalar, shape, &constants.borrow(), input, out);
            }
            Path::Pixels(gemm) => {
                let rows = Rows {
                    bytes: input,
                    stride: shape.input[3],
                    segment_stride: 0,
                };
                gemm.run(rows, out);
            }
            Path::Windows { gemm, padded } => {
                let [_, h, w, o] = shape.output;
                for (index, out) in out.chunks_exact_mut((w * o).max(1)).enumerate() {
                    padded.load(shape, input, [index / h, index % h]);
                    let rows = Rows {
                        bytes: padded.rows(),
                        stride: shape.window.stride[1] * shape.input[3],
                        segment_stride: padded.segment_stride(),
                    };
                    gemm.run(rows, out);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::requantize::OutputI8;

    /// Every ISA's prepared convolution equals the oracle, over remainders of pixels, inputs and outputs.
    #[test]
    fn equals_the_oracle() {
        let mut seed = 1u32;
        let mut byte = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8 as i8
        };
        let windows = [(1, 1, 1), (3, 2, 1), (3, 1, 2), (2, 1, 1)];
        let narrow = [
            (16, 1),
            (16, 2),
            (48, 1),
            (32, 2),
            (16, 4),
            (64, 4),
            (3, 18),
        ];
        let pairs = (1..=17)
            .flat_map(|i| [(i, 131 - 7 * i), (i * 7 + 1, i)])
            .chain(narrow);
        // Miri is thousands of times slower: two cases.
        let chosen = |pair, w| !cfg!(miri) || matches!((pair, w), ((3, 18), 2) | ((16, 4), 1));
        for (inputs, outputs) in pairs {
            let windows = (1..=17).zip(windows.into_iter().cycle());
            for (w, (kernel, stride, dilation)) in
                windows.filter(|&(w, _)| chosen((inputs, outputs), w))
            {
                // A square, or a single column.
                let (across, width) = if w % 5 == 0 { (1, 1) } else { (kernel, w) };
                let window = Window {
                    kernel: [kernel, across],
                    stride: [stride; 2],
                    dilation: [dilation; 2],
                    pad: [kernel / 2 * dilation, across / 2 * dilation],
                };
                let side = |axis: usize, size: usize| {
                    let reach = (window.kernel[axis] - 1) * dilation + 1;
                    (size + 2 * window.pad[axis]).saturating_sub(reach) / stride + 1
                };
                let height = if width < w { w } else { 3 };
                let shape = Conv2d {
                    input: [2, height, width, inputs],
                    output: [2, side(0, height), side(1, width), outputs],
                    window,
                    groups: 1,
                };
                let mut bytes = |len: usize| (0..len).map(|_| byte()).collect::<Vec<i8>>();
                let input = bytes(crate::nn::count(&shape.input));
                let weights = bytes(outputs * kernel * across * inputs);
                let bias: Vec<i32> = bytes(outputs).iter().map(|&b| i32::from(b) * 100).collect();
                let scales: Vec<f32> = bytes(outputs)
                    .iter()
                    .map(|&b| 2e-4 + f32::from(b).abs() * 1e-5)
                    .collect();
                let constants = FilterI8 {
                    weights: &weights,
                    bias: &bias,
                    scales: &scales,
                    input_zero: -13,
                    weight_zero: if outputs % 3 == 0 || inputs == 64 {
                        9
                    } else {
                        0
                    },
                    output: match w % 3 {
                        0 => OutputI8::full(-128),
                        1 => OutputI8::full(3),
                        _ => OutputI8 {
                            zero_point: -11,
                            min: -100,
                            max: 90,
                        },
                    },
                };
                let mut expected = vec![0; crate::nn::count(&shape.output)];
                conv2d_i8(Isa::Scalar, &shape, &constants, &input, &mut expected);
                for isa in Isa::available() {
                    let mut out = vec![0; expected.len()];
                    PreparedConv2d::new(isa, &shape, &constants).run(&input, &mut out);
                    assert!(out == expected, "{isa} {shape:?}");
                }
            }
        }
    }
}
