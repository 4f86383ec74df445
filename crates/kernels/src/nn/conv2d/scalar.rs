use super::{Conv2d, Conv2dF32, FilterI8};
use crate::nn::dot::{dot_f32, dot_i8};
use crate::nn::window::Taps;

pub(super) fn conv2d_i8(shape: &Conv2d, c: &FilterI8<'_>, input: &[i8], out: &mut [i8]) {
    let (len, kernel) = (
        shape.group_channels(),
        shape.window.kernel[0] * shape.window.kernel[1],
    );
    for_each_output(shape, input, out, |taps, input, o| {
        let sum = taps.fold_runs(shape.groups == 1, c.bias[o], |sum, tap, pixel, run| {
            let x = &input[pixel * shape.input[3]..][..run * len];
            let w = &c.weights[(o * kernel + tap) * len..][..run * len];
            sum.wrapping_add(dot_i8(x, w, c.input_zero, c.weight_zero))
        });
        c.output.requantize(sum, c.scales[o])
    });
}

pub(super) fn conv2d_f32(shape: &Conv2d, c: &Conv2dF32<'_>, input: &[f32], out: &mut [f32]) {
    let (len, kernel) = (
        shape.group_channels(),
        shape.window.kernel[0] * shape.window.kernel[1],
    );
    for_each_output(shape, input, out, |taps, input, o| {
        let sum = taps.fold_runs(shape.groups == 1, 0.0, |sum, tap, pixel, run| {
            let x = &input[pixel * shape.input[3]..][..run * len];
            sum + dot_f32(x, &c.weights[(o * kernel + tap) * len..][..run * len])
        });
        c.output.clamp(sum + c.bias[o])
    });
}

/// Stores `element(taps, picture, o)` for every output channel `o` of every pixel; `picture` begins at the first channel
/// of `o`'s group, so that pixel `p` of the group begins at `p * C`.
#[inline(always)]
fn for_each_output<T>(
    shape: &Conv2d,
    input: &[T],
    out: &mut [T],
    element: impl Fn(&Taps, &[T], usize) -> T,
) {
    let ([_, h, w, channels], [_, out_h, out_w, outputs]) = (shape.input, shape.output);
    let group_outputs = (outputs / shape.groups).max(1);
    for (pixel, out) in out.chunks_exact_mut(outputs.max(1)).enumerate() {
        let (n, y, x) = (
            pixel / (out_h * out_w),
            pixel / out_w % out_h,
            pixel % out_w,
        );
        let taps = shape.window.taps_at([y, x], [h, w]);
        let picture = &input[n * h * w * channels..];
        for (group, out) in out.chunks_exact_mut(group_outputs).enumerate() {
            let picture = &picture[group * shape.group_channels()..];
            for (o, out) in out.iter_mut().enumerate() {
                *out = element(&taps, picture, group * group_outputs + o);
            }
        }
    }
}
