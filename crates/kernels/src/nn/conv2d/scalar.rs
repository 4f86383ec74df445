use super::{Conv2d, Conv2dF32, Conv2dI8};
use crate::nn::dot::{dot_f32, dot_i8};

pub(super) fn conv2d_i8(shape: &Conv2d, c: &Conv2dI8<'_>, input: &[i8], out: &mut [i8]) {
    for (index, out) in out.iter_mut().enumerate() {
        let dots = products(shape, index).map(|(x, w)| {
            let len = shape.group_channels();
            dot_i8(
                &input[x..x + len],
                &c.weights[w..w + len],
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

pub(super) fn conv2d_f32(shape: &Conv2d, c: &Conv2dF32<'_>, input: &[f32], out: &mut [f32]) {
    for (index, out) in out.iter_mut().enumerate() {
        let dots = products(shape, index).map(|(x, w)| {
            let len = shape.group_channels();
            dot_f32(&input[x..x + len], &c.weights[w..w + len])
        });
        *out = c
            .output
            .clamp(dots.fold(0.0, |sum, dot| sum + dot) + c.bias[index % shape.output[3]]);
    }
}

/// For the output element `index`, where the group's input channels and their weights begin, tap by tap.
#[inline]
fn products(shape: &Conv2d, index: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
    let ([_, h, w, channels], [_, out_h, out_w, outputs]) = (shape.input, shape.output);
    let (pixel, o) = (index / outputs, index % outputs);
    let (n, y, x) = (
        pixel / (out_h * out_w),
        pixel / out_w % out_h,
        pixel % out_w,
    );
    let (len, taps) = (
        shape.group_channels(),
        shape.window.kernel[0] * shape.window.kernel[1],
    );
    let group_start = o / (outputs / shape.groups) * len;
    shape
        .window
        .taps_at([y, x], [h, w])
        .map(move |(tap, pixel)| {
            (
                (n * h * w + pixel) * channels + group_start,
                (o * taps + tap) * len,
            )
        })
}
