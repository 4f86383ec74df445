//! A transposed convolution whose windows lie side by side: one product per input row, its results laid out in rows.
use super::{TransposeConv, TransposeConvF32};
use crate::floats::Finish;
use crate::isa::Isa;
use crate::nn::gemm_f32::{GemmF32, ProductF32, RowsF32, SumsF32};

/// The product of an input pixel with all of its window's weights.
#[derive(Debug)]
pub(super) struct Tiles {
    gemm: GemmF32,
    /// The windows of one input row: `[W, KH, KW, O]`.
    windows: Vec<f32>,
}

impl Tiles {
    /// `None` where windows overlap, leave gaps or are cut, or the ISA has no product of its own.
    pub(super) fn new(
        isa: Isa,
        shape: &TransposeConv,
        c: &TransposeConvF32<'_>,
        finish: Finish,
    ) -> Option<Self> {
        let ([_, h, w, channels], [_, out_h, out_w, outputs]) = (shape.input, shape.output);
        let [kh, kw] = shape.window.kernel;
        if shape.window.stride != [kh, kw]
            || shape.window.pad != [0, 0]
            || [out_h, out_w] != [h * kh, w * kw]
        {
            return None;
        }
        // From [O, KH * KW, C] to [KH * KW, O, C].
        let places = (0..kh * kw).flat_map(|tap| (0..outputs).map(move |o| o * kh * kw + tap));
        let weights: Vec<f32> = places
            .flat_map(|place| &c.weights[place * channels..][..channels])
            .copied()
            .collect();
        let gemm = GemmF32::new(
            isa,
            &ProductF32 {
                segments: 1,
                inputs: channels,
                weights: &weights,
                bias: &c.bias.repeat(kh * kw),
                finish,
                slopes: &[],
            },
        )?;
        Some(Self {
            gemm,
            windows: vec![0.0; w * kh * kw * outputs],
        })
    }

    pub(super) fn run(&mut self, shape: &TransposeConv, input: &[f32], out: &mut [f32]) {
        let ([_, _, w, channels], outputs) = (shape.input, shape.output[3]);
        let [kh, kw] = shape.window.kernel;
        let (row, window) = (w * kw * outputs, kh * kw * outputs);
        let inputs = input.chunks_exact((w * channels).max(1));
        for (input, out) in inputs.zip(out.chunks_exact_mut((kh * row).max(1))) {
            let rows = RowsF32 {
                numbers: input,
                count: w,
                stride: channels,
                segment_stride: 0,
            };
            let sums = SumsF32 {
                numbers: &mut self.windows,
                stride: window,
            };
            self.gemm.run(rows, sums);
            for (ky, out) in out.chunks_exact_mut(row).enumerate() {
                let windows = self.windows.chunks_exact(window);
                for (out, window) in out.chunks_exact_mut(kw * outputs).zip(windows) {
                    out.copy_from_slice(&window[ky * kw * outputs..][..kw * outputs]);
                }
            }
        }
    }
}
