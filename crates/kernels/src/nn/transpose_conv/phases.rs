//! A transposed convolution as ordinary ones, one for each remainder of the output's place by the stride.
//!
//! Output row `Y` sees the taps `ky = r + j * sy` with `r = (Y + py) mod sy`, at the input rows `(Y + py) / sy - j`. So the
//! outputs of one remainder are a convolution with every `sy`-th tap in reverse, moved by one input row at a time; columns
//! likewise.
use super::{TransposeConv, TransposeConvF32};
use crate::floats::Finish;
use crate::isa::Isa;
use crate::nn::gemm_f32::{GemmF32, ProductF32, RowsF32, SumsF32};

/// The products and the padded rows that they read.
#[derive(Debug)]
pub(super) struct Phases {
    /// `[sy, sx]`.
    gemms: Vec<GemmF32>,
    /// The input rows that an output row sees, the highest first, between padding: `[taps, padding + W + padding, C]`.
    rows: Vec<f32>,
    /// Pixels of padding on either side of a row.
    padding: usize,
    /// Pixels of a padded row.
    width: usize,
}

/// Taps of remainder `r`.
fn taps(shape: &TransposeConv, axis: usize, r: usize) -> usize {
    let (kernel, stride) = (shape.window.kernel[axis], shape.window.stride[axis]);
    kernel.saturating_sub(r).div_ceil(stride)
}

impl Phases {
    /// `None` where the ISA has no product of its own.
    pub(super) fn new(
        isa: Isa,
        shape: &TransposeConv,
        c: &TransposeConvF32<'_>,
        finish: Finish,
    ) -> Option<Self> {
        let (channels, outputs) = (shape.input[3], shape.output[3]);
        let ([kh, kw], [sy, sx]) = (shape.window.kernel, shape.window.stride);
        let mut gemms = Vec::with_capacity(sy * sx);
        for (ry, rx) in (0..sy).flat_map(|ry| (0..sx).map(move |rx| (ry, rx))) {
            let (rows, columns) = (taps(shape, 0, ry), taps(shape, 1, rx));
            let mut weights = Vec::with_capacity(outputs * rows * columns * channels);
            for o in 0..outputs {
                for ky in (0..rows).rev().map(|j| ry + j * sy) {
                    for kx in (0..columns).rev().map(|j| rx + j * sx) {
                        let at = ((o * kh + ky) * kw + kx) * channels;
                        weights.extend_from_slice(&c.weights[at..at + channels]);
                    }
                }
            }
            gemms.push(GemmF32::new(
                isa,
                &ProductF32 {
                    segments: rows.max(1),
                    inputs: if rows == 0 { 0 } else { columns * channels },
                    weights: &weights,
                    bias: c.bias,
                    finish,
                    slopes: &[],
                },
            )?);
        }
        // The last output's first pixel, counted from the input's, may lie beyond the input where the output is larger than
        // what is painted.
        let reach = (shape.output[2] + shape.window.pad[1]) / sx + 1;
        let padding = taps(shape, 1, 0).max(reach.saturating_sub(shape.input[2]));
        let width = shape.input[2] + 2 * padding;
        Some(Self {
            gemms,
            rows: vec![0.0; taps(shape, 0, 0).max(1) * width * channels],
            padding,
            width,
        })
    }

    pub(super) fn run(&mut self, shape: &TransposeConv, input: &[f32], out: &mut [f32]) {
        let ([_, _, _, channels], [_, out_h, out_w, outputs]) = (shape.input, shape.output);
        let ([sy, sx], [py, px]) = (shape.window.stride, shape.window.pad);
        let row = self.width * channels;
        for (index, out) in out.chunks_exact_mut((out_w * outputs).max(1)).enumerate() {
            let (n, y) = (index / out_h, index % out_h);
            let rows = taps(shape, 0, (y + py) % sy);
            self.load(shape, input, [n, (y + py) / sy], rows);
            for first in 0..sx.min(out_w) {
                let rx = (first + px) % sx;
                // The leftmost of the pixels that the first output sees, in the padded row.
                let pixel = self.padding + (first + px) / sx + 1 - taps(shape, 1, rx).max(1);
                let rows = RowsF32 {
                    numbers: &self.rows[pixel * channels..],
                    count: (out_w - first).div_ceil(sx),
                    stride: channels,
                    segment_stride: row,
                };
                let sums = SumsF32 {
                    numbers: &mut out[first * outputs..],
                    stride: sx * outputs,
                };
                self.gemms[(y + py) % sy * sx + rx].run(rows, sums);
            }
        }
    }

    /// Copies the `count` input rows that end with `last`, rows outside the input as zeros.
    fn load(&mut self, shape: &TransposeConv, input: &[f32], [n, last]: [usize; 2], count: usize) {
        let [_, h, w, channels] = shape.input;
        let row = self.width * channels;
        for (index, to) in self.rows.chunks_exact_mut(row).take(count).enumerate() {
            let to = &mut to[self.padding * channels..][..w * channels];
            match (last + 1 + index).checked_sub(count) {
                Some(y) if y < h => {
                    to.copy_from_slice(&input[(n * h + y) * w * channels..][..w * channels]);
                }
                _ => to.fill(0.0),
            }
        }
    }
}
