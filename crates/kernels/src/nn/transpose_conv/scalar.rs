use super::{FilterI8, TransposeConv, TransposeConvF32};
use crate::nn::dot::{dot_f32, dot_i8};

pub(super) fn transpose_conv_i8(
    shape: &TransposeConv,
    c: &FilterI8<'_>,
    input: &[i8],
    out: &mut [i8],
) {
    let channels = shape.input[3];
    for (index, out) in out.iter_mut().enumerate() {
        let dots = products(shape, index).map(|(x, w)| {
            dot_i8(
                &input[x..x + channels],
                &c.weights[w..w + channels],
                c.input_zero,
                c.weight_zero,
            )
        });
        let o = index % shape.output[3];
        *out = c
            .output
            .requantize(dots.fold(c.bias[o], i32::wrapping_add), c.scales[o]);
    }
}

pub(super) fn transpose_conv_f32(
    shape: &TransposeConv,
    c: &TransposeConvF32<'_>,
    input: &[f32],
    out: &mut [f32],
) {
    let channels = shape.input[3];
    for (index, out) in out.iter_mut().enumerate() {
        let dots = products(shape, index)
            .map(|(x, w)| dot_f32(&input[x..x + channels], &c.weights[w..w + channels]));
        *out = c
            .output
            .clamp(dots.fold(0.0, |sum, dot| sum + dot) + c.bias[index % shape.output[3]]);
    }
}

/// For the output element `index`, where the input channels that paint it and their weights begin.
#[inline]
fn products(shape: &TransposeConv, index: usize) -> impl Iterator<Item = (usize, usize)> {
    let ([_, h, w, channels], [_, out_h, out_w, outputs]) = (shape.input, shape.output);
    let (pixel, o) = (index / outputs, index % outputs);
    let (n, row, column) = (
        pixel / (out_h * out_w),
        pixel / out_w % out_h,
        pixel % out_w,
    );
    let [kh, kw] = shape.window.kernel;
    painters(shape, 0, row, h).flat_map(move |(y, ky)| {
        painters(shape, 1, column, w).map(move |(x, kx)| {
            (
                ((n * h + y) * w + x) * channels,
                ((o * kh + ky) * kw + kx) * channels,
            )
        })
    })
}

/// The pixels of the input along `axis` whose windows reach `position` of the output, with the tap that does.
#[inline]
fn painters(
    shape: &TransposeConv,
    axis: usize,
    position: usize,
    size: usize,
) -> impl Iterator<Item = (usize, usize)> {
    let (kernel, stride) = (shape.window.kernel[axis], shape.window.stride[axis]);
    let painted = position + shape.window.pad[axis];
    let first_tap = painted % stride;
    let taps = (first_tap..kernel.min(painted + 1)).step_by(stride);
    taps.map(move |tap| ((painted - tap) / stride, tap))
        .filter(move |&(pixel, _)| pixel < size)
}
