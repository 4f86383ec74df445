use super::{FilterI8, FullyConnected, FullyConnectedF32};
use crate::nn::dot::{dot_f32, dot_i8};

pub(super) fn fully_connected_i8(
    shape: &FullyConnected,
    c: &FilterI8<'_>,
    input: &[i8],
    out: &mut [i8],
) {
    for (index, out) in out.iter_mut().enumerate() {
        let (row, o) = (index / shape.outputs, index % shape.outputs);
        let (x, w) = (
            &input[row * shape.inputs..][..shape.inputs],
            &c.weights[o * shape.inputs..][..shape.inputs],
        );
        let sum = dot_i8(x, w, c.input_zero, c.weight_zero).wrapping_add(c.bias[o]);
        *out = c.output.requantize(sum, c.scales[o]);
    }
}

pub(super) fn fully_connected_f32(
    shape: &FullyConnected,
    c: &FullyConnectedF32<'_>,
    input: &[f32],
    out: &mut [f32],
) {
    for (index, out) in out.iter_mut().enumerate() {
        let (row, o) = (index / shape.outputs, index % shape.outputs);
        let (x, w) = (
            &input[row * shape.inputs..][..shape.inputs],
            &c.weights[o * shape.inputs..][..shape.inputs],
        );
        *out = c.output.clamp(dot_f32(x, w) + c.bias[o]);
    }
}
