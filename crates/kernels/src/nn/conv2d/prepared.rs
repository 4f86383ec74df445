//! A quantized convolution with its weights packed for the CPU at hand, run many times.
use super::{Conv2d, Conv2dI8, conv2d_i8};
use crate::isa::Isa;
use crate::nn::Window;
use crate::nn::gemm::{Gemm, GemmI8};
use crate::requantize::OutputI8;

/// A convolution ready to run; gives the bytes of [`conv2d_i8`].
#[derive(Debug)]
pub struct PreparedConv2d {
    shape: Conv2d,
    path: Path,
}

#[derive(Debug)]
enum Path {
    Oracle(Constants),
    /// 1x1 without padding: input pixels are the rows.
    Pixels(Gemm),
    /// Any window: each output row's windows are copied next to each other first.
    Windows { gemm: Gemm, rows: Vec<i8>, row: usize, input_zero: i8 },
}

/// What [`Conv2dI8`] borrows, owned.
#[derive(Debug)]
struct Constants {
    weights: Vec<i8>,
    bias: Vec<i32>,
    scales: Vec<f32>,
    input_zero: i8,
    weight_zero: i8,
    output: OutputI8,
}

impl Constants {
    fn new(c: &Conv2dI8<'_>) -> Self {
        Self {
            weights: c.weights.to_vec(),
            bias: c.bias.to_vec(),
            scales: c.scales.to_vec(),
            input_zero: c.input_zero,
            weight_zero: c.weight_zero,
            output: c.output,
        }
    }

    fn borrow(&self) -> Conv2dI8<'_> {
        Conv2dI8 {
            weights: &self.weights,
            bias: &self.bias,
            scales: &self.scales,
            input_zero: self.input_zero,
            weight_zero: self.weight_zero,
            output: self.output,
        }
    }
}

impl PreparedConv2d {
    /// Packs the weights for `isa`.
    ///
    /// # Panics
    /// As [`conv2d_i8`].
    pub fn new(isa: Isa, shape: &Conv2d, c: &Conv2dI8<'_>) -> Self {
        shape.check(
            c.weights.len(),
            c.bias.len(),
            super::count(&shape.input),
            super::count(&shape.output),
        );
        assert_eq!(c.scales.len(), shape.output[3], "length of scales");
        let path = Self::path(isa, shape, c).unwrap_or_else(|| Path::Oracle(Constants::new(c)));
        Self { shape: *shape, path }
    }

    fn path(isa: Isa, shape: &Conv2d, c: &Conv2dI8<'_>) -> Option<Path> {
        if shape.groups != 1 || c.weight_zero != 0 {
            return None;
        }
        let [kh, kw] = shape.window.kernel;
        let inputs = kh * kw * shape.input[3];
        let gemm = Gemm::new(
            isa,
            &GemmI8 {
                inputs,
                weights: c.weights,
                bias: c.bias,
                scales: c.scales,
                input_zero: c.input_zero,
                output: c.output,
            },
        )?;
        if shape.window == Window::UNIT && inputs.is_multiple_of(4) {
            return Some(Path::Pixels(gemm));
        }
        let row = inputs.next_multiple_of(4);
        let rows = vec![0; shape.output[2] * row];
        Some(Path::Windows { gemm, rows, row, input_zero: c.input_zero })
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
            Path::Pixels(gemm) => gemm.run(input, shape.input[3], out),
            Path::Windows { gemm, rows, row, input_zero } => {
                let [n, h, _, _] = shape.output;
                let out_row = shape.output[2] * shape.output[3];
                for (index, out) in out.chunks_exact_mut(out_row.max(1)).enumerate().take(n * h) {
                    copy_windows(shape, input, [index / h, index % h], *input_zero, rows, *row);
                    gemm.run(rows, *row, out);
                }
            }
        }
    }
}

/// Copies the windows of output row `y` of picture `n` next to each other, `row` bytes each; outside is the zero point.
fn copy_windows(
    shape: &Conv2d,
    input: &[i8],
    [n, y]: [usize; 2],
    input_zero: i8,
    rows: &mut [i8],
    row: usize,
) {
    let ([_, h, w, channels], window) = (shape.input, &shape.window);
    let [kh, kw] = window.kernel;
    let kernel_row = kw * channels;
    let vertical = window.taps(0, y, h);
    for (x, target) in rows.chunks_exact_mut(row).enumerate() {
        let horizontal = window.taps(1, x, w);
        let inside = horizontal.len() == kw && vertical.len() == kh;
        if !inside {
            target.fill(input_zero);
        }
        for ky in vertical.clone() {
            let line = (n * h + window.pixel(0, y, ky)) * w;
            let target = &mut target[ky * kernel_row..][..kernel_row];
            if window.dilation[1] == 1 && !horizontal.is_empty() {
                let first = (line + window.pixel(1, x, horizontal.start)) * channels;
                let target = &mut target[horizontal.start * channels..horizontal.end * channels];
                target.copy_from_slice(&input[first..first + target.len()]);
            } else {
                for kx in horizontal.clone() {
                    let first = (line + window.pixel(1, x, kx)) * channels;
                    target[kx * channels..][..channels]
                        .copy_from_slice(&input[first..first + channels]);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every ISA's prepared convolution equals the oracle, over remainders of pixels, inputs and outputs.
    #[test]
    fn equals_the_oracle() {
        let mut seed = 1u32;
        let mut byte = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8 as i8
        };
        let windows = [(1, 1, 1), (3, 2, 1), (3, 1, 2), (2, 1, 1)];
        for (inputs, outputs) in (1..=17).flat_map(|i| [(i, 131 - 7 * i), (i * 7 + 1, i)]) {
            for (w, (kernel, stride, dilation)) in (1..=17).zip(windows.into_iter().cycle()) {
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
                let mut bytes = |len: usize| (0..len).map(|_| byte()).collect::<Vec<i8>>();
                let input = bytes(crate::nn::count(&shape.input));
                let weights = bytes(outputs * kernel * kernel * inputs);
                let bias: Vec<i32> = bytes(outputs).iter().map(|&b| i32::from(b) * 100).collect();
                let scales: Vec<f32> =
                    bytes(outputs).iter().map(|&b| 2e-4 + f32::from(b).abs() * 1e-5).collect();
                let constants = Conv2dI8 {
                    weights: &weights,
                    bias: &bias,
                    scales: &scales,
                    input_zero: -13,
                    weight_zero: 0,
                    output: OutputI8 { zero_point: -11, min: -100, max: 90 },
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
